"""Effective-dated reference tables: packaged, overlaid by a user's folder, read when first asked for.

Dates of the tables are inclusive. Which edition speaks for a date of service is the business of the look-up; here the
editions are held apart, refused where they overlap, and read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scrubjay import refdata_manifest as manifest
from scrubjay.errors import ReferenceDataError
from scrubjay.refdata_manifest import Edition

__all__ = ["ACTIVE", "BEGINNING", "Edition", "Pairs", "References", "code_key", "load", "pair_key"]

SHIFT = 1 << 26
"""36 to the power of 5 is below 2 to the power of 26: the second code of a pair fits under the first."""
ACTIVE = np.iinfo(np.int32).max
"""Deletion day of a pair that is not deleted."""
BEGINNING = np.iinfo(np.int32).min
"""First day of a pair whose first day is not known."""


class Pairs(NamedTuple):
    """The PTP table as read-only arrays of one length, sorted by key; a pair's active row stands before its deleted ones.

    ``key`` int64 (see ``pair_key``), ``mi`` uint8, ``deleted`` and ``valid_from`` int32 days since 1970-01-01 (inclusive;
    ``ACTIVE`` and ``BEGINNING`` where there is none), ``pre1996`` bool.
    """

    key: NDArray[np.int64]
    mi: NDArray[np.uint8]
    deleted: NDArray[np.int32]
    pre1996: NDArray[np.bool_]
    valid_from: NDArray[np.int32]


@dataclass(frozen=True)
class Verdict:
    """What ``verify`` says of one edition: ``fault`` is None when its file is what the manifest says."""

    edition: Edition
    fault: str | None


def code_key(code: pl.Expr) -> pl.Expr:
    """Return a five-character code as an integer in base 36; null for anything else."""
    fits = code.str.contains(r"^[0-9A-Z]{5}$")
    return pl.when(fits).then(code).str.to_integer(base=36, strict=False, dtype=pl.Int64)


def pair_key(column_1: pl.Expr, column_2: pl.Expr) -> pl.Expr:
    """Return the key of a pair, column 1 in the high bits; null when either is not a five-character code."""
    return code_key(column_1) * SHIFT + code_key(column_2)


def load(user_dir: Path | str | None = None, *, user: bool = True) -> References:
    """Return the packaged tables overlaid by a user's folder; only the manifests are read.

    ``user_dir`` default: ``SCRUBJAY_REFS``, else the platform's data folder. ``user=False`` leaves any folder out. Raises
    ReferenceDataError when a manifest is damaged, a named folder does not exist, or editions overlap.
    """
    folder = Path(user_dir) if user_dir is not None else manifest.user_folder()
    if user_dir is not None and not Path(user_dir).is_dir():
        raise ReferenceDataError(f"{user_dir}: no such folder of reference tables")
    mine = manifest.read(folder) if user and folder else []
    packaged = manifest.read(manifest.PACKAGED)
    if not packaged:
        raise ReferenceDataError(
            f"{manifest.PACKAGED}: the packaged reference tables are missing; install scrubjay again"
        )
    return References(manifest.in_use(manifest.overlay(packaged, mine)))


class References:
    """A fixed set of editions; a table is read once, on first use, from any thread, and never changes."""

    def __init__(self, editions: Iterable[Edition]) -> None:
        self._editions: dict[str, tuple[Edition, ...]] = {}
        for edition in editions:
            self._editions[edition.name] = (*self._editions.get(edition.name, ()), edition)
        self._frames: dict[str, pl.DataFrame] = {}
        self._keys: dict[tuple[str, str], pl.Series] = {}
        self._pairs: Pairs | None = None
        self._lock = threading.RLock()

    def names(self) -> list[str]:
        """Return the names of the tables held."""
        return sorted(self._editions)

    def has(self, name: str) -> bool:
        """Whether a table is held."""
        return name in self._editions

    def editions(self, name: str) -> list[Edition]:
        """Return the editions that make up a table, oldest first; empty when it is not held."""
        return list(self._editions.get(name, ()))

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table; changing the returned frame does not change the table.

        Raises ReferenceDataError when the table is not held or its file is damaged.
        """
        with self._lock:
            if name not in self._frames:
                self._frames[name] = _assemble(self._required(name))
            return self._frames[name].clone()

    def lazy(self, name: str) -> pl.LazyFrame:
        """Return a table as the start of a query."""
        return self.frame(name).lazy()

    def keys(self, name: str, column: str) -> pl.Series:
        """Return the distinct values of a column of a table, sorted: what a query may ask for at all."""
        with self._lock:
            if (name, column) not in self._keys:
                self._keys[name, column] = self.frame(name)[column].drop_nulls().unique().sort()
            return self._keys[name, column]

    def ptp_arrays(self) -> Pairs:
        """Return the PTP table as arrays, without the detour over a frame.

        Raises ReferenceDataError as ``frame`` does.
        """
        with self._lock:
            if self._pairs is None:
                (edition,) = self._required("ptp")
                self._pairs = _pairs(edition)
            return self._pairs

    def groups_of(self, codes: pl.Series) -> pl.DataFrame:
        """Return code, group, valid_from, valid_to for every group that one of the codes belongs to.

        A range holds only codes of its own shape: 10004 to 69990 does not hold 1000F.
        """
        distinct = codes.unique().drop_nulls().sort().alias("code").to_frame()
        ranges = self.frame("groups").drop("source").with_columns(shape=_shape(pl.col("low")))
        hits = distinct.with_columns(shape=_shape(pl.col("code"))).join(ranges, on="shape")
        held = hits.filter(pl.col("code").is_between("low", "high"))
        return held.select("code", "group", "valid_from", "valid_to").sort("code", "group")

    def info(self) -> list[dict[str, Any]]:
        """Return name, edition, from, to (ISO or None) and sha256 of every edition held, for a report."""
        return [
            {
                "name": edition.name,
                "edition": edition.edition,
                "from": edition.valid_from.isoformat() if edition.valid_from else None,
                "to": edition.valid_to.isoformat() if edition.valid_to else None,
                "sha256": edition.sha256,
            }
            for name in self.names()
            for edition in self._editions[name]
        ]

    def digest(self) -> str:
        """Name the whole set of editions in one SHA-256."""
        return manifest.digest(edition for editions in self._editions.values() for edition in editions)

    def without(self, *names: str) -> References:
        """Return the same references lacking some tables; what is already read is shared."""
        kept = References(edition for name in self.names() if name not in names for edition in self._editions[name])
        with self._lock:
            kept._frames = {name: frame for name, frame in self._frames.items() if name not in names}
            kept._pairs = None if "ptp" in names else self._pairs
        return kept

    def verify(self) -> list[Verdict]:
        """Compare every file with its manifest: there, same SHA-256, same number of rows."""
        return [Verdict(edition, _fault(edition)) for name in self.names() for edition in self._editions[name]]

    def _required(self, name: str) -> tuple[Edition, ...]:
        if name not in self._editions:
            raise ReferenceDataError(f"{name}: no such reference table is loaded; see scrubjay refs list")
        return self._editions[name]


