"""The five laws, as far as a test can hold them."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from conftest import ROOT
from scrubjay import edit as declarations
from scrubjay import policy, refdata
from scrubjay.cases import parse, to_837
from scrubjay.edit import DeclarationError, catalogue, edit
from scrubjay.engine import HIT
from scrubjay.errors import ReferenceDataError
from scrubjay.facts import Facts
from scrubjay.model import Tables

EDITS = ROOT / "src" / "scrubjay" / "edits"
LOCK = Path(__file__).parent / "edit_codes.lock"


def test_an_edit_without_source_documentation_or_examples_does_not_import() -> None:
    def undocumented(t: Facts, refs: refdata.References) -> pl.LazyFrame:
        return t.lines

    with pytest.raises(DeclarationError, match="no source"):
        edit("ZZ99", name="nothing", category="hygiene", grain="line", source="")(undocumented)
    with pytest.raises(DeclarationError, match="no summary"):
        edit("ZZ99", name="nothing", category="hygiene", grain="line", source="x")(undocumented)
    assert "ZZ99" not in catalogue()


def test_codes_and_names_are_unique_and_never_reused() -> None:
    """The lock lists every code ever shipped with its name; a line may be added, never changed or taken away."""
    names = [e.name for e in catalogue().values()]
    assert len(names) == len(set(names))
    locked = dict(line.split() for line in LOCK.read_text().splitlines() if line)
    now = {code: e.name for code, e in catalogue().items()}
    assert {code: now.get(code) for code in locked} == locked
    assert set(now) == set(locked), "add new codes to tests/edit_codes.lock"


def test_catalogue_json_is_what_the_edits_declare() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "build_catalogue.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_building_queries_collects_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = parse("line 99213\nline 96372\nline J3420")
    seen: list[tuple[Facts, refdata.References]] = []
    original = scrubjay.engine.run  # type: ignore[attr-defined]

    def spy(facts: Facts, refs: refdata.References, *rest: object) -> object:
        seen.append((facts, refs))
        return original(facts, refs, *rest)

    monkeypatch.setattr("scrubjay.engine.run", spy)
    scrubjay.check(to_837(case), as_of=case.as_of)
    facts, refs = seen[0]
    for e in catalogue().values():
        e.query(facts, refs)  # reads the reference tables it names, once

    def trap(*_: object, **__: object) -> None:
        raise AssertionError("an edit collected")

    for name in (
        "collect",
        "collect_async",
        "fetch",
        "sink_parquet",
        "sink_csv",
        "sink_ipc",
        "sink_ndjson",
        "profile",
        "describe",
    ):
        if hasattr(pl.LazyFrame, name):
            monkeypatch.setattr(pl.LazyFrame, name, trap)
    for name in ("collect_all", "collect_all_async", "read_csv", "read_parquet", "scan_parquet"):
        monkeypatch.setattr(pl, name, trap)
    for e in catalogue().values():
        assert isinstance(e.query(facts, refs), pl.LazyFrame), e.code


FORBIDDEN = {
    "a procedure code": re.compile(r"\b(?:[0-9]{5}|[A-V][0-9]{4}|[0-9]{4}[FTUM])\b"),
    "a date": re.compile(r"\b(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]\b"),
}
BANNED_CALLS = {
    "collect",
    "map_elements",
    "map_batches",
    "iter_rows",
    "to_dicts",
    "today",
    "now",
    "open",
    "date",
    "datetime",
}


@pytest.mark.parametrize("path", sorted(EDITS.rglob("*.py")), ids=lambda p: p.stem)
def test_edits_hold_no_codes_dates_or_payers(path: Path) -> None:
    """Outside docstrings and the decorator's citation, an edit has no literal that changes with time or payer."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    policies = policy.load()
    values = {value for declared in policies.declared.values() for value in declared.allowed or ()}
    payers = set(policies.names()) - values - {"generic"}
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        body = function.body[1:] if ast.get_docstring(function) else function.body
        for node in [n for statement in body for n in ast.walk(statement)]:
            where = f"{path.name}:{getattr(node, 'lineno', '?')}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for what, pattern in FORBIDDEN.items():
                    assert not pattern.fullmatch(node.value.strip()), f"{where}: {what} in {node.value!r}"
                assert node.value not in payers, f"{where}: a payer's name"
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                assert name not in BANNED_CALLS, f"{where}: an edit calls {name}"


