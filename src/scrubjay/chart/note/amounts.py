"""Doses, volumes, strengths and wasted amounts in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from scrubjay.chart.note.hit import Hit

NUMBER = (
    r"(?:\d{1,3},\d{1,2}(?![\d,])|0,\d{1,4}(?![\d,])|\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,6})?|\d{1,9}(?:\.\d{1,6})?"
    r"|\.\d{1,6}|\d{1,3}/\d{1,3})"
)
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
WORDS = {"one-half": "0.5", "half": "0.5"} | dict(
    zip("one two three four five six seven eight nine ten".split(), map(str, range(1, 11)), strict=True)
)
"""Numbers written out; only before a unit."""
QUANTITY = re.compile(
    rf"(?<![\w.,/-])(?P<number>{NUMBER}|(?:{'|'.join(WORDS)})(?=[\s-]))\s?-?\s?(?P<unit>{_UNIT}){_END}", re.IGNORECASE
)
RANGE = re.compile(
    rf"{NUMBER}\s?(?P<first>{_UNIT})?\s?(?:-|–|to|or)\s?{NUMBER}\s?(?P<unit>{_UNIT}){_END}", re.IGNORECASE
)
"""``25-50 mg``: which of the two was given is not said."""
PER = re.compile(
    rf"\s{{0,3}}(?:/|per)\s{{0,3}}(?:{NUMBER})?\s*(?:ml|cc|kg|vial|day|hr|hour|minute|min|m2|dl|l|mcg|mg){_END}",
    re.IGNORECASE,
)
_FLUID = (
    r"(?:NS|NSS|(?:normal\s+|bacteriostatic\s+)?saline|D5\w*|LR|lactated\s+ringer'?s|(?:sterile|bacteriostatic)\s+water|NaCl"
    r"|sodium\s+chloride|SWFI)"
)
FLUID_AFTER = re.compile(rf"\s*(?:of\s+)?(?:preservative[- ]free\s+)?(?:0?\.\d+\s?%\s+)?{_FLUID}\b", re.IGNORECASE)
FLUID_BEFORE = re.compile(rf"\b{_FLUID}\s*,?\s*$", re.IGNORECASE)
"""A volume of saline or water is a flush, a diluent or a bag, not that of the drug."""
PERCENT = re.compile(r"(?<![\w.])(?P<number>\d{0,4}\.?\d{1,6})\s?%")
_AMOUNT = rf"(?<![\w.,/])(?P<number>{NUMBER})\s?(?P<unit>{_UNIT}){_END}"
WASTE = [
    re.compile(
        rf"\b(?:wast(?:ed?|age)|discard(?:ed)?)\b(?:\s+(?:amount|is|was|of|remaining))*\s*[:=]?\s*{_AMOUNT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_AMOUNT}\)?(?:\s+(?:of|remaining|left|over|in|the|vial|drug|medication|unused|was|were|from|single[- ]dose))*"
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


def number(text: str) -> str:
    """Return a written number as a plain decimal string; ``1/2`` is 0.5."""
    plain = text.lower()
    if plain in WORDS:
        return WORDS[plain]
    plain = re.sub(r"^(\d+),(?!\d{3}(?:,|\.|$))", r"\1.", plain).replace(",", "")  # 0,5 mL, but 1,200,000 units
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
    ranges = [
        match.span()
        for match in RANGE.finditer(text)
        if not match["first"] or unit(match["first"]) == unit(match["unit"])
    ]
    for match in QUANTITY.finditer(text):
        if any(low <= match.start() < high for low, high in ranges):
            continue
        if match["unit"] == "G" and match.start() == 0:
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
        if named == "mL" and (
            FLUID_AFTER.match(text, match.end())
            or FLUID_BEFORE.search(text[max(0, match.start() - 20) : match.start()])
        ):
            continue
        if named == "mL":
            yield Hit("volume_ml", number(match["number"]), match.start(), match.end())
        else:
            value = Hit("unit", named, at, stop)
            yield Hit("dose", number(match["number"]), match.start(), match.end("number"), (value,))
    for match in PERCENT.finditer(text):
        yield Hit("strength", match.group().replace(" ", ""), match.start(), match.end())


MOST_ML = 5
"""The most millilitres a container may hold to be taken for one dose: ``40 mg/0.4 mL`` is a syringe, not a stock."""
CONTAINER = re.compile(
    rf"(?P<number>{NUMBER})\s?(?P<unit>{_UNIT})\s{{0,3}}(?:/|per)\s{{0,3}}(?P<volume>{NUMBER})\s?(?:ml|cc){_END}",
    re.IGNORECASE,
)


def contents(text: str, strength: Hit) -> list[Hit]:
    """Return dose and volume of a container whose volume is written, such as ``40 mg/0.4 mL``; none for ``40 mg/mL``."""
    match = CONTAINER.match(text, strength.start, strength.end)
    if match is None or Decimal(number(match["volume"])) > MOST_ML or unit(match["unit"]) == "mL":
        return []
    named = Hit("unit", unit(match["unit"]), *match.span("unit"))
    return [
        Hit("dose", number(match["number"]), *match.span("number"), (named,)),
        Hit("volume_ml", number(match["volume"]), *match.span("volume")),
    ]


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
