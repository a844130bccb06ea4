"""Mending claims: only what was asked changes, byte for byte; who accepted what; and what is never safe."""

from __future__ import annotations

import codecs
import datetime as dt
import hashlib
import io
import json
import re
import shlex
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scrubjay
from cli_runner import Run, claim_file, runner
from conftest import ROOT, shared_files
from scrubjay import synth
from scrubjay.cases import parse, to_837
from scrubjay.edit import catalogue
from scrubjay.errors import InputError
from scrubjay.fix.document import Document, Segment
from scrubjay.fix.patches import FORM, Acceptance, Patch, Refused, is_form, proposals, says
from scrubjay.fix.repair import Broken, Judge, Repair, new_findings, repair
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.io.write837 import Delimiters
from scrubjay.model import Tables
from scrubjay.report import Report
from test_examples import EARLIER

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 3, 16)
DAY = ("--as-of", "2026-03-16")
DIRTY = "claim id=A1\nline 99213 mods=25\nline 96372\nline J3420 ndc=0143-9619-01 uom=ml qty=1"
MISPLACED = "claim id=A1\nline 99213 mods=25\nline 96372 mods=25\nline J3420"
CORPUS = shared_files("corpus/837p") + shared_files("corpus/837p-invalid")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def bytes_of(text: str, delimiters: Delimiters | None = None, newline: str = "\n") -> bytes:
    (case,) = parse(text)
    return to_837(case, delimiters or Delimiters(), newline=newline)


def judge(data: bytes) -> Report:
    return scrubjay.check(data, as_of=AS_OF)


def mended(data: bytes, *accepted: str) -> Repair:
    return repair(data, "x.837", judge, [Acceptance.of(text) for text in accepted])


def tables(data: bytes) -> Tables:
    (chunk,) = iter_chunks(ByteSource(io.BytesIO(data)), "x")
    return read_chunk(chunk, 0, 0, 0)


# ---- where the segments stand


def as_the_reader_counts(data: bytes, size: int) -> dict[int, str]:
    found = {}
    for chunk in iter_chunks(ByteSource(io.BytesIO(data)), "x", size):
        s = chunk.segments
        found |= {int(s.number[k]): s.raw(k) for k in range(len(s)) if not s.context[k]}
    return found


def spellings() -> dict[str, bytes]:
    """The same claims in every syntax a file may come in."""
    usual = bytes_of(DIRTY, newline="")
    other = bytes_of(DIRTY, Delimiters("|", ">", "^", "'"), newline="\r\n")
    folded = b"\r\n".join(usual[k : k + 80] for k in range(0, len(usual), 80))
    return {
        "one line": usual,
        "lines": bytes_of(DIRTY),
        "other delimiters": other,
        "newline ends segments": bytes_of(DIRTY, newline="").replace(b"~", b"\n"),
        "folded": folded,
        "folded in half": b"\n".join(usual[k : k + 37] for k in range(0, len(usual), 37)) + b"\n",
        "prose first": b"From: billing\r\n\r\nplease find\n" + usual + b"\n",
        "utf-8 mark": codecs.BOM_UTF8 + usual,
        "utf-16": usual.decode().encode("utf-16"),
        "utf-16 without mark": usual.decode().encode("utf-16-be"),
        "latin-1": usual.replace(b"SAMPLE*ROBIN", b"PE\xd1A*ROBIN"),
        "several interchanges": usual + b"\n" + other + b"end of file one\n" + bytes_of(DIRTY.replace("A1", "B7")),
    }


@pytest.mark.parametrize("spelling", spellings())
@pytest.mark.parametrize("size", [1 << 20, 700])
def test_segments_are_counted_as_the_reader_counts_them(spelling: str, size: int) -> None:
    data = spellings()[spelling]
    document = Document(data, "x")
    read = as_the_reader_counts(data, size)
    own = {n: found.text.decode("utf-8", "replace") for n in read if (found := document.segment(n)) is not None}
    assert own == read
    assert len(document) == max(read)
    assert document.changed({}) == data
    assert document.segment(0) is None
    assert document.segment(len(document) + 1) is None


def checked_errors(data: bytes) -> list[Any]:
    return judge(data).errors


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_published_samples_are_counted_alike_and_come_out_as_they_went_in(path: Path) -> None:
    data = path.read_bytes()
    if checked_errors(data):
        with suppress(InputError):
            assert Document(data, path.name).changed({}) == data
        return
    document = Document(data, path.name)
    read = as_the_reader_counts(data, 1 << 20)
    assert {n: found.text.decode("utf-8", "replace") for n in read if (found := document.segment(n))} == read
    assert document.changed({}) == data
    every = {n: found.replaced(found.text) for n in read if (found := document.segment(n))}
    assert document.changed(every) == data


