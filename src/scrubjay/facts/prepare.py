"""Build the facts of a piece of input."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
import polars as pl

from scrubjay.facts.claims import with_line_sums, with_patient, with_patient_policies, with_policy, with_rendering
from scrubjay.facts.diagnoses import with_diagnoses
from scrubjay.facts.gather import distinct
from scrubjay.facts.history import earlier_lines, with_earlier_units
from scrubjay.facts.lines import LineFacts, Marks, with_words
from scrubjay.facts.pairs import find_pairs
from scrubjay.facts.places import with_places
from scrubjay.facts.reasons import with_reasons
from scrubjay.groups import Bits, bits_set
from scrubjay.model import Tables
from scrubjay.policy import PolicySet
from scrubjay.refdata import References


@dataclass(frozen=True)
class Run:
    """What the caller decides: the day of judgement, the day the payer gets the claims, and a forced policy."""

    as_of: dt.date
    received: dt.date
    policy: str | None = None


@dataclass(frozen=True)
class Facts:
    """What edits see: lazy tables, and the tests of group membership.

    ``lines``, ``claims``, ``pairs``, ``diagnoses``, ``notes``, ``defects`` and ``history`` are lazy; ``refs`` are passed beside.
    For the engine: ``frames`` are the same tables at hand, ``holed`` columns with a missing value, ``scopes`` to count, the groups
    ``held`` by any line, and the ``policies`` that judge a claim, each with its bit of ``patient_policies``.
    """

    claims: pl.LazyFrame
    lines: pl.LazyFrame
    pairs: pl.LazyFrame
    diagnoses: pl.LazyFrame
    notes: pl.LazyFrame
    defects: pl.LazyFrame
    history: pl.LazyFrame
    has_history: bool
    rules: pl.LazyFrame
    run: Run
    policies: Mapping[str, int]
    codes: Bits
    mods: Bits
    dx: Bits
    places: Bits
    frames: Mapping[str, pl.DataFrame]
    holed: Mapping[str, frozenset[str]]
    scopes: ScopeCounts
    held: frozenset[str]

    def beginning(self, tables: Mapping[str, pl.LazyFrame]) -> Facts:
        """Return the same facts with some of the lazy tables in another guise."""
        return replace(self, **cast("dict[str, Any]", tables))

    def in_group(self, name: str) -> pl.Expr:
        """The line's code is in the group."""
        return self.codes.test("groups", name)

    def day_has(self, name: str) -> pl.Expr:
        """A line of the same patient, payer, provider and day is in the group."""
        return self.codes.test("day_groups", name)

    def visit_has(self, name: str) -> pl.Expr:
        """A line of the same patient, payer and day is in the group, whoever rendered it."""
        return self.codes.test("visit_groups", name)

    def claim_has(self, name: str) -> pl.Expr:
        """A line of the same claim is in the group, on any day."""
        return self.codes.test("claim_groups", name)

    def has_mod(self, name: str) -> pl.Expr:
        """The line carries a modifier of the group."""
        return self.mods.test("mods", name)

    def points_to(self, name: str) -> pl.Expr:
        """The line points to a diagnosis of the group (on ``diagnoses``: the diagnosis is in it)."""
        return self.dx.test("dx", name)

    def in_place(self, name: str) -> pl.Expr:
        """The place of service (of the line, or on ``claims`` of the claim) is in a group of places."""
        return self.places.test("places", name)

    def visit_has_mod(self, name: str) -> pl.Expr:
        """A line of the same patient, payer and day carries a modifier of the group, whoever rendered it."""
        return self.mods.test("visit_mods", name)

    def occurs(self, groups: str) -> bool:
        """One of the groups (``A|B``; ``mod:`` and ``dx:`` for modifiers and diagnoses) occurs somewhere in the input."""
        return any(name in self.held for name in groups.split("|"))

    def pair_in(self, side: int, name: str) -> pl.Expr:
        """Column 1 or 2 of the pair is in the code group."""
        return _side(self.codes, "groups", name, side)

    def pair_has_mod(self, side: int, name: str) -> pl.Expr:
        """Column 1 or 2 of the pair carries a modifier of the group."""
        return _side(self.mods, "mods", name, side)


