"""What a selector or a baseline asks about a finding and the finding itself does not hold: payer, providers, codes, line control.

Claims are read once more for it, and only in runs that use a suppression or a baseline.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from scrubjay.errors import InputError
from scrubjay.facts.claims import with_policy
from scrubjay.io.pieces import pieces
from scrubjay.model import Tables
from scrubjay.policy import PolicySet
from scrubjay.report import Report

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "file": pl.String,
    "claim_segment": pl.UInt32,
    "line": pl.Int64,
    "claim": pl.String,
    "policy": pl.String,
    "payers": pl.List(pl.String),
    "npis": pl.List(pl.String),
    "codes": pl.List(pl.String),
    "line_control": pl.String,
}
"""One row for each line and one (``line`` null) for each claim: its payer's id and name, the NPIs of who rendered and who
bills, the procedure codes, the line control number (REF*6R)."""

Watch = Callable[[pl.DataFrame], None]


def gather(
    report: Report,
    policy_set: PolicySet,
    forced: str | None = None,
    given: Mapping[str, bytes] | None = None,
    watch: Watch | None = None,
) -> pl.DataFrame:
    """Return the rows (:data:`SCHEMA`) of the claims with a finding; ``watch`` sees those of every claim, piece by piece.

    ``given`` holds the bytes of inputs that are no files, by the name the report has for them.
    """
    parts = [pl.DataFrame(schema=SCHEMA)]
    found = report.findings.filter(pl.col("claim_segment").is_not_null())
    for source in report.run["inputs"]:
        name, kind = source["file"], source["kind"]
        if kind == "tables":
            continue
        wanted = found.filter(pl.col("file") == name).select("claim_segment").unique()
        data = (given or {}).get(name)
        if watch is None and wanted.is_empty():
            continue
        with io.BytesIO(data) if data is not None else Path(name).open("rb") as stream:
            try:
                for piece in pieces(stream, name):
                    rows = _rows(piece.tables, name, policy_set, forced)
                    if watch is not None:
                        watch(rows)
                    parts.append(rows.join(wanted, on="claim_segment", how="semi"))
            except InputError:
                continue
    return pl.concat(parts)


def _rows(tables: Tables, name: str, policy_set: PolicySet, forced: str | None) -> pl.DataFrame:
    claims = with_policy(tables.claims, policy_set, forced).select(
        "claim_id",
        "claim",
        "policy",
        "rendering_npi",
        pl.lit(name).alias("file"),
        pl.col("segment").alias("claim_segment"),
        pl.concat_list("payer_id", pl.col("payer_name").str.strip_chars().str.to_uppercase()).alias("payers"),
        pl.col("billing_npi").alias("billing"),
    )
    lines = claims.join(tables.lines, on="claim_id", how="inner", maintain_order="left").with_columns(
        pl.coalesce("line_rendering_npi", "rendering_npi").alias("rendering")
    )
    numbered = lines.filter(pl.col("line").is_not_null())
    own = numbered.unique(["claim_id", "line"], keep="first", maintain_order=True).select(
        "file",
        "claim_segment",
        "line",
        "claim",
        "policy",
        "payers",
        pl.concat_list("rendering", "billing").alias("npis"),
        pl.concat_list("code").alias("codes"),
        "line_control",
    )
    worn = lines.group_by("claim_id").agg(pl.col("rendering").unique(), pl.col("code").unique().alias("codes"))
    none = pl.lit([], dtype=pl.List(pl.String))
    whole = claims.join(worn, on="claim_id", how="left", maintain_order="left").select(
        "file",
        "claim_segment",
        pl.lit(None, dtype=pl.Int64).alias("line"),
        "claim",
        "policy",
        "payers",
        pl.concat_list(pl.col("rendering").fill_null(none), "rendering_npi", "billing").alias("npis"),
        pl.col("codes").fill_null(none),
        pl.lit(None, dtype=pl.String).alias("line_control"),
    )
    return pl.concat([own, whole]).select(list(SCHEMA))
