"""The CMS-1500 on paper: every value in its place, nothing cut, nobody else may read it."""

from __future__ import annotations

import stat
import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cli_runner import Run, claim_file, runner
from conftest import ROOT, program
from scrubjay.cases import parse
from scrubjay.form.fields import LINES_OF_A_PAGE, faults, pages, placed, positions
from scrubjay.io.records import Claim, Note

pytest.importorskip("reportlab", reason="ReportLab is not installed: no PDF is drawn")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def claim(text: str) -> Claim:
    (case,) = parse(text)
    return case.claims[0]


ONE = """
payer commercial
patient name="FEATHER, ADA" sex=F dob=1951-04-11 member=1FD0AA1AA10
claim id=A1 dx=D51.0,E53.8 paid=5.00 ref_g1=PA1 referring=other note="FIRST VISIT"
line 99213 mods=25 dx=1,2
line J3420 ndc=00143962010 note="LEFT DELTOID"
"""


def grid(page: object, text: dict[tuple[int, int], str]) -> list[str]:
    rows = [[" "] * 80 for _ in range(66)]
    for (line, column), value in text.items():
        rows[line - 1][column - 1 : column - 1 + len(value)] = list(value)
    return ["".join(row).rstrip() for row in rows]


def test_values_stand_where_the_form_has_their_boxes() -> None:
    (page,) = pages(claim(ONE))
    found = {(line, p.column + (p.width - len(text) if p.right else 0)): text for _, line, p, text in placed(page)}
    rows = grid(page, found)
    assert rows[7][49:] == "1FD0AA1AA10"
    assert rows[9] == "FEATHER, ADA".ljust(30) + "04 11 1951      X  FEATHER, ADA"
    assert rows[33].startswith("DNALEX EXAMPLE".replace("DN", "DN "))
    assert rows[37] == "  D510         E538"
    assert rows[43] == "03 02 26 03 02 26 11    99213   25          AB     150 00  1       1456789001".replace(
        "  1   ", "   1  "
    )
    assert rows[44].startswith("N400143962010 ML1   ZZLEFT DELTOID")
    assert rows[55].startswith("912345678         X   A1")
    assert rows[55][51:59] == "  170 00"
    assert rows[60][49:] == "1234567802   ZZ207Q00000X"


def test_positions_do_not_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    for name, p in positions().items():
        rows = range(p.line, p.line + 12, 2) if name.startswith("24") else [p.line]
        for line in rows:
            for column in range(p.column, p.column + p.width):
                assert (line, column) not in taken, (name, taken[line, column])
                taken[line, column] = name
                assert 1 <= column <= 79
                assert 1 <= line <= 62


def test_more_than_six_lines_go_on_further_forms() -> None:
    text = "claim id=A1 paid=5.00\n" + "\n".join(f"line 96372 charge={k}.00" for k in range(1, 15))
    whole = claim(text)
    each = pages(whole)
    assert [len(page.services) for page in each] == [LINES_OF_A_PAGE, LINES_OF_A_PAGE, 2]
    assert [page.fields["28"] for page in each] == ["21 00", "57 00", "27 00"]
    assert [page.fields["29"] for page in each] == ["5 00", "", ""]
    last = pages(whole, totals="last")
    assert [page.fields["28"] for page in last] == ["", "", "105 00"]
    assert [page.fields["29"] for page in last] == ["", "", "5 00"]


def test_medicare_as_primary_has_its_own_boxes() -> None:
    (page,) = pages(claim(ONE.replace("commercial", "medicare")))
    assert page.fields["1_medicare"] == "X"
    assert page.fields["11"] == "NONE"
    assert not {"4", "7_street", "11c", "11d_no", "13"} & set(page.fields)


@pytest.mark.parametrize(
    ("text", "box", "words"),
    [
        ('patient name="QUILLFEATHER-BLUEFEATHER, ELISABETHANNE"\nclaim\nline 96372', "2", "39 characters, 28 fit"),
        ('patient name="NUÑEZ, ANA"\nclaim\nline 96372', "2", "a character"),
        ("claim id=ABCDEFGHIJKLMNOP\nline 96372", "26", "16 characters, 14 fit"),
        ("claim\nline J1944 units=1064", "24g", "line 1 has 4 characters, 3 fit"),
        ("claim\nline 96372 charge=1234567.00", "24f", "10 characters, 8 fit"),
    ],
)
def test_what_does_not_fit_is_named_and_never_cut(text: str, box: str, words: str) -> None:
    found = [fault for fault in faults(pages(claim(text))) if fault.box == box]
    assert len(found) == 1
    assert words in str(found[0])
    assert "QUILLFEATHER" not in str(found[0])


