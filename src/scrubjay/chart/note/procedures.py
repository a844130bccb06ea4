"""What a note says of a needle beyond drug, dose, route and site: procedure, nerve, guidance, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from scrubjay.chart.note.context import sentences as sentences_of
from scrubjay.chart.note.hit import Hit
from scrubjay.chart.note.statement import Draft
from scrubjay.chart.tables import phrases, rows

ELSEWHEN = re.compile(
    r"\b(?:previous(?:ly)?|last\s+(?:visit|year|month|week|time)|prior|history\s+of|ago|next\s+(?:visit|time|week|month)|"
    r"will\s+(?:be|have|need|return)|plan(?:s|ned)?\s+(?:to|for)|consider(?:ed|ing)?|would|scheduled\s+for|declined|refused|"
    r"if\s+(?:no|not|symptoms|pain|this))\b",
    re.IGNORECASE,
)
"""What makes a sentence speak of another day, or of nothing done."""
DONE = re.compile(
    r"\b(?:inject\w*|infiltrat\w*|block(?:s|ed)?|needle|infus\w*|given|administered|placed|performed|instilled|guid\w+)\b",
    re.IGNORECASE,
)
NEEDLE = re.compile(r"inject|infiltrat|needle|\bblock|\btest", re.IGNORECASE)
"""What makes a named place one where the needle went."""
_IMAGING = r"(?:ultrasound|sonograph\w*|US|fluoroscop\w+|CT|computed\s+tomography|x-?ray)"
UNGUIDED = re.compile(
    rf"\b(?:without|no)\s+(?:{_IMAGING}|imag(?:e|ing))(?:\s+guidance)?\b|{_IMAGING}(?:\s+guidance)?\s+(?:was\s+)?not\s+(?:used|available|performed)"
    r"|\blandmark(?:s|[- ](?:guided|based|guidance|technique))\b|\bpalpation[- ]guided\b",
    re.IGNORECASE,
)
GUIDED = re.compile(
    rf"\b(?P<how>{_IMAGING})(?:ally)?[\s-]+guid(?:ed|ance)\b"
    rf"|\b(?:under|using|via)\s+(?:(?:real[- ]time|live|direct|continuous)\s+)?(?P<how2>{_IMAGING})\b",
    re.IGNORECASE,
)
NOT_KEPT = re.compile(
    r"\b(?:images?|pictures?)\s+(?:were\s+|was\s+)?not\s+(?:saved|stored|archived|recorded|retained|captured|kept)"
    r"|\bno\s+(?:permanent\s+)?images?\s+(?:were\s+|was\s+)?(?:saved|stored|archived|recorded|retained|captured|kept)",
    re.IGNORECASE,
)
KEPT = re.compile(
    r"\b(?:images?|pictures?)\s+(?:were\s+|was\s+|have\s+been\s+)?(?:permanently\s+)?(?:saved|stored|archived|recorded|retained|captured|kept)"
    r"|\bpermanent\s+(?:images?|recordings?)\b|\b(?:saved|stored|archived)\s+(?:the\s+)?images?\b",
    re.IGNORECASE,
)
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(_NUMBERS)})"
COUNTS = {
    "muscles": re.compile(rf"(?<![\w.]){_COUNT}\s+(?:(?!muscles?\b)[a-z]+\s+){{0,2}}muscles?\b", re.IGNORECASE),
    "lesions": re.compile(
        rf"(?<![\w.]){_COUNT}\s+(?:[a-z]+\s+){{0,3}}(?:lesions?|keloids?|plaques?|warts?|scars?|nodules?)\b",
        re.IGNORECASE,
    ),
    "tests": re.compile(
        rf"(?<![\w.]){_COUNT}\s+(?:[a-z]+\s+){{0,2}}(?:prick|scratch|intradermal|skin|percutaneous)\s+tests?\b",
        re.IGNORECASE,
    ),
    "injections": re.compile(
        rf"(?<![\w.]){_COUNT}\s+(?:separate\s+)?(?:allergy|allergen|immunotherapy)\s+(?:extract\s+)?(?:shots?|injections?)\b"
        r"|\b(?:allergy|allergen|immunotherapy)\s+(?:extract\s+)?(?:shots?|injections?)\s*(?:x|×)\s*(?P<times>\d)\b",
        re.IGNORECASE,
    ),
}
ONE_LESION = re.compile(
    r"\b(?:a|the|one|single)\s+(?:[a-z]+\s+){0,2}(?:keloid|lesion|plaque|wart|scar|nodule)\b(?!s)", re.IGNORECASE
)
LEVEL = re.compile(r"(?<![A-Za-z0-9])[CTLS]\d{1,2}\s*[-/]\s*[CTLS]?\d{1,2}(?!\d)")
NOT_DONE_THERE = re.compile(r"^\s*(?:syndrome|release|surgery|pain|intact|tear|sprain|tender\w*)", re.IGNORECASE)
SIDE = re.compile(
    r"\b(?P<side>left|right|bilateral|both|lt|rt)\.?\s+(?:(?:the|upper|lower|sided?)\s+){0,2}$", re.IGNORECASE
)
_SIDES = {"lt": "left", "rt": "right", "both": "bilateral"}
PLAIN = frozenset({"IM", "SC", "IV", "IV-push"})
"""Routes that say themselves where the needle went."""
ANY_ROUTE = frozenset({"trigger point", "chemodenervation", "skin test"})


def procedure_facts(
    text: str, sentences: Sequence[tuple[int, int]], drafts: Sequence[Draft], given: Sequence[Draft]
) -> dict[int, dict[str, Hit]]:
    """Return, by the place of each draft in ``given``, the facts of its procedure.

    A fact belongs to the injection of its sentence or to the last one before it, before the first to that one; with one
    injection in the note all of it does.  Sentences about another day say nothing.
    """
    found: dict[int, dict[str, Hit]] = {}
    starts = sorted({sentences[draft.sentence][0] for draft in drafts})
    for number, draft in enumerate(given):
        low = sentences[draft.sentence][0]
        high = next((start for start in starts if start > low), len(text)) if len(given) > 1 else len(text)
        if len(given) == 1 or low == starts[0]:
            low = 0
        parts = [(a, b) for a, b in sentences if low <= a < high and not ELSEWHEN.search(text, a, b)]
        facts = {
            hit.field: hit
            for hit in reversed(list(_facts(text, parts, draft.hits["route"].value if "route" in draft.hits else None)))
        }
        found[number] = {name: hit for name, hit in facts.items() if name not in draft.hits}
    return found


def facts_in(text: str, route: str | None) -> dict[str, Hit]:
    """Return the facts of a procedure in a short text of a record, by field."""
    parts = [(low, high) for low, high in sentences_of(text) if not ELSEWHEN.search(text, low, high)]
    return {hit.field: hit for hit in reversed(list(_facts(text, parts, route)))}


def _facts(text: str, parts: Sequence[tuple[int, int]], route: str | None) -> Iterator[Hit]:
    """Yield the facts of some sentences; the first of a field counts."""
    for low, high in parts:
        yield from _guidance(text, low, high)
        if DONE.search(text, low, high) is None:
            continue
        yield from _places(text, low, high, route)
        yield from _counts(text, low, high)
    levels = {m.group().replace(" ", "") for low, high in parts for m in LEVEL.finditer(text, low, high)}
    spans = [m.span() for low, high in parts for m in LEVEL.finditer(text, low, high)]
    if levels and (route == "epidural" or any(_named("procedure", text, low, high, ("facet",)) for low, high in parts)):
        yield Hit("levels", str(len(levels)), min(a for a, _ in spans), max(b for _, b in spans))


def _guidance(text: str, low: int, high: int) -> Iterator[Hit]:
    if (match := UNGUIDED.search(text, low, high)) is not None:
        yield Hit("guidance", "none", *match.span())
    elif (match := GUIDED.search(text, low, high)) is not None:
        how = (match["how"] or match["how2"]).lower()
        value = (
            "ultrasound"
            if how.startswith(("ultra", "sono", "us"))
            else "CT"
            if how.startswith(("ct", "comp"))
            else "fluoroscopy"
        )
        yield Hit("guidance", value, *match.span())
    if (match := NOT_KEPT.search(text, low, high)) is not None:
        yield Hit("guidance_report", "no", *match.span())
    elif (match := KEPT.search(text, low, high)) is not None:
        yield Hit("guidance_report", "yes", *match.span())


def _places(text: str, low: int, high: int, route: str | None) -> Iterator[Hit]:
    """Yield procedure and nerve of a sentence, with the side that stands before them."""
    if NEEDLE.search(text, low, high) is None:
        return
    for fact in ("nerve", "procedure", "approach"):
        for value, match in _named(fact, text, low, high):
            if NOT_DONE_THERE.match(text[match.end() : match.end() + 16]):
                continue
            if fact == "nerve" and not re.search(r"block|injec|infiltrat|perineural", text[low:high], re.IGNORECASE):
                continue
            if fact == "approach" and route != "epidural":
                continue
            if fact != "nerve" and route in PLAIN and value not in ANY_ROUTE:
                continue
            field = "nerve" if fact == "nerve" else "procedure"
            written = match.group() if field == "procedure" else value
            if fact == "nerve" and value == "other peripheral":
                written = match.group()
            yield Hit(field, written.lower() if field == "procedure" else written, *match.span())
            side = SIDE.search(text[max(low, match.start() - 24) : match.start()])
            if side is not None:
                at = max(low, match.start() - 24) + side.start("side")
                word = side["side"].lower()
                yield Hit("laterality", _SIDES.get(word, word), at, at + len(word))
            break


def _counts(text: str, low: int, high: int) -> Iterator[Hit]:
    for field, pattern in COUNTS.items():
        match = pattern.search(text, low, high)
        if match is not None:
            word = (match.groupdict().get("count") or match.groupdict().get("times") or "").lower()
            yield Hit(field, str(_NUMBERS.get(word, word)), *match.span())
    ones = list(ONE_LESION.finditer(text, low, high))
    if len(ones) == 1:
        yield Hit("lesions", "1", *ones[0].span())
    muscles = dict(_named("muscle", text, low, high))
    if muscles and _named("procedure", text, low, high, ("trigger point",)):
        spans = [match.span() for match in muscles.values()]
        yield Hit("muscles", str(len(muscles)), min(a for a, _ in spans), max(b for _, b in spans))


@cache
def _patterns(fact: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for row in rows("targets"):
        if row["fact"] == fact:
            words = sorted(phrases(row["words"]), key=len, reverse=True)
            joined = "|".join(re.escape(word).replace(r"\ ", r"[\s-]+") for word in words)
            found.append((row["value"], re.compile(rf"(?<![A-Za-z])(?:{joined})(?![A-Za-z])", re.IGNORECASE)))
    return tuple(found)


def _named(fact: str, text: str, low: int, high: int, values: Sequence[str] = ()) -> list[tuple[str, re.Match[str]]]:
    """Return the values of a fact whose words stand in a stretch of text, each with its first place."""
    return [
        (value, match)
        for value, pattern in _patterns(fact)
        if (not values or value in values) and (match := pattern.search(text, low, high)) is not None
    ]
