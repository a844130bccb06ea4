"""What was denied, one row per adjustment that denies: who, what, why, how much, and what can be done."""

from __future__ import annotations

import polars as pl

from scrubjay.facts.claims import with_policy
from scrubjay.learn.limits import partners, unit_limits
from scrubjay.learn.reasons import DENIAL, classify, table
from scrubjay.model835 import Remits
from scrubjay.policy import PolicySet
from scrubjay.refdata import References

_TOLD_BY_REMARK = "the remark code says"
"""In the wording of a reason that means nothing without its remark."""

COUNTED = ("current", "duplicate")
"""States of a claim payment whose denials count: what was reversed or adjudicated anew does not."""


def services(remits: Remits, state: pl.DataFrame, policy: PolicySet, forced: str | None) -> pl.DataFrame:
    """Return one row per service that stands: each service payment, and each claim payment without any.

    The facts of payment, claim and line that every count is made of; money in cents.  ``paid_on`` is the day of the
    payment, ``month`` its month as ``2026-03``.
    """
    payments = remits.payments.select(
        "payment_id", "payer_name", "payer_id", "payee_name", "payee_npi", "trace",
        pl.coalesce("payment_date", "production_date").alias("paid_on"),
    )  # fmt: skip
    claims = (
        remits.claims.join(payments, on="payment_id", how="left")
        .join(state, on="remit_claim_id", how="left")
        .filter(pl.col("state").is_in(COUNTED))
    )
    claims = with_policy(claims, policy, forced).select(
        "remit_claim_id", "payment_id", "file", "transaction", "claim", "status", "payer_name", "payer_id", "payee_name",
        "payee_npi", "trace", "payer_control", "pos", "from_date", "received_date", "paid_on", "policy", "state", "round", "filing_code",
        pl.col("rendering_npi").alias("claim_npi"), pl.col("charge_cents").alias("claim_charge"),
        pl.col("paid_cents").alias("claim_paid"), pl.col("segment").alias("claim_segment"),
    )  # fmt: skip
    mods = pl.concat_list(
        pl.when(pl.col("submitted_code").is_not_null()).then(pl.col(f"submitted_mod{k}")).otherwise(pl.col(f"mod{k}"))
        for k in range(1, 5)
    )
    lines = remits.lines.with_columns(
        pl.coalesce("submitted_code", "code").alias("code"),
        pl.when(pl.col("submitted_code") != pl.col("code")).then("code").alias("paid_as"),
        mods.list.drop_nulls().alias("modifiers"),
        pl.coalesce("submitted_units_milli", "units_milli").alias("units_milli"),
    ).select(
        "remit_claim_id", "remit_line_id", "position", "code", "paid_as", "modifiers", "units_milli", "charge_cents", "paid_cents",
        "allowed_cents", "service_date", "line_control", "rendering_npi", "segment",
    )  # fmt: skip
    return (
        claims.join(lines, on="remit_claim_id", how="left", maintain_order="left_right")
        .with_columns(
            pl.coalesce("service_date", "from_date").alias("service_date"),
            pl.coalesce("rendering_npi", "claim_npi", "payee_npi").alias("provider"),
            pl.when(pl.col("remit_line_id").is_null()).then("claim_charge").otherwise("charge_cents").alias("charge_cents"),
            pl.when(pl.col("remit_line_id").is_null()).then("claim_paid").otherwise("paid_cents").alias("paid_cents"),
            pl.coalesce("segment", "claim_segment").alias("segment"),
            pl.col("paid_on").dt.strftime("%Y-%m").alias("month"),
            pl.coalesce("payer_name", "payer_id", pl.lit("unknown payer")).alias("payer"),
        )
        .drop("claim_charge", "claim_paid", "claim_segment", "claim_npi")
    )  # fmt: skip


