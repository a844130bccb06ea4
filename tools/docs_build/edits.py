"""One page an edit, and the list of them."""

from __future__ import annotations

from collections.abc import Iterator

from docs_build.common import (
    CATEGORIES,
    CONFIDENCE,
    SAFETY,
    Edit,
    Facts,
    anchor,
    first_paragraph,
    page,
    place,
    reason_of,
    reasons,
    scope,
    table,
    timeline,
    title_of,
)
from docs_build.examples import corners, fails, passes

FAMILIES = {
    "EM": "Visits beside an injection", "PRC": "Procedures that contain the injection", "HIE": "Infusions and other administrations",
    "ONC": "Chemotherapy and complex biologics", "VAX": "Vaccines and antibodies", "ALG": "Allergy shots", "PPD": "Skin test",
    "PREP": "HIV prevention", "IUD": "Contraceptive devices", "WND": "Wounds", "DRG": "Drug lines", "JW": "Waste",
    "NDC": "The NDC", "NTE": "Narratives", "CHG": "Charges", "MUL": "Several injections", "DUP": "Duplicates", "DTE": "Dates",
    "TFL": "Timely filing", "POS": "Places", "MOD": "Modifiers", "SUP": "Who gave and who supervised", "DX": "Diagnoses",
    "FRQ": "Frequency", "AGE": "Age", "SEX": "Sex", "PA": "Authorization", "ELG": "Eligibility", "BH": "Carve-outs",
    "NCC": "NCCI pairs, unit limits and add-ons", "COD": "Codes and modifiers in force", "ENV": "Envelope and segments",
    "BAL": "Balance",
}  # fmt: skip


def pages(facts: Facts) -> dict[str, str]:
    """Return every page below docs/edits by its name."""
    return {"index.md": _index(facts)} | {f"{edit['code']}.md": _page(facts, edit) for edit in facts.edits}


def _index(facts: Facts) -> str:
    blocks = [
        f"Scrubjay knows {len(facts.edits)} edits. A code never changes its meaning; the level is the payer's, shown here for a "
        "payer about whom nothing is known, or, where such a payer does not use the edit, the highest level anybody gives it. "
        "[By denial code](../denials.md), [by drug](../drugs.md), [by payer](../payers.md), [what is not built](../coverage.md).",
        table(["category", "what it costs"], CATEGORIES.items()),
    ]
    found: dict[str, list[Edit]] = {}
    for edit in facts.edits:
        found.setdefault(edit["code"].rstrip("0123456789"), []).append(edit)
    order = [*FAMILIES, *(name for name in found if name not in FAMILIES)]
    for family in order:
        if family in found:
            rows = [
                [f"[{e['code']}]({e['code']}.md)", e["summary"], e["level"], e["category"], e["fix_safety"]]
                for e in found[family]
            ]
            blocks.append(f"## {FAMILIES.get(family, family)}")
            blocks.append(table(["edit", "finds", "level", "category", "fix"], rows))
    return page("Edits", *blocks)


def _page(facts: Facts, edit: Edit) -> str:
    doc = edit["doc"]
    blocks = [
        edit["summary"],
        table(["", ""], _declared(facts, edit)),
        f"## What it does\n\n{doc['What it does']}",
        f"## Why it matters\n\n{doc['Why it matters']}",
        "## Levels",
        table(["payer", "level", "why", "source"], _levels(facts, edit)),
        "Payers that are not listed do as the one they extend ([who extends whom](../payers.md)).",
        *([f"## Payers\n\n{doc['Payers']}"] if "Payers" in doc else []),
        "## Fails",
        *fails(facts, edit),
        "## Passes",
        *passes(facts, edit),
        f"## Fix\n\n{doc['Fix']}",
    ]
    if edit["disputes"]:
        blocks += [
            "## Where the sources disagree",
            table(["question", "position", "source", "settings"], _disputed(edit)),
            "What each position finds, and how a practice takes it: [where the sources disagree](../contradictions.md).",
        ]
    more = [block for block in corners(edit) if block]
    if more:
        blocks += ["## Corner cases", "Each is a test; below it stands what must come of it.", *more]
    blocks += ["## Sources", "\n".join(f"* {source}" for source in edit["sources"])]
    return page(title_of(edit), *blocks)


def _disputed(edit: Edit) -> Iterator[list[str]]:
    for row in edit["disputes"]:
        link = f"[{row['number']}](../contradictions.md#{anchor(row['number'], row['title'])})"
        for k, position in enumerate(row["positions"]):
            asks = f"{link} {row['asks']}" if k == 0 else ""
            yield [asks, position["says"], position["source"], f"`{position['settings']}`"]


def _declared(facts: Facts, edit: Edit) -> Iterator[tuple[str, str]]:
    names = facts.names()
    reason = reason_of(edit)
    carc = f"[{reason}](../denials.md#{reason.lower()})" if reason else ""
    expected = ", ".join(part for part in (carc, *edit["rarc"]) if part)
    rows = [
        ("name", f"`{edit['name']}`"),
        ("category", f"{edit['category']}: {CATEGORIES[edit['category']]}"),
        ("looks at", scope(facts, edit)),
        ("must be known", ", ".join(f"`{need}`" for need in edit["needs"])),
        ("compares with", "earlier claims (`--history`)" if edit.get("history") else ""),
        ("reference tables", ", ".join(_edition(facts, name) for name in edit["references"])),
        ("denial to expect", expected),
        ("place", place(edit)),
        ("fix", SAFETY[edit["fix_safety"]]),
        ("evidence", f"{edit['confidence']}: {CONFIDENCE[edit['confidence']]}"),
        ("replaces", ", ".join(f"{code} {names.get(code, '')}".strip() for code in edit["supersedes"])),
        ("status", f"{edit['status']} since {edit['since']}, revision {edit['revision']}"),
    ]
    return ((name, value) for name, value in rows if value)


def _edition(facts: Facts, name: str) -> str:
    held = facts.refs.editions(name)
    return f"`{name}` {', '.join(edition.edition for edition in held)}".strip()


def _levels(facts: Facts, edit: Edit) -> Iterator[list[str]]:
    """Yield the payers whose levels differ from those of the policy they extend."""
    told: dict[str, str] = {}
    for name in facts.payers():
        intervals = facts.policies.intervals(name, "rule", edit["code"])
        told[name] = timeline(intervals)
        chain = facts.policies.chain(name)
        if (
            len(chain) > 1
            and told.get(chain[-2], timeline(facts.policies.intervals(chain[-2], "rule", edit["code"]))) == told[name]
        ):
            continue
        yield [facts.policies.label(name), told[name], *reasons(intervals)]


def listed(edits: list[Edit], up: str = "edits/") -> Iterator[list[str]]:
    """Yield edits as rows: code, what it finds, where to look, what to do first."""
    for edit in edits:
        link = f"[{edit['code']}]({up}{edit['code']}.md)"
        yield [link, edit["summary"], place(edit), first_paragraph(edit["doc"]["Fix"])]
