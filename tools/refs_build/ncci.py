"""CMS National Correct Coding Initiative: PTP pairs, unit limits, add-on codes."""

from __future__ import annotations

import datetime as dt

import polars as pl

from refs_build.common import CPT, Sources, quarter, read
from scrubjay.refdata import pair_key
from scrubjay.refimport.ncci import aoc_note, julian
from scrubjay.refimport.store import Table

CMS = "Centers for Medicare & Medicaid Services"


def ptp(sources: Sources) -> list[Table]:
    """PTP practitioner edits of 2024 Q3, all 2.5 million rows, and the words of their rationale."""
    raw = pl.read_parquet(sources.data / "ncci/ncci_ptp_practitioner_2024q3.parquet")
    words = raw["rationale"].unique().sort().to_list()
    frame = raw.select(
        key=pair_key(pl.col("column_1"), pl.col("column_2")),
        mi=pl.col("modifier_indicator").cast(pl.UInt8),
        deleted=pl.when(pl.col("deletion_date") != "").then(pl.col("deletion_date")).str.to_date("%Y-%m-%d"),
        pre1996=pl.col("existed_pre_1996") == "*",
        rationale=pl.col("rationale").replace_strict(words, range(1, len(words) + 1), return_dtype=pl.UInt8),
    ).sort("key", "deleted", "mi", descending=[False, True, True], nulls_last=False)
    source = "CMS Medicare NCCI procedure-to-procedure edits, practitioner services, v30.2, parts f1 to f4"
    first, last = dt.date(1996, 1, 1), quarter("2024q3")[1]
    note = "The mirrored file carries no effective dates: valid_from is null in every row."
    rationale = pl.DataFrame({"rationale": list(range(1, len(words) + 1)), "words": words})
    return [
        Table("ptp", "2024Q3", frame, first, last, source, CMS, CPT, note),
        Table("ptp_rationale", "2024Q3", rationale, first, last, source, CMS, CPT),
    ]


def mue(sources: Sources) -> list[Table]:
    """Medically unlikely edits, Medicare practitioner in two editions and a part of Medicaid's."""
    tables = []
    for name, file, note in (
        ("2024q3", "mue_practitioner_2024q3.csv", ""),
        ("2026q2", "mue_practitioner_2026q2.csv", ""),
    ):
        raw = read(sources.data / "ncci" / file)
        frame = _limits(raw, name).with_columns(raw["mai"].cast(pl.UInt8))
        tables.append(
            Table(
                "mue",
                name.upper(),
                frame,
                *quarter(name),
                "CMS Medicare NCCI MUE, practitioner services",
                CMS,
                CPT,
                note,
            )
        )
    raw = read(sources.data / "ncci/mue_medicaid_practitioner_2026q1.csv")
    tables.append(
        Table(
            "mue_medicaid",
            "2026Q1",
            _limits(raw, "2026q1"),
            *quarter("2026q1"),
            "CMS Medicaid NCCI MUE, practitioner services",
            CMS,
            CPT,
            "The mirror left out the codes beginning with 1, 5 and 6: no row does not mean no limit.",
        )
    )
    return tables


def _limits(raw: pl.DataFrame, name: str) -> pl.DataFrame:
    first, last = quarter(name)
    return raw.select(
        "hcpcs",
        "rationale",
        value=pl.col("mue_value").cast(pl.Int32),
        edition=pl.lit(name.upper()),
        valid_from=pl.lit(first),
        valid_to=pl.lit(last),
    ).sort("hcpcs")


def aoc(sources: Sources) -> list[Table]:
    """Add-on code edits of 2026 Q2 with their dates decoded."""
    raw = read(sources.data / "ncci/aoc_2026q2.csv")
    frame = raw.select(
        addon="addon_code",
        type=pl.col("aoc_edit_type").cast(pl.UInt8),
        primary="primary_code",
        valid_from=julian("edit_effective"),
        valid_to=julian("edit_deletion"),
        primary_to=julian("primary_code_deletion"),
        addon_to=julian("addon_code_deletion"),
        note=aoc_note(pl.col("special_instruction")),
    ).sort("addon", "primary", "valid_from")
    return [
        Table("aoc", "2026Q2", frame, dt.date(2013, 4, 1), quarter("2026q2")[1], "CMS NCCI add-on code edits", CMS, CPT)
    ]
