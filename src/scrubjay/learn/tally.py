"""Counts of services and denials by payer, code, reason, edit, provider and month; every grouping sums to the totals."""

from __future__ import annotations

from typing import Any

import polars as pl

from scrubjay.learn.wilson import wilson

VIEWS = ("payer", "code", "denial", "edit", "provider", "month")
"""What denials are grouped by; ``denial`` is group, reason and remarks, ``edit`` the edit that predicts it."""

_OF_SERVICES = {"payer": "payer", "code": "code", "provider": "provider", "month": "month"}
_NONE = {
    "payer": "unknown payer",
    "code": "(whole claim)",
    "provider": "(not told)",
    "month": "(no date)",
    "edit": "(no edit)",
}


def keyed(denials: pl.DataFrame) -> pl.DataFrame:
    """Add ``denial``: ``CO-97 M15 N19``, the key of that view."""
    return denials.with_columns(
        pl.concat_str(
            pl.col("group").fill_null("?"), pl.lit("-"), pl.col("carc").fill_null("?"),
            pl.when(pl.col("rarc").list.len() > 0).then(pl.lit(" ") + pl.col("rarc").list.join(" ")).otherwise(pl.lit("")),
        ).alias("denial")
    )  # fmt: skip


def by(view: str, standing: pl.DataFrame, denials: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row per group, most dollars denied first.

    ``services`` and ``charged_cents`` count all services of the group (null for denial and edit: every denial has its
    own), ``denied`` those with a denial, ``rate`` and its 95 % Wilson interval ``low`` to ``high`` their share.
    """
    name = view
    key = pl.col(name).cast(pl.String).fill_null(_NONE.get(view, "(none)")).alias("key")
    own = pl.struct("remit_claim_id", pl.col("remit_line_id").fill_null(2**32 - 1))
    lost = (
        keyed(denials)
        .with_columns(key, own.alias("service"))
        .group_by("key")
        .agg(
            pl.col("service").n_unique().alias("denied"),
            pl.len().alias("adjustments"),
            pl.col("amount_cents").sum().alias("denied_cents"),
            (pl.col("warned") == True).sum().alias("warned"),  # noqa: E712 - null is no warning
            pl.col("meaning").first(),
        )
    )
    if view not in _OF_SERVICES:
        rows = lost.with_columns(
            pl.lit(None, pl.UInt32).alias("services"), pl.lit(None, pl.Int64).alias("charged_cents")
        )
    else:
        every = (
            standing.with_columns(key)
            .group_by("key")
            .agg(pl.len().alias("services"), pl.col("charge_cents").sum().alias("charged_cents"))
        )
        rows = every.join(lost, on="key", how="full", coalesce=True).with_columns(
            pl.col("denied", "denied_cents", "adjustments", "warned", "services", "charged_cents").fill_null(0)
        )
    order = ["key"] if view == "month" else ["denied_cents", "key"]
    rows = rows.sort(order, descending=[False] if view == "month" else [True, False])
    out = []
    for row in rows.iter_rows(named=True):
        # A denial of a whole claim may stand beside its services: a share is never above one.
        services, count = row["services"], row["denied"]
        count = count if services is None else min(count, services)
        low, high = wilson(count, services) if services is not None else (None, None)
        out.append({
            "key": row["key"], "services": services, "charged_cents": row["charged_cents"], "denied": count,
            "adjustments": row["adjustments"], "denied_cents": row["denied_cents"], "warned": row["warned"],
            "rate": count / services if services else None, "low": low, "high": high,
            "meaning": row["meaning"] if view == "denial" else None,
        })  # fmt: skip
    return out