def denied(remits: Remits, standing: pl.DataFrame, refs: References) -> pl.DataFrame:
    """Return the denials among the services that stand, in the order of the files.

    One row per adjustment of class denial with an amount above zero; ``rarc`` are the remarks of the line, else of the
    claim.  Added: ``reading`` (what happened, in words), ``partner``, ``indicator``, ``mue``, ``mai``.
    """
    taken = classify(remits.adjustments.rename({"position": "triple"})).filter(
        (pl.col("class") == DENIAL) & (pl.col("amount_cents") > 0)
    )
    of_line = taken.filter(pl.col("remit_line_id").is_not_null()).join(
        standing.drop("remit_claim_id", "segment"), on="remit_line_id"
    )
    # A denial of a whole claim has no line: code and provider are those of the claim, if it has just one service.
    heads = standing.unique("remit_claim_id", keep="first", maintain_order=True)
    several = standing.group_by("remit_claim_id").len("services")
    single = pl.col("services") == 1
    heads = (
        heads.join(several, on="remit_claim_id")
        .with_columns(
            *(
                pl.when(single).then(name).alias(name)
                for name in ("code", "paid_as", "modifiers", "units_milli", "line_control")
            ),
            pl.lit(None, pl.UInt32).alias("position"),
        )
        .drop("services", "segment", "remit_line_id")
    )
    of_claim = taken.filter(pl.col("remit_line_id").is_null()).join(heads, on="remit_claim_id")
    rows = (
        pl.concat([of_line, of_claim], how="diagonal")
        .sort("segment", "triple", maintain_order=True)
        .sort("remit_claim_id", maintain_order=True)
    )
    rows = rows.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("denial_id"))
    rows = _with_remarks(rows, remits)
    rows = rows.join(
        partners(rows, standing.select("remit_claim_id", "service_date", "code").drop_nulls("code"), refs),
        on="denial_id", how="left", maintain_order="left",
    ).join(unit_limits(rows, refs), on="denial_id", how="left", maintain_order="left")  # fmt: skip
    return _with_reading(rows, refs)


def _with_remarks(rows: pl.DataFrame, remits: Remits) -> pl.DataFrame:
    """Add ``rarc``: the remark codes of the line, and those of its claim."""
    codes = remits.remarks.filter(pl.col("code").is_not_null())
    line = (
        codes.drop_nulls("remit_line_id")
        .group_by("remit_line_id", maintain_order=True)
        .agg(pl.col("code").alias("of_line"))
    )
    claim = (
        codes.filter(pl.col("remit_line_id").is_null())
        .group_by("remit_claim_id", maintain_order=True)
        .agg(pl.col("code").alias("of_claim"))
    )
    none = pl.lit([], dtype=pl.List(pl.String))
    return (
        rows.join(line, on="remit_line_id", how="left", maintain_order="left")
        .join(claim, on="remit_claim_id", how="left", maintain_order="left")
        .with_columns(
            pl.concat_list(pl.col("of_line").fill_null(none), pl.col("of_claim").fill_null(none))
            .list.unique(maintain_order=True)
            .alias("rarc")
        )
        .drop("of_line", "of_claim")
    )


def _with_reading(rows: pl.DataFrame, refs: References) -> pl.DataFrame:
    """Add ``reading``, the denial in words and codes, and ``meaning``, its reason and remarks alone in words."""
    words: dict[tuple[str | None, str | None, str | None], str] = {
        (r["carc"], r["rarc"], r["partner"]): r["words"] for r in table("readings").iter_rows(named=True)
    }
    wording = {name: _wordings(refs, name) for name in ("carc", "rarc")}
    keys = ["group", "carc", "rarc", "is_visit", "partner"]
    distinct = rows.select(keys).unique(maintain_order=True)
    readings, meanings = [], []

    def said(carc: str | None, rarcs: list[str], side: str | None) -> str:
        tried = [(carc, r, s) for s in dict.fromkeys((side, None)) for r in (*rarcs, None)]
        tried.sort(key=lambda key: key[1] is None)
        found = next((words[key] for key in tried if key in words), None)
        if found is not None:
            return found
        plain = wording["carc"].get(carc or "") or "a reason that the packaged list does not word"
        told = [w for r in rarcs if (w := wording["rarc"].get(r)) and not w.startswith("notice")]
        if not told:
            return plain
        return told[0] if _TOLD_BY_REMARK in plain else f"{plain}; {told[0]}"

    for group, carc, rarcs, is_visit, partner in distinct.iter_rows():
        beside = f" ({partner})" if partner else ""
        codes = f"{group or '?'}-{carc or '?'}" + (f" with {', '.join(rarcs)}" if rarcs else "")
        readings.append(f"{said(carc, rarcs, 'visit' if is_visit else None)}{beside}: {codes}")
        meanings.append(said(carc, rarcs, None))
    return rows.join(
        distinct.with_columns(
            pl.Series("reading", readings, dtype=pl.String), pl.Series("meaning", meanings, dtype=pl.String)
        ),
        on=keys, how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip


def _wordings(refs: References, name: str) -> dict[str, str]:
    if not refs.has(name):
        return {}
    frame = refs.frame(name).filter(pl.col("wording").is_not_null()).select("code", "wording")
    return dict(frame.iter_rows())
