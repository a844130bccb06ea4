"""Screens: asks of all edits at once which of them can find anything in a piece of input.

A query begins with a filter on its ``start`` table, and a row which that filter stops cannot be hit.  Planning a query
costs more than filtering some thousand rows, so the first filters of all edits are answered together, and only the
queries that have a row left are planned; they take the answer instead of asking again.

A first filter is taken apart into conditions that must all hold.  Many edits share them, so each is answered once for
a piece.  Those that test a bit of a mask rule out most edits and cost least: they come first, then those that a column
answers as it stands, and what is left is asked of the query engine in one pass per table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.edit import Edit
from scrubjay.facts import Facts, Run
from scrubjay.groups import bits_set
from scrubjay.refdata import References

if TYPE_CHECKING:
    from scrubjay.edit import Query

Bools = npt.NDArray[np.bool_]
Masks = Mapping[str, pl.Series]
"""The rows of each start table that a screen lets through."""


class Bit(NamedTuple):
    """A condition that tests bits of a mask column: some of them are set, or (``wanted`` false) none is."""

    column: str
    bits: int
    wanted: bool


class Plain(NamedTuple):
    """A condition that a column answers as it stands: it is ``true`` or ``false``, or its value is ``given`` or ``missing``."""

    column: str
    state: Literal["true", "false", "given", "missing"]


@dataclass(frozen=True, eq=False)
class Condition:
    """Any other condition; ``question`` is true or false under a ``name`` of its own, which finds the answer again."""

    name: str
    holds: pl.Expr
    question: pl.Expr


class Opening(NamedTuple):
    """The first filter of a query on one table: all of its conditions must hold."""

    bits: tuple[Bit, ...]
    plain: tuple[Plain, ...]
    others: tuple[Condition, ...]


Screen = Mapping[str, Opening]
"""The first filter of a query on each of its start tables."""


class Begin(pl.LazyFrame):
    """A start table that remembers its first filter, or answers it with a mask that is known already."""

    def __init__(self, frame: pl.DataFrame, mask: pl.Series | None = None) -> None:
        super().__init__(frame)
        self._frame = frame.lazy()
        self._mask = mask
        self.opening: tuple[pl.Expr, ...] | None = None

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
        self._conditions: dict[str, list[Condition]] = {}
        self._numbers = count()

    def of(self, e: Edit, facts: Facts, refs: References) -> Screen | None:
        """Return the first filters of an edit's query; None where it begins with anything but a filter."""
        if e.query not in self._known:
            tables: dict[str, Begin] = {name: Begin(facts.frames[name]) for name in e.start}
            e.query(facts.beginning(tables), refs)
            openings = {n: self._taken_apart(t.opening) for n, t in tables.items() if t.opening is not None}
            self._known[e.query] = openings if len(openings) == len(tables) else None
        return self._known[e.query]

    def _taken_apart(self, predicates: tuple[pl.Expr, ...]) -> Opening:
        bits: dict[Bit, None] = {}
        plain: dict[Plain, None] = {}
        others: dict[Condition, None] = {}
        for part in (part for predicate in predicates for part in _conjuncts(predicate)):
            if part.meta.eq(pl.lit(value=True)):
                continue
            if (bit := _bit_test(part)) is not None:
                bits[bit] = None
            elif (state := _plain(part)) is not None:
                plain[state] = None
            else:
                others[self._condition(part)] = None
        return Opening(tuple(bits), tuple(plain), tuple(others))

    def _condition(self, holds: pl.Expr) -> Condition:
        """Return the one condition for equal expressions; the text of an expression leaves its lists of values out."""
        alike = self._conditions.setdefault(str(holds), [])
        for known in alike:
            if known.holds.meta.eq(holds):
                return known
        name = f"condition {next(self._numbers)}"
        made = Condition(name, holds, holds.fill_null(value=False).alias(name))
        alike.append(made)
        return made


@lru_cache(maxsize=8)
def screens_of(refs: References, run: Run) -> Screens:
    """Return the screens of a run, shared by all its pieces."""
    return Screens()


def answers(facts: Facts, asked: Mapping[str, Screen]) -> dict[str, Masks]:
    """Answer the screens of edits, and return the masks of those that let a row through.

    Raises what the query engine raises where one of the screens cannot be evaluated.
    """
    tested = _Tests(facts)
    left: dict[str, dict[str, Bools]] = {}
    for code, screen in asked.items():
        masks = {table: tested.all(table, opening) for table, opening in screen.items()}
        if any(mask.any() for mask in masks.values()):
            left[code] = masks
    open_tables = [(code, table) for code, masks in left.items() for table, mask in masks.items() if mask.any()]
    others = _asked(facts, ((table, asked[code][table]) for code, table in open_tables))
    for code, table in open_tables:
        for condition in asked[code][table].others:
            left[code][table] &= others[table, condition.name]
    found: dict[str, Masks] = {}
    for code, masks in left.items():
        if any(mask.any() for mask in masks.values()):
            found[code] = {table: pl.Series(mask) for table, mask in masks.items()}
    return found


