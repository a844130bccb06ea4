"""Which part of a note a sentence stands in, and what an injection named there without a verb is taken for."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from scrubjay.chart.tables import phrases, rows

HEADING = re.compile(
    r"(?:^|(?<=[\n.,;]))[ \t*#-]*(?P<name>[A-Za-z][A-Za-z/&'’ _-]{1,45}?)\s*:(?=[\s,]|$)|^[ \t]*(?P<line>[A-Z][A-Z/&' -]{2,45})[ \t]*$",
    re.MULTILINE,
)
LABELS = re.compile(
    r"(?:^|(?<=[\n.,;|]))\s*(?:[-•*→]\s*)?(?P<label>medication|drug|drug name|med|vaccine|dose|dosage|route|site|location|lot|"
    r"lot number|lot #|expiration|"
    r"expiration date|exp|exp date|ndc|"
    r"given by|administered by|time|time given|(?:actual\s+)?administration\s+time|time administered|"
    r"administration date|date administered|volume|"
    r"manufacturer|amount|waste|wastage|(?:injection|administration|admin|inj)\s+site|site of (?:injection|administration)|"
    r"route\s*(?:/|&|and)\s*site|site\s*(?:/|&|and)\s*route|route of administration|batch|batch number|strength|name)\s*(?:#|no\.?)?\s*:",
    re.IGNORECASE | re.MULTILINE,
)
RECORD = frozenset(
    (
        "site|location|injection site|administration site|route/site|site/route|batch|batch number|date administered|lot"
        "|lot number|lot #|given by|administered by|time|time given|waste|wastage"
    ).split("|")
)
"""Labels of a record of what was done."""
STRUCTURED = 3
"""Labels within one block that make it a record of an administration."""
REACH = 320


@dataclass(frozen=True)
class Section:
    """A stretch of the note under one heading."""

    start: int
    name: str
    status: str


@cache
def _headings() -> dict[str, tuple[str, str]]:
    return {heading: (row["section"], row["status"]) for row in rows("sections") for heading in phrases(row["heading"])}


class Sections:
    """The headings of one note."""

    def __init__(self, text: str) -> None:
        self._found = [Section(0, "", "")]
        known = _headings()
        for match in HEADING.finditer(text):
            written = match["name"] or match["line"]
            name = " ".join(written.lower().replace("_", " ").split())
            section, status = known.get(name, ("", ""))
            if not section:
                if not written.isupper():
                    continue
                section = "other"
            if (
                name in ("medication", "drug", "medications")
                and len(labels := _labels(text[match.start() : match.start() + REACH])) >= STRUCTURED
            ):
                # Drug, dose and route alone may be an order; a site or a lot is of what was done.
                section, status = ("given", "given") if labels & RECORD else ("other", "")
            self._found.append(Section(match.start(), section, status))
        for match in re.finditer(r"\n[ \t]*\n", text):
            current = self.at(match.start())
            if current.name in ("history", "allergies") and match.start() > current.start + 40:
                self._found.append(Section(match.end(), "", ""))
                self._found.sort(key=lambda section: section.start)

    def at(self, position: int) -> Section:
        """Return the section of a position."""
        return self._found[bisect_right(self._found, position, key=lambda section: section.start) - 1]


def _labels(text: str) -> set[str]:
    return {match["label"].lower() for match in LABELS.finditer(text)}


def blocks(text: str) -> list[tuple[int, int, bool]]:
    """Return the paragraphs of a note, and whether each is a record with labels such as ``Route:`` and ``Site:``."""
    found = []
    start = 0
    for match in re.finditer(r"\n[ \t]*\n", text):
        found.append((start, match.start()))
        start = match.end()
    found.append((start, len(text)))
    return [(low, high, len(_labels(text[low:high])) >= STRUCTURED) for low, high in found if text[low:high].strip()]
