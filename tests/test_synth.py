"""Synthetic batches: the same seed gives the same bytes, what is planted is counted, what is billed is in force."""

from __future__ import annotations

import json
from datetime import date
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from guide import guide_errors
from scrubjay import refdata, synth
from scrubjay.cases import parse
from scrubjay.stories import ANY, BOTH, MEDICARE, NDC, SENIOR, STORIES, rows

pytestmark = pytest.mark.slow

FAULTS = {fault for story in STORIES for fault in story.faults}
TOLD = [
    pytest.param(story, style, id=f"{at}-{style}")
    for at, story in enumerate(STORIES)
    for style in ANY
    if style in story.styles
]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    batches = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        synth.write(tmp_path / name, 400, seed, truth=tmp_path / f"{name}.json")
        batches.append(((tmp_path / name).read_bytes(), (tmp_path / f"{name}.json").read_bytes()))
    assert batches[0] == batches[1]
    assert batches[0] != batches[2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.json", "b", "b.json", "c", "c.json"]


@pytest.mark.slow
def test_an_independent_checker_accepts_a_batch(tmp_path: Path) -> None:
    synth.write(tmp_path / "batch.837", 1100, 11)
    assert guide_errors((tmp_path / "batch.837").read_bytes()) == []


@pytest.mark.parametrize("claims", [1, 2, 999, 1001])
def test_counts_are_what_was_written(tmp_path: Path, claims: int) -> None:
    path = tmp_path / "batch.837"
    written = synth.write(path, claims, 3, truth=tmp_path / "truth.json")
    found = [row.split("*") for row in path.read_text().splitlines()]
    ids = [row[1] for row in found if row[0] == "CLM"]
    truth = json.loads((tmp_path / "truth.json").read_text())["faults"]
    assert len(ids) == len(set(ids)) == written.claims == claims
    assert sum(row[0] == "SV1" for row in found) == written.lines
    assert sum(row[0] == "ST" for row in found) == written.transactions
    assert path.stat().st_size == written.bytes
    assert sum(written.faults.values()) == len(truth)
    assert set(truth) <= set(ids)
    assert set(truth.values()) <= FAULTS


def test_the_share_of_faults_is_a_choice(tmp_path: Path) -> None:
    assert synth.write(tmp_path / "a", 300, 1, fault_share=0).faults == {}
    assert sum(synth.write(tmp_path / "b", 300, 1, fault_share=1).faults.values()) > 290
    assert set(synth.write(tmp_path / "c", 4000, 1, fault_share=1).faults) == FAULTS


@pytest.mark.parametrize(("claims", "share"), [(0, 0.1), (-1, 0.1), (10, 1.1), (10, -0.1)])
def test_nonsense_is_refused(tmp_path: Path, claims: int, share: float) -> None:
    with pytest.raises(ValueError, match=r"at least one claim|between 0 and 1"):
        synth.write(tmp_path / "a", claims, 1, fault_share=share)
    assert not list(tmp_path.iterdir())


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(synth._Batch, "_transaction", fail)
    with pytest.raises(RuntimeError):
        synth.write(tmp_path / "a", 10, 1)
    assert not list(tmp_path.iterdir())


def test_every_fault_can_be_shown() -> None:
    for story in STORIES:
        for fault in story.faults:
            shown = [style for style in story.styles if rows(story, style, fault) is not None]
            expected = {
                "missing-jz": {*SENIOR, BOTH},
                "missing-ndc": {NDC, BOTH},
                "facility-place": {MEDICARE, BOTH} if "mods=25" in story.rows else {MEDICARE},
            }.get(fault, set(story.styles))
            assert set(shown) == expected & set(story.styles), (story.rows, fault)


@pytest.fixture(scope="module")
def refs() -> refdata.References:
    return refdata.load(user=False)


def in_force(table: pl.DataFrame, column: str, day: date) -> set[str]:
    return set(
        table.filter(
            (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day))
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
        )[column]
    )


def test_claims_without_a_fault_are_clean(tmp_path: Path) -> None:
    written = synth.write(tmp_path / "batch.837", 1500, 17, fault_share=0)
    report = scrubjay.check([tmp_path / "batch.837"], as_of=date(2026, 7, 1))
    # Dates of service span eighteen months, so that on any day of judging some of them are filed too late.
    hits = report.findings.filter(
        (pl.col("outcome") == "hit") & (pl.col("level") != "info") & (pl.col("edit") != "TFL01")
    )
    assert report.summary["claims"] == written.claims
    assert hits.is_empty(), hits.select("claim", "edit", "found").head(5)


def test_planted_faults_are_found(tmp_path: Path) -> None:
    synth.write(tmp_path / "batch.837", 1500, 23, fault_share=1, truth=tmp_path / "truth.json")
    truth = json.loads((tmp_path / "truth.json").read_text())["faults"]
    report = scrubjay.check([tmp_path / "batch.837"], as_of=date(2026, 7, 1))
    hits = report.findings.filter(
        (pl.col("outcome") == "hit") & (pl.col("level") != "info") & (pl.col("edit") != "TFL01")
    )
    missed = {claim: fault for claim, fault in truth.items() if claim not in set(hits["claim"])}
    assert not missed, list(missed.items())[:5]


@pytest.mark.parametrize("day", [synth._FIRST_DAY, date(2025, 9, 30), date(2025, 10, 1), synth._LAST_DAY])
def test_codes_and_diagnoses_are_in_force(refs: refdata.References, day: date) -> None:
    codes = in_force(refs.frame("hcpcs"), "code", day) | in_force(refs.frame("cpt"), "code", day)
    billable = (
        refs.frame("icd10").filter(~pl.col("header"))
        if "header" in refs.frame("icd10").columns
        else refs.frame("icd10")
    )
    diagnoses = in_force(billable, "code", day)
    for param in TOLD:
        story, style = param.values
        (claim,) = parse(rows(story, style) or "")[0].claims
        assert {line.code for line in claim.lines} <= codes
        assert {code.replace(".", "") for code in claim.diagnoses} <= diagnoses


@pytest.mark.parametrize(("story", "style"), TOLD)
def test_clean_stories_respect_pairs_limits_and_ndcs(refs: refdata.References, story: synth.Story, style: str) -> None:
    pairs = refs.ptp_arrays()
    limits = dict(refs.frame("mue").select("hcpcs", "value").iter_rows())
    crosswalk = refs.frame("ndc_hcpcs")
    (claim,) = parse(rows(story, style) or "")[0].claims
    for one, two in permutations(claim.lines, 2):
        key = int(one.code, 36) << 26 | int(two.code, 36)
        at = pairs.key.searchsorted(key)
        if at < len(pairs.key) and pairs.key[at] == key and pairs.deleted[at] == refdata.ACTIVE:
            assert pairs.mi[at] == 1, (one.code, two.code)
            assert {"25", "59"} & {*one.modifiers, *two.modifiers}, (one.code, two.code)
    for line in claim.lines:
        limit = limits.get(line.code)
        assert not limit or line.units is None or line.units <= limit, line.code
        known = crosswalk.filter(pl.col("ndc11") == line.ndc)["hcpcs"].to_list()
        assert not line.ndc or line.code == "J1050" or line.code in known, line.ndc
