"""Notes: what was given is told from what was declined, planned, past, elsewhere or another person's; every value has its span."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from scrubjay.chart.note import context
from scrubjay.chart.note.dates import iso, iso_expiry
from scrubjay.chart.note.fields import details, ndc11
from scrubjay.chart.note.read import read
from scrubjay.chart.note.vocabulary import vocabulary

sys.path.insert(0, str(ROOT / "bench"))
from chart.score import FIELDS, score

NOTES = ROOT / "tests" / "fixtures" / "notes"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (NOTES / name).read_text(encoding="utf-8").splitlines()]


def statuses(text: str) -> list[tuple[str, str | None]]:
    return [(one.status, one.get("drug")) for one in read(text).administrations]


@pytest.mark.parametrize("row", rows("office.jsonl"), ids=lambda row: row["id"])
def test_office_notes_are_read_as_annotated(row: dict[str, Any]) -> None:
    result = score([(row["id"], row["administrations"], read(row["text"]).administrations)])
    assert result.differences == []


def test_notes_that_were_held_out_are_read_nearly_as_well() -> None:
    result = score(
        (row["id"], row["administrations"], read(row["text"]).administrations) for row in rows("office_held_out.jsonl")
    )
    for field in ("drug", "given", *FIELDS):
        reached = result.of(field).f1
        assert reached is None or reached >= (0.95 if field in ("drug", "given", "dose", "route") else 0.90), field


@pytest.mark.slow
def test_public_notes_are_read_as_well_as_published(shared: Any) -> None:
    shared("corpus/notes")
    import chart_accuracy

    result = chart_accuracy.public(shared("corpus/notes"))
    assert result is not None
    for field, least in {"drug": 0.92, "given": 0.82, "dose": 0.87, "route": 0.92}.items():
        reached = result.of(field).f1
        assert reached is not None
        assert reached >= least, field


@pytest.mark.slow
def test_found_notes_are_read_as_well_as_published(shared: Any) -> None:
    folder = shared("corpus/notes/found_injections.jsonl").parent
    import chart_accuracy

    for name in chart_accuracy.FOUND:
        result = chart_accuracy.found(folder, name)
        assert result is not None
        assert result.unsaid == 0
        for field, least in {"drug": 0.92, "given": 0.93, "dose": 0.92, "route": 0.94, "site": 0.95}.items():
            reached = result.of(field).f1
            assert reached is not None
            assert reached >= least, field


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient declined Toradol injection.", [("declined", "ketorolac")]),
        ("Toradol 60 mg IM was refused.", [("declined", "ketorolac")]),
        ("Plans to start Vivitrol 380 mg IM next month.", [("planned", "naltrexone")]),
        ("Received Depo-Provera 150 mg IM last year.", [("historical", "medroxyprogesterone")]),
        ("Self-injects methotrexate 25 mg SC weekly at home.", [("elsewhere", "methotrexate")]),
        ("His wife receives Xolair injections every month.", [("elsewhere", "omalizumab")]),
        ("Allergic to penicillin.", []),
        ("Testosterone level was low. B12 deficiency.", []),
        ("Refilled testosterone cypionate 200 mg/mL.", []),
        ("Discussed Prolia injection with the patient.", [("hypothetical", "denosumab")]),
        ("If pain persists, will give Depo-Medrol 80 mg IM.", [("hypothetical", "methylprednisolone acetate")]),
        ("No injection given today.", []),
        ("No Toradol injection was given.", [("declined", "ketorolac")]),
        (
            "Declined flu vaccine but received Tdap 0.5 mL IM.",
            [("declined", "influenza vaccine"), ("given", "tdap vaccine")],
        ),
        ("No complications. Rocephin 1 g IM given.", [("given", "ceftriaxone")]),
        ("B12 1000 mcg IM given left deltoid. Next dose due in 4 weeks.", [("given", "cyanocobalamin")]),
        ("Stage IV chronic kidney disease. Aspirin 81 mg daily.", []),
        ("The subcutaneous tissue was closed with Vicryl.", []),
    ],
)
def test_what_was_said_of_the_injection(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert statuses(text) == expected


def test_an_order_for_what_was_given_is_its_order() -> None:
    (one,) = read(
        "Order: Rocephin 1 g IM x1 per Dr. Jones. Rocephin 1 g IM administered by M. Lee, MA."
    ).administrations
    assert one.status == "given"
    assert one.get("orderer") == "Dr. Jones"
    assert one.order is not None


def test_two_injections_of_one_drug_stay_two() -> None:
    text = "Bicillin L-A 1.2 million units IM given left gluteal at 10:00. Bicillin L-A 1.2 million units IM given right gluteal at 10:05."
    assert [one.get("laterality") for one in read(text).administrations] == ["left", "right"]


def test_a_recap_that_says_another_side_is_a_contradiction_and_no_second_injection() -> None:
    (one,) = read(
        "Ketorolac 60 mg IM given in left deltoid at 10:15. Tolerated ketorolac injection in right deltoid."
    ).administrations
    assert one.get("laterality") == "left"
    assert one.conflicts["laterality"].value == "right"


@pytest.mark.parametrize(
    ("written", "generic", "misspelt"),
    [
        ("Toradol", "ketorolac", False),
        ("ketoralac", "ketorolac", True),
        ("Rocefin", "ceftriaxone", True),
        ("testosterone cypionite", "testosterone cypionate", True),
        ("Depo Provera", "medroxyprogesterone", False),
        ("Rho(D) immune globulin", "rho(d) immune globulin", False),
        ("INVEGA SUSTENNA", "paliperidone palmitate", False),
    ],
)
def test_names_of_drugs(written: str, generic: str, misspelt: bool) -> None:
    (found,) = vocabulary().find(written, [(0, len(written))])
    assert (found.name.generic, found.misspelt) == (generic, misspelt)


@pytest.mark.parametrize("word", ["hydralazine", "prednisone", "chronic", "injection", "Celebrex"])
def test_other_words_are_no_misspelt_drug(word: str) -> None:
    assert vocabulary().find(word, [(0, len(word))]) == []


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("0409-3795-01", "00409379501"),
        ("50458-563-01", "50458056301"),
        ("12345-6789-1", "12345678901"),
        ("123-45-6", None),
    ],
)
def test_ndc_forms(written: str, digits: str | None) -> None:
    assert ndc11(written) == digits


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("DOB 03/02/1961. Seen 03/05/2026. Toradol 60 mg IM given.", "2026-03-05"),
        ("DOB: 3/2/1961  DOS: 3/5/2026\nToradol 60 mg IM given.", "2026-03-05"),
        ("Seen on 3/5/2026: Toradol 60 mg IM given.", "2026-03-05"),
        ("Last seen 03/05/2025. Toradol 60 mg IM given.", None),
        ("Date of birth 3/2/1961. Toradol 60 mg IM given.", None),
        ("Toradol 60 mg IM given, lot A12, exp date: 3/5/2027.", None),
    ],
)
def test_the_day_of_the_visit(text: str, day: str | None) -> None:
    found = read(text).date
    assert (found.value if found else None) == day


def test_dates() -> None:
    assert iso("3/2/26") == "2026-03-02"
    assert iso("March 2, 2026") == "2026-03-02"
    assert iso("2/30/2026") is None
    assert iso_expiry("02/28") == "2028-02"
    assert iso_expiry("Aug 2027") == "2027-08"
    assert iso_expiry("13/2027") is None


WORDS = st.sampled_from(
    "Toradol 60 mg IM given declined left deltoid by J. Roe, RN lot A12 exp 05/2027 . , : ;".split(" ")
    + "\n|\n\n|at|10:15|PLAN:|wasted|no|%|µ|é|1/2|NDC|-".split("|")
)


@settings(max_examples=60)
@given(st.lists(WORDS, max_size=40).map(" ".join))
def test_every_span_is_what_stands_there(text: str) -> None:
    for one in read(text).administrations:
        for value in one.values().values():
            assert value.start is not None
            assert value.end is not None
            assert text[value.start : value.end] == value.text
    for hit in details(text):
        assert 0 <= hit.start <= hit.end <= len(text)


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    read(text)


def test_sentences_cover_what_they_cut() -> None:
    text = "PLAN:,  A 1 g of Rocephin IM was given.  Call Dr. B's office.,1. Rest.\n2. Fluids."
    found = [text[low:high].strip() for low, high in context.sentences(text)]
    assert any(sentence.startswith("Call Dr. B's office") for sentence in found)
    assert any(sentence.startswith("A 1 g of Rocephin") for sentence in found)


def test_reading_writes_nothing_and_asks_no_network(tmp_path: Path) -> None:
    """A note's words in a log are a breach: not a byte goes to either stream, at any log level, in a fresh process."""
    script = (
        "import logging, socket, sys\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from scrubjay.chart.note.read import read\n"
        "found = read('Zebulon Testcase declined Toradol injection. Rocephin 1 g IM given left deltoid.')\n"
        "assert len(found.administrations) == 2\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "junk",
    [
        "a",
        "1",
        " ",
        "\n",
        "(",
        "IM ",
        "60 mg ",
        "by A B ",
        "wasted ",
        "left the upper ",
        "1,111",
        "Toradol 60 mg IM given ",
    ],
)
def test_no_text_takes_long(junk: str) -> None:
    text = junk * (8000 // len(junk))
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 10


def test_line_ends_of_other_systems_change_nothing() -> None:
    text = (ROOT / "examples" / "notes" / "ketorolac.txt").read_text(encoding="utf-8")
    windows = text.replace("\n", "\r\n")
    plain, other = read(text), read(windows)
    assert [one.status for one in plain.administrations] == [one.status for one in other.administrations]
    for one, two in zip(plain.administrations, other.administrations, strict=True):
        assert {name: value.value for name, value in one.values().items()} == {
            name: value.value for name, value in two.values().items()
        }
        assert all(windows[value.start : value.end] == value.text for value in two.values().values())