def test_what_is_no_interchange_is_refused() -> None:
    with pytest.raises(InputError, match="no interchange envelope"):
        Document(b"hello", "x")
    with pytest.raises(InputError, match="UTF-16"):
        Document(bytes_of(DIRTY).decode().encode("utf-16-le") + b"\x00\xd8", "x")


@given(st.binary(min_size=1, max_size=30), st.binary(min_size=1, max_size=30), st.sets(st.integers(0, 30)))
def test_line_ends_inside_a_segment_stay_where_they_were(old: bytes, new: bytes, folds: set[int]) -> None:
    old, new = (value.translate(None, b"\r\n~") or b"A" for value in (old, new))
    written = b"".join((b"\n" if k in folds else b"") + old[k : k + 1] for k in range(len(old)))
    delimiters = Document(bytes_of(DIRTY), "x").segment(1).delimiters  # type: ignore[union-attr]
    segment = Segment(1, written, delimiters)
    result = segment.replaced(new)
    assert result.translate(None, b"\n") == new
    assert result.count(b"\n") == written.count(b"\n")
    assert segment.replaced(old) == written


# ---- only what was asked


@pytest.mark.parametrize("spelling", spellings())
def test_a_safe_fix_changes_its_elements_and_no_other_byte(spelling: str) -> None:
    data = spellings()[spelling]
    codec = {"utf-16": "utf-16", "utf-16 without mark": "utf-16-be"}.get(spelling)
    done = mended(data)
    assert {one.cause.edit for one in done.applied} == {"NDC02", "NDC03"}

    def flat(value: bytes) -> bytes:
        plain = value.decode(codec).encode() if codec else value
        return plain.translate(None, b"\r\n") if "folded" in spelling else plain

    expected = flat(data).replace(b"0143-9619-01", b"00143961901")
    expected = re.sub(rb"(?<=CTP....1.)ml", b"ML", re.sub(rb"(?<=CTP\*\*\*\*1\*)ml", b"ML", expected))
    assert flat(done.data) == expected
    assert done.data.count(b"\n") == data.count(b"\n")
    again = mended(done.data)
    assert again.data == done.data
    assert not again.applied
    assert new_findings(done.before, done.after).is_empty()


NDCS = ["0143-9619-01", "00143-9619-1", "00143-961-01", "00143961901", "0143961901", "143-9619-01", "x"]
NPIS = ["1456789001", "145-678-9001", "1456 789 001", "145-678-9002", "none"]


@st.composite
def written_claims(draw: st.DrawFn) -> tuple[bytes, str]:
    """Claims whose form is sometimes off, in some syntax."""
    rows = []
    for k in range(draw(st.integers(1, 3))):
        rows.append(f"claim id=C{k} dos=2026-03-0{k + 2} rendering={draw(st.sampled_from(NPIS))!r}".replace("'", '"'))
        visit = draw(st.sampled_from(["", "line 99213 mods=25\n", "line 99213\n", "line 99211\n"]))
        ndc = f"ndc={draw(st.sampled_from(NDCS))} uom={draw(st.sampled_from(['ml', 'ML', 'UN', 'xx']))}"
        mods = draw(st.sampled_from(["", "mods=25", "mods=59"]))
        rows.append(f"{visit}line 96372 {mods}\nline {draw(st.sampled_from(['J3420', 'J1885', 'J0897']))} {ndc}")
    delimiters, mark = draw(st.sampled_from([(Delimiters(), "~"), (Delimiters("|", ">", "^", "'"), "'")]))
    data = bytes_of("\n".join(rows), delimiters, draw(st.sampled_from(["", "\n", "\r\n"])))
    if draw(st.booleans()):
        bare = data.translate(None, b"\r\n")
        width = draw(st.integers(20, 90))
        data = b"\n".join(bare[k : k + width] for k in range(0, len(bare), width))
    return data, mark


@pytest.mark.slow
@settings(max_examples=25)
@given(written_claims())
def test_fixing_is_safe_whatever_the_claims(written: tuple[bytes, str]) -> None:
    data, mark = written
    done = mended(data)
    again = mended(done.data)
    assert (again.data, again.applied) == (done.data, [])
    assert new_findings(done.before, done.after).is_empty()
    assert billed(done.data).equals(billed(data))
    touched = {one.patch.segment for one in done.applied}
    before, after = (Document(value, "x") for value in (data, done.data))
    assert len(before) == len(after)
    for number in range(1, len(before) + 1):
        old, new = before.segment(number), after.segment(number)
        assert old is not None
        assert new is not None
        assert (number in touched) == (old.written != new.written)
    assert data.count(mark.encode()) == done.data.count(mark.encode())


