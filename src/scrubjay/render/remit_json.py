"""A study of remittances as JSON (``scrubjay.remit/1``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from scrubjay.learn.document import claim_frames, parts
from scrubjay.learn.scored import Scored, scored_document
from scrubjay.learn.study import Study
from scrubjay.render.machine import dump, rows


def write_json(study: Study, out: IO[bytes], *, phi: bool = False, scored: Scored | None = None) -> None:
    """Write the document as one JSON object, one record a line; the long lists are never held whole.

    With ``scored`` it has a field ``scorecard``.
    """
    for index, (name, value) in enumerate(parts(study, phi=phi)):
        out.write((b"{" if not index else b",\n") + dump(name) + b": ")
        if name == "claims":
            # The frame writes its own rows, many times faster than they could be made into objects first.
            _lines(out, (frame.write_ndjson().encode().splitlines() for frame in claim_frames(study, phi=phi)))
        elif isinstance(value, Iterator):
            _lines(out, ([dump(row)] for row in value))
        else:
            out.write(rows(value) if isinstance(value, list) else dump(value))
    if scored is not None:
        out.write(b',\n"scorecard": ' + dump(scored_document(scored)))
    out.write(b"}\n")


def _lines(out: IO[bytes], batches: Iterator[list[bytes]]) -> None:
    """Write an array with one element a line."""
    mark = b"[\n"
    for batch in batches:
        for line in batch:
            out.write(mark + line)
            mark = b",\n"
    out.write(b"]" if mark != b"[\n" else b"[]")
