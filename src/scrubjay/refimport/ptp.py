"""CMS NCCI procedure-to-procedure edits of practitioners: parts f1 to f4 become one table with effective dates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from scrubjay.errors import ReferenceDataError
from scrubjay.refdata import pair_key
from scrubjay.refimport.editions import Span, quarter
from scrubjay.refimport.files import OtherFile, Sheet
from scrubjay.refimport.ncci import CMS, LICENCE, chosen, compact_date, data_rows, odd_last, text
from scrubjay.refimport.store import Table

PARTS = 4
FILE = re.compile(r"ccipra-v(\d\d)(\d)r\d+-f(\d)")
OTHERS = re.compile("ccioph|hospital|outpatient|medicaid|mcd")


@dataclass(frozen=True)
class Part:
    """One part of the table, already in our columns; ``words`` holds the rationale."""

    label: str
    number: int
    span: Span
    frame: pl.DataFrame


def is_ptp(sheet: Sheet) -> bool:
    """Whether a sheet is a PTP table."""
    return "column 1" in sheet.head and "column 2" in sheet.head and "modifier" in sheet.head


def part(sheet: Sheet) -> Part:
    """Read one part; its number and edition are in the name CMS gave it: ``ccipra-v322r0-f1`` is part 1 of 2026 Q3.

    Raises ReferenceDataError for a table of hospitals or Medicaid, a name without a part, and a file cut off.
    """
    if OTHERS.search(sheet.name + sheet.head):
        raise OtherFile(f"{sheet.label}: hospital or Medicaid edits; Medicare practitioner edits are needed")
    found = FILE.search(sheet.name)
    if not found:
        raise ReferenceDataError(f"{sheet.label}: the part cannot be told; keep the name CMS gave it (ccipra-v..-f1)")
    if sheet.grid.width < 7:
        raise ReferenceDataError(f"{sheet.label}: {sheet.grid.width} columns instead of 7; not the PTP layout")
    try:
        frame = data_rows(sheet, "c0", "c1").select(
            key=pair_key(text("c0"), text("c1")),
            pre1996=text("c2").eq_missing("*"),
            valid_from=compact_date("c3"),
            deleted=compact_date("c4"),
            mi=text("c5").cast(pl.UInt8),
            words=text("c6"),
        )
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: a date or indicator cannot be read; cut off or damaged") from None
    broken = pl.any_horizontal(pl.col("key", "valid_from", "mi", "words").is_null()) | ~pl.col("mi").is_in([0, 1, 9])
    if frame.select(broken.any()).item() or odd_last(sheet, frame["words"]):
        raise ReferenceDataError(f"{sheet.label}: ends in the middle of a row or holds broken rows; download it again")
    # Millions of rows share a dozen sentences.
    frame = frame.with_columns(pl.col("words").cast(pl.Categorical))
    return Part(sheet.label, int(found[3]), quarter(1994 + int(found[1]), int(found[2]) + 1), frame)


def whole(parts: Sequence[Part], edition: str | None) -> list[Table]:
    """Put the parts of one edition together and number the rationales.

    Raises ReferenceDataError when a part is missing, of another edition, or given twice with different content.
    """
    label = parts[0].label
    spans = {part.span.name for part in parts}
    if len(spans) > 1:
        raise ReferenceDataError(f"{label}: parts of different editions given together: {', '.join(sorted(spans))}")
    numbered: dict[int, Part] = {}
    for one in parts:
        other = numbered.setdefault(one.number, one)
        if other is not one and not other.frame.equals(one.frame):
            raise ReferenceDataError(f"{one.label}: part f{one.number} differs from the one in {other.label}; give one")
    missing = set(range(1, max(PARTS, *numbered) + 1)) - set(numbered)
    if missing:
        names = ", ".join(f"f{number}" for number in sorted(missing))
        raise ReferenceDataError(f"{label}: part {names} of the PTP table is missing; give all parts f1 to f{PARTS}")
    frame = pl.concat([numbered[number].frame for number in sorted(numbered)])
    words = sorted(frame["words"].unique().cast(pl.String))
    numbers = {sentence: number for number, sentence in enumerate(words, 1)}
    table = frame.with_columns(
        rationale=pl.col("words").cast(pl.String).replace_strict(numbers, return_dtype=pl.UInt8)
    ).drop("words")
    table = table.sort("key", "deleted", "valid_from", descending=[False, True, True], nulls_last=[False, False, True])
    span = chosen(edition, parts[0].span, label)
    first = dt.date(1996, 1, 1)
    source = f"CMS Medicare NCCI procedure-to-procedure edits, practitioner services, {span.name}"
    rationale = pl.DataFrame({"rationale": list(numbers.values()), "words": words})
    return [
        Table("ptp", span.name, table, first, span.last, source, CMS, LICENCE),
        Table("ptp_rationale", span.name, rationale, first, span.last, source, CMS, LICENCE),
    ]