def billed(data: bytes) -> pl.DataFrame:
    """What was done, to whom, by whom, when, how often and for how much; the form of numbers left out."""
    t = tables(data)
    form = ["ndc", "ndc_unit", "rendering_npi", "line_rendering_npi"]
    numbers = [pl.col(name).str.replace_all("[^0-9]", "") for name in ("rendering_npi",)]
    claims = t.claims.with_columns(numbers).drop("segment")
    lines = t.lines.drop(form, strict=False).join(claims, on="claim_id", suffix="_claim")
    codes = t.diagnoses.group_by("claim_id", maintain_order=True).agg("code", "qualifier")
    return lines.join(codes, on="claim_id", how="left", suffix="_dx")


@pytest.mark.slow
def test_a_whole_batch(tmp_path: Path) -> None:
    synth.write(tmp_path / "b.837", 200, 5)
    clean = (tmp_path / "b.837").read_bytes()
    hyphens = re.sub(rb"N4\*0(\d{4})(\d{4})(\d{2})~", rb"N4*\1-\2-\3~", clean)
    data = re.sub(rb"\*ML~", b"*ml~", hyphens)
    assert data != clean
    done = repair(data, "b.837", lambda given: scrubjay.check(given, as_of=dt.date(2026, 7, 10)))
    held = {one.proposal.claim for one in done.held}
    assert len(done.applied) > 50
    assert len(held) < len(done.applied) / 4
    if not held:
        assert done.data == clean
    assert new_findings(done.before, done.after).is_empty()


# ---- what is never safe

NEVER = """SV101-1 SV101-2 SV101-3 SV101-4 SV101-5 SV101-6 SV101-7 SV102 SV103 SV104 SV105 SV107-1 SV107-2 SV109
    CLM01 CLM02 CLM05-1 CLM05-3 CLM07 HI01-1 HI01-2 HI12-2 DTP02 DTP03 CTP04 LIN02 SBR01 SBR09 REF01 REF02 AMT02
    DMG02 DMG03 NM103 NM104 NM101 NM108 N301 N403 NTE02 PRV03 LX01 SE01 SE02 GE01 IEA02 ISA13 HL01 MEA03""".split()
MODIFIERS = "25 59 XE XP XS XU 76 77 24 57 79 JW JZ KX LT".split()


@given(st.sampled_from(NEVER), st.text(max_size=12), st.text(max_size=12))
def test_what_was_done_and_for_how_much_is_never_form(element: str, old: str, new: str) -> None:
    assert element not in FORM
    assert not is_form(Patch(1, element, old, new))


@given(
    st.sampled_from(sorted(FORM)),
    st.sampled_from([*MODIFIERS, "99213", "J3420", "11", "", "M545"]),
    st.text("0123456789-ABml", max_size=13),
)
def test_form_keeps_what_a_value_says(element: str, old: str, new: str) -> None:
    patch = Patch(1, element, old, new)
    if is_form(patch):
        kept = [re.sub(r"[^0-9A-Z]", "", value.upper()) for value in (old, new)]
        assert kept[0].lstrip("0") == kept[1].lstrip("0")
        assert element == "CTP05-1"  # none of these is an NDC in three parts or an NPI with signs in it
    assert not is_form(Patch(1, None, old, None))
    assert not is_form(Patch(1, element, None, new))


@pytest.mark.parametrize(
    ("element", "old", "new", "form"),
    [
        ("LIN03", "0143-9619-01", "00143961901", True),
        ("LIN03", "00143-961-01", "00143096101", True),
        ("LIN03", "0143961901", "00143961901", False),
        ("LIN03", "0143-9619-01", "00143961902", False),
        ("LIN03", "001434-9619-01", "001434961901", False),
        ("LIN03", "0143-9619", "00143961900", False),
        ("CTP05-1", " ml", "ML", True),
        ("CTP05-1", "ml", "UN", False),
        ("CTP05-1", "ml", "", False),
        ("NM109", "145-678-9001", "1456789001", True),
        ("NM109", "145-678-9002", "1456789002", False),
        ("NM109", "1456789001", "1234567893", False),
    ],
)
def test_the_rules_of_form(element: str, old: str, new: str, form: bool) -> None:
    assert is_form(Patch(7, element, old, new)) is form


def examples() -> list[tuple[str, str, bytes, dt.date]]:
    """Every failing example of the catalogue as bytes."""
    out = []
    for code, edit in catalogue().items():
        out += [
            (code, edit.fix_safety or "", to_837(case), case.as_of)
            for case in parse(EARLIER.sub("", edit.doc["Fails"]))
        ]
    return out


