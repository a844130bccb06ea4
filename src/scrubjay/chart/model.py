"""The shape every chart becomes: one encounter with its administrations, each value with the place it was read from.

The JSON form is ``scrubjay.encounter/1``; docs/encounter.schema.json holds it. Numbers are decimal strings, dates ISO
(``2026-03-02``, an expiry may be ``2027-05``), times ``HH:MM`` of 24 hours. A null is a value the chart does not state;
nothing is filled in from what is usual.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

SCHEMA: Literal["scrubjay.encounter/1"] = "scrubjay.encounter/1"

Status = Literal["given", "planned", "declined", "historical", "hypothetical", "elsewhere"]
"""``given`` at this visit; ``planned`` ordered, offered or to come; ``declined`` refused, held or denied; ``historical``
before this visit; ``hypothetical`` conditional or a mere topic; ``elsewhere`` by another: at home, self, other place, other
person."""

Route = Literal[
    "IM", "SC", "IV", "IV-push", "IA", "intra-articular", "intrabursal", "intralesional", "intradermal", "intravitreal",
    "epidural", "oral", "inhaled", "topical",
]  # fmt: skip
"""Routes of the contract; ``IA`` is intra-arterial. A route outside this list stands as the chart writes it."""

Laterality = Literal["left", "right", "bilateral"]

Role = Literal["rendering", "billing", "ordering", "supervising", "referring", "giver", "facility", "attending"]


def _decimal(value: Any) -> Any:
    """Return numbers as plain decimal strings; refuse text that is no number."""
    if value is None or isinstance(value, bool):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite():
        raise ValueError("is not a number")
    text = format(number.normalize(), "f")
    return "0" if text in {"-0", ""} else text


def _npi(value: str | None) -> str | None:
    if value is not None and not (len(value) == 10 and value.isdigit()):
        raise ValueError("an NPI has ten digits")
    return value


def _clock(value: str | None) -> str | None:
    if value is not None:
        try:
            dt.time.fromisoformat(value)
        except ValueError:
            raise ValueError("a time is HH:MM") from None
        return value[:5]
    return None


Number = Annotated[str, BeforeValidator(_decimal)]
Npi = Annotated[str, AfterValidator(_npi)]
Clock = Annotated[str, AfterValidator(_clock)]


class Strict(BaseModel):
    """Base of the document's parts: an unknown field is an error, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Value(Strict):
    """One value and where it stands: a span of the note, or a resource (or a place of the document).

    ``start`` and ``end`` count characters of the note ``Administration.note`` names; ``text`` is what stands there. In
    JSON a value is ``{"value", "text", "start", "end"}`` or ``{"value", "resource"}``; a bare string or number is read
    as a value without a place.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    value: str
    text: str | None = None
    start: int | None = Field(default=None, ge=0)
    end: int | None = Field(default=None, ge=0)
    resource: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        """Read a bare scalar as a value; numbers become decimal strings."""
        if isinstance(data, bool):
            return {"value": "yes" if data else "no"}
        if isinstance(data, (str, int, float, Decimal)):
            return {"value": data if isinstance(data, str) else _decimal(data)}
        if isinstance(data, dict) and isinstance(data.get("value"), (int, float, Decimal)):
            return {**data, "value": "yes" if data["value"] is True else _decimal(data["value"])}
        return data

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("a span needs both start and end")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError("a span ends before it starts")
        return self

    @model_serializer(mode="wrap")
    def _shape(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write one of the two shapes of the contract."""
        if self.start is not None:
            return {"value": self.value, "text": self.text, "start": self.start, "end": self.end}
        return {"value": self.value, "resource": self.resource}

    @property
    def decimal(self) -> Decimal | None:
        """The value as a number, None where it is none."""
        try:
            return Decimal(self.value)
        except InvalidOperation:
            return None


class Numeric(Value):
    """A value that is a decimal number."""

    @model_validator(mode="after")
    def _number(self) -> Self:
        self.value = _decimal(self.value)
        return self


