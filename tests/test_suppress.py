"""Suppressions and baselines: what they hide, what they may not hide, and what is said about them."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

import scrubjay
from cli_runner import Run, claim_file, runner
from conftest import ROOT
from scrubjay import policy
from scrubjay.cases import parse, to_837
from scrubjay.suppress import baseline as baselines
from scrubjay.suppress.entries import SELECTORS, SuppressionError, Suppressions, find, read
from scrubjay.suppress.hide import EXPIRED, NAMES, UNUSED, hide

pytestmark = pytest.mark.slow

DAY = ("--as-of", "2026-03-16")
SCHEMA = json.loads((Path(__file__).parent / "report.schema.json").read_text())
TWO = """payer medicare
claim id=A1
line 99213
line 96372
line J3420
patient member=B name="OTHER, ANN"
payer uhc
claim id=B1 rendering=other
line 99213
line 96372 control=K2
line J1885 ndc=0409-3796-01"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return claim_file(tmp_path / "two.837", TWO)


def entry(**values: str) -> str:
    given = {"edit": '"EM01"', "reason": '"agreed"', "owner": '"J. Doe"', "expires": "2026-12-31", **values}
    return "[[suppress]]\n" + "\n".join(f"{key} = {value}" for key, value in given.items() if value) + "\n\n"


def suppress(folder: Path, *entries: str, name: str = "suppressions.toml") -> Path:
    (folder / name).write_text("".join(entries))
    return folder / name


def findings(ran: Any) -> list[tuple[str, str | None]]:
    return [(f["edit"], f["claim"]) for f in json.loads(ran.out)["findings"] if f["outcome"] == "hit"]


def checked(run: Run, *arguments: str | Path) -> tuple[dict[str, Any], str, int]:
    ran = run("check", *arguments, *DAY, "--format", "json")
    report = json.loads(ran.out)
    jsonschema.validate(report, SCHEMA, format_checker=jsonschema.FormatChecker())
    return report, ran.err, ran.code


def edits(report: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(f["edit"], f["claim"]) for f in report["findings"] if f["outcome"] == "hit"]


# ---- selectors


@pytest.mark.parametrize(
    ("selector", "left"),
    [
        ({"payer": '"87726"'}, ["A1"]),
        ({"payer": '"MEDICARE PART B"'}, ["B1"]),
        ({"payer": '["medicareb", "87726"]'}, []),
        ({"policy": '"uhc"'}, ["A1"]),
        ({"policy": '"commercial"'}, ["A1"]),
        ({"policy": '"generic"'}, []),
        ({"npi": '"1456789001"'}, ["B1"]),
        ({"npi": '"1234567802"'}, []),
        ({"claim": '"A1"'}, ["B1"]),
        ({"claim": f'"sha256:{hashlib.sha256(b"A1").hexdigest()[:16]}"'}, ["B1"]),
        ({"claim": f'["A1", "sha256:{hashlib.sha256(b"B1").hexdigest()}"]'}, []),
        ({"code": '"99213"'}, []),
        ({"code": '"96372"'}, ["A1", "B1"]),
        ({"code": '"99213"', "payer": '"87726"'}, ["A1"]),
        ({"code": '"96372"', "payer": '"87726"'}, ["A1", "B1"]),
        ({"claim": '"A"'}, ["A1", "B1"]),
    ],
)
def test_every_selector_given_must_fit(
    run: Run, two: Path, tmp_path: Path, selector: dict[str, str], left: list[str]
) -> None:
    suppress(tmp_path, entry(**selector))
    report, err, _ = checked(run, two, "--select", "EM01")
    assert [claim for edit, claim in edits(report) if edit == "EM01"] == left
    hidden = 2 - len(left)
    assert report["summary"]["suppressed"] == hidden
    assert {c["edit"]: c["suppressed"] for c in report["coverage"]}["EM01"] == hidden
    assert f"suppressions.toml: {hidden} finding" in err
    assert set(SELECTORS) >= set(selector)


def test_a_claims_own_findings_know_the_codes_of_its_lines(run: Run, tmp_path: Path) -> None:
    file = claim_file(tmp_path / "a.837", "claim id=A1 charge=1\nline 99213 mods=25\nline 93000")
    suppress(tmp_path, entry(edit='"BAL01"', code='"93000"'))
    assert checked(run, file)[0]["summary"]["findings"]["deny"] == 0
    suppress(tmp_path, entry(edit='"BAL01"', code='"96372"'))
    assert checked(run, file)[0]["summary"]["findings"]["deny"] == 1


