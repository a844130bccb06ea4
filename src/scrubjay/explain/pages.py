"""Explain pages as plain dictionaries (``scrubjay.explain/1``), made from facts, notes and the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

SCHEMA = "scrubjay.explain/1"
NOTICE = (
    "CPT codes only are copyright American Medical Association; no CPT descriptor is used here, the words are our own. "
    "Fee schedules, RVUs and conversion factors are not assigned by the AMA."
)
#: What opens a pair of two procedures with indicator 1.
PROCEDURE_OPENS = "59, XE, XP, XS or XU where the chart supports it"
#: What opens a pair of a visit and something else with indicator 1; 59 never sits on a visit.
VISIT_OPENS = "25 on the visit (24 or 57 where they fit) when the note shows a separate service"
#: Which tables stand behind a fact.
_TABLES = {
    "short": ("hcpcs",),
    "mue": ("mue", "mue_medicaid"),
    "pairs": ("ptp",),
    "amounts": ("pfs", "conversion"),
    "pfs": ("pfs",),
    "asp": ("asp",),
    "ndc": ("ndc_hcpcs",),
    "aoc": ("aoc",),
    "drug": ("drugs",),
    "vaccine": ("vaccines",),
}


def edit_page(edit: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the page of an edit; ``names`` gives the names of the edits it supersedes."""
    fields: tuple[str, ...] = (
        "name",
        "summary",
        "category",
        "grain",
        "level",
        "status",
        "since",
        "revision",
        "scope",
        "needs",
        "references",
    )
    fields += ("group", "carc", "rarc", "element", "box", "fix_safety", "confidence", "sources")
    page = {"schema": SCHEMA, "kind": "edit", "code": edit["code"]} | {name: edit.get(name) for name in fields}
    page["supersedes"] = [{"code": code, "name": names.get(code)} for code in edit.get("supersedes") or []]
    page["doc"] = edit["doc"]
    page["disputes"] = edit.get("disputes") or []
    return page


