"""What the payers answered to each line at first, before anything was corrected, resent or appealed."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from scrubjay.facts.claims import with_policy
from scrubjay.learn.match import Matching
from scrubjay.learn.reasons import DENIAL, classify
from scrubjay.learn.rounds import REVERSAL
from scrubjay.model import Tables
from scrubjay.model835 import Remits
from scrubjay.policy import PolicySet

UNIT = ["claim_id", "line_id"]
"""What is counted: a service line, or (``line_id`` null) a claim as a whole."""


@dataclass(frozen=True)
class Observed:
    """First answers.

    ``units``: ``claim_id``, ``line_id``, ``policy``, ``payer``, ``service_date``, ``charge_cents``, ``paid_cents``, ``denied``,
    ``denied_cents``, ``overturned`` (denied at first, paid in a later answer), ``rejected`` (given back by the front end, as
    a 277CA says); one row per answered line and one per answered claim.  ``reasons``: one row per unit and reason:
    ``group``, ``carc``, ``rarc``, ``cents``, ``reason_id``.  ``claims``: ``claim_id`` and ``policy`` of every claim, answered or
    not.
    """

    units: pl.DataFrame
    reasons: pl.DataFrame
    claims: pl.DataFrame

    @property
    def lines(self) -> pl.DataFrame:
        """Return the adjudicated lines."""
        return self.units.filter(pl.col("line_id").is_not_null() & ~pl.col("rejected"))


def observe(
    claims: Tables,
    remits: Remits,
    matching: Matching,
    policy: PolicySet,
    forced: str | None,
    acknowledgements: pl.DataFrame | None = None,
) -> Observed:
    """Return the first answers to the claims of a run; money in cents.

    A claim that no remittance answers and a 277CA rejects counts as rejected, every line of it.
    """
    owners = with_policy(claims.claims, policy, forced).select(
        "claim_id", "policy", payer=pl.coalesce("payer_name", "payer_id", pl.lit("unknown payer"))
    )
    answers = _answers(claims, remits, matching)
    first = answers.filter(pl.col("round") == pl.col("round").min().over("line_id"))
    reasons = _reasons(first, remits)
    lost = reasons.group_by(UNIT).agg(denied_cents=pl.col("cents").sum())
    later = (
        answers.filter(pl.col("round") > pl.col("round").min().over("line_id"))
        .group_by(UNIT)
        .agg(paid_later=(pl.col("paid_cents") > 0).any())
    )
    lines = (
        first.group_by(UNIT, maintain_order=True)
        .agg(pl.col("paid_cents").sum())
        .join(lost, on=UNIT, how="left", maintain_order="left")
        .join(later, on=UNIT, how="left", maintain_order="left")
        .join(claims.lines.select("line_id", "service_date", "charge_cents"), on="line_id", maintain_order="left")
        .with_columns(
            denied=pl.col("denied_cents").is_not_null(),
            denied_cents=pl.col("denied_cents").fill_null(0),
            overturned=pl.col("denied_cents").is_not_null() & pl.col("paid_later").fill_null(value=False),
        )
        .drop("paid_later")
    )
    whole = lines.group_by("claim_id", maintain_order=True).agg(
        pl.lit(None, dtype=pl.UInt32).alias("line_id"),
        pl.col("service_date").min(),
        pl.col("charge_cents", "paid_cents", "denied_cents").sum(),
        pl.col("denied", "overturned").any(),
    )
    columns = [*UNIT, "service_date", "charge_cents", "paid_cents", "denied", "denied_cents", "overturned"]
    paid = pl.concat([lines.select(columns), whole.select(columns)]).with_columns(rejected=pl.lit(False))
    given_back = _given_back(claims, lines, acknowledgements).select(*columns, "rejected")
    units = pl.concat([paid, given_back]).join(owners, on="claim_id", maintain_order="left")
    of_claims = reasons.with_columns(line_id=pl.lit(None, dtype=pl.UInt32))
    every = pl.concat([reasons, of_claims]).with_row_index("reason_id")
    return Observed(
        units, every.join(owners, on="claim_id", maintain_order="left"), owners.select("claim_id", "policy")
    )


def _given_back(claims: Tables, answered: pl.DataFrame, acknowledgements: pl.DataFrame | None) -> pl.DataFrame:
    """Return the units of the claims that a 277CA rejects and no remittance answers: each line, and the claim."""
    told = pl.DataFrame(schema={"claim": pl.String}) if acknowledgements is None else acknowledgements
    if acknowledgements is not None:
        told = told.filter(
            (pl.col("kind") == "277CA") & (pl.col("level") == "claim") & (pl.col("state") == "rejected")
        ).select("claim")
    rejected = (
        claims.claims.select("claim_id", "claim")
        .join(told.unique(), on="claim", how="semi", maintain_order="left")
        .join(answered, on="claim_id", how="anti", maintain_order="left")
        .select("claim_id")
    )
    lines = (
        claims.lines.select("claim_id", "line_id", "service_date", "charge_cents")
        .join(rejected, on="claim_id", how="semi", maintain_order="left")
        .with_columns(pl.col("charge_cents").fill_null(0))
    )
    whole = lines.group_by("claim_id", maintain_order=True).agg(
        pl.lit(None, dtype=pl.UInt32).alias("line_id"), pl.col("service_date").min(), pl.col("charge_cents").sum()
    )
    return pl.concat([lines, whole]).with_columns(
        paid_cents=pl.lit(0, dtype=pl.Int64),
        denied=pl.lit(True),
        denied_cents=pl.col("charge_cents"),
        overturned=pl.lit(False),
        rejected=pl.lit(True),
    )


def _answers(claims: Tables, remits: Remits, matching: Matching) -> pl.DataFrame:
    """Return ``claim_id``, ``line_id``, ``remit_claim_id``, ``remit_line_id``, ``round``, ``paid_cents``, reversals left out.

    A claim that was answered without service lines answers each of its lines, and pays them nothing of their own.
    """
    status = remits.claims.select("remit_claim_id", "status")
    rows = (
        matching.matches.join(status, on="remit_claim_id", maintain_order="left")
        .filter(pl.col("status").fill_null("") != REVERSAL)
        .select("claim_id", "line_id", "remit_claim_id", "remit_line_id", "round")
    )
    paid = remits.lines.select("remit_line_id", "paid_cents")
    of_lines = rows.filter(pl.col("line_id").is_not_null()).join(paid, on="remit_line_id", maintain_order="left")
    bare = rows.filter(pl.col("remit_line_id").is_null()).drop("line_id")
    spread = bare.join(claims.lines.select("claim_id", "line_id"), on="claim_id", maintain_order="left").with_columns(
        paid_cents=pl.lit(0, dtype=pl.Int64)
    )
    columns = ["claim_id", "line_id", "remit_claim_id", "remit_line_id", "round", "paid_cents"]
    return pl.concat([of_lines.select(columns), spread.select(columns)])


def _reasons(first: pl.DataFrame, remits: Remits) -> pl.DataFrame:
    """Return ``claim_id``, ``line_id``, ``group``, ``carc``, ``rarc``, ``cents`` of everything that denies.

    A denial of the claim as a whole falls on each of its lines that has no denial of its own and was paid nothing; its
    dollars are the line's charge there.
    """
    taken = classify(remits.adjustments).filter((pl.col("class") == DENIAL) & (pl.col("amount_cents") > 0))
    codes = remits.remarks.filter(pl.col("code").is_not_null())
    none = pl.lit([], dtype=pl.List(pl.String))
    line_codes = (
        codes.filter(pl.col("remit_line_id").is_not_null())
        .group_by("remit_line_id", maintain_order=True)
        .agg(rarc=pl.col("code"))
    )
    claim_codes = (
        codes.filter(pl.col("remit_line_id").is_null())
        .group_by("remit_claim_id", maintain_order=True)
        .agg(claim_rarc=pl.col("code"))
    )
    own = first.filter(pl.col("remit_line_id").is_not_null()).select(*UNIT, "remit_claim_id", "remit_line_id")
    by_line = own.join(
        taken.filter(pl.col("remit_line_id").is_not_null()).drop("remit_claim_id"),
        on="remit_line_id",
        maintain_order="left",
    )
    rest = first.filter(pl.col("paid_cents") == 0).join(by_line, on=UNIT, how="anti", maintain_order="left")
    of_claim = taken.filter(pl.col("remit_line_id").is_null()).drop("remit_line_id")
    by_claim = rest.select(*UNIT, "remit_claim_id", "remit_line_id").join(
        of_claim, on="remit_claim_id", maintain_order="left"
    )
    charges = remits.lines.select("remit_line_id", "charge_cents")
    by_claim = by_claim.join(charges, on="remit_line_id", how="left", maintain_order="left").with_columns(
        amount_cents=pl.coalesce("charge_cents", "amount_cents")
    )
    columns = [*UNIT, "remit_claim_id", "remit_line_id", "group", "carc", "amount_cents"]
    return (
        pl.concat([by_line.select(columns), by_claim.select(columns)])
        .join(line_codes, on="remit_line_id", how="left", maintain_order="left")
        .join(claim_codes, on="remit_claim_id", how="left", maintain_order="left")
        .with_columns(
            rarc=pl.concat_list(pl.col("rarc").fill_null(none), pl.col("claim_rarc").fill_null(none)).list.unique(
                maintain_order=True
            )
        )
        .select(*UNIT, "group", "carc", "rarc", cents="amount_cents")
    )
