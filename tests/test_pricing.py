"""Medicare's prices against published amounts, hand-made sums and a plain Decimal oracle."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scrubjay
from scrubjay import refdata
from scrubjay.cases import parse, to_837
from scrubjay.explain.index import Index
from scrubjay.explain.lookup import page
from scrubjay.pricing import estimate_lines, price_of, shares
from scrubjay.pricing.estimate import INPUT
from scrubjay.pricing.schedule import schedule
from scrubjay.report import by_risk

SEATTLE, BIRMINGHAM = "98101", "352030000"
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def refs() -> refdata.References:
    return refdata.load(user=False)


def lines(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return lines of one claim, day and provider; what a row does not say is an office line of 2025."""
    default = {
        "claim_id": 0, "units_milli": 1000, "charge_cents": None, "service_date": dt.date(2025, 6, 2), "facility": False,
        "zip": None, "taxonomy": None, "provider": "1", "mod1": None, "mod2": None, "mod3": None, "mod4": None,
    }  # fmt: skip
    return pl.DataFrame([default | {"line_id": k} | row for k, row in enumerate(rows)], schema=INPUT)


def cents(refs: refdata.References, *rows: dict[str, Any]) -> list[int | None]:
    plan = schedule(refs)
    assert plan is not None
    return estimate_lines(lines(*rows), plan)["allowed_cents"].to_list()


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        ("2022-07-01", "14.53"),
        ("2023-02-01", "14.23"),
        ("2024-03-08", "14.08"),
        ("2024-03-09", "14.31"),
        ("2025-12-31", "13.91"),
        ("2026-01-01", "15.36"),
    ],
)
def test_the_national_amounts_of_96372(refs: refdata.References, day: str, amount: str) -> None:
    on = dt.date.fromisoformat(day)
    assert price_of(refs, "96372", on).allowed == Decimal(amount)
    assert price_of(refs, "96372", on, facility=True).allowed == 0
    told = page("96372", Index.packaged())
    shown = [
        row["amount"]
        for row in told["national_amounts"]
        if row["setting"] == "non-facility" and row["from"] <= day <= (row["to"] or "9999")
    ]
    assert shown == [amount]


def test_amounts_of_neighbours_in_2026(refs: refdata.References) -> None:
    """Totals of 2026 by the factor 33.4009: 96401 2.15, 96374 1.13, 99213 2.85."""
    for code, amount in (("96401", "71.81"), ("96374", "37.74"), ("99213", "95.19")):
        assert price_of(refs, code, dt.date(2026, 3, 2)).allowed == Decimal(amount)


def test_localities_by_hand(refs: refdata.References) -> None:
    """Seattle 2025: 0.17 x 1.043 + 0.25 x 1.220 + 0.01 x 0.853 = 0.49084, x 32.3465 = 15.88."""
    index = refs.frame("gpci").filter(pl.col("valid_from") == dt.date(2025, 1, 1))
    seattle = index.filter((pl.col("mac") == "02402") & (pl.col("locality") == "02")).row(0, named=True)
    by_hand = (
        Decimal("0.17") * seattle["pw"] + Decimal("0.25") * Decimal("1.220") + Decimal("0.01") * Decimal("0.853")
    ) * Decimal("32.3465")
    found = price_of(refs, "96372", dt.date(2025, 6, 2), zip_code=SEATTLE)
    assert found.allowed == by_hand.quantize(CENT, ROUND_HALF_UP)
    assert found.basis == "estimate: Medicare fee schedule 2025, WA 02, non-facility"
    # Alabama 2025: work 1.000, practice expense 0.869, malpractice 0.575: 0.17 + 0.21725 + 0.00575 = 0.393 x 32.3465.
    assert price_of(refs, "96372", dt.date(2025, 6, 2), zip_code=BIRMINGHAM).allowed == Decimal("12.71")
    # 99213 in Alabama and a facility, 1.30 x 1.000 + 0.51 x 0.869 + 0.10 x 0.575 where the table says so.
    row = refs.frame("pfs").filter((pl.col("hcpcs") == "99213") & (pl.col("valid_from") == dt.date(2025, 1, 1)))
    fee = row.row(0, named=True)
    value = fee["work"] + fee["fac_pe"] * Decimal("0.869") + fee["mp"] * Decimal("0.575")
    assert price_of(refs, "99213", dt.date(2025, 6, 2), zip_code=BIRMINGHAM, facility=True).allowed == (
        value * Decimal("32.3465")
    ).quantize(CENT, ROUND_HALF_UP)