def code_page(
    code: str,
    facts: dict[str, Any],
    notes: dict[str, Any],
    edits: Iterable[dict[str, Any]],
    labels: dict[str, str],
    references: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the page of a CPT or HCPCS code.

    The contract's fields come first; the rest is there where it is known of the code. ``labels`` names other codes,
    ``references`` are the editions of the tables named by ``tables_behind``.
    """
    note: dict[str, Any] = notes["code"].get(code, {})
    drug = facts.get("drug")
    page: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "code",
        "code": code,
        "summary": note.get("summary")
        or facts.get("label")
        or facts.get("short")
        or "no wording of ours for this code",
        "labels": _labels(facts),
        "valid": [{"from": start, "to": end} for start, end in facts.get("valid", [])],
        "unit": _unit(facts),
        "mue": [_mue(row, notes["mai"]) for row in facts.get("mue", [])],
        "pairs": _pairs(code, facts, notes["class"], note.get("opens", {})),
        "look_alikes": [{"code": other, "why": why} for other, why in facts.get("look_alikes", [])],
        "national_amounts": [
            dict(zip(("from", "to", "setting", "amount"), row, strict=True)) for row in facts.get("amounts", [])
        ],
        "asp": [
            dict(zip(("edition", "from", "to", "limit", "dosage"), row, strict=True)) for row in facts.get("asp", [])
        ],
    }
    page["evidence"] = facts.get("evidence")
    page["uses"] = note.get("uses", [])
    page["not_for"] = [{"what": what, "use": use} for what, use in note.get("not_for", [])]
    usual = "noc" if facts.get("noc") else "drug" if drug else None
    page["billing"] = [*note.get("billing", []), *(notes[usual]["billing"] if usual else [])]
    page["place"] = note.get("place", [])
    page["supervision"] = note.get("supervision", [])
    page["modifiers"] = {
        "never": note.get("modifiers_never", []),
        "notes": [{"modifier": modifier, "note": text} for modifier, text in note.get("modifiers", [])],
    }
    page["documentation"] = note.get("documentation", [])
    page["money"] = note.get("money", [])
    page["drugs"] = [{"code": other, "label": labels.get(other)} for other in note.get("drugs", [])]
    page["drug"] = _drug(drug, notes["drug"]["jw"]) if drug else None
    page["replaced_by"] = [
        dict(zip(("code", "units_from", "units_to", "from"), row, strict=True)) for row in facts.get("replaced_by", [])
    ]
    page["vaccine"] = [dict(zip(("cvx", "short", "status"), row, strict=True)) for row in facts.get("vaccine", [])]
    page["injections_per_dose"] = facts.get("injections")
    page["ndc"] = _ndc(facts.get("ndc"))
    page["add_on"] = facts.get("aoc")
    page["fee_schedule"] = _fees(facts.get("pfs"), notes["pfs_status"])
    page["coverage"] = facts.get("coverage")
    page["not_otherwise_classified"] = bool(facts.get("noc"))
    page["groups"] = facts.get("groups", [])
    page["edits"] = edits_about(code, facts.get("groups", []), edits)
    page["references"] = references
    page["sources"] = note.get("sources", [])
    page["notice"] = NOTICE
    return page


def reason_page(
    kind: str,
    code: str,
    facts: dict[str, Any],
    notes: dict[str, Any],
    edits: Iterable[dict[str, Any]],
    references: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the page of a claim adjustment reason (``carc``) or remittance remark (``rarc``) code."""
    predicting = [
        edit for edit in edits if (edit.get("carc") == code if kind == "carc" else code in (edit.get("rarc") or []))
    ]
    return {
        "schema": SCHEMA,
        "kind": kind,
        "code": code,
        "summary": facts.get("wording") or "no wording of ours for this code",
        "valid": [{"from": start, "to": end} for start, end in facts.get("valid", [])],
        "do": notes[kind].get(code),
        "edits": [_brief(edit) for edit in predicting],
        "references": references,
    }


def tables_behind(facts: dict[str, Any]) -> set[str]:
    """Return the names of the reference tables that a code's facts come from."""
    return {table for key, tables in _TABLES.items() if facts.get(key) for table in tables}


def edits_about(code: str, groups: list[str], edits: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the edits that judge lines of a code's groups (``direct``), and those whose documentation names the code."""
    found = []
    for edit in edits:
        direct = edit.get("scope") in groups
        if direct or re.search(rf"\b{re.escape(code)}\b", " ".join(str(text) for text in edit["doc"].values())):
            found.append(_brief(edit) | {"direct": direct})
    return sorted(found, key=lambda row: not row["direct"])


def _brief(edit: dict[str, Any]) -> dict[str, Any]:
    return {"code": edit["code"], "name": edit["name"], "summary": edit["summary"]}


def _labels(facts: dict[str, Any]) -> list[str]:
    """Return our words for a code, the public short description of HCPCS Level II and the CDC's names of a vaccine."""
    vaccines = [f"{short} vaccine" for _, short, _ in facts.get("vaccine", [])]
    return list(dict.fromkeys(text for text in (facts.get("label"), facts.get("short"), *vaccines) if text))


def _unit(facts: dict[str, Any]) -> str | None:
    """Return what one billing unit is: ``1 mg``, or None where nobody says."""
    drug = facts.get("drug")
    if drug:
        return f"{drug['unit_amount']} {drug['unit']}"
    asp: list[list[str]] = facts.get("asp", [])
    return asp[-1][4] if asp else None


def _mue(row: list[Any], meanings: dict[str, str]) -> dict[str, Any]:
    edition, start, end, value, mai, payer = row
    meaning = meanings.get(str(mai)) if mai is not None else None
    return {
        "edition": edition,
        "value": value,
        "mai": mai,
        "from": start,
        "to": end,
        "payer": payer,
        "meaning": meaning,
    }


def _pairs(
    code: str, facts: dict[str, Any], classes: list[dict[str, Any]], own: dict[str, str]
) -> list[dict[str, Any]]:
    """Return the kinds of partners: who is paid, who is denied and what opens the pair, visits first."""
    is_visit = "class" in facts and classes[facts["class"]].get("visit", False)
    found = []
    for number, side, indicator, count, codes in sorted(
        facts.get("pairs", []), key=lambda row: classes[row[0]]["rank"]
    ):
        kind = classes[number]
        usual = VISIT_OPENS if is_visit or kind.get("visit") else PROCEDURE_OPENS
        partner = codes if count == 1 and codes else "the other code"
        pays, denied = (code, partner) if side == 1 else (partner, code)
        row = {
            "with": kind["name"],
            "count": count,
            "codes": codes,
            "pays": pays,
            "denied": denied,
            "indicator": indicator,
        }
        found.append(row | {"opens": own.get(kind["name"], usual) if indicator else None})
    return found


def _drug(drug: dict[str, Any], meanings: dict[str, str]) -> dict[str, Any]:
    return drug | {"jw_jz_meaning": meanings.get(drug.get("jw_jz") or "")}


def _fees(pfs: dict[str, Any] | None, meanings: dict[str, str]) -> dict[str, Any] | None:
    return pfs | {"status_meaning": meanings.get(pfs["status"])} if pfs else None


def _ndc(ndc: dict[str, Any] | None) -> dict[str, Any] | None:
    if ndc is None:
        return None
    names = ("ndc11", "drug", "labeler", "units_per_package", "from", "to")
    return {"count": ndc["count"], "shown": [dict(zip(names, row, strict=True)) for row in ndc["rows"]]}
