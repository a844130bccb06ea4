"""Facts about diagnoses: validity on the day, groups, and what each service line points to."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import Ints, days, distinct, filled
from scrubjay.facts.lookups import diagnosis_book
from scrubjay.groups import Bits, diagnosis_groups, prefix_masks
from scrubjay.io.columns import known_only
from scrubjay.io.spans import nothing
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
    first_date = claims["first_date"][pl.Series(row_claim.astype(np.uint32))]
    day = days(first_date)
    own_masks = [mask[code_ix] for mask in masks]
    names = bits.columns("dx")
    widened = diagnoses.hstack(
        [
            first_date.alias("service_date"),
            *(pl.Series(name, mask) for name, mask in zip(names, own_masks, strict=True)),
            *_validity(refs, values, code_ix, day),
        ]
    ).with_columns(_wrong_set())

    position = diagnoses["position"].to_numpy()
    slot = np.full(len(claims) * _SLOTS, -1, dtype=np.int64)
    fits = np.flatnonzero((position > 0) & (position < _SLOTS))
    slot[row_claim[fits] * _SLOTS + position[fits]] = fits
    pointed = [np.zeros(len(lines), dtype=np.uint64) for _ in masks]
    first = np.full(len(lines), -1, dtype=np.int64)
    for k in (1, 2, 3, 4):
        column = lines[f"pointer{k}"]
        if column.null_count() == len(lines):
            continue
        pointer = filled(column, 0)
        at = np.where(pointer < _SLOTS, slot[claim_ix * _SLOTS + np.minimum(pointer, _SLOTS - 1)], -1)
        if k == 1:
            first = at
        for word, mask in enumerate(own_masks):
            # The last one, where a pointer leads nowhere.
            pointed[word] |= np.append(mask, np.uint64(0))[at]
    count = np.bincount(row_claim, minlength=len(claims))[claim_ix]
    where = pl.Series(np.maximum(first, 0).astype(np.uint32))
    dx1 = diagnoses["code"][where] if len(diagnoses) else nothing(len(lines))
    return widened, lines.hstack(
        [
            known_only(dx1, first >= 0).alias("dx1"),
            pl.Series("dx_count", count.astype(np.uint8)),
            *(pl.Series(name, mask) for name, mask in zip(names, pointed, strict=True)),
        ]
    )


@cache
def _wrong_set() -> pl.Expr:
    return (pl.col("qualifier").is_in(_OLD_SET) & (pl.col("service_date") >= _NEW_SET_FROM)).alias("wrong_set")


def _validity(refs: References, values: list[str], code_ix: Ints, day: Ints) -> list[pl.Series]:
    """Return ``valid`` (billable on the day; null before the first edition or without a day) and ``listed`` (known at all)."""
    if not refs.has("icd10"):
        return [nothing(len(day), pl.Boolean).alias(name) for name in ("valid", "listed")]
    book, known, reaches = diagnosis_book(refs)
    _, holds = book.find(book.ranks(values)[code_ix], day)
    listed = np.array([value in known for value in values], dtype=bool)[code_ix]
    return [known_only(pl.Series(holds), day >= reaches).alias("valid"), pl.Series("listed", listed)]