def _shape(code: pl.Expr) -> pl.Expr:
    """Say how a code is built: D at a digit, A at a letter."""
    return code.str.replace_all(r"\d", "D").str.replace_all("[A-CE-Z]", "A")


def _assemble(editions: Sequence[Edition]) -> pl.DataFrame:
    """Put the editions of one table together.

    An open end of a period edition that another follows is closed at the edition's own end: what the later edition does
    not repeat has ended. Rows of an excerpt are dropped on the dates of a whole edition.
    """
    whole = [edition for edition in editions if edition.kind != "excerpt"]
    frames = []
    for edition in editions:
        frame = _read(edition)
        if edition.kind == "period" and edition.valid_to and edition is not whole[-1]:
            frame = frame.with_columns(pl.col("valid_to").fill_null(edition.valid_to))
        if edition.kind == "excerpt":
            for other in whole:
                starts_after = pl.lit(False) if other.valid_to is None else pl.col("valid_from") > other.valid_to
                ends_before = pl.lit(False) if other.valid_from is None else pl.col("valid_to") < other.valid_from
                frame = frame.filter(starts_after | ends_before)
        frames.append(frame)
    try:
        return pl.concat(frames) if len(frames) > 1 else frames[0]
    except pl.exceptions.PolarsError:
        names = " and ".join(edition.edition for edition in editions)
        raise ReferenceDataError(
            f"{editions[0].name}: editions {names} differ in their columns; import it again"
        ) from None


def _read(edition: Edition, columns: Sequence[str] | None = None) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(edition.path, columns=list(columns) if columns else None)
    except (OSError, pl.exceptions.PolarsError):
        raise ReferenceDataError(_damaged(edition, "cannot be read")) from None
    if frame.height != edition.rows:
        raise ReferenceDataError(_damaged(edition, f"has {frame.height} rows instead of {edition.rows}"))
    return frame


def _pairs(edition: Edition) -> Pairs:
    frame = _read(edition, Pairs._fields)
    arrays = Pairs(
        key=frame["key"].to_numpy(),
        mi=frame["mi"].to_numpy(),
        deleted=frame["deleted"].to_physical().fill_null(ACTIVE).to_numpy(),
        pre1996=frame["pre1996"].to_numpy(),
        valid_from=frame["valid_from"].to_physical().fill_null(BEGINNING).to_numpy(),
    )
    for array in arrays:
        array.flags.writeable = False
    return arrays


def _damaged(edition: Edition, what: str) -> str:
    return f"{edition.path}: {edition.name} {edition.edition} {what}; run scrubjay refs verify and import or install it again"


def _fault(edition: Edition) -> str | None:
    if not edition.path.is_file():
        return "file is missing"
    if manifest.sha256(edition.path) != edition.sha256:
        return "SHA-256 differs from the manifest"
    try:
        rows = pl.scan_parquet(edition.path).select(pl.len()).collect(engine="in-memory").item()
    except (OSError, pl.exceptions.PolarsError):
        return "file is not readable Parquet"
    return None if rows == edition.rows else f"{rows} rows instead of {edition.rows}"
