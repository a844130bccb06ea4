"""The days on which modifiers are in force."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from scrubjay.facts.gather import Ints, day_number
from scrubjay.refdata import References

_FAR = 1 << 22
"""More days than any date is away from 1970."""

_ALWAYS = (-_FAR, _FAR)
_NEVER = (_FAR, -_FAR)


class ModifierDays:
    """The first and last day of every listed modifier."""

    def __init__(self, refs: References) -> None:
        self._days: dict[str, tuple[int, int]] = {"": _ALWAYS}
        rows = refs.frame("modifiers") if refs.has("modifiers") else None
        columns = ("modifier", "valid_from", "valid_to")
        for name, begins, ends in rows.select(columns).iter_rows() if rows is not None else ():
            first, last = self._days.get(name, _ALWAYS)
            if begins is not None or ends is not None:
                # A line without a day, which counts as the last one of 1969, wears no dated modifier in force.
                first = max(first, 0 if begins is None else day_number(begins))
                last = min(last, _FAR if ends is None else day_number(ends))
            self._days[name] = first, last

    def of(self, values: Iterable[str]) -> tuple[Ints, Ints]:
        """Return the first and last day of modifiers: all days for none and for an undated one, no day for an unlisted one."""
        days = np.array([self._days.get(value, _NEVER) for value in values], dtype=np.int64)
        return days[:, 0], days[:, 1]


@lru_cache(maxsize=8)
def modifier_days(refs: References) -> ModifierDays:
    """Return the days of the modifiers of some references, laid out once."""
    return ModifierDays(refs)
