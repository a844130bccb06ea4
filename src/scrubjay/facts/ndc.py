"""National Drug Codes: one form of eleven digits, and what the crosswalk says of a line's product."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import NO_DAY, Ints, distinct, filled, known, rows_at
from scrubjay.facts.lookups import Intervals
from scrubjay.io.spans import nothing
from scrubjay.refdata import References

MILLION = 1_000_000
"""Amounts are whole millionths, so that nothing is rounded."""

_DIGITS = 11

# Ten digits with hyphens say which part lacks its zero; the last form has all eleven (S:MNNDC).
_HYPHENATED = (
    (r"^(\d{4})-(\d{4})-(\d{2})$", "0${1}${2}${3}"),
    (r"^(\d{5})-(\d{3})-(\d{2})$", "${1}0${2}${3}"),
    (r"^(\d{5})-(\d{4})-(\d)$", "${1}${2}0${3}"),
    (r"^(\d{5})-(\d{4})-(\d{2})$", "${1}${2}${3}"),
)


def eleven_digits(ndc: pl.Expr) -> pl.Expr:
    """Return an NDC as eleven digits, null where its form does not say where a missing zero belongs."""
    text = ndc.str.strip_chars()
    for pattern, form in _HYPHENATED:
        text = text.str.replace(pattern, form)
    return pl.when(text.str.contains(r"^\d{11}$")).then(text)


def ndc_columns(ndc: pl.Series, refs: References) -> list[pl.Series]:
    """Return the NDCs of service lines as eleven digits, and whether the listing says that their container is multi-dose.

    ``ndc_multi_dose`` is false where there is no NDC or the listing leaves it open.  Each distinct NDC is looked at once.
    """
    if ndc.null_count() == len(ndc):
        none = nothing(len(ndc)).alias("ndc11")
        return [none, pl.Series("ndc_multi_dose", [False]).new_from_index(0, len(ndc))]
    values, index = distinct(ndc)
    if all(len(v) == _DIGITS and v.isascii() and v.isdigit() for v in values if v):
        made = pl.Series([v or None for v in values], dtype=pl.String)
    else:
        made = pl.select(eleven_digits(pl.lit(pl.Series(values, dtype=pl.String)))).to_series()
    held = _multi_dose(refs)
    multi = pl.Series("ndc_multi_dose", [ndc11 in held for ndc11 in made])
    where = pl.Series(index.astype(np.uint32))
    return [made[where].alias("ndc11"), multi[where]]


@lru_cache(maxsize=8)
def container_kinds(refs: References) -> pl.DataFrame:
    """Return the NDCs of the container table (``ndc11``) with ``dose``, single or multi, null where the table leaves it open."""
    kind = pl.col("dose_kind")
    return refs.frame("containers").select(
        "ndc11",
        dose=pl.when(kind.str.contains("single", literal=True))
        .then(pl.lit("single"))
        .when(kind.str.contains("multi", literal=True) | (kind == "bulk"))
        .then(pl.lit("multi")),
    )


@lru_cache(maxsize=8)
def _multi_dose(refs: References) -> frozenset[str]:
    """Return the NDCs of multi-dose containers."""
    if not refs.has("containers"):
        return frozenset()
    kinds = container_kinds(refs)
    return frozenset(kinds["ndc11"].filter(kinds["dose"] == "multi"))


@lru_cache(maxsize=8)
def crosswalk(refs: References) -> pl.DataFrame:
    """Return what codes an NDC is listed under and when, its amounts in millionths; laid out once, not for every batch.

    ``per_container`` are the units of the code (``listed``) in a container, ``size`` the quantity of the container, and
    ``newest`` the last day of the newest edition.
    """
    table = refs.frame("ndc_hcpcs").sort("ndc11", "hcpcs", "valid_from", maintain_order=True)
    return table.select(
        "ndc11",
        "valid_from",
        "valid_to",
        listed="hcpcs",
        per_container=(pl.col("bill_units") * MILLION).cast(pl.Int64),
        size=(pl.col("pkg_size") * MILLION).cast(pl.Int64),
        newest=pl.col("valid_to").max(),
    )


@lru_cache(maxsize=8)
def _listings(refs: References) -> tuple[Intervals, Ints, Ints]:
    """Return the crosswalk by NDC and code, units and size by its rows; the newest edition stands for the days after it."""
    frame = crosswalk(refs)
    days = frame.select(
        "valid_from",
        code=pl.col("ndc11") + pl.col("listed"),
        valid_to=pl.when(pl.col("valid_to") != pl.col("newest")).then("valid_to"),
    )
    return Intervals(days), frame["per_container"].to_numpy(), frame["size"].to_numpy()


def product_columns(lines: pl.DataFrame, refs: References, day: Ints) -> list[pl.Series]:
    """Return ``ndc_own`` and ``ndc_fits``, which tell the lines that need no closer look; false where nothing is known.

    ``ndc_own``: the NDC is listed under the line's code on the day, and the code is in force.  ``ndc_fits``: moreover its
    quantity is exactly the units billed, counted in containers for UN and in the container's size for ML.
    """
    own, fits = np.zeros(len(lines), dtype=bool), np.zeros(len(lines), dtype=bool)
    named = np.flatnonzero(known(lines["ndc11"]))
    if len(named) and refs.has("ndc_hcpcs"):
        names = ["ndc11", "code", "code_in_force", "units_milli", "ndc_qty_milli", "ndc_unit"]
        ndc, code, in_force, units_milli, quantity, unit = rows_at(lines, names, named)
        book, per_container, size = _listings(refs)
        values, index = distinct(ndc + code)
        at, holds = book.find(book.ranks(values)[index], day[named])
        holds &= filled(in_force, missing=False) & (day[named] != NO_DAY)
        own[named] = holds
        at = np.maximum(at, 0)
        units, held = filled(units_milli, -1), filled(quantity, -1) * per_container[at]
        kinds, kind = distinct(unit)
        counted, measured = (np.array([k == which for k in kinds], dtype=bool)[kind] for which in ("UN", "ML"))
        fits[named] = holds & ((counted & (units * MILLION == held)) | (measured & (units * size[at] == held)))
    return [pl.Series("ndc_own", own), pl.Series("ndc_fits", fits)]
