"""Charts by name: an encounter document, a FHIR bundle or a note, to one encounter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scrubjay.cli.claims import opened, shown
from scrubjay.errors import InputError

if TYPE_CHECKING:
    from scrubjay.chart.model import Encounter


def read_encounter(name: str, beside: str | None = None) -> Encounter:
    """Return the encounter of a chart.

    ``beside`` names an encounter document whose patient, coverage, providers, charges and diagnoses stand beside a note,
    which holds none of them.  Raises :class:`~scrubjay.errors.InputError` for what is no chart.
    """
    with opened(name) as stream:
        data = stream.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(shown(name), f"byte {error.start} is not UTF-8; save the chart as UTF-8 text") from None
    if text.lstrip()[:1] in ("{", "["):
        return _document(text, shown(name))
    if not text.strip():
        raise InputError(shown(name), "the note is empty")
    return _note(text, read_encounter(beside) if beside else None)


def _document(text: str, name: str) -> Encounter:
    from pydantic import ValidationError

    from scrubjay.chart.model import SCHEMA, Encounter

    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise InputError(
            name, f"not JSON ({error}); a chart is an encounter document, a FHIR bundle or a note"
        ) from None
    if isinstance(document, dict) and "resourceType" in document:
        return _bundle(text, name)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(name, f"no {SCHEMA} document: its field schema says what a document is")
    try:
        return Encounter.model_validate(document).located()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"])) or "the document"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise InputError(name, f"{at}: {first['msg']}{more}") from None


def _bundle(text: str, name: str) -> Encounter:
    from scrubjay.chart.fhir import read_encounter as read

    return read(text, name)


def _note(text: str, beside: Encounter | None) -> Encounter:
    """Return a note's administrations in the frame of the document beside it."""
    from scrubjay.chart.model import Encounter, Note
    from scrubjay.chart.note.read import read

    reading = read(text)
    encounter = beside.model_copy(deep=True) if beside is not None else Encounter(source="note")
    encounter.source = "note"
    encounter.administrations = reading.administrations
    encounter.notes = [Note(text=text)]
    if encounter.encounter.date is None and reading.date is not None:
        import datetime as dt

        encounter.encounter.date = dt.date.fromisoformat(reading.date.value)
    visit = encounter.encounter.visit
    separate = reading.visit.get("separate")
    if visit is not None and visit.separate_evaluation is None and separate is not None:
        visit.separate_evaluation = separate
    return encounter
