"""What the chart says of a needle that decides the code of its procedure: facts in the words of the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from scrubjay.chart.model import Administration
from scrubjay.chart.tables import phrases, rows

COUNTS = ("muscles", "lesions", "levels", "injections", "tests")
"""Facts that are numbers and stand in a field of their own."""
WORDED = ("procedure", "nerve", "site", "route")
"""Fields whose words say what was treated, the most telling first."""
PLAIN = frozenset({"IM", "SC", "IV", "IV-push", "IA"})
"""Routes that say themselves where the needle went."""
_LEVEL = re.compile(r"(?<![A-Za-z0-9])[CTLS]\d{1,2}\s*[-/]\s*[CTLS]?\d{1,2}(?!\d)")
_SAID = {
    "size": "the joint or bursa", "part": "whether the tendon sheath or the tendon's origin", "muscles": "the number of muscles",
    "lesions": "the number of lesions", "tests": "the number of tests", "injections": "the number of injections",
    "levels": "the number of levels", "nerve": "the nerve", "region": "the part of the body", "approach": "the approach",
    "level": "the level of the spine", "guidance": "whether imaging guided the needle, and which",
    "reported": "whether images were kept and reported", "test": "the kind of test", "minutes": "start and stop",
    "reason": "the reason",
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A code with what it was chosen by, or the candidates and the facts that decide between them."""

    code: str | None
    further: tuple[str, ...] = ()
    per: str = ""
    why: str = ""
    candidates: tuple[tuple[str, str], ...] = ()
    open: tuple[str, ...] = ()


def spoken(given: Administration, names: Iterable[str] = WORDED) -> str:
    """Return the words of some fields: as written, and as they are read."""
    values = [getattr(given, name) for name in names]
    return " | ".join(f"{value.text or ''} {value.value}" for value in values if value is not None)


@cache
def _pattern(fact: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for row in rows("targets"):
        if row["fact"] == fact:
            words = "|".join(re.escape(word).replace(r"\ ", r"[\s-]+") for word in phrases(row["words"]))
            found.append((row["value"], re.compile(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])", re.IGNORECASE)))
    return tuple(found)


def named(fact: str, words: str) -> str | None:
    """Return the value of a fact whose words stand in a text; None where none does."""
    return next((value for value, pattern in _pattern(fact) if pattern.search(words)), None)


def all_named(fact: str, words: str) -> list[str]:
    """Return every value of a fact whose words stand in a text."""
    return [value for value, pattern in _pattern(fact) if pattern.search(words)]


def procedure_of(given: Administration) -> str | None:
    """Return what the needle did where the chart says it: a trigger point, a nerve block; None for a plain injection."""
    stated = given.get("procedure")
    if stated is not None:
        return named("procedure", f"{stated} {given.procedure.text or '' if given.procedure else ''}") or stated
    if given.nerve is not None:
        return "nerve block"
    if given.route is not None and given.route.value in PLAIN:
        return None
    found = named("procedure", spoken(given, ("site", "route")))
    return None if found == "joint" and given.route is not None else found


def facts_of(given: Administration) -> dict[str, str]:
    """Return the facts of one administration by name; what the chart does not say is absent."""
    words = spoken(given)
    found: dict[str, str] = {}
    for fact in ("size", "part", "approach", "level", "test", "region"):
        if (value := named(fact, words)) is not None:
            found[fact] = value
    nerve = named("nerve", spoken(given, ("nerve",))) or named("nerve", words)
    if nerve is not None:
        found["nerve"] = nerve
    if given.guidance is not None:
        found["guidance"] = named("imaging", spoken(given, ("guidance",))) or given.guidance.value
    if given.guidance_report is not None:
        found["reported"] = given.guidance_report.value.lower()
    for fact in COUNTS:
        value = getattr(given, fact)
        if value is not None and value.decimal is not None:
            found[fact] = value.value
    if "muscles" not in found and (muscles := all_named("muscle", words)):
        found["muscles"] = str(len(muscles))
    if "levels" not in found and (levels := set(_LEVEL.findall(words))):
        found["levels"] = str(len(levels))
    if (reason := named("reason", diagnosis_words(given))) is not None:
        found["reason"] = reason
        if reason == "chronic migraine":
            # Its points lie over head and neck together: a face is part of them, a neck alone decides nothing.
            found = {fact: "head" if (fact, value) == ("region", "face") else value for fact, value in found.items()}
            if found.get("region") == "neck":
                del found["region"]
    return found


def diagnosis_words(given: Administration) -> str:
    """Return the diagnosis of an administration as words, a code with its point."""
    own = spoken(given, ("diagnosis",))
    return re.sub(r"\b([A-Z]\d[0-9A-Z])(?=[0-9A-Z])", r"\1.", own)


def hydrating(given: Administration) -> bool:
    """Say whether the chart says that fluid was given to hydrate: in so many words, or by the diagnosis of it."""
    if given.purpose is not None:
        return given.purpose.value.lower() == "hydration"
    return named("hydrating", diagnosis_words(given)) is not None


def choose(family: str, facts: dict[str, str]) -> Choice:
    """Return the first row of a family that the facts fit; else the candidates that they leave, with what is open."""
    candidates: list[tuple[str, str]] = []
    opened: list[str] = []
    unreported: list[str] = []
    for row in rows("procedures"):
        if row["family"] != family:
            continue
        states = {fact: _state(fact, wanted, facts) for fact, wanted in _conditions(row["when"])}
        if "no" in states.values():
            continue
        unknown = [fact for fact, state in states.items() if state == "open"]
        if not unknown:
            open_ = ("reported",) if unreported else ()
            shown = tuple((code, "") for code in unreported)
            return Choice(
                row["code"],
                tuple(phrases(row["further"])),
                row["per"],
                f"{row['words']} ({row['source']})",
                shown,
                open_,
            )
        if unknown == ["reported"]:
            unreported.append(row["code"])
        candidates.append((row["code"], row["words"]))
        opened += [fact for fact in unknown if fact not in opened]
    return Choice(None, candidates=tuple(candidates), open=tuple(opened))


def question(choice: Choice, name: str, what: str) -> str:
    """Return what must be known to choose a code, naming the candidates."""
    if not choice.candidates:
        return f"the procedure code of {name}: the chart's words fit none of the table's codes for {what}"
    said = [_SAID.get(fact, fact) for fact in choice.open]
    facts = " and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said)
    listed = ", ".join(f"{code} ({words})" if words else code for code, words in choice.candidates)
    return f"{facts}, for {what} with {name}: to choose {'between ' if len(choice.candidates) > 1 else ''}{listed}"


def _conditions(when: str) -> list[tuple[str, str]]:
    return [(fact, wanted) for part in when.split(";") for fact, _, wanted in (part.partition("="),)]


def _state(fact: str, wanted: str, facts: dict[str, str]) -> str:
    value = facts.get(fact)
    options = wanted.split("|")
    if value is None:
        return "yes" if "?" in options else "open"
    for option in options:
        low, dots, high = option.partition("..")
        if not dots:
            if value == option:
                return "yes"
            continue
        try:
            number = Decimal(value)
        except ArithmeticError:
            return "open"
        if (not low or number >= Decimal(low)) and (not high or number <= Decimal(high)):
            return "yes"
    return "no"
