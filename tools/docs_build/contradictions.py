"""Where the sources disagree: both positions, what each finds, who takes which, and the lines that change it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date

from docs_build.common import Facts, anchor, fence, page, span, table
from docs_build.payers import SOURCES
from scrubjay import policy_disputes
from scrubjay.policy_layer import Dispute, Position, Question

STATES = {"open": "open", "settled": "settled by a table or a manual"}


def pages(facts: Facts) -> dict[str, str]:
    """Return the page."""
    disputes = policy_disputes.packaged()
    blocks = [
        "On some points the texts about injections contradict each other. None of them is decided in the code: each is a level, a "
        "parameter or a switch of the [policy](policies.md), with both positions cited. This page shows what each position finds on "
        "one claim, which policies take it, and the lines of `scrubjay.toml` that make it hold; tests judge every claim here under "
        "every position. `scrubjay config --show --payer NAME --edit CODE` says which side a payer is on.",
        "In an entry `payer` is the policy that it is for, with all that extend it; without `payer` it holds for every claim. `from` and "
        "`to` limit it to dates of service, `owner` and `expires` say who decides anew and when. *Taken by* names the policies that take a "
        "side themselves; the others do as the one they extend ([who extends whom](payers.md)).",
        table(
            ["", "about", "state", "decided by"],
            [
                [str(d.number), f"[{d.title}](#{anchor(d.number, d.title)})", STATES[d.state], _keys(d)]
                for d in disputes
            ],
        ),
    ]
    for dispute in disputes:
        blocks += _section(facts, dispute)
    return {"contradictions.md": page("Where the sources disagree", *blocks, *_sources())}


def _keys(dispute: Dispute) -> str:
    keys = dict.fromkeys(key for q in dispute.questions for key in q.positions[0].settings)
    return ", ".join(f"`{key}`" for key in keys)


def _section(facts: Facts, dispute: Dispute) -> Iterator[str]:
    yield f"## {dispute.number}. {dispute.title}"
    yield f"{STATES[dispute.state].capitalize()}. {dispute.outcome}"
    for question in dispute.questions:
        yield f"### {question.asks}"
        yield fence(question.claim)
        yield table(
            ["position", "source", "settings", "finds", "taken by"],
            [_row(facts, question, position) for position in question.positions],
        )
        yield from _dates(facts, question)
        held = policy_disputes.standing(facts.policies, question, question.policy, _day(question))
        for position in question.positions:
            if position is not held:
                yield f"For a payer that says *{position.says}*, in `scrubjay.toml`:"
                yield fence(policy_disputes.practice_entries(facts.policies, question, position), "toml")


def _row(facts: Facts, question: Question, position: Position) -> list[str]:
    return [
        position.says,
        position.source,
        f"`{policy_disputes.settings_in_words(position.settings)}`",
        "; ".join(_found(line) for line in position.finds) or "nothing",
        ", ".join(_takers(facts, question, position)) or "none of the packaged policies",
    ]


def _found(line: str) -> str:
    code, *attributes = line.split()
    return f"[{code}](edits/{code}.md) {', '.join(a.replace('=', ' ') for a in attributes)}".strip()


def _takers(facts: Facts, question: Question, position: Position) -> Iterator[str]:
    """Yield the policies on a side whose parent is on another, and generic: the rest do as the one they extend."""
    for name in facts.payers():
        taken = policy_disputes.standing(facts.policies, question, name, _day(question))
        chain = facts.policies.chain(name)
        parent = (
            policy_disputes.standing(facts.policies, question, chain[-2], _day(question)) if len(chain) > 1 else None
        )
        if taken is position and (len(chain) == 1 or parent is not position):
            yield f"`{name}`"


def _dates(facts: Facts, question: Question) -> Iterator[str]:
    """Yield the dated changes of the question's own policy."""
    told = []
    for key in question.positions[0].settings:
        kind = "rule" if key[:1].isupper() and "." not in key else "switch"
        intervals = facts.policies.intervals(question.policy, kind, key)
        if len(intervals) > 1:
            words = "; ".join(f"{i.winner.value} {span(i.start, i.end)}" for i in intervals)
            told.append(f"`{key}` under `{question.policy}`: {words}.")
    if told:
        yield " ".join(told)


def _day(question: Question) -> date:
    return question.on or policy_disputes.USUAL_DAY


def _sources() -> Iterator[str]:
    """Yield the texts that the positions cite."""
    cited = {
        key
        for d in policy_disputes.packaged()
        for q in d.questions
        for p in q.positions
        for key in p.source.split(":")[0].split(", ")
    }
    with SOURCES.open("rb") as stream:
        known = tomllib.load(stream)
    yield "## Sources"
    yield table(
        ["key", "text", "where"],
        [
            [key, entry["title"], " ".join(f"[{n}]({url})" for n, url in enumerate(entry.get("urls", []), start=1))]
            for key, entry in known.items()
            if key in cited
        ],
    )
