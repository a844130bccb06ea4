"""What stands beside a line on its day: the substance of an injection, the other lines of its code, its own code."""

from __future__ import annotations

import polars as pl

from scrubjay.facts import Facts
from scrubjay.refdata import References

PRACTICE = ["visit_id", "practice"]
"""Patient, payer, day and practice: what is given and its administration are billed by one practice."""


def dated() -> pl.Expr:
    """The day of service is known."""
    return pl.col("service_date").is_not_null()


def on_dated_claims(t: Facts, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the rows on claims all of whose lines are dated: an undated line may be what seems to be missing."""
    undated = t.lines.filter(pl.col("service_date").is_null()).select("claim_id")
    return rows.filter(dated()).join(undated, on="claim_id", how="anti")


def no_drug(t: Facts) -> pl.Expr:
    """No drug stands on the day (any claim of the run) nor on another day of the claim, which is another mistake."""
    return ~t.visit_has("DRUG") & ~t.claim_has("DRUG")


def with_practice(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``practice``: the billing tax number, else the billing NPI."""
    return rows.with_columns(practice=pl.coalesce("billing_tin", "billing_npi", pl.lit("")))


def with_partners(rows: pl.LazyFrame, members: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the rows beside which a member of the same practice stands.

    Adds ``related`` (line_id of the members), ``partners`` (their codes in words) and ``partner_lines`` (how many).
    """
    rows = with_practice(rows)
    found = (
        with_practice(members.join(rows.select("visit_id"), on="visit_id", how="semi"))
        .sort("line_id")
        .group_by(PRACTICE)
        .agg(
            pl.col("line_id").alias("related"),
            pl.col("code").unique(maintain_order=True).str.join(", ").alias("partners"),
            pl.len().alias("partner_lines"),
        )
    )
    return rows.join(found, on=PRACTICE, how="inner")


def with_same_code(t: Facts, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``related``: the other lines of the same code, patient, provider and day."""
    others = t.lines.select("day_code_id", pl.col("line_id").alias("other")).join(
        rows.select("day_code_id", "line_id"), on="day_code_id"
    )
    found = (
        others.filter(pl.col("other") != pl.col("line_id"))
        .group_by("line_id")
        .agg(pl.col("other").sort().alias("related"))
    )
    return rows.join(found, on="line_id", how="left")


def surplus(rows: pl.LazyFrame, spoken_for: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the administration lines beyond what the ``spoken_for`` products of the same visit need, one unit each.

    ``turn`` counts the kept lines of a practice's visit from 0.
    """
    needed = (
        with_practice(spoken_for.join(rows.select("visit_id"), on="visit_id", how="semi"))
        .group_by(PRACTICE)
        .agg(pl.col("units").fill_null(1).sum().alias("needed"))
    )
    given = pl.col("units").fill_null(1).cum_sum().over(PRACTICE)
    return (
        with_practice(rows)
        .sort("code", "line_id")
        .with_columns(given=given)
        .join(needed, on=PRACTICE, how="left", maintain_order="left")
        .filter(pl.col("given") > pl.col("needed").fill_null(0))
        .with_columns(turn=pl.int_range(pl.len()).over(PRACTICE))
    )


def code_of(refs: References, group: str) -> pl.LazyFrame:
    """Return one row with ``right_code``: the first code of a group."""
    return refs.lazy("groups").filter(pl.col("group") == group).select(pl.col("low").min().alias("right_code"))


def patch(segment: str, element: str, old: pl.Expr, new: pl.Expr) -> pl.Expr:
    """Return one change of one element, as a struct."""
    return pl.struct(
        pl.col(segment).alias("segment"),
        pl.lit(element).alias("element"),
        old.cast(pl.String).alias("old"),
        new.cast(pl.String).alias("new"),
    )


def plural(count: str) -> pl.Expr:
    """Return ``unit`` for one and ``units`` for any other count."""
    return pl.when(pl.col(count) == 1).then(pl.lit("unit")).otherwise(pl.lit("units"))
