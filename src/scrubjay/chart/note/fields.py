"""Every detail of an injection in a text, each with its span: lots, moments, diagnoses and those of the other modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from scrubjay.chart.note.amounts import quantities, wastes
from scrubjay.chart.note.dates import CLOCK, DATE, EXPIRY, MILITARY, NOON, clock, iso, iso_expiry
from scrubjay.chart.note.hit import Hit
from scrubjay.chart.note.people import people
from scrubjay.chart.note.places import routes, sites
from scrubjay.chart.tables import phrases, rows

LOT = re.compile(
    r"(?:\b(?:lot|batch)\b\s*(?:#|no\.?|number|num\.?)?\s*[:#]?|\bL#)\s*[\"']?(?P<value>(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{1,16})\b",
    re.IGNORECASE,
)
NDC = re.compile(
    r"\b(?P<label>NDC\s*(?:#|no\.?|number|code)?\s*:?\s*)?(?P<value>\d{4,5}-\d{3,4}-\d{1,2}|\d{11}|\d{10})\b",
    re.IGNORECASE,
)
ICD = re.compile(r"\b(?P<value>[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4}))\b|\((?P<bare>[A-TV-Z]\d[0-9A-Z])\)")
FREQUENCY = re.compile(
    r"\b(?:every\s+(?:other\s+)?(?:\d+\s*(?:-|to)?\s*\d*\s*)?(?:day|week|month|hour|evening|morning|night|two|three|four|six)s?(?:\s+(?:weeks|months|days|hours))?"
    r"|q\.?\s?\d+(?:\s?-\s?\d+)?\s?\.?(?:h|hrs?|hours?|d|days?|w|wk|wks|weeks?|weekly|mo|months?)\b\.?|q\.?[dhs]\.?|q\.?\d?\s?h\.?s?\.?|qhs|qd|qod|bid|b\.i\.d\.|tid|t\.i\.d\.|qid|qm|qw"
    r"|(?:once|twice|three\s+times)\s+(?:a|per)?\s*(?:day|week|month|daily|weekly|monthly)|daily|nightly|weekly|bi-?weekly|monthly|quarterly|prn|p\.r\.n\.?|h\.s\.|q\.3\s+weekly|at\s+bedtime)",
    re.IGNORECASE,
)
ONCE = re.compile(r"\b(?:x\s?1|x\s?one|once|one[- ]time|stat|now)\b", re.IGNORECASE)
DIAGNOSIS = re.compile(
    r"\b(?:(?:dx|diagnos[ie]s|indication|reason|assessment|impression)\s*:\s*|(?:indicated\s+for|secondary\s+to|due\s+to|to\s+treat|for\s+treatment\s+of|for)\s+(?:her|his|the|a|an)?\s*)"
    r"(?P<value>[A-Za-z][A-Za-z0-9 '/-]{3,60})"
)


def ndc11(text: str) -> str | None:
    """Return a written NDC as eleven digits; None where its form does not say which segment is short."""
    parts = text.split("-")
    if len(parts) == 1:
        return text if len(text) == 11 else None
    if [len(part) for part in parts] not in ([4, 4, 2], [5, 3, 2], [5, 4, 1], [5, 4, 2]):
        return None
    return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)


def products(text: str) -> Iterator[Hit]:
    """Yield lots, expiries and NDCs."""
    for match in LOT.finditer(text):
        yield Hit("lot", match["value"].upper(), *match.span("value"))
    for match in EXPIRY.finditer(text):
        value = iso_expiry(match["value"])
        if value is not None:
            yield Hit("expiry", value, *match.span("value"))
    for match in NDC.finditer(text):
        if "-" not in match["value"] and not match["label"]:
            continue
        yield Hit("ndc", ndc11(match["value"]) or match["value"], *match.span("value"))


def moments(text: str) -> Iterator[Hit]:
    """Yield times and dates; a time named as start or stop is one."""
    for match in CLOCK.finditer(text):
        value = clock(match)
        if value is None:
            continue
        label = (match["label"] or "").lower()
        field = (
            "start" if label.startswith(("start", "began")) else "stop" if label.startswith(("stop", "end")) else "time"
        )
        yield Hit(field, value, match.start("value"), match.start("value") + len(match["value"].rstrip()))
    for match in MILITARY.finditer(text):
        yield Hit("time", f"{match['value'][:2]}:{match['value'][2:]}", *match.span("value"))
    for match in NOON.finditer(text):
        yield Hit("time", "12:00" if match["value"].lower() == "noon" else "00:00", *match.span("value"))
    for match in DATE.finditer(text):
        day = iso(match.group())
        if day is not None:
            yield Hit("date", day, *match.span())


def diagnoses(text: str) -> Iterator[Hit]:
    """Yield ICD-10-CM codes, and the words after ``for`` or ``Dx:``."""
    codes = []
    for match in ICD.finditer(text):
        group = "value" if match["value"] else "bare"
        codes.append(Hit("diagnosis", match[group], *match.span(group)))
    yield from codes
    for match in DIAGNOSIS.finditer(text):
        value = re.split(r"\s+(?:was|were|is|and|with|given|in|on|by|at|after|x\d|per)\b|\s+[-–]\s", match["value"])[
            0
        ].strip(" -'/")
        if _condition().search(value) and not NOT_A_DIAGNOSIS.match(value):
            yield Hit("diagnosis", value.lower(), match.start("value"), match.start("value") + len(value))


NOT_A_DIAGNOSIS = re.compile(
    r"(?i)(?:\d|next|follow|her\b|his\b|the\b|injection|possible|risk|signs|any\b|adverse|observation|allerg\w+\s+(?:shot|inj))"
)


@cache
def _condition() -> re.Pattern[str]:
    """Return the pattern of words that name a condition."""
    words = {row["kind"]: [re.escape(phrase) for phrase in phrases(row["words"])] for row in rows("conditions")}
    return re.compile(rf"\b(?:{'|'.join(words['word'])})\b|[a-z]{{2,}}(?:{'|'.join(words['suffix'])})\b", re.IGNORECASE)


@cache
def _statements() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple((row["field"], row["value"], re.compile(row["pattern"], re.IGNORECASE)) for row in rows("statements"))


def statements(text: str) -> Iterator[Hit]:
    """Yield what the whole visit says: consent, assessment, observation, reaction, signature, supervision, container."""
    for field, value, pattern in _statements():
        for match in pattern.finditer(text):
            minutes = next(
                (found for key, found in match.groupdict().items() if key.startswith("minutes") and found), None
            )
            shown = match.group().rstrip(" ,;")
            if minutes is not None:
                hours = re.search(rf"{minutes}\s*-?\s*h", shown, re.IGNORECASE)
                value_here = str(int(minutes) * (60 if hours else 1))
            else:
                value_here = value
            yield Hit(field, value_here, match.start(), match.start() + len(shown))


def details(text: str) -> list[Hit]:
    """Return every detail of an injection in a text, in order; waste is not also a dose, a strength not also a volume."""
    waste = list(wastes(text))
    product = [*products(text), *moments(text)]
    found = [*waste, *product, *routes(text), *sites(text), *people(text), *diagnoses(text), *statements(text)]
    reasons = [hit for hit in found if hit.field == "diagnosis"]
    found = [hit for hit in found if hit.field != "site" or not any(hit.overlaps(one) for one in reasons)]
    for hit in quantities(text):
        if not any(hit.overlaps(other) for other in (*waste, *(p for p in product if p.field != "time"))):
            found.append(hit)
    found += [
        Hit("frequency", " ".join(match.group().lower().split()), *match.span()) for match in FREQUENCY.finditer(text)
    ]
    return sorted(found, key=lambda hit: (hit.start, hit.end))
