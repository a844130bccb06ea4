"""Pairs of codes of one patient, provider and day that the NCCI table does not let stand side by side."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import Bools, Ints, day_number, rows_at
from scrubjay.facts.lines import LineFacts
from scrubjay.facts.switches import timeline
from scrubjay.groups import Bits, Masks
from scrubjay.policy import PolicySet
from scrubjay.ptp import CODE_BITS, NEVER, base36, pairs_in_force
from scrubjay.refdata import References

_MATRIX = 1024
"""Up to this many distinct codes every code pair of the batch is judged once, in a matrix."""

EITHER_COLUMN_FROM = day_number(dt.date(2019, 7, 1))
"""From this day 59 and the X modifiers open a pair on either column (CMS CR 11168); before, on column 2."""

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "line_id": pl.UInt32, "claim_id": pl.UInt32, "claim": pl.String, "line": pl.Int64, "code": pl.String, "segment": pl.UInt32,
    "pos": pl.String, "pos_facility": pl.Boolean, "charge_cents": pl.Int64, "units_milli": pl.Int64, "claim_segment": pl.UInt32,
    "service_date": pl.Date, "provider_key": pl.UInt64,
}  # fmt: skip
"""What a pair tells of each of its lines."""

_WHOSE = ("policy", "patient_policies")


def find_pairs(facts: LineFacts, refs: References, policy: PolicySet, code_bits: Bits, mod_bits: Bits) -> pl.DataFrame:
    """Return one row per pair in force: column 1 as ``*_1``, column 2 (the denied code) as ``*_2``.

    ``mi`` modifier indicator; ``known`` false where the undated edition cannot say whether the pair was in force (then
    ``mi`` is 9 and ``listed_mi`` what the row says); ``bypassed`` an NCCI-associated modifier stands where it may open
    an indicator 1 pair.
    """
    nothing = _no_pairs(policy, code_bits, mod_bits)
    if not refs.has("ptp"):
        return nothing
    table, packed = refs.ptp_arrays(), base36(facts.codes)
    left, right = _candidates(facts, _together(table.key, packed, facts))
    codes = packed[facts.code_ix]
    in_force, unknown, mi = pairs_in_force(table, codes[left], codes[right], facts.day[left])
    keep = np.flatnonzero(in_force | unknown)
    if not len(keep):
        return nothing
    one, two, unknown, mi = left[keep], right[keep], unknown[keep], mi[keep]
    bypassed = _bypassed(facts, one, two, code_bits, mod_bits)
    names = [*_COLUMNS, *code_bits.columns("groups"), *mod_bits.columns("mods")]
    columns = []
    for side, at in ((1, one), (2, two)):
        columns += [column.alias(f"{column.name}_{side}") for column in rows_at(facts.frame, names, at)]
    shared = rows_at(facts.frame, [*_WHOSE, *timeline(policy).table.columns], two)
    judged = {"mi": np.where(unknown, np.uint8(NEVER), mi), "listed_mi": mi, "known": ~unknown, "bypassed": bypassed}
    return pl.DataFrame([*columns, *shared, *(pl.Series(name, values) for name, values in judged.items())])


@lru_cache(maxsize=16)
def _no_pairs(policy: PolicySet, code_bits: Bits, mod_bits: Bits) -> pl.DataFrame:
    masks = [*code_bits.columns("groups"), *mod_bits.columns("mods")]
    of_side = {**_COLUMNS, **dict.fromkeys(masks, pl.UInt64)}
    judged = {"mi": pl.UInt8, "listed_mi": pl.UInt8, "known": pl.Boolean, "bypassed": pl.Boolean}
    return pl.DataFrame(
        schema={
            **{f"{name}_{side}": dtype for side in (1, 2) for name, dtype in of_side.items()},
            **dict(zip(_WHOSE, (pl.String, pl.UInt64), strict=True)),
            **timeline(policy).table.schema,
            **judged,
        }
    )


def _together(keys: Ints, packed: Ints, facts: LineFacts) -> Bools | None:
    """Say of each two codes of the batch whether the table holds them as a pair, either way round.

    None where the batch has so many codes, or so few lines of a day, that this is no help.
    """
    size = len(packed)
    if size > _MATRIX or int((facts.visit.sizes**2).sum()) <= size * size or not len(keys):
        return None
    wanted = (packed[:, None] << CODE_BITS) | packed[None, :]
    wanted[packed < 0] = -1
    wanted[:, packed < 0] = -1
    held: Bools = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    held |= held.T.copy()
    return held


def _candidates(facts: LineFacts, together: Bools | None) -> tuple[Ints, Ints]:
    """Return ordered pairs of different codes of one patient and day whose lines share the provider.

    Every line is put beside the next one of its visit, then beside the one after that, and so on: nearly all go at once.
    """
    visit = facts.visit
    place = np.arange(len(visit.order))
    end = np.repeat(visit.starts + visit.sizes, visit.sizes)
    codes = facts.code_ix[visit.order]
    found = [place[:0]]
    others = [place[:0]]
    for apart in range(1, int(visit.sizes.max(initial=0))):
        place = place[place + apart < end[place]]
        one, two = codes[place], codes[place + apart]
        fits = place[one != two if together is None else together[one, two]]
        found.append(fits)
        others.append(fits + apart)
    one, two = np.concatenate(found + others), np.concatenate(others + found)
    in_order = np.argsort(one * len(codes) + two)
    left, right = visit.order[one[in_order]], visit.order[two[in_order]]
    same = facts.provider[left] == facts.provider[right]
    specialty = facts.specialty[left]
    same |= (specialty != 0) & (specialty == facts.specialty[right])
    return left[same], right[same]


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
