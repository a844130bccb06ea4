"""How each item is decided: which administrations it is asked of, what makes it present, what contradicts it."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from scrubjay import refdata
from scrubjay.chart.audit import amounts
from scrubjay.chart.model import Administration, Encounter, Order, Value
from scrubjay.chart.tables import rows


@dataclass(frozen=True)
class Found:
    """What was found of one item; ``said`` tells a person what, without values of the patient."""

    state: Literal["present", "missing", "contradictory", "not_applicable"]
    said: str = ""
    evidence: tuple[Value, ...] = ()
    requirement: str = ""
    source: str = ""


Judge = Callable[[Encounter, Administration, Sequence[str]], Found]


@cache
def _set(kind: str) -> frozenset[str]:
    return frozenset(row["value"] for row in rows("needs") if row["kind"] == kind)


@cache
def _monitoring() -> dict[str, dict[str, str]]:
    return {row["drug"]: row for row in rows("monitoring")}


def _always(encounter: Encounter, one: Administration) -> str | None:
    return None


def _needle(encounter: Encounter, one: Administration) -> str | None:
    route = one.get("route")
    if route in _set("not-by-needle"):
        return f"{route} is not by needle"
    return f"{route} has no injection site" if route in _set("no-site") else None


def _paired(encounter: Encounter, one: Administration) -> str | None:
    apart = _needle(encounter, one)
    site = one.get("site")
    if apart is None and site is not None and site not in _set("paired"):
        return f"the {site} has no side"
    return apart


def _auxiliary(encounter: Encounter, one: Administration) -> str | None:
    if encounter.encounter.place_of_service in _set("facility"):
        return "incident-to rules are for non-facility settings"
    credential = one.get("credential")
    return f"{credential} gives it in own right" if credential in _set("independent") else None


def _single_dose(encounter: Encounter, one: Administration) -> str | None:
    container = one.get("container")
    if container in _set("multi-dose") and one.waste is None:
        return "multi-dose container"
    if container is None and one.waste is None and amounts.multi_dose(one):
        return "the package is a multi-dose container"
    if container is None and one.waste is None and amounts.no_waste_asked(one):
        return "no JW or JZ for this drug"
    return None


def _monitored(encounter: Encounter, one: Administration) -> str | None:
    return None if one.get("drug") in _monitoring() else "no observation is asked for this drug"


WHEN: dict[str, Callable[[Encounter, Administration], str | None]] = {
    "always": _always,
    "needle": _needle,
    "paired": _paired,
    "auxiliary": _auxiliary,
    "single-dose": _single_dose,
    "monitored": _monitored,
}
"""By condition of the checklist: why it is not asked, None where it is."""


def stated(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    """Decide an item that is there when one of its fields is stated, unless the chart says two things."""
    for name in fields:
        value = getattr(one, name)
        if value is None:
            continue
        other = one.conflicts.get(name)
        if other is not None:
            return Found("contradictory", f"the chart says {value.value} and {other.value}", (value, other))
        return Found("present", "", (value,))
    return Found("missing", "not stated")


def _or_visit(name: str) -> Judge:
    """Return the rule for an item that the whole visit may state: consent, assessment."""

    def rule(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
        value = getattr(one, name) or getattr(encounter.encounter, name)
        if value is None:
            return Found("missing", "not stated")
        if value.value == "no":
            return Found("missing", "the chart says that there was none", (value,))
        return Found("present", "", (value,))

    return rule


def _orders_for(encounter: Encounter, one: Administration) -> list[Order]:
    if one.order_id is not None:
        return [order for order in encounter.orders if order.id == one.order_id]
    drug = (one.get("drug") or "").casefold()
    return [
        order for order in encounter.orders if order.drug and drug and order.drug.casefold() in (drug, *drug.split())
    ]


def _order(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    orders = _orders_for(encounter, one)
    evidence = tuple(value for name in fields if (value := getattr(one, name)) is not None)
    evidence += tuple(Value(value=order.id or "order", resource=order.id) for order in orders if not one.order)
    planned = [
        other
        for other in encounter.administrations
        if other.status == "planned" and other.get("drug") == one.get("drug") and other.frequency is None and one.drug
    ]
    different = _differs(one, orders) or _differs_planned(one, planned)
    if different is not None:
        said, value = different
        return Found("contradictory", said, (*evidence, value) if value else evidence)
    if any(order.status in ("stopped", "draft") for order in orders) and not any(
        order.status in ("active", "completed", "unknown") for order in orders
    ):
        return Found("contradictory", "the order is stopped or a draft", evidence)
    if evidence:
        return Found("present", "", evidence)
    if planned:
        first = planned[0].drug
        return Found("present", "", (first,) if first else ())
    return Found("missing", "no order is stated")


def _differs(one: Administration, orders: Sequence[Order]) -> tuple[str, Value | None] | None:
    said = None
    for order in orders:
        ordered, given = amounts.mass(order.dose, order.unit), amounts.mass(one.get("dose"), one.get("unit"))
        if ordered and given and ordered[1] == given[1] and ordered[0] != given[0]:
            said = f"ordered {order.dose} {order.unit}, given {one.get('dose')} {one.get('unit')}"
        elif order.route and one.route and order.route != one.route.value:
            said = f"ordered {order.route}, given {one.route.value}"
        else:
            return None
    return (said, one.dose or one.route) if said else None


def _differs_planned(one: Administration, planned: Sequence[Administration]) -> tuple[str, Value | None] | None:
    said = None
    for other in planned:
        ordered = amounts.mass(other.get("dose"), other.get("unit"))
        given = amounts.mass(one.get("dose"), one.get("unit"))
        if ordered and given and ordered[1] == given[1] and ordered[0] != given[0]:
            said = (
                f"ordered {other.get('dose')} {other.get('unit')}, given {one.get('dose')} {one.get('unit')}",
                other.dose,
            )
        else:
            return None
    return said


def _diagnosis(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    value = one.diagnosis
    listed = {diagnosis.code: diagnosis for diagnosis in encounter.diagnoses if diagnosis.code}
    if value is not None:
        known = listed.get(value.value)
        if known is not None and known.status == "ruled-out":
            return Found("contradictory", "the diagnosis is ruled out in the same chart", (value,))
        return Found("present", "", (value,))
    for order in _orders_for(encounter, one):
        if order.diagnoses:
            return Found("present", "", (Value(value=order.diagnoses[0], resource=order.id),))
    confirmed = [diagnosis for diagnosis in encounter.diagnoses if diagnosis.status == "confirmed"]
    if len(confirmed) == 1:
        only = confirmed[0]
        return Found("present", "the only diagnosis of the visit", (only.place,) if only.place else ())
    if confirmed:
        return Found("missing", f"{len(confirmed)} diagnoses and none is tied to this drug")
    return Found("missing", "no diagnosis is tied to this drug")


def _dose(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    if one.dose is None and one.volume_ml is not None:
        if (one.get("drug") or "").endswith("vaccine"):
            return stated(encounter, one, ("volume_ml",))
        if one.strength is not None and amounts.strength(one.strength.value) is not None:
            return Found("present", "from volume and strength", (one.volume_ml, one.strength))
        return Found("missing", "a volume without its strength", (one.volume_ml,))
    if one.dose is not None and one.unit is None:
        return Found("missing", "a number without its unit", (one.dose,))
    return stated(encounter, one, fields)


def _units(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    evidence = tuple(value for value in (one.dose, one.unit, one.volume_ml, one.strength) if value is not None)
    if (one.get("drug") or "").endswith("vaccine"):
        return Found("present" if one.dose or one.volume_ml else "missing", "a vaccine is billed by the dose", evidence)
    if (said := amounts.disagree(one)) is not None:
        return Found("contradictory", said, evidence)
    if one.dose is not None and one.unit is not None:
        return Found("present", "", evidence)
    if one.volume_ml is not None and one.strength is not None and amounts.strength(one.strength.value) is not None:
        return Found("present", "from volume and strength", evidence)
    return Found("missing", "no dose from which units follow", evidence)


def _date(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    day, last = encounter.encounter.date, encounter.encounter.date_to or encounter.encounter.date
    if one.date is None:
        if day is not None:
            return Found(
                "present", "the date of the visit", (Value(value=day.isoformat(), resource="#/encounter/date"),)
            )
        return Found("missing", "not stated")
    if day is not None and last is not None and not day.isoformat() <= one.date.value <= last.isoformat():
        return Found("contradictory", f"given on {one.date.value}, the visit was on {day.isoformat()}", (one.date,))
    return stated(encounter, one, fields)


def _time(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    value = one.time or one.start
    if value is None:
        return Found("missing", "not stated")
    low, high = encounter.encounter.start, encounter.encounter.stop
    same_day = encounter.encounter.date_to in (None, encounter.encounter.date)
    if same_day and low and high and low < high and not low <= value.value <= high:
        return Found("contradictory", f"given at {value.value}, the visit lasted from {low} to {high}", (value,))
    return stated(encounter, one, ("time", "start"))


def _expiry(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    if one.expiry is None:
        return Found("missing", "not stated")
    day = one.get("date") or (encounter.encounter.date.isoformat() if encounter.encounter.date else None)
    last = _last_day(one.expiry.value)
    if day is not None and last is not None and last < day:
        return Found("contradictory", f"expired before it was given on {day}", (one.expiry,))
    return stated(encounter, one, fields)


def _last_day(text: str) -> str | None:
    if re.fullmatch(r"\d{4}-\d{2}", text):
        year, month = map(int, text.split("-"))
        return dt.date(year, month, calendar.monthrange(year, month)[1]).isoformat() if 1 <= month <= 12 else None
    return text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None


@cache
def _products() -> dict[str, str]:
    references = refdata.load()
    if not references.has("ndc_products"):
        return {}
    table = references.frame("ndc_products").select("ndc11", "generic").drop_nulls()
    return dict(table.iter_rows())


def _ndc(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    if one.ndc is None:
        return Found("missing", "not stated")
    digits = one.ndc.value
    if not re.fullmatch(r"\d{11}", digits):
        return Found("contradictory", "the NDC has not eleven digits in 5-4-2", (one.ndc,))
    generic = _products().get(digits)
    drug = one.get("drug")
    if generic and drug and one.drug and not _same_drug(drug, generic):
        return Found("contradictory", f"the NDC is one of {generic.lower()}, the drug is {drug}", (one.ndc, one.drug))
    return stated(encounter, one, fields)


def _same_drug(drug: str, generic: str) -> bool:
    """Whether an NDC's ingredients hold a word of the drug's name; a vaccine's name says nothing of its ingredients."""
    if drug.endswith("vaccine"):
        return True
    words = list(re.findall(r"[a-z0-9]{4,}", drug.casefold()))
    plain = generic.casefold()
    return not words or any(word[:7] in plain for word in words)


