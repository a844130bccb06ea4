"""The reference tables: what they say, that they are whole, and that nothing changes them from outside."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest

from scrubjay import refdata
from scrubjay import refdata_manifest as manifest
from scrubjay.errors import ReferenceDataError
from scrubjay.refimport.schema import SCHEMAS
from scrubjay.refimport.store import Table, write_tables

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the publishers' files are not at {SHARED}")

WORDS_OF_OTHERS = ("description", "descriptor", "long", "text", "full_name", "definition")


@pytest.fixture(scope="module")
def refs() -> refdata.References:
    return refdata.load(user=False)


def pair(column_1: str, column_2: str) -> int:
    return int(pl.select(refdata.pair_key(pl.lit(column_1), pl.lit(column_2))).item())


def active(refs: refdata.References, column_1: str, column_2: str) -> list[int]:
    """Return the modifier indicators of a pair's rows that are not deleted."""
    rows = refs.frame("ptp").filter(pl.col("key") == pair(column_1, column_2), pl.col("deleted").is_null())
    return rows["mi"].to_list()


def test_the_packaged_tables_are_what_their_manifest_says(refs: refdata.References) -> None:
    assert [verdict for verdict in refs.verify() if verdict.fault] == []
    named = {edition.file for edition in manifest.read(manifest.PACKAGED)}
    assert {path.name for path in manifest.PACKAGED.glob("*.parquet")} == named


def test_the_packaged_tables_stay_small() -> None:
    assert sum(path.stat().st_size for path in manifest.PACKAGED.iterdir()) < 15_000_000


def test_every_table_has_its_columns_a_source_and_a_licence(refs: refdata.References) -> None:
    assert set(refs.names()) == set(SCHEMAS)
    for name in refs.names():
        assert dict(refs.frame(name).schema) == SCHEMAS[name], name
        for edition in refs.editions(name):
            assert edition.columns == tuple(SCHEMAS[name])
            assert edition.source
            assert edition.licence
            assert edition.publisher


def test_the_notice_stands_above_the_manifest() -> None:
    head = (manifest.PACKAGED / manifest.MANIFEST).read_text(encoding="utf-8").partition("[[table]]")[0]
    for line in manifest.NOTICE.splitlines():
        assert f"# {line}\n" in head
    assert "copyright American Medical Association" in head


def test_no_column_holds_a_publishers_descriptors(refs: refdata.References) -> None:
    for name in refs.names():
        assert not [column for column in refs.frame(name).columns if column in WORDS_OF_OTHERS], name
    modifiers = refs.frame("modifiers")
    assert modifiers.filter(pl.col("level") == "cpt")["short"].null_count() == modifiers.filter(level="cpt").height
    texts = [column for column, dtype in refs.frame("cpt").schema.items() if dtype == pl.String]
    assert texts == ["code", "evidence"]
    assert refs.frame("labels")["words"].str.len_chars().max() < 60  # type: ignore[operator]


@needs_shared
def test_our_wording_of_remark_codes_is_ours(refs: refdata.References) -> None:
    theirs = pl.read_csv(SHARED / "data/codesets/rarc_codes_2024.csv", infer_schema=False)
    both = refs.frame("rarc").drop_nulls("wording").join(theirs, on="code")

    def plain(column: str) -> pl.Expr:
        return pl.col(column).str.to_lowercase().str.replace_all("[^a-z0-9]", "")

    assert both.height > 80
    assert both.filter(plain("wording") == plain("text"))["code"].to_list() == []


@needs_shared
def test_every_reason_code_the_catalogue_names_is_worded(refs: refdata.References) -> None:
    catalogue = (SHARED / "domain/injection-edits.md").read_text(encoding="utf-8")
    series = pl.Series([catalogue])
    # M19, N80, N92 and N93 are diagnoses there.
    carc = set(series.str.extract_all(r"\b(?:CO|PR|OA)-[A-Z]?\d{1,3}\b").explode().str.slice(3))
    rarc = set(series.str.extract_all(r"\b(?:MA\d{2,3}|M\d{2,3}|N\d{2,3})\b").explode()) - {"M19", "N80", "N92", "N93"}
    for name, wanted in (("carc", carc), ("rarc", rarc)):
        frame = refs.frame(name)
        listed = set(frame["code"])
        assert wanted & listed <= set(frame.drop_nulls("wording")["code"]), name
    assert refs.frame("carc").drop_nulls("wording").height > 80


