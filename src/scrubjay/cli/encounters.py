"""Charts by name: an encounter document, a FHIR chart or a note, to one encounter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrubjay.cli.claims import opened, shown

if TYPE_CHECKING:
    from scrubjay.chart.model import Encounter


def read_encounter(name: str, beside: str | None = None) -> Encounter:
    """Return the encounter of a chart.

    ``beside`` names an encounter document for what a note does not hold: patient, coverage, providers, diagnoses,
    charges; what the chart itself says stands.  Raises :class:`~scrubjay.errors.InputError` for what is no chart.
    """
    from scrubjay.chart.source import read_chart

    with opened(name) as stream:
        encounter = read_chart(stream.read(), shown(name))
    return _framed(encounter, read_encounter(beside)) if beside else encounter


def _framed(chart: Encounter, frame: Encounter) -> Encounter:
    """Return the chart with what it leaves open taken from the frame.

    What happened is the chart's alone: administrations, consent, assessment, and the words for a separate evaluation.
    """
    frame = frame.model_copy(deep=True)
    frame.encounter.consent = frame.encounter.assessment = frame.encounter.signature = None
    if frame.encounter.visit is not None:
        frame.encounter.visit.separate_evaluation = None
    for name in ("coverage", "providers", "diagnoses", "orders", "charges", "procedures", "observations"):
        if not getattr(chart, name):
            setattr(chart, name, getattr(frame, name))
    for own, other in ((chart.patient, frame.patient), (chart.encounter, frame.encounter)):
        for name in type(own).model_fields:
            if getattr(own, name) is None:
                setattr(own, name, getattr(other, name))
    visit, other_visit = chart.encounter.visit, frame.encounter.visit
    if visit is not None and other_visit is not None and visit is not other_visit:
        visit.code = visit.code or other_visit.code
        visit.rendering = visit.rendering or other_visit.rendering
        visit.diagnoses = visit.diagnoses or other_visit.diagnoses
    return chart
