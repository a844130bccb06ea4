"""By drug: what one unit is, the container, the limits, look-alikes, and which edits know the drug by name or group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs_build.common import Edit, Facts, mue, page, span, table
from scrubjay.explain.pages import edits_about

EVERY = "DRUG"
CONTAINERS = {
    "SDV": "single-dose vial", "MDV": "multi-dose vial", "PFS": "prefilled syringe", "SDV kit": "kit with single-dose vials",
    "PFS kit": "kit with prefilled syringe", "bulk": "bulk vial", "on-body": "on-body injector",
}  # fmt: skip
JW = {"yes": "JW or JZ", "no": "neither", "by_ndc": "by the NDC"}


def pages(facts: Facts) -> dict[str, str]:
    """Return the page."""
    drugs = sorted(facts.refs.frame("drugs").to_dicts(), key=lambda row: (row["label"].lower(), row["hcpcs"]))
    every = [edit for edit in facts.edits if edit["scope"] == EVERY]
    blocks = [
        f"{len(drugs)} codes of drugs that are injected in offices. One unit is a unit of the code, not of the vial: units = dose "
        "divided by the unit, rounded up. Limits are the newest editions packaged. `scrubjay explain J3420` shows all that is "
        "known of one code, with prices and NDCs.",
        "A star marks what was not read in a publisher's text (container from listings of other years or from practice, unit of "
        "a CPT product). JW, JZ: what Medicare wants on the claim; single-dose containers need one of them.",
        "## All drugs",
        table(
            ["drug", "code", "one unit", "example", "container", "JW, JZ", "limit Medicare", "limit Medicaid", "dates"],
            [_row(facts, drug) for drug in drugs],
            right=(6, 7),
        ),
        "## Edits for every drug line",
        "The sections below name only what is particular to a drug. These look at every drug line.",
        table(["edit", "finds"], [[f"[{e['code']}](edits/{e['code']}.md)", e["summary"]] for e in every]),
        "## What is particular",
    ]
    return {"drugs.md": page("By drug", *blocks, *_particular(facts, drugs))}


def _row(facts: Facts, drug: dict[str, Any]) -> list[str]:
    containers = ", ".join(CONTAINERS.get(word, word) for word in drug["container"] or [])
    amount = f"{drug['unit_amount'].normalize():f} {drug['unit']}"
    example = f"{drug['example_dose']} = {drug['example_units']}" if drug["example_units"] is not None else ""
    return [
        _label(drug),
        drug["hcpcs"],
        amount + ("" if drug["unit_sourced"] else " *"),
        example,
        containers + ("" if drug["container_sourced"] or not containers else " *"),
        JW.get(drug["jw_jz"] or "", ""),
        *mue(facts, drug["hcpcs"]),
        span(drug["valid_from"], drug["valid_to"]),
    ]


def _particular(facts: Facts, drugs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a section for each drug with look-alikes, a successor, or edits of its own."""
    for drug in drugs:
        code = drug["hcpcs"]
        known = facts.index.facts(code) or {}
        bullets = [f"may be taken for {other}: {why}" for other, why in known.get("look_alikes", [])]
        bullets += [
            f"replaced by {other} from {start}: {before} unit{'s are' if str(before) != '1' else ' is'} {after}"
            for other, before, after, start in known.get("replaced_by", [])
        ]
        bullets += [f"one dose takes {known['injections']} injections"] if known.get("injections") else []
        bullets += [f"{_link(edit)} {edit['summary']}" for edit in _own(facts, known, code)]
        if bullets:
            yield f"### {code} {_label(drug)}\n\n" + "\n".join(f"* {bullet}" for bullet in bullets)


def _own(facts: Facts, known: dict[str, Any], code: str) -> list[Edit]:
    """Return the edits of the drug's narrower groups, and those whose documentation names it outside an example."""
    groups = [group for group in known.get("groups", []) if group != EVERY]
    direct = {row["code"] for row in edits_about(code, groups, facts.edits) if row["direct"]}
    named = {
        edit["code"]
        for edit in facts.edits
        if any(code in edit["doc"].get(part, "") for part in ("What it does", "Why it matters", "Fix"))
    }
    return [edit for edit in facts.edits if edit["code"] in direct | named]


def _label(drug: dict[str, Any]) -> str:
    return str(drug["label"]).removesuffix(" (DELETED)")


def _link(edit: Edit) -> str:
    return f"[{edit['code']}](edits/{edit['code']}.md)"