@needs_shared
@pytest.mark.slow
def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools/build_refs.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True)
    for path in manifest.PACKAGED.iterdir():
        if path.suffix in (".parquet", ".toml"):
            assert (tmp_path / path.name).read_bytes() == path.read_bytes(), f"{path.name}: run tools/build_refs.py"


@pytest.mark.parametrize(
    ("column_1", "column_2", "indicator"),
    [
        ("96372", "99213", [1]),
        ("96372", "99211", [0]),
        ("96372", "36591", [0]),
        ("99231", "96372", [0]),
        ("99284", "96372", [1]),
        ("99348", "96372", [1]),
        ("00400", "96372", [0]),
        ("20610", "96372", [1]),
        ("96365", "96374", [1]),
        ("95117", "95115", [0]),
        ("90460", "90471", [0]),
        ("96372", "99201", []),
        ("96372", "99396", []),
        ("64466", "96372", []),
    ],
)
def test_pairs(refs: refdata.References, column_1: str, column_2: str, indicator: list[int]) -> None:
    assert active(refs, column_1, column_2) == indicator


def test_pairs_with_96372_are_those_the_catalogue_counted(refs: refdata.References) -> None:
    code = pl.select(refdata.code_key(pl.lit("96372"))).item()
    live = refs.frame("ptp").filter(pl.col("deleted").is_null())
    assert live.filter(pl.col("key") // refdata.SHIFT == code).height == 34
    assert live.filter(pl.col("key") % refdata.SHIFT == code).height == 6_519


def test_the_pair_arrays(refs: refdata.References) -> None:
    pairs = refs.ptp_arrays()
    assert {len(array) for array in pairs} == {2_546_017}
    assert (pairs.key[1:] >= pairs.key[:-1]).all()
    again = (pairs.key[1:] == pairs.key[:-1]).nonzero()[0]
    assert (pairs.deleted[again] >= pairs.deleted[again + 1]).all(), "the active row first, then the newest deletion"
    assert int((pairs.deleted == refdata.ACTIVE).sum()) == 1_669_820
    assert refs.ptp_arrays() is pairs
    with pytest.raises(ValueError, match="read-only"):
        pairs.mi[0] = 9


@needs_shared
def test_the_pairs_are_the_publishers(refs: refdata.References) -> None:
    theirs = pl.read_parquet(SHARED / "data/ncci/ncci_ptp_practitioner_2024q3.parquet")
    key = refdata.pair_key(pl.col("column_1"), pl.col("column_2"))
    date = pl.when(pl.col("deletion_date") != "").then(pl.col("deletion_date")).str.to_date()
    columns = {"key": key, "mi": pl.col("modifier_indicator").cast(pl.UInt8), "deleted": date}
    ours = refs.frame("ptp").select(*columns)
    assert ours.sort(list(columns)).equals(theirs.select(**columns).sort(list(columns)))


def test_a_code_that_is_no_five_characters_has_no_key() -> None:
    codes = pl.DataFrame({"code": ["96372", "9637", "963720", "9637é", "96-72", "96372 ", None, "ZZZZZ"]})
    keys = codes.select(refdata.code_key(pl.col("code")))["code"].to_list()
    assert keys == [int("96372", 36), None, None, None, None, None, None, 36**5 - 1]
    assert refdata.SHIFT >= 36**5


@pytest.mark.parametrize(
    ("code", "day", "in_force"),
    [
        ("J1030", dt.date(2024, 3, 31), True),
        ("J1030", dt.date(2024, 4, 1), False),
        ("J1010", dt.date(2024, 3, 31), False),
        ("J1010", dt.date(2024, 4, 1), True),
        ("J0171", dt.date(2025, 7, 1), False),
        ("J0738", dt.date(2025, 10, 1), True),
        ("G0012", dt.date(2024, 9, 30), True),
        ("J9999", dt.date(2026, 3, 1), True),
    ],
)
def test_hcpcs_on_a_day(refs: refdata.References, code: str, day: dt.date, in_force: bool) -> None:
    rows = refs.frame("hcpcs").filter(
        pl.col("code") == code, pl.col("valid_from") <= day, pl.col("valid_to").fill_null(dt.date.max) >= day
    )
    assert rows.height == int(in_force)


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("96372", dt.date(2009, 1, 1), None),
        ("99201", dt.date(1992, 1, 1), dt.date(2020, 12, 31)),
        ("99218", dt.date(1993, 1, 1), dt.date(2022, 12, 31)),
        ("99343", dt.date(1992, 1, 1), dt.date(2022, 12, 31)),
        ("90772", dt.date(2006, 1, 1), dt.date(2008, 12, 31)),
        ("90782", None, dt.date(2005, 12, 31)),
        ("96380", dt.date(2023, 10, 6), None),
        ("99441", dt.date(2008, 1, 1), dt.date(2024, 12, 31)),
    ],
)
def test_level_one_codes_have_their_dates(
    refs: refdata.References, code: str, first: dt.date | None, last: dt.date | None
) -> None:
    row = refs.frame("cpt").filter(pl.col("code") == code)
    assert row.select("valid_from", "valid_to").rows() == [(first, last)]


