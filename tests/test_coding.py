"""From the chart to the claim: the worked examples, what is never invented, and what a person must decide."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_runner import Run, runner
from conftest import ROOT
from guide import guide_errors
from scrubjay import check
from scrubjay.chart.coding.document import document, findings
from scrubjay.chart.coding.drugs import ndc11
from scrubjay.chart.coding.engine import Coding, code_encounter
from scrubjay.chart.model import Encounter
from scrubjay.errors import ScrubjayError
from scrubjay.io.assemble import Sourced, tables_of

sys.path.insert(0, str(ROOT / "examples"))
from build_charts import AS_OF, EXAMPLES, MEDICAID, MEDICARE, NOTES, UHC, Example, as_837

pytestmark = pytest.mark.slow

PERSONAL = {"25", "24", "57", "59", "XE", "XP", "XS", "XU", "76", "77"}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def encounter(*administrations: dict[str, Any], dx: tuple[str, ...] = ("M54.50",), **more: Any) -> Encounter:
    payer = more.pop("payer", MEDICARE)
    visit = more.pop("visit", None)
    base = EXAMPLES[0].document()
    base |= {
        "coverage": [{**payer, "member_id": "1FD0AA1AA10"}],
        "diagnoses": [{"code": code} for code in dx],
        "administrations": [{"status": "given", **one} for one in administrations],
        **more,
    }
    if visit:
        base["encounter"] = {**base["encounter"], "visit": visit}
    return Encounter.model_validate(base).located()


def coded(*administrations: dict[str, Any], **more: Any) -> Coding:
    accept = more.pop("accept", ())
    return code_encounter(encounter(*administrations, **more), as_of=AS_OF, accept=accept)


def shown(coding: Coding) -> list[str]:
    assert coding.claim is not None
    return [f"{'-'.join([line.code, *line.modifiers])} x{line.units}" for line in coding.claim.lines]


def drug(name: str, dose: str, unit: str, route: str, **more: Any) -> dict[str, Any]:
    return {"drug": name, "dose": dose, "unit": unit, "route": route, **more}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_worked_example_is_clean_and_its_broken_twin_is_denied(example: Example) -> None:
    coding = example.coding()
    assert coding.claim is not None
    assert tuple(line.code for line in coding.claim.lines) == example.codes
    assert coding.missing == []
    data = as_837(coding.claim)
    assert not guide_errors(data)
    clean = check(data, as_of=AS_OF)
    assert not [row for row in clean.findings.to_dicts() if row["level"] == "deny"]
    twin, _ = tables_of([Sourced(example.broken(coding.claim))], 0, 0, 0)
    denied = [row["edit"] for row in check(twin, as_of=AS_OF).findings.to_dicts() if row["level"] == "deny"]
    assert denied == [example.edit]


def test_the_examples_are_as_the_script_writes_them() -> None:
    for example in EXAMPLES:
        folder = ROOT / "examples" / "charts"
        assert json.loads((folder / f"{example.name}.json").read_text()) == example.document()
        claim = example.coding().claim
        assert claim is not None
        assert (folder / f"{example.name}.837").read_bytes() == as_837(claim)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_document_has_the_shape_of_the_contract(example: Example) -> None:
    data = document(code_encounter(Encounter.model_validate(example.document()).located(), as_of=AS_OF))
    json.dumps(data)
    assert data["schema"] == "scrubjay.coding/1"
    for line in data["lines"]:
        assert {"code", "modifiers", "units", "charge", "diagnoses", "ndc", "narrative", "why", "evidence"} <= set(line)
        assert not PERSONAL & set(line["modifiers"])
        assert line["evidence"] or not line["ndc"]
        assert line["ndc"] is None or set(line["ndc"]) == {"ndc11", "quantity", "unit"}
    for proposal in data["proposals"]:
        assert data["lines"][proposal["line"] - 1]["code"] == proposal["code"]
        assert proposal["evidence"] or not proposal["supported"]
    patient = example.patient
    assert patient[0] not in json.dumps({**data, "lines": []})


def test_what_is_proposed_is_what_the_edits_judge() -> None:
    example = next(example for example in EXAMPLES if example.name == "gonorrhea")
    proposed = code_encounter(Encounter.model_validate(example.document()).located(), as_of=AS_OF)
    assert [row["edit"] for row in findings(proposed) if row["level"] == "deny"] == ["EM01"]
    (visit,) = [p for p in proposed.proposals if p.modifier == "25"]
    assert (visit.line, visit.code, visit.supported) == (1, "99213", True)
    assert not [row for row in findings(example.coding()) if row["level"] == "deny"]


def test_25_without_words_for_a_separate_evaluation_is_not_supported() -> None:
    coding = coded(
        drug("ketorolac", "30", "mg", "IM", ndc="00409379501", waste="0"),
        visit={"code": "99213", "diagnoses": ["M54.50"]},
    )
    (visit,) = [p for p in coding.proposals if p.modifier == "25"]
    assert not visit.supported
    assert visit.missing
    assert shown(coding)[0] == "99213 x1"


def test_a_confirmation_of_what_was_not_proposed_is_refused() -> None:
    with pytest.raises(ScrubjayError, match="25@1 was not proposed"):
        coded(drug("cyanocobalamin", "1000", "mcg", "IM"), accept=[(1, "25")])


def test_a_nurse_visit_is_inside_the_injection() -> None:
    coding = coded(drug("cyanocobalamin", "1000", "mcg", "IM"), visit={"code": "99211"})
    assert "99211" not in [draft.code for draft in coding.drafts]
    assert ("99211", "its work is part of giving the drug; no modifier separates the two") in coding.rejected


MATRIX = [
    (drug("cyanocobalamin", "1000", "mcg", "SC"), ("D51.0",), MEDICARE, ["96372", "J3420"]),
    (drug("HyperHEP B", "5", "mL", "IM"), ("Z20.5",), MEDICARE, ["96372", "90371"]),
    (drug("palivizumab", "100", "mg", "IM"), ("Z29.11",), MEDICAID, ["96372", "90378"]),
    (drug("nirsevimab", "50", "mg", "IM"), ("Z29.11",), MEDICAID, ["96381", "90380"]),
    (drug("nirsevimab", "100", "mg", "IM"), ("Z29.11",), MEDICAID, ["96381", "90381"]),
    (drug("Tdap", "0.5", "mL", "IM"), ("Z23",), MEDICARE, ["90471", "90715"]),
    (drug("Fluzone High-Dose", "0.5", "mL", "IM"), ("Z23",), UHC, ["90471", "90662"]),
    (drug("Prevnar 20", "0.5", "mL", "IM"), ("Z23",), MEDICARE, ["G0009", "90677"]),
    (drug("Heplisav-B", "0.5", "mL", "IM"), ("Z23",), MEDICARE, ["G0010", "90739"]),
    ({"drug": "covid-19 vaccine", "cvx": "312", "route": "IM"}, ("Z23",), MEDICARE, ["90480", "91322"]),
    (drug("Apretude", "600", "mg", "IM"), ("Z29.81",), MEDICARE, ["G0012", "J0739"]),
    (drug("Apretude", "600", "mg", "IM"), ("Z29.81",), UHC, ["96372", "J0739"]),
    (drug("Cabenuva", "400", "mg", "IM"), ("B20",), MEDICARE, ["96372", "J0741"]),
    (drug("methotrexate", "15", "mg", "SC"), ("M06.9",), UHC, ["96401", "J9260"]),
    (drug("fulvestrant", "500", "mg", "IM"), ("C50.911",), MEDICARE, ["96402", "J9395"]),
    (drug("triptorelin", "11.25", "mg", "IM"), ("E30.1",), UHC, ["96372", "J3315"]),
    (drug("Nucala", "100", "mg", "SC"), ("J45.50",), MEDICARE, ["96372", "J2182"]),
    (drug("Neulasta Onpro on-body", "6", "mg", "SC", ndc="55513019201"), ("D70.1",), MEDICARE, ["96377", "J2506"]),
    (drug("Kenalog", "40", "mg", "intra-articular", site="knee"), ("M17.11",), MEDICARE, ["20610", "J3301"]),
    (drug("Kenalog", "10", "mg", "intra-articular", site="wrist"), ("M19.031",), MEDICARE, ["20605", "J3301"]),
    (drug("Kenalog", "10", "mg", "intra-articular", site="right thumb"), ("M18.11",), MEDICARE, ["20600", "J3301"]),
    (drug("Kenalog", "10", "mg", "intralesional", lesions="3"), ("L91.0",), MEDICARE, ["11900", "J3301"]),
    (drug("ketorolac", "30", "mg", "IV-push"), ("M54.50",), MEDICARE, ["96374", "J1885"]),
    (drug("heparin", "5000", "units", "IA"), ("I74.3",), MEDICARE, ["96373", "J1644"]),
    ({"drug": "tuberculin", "route": "intradermal"}, ("Z11.1",), MEDICARE, ["86580"]),
    ({"drug": "allergen extract", "route": "SC"}, ("J30.1",), MEDICARE, ["95115"]),
]


@pytest.mark.parametrize(("given", "dx", "payer", "codes"), MATRIX, ids=lambda value: str(value)[:40])
def test_the_administration_follows_substance_route_and_payer(
    given: dict[str, Any], dx: tuple[str, ...], payer: dict[str, str], codes: list[str]
) -> None:
    coding = coded(given, dx=dx, payer=payer)
    assert [draft.code for draft in coding.drafts] == codes


def test_before_its_own_codes_an_rsv_antibody_was_given_under_96372() -> None:
    base = encounter(drug("nirsevimab", "50", "mg", "IM"), dx=("Z29.11",), payer=MEDICAID)
    base.encounter.date = date(2023, 9, 1)
    assert code_encounter(base, as_of=date(2023, 9, 30)).drafts[0].code == "96372"


def test_one_first_service_into_a_vein_and_hours_by_their_halves() -> None:
    coding = coded(
        drug("diphenhydramine", "25", "mg", "IV-push", time="08:50"),
        drug("infliximab", "300", "mg", "IV", start="09:00", stop="11:30"),
        drug("methylprednisolone sodium succinate", "125", "mg", "IV", start="11:35", stop="11:55"),
        drug("ondansetron", "4", "mg", "IV", start="12:00", stop="12:10"),
    )
    services = [f"{d.code} x{d.units}" for d in coding.drafts if d.code.startswith("963")]
    assert services == ["96365 x1", "96366 x1", "96367 x1", "96375 x1", "96375 x1"]


def test_a_concurrent_infusion_is_reported_once() -> None:
    coding = coded(
        drug("infliximab", "300", "mg", "IV", start="09:00", stop="10:00"),
        drug("magnesium sulfate", "1", "g", "IV", start="09:10", stop="09:50"),
        drug("ondansetron", "4", "mg", "IV", start="09:15", stop="09:45"),
    )
    assert [d.code for d in coding.drafts if d.code.startswith("963")] == ["96365", "96368"]
    assert any(code == "96368" for code, _ in coding.rejected)


def test_an_infusion_without_times_is_a_question() -> None:
    coding = coded(drug("infliximab", "300", "mg", "IV"))
    assert any("start and stop of the infusion" in word for word in coding.missing)
    assert not [d for d in coding.drafts if d.code.startswith("963")]


@pytest.mark.parametrize(
    ("given", "units"),
    [
        (drug("ketorolac", "60", "mg", "IM"), 4),
        (drug("ketorolac", "20", "mg", "IM"), 2),
        (drug("ceftriaxone", "1", "g", "IM"), 4),
        (drug("Bicillin L-A", "2.4", "million units", "IM"), 24),
        (drug("cyanocobalamin", "500", "mcg", "IM"), 1),
        (drug("hydroxocobalamin", "1", "mg", "IM"), 100),
        (drug("naloxone", "0.4", "mg", "IM"), 40),
        (drug("Kenalog", "1", "mL", "IM", strength="40 mg/mL"), 4),
        (drug("Sublocade", "300", "mg", "SC"), 1),
    ],
)
def test_units_come_from_the_dose(given: dict[str, Any], units: int) -> None:
    line = next(draft for draft in coded(given).drafts if not draft.code.startswith("96"))
    assert line.units == Decimal(units)
    assert line.why


def test_codes_follow_the_date_of_service() -> None:
    base = encounter(drug("Depo-Medrol", "40", "mg", "IM"))
    base.encounter.date = date(2024, 3, 1)
    coding = code_encounter(base, as_of=date(2024, 3, 20))
    assert any("which product" in word and "J1030" in word for word in coding.missing)
    base.encounter.date = date(2024, 4, 1)
    assert code_encounter(base, as_of=date(2024, 4, 20)).drafts[1].code == "J1010"


def test_waste_of_a_single_dose_vial_stands_on_its_own_line() -> None:
    given = drug("ceftriaxone", "750", "mg", "IM", ndc="00409733201", waste="250", waste_unit="mg")
    assert shown(coded(given)) == ["96372 x1", "J0696 x3", "J0696-JW x1"]
    less = drug("promethazine", "25", "mg", "IM", container="ampule", waste="25", waste_unit="mg")
    assert shown(coded(less)) == ["96372 x1", "J2550-JZ x1"]
    unknown = coded(drug("ketorolac", "20", "mg", "IM", ndc="00409379501"))
    assert shown(unknown) == ["96372 x1", "J1885-JZ x2"]
    silent = coded(drug("ketorolac", "15", "mg", "IM", ndc="00409379501"))
    assert shown(silent)[1] == "J1885 x1"
    assert any("discarded" in word for word in silent.missing)
    assert shown(coded(given, payer=UHC)) == ["96372 x1", "J0696 x3", "J0696-JW x1"] or coded(given, payer=UHC).drafts


def test_one_syringe_is_one_injection_and_two_drugs_are_two() -> None:
    apart = coded(
        drug("ketorolac", "30", "mg", "IM", site="gluteal"),
        drug("promethazine", "25", "mg", "IM", site="deltoid"),
    )
    assert shown(apart)[0] == "96372 x2"
    together = coded(drug("ketorolac", "30", "mg", "IM"), drug("hydroxyzine", "25", "mg", "IM", same_syringe=0))
    assert shown(together)[0] == "96372 x1"


def test_a_joint_and_an_injection_elsewhere_are_a_question_for_a_person() -> None:
    coding = coded(
        drug(
            "Depo-Medrol", "40", "mg", "intra-articular", site="knee", laterality="right", ndc="00009307301", waste="0"
        ),
        drug("ketorolac", "30", "mg", "IM", site="gluteal", laterality="left", ndc="00409379501", waste="0"),
        dx=("M17.11",),
    )
    (question,) = [p for p in coding.proposals if p.modifier in PERSONAL]
    assert (question.code, question.modifier, question.supported) == ("96372", "XS", True)
    assert {item["value"] for item in question.evidence} == {"knee", "right", "gluteal", "left"}
    assert [row["edit"] for row in findings(coding) if row["level"] == "deny"] == ["PRC01"]


def test_a_supplied_drug_is_billed_as_the_payer_wants() -> None:
    given = drug("cyanocobalamin", "1000", "mcg", "IM", patient_supplied="yes")
    cent = coded(given)
    assert (cent.drafts[1].charge, cent.drafts[1].narrative) == (
        Decimal("0.01"),
        "CYANOCOBALAMIN 1000 MCG IM SUPPLIED BY PATIENT",
    )
    note = coded(given, payer=UHC)
    assert [draft.code for draft in note.drafts] == ["96372"]
    assert note.drafts[0].note == "CYANOCOBALAMIN 1000 MCG IM SUPPLIED BY PATIENT"


def test_a_drug_without_a_code_is_unclassified_with_its_words() -> None:
    coding = coded(drug("semaglutide", "0.25", "mg", "SC"), dx=("E11.9",))
    line = coding.drafts[1]
    assert (line.code, line.units, line.narrative) == ("J3490", 1, "SEMAGLUTIDE 0.25 MG SC")


@pytest.mark.parametrize("status", ["planned", "declined", "historical", "hypothetical", "elsewhere"])
def test_what_was_not_given_is_not_billed(status: str) -> None:
    coding = coded({**drug("ketorolac", "30", "mg", "IM"), "status": status})
    assert coding.drafts == []
    assert ("J1885", f"ketorolac: {status}, not given at this visit") in coding.rejected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"drug": "ketorolac", "route": "IM"}, "the dose of ketorolac"),
        ({"drug": "ketorolac", "dose": "30", "unit": "mg"}, "the route of ketorolac"),
        (drug("methylprednisolone", "40", "mg", "IM"), "which product of methylprednisolone"),
        (drug("denosumab", "60", "mg", "SC"), "which product of denosumab"),
        ({"dose": "1", "unit": "mL", "route": "IM"}, "the drug: the chart names none"),
        (drug("Kenalog", "1", "mL", "IM"), "the dose of Kenalog in mg"),
        (drug("Kenalog", "40", "mg", "intra-articular"), "the joint or bursa"),
        (drug("Botox", "100", "units", "IM"), "the part of the body"),
    ],
)
def test_what_the_chart_does_not_say_is_missing_and_never_filled_in(given: dict[str, Any], words: str) -> None:
    coding = coded(given)
    assert any(word.startswith(words) for word in coding.missing), coding.missing
    for draft in coding.drafts:
        assert draft.units is not None or any("dose" in word for word in coding.missing)


def test_a_diagnosis_is_linked_only_where_the_chart_links_it() -> None:
    coding = coded(drug("ketorolac", "30", "mg", "IM"), dx=("M54.50", "I10"))
    assert coding.drafts[0].diagnoses == []
    assert "which diagnosis ketorolac was given for" in coding.missing
    linked = coded(drug("ketorolac", "30", "mg", "IM", diagnosis="M54.50"), dx=("I10", "M54.50"))
    assert linked.drafts[0].diagnoses == ["M54.50"]
    assert linked.claim is not None
    assert linked.claim.lines[0].pointers == ("2",)


def test_the_command_writes_text_json_and_a_claim(run: Run, tmp_path: Path) -> None:
    chart = ROOT / "examples" / "charts" / "gonorrhea.json"
    ran = run("code", chart, "--as-of", "2026-03-20")
    assert ran.code == 1
    assert "25 on line 1 (99213): supported" in ran.out
    assert "EM01 deny line 1" in ran.out
    ran = run(
        "code",
        chart,
        "--as-of",
        "2026-03-20",
        "--accept",
        "25@1",
        "--to",
        "837p",
        "-o",
        "claim.837",
        "--format",
        "json",
    )
    assert ran.code == 0
    assert json.loads(ran.out)["proposals"][-1]["accepted"]
    assert run("check", "claim.837", "--as-of", "2026-03-20", "--allow-incomplete").code == 0
    for to in ("fhir", "cms1500"):
        assert run("code", chart, "--as-of", "2026-03-20", "--to", to, "-o", "claim.out", "--accept", "25@1").code == 0
        assert run("check", "claim.out", "--as-of", "2026-03-20", "--allow-incomplete").code == 0


@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_coded_as_its_encounter_is(name: str, run: Run, tmp_path: Path) -> None:
    pytest.importorskip("negspacy", reason="the chart extra is not installed: notes are not read")
    chart, note = (ROOT / "examples" / "charts" / f"{name}.{kind}" for kind in ("json", "txt"))
    ran = run("code", note, "--with", chart, "--as-of", "2026-03-20", "--format", "json", "--phi")
    assert ran.code == (1 if name == "gonorrhea" else 0), ran.err
    data = json.loads(ran.out)
    whole = json.loads(run("code", chart, "--as-of", "2026-03-20", "--format", "json").out)
    for field in ("code", "modifiers", "units", "charge", "ndc", "diagnoses"):
        assert [line[field] for line in data["lines"]] == [line[field] for line in whole["lines"]]
    text = note.read_text()
    for line in data["lines"]:
        for item in (item for item in line["evidence"] if "start" in item):
            assert text[item["start"] : item["end"]] == item["text"]


def test_sentences_of_a_note_are_masked_unless_they_are_asked_for() -> None:
    words = {"value": "yes", "text": "separate evaluation of Ada Feather", "start": 0, "end": 34}
    given = drug("ketorolac", "30", "mg", "IM", ndc="00409379501", waste="0")
    visit = {"code": "99213", "diagnoses": ["M54.50"], "separate_evaluation": words}
    coding = coded(given, visit=visit)
    assert "Ada" not in json.dumps(document(coding))
    assert "Ada" in json.dumps(document(coding, phi=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ('{"schema": "scrubjay.claims/1"}', "neither FHIR nor an encounter document"),
        ('{"schema": "scrubjay.encounter/1", "colour": "red"}', "colour"),
        ("  \n", "is empty"),
    ],
)
def test_what_is_no_chart_is_refused_in_one_line(text: str, words: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "chart").write_text(text)
    ran = run("code", "chart")
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_claim_is_never_written_to_the_screen(run: Run) -> None:
    ran = run("code", ROOT / "examples" / "charts" / "b12.json", "--to", "837p")
    assert ran.code == 2
    assert "-o" in ran.err


def bundle(*resources: dict[str, Any]) -> str:
    entries = [{"fullUrl": f"urn:uuid:{r['id']}", "resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


FHIR_CHART = (
    {"resourceType": "Patient", "id": "p", "name": [{"family": "FEATHER", "given": ["ADA"]}], "gender": "female",
     "birthDate": "1951-04-11", "address": [{"line": ["100 MAIN ST"], "city": "SPRINGFIELD", "state": "WA",
     "postalCode": "98101"}]},
    {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/p"},
     "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
     "period": {"start": "2026-03-02T09:00:00-08:00", "end": "2026-03-02T09:20:00-08:00"}},
    {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"},
     "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "D51.0"}]}},
    {"resourceType": "MedicationAdministration", "id": "m", "status": "completed", "subject": {"reference": "Patient/p"},
     "context": {"reference": "Encounter/e"}, "effectiveDateTime": "2026-03-02T09:10:00-08:00",
     "medicationCodeableConcept": {"text": "cyanocobalamin",
     "coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "00143962010"}]},
     "dosage": {"route": {"coding": [{"system": "http://snomed.info/sct", "code": "78421000"}]},
     "dose": {"value": 1000, "unit": "mcg"}}},
)  # fmt: skip


def test_a_fhir_chart_is_coded_in_the_frame_of_its_practice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "chart.json").write_text(bundle(*FHIR_CHART))
    frame = ROOT / "examples" / "charts" / "b12.json"
    ran = run("code", "chart.json", "--with", frame, "--as-of", "2026-03-20", "--format", "json")
    data = json.loads(ran.out)
    assert [(line["code"], line["units"]) for line in data["lines"]] == [("96372", "1"), ("J3420", "1")]
    assert data["lines"][1]["ndc"] == {"ndc11": "00143962010", "quantity": "1", "unit": "ML"}
    assert data["lines"][1]["evidence"][0]["resource"].startswith("MedicationAdministration")


WORDS = ["ketorolac", "Depo-Medrol", "Fluzone High-Dose", "apretude", "infliximab", "denosumab", "sterile water",
         "methotrexate", "Cabenuva", "lidocaine", "something unheard of", "tuberculin", "nirsevimab", None]  # fmt: skip
ROUTES = ["IM", "SC", "IV", "IV-push", "IA", "intra-articular", "intradermal", "oral", "by magic", None]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "drug": st.sampled_from(WORDS),
                "dose": st.sampled_from([None, "0", "0.001", "1", "40", "1000", "99999999"]),
                "unit": st.sampled_from([None, "mg", "mcg", "g", "units", "million units", "mL", "puffs"]),
                "route": st.sampled_from(ROUTES),
                "site": st.sampled_from([None, "knee", "deltoid", "left"]),
                "waste": st.sampled_from([None, "0", "0.4", "25"]),
                "ndc": st.sampled_from([None, "00409379501", "00009307301", "99999999999", "0143-9620-10"]),
                "start": st.sampled_from([None, "09:00", "23:50"]),
                "stop": st.sampled_from([None, "09:31", "00:20"]),
                "status": st.sampled_from(["given", "given", "planned"]),
            }
        ),
        max_size=4,
    ),
    st.sampled_from([(), ("M54.50",), ("M54.50", "C61")]),
    st.sampled_from([MEDICARE, MEDICAID, UHC, {}]),
)
@settings(max_examples=20)
def test_no_chart_breaks_it_and_nothing_is_made_up(
    administrations: list[dict[str, Any]], dx: tuple[str, ...], payer: dict[str, str]
) -> None:
    coding = coded(*administrations, dx=dx, payer=payer)
    data = document(coding)
    stated = {ndc11(draft["ndc"]) for draft in administrations if draft["ndc"]}
    for line in data["lines"]:
        assert not PERSONAL & set(line["modifiers"])
        assert line["units"] is None or Decimal(line["units"]) >= 0
        assert line["units"] is not None or data["missing"]
        assert set(line["diagnoses"]) <= set(dx)
        assert line["ndc"] is None or line["ndc"]["ndc11"] in stated
    if not any(one["status"] == "given" for one in administrations):
        assert data["lines"] == []


def test_a_clinician_called_sample_gives_no_free_samples() -> None:
    text = "Ordered by Robin Sample, MD. Ketorolac 30 mg IM given by P. Sample, RN from a single-dose vial."
    at = text.index("Ketorolac")
    name = {"value": "ketorolac", "text": "Ketorolac", "start": at, "end": at + 9}
    given = {**drug("", "30", "mg", "IM", ndc="00409379501", waste="0"), "drug": name, "note": 0}
    assert coded(given, notes=[{"text": text}]).drafts[1].charge == Decimal("24.00")
    told = text.replace("single-dose vial", "free sample vial")
    assert coded(given, notes=[{"text": told}]).drafts[1].charge == Decimal("0.01")
