"""A study of remittances as JSON (``scrubjay.remit/1``)."""

from __future__ import annotations

from typing import IO, Any

from scrubjay.learn.document import document
from scrubjay.learn.study import Study
from scrubjay.render.machine import dump, rows


def write_json(study: Study, out: IO[bytes], *, phi: bool = False) -> None:
    """Write the document as one JSON object, one record a line."""
    whole: dict[str, Any] = document(study, phi=phi)
    for index, (name, value) in enumerate(whole.items()):
        listed = isinstance(value, list)
        out.write((b"{" if not index else b",\n") + dump(name) + b": " + (rows(value) if listed else dump(value)))
    out.write(b"}\n")