def test_level_one_codes_invent_no_end(refs: refdata.References) -> None:
    cpt = refs.frame("cpt")
    assert cpt["code"].is_unique().all()
    assert cpt["code"].str.contains(r"^\d{4}[0-9A-Z]$").all(), "Level II is the HCPCS file's"
    gone = cpt.filter(pl.col("evidence") == "not in 2025 fee schedule")
    assert gone["valid_to"].null_count() == gone.height > 100
    inferred = cpt.filter(pl.col("evidence") == "PTP: every pair deleted")
    assert (inferred["valid_to"] == inferred["last_pair"]).all()
    assert inferred["valid_to"].max() < dt.date(2024, 7, 1)  # type: ignore[operator]


def test_unit_limits_of_two_quarters(refs: refdata.References) -> None:
    mue = refs.frame("mue")
    assert mue.filter(hcpcs="96372").select("edition", "value", "mai").rows() == [("2024Q3", 4, 3), ("2026Q2", 4, 3)]
    assert mue.filter(pl.col("edition") == "2026Q2")["mai"].value_counts(sort=True).rows() == [
        (3, 9637),
        (2, 5417),
        (1, 41),
    ]
    assert mue.filter(hcpcs="90384", edition="2024Q3")["value"].item() == 0
    assert refs.frame("mue_medicaid").filter(hcpcs="90389")["value"].item() == 1


def test_add_on_codes_on_a_day(refs: refdata.References) -> None:
    aoc = refs.frame("aoc")
    day = dt.date(2026, 3, 2)
    live = aoc.filter(pl.col("valid_from") <= day, pl.col("valid_to").fill_null(dt.date.max) >= day)
    assert set(live.filter(addon="96368")["primary"]) == {"96360", "96365", "96366", "96413", "96415", "96416", "C8957"}
    assert set(live.filter(addon="96371")["primary"]) == {"96369"}
    assert aoc.filter(pl.col("note") == "suspended").filter(pl.col("valid_from") != pl.col("valid_to")).is_empty()


def test_modifiers(refs: refdata.References) -> None:
    modifiers = refs.frame("modifiers")
    assert modifiers["modifier"].is_unique().all()
    ends = dict(
        modifiers.filter(pl.col("modifier").is_in(["JG", "JF", "GD", "JZ"])).select("modifier", "valid_to").rows()
    )
    assert ends == {"JG": dt.date(2024, 12, 31), "JF": dt.date(2015, 6, 30), "GD": dt.date(2019, 12, 31), "JZ": None}
    assert modifiers.filter(pl.col("modifier").is_in(["XE", "XP", "XS", "XU"]))["valid_from"].unique().to_list() == [
        dt.date(2015, 1, 1)
    ]
    associated = set(modifiers.filter("ncci")["modifier"])
    assert len(associated) == 44
    assert {"25", "59", "XU", "LT", "RI", "T9"} <= associated
    assert not associated & {"22", "50", "51", "76", "77", "26", "TC", "JW", "JZ", "GA"}


