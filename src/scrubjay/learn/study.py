"""One study: remittances and acknowledgements read, matched with claims, and what was denied."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from scrubjay import policy as policies
from scrubjay.checker import shared_references
from scrubjay.errors import InputError
from scrubjay.learn import tally
from scrubjay.learn.claims import Claims, read_claims
from scrubjay.learn.decide import decide
from scrubjay.learn.denials import denied, services
from scrubjay.learn.match import Matching, match
from scrubjay.learn.nearest import nearest
from scrubjay.learn.predict import predicted
from scrubjay.learn.reading import Progress, Read, Source, read_all
from scrubjay.learn.rounds import rounds
from scrubjay.learn.store import Store
from scrubjay.policy import PolicySet
from scrubjay.refdata import References

_NEAREST_OF = 500
"""Payments without a claim for which the nearest claim is looked for."""


@dataclass(frozen=True)
class Study:
    """Everything a report on remittances is made of.

    ``standing``: one row per service that stands; ``denials``: one row per adjustment that denies; ``matching`` and
    ``near`` (nearest claim by claim payment) only where claims were given.
    """

    read: Read
    claims: Claims | None
    state: pl.DataFrame
    standing: pl.DataFrame
    denials: pl.DataFrame
    matching: Matching | None
    near: dict[int, dict[str, Any]]
    as_of: dt.date
    errors: list[InputError]
    policy: PolicySet
    forced: str | None = None

    @property
    def unbalanced(self) -> pl.DataFrame:
        """Return the defects that say that money does not add up."""
        return self.read.remits.defects.filter(pl.col("kind").str.ends_with("-balance"))

    def by(self, view: str) -> list[dict[str, Any]]:
        """Return counts and dollars by one of :data:`scrubjay.learn.tally.VIEWS`."""
        return tally.by(view, self.standing, self.denials)

    def totals(self) -> dict[str, Any]:
        """Return cents: ``charged`` and ``paid`` of all claim payments, ``denied``, and ``adjusted`` by reason.

        Reversals count negative, as they are written, so that charged less adjustments is paid.
        """
        remits = self.read.remits
        every = remits.adjustments.with_columns(pl.col("carc").fill_null("?"), pl.col("group").fill_null("?"))
        reasons = (
            every.group_by("carc")
            .agg(pl.col("amount_cents").sum())
            .sort("amount_cents", "carc", descending=[True, False])
        )
        grouped = every.group_by("group", "carc").agg(pl.col("amount_cents").sum()).sort("group", "carc")
        return {
            "charged": int(remits.claims["charge_cents"].sum()),
            "paid": int(remits.claims["paid_cents"].sum()),
            "denied": int(self.denials["amount_cents"].sum()),
            "by_carc": dict(reasons.iter_rows()),
            "by_group_and_carc": {f"{group}-{carc}": cents for group, carc, cents in grouped.iter_rows()},
        }


def study(
    remittances: Iterable[Source],
    *,
    claims: Sequence[str | os.PathLike[str]] = (),
    policy: str = "auto",
    policy_set: PolicySet | None = None,
    refs: References | None = None,
    as_of: dt.date | None = None,
    store: str | os.PathLike[str] | None = None,
    shadow: bool = False,
    progress: Progress | None = None,
) -> Study:
    """Read remittances, match them with ``claims`` (837P files or folders) and return what was denied.

    With a ``store`` (a folder) the files are added to it and the study is of all it holds.  ``shadow`` also looks for
    what edits that are off would find, for a scorecard; not with a store.

    The claims of a file are checked as of the day it was made (BHT04).  ``as_of`` (default today) is the day on which
    deadlines are looked at.  What cannot be read is among the errors; the rest is still read.
    """
    as_of = as_of or dt.date.today()  # noqa: DTZ011 - the day where the biller sits
    policy_set = policy_set if policy_set is not None else policies.load()
    refs = refs if refs is not None else shared_references()
    held = None
    if store is not None:
        keeper = Store(store)
        errors = keeper.add_remittances(remittances, progress)
        errors += keeper.add_claims(claims, policy=policy, policy_set=policy_set, refs=refs, as_of=as_of)
        read, held = keeper.remittances(), keeper.claims()
        return conclude(read, held, errors, policy=policy, policy_set=policy_set, refs=refs, as_of=as_of)
    read = read_all(remittances, progress)
    errors = list(read.errors)
    if claims:
        held, broken = read_claims(claims, policy=policy, policy_set=policy_set, refs=refs, as_of=as_of, shadow=shadow)
        errors += broken
    return conclude(read, held, errors, policy=policy, policy_set=policy_set, refs=refs, as_of=as_of)


def conclude(
    read: Read,
    held: Claims | None,
    errors: list[InputError],
    *,
    policy: str,
    policy_set: PolicySet,
    refs: References,
    as_of: dt.date,
) -> Study:
    """Match and judge what has been read."""
    remits = read.remits
    state = rounds(remits)
    forced = None if policy == "auto" else policy
    standing = services(remits, state, policy_set, forced)
    matching = match(held.tables, remits) if held is not None else None
    rows = denied(remits, standing, refs)
    rows = _claimed(rows, matching, held)
    rows = predicted(rows, standing, held.hits if held is not None else None, refs)
    rows = decide(rows, policy_set)
    near = {}
    if matching is not None and held is not None and len(matching.unmatched_payments):
        free = held.tables.keep(matching.unpaid_claims)
        near = nearest(matching.unmatched_payments.head(_NEAREST_OF), free, remits)
    return Study(read, held, state, standing, rows, matching, near, as_of, errors, policy_set, forced)


def _claimed(rows: pl.DataFrame, matching: Matching | None, held: Claims | None) -> pl.DataFrame:
    """Add the matched claim and line of each denial: ``claim_id``, ``line_id``, ``line`` (LX)."""
    if matching is None or held is None:
        return rows.with_columns(
            pl.lit(None, pl.UInt32).alias("claim_id"),
            pl.lit(None, pl.UInt32).alias("line_id"),
            pl.lit(None, pl.Int64).alias("line"),
        )
    of_claim = matching.matches.select("remit_claim_id", "claim_id").unique("remit_claim_id")
    of_line = matching.matches.select("remit_line_id", "line_id").drop_nulls()
    numbers = held.tables.lines.select("line_id", "line")
    return (
        rows.join(of_claim, on="remit_claim_id", how="left", maintain_order="left")
        .join(of_line, on="remit_line_id", how="left", maintain_order="left")
        .join(numbers, on="line_id", how="left", maintain_order="left")
    )
