"""Routes and sites in a text: the words of their tables, with the side that stands beside a site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from scrubjay.chart.note.hit import Hit, any_of, key, listed, phrase_pattern

SHOUTED = frozenset("im sc iv id sq ia pr sl po vg dg vl ld rd ac uoq luoq ruoq lvl rvl lua rua lgm rgm ivp".split())
"""Abbreviations that are other words, or parts of them, in lower case; small letters count only beside a quantity."""


def _plain(text: str, start: int, word: str) -> bool:
    """Whether an abbreviation in small letters is just a word of the sentence."""
    return (
        word.islower()
        and word in SHOUTED
        and not re.search(r"\d[\w.]*\s*[A-Za-z.]{0,6}\s*$", text[max(0, start - 14) : start])
    )


NUMERAL = re.compile(
    r"\b(?:stage|class|grade|type|factor|axis|phase|level|cranial\s+nerves?|nerve|schedule|category)\s+$", re.IGNORECASE
)
"""What makes ``IV`` a number: stage IV."""


def routes(text: str) -> Iterator[Hit]:
    """Yield the routes of a text."""
    pattern, known = phrase_pattern("routes", "written")
    for match in pattern.finditer(text):
        if not (
            _plain(text, match.start(), match.group())
            or NUMERAL.search(text[max(0, match.start() - 14) : match.start()])
        ):
            yield Hit("route", known[key(match.group())]["route"], match.start(), match.end())


SIDES = {
    "bilateral": "bilateral|bilaterally|bilat|both|each|right and left|left and right|r and l|l and r|r & l|l & r|r/l|l/r",
    "left": "left|lt|l",
    "right": "right|rt|r",
}
_SIDE = "|".join(SIDES.values())
CODES = {"LA": ("arm", "left"), "RA": ("arm", "right"), "LT": ("thigh", "left"), "RT": ("thigh", "right")}
"""Codes of HL7 table 0163 that are other words too; only behind a route and before the end of what is said."""
CODED = re.compile(
    rf"\b(?:IM|SC|SQ|SubQ|Sub-Q)\s*[,/(-]?\s*(?P<code>{'|'.join(CODES)})(?=\)?\s*(?:$|[.,;|\n]|at\b|by\b|given\b|lot\b|today\b|@))"
)
AND_FOR = re.compile(r"\b(?:inj|for|no|without|w/o|with)", re.IGNORECASE)
"""What parts a site from a complaint: ``deltoid for pain``, ``deltoid without swelling``."""
HURTS_IN = re.compile(
    r"(?:\s+\w+)?\s+(?:in|of|over|to|at|from|around)\s+(?:(?:the|his|her|their|both)\s+)?(?:[\w.()]+\s+)?\Z"
)


@cache
def _complaints() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a complaint behind a site, ``knee pain``, and before it, ``pain in the left``."""
    complaint = any_of(listed("conditions", "words", kind="complaint"))
    return (
        re.compile(rf"(?:\s+joint)?[\s/-]+(?:\w+\s+)?{complaint}\b", re.IGNORECASE),
        re.compile(rf"\b{complaint}{HURTS_IN.pattern}", re.IGNORECASE),
    )


def _hurts(text: str, start: int, end: int) -> bool:
    """Whether a part of the body is where it hurts, not where the injection went."""
    behind, before = _complaints()
    found = behind.match(text, end)
    if found and not AND_FOR.search(found.group()):
        return True
    return before.search(text[max(0, start - 50) : start]) is not None


BEFORE = re.compile(
    rf"(?<![A-Za-z0-9])(?P<side>{_SIDE})[.)]?\s+(?:(?:the|upper|lower|outer|lateral|anterior|posterior|mid)[\s-]+){{0,3}}$",
    re.IGNORECASE,
)
AFTER = re.compile(
    rf"^\s*(?:muscle|region|area)?\s*[,(/:-]?\s*(?P<side>{_SIDE})(?![A-Za-z0-9'])(?!\s+(?:\w+\s+)?(?:deltoid|glut|thigh|arm|vastus|knee|shoulder|ventro|dorso|buttock|hip))(?:\s+side)?",
    re.IGNORECASE,
)
OF_LIMB = re.compile(
    r"^(?:\s+muscle)?\s+(?:of|in|on)\s+(?:the\s+|his\s+|her\s+|their\s+)?(?P<side>left|right|lt|rt|l|r)\.?\s+(?P<limb>(?:upper\s+)?arm|shoulder|leg|thigh|buttock|hip)\b",
    re.IGNORECASE,
)
"""The limb that says the side of a muscle: ``the deltoid muscle of the left arm`` is one site."""
ON_SIDE = re.compile(r"^(?:\s+\w+){0,3}\s+on\s+the\s+(?P<side>left|right)(?:\s+side)?\b", re.IGNORECASE)


def _side(word: str) -> str:
    return next(side for side, written in SIDES.items() if key(word) in written.split("|"))


def sites(text: str) -> Iterator[Hit]:
    """Yield the sites of a text, each with its side in ``extra`` where one stands beside it."""
    pattern, known = phrase_pattern("sites", "written")
    for match in CODED.finditer(text):
        site, named = CODES[match["code"]]
        yield Hit("site", site, *match.span("code"), (Hit("laterality", named, *match.span("code")),))
    part_of = 0
    for match in pattern.finditer(text):
        if match.start() < part_of or _plain(text, match.start(), match.group()):
            continue
        if _hurts(text, *match.span()):
            continue
        row = known[key(match.group())]
        start, end = match.span()
        side: Hit | None = None
        if row["laterality"]:
            side = Hit("laterality", row["laterality"], start, end)
        elif before := BEFORE.search(text[max(0, start - 40) : start]):
            at = max(0, start - 40) + before.start("side")
            side = Hit("laterality", _side(before["side"]), at, at + len(before["side"]))
        elif limb := OF_LIMB.match(text[end : end + 40]):
            at, part_of = end + limb.start("side"), end + limb.end()
            side = Hit("laterality", _side(limb["side"]), at, at + len(limb["side"]))
        elif (after := AFTER.match(text[end : end + 30])) or (after := ON_SIDE.match(text[end : end + 40])):
            at = end + after.start("side")
            side = Hit("laterality", _side(after["side"]), at, at + len(after["side"]))
        yield Hit("site", row["site"], start, end, (side,) if side else ())
