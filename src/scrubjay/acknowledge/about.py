"""What an answer is about: the interchanges, groups, transactions and claims of an 837P, and what was found in them."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from scrubjay.errors import InputError
from scrubjay.io import claim837
from scrubjay.io.columns import Columns
from scrubjay.io.interchange import Chunk, iter_chunks
from scrubjay.io.layout837 import layout
from scrubjay.io.source import ByteSource
from scrubjay.io.spans import pack
from scrubjay.report import Report


@dataclass
class Claim:
    """A claim as an answer names it; ``lines`` by LX number: code, modifiers, charge, line control, date."""

    id: str
    charge: int
    last: str
    first: str
    member: str
    billing: tuple[str, str, str]
    days: tuple[dt.date | None, dt.date | None]
    lines: dict[int, tuple[str, list[str], int, str, dt.date | None]]
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Set:
    """A transaction: ``segment`` is the number of its ST in the file."""

    segment: int
    control: str
    version: str
    group: int
    reference: str = ""
    submitter: tuple[str, str] = ("", "")
    receiver: tuple[str, str] = ("", "")
    claims: list[Claim] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether its form is so wrong that it is given back as a whole: a finding that is no single claim's."""
        return any(f["claim"] is None for f in self.findings)


@dataclass
class Group:
    """A functional group: GS01, GS02, GS03, GS06, GS08, and the number of transactions its GE tells."""

    segment: int
    kind: str
    sender: str
    receiver: str
    control: str
    version: str
    told: int | None = None
    sets: list[Set] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Acknowledged:
    """An interchange: ISA05 to ISA08, ISA13, ISA15, its groups, and what was found outside all of them."""

    file: str
    sender: tuple[str, str]
    receiver: tuple[str, str]
    control: str
    usage: str
    groups: list[Group] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)


_SUBMITTER, _RECEIVER = pack("41"), pack("40")

Opener = Callable[[], BinaryIO]


def about(report: Report, inputs: Iterable[tuple[str, Opener]]) -> list[Acknowledged]:
    """Return the interchanges of the inputs of a check with its rejections in their places.

    Only findings of category rejection and level deny reject.  Raises InputError where an input has no interchange.
    """
    found: list[Acknowledged] = []
    rejections = report.findings.filter(
        (pl.col("category") == "rejection") & (pl.col("level") == "deny") & (pl.col("outcome") == "hit")
    )
    columns = [
        "file",
        "transaction",
        "claim",
        "line",
        "edit",
        "segment",
        "element",
        "found",
        "expected",
        "raw",
        "claim_segment",
    ]
    by_file: dict[str, list[dict[str, Any]]] = {}
    for row in rejections.select(columns).iter_rows(named=True):
        by_file.setdefault(row["file"], []).append(row)
    for name, opened in inputs:
        with opened() as stream:
            interchanges = _read(name, stream)
        if not interchanges:
            raise InputError(name, "no interchange envelope; there is nobody to answer")
        _place(interchanges, by_file.get(name, []))
        found += interchanges
    return found


def _read(name: str, stream: BinaryIO) -> list[Acknowledged]:
    held: list[Acknowledged] = []
    last = 0
    first_claim = first_line = 0
    for chunk in iter_chunks(ByteSource(stream), name):
        for number, kind, at in _envelope(chunk, last):
            _add(held, name, Columns(chunk.segments), number, kind, at)
        if len(chunk.segments):
            last = max(last, int(chunk.segments.number[-1]))
        tables = claim837.read_chunk(chunk, 0, first_claim, first_line)
        first_claim += len(tables.claims)
        first_line += len(tables.lines)
        _add_claims(held, chunk, tables)
    return held


def _envelope(chunk: Chunk, last: int) -> Iterator[tuple[int, str, int]]:
    """Yield number, identifier and index of the segments that were not carried from before, in order."""
    s = chunk.segments
    found = []
    for kind in ("ISA", "GS", "ST", "BHT", "GE"):
        found += [(int(s.number[at]), kind, int(at)) for at in s.where(kind) if int(s.number[at]) > last]
    named, key = s.where("NM1"), s.keys_of("NM1", 1)
    for at in named[(key == _SUBMITTER) | (key == _RECEIVER)]:
        if int(s.number[at]) > last:
            found.append((int(s.number[at]), "NM1", int(at)))
    yield from sorted(found)


