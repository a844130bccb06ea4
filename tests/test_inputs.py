"""FHIR Claims and CMS-1500 rows as inputs, and claims carried from one format to another."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cli_runner import Run, claim_file, runner
from conftest import ROOT, shared_files
from guide import guide_errors
from scrubjay import check
from scrubjay.cases import parse, to_837
from scrubjay.errors import InputError
from scrubjay.io import cms1500_write, export, fhir, fhir_write, pieces
from scrubjay.io.assemble import Sourced, tables_of
from scrubjay.io.cms1500_fields import column
from scrubjay.io.json_text import dumps
from scrubjay.io.read837 import Left, read_claims
from scrubjay.io.records import Claim, Transaction
from scrubjay.io.write837 import Interchange, to_bytes
from scrubjay.model import Tables, concat

pytestmark = pytest.mark.slow

CREATED = datetime.combine(date(2026, 3, 20), time(8))
CLINIC = (ROOT / "examples" / "clinic.837").read_bytes()

_PLACES = {
    "segment", "transaction", "rendering_segment", "dtp_segment", "line_rendering_segment", "lin_segment",
    "ctp_segment", "element",
}  # fmt: skip
"""Columns that say where in an 837P something stands."""

_NOT_ON_THE_FORM = {"line_pos", "is_range", "ndc_link", "frequency", "qualifier", "other_payers"}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


def tables(data: bytes) -> Tables:
    return concat([piece.tables for piece in pieces.pieces(io.BytesIO(data), "x")])


def objects(data: bytes) -> list[Claim]:
    return list(read_claims(io.BytesIO(data), "x"))


def as_fhir(claims: list[Claim]) -> bytes:
    return dumps(fhir_write.bundle(claims, CREATED)).encode()


def as_rows(claims: list[Claim]) -> bytes:
    return "".join(cms1500_write.write_csv(claims)).encode()


def same(left: Tables, right: Tables, without: set[str]) -> None:
    for name in ("claims", "lines", "diagnoses", "notes"):
        a, b = getattr(left, name), getattr(right, name)
        kept = [c for c in a.columns if c not in without]
        assert_frame_equal(a.select(kept), b.select(kept))


def batches() -> Iterator[bytes]:
    yield CLINIC
    for path in shared_files("corpus/837p"):
        yield path.read_bytes()


def readable(data: bytes) -> bool:
    try:
        found = tables(data)
    except InputError:
        return False
    return found.claims.height > 0


def test_the_two_readers_of_an_837p_agree() -> None:
    for data in filter(readable, batches()):
        mine, _ = tables_of(map(Sourced, objects(data)), 0, 0, 0)
        same(tables(data), mine, _PLACES)


def test_reading_and_writing_an_837p_gives_the_same_claims() -> None:
    claims = objects(CLINIC)
    again = to_bytes(Interchange([Transaction(claims)], CREATED))
    assert objects(again) == claims
    assert not guide_errors(again)


def test_what_a_claim_object_does_not_hold_is_counted() -> None:
    data = CLINIC.replace(b"HI*ABK", b"PWK*OZ*BM***AC*1~\nCRC*ZZ*Y*AV~\nHI*ABK", 1)
    left = Left()
    list(read_claims(io.BytesIO(data), "x", left))
    assert left.words() == "CRC 1, PWK*OZ 1"


def test_fhir_holds_everything_of_the_tables() -> None:
    claims = objects(CLINIC)
    data = as_fhir(claims)
    same(tables(CLINIC), tables(data), _PLACES)
    assert [item.claim for item in fhir.claims(fhir.parse(data, "x"), "x", [])] == claims


def test_rows_hold_what_the_form_has_room_for() -> None:
    for data in filter(readable, batches()):
        claims = [claim for claim in objects(data) if claim.id and claim.lines]
        numbers = [claim.id for claim in claims]
        if len(set(numbers)) < len(numbers) or b">" in data[100:]:
            continue
        there, _ = tables_of(map(Sourced, claims), 0, 0, 0)
        same(there, tables(as_rows(claims)), _PLACES | _NOT_ON_THE_FORM | {"payer_resp"})


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["96372", "99213", "J3420", "J1885", "90471"]),
            st.decimals("0.01", "9999.99", places=2),
            st.integers(1, 400),
            st.sampled_from(["", "25", "JZ,59"]),
            st.sampled_from(["1", "1,2"]),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_generated_claims_survive_every_format(rows: list[tuple[str, Decimal, int, str, str]]) -> None:
    text = "claim dx=D51.0,E53.8\n" + "\n".join(
        f"line {code} charge={charge} units={units} ptr={pointers}" + (f" mods={mods}" if mods else "")
        for code, charge, units, mods, pointers in rows
    )
    data = to_837(parse(text)[0])
    claims = objects(data)
    same(tables(data), tables(as_fhir(claims)), _PLACES)
    same(tables(data), tables(as_rows(claims)), _PLACES)


def test_the_same_claims_give_the_same_findings_from_every_format() -> None:
    claims = objects(CLINIC)
    wanted = ["claim", "line", "edit", "level", "outcome", "message", "found", "expected", "amount_at_risk"]
    reports = [check(source, as_of=date(2026, 3, 20)) for source in (CLINIC, as_fhir(claims), as_rows(claims))]
    first, *others = [report.findings.select(wanted).sort(pl.all()) for report in reports]
    assert first.height
    for other in others:
        assert_frame_equal(first, other)
    assert [report.run["inputs"][0]["kind"] for report in reports] == ["837P", "FHIR", "CMS-1500"]


def test_findings_name_the_fhir_path_or_the_row() -> None:
    case = "claim id=A1\nline 99213\nline 96372\nline J3420 ndc=00143962010"
    claims = objects(to_837(parse(case)[0]))
    by_path = check(as_fhir(claims), as_of=date(2026, 3, 20), select=["EM01"]).findings.row(0, named=True)
    assert by_path["element"] == "Bundle.entry[0].resource.item[0].productOrService.coding[0].code"
    assert by_path["segment"] is None
    by_row = check(as_rows(claims), as_of=date(2026, 3, 20), select=["EM01"]).findings.row(0, named=True)
    assert (by_row["segment"], by_row["element"], by_row["box"]) == (2, "SV101-2", "24D")


def test_people_see_rows_and_paths(run: Run, tmp_path: Path) -> None:
    claims = objects(to_837(parse("claim id=A1\nline 99213\nline 96372\nline J3420 ndc=00143962010")[0]))
    (tmp_path / "a.csv").write_bytes(as_rows(claims))
    (tmp_path / "a.json").write_bytes(as_fhir(claims))
    assert "row 2, SV101-2, box 24D" in run("check", "a.csv", "--as-of", "2026-03-20").out
    assert (
        "resource.item[0].productOrService.coding[0].code, box 24D"
        in run("check", "a.json", "--as-of", "2026-03-20").out
    )


def test_claims_of_several_files_are_judged_together(tmp_path: Path) -> None:
    visit, injection = (
        objects(to_837(parse(f"claim id={name}\n{lines}")[0]))
        for name, lines in (("A", "line 99213"), ("B", "line 96372\nline J3420 ndc=00143962010"))
    )
    report = check([as_rows(visit), as_fhir(injection)], as_of=date(2026, 3, 20), select=["EM01"])
    assert report.findings.select("file", "claim", "segment").rows() == [("<bytes>", "A", 2)]


CLEARINGHOUSE = (
    "Claim ID,Payer,Payer ID,Member ID,Patient Name,DOB,Sex,ICD1,ICD2,DOS,P"
    "OS,CPT,Modifier,Pointer,Units,Charge,NDC,NDC Qty,NDC Unit,Rendering NPI,Billing NPI,TIN\n"
    '7001,MEDICARE PART B,MEDICAREB,1FD0AA1AA10,"FEATHER, ADA",04/11/1951,F'
    ",D51.0,,3/2/2026,11,96372,,A,1,35.00,,,,1456789001,1234567802,91-2345678\n"
    '7001,,,,,,,,,03/02/2026,11,J3420,,A,1,"$18.00",0143-9620-10,1,ML,,,'
    "\n"
    '7002,MEDICARE PART B,MEDICAREB,1FD0AA2AA20,"NESTER, BOB",9/30/48,M,M54'
    ".50,I10,20260302,11,99213-25,,AB,1,150,,,,1456789001,1234567802,912345678\n"
)


def test_a_spreadsheet_with_names_people_use_is_read() -> None:
    found = tables(CLEARINGHOUSE.encode())
    assert found.claims.select("claim", "member_id", "patient_last", "patient_first").rows() == [
        ("7001", "1FD0AA1AA10", "FEATHER", "ADA"),
        ("7002", "1FD0AA2AA20", "NESTER", "BOB"),
    ]
    assert found.lines.select("code", "mod1", "charge_cents", "service_date", "ndc").rows() == [
        ("96372", None, 3500, date(2026, 3, 2), None),
        ("J3420", None, 1800, date(2026, 3, 2), "0143-9620-10"),
        ("99213", "25", 15000, date(2026, 3, 2), None),
    ]
    assert found.lines["pointer2"].to_list() == [None, None, 2]


def test_a_row_that_holds_a_whole_form_has_lines_in_numbered_columns() -> None:
    wide = "account;dx1;cpt 1;charge 1;units 1;cpt 2;charge 2;units 2;dos\nX1;E538;96372;35;1;J3420;18;1;2026-03-02\n"
    nested = json.dumps(
        [{"26": "X1", "21a": "E53.8", "lines": [{"24d": "96372", "24f": 35}, {"24d": "J3420", "24f": "18.00"}]}]
    )
    for data in (wide, nested):
        lines = tables(data.encode()).lines
        assert lines.select("code", "charge_cents").rows() == [("96372", 3500), ("J3420", 1800)]


def test_values_that_cannot_be_read_are_findings_and_the_rest_is_checked() -> None:
    data = CLEARINGHOUSE.replace("35.00", "thirty").replace("20260302", "Tuesday").encode()
    report = check(data, as_of=date(2026, 3, 20))
    bad = report.findings.filter(pl.col("edit").is_in(["ENV21", "ENV22"]))
    assert bad.select("edit", "segment", "element", "box", "found").rows() == [
        ("ENV21", 2, "SV102", "24F", "thirty"),
        ("ENV22", 4, "DTP03", "24A", "Tuesday"),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"resourceType": "Claim", "status": "active"}', "not valid FHIR R4"),
        (b'{"resourceType": "Patient", "id": "a"}', "a FHIR Patient is no claim"),
        (b'{"resourceType": "Bundle", "type": "collection"}', "holds no Claim"),
        (b'{"resourceType": "Claim", ', "not JSON at line 1"),
        (b"[1, 2]", "something else than objects"),
        (b'{"schema": "scrubjay.encounter/1"}', "scrubjay code and scrubjay audit read it"),
        (b'{"colour": "red"}', "no column of a CMS-1500"),
        (b"CPT,Charge\n", "no rows under the heading"),
        (b"CPT,Charge\n96372,35,more,cells\n", "4 cells under 2 columns"),
    ],
)
def test_what_is_no_claim_is_refused_in_one_line(data: bytes, words: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(data)
    ran = run("check", "input", "--as-of", "2026-03-20")
    assert ran.code == 2
    assert len([line for line in ran.err.splitlines() if "error" in line]) == 1
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_published_fhir_is_read_or_refused_with_a_reason(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("corpus/fhir").glob("*.json")):
        errors: list[InputError] = []
        found = list(fhir.claims(fhir.parse(path.read_bytes(), path.name), path.name, errors))
        assert found or errors, path.name
    errors = []
    document = fhir.parse(shared("corpus/fhir/hl7r4__Claim-100150.json").read_bytes(), "c")
    assert not list(fhir.claims(document, "c", errors))
    assert "a claim of type 'oral'" in str(errors[0])
    # The same published claim, called professional: every reference of it leads nowhere, and it is still read.
    document[0]["type"]["coding"][0]["code"] = "professional"
    (item,) = fhir.claims(document, "c", [])
    assert item.claim.id == "12345"
    assert (item.claim.lines[0].code, item.claim.lines[0].charge) == ("1200", Decimal("135.57"))


def test_every_column_of_the_rows_is_known_by_its_own_name() -> None:
    for name in cms1500_write.NAMES:
        assert column(name) == (name, 0)


@pytest.mark.parametrize("to", ["json", "fhir", "837p", "cms1500"])
def test_convert_writes_what_check_reads_alike(to: str, run: Run, tmp_path: Path) -> None:
    claim_file(tmp_path / "a.837", "claim id=A1\nline 99213\nline 96372\nline J3420 ndc=00143962010")
    assert run("convert", "a.837", "--to", to, "-o", "out", "--as-of", "2026-03-20").code == 0
    if to == "json":
        document = json.loads((tmp_path / "out").read_text())
        assert document["schema"] == "scrubjay.claims/1"
        assert [line["charge"] for line in document["claims"][0]["lines"]] == ["150.00", "35.00", "20.00"]
        return
    ran = run("check", "out", "--as-of", "2026-03-20", "--format", "jsonl")
    assert ran.code == 1
    assert next(json.loads(line)["edit"] for line in ran.out.splitlines()) == "EM01"


def test_convert_to_parquet_is_a_folder_of_the_tables(run: Run, tmp_path: Path) -> None:
    claim_file(tmp_path / "a.837", "claim id=A1\nline 96372\nline J3420 ndc=00143962010")
    assert run("convert", "a.837", "--to", "parquet", "-o", "tables").code == 0
    read = Tables(*(pl.read_parquet(tmp_path / "tables" / f"{name}.parquet") for name in export.TABLES))
    same(read, tables((tmp_path / "a.837").read_bytes()), set())
    assert run("convert", "a.837", "--to", "parquet", "-o", "tables").code == 2


def test_an_837p_from_rows_says_what_it_lacks_and_passes_the_guide_where_it_lacks_nothing(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(CLEARINGHOUSE)
    ran = run("convert", "rows.csv", "--to", "837p", "-o", "out.837", "--as-of", "2026-03-20")
    assert "claim 7001: written without the billing provider's name" in ran.err
    (tmp_path / "whole.csv").write_bytes(as_rows(objects(CLINIC)))
    assert run("convert", "whole.csv", "--to", "837p", "-o", "whole.837", "--as-of", "2026-03-20").code == 0
    assert not guide_errors((tmp_path / "whole.837").read_bytes())


def test_a_failed_conversion_leaves_the_old_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before")
    (tmp_path / "bad.json").write_text("{")
    assert run("convert", "bad.json", "--to", "837p", "-o", "out").code == 2
    assert (tmp_path / "out").read_text() == "before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.json", "out"]


def damaged(data: bytes) -> Iterator[bytes]:
    """Yield an input cut at many places, and with bytes of it turned into others."""
    for k in range(60):
        at = len(data) * k // 60
        yield data[:at]
        yield data[:at] + b"\xff" + data[at + 1 :]
        yield data[:at] + data[at + 40 :]


@pytest.mark.parametrize("kind", ["fhir", "rows"])
def test_damage_gives_errors_and_never_a_failure(kind: str) -> None:
    claims = objects(CLINIC)[:3]
    for data in damaged(as_fhir(claims) if kind == "fhir" else as_rows(claims)):
        try:
            found = list(pieces.pieces(io.BytesIO(data), "x"))
        except InputError as error:
            found = [pieces.Piece(Tables.empty(), [error])]
        assert all("\n" not in str(error) for piece in found for error in piece.errors)


def test_wrong_types_in_json_are_refused_by_the_model(run: Run, tmp_path: Path) -> None:
    (claim,) = objects(CLINIC)[:1]
    whole = fhir_write.resource(claim, date(2026, 3, 20))
    for name in whole:
        if name == "resourceType":
            continue
        for wrong in (None, 7, "text", [], [7], {}, {"coding": 7}):
            errors: list[InputError] = []
            document = json.loads(dumps({**whole, name: wrong}), parse_float=Decimal)
            list(fhir.claims([document], "x", errors))


def test_repair_says_that_it_mends_an_837p(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(as_rows(objects(CLINIC)[:1]))
    ran = run("fix", "a.csv", "--diff")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "scrubjay: error: a.csv: holds CMS-1500 claims; only an 837P is mended, and scrubjay convert --to 837p makes one"
    ]
