"""Procedures done with a needle: joints, tendons, nerves, lesions, tests; one for each place and side, never more."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from scrubjay.chart.coding.administer import Outcome, alternatives
from scrubjay.chart.coding.drugs import Product
from scrubjay.chart.coding.facts import Choice, choose, facts_of, question, spoken
from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.coding.services import Service
from scrubjay.chart.coding.vein import further_hours, minutes_of
from scrubjay.chart.model import Administration
from scrubjay.chart.tables import phrases, rows

POOLED = {
    "trigger": "muscles", "lesion": "lesions", "lesion-chemo": "lesions", "allergen": "injections", "skin-test": "tests",
}  # fmt: skip
"""Families whose code counts over the whole day, and what they count."""
_WHAT = {
    "joint": "the joint or bursa", "tendon": "the tendon", "trigger": "the trigger points", "allergen": "the allergen",
    "skin-test": "the skin tests", "lesion": "the lesions", "lesion-chemo": "the lesions", "epidural": "the epidural",
    "facet": "the facet joints", "block": "the nerve block", "chemodenervation": "the chemodenervation",
    "artery-chemo": "the artery",
}  # fmt: skip
_SIDE = re.compile(r"\b(left|right|bilateral|both)\b", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(?:shots|injections)\b", re.IGNORECASE)
BOTH = "50"
TWICE = ("1", "3")
"""Indicators of the fee schedule for codes that are of one side, so that both sides are two."""


@dataclass
class Needle:
    """One administration that is a procedure, with the facts of the chart that decide its code."""

    at: int
    given: Administration
    product: Product
    outcome: Outcome
    day: dt.date
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The family of codes, empty where the table names one code."""
        return (self.outcome.code or "") if self.outcome.kind == "family" else ""


@dataclass
class _Done:
    """One procedure: a code, at a place and a side."""

    code: str
    units: Decimal
    of: list[int]
    place: str
    side: str | None
    digit: str | None
    why: list[str]
    further: tuple[str, ...] = ()
    per: str = ""
    levels: int = 1
    day: dt.date | None = None
    name: str = ""


@dataclass
class Needles:
    """The services of procedures, what is missing and what was not chosen."""

    services: list[Service] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


def needle(at: int, given: Administration, product: Product, outcome: Outcome, day: dt.date) -> Needle:
    """Return an administration as a procedure, with its facts."""
    facts = facts_of(given)
    minutes = minutes_of(given)
    if minutes is not None:
        facts["minutes"] = str(minutes)
    if outcome.code == "allergen" and "injections" not in facts and not _SEVERAL.search(spoken(given, ("drug",))):
        facts["injections"] = "1"
    if outcome.code == "skin-test" and "test" not in facts and given.get("route") == "intradermal" and "tests" in facts:
        facts["test"] = "intradermal"
    return Needle(at, given, product, outcome, day, facts)


def procedures(needles: list[Needle], tables: Tables, stated: set[str], *, two_lines: bool) -> Needles:
    """Return the services of a visit's procedures; ``stated`` are the codes of procedures that the chart codes itself.

    Several drugs through one needle are one procedure.  Both sides of one place are one line with 50, the form of
    Medicare, or with ``two_lines`` a line for each side; one side takes LT, RT or the modifier of its digit.
    """
    out = Needles()
    done: list[_Done] = []
    for group in _groups(needles):
        found = _decide(group, out, stated)
        if found is not None:
            done.append(found)
    _limbs(done)
    codes = dict.fromkeys((one.code, one.day) for one in done)
    for code, day in codes:
        same = [one for one in done if (one.code, one.day) == (code, day)]
        indicator = tables.bilateral(code, day or dt.date.max)
        if indicator in TWICE:
            out.services += _sided(same, out, two_lines=two_lines)
        else:
            out.services += _plain(same, once=indicator == "2")
    return out


def _groups(needles: list[Needle]) -> Iterator[list[Needle]]:
    """Yield the needles of one procedure: one place and side, or the whole day where the code counts over it."""
    grouped: dict[tuple[object, ...], list[Needle]] = {}
    for one in needles:
        shared = next((other for other in needles if other.at == one.given.same_syringe), None)
        own = shared if shared is not None else one
        key: tuple[object, ...]
        if own.family in POOLED:
            key = (own.day, own.family, own.facts.get("test"))
        else:
            key = (own.day, own.family, own.outcome.code, _place(own), _side(own.given))
        grouped.setdefault(key, []).append(one)
    yield from grouped.values()


