"""Bags of fluid that ran into a vein: how much, from when to when, and what for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from scrubjay.chart.note.fields import diagnoses, moments
from scrubjay.chart.note.hit import Hit
from scrubjay.chart.note.procedures import ELSEWHEN
from scrubjay.chart.tables import phrases, rows

PURPOSE = (
    (
        "keep-open",
        re.compile(
            r"\b(?:KVO|TKO)\b|\b(?:keep|maintain)\s+(?:the\s+)?(?:vein|line|IV)\s+(?:open|paten\w+)", re.IGNORECASE
        ),
    ),
    ("diluent", re.compile(r"\b(?:diluted|reconstituted|mixed)\b", re.IGNORECASE)),
    (
        "hydration",
        re.compile(
            r"\b(?:for|IV|intravenous)\s+(?:re)?hydration\b|\bhydration\s+(?:with|given|infus\w+)|\brehydrat\w+|\bto\s+(?:re)?hydrate\b"
            r"|\bvolume\s+(?:repletion|depletion)\b|\bdehydrat\w+",
            re.IGNORECASE,
        ),
    ),
)
RAN = re.compile(r"\b(?:infus\w*|given|administered|ran|hung|bolus|IV|started|hydrat\w*)\b", re.IGNORECASE)
REFUSED = re.compile(r"\b(?:declined|refused|not\s+(?:given|started)|held)\b", re.IGNORECASE)
RANGE = re.compile(r"(?<![\d:])(?P<begin>[012]?\d:[0-5]\d)\s*(?:-|–|to|until|and)\s*(?P<end>[012]?\d:[0-5]\d)(?![\d:])")


@cache
def _fluid() -> tuple[re.Pattern[str], ...]:
    """Return the ways a bag is written: ``1 L of normal saline``, ``normal saline 1,000 mL``."""
    words = sorted({word for row in rows("fluids") for word in phrases(row["names"])}, key=len, reverse=True)
    name = rf"(?P<name>{'|'.join(re.escape(word) for word in words)})"
    amount = r"(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s?-?\s?(?P<unit>mL|cc|L|liters?|litres?)"
    return (
        re.compile(rf"(?<![\w.,]){amount}\s+(?:bag\s+|bolus\s+)?(?:of\s+)?(?:IV\s+)?{name}(?![A-Za-z])", re.IGNORECASE),
        re.compile(rf"(?<![\w.,]){name},?\s+{amount}(?![A-Za-z/])", re.IGNORECASE),
    )


def _bags(text: str, low: int, high: int) -> list[re.Match[str]]:
    return [match for pattern in _fluid() for match in pattern.finditer(text, low, high)]


def fluids(text: str, sentences: Sequence[tuple[int, int]], taken: Sequence[int]) -> list[tuple[int, dict[str, Hit]]]:
    """Return the bags of fluid that the note says were given here, with their sentence and their hits.

    A bag counts with a purpose, or with start and stop, in its sentence or the next; ``taken`` are the numbers of
    sentences in which a drug is named: a bag there carries the drug unless the sentence says what it was for.
    """
    smallest = min(Decimal(row["ml"]) for row in rows("fluids"))
    names = {word: phrases(row["names"])[0] for row in rows("fluids") for word in phrases(row["names"])}
    found = []
    for number, (low, high) in enumerate(sentences):
        for match in _bags(text, low, high):
            end = high
            if number + 1 < len(sentences) and number + 1 not in taken and not _bags(text, *sentences[number + 1]):
                end = sentences[number + 1][1]
            volume = Decimal(match["number"].replace(",", "")) * (1 if match["unit"].lower() in ("ml", "cc") else 1000)
            if volume < smallest or ELSEWHEN.search(text, low, high) or REFUSED.search(text, low, high):
                continue
            if RAN.search(text, low, high) is None:
                continue
            hits = _hits(text, low, high, end, match, volume, names[" ".join(match["name"].lower().split())])
            if number in taken and "purpose" not in hits:
                continue
            if "purpose" in hits or {"start", "stop"} <= set(hits):
                found.append((number, hits))
    return found


def _hits(text: str, low: int, high: int, end: int, match: re.Match[str], volume: Decimal, name: str) -> dict[str, Hit]:
    at, stop = match.span("name")
    hits = {
        "drug": Hit("drug", name, at, stop),
        "volume_ml": Hit("volume_ml", format(volume.normalize(), "f"), match.start("number"), match.end("unit")),
    }
    route = re.compile(r"\b(?:IV|intravenous\w*|infus\w*)\b", re.IGNORECASE).search(text, low, end)
    if route is not None:
        hits["route"] = Hit("route", "IV", *route.span())
    for value, pattern in PURPOSE:
        if (said := pattern.search(text, low, high)) is not None or (
            said := pattern.search(text, high, end)
        ) is not None:
            hits["purpose"] = Hit("purpose", value, *said.span())
            break
    reason = next((hit for hit in diagnoses(text[low:high]) if hit.value[1:2].isdigit()), None)
    if reason is not None:
        hits["diagnosis"] = Hit("diagnosis", reason.value, reason.start + low, reason.end + low)
    if (span := RANGE.search(text, low, end)) is not None:
        for field, group in (("start", "begin"), ("stop", "end")):
            hits[field] = Hit(field, span[group].zfill(5), *span.span(group))
        return hits
    for hit in moments(text[low:end]):
        if hit.field in ("start", "stop"):
            hits.setdefault(hit.field, Hit(hit.field, hit.value, hit.start + low, hit.end + low))
    return hits
