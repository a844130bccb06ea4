"""Earlier claims: what the same patients had before, to judge duplicates, intervals and first visits by.

A history is a table of service lines.  It is read from a folder of earlier 837P files and of the Parquet files that
:mod:`scrubjay.facts.record` writes; in those a patient is a keyed digest, never a name or a number.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from scrubjay.errors import InputError
from scrubjay.facts.claims import REPLACEMENT, VOID
from scrubjay.facts.gather import days, distinct
from scrubjay.groups import Bits, Masks, code_groups, dated_code_masks
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.model import Tables
from scrubjay.refdata import References

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "patient": pl.String,
    "claim": pl.String,
    "frequency": pl.String,
    "payer_id": pl.String,
    "code": pl.String,
    "mod1": pl.String,
    "mod2": pl.String,
    "mod3": pl.String,
    "mod4": pl.String,
    "units_milli": pl.Int64,
    "charge_cents": pl.Int64,
    "pos": pl.String,
    "service_date": pl.Date,
    "rendering_npi": pl.String,
    "taxonomy": pl.String,
    "billing_npi": pl.String,
    "billing_tin": pl.String,
    "dx1": pl.String,
}
"""Columns of a history: one row per earlier service line."""

_WITH_PATIENT = {**SCHEMA, "patient_key": pl.UInt64}


def read_history(folder: str | os.PathLike[str]) -> pl.DataFrame:
    """Read a folder (or one file) of earlier claims.

    Raises :class:`~scrubjay.errors.InputError` for a folder that does not exist or a file that cannot be read: a
    history that lacks a part would call a duplicate new.
    """
    root = Path(folder)
    if not root.exists():
        raise InputError(str(folder), "no such folder of earlier claims; check --history")
    files = (
        sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")) if root.is_dir() else [root]
    )
    parts = [pl.DataFrame(schema=SCHEMA)]
    parts += [_parquet(path) if path.suffix == ".parquet" else _claims(path) for path in files]
    return pl.concat(parts).unique(maintain_order=True)


def rows_of(tables: Tables) -> pl.DataFrame:
    """Return the history rows of claims: originals and replacements, not voids."""
    claims = tables.claims.with_columns(digests(tables.claims).alias("patient"))
    first = tables.diagnoses.select("claim_id", pl.col("position").alias("pointer1"), pl.col("code").alias("dx1"))
    own = claims.select(
        "claim_id", "patient", "claim", "frequency", "payer_id", "billing_npi", "billing_tin",
        pl.col("pos").alias("claim_pos"), pl.col("rendering_npi").alias("claim_npi"), "rendering_taxonomy", "billing_taxonomy",
    )  # fmt: skip
    return (
        tables.lines.join(own, on="claim_id", how="inner", maintain_order="left")
        .join(first, on=["claim_id", "pointer1"], how="left", maintain_order="left")
        .filter(pl.col("frequency").is_null() | (pl.col("frequency") != VOID))
        .with_columns(
            pl.coalesce("line_pos", "claim_pos").alias("pos"),
            pl.coalesce("line_rendering_npi", "claim_npi").alias("rendering_npi"),
            pl.coalesce("line_rendering_taxonomy", "rendering_taxonomy", "billing_taxonomy").alias("taxonomy"),
        )
        .select(list(SCHEMA))
    )


def digests(claims: pl.DataFrame) -> pl.Series:
    """Return a digest of member number, birth date and name per claim; null where the patient is not known.

    The digest hides names from a casual reader of the file; it is no protection against somebody who can guess them.
    """
    names = ["member_id", "patient_dob", "patient_last", "patient_first"]
    identity = claims.select(
        pl.concat_str(
            [pl.col(n).cast(pl.String).str.to_uppercase().str.strip_chars().fill_null("") for n in names],
            separator="\x1f",
        )
    ).to_series()
    values, index = distinct(identity)
    made = [
        hashlib.blake2b(v.encode(), digest_size=16, person=b"scrubjay").hexdigest() if v.strip("\x1f") else None
        for v in values
    ]
    return pl.Series(made, dtype=pl.String)[pl.Series(index.astype(np.uint32))]


def earlier_lines(history: pl.DataFrame | None, claims: pl.DataFrame, refs: References, bits: Bits) -> pl.DataFrame:
    """Return the history of the patients of a piece: ``patient_key`` as on its lines, and the codes' group masks.

    A line of a claim that this piece holds itself (same patient control number) is not its own history, unless this
    piece replaces it.
    """
    if history is None:
        return _none(bits)
    rows = empty = pl.DataFrame(schema=_WITH_PATIENT)
    if len(history) and len(claims):
        keys = claims.select("patient_key", digests(claims).alias("patient")).drop_nulls().unique("patient")
        present = claims.filter(pl.col("frequency").is_null() | (pl.col("frequency") != REPLACEMENT))
        held = present.select("patient_key", "claim").unique()
        rows = history.join(keys, on="patient", how="inner").join(held, on=["patient_key", "claim"], how="anti")
        rows = rows.select(empty.columns)
    values, index = distinct(rows["code"])
    masks = dated_code_masks(bits, code_groups(refs), values, index, days(rows["service_date"]))
    return _marked(rows, masks, bits)


def with_earlier_units(lines: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Add ``earlier_units_milli``: units of the code that earlier claims hold for the patient, payer, provider and day.

    A replacement or void stands for itself: what it takes the place of is not added to it.  Nor is a line that was billed
    before in every part: that is a duplicate, and no further unit.
    """
    if earlier.is_empty():
        return lines.hstack([pl.Series("earlier_units_milli", np.zeros(len(lines), dtype=np.int64))])
    same = ["patient_key", "payer_id", "rendering_npi", "service_date", "code"]
    sums = (
        earlier.filter(pl.col("service_date").is_not_null())
        .join(lines, on=[*same, "mod1", "mod2", "mod3", "mod4", "units_milli"], how="anti", nulls_equal=True)
        .group_by(same)
        .agg(pl.col("units_milli").sum().alias("earlier_units_milli"))
    )
    units = pl.when(~pl.col("stands_alone")).then("earlier_units_milli").fill_null(0).alias("earlier_units_milli")
    return lines.join(sums, on=same, how="left", nulls_equal=True, maintain_order="left").with_columns(units)


@lru_cache(maxsize=8)
def _none(bits: Bits) -> pl.DataFrame:
    return _marked(pl.DataFrame(schema=_WITH_PATIENT), [np.zeros(0, dtype=np.uint64)] * bits.words, bits)


def _marked(rows: pl.DataFrame, masks: list[Masks], bits: Bits) -> pl.DataFrame:
    return rows.hstack([pl.Series(name, mask) for name, mask in zip(bits.columns("groups"), masks, strict=True)])


def _parquet(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            str(path), f"cannot be read as Parquet ({type(error).__name__}); write the history again"
        ) from error
    lacking = [name for name in SCHEMA if name not in frame.columns]
    if lacking:
        raise InputError(str(path), f"is no history of claims: it has no column {lacking[0]}")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _claims(path: Path) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=SCHEMA)]
    with path.open("rb") as stream:
        for chunk in iter_chunks(ByteSource(stream), str(path)):
            if chunk.errors:
                raise chunk.errors[0]
            parts.append(rows_of(read_chunk(chunk, 0, 0, 0)))
    return pl.concat(parts)
