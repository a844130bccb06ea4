"""The public samples beside the repository, one by one: read, counted, refused or found damaged, never a crash."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from conftest import SHARED, shared_files

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 11, 23)

WITHOUT_LX = {"hccinfhir__sample_837_11.txt"}
"""Samples whose SV1 stands outside any LX: the claim is read, the line is a defect."""

DAMAGE = {
    "imsweb__x12_bad_segment_identifier.txt": {"unknown-segment", "missing-segment", "missing-loop"},
    "imsweb__x12_loop_errors1_exceeds_max_1_parent.txt": {"too-many"},
    "imsweb__x12_loop_errors3_missing_loops.txt": {"missing-loop"},
    "imsweb__x12_missing_required_loop_in_one_repeat.txt": {"missing-loop"},
    "imsweb__x12_segments_out_of_order.txt": {"misplaced-segment"},
    "staedi__sample837-small.edi": {"missing-loop"},
}
"""What the origin of a damaged sample says is wrong with it, as names of our edits."""


@cache
def checked(path: Path) -> scrubjay.Report:
    return scrubjay.check(path, as_of=AS_OF)


@cache
def stated() -> dict[str, int]:
    """Return the number of claims that SOURCES.md states for each file."""
    text = (SHARED / "corpus" / "SOURCES.md").read_text(encoding="utf-8")
    rows = re.finditer(r"^- `[^`]+/([^`/]+)` .*?; (\d+) CLM", text, re.MULTILINE)
    return {m[1]: int(m[2]) for m in rows}


def service_lines(path: Path) -> int:
    """Count SV1 segments the plain way."""
    data = path.read_bytes()
    start = data.index(b"ISA")
    mark = data[start + 3 : start + 4]
    return len(re.findall(rb"(?:^|[^A-Za-z0-9])SV1" + re.escape(mark), data))


def sane(report: scrubjay.Report) -> None:
    assert report.coverage.filter(pl.col("state") == "crashed").is_empty()
    for error in report.errors:
        assert error["message"]
        assert "\n" not in error["message"]


@pytest.mark.parametrize("path", shared_files("corpus/837p"), ids=lambda p: p.name)
def test_a_professional_claim_is_read_whole(path: Path) -> None:
    report = checked(path)
    sane(report)
    assert not report.errors
    assert report.summary["claims"] == stated()[path.name]
    assert report.summary["lines"] == (0 if path.name in WITHOUT_LX else service_lines(path))


@pytest.mark.parametrize(
    "path", shared_files("corpus/837-refuse") + shared_files("corpus/delimiters"), ids=lambda p: p.name
)
def test_what_is_no_professional_claim_is_refused_by_name(path: Path) -> None:
    report = checked(path)
    sane(report)
    assert report.summary["claims"] == 0
    assert report.exit_code() == 2
    assert any("837P" in error["message"] for error in report.errors)


@pytest.mark.parametrize("path", shared_files("corpus/837p-invalid"), ids=lambda p: p.name)
def test_a_damaged_claim_is_found_damaged(path: Path) -> None:
    report = checked(path)
    sane(report)
    assert report.exit_code() in (1, 2)
    found = set(report.findings.filter(pl.col("outcome") == "hit")["name"])
    assert found >= DAMAGE.get(path.name, set()), found


@pytest.mark.parametrize(
    "path",
    shared_files("corpus/835") + shared_files("corpus/ack") + shared_files("corpus/ack/other-sets"),
    ids=lambda p: p.name,
)
def test_remittances_and_acknowledgements_are_no_claims(path: Path) -> None:
    report = checked(path)
    sane(report)
    assert report.summary["claims"] == 0
    assert report.exit_code() == 2


def test_the_samples_are_where_they_should_be(shared: object) -> None:
    shared("corpus/837p")  # type: ignore[operator]
    assert len(shared_files("corpus/837p")) >= 48
