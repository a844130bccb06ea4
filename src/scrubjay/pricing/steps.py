"""Values that hold from a day on until the next ones, found for many lines at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from scrubjay.facts.gather import Ints, distinct

_DAYS = 32


@dataclass(frozen=True, eq=False)
class Steps:
    """Keys and the days since 1970-01-01 from which their values hold, packed into one number each and sorted."""

    packed: Ints

    def at(self, key: Ints, day: Ints) -> Ints:
        """Return the place of the newest value of each key that holds on the day; -1 where there is none."""
        if not len(self.packed):
            return np.full(len(key), -1)
        spot = np.searchsorted(self.packed, (key << _DAYS) + day, side="right") - 1
        return np.where((spot >= 0) & (self.packed[spot] >> _DAYS == key), spot, -1)


def steps_of(key: Ints, start: Ints) -> tuple[Steps, Ints]:
    """Lay out values by key and first day; also return their order, in which the values must be kept."""
    packed = (key << _DAYS) + start
    order = np.argsort(packed, kind="stable")
    return Steps(packed[order]), order


def numbered(column: pl.Series, numbers: Mapping[str, int], missing: int = -1) -> Ints:
    """Return the number of each string of a column, ``missing`` for a null and for a string that has none."""
    values, at = distinct(column)
    return np.array([numbers.get(v, missing) for v in values], dtype=np.int64)[at]
