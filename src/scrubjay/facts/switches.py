"""Payer-wide switches as columns: what a policy says on a day, found by one binary search."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from scrubjay.facts.gather import Ints, day_number
from scrubjay.facts.steps import EVER, Steps, steps_of
from scrubjay.policy import PolicySet


class Timeline(NamedTuple):
    """All switches of all policies, cut into stretches of days in which none changes.

    ``steps`` by the rank of the policy; ``table`` one row per stretch, columns ``sw_NAME``.
    """

    ranks: dict[str, int]
    steps: Steps
    table: pl.DataFrame


@lru_cache(maxsize=16)
def timeline(policy: PolicySet) -> Timeline:
    """Lay out the switches of a policy set; done once for each set."""
    rows = policy.switches().select("policy", "name", "value", "valid_from", "valid_to").rows()
    names = sorted({name for _, name, *_ in rows})
    ranks = {name: k for k, name in enumerate(sorted({p for p, *_ in rows}))}
    keys: list[int] = []
    begins: list[int] = []
    values: list[tuple[str | None, ...]] = []
    for owner, rank in ranks.items():
        own = [(name, value, _first(a), _last(b)) for p, name, value, a, b in rows if p == owner]
        starts = sorted({start for _, _, start, _ in own})
        for start in starts:
            now = {name: value for name, value, a, b in own if a <= start <= b}
            keys.append(rank)
            begins.append(start)
            values.append(tuple(now.get(name) for name in names))
    kinds = {f"sw_{n}": pl.Enum(sorted({v for _, name, v, *_ in rows if name == n})) for n in names}
    # The stretches are in order already.
    steps, _ = steps_of(np.array(keys, dtype=np.int64), np.array(begins, dtype=np.int64))
    return Timeline(ranks, steps, pl.DataFrame(values, schema=kinds, orient="row"))


def _first(day: dt.date | None) -> int:
    return EVER if day is None else day_number(day)


def _last(day: dt.date | None) -> int:
    return -EVER if day is None else day_number(day)


def stretches(policy: PolicySet, names: list[str], policy_ix: Ints, day: Ints) -> Ints:
    """Return for rows of a policy (index into ``names``) and a day the row of the timeline's table that holds then."""
    line = timeline(policy)
    rank = np.array([line.ranks.get(name, 0) for name in names], dtype=np.int64)
    return line.steps.at(rank[policy_ix], day)


def switch(policy: PolicySet, name: str) -> list[str | None]:
    """Return the values of a switch by the rows of the timeline's table."""
    return _values(policy)[name]


@lru_cache(maxsize=16)
def _values(policy: PolicySet) -> dict[str, list[str | None]]:
    return {column.name: column.to_list() for column in timeline(policy).table}
