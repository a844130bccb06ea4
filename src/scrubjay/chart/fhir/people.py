"""Patients, practitioners, organisations and coverage of a FHIR chart."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from scrubjay.chart.fhir import terms
from scrubjay.chart.fhir.bundle import Chart, Resource, name
from scrubjay.chart.model import Address, Coverage, Patient, Person, Provider
from scrubjay.chart.note.people import people
from scrubjay.chart.tables import phrases, rows

NPI = "http://hl7.org/fhir/sid/us-npi"
TIN = ("urn:oid:2.16.840.1.113883.4.4", "http://hl7.org/fhir/sid/us-ein")
SEX = {"male": "M", "female": "F", "unknown": "U", "other": "U"}
RELATIONSHIP = {"self": "self", "spouse": "spouse", "child": "child"}


def address(values: list[dict[str, Any]] | None) -> Address | None:
    """Return the first postal address."""
    if not values:
        return None
    one = values[0]
    lines = one.get("line", [])
    return Address(
        line1=lines[0] if lines else None,
        line2=lines[1] if len(lines) > 1 else None,
        city=one.get("city"),
        state=one.get("state"),
        zip=one.get("postalCode"),
    )


def _name(names: list[dict[str, Any]] | None) -> dict[str, str | None]:
    one = (names or [{}])[0]
    given = one.get("given", [])
    return {
        "last_name": one.get("family"),
        "first_name": given[0] if given else None,
        "middle_name": given[1] if len(given) > 1 else None,
    }


def _birth(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text and len(text) == len("2000-01-01") else None


def patient(chart: Chart) -> Patient:
    """Return the chart's patient; an empty one where there is none."""
    found = next(iter(chart.all("Patient")), None)
    if found is None:
        return Patient()
    record = next((one.get("value") for one in found.get("identifier", [])), found.get("id"))
    return Patient(
        id=record,
        birth_date=_birth(found.get("birthDate")),
        sex=SEX.get(found.get("gender", "")),  # type: ignore[arg-type]
        address=address(found.get("address")),
        **_name(found.get("name")),
    )


def _identifier(resource: Resource, *systems: str) -> str | None:
    for one in resource.get("identifier", []):
        if one.get("system") in systems and one.get("value"):
            return str(one["value"])
    return None


def _npi(resource: Resource) -> str | None:
    value = _identifier(resource, NPI)
    return value if value and re.fullmatch(r"\d{10}", value) else None


def credential(text: str | None) -> str | None:
    """Return a credential as the vocabulary writes it; None where the text names none."""
    if not text:
        return None
    known = {phrase.lower(): row["credential"] for row in rows("credentials") for phrase in phrases(row["written"])}
    for part in re.split(r"[,;/()]|\s{2,}", text):
        if (found := known.get(part.strip().lower())) is not None:
            return found
    return next((known[word.lower()] for word in text.replace(",", " ").split() if word.lower() in known), None)


def providers(chart: Chart) -> dict[str, Provider]:
    """Return practitioners and organisations by reference; a role stands for its practitioner."""
    found: dict[str, Provider] = {}
    for one in chart.all("Practitioner"):
        names = one.get("name", [])
        suffix = " ".join(names[0].get("suffix", [])) if names else ""
        written = [terms.words(each.get("code")) or "" for each in one.get("qualification", [])]
        codes = [
            coding.get("code", "")
            for each in one.get("qualification", [])
            for coding in terms.codings(each.get("code"))
        ]
        found[name(one)] = Provider(
            id=name(one),
            name=names[0].get("text") if names else None,
            npi=_npi(one),
            credential=next(filter(None, map(credential, [suffix, *codes, *written])), None),
            **_name(names),  # type: ignore[arg-type]
        )
    for one in chart.all("PractitionerRole"):
        who = chart.follow(one.get("practitioner"), one)
        provider = found.get(name(who)) if who else None
        if provider is None:
            continue
        for concept in [*one.get("code", []), *one.get("specialty", [])]:
            taxonomy = next(
                (c["code"] for c in terms.codings(concept) if re.fullmatch(r"[0-9A-Z]{9}X", c.get("code", ""))), None
            )
            provider.taxonomy = provider.taxonomy or taxonomy
            provider.credential = provider.credential or credential(terms.words(concept))
        found[name(one)] = provider
    for one in chart.all("Organization"):
        found[name(one)] = Provider(
            id=name(one),
            type="organization",
            name=one.get("name"),
            npi=_npi(one),
            tin=(_identifier(one, *TIN) or "").replace("-", "") or None,
            address=address(one.get("address")),
        )
    return found


def shown(reference: dict[str, Any] | None, provider: Provider | None) -> str | None:
    """Return the name of a person: of the practitioner, else as the reference displays it."""
    if provider is not None:
        whole = " ".join(part for part in (provider.first_name, provider.last_name) if part)
        if provider.name or whole:
            return provider.name or whole
    return (reference or {}).get("display")


def split(display: str | None) -> tuple[str | None, str | None]:
    """Return name and credential of a display such as ``Jane Roe, RN``."""
    if not display:
        return None, None
    found = credential(display)
    if found is None:
        return display, None
    hit = next(iter(people(f"given by {display}")), None)
    return (hit.value if hit is not None and hit.field == "giver" else display.split(",")[0]), found


def coverage(chart: Chart) -> list[Coverage]:
    """Return the coverages in their order."""
    found = []
    listed = sorted(chart.all("Coverage"), key=lambda one: one.get("order", 1))
    for number, one in enumerate(each for each in listed if each.get("status") != "cancelled"):
        payor = next(iter(one.get("payor", [])), None)
        organization = chart.follow(payor, one)
        identifier = next((each.get("value") for each in (organization or {}).get("identifier", [])), None)
        group = next(
            (
                each.get("value")
                for each in one.get("class", [])
                if terms.code(each.get("type"), re.compile("")) == "group"
            ),
            None,
        )
        relation = next((each.get("code") for each in terms.codings(one.get("relationship"))), "self")
        subscriber = chart.follow(one.get("subscriber"), one)
        found.append(
            Coverage(
                payer_id=identifier,
                payer_name=(organization or {}).get("name") or (payor or {}).get("display"),
                responsibility="PST"[min(number, 2)],  # type: ignore[arg-type]
                member_id=one.get("subscriberId")
                or next((each.get("value") for each in one.get("identifier", [])), None),
                group_number=group,
                relationship=RELATIONSHIP.get(relation or "self", "other"),  # type: ignore[arg-type]
                subscriber=Person(
                    birth_date=_birth(subscriber.get("birthDate")),
                    sex=SEX.get(subscriber.get("gender", "")),  # type: ignore[arg-type]
                    address=address(subscriber.get("address")),
                    **_name(subscriber.get("name")),
                )
                if subscriber
                and relation not in (None, "self")
                and subscriber.get("resourceType") in ("Patient", "RelatedPerson")
                else None,
            )
        )
    return found
