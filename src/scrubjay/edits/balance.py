"""Charges: the claim's total and the sum of its lines."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References


@edit(
    "BAL01",
    name="charges-do-not-balance",
    category="rejection",
    grain="claim",
    needs=["charge_cents"],
    element="CLM02",
    box="28",
    fix="advice",
    source=[
        "ASC X12N 005010X222A1, 2300 CLM02: the sum of all SV102 of the claim",
        "X12 277CA: claim total does not balance",
    ],
)
def charges_do_not_balance(t: Facts, refs: References) -> pl.LazyFrame:
    """The total of a claim is not the sum of its lines.

    ## What it does
    Adds the line charges to the cent and compares the sum with the total. Where a line's charge cannot be read the claim
    cannot be judged.

    ## Why it matters
    The front end refuses a claim that does not balance: a line is missing, or an amount was changed in one place only.

    ## Fails
    claim charge=185.01
    line 99213
    line 93000 charge=35

    ## Passes
    claim charge=185
    line 99213
    line 93000 charge=35

    ## Fix
    Find the line that is missing or wrong; the total follows from the lines, never the other way.
    """
    total, unread = pl.col("charge_cents"), pl.col("unread_charges")
    known = unread == 0
    return (
        t.claims.filter((pl.col("line_count") > 0) & ((unread > 0) | (total != pl.col("lines_cents"))) & total.is_not_null())
        .select(
            "claim_id",
            line_id=pl.lit(None, dtype=pl.UInt32),
            outcome=pl.when(known).then(pl.lit("hit")).otherwise(pl.lit("unknown")),
            message=pl.when(known)
            .then(
                pl.format(
                    "The claim says {} in all and its lines ({}) come to {}: it does not balance.",
                    _dollars(total), "line_count", _dollars(pl.col("lines_cents")),
                )
            )
            .otherwise(pl.lit("Whether the claim balances cannot be judged: a line's charge cannot be read.")),
            found=pl.format("CLM02 {}", _dollars(total)),
            expected=pl.when(known).then(_dollars(pl.col("lines_cents"))).otherwise(pl.lit("line charges that can be read")),
        )
    )  # fmt: skip


def _dollars(cents: pl.Expr) -> pl.Expr:
    """Return cents as dollars with two decimals."""
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    part = (cents.abs() % 100).cast(pl.String).str.pad_start(2, "0")
    return pl.concat_str(sign, (cents.abs() // 100).cast(pl.String), pl.lit("."), part)
