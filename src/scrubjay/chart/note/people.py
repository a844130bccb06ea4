"""Who gave an injection and who ordered it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache

from scrubjay.chart.note.hit import Hit, any_of, key, listed, phrase_pattern

_CAP = r"(?:[A-Z]\.|[A-Z][A-Za-z'’-]*)"
NO_NAME = (
    "today|tomorrow|yesterday|date|time|at|on|in|to|and|the|for|with|lot|exp|per|no|none|left|right|im|sc|sq|iv|site"
    "|route|dose|ems|emt|medics?|paramedics?|patient|pt|self|nurse|nursing|staff|provider|physician|clinic|pharmacist|pharmacy|technician|tech|assistant|doctor|clinician|monday"
    "|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september"
    "|october|november|december"
)
"""Words with a capital that are no part of a person's name."""
NOT_THE_GIVER = "".join(
    f"(?<!{end} )" for end in "igned rdered eviewed pervised onfirmed erified uthenticated ttested ictated".split()
)
"""Ends of the words after which ``by`` names somebody else: signed by, ordered by ..."""
GAVE = r"(?:administered|gave|injected|performed|vaccinated)"
GIVEN_BY = re.compile(
    r"\b(?:given|administered|adm(?:in)?|injected|performed|vaccinated|inj(?:ection)?\s+given|provided)\b\.?"
    r"(?:\s+(?:IM|SC|SQ|IV|today|subcutaneously|intramuscularly))?\s*(?:\bby\b|:)\s*:?\s*"
    r"|\b(?:giver|nurse|administering\s+\w+|vaccinator|injector|injected\s+by)\s*:\s*|(?:^|(?<=[\n•|*-]))[ \t]*by\s*:\s*",
    re.IGNORECASE | re.MULTILINE,
)
GIVEN_THEN_BY = re.compile(
    r"\b(?i:given|administered|injected)\b(?:\s+(?!by\b)[\w,()/]+){1,6}\s+by\s+(?=(?:Dr\.?\s+)?[A-Z])"
)
"""``Given IM left deltoid by Dr. Martinez``."""
BY = re.compile(rf"{NOT_THE_GIVER}\bby\s*:?\s+", re.IGNORECASE)


@cache
def _credential() -> str:
    """Return the pattern of a credential, as it is written: capitals count."""
    return rf"\b{any_of(listed('credentials', 'written'))}(?![A-Za-z0-9])"


@cache
def _person() -> re.Pattern[str]:
    """Return the pattern of a person: a credential and a name in either order, or one of them."""
    credential = _credential()
    part = rf"(?!{credential})(?!(?i:{NO_NAME})(?![A-Za-z'’-])){_CAP}"
    name = rf"(?:Dr\.?[ ]+)?{part}(?:[ ]+{part}){{0,2}}"
    return re.compile(
        rf"(?i:the\s+|clinic\s+|office\s+|staff\s+|(?:nurse|pharmacist|technician)\s+(?=[A-Z]))*(?:(?P<first>{credential})\s+(?=(?-i:{part})))?"
        rf"(?:(?P<name>{name})(?:\s*[,(-]?\s*(?P<credential>{credential})\)?)?|(?P<alone>{credential}))"
    )


@cache
def _gave() -> re.Pattern[str]:
    """Return the pattern of a person before the verb: ``M. Lopez RN gave``."""
    return re.compile(
        rf"(?P<name>{_CAP}(?:[ ]+{_CAP}){{0,2}}?),?\s+(?P<credential>{_credential()})\s*,?\s+(?:has\s+)?(?i:{GAVE})\b"
    )


ORDERED_BY = re.compile(
    rf"\b(?:(?i:(?:verbal\s+|written\s+|standing\s+|telephone\s+)?order(?:ed|ing)?\s*(?:provider|physician|clinician|md)?\s*(?:by|from|of|per|:)\s*:?|per(?:\s+(?:the\s+)?(?:order\s+of|orders\s+(?:of|from)|order\s+from|order))?|v\.?o\.?\s*(?:from|by|per)?|by\s+order\s+of))\s+"
    rf"(?P<value>Dr\.?\s+{_CAP}(?:\s+{_CAP})?|{_CAP}\s+{_CAP}(?:\s+{_CAP})?(?:,\s*(?:MD|DO|NP|PA|FNP|APRN|PA-C|DNP)\b)?|{_CAP},\s*(?:MD|DO|NP|PA|FNP|APRN|PA-C|DNP)\b)"
)
ORDER = re.compile(
    r"\b(?:per\s+(?:physician'?s?\s+|provider'?s?\s+|md\s+|standing\s+|verbal\s+)?(?:orders?|protocol)|(?:verbal|written|standing|signed|telephone|physician|provider)\s+orders?|orders?\s*:|orders?\s+(?:verified|reviewed|checked|confirmed|placed|received|on\s+file|by)|as\s+ordered|ordered)\b",
    re.IGNORECASE,
)


def person(match: re.Match[str]) -> Hit:
    """Return who a match names: a giver with the credential in ``extra``, or the credential alone."""
    _, known = phrase_pattern("credentials", "written")
    groups = match.groupdict()
    group = next((one for one in ("credential", "first", "alone") if groups.get(one)), None)
    credential = Hit("credential", known[key(groups[group])]["credential"], *match.span(group)) if group else None
    if groups.get("name"):
        name = match["name"].rstrip(" .,")
        at = match.start("name")
        return Hit("giver", name, at, at + len(name), (credential,) if credential else ())
    assert credential is not None
    return credential


def giver_at(text: str, start: int, end: int) -> Hit | None:
    """Return the person a cell of a table names."""
    match = _person().match(text, start, end)
    return person(match) if match else None


def _givers(text: str) -> Iterator[Hit]:
    for match in itertools.chain(GIVEN_BY.finditer(text), GIVEN_THEN_BY.finditer(text)):
        found = _person().match(text, match.end())
        if found and (found["name"] or found["alone"]):
            yield person(found)
    for match in _gave().finditer(text):
        yield person(match)
    for match in BY.finditer(text):
        found = _person().match(text, match.end())
        # Without a credential only a name of two words that ends there is a person: not ``by Lupron``.
        if found and (found["credential"] or found["first"] or found["alone"] or _full(text, found)):
            yield person(found)


def _full(text: str, found: re.Match[str]) -> bool:
    words = found["name"].split()
    return len(words) == 2 and words[0] not in ("Dr.", "Dr") and not re.match(r"[ ]*[A-Z]", text[found.end("name") :])


def people(text: str) -> Iterator[Hit]:
    """Yield who gave and who ordered; the credential stands in ``extra`` of the giver."""
    taken: list[Hit] = []
    for hit in _givers(text):
        if not any(hit.overlaps(one) for other in taken for one in (other, *other.extra)):
            taken.append(hit)
            yield hit
    for match in ORDERED_BY.finditer(text):
        value = match["value"].rstrip(" .")
        yield Hit("orderer", value, match.start("value"), match.start("value") + len(value))
    for match in ORDER.finditer(text):
        yield Hit("order", "yes", *match.span())
