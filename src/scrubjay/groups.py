"""Memberships as bits: which code, modifier and diagnosis groups a row belongs to.

A group is a named list of codes with a source in the reference tables (``groups``, ``mod_groups``, ``dx_groups``).
A row carries one or more 64-bit masks; asking whether it is in a group is testing a bit, and asking whether the day
holds one is testing the bit-wise or of its rows.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.refdata import References

Masks = npt.NDArray[np.uint64]
Strings = npt.NDArray[np.str_]

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
        return bits_set(f"{column}{word}", 1 << bit)

    def among(self, frame: pl.DataFrame, column: str, name: str) -> npt.NDArray[np.bool_]:
        """Return the rows of a frame whose mask has the bit of this group."""
        word, bit = self.place(name)
        found: npt.NDArray[np.bool_] = (frame.get_column(f"{column}{word}").to_numpy() & np.uint64(1 << bit)) != 0
        return found

    def held(self, frame: pl.DataFrame, column: str, prefix: str = "") -> list[str]:
        """Return the groups that any row of a frame is in."""
        words = [int(np.bitwise_or.reduce(frame[name].to_numpy(), initial=0)) for name in self.columns(column)]
        return [prefix + name for name in self.names if words[self.place(name)[0]] >> self.place(name)[1] & 1]

    def columns(self, column: str) -> list[str]:
        """Return the names of the mask columns."""
        return [f"{column}{k}" for k in range(self.words)]


@cache
def bits_set(column: str, bits: int) -> pl.Expr:
    """Return the expression "a mask column has some of these bits"; edits ask for the same ones in every piece."""
    return (pl.col(column) & pl.lit(bits, dtype=pl.UInt64)) != 0


class CodeGroups:
    """The ranges of codes that groups hold, laid out once for look-up: those in force always, and those of some days."""

    def __init__(self, refs: References) -> None:
        frame = refs.frame("groups")
        always = pl.col("valid_from").is_null() & pl.col("valid_to").is_null()
        undated = frame.filter(always)
        self.names = undated["group"].to_list()
        self.low = undated["low"].to_numpy().astype("U16")
        self.high = undated["high"].to_numpy().astype("U16")
        self.shapes = [shape(low) for low in undated["low"]]
        self.dated = frame.filter(~always).select("group", "low", "high", "valid_from", "valid_to").rows()


@lru_cache(maxsize=8)
def code_groups(refs: References) -> CodeGroups:
    """Return the groups of procedure codes of some references."""
    return CodeGroups(refs)


@lru_cache(maxsize=8)
def modifier_groups(refs: References) -> dict[str, list[str]]:
    """Return the groups of each modifier."""
    return _members(refs, "mod_groups", "modifier")


@lru_cache(maxsize=8)
def place_groups(refs: References) -> dict[str, list[str]]:
    """Return the groups of each place of service; none where the table is not held."""
    return _members(refs, "pos_groups", "pos") if refs.has("pos_groups") else {}


def _members(refs: References, table: str, key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in refs.frame(table).select("group", key).iter_rows():
        found.setdefault(value, []).append(name)
    return found


def code_masks(bits: Bits, groups: CodeGroups, codes: list[str]) -> list[Masks]:
    """Return the masks of sorted, distinct codes: ranges of ``low..high`` are slices of them."""
    masks = [np.zeros(len(codes), dtype=np.uint64) for _ in range(bits.words)]
    array = np.array(codes, dtype="U16")
    shapes = np.array([shape(code) for code in codes], dtype="U16")
    low = np.searchsorted(array, groups.low, side="left")
    high = np.searchsorted(array, groups.high, side="right")
    for row in np.flatnonzero(high > low).tolist():
        word, bit = bits.place(groups.names[row])
        a, b = low[row], high[row]
        masks[word][a:b] |= np.where(shapes[a:b] == groups.shapes[row], np.uint64(1 << bit), np.uint64(0))
    return masks


def shape(code: str) -> str:
    """Return the pattern of digits and letters: a range holds codes of its own shape, 1000F is not in 10004-69990."""
    return "".join("9" if c.isdigit() else "A" for c in code)


def dated_code_masks(
    bits: Bits, groups: CodeGroups, codes: list[str], code_ix: npt.NDArray[np.int64], days: npt.NDArray[np.int64]
) -> list[Masks]:
    """Return the masks of (code, day) rows: the undated groups and those in force on the day.

    A row without a day is in every group its code was ever in: what needs the day then says unknown, not clear.
    """
    masks = [mask[code_ix] for mask in code_masks(bits, groups, codes)]
    for name, first, last, begins, ends in groups.dated:
        low, high = bisect_left(codes, first), bisect_right(codes, last)
        if high <= low:
            continue
        word, bit = bits.place(name)
        alike = np.array([shape(c) == shape(first) for c in codes[low:high]], dtype=bool)
        inside = (code_ix >= low) & (code_ix < high)
        inside[inside] = alike[code_ix[inside] - low]
        if begins is not None:
            inside &= (days >= _day(begins)) | (days == NO_DAY)
        if ends is not None:
            inside &= days <= _day(ends)
        masks[word][inside] |= np.uint64(1 << bit)
    return masks


def listed_masks(bits: Bits, members: Mapping[str, list[str]], values: list[str]) -> list[Masks]:
    """Return the masks of values that are listed one by one (modifiers, places)."""
    masks = [np.zeros(len(values), dtype=np.uint64) for _ in range(bits.words)]
    for row, value in enumerate(values):
        for name in members.get(value, ()):
            word, bit = bits.place(name)
            masks[word][row] |= np.uint64(1 << bit)
    return masks


@lru_cache(maxsize=8)
def diagnosis_groups(refs: References) -> tuple[list[str], Strings, Strings]:
    """Return the groups of diagnoses, and for each the beginning of its codes and the first code after them."""
    frame = refs.frame("dx_groups")
    begins = frame["prefix"].to_list()
    return frame["group"].to_list(), np.array(begins, dtype="U16"), np.array([f"{b}~" for b in begins], dtype="U16")


def prefix_masks(bits: Bits, groups: tuple[list[str], Strings, Strings], values: list[str]) -> list[Masks]:
    """Return the masks of sorted values that begin with a listed prefix (diagnoses)."""
    masks = [np.zeros(len(values), dtype=np.uint64) for _ in range(bits.words)]
    array = np.array(values, dtype="U16")
    names, begins, ends = groups
    low = np.searchsorted(array, begins, side="left")
    high = np.searchsorted(array, ends, side="left")
    for row in np.flatnonzero(high > low).tolist():
        word, bit = bits.place(names[row])
        masks[word][low[row] : high[row]] |= np.uint64(1 << bit)
    return masks


def _day(value: dt.date) -> int:
    return (value - dt.date(1970, 1, 1)).days
