"""What formats for other machines tell of a claim when patient data stays home: a key instead of its number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from scrubjay import catalogue
from scrubjay.report import Report

_DIGITS = 12
_KEYED = ("transaction", "claim", "service_date", "pos", "charge", "lines", "rendering_npi")


def claim_keys(report: Report) -> dict[int, str]:
    """Return a short key of every claim with a finding, by ``claim_id``.

    The same claim has the same key in every run.  The key is a cut hash over its number, date, place, charge and
    clinician: nobody reads the number out of it, but who holds the claim can find it again.
    """
    keys = {}
    for row in report.claims.select("claim_id", *_KEYED).iter_rows():
        text = "\x1f".join("" if value is None else str(value) for value in row[1:])
        keys[row[0]] = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
    return keys


def summary_of(row: Mapping[str, Any]) -> str:
    """Return what a finding is about in the words of the catalogue, which hold nothing of the claim."""
    edit = catalogue.by_code(row["edit"])
    if row["outcome"] == "unknown":
        return f"{row['name'].replace('-', ' ').capitalize()}: not decided, a needed value is missing."
    return str(edit["summary"]) if edit else f"{row['name'].replace('-', ' ').capitalize()}."


def place_of(row: Mapping[str, Any], name: str | None) -> str:
    """Return ``claim KEY line 2, box 24D``."""
    whole = f"transaction {row['transaction']}" if row["transaction"] else "whole file"
    line = f" line {row['line']}" if row["line"] is not None else ""
    box = f", box {row['box']}" if row["box"] else ""
    return f"claim {name}{line}{box}" if name else f"{whole}{box}"


def edition_of(row: Mapping[str, Any]) -> str | None:
    """Return the reference edition without the remark behind it, which names the day of the service."""
    return row["reference"].partition(" (")[0] if row["reference"] else None
