"""The case notation: defaults, options, damage and errors."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from guide import guide_errors
from scrubjay import cases
from scrubjay.cases import PAYERS, CaseError, npi, parse, to_837
from scrubjay.io.write837 import Delimiters

BROAD = """
run as_of=2026-04-01 received=2026-04-02
payer uhc
patient name="TESTER, KIT" sex=M dob=2015-02-03 relation=19 member=W1
claim id=X-1 pos=22 freq=7 dx=E53.8,M25.511 charge=203.00 ref_f8=ICN1 ref_g1=PA1 referral=RF1 clia=05D2000001 paid=5 \
note="a note" note_kind=DCP group=G7 resp=S rendering=other taxonomy=207R00000X referring=other supervising=other
line 99213 mods=25 dx=1,2
line J3420 units=1.5 mods=JZ,59 charge=12.34 dx=2 desc="B12 in oil" ndc=00143962010 rx=RX1 lot=L1 auth=PA2 control=X-1-2 \
mea=R1:10.5,R2:33 emg=Y fp=Y to=2026-03-05 note="left deltoid" ordering=other supervising=other referring=other
line 96372 pos=11 rendering=other cents=3500
patient name="NEXT, PAT"
claim facility=other tin=998877665 billing=other billing_taxonomy=208D00000X state=AL zip=352030000 dos=2026-03-09
line 96372
transaction
line 96372
"""


def segments(text: str, name: str = "") -> list[str]:
    (case,) = parse(text)
    found = [row.rstrip("~") for row in to_837(case).decode().splitlines()]
    return [row for row in found if row.split("*")[0].startswith(name)]


def test_everything_not_said_is_valid() -> None:
    assert guide_errors(to_837(parse("line 96372")[0])) == []


def test_everything_said_is_valid_and_arrives() -> None:
    (case,) = parse(BROAD)
    assert guide_errors(to_837(case)) == []
    assert case.as_of == date(2026, 4, 1)
    assert case.received == date(2026, 4, 2)
    first, second, third = case.claims
    assert [len(t.claims) for t in case.transactions] == [2, 1]
    assert first.charge == Decimal("203.00")
    assert first.dependent is not None
    assert first.rendering is not None
    assert first.rendering.taxonomy == "207R00000X"
    assert first.lines[1].ndc_quantity == 1
    assert first.lines[1].ndc_unit == "ML"
    assert first.lines[2].charge == 35
    assert first.lines[2].rendering is not None
    assert second.lines[0].service_date == date(2026, 3, 9)
    assert second.billing.npi == cases.OTHER_BILLING.npi
    assert second.billing.address is not None
    assert second.billing.address.state == "AL"
    assert second.subscriber.member_id != first.subscriber.member_id
    assert third.subscriber == second.subscriber
    assert third.payer == first.payer == PAYERS["uhc"]


def test_two_claims_of_a_case_share_patient_and_provider() -> None:
    first, second = parse("line 99213\nclaim\nline 96372")[0].claims
    assert (first.subscriber, first.billing, first.rendering) == (second.subscriber, second.billing, second.rendering)
    assert first.id != second.id


def test_a_blank_line_separates_cases_and_a_comment_does_not() -> None:
    found = parse("# first\nline 99213 # a visit\n# still the first\nline 96372\n\n\n# nothing here\n\nline J3420\n")
    assert [[line.code for claim in case.claims for line in claim.lines] for case in found] == [
        ["99213", "96372"],
        ["J3420"],
    ]
    assert [case.row for case in found] == [1, 9]
    assert found[0].text.startswith("# first\nline 99213")


@pytest.mark.parametrize("name", sorted(PAYERS))
def test_every_payer_is_written(name: str) -> None:
    payer = PAYERS[name]
    text = f"payer {name}\nline 96372"
    assert segments(text, "SBR") == [f"SBR*P*18*******{payer.filing_code}"]
    assert f"NM1*PR*2*{payer.name}*****PI*{payer.id}" in segments(text, "NM1")
    changed = f'payer {name} id=ABC name="Some Plan" filing=CI\nline 96372'
    assert "NM1*PR*2*Some Plan*****PI*ABC" in segments(changed, "NM1")


def test_the_day_of_judging_comes_after_the_services() -> None:
    assert parse("line 96372")[0].as_of == date(2026, 3, 16)
    assert parse("line 96372 dos=2026-06-01 to=2026-06-05")[0].as_of == date(2026, 6, 19)


def test_none_leaves_a_value_out() -> None:
    text = "claim rendering=none pos=22 facility=none\nline 96372 units=none charge=none dx=none dos=none basis=none"
    assert segments(text, "SV1") == ["SV1*HC:96372"]
    assert segments(text, "DTP") == []
    assert [row.split("*")[1] for row in segments(text, "NM1")] == ["41", "40", "85", "IL", "PR"]


def test_a_place_away_from_the_office_gets_a_facility() -> None:
    assert any(row.startswith("NM1*77*") for row in segments("claim pos=22\nline 96372"))
    assert not any(row.startswith("NM1*77*") for row in segments("claim pos=12\nline 96372"))


@pytest.mark.parametrize(
    ("row", "name", "expected"),
    [
        ("raw SE01=99", "SE", ["SE*99*0001"]),
        ("raw SV101-2,2=9921", "SV1", ["SV1*HC:99213*150*UN*1***1", "SV1*HC:9921*35*UN*1***1"]),
        ("raw SV101-3=25", "SV1", ["SV1*HC:99213:25*150*UN*1***1", "SV1*HC:96372*35*UN*1***1"]),
        ("raw DTP03*472,2=20260230", "DTP", ["DTP*472*D8*20260302", "DTP*472*D8*20260230"]),
        ("raw HI01=ABJ:E538", "HI", ["HI*ABJ:E538"]),
        ("raw SV104=", "SV1", ["SV1*HC:99213*150*UN****1", "SV1*HC:96372*35*UN*1***1"]),
        ("drop HI", "HI", []),
        ("dup LX,2", "LX", ["LX*1", "LX*2", "LX*2"]),
        ('add "MEA*TR*R1*10.5" after=DTP*472,2', "MEA", ["MEA*TR*R1*10.5"]),
    ],
)
def test_damage(row: str, name: str, expected: list[str]) -> None:
    assert segments(f"line 99213\nline 96372\n{row}", name) == expected


@pytest.mark.parametrize("row", ["drop HI", "dup LX,2", 'add "K3*X" after=CLM'])
def test_removed_and_repeated_segments_are_counted_again(row: str) -> None:
    found = segments(f"line 99213\n{row}" if "LX" not in row else f"line 99213\nline 96372\n{row}")
    names = [text.split("*")[0] for text in found]
    stated = next(text for text in found if text.startswith("SE*")).split("*")[1]
    assert int(stated) == names.index("SE") - names.index("ST") + 1


def test_raw_comes_last() -> None:
    assert segments("line 99213\nraw SE01=7\ndrop HI", "SE") == ["SE*7*0001"]


def test_other_delimiters_carry_the_damage() -> None:
    data = to_837(parse("line 99213\nraw HI01=ABJ:E538")[0], Delimiters("|", ">", "^", "'"), "")
    assert b"HI|ABJ>E538'" in data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("line", "row 1: 'line': expected a name or code"),
        ("lime 96372", "row 1: 'lime': unknown row"),
        ("line 99213\nline 96372 unit=2", "row 2: 'unit=2': unknown option; known here: .*units"),
        ("line 96372 units=two", "row 1: 'units=two': not a number"),
        ("line 96372 units=NaN", "row 1: 'units=NaN': not a number"),
        ("line 96372 mea=R1", "row 1: 'mea=R1': not results"),
        ("line 96372 dos=2026-02-30", "row 1: 'dos=2026-02-30': not a date"),
        ("line 96372 n=x", "row 1: 'n=x': not a whole number"),
        ("line 96372 units=1 units=2", "row 1: 'units=2': given twice"),
        ("line 96372 units", "row 1: 'units': expected option=value"),
        ('line 96372 desc="open', "row 1: .*quotation mark"),
        ("payer nobody\nline 96372", "row 1: 'nobody': unknown payer; known: medicare"),
        ("claim sunny\nline 96372", "row 1: 'sunny': expected option=value"),
        ("claim\nclaim\nline 96372", "row 2: 'CASE1': this claim has no line"),
        ("claim", "row 1: 'CASE1': this claim has no line"),
        ("payer uhc", "row 1: 'case': has no line"),
        ("transaction\nline 96372", "row 1: 'transaction': has no line"),
        ("line 96372\nraw SE=1", "row 2: 'SE': not an address"),
        ("line 96372\nraw SE01", "row 2: 'SE01': expected SEGMENTnn=value"),
        ("line 96372\ndrop", "row 2: 'drop': expected one address"),
        ("line 96372\nadd K3*X", "row 2: .*expected: add"),
    ],
)
def test_errors_name_the_row_and_the_word(text: str, words: str) -> None:
    with pytest.raises(CaseError, match=f"^{words}"):
        parse(text)


def test_damage_to_what_is_not_there_names_its_row() -> None:
    with pytest.raises(CaseError, match=r"^row 2: 'REF\*6R': the case has fewer than 1"):
        to_837(parse("line 96372\ndrop REF*6R")[0])


@pytest.mark.parametrize("row", ["run", "payer uhc", "patient", "claim", "line 96372", "transaction"])
def test_the_docstring_names_every_option(row: str) -> None:
    before = "line 96372\n" if row == "transaction" else ""
    with pytest.raises(CaseError) as raised:
        parse(f"{before}{row} nonsense=1\nline 96372")
    known = str(raised.value).partition("known here: ")[2].split(", ")
    assert known
    documented = set(re.findall(r"(\w+)=", cases.__doc__ or "")) | {"ptr", "cents"}
    assert set(known) <= documented


def test_npis_pass_the_luhn_check() -> None:
    assert npi(123456789) == "1234567893"
    for provider in (cases.BILLING, cases.OTHER_BILLING, cases.RENDERING, cases.OTHER_RENDERING, cases.FACILITY):
        digits = [int(d) for d in "80840" + provider.npi]
        doubled = [sum(divmod(d * 2, 10)) if at % 2 else d for at, d in enumerate(reversed(digits))]
        assert sum(doubled) % 10 == 0
