"""Check whole inputs in bounded memory: read, judge piece by piece, and judge together what spans pieces.

Findings of a piece stand unless a patient's day is also in another piece.  Those claims, and only those, are read
again and judged together; their first findings and counts are taken back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from scrubjay import engine
from scrubjay.edit import Edit
from scrubjay.engine import Tally
from scrubjay.errors import InputError
from scrubjay.facts import Run, prepare
from scrubjay.facts.claims import with_patient, with_policy
from scrubjay.facts.gather import NO_DAY, Keys, days, mix
from scrubjay.findings import LEVELS, resolve
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import CHUNK_BYTES, Chunk, iter_chunks
from scrubjay.io.x12 import ByteSource
from scrubjay.model import Tables, concat
from scrubjay.policy import PolicySet
from scrubjay.pricing import with_estimates
from scrubjay.raw import add_raw, no_raw
from scrubjay.refdata import References

Progress = Callable[[int, int, int], None]

_SMALL = 1 << 20

HELD_CLAIMS = 100_000
"""Claims judged together at once when patients' days span pieces."""


@dataclass(frozen=True)
class Input:
    """One input: the name people see, and how to open its bytes (more than once)."""

    name: str
    open: Callable[[], BinaryIO]
    size: int


@dataclass(frozen=True)
class Settings:
    """What a run is made of besides its input."""

    refs: References
    policy: PolicySet
    edits: dict[str, Edit]
    rules: pl.DataFrame
    used: frozenset[tuple[str, str]]
    run: Run
    history: pl.DataFrame | None = None
    raw: bool = False
    phi: bool = False
    keep: int = 0
    chunk_bytes: int = CHUNK_BYTES

    def active(self, policy: str, edit: str) -> bool:
        """Say whether a policy uses an edit on any day."""
        return (policy, edit) in self.used