def test_safe_patches_of_the_whole_catalogue_touch_form_alone() -> None:
    safe = {code for code, edit in catalogue().items() if edit.fix_safety == "safe"}
    assert safe == {"NDC02", "NDC03", "SUP01"}, (
        "a new safe edit: give its element a rule in fix.patches.FORM, and test it"
    )
    elements = set()
    # What the other edits propose is asked in test_fix_everywhere, over every example at hand.
    for code, _, data, as_of in examples():
        if code not in safe:
            continue
        for proposal in proposals(scrubjay.check(data, as_of=as_of, preview=True)):
            if proposal.safety == "safe":
                assert proposal.edit in safe
                assert all(is_form(patch) for patch in proposal.patches), proposal
                elements |= {patch.element for patch in proposal.patches}
    hyphens = bytes_of("claim rendering=145-678-9001\nline 96372\nline J3420")
    elements |= {patch.element for proposal in proposals(judge(hyphens)) for patch in proposal.patches}
    assert elements == set(FORM)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["NDC02", "NDC03", "SUP01"])
def test_safe_fixes_leave_what_was_billed(code: str) -> None:
    for owner, _, data, as_of in examples():
        if owner == code:
            done = repair(data, "x", lambda given, day=as_of: scrubjay.check(given, as_of=day))  # type: ignore[misc]
            assert billed(done.data).equals(billed(data))


def altered(report: Report, edit: str, line: int | None, fix: dict[str, Any]) -> Report:
    """Return the report with another fix on one finding, as an edit might propose it."""
    rows = report.findings.to_dicts()
    for row in rows:
        if row["edit"] == edit and row["line"] == line:
            row["fix"] = fix
    return replace(report, findings=pl.DataFrame(rows, schema=report.findings.schema))


def proposing(edit: str, line: int | None, safety: str, *patches: Patch) -> Judge:
    fix = {"safety": safety, "text": "Do it.", "patches": [vars(patch) for patch in patches]}

    def told(data: bytes) -> Report:
        return altered(judge(data), edit, line, fix)

    return told


def test_an_edit_that_calls_a_modifier_safe_is_not_believed() -> None:
    data = bytes_of(MISPLACED)
    number = segment_of(data, "SV1", 2)
    done = repair(data, "x", proposing("EM09", 2, "safe", Patch(number, "SV101-3", "25", "")))
    assert done.data == data
    assert [held.proposal.edit for held in done.held] == ["EM09"]
    assert "not safe" in done.held[0].why


def segment_of(data: bytes, identifier: str, which: int = 1) -> int:
    document = Document(data, "x")
    numbers = [n for n in range(1, len(document) + 1) if document.identifier(n) == identifier]
    return numbers[which - 1]


def test_a_members_number_is_no_npi() -> None:
    data = bytes_of(f"patient member=145-678-9001\n{MISPLACED}")
    subscriber = segment_of(data, "NM1", 4)
    done = repair(data, "x", proposing("EM09", 2, "safe", Patch(subscriber, "NM109", "145-678-9001", "1456789001")))
    assert done.data == data
    assert "names no provider" in done.held[0].why