def _supervision(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    supervision = encounter.encounter.supervision
    if supervision is not None:
        if supervision.statement is not None:
            return Found("present", "", (supervision.statement,))
        if supervision.provider is not None:
            return Found("present", "", (Value(value=supervision.kind or "yes", resource=supervision.provider),))
    listed = encounter.provider("supervising")
    if listed is not None:
        return Found("present", "", (Value(value="yes", resource=listed.id),))
    return Found("missing", "nobody is named who supervised")


def _waste(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    if one.waste is None:
        single = one.get("container") in _set("single-dose") or amounts.single_dose(one)
        return Found(
            "missing", "single-dose container" if single else "it is not stated whether the container is single-dose"
        )
    if one.get("container") in _set("multi-dose") and one.waste.decimal:
        evidence = tuple(value for value in (one.waste, one.container) if value)
        return Found("contradictory", "waste is stated of a multi-dose container", evidence)
    return stated(encounter, one, fields)


def _monitoring_of(encounter: Encounter, one: Administration, fields: Sequence[str]) -> Found:
    entry = _monitoring()[one.get("drug") or ""]
    return replace(
        _watched(one, entry["minutes"]), requirement=f"Asked for: {entry['requirement']}.", source=entry["source"]
    )


def _watched(one: Administration, asked: str) -> Found:
    if not asked:
        value = one.observation or one.reaction
        return Found("present", "", (value,)) if value else Found("missing", "not stated")
    if one.observation is None:
        return Found("missing", "no observation is stated", (one.reaction,) if one.reaction else ())
    minutes = one.observation.decimal
    if minutes is None:
        return Found("missing", "observation without its length", (one.observation,))
    if minutes < int(asked):
        return Found("contradictory", f"observed {minutes} minutes, {asked} are asked for", (one.observation,))
    return Found("present", "", (one.observation,))


ITEM: dict[str, Judge] = {
    "order": _order,
    "diagnosis": _diagnosis,
    "assessment": _or_visit("assessment"),
    "consent": _or_visit("consent"),
    "dose": _dose,
    "units": _units,
    "date": _date,
    "time": _time,
    "expiry": _expiry,
    "ndc": _ndc,
    "supervision": _supervision,
    "waste": _waste,
    "monitoring": _monitoring_of,
}
"""Items with a rule of their own; the others are present when they are stated."""


def _signature(encounter: Encounter) -> Found:
    value = encounter.encounter.signature
    return Found("present", "", (value,)) if value is not None else Found("missing", "not signed")


def _separate(encounter: Encounter) -> Found:
    visit = encounter.encounter.visit
    if visit is None or (visit.code is None and visit.separate_evaluation is None):
        return Found("not_applicable", "no evaluation is coded beside the injection")
    if visit.separate_evaluation is not None:
        if visit.separate_evaluation.value == "no":
            return Found("missing", "the chart says that there was none", (visit.separate_evaluation,))
        return Found("present", "", (visit.separate_evaluation,))
    return Found("missing", f"{visit.code} stands beside an injection without its own evaluation")


VISIT: dict[str, Callable[[Encounter], Found]] = {"signature": _signature, "separate-evaluation": _separate}
"""Items of the whole visit."""
