"""The money at risk: Medicare's allowed amount where its schedule is the payer's, the charge everywhere else."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import find_rows, rows_at
from scrubjay.model import Tables
from scrubjay.policy import PolicySet
from scrubjay.pricing.estimate import priced_lines, with_basis
from scrubjay.pricing.schedule import TABLES, schedule
from scrubjay.refdata import References

CHARGE = "charge"

SWITCH = "fee_schedule"
"""The switch of a policy that says whose fee schedule the payer pays by."""


def with_estimates(
    findings: pl.DataFrame, tables: Tables, claims: pl.DataFrame, refs: References, policy: PolicySet
) -> pl.DataFrame:
    """Replace ``at_risk_cents`` by the estimate where there is one and set ``amount_basis``.

    ``claims`` are the claims with their ``policy``.  Only claims with money at risk are priced.
    """
    if findings["at_risk_cents"].null_count() == len(findings):
        return findings
    at_risk = findings.filter(pl.col("at_risk_cents").is_not_null())
    if not all(refs.has(name) for name in TABLES):
        return findings
    lines = _lines(at_risk, tables, claims, policy, refs)
    plan = schedule(refs)
    if plan is None or lines.is_empty():
        return findings
    owners = lines.select("line_id", "claim_id", "charge_cents")
    prices = priced_lines(lines, plan)
    # Most lines are priced for the sum of their claim only, and need no words of their own.
    own = prices.filter(pl.col("allowed_cents").is_not_null()).join(
        at_risk.select(line_id="risk_line"), on="line_id", how="semi"
    )
    per_line = with_basis(own, plan).select(risk_line="line_id", line_cents="allowed_cents", line_basis="basis")
    whole = (
        owners.join(prices.select("line_id", "allowed_cents"), on="line_id", maintain_order="left")
        .group_by("claim_id")
        .agg(
            claim_cents=pl.coalesce("allowed_cents", "charge_cents").sum(),
            priced=pl.col("allowed_cents").is_not_null().sum(),
            lines=pl.len(),
        )
        .filter(pl.col("priced") > 0)
        .with_columns(
            claim_basis=pl.when(pl.col("priced") == pl.col("lines"))
            .then(pl.lit("estimate: sum of what Medicare allows for the lines"))
            .otherwise(
                pl.format("estimate: what Medicare allows for {} of {} lines, charges for the rest", "priced", "lines")
            )
        )
        .select("claim_id", "claim_cents", "claim_basis")
    )
    of_claim = pl.col("risk_line").is_null()
    cents = pl.when(of_claim).then("claim_cents").otherwise("line_cents")
    basis = pl.when(of_claim).then("claim_basis").otherwise("line_basis")
    risky = pl.col("at_risk_cents").is_not_null()
    return (
        findings.join(per_line, on="risk_line", how="left", maintain_order="left")
        .join(whole, on="claim_id", how="left", maintain_order="left")
        .with_columns(
            at_risk_cents=pl.when(risky).then(pl.coalesce(cents, "at_risk_cents")),
            amount_basis=pl.when(risky).then(pl.when(cents.is_not_null()).then(basis).otherwise(pl.lit(CHARGE))),
        )
        .drop("line_cents", "line_basis", "claim_cents", "claim_basis")
    )


_COLUMNS = (
    "line_id claim_id code mod1 mod2 mod3 mod4 units_milli charge_cents service_date line_pos line_rendering_npi "
    "line_rendering_taxonomy"
).split()
_OF_CLAIM = {
    name: "claim_pos" if name == "pos" else name
    for name in "policy rendering_npi billing_npi rendering_taxonomy billing_taxonomy pos facility_zip billing_zip".split()
}


@lru_cache(maxsize=16)
def _spans(policy: PolicySet) -> pl.DataFrame:
    """Return policy, first and last day of the policies that pay by Medicare's schedule."""
    rows = policy.switches()
    return rows.filter((pl.col("name") == SWITCH) & (pl.col("value") == "medicare")).select(
        "policy", pays_from="valid_from", pays_to="valid_to"
    )


def _lines(
    at_risk: pl.DataFrame, tables: Tables, claims: pl.DataFrame, policy: PolicySet, refs: References
) -> pl.DataFrame:
    """Return all lines of the claims at risk that are paid by the schedule, with what their price depends on."""
    spans = _spans(policy)
    lines = tables.lines
    # The line that would be denied may stand on another claim than the finding.
    elsewhere = lines["claim_id"][find_rows(lines["line_id"], at_risk["risk_line"])]
    rows = pl.concat([find_rows(claims["claim_id"], ids) for ids in (elsewhere, at_risk["claim_id"])]).drop_nulls()
    wanted = np.zeros(len(claims), dtype=bool)
    wanted[rows.to_numpy()] = True
    wanted &= claims["policy"].is_in(spans["policy"].unique().to_list()).to_numpy()
    owner = np.searchsorted(claims["claim_id"].to_numpy(), lines["claim_id"].to_numpy())
    at = np.flatnonzero(wanted[owner])
    if not len(at):
        return pl.DataFrame()
    own = [column.alias(_OF_CLAIM[column.name]) for column in rows_at(claims, list(_OF_CLAIM), owner[at])]
    day = pl.col("service_date")
    priced = (
        pl.DataFrame([*rows_at(lines, _COLUMNS, at), *own])
        .lazy()
        .filter(day.is_not_null())
        .join(spans.lazy(), on="policy", maintain_order="left")
        .filter(
            (pl.col("pays_from").is_null() | (pl.col("pays_from") <= day))
            & (pl.col("pays_to").is_null() | (pl.col("pays_to") >= day))
        )
    )
    places = refs.lazy("pos").select("pos", "facility")
    return (
        priced.with_columns(pos=pl.coalesce("line_pos", "claim_pos"), zip=pl.coalesce("facility_zip", "billing_zip"))
        .join(places, on="pos", how="left", maintain_order="left")
        .with_columns(
            pl.col("facility").fill_null(value=False),
            provider=pl.coalesce("line_rendering_npi", "rendering_npi", "billing_npi"),
            taxonomy=pl.when(pl.col("line_rendering_npi").is_not_null())
            .then("line_rendering_taxonomy")
            .when(pl.col("rendering_npi").is_not_null())
            .then("rendering_taxonomy")
            .otherwise("billing_taxonomy"),
        )
        .collect(engine="in-memory")
    )
