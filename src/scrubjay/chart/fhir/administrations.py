"""MedicationAdministration, MedicationStatement and Immunization as administrations; each value names its resource."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from scrubjay.chart.fhir import people, terms
from scrubjay.chart.fhir.bundle import Chart, Resource, name
from scrubjay.chart.model import Administration, Numeric, Order, Provider, Status, Value
from scrubjay.chart.note import fields
from scrubjay.chart.note.counselling import counselling_in
from scrubjay.chart.note.procedures import facts_in

NUMERIC = frozenset({"dose", "volume_ml", "waste", "muscles", "lesions", "levels", "injections", "tests"})
FROM_WORDS = (
    "lot",
    "expiry",
    "waste",
    "site",
    "route",
    "volume_ml",
    "observation",
    "reaction",
    "patient_supplied",
    "container",
    "consent",
)
"""What the free text of a resource may add."""
ORDER_STATUS = {
    "active": "active",
    "completed": "completed",
    "stopped": "stopped",
    "cancelled": "stopped",
    "draft": "draft",
}


class Builder:
    """Collects the stated values of one resource."""

    def __init__(self, resource: Resource) -> None:
        self.resource = name(resource)
        self.values: dict[str, Value] = {}

    def put(self, field: str, value: str | None, resource: str | None = None) -> None:
        """Keep a value unless there is none or the field is taken."""
        if value is None or value == "" or field in self.values:
            return
        kind = Numeric if field in NUMERIC else Value
        self.values[field] = kind(value=value, resource=resource or self.resource)

    def words(self, text: str | None) -> None:
        """Read what free text adds to the coded values."""
        for hit in fields.details(text or ""):
            if hit.field in FROM_WORDS:
                self.put(hit.field, hit.value)
                for extra in hit.extra:
                    if extra.field in ("laterality", "waste_unit"):
                        self.put(extra.field, extra.value)
        route = self.values["route"].value if "route" in self.values else None
        for further in (facts_in(text or "", route), counselling_in(text or "")):
            for hit in further.values():
                self.put(hit.field, hit.value)


def read(chart: Chart, who: dict[str, Provider], day: dt.date | None) -> list[Administration]:
    """Return the administrations of a chart; ``day`` is the encounter's, null where it has none."""
    found = [_medication(chart, who, one) for one in chart.all("MedicationAdministration")]
    vaccines = [_immunization(chart, who, one, day) for one in chart.all("Immunization")]
    _counselled(chart, who, [one for one in vaccines if one is not None and one.given])
    found += vaccines
    found += [_statement(chart, one) for one in chart.all("MedicationStatement")]
    return [one for one in found if one is not None]


COUNSELLING = re.compile(r"(?=.*counsel)(?=.*(?:vaccin|immuni[sz]))", re.IGNORECASE | re.DOTALL)


def _counselled(chart: Chart, who: dict[str, Provider], vaccines: list[Administration]) -> None:
    """Note the counselling on vaccines that a Procedure records: that it was done or not, and by whom."""
    for one in chart.all("Procedure"):
        status = {"completed": "yes", "not-done": "no"}.get(one.get("status", ""))
        if status is None or not COUNSELLING.search(terms.words(one.get("code")) or ""):
            continue
        build = Builder(one)
        build.put("counselling", status)
        performer = next(iter(one.get("performer", [])), None)
        if performer is not None and status == "yes":
            provider = _provider(chart, who, performer.get("actor"), one)
            shown, credential = people.split(people.shown(performer.get("actor"), provider))
            build.put("counsellor", shown)
            build.put("counsellor_credential", (provider.credential if provider else None) or credential)
        for given in vaccines:
            for name_, value in build.values.items():
                if getattr(given, name_) is None:
                    setattr(given, name_, value)