class ScopeCounts:
    """How many rows of each policy an edit's scope holds; void claims are in no scope."""

    def __init__(self, claims: pl.DataFrame, lines: pl.DataFrame, bits: Bits) -> None:
        self._bits = bits
        self._policies, policy_ix = distinct(lines["policy"])
        judged = ~lines["is_void"].to_numpy()
        self._policy_ix = policy_ix[judged]
        self._masks = [lines[name].to_numpy()[judged] for name in bits.columns("groups")]
        names, owner = distinct(claims["policy"])
        counts = np.bincount(owner[~claims["is_void"].to_numpy()], minlength=len(names)).tolist()
        self._claims = {name: n for name, n in zip(names, counts, strict=True) if n}
        self._kept: dict[str, dict[str, int]] = {}

    def of(self, grain: str, scope: str) -> dict[str, int]:
        """Return the rows in a scope by policy: lines of a code group, all lines, or (other grains) all claims."""
        if grain != "line":
            return self._claims
        if scope not in self._kept:
            inside = self._policy_ix
            if scope != "*":
                word, bit = self._bits.place(scope)
                inside = inside[(self._masks[word] & np.uint64(1 << bit)) != 0]
            counts = np.bincount(inside, minlength=len(self._policies)).tolist()
            self._kept[scope] = {name: n for name, n in zip(self._policies, counts, strict=True) if n}
        return self._kept[scope]


def _texts(lines: pl.DataFrame, notes: pl.DataFrame) -> frozenset[str]:
    """Return ``text`` where any line or claim says something in words."""
    silent = all(lines[name].null_count() == len(lines) for name in ("description", "line_note")) and notes.is_empty()
    return frozenset() if silent else frozenset({"text"})


def _holed(frame: pl.DataFrame) -> frozenset[str]:
    """Return the columns with a missing value."""
    if frame.is_empty():
        return frozenset()
    return frozenset(name for name, count in zip(frame.columns, frame.null_count().row(0), strict=True) if count)


def _side(bits: Bits, column: str, name: str, side: int) -> pl.Expr:
    word, bit = bits.place(name)
    return bits_set(f"{column}{word}_{side}", 1 << bit)


@lru_cache(maxsize=8)
def bits_of(refs: References) -> tuple[Bits, Bits, Bits, Bits]:
    """Return the bit tables of the groups of codes, modifiers, diagnoses and places of some references."""
    tables = ("groups", "mod_groups", "dx_groups", "pos_groups")
    return tuple(Bits(refs.keys(t, "group").to_list() if refs.has(t) else []) for t in tables)  # type: ignore[return-value]


def prepare(
    tables: Tables, refs: References, policy: PolicySet, run: Run, history: pl.DataFrame | None = None
) -> Facts:
    """Widen the tables by what the references and the policy say, and find the pairs.

    ``history`` holds earlier service lines (see :mod:`scrubjay.facts.history`), None where none were given.
    """
    code_bits, mod_bits, dx_bits, place_bits = bits_of(refs)
    claims = with_patient(with_policy(tables.claims, policy, run.policy))
    claims = with_rendering(with_places(claims, refs, place_bits))
    claims, policies = with_patient_policies(claims)
    facts = LineFacts(tables.lines, claims, refs, policy, Marks(code_bits, mod_bits, place_bits))
    facts.frame = with_words(facts, tables.notes)
    claims = with_line_sums(claims, facts.frame, facts.claim_ix)
    diagnoses, lines = with_diagnoses(tables.diagnoses, claims, facts.frame, facts.claim_ix, refs, dx_bits)
    facts.frame = lines = with_reasons(lines, facts.claim, code_bits)
    earlier = earlier_lines(history, claims, refs, code_bits)
    lines = with_earlier_units(lines, earlier)
    frames = {
        "claims": claims,
        "lines": lines,
        "pairs": find_pairs(facts, refs, policy, code_bits, mod_bits),
        "diagnoses": diagnoses,
        "notes": tables.notes,
        "defects": tables.defects,
        "history": earlier,
    }
    return Facts(
        **{name: frame.lazy() for name, frame in frames.items()},
        has_history=history is not None,
        rules=policy.rules().lazy(),
        run=run,
        policies=policies,
        codes=code_bits,
        mods=mod_bits,
        dx=dx_bits,
        places=place_bits,
        frames=frames,
        holed={"claims": _holed(claims), "lines": _holed(lines)},
        scopes=ScopeCounts(claims, lines, code_bits),
        held=_texts(lines, tables.notes)
        | frozenset(
            name
            for prefix, bits, column in (("", code_bits, "groups"), ("mod:", mod_bits, "mods"), ("dx:", dx_bits, "dx"))
            for name in bits.held(lines, column, prefix)
        ),
    )
