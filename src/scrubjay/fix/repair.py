"""Apply what is safe and what a person accepted until nothing changes, and judge the result before anyone keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from scrubjay.fix.document import Document
from scrubjay.fix.patches import Acceptance, Proposal, Refused, matched, proposals, unmet
from scrubjay.fix.placing import Placed, conflict, place, write
from scrubjay.fix.rebalance import follow
from scrubjay.report import Report

Judge = Callable[[bytes], Report]
"""Checks the bytes of an input: the same policy, day and references every time."""

ROUNDS = 8
"""Rounds after which a fix that still changes something is given up: a form that is mended stays mended."""

_ATTEMPTS = 4
"""How often the work is begun anew without patches that would have brought a new finding."""


class Broken(Exception):
    """The input cannot be read whole; the report says where."""

    def __init__(self, report: Report) -> None:
        super().__init__("the input cannot be read whole")
        self.report = report


@dataclass(frozen=True)
class Change:
    """One segment that a round changed: its number and text before, its text after (None: dropped), and what did it."""

    segment: int
    before: bytes
    after: bytes | None
    separator: int
    placed: tuple[Placed, ...]


@dataclass(frozen=True)
class Held:
    """A safe proposal that was not applied, and why."""

    proposal: Proposal
    why: str


@dataclass
class Repair:
    """What was done: the new bytes, the reports before and after, the changes in order, and what was left alone."""

    data: bytes
    before: Report
    after: Report
    changes: list[Change] = field(default_factory=list)
    applied: list[Placed] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    @property
    def waiting(self) -> list[Proposal]:
        """Proposals of the result that only a person may accept."""
        return [p for p in proposals(self.after) if p.safety == "review"]


def repair(data: bytes, file: str, judge: Judge, acceptances: Sequence[Acceptance] = ()) -> Repair:
    """Return the input with every safe patch and every accepted one applied.

    A safe patch after which the file would show a finding that it does not show now is held back.  Raises :class:`Broken`
    for an input that cannot be read whole, and :class:`Refused` where an accepted patch cannot be applied, meets another one
    or brings a new finding.
    """
    before = judge(data)
    if before.errors:
        raise Broken(before)
    barred: dict[tuple[object, ...], Held] = {}
    for _ in range(_ATTEMPTS):
        done = _settle(data, file, judge, before, acceptances, barred)
        new = new_findings(before, done.after, done.applied)
        if new.is_empty():
            return done
        blamed = _blamed(new, done)
        if not blamed:
            raise Refused(f"nothing was written: the result would have a finding more, {_named(new)}")
        barred |= blamed
    raise Refused(f"nothing was written: the result keeps having a finding more, {_named(new)}")


def _settle(
    data: bytes,
    file: str,
    judge: Judge,
    before: Report,
    acceptances: Sequence[Acceptance],
    barred: dict[tuple[object, ...], Held],
) -> Repair:
    """Apply round after round until nothing is left to apply."""
    done = Repair(data, before, before, held=list(barred.values()))
    open_ = dict.fromkeys(acceptances)
    skipped = set(barred)
    for _ in range(ROUNDS):
        found = proposals(done.after)
        accepted = matched(open_, found)
        asked = {id(p): replace(p, safety="review") for p in accepted.values()}
        chosen = [asked.get(id(p), p) for p in found if id(p) in asked or (p.safety == "safe" and p.key not in skipped)]
        document = Document(done.data, file)
        placed, held = _agreed(document, chosen)
        done.held += held
        skipped |= {h.proposal.key for h in held}
        if not placed:
            break
        placed += follow(document, placed)
        _refuse_conflict(placed)
        new = write(document, placed)
        done.changes += _changes(document, new, placed)
        done.applied += placed
        done.data = document.changed(new)
        done.after = judge(done.data)
        if done.after.errors:
            raise Refused(f"nothing was written: the result could not be read ({done.after.errors[0]['message']})")
        taken = {id(one.cause) for one in placed}
        for acceptance, proposal in accepted.items():
            if id(asked[id(proposal)]) in taken:
                del open_[acceptance]
    else:
        raise Refused(f"nothing was written: after {ROUNDS} rounds there is still something to change")
    for acceptance in open_:
        raise Refused(unmet(acceptance, done.after))
    return done


def _agreed(document: Document, chosen: Sequence[Proposal]) -> tuple[list[Placed], list[Held]]:
    """Place the chosen proposals; safe ones that do not fit or contradict each other are held, accepted ones refused."""
    found: list[Placed] = []
    held: list[Held] = []
    for proposal in chosen:
        try:
            found += place(document, proposal)
        except Refused as refusal:
            if proposal.safety != "safe":
                raise
            held.append(Held(proposal, str(refusal)))
    while (pair := conflict(found)) is not None:
        if any(one.cause.safety != "safe" for one in pair):
            _refuse_conflict(list(pair))
        why = f"{pair[0].cause.place} and {pair[1].cause.place} change one element to different values"
        held += [Held(one.cause, why) for one in pair]
        found = [one for one in found if one.cause not in (pair[0].cause, pair[1].cause)]
    return _first_come(found), held


def _first_come(placed: Sequence[Placed]) -> list[Placed]:
    """Leave out proposals that change a further component of an element that another one changes.

    Modifiers move up when one is taken off, so two such proposals do not fit together; the second is made anew from the
    result of the first, in the next round.  Two findings with the same remedy are settled together.
    """
    owners: dict[tuple[int, int], Proposal] = {}
    late: set[int] = set()
    for one in placed:
        for number in one.segments:
            element = one.address.element if one.address is not None else 0
            owner = owners.setdefault((number, element), one.cause)
            if owner is not one.cause and owner.patches != one.cause.patches:
                late.add(id(one.cause))
    return [one for one in placed if id(one.cause) not in late]


def _refuse_conflict(placed: Sequence[Placed]) -> None:
    pair = conflict(placed)
    if pair is not None:
        one, other = pair
        raise Refused(
            f"nothing was written: {one.cause.place} and {other.cause.place} both change {other.patch.element or 'a line'} "
            f"of segment {other.patch.segment}, to different values; accept one, look at the result, then accept the other"
        )


def _changes(document: Document, new: dict[int, bytes | None], placed: Sequence[Placed]) -> list[Change]:
    """Return what a round does to each segment, in the order of the file."""
    by_segment: dict[int, list[Placed]] = {}
    for one in placed:
        for number in one.segments:
            by_segment.setdefault(number, []).append(one)
    out = []
    for number in sorted(new):
        segment, causes = document.segment(number), by_segment[number]
        if segment is not None:
            out.append(Change(number, segment.written, new[number], segment.delimiters.element, tuple(causes)))
    return out


# ---- judging the result


def new_findings(before: Report, after: Report, applied: Sequence[Placed] = ()) -> pl.DataFrame:
    """Return the findings of the result that the input did not have.

    Findings are compared by claim, line and edit, not by their place in the file, and as often as they occur; an undecided
    one that becomes a hit is new.  Lines of claims that lost a line have new numbers, so those compare by claim and edit.
    """
    shifted = {one.cause.claim_id for one in applied if one.address is None}
    keys = ["claim_id", "line", "edit"]

    def counted(report: Report, *, hits: bool) -> Counter[tuple[object, ...]]:
        rows = report.findings.filter(pl.col("outcome") == "hit") if hits else report.findings
        return Counter(
            (claim, None if claim in shifted else line, edit) for claim, line, edit in rows.select(keys).iter_rows()
        )

    more: set[tuple[object, ...]] = set()
    for hits in (True, False):
        more |= set(counted(after, hits=hits) - counted(before, hits=hits))
    own = [
        (claim, None if claim in shifted else line, edit) in more
        for claim, line, edit in after.findings.select(keys).iter_rows()
    ]
    return after.findings.filter(pl.Series(own, dtype=pl.Boolean))


def _blamed(new: pl.DataFrame, done: Repair) -> dict[tuple[object, ...], Held]:
    """Return the safe proposals that brought the new findings; none where an accepted one may have."""
    blamed: dict[tuple[object, ...], Held] = {}
    for (claim,), rows in new.group_by(["claim_id"], maintain_order=True):
        own = [one.cause for one in done.applied if one.cause.claim_id == claim]
        # Who rendered a service also decides what belongs together in other claims of the day.
        own = own or [one.cause for one in done.applied if one.patch.element == "NM109"]
        if not own or any(cause.safety != "safe" for cause in own):
            return {}
        why = f"the result would have a finding more, {_named(rows)}"
        blamed |= {cause.key: Held(cause, why) for cause in own}
    return blamed


def _named(new: pl.DataFrame) -> str:
    """Return ``NDC05 warn claim 26-1 line 3: ...`` of the first new finding, and how many more there are."""
    row = new.row(0, named=True)
    claim = f" claim {row['claim']}" if row["claim"] is not None else ""
    line = f" line {row['line']}" if row["line"] is not None else ""
    more = f" (and {new.height - 1} more)" if new.height > 1 else ""
    return f"{row['edit']} {row['level']}{claim}{line}: {row['message'].rstrip('.')}{more}"
