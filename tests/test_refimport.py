"""The publishers' own layouts become tables; what is cut off, unknown or in conflict is refused and changes nothing."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from scrubjay import refdata
from scrubjay import refdata_manifest as manifest
from scrubjay.errors import ReferenceDataError
from scrubjay.refdata_manifest import Edition
from scrubjay.refimport import import_files
from scrubjay.refimport.schema import SCHEMAS
from scrubjay.refimport.store import Table, write_tables

FILES = Path(__file__).parent / "fixtures" / "refs"
PTP = [FILES / f"ccipra-v323r0-f{part}.TXT" for part in (1, 2, 3, 4)]
MUE = FILES / "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv"
ORDER = FILES / "icd10cm_order_2027.txt"
PFS = FILES / "PPRRVU2026_Oct_nonQPP.csv"


def table(name: str, edition: str, first: dt.date | None, last: dt.date | None, rows: list[dict[str, object]]) -> Table:
    frame = pl.DataFrame(rows, schema_overrides={k: v for k, v in SCHEMAS[name].items() if rows and k in rows[0]})
    return Table(name, edition, frame, first, last, "made for a test", "nobody", "none")


@pytest.fixture
def packaged(tmp_path: Path) -> Path:
    """A folder of packaged tables as small as the fixtures, one quarter older than they are."""
    folder = tmp_path / "packaged"
    july, september = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
    limit = {"hcpcs": "96372", "value": 4, "mai": 3, "edition": "2026Q3", "valid_from": july, "valid_to": september}
    cpt = {"modifier": "25", "level": "cpt", "ncci": True}
    icd = [
        {"code": "A000", "valid_from": dt.date(2025, 10, 1), "valid_to": None, "header": False},
        {"code": "A09", "valid_from": dt.date(2025, 10, 1), "valid_to": None, "header": False},
    ]
    tables = [
        table("mue", "2026Q3", july, september, [limit]),
        table("modifiers", "2026JUL", dt.date(1982, 1, 1), september, [cpt]),
        table("mod_groups", "1", None, None, [{"group": "NCCI", "modifier": m, "source": "M"} for m in ("25", "ZZ")]),
        table("icd10", "FY2026", dt.date(2025, 10, 1), september, icd),
        table("ptp", "2026Q3", dt.date(1996, 1, 1), september, [{"key": 1, "mi": 0, "pre1996": False}]),
    ]
    write_tables(folder, tables)
    return folder


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "user"


def bring(packaged: Path, dest: Path, *paths: Path, **options: object) -> list[Edition]:
    return import_files(list(paths), dest, packaged=packaged, **options)  # type: ignore[arg-type]


def refusal(packaged: Path, dest: Path, path: Path) -> str | None:
    try:
        bring(packaged, dest, path)
    except ReferenceDataError as error:
        return str(error)
    return None


def loaded(packaged: Path, dest: Path) -> refdata.References:
    return refdata.References(manifest.in_use(manifest.overlay(manifest.read(packaged), manifest.read(dest))))


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return stream.getvalue()


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_ptp_parts_become_one_table_with_effective_dates(packaged: Path, dest: Path) -> None:
    written = bring(packaged, dest, *PTP)
    assert [(edition.name, edition.edition) for edition in written] == [("ptp", "2026Q4"), ("ptp_rationale", "2026Q4")]
    refs = loaded(packaged, dest)
    assert [edition.edition for edition in refs.editions("ptp")] == ["2026Q4"], (
        "the newest edition tells the whole history"
    )
    key = pl.select(refdata.pair_key(pl.lit("96372"), pl.lit("99213"))).item()
    rows = refs.frame("ptp").filter(pl.col("key") == key)
    assert rows.rows(named=True) == [
        {"key": key, "mi": 1, "valid_from": dt.date(2020, 1, 1), "deleted": None, "pre1996": False, "rationale": 2},
        {
            "key": key,
            "mi": 0,
            "valid_from": dt.date(2006, 1, 1),
            "deleted": dt.date(2019, 12, 31),
            "pre1996": False,
            "rationale": 2,
        },
    ]
    words = refs.frame("ptp_rationale")
    assert words.filter(pl.col("rationale") == 2)["words"].item() == "Misuse of Column Two code with Column One code"
    pairs = refs.ptp_arrays()
    assert (pairs.key[1:] >= pairs.key[:-1]).all()
    assert len(pairs.key) == 18
    assert pairs.pre1996.sum() == 1
    assert (pairs.valid_from != refdata.BEGINNING).all()


def test_ptp_from_zips_and_workbooks_is_the_same(packaged: Path, dest: Path, tmp_path: Path) -> None:
    bring(packaged, dest, *PTP)
    expected = loaded(packaged, dest).frame("ptp")
    lines = [line.split("\t") for line in PTP[1].read_text().splitlines()]
    numbers = [[int(cell) if cell.isdigit() and len(cell) in (1, 8) else cell for cell in row] for row in lines]
    zips = [
        zipped(tmp_path / "f1.zip", {PTP[0].name: PTP[0].read_bytes(), "readme.pdf": b"%PDF"}),
        zipped(tmp_path / "f2.zip", {"ccipra-v323r0-f2.xlsx": workbook(numbers)}),
        zipped(tmp_path / "f3.zip", {PTP[2].name: PTP[2].read_bytes(), "ccipra-v323r0-f3.xlsx": b"not read"}),
    ]
    other = tmp_path / "other"
    seen: list[tuple[int, int]] = []
    import_files([*zips, PTP[3]], other, lambda done, total: seen.append((done, total)), packaged=packaged)
    assert loaded(packaged, other).frame("ptp").equals(expected)
    assert seen[-1][0] == seen[-1][1] == sum(path.stat().st_size for path in [*zips, PTP[3]])
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_missing_ptp_part_is_named(packaged: Path, dest: Path) -> None:
    with pytest.raises(ReferenceDataError, match="part f3 of the PTP table is missing"):
        bring(packaged, dest, PTP[0], PTP[1], PTP[3])
    assert not dest.exists()


@pytest.mark.parametrize("name", ["ccioph-v323r0-f1.TXT", "mcd-ccipra-v323r0-f1.TXT", "edits.txt"])
def test_ptp_of_others_is_refused(packaged: Path, dest: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PTP[0].read_bytes())
    with pytest.raises(ReferenceDataError, match=r"practitioner edits are needed|keep the name"):
        bring(packaged, dest, path, *PTP[1:])


def test_parts_of_two_editions_are_refused(packaged: Path, dest: Path, tmp_path: Path) -> None:
    path = tmp_path / "ccipra-v330r0-f4.TXT"
    path.write_bytes(PTP[3].read_bytes())
    with pytest.raises(ReferenceDataError, match="2026Q4, 2027Q1"):
        bring(packaged, dest, *PTP[:3], path)


@pytest.mark.parametrize("cut", [1, 5, 20, 44, 47, 60, 200])
def test_a_ptp_part_cut_off_is_refused(packaged: Path, dest: Path, tmp_path: Path, cut: int) -> None:
    whole = PTP[3].read_bytes().rstrip(b"\r\n")
    path = tmp_path / PTP[3].name
    path.write_bytes(whole[:-cut])
    with pytest.raises(ReferenceDataError, match=r"middle of a row|cut off"):
        bring(packaged, dest, *PTP[:3], path)
    assert not dest.exists()


def test_mue(packaged: Path, dest: Path) -> None:
    (edition,) = bring(packaged, dest, MUE)
    assert (edition.edition, edition.valid_from, edition.valid_to) == (
        "2026Q4",
        dt.date(2026, 10, 1),
        dt.date(2026, 12, 31),
    )
    rows = loaded(packaged, dest).frame("mue").filter(pl.col("hcpcs") == "96372").sort("valid_from")
    assert rows.select("value", "mai", "edition").rows() == [(4, 3, "2026Q3"), (5, 3, "2026Q4")]


def test_mue_of_hospitals_is_refused(packaged: Path, dest: Path, tmp_path: Path) -> None:
    path = tmp_path / "MCR_MUE_OutpatientHospitalServices_Eff_10-01-2026.csv"
    path.write_bytes(MUE.read_bytes().replace(b"Practitioner Services MUE", b"Outpatient Hospital Services MUE"))
    with pytest.raises(ReferenceDataError, match="not the Medicare practitioner MUE table"):
        bring(packaged, dest, path)


def test_an_edition_the_file_does_not_name_must_be_given(packaged: Path, dest: Path, tmp_path: Path) -> None:
    path = tmp_path / "mue.csv"
    path.write_bytes(MUE.read_bytes())
    with pytest.raises(ReferenceDataError, match="name the edition"):
        bring(packaged, dest, path)
    with pytest.raises(ReferenceDataError, match="last spring: not an edition"):
        bring(packaged, dest, path, edition="last spring")
    (edition,) = bring(packaged, dest, path, edition="2027q1")
    assert (edition.edition, edition.valid_to) == ("2027Q1", dt.date(2027, 3, 31))


def test_aoc_from_text_and_workbook(packaged: Path, dest: Path, tmp_path: Path) -> None:
    text = FILES / "AOC_V2026Q4-MCR.txt"
    bring(packaged, dest, text)
    frame = loaded(packaged, dest).frame("aoc")
    assert frame.filter(pl.col("addon") == "99292").rows() == [
        ("99292", 2, "CCCCC", dt.date(2013, 4, 1), dt.date(2016, 12, 31), None, None, "contractor defined")
    ]
    assert frame.filter(pl.col("addon") == "37222")["primary_to"].item() == dt.date(2025, 12, 31)
    rows = [
        [int(cell) if cell.isdigit() and len(cell) == 7 else cell for cell in line.split("\t")]
        for line in text.read_text().splitlines()
    ]
    book = tmp_path / "AOC_V2026Q4-MCR.xlsx"
    book.write_bytes(workbook(rows))
    bring(packaged, tmp_path / "other", book)
    assert loaded(packaged, tmp_path / "other").frame("aoc").equals(frame)


@pytest.mark.parametrize("name", ["HCPC2026_OCT_ANWEB.csv", "HCPC2026_OCT_ANWEB.txt"])
def test_hcpcs_codes_and_modifiers(packaged: Path, dest: Path, name: str) -> None:
    written = bring(packaged, dest, FILES / name)
    assert {(e.name, e.edition, e.valid_to) for e in written} == {
        ("hcpcs", "2026OCT", dt.date(2026, 12, 31)),
        ("modifiers", "2026OCT", dt.date(2026, 12, 31)),
    }
    refs = loaded(packaged, dest)
    codes = refs.frame("hcpcs")
    assert codes.select("code", "valid_from", "valid_to", "short").rows()[:2] == [
        ("J1010", dt.date(2024, 4, 1), None, "Inj, methylpred acetate 1 mg"),
        ("J1030", dt.date(1982, 1, 1), dt.date(2024, 3, 31), "Methylprednisolone 40 mg inj"),
    ]
    assert codes.height == 3, "the continued description is no code"
    modifiers = refs.frame("modifiers").select("modifier", "valid_to", "level", "ncci")
    assert modifiers.rows() == [
        ("25", None, "cpt", True),
        ("JG", dt.date(2024, 12, 31), "hcpcs", False),
        ("JZ", None, "hcpcs", False),
        ("ZZ", None, "hcpcs", True),
    ]


def test_noc_list_inside_the_hcpcs_zip(packaged: Path, dest: Path, tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["NOC codes"],
        ["HCPCS", "LONG DESCRIPTION", "ADD DATE", "TERM DATE"],
        ["J3490", "Left out", "1986-01-01", None],
        ["C9399", "x", 20040101, ""],
    ]
    path = zipped(
        tmp_path / "oct-2026.zip",
        {
            "HCPC2026_OCT_ANWEB.csv": (FILES / "HCPC2026_OCT_ANWEB.csv").read_bytes(),
            "NOC codes_OCT 2026.xlsx": workbook(rows),
        },
    )
    assert {edition.name for edition in bring(packaged, dest, path)} == {"hcpcs", "modifiers", "noc"}
    assert loaded(packaged, dest).frame("noc").rows() == [
        ("C9399", dt.date(2004, 1, 1), None),
        ("J3490", dt.date(1986, 1, 1), None),
    ]


def test_fee_schedule_by_its_stacked_titles(packaged: Path, dest: Path, tmp_path: Path) -> None:
    gpci = FILES / "GPCI2027.csv"
    path = zipped(
        tmp_path / "rvu26d.zip",
        {
            PFS.name: PFS.read_bytes(),
            "PPRRVU2026_Oct_QPP.csv": PFS.read_bytes().replace(b"33.4009", b"33.5675"),
            "PPRRVU2026_Oct_nonQPP.txt": b"fixed width that nobody reads",
            "ANES2026.csv": b"a,b\r\n1,2\r\n",
            gpci.name: gpci.read_bytes(),
        },
    )
    written = {edition.name: edition for edition in bring(packaged, dest, path)}
    assert (written["pfs"].edition, written["pfs"].valid_from) == ("RVU26D", dt.date(2026, 10, 1))
    frame = loaded(packaged, dest).frame("pfs")
    row = frame.filter(pl.col("hcpcs") == "96372").row(0, named=True)
    assert (row["nonfac_total"], row["fac_na"], row["nonfac_na"], row["pctc"], row["cf"]) == (
        Decimal("0.46"),
        True,
        False,
        "5",
        Decimal("33.4009"),
    )
    assert frame.filter(pl.col("hcpcs") == "71046")["mod"].to_list() == [None, "26"]
    assert "description" not in frame.columns
    indices = loaded(packaged, dest).frame("gpci")
    assert indices.filter(pl.col("state") == "AL")["pw"].item() == Decimal("1.000"), "the index with the floor"
    assert indices.filter(pl.col("state") == "AK").select("mac", "locality", "name").rows() == [
        ("02102", "01", "ALASKA")
    ]


def test_the_qualifying_participants_file_alone_is_refused(packaged: Path, dest: Path, tmp_path: Path) -> None:
    path = tmp_path / "PPRRVU2026_Oct_QPP.csv"
    path.write_bytes(PFS.read_bytes())
    with pytest.raises(ReferenceDataError, match="qualifying APM participants"):
        bring(packaged, dest, path)


def test_asp_limits_and_crosswalk(packaged: Path, dest: Path) -> None:
    bring(
        packaged, dest, FILES / "October 2026 ASP Pricing File.csv", FILES / "October 2026 ASP NDC-HCPCS Crosswalk.csv"
    )
    refs = loaded(packaged, dest)
    assert dict(refs.frame("asp").select("hcpcs", "limit").rows()) == {
        "90371": Decimal("137.828"),
        "A9606": None,
        "J0561": Decimal("31.965"),
        "J1010": Decimal("0.120"),
        "J2507": Decimal("2500.125"),
    }
    assert refs.editions("asp")[0].edition == "2026Q4"
    rows = refs.frame("ndc_hcpcs").select("ndc11", "hcpcs", "pkg_size", "bill_units").rows()
    assert rows == [("00009028002", "J1010", 1, 40), ("13533063603", "90371", Decimal("0.5"), Decimal("0.5"))]


def test_icd10_order_file_follows_the_edition_before(packaged: Path, dest: Path) -> None:
    (edition,) = bring(packaged, dest, ORDER)
    assert (edition.edition, edition.valid_from, edition.valid_to) == (
        "FY2027",
        dt.date(2026, 10, 1),
        dt.date(2027, 3, 31),
    )
    frame = loaded(packaged, dest).frame("icd10")
    assert frame.filter(pl.col("code") == "A09").rows() == [("A09", dt.date(2025, 10, 1), dt.date(2026, 9, 30), False)]
    assert frame.filter(pl.col("code") == "A000")["valid_to"].to_list() == [dt.date(2026, 9, 30), None]
    assert frame.filter(pl.col("header"))["code"].to_list() == ["A00", "M255", "M2551"]


def test_the_april_update_stands_beside_the_october_release(packaged: Path, dest: Path, tmp_path: Path) -> None:
    bring(packaged, dest, ORDER)
    path = zipped(tmp_path / "april-1-2027-code-descriptions.zip", {ORDER.name: ORDER.read_bytes()})
    (edition,) = bring(packaged, dest, path)
    assert (edition.edition, edition.valid_from) == ("FY2027APR", dt.date(2027, 4, 1))


def test_an_order_file_with_a_line_lost_is_refused(packaged: Path, dest: Path, tmp_path: Path) -> None:
    lines = ORDER.read_bytes().splitlines(keepends=True)
    path = tmp_path / ORDER.name
    path.write_bytes(b"".join(lines[:4] + lines[5:]))
    with pytest.raises(ReferenceDataError, match="order numbers are missing"):
        bring(packaged, dest, path)


@pytest.mark.parametrize(
    "source",
    [
        MUE,
        PFS,
        ORDER,
        FILES / "HCPC2026_OCT_ANWEB.txt",
        FILES / "AOC_V2026Q4-MCR.txt",
        FILES / "October 2026 ASP Pricing File.csv",
    ],
    ids=lambda path: path.name,
)
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.9])
def test_a_file_cut_off_gives_one_clear_line(
    packaged: Path, dest: Path, tmp_path: Path, source: Path, kept: float
) -> None:
    data = source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(data[: int(len(data) * kept)])
    says = refusal(packaged, dest, path)
    # Cut exactly behind a value of a last line: only the number of rows can tell, and there is no edition before.
    assert says is not None or kept > 0.1
    assert says is None or ("\n" not in says and source.name in says and not dest.exists())


def test_far_fewer_rows_than_the_edition_before_are_refused(packaged: Path, dest: Path) -> None:
    first, last = dt.date(2026, 4, 1), dt.date(2026, 6, 30)
    rows = [{"hcpcs": f"{code:05d}", "value": 1, "mai": 2} for code in range(100)]
    write_tables(packaged, [table("mue", "2026Q2", first, last, rows)], manifest.read(packaged)[:0])
    with pytest.raises(ReferenceDataError, match="6 rows, edition 2026Q2 has 100"):
        import_files([MUE], dest, packaged=packaged)
    assert not dest.exists()


def test_rows_of_earlier_quarters_do_not_count_as_lost(packaged: Path, dest: Path) -> None:
    first, last = dt.date(2024, 7, 1), dt.date(2026, 9, 30)
    ended = [{"ndc11": f"{n:011d}", "hcpcs": "J1010", "valid_from": first, "valid_to": first} for n in range(50)]
    lasting = [{"ndc11": "9" * 11, "hcpcs": "J1010", "valid_from": first, "valid_to": last}]
    write_tables(packaged, [table("ndc_hcpcs", "2024Q3-2026Q3", first, last, ended + lasting)], manifest.read(packaged))
    (edition,) = bring(packaged, dest, FILES / "October 2026 ASP NDC-HCPCS Crosswalk.csv")
    assert edition.rows == 2


def test_an_overlap_with_another_edition_is_refused(packaged: Path, dest: Path) -> None:
    with pytest.raises(ReferenceDataError, match=r"mue 2026 \(2026-01-01 to 2026-12-31\): overlaps edition 2026Q3"):
        bring(packaged, dest, MUE, edition="2026")
    assert not dest.exists()


def test_the_same_edition_again_needs_replace(packaged: Path, dest: Path, tmp_path: Path) -> None:
    bring(packaged, dest, MUE)
    before = state(dest)
    with pytest.raises(ReferenceDataError, match="already held; say --replace"):
        bring(packaged, dest, MUE)
    assert state(dest) == before
    changed = tmp_path / MUE.name
    changed.write_bytes(MUE.read_bytes().replace(b"96372,5,", b"96372,6,"))
    bring(packaged, dest, changed, replace=True)
    refs = loaded(packaged, dest)
    assert refs.frame("mue").filter(pl.col("edition") == "2026Q4", pl.col("hcpcs") == "96372")["value"].item() == 6
    assert len(list(dest.glob("*.parquet"))) == 1, "the file of the replaced edition is gone"
    assert not [verdict for verdict in refs.verify() if verdict.fault]


def test_a_packaged_edition_can_be_replaced_by_the_users(packaged: Path, dest: Path) -> None:
    with pytest.raises(ReferenceDataError, match="already held"):
        bring(packaged, dest, MUE, edition="2026Q3")
    bring(packaged, dest, MUE, edition="2026Q3", replace=True)
    refs = loaded(packaged, dest)
    assert refs.frame("mue").filter(pl.col("hcpcs") == "96372")["value"].to_list() == [5]
    assert [edition.folder for edition in refs.editions("mue")] == [dest]


def test_an_older_history_is_refused(packaged: Path, dest: Path) -> None:
    with pytest.raises(ReferenceDataError, match=r"ptp 2026Q2: older than edition 2026Q3"):
        bring(packaged, dest, *PTP, edition="2026Q2")


def test_a_damaged_text_gives_way_to_the_workbook_beside_it(packaged: Path, dest: Path, tmp_path: Path) -> None:
    text = FILES / "AOC_V2026Q4-MCR.txt"
    rows = [line.split("\t") for line in text.read_text().splitlines()]
    cut = text.read_bytes()[:-20]
    both = zipped(tmp_path / "both.zip", {text.name: cut, "AOC_V2026Q4-MCR.xlsx": workbook(rows)})
    assert bring(packaged, dest, both)[0].rows == 5
    with pytest.raises(ReferenceDataError, match="cut off"):
        bring(packaged, tmp_path / "other", zipped(tmp_path / "one.zip", {text.name: cut}))


def test_one_bad_file_stops_the_whole_import(packaged: Path, dest: Path, tmp_path: Path) -> None:
    bad = tmp_path / "notes.txt"
    bad.write_text("to do: import the tables\n")
    with pytest.raises(ReferenceDataError, match=r"notes\.txt: not a layout this program knows"):
        bring(packaged, dest, MUE, bad)
    assert not dest.exists()


def test_an_interrupted_write_leaves_the_old_state(packaged: Path, dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(packaged, dest, MUE)
    before = loaded(packaged, dest)
    expected = (before.digest(), before.frame("mue"))

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("write_parquet", "manifest.write"):
        with monkeypatch.context() as patch:
            patch.setattr(f"scrubjay.refimport.store.{step}", fails)
            with pytest.raises(ReferenceDataError, match="No space left on device; nothing was imported"):
                bring(packaged, dest, ORDER)
        after = loaded(packaged, dest)
        assert (after.digest(), after.has("icd10")) == (expected[0], True)
        assert after.frame("mue").equals(expected[1])
        assert not [verdict for verdict in after.verify() if verdict.fault]
        assert not list(dest.glob(".*")), "no half-written file stays"
    bring(packaged, dest, ORDER)
    assert loaded(packaged, dest).editions("icd10")[-1].edition == "FY2027"


def test_a_kill_between_file_and_manifest_leaves_the_old_state(
    packaged: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(packaged, dest, MUE)
    digest = loaded(packaged, dest).digest()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scrubjay.refimport.store.manifest.write", killed)
    with pytest.raises(KeyboardInterrupt):
        bring(packaged, dest, MUE, replace=True)
    after = loaded(packaged, dest)
    assert after.digest() == digest
    assert not [verdict for verdict in after.verify() if verdict.fault]


def test_archives_that_play_tricks_are_not_opened(packaged: Path, dest: Path, tmp_path: Path) -> None:
    outside = zipped(tmp_path / "outside.zip", {"../../etc/mue.csv": MUE.read_bytes()})
    with pytest.raises(ReferenceDataError, match="points outside the archive"):
        bring(packaged, dest, outside)
    bomb = zipped(tmp_path / "bomb.zip", {"mue.csv": b"0" * (64 << 20)})
    with pytest.raises(ReferenceDataError, match=r"unpacks to 67,108,864 bytes"):
        bring(packaged, dest, bomb)
    many = zipped(tmp_path / "many.zip", {f"{number}.txt": b"" for number in range(501)})
    with pytest.raises(ReferenceDataError, match="501 members"):
        bring(packaged, dest, many)


def test_damaged_archives_are_refused(packaged: Path, dest: Path, tmp_path: Path) -> None:
    whole = zipped(tmp_path / "mue.zip", {MUE.name: MUE.read_bytes()}).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[:-40])
    with pytest.raises(ReferenceDataError, match="damaged or cut off"):
        bring(packaged, dest, cut)
    flipped = bytearray(whole)
    start = 30 + len(MUE.name)
    flipped[start + 20] ^= 0xFF
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bytes(flipped))
    with pytest.raises(ReferenceDataError, match="damaged or cut off"):
        bring(packaged, dest, broken)
    # A member that states another length than it has, in both of its headers.
    lying = bytearray(whole)
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = lying.index(signature) + offset
        lying[at : at + 4] = struct.pack("<I", 100)
    liar = tmp_path / "liar.zip"
    liar.write_bytes(bytes(lying))
    with pytest.raises(ReferenceDataError, match=r"damaged or cut off|not as long"):
        bring(packaged, dest, liar)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>License agreement</body></html>", "a web page, not the file itself"),
        (b"PK\x03\x04 not really", "damaged or cut off"),
        (b"\x00\x01\x02" * 50, "not a text file"),
        (b"%PDF-1.7 ...", "not a layout this program knows"),
    ],
)
def test_what_is_no_reference_file_gets_one_line(
    packaged: Path, dest: Path, tmp_path: Path, data: bytes, says: str
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    with pytest.raises(ReferenceDataError, match=says):
        bring(packaged, dest, path)
    with pytest.raises(ReferenceDataError, match=r"nowhere\.csv: cannot be read: No such file"):
        bring(packaged, dest, tmp_path / "nowhere.csv")
