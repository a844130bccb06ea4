"""The claims that remittances are matched with, and what the scrubber would have said when they were sent."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from scrubjay.checker import check
from scrubjay.errors import InputError
from scrubjay.io import claim837
from scrubjay.io.columns import Columns
from scrubjay.io.interchange import iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.learn.predict import HIT_SCHEMA, hits_of
from scrubjay.learn.shadow import nothing_off
from scrubjay.learn.targets import TARGET_SCHEMA, only_off, targets_of
from scrubjay.model import Tables, concat
from scrubjay.policy import PolicySet
from scrubjay.refdata import References

_HEAD_BYTES = 1 << 16
"""Bytes of a file in which its first BHT stands."""


@dataclass(frozen=True)
class Claims:
    """Claims to match with, and what the scrubber found on them (:data:`scrubjay.learn.predict.HIT_SCHEMA`).

    ``targets`` says which line each finding is about to lose (:data:`scrubjay.learn.targets.TARGET_SCHEMA`).
    """

    tables: Tables
    hits: pl.DataFrame
    files: list[str]
    targets: pl.DataFrame


def read_claims(
    names: Sequence[str | os.PathLike[str]],
    *,
    policy: str,
    policy_set: PolicySet,
    refs: References,
    as_of: dt.date,
    shadow: bool = False,
) -> tuple[Claims, list[InputError]]:
    """Read and check claims, each file as of the day it was made; ``as_of`` where it does not say.

    With ``shadow`` they are checked once more with no edit off; what only that finds has level off among the targets.
    """
    errors: list[InputError] = []
    days: dict[dt.date, list[str]] = {}
    for name in dict.fromkeys(path for item in names for path in claim_files(item, errors)):
        days.setdefault(_made_on(name) or as_of, []).append(name)
    parts: list[Tables] = []
    hits = [pl.DataFrame(schema=HIT_SCHEMA)]
    targets = [pl.DataFrame(schema=TARGET_SCHEMA)]
    files: list[str] = []
    claim = line = 0
    for day, group in sorted(days.items()):
        report = check(group, policy=policy, policy_set=policy_set, refs=refs, as_of=day, received=day)
        errors += [InputError(e["file"], e["message"], e["segment"]) for e in report.errors]
        before = claim
        held: list[Tables] = []
        for entry in report.run["inputs"]:
            name = entry["file"]
            try:
                with Path(name).open("rb") as stream:
                    for chunk in iter_chunks(ByteSource(stream), name):
                        tables = claim837.read_chunk(chunk, len(files), claim, line)
                        claim += len(tables.claims)
                        line += len(tables.lines)
                        held.append(tables)
            except InputError:
                # The check has told it already, and counted what came before.
                pass
            files.append(name)
        # The check counts the claims of each of its runs from 0.
        found = report.findings.with_columns((pl.col("claim_id") + before).cast(pl.UInt32))
        tables = concat(held)
        hits.append(hits_of(found, tables))
        shown = targets_of(found, tables)
        targets.append(shown)
        if shadow:
            every = check(group, policy=policy, policy_set=nothing_off(policy_set), refs=refs, as_of=day, received=day)
            found = every.findings.with_columns((pl.col("claim_id") + before).cast(pl.UInt32))
            targets.append(only_off(targets_of(found, tables), shown))
        parts += held
    return Claims(concat(parts), pl.concat(hits), files, pl.concat(targets)), errors


def claim_files(item: str | os.PathLike[str], errors: list[InputError]) -> list[str]:
    """Return the files behind a name; a folder means its files."""
    path = Path(item)
    if path.is_dir():
        return sorted(str(p) for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not path.is_file():
        errors.append(InputError(str(item), "no such file of claims; check --claims"))
        return []
    return [str(path)]


def _made_on(name: str) -> dt.date | None:
    """Return BHT04 of the first transaction, None where there is none to read."""
    try:
        with Path(name).open("rb") as stream:
            for chunk in iter_chunks(ByteSource(stream), name, _HEAD_BYTES):
                at = chunk.segments.where("BHT")
                if len(at):
                    day: dt.date | None = Columns(chunk.segments).date(at[:1], 4)[0]
                    return day
                break
    except (InputError, OSError):
        pass
    return None
