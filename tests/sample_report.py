"""A hand-made report in the shape the engine gives, for tests that look at output alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

PATCH = pl.Struct({"segment": pl.Int64, "element": pl.String, "old": pl.String, "new": pl.String})
FINDING_SCHEMA: dict[str, Any] = {
    "file": pl.String,
    "transaction": pl.String,
    "claim": pl.String,
    "line": pl.Int64,
    "related_lines": pl.List(pl.Int64),
    "denied_line": pl.Int64,
    "edit": pl.String,
    "name": pl.String,
    "category": pl.String,
    "level": pl.String,
    "outcome": pl.String,
    "message": pl.String,
    "found": pl.String,
    "expected": pl.String,
    "segment": pl.Int64,
    "element": pl.String,
    "box": pl.String,
    "group": pl.String,
    "carc": pl.String,
    "rarc": pl.List(pl.String),
    "fix": pl.Struct({"safety": pl.String, "text": pl.String, "patches": pl.List(PATCH)}),
    "policy": pl.String,
    "reference": pl.String,
    "sources": pl.List(pl.String),
    "amount_at_risk": pl.String,
    "amount_basis": pl.String,
    "claim_id": pl.UInt32,
    "raw": pl.String,
    "raw_start": pl.Int64,
    "raw_length": pl.Int64,
}
CLAIM_SCHEMA: dict[str, Any] = {
    "claim_id": pl.UInt32,
    "file": pl.String,
    "transaction": pl.String,
    "claim": pl.String,
    "policy": pl.String,
    "payer": pl.String,
    "service_date": pl.Date,
    "pos": pl.String,
    "charge": pl.String,
    "lines": pl.Int64,
    "rendering_npi": pl.String,
}
COVERAGE_SCHEMA: dict[str, Any] = {
    "edit": pl.String,
    "state": pl.String,
    "in_scope": pl.Int64,
    "hits": pl.Int64,
    "unknown": pl.Int64,
    "why": pl.String,
}


@dataclass(frozen=True)
class SampleReport:
    """What render needs of a report."""

    run: dict[str, Any]
    summary: dict[str, Any]
    findings: pl.DataFrame
    claims: pl.DataFrame
    coverage: pl.DataFrame
    errors: list[dict[str, Any]] = field(default_factory=list)

    def slices(self) -> Iterator[pl.DataFrame]:
        """Yield the findings, all at once."""
        yield self.findings


def finding(**changed: Any) -> dict[str, Any]:
    """Return one finding, the office visit without 25, with the given fields changed."""
    row: dict[str, Any] = {
        "file": "clinic.837",
        "transaction": "0001",
        "claim": "26-00417",
        "line": 1,
        "related_lines": [2],
        "denied_line": 1,
        "edit": "EM01",
        "name": "office-visit-without-25",
        "category": "denial",
        "level": "deny",
        "outcome": "hit",
        "message": "office visit without modifier 25 beside an injection",
        "found": "99213 without 25, with 96372 on line 2, same provider, same day",
        "expected": None,
        "segment": 31,
        "element": "SV101-2",
        "box": "24D",
        "group": "CO",
        "carc": "97",
        "rarc": ["M15"],
        "fix": {"safety": "review", "text": "add 25 only if the note shows a separate evaluation", "patches": []},
        "policy": "medicare",
        "reference": "NCCI PTP 2024Q3: 96372 / 99213, indicator 1",
        "sources": ["NCCI Policy Manual 2026 XI.B.8"],
        "amount_at_risk": "90.32",
        "amount_basis": "estimate: Medicare fee schedule 2025, WA 02, non-facility",
        "claim_id": 0,
        "raw": "SV1*HC:99213*150*UN*1***1:2",
        "raw_start": 7,
        "raw_length": 5,
    }
    return row | changed


def claim(**changed: Any) -> dict[str, Any]:
    """Return the header of the claim of :func:`finding`, with the given fields changed."""
    row: dict[str, Any] = {
        "claim_id": 0,
        "file": "clinic.837",
        "transaction": "0001",
        "claim": "26-00417",
        "policy": "medicare",
        "payer": "Medicare Part B",
        "service_date": "2026-03-02",
        "pos": "11",
        "charge": "203.00",
        "lines": 2,
        "rendering_npi": "1234567893",
    }
    return row | changed


def report(
    findings: list[dict[str, Any]],
    claims: list[dict[str, Any]] | None = None,
    coverage: list[dict[str, Any]] | None = None,
    errors: list[dict[str, Any]] | None = None,
    references: list[dict[str, Any]] | None = None,
) -> SampleReport:
    """Return a report that holds the given findings and says the rest of a small run about them."""
    hits = [row for row in findings if row["outcome"] == "hit"]
    levels = {level: sum(row["level"] == level for row in hits) for level in ("deny", "warn", "info")}
    headers = pl.DataFrame(
        claims if claims is not None else [claim()],
        schema=CLAIM_SCHEMA | {"service_date": pl.String},
    ).with_columns(pl.col("service_date").str.to_date())
    return SampleReport(
        run={
            "version": "0.1.0",
            "catalogue": "abc123",
            "references": references or [],
            "policy": "auto",
            "as_of": "2026-11-23",
            "inputs": [{"file": "clinic.837", "kind": "837P", "claims": 2, "lines": 4, "bytes": 2048}],
        },
        summary={
            "claims": 2,
            "lines": 4,
            "clean_claims": 1 if hits else 2,
            "findings": levels,
            "amount_at_risk": "90.32" if hits else "0.00",
        },
        findings=pl.DataFrame(findings, schema=FINDING_SCHEMA).with_columns(
            at_risk_cents=(pl.col("amount_at_risk").cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64),
            risk_line=pl.coalesce("denied_line", "line").cast(pl.UInt32),
        ),
        claims=headers,
        coverage=pl.DataFrame(
            coverage or [{"edit": "EM01", "state": "ran", "in_scope": 2, "hits": len(hits), "unknown": 0, "why": None}],
            schema=COVERAGE_SCHEMA,
        ),
        errors=errors or [],
    )
