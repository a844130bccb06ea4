"""Listing, explaining, reference tables, configuration, synthetic claims, and what the documentation says of them all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer

from cli_runner import Run, runner
from scrubjay import refdata
from scrubjay.cli import app

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = json.loads((Path(__file__).parent / "report.schema.json").read_text())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


# ---- listing, explaining, configuring


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["check", "--help"],
        ["edits"],
        ["edits", "--json"],
        ["explain", "96372"],
        ["refs", "list"],
    ],
)
def test_starting_does_not_bring_data_frames_along(arguments: list[str]) -> None:
    heavy = ("polars", "numpy", "pyarrow", "rich")
    code = (
        "import sys\nfrom scrubjay.cli import app, guard\n"
        f"code = guard.guarded(app, {arguments!r})\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "print(code, loaded, file=sys.stderr)"
    )
    environment = os.environ | {"SCRUBJAY_REFS": ""}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert ran.stderr.splitlines()[-1] == "0 []"


def test_edits_as_json(run: Run) -> None:
    document = json.loads(run("edits", "--json").out)
    assert document["schema"] == "scrubjay.edits/1"
    first = ("code", "name", "summary", "category", "grain", "level", "status", "since", "needs", "references")
    for edit in document["edits"]:
        assert tuple(edit)[:12] == (*first, "sources", "fix_safety")
        assert edit["sources"]


def test_edits_are_listed(run: Run) -> None:
    out = run("edits").out
    assert "EM01 " in out
    assert "office-visit-without-25" in out


def test_version_says_what_is_needed_to_reproduce(run: Run) -> None:
    out = run("--version").out
    assert out.startswith("scrubjay ")
    assert "\ncatalogue " in out
    assert "  ptp " in out


def test_refs_list_and_verify(run: Run) -> None:
    listed = run("refs", "list")
    assert listed.code == 0
    assert listed.out == run("refs").out
    assert any(line.split()[:2] == ["mue", "2026Q2"] for line in listed.out.splitlines())


@pytest.mark.slow
def test_verify_reads_every_table(run: Run) -> None:
    ran = run("refs", "verify")
    assert ran.code == 0, ran.err
    assert " 0 damaged" in ran.out


def limits(path: Path, changed: dict[str, int]) -> Path:
    """Write the packaged unit limits as the publisher's file of the next quarter, some of them changed."""
    frame = refdata.load(user=False).frame("mue").filter(pl.col("edition") == "2026Q2").drop_nulls("mai")
    head = "HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n"
    rows = frame.select("hcpcs", "value", "mai").iter_rows()
    body = "".join(
        f"{code},{changed.get(code, value)},{mai} Date of Service Edit,CMS Policy\n" for code, value, mai in rows
    )
    path.write_text(head + body)
    return path


@pytest.mark.slow
def test_imported_tables_win_and_explain_reads_them(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUBJAY_REFS", str(tmp_path / "own"))
    file = limits(tmp_path / "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv", {"96372": 6})
    ran = run("refs", "import", file)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("mue 2026Q4 (2026-10-01 to 2026-12-31): ")
    assert any("2026Q4" in line and "imported" in line for line in run("refs", "list").out.splitlines())
    page = json.loads(run("explain", "96372", "--format", "json").out)
    assert [(row["edition"], row["value"]) for row in page["mue"] if row["payer"] == "Medicare"][-1] == ("2026Q4", 6)
    assert page["pairs"]
    again = run("refs", "import", file)
    assert again.code == 2
    assert "--replace" in again.err
    assert run("refs", "import", file, "--replace").code == 0


def test_a_file_that_is_no_table_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "note.txt"
    note.write_text("hello\n")
    assert "SCRUBJAY_REFS is set to nothing" in run("refs", "import", note).err
    monkeypatch.setenv("SCRUBJAY_REFS", str(tmp_path / "own"))
    ran = run("refs", "import", note)
    assert ran.code == 2
    assert ran.err.startswith("scrubjay: error: note.txt: not a layout")
    assert run("refs", "import", tmp_path / "missing.zip").code == 2
    assert not (tmp_path / "own").exists()


def test_config_names_the_policies(run: Run) -> None:
    out = run("config", "--show").out
    assert "medicare " in out
    assert "practice file: none" in out


def test_config_shows_winner_and_beaten(run: Run) -> None:
    ran = run("config", "--show", "--payer", "87726", "--on", "2026-03-01", "--edit", "EM04")
    assert ran.code == 0
    assert "policy: uhc" in ran.out
    assert "layers, weakest first: generic < commercial < uhc" in ran.out
    assert "EM04 = deny  in force" in ran.out
    assert "EM04 = off  beaten" in ran.out
    assert "source  " in ran.out


def test_config_takes_names_of_policies_and_payers(run: Run) -> None:
    assert "policy: medicare," in run("config", "--payer", "medicare", "--edit", "EM01").out
    assert "policy: aetna," in run("config", "--payer", "AETNA", "--edit", "EM01").out
    assert "no policy lists 'NOBODY'" in run("config", "--payer", "NOBODY", "--edit", "EM01").out


def test_config_lists_every_value_of_a_payer(run: Run) -> None:
    out = run("config", "--payer", "medicare", "--on", "2026-03-01").out
    assert "EM01" in out
    assert "facility_pos" in out
    assert "POS_PFS" in out


def test_config_reads_the_practice_file_here(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scrubjay.toml").write_text("")
    assert f"practice file: {tmp_path / 'scrubjay.toml'}" in run("config").out


def test_synth_writes_the_same_bytes_for_a_seed(run: Run, tmp_path: Path) -> None:
    ran = run("synth", "--claims", "20", "--seed", "7", "-o", tmp_path / "a.837", "--faults", "0.5")
    assert ran.code == 0
    assert ran.out == ""
    assert "20 claims" in ran.err
    run("synth", "--claims", "20", "--seed", "7", "-o", tmp_path / "b.837", "--faults", "0.5")
    assert (tmp_path / "a.837").read_bytes() == (tmp_path / "b.837").read_bytes()


# ---- what is written about it


def verbs(group: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Return every command with its path, verbs of verbs included."""
    found = [(path, group)]
    for name, command in getattr(group, "commands", {}).items():
        found += verbs(command, (*path, name))
    return found


def test_every_command_and_option_stands_in_the_documentation() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    parts = re.split(r"^#{2,3} (.+)$", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert sections.keys() == {" ".join(path) or "scrubjay" for path, _ in verbs(typer.main.get_command(app))}
    for path, command in verbs(typer.main.get_command(app)):
        section = sections[" ".join(path) or "scrubjay"]
        for parameter in command.params:
            for name in parameter.opts if parameter.opts[0].startswith("-") else []:
                assert f"`{name}`" in section, f"{' '.join(path)} {name} is not in docs/cli.md"


def test_every_field_of_the_report_stands_in_the_documentation() -> None:
    text = (ROOT / "docs/json.md").read_text()

    def fields(schema: Any) -> set[str]:
        if isinstance(schema, list):
            return set().union(*map(fields, schema))
        if not isinstance(schema, dict):
            return set()
        own = set(schema.get("properties", {})) | set(schema.get("required", []))
        return own.union(*map(fields, schema.values()))

    assert sorted(name for name in fields(SCHEMA) if f"`{name}`" not in text) == []


def test_the_packaged_schema_is_the_tested_one() -> None:
    assert json.loads((ROOT / "src/scrubjay/report.schema.json").read_text()) == SCHEMA
