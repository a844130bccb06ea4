"""A scorecard as plain data: the field ``scorecard`` of ``scrubjay.remit/1``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scrubjay.learn.document import dollars, iso
from scrubjay.learn.propose import Proposal
from scrubjay.learn.scorecard import Scorecard, share
from scrubjay.learn.truth import Compared


@dataclass(frozen=True)
class Scored:
    """A scorecard, what it proposes, and how far it is from the truth where that is known."""

    card: Scorecard
    proposals: list[Proposal]
    truth: Compared | None = None


def scored_document(scored: Scored) -> dict[str, Any]:
    """Return the scorecard as plain data; every share is ``{"count", "n", "low", "high"}``, money decimal strings."""
    card = scored.card
    totals = card.totals
    return {
        "services": {"from": iso(card.dates[0]), "to": iso(card.dates[1])},
        "totals": {
            **{name: value for name, value in totals.items() if not name.endswith("_cents")},
            **{
                name.removesuffix("_cents") + "_amount": dollars(value)
                for name, value in totals.items()
                if name.endswith("_cents")
            },
            "recall": share(totals["named"], totals["denied"]),
        },
        "edits": [_edit(row) for row in card.edits.iter_rows(named=True)],
        "confusion": card.confusion.to_dicts(),
        "reasons": [
            {name: value for name, value in row.items() if not name.endswith("cents")}
            | {"amount": dollars(row["cents"]), "missed_amount": dollars(row["missed_cents"])}
            for row in card.reasons.iter_rows(named=True)
        ],
        "levels": [
            {"policy": row["policy"], "level": row["level"], "denied": share(row["denied"], row["answered"])}
            for row in card.levels.iter_rows(named=True)
        ],
        "proposals": [_proposal(p) for p in scored.proposals],
        **({"truth": truth_document(scored.truth)} if scored.truth is not None else {}),
    }


def _edit(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "policy": row["policy"],
        "edit": row["edit"],
        "level": row["level"],
        "hits": row["hits"],
        "denied": share(row["denied"], row["answered"]),
        "denied_as_expected": share(row["own"], row["answered"]),
        "recall": share(row["own"], row["due"]),
        "overturned": row["overturned"],
        "prevented": dollars(row["prevented_cents"]),
        "missed": dollars(row["missed_cents"]),
        "paid": dollars(row["paid_cents"]),
    }


def _proposal(p: Proposal) -> dict[str, Any]:
    return {
        "policy": p.policy, "edit": p.edit, "from_level": p.now, "level": p.level, "answered": p.answered, "denied": p.denied,
        "denied_as_expected": p.own, "low": f"{p.low:.4f}", "high": f"{p.high:.4f}", "amount": dollars(p.cents),
    }  # fmt: skip


def truth_document(compared: Compared) -> dict[str, Any]:
    """Return the comparison: counts behind every share, errors as text with four places."""

    def text(value: float | None) -> str | None:
        return None if value is None else f"{value:.4f}"

    totals = {
        name: {
            "rows": part["rows"],
            "mean_error": text(part["mean_error"]),
            "largest_error": text(part["largest_error"]),
            "intervals_that_hold": part["intervals_that_hold"],
        }
        for name, part in compared.totals.items()
    }
    rows = [
        {
            "policy": row["policy"],
            "edit": row["edit"],
            "answered": row["answered"],
            "denied_as_expected": row["own"],
            "truly": row["true_hits"],
            "precision_error": text(row["precision_error"]),
            "caught": row["caught"],
            "due": row["true_due"],
            "recall_error": text(row["recall_error"]),
        }
        for row in compared.rows.iter_rows(named=True)
    ]
    return {"totals": totals, "edits": rows}