def test_diagnoses(refs: refdata.References) -> None:
    icd = refs.frame("icd10")
    assert icd.filter(code="M2551")["header"].to_list() == [True]
    assert icd.filter(code="Z2981").select("valid_from", "valid_to", "header").rows() == [
        (dt.date(2024, 10, 1), None, False)
    ]
    october, later = dt.date(2024, 10, 1), dt.date(2025, 10, 1)
    for day, count in ((october, 74_260), (later, 74_719)):
        on = icd.filter(pl.col("valid_from") <= day, pl.col("valid_to").fill_null(dt.date.max) >= day)
        assert on.filter(~pl.col("header")).height == count
        assert on["code"].is_unique().all()


def test_the_national_amounts_of_the_catalogue(refs: refdata.References) -> None:
    rows = refs.frame("pfs").filter(pl.col("hcpcs") == "96372", pl.col("mod").is_null())
    amounts = {
        dt.date(2022, 6, 1): "14.53",
        dt.date(2023, 12, 31): "14.23",
        dt.date(2024, 3, 8): "14.08",
        dt.date(2024, 3, 9): "14.31",
        dt.date(2025, 7, 4): "13.91",
        dt.date(2026, 11, 23): "15.36",
    }
    for day, amount in amounts.items():
        (row,) = rows.filter(pl.col("valid_from") <= day, pl.col("valid_to") >= day).rows(named=True)
        paid = (row["nonfac_total"] * row["cf"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert (paid, row["pctc"], row["fac_na"]) == (Decimal(amount), "5", True), day


def test_drug_facts_say_what_is_sourced(refs: refdata.References) -> None:
    drugs = {row["hcpcs"]: row for row in refs.frame("drugs").rows(named=True)}
    assert len(drugs) == 139
    flags = ("unit_sourced", "container_sourced", "route_sourced", "jw_sourced", "mue_sourced")
    assert [drugs["J0696"][flag] for flag in flags] == [True] * 5
    assert [drugs["J2010"][flag] for flag in flags] == [True, False, True, False, True], "partly is not sourced"
    assert [drugs["J1072"][flag] for flag in flags] == [True, False, False, False, True]
    assert drugs["90378"]["unit_sourced"] is False
    assert drugs["J3301"]["routes"] == ["IM", "IA"]
    assert drugs["J1010"]["replaces"] == ["J1020", "J1030", "J1040"]
    assert drugs["J1040"]["replaces"] == []


def test_drugs_agree_with_the_tables_they_come_from(refs: refdata.References) -> None:
    drugs = refs.frame("drugs")
    hcpcs = refs.frame("hcpcs").select(hcpcs="code", first="valid_from", last="valid_to")
    dated = drugs.join(hcpcs, on="hcpcs")
    assert dated.filter(
        pl.col("valid_from").ne_missing(pl.col("first")) | pl.col("valid_to").ne_missing(pl.col("last"))
    ).is_empty()
    newest = refs.frame("mue").sort("edition").group_by("hcpcs").agg(pl.col("value").last())
    assert drugs.join(newest, on="hcpcs").filter(pl.col("mue") != pl.col("value"))["hcpcs"].to_list() == []


def test_crosswalks_keep_the_dose(refs: refdata.References) -> None:
    amounts = dict(refs.frame("drugs").select("hcpcs", "unit_amount").rows())
    checked = 0
    for row in refs.frame("crosswalks").rows(named=True):
        if row["units_from"] and row["from_code"] in amounts and row["to_code"] in amounts:
            dose = amounts[row["from_code"]] * row["units_from"]
            assert dose == amounts[row["to_code"]] * row["units_to"], row
            checked += 1
    assert checked >= 12
    units = {(row["from_code"], row["to_code"]): row["units_to"] for row in refs.frame("crosswalks").rows(named=True)}
    assert (units["J1030", "J1010"], units["J1040", "J1010"]) == (40, 80)
    assert (units["J2920", "J2919"], units["J2930", "J2919"]) == (8, 25)


def test_vaccines_and_containers(refs: refdata.References) -> None:
    assert refs.frame("vaccines").filter(cpt="90677")["cvx"].to_list() == ["216"]
    assert refs.frame("vaccine_ndc")["ndc11"].str.contains(r"^\d{11}$").all()
    assert refs.frame("containers")["ndc11"].is_unique().all()
    crosswalk = refs.frame("ndc_hcpcs")
    assert crosswalk["ndc11"].str.contains(r"^\d{11}$").all()
    assert (crosswalk["valid_from"] <= crosswalk["valid_to"]).all()


@pytest.mark.parametrize(
    ("code", "member", "stranger"),
    [
        ("96372", {"ADM", "INFUSION", "INJ_INF", "DRUG_ADMIN", "REG_ADMIN"}, {"INIT", "SURGERY", "CHEMO"}),
        ("99213", {"EM_OFF", "EM_ANY"}, {"EM_FAC", "PREV"}),
        ("99211", {"EM_99211", "EM_ANY"}, {"EM_OFF"}),
        ("99396", {"PREV", "EM_ANY"}, {"EM_OFF"}),
        ("99457", set(), {"EM_ANY"}),
        ("90378", {"PALIV", "DRUG"}, {"IG", "VAXP", "RSV_AB"}),
        ("90381", {"RSV_AB"}, {"IG"}),
        ("90389", {"IG", "MUE0_IG"}, {"VAXP"}),
        ("90686", {"VAXP", "FLU_VAX"}, {"PNEUMO_VAX"}),
        ("90677", {"VAXP", "PNEUMO_VAX"}, {"FLU_VAX"}),
        ("64466", {"SURGERY"}, {"BLOCK"}),
        ("64450", {"SURGERY", "BLOCK"}, set()),
        ("Q9991", {"DRUG"}, {"VAXP"}),
        ("A4216", {"SUPPLY"}, {"DRUG"}),
        ("C9399", {"DRUG", "NOC_DRUG"}, set()),
        ("C9743", set(), {"DRUG"}),
        ("1126F", set(), {"SURGERY"}),
        ("0101U", set(), {"ANESTHESIA"}),
        ("00400", {"ANESTHESIA"}, {"SURGERY"}),
        ("NOSUCH", set(), {"DRUG"}),
    ],
)
def test_groups_of_a_code(refs: refdata.References, code: str, member: set[str], stranger: set[str]) -> None:
    found = set(refs.groups_of(pl.Series([code]))["group"])
    assert member <= found
    assert not stranger & found


def test_groups_have_sources_and_dates(refs: refdata.References) -> None:
    groups = refs.frame("groups")
    assert groups["source"].null_count() == 0
    assert (groups["low"] <= groups["high"]).all()
    first = refs.groups_of(pl.Series(["96380"])).filter(group="RSV_ADMIN")["valid_from"].to_list()
    assert first == [dt.date(2023, 10, 6)]


def test_places(refs: refdata.References) -> None:
    groups = refs.frame("pos_groups")
    of = {name: set(groups.filter(group=name)["pos"]) for name in groups["group"].unique()}
    assert of["POS_PFS"] == set(refs.frame("pos").filter("facility")["pos"])
    assert (len(of["POS_UHC"]), len(of["POS_REG"]), len(of["POS_PFS"])) == (9, 15, 18)


def limits(edition: str, first: dt.date, last: dt.date, value: int) -> Table:
    frame = pl.DataFrame(
        {
            "hcpcs": ["96372"],
            "value": [value],
            "mai": [3],
            "edition": [edition],
            "valid_from": [first],
            "valid_to": [last],
        }
    )
    return Table("mue", edition, frame, first, last, "made for a test", "nobody", "none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tables(tmp_path, [limits("2026Q3", dt.date(2026, 7, 1), dt.date(2026, 9, 30), 7)])
    return tmp_path


def test_a_users_folder_adds_an_edition(folder: Path, refs: refdata.References) -> None:
    mine = refdata.load(folder)
    assert [edition.edition for edition in mine.editions("mue")] == ["2024Q3", "2026Q2", "2026Q3"]
    assert mine.frame("mue").filter(hcpcs="96372")["value"].to_list() == [4, 4, 7]
    assert [edition.packaged for edition in mine.editions("mue")] == [True, True, False]
    assert mine.digest() != refs.digest()
    row = next(row for row in mine.info() if row["edition"] == "2026Q3")
    assert row == {
        "name": "mue",
        "edition": "2026Q3",
        "from": "2026-07-01",
        "to": "2026-09-30",
        "sha256": mine.editions("mue")[-1].sha256,
    }


def test_a_users_folder_replaces_an_edition_of_the_same_name(tmp_path: Path) -> None:
    write_tables(tmp_path, [limits("2026Q2", dt.date(2026, 4, 1), dt.date(2026, 6, 30), 9)])
    mine = refdata.load(tmp_path)
    assert mine.frame("mue").filter(edition="2026Q2").select("hcpcs", "value").rows() == [("96372", 9)]


def test_editions_that_overlap_are_refused(tmp_path: Path) -> None:
    write_tables(tmp_path, [limits("SPRING", dt.date(2026, 6, 30), dt.date(2026, 7, 31), 9)])
    with pytest.raises(ReferenceDataError, match=r"mue: editions 2026Q2 .* and SPRING .* overlap"):
        refdata.load(tmp_path)


def test_the_newest_history_alone_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"code": ["J1010"], "valid_from": [dt.date(2024, 4, 1)]})
    write_tables(tmp_path, [Table("hcpcs", "2026OCT", frame, None, dt.date(2026, 12, 31), "test", "nobody", "none")])
    mine = refdata.load(tmp_path)
    assert mine.frame("hcpcs")["code"].to_list() == ["J1010"]
    assert [edition.edition for edition in mine.editions("hcpcs")] == ["2026OCT"]


def test_a_whole_edition_takes_its_quarter_from_the_excerpt(tmp_path: Path) -> None:
    first, last = dt.date(2026, 4, 1), dt.date(2026, 6, 30)
    frame = pl.DataFrame({"hcpcs": ["00100"], "valid_from": [first], "valid_to": [last]})
    write_tables(tmp_path, [Table("pfs", "RVU26B", frame, first, last, "test", "nobody", "none")])
    rows = (
        refdata.load(tmp_path).frame("pfs").filter(pl.col("valid_from") >= dt.date(2026, 1, 1), pl.col("mod").is_null())
    )
    starts = rows.filter(hcpcs="96372")["valid_from"].sort().to_list()
    assert starts == [dt.date(2026, 1, 1), dt.date(2026, 7, 1), dt.date(2026, 10, 1)]
    assert rows.filter(valid_from=first)["hcpcs"].to_list() == ["00100"]


def test_where_the_users_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUBJAY_REFS", str(tmp_path))
    assert manifest.user_folder() == tmp_path
    monkeypatch.setenv("SCRUBJAY_REFS", "")
    assert manifest.user_folder() is None
    assert not [edition for edition in manifest.held() if not edition.packaged]
    monkeypatch.delenv("SCRUBJAY_REFS")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert manifest.user_folder() == tmp_path / "scrubjay" / "refs"
    with pytest.raises(ReferenceDataError, match="no such folder"):
        refdata.load(tmp_path / "nowhere")


def test_the_environment_names_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRUBJAY_REFS", str(folder))
    assert len(refdata.load().editions("mue")) == 3
    assert len(refdata.load(user=False).editions("mue")) == 2


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text.replace("rows = 1", "rows = "), "not valid TOML"),
        (lambda text: text.replace("sha256 =", "sha ="), "lacks 'sha256'"),
        (lambda text: text.replace('kind = "period"', 'kind = "other"'), "bad kind"),
        (lambda text: text.replace('file = "', 'file = "../'), "bad kind or file name"),
    ],
)
def test_a_damaged_manifest_is_refused(folder: Path, damage: object, says: str) -> None:
    path = folder / manifest.MANIFEST
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(ReferenceDataError, match=says):
        refdata.load(folder)


