"""The promises of ``fix`` over everything at hand: every example of every edit, every corner case, the clinic.

What is applied without a person's word changes how something is written, never what was done, how often or for how much, so
that no payment can rise by it; the rest of the bytes stays; a second fix does nothing; the result shows nothing new.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from scrubjay.cases import Case, parse, to_837
from scrubjay.edit import catalogue
from scrubjay.fix.document import Document
from scrubjay.fix.patches import FORM, is_form, proposals
from scrubjay.fix.repair import Repair, new_findings, repair
from test_edit_cases import FENCE, PAGES
from test_examples import EARLIER
from test_fix import billed
from together import together

pytestmark = pytest.mark.slow

CLINIC = Path(__file__).resolve().parent.parent / "examples" / "clinic.837"
MOST = 300
"""Cases mended at once."""


@cache
def every_case() -> tuple[Case, ...]:
    """Return every undamaged case of the catalogue and of the corner cases, earlier claims left out."""
    texts = [e.doc[heading] for e in catalogue().values() for heading in ("Fails", "Passes")]
    texts += [fence for page in PAGES for fence in FENCE.findall(page.read_text(encoding="utf-8"))]
    return tuple(case for text in texts for case in parse(EARLIER.sub("", text)) if not case.damage)


@cache
def batches() -> dict[str, tuple[list[Case], dt.date]]:
    """Return the cases by the year they are judged in, each year judged on its last day: what is safe hangs on no day."""
    years: dict[int, list[Case]] = {}
    for case in every_case():
        years.setdefault(case.as_of.year, []).append(case)
    out = {}
    for year, cases in sorted(years.items()):
        day = max(case.as_of for case in cases)
        out |= {f"{year}-{at}": (cases[at : at + MOST], day) for at in range(0, len(cases), MOST)}
    return out


@cache
def mended(name: str) -> tuple[bytes, Repair, dt.date]:
    """Return a batch as bytes, what was made of it, and the day it is judged on."""
    cases, day = batches()[name]
    data = together(cases, day)
    return data, repair(data, "x", lambda given: scrubjay.check(given, as_of=day, preview=True)), day


def holds(data: bytes, done: Repair, day: dt.date) -> None:
    """Assert every promise of a repair nobody was asked about."""
    assert all(is_form(one.patch) for one in done.applied)
    assert billed(done.data).equals(billed(data))
    before, after = Document(data, "x"), Document(done.data, "x")
    assert len(before) == len(after)
    touched = {one.patch.segment for one in done.applied}
    for number in range(1, len(before) + 1):
        old, new = before.segment(number), after.segment(number)
        assert old is not None
        assert new is not None
        assert (number in touched) == (old.written != new.written), number
    assert new_findings(done.before, done.after).is_empty()
    again = repair(done.data, "x", lambda given: scrubjay.check(given, as_of=day, preview=True))
    assert (again.data, again.applied) == (done.data, [])


@pytest.mark.parametrize("name", batches())
def test_nobody_is_paid_more_by_a_safe_fix(name: str) -> None:
    holds(*mended(name))


def test_the_clinic_keeps_every_promise() -> None:
    day = dt.date(2026, 3, 20)
    data = CLINIC.read_bytes()
    done = repair(data, "clinic.837", lambda given: scrubjay.check(given, as_of=day, preview=True))
    assert done.applied
    holds(data, done, day)


def test_damaged_examples_keep_every_promise() -> None:
    texts = [e.doc["Fails"] for e in catalogue().values() if not e.code.startswith("ENV9")]
    damaged = [case for text in texts for case in parse(EARLIER.sub("", text)) if case.damage]
    assert len(damaged) > 20
    for case in damaged:
        data = to_837(case)
        report = scrubjay.check(data, as_of=case.as_of, preview=True)
        for proposal in proposals(report):
            assert proposal.safety != "safe" or all(is_form(patch) for patch in proposal.patches), case.text


PAID_BY = re.compile(r"SV10[1-7]|SV5|CLM0[25]|HI|CTP04|DTP|LX|AMT|SBR|REF|NTE")
"""Elements that decide what is paid: code, modifiers, charge, units, place, pointer, diagnosis, dates, quantity, numbers."""


def test_no_fix_of_the_catalogue_that_touches_payment_is_safe() -> None:
    assert not [element for element in FORM if PAID_BY.match(element)]
    seen: set[str] = set()
    for name in batches():
        report = mended(name)[1].before
        for proposal in proposals(report):
            touches = any(patch.element is None or PAID_BY.match(patch.element) for patch in proposal.patches)
            assert not (touches and proposal.safety == "safe"), proposal
            seen |= {proposal.edit} if touches else set()
        # An edit that proposes more than form says so in its declaration, too.
        declared = report.findings.filter(pl.col("fix").is_not_null()).select(
            "edit", pl.col("fix").struct.field("safety")
        )
        for edit, safety in declared.unique().iter_rows():
            assert safety in (catalogue()[edit].fix_safety, "advice"), edit
    assert len(seen) > 15, "the test must meet fixes that change what is billed"
