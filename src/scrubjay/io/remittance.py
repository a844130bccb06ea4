"""A file of remittances and acknowledgements, piece by piece: what both readers take from one pass over its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from scrubjay.errors import InputError
from scrubjay.io import ack, remit835
from scrubjay.io.balance835 import Balance
from scrubjay.io.dialect import REMITTANCE
from scrubjay.io.interchange import CHUNK_BYTES, iter_chunks
from scrubjay.io.remit835 import First
from scrubjay.io.source import ByteSource
from scrubjay.model835 import Remits


@dataclass(frozen=True)
class Piece:
    """What one chunk gave: remittances, acknowledgements, errors, and how many bytes of the input are read."""

    remits: Remits
    acknowledgements: pl.DataFrame
    errors: list[InputError]
    consumed: int


def read_remittances(
    source: ByteSource, name: str, file: int = 0, first: First | None = None, size: int = CHUNK_BYTES
) -> Iterator[Piece]:
    """Yield the pieces of one input in order; memory does not grow with it.

    ``file`` is the number of the input in the run, ``first`` the next free ids.  An input without an interchange
    envelope raises :class:`InputError`; what cannot be read of another is among the errors of a piece.
    """
    first = first or First()
    balance = Balance()
    for chunk in iter_chunks(source, name, size, REMITTANCE):
        place = remit835.layout(chunk.segments, chunk.wanted)
        part = remit835.read_chunk(place, chunk, file, first)
        balance.inspect(place, part, chunk.defects, first)
        part = replace(part, defects=remit835.defect_rows(chunk.defects, place, file, first))
        yield Piece(part, ack.read_chunk(chunk, file), chunk.errors, chunk.consumed)
        first = first.after(part)