# ---- what must stand there


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (Patch(29, "SV101-3", "59", ""), "is '25', the patch expects '59'"),
        (Patch(29, "SV101-4", "25", ""), "is empty, the patch expects '25'"),
        (Patch(29, "LIN03", "25", ""), "segment 29 is 'SV1', not LIN"),
        (Patch(999, "SV101-3", "25", ""), "no segment 999"),
        (Patch(29, "SV101-3", "25", "5*9"), "a character that the file cannot carry"),
        (Patch(29, "SV101-3", "25", "Ä"), "a character that the file cannot carry"),
        (Patch(29, "modifier", "25", ""), "no address"),
        (Patch(1, "ISA13", "000000001", "1"), "fixed width"),
        (Patch(29, None, "SV1*HC:99999", None), "the patch expects 'SV1*HC:99999'"),
        (Patch(29, None, "SV1*HC:96372", "x"), "has no new value"),
        (Patch(21, None, "CLM*A1", None), "heads a loop"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused_in_one_line(patch: Patch, said: str) -> None:
    data = bytes_of(MISPLACED)
    with pytest.raises(Refused) as refused:
        repair(data, "x", proposing("EM09", 2, "review", patch), [Acceptance.of("EM09@A1:2")])
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_the_reader_reads_alike_is_alike() -> None:
    assert says("j3420 ", "J3420")
    assert says("4.0", "4")
    assert says("", None)
    assert not says("4.5", "4")
    assert not says("25", "59")


def test_removed_modifiers_leave_no_gap_and_no_separator_behind() -> None:
    data = bytes_of("claim id=A1\nline 99213 mods=25\nline 96372 mods=25,59 desc=B12\nline J3420")
    done = repair(data, "x", judge, [Acceptance.of("EM09@A1:2")])
    assert b"SV1*HC:96372:59:::" in done.data
    assert b":B12*" in done.data
    alone = mended(bytes_of(MISPLACED), "EM09@A1:2")
    assert b"SV1*HC:96372*35*" in alone.data


# ---- lines and segments that go


@pytest.mark.parametrize("spelling", ["one line", "lines", "other delimiters", "folded", "utf-16"])
def test_a_dropped_line_takes_its_charge_its_number_and_its_count_along(spelling: str) -> None:
    text = "claim id=A1\nline 99211 control=K1 note=WELL\nline 96372\nline J3420 charge=20.50"
    other = Delimiters("|", ">", "^", "'") if spelling == "other delimiters" else None
    data = bytes_of(text, other, newline="" if spelling in ("one line", "folded") else "\n")
    if spelling == "folded":
        data = b"\n".join(data[k : k + 80] for k in range(0, len(data), 80))
    if spelling == "utf-16":
        data = data.decode().encode("utf-16")
    line = segment_of(data, "SV1")
    done = repair(
        data, "x", proposing("EM02", 1, "review", Patch(line, None, "SV1*HC:99211", None)), [Acceptance.of("EM02@A1:1")]
    )
    assert [one.patch.element for one in done.applied if one.follows] == ["CLM02", "LX01", "LX01", "SE01"]
    t = tables(done.data)
    assert t.lines["code"].to_list() == ["96372", "J3420"]
    assert t.lines["line"].to_list() == [1, 2]
    assert t.claims["charge_cents"].to_list() == [5550]
    assert not {"BAL01", "ENV08", "ENV18"} & set(done.after.findings["edit"])
    assert "EM02" not in set(done.after.findings["edit"])
    if spelling == "lines":
        lines = data.splitlines(keepends=True)
        kept = [row for k, row in enumerate(lines, start=1) if not line - 1 <= k <= line + 3]
        assert [row for row in done.data.splitlines(keepends=True) if row[:2] not in (b"CL", b"LX", b"SE")] == [
            row for row in kept if row[:2] not in (b"CL", b"LX", b"SE")
        ]
        assert b"CLM*A1*55.5*" in done.data


def test_a_changed_charge_changes_the_total_in_its_own_style() -> None:
    data = bytes_of("claim id=A1\nline 99211\nline 96372 charge=35\nline J3420\nraw CLM02=130.00\nraw SV102,1=75.00")
    assert judge(data).findings.filter(pl.col("edit") == "BAL01").is_empty()
    number = segment_of(data, "SV1")
    done = repair(
        data, "x", proposing("EM02", 1, "review", Patch(number, "SV102", "75", "60")), [Acceptance.of("EM02@A1")]
    )
    assert b"CLM*A1*115.00*" in done.data
    assert b"SV1*HC:99211*60*" in done.data


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("raw CLM02=999", "does not balance"),
        ("raw SE01=9", "mend ENV08 first"),
        ("raw SV102,2=abc", "does not balance"),
    ],
)
def test_what_was_wrong_before_is_not_balanced_by_the_way(damage: str, said: str) -> None:
    data = bytes_of(f"claim id=A1\nline 99211\nline 96372\nline J3420\n{damage}")
    patch = Patch(segment_of(data, "SV1"), None, "SV1*HC:99211", None)
    with pytest.raises(Refused, match=said):
        repair(data, "x", proposing("EM02", 1, "review", patch), [Acceptance.of("EM02@A1:1")])


def test_the_last_line_of_a_claim_stays() -> None:
    data = bytes_of("claim id=A1\nline 99211\nclaim id=A2\nline 96372\nline J3420")
    patch = Patch(segment_of(data, "SV1"), None, "SV1*HC:99211", None)
    with pytest.raises(Refused, match="no service line left"):
        repair(data, "x", proposing("EM02", 1, "review", patch), [Acceptance.of("EM02@A1:1")])


def test_a_single_segment_goes_alone() -> None:
    data = bytes_of("claim id=A1\nline 99213 mods=25\nline 96372 mods=25 note=GIVEN\nline J3420")
    note = segment_of(data, "NTE")
    both = (Patch(note, None, "NTE*ADD", None), Patch(29, "SV101-3", "25", ""))
    done = repair(data, "x", proposing("EM09", 2, "review", *both), [Acceptance.of("EM09@A1:2")])
    assert b"NTE*" not in done.data
    assert b"96372*35" in done.data
    assert "ENV08" not in set(done.after.findings["edit"])


