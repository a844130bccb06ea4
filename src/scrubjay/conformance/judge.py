"""Ask the worker about an input, and put its answers among the defects that the reader found itself."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import polars as pl

from scrubjay.errors import InputError, ScrubjayError
from scrubjay.io.interchange import Chunk
from scrubjay.model import Tables

NOT_ASKED = "not asked for (--conformance)"
"""Why the guide's edits did not run: nobody asked, so the run is not incomplete for it."""

_WORKER = "scrubjay.conformance.worker"
_COPY = 1 << 20
_NEAR = 60
"""Segments between the place where a required segment is missed and the place where pyx12 notices it."""

_WHOLE = ("foreign-content", "unknown-segment", "misplaced-segment", "too-many", "hierarchy", "trailing-separator")
"""The reader's own defects of a whole segment."""

_MISSED = ("missing-segment", "missing-loop")


@dataclass(frozen=True)
class Verdict:
    """What pyx12 holds against one input: faults in the order of its segments, and where it broke off."""

    faults: pl.DataFrame
    errors: list[InputError]


_SCHEMA = {"kind": pl.String, "segment": pl.Int64, "element": pl.String, "found": pl.String, "expected": pl.String}


def available() -> None:
    """Raise :class:`ScrubjayError` where pyx12 is not installed."""
    if importlib.util.find_spec("pyx12") is None:
        raise ScrubjayError("--conformance needs pyx12, which is not installed; pip install 'scrubjay[conformance]'")


def verdict(
    name: str, opener: Callable[[], BinaryIO], *, phi: bool, progress: Callable[[int, int], None] | None = None
) -> Verdict:
    """Return what pyx12 holds against an input.

    It runs in a process of its own: its prints and logs do not reach the user, and what it breaks stays there.
    ``progress`` gets the bytes and claims that are done.
    """
    command = [sys.executable, "-P", "-m", _WORKER, *(["--phi"] if phi else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=False
    ) as process:
        feeder = threading.Thread(target=_feed, args=(opener, process), daemon=True)
        feeder.start()
        try:
            found = gathered(name, _answers(process), progress)
        except BaseException:
            process.kill()
            raise
        feeder.join()
    return found


def gathered(name: str, answers: Iterable[list[object]], progress: Callable[[int, int], None] | None = None) -> Verdict:
    """Return the rows of a worker as a verdict; where it did not come to its end, an error says so."""
    rows: list[tuple[str, int, str | None, str | None, str | None]] = []
    errors: list[InputError] = []
    done = False
    for row in answers:
        match row:
            case ["fault", str(kind), int(segment), element, found, expected]:
                rows.append((kind, segment, _text(element), _text(found), _text(expected)))
            case ["error", int(segment), str(message)]:
                errors.append(InputError(name, message, segment))
            case ["progress", int(size), int(claims)]:
                if progress is not None:
                    progress(size, claims)
            case ["done"]:
                done = True
    if not done:
        last = rows[-1][1] if rows else None
        errors.append(
            InputError(
                name, "pyx12 ended before the end of the file; what follows is not checked against the guide", last
            )
        )
    return Verdict(pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("segment", maintain_order=True), errors)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _feed(opener: Callable[[], BinaryIO], process: subprocess.Popen[bytes]) -> None:
    """Give the worker the bytes of an input; one that has gone away is noticed by the reader of its answers."""
    target = process.stdin
    if target is None:
        return
    with suppress(OSError), opener() as stream:
        while data := stream.read(_COPY):
            target.write(data)
    with suppress(OSError):
        target.close()


def _answers(process: subprocess.Popen[bytes]) -> Iterator[list[object]]:
    if process.stdout is None:
        return
    for line in process.stdout:
        with suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, list):
                yield row


def note(verdict: Verdict, chunk: Chunk) -> None:
    """Put the faults that lie in a piece of input among its defects, before its tables are made."""
    numbers = chunk.segments.number
    fresh = numbers[~chunk.segments.context]
    if not len(fresh) or verdict.faults.is_empty():
        return
    faults = verdict.faults.filter(pl.col("segment").is_between(int(fresh[0]), int(fresh[-1])))
    places = np.searchsorted(fresh, faults["segment"].to_numpy()) + int(chunk.segments.context.sum())
    for at, (kind, _, element, found, expected) in zip(places.tolist(), faults.iter_rows(), strict=True):
        chunk.defects.add(kind, at, element, found, expected)


def without_repeats(tables: Tables) -> Tables:
    """Take out what pyx12 says of a fact that the reader has said itself: one fact, one finding."""
    of_guide = pl.col("kind").str.starts_with("guide-")
    defects = tables.defects.with_row_index("row")
    guide, own = defects.filter(of_guide), defects.filter(~of_guide)
    if guide.is_empty() or own.is_empty():
        return tables
    root = pl.col("element").str.replace(r"-\d+$", "").fill_null("")
    whole = own.filter(pl.col("kind").is_in(_WHOLE)).select("segment")
    elements = own.filter(pl.col("element").is_not_null()).select("segment", root=root)
    repeated = [
        guide.join(whole, on="segment", how="semi").filter(pl.col("kind") != "guide-missing"),
        guide.with_columns(root=root).join(elements, on=["segment", "root"], how="semi"),
        guide.filter(pl.col("kind") == "guide-syntax").join(elements, on="segment", how="semi"),
        _missed(guide, own),
    ]
    rows = pl.concat([frame.select("row") for frame in repeated]).unique()
    kept = defects.join(rows, on="row", how="anti", maintain_order="left").drop("row")
    return Tables(tables.claims, tables.lines, tables.diagnoses, tables.notes, kept)


def _missed(guide: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Return the missing segments and loops of the guide that the reader has missed too, a little earlier."""
    loop = pl.col("expected").str.extract(r"loop (\w+)")
    segment = pl.col("expected").str.extract(r"^([A-Z0-9]{2,3})\b")
    of_loop = pl.col("expected").str.contains(r"^(loop|NM1)\b")
    keyed = pl.when(of_loop).then(loop).otherwise(segment).alias("key")
    by = ["transaction", "key"]
    missed = own.filter(pl.col("kind").is_in(_MISSED)).select(keyed, "transaction", "segment", mine="segment")
    noticed = guide.filter(pl.col("kind") == "guide-missing").with_columns(keyed)
    if missed.is_empty() or noticed.is_empty():
        return noticed.clear()
    near = noticed.sort("segment").join_asof(
        missed.sort("segment"), on="segment", by=by, strategy="backward", check_sortedness=False
    )
    return near.filter((pl.col("segment") - pl.col("mine")) <= _NEAR)
