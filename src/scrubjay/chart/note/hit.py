"""A detail found in a text, and the patterns that find the phrases of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from scrubjay.chart.tables import phrases, rows


@dataclass(frozen=True)
class Hit:
    """A detail: which field, its normalised value, where it stands; ``extra`` holds the values that stand with it."""

    field: str
    value: str
    start: int
    end: int
    extra: tuple[Hit, ...] = ()

    def overlaps(self, other: Hit) -> bool:
        """Whether two hits share characters."""
        return self.start < other.end and other.start < self.end


def any_of(words: Iterable[str]) -> str:
    """Return the group of a pattern that is any of some phrases, the longest that fits; a blank is any white space."""
    parts = (re.escape(word).replace(r"\ ", r"\s+") for word in sorted(set(words), key=lambda one: (-len(one), one)))
    return f"(?:{'|'.join(parts)})"


def listed(table: str, column: str, **wanted: str) -> list[str]:
    """Return the phrases of the rows of a table that have the wanted values."""
    return [
        phrase
        for row in rows(table)
        if all(row[name] == value for name, value in wanted.items())
        for phrase in phrases(row[column])
    ]


SHORTEST_PLURAL = 3
"""Sites longer than this may be written in the plural: both upper arms."""


@cache
def phrase_pattern(table: str, column: str) -> tuple[re.Pattern[str], dict[str, dict[str, str]]]:
    """Return one pattern for all phrases of a table, longest first, and the row of each phrase."""
    named = [(phrase, row) for row in rows(table) for phrase in phrases(row[column])]
    if table == "sites":
        named += [
            (f"{phrase}s", row)
            for phrase, row in named
            if len(phrase) > SHORTEST_PLURAL and phrase[-1] not in "s0123456789"
        ]
    known = {phrase.lower(): row for phrase, row in reversed(named)}
    return re.compile(rf"(?<![A-Za-z0-9]){any_of(phrase for phrase, _ in named)}(?![A-Za-z0-9])", re.IGNORECASE), known


def key(text: str) -> str:
    """Return a written phrase as its table lists it: small letters, single blanks."""
    return " ".join(text.lower().split())
