"""The packaged tables about denials: what a reason code is, what is usually done about it, how long there is."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources

import polars as pl


@lru_cache(maxsize=8)
def table(name: str) -> pl.DataFrame:
    """Return ``reasons``, ``readings`` or ``deadlines``; an empty cell is null."""
    text = resources.files("scrubjay.learn").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return pl.DataFrame(
        [{k: v or None for k, v in row.items()} for row in rows], schema=dict.fromkeys(rows[0], pl.String)
    )


DENIAL = "denial"


def classify(adjustments: pl.DataFrame) -> pl.DataFrame:
    """Add ``class`` and ``action`` of each adjustment by its reason.

    ``class``: price (contract or law), patient (deductible, coinsurance, copayment), prior (another payer's part), info,
    denial.  A reason that the table does not know is a denial to look at.  Group CR corrects an earlier payment and
    denies nothing.
    """
    known = table("reasons").select(pl.col("carc"), pl.col("class"), pl.col("action"))
    return adjustments.join(known, on="carc", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("group") == "CR")
        .then(pl.lit("info"))
        .otherwise(pl.col("class").fill_null(DENIAL))
        .alias("class"),
        pl.col("action").fill_null("review"),
    )
