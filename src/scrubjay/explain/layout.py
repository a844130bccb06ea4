"""An explain page as text, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scrubjay.explain import blocks
from scrubjay.explain.blocks import Section, Table
from scrubjay.explain.edit_layout import edit_sections
from scrubjay.render.style import Style, money

_OPEN = "open"
#: Said of a fact that no source was found for.
_MEMORY = " (from memory)"


def render(page: dict[str, Any], form: str, style: Style) -> Iterator[str]:
    """Yield the page's lines in a form: ``text``, ``md`` or ``json``."""
    if form == "json":
        yield json.dumps(page, ensure_ascii=False, indent=2)
        return
    heading, parts = {"edit": edit_sections, "code": code_sections}.get(page["kind"], reason_sections)(page)
    yield from blocks.markdown(heading, parts) if form == "md" else blocks.text(heading, parts, style)


def reason_sections(page: dict[str, Any]) -> tuple[str, list[Section]]:
    """Return title and sections of a CARC or RARC page."""
    title = f"{page['kind'].upper()} {page['code']}: {page['summary']}"
    return title, [
        Section("", [_valid(page["valid"])]),
        Section("What to do", [page["do"]] if page["do"] else []),
        Section("Edits that predict it", table=_edit_table(page["edits"])),
        Section("References", bullets=_references(page["references"])),
    ]


def code_sections(page: dict[str, Any]) -> tuple[str, list[Section]]:
    """Return title and sections of a CPT or HCPCS page, in the order a coder asks."""
    lead = [_valid(page["valid"]) + (f" (by {page['evidence']})" if page["evidence"] else "")]
    others = [label for label in page["labels"] if label != page["summary"]]
    lead += [f"also called: {'; '.join(others)}"] if others else []
    lead += [_successor(row) for row in page["replaced_by"]]
    modifiers = page["modifiers"]
    never = [f"never with it: {' '.join(modifiers['never'])}"] if modifiers["never"] else []
    return f"{page['code']}: {page['summary']}", [
        Section("", lead),
        Section("For", bullets=page["uses"]),
        Section("Not for", bullets=[f"{row['what']}: {row['use']}" for row in page["not_for"]]),
        *_drug(page),
        Section("Billing", bullets=page["billing"]),
        Section("Beside other codes of the same provider and day (NCCI pairs)", table=_pair_table(page["pairs"])),
        Section("Units in a day or on a line (MUE)", table=_mue_table(page["mue"]), bullets=_mai(page["mue"])),
        *_add_on(page["add_on"]),
        Section("Place of service", bullets=page["place"]),
        Section("Supervision", bullets=page["supervision"]),
        Section("Modifiers", never, bullets=[f"{row['modifier']}: {row['note']}" for row in modifiers["notes"]]),
        _fees(page),
        Section("Medicare drug limits (ASP)", table=_asp_table(page["asp"])),
        Section("In the chart", bullets=page["documentation"]),
        Section("Drugs commonly given with it", bullets=[_coded(row["code"], row["label"]) for row in page["drugs"]]),
        Section(
            "Look-alikes",
            table=Table(("code", "why it is another"), [(row["code"], row["why"]) for row in page["look_alikes"]]),
        ),
        _ndc(page["ndc"]),
        *_edits(page["edits"]),
        Section("References", bullets=[*_references(page["references"]), *page["sources"]]),
        Section("", [page["notice"]]),
    ]


def _drug(page: dict[str, Any]) -> Iterator[Section]:
    drug = page["drug"]
    lines = []
    if drug:
        lines.append(f"unit: {page['unit']}" + ("" if drug["unit_sourced"] else _MEMORY))
        if drug["example_dose"] and drug["example_units"] is not None:
            units = "unit" if str(drug["example_units"]) == "1" else "units"
            lines.append(f"example: {drug['example_dose']} = {drug['example_units']} {units}")
        lines.append(
            f"route: {', '.join(drug['routes'] or ['not known'])}" + ("" if drug["route_sourced"] else _MEMORY)
        )
        container = ", ".join(drug["container"] or ["not known"])
        lines.append(f"container: {container}" + ("" if drug["container_sourced"] else _MEMORY))
        lines += [f"waste: {drug['jw_jz_meaning']}"] if drug["jw_jz_meaning"] else []
        lines += [f"replaces: {', '.join(drug['replaces'])}"] if drug["replaces"] else []
    elif page["unit"]:
        lines.append(f"unit: {page['unit']}")
    if page["injections_per_dose"]:
        lines.append(f"one dose is {page['injections_per_dose']} injections")
    lines += [f"vaccine CVX {row['cvx']}: {row['short']} ({row['status']})" for row in page["vaccine"]]
    yield Section("Drug", bullets=lines)


def _successor(row: dict[str, Any]) -> str:
    since = f" since {row['from']}" if row["from"] else ""
    units = f"; {row['units_from']} old unit = {row['units_to']} of it" if row["units_to"] else ""
    return f"replaced by {row['code']}{since}{units}"


