"""The explain pages: what they say of the codes people ask for, where it comes from, and how it is written."""

from __future__ import annotations

import importlib.util
import io
import json
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from scrubjay import catalogue, refdata, refdata_manifest
from scrubjay.explain import blocks, edit_layout, facts, index, layout, lookup
from scrubjay.render.style import Style

ROOT = Path(__file__).resolve().parent.parent
PLAIN = Style()


@pytest.fixture(autouse=True)
def packaged_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUBJAY_REFS", "")


@pytest.fixture(scope="module")
def packaged() -> index.Index:
    return index.Index.packaged()


def text_of(page: dict[str, Any], width: int | None = None) -> str:
    return "\n".join(layout.render(page, "text", Style(width=width)))


def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_explain", ROOT / "tools/build_explain.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- 96372, the page a coder keeps open


@pytest.fixture(scope="module")
def injection(packaged: index.Index) -> dict[str, Any]:
    return lookup.page("96372", packaged)


def test_the_contract_s_fields_of_a_code(injection: dict[str, Any]) -> None:
    assert injection["schema"] == "scrubjay.explain/1"
    assert (injection["kind"], injection["code"]) == ("code", "96372")
    assert injection["labels"] == ["SC or IM injection, non-vaccine"]
    assert injection["valid"] == [{"from": "2009-01-01", "to": None}]
    limits = {(row["payer"], row["edition"]): (row["value"], row["mai"]) for row in injection["mue"]}
    assert limits["Medicare", "2024Q3"] == limits["Medicare", "2026Q2"] == (4, 3)
    assert {row["code"] for row in injection["look_alikes"]} >= {"96373", "96374", "96401", "90471", "G0012"}
    assert injection["asp"] == []


def test_national_amounts_are_those_of_the_catalogue(injection: dict[str, Any]) -> None:
    assert [tuple(row.values()) for row in injection["national_amounts"]] == [
        ("2022-01-01", "2022-12-31", "non-facility", "14.53"),
        ("2023-01-01", "2023-12-31", "non-facility", "14.23"),
        ("2024-01-01", "2024-03-08", "non-facility", "14.08"),
        ("2024-03-09", "2024-12-31", "non-facility", "14.31"),
        ("2025-01-01", "2025-12-31", "non-facility", "13.91"),
        ("2026-01-01", "2026-12-31", "non-facility", "15.36"),
        ("2026-01-01", "2026-12-31", "non-facility, qualifying APM", "15.44"),
    ]


def pair(page: dict[str, Any], with_: str, indicator: int) -> dict[str, Any]:
    (row,) = [
        row for row in page["pairs"] if row["with"] == with_ and row["indicator"] == indicator and row["count"] > 2
    ]
    return dict(row)


def test_pairs_say_who_loses_and_what_opens_them(injection: dict[str, Any]) -> None:
    office = pair(injection, "office visits", 1)
    assert office["codes"] == "99202-99205, 99212-99215, G0463"
    assert (office["pays"], office["denied"]) == ("96372", "the other code")
    assert office["opens"].startswith("25 on the visit")
    (nurse,) = [row for row in injection["pairs"] if row["codes"] == "99211"]
    assert (nurse["indicator"], nurse["denied"], nurse["opens"]) == (0, "99211", None)
    home = pair(injection, "home and residence visits", 1)
    assert (home["denied"], home["opens"].startswith("25 on the visit")) == ("96372", True)
    ward = pair(injection, "hospital, emergency and nursing facility visits", 0)
    assert (ward["denied"], ward["opens"]) == ("96372", None)
    assert pair(injection, "anesthesia", 0)["denied"] == "96372"
    infusion = pair(injection, "hydration, infusions and injections", 1)
    assert (infusion["denied"], infusion["opens"].startswith("59")) == ("96372", True)


def test_pair_counts_are_the_table_s(injection: dict[str, Any]) -> None:
    paid = sum(row["count"] for row in injection["pairs"] if row["pays"] == "96372")
    denied = sum(row["count"] for row in injection["pairs"] if row["denied"] == "96372")
    assert (paid, denied) == (34, 6519)


def test_the_page_answers_the_coder_s_questions(injection: dict[str, Any]) -> None:
    shown = text_of(injection)
    for words in (
        "vaccines and toxoids: 90460/90461",
        "intramuscular",
    ):
        assert (words in shown) is (words != "intramuscular"), "our own words, never the descriptor's"
    for words in (
        "left deltoid",
        "PC/TC 5",
        "never with it: 25 26 TC",
        "J3420",
        "$15.36",
        "MAI 3",
        "ptp 2024Q3",
        "copyright",
    ):
        assert words in shown
    listed = {edit["code"] for edit in injection["edits"]}
    assert {"EM01", "EM02"} <= listed


# ---- drugs


