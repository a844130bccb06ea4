"""The segment a finding stands in, as written, and where its element begins: for people to look at.

Names, addresses, birth dates and member numbers of patients are masked unless the caller asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from scrubjay.io.spans import nothing
from scrubjay.io.x12 import Segments

_ELEMENT = re.compile(r"([A-Z0-9]{2,3}?)([0-9]{2})(?:-([0-9]+))?")

_PERSONAL = {"IL", "QC"}
"""Entity codes of an NM1 that names a patient or subscriber."""


def no_raw(findings: pl.DataFrame) -> pl.DataFrame:
    """Add the empty columns of a run that shows no segments."""
    kinds = {"raw": pl.String, "raw_start": pl.Int64, "raw_length": pl.Int64}
    return findings.hstack([nothing(len(findings), dtype).alias(name) for name, dtype in kinds.items()])


def add_raw(findings: pl.DataFrame, parts: Sequence[Segments], *, phi: bool) -> pl.DataFrame:
    """Add ``raw`` text and the offset and length of the finding's element in it (null where it has none).

    ``parts`` are the segments of the piece, chunk by chunk.
    """
    wanted = findings.select("segment", "element").unique()
    rows = []
    for number, element in wanted.iter_rows():
        rows.append((number, element, *_excerpt(parts, number, element, phi=phi)))
    schema = {
        "segment": pl.UInt32,
        "element": pl.String,
        "raw": pl.String,
        "raw_start": pl.Int64,
        "raw_length": pl.Int64,
    }
    texts = pl.DataFrame(rows, schema=schema, orient="row")
    return findings.join(texts, on=["segment", "element"], how="left", nulls_equal=True, maintain_order="left")


def _excerpt(
    parts: Sequence[Segments], number: int | None, element: str | None, *, phi: bool
) -> tuple[str | None, int | None, int | None]:
    found = None if number is None else _find(parts, number)
    if found is None:
        return None, None, None
    segments, at = found
    text = segments.raw(at)
    mark = chr(segments.delimiters.element)
    elements = text.split(mark)
    if not phi:
        elements = _masked(elements)
        text = mark.join(elements)
    match = _ELEMENT.fullmatch(element or "")
    if match is None or match[1] != elements[0]:
        return text, None, None
    which = int(match[2])
    if which >= len(elements):
        return text, len(text), 0
    start = sum(len(e) + 1 for e in elements[:which])
    value = elements[which]
    if match[3]:
        pieces = value.split(chr(segments.delimiters.component))
        part = int(match[3]) - 1
        if part >= len(pieces):
            return text, start + len(value), 0
        start += sum(len(p) + 1 for p in pieces[:part])
        value = pieces[part]
    return text, start, len(value)


def _find(parts: Sequence[Segments], number: int) -> tuple[Segments, int] | None:
    """Return a segment by its number in the file."""
    for segments in parts:
        at = int(np.searchsorted(segments.number, number))
        if at < len(segments) and segments.number[at] == number:
            return segments, at
    return None


def _masked(parts: list[str]) -> list[str]:
    """Replace what identifies a patient by as many asterisk-like marks."""
    hide: tuple[int, ...] = ()
    if parts[0] == "NM1" and len(parts) > 1 and parts[1] in _PERSONAL:
        hide = (3, 4, 5, 6, 7, 9)
    elif parts[0] == "DMG":
        hide = (2,)
    elif parts[0] in ("N3", "N4"):
        hide = (1, 2, 3)
    elif parts[0] == "REF" and len(parts) > 1 and parts[1] in ("SY", "1W", "IG"):
        hide = (2,)
    return [("." * len(p)) if k in hide else p for k, p in enumerate(parts)]
