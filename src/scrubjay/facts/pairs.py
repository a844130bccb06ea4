"""Pairs of codes of one patient, provider and day that the NCCI table does not let stand side by side."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.facts.gather import Ints, day_number, rows_at
from scrubjay.facts.lines import LineFacts
from scrubjay.groups import Bits, Masks
from scrubjay.ptp import NEVER, base36, pairs_in_force
from scrubjay.refdata import References

Bools = npt.NDArray[np.bool_]

_MATRIX = 1024
"""Up to this many distinct codes every code pair of the batch is judged once, in a matrix."""

EITHER_COLUMN_FROM = day_number(dt.date(2019, 7, 1))
"""From this day 59 and the X modifiers open a pair on either column (CMS CR 11168); before, on column 2."""

_COLUMNS = (
    "line_id claim_id claim line code segment pos pos_facility charge_cents units_milli claim_segment service_date provider_key"
).split()


def find_pairs(facts: LineFacts, refs: References, code_bits: Bits, mod_bits: Bits) -> pl.DataFrame:
    """Return one row per pair in force: column 1 as ``*_1``, column 2 (the denied code) as ``*_2``.

    ``mi`` modifier indicator; ``known`` false where the undated edition cannot say whether the pair was in force (then
    ``mi`` is 9 and ``listed_mi`` what the row says); ``bypassed`` an NCCI-associated modifier stands where it may open
    an indicator 1 pair.
    """
    left, right = _candidates(facts)
    if refs.has("ptp"):
        keep, unknown, mi = _judge(facts, refs, left, right)
    else:
        keep = np.zeros(0, dtype=np.int64)
        unknown, mi = keep.astype(bool), keep.astype(np.uint8)
    one, two = left[keep], right[keep]
    bypassed = _bypassed(facts, one, two, code_bits, mod_bits)
    frame = facts.frame
    names = _COLUMNS + code_bits.columns("groups") + mod_bits.columns("mods")
    columns = []
    for side, at in ((1, one), (2, two)):
        columns += [column.alias(f"{column.name}_{side}") for column in rows_at(frame, names, at)]
    whose = [n for n in frame.columns if n in ("policy", "patient_policies") or n.startswith("sw_")]
    shared = rows_at(frame, whose, two)
    judged = {"mi": np.where(unknown, np.uint8(NEVER), mi), "listed_mi": mi, "known": ~unknown, "bypassed": bypassed}
    return pl.DataFrame([*columns, *shared, *(pl.Series(name, values) for name, values in judged.items())])


def _candidates(facts: LineFacts) -> tuple[Ints, Ints]:
    """Return ordered pairs of different codes of one patient and day whose lines share the provider."""
    order, starts, sizes = facts.visit.order, facts.visit.starts, facts.visit.sizes
    big = sizes > 1
    starts, sizes = starts[big], sizes[big]
    row_size = np.repeat(sizes, sizes)
    row_start = np.repeat(starts, sizes)
    begins = np.cumsum(sizes) - sizes
    rows = row_start + np.arange(int(sizes.sum())) - np.repeat(begins, sizes)
    total = int(row_size.sum())
    offset = np.arange(total) - np.repeat(np.cumsum(row_size) - row_size, row_size)
    left = order[np.repeat(rows, row_size)]
    right = order[np.repeat(row_start, row_size) + offset]
    keep = facts.code_ix[left] != facts.code_ix[right]
    left, right = left[keep], right[keep]
    same = facts.provider[left] == facts.provider[right]
    specialty = facts.specialty[left]
    same |= (specialty != 0) & (specialty == facts.specialty[right])
    return left[same], right[same]


def _judge(facts: LineFacts, refs: References, left: Ints, right: Ints) -> tuple[Ints, Bools, npt.NDArray[np.uint8]]:
    """Return the indices of the candidates in force or unknown, and of those which are unknown and their indicator."""
    table = refs.ptp_arrays()
    packed = base36(facts.codes)
    size = len(packed)
    if size <= _MATRIX and len(left) > size * size:
        # Most batches use few codes: find which code pairs the table holds at all before looking at days.
        every = np.arange(size * size)
        held = np.isin((packed[every // size] << 26) | packed[every % size], _present(table.key, packed))
        possible = np.flatnonzero(held[facts.code_ix[left] * size + facts.code_ix[right]])
    else:
        possible = np.arange(len(left))
    one, two = left[possible], right[possible]
    in_force, unknown, mi = pairs_in_force(
        table, packed[facts.code_ix[one]], packed[facts.code_ix[two]], facts.day[one]
    )
    keep = in_force | unknown
    return possible[keep], unknown[keep], mi[keep]


def _present(keys: Ints, packed: Ints) -> Ints:
    """Return those keys of the table whose codes both occur in the batch."""
    known = packed[packed >= 0]
    wanted = ((known[:, None] << 26) | known[None, :]).ravel()
    at = np.searchsorted(keys, wanted)
    at = np.minimum(at, max(len(keys) - 1, 0))
    return wanted[keys[at] == wanted] if len(keys) else wanted[:0]


def _bypassed(facts: LineFacts, one: Ints, two: Ints, code_bits: Bits, mod_bits: Bits) -> Bools:
    def member(masks: list[Masks], bits: Bits, name: str, at: Ints) -> Bools:
        word, bit = bits.place(name)
        inside: Bools = (masks[word][at] & np.uint64(1 << bit)) != 0
        return inside

    late = facts.day[one] >= EITHER_COLUMN_FROM
    sides = ((one, late), (two, np.ones(len(two), dtype=bool)))
    visits = [member(facts.code_masks, code_bits, "EM_ANY", at) for at, _ in sides]
    out = np.zeros(len(one), dtype=bool)
    for (at, either), visit in zip(sides, visits, strict=True):
        distinct = member(facts.mod_masks, mod_bits, "X59", at)
        other = member(facts.mod_masks, mod_bits, "NCCI_PROC", at) & ~distinct
        # A side of the body or a global period tells two procedures apart, not a procedure from a visit.
        out |= visit & member(facts.mod_masks, mod_bits, "NCCI_EM", at)
        out |= ~visit & ((distinct & either) | (other & ~(visits[0] | visits[1])))
    return out