def test_damaged_files_are_named(folder: Path) -> None:
    mine = refdata.load(folder)
    path = mine.editions("mue")[-1].path
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert [(v.edition.edition, v.fault) for v in mine.verify() if v.fault] == [
        ("2026Q3", "SHA-256 differs from the manifest")
    ]
    with pytest.raises(ReferenceDataError, match=r"mue 2026Q3 cannot be read; run scrubjay refs verify"):
        mine.frame("mue")
    path.unlink()
    assert [v.fault for v in mine.verify() if v.fault] == ["file is missing"]
    with pytest.raises(ReferenceDataError, match="cannot be read"):
        mine.frame("mue")


def test_a_table_with_other_rows_than_stated_is_refused(folder: Path) -> None:
    path = folder / manifest.MANIFEST
    path.write_text(path.read_text().replace("rows = 1", "rows = 2"))
    mine = refdata.load(folder)
    with pytest.raises(ReferenceDataError, match="has 1 rows instead of 2"):
        mine.frame("mue")
    assert [v.fault for v in mine.verify() if v.fault] == ["1 rows instead of 2"]


def test_a_manifest_keeps_every_character(tmp_path: Path) -> None:
    words = 'a "quoted" back\\slash, a\nbreak, é and \x00'
    table = Table("noc", "X", pl.DataFrame({"hcpcs": ["J3490"]}), None, None, words, "nobody", "none", words)
    (written,) = write_tables(tmp_path, [table])
    assert manifest.read(tmp_path) == [written]
    assert written.source == words


