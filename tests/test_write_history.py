"""``check --write-history``: what a run has seen is there for the next one, once, and in bounded memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from cli_runner import Run, claim_file, runner
from scrubjay import batch
from scrubjay.cases import parse, to_837
from scrubjay.facts.history import SCHEMA, read_history

SHOT = "claim id=A1 dx=D51.0 dos=2026-03-02\nline 96372\nline J3420 ndc=00143962010"
AGAIN = "claim id=B7 dx=D51.0 dos=2026-03-02\nline 96372\nline J3420 ndc=00143962010"
DEPO = "payer commercial\npatient dob=1998-01-01 member=D1\nclaim id=D1 dx=Z30.42 dos={day}\nline 96372\nline J1050 units=150"
DAY = "2026-04-30"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def edits(run: Run, *arguments: str | Path) -> set[str]:
    done = run("check", *arguments, "--as-of", DAY, "--format", "csv")
    assert done.code in (0, 1, 3), done.err
    return set(pl.read_csv(done.out.encode())["edit"].to_list()) if done.out.count("\n") > 1 else set()


def test_the_second_run_finds_the_duplicate(run: Run, tmp_path: Path) -> None:
    first, second = claim_file(tmp_path / "a.837", SHOT), claim_file(tmp_path / "b.837", AGAIN)
    folder = tmp_path / "seen"
    folder.mkdir()
    history = folder / "history.parquet"
    assert "DUP01" not in edits(run, first, "--write-history", history)
    assert "DUP01" in edits(run, second, "--history", folder)
    # The first file again is no duplicate of itself.
    assert "DUP01" not in edits(run, first, "--history", folder, "--write-history", history)


def test_the_second_run_finds_the_interval(run: Run, tmp_path: Path) -> None:
    first = claim_file(tmp_path / "a.837", DEPO.format(day="2026-03-02"))
    second = claim_file(tmp_path / "b.837", DEPO.format(day="2026-04-20").replace("id=D1", "id=D2"))
    history = tmp_path / "history.parquet"
    edits(run, first, "--write-history", history)
    assert "FRQ01" in edits(run, second, "--history", history)
    assert "FRQ01" not in edits(run, second)


def test_running_twice_is_running_once(run: Run, tmp_path: Path) -> None:
    first, second = claim_file(tmp_path / "a.837", SHOT), claim_file(tmp_path / "b.837", AGAIN)
    history = tmp_path / "history.parquet"
    edits(run, first, "--write-history", history)
    edits(run, second, "--write-history", history)
    once = read_history(history)
    assert once["claim"].to_list() == ["A1", "A1", "B7", "B7"]
    edits(run, second, "--write-history", history)
    assert read_history(history).equals(once)
    assert pl.read_parquet(history).columns == list(SCHEMA)
    assert pl.read_parquet(history).height == 4


def test_a_corrected_claim_takes_the_place_of_what_was_seen(tmp_path: Path) -> None:
    history = tmp_path / "history.parquet"
    for text in (SHOT, SHOT.replace("line 96372", "line 96372 units=2")):
        scrubjay.check(to_837(parse(text)[0]), write_history=history)
    rows = pl.read_parquet(history)
    assert rows.filter(pl.col("code") == "96372")["units_milli"].to_list() == [2000]


def test_a_void_takes_its_claim_out(tmp_path: Path) -> None:
    history = tmp_path / "history.parquet"
    for text in (SHOT, AGAIN, SHOT.replace("dx=D51.0", "dx=D51.0 freq=8 ref_f8=ICN1")):
        scrubjay.check(to_837(parse(text)[0]), write_history=history)
    assert set(pl.read_parquet(history)["claim"]) == {"B7"}


def test_pieces_are_written_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = "\n".join(
        f'patient name="P{k}, X" member=M{k}\nclaim id=C{k} dx=D51.0\nline 96372\nline J3420' for k in range(120)
    )
    data = to_837(parse(many)[0])
    whole, pieces = tmp_path / "whole.parquet", tmp_path / "pieces.parquet"
    scrubjay.check(data, write_history=whole)
    sizes: list[int] = []
    add = batch.Batch._add

    def spy(self: batch.Batch, judged: batch._Judged) -> None:
        assert judged.tables is not None
        sizes.append(len(judged.tables.claims))
        add(self, judged)

    monkeypatch.setattr(batch.Batch, "_add", spy)
    monkeypatch.setattr(batch, "PIECE_BYTES", 8192)
    scrubjay.check(data, write_history=pieces)
    assert len(sizes) > 3
    assert max(sizes) < 40
    assert read_history(pieces).sort("claim", "code").equals(read_history(whole).sort("claim", "code"))
    assert read_history(whole).height == 240


def test_no_name_of_a_patient_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    history = tmp_path / "history.parquet"
    text = 'patient name="ZZYZX, QUENTIN" member=SECRET77123 dob=1931-07-19\n' + SHOT
    scrubjay.check(to_837(parse(text)[0]), write_history=history)
    shown = str(pl.read_parquet(history).to_dicts())
    assert not [word for word in ("ZZYZX", "QUENTIN", "SECRET77123", "1931") if word in shown]
    assert stat.S_IMODE(os.stat(history).st_mode) == 0o600


def test_a_run_that_breaks_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = tmp_path / "history.parquet"
    scrubjay.check(to_837(parse(SHOT)[0]), write_history=history)
    before = history.read_bytes()
    monkeypatch.setattr(batch, "resolve", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scrubjay.check(to_837(parse(AGAIN)[0]), write_history=history)
    assert history.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["history.parquet"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("history.csv", "ends in .parquet"),
        ("nowhere/history.parquet", "the folder nowhere does not exist"),
        ("other.parquet", "is no history of claims and is not overwritten"),
        ("text.parquet", "cannot be read as Parquet"),
        ("a.837", "is an input of this run"),
    ],
)
def test_what_is_refused(name: str, words: str, run: Run, tmp_path: Path) -> None:
    path = claim_file(tmp_path / "a.837", SHOT)
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    done = run("check", path.name, "--write-history", name)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert done.err.count("\n") == 1
