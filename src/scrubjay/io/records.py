"""The claim as an object: what the 837P writer and everything that makes claims hand to each other.

All records are immutable, so that claims of one provider or one patient share theirs.  Money and quantities are
:class:`~decimal.Decimal`, dates :class:`~datetime.date`; an empty string or None says that a value is not given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address of the United States; ``zip`` with or without its hyphen."""

    street: str
    city: str
    state: str
    zip: str
    street2: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A person (with ``first``) or an organisation in any provider role; ``tin`` is used by the billing provider."""

    npi: str
    name: str
    first: str = ""
    taxonomy: str = ""
    tin: str = ""
    tin_qualifier: str = "EI"
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber or a dependent; ``sex`` is F, M or U."""

    last: str
    first: str
    dob: date | None = None
    sex: str = ""
    middle: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """The payer a claim goes to: name, payer id (2010BB NM109) and claim filing code (SBR09)."""

    name: str
    id: str
    filing_code: str
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The insured person as this payer knows him; ``responsibility`` is SBR01 (P primary, S secondary, T tertiary)."""

    person: Person
    member_id: str
    group: str = ""
    responsibility: str = "P"


@dataclass(frozen=True, slots=True)
class Dependent:
    """A patient who is not the subscriber; ``relationship`` is PAT01 (01 spouse, 19 child, G8 other ...)."""

    person: Person
    relationship: str = "19"


@dataclass(frozen=True, slots=True)
class Note:
    """Free text of NTE; ``kind`` is NTE01 (ADD, CER, DCP, DGN, TPO)."""

    text: str
    kind: str = "ADD"


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """Another payer of the same claim (loop 2320) with what it paid and adjusted at claim level.

    ``adjustments`` are (group, reason code, amount).
    """

    payer: Payer
    subscriber: Subscriber
    paid: Decimal | None = None
    relationship: str = "18"
    adjustments: tuple[tuple[str, str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One service line (loop 2400).

    ``pointers`` are 1-based positions in the claim's diagnoses, ``pos`` is written to SV105 only where it is given,
    ``service_to`` makes the date a span, ``measurements`` are (MEA02, value) of test results, ``number`` overrides LX.
    """

    code: str
    charge: Decimal | None
    units: Decimal | None = Decimal(1)
    modifiers: tuple[str, ...] = ()
    service_date: date | None = None
    service_to: date | None = None
    pointers: tuple[str, ...] = ("1",)
    pos: str = ""
    description: str = ""
    basis: str = "UN"
    qualifier: str = "HC"
    emergency: bool = False
    family_planning: bool = False
    number: int | None = None
    control: str = ""
    prior_auth: str = ""
    lot: str = ""
    ndc: str = ""
    ndc_quantity: Decimal | None = None
    ndc_unit: str = ""
    prescription: str = ""
    notes: tuple[Note, ...] = ()
    measurements: tuple[tuple[str, Decimal], ...] = ()
    rendering: Provider | None = None
    supervising: Provider | None = None
    ordering: Provider | None = None
    referring: Provider | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim (loop 2300) with its parties; ``charge`` None stands for the sum of the lines.

    ``diagnoses`` are ICD-10-CM codes with or without dot, the principal first, at most twelve.  ``dates`` are
    (qualifier, date) of claim level DTP segments such as ("431", onset).  ``causes`` are those of CLM11 (AA auto
    accident, EM employment, OA other accident), ``accident_state`` where an auto accident was; ``icd9``
    says that the diagnoses are ICD-9-CM.  ``signed``, ``benefits_assigned`` and ``released`` are CLM06, CLM08 and CLM09.
    """

    id: str
    billing: Provider
    subscriber: Subscriber
    payer: Payer
    lines: tuple[Line, ...]
    diagnoses: tuple[str, ...]
    dependent: Dependent | None = None
    charge: Decimal | None = None
    pos: str = "11"
    frequency: str = "1"
    assignment: str = "A"
    rendering: Provider | None = None
    referring: Provider | None = None
    facility: Provider | None = None
    supervising: Provider | None = None
    prior_auth: str = ""
    referral: str = ""
    original_ref: str = ""
    clia: str = ""
    dates: tuple[tuple[str, date], ...] = ()
    patient_paid: Decimal | None = None
    notes: tuple[Note, ...] = ()
    other_payers: tuple[OtherPayer, ...] = ()
    causes: tuple[str, ...] = ()
    accident_state: str = ""
    icd9: bool = False
    signed: str = "Y"
    benefits_assigned: str = "Y"
    released: str = "Y"

    def total(self) -> Decimal:
        """Return the claim's charge: the one given, else the sum of its lines."""
        if self.charge is not None:
            return self.charge
        return sum((line.charge for line in self.lines if line.charge is not None), Decimal(0))

    @property
    def patient(self) -> Person:
        """The person who was treated."""
        return self.dependent.person if self.dependent is not None else self.subscriber.person


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ST to SE set; neighbouring claims of one provider, subscriber or dependent share a hierarchical level."""

    claims: Sequence[Claim]
    control: str = "0001"
    submitter: str = "EXAMPLE BILLING"
    submitter_id: str = "SUBMITTER01"
    contact: str = "BILLING OFFICE"
    phone: str = "5555550100"
    receiver: str = "EXAMPLE CLEARINGHOUSE"
    receiver_id: str = "RECEIVER01"
