"""Screens: asks of all edits at once which of them can find anything in a piece of input.

A query begins with a filter on its ``start`` table, and a row which that filter stops cannot be hit.  Planning a query
costs more than filtering some thousand rows, so the first filters of all edits are evaluated together, one pass per
table, and only the queries that have a row left are planned; they take the answer instead of asking again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from scrubjay.edit import Edit
from scrubjay.facts import Facts, Run
from scrubjay.refdata import References

if TYPE_CHECKING:
    from scrubjay.edit import Query

Filter = tuple[pl.Expr, ...]
Screen = Mapping[str, Filter]
"""The first filter of a query on each of its start tables."""
Masks = Mapping[str, pl.Series]
"""The rows of each start table that a screen lets through."""


class Begin(pl.LazyFrame):
    """A start table that remembers its first filter, or answers it with a mask that is known already."""

    def __init__(self, frame: pl.DataFrame, mask: pl.Series | None = None) -> None:
        super().__init__(frame)
        self._frame = frame.lazy()
        self._mask = mask
        self.opening: Filter | None = None

    @classmethod
    def _from_pyldf(cls, ldf: Any) -> pl.LazyFrame:
        # What comes of a start table by any other step is an ordinary frame.
        return pl.LazyFrame._from_pyldf(ldf)

    def filter(self, *predicates: Any, **constraints: Any) -> pl.LazyFrame:
        """Filter as a lazy frame does; the first call is the one that counts."""
        if self.opening is None:
            self.opening = predicates
            if self._mask is not None:
                return self._frame.filter(self._mask)
        return self._frame.filter(*predicates, **constraints)


class Screens:
    """The first filters of edits, each learnt once, when a piece first has rows for the edit.

    They depend on the references and the run alone, never on a piece: a query builds the same expressions every time.
    """

    def __init__(self) -> None:
        self._known: dict[Query, Screen | None] = {}

    def of(self, e: Edit, facts: Facts, refs: References) -> Screen | None:
        """Return the first filters of an edit's query; None where it begins with anything but a filter."""
        if e.query not in self._known:
            tables: dict[str, Begin] = {name: Begin(facts.frames[name]) for name in e.start}
            e.query(facts.beginning(tables), refs)
            openings = {name: table.opening for name, table in tables.items() if table.opening is not None}
            self._known[e.query] = openings if len(openings) == len(tables) else None
        return self._known[e.query]


@lru_cache(maxsize=8)
def screens_of(refs: References, run: Run) -> Screens:
    """Return the screens of a run, shared by all its pieces."""
    return Screens()


def answers(facts: Facts, asked: Mapping[str, Screen]) -> dict[str, Masks]:
    """Evaluate the screens of edits, and return the masks of those that let a row through.

    Raises what the query engine raises where one of the screens cannot be evaluated.
    """
    columns: dict[str, list[pl.Expr]] = {}
    for code, screen in asked.items():
        for table, predicates in screen.items():
            columns.setdefault(table, []).append(_all(predicates).fill_null(value=False).alias(code))
    queries = [facts.frames[table].lazy().select(masks) for table, masks in columns.items()]
    found: dict[str, dict[str, pl.Series]] = {code: {} for code in asked}
    for table, masks in zip(columns, pl.collect_all(queries, engine="in-memory"), strict=True):
        for mask in masks:
            found[mask.name][table] = mask
    return {code: masks for code, masks in found.items() if any(mask.any() for mask in masks.values())}


def begun(facts: Facts, masks: Masks) -> Facts:
    """Return the facts with start tables that answer their first filter by a mask."""
    return facts.beginning({name: Begin(facts.frames[name], mask) for name, mask in masks.items()})


def _all(predicates: Filter) -> pl.Expr:
    return predicates[0] if len(predicates) == 1 else pl.all_horizontal(predicates)
