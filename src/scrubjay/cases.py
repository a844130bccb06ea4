"""The case notation: a few readable rows that become a whole 837P, for examples of edits and for tests.

Every row is a word, plain words and ``option=value`` pairs.  Values with blanks stand in double quotes, ``#`` starts a
comment, ``none`` leaves a value out of the claim, a blank line separates two independent cases.  Whatever is not said
is valid: 2026-03-02, place 11, Medicare Part B, one woman born in 1950, one family physician, diagnosis E53.8.

run as_of=2026-03-16 received=2026-03-20
    The day on which we judge (default: a fortnight after the last service, 2026-03-16 where none is dated) and the day
    the payer gets the claims (default: none).
payer medicare id= name= filing=
    One of :data:`PAYERS`; the options override its payer id, its name and its filing code (SBR09).  It holds for the
    claims that follow.
patient sex=F dob=1950-01-01 member=TEST00001 name="TESTER, PAT" relation=18
    The patient of the claims that follow.  All claims of a case have the same patient until a further ``patient`` row
    brings another one.  ``relation`` other than 18 (such as 19, child) makes a dependent of a subscriber.
transaction control=0002
    The claims that follow stand in a further ST to SE set.
claim id=CASE1 pos=11 freq=1 dx=E53.8,M25.511 dos=2026-03-02 note="..." charge=203.00
    Starts a claim; may be left out before the first line.  ``dos`` is the default date of its lines, ``charge``
    replaces the sum of its lines in CLM02.
    More options: note_kind=ADD ref_f8= ref_g1= referral= clia= resp=P group= paid= (patient paid)
    rendering=NPI taxonomy=207Q00000X billing=NPI tin= billing_taxonomy= state= zip= (of the billing address)
    facility=NPI supervising=NPI referring=NPI
    ``rendering=other`` is a colleague of the group, ``billing=other`` another group.  A place of service away from the
    office gets a service facility by itself; ``facility=none`` takes it away.
line 96372 units=1 dos=2026-03-02 to=2026-03-05 mods=25,59 charge=30.00 dx=1,2 pos=11 desc="..." note="..." n=3
    A service line.  ``dx`` (or ``ptr``) points at diagnoses of the claim, ``pos`` is written to SV105 only when given,
    ``n`` overrides the line number (LX), ``cents`` is the charge in cents.
    Drug: ndc=00143962010 qty=1 uom=ML rx= (prescription); quantity 1 and unit ML are the defaults beside an NDC.
    More options: basis=UN qualifier=HC control= (REF*6R) auth= (REF*G1) lot= (REF*BT) note_kind=ADD emg=Y fp=Y
    mea=R1:10.5 (test result) rendering=NPI taxonomy= supervising=NPI ordering=NPI referring=NPI
raw SE01=99
    After writing, puts a value into an element: SEGMENTnn, then ``-n`` for a component, ``*QUALIFIER`` (first element)
    and ``,n`` for the n-th such segment: ``raw SV104=abc``, ``raw SV101-2,2=9921``, ``raw NM109*82=12345``.
drop REF*6R     dup LX,2     add "MEA*TR*R1*10.5" after=DTP*472,2
    Removes, repeats or adds a segment, addressed in the same way.  These rows come first, then SE01 is counted again,
    then ``raw`` rows damage what stands there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from scrubjay.damage import CaseError, Damage, apply_damage, read_damage
from scrubjay.io.records import Address, Claim, Dependent, Line, Note, Payer, Person, Provider, Subscriber, Transaction
from scrubjay.io.write837 import Delimiters, Interchange, render, segments

DEFAULT_DATE = date(2026, 3, 2)
DEFAULT_AS_OF = date(2026, 3, 16)

PAYERS = {
    "medicare": Payer("MEDICARE PART B", "MEDICAREB", "MB"),
    "medicare-advantage": Payer("EXAMPLE MEDICARE ADVANTAGE", "EXMA1", "16"),
    "medicaid": Payer("STATE MEDICAID", "MEDICAID1", "MC"),
    "commercial": Payer("EXAMPLE COMMERCIAL HEALTH", "EXCOM", "CI"),
    "bcbs": Payer("EXAMPLE BLUE CROSS BLUE SHIELD", "EXBCBS", "BL"),
    "uhc": Payer("UNITEDHEALTHCARE", "87726", "CI"),
    "aetna": Payer("AETNA", "60054", "CI"),
    "cigna": Payer("CIGNA", "62308", "CI"),
    "regence": Payer("REGENCE BLUESHIELD", "EXREG", "BL"),
    "anthem": Payer("ANTHEM BLUE CROSS", "EXANTH", "BL"),
    "bcbs-alabama": Payer("BLUE CROSS AND BLUE SHIELD OF ALABAMA", "EXBCAL", "BL"),
    "generic": Payer("EXAMPLE BENEFIT FUND", "EXFUND", "ZZ"),
}
"""The payers by their policy name; ids that begin with EX belong to nobody."""

_T = TypeVar("_T")
_OFFICE_PLACES = {"", "02", "10", "11", "12"}
_ADDRESS = Address("100 MAIN ST", "SPRINGFIELD", "WA", "981010000")


def npi(base: int) -> str:
    """Return the ten-digit NPI of nine digits: the Luhn check digit is taken over 80840 and them (45 CFR 162.406)."""
    digits = f"80840{base:09d}"
    total = sum(sum(divmod(int(d) * 2, 10)) if at % 2 == 0 else int(d) for at, d in enumerate(reversed(digits)))
    return f"{base:09d}{-total % 10}"


BILLING = Provider(npi(123456780), "EXAMPLE FAMILY CLINIC", "", "207Q00000X", "912345678", "EI", _ADDRESS)
OTHER_BILLING = Provider(npi(198765430), "OTHER MEDICAL GROUP", "", "207Q00000X", "987654321", "EI", _ADDRESS)
RENDERING = Provider(npi(145678900), "SAMPLE", "ROBIN", "207Q00000X")
OTHER_RENDERING = Provider(npi(146789010), "EXAMPLE", "ALEX", "207Q00000X")
FACILITY = Provider(
    npi(150000010), "EXAMPLE HOSPITAL", address=Address("1 HOSPITAL WAY", "SPRINGFIELD", "WA", "981020000")
)
_CHARGES = (
    (r"99[2-4]\d\d|G0463", "150.00"),
    (r"96[34]\d\d|904[67]\d|90480|G000[89]|G001[02]|9511[57]", "35.00"),
    (r"[JQCSP]\d{4}|90[2-7]\d\d|913\d\d|A4216", "20.00"),
    (r".*", "60.00"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its rows as written, its claims by transaction, the days to judge by and the damage to do."""

    text: str
    row: int
    transactions: tuple[Transaction, ...]
    as_of: date
    received: date | None
    damage: tuple[Damage, ...]

    @property
    def claims(self) -> list[Claim]:
        """The claims of all transactions, in order."""
        return [claim for transaction in self.transactions for claim in transaction.claims]


