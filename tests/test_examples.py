"""The examples of every edit are its tests: Fails hits exactly that edit, Passes is clear of every edit."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from scrubjay.cases import Case, parse, to_837
from scrubjay.edit import catalogue
from scrubjay.edits.envelope.kinds import GUIDE

pytestmark = pytest.mark.usefixtures("guide_in_process")

ALSO = re.compile(r"#\s*also\s+([A-Z0-9, ]+)")
"""A second fact of the same claim that another edit rightly reports: ``# also POS01``."""


EARLIER = re.compile(r"^earlier\n(.*?)^now\n", re.MULTILINE | re.DOTALL)
"""Rows between ``earlier`` and ``now`` are claims of the past, given as history."""


def split(text: str) -> tuple[Case, Case | None]:
    """Return a case, and the earlier claims it is to be judged by."""
    match = EARLIER.search(text)
    (case,) = parse(EARLIER.sub("", text))
    return case, parse(match[1])[0] if match else None


def conformance(edit: str) -> bool:
    """Say whether an edit speaks for the implementation guide; skips its test where pyx12 is absent."""
    if edit not in GUIDE:
        return False
    pytest.importorskip("pyx12", reason="pyx12 is not installed: the guide's own rules are not checked")
    return True


def hits(text: str, folder: Path, edit: str) -> set[str]:
    """Return the codes of the edits that hit a case, judged on its own day."""
    case, earlier = split(text)
    if earlier is not None:
        (folder / "earlier.837").write_bytes(to_837(earlier))
    history = folder if earlier is not None else None
    report = scrubjay.check(
        to_837(case),
        as_of=case.as_of,
        received=case.received,
        preview=True,
        history=history,
        conformance=conformance(edit),
    )
    assert not report.errors, report.errors
    crashed = report.coverage.filter(pl.col("state") == "crashed")
    assert crashed.is_empty(), crashed
    return set(report.findings.filter(pl.col("outcome") == "hit")["edit"])


def cases(heading: str) -> list[object]:
    out = []
    for code, edit in catalogue().items():
        for number, text in enumerate(re.split(r"\n\s*\n", edit.doc[heading].strip()), start=1):
            out.append(pytest.param(code, text, id=f"{code}-{number}"))
    return out


@pytest.mark.parametrize(("code", "text"), cases("Fails"))
def test_fails_hits_exactly_its_edit(code: str, text: str, tmp_path: Path) -> None:
    also = {c.strip() for match in ALSO.findall(text) for c in match.split(",") if c.strip()}
    assert hits(text, tmp_path, code) == {code} | also


@pytest.mark.parametrize(("code", "text"), cases("Passes"))
def test_passes_is_clear_of_every_edit(code: str, text: str, tmp_path: Path) -> None:
    assert hits(text, tmp_path, code) == set()