def _pair_table(pairs: list[dict[str, Any]]) -> Table:
    rows = []
    for row in pairs:
        partners = row["codes"] or f"{row['count']:,} codes"
        opens = f"opened by {row['opens']}" if row["opens"] else "nothing opens it"
        rows.append((str(row["indicator"]), row["denied"], f"{row['with']} ({partners}); {opens}"))
    return Table(("indicator", "denied", "beside"), rows, frozenset({0}))


def _mue_table(mue: list[dict[str, Any]]) -> Table:
    rows = []
    for row in mue:
        mai = str(row["mai"]) if row["mai"] is not None else "not published"
        rows.append((row["payer"], row["edition"], str(row["value"]), mai, _span(row["from"], row["to"])))
    return Table(("payer", "edition", "units", "MAI", "dates"), rows, frozenset({2}))


def _mai(mue: list[dict[str, Any]]) -> list[str]:
    meanings = {row["mai"]: row["meaning"] for row in mue if row["mai"] is not None}
    return [f"MAI {mai}: {meaning}" for mai, meaning in sorted(meanings.items())]


def _fees(page: dict[str, Any]) -> Section:
    """Return the national amounts by date and setting, and the indicators of the fee schedule."""
    fees, lines = page["fee_schedule"], []
    if fees:
        lines.append(f"status {fees['status']}: {fees['status_meaning'] or 'meaning not known'}")
        if page["national_amounts"]:
            named = {
                "pctc": "PC/TC",
                "glob": "global",
                "mult_proc": "multiple",
                "bilat": "bilateral",
                "asst": "assistant",
            }
            lines.append(
                "indicators: " + ", ".join(f"{words} {fees[name]}" for name, words in named.items() if fees[name])
            )
        lines += ["no amount in a facility (NA)"] if fees["fac_na"] else []
        lines += ["no amount outside a facility (NA)"] if fees["nonfac_na"] else []
    return Section(
        "Medicare fee schedule, national amounts",
        table=_amount_table(page["national_amounts"]),
        bullets=[*lines, *page["money"]],
    )


def _amount_table(amounts: list[dict[str, Any]]) -> Table:
    rows = [(_span(row["from"], row["to"]), money(row["amount"]), row["setting"]) for row in amounts]
    return Table(("dates", "amount", "setting"), rows, frozenset({1}))


def _asp_table(asp: list[dict[str, Any]]) -> Table:
    rows = [(row["edition"], f"${row['limit']}", f"per {row['dosage']}") for row in asp]
    return Table(("quarter", "limit", "unit"), rows, frozenset({1}))


def _add_on(add_on: dict[str, Any] | None) -> Iterator[Section]:
    if not add_on:
        return
    lines = []
    if "type" in add_on:
        listed = _listed(add_on["primaries"], add_on["primaries_count"])
        decided = {1: "", 2: " (the contractor decides which)", 3: " (and what the contractor adds)"}[add_on["type"]]
        lines.append(f"add-on code: never alone; primaries{decided}: {listed or 'not listed'}")
    if "add_ons" in add_on:
        lines.append(f"may carry add-on codes: {_listed(add_on['add_ons'], add_on['add_ons_count'])}")
    yield Section("Add-on rules", bullets=lines)


def _ndc(ndc: dict[str, Any] | None) -> Section:
    if not ndc:
        return Section("NDCs")
    rows = [
        (
            row["ndc11"],
            row["units_per_package"] or "",
            _span(row["from"], row["to"]),
            f"{row['drug']}, {row['labeler']}",
        )
        for row in ndc["shown"]
    ]
    told = f"{ndc['count']} NDCs in the ASP crosswalk" + (
        f", the newest {len(rows)}:" if len(rows) < ndc["count"] else ":"
    )
    return Section(
        "NDCs", [told], Table(("NDC", "units/package", "in crosswalk", "product, labeler"), rows, frozenset({1}))
    )


def _edits(edits: list[dict[str, Any]]) -> Iterator[Section]:
    direct = [edit for edit in edits if edit["direct"]]
    others = [f"{edit['code']} {edit['name']}" for edit in edits if not edit["direct"]]
    yield Section(
        "Edits that judge it", table=_edit_table(direct), bullets=[f"part of: {', '.join(others)}"] if others else []
    )


def _edit_table(edits: list[dict[str, Any]]) -> Table:
    return Table(("edit", "what it finds"), [(edit["code"], edit["summary"]) for edit in edits])


def _references(references: list[dict[str, Any]]) -> list[str]:
    return [f"{row['name']} {row['edition']} ({_span(row['from'], row['to'])})" for row in references]


def _valid(valid: list[dict[str, Any]]) -> str:
    spans = [_span(row["from"], row["to"]) for row in valid]
    return f"in force: {', '.join(spans)}" if spans else "dates not known"


def _span(start: str | None, end: str | None) -> str:
    if start is None and end is None:
        return "dates not known"
    return f"{start} to {end or _OPEN}" if start else f"up to {end}"


def _listed(codes: list[str], count: int) -> str:
    more = f" and {count - len(codes)} more" if count > len(codes) else ""
    return ", ".join(codes) + more


def _coded(code: str, label: str | None) -> str:
    return f"{code} {label}" if label else code