def orders(chart: Chart, who: dict[str, Provider]) -> list[Order]:
    """Return the orders of a chart."""
    result = []
    for one in chart.all("MedicationRequest"):
        concept, _ = _drug(chart, one)
        dosage = _first(one.get("dosageInstruction"))
        dose, unit = terms.quantity(_first(dosage.get("doseAndRate")).get("doseQuantity"))
        day, _ = terms.moment(one.get("authoredOn"))
        requester = _provider(chart, who, one.get("requester"), one)
        frequency = (dosage.get("timing") or {}).get("code")
        result.append(
            Order(
                id=name(one),
                drug=terms.drug(concept),
                dose=dose,
                unit=unit,
                route=terms.route(dosage.get("route"), dosage.get("method")),
                frequency=terms.words(frequency) or dosage.get("text"),
                date=dt.date.fromisoformat(day) if day else None,
                orderer=requester.id if requester else (one.get("requester") or {}).get("display"),
                status=ORDER_STATUS.get(one.get("status", ""), "unknown"),  # type: ignore[arg-type]
                diagnoses=[value for value, _ in _reasons(chart, one)],
            )
        )
    return result


def _first(values: list[dict[str, Any]] | None) -> dict[str, Any]:
    return values[0] if values else {}


def _provider(
    chart: Chart, who: dict[str, Provider], reference: dict[str, Any] | None, owner: Resource
) -> Provider | None:
    target = chart.follow(reference, owner)
    return who.get(name(target)) if target is not None else None


def _drug(chart: Chart, one: Resource) -> tuple[dict[str, Any] | None, Resource | None]:
    """Return the concept of the drug, and the Medication resource where there is one."""
    if concept := one.get("medicationCodeableConcept"):
        return concept, None
    reference = one.get("medicationReference")
    medication = chart.follow(reference, one)
    if medication is None:
        display = (reference or {}).get("display")
        return ({"text": display} if display else None), None
    concept = medication.get("code")
    if concept is None and len(medication.get("ingredient", [])) == 1:
        concept = medication["ingredient"][0].get("itemCodeableConcept")
    return concept or ({"text": reference["display"]} if reference and reference.get("display") else None), medication


def _reasons(chart: Chart, one: Resource) -> list[tuple[str, str]]:
    """Return why a drug was ordered or given: an ICD-10-CM code, else words, each with the resource that says so."""
    found: list[tuple[str | None, str]] = []
    for reference in one.get("reasonReference", []):
        condition = chart.follow(reference, one)
        if condition is not None and condition["resourceType"] == "Condition":
            found.append(
                (terms.code(condition.get("code"), terms.ICD10) or terms.words(condition.get("code")), name(condition))
            )
    found += [(terms.code(concept, terms.ICD10), name(one)) for concept in one.get("reasonCode", [])]
    return [(value, source) for value, source in found if value]


def _common(
    chart: Chart, who: dict[str, Provider], one: Resource, build: Builder
) -> tuple[str | None, str | None, str | None]:
    """Fill in drug, people, order and reason; return the ids of giver, orderer and order."""
    giver = orderer = None
    listed = one.get("performer", [])
    acting = [each for each in listed if terms.code(each.get("function"), re.compile("")) != "OP"]
    for each in acting[:1]:
        provider = _provider(chart, who, each.get("actor"), one)
        shown, credential = people.split(people.shown(each.get("actor"), provider))
        source = name(target) if (target := chart.follow(each.get("actor"), one)) else build.resource
        build.put("giver", shown, source)
        build.put("credential", (provider.credential if provider else None) or credential, source)
        giver = provider.id if provider else None
    for each in listed:
        if terms.code(each.get("function"), re.compile("")) == "OP" and len(listed) > 1:
            provider = _provider(chart, who, each.get("actor"), one)
            build.put("orderer", people.shown(each.get("actor"), provider))
            orderer = provider.id if provider else None
    request = chart.follow(one.get("request"), one)
    if request is not None:
        day, _ = terms.moment(request.get("authoredOn"))
        build.put("order", day or "yes", name(request))
        provider = _provider(chart, who, request.get("requester"), request)
        build.put("orderer", people.shown(request.get("requester"), provider), name(request))
        orderer = orderer or (provider.id if provider else None)
    for reason, source in [*_reasons(chart, one), *(_reasons(chart, request) if request else [])]:
        build.put("diagnosis", reason, source)
    return giver, orderer, name(request) if request else None


