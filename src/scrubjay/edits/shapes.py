"""Queries that several families share: lines side by side, places a payer refuses, modifiers taken off a line."""

from __future__ import annotations

import polars as pl

from scrubjay.edits.words import elsewhere, merge_pairs
from scrubjay.refdata import References

_LINE = "line_id claim_id claim line code segment pos".split()
_SLOTS = ["mod1", "mod2", "mod3", "mod4"]


def beside(own: pl.LazyFrame, other: pl.LazyFrame) -> pl.LazyFrame:
    """Return ``own`` lines as ``*_2`` with each ``other`` line of the same patient, payer, day and provider as ``*_1``.

    The shape is that of ``t.pairs``, for services NCCI has no pair for; the switches are those of the own line.  The
    same provider is the same rendering clinician, or the same group and specialty.
    """
    keys = ["visit_id", "provider_key", "specialty_key"]
    right = other.select(*(pl.col(name).alias(f"{name}_1") for name in [*_LINE, *keys]))
    return (
        own.select(*(pl.col(name).alias(f"{name}_2") for name in [*_LINE, *keys]), pl.col("^sw_.*$"))
        .join(right, left_on="visit_id_2", right_on="visit_id_1")
        .filter(
            (pl.col("line_id_1") != pl.col("line_id_2"))
            & (
                (pl.col("provider_key_1") == pl.col("provider_key_2"))
                | ((pl.col("specialty_key_1") == pl.col("specialty_key_2")) & (pl.col("specialty_key_2") != 0))
            )
        )
    )


def billed_by_person(lines: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Drop the lines of a facility's own claim: an organisation's taxonomy bills and no rendering clinician is named."""
    organisations = refs.lazy("taxonomy").filter(pl.col("section") == "Non-Individual")
    own = organisations.select(billing_taxonomy="code", organisation=pl.lit(value=True))
    return lines.join(own, on="billing_taxonomy", how="left", maintain_order="left").filter(
        pl.col("organisation").is_null() | pl.col("rendering_npi").is_not_null()
    )


def at_place() -> dict[str, pl.Expr]:
    """Return ``segment`` and ``element`` of a line's place of service: SV105 where it is written, else CLM05-1."""
    own = pl.col("line_pos").is_not_null()
    return {
        "segment": pl.when(own).then(pl.col("segment")).otherwise(pl.col("claim_segment")),
        "element": pl.when(own).then(pl.lit("SV105")).otherwise(pl.lit("CLM05-1")),
    }


def spread_modifiers(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per modifier of the lines: ``line_id``, ``segment``, ``service_date``, ``slot`` 1 to 4, ``modifier``."""
    return (
        lines.select("line_id", "segment", "service_date", *_SLOTS)
        .unpivot(_SLOTS, index=["line_id", "segment", "service_date"], variable_name="slot", value_name="modifier")
        .filter(pl.col("modifier").is_not_null())
        .with_columns(pl.col("slot").str.slice(3).cast(pl.Int64))
        .sort("line_id", "slot")
    )


def of_group(modifiers: pl.LazyFrame, refs: References, group: str) -> pl.LazyFrame:
    """Add ``bad`` to spread modifiers: whether the modifier is in the group."""
    listed = refs.lazy("mod_groups").filter(pl.col("group") == group).select("modifier", bad=pl.lit(value=True))
    joined = modifiers.join(listed, on="modifier", how="left", maintain_order="left")
    return joined.with_columns(pl.col("bad").fill_null(value=False))


def taken_off(modifiers: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per line: its ``bad`` modifiers as words, where the first stands, and the patches that take them off.

    The modifiers behind a removed one move forward: the format has no gaps between them.
    """
    ordered = modifiers.with_columns(rank=(~pl.col("bad")).cast(pl.Int64).cum_sum().over("line_id"))
    kept = ordered.filter(~pl.col("bad")).select("line_id", slot="rank", new="modifier")
    rows = ordered.join(kept, on=["line_id", "slot"], how="left").with_columns(
        pl.col("new").fill_null(""), element=pl.format("SV101-{}", pl.col("slot") + 2)
    )
    changed = pl.col("new") != pl.col("modifier")
    patch = pl.struct("segment", "element", old="modifier", new="new")
    return (
        rows.sort("line_id", "slot")
        .group_by("line_id", maintain_order=True)
        .agg(
            pl.col("modifier").filter(pl.col("bad")).str.join(", ").alias("bad"),
            pl.col("element").filter(pl.col("bad")).first(),
            patch.filter(changed).alias("patches"),
        )
        .filter(pl.col("element").is_not_null())
    )


def merged_visits(pairs: pl.LazyFrame, on: int) -> pl.LazyFrame:
    """Put the pairs of each line together and add what the table leaves open.

    ``outcome`` is unknown where the undated edition does not say that the pair was in force on the day (``doubt`` says
    so in words); ``bypassed`` stays true only where every pair of the line is open to the payer's computer.
    """
    line = f"line_id_{on}"
    known, opened = pl.col("known").any().over(line), pl.col("bypassed").all().over(line)
    return merge_pairs(pairs.with_columns(known=known, bypassed=opened), on=on).with_columns(
        outcome=pl.when("known").then(pl.lit("hit")).otherwise(pl.lit("unknown")),
        doubt=pl.when("known").then(pl.lit("")).otherwise(pl.lit(" (the table held does not say since when)")),
    )


def injection_dies(pairs: pl.LazyFrame, why: str, expected: str) -> pl.LazyFrame:
    """Return the hits of visits in column 1: they sit on the injection, which is denied, and name the visits."""
    return merged_visits(pairs, on=2).select(
        "claim_id",
        "line_id",
        "related",
        "outcome",
        # A modifier that opens the pair lets the payer's computer pass what the manual does not allow.
        level_cap=pl.when("bypassed").then(pl.lit("warn")),
        denied="line_id",
        message=pl.format(
            "Injection {} beside visit {}{}: {}{}.", "code_2", "code_1", elsewhere(), pl.lit(why), "doubt"
        ),
        found=pl.format("{} with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit(expected),
    )
