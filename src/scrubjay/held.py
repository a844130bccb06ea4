"""Claims that are held back while a run goes on: those to be judged together, and those to be shown whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import polars as pl

from scrubjay.levels import LEVELS
from scrubjay.model import Tables, concat
from scrubjay.spill import Spill

HELD_CLAIMS = 25_000
"""Claims judged together at once when patients' days span pieces: about as many as stand in a piece."""


class Store:
    """Claims put aside until all pieces are read: those of patient days that stand in more than one piece."""

    def __init__(self) -> None:
        self._aside = Spill()
        self._held: list[tuple[_Aside, np.ndarray]] = []

    def put(self, tables: Tables, patient: np.ndarray) -> None:
        """Put the claims of a piece aside, with the key of each one's patient."""
        self._held.append((_Aside(self._aside, tables), patient))

    def parts(self) -> Iterator[Tables]:
        """Yield the claims, every patient's together; the store is empty then."""
        total = sum(len(patient) for _, patient in self._held)
        buckets = max(1, -(-total // HELD_CLAIMS))
        dealt: list[list[_Aside]] = [[] for _ in range(buckets)]
        if buckets == 1:
            dealt = [[aside for aside, _ in self._held]]
        else:
            for tables, patient in self._groups():
                for bucket, pile in enumerate(dealt):
                    own = tables.claims.filter(pl.Series(patient % buckets == bucket))
                    pile.append(_Aside(self._aside, tables.keep(own)))
        self._held.clear()
        while dealt:
            yield concat([aside.get() for aside in dealt.pop(0)])

    def _groups(self) -> Iterator[tuple[Tables, np.ndarray]]:
        """Yield the claims in their order, some pieces of them together."""
        group: list[tuple[_Aside, np.ndarray]] = []
        for number, held in enumerate(self._held, start=1):
            group.append(held)
            if sum(len(patient) for _, patient in group) >= HELD_CLAIMS or number == len(self._held):
                yield concat([aside.get() for aside, _ in group]), np.concatenate([patient for _, patient in group])
                group = []


class _Aside:
    """Tables put aside."""

    def __init__(self, spill: Spill, tables: Tables) -> None:
        self._slots = {f.name: spill.put(getattr(tables, f.name)) for f in fields(Tables)}

    def get(self) -> Tables:
        return Tables(**{name: slot.get() for name, slot in self._slots.items()})


class Kept:
    """The claims to be shown whole: those with the most at stake, no more than were asked for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tables: list[Tables] = []
        self._stakes = pl.DataFrame(schema={"claim_id": pl.UInt32, "rank": pl.Int8, "cents": pl.Int64})

    def add(self, findings: pl.DataFrame, tables: Tables) -> None:
        """Keep the claims of a piece that have a finding; the pile is thinned when it is twice too high."""
        if not self._most:
            return
        hits = findings.filter((pl.col("outcome") == "hit") & pl.col("claim_id").is_not_null())
        order = {name: rank for rank, name in enumerate(LEVELS)}
        risks = hits.unique(["claim_id", "risk_line"]).group_by("claim_id").agg(cents=pl.col("at_risk_cents").sum())
        ranks = hits.group_by("claim_id").agg(rank=pl.col("level").replace_strict(order, return_dtype=pl.Int8).max())
        stakes = ranks.join(risks, on="claim_id").select("claim_id", "rank", "cents")
        self._stakes = pl.concat([self._stakes, stakes])
        self._tables.append(tables.keep(stakes))
        if len(self._stakes) > 2 * self._most:
            self._thin()

    def drop(self, claims: pl.DataFrame) -> None:
        """Forget claims that are judged anew."""
        self._stakes = self._stakes.join(claims, on="claim_id", how="anti")
        self._tables = [tables.without(claims) for tables in self._tables]

    def tables(self) -> Tables | None:
        """Return the kept claims in the order of the run; None where none were asked for."""
        if not self._most:
            return None
        self._thin()
        whole = self._tables[0]
        return replace(
            whole,
            claims=whole.claims.sort("claim_id"),
            lines=whole.lines.sort("line_id"),
            diagnoses=whole.diagnoses.sort("claim_id", "position"),
            notes=whole.notes.sort("claim_id", "segment"),
        )

    def _thin(self) -> None:
        worst = self._stakes.sort("rank", "cents", "claim_id", descending=[True, True, False])
        self._stakes = worst.head(self._most)
        self._tables = [concat(self._tables).keep(self._stakes)]
