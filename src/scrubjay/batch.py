"""Check whole inputs in bounded memory: read, judge piece by piece, and judge together what spans pieces.

Findings of a piece stand unless a patient's day is also in another piece.  Those claims, and only those, are read
again and judged together; their first findings and counts are taken back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import polars as pl

from scrubjay import engine
from scrubjay.conformance import judge as guide
from scrubjay.crew import THREADS, Crew, Wait
from scrubjay.edit import Edit
from scrubjay.edits.envelope.kinds import GUIDE
from scrubjay.engine import Tally
from scrubjay.errors import InputError
from scrubjay.facts import Run, prepare
from scrubjay.facts.claims import with_patient, with_policy
from scrubjay.facts.gather import NO_DAY, Keys, days, find_rows, first_known, mix
from scrubjay.findings import resolve
from scrubjay.held import Kept, Store
from scrubjay.io.assemble import Places
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.columns import known_only
from scrubjay.io.interchange import Chunk
from scrubjay.io.pieces import PIECE_BYTES, X12, Ids, Job, Piece, jobs, sniff
from scrubjay.io.pieces import pieces as read_pieces
from scrubjay.levels import Levels
from scrubjay.model import Tables
from scrubjay.pile import Pile
from scrubjay.policy import PolicySet
from scrubjay.pricing import with_estimates
from scrubjay.raw import add_raw, no_raw
from scrubjay.refdata import References
from scrubjay.spill import Slot, Spill

Progress = Callable[[int, int, int], None]

_SMALL = 1 << 20
_FIRST = 1 << 14


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
    levels: Levels
    run: Run
    history: pl.DataFrame | None = None
    raw: bool = False
    phi: bool = False
    keep: int = 0
    conformance: bool = False
    record: Callable[[Tables], None] | None = None
    # Asked for at each run, not once when the class is made.
    piece_bytes: int = field(default_factory=lambda: PIECE_BYTES)

    def active(self, policy: str, edit: str) -> bool:
        """Say whether a policy uses an edit on any day."""
        return (policy, edit) in self.levels.used


@dataclass
class Outcome:
    """What a run has gathered so far."""

    aside: Spill = field(default_factory=Spill)
    findings: Pile = field(init=False)
    headers: list[Slot] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    errors: list[InputError] = field(default_factory=list)
    inputs: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.findings = Pile(self.aside)


@dataclass(frozen=True)
class _Piece:
    """Where a piece came from, and the patient days in it."""

    file: int
    chunk: int
    first_claim: int
    first_line: int
    keys: Keys


class _Findings(NamedTuple):
    """The findings of some claims and what each edit did."""

    rows: pl.DataFrame
    tallies: dict[str, Tally]


@dataclass(frozen=True)
class _Judged:
    """What judging a piece gives; ``tables`` only where claims are to be shown whole."""

    findings: pl.DataFrame
    headers: pl.DataFrame | None
    tallies: dict[str, Tally]
    tables: Tables | None


@dataclass(frozen=True)
class _Read:
    """A piece of an input, read and judged; its bytes and tables are let go."""

    piece: _Piece
    judged: _Judged
    claims: int
    lines: int
    errors: list[InputError]
    professional: bool
    consumed: int
    places: Places | None


_NO_KEYS: Keys = np.zeros(0, dtype=np.uint64)


class Batch:
    """One run over several inputs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        asked = settings.conformance
        self._edits = [e for code, e in settings.edits.items() if asked or code not in GUIDE]
        idle = Tally("skipped", guide.NOT_ASKED)
        self.outcome = Outcome(
            tallies={code: Tally() if asked or code not in GUIDE else idle for code in settings.edits}
        )
        self._verdicts: dict[int, guide.Verdict] = {}
        self.kept = Kept(settings.keep)
        self._pieces: list[_Piece] = []
        self._places: dict[int, Places] = {}
        self._ids = Ids()

    def add_tables(self, name: str, tables: Tables) -> None:
        """Judge tables that somebody else has read."""
        number = len(self.outcome.inputs)
        judged, claims = self._engine(tables)
        self._pieces.append(_Piece(number, 0, 0, 0, _day_keys(tables, claims)))
        self._add(self._judged(judged, claims, tables))
        self.outcome.inputs.append(
            {"file": name, "kind": "tables", "claims": len(tables.claims), "lines": len(tables.lines), "bytes": 0}
        )

    def add_inputs(self, inputs: Sequence[Input], progress: Progress | None = None) -> None:
        """Read and judge inputs, then what spans their pieces."""
        total = sum(i.size for i in inputs)
        before = done = 0
        first = len(self.outcome.inputs)
        if self.settings.conformance:
            self._ask_guide(dict(enumerate(inputs, start=first)), total, progress)
            progress = None
        with Crew() as crew:
            for item in inputs:
                number = len(self.outcome.inputs)
                claims = lines = consumed = 0
                professional, told = False, len(self.outcome.errors)
                kind = X12
                try:
                    with item.open() as stream:
                        kind = sniff(stream)
                    # A small input is read and judged before a second thread would have started.
                    jobs = self._jobs(item, number)
                    alone = item.size < _SMALL
                    first_claims = partial(self._lay_out, item)
                    pieces = (job(_at_once) for job in jobs) if alone else crew.map(jobs, first_claims)
                    for read in pieces:
                        self.outcome.errors.extend(read.errors)
                        professional = professional or read.professional
                        self._pieces.append(read.piece)
                        self._add(read.judged)
                        if read.places is not None:
                            self._places.setdefault(number, Places(elements=read.places.elements)).join(read.places)
                        claims, lines = claims + read.claims, lines + read.lines
                        consumed = read.consumed
                        if progress is not None:
                            progress(before + consumed, total, done + claims)
                except InputError as error:
                    self.outcome.errors.append(error)
                if not professional and len(self.outcome.errors) == told:
                    self.outcome.errors.append(InputError(item.name, "no 837P transaction in it; nothing was checked"))
                before += item.size
                done += claims
                self.outcome.inputs.append(
                    {
                        "file": item.name,
                        "kind": kind,
                        "claims": claims,
                        "lines": lines,
                        "bytes": consumed or item.size,
                    }
                )
        self._judge_spanning(dict(enumerate(inputs, start=first)))

    def _jobs(self, item: Input, number: int) -> Iterator[Callable[[Wait], _Read]]:
        """Yield what is to be done with each piece of an input: cutting is done here, the rest by whoever calls."""
        with item.open() as stream:
            for index, (job, claim, line) in enumerate(self._reading(stream, item, number, self._ids)):
                yield partial(self._piece, job, _Piece(number, index, claim, line, _NO_KEYS))

    def _reading(self, stream: BinaryIO, item: Input, number: int, ids: Ids) -> Iterator[Job]:
        s = self.settings
        size = s.piece_bytes if item.size < _SMALL else _even(item.size, s.piece_bytes)
        return jobs(stream, item.name, number, ids, size, self._tables, keep_segments=s.raw)

    def _lay_out(self, item: Input) -> None:
        """Judge the first claims of an input beforehand, for what judging leaves behind.

        Reference tables are read and laid out, screens built, once a process and for the most part in Python.  Left to
        the first pieces, the threads would do it side by side, each in the way of the other; here it is done while they
        read.
        """
        with suppress(InputError), item.open() as stream:
            # Of an input that is no X12 the first claims are not to be had without the rest.
            if sniff(stream) == X12 and (first := next(read_pieces(stream, item.name, size=_FIRST), None)):
                self._engine(first.tables)

    def _piece(self, job: Callable[[], Piece], place: _Piece, wait: Wait) -> _Read:
        piece = job()
        wait()
        findings, claims = self._engine(piece.tables)
        if piece.segments:
            findings = findings._replace(rows=add_raw(findings.rows, piece.segments, phi=self.settings.phi))
        elif piece.places is not None:
            findings = findings._replace(rows=piece.places.apply(no_raw(findings.rows)))
        return _Read(
            replace(place, keys=_day_keys(piece.tables, claims)),
            self._judged(findings, claims, piece.tables),
            len(piece.tables.claims),
            len(piece.tables.lines),
            piece.errors,
            piece.professional,
            piece.consumed,
            piece.places,
        )

    def _tables(self, chunk: Chunk, number: int, first_claim: int, first_line: int) -> Tables:
        """Read a chunk, with what the implementation guide holds against it where that was asked."""
        verdict = self._verdicts.get(number)
        if verdict is None:
            return read_chunk(chunk, number, first_claim, first_line)
        guide.note(verdict, chunk)
        return guide.without_repeats(read_chunk(chunk, number, first_claim, first_line))

    def _ask_guide(self, inputs: Mapping[int, Input], total: int, progress: Progress | None) -> None:
        """Have the implementation guide judged; it takes nearly all of the time, so its progress is that of the run."""
        before = claims = 0
        for number, item in inputs.items():
            with item.open() as stream:
                if sniff(stream) != X12:
                    continue
            told = None
            if progress is not None:
                base, counted = before, claims

                def told(done: int, of_input: int, base: int = base, counted: int = counted) -> None:
                    nonlocal claims
                    claims = counted + of_input
                    progress(base + done, total, claims)

            found = guide.verdict(item.name, item.open, phi=self.settings.phi, progress=told)
            self._verdicts[number] = found
            self.outcome.errors.extend(found.errors)
            before += item.size

    def _judged(self, findings: _Findings, claims: pl.DataFrame, tables: Tables) -> _Judged:
        rows = findings.rows if "raw" in findings.rows.columns else no_raw(findings.rows)
        headers = _headers(rows, claims, tables) if len(rows) else None
        return _Judged(rows, headers, findings.tallies, tables if self.settings.keep or self.settings.record else None)

    def _add(self, judged: _Judged) -> None:
        if self.settings.record is not None and judged.tables is not None:
            self.settings.record(judged.tables)
        for code, tally in judged.tallies.items():
            self.outcome.tallies[code].add(tally)
        piece = self._pieces[-1]
        self.outcome.findings.add(piece.file, piece.first_claim, judged.findings)
        if judged.headers is not None:
            self.outcome.headers.append(self.outcome.aside.put(judged.headers))
            if judged.tables is not None:
                self.kept.add(judged.findings, judged.tables)

    def _engine(self, tables: Tables) -> tuple[_Findings, pl.DataFrame]:
        """Return the findings of some claims, and the claims with their policy and patient."""
        s = self.settings
        facts = prepare(tables, s.refs, s.policy, s.run, s.history)
        judged = engine.run(facts, s.refs, self._edits, s.active)
        claims = facts.frames["claims"]
        rows = resolve(judged.hits, tables, claims, s.levels, s.edits, s.refs, s.run.as_of)
        rows = with_estimates(rows, tables, claims, s.refs, s.policy)
        return _Findings(rows, judged.tallies), claims

    def _judge_spanning(self, inputs: Mapping[int, Input]) -> None:
        """Judge again, together, the claims of patient days that stand in more than one piece."""
        if len(self._pieces) < 2:
            return
        # Eight bytes a line of the whole input: sorted in place, so that they stand in memory twice and not six times.
        keys = np.concatenate([p.keys for p in self._pieces])
        keys.sort()
        shared = np.unique(keys[1:][keys[1:] == keys[:-1]])
        del keys
        if not len(shared):
            return
        needed = {(p.file, p.chunk): p for p in self._pieces if np.isin(p.keys, shared).any()}
        store = Store()
        for number, item in inputs.items():
            if any(file == number for file, _ in needed):
                self._hold(item, number, needed, shared, store)
        for tables in store.parts():
            findings, claims = self._engine(tables)
            for code, tally in findings.tallies.items():
                self.outcome.tallies[code].add(tally)
            self._replace(findings.rows, claims, tables)

    def _hold(
        self, item: Input, number: int, needed: dict[tuple[int, int], _Piece], shared: Keys, store: Store
    ) -> None:
        first = next(p for p in self._pieces if p.file == number)
        with item.open() as stream:
            again = self._reading(stream, item, number, Ids(first.first_claim, first.first_line))
            for index, (job, *_) in enumerate(again):
                if (number, index) not in needed:
                    continue
                read = job()
                tables = read.tables
                whose = with_patient(with_policy(tables.claims, self.settings.policy, self.settings.run.policy))
                ids, keys = _line_keys(tables, whose)
                wanted = pl.DataFrame(
                    {"claim_id": np.unique(ids[np.isin(keys, shared)])}, schema={"claim_id": pl.UInt32}
                )
                held = tables.keep(wanted)
                findings, claims = self._engine(held)
                for code, tally in findings.tallies.items():
                    self.outcome.tallies[code].add(tally, sign=-1)
                store.put(held, claims["patient_key"].to_numpy())

    def _replace(self, findings: pl.DataFrame, claims: pl.DataFrame, tables: Tables) -> None:
        """Put the findings of claims judged together in the place of those of their pieces."""
        self.kept.drop(claims.select("claim_id"))
        pile = self.outcome.findings
        findings = self._placed(no_raw(findings))
        if self.settings.raw and (known := pile.known(claims)):
            place = ["file", "segment", "element"]
            texts = pl.concat(known, how="diagonal").select(*place, "raw", "raw_start", "raw_length").unique(place)
            findings = findings.drop("raw", "raw_start", "raw_length").join(
                texts, on=place, how="left", nulls_equal=True, maintain_order="left"
            )
        pile.replace(claims, findings)
        if len(findings):
            self.outcome.headers.append(self.outcome.aside.put(_headers(findings, claims, tables)))
            self.kept.add(findings, tables)

    def _placed(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Give findings of inputs that are no X12 their rows and paths."""
        for number, places in self._places.items():
            own = pl.col("file") == number
            if (part := findings.filter(own)).height:
                findings = pl.concat([findings.filter(~own), places.apply(part)], how="diagonal")
        return findings


def _even(size: int, largest: int) -> int:
    """Return the size of a piece with which every thread of the crew gets as many of an input as the others."""
    rounds = -(-size // (largest * THREADS))
    return -(-size // (rounds * THREADS))


def _at_once() -> None:
    """Wait for nobody."""


def _day_keys(tables: Tables, claims: pl.DataFrame) -> Keys:
    """Return the distinct keys of patient, payer and day of a piece: claims that share one are judged together."""
    return np.unique(_line_keys(tables, claims)[1])


def _line_keys(tables: Tables, claims: pl.DataFrame) -> tuple[np.ndarray, Keys]:
    """Return claim ids and day keys of the lines that may meet others."""
    owner = np.searchsorted(claims["claim_id"].to_numpy(), tables.lines["claim_id"].to_numpy())
    day = days(tables.lines["service_date"])
    usable = (day != NO_DAY) & ~claims["stands_alone"].to_numpy()[owner]
    patient = claims["patient_key"].to_numpy()[owner[usable]]
    payer = claims["payer_key"].to_numpy()[owner[usable]]
    return tables.lines["claim_id"].to_numpy()[usable], mix(patient, payer, day[usable])


_HEADING = ("claim_id", "file", "transaction", "claim", "policy", "pos", "charge_cents")


def _headers(findings: pl.DataFrame, claims: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return what heads a claim in a listing, for the claims with a finding."""
    ids = findings["claim_id"].drop_nulls().unique()
    at = find_rows(claims["claim_id"], ids)
    lines = claims["line_count"][at].cast(pl.Int64)
    of_line = tables.lines["line_rendering_npi"][find_rows(tables.lines["claim_id"], ids)]
    rendering = first_known(claims["rendering_npi"][at], of_line)
    return pl.DataFrame(
        [
            *(claims[name][at] for name in _HEADING),
            claims["first_date"][at].alias("service_date"),
            known_only(lines, lines.to_numpy() > 0).alias("lines"),
            first_known(rendering, claims["billing_npi"][at]).alias("rendering_npi"),
        ]
    )


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
