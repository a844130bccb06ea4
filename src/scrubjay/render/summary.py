"""The end of a run in words: what was checked, what was found, and what could not be checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay.render.style import Style, clean, money, plural
from scrubjay.report import Report

#: How many claims an undecided line names before it only counts.
_NAMED = 3
#: How many reasons of one edit are told in words.
_REASONS = 3
#: Codes in a row that are told by the first and the last.
_FOLDED = 3
#: What a finding's reference says when its edition does not cover the day.
_OUTSIDE = r" \((to|begins) .*\)$"


def summary_lines(report: Report, style: Style) -> Iterator[str]:
    """Yield the summary that ends the text report."""
    yield from style.block(headline(report), 0, "bold")
    yield found_line(report, style)
    yield from undecided_lines(report, style)
    yield from unchecked_lines(report, style)
    yield from outdated_lines(report, style)


def headline(report: Report) -> str:
    """Return ``3 claims, 7 lines in 1 file: 1 claim clean``."""
    summary = report.summary
    read = f"{plural(summary['claims'], 'claim')}, {plural(summary['lines'], 'line')}"
    files = plural(len(report.run["inputs"]), "input")
    broken = f"; {plural(len(report.errors), 'error')}" if report.errors else ""
    return f"{read} in {files}: {plural(summary['clean_claims'], 'claim')} clean{broken}"


def found_line(report: Report, style: Style) -> str:
    """Return the findings by level and the money at risk."""
    found = report.summary["findings"]
    levels = ", ".join(f"{found[level]:,} {style.level(level)}" for level in ("deny", "warn", "info"))
    ran = sum(1 for row in report.coverage.iter_rows(named=True) if row["state"] == "ran")
    amount = report.summary["amount_at_risk"]
    risk = f"; {money(amount)} at risk" if amount is not None else ""
    return f"{levels}{risk}; {plural(ran, 'edit')} ran"


def undecided_lines(report: Report, style: Style) -> Iterator[str]:
    """Yield, edit by edit, where a needed value or edition is missing: neither a hit nor a pass."""
    rows = [*undecided(report), *counted(report)]
    if not rows:
        return
    yield ""
    yield style.paint("not decided, because a needed value is missing", "bold")
    for edit, words in sorted(rows, key=lambda row: row[0]):
        yield from style.block(f"{edit}  {words}", 2, hanging=7)


def undecided(report: Report) -> Iterator[tuple[str, str]]:
    """Yield edit and words for the findings with outcome ``unknown``: how many, why, and the first places."""
    columns = ["edit", "message", "outcome", "file", "claim", "line"]
    several = len(report.run["inputs"]) > 1
    parts = []
    for part in report.slices():
        unknown = part.select(columns).filter(pl.col("outcome") == "unknown")
        places = pl.struct("file", "claim", "line").head(_NAMED)
        parts.append(
            unknown.group_by("edit", "message", maintain_order=True).agg(
                pl.len().alias("count"), places.alias("places")
            )
        )
    together = pl.col("places").list.explode(keep_nulls=False, empty_as_null=False).head(_NAMED)
    reasons = pl.concat(parts).group_by("edit", "message", maintain_order=True).agg(pl.col("count").sum(), together)
    for (edit,), rows in reasons.group_by(["edit"], maintain_order=True):
        for row in rows.head(_REASONS).iter_rows(named=True):
            count = row["count"]
            named = "; ".join(_place(place, several) for place in row["places"]) + (", ..." if count > _NAMED else "")
            times = f"{count:,}x " if count > 1 else ""
            yield str(edit), f"{times}{clean(row['message']).rstrip('.')} ({named})"
        rest = int(rows["count"].sum()) - int(rows["count"].head(_REASONS).sum())
        if rest:
            yield str(edit), f"{rest:,}x for other such reasons"


def counted(report: Report) -> Iterator[tuple[str, str]]:
    """Yield edit and reason for rows that were only counted, such as those older than every edition."""
    for row in report.coverage.iter_rows(named=True):
        if row["state"] == "ran" and row["why"]:
            yield row["edit"], clean(row["why"])


def _place(row: dict[str, Any], several: bool) -> str:
    """Return ``claim 26-00417 line 2``, after the file where the run has several."""
    words = [clean(row["file"])] if several or row["claim"] is None else []
    words += [f"claim {clean(row['claim'])}"] if row["claim"] is not None else []
    words += [f"line {row['line']}"] if row["line"] is not None else []
    return " ".join(words)


def unchecked_lines(report: Report, style: Style) -> Iterator[str]:
    """Yield the edits that did not run, gathered by reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in report.coverage.iter_rows(named=True):
        if row["state"] != "ran":
            reasons.setdefault((row["state"], clean(row["why"] or "no reason given")), []).append(row["edit"])
    if not reasons:
        return
    yield ""
    yield style.paint("not checked", "bold")
    for (state, why), edits in reasons.items():
        yield from style.block(f"{', '.join(_folded(edits))}: {state}: {why}", 2, hanging=2)


def _folded(codes: list[str]) -> Iterator[str]:
    """Yield codes, three and more in a row as ``ENV901 to ENV911``."""
    runs: list[list[str]] = []
    for code in codes:
        if runs and _follows(runs[-1][-1], code):
            runs[-1].append(code)
        else:
            runs.append([code])
    for run in runs:
        yield from run if len(run) < _FOLDED else [f"{run[0]} to {run[-1]}"]


def _follows(before: str, code: str) -> bool:
    family = before.rstrip("0123456789")
    digits = before[len(family) :]
    return code == f"{family}{int(digits) + 1:0{len(digits)}d}"


def outdated_lines(report: Report, style: Style) -> Iterator[str]:
    """Yield the reference editions that decided for dates of service outside their own, with how many findings rest on them."""
    counts: Counter[str] = Counter()
    for part in report.slices():
        outside = (
            part.select("reference")
            .filter(pl.col("reference").str.contains(_OUTSIDE))
            .with_columns(pl.col("reference").str.replace(_OUTSIDE, "").alias("edition"))
        )
        counts.update(dict(outside.group_by("edition").len().iter_rows()))
    rows = sorted(counts.items())
    lines = [f"  {clean(edition)}: {plural(count, 'finding')}" for edition, count in rows]
    if lines:
        yield ""
        yield style.paint("reference editions used outside their dates", "bold")
        yield from lines
