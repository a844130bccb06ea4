"""Tables of a note: a line of column names, then a line an injection, parted by bars, tabs or runs of blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from scrubjay.chart.note.amounts import quantities
from scrubjay.chart.note.dates import CLOCK, DATE, EXPIRY, clock, iso, iso_expiry
from scrubjay.chart.note.fields import ndc11
from scrubjay.chart.note.hit import Hit, key, phrase_pattern
from scrubjay.chart.note.people import giver_at
from scrubjay.chart.tables import phrases, rows

SEPARATORS = (re.compile(r"\|"), re.compile(r"\t"), re.compile(r"(?<=\S) {2,}(?=\S)"))
RULE = re.compile(r"[\s|:+=-]*$")
FEWEST = 3
"""Known column names that make a line the head of a table."""
FOUR_DIGITS = re.compile(r"(?P<value>(?:[01]\d|2[0-3])[0-5]\d)\b")
LOT = re.compile(r"(?:lot\s*#?\s*)?(?P<value>(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{1,16})\b", re.IGNORECASE)
OWN = frozenset("time giver credential lot expiry date ndc start stop order orderer waste".split())
"""Fields that only their own column states."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """A line of a table: its span and the spans of its cells by column; no cells in the head and in rules."""

    start: int
    end: int
    cells: dict[str, Span] = field(default_factory=dict)
    record: bool = False
    """Whether the table has a column that only a record of what was done has."""


@cache
def _columns() -> dict[str, str]:
    return {name: row["column"] for row in rows("columns") for name in phrases(row["names"])}


@cache
def _meanings() -> dict[str, str]:
    return {word: row["meaning"] for row in rows("row_status") for word in phrases(row["words"])}


def table_rows(text: str) -> list[Row]:
    """Return the lines of all tables of a text, heads included."""
    found: list[Row] = []
    separator: re.Pattern[str] | None = None
    names: list[tuple[str, Span]] = []
    high = -1
    for line in text.split("\n"):
        low, high = high + 1, high + 1 + len(line)
        if not line.strip():
            separator = None
            continue
        head = _head(text, low, high)
        if head is not None:
            separator, names = head
            found.append(Row(low, high))
        elif separator is not None:
            if RULE.match(text, low, high):
                found.append(Row(low, high))
                continue
            cells = _cells(text, low, high, separator)
            if len(cells) < 2:
                separator = None
                continue
            told = {column for column, _ in names}
            record = bool(told & {"site", "giver", "lot", "status"}) or ("time" in told and "frequency" not in told)
            found.append(Row(low, high, _placed(cells, names, ordered=separator is not SEPARATORS[2]), record))
    return found


def _cells(text: str, low: int, high: int, separator: re.Pattern[str]) -> list[Span]:
    cuts = [low, *(at for match in separator.finditer(text, low, high) for at in match.span()), high]
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    if separator is SEPARATORS[0]:  # | a | b |
        spans = [span for number, span in enumerate(spans) if text[slice(*span)].strip() or 0 < number < len(spans) - 1]
    return [_stripped(text, *span) for span in spans]


def _stripped(text: str, low: int, high: int) -> Span:
    inner = text[low:high]
    start = low + len(inner) - len(inner.lstrip(" \t*"))
    return start, max(start, low + len(inner.rstrip(" \t*")))


def _head(text: str, low: int, high: int) -> tuple[re.Pattern[str], list[tuple[str, Span]]] | None:
    """Return the separator and the columns of a line that names at least three columns, one of them the drug."""
    for separator in SEPARATORS:
        cells = _cells(text, low, high, separator)
        if len(cells) < FEWEST:
            continue
        names = [(_columns().get(key(text[slice(*cell)].strip(" :")), ""), cell) for cell in cells]
        known = [name for name, _ in names if name]
        if len(known) >= FEWEST and "drug" in known and len(known) * 2 > len(cells):
            return separator, names
    return None


def _placed(cells: list[Span], names: list[tuple[str, Span]], *, ordered: bool) -> dict[str, Span]:
    """Return the cells by column: in their order, or between blanks where some are missing by what they stand under."""
    if ordered or len(cells) == len(names):
        return {name: cell for (name, _), cell in zip(names, cells, strict=False) if name and cell[0] < cell[1]}
    head = names[0][1][0]
    placed: dict[str, Span] = {}
    for cell in cells:
        offset = cell[0] - cells[0][0] + head
        name, _ = min(names, key=lambda one: abs(one[1][0] - offset))
        if name and cell[0] < cell[1]:
            placed.setdefault(name, cell)
    return placed


def status(text: str, row: Row) -> tuple[str, Hit] | None:
    """Return what the status cell says, and where; None where there is none or it says something else."""
    span = row.cells.get("status")
    if span is None:
        return None
    word = key(text[slice(*span)])
    meaning = _meanings().get(word) or next(
        (found for said, found in _meanings().items() if len(said) > 3 and word.startswith(said)), None
    )
    return (meaning, Hit("verb", word, *span)) if meaning else None


def cell_hits(text: str, row: Row) -> Iterator[Hit]:
    """Yield what the cells say whose column alone says what they are: a bare time, name, lot or expiry."""
    for column, (low, high) in row.cells.items():
        inside = text[low:high]
        if column in ("time", "date"):
            yield from _moment(inside, low)
        elif column == "giver" and (hit := giver_at(text, low, high)):
            yield hit
        elif column == "lot" and (match := LOT.match(text, low, high)):
            yield Hit("lot", match["value"].upper(), *match.span("value"))
        elif column == "expiry":
            found = EXPIRY.search(f"exp {inside}")
            value = iso_expiry(found["value"]) if found else None
            if found and value:
                yield Hit("expiry", value, low + found.start("value") - 4, low + found.end("value") - 4)
        elif column == "ndc":
            yield Hit("ndc", ndc11(inside) or inside, low, high)
        elif column in ("route", "site"):
            _, known = phrase_pattern(f"{column}s", "written")
            if (named := known.get(key(inside))) is not None:
                side = (Hit("laterality", named["laterality"], low, high),) if named.get("laterality") else ()
                yield Hit(column, named[column], low, high, side)
        elif column == "waste":
            for hit in quantities(inside):
                waste_unit = Hit("waste_unit", "mL" if hit.field == "volume_ml" else hit.extra[0].value, low, high)
                yield Hit("waste", hit.value, low, high, (waste_unit,))


def _moment(inside: str, low: int) -> Iterator[Hit]:
    day = DATE.search(inside)
    if day and (value := iso(day.group())):
        yield Hit("date", value, low + day.start(), low + day.end())
    rest = day.end() if day else 0
    if (match := CLOCK.search(inside, rest)) and (moment := clock(match)):
        yield Hit("time", moment, low + match.start("value"), low + match.start("value") + len(match["value"].rstrip()))
    elif match := FOUR_DIGITS.search(inside, rest):
        yield Hit("time", f"{match['value'][:2]}:{match['value'][2:]}", low + match.start(), low + match.end())
