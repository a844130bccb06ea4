"""A coding as JSON (``scrubjay.coding/1``) and as text for a coder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from scrubjay.chart.audit.document import Masking
from scrubjay.chart.coding.engine import Coding
from scrubjay.chart.model import Encounter, Value
from scrubjay.render.machine import public
from scrubjay.render.style import Style, clean, money

SCHEMA = "scrubjay.coding/1"


def document(coding: Coding, *, phi: bool = False) -> dict[str, Any]:
    """Return the document; money, units and quantities are decimal strings.

    Without ``phi`` what is known of the patient, and sentences of the note, are masked as in an audit; their offsets stay.
    """
    claim = coding.claim
    hide = Masking(coding.encounter or Encounter(), phi)
    head: dict[str, Any] = {"policy": coding.policy, "date": coding.day.isoformat() if coding.day else None}
    if claim is not None:
        head |= {
            "claim": claim.id or None,
            "payer": claim.payer.name or None,
            "payer_id": claim.payer.id or None,
            "place_of_service": claim.pos or None,
            "diagnoses": [_dotted(code) for code in claim.diagnoses],
            "rendering_npi": claim.rendering.npi or None if claim.rendering else None,
            "billing_npi": claim.billing.npi or None,
            "charge": f"{claim.total():.2f}",
        }
    lines = claim.lines if claim is not None else ()
    return {
        "schema": SCHEMA,
        "claim": head,
        "lines": [
            {
                "code": draft.code,
                "modifiers": list(draft.modifiers),
                "units": _text(draft.units),
                "charge": f"{draft.charge:.2f}" if draft.charge is not None else None,
                "diagnoses": [_dotted(code) for code in draft.diagnoses],
                "ndc": {"ndc11": draft.ndc, "quantity": _text(draft.ndc_quantity), "unit": draft.ndc_unit}
                if draft.ndc
                else None,
                "narrative": draft.narrative or draft.note,
                "why": "; ".join(draft.why),
                "evidence": [_shown(item, hide) for item in draft.evidence],
                "date": line.service_date.isoformat() if line.service_date else None,
            }
            for draft, line in zip(coding.drafts, lines, strict=True)
        ],
        "proposals": [
            {
                "line": proposal.line,
                "code": proposal.code,
                "modifier": proposal.modifier,
                "supported": proposal.supported,
                "evidence": [_shown(item, hide) for item in proposal.evidence],
                "missing": proposal.missing,
                "accepted": (proposal.line, proposal.modifier) in coding.accepted,
            }
            for proposal in coding.proposals
        ],
        "rejected": [{"code": code, "why": why} for code, why in coding.rejected],
        "claim_note": " ".join(note.text for note in claim.notes) if claim is not None and claim.notes else None,
        "missing": coding.missing,
        "findings": findings(coding),
    }


def _shown(item: dict[str, Any], hide: Masking) -> dict[str, Any]:
    """Return evidence as it may be shown."""
    places = {name: item[name] for name in ("value", "text", "start", "end", "resource") if name in item}
    return {"field": item["field"], **hide.evidence(Value.model_validate(places))} if "value" in places else item


def findings(coding: Coding) -> list[dict[str, Any]]:
    """Return what the edits say of the proposed claim, as a report has it."""
    if coding.report is None:
        return []
    text = public(coding.report).write_ndjson()
    return [{**json.loads(row), "file": "proposed claim"} for row in text.splitlines()]


def lines(coding: Coding, style: Style) -> Iterator[str]:
    """Yield the text a coder reads: lines with reasons, what to decide, what was not chosen, what is missing."""
    claim = coding.claim
    head = [coding.day.isoformat() if coding.day else "no date", f"policy {coding.policy}"]
    if claim is not None:
        head = [
            f"claim {clean(claim.id)}" if claim.id else "claim without a number",
            clean(claim.payer.name or "no payer"),
            *head,
        ]
        head.append(f"POS {claim.pos}" if claim.pos else "no place of service")
        head.append(money(f"{claim.total():.2f}"))
    yield style.paint("  ".join(head), "bold")
    if claim is not None and claim.diagnoses:
        yield "  diagnoses " + "  ".join(f"{at}:{_dotted(code)}" for at, code in enumerate(claim.diagnoses, start=1))
    for at, draft in enumerate(coding.drafts, start=1):
        code = "-".join([draft.code, *draft.modifiers])
        words = [
            f"line {at}",
            code,
            f"x {_text(draft.units) or '?'}",
            f"${draft.charge:.2f}" if draft.charge is not None else "no charge",
        ]
        words.append("for " + ", ".join(_dotted(c) for c in draft.diagnoses) if draft.diagnoses else "no diagnosis")
        if draft.ndc:
            words.append(f"NDC {draft.ndc} {draft.ndc_unit or ''}{_text(draft.ndc_quantity) or ''}".rstrip())
        yield ""
        yield style.paint("  " + "  ".join(words), "bold")
        for reason in draft.why:
            yield from style.block(clean(reason), 4)
        if draft.narrative or draft.note:
            yield from style.block(f"text: {clean(draft.narrative or draft.note or '')}", 4)
    yield from _listed("to decide", _proposed(coding), style)
    yield from _listed("not chosen", [f"{code}: {why}" for code, why in coding.rejected], style)
    yield from _listed("missing", coding.missing, style)
    found = [row for row in findings(coding) if row["outcome"] == "hit"]
    yield from _listed("the edits say", [_finding(row) for row in found] or ["nothing against this claim"], style)


def _proposed(coding: Coding) -> list[str]:
    texts = []
    for proposal in coding.proposals:
        state = "supported" if proposal.supported else "not supported"
        if (proposal.line, proposal.modifier) in coding.accepted:
            state += ", confirmed"
        shown = ", ".join(repr(item.get("text") or item.get("value")) for item in proposal.evidence)
        text = f"{proposal.modifier} on line {proposal.line} ({proposal.code}): {state}"
        text += f" by {shown}" if shown and proposal.supported else ""
        texts.append(text + (f"; needs {'; '.join(proposal.missing)}" if proposal.missing else ""))
    return texts


def _finding(row: dict[str, Any]) -> str:
    place = f"line {row['line']}: " if row["line"] is not None else ""
    return f"{row['edit']} {row['level']} {place}{row['message']}"


def _listed(title: str, texts: list[str], style: Style) -> Iterator[str]:
    if texts:
        yield ""
        yield style.paint(title, "bold")
        for text in texts:
            yield from style.block(clean(text), 2, hanging=2)


def _dotted(code: str) -> str:
    return code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def _text(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
