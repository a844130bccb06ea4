"""The general edits against plain Python (``oracle.py``) on small random sets of claims of several payers and days."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import pytest

import scrubjay
from oracle import addon_findings, addons, code_findings, listed_pairs, pair_findings, unit_findings, unpack
from scrubjay import engine, policy, refdata
from scrubjay.edit import catalogue
from scrubjay.facts import Run, prepare
from scrubjay.model import SHAPES, Tables

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 11, 23)
DAYS = [
    dt.date.fromisoformat(day)
    for day in (
        "2012-05-01 2017-05-03 2019-06-30 2019-07-01 2020-12-31 2021-01-01 2021-12-31 2022-07-01 2024-07-01 2025-06-02 "
        "2026-03-31 2026-04-01 2026-07-01"
    ).split()
]
CODES = (
    "96372 96372 96372 99213 99211 99223 99231 20610 20550 64405 64484 62323 64615 17000 11900 11730 11720 00300 36415 "
    "36591 96523 96360 96361 96365 96366 96367 96368 96369 96371 96374 96375 96409 96413 96401 96402 11042 11045 97530 "
    "97533 95115 95117 90471 99291 99292 0054T 20701 96376 J3420 J1030 G6012 G0568 99201 99241 36145 90782 96272 9921 "
    "J0001 D0120 0001A 0999U X1234 A6460 A6460 A6460 99486 99396"
).split()
MODIFIERS = [tuple(m.split()) for m in "|||||59|25|XS|RT|76|57|78|24|22 91|F1".split("|")]
PAYERS = [("PAYERB", "MB"), ("PAYERC", "MC"), ("87726", "CI"), ("PAYERX", "CI"), ("PAYERA", "16")]
PRACTICES = [("1234567802", "111111111"), ("1234567802", "111111111"), ("1999999984", None)]
CLINICIANS = [
    ("1456789001", "207Q00000X"),
    ("1456789019", "207Q00000X"),
    ("1456789027", "207R00000X"),
    ("1456789035", None),
    (None, None),
]


# Random claims


@dataclass(frozen=True)
class Sample:
    tables: Tables
    lines: list[dict[str, Any]]
    """Each line with the fields of its claim under the same names; those of the line win."""


def sample(seed: int, patients: int = 120) -> Sample:
    rng = random.Random(seed)
    keys = listed_pairs()
    pairs = [keys[rng.randrange(len(keys))] for _ in range(25)]
    extra = [code for key in pairs for code in (unpack(key >> 26), unpack(key % 2**26))]
    extra += rng.sample(sorted(addons()), 12)
    extra += [rng.choice(addons()[code])["primary"] for code in extra[-12:]]
    claims: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for patient in range(patients):
        pool = rng.sample(CODES, 5) + rng.sample(extra, 2)
        together = rng.randrange(0, 50, 2)
        pool += extra[together : together + 2]
        days = rng.sample(DAYS, 2)
        payer, filing = rng.choice(PAYERS)
        for _ in range(rng.randint(1, 3)):
            practice, tin = rng.choice(PRACTICES)
            npi, taxonomy = rng.choice(CLINICIANS)
            claim = {
                "claim_id": len(claims),
                "file": 0,
                "transaction": "0001",
                "claim": f"C{len(claims)}",
                "segment": len(claims) * 10,
                "charge_cents": 1000,
                "pos": "11",
                "frequency": rng.choice(["1"] * 8 + ["7", "8"]),
                "payer_id": payer,
                "filing_code": filing,
                "member_id": f"M{patient}",
                "patient_dob": dt.date(1950, 1, 1),
                "billing_npi": practice,
                "billing_tin": tin,
                "billing_taxonomy": "207Q00000X",
                "rendering_npi": npi,
                "rendering_taxonomy": taxonomy,
            }
            claims.append(claim)
            for number in range(rng.randint(1, 4)):
                lines.append(_line(rng, len(lines), claim["claim_id"], number + 1, rng.choice(pool), rng.choice(days)))
    frames = {name: [] for name in SHAPES} | {"claims": claims, "lines": lines}
    tables = Tables(
        **{n: pl.DataFrame(frames[n], schema={c.name: c.dtype for c in shape}) for n, shape in SHAPES.items()}
    )
    return Sample(tables, [{**claims[row["claim_id"]], **row} for row in lines])


def _line(rng: random.Random, line_id: int, claim_id: int, number: int, code: str, day: dt.date) -> dict[str, Any]:
    modifiers = rng.choice(MODIFIERS)
    dated = rng.random() > 0.03
    own = rng.choice(CLINICIANS) if rng.random() < 0.15 else (None, None)
    days = rng.choice([0] * 9 + [1])
    return {
        "line_id": line_id,
        "claim_id": claim_id,
        "line": number,
        "segment": line_id + 1,
        "qualifier": rng.choice(["HC"] * 19 + ["ER"]),
        "code": code,
        "mod1": modifiers[0] if modifiers else None,
        "mod2": modifiers[1] if len(modifiers) > 1 else None,
        "charge_cents": 1000,
        "unit_basis": rng.choice(["UN"] * 19 + ["MJ"]),
        "units_milli": rng.choice([None, 500] + [1000] * 9 + [2000, 3000, 4000, 6000, 20000]),
        "service_date": day if dated else None,
        "service_to": day + dt.timedelta(days) if dated else None,
        "line_rendering_npi": own[0],
        "line_rendering_taxonomy": own[1],
    }


# The comparison


@cache
def references() -> refdata.References:
    return refdata.load(user=False)


@cache
def drawn(seed: int) -> tuple[Sample, pl.DataFrame]:
    """Return a sample and the engine's hits of the general edits, before levels and precedence."""
    one = sample(seed)
    run = Run(as_of=AS_OF, received=AS_OF)
    edits = [catalogue()[code] for code in ("NCC01", "NCC02", "NCC03", "NCC04", "NCC05", "COD01")]
    judged = engine.run(
        prepare(one.tables, references(), policy.load(), run), references(), edits, lambda _policy, _edit: True
    )
    assert {t.state for t in judged.tallies.values()} == {"ran"}
    # A needed value that is missing is the engine's own word, told apart by its words.
    return one, judged.hits.filter(~pl.col("message").str.contains("cannot be judged"))


