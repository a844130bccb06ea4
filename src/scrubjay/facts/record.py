"""Write the claims of a run down as a history file, for later runs to compare with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from scrubjay.errors import ScrubjayError
from scrubjay.facts.claims import VOID
from scrubjay.facts.history import SCHEMA, digests, rows_of
from scrubjay.model import Tables

SUFFIX = ".parquet"
"""What the name of a history file ends in: by it the reader tells it from an 837P."""

_BATCH = 100_000
_FIELDS = pl.DataFrame(schema=SCHEMA).to_arrow(compat_level=pl.CompatLevel.oldest()).schema


@contextmanager
def recording(path: str | os.PathLike[str]) -> Iterator[Callable[[Tables], None]]:
    """Yield a function that takes the claims of a run piece by piece; at the end the file holds them.

    What the file held before stays, but for claims that the run holds as well (same patient, number and frequency), so
    that a second run changes nothing, and for claims that the run voids.  The file appears whole or not at all; memory
    grows by a few bytes a claim.  Raises :class:`~scrubjay.errors.ScrubjayError` for a name that is no history file.
    """
    target = Path(path)
    if target.suffix != SUFFIX:
        raise ScrubjayError(f"{path}: the name of a history file ends in {SUFFIX}")
    if not target.parent.is_dir():
        raise ScrubjayError(f"{path}: the folder {target.parent} does not exist")
    if target.exists():
        _known(target)
    fresh = target.with_name(f".{target.name}.new")
    whole = target.with_name(f".{target.name}.part")
    record = _Record()
    try:
        with _writer(fresh) as out:

            def add(tables: Tables) -> None:
                out.write_table(_arrow(record.rows(tables)))

            yield add
        with _writer(whole) as out:
            if target.exists():
                for batch in _batches(target):
                    out.write_table(_arrow(record.kept(batch)))
            for batch in _batches(fresh):
                out.write_table(_arrow(batch))
        os.replace(whole, target)
    finally:
        for path in (fresh, whole):
            with suppress(FileNotFoundError):
                path.unlink()


class _Record:
    """The claims of a run, by hash: those it holds and those it voids."""

    def __init__(self) -> None:
        self._held: list[np.ndarray] = []
        self._void: list[np.ndarray] = []

    def rows(self, tables: Tables) -> pl.DataFrame:
        """Return the rows of a piece of the run, and remember whose they are."""
        claims = tables.claims.select("claim", "frequency", patient=digests(tables.claims))
        self._held.append(_claim_keys(claims))
        self._void.append(_number_keys(claims.filter(pl.col("frequency") == VOID)))
        return rows_of(tables).filter(pl.col("patient").is_not_null())

    def kept(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the earlier rows that this run neither holds nor voids."""
        again = np.isin(_claim_keys(rows), np.concatenate([np.zeros(0, np.uint64), *self._held]))
        void = np.isin(_number_keys(rows), np.concatenate([np.zeros(0, np.uint64), *self._void]))
        return rows.filter(pl.Series(~(again | void)))


def _claim_keys(rows: pl.DataFrame) -> np.ndarray:
    return rows.select(pl.struct("patient", "claim", pl.col("frequency").fill_null("")).hash()).to_series().to_numpy()


def _number_keys(rows: pl.DataFrame) -> np.ndarray:
    return rows.select(pl.struct("patient", "claim").hash()).to_series().to_numpy()


def _known(path: Path) -> None:
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        raise ScrubjayError(f"{path}: cannot be read as Parquet; name another file or remove it") from error
    if set(SCHEMA) - set(names):
        raise ScrubjayError(f"{path}: is no history of claims and is not overwritten; name another file")


@contextmanager
def _writer(path: Path) -> Iterator[pq.ParquetWriter]:
    """Open a file that only its owner may read: it holds claim numbers and dates."""
    with (
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream,
        pq.ParquetWriter(stream, _FIELDS, compression="zstd") as out,
    ):
        yield out


def _batches(path: Path) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=list(SCHEMA)):
            frame = pl.from_arrow(pa.Table.from_batches([batch]))
            if isinstance(frame, pl.DataFrame):
                yield frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _arrow(rows: pl.DataFrame) -> pa.Table:
    return rows.select(list(SCHEMA)).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(_FIELDS)
