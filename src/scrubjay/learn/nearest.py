"""The nearest claim to a payment that found none: what a person would look at first."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

import polars as pl

from scrubjay.model import Tables
from scrubjay.model835 import Remits

_LIKE = 0.75
"""Control numbers this alike are worth a look even when nothing else agrees (a mistyped digit, a lost prefix)."""

_MOST_COMPARED = 300_000
"""Pairs of control numbers compared letter by letter at most."""

_TOO_COMMON = 200
"""Claims that share two facts at most; what more of them share tells none of them apart."""


def nearest(payments: pl.DataFrame, claims: Tables, remits: Remits) -> dict[int, dict[str, Any]]:
    """Return per claim payment without a claim the claim that agrees with it most, and in what.

    ``payments`` are rows of the claim payments.  Facts compared: charge, first day, member number, first code, and how
    alike the control numbers are.
    """
    if not len(payments) or not len(claims.claims):
        return {}
    sent_lines = claims.lines.group_by("claim_id", maintain_order=True).agg(
        pl.col("service_date").min().alias("day"), pl.col("code").first()
    )
    sent = claims.claims.join(sent_lines, on="claim_id", how="left").select(
        "claim_id", "claim", pl.col("charge_cents").alias("charge"), "day", pl.col("member_id").alias("member"), "code"
    )
    paid_lines = remits.lines.group_by("remit_claim_id", maintain_order=True).agg(
        pl.col("service_date").min().alias("line_day"), pl.coalesce("submitted_code", "code").first().alias("code")
    )
    paid = payments.join(paid_lines, on="remit_claim_id", how="left").select(
        "remit_claim_id", pl.col("claim").alias("number"), pl.col("charge_cents").abs().alias("charge"),
        pl.coalesce("line_day", "from_date").alias("day"), pl.col("member_id").alias("member"), "code",
    )  # fmt: skip
    found = [
        paid.join(sent.filter(pl.len().over(keys) <= _TOO_COMMON), on=keys, suffix="_sent").select(
            "remit_claim_id", "claim_id"
        )
        for keys in (["charge", "day"], ["member", "day"], ["member", "charge"], ["charge", "code"])
    ]
    pairs = pl.concat([*found, _alike(paid, sent)]).unique()
    joined = pairs.join(paid, on="remit_claim_id").join(sent, on="claim_id", suffix="_sent")
    facts = {
        name: (pl.col(name) == pl.col(f"{name}_sent")).fill_null(value=False)
        for name in ("charge", "day", "member", "code")
    }
    scored = joined.with_columns(pl.sum_horizontal(f.cast(pl.Int8) for f in facts.values()).alias("agreeing")).with_columns(
        agree=pl.concat_list(
            [pl.when(expr).then(pl.lit(name)) for name, expr in facts.items()]
        ).list.drop_nulls()
    )  # fmt: skip
    likeness = [
        round(SequenceMatcher(None, a or "", b or "", autojunk=False).ratio(), 3)
        for a, b in scored.select("number", "claim").iter_rows()
    ]
    best = (
        scored.with_columns(pl.Series("likeness", likeness, dtype=pl.Float64))
        .sort("remit_claim_id", "agreeing", "likeness", "claim_id")
        .unique("remit_claim_id", keep="last", maintain_order=True)
    )
    return {
        row["remit_claim_id"]: {"claim": row["claim"], "claim_id": row["claim_id"], "agrees": row["agree"], "likeness": row["likeness"]}
        for row in best.iter_rows(named=True)
    }  # fmt: skip


def _alike(paid: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Return pairs whose control numbers are alike; nothing where that would be too many comparisons."""
    rows: list[tuple[int, int]] = []
    if len(paid) * len(sent) <= _MOST_COMPARED:
        numbers = [(i, n) for i, n in sent.select("claim_id", "claim").iter_rows() if n]
        for own, number in paid.select("remit_claim_id", "number").iter_rows():
            if not number:
                continue
            matcher = SequenceMatcher(None, "", number, autojunk=False)
            best, chosen = _LIKE, None
            for claim_id, name in numbers:
                matcher.set_seq1(name)
                if matcher.real_quick_ratio() >= best and matcher.quick_ratio() >= best and matcher.ratio() >= best:
                    best, chosen = matcher.ratio(), claim_id
            if chosen is not None:
                rows.append((own, chosen))
    return pl.DataFrame(rows, schema={"remit_claim_id": pl.UInt32, "claim_id": pl.UInt32}, orient="row")
