"""The findings of a run, piece by piece in the order of the input, as resolved and not yet in the words of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from scrubjay.spill import Slot, Spill

AT_ONCE = 100_000
"""Findings of no claim that are put in order at once."""

_LEVELS = ("deny", "warn", "info")
_PLAIN = pl.col("claim_id").is_null() & pl.col("line_id").is_null()
_SEGMENT = pl.col("segment").fill_null(0)


@dataclass
class _Part:
    """A piece: its claims are those from its first to the next piece's."""

    file: int
    first_claim: int
    found: Slot | None = None
    gone: list[pl.Series] = field(default_factory=list)
    again: list[Slot] = field(default_factory=list)

    def known(self) -> pl.DataFrame | None:
        return self.found.get() if self.found is not None else None

    def rows(self) -> pl.DataFrame | None:
        frames = [slot.get() for slot in self.again]
        known = self.known()
        if known is not None:
            gone = pl.concat(self.gone).implode() if self.gone else None
            frames.insert(0, known if gone is None else known.filter(~_within(gone)))
        return pl.concat(frames, how="diagonal") if frames else None


def _within(claims: pl.Series) -> pl.Expr:
    return pl.col("claim_id").is_in(claims).fill_null(value=False)


class Pile:
    """Findings in the order in which the pieces were added, which is that of files and their claims.

    Claims judged anew have their findings put into their piece, so that no claim stands in two.  Findings of no claim
    come first in their file, whatever piece they are of.
    """

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._parts: dict[int, list[_Part]] = {}
        self._loose: dict[int, list[Slot]] = {}

    @property
    def spilled(self) -> bool:
        """Say whether the findings were too many for memory."""
        return self._spill.spilled

    def add(self, file: int, first_claim: int, findings: pl.DataFrame) -> None:
        """Add the next piece; it may be without findings."""
        part = _Part(file, first_claim)
        self._parts.setdefault(file, []).append(part)
        rows = self._without_loose(findings)
        if rows.height:
            part.found = self._spill.put(rows)

    def known(self, claims: pl.DataFrame) -> list[pl.DataFrame]:
        """Return the findings so far of some claims (``file``, ``claim_id``), those of each piece in a frame."""
        found = []
        for part, own in self._owners(claims):
            known = part.known()
            if known is not None:
                found.append(known.filter(_within(own["claim_id"].implode())))
        return found

    def replace(self, claims: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Put the findings of claims judged anew in the place of those they had."""
        findings = self._without_loose(findings)
        for part, own in self._owners(claims):
            ids = own["claim_id"]
            part.gone.append(ids)
            rows = findings.filter((pl.col("file") == part.file) & _within(ids.implode()))
            if rows.height:
                part.again.append(self._spill.put(rows))

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the findings: in the order of the report from frame to frame, in any order within one."""
        for file in sorted(self._parts.keys() | self._loose.keys()):
            yield from self._first(file)
            for part in self._parts.get(file, ()):
                rows = part.rows()
                if rows is not None and rows.height:
                    yield rows

    def _first(self, file: int) -> Iterator[pl.DataFrame]:
        """Yield what comes first in a file.

        Where that is too much to be put in order at once it comes by level, edit and segment, a frame as soon as no
        later piece holds a lower segment.
        """
        slots = self._loose.get(file, [])
        if sum(slot.height for slot in slots) <= AT_ONCE:
            if slots:
                yield pl.concat([slot.get() for slot in slots], how="diagonal")
            return
        least: dict[tuple[str, str], dict[int, int]] = {}
        for number, slot in enumerate(slots):
            lowest = slot.get().filter(_PLAIN).group_by("level", "edit").agg(_SEGMENT.min().alias("least"))
            for level, edit, segment in lowest.iter_rows():
                least.setdefault((level, edit), {})[number] = segment
        for level, edit in sorted(least, key=lambda key: (_LEVELS.index(key[0]), key[1])):
            own = _PLAIN & (pl.col("level") == level) & (pl.col("edit") == edit)
            yield from _by_segment(slots, least[level, edit], own)
        rest = pl.concat([slot.get().filter(~_PLAIN) for slot in slots], how="diagonal")
        if rest.height:
            yield rest

    def _owners(self, claims: pl.DataFrame) -> Iterator[tuple[_Part, pl.DataFrame]]:
        """Yield the pieces that some claims stand in, with those claims."""
        for own in claims.partition_by("file"):
            parts = self._parts[own["file"][0]]
            firsts = np.array([part.first_claim for part in parts])
            at = np.searchsorted(firsts, own["claim_id"].to_numpy(), side="right") - 1
            for index in np.unique(at).tolist():
                yield parts[index], own.filter(pl.Series(at == index))

    def _without_loose(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Put what has no place among the claims aside, and return the rest."""
        if not findings["claim_segment"].null_count():
            return findings
        loose = findings.filter(pl.col("claim_segment").is_null())
        for rows in loose.partition_by("file"):
            file = rows["file"][0]
            # What names no file stands before all files.
            self._loose.setdefault(-1 if file is None else file, []).append(self._spill.put(rows))
        return findings.filter(pl.col("claim_segment").is_not_null())


def _by_segment(slots: list[Slot], least: dict[int, int], own: pl.Expr) -> Iterator[pl.DataFrame]:
    """Yield the rows of some slots that pass ``own`` in the order of their segments; ``least`` is the lowest of each slot."""
    waiting: list[pl.DataFrame] = []
    ready: list[pl.DataFrame] = []
    numbers = sorted(least)
    for k, number in enumerate(numbers):
        rows = pl.concat([*waiting, slots[number].get().filter(own)], how="diagonal")
        to_come = min((least[later] for later in numbers[k + 1 :]), default=None)
        done = pl.lit(value=True) if to_come is None else to_come > _SEGMENT
        ready.append(rows.filter(done))
        waiting = [rows.filter(~done)]
        if sum(frame.height for frame in ready) >= AT_ONCE:
            yield pl.concat(ready, how="diagonal")
            ready = []
    if ready:
        yield pl.concat(ready, how="diagonal")
