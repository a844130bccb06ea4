"""CMS fees: Physician Fee Schedule relative values, GPCI, ASP payment limits, ASP NDC-HCPCS crosswalk."""

from __future__ import annotations

import re

import polars as pl

from scrubjay.errors import ReferenceDataError
from scrubjay.refimport.codes import PUBLIC, titled
from scrubjay.refimport.editions import Span, effective, month, quarter, year
from scrubjay.refimport.files import OtherFile, Sheet
from scrubjay.refimport.ncci import CMS, CODE, LICENCE, chosen, text
from scrubjay.refimport.store import Table

RELEASE = re.compile(r"(\d{4}) national physician fee schedule relative value file (\w+) release")
GPCI_YEAR = re.compile(r"\bcy (\d{4})\b")

PFS_TITLES = {
    "hcpcs": "hcpcs",
    "mod": "mod",
    "status": "status code",
    "work": "work rvu",
    "nonfac_pe": "non-fac pe rvu",
    "nonfac_na": "non-fac na indicator",
    "fac_pe": "facility pe rvu",
    "fac_na": "facility na indicator",
    "mp": "mp rvu",
    "nonfac_total": "non-facility total",
    "fac_total": "facility total",
    "pctc": "pctc ind",
    "glob": "glob days",
    "mult_proc": "mult proc",
    "bilat": "bilat surg",
    "asst": "asst surg",
    "co_surg": "co- surg",
    "team": "team surg",
    "cf": "conv factor",
}
"""Our column -> the words that stand above it, top to bottom, in the file's stacked title rows."""


def is_pfs(sheet: Sheet) -> bool:
    """Whether a sheet is a relative value file with separated columns."""
    return "physician fee schedule relative value file" in sheet.head and sheet.grid.width > 20


