"""Segments to columns: what every reader of a transaction set needs beyond spans of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.io.spans import Bools, Ints, nothing, numbers, pack
from scrubjay.io.x12 import Segments

Value = TypeVar("Value", bound=np.generic)

_NUMPY: dict[type[pl.DataType], type[np.generic]] = {pl.Int64: np.int64, pl.UInt32: np.uint32, pl.UInt8: np.uint8}


def frame_of(columns: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return named columns as a frame; Polars takes a list in half the time it takes a mapping."""
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


def first_of(at: Ints, owner: Ints, count: int) -> Ints:
    """Return for every owner the first of the segments ``at`` that belongs to it, -1 where there is none."""
    out = np.full(count, -1, dtype=np.int64)
    out[owner[::-1]] = at[::-1]
    return out


def ids(values: Ints, first: int) -> pl.Series:
    """Turn ordinals into run-wide ids; -1 becomes null."""
    column = pl.Series(np.where(values < 0, 0, values + first).astype(np.uint32))
    if len(values) and int(values.min()) < 0:
        return known_only(column, values >= 0)
    return column


def known_only(column: pl.Series, known: Bools) -> pl.Series:
    """Return a column with null where it is not known."""
    if known.all():
        return column
    return column.zip_with(pl.Series(known), nothing(len(column), column.dtype))


def masked(values: Ints, ok: Bools, dtype: type[pl.DataType] = pl.Int64) -> pl.Series:
    """Return numbers as a column that is null where they are not good."""
    return numbers(values.astype(_NUMPY[dtype], copy=False), ok)


def as_dates(days: Ints, ok: Bools) -> pl.Series:
    """Return days since 1970-01-01 as dates, null where they are not good."""
    return numbers(days.astype(np.int32), ok, dates=True)


def absent(at: Ints) -> bool:
    """Say whether none of the segments is there; most kinds of segment are rare, and nothing of them need be read."""
    return not len(at) or int(at.max()) < 0


def spread(values: npt.NDArray[Value], at: Ints, count: int) -> npt.NDArray[Value]:
    """Spread values over ``count`` segments: the first up to the first of the segments ``at``, then one from each to the next."""
    return np.repeat(values, np.diff(np.concatenate([[0], at, [count]])))


def recent(segments: Segments, identifier: str) -> Ints:
    """Return for every segment the index of the latest one with this identifier at or before it, -1 where there is none."""
    at = segments.where(identifier)
    return spread(np.concatenate([[-1], at]), at, len(segments))


def ordinal(at: Ints, inside: Bools) -> Ints:
    """Return for every segment that is ``inside`` how many of the segments ``at`` are before the latest one, else -1."""
    return np.where(inside, spread(np.arange(-1, len(at)), at, len(inside)), -1)


@dataclass(frozen=True)
class Columns:
    """Elements of the segments of a chunk as columns; an index of -1 stands for "no such segment" and gives null."""

    segments: Segments

    def number(self, at: Ints) -> pl.Series:
        """Return the segments' numbers in the file."""
        if absent(at):
            return nothing(len(at), pl.UInt32)
        return masked(self.segments.number[np.maximum(at, 0)], at >= 0, pl.UInt32)

    def text(self, at: Ints, element: int, component: int | None = None) -> pl.Series:
        """Return an element, or a component of it, as written."""
        if absent(at):
            return nothing(len(at))
        span = self.segments.span(at, element)
        return self.segments.text(span if component is None else self.segments.component(span, component))

    def code(self, at: Ints, element: int, component: int | None = None) -> pl.Series:
        """Return an element, or a component of it, in capitals without blanks around it."""
        if absent(at):
            return nothing(len(at))
        span = self.segments.span(at, element)
        return self.segments.code(span if component is None else self.segments.component(span, component))

    def decimal(self, identifier: str, at: Ints, element: int, scale: int) -> pl.Series:
        """Return a decimal element of segments with this identifier as integers scaled by ``10**scale``."""
        if absent(at):
            return nothing(len(at), pl.Int64)
        return masked(*self.segments.numbers(identifier, element, scale, at))

    def date(self, at: Ints, element: int) -> pl.Series:
        """Return a ``CCYYMMDD`` element as a date."""
        if absent(at):
            return nothing(len(at), pl.Date)
        return as_dates(*self.segments.dates(self.segments.span(at, element)))

    def pick(
        self, identifier: str, region: Bools, qualifier: str | tuple[str, ...] | None = None, element: int = 1
    ) -> Ints:
        """Return the indices of segments by identifier, region and the qualifier in one of their elements."""
        at = self.segments.where(identifier)
        here = self.segments.within(identifier, region)
        if qualifier is not None:
            names = (qualifier,) if isinstance(qualifier, str) else qualifier
            key = self.segments.keys_of(identifier, element)
            for_any = key == pack(names[0])
            for name in names[1:]:
                for_any |= key == pack(name)
            here = here & for_any
        return at[here]