def test_a_drug_page(packaged: index.Index) -> None:
    page = lookup.page("j1071", packaged)
    assert page["unit"] == "1 mg"
    assert page["drug"]["routes"] == ["IM"]
    assert (page["drug"]["example_dose"], page["drug"]["example_units"]) == ("200 mg", 200)
    assert page["drug"]["replaces"] == ["J1060", "J1070", "J1080"]
    assert {row["code"] for row in page["look_alikes"]} == {"J1072", "J1073", "J3121", "J3145"}
    assert page["asp"][-1] == {
        "edition": "2026Q1",
        "from": "2026-01-01",
        "to": "2026-03-31",
        "limit": "0.027",
        "dosage": "1 MG",
    }
    assert page["ndc"]["count"] > len(page["ndc"]["shown"]) == facts.SHOWN
    shown = text_of(page)
    assert "200 mg = 200 units" in shown
    assert "JW or JZ follow the label" in shown


def test_an_ended_drug_names_its_successor(packaged: index.Index) -> None:
    page = lookup.page("J1030", packaged)
    assert page["valid"] == [{"from": "1982-01-01", "to": "2024-03-31"}]
    assert page["replaced_by"] == [{"code": "J1010", "units_from": 1, "units_to": 40, "from": "2024-04-01"}]
    assert "replaced by J1010 since 2024-04-01; 1 old unit = 40 of it" in text_of(page)


def test_an_unlisted_drug_says_what_to_write(packaged: index.Index) -> None:
    page = lookup.page("J3490", packaged)
    assert page["not_otherwise_classified"] is True
    assert any("SV101-7" in line for line in page["billing"])


def test_visits_are_opened_by_25_and_never_by_59(packaged: index.Index) -> None:
    page = lookup.page("99213", packaged)
    assert all("59" not in row["opens"] for row in page["pairs"] if row["opens"])


def test_add_on_codes_name_their_primaries(packaged: index.Index) -> None:
    page = lookup.page("96361", packaged)
    assert set(page["add_on"]["primaries"]) >= {"96360", "96365", "96374", "96409", "96413"}
    assert "never alone" in text_of(page)


# ---- reasons and edits


@pytest.mark.parametrize("word", ["CO-97", "co97", "CARC-97", "97", "PR-97"])
def test_a_carc_in_every_spelling(packaged: index.Index, word: str) -> None:
    page = lookup.page(word, packaged)
    assert (page["kind"], page["code"]) == ("carc", "97")
    assert page["do"]
    assert "EM01" in {edit["code"] for edit in page["edits"]}


@pytest.mark.parametrize("word", ["M15", "rarc-m15", "RARC M15"])
def test_a_rarc_in_every_spelling(packaged: index.Index, word: str) -> None:
    page = lookup.page(word, packaged)
    assert (page["kind"], page["code"]) == ("rarc", "M15")
    assert "EM01" in {edit["code"] for edit in page["edits"]}


def test_every_denial_an_edit_predicts_has_words_and_a_remedy(packaged: index.Index) -> None:
    lacking = []
    for kind, codes in (
        ("carc", {edit["carc"] for edit in catalogue.edits() if edit["carc"]}),
        ("rarc", {code for edit in catalogue.edits() for code in edit["rarc"]}),
    ):
        for code in sorted(codes):
            page = lookup.page(f"{kind}-{code}", packaged)
            if not page["do"] or page["summary"].startswith("no wording"):
                lacking.append(f"{kind} {code}")
    assert lacking == []


@pytest.mark.parametrize("word", ["EM01", "em-01", "office-visit-without-25"])
def test_an_edit_by_code_or_name(packaged: index.Index, word: str) -> None:
    page = lookup.page(word, packaged)
    assert (page["kind"], page["code"], page["name"]) == ("edit", "EM01", "office-visit-without-25")
    shown = text_of(page)
    places = [
        shown.index(title)
        for title in ("What it does", "Why it matters", "Fails", "Passes", "Fix", "Declared", "Sources")
    ]
    assert places == sorted(places)
    assert "    line 96372" in shown


def test_every_edit_has_a_page_in_every_form(packaged: index.Index) -> None:
    for edit in catalogue.edits():
        page = lookup.page(edit["code"], packaged)
        # Examples stand as they are; the longest is a description of more than 80 characters.
        assert (
            max(len(line) for line in text_of(page, 100).splitlines() if not line.lstrip().startswith("line ")) <= 100
        )
        assert "\n## Fails\n" in "\n".join(layout.render(page, "md", PLAIN))
        assert json.loads("\n".join(layout.render(page, "json", PLAIN))) == page


def test_the_notes_name_edits_and_codes_that_exist(packaged: index.Index) -> None:
    codes = set(packaged.codes)
    for code, note in packaged.notes["code"].items():
        assert code in codes
        assert set(note.get("drugs", [])) <= codes
        assert set(note.get("opens", {})) <= {kind["name"] for kind in packaged.notes["class"]}
    for kind in ("carc", "rarc"):
        assert set(packaged.notes[kind]) <= set(packaged.reasons(kind))


