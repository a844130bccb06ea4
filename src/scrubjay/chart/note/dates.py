"""Dates, clock times and expiries as notes write them."""

from __future__ import annotations

import calendar
import datetime as dt
import re

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DATE = re.compile(
    rf"(?<![\d/.-])(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[/-]\d{{1,2}}[/-](?:\d{{4}}|\d{{2}})|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}"
    rf"|\d{{1,2}}\s+{_MONTH}\s+\d{{4}})(?![\d/-])",
    re.IGNORECASE,
)
EXPIRY = re.compile(
    r"(?:\bexp(?:\.|iry|ires?|iration)?\s*(?:date|dt|on)?\s*[:.#]?|\buse\s+by\s*:?|\bE:)\s*[\"']?"
    rf"(?P<value>\d{{4}}-\d{{2}}(?:-\d{{2}})?|\d{{1,2}}[/-]\d{{1,2}}[/-]\d{{2,4}}|\d{{1,2}}[/-]\d{{4}}|\d{{1,2}}/\d{{2}}(?!\d)"
    rf"|{_MONTH}\s+(?:\d{{1,2}},?\s+)?\d{{4}}|\d{{1,2}}[\s-]?{_MONTH}[\s-]?\d{{4}})",
    re.IGNORECASE,
)
CLOCK = re.compile(
    r"(?P<label>\b(?:start(?:ed)?|began|stop(?:ped)?|end(?:ed)?|time(?:\s+given)?|at|@)(?:\s+time)?\s*:?\s*(?:at\s+)?)?(?<![\d/:.-])"
    r"(?P<value>(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?\s*(?P<half>[ap]\.?m\b\.?)?"
    r"|(?P<hour2>\d{1,2})\s*(?P<half2>[ap]\.?m\b\.?)"
    r"|(?P<military>(?:[01]\d|2[0-3])[0-5]\d)(?=\s*(?:hrs?|hours|h)\b))(?![\d/])",
    re.IGNORECASE,
)
MILITARY = re.compile(
    r"(?:\b(?:at|time(?:\s+(?:given|administered))?|given|administered)|@|\b\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})\b,?(?=\s)|\b\d{4}-\d{2}-\d{2}\b,?(?=\s))"
    r"\s*:?\s*(?P<value>(?:[01]\d|2[0-3])[0-5]\d)\b(?!\s*(?:mg|mcg|units?|ml|-|/|[A-Z][a-z]+\s+(?:St|Ave)))",
    re.IGNORECASE,
)
NOON = re.compile(r"\bat\s+(?P<value>noon|midnight)\b", re.IGNORECASE)


def _century(year: int) -> int:
    return year + 2000 if year < 70 else year + 1900 if year < 100 else year


def iso(text: str) -> str | None:
    """Return a written US date as ISO; None where it is no day of the calendar."""
    plain = text.strip().lower()
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain):
            return dt.date.fromisoformat(plain).isoformat()
        if match := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{2,4})", plain):
            month, day, year = map(int, match.groups())
            if month > 12 >= day:
                month, day = day, month  # 15/04/2025 can only be the fifteenth
            return dt.date(_century(year), month, day).isoformat()
        if match := re.fullmatch(r"([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", plain):
            return dt.date(int(match[3]), MONTHS[match[1][:3]], int(match[2])).isoformat()
        if match := re.fullmatch(r"(\d{1,2})[\s-]?([a-z]+)\.?[\s-]?(\d{4})", plain):
            return dt.date(int(match[3]), MONTHS[match[2][:3]], int(match[1])).isoformat()
    except (ValueError, KeyError):
        return None
    return None


def iso_expiry(text: str) -> str | None:
    """Return a written expiry as ISO: a day, or a year and month."""
    plain = text.strip().lower()
    if day := iso(plain):
        return day
    if match := re.fullmatch(r"(\d{4})-(\d{2})", plain):
        year, month = int(match[1]), int(match[2])
    elif match := re.fullmatch(r"(\d{1,2})[/-](\d{2,4})", plain):
        month, year = int(match[1]), _century(int(match[2]))
    elif match := re.fullmatch(r"([a-z]+)\.?\s+(\d{4})", plain):
        month, year = MONTHS.get(match[1][:3], 0), int(match[2])
    else:
        return None
    return f"{year:04d}-{month:02d}" if 1 <= month <= 12 else None


def clock(match: re.Match[str]) -> str | None:
    """Return a written time as HH:MM of 24 hours."""
    if match["military"]:
        return f"{match['military'][:2]}:{match['military'][2:]}"
    hour = int(match["hour"] or match["hour2"])
    minute = int(match["minute"] or 0)
    half = (match["half"] or match["half2"] or "").lower()
    if half.startswith("p") and hour < 12:
        hour += 12
    elif half.startswith("a") and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else None
