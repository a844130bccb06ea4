"""Answers to an 837P: valid by the guide, read back by the reader of acknowledgements, and what the findings say."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_runner import Run, runner
from conftest import ROOT
from guide import guide_errors
from scrubjay import synth
from scrubjay.acknowledge.about import statuses, syntax
from scrubjay.acknowledge.write import money, word
from scrubjay.cases import parse, to_837
from scrubjay.catalogue import edits
from scrubjay.io.remittance import read_remittances
from scrubjay.io.source import ByteSource

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-20")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def read(data: str) -> pl.DataFrame:
    """Read an answer with the reader that reads those of payers."""
    pieces = list(read_remittances(ByteSource(io.BytesIO(data.encode())), "answer"))
    assert [e for p in pieces for e in p.errors] == []
    return pl.concat([p.acknowledgements for p in pieces])


def answers(run: Run, *inputs: str | Path, more: tuple[str, ...] = ()) -> tuple[str, str]:
    texts = []
    for form in ("999", "277ca"):
        out = Path("answer.x12")
        done = run("check", *inputs, *DAY, "--format", form, "-o", out, "--no-progress", *more)
        assert done.code in (0, 1, 2, 3), done.err
        assert "Traceback" not in done.err
        texts.append(out.read_text())
    return texts[0], texts[1]


@pytest.mark.parametrize("name", ["clinic.837", "damaged.837"])
def test_answers_are_valid_by_the_guide(run: Run, name: str) -> None:
    for text in answers(run, ROOT / "examples" / name):
        assert guide_errors(text.encode()) == []


def test_a_batch_with_faults_is_answered_claim_by_claim(run: Run, tmp_path: Path) -> None:
    synth.write(tmp_path / "b.837", 300, 5, fault_share=0.6)
    form, claims = answers(run, "b.837")
    assert guide_errors(form.encode()) == []
    assert guide_errors(claims.encode()) == []
    report = run("check", "b.837", *DAY, "--format", "jsonl", "--no-progress")
    rejected = {
        f["claim"]
        for f in map(json.loads, report.out.splitlines())
        if f["category"] == "rejection" and f["level"] == "deny" and f["outcome"] == "hit"
    }
    assert rejected
    told = read(claims).filter(pl.col("level") == "claim")
    assert told["claim"].n_unique() == 300
    assert set(told.filter(pl.col("state") == "rejected")["claim"]) == rejected
    assert set(told.filter(pl.col("code") == "A2")["claim"]) == set(told["claim"]) - rejected
    cents = told.unique("claim")["amount_cents"].sum()
    assert f"STC*A1:20*20260320*WQ*{money(cents)}~" in claims


def case(text: str, run: Run, folder: Path) -> tuple[str, str]:
    (one,) = parse(text)
    (folder / "case.837").write_bytes(to_837(one))
    return answers(run, "case.837")


def test_each_kind_of_defect_has_its_place(run: Run, tmp_path: Path) -> None:
    """A wrong count rejects the transaction; a wrong element only its claim, which comes back with a status."""
    form, claims = case("line 99213\nraw SE01=99", run, tmp_path)
    assert "IK5*R*4~" in form
    assert "AK9*R*1*1*0~" in form
    assert "STC" not in claims
    form, claims = case("claim id=A\nline 99213\nclaim id=B\nline 99213\nraw SV104,2=one", run, tmp_path)
    assert "IK5*E*5~" in form
    assert "AK9*E*1*1*1~" in form
    assert "CTX*CLM01:B~" in form
    assert "IK4*4**6~" in form
    told = read(claims).filter(pl.col("level") == "claim")
    assert dict(told.select("claim", "state").rows()) == {"A": "accepted", "B": "rejected"}
    assert guide_errors(form.encode()) == []
    assert guide_errors(claims.encode()) == []


def test_a_claim_out_of_balance_comes_back_with_its_status(run: Run, tmp_path: Path) -> None:
    form, claims = case("claim id=A charge=999.00\nline 99213 charge=150.00", run, tmp_path)
    assert "IK5*A~" in form
    assert "STC*A8:400*20260320*U*999~" in claims
    assert "QTY*AA*1~" in claims


def test_a_rejected_line_is_named(run: Run, tmp_path: Path) -> None:
    _, claims = case("claim id=A dx=I10\nline 99213 dx=3 control=A1", run, tmp_path)
    assert "STC*A7:477" in claims
    assert "SVC*HC:99213*" in claims
    assert "REF*FJ*A1~" in claims
    assert guide_errors(claims.encode()) == []


def test_patients_are_named_only_on_request(run: Run, tmp_path: Path) -> None:
    (one,) = parse('patient name="SECRETSON, PAT" member=M123456\nline 99213\nraw SV104=zwei')
    (tmp_path / "case.837").write_bytes(to_837(one))
    for text in answers(run, "case.837"):
        assert "SECRETSON" not in text
        assert "M123456" not in text
        assert "zwei" not in text
    form, claims = answers(run, "case.837", more=("--phi",))
    assert "SECRETSON" in claims
    assert "IK4*4**6*zwei~" in form
    assert guide_errors(claims.encode()) == []


def test_equal_inputs_give_equal_bytes_and_dates_are_given(run: Run) -> None:
    first = answers(run, ROOT / "examples/clinic.837")
    assert first == answers(run, ROOT / "examples/clinic.837")
    dated = answers(run, ROOT / "examples/clinic.837", more=("--received", "2026-03-18"))
    assert "DTP*050*D8*20260318~" in dated[1]
    assert "DTP*009*D8*20260320~" in dated[1]


def test_what_has_no_envelope_gets_no_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.837").write_text("nothing of the kind")
    done = run("check", "text.837", *DAY, "--format", "999", "--no-progress")
    assert done.code == 2
    assert "Traceback" not in done.err


def test_every_rejection_has_codes() -> None:
    """Each edit of category rejection is worded for the 277CA, each edit of the envelope for the 999."""
    rejections = {e["code"] for e in edits() if e["category"] == "rejection"}
    assert rejections - set(statuses()) <= {"ENV03", "ENV04", "ENV05", "ENV06", "ENV07", "ENV08", "ENV09"}
    assert {code for code in rejections if code.startswith("ENV")} <= set(syntax())


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_no_text_can_cut_a_segment(text: str) -> None:
    written = word(text, "X", 60)
    assert 1 <= len(written) <= 60
    assert not set("*~:^|\n\r") & set(written)
    assert written.isascii()


def test_the_day_is_never_the_clock(run: Run) -> None:
    text = answers(run, ROOT / "examples/clinic.837")[0]
    assert f"*{dt.date(2026, 3, 20):%Y%m%d}*" in text
