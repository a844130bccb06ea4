"""Which claim payment still stands: reversals, new adjudications, splits and duplicates of the same claim.

A payer corrects itself by a reversal (CLP02 22, all amounts negated) and a new claim payment.  Some send the new one
alone.  A payer may also split one claim over several claim payments, which all stand.  A denial as a duplicate says
nothing of the claim it repeats.
"""

from __future__ import annotations

import polars as pl

from scrubjay.model835 import Remits

REVERSAL = "22"
DUPLICATE_CARC = "18"

_SAME = ["claim", "payer", "member_id"]
"""What claim payments of one claim by one payer have in common."""

_MOST = 1000
"""Payments under one number at most: what more of them share is no claim's number."""

STATES = ("current", "reversed", "reversal", "superseded", "duplicate")


def rounds(remits: Remits) -> pl.DataFrame:
    """Return per claim payment its ``state`` and ``round``.

    ``state``: current (it stands), reversed (taken back later), reversal (takes another back), superseded (adjudicated
    anew without a reversal), duplicate (denied as a copy of another).  ``round`` counts the payments of the claim by this
    payer, in order of payment day and file.
    """
    claims = (
        remits.claims.join(
            remits.payments.select("payment_id", "payment_date", "payer_id", "payer_name"), on="payment_id", how="left"
        )
        .with_columns(
            pl.coalesce("payer_id", pl.col("payer_name").str.to_uppercase(), pl.lit("")).alias("payer"),
            # A reversal has lost whether it was the primary payer who paid; forwarded claims count with theirs.
            pl.col("status").replace({"19": "1", "20": "2", "21": "3", "4": "1"}).alias("class"),
        )
        .with_columns(
            # A reversal may leave the member out: where only one is known for the number, it is his.
            pl.col("member_id")
            .fill_null(
                pl.when(pl.col("member_id").n_unique().over("claim", "payer") <= 2).then(
                    pl.col("member_id").max().over("claim", "payer")
                )
            )
            .fill_null("")
        )
        .sort("payment_date", "remit_claim_id", nulls_last=False)
    )
    several = claims.group_by(_SAME).len("n").filter(pl.col("n").is_between(2, _MOST) & pl.col("claim").is_not_null())
    numbered = claims.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(_SAME).alias("round"),
        pl.when(pl.col("status") == REVERSAL).then(pl.lit("reversal")).otherwise(pl.lit("current")).alias("state"),
    ).with_columns(pl.when(pl.col("claim").is_null()).then(1).otherwise("round").cast(pl.UInt32).alias("round"))
    repeated = numbered.join(several.select(_SAME), on=_SAME, how="semi", maintain_order="left")
    if not len(repeated):
        return numbered.select("remit_claim_id", "state", "round").sort("remit_claim_id")
    changed = _settle(repeated, remits)
    return (
        numbered.join(changed, on="remit_claim_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("settled", "state").alias("state"))
        .select("remit_claim_id", "state", "round")
        .sort("remit_claim_id")
    )


def _settle(repeated: pl.DataFrame, remits: Remits) -> pl.DataFrame:
    """Walk the claims that were paid more than once; they are few beside the rest."""
    ids = repeated.select("remit_claim_id")
    lines = remits.lines.join(ids, on="remit_claim_id", how="semi").with_columns(
        pl.coalesce("line_control", pl.lit("")).alias("control"),
        pl.coalesce("submitted_code", "code", pl.lit("")).alias("sent"),
    )
    keys: dict[int, set[tuple[object, ...]]] = {}
    for owner, control, code, day in lines.select("remit_claim_id", "control", "sent", "service_date").iter_rows():
        keys.setdefault(owner, set()).add((control, code, day))
    reasons: dict[int, set[str]] = {}
    taken = remits.adjustments.join(ids, on="remit_claim_id", how="semi")
    for owner, carc in taken.select("remit_claim_id", "carc").iter_rows():
        reasons.setdefault(owner, set()).add(carc or "")
    settled: dict[int, str] = {}
    columns = ["remit_claim_id", "status", "class", "charge_cents", "paid_cents", "payer_control", "from_date"]
    for _, group in repeated.group_by(_SAME, maintain_order=True):
        earlier: list[dict[str, object]] = []
        for row in group.select(columns).iter_rows(named=True):
            own = int(row["remit_claim_id"])
            row["lines"] = keys.get(own, set())
            if row["status"] == REVERSAL:
                back = _taken_back(row, [e for e in earlier if int(str(e["remit_claim_id"])) not in settled])
                if back is not None:
                    settled[back] = "reversed"
                continue
            if reasons.get(own) == {DUPLICATE_CARC} and earlier:
                settled[own] = "duplicate"
                continue
            for e in earlier:
                number = int(str(e["remit_claim_id"]))
                if number not in settled and e["class"] == row["class"] and _same_services(e, row):
                    settled[number] = "superseded"
            earlier.append(row)
    return pl.DataFrame(
        {"remit_claim_id": list(settled), "settled": list(settled.values())},
        schema={"remit_claim_id": pl.UInt32, "settled": pl.String},
    )


def _taken_back(reversal: dict[str, object], standing: list[dict[str, object]]) -> int | None:
    """Return the latest standing payment whose charge the reversal negates: of the same payer's number if there is one."""
    negated = [e for e in standing if _minus(e["charge_cents"]) == reversal["charge_cents"]]
    same = [e for e in negated if e["payer_control"] == reversal["payer_control"]]
    paid = [e for e in same or negated if _minus(e["paid_cents"]) == reversal["paid_cents"]]
    found = paid or same or negated
    return int(str(found[-1]["remit_claim_id"])) if found else None


def _minus(cents: object) -> object:
    return -cents if isinstance(cents, int) else None


def _same_services(one: dict[str, object], two: dict[str, object]) -> bool:
    """Say whether two payments are of the same services: lines in common, or without lines the same charge and day."""
    if one["lines"] or two["lines"]:
        assert isinstance(one["lines"], set)
        assert isinstance(two["lines"], set)
        return bool(one["lines"] & two["lines"])
    return one["charge_cents"] == two["charge_cents"] and one["from_date"] == two["from_date"]
