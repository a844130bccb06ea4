"""The 837P writer: what an independent checker says, and what the writer itself promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from guide import guide_errors
from scrubjay.io.records import (
    Address,
    Claim,
    Dependent,
    Line,
    Note,
    OtherPayer,
    Payer,
    Person,
    Provider,
    Subscriber,
    Transaction,
)
from scrubjay.io.write837 import Delimiters, Interchange, number, to_bytes

CREATED = datetime.combine(date(2026, 3, 16), time(8, 5))
PLACE = Address("100 Main St", "Springfield", "WA", "98101-0000", "Suite 2")
CLINIC = Provider("1234567893", "Example Clinic", taxonomy="207Q00000X", tin="912345678", address=PLACE)
DOCTOR = Provider("1245319599", "Sample", "Robin", taxonomy="207Q00000X")
PATIENT = Person("Tester", "Pat", date(1950, 1, 1), "F", middle="Q", address=PLACE)
INSURED = Subscriber(PATIENT, "TEST00001", group="G1")
PAYER = Payer("Medicare Part B", "MEDICAREB", "MB", PLACE)
CHILD = Dependent(Person("Tester", "Kit", date(2015, 2, 3), "M", address=PLACE), "19")

PLAIN_LINE = Line("96372", Decimal("35.00"), service_date=date(2026, 3, 2))
FULL_LINE = Line(
    "J3420",
    Decimal("20.50"),
    units=Decimal("1.0"),
    modifiers=("JZ", "59"),
    service_date=date(2026, 3, 2),
    service_to=date(2026, 3, 3),
    pointers=("1", "2"),
    pos="11",
    description="Cyanocobalamin 1000 mcg IM",
    emergency=True,
    family_planning=True,
    control="A1-1",
    prior_auth="PA2",
    lot="LOT7",
    ndc="00143962010",
    ndc_quantity=Decimal(1),
    ndc_unit="ML",
    prescription="RX1",
    notes=(Note("given in the left deltoid"), Note("third party note", "TPO")),
    measurements=(("R1", Decimal("10.5")), ("R2", Decimal(33))),
    rendering=DOCTOR,
    supervising=DOCTOR,
    ordering=DOCTOR,
    referring=DOCTOR,
)
FULL_CLAIM = Claim(
    id="A1",
    billing=CLINIC,
    subscriber=INSURED,
    payer=PAYER,
    lines=(FULL_LINE, PLAIN_LINE),
    diagnoses=("E53.8", "M25511"),
    pos="22",
    frequency="7",
    rendering=DOCTOR,
    referring=DOCTOR,
    facility=replace(CLINIC, name="Example Hospital", taxonomy="", tin=""),
    supervising=DOCTOR,
    prior_auth="PA1",
    referral="RF1",
    original_ref="ICN1",
    clia="05D2000001",
    dates=(("431", date(2026, 2, 20)),),
    patient_paid=Decimal(5),
    notes=(Note("claim note"),),
    other_payers=(
        OtherPayer(
            Payer("Other Plan", "OTHER1", "CI", PLACE),
            replace(INSURED, responsibility="S"),
            paid=Decimal("10.00"),
            adjustments=(("CO", "45", Decimal("3.10")), ("PR", "1", Decimal("2.00"))),
        ),
    ),
)
PLAIN_CLAIM = replace(FULL_CLAIM, id="A2", lines=(PLAIN_LINE,), other_payers=(), pos="11", frequency="1", facility=None)


def written(*claims: Claim, delimiters: Delimiters | None = None, newline: str = "\n") -> str:
    return to_bytes(
        Interchange([Transaction(claims)], CREATED, delimiters=delimiters or Delimiters(), newline=newline)
    ).decode()


def rows(text: str, name: str) -> list[list[str]]:
    found = (row.rstrip("~").split("*") for row in text.splitlines())
    return [row for row in found if row[0] == name]


def test_an_independent_checker_accepts_every_loop_we_write() -> None:
    second = Transaction([replace(PLAIN_CLAIM, id="A4", billing=replace(CLINIC, name="Other Group"))], control="0002")
    first = Transaction([FULL_CLAIM, replace(FULL_CLAIM, id="A3", dependent=CHILD), PLAIN_CLAIM])
    assert guide_errors(to_bytes(Interchange([first, second], CREATED))) == []


def test_the_checker_notices_a_segment_out_of_place() -> None:
    lines = written(FULL_CLAIM).splitlines(keepends=True)
    note = next(at for at, line in enumerate(lines) if line.startswith("NTE*ADD*claim"))
    lines.insert(note + 6, lines.pop(note))
    assert guide_errors("".join(lines).encode()) != []


def test_counts_and_control_numbers() -> None:
    text = to_bytes(
        Interchange([Transaction([FULL_CLAIM]), Transaction([PLAIN_CLAIM], "0002")], CREATED, control=77)
    ).decode()
    assert len(text.splitlines()[0]) == 106
    segments = [row.split("*")[0] for row in text.splitlines()]
    start, end = segments.index("ST"), segments.index("SE")
    assert rows(text, "SE")[0][1:] == [str(end - start + 1), "0001"]
    assert rows(text, "GE") == [["GE", "2", "77"]]
    assert rows(text, "IEA") == [["IEA", "1", "000000077"]]
    assert rows(text, "ISA")[0][13] == "000000077"


def test_the_hierarchy_follows_neighbouring_claims() -> None:
    child = replace(PLAIN_CLAIM, id="A3", dependent=CHILD)
    other = replace(PLAIN_CLAIM, id="A4", billing=replace(CLINIC, npi="1234567802"))
    text = written(PLAIN_CLAIM, replace(PLAIN_CLAIM, id="A5"), child, other)
    assert [row[1:] for row in rows(text, "HL")] == [
        ["1", "", "20", "1"],
        ["2", "1", "22", "0"],
        ["3", "1", "22", "1"],
        ["4", "3", "23", "0"],
        ["5", "", "20", "1"],
        ["6", "5", "22", "0"],
    ]
    assert [row[1] for row in rows(text, "CLM")] == ["A2", "A5", "A3", "A4"]


def test_the_charge_is_the_sum_unless_it_is_said() -> None:
    assert rows(written(FULL_CLAIM), "CLM")[0][2] == "55.5"
    assert rows(written(replace(FULL_CLAIM, charge=Decimal("99.90"))), "CLM")[0][2] == "99.9"


def test_what_is_not_given_is_not_written() -> None:
    bare = Line("96372", None, units=None, pointers=(), basis="")
    text = written(replace(PLAIN_CLAIM, lines=(bare,), rendering=None, notes=(), diagnoses=("E538",)))
    assert rows(text, "SV1") == [["SV1", "HC:96372"]]
    assert rows(text, "DTP") == [["DTP", "431", "D8", "20260220"]]
    assert rows(text, "HI") == [["HI", "ABK:E538"]]
    assert not any(row[1] == "82" for row in rows(text, "NM1"))


@pytest.mark.parametrize("newline", ["", "\n", "\r\n"])
def test_delimiters_and_line_ends_are_a_choice(newline: str) -> None:
    marks = Delimiters("|", ">", "!", "'")
    text = written(FULL_CLAIM, delimiters=marks, newline=newline)
    assert text.startswith("ISA|00|")
    assert text[82] == "!"
    assert text[104:106] == ">'"
    assert text.count("'" + newline) == text.count("'")
    table = str.maketrans({"|": "*", ">": ":", "!": "^", "'": "~"})
    back = text.replace(newline, "") if newline else text
    assert back.translate(table) == written(FULL_CLAIM, newline="")


@pytest.mark.parametrize("marks", [("*", "*", "^", "~"), ("A", ":", "^", "~"), ("**", ":", "^", "~")])
def test_delimiters_that_cannot_be_told_from_data_are_refused(marks: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match="four different characters"):
        written(PLAIN_CLAIM, delimiters=Delimiters(*marks))


@pytest.mark.parametrize("bad", ["a*b", "a:b", "a^b", "a~b", "a\nb", "a\x00b"])
def test_a_delimiter_inside_data_is_refused_with_its_place(bad: str) -> None:
    claim = replace(PLAIN_CLAIM, lines=(PLAIN_LINE, replace(PLAIN_LINE, notes=(Note(bad),))))
    with pytest.raises(ValueError, match=r"^claim A2: line 2: NTE02 holds .*take it out") as raised:
        written(claim)
    assert "\n" not in str(raised.value)
    assert "Tester" not in str(raised.value)


def test_lower_case_and_names_of_the_world_are_allowed() -> None:
    claim = replace(PLAIN_CLAIM, subscriber=replace(INSURED, person=replace(PATIENT, last="Muñoz-O'Neil")))
    assert "*Muñoz-O'Neil*" in written(claim)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (replace(PLAIN_CLAIM, diagnoses=tuple(f"E53{n}" for n in range(13))), "13 diagnoses"),
        (replace(PLAIN_CLAIM, diagnoses=()), "0 diagnoses"),
        (replace(PLAIN_CLAIM, lines=(replace(PLAIN_LINE, modifiers=("25",) * 5),)), "5 modifiers"),
        (replace(PLAIN_CLAIM, lines=(replace(PLAIN_LINE, pointers=("1",) * 5),)), "5 diagnosis pointers"),
    ],
)
def test_what_has_no_place_in_the_format_is_refused(claim: Claim, words: str) -> None:
    with pytest.raises(ValueError, match=f"^claim A2: .*{words}"):
        written(claim)


def test_an_overlong_sender_is_refused() -> None:
    with pytest.raises(ValueError, match="ISA06 is longer than its 15 characters"):
        to_bytes(Interchange([Transaction([PLAIN_CLAIM])], CREATED, sender="S" * 16))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("203.50", "203.5"),
        ("203.00", "203"),
        ("100", "100"),
        ("1E+2", "100"),
        ("0.01", "0.01"),
        ("0", "0"),
        ("-3.10", "-3.1"),
    ],
)
def test_numbers_are_written_without_exponent_or_trailing_zeros(value: str, text: str) -> None:
    assert number(Decimal(value)) == text