def test_shares_of_an_allowed_amount(refs: refdata.References) -> None:
    """15.36: the patient 20 %, two percent sequestration off the rest, Medicare 12.04."""
    split = shares(refs, Decimal("15.36"), dt.date(2026, 3, 2))
    assert (split.patient, split.sequestration, split.medicare) == (Decimal("3.07"), Decimal("0.25"), Decimal("12.04"))
    assert shares(refs, Decimal("15.36"), dt.date(2022, 3, 31)).sequestration == 0
    assert shares(refs, Decimal("100.00"), dt.date(2022, 5, 1)).sequestration == Decimal("0.80")


@given(st.integers(0, 10**9), st.dates(dt.date(2022, 1, 1), dt.date(2027, 1, 1)))
@settings(max_examples=60, deadline=None)
def test_shares_add_up_to_the_cent(amount: int, day: dt.date) -> None:
    allowed = Decimal(amount) / 100
    split = shares(REFS, allowed, day)
    assert split.patient + split.sequestration + split.medicare == allowed
    assert min(split.patient, split.sequestration, split.medicare) >= 0


REFS = refdata.load(user=False)


def test_drugs_are_paid_by_the_limit_of_their_quarter(refs: refdata.References) -> None:
    """J1071 in 2026Q1: 0.027 a milligram; 90662 in 2025Q4: 98.160; B12 in 2025Q2: 0.665."""
    assert price_of(refs, "J1071", dt.date(2026, 2, 1), units=Decimal(200)).allowed == Decimal("5.40")
    assert price_of(refs, "90662", dt.date(2025, 10, 1)).allowed == Decimal("98.16")
    assert price_of(refs, "J3420", dt.date(2025, 6, 30)).allowed == Decimal("0.67")
    later = price_of(refs, "J3420", dt.date(2026, 9, 1))
    assert (later.allowed, later.basis) == (Decimal("0.64"), "estimate: Medicare drug limit 2026Q1")


def test_what_the_tables_do_not_price_has_no_estimate(refs: refdata.References) -> None:
    """Laboratory, vaccine administration by G code, an unclassified drug, a split surgery, the years before the tables."""
    on = dt.date(2025, 6, 2)
    for code in ("36415", "G0008", "J3490", "00100"):
        assert price_of(refs, code, on).allowed is None, code
    assert price_of(refs, "20610", on, modifiers=("54",)).allowed is None
    assert price_of(refs, "99213", dt.date(2024, 6, 2)).allowed is None