def test_what_is_suppressed_does_not_count(run: Run, two: Path, tmp_path: Path) -> None:
    before, _, code = checked(run, two)
    assert code == 1
    suppress(tmp_path, entry(payer='"medicareb"'))
    after, _, _ = checked(run, two)
    assert after["summary"]["findings"]["deny"] == before["summary"]["findings"]["deny"] - 1
    assert after["summary"]["clean_claims"] == before["summary"]["clean_claims"] + 1
    assert float(after["summary"]["amount_at_risk"]) == pytest.approx(
        float(before["summary"]["amount_at_risk"]) - 107.42
    )
    (row,) = [c for c in after["coverage"] if c["edit"] == "EM01"]
    assert (row["hits"], row["suppressed"]) == (1, 1)
    kept = [f for f in before["findings"] if (f["edit"], f["claim"]) != ("EM01", "A1")]
    assert after["findings"] == kept


def test_what_cannot_be_judged_may_be_suppressed_too(run: Run, tmp_path: Path) -> None:
    file = claim_file(tmp_path / "a.837", "claim id=A1\nline 96372\nline J3420")
    select = ("--select", "JW01")
    assert run("check", file, *DAY, *select).code == 3
    suppress(tmp_path, entry(edit='"JW01"', claim='"A1"'))
    report, _, code = checked(run, file, *select)
    assert code == 0
    (row,) = [c for c in report["coverage"] if c["edit"] == "JW01"]
    assert row["unknown"] == 0 < row["suppressed"]


def test_suppressions_follow_content_and_not_place(run: Run, tmp_path: Path) -> None:
    suppress(tmp_path, entry(claim='"A1"', code='"99213"'))
    rows = "claim id=Z9 dos=2026-03-09\nline 93000\nclaim id=A1\nline 93000\nline 96372\nline J3420\nline 99213"
    report, _, _ = checked(run, claim_file(tmp_path / "moved.837", rows), "--select", "EM01")
    assert report["summary"]["suppressed"] == 1


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "csv", "html", "sarif", "junit"])
def test_no_format_shows_a_hidden_finding(run: Run, two: Path, tmp_path: Path, form: str) -> None:
    assert "NDC02" in run("check", two, *DAY, "--format", form, "--select", "EM01,NDC02,NDC03").out
    suppress(tmp_path, entry(edit='["EM01", "NDC02"]', claim='"B1"'), entry(edit='"NDC03"', npi='"1456789001"'))
    ran = run("check", two, *DAY, "--format", form, "--select", "EM01,NDC02,NDC03")
    assert ran.code == 1, ran.err
    for line in ran.out.splitlines():
        assert "B1" not in line
        assert "0409-3796-01" not in line
    assert UNUSED in ran.out


# ---- the suppressions themselves


def test_an_expired_entry_hides_nothing_and_is_a_finding(run: Run, two: Path, tmp_path: Path) -> None:
    file = suppress(tmp_path, entry(claim='"A1"', expires="2026-03-15"), entry(claim='"B1"', expires="2026-03-16"))
    report, _, code = checked(run, two, "--select", "EM01")
    assert edits(report) == [("EM01", "A1"), (EXPIRED, None)]
    finding = report["findings"][-1]
    assert (finding["file"], finding["level"], finding["name"]) == (file.name, "warn", "expired-suppression")
    assert "Entry 1 (EM01; 1 claim) of J. Doe ended on 2026-03-15" in finding["message"]
    assert code == 1
    assert report["summary"]["findings"]["warn"] == 1
    assert {c["edit"]: c["hits"] for c in report["coverage"]} == {"EM01": 1, UNUSED: 0, EXPIRED: 1}


