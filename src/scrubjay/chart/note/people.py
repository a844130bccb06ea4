"""Who gave an injection and who ordered it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from scrubjay.chart.note.hit import Hit, key, phrase_pattern

_CAP = r"(?:[A-Z]\.|[A-Z][A-Za-z'’-]*)"
NAME = rf"(?:Dr\.?[ ]+)?{_CAP}(?:[ ]+{_CAP}){{0,2}}"

NOT_THE_GIVER = "".join(
    f"(?<!{end} )" for end in "igned rdered eviewed pervised onfirmed erified uthenticated ttested ictated".split()
)
"""Ends of the words after which ``by`` names somebody else: signed by, ordered by ..."""


@cache
def _people() -> tuple[re.Pattern[str], ...]:
    pattern, _ = phrase_pattern("credentials", "written")
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
    pattern, _ = phrase_pattern("credentials", "written")
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
    _, known = phrase_pattern("credentials", "written")
    for pattern in _people():
        for match in pattern.finditer(text):
            groups = match.groupdict()
            written = groups.get("credential") or groups.get("alone")
            group = "credential" if groups.get("credential") else "alone"
            credential = Hit("credential", known[key(written)]["credential"], *match.span(group)) if written else None
            name = (match["name"] or "").rstrip(" .,")
            first, _, rest = name.partition(" ")
            if rest and key(first) in known:
                # ``RN Kelly Brown``: the credential stands first.
                at = match.start("name")
                credential = credential or Hit("credential", known[key(first)]["credential"], at, at + len(first))
                moved = at + len(name) - len(rest.lstrip())
                hit = Hit("giver", rest.lstrip(), moved, moved + len(rest.lstrip()), (credential,))
                if not any(hit.overlaps(other) for other in taken):
                    taken.append(hit)
                    yield hit
                continue
            if name and key(name) in known:
                credential = credential or Hit("credential", known[key(name)]["credential"], *match.span("name"))
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
        hit = Hit("credential", known[key(match["credential"])]["credential"], *match.span("credential"))
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