def parse(text: str) -> list[Case]:
    """Return the cases of a text; raises :class:`CaseError` naming the row (1-based) and the word."""
    cases: list[Case] = []
    block: list[tuple[int, str]] = []
    for at, row in enumerate([*text.splitlines(), ""], start=1):
        if row.strip():
            block.append((at, row))
        elif block:
            cases += [_Builder().build(block)] if any(not r.lstrip().startswith("#") for _, r in block) else []
            block = []
    return cases


def to_837(case: Case, delimiters: Delimiters | None = None, newline: str = "\n") -> bytes:
    """Return the case as an 837P interchange, damaged where its rows say so."""
    marks = delimiters or Delimiters()
    created = datetime.combine(case.received or case.as_of, time(8))
    body = segments(Interchange(case.transactions, created))
    apply_damage(body, case.damage)
    return render(body, marks, newline)


class _Options:
    """The options of one row; what is not taken at the end is an error."""

    def __init__(self, row: int, words: list[str]) -> None:
        self.row = row
        self.given: dict[str, str] = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or not name:
                raise CaseError(row, word, "expected option=value")
            if name in self.given:
                raise CaseError(row, word, "given twice")
            self.given[name] = "" if value == "none" else value
        self.taken: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """Return an option as it stands."""
        self.taken.add(name)
        return self.given.get(name, default)

    def listed(self, name: str, default: str = "") -> tuple[str, ...]:
        """Return a comma list."""
        return tuple(part for part in self.text(name, default).split(",") if part)

    def _parsed(self, name: str, default: _T | None, read: Callable[[str], _T], what: str) -> _T | None:
        self.taken.add(name)
        if name not in self.given:
            return default
        value = self.given[name]
        try:
            return read(value) if value else None
        except (ValueError, InvalidOperation):
            raise CaseError(self.row, f"{name}={value}", f"not {what}") from None

    def decimal(self, name: str, default: Decimal | None = None) -> Decimal | None:
        """Return a number."""
        return self._parsed(name, default, _finite, "a number; use a raw row to write it nevertheless")

    def day(self, name: str, default: date | None = None) -> date | None:
        """Return a date."""
        return self._parsed(name, default, date.fromisoformat, "a date such as 2026-03-02; use a raw row otherwise")

    def tests(self) -> tuple[tuple[str, Decimal], ...]:
        """Return the test results of a line, each written as TYPE:value."""
        return self._parsed("mea", None, _tests, "results such as R1:10.5,R2:33") or ()

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        return self._parsed(name, None, int, "a whole number")

    def provider(self, name: str, default: Provider | None, other: Provider) -> Provider | None:
        """Return a provider: ``other``, an NPI or, without the option, the default."""
        value = self.text(name, "default")
        if value == "default":
            return default
        if value == "other":
            return other
        return replace(default or other, npi=value) if value else None

    def notes(self) -> tuple[Note, ...]:
        """Return the note of a claim or line."""
        text, kind = self.text("note"), self.text("note_kind", "ADD")
        return (Note(text, kind),) if text else ()

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        for name, value in self.given.items():
            if name not in self.taken:
                raise CaseError(
                    self.row, f"{name}={value}", f"unknown option; known here: {', '.join(sorted(self.taken))}"
                )


