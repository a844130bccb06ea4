"""The bytes of an input and where its segments stand, so that a change touches nothing else.

Segments are numbered as the reader numbers them (the first ISA is 1, blank segments and text between interchanges do not
count).  Unlike the reader's chunks a document keeps the place of every segment in the original bytes, line ends inside
segments included.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scrubjay.errors import InputError
from scrubjay.io.dialect import what_is_it
from scrubjay.io.isa import Delimiters, find_isa, read_isa
from scrubjay.io.spans import Bytes, Ints
from scrubjay.io.x12 import skip_blank

_BREAKS = b"\r\n"
_ISA_READ = 400
"""Bytes within which the sixteen elements of an ISA must stand, as for the reader."""


@dataclass(frozen=True)
class Segment:
    """One segment: its number, its bytes as written without the terminator, and the delimiters of its interchange."""

    number: int
    written: bytes
    delimiters: Delimiters

    @property
    def text(self) -> bytes:
        """The bytes without the line ends of a folded file."""
        return self.written.translate(None, _BREAKS) if self._folded else self.written

    @property
    def parts(self) -> list[bytes]:
        """The identifier and the elements."""
        return self.text.split(bytes([self.delimiters.element]))

    @property
    def identifier(self) -> str:
        """The identifier, such as ``SV1``."""
        return plain(self.parts[0])

    def element(self, which: int) -> str:
        """Return an element (1-based), empty where it is absent."""
        parts = self.parts
        return plain(parts[which]) if which < len(parts) else ""

    def replaced(self, text: bytes) -> bytes:
        """Return the segment as it will be written with a new text: line ends inside it stay where they were."""
        if not self._folded:
            return text
        old = self.text
        limit = min(len(old), len(text))
        head = next((k for k in range(limit) if old[k] != text[k]), limit)
        tail = next((k for k in range(limit - head) if old[-1 - k] != text[-1 - k]), limit - head)
        out = bytearray(text)
        for added, (offset, mark) in enumerate(self._breaks()):
            if offset <= head:
                at = offset
            elif offset >= len(old) - tail:
                at = offset + len(text) - len(old)
            else:
                at = min(offset, len(text) - tail)
            out.insert(at + added, mark)
        return bytes(out)

    def _breaks(self) -> list[tuple[int, int]]:
        """Return the bytes that end lines inside the segment, each with its offset in the text."""
        found: list[tuple[int, int]] = []
        for at, byte in enumerate(self.written):
            if byte in _BREAKS:
                found.append((at - len(found), byte))
        return found

    @property
    def _folded(self) -> bool:
        return b"\n" in self.written and self.delimiters.segment not in _BREAKS


class Document:
    """A whole input, readable by segment number and writable by replacing or dropping segments.

    ``body`` is the input in UTF-8 (what stands in UTF-16 is decoded, a mark at the beginning is kept apart), ``start`` and
    ``end`` are the offsets of every segment in it.
    """

    def __init__(self, data: bytes, file: str) -> None:
        self._mark, self._codec = _encoding(data)
        body = data[len(self._mark) :]
        if self._codec is not None:
            try:
                body = body.decode(self._codec).encode("utf-8")
            except UnicodeDecodeError:
                raise InputError(file, "not all of it is UTF-16; ask for the file again") from None
        self.body = body
        starts, ends, firsts, marks = _scan(body, file)
        self.start, self.end = starts, ends
        self._firsts, self._delimiters = firsts, marks

    def __len__(self) -> int:
        return len(self.start)

    def segment(self, number: int) -> Segment | None:
        """Return a segment by its number, None where the input has no such segment."""
        if not 1 <= number <= len(self):
            return None
        at = number - 1
        syntax = int(np.searchsorted(self._firsts, number, side="right")) - 1
        return Segment(number, self.body[int(self.start[at]) : int(self.end[at])], self._delimiters[syntax])

    def identifier(self, number: int) -> str:
        """Return the identifier of a segment, empty where there is no such segment."""
        found = self.segment(number)
        return found.identifier if found is not None else ""

    def changed(self, new: Mapping[int, bytes | None]) -> bytes:
        """Return the input with segments replaced by new bytes, or dropped with their terminator and what leads up to them.

        Every other byte is the original one.
        """
        pieces: list[bytes] = []
        done = 0
        for number in sorted(new):
            written = new[number]
            start, end = int(self.start[number - 1]), int(self.end[number - 1])
            if written is None:
                # The line end before a dropped segment goes with it, the one behind its terminator stays.
                start = int(self.end[number - 2]) + 1 if number > 1 else start
                end += 1
            pieces += [self.body[done:start], written or b""]
            done = end
        body = b"".join([*pieces, self.body[done:]])
        return self._mark + (body if self._codec is None else body.decode("utf-8").encode(self._codec))


def plain(data: bytes) -> str:
    """Return bytes as text the way the reader does: UTF-8, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _encoding(data: bytes) -> tuple[bytes, str | None]:
    """Return the mark an input begins with and its codec; None for what is taken byte by byte (UTF-8, Latin-1)."""
    head = data[:4]
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return mark, codec
    if len(head) == 4 and head[1] == head[3] == 0:
        return b"", "utf-16-le"
    if len(head) == 4 and head[0] == head[2] == 0:
        return b"", "utf-16-be"
    return (codecs.BOM_UTF8 if head.startswith(codecs.BOM_UTF8) else b""), None


