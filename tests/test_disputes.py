"""Where the sources contradict each other: every position is cited, can be chosen, and finds what it says."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import scrubjay
from scrubjay import policy, policy_disputes
from scrubjay.cases import parse, to_837
from scrubjay.policy_layer import Dispute, Question
from scrubjay.policy_schema import read_layer
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


def test_every_level_counted_on_a_side_is_settable() -> None:
    """A position's entries are what a person could write, and nothing else: the schema reads them."""
    policies = policy.load()
    for dispute in policy_disputes.packaged():
        for question in dispute.questions:
            for position in question.positions:
                layer = read_layer(
                    "scrubjay.toml", policy_disputes.practice_entries(policies, question, position), user=True
                )
                written = {s.key: s.value for s in layer.settings}
                assert position.settings.items() <= written.items()
