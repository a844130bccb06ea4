"""One line for every fault that was thought of: built, not yet built, or why a claim cannot tell."""

from __future__ import annotations

from collections import Counter

from docs_build.common import Facts, page, table

NEEDS = {
    "history": "earlier claims",
    "policy": "the payer's, the plan's or the practice's own data",
    "chart": "the chart",
    "remittance": "the remittance",
}


def pages(facts: Facts) -> dict[str, str]:
    """Return the page."""
    names = facts.names()
    ids = {row["id"] for row in facts.rows}
    counted = Counter(_state(row, names) for row in facts.rows)
    blocks = [
        f"{len(facts.rows)} things that go wrong with an injection on a claim, each with what became of it. What is built is read from "
        "the program itself. A claim alone cannot decide everything: some rows need earlier claims, the plan's own data, or the "
        "chart, and silence about them is no pass.",
        table(
            ["state", "rows"],
            [[state, str(counted[state])] for state in ("built", "not yet built", "not decided by a claim")],
            right=(1,),
        ),
    ]
    for section in dict.fromkeys(row["section"] for row in facts.rows):
        rows = [
            [row["id"], (names.get(row["id"]) or row["name"]).replace("-", " "), *_told(facts, row, names)]
            for row in facts.rows
            if row["section"] == section
        ]
        blocks += [f"## {section[:1].upper()}{section[1:]}", table(["row", "about", "state", "why"], rows)]
    general = [edit for edit in facts.edits if edit["code"] not in ids]
    blocks += [
        "## General families",
        "Not about injections alone, and judged on every line.",
        table(["edit", "finds"], [[f"[{e['code']}](edits/{e['code']}.md)", e["summary"]] for e in general]),
    ]
    return {"coverage.md": page("What is covered", *blocks)}


def _state(row: dict[str, str], names: dict[str, str]) -> str:
    if row["id"] in names:
        return "built"
    return "not decided by a claim" if row["decided_by"] in ("policy", "chart", "remittance") else "not yet built"


def _told(facts: Facts, row: dict[str, str], names: dict[str, str]) -> tuple[str, str]:
    code, needs = row["id"], NEEDS.get(row["decided_by"], "")
    state = _state(row, names)
    if state == "built":
        preview = next(edit["status"] for edit in facts.edits if edit["code"] == code) == "preview"
        link = f"built{' (preview)' if preview else ''}: [{code}](edits/{code}.md)"
        return link, f"judged as far as the claim tells; the rest needs {needs}. {row['why']}" if needs else ""
    return (state, row["why"]) if not needs else (f"{state}; needs {needs}", row["why"])
