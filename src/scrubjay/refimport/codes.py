"""CMS HCPCS quarterly files and the ICD-10-CM order file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import polars as pl

from scrubjay.errors import ReferenceDataError
from scrubjay.refdata import References
from scrubjay.refimport.editions import Span, fiscal_year, named
from scrubjay.refimport.files import Sheet
from scrubjay.refimport.icd10 import intervals
from scrubjay.refimport.ncci import CMS, chosen, compact_date, text
from scrubjay.refimport.store import Table

PUBLIC = "US government work, public domain"
MIXED = "US government work; CPT modifiers copyright American Medical Association, no descriptors included"
HCPCS_FILE = re.compile(r"hcpc(\d{4})_?(jan|apr|jul|oct)")
NOC_FILE = re.compile(r"noc.codes.*?(jan|apr|jul|oct)[a-z]*[ _-]?(\d{4})")
ORDER_FILE = re.compile(r"icd10cm[_-]order.*?(\d{4})")
FIXED_HCPCS = r"^.{5}\d{5}[3478].{257}"
ORDER_LINE = r"^\d{5} [A-Z0-9]{3,7} +[01] "

FIELDS = {
    "code": (0, 5),
    "record": (10, 1),
    "short": (91, 28),
    "coverage": (229, 1),
    "add": (268, 8),
    "end": (284, 8),
    "action": (292, 1),
}
"""Columns of the fixed-width HCPCS file (CMS record layout): offset and length."""

TITLES = {
    "code": ("hcpc", "hcpcs"),
    "record": ("recid", "record id"),
    "short": ("short description",),
    "coverage": ("cov", "coverage"),
    "add": ("add dt", "add date"),
    "end": ("term dt", "term date"),
    "action": ("action cd", "action code"),
}


def is_hcpcs(sheet: Sheet) -> bool:
    """Whether a sheet is the HCPCS file, with titles or fixed-width."""
    if "recid" in sheet.head and "seqnum" in sheet.head:
        return True
    first = sheet.grid["c0"][0]
    return sheet.grid.width == 1 and first is not None and re.match(FIXED_HCPCS, first) is not None


def hcpcs(sheet: Sheet, edition: str | None, held: References) -> list[Table]:
    """Read codes and modifiers; the CPT modifiers held already are kept beside them.

    Raises ReferenceDataError when the layout does not fit or the file is cut off.
    """
    found = HCPCS_FILE.search(sheet.name)
    span = chosen(edition, named(f"{found[1]}{found[2]}") if found else None, sheet.label)
    raw = _fixed(sheet) if sheet.grid.width == 1 else titled(sheet, TITLES)
    try:
        rows = raw.select(
            code=text("code"),
            record=text("record").str.strip_prefix("0"),
            short=text("short"),
            coverage=text("coverage"),
            valid_from=compact_date("add"),
            valid_to=compact_date("end"),
            action=text("action"),
        )
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: a date is not of the form 20260101; not the HCPCS layout") from None
    # Records 4 and 8 carry on a long description and have no dates of their own.
    codes = rows.filter((pl.col("record") == "3") & pl.col("code").str.contains(r"^[A-Z]\d{4}$")).drop("record")
    modifiers = rows.filter((pl.col("record") == "7") & pl.col("code").str.contains(r"^[0-9A-Z]{2}$"))
    if sheet.cut or codes.is_empty() or modifiers.is_empty() or codes["valid_from"].null_count():
        raise ReferenceDataError(
            f"{sheet.label}: codes or modifiers are missing; cut off or damaged; download it again"
        )
    first = codes["valid_from"].min()
    assert isinstance(first, dt.date)
    source = f"CMS alpha-numeric HCPCS file, {span.name}"
    tables = [
        Table("hcpcs", span.name, codes.sort("code", "valid_from"), first, span.last, source, CMS, PUBLIC),
        Table("modifiers", span.name, _modifiers(modifiers, held), first, span.last, source, CMS, MIXED),
    ]
    return tables


def _modifiers(level_2: pl.DataFrame, held: References) -> pl.DataFrame:
    new = level_2.select("valid_from", "valid_to", "short", modifier="code", level=pl.lit("hcpcs"))
    old = held.frame("modifiers").filter(pl.col("level") == "cpt").join(new, on="modifier", how="anti")
    associated = held.frame("mod_groups").filter(pl.col("group") == "NCCI")["modifier"]
    both = pl.concat([old.select(new.columns), new])
    return both.with_columns(ncci=pl.col("modifier").is_in(associated.implode())).sort("modifier", "valid_from")


def _fixed(sheet: Sheet) -> pl.DataFrame:
    line = pl.col("c0")
    return sheet.grid.select(line.str.slice(start, length).alias(name) for name, (start, length) in FIELDS.items())


def titled(sheet: Sheet, titles: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """Return the rows under the title row, with our names for the columns; a column without its title is refused.

    A title is recognised by its beginning, in lower case, line breaks taken for blanks.
    """
    for number, row in enumerate(sheet.grid.head(60).iter_rows()):
        cells = [re.sub(r"\s+", " ", cell or "").strip().lower() for cell in row]
        places = {name: _place(cells, starts) for name, starts in titles.items()}
        if all(place is not None for place in places.values()):
            below = sheet.grid.slice(number + 1)
            return below.select(pl.col(f"c{place}").alias(name) for name, place in places.items())
    raise ReferenceDataError(f"{sheet.label}: no row of column titles with {', '.join(t[0] for t in titles.values())}")


def _place(cells: list[str], starts: tuple[str, ...]) -> int | None:
    for start in starts:
        for place, cell in enumerate(cells):
            if cell == start:
                return place
    for start in starts:
        for place, cell in enumerate(cells):
            if cell.startswith(start):
                return place
    return None


NOC_TITLES = {"code": ("hcpc",), "add": ("add",), "end": ("term",)}


def is_noc(sheet: Sheet) -> bool:
    """Whether a sheet is the list of not-otherwise-classified codes that comes with the HCPCS file."""
    return "noc" in sheet.name and "add" in sheet.head and "term" in sheet.head


def noc(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the list of not-otherwise-classified codes.

    Raises ReferenceDataError when the layout does not fit.
    """
    found = NOC_FILE.search(sheet.name)
    span = chosen(edition, named(f"{found[2]}{found[1]}") if found else None, sheet.label)
    rows = titled(sheet, NOC_TITLES).filter(text("code").str.contains(r"^[A-Z]\d{4}$"))
    try:
        frame = rows.select(hcpcs=text("code"), valid_from=any_date("add"), valid_to=any_date("end"))
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: a date cannot be read; not the layout of the NOC list") from None
    if sheet.cut or frame.is_empty():
        raise ReferenceDataError(f"{sheet.label}: no codes, or cut off; download it again")
    first = frame["valid_from"].min()
    source = f"CMS alpha-numeric HCPCS file, {span.name}, list of NOC codes"
    start = first if isinstance(first, dt.date) else None
    return [Table("noc", span.name, frame.sort("hcpcs"), start, span.last, source, CMS, PUBLIC)]


