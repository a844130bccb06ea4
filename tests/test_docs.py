"""The generated pages: fresh, whole, linked; the tutorial ends clean; the list of what is covered cannot lie."""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

import scrubjay
from conftest import ROOT
from scrubjay import catalogue
from scrubjay.cases import parse

DOCS = ROOT / "docs"
GENERAL = ("NCC", "COD", "ENV", "BAL")
"""Families beside the list of what goes wrong with an injection."""


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def tools() -> Any:
    """Return the generator; its package is found beside it, as when it is run."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        yield module(ROOT / "tools" / "build_docs.py")
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def correcting() -> ModuleType:
    return module(ROOT / "examples" / "correct_clinic.py")


def rows() -> list[dict[str, str]]:
    with (ROOT / "tools" / "tables" / "catalogue_rows.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_pages_regenerate_without_a_diff(tools: Any) -> None:
    stale = [str(path.relative_to(ROOT)) for path in tools.stale(tools.build())]
    assert stale == [], "run python tools/build_docs.py"


def test_every_edit_has_its_page_and_its_line() -> None:
    index = (DOCS / "edits" / "index.md").read_text()
    for edit in catalogue.edits():
        text = (DOCS / "edits" / f"{edit['code']}.md").read_text()
        assert text.startswith(f"# {edit['code']} ")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        for heading in ("What it does", "Why it matters", "Levels", "Fails", "Passes", "Fix", "Sources"):
            assert heading in headings, (edit["code"], heading)
        assert f"({edit['code']}.md)" in index


def test_the_list_of_what_is_covered_is_whole() -> None:
    listed = rows()
    assert len(listed) == 178
    assert len({row["id"] for row in listed}) == 178
    for row in listed:
        assert row["decided_by"] in ("claim", "history", "policy", "chart", "remittance"), row
        assert bool(row["why"]) == (row["decided_by"] != "claim"), row
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", row["name"]), row
    unlisted = {edit["code"] for edit in catalogue.edits()} - {row["id"] for row in listed}
    assert {code for code in unlisted if not code.startswith(GENERAL)} == set()


def test_covered_says_built_of_what_is_built_alone() -> None:
    text = (DOCS / "coverage.md").read_text()
    built = set(re.findall(r"^\| (\w+) \| [^|]+ \| built", text, re.MULTILINE))
    codes = {edit["code"] for edit in catalogue.edits()}
    assert built == {row["id"] for row in rows() if row["id"] in codes}
    assert len(re.findall(r"^\| [A-Z]+\d\d \|", text, re.MULTILINE)) == 178


def test_every_predicted_reason_leads_to_its_edits() -> None:
    text = (DOCS / "denials.md").read_text()
    sections = {part.split("\n", 1)[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE)}
    for edit in catalogue.edits():
        if edit["carc"]:
            assert f"[{edit['code']}]" in sections["-".join(p for p in (edit["group"], edit["carc"]) if p)]
        for remark in edit["rarc"]:
            assert re.search(rf"^\| {remark} \|.*\[{edit['code']}\]", sections["Remarks"], re.MULTILINE), edit["code"]


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda path: str(path.relative_to(DOCS)))
def test_anchors_exist(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
        other = (page.parent / target).resolve() if target else page
        headings = re.findall(r"^#+ (.+)$", other.read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in slugs, f"{target}#{anchor}"


def test_the_corrected_batch_is_clean(correcting: ModuleType, tmp_path: Path) -> None:
    batch = (ROOT / "examples" / "clinic.837").read_text()
    as_of = module(ROOT / "examples" / "build_clinic.py").AS_OF
    corrected = tmp_path / "corrected.837"
    corrected.write_text(correcting.correct(batch))
    report = scrubjay.check(corrected, as_of=as_of)
    told = report.findings.filter((pl.col("outcome") == "hit") & (pl.col("level") != "info"))
    assert not report.errors
    assert told.select("claim", "edit", "message").rows() == []
    assert report.exit_code() == 0


def test_the_clinic_decides_on_every_finding_and_on_nothing_else(correcting: ModuleType) -> None:
    as_of = module(ROOT / "examples" / "build_clinic.py").AS_OF
    report = scrubjay.check(ROOT / "examples" / "clinic.837", as_of=as_of)
    found = report.findings.filter((pl.col("outcome") == "hit") & (pl.col("level") != "info"))
    decided = {row.split()[0] for row in correcting.DECISIONS.strip().splitlines()}
    assert decided == set(found["claim"])
    told = set(re.findall(r"26-00\d+", (DOCS / "tutorial.md").read_text().split("## 4. Decide")[1]))
    assert decided <= told


def test_no_decision_leaves_the_batch_as_it_is(correcting: ModuleType) -> None:
    batch = (ROOT / "examples" / "clinic.837").read_text()
    assert correcting.correct(batch, "") == batch


def test_words_of_an_expectation(tools: Any) -> None:
    from docs_build.examples import _EXPECT, _expected

    def words(text: str) -> str:
        match = _EXPECT.fullmatch(text)
        assert match
        return _expected(match)

    assert words("# expect none") == "nothing of this edit"
    assert words("# expect unknown JW01 line=2") == "**JW01** cannot decide on line 2"
    full = "# expect EM01 level=deny line=1 denied=1 related=2,3 group=CO carc=97 rarc=M15,N19 claim=A"
    assert words(full) == "**EM01** deny on line 1 of claim A; with line 2, 3; line 1 would be denied; CO-97; M15, N19"
    assert words("# expect BAL01 line=None denied=None carc=16") == "**BAL01** hits on the claim; CARC 16"


def test_a_command_the_pages_do_not_use_is_refused(tools: Any) -> None:
    from docs_build.console import Failed, refreshed

    with pytest.raises(Failed):
        refreshed("```console\n$ rm -r /\n```\n")
    shown = refreshed("```console\n$ scrubjay --help | head -2\nold\n$ echo $?\n```\n")
    assert "old" not in shown
    assert shown.endswith("$ echo $?\n0\n```\n")


def test_examples_are_drawn_as_claims(tools: Any) -> None:
    from docs_build.common import gather
    from docs_build.examples import _drawn

    (case,) = parse("payer uhc\nline 99213 mods=25\nline J3420 ndc=00143962010 desc=vitamin")
    header, table = _drawn(gather(), case)
    assert header == "UnitedHealthcare commercial, place 11, diagnoses A E53.8."
    assert "| 2 | 2026-03-02 | 11 | J3420 |  | A | 20.00 | 1 | N400143962010 ML1; vitamin |" in table