class Administration(Strict):
    """One statement of the chart about a drug given, or not given, to this patient.

    The first seventeen fields are those of the outside contract, in its order; the others are additions to it.
    """

    status: Status
    drug: Value | None = Field(default=None, description="generic name in lower case; the text may be a brand")
    dose: Numeric | None = Field(default=None, description="amount given to the patient, in `unit`")
    unit: Value | None = Field(default=None, description="mg, mcg, g, units, million units, mL, mEq, mCi")
    volume_ml: Numeric | None = Field(default=None, description="volume given, millilitres")
    route: Value | None = Field(default=None, description="IM, SC, IV ... (see Route)")
    site: Value | None = Field(default=None, description="deltoid, ventrogluteal, gluteal, knee ...")
    laterality: Value | None = Field(default=None, description="left, right, bilateral")
    time: Value | None = Field(default=None, description="HH:MM, 24 hours")
    date: Value | None = Field(default=None, description="ISO date of the administration")
    giver: Value | None = Field(default=None, description="name of the person who gave it")
    credential: Value | None = Field(default=None, description="RN, LPN, MA, MD, NP ... of the giver")
    lot: Value | None = Field(default=None, description="lot number")
    expiry: Value | None = Field(default=None, description="ISO date, or year and month")
    ndc: Value | None = Field(default=None, description="eleven digits where the written form allows it")
    waste: Numeric | None = Field(default=None, description="amount discarded, in `waste_unit`; 0 when none is stated")
    diagnosis: Value | None = Field(default=None, description="ICD-10-CM code with its point, else the words")

    strength: Value | None = Field(default=None, description="what the container says: 40 mg/mL, 100,000 units/mL")
    waste_unit: Value | None = None
    start: Value | None = Field(default=None, description="HH:MM, start of an infusion")
    stop: Value | None = Field(default=None, description="HH:MM, stop of an infusion")
    order: Value | None = Field(default=None, description="that it was ordered; the value is the order's date or 'yes'")
    orderer: Value | None = Field(default=None, description="clinician who ordered it")
    consent: Value | None = None
    assessment: Value | None = Field(default=None, description="assessment of the patient before it")
    observation: Value | None = Field(default=None, description="observation after it")
    reaction: Value | None = Field(default=None, description="reaction after it; 'none' where the chart says so")
    patient_supplied: Value | None = Field(default=None, description="'yes' where the patient brought the drug")
    container: Value | None = Field(default=None, description="single-dose vial, multi-dose vial, prefilled syringe")
    frequency: Value | None = None
    verb: Value | None = Field(default=None, description="the words that decided the status")
    procedure: Value | None = Field(
        default=None,
        description="what the needle did where the route leaves it open: trigger point, tendon sheath, tendon origin, "
        "carpal tunnel, ganglion, palmar cord, nerve block, facet, chemodenervation, prick test, intradermal test",
    )
    nerve: Value | None = Field(default=None, description="the nerve or plexus of a block")
    guidance: Value | None = Field(
        default=None, description="ultrasound, fluoroscopy, CT, none: how the needle was guided"
    )
    guidance_report: Value | None = Field(
        default=None, description="'yes' where images of the guidance were kept and reported, 'no' where they were not"
    )
    muscles: Numeric | None = Field(default=None, description="muscles injected")
    lesions: Numeric | None = Field(default=None, description="lesions injected")
    levels: Numeric | None = Field(default=None, description="levels of the spine, or nerves of one kind, injected")
    injections: Numeric | None = Field(default=None, description="injections of allergen extract")
    tests: Numeric | None = Field(default=None, description="skin tests placed")
    purpose: Value | None = Field(default=None, description="why a fluid ran: hydration, keep-open, diluent")
    counselling: Value | None = Field(
        default=None, description="'yes' where patient or family was counselled on the vaccine, 'no' where not"
    )
    counsellor: Value | None = Field(default=None, description="name of the person who counselled")
    counsellor_credential: Value | None = Field(default=None, description="MD, DO, NP, PA, RN ... of that person")
    components: Numeric | None = Field(default=None, description="components (antigens) of a vaccine")

    note: int | None = Field(default=None, ge=0, description="index in `notes` of the text the spans count in")
    id: str | None = Field(default=None, description="id of the resource it came from")
    order_id: str | None = Field(default=None, description="`orders[].id` it fulfils")
    giver_id: str | None = Field(default=None, description="`providers[].id` of the giver")
    orderer_id: str | None = Field(default=None, description="`providers[].id` of the ordering clinician")
    code: str | None = Field(default=None, description="HCPCS or CPT code the chart itself states, never a deduced one")
    cvx: str | None = Field(default=None, description="CVX code of a vaccine, where the chart states one")
    same_syringe: int | None = Field(default=None, description="index of the administration it shares a syringe with")
    conflicts: dict[str, Value] = Field(
        default_factory=dict, description="by field, what another part of the chart says of the same injection"
    )

    @property
    def given(self) -> bool:
        """Whether the chart says that it was given at this visit."""
        return self.status == "given"

    def values(self) -> dict[str, Value]:
        """Return the stated values by field, in the order of the fields."""
        found = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in found if isinstance(value, Value)}

    def get(self, field: str) -> str | None:
        """Return the bare value of a field, None where the chart does not state it."""
        value = getattr(self, field)
        return value.value if isinstance(value, Value) else None