class _Builder:
    """Reads the rows of one case."""

    def __init__(self) -> None:
        self.as_of: date | None = None
        self.received: date | None = None
        self.payer = PAYERS["medicare"]
        self.patients = 0
        self.subscriber = Subscriber(Person("", ""), "")
        self.dependent: Dependent | None = None
        self.claims: list[Claim] = []
        self.is_open = False
        self.day: date | None = None
        self.starts = [(0, "0001")]
        self.damage: list[Damage] = []
        self._patient(_Options(0, []))

    def build(self, block: list[tuple[int, str]]) -> Case:
        """Return the case of some numbered rows."""
        first = block[0][0]
        for row, text in block:
            lexer = shlex.shlex(text, posix=True)
            lexer.whitespace_split, lexer.quotes, lexer.escape = True, '"', ""
            try:
                words = list(lexer)
            except ValueError:
                raise CaseError(row, text.strip(), "a quotation mark is not closed") from None
            if words:
                self._row(row, words[0], words[1:])
        self._close(first, "case")
        lines = [line for claim in self.claims for line in claim.lines]
        days = [day for line in lines if (day := line.service_to or line.service_date)]
        as_of = self.as_of or max((day + timedelta(days=14) for day in days), default=DEFAULT_AS_OF)
        ends = [*(start for start, _ in self.starts[1:]), len(self.claims)]
        transactions = tuple(
            Transaction(tuple(self.claims[start:end]), control=control)
            for (start, control), end in zip(self.starts, ends, strict=True)
        )
        text = "\n".join(row for _, row in block)
        return Case(text, first, transactions, as_of, self.received, tuple(self.damage))

    def _row(self, row: int, kind: str, words: list[str]) -> None:
        if kind in ("raw", "drop", "dup", "add"):
            self.damage.append(read_damage(row, kind, words))
            return
        plain = [] if not words or "=" in words[0] else [words.pop(0)]
        options = _Options(row, words)
        match kind, plain:
            case "run", []:
                self.as_of = options.day("as_of")
                self.received = options.day("received")
            case "payer", [name] if name in PAYERS:
                self._close(row)
                known = PAYERS[name]
                given = (options.text("name", known.name), options.text("id", known.id))
                self.payer = Payer(*given, options.text("filing", known.filing_code))
            case "payer", [name]:
                raise CaseError(row, name, f"unknown payer; known: {', '.join(PAYERS)}")
            case "patient", []:
                self._close(row)
                self._patient(options)
            case "transaction", []:
                self._close(row, kind)
                self.starts.append((len(self.claims), options.text("control", f"{len(self.starts) + 1:04d}")))
            case "claim", []:
                self._close(row)
                self._claim(options)
            case "line", [code]:
                if not self.is_open:
                    self._claim(_Options(row, []))
                self._line(code, options)
            case (("run" | "patient" | "transaction" | "claim"), [word]):
                raise CaseError(row, word, "expected option=value")
            case (("payer" | "line"), []):
                raise CaseError(row, kind, "expected a name or code after it")
            case _:
                known_rows = "run payer patient transaction claim line raw drop dup add"
                raise CaseError(row, kind, f"unknown row; known: {known_rows}")
        options.finish()

    def _close(self, row: int, needed_by: str = "") -> None:
        """Finish the claim that is being read; ``needed_by`` a row that needs claims before it."""
        if self.is_open and not self.claims[-1].lines:
            raise CaseError(row, self.claims[-1].id, "this claim has no line")
        if needed_by and len(self.claims) == self.starts[-1][0]:
            raise CaseError(row, needed_by, "has no line")
        self.is_open = False

    def _patient(self, options: _Options) -> None:
        if self.claims or not self.patients:
            self.patients += 1
        last, _, first = options.text("name", "TESTER, PAT" if self.patients == 1 else "OTHER, SAM").partition(",")
        sex, dob = options.text("sex", "F"), options.day("dob", date(1950, 1, 1))
        person = Person(last.strip(), first.strip(), dob, sex, address=_ADDRESS)
        member = options.text("member", f"TEST{self.patients:05d}")
        relation = options.text("relation", "18")
        self.dependent = None if relation == "18" else Dependent(person, relation)
        insured = person if self.dependent is None else Person(person.last, "INSURED", address=_ADDRESS)
        self.subscriber = Subscriber(insured, member)

    def _claim(self, options: _Options) -> None:
        pos = options.text("pos", "11")
        billing = options.provider("billing", BILLING, OTHER_BILLING) or replace(BILLING, npi="")
        address = replace(_ADDRESS, state=options.text("state", "WA"), zip=options.text("zip", _ADDRESS.zip))
        tin, specialty = options.text("tin", billing.tin), options.text("billing_taxonomy", billing.taxonomy)
        rendering = options.provider("rendering", RENDERING, OTHER_RENDERING)
        taxonomy = options.text("taxonomy", RENDERING.taxonomy)
        facility = None if pos in _OFFICE_PLACES else FACILITY
        claim = Claim(
            id=options.text("id", f"CASE{len(self.claims) + 1}"),
            billing=replace(billing, tin=tin, taxonomy=specialty, address=address),
            subscriber=replace(self.subscriber, responsibility=options.text("resp", "P"), group=options.text("group")),
            payer=self.payer,
            lines=(),
            diagnoses=options.listed("dx", "E53.8"),
            dependent=self.dependent,
            charge=options.decimal("charge"),
            pos=pos,
            frequency=options.text("freq", "1"),
            rendering=replace(rendering, taxonomy=taxonomy) if rendering else None,
            referring=options.provider("referring", None, OTHER_RENDERING),
            facility=options.provider("facility", facility, FACILITY),
            supervising=options.provider("supervising", None, OTHER_RENDERING),
            prior_auth=options.text("ref_g1"),
            referral=options.text("referral"),
            original_ref=options.text("ref_f8"),
            clia=options.text("clia"),
            patient_paid=options.decimal("paid"),
            notes=options.notes(),
        )
        self.day = options.day("dos", DEFAULT_DATE)
        self.claims.append(claim)
        self.is_open = True

    def _line(self, code: str, options: _Options) -> None:
        cents = options.whole("cents")
        charge = options.decimal("charge", _default_charge(code) if cents is None else Decimal(cents) / 100)
        ndc = options.text("ndc")
        rendering = options.provider("rendering", None, OTHER_RENDERING)
        if rendering is not None:
            rendering = replace(rendering, taxonomy=options.text("taxonomy", rendering.taxonomy))
        line = Line(
            code=code,
            charge=charge,
            units=options.decimal("units", Decimal(1)),
            modifiers=options.listed("mods"),
            service_date=options.day("dos", self.day),
            service_to=options.day("to"),
            pointers=options.listed("ptr", options.text("dx", "1")),
            pos=options.text("pos"),
            description=options.text("desc"),
            basis=options.text("basis", "UN"),
            qualifier=options.text("qualifier", "HC"),
            emergency=options.text("emg") == "Y",
            family_planning=options.text("fp") == "Y",
            number=options.whole("n"),
            control=options.text("control"),
            prior_auth=options.text("auth"),
            lot=options.text("lot"),
            ndc=ndc,
            ndc_quantity=options.decimal("qty", Decimal(1) if ndc else None),
            ndc_unit=options.text("uom", "ML" if ndc else ""),
            prescription=options.text("rx"),
            notes=options.notes(),
            measurements=options.tests(),
            rendering=rendering,
            supervising=options.provider("supervising", None, OTHER_RENDERING),
            ordering=options.provider("ordering", None, OTHER_RENDERING),
            referring=options.provider("referring", None, OTHER_RENDERING),
        )
        self.claims[-1] = replace(self.claims[-1], lines=(*self.claims[-1].lines, line))


def _finite(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(text)
    return value


def _tests(text: str) -> tuple[tuple[str, Decimal], ...]:
    return tuple((test, _finite(value)) for test, _, value in (part.partition(":") for part in text.split(",")))


def _default_charge(code: str) -> Decimal:
    """Return a plausible charge for a kind of code, in dollars."""
    return next(Decimal(charge) for pattern, charge in _CHARGES if re.fullmatch(pattern, code))
