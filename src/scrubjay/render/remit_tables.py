"""Denials as a flat table: CSV for spreadsheets, Parquet for queries."""

from __future__ import annotations

from typing import IO

import polars as pl

from scrubjay.learn.study import Study
from scrubjay.report import money

COLUMNS = (
    "claim line line_control code modifiers payer policy provider date paid_on charged paid group carc rarc amount reading edit edits "
    "basis warned action appealable why pair_with pair_indicator mue mai deadline deadline_step deadline_why appeal_by payer_control "
    "trace transaction file segment"
).split()
"""One row per adjustment that denies; money is decimal strings."""


def flat(study: Study) -> pl.DataFrame:
    """Return the denials in the columns of both tables."""
    names = pl.DataFrame(
        {"file": range(len(study.read.files)), "file_name": [f["file"] for f in study.read.files]},
        schema={"file": pl.UInt32, "file_name": pl.String},
    )
    return (
        study.denials.join(names, on="file", how="left", maintain_order="left")
        .with_columns(
            pl.col("file_name").alias("file"),
            pl.col("service_date").alias("date"),
            pl.when(pl.col("indicator").is_not_null()).then("partner").alias("pair_with"),
            pl.col("indicator").alias("pair_indicator"),
            money(pl.col("charge_cents")).alias("charged"),
            money(pl.col("paid_cents")).alias("paid"),
            money(pl.col("amount_cents")).alias("amount"),
        )
        .select(COLUMNS)
    )


def write_csv(study: Study, out: IO[bytes]) -> None:
    """Write the denials as CSV (UTF-8, LF, header row); lists are joined with ``;``."""
    lists = [pl.col(name).list.join(";") for name in ("modifiers", "rarc", "edits")]
    flat(study).with_columns(lists).write_csv(out)


def write_parquet(study: Study, out: IO[bytes]) -> None:
    """Write the denials as Parquet (zstd); lists stay lists."""
    flat(study).write_parquet(out, compression="zstd")
