"""Pairs in which a small service is part of a larger one: when they hit, and how the hit is told."""

from __future__ import annotations

import re

import polars as pl

from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts


def shut() -> pl.Expr:
    """The pair is in force on the day and nothing on its lines opens it."""
    return applies_ncci() & pl.col("known") & ((pl.col("mi") == 0) | ~pl.col("bypassed"))


def opened_beside(t: Facts) -> pl.Expr:
    """The pair is open, but only by a modifier that does not set the column 2 service apart.

    That is one of the column 1 line, or an anatomic one of the column 2 line where the payer holds it for mere
    information.
    """
    informs = (pl.col("sw_anatomic_modifiers") == "informational") & t.pair_has_mod(2, "ANATOMIC")
    own = t.pair_has_mod(2, "NCCI_PROC") & ~(informs & ~t.pair_has_mod(2, "X59") & ~t.pair_has_mod(2, "GLOBAL"))
    of_partner = ~t.pair_has_mod(1, "X59") & ~own
    return applies_ncci() & pl.col("known") & (pl.col("mi") == 1) & pl.col("bypassed") & of_partner


def bundled(pairs: pl.LazyFrame, message: str, expected: str, doubtful: str = "") -> pl.LazyFrame:
    """Return one hit for each column 2 line, which is the one denied, naming all its column 1 lines.

    In the texts ``{0}`` stands for the column 1 codes and ``{1}`` for the column 2 code.  Pairs with ``doubt`` set are
    told by ``doubtful`` and are a warning at most; a line with a pair beyond doubt says nothing of the others.
    """
    if doubtful:
        certain = (~pl.col("doubt")).any().over("line_id_2")
        pairs = pairs.filter(certain != pl.col("doubt"))
    codes = pl.col("code_1").implode().over("line_id_2", mapping_strategy="join").list.unique().list.sort()
    told = merge_pairs(pairs.with_columns(codes_1=codes.list.join(", ")), on=2)
    text, cap = say(message), pl.lit(None, dtype=pl.String)
    if doubtful:
        text = pl.when("doubt").then(say(doubtful)).otherwise(text)
        cap = pl.when("doubt").then(pl.lit("warn"))
    return told.select(
        "claim_id",
        "line_id",
        "related",
        pl.col("line_id").alias("denied"),
        message=pl.concat_str(text, elsewhere(), pl.lit(".")),
        found=say("{1} with {0}, same patient, provider and day"),
        expected=say(expected),
        level_cap=cap,
    )


def say(template: str) -> pl.Expr:
    """Put the column 1 codes for ``{0}`` and the column 2 code for ``{1}``."""
    columns = [("codes_1", "code_2")[int(side)] for side in re.findall(r"\{([01])\}", template)]
    return pl.format(re.sub(r"\{[01]\}", "{}", template), *columns) if columns else pl.lit(template)