def _place(one: Needle) -> str:
    if one.family == "block":
        return one.facts.get("nerve", "")
    if one.family in ("epidural", "facet"):
        return f"{one.facts.get('level', '')} {one.facts.get('approach', '')}"
    digit = _digit(one.given)
    return " ".join(
        word for word in (one.given.get("site") or "", one.facts.get("part") or "", digit or "") if word
    ).lower()


def _side(given: Administration) -> str | None:
    """Return left, right or bilateral; None where the chart says no side, or a word that is none."""
    stated = given.get("laterality")
    words = spoken(given, ("site", "nerve", "procedure")) if stated is None else stated
    found = _SIDE.search(words)
    return None if found is None else {"both": "bilateral"}.get(found[1].lower(), found[1].lower())


def _digit(given: Administration) -> str | None:
    words = spoken(given, ("site",)).lower()
    for row in rows("digits"):
        if any(re.search(rf"\b{re.escape(word)}\b", words) for word in phrases(row["words"])):
            return phrases(row["words"])[0]
    return None


def _decide(group: list[Needle], out: Needles, stated: set[str]) -> _Done | None:
    """Choose the code of one procedure; what is open is asked and named with its candidates."""
    first = group[0]
    facts = dict(first.facts)
    for other in group[1:]:
        for name, value in other.facts.items():
            facts.setdefault(name, value)
    counted = POOLED.get(first.family)
    if counted is not None:
        total = _pooled(group, counted)
        facts = {name: value for name, value in facts.items() if name != counted}
        if total is not None:
            facts[counted] = str(total)
    name = " and ".join(dict.fromkeys(one.product.name for one in group))
    what = _WHAT.get(first.family, first.family)
    choice = choose(first.family, facts) if first.family else Choice(first.outcome.code)
    choice = _as_coded(choice, stated)
    if choice.code is None:
        out.missing.append(question(choice, name, what))
        return None
    if choice.open:
        if facts.get("reported") is None:
            out.missing.append(question(choice, name, what))
        out.rejected += [(code, "no image kept and reported is documented") for code, _ in choice.candidates]
    for code in _unguided(choice, facts, first.family):
        out.rejected.append(code)
    key = first.family or choice.code
    out.rejected += alternatives(key, first.given, first.product)
    units = Decimal(facts["tests"]) if choice.per == "tests" else Decimal(1)
    said = ", ".join(f"{fact} {facts[fact]}" for fact in ("nerve", "region", counted or "", "levels") if fact in facts)
    site = spoken_place(first.given)
    head = f"{name}{f', {site}' if site else ''}{f' ({said})' if said else ''}"
    reasons = [f"{head}: {f'{choice.why}; ' if choice.why else ''}{first.outcome.why}"]
    levels = int(Decimal(facts.get("levels", "1"))) if choice.per == "levels" else 1
    if choice.per == "hours":
        levels = 1 + further_hours(int(facts["minutes"]))
    return _Done(
        choice.code, units, [one.at for one in group], _place(first), _side(first.given),
        _digit(first.given) if first.family in ("joint", "tendon") else None, reasons, choice.further, choice.per, levels,
        first.day, name,
    )  # fmt: skip


_OF_PLACE = ("size", "part", "nerve", "region", "level", "test")


def kin(code: str) -> tuple[str, str] | None:
    """Return the family of a procedure's code and the place it is for: two codes of one kin are never both one needle.

    None where the table has no such code.
    """
    for row in rows("procedures"):
        if code == row["code"] or code in phrases(row["further"]):
            place = [part for part in row["when"].split(";") if part.partition("=")[0] in _OF_PLACE]
            return row["family"], ";".join(place)
    return None


def _as_coded(choice: Choice, stated: set[str]) -> Choice:
    """Take the one candidate that the chart codes itself, where its facts leave several."""
    own = [(code, words) for code, words in choice.candidates if code in stated]
    if choice.code is None and len({code for code, _ in own}) == 1:
        return Choice(own[0][0], why=f"{own[0][1]}, as the chart codes it")
    return choice


def spoken_place(given: Administration) -> str:
    """Return side and site in words."""
    return " ".join(word for word in (given.get("laterality"), given.get("site")) if word)


def _unguided(choice: Choice, facts: dict[str, str], family: str) -> Iterator[tuple[str, str]]:
    """Yield the codes for guided needles that were not chosen, with the reason."""
    if family != "joint" or any(code for code, _ in choice.candidates):
        return
    guidance = facts.get("guidance")
    for row in rows("procedures"):
        own = row["family"] == family and f"size={facts.get('size')};" in row["when"]
        if own and row["code"] != choice.code:
            if guidance == "ultrasound":
                yield row["code"], "the chart says that no images were kept and reported"
            else:
                yield row["code"], f"no ultrasound guidance is documented{f', but {guidance}' if guidance else ''}"
    if guidance in ("fluoroscopy", "CT"):
        yield "77002", f"not decided: guidance by {guidance} of a joint has a code of its own, with its own report"


