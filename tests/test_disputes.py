"""Where the sources contradict each other: every position is cited, can be chosen, and finds what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import scrubjay
from cli_runner import Run, runner
from conftest import ROOT
from scrubjay import policy, policy_disputes, refdata
from scrubjay.cases import parse, to_837
from scrubjay.errors import PolicyError
from scrubjay.policy_layer import Dispute, Question
from scrubjay.policy_schema import read_disputes, read_layer
from test_policy import SOURCES

NUMBERS = range(1, 20)
QUESTIONS = [
    pytest.param(d, q, id=f"{d.number}-{k}") for d in policy_disputes.packaged() for k, q in enumerate(d.questions, 1)
]


def shown(row: dict[str, Any], name: str) -> str:
    value = {"denied": row["denied_line"]}.get(name, row.get(name))
    return ",".join(value) if isinstance(value, list) else str(value)


def matches(row: dict[str, Any], wanted: str) -> bool:
    code, *attributes = wanted.split()
    return row["edit"] == code and all(shown(row, k) == v for k, v in (a.split("=") for a in attributes))


@cache
def judged(claim: str, text: str) -> tuple[dict[str, Any], ...]:
    """Return the hits on a claim with a practice file on top."""
    (case,) = parse(claim)
    layer = read_layer("scrubjay.toml", text, user=True)
    policies = policy.merge((*policy.load().layers, layer))
    report = scrubjay.check(to_837(case), as_of=case.as_of, received=case.received, preview=True, policy_set=policies)
    return tuple(row for row in report.findings.to_dicts() if row["outcome"] == "hit")


def plain(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["edit"], row["level"], row["line"], row["denied_line"], row["message"]


def test_all_are_there() -> None:
    assert [d.number for d in policy_disputes.packaged()] == list(NUMBERS)
    policy_disputes.refuse_unknown(policy.load())


@pytest.mark.parametrize(("dispute", "question"), QUESTIONS)
def test_each_position_finds_what_it_says(dispute: Dispute, question: Question) -> None:
    policies = policy.load()
    besides: list[set[tuple[Any, ...]]] = []
    for position in question.positions:
        rows = judged(question.claim, policy_disputes.practice_entries(policies, question, position))
        for wanted in position.finds:
            assert sum(matches(row, wanted) for row in rows) == 1, (wanted, [plain(row) for row in rows])
        assert {row["policy"] for row in rows} <= {question.policy}
        besides.append({plain(row) for row in rows if not any(matches(row, wanted) for wanted in position.finds)})
    assert all(more == besides[0] for more in besides), "the positions differ by more than they say"


@pytest.mark.parametrize(("dispute", "question"), QUESTIONS)
def test_both_sides_are_cited(dispute: Dispute, question: Question) -> None:
    for position in question.positions:
        assert set(position.source.split(":")[0].split(", ")) <= SOURCES, position
        assert position.source.split(":")[0] != "M"


@pytest.mark.parametrize(("dispute", "question"), QUESTIONS)
def test_the_payer_of_the_claim_takes_one_of_them(dispute: Dispute, question: Question) -> None:
    policies = policy.load()
    day = question.on or policy_disputes.USUAL_DAY
    taken = policy_disputes.standing(policies, question, question.policy, day)
    assert taken is not None
    text = policy_disputes.practice_entries(policies, question, taken)
    assert {plain(row) for row in judged(question.claim, text)} == {plain(row) for row in judged(question.claim, "")}


def test_a_position_is_what_a_person_could_write() -> None:
    policies = policy.load()
    for dispute in policy_disputes.packaged():
        for question in dispute.questions:
            for position in question.positions:
                text = policy_disputes.practice_entries(policies, question, position)
                written = {s.key: s.value for s in read_layer("scrubjay.toml", text, user=True).settings}
                assert position.settings.items() <= written.items()


def test_every_contradiction_of_the_catalogue_is_accounted_for(shared: Callable[[str], Path]) -> None:
    text = shared("domain/injection-edits.md").read_text(encoding="utf-8")
    section = text.partition("\n## 13. ")[2].partition("\n## ")[0]
    listed = {int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)}
    assert len(listed) == 18
    assert listed <= {d.number for d in policy_disputes.packaged()}


def test_every_switch_made_for_a_dispute_has_both_its_values_shown() -> None:
    """A declared switch of two values has a position for each: none is a value that nobody is said to hold."""
    declared = policy.load().declared
    for dispute in policy_disputes.packaged():
        for question in dispute.questions:
            for key in question.positions[0].settings:
                if key in declared and len(declared[key].allowed) == 2:
                    assert {p.settings[key] for p in question.positions} == set(declared[key].allowed), key


def test_home_and_urgent_care_are_no_facility_on_any_list() -> None:
    groups = refdata.load(user=False).frame("pos_groups")
    lists = [name for name in policy.load().declared["facility_pos"].allowed if name != "none"]
    places = groups.filter(pl.col("group").is_in(lists))
    assert set(places["group"]) == set(lists)
    assert not {"12", "20"} & set(places["pos"])
    sizes = dict(places.group_by("group").len().iter_rows())
    assert sizes | {"POS_EIGHT": 8, "POS_UHC": 9, "POS_REG": 15, "POS_PFS": 18} == sizes


SWITCH = '[[switch]]\nname = "{}"\nvalue = "{}"\nreason = "as the payer says"\nsource = "contract: 2026, section 1"\n'
SPLIT = (
    '[[rule]]\nedit = "MUL03"\nlevel = "warn"\nparams = {services = 2}\n'
    'reason = "as the payer says"\nsource = "contract: 2026, section 1"\n'
)
KEPT = SWITCH.format("modifier_340b", "kept")


@pytest.mark.parametrize(
    ("text", "claim", "codes"),
    [
        # Two parts of a dose, not three; another modifier that ended; JG on what is no drug.
        (SPLIT, "line 96372 units=3\nline J0696 units=8 mods=JZ", {"MUL01"}),
        (SPLIT, "line 96372 units=2\nline J1885 mods=JZ", {"MUL01"}),
        (KEPT, "payer commercial\nclaim dx=M81.0\nline 96372\nline J0897 units=60 mods=JG", set()),
        (KEPT, "payer commercial\nclaim dx=M81.0\nline 96372\nline J0897 units=60 mods=JG,GD", {"MOD07"}),
        (KEPT, "payer commercial\nline 99213 mods=JG", {"COD02"}),
        # A 25 opens the pair with the vaccine, not the one with the infusion; without it both stay shut.
        (
            SWITCH.format("nurse_visit_with_vaccine", "with-25"),
            "payer commercial\nline 99211 mods=25\nline 90471\nline 90715\nline 96374\nline J1885",
            {"EM03"},
        ),
        (
            SWITCH.format("nurse_visit_with_vaccine", "with-25"),
            "payer commercial\nline 99211\nline 90471\nline 90715",
            {"EM03"},
        ),
        # The injection beside 99211 stays a pair: only the drug alone is explained by it.
        (
            SWITCH.format("nurse_visit_for_injection", "unsupervised"),
            "payer commercial\nline 99211\nline 96372\nline J3420",
            {"EM02"},
        ),
        # A further list is the plan's as well; a drug on both lists is found once.
        (SWITCH.format("sad_also", "b12"), "payer commercial\nline J3420\nline 96372", {"DRG19"}),
        # A vial of more than one unit needs JW or JZ whatever is thought of small ones.
        (SWITCH.format("whole_vial", "neither"), "claim dx=M81.0\nline J0897 units=60\nline 96372", {"JW01"}),
        # 90471 is wrong for the antibody on either side.
        (
            SWITCH.format("rsv_admin", "injection"),
            "payer commercial\npatient dob=2026-01-10\nclaim dx=Z29.11\nline 90380\nline 90471",
            {"VAX06"},
        ),
        # RT on the procedure tells nothing of the injection on either side.
        (
            SWITCH.format("anatomic_modifiers", "informational"),
            "payer commercial\nclaim dx=M17.11,D51.0\nline 20610 mods=RT dx=1\nline 96372 mods=59,LT dx=2\nline J3420 dx=2",
            {"MOD02"},
        ),
    ],
)
def test_a_switch_reaches_no_further_than_its_point(text: str, claim: str, codes: set[str]) -> None:
    assert {row["edit"] for row in judged(claim, text) if row["edit"] not in ("NCC01", "NCC02")} == codes


@pytest.mark.parametrize(
    ("modifiers", "mea", "remarks"),
    [("JZ,EA,EB", " mea=R1:9.6", ["N822"]), ("JZ,EA", "", ["N386"])],
)
def test_each_remark_is_the_policy_s(modifiers: str, mea: str, remarks: list[str]) -> None:
    question = policy_disputes.packaged()[15].questions[0]
    text = policy_disputes.practice_entries(policy.load(), question, question.positions[1])
    rows = judged(f"claim dx=D63.0\nline 96372\nline J0881 units=200 mods={modifiers}{mea}", text)
    assert [row["rarc"] for row in rows if row["edit"] == "DRG21"] == [remarks]


# What a person sees


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def test_config_shows_both_sides_and_which_is_in_force(run: Run) -> None:
    shown = run("config", "--show", "--payer", "medicare", "--edit", "EM03").out
    assert "the sources disagree (15, 99211 beside a vaccine)" in shown
    assert "* Never (NCCI26: chapter XI.B.15)\n    nurse_visit_with_vaccine = never  in force" in shown
    assert "- With 25: the pair has indicator 1 (PTP: 90471 and G0008 with 99211)" in shown
    shown = run("config", "--show", "--payer", "bcbs-alabama", "--edit", "nurse_visit_for_injection").out
    assert "nurse_visit_for_injection = unsupervised  in force" in shown


def test_explain_shows_both_sides(run: Run) -> None:
    shown = run("explain", "TFL01").out
    assert "The sources disagree: How long may a claim take to reach Aetna?" in shown
    assert "120 days (TFL: one trade page): TFL01.days = 120\n" in shown
    assert "disagree" not in run("explain", "DUP01").out


def test_the_page_has_every_position() -> None:
    page = (ROOT / "docs" / "contradictions.md").read_text(encoding="utf-8")
    for dispute in policy_disputes.packaged():
        section = page.partition(f"\n## {dispute.number}. {dispute.title}\n")[2].partition("\n## ")[0]
        for question in dispute.questions:
            assert question.claim in section
            for position in question.positions:
                assert f"| {position.says} | {position.source} |" in section


# Mistakes in the file

HEAD = '[[dispute]]\nnumber = 1\ntitle = "t"\nstate = "open"\noutcome = "o"\n[[dispute.question]]\nasks = "?"\nclaim = "line 96372"\n'
SIDE = '[[dispute.question.position]]\nsays = "{}"\nsource = "{}"\nset = {}\nfinds = {}\n'
YES = SIDE.format("yes", "PTP: a", '{ em_denied = "visit" }', '["EM01"]')


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("", "at least 2 items"),
        (SIDE.format("no", "PTP: b", '{ em_denied = "visit" }', "[]"), "set the same values"),
        (SIDE.format("no", "PTP: b", '{ em_denied = "injection" }', '["EM01"]'), "find the same"),
        (SIDE.format("no", "PTP: a", '{ em_denied = "injection" }', "[]"), "the same source"),
        (SIDE.format("no", "nothing", '{ em_denied = "injection" }', "[]"), "of the form 'key: words'"),
        (SIDE.format("no", "PTP: b", '{ ndc = "noc" }', "[]"), "must set the same"),
    ],
)
def test_two_sides_that_are_no_two_sides_are_refused(other: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        read_disputes("disputes.toml", HEAD + YES + other)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (('{ em_dies = "visit" }', '{ em_dies = "injection" }'), "em_dies is not known"),
        (('{ em_denied = "visit" }', '{ em_denied = "both" }'), "em_denied is one of visit, injection, not both"),
    ],
)
def test_a_setting_that_no_file_could_have_is_refused(settings: tuple[str, str], words: str) -> None:
    one, two = settings
    text = HEAD + SIDE.format("yes", "PTP: a", one, "[]") + SIDE.format("no", "PTP: b", two, '["EM01"]')
    with pytest.raises(PolicyError, match=words):
        policy_disputes.refuse_unknown(policy.load(), read_disputes("disputes.toml", text))