def _add(held: list[Acknowledged], name: str, c: Columns, number: int, kind: str, at: int) -> None:
    where = np.array([at])

    def text(element: int) -> str:
        return (c.text(where, element)[0] or "").strip()

    if kind == "ISA":
        held.append(Acknowledged(name, (text(5), text(6)), (text(7), text(8)), text(13), text(15)))
    elif not held:
        return
    elif kind == "GS":
        held[-1].groups.append(Group(number, text(1), text(2), text(3), text(6), text(8)))
    elif not held[-1].groups:
        return
    elif kind == "ST":
        group = held[-1].groups[-1]
        group.sets.append(Set(number, text(2), text(3) or group.version, len(held[-1].groups) - 1))
    elif kind == "GE":
        told = text(1)
        held[-1].groups[-1].told = int(told) if told.isdecimal() else None
    elif held[-1].groups[-1].sets:
        current = held[-1].groups[-1].sets[-1]
        if kind == "BHT":
            current.reference = text(3)
        elif text(1) == "41":
            current.submitter = (text(3), text(9))
        else:
            current.receiver = (text(3), text(9))


def _add_claims(held: list[Acknowledged], chunk: Chunk, tables: Any) -> None:
    """Give the claims of a chunk to their transactions, with the name of their billing provider."""
    if tables.claims.is_empty():
        return
    sets = [s for i in held for g in i.groups for s in g.sets]
    starts = [s.segment for s in sets]
    place = layout(chunk.segments, chunk.wanted)
    c = Columns(chunk.segments)
    billing = place.pick("NM1", place.in_hl, "85")
    owner = np.searchsorted(billing, place.clm_at, side="right") - 1
    at = np.where(owner >= 0, billing[np.maximum(owner, 0)] if len(billing) else -1, -1)
    kinds, names, npis = c.text(at, 2), c.text(at, 3), c.text(at, 9)
    lines: dict[int, dict[int, tuple[str, list[str], int, str, dt.date | None]]] = {}
    days: dict[int, list[dt.date]] = {}
    for row in tables.lines.iter_rows(named=True):
        mods = [row[m] for m in ("mod1", "mod2", "mod3", "mod4") if row[m]]
        lines.setdefault(row["claim_id"], {})[row["line"] or 0] = (
            row["code"] or "", mods, row["charge_cents"] or 0, row["line_control"] or "", row["service_date"],
        )  # fmt: skip
        days.setdefault(row["claim_id"], []).extend(d for d in (row["service_date"], row["service_to"]) if d)
    for k, row in enumerate(tables.claims.iter_rows(named=True)):
        index = int(np.searchsorted(starts, row["segment"], side="right")) - 1
        if index < 0:
            continue
        own = days.get(row["claim_id"], [])
        sets[index].claims.append(
            Claim(
                id=row["claim"] or "",
                charge=row["charge_cents"] or 0,
                last=row["patient_last"] or "",
                first=row["patient_first"] or "",
                member=row["member_id"] or "",
                billing=(kinds[k] or "2", names[k] or "", npis[k] or row["billing_npi"] or ""),
                days=(min(own), max(own)) if own else (None, None),
                lines=lines.get(row["claim_id"], {}),
            )
        )


def _place(held: list[Acknowledged], findings: list[dict[str, Any]]) -> None:
    """Put every rejection where it belongs: claim, transaction, group or interchange."""
    groups = [g for i in held for g in i.groups]
    sets = [s for g in groups for s in g.sets]
    starts, openings = [s.segment for s in sets], [g.segment for g in groups]
    for finding in findings:
        number = finding["segment"] or finding["claim_segment"] or 0
        inside = int(np.searchsorted(starts, number, side="right")) - 1
        if finding["claim"] is not None and inside >= 0:
            mine = [c for c in sets[inside].claims if c.id == finding["claim"]]
            for claim in mine:
                claim.findings.append(finding)
            if finding["edit"] in syntax():
                sets[inside].findings.append(finding)
        elif finding["transaction"] is not None and inside >= 0:
            sets[inside].findings.append(finding)
        else:
            group = int(np.searchsorted(openings, number, side="right")) - 1
            (groups[group] if group >= 0 else held[0]).findings.append(finding)


@lru_cache(maxsize=2)
def _table(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("scrubjay.acknowledge").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def syntax() -> dict[str, dict[str, str]]:
    """Return by edit the 999 codes of its segment (IK304), element (IK403), transaction (IK502) and group (AK905)."""
    return {row["edit"]: row for row in _table("syntax")}


@lru_cache(maxsize=1)
def statuses() -> dict[str, dict[str, str]]:
    """Return by edit category, status and entity of its STC; ``*`` for any other edit, the empty name for accepted claims."""
    return {row["edit"]: row for row in _table("status")}
