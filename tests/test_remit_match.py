"""Claims to remittances: the right claim, the right line, and which payment of a claim still stands."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from remits import ClaimPayment, Line, Payment, read, written
from scrubjay.cases import parse, to_837
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.learn.match import Matching, match
from scrubjay.learn.nearest import nearest
from scrubjay.learn.rounds import rounds
from scrubjay.model import Tables, concat
from scrubjay.model835 import MATCHES, Remits

DAY = dt.date(2026, 3, 2)


def claims(text: str) -> Tables:
    parts: list[Tables] = []
    claim = line = 0
    data = b"".join(to_837(case) for case in parse(text))
    for chunk in iter_chunks(ByteSource(io.BytesIO(data)), "x.837"):
        parts.append(read_chunk(chunk, 0, claim, line))
        claim += len(parts[-1].claims)
        line += len(parts[-1].lines)
    return concat(parts)


def remits(*payments: Payment) -> Remits:
    tables, _, errors = read(written(payments))
    assert not errors
    return tables


def paired(text: str, *paid: ClaimPayment, payer: str = "P") -> tuple[Matching, list[tuple[object, ...]]]:
    """Match and return (remit line, claim line number, how)."""
    tables, remit = claims(text), remits(Payment(payer, list(paid)))
    found = match(tables, remit)
    assert dict(found.matches.schema) == {c.name: c.dtype for c in MATCHES}
    numbers = dict(tables.lines.select("line_id", "line").iter_rows())
    rows = [
        (row["remit_line_id"], numbers.get(row["line_id"]), row["line_how"])
        for row in found.matches.iter_rows(named=True)
    ]
    return found, rows


TWO = """
claim id=A-1
line 96372 charge=35
line J3420 charge=18
"""


def test_lines_by_control_number_whatever_the_payer_made_of_the_code() -> None:
    tables = claims(TWO)
    tables = replace(tables, lines=tables.lines.with_columns(pl.Series("line_control", ["K1", "K2"])))
    paid = [
        Line("J3421", 1000, control="K2", day=DAY),
        Line("96374", 3500, control="K1", day=None),
        Line("J3421", 800, control="K2"),
    ]
    remit = remits(Payment("P", [ClaimPayment("A-1", paid)]))
    found = match(tables, remit).matches
    assert found.select("line_id", "line_how", "split").rows() == [
        (1, "line-control", 2),
        (0, "line-control", 1),
        (1, "line-control", 2),
    ]
    # The control numbers of the lines name the claim, too, where its own came back changed.
    other = remits(Payment("P", [ClaimPayment("LOST", paid)]))
    assert set(match(tables, other).matches["claim_how"]) == {"line-control"}


@pytest.mark.parametrize(
    ("line", "number", "how"),
    [
        (Line("96372", 3500, day=DAY), 1, "exact"),
        (Line("J3420", 1800, day=DAY), 2, "exact"),
        (Line("96372", 3500, units="2", day=DAY), 1, "units-differ"),
        (Line("96372", 3500, modifiers=("59",), day=DAY), 1, "modifiers-differ"),
        (Line("96374", 3500, recoded="96372", day=DAY), 1, "recoded"),
        (Line("96372", 3500, day=None), 1, "code"),
        (Line("99999", 1800, day=DAY), 2, "charge"),
        (Line("96372", 3500, control="0001", day=DAY), 1, "line-number"),
        (Line("99999", 999, day=DAY), None, None),
    ],
)
def test_a_line_is_found_by_the_strictest_agreement_there_is(line: Line, number: int | None, how: str | None) -> None:
    _, rows = paired(TWO, ClaimPayment("A-1", [line], charge=5300, adjustments=[("CO", "45", 5300 - line.charge)]))
    assert rows == [(0, number, how)]


def test_equal_lines_are_paired_in_order_each_once() -> None:
    text = "claim id=A\nline 96372 charge=35\nline 96372 charge=35 mods=76\nline 96372 charge=35 mods=76"
    same = [Line("96372", 3500, day=DAY), *(Line("96372", 3500, modifiers=("76",), day=DAY) for _ in range(2))]
    _, rows = paired(text, ClaimPayment("A", [same[1], same[0], same[2]]))
    assert [(r[0], r[1]) for r in rows] == [(0, 2), (1, 1), (2, 3)]


def test_a_split_line_keeps_its_claim_line() -> None:
    parts = [Line("J3420", 1000, day=DAY), Line("J3420", 800, day=DAY)]
    found, rows = paired(TWO, ClaimPayment("A-1", [Line("96372", 3500, day=DAY), *parts]))
    assert [(r[1], r[2]) for r in rows] == [(1, "exact"), (2, "units-differ"), (2, "split")] or {
        r[1] for r in rows[1:]
    } == {2}
    assert found.matches["split"].to_list() == [1, 2, 2]


def test_a_partial_payment_leaves_the_other_line_unpaid() -> None:
    found, rows = paired(TWO, ClaimPayment("A-1", [Line("96372", 3500, day=DAY)]))
    assert rows == [(0, 1, "exact")]
    assert not len(found.unpaid_claims)


def test_a_payment_of_a_whole_claim_has_no_line() -> None:
    _, rows = paired(TWO, ClaimPayment("A-1", [], charge=5300))
    assert rows == [(None, None, "claim")]


def test_one_number_used_for_several_claims_is_told_apart_by_charge_and_day() -> None:
    text = "claim id=A\nline 96372 charge=35\nclaim id=A\nline J3420 charge=18\nclaim id=B\nline 99213 charge=99"
    found, _ = paired(
        text, ClaimPayment("A", [Line("J3420", 1800, day=DAY)]), ClaimPayment("A", [Line("96372", 3500, day=DAY)])
    )
    assert found.matches["claim_id"].to_list() == [1, 0]
    assert found.unpaid_claims["claim"].to_list() == ["B"]


def test_a_number_that_lost_its_punctuation_is_known_by_its_charge() -> None:
    found, _ = paired(TWO, ClaimPayment("a1", [Line("96372", 3500, day=DAY), Line("J3420", 1800, day=DAY)]))
    assert set(found.matches["claim_how"]) == {"control-normal"}
    other, _ = paired(TWO, ClaimPayment("a1", [Line("96372", 3600, day=DAY)]))
    assert not len(other.matches)
    assert other.unmatched_payments["claim"].to_list() == ["a1"]


def test_what_matches_nothing_is_listed_with_the_nearest_claim() -> None:
    text = "claim id=26-00417\nline 96372 charge=35\nclaim id=26-00555\nline J3420 charge=18"
    paid = [
        ClaimPayment("26-00471", [Line("96372", 3500, day=DAY)]),
        ClaimPayment("XYZ", [Line("J3420", 1800, day=DAY)]),
        ClaimPayment("QQQ", [Line("99999", 12345, day=dt.date(2020, 1, 1))]),
    ]
    tables, remit = claims(text), remits(Payment("P", paid))
    found = match(tables, remit)
    assert len(found.unmatched_payments) == 3
    near = nearest(found.unmatched_payments, tables, remit)
    assert {k: v["claim"] for k, v in near.items()} == {0: "26-00417", 1: "26-00555"}
    assert set(near[1]["agrees"]) >= {"charge", "day", "code"}


def states(*payments: Payment) -> list[tuple[str, int]]:
    return [tuple(row[1:]) for row in rounds(remits(*payments)).iter_rows()]  # type: ignore[misc]


def paid(control: str = "A", cents: int = 3500, **changes: object) -> ClaimPayment:
    return ClaimPayment(control, [Line("96372", cents, [("CO", "45", cents // 5)], day=DAY)], **changes)  # type: ignore[arg-type]


def test_a_reversal_takes_back_the_payment_before_it() -> None:
    back = ClaimPayment("A", [Line("96372", -3500, [("CO", "45", -700)], day=DAY)], status="22")
    assert states(Payment("P", [paid(), back, paid()])) == [("reversed", 1), ("reversal", 2), ("current", 3)]


def test_a_reversal_that_names_no_member_is_of_the_one_there_is() -> None:
    back = ClaimPayment("A", [Line("96372", -3500, [("CO", "45", -700)], day=DAY)], status="22", member="")
    assert states(Payment("P", [paid(), back])) == [("reversed", 1), ("reversal", 2)]


def test_a_reversal_in_a_later_file_counts_by_the_day_of_payment() -> None:
    back = ClaimPayment("A", [Line("96372", -3500, [("CO", "45", -700)], day=DAY)], status="22")
    later = Payment("P", [back, paid()], day=dt.date(2026, 5, 1))
    assert states(later, Payment("P", [paid()], day=dt.date(2026, 4, 1))) == [
        ("reversal", 2),
        ("current", 3),
        ("reversed", 1),
    ]


def test_a_new_adjudication_without_a_reversal_supersedes() -> None:
    assert states(Payment("P", [paid()]), Payment("P", [paid()], day=dt.date(2026, 5, 1))) == [
        ("superseded", 1),
        ("current", 2),
    ]


def test_what_another_payer_or_patient_was_paid_for_stands_beside() -> None:
    assert states(Payment("P", [paid()], "1"), Payment("Q", [paid(status="2")], "2")) == [
        ("current", 1),
        ("current", 1),
    ]
    assert states(Payment("P", [paid(), paid(member="M2")])) == [("current", 1), ("current", 1)]


def test_a_claim_split_over_two_payments_stands_in_both() -> None:
    other = ClaimPayment("A", [Line("J3420", 1800, day=DAY)], payer_control="ICN2")
    assert states(Payment("P", [paid(), other])) == [("current", 1), ("current", 2)]


def test_a_denial_as_duplicate_says_nothing_of_the_first() -> None:
    copy = ClaimPayment("A", [Line("96372", 3500, [("OA", "18", 3500)], day=DAY)], status="4")
    assert states(Payment("P", [paid(), copy])) == [("current", 1), ("duplicate", 2)]


def test_matching_the_example_finds_every_line(tmp_path: Path) -> None:
    from conftest import ROOT
    from scrubjay.learn.study import study

    result = study(
        [ROOT / "examples" / "clinic.835"], claims=[ROOT / "examples" / "clinic.837"], as_of=dt.date(2026, 5, 15)
    )
    assert not result.errors
    assert result.matching is not None
    assert set(result.matching.matches["line_how"]) == {"line-control"}
    assert result.matching.matches["line_id"].n_unique() == 97
    assert not len(result.matching.unmatched_payments)
    assert result.matching.matches.filter(pl.col("state") != "current").is_empty()
