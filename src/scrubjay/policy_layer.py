"""What a policy file says, once read: dated settings, the claims it is chosen for, and who wins on which day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

Kind = Literal["rule", "switch"]
PRACTICE_FILE = "scrubjay.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One dated value: the level of an edit (``rule``) or a parameter that several edits read (``switch``).

    ``key`` is an edit code, a prefix of codes ending in ``*``, or a switch name; ``start`` and ``end`` are both inside
    the interval, null where it is open. ``scope`` is the policy a practice rule is limited to, else empty. ``expires`` is
    the last day of judgement on which a practice's entry holds, ``owner`` who decides anew then.
    """

    kind: Kind
    key: str
    value: str
    start: date | None
    end: date | None
    origin: str
    reason: str
    source: str
    scope: str = ""
    number: int = 0
    owner: str = ""
    expires: date | None = None

    @property
    def exact(self) -> bool:
        """Say whether the key is one name and not a prefix."""
        return not self.key.endswith("*")

    def matches(self, key: str) -> bool:
        """Say whether the setting speaks of this edit or switch."""
        return key == self.key if self.exact else key.startswith(self.key[:-1])

    def covers(self, day: date) -> bool:
        """Say whether the day lies inside the interval."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def expired(self, as_of: date) -> bool:
        """Say whether the entry holds no more on the day of judgement."""
        return self.expires is not None and as_of > self.expires

    def overlaps(self, other: Setting) -> bool:
        """Say whether some day lies inside both intervals."""
        starts = [s.start for s in (self, other) if s.start is not None]
        ends = [s.end for s in (self, other) if s.end is not None]
        return not starts or not ends or max(starts) <= min(ends)

    def span(self) -> str:
        """Return the interval in words."""
        match (self.start, self.end):
            case (None, None):
                return "always"
            case (None, end):
                return f"up to {end}"
            case (start, None):
                return f"from {start}"
            case (start, end):
                return f"{start} to {end}"


@dataclass(frozen=True, slots=True)
class Selector:
    """The claims a policy is chosen for: payer ids, name patterns, SBR09 values.

    ``filing`` chooses by SBR09 alone (a line of business). ``when_filing`` settles which of several policies that share
    an id or a name is meant. ``user`` marks a practice's own file, which is asked before the packaged ones.
    """

    policy: str
    ids: frozenset[str] = frozenset()
    names: tuple[re.Pattern[str], ...] = ()
    filing: frozenset[str] = frozenset()
    when_filing: frozenset[str] = frozenset()
    user: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a switch may be set to and what it means."""

    allowed: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Position:
    """One answer to a question on which the sources disagree.

    ``settings`` maps edits (their level), ``EDIT.parameter`` and switches to the values that make it hold; ``finds``
    says what comes of the question's claim then, in the notation of the case pages without ``# expect``.
    """

    says: str
    source: str
    settings: Mapping[str, str]
    finds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers and a claim, in case notation, on which they find different things.

    ``policy`` is the one the claim falls under, ``on`` a day whose default matters (null: any).
    """

    asks: str
    policy: str
    on: date | None
    claim: str
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A place where the sources contradict each other: ``state`` open or settled, ``outcome`` what is done about it."""

    number: int
    title: str
    state: str
    outcome: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One file. A payer file holds one policy; a practice file holds settings over all policies and may add policies.

    ``defines`` maps each new policy to its label and the policy it extends.
    """

    origin: str
    practice: bool
    defines: Mapping[str, tuple[str, str]]
    selectors: tuple[Selector, ...]
    settings: tuple[Setting, ...]
    declares: Mapping[str, Declaration] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of days on which one setting wins; null ends are open."""

    start: date | None
    end: date | None
    winner: Setting


def timeline(strongest_first: Sequence[Setting]) -> list[Interval]:
    """Split time where a setting begins or ends and give each stretch to the strongest setting that covers it.

    The intervals come in order, never overlap, and neighbours differ in their winner. A stretch that nothing covers is
    left out.
    """
    cuts: set[date | None] = {None}
    for setting in strongest_first:
        if setting.start is not None:
            cuts.add(setting.start)
        if setting.end is not None and setting.end < date.max:
            cuts.add(setting.end + timedelta(days=1))
    edges = sorted(cuts, key=lambda day: day or date.min)
    intervals: list[Interval] = []
    for index, edge in enumerate(edges):
        day = edge or date.min
        winner = next((s for s in strongest_first if s.covers(day)), None)
        if winner is None:
            continue
        after = edges[index + 1] if index + 1 < len(edges) else None
        end = None if after is None else after - timedelta(days=1)
        if intervals and intervals[-1].winner is winner and intervals[-1].end == (edge and edge - timedelta(days=1)):
            intervals[-1] = Interval(intervals[-1].start, end, winner)
        else:
            intervals.append(Interval(edge, end, winner))
    return intervals
