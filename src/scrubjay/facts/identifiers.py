"""National Provider Identifiers: which of them can be one."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.facts.gather import distinct
from scrubjay.io.columns import known_only
from scrubjay.io.spans import nothing

DIGITS = 10
_PREFIX_SUM = 24
"""What the prefix 80840 adds to the check sum of an NPI (45 CFR 162.406)."""


_Number = TypeVar("_Number", pl.Expr, npt.NDArray[np.int64])


def _check_sum(number: _Number) -> _Number:
    """Return the Luhn sum of ten digits with the prefix 80840."""
    total = number * 0 + _PREFIX_SUM
    for place in range(DIGITS):
        digit = number // 10**place % 10
        # Counted from the right, every second digit is doubled and its own digits are summed.
        total = total + (digit if place % 2 == 0 else digit * 2 // 10 + digit * 2 % 10)
    return total


def is_npi(npi: pl.Expr) -> pl.Expr:
    """Say whether a text is ten digits whose Luhn sum with the prefix 80840 ends in zero; false for null."""
    number = npi.cast(pl.Int64, strict=False)
    ten: pl.Expr = (npi.str.len_bytes() == DIGITS) & (number >= 10 ** (DIGITS - 1))
    return (ten & (_check_sum(number) % 10 == 0)).fill_null(value=False)


def npi_valid(npi: pl.Series) -> pl.Series:
    """Say of each number whether it is an NPI, null where there is none; each distinct one is tested once."""
    if npi.null_count() == len(npi):
        return nothing(len(npi), pl.Boolean)
    values, index = distinct(npi)
    ten = [len(v) == DIGITS and v.isascii() and v.isdigit() and v[0] != "0" for v in values]
    number = np.array([int(v) if fits else 0 for v, fits in zip(values, ten, strict=True)], dtype=np.int64)
    valid = np.array(ten, dtype=bool) & (_check_sum(number) % 10 == 0)
    known = np.array([v != "" for v in values], dtype=bool)
    return known_only(pl.Series(valid[index]), known[index])
