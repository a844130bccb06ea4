"""Any input, piece by piece: what kind it is by its content, and its tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import BinaryIO

from scrubjay.errors import InputError
from scrubjay.io import cms1500, fhir, fhir_codes
from scrubjay.io.assemble import Places, Sourced, tables_of
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import CHUNK_BYTES, Chunk, iter_chunks
from scrubjay.io.read837 import Left, read_claims
from scrubjay.io.records import Claim
from scrubjay.io.source import ByteSource
from scrubjay.io.x12 import Segments
from scrubjay.model import Tables, concat

X12, FHIR, CMS1500 = "837P", "FHIR", "CMS-1500"

HEAD = 64 << 10
"""Bytes by which an input's kind is told."""

PIECE_BYTES = 12 << 20
"""Bytes of a piece of 837P: many chunks, so that the fixed cost of a run of all edits is paid seldom."""

_LARGEST_DOCUMENT = 512 << 20
_CLAIMS_PER_PIECE = 5000
_READ_BY = {
    "scrubjay.encounter/1": "; scrubjay code and scrubjay audit read it",
    "scrubjay.claims/1": "; read the file it was made from",
}


@dataclass
class Piece:
    """A piece of input: its tables, what could not be read, how far we are.

    ``segments`` are those of an 837P, where they were asked for; ``places`` say for another input what its numbers stand for.
    ``professional`` says that there is something of the kind that is checked at all.
    """

    tables: Tables
    errors: list[InputError] = field(default_factory=list)
    consumed: int = 0
    professional: bool = True
    segments: list[Segments] = field(default_factory=list)
    places: Places | None = None


def kind_of(head: bytes) -> str:
    """Say what an input is by its first bytes; what is neither JSON nor rows with a heading is taken for X12."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"["):
        at = text.find(b'"resourceType"')
        return FHIR if at >= 0 else CMS1500
    if not text.startswith(b"ISA") and cms1500.looks_like_rows(text):
        return CMS1500
    return X12


def sniff(stream: BinaryIO) -> str:
    """Return the kind of a stream that can be read again from its start."""
    head = stream.read(HEAD)
    stream.seek(0)
    return kind_of(head)


@dataclass
class Ids:
    """The next free ids of a run."""

    claim: int = 0
    line: int = 0


Read = Callable[[Chunk, int, int, int], Tables]
"""How to read a chunk of an 837P, given the number of the input and the first claim and line id."""

Job = tuple[Callable[[], Piece], int, int]
"""How to read a piece, whenever and wherever that suits, and the first claim and line id that are its own."""


def jobs(
    stream: BinaryIO,
    name: str,
    file: int,
    ids: Ids,
    size: int = PIECE_BYTES,
    read: Read | None = None,
    *,
    keep_segments: bool = False,
) -> Iterator[Job]:
    """Yield the pieces of an input in order, cut but not read; ``ids`` are counted on.

    ``read`` reads a chunk of an 837P as :func:`~scrubjay.io.claim837.read_chunk` does.  Raises
    :class:`~scrubjay.errors.InputError` where the whole cannot be read; errors of a part travel in the piece.
    """
    if sniff(stream) == X12:
        of_piece = -(-size // CHUNK_BYTES)
        chunks = iter_chunks(ByteSource(stream), name, -(-size // of_piece))
        while cut := list(islice(chunks, of_piece)):
            first = Ids(ids.claim, ids.line)
            numbered: deque[tuple[Chunk, int, int]] = deque()
            for chunk in cut:
                numbered.append((chunk, ids.claim, ids.line))
                # Ids are given out before anybody knows how many claims are whole: no more than there are CLM and SV1.
                ids.claim += len(chunk.segments.where("CLM"))
                ids.line += len(chunk.segments.where("SV1"))
            yield partial(_of_chunks, numbered, file, read or read_chunk, keep_segments), first.claim, first.line
        return
    errors: list[InputError] = []
    sourced, elements = _sourced(stream, name, errors)
    total, number = stream.tell(), 1
    claims_left = iter(sourced)
    while batch := list(islice(claims_left, _CLAIMS_PER_PIECE)):
        tables, places = tables_of(batch, file, ids.claim, ids.line, number, elements)
        piece = Piece(tables, _taken(errors), total, places=places)
        yield partial(_same, piece), ids.claim, ids.line
        ids.claim += len(tables.claims)
        ids.line += len(tables.lines)
        number += len(tables.claims) + len(tables.lines)
    if errors:
        yield partial(_same, Piece(Tables.empty(), _taken(errors), total, places=Places())), ids.claim, ids.line


def pieces(stream: BinaryIO, name: str, file: int = 0, size: int = PIECE_BYTES) -> Iterator[Piece]:
    """Read an input piece by piece, in order; raises as :func:`jobs` does."""
    for job, *_ in jobs(stream, name, file, Ids(), size):
        yield job()


def _same(piece: Piece) -> Piece:
    return piece


def _of_chunks(numbered: deque[tuple[Chunk, int, int]], file: int, read: Read, keep_segments: bool) -> Piece:
    """Read the chunks of a piece; each is let go as soon as it is read."""
    piece = Piece(Tables.empty(), professional=False)
    parts = []
    while numbered:
        chunk, claim, line = numbered.popleft()
        parts.append(read(chunk, file, claim, line))
        piece.errors += chunk.errors
        piece.consumed = chunk.consumed
        piece.professional = piece.professional or bool(chunk.wanted.any())
        if keep_segments:
            piece.segments.append(chunk.segments)
    piece.tables = concat(parts)
    return piece


def claims(stream: BinaryIO, name: str, errors: list[InputError], left: Left | None = None) -> Iterator[Claim]:
    """Yield the claims of any input as objects; what cannot be read is added to ``errors``."""
    if sniff(stream) == X12:
        yield from read_claims(stream, name, left)
    else:
        sourced, _ = _sourced(stream, name, errors)
        for item in sourced:
            errors += [InputError(name, _flaw_words(item, flaw.element, flaw.expected)) for flaw in item.flaws]
            yield item.claim


def _flaw_words(item: Sourced, element: str, expected: str) -> str:
    where = f"row {item.row}: " if item.row else ""
    return f"{where}claim {item.claim.id or 'without a number'}: {element} cannot be read; expected {expected}"


def _sourced(stream: BinaryIO, name: str, errors: list[InputError]) -> tuple[Iterable[Sourced], dict[str, str] | None]:
    """Return the claims of an input that is no X12, and the map of its element paths."""
    data = stream.read(_LARGEST_DOCUMENT + 1)
    if len(data) > _LARGEST_DOCUMENT:
        raise InputError(name, f"longer than {_LARGEST_DOCUMENT >> 20} MB; split it, or send an 837P")
    if kind_of(data[:HEAD]) == CMS1500 and data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        rows = cms1500.csv_rows(data, name, errors)
    else:
        documents = fhir.parse(data, name)
        if fhir.is_fhir(documents):
            return fhir.claims(documents, name, errors), fhir_codes.ELEMENTS
        schema = next((str(item["schema"]) for item in documents if "schema" in item), "")
        if schema.startswith("scrubjay."):
            verb = _READ_BY.get(schema, "")
            raise InputError(name, f"a {schema} document holds no claims to read{verb}")
        rows = cms1500.json_rows(documents, name, errors)
    if not rows and not errors:
        errors.append(InputError(name, "no rows under the heading; nothing was checked"))
    return cms1500.claims(rows), None


def _taken(errors: list[InputError]) -> list[InputError]:
    taken = list(errors)
    errors.clear()
    return taken
