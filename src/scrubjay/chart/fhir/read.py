"""A FHIR R4 chart becomes the encounter document."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from typing import Any

from scrubjay.chart.fhir import administrations, people, terms
from scrubjay.chart.fhir.bundle import Chart, Resource, name, read_chart
from scrubjay.chart.model import (
    Diagnosis,
    Encounter,
    Meeting,
    Note,
    Observation,
    Procedure,
    Provider,
    Role,
    Value,
    Visit,
)
from scrubjay.errors import InputError

PLACE = re.compile(r"place-of-service", re.IGNORECASE)
EM_CODE = re.compile(r"99[2-4]\d\d|G0463")
ROLES: dict[str, Role] = {"PPRF": "rendering", "ATND": "attending", "REF": "referring", "SPRF": "giver"}


def read(text: str, file: str) -> Encounter:
    """Return the encounter of a FHIR chart.

    Raises InputError when it is no FHIR R4, or holds more than one encounter or patient: give one encounter a file.
    """
    chart = read_chart(text, file)
    for kind in ("Encounter", "Patient"):
        if len(chart.all(kind)) > 1:
            raise InputError(
                file, f"has {len(chart.all(kind))} {kind} resources; give the chart of one encounter a file"
            )
    subjects = {
        (one.get("subject") or one.get("patient") or {}).get("reference")
        for kind in ("MedicationAdministration", "Immunization")
        for one in chart.all(kind)
    }
    if len(subjects) > 1:
        raise InputError(
            file, f"has administrations of {len(subjects)} patients; give the chart of one encounter a file"
        )
    who = people.providers(chart)
    met = next(iter(chart.all("Encounter")), None)
    meeting = _meeting(chart, met, who)
    given = administrations.read(chart, who, meeting.date)
    _roles(chart, met, who, given)
    if meeting.date is None:
        days = {one.get("date") for one in given if one.given}
        if len(days) == 1 and (day := days.pop()) is not None:
            meeting.date = dt.date.fromisoformat(day)
    unique = {id(provider): provider for provider in who.values()}
    return Encounter(
        source="fhir",
        patient=people.patient(chart),
        coverage=people.coverage(chart),
        encounter=meeting,
        providers=list(unique.values()),
        diagnoses=_diagnoses(chart, met),
        orders=administrations.orders(chart, who),
        administrations=given,
        procedures=[
            _procedure(chart, one, who) for one in chart.all("Procedure") if one.get("status") != "entered-in-error"
        ],
        observations=[_observation(one) for one in chart.all("Observation") if one.get("status") != "entered-in-error"],
        notes=[note for one in chart.all("DocumentReference") for note in _notes(one, file)],
    )


def _meeting(chart: Chart, met: Resource | None, who: dict[str, Provider]) -> Meeting:
    consent = next((one for one in chart.all("Consent") if one.get("status") == "active"), None)
    agreed = Value(value="yes", resource=name(consent)) if consent else None
    if met is None:
        return Meeting(consent=agreed)
    period = met.get("period") or {}
    start, start_time = terms.moment(period.get("start"))
    stop, stop_time = terms.moment(period.get("end"))
    place = None
    for one in met.get("location", []):
        location = chart.follow(one.get("location"), met)
        for concept in (location or {}).get("type", []):
            place = place or terms.code(concept, PLACE)
    codes = [coding.get("code", "") for concept in met.get("type", []) for coding in terms.codings(concept)]
    em = next((code for code in codes if EM_CODE.fullmatch(code)), None)
    reason = next((shown for concept in met.get("reasonCode", []) if (shown := terms.words(concept))), None)
    return Meeting(
        id=met.get("id"),
        place_of_service=place,
        date=dt.date.fromisoformat(start) if start else None,
        date_to=dt.date.fromisoformat(stop) if stop and stop != start else None,
        start=start_time,
        stop=stop_time,
        visit=Visit(code=em, reason=reason) if em or reason else None,
        consent=agreed,
    )


def _roles(chart: Chart, met: Resource | None, who: dict[str, Provider], given: list[Any]) -> None:
    """Note in which role each person and organisation took part."""

    def add(key: str | None, role: Role) -> None:
        provider = who.get(key or "")
        if provider is not None and role not in provider.roles:
            provider.roles.append(role)

    for one in (met or {}).get("participant", []):
        target = chart.follow(one.get("individual"), met)
        codes = [coding.get("code", "") for concept in one.get("type", []) for coding in terms.codings(concept)]
        role: Role = next((ROLES[code] for code in codes if code in ROLES), "rendering")
        add(name(target) if target else None, role)
        if role == "attending" and not any("rendering" in provider.roles for provider in who.values()):
            add(name(target) if target else None, "rendering")
    serving = chart.follow((met or {}).get("serviceProvider"), met)
    add(name(serving) if serving else None, "billing")
    for one in given:
        add(one.giver_id, "giver")
        add(one.orderer_id, "ordering")


def _diagnoses(chart: Chart, met: Resource | None) -> list[Diagnosis]:
    ranks = {}
    for number, one in enumerate((met or {}).get("diagnosis", []), start=1):
        condition = chart.follow(one.get("condition"), met)
        if condition is not None:
            ranks[name(condition)] = one.get("rank", number)
    found = []
    for one in sorted(chart.all("Condition"), key=lambda each: ranks.get(name(each), 99)):
        verification = next(
            (coding.get("code") for coding in terms.codings(one.get("verificationStatus"))), "confirmed"
        )
        clinical = next((coding.get("code") for coding in terms.codings(one.get("clinicalStatus"))), "active")
        if verification == "entered-in-error":
            continue
        status = (
            "ruled-out"
            if verification == "refuted"
            else "suspected"
            if verification in ("provisional", "differential", "unconfirmed")
            else "historical"
            if clinical in ("resolved", "inactive", "remission")
            else "confirmed"
        )
        concept = one.get("code")
        found.append(
            Diagnosis(
                code=terms.code(concept, terms.ICD10),
                text=terms.words(concept),
                status=status,  # type: ignore[arg-type]
                id=name(one),
                place=Value(value=terms.code(concept, terms.ICD10) or terms.words(concept) or "", resource=name(one)),
            )
        )
    return found


def _procedure(chart: Chart, one: Resource, who: dict[str, Provider]) -> Procedure:
    period = one.get("performedPeriod") or {}
    place, side = terms.site(next(iter(one.get("bodySite", [])), None))
    performers: list[Resource] = one.get("performer", [])
    actor = chart.follow(performers[0].get("actor"), one) if performers else None
    status = {"completed": "done", "in-progress": "done", "not-done": "not-done"}.get(one.get("status", ""), "planned")
    return Procedure(
        code=terms.code(one.get("code"), *terms.CPT, terms.HCPCS),
        text=terms.words(one.get("code")),
        status=status,  # type: ignore[arg-type]
        site=place,
        laterality=side,  # type: ignore[arg-type]
        start=terms.moment(one.get("performedDateTime") or period.get("start"))[1],
        stop=terms.moment(period.get("end"))[1],
        performer=who[name(actor)].id if actor is not None and name(actor) in who else None,
        id=name(one),
    )


def _observation(one: Resource) -> Observation:
    amount, unit = terms.quantity(one.get("valueQuantity"))
    day, clock = terms.moment(one.get("effectiveDateTime") or (one.get("effectivePeriod") or {}).get("start"))
    return Observation(
        code=terms.code(one.get("code"), terms.LOINC),
        name=terms.words(one.get("code")),
        value=amount or one.get("valueString") or terms.words(one.get("valueCodeableConcept")),
        unit=unit,
        date=dt.date.fromisoformat(day) if day else None,
        time=clock,
        id=name(one),
    )


def _notes(one: Resource, file: str) -> list[Note]:
    """Return the plain texts of a document; other kinds of attachment are left alone."""
    found = []
    for content in one.get("content", []):
        attachment = content.get("attachment") or {}
        kind = attachment.get("contentType", "text/plain").split(";")[0]
        if kind != "text/plain" or not attachment.get("data"):
            continue
        try:
            text = base64.b64decode(attachment["data"], validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise InputError(file, f"{name(one)}: attachment is not UTF-8 text in Base64; correct it") from None
        found.append(Note(text=text, id=name(one), title=attachment.get("title")))
    return found
