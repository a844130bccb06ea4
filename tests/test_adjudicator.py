"""The invented payers: valid and balanced remittances, rules that do what they say, a truth that matches."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_runner import runner
from guide import guide_errors
from scrubjay import synth
from scrubjay.adjudicator import adjudicate, load_model
from scrubjay.adjudicator.judge import judge, share_of
from scrubjay.adjudicator.situations import Claim, Line
from scrubjay.adjudicator.write835 import money
from scrubjay.errors import ScrubjayError
from scrubjay.io.remittance import read_remittances
from scrubjay.io.source import ByteSource
from scrubjay.model835 import Remits, concat_remits

pytestmark = pytest.mark.slow

MODEL = load_model()


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("payer")
    synth.write(folder / "claims.837", 1500, 3, fault_share=0.4)
    adjudicate(folder / "claims.837", folder / "remit.835", 7, truth=folder / "truth.jsonl")
    return folder


def read(path: Path) -> Remits:
    with path.open("rb") as stream:
        pieces = list(read_remittances(ByteSource(stream), path.name))
    assert [e for p in pieces for e in p.errors] == []
    return concat_remits([p.remits for p in pieces])


def truth(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    head, *rows = (json.loads(line) for line in path.read_text().splitlines())
    return head, rows


def test_the_remittance_is_valid_by_the_guide(answered: Path) -> None:
    assert guide_errors((answered / "remit.835").read_bytes()) == []


def test_every_line_claim_and_payment_balances(answered: Path) -> None:
    remits = read(answered / "remit.835")
    assert remits.defects.is_empty()
    taken = remits.adjustments.group_by("remit_line_id").agg(pl.col("amount_cents").sum())
    lines = remits.lines.join(taken, on="remit_line_id", how="left").with_columns(pl.col("amount_cents").fill_null(0))
    assert (lines["charge_cents"] - lines["amount_cents"] == lines["paid_cents"]).all()
    sums = lines.group_by("remit_claim_id").agg(pl.col("paid_cents").sum().alias("lines"))
    claims = remits.claims.join(sums, on="remit_claim_id")
    assert (claims["paid_cents"] == claims["lines"]).all()
    paid = claims.group_by("payment_id").agg(pl.col("paid_cents").sum().alias("claims"))
    payments = remits.payments.join(paid, on="payment_id")
    assert (payments["paid_cents"] == payments["claims"]).all()


def test_the_same_seed_gives_the_same_bytes(answered: Path, tmp_path: Path) -> None:
    adjudicate(answered / "claims.837", tmp_path / "again.835", 7)
    assert (tmp_path / "again.835").read_bytes() == (answered / "remit.835").read_bytes()
    adjudicate(answered / "claims.837", tmp_path / "other.835", 8)
    assert (tmp_path / "other.835").read_bytes() != (answered / "remit.835").read_bytes()


def test_the_truth_says_what_the_remittance_shows(answered: Path) -> None:
    remits = read(answered / "remit.835")
    first = remits.claims.filter((pl.col("status") != "22") & ~pl.col("payer_control").str.ends_with("C"))
    shown = (
        remits.lines.join(first.select("remit_claim_id"), on="remit_claim_id")
        .join(remits.adjustments.filter(pl.col("group") != "XX"), on="remit_line_id")
        .filter((pl.col("paid_cents") == 0) & (pl.col("amount_cents") == pl.col("charge_cents")))
        .select("line_control", "group", "carc")
    )
    _, rows = truth(answered / "truth.jsonl")
    told = [(r["line_control"], r["group"], r["carc"]) for r in rows if r["answer"] == "denied"]
    assert Counter(told) == Counter(shown.rows())


def test_rules_hold_as_often_as_they_say(answered: Path) -> None:
    """Every rule's enforced share lies within four standard errors of its probability."""
    head, rows = truth(answered / "truth.jsonl")
    for rule, about in head["rules"].items():
        bears = [r for r in rows if r["applies"] == rule and r["answer"] != "unanswered"]
        enforced = sum(r["answer"] == "rejected" or r["why"] in ("rule", "wrong-code") for r in bears)
        p, n = about["probability"], len(bears)
        assert abs(enforced - n * p) <= 4 * (n * p * (1 - p)) ** 0.5 + 1, (rule, enforced, n)
    noise = [r for r in rows if r.get("why") == "random"]
    assert noise


