"""The command line from outside: exit codes, streams, files, failures, and what never shows."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli_runner import COMMAND, Run, claim_file, runner
from scrubjay.cli import guard, output, progress, values
from scrubjay.report import Report

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = json.loads((Path(__file__).parent / "report.schema.json").read_text())
CLEAN = "line 99213 mods=25\nline 96372\nline J3420"
DIRTY = "line 99213\nline 96372\nline J3420"
AS_OF = ("--as-of", "2026-03-16")
#: Edits of the two examples above; the rest of a growing catalogue must not change what these tests see.
ONLY = ("--select", "EM01,EM02")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return claim_file(tmp_path / "clean.837", CLEAN)


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    return claim_file(tmp_path / "dirty.837", DIRTY)


# ---- exit codes


def test_clean_is_0_and_findings_are_1(run: Run, clean: Path, dirty: Path) -> None:
    assert run("check", clean, *AS_OF, *ONLY).code == 0
    found = run("check", dirty, *AS_OF, *ONLY)
    assert found.code == 1
    assert "EM01 deny" in found.out
    assert found.err == ""


def test_fail_on_moves_the_bar(run: Run, tmp_path: Path) -> None:
    warned = claim_file(tmp_path / "warned.837", f"payer commercial\n{DIRTY}")
    codes = [
        run("check", warned, *AS_OF, *ONLY, "--fail-on", level).code for level in ("deny", "warn", "info", "never")
    ]
    assert codes == [0, 1, 1, 0]


def test_broken_input_is_2_and_the_rest_is_still_checked(run: Run, dirty: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.837"
    broken.write_bytes(b"this is no interchange")
    ran = run("check", broken, dirty, tmp_path / "missing.837", *AS_OF, *ONLY, "--format", "json")
    assert ran.code == 2
    report = json.loads(ran.out)
    assert [finding["edit"] for finding in report["findings"]] == ["EM01"]
    assert len(report["errors"]) == 2
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("scrubjay: error: ") for line in lines)
    assert any("missing.837" in line for line in lines)
    assert any("broken.837" in line for line in lines)


@pytest.mark.parametrize(("allowed", "code"), [((), 3), (("--allow-incomplete",), 0)])
def test_what_could_not_be_checked_is_3(run: Run, tmp_path: Path, allowed: tuple[str, ...], code: int) -> None:
    undated = claim_file(tmp_path / "undated.837", "line 99213 mods=25 dos=none\nline 96372 dos=none")
    ran = run("check", undated, *AS_OF, *ONLY, *allowed)
    assert ran.code == code
    assert "not decided, because a needed value is missing" in ran.out
    assert "EM01" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "Missing argument"),
        (["check", "clean.837", "--nonsense"], "--nonsense"),
        (["check", "clean.837", "--format", "docx"], "docx"),
        (["check", "clean.837", "--select", "XX99"], "XX99"),
        (["check", "clean.837", "--ignore", "nonsense"], "nonsense"),
        (["check", "clean.837", "--as-of", "03/02/2026"], "--as-of"),
        (["check", "clean.837", "--received", "2026-02-30"], "--received"),
        (["check", "clean.837", "--policy", "nobody"], "nobody"),
        (["check", "clean.837", "--fail-on", "sometimes"], "sometimes"),
        (["check", "clean.837", "-o", "no/such/folder.json"], "no/such"),
        (["check", "clean.837", "-o", "clean.837"], "is an input"),
        (["check", "clean.837", "-o", "."], "is a folder"),
        (["check", "empty"], "empty"),
        (["explain", "96272"], "96372"),
        (["config", "--payer", "medicare", "--edit", "XX99"], "XX99"),
        (["synth", "--claims", "0", "-o", "x.837"], "--claims"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_use_is_2_and_one_line(run: Run, clean: Path, arguments: list[str], said: str) -> None:
    before = clean.read_bytes()
    (clean.parent / "empty").mkdir()
    ran = run(*arguments)
    assert ran.code == 2
    lines = [line for line in ran.err.splitlines() if line.startswith("scrubjay: error: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in ran.err
    assert clean.read_bytes() == before


def test_parquet_is_not_for_a_terminal(run: Run, clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = run("check", clean, "--format", "parquet")
    assert ran.code == 2
    assert "-o FILE" in ran.err


# ---- inputs


def test_a_folder_means_its_files_and_a_file_counts_once(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    (folder / "monday").mkdir(parents=True)
    claim_file(folder / "a.837", CLEAN)
    inner = claim_file(folder / "monday" / "b.837", DIRTY)
    report = json.loads(run("check", folder, inner, folder, *AS_OF, *ONLY, "--format", "json").out)
    assert [Path(source["file"]).name for source in report["run"]["inputs"]] == ["a.837", "b.837"]
    assert values.once(["x.837", "./x.837", "-", "-"]) == ["x.837", "-"]


def test_standard_input(run: Run, dirty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(dirty.read_bytes())))
    ran = run("check", "-", *AS_OF, *ONLY, "--format", "concise")
    assert ran.code == 1
    assert ran.out.count("\n") == 1
    assert "EM01 deny" in ran.out


def test_a_long_standard_input_is_never_held_whole(run: Run, dirty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []

    class Pipe(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size)
            return super().read(size)

    monkeypatch.setattr("scrubjay.checker._IN_MEMORY", 100)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Pipe(dirty.read_bytes())))
    ran = run("check", "-", *AS_OF, *ONLY, "--format", "concise")
    assert (ran.code, ran.out.count("EM01 deny")) == (1, 1)
    assert asked
    assert all(size is not None and size >= 0 for size in asked)


def test_two_practice_files_are_refused(run: Run, tmp_path: Path) -> None:
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scrubjay.toml").write_text("")
        claim_file(tmp_path / name / "a.837", CLEAN)
    ran = run("check", tmp_path / "north", tmp_path / "south")
    assert ran.code == 2
    assert "check them one by one" in ran.err


# ---- outputs


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "csv", "parquet"])
def test_a_file_holds_what_standard_output_would(run: Run, dirty: Path, tmp_path: Path, form: str) -> None:
    target = tmp_path / "out"
    ran = run("check", dirty, *AS_OF, *ONLY, "--format", form, "-o", target)
    assert ran.code == 1
    assert ran.out == ""
    assert target.stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []
    again = tmp_path / "again"
    run("check", dirty, *AS_OF, *ONLY, "--format", form, "-o", again)
    assert again.read_bytes() == target.read_bytes()
    if form != "parquet":
        assert run("check", dirty, *AS_OF, *ONLY, "--format", form).out.encode() == target.read_bytes()


def test_json_keeps_the_schema_and_may_carry_statistics(run: Run, dirty: Path) -> None:
    report = json.loads(run("check", dirty, *AS_OF, *ONLY, "--format", "json", "--by", "payer").out)
    jsonschema.validate(report, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert report["summary"]["statistics"]["by"] == "payer"


@pytest.mark.parametrize("form", ["concise", "jsonl", "csv"])
def test_lines_stay_clean_words_go_to_standard_error(run: Run, dirty: Path, form: str) -> None:
    plain = run("check", dirty, *AS_OF, *ONLY, "--format", form)
    counted = run("check", dirty, *AS_OF, *ONLY, "--format", form, "--statistics")
    assert counted.out == plain.out
    assert "1 deny, 0 warn, 0 info" in plain.err
    assert "office-visit-without-25" in counted.err


def test_an_output_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    target.chmod(0o600)

    def interrupted() -> None:
        with output.destination(str(target)) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    with output.destination(str(target)) as stream:
        stream.write(b"new")
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_device_is_written_directly(run: Run, dirty: Path) -> None:
    assert run("check", dirty, *AS_OF, *ONLY, "-o", os.devnull).code == 1


def test_phi_stays_inside(run: Run, tmp_path: Path) -> None:
    private = {
        "name": "QUINTESSA",
        "last": "ZYZZYVA",
        "member": "SECRET77X",
        "dob": "19510719",
        "dob_dashed": "1951-07-19",
    }
    text = (
        f'patient name="{private["last"]}, {private["name"]}" dob=1951-07-19 member={private["member"]}\nclaim\n{DIRTY}'
    )
    path = claim_file(tmp_path / "p.837", f"{text}\nraw DMG03=Q\n")
    for form in ("text", "concise", "json", "jsonl", "csv"):
        ran = run("check", path, "--as-of", "2026-03-16", "--format", form, "--preview", "--statistics")
        assert ran.code in (1, 2), ran.err
        for word in private.values():
            assert word not in ran.out + ran.err, f"{form} shows {word}"


# ---- the terminal


def terminal(arguments: list[str], columns: int, **environment: str) -> str:
    """Return what a run writes when standard output is a terminal of that width."""
    own, theirs = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    variables |= {"TERM": "xterm", "COLUMNS": str(columns), "SCRUBJAY_REFS": ""} | environment
    pieces = []
    with subprocess.Popen([*COMMAND, *arguments], stdout=theirs, stderr=subprocess.DEVNULL, env=variables):
        os.close(theirs)
        # A terminal whose other side is gone answers a read with an error on Linux.
        with suppress(OSError):
            while piece := os.read(own, 65536):
                pieces.append(piece)
    os.close(own)
    return b"".join(pieces).decode()


@pytest.mark.slow
def test_colour_and_width_are_for_terminals(dirty: Path) -> None:
    arguments = ["check", str(dirty), *AS_OF, *ONLY]
    coloured = terminal(arguments, 100)
    assert "\x1b[1;31mdeny\x1b[0m" in coloured
    plain = terminal(arguments, 100, NO_COLOR="1")
    assert "\x1b" not in plain
    assert max(len(line) for line in plain.splitlines()) <= 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["edits"], ["explain", "96372"], ["explain", "J1071"], ["explain", "EM01"], ["refs"]]
)
def test_pages_fit_the_terminal(arguments: list[str]) -> None:
    shown = terminal(arguments, 100, NO_COLOR="1")
    assert max(len(line) for line in shown.splitlines()) <= 100


def test_the_bar_waits_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with progress.reporting(wanted=True) as none:
        assert none is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.reporting(wanted=False) as none:
        assert none is None
    with progress.reporting(wanted=True) as report:
        assert report is not None
        report(1, 10, 1)
        assert report.__self__._bar is None  # type: ignore[attr-defined]
        monkeypatch.setattr(progress, "PATIENCE", 0)
        report(2, 10, 1)
        assert report.__self__._bar is not None  # type: ignore[attr-defined]


# ---- failures of our own


def test_an_internal_error_is_one_line_without_values(run: Run, clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(self: Report, *arguments: Any) -> int:
        raise KeyError("DOE JANE 19510719")

    monkeypatch.setattr(Report, "exit_code", explode)
    ran = run("check", clean, *AS_OF, *ONLY)
    assert ran.code == 2
    assert ran.err.startswith("scrubjay: internal error: KeyError at ")
    assert ran.err.count("\n") == 1
    assert "DOE" not in ran.err
    monkeypatch.setenv("SCRUBJAY_DEBUG", "1")
    assert "Traceback" in run("check", clean, *AS_OF, *ONLY).err


def test_ctrl_c_is_130(run: Run, clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: Report, *arguments: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Report, "exit_code", interrupt)
    assert run("check", clean, *AS_OF, *ONLY).code == 130


@pytest.mark.slow
def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    many = claim_file(tmp_path / "many.837", DIRTY)
    environment = os.environ | {"SCRUBJAY_REFS": ""}
    for arguments in (["check", str(many), *AS_OF, *ONLY], ["edits"], ["explain", "96372"]):
        reader, writer = os.pipe()
        os.close(reader)
        ran = subprocess.run(
            [*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, env=environment, check=False
        )
        os.close(writer)
        assert ran.stderr == b""
        assert ran.returncode in (0, 1)


@pytest.mark.slow
def test_a_polite_kill_leaves_nothing_half_written(tmp_path: Path) -> None:
    code = (
        "import sys, time; from scrubjay.cli import guard, output; guard.stop_whole()\n"
        "with output.destination('out.json') as stream:\n"
        "    stream.write(b'half'); print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == guard.TERMINATED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["jsonl", "csv", "concise"])
def test_a_reader_that_has_gone_away_is_no_error(form: str, tmp_path: Path) -> None:
    # Far more than a pipe holds, so that the writer is still writing when its reader goes.
    batch = claim_file(tmp_path / "many.837", "\n".join(f"claim id=C{k}\n{DIRTY}" for k in range(400)))
    started = subprocess.Popen(
        [*COMMAND, "check", str(batch), *AS_OF, *ONLY, "--format", form, "--no-progress"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert started.stdout is not None
    assert started.stdout.readline()
    started.stdout.close()
    _, said = started.communicate(timeout=120)
    assert started.returncode == 1
    assert b"error" not in said.lower()
