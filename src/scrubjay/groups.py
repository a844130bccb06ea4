"""Memberships as bits: which code, modifier and diagnosis groups a row belongs to.

A group is a named list of codes with a source in the reference tables (``groups``, ``mod_groups``, ``dx_groups``).
A row carries one or more 64-bit masks; asking whether it is in a group is testing a bit, and asking whether the day
holds one is testing the bit-wise or of its rows.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

Masks = npt.NDArray[np.uint64]

WORD = 64

NO_DAY = -1
"""Day number of a missing date: equal to no real day a claim can have."""


class Bits:
    """The bit of every group name, in words of 64."""

    def __init__(self, names: list[str]) -> None:
        self.names = tuple(dict.fromkeys(sorted(names)))
        self._index = {name: k for k, name in enumerate(self.names)}
        self.words = max(1, -(-len(self.names) // WORD))

    def place(self, name: str) -> tuple[int, int]:
        """Return the word and the bit within it; a group nobody defined is a mistake, not an empty set."""
        return divmod(self._index[name], WORD)

    def test(self, column: str, name: str) -> pl.Expr:
        """Return the expression "the mask column set ``column`` has the bit of this group"."""
        word, bit = self.place(name)
        mask = pl.lit(1 << bit, dtype=pl.UInt64)
        return (pl.col(f"{column}{word}") & mask) != 0

    def held(self, frame: pl.DataFrame, column: str, prefix: str = "") -> list[str]:
        """Return the groups that any row of a frame is in."""
        words = [int(np.bitwise_or.reduce(frame[name].to_numpy(), initial=0)) for name in self.columns(column)]
        return [prefix + name for name in self.names if words[self.place(name)[0]] >> self.place(name)[1] & 1]

    def columns(self, column: str) -> list[str]:
        """Return the names of the mask columns."""
        return [f"{column}{k}" for k in range(self.words)]


def code_masks(bits: Bits, groups: pl.DataFrame, codes: list[str]) -> list[Masks]:
    """Return the masks of sorted, distinct codes: ranges of ``low..high`` are slices of them."""
    masks = [np.zeros(len(codes), dtype=np.uint64) for _ in range(bits.words)]
    array = np.array(codes, dtype="U16")
    shapes = np.array([shape(code) for code in codes], dtype="U16")
    undated = groups.filter(pl.col("valid_from").is_null() & pl.col("valid_to").is_null())
    low = np.searchsorted(array, undated["low"].to_numpy().astype("U16"), side="left")
    high = np.searchsorted(array, undated["high"].to_numpy().astype("U16"), side="right")
    for name, first, a, b in zip(undated["group"], undated["low"], low, high, strict=True):
        if b > a:
            word, bit = bits.place(name)
            masks[word][a:b] |= np.where(shapes[a:b] == shape(first), np.uint64(1 << bit), np.uint64(0))
    return masks


def shape(code: str) -> str:
    """Return the pattern of digits and letters: a range holds codes of its own shape, 1000F is not in 10004-69990."""
    return "".join("9" if c.isdigit() else "A" for c in code)


def dated_code_masks(
    bits: Bits, groups: pl.DataFrame, codes: list[str], code_ix: npt.NDArray[np.int64], days: npt.NDArray[np.int64]
) -> list[Masks]:
    """Return the masks of (code, day) rows: the undated groups and those in force on the day.

    A row without a day is in every group its code was ever in: what needs the day then says unknown, not clear.
    """
    masks = [mask[code_ix] for mask in code_masks(bits, groups, codes)]
    array = np.array(codes, dtype="U16")
    dated = groups.filter(pl.col("valid_from").is_not_null() | pl.col("valid_to").is_not_null())
    for row in dated.iter_rows(named=True):
        low = int(np.searchsorted(array, row["low"], side="left"))
        high = int(np.searchsorted(array, row["high"], side="right"))
        if high <= low:
            continue
        word, bit = bits.place(row["group"])
        alike = np.array([shape(c) == shape(row["low"]) for c in codes[low:high]], dtype=bool)
        inside = (code_ix >= low) & (code_ix < high)
        inside[inside] = alike[code_ix[inside] - low]
        if row["valid_from"] is not None:
            inside &= (days >= _day(row["valid_from"])) | (days == NO_DAY)
        if row["valid_to"] is not None:
            inside &= days <= _day(row["valid_to"])
        masks[word][inside] |= np.uint64(1 << bit)
    return masks


def listed_masks(bits: Bits, members: pl.DataFrame, key: str, values: list[str]) -> list[Masks]:
    """Return the masks of values that are listed one by one (modifiers)."""
    masks = [np.zeros(len(values), dtype=np.uint64) for _ in range(bits.words)]
    index = {value: k for k, value in enumerate(values)}
    for name, value in members.select("group", key).iter_rows():
        if value in index:
            word, bit = bits.place(name)
            masks[word][index[value]] |= np.uint64(1 << bit)
    return masks


def prefix_masks(bits: Bits, members: pl.DataFrame, values: list[str]) -> list[Masks]:
    """Return the masks of sorted values that begin with a listed prefix (diagnoses)."""
    masks = [np.zeros(len(values), dtype=np.uint64) for _ in range(bits.words)]
    array = np.array(values, dtype="U16")
    for name, prefix in members.select("group", "prefix").iter_rows():
        low = int(np.searchsorted(array, prefix, side="left"))
        high = int(np.searchsorted(array, prefix + "~", side="left"))
        if high > low:
            word, bit = bits.place(name)
            masks[word][low:high] |= np.uint64(1 << bit)
    return masks


def _day(value: dt.date) -> int:
    return (value - dt.date(1970, 1, 1)).days
