"""The study as plain data: the document ``scrubjay.remit/1``."""

from __future__ import annotations

from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay._version import __version__
from scrubjay.learn.decide import ACTIONS
from scrubjay.learn.findings import findings
from scrubjay.learn.study import Study
from scrubjay.learn.tally import VIEWS

SCHEMA = "scrubjay.remit/1"

STATUS = {
    "1": "processed as primary", "2": "processed as secondary", "3": "processed as tertiary", "4": "denied",
    "19": "processed as primary, forwarded", "20": "processed as secondary, forwarded",
    "21": "processed as tertiary, forwarded", "22": "reversal of an earlier payment", "23": "not our claim, forwarded",
    "25": "predetermination only",
}  # fmt: skip
"""CLP02 in words."""


def dollars(cents: int | None) -> str | None:
    """Return cents as a decimal string with two places, None for None."""
    if cents is None:
        return None
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def thousandths(milli: int | None) -> str | None:
    """Return thousandths as a decimal string without needless zeros, None for None."""
    if milli is None:
        return None
    text = f"{'-' if milli < 0 else ''}{abs(milli) // 1000}.{abs(milli) % 1000:03d}"
    return text.rstrip("0").rstrip(".")


def iso(day: Any) -> str | None:
    """Return a date as ``2026-03-02``, None for None."""
    return day.isoformat() if day is not None else None


