"""CMS Physician Fee Schedule: relative values, conversion factors, localities."""

from __future__ import annotations

import datetime as dt

import polars as pl

from refs_build.common import CPT, PUBLIC, Sources, date, quarter, read
from scrubjay.refimport.store import Table

CMS = "Centers for Medicare & Medicaid Services"
YEAR = (dt.date(2025, 1, 1), dt.date(2025, 12, 31))
RENAMED = {
    "work_rvu": "work",
    "nonfac_pe_rvu": "nonfac_pe",
    "fac_pe_rvu": "fac_pe",
    "mp_rvu": "mp",
    "pctc_ind": "pctc",
    "glob_days": "glob",
    "bilat_surg": "bilat",
    "asst_surg": "asst",
    "team_surg": "team",
    "co_surg": "co_surg",
    "conv_factor": "cf",
}
DROPPED = (
    "not_used_for_medicare",
    "pre_op",
    "intra_op",
    "post_op",
    "endo_base",
    "phys_supervision_diag",
    "calculation_flag",
    "diag_imaging_family",
    "nonfac_pe_opps_amt",
    "fac_pe_opps_amt",
    "mp_opps_amt",
)


def pfs(sources: Sources) -> list[Table]:
    """The whole file of October 2025, and the few values of other years that the catalogue gives."""
    raw = read(sources.data / "pfs/pprrvu_2025oct.csv").drop(DROPPED).rename(RENAMED)
    full = raw.with_columns(
        pl.col("nonfac_na", "fac_na") == "NA", valid_from=pl.lit(YEAR[0]), valid_to=pl.lit(YEAR[1])
    ).with_columns(pl.col("nonfac_na", "fac_na").fill_null(value=False))
    excerpt = read(sources.tables / "pfs_excerpt.csv").drop("source")
    excerpt = excerpt.with_columns(
        pl.when(pl.col("status").is_not_null()).then(pl.col("nonfac_na").fill_null("") == "NA").alias("nonfac_na"),
        pl.when(pl.col("status").is_not_null()).then(pl.col("fac_na").fill_null("") == "NA").alias("fac_na"),
        date("valid_from"),
        date("valid_to"),
    )
    source = "CMS PFS relative value files of 2022 to 2026, as quoted in the project's catalogue"
    return [
        Table(
            "pfs",
            "RVU25D",
            full.sort("hcpcs", "mod", nulls_last=False),
            *YEAR,
            "CMS PFS relative value file RVU25D, October 2025",
            CMS,
            CPT,
            "The October file stands for the whole year; a few codes had other values in earlier quarters.",
        ),
        Table(
            "pfs",
            "2022-2026 excerpt",
            by_quarter(excerpt).sort("hcpcs", "mod", "valid_from"),
            dt.date(2022, 1, 1),
            dt.date(2026, 12, 31),
            source,
            CMS,
            CPT,
            "A few codes around 96372; null where the catalogue gives only a total.",
            kind="excerpt",
        ),
    ]


def by_quarter(frame: pl.DataFrame) -> pl.DataFrame:
    """Cut dated rows at the quarters, so that a full edition of one quarter replaces exactly that quarter."""
    rows = []
    for row in frame.iter_rows(named=True):
        for year in range(row["valid_from"].year, row["valid_to"].year + 1):
            for number in range(1, 5):
                first, last = quarter(f"{year}q{number}")
                first, last = max(first, row["valid_from"]), min(last, row["valid_to"])
                if first <= last:
                    rows.append(row | {"valid_from": first, "valid_to": last})
    return pl.DataFrame(rows, schema=frame.schema)


def conversion(sources: Sources) -> list[Table]:
    """Conversion factors of the fee schedule, by the day; from 2026 two of them."""
    raw = read(sources.tables / "conversion_factors.csv")
    frame = raw.select(
        cf="cf",
        qualifying_apm=pl.col("qualifying_apm") == "1",
        valid_from=date("valid_from"),
        valid_to=date("valid_to"),
    )
    first, last = dt.date(2022, 1, 1), dt.date(2026, 12, 31)
    return [Table("conversion", "2022-2026", frame, first, last, "CMS PFS final rules 2022 to 2026", CMS, PUBLIC)]


def gpci(sources: Sources) -> list[Table]:
    """Geographic practice cost indices of 2025 and 2026."""
    tables = []
    for year in (2025, 2026):
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        frame = read(sources.data / f"pfs/gpci_{year}.csv").select(
            "mac",
            "state",
            "locality",
            name=pl.col("locality_name").str.replace_all(r"\*", "").str.strip_chars(),
            pw="pw_gpci",
            pe="pe_gpci",
            mp="mp_gpci",
            valid_from=pl.lit(first),
            valid_to=pl.lit(last),
        )
        tables.append(Table("gpci", str(year), frame, first, last, f"CMS PFS GPCI file {year}", CMS, PUBLIC))
    return tables


def zips(sources: Sources) -> list[Table]:
    """ZIP code to carrier and locality, fourth quarter of 2025."""
    frame = read(sources.data / "pfs/zip5_locality_2025q4.csv.gz").select(
        "zip5", "state", "carrier", "locality", rural="rural_ind", plus4=pl.col("plus4_flag") == "1"
    )
    source = "CMS ZIP code to carrier locality file, 2025 Q4"
    return [Table("zip_locality", "2025Q4", frame.sort("zip5"), *quarter("2025q4"), source, CMS, PUBLIC)]