@dataclass
class Outcome:
    """What a run has gathered so far."""

    findings: list[pl.DataFrame] = field(default_factory=list)
    headers: list[pl.DataFrame] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    errors: list[InputError] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    spans: dict[str, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Piece:
    """Where a piece came from, and the patient days in it."""

    file: int
    chunk: int
    first_claim: int
    first_line: int
    keys: Keys


class Batch:
    """One run over several inputs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outcome = Outcome(tallies={code: Tally() for code in settings.edits})
        self.kept = _Kept(settings.keep)
        self._pieces: list[_Piece] = []
        self._claims = 0
        self._lines = 0

    def add_tables(self, name: str, tables: Tables) -> None:
        """Judge tables that somebody else has read."""
        self._judge(tables, len(self.outcome.inputs), 0, None)
        self.outcome.inputs.append(
            {"file": name, "kind": "tables", "claims": len(tables.claims), "lines": len(tables.lines), "bytes": 0}
        )

    def add_inputs(self, inputs: Sequence[Input], progress: Progress | None = None) -> None:
        """Read and judge inputs, then what spans their pieces."""
        total = sum(i.size for i in inputs)
        before = 0
        first = len(self.outcome.inputs)
        for item in inputs:
            number = len(self.outcome.inputs)
            claims, lines = self._claims, self._lines
            consumed = 0
            professional, told = False, len(self.outcome.errors)
            try:
                pieces = self._read(item, number)
                # A small input is read and judged before a second thread would have started.
                for index, (chunk, tables) in enumerate(pieces if item.size < _SMALL else _ahead(pieces)):
                    self.outcome.errors.extend(chunk.errors)
                    professional = professional or bool(chunk.wanted.any())
                    self._judge(tables, number, index, chunk)
                    consumed = chunk.consumed
                    if progress is not None:
                        progress(before + consumed, total, self._claims)
            except InputError as error:
                self.outcome.errors.append(error)
            if not professional and len(self.outcome.errors) == told:
                self.outcome.errors.append(InputError(item.name, "no 837P transaction in it; nothing was checked"))
            before += item.size
            self.outcome.inputs.append(
                {
                    "file": item.name,
                    "kind": "837P",
                    "claims": self._claims - claims,
                    "lines": self._lines - lines,
                    "bytes": consumed or item.size,
                }
            )
        self._judge_spanning(dict(enumerate(inputs, start=first)))

    def _read(self, item: Input, number: int) -> Iterator[tuple[Chunk, Tables]]:
        first_claim, first_line = self._claims, self._lines
        with item.open() as stream:
            for chunk in iter_chunks(ByteSource(stream), item.name, self.settings.chunk_bytes):
                tables = read_chunk(chunk, number, first_claim, first_line)
                first_claim += len(tables.claims)
                first_line += len(tables.lines)
                yield chunk, tables

    def _judge(self, tables: Tables, file: int, index: int, chunk: Chunk | None) -> None:
        self._pieces.append(_Piece(file, index, self._claims, self._lines, self._day_keys(tables)))
        self._claims += len(tables.claims)
        self._lines += len(tables.lines)
        findings, claims, tallies = self._engine(tables)
        for code, tally in tallies.items():
            self.outcome.tallies[code].add(tally)
        findings = (
            add_raw(findings, chunk.segments, phi=self.settings.phi)
            if chunk is not None and self.settings.raw
            else no_raw(findings)
        )
        if len(findings):
            self.outcome.findings.append(findings)
            self.outcome.headers.append(_headers(findings, claims, tables))
            self.kept.add(findings, tables)

    def _engine(self, tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Tally]]:
        s = self.settings
        facts = prepare(tables, s.refs, s.policy, s.run, s.history)
        judged = engine.run(facts, s.refs, list(s.edits.values()), s.active)
        claims = facts.claims.collect(engine="in-memory")
        findings = resolve(judged.hits, tables, claims, s.rules, s.edits, s.refs, s.run.as_of)
        findings = with_estimates(findings, tables, claims, s.refs, s.policy)
        return findings, claims, judged.tallies

    def _day_keys(self, tables: Tables) -> Keys:
        """Return the distinct keys of patient, payer and day of a piece: claims that share one are judged together."""
        return np.unique(self._line_keys(tables)[1])

    def _line_keys(self, tables: Tables) -> tuple[np.ndarray, Keys]:
        """Return claim ids and day keys of the lines that may meet others."""
        claims = with_patient(with_policy(tables.claims, self.settings.policy, self.settings.run.policy))
        owner = np.searchsorted(claims["claim_id"].to_numpy(), tables.lines["claim_id"].to_numpy())
        day = days(tables.lines["service_date"])
        usable = (day != NO_DAY) & ~claims["stands_alone"].to_numpy()[owner]
        patient = claims["patient_key"].to_numpy()[owner[usable]]
        payer = claims["payer_key"].to_numpy()[owner[usable]]
        return tables.lines["claim_id"].to_numpy()[usable], mix(patient, payer, day[usable])

    def _judge_spanning(self, inputs: Mapping[int, Input]) -> None:
        """Judge again, together, the claims of patient days that stand in more than one piece."""
        if len(self._pieces) < 2:
            return
        keys, counts = np.unique(np.concatenate([p.keys for p in self._pieces]), return_counts=True)
        shared = keys[counts > 1]
        if not len(shared):
            return
        needed = {(p.file, p.chunk): p for p in self._pieces if np.isin(p.keys, shared).any()}
        with _Store() as store:
            for number, item in inputs.items():
                if any(file == number for file, _ in needed):
                    self._hold(item, number, needed, shared, store)
            for tables in store.parts():
                findings, claims, tallies = self._engine(tables)
                for code, tally in tallies.items():
                    self.outcome.tallies[code].add(tally)
                self._replace(findings, claims, tables)

    def _hold(
        self, item: Input, number: int, needed: dict[tuple[int, int], _Piece], shared: Keys, store: _Store
    ) -> None:
        with item.open() as stream:
            for index, chunk in enumerate(iter_chunks(ByteSource(stream), item.name, self.settings.chunk_bytes)):
                piece = needed.get((number, index))
                if piece is None:
                    continue
                tables = read_chunk(chunk, number, piece.first_claim, piece.first_line)
                ids, keys = self._line_keys(tables)
                wanted = pl.DataFrame(
                    {"claim_id": np.unique(ids[np.isin(keys, shared)])}, schema={"claim_id": pl.UInt32}
                )
                held = tables.keep(wanted)
                _, _, tallies = self._engine(held)
                for code, tally in tallies.items():
                    self.outcome.tallies[code].add(tally, sign=-1)
                owner = with_patient(with_policy(held.claims, self.settings.policy, self.settings.run.policy))
                store.put(held, owner["patient_key"].to_numpy())

    def _replace(self, findings: pl.DataFrame, claims: pl.DataFrame, tables: Tables) -> None:
        """Put the findings of claims judged together in the place of those of their pieces."""
        ids = claims.select("claim_id")
        self.kept.drop(ids)
        known = []
        for k, frame in enumerate(self.outcome.findings):
            known.append(frame.join(ids, on="claim_id", how="semi"))
            self.outcome.findings[k] = frame.join(ids, on="claim_id", how="anti", maintain_order="left")
        texts = (
            pl.concat(known)
            .select("file", "segment", "element", "raw", "raw_start", "raw_length")
            .unique(["file", "segment", "element"])
            if known
            else None
        )
        if not len(findings):
            return
        findings = no_raw(findings)
        if texts is not None and self.settings.raw:
            findings = findings.drop("raw", "raw_start", "raw_length").join(
                texts, on=["file", "segment", "element"], how="left", nulls_equal=True, maintain_order="left"
            )
        self.outcome.findings.append(findings)
        self.outcome.headers.append(_headers(findings, claims, tables))
        self.kept.add(findings, tables)


def _headers(findings: pl.DataFrame, claims: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return what heads a claim in a listing, for the claims with a finding."""
    per_claim = tables.lines.group_by("claim_id").agg(
        pl.col("service_date").min(), pl.len().cast(pl.Int64).alias("lines"), pl.col("line_rendering_npi").first()
    )
    return (
        claims.join(findings.select("claim_id").unique(), on="claim_id", how="semi")
        .join(per_claim, on="claim_id", how="left")
        .select(
            "claim_id", "file", "transaction", "claim", "policy", "service_date", "pos",
            pl.col("charge_cents"), "lines", pl.coalesce("rendering_npi", "line_rendering_npi", "billing_npi").alias("rendering_npi"),
        )
    )  # fmt: skip


def _ahead(pieces: Iterator[tuple[Chunk, Tables]]) -> Iterator[tuple[Chunk, Tables]]:
    """Read the next piece while this one is judged: reading and judging each keep one core busy."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="scrubjay-read") as pool:
        end = object()
        waiting = pool.submit(next, pieces, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, pieces, end)
            yield item  # type: ignore[misc]


class _Store:
    """Claims held until all pieces are read: in memory while they are few, then in private temporary files."""

    def __init__(self) -> None:
        self._held: list[tuple[Tables, np.ndarray]] = []

    def __enter__(self) -> _Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.clear()

    def put(self, tables: Tables, patient: np.ndarray) -> None:
        self._held.append((tables, patient))

    def parts(self) -> Iterator[Tables]:
        """Yield the held claims, every patient's together."""
        total = sum(len(t.claims) for t, _ in self._held)
        buckets = max(1, -(-total // HELD_CLAIMS))
        for bucket in range(buckets):
            kept = [
                t if buckets == 1 else t.keep(t.claims.filter(pl.Series(patient % buckets == bucket)))
                for t, patient in self._held
            ]
            yield concat(kept)


class _Kept:
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


@contextmanager
def spooled(head: bytes, stream: BinaryIO) -> Iterator[Callable[[], BinaryIO]]:
    """Keep a stream that can be read once so that it can be read again; its temporary file is private and deleted.

    ``head`` is what has been read of it already.
    """
    with tempfile.TemporaryDirectory(prefix="scrubjay-") as folder:
        path = Path(folder) / "input"
        with path.open("wb") as out:
            out.write(head)
            shutil.copyfileobj(stream, out, 1 << 20)
        yield lambda: path.open("rb")
