"""The 835 reader: every amount where it belongs, money that does not add up found, damage told in one line."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import shared_files
from remits import ClaimPayment, Line, Payment, read, wrap, written
from scrubjay.model835 import REMIT_SHAPES, Remits

pytestmark = pytest.mark.slow

DAY = dt.date(2026, 3, 2)


def simple(**changes: object) -> Payment:
    line = Line("96372", 3500, [("CO", "45", 1000), ("PR", "2", 500)], control="L1", day=DAY)
    other = Line("99213", 15000, [("CO", "97", 15000)], ("25",), control="L2", remarks=("M15", "N19"), day=DAY)
    claim = ClaimPayment("A-1", [line, other], remarks=("MA01",), received=dt.date(2026, 3, 5))
    return Payment("MEDICARE PART B", [claim], "MEDB", provider=[("WO", "OLD1", 500)], **changes)  # type: ignore[arg-type]


def test_a_payment_is_read_whole() -> None:
    remits, acks, errors = read(written([simple()]))
    assert not errors
    assert not len(acks)
    assert not len(remits.defects), remits.defects.to_dicts()
    (payment,) = remits.payments.to_dicts()
    assert payment["paid_cents"] == 2000 - 500
    assert (payment["payer_name"], payment["payer_id"]) == ("MEDICARE PART B", "MEDB")
    assert (payment["payee_npi"], payment["payee_tin"]) == ("1234567802", "123456789")
    assert (payment["trace"], payment["payment_date"]) == ("EFT0001", dt.date(2026, 3, 30))
    (claim,) = remits.claims.to_dicts()
    assert (claim["claim"], claim["status"], claim["charge_cents"], claim["paid_cents"]) == ("A-1", "1", 18500, 2000)
    assert (claim["patient_cents"], claim["member_id"], claim["received_date"]) == (500, "M1", dt.date(2026, 3, 5))
    first, second = remits.lines.to_dicts()
    assert (first["code"], first["paid_cents"], first["line_control"], first["position"]) == ("96372", 2000, "L1", 1)
    assert (second["mod1"], second["paid_cents"], second["service_date"]) == ("25", 0, DAY)
    assert remits.adjustments.select("group", "carc", "amount_cents").rows() == [
        ("CO", "45", 1000),
        ("PR", "2", 500),
        ("CO", "97", 15000),
    ]
    assert remits.remarks.select("source", "code", "remit_line_id").rows() == [
        ("MOA", "MA01", None),
        ("LQ", "M15", 1),
        ("LQ", "N19", 1),
    ]
    assert remits.provider_adjustments.select("reason", "reference", "amount_cents").rows() == [("WO", "OLD1", 500)]


def test_every_table_has_the_columns_it_declares() -> None:
    remits, _, _ = read(written([simple()]))
    for f in fields(Remits):
        frame = getattr(remits, f.name)
        assert dict(frame.schema) == {c.name: c.dtype for c in REMIT_SHAPES[f.name]}, f.name
        assert dict(getattr(Remits.empty(), f.name).schema) == dict(frame.schema)


def test_six_triples_of_an_adjustment_and_claim_level_ones() -> None:
    six = [("CO", str(n), n) for n in (45, 97, 253, 16, 18, 29)]
    claim = ClaimPayment("A", [Line("96372", 10000, six)], adjustments=[("OA", "23", 100), ("CO", "A1", 7)])
    remits, _, _ = read(written([Payment("P", [claim])]))
    assert not len(remits.defects)
    rows = remits.adjustments.select("remit_line_id", "group", "carc", "amount_cents", "position").rows()
    assert rows[:2] == [(None, "OA", "23", 100, 1), (None, "CO", "A1", 7, 1)]
    assert [r[1:] for r in rows[2:]] == [(*a, k) for k, a in enumerate(six, 1)]


def test_quantities_gaps_and_recoded_lines() -> None:
    data = wrap(
        """ST*835*1
        BPR*I*100*C*CHK************20260330
        TRN*1*T*1
        N1*PR*P
        N1*PE*C*XX*1234567802
        LX*1
        CLP*A*1*150*100*25*MB*I
        NM1*QC*1*DOE*JO
        SVC*HC:J3420:JZ:KX*150*100**2*HC:J3421:JZ*4
        DTM*150*20260301
        DTM*151*20260303
        CAS*CO*45*25*1*16**
        CAS*PR*2*25**
        SE*14*1"""
    )
    remits, _, errors = read(data)
    assert not errors
    (line,) = remits.lines.to_dicts()
    assert (line["code"], line["mod1"], line["mod2"]) == ("J3420", "JZ", "KX")
    assert (line["submitted_code"], line["submitted_mod1"]) == ("J3421", "JZ")
    assert (line["units_milli"], line["submitted_units_milli"]) == (2000, 4000)
    assert (line["service_date"], line["service_to"]) == (dt.date(2026, 3, 1), dt.date(2026, 3, 3))
    assert remits.adjustments["quantity_milli"].to_list() == [1000, None, None]
    # The reason without an amount is told; an empty group of elements is nothing.
    assert remits.defects.select("kind", "element").rows() == [("bad-amount", "CAS06")]


def test_a_reversal_and_the_new_payment_net_out() -> None:
    first = ClaimPayment("A", [Line("96372", 3500, [("CO", "97", 3500)])])
    back = ClaimPayment("A", [Line("96372", -3500, [("CO", "97", -3500)])], status="22")
    anew = ClaimPayment("A", [Line("96372", 3500, [("CO", "45", 1500)])])
    remits, _, _ = read(written([Payment("P", [first, back, anew])]))
    assert not len(remits.defects)
    assert remits.claims["status"].to_list() == ["1", "22", "1"]
    assert int(remits.claims["charge_cents"].sum()) == 3500
    assert int(remits.claims["paid_cents"].sum()) == 2000


def test_a_secondary_payment_balances_over_what_the_first_paid() -> None:
    line = Line("96372", 10000, [("OA", "23", 8000), ("PR", "2", 400), ("OA", "94", -100)])
    remits, _, _ = read(written([Payment("P", [ClaimPayment("A", [line], status="2")])]))
    assert not len(remits.defects)
    assert remits.lines["paid_cents"].to_list() == [1700]


@pytest.mark.parametrize(
    ("old", "new", "kind", "element"),
    [
        (b"SVC*HC:96372*35*20*", b"SVC*HC:96372*35*21*", "line-balance", "SVC03"),
        (b"CLP*A-1*1*185*20*", b"CLP*A-1*1*185*21*", "claim-balance", "CLP04"),
        (b"BPR*I*15*", b"BPR*I*16*", "payment-balance", "BPR02"),
        (b"WO:OLD1*5~", b"WO:OLD1*6~", "payment-balance", "BPR02"),
        (b"CAS*CO*45*10~", b"CAS*CO*45*ten~", "bad-amount", "CAS03"),
        (b"CAS*CO*45*10~", b"CAS*XX*45*10~", "bad-code", "CAS01"),
        (b"DTM*472*20260302", b"DTM*472*20260230", "bad-date", "DTM02"),
        (b"TRN*1*EFT0001*1512345678~\n", b"", "missing-segment", None),
        (b"NM1*QC*1*FEATHER*ADA****MI*M1~\n", b"", "missing-segment", None),
        (b"CLP*A-1*1*", b"CLP*A-1**", "missing-element", "CLP02"),
        (b"SE*28*", b"SE*26*", "segment-count", "SE01"),
    ],
)
def test_what_is_wrong_is_found_where_it_is(old: bytes, new: bytes, kind: str, element: str | None) -> None:
    data = written([simple()])
    assert old in data, data.decode()
    remits, _, errors = read(data.replace(old, new, 1))
    assert not errors
    found = remits.defects.filter(pl.col("kind") == kind)
    assert len(found), remits.defects.to_dicts()
    assert found["element"][0] == element
    number = data.replace(old, new, 1).count(b"~", 0, data.find(old)) + 1
    if kind != "missing-segment" and b"PLB" not in data[data.find(old) - 30 : data.find(old)]:
        assert number in found["segment"].to_list() or kind == "payment-balance"


def test_an_amount_that_cannot_be_read_does_not_also_fail_the_balance() -> None:
    remits, _, _ = read(written([simple()]).replace(b"CAS*CO*45*10~", b"CAS*CO*45*ten~"))
    assert set(remits.defects["kind"]) == {"bad-amount"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"ST*835*1~", "no ISA"),
        (b"%PDF-1.4", "PDF"),
        (wrap("ST*837*1\nBHT*0019*00*1*20260101*0800*CH\nSE*3*1", "HC", "005010X222A1"), "scrubjay check"),
        (wrap("ST*835*1\nSE*2*1", "HP", "004010X091A1"), "005010X221A1"),
        (wrap("ST*276*1\nSE*2*1", "HR", "005010X212"), "276"),
    ],
)
def test_foreign_input_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    from scrubjay.errors import InputError

    try:
        remits, _, errors = read(data)
    except InputError as error:
        errors, remits = [error], Remits.empty()
    assert len(errors) == 1
    assert words in str(errors[0])
    assert "\n" not in str(errors[0])
    assert not len(remits.claims)


def test_the_rest_of_a_file_is_read_beside_a_foreign_transaction() -> None:
    data = written([simple(), simple(trace="EFT2")])
    foreign = data.replace(b"ST*835*0001~", b"ST*820*0001~", 1)
    remits, _, errors = read(foreign)
    assert len(errors) == 1
    assert remits.payments["trace"].to_list() == ["EFT2"]


def test_a_cut_file_is_told_and_its_whole_claims_are_read() -> None:
    data = written([Payment("P", [ClaimPayment(f"A{k}", [Line("96372", 3500)]) for k in range(3)])])
    remits, _, errors = read(data[: data.rfind(b"SVC")])
    assert len(errors) == 1
    assert "cut short" in str(errors[0])
    assert "last claim was not read" in str(errors[0])
    assert remits.claims["claim"].to_list() == ["A0", "A1"]


@pytest.mark.slow
def test_every_truncation_gives_an_error_and_no_traceback() -> None:
    from scrubjay.errors import InputError

    data = written([simple()])
    end = data.rfind(b"~")
    for cut in range(len(data)):
        try:
            remits, _, errors = read(data[:cut])
        except InputError:
            continue
        assert errors or cut >= end, cut
        assert len(remits.claims) <= 1
        if errors:
            assert all("\n" not in str(e) for e in errors)


def test_two_interchanges_with_different_delimiters() -> None:
    one = written([simple()])
    two = written([simple(trace="EFT2")], number=2).replace(b"*", b"|").replace(b":", b">").replace(b"~", b"!")
    remits, _, errors = read(one + two)
    assert not errors
    assert remits.payments["trace"].to_list() == ["EFT0001", "EFT2"]
    assert remits.lines["code"].to_list() == ["96372", "99213"] * 2


cents = st.integers(min_value=0, max_value=10_000_00)
adjustment = st.tuples(
    st.sampled_from(["CO", "PR", "OA", "PI"]),
    st.sampled_from(["45", "97", "16", "2", "253", "B7"]),
    st.integers(min_value=-500_00, max_value=10_000_00).filter(bool),
)
lines = st.builds(
    Line,
    st.sampled_from(["96372", "99213", "J3420"]),
    cents,
    st.lists(adjustment, max_size=8),
    st.lists(st.sampled_from(["25", "JZ", "59"]), max_size=4, unique=True).map(tuple),
    remarks=st.lists(st.sampled_from(["M15", "N19", "MA130"]), max_size=2).map(tuple),
    control=st.sampled_from(["", "L1", "L2"]),
)
claims = st.builds(
    ClaimPayment,
    st.sampled_from(["A", "B", "C-1"]),
    st.lists(lines, max_size=4),
    st.sampled_from(["1", "2", "3", "4", "22"]),
    st.lists(adjustment, max_size=3),
)
payments = st.lists(
    st.builds(
        Payment,
        st.sampled_from(["MEDICARE PART B", "AETNA"]),
        st.lists(claims, max_size=4),
        provider=st.lists(
            st.tuples(st.sampled_from(["WO", "L6"]), st.just("R"), st.integers(-100_00, 100_00)), max_size=6
        ),
    ),
    min_size=1,
    max_size=3,
)


@given(payments)
@settings(max_examples=60)
def test_what_balances_is_read_to_the_cent(sent: list[Payment]) -> None:
    remits, _, errors = read(written(sent))
    assert not errors
    assert not len(remits.defects), remits.defects.to_dicts()
    every = [c for p in sent for c in p.claims]
    assert remits.claims["charge_cents"].to_list() == [c.charged for c in every]
    assert remits.claims["paid_cents"].to_list() == [c.paid for c in every]
    assert remits.lines["paid_cents"].to_list() == [line.paid for c in every for line in c.lines]
    assert int(remits.adjustments["amount_cents"].sum()) == sum(a[2] for c in every for a in c.every)
    assert remits.payments["paid_cents"].to_list() == [p.paid for p in sent]
    # Charged less adjustments is paid, whatever is summed.
    assert (
        int(remits.claims["charge_cents"].sum()) - int(remits.adjustments["amount_cents"].sum())
        == int(remits.claims["paid_cents"].sum())
    )  # fmt: skip


@given(payments, st.integers(min_value=300, max_value=1500))
@settings(max_examples=25)
def test_reading_does_not_depend_on_the_size_of_its_pieces(sent: list[Payment], size: int) -> None:
    data = written(sent).replace(b"BPR*I*", b"BPR*I*1", 1)
    whole, _, _ = read(data)
    pieces, _, _ = read(data, size)
    for f in fields(Remits):
        assert getattr(pieces, f.name).equals(getattr(whole, f.name), null_equal=True), f.name


# What SOURCES.md and a plain count say: payments, claims, lines, CAS triples, charged, paid, whether money adds up.
CORPUS = {
    "chs__test.835": (1, 1, 2, 3, "2000.00", "1500.50", False),
    "edi835parser__emedny_sample.txt": (1, 3, 10, 4, "102.50", "45.75", True),
    "edi835parser__united_healthcare_legacy_sample.txt": (1, 2, 5, 7, "1157.52", "349.99", True),
    "lfh-demo__demo.835": (1, 2, 0, 2, "226366.97", "149998.73", True),
    "moov__sample1.txt": (2, 2, 2, 2, "770.41", "0.00", False),
    "pyx12__835_mult_loops.txt": (1, 1, 3, 3, "915.39", "0.00", True),
    "ryanco__example835One.txt": (1, 2, 0, 2, "9999.99", "0.00", True),
    "stupidedi-notes__recover.txt": (1, 1, 1, 1, "1766.50", "187.50", False),
    "stupidedi-notes__split.edi": (3, 1, 0, 0, "1766.50", "187.50", False),
    "stupidedi__case-1.edi": (1, 2, 0, 2, "226366.97", "149998.73", True),
    "stupidedi__case-2.edi": (1, 2, 2, 5, "2000.00", "945.00", True),
    "stupidedi__case-3a.edi": (1, 2, 2, 5, "11075.14", "1222.00", False),
    "stupidedi__dollars-and-data-sent-separate.edi": (1, 2, 2, 5, "2000.00", "945.00", True),
    "stupidedi__dollars-and-data-sent-together.edi": (1, 2, 0, 2, "226366.97", "149998.73", True),
    "stupidedi__era-sample.edi": (1, 1, 5, 5, "226.00", "132.00", True),
    "stupidedi__multiple-claims-single-check.edi": (1, 9, 33, 39, "2819.00", "810.80", True),
    "stupidedi__secondary-payment-with-higher-fee-schedule.edi": (1, 1, 1, 2, "541.00", "34.00", True),
    "stupidedi__secondary-payments.edi": (1, 2, 2, 5, "11075.14", "1222.00", True),
    "stupidedi__tertiary-payments.edi": (1, 1, 1, 1, "1766.50", "187.50", True),
    "tastypackets__profee-one-line.edi": (1, 3, 10, 4, "102.50", "45.75", True),
    "tastypackets__profee.edi": (1, 3, 10, 4, "102.50", "45.75", True),
}
REFUSED = {
    "edi835parser__blue_cross_nc_sample.txt": "no ISA",
    "ryanco__example835NoISA.txt": "no ISA",
    "pyx12__835id.txt": "version 4010",
}
ANSWERS = {"pyx12__835id.expected-ack.txt"}
"""An acknowledgement among the remittances."""


@pytest.mark.parametrize("path", shared_files("corpus/835"), ids=lambda p: p.name)
def test_a_public_sample_is_read_as_it_stands(path: Path) -> None:
    from scrubjay.errors import InputError

    data = path.read_bytes()
    if path.name in REFUSED:
        try:
            _, _, errors = read(data)
        except InputError as error:
            errors = [error]
        assert REFUSED[path.name] in str(errors[0])
        return
    remits, acks, errors = read(data)
    assert not errors
    if path.name in ANSWERS:
        assert len(acks)
        return
    payments, claims, service, triples, charged, paid, balanced = CORPUS[path.name]
    counts = (len(remits.payments), len(remits.claims), len(remits.lines), len(remits.adjustments))
    assert counts == (payments, claims, service, triples)
    assert len(re.findall(rb"(?:^|[~\r\n])CLP[*+]", data)) == claims
    total = [f"{int(remits.claims[n].sum()) / 100:.2f}" for n in ("charge_cents", "paid_cents")]
    assert total == [charged, paid]
    off = remits.defects.filter(pl.col("kind").str.ends_with("-balance"))
    assert (not len(off)) == balanced, off.to_dicts()


def test_every_public_sample_is_accounted_for() -> None:
    names = {path.name for path in shared_files("corpus/835")}
    assert not names or names == CORPUS.keys() | REFUSED.keys() | ANSWERS


def test_an_isa_whose_separator_is_lost_is_an_error_and_no_traceback() -> None:
    data = written([simple()]).replace(b"*ZZ*EXPAYER", b"*ZZoEXPAYER", 1)
    remits, _, errors = read(data)
    assert errors
    assert not len(remits.claims)