def test_loading_reads_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object, **__: object) -> None:
        raise AssertionError("a table was read")

    monkeypatch.setattr(pl, "read_parquet", no)
    refs = refdata.load(user=False)
    assert refs.has("ptp")
    assert not refs.has("ptp2")
    assert len(refs.info()) > 40
    with pytest.raises(AssertionError, match="a table was read"):
        refs.frame("pos")


def test_a_table_is_read_once_by_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    real = pl.read_parquet

    def counted(path: Path, **options: object) -> pl.DataFrame:
        reads.append(path)
        return real(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pl, "read_parquet", counted)
    refs = refdata.load(user=False)
    start = threading.Barrier(8)
    frames: list[pl.DataFrame] = []

    def ask() -> None:
        start.wait()
        frames.append(refs.frame("hcpcs"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    assert all(frame.equals(frames[0]) for frame in frames)


def test_nothing_outside_changes_a_table(refs: refdata.References) -> None:
    frame = refs.frame("pos")
    before = frame.clone()
    frame[0, "name"] = "changed"
    frame.insert_column(0, pl.Series("extra", [1] * frame.height))
    frame.extend(frame)
    assert refs.frame("pos").equals(before)
    refs.editions("pos").clear()
    assert refs.editions("pos")


def test_a_table_taken_away(refs: refdata.References) -> None:
    less = refs.without("mue", "ptp")
    assert not less.has("mue")
    assert less.has("pos")
    assert refs.has("mue")
    for ask in (lambda: less.frame("mue"), less.ptp_arrays):
        with pytest.raises(ReferenceDataError, match="no such reference table is loaded"):
            ask()
    assert less.digest() != refs.digest()
    assert less.editions("mue") == []


def test_lazy_is_the_same_table(refs: refdata.References) -> None:
    assert refs.lazy("two_syringe").collect(engine="in-memory").equals(refs.frame("two_syringe"))


def test_the_manifest_needs_no_data_frames() -> None:
    bare = (
        "import sys; sys.path.insert(0, sys.argv[1]); from scrubjay import refdata_manifest as m; "
        "assert m.digest(m.held()); print([x for x in ('polars', 'numpy', 'pyarrow') if x in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", bare, str(ROOT / "src")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
