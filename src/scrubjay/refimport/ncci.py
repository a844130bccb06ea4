"""CMS NCCI files: practitioner MUE and add-on codes; what the readers of all CMS files share."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl

from scrubjay.errors import ReferenceDataError
from scrubjay.refimport.editions import Span, named, quarter, quarter_of
from scrubjay.refimport.files import OtherFile, Sheet
from scrubjay.refimport.store import Table

CMS = "Centers for Medicare & Medicaid Services"
LICENCE = "US government work; CPT codes copyright American Medical Association, no descriptors included"
CODE = r"^[0-9A-Z]\d{3}[0-9A-Z]$"
MUE_FILE = re.compile(r"eff(?:ective)?[-_ ]*(\d\d)-(\d\d)-(\d{4})")
AOC_FILE = re.compile(r"aoc_v(\d{4})q([1-4])")


NOTES = {
    "suspended": "suspended",
    "facilities only": "facility only",
    "practitioner only": "practitioner only",
    "contractor defined": "contractor defined",
}
"""Words of a special instruction -> our note."""


def text(column: str) -> pl.Expr:
    """Return a column without blanks around its values; an empty value is null."""
    stripped = pl.col(column).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def compact_date(column: str) -> pl.Expr:
    """Parse ``20260630``; ``*`` and an empty value are null."""
    value = text(column)
    return pl.when(value != "*").then(value).str.to_date("%Y%m%d", strict=True)


def chosen(edition: str | None, found: Span | None, label: str) -> Span:
    """Return the edition a person named, else the one found in the file.

    Raises ReferenceDataError when neither is there.
    """
    if edition is not None:
        span = named(edition)
        if span is None:
            raise ReferenceDataError(f"{edition}: not an edition; write 2026Q3, 2026, 2026OCT, RVU26C or FY2027")
        return span
    if found is None:
        raise ReferenceDataError(f"{label}: its name and content do not say which edition it is; name the edition")
    return found


def data_rows(sheet: Sheet, *codes: str) -> pl.DataFrame:
    """Return the rows from the first one on that has codes in the given columns.

    Raises ReferenceDataError when there is none, or a later row that is not blank lacks them.
    """
    fits = pl.all_horizontal(text(column).str.contains(CODE).fill_null(value=False) for column in codes)
    marked = sheet.grid.with_columns(fits=fits, blank=pl.all_horizontal(text(c).is_null() for c in sheet.grid.columns))
    first = marked["fits"].arg_true()
    rows = marked.slice(int(first[0])).filter(~pl.col("blank")) if len(first) else marked.clear()
    if sheet.cut or rows.is_empty() or not rows["fits"].all():
        raise ReferenceDataError(
            f"{sheet.label}: rows without a code, or cut off in the middle of one; download it again"
        )
    return rows.drop("fits", "blank")


def odd_last(sheet: Sheet, rationale: pl.Series) -> bool:
    """Say whether the last row's rationale was cut: each stands in many rows, one that only the last has is a piece."""
    return sheet.open_ended and len(rationale) > 1 and rationale[-1] not in set(rationale[:-1])


def is_mue(sheet: Sheet) -> bool:
    """Whether a sheet is a table of medically unlikely edits."""
    return "mue values" in sheet.head


def mue(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the practitioner MUE table.

    Raises ReferenceDataError for the hospital, supplier and Medicaid tables, and for a file cut off.
    """
    if "practitioner services mue values" not in sheet.head or "medicaid" in sheet.name + sheet.head:
        raise OtherFile(f"{sheet.label}: not the Medicare practitioner MUE table")
    found = MUE_FILE.search(sheet.name)
    span = chosen(
        edition, quarter_of(dt.date(int(found[3]), int(found[1]), int(found[2]))) if found else None, sheet.label
    )
    rows = data_rows(sheet, "c0")
    try:
        frame = rows.select(
            hcpcs=text("c0"),
            value=text("c1").cast(pl.Int32),
            mai=text("c2").str.slice(0, 1).cast(pl.UInt8),
            rationale=text("c3"),
            edition=pl.lit(span.name),
            valid_from=pl.lit(span.first),
            valid_to=pl.lit(span.last),
        )
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(
            f"{sheet.label}: an MUE value or indicator is not a number; cut off or damaged"
        ) from None
    broken = pl.any_horizontal(pl.col("value", "mai", "rationale").is_null())
    if frame.select(broken.any()).item() or odd_last(sheet, frame["rationale"]):
        raise ReferenceDataError(f"{sheet.label}: ends in the middle of a row or holds broken rows; download it again")
    source = "CMS Medicare NCCI MUE, practitioner services"
    return [Table("mue", span.name, frame.sort("hcpcs"), span.first, span.last, source, CMS, LICENCE)]


def is_aoc(sheet: Sheet) -> bool:
    """Whether a sheet is a table of add-on code edits."""
    return "aoc_edit_type" in sheet.head or ("add-on_code" in sheet.head and "primary_code" in sheet.head)


def aoc(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the add-on code edits, decoding CMS's Julian dates.

    Raises ReferenceDataError for Medicaid's table and for a file cut off.
    """
    if re.search(r"mcd|medicaid", sheet.name):
        raise OtherFile(f"{sheet.label}: Medicaid add-on code edits; Medicare's (-MCR) are needed")
    found = AOC_FILE.search(sheet.name)
    span = chosen(edition, quarter(int(found[1]), int(found[2])) if found else None, sheet.label)
    rows = data_rows(sheet, "c1")
    if sheet.grid.width < 7:
        raise ReferenceDataError(f"{sheet.label}: not the add-on code layout, or cut off; download it again")
    instruction = text("c7") if sheet.grid.width > 7 else pl.lit(None, pl.String)
    try:
        frame = rows.select(
            addon=text("c1"),
            type=text("c0").cast(pl.UInt8),
            primary=text("c3"),
            valid_from=julian("c5"),
            valid_to=julian("c6"),
            primary_to=julian("c4"),
            addon_to=julian("c2"),
            note=aoc_note(instruction),
        )
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: a date is not of the form 2026183; cut off or damaged") from None
    if frame["valid_from"].null_count() or frame["primary"].null_count():
        raise ReferenceDataError(f"{sheet.label}: rows without a primary code or a first day; cut off or damaged")
    first = dt.date(2013, 4, 1)
    frame = frame.sort("addon", "primary", "valid_from")
    return [Table("aoc", span.name, frame, first, span.last, "CMS NCCI add-on code edits", CMS, LICENCE)]


def julian(column: str) -> pl.Expr:
    """Decode CMS's Julian dates: ``2016366`` is the 366th day of 2016; an empty value is null."""
    return text(column).str.to_date("%Y%j", strict=True)


def aoc_note(instruction: pl.Expr) -> pl.Expr:
    """Put a special instruction of the add-on code file in two words of our own."""
    lowered = instruction.str.to_lowercase()
    return pl.coalesce(
        *(pl.when(lowered.str.contains(words, literal=True)).then(pl.lit(short)) for words, short in NOTES.items()),
        pl.when(instruction.is_not_null()).then(pl.lit("see manual")),
    )
