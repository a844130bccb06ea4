"""What allowed amounts rest on, by numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scrubjay.facts.gather import Bools, Ints
from scrubjay.pricing.values import Schedule

ESTIMATE = "estimate"
"""First word of a basis that is not the charge."""

NOTHING, DRUG, BUNDLED, CLOSED, FEE = range(5)
"""No table prices the line; a drug limit does; its code is bundled, or not paid in a facility; a fee does."""


@dataclass(frozen=True, eq=False)
class Prices:
    """The allowed amount of each line, 0 where its ``kind`` is :data:`NOTHING`, and what it rests on.

    ``quarter``, ``factor`` and ``place`` are places in the schedule's arrays, ``year`` is that of the relative values.
    ``adjusted``: for modifiers, the clinician or other lines; ``lower``: the charge is, and is what is allowed.
    """

    kind: Ints
    cents: Ints
    quarter: Ints
    year: Ints
    factor: Ints
    place: Ints
    facility: Bools
    adjusted: Bools
    lower: Bools

    @property
    def known(self) -> Bools:
        """Say which lines have an amount."""
        return np.not_equal(self.kind, NOTHING)


def basis_of(prices: Prices, rows: Ints, s: Schedule) -> tuple[list[str | None], Ints]:
    """Return the distinct words of some lines, None where there is no amount, and which of them each line has."""
    p = prices
    numbers = np.column_stack(
        [
            column[rows]
            for column in (p.kind, p.quarter, p.year, p.factor, s.places.name[p.place], p.facility, p.adjusted, p.lower)
        ]
    )
    # Each column as a digit of one number: few are distinct, and only those are put into words.
    low = numbers.min(axis=0, initial=0)
    size = numbers.max(axis=0, initial=0) - low + 1
    packed = np.zeros(len(rows), dtype=np.int64)
    for digit, base in zip((numbers - low).T, size, strict=True):
        packed = packed * base + digit
    _, first, index = np.unique(packed, return_index=True, return_inverse=True)
    return [_words(numbers[k].tolist(), s) for k in first], index


def _words(numbers: list[int], s: Schedule) -> str | None:
    kind, quarter, year, factor, place, facility, adjusted, lower = numbers
    if kind == NOTHING:
        return None
    if kind == DRUG:
        words = f"Medicare drug limit {s.quarters[quarter]}"
    elif kind == BUNDLED:
        words = "Medicare bundles it and pays nothing"
    elif kind == CLOSED:
        words = "Medicare pays no fee for it in a facility"
    else:
        of_factor = int(s.factor_years[factor])
        words = f"Medicare fee schedule {year}"
        words += f" at the factor of {of_factor}" if of_factor != year else ""
        words += f", {s.places.names[place]}, {'facility' if facility else 'non-facility'}"
        words += ", adjusted for modifiers, clinician or other lines" if adjusted else ""
    return f"{ESTIMATE}: {words}{'; the charge is lower' if lower else ''}"
