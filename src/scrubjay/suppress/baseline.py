"""The baseline: what was there on the day somebody began to use the program, as hashes that follow content and not place."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scrubjay.errors import ScrubjayError
from scrubjay.report import Report

SCHEMA = "scrubjay.baseline/1"
_DIGITS = 24


class BaselineError(ScrubjayError):
    """A baseline cannot be read."""


@dataclass(frozen=True)
class Baseline:
    """How often each key was found."""

    file: str
    keys: Counter[str]


def keys(report: Report, context: pl.DataFrame) -> Iterator[str]:
    """Yield the key of each finding, in order: edit, claim number, line control number or line, element, found, outcome.

    Keys are truncated SHA-256, so that a baseline holds no claim numbers.
    """
    controls = context.filter(pl.col("line_control").is_not_null()).select(
        "file", "claim_segment", "line", "line_control"
    )
    rows = report.findings.join(controls, on=["file", "claim_segment", "line"], how="left", maintain_order="left")
    columns = ("edit", "claim", "line", "line_control", "element", "found", "outcome")
    for edit, claim, line, control, element, found, outcome in rows.select(columns).iter_rows():
        place = f"6R {control}" if control is not None else f"LX {line}" if line is not None else ""
        parts = (edit, claim or "", place, element or "", found or "", outcome)
        yield hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:_DIGITS]


def document(report: Report, context: pl.DataFrame) -> dict[str, Any]:
    """Return the baseline of a report as plain data: keys by edit, with how often each was found."""
    by_edit: dict[str, Counter[str]] = {}
    for edit, key in zip(report.findings["edit"], keys(report, context), strict=True):
        by_edit.setdefault(edit, Counter())[key] += 1
    return {
        "schema": SCHEMA,
        "version": report.run["version"],
        "catalogue": report.run["catalogue"],
        "as_of": report.run["as_of"],
        "findings": report.findings.height,
        "keys": {edit: dict(sorted(by_edit[edit].items())) for edit in sorted(by_edit)},
    }


def read(path: Path) -> Baseline:
    """Read a baseline; raises :class:`BaselineError` in one line."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise BaselineError(f"{path}: not a baseline (no JSON); scrubjay baseline write makes one") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not isinstance(data.get("keys"), dict):
        raise BaselineError(f"{path}: not a baseline ({SCHEMA}); scrubjay baseline write makes one")
    counted: Counter[str] = Counter()
    for held in data["keys"].values():
        if not isinstance(held, dict) or not all(type(count) is int and count > 0 for count in held.values()):
            raise BaselineError(f"{path}: damaged: keys are texts with counts above zero")
        counted.update(held)
    return Baseline(str(path), counted)
