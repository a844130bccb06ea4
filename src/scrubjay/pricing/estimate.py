"""The allowed amount of service lines by Medicare's fee schedule and drug limits.

Fee of a unit: (work x GPCI + practice expense x GPCI + malpractice x GPCI) x conversion factor, rounded half up to the
cent (CMS PFS relative value files, formula of the final rules).  Drug: limit x units, rounded to the cent.  The lesser of
that and the charge is allowed.  All arithmetic is on integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from scrubjay.facts.gather import Bools, Ints, days, distinct, filled, numbered
from scrubjay.io.columns import masked
from scrubjay.pricing.basis import BUNDLED, CLOSED, DRUG, FEE, NOTHING, Prices, basis_of
from scrubjay.pricing.reductions import modifiers_of, reductions_of, shares_of
from scrubjay.pricing.values import BY_HAND, Schedule, key_of

INPUT: dict[str, pl.DataType | type[pl.DataType]] = {
    "line_id": pl.UInt32,
    "claim_id": pl.UInt32,
    "code": pl.String,
    "mod1": pl.String,
    "mod2": pl.String,
    "mod3": pl.String,
    "mod4": pl.String,
    "units_milli": pl.Int64,
    "charge_cents": pl.Int64,
    "service_date": pl.Date,
    "facility": pl.Boolean,
    "zip": pl.String,
    "taxonomy": pl.String,
    "provider": pl.String,
}
"""Columns that :func:`estimate_lines` reads.  Lines of one claim, day and provider share the multiple-procedure rules."""

_CENTS_OF_FEE = 10_000_000
_CENTS_OF_LIMIT = 10_000
_FULL = 1000


def rounded(numerator: Ints, denominator: Ints | int) -> Ints:
    """Divide integers that are not negative and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def estimate_lines(lines: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Return ``line_id``, ``allowed_cents`` and ``basis``, one row per line of :data:`INPUT`, in their order."""
    prices = priced_lines(lines, s)
    words, word = basis_of(prices, np.arange(len(lines)), s)
    basis = pl.Series("basis", words, dtype=pl.String)[pl.Series(word.astype(np.uint32))]
    return pl.DataFrame([lines["line_id"], masked(prices.cents, prices.known).alias("allowed_cents"), basis])


def priced_lines(lines: pl.DataFrame, s: Schedule) -> Prices:
    """Return the prices of lines of :data:`INPUT`.

    There is none where Medicare's tables give no amount: the code is priced by the contractor, paid by a schedule that is
    not held (laboratory, vaccine administration by G code), or the day is before the tables.
    """
    at = _found(lines, s)
    units = filled(lines["units_milli"], 1000)
    unit = _unit_fee(at, s)
    share = shares_of(lines, at.fee, at.flags, s)
    competes = np.where(unit.known & (unit.fee > 0), s.fees.multiple[at.fee], 0)
    reduction = reductions_of(lines, competes, unit.parts, units, s)
    # Thousandths of a cent: fee x thousandths of a unit, less the reduction, times the share.
    amount = rounded((unit.fee * units * _FULL - reduction) * share, _FULL**3)

    mills = s.mills[at.code, at.quarter]
    rests_on = [mills >= 0, s.fees.bundled[at.fee], s.fees.closed[at.fee], unit.known & (share >= 0)]
    kind = np.select(rests_on, [DRUG, BUNDLED, CLOSED, FEE], NOTHING)
    full = np.where(kind == DRUG, rounded(mills * units, _CENTS_OF_LIMIT), np.where(kind == FEE, amount, 0))
    charge = filled(lines["charge_cents"], -1)
    lower = (charge >= 0) & (charge < full)
    return Prices(
        kind=kind,
        cents=np.where(lower, charge, full),
        quarter=at.quarter,
        year=s.fees.year[at.fee],
        factor=at.factor,
        place=at.place,
        facility=at.facility,
        adjusted=(reduction > 0) | (share != _FULL),
        lower=lower,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """Where the values of each line stand in the schedule, -1 where none is held, and what they were found by."""

    code: Ints
    split: Ints
    flags: Ints
    facility: Bools
    fee: Ints
    technical: Ints
    factor: Ints
    place: Ints
    quarter: Ints


def _found(lines: pl.DataFrame, s: Schedule) -> _Found:
    day = days(lines["service_date"])
    facility = filled(lines["facility"], missing=False).astype(bool)
    code = numbered(lines["code"], s.codes)
    split, flags = modifiers_of(lines, s)
    zips, of_zip = distinct(lines["zip"])
    place = np.array([s.places.zips.get(v[:5], -1) for v in zips], dtype=np.int64)[of_zip]
    return _Found(
        code=code,
        split=split,
        flags=flags,
        facility=facility,
        fee=s.fees.steps.at(key_of(code, split, facility), day),
        technical=s.technical.steps.at(key_of(code, np.zeros_like(code), facility), day),
        factor=np.searchsorted(s.factor_days, day, side="right") - 1,
        place=s.places.steps.at(place, day),
        quarter=np.searchsorted(s.quarter_days, day, side="right") - 1,
    )


@dataclass(frozen=True, eq=False)
class _Unit:
    """Cents of a unit: the whole ``fee`` and the ``parts`` that rules of several procedures name; where ``known``."""

    known: Bools
    fee: Ints
    parts: dict[str, Ints]


def _unit_fee(at: _Found, s: Schedule) -> _Unit:
    known = s.fees.usable[at.fee] & (at.factor >= 0) & (at.flags & BY_HAND == 0)
    cf, total, base = s.cf[at.factor], s.fees.total[at.fee], s.fees.base[at.fee]
    borrowed = known & (total != base)

    def cents(value: Ints) -> Ints:
        plain = rounded(value * cf, _CENTS_OF_FEE)
        if not borrowed.any():
            return plain
        return np.where(borrowed, rounded(value * cf * total, _CENTS_OF_FEE * np.where(borrowed, base, 1)), plain)

    def worth(work: Ints, pe: Ints, mp: Ints) -> Ints:
        return cents(work * s.places.pw[at.place] + pe * s.places.pg[at.place] + mp * s.places.mg[at.place])

    fee = worth(s.fees.work[at.fee], s.fees.pe[at.fee], s.fees.mp[at.fee])
    parts = {"all": fee}
    if s.fees.multiple[at.fee].any():
        of_both = worth(s.technical.work[at.technical], s.technical.pe[at.technical], s.technical.mp[at.technical])
        technical = np.where(at.split == s.split.get("TC", -1), fee, np.where(at.split == 0, of_both, 0))
        practice = cents(s.fees.pe[at.fee] * s.places.pg[at.place])
        parts |= {"technical": technical, "professional": fee - technical, "practice-expense": practice}
    return _Unit(known, fee, parts)
