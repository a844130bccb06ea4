"""The scorecard: counts by hand, against the truth of invented payers, and proposals that a practice can merge."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scrubjay
from cli_runner import runner
from scrubjay import policy as policies
from scrubjay import synth
from scrubjay.acknowledge import about, ack277
from scrubjay.adjudicator import adjudicate
from scrubjay.errors import InputError
from scrubjay.learn.observe import Observed
from scrubjay.learn.propose import LEAST, Proposal, proposals, toml
from scrubjay.learn.scorecard import Scorecard, score, scorecard
from scrubjay.learn.shadow import nothing_off
from scrubjay.learn.study import Study, study
from scrubjay.learn.targets import TARGET_SCHEMA
from scrubjay.learn.truth import compare
from scrubjay.learn.wilson import wilson

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 9, 30)


def target(claim: int, line: int | None, edit: str, level: str, carc: str | None, *rarc: str) -> dict[str, Any]:
    return {
        "claim_id": claim, "line_id": line, "edit": edit, "level": level, "category": "denial", "carc": carc, "rarc": list(rarc),
    }  # fmt: skip


def world(lines: list[dict[str, Any]], hits: list[dict[str, Any]]) -> Scorecard:
    """Score hits against lines: each has ``denied`` as (carc, rarc...) or nothing; one claim per line, 100.00 each."""
    units, reasons = [], []
    for k, line in enumerate(lines):
        denied = line.get("denied")
        base = {
            "claim_id": k, "policy": line.get("policy", "aetna"), "payer": "A", "service_date": dt.date(2026, 3, 2),
            "charge_cents": 10_000, "paid_cents": 0 if denied else 7_000, "denied": bool(denied),
            "denied_cents": 10_000 if denied else 0, "overturned": False, "rejected": False,
        }  # fmt: skip
        units += [base | {"line_id": k}, base | {"line_id": None}]
        if denied:
            reason = {
                "claim_id": k, "group": "CO", "carc": denied[0], "rarc": list(denied[1:]), "cents": 10_000,
                "policy": base["policy"], "payer": "A",
            }  # fmt: skip
            reasons += [reason | {"line_id": k}, reason | {"line_id": None}]
    ids = {"claim_id": pl.UInt32, "line_id": pl.UInt32}
    reason_schema = ids | {
        "group": pl.String, "carc": pl.String, "rarc": pl.List(pl.String), "cents": pl.Int64, "policy": pl.String, "payer": pl.String,
    }  # fmt: skip
    seen = Observed(
        pl.DataFrame(units, schema_overrides=ids),
        pl.DataFrame(reasons, schema=reason_schema).with_row_index("reason_id"),
        pl.DataFrame(
            {"claim_id": range(len(lines)), "policy": [x.get("policy", "aetna") for x in lines]},
            schema={"claim_id": pl.UInt32, "policy": pl.String},
        ),
    )
    codes = pl.DataFrame(
        {"line_id": range(len(lines)), "code": [x.get("code", "99213") for x in lines]},
        schema={"line_id": pl.UInt32, "code": pl.String},
    )
    return score(seen, pl.DataFrame(hits, schema=TARGET_SCHEMA), codes)


def row(card: Scorecard, edit: str, policy: str = "aetna") -> dict[str, Any]:
    (found,) = card.edits.filter((pl.col("edit") == edit) & (pl.col("policy") == policy)).to_dicts()
    return found


def test_counts_by_hand() -> None:
    """Three hits: one denied as expected, one for another reason, one paid; and a denial that nothing named."""
    card = world(
        [{"denied": ("97", "M15")}, {"denied": ("29",)}, {}, {"denied": ("97",)}, {"denied": ("97",), "code": "J3420"}],
        [target(k, k, "EM01", "warn", "97", "M15") for k in range(3)],
    )
    em01 = row(card, "EM01")
    assert (em01["hits"], em01["answered"], em01["denied"], em01["own"]) == (3, 3, 2, 1)
    # The denied drug line has the same reason but no code that the edit speaks of.
    assert (em01["missed"], em01["due"], em01["missed_cents"], em01["prevented_cents"]) == (1, 2, 10_000, 10_000)
    assert (em01["own_low"], em01["own_high"]) == wilson(1, 3)
    assert card.totals["denied"] == 4
    assert card.totals["named"] == 1
    assert card.totals["missed_cents"] == 30_000
    assert card.confusion.select("edit", "carc", "n").rows() == [("EM01", "29", 1)]
    levels = {
        r["level"]: (r["denied"], r["answered"]) for r in card.levels.filter(pl.col("policy").is_null()).to_dicts()
    }
    assert levels == {"warn": (2, 3), "none": (2, 2)}


def test_a_reason_that_says_little_needs_a_common_remark() -> None:
    lines = [{"denied": ("16", "N822")}, {"denied": ("16", "M119")}, {"denied": ("16",)}]
    card = world(lines, [target(k, k, "JW01", "warn", "16", "N822") for k in range(3)])
    assert row(card, "JW01")["own"] == 2
    # CO-97 says enough by itself.
    card = world([{"denied": ("97", "N20")}], [target(0, 0, "EM01", "deny", "97", "M15")])
    assert row(card, "EM01")["own"] == 1


def test_neighbours_are_named_and_a_second_voice_is_not_alone() -> None:
    lines = [{"denied": ("16", "M123")} for _ in range(30)]
    hits = [target(k, k, "DRG01", "deny", "16", "M123") for k in range(30)]
    hits += [target(k, k, "NTE01", "off", "16", "M123") for k in range(30)]
    hits += [target(k, k, "EM01", "warn", "97") for k in range(30)]
    card = world(lines, hits)
    assert row(card, "NTE01")["own"] == 30
    assert row(card, "NTE01")["alone"] == 0
    assert row(card, "DRG01")["alone"] == 30
    (confused,) = card.confusion.to_dicts()
    assert (confused["edit"], confused["carc"], confused["n"]) == ("EM01", "16", 30)
    assert confused["neighbours"] == ["DRG01", "NTE01"]
    # NTE01 is not raised beside DRG01, which warns already; EM01 keeps its level: the lines were denied, if for something else.
    assert proposals(card) == []


def test_nothing_is_proposed_from_fewer_than_twenty() -> None:
    def card(n: int) -> Scorecard:
        return world([{"denied": ("16", "N822")}] * n, [target(k, k, "JW01", "off", "16", "N822") for k in range(n)])

    assert proposals(card(LEAST - 1)) == []
    (raised,) = proposals(card(LEAST))
    assert (raised.policy, raised.edit, raised.now, raised.level) == ("aetna", "JW01", "off", "deny")
    paid = world([{}] * 40, [target(k, k, "JW01", "deny", "16", "N822") for k in range(40)])
    (lowered,) = proposals(paid)
    assert (lowered.now, lowered.level) == ("deny", "info")


def test_proposals_are_a_policy_file_that_loads(tmp_path: Path) -> None:
    found = [
        Proposal("aetna", "JW01", "off", "deny", 72, 68, 64, 0.7958, 0.9426, 4_449_200, "16", AS_OF, AS_OF),
        Proposal("uhc", "EM02", "deny", "info", 40, 0, 0, 0.0, 0.0876, 12_345, "97", None, None),
    ]
    file = tmp_path / "scrubjay.toml"
    file.write_text("\n".join(toml(found, ["a.835"])) + "\n")
    merged = policies.load([file])
    (winner, *_) = merged.explain("aetna", "JW01", dt.date(2026, 3, 2))
    assert winner.value == "deny"
    assert "64 of 72 findings" in winner.reason
    assert merged.explain("cigna", "JW01", dt.date(2026, 3, 2))[0].value == "off"
    file.write_text("\n".join(toml([], ["a.835"])) + "\n")
    policies.load([file])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_dollars_and_counts_add_up(rows: list[tuple[bool, bool]]) -> None:
    """Denied is named and missed; nothing is counted twice; every interval holds its share."""
    lines = [{"denied": ("97",)} if denied else {} for denied, _ in rows]
    hits = [target(k, k, "EM01", "deny", "97") for k, (_, hit) in enumerate(rows) if hit]
    card = world(lines, hits)
    t = card.totals
    assert t["denied"] == sum(denied for denied, _ in rows)
    assert t["named"] + t["missed"] == t["denied"]
    assert t["named_cents"] + t["missed_cents"] == t["denied_cents"] == 10_000 * t["denied"]
    for found in card.edits.to_dicts():
        assert found["own"] <= found["denied"] <= found["answered"] <= found["hits"]
        assert found["own_low"] - 1e-12 <= found["own"] / found["answered"] <= found["own_high"] + 1e-12
    assert card.levels.filter(pl.col("policy").is_null())["answered"].sum() == len(rows)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loop")
    synth.write(folder / "claims.837", 4000, 11, fault_share=0.3)
    adjudicate(folder / "claims.837", folder / "remit.835", 3, truth=folder / "truth.jsonl")
    return folder


@pytest.fixture(scope="module")
def studied(loop: Path) -> Study:
    return study([loop / "remit.835"], claims=[loop / "claims.837"], shadow=True, as_of=AS_OF)


@pytest.fixture(scope="module")
def card(studied: Study) -> Scorecard:
    found = scorecard(studied)
    assert found is not None
    return found


def test_the_estimates_are_near_the_truth(studied: Study, card: Scorecard, loop: Path) -> None:
    """Where the payer gives the edit's reason, precision is at most the wrong reasons (6 %) and chance away from the truth."""
    compared = compare(studied, card, loop / "truth.jsonl")
    enough = compared.rows.filter(pl.col("answered") >= 20)
    assert enough.height >= 10
    same_reason = enough.filter(pl.col("own") > 0)
    assert same_reason["precision_error"].abs().max() <= 0.12  # type: ignore[operator]
    assert same_reason["precision_error"].abs().mean() <= 0.05  # type: ignore[operator]
    assert compared.totals["recall"]["mean_error"] <= 0.05
    # The one planted disagreement: payers deny a dose typed as units with the reason of another edit.
    other = set(enough.filter(pl.col("own") == 0)["edit"])
    assert other <= {"DRG09"}
    confused = card.confusion.filter(pl.col("edit") == "DRG09").sort("n", descending=True)
    assert confused["carc"][0] in ("151", "29")