def _pooled(group: list[Needle], counted: str) -> Decimal | None:
    """Return the count of a day; two drugs through one needle, or told of one place with one count, count once."""
    total = Decimal(0)
    seen: set[tuple[object, ...]] = set()
    for one in group:
        value = one.facts.get(counted)
        if any(other.at == one.given.same_syringe for other in group if other is not one):
            continue
        place = (_place(one), _side(one.given), value)
        if counted in ("muscles", "lesions") and place in seen:
            continue
        if value is None:
            return None
        seen.add(place)
        total += Decimal(value)
    return total


def _limbs(done: list[_Done]) -> None:
    """Let the limb with most muscles be the first, and the others further ones."""
    limbs = sorted((one for one in done if one.per == "limb"), key=lambda one: one.code, reverse=True)
    for one in limbs[1:]:
        one.code = one.further[0]


def _plain(same: list[_Done], *, once: bool) -> list[Service]:
    """Return the services of a code without sides: its units summed, once where it holds both sides already."""
    first = same[0]
    units = Decimal(1) if once else sum((one.units for one in same), Decimal(0))
    of = [at for one in same for at in one.of]
    service = Service(first.code, units, of, [word for one in same for word in one.why], first.day)
    return [service, *(further for one in same for further in _further(one, []))]


def _sided(same: list[_Done], out: Needles, *, two_lines: bool) -> list[Service]:
    lines: dict[tuple[str, ...], Service] = {}
    result: list[Service] = []
    for one, modifiers, twice in _by_side(same, out, two_lines=two_lines):
        key = tuple(modifiers)
        held = lines.get(key)
        if held is None:
            held = lines[key] = Service(
                one.code, Decimal(0), [], [], one.day, modifiers, list(modifiers), 2 if twice else 1
            )
            result.append(held)
        held.units += one.units
        held.of += [at for at in one.of if at not in held.of]
        held.why += one.why
        for further in _further(one, modifiers):
            further.times = held.times
            result.append(further)
    return result


def _by_side(same: list[_Done], out: Needles, *, two_lines: bool) -> Iterator[tuple[_Done, list[str], bool]]:
    """Yield each procedure with its modifiers, and whether it was done on both sides under one unit."""
    places: dict[str, list[_Done]] = {}
    for one in same:
        places.setdefault(one.place, []).append(one)
    for place in places.values():
        sides = {one.side for one in place}
        if "bilateral" in sides or {"left", "right"} <= sides:
            both = replace(
                place[0], of=[at for one in place for at in one.of], why=[w for one in place for w in one.why]
            )
            if two_lines:
                for side in ("left", "right"):
                    why = [*both.why, "both sides: a line for each (this payer)"]
                    yield replace(both, why=why), [_modifier(both.digit, side)], False
                continue
            both.why.append("both sides: one line with 50 and one unit (Medicare's form, which this policy follows)")
            yield both, [BOTH], True
            continue
        for one in place:
            if one.side is None:
                out.missing.append(f"the side of the procedure with {one.name} ({one.code}): LT or RT depends on it")
                yield one, [], False
            else:
                yield one, [_modifier(one.digit, one.side)], False


def side_modifiers(code: str, side: str | None, tables: Tables, day: dt.date) -> str | None:
    """Return the modifier of a side for a code that is of one side; None for other codes, or without a side."""
    if side is None or tables.bilateral(code, day) not in TWICE:
        return None
    return BOTH if side == "bilateral" else _modifier(None, side)


def _modifier(digit: str | None, side: str) -> str:
    row = next((row for row in rows("digits") if digit is not None and digit == phrases(row["words"])[0]), None)
    if row is not None:
        return row[side]
    return {"left": "LT", "right": "RT"}[side]


def _further(one: _Done, modifiers: list[str]) -> Iterator[Service]:
    """Yield the codes of further levels or hours of a procedure."""
    extra = one.levels - 1
    if extra <= 0 or not one.further or one.per == "limb":
        return
    unit = "hour" if one.per == "hours" else "level"
    if len(one.further) == 1:
        why = f"{extra} further {unit}{'s' if extra > 1 else ''}"
        yield Service(one.further[0], Decimal(extra), list(one.of), [why], one.day, list(modifiers), list(modifiers))
        return
    for number, code in enumerate(one.further[:extra], start=2):
        yield Service(code, Decimal(1), list(one.of), [f"{unit} {number}"], one.day, list(modifiers), list(modifiers))
