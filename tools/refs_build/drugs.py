"""Drugs: prices, NDC crosswalk, vaccines, containers, products, and the project's drug list."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl

from refs_build.common import CPT, OWN, PUBLIC, Sources, date, quarter, read
from scrubjay.refimport.store import Table

CMS = "Centers for Medicare & Medicaid Services"
CDC = "Centers for Disease Control and Prevention"
FIRST, LAST = quarter("2024q3")[0], quarter("2026q1")[1]


def asp(sources: Sources) -> list[Table]:
    """Medicare Part B payment limits, one edition a quarter."""
    raw = read(sources.data / "asp/asp_payment_limits_2024q3_2026q1.csv")
    tables = []
    for name in raw["quarter"].unique().sort():
        first, last = quarter(name)
        frame = raw.filter(pl.col("quarter") == name).select(
            hcpcs="hcpcs",
            limit=pl.when(pl.col("payment_limit") != "N/A").then("payment_limit"),
            dosage="hcpcs_dosage",
            valid_from=pl.lit(first),
            valid_to=pl.lit(last),
        )
        source = f"CMS Medicare Part B payment limit file {name.upper()}"
        tables.append(Table("asp", name.upper(), frame.sort("hcpcs"), first, last, source, CMS, CPT))
    return tables


def ndc_hcpcs(sources: Sources) -> list[Table]:
    """NDC to HCPCS crosswalk; quarters in a row that say the same are one row."""
    raw = pl.read_parquet(sources.data / "asp/asp_ndc_hcpcs_crosswalk_2024q3_2026q1.parquet")
    facts = [
        "ndc11",
        "hcpcs",
        "drug_name",
        "labeler",
        "hcpcs_dosage",
        "pkg_size",
        "pkg_qty",
        "bill_units",
        "bill_units_pkg",
    ]
    number = pl.col("quarter").str.slice(0, 4).cast(pl.Int32) * 4 + pl.col("quarter").str.slice(5, 1).cast(pl.Int32)
    runs = (
        raw.filter(pl.col("ndc11") != "")
        .with_columns(number=number)
        .sort(*facts, "number")
        .with_columns(run=pl.col("number") - pl.col("number").rank("ordinal").over(facts).cast(pl.Int32))
        .group_by(*facts, "run")
        .agg(first=pl.col("quarter").min(), last=pl.col("quarter").max())
    )
    days = {name: quarter(name) for name in raw["quarter"].unique()}
    starts = {name: first for name, (first, _) in days.items()}
    ends = {name: last for name, (_, last) in days.items()}
    frame = runs.select(
        *facts,
        valid_from=pl.col("first").replace_strict(starts, return_dtype=pl.Date),
        valid_to=pl.col("last").replace_strict(ends, return_dtype=pl.Date),
    ).rename({"hcpcs_dosage": "dosage"})
    frame = frame.with_columns(pl.col("pkg_size", "bill_units", "bill_units_pkg").round(6))
    note = "For ASP payment only: not every NDC billable under a code. Rows without an NDC are left out."
    source = "CMS ASP NDC-HCPCS crosswalk, 2024 Q3 to 2026 Q1"
    return [
        Table(
            "ndc_hcpcs",
            "2024Q3-2026Q1",
            frame.sort("ndc11", "hcpcs", "valid_from"),
            FIRST,
            LAST,
            source,
            CMS,
            CPT,
            note,
        )
    ]


def vaccines(sources: Sources) -> list[Table]:
    """CDC's maps of CPT and NDC to vaccine codes."""
    day = dt.date(2025, 12, 9)
    cpt = read(sources.data / "ndc/cdc_cpt_to_cvx_2025.csv").select("cpt", "cvx", short="cvx_short_description")
    status = read(sources.data / "ndc/cdc_cvx_2025.csv").select("cvx", "status")
    frame = cpt.join(status, on="cvx", how="left").select("cpt", "cvx", "short", "status").sort("cpt", "cvx")
    sides = []
    for side in ("sale", "use"):
        raw = read(sources.data / f"ndc/cdc_ndc_unit_of_{side}_2025.csv")
        sides.append(
            raw.select(
                ndc11=pl.col("ndc11").str.replace_all("-", ""),
                cvx="cvx",
                sale_or_use=pl.lit(side),
                start=pl.col("start_date").str.to_date("%Y%m%d"),
                end=pl.col("end_date").str.to_date("%Y%m%d"),
            )
        )
    ndc = pl.concat(sides).unique().sort("ndc11", "sale_or_use", "cvx", "start")
    source = "CDC CPT to CVX map and CVX list, December 2025"
    return [
        Table("vaccines", "2025-12", frame, day, None, source, CDC, CPT),
        Table("vaccine_ndc", "2025-12", ndc, day, None, "CDC NDC units of sale and use, December 2025", CDC, PUBLIC),
    ]


