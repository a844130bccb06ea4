"""What a reader found wrong with the form of its input, as rows: facts, not yet findings.

The edits of the envelope family turn these rows into findings, with level, message and source.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from scrubjay.io.spans import Ints
from scrubjay.io.x12 import Segments

SCHEMA = {
    "kind": pl.String,
    "at": pl.Int64,
    "segment": pl.Int64,
    "element": pl.String,
    "found": pl.String,
    "expected": pl.String,
}
"""``at`` is the index of the segment in its chunk (-1: none), ``segment`` its number in the file."""


class Defects:
    """Collector of the defects of one chunk.  Segments carried over from an earlier chunk are not reported again."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._rows: list[tuple[str, int, int, str | None, str | None, str | None]] = []
        self._frames: list[pl.DataFrame] = []

    def add(
        self, kind: str, at: int, element: str | None = None, found: str | None = None, expected: str | None = None
    ) -> None:
        """Note one defect of the segment with index ``at``."""
        if self._segments.context[at]:
            return
        self._rows.append((kind, at, int(self._segments.number[at]), element, found, expected))

    def add_numbered(self, kind: str, at: int, number: int, element: str, found: str, expected: str) -> None:
        """Note a defect of segment ``number``, which an earlier chunk held, seen at the segment with index ``at``."""
        self._rows.append((kind, at, number, element, found, expected))

    def add_number(self, kind: str, number: int, found: str) -> None:
        """Note a defect of a place that is no segment, by the number of the segment that follows it."""
        self._rows.append((kind, -1, number, None, found, None))

    def add_many(self, kind: str, at: Ints, element: str | None, found: pl.Series | None, expected: str | None) -> None:
        """Note the same defect for many segments; ``found`` is aligned with ``at``."""
        fresh = ~self._segments.context[at]
        if not fresh.any():
            return
        keep = np.flatnonzero(fresh)
        values = found[keep] if found is not None else pl.Series([None] * len(keep), dtype=pl.String)
        self._frames.append(
            pl.DataFrame(
                {
                    "kind": pl.Series([kind] * len(keep)),
                    "at": at[keep],
                    "segment": self._segments.number[at[keep]],
                    "element": pl.Series([element] * len(keep), dtype=pl.String),
                    "found": values.cast(pl.String),
                    "expected": pl.Series([expected] * len(keep), dtype=pl.String),
                },
                schema=SCHEMA,
            )
        )

    def __len__(self) -> int:
        return len(self._rows) + sum(map(len, self._frames))

    def frame(self) -> pl.DataFrame:
        """Return all defects, in the order of the file."""
        rows = pl.DataFrame(self._rows, schema=SCHEMA, orient="row")
        return pl.concat([rows, *self._frames]).sort("segment", "kind", "element", maintain_order=True)
