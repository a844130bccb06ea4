"""From a denial on a remittance to what to look at: by adjustment reason and by remark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from docs_build.common import Edit, Facts, page, reason_of, table
from docs_build.edits import listed
from scrubjay.explain.pages import edits_about

CODE = "96372"
HEAD = ("edit", "remarks", "look whether", "where", "first step")


def pages(facts: Facts) -> dict[str, str]:
    """Return the page."""
    reasons: dict[str, list[Edit]] = {}
    for edit in facts.edits:
        if reason_of(edit):
            reasons.setdefault(reason_of(edit), []).append(edit)
    order = sorted(reasons, key=_order)
    shots = _shots(facts)
    rows = [
        [
            f"[{name}](#{name.lower()})",
            _wording(facts, name),
            str(sum(edit["code"] in shots for edit in reasons[name])),
            str(len(reasons[name])),
        ]
        for name in order
    ]
    blocks = [
        "A remittance (835) gives a group, a reason (CARC) and often remarks (RARC). This page goes from them to what to look "
        "at. The edits predict these codes; a payer may choose others.",
        f"## I got CO-97 on {CODE}: what now",
        "1. Read the remark beside the reason; [it says](#remarks) what the reason means.\n"
        f"2. Open the reason below. Its first table is about {CODE} and the lines beside it: compare the remarks, then look where "
        "the row says. Look at every line of the day and at other claims of that day: Medicare usually denies the visit and "
        "not the injection.\n"
        "3. Let the program look: `scrubjay check` on the file of the claim shows which row it is, by the payer's own policy and "
        "on the date of service. `scrubjay explain CO-97` and `scrubjay explain EM01` say the same as this page.\n"
        "4. Correct and resend where something was wrong on the claim; appeal with the record where nothing was. Never add "
        "a modifier, a diagnosis or a place that the chart does not show.",
        table(["reason", "means", f"edits on {CODE}", "all edits"], rows, right=(2, 3)),
    ]
    for name in order:
        blocks += _section(facts, name, reasons[name], shots)
    return {"denials.md": page("By denial code", *blocks, *_remarks(facts), *_others(facts, order))}


def _order(name: str) -> tuple[int, str]:
    digits = re.search(r"-(\d+)$", name)
    return (int(digits[1]) if digits else 1000, name)


def _wording(facts: Facts, name: str) -> str:
    found = facts.index.reasons("carc").get(name.split("-", 1)[-1], {})
    return found.get("wording") or "no wording of ours"


def _shots(facts: Facts) -> set[str]:
    """Return the edits about the injection and the lines beside it."""
    groups = (facts.index.facts(CODE) or {}).get("groups", [])
    return {row["code"] for row in edits_about(CODE, groups, facts.edits)}


def _section(facts: Facts, name: str, edits: list[Edit], shots: set[str]) -> Iterator[str]:
    means = _wording(facts, name)
    do = facts.index.notes["carc"].get(name.split("-", 1)[-1], "")
    yield f"## {name}"
    yield f"{means[:1].upper()}{means[1:]}. {do}".strip()
    for title, part in (
        (f"On {CODE} and the lines beside it:", [edit for edit in edits if edit["code"] in shots]),
        ("Elsewhere:", [edit for edit in edits if edit["code"] not in shots]),
    ):
        if part:
            yield title
            yield table(
                HEAD, ([row[0], ", ".join(e["rarc"]), *row[1:]] for e, row in zip(part, listed(part), strict=True))
            )


def _remarks(facts: Facts) -> Iterable[str]:
    """Yield the remark codes with the edits that predict them."""
    known = facts.index.reasons("rarc")
    notes = facts.index.notes["rarc"]
    by: dict[str, list[str]] = {code: [] for code in notes}
    for edit in facts.edits:
        for code in edit["rarc"]:
            by.setdefault(code, []).append(f"[{edit['code']}](edits/{edit['code']}.md)")
    rows = [
        [code, known.get(code, {}).get("wording") or "", notes.get(code, ""), ", ".join(by[code])]
        for code in sorted(by)
    ]
    yield "## Remarks"
    yield "A remark (RARC) says what exactly the reason means."
    yield table(["remark", "means", "do", "edits"], rows)


def _others(facts: Facts, told: list[str]) -> Iterable[str]:
    """Yield the reasons that no edit predicts."""
    seen = {name.split("-", 1)[-1] for name in told}
    notes = facts.index.notes["carc"]
    known = facts.index.reasons("carc")
    rest = sorted((code for code in notes if code not in seen), key=lambda code: (not code.isdigit(), len(code), code))
    yield "## Reasons that no edit predicts"
    yield "They depend on what a claim does not show: coverage, contract, authorization, other payers."
    yield table(
        ["reason", "means", "do"], [[code, known.get(code, {}).get("wording") or "", notes[code]] for code in rest]
    )