def _scan(body: bytes, file: str) -> tuple[Ints, Ints, Ints, list[Delimiters]]:
    """Return offsets of all segments, and the number at which each interchange syntax begins with its delimiters."""
    buffer = np.frombuffer(body, dtype=np.uint8)
    starts: list[Ints] = []
    ends: list[Ints] = []
    firsts: list[int] = []
    marks: list[Delimiters] = []
    count, at = 0, find_isa(body)
    if at < 0:
        raise InputError(file, what_is_it(body))
    while at >= 0:
        delimiters = read_isa(body, at, file).delimiters
        own_starts, own_ends = _segments(buffer, at, delimiters.segment)
        own_starts, own_ends, closed = _until_trailer(body, own_starts, own_ends, delimiters, file)
        starts.append(own_starts)
        ends.append(own_ends)
        firsts.append(count + 1)
        marks.append(delimiters)
        count += len(own_starts)
        at = find_isa(body, int(own_ends[-1]) + 1) if closed else -1
    return np.concatenate(starts), np.concatenate(ends), np.array(firsts, dtype=np.int64), marks


def _segments(buffer: Bytes, at: int, terminator: int) -> tuple[Ints, Ints]:
    """Return start and end of every segment from an offset on; blank ones are none."""
    ends = np.flatnonzero(buffer[at:] == terminator) + at
    starts = np.concatenate([[at], ends[:-1] + 1]) if len(ends) else ends
    skip_blank(buffer, starts, ends)
    real = starts < ends
    return starts[real], ends[real]


def _until_trailer(body: bytes, starts: Ints, ends: Ints, delimiters: Delimiters, file: str) -> tuple[Ints, Ints, bool]:
    """Cut behind the first IEA that no ISA of the same syntax follows, and say whether there is one."""
    buffer = np.frombuffer(body, dtype=np.uint8)
    trailer = np.ones(len(starts), dtype=bool)
    for offset, byte in enumerate(b"IEA"):
        trailer &= buffer[np.minimum(starts + offset, len(buffer) - 1)] == byte
    for found in np.flatnonzero(trailer):
        at = int(found)
        if body[int(starts[at]) + 3] not in (delimiters.element, delimiters.segment):
            continue
        follower = int(starts[at + 1]) if at + 1 < len(starts) else len(body)
        head = body[follower : follower + _ISA_READ]
        if not (head.startswith(b"ISA" + bytes([delimiters.element])) and _same(head, delimiters, file)):
            return starts[: at + 1], ends[: at + 1], True
    return starts, ends, False


def _same(head: bytes, delimiters: Delimiters, file: str) -> bool:
    try:
        return read_isa(head, 0, file).delimiters == delimiters
    except InputError:
        return False