def containers(sources: Sources) -> list[Table]:
    """What an NDC is packed in, and the listings that say so."""
    raw = read(sources.data / "ndc/ndc_containers.csv.gz").filter(pl.col("match") != "none")
    frame = raw.select(
        "ndc11", "container", "dose_kind", "content", "content_unit", "containers", "edition", "match"
    ).sort("ndc11")
    note = (
        "The wording is mostly of April 2019; unknown does not mean multi-dose. NDCs without any listing are left out."
    )
    source = "FDA NDC directory 2019-04 and later listings, CDC vaccine NDC files 2025-12, RxNorm/openFDA 2023-10"
    day = dt.date(2026, 11, 23)
    return [Table("containers", "2026-11", frame, dt.date(2019, 4, 1), day, source, "FDA, CDC, NLM", PUBLIC, note)]


def products(sources: Sources) -> list[Table]:
    """Injectable products of October 2023 by NDC."""
    raw = read(sources.data / "ndc/injectable_ndc_rxnorm_openfda.csv.gz")
    frame = raw.select(
        "ndc11",
        "dosage_form",
        "strength",
        "strength_unit",
        generic="generic_description",
        route="dosage_route",
    ).sort("ndc11")
    source = "RxNorm and openFDA NDC directory, October 2023"
    note = "The route column says INJECTABLE for nearly all; newer NDCs are missing."
    return [Table("ndc_products", "2023-10", frame, dt.date(2023, 10, 1), None, source, "NLM, FDA", PUBLIC, note)]


def drugs(sources: Sources) -> list[Table]:
    """The project's drug list: unit, routes, container, and which of these facts have a source."""
    raw = read(sources.domain / "drugs.csv")
    known = pl.Series("known", [sourced(text) for text in raw["source"]], dtype=pl.List(pl.String))
    notes = pl.Series("note", [note(text) for text in raw["source"]], dtype=pl.String)
    split = {
        name: pl.col(column).fill_null("").str.split(";")
        for name, column in (("routes", "route"), ("replaces", "replaces"))
    }
    frame = raw.with_columns(known, notes).select(
        "hcpcs",
        "label",
        "unit_amount",
        "unit",
        "jw_jz",
        "note",
        "example_dose",
        "example_units",
        "mue",
        container=pl.col("container").fill_null("").str.split(";"),
        valid_from=date("effective"),
        valid_to=date("terminated"),
        **split,
        unit_sourced=pl.col("known").list.contains("descriptor"),
        container_sourced=pl.col("known").list.contains("container"),
        route_sourced=pl.col("known").list.contains("route"),
        jw_sourced=pl.col("known").list.contains("jw_jz"),
        mue_sourced=pl.col("known").list.contains("MUE") & pl.col("mue").is_not_null(),
    )
    frame = frame.with_columns(
        pl.col("routes", "container", "replaces").list.eval(pl.element().filter(pl.element() != ""))
    )
    source = (
        "drugs.csv of the project's catalogue: CMS HCPCS and MUE files, FDA NDC directory; unsourced facts are flagged"
    )
    first, last = dt.date(1982, 1, 1), dt.date(2026, 3, 31)
    return [Table("drugs", "2026-11", frame.sort("hcpcs"), first, last, source, "Scrubjay", OWN)]


FACTS = ("descriptor", "container", "jw_jz", "route", "MUE")
PARENTHESES = re.compile(r"\([^()]*\)")


def sourced(text: str) -> list[str]:
    """Return the facts that a drug's source text gives a document for; what is partly sourced or remembered is not."""
    facts: set[str] = set()
    doubtful: set[str] = set()
    for part in PARENTHESES.sub("", text).split(";"):
        kind, _, words = part.strip().partition(":")
        named = {fact for fact in FACTS if re.search(rf"\b{fact}\b", words.partition(" CMS ")[0].partition(" FDA ")[0])}
        if kind == "sourced":
            facts |= named
        elif kind in {"partly", "memory", "unknown"}:
            doubtful |= named
    return sorted(facts - doubtful)


def note(text: str) -> str | None:
    """Return the remark at the end of a drug's source text."""
    found = re.search(r"note: (.*)$", text)
    return found.group(1).strip() if found else None