def any_date(column: str) -> pl.Expr:
    """Parse 20260101, 2026-01-01 (with or without a time) or 1/1/2026; an empty value is null."""
    value = text(column).str.slice(0, 10)
    compact = value.str.to_date("%Y%m%d", strict=False)
    iso = value.str.to_date("%Y-%m-%d", strict=False)
    american = value.str.to_date("%m/%d/%Y", strict=False)
    parsed = pl.coalesce(compact, iso, american)
    # A value that none of the forms fits must stop the import, not turn into an open end.
    return (
        pl.when(value.is_not_null() & parsed.is_null())
        .then(value.str.to_date("%Y-%m-%d", strict=True))
        .otherwise(parsed)
    )


def is_order(sheet: Sheet) -> bool:
    """Whether a sheet is the ICD-10-CM order file."""
    first = sheet.grid["c0"][0]
    return sheet.grid.width == 1 and first is not None and re.match(ORDER_LINE, first) is not None


def order(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the ICD-10-CM order file of a fiscal year: billable codes and headers.

    Raises ReferenceDataError when a line does not fit or order numbers are missing.
    """
    found = ORDER_FILE.search(sheet.name)
    span: Span | None = None
    if found:
        span = fiscal_year(int(found[1]), april="apr" in sheet.name or "apr" in sheet.label.lower())
    span = chosen(edition, span, sheet.label)
    lines = sheet.grid["c0"].drop_nulls().str.strip_chars_end()
    lines = lines.filter(lines != "")
    frame = lines.to_frame("line").select(
        number=pl.col("line").str.slice(0, 5).cast(pl.Int32, strict=False),
        code=pl.col("line").str.slice(6, 7).str.strip_chars_end(),
        billable=pl.col("line").str.slice(14, 1),
        fits=pl.col("line").str.contains(ORDER_LINE) & (pl.col("line").str.len_chars() > 77),
    )
    whole = frame["fits"].all() and frame["number"].to_list() == list(range(1, frame.height + 1))
    if sheet.cut or not whole:
        raise ReferenceDataError(
            f"{sheet.label}: lines or order numbers are missing; cut off or damaged; download it again"
        )
    billable = set(frame.filter(pl.col("billable") == "1")["code"])
    rows = intervals({span.first: billable}, set(frame["code"]))
    source = f"ICD-10-CM order file, {span.name}"
    publisher = "CDC National Center for Health Statistics and CMS"
    return [Table("icd10", span.name, rows, span.first, span.last, source, publisher, PUBLIC)]
