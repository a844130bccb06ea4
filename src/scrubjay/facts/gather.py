"""Small vector helpers shared by the fact builders."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.groups import NO_DAY as NO_DAY

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


_FEW = 200


def rows_at(frame: pl.DataFrame, names: list[str], at: Ints) -> list[pl.Series]:
    """Return some columns of a frame at the given rows."""
    where = pl.Series(at.astype(np.uint32))
    return [frame.get_column(name)[where] for name in names]


def days(column: pl.Series) -> Ints:
    """Return a date column as days since 1970-01-01, :data:`NO_DAY` for null."""
    number = column.cast(pl.Int32)
    if not number.null_count():
        return number.to_numpy().astype(np.int64)
    return number.fill_null(NO_DAY).to_numpy().astype(np.int64)


def day_number(value: dt.date) -> int:
    """Return one date as days since 1970-01-01."""
    return (value - dt.date(1970, 1, 1)).days


def distinct(column: pl.Series) -> tuple[list[str], Ints]:
    """Return the sorted distinct strings of a column (null counts as empty) and each row's index into them."""
    if len(column) <= _FEW:
        # Planning a query takes longer than counting some rows by hand.
        rows = [v or "" for v in column.to_list()]
        values = sorted(set(rows))
        index = {v: k for k, v in enumerate(values)}
        return values, np.array([index[v] for v in rows], dtype=np.int64)
    if column.null_count() == len(column):
        return [""], np.zeros(len(column), dtype=np.int64)
    filled = column.fill_null("")
    known = filled.unique().sort()
    codes = filled.cast(pl.Enum(known)).to_physical()
    return known.to_list(), codes.to_numpy().astype(np.int64)


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

    def __init__(self, key: Keys) -> None:
        self.order = np.argsort(key, kind="stable")
        ordered = key[self.order]
        first = np.ones(len(key), dtype=bool)
        first[1:] = ordered[1:] != ordered[:-1]
        self.starts = np.flatnonzero(first)
        self.sizes = np.diff(np.append(self.starts, len(key)))
        self.index = np.empty(len(key), dtype=np.int64)
        self.index[self.order] = np.repeat(np.arange(len(self.starts)), self.sizes)

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
