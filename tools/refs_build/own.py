"""The project's own tables, every row with the key of its source or M (memory)."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from refs_build.common import OWN, Sources, date, read
from scrubjay.refimport.store import Table

NAMES = (
    "mod_groups",
    "pos_groups",
    "dx_groups",
    "dose_as_units",
    "labels",
    "look_alikes",
    "two_syringe",
    "taxonomy_groups",
    "quantity_limits",
    "brand_families",
    "limits",
    "on_body",
)
DATED = ("crosswalks", "intervals", "age_limits", "prior_auth", "sad", "payment_rules")


def own(sources: Sources) -> list[Table]:
    """Groups, labels, crosswalks and the other hand-written tables."""
    tables = [_table(name, read(sources.tables / f"{name}.csv")) for name in NAMES]
    for name in DATED:
        frame = read(sources.tables / f"{name}.csv")
        tables.append(
            _table(name, frame.with_columns(date(n) for n in ("valid_from", "valid_to") if n in frame.columns))
        )
    tables.append(_table("groups", groups(sources)))
    keys = source_keys(sources.domain / "injection-edits.md")
    for table in tables:
        if "source" in table.frame.columns:
            unknown = set(table.frame["source"]) - keys
            if unknown:
                raise SystemExit(f"{table.name}: unknown source keys {sorted(unknown, key=str)}")
    return tables


def groups(sources: Sources) -> pl.DataFrame:
    """Code groups as ranges; the drugs outside the J codes are added to DRUG from the HCPCS file and the drug list."""
    written = read(sources.tables / "groups.csv").with_columns(date("valid_from"), date("valid_to"))
    level_2 = read(sources.data / "hcpcs/hcpcs_level2_2026jan.csv")
    # C97xx and later are procedures, Q995x to Q998x contrast and tracers, though their text begins with Injection.
    injected = level_2.filter(
        pl.col("hcpcs").str.contains(r"^(C90|C92|C93|C94|Q0|Q2|Q3|Q4|Q5|Q999|S0)")
        & pl.col("long_description").str.to_lowercase().str.starts_with("injection")
    )["hcpcs"]
    listed = read(sources.domain / "drugs.csv").filter(pl.col("route") != "diluent")["hcpcs"]
    outside = [code for code in listed if not re.match(r"J|90[23]", code)]
    single = sorted({*injected, *outside, "C9399"})
    more = pl.DataFrame(
        {"group": "DRUG", "low": single, "high": single, "source": "H26"},
        schema={"group": pl.String, "low": pl.String, "high": pl.String, "source": pl.String},
    )
    frame = pl.concat([written, more], how="diagonal").sort("group", "low")
    bad = frame.filter(
        (pl.col("low") > pl.col("high")) | (pl.col("low").str.len_chars() != 5) | (pl.col("high").str.len_chars() != 5)
    )
    if bad.height:
        raise SystemExit(f"groups: bad ranges {bad.rows()}")
    return frame


def source_keys(catalogue: Path) -> set[str]:
    """Return the source keys of section 15 of the catalogue, and M."""
    text = catalogue.read_text(encoding="utf-8").partition("## 15. Sources")[2].partition("\n## ")[0]
    keys = {"M"}
    for found in re.finditer(r"^\| ([^|]+) \|", text, re.MULTILINE):
        keys |= {key.strip() for key in found.group(1).split(" / ")}
    return keys


def _table(name: str, frame: pl.DataFrame) -> Table:
    return Table(
        name,
        "2026-11",
        frame,
        None,
        None,
        f"tools/tables/{name}.csv; keys as in the catalogue, M = memory",
        "Scrubjay",
        OWN,
    )
