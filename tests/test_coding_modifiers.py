"""Modifiers: what the chart supports stands on the line or is proposed with its evidence, the rest is named as undecided."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from scrubjay.chart.coding.document import findings
from scrubjay.chart.coding.engine import Coding, code_encounter
from scrubjay.chart.tables import rows
from scrubjay.checker import shared_references
from scrubjay.policy import load
from test_coding import AS_OF, MEDICARE, coded, drug, encounter
from test_coding_table import BY_MD, CHILD, COMMERCIAL, UHC, VIAL, denials, knee, question, reasons, services, vaccine

pytestmark = pytest.mark.slow

IM = drug("ketorolac", "30", "mg", "IM", site="deltoid", laterality="left", ndc="00409379501", waste="0", order="yes")


def spread(cell: str) -> list[str]:
    """Return the modifiers of a cell: ``F1-F4`` is four."""
    low, dash, high = cell.partition("-")
    return [f"{low[0]}{digit}" for digit in range(int(low[1]), int(high[1]) + 1)] if dash else [low]


TREATED = {modifier: row["treatment"] for row in rows("modifiers") for modifier in spread(row["modifier"])}

SCENARIOS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "25": ([IM], {"visit": {"code": "99213", "separate_evaluation": "new cough, chest examined, film ordered"}}),
    "59": ([knee(laterality=None), drug("ketorolac", "30", "mg", "IM", **VIAL)], {}),
    "XS": ([knee(), IM], {}),
    "XU": ([IM, drug("ondansetron", "4", "mg", "IV-push", order="yes", **VIAL)], {}),
    "50": ([knee(), knee(laterality="left")], {}),
    "LT": ([knee(laterality="left")], {}),
    "RT": ([knee()], {}),
    "FA": ([knee(site="left thumb", laterality="left")], {}),
    "F1-F4": ([knee(site="ring finger", laterality="left")], {}),
    "F5-F9": ([knee(site="right thumb")], {}),
    "TA": ([knee(site="great toe", laterality="left")], {}),
    "T1-T4": ([knee(site="second toe", laterality="left")], {}),
    "T5-T9": ([knee(site="great toe")], {}),
    "JW": (
        [drug("Botox", "155", "units", "IM", site="head and neck", diagnosis="G43.709", container="vial", waste="45")],
        {},
    ),
    "JZ": ([IM], {}),
    "JA": ([drug("abatacept", "500", "mg", "IV", code="J0129", start="09:00", stop="09:30", **VIAL)], {}),
    "JB": ([drug("abatacept", "125", "mg", "SC", code="J0129", **VIAL)], {}),
}


def proposed(coding: Coding) -> set[str]:
    """Return the modifiers on the lines and those to decide."""
    return {mod for draft in coding.drafts for mod in draft.modifiers} | {one.modifier for one in coding.proposals}


@pytest.fixture(scope="module")
def scenarios() -> dict[str, Coding]:
    return {
        name: coded(*given, dx=("G43.709",) if name == "JW" else ("M17.11",), **more)
        for name, (given, more) in SCENARIOS.items()
    }


def test_what_the_table_says_is_proposed_is_proposed_and_what_is_undecided_never(scenarios: dict[str, Coding]) -> None:
    treatments = {row["modifier"]: row["treatment"] for row in rows("modifiers")}
    assert set(SCENARIOS) == {modifier for modifier, treatment in treatments.items() if treatment != "undecided"}
    for name, coding in scenarios.items():
        found = proposed(coding)
        assert found & set(spread(name)), (name, found)
        assert all(TREATED[modifier] != "undecided" for modifier in found), (name, found)
        for draft in coding.drafts:
            assert all(TREATED[modifier] == "line" for modifier in draft.modifiers), (name, draft.code)
        for proposal in coding.proposals:
            assert proposal.evidence or not proposal.supported


def test_the_table_names_every_modifier_of_the_references_and_of_the_catalogue(shared: Callable[[str], Path]) -> None:
    groups = shared_references().frame("mod_groups")
    assert set(groups.filter(groups["group"] == "NCCI")["modifier"]) <= set(TREATED)
    text = shared("domain/injection-edits.md").read_text()
    table = text[text.index("## 16.") : text.index("| situation on one date")]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][1:]
    for word in re.findall(r"\b[A-Z0-9]{2}(?:-[A-Z]\d)?\b", " ".join(cells)):
        assert set(spread(word)) <= set(TREATED), word


def test_the_page_says_what_the_table_says() -> None:
    page = (ROOT / "docs" / "coding.md").read_text()
    words = {"person": "to decide", "line": "on the line", "undecided": "not decided"}
    for row in rows("modifiers"):
        assert f"| {row['modifier']} | {words[row['treatment']]} | {row['what']} |" in page


def test_both_sides_follow_the_policy() -> None:
    one = coded(knee(), knee(laterality="left"), dx=("M17.0",))
    (line,) = [draft for draft in one.drafts if draft.code == "20610"]
    assert (line.modifiers, line.units, str(line.charge)) == (["50"], 1, "240.00")
    assert "this policy follows" in line.why[-1]
    assert not denials(one)
    folder = load()
    assert folder.switch("medicare", "bilateral", AS_OF) == "one-line"


def test_a_line_for_each_side_where_a_policy_wants_it(tmp_path: Path) -> None:
    (tmp_path / "scrubjay.toml").write_text(
        '[[switch]]\nname = "bilateral"\nvalue = "two-lines"\npayer = "medicare"\nreason = "asked for"\nsource = "manual: own"\n'
    )
    policies = load([tmp_path / "scrubjay.toml"])
    coding = code_encounter(encounter(knee(), knee(laterality="left"), dx=("M17.0",)), as_of=AS_OF, policy_set=policies)
    assert services(coding) == ["20610-LT x1", "20610-RT x1"]
    assert not denials(coding)


def test_two_joints_of_one_side_are_units_and_of_two_sides_are_lines() -> None:
    same = coded(knee(), knee(site="shoulder"), dx=("M17.11",))
    assert services(same) == ["20610-RT x2"]
    assert not denials(same)
    apart = coded(knee(), knee(site="shoulder", laterality="left"), dx=("M17.11",))
    assert services(apart) == ["20610-RT x1", "20610-LT x1"]
    assert "50" not in proposed(apart)
    assert not denials(apart)


def test_a_side_that_would_open_a_pair_is_left_to_a_person() -> None:
    coding = coded(knee(), IM, dx=("M17.11",))
    assert services(coding) == ["20610 x1", "96372 x1"]
    (side,) = [one for one in coding.proposals if one.modifier == "RT"]
    assert "open their pair" in side.missing[0]
    assert denials(coding) == ["PRC01"]
    joined = coded(knee(), IM, dx=("M17.11",), accept=[(1, "RT"), (3, "XS")])
    assert joined.claim is not None
    assert [line.modifiers for line in joined.claim.lines if line.code in ("20610", "96372")] == [("RT",), ("XS",)]
    assert not denials(joined)


def test_no_side_stands_on_an_injection_into_muscle() -> None:
    coding = coded(IM, dx=("M54.50",))
    assert services(coding) == ["96372 x1"]
    assert not {"LT", "RT", "50"} & proposed(coding)


def test_a_code_that_holds_both_sides_takes_none() -> None:
    coding = coded(drug("Botox", "155", "units", "IM", site="head and neck", laterality="bilateral", diagnosis="G43.709",
                        container="vial", waste="45"), dx=("G43.709",))  # fmt: skip
    assert services(coding) == ["64615 x1"]


def test_xu_needs_both_orders() -> None:
    with_orders = coded(*SCENARIOS["XU"][0], dx=("R11.2",))
    (one,) = [p for p in with_orders.proposals if p.code == "96372"]
    assert (one.modifier, one.supported) == ("XU", True)
    assert {item["field"] for item in one.evidence} == {"drug", "route", "order"}
    silent = coded({**IM, "order": None}, SCENARIOS["XU"][0][1], dx=("R11.2",))
    (one,) = [p for p in silent.proposals if p.code == "96372"]
    assert (one.modifier, one.supported) == ("59", False)
    assert "ordered apart" in one.missing[0]


MMR = vaccine("MMR", "SC", ndc="00006468101")


@pytest.mark.parametrize(
    ("counsel", "more", "code", "why", "asked"),
    [
        (BY_MD, CHILD, "90460", "", ""),
        ({}, CHILD, "90471", "no counselling by a physician", ""),
        ({"counselling": "no"}, CHILD, "90471", "there was no counselling", ""),
        ({"counselling": "yes", "counsellor_credential": "RN"}, CHILD, "90471", "was by RN", ""),
        ({"counselling": "yes"}, CHILD, "90471", "not that a physician", "the credential of who counselled"),
        ({**BY_MD, "counsellor_credential": "PA"}, CHILD, "90460", "", ""),
        (BY_MD, {"patient": {"birth_date": "2007-03-02"}}, "90471", "end at 18 years", ""),
        (BY_MD, {"patient": {"birth_date": "2007-03-03"}}, "90460", "", ""),
        (BY_MD, {"patient": {"last_name": "X"}}, "90471", "birth date is not known", "the birth date"),
        ({"counselling": "yes"}, {"patient": {"birth_date": "1970-01-01"}}, "90471", "end at 18 years", ""),
    ],
)
def test_counselling_is_by_whom_and_for_whom_or_it_is_none(
    counsel: dict[str, str], more: dict[str, Any], code: str, why: str, asked: str
) -> None:
    coding = coded({**MMR, **counsel}, dx=("Z23",), payer=UHC, **more)
    assert coding.drafts[0].code == code
    other = {"90460": "90471", "90471": "90460"}[code]
    assert any(why in reason for reason in reasons(coding, other))
    assert bool(question(coding, asked)) if asked else not [w for w in coding.missing if "counsel" in w or "birth" in w]


def test_one_family_of_vaccine_codes_a_day() -> None:
    mixed = coded({**MMR, **BY_MD}, vaccine("varivax", "SC", ndc="00006482701"), dx=("Z23",), payer=UHC, **CHILD)
    assert services(mixed) == ["90471 x1", "90472 x1"]
    assert any("none is documented for varivax" in why for why in reasons(mixed, "90460"))
    assert not [row for row in findings(mixed) if row["edit"] == "VAX11"]
    beside = coded(
        {**MMR, **BY_MD},
        {"drug": "covid-19 vaccine", "cvx": "312", "route": "IM"},
        dx=("Z23",),
        payer=MEDICARE,
        **CHILD,
    )
    assert services(beside) == ["90460 x1", "90461 x2", "90480 x1"]


def test_components_that_no_table_holds_are_asked_or_stated() -> None:
    unknown = {"drug": "Penbraya", "code": "90623", "dose": "0.5", "unit": "mL", "route": "IM", **BY_MD}
    assert "the number of components" in question(coded(unknown, dx=("Z23",), payer=UHC, **CHILD), "components")
    stated = coded({**unknown, "components": "2"}, dx=("Z23",), payer=UHC, **CHILD)
    assert services(stated) == ["90460 x1", "90461 x1"]


EPIDURAL = drug("Depo-Medrol", "80", "mg", "epidural", site="lumbar spine", **VIAL)


def test_the_one_candidate_that_the_chart_codes_is_the_code() -> None:
    coded_so = coded(EPIDURAL, dx=("M54.16",), procedures=[{"code": "62323", "status": "done"}])
    assert services(coded_so) == ["62323 x1"]
    assert not question(coded_so, "the approach")
    planned = coded(EPIDURAL, dx=("M54.16",), procedures=[{"code": "62323", "status": "planned"}])
    assert services(planned) == []
    assert question(planned, "the approach")


def test_a_coded_procedure_against_the_facts_is_a_question_and_no_second_line() -> None:
    against = coded(knee(), dx=("M17.11",), procedures=[{"code": "20611", "status": "done"}])
    assert services(against) == ["20610-RT x1"]
    assert "the chart codes 20611, its facts say 20610" in question(against, "20611")
    beside = coded(knee(), dx=("M17.11",), procedures=[{"code": "20605", "status": "done", "laterality": "left"}])
    assert services(beside) == ["20605-LT x1", "20610-RT x1"]


def test_a_coded_procedure_takes_its_side() -> None:
    alone = coded(
        procedures=[{"code": "20610", "status": "done", "laterality": "bilateral", "id": "Procedure/1"}], dx=("M17.0",)
    )
    (line,) = alone.drafts
    assert (line.modifiers, str(line.charge)) == (["50"], "240.00")
    assert alone.proposals[0].evidence[0]["resource"] == "Procedure/1"


def test_migraine_is_head_and_neck_and_a_neck_alone_decides_nothing() -> None:
    botox = {"diagnosis": "G43.709", "container": "vial", "waste": "45"}
    face = coded(drug("Botox", "155", "units", "IM", site="face", **botox), dx=("G43.709",))
    assert services(face) == ["64615 x1"]
    neck = coded(drug("Botox", "155", "units", "IM", site="neck", **botox), dx=("G43.709",))
    assert services(neck) == []
    dystonia = coded(
        drug(
            "Botox",
            "100",
            "units",
            "IM",
            site="neck",
            laterality="left",
            **{**botox, "diagnosis": "G24.3", "waste": "0"},
        ),
        dx=("G24.3",),
    )
    assert services(dystonia) == ["64616-LT x1"]


def test_a_push_of_forty_minutes_is_a_question() -> None:
    coding = coded(drug("ondansetron", "4", "mg", "IV-push", start="09:00", stop="09:40", **VIAL), dx=("R11.2",))
    assert services(coding) == []
    assert question(coding, "whether ondansetron was a push or an infusion")


def test_both_eyes_are_fifty_and_one_line_of_drug() -> None:
    eyes = [drug("Eylea", "2", "mg", "intravitreal", laterality=side, **VIAL) for side in ("left", "right")]
    coding = coded(*eyes, dx=("H35.3231",))
    assert services(coding) == ["67028-50 x1"]
    assert [(draft.code, draft.units) for draft in coding.drafts if draft.code == "J0178"] == [("J0178", 4)]


def test_25_on_a_preventive_visit_is_the_payers_wish() -> None:
    visit = {"code": "99396", "separate_evaluation": "yearly examination, counselling on diet"}
    wished = coded(IM, dx=("M54.50",), payer=COMMERCIAL, visit=visit)
    assert [(one.modifier, one.supported) for one in wished.proposals if one.code == "99396"] == [("25", True)]
    medicare = coded(IM, dx=("M54.50",), visit={**visit, "code": "G0439"})
    assert not [one for one in medicare.proposals if one.code == "G0439"]
    confirmed = coded(IM, dx=("M54.50",), payer=COMMERCIAL, visit=visit, accept=[(1, "25")])
    assert not [row for row in findings(confirmed) if row["edit"] == "EM08" and row["outcome"] == "hit"]
