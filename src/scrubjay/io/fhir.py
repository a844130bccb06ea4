"""FHIR R4 Claims, alone, in a Bundle or one a line (NDJSON), to claims as objects.

Each resource is held against the FHIR model by fhir.resources before it is read; its own words then say what is wrong.
What a Claim refers to is looked for among its contained resources and in its Bundle; a reference that leads nowhere
leaves its values empty, which the edits report as missing or unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from scrubjay.errors import InputError
from scrubjay.io import fhir_codes as codes
from scrubjay.io import fhir_values as values
from scrubjay.io.assemble import Flaw, Sourced
from scrubjay.io.fhir_values import Json
from scrubjay.io.records import Claim, Dependent, Line, Note, OtherPayer, Payer, Person, Provider, Subscriber

NEEDS = "FHIR is read with fhir.resources, which is not installed; pip install 'scrubjay[fhir]'"
_OTHER_USES = {"preauthorization": "a request for prior authorisation", "predetermination": "a predetermination"}


def parse(data: bytes, file: str) -> list[Json]:
    """Return the JSON objects of an input: one document, or one a line; numbers are decimals.

    Raises :class:`~scrubjay.errors.InputError` with the line and column where it is not JSON.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(file, f"byte {error.start} is not UTF-8; JSON is written in UTF-8") from None
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        rows = [row for row in text.splitlines() if row.strip()]
        if error.msg != "Extra data" or len(rows) < 2:
            message = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}; ask for the file again"
            raise InputError(file, message) from None
        document = [_row(row, number, file) for number, row in enumerate(rows, start=1)]
    except (ValueError, RecursionError) as error:
        raise InputError(file, f"not JSON that can be read ({type(error).__name__}); ask for the file again") from None
    found = document if isinstance(document, list) else [document]
    if not all(isinstance(item, dict) for item in found):
        raise InputError(file, "the JSON holds something else than objects; a FHIR resource or a row is an object")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _row(text: str, number: int, file: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        raise InputError(file, f"line {number} is not JSON; NDJSON has one whole object a line") from None


def is_fhir(documents: list[Json]) -> bool:
    """Say whether JSON objects are FHIR resources."""
    return bool(documents) and all("resourceType" in item for item in documents)


def claims(documents: list[Json], file: str, errors: list[InputError]) -> Iterator[Sourced]:
    """Yield the claims of FHIR resources; what is no claim or no FHIR is added to ``errors`` and the rest still read."""
    found = 0
    for number, document in enumerate(documents, start=1):
        where = f"line {number}: " if len(documents) > 1 else ""
        kind = document.get("resourceType")
        if kind not in ("Bundle", "Claim"):
            errors.append(InputError(file, f"{where}a FHIR {kind} is no claim; expected a Claim or a Bundle of Claims"))
            found += 1
            continue
        for path, resource, near in _entries(document):
            found += 1
            fault = invalid(resource)
            if fault is not None:
                errors.append(InputError(file, f"{where}{path}: not valid FHIR R4: {fault}"))
                continue
            use = resource.get("use")
            if use != "claim":
                other = _OTHER_USES.get(str(use), "for another use")
                errors.append(InputError(file, f"{where}{path}: {other}, no claim; only use 'claim' is checked"))
                continue
            kind_of_claim = values.code(resource.get("type"), codes.CLAIM_TYPE) or values.code(resource.get("type"))
            if kind_of_claim not in ("", "professional"):
                message = f"{where}{path}: a claim of type {kind_of_claim!r}; only professional claims are checked"
                errors.append(InputError(file, message))
                continue
            yield _Reader(resource, near, path).read()
    if not found:
        errors.append(InputError(file, "the FHIR Bundle holds no Claim; nothing was checked"))


def invalid(resource: Json) -> str | None:
    """Return what fhir.resources holds against a resource, in one line without its values; None where it is valid."""
    try:
        from fhir.resources.R4B import get_fhir_model_class
    except ImportError:
        raise InputError("FHIR", NEEDS) from None
    from pydantic import ValidationError

    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"])) or "the resource"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        return f"{at}: {first['msg'].splitlines()[0][:120]}{more}"
    except (LookupError, TypeError, ValueError) as error:
        return f"{type(error).__name__} in the resource"
    return None


def _entries(document: Json) -> Iterator[tuple[str, Json, Mapping[str, Json]]]:
    """Yield path, Claim and what lies beside it by reference."""
    if document.get("resourceType") == "Claim":
        yield "Claim", document, {}
        return
    near: dict[str, Json] = {}
    entries = document.get("entry")
    entries = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    for entry in entries:
        resource = entry.get("resource")
        if isinstance(resource, dict):
            near[str(entry.get("fullUrl", ""))] = resource
            near[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
    for at, entry in enumerate(entries):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Claim":
            yield f"Bundle.entry[{at}].resource", resource, near


@dataclass
class _Reader:
    resource: Json
    near: Mapping[str, Json]
    path: str
    flaws: list[Flaw] = field(default_factory=list)

    def read(self) -> Sourced:
        """Return the claim; every value that is absent is empty."""
        r = self.resource
        contained = {f"#{item.get('id')}": item for item in values.items(r, "contained")}
        self.near = {**self.near, **contained}
        insurance = sorted(
            values.items(r, "insurance"), key=lambda item: (not item.get("focal"), item.get("sequence", 0))
        )
        patient = self._person(self._at(r.get("patient")))
        main, others = self._coverages(insurance, patient)
        subscriber, payer, relationship = main
        team = {item.get("sequence"): item for item in values.items(r, "careTeam")}
        of_lines = {number for item in values.items(r, "item") for number in item.get("careTeamSequence", ())}
        whole = {
            number: member
            for number, member in team.items()
            if number not in of_lines or values.extension(member, "whole-claim") is True
        }
        roles = self._roles(whole.values())
        items = values.items(r, "item")
        frequency = values.extension(r, "frequency") or ""
        places = [
            values.code(item.get("locationCodeableConcept"), codes.POS)
            or values.code(item.get("locationCodeableConcept"))
            for item in items
        ]
        pos = values.extension(r, "place-of-service") or next((place for place in places if place), "")
        system = {
            c.get("system")
            for d in values.items(r, "diagnosis")
            for c in values.codings(d.get("diagnosisCodeableConcept"))
        }
        diagnoses = sorted(values.items(r, "diagnosis"), key=lambda d: d.get("sequence", 0))
        position = {d.get("sequence"): k for k, d in enumerate(diagnoses, start=1)}
        info = {item.get("sequence"): item for item in values.items(r, "supportingInfo")}
        used = {n for item in items for n in item.get("informationSequence", ())}
        free = [item for number, item in info.items() if number not in used]
        related = values.items(r, "related")
        original = next((values.text(values.part(item, "reference"), "value") for item in related), "")
        lines = tuple(
            self._line(item, k, places[k], str(pos), team, whole, position, info) for k, item in enumerate(items)
        )
        accident = values.part(r, "accident")
        dates = [
            (code, day)
            for item in values.of_category(free, "date")
            if (code := values.code(item.get("code"))) and (day := values.day(item.get("timingDate")))
        ]
        if (day := values.day(accident.get("date"))) and not any(code == "439" for code, _ in dates):
            dates.append(("439", day))
        claim = Claim(
            id=next((values.text(i, "value") for i in values.items(r, "identifier") if i.get("value")), "")
            or values.text(r, "id"),
            billing=self._provider(self._at(r.get("provider"))),
            subscriber=subscriber,
            payer=payer,
            lines=lines,
            diagnoses=tuple(
                values.text(c, "code").replace(".", "")
                for d in diagnoses
                for c in values.codings(d.get("diagnosisCodeableConcept"))[:1]
            ),
            dependent=None if relationship == "18" else Dependent(patient, relationship),
            charge=values.amount(r.get("total")),
            pos=str(pos),
            frequency=str(frequency) or ("7" if original else "1"),
            assignment=str(values.extension(r, "assignment") or ""),
            rendering=roles.get("rendering"),
            referring=roles.get("referring"),
            supervising=roles.get("supervising"),
            facility=self._facility(r.get("facility")),
            prior_auth=next((str(ref) for i in insurance[:1] for ref in i.get("preAuthRef", ())), ""),
            referral=str(values.extension(r, "referral") or ""),
            original_ref=original,
            clia=str(values.extension(r, "clia") or ""),
            dates=tuple(dates),
            patient_paid=next(
                (values.amount(i.get("valueQuantity")) for i in values.of_category(free, "patient-paid")), None
            ),
            notes=tuple(
                Note(values.text(i, "valueString"), values.code(i.get("code")) or "ADD")
                for i in values.of_category(free, "note")
            ),
            other_payers=tuple(others),
            causes=tuple(values.code(i.get("code")) for i in values.of_category(free, "cause")),
            accident_state=str(values.extension(r, "accident-state") or ""),
            icd9=bool(system & {codes.ICD9}),
            signed=str(values.extension(r, "signed") or "Y"),
            benefits_assigned=str(values.extension(r, "benefits-assigned") or "Y"),
            released=str(values.extension(r, "released") or "Y"),
        )
        paths = tuple(f"{self.path}.item[{k}]" for k in range(len(items)))
        return Sourced(claim, tuple(self.flaws), path=self.path, paths=paths)

    def _at(self, reference: Any) -> Json:
        """Return the resource a Reference points to; where there is none, what the Reference itself says."""
        if not isinstance(reference, dict):
            return {}
        target = str(reference.get("reference", ""))
        tail = "/".join(target.rsplit("/", 2)[-2:])
        found = self.near.get(target) or self.near.get(tail) or {}
        if found.get("resourceType") == "PractitionerRole":
            found = self._at(found.get("practitioner")) or self._at(found.get("organization"))
        if not found and isinstance(reference.get("identifier"), dict):
            found = {"identifier": [reference["identifier"]]}
        return found

    def _coverages(
        self, insurance: list[Json], patient: Person
    ) -> tuple[tuple[Subscriber, Payer, str], list[OtherPayer]]:
        read = [(item, *self._coverage(item, patient)) for item in insurance]
        if not read:
            return (Subscriber(patient, ""), Payer("", "", ""), "18"), []
        _, subscriber, payer, relationship = read[0]
        word = values.extension(self.resource, "payer-responsibility")
        rank = {1: "P", 2: "S", 3: "T"}.get(insurance[0].get("sequence", 1), "P")
        subscriber = Subscriber(subscriber.person, subscriber.member_id, subscriber.group, str(word or rank))
        others = []
        for item, insured, insurer, relation in read[1:]:
            adjustments = []
            for extension in values.items(item, "extension"):
                words = str(extension.get("valueString", "")).split(" ")
                if extension.get("url") == f"{codes.EXTENSION}adjustment" and len(words) == 3:
                    amount = values.amount({"value": words[2]})
                    adjustments += [(words[0], words[1], amount)] if amount is not None else []
            responsibility = str(values.extension(item, "payer-responsibility") or "S")
            paid = values.extension(item, "paid")
            others.append(
                OtherPayer(
                    insurer,
                    Subscriber(insured.person, insured.member_id, insured.group, responsibility),
                    values.amount({"value": paid}),
                    relation,
                    tuple(adjustments),
                )
            )
        return (subscriber, payer, relationship), others

    def _coverage(self, item: Json, patient: Person) -> tuple[Subscriber, Payer, str]:
        coverage = self._at(item.get("coverage"))
        own = values.code(coverage.get("relationship"), codes.X12_RELATIONSHIP)
        word = values.code(coverage.get("relationship"), codes.RELATIONSHIP) or values.code(
            coverage.get("relationship")
        )
        relation = own or codes.RELATION_TO_X12.get(word, "18")
        insured = self._at(coverage.get("subscriber"))
        person = self._person(insured) if insured else patient
        payor = next((self._at(p) for p in values.items(coverage, "payor")), {})
        group = next(
            (values.text(c, "value") for c in values.items(coverage, "class") if values.code(c.get("type")) == "group"),
            "",
        )
        member = values.text(coverage, "subscriberId") or next(
            (values.text(i, "value") for i in values.items(coverage, "identifier")), ""
        )
        ident = values.identifier(payor, codes.PAYER_ID) or next(
            (values.text(i, "value") for i in values.items(payor, "identifier")), ""
        )
        name = values.text(payor, "name") or next(
            (values.text(p, "display") for p in values.items(coverage, "payor")), ""
        )
        filing = values.code(coverage.get("type"), codes.FILING)
        return Subscriber(person, member, group), Payer(name, ident, filing, values.address(payor)), relation

    def _person(self, resource: Json) -> Person:
        names = values.items(resource, "name")
        name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
        given = [str(part) for part in name.get("given", ())]
        sex = codes.SEXES.get(str(resource.get("gender", "")), "")
        last, first = values.text(name, "family"), given[0] if given else ""
        return Person(
            last, first, values.day(resource.get("birthDate")), sex, " ".join(given[1:]), values.address(resource)
        )

    def _provider(self, resource: Json) -> Provider:
        npi = values.identifier(resource, codes.NPI)
        tin, kind = values.identifier(resource, codes.TAX_NUMBER), "EI"
        if not tin and (social := values.identifier(resource, codes.SOCIAL_SECURITY)):
            tin, kind = social, "SY"
        address = values.address(resource)
        if resource.get("resourceType") == "Practitioner":
            person = self._person(resource)
            taxonomy = next(
                (
                    c
                    for q in values.items(resource, "qualification")
                    if (c := values.code(q.get("code"), codes.TAXONOMY))
                ),
                "",
            )
            return Provider(npi, person.last, person.first, taxonomy, tin, kind, address)
        taxonomy = next((c for t in values.items(resource, "type") if (c := values.code(t, codes.TAXONOMY))), "")
        return Provider(npi, values.text(resource, "name"), "", taxonomy, tin, kind, address)

    def _facility(self, reference: Any) -> Provider | None:
        resource = self._at(reference)
        if not resource:
            return None
        place = resource.get("address")
        address = values.address({"address": [place]} if isinstance(place, dict) else resource)
        return Provider(values.identifier(resource, codes.NPI), values.text(resource, "name"), address=address)

    def _roles(self, members: Any) -> dict[str, Provider]:
        found: dict[str, Provider] = {}
        for member in members:
            word = values.code(member.get("role")).lower()
            role = codes.ROLE_WORDS.get(word, "rendering" if not word else "")
            provider = self._provider(self._at(member.get("provider")))
            taxonomy = values.code(member.get("qualification"), codes.TAXONOMY)
            if taxonomy and not provider.taxonomy:
                provider = Provider(
                    provider.npi, provider.name, provider.first, taxonomy, provider.tin, provider.tin_qualifier,
                    provider.address,
                )  # fmt: skip
            if role:
                found.setdefault(role, provider)
        return found

    def _line(
        self, item: Json, at: int, place: str, pos: str, team: Mapping[Any, Json], whole: Mapping[Any, Json],
        position: Mapping[Any, int], info: Mapping[Any, Json],
    ) -> Line:  # fmt: skip
        members = [team[n] for n in item.get("careTeamSequence", ()) if n in team and n not in whole]
        roles = self._roles(members)
        service = values.part(item, "productOrService")
        period = values.part(item, "servicedPeriod")
        begin, end = values.day(item.get("servicedDate")), None
        if begin is None and period:
            begin, end = values.day(period.get("start")), values.day(period.get("end"))
        drug = next((d for d in values.items(item, "detail") if values.code(d.get("productOrService"), codes.NDC)), {})
        quantity = values.part(drug, "quantity")
        own = [info[n] for n in item.get("informationSequence", ()) if n in info]
        units = values.part(item, "quantity")
        tests = tuple(
            (values.code(i.get("code")), value)
            for i in values.of_category(own, "test")
            if (value := values.amount(i.get("valueQuantity"))) is not None
        )
        basis = values.extension(item, "unit-basis") or "UN"
        line_pos = place if place and (place != pos or values.extension(item, "line-place")) else ""
        return Line(
            code=values.code(service, codes.CPT) or values.code(service, codes.HCPCS) or values.code(service),
            charge=values.amount(item.get("net")),
            units=values.amount(units) if units else Decimal(1),
            modifiers=tuple(code for m in values.items(item, "modifier") if (code := values.code(m))),
            service_date=begin,
            service_to=end,
            pointers=tuple(values.pointer(n, position) for n in item.get("diagnosisSequence", ())[:4]),
            pos=line_pos,
            description=values.text(service, "text"),
            basis=str(basis),
            emergency=bool(values.extension(item, "emergency")),
            family_planning=bool(values.extension(item, "family-planning")),
            number=item.get("sequence") if isinstance(item.get("sequence"), int) else at + 1,
            control=str(values.extension(item, "line-control") or ""),
            prior_auth=str(values.extension(item, "prior-authorization") or ""),
            lot=str(values.extension(item, "lot") or ""),
            ndc=values.code(drug.get("productOrService"), codes.NDC),
            ndc_quantity=values.amount(quantity),
            ndc_unit=values.text(quantity, "unit") or values.text(quantity, "code"),
            prescription=str(values.extension(item, "prescription") or ""),
            notes=tuple(
                Note(values.text(i, "valueString"), values.code(i.get("code")) or "ADD")
                for i in values.of_category(own, "note")
            ),
            measurements=tests,
            rendering=roles.get("rendering"),
            supervising=roles.get("supervising"),
            ordering=roles.get("ordering"),
            referring=roles.get("referring"),
        )
