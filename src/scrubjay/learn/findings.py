"""What is wrong with the remittances themselves, as findings in words."""

from __future__ import annotations

from typing import Any

import polars as pl

from scrubjay.learn.study import Study

_WORDS = {
    "line-balance": "the service payment is not its charge less its adjustments; do not post it, ask the payer for a corrected remittance",
    "claim-balance": "the claim payment is not its charge less all adjustments; do not post it, ask the payer for a corrected remittance",
    "payment-balance": "the payment is not the sum of its claims less the provider adjustments; do not post it before the payer explains",
    "missing-segment": "a segment that the guide requires is missing",
    "missing-element": "an element that the guide requires is missing",
    "misplaced-segment": "a segment stands where the guide has no place for it; it was not read",
    "bad-amount": "an amount cannot be read",
    "bad-date": "a date cannot be read",
    "bad-code": "a code is not of its list",
    "segment-count": "the transaction's segment count is wrong",
    "transaction-control": "the control numbers of ST and SE differ",
    "transaction-count": "the group's count of transactions is wrong",
    "group-control": "the control numbers of GS and GE differ",
    "group-count": "the interchange's count of groups is wrong",
    "interchange-control": "the control numbers of ISA and IEA differ",
    "isa-length": "the ISA has not 106 characters",
    "text-outside": "there is text outside the interchange",
    "wrapped": "lines are broken inside segments",
    "version-contradiction": "the envelope names two versions",
}
_SAFE = ("-balance", "-count", "-control")
"""Kinds whose values are sums, counts and control numbers; what others found may be anything and stays hidden."""


def findings(study: Study, *, phi: bool) -> list[dict[str, Any]]:
    """Return one finding per defect in the order of the files: where, what, what was found and expected.

    ``level`` is deny where money does not add up (such a remittance cannot be posted), warn for the rest.
    """
    defects = study.read.remits.defects
    claims = study.read.remits.claims.select("remit_claim_id", "claim")
    lines = study.read.remits.lines.select("remit_line_id", "line_control")
    rows = (
        defects.join(claims, on="remit_claim_id", how="left", maintain_order="left")
        .join(lines, on="remit_line_id", how="left", maintain_order="left")
        .sort("file", "segment", maintain_order=True)
    )
    out = []
    for row in rows.iter_rows(named=True):
        kind = row["kind"]
        shown = phi or kind.endswith(_SAFE)
        out.append({
            "file": study.read.files[row["file"]]["file"], "transaction": row["transaction"], "claim": row["claim"],
            "line_control": row["line_control"], "segment": row["segment"], "element": row["element"], "kind": kind,
            "level": "deny" if kind.endswith("-balance") else "warn",
            "message": _WORDS.get(kind, kind.replace("-", " ")),
            "found": row["found"] if shown else None, "expected": row["expected"],
        })  # fmt: skip
    return out


def has_unbalanced(study: Study) -> bool:
    """Say whether money does not add up somewhere."""
    return bool(study.read.remits.defects.select(pl.col("kind").str.ends_with("-balance").any()).item())
