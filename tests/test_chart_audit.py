"""The checklist: what is missing or contradicts itself is said, with its place, and the exit code says it, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli_runner import Ran, runner
from conftest import ROOT
from scrubjay.chart.audit import ITEMS, Audit, judge
from scrubjay.chart.audit.document import document, schema
from scrubjay.chart.source import read_chart
from scrubjay.chart.tables import rows

BUNDLE = ROOT / "tests" / "fixtures" / "charts" / "invega.fhir.json"
COMPLETE = """NURSE VISIT 03/02/2026
Pernicious anemia (D51.0), here for B12. Order reviewed: cyanocobalamin 1000 mcg IM monthly per Dr. Alvarez.
NKDA. Verbal consent obtained. Cyanocobalamin 1000 mcg (1 mL of 1,000 mcg/mL) given IM left deltoid at 10:15 by J. Moreno, RN.
Lot 5K210, exp 08/2027, NDC 00517-0031-25. Multi-dose vial, no waste. No adverse reaction.
Dr. Alvarez was in the office suite and immediately available.
Electronically signed by J. Moreno, RN
"""
Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def audited(text: str) -> Audit:
    return judge(read_chart(text.encode(), "note"), "note")


def states(audit: Audit) -> dict[str, str]:
    return {row.item: row.state for row in audit.rows}


def test_a_complete_note_is_complete() -> None:
    audit = audited(COMPLETE)
    assert [(row.item, row.found) for row in audit.rows if row.state in ("missing", "contradictory")] == []
    assert audit.complete
    assert [row.item for row in audit.rows] == list(ITEMS)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("order", "Order reviewed: cyanocobalamin 1000 mcg IM monthly per Dr. Alvarez.\n"),
        ("diagnosis", "Pernicious anemia (D51.0), here for B12. "),
        ("assessment", "NKDA. "),
        ("consent", "Verbal consent obtained. "),
        ("site", "left deltoid "),
        ("laterality", "left "),
        ("date", "03/02/2026"),
        ("time", "at 10:15 "),
        ("giver", " by J. Moreno, RN"),
        ("credential", ", RN.\nLot"),
        ("supervision", "Dr. Alvarez was in the office suite and immediately available.\n"),
        ("lot", "Lot 5K210, "),
        ("expiry", "exp 08/2027, "),
        ("ndc", ", NDC 00517-0031-25"),
        ("waste", "Multi-dose vial, no waste. "),
        ("signature", "Electronically signed by J. Moreno, RN\n"),
    ],
)
def test_what_is_taken_out_is_missing_and_nothing_else(item: str, words: str) -> None:
    assert words in COMPLETE
    kept = ".\nLot" if words.endswith("\nLot") else ""
    audit = audited(COMPLETE.replace(words, kept or "", 1))
    missing = {row.item for row in audit.rows if row.state == "missing"}
    implied = {"site": {"laterality"}, "giver": {"credential"}, "order": set()}.get(item, set())
    assert item in missing
    assert missing <= {item} | implied


@pytest.mark.parametrize(
    ("item", "old", "new"),
    [
        ("order", "1000 mcg IM monthly", "500 mcg IM once"),
        ("expiry", "08/2027", "01/2026"),
        ("ndc", "00517-0031-25", "0409-3795-01"),
        ("units", "(1 mL of", "(2 mL of"),
        ("laterality", "No adverse reaction.", "Tolerated B12 injection in right deltoid well."),
        ("date", "at 10:15", "on 03/05/2026 at 10:15"),
    ],
)
def test_what_contradicts_itself_is_found(item: str, old: str, new: str) -> None:
    assert old in COMPLETE
    found = {row.item: row for row in audited(COMPLETE.replace(old, new, 1)).rows}
    assert found[item].state == "contradictory", found[item]
    assert found[item].evidence
    assert found[item].found


def test_monitoring_is_asked_of_the_drugs_that_need_it() -> None:
    text = "Zyprexa Relprevv 300 mg IM given right gluteal at 10:00 by J. Roe, RN. {}"
    assert states(audited(text.format("")))["monitoring"] == "missing"
    assert states(audited(text.format("Observed 3 hours.")))["monitoring"] == "present"
    assert states(audited(text.format("Observed 30 minutes.")))["monitoring"] == "contradictory"
    assert states(audited("Ketorolac 60 mg IM given left deltoid."))["monitoring"] == "not_applicable"


def test_who_gives_in_own_right_needs_no_supervision() -> None:
    assert states(audited("Ketorolac 60 mg IM given left deltoid by Ann Roe, NP."))["supervision"] == "not_applicable"
    assert states(audited("Ketorolac 60 mg IM given left deltoid by Ann Roe, MA."))["supervision"] == "missing"


def test_an_evaluation_beside_the_injection_needs_its_own_words() -> None:
    text = "99213. Ketorolac 60 mg IM given left deltoid. {}"
    assert states(audited(text.format("")))["separate-evaluation"] == "missing"
    separate = "A separately identifiable evaluation, significant, separately identifiable, of hypertension was done."
    assert states(audited(text.format(separate)))["separate-evaluation"] == "present"


def test_what_was_not_given_is_not_judged() -> None:
    audit = audited("Patient declined Toradol injection. Plans to start Vivitrol 380 mg IM.")
    assert (audit.judged, audit.rows) == (False, [])


def test_two_injections_are_judged_apart() -> None:
    audit = audited("Toradol 60 mg IM given left deltoid at 10:00. Rocephin 1 g IM given right gluteal.")
    time = {row.administration: row.state for row in audit.rows if row.item == "time"}
    assert time == {0: "present", 1: "missing"}


def test_every_item_of_the_checklist_says_why_and_from_whom() -> None:
    listed = {row["item"]: row for row in rows("checklist")}
    assert set(listed) == set(ITEMS)
    for row in listed.values():
        assert all(row[column] for column in ("why", "source", "denial", "hint")), row["item"]


# ---- the command


def written(folder: Path, text: str, name: str = "note.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_exit_codes(run: Run, tmp_path: Path) -> None:
    complete = written(tmp_path, COMPLETE)
    wanting = written(tmp_path, "Ketorolac 60 mg IM given left deltoid.", "wanting.txt")
    nothing = written(tmp_path, "Seen for a cough. Patient declined Toradol injection.", "nothing.txt")
    broken = written(tmp_path, "{broken", "broken.json")
    assert run("audit", complete).code == 0
    assert run("audit", complete, wanting).code == 1
    assert run("audit", complete, nothing).code == 3
    both = run("audit", broken, complete)
    assert both.code == 2
    assert both.err.count("\n") == 1
    assert "broken.json" in both.err
    assert "complete" in both.out or "present" in both.out
    assert run("audit", tmp_path / "absent.txt").code == 2


def test_json_is_the_contracts_document(run: Run, tmp_path: Path) -> None:
    note = written(tmp_path, COMPLETE)
    found = json.loads(run("audit", note, "--format", "json").out)
    jsonschema.validate(found, schema())
    assert found["schema"] == "scrubjay.audit/1"
    assert found["summary"]["missing"] == found["summary"]["contradictory"] == 0
    drug = found["administrations"][0]["drug"]
    assert COMPLETE[drug["start"] : drug["end"]] == drug["text"] == "Cyanocobalamin"
    several = json.loads(run("audit", note, BUNDLE, "--format", "json").out)
    assert [one["schema"] for one in several] == ["scrubjay.audit/1"] * 2
    assert json.loads((ROOT / "docs" / "audit.schema.json").read_text()) == schema()


def test_machine_output_holds_no_sentence_and_no_name_of_the_patient() -> None:
    bundle = json.loads(BUNDLE.read_text(encoding="utf-8"))
    administration = next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "MedicationAdministration"
    )
    administration["performer"][0]["actor"] = {"display": "mother of Willa Testcase"}
    audit = judge(read_chart(json.dumps(bundle).encode(), "chart"), "chart")
    hidden, shown = json.dumps(document(audit)), json.dumps(document(audit, phi=True))
    for word in ("Willa", "Testcase", "Consent on file", "Allergies reviewed"):
        assert word not in hidden
    assert "Testcase" in shown
    assert "Consent on file" in shown


def test_the_page_shows_the_note_marked(run: Run, tmp_path: Path) -> None:
    note = written(tmp_path, COMPLETE.replace("Pernicious", "<b>Pernicious</b> & "))
    assert run("audit", note, "--format", "html", "-o", "audit.html").code == 0
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert '<mark class="f-drug" title="1 given, drug: cyanocobalamin">Cyanocobalamin</mark>' in page
    assert "&lt;b&gt;Pernicious&lt;/b&gt;" in page
    assert "<script" not in page
    assert "http" not in page.split("</style>", 1)[1]


def test_a_folder_stands_for_its_files_and_a_dash_for_the_stream(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    written(folder, COMPLETE, "a.txt")
    written(folder, COMPLETE, "b.txt")
    assert run("audit", folder).out.count("1 injection of this visit") == 2
    assert run("audit", tmp_path / "notes", "-o", folder / "a.txt").code == 2


def test_an_encounter_document_is_audited_without_a_note(run: Run) -> None:
    path = ROOT / "tests" / "fixtures" / "charts" / "ketorolac.encounter.json"
    found = json.loads(run("audit", path, "--format", "json").out)
    missing = [row["item"] for row in found["items"] if row["state"] != "present"]
    assert missing == ["monitoring", "separate-evaluation"]
    order = next(row for row in found["items"] if row["item"] == "order")
    assert order["evidence"] == [{"value": "o1", "resource": "o1"}]
    assert found["administrations"][0]["dose"] == {"value": "60", "resource": "#/administrations/0/dose"}
