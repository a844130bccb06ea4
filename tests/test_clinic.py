"""The example batch: it regenerates without a diff and means what its table says."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import polars as pl
import pytest

import scrubjay
from conftest import ROOT
from guide import guide_errors

FOLDER = ROOT / "examples"


@pytest.fixture(scope="module")
def clinic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_clinic", FOLDER / "build_clinic.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_files_regenerate_without_a_diff(clinic: ModuleType) -> None:
    for name, data in clinic.build().items():
        assert (FOLDER / name).read_bytes() == data, f"run python examples/build_clinic.py: {name} is stale"


def test_an_independent_checker_accepts_the_batch() -> None:
    assert guide_errors((FOLDER / "clinic.837").read_bytes()) == []


def test_the_table_says_what_is_found(clinic: ModuleType) -> None:
    report = scrubjay.check([FOLDER / "clinic.837"], as_of=clinic.AS_OF)
    assert not report.errors
    told = report.findings.filter((pl.col("outcome") == "hit") & (pl.col("level") != "info"))
    found: dict[str, set[str]] = {}
    for claim, edit in told.select("claim", "edit").iter_rows():
        found.setdefault(claim, set()).add(edit)
    number = clinic.FIRST_ID
    for story in clinic.STORIES:
        claims = clinic.claims_of(story, number)
        number += len(claims)
        met = set().union(*(found.get(claim.id, set()) for claim in claims))
        assert met == set(story.expected), (claims[0].id, story.title)
    assert number - clinic.FIRST_ID == 40


def test_the_sound_transactions_beside_a_damaged_one_are_read(clinic: ModuleType) -> None:
    report = scrubjay.check([FOLDER / "damaged.837"], as_of=clinic.AS_OF)
    assert report.summary["claims"] == 3
    sound = report.findings.filter(pl.col("claim").is_in(["26-00901", "26-00903"]) & (pl.col("outcome") == "hit"))
    assert sound.is_empty(), sound
