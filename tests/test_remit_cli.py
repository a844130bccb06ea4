"""``scrubjay remit`` as a person or a script meets it."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import polars as pl
import pytest

from cli_runner import Run, runner
from conftest import ROOT
from remits import ClaimPayment, Line, Payment, wrap, written
from scrubjay.render.remit_tables import COLUMNS
from test_ack import ACK277, ACK999

pytestmark = pytest.mark.slow

REMIT, CLAIMS = ROOT / "examples" / "clinic.835", ROOT / "examples" / "clinic.837"
BOTH = (REMIT, "--claims", CLAIMS, "--as-of", "2026-05-15")
PATIENTS = ("FEATHER", "ADA", "1FD0AA1AA10", "NESTER", "ACORN", "W100000403")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def test_the_text_says_who_what_why_and_until_when(run: Run) -> None:
    ran = run("remit", *BOTH)
    assert ran.code == 0
    assert ran.err == ""
    for words in (
        "MEDICARE PART B  2026-04-02  ACH EFT0001",
        "claim 26-00417 line 1  99213",
        "EM01 office visit without 25: the scrubber had warned",
        "not paid to the practitioner in this place",
        "not appealable",
        "days left",
        "charged $12,095.01, paid $5,288.86, denied $2,913.00 on 16 services",
        "matched with a claim: 40 of 40",
    ):
        assert words in ran.out, words


@pytest.mark.parametrize(
    ("by", "key"),
    [
        ("payer", "CIGNA"),
        ("code", "99213"),
        ("denial", "CO-16 N822 MA130"),
        ("edit", "JW01"),
        ("provider", "1456789001"),
        ("month", "2026-04"),
    ],
)
def test_the_table_groups_by_what_was_asked(run: Run, by: str, key: str) -> None:
    ran = run("remit", REMIT, "--by", by, "--as-of", "2026-05-15")
    assert ran.code == 0
    assert re.search(rf"^{key} ", ran.out, re.MULTILINE)


def test_the_json_has_the_shape_that_others_rely_on(run: Run) -> None:
    ran = run("remit", *BOTH, "--format", "json")
    report = json.loads(ran.out)
    assert report["schema"] == "scrubjay.remit/1"
    assert {"payments", "claims", "denials", "unmatched", "totals", "errors"} <= report.keys()
    assert {"charged", "paid", "denied", "by_carc"} <= report["totals"].keys()
    for claim in report["claims"]:
        assert {
            "claim",
            "status",
            "payer",
            "date",
            "charged",
            "paid",
            "patient",
            "adjustments",
            "lines",
        } <= claim.keys()
        for line in claim["lines"]:
            assert {
                "line_control",
                "code",
                "modifiers",
                "units",
                "charged",
                "paid",
                "adjustments",
                "rarc",
            } <= line.keys()
            assert isinstance(line["modifiers"], list)
            assert all(set(a) == {"group", "carc", "amount"} for a in line["adjustments"])
            assert re.fullmatch(r"-?\d+\.\d\d", line["paid"])
    assert report["totals"]["by_carc"]["97"] == "265.00"
    assert report["errors"] == []


def test_names_and_member_numbers_are_shown_on_request_alone(run: Run) -> None:
    for format in ("text", "json", "csv", "html", "worksheet"):
        ran = run("remit", *BOTH, "--format", format)
        assert not [w for w in PATIENTS if re.search(rf"\b{w}\b", ran.out)], format
    shown = json.loads(run("remit", *BOTH, "--format", "json", "--phi").out)["claims"][0]
    assert (shown["patient_last"], shown["member_id"]) == ("FEATHER", "1FD0AA1AA10")
    assert "FEATHER" not in run("remit", *BOTH, "--format", "html", "--phi").out


def test_the_reference_of_a_provider_adjustment_may_be_a_members(run: Run, tmp_path: Path) -> None:
    data = written(
        [Payment("P", [ClaimPayment("A", [Line("96372", 3500)])], provider=[("WO", "ICN9 1EG4TE5MK73", 100)])]
    )
    (tmp_path / "wo.835").write_bytes(data)
    for format in ("text", "json", "html"):
        assert "1EG4TE5MK73" not in run("remit", "wo.835", "--format", format).out
    assert "1EG4TE5MK73" in run("remit", "wo.835", "--format", "json", "--phi").out


def test_the_example_is_what_its_script_writes() -> None:
    from remits import writer

    assert REMIT.read_bytes() == written(writer.payments_of(CLAIMS))


def test_tables_hold_every_denial(run: Run, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("remit", *BOTH, "--format", "csv").out)))
    assert len(rows) == 16
    assert list(rows[0]) == COLUMNS
    run("remit", *BOTH, "--format", "parquet", "-o", tmp_path / "d.parquet")
    frame = pl.read_parquet(tmp_path / "d.parquet")
    assert frame["claim"].to_list() == [row["claim"] for row in rows]
    assert frame.schema["rarc"] == pl.List(pl.String)


def test_the_page_needs_nothing_else(run: Run) -> None:
    page = run("remit", *BOTH, "--format", "html").out
    assert page.count("<svg") == 3
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="', page)
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "95 % Wilson" in page


def test_worksheets_state_facts_and_leave_the_record_to_a_person(run: Run) -> None:
    sheet = run("remit", *BOTH, "--format", "worksheet").out
    assert "## Corrected claim: claim 26-00417" in sheet
    assert "By 2027-04-02" in sheet
    assert "what the record shows" in sheet
    assert "- [ ] " in sheet
    assert "26-00418" not in sheet, "nothing is to be done about a pair with indicator 0"


def test_acknowledgements_are_read_beside_remittances(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.999").write_bytes(wrap(ACK999, "FA", "005010X231A1"))
    (tmp_path / "b.277").write_bytes(wrap(ACK277, "HN", "005010X214"))
    ran = run("remit", "a.999", "b.277")
    assert ran.code == 0
    assert "claim A-2" in ran.out
    assert "rejected" in ran.out
    assert "at CLM (segment 22 of the transaction)" in ran.out
    report = json.loads(run("remit", "a.999", "b.277", "--format", "json").out)
    assert {a["kind"] for a in report["acknowledgements"]} == {"999", "277CA"}


def test_money_that_does_not_add_up_is_told_and_fails_the_run(run: Run, tmp_path: Path) -> None:
    good = written([Payment("P", [ClaimPayment("A", [Line("96372", 3500)])])])
    (tmp_path / "bad.835").write_bytes(good.replace(b"BPR*I*35*", b"BPR*I*36*"))
    ran = run("remit", "bad.835")
    assert ran.code == 1
    assert "does not balance" in ran.out
    assert "BPR02" in ran.out
    assert "36.00" in ran.out


def test_broken_input_is_one_line_and_the_rest_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "not.835").write_bytes(b"hello")
    (tmp_path / "cut.835").write_bytes(REMIT.read_bytes()[:5000])
    ran = run("remit", "not.835", "cut.835", CLAIMS, "nowhere.835", REMIT)
    assert ran.code == 2
    lines = ran.err.strip().splitlines()
    assert {line.split(": ")[2] for line in lines} == {"not.835", "cut.835", str(CLAIMS), "nowhere.835"}
    assert all(line.startswith("scrubjay: error: ") for line in lines)
    assert any("scrubjay check reads it" in line for line in lines)
    assert "EFT0009" in ran.out


def test_several_files_after_claims_as_a_shell_passes_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "more.837").write_bytes(CLAIMS.read_bytes().replace(b"26-004", b"26-104"))
    ran = run("remit", REMIT, "--claims", "more.837", CLAIMS, "--as-of", "2026-05-15")
    assert ran.code == 0
    assert "matched with a claim: 40 of 40" in ran.out
    assert "a claim, but no payment yet" in ran.out


def test_a_copy_under_another_name_is_counted_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "copy.835").write_bytes(REMIT.read_bytes())
    ran = run("remit", REMIT, "copy.835")
    assert "was not counted again" in ran.out
    assert "9 payments, 40 claims" in ran.out


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(REMIT.read_bytes())))
    assert "40 claims" in run("remit", "-").out


def test_the_store_answers_alone(run: Run) -> None:
    first = run("remit", *BOTH, "--store", "kept")
    again = run("remit", "--store", "kept", "--as-of", "2026-05-15")
    assert again.code == 0
    assert again.out == first.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a remittance"),
        ((REMIT, "--claims", "-"), "standard input"),
        ((REMIT, "--as-of", "soon"), "is not a date"),
        ((REMIT, "--policy", "nobody"), "no policy is called"),
        ((REMIT, "-o", REMIT), "is an input"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, arguments: tuple[str | Path, ...], words: str) -> None:
    ran = run("remit", *arguments)
    assert ran.code == 2
    assert words in ran.err
    assert ran.err.count("\n") == 1
