"""The money at risk: Medicare's allowed amount where its schedule is the payer's, the charge everywhere else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import (
    Ints,
    day_number,
    days,
    distinct,
    filled,
    find_rows,
    first_known,
    known,
    rows_at,
    where_known,
)
from scrubjay.io.columns import masked
from scrubjay.model import Tables
from scrubjay.policy import PolicySet
from scrubjay.pricing.basis import Prices, basis_of
from scrubjay.pricing.estimate import priced_lines
from scrubjay.pricing.schedule import schedule
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
    risky, of_claim = known(findings["at_risk_cents"]), ~known(findings["risk_line"])
    line_at = filled(find_rows(tables.lines["line_id"], findings["risk_line"]), -1)
    claim_at = filled(find_rows(claims["claim_id"], findings["claim_id"]), -1)
    owner = np.searchsorted(claims["claim_id"].to_numpy(), tables.lines["claim_id"].to_numpy())
    wanted = np.zeros(len(claims), dtype=bool)
    wanted[claim_at[risky & (claim_at >= 0)]] = True
    # The line that would be denied may stand on another claim than the finding.
    wanted[owner[line_at[risky & (line_at >= 0)]]] = True
    rows = _paid_by_schedule(np.flatnonzero(wanted[owner]), owner, tables.lines, claims, policy)
    # Without a line to price the schedule is not even laid out.
    plan = schedule(refs) if len(rows) else None
    if plan is None:
        return findings
    lines = _lines(tables.lines, rows, claims, owner[rows], refs)
    prices = priced_lines(lines, plan)
    place = np.full(len(tables.lines) + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    priced_at = place[line_at]
    by_line = np.flatnonzero(risky & ~of_claim & (priced_at >= 0) & prices.known[priced_at])
    sums = _Sums.of(lines, prices, owner[rows], len(claims))
    by_claim = np.flatnonzero(risky & of_claim & (claim_at >= 0) & (sums.priced[claim_at] > 0))

    cents = filled(findings["at_risk_cents"], 0).copy()
    cents[by_line] = prices.cents[priced_at[by_line]]
    cents[by_claim] = sums.cents[claim_at[by_claim]]
    # Most lines are priced for the sum of their claim only, and need no words of their own.
    line_words, line_word = basis_of(prices, priced_at[by_line], plan)
    claim_words, claim_word = sums.basis(claim_at[by_claim])
    word = np.where(risky, 1, 0)
    word[by_line] = 2 + line_word
    word[by_claim] = 2 + len(line_words) + claim_word
    words = pl.Series([None, CHARGE, *line_words, *claim_words], dtype=pl.String)
    told = {
        "at_risk_cents": masked(cents, risky).alias("at_risk_cents"),
        "amount_basis": words[pl.Series(word.astype(np.uint32))].alias("amount_basis"),
    }
    return pl.DataFrame([told.get(column.name, column) for column in findings])


@dataclass(frozen=True, eq=False)
class _Sums:
    """Of each claim: the sum of the allowed amounts, of the charges for lines without one, and how many have one."""

    cents: Ints
    priced: Ints
    lines: Ints

    @classmethod
    def of(cls, lines: pl.DataFrame, prices: Prices, owner: Ints, count: int) -> _Sums:
        """Add up the lines of each of ``count`` claims."""
        sums = cls(*(np.zeros(count, dtype=np.int64) for _ in range(3)))
        np.add.at(sums.cents, owner, np.where(prices.known, prices.cents, filled(lines["charge_cents"], 0)))
        np.add.at(sums.priced, owner, prices.known.astype(np.int64))
        np.add.at(sums.lines, owner, 1)
        return sums

    def basis(self, at: Ints) -> tuple[list[str], Ints]:
        """Return the distinct words of some claims' sums, and which of them each has."""
        counts, index = np.unique((self.lines[at] << 32) + self.priced[at], return_inverse=True)
        return [_sum_words(k & 0xFFFFFFFF, k >> 32) for k in counts.tolist()], index


def _sum_words(priced: int, lines: int) -> str:
    if priced == lines:
        return "estimate: sum of what Medicare allows for the lines"
    return f"estimate: what Medicare allows for {priced} of {lines} lines, charges for the rest"


_Span = tuple[dt.date | None, dt.date | None]


@lru_cache(maxsize=16)
def _spans(policy: PolicySet) -> dict[str, list[_Span]]:
    """Return first and last days of paying by Medicare's schedule, of the policies that do."""
    spans: dict[str, list[_Span]] = {}
    rows = policy.switches().filter((pl.col("name") == SWITCH) & (pl.col("value") == "medicare"))
    for name, first, last in rows.select("policy", "valid_from", "valid_to").iter_rows():
        spans.setdefault(name, []).append((first, last))
    return spans


def _paid_by_schedule(rows: Ints, owner: Ints, lines: pl.DataFrame, claims: pl.DataFrame, policy: PolicySet) -> Ints:
    """Return those of some lines whose payer pays by the schedule on their day."""
    spans = _spans(policy)
    names, of_claim = distinct(claims["policy"])
    used = of_claim[owner[rows]]
    dates = lines["service_date"][pl.Series(rows.astype(np.uint32))]
    dated, day = known(dates), days(dates)
    paid = np.zeros(len(rows), dtype=bool)
    for k, name in enumerate(names):
        for first, last in spans.get(name, ()):
            begun = True if first is None else day >= day_number(first)
            paid |= dated & (used == k) & begun & (True if last is None else day <= day_number(last))
    return rows[paid]


_COLUMNS = "line_id claim_id code mod1 mod2 mod3 mod4 units_milli charge_cents service_date".split()
_OWN = "line_pos line_rendering_npi line_rendering_taxonomy".split()
_OF_CLAIM = "rendering_npi billing_npi rendering_taxonomy billing_taxonomy pos facility_zip billing_zip".split()


def _lines(lines: pl.DataFrame, rows: Ints, claims: pl.DataFrame, owner: Ints, refs: References) -> pl.DataFrame:
    """Return some lines with what their price depends on; ``owner`` is where the claim of each stands."""
    own = dict(zip(_OWN, rows_at(lines, _OWN, rows), strict=True))
    of_claim = dict(zip(_OF_CLAIM, rows_at(claims, _OF_CLAIM, owner), strict=True))
    clinician = where_known(of_claim["rendering_npi"], of_claim["rendering_taxonomy"], of_claim["billing_taxonomy"])
    rendering = first_known(of_claim["rendering_npi"], of_claim["billing_npi"])
    kinds, kind = distinct(first_known(own["line_pos"], of_claim["pos"]))
    facilities = _facilities(refs)
    return pl.DataFrame(
        [
            *rows_at(lines, _COLUMNS, rows),
            pl.Series("facility", np.array([k in facilities for k in kinds])[kind]),
            first_known(of_claim["facility_zip"], of_claim["billing_zip"]).alias("zip"),
            where_known(own["line_rendering_npi"], own["line_rendering_taxonomy"], clinician).alias("taxonomy"),
            first_known(own["line_rendering_npi"], rendering).alias("provider"),
        ]
    )


@lru_cache(maxsize=4)
def _facilities(refs: References) -> frozenset[str]:
    """Return the places of service that are facilities."""
    return frozenset(refs.frame("pos").filter("facility")["pos"])
