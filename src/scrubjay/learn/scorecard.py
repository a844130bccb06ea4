"""The edits against what the payers did: edit by payer, by reason and by level, counts with intervals and dollars.

A *hit* is a finding on a line (or claim) that a payer answered.  It was *denied* if the first answer denies the line for
any reason, for its *own* reason if the reason code is the edit's (for an edit of category rejection: if a 277CA rejects the
claim); where that code says little without remarks (CO-16),
the remarks must have one in common.  A denial is *missed* by an edit if it has the edit's reason, stands on a code that the
edit speaks of, and no finding on that line names that reason.  Shares are never given without their count and 95 %
Wilson interval.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.learn.observe import UNIT, Observed, observe
from scrubjay.learn.reasons import table
from scrubjay.learn.study import Study
from scrubjay.learn.targets import LEVELS
from scrubjay.learn.wilson import wilson

WARNING = ("deny", "warn")
"""Levels that count as a warning."""

NONE = "none"
"""In the calibration: a line on which nothing was found."""


@dataclass(frozen=True)
class Scorecard:
    """What was scored.

    ``edits``: one row per policy and edit that hit (see :func:`_edits`); ``confusion``: policy, edit, the other reason its
    hits were denied for, how often, and the ``neighbours`` that expect that reason; ``reasons``: policy, reason and remarks of
    denied lines, ``denials``, ``warned``, ``named``, dollars; ``levels``: policy (null: all) and level, ``answered``, ``denied``.
    ``totals``: lines, denied, warned (any warning), named (one that names the reason), missed (none that does) and their cents;
    ``overturned``; claims and claims without an answer.
    """

    edits: pl.DataFrame
    confusion: pl.DataFrame
    reasons: pl.DataFrame
    levels: pl.DataFrame
    totals: dict[str, int]
    dates: tuple[dt.date | None, dt.date | None]


def scorecard(study: Study) -> Scorecard | None:
    """Score the edits by the first answers to the claims of a study; None where no claims were given."""
    if study.claims is None or study.matching is None:
        return None
    seen = observe(
        study.claims.tables,
        study.read.remits,
        study.matching,
        study.policy,
        study.forced,
        study.read.acknowledgements,
    )
    codes = study.claims.tables.lines.select("line_id", "code")
    return score(seen, study.claims.targets, codes)


def score(seen: Observed, targets: pl.DataFrame, codes: pl.DataFrame) -> Scorecard:
    """Score ``targets`` (:data:`scrubjay.learn.targets.TARGET_SCHEMA`) by what was observed; ``codes`` by ``line_id``."""
    hits = targets.with_row_index("hit_id").join(seen.claims, on="claim_id", maintain_order="left")
    matched = _matched(hits, seen.reasons)
    answered = hits.join(
        seen.units.drop("policy", "payer"), on=UNIT, how="inner", nulls_equal=True, maintain_order="left"
    )
    answered = answered.join(
        matched.select("hit_id").unique().with_columns(own=pl.lit(True)), on="hit_id", how="left", maintain_order="left"
    ).with_columns(
        # The front end gives no reason code: that it rejects what was to be rejected is reason enough.
        own=pl.col("own").fill_null(value=False) | (pl.col("rejected") & (pl.col("category") == "rejection"))
    )
    named = _named(hits, seen.reasons)
    answered = answered.join(_alone(matched, hits, named), on="hit_id", how="left", maintain_order="left").with_columns(
        pl.col("alone").fill_null(value=False)
    )
    levels = _strongest(hits, seen.lines)
    return Scorecard(
        edits=_edits(hits, answered, seen, named, codes),
        confusion=_confusion(answered, matched, seen.reasons),
        reasons=_by_reason(seen, named, levels),
        levels=_calibration(levels),
        totals=_totals(levels, seen, named),
        dates=(seen.units["service_date"].min(), seen.units["service_date"].max()),  # type: ignore[arg-type]
    )


def _same_kind() -> pl.Expr:
    """Say whether a reason is the one a hit expects.

    Its code is the same already; where that code says little by itself and both have remarks, one is in common.
    """
    plain = ~pl.col("carc").is_in(table("remarked")["carc"].implode())
    common = pl.col("rarc").list.set_intersection("rarc_reason").list.len() > 0
    silent = (pl.col("rarc").list.len() == 0) | (pl.col("rarc_reason").list.len() == 0)
    return (plain | silent | common).fill_null(value=True)


def _matched(hits: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Return ``hit_id`` and ``reason_id`` where a unit was denied for the reason that its hit expects."""
    pairs = hits.select("hit_id", *UNIT, "carc", "rarc").join(
        reasons.select("reason_id", *UNIT, "carc", rarc_reason="rarc"), on=[*UNIT, "carc"], nulls_equal=True
    )
    # A null reason code is no reason to agree on.
    return pairs.filter(pl.col("carc").is_not_null() & _same_kind()).select("hit_id", "reason_id")