def document(study: Study, *, phi: bool = False) -> dict[str, Any]:
    """Return the whole study as plain data; names and member numbers of patients only with ``phi``."""
    totals = study.totals()
    return {
        "schema": SCHEMA,
        "run": {
            "version": __version__,
            "catalogue": catalogue.digest(),
            "as_of": study.as_of.isoformat(),
            "inputs": study.read.files,
            "claims": study.claims.files if study.claims is not None else [],
        },
        "payments": payments(study),
        "claims": claims(study, phi=phi),
        "denials": [denial(row) for row in study.denials.iter_rows(named=True)],
        "unmatched": unmatched(study),
        "totals": {
            "charged": dollars(totals["charged"]),
            "paid": dollars(totals["paid"]),
            "denied": dollars(totals["denied"]),
            "by_carc": {carc: dollars(cents) for carc, cents in totals["by_carc"].items()},
            "by_group_and_carc": {key: dollars(cents) for key, cents in totals["by_group_and_carc"].items()},
        },
        "statistics": {view: [plain(row) for row in study.by(view)] for view in VIEWS},
        "acknowledgements": acknowledgements(study),
        "findings": findings(study, phi=phi),
        "errors": [{"file": e.file, "segment": e.segment, "message": e.message} for e in study.errors],
    }


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of counts with its money as strings and its shares rounded to four places."""
    shares = {name: None if row[name] is None else round(row[name], 4) for name in ("rate", "low", "high")}
    rest = {k: v for k, v in row.items() if k not in ("charged_cents", "denied_cents", *shares)}
    return {**rest, "charged": dollars(row["charged_cents"]), "denied_amount": dollars(row["denied_cents"]), **shares}


def payments(study: Study) -> list[dict[str, Any]]:
    """Return every payment with its provider adjustments and whether it balances."""
    remits = study.read.remits
    provider: dict[int, list[dict[str, Any]]] = {}
    for row in remits.provider_adjustments.iter_rows(named=True):
        provider.setdefault(row["payment_id"], []).append(
            {
                "provider": row["provider_id"],
                "reason": row["reason"],
                "reference": row["reference"],
                "amount": dollars(row["amount_cents"]),
            }
        )
    counts = dict(remits.claims.group_by("payment_id").len().iter_rows())
    off = set(study.unbalanced["payment_id"].drop_nulls().to_list())
    return [
        {
            "file": study.read.files[row["file"]]["file"], "transaction": row["transaction"], "payer": row["payer_name"],
            "payer_id": row["payer_id"], "payee": row["payee_name"], "payee_npi": row["payee_npi"], "trace": row["trace"],
            "method": row["method"], "date": iso(row["payment_date"] or row["production_date"]),
            "amount": dollars(row["paid_cents"]), "claims": counts.get(row["payment_id"], 0),
            "provider_adjustments": provider.get(row["payment_id"], []), "balanced": row["payment_id"] not in off,
        }
        for row in remits.payments.iter_rows(named=True)
    ]  # fmt: skip


def _grouped(frame: pl.DataFrame, key: str) -> dict[int, list[dict[str, Any]]]:
    out: dict[int, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        out.setdefault(row[key], []).append(row)
    return out


def _adjusted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"group": r["group"], "carc": r["carc"], "amount": dollars(r["amount_cents"])} for r in rows]


def claims(study: Study, *, phi: bool = False) -> list[dict[str, Any]]:
    """Return every claim payment with its lines, in the order of the files."""
    remits = study.read.remits
    at_claim = pl.col("remit_line_id").is_null()
    lines = _grouped(remits.lines, "remit_claim_id")
    of_claim = _grouped(remits.adjustments.filter(at_claim), "remit_claim_id")
    of_line = _grouped(remits.adjustments.filter(~at_claim), "remit_line_id")
    said_claim = _grouped(remits.remarks.filter(at_claim), "remit_claim_id")
    said_line = _grouped(remits.remarks.filter(~at_claim), "remit_line_id")
    who = {r["payment_id"]: r for r in remits.payments.iter_rows(named=True)}
    state = {row[0]: row[1:] for row in study.state.select("remit_claim_id", "state", "round").iter_rows()}
    matched: dict[int, str | None] = {}
    how: dict[int, tuple[int | None, str | None]] = {}
    if study.matching is not None and study.claims is not None:
        numbers = dict(study.claims.tables.lines.select("line_id", "line").iter_rows())
        for m in study.matching.matches.iter_rows(named=True):
            matched[m["remit_claim_id"]] = m["claim_how"]
            if m["remit_line_id"] is not None:
                how[m["remit_line_id"]] = (numbers.get(m["line_id"]), m["line_how"])
    out = []
    for row in remits.claims.iter_rows(named=True):
        own = row["remit_claim_id"]
        payment = who.get(row["payment_id"], {})
        served = [d for r in lines.get(own, []) if (d := r["service_date"]) is not None]
        item: dict[str, Any] = {
            "claim": row["claim"], "status": row["status"], "payer": payment.get("payer_name") or payment.get("payer_id"),
            "date": iso(row["from_date"] or min(served, default=None)), "charged": dollars(row["charge_cents"]),
            "paid": dollars(row["paid_cents"]), "patient": dollars(row["patient_cents"]),
            "adjustments": _adjusted(of_claim.get(own, [])),
            "lines": [
                {
                    "line_control": r["line_control"], "code": r["code"],
                    "modifiers": [m for k in range(1, 5) if (m := r[f"mod{k}"]) is not None],
                    "units": thousandths(r["units_milli"]), "charged": dollars(r["charge_cents"]), "paid": dollars(r["paid_cents"]),
                    "adjustments": _adjusted(of_line.get(r["remit_line_id"], [])),
                    "rarc": [s["code"] for s in said_line.get(r["remit_line_id"], []) if s["code"]],
                    "submitted_code": r["submitted_code"], "date": iso(r["service_date"]), "allowed": dollars(r["allowed_cents"]),
                    "line": how.get(r["remit_line_id"], (None, None))[0], "matched": how.get(r["remit_line_id"], (None, None))[1],
                }
                for r in lines.get(own, [])
            ],
            "rarc": [s["code"] for s in said_claim.get(own, []) if s["code"]],
            "status_text": STATUS.get(row["status"], "status not known"), "state": state.get(own, (None, None))[0],
            "round": state.get(own, (None, None))[1], "payer_control": row["payer_control"], "paid_on": iso(payment.get("payment_date")),
            "file": study.read.files[row["file"]]["file"], "transaction": row["transaction"], "segment": row["segment"],
        }  # fmt: skip
        if study.matching is not None:
            item["matched"] = matched.get(own)
        if phi:
            item |= {
                "patient_last": row["patient_last"],
                "patient_first": row["patient_first"],
                "member_id": row["member_id"],
            }
        out.append(item)
    return out


def denial(row: dict[str, Any]) -> dict[str, Any]:
    """Return one denial as plain data, with the worksheet's facts."""
    return {
        "claim": row["claim"], "line": row["line"], "line_control": row["line_control"], "code": row["code"],
        "modifiers": row["modifiers"] or [], "payer": row["payer"], "policy": row["policy"], "provider": row["provider"],
        "date": iso(row["service_date"]), "paid_on": iso(row["paid_on"]), "charged": dollars(row["charge_cents"]),
        "paid": dollars(row["paid_cents"]), "group": row["group"], "carc": row["carc"], "rarc": row["rarc"],
        "amount": dollars(row["amount_cents"]), "reading": row["reading"], "edit": row["edit"], "edits": row["edits"] or [],
        "basis": row["basis"], "warned": row["warned"], "action": row["action"], "action_text": ACTIONS[row["action"]],
        "appealable": row["appealable"], "why": row["why"],
        "pair": None if row["indicator"] is None else {
            "with": row["partner"], "indicator": row["indicator"], "denied_column": row["denied_column"],
        },
        "unit_limit": None if row["mue"] is None else {"value": row["mue"], "mai": row["mai"], "edition": row["mue_edition"]},
        "deadline": None if row["deadline"] is None else {
            "date": iso(row["deadline"]), "step": row["deadline_step"], "why": row["deadline_why"],
        },
        "appeal_by": iso(row["appeal_by"]), "payer_control": row["payer_control"], "trace": row["trace"],
        "transaction": row["transaction"], "segment": row["segment"],
    }  # fmt: skip