def hits_of(seed: int, *codes: str) -> list[dict[str, Any]]:
    return drawn(seed)[1].filter(pl.col("edit").is_in(codes)).to_dicts()


SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs(seed: int) -> None:
    expected = pair_findings(drawn(seed)[0].lines)
    assert {outcome for _, outcome, *_ in expected} == {"hit", "unknown"}
    found = {(h["edit"], h["outcome"], h["line_id"], *h["related"]) for h in hits_of(seed, "NCC01", "NCC02")}
    assert found == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_units(seed: int) -> None:
    single, sums = unit_findings(drawn(seed)[0].lines)
    assert sums
    assert {h["line_id"] for h in hits_of(seed, "NCC03")} == single
    assert {
        (h["claim_id"], frozenset([h["line_id"], *h["related"]]), h["level_cap"]) for h in hits_of(seed, "NCC04")
    } == sums


def test_samples_reach_line_limits() -> None:
    assert any(unit_findings(drawn(seed)[0].lines)[0] for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_addons(seed: int) -> None:
    expected = addon_findings(drawn(seed)[0].lines)
    assert len(expected) > 20
    assert {(h["line_id"], h["outcome"], h["level_cap"]) for h in hits_of(seed, "NCC05")} == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_codes(seed: int) -> None:
    expected = code_findings(drawn(seed)[0].lines)
    found = {(h["line_id"], h["outcome"], h["level_cap"]) for h in hits_of(seed, "COD01")}
    # What is unknown has no level to cap.
    plain = {(line, outcome, None if outcome == "unknown" else cap) for line, outcome, cap in expected}
    assert {(line, outcome, None if outcome == "unknown" else cap) for line, outcome, cap in found} == plain


@pytest.mark.parametrize("seed", SEEDS)
def test_every_general_fact_is_reported_once(seed: int) -> None:
    """In the report a general finding stands, or one that explains it does: on its line, or naming its line."""
    one = drawn(seed)[0]
    edits = catalogue()
    specific = {code: e.supersedes for code, e in edits.items()}
    general = {"NCC01", "NCC02", "NCC03", "NCC04", "NCC05", "COD01"}
    wanted = sorted(general | {code for code, over in specific.items() if general & set(over)})
    report = scrubjay.check(one.tables, as_of=AS_OF, refs=references(), select=wanted, preview=True)
    ids = {(x["claim_id"], x["line"]): x["line_id"] for x in one.lines}
    told: dict[str, set[int]] = defaultdict(set)
    stands: set[tuple[str, int]] = set()
    for f in report.findings.filter(pl.col("outcome") == "hit").to_dicts():
        touched = {ids[f["claim_id"], n] for n in [f["line"], *f["related_lines"]]}
        for code in [f["edit"], *specific[f["edit"]]]:
            told[code] |= touched
        stands.add((f["edit"], ids[f["claim_id"], f["line"]]))
    void = {x["line_id"] for x in one.lines if x["frequency"] == "8"}
    for code, outcome, two, first in pair_findings(one.lines):
        if outcome == "hit" and two not in void:
            assert told[code] & {two, first}, (code, two, first)
    single, sums = unit_findings(one.lines)
    for line in single - void:
        assert line in told["NCC03"]
    for _, together, _ in sums:
        assert together <= void or told["NCC04"] & together
    for code, expected in (("NCC05", addon_findings(one.lines)), ("COD01", code_findings(one.lines))):
        assert {line for line, outcome, _ in expected if outcome == "hit"} - void <= told[code]
    exact = {(code, two) for code, outcome, two, _ in pair_findings(one.lines) if outcome == "hit"}
    assert {s for s in stands if s[0] in ("NCC01", "NCC02")} <= exact