def test_operations_of_one_day_are_ranked(refs: refdata.References) -> None:
    full = cents(refs, {"code": "20610"})[0]
    small = cents(refs, {"code": "20600"})[0]
    assert full is not None
    assert small is not None
    assert full > small
    assert cents(refs, {"code": "20600"}, {"code": "20610"}) == [(small + 1) // 2, full]
    assert cents(refs, {"code": "20610"}, {"code": "20610"}) == [full, (full + 1) // 2]
    assert cents(refs, {"code": "20610", "units_milli": 2000}) == [(full * 3 + 1) // 2]
    apart = {"code": "20600", "service_date": dt.date(2025, 6, 3)}
    assert cents(refs, apart, {"code": "20610"}) == [small, full]
    assert cents(refs, {"code": "20600", "provider": "2"}, {"code": "20610"}) == [small, full]
    alone = [cents(refs, {"code": code})[0] for code in ("96372", "99213")]
    assert cents(refs, {"code": "96372"}, {"code": "99213"}) == alone


def test_imaging_keeps_its_professional_part_at_95_percent(refs: refdata.References) -> None:
    """Two studies: the cheaper one loses 5 % of its professional and 50 % of its technical part."""
    whole = [cents(refs, {"code": c})[0] for c in ("70551", "72148")]
    professional = [cents(refs, {"code": c, "mod1": "26"})[0] for c in ("70551", "72148")]
    technical = [cents(refs, {"code": c, "mod1": "TC"})[0] for c in ("70551", "72148")]
    both = cents(refs, {"code": "70551"}, {"code": "72148"})
    off = min(p or 0 for p in professional) * Decimal("0.05") + min(t or 0 for t in technical) * Decimal("0.50")
    lost = sum(w or 0 for w in whole) - sum(b or 0 for b in both)
    assert abs(lost - off) <= 1


def test_modifiers_and_the_kind_of_clinician(refs: refdata.References) -> None:
    full = cents(refs, {"code": "20610"})[0]
    assert full is not None
    assert cents(refs, {"code": "20610", "mod2": "50"}) == [full * 3 // 2]
    visit = cents(refs, {"code": "99213"})[0]
    assert visit is not None
    nurse = cents(refs, {"code": "99213", "taxonomy": "363LF0000X"})
    assert nurse == [(visit * 85 + 50) // 100]


@given(
    st.sampled_from(["96372", "99213", "20610", "93306", "96413", "70551"]),
    st.sampled_from(["98101", "35203", "10001", "90001", "77002", None]),
    st.booleans(),
    st.integers(1, 40),
    st.one_of(st.none(), st.integers(0, 50_000)),
)
@settings(max_examples=80, deadline=None)
def test_the_formula_is_exact(code: str, zip5: str | None, facility: bool, units: int, charge: int | None) -> None:
    """Against plain Decimal arithmetic on the tables as they are; 20610 and 70551 only as single units."""
    units = 1 if code in ("20610", "70551", "93306") else units
    row = (
        REFS.frame("pfs")
        .filter((pl.col("hcpcs") == code) & pl.col("mod").is_null() & (pl.col("valid_from") == dt.date(2025, 1, 1)))
        .row(0, named=True)
    )
    index = {"pw": Decimal(1), "pe": Decimal(1), "mp": Decimal(1)}
    if zip5:
        place = REFS.frame("zip_locality").filter(pl.col("zip5") == zip5).row(0, named=True)
        index = (
            REFS.frame("gpci")
            .filter(
                (pl.col("mac") == place["carrier"])
                & (pl.col("locality") == place["locality"])
                & (pl.col("valid_from") == dt.date(2025, 1, 1))
            )
            .row(0, named=True)
        )
    side = "fac" if facility else "nonfac"
    fee = (row["work"] * index["pw"] + row[f"{side}_pe"] * index["pe"] + row["mp"] * index["mp"]) * row["cf"]
    amount = fee.quantize(CENT, ROUND_HALF_UP) * units * 100
    if facility and row["fac_na"]:
        amount = Decimal(0)
    expected = int(amount) if charge is None else min(int(amount), charge)
    found = cents(
        REFS,
        {"code": code, "zip": zip5, "facility": facility, "units_milli": units * 1000, "charge_cents": charge},
    )
    assert found == [expected]


def check(text: str) -> scrubjay.Report:
    (case,) = parse(text)
    return scrubjay.check(to_837(case), as_of=case.as_of)


def test_a_finding_says_whether_it_is_the_charge_or_an_estimate() -> None:
    rows = "line 99213 charge=150.00\nline 96372 charge=35.00\nline J3420"
    medicare = check(f"payer medicare\n{rows}")
    (row,) = medicare.findings.filter(pl.col("edit") == "EM01").to_dicts()
    assert row["amount_basis"].startswith("estimate: Medicare fee schedule 2026")
    assert Decimal(row["amount_at_risk"]) < Decimal("150.00")
    other = check(f"payer aetna\n{rows}")
    for row in other.findings.filter(pl.col("amount_at_risk").is_not_null()).to_dicts():
        assert row["amount_basis"] == "charge"


def test_money_first() -> None:
    report = check(
        "payer medicare\nline 99213 charge=150.00\nline 96372 charge=35.00\nline J3420\n"
        "line 96372 charge=35.00 dos=2026-03-03\nline J3420 dos=2026-03-03 mods=25"
    )
    amounts = [c for c in by_risk(report.findings)["at_risk_cents"].to_list() if c is not None]
    assert amounts == sorted(amounts, reverse=True)
    assert by_risk(report.findings).height == report.findings.height
