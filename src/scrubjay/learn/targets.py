"""What a finding says will be denied: one row per finding and the line, or the claim, that it is about to lose."""

from __future__ import annotations

import polars as pl

from scrubjay.learn.shadow import OFF
from scrubjay.model import Tables

TARGET_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "claim_id": pl.UInt32,
    "line_id": pl.UInt32,
    "edit": pl.String,
    "level": pl.String,
    "category": pl.String,
    "carc": pl.String,
    "rarc": pl.List(pl.String),
}
"""A null ``line_id`` means the whole claim; ``level`` is off where the payer's policy does not show the finding."""

LEVELS = ("deny", "warn", "info", OFF)
"""From the strongest to none at all."""


def targets_of(findings: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return the hits of a check as rows of :data:`TARGET_SCHEMA`, each edit once a line at its strongest level.

    The line is the one that this payer denies, else the finding's own.
    """
    own = findings.filter((pl.col("outcome") == "hit") & pl.col("claim_id").is_not_null())
    rows = own.select(
        "claim_id", pl.coalesce("denied_line", "line").alias("number"), "edit", "level", "category", "carc", "rarc"
    )
    numbers = tables.lines.select("claim_id", number="line", line_id="line_id").unique(
        ["claim_id", "number"], keep="first", maintain_order=True
    )
    rank = pl.col("level").replace_strict({name: k for k, name in enumerate(LEVELS)}, return_dtype=pl.Int8)
    return (
        rows.join(numbers, on=["claim_id", "number"], how="left", maintain_order="left")
        .sort(rank, maintain_order=True)
        .unique(["claim_id", "line_id", "edit"], keep="first", maintain_order=True)
        .select(pl.col(name).cast(dtype) for name, dtype in TARGET_SCHEMA.items())
        .sort("claim_id", "line_id", "edit", nulls_last=False)
    )


def only_off(shadow: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a check with nothing off that the real check does not show, at level off."""
    return shadow.join(shown, on=["claim_id", "edit"], how="anti", maintain_order="left").with_columns(
        pl.lit(OFF).alias("level")
    )