def unmatched(study: Study) -> list[dict[str, Any]]:
    """Return what found no partner: payments without a claim (with the nearest), lines without a line, claims unpaid."""
    if study.matching is None or study.claims is None:
        return []
    m = study.matching
    who = dict(study.read.remits.payments.select("payment_id", pl.coalesce("payer_name", "payer_id")).iter_rows())
    out: list[dict[str, Any]] = []
    for row in m.unmatched_payments.iter_rows(named=True):
        near = study.near.get(row["remit_claim_id"])
        out.append({
            "kind": "payment-without-claim", "claim": row["claim"], "line": None, "payer": who.get(row["payment_id"]),
            "date": iso(row["from_date"]), "charged": dollars(row["charge_cents"]), "paid": dollars(row["paid_cents"]),
            "file": study.read.files[row["file"]]["file"], "segment": row["segment"],
            "nearest": None if near is None else {k: near[k] for k in ("claim", "agrees", "likeness")},
        })  # fmt: skip
    names = (
        {r["remit_claim_id"]: r for r in study.read.remits.claims.iter_rows(named=True)}
        if len(m.unmatched_lines)
        else {}
    )
    for row in m.unmatched_lines.iter_rows(named=True):
        claim = names[row["remit_claim_id"]]
        out.append({
            "kind": "line-without-claim-line", "claim": claim["claim"], "line": row["position"], "payer": who.get(claim["payment_id"]),
            "date": iso(row["service_date"]), "charged": dollars(row["charge_cents"]), "paid": dollars(row["paid_cents"]),
            "file": study.read.files[claim["file"]]["file"], "segment": row["segment"], "nearest": None,
        })  # fmt: skip
    days = dict(study.claims.tables.lines.group_by("claim_id").agg(pl.col("service_date").min()).iter_rows())
    out.extend(
        {
            "kind": "claim-without-payment", "claim": row["claim"], "line": None, "payer": row["payer_name"],
            "date": iso(days.get(row["claim_id"])), "charged": dollars(row["charge_cents"]), "paid": None,
            "file": study.claims.files[row["file"]], "segment": row["segment"], "nearest": None,
        }
        for row in m.unpaid_claims.iter_rows(named=True)
    )  # fmt: skip
    return out


def acknowledgements(study: Study) -> list[dict[str, Any]]:
    """Return every statement of an acknowledgement."""
    out = []
    for row in study.read.acknowledgements.iter_rows(named=True):
        item = {k: v for k, v in row.items() if not k.endswith("_cents")}
        item["file"] = study.read.files[row["file"]]["file"]
        item["date"] = iso(row["date"])
        out.append({**item, "amount": dollars(row["amount_cents"]), "paid": dollars(row["paid_cents"])})
    return out
