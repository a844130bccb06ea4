"""Conditions and shapes of hits that many edits share."""

from __future__ import annotations

import polars as pl


def applies_ncci() -> pl.Expr:
    """The payer applies NCCI pairs, or nobody knows that it does not."""
    return pl.col("sw_ncci") != "false"


def merge_pairs(pairs: pl.LazyFrame, on: int) -> pl.LazyFrame:
    """Put all pairs of the line on one side together: one row a line, its partners in ``related``.

    ``on`` is the side the finding sits on; ``claim_id`` and ``line_id`` are its line, the columns of both sides stay
    (those of the other side are of its first line).
    """
    other = 3 - on
    partners = pairs.group_by(f"line_id_{on}").agg(pl.col(f"line_id_{other}").unique().sort().alias("related"))
    return (
        pairs.sort(f"line_id_{on}", f"line_id_{other}")
        .unique(f"line_id_{on}", keep="first", maintain_order=True)
        .join(partners, on=f"line_id_{on}", how="left", maintain_order="left")
        .with_columns(
            pl.col(f"claim_id_{on}").alias("claim_id"),
            pl.col(f"line_id_{on}").alias("line_id"),
        )
    )


def pair_hits(pairs: pl.LazyFrame, message: str, expected: str) -> pl.LazyFrame:
    """Return the hits of PTP pairs: they sit on the column 2 line, which is denied, and name the column 1 line.

    ``message`` has ``{0}`` and ``{1}`` for the column 1 and column 2 codes; where the other line is on another claim
    the message names that claim.
    """
    template = message.replace("{}", "{0}", 1).replace("{}", "{1}", 1)
    order = sorted((template.index(mark), side) for mark, side in (("{0}", "code_1"), ("{1}", "code_2")))
    text = pl.format(
        template.replace("{0}", "{}").replace("{1}", "{}") + "{}.", *(pl.col(side) for _, side in order), elsewhere()
    )
    return pairs.select(
        pl.col("claim_id_2").alias("claim_id"),
        pl.col("line_id_2").alias("line_id"),
        pl.concat_list("line_id_1").alias("related"),
        pl.col("line_id_2").alias("denied"),
        message=text,
        found=pl.format("{} with {}, same patient, provider and day", "code_2", "code_1"),
        expected=pl.format("one of them, or a modifier the table allows ({})", pl.lit(expected)),
    )


def elsewhere() -> pl.Expr:
    """Return `` (on claim X)`` where the column 1 line of a pair stands on another claim, else nothing."""
    return (
        pl.when(pl.col("claim_id_1") != pl.col("claim_id_2"))
        .then(pl.format(" (the other line is on claim {}, line {})", pl.col("claim_1"), pl.col("line_1")))
        .otherwise(pl.lit(""))
    )
