"""Dated look-ups of procedure and diagnosis codes: laid out once per set of references, probed by binary search."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.facts.gather import NO_DAY, Ints, day_number
from scrubjay.facts.steps import EVER, steps_of
from scrubjay.io.columns import known_only
from scrubjay.io.spans import nothing
from scrubjay.refdata import References

_OPEN = -EVER - 1
"""Days before and after any date: an interval without a beginning or an end."""


class Intervals:
    """Codes with the days they are in force; a code may have several intervals that do not overlap."""

    def __init__(self, frame: pl.DataFrame) -> None:
        """Take columns ``code``, ``valid_from`` and ``valid_to`` (dates, null where open)."""
        frame = frame.select(
            "code",
            start=pl.col("valid_from").cast(pl.Int32).fill_null(-_OPEN).cast(pl.Int64),
            end=pl.col("valid_to").cast(pl.Int32).fill_null(_OPEN).cast(pl.Int64),
        ).sort("code", "start")
        self.codes = frame["code"].unique(maintain_order=True).to_numpy().astype("U16")
        self.rows = len(frame)
        rank = np.searchsorted(self.codes, frame["code"].to_numpy().astype("U16"))
        self._start, self._end = frame["start"].to_numpy(), frame["end"].to_numpy()
        self._steps, _ = steps_of(rank, self._start)
        self._first = np.searchsorted(rank, np.arange(len(self.codes)))

    def ranks(self, codes: list[str]) -> Ints:
        """Return the place of each code in the list, -1 for a code that is not in it."""
        return _place(self.codes, codes)

    def find(self, rank: Ints, day: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return for each (code, day) the row of the last interval begun by the day, else the first, and whether it holds.

        The row is -1 for a rank of -1.
        """
        if not self.rows:
            return np.full(len(rank), -1, dtype=np.int64), np.zeros(len(rank), dtype=bool)
        at = self._steps.at(rank, day)
        row = np.where((at < 0) & (rank >= 0), self._first[rank], at)
        return row, (at >= 0) & (day <= self._end[row])

    def dates(self, row: Ints) -> tuple[pl.Series, pl.Series]:
        """Return the first and last day of interval rows, null where open or for row -1."""
        return _dates(row, self._start), _dates(row, self._end)


def _dates(row: Ints, days: Ints) -> pl.Series:
    value = days[np.maximum(row, 0)] if len(days) else np.zeros(len(row), dtype=np.int64)
    known = (row >= 0) & (np.abs(value) != _OPEN)
    return known_only(pl.Series(np.where(known, value, 0).astype(np.int32)), known).cast(pl.Date)


class _Editions:
    """A table of values per code that a publisher issues edition by edition."""

    def __init__(self, refs: References, table: str, columns: dict[str, str], name: str) -> None:
        frame = refs.frame(table)
        editions = sorted((day_number(e.valid_from or dt.date.min), e.edition) for e in refs.editions(table))
        self.name = name
        self.starts = np.array([start for start, _ in editions], dtype=np.int64)
        self.names = pl.Series([edition for _, edition in editions] + [None], dtype=pl.String)
        order = {edition: k for k, (_, edition) in enumerate(editions)}
        frame = frame.with_columns(rank=pl.col("edition").replace_strict(order, return_dtype=pl.Int64)).sort(
            "hcpcs", "rank"
        )
        self.codes = frame["hcpcs"].unique(maintain_order=True).to_numpy().astype("U16")
        code = np.searchsorted(self.codes, frame["hcpcs"].to_numpy().astype("U16"))
        self.keys = code * len(editions) + frame["rank"].to_numpy()
        values = frame.select(pl.col(source).alias(target) for source, target in columns.items())
        self.values = pl.concat([values, values.clear().clear(1)])

    def columns(self, codes: list[str], code_ix: Ints, day: Ints) -> list[pl.Series]:
        """Return the values of the edition in force on the day, or of the nearest earlier one, and its name."""
        which = np.searchsorted(self.starts, day, side="right") - 1
        rank = _place(self.codes, codes)[code_ix]
        key = rank * len(self.starts) + which
        at = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        held = (rank >= 0) & (which >= 0) & (self.keys[at] == key)
        row = pl.Series(np.where(held, at, len(self.keys)).astype(np.uint32))
        edition = pl.Series(np.where(which >= 0, which, len(self.starts)).astype(np.uint32))
        return [*self.values[row].get_columns(), self.names[edition].alias(self.name)]


def _place(known: npt.NDArray[np.str_], codes: list[str]) -> Ints:
    wanted = np.array(codes, dtype="U16")
    if not len(known) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, at, -1)


