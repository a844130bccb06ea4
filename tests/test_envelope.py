"""Every defect the readers report has one edit, every envelope edit a damaged example, and none shows a patient."""

from __future__ import annotations

import ast
import inspect
import re
from types import ModuleType

import polars as pl
import pytest

import scrubjay
from scrubjay.cases import parse, to_837
from scrubjay.conformance import rules
from scrubjay.edit import catalogue
from scrubjay.edits.envelope.kinds import KINDS
from scrubjay.io import claim837, interchange, structure837

KIND = re.compile(r"[a-z]{2,}(-[a-z]+)+|wrapped|hierarchy")
NOT_KINDS = {"utf-8", "latin-1"}
ENVELOPE = {code: edit for code, edit in catalogue().items() if code.startswith("ENV")}


def reported(module: ModuleType) -> set[str]:
    """Return the words in a reader's code that have the form of a kind, documentation left out."""
    tree = ast.parse(inspect.getsource(module))
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    words = {
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in prose
    }
    return {word for word in words if KIND.fullmatch(word)} - NOT_KINDS


def found(data: bytes) -> dict[str, pl.DataFrame]:
    """Return the findings of the envelope family by edit."""
    findings = scrubjay.check(data, select=["ENV"]).findings
    return {str(code): rows for (code,), rows in findings.group_by("edit", maintain_order=True)}


def whole(rows: str = "line 99213") -> bytes:
    return to_837(parse(rows)[0])


def test_every_kind_of_the_readers_has_one_edit() -> None:
    kinds = reported(interchange) | reported(structure837) | reported(claim837) | reported(rules)
    assert kinds == set(KINDS)


def test_every_envelope_edit_speaks_for_a_kind() -> None:
    assert set(KINDS.values()) == set(ENVELOPE)


@pytest.mark.parametrize("code", ENVELOPE)
def test_every_envelope_edit_has_a_damaged_example(code: str) -> None:
    assert re.search(r"^(raw|drop|dup|add) |\bn=\d", ENVELOPE[code].doc["Fails"], re.MULTILINE)


@pytest.mark.parametrize("code", ENVELOPE)
def test_an_envelope_edit_starts_from_the_defects_and_names_no_denial(code: str) -> None:
    edit = ENVELOPE[code]
    assert edit.start == ("defects",)
    assert edit.category in ("rejection", "hygiene")
    assert (edit.group, edit.carc, edit.rarc) == (None, None, ())


def test_a_folded_file_is_read_and_said_to_be_folded() -> None:
    plain = whole().replace(b"\n", b"")
    folded = b"\n".join(plain[at : at + 80] for at in range(0, len(plain), 80))
    rows = found(folded)
    assert set(rows) == {"ENV01"}
    assert rows["ENV01"]["level"].to_list() == ["warn"]


def test_an_isa_of_another_length_is_read_and_said() -> None:
    rows = found(whole().replace(b"SUBMITTER01    *", b"SUBMITTER01*", 1))
    assert set(rows) == {"ENV01"}
    assert rows["ENV01"]["found"].to_list() == ["102 characters"]


def test_text_before_the_interchange_is_said_and_not_shown() -> None:
    rows = found(b"Dear Sir, TESTER PAT is attached\n" + whole())
    assert set(rows) == {"ENV01"}
    assert rows["ENV01"]["found"].to_list() == ["32 bytes before the ISA"]


def test_a_control_character_is_said_and_not_shown() -> None:
    rows = found(whole('line 99213 note="SEEN TODAY"').replace(b"SEEN TODAY", b"SEEN\tTODAY"))
    assert set(rows) == {"ENV20"}
    assert rows["ENV20"]["line"].to_list() == [1]


@pytest.mark.parametrize("code", ["ENV01", "ENV03", "ENV05", "ENV07"])
def test_a_defect_outside_of_transactions_names_none(code: str) -> None:
    first = re.split(r"\n\s*\n", ENVELOPE[code].doc["Fails"].strip())[0]
    assert found(whole(first))[code]["transaction"].to_list() == [None]


def test_a_second_transaction_keeps_its_defect_to_itself() -> None:
    data = whole("claim id=A1\nline 99213\ntransaction control=0002\nclaim id=A2\nline 99214\nraw SE01,2=1")
    (row,) = found(data)["ENV08"].to_dicts()
    assert (row["transaction"], row["found"], row["expected"]) == ("0002", "1", "26")


PERSONAL = ("TESTER", "PAT", "TEST00001", "19500101", "1950-01-01", "19509901")

BROKEN = (
    "line 99213\nraw DMG02=19509901",
    "line 99213\nraw NM108*IL=XX",
    "line 99213\nadd TESTER after=SV1",
    'line 99213\nadd "TESTER PAT CAME IN TODAY" after=HI',
    "patient relation=19 dob=1950-01-01\nline 99213\nraw DMG02=19509901",
    "line 99213\nraw HL02,2=7",
    "line 99213\ndup NM1*IL",
    "line 99213\ndrop NM1*IL",
)


@pytest.mark.parametrize("text", BROKEN)
def test_what_was_found_never_shows_the_patient(text: str) -> None:
    rows = pl.concat(found(whole(text)).values()).to_dicts()
    assert rows
    for row in rows:
        shown = f"{row['message']} {row['found']} {row['expected']} {row['fix']}"
        assert not [word for word in PERSONAL if word in shown]
