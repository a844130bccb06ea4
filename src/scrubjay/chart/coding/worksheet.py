"""What is gathered while an encounter is coded, and the diagnoses the chart links to an administration."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from scrubjay.chart.coding.proposals import Draft, Proposal
from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.model import Administration, Encounter


@dataclass(frozen=True)
class Switches:
    """What this payer wants, by the policy in force on the day."""

    policy: str
    jw_jz: str
    ndc: str
    patient_supplied: str
    g_codes: bool
    g0012: bool
    route_modifier: bool
    two_lines: bool
    preventive_25: bool


@dataclass
class Worksheet:
    """What is gathered while an encounter is coded."""

    encounter: Encounter
    day: dt.date
    tables: Tables
    switches: Switches
    diagnoses: list[str]
    drafts: list[Draft] = field(default_factory=list)
    confirm: list[tuple[Draft, str, list[dict[str, object]]]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)


def day_of(given: Administration, day: dt.date) -> dt.date:
    """Return the day of an administration, the encounter's where it states none."""
    try:
        return dt.date.fromisoformat(given.get("date") or "")
    except ValueError:
        return day


def diagnoses_of(given: Administration, sheet: Worksheet) -> list[str]:
    """Return the encounter's diagnoses that the chart gives as the reason for an administration.

    Its own diagnosis, else those of its order, else the only diagnosis there is; several without a link are a question.
    """
    own = given.get("diagnosis")
    order = next((o for o in sheet.encounter.orders if o.id is not None and o.id == given.order_id), None)
    for stated in ([own] if own else [], order.diagnoses if order is not None else []):
        found = [code for word in stated if (code := _matching(word, sheet)) is not None]
        if found:
            return found
    if own and not re.fullmatch(r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", own):
        question = f"the ICD-10-CM code of {own!r}, the reason for {given.get('drug') or 'the injection'}"
        if len(sheet.diagnoses) != 1:
            ask(sheet, question)
            return []
    if len(sheet.diagnoses) == 1:
        return list(sheet.diagnoses)
    ask(sheet, f"which diagnosis {given.get('drug') or 'the injection'} was given for")
    return []


def ask(sheet: Worksheet, question: str) -> None:
    """Note a question once."""
    if question not in sheet.missing:
        sheet.missing.append(question)


def _matching(word: str, sheet: Worksheet) -> str | None:
    plain = word.replace(".", "").upper()
    for code in sheet.diagnoses:
        if code.replace(".", "").upper() == plain:
            return code
    for diagnosis in sheet.encounter.diagnoses:
        if diagnosis.code and diagnosis.text and diagnosis.text.lower() == word.lower():
            return diagnosis.code if diagnosis.code in sheet.diagnoses else None
    return None