def test_the_unannounced_rule_is_found_and_the_loop_closes(
    loop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check, adjudicate, learn, merge, check again: fewer denials are missed, by the dollars of the merged rules."""
    run = runner(capsys, tmp_path, monkeypatch)
    for name in ("claims.837", "remit.835"):
        shutil.copy(loop / name, tmp_path / name)
    words = (
        "remit",
        "remit.835",
        "--claims",
        "claims.837",
        "--as-of",
        "2026-09-30",
        "--no-progress",
        "--format",
        "json",
    )
    first = run(*words, "--scorecard", "--propose", "proposed.toml", "--truth", str(loop / "truth.jsonl"))
    assert first.code == 0, first.err
    before = json.loads(first.out)["scorecard"]
    raised = {(p["policy"], p["edit"]): p for p in before["proposals"]}
    assert ("aetna", "JW01") in raised
    assert all(p["answered"] >= LEAST for p in before["proposals"])
    assert "truth" in before
    (tmp_path / "proposed.toml").rename(tmp_path / "scrubjay.toml")
    second = run(*words, "--scorecard")
    assert second.code == 0, second.err
    after = json.loads(second.out)["scorecard"]
    assert after["totals"]["missed"] < before["totals"]["missed"]
    gained = Decimal(before["totals"]["missed_amount"]) - Decimal(after["totals"]["missed_amount"])
    expected = sum(
        Decimal(p["amount"]) for p in raised.values() if p["level"] in ("deny", "warn") and p["from_level"] == "off"
    )
    assert gained == expected
    assert ("aetna", "JW01") not in {(p["policy"], p["edit"]) for p in after["proposals"]}


def test_a_claim_that_the_front_end_gives_back_proves_a_rejection_right(tmp_path: Path) -> None:
    """The 277CA of the same claims rejects those out of balance; no remittance speaks of them."""
    synth.write(tmp_path / "claims.837", 600, 2, fault_share=0.6)
    adjudicate(tmp_path / "claims.837", tmp_path / "remit.835", 3)
    report = scrubjay.check(tmp_path / "claims.837", as_of=dt.date(2026, 7, 1), raw=True)
    file = tmp_path / "claims.837"
    (answered,) = about(report, [(str(file), lambda: file.open("rb"))])
    first = ack277(answered, dt.date(2026, 7, 2), dt.date(2026, 7, 1))
    (tmp_path / "ack.277").write_text("".join(first))
    with_ack = study([tmp_path / "remit.835", tmp_path / "ack.277"], claims=[tmp_path / "claims.837"], as_of=AS_OF)
    without = study([tmp_path / "remit.835"], claims=[tmp_path / "claims.837"], as_of=AS_OF)
    told, silent = scorecard(with_ack), scorecard(without)
    assert told is not None
    assert silent is not None
    balance = told.edits.filter(pl.col("edit") == "BAL01")
    assert balance["own"].sum() == balance["hits"].sum() > 0
    assert silent.edits.filter(pl.col("edit") == "BAL01")["answered"].sum() == 0
    assert told.totals["claims_rejected"] > 0
    assert told.totals["denied"] == silent.totals["denied"]


def test_words_for_what_is_missing(
    loop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner(capsys, tmp_path, monkeypatch)
    alone = run("remit", loop / "remit.835", "--scorecard")
    assert alone.code == 2
    assert "--claims" in alone.err
    table = run("remit", loop / "remit.835", "--claims", loop / "claims.837", "--scorecard", "--format", "csv")
    assert table.code == 2
    (tmp_path / "no.jsonl").write_text("{}\n")
    false = run(
        "remit", loop / "remit.835", "--claims", loop / "claims.837", "--truth", tmp_path / "no.jsonl", "--no-progress"
    )
    assert false.code == 2
    assert "no truth file" in false.err
    assert "Traceback" not in false.err


def test_the_text_never_shows_a_bare_percentage(
    loop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner(capsys, tmp_path, monkeypatch)
    done = run(
        "remit",
        loop / "remit.835",
        "--claims",
        loop / "claims.837",
        "--scorecard",
        "--no-progress",
        "--as-of",
        "2026-09-30",
    )
    assert done.code == 0
    for line in done.out.splitlines():
        assert line.count(" %") == line.count("/") or "%" not in line or "interval" in line, line


def test_nothing_off_changes_levels_alone() -> None:
    packaged = policies.load()
    every = nothing_off(packaged)
    assert every.names() == packaged.names()
    assert "off" not in set(every.rules(("JW01", "EM04"))["level"])
    assert every.switches().equals(packaged.switches())


def test_a_truth_file_that_is_none(studied: Study, card: Scorecard, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        compare(studied, card, tmp_path / "absent.jsonl")
