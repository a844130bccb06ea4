"""Writes professional claims as an X12 837P interchange (005010X222A1), with the standard library alone.

Claims are given flat, each with its parties; the writer builds the hierarchy (billing provider, subscriber, dependent),
the segment order, the counts and the control numbers.  It refuses only what has no place in the format; whether the
content makes sense is for the edits to say.

    data = to_bytes(Interchange([Transaction([claim, ...])], created=datetime(2026, 3, 16, 8, 0)))

Source of the order of loops and segments: X12 005010X222A1 as mapped by pyx12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from scrubjay.io.records import Address, Claim, Line, Note, OtherPayer, Payer, Person, Provider, Subscriber, Transaction

GUIDE = "005010X222A1"

Element = str | tuple[str, ...]
Segment = tuple[Element, ...]
"""One segment: its identifier, then its elements; a composite element is the tuple of its components."""

_ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The four characters an interchange names in its ISA."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"


@dataclass(frozen=True, slots=True)
class Interchange:
    """One ISA to IEA with a single functional group."""

    transactions: Sequence[Transaction]
    created: datetime
    sender: str = "SUBMITTER01"
    receiver: str = "RECEIVER01"
    control: int = 1
    usage: str = "T"
    delimiters: Delimiters = field(default_factory=Delimiters)
    newline: str = "\n"


def to_bytes(interchange: Interchange) -> bytes:
    """Return the interchange as bytes; raises :class:`ValueError` with one line for what the format cannot hold."""
    return render(segments(interchange), interchange.delimiters, interchange.newline)


def segments(interchange: Interchange) -> list[Segment]:
    """Return every segment of the interchange in order, counts and control numbers filled in."""
    day, clock = interchange.created.strftime("%Y%m%d"), interchange.created.strftime("%H%M")
    control = f"{interchange.control:09d}"
    group = str(interchange.control)
    # The ISA's own delimiters are put in by render.
    isa = ("ISA", "00", "", "00", "", "ZZ", interchange.sender, "ZZ", interchange.receiver, day[2:], clock, "")
    out: list[Segment] = [
        (*isa, "00501", control, "0", interchange.usage, ""),
        ("GS", "HC", interchange.sender, interchange.receiver, day, clock, group, "X", GUIDE),
    ]
    for transaction in interchange.transactions:
        body = [_trim(segment) for segment in _transaction(transaction, day, clock)]
        out += body
        out.append(("SE", str(len(body) + 1), transaction.control))
    out.append(("GE", str(len(interchange.transactions)), group))
    out.append(("IEA", "1", control))
    return out


def render(body: Iterable[Segment], delimiters: Delimiters | None = None, newline: str = "\n") -> bytes:
    """Return segments as bytes (UTF-8), the ISA padded to its fixed widths and carrying the delimiters."""
    marks = delimiters or Delimiters()
    characters = (marks.element, marks.component, marks.repetition, marks.segment)
    if len(set(characters)) != 4 or any(len(c) != 1 or c.isalnum() or c == " " for c in characters):
        raise ValueError(f"delimiters must be four different characters, no letters, digits or blanks: {characters}")
    forbidden = set(characters)
    claim = line = ""
    parts: list[str] = []
    for segment in body:
        if segment[0] == "ISA":
            segment = _isa(segment, marks)
        else:
            if segment[0] in ("CLM", "LX"):
                claim, line = (_flat(segment[1]), "") if segment[0] == "CLM" else (claim, _flat(segment[1]))
            elif segment[0] in ("HL", "SE"):
                claim = line = ""
            _refuse_illegal(segment, forbidden, claim, line)
        text = marks.element.join(e if isinstance(e, str) else marks.component.join(e) for e in segment)
        parts.append(text + marks.segment + newline)
    return "".join(parts).encode("utf-8")


def number(value: Decimal | None) -> str:
    """Return a decimal as X12 writes it: no exponent, no trailing zeros (203.50 is ``203.5``)."""
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _isa(segment: Segment, marks: Delimiters) -> Segment:
    """Return the ISA with its elements padded, its repetition separator and its component separator."""
    values = [_flat(e) for e in segment[1:]]
    values[10] = values[10] or marks.repetition
    values[15] = values[15] or marks.component
    padded = [value.ljust(width) for value, width in zip(values, _ISA_WIDTHS, strict=True)]
    for at, (value, width) in enumerate(zip(padded, _ISA_WIDTHS, strict=True), start=1):
        if len(value) > width:
            raise ValueError(f"ISA{at:02d} is longer than its {width} characters")
    return ("ISA", *padded)


def _flat(element: Element) -> str:
    return element if isinstance(element, str) else ":".join(element)


def _refuse_illegal(segment: Segment, forbidden: set[str], claim: str, line: str) -> None:
    """Raise :class:`ValueError` where an element holds a delimiter or a character that cannot be printed."""
    for at, element in enumerate(segment[1:], start=1):
        for value in (element,) if isinstance(element, str) else element:
            bad = next((c for c in value if c in forbidden or not c.isprintable()), None)
            if bad is None:
                continue
            where = "".join([f"claim {claim}: " if claim else "", f"line {line}: " if line else ""])
            why = "a delimiter of this file" if bad in forbidden else "not a printable character"
            raise ValueError(
                f"{where}{segment[0]}{at:02d} holds {bad!r}, {why}; take it out or choose other delimiters"
            )


def _trim(segment: Segment) -> Segment:
    """Return the segment without empty elements and components at its ends."""
    elements: list[Element] = []
    for element in segment:
        if not isinstance(element, str):
            while element and not element[-1]:
                element = element[:-1]
            element = element if len(element) > 1 else (element[0] if element else "")
        elements.append(element)
    while elements and not elements[-1]:
        elements.pop()
    return tuple(elements)


def _transaction(transaction: Transaction, day: str, clock: str) -> Iterator[Segment]:
    """Yield ST to the last claim; the hierarchy follows the order of the claims."""
    yield "ST", "837", transaction.control, GUIDE
    yield "BHT", "0019", "00", transaction.control, day, clock, "CH"
    yield "NM1", "41", "2", transaction.submitter, "", "", "", "", "46", transaction.submitter_id
    yield "PER", "IC", transaction.contact, "TE", transaction.phone
    yield "NM1", "40", "2", transaction.receiver, "", "", "", "", "46", transaction.receiver_id
    level = 0
    for billing, of_billing in groupby(transaction.claims, key=lambda claim: claim.billing):
        level += 1
        parent = level
        yield "HL", str(level), "", "20", "1"
        yield from _billing(billing)
        # A subscriber's own claims and those of a dependent stand under separate levels: HL04 stays unambiguous.
        for (subscriber, payer, is_self), of_subscriber in groupby(
            of_billing, key=lambda claim: (claim.subscriber, claim.payer, claim.dependent is None)
        ):
            level += 1
            insured = level
            yield "HL", str(level), str(parent), "22", "0" if is_self else "1"
            yield from _subscriber(subscriber, payer, is_self=is_self)
            for dependent, of_patient in groupby(of_subscriber, key=lambda claim: claim.dependent):
                if dependent is not None:
                    level += 1
                    yield "HL", str(level), str(insured), "23", "0"
                    yield "PAT", dependent.relationship
                    yield from _person("QC", dependent.person)
                for claim in of_patient:
                    yield from _claim(claim)


def _billing(billing: Provider) -> Iterator[Segment]:
    if billing.taxonomy:
        yield "PRV", "BI", "PXC", billing.taxonomy
    yield from _provider("85", billing, taxonomy="")
    yield from _address(billing.address)
    if billing.tin:
        yield "REF", billing.tin_qualifier, billing.tin


def _subscriber(subscriber: Subscriber, payer: Payer, *, is_self: bool) -> Iterator[Segment]:
    relationship = "18" if is_self else ""
    group = ("", "", "", "", "")
    yield "SBR", subscriber.responsibility, relationship, subscriber.group, *group, payer.filing_code
    yield from _person("IL", subscriber.person, subscriber.member_id)
    yield "NM1", "PR", "2", payer.name, "", "", "", "", "PI", payer.id
    yield from _address(payer.address)


def _person(role: str, person: Person, member_id: str = "") -> Iterator[Segment]:
    ident = ("", "MI", member_id) if member_id else ()
    yield "NM1", role, "1", person.last, person.first, person.middle, "", *ident
    yield from _address(person.address)
    if person.dob is not None:
        yield "DMG", "D8", _date(person.dob), person.sex or "U"


def _address(address: Address | None) -> Iterator[Segment]:
    if address is not None:
        yield "N3", address.street, address.street2
        yield "N4", address.city, address.state, address.zip.replace("-", "")


def _provider(
    role: str, provider: Provider | None, taxonomy: str = "PE", *, located: bool = False
) -> Iterator[Segment]:
    """Yield NM1 of a provider, PRV where ``taxonomy`` gives its qualifier and the address where it is ``located``."""
    if provider is None:
        return
    kind = "1" if provider.first else "2"
    ident = ("XX", provider.npi) if provider.npi else ()
    yield "NM1", role, kind, provider.name, provider.first, "", "", "", *ident
    if provider.taxonomy and taxonomy:
        yield "PRV", taxonomy, "PXC", provider.taxonomy
    if located:
        yield from _address(provider.address)


def _claim(claim: Claim) -> Iterator[Segment]:
    """Yield loop 2300 with its providers, other payers and lines."""
    if not 1 <= len(claim.diagnoses) <= 12:
        raise ValueError(f"claim {claim.id}: {len(claim.diagnoses)} diagnoses; HI has room for one to twelve")
    place = (claim.pos, "B", claim.frequency)
    causes = (*claim.causes, "", "", "")[:3]
    accident = (*causes, claim.accident_state) if claim.causes else ""
    said = (claim.signed, claim.assignment, claim.benefits_assigned, claim.released)
    yield "CLM", claim.id, number(claim.total()), "", "", place, *said, "", accident
    for qualifier, day in claim.dates:
        yield "DTP", qualifier, "D8", _date(day)
    if claim.patient_paid is not None:
        yield "AMT", "F5", number(claim.patient_paid)
    yield from _refs(("9F", claim.referral), ("G1", claim.prior_auth), ("F8", claim.original_ref), ("X4", claim.clia))
    yield from _notes(claim.notes)
    codes = [code.replace(".", "") for code in claim.diagnoses]
    first, further = ("BK", "BF") if claim.icd9 else ("ABK", "ABF")
    yield "HI", *(((first if at == 0 else further), code) for at, code in enumerate(codes))
    yield from _provider("DN", claim.referring, taxonomy="")
    yield from _provider("82", claim.rendering)
    yield from _provider("77", claim.facility, taxonomy="", located=True)
    yield from _provider("DQ", claim.supervising, taxonomy="")
    for other in claim.other_payers:
        yield from _other_payer(other)
    for at, line in enumerate(claim.lines, start=1):
        yield from _line(line, at, claim.id)


def _other_payer(other: OtherPayer) -> Iterator[Segment]:
    subscriber = other.subscriber
    yield "SBR", subscriber.responsibility, other.relationship, "", "", "", "", "", "", other.payer.filing_code
    for group, reason, amount in other.adjustments:
        yield "CAS", group, reason, number(amount)
    if other.paid is not None:
        yield "AMT", "D", number(other.paid)
    yield "OI", "", "", "Y", "", "", "Y"
    person = subscriber.person
    yield "NM1", "IL", "1", person.last, person.first, person.middle, "", "", "MI", subscriber.member_id
    yield from _address(person.address)
    yield "NM1", "PR", "2", other.payer.name, "", "", "", "", "PI", other.payer.id
    yield from _address(other.payer.address)


def _line(line: Line, at: int, claim: str) -> Iterator[Segment]:
    """Yield loop 2400 with its drug (2410) and providers (2420)."""
    if len(line.modifiers) > 4:
        raise ValueError(f"claim {claim}: line {at}: {len(line.modifiers)} modifiers; SV101 has room for four")
    if len(line.pointers) > 4:
        raise ValueError(f"claim {claim}: line {at}: {len(line.pointers)} diagnosis pointers; SV107 has room for four")
    yield "LX", str(at if line.number is None else line.number)
    modifiers = (*line.modifiers, "", "", "", "")[:4]
    service = (line.qualifier, line.code, *modifiers, line.description)
    flags = ("Y" if line.emergency else "", "", "", "Y" if line.family_planning else "")
    amounts = (number(line.charge), line.basis, number(line.units), line.pos)
    yield "SV1", service, *amounts, "", line.pointers, "", *flags
    if line.service_date is not None and line.service_to is not None:
        yield "DTP", "472", "RD8", f"{_date(line.service_date)}-{_date(line.service_to)}"
    elif line.service_date is not None:
        yield "DTP", "472", "D8", _date(line.service_date)
    for test, value in line.measurements:
        yield "MEA", "TR", test, number(value)
    yield from _refs(("G1", line.prior_auth), ("6R", line.control), ("BT", line.lot))
    yield from _notes(line.notes)
    if line.ndc:
        yield "LIN", "", "N4", line.ndc
        if line.ndc_quantity is not None or line.ndc_unit:
            yield "CTP", "", "", "", number(line.ndc_quantity), line.ndc_unit
        yield from _refs(("XZ", line.prescription))
    yield from _provider("82", line.rendering)
    yield from _provider("DQ", line.supervising, taxonomy="")
    yield from _provider("DK", line.ordering, taxonomy="")
    yield from _provider("DN", line.referring, taxonomy="")


def _refs(*pairs: tuple[str, str]) -> Iterator[Segment]:
    for qualifier, value in pairs:
        if value:
            yield "REF", qualifier, value


def _notes(notes: Iterable[Note]) -> Iterator[Segment]:
    for note in notes:
        yield "NTE", note.kind, note.text


def _date(day: date) -> str:
    return day.strftime("%Y%m%d")
