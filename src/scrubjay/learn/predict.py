"""Which edit predicts a denial: what the scrubber found on the claim, else what the catalogue says of such denials."""

from __future__ import annotations

from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.learn.limits import PAIR_REASONS, UNIT_REASONS, in_groups
from scrubjay.model import Tables
from scrubjay.refdata import References

HIT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "claim_id": pl.UInt32,
    "line_id": pl.UInt32,
    "edit": pl.String,
    "level": pl.String,
    "carc": pl.String,
    "rarc": pl.List(pl.String),
    "fix": pl.String,
}
"""What is kept of findings: no message, since that may quote a claim."""

WARNING = ("deny", "warn")
"""Levels that count as a warning; a remark of level info does not."""

MOST = 5
"""Edits named from the catalogue alone at most."""


def hits_of(findings: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Return the hits of a check as rows of :data:`HIT_SCHEMA`: one for each line a finding is about.

    A finding is about its own line, the line that would be denied and the related lines; one about the whole claim has
    a null ``line_id``.
    """
    own = findings.filter((pl.col("outcome") == "hit") & pl.col("claim_id").is_not_null())
    about = (
        pl.concat_list(
            pl.concat_list("line", "denied_line").cast(pl.List(pl.Int64)),
            pl.col("related_lines").cast(pl.List(pl.Int64)).fill_null(pl.lit([], dtype=pl.List(pl.Int64))),
        )
        .list.drop_nulls()
        .list.unique()
    )
    rows = (
        own.with_columns(about.alias("number"), pl.col("fix").struct.field("text").alias("fix_text"))
        .select("claim_id", "number", "edit", "level", "carc", "rarc", pl.col("fix_text").alias("fix"))
        .explode("number", empty_as_null=True)
    )  # fmt: skip
    numbers = tables.lines.select("claim_id", pl.col("line").alias("number"), "line_id")
    return (
        rows.join(numbers, on=["claim_id", "number"], how="left", maintain_order="left")
        .select(list(HIT_SCHEMA))
        .unique(maintain_order=True)
    )


def predicted(
    denials: pl.DataFrame, standing: pl.DataFrame, hits: pl.DataFrame | None, refs: References
) -> pl.DataFrame:
    """Add ``edit``, ``edits``, ``warned`` and ``fix`` to denials.

    ``denials`` has ``claim_id`` and ``line_id`` of the matched claim (null without).  ``edit`` is the best of ``edits``:
    the one the scrubber found with the payer's reason, else one it found, else the catalogue's best; ``basis`` says
    which (``found``, ``found-other``, ``catalogue``; null: none).  ``warned``: a finding of level deny stood on the line,
    or one of level warn with the payer's reason; null where the claim is not known.
    """
    from_catalogue = _catalogue(denials, standing, refs)
    rows = denials.join(from_catalogue, on="denial_id", how="left", maintain_order="left")
    if hits is None or (not len(hits) and not denials["claim_id"].count()):
        return _without(rows)
    about = pl.concat(
        [
            rows.select("denial_id", "claim_id", "line_id", "carc", "rarc").drop_nulls("line_id").join(
                hits.drop_nulls("line_id"), on=["claim_id", "line_id"], suffix="_hit"
            ),
            rows.select("denial_id", "claim_id", "line_id", "carc", "rarc").drop_nulls("claim_id").join(
                hits.filter(pl.col("line_id").is_null()).drop("line_id"), on="claim_id", suffix="_hit"
            ),
        ],
        how="diagonal",
    )  # fmt: skip
    same = (_family("carc") == _family("carc_hit")).fill_null(value=False)
    remarks = pl.col("rarc").list.set_intersection("rarc_hit").list.len().fill_null(0)
    warning = pl.col("level").is_in(WARNING)
    best = (
        about.with_columns(same.alias("same"), remarks.alias("remarks"), warning.alias("warning"))
        .sort("denial_id", "same", "warning", "remarks", "edit", descending=[False, True, True, True, False])
        .group_by("denial_id", maintain_order=True)
        .agg(
            pl.col("edit").unique(maintain_order=True).alias("found"),
            pl.col("edit").first().alias("found_edit"),
            pl.col("same").first().alias("found_same"),
            pl.col("fix").first().alias("fix"),
            ((pl.col("level") == "deny") | (pl.col("warning") & pl.col("same"))).any().alias("any_warning"),
        )
    )
    rows = rows.join(best, on="denial_id", how="left", maintain_order="left")
    found = pl.col("found_edit").is_not_null()
    return rows.with_columns(
        pl.when(found).then("found_edit").otherwise("likely_edit").alias("edit"),
        pl.when(found).then("found").otherwise("likely").alias("edits"),
        pl.when(found & pl.col("found_same"))
        .then(pl.lit("found"))
        .when(found)
        .then(pl.lit("found-other"))
        .when(pl.col("likely_edit").is_not_null())
        .then(pl.lit("catalogue"))
        .alias("basis"),
        pl.when(pl.col("claim_id").is_not_null()).then(pl.col("any_warning").fill_null(value=False)).alias("warned"),
    ).drop("found", "found_edit", "found_same", "any_warning", "likely", "likely_edit")


def _family(name: str) -> pl.Expr:
    """Return a reason, or the first of those that payers use alike."""
    alike = {reason: group[0] for group in (PAIR_REASONS, UNIT_REASONS) for reason in group}
    return pl.col(name).replace(alike)


def _without(rows: pl.DataFrame) -> pl.DataFrame:
    """Return denials predicted by the catalogue alone: no claim was checked."""
    return rows.with_columns(
        pl.col("likely_edit").alias("edit"),
        pl.col("likely").alias("edits"),
        pl.when(pl.col("likely_edit").is_not_null()).then(pl.lit("catalogue")).alias("basis"),
        pl.lit(None, dtype=pl.Boolean).alias("warned"),
        pl.lit(None, dtype=pl.String).alias("fix"),
    ).drop("likely", "likely_edit")


def _catalogue(denials: pl.DataFrame, standing: pl.DataFrame, refs: References) -> pl.DataFrame:
    """Return per ``denial_id`` the edits that expect this reason on such a line: ``likely``, and the best of them.

    An edit about a group of codes counts where the denied code or its partner is of that group.
    """
    keys = ["carc", "rarc", "code", "partner"]
    distinct = denials.select(keys).unique(maintain_order=True)
    codes = pl.concat([distinct["code"], distinct["partner"]]).unique().drop_nulls()
    groups = in_groups(codes, refs) if len(codes) else {}
    by_reason: dict[str, list[dict[str, Any]]] = {}
    for edit in catalogue.edits():
        if edit["carc"] and edit["status"] == "stable":
            by_reason.setdefault(edit["carc"], []).append(edit)
    likely, best = [], []
    for carc, rarcs, code, partner in distinct.iter_rows():
        held = groups.get(code, frozenset()) | groups.get(partner, frozenset())
        ranked = sorted(
            (-len(set(rarcs) & set(edit["rarc"])), edit["scope"] == "*", edit["level"] != "deny", edit["code"])
            for edit in by_reason.get(carc, [])
            if edit["scope"] == "*" or edit["scope"] in held
        )
        # A remark that the payer gave narrows the choice: edits that expect another are left out.
        told = [row for row in ranked if row[0] < 0] or [row for row in ranked if not rarcs]
        likely.append([row[3] for row in told[:MOST]])
        best.append(told[0][3] if told else None)
    found = distinct.with_columns(
        pl.Series("likely", likely, dtype=pl.List(pl.String)), pl.Series("likely_edit", best, dtype=pl.String)
    )
    return (
        denials.select("denial_id", *keys)
        .join(found, on=keys, how="left", nulls_equal=True)
        .select("denial_id", "likely", "likely_edit")
    )
