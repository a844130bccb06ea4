"""The findings as a flat table: CSV for spreadsheets, Parquet for queries."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from scrubjay.report import FINDING_FIELDS, Report

#: Columns of both tables: the fields of a finding, with ``fix`` opened into three.
COLUMNS = tuple(
    column
    for field in FINDING_FIELDS
    for column in (("fix_safety", "fix_text", "fix_patches") if field == "fix" else (field,))
)


_GROUP = 50_000
"""Findings from which on a row group of the Parquet file is full."""


def flat(findings: pl.DataFrame) -> pl.DataFrame:
    """Return findings with ``fix`` opened into ``fix_safety``, ``fix_text`` and ``fix_patches`` (JSON)."""
    fix = pl.col("fix").struct
    patches = fix.field("patches")
    encoded = pl.concat_str(
        pl.lit("["), patches.list.eval(pl.element().struct.json_encode()).list.join(", "), pl.lit("]")
    )
    return findings.with_columns(
        fix.field("safety").alias("fix_safety"),
        fix.field("text").alias("fix_text"),
        pl.when(patches.is_not_null()).then(encoded).alias("fix_patches"),
    ).select(COLUMNS)


def write_csv(report: Report, out: IO[bytes]) -> None:
    """Write the findings as CSV (UTF-8, LF, header row); lists are joined with ``;``."""
    joined = [
        pl.col("related_lines").cast(pl.List(pl.String)).list.join(";"),
        pl.col("rarc").list.join(";"),
        pl.col("sources").list.join("; "),
    ]
    for number, part in enumerate(report.slices()):
        # As for JSON lines: a frame would not say that a reader has gone away.
        text = io.BytesIO()
        flat(part).with_columns(joined).write_csv(text, include_header=number == 0)
        out.write(text.getbuffer())


def write_parquet(report: Report, out: IO[bytes]) -> None:
    """Write the findings as Parquet (zstd), some at a time; lists stay lists."""
    writer: pq.ParquetWriter | None = None
    stream = _Onward(out)
    try:
        for group in _groups(report):
            table = flat(group).to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                writer = pq.ParquetWriter(pa.PythonFile(stream, mode="w"), table.schema, compression="zstd")
            writer.write_table(table)
    except BaseException:
        # Closing would end the file as if it were whole.
        stream.lost = True
        raise
    finally:
        if writer is not None:
            writer.close()


def _groups(report: Report) -> Iterator[pl.DataFrame]:
    """Yield the findings in groups large enough for a column store."""
    waiting: list[pl.DataFrame] = []
    for part in report.slices():
        waiting.append(part)
        if sum(frame.height for frame in waiting) >= _GROUP:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


class _Onward:
    """A stream that only goes forward and tells how far it is; a pipe cannot."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._at = 0
        self.closed = False
        self.lost = False

    def write(self, data: bytes) -> int:
        if not self.lost:
            self._out.write(data)
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        if not self.lost:
            self._out.flush()

    def close(self) -> None:
        self.closed = True
