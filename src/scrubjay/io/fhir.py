"""FHIR R4 Claims, alone, in a Bundle or one a line (NDJSON), to claims as objects.

Each resource is held against the FHIR model by fhir.resources before it is read; its own words then say what is wrong.
What a Claim refers to is looked for among its contained resources and in its Bundle; a reference that leads nowhere
leaves its values empty, which the edits report as missing or unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from scrubjay.errors import InputError
from scrubjay.io import fhir_codes as codes
from scrubjay.io.assemble import Flaw, Sourced
from scrubjay.io.records import Address, Claim, Dependent, Line, Note, OtherPayer, Payer, Person, Provider, Subscriber

Json = dict[str, Any]

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
            kind_of_claim = _code(resource.get("type"), codes.CLAIM_TYPE) or _code(resource.get("type"))
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
        contained = {f"#{item.get('id')}": item for item in _list(r, "contained")}
        self.near = {**self.near, **contained}
        insurance = sorted(_list(r, "insurance"), key=lambda item: (not item.get("focal"), item.get("sequence", 0)))
        patient = self._person(self._at(r.get("patient")))
        main, others = self._coverages(insurance, patient)
        subscriber, payer, relationship = main
        team = {item.get("sequence"): item for item in _list(r, "careTeam")}
        of_lines = {number for item in _list(r, "item") for number in item.get("careTeamSequence", ())}
        whole = {
            number: member
            for number, member in team.items()
            if number not in of_lines or _extension(member, "whole-claim") is True
        }
        roles = self._roles(whole.values())
        items = _list(r, "item")
        frequency = _extension(r, "frequency") or ""
        places = [
            _code(item.get("locationCodeableConcept"), codes.POS) or _code(item.get("locationCodeableConcept"))
            for item in items
        ]
        pos = _extension(r, "place-of-service") or next((place for place in places if place), "")
        system = {c.get("system") for d in _list(r, "diagnosis") for c in _codings(d.get("diagnosisCodeableConcept"))}
        diagnoses = sorted(_list(r, "diagnosis"), key=lambda d: d.get("sequence", 0))
        position = {d.get("sequence"): k for k, d in enumerate(diagnoses, start=1)}
        info = {item.get("sequence"): item for item in _list(r, "supportingInfo")}
        used = {n for item in items for n in item.get("informationSequence", ())}
        free = [item for number, item in info.items() if number not in used]
        related = _list(r, "related")
        original = next((_text(_dict(item, "reference"), "value") for item in related), "")
        lines = tuple(
            self._line(item, k, places[k], str(pos), team, whole, position, info) for k, item in enumerate(items)
        )
        accident = _dict(r, "accident")
        dates = [
            (code, day)
            for item in _of(free, "date")
            if (code := _code(item.get("code"))) and (day := _day(item.get("timingDate")))
        ]
        if (day := _day(accident.get("date"))) and not any(code == "439" for code, _ in dates):
            dates.append(("439", day))
        claim = Claim(
            id=next((_text(i, "value") for i in _list(r, "identifier") if i.get("value")), "") or _text(r, "id"),
            billing=self._provider(self._at(r.get("provider"))),
            subscriber=subscriber,
            payer=payer,
            lines=lines,
            diagnoses=tuple(
                _text(c, "code").replace(".", "")
                for d in diagnoses
                for c in _codings(d.get("diagnosisCodeableConcept"))[:1]
            ),
            dependent=None if relationship == "18" else Dependent(patient, relationship),
            charge=_amount(r.get("total")),
            pos=str(pos),
            frequency=str(frequency) or ("7" if original else "1"),
            assignment=str(_extension(r, "assignment") or ""),
            rendering=roles.get("rendering"),
            referring=roles.get("referring"),
            supervising=roles.get("supervising"),
            facility=self._facility(r.get("facility")),
            prior_auth=next((str(ref) for i in insurance[:1] for ref in i.get("preAuthRef", ())), ""),
            referral=str(_extension(r, "referral") or ""),
            original_ref=original,
            clia=str(_extension(r, "clia") or ""),
            dates=tuple(dates),
            patient_paid=next((_quantity(i.get("valueQuantity")) for i in _of(free, "patient-paid")), None),
            notes=tuple(Note(_text(i, "valueString"), _code(i.get("code")) or "ADD") for i in _of(free, "note")),
            other_payers=tuple(others),
            causes=tuple(_code(i.get("code")) for i in _of(free, "cause")),
            accident_state=str(_extension(r, "accident-state") or ""),
            icd9=bool(system & {codes.ICD9}),
            signed=str(_extension(r, "signed") or "Y"),
            benefits_assigned=str(_extension(r, "benefits-assigned") or "Y"),
            released=str(_extension(r, "released") or "Y"),
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
        word = _extension(self.resource, "payer-responsibility")
        rank = {1: "P", 2: "S", 3: "T"}.get(insurance[0].get("sequence", 1), "P")
        subscriber = Subscriber(subscriber.person, subscriber.member_id, subscriber.group, str(word or rank))
        others = []
        for item, insured, insurer, relation in read[1:]:
            adjustments = []
            for extension in _list(item, "extension"):
                words = str(extension.get("valueString", "")).split(" ")
                if extension.get("url") == f"{codes.EXTENSION}adjustment" and len(words) == 3:
                    amount = _quantity({"value": words[2]})
                    adjustments += [(words[0], words[1], amount)] if amount is not None else []
            responsibility = str(_extension(item, "payer-responsibility") or "S")
            paid = _extension(item, "paid")
            others.append(
                OtherPayer(
                    insurer,
                    Subscriber(insured.person, insured.member_id, insured.group, responsibility),
                    _quantity({"value": paid}),
                    relation,
                    tuple(adjustments),
                )
            )
        return (subscriber, payer, relationship), others

    def _coverage(self, item: Json, patient: Person) -> tuple[Subscriber, Payer, str]:
        coverage = self._at(item.get("coverage"))
        own = _code(coverage.get("relationship"), codes.X12_RELATIONSHIP)
        word = _code(coverage.get("relationship"), codes.RELATIONSHIP) or _code(coverage.get("relationship"))
        relation = own or codes.RELATION_TO_X12.get(word, "18")
        insured = self._at(coverage.get("subscriber"))
        person = self._person(insured) if insured else patient
        payor = next((self._at(p) for p in _list(coverage, "payor")), {})
        group = next((_text(c, "value") for c in _list(coverage, "class") if _code(c.get("type")) == "group"), "")
        member = _text(coverage, "subscriberId") or next((_text(i, "value") for i in _list(coverage, "identifier")), "")
        ident = _identifier(payor, codes.PAYER_ID) or next((_text(i, "value") for i in _list(payor, "identifier")), "")
        name = _text(payor, "name") or next((_text(p, "display") for p in _list(coverage, "payor")), "")
        filing = _code(coverage.get("type"), codes.FILING)
        return Subscriber(person, member, group), Payer(name, ident, filing, _address(payor)), relation

    def _person(self, resource: Json) -> Person:
        names = _list(resource, "name")
        name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
        given = [str(part) for part in name.get("given", ())]
        sex = codes.SEXES.get(str(resource.get("gender", "")), "")
        last, first = _text(name, "family"), given[0] if given else ""
        return Person(last, first, _day(resource.get("birthDate")), sex, " ".join(given[1:]), _address(resource))

    def _provider(self, resource: Json) -> Provider:
        npi = _identifier(resource, codes.NPI)
        tin, kind = _identifier(resource, codes.TAX_NUMBER), "EI"
        if not tin and (social := _identifier(resource, codes.SOCIAL_SECURITY)):
            tin, kind = social, "SY"
        address = _address(resource)
        if resource.get("resourceType") == "Practitioner":
            person = self._person(resource)
            taxonomy = next(
                (c for q in _list(resource, "qualification") if (c := _code(q.get("code"), codes.TAXONOMY))), ""
            )
            return Provider(npi, person.last, person.first, taxonomy, tin, kind, address)
        taxonomy = next((c for t in _list(resource, "type") if (c := _code(t, codes.TAXONOMY))), "")
        return Provider(npi, _text(resource, "name"), "", taxonomy, tin, kind, address)

    def _facility(self, reference: Any) -> Provider | None:
        resource = self._at(reference)
        if not resource:
            return None
        place = resource.get("address")
        address = _address({"address": [place]} if isinstance(place, dict) else resource)
        return Provider(_identifier(resource, codes.NPI), _text(resource, "name"), address=address)

    def _roles(self, members: Any) -> dict[str, Provider]:
        found: dict[str, Provider] = {}
        for member in members:
            word = _code(member.get("role")).lower()
            role = codes.ROLE_WORDS.get(word, "rendering" if not word else "")
            provider = self._provider(self._at(member.get("provider")))
            taxonomy = _code(member.get("qualification"), codes.TAXONOMY)
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
        service = _dict(item, "productOrService")
        period = _dict(item, "servicedPeriod")
        begin, end = _day(item.get("servicedDate")), None
        if begin is None and period:
            begin, end = _day(period.get("start")), _day(period.get("end"))
        drug = next((d for d in _list(item, "detail") if _code(d.get("productOrService"), codes.NDC)), {})
        quantity = _dict(drug, "quantity")
        own = [info[n] for n in item.get("informationSequence", ()) if n in info]
        units = _dict(item, "quantity")
        tests = tuple(
            (_code(i.get("code")), value)
            for i in _of(own, "test")
            if (value := _quantity(i.get("valueQuantity"))) is not None
        )
        basis = _extension(item, "unit-basis") or "UN"
        line_pos = place if place and (place != pos or _extension(item, "line-place")) else ""
        return Line(
            code=_code(service, codes.CPT) or _code(service, codes.HCPCS) or _code(service),
            charge=_amount(item.get("net")),
            units=_quantity(units) if units else Decimal(1),
            modifiers=tuple(code for m in _list(item, "modifier") if (code := _code(m))),
            service_date=begin,
            service_to=end,
            pointers=tuple(_pointer(n, position) for n in item.get("diagnosisSequence", ())[:4]),
            pos=line_pos,
            description=_text(service, "text"),
            basis=str(basis),
            emergency=bool(_extension(item, "emergency")),
            family_planning=bool(_extension(item, "family-planning")),
            number=item.get("sequence") if isinstance(item.get("sequence"), int) else at + 1,
            control=str(_extension(item, "line-control") or ""),
            prior_auth=str(_extension(item, "prior-authorization") or ""),
            lot=str(_extension(item, "lot") or ""),
            ndc=_code(drug.get("productOrService"), codes.NDC),
            ndc_quantity=_quantity(quantity),
            ndc_unit=_text(quantity, "unit") or _text(quantity, "code"),
            prescription=str(_extension(item, "prescription") or ""),
            notes=tuple(Note(_text(i, "valueString"), _code(i.get("code")) or "ADD") for i in _of(own, "note")),
            measurements=tests,
            rendering=roles.get("rendering"),
            supervising=roles.get("supervising"),
            ordering=roles.get("ordering"),
            referring=roles.get("referring"),
        )


def _list(resource: Json, name: str) -> list[Json]:
    value = resource.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _dict(resource: Json, name: str) -> Json:
    value = resource.get(name)
    return value if isinstance(value, dict) else {}


def _text(resource: Json, name: str) -> str:
    value = resource.get(name)
    return " ".join(str(value).split()) if value is not None else ""


def _codings(concept: Any) -> list[Json]:
    return _list(concept, "coding") if isinstance(concept, dict) else []


def _code(concept: Any, system: str = "") -> str:
    """Return the code of a CodeableConcept in a system, or its first code where none is named."""
    return next((_text(c, "code") for c in _codings(concept) if not system or c.get("system") == system), "")


def _of(items: list[Json], category: str) -> list[Json]:
    return [item for item in items if _code(item.get("category")) == category]


def _extension(resource: Json, name: str) -> Any:
    for extension in _list(resource, "extension"):
        if extension.get("url") == f"{codes.EXTENSION}{name}":
            value = next((v for key, v in extension.items() if key.startswith("value")), None)
            return value.get("code") if isinstance(value, dict) else value
    return None


def _identifier(resource: Json, system: str) -> str:
    return next((_text(i, "value") for i in _list(resource, "identifier") if i.get("system") == system), "")


def _address(resource: Json) -> Address | None:
    found = _list(resource, "address")
    if not found:
        return None
    lines = [str(line) for line in found[0].get("line", ())]
    city, state, code = (_text(found[0], name) for name in ("city", "state", "postalCode"))
    return Address(lines[0] if lines else "", city, state, code, " ".join(lines[1:]))


def _amount(money: Any) -> Decimal | None:
    return _quantity(money) if isinstance(money, dict) else None


def _quantity(quantity: Any) -> Decimal | None:
    value = quantity.get("value") if isinstance(quantity, dict) else None
    try:
        number = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _pointer(sequence: Any, position: Mapping[Any, int]) -> str:
    """Return the position of the diagnosis with a sequence number; one that leads nowhere stays out of reach."""
    found = position.get(sequence)
    if found is None:
        return str(sequence) if isinstance(sequence, int) and sequence > len(position) else "99"
    return str(found)
