"""The level of every edit under every payer policy by day, laid out for look-up."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scrubjay.facts.gather import Ints, day_number, distinct_numbers
from scrubjay.facts.steps import EVER, steps_of
from scrubjay.policy import PolicySet

LEVELS = ("info", "warn", "deny")
"""Levels from the weakest to the strongest."""

OFF = -1
"""The rank of an edit that a policy does not use."""


class Levels:
    """The stretches of days in which a policy gives an edit one level; they cover all time."""

    def __init__(self, policy: PolicySet, codes: tuple[str, ...]) -> None:
        rows = policy.rules(codes).select("policy", "edit", "level", "valid_from").rows()
        self._place = {pair: k for k, pair in enumerate(sorted({(owner, edit) for owner, edit, *_ in rows}))}
        key = np.array([self._place[owner, edit] for owner, edit, *_ in rows], dtype=np.int64)
        start = np.array([EVER if day is None else day_number(day) for *_, day in rows], dtype=np.int64)
        self._steps, order = steps_of(key, start)
        rank = {"off": OFF} | {name: k for k, name in enumerate(LEVELS)}
        # The last one stands for a pair that no policy speaks of.
        self._ranks = np.append(np.array([rank[level] for *_, level, _ in rows], dtype=np.int64)[order], OFF)
        self.used = frozenset((owner, edit) for owner, edit, level, _ in rows if level != "off")
        """The (policy, edit) pairs that are not off for ever."""

    def ranks(self, policies: list[str], policy_ix: Ints, edits: list[str], edit_ix: Ints, day: Ints) -> Ints:
        """Return the rank of rows of a policy and an edit (index into the names) on a day; :data:`OFF` for a stranger."""
        both, row = distinct_numbers(policy_ix * len(edits) + edit_ix)
        place = np.array(
            [self._place.get((policies[k // len(edits)], edits[k % len(edits)]), -1) for k in both.tolist()],
            dtype=np.int64,
        )[row]
        return self._ranks[self._steps.at(place, day)]


@lru_cache(maxsize=16)
def levels(policy: PolicySet, codes: tuple[str, ...]) -> Levels:
    """Return the levels of some edits under a policy set, laid out once."""
    return Levels(policy, codes)
