"""Doses, routes, sites, times, lots and the other details of an injection in a text, each with its span."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from scrubjay.chart.note.dates import CLOCK, DATE, EXPIRY, MILITARY, clock, iso, iso_expiry
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


NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,6})?|\d{1,9}(?:\.\d{1,6})?|\.\d{1,6}|\d{1,3}/\d{1,3})"
UNITS = {
    "mg": r"mgs?|milligrams?|mgm",
    "mcg": r"mcgs?|micrograms?|ug|µg|μg",
    "g": r"gms?|grams?|g",
    "million units": r"million\s+(?:international\s+)?units?|million\s+iu|mu|mil(?:lion)?\s*u",
    "units": r"(?:international\s+|usp\s+)?units?|iu|u",
    "mEq": r"meq|milliequivalents?",
    "mL": r"mls?|ccs?|milliliters?|millilitres?|cm3",
}
_UNIT = "|".join(UNITS.values())
_END = r"(?![A-Za-z0-9])"
QUANTITY = re.compile(rf"(?<![\w.,/-])(?P<number>{NUMBER})\s?-?\s?(?P<unit>{_UNIT}){_END}", re.IGNORECASE)
PER = re.compile(
    rf"\s{{0,3}}(?:/|per)\s{{0,3}}(?:{NUMBER})?\s*(?:ml|cc|kg|vial|day|hr|hour|minute|min|m2|dl|l|mcg|mg){_END}",
    re.IGNORECASE,
)
PERCENT = re.compile(r"(?<![\w.])(?P<number>\d{0,4}\.?\d{1,6})\s?%")
_AMOUNT = rf"(?<![\w.,/])(?P<number>{NUMBER})\s?(?P<unit>{_UNIT}){_END}"
WASTE = [
    re.compile(
        rf"\b(?:wast(?:ed?|age)|discard(?:ed)?)\b(?:\s+(?:amount|is|was|of|remaining))*\s*[:=]?\s*{_AMOUNT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_AMOUNT}(?:\s+(?:of|remaining|left|over|in|the|vial|drug|medication|unused|was|were|from|single[- ]dose))*"
        r"\s+(?:wast(?:ed?|age)|discard(?:ed)?)\b",
        re.IGNORECASE,
    ),
]
NO_WASTE = re.compile(
    r"\b(?:no|zero|without)\s+(?:drug\s+|medication\s+)?(?:was\s+)?(?:wast(?:ed?|age)|discard(?:ed)?)\b"
    r"|\bno\s+(?:drug|medication|amount)\s+(?:was\s+)?(?:wasted|discarded)\b|\bnothing\s+(?:was\s+)?(?:wasted|discarded)\b"
    r"|\b(?:wast(?:e|ed|age)|discarded)\s*[:=]\s*(?:none|0|zero|nil|n/?a)\b(?!\.\d)(?:\s*(?:mg|ml|cc|units?)\b)?",
    re.IGNORECASE,
)
LOT = re.compile(
    r"\blot\b\s*(?:#|no\.?|number|num\.?)?\s*[:#]?\s*(?P<value>(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{1,14})\b",
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
_CAP = r"(?:[A-Z]\.|[A-Z][A-Za-z'’-]*)"
NAME = rf"(?:Dr\.?[ ]+)?{_CAP}(?:[ ]+{_CAP}){{0,2}}"
DIAGNOSIS = re.compile(
    r"\b(?:(?:dx|diagnos[ie]s|indication|reason|assessment|impression)\s*:\s*|(?:indicated\s+for|secondary\s+to|due\s+to|to\s+treat|for\s+treatment\s+of|for)\s+(?:her|his|the|a|an)?\s*)"
    r"(?P<value>[A-Za-z][A-Za-z0-9 '/-]{3,60})"
)


SHORTEST_PLURAL = 3
"""Sites longer than this may be written in the plural: both upper arms."""


@cache
def _phrase_pattern(table: str, column: str) -> tuple[re.Pattern[str], dict[str, dict[str, str]]]:
    """Return one pattern for all phrases of a table, longest first, and the row of each phrase."""
    named = [(phrase, row) for row in rows(table) for phrase in phrases(row[column])]
    if table == "sites":
        named += [
            (f"{phrase}s", row)
            for phrase, row in named
            if len(phrase) > SHORTEST_PLURAL and phrase[-1] not in "s0123456789"
        ]
    known = {phrase.lower(): row for phrase, row in reversed(named)}
    listed = sorted({phrase for phrase, _ in named}, key=len, reverse=True)
    parts = [re.escape(phrase).replace(r"\ ", r"\s+") for phrase in listed]
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(parts)})(?![A-Za-z0-9])", re.IGNORECASE), known


def _key(text: str) -> str:
    return " ".join(text.lower().split())


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
    pattern, known = _phrase_pattern("routes", "written")
    for match in pattern.finditer(text):
        if not (
            _plain(text, match.start(), match.group())
            or NUMERAL.search(text[max(0, match.start() - 14) : match.start()])
        ):
            yield Hit("route", known[_key(match.group())]["route"], match.start(), match.end())


SIDES = {"left": "left|lt|l", "right": "right|rt|r", "bilateral": "bilateral|bilaterally|bilat|both"}
_SIDE = "|".join(SIDES.values())
BEFORE = re.compile(
    rf"(?<![A-Za-z0-9])(?P<side>{_SIDE})\.?\s+(?:(?:the|upper|lower|outer|lateral|anterior|posterior)\s+){{0,3}}$",
    re.IGNORECASE,
)
AFTER = re.compile(
    rf"^\s*(?:muscle|region|area)?\s*[,(/-]?\s*(?P<side>{_SIDE})(?![A-Za-z0-9'])(?:\s+side)?", re.IGNORECASE
)
ON_SIDE = re.compile(r"^(?:\s+\w+){0,3}\s+on\s+the\s+(?P<side>left|right)(?:\s+side)?\b", re.IGNORECASE)


def _side(word: str) -> str:
    return next(side for side, written in SIDES.items() if word.lower() in written.split("|"))


def sites(text: str) -> Iterator[Hit]:
    """Yield the sites of a text, each with its side in ``extra`` where one stands beside it."""
    pattern, known = _phrase_pattern("sites", "written")
    for match in pattern.finditer(text):
        if _plain(text, match.start(), match.group()):
            continue
        row = known[_key(match.group())]
        start, end = match.span()
        side: Hit | None = None
        if row["laterality"]:
            side = Hit("laterality", row["laterality"], start, end)
        elif before := BEFORE.search(text[max(0, start - 40) : start]):
            at = max(0, start - 40) + before.start("side")
            side = Hit("laterality", _side(before["side"]), at, at + len(before["side"]))
        elif (after := AFTER.match(text[end : end + 30])) or (after := ON_SIDE.match(text[end : end + 40])):
            at = end + after.start("side")
            side = Hit("laterality", _side(after["side"]), at, at + len(after["side"]))
        yield Hit("site", row["site"], start, end, (side,) if side else ())


def number(text: str) -> str:
    """Return a written number as a plain decimal string; ``1/2`` is 0.5."""
    plain = text.replace(",", "")
    if "/" in plain:
        top, bottom = plain.split("/")
        value = Decimal(top) / Decimal(bottom) if Decimal(bottom) else Decimal(0)
    else:
        value = Decimal(plain)
    shown = format(value.normalize(), "f")
    return "0" if shown == "-0" else shown


def unit(text: str) -> str:
    """Return the plain name of a written unit."""
    plain = " ".join(text.lower().split())
    return next(name for name, written in UNITS.items() if re.fullmatch(written, plain, re.IGNORECASE))


def quantities(text: str) -> Iterator[Hit]:
    """Yield doses, volumes and strengths: ``40 mg`` is a dose, ``1 mL`` a volume, ``40 mg/mL`` and ``1%`` a strength."""
    for match in QUANTITY.finditer(text):
        if (
            match["unit"].lower() in ("u", "g")
            and match["unit"].isupper()
            and match["unit"] == "G"
            and match.start() == 0
        ):
            continue
        named = unit(match["unit"])
        per = PER.match(text[match.end() :])
        if per is not None:
            end = match.end() + per.end()
            if re.search(r"ml|cc|vial", per.group(), re.IGNORECASE):
                yield Hit("strength", " ".join(text[match.start() : end].split()), match.start(), end)
            else:
                yield Hit("rate", text[match.start() : end], match.start(), end)
            continue
        at, stop = match.span("unit")
        if named == "mL":
            yield Hit("volume_ml", number(match["number"]), match.start(), match.end())
        else:
            value = Hit("unit", named, at, stop)
            yield Hit("dose", number(match["number"]), match.start(), match.end("number"), (value,))
    for match in PERCENT.finditer(text):
        yield Hit("strength", match.group().replace(" ", ""), match.start(), match.end())


def wastes(text: str) -> Iterator[Hit]:
    """Yield amounts discarded, with their unit in ``extra``; 0 where the text says that there was none."""
    for match in NO_WASTE.finditer(text):
        yield Hit("waste", "0", match.start(), match.end())
    for pattern in WASTE:
        for match in pattern.finditer(text):
            at, stop = match.span("unit")
            yield Hit(
                "waste",
                number(match["number"]),
                match.start(),
                match.end(),
                (Hit("waste_unit", unit(match["unit"]), at, stop),),
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
    for match in DATE.finditer(text):
        day = iso(match.group())
        if day is not None:
            yield Hit("date", day, *match.span())


NOT_THE_GIVER = "".join(
    f"(?<!{end} )" for end in "igned rdered eviewed pervised onfirmed erified uthenticated ttested ictated".split()
)
"""Ends of the words after which ``by`` names somebody else: signed by, ordered by ..."""


@cache
def _people() -> tuple[re.Pattern[str], ...]:
    pattern, _ = _phrase_pattern("credentials", "written")
    credential = pattern.pattern.replace("(?:", "(?P<credential>", 1).replace("(?<![A-Za-z0-9])", r"\b", 1)
    given = r"(?:given|administered|adm(?:in)?|injected|performed|vaccinated|inj(?:ection)?\s+given|provided)"
    return (
        re.compile(
            rf"\b(?i:{given}(?:\s+(?:IM|SC|SQ|IV|today|subcutaneously|intramuscularly))?\s*(?:by|:)\s*:?|giver\s*:|nurse\s*:|administering\s+\w+\s*:|vaccinator\s*:|injector\s*:)\s*"
            rf"(?:(?i:the\s+)?(?:(?P<name>{NAME})(?:\s*[,(]?\s*{credential}\)?)?|{credential.replace('credential', 'alone')}))"
        ),
        re.compile(
            rf"(?P<name>{NAME}),?\s+{credential}\s*,?\s+(?:has\s+)?(?i:administered|gave|injected|performed|vaccinated)\b"
        ),
        re.compile(rf"{NOT_THE_GIVER}\b[Bb]y\s*:?\s+(?P<name>{NAME})\s*[,(]?\s*{credential}"),
        re.compile(rf"{NOT_THE_GIVER}\b[Bb]y\s+(?P<name>{_CAP}[ ]+{_CAP})(?![ ]*[A-Z])"),
    )


@cache
def _alone() -> re.Pattern[str]:
    pattern, _ = _phrase_pattern("credentials", "written")
    credential = pattern.pattern.replace("(?:", "(?P<credential>", 1).replace("(?<![A-Za-z0-9])", r"\b", 1)
    return re.compile(
        rf"(?<!igned )(?<!rdered )(?<!eviewed )(?<!pervised )\b[Bb]y\s+(?:the\s+|clinic\s+|office\s+|staff\s+)*{credential}"
    )


ORDERED_BY = re.compile(
    rf"\b(?:(?i:(?:verbal\s+|written\s+|standing\s+|telephone\s+)?order(?:ed|ing)?\s*(?:provider|physician|clinician|md)?\s*(?:by|from|of|per|:)\s*:?|per(?:\s+(?:the\s+)?(?:order\s+of|orders\s+(?:of|from)|order\s+from|order))?|v\.?o\.?\s*(?:from|by|per)?|by\s+order\s+of))\s+"
    rf"(?P<value>Dr\.?\s+{_CAP}(?:\s+{_CAP})?|{_CAP}\s+{_CAP}(?:\s+{_CAP})?(?:,\s*(?:MD|DO|NP|PA|FNP|APRN|PA-C|DNP)\b)?|{_CAP},\s*(?:MD|DO|NP|PA|FNP|APRN|PA-C|DNP)\b)"
)
ORDER = re.compile(
    r"\b(?:per\s+(?:physician'?s?\s+|provider'?s?\s+|md\s+|standing\s+|verbal\s+)?(?:orders?|protocol)|(?:verbal|written|standing|signed|telephone|physician|provider)\s+orders?|orders?\s*:|orders?\s+(?:verified|reviewed|checked|confirmed|placed|received|on\s+file|by)|as\s+ordered|ordered)\b",
    re.IGNORECASE,
)


def people(text: str) -> Iterator[Hit]:
    """Yield who gave and who ordered; the credential stands in ``extra`` of the giver."""
    taken: list[Hit] = []
    _, known = _phrase_pattern("credentials", "written")
    for pattern in _people():
        for match in pattern.finditer(text):
            groups = match.groupdict()
            written = groups.get("credential") or groups.get("alone")
            group = "credential" if groups.get("credential") else "alone"
            credential = Hit("credential", known[_key(written)]["credential"], *match.span(group)) if written else None
            name = (match["name"] or "").rstrip(" .,")
            first, _, rest = name.partition(" ")
            if rest and _key(first) in known:
                # ``RN Kelly Brown``: the credential stands first.
                at = match.start("name")
                credential = credential or Hit("credential", known[_key(first)]["credential"], at, at + len(first))
                moved = at + len(name) - len(rest.lstrip())
                hit = Hit("giver", rest.lstrip(), moved, moved + len(rest.lstrip()), (credential,))
                if not any(hit.overlaps(other) for other in taken):
                    taken.append(hit)
                    yield hit
                continue
            if name and _key(name) in known:
                credential = credential or Hit("credential", known[_key(name)]["credential"], *match.span("name"))
                name = ""
            at = match.start("name") if name else credential.start if credential else match.start()
            hit = Hit(
                "giver" if name else "credential",
                name or (credential.value if credential else ""),
                at,
                at + len(name or (written or match["name"])),
                (credential,) if credential and name else (),
            )
            if not any(hit.overlaps(other) for other in taken):
                taken.append(hit)
                yield hit
    for match in _alone().finditer(text):
        hit = Hit("credential", known[_key(match["credential"])]["credential"], *match.span("credential"))
        if not any(hit.overlaps(other) or any(hit.overlaps(extra) for extra in other.extra) for other in taken):
            yield hit
    for match in ORDERED_BY.finditer(text):
        yield Hit(
            "orderer",
            match["value"].rstrip(" ."),
            match.start("value"),
            match.start("value") + len(match["value"].rstrip(" .")),
        )
    for match in ORDER.finditer(text):
        yield Hit("order", "yes", *match.span())


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
    for hit in quantities(text):
        if not any(hit.overlaps(other) for other in (*waste, *(p for p in product if p.field != "time"))):
            found.append(hit)  # noqa: PERF401 - the condition is long enough
    found += [
        Hit("frequency", " ".join(match.group().lower().split()), *match.span()) for match in FREQUENCY.finditer(text)
    ]
    return sorted(found, key=lambda hit: (hit.start, hit.end))
