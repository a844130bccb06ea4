"""Chunks, order and files do not change findings; the same input gives the same bytes; threads do not mix."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import scrubjay
from scrubjay import batch as batches
from scrubjay import held, synth
from scrubjay.cases import parse, to_837
from scrubjay.io import pieces
from scrubjay.model import Tables

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synth") / "batch.837"
    synth.write(path, 300, 7)
    return path


def keyed(report: scrubjay.Report) -> list[str]:
    rows = report.findings.drop("claim_id", "risk_line", "claim_segment").to_dicts()
    return [json.dumps(row, default=str, sort_keys=True) for row in rows]


@pytest.mark.parametrize(("piece", "chunk"), [(2_000, 2_000), (20_000, 20_000), (90_000, 90_000), (60_000, 7_000)])
def test_small_pieces_give_the_findings_of_the_whole(
    synthetic: Path, piece: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scrubjay.check(synthetic, as_of=AS_OF, raw=True)
    monkeypatch.setattr(batches, "PIECE_BYTES", piece)
    monkeypatch.setattr(pieces, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(held, "HELD_CLAIMS", 20)
    parts = scrubjay.check(synthetic, as_of=AS_OF, raw=True)
    assert whole.findings.height > 20
    assert keyed(parts) == keyed(whole)
    assert parts.coverage.equals(whole.coverage)
    assert parts.summary == whole.summary


def test_the_same_input_gives_the_same_report(synthetic: Path) -> None:
    first = scrubjay.check(synthetic, as_of=AS_OF).to_dict()
    second = scrubjay.check(synthetic, as_of=AS_OF).to_dict()
    assert json.dumps(first, default=str) == json.dumps(second, default=str)


def test_the_order_of_claims_does_not_change_their_findings() -> None:
    one = 'patient member=TEST00001 name="FIRST, AMY"\nclaim id=A1\nline 99213\nline 96372\nline J3420'
    two = 'patient member=TEST00002 name="OTHER, ANN"\nclaim id=A2\nline 99211\nline 96372\nline J3420'
    three = 'patient member=TEST00003 name="THIRD, BEN"\nclaim id=A3\nline 11900\nline 17000'
    found = []
    for order in ((one, two, three), (three, one, two), (two, three, one)):
        (case,) = parse("\n".join(order))
        report = scrubjay.check(to_837(case), as_of=case.as_of)
        rows = report.findings.select("claim", "edit", "line", "denied_line", "level", "message").rows()
        found.append(sorted(rows))
    assert found[0] == found[1] == found[2]
    assert found[0]


def test_a_pair_across_two_claims_counts() -> None:
    (case,) = parse("claim id=A1\nline 99213\nclaim id=A2\nline 96372\nline J3420")
    report = scrubjay.check(to_837(case), as_of=case.as_of)
    (row,) = report.findings.filter(report.findings["edit"] == "EM01").to_dicts()
    assert row["claim"] == "A1"
    assert "claim A2" in row["message"]


def test_a_pair_across_two_files_counts(tmp_path: Path) -> None:
    for name, text in (("a.837", "claim id=A1\nline 99213"), ("b.837", "claim id=A2\nline 96372\nline J3420")):
        (case,) = parse(text)
        (tmp_path / name).write_bytes(to_837(case))
    report = scrubjay.check(tmp_path, as_of=case.as_of)
    assert "EM01" in set(report.findings["edit"])
    assert "EM01" not in set(scrubjay.check(tmp_path / "a.837", as_of=case.as_of).findings["edit"])


def test_threads_do_not_disturb_each_other(synthetic: Path) -> None:
    expected = keyed(scrubjay.check(synthetic, as_of=AS_OF))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: keyed(scrubjay.check(synthetic, as_of=AS_OF)), range(4)))
    assert all(result == expected for result in results)


def test_tables_before_files_do_not_shift_the_files(tmp_path: Path) -> None:
    for name, text in (("a.837", "claim id=A1\nline 99213"), ("b.837", "claim id=A2\nline 96372\nline J3420")):
        (case,) = parse(text)
        (tmp_path / name).write_bytes(to_837(case))
    report = scrubjay.check([Tables.empty(), tmp_path / "a.837", tmp_path / "b.837"], as_of=case.as_of)
    (row,) = report.findings.filter(report.findings["edit"] == "EM01").to_dicts()
    assert row["file"].endswith("a.837")