@pytest.mark.parametrize(
    ("given", "unused"),
    [
        ({"edit": '"EM02"', "payer": '"87726"'}, True),
        ({"edit": '"EM02"', "payer": '"60054"'}, False),
        ({"edit": '"EM02"', "code": '"99211"'}, False),
        ({"edit": '"EM01"', "payer": '"87726"'}, False),
        ({"edit": '["EM01", "EM02"]', "payer": '"87726"'}, False),
        ({"edit": '"NCC01"', "payer": '"87726"'}, False),
    ],
)
def test_an_entry_is_unused_where_its_claims_are_and_its_finding_is_not(
    run: Run, two: Path, tmp_path: Path, given: dict[str, str], unused: bool
) -> None:
    suppress(tmp_path, entry(**given))
    report, _, _ = checked(run, two, "--select", "EM01,EM02")
    assert ((UNUSED, None) in edits(report)) is unused
    assert run("check", two, *DAY, "--select", "EM02", "--fail-on", "warn").code == int(unused)


def test_people_see_the_file_and_the_entry(run: Run, two: Path, tmp_path: Path) -> None:
    suppress(tmp_path, entry(edit='"EM02"', npi='"1456789001"'))
    for form in ("text", "concise", "jsonl", "csv"):
        out = run("check", two, *DAY, "--format", form).out
        assert UNUSED in out
        assert "suppressions.toml" in out
    assert all(re.fullmatch(r"[A-Z]{2,4}[0-9]{2,3}", code) for code in NAMES)
    assert not NAMES.keys() & {e["code"] for e in json.loads(run("edits", "--json").out)["edits"]}


# ---- the file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "unknown key x"),
        ("[suppress]\nedit = 1", "written [[suppress]]"),
        ("[[suppress", "not TOML"),
        (entry(), 'suppress 1 ("EM01"): no selector'.replace('"', "")),
        (entry(claim='"A"', reason=""), "reason: missing"),
        (entry(claim='"A"', owner=""), "owner: missing"),
        (entry(claim='"A"', expires=""), "expires: missing"),
        (entry(claim='"A"', edit=""), "edit: missing"),
        (entry(claim='"A"', reason='" "'), "reason: it must be a text"),
        (entry(claim='"A"', expires='"2026-12-31"'), "a date without quotes"),
        (entry(claim='"A"', expires="2026-12-31T00:00:00"), "a date without quotes"),
        (entry(claim='"A"', edit='"EM99"'), "no edit is called 'EM99'"),
        (entry(claim='"A"', edit='["EM01", 1]'), "edit: it must be a text or a list"),
        (entry(claim="[]"), "claim: it must be a text or a list"),
        (entry(claim='"sha256:12"'), "16 to 64"),
        (entry(claim='"A"', line="3"), "line: unknown key"),
        (entry(claim='"A"') + entry(npi="1"), "suppress 2 (EM01): npi"),
    ],
)
def test_a_slip_in_the_file_stops_the_run_with_one_line(
    run: Run, two: Path, tmp_path: Path, text: str, said: str
) -> None:
    suppress(tmp_path, text)
    ran = run("check", two, *DAY)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert said in ran.err


