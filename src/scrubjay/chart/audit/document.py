"""The audit as JSON (``scrubjay.audit/1``) and what of the chart it shows.

Without ``phi`` the words of a note are shown only for the values of the administrations, and there names, birth dates
and record numbers of the patient are masked; sentences of the note (consent, signature, observation ...) are not
echoed. Offsets and values stay, so that who holds the note finds the place.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scrubjay.chart.audit.judge import Audit, Row
from scrubjay.chart.model import CONTRACT_FIELDS, Encounter, Value

SCHEMA = "scrubjay.audit/1"
MASK = "***"
SENTENCES = frozenset({"order", "consent", "assessment", "observation", "reaction", "patient_supplied", "verb"})
"""Fields whose text is a sentence of the note, not a value."""


def document(audit: Audit, *, phi: bool = False) -> dict[str, Any]:
    """Return the audit as the contract's document."""
    hide = Masking(audit.encounter, phi)
    return {
        "schema": SCHEMA,
        "source": audit.source,
        "administrations": [
            {name: hide.field(name, value) for name, value in one.model_dump().items()}
            for one in audit.encounter.administrations
        ],
        "items": [_item(row, hide) for row in audit.rows],
        "summary": audit.counts(),
    }


def written(audits: list[Audit], *, phi: bool = False) -> str:
    """Return the JSON text: one document, or a list of them where there are several."""
    documents = [document(audit, phi=phi) for audit in audits]
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=1, ensure_ascii=False) + "\n"


def _item(row: Row, hide: Masking) -> dict[str, Any]:
    return {
        "item": row.item,
        "administration": row.administration,
        "state": row.state,
        "evidence": [hide.evidence(value) for value in row.evidence],
        "found": hide.text(row.found),
        "why": row.why,
        "source": row.source,
        "denial": row.denial,
        "hint": row.hint,
    }


class Masking:
    """Hides what identifies the patient, unless it is asked for."""

    def __init__(self, encounter: Encounter, phi: bool) -> None:
        patient = encounter.patient
        known = [patient.last_name, patient.first_name, patient.middle_name, patient.id]
        known += [coverage.member_id for coverage in encounter.coverage]
        if patient.birth_date is not None:
            day = patient.birth_date
            known += [day.isoformat(), day.strftime("%m/%d/%Y"), f"{day.month}/{day.day}/{day.year}"]
        words = [re.escape(word) for word in known if word and len(word) > 1]
        self._phi = phi
        self._known = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) if words else None

    def text(self, text: str) -> str:
        """Return a text with what is known of the patient masked."""
        if self._phi or self._known is None:
            return text
        return self._known.sub(MASK, text)

    def field(self, name: str, value: Any) -> Any:
        """Return one field of an administration as it may be shown."""
        if self._phi or not isinstance(value, dict):
            return value
        if name == "conflicts":
            return {key: self.field(key, one) for key, one in value.items()}
        return self._value(value, sentence=name in SENTENCES)

    def evidence(self, value: Value) -> dict[str, Any]:
        """Return evidence as it may be shown: a short value's words, never a sentence of the note."""
        shown = value.model_dump()
        sentence = value.value in ("yes", "no", "none", "direct") or len(value.text or "") > len(value.value) + 24
        return shown if self._phi else self._value(shown, sentence=sentence)

    def _value(self, value: dict[str, Any], *, sentence: bool) -> dict[str, Any]:
        shown = dict(value)
        if isinstance(shown.get("text"), str):
            shown["text"] = MASK if sentence else self.text(shown["text"])
        if isinstance(shown.get("value"), str):
            shown["value"] = self.text(shown["value"])
        return shown


def schema() -> dict[str, Any]:
    """Return the JSON schema of one document."""
    from scrubjay.chart.audit.judge import ITEMS, STATES

    span = {
        "type": "object",
        "required": ["value", "text", "start", "end"],
        "properties": {
            "value": {"type": "string"},
            "text": {"type": ["string", "null"]},
            "start": {"type": "integer", "minimum": 0},
            "end": {"type": "integer", "minimum": 0},
        },
        "additionalProperties": False,
    }
    place = {
        "type": "object",
        "required": ["value", "resource"],
        "properties": {"value": {"type": "string"}, "resource": {"type": ["string", "null"]}},
        "additionalProperties": False,
    }
    value = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/span"}, {"$ref": "#/$defs/place"}]}
    words = {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "type": "object",
        "required": ["schema", "source", "administrations", "items", "summary"],
        "properties": {
            "schema": {"const": SCHEMA},
            "source": words,
            "administrations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": list(CONTRACT_FIELDS),
                    "properties": {
                        "status": {"enum": ["given", "planned", "declined", "historical", "hypothetical", "elsewhere"]},
                        **{name: value for name in CONTRACT_FIELDS if name != "status"},
                    },
                },
            },
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["item", "administration", "state", "evidence", "why", "source", "denial"],
                    "properties": {
                        "item": {"enum": list(ITEMS)},
                        "administration": {"type": ["integer", "null"]},
                        "state": {"enum": list(STATES)},
                        "evidence": {
                            "type": "array",
                            "items": {"anyOf": [{"$ref": "#/$defs/span"}, {"$ref": "#/$defs/place"}]},
                        },
                        **dict.fromkeys(("found", "why", "source", "denial", "hint"), words),
                    },
                },
            },
            "summary": {
                "type": "object",
                "required": ["present", "missing", "contradictory"],
                "additionalProperties": {"type": "integer", "minimum": 0},
            },
        },
        "$defs": {"span": span, "place": place},
    }