def test_budgets() -> None:
    for path in sorted((ROOT / "src" / "scrubjay").rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 520, f"{path.relative_to(ROOT)} has {lines} lines: split it by responsibility"
    for code, e in catalogue().items():
        length = len(inspect.getsource(e.query).splitlines())
        assert length <= 130, f"{code} has {length} lines"


def test_memory_alone_never_denies() -> None:
    rules = policy.load().rules(list(catalogue())).filter(pl.col("level") == "deny")
    for code, e in catalogue().items():
        if e.confidence == "memory":
            assert rules.filter(pl.col("edit") == code).is_empty(), code
    assert rules.filter(pl.col("source").str.contains(r"^M(?:, M)*:")).is_empty()


def test_what_the_catalogue_knows_from_memory_alone_never_denies(shared: Callable[[str], Path]) -> None:
    text = shared("domain/injection-edits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]+)-(\d+) .*\| ([^|]+) \|$", text, re.MULTILINE)
    memory = {f"{family}{number}" for family, number, evidence in rows if evidence in ("M", "unknown")}
    built = memory & set(catalogue())
    assert len(built) > 10
    assert {catalogue()[code].confidence for code in built} == {"memory"}
    assert policy.load().rules(sorted(built)).filter(pl.col("level") == "deny").is_empty()


def clean() -> tuple[bytes, object]:
    (case,) = parse("line 99213 mods=25\nline 96372\nline J3420 mods=JZ")
    return to_837(case), case.as_of


def test_a_missing_reference_is_skipped_and_never_clear() -> None:
    data, as_of = clean()
    report = scrubjay.check(data, as_of=as_of, refs=refdata.load(user=False).without("ptp"))
    rows = {r["edit"]: r for r in report.coverage.to_dicts()}
    assert rows["EM01"]["state"] == "skipped"
    assert "ptp" in rows["EM01"]["why"]
    assert rows["EM01"]["in_scope"] is None
    assert report.exit_code() == 3
    assert report.exit_code(allow_incomplete=True) == 0


_FACTS = {"groups", "mod_groups", "dx_groups"}
"""Tables without which no line can be told from another: a run without them breaks with one line."""


@pytest.mark.slow
@pytest.mark.parametrize("name", refdata.load(user=False).names())
def test_without_a_table_its_edits_are_skipped_and_none_crashes(name: str) -> None:
    lacking = refdata.load(user=False).without(name)
    data = (ROOT / "examples" / "clinic.837").read_bytes()
    if name in _FACTS:
        with pytest.raises(ReferenceDataError, match=name):
            scrubjay.check(data, refs=lacking)
        return
    coverage = scrubjay.check(data, refs=lacking).coverage
    assert coverage.filter(pl.col("state") == "crashed").is_empty()
    asking = {code for code, e in catalogue().items() if name in e.refs and not e.history}
    skipped = coverage.filter((pl.col("state") == "skipped") & pl.col("why").str.contains(name))
    assert set(skipped["edit"]) >= asking - {c for c, e in catalogue().items() if e.status == "preview"}


def test_a_missing_date_is_unknown_and_never_clear() -> None:
    (case,) = parse("line 99213\nline 96372 dos=none\nline J3420")
    report = scrubjay.check(to_837(case), as_of=case.as_of, select=["NCC02"])
    assert report.coverage["unknown"].sum() >= 1
    assert report.findings["outcome"].to_list() == ["unknown"]
    assert report.exit_code() == 3


def test_a_crashing_edit_is_named_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    def late(t: Facts, refs: refdata.References) -> pl.LazyFrame:
        return t.lines.select(pl.col("no such column"))

    def early(t: Facts, refs: refdata.References) -> pl.LazyFrame:
        raise ValueError("member W123456789")

    edits = dict(catalogue())
    edits["NCC01"] = replace(edits["NCC01"], query=late, start=("lines",))
    edits["NCC02"] = replace(edits["NCC02"], query=early, start=("lines",))
    monkeypatch.setattr("scrubjay.checker.catalogue", lambda: edits)
    (case,) = parse("line 99213\nline 96372\nline J3420 mods=JZ")
    report = scrubjay.check(to_837(case), as_of=case.as_of)
    states = dict(report.coverage.select("edit", "state").rows())
    assert states["NCC01"] == states["NCC02"] == "crashed"
    assert "EM01" in set(report.findings["edit"])
    assert "W123456789" not in json.dumps(report.to_dict(), default=str)


def test_a_panic_of_the_frames_is_one_edits_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frames:
        """The frames as the engine sees them: asked for all queries at once, they panic."""

        def __getattr__(self, name: str) -> object:
            return getattr(pl, name)

        def collect_all(self, queries: list[pl.LazyFrame], **options: object) -> list[pl.DataFrame]:
            raise pl.exceptions.PanicException("index out of bounds")

    monkeypatch.setattr("scrubjay.engine.pl", Frames())
    (case,) = parse("line 99213\nline 96372\nline J3420 mods=JZ")
    report = scrubjay.check(to_837(case), as_of=case.as_of)
    assert "EM01" in set(report.findings["edit"])


def test_tables_can_be_checked_without_a_file() -> None:
    report = scrubjay.check(Tables.empty())
    assert report.summary["claims"] == 0
    assert report.exit_code() == 0


def test_hit_columns_are_documented() -> None:
    assert set(HIT) >= {"claim_id", "line_id", "message"}
    assert declarations.HEADINGS == ("What it does", "Why it matters", "Fails", "Passes", "Fix")


def test_no_patient_data_in_machine_output() -> None:
    (case,) = parse(
        'patient name="ZZYZX, QUENTIN" member=SECRET77123 dob=1931-07-19\n'
        'line 99213 note="QUENTIN ZZYZX IS WELL"\nline 96372 desc="FOR ZZYZX"\nline J3420'
    )
    report = scrubjay.check(to_837(case), as_of=case.as_of, raw=True)
    text = json.dumps(report.to_dict(), default=str)
    for secret in ("ZZYZX", "QUENTIN", "SECRET77123", "1931-07-19", "19310719"):
        assert secret not in text
    assert report.findings.height
