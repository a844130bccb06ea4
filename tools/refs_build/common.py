"""What every part of the reference build shares: reading, dates, the licences."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from scrubjay.refimport.editions import named

PUBLIC = "US government work, public domain"
CPT = "US government work; CPT codes copyright American Medical Association, no descriptors included"
X12 = "code list of X12, codes and dates only; wording by the project, Apache-2.0"
OWN = "by the project, Apache-2.0"

LEVEL_1 = r"^\d{4}[0-9A-Z]$"
LEVEL_2 = r"^[A-Z]\d{4}$"


@dataclass(frozen=True)
class Sources:
    """The three folders a build reads."""

    data: Path
    domain: Path
    tables: Path


def read(path: Path) -> pl.DataFrame:
    """Read a CSV, gzipped or not, with every value as text; an empty value is null."""
    frame = pl.read_csv(path, infer_schema=False)
    return frame.with_columns(pl.all().str.strip_chars()).with_columns(
        pl.when(pl.all() != "").then(pl.all()).name.keep()
    )


def date(column: str) -> pl.Expr:
    """Parse an ISO date column; null stays null, anything else that is no date stops the build."""
    return pl.col(column).str.to_date("%Y-%m-%d", strict=True)


def quarter(name: str) -> tuple[dt.date, dt.date]:
    """Return the first and last day of ``2026q2``."""
    span = named(name)
    if span is None:
        raise ValueError(name)
    return span.first, span.last