# ---- what is not known


@pytest.mark.parametrize(
    ("word", "near"),
    [("96272", "96372"), ("J1017", "J1071"), ("EM99", "EM0"), ("ofice-visit-without-25", "office-visit-without-25")],
)
def test_a_slip_is_answered_by_what_was_meant(packaged: index.Index, word: str, near: str) -> None:
    with pytest.raises(lookup.Unknown) as raised:
        lookup.page(word, packaged)
    assert near in str(raised.value)


def test_a_drug_name_leads_to_its_codes(packaged: index.Index) -> None:
    assert set(lookup.nearest("testosterone", packaged)) >= {"J1071", "J3121"}


def test_nonsense_gets_no_suggestion(packaged: index.Index) -> None:
    assert "scrubjay edits lists the edits" in str(lookup.Unknown("zz", lookup.nearest("zz", packaged)))


# ---- where it comes from


def test_the_index_is_that_of_the_packaged_tables(packaged: index.Index) -> None:
    held = refdata_manifest.read(refdata_manifest.PACKAGED)
    message = "run python tools/build_explain.py"
    assert packaged.meta["digest"] == index.digest(refdata_manifest.in_use(held)), message
    assert packaged.notes == json.loads(json.dumps(builder().notes())), message


def test_the_tables_say_what_the_index_says(packaged: index.Index) -> None:
    codes = ["96372", "J1071", "J1030", "99213", "96361", "G2211", "90686", "20610", "J3490", "0104T"]
    fresh = dict(facts.code_facts(refdata.load(user=False), packaged.notes["class"], codes))
    assert sorted(fresh) == sorted(codes)
    for code in codes:
        assert json.loads(json.dumps(fresh[code])) == packaged.facts(code), "run python tools/build_explain.py"


def test_the_facts_come_from_the_tables_that_name_the_index(packaged: index.Index) -> None:
    asked: set[str] = set()

    class Spy(refdata.References):
        def frame(self, name: str) -> pl.DataFrame:
            asked.add(name)
            return super().frame(name)

    held = refdata_manifest.in_use(refdata_manifest.read(refdata_manifest.PACKAGED))
    refs = Spy(held)
    list(facts.code_facts(refs, packaged.notes["class"], ["96372"]))
    for kind in ("carc", "rarc"):
        facts.reason_facts(refs, kind)
    assert asked == index.TABLES


@pytest.mark.slow
def test_the_index_is_fresh() -> None:
    tool = builder()
    assert tool.contents(tool.build()) == tool.contents(tool.TARGET.read_bytes()), "run python tools/build_explain.py"


def test_an_index_of_equal_facts_is_equal() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    known = [("96372", {"label": "x"}), ("99213", {})]
    index.write(first, {}, {}, known, {})
    index.write(second, {}, {}, known[::-1], {})
    assert first.getvalue() == second.getvalue()


def test_the_index_is_small() -> None:
    assert builder().TARGET.stat().st_size < 2_500_000


def test_newer_tables_of_the_user_win(packaged: index.Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(refs: object, classes: object, codes: list[str]) -> list[tuple[str, dict[str, Any]]]:
        return [(code, {"label": "newer", "valid": [["2030-01-01", None]]}) for code in codes]

    monkeypatch.setattr(facts, "code_facts", given)
    assert lookup.page("96372", packaged)["labels"] == ["SC or IM injection, non-vaccine"]
    monkeypatch.setattr(lookup, "digest", lambda held: "another")
    assert lookup.page("96372", packaged)["labels"] == ["newer"]


def test_the_notes_hold_no_descriptor_words() -> None:
    text = (ROOT / "tools/explain/notes.toml").read_text()
    tomllib.loads(text)
    for descriptor in (
        "therapeutic, prophylactic, or diagnostic",
        "arthrocentesis",
        "office or other outpatient visit for the evaluation",
    ):
        assert descriptor not in text.lower()


# ---- layout


def test_tables_wrap_in_their_last_column_only() -> None:
    table = blocks.Table(("n", "words"), [("1", "word " * 40), ("22", "short")], frozenset({0}))
    lines = list(blocks.text("title", [blocks.Section("section", table=table)], Style(width=60)))
    assert max(len(line) for line in lines) <= 60
    assert lines[3].startswith("   n  words".replace("   n", "   n"))
    assert lines[4].startswith("   1  word")
    assert lines[5].startswith("      word")


def test_markdown_escapes_bars() -> None:
    table = blocks.Table(("a", "b"), [("x|y", "z")])
    assert "| x\\|y | z |" in list(blocks.markdown("t", [blocks.Section("s", table=table)]))


def test_prose_joins_wrapped_lines_and_keeps_lists() -> None:
    section = edit_layout.prose("Fix", "One line\nand its end.\n\n- first\n  goes on\n- second\n\nLast.")
    assert section.paragraphs == ["One line and its end.", "Last."]
    assert section.bullets == ["first goes on", "second"]
