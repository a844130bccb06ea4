"""Take suppressed and known findings out of a report, count them, and add what is wrong with the suppressions themselves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import polars as pl

from scrubjay.policy import PolicySet
from scrubjay.report import Report, amount_at_risk
from scrubjay.suppress.baseline import Baseline, keys
from scrubjay.suppress.context import gather
from scrubjay.suppress.entries import Entry, Suppressions

UNUSED, EXPIRED = "SUPP01", "SUPP02"
NAMES = {UNUSED: "unused-suppression", EXPIRED: "expired-suppression"}
"""Findings about the suppressions, not about a claim: their file is the TOML file, their level is warn."""

_HASHED = "sha256:"
_SOURCE = (
    "docs/suppress.md: a suppression has a reason, an owner and a last day, and is taken out when it no longer serves"
)


@dataclass
class Hidden:
    """A report without what is hidden, and how much that was.

    ``suppressed`` counts the findings each entry hid (by its number), ``known`` those the baseline hid, ``gone`` how many of
    the baseline's findings were not found again.
    """

    report: Report
    suppressed: Counter[int] = field(default_factory=Counter)
    known: int = 0
    gone: int = 0


def hide(
    report: Report,
    policy_set: PolicySet,
    suppressions: Suppressions | None = None,
    baseline: Baseline | None = None,
    *,
    forced: str | None = None,
    given: dict[str, bytes] | None = None,
    audit: bool = True,
) -> Hidden:
    """Return the report without suppressed findings and without those of the baseline.

    Suppressions go first.  ``forced`` is the policy of a run that does not choose per claim, ``given`` the bytes of inputs
    that are no files.  With ``audit`` unused and expired entries are findings (:data:`NAMES`).
    """
    entries = suppressions.entries if suppressions else ()
    if not entries and baseline is None:
        return Hidden(report)
    as_of = date.fromisoformat(report.run["as_of"])
    ran = set(report.coverage.filter(pl.col("state") == "ran")["edit"])
    families = {name: frozenset(policy_set.chain(name)) for name in policy_set.names()}
    tests = {entry.number: _test(entry, families) for entry in entries}
    watched = {entry.number for entry in entries if audit and not entry.expired(as_of) and ran.issuperset(entry.edits)}
    met: set[int] = set()

    def watch(rows: pl.DataFrame) -> None:
        for number in sorted(watched - met):
            if not rows.filter(tests[number]).is_empty():
                met.add(number)

    context = gather(report, policy_set, forced, given, watch if watched else None)
    live = [entry for entry in entries if not entry.expired(as_of)]
    owner = _owners(report, context, live, tests)
    rest = _without(report, owner.is_null())
    known, gone = _known(rest, context, baseline)
    shown = _without(rest, ~known)
    taken = Counter(int(number) for number in owner.drop_nulls())
    hidden = report.findings.filter(owner.is_not_null())
    result = _counted(report, shown, hidden, rest.findings.filter(known), baseline is not None, bool(entries))
    if audit and suppressions is not None:
        idle = [entry for entry in live if entry.number in met and not taken[entry.number]]
        late = [entry for entry in entries if entry.expired(as_of)]
        result = _reported(result, suppressions, idle, late)
    return Hidden(result, taken, int(known.sum()), gone)


def _test(entry: Entry, families: dict[str, frozenset[str]]) -> pl.Expr:
    """Return the test of an entry's selectors over rows of the context."""
    tests = []
    for name, values in entry.selectors.items():
        upper = [value.upper() for value in values]
        if name == "claim":
            hashes = tuple(value.removeprefix(_HASHED) for value in values if value.startswith(_HASHED))
            test = pl.col("claim").is_in(values)
            if hashes:
                test |= pl.col("claim").map_elements(partial(_hashes_to, hashes), return_dtype=pl.Boolean)
        elif name == "policy":
            wanted = {value.lower() for value in values}
            test = pl.col("policy").is_in([policy for policy, chain in families.items() if chain & wanted])
        else:
            column = {"payer": "payers", "npi": "npis", "code": "codes"}[name]
            test = pl.col(column).list.eval(pl.element().is_in(upper)).list.any()
        tests.append(test)
    return pl.all_horizontal(tests).fill_null(value=False)


def _hashes_to(prefixes: tuple[str, ...], claim: str) -> bool:
    return hashlib.sha256(claim.encode()).hexdigest().startswith(prefixes)