CONTRACT_FIELDS = tuple(Administration.model_fields)[:17]
"""The fields of an administration that the outside contract names."""


class Address(Strict):
    """A US postal address."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None


class Person(Strict):
    """A patient or subscriber; all of it is patient data."""

    last_name: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    birth_date: dt.date | None = None
    sex: Literal["M", "F", "U"] | None = None
    address: Address | None = None


class Patient(Person):
    """The patient."""

    id: str | None = Field(default=None, description="record number")
    weight_kg: Number | None = None


class Coverage(Strict):
    """One insurance, in order of responsibility."""

    payer_id: str | None = None
    payer_name: str | None = None
    filing_code: str | None = Field(default=None, description="SBR09: MB, MC, 16, BL, CI ...")
    responsibility: Literal["P", "S", "T"] = "P"
    member_id: str | None = None
    group_number: str | None = None
    group_name: str | None = None
    relationship: Literal["self", "spouse", "child", "other"] = "self"
    subscriber: Person | None = Field(default=None, description="where it is not the patient")
    payer_address: Address | None = None
    prior_authorization: str | None = None


class Provider(Strict):
    """A person or organisation of the encounter."""

    id: str
    roles: list[Role] = Field(default_factory=list)
    type: Literal["person", "organization"] = "person"
    name: str | None = Field(default=None, description="organisation, or the whole name as written")
    last_name: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    npi: Npi | None = None
    credential: str | None = Field(default=None, description="MD, DO, NP, PA, RN, LPN, MA, PharmD ...")
    taxonomy: str | None = None
    tin: str | None = Field(default=None, description="tax number without hyphens, of the billing provider")
    address: Address | None = None
    phone: str | None = None


class Visit(Strict):
    """The evaluation of the day, when there was one."""

    code: str | None = Field(default=None, description="E/M code the clinician documented, never a deduced one")
    new_patient: bool | None = None
    reason: str | None = Field(default=None, description="chief complaint or reason for visit")
    separate_evaluation: Value | None = Field(
        default=None, description="words that show an evaluation beyond the usual work of the injection"
    )
    rendering: str | None = Field(default=None, description="`providers[].id`")
    diagnoses: list[str] = Field(default_factory=list, description="ICD-10-CM codes the visit addressed")


class Supervision(Strict):
    """Who supervised staff, and how."""

    provider: str | None = Field(default=None, description="`providers[].id`")
    kind: Literal["general", "direct", "personal", "virtual-direct"] | None = None
    statement: Value | None = None


class Meeting(Strict):
    """When and where it took place."""

    id: str | None = Field(default=None, description="patient control number of the claim to be (CLM01)")
    place_of_service: str | None = Field(default=None, pattern=r"^\d\d$")
    date: dt.date | None = None
    date_to: dt.date | None = None
    start: Clock | None = None
    stop: Clock | None = None
    visit: Visit | None = None
    supervision: Supervision | None = None
    signature: Value | None = Field(default=None, description="who signed the record, and when")
    consent: Value | None = None
    assessment: Value | None = None
    accident_date: dt.date | None = None
    onset_date: dt.date | None = None


class Diagnosis(Strict):
    """A diagnosis of the encounter; the first is the first on the claim."""

    code: str | None = Field(default=None, description="ICD-10-CM with its point")
    text: str | None = None
    status: Literal["confirmed", "suspected", "historical", "ruled-out"] = "confirmed"
    id: str | None = None
    place: Value | None = Field(default=None, description="where the chart says so")


class Order(Strict):
    """An order for a drug."""

    id: str | None = None
    drug: str | None = None
    code: str | None = None
    dose: Number | None = None
    unit: str | None = None
    route: str | None = None
    frequency: str | None = None
    date: dt.date | None = None
    orderer: str | None = Field(default=None, description="`providers[].id`, or the name as written")
    status: Literal["active", "completed", "stopped", "draft", "unknown"] = "active"
    signed: bool | None = None
    diagnoses: list[str] = Field(default_factory=list)


class Procedure(Strict):
    """Another documented procedure of the day."""

    code: str | None = None
    text: str | None = None
    status: Literal["done", "not-done", "planned"] = "done"
    site: str | None = None
    laterality: Laterality | None = None
    start: Clock | None = None
    stop: Clock | None = None
    performer: str | None = Field(default=None, description="`providers[].id`")
    id: str | None = None


class Observation(Strict):
    """A measurement or observation: a result, vital signs, time observed after an injection."""

    code: str | None = Field(default=None, description="LOINC where there is one")
    name: str | None = None
    value: str | None = None
    unit: str | None = None
    date: dt.date | None = None
    time: Clock | None = None
    id: str | None = None


class Charge(Strict):
    """The practice's charge for one unit of a code, dollars."""

    code: str
    amount: Number


