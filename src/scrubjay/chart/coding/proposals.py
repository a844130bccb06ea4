"""Modifiers that a person must put on, or confirm: what speaks for each in the chart and what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.model import Administration, Encounter, Value

INJECTION = "96372"

EVALUATION = "#/encounter/visit/separate_evaluation"
"""Where the words for a separate evaluation stand in an encounter document."""


@dataclass
class Draft:
    """A line before it is a claim line: its code, units, what gave rise to it."""

    code: str
    units: Any
    of: list[int] = field(default_factory=list)
    modifiers: list[str] = field(default_factory=list)
    diagnoses: list[str] = field(default_factory=list)
    charge: Any = None
    ndc: str | None = None
    ndc_quantity: Any = None
    ndc_unit: str | None = None
    narrative: str | None = None
    note: str | None = None
    lot: str | None = None
    date: dt.date | None = None
    why: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    visit: bool = False
    times: int = 1
    exact: Any = None


@dataclass
class Proposal:
    """A modifier for a line, with what supports it and what is missing."""

    line: int
    code: str
    modifier: str
    supported: bool
    evidence: list[dict[str, Any]]
    missing: list[str]


def evidence(field_: str, value: Value | None, resource: str = "") -> dict[str, Any] | None:
    """Return a value of the chart with its place, as evidence; ``resource`` is the place of one that names none."""
    if value is None:
        return None
    found = {"field": field_, **value.model_dump(exclude_none=True)}
    if resource and "start" not in found and not found.get("resource"):
        found["resource"] = resource
    return found


def propose(
    drafts: Sequence[Draft], encounter: Encounter, day: dt.date, tables: Tables, *, preventive_25: bool = False
) -> list[Proposal]:
    """Return the modifiers that the pairs of the lines ask for; ``preventive_25`` is the payer's wish beyond the pairs."""
    found: list[Proposal] = []
    given = encounter.administrations
    injected = any(draft.code == INJECTION for draft in drafts)
    for at, draft in enumerate(drafts):
        if preventive_25 and injected and draft.visit and tables.in_group(draft.code, "PREV", day):
            found.append(_separate_visit(at, draft, encounter))
    for second, later in enumerate(drafts):
        for first, earlier in enumerate(drafts[:second]):
            if earlier.date != later.date:
                continue
            pair = tables.pair(earlier.code, later.code, day)
            if pair is None or pair[2] != 1:
                continue
            visits = [at for at in (first, second) if drafts[at].visit]
            if len(visits) == 1:
                found.append(_separate_visit(visits[0], drafts[visits[0]], encounter))
            elif not visits:
                found.append(_separate_service(first, second, drafts, given, tables, day))
    return _once(found)


def _separate_visit(at: int, draft: Draft, encounter: Encounter) -> Proposal:
    visit = encounter.encounter.visit
    words = visit.separate_evaluation if visit is not None else None
    item = evidence("separate_evaluation", words, EVALUATION)
    own = {code.replace(".", "") for code in (visit.diagnoses if visit is not None else [])}
    other = {given.get("diagnosis") or "" for given in encounter.given()}
    missing = (
        []
        if item
        else ["words that show an evaluation beyond the usual work of the injection (history, examination, decision)"]
    )
    shown = [item] if item else []
    if own - {code.replace(".", "") for code in other if code}:
        shown.append({"field": "visit.diagnoses", "value": ", ".join(sorted(visit.diagnoses)) if visit else ""})
    return Proposal(at + 1, draft.code, "25", bool(item), shown, missing)


def _separate_service(
    first: int, second: int, drafts: Sequence[Draft], given: Sequence[Administration], tables: Tables, day: dt.date
) -> Proposal:
    """Propose XS for two documented sites, XU for another drug ordered by its own route, else 59 without support.

    It stands on 96372 by habit.
    """
    at = next((k for k in (second, first) if drafts[k].code == INJECTION), second)
    pair = (drafts[first], drafts[second])
    sites = _of(pair, given, ("site", "laterality"))
    names = [{value.value for _, value in values} for values in sites]
    if names[0] and names[1] and names[0] != names[1]:
        shown = [item for values in sites for _, value in values if (item := evidence("site", value)) is not None]
        missing = ["the clinician's word that the services were separate and not one treatment"]
        return Proposal(at + 1, drafts[at].code, "XS", True, shown, missing)
    into_vein = any(tables.in_group(draft.code, "INIT", day) for draft in pair)
    if into_vein and drafts[at].code == INJECTION:
        told = [{name: {value.value for own, value in values if own == name} for name in ("drug", "route", "order")}
                for values in _of(pair, given, ("drug", "route", "order"))]  # fmt: skip
        apart = all(told[0][name] and told[1][name] and not told[0][name] & told[1][name] for name in ("drug", "route"))
        if apart and told[0]["order"] and told[1]["order"]:
            shown = [item for values in _of(pair, given, ("drug", "route", "order")) for name, value in values
                     if (item := evidence(name, value)) is not None]  # fmt: skip
            missing = ["the clinician's word that the injection was no part of the service into the vein"]
            return Proposal(at + 1, drafts[at].code, "XU", True, shown, missing)
    missing = ["documentation of a separate site, session or encounter"]
    if into_vein:
        missing = ["documentation that the drugs were ordered apart, each by its own route"]
    return Proposal(at + 1, drafts[at].code, "59", False, [], missing)


def _of(
    pair: tuple[Draft, Draft], given: Sequence[Administration], names: Sequence[str]
) -> list[list[tuple[str, Value]]]:
    """Return what the chart says in some fields, for each of two lines."""
    return [
        [(name, value) for k in draft.of for name in names if (value := getattr(given[k], name)) is not None]
        for draft in pair
    ]


def take_back(drafts: Sequence[Draft], sides: Sequence[tuple[Draft, str]], tables: Tables, day: dt.date) -> set[int]:
    """Take the modifiers of sides off lines whose pair they would open; return the numbers of those lines.

    A side does not make two services separate, but a payer's system reads it so (NCCI I.E).
    """
    taken: set[int] = set()
    for draft, modifier in sides:
        if not tables.opens(modifier):
            continue
        at = next((k for k, one in enumerate(drafts) if one is draft), None)
        if at is None:
            continue
        for other in drafts:
            if other is draft or other.visit or other.date != draft.date:
                continue
            pair = tables.pair(draft.code, other.code, day)
            if pair is not None and pair[2] == 1 and modifier in draft.modifiers:
                draft.modifiers.remove(modifier)
                taken.add(at + 1)
                break
    return taken


def _once(found: list[Proposal]) -> list[Proposal]:
    kept: dict[tuple[int, str], Proposal] = {}
    for proposal in found:
        key = (proposal.line, "59" if proposal.modifier.startswith("X") else proposal.modifier)
        if key not in kept or (proposal.supported and not kept[key].supported):
            kept[key] = proposal
    return sorted(kept.values(), key=lambda proposal: (proposal.line, proposal.modifier))
