"""An 837P to claims as objects, with every name and address: for what is written or printed from a claim.

Checking reads tables (:mod:`scrubjay.io.claim837`), which hold no addresses.  Here each claim is read whole, one object
at a time, and what has no place in the object is counted, so that nobody believes it was carried over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from scrubjay.io.interchange import iter_chunks
from scrubjay.io.records import Address, Claim, Dependent, Line, Note, OtherPayer, Payer, Person, Provider, Subscriber
from scrubjay.io.source import ByteSource

Elements = list[str]

_ENVELOPE = {"ISA", "GS", "ST", "BHT", "SE", "GE", "IEA", "TA1", "PER"}


@dataclass
class Left:
    """What was read and has no place in a claim object: segments by identifier and qualifier."""

    counts: Counter[str] = field(default_factory=Counter)

    def words(self) -> str:
        """Return the counts as ``PWK 2, CRC 1``."""
        return ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))


def read_claims(stream: BinaryIO, name: str, left: Left | None = None) -> Iterator[Claim]:
    """Yield the claims of an 837P in order; ``left`` counts what they do not hold.

    Raises :class:`~scrubjay.errors.InputError` where the file has no envelope.
    """
    left = left if left is not None else Left()
    for chunk in iter_chunks(ByteSource(stream), name):
        marks = chunk.segments.delimiters
        walk = _Walk(chr(marks.component), left)
        for at in range(len(chunk.segments)):
            if not chunk.wanted[at]:
                continue
            parts = chunk.segments.raw(at).split(chr(marks.element))
            claim = walk.step(parts, carried=bool(chunk.segments.context[at]))
            if claim is not None:
                yield claim
        last = walk.finish()
        if last is not None:
            yield last


@dataclass
class _Party:
    """A provider, payer or person under construction."""

    role: str = ""
    kind: str = "2"
    name: str = ""
    first: str = ""
    middle: str = ""
    id: str = ""
    taxonomy: str = ""
    tin: str = ""
    tin_qualifier: str = "EI"
    street: tuple[str, str] | None = None
    city: tuple[str, str, str] | None = None
    dob: date | None = None
    sex: str = ""

    def address(self) -> Address | None:
        """Return the address, None where there is none."""
        if self.street is None and self.city is None:
            return None
        street, city = self.street or ("", ""), self.city or ("", "", "")
        return Address(street[0], city[0], city[1], city[2], street[1])

    def provider(self) -> Provider:
        """Return the party as a provider."""
        return Provider(
            self.id, self.name, self.first, self.taxonomy, self.tin, self.tin_qualifier if self.tin else "EI",
            self.address(),
        )  # fmt: skip

    def person(self) -> Person:
        """Return the party as a person."""
        return Person(self.name, self.first, self.dob, self.sex, self.middle, self.address())


@dataclass
class _Other:
    sbr: Elements
    adjustments: list[tuple[str, str, Decimal]] = field(default_factory=list)
    paid: Decimal | None = None
    parties: dict[str, _Party] = field(default_factory=dict)

    def build(self) -> OtherPayer:
        insured, payer = self.parties.get("IL", _Party()), self.parties.get("PR", _Party())
        subscriber = Subscriber(insured.person(), insured.id, _at(self.sbr, 3), _at(self.sbr, 1))
        return OtherPayer(
            Payer(payer.name, payer.id, _at(self.sbr, 9), payer.address()),
            subscriber,
            self.paid,
            _at(self.sbr, 2) or "18",
            tuple(self.adjustments),
        )


class _Walk:
    """Steps over segments and builds claims."""

    def __init__(self, component: str, left: Left) -> None:
        self.component = component
        self.left = left
        self.level = ""
        self.levels: dict[str, dict[str, _Party]] = {"20": {}, "22": {}, "23": {}}
        self.taxonomy = ""
        self.sbr: Elements = []
        self.relationship = ""
        self.party = _Party()
        self.claim: dict[str, object] | None = None
        self.claim_parties: dict[str, _Party] = {}
        self.others: list[_Other] = []
        self.lines: list[dict[str, object]] = []
        self.line_parties: dict[str, _Party] = {}

    def step(self, parts: Elements, *, carried: bool) -> Claim | None:
        """Take one segment; return the claim that ended before it, if any."""
        name = parts[0].strip()
        done = self.finish() if name in ("CLM", "HL", "SE", "ST") else None
        handler = getattr(self, f"_{name.lower()}", None)
        if handler is not None:
            handler(parts)
        elif name not in _ENVELOPE and not carried:
            self._lose(parts)
        return done

    def finish(self) -> Claim | None:
        """Return the claim under construction, if any."""
        if self.claim is None:
            return None
        self._close_line()
        values, self.claim = self.claim, None
        insured = self.levels["22"].get("IL", _Party())
        payer = self.levels["22"].get("PR", _Party())
        billing = replace(self.levels["20"].get("85", _Party()).provider(), taxonomy=self.taxonomy)
        subscriber = Subscriber(insured.person(), insured.id, _at(self.sbr, 3), _at(self.sbr, 1) or "P")
        patient = self.levels["23"].get("QC")
        roles = {"82": "rendering", "77": "facility", "DQ": "supervising", "DN": "referring", "P3": "referring"}
        providers = {
            field_: party.provider()
            for role, party in reversed(self.claim_parties.items())
            if (field_ := roles.get(role)) is not None
        }
        return Claim(
            billing=billing,
            subscriber=subscriber,
            payer=Payer(payer.name, payer.id, _at(self.sbr, 9), payer.address()),
            dependent=Dependent(patient.person(), self.relationship or "G8") if patient is not None else None,
            lines=tuple(Line(**line) for line in self.lines),  # type: ignore[arg-type]
            other_payers=tuple(other.build() for other in self.others),
            **providers,  # type: ignore[arg-type]
            **values,  # type: ignore[arg-type]
        )

    def _lose(self, parts: Elements) -> None:
        qualifier = _at(parts, 1) if parts[0] in ("REF", "DTP", "NM1", "AMT", "HI", "K3", "PWK") else ""
        self.left.counts[f"{parts[0]}*{qualifier.split(self.component)[0]}" if qualifier else parts[0]] += 1

    def _hl(self, parts: Elements) -> None:
        self.level = _at(parts, 3)
        below = {"20": ("20", "22", "23"), "22": ("22", "23"), "23": ("23",)}.get(self.level, ())
        for level in below:
            self.levels[level] = {}
        if "22" in below:
            self.sbr = []
        if "20" in below:
            self.taxonomy = ""
        self.relationship = ""

    def _sbr(self, parts: Elements) -> None:
        if self.claim is None:
            self.sbr = parts
        else:
            self.others.append(_Other(parts))

    def _pat(self, parts: Elements) -> None:
        if self.level == "23":
            self.relationship = _at(parts, 1)

    def _prv(self, parts: Elements) -> None:
        if _at(parts, 1) == "BI":
            self.taxonomy = _at(parts, 3)
        else:
            self.party.taxonomy = _at(parts, 3)

    def _nm1(self, parts: Elements) -> None:
        role = _at(parts, 1)
        party = _Party(role, _at(parts, 2), _at(parts, 3), _at(parts, 4), _at(parts, 5), _at(parts, 9))
        self.party = party
        if self.claim is None:
            known = {"20": ("85",), "22": ("IL", "PR"), "23": ("QC",)}.get(self.level, ())
            if role in known:
                self.levels[self.level].setdefault(role, party)
            elif role not in ("41", "40"):
                self._lose(parts)
        elif self.lines:
            if role in ("82", "DQ", "DK", "DN", "P3"):
                self.line_parties.setdefault(role, party)
            else:
                self._lose(parts)
        elif self.others:
            if role in ("IL", "PR"):
                self.others[-1].parties.setdefault(role, party)
            else:
                self._lose(parts)
        elif role in ("82", "77", "DQ", "DN", "P3"):
            self.claim_parties.setdefault(role, party)
        else:
            self._lose(parts)

    def _n3(self, parts: Elements) -> None:
        self.party.street = (_at(parts, 1), _at(parts, 2))

    def _n4(self, parts: Elements) -> None:
        self.party.city = (_at(parts, 1), _at(parts, 2), _at(parts, 3))

    def _dmg(self, parts: Elements) -> None:
        self.party.dob, self.party.sex = _day(_at(parts, 2)), _at(parts, 3)

    def _ref(self, parts: Elements) -> None:
        kind, value = _at(parts, 1), _at(parts, 2)
        if self.claim is None:
            if kind in ("EI", "SY") and self.party.role == "85":
                self.party.tin, self.party.tin_qualifier = value, kind
            else:
                self._lose(parts)
            return
        fields = (
            {"G1": "prior_auth", "6R": "control", "BT": "lot", "XZ": "prescription"}
            if self.lines
            else {"9F": "referral", "G1": "prior_auth", "F8": "original_ref", "X4": "clia"}
        )
        target = self.lines[-1] if self.lines else self.claim
        inside = bool(self.line_parties if self.lines else self.claim_parties or self.others)
        if kind in fields and not inside:
            target.setdefault(fields[kind], value)
        else:
            self._lose(parts)

    def _clm(self, parts: Elements) -> None:
        place = _at(parts, 5).split(self.component)
        accident = _at(parts, 11).split(self.component)
        self.claim = {
            "id": _at(parts, 1),
            "charge": _decimal(_at(parts, 2)),
            "pos": _at(place, 0),
            "frequency": _at(place, 2),
            "signed": _at(parts, 6),
            "assignment": _at(parts, 7),
            "benefits_assigned": _at(parts, 8),
            "released": _at(parts, 9),
            "causes": tuple(cause for cause in accident[:3] if cause),
            "accident_state": _at(accident, 3),
            "diagnoses": (),
        }
        self.claim_parties, self.others, self.lines, self.line_parties = {}, [], [], {}
        self.party = _Party()

    def _dtp(self, parts: Elements) -> None:
        kind, form, value = _at(parts, 1), _at(parts, 2), _at(parts, 3)
        if self.claim is None:
            self._lose(parts)
        elif not self.lines:
            day = _day(value)
            if form == "D8" and day is not None and not self.others:
                self.claim["dates"] = (*self.claim.get("dates", ()), (kind, day))  # type: ignore[misc]
            else:
                self._lose(parts)
        elif kind == "472":
            first, _, last = value.partition("-")
            self.lines[-1]["service_date"] = _day(first)
            if form == "RD8":
                self.lines[-1]["service_to"] = _day(last)
        else:
            self._lose(parts)

    def _amt(self, parts: Elements) -> None:
        kind, value = _at(parts, 1), _decimal(_at(parts, 2))
        if self.claim is not None and not self.lines and kind == "F5" and not self.others:
            self.claim["patient_paid"] = value
        elif self.others and not self.lines and kind == "D":
            self.others[-1].paid = value
        else:
            self._lose(parts)

    def _nte(self, parts: Elements) -> None:
        if self.claim is None:
            return self._lose(parts)
        target = self.lines[-1] if self.lines else self.claim
        target["notes"] = (*target.get("notes", ()), Note(_at(parts, 2), _at(parts, 1)))  # type: ignore[misc]
        return None

    def _hi(self, parts: Elements) -> None:
        if self.claim is None or self.lines:
            return self._lose(parts)
        codes = list(self.claim["diagnoses"])  # type: ignore[call-overload]
        for element in parts[1:]:
            pieces = element.split(self.component)
            if pieces[0] in ("ABK", "ABF", "BK", "BF"):
                codes.append(_at(pieces, 1))
                self.claim["icd9"] = pieces[0] in ("BK", "BF")
            elif pieces[0]:
                self.left.counts[f"HI*{pieces[0]}"] += 1
        self.claim["diagnoses"] = tuple(codes)
        return None

    def _oi(self, parts: Elements) -> None:
        """Take the release of information of another payer, which the writer gives anew."""

    def _cas(self, parts: Elements) -> None:
        if not self.others or self.lines:
            return self._lose(parts)
        for k in range(2, len(parts), 3):
            amount = _decimal(_at(parts, k + 1))
            if _at(parts, k) and amount is not None:
                self.others[-1].adjustments.append((_at(parts, 1), _at(parts, k), amount))
        return None

    def _lx(self, parts: Elements) -> None:
        self._close_line()
        if self.claim is not None:
            number = _at(parts, 1)
            self.lines.append({"number": int(number) if number.isdigit() else None, "code": "", "charge": None})
            self.line_parties = {}

    def _sv1(self, parts: Elements) -> None:
        if not self.lines:
            return self._lose(parts)
        service = _at(parts, 1).split(self.component)
        self.lines[-1].update(
            qualifier=_at(service, 0),
            code=_at(service, 1),
            modifiers=tuple(mod for mod in service[2:6] if mod),
            description=self.component.join(service[6:]),
            charge=_decimal(_at(parts, 2)),
            basis=_at(parts, 3),
            units=_decimal(_at(parts, 4)),
            pos=_at(parts, 5),
            pointers=tuple(_at(parts, 7).split(self.component)) if _at(parts, 7) else (),
            emergency=_at(parts, 9) == "Y",
            family_planning=_at(parts, 12) == "Y",
        )
        return None

    def _lin(self, parts: Elements) -> None:
        if self.lines and "ndc" not in self.lines[-1] and _at(parts, 2) == "N4":
            self.lines[-1]["ndc"] = _at(parts, 3)
        else:
            self._lose(parts)

    def _ctp(self, parts: Elements) -> None:
        if self.lines and "ndc" in self.lines[-1]:
            self.lines[-1]["ndc_quantity"] = _decimal(_at(parts, 4))
            self.lines[-1]["ndc_unit"] = _at(parts, 5).split(self.component)[0]
        else:
            self._lose(parts)

    def _mea(self, parts: Elements) -> None:
        value = _decimal(_at(parts, 3))
        if self.lines and value is not None:
            self.lines[-1]["measurements"] = (*self.lines[-1].get("measurements", ()), (_at(parts, 2), value))  # type: ignore[misc]
        else:
            self._lose(parts)

    def _close_line(self) -> None:
        roles = {"82": "rendering", "DQ": "supervising", "DK": "ordering", "DN": "referring", "P3": "referring"}
        for role, party in reversed(self.line_parties.items()):
            if self.lines:
                self.lines[-1][roles[role]] = party.provider()
        self.line_parties = {}


def _at(parts: Sequence[str], index: int) -> str:
    return parts[index].strip() if index < len(parts) else ""


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
