"""A study of remittances as JSON (``scrubjay.remit/1``)."""

from __future__ import annotations

from typing import IO, Any

from scrubjay.learn.document import document
from scrubjay.learn.scored import Scored, scored_document
from scrubjay.learn.study import Study
from scrubjay.render.machine import dump, rows


def write_json(study: Study, out: IO[bytes], *, phi: bool = False, scored: Scored | None = None) -> None:
    """Write the document as one JSON object, one record a line; with ``scored`` it has a field ``scorecard``."""
    whole: dict[str, Any] = document(study, phi=phi)
    if scored is not None:
        whole["scorecard"] = scored_document(scored)
    for index, (name, value) in enumerate(whole.items()):
        listed = isinstance(value, list)
        out.write((b"{" if not index else b",\n") + dump(name) + b": " + (rows(value) if listed else dump(value)))
    out.write(b"}\n")