def pfs(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read a relative value file.

    Raises ReferenceDataError for the version of qualifying APM participants, an unknown layout, and a file cut off.
    """
    if re.search(r"(?<!non)(?<!non-)(?<!non_)qp", sheet.name):
        raise OtherFile(f"{sheet.label}: the version for qualifying APM participants; import the non-QP version")
    found = RELEASE.search(sheet.head)
    span: Span | None = None
    if found:
        of = quarter(int(found[1]), (month(found[2]) + 2) // 3)
        span = Span(f"RVU{found[1][2:]}{'ABCD'[int(of.name[-1]) - 1]}", of.first, of.last)
    span = chosen(edition, span, sheet.label)
    places = _stacked(sheet)
    rows = sheet.grid.filter(text("c0").str.contains(CODE))
    flags = ("nonfac_na", "fac_na")
    try:
        frame = rows.select(
            *(
                text(f"c{place}").eq_missing("NA").alias(name) if name in flags else text(f"c{place}").alias(name)
                for name, place in places.items()
            ),
            valid_from=pl.lit(span.first),
            valid_to=pl.lit(span.last),
        )
        table = Table(
            "pfs",
            span.name,
            frame.sort("hcpcs", "mod", nulls_last=False),
            span.first,
            span.last,
            f"CMS PFS relative value file {span.name}",
            CMS,
            LICENCE,
        ).conformed()
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: a value is not a number; cut off or damaged") from None
    if sheet.cut or table.frame.is_empty() or table.frame["cf"].null_count():
        raise ReferenceDataError(f"{sheet.label}: ends in the middle of a row; download it again")
    return [table]


def _stacked(sheet: Sheet) -> dict[str, int]:
    head = sheet.grid.head(20).with_row_index("row")
    bottom = head.filter(text("c0").str.to_lowercase() == "hcpcs")
    if bottom.is_empty():
        raise ReferenceDataError(f"{sheet.label}: no row of column titles beginning with HCPCS")
    last = bottom["row"][0]
    words: dict[str, int] = {}
    for place in range(sheet.grid.width):
        column = [cell.strip() for cell in sheet.grid[f"c{place}"].head(last + 1) if cell and cell.strip()]
        words[" ".join(column[-3:]).lower()] = place
    places: dict[str, int] = {}
    for name, wanted in PFS_TITLES.items():
        exact = [place for title, place in words.items() if title == wanted]
        ending = [place for title, place in words.items() if title.endswith(f" {wanted}")]
        if not exact and not ending:
            raise ReferenceDataError(
                f"{sheet.label}: no column {wanted.upper()}; not a known layout of the fee schedule"
            )
        places[name] = (exact or ending)[0]
    return places


def is_gpci(sheet: Sheet) -> bool:
    """Whether a sheet is the table of geographic practice cost indices by locality."""
    return "geographic practice cost indices" in sheet.head and "pe gpci" in sheet.head


def gpci(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the indices of a year; the work index is the one with the floor of 1.0 where the file has both.

    Raises ReferenceDataError for an unknown layout and a file cut off.
    """
    found = GPCI_YEAR.search(sheet.head)
    span = chosen(edition, year(int(found[1])) if found else None, sheet.label)
    number = str(span.first.year)
    titles = {
        "mac": ("medicare administrative contractor",),
        "state": ("state",),
        "locality": ("locality number",),
        "name": ("locality name",),
        "pw": (f"{number} pw gpci (with 1.0 floor)", f"{number} pw gpci"),
        "pe": (f"{number} pe gpci",),
        "mp": (f"{number} mp gpci",),
    }
    rows = titled(sheet, titles).filter(text("mac").str.contains(r"^\d{4,5}$"))
    frame = rows.select(
        *(text(column) for column in ("state", "locality")),
        mac=text("mac").str.zfill(5),
        name=text("name").str.replace_all(r"\*", "").str.strip_chars(),
        **{column: text(column) for column in ("pw", "pe", "mp")},
        valid_from=pl.lit(span.first),
        valid_to=pl.lit(span.last),
    )
    frame = frame.with_columns(pl.col("locality").str.zfill(2))
    try:
        table = Table(
            "gpci", span.name, frame, span.first, span.last, f"CMS PFS GPCI file {span.name}", CMS, PUBLIC
        ).conformed()
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: an index is not a number; cut off or damaged") from None
    if (
        sheet.cut
        or frame.is_empty()
        or frame.select(pl.any_horizontal(pl.col("pw", "pe", "mp").is_null()).any()).item()
    ):
        raise ReferenceDataError(f"{sheet.label}: localities without all three indices; cut off; download it again")
    return [table]


ASP_TITLES = {"hcpcs": ("hcpcs code",), "dosage": ("hcpcs code dosage",), "limit": ("payment limit",)}


def is_asp(sheet: Sheet) -> bool:
    """Whether a sheet is a Part B payment limit file."""
    return "payment allowance limits for medicare part b drugs" in sheet.head and "not otherwise" not in sheet.head


def asp(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the payment limits of a quarter; N/A (the contractor prices it) is null.

    Raises ReferenceDataError for an unknown layout and a file cut off.
    """
    span = chosen(edition, effective(sheet.head), sheet.label)
    rows = titled(sheet, ASP_TITLES).filter(text("hcpcs").str.contains(CODE))
    limit = text("limit").str.replace_all(r"[$,]", "")
    frame = rows.select(
        hcpcs=text("hcpcs"),
        limit=pl.when(limit.str.to_uppercase() != "N/A").then(limit),
        dosage=text("dosage"),
        valid_from=pl.lit(span.first),
        valid_to=pl.lit(span.last),
    )
    try:
        table = Table(
            "asp",
            span.name,
            frame.sort("hcpcs"),
            span.first,
            span.last,
            f"CMS Medicare Part B payment limit file {span.name}",
            CMS,
            LICENCE,
        ).conformed()
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{sheet.label}: a payment limit is not a number; cut off or damaged") from None
    if sheet.cut or frame.is_empty():
        raise ReferenceDataError(f"{sheet.label}: no payment limits, or cut off; download it again")
    return [table]


CROSSWALK_TITLES = {
    "labeler": ("labeler name", "labeler"),
    "ndc": ("ndc2", "ndc"),
    "drug_name": ("drug name",),
    "dosage": ("hcpcs dosage",),
    "pkg_size": ("pkg size",),
    "pkg_qty": ("pkg qty",),
    "bill_units": ("billunits",),
    "bill_units_pkg": ("billunitspkg",),
}


def is_crosswalk(sheet: Sheet) -> bool:
    """Whether a sheet is the ASP crosswalk of NDC and HCPCS; those of OPPS, NOC and AWP are others."""
    return re.search(r"asp ndc ?- ?hcpcs crosswalk", sheet.head) is not None


def crosswalk(sheet: Sheet, edition: str | None) -> list[Table]:
    """Read the NDC to HCPCS crosswalk of a quarter; rows whose product number is not an NDC are left out.

    Raises ReferenceDataError for an unknown layout and a file cut off.
    """
    span = chosen(edition, effective(sheet.head), sheet.label)
    digits = text("ndc").str.replace_all("-", "")
    try:
        rows = titled(sheet, {"hcpcs": (f"_{span.first.year}_code", "hcpcs code", "_")} | CROSSWALK_TITLES)
        frame = rows.filter(text("hcpcs").str.contains(CODE) & digits.str.contains(r"^\d{11}$")).select(
            *(text(name) for name in ("hcpcs", "drug_name", "labeler", "dosage")),
            *(
                text(name).str.replace_all(",", "").cast(pl.Float64).round(6)
                for name in ("pkg_size", "pkg_qty", "bill_units", "bill_units_pkg")
            ),
            ndc11=digits,
            valid_from=pl.lit(span.first),
            valid_to=pl.lit(span.last),
        )
        table = Table(
            "ndc_hcpcs",
            span.name,
            frame.sort("ndc11", "hcpcs"),
            span.first,
            span.last,
            f"CMS ASP NDC-HCPCS crosswalk {span.name}",
            CMS,
            LICENCE,
        ).conformed()
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(
            f"{sheet.label}: a package or unit value is not a number; cut off or damaged"
        ) from None
    if sheet.cut or frame.is_empty():
        raise ReferenceDataError(f"{sheet.label}: no NDCs, or cut off; download it again")
    return [table]
