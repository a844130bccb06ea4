"""Values that hold from a day on until the next ones, found for many rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scrubjay.facts.gather import Ints

_DAYS = 23
"""Bits that hold any day, counted from :data:`EVER`."""

EVER = -(1 << (_DAYS - 1))
"""A first day before any date, in days since 1970-01-01: the value has held all along."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Keys, none below zero, and the days since 1970-01-01 from which their values hold, packed into one number each and sorted."""

    packed: Ints

    def at(self, key: Ints, day: Ints) -> Ints:
        """Return the place of the newest value of each key that holds on the day; -1 where there is none, or the key is below zero."""
        if not len(self.packed):
            return np.full(len(key), -1)
        spot = np.searchsorted(self.packed, _packed(key, day), side="right") - 1
        return np.where((spot >= 0) & (self.packed[spot] >> _DAYS == key), spot, -1)


def steps_of(key: Ints, start: Ints) -> tuple[Steps, Ints]:
    """Lay out values by key and first day; also return their order, in which the values must be kept."""
    packed = _packed(key, start)
    order = np.argsort(packed, kind="stable")
    return Steps(packed[order]), order


def _packed(key: Ints, day: Ints) -> Ints:
    return (key << _DAYS) + (day - EVER)