def _medication(chart: Chart, who: dict[str, Provider], one: Resource) -> Administration | None:
    status = terms.status(one.get("status"))
    if one.get("status") == "entered-in-error" or status is None:
        return None
    build = Builder(one)
    concept, medication = _drug(chart, one)
    build.put("drug", terms.drug(concept), name(medication) if medication and not _contained(one, medication) else None)
    build.put("ndc", terms.ndc(concept))
    dosage = one.get("dosage") or {}
    amount, unit = terms.quantity(dosage.get("dose"))
    if unit == "mL":
        build.put("volume_ml", amount)
    elif unit is None or "/" not in unit:
        build.put("dose", amount)
        build.put("unit", unit)
    build.put("route", terms.route(dosage.get("route"), dosage.get("method")))
    place, side = terms.site(dosage.get("site"))
    build.put("site", place)
    build.put("laterality", side)
    batch = (medication or {}).get("batch") or {}
    build.put("lot", batch.get("lotNumber"))
    build.put("expiry", (batch.get("expirationDate") or "")[:10] or None)
    period = one.get("effectivePeriod") or {}
    day, clock = terms.moment(one.get("effectiveDateTime") or period.get("start"))
    build.put("date", day)
    build.put("time", clock)
    if period:
        build.put("start", clock)
        build.put("stop", terms.moment(period.get("end"))[1])
    giver, orderer, order = _common(chart, who, one, build)
    build.words(dosage.get("text"))
    for note in one.get("note", []):
        build.words(note.get("text"))
    return _built(build, status, one, giver, orderer, order, terms.code(concept, *terms.CPT, terms.HCPCS))  # type: ignore[arg-type]


def _immunization(chart: Chart, who: dict[str, Provider], one: Resource, day: dt.date | None) -> Administration | None:
    if one.get("status") == "entered-in-error":
        return None
    build = Builder(one)
    concept = one.get("vaccineCode")
    build.put("drug", terms.drug(concept))
    build.put("ndc", terms.ndc(concept))
    amount, unit = terms.quantity(one.get("doseQuantity"))
    build.put("volume_ml" if unit == "mL" else "dose", amount)
    if unit != "mL":
        build.put("unit", unit)
    build.put("route", terms.route(one.get("route")))
    place, side = terms.site(one.get("site"))
    build.put("site", place)
    build.put("laterality", side)
    build.put("lot", one.get("lotNumber"))
    build.put("expiry", one.get("expirationDate"))
    date, clock = terms.moment(one.get("occurrenceDateTime"))
    build.put("date", date)
    build.put("time", clock)
    giver, orderer, order = _common(chart, who, one, build)
    for note in one.get("note", []):
        build.words(note.get("text"))
    status: Status = "declined" if one.get("status") == "not-done" else "given"
    if status == "given" and day is not None and date is not None and date < day.isoformat():
        status = "historical"
    found = _built(build, status, one, giver, orderer, order, terms.code(concept, *terms.CPT))
    found.cvx = terms.code(concept, terms.CVX)
    return found


def _statement(chart: Chart, one: Resource) -> Administration | None:
    """Return what the patient uses: a MedicationStatement is nothing that was given here."""
    if one.get("status") in ("entered-in-error", "not-taken"):
        return None
    build = Builder(one)
    concept, _ = _drug(chart, one)
    dosage = _first(one.get("dosage"))
    build.put("drug", terms.drug(concept))
    build.put("route", terms.route(dosage.get("route")))
    amount, unit = terms.quantity(_first(dosage.get("doseAndRate")).get("doseQuantity"))
    build.put("dose", amount)
    build.put("unit", unit)
    return _built(build, "historical" if one.get("status") == "completed" else "elsewhere", one, None, None, None, None)


def _contained(owner: Resource, resource: Resource) -> bool:
    return any(resource is one for one in owner.get("contained", []))


def _built(
    build: Builder,
    status: Status,
    one: Resource,
    giver: str | None,
    orderer: str | None,
    order: str | None,
    code: str | None,
) -> Administration:
    return Administration(
        status=status,
        id=name(one),
        giver_id=giver,
        orderer_id=orderer,
        order_id=order,
        code=code,
        **build.values,  # type: ignore[arg-type]
    )
