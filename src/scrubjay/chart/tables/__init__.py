"""The chart's own vocabularies and checklists, as data: one CSV a subject, phrases of one row parted by a bar."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a packaged table, every value stripped of outer blanks."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return tuple({key: value.strip() for key, value in row.items()} for row in csv.DictReader(stream))


def phrases(text: str) -> list[str]:
    """Return the phrases of one cell."""
    return [phrase.strip() for phrase in text.split("|") if phrase.strip()]


def within(name: str, code: str | None) -> bool:
    """Say whether a code is within one of the ranges (``low``, ``high``) of a table."""
    return code is not None and any(row["low"] <= code <= row["high"] for row in rows(name))
