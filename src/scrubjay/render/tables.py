"""The findings as a flat table: CSV for spreadsheets, Parquet for queries."""

from __future__ import annotations

from typing import IO

import polars as pl

from scrubjay.report import FINDING_FIELDS, Report

#: Columns of both tables: the fields of a finding, with ``fix`` opened into three.
COLUMNS = tuple(
    column
    for field in FINDING_FIELDS
    for column in (("fix_safety", "fix_text", "fix_patches") if field == "fix" else (field,))
)


def flat(report: Report) -> pl.DataFrame:
    """Return the findings with ``fix`` opened into ``fix_safety``, ``fix_text`` and ``fix_patches`` (JSON)."""
    fix = pl.col("fix").struct
    patches = fix.field("patches")
    encoded = pl.concat_str(
        pl.lit("["), patches.list.eval(pl.element().struct.json_encode()).list.join(", "), pl.lit("]")
    )
    return report.findings.with_columns(
        fix.field("safety").alias("fix_safety"),
        fix.field("text").alias("fix_text"),
        pl.when(patches.is_not_null()).then(encoded).alias("fix_patches"),
    ).select(COLUMNS)


def write_csv(report: Report, out: IO[bytes]) -> None:
    """Write the findings as CSV (UTF-8, LF, header row); lists are joined with ``;``."""
    joined = [
        pl.col("related_lines").cast(pl.List(pl.String)).list.join(";"),
        pl.col("rarc").list.join(";"),
        pl.col("sources").list.join("; "),
    ]
    flat(report).with_columns(joined).write_csv(out)


def write_parquet(report: Report, out: IO[bytes]) -> None:
    """Write the findings as Parquet (zstd); lists stay lists."""
    flat(report).write_parquet(out, compression="zstd")
