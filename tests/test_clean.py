"""Clean claims in tests/clean/*.md: right as they stand, however much a nervous scrubber would like to flag them.

A fence ```` ```case ```` holds one claim, or the claims of one patient; its first comment says why somebody would flag it and why it
is right.  ``# warn EM11`` allows a warning, ``# unknown JW01`` that an edit cannot judge; what is allowed must also come, and
nothing is ever allowed to deny.  The cases below a heading ``## Judged DATE`` are one batch, checked in one run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import scrubjay
from scrubjay.cases import Case, parse
from together import together

pytestmark = pytest.mark.slow

PAGES = sorted((Path(__file__).parent / "clean").glob("*.md"))
JUDGED = re.compile(r"^## Judged (\d{4}-\d\d-\d\d)", re.MULTILINE)
FENCE = re.compile(r"^```case\n(.*?)^```", re.MULTILINE | re.DOTALL)
ALLOWED = re.compile(r"^# (warn|unknown) ([A-Z]{2,4}\d{2,3})", re.MULTILINE)
LEAST = 200
DIAGNOSES_FROM = date(2024, 10, 1)
"""Before the first edition of ICD-10-CM the validity of a diagnosis is unknown, and rightly so."""


@dataclass(frozen=True)
class Batch:
    """The cases of a page that are judged on one day."""

    page: str
    day: date
    texts: tuple[str, ...]


def batches() -> list[Batch]:
    found = []
    for page in PAGES:
        parts = JUDGED.split(page.read_text(encoding="utf-8"))
        for day, body in zip(parts[1::2], parts[2::2], strict=True):
            found.append(Batch(page.stem, date.fromisoformat(day), tuple(FENCE.findall(body))))
    return found


@pytest.mark.parametrize("batch", batches(), ids=lambda b: f"{b.page}-{b.day}")
def test_a_clean_claim_is_clean(batch: Batch) -> None:
    report = scrubjay.check(together([parse(text)[0] for text in batch.texts], batch.day), as_of=batch.day)
    assert not report.errors
    rows = report.findings.filter((pl.col("level") != "info") | (pl.col("outcome") == "unknown")).to_dicts()
    wrong = []
    for number, text in enumerate(batch.texts):
        own = [r for r in rows if (r["claim"] or "").startswith(f"{number}:")]
        if min(line.service_date or batch.day for line in parse(text)[0].claims[0].lines) < DIAGNOSES_FROM:
            own = [r for r in own if (r["edit"], r["outcome"]) != ("DX03", "unknown")]
        denied = [(r["edit"], r["message"]) for r in own if r["level"] == "deny"]
        seen = {("unknown" if r["outcome"] == "unknown" else "warn", r["edit"]) for r in own if r["level"] != "deny"}
        if denied or seen != set(ALLOWED.findall(text)):
            wrong.append(
                f"{text}  denied: {denied}\n  seen: {sorted(seen)} {[r['message'] for r in own if r['level'] != 'deny']}\n"
            )
    loose = [(r["edit"], r["message"]) for r in rows if r["claim"] is None]
    assert not loose
    assert not wrong, f"{len(wrong)} of {len(batch.texts)}\n\n" + "\n".join(wrong)


def cases() -> list[tuple[str, Case, str]]:
    return [(batch.page, case, text) for batch in batches() for text in batch.texts for case in parse(text)]


def test_there_are_enough_and_each_says_why() -> None:
    found = cases()
    assert sum(len(case.claims) for _, case, _ in found) >= LEAST
    for page, _, text in found:
        reason = text.splitlines()[0]
        assert reason.startswith("# "), (page, text)
        assert len(reason) > 25, (page, reason)
    assert len({re.sub(r"^# .*\n", "", text, flags=re.MULTILINE) for _, _, text in found}) == len(found), (
        "one case twice"
    )


def test_they_spread_over_payers_places_and_years() -> None:
    every = [case for _, case, _ in cases()]
    claims = [claim for case in every for claim in case.claims]
    lines = [line for claim in claims for line in claim.lines]
    assert {claim.payer.name for claim in claims} >= {
        "MEDICARE PART B",
        "UNITEDHEALTHCARE",
        "CIGNA",
        "AETNA",
        "STATE MEDICAID",
    }
    assert len({claim.payer.name for claim in claims}) >= 14
    assert len({claim.pos for claim in claims}) >= 10
    assert {line.service_date.year for line in lines if line.service_date} >= set(range(2021, 2027))
    assert len({line.code for line in lines}) >= 120