def a_claim(*lines: tuple[str, tuple[str, ...], int], payer: str = "60054", authorized: bool = True) -> Claim:
    claim = Claim(
        "A1", sum(c for _, _, c in lines), "11", "1", "CI", payer, "AETNA", "W1", "TEST", "PAT", "1", "2", "3",
        authorized, 0, diagnoses=("I10",),
    )  # fmt: skip
    claim.lines = [
        Line(k, f"A1L{k}", "HC", code, mods, cents, 1000, date(2026, 3, 2), "11", "x", "3")
        for k, (code, mods, cents) in enumerate(lines, 1)
    ]
    return claim


class Certain:
    """A source of chance: every probability above the mark comes true, every one below does not."""

    def __init__(self, mark: float) -> None:
        self.mark = mark

    def random(self) -> float:
        return self.mark


def test_a_rule_denies_its_line_and_no_other() -> None:
    claim = a_claim(("99213", (), 15000), ("96372", (), 3500), ("J3420", (), 1800))
    verdict = judge(claim, MODEL, Certain(0.5))  # type: ignore[arg-type]
    assert [a.denied for a in verdict.answers] == [False, True, False]
    assert verdict.answers[1].adjustments == [("CO", "97", 3500)]
    clean = a_claim(("99213", ("25",), 15000), ("96372", (), 3500), ("J3420", (), 1800))
    assert not any(a.denied for a in judge(clean, MODEL, Certain(0.5)).answers)  # type: ignore[arg-type]


def test_a_visit_is_paid_less_the_copay() -> None:
    verdict = judge(a_claim(("99213", ("25",), 15000)), MODEL, Certain(0.5))  # type: ignore[arg-type]
    (answer,) = verdict.answers
    assert answer.adjustments == [("CO", "45", 5800), ("PR", "3", 3000)]
    assert (answer.allowed, answer.paid) == (9200, 6200)


@given(st.integers(0, 10**8), st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_shares_are_exact(cents: int, parts: int) -> None:
    share = share_of(cents, parts / 10_000)
    assert 0 <= share <= cents
    assert abs(share * 10_000 - cents * parts) <= 5_000


@given(st.integers(-(10**9), 10**9))
def test_money_is_written_without_loss(cents: int) -> None:
    text = money(cents)
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole) * 100 + int((part + "00")[:2])
    assert (-value if text.startswith("-") else value) == cents
    assert not text.endswith(".")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["99213", "96372", "J3420", "99211", "20610", "G0008", "J0897"]),
            st.sampled_from([(), ("25",), ("JZ",)]),
            st.integers(0, 500_000),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["60054", "87726", "MB", "EXCOM"]),
    st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_what_is_taken_off_and_what_is_paid_make_the_charge(lines: Any, payer: str, seed: int) -> None:
    import random

    verdict = judge(a_claim(*lines, payer=payer), MODEL, random.Random(seed))
    for answer in [*verdict.answers, *verdict.overturned]:
        assert answer.line.charge - sum(cents for _, _, cents in answer.adjustments) == answer.paid
        assert answer.paid >= 0
        assert answer.denied is False or answer.paid == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[payer]]\nname='x'\nid='1'\nshare=2\ndays=1", "payer.0.share"),
        (
            "[[payer]]\nname='x'\nid='1'\nshare=0.5\ndays=1\n[[rule]]\nid='r'\nsituation='nonsense'\nprobability=1",
            "nonsense",
        ),
        ("[[payer]]\nname='x'\nid='1'\nshare=0.5\ndays=1\n[fees]\n'96372'=15.0", "in quotes"),
        ("not toml", "not TOML"),
    ],
)
def test_a_wrong_payer_model_is_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "model.toml"
    file.write_text(text)
    with pytest.raises(ScrubjayError, match=words) as caught:
        load_model(file)
    assert "\n" not in str(caught.value)


def test_synth_writes_the_remittance(
    answered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner(capsys, tmp_path, monkeypatch)
    out, told = tmp_path / "r.835", tmp_path / "t.jsonl"
    done = run("synth", "--remit", str(answered / "claims.837"), "--seed", "7", "-o", str(out), "--truth", str(told))
    assert done.code == 0
    assert out.read_bytes() == (answered / "remit.835").read_bytes()
    assert told.read_text() == (answered / "truth.jsonl").read_text()
    assert "lines denied" in done.err
    absent = run("synth", "--remit", str(tmp_path / "none.837"), "-o", str(out))
    assert absent.code == 2
    assert "no such file" in absent.err
    (tmp_path / "empty.837").write_text("nothing")
    broken = run("synth", "--remit", str(tmp_path / "empty.837"), "-o", str(tmp_path / "no.835"))
    assert broken.code == 2
    assert not (tmp_path / "no.835").exists()
