"""NCCI procedure-to-procedure pairs: probe the whole practitioner table by integer key.

The table is sorted by ``base36(column 1) << 26 | base36(column 2)``; a pair of codes is found by binary search.
An edition whose publisher's copy lost the effective dates is read by the rule in
``docs/decisions/ptp-without-effective-dates.md``.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from scrubjay.refdata import ACTIVE, BEGINNING, Pairs

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CODE_BITS = 26
"""36**5 < 2**26: five characters of a code fit."""

UNDATED_FROM = (dt.date(2021, 1, 1) - dt.date(1970, 1, 1)).days
"""From this day an active row of an undated edition is taken to be in force (the catalogue's resolution rule 1)."""

NEVER = 9
"""Modifier indicator of a pair deleted on the day it began."""


def base36(codes: list[str]) -> Ints:
    """Return five-character codes as integers; -1 for anything else."""
    out = np.full(len(codes), -1, dtype=np.int64)
    for k, code in enumerate(codes):
        if len(code) == 5 and code.isascii() and code.isalnum():
            out[k] = int(code, 36)
    return out


def pairs_in_force(table: Pairs, first: Ints, second: Ints, days: Ints) -> tuple[Bools, Bools, npt.NDArray[np.uint8]]:
    """Judge ordered code pairs (``first`` as column 1) on their days.

    Returns which are in force, which cannot be known (an undated active row before :data:`UNDATED_FROM`), and the
    modifier indicator of both, :data:`NEVER` for the rest.
    """
    key = (first << CODE_BITS) | second
    key[(first < 0) | (second < 0)] = -1
    at = np.searchsorted(table.key, key)
    size = len(table.key)
    in_force = np.zeros(len(key), dtype=bool)
    unknown = np.zeros(len(key), dtype=bool)
    mi = np.full(len(key), NEVER, dtype=np.uint8)
    best = np.full(len(key), ACTIVE, dtype=np.int64)
    live = np.flatnonzero((at < size) & (key >= 0))
    live = live[table.key[at[live]] == key[live]]
    while len(live):
        row = at[live]
        deleted = table.deleted[row].astype(np.int64)
        day = days[live]
        active = deleted == ACTIVE
        begins = table.valid_from[row].astype(np.int64)
        undated = begins == BEGINNING
        begun = np.where(undated & active, (day >= UNDATED_FROM) | table.pre1996[row], day >= begins)
        usable = table.mi[row] != NEVER
        # Of several rows of a pair the active one wins; of deleted ones the first that was still alive on the day.
        holds = usable & begun & (active | (day <= deleted))
        better = holds & (best[live] != -1) & (active | (deleted < best[live]))
        chosen = live[better]
        in_force[chosen] = True
        mi[chosen] = table.mi[row[better]]
        best[chosen] = np.where(active[better], -1, deleted[better])
        silent = usable & active & undated & ~begun
        unknown[live[silent]] = True
        mi[live[silent]] = table.mi[row[silent]]
        at[live] += 1
        onward = at[live] < size
        live = live[onward]
        live = live[table.key[at[live]] == key[live]]
    unknown &= ~in_force
    return in_force, unknown, mi
