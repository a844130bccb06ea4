"""Small vector helpers shared by the fact builders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.groups import NO_DAY as NO_DAY
from scrubjay.io.columns import known_only

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

_FEW = 200
"""Up to so many rows are looked at one by one: planning a query takes longer."""

_WORD = 64
_DENSE = 16
"""Up to so many times as many possible numbers as rows, a table of all of them is small."""


def rows_at(frame: pl.DataFrame, names: Sequence[str], at: Ints) -> list[pl.Series]:
    """Return some columns of a frame at the given rows."""
    where = pl.Series(at.astype(np.uint32))
    return [frame.get_column(name)[where] for name in names]


def days(column: pl.Series) -> Ints:
    """Return a date column as days since 1970-01-01, :data:`NO_DAY` for null."""
    return filled(column.cast(pl.Int32), NO_DAY).astype(np.int64)


def filled(column: pl.Series, missing: int) -> npt.NDArray[Any]:
    """Return a column of numbers or truths, ``missing`` for null; a query is made only of a column with holes."""
    if not column.null_count():
        return column.to_numpy()
    if column.null_count() == len(column):
        return np.full(len(column), missing)
    if len(column) <= _FEW:
        return np.array([missing if v is None else v for v in column.to_list()])
    return column.fill_null(missing).to_numpy()


def known(column: pl.Series) -> Bools:
    """Say of each row whether it has a value."""
    if column.null_count() in (0, len(column)):
        return np.full(len(column), not column.null_count())
    if len(column) <= _FEW:
        return np.array([v is not None for v in column.to_list()], dtype=bool)
    return column.is_not_null().to_numpy()


def first_known(one: pl.Series, other: pl.Series) -> pl.Series:
    """Return the values of a column, and of the other one where it has none."""
    return where_known(one, one, other)


def where_known(asked: pl.Series, one: pl.Series, other: pl.Series) -> pl.Series:
    """Return the values of ``one`` where ``asked`` has a value, and of the other one elsewhere."""
    if asked.null_count() in (0, len(asked)):
        return other.alias(one.name) if asked.null_count() else one
    return one.zip_with(pl.Series(known(asked)), other)


def find_rows(ids: pl.Series, wanted: pl.Series) -> pl.Series:
    """Return the first row in which each wanted id stands; null, which gathers null, for a null or an id that is in none."""
    have, want = ids.to_numpy(), filled(wanted, 0)
    in_order = None if bool((have[1:] >= have[:-1]).all()) else np.argsort(have, kind="stable")
    at = np.searchsorted(have, want, sorter=in_order)
    at = np.minimum(at, max(len(have) - 1, 0))
    at = at if in_order is None else in_order[at]
    found = have[at] == want if len(have) else np.zeros(len(want), dtype=bool)
    return known_only(pl.Series(at.astype(np.uint32)), found & known(wanted))


def spread_distinct(own: pl.Series, of_claim: pl.Series, claim_ix: Ints) -> tuple[list[str], Ints]:
    """Return as :func:`distinct` the values of lines, and of their claim where a line has none.

    Claims are fewer than lines, and most lines have no value of their own.
    """
    if own.null_count() == len(own):
        values, index = distinct(of_claim)
        return values, index[claim_ix]
    return distinct(first_known(own, of_claim[pl.Series(claim_ix.astype(np.uint32))]))


def day_number(value: dt.date) -> int:
    """Return one date as days since 1970-01-01."""
    return (value - dt.date(1970, 1, 1)).days


def distinct(column: pl.Series) -> tuple[list[str], Ints]:
    """Return the sorted distinct strings of a column (null counts as empty) and each row's index into them."""
    if len(column) <= _FEW:
        rows = [v or "" for v in column.to_list()]
        values = sorted(set(rows))
        place = {v: k for k, v in enumerate(values)}
        return values, np.array([place[v] for v in rows], dtype=np.int64)
    if column.null_count() == len(column):
        return [""], np.zeros(len(column), dtype=np.int64)
    if column.null_count():
        # Of a column with holes only the rest is looked at.
        at = np.flatnonzero(known(column))
        values, rank = distinct(column[pl.Series(at.astype(np.uint32))])
        if values[0]:
            values, rank = ["", *values], rank + 1
        index = np.zeros(len(column), dtype=np.int64)
        index[at] = rank
        return values, index
    found = column.unique().sort()
    return found.to_list(), column.cast(pl.Enum(found)).to_physical().to_numpy().astype(np.int64)


def numbered(column: pl.Series, numbers: Mapping[str, int], missing: int = -1) -> Ints:
    """Return the number of each string of a column, ``missing`` for a null and for a string that has none."""
    values, at = distinct(column)
    return np.array([numbers.get(v, missing) for v in values], dtype=np.int64)[at]


def distinct_numbers(numbers: Ints) -> tuple[Ints, Ints]:
    """Return the sorted distinct numbers, none below zero, and each row's index into them."""
    top = int(numbers.max(initial=0)) + 1
    if top > _DENSE * len(numbers):
        return np.unique(numbers, return_inverse=True)
    # Where they lie close together, ticking them off costs less than sorting.
    seen = np.zeros(top, dtype=bool)
    seen[numbers] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[numbers]


def mix(*parts: Keys | Ints) -> Keys:
    """Combine integer columns into one 64-bit key; equal rows give equal keys."""
    key = np.full(len(parts[0]), np.uint64(0x9E3779B97F4A7C15))
    for part in parts:
        key ^= part.astype(np.uint64)
        key *= np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(29)
    return key


class Groups:
    """Rows grouped by a key: the group of each row, and sums and bit-wise ors per group given back to the rows."""

    def __init__(self, key: Keys | Ints) -> None:
        self.order, ordered = _in_order(key)
        first = np.ones(len(key), dtype=bool)
        first[1:] = ordered[1:] != ordered[:-1]
        self.starts = np.flatnonzero(first)
        self.sizes = np.diff(np.append(self.starts, len(key)))
        self.index = np.empty(len(key), dtype=np.int64)
        self.index[self.order] = np.cumsum(first) - 1

    def divided(self, by: Ints) -> Groups:
        """Return the groups within these groups: equal numbers (none below zero) in the same group."""
        return Groups(self.index * (int(by.max(initial=0)) + 1) + by)

    def any_bits(self, mask: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """Return for each row the bit-wise or of ``mask`` over its group."""
        if not len(mask):
            return mask
        return np.bitwise_or.reduceat(mask[self.order], self.starts)[self.index]

    def total(self, values: Ints) -> Ints:
        """Return for each row the sum of ``values`` over its group."""
        if not len(values):
            return values
        return np.add.reduceat(values[self.order], self.starts)[self.index]

    def count(self) -> Ints:
        """Return for each row the size of its group."""
        return self.sizes[self.index]


def _in_order(key: Keys | Ints) -> tuple[Ints, Keys | Ints]:
    """Return the rows in the order of their keys, equal keys in the order of the rows, and the keys in that order."""
    if bool((key[1:] >= key[:-1]).all()):
        return np.arange(len(key)), key
    shift = len(key).bit_length()
    if int(key.max()).bit_length() + shift < _WORD:
        # With the row in the low bits plain numbers are sorted, which takes a quarter of the time of sorting rows by key.
        packed = (key.astype(np.int64) << shift) | np.arange(len(key))
        packed.sort()
        return packed & ((1 << shift) - 1), packed >> shift
    order = np.argsort(key, kind="stable")
    return order, key[order]
