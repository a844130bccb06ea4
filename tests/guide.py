"""Asks pyx12, an independent checker, whether bytes are a valid 005010X222A1 transaction set."""

from __future__ import annotations

import io

import pytest


def guide_errors(data: bytes) -> list[str]:
    """Return what pyx12 holds against an interchange, empty when it accepts it; skips the test where it is absent."""
    reason = "pyx12 is not installed: the guide's own rules are not checked"
    document = pytest.importorskip("pyx12.x12n_document", reason=reason)
    params = pytest.importorskip("pyx12.params", reason=reason)
    found = io.StringIO()
    with io.StringIO(data.decode()) as source:
        accepted = document.x12n_document(params.params(), source, None, None, fd_json=found)
    report = found.getvalue()
    return [] if accepted else [report or "refused without a reason"]
