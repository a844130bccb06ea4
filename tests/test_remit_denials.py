"""Denials: read in words, predicted, decided, dated; and every grouping of the dollars agrees to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from remits import ClaimPayment, Line, Payment, written
from scrubjay.learn.document import document
from scrubjay.learn.reasons import table
from scrubjay.learn.study import Study, study
from scrubjay.learn.tally import VIEWS
from scrubjay.learn.wilson import wilson
from test_remit_reader import payments

DAY = dt.date(2026, 3, 2)
AS_OF = dt.date(2026, 5, 15)


def studied(*lines: Line, payer: str = "MEDICARE PART B", remarks: tuple[str, ...] = (), **claim: Any) -> Study:
    paid = ClaimPayment("A", list(lines), remarks=remarks, **claim)
    return study([written([Payment(payer, [paid], day=dt.date(2026, 4, 1))])], as_of=AS_OF)


def only(result: Study) -> dict[str, Any]:
    (row,) = result.denials.to_dicts()
    return row


def denied(code: str, carc: str, *remarks: str, group: str = "CO", cents: int = 3500) -> Line:
    return Line(code, cents, [(group, carc, cents)], remarks=remarks, day=DAY)


def beside(code: str) -> Line:
    return Line(code, 10000, [("CO", "45", 1000)], day=DAY)


def test_an_injection_bundled_into_the_visit_is_read_that_way() -> None:
    row = only(studied(beside("99213"), denied("96372", "97", "M15")))
    assert row["reading"] == "bundled into the visit (99213): CO-97 with M15"
    assert (row["partner"], row["indicator"]) == ("99213", 1)
    assert row["action"] == "correct"
    assert row["appealable"]
    assert row["appeal_by"] == dt.date(2026, 4, 1) + dt.timedelta(days=125)


def test_a_pair_with_indicator_0_is_written_off_and_not_appealed() -> None:
    row = only(studied(denied("99211", "97", "N20"), beside("96372")))
    assert (row["partner"], row["indicator"]) == ("96372", 0)
    assert row["action"] == "write-off"
    assert not row["appealable"]
    assert row["appeal_by"] is None
    assert row["deadline"] is None


def test_a_denial_for_the_place_is_no_pair() -> None:
    row = only(studied(beside("99213"), denied("96372", "97", "M97")))
    assert row["indicator"] is None
    assert "place" in row["reading"]


def test_an_unprocessable_claim_has_no_appeal_but_a_new_claim_within_the_filing_limit() -> None:
    row = only(studied(denied("J0897", "16", "N822"), remarks=("MA130",)))
    assert (row["action"], row["appealable"]) == ("new-claim", False)
    assert (row["deadline"], row["deadline_step"]) == (DAY + dt.timedelta(days=365), "file")
    assert row["rarc"] == ["N822", "MA130"]


def test_the_filing_limit_is_final_for_medicare_alone() -> None:
    assert not only(studied(denied("96372", "29")))["appealable"]
    other = only(studied(denied("96372", "29"), payer="AETNA"))
    assert other["appealable"]
    assert other["deadline"] == dt.date(2026, 4, 1) + dt.timedelta(days=180)


def test_units_above_a_limit_are_judged_by_its_adjudication_indicator() -> None:
    row = only(studied(denied("96372", "151", "N362")))
    assert row["mai"] == 3
    assert (row["action"], row["appealable"]) == ("appeal", True)
    assert str(row["mue"]) in row["why"]
    absolute = only(studied(denied("0001U", "151", "N362")))
    assert absolute["mai"] == 2
    assert (absolute["action"], absolute["appealable"]) == ("write-off", False)


@pytest.mark.parametrize(
    ("group", "carc"),
    [("CO", "45"), ("CO", "253"), ("PR", "1"), ("PR", "2"), ("PR", "3"), ("OA", "23"), ("CR", "97"), ("OA", "94")],
)
def test_what_the_contract_the_patient_or_another_payer_bears_is_no_denial(group: str, carc: str) -> None:
    assert not len(studied(Line("96372", 3500, [(group, carc, 3500)], day=DAY)).denials)


def test_a_reason_nobody_knows_is_a_denial_to_look_at() -> None:
    row = only(studied(denied("96372", "ZZ9")))
    assert row["action"] == "review"
    assert "ZZ9" in row["reading"]


def test_a_denial_of_the_whole_claim_is_one_row_without_a_line() -> None:
    result = studied(Line("96372", 3500, day=DAY), Line("J3420", 1800, day=DAY), adjustments=[("CO", "B7", 5300)])
    row = only(result)
    assert (row["code"], row["remit_line_id"], row["amount_cents"]) == (None, None, 5300)
    assert result.by("code")[0]["key"] == "(whole claim)"


def test_what_was_taken_back_is_not_denied_any_more() -> None:
    first = ClaimPayment("A", [denied("96372", "97", "M15")])
    back = ClaimPayment("A", [Line("96372", -3500, [("CO", "97", -3500)], day=DAY)], status="22")
    anew = ClaimPayment("A", [Line("96372", 3500, [("CO", "45", 1000)], day=DAY)])
    result = study([written([Payment("P", [first, back, anew])])], as_of=AS_OF)
    assert not len(result.denials)
    totals = result.totals()
    assert (totals["charged"], totals["paid"], totals["denied"]) == (3500, 2500, 0)


def test_without_claims_the_catalogue_names_the_edit() -> None:
    row = only(studied(beside("99213"), denied("96372", "97", "M15")))
    assert row["basis"] == "catalogue"
    assert "EM01" in row["edits"]
    assert row["warned"] is None


def test_the_scrubber_had_warned_or_not() -> None:
    from conftest import ROOT

    result = study([ROOT / "examples" / "clinic.835"], claims=[ROOT / "examples" / "clinic.837"], as_of=AS_OF)
    by_claim = {row["claim"]: row for row in result.denials.iter_rows(named=True)}
    assert (by_claim["26-00417"]["edit"], by_claim["26-00417"]["warned"], by_claim["26-00417"]["basis"]) == (
        "EM01",
        True,
        "found",
    )
    assert (by_claim["26-00405"]["warned"], by_claim["26-00405"]["basis"]) == (False, "catalogue")
    # CO-236 and CO-97 are two words for a bundled pair.
    assert (by_claim["26-00422"]["edit"], by_claim["26-00422"]["basis"]) == ("EM01", "found")


@given(payments)
@settings(max_examples=15)
def test_every_grouping_of_the_dollars_agrees(sent: list[Payment]) -> None:
    result = study([written(sent)], as_of=AS_OF)
    assert not result.errors
    total = result.totals()
    every = [c for p in sent for c in p.claims]
    assert total["charged"] == sum(c.charged for c in every)
    assert total["paid"] == sum(c.paid for c in every)
    assert total["charged"] - sum(total["by_carc"].values()) == total["paid"]
    assert sum(total["by_carc"].values()) == sum(total["by_group_and_carc"].values())
    standing = int(result.standing["charge_cents"].sum())
    for view in VIEWS:
        rows = result.by(view)
        assert sum(row["denied_cents"] for row in rows) == total["denied"], view
        if view not in ("denial", "edit"):
            assert sum(row["charged_cents"] for row in rows) == standing, view
            assert all(0 <= row["low"] <= row["rate"] <= row["high"] <= 1 for row in rows if row["rate"] is not None)
    plain = document(result)
    assert sum(Decimal(d["amount"]) for d in plain["denials"]) == Decimal(plain["totals"]["denied"])
    assert sum(Decimal(c["charged"]) for c in plain["claims"]) == Decimal(plain["totals"]["charged"])


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0


def test_the_tables_of_reasons_name_their_sources_and_real_codes() -> None:
    from scrubjay import refdata

    reasons = table("reasons")
    assert reasons["source"].null_count() == 0
    assert reasons["carc"].n_unique() == len(reasons)
    real = set(refdata.load(user=False).frame("carc")["code"])
    assert set(reasons["carc"]) <= real, sorted(set(reasons["carc"]) - real)
    remarks = set(refdata.load(user=False).frame("rarc")["code"])
    assert set(table("readings")["rarc"].drop_nulls()) <= remarks
    assert set(reasons.filter(pl.col("class") != "denial")["action"]) == {"none"}
    deadlines = table("deadlines")
    assert deadlines["source"].null_count() == 0
    assert all(":" in source for source in deadlines["source"])
