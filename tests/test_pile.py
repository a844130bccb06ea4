"""A run with more findings than memory should hold gives the same report, and leaves nothing behind."""

from __future__ import annotations

import datetime as dt
import gc
import io
import os
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scrubjay
from cli_runner import Run, runner
from scrubjay import batch, held, pile, spill, synth
from scrubjay.edit import catalogue
from scrubjay.errors import ScrubjayError
from scrubjay.findings import nothing
from scrubjay.render import concise, machine, summary, tables, text
from scrubjay.render.style import Style, style_for
from scrubjay.report import Report, present

AS_OF = dt.date(2026, 11, 23)
PLAIN: Style = style_for(False, 80, False)
WRITERS = {"jsonl": machine.write_jsonl, "json": machine.write_json, "csv": tables.write_csv}


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("claims") / "claims.837"
    synth.write(path, 120, 11)
    return path


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "LIMIT", 1)
    monkeypatch.setattr(batch, "PIECE_BYTES", 12_000)
    monkeypatch.setattr(held, "HELD_CLAIMS", 7)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def check(path: Path, **options: Any) -> Report:
    return scrubjay.check(path, as_of=AS_OF, **options)


def written(report: Report) -> dict[str, bytes]:
    """Return the report in every format that is written slice by slice."""
    out = {}
    for name, write in WRITERS.items():
        stream = io.BytesIO()
        write(report, stream)
        out[name] = stream.getvalue()
    stream = io.BytesIO()
    tables.write_parquet(report, stream)
    out["parquet"] = pl.read_parquet(io.BytesIO(stream.getvalue())).write_ndjson().encode()
    out["concise"] = "\n".join(concise.lines(report, PLAIN)).encode()
    out["summary"] = "\n".join(summary.summary_lines(report, PLAIN)).encode()
    return out


def test_what_is_put_aside_gives_the_same_output(claims: Path, request: pytest.FixtureRequest) -> None:
    whole = check(claims)
    request.getfixturevalue("little_memory")
    parts = check(claims)
    assert len(list(parts.slices())) > 3
    assert written(parts) == written(whole)
    assert "findings" not in vars(parts)
    assert "claims" not in vars(parts)
    assert parts.summary == whole.summary
    assert parts.coverage.equals(whole.coverage)
    assert parts.exit_code() == whole.exit_code()
    assert parts.findings.equals(whole.findings)
    assert parts.claims.equals(whole.claims)
    assert len(list(parts.slices())) == 1


def test_text_of_what_is_put_aside(claims: Path, request: pytest.FixtureRequest) -> None:
    whole = list(text.lines(check(claims, raw=True), PLAIN))
    request.getfixturevalue("little_memory")
    assert list(text.lines(check(claims, raw=True), PLAIN)) == whole


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet", "concise", "json"])
def test_the_command_never_asks_for_all_findings(
    claims: Path, tmp_path: Path, format: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Report, name: str) -> Any:
        raise AssertionError(f"all {name} were asked for at once")

    monkeypatch.setattr(Report, "__getattr__", refuse)
    done = run("check", "--no-progress", "--as-of", str(AS_OF), claims, "--format", format, "-o", tmp_path / "out")
    assert done.code == 1, done.err
    assert (tmp_path / "out").stat().st_size > 1_000


