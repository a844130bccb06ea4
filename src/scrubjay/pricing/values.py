"""The fee schedule as arrays: whole numbers, found by code, modifier, setting, place and day.

Relative values are hundredths, cost indices thousandths, conversion factors ten-thousandths, drug limits tenths of a
cent, shares thousandths.  The last element of an array is what the place -1 means: that nothing is held.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from scrubjay.facts.gather import Bools, Ints
from scrubjay.facts.steps import Steps

SHARES = ("bilateral", "co-surgeon", "assistant", "assistant-as")
"""Rules by which a modifier changes the share of the fee; the rule at place k has the flag ``1 << k``."""

ASSISTING = 1 << SHARES.index("assistant-as")
BY_HAND = 1 << len(SHARES)
"""Flag of a modifier with which the fee is set by hand."""

_MODIFIERS = 11
"""Bits that number all modifiers of two characters."""


@dataclass(frozen=True, eq=False)
class Fees:
    """Relative values, one row per code, modifier, setting and period.

    ``work``, ``pe``, ``mp`` of that setting and their ``total``; ``base`` is that total again, or the sum of the three where
    only the total of a later year is known and they give its distribution.  ``usable``: a fee follows from them;
    ``bundled``: nothing is paid; ``closed``: nothing is paid in a facility.  ``multiple``: the number of the indicator
    among those of several procedures, 0 for the others.  ``shares``: those of :data:`SHARES`, -1 where not known.
    """

    steps: Steps
    work: Ints
    pe: Ints
    mp: Ints
    total: Ints
    base: Ints
    usable: Bools
    bundled: Bools
    closed: Bools
    multiple: Ints
    year: Ints
    shares: tuple[Ints, ...]


@dataclass(frozen=True, eq=False)
class Technical:
    """The values of the technical part alone, one row per code, setting and period."""

    steps: Steps
    work: Ints
    pe: Ints
    mp: Ints


@dataclass(frozen=True, eq=False)
class Places:
    """The cost indices of each locality by year, and which of ``names`` it has; the last row is the whole nation.

    ``zips`` numbers the locality of each ZIP code.
    """

    zips: dict[str, int]
    steps: Steps
    pw: Ints
    pg: Ints
    mg: Ints
    name: Ints
    names: list[str]


@dataclass(frozen=True)
class Cut:
    """A rule of several procedures: what is taken ``off`` a ``part`` of the fee of an indicator, all by their numbers.

    Only the dearest of the lines whose indicators are among ``rivals`` is spared.
    """

    kind: int
    rivals: tuple[int, ...]
    part: str
    off: int


@dataclass(frozen=True, eq=False)
class Schedule:
    """What Medicare pays, by code and day.

    ``codes`` numbers the procedure codes, ``split`` the modifiers that name a part of a service (0: none of them); ``flags``
    are the rules that a modifier calls for.  ``factor_days``, ``cf``: conversion factors and their first days, ``factor_years``
    their years.  ``mills``: drug limits by code and quarter, -1 where none is held; ``quarter_days``: the first days of the
    quarters, ``quarters`` their names.  ``non_physician``: the share of a clinician whose taxonomy begins with one of
    ``reduced``.  ``rules``: the table payment_rules.
    """

    codes: dict[str, int]
    split: dict[str, int]
    flags: dict[str, int]
    fees: Fees
    technical: Technical
    places: Places
    factor_days: Ints
    factor_years: Ints
    cf: Ints
    quarter_days: Ints
    quarters: list[str]
    mills: Ints
    cuts: tuple[Cut, ...]
    non_physician: int
    reduced: tuple[str, ...]
    rules: pl.DataFrame

    def permille(self, rule: str, indicator: str | None, part: str, day: dt.date) -> int | None:
        """Return the share of a rule on a day in thousandths; None where the rule does not hold then."""
        begun = (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
        same = pl.col("indicator").is_null() if indicator is None else pl.col("indicator") == indicator
        row = self.rules.filter((pl.col("rule") == rule) & same & (pl.col("part") == part) & begun)
        return int(row["permille"][0]) if row.height else None


def key_of(code: Ints, split: Ints, facility: Bools) -> Ints:
    """Return one number for a code, the modifier that names its part and the setting; below zero where there is no code."""
    return ((code << _MODIFIERS) + split) * 2 + facility
