"""Claims to FHIR R4: a Bundle of Claims, each whole in itself with its parties contained.

The result is checked by fhir.resources before it leaves.  Amounts are JSON numbers written from decimals, never floats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from scrubjay.io import fhir_codes as codes
from scrubjay.io.records import Address, Claim, Line, OtherPayer, Payer, Person, Provider, Subscriber

Json = dict[str, Any]


def bundle(claims: Iterable[Claim], created: datetime) -> Json:
    """Return a collection Bundle of the claims; numbers are :class:`~decimal.Decimal`."""
    entries = [
        {"fullUrl": f"urn:scrubjay:claim:{at}", "resource": resource(claim, created.date())}
        for at, claim in enumerate(claims, start=1)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries} if entries else _empty()


def _empty() -> Json:
    return {"resourceType": "Bundle", "type": "collection"}


def resource(claim: Claim, created: date) -> Json:
    """Return one claim as a FHIR R4 Claim with contained patient, coverage, providers and payer."""
    return _Writer(claim, created).claim()


class _Writer:
    """Writes one claim; parties are contained once each."""

    def __init__(self, claim: Claim, created: date) -> None:
        self.source = claim
        self.created = created
        self.contained: list[Json] = []
        self.team: list[Json] = []
        self.info: list[Json] = []
        self.known: dict[tuple[str, Any], str] = {}

    def claim(self) -> Json:
        """Return the Claim."""
        c = self.source
        patient = self._person(c.patient)
        relation = "18" if c.dependent is None else c.dependent.relationship
        coverages: list[tuple[Subscriber, Payer, str, OtherPayer | None]] = [(c.subscriber, c.payer, relation, None)]
        coverages += [(o.subscriber, o.payer, o.relationship, o) for o in c.other_payers]
        insurance = [self._insurance(k, patient, *given) for k, given in enumerate(coverages, start=1)]
        for role, provider in (("rendering", c.rendering), ("referring", c.referring), ("supervising", c.supervising)):
            if provider is not None:
                self._member(role, provider, whole=True)
        self._claim_info()
        items = [self._item(line, k) for k, line in enumerate(c.lines, start=1)]
        system = codes.ICD9 if c.icd9 else codes.ICD10
        diagnoses = [
            {
                "sequence": k,
                "diagnosisCodeableConcept": _concept(system, code if c.icd9 else _dotted(code)),
                **({"type": [_concept(codes.DIAGNOSIS_TYPE, "principal")]} if k == 1 else {}),
            }
            for k, code in enumerate(c.diagnoses, start=1)
        ]
        body: Json = {
            "resourceType": "Claim",
            "extension": _extensions(
                ("frequency", c.frequency and _coding(codes.FREQUENCY, c.frequency)),
                ("assignment", c.assignment and _coding(codes.ASSIGNMENT, c.assignment)),
                ("payer-responsibility", c.subscriber.responsibility),
                ("place-of-service", c.pos and _coding(codes.POS, c.pos)),
                ("clia", c.clia),
                ("referral", c.referral),
                ("accident-state", c.accident_state),
                *((name, said) for name, said in _signatures(c) if said != "Y"),
            ),
            "identifier": [{"system": codes.CONTROL, "value": c.id}] if c.id else [],
            "status": "active",
            "type": _concept(codes.CLAIM_TYPE, "professional"),
            "use": "claim",
            "patient": {"reference": f"#{patient}"},
            "created": self.created.isoformat(),
            "provider": {"reference": f"#{self._provider(c.billing)}"},
            "priority": _concept(codes.PRIORITY, "normal"),
            "related": self._related(),
            "facility": {"reference": f"#{self._location(c.facility)}"} if c.facility is not None else None,
            "careTeam": self.team,
            "supportingInfo": self.info,
            "diagnosis": diagnoses,
            "insurance": insurance,
            "item": items,
            "total": _money(c.total()),
        }
        body["contained"] = self.contained
        order = ["resourceType", "contained"]
        return _whole({key: body[key] for key in [*order, *(k for k in body if k not in order)]})

    def _related(self) -> list[Json]:
        if not self.source.original_ref:
            return []
        return [{"relationship": _concept(codes.RELATED, "prior"), "reference": {"value": self.source.original_ref}}]

    def _claim_info(self) -> None:
        c = self.source
        for note in c.notes:
            self._add_info("note", code=_concept(codes.NOTE_KIND, note.kind), valueString=note.text)
        for kind, day in c.dates:
            self._add_info("date", code=_concept(codes.DATE_KIND, kind), timingDate=day.isoformat())
        for cause in c.causes:
            self._add_info("cause", code=_concept(codes.CAUSE, cause))
        if c.patient_paid is not None:
            self._add_info("patient-paid", valueQuantity={"value": c.patient_paid, "unit": "USD"})

    def _add_info(self, category: str, **values: Any) -> int:
        number = len(self.info) + 1
        self.info.append({"sequence": number, "category": _concept(codes.INFO, category), **values})
        return number

    def _item(self, line: Line, at: int) -> Json:
        info = [self._add_info("note", code=_concept(codes.NOTE_KIND, n.kind), valueString=n.text) for n in line.notes]
        info += [
            self._add_info("test", code=_concept(codes.TEST_KIND, test), valueQuantity={"value": value})
            for test, value in line.measurements
        ]
        roles = (
            ("rendering", line.rendering), ("supervising", line.supervising), ("ordering", line.ordering),
            ("referring", line.referring),
        )  # fmt: skip
        team = [self._member(role, provider) for role, provider in roles if provider is not None]
        system = codes.CPT if re.fullmatch(r"\d{4}[0-9A-Z]", line.code) else codes.HCPCS
        serviced: Json = {}
        if line.service_date is not None and line.service_to is not None:
            serviced["servicedPeriod"] = {"start": line.service_date.isoformat(), "end": line.service_to.isoformat()}
        elif line.service_date is not None:
            serviced["servicedDate"] = line.service_date.isoformat()
        place = line.pos or self.source.pos
        service = _concept(system, line.code)
        if line.description:
            service["text"] = line.description
        pointers = [int(p) for p in line.pointers if p.isdigit() and int(p)]
        return {
            "sequence": at if line.number is None or line.number < 1 else line.number,
            "extension": _extensions(
                ("line-control", line.control), ("prior-authorization", line.prior_auth), ("lot", line.lot),
                ("prescription", line.prescription), ("emergency", line.emergency or None),
                ("family-planning", line.family_planning or None),
                ("unit-basis", line.basis if line.basis != "UN" else ""),
                ("line-place", True if line.pos else None),
            ),
            "careTeamSequence": team,
            "diagnosisSequence": pointers,
            "informationSequence": info,
            "productOrService": service,
            "modifier": [_concept(codes.CPT if mod.isdigit() else codes.HCPCS, mod) for mod in line.modifiers],
            **serviced,
            "locationCodeableConcept": _concept(codes.POS, place) if place else None,
            "quantity": {"value": line.units, "unit": line.basis, "system": codes.UNIT_BASIS, "code": line.basis}
            if line.units is not None
            else None,
            "net": _money(line.charge) if line.charge is not None else None,
            "detail": self._drug(line),
        }  # fmt: skip

    def _drug(self, line: Line) -> list[Json]:
        if not line.ndc:
            return []
        quantity: Json = {}
        if line.ndc_quantity is not None:
            quantity["value"] = line.ndc_quantity
        if line.ndc_unit:
            quantity["unit"] = line.ndc_unit
        return [{"sequence": 1, "productOrService": _concept(codes.NDC, line.ndc), "quantity": quantity}]

    def _insurance(
        self, sequence: int, patient: str, subscriber: Subscriber, payer: Payer, relation: str, other: OtherPayer | None
    ) -> Json:
        person = patient if relation == "18" and other is None else self._person(subscriber.person)
        word = codes.X12_TO_RELATION.get(relation, "other")
        coverage = {
            "resourceType": "Coverage",
            "id": f"coverage{sequence}",
            "status": "active",
            "type": _concept(codes.FILING, payer.filing_code) if payer.filing_code else None,
            "subscriber": {"reference": f"#{person}"},
            "subscriberId": subscriber.member_id,
            "beneficiary": {"reference": f"#{patient}"},
            "relationship": {"coding": [_coding(codes.RELATIONSHIP, word), _coding(codes.X12_RELATIONSHIP, relation)]},
            "payor": [{"reference": f"#{self._payer(payer)}"}],
            "class": [{"type": _concept(codes.COVERAGE_CLASS, "group"), "value": subscriber.group}]
            if subscriber.group
            else None,
        }
        self.contained.append(_clean(coverage))
        c = self.source
        extra = (
            _extensions(
                ("payer-responsibility", subscriber.responsibility),
                ("paid", other.paid),
                *(("adjustment", f"{group} {reason} {amount}") for group, reason, amount in other.adjustments),
            )
            if other is not None
            else []
        )
        return {
            "sequence": sequence,
            "focal": other is None,
            "coverage": {"reference": f"#coverage{sequence}"},
            "preAuthRef": [c.prior_auth] if other is None and c.prior_auth else None,
            "extension": extra,
        }

    def _member(self, role: str, provider: Provider, *, whole: bool = False) -> int:
        number = len(self.team) + 1
        member: Json = {
            "sequence": number,
            "provider": {"reference": f"#{self._provider(provider)}"},
            "role": _concept(codes.CARE_TEAM_ROLE, role),
        }
        if provider.taxonomy:
            member["qualification"] = _concept(codes.TAXONOMY, provider.taxonomy)
        if whole:
            member["extension"] = _extensions(("whole-claim", True))
        self.team.append(member)
        return number

    def _once(self, kind: str, value: object, body: Json) -> str:
        key = (kind, value)
        if key not in self.known:
            self.known[key] = f"{kind}{sum(k == kind for k, _ in self.known) + 1}"
            self.contained.append(_clean({"resourceType": body.pop("resourceType"), "id": self.known[key], **body}))
        return self.known[key]

    def _person(self, person: Person) -> str:
        given = [name for name in (person.first, person.middle) if name]
        return self._once(
            "patient",
            person,
            {
                "resourceType": "Patient",
                "name": [{"family": person.last, "given": given}],
                "gender": codes.GENDERS.get(person.sex) if person.sex else None,
                "birthDate": person.dob.isoformat() if person.dob else None,
                "address": [_address(person.address)] if person.address else None,
            },
        )

    def _provider(self, provider: Provider) -> str:
        tax = codes.SOCIAL_SECURITY if provider.tin_qualifier == "SY" else codes.TAX_NUMBER
        identifiers = [{"system": codes.NPI, "value": provider.npi}] if provider.npi else []
        identifiers += [{"system": tax, "value": provider.tin}] if provider.tin else []
        address = [_address(provider.address)] if provider.address else None
        speciality = _concept(codes.TAXONOMY, provider.taxonomy) if provider.taxonomy else None
        if provider.first:
            return self._once("practitioner", provider, {
                "resourceType": "Practitioner", "identifier": identifiers,
                "name": [{"family": provider.name, "given": [provider.first]}], "address": address,
                "qualification": [{"code": speciality}] if speciality else None,
            })  # fmt: skip
        return self._once("organization", provider, {
            "resourceType": "Organization", "identifier": identifiers, "type": [speciality] if speciality else None,
            "name": provider.name, "address": address,
        })  # fmt: skip

    def _payer(self, payer: Payer) -> str:
        return self._once("payer", payer, {
            "resourceType": "Organization",
            "identifier": [{"system": codes.PAYER_ID, "value": payer.id}] if payer.id else None,
            "name": payer.name,
            "address": [_address(payer.address)] if payer.address else None,
        })  # fmt: skip

    def _location(self, facility: Provider) -> str:
        return self._once("location", facility, {
            "resourceType": "Location",
            "identifier": [{"system": codes.NPI, "value": facility.npi}] if facility.npi else None,
            "name": facility.name,
            "address": _address(facility.address) if facility.address else None,
        })  # fmt: skip


def _signatures(claim: Claim) -> tuple[tuple[str, str], ...]:
    """Return what is signed, assigned and released; Y is the rule and needs no extension."""
    return (("signed", claim.signed), ("benefits-assigned", claim.benefits_assigned), ("released", claim.released))


def _extensions(*pairs: tuple[str, Any]) -> list[Json]:
    found: list[Json] = []
    for name, value in pairs:
        if value is None or value == "":
            continue
        kind = {bool: "valueBoolean", dict: "valueCoding", Decimal: "valueDecimal"}.get(type(value), "valueString")
        found.append({"url": f"{codes.EXTENSION}{name}", kind: value})
    return found


def _coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def _concept(system: str, code: str) -> Json:
    return {"coding": [_coding(system, code)]}


def _dotted(code: str) -> str:
    """Return an ICD-10-CM code with its point."""
    return code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def _money(value: Decimal) -> Json:
    return {"value": value.quantize(Decimal("0.01")), "currency": "USD"}


def _address(address: Address) -> Json:
    lines = [line for line in (address.street, address.street2) if line]
    return _whole({"line": lines, "city": address.city, "state": address.state, "postalCode": address.zip})


def _whole(value: Json) -> Json:
    cleaned: Json = _clean(value)
    return cleaned


def _clean(value: Any) -> Any:
    """Return a value without what is empty: FHIR knows no empty element."""
    if isinstance(value, dict):
        kept = {key: _clean(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None and inner not in ("", [], {})}
    if isinstance(value, list):
        return [inner for inner in map(_clean, value) if inner is not None and inner not in ("", [], {})]
    return value