@pytest.mark.usefixtures("little_memory")
def test_nobody_else_can_open_the_temporary_file_and_it_goes_with_the_report(
    claims: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def opened() -> list[str]:
        handles = Path("/proc/self/fd")
        if not handles.is_dir():
            pytest.skip("no /proc here to see what a process has open")
        return [str(link) for link in _targets(handles) if str(tmp_path) in link]

    report = check(claims)
    assert opened()
    assert list(tmp_path.iterdir()) == []
    del report
    gc.collect()
    assert opened() == []


def _targets(handles: Path) -> Iterator[str]:
    for handle in handles.iterdir():
        if handle.is_symlink():
            try:
                yield os.readlink(handle)
            except FileNotFoundError:
                # The listing's own handle.
                continue


@pytest.mark.usefixtures("little_memory")
def test_a_run_that_breaks_leaves_no_temporary_file(
    claims: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(batch.Batch, "_judge_spanning", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        check(claims)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("little_memory")
def test_no_room_for_the_temporary_file_is_one_line(claims: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spill.tempfile, "TemporaryFile", full)
    with pytest.raises(ScrubjayError, match=r"No space left on device.*TMPDIR"):
        check(claims)
    done = run("check", "--no-progress", claims)
    assert done.code == 2
    assert "TMPDIR" in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("little_memory")
def test_a_parquet_file_that_could_not_be_written_is_no_parquet_file(claims: Path) -> None:
    class Broken(Report):
        def slices(self) -> Iterator[pl.DataFrame]:
            yield from super().slices()
            raise BrokenPipeError

    report = check(claims)
    broken = Broken(**{name: getattr(report, name) for name in report.__dataclass_fields__})
    out = io.BytesIO()
    with pytest.raises(BrokenPipeError):
        tables.write_parquet(broken, out)
    with pytest.raises(pl.exceptions.ComputeError):
        pl.read_parquet(io.BytesIO(out.getvalue()))


@pytest.mark.usefixtures("little_memory")
def test_a_report_can_be_sent_to_another_process(claims: Path) -> None:
    report = check(claims)
    copy = pickle.loads(pickle.dumps(report))
    assert copy.findings.equals(report.findings)
    assert copy.claims.equals(report.claims)
    with pytest.raises(AttributeError, match="no 'nothing'"):
        copy.nothing  # noqa: B018


# ---- the order, whatever the pieces

CODES = sorted(catalogue())[:4]
FILES = ["a.837", "b.837"]
COLUMNS = nothing().schema

finding = st.fixed_dictionaries(
    {
        "level": st.sampled_from(["deny", "warn", "info"]),
        "edit": st.sampled_from(CODES),
        "message": st.sampled_from(["one", "two"]),
        "element": st.sampled_from([None, "SV101", "CLM01"]),
        "claim": st.sampled_from([None, 0, 1, 2]),
        "line": st.sampled_from([None, 0, 1]),
    }
)
"""A finding of one of a piece's three claims, or of none."""

# For each file, for each of its pieces: findings, and new findings of the claims that are judged again.
runs = st.lists(
    st.lists(st.tuples(st.lists(finding, max_size=8), st.sets(st.integers(0, 2)), st.lists(finding, max_size=4)), max_size=4),
    min_size=1,
    max_size=2,
)  # fmt: skip


def frame(rows: list[dict[str, Any]], file: int, piece: int, first: int) -> pl.DataFrame:
    made = []
    for number, row in enumerate(rows):
        own = row["claim"] is not None
        claim = first + row["claim"] if own else None
        place = 100 * piece + number if number % 2 else max(100 * piece - 60, 1)
        made.append(
            {
                "file": file,
                "claim_id": claim,
                "claim_segment": 100 * piece + 10 * row["claim"] if own else None,
                "line_id": 2 * claim + row["line"] if own and row["line"] is not None else None,
                # A finding of no claim may stand in an earlier piece than the one it was found in.
                "segment": place if row["element"] else None,
                "edit": row["edit"],
                "level": row["level"],
                "message": row["message"],
                "element": row["element"],
                "outcome": "hit",
            }
        )
    shape = {name: dtype for name, dtype in COLUMNS.items() if not made or name in made[0]}
    return pl.concat([nothing(), pl.DataFrame(made, schema=shape)], how="diagonal")


@settings(deadline=None, max_examples=40)
@given(runs, st.booleans(), st.booleans())
def test_any_pieces_come_out_in_the_order_of_the_report(given_run: Any, spilling: bool, many: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "LIMIT", 1 if spilling else 1 << 30)
        patch.setattr(pile, "AT_ONCE", 2 if many else 1_000)
        stack = pile.Pile(spill.Spill())
        left: list[pl.DataFrame] = [nothing()]
        again: list[tuple[pl.DataFrame, pl.DataFrame]] = []
        first = 0
        for file, pieces in enumerate(given_run):
            for number, (found, anew, new) in enumerate(pieces):
                rows = frame(found, file, number, first)
                stack.add(file, first, rows)
                ids = pl.DataFrame(
                    {"file": [file] * len(anew), "claim_id": sorted(first + k for k in anew)},
                    schema={"file": pl.UInt32, "claim_id": pl.UInt32},
                )
                fresh = frame([row for row in new if row["claim"] in anew], file, number, first)
                again.append((ids, fresh))
                left += [rows.join(ids, on="claim_id", how="anti", maintain_order="left"), fresh]
                first += 3
        claims = pl.concat([ids for ids, _ in again]) if again else None
        if claims is not None and claims.height:
            known = stack.known(claims)
            assert all(set(rows["claim_id"]) <= set(claims["claim_id"]) for rows in known)
            stack.replace(claims, pl.concat([rows for _, rows in again]))
        shown = [present(rows, FILES, catalogue()) for rows in stack.frames()]
        expected = present(pl.concat(left), FILES, catalogue())
        got = pl.concat([expected.clear(), *shown])
        assert got.equals(expected)
        held_claims = [set(rows["claim_id"].drop_nulls()) for rows in shown]
        assert sum(len(ids) for ids in held_claims) == len(set().union(*held_claims))
