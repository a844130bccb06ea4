"""Add-on codes and their primary codes: the question that the general and the infusion edit both ask."""

from __future__ import annotations

import polars as pl

from scrubjay.edits.words import applies_ncci
from scrubjay.facts import Facts
from scrubjay.refdata import References

_FACILITY_ONLY = "facility only"
"""Note of rows that hold for outpatient hospital claims, not for professional ones."""

_CLOSED = 1
"""Type of an add-on code whose primary codes are all listed; a contractor may add to the lists of types 2 and 3."""

_SHOWN = 8
"""Primary codes named in a message."""


def addon_hits(t: Facts, refs: References, judged: pl.Expr) -> pl.LazyFrame:
    """Return the add-on lines among those ``judged`` that have no primary code on their day.

    A primary is a listed code of the same patient, payer and day by the same provider or the same practice, on any
    claim of the run.  Without one a line is a hit where the list is closed; where a contractor may add to it, the line
    is unknown if nothing else of the day could be the primary, else clear.  A primary on another day of the same claim
    makes the hit a warning: a few services run over midnight.  Days before the table begins are unknown.
    """
    table = refs.lazy("aoc").filter(pl.col("note").is_null() | (pl.col("note") != _FACILITY_ONLY))
    practice = pl.coalesce("billing_tin", "billing_npi").alias("practice")
    facts = ["claim_id", "line_id", "code", "service_date", "visit_id", "provider_key"]
    addons = table.select(code="addon").unique()
    is_addon = pl.col("code").is_in(refs.keys("aoc", "addon").implode())
    own = (
        t.lines.filter(is_addon & judged & applies_ncci() & pl.col("service_date").is_not_null())
        .select(*facts, practice)
        .join(addons, on="code", how="semi")
    )
    day, last = pl.col("service_date"), pl.min_horizontal("valid_to", "primary_to", "addon_to")
    in_force = (day >= pl.col("valid_from")) & (last.is_null() | (day <= last))
    listed = own.join(table, left_on="code", right_on="addon").filter(in_force)
    names = {"code": "partner", "line_id": "partner_id", "provider_key": "partner_key", "practice": "partner_practice"}

    def partners(rows: pl.LazyFrame, key: str) -> pl.LazyFrame:
        # Only the lines beside an add-on line are looked up: a join lays out all lines of its other side.
        return t.lines.join(rows.select(key), on=key, how="semi").select(*facts, practice).rename(names)

    near = (pl.col("provider_key") == pl.col("partner_key")) | (
        pl.col("practice") == pl.col("partner_practice")
    ).fill_null(value=False)
    shared = ["partner", "partner_id", "partner_key", "partner_practice"]

    of_day = partners(own, "visit_id").select("visit_id", *shared)
    paired = listed.join(of_day, left_on=["visit_id", "primary"], right_on=["visit_id", "partner"]).filter(near)
    bare = listed.join(paired.select("line_id").unique(), on="line_id", how="anti")

    of_claim = partners(bare, "claim_id").select("claim_id", *shared)
    another_day = bare.join(of_claim, left_on=["claim_id", "primary"], right_on=["claim_id", "partner"]).filter(near)
    possible = of_day.join(addons, left_on="partner", right_on="code", how="anti")
    some_primary = bare.filter(pl.col("type") != _CLOSED).join(possible, on="visit_id").filter(near)
    alone = (
        bare.group_by("line_id")
        .agg(
            pl.col("claim_id", "code", "service_date").first(),
            (pl.col("type") == _CLOSED).all().alias("closed"),
            pl.col("primary").unique().sort().alias("primaries"),
        )
        .join(another_day.select("line_id", moved=pl.lit(value=True)).unique(), on="line_id", how="left")
        .join(some_primary.select("line_id").unique(), on="line_id", how="anti")
    )
    return pl.concat([_told(alone), _before_the_table(own, refs)], how="diagonal")


def _told(alone: pl.LazyFrame) -> pl.LazyFrame:
    """Word the lines without a primary."""
    more = pl.col("primaries").list.len().cast(pl.Int64) - _SHOWN
    names = pl.concat_str(
        pl.col("primaries").list.head(_SHOWN).list.join(", "),
        pl.when(more > 0).then(pl.format(" and {} more", more)).otherwise(pl.lit("")),
    )
    moved = pl.col("moved").fill_null(value=False)
    without = pl.format("Add-on code {} has no primary code on its day ({})", "code", names)
    where = (
        pl.when(moved)
        .then(pl.lit("; the claim has one on another day."))
        .otherwise(pl.lit(": it is never paid alone."))
    )
    open_list = pl.format(
        "Add-on code {} stands alone; the payer names its primary codes, and no list of them is held.", "code"
    )
    return alone.select(
        "claim_id",
        "line_id",
        pl.col("line_id").alias("denied"),
        message=pl.when("closed").then(pl.concat_str(without, where)).otherwise(open_list),
        found=pl.format("{} without a primary code", "code"),
        expected=pl.when("closed").then(pl.format("one of {} by the same provider or practice on the day", names)),
        level_cap=pl.when(moved & pl.col("closed")).then(pl.lit("warn")),
        outcome=pl.when("closed").then(pl.lit("hit")).otherwise(pl.lit("unknown")),
    )


def _before_the_table(own: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Word the lines of days that the table does not reach back to."""
    first = min((e.valid_from for e in refs.editions("aoc") if e.valid_from), default=None)
    return own.filter(pl.col("service_date") < pl.lit(first, dtype=pl.Date)).select(
        "claim_id",
        "line_id",
        message=pl.format("Add-on code {}: the add-on table held does not reach back to {}.", "code", "service_date"),
        outcome=pl.lit("unknown"),
    )