def test_a_long_note_takes_both_lines_of_box_19_or_is_named() -> None:
    base = claim("claim\nline 96372")
    whole = replace(base, notes=(Note("GIVEN AFTER REVIEW OF THE LABORATORY RESULTS OF FEBRUARY AND MARCH"),))
    (page,) = pages(whole)
    assert (page.fields["19_first"], page.fields["19"]) == (
        "GIVEN AFTER REVIEW OF THE",
        "LABORATORY RESULTS OF FEBRUARY AND MARCH",
    )
    assert not faults([page])
    (fault,) = faults(pages(replace(base, notes=(Note("WORD " * 20),))))
    assert fault.box == "19"


def test_medicare_reads_the_words_for_an_unclassified_drug_in_box_19() -> None:
    text = 'claim\nline J3490 desc="SAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"'
    (page,) = pages(claim(text))
    assert page.fields["19"] == "SAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"
    (other,) = pages(claim(f"payer commercial\n{text}"))
    assert "19" not in other.fields
    assert other.services[0]["24_shaded"] == "ZZSAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"


def test_amounts_are_exact() -> None:
    (page,) = pages(replace(claim("claim\nline 96372 charge=0.10\nline 96372 charge=0.20"), charge=None))
    assert page.fields["28"] == "0 30"
    assert Decimal(page.services[0]["24f"].replace(" ", ".")) == Decimal("0.10")


@pytest.mark.parametrize("style", ["data", "sheet"])
def test_the_pdf_holds_every_value_and_is_private(style: str, run: Run, tmp_path: Path) -> None:
    claim_file(tmp_path / "a.837", ONE)
    ran = run("form", "a.837", "--claim", "A1", "-o", "a.pdf", "--style", style)
    assert ran.code == 0, ran.err
    assert stat.S_IMODE((tmp_path / "a.pdf").stat().st_mode) == 0o600
    again = (tmp_path / "a.pdf").read_bytes()
    assert run("form", "a.837", "--claim", "A1", "-o", "a.pdf", "--style", style).code == 0
    assert (tmp_path / "a.pdf").read_bytes() == again
    program("pdftotext", "the text of the PDF is not read back")
    text = subprocess.run(
        ["pdftotext", "-layout", "a.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    for value in (
        "FEATHER, ADA",
        "1FD0AA1AA10",
        "99213",
        "25",
        "N400143962010 ML1",
        "D510",
        "1456789001",
        "FIRST VISIT",
    ):
        assert value in text


def test_what_cannot_be_printed_gives_another_exit_code(run: Run, tmp_path: Path) -> None:
    claim_file(tmp_path / "a.837", "claim id=A1\nline J1944 units=1064")
    ran = run("form", "a.837", "--claim", "A1", "-o", "a.pdf")
    assert ran.code == 1
    assert "box 24g: days or units, line 1 has 4 characters, 3 fit; it was not printed" in ran.err
    assert run("form", "a.837", "--claim", "A1", "-o", "a.pdf", "--style", "sheet").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--claim", "B9", "-o", "a.pdf"], "no claim is numbered 'B9'"),
        (["--claim", "A1", "-o", "-"], "name the PDF"),
        (["--claim", "A1", "-o", "a.pdf", "--shift", "far"], "no shift"),
        (["--claim", "A1", "-o", "a.837"], "input of this run"),
    ],
)
def test_a_form_that_cannot_be_drawn_is_refused_in_one_line(
    options: list[str], words: str, run: Run, tmp_path: Path
) -> None:
    claim_file(tmp_path / "a.837", ONE)
    ran = run("form", "a.837", *options)
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_every_example_can_be_printed() -> None:
    from scrubjay.io.read837 import read_claims

    for path in sorted((ROOT / "examples" / "charts").glob("*.837")):
        with path.open("rb") as stream:
            for item in read_claims(stream, path.name):
                assert not faults(pages(item)), path.name
