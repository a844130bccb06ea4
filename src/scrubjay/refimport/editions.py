"""Names and dates of editions, as the publishers' file names and title lines give them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EFFECTIVE = re.compile(r"effective (\w+ \d{1,2},? \d{4}) through (\w+ \d{1,2},? \d{4})")


@dataclass(frozen=True)
class Span:
    """An edition's name and its first and last day."""

    name: str
    first: dt.date
    last: dt.date


def quarter(year: int, number: int) -> Span:
    """Return the quarter ``2026Q3``; raises ValueError when there is none of that number."""
    if number not in (1, 2, 3, 4):
        raise ValueError(f"no quarter {number}")
    return Span(f"{year}Q{number}", dt.date(year, 3 * number - 2, 1), _month_end(year, 3 * number))


def quarter_of(day: dt.date) -> Span:
    """Return the quarter that a day lies in."""
    return quarter(day.year, (day.month + 2) // 3)


def year(number: int) -> Span:
    """Return a calendar year."""
    return Span(str(number), dt.date(number, 1, 1), dt.date(number, 12, 31))


def month(word: str) -> int:
    """Return the number of a month from its name or the beginning of it; raises ValueError."""
    return MONTHS.index(word[:3].lower()) + 1


def named(text: str) -> Span | None:
    """Read an edition as a person writes it: ``2026Q3``, ``2026``, ``FY2027``, ``FY2027APR``, ``2026OCT``, ``RVU26C``."""
    text = text.strip().upper()
    if found := re.fullmatch(r"(\d{4})Q([1-4])", text):
        return quarter(int(found[1]), int(found[2]))
    if re.fullmatch(r"\d{4}", text):
        return year(int(text))
    if found := re.fullmatch(r"FY(\d{4})(APR)?", text):
        return fiscal_year(int(found[1]), april=bool(found[2]))
    if found := re.fullmatch(r"(\d{4})(JAN|APR|JUL|OCT)", text):
        span = quarter(int(found[1]), (month(found[2]) + 2) // 3)
        return Span(text, span.first, span.last)
    if found := re.fullmatch(r"RVU(\d\d)([A-D])", text):
        span = quarter(2000 + int(found[1]), "ABCD".index(found[2]) + 1)
        return Span(text, span.first, span.last)
    return None


def fiscal_year(number: int, *, april: bool) -> Span:
    """Return a release of ICD-10-CM: October to March, or the April update to September."""
    if april:
        return Span(f"FY{number}APR", dt.date(number, 4, 1), dt.date(number, 9, 30))
    return Span(f"FY{number}", dt.date(number - 1, 10, 1), dt.date(number, 3, 31))


def effective(head: str) -> Span | None:
    """Read ``effective january 1, 2026 through march 31, 2026`` in a file's first lines."""
    found = EFFECTIVE.search(head)
    if not found:
        return None
    try:
        first, last = (_written(words) for words in found.groups())
    except ValueError:
        return None
    span = quarter_of(first)
    return span if (span.first, span.last) == (first, last) else Span(f"{first}", first, last)


def _written(words: str) -> dt.date:
    name, day, number = words.replace(",", " ").split()
    return dt.date(int(number), month(name), int(day))


def _month_end(number: int, of: int) -> dt.date:
    following = dt.date(number + 1, 1, 1) if of == 12 else dt.date(number, of + 1, 1)
    return following - dt.timedelta(days=1)
