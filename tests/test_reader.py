"""The 837P reader: whatever syntax a file is written in, the same tables; whatever is broken, one clear line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import scrubjay
from scrubjay.cases import parse, to_837
from scrubjay.errors import InputError
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import Chunk, iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.io.write837 import Delimiters
from scrubjay.model import SHAPES, Tables, concat

BATCH = """
claim id=A1 note="FOLLOW UP" rendering=1456789001
line 99213 mods=25
line 96372 units=1 ndc=none
line J3420 ndc=00143962010 qty=1 uom=ML
patient member=TEST00002 name="OTHER, ANN" relation=19
claim id=A2 dx=M25511,E538
line 20610 dx=1
line J3301 units=4 to=2026-03-03 note="RIGHT SHOULDER"
claim id=A3 freq=7 ref_f8=ABC123
line 96372
"""


def read(data: bytes, size: int = 1 << 20) -> tuple[Tables, list[InputError]]:
    parts: list[Tables] = []
    errors: list[InputError] = []
    claims = lines = 0
    for chunk in iter_chunks(ByteSource(io.BytesIO(data)), "batch.837", size):
        assert isinstance(chunk, Chunk)
        tables = read_chunk(chunk, 0, claims, lines)
        claims += len(tables.claims)
        lines += len(tables.lines)
        parts.append(tables)
        errors += chunk.errors
    return concat(parts), errors


def batch(**syntax: object) -> bytes:
    (case,) = parse(BATCH)
    return to_837(case, **syntax)  # type: ignore[arg-type]


def same(left: Tables, right: Tables, *, segments: bool = True) -> None:
    for name in ("claims", "lines", "diagnoses", "notes"):
        a, b = getattr(left, name), getattr(right, name)
        if not segments:
            drop = [c for c in a.columns if c.endswith("segment")]
            a, b = a.drop(drop), b.drop(drop)
        assert a.equals(b, null_equal=True), name


def test_every_column_is_as_the_model_declares() -> None:
    tables, errors = read(batch())
    assert not errors
    for name, columns in SHAPES.items():
        frame = getattr(tables, name)
        assert dict(frame.schema) == {c.name: c.dtype for c in columns}
    assert tables.defects.is_empty()


def test_values_arrive() -> None:
    tables, _ = read(batch())
    assert tables.claims["claim"].to_list() == ["A1", "A2", "A3"]
    assert tables.claims["is_dependent"].to_list() == [False, True, True]
    assert tables.claims["frequency"].to_list() == ["1", "1", "7"]
    assert tables.claims["original_ref"].to_list() == [None, None, "ABC123"]
    assert tables.lines["code"].to_list() == ["99213", "96372", "J3420", "20610", "J3301", "96372"]
    assert tables.lines["mod1"].to_list() == ["25", None, None, None, None, None]
    assert tables.lines["units_milli"].to_list() == [1000, 1000, 1000, 1000, 4000, 1000]
    assert tables.lines["ndc"].to_list() == [None, None, "00143962010", None, None, None]
    assert tables.lines["ndc_qty_milli"].to_list() == [None, None, 1000, None, None, None]
    assert tables.lines["charge_cents"].sum() == tables.claims["charge_cents"].sum()
    assert [d.isoformat() for d in tables.lines["service_to"]] == ["2026-03-02"] * 4 + ["2026-03-03", "2026-03-02"]
    assert tables.diagnoses.select("claim_id", "position", "code").rows()[1:3] == [(1, 1, "M25511"), (1, 2, "E538")]
    assert tables.notes["text"].to_list() == ["FOLLOW UP", "RIGHT SHOULDER"]
    assert tables.notes["line_id"].to_list() == [None, 4]


@pytest.mark.parametrize("marks", ["*:^~", "|>^'", "+<!\r", "*:^\n", "\x1d\x1f\x1e\x1c"])
@pytest.mark.parametrize("newline", ["", "\n", "\r\n", "\n      "])
def test_any_delimiters_and_line_ends(marks: str, newline: str) -> None:
    data = batch(delimiters=Delimiters(marks[0], marks[1], marks[2], marks[3]), newline=newline)
    tables, errors = read(data)
    assert not errors
    same(tables, read(batch())[0])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_marks_and_wide_files(encoding: str) -> None:
    tables, errors = read(batch().decode().encode(encoding))
    assert not errors
    same(tables, read(batch())[0])


def test_wrapped_at_eighty_columns() -> None:
    data = batch(newline="").decode()
    folded = "\n".join(data[k : k + 80] for k in range(0, len(data), 80)) + "\n"
    tables, errors = read(folded.encode())
    assert not errors
    same(tables, read(batch(newline=""))[0])
    assert tables.defects["kind"].to_list() == ["wrapped"]


def test_text_before_and_behind_the_interchange_is_told() -> None:
    tables, errors = read(b"Sent by the office\n\n" + batch() + b"\nend of mail\n")
    assert not errors
    assert tables.claims.height == 3
    assert tables.defects["kind"].to_list() == ["text-outside", "text-outside"]


def test_several_interchanges_of_different_syntax() -> None:
    data = batch() + batch(delimiters=Delimiters("|", ">", "^", "'"), newline="\r\n") + b"\n" + batch(newline="\n")
    tables, errors = read(data)
    assert not errors
    assert tables.claims["claim"].to_list() == ["A1", "A2", "A3"] * 3
    assert tables.defects.is_empty()


def test_lower_case_codes_and_blanks_are_read_as_codes() -> None:
    data = batch().replace(b"HC:J3420", b"HC:j3420").replace(b"HC:99213:25", b"HC:99213: 25")
    tables, _ = read(data)
    assert tables.lines["code"][2] == "J3420"
    assert tables.lines["mod1"][0] == "25"


@pytest.mark.parametrize("size", [200, 700, 1500, 3000, 1 << 20])
def test_chunks_do_not_change_the_tables(size: int) -> None:
    data = batch(newline="\n") * 3
    tables, errors = read(data, size)
    assert not errors
    same(tables, read(data)[0])
    assert tables.defects.is_empty()


@pytest.mark.slow
def test_every_truncation_is_an_error_and_no_traceback() -> None:
    (case,) = parse("line 96372\nline J3420")
    data = to_837(case, newline="").rstrip()
    for end in range(len(data)):
        report = scrubjay.check(data[:end], as_of=case.as_of, select=["ENV"])
        assert report.errors, f"cut at byte {end} of {len(data)} went unnoticed"
        assert all(error["message"] for error in report.errors)
    assert not scrubjay.check(data, as_of=case.as_of, select=["ENV"]).errors


def test_a_damaged_transaction_is_named_and_the_rest_is_checked() -> None:
    (case,) = parse(
        "claim id=B1\nline 96372\nline J3420\ntransaction control=0002\nclaim id=B2\nline 99213\nline 96372\nline J3420"
    )
    data = to_837(case, newline="\n")
    head, _, tail = data.partition(b"\nSE*")
    broken = head + b"\n" + tail.partition(b"\n")[2]
    report = scrubjay.check(broken, as_of=case.as_of)
    (error,) = report.errors
    assert "has no SE" in error["message"]
    assert error["segment"]
    assert report.exit_code() == 2
    assert set(report.findings.filter(report.findings["claim"] == "B2")["edit"]) >= {"EM01"}


FOREIGN = {
    "005010X223A2": "institutional",
    "005010X224A2": "dental",
    "004010X098A1": "4010",
}


@pytest.mark.parametrize("version", FOREIGN)
def test_other_claims_are_refused_by_name(version: str) -> None:
    data = batch().replace(b"005010X222A1", version.encode())
    tables, errors = read(data)
    assert tables.claims.is_empty()
    (error,) = errors
    assert FOREIGN[version] in error.message
    assert "837P" in error.message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b'{"resourceType": "Claim"}', "FHIR"),
        (b"PK\x03\x04....", "zip"),
        (b"\x1f\x8b\x08....", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"GS*HC*A*B*20260302*1200*1*X*005010X222A1~", "no ISA"),
        (b"name;code\nx;y\n", "no interchange envelope"),
        (b"ISA*00*", "cut short"),
    ],
)
def test_what_is_no_interchange_is_said_in_one_line(data: bytes, says: str) -> None:
    report = scrubjay.check(data)
    (error,) = report.errors
    assert says in error["message"]
    assert "\n" not in error["message"]
    assert report.exit_code() == 2


def test_a_missing_file_is_an_error_and_the_others_are_checked(tmp_path: Path) -> None:
    good = tmp_path / "good.837"
    good.write_bytes(batch())
    report = scrubjay.check([tmp_path / "gone.837", good])
    assert [e["message"] for e in report.errors] == ["no such file; check the name"]
    assert report.summary["claims"] == 3


def test_segments_outside_a_claim_or_a_transaction_are_told() -> None:
    data = batch(newline="\n")
    without_claim = b"\n".join(row for row in data.split(b"\n") if not row.startswith(b"CLM*"))
    tables, _ = read(without_claim)
    assert tables.claims.is_empty()
    assert "misplaced-segment" in set(tables.defects["kind"])
    behind = data.replace(b"\nGE*", b"\nREF*G1*1~\nGE*")
    tables, _ = read(behind)
    assert "misplaced-segment" in set(tables.defects["kind"])


def test_a_member_number_marked_as_an_npi_is_not_repeated() -> None:
    tables, _ = read(batch().replace(b"*MI*TEST00001", b"*XX*TEST00001"))
    found = tables.defects.filter(tables.defects["kind"] == "bad-npi")["found"].to_list()
    assert found
    assert all(value is None for value in found)


class Pipe(io.RawIOBase):
    """A stream that can be read once and not rewound, as standard input is."""

    name = "<stdin>"

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(size)


def test_a_long_stream_is_read_from_a_private_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("scrubjay.checker._IN_MEMORY", 100)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    report = scrubjay.check(Pipe(batch()))
    assert report.summary["claims"] == 3
    assert report.run["inputs"][0]["bytes"] == len(batch())
    assert not list(tmp_path.iterdir())
