"""Write reference tables and their manifest so that an interruption leaves the old state whole."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from scrubjay import refdata_manifest as manifest
from scrubjay.refdata_manifest import Edition
from scrubjay.refimport.schema import SCHEMAS, conform, kind

ROW_GROUP = 1_300_000
"""Two groups for the largest table: readers decode them in parallel."""


@dataclass(frozen=True)
class Table:
    """One edition of a table, ready to be written."""

    name: str
    edition: str
    frame: pl.DataFrame
    valid_from: dt.date | None
    valid_to: dt.date | None
    source: str
    publisher: str
    licence: str
    note: str = ""
    kind: str | None = None
    """Default: what the table ordinarily is."""

    def conformed(self) -> Table:
        """Return the table with exactly the columns and types of its schema; raises polars errors where a value does not fit."""
        return replace(self, frame=conform(self.name, self.frame))

    def described(self, file: str = "", digest: str = "", folder: Path = manifest.PACKAGED) -> Edition:
        """Return what a manifest says of the table."""
        return Edition(
            name=self.name,
            edition=self.edition,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            source=self.source,
            licence=self.licence,
            sha256=digest,
            rows=self.frame.height,
            file=file,
            kind=self.kind or kind(self.name),
            publisher=self.publisher,
            note=self.note,
            columns=tuple(SCHEMAS[self.name]),
            folder=folder,
        )

    def stem(self) -> str:
        """File name without its ending: ``mue-2026q2``."""
        safe = "".join(c if c.isalnum() else "-" for c in self.edition.lower()).strip("-")
        return f"{self.name}-{safe}"


def write_parquet(name: str, frame: pl.DataFrame, path: Path) -> None:
    """Write one table as zstd Parquet; the same rows give the same bytes.

    Sorted integer keys are stored as differences, a tenth of their plain size and as fast to read.
    """
    frame = conform(name, frame)
    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    keys = [column for column, dtype in frame.schema.items() if dtype == pl.Int64]
    others = [column for column in arrow.column_names if column not in keys]
    pq.write_table(
        arrow,
        path,
        compression="zstd",
        compression_level=12,
        use_dictionary=others,
        column_encoding=dict.fromkeys(keys, "DELTA_BINARY_PACKED"),
        row_group_size=ROW_GROUP,
        write_statistics=False,
        store_schema=False,
    )


def write_tables(
    folder: Path, tables: Sequence[Table], held: Iterable[Edition] = (), *, plain_names: bool = False
) -> list[Edition]:
    """Write tables into a folder beside the editions it holds, the manifest last, and remove what it no longer names.

    ``held`` are the editions of the folder that stay. A file is written under another name and then renamed; until the
    manifest is replaced, no reader sees the new files. ``plain_names`` leaves the digest out of the file names, for a
    folder under version control. Returns the editions written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keep = {(edition.name, edition.edition): edition for edition in held}
    written: list[Edition] = []
    beside: list[Path] = []
    try:
        for table in tables:
            part = folder / f".{table.stem()}.{os.getpid()}.part"
            beside.append(part)
            write_parquet(table.name, table.frame, part)
            digest = manifest.sha256(part)
            # A name that carries the content never changes its bytes under a reader or under the old manifest.
            file = f"{table.stem()}.parquet" if plain_names else f"{table.stem()}-{digest[:8]}.parquet"
            part.replace(folder / file)
            written.append(table.described(file, digest, folder))
    finally:
        for part in beside:
            part.unlink(missing_ok=True)
    after = keep | {(edition.name, edition.edition): edition for edition in written}
    manifest.write(folder, after.values())
    named = {edition.file for edition in after.values()}
    for path in folder.glob("*.parquet"):
        if path.name not in named:
            # A reader on Windows may hold it open; it goes with the next import.
            with contextlib.suppress(OSError):
                path.unlink()
    return written
