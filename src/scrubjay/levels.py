"""The level of every edit under every payer policy by day, laid out for look-up."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scrubjay.facts.gather import Ints, day_number, distinct_numbers
from scrubjay.policy import PolicySet

LEVELS = ("info", "warn", "deny")
"""Levels from the weakest to the strongest."""

OFF = -1
"""The rank of an edit that a policy does not use."""

_SPAN = 1 << 23
_SHIFT = 1 << 22
"""More days than any date needs, before and after 1970."""


class Levels:
    """The stretches of days in which a policy gives an edit one level; they cover all time.

    ``keys`` are sorted: the number of the (policy, edit) pair times a span, plus the first day; ``ranks`` are places in
    :data:`LEVELS` or :data:`OFF`.
    """

    def __init__(self, policy: PolicySet, codes: tuple[str, ...]) -> None:
        rows = policy.rules(codes).select("policy", "edit", "level", "valid_from").rows()
        pairs = sorted({(owner, edit) for owner, edit, *_ in rows})
        self._place = {pair: k for k, pair in enumerate(pairs)}
        order = {"off": OFF} | {name: k for k, name in enumerate(LEVELS)}
        found = sorted(
            (self._place[owner, edit] * _SPAN + (0 if begins is None else day_number(begins) + _SHIFT), order[level])
            for owner, edit, level, begins in rows
        )
        self._keys = np.array([key for key, _ in found], dtype=np.int64)
        self._ranks = np.array([rank for _, rank in found], dtype=np.int64)
        self.used = frozenset((owner, edit) for owner, edit, level, _ in rows if level != "off")
        """The (policy, edit) pairs that are not off for ever."""

    def ranks(self, policies: list[str], policy_ix: Ints, edits: list[str], edit_ix: Ints, day: Ints) -> Ints:
        """Return the rank of rows of a policy and an edit (index into the names) on a day; :data:`OFF` for a stranger."""
        both, row = distinct_numbers(policy_ix * len(edits) + edit_ix)
        place = np.array(
            [self._place.get((policies[k // len(edits)], edits[k % len(edits)]), -1) for k in both.tolist()],
            dtype=np.int64,
        )[row]
        at = np.searchsorted(self._keys, np.maximum(place, 0) * _SPAN + day + _SHIFT, side="right") - 1
        return np.where(place < 0, OFF, self._ranks[at])


@lru_cache(maxsize=16)
def levels(policy: PolicySet, codes: tuple[str, ...]) -> Levels:
    """Return the levels of some edits under a policy set, laid out once."""
    return Levels(policy, codes)
