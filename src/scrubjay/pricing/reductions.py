"""What modifiers, the clinician and the other lines of the day take off a fee or add to it.

The shares are the table payment_rules.  Lines compete within one claim, day and rendering provider.  Endoscopies
(indicator 3) are reduced like other operations: the packaged table names no family base.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from scrubjay.facts.gather import Groups, Ints, days, distinct
from scrubjay.pricing.values import ASSISTING, SHARES, Schedule

MODS = ("mod1", "mod2", "mod3", "mod4")
_FULL = 1000
_NO_RIVAL = np.iinfo(np.int64).min


def modifiers_of(lines: pl.DataFrame, s: Schedule) -> tuple[Ints, Ints]:
    """Return the number of the modifier that names a part of each line's service, 0 for none, and the flags of all of them."""
    split, flags = np.zeros(len(lines), dtype=np.int64), np.zeros(len(lines), dtype=np.int64)
    # The first one that names a part counts.
    for name in reversed(MODS):
        values, at = distinct(lines[name])
        if values == [""]:
            continue
        named = np.array([s.split.get(v, 0) for v in values])[at]
        split = np.where(named > 0, named, split)
        flags |= np.array([s.flags.get(v, 0) for v in values])[at]
    return split, flags


def shares_of(lines: pl.DataFrame, fee_at: Ints, flags: Ints, s: Schedule) -> Ints:
    """Return the share of the fee in thousandths that modifiers and the kind of clinician leave; below zero: not known."""
    share = np.full(len(lines), _FULL, dtype=np.int64)
    for k in range(len(SHARES)):
        asked = (flags & (1 << k)) > 0
        if asked.any():
            by_rule = s.fees.shares[k][fee_at]
            known = (share >= 0) & (by_rule >= 0)
            share = np.where(asked, np.where(known, share * by_rule // _FULL, -1), share)
    kinds, kind = distinct(lines["taxonomy"])
    less = np.array([v.startswith(s.reduced) for v in kinds], dtype=bool)[kind] & (flags & ASSISTING == 0)
    return np.where(less & (share >= 0), share * s.non_physician // _FULL, share) if less.any() else share


def reductions_of(lines: pl.DataFrame, multiple: Ints, parts: Mapping[str, Ints], units: Ints, s: Schedule) -> Ints:
    """Return what the rules of several procedures take off each line, in millionths of a cent.

    ``multiple`` is the number of its indicator, 0 for a line without a fee; ``parts`` the cents of a unit by part.
    """
    off = np.zeros(len(lines), dtype=np.int64)
    at = np.flatnonzero(multiple)
    if not len(at):
        return off
    rows = lines[pl.Series(at.astype(np.uint32))]
    kind, many = multiple[at], units[at]
    # Units of one line are repetitions: only the first of them can be the procedure paid in full.
    rest = np.maximum(many - _FULL, 0)
    claim_day = (rows["claim_id"].to_numpy().astype(np.int64) << 24) + days(rows["service_date"])
    rivals = Groups(claim_day).divided(distinct(rows["provider"])[1])
    taken = np.zeros(len(at), dtype=np.int64)
    for cut in s.cuts:
        if not (kind == cut.kind).any():
            continue
        value = parts[cut.part][at]
        rival = np.isin(kind, cut.rivals) & (value > 0)
        order = np.where(rival, value * 100_000 - at, _NO_RIVAL)
        dearest = np.maximum.reduceat(order[rivals.order], rivals.starts)[rivals.index]
        left = np.where(order == dearest, rest, many)
        taken += np.where(rival & (kind == cut.kind), value * left * cut.off, 0)
    off[at] = taken
    return off
