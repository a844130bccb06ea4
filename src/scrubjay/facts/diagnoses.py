"""Facts about diagnoses: validity on the day, groups, and what each service line points to."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from scrubjay.facts.gather import NO_DAY, Ints, days, distinct
from scrubjay.facts.lookups import diagnosis_book
from scrubjay.groups import Bits, diagnosis_groups, prefix_masks
from scrubjay.io.columns import known_only
from scrubjay.refdata import References

_SLOTS = 13
"""Diagnoses 1 to 12 of a claim, slot 0 unused."""

_OLD_SET = ("BK", "BF")
"""Qualifiers of ICD-9-CM; those of ICD-10-CM are ABK and ABF (X12 005010X222A1, HI01-1)."""

_NEW_SET_FROM = dt.date(2015, 10, 1)
"""Day of service from which claims carry ICD-10-CM (45 CFR 162.1002)."""


def with_diagnoses(
    diagnoses: pl.DataFrame, claims: pl.DataFrame, lines: pl.DataFrame, claim_ix: Ints, refs: References, bits: Bits
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the diagnoses with ``service_date``, validity and group masks, and the lines with what they point to.

    Lines gain ``dx1`` (the code behind the first pointer), ``dx_count`` (diagnoses of the claim) and ``dx*`` masks
    over all diagnoses they point to.  Diagnoses gain ``valid`` (billable on the day; null where no ICD-10-CM edition
    reaches back to it), ``listed`` (known on some day) and ``wrong_set`` (marked as ICD-9-CM on a day of ICD-10-CM).
    """
    values, code_ix = distinct(diagnoses["code"])
    masks = prefix_masks(bits, diagnosis_groups(refs), values)
    row_claim = np.searchsorted(claims["claim_id"].to_numpy(), diagnoses["claim_id"].to_numpy())
    position = diagnoses["position"].to_numpy().astype(np.int64)
    first_day = _first_days(claims, lines, claim_ix)
    diagnoses = diagnoses.with_columns(
        pl.Series("service_date", _as_date(first_day[row_claim] if len(claims) else first_day)),
        *(pl.Series(name, mask[code_ix]) for name, mask in zip(bits.columns("dx"), masks, strict=True)),
    )
    diagnoses = _with_validity(diagnoses, refs, values, code_ix)
    old_set = pl.col("qualifier").is_in(_OLD_SET)
    diagnoses = diagnoses.with_columns(wrong_set=old_set & (pl.col("service_date") >= _NEW_SET_FROM))
    slot = np.full(len(claims) * _SLOTS, -1, dtype=np.int64)
    fits = position < _SLOTS
    slot[row_claim[fits] * _SLOTS + position[fits]] = np.flatnonzero(fits)
    pointed = [np.zeros(len(lines), dtype=np.uint64) for _ in masks]
    first = np.full(len(lines), -1, dtype=np.int64)
    for k in (1, 2, 3, 4):
        pointer = lines[f"pointer{k}"].fill_null(0).to_numpy().astype(np.int64)
        usable = (pointer > 0) & (pointer < _SLOTS)
        at = np.where(usable, slot[claim_ix * _SLOTS + np.where(usable, pointer, 0)] if len(slot) else -1, -1)
        if k == 1:
            first = at
        for word, mask in enumerate(masks):
            spread = np.concatenate([mask[code_ix], [np.uint64(0)]])
            pointed[word] |= spread[at]
    count = np.bincount(row_claim, minlength=len(claims))[claim_ix] if len(claims) else np.zeros(0, dtype=np.int64)
    where = pl.Series(np.maximum(first, 0).astype(np.uint32))
    dx1 = diagnoses["code"][where] if len(diagnoses) else pl.Series([None] * len(lines), dtype=pl.String)
    lines = lines.with_columns(
        known_only(dx1, first >= 0).alias("dx1"),
        pl.Series("dx_count", count.astype(np.uint8)),
        *(pl.Series(name, mask) for name, mask in zip(bits.columns("dx"), pointed, strict=True)),
    )
    return diagnoses, lines


def _first_days(claims: pl.DataFrame, lines: pl.DataFrame, claim_ix: Ints) -> Ints:
    """Return the first day of service of every claim, NO_DAY where none is known."""
    day = days(lines["service_date"])
    far = np.int64(1 << 30)
    first = np.full(len(claims), far, dtype=np.int64)
    np.minimum.at(first, claim_ix, np.where(day == NO_DAY, far, day))
    return np.where(first == far, NO_DAY, first)


def _as_date(day: Ints) -> pl.Series:
    return known_only(pl.Series(day.astype(np.int32)), day != NO_DAY).cast(pl.Date)


def _with_validity(diagnoses: pl.DataFrame, refs: References, values: list[str], code_ix: Ints) -> pl.DataFrame:
    """Add ``valid`` (billable on the day; null before the first edition or without a day) and ``listed`` (known at all)."""
    if not refs.has("icd10"):
        empty = pl.lit(None, dtype=pl.Boolean)
        return diagnoses.with_columns(empty.alias("valid"), empty.alias("listed"))
    book, known, reaches = diagnosis_book(refs)
    day = days(diagnoses["service_date"])
    _, holds = book.find(book.ranks(values)[code_ix], day)
    listed = np.array([value in known for value in values], dtype=bool)[code_ix]
    return diagnoses.hstack([known_only(pl.Series(holds), day >= reaches).alias("valid"), pl.Series("listed", listed)])
