"""The report as JSON (``scrubjay.report/1``) and its findings as JSON lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any

import polars as pl

from scrubjay.report import FINDING_FIELDS, Report

_SLICE = 10_000
"""Findings written at once; their text is in memory meanwhile."""


def public(report: Report) -> pl.DataFrame:
    """Return the findings with the contract's fields alone; everything else in the frame stays inside."""
    return report.findings.select(FINDING_FIELDS)


def _parts(report: Report) -> Iterator[pl.DataFrame]:
    """Yield the same, some findings at a time, so that a large run's are never all in memory."""
    for part in report.slices():
        yield from part.select(FINDING_FIELDS).iter_slices(_SLICE)


def dump(value: Any) -> bytes:
    """Return a value as compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).encode()


def write_jsonl(report: Report, out: IO[bytes]) -> None:
    """Write the findings, one object a line; some at a time, so that the text of all of them is never in memory."""
    for part in _parts(report):
        # Not by the frame itself: it would not say that a reader has gone away, as ``head`` does.
        text = io.BytesIO()
        part.write_ndjson(text)
        out.write(text.getbuffer())


def write_json(report: Report, out: IO[bytes], statistics: dict[str, Any] | None = None) -> None:
    """Write the whole report as one JSON object, one finding a line; ``statistics`` is added to the summary."""
    summary = dict(report.summary)
    if statistics is not None:
        summary["statistics"] = statistics
    out.write(b'{"schema": "scrubjay.report/1",\n"run": ' + dump(report.run) + b',\n"summary": ' + dump(summary))
    out.write(b',\n"findings": [')
    before = b"\n"
    for part in _parts(report):
        if part.height:
            out.write(before + part.write_ndjson().encode().rstrip(b"\n").replace(b"\n", b",\n"))
            before = b",\n"
    out.write(b'],\n"coverage": ' + rows(report.coverage.to_dicts()) + b',\n"errors": ' + rows(report.errors) + b"}\n")


def rows(values: list[dict[str, Any]]) -> bytes:
    """Return a JSON array with one object a line."""
    return b"[" + b",".join(b"\n" + dump(value) for value in values) + b"]"