class Note(Strict):
    """A note's text as it was written; spans count its characters."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)

    text: str
    id: str | None = None
    title: str | None = None
    author: str | None = None


class Encounter(Strict):
    """One encounter: who, where, when, why, and what was given."""

    schema_: Literal["scrubjay.encounter/1"] = Field(default=SCHEMA, alias="schema")
    source: Literal["encounter", "note", "fhir"] = "encounter"
    patient: Patient = Field(default_factory=Patient)
    coverage: list[Coverage] = Field(default_factory=list)
    encounter: Meeting = Field(default_factory=Meeting)
    providers: list[Provider] = Field(default_factory=list)
    diagnoses: list[Diagnosis] = Field(default_factory=list)
    orders: list[Order] = Field(default_factory=list)
    administrations: list[Administration] = Field(default_factory=list)
    procedures: list[Procedure] = Field(default_factory=list)
    observations: list[Observation] = Field(default_factory=list)
    charges: list[Charge] = Field(default_factory=list)
    notes: list[Note] = Field(default_factory=list)

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, populate_by_name=True, serialize_by_alias=True, title=SCHEMA
    )

    @model_validator(mode="after")
    def _references(self) -> Self:
        """Refuse a reference to a provider, note or administration that is not in the document."""
        ids = {provider.id for provider in self.providers}
        for number, given in enumerate(self.administrations):
            for field in ("giver_id", "orderer_id"):
                if getattr(given, field) is not None and getattr(given, field) not in ids:
                    raise ValueError(f"administrations[{number}].{field} names no provider of the document")
            if given.note is not None and given.note >= len(self.notes):
                raise ValueError(f"administrations[{number}].note names no note of the document")
            if given.same_syringe is not None and given.same_syringe >= len(self.administrations):
                raise ValueError(f"administrations[{number}].same_syringe names no administration of the document")
        return self

    def given(self) -> list[Administration]:
        """Return the administrations of this visit, in order."""
        return [administration for administration in self.administrations if administration.given]

    def provider(self, role: Role) -> Provider | None:
        """Return the first provider in a role."""
        return next((provider for provider in self.providers if role in provider.roles), None)

    def provider_by_id(self, id_: str | None) -> Provider | None:
        """Return a provider by its id."""
        return next((provider for provider in self.providers if provider.id == id_), None)

    def located(self) -> Encounter:
        """Return the document with a place in every value of a hand-written one: a JSON pointer into it."""
        for number, administration in enumerate(self.administrations):
            for name, value in administration.values().items():
                if value.start is None and value.resource is None:
                    value.resource = f"#/administrations/{number}/{name}"
        return self


def schema() -> dict[str, Any]:
    """Return the JSON schema of the encounter document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Encounter.model_json_schema()}