def _named(hits: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Return ``reason_id``, ``edit``, ``level`` of every hit on the line, or on its claim, that expects its reason."""
    of_lines = reasons.filter(pl.col("line_id").is_not_null()).select("reason_id", *UNIT, "carc", rarc_reason="rarc")
    own = of_lines.join(hits.filter(pl.col("line_id").is_not_null()), on=[*UNIT, "carc"])
    whole = of_lines.join(hits.filter(pl.col("line_id").is_null()), on=["claim_id", "carc"])
    columns = ["reason_id", "edit", "level", "carc", "rarc", "rarc_reason"]
    return pl.concat([own.select(columns), whole.select(columns)]).filter(_same_kind()).select(columns[:3]).unique()


def _alone(matched: pl.DataFrame, hits: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Return ``hit_id``, ``alone``: the hits that name a reason which no warning of another edit names."""
    spoken = named.filter(pl.col("level").is_in(WARNING)).group_by("reason_id").agg(speakers=pl.col("edit").unique())
    return (
        matched.join(hits.select("hit_id", "edit"), on="hit_id")
        .join(spoken, on="reason_id", how="left")
        .filter(
            pl.col("speakers").is_null()
            | (pl.col("speakers").list.set_difference(pl.concat_list("edit")).list.len() == 0)
        )
        .select("hit_id", alone=pl.lit(True))
        .unique()
    )


def _with_interval(frame: pl.DataFrame, count: str, total: str, prefix: str) -> pl.DataFrame:
    """Add ``prefix_low`` and ``prefix_high``, the 95 % Wilson interval of a share; null where nothing was counted."""
    bounds = [wilson(k, n) if n else (None, None) for k, n in frame.select(count, total).iter_rows()]
    return frame.with_columns(
        pl.Series(f"{prefix}_low", [low for low, _ in bounds], dtype=pl.Float64),
        pl.Series(f"{prefix}_high", [high for _, high in bounds], dtype=pl.Float64),
    )


def _edits(
    hits: pl.DataFrame, answered: pl.DataFrame, seen: Observed, named: pl.DataFrame, codes: pl.DataFrame
) -> pl.DataFrame:
    """Return one row per policy and edit.

    ``level`` (of most hits), ``category``, ``carc``; ``hits``, ``answered``, ``denied`` and ``own`` with intervals;
    ``alone``: those of ``own`` that no other edit warns of.  ``missed`` denials of its reason, ``due`` (own and missed) and
    the recall ``own / due`` with interval.  ``prevented_cents`` denied on its own hits, ``missed_cents`` on the missed,
    ``paid_cents`` paid on hits that were not denied; ``overturned`` hits that were denied and later paid; ``first_date`` and
    ``last_date`` of service of the answered hits.
    """
    key = ["policy", "edit"]
    counted = hits.group_by(*key, "level").len().sort("len", "level", descending=[True, False])
    level = counted.unique(key, keep="first", maintain_order=True).select(*key, "level")
    base = hits.group_by(key).agg(
        hits=pl.len(), category=pl.col("category").first(), carc=pl.col("carc").drop_nulls().mode().sort().first()
    )
    outcome = answered.group_by(key).agg(
        answered=pl.len(),
        denied=pl.col("denied").sum(),
        own=pl.col("own").sum(),
        alone=pl.col("alone").sum(),
        prevented_cents=pl.col("denied_cents").filter("own").sum(),
        paid_cents=pl.col("paid_cents").filter(~pl.col("denied")).sum(),
        overturned=pl.col("overturned").sum(),
        first_date=pl.col("service_date").min(),
        last_date=pl.col("service_date").max(),
    )
    counts = ["answered", "denied", "own", "alone", "prevented_cents", "paid_cents", "overturned"]
    rows = (
        base.join(level, on=key)
        .join(outcome, on=key, how="left")
        .join(_missed(hits, seen, named, codes), on=key, how="left")
        .with_columns(pl.col(*counts, "missed", "missed_cents").fill_null(0).cast(pl.Int64))
        .with_columns(due=pl.col("own") + pl.col("missed"))
    )
    for count, total, prefix in (
        ("denied", "answered", "denied"),
        ("own", "answered", "own"),
        ("own", "due", "recall"),
    ):
        rows = _with_interval(rows, count, total, prefix)
    return rows.sort(
        "policy", pl.col("prevented_cents") + pl.col("missed_cents"), "edit", descending=[False, True, False]
    )


def _missed(hits: pl.DataFrame, seen: Observed, named: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Return policy, edit, ``missed``, ``missed_cents``: denials of an edit's reason, on codes it speaks of, that nothing names."""
    shown = named.filter(pl.col("level").is_in(["deny", "warn", "info"])).select("reason_id").unique()
    silent = (
        seen.reasons.filter(pl.col("line_id").is_not_null())
        .join(shown, on="reason_id", how="anti")
        .join(codes, on="line_id", maintain_order="left")
        .select("reason_id", "policy", "carc", "code", "cents", rarc_reason="rarc")
    )
    spoken = (
        hits.filter(pl.col("line_id").is_not_null())
        .join(codes, on="line_id")
        .select("edit", "code", "carc", "rarc")
        .filter(pl.col("carc").is_not_null())
        .unique()
    )
    groups = silent.group_by("policy", "carc", "code", "rarc_reason").agg(n=pl.len(), cents=pl.col("cents").sum())
    every = (
        groups.join(spoken, on=["carc", "code"])
        .filter(_same_kind())
        .unique(["policy", "edit", "carc", "code", "rarc_reason"])
        .group_by("policy", "edit")
        .agg(n=pl.col("n").sum(), cents=pl.col("cents").sum())
    )
    # What the edit would itself have named, were it not off, is none of its misses.
    off = (
        named.join(silent.select("reason_id", "policy", "cents"), on="reason_id")
        .unique(["reason_id", "edit"])
        .group_by("policy", "edit")
        .agg(off=pl.len(), off_cents=pl.col("cents").sum())
    )
    return (
        every.join(off, on=["policy", "edit"], how="left")
        .with_columns(pl.col("off", "off_cents").fill_null(0))
        .select(
            "policy",
            "edit",
            missed=(pl.col("n").cast(pl.Int64) - pl.col("off")).clip(lower_bound=0),
            missed_cents=(pl.col("cents") - pl.col("off_cents")).clip(lower_bound=0),
        )
    )


def _confusion(answered: pl.DataFrame, matched: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Return policy, edit, carc, rarc, n and neighbours: hits that were denied, but not for their own reason."""
    other = answered.filter(pl.col("denied") & ~pl.col("own")).select("hit_id", *UNIT, "policy", "edit")
    pairs = other.join(
        reasons.select("reason_id", *UNIT, "carc", "rarc"), on=UNIT, nulls_equal=True, maintain_order="left"
    )
    beside = (
        matched.join(answered.select("hit_id", other_edit="edit"), on="hit_id")
        .group_by("reason_id")
        .agg(pl.col("other_edit").unique().sort())
    )
    none = pl.lit([], dtype=pl.List(pl.String))
    return (
        pairs.join(beside, on="reason_id", how="left", maintain_order="left")
        .group_by("policy", "edit", "carc", "rarc")
        .agg(
            n=pl.len(),
            neighbours=pl.col("other_edit").explode(empty_as_null=True, keep_nulls=False).drop_nulls().unique().sort(),
        )
        .with_columns(pl.col("neighbours").fill_null(none))
        .sort(
            "policy", "edit", "n", "carc", pl.col("rarc").list.join(" "), descending=[False, False, True, False, False]
        )
    )


def _strongest(hits: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the answered lines with ``level``, the strongest of the findings on the line or its claim."""
    order = {name: k for k, name in enumerate(LEVELS)}
    ranked = hits.with_columns(rank=pl.col("level").replace_strict(order, return_dtype=pl.Int8))
    own = ranked.filter(pl.col("line_id").is_not_null()).group_by("line_id").agg(own=pl.col("rank").min())
    whole = ranked.filter(pl.col("line_id").is_null()).group_by("claim_id").agg(whole=pl.col("rank").min())
    names = dict(enumerate(LEVELS))
    return (
        lines.join(own, on="line_id", how="left", maintain_order="left")
        .join(whole, on="claim_id", how="left", maintain_order="left")
        .with_columns(
            level=pl.min_horizontal("own", "whole").replace_strict(names, return_dtype=pl.String).fill_null(NONE)
        )
        .drop("own", "whole")
    )


def _calibration(levels: pl.DataFrame) -> pl.DataFrame:
    """Return answered and denied lines by policy and strongest level, and over all policies (policy null)."""
    counts = [pl.len().alias("answered").cast(pl.Int64), pl.col("denied").sum().cast(pl.Int64)]
    every = levels.group_by("level").agg(counts).with_columns(pl.lit(None, dtype=pl.String).alias("policy"))
    rows = pl.concat([every, levels.group_by("policy", "level").agg(counts)], how="diagonal")
    order = {name: k for k, name in enumerate((*LEVELS, NONE))}
    rank = pl.col("level").replace_strict(order, return_dtype=pl.Int8)
    columns = ["policy", "level", "answered", "denied"]
    return _with_interval(rows.select(columns).sort("policy", rank, nulls_last=False), "denied", "answered", "denied")


def _by_reason(seen: Observed, named: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Return policy, group, carc, rarc: ``denials`` of lines, and on how many a warning stood or named the reason.

    ``warned``: any warning on the line or its claim; ``named``: one that expects this reason.

    ``missed_cents`` are those of denials that no warning names.

    ``edits`` are those of the catalogue that expect such a denial.
    """
    warned = levels.filter(pl.col("level").is_in(WARNING)).select("line_id", warned=pl.lit(True))
    spoke = named.filter(pl.col("level").is_in(WARNING)).select("reason_id", named=pl.lit(True)).unique()
    rows = (
        seen.reasons.filter(pl.col("line_id").is_not_null())
        .join(warned, on="line_id", how="left", maintain_order="left")
        .join(spoke, on="reason_id", how="left", maintain_order="left")
        .with_columns(pl.col("warned", "named").fill_null(value=False))
        .group_by("policy", "group", "carc", "rarc")
        .agg(
            denials=pl.len().cast(pl.Int64),
            warned=pl.col("warned").sum().cast(pl.Int64),
            named=pl.col("named").sum().cast(pl.Int64),
            cents=pl.col("cents").sum(),
            missed_cents=pl.col("cents").filter(~pl.col("named")).sum(),
        )
        .sort("missed_cents", "cents", "policy", "carc", descending=[True, True, False, False])
    )
    edits = [(e["code"], e["carc"], set(e["rarc"])) for e in catalogue.edits() if e["carc"] and e["status"] == "stable"]

    def expect(carc: str | None, rarc: list[str]) -> list[str]:
        return [code for code, own, remarks in edits if own == carc and (not rarc or remarks.intersection(rarc))]

    known = [expect(carc, list(rarc)) for carc, rarc in rows.select("carc", "rarc").iter_rows()]
    return rows.with_columns(pl.Series("edits", known, dtype=pl.List(pl.String)))


def _totals(levels: pl.DataFrame, seen: Observed, named: pl.DataFrame) -> dict[str, int]:
    """Count claims and lines; a denied line is ``named`` where a warning on it names its reason, else ``missed``."""
    spoken = named.filter(pl.col("level").is_in(WARNING)).select("reason_id").unique()
    lines = seen.reasons.join(spoken, on="reason_id", how="semi").select("line_id").drop_nulls().unique()
    denied = levels.filter(pl.col("denied"))
    warned = denied.filter(pl.col("level").is_in(WARNING))
    heard = denied.join(lines, on="line_id", how="semi")
    missed = denied.join(lines, on="line_id", how="anti")
    answered = seen.units["claim_id"].n_unique()
    totals = {
        "claims": len(seen.claims),
        "claims_answered": answered,
        "claims_unanswered": len(seen.claims) - answered,
        "claims_rejected": seen.units.filter("rejected")["claim_id"].n_unique(),
        "lines": len(levels),
    }
    for name, frame in (("denied", denied), ("warned", warned), ("named", heard), ("missed", missed)):
        totals[name] = len(frame)
        totals[f"{name}_cents"] = int(frame["denied_cents"].sum())
    return totals | {"overturned": int(denied["overturned"].sum())}


def share(count: int, total: int) -> dict[str, Any]:
    """Return a share as it is shown: count, total, and the interval as text with four places."""
    low, high = wilson(count, total)
    return {
        "count": count,
        "n": total,
        "low": None if not total else f"{low:.4f}",
        "high": None if not total else f"{high:.4f}",
    }
