"""What a chart's file is, by its content, and the encounter it holds: encounter document, FHIR R4 or a note's text."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from scrubjay.chart.model import SCHEMA, Administration, Encounter, Note, Supervision, Value, Visit
from scrubjay.errors import InputError

LARGEST = 20 * 1024 * 1024
"""Bytes of the largest chart that is read."""
LONGEST_NOTE = 100_000
"""Characters of the longest note that is read: what is longer is no note of one encounter."""


def read_chart(data: bytes, file: str) -> Encounter:
    """Return the encounter of a file; its notes are read, and add to what the structured part leaves open.

    Raises InputError, in one line without patient data, for what is no chart.
    """
    if len(data) > LARGEST:
        raise InputError(file, f"is larger than {LARGEST // 1024 // 1024} MB; give one encounter a file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(file, "is not UTF-8 text; give a note, a FHIR chart or an encounter document") from None
    if not text.strip():
        raise InputError(file, "is empty; give a note, a FHIR chart or an encounter document")
    if "\x00" in text:
        raise InputError(file, "is a binary file; give a note, a FHIR chart or an encounter document")
    if text.lstrip()[0] in "{[":
        return with_notes(_structured(text, file), file)
    if text.lstrip().startswith("ISA") and "*" in text[:120]:
        raise InputError(file, "is an X12 file; scrubjay check reads it")
    # The line ends of the file stay as they are, so that spans count its characters.
    return with_notes(Encounter(source="note", notes=[Note(text=text)]), file)


def _structured(text: str, file: str) -> Encounter:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as failure:
        first = text.lstrip().split("\n", 1)[0]
        if not first.rstrip().endswith("}"):
            raise InputError(file, f"line {failure.lineno}: is not JSON ({failure.msg})") from None
        document = None
    if isinstance(document, dict) and "resourceType" not in document:
        return _document(document, file)
    try:
        from scrubjay.chart.fhir.read import read
    except ImportError:
        raise InputError(file, "FHIR needs the chart extra; install it with: pip install 'scrubjay[chart]'") from None
    return read(text, file)


def _document(document: dict[str, object], file: str) -> Encounter:
    if document.get("schema") != SCHEMA:
        raise InputError(file, f'is neither FHIR nor an encounter document; that one says "schema": "{SCHEMA}"')
    try:
        return Encounter.model_validate(document).located()
    except ValidationError as failure:
        first = failure.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        said = "is not a field of the document" if first["type"] == "extra_forbidden" else first["msg"]
        raise InputError(file, f"{where}: {said}; see docs/encounter.schema.json") from None


def with_notes(encounter: Encounter, file: str = "notes") -> Encounter:
    """Read the notes of an encounter: what they say of a drug given fills what is open, the rest is added.

    A value that stands in the structured part stays; the audit compares both.
    """
    if not encounter.notes:
        return encounter
    try:
        from scrubjay.chart.note.read import read
    except ImportError:
        raise InputError(
            "notes", "reading notes needs the chart extra; install it with: pip install 'scrubjay[chart]'"
        ) from None

    for number, note in enumerate(encounter.notes):
        if len(note.text) > LONGEST_NOTE:
            raise InputError(
                file, f"note {number + 1} is longer than {LONGEST_NOTE:,} characters; give one encounter a file"
            )
        reading = read(note.text, number)
        offset = len(encounter.administrations)
        for one in reading.administrations:
            if one.same_syringe is not None:
                one.same_syringe += offset
        structured = encounter.source != "note"
        known = list(encounter.administrations) if structured else []
        added = []
        for one in reading.administrations:
            twin = _twin(one, known)
            if twin is None:
                added.append(one)
            else:
                known.remove(twin)
                _fill(twin, one)
        for one in added:
            if one.same_syringe is not None and len(added) != len(reading.administrations):
                one.same_syringe = None
        encounter.administrations.extend(added)
        _visit(encounter, reading.visit, reading.date)
        _evaluation(encounter, note.text)
    return encounter


def _twin(one: Administration, known: list[Administration]) -> Administration | None:
    """Return the structured record of the injection a note tells of."""
    alike = [
        other for other in known if other.status == one.status and _same(other.get("drug") or "", one.get("drug") or "")
    ]
    same = [other for other in alike if other.get("site") in (None, one.get("site")) or one.get("site") is None]
    return (same or alike or [None])[0]  # type: ignore[list-item]


COMPARED = ("dose", "unit", "route", "site", "laterality", "date", "time", "lot", "expiry", "ndc", "waste")
"""Fields in which note and record must agree."""


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return one.casefold() == other.casefold()


def _fill(known: Administration, told: Administration) -> None:
    filled = False
    for name, value in told.values().items():
        held = known.get(name)
        if held is None:
            setattr(known, name, value)
            filled = True
        elif name in COMPARED and not _same(held, value.value):
            known.conflicts.setdefault(name, value)
            filled = True
    if filled:
        known.note = told.note


def _visit(encounter: Encounter, visit: dict[str, Value], date: Value | None) -> None:
    meeting = encounter.encounter
    meeting.signature = meeting.signature or visit.get("signature")
    meeting.consent = meeting.consent or visit.get("consent")
    meeting.assessment = meeting.assessment or visit.get("assessment")
    if "supervision" in visit:
        meeting.supervision = meeting.supervision or Supervision(statement=visit["supervision"])
        meeting.supervision.statement = meeting.supervision.statement or visit["supervision"]
    if "separate" in visit:
        meeting.visit = meeting.visit or Visit()
        meeting.visit.separate_evaluation = meeting.visit.separate_evaluation or visit["separate"]
    if date is not None and meeting.date is None:
        meeting.date = dt.date.fromisoformat(date.value)


EM_CODE = re.compile(r"(?<![\d.-])(?:CPT\s*:?\s*)?(?P<code>99(?:20[2-5]|21[1-5]))(?:\s*[-,]?\s*25)?(?![\d-])")


def _evaluation(encounter: Encounter, text: str) -> None:
    """Note the visit code that a note states."""
    stated = EM_CODE.search(text)
    if stated is None:
        return
    visit = encounter.encounter.visit = encounter.encounter.visit or Visit()
    visit.code = visit.code or stated["code"]