def _owners(report: Report, context: pl.DataFrame, live: Sequence[Entry], tests: dict[int, pl.Expr]) -> pl.Series:
    """Return the number of the first entry that hides each finding, null for none."""
    places = report.findings.select("file", "claim_segment", "line", "edit", "claim", "policy")
    rows = places.join(
        context.drop("claim", "policy"),
        on=["file", "claim_segment", "line"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    choices = [
        pl.when(pl.col("edit").is_in(entry.edits) & tests[entry.number]).then(pl.lit(entry.number)) for entry in live
    ]
    return rows.select(pl.coalesce([*choices, pl.lit(None, dtype=pl.Int32)]).cast(pl.Int64).alias("entry"))["entry"]


def _without(report: Report, kept: pl.Series) -> Report:
    return replace(report, findings=report.findings.filter(kept))


def _known(report: Report, context: pl.DataFrame, baseline: Baseline | None) -> tuple[pl.Series, int]:
    """Say which findings the baseline holds, each as often as it was there; and how many of its own were not met."""
    if baseline is None:
        return pl.Series("known", [False], dtype=pl.Boolean).new_from_index(0, report.findings.height), 0
    left = Counter(baseline.keys)
    known = []
    for key in keys(report, context):
        known.append(left[key] > 0)
        if known[-1]:
            left[key] -= 1
    return pl.Series("known", known, dtype=pl.Boolean), left.total()


# ---- counting


def _counted(
    report: Report, shown: Report, suppressed: pl.DataFrame, known: pl.DataFrame, has_baseline: bool, has_entries: bool
) -> Report:
    """Return the report with the findings that are left, its counts, and how many are hidden."""
    findings = shown.findings
    hits = findings.select("outcome", "level", "claim_id").filter(pl.col("outcome") == "hit")
    levels = dict(hits.group_by("level").len().iter_rows())
    dirty = hits.filter(pl.col("claim_id").is_not_null() & (pl.col("level") != "info"))["claim_id"].n_unique()
    extra: dict[str, Any] = {}
    if has_entries:
        extra["suppressed"] = suppressed.height
    if has_baseline:
        extra["baseline"] = known.height
    summary = {
        **report.summary,
        "clean_claims": report.summary["claims"] - dirty,
        "findings": {level: int(levels.get(level, 0)) for level in report.summary["findings"]},
        "amount_at_risk": amount_at_risk(findings),
        **extra,
    }
    gone = pl.concat([suppressed, known])
    coverage = report.coverage
    for name, rows in (("suppressed", suppressed), ("baseline", known)):
        if name in extra:
            counts = rows.group_by("edit").agg(pl.len().cast(pl.Int64).alias(name))
            coverage = coverage.join(counts, on="edit", how="left", maintain_order="left").with_columns(
                pl.col(name).fill_null(0)
            )
    less = gone.group_by("edit").agg(
        (pl.col("outcome") == "hit").sum().cast(pl.Int64).alias("less_hits"),
        (pl.col("outcome") != "hit").sum().cast(pl.Int64).alias("less_unknown"),
    )
    coverage = (
        coverage.join(less, on="edit", how="left", maintain_order="left")
        .with_columns(
            pl.col("hits") - pl.col("less_hits").fill_null(0), pl.col("unknown") - pl.col("less_unknown").fill_null(0)
        )
        .drop("less_hits", "less_unknown")
    )
    headed = report.claims.join(findings.select("claim_id").unique(), on="claim_id", how="semi", maintain_order="left")
    kept = report.kept.keep(headed) if report.kept is not None else None
    return replace(report, findings=findings, claims=headed, summary=summary, coverage=coverage, kept=kept)


# ---- the suppressions themselves


def _reported(report: Report, held: Suppressions, idle: Sequence[Entry], late: Sequence[Entry]) -> Report:
    """Add the findings about unused and expired entries, and say in the coverage that they were looked for."""
    rows = [
        *(
            _row(
                held.file,
                UNUSED,
                f"{entry} hides nothing: its claims are here and the edit finds nothing in them.",
                f"no finding of {', '.join(entry.edits)}",
                "an entry that is needed, or none",
                "Take the entry out; if the finding may come back, let it be seen.",
            )
            for entry in idle
        ),
        *(
            _row(
                held.file,
                EXPIRED,
                f"{entry} of {entry.owner} ended on {entry.expires}; its findings are shown again.",
                f"expires {entry.expires}",
                "a day that is not over, or no entry",
                "Decide anew with its owner: mend the cause, renew the day with a reason, or take the entry out.",
            )
            for entry in late
        ),
    ]
    counts = Counter(row["edit"] for row in rows)
    extra = {name: 0 for name in ("suppressed", "baseline") if name in report.coverage.columns}
    covered = [
        {"edit": code, "state": "ran", "in_scope": len(held.entries), "hits": counts[code], "unknown": 0, **extra}
        for code in NAMES
    ]
    coverage = pl.concat([report.coverage, pl.DataFrame(covered, schema=report.coverage.schema)])
    summary = dict(report.summary)
    summary["findings"] = {**summary["findings"], "warn": summary["findings"]["warn"] + len(rows)}
    findings = pl.concat([report.findings, pl.DataFrame(rows, schema=report.findings.schema)])
    return replace(report, findings=findings, coverage=coverage, summary=summary)


def _row(file: str, code: str, message: str, found: str, expected: str, remedy: str) -> dict[str, Any]:
    return {
        "file": file,
        "related_lines": [],
        "edit": code,
        "name": NAMES[code],
        "category": "hygiene",
        "level": "warn",
        "outcome": "hit",
        "message": message,
        "found": found,
        "expected": expected,
        "rarc": [],
        "fix": {"safety": "advice", "text": remedy, "patches": []},
        "policy": "practice",
        "sources": [_SOURCE],
    }
