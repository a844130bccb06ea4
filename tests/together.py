"""Many cases in one interchange: every case keeps to itself, with patients and claim numbers of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time

from scrubjay.cases import Case
from scrubjay.io.records import Transaction
from scrubjay.io.write837 import Delimiters, Interchange, render, segments


def together(cases: Sequence[Case], day: date) -> bytes:
    """Return undamaged cases as one interchange; the claims of case ``k`` are called ``k:...``."""
    sets = []
    for number, case in enumerate(cases):
        assert not case.damage, case.text
        for transaction in case.transactions:
            claims = tuple(
                replace(
                    claim,
                    id=f"{number}:{claim.id}",
                    subscriber=replace(claim.subscriber, member_id=f"{claim.subscriber.member_id}X{number}"),
                )
                for claim in transaction.claims
            )
            sets.append(Transaction(claims, control=f"{len(sets) + 1:04d}"))
    # The claim numbers hold a colon.
    return render(segments(Interchange(tuple(sets), datetime.combine(day, time(8)))), Delimiters(component=">"), "\n")
