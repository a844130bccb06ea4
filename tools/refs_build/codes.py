"""Code sets: HCPCS Level II, modifiers, places of service, reason and remark codes, taxonomies, ICD-10-CM."""

from __future__ import annotations

import datetime as dt

import polars as pl

from refs_build.common import PUBLIC, X12, Sources, date, quarter, read
from scrubjay.refimport.icd10 import intervals
from scrubjay.refimport.store import Table

CMS = "Centers for Medicare & Medicaid Services"
JANUARY = quarter("2026q1")[1]
NCCI_MODIFIERS = "mod_groups.csv"


def hcpcs(sources: Sources) -> list[Table]:
    """HCPCS Level II codes of January 2026 and the not-otherwise-classified ones among them."""
    raw = read(sources.data / "hcpcs/hcpcs_level2_2026jan.csv")
    frame = raw.select(
        code="hcpcs",
        valid_from=date("add_date"),
        valid_to=date("termination_date"),
        coverage="coverage",
        short="short_description",
        action="action_code",
    ).sort("code", "valid_from")
    first = frame["valid_from"].min()
    assert isinstance(first, dt.date)
    noc = read(sources.data / "hcpcs/hcpcs_noc_codes_2026jan.csv").select(
        hcpcs="hcpcs", valid_from=date("add_date"), valid_to=date("term_date")
    )
    source = "CMS alpha-numeric HCPCS file, January 2026, corrected release of 2026-01-12"
    return [
        Table("hcpcs", "2026JAN", frame, first, JANUARY, source, CMS, PUBLIC),
        Table("noc", "2026JAN", noc.sort("hcpcs"), first, JANUARY, f"{source}, list of NOC codes", CMS, PUBLIC),
    ]


def modifiers(sources: Sources) -> list[Table]:
    """CPT and HCPCS modifiers; the NCCI-associated ones are marked by the project's table."""
    level_2 = read(sources.data / "hcpcs/hcpcs_modifiers_2026jan.csv").select(
        modifier="modifier",
        valid_from=date("add_date"),
        valid_to=date("termination_date"),
        level=pl.lit("hcpcs"),
        short="short_description",
    )
    level_1 = read(sources.data / "codesets/cpt_modifier_codes_2024.csv").select(
        modifier="modifier",
        valid_from=pl.lit(None, pl.Date),
        valid_to=pl.lit(None, pl.Date),
        level=pl.lit("cpt"),
        short=pl.lit(None, pl.String),
    )
    # The physical status modifiers P1 to P6 stand in both lists; the one with dates is kept.
    level_1 = level_1.join(level_2, on="modifier", how="anti")
    groups = read(sources.tables / NCCI_MODIFIERS)
    ncci = groups.filter(pl.col("group") == "NCCI")["modifier"]
    frame = pl.concat([level_1, level_2]).with_columns(ncci=pl.col("modifier").is_in(ncci.implode()))
    return [
        Table(
            "modifiers",
            "2026JAN",
            frame.sort("modifier", "valid_from"),
            dt.date(1982, 1, 1),
            JANUARY,
            "CMS alpha-numeric HCPCS file, January 2026; CPT modifier codes of 2024; NCCI Policy Manual 2026, I.E",
            CMS,
            "US government work; CPT modifiers copyright American Medical Association, no descriptors included",
            "CPT modifiers carry no dates.",
        )
    ]


def places(sources: Sources) -> list[Table]:
    """Places of service with the rate Medicare pays there."""
    raw = read(sources.data / "codesets/pos_codes_2024.csv")
    frame = raw.filter(pl.col("name") != "Unassigned").select(
        pos="pos",
        facility=pl.col("pfs_rate_type").replace_strict(
            {"Facility": True, "Non-Facility": False}, default=None, return_dtype=pl.Boolean
        ),
        name="name",
    )
    note = "The facility column is a reader's reading of the CMS manual. Unassigned codes are left out."
    first, last = dt.date(2024, 6, 28), None
    return [Table("pos", "2024-06", frame.sort("pos"), first, last, "CMS place of service code set", CMS, PUBLIC, note)]


def reasons(sources: Sources) -> list[Table]:
    """Claim adjustment reason codes and remark codes: dates of the lists, words of the project."""
    carc = read(sources.data / "codesets/carc_codes_2024.csv").filter(pl.col("type") == "CARC")
    rarc = read(sources.data / "codesets/rarc_codes_2024.csv")
    tables = []
    for name, raw, words in (("carc", carc, "carc_wording.csv"), ("rarc", rarc, "rarc_wording.csv")):
        ours = read(sources.tables / words)
        unknown = set(ours["code"]) - set(raw["code"])
        if unknown:
            raise SystemExit(f"{words}: {sorted(unknown)} are not in the published list")
        frame = raw.select(code="code", valid_from=date("start_date"), valid_to=date("end_date")).join(
            ours.select("code", "wording"), on="code", how="left"
        )
        tables.append(
            Table(
                name,
                "2024-06",
                frame.sort("code"),
                dt.date(1995, 1, 1) if name == "carc" else dt.date(1997, 1, 1),
                dt.date(2024, 6, 30),
                f"X12 {name.upper()} list, copy of June 2024; wording by the project",
                "X12",
                X12,
                "Deactivated codes are not listed." if name == "rarc" else "",
            )
        )
    return tables


def taxonomy(sources: Sources) -> list[Table]:
    """Provider taxonomy codes, without names."""
    frame = read(sources.data / "codesets/nucc_taxonomy_codes_251.csv").select(code="taxonomy", section="section")
    licence = "code list of NUCC/AMA, codes only"
    first = dt.date(2025, 7, 1)
    return [Table("taxonomy", "25.1", frame.sort("code"), first, None, "NUCC provider taxonomy 25.1", "NUCC", licence)]


def icd10(sources: Sources) -> list[Table]:
    """ICD-10-CM from October 2024 to September 2026, billable codes and headers as intervals."""
    raw = read(sources.data / "icd10/icd10cm_codes_fy2025_fy2026.csv.gz")
    starts = {
        "valid_fy2025_oct2024": dt.date(2024, 10, 1),
        "valid_fy2025_apr2025": dt.date(2025, 4, 1),
        "valid_fy2026_oct2025": dt.date(2025, 10, 1),
        "valid_fy2026_apr2026": dt.date(2026, 4, 1),
    }
    billable = {day: set(raw.filter(pl.col(column) == "1")["code"]) for column, day in starts.items()}
    frame = intervals(billable, set(raw["code"]))
    return [
        Table(
            "icd10",
            "FY2025-FY2026",
            frame,
            dt.date(2024, 10, 1),
            dt.date(2026, 9, 30),
            "ICD-10-CM code files FY2025 and FY2026, October and April releases",
            "CDC National Center for Health Statistics and CMS",
            PUBLIC,
            "Nothing is held before 2024-10-01: a valid_from of that day means held since, not new.",
        )
    ]
