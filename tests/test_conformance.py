"""``check --conformance``: pyx12's verdict in the same report, said once, without a patient and without a traceback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from cli_runner import Run, claim_file, runner
from scrubjay.cases import parse, to_837
from scrubjay.conformance import judge
from scrubjay.edits.envelope.kinds import GUIDE

pytestmark = pytest.mark.slow

pytest.importorskip("pyx12", reason="pyx12 is not installed: the guide's own rules are not checked")

FAULTY = "claim id=A1\nline 99213\nraw NM103*85=\nraw N403=98\nraw SBR02=99"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def bytes_of(text: str) -> bytes:
    return to_837(parse(text)[0])


def guide(report: scrubjay.Report) -> list[tuple[str, int, str | None]]:
    rows = report.findings.filter(pl.col("edit").is_in(sorted(GUIDE)))
    return sorted(rows.select("edit", "segment", "element").rows())


def test_one_report_holds_both(run: Run, tmp_path: Path) -> None:
    path = claim_file(tmp_path / "a.837", "line 99213\nline 96372\nline J3420 mods=JZ\nraw N403=98")
    done = run("check", path, "--conformance", "--as-of", "2026-03-20", "--format", "json")
    found = {(f["edit"], f["segment"], f["element"]) for f in json.loads(done.out)["findings"]}
    assert done.code == 1
    assert {("ENV905", 12, "N403")} <= found
    assert "EM01" in {edit for edit, _, _ in found}


def test_nobody_asked_is_skipped_and_not_incomplete() -> None:
    report = scrubjay.check(bytes_of("line 99213"), as_of=parse("line 99213")[0].as_of, select=["ENV"])
    states = {r["edit"]: (r["state"], r["why"], r["in_scope"]) for r in report.coverage.to_dicts()}
    assert {states[code] for code in GUIDE} == {("skipped", judge.NOT_ASKED, None)}
    assert not report.incomplete
    assert report.exit_code() == 0


def test_asked_ran(guide_in_process: None) -> None:
    report = scrubjay.check(bytes_of("line 99213"), conformance=True, select=["ENV"])
    assert {r["state"] for r in report.coverage.to_dicts()} == {"ran"}


def test_without_pyx12_one_line_and_two(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = claim_file(tmp_path / "a.837", "line 99213")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = run("check", path, "--conformance")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "pip install 'scrubjay[conformance]'" in done.err


def test_stdin_folder_and_several_interchanges(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guide_in_process: None
) -> None:
    clean, faulty = bytes_of("line 99213"), bytes_of(FAULTY)
    length = clean.count(b"~")
    both = scrubjay.check(clean + faulty.replace(b"*", b"|"), conformance=True)
    alone = scrubjay.check(faulty, conformance=True)
    assert guide(alone)
    assert guide(both) == [(edit, segment + length, element) for edit, segment, element in guide(alone)]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.837").write_bytes(clean)
    (folder / "b.837").write_bytes(faulty)
    assert guide(scrubjay.check(folder, conformance=True)) == guide(alone)
    (tmp_path / "b.837").write_bytes(faulty)
    with (tmp_path / "b.837").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        done = run("check", "-", "--conformance", "--format", "json", "--select", "ENV9")
    assert len(json.loads(done.out)["findings"]) == len(guide(alone))


def test_pieces_of_a_file_say_what_the_whole_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guide_in_process: None
) -> None:
    many = "\n".join(f"claim id=C{k}\nline 99213\nline 96372\nline J3420 mods=JZ" for k in range(60))
    data = bytes_of(f"{many}\nraw CLM05-1=00\nraw CLM05-1,31=00\nraw CLM05-1,60=00")
    whole = scrubjay.check(data, conformance=True)
    from scrubjay.io import pieces as reading

    monkeypatch.setattr(reading, "iter_chunks", lambda s, f, size=0: iter_chunks(s, f, 4096))
    pieces = scrubjay.check(data, conformance=True)
    assert guide(pieces) == guide(whole)
    assert len(guide(whole)) == 3
    by_claim = whole.findings.filter(pl.col("edit") == "ENV908")["claim"].to_list()
    assert by_claim == ["C0", "C30", "C59"]


def iter_chunks(source: object, file: str, size: int) -> object:
    from scrubjay.io import interchange

    return interchange.iter_chunks(source, file, size)  # type: ignore[arg-type]


SECRET = "ZZYZXOVICH"
PERSONAL = (
    f'patient name="{SECRET}, QUENTIN“" member=SECRET77123\nline 99213',
    f"line 99213\nraw NM103*IL={SECRET * 8}",
    f"line 99213\nraw DMG03={SECRET}",
    f"line 99213\nraw NM108*IL={SECRET}",
    f"line 99213\nadd NM1*QC*1*{SECRET} after=SV1",
    f"line 99213\nadd {SECRET} after=SV1",
    f'claim id=A1\nline 99213 control=L1\nraw "REF02*6R={SECRET} "',
    f"line 99213\nraw HL02,2={SECRET}",
)


@pytest.mark.parametrize("text", PERSONAL)
def test_no_value_of_a_patient_is_told_without_phi(text: str, guide_in_process: None) -> None:
    report = scrubjay.check(bytes_of(text), conformance=True, select=["ENV9"])
    assert SECRET not in json.dumps(report.to_dict(), default=str)


def test_phi_shows_the_value(guide_in_process: None) -> None:
    report = scrubjay.check(
        bytes_of(f"line 99213\nraw NM103*IL={SECRET * 8}"), conformance=True, phi=True, select=["ENV9"]
    )
    assert SECRET in json.dumps(report.to_dict(), default=str)


def test_a_crash_of_pyx12_is_an_error_line_and_the_next_transaction_is_judged(
    monkeypatch: pytest.MonkeyPatch, guide_in_process: None
) -> None:
    from pyx12.map_if import segment_if

    true = segment_if.is_valid_errors

    def breaks(self: segment_if, segment: object) -> object:
        if segment.get_seg_id() == "CLM" and segment.get_value("01") == "A1":  # type: ignore[attr-defined]
            raise IndexError(SECRET)
        return true(self, segment)  # type: ignore[arg-type]

    monkeypatch.setattr(segment_if, "is_valid_errors", breaks)
    data = bytes_of("claim id=A1\nline 99213\ntransaction control=0002\nclaim id=A2\nline 99213\nraw CLM05-1,2=00")
    report = scrubjay.check(data, conformance=True, select=["ENV"])
    (error,) = report.errors
    assert error["segment"] == 21
    assert "IndexError" in error["message"]
    assert SECRET not in error["message"]
    assert [edit for edit, _, _ in guide(report)] == ["ENV908"]
    assert report.exit_code() == 2


def test_a_worker_that_dies_is_an_error_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "_WORKER", "scrubjay.nowhere")
    report = scrubjay.check(bytes_of("line 99213"), conformance=True, select=["ENV"])
    (error,) = report.errors
    assert "not checked against the guide" in error["message"]


@pytest.mark.parametrize("cut", range(0, 1400, 97))
def test_every_truncation_is_survived(cut: int, guide_in_process: None) -> None:
    data = bytes_of(FAULTY)[:cut]
    report = scrubjay.check(data, conformance=True, select=["ENV"])
    assert report.errors or report.findings.height


def test_progress_is_told_in_bytes_and_claims() -> None:
    data = bytes_of("line 99213")
    told: list[tuple[int, int, int]] = []
    scrubjay.check(data, conformance=True, select=["ENV9"], progress=lambda *seen: told.append(seen))
    assert told[-1] == (len(data), len(data), 1)


VALID = (
    "stupidedi-X222A1__ambulance.edi",
    "stupidedi-X222A1__COB-claim-from-billing-provider-to-payer-a.edi",
    "uhin__837.edi",
)


@pytest.mark.parametrize("name", VALID)
def test_the_public_samples_are_judged_as_pyx12_judges_them(
    name: str, shared: Callable[[str], Path], guide_in_process: None
) -> None:
    path = shared(f"corpus/837p/{name}")
    accepted = not reference(path)
    assert (guide(scrubjay.check(path, conformance=True)) == []) == accepted


def reference(path: Path) -> list[str]:
    from guide import guide_errors

    return guide_errors(path.read_bytes())


def test_the_damaged_samples_are_judged_as_pyx12_judges_them(
    shared: Callable[[str], Path], guide_in_process: None
) -> None:
    rows = guide(scrubjay.check(shared("corpus/837p-invalid/imsweb__x12_segments_out_of_order.txt"), conformance=True))
    assert ("ENV901", 11, None) in rows
    assert ("ENV904", 23, "HI01-2") in rows
    assert ("ENV908", 23, "HI02-1") in rows
    # Segments 12 and 17 are ENV13's: out of place.
    assert not [row for row in rows if row[1] in (12, 17)]
    for path in sorted(shared("corpus/837p-invalid").glob("*.txt")):
        report = scrubjay.check(path, conformance=True)
        assert not [e for e in report.errors if "broke off" in e["message"]], path.name