def test_the_nearest_file_above_the_input_counts_and_one_file_holds_all(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find(inner) is None
    suppress(tmp_path, entry(claim='"A"'))
    assert find(inner).entries[0].selectors == {"claim": ("A",)}  # type: ignore[union-attr]
    suppress(tmp_path / "a", "[check]\nfail-on = 'warn'\n", entry(claim='"B"'), name="scrubjay.toml")
    assert find(inner).entries[0].selectors == {"claim": ("B",)}  # type: ignore[union-attr]
    suppress(tmp_path / "a", entry(claim='"C"'))
    with pytest.raises(SuppressionError, match="keep them in one of them"):
        find(inner)
    suppress(inner, "[check]\n", name="scrubjay.toml")
    suppress(tmp_path / "a", "")
    assert find(inner).file.endswith("scrubjay.toml")  # type: ignore[union-attr]


def test_a_practice_file_may_hold_policy_and_suppressions(run: Run, two: Path, tmp_path: Path) -> None:
    rule = '[[rule]]\nedit = "EM01"\npayer = "uhc"\nlevel = "off"\nreason = "r"\nsource = "contract: s"\n'
    suppress(tmp_path, rule, entry(payer='"medicareb"'), name="scrubjay.toml")
    report, err, _ = checked(run, two, "--select", "EM01")
    assert edits(report) == []
    assert "scrubjay.toml: 1 finding suppressed" in err


def test_inputs_under_different_suppressions_are_refused(run: Run, tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        suppress(tmp_path / name, entry(claim='"A"'))
        claim_file(tmp_path / name / "a.837", TWO)
    ran = run("check", tmp_path / "north", tmp_path / "south", *DAY)
    assert ran.code == 2
    assert "one by one" in ran.err


def test_standard_input_falls_under_the_folder_one_is_in(
    run: Run, two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppress(tmp_path, entry(code='"99213"'))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(two.read_bytes())))
    report, _, _ = checked(run, "-", "--select", "EM01")
    assert report["summary"]["suppressed"] == 2


def test_a_fix_leaves_alone_what_is_suppressed(run: Run, tmp_path: Path) -> None:
    file = claim_file(tmp_path / "a.837", "claim id=A1\nline 96372\nline J3420 ndc=0143-9619-01 uom=ml")
    suppress(tmp_path, entry(edit='"NDC02"', claim='"A1"'), entry(edit='"EM02"', claim='"A1"'))
    ran = run("fix", file, *DAY)
    assert "NDC03" in ran.out
    assert "NDC02" not in ran.out
    assert UNUSED not in ran.out


def test_the_library_takes_tables_too() -> None:
    (case,) = parse(TWO)
    report = scrubjay.check(to_837(case), as_of=case.as_of, select=["EM01"])
    same = hide(report, policy.load())
    assert same.report is report
    assert hide(report, policy.load(), Suppressions("x.toml", ())).report is report


# ---- the baseline


def test_a_baseline_hides_what_was_there_and_shows_what_is_new(run: Run, two: Path, tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    assert run("baseline", "write", base, two, *DAY).code == 0
    report, err, code = checked(run, two, "--baseline", base)
    assert report["findings"] == []
    assert code == 0
    assert report["summary"]["baseline"] == json.loads(base.read_text())["findings"] > 0
    assert "base.json: " in err
    newer = claim_file(
        tmp_path / "newer.837", TWO + "\npayer medicare\nclaim id=C1 dos=2026-03-09\nline 99211\nline 96372"
    )
    report, _, code = checked(run, newer, "--baseline", base)
    assert code == 1
    assert {claim for _, claim in edits(report)} == {"C1"}


def test_a_baseline_does_not_mind_where_a_claim_stands(run: Run, tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    text = "claim id=A1\nline 99213 control=K1\nline 96372 control=K2\nline J3420 control=K3"
    run("baseline", "write", base, claim_file(tmp_path / "a.837", text), *DAY)
    moved = "claim id=Z1 dos=2026-03-09\nline 93000\nclaim id=A1\nline 93000\n" + "\n".join(
        ["line J3420 control=K3", "line 96372 control=K2", "line 99213 control=K1"]
    )
    report, _, code = checked(run, claim_file(tmp_path / "b.837", moved), "--baseline", base)
    assert (edits(report), code) == ([], 0)


def test_a_second_violation_of_the_same_kind_on_the_same_line_shows(run: Run, tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    one = "claim id=A1\nline 96372\nline J3420 ndc=0143961901"
    run("baseline", "write", base, claim_file(tmp_path / "a.837", one), *DAY, "--select", "NDC02,DUP")
    other = one.replace("0143961901", "0143961902")
    report, _, _ = checked(run, claim_file(tmp_path / "b.837", other), "--baseline", base, "--select", "NDC02")
    assert edits(report) == [("NDC02", "A1")]
    twice = f"{one}\nclaim id=A1 dos=2026-03-09\n" + "\n".join(one.splitlines()[1:])
    report, err, _ = checked(run, claim_file(tmp_path / "c.837", twice), "--baseline", base, "--select", "NDC02")
    assert report["summary"]["baseline"] == 1
    assert edits(report) == [("NDC02", "A1")]
    clean = claim_file(tmp_path / "d.837", one.replace("0143961901", "00143961901"))
    report, err, _ = checked(run, clean, "--baseline", base, "--select", "NDC02")
    assert "0 findings hidden; 1 of its own are gone" in err


def test_an_undecided_finding_of_the_baseline_does_not_hide_a_hit(run: Run, tmp_path: Path) -> None:
    base, select = tmp_path / "base.json", ("--select", "EM01")
    undated = claim_file(tmp_path / "a.837", "claim id=A1\nline 99213 dos=none\nline 96372\nline J3420")
    run("baseline", "write", base, undated, *DAY, *select)
    dated = claim_file(tmp_path / "b.837", "claim id=A1\nline 99213\nline 96372\nline J3420")
    assert edits(checked(run, dated, "--baseline", base, *select)[0]) == [("EM01", "A1")]


def test_a_baseline_holds_no_patient_and_no_claim_number(run: Run, tmp_path: Path) -> None:
    text = 'patient name="ZYZZYVA, QUINTESSA" member=SECRET77X\nclaim id=ACCOUNT55\nline 99213\nline 96372\nline J3420'
    base = tmp_path / "base.json"
    run("baseline", "write", base, claim_file(tmp_path / "a.837", text), *DAY)
    written = base.read_text()
    assert not [word for word in ("ZYZZYVA", "SECRET77X", "ACCOUNT55", "a.837") if word in written]
    again = tmp_path / "again.json"
    run("baseline", "write", again, tmp_path / "a.837", *DAY)
    assert again.read_text() == written


def test_suppressions_go_before_the_baseline(run: Run, two: Path, tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    run("baseline", "write", base, two, *DAY, "--select", "EM01")
    suppress(tmp_path, entry(claim='"A1"'))
    report, _, _ = checked(run, two, "--baseline", base, "--select", "EM01")
    assert (report["summary"]["suppressed"], report["summary"]["baseline"]) == (1, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("hello", "not a baseline (no JSON)"),
        ("[]", "not a baseline (scrubjay.baseline/1)"),
        ('{"schema": "scrubjay.baseline/2", "keys": {}}', "scrubjay.baseline/1"),
        ('{"schema": "scrubjay.baseline/1", "keys": {"EM01": {"x": "1"}}}', "damaged"),
        ('{"schema": "scrubjay.baseline/1", "keys": {"EM01": 1}}', "damaged"),
    ],
)
def test_what_is_no_baseline_is_refused(run: Run, two: Path, tmp_path: Path, content: str, said: str) -> None:
    base = tmp_path / "base.json"
    base.write_text(content)
    ran = run("check", two, *DAY, "--baseline", base)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert run("baseline", "write", base, two, *DAY).code == 2
    assert base.read_text() == content
    with pytest.raises(baselines.BaselineError):
        baselines.read(base)


def test_claims_are_never_taken_for_the_baseline(run: Run, two: Path, tmp_path: Path) -> None:
    before = two.read_bytes()
    for arguments in (("two.837", "two.837"), ("two.837", "other.837"), ("two.837",)):
        assert run("baseline", "write", *arguments, *DAY).code == 2
    assert two.read_bytes() == before
    broken = tmp_path / "broken.837"
    broken.write_bytes(before[:-50])
    assert run("baseline", "write", tmp_path / "base.json", broken, *DAY).code == 2
    assert not (tmp_path / "base.json").exists()
    assert run("check", two, "--baseline", tmp_path / "base.json").code == 2


# ---- what is written about it


@pytest.mark.slow
def test_the_examples_of_the_page_work(run: Run, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "suppress.md").read_text()
    (tmp_path / "clinic.837").write_bytes((ROOT / "examples" / "clinic.837").read_bytes())
    blocks = re.findall(r"^```toml (\S+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert blocks
    for name, text in blocks:
        (tmp_path / name).write_text(text)
        assert read(tmp_path / name).entries
    commands = re.findall(r"^scrubjay ((?:check|baseline) .+)$", page, re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        ran = run(*command.split())
        assert ran.code in (0, 1, 3), (command, ran.err)
    assert all(f"`{name}`" in page for name in (*SELECTORS, "reason", "owner", "expires", *NAMES))


def test_coverage_of_the_frame_has_no_holes(tmp_path: Path) -> None:
    (case,) = parse(TWO)
    report = scrubjay.check(to_837(case), as_of=case.as_of)
    held = read(suppress(tmp_path, entry(edit='"EM02"', payer='"87726"'), entry(claim='"A1"', expires="2020-01-01")))
    done = hide(report, policy.load(), held, given={"<bytes>": to_837(case)})
    assert done.report.findings["edit"].to_list()[-2:] == [UNUSED, EXPIRED]
    assert done.report.coverage.select(pl.col("suppressed").null_count()).item() == 0
    assert done.report.coverage.filter(pl.col("edit").is_in(list(NAMES)))["hits"].to_list() == [1, 1]
    assert done.report.exit_code("warn") == 1
