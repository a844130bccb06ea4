"""Amounts and numbers that a claim cannot hold."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References


def limit(refs: References, name: str) -> pl.LazyFrame:
    """Return the one row of a limit: ``low`` and ``high``."""
    return refs.lazy("limits").filter(pl.col("name") == name).select("low", "high")


def highest(refs: References, name: str) -> pl.Expr:
    """Return the upper end of a limit."""
    table = refs.frame("limits")
    return pl.lit(table["high"][table["name"].to_list().index(name)])


@edit(
    "CHG01",
    name="claim-charge-above-ceiling",
    category="rejection",
    grain="claim",
    refs=["limits"],
    element="CLM02",
    box="28",
    fix="review",
    source="First Coast on high-dollar claims",
)
def claim_charge_above_ceiling(t: Facts, refs: References) -> pl.LazyFrame:
    """The charge of a claim is higher than the payer's system holds.

    ## What it does
    Finds claims of more than $99,999.99.

    ## Why it matters
    The front end rejects the whole claim before anybody reads it.

    ## Fails
    claim dx=F10.20
    line 96372
    line J2315 units=380 mods=JZ charge=100000.00

    ## Passes
    claim dx=F10.20
    line 96372
    line J2315 units=380 mods=JZ charge=99900.00

    ## Fix
    Split the service over claims below the ceiling; 76 on the later ones and a note that says so, as the contractor
    asks.

    ## Payers
    Medicare; off elsewhere.
    """
    high = highest(refs, "claim_charge_cents")
    dollars = pl.format(
        "${}.{}", pl.col("charge_cents") // 100, (pl.col("charge_cents") % 100).cast(pl.String).str.zfill(2)
    )
    ceiling = pl.format("${}.{}", high // 100, (high % 100).cast(pl.String).str.zfill(2))
    return t.claims.filter(pl.col("charge_cents") > high).select(
        "claim_id",
        line_id=pl.lit(None, dtype=pl.UInt32),
        message=pl.format("The claim charges {} and this payer's system holds at most {}.", dollars, ceiling),
        found=dollars,
        expected=pl.format("at most {} a claim", ceiling),
    )


@edit(
    "CHG02",
    name="units-of-four-digits",
    category="hygiene",
    grain="line",
    needs=["units_milli"],
    refs=["limits"],
    element="SV104",
    box="24G",
    fix="review",
    confidence="partly",
    source="NCCI Policy Manual 2026 XII.D.7 (units above 999 on further lines)",
)
def units_of_four_digits(t: Facts, refs: References) -> pl.LazyFrame:
    """A line has more units than many forms and systems hold.

    ## What it does
    Finds lines of more than 999 units within the unit limit of their code. Units above the limit are another mistake
    (DRG07, DRG10).

    ## Why it matters
    The paper form and some payers hold three digits; the fourth is cut off or the line is rejected.

    ## Fails
    payer commercial
    claim dx=F20.9
    line 96372
    line J1944 units=1064

    ## Passes
    payer commercial
    claim dx=F20.9
    line 96372
    line J1944 units=882

    ## Fix
    Where the payer holds three digits, split the units: up to 999 on one line, the rest on a further line with 59 or
    XU, as CMS does it for hyaluronidase. The record must show the dose.
    """
    high = highest(refs, "line_units")
    too_many = pl.col("units_milli") > high * 1000
    usual = pl.col("mue_value").is_null() | (pl.col("units_milli") <= pl.col("mue_value").cast(pl.Int64) * 1000)
    counted = pl.col("unit_basis").fill_null("UN") == "UN"
    rows = t.lines.filter(too_many & counted & usual & ~pl.col("is_void"))
    return rows.select(
        "claim_id",
        "line_id",
        message=pl.format(
            "{} has {} units on one line; the paper form and some payers hold at most {}.", "code", _units(), high
        ),
        found=_units(),
        expected=pl.format("at most {} a line, where the payer asks for it", high),
    )


def _units() -> pl.Expr:
    return pl.coalesce(pl.col("units").cast(pl.String), (pl.col("units_milli") / 1000).cast(pl.String))