# ---- who accepts


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("EM09", "write it as EDIT@CLAIM:LINE"),
        ("@A1:2", "write it as"),
        ("EM9X@A1:2", "no edit is called"),
        ("EM09@A1:3", "no such finding"),
        ("EM09@A9:2", "no such finding"),
        ("JW01@A1:3", "JW01 is undecided there"),
    ],
)
def test_an_acceptance_means_one_finding(accepted: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        mended(bytes_of(MISPLACED), accepted)


def test_an_acceptance_names_edit_and_claim_in_every_spelling() -> None:
    data = bytes_of(MISPLACED.replace("id=A1", "id=A/1@2"), Delimiters("*", ">", "^", "~"))
    for text in ("EM09@A/1@2:2", "em-09@A/1@2:2", "modifier-25-not-on-visit@A/1@2"):
        assert b">25*35" not in mended(data, text).data
    colon = bytes_of(MISPLACED.replace("id=A1", "id=A:1"), Delimiters("*", ">", "^", "~"))
    assert mended(colon, "EM09@A:1:2").applied


def test_two_findings_of_one_name_need_their_lines() -> None:
    two = bytes_of("claim id=A1\nline 99213 mods=25\nline 96372 mods=25\nline J3420 mods=25")
    with pytest.raises(Refused, match="EM09@A1:2, EM09@A1:3"):
        mended(two, "EM09@A1")
    assert len(mended(two, "EM09@A1:2", "EM09@A1:3").applied) == 2
    twins = bytes_of(f"{MISPLACED}\n{MISPLACED}")
    with pytest.raises(Refused, match="name one line of one claim"):
        mended(twins, "EM09@A1:2")


def test_advice_and_findings_without_a_patch_are_for_people() -> None:
    data = bytes_of("claim id=A1\nline 99213\nline 96372\nline J3420")
    with pytest.raises(Refused, match="EM01 has no patch there, it is for a person to do"):
        mended(data, "EM01@A1:1")
    patch = Patch(26, "SV101-3", "", "25")
    with pytest.raises(Refused, match="advice, which is never applied"):
        repair(data, "x", proposing("EM01", 1, "advice", patch), [Acceptance.of("EM01@A1:1")])


def test_two_patches_of_one_element_are_refused() -> None:
    data = bytes_of("claim id=A1\nline 99213 mods=25\nline 96372 mods=51,25,50\nline J3420")
    assert {"EM09", "MOD01"} <= {p.edit for p in proposals(judge(data))}
    with pytest.raises(Refused, match="both change SV101-4"):
        mended(data, "EM09@A1:2", "MOD01@A1:2")


def test_patches_of_one_element_that_agree_take_turns() -> None:
    data = bytes_of("claim id=A1\nline 99213 mods=25\nline 96372 mods=25,51\nline J3420")
    done = mended(data, "EM09@A1:2", "MOD01@A1:2")
    assert b"SV1*HC:96372*35*" in done.data
    assert [(one.cause.edit, one.patch.element, one.patch.old, one.patch.new) for one in done.applied] == [
        ("EM09", "SV101-3", "25", "51"),
        ("EM09", "SV101-4", "51", ""),
        ("MOD01", "SV101-3", "51", ""),
    ]


def test_safe_patches_that_contradict_each_other_are_held() -> None:
    data = bytes_of(DIRTY)
    lin = segment_of(data, "LIN")

    def told(given: bytes) -> Report:
        fix = {"safety": "safe", "text": "x", "patches": [vars(Patch(lin, "LIN03", "0143-9619-01", "00143961901"))]}
        wrong = {**fix, "patches": [vars(Patch(lin, "LIN03", "0143-9619-01", "0143961901"))]}
        return altered(altered(judge(given), "NDC02", 3, fix), "NDC03", 3, wrong)

    done = repair(data, "x", told)
    assert done.data != data  # NDC03's is not form and falls alone
    assert [held.proposal.edit for held in done.held] == ["NDC03"]


def test_an_accepted_patch_that_brings_a_new_finding_is_refused() -> None:
    data = bytes_of("claim id=A1\nline 99213\nline 96372 mods=25\nline J3420")
    with pytest.raises(Refused, match="EM01 deny claim A1 line 1"):
        mended(data, "EM09@A1:2")


def test_a_safe_patch_that_brings_a_new_finding_is_held_and_the_rest_is_applied() -> None:
    data = bytes_of(DIRTY + "\nclaim id=A2 dos=2026-03-05\nline 96372\nline J3420 ndc=0143-9619-01")

    def told(given: bytes) -> Report:
        report = judge(given)
        if given.count(b"00143961901") < 2:
            return report
        rows = report.findings.to_dicts()
        base = {
            **judge(data).findings.to_dicts()[0],
            "edit": "NDC05",
            "claim": "A2",
            "claim_id": 1,
            "line": 2,
            "fix": None,
        }
        return replace(report, findings=pl.DataFrame([*rows, base], schema=report.findings.schema))

    done = repair(data, "x", told)
    assert done.data.count(b"00143961901") == 1
    assert [held.proposal.claim for held in done.held] == ["A2"]
    assert "NDC05" in done.held[0].why


def test_a_safe_patch_is_held_for_a_finding_in_another_claim() -> None:
    """With its NPI the injection belongs to the clinician of the visit, whose claim then lacks modifier 25."""
    visit = "claim id=A1\nline 99213\nclaim id=A2 rendering=145-678-9001 taxonomy=none\nline 96372\nline J3420"
    data = bytes_of(f"{visit}\nclaim id=A3 dos=2026-03-05\nline 96372\nline J3420 ndc=0143-9619-01")
    done = mended(data)
    assert [one.cause.claim for one in done.applied] == ["A3"]
    assert [(held.proposal.edit, held.proposal.claim) for held in done.held] == [("SUP01", "A2")]
    assert "EM01 deny claim A1 line 1" in done.held[0].why


def test_two_findings_with_one_remedy_are_accepted_together() -> None:
    data = bytes_of(MISPLACED)

    def told(given: bytes) -> Report:
        report = judge(given)
        rows = report.findings.to_dicts()
        twins = [{**row, "edit": "MOD01"} for row in rows if row["edit"] == "EM09"]
        return replace(report, findings=pl.DataFrame([*rows, *twins], schema=report.findings.schema))

    done = repair(data, "x", told, [Acceptance.of("EM09@A1:2"), Acceptance.of("MOD01@A1:2")])
    assert [one.cause.edit for one in done.applied] == ["EM09", "MOD01"]
    assert b"SV1*HC:96372*35*" in done.data


def test_a_fix_that_does_not_settle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubjay.fix.repair.ROUNDS", 1)
    with pytest.raises(Refused, match="still something to change"):
        mended(bytes_of(DIRTY))
    assert not is_form(Patch(1, "CTP05-1", "ML", "ML"))


# ---- the command


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    return claim_file(tmp_path / "dirty.837", DIRTY)


def test_without_a_place_to_write_it_only_shows(run: Run, dirty: Path, tmp_path: Path) -> None:
    before = dirty.read_bytes()
    for arguments in ((), ("--diff",)):
        ran = run("fix", dirty, *DAY, *arguments)
        assert ran.code == 0
        assert "-LIN**N4*0143-9619-01\n+LIN**N4*00143961901\n" in ran.out
        assert "NDC02 claim A1 line 3" in ran.out
        assert "nothing was written" in ran.err
    assert dirty.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["dirty.837"]


def test_a_new_file_and_its_record(run: Run, dirty: Path, tmp_path: Path) -> None:
    dirty.chmod(0o600)
    before = dirty.read_bytes()
    out = tmp_path / "out.837"
    ran = run("fix", dirty, *DAY, "-o", out)
    assert (ran.code, ran.out) == (0, "")
    assert dirty.read_bytes() == before
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("check", out, *DAY).code == 0
    records = [json.loads(line) for line in (tmp_path / "out.837.audit.jsonl").read_text().splitlines()]
    assert [(r["edit"], r["claim"], r["line"], r["element"], r["old"], r["new"], r["who"]) for r in records] == [
        ("NDC02", "A1", 3, "LIN03", "0143-9619-01", "00143961901", "safe"),
        ("NDC03", "A1", 3, "CTP05-1", "ml", "ML", "safe"),
    ]
    for record in records:
        assert record["sha256_before"] == hashlib.sha256(before).hexdigest()
        assert record["sha256_after"] == hashlib.sha256(out.read_bytes()).hexdigest()
        assert dt.datetime.fromisoformat(record["time"]).utcoffset() == dt.timedelta(0)
        assert record["program"] == scrubjay.__version__
        assert len(record["catalogue"]) == len(record["references"]) == 64
    again = run("fix", out, *DAY, "-o", tmp_path / "again.837", "--diff")
    assert again.out == ""
    assert (tmp_path / "again.837").read_bytes() == out.read_bytes()
    assert not (tmp_path / "again.837.audit.jsonl").exists()


def test_in_place_keeps_the_old_file_and_adds_to_the_record(run: Run, tmp_path: Path) -> None:
    file = claim_file(tmp_path / "a.837", MISPLACED)
    original = file.read_bytes()
    accepted = ("--accept", "EM09@A1:2", "--accepted-by", "J. Doe, CPC")
    assert run("fix", file, *DAY, *accepted, "-i").code in (0, 3)
    assert (tmp_path / "a.837.bak").read_bytes() == original
    assert file.read_bytes() == original.replace(b":96372:25*", b":96372*")
    record = json.loads((tmp_path / "a.837.audit.jsonl").read_text())
    assert (record["who"], record["safety"], record["old"], record["new"]) == ("J. Doe, CPC", "review", "25", "")
    fixed = file.read_bytes()
    run("fix", file, *DAY, "-i")
    assert not (tmp_path / "a.837.bak1").exists()
    file.write_bytes(original)
    run("fix", file, *DAY, *accepted, "-i")
    assert (tmp_path / "a.837.bak1").read_bytes() == original
    assert file.read_bytes() == fixed
    assert len((tmp_path / "a.837.audit.jsonl").read_text().splitlines()) == 2


def test_standard_input_and_output(run: Run, dirty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(dirty.read_bytes())))
    ran = run("fix", "-", *DAY, "-o", "-", "--audit", tmp_path / "log.jsonl")
    assert "LIN**N4*00143961901~" in ran.out
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--accept", "EM09@A1:2"], "--accepted-by NAME"),
        (["--accept", "EM09@A1:2", "--accepted-by", " "], "--accepted-by NAME"),
        (["--accepted-by", "J. Doe"], "goes with --accept"),
        (["--accept", "EM09@A1:7", "--accepted-by", "J. Doe", "-o", "out.837"], "no such finding"),
        (["-o", "out.837", "-i"], "either"),
        (["-o", "dirty.837"], "is an input"),
        (["-o", "-"], "--audit FILE"),
        (["-o", "out.837", "--audit", "dirty.837"], "no place for the record"),
        (["-o", "out.837", "--audit", "notes.txt"], "no place for the record"),
        (["--as-of", "soon"], "not a date"),
        (["--policy", "nobody", "-i"], "nobody"),
    ],
)
def test_wrong_use_is_2_and_writes_nothing(
    run: Run, dirty: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "notes.txt").write_text("mine\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ran = run("fix", dirty, *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("scrubjay: error: ") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_what_is_cut_short_or_damaged_is_never_written(run: Run, tmp_path: Path) -> None:
    whole = bytes_of(DIRTY, newline="")
    file = tmp_path / "cut.837"
    for size in [*range(0, len(whole) - 1, 61), len(whole) - 1]:
        file.write_bytes(whole[:size])
        ran = run("fix", file, *DAY, "-i")
        assert ran.code == 2, size
        assert file.read_bytes() == whole[:size]
    foreign = whole.replace(b"005010X222A1", b"005010X223A2")
    file.write_bytes(foreign)
    assert run("fix", file, *DAY, "-o", tmp_path / "out.837").code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["cut.837"]


def test_a_broken_input_stops_the_library_too() -> None:
    with pytest.raises(Broken):
        mended(bytes_of(DIRTY)[:-40])


def test_a_record_that_cannot_be_written_stops_the_fix(
    run: Run, dirty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scrubjay.fix.audit.append", full)
    before = dirty.read_bytes()
    ran = run("fix", dirty, *DAY, "-i")
    assert ran.code == 2
    assert dirty.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["dirty.837"]
    assert run("fix", dirty, *DAY, "-o", tmp_path / "out.837").code == 2
    assert not (tmp_path / "out.837").exists()


def test_exit_codes_are_those_of_what_remains(run: Run, tmp_path: Path) -> None:
    remains = claim_file(tmp_path / "r.837", DIRTY.replace("mods=25", ""))
    assert run("fix", remains, *DAY, "-o", tmp_path / "o.837").code == 1
    assert run("check", tmp_path / "o.837", *DAY).code == 1


def test_patients_stay_inside(run: Run, tmp_path: Path) -> None:
    private = ("ZYZZYVA", "QUINTESSA", "SECRET77X", "19510719", "1951-07-19", "WELL KNOWN")
    head = 'patient name="ZYZZYVA, QUINTESSA" dob=1951-07-19 member=SECRET77X\n'
    file = claim_file(tmp_path / "p.837", head + DIRTY.replace("96372", '96372 note="WELL KNOWN"'))
    ran = run("fix", file, *DAY, "--diff", "-o", tmp_path / "o.837")
    told = ran.out + ran.err + (tmp_path / "o.837.audit.jsonl").read_text()
    assert not [word for word in private if word in told]


def test_a_patch_of_patient_data_is_neither_shown_nor_recorded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = claim_file(tmp_path / "p.837", f"patient member=SECRET77X\n{MISPLACED}")
    number = segment_of(file.read_bytes(), "NM1", 4)
    told = proposing("EM09", 2, "review", Patch(number, "NM109", "SECRET77X", "SECRET88Y"))
    once = iter((told, told))

    def judged(data: bytes) -> Report:
        return next(once)(data) if data == file.read_bytes() else judge(data)

    monkeypatch.setattr(sys.modules["scrubjay.cli.baseline"], "judge_for", lambda *_: judged)
    accepted = ("--accept", "EM09@A1:2", "--accepted-by", "J. Doe")
    ran = run("fix", file, *DAY, *accepted, "-o", tmp_path / "o.837", "--diff")
    assert ran.code in (0, 1, 3), ran.err
    assert b"SECRET88Y" in (tmp_path / "o.837").read_bytes()
    assert "SECRET" not in ran.out + ran.err + (tmp_path / "o.837.audit.jsonl").read_text()


# ---- what is written about it


@pytest.mark.slow
def test_the_commands_of_the_page_run(run: Run, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "fix.md").read_text()
    (tmp_path / "clinic.837").write_bytes((ROOT / "examples" / "clinic.837").read_bytes())
    commands = re.findall(r"^scrubjay (fix [^\[\n]+)$", page, re.MULTILINE)
    assert commands
    for command in commands:
        ran = run(*shlex.split(command))
        assert ran.code in (0, 1, 3), (command, ran.err)