class _ByCode:
    """Facts that depend on the code alone: the latest row of a table."""

    def __init__(self, refs: References, table: str, only: pl.Expr | None, columns: dict[str, str]) -> None:
        frame = refs.frame(table)
        if only is not None:
            frame = frame.filter(only)
        frame = frame.sort("hcpcs", "valid_from").unique("hcpcs", keep="last", maintain_order=True)
        self.codes = frame["hcpcs"].to_numpy().astype("U16")
        values = frame.select(pl.col(source).alias(target) for source, target in columns.items())
        self.values = pl.concat([values, values.clear().clear(1)])

    def columns(self, codes: list[str], code_ix: Ints) -> list[pl.Series]:
        """Return the facts of each row's code, null where the table does not hold it."""
        rank = _place(self.codes, codes)[code_ix]
        return self.values[pl.Series(np.where(rank >= 0, rank, len(self.codes)).astype(np.uint32))].get_columns()


_EDITIONS = {
    "mue": ({"value": "mue_value", "mai": "mue_mai"}, "mue_edition"),
    "mue_medicaid": ({"value": "medicaid_mue_value"}, "medicaid_mue_edition"),
}
_FACTS = {
    "pfs": (pl.col("mod").is_null(), {"status": "pfs_status", "pctc": "pfs_pctc"}),
    "drugs": (
        None,
        {"jw_jz": "drug_jw_jz", "unit_amount": "drug_unit_amount", "unit": "drug_unit", "label": "drug_label"},
    ),
}
_ABSENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "mue_value": pl.Int32, "mue_mai": pl.UInt8, "mue_edition": pl.String, "medicaid_mue_value": pl.Int32,
    "medicaid_mue_edition": pl.String, "pfs_status": pl.String, "pfs_pctc": pl.String, "drug_jw_jz": pl.String,
    "drug_unit_amount": pl.Decimal(16, 6), "drug_unit": pl.String, "drug_label": pl.String,
}  # fmt: skip
"""Types of the columns of a table that is not loaded."""


class CodeBook:
    """What a set of references says of procedure codes."""

    def __init__(self, refs: References) -> None:
        held = [
            refs.frame(name).select("code", "valid_from", "valid_to") for name in ("hcpcs", "cpt") if refs.has(name)
        ]
        self.intervals = Intervals(pl.concat(held)) if held else None
        self.editions = {name: _Editions(refs, name, *spec) for name, spec in _EDITIONS.items() if refs.has(name)}
        self.facts = {name: _ByCode(refs, name, *spec) for name, spec in _FACTS.items() if refs.has(name)}

    def columns(self, codes: list[str], code_ix: Ints, day: Ints) -> list[pl.Series]:
        """Return the facts of (code, day) rows.

        ``code_known`` whether any loaded code file has the code; ``code_from``/``code_to`` the interval that holds or
        is nearest; ``code_in_force`` null without a date; ``mue_*``, ``medicaid_mue_*``, ``pfs_*``, ``drug_*`` facts.
        Where no edition covers the day the nearest earlier one is used; ``*_edition`` names it, null where none is.
        """
        out = self._validity(codes, code_ix, day)
        for book in self.editions.values():
            out += book.columns(codes, code_ix, day)
        for facts in self.facts.values():
            out += facts.columns(codes, code_ix)
        made = {column.name for column in out}
        return out + [nothing(len(day), t).alias(n) for n, t in _ABSENT.items() if n not in made]

    def _validity(self, codes: list[str], code_ix: Ints, day: Ints) -> list[pl.Series]:
        if self.intervals is None:
            kinds = {"code_known": pl.Boolean, "code_from": pl.Date, "code_to": pl.Date, "code_in_force": pl.Boolean}
            return [nothing(len(day), t).alias(n) for n, t in kinds.items()]
        rank = self.intervals.ranks(codes)[code_ix]
        row, holds = self.intervals.find(rank, day)
        first, last = self.intervals.dates(row)
        dated = known_only(pl.Series(holds), day != NO_DAY)
        return [
            pl.Series("code_known", rank >= 0),
            first.alias("code_from"),
            last.alias("code_to"),
            dated.alias("code_in_force"),
        ]


@lru_cache(maxsize=8)
def code_book(refs: References) -> CodeBook:
    """Return the procedure code book of some references, laid out once."""
    return CodeBook(refs)


@lru_cache(maxsize=8)
def diagnosis_book(refs: References) -> tuple[Intervals, frozenset[str], int]:
    """Return the billable ICD-10-CM intervals, all listed codes, and the first day any edition reaches back to."""
    table = refs.frame("icd10")
    reaches = min(day_number(e.valid_from) for e in refs.editions("icd10") if e.valid_from is not None)
    return Intervals(table.filter(~pl.col("header"))), frozenset(table["code"].to_list()), reaches
