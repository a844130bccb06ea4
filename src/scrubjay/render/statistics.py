"""Counts of a run: findings, claims touched, dollars at risk and what could be fixed, by edit, payer or provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay.render.style import Style, clean, money
from scrubjay.report import Report, at_risk_once

GROUPINGS = ("edit", "payer", "provider")
_HEADINGS = {"edit": "edit", "payer": "payer", "provider": "rendering NPI"}


def statistics(report: Report, by: str = "edit", *, by_money: bool = False) -> dict[str, Any]:
    """Return ``{"by", "rows": [{"key", "name", "findings", "deny", "warn", "info", "unknown", "claims", "amount_at_risk", "fixable"}]}``.

    Rows are ordered by findings, most first; by ``amount_at_risk`` where ``by_money``. That counts a claim line once per
    row, at its highest estimate; ``fixable`` counts hits that carry a patch, ``safe`` or ``review``.  ``at_risk`` sums the
    run, each line once: ``{"total", "estimates", "charges"}``.
    """
    table = _grouped(report, by)
    hit = pl.col("outcome") == "hit"
    patched = pl.col("fix").struct.field("patches").list.len().fill_null(0) > 0
    counts = table.group_by("key").agg(
        pl.col("group_name").first().alias("name"),
        hit.sum().alias("findings"),
        *[(hit & (pl.col("level") == level)).sum().alias(level) for level in ("deny", "warn", "info")],
        (~hit).sum().alias("unknown"),
        pl.col("claim_id").filter(hit).drop_nulls().n_unique().alias("claims"),
        (hit & patched).sum().alias("fixable"),
    )
    line = pl.coalesce("denied_line", "line", pl.lit(0, dtype=pl.Int64))
    amounts = (
        table.filter(hit & pl.col("amount_at_risk").is_not_null())
        .with_columns(line.alias("at"), (pl.col("amount_at_risk").cast(pl.Decimal(18, 2))).alias("amount"))
        .group_by("key", "file", "claim_id", "at")
        .agg(pl.col("amount").max())
        .group_by("key")
        .agg(pl.col("amount").sum().cast(pl.Decimal(18, 2)).cast(pl.String).alias("amount_at_risk"))
    )
    order = ["key", "name", "findings", "deny", "warn", "info", "unknown", "claims", "amount_at_risk", "fixable"]
    rows = counts.join(amounts, on="key", how="left").select(order)
    money_first = pl.col("amount_at_risk").cast(pl.Decimal(18, 2))
    first = [money_first] if by_money else []
    rows = rows.sort(
        *first, "findings", "unknown", "key", descending=[*[True] * len(first), True, True, False], nulls_last=True
    )
    return {"by": by, "rows": rows.to_dicts(), "at_risk": _at_risk(report)}


def _at_risk(report: Report) -> dict[str, str]:
    """Sum the money at risk, each line once, and say how much of it is estimated."""
    once = at_risk_once(report.findings)
    estimate = once.filter(pl.col("amount_basis").fill_null("charge") != "charge")
    total, estimated = int(once["at_risk_cents"].sum()), int(estimate["at_risk_cents"].sum())
    return {
        name: f"{cents // 100}.{cents % 100:02d}"
        for name, cents in (("total", total), ("estimates", estimated), ("charges", total - estimated))
    }


def _grouped(report: Report, by: str) -> pl.DataFrame:
    """Return the findings with a ``key`` and a ``group_name`` for the grouping."""
    if by == "edit":
        return report.findings.with_columns(pl.col("edit").alias("key"), pl.col("name").alias("group_name"))
    column = "payer" if by == "payer" else "rendering_npi"
    claims = report.claims.select("claim_id", pl.col(column).alias("key")).unique("claim_id")
    joined = report.findings.join(claims, on="claim_id", how="left")
    return joined.with_columns(pl.col("key").fill_null("(none)"), pl.lit(None, dtype=pl.String).alias("group_name"))


def table_lines(stats: dict[str, Any], style: Style) -> Iterator[str]:
    """Yield the statistics as an aligned table."""
    named = stats["by"] == "edit"
    head = [_HEADINGS[stats["by"]], *(["name"] if named else []), "findings", "deny", "warn", "info"]
    head += ["undecided", "claims", "at risk", "fixable"]
    body = []
    for row in stats["rows"]:
        amount = money(row["amount_at_risk"]) if row["amount_at_risk"] is not None else "-"
        label = [clean(row["key"]), *([row["name"]] if named else [])]
        numbers = [f"{row[name]:,}" for name in ("findings", "deny", "warn", "info", "unknown", "claims")]
        body.append([*label, *numbers, amount, f"{row['fixable']:,}"])
    left = 2 if named else 1
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    spare = style.page - sum(widths) - 2 * (len(widths) - 1)
    if named and spare < 0:
        widths[1] = max(widths[1] + spare, 10)
    for index, cells in enumerate([head, *body]):
        fitted = [_fit(cell, width, i < left) for i, (cell, width) in enumerate(zip(cells, widths, strict=True))]
        text = "  ".join(fitted).rstrip()
        yield style.paint(text, "bold") if index == 0 else text
    sums = stats.get("at_risk")
    if sums is not None:
        parts = ", ".join(
            f"{money(sums[name])} {words}"
            for name, words in (("estimates", "estimated allowed amounts"), ("charges", "charges"))
            if sums[name] != "0.00"
        )
        yield f"at risk, each line once: {money(sums['total'])}" + (f" ({parts})" if parts else "")


def _fit(cell: str, width: int, words: bool) -> str:
    """Return a cell at its column's width; words that are too long end in an ellipsis, numbers are never cut."""
    if not words:
        return cell.rjust(width)
    return (cell if len(cell) <= width else cell[: width - 1] + "…").ljust(width)
