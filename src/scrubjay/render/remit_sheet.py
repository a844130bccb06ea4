"""Worksheets for corrected claims and appeals: the facts on one page a claim, and blanks for a person with the chart.

Nothing is argued and nothing about the visit is supposed: what was billed, paid and denied comes from the remittance
and the claim, the rules from the tables, and what the record shows is left to whoever reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.learn.decide import ACTIONS
from scrubjay.learn.document import STATUS, dollars, thousandths
from scrubjay.learn.study import Study
from scrubjay.render.style import clean

_TITLES = {
    "correct": "Corrected claim",
    "new-claim": "New claim",
    "appeal": "Appeal",
    "records": "Records",
    "review": "Review",
}
"""Actions that need a sheet; the rest is settled without one."""

_ASK = {
    "correct": (
        "What on the claim was wrong, and what the record shows instead",
        "Where the record shows it (note, order, administration record; date and page)",
        "A clinician who wrote the record confirms the change (name, date)",
    ),
    "new-claim": (
        "What on the claim was wrong or missing, and what the record shows",
        "Where the record shows it (note, order, administration record; date and page)",
    ),
    "appeal": (
        "What the record shows that answers the payer's reason",
        "Enclosed: remittance [ ]  note of the day [ ]  order [ ]  administration record [ ]  policy relied on [ ]",
        "Signed by (name, date)",
    ),
    "records": (
        "What the payer asked for, and when",
        "Enclosed: note of the day [ ]  order [ ]  administration record [ ]  other: ______",
        "Sent on (date, how)",
    ),
    "review": (
        "What the remark or the contract says",
        "Decided: correct [ ]  appeal [ ]  write off [ ]  by (name, date)",
    ),
}


def sheets(study: Study, *, phi: bool = False) -> Iterator[str]:
    """Yield the lines of a Markdown file: one section a claim payment with something to do, the most dollars first."""
    wanted = study.denials.filter(pl.col("action").is_in(list(_TITLES)))
    order = (
        wanted.group_by("remit_claim_id")
        .agg(pl.col("amount_cents").sum())
        .sort("amount_cents", "remit_claim_id", descending=[True, False])
    )
    groups: dict[int, list[dict[str, Any]]] = {}
    for row in wanted.iter_rows(named=True):
        groups.setdefault(row["remit_claim_id"], []).append(row)
    claims = {r["remit_claim_id"]: r for r in study.read.remits.claims.iter_rows(named=True)} if groups else {}
    served: dict[int, list[dict[str, Any]]] = {}
    for row in study.standing.iter_rows(named=True) if groups else ():
        if row["remit_claim_id"] in groups:
            served.setdefault(row["remit_claim_id"], []).append(row)
    yield "# Denial worksheets"
    yield ""
    yield f"{len(groups):,} claims with something to do, as of {study.as_of}."
    yield "Facts from the remittance and the claim; what the record shows is for a person to fill in."
    for own in order["remit_claim_id"].to_list():
        yield from _sheet(claims[own], groups[own], served[own], phi=phi)


def _sheet(
    claim: dict[str, Any], denials: list[dict[str, Any]], served: list[dict[str, Any]], *, phi: bool
) -> Iterator[str]:
    actions = list(dict.fromkeys(row["action"] for row in denials))
    first = denials[0]
    yield ""
    yield f"## {' / '.join(_TITLES[a] for a in actions)}: claim {_cell(claim['claim'])}"
    yield ""
    patient = (
        f"{claim['patient_last'] or '?'}, {claim['patient_first'] or '?'}; member {claim['member_id'] or '?'}"
        if phi
        else "(hidden; --phi shows it)"
    )
    facts = {
        "Payer": first["payer"], "Payer's claim number": claim["payer_control"], "Patient": patient,
        "Status": f"{claim['status']} {STATUS.get(claim['status'], '')}".strip(),
        "Payment": f"{first['trace'] or '?'} of {first['paid_on'] or 'no date'}",
        "Charged / paid": f"${dollars(claim['charge_cents'])} / ${dollars(claim['paid_cents'])}",
    }  # fmt: skip
    for name, value in facts.items():
        yield f"* {name}: {_cell(value)}"
    yield ""
    yield "| line | date | code | units | charged | paid |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for row in served:
        mods = "".join(f" {m}" for m in row["modifiers"] or [])
        changed = f" (paid as {row['paid_as']})" if row["paid_as"] else ""
        code = f"{row['code'] or 'whole claim'}{mods}{changed}"
        money = (dollars(row["charge_cents"]), dollars(row["paid_cents"]))
        cells = (row["position"], row["service_date"], code, thousandths(row["units_milli"]), *money)
        yield "| " + " | ".join(_cell(c) for c in cells) + " |"
    for row in denials:
        yield ""
        yield f"### {_cell(row['code'] or 'whole claim')}: ${dollars(row['amount_cents'])} denied"
        yield ""
        yield f"* Reason: {_cell(row['reading'])}"
        yield f"* What the tables say: {_cell(row['why'])}"
        for code in row["edits"] or []:
            edit = catalogue.by_code(code)
            if edit is not None:
                found = "found on the claim" if row["basis"] in ("found", "found-other") else "expects such a denial"
                yield f"* {code} ({found}): {_cell(edit['summary'])}"
        if row["fix"]:
            yield f"* Proposal, for review: {_cell(row['fix'])}"
        yield f"* To do: {ACTIONS[row['action']]}"
        if row["action"] == "correct" and claim["payer_control"]:
            number = _cell(claim["payer_control"])
            yield f"* A replacement names the payer's claim number {number} (REF*F8, box 22) where this payer takes them."
        if row["deadline"] is not None:
            yield f"* By {row['deadline']}: {_cell(row['deadline_why'])}"
        else:
            yield "* By: the contract says (no deadline is known for this payer)"
        yield ""
        for question in _ASK[row["action"]]:
            yield f"- [ ] {question}: ______"


def _cell(value: object) -> str:
    return "" if value is None else clean(str(value)).replace("|", "/")