def only(screen: Screen, facts: Facts, bit: Bit) -> Screen:
    """Return a screen that also tests a bit, on the tables that have its column."""
    return {
        table: opening._replace(bits=(bit, *opening.bits)) if bit.column in facts.frames[table].columns else opening
        for table, opening in screen.items()
    }


def begun(facts: Facts, masks: Masks) -> Facts:
    """Return the facts with start tables that answer their first filter by a mask."""
    return facts.beginning({name: Begin(facts.frames[name], mask) for name, mask in masks.items()})


class _Tests:
    """The answers of mask columns and of columns as they stand, each worked out once."""

    def __init__(self, facts: Facts) -> None:
        self._frames = facts.frames
        self._columns: dict[tuple[str, str], npt.NDArray[np.uint64]] = {}
        self._bits: dict[tuple[str, str, int], Bools] = {}
        self._plain: dict[tuple[str, Plain], Bools] = {}

    def all(self, table: str, opening: Opening) -> Bools:
        """Return the rows of a table for which the bits are as wanted and the columns say so, in an array of its own."""
        mask = np.ones(self._frames[table].height, dtype=bool)
        for test in opening.bits:
            some = self._some(table, test.column, test.bits)
            # For bools, greater means true and false.
            (np.logical_and if test.wanted else np.greater)(mask, some, out=mask)
            if not mask.any():
                return mask
        for plain in opening.plain:
            mask &= self._said(table, plain)
            if not mask.any():
                break
        return mask

    def _some(self, table: str, column: str, bits: int) -> Bools:
        if (table, column) not in self._columns:
            self._columns[table, column] = self._frames[table].get_column(column).to_numpy()
        key = (table, column, bits)
        if key not in self._bits:
            self._bits[key] = (self._columns[table, column] & np.uint64(bits)) != 0
        return self._bits[key]

    def _said(self, table: str, plain: Plain) -> Bools:
        if (table, plain) not in self._plain:
            self._plain[table, plain] = _answer(self._frames[table].get_column(plain.column), plain.state)
        return self._plain[table, plain]


def _answer(column: pl.Series, state: Literal["true", "false", "given", "missing"]) -> Bools:
    """Return the rows of a column that are in a state; a missing value is neither true nor false."""
    missing = column.null_count()
    if state in ("given", "missing"):
        if missing in (0, len(column)):
            return np.full(len(column), (missing == 0) == (state == "given"))
        return (column.is_not_null() if state == "given" else column.is_null()).to_numpy()
    said = column if state == "true" else ~column
    return (said.fill_null(value=False) if missing else said).to_numpy()


_AS_WRITTEN = pl.QueryOptFlags.none()
"""One pass over columns has nothing to reorder; looking for it takes longer than the pass over one claim."""


def _asked(facts: Facts, openings: Iterable[tuple[str, Opening]]) -> dict[tuple[str, str], Bools]:
    """Ask the query engine all other conditions of some openings, one pass for each table."""
    columns: dict[str, dict[str, pl.Expr]] = {}
    for table, opening in openings:
        columns.setdefault(table, {}).update({c.name: c.question for c in opening.others})
    queries = {t: facts.frames[t].lazy().select(list(c.values())) for t, c in columns.items() if c}
    collected = pl.collect_all(list(queries.values()), engine="in-memory", optimizations=_AS_WRITTEN)
    return {(t, a.name): a.to_numpy() for t, frame in zip(queries, collected, strict=True) for a in frame}


def _conjuncts(condition: pl.Expr) -> list[pl.Expr]:
    """Take an expression apart at its outermost "and"s."""
    inputs = condition.meta.pop()
    if len(inputs) == 2 and condition.meta.eq(inputs[1] & inputs[0]):
        return [*_conjuncts(inputs[1]), *_conjuncts(inputs[0])]
    return [condition]


def _plain(condition: pl.Expr) -> Plain | None:
    """Return what a condition on the state of one column asks; None for others."""
    if condition.meta.is_column():
        return Plain(condition.meta.output_name(), "true")
    inputs = condition.meta.pop()
    if len(inputs) != 1 or not inputs[0].meta.is_column():
        return None
    (column,) = inputs
    name = column.meta.output_name()
    if condition.meta.eq(~column):
        return Plain(name, "false")
    if condition.meta.eq(column.is_not_null()):
        return Plain(name, "given")
    return Plain(name, "missing") if condition.meta.eq(column.is_null()) else None


def _bit_test(condition: pl.Expr) -> Bit | None:
    """Return what a condition of the form of :meth:`scrubjay.groups.Bits.test` or its negation tests; None for others."""
    inputs = condition.meta.pop()
    if len(inputs) == 1 and condition.meta.eq(~inputs[0]):
        test = _bit_test(inputs[0])
        return test and test._replace(wanted=not test.wanted)
    if len(inputs) == 2:
        parts = inputs[1].meta.pop()
        if len(parts) == 2 and parts[0].meta.is_literal() and parts[1].meta.is_column():
            column, bits = parts[1].meta.output_name(), pl.select(parts[0]).item()
            if isinstance(bits, int) and condition.meta.eq(bits_set(column, bits)):
                return Bit(column, bits, wanted=True)
    return None
