"""The study as plain data: the document ``scrubjay.remit/1``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay._version import __version__
from scrubjay.learn.decide import ACTIONS
from scrubjay.learn.findings import findings
from scrubjay.learn.study import Study
from scrubjay.learn.tally import VIEWS
from scrubjay.model835 import Remits
from scrubjay.report import money

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


def quantity(milli: pl.Expr) -> pl.Expr:
    """Format integer thousandths as a decimal string without needless zeros."""
    whole = (milli.abs() // 1000).cast(pl.String)
    part = (milli.abs() % 1000).cast(pl.String).str.pad_start(3, "0").str.strip_chars_end("0")
    sign = pl.when(milli < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    point = pl.when(milli.abs() % 1000 == 0).then(pl.lit("")).otherwise(pl.lit("."))
    return pl.when(milli.is_not_null()).then(pl.concat_str(sign, whole, point, part))


def iso(day: Any) -> str | None:
    """Return a date as ``2026-03-02``, None for None."""
    return day.isoformat() if day is not None else None


def document(study: Study, *, phi: bool = False) -> dict[str, Any]:
    """Return the whole study as plain data; names and member numbers of patients only with ``phi``."""
    return {name: list(value) if isinstance(value, Iterator) else value for name, value in parts(study, phi=phi)}


def parts(study: Study, *, phi: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the document part by part; the long lists are iterators, so that nobody need hold them whole."""
    totals = study.totals()
    yield "schema", SCHEMA
    yield (
        "run",
        {
            "version": __version__,
            "catalogue": catalogue.digest(),
            "as_of": study.as_of.isoformat(),
            "inputs": study.read.files,
            "claims": study.claims.files if study.claims is not None else [],
        },
    )
    yield "payments", payments(study, phi=phi)
    yield "claims", (row for frame in claim_frames(study, phi=phi) for row in frame.to_dicts())
    yield "denials", (denial(row) for row in study.denials.iter_rows(named=True))
    yield "unmatched", unmatched(study)
    yield (
        "totals",
        {
            "charged": dollars(totals["charged"]),
            "paid": dollars(totals["paid"]),
            "denied": dollars(totals["denied"]),
            "by_carc": {carc: dollars(cents) for carc, cents in totals["by_carc"].items()},
            "by_group_and_carc": {key: dollars(cents) for key, cents in totals["by_group_and_carc"].items()},
        },
    )
    yield "statistics", {view: [plain(row) for row in study.by(view)] for view in VIEWS}
    yield "acknowledgements", acknowledgements(study)
    yield "findings", findings(study, phi=phi)
    yield "errors", [{"file": e.file, "segment": e.segment, "message": e.message} for e in study.errors]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of counts with its money as strings and its shares rounded to four places."""
    shares = {name: None if row[name] is None else round(row[name], 4) for name in ("rate", "low", "high")}
    rest = {k: v for k, v in row.items() if k not in ("charged_cents", "denied_cents", *shares)}
    return {**rest, "charged": dollars(row["charged_cents"]), "denied_amount": dollars(row["denied_cents"]), **shares}


def payments(study: Study, *, phi: bool = False) -> list[dict[str, Any]]:
    """Return every payment with its provider adjustments and whether it balances.

    The reference of a provider adjustment often ends in a member number, so it is shown only with ``phi``.
    """
    remits = study.read.remits
    provider: dict[int, list[dict[str, Any]]] = {}
    for row in remits.provider_adjustments.iter_rows(named=True):
        provider.setdefault(row["payment_id"], []).append(
            {
                "provider": row["provider_id"],
                "reason": row["reason"],
                "reference": row["reference"] if phi else None,
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


_ADJUSTMENT = pl.List(pl.Struct({"group": pl.String, "carc": pl.String, "amount": pl.String}))
_CODES = pl.List(pl.String)
_CLAIMS_AT_ONCE = 50_000


def _listed(frame: pl.DataFrame, key: str, value: pl.Expr, name: str) -> pl.DataFrame:
    """Return the values of each key as a list, in the order of the file."""
    return frame.group_by(key, maintain_order=True).agg(value.alias(name))


def _with(frame: pl.DataFrame, other: pl.DataFrame, key: str, name: str, dtype: pl.DataType) -> pl.DataFrame:
    joined = frame.join(other, on=key, how="left", maintain_order="left")
    return joined.with_columns(pl.col(name).fill_null(pl.lit([], dtype=dtype)))


def claim_frames(study: Study, *, phi: bool = False) -> Iterator[pl.DataFrame]:
    """Yield every claim payment with its lines as nested columns, in the order of the files, some thousands at once."""
    remits = study.read.remits
    who = remits.payments.select(
        "payment_id",
        pl.coalesce("payer_name", "payer_id").alias("payer"),
        pl.col("payment_date").cast(pl.String).alias("paid_on"),
    )
    names = pl.DataFrame(
        {"file": range(len(study.read.files)), "file_name": [f["file"] for f in study.read.files]},
        schema={"file": pl.UInt32, "file_name": pl.String},
    )
    claim_how, line_how = _matched(study)
    every = (
        remits.claims.join(who, on="payment_id", how="left", maintain_order="left")
        .join(names, on="file", how="left", maintain_order="left")
        .join(study.state, on="remit_claim_id", how="left", maintain_order="left")
        .join(claim_how, on="remit_claim_id", how="left", maintain_order="left")
    )
    status = pl.col("status").replace_strict(STATUS, default="status not known", return_dtype=pl.String)
    patient = ["patient_last", "patient_first", "member_id"] if phi else []
    for start in range(0, len(every), _CLAIMS_AT_ONCE):
        claims = every.slice(start, _CLAIMS_AT_ONCE)
        own = pl.col("remit_claim_id").is_between(claims["remit_claim_id"].min(), claims["remit_claim_id"].max())
        lines = _line_frame(remits.lines.filter(own), remits, line_how, own)
        served = remits.lines.filter(own).group_by("remit_claim_id").agg(pl.col("service_date").min().alias("served"))
        at_claim = own & pl.col("remit_line_id").is_null()
        claims = _with(claims, lines, "remit_claim_id", "lines", lines.schema["lines"])
        claims = _with(
            claims, _adjusted(remits, at_claim, "remit_claim_id"), "remit_claim_id", "adjustments", _ADJUSTMENT
        )
        claims = _with(claims, _remarked(remits, at_claim, "remit_claim_id"), "remit_claim_id", "rarc", _CODES)
        claims = claims.join(served, on="remit_claim_id", how="left", maintain_order="left")
        yield claims.select(
            "claim", "status", "payer", pl.coalesce("from_date", "served").cast(pl.String).alias("date"),
            money(pl.col("charge_cents")).alias("charged"), money(pl.col("paid_cents")).alias("paid"),
            money(pl.col("patient_cents")).alias("patient"), "adjustments", "lines", "rarc", status.alias("status_text"),
            "state", "round", "matched", "payer_control", "paid_on", pl.col("file_name").alias("file"), "transaction", "segment", *patient,
        )  # fmt: skip


def _matched(study: Study) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return how claims and lines were matched; empty where no claims were given."""
    if study.matching is None or study.claims is None:
        return (
            pl.DataFrame(schema={"remit_claim_id": pl.UInt32, "matched": pl.String}),
            pl.DataFrame(schema={"remit_line_id": pl.UInt32, "matched": pl.String, "line": pl.Int64}),
        )
    found = study.matching.matches
    claims = found.select("remit_claim_id", pl.col("claim_how").alias("matched")).unique("remit_claim_id")
    lines = found.drop_nulls("remit_line_id").join(
        study.claims.tables.lines.select("line_id", "line"), on="line_id", how="left"
    )
    return claims, lines.select("remit_line_id", pl.col("line_how").alias("matched"), "line")


def _line_frame(lines: pl.DataFrame, remits: Remits, how: pl.DataFrame, own: pl.Expr) -> pl.DataFrame:
    """Return per claim payment the list of its lines."""
    at_line = own & pl.col("remit_line_id").is_not_null()
    lines = _with(lines, _adjusted(remits, at_line, "remit_line_id"), "remit_line_id", "adjustments", _ADJUSTMENT)
    lines = _with(lines, _remarked(remits, at_line, "remit_line_id"), "remit_line_id", "rarc", _CODES)
    lines = lines.join(how, on="remit_line_id", how="left", maintain_order="left")
    record = pl.struct(
        "line_control", "code", pl.concat_list(f"mod{k}" for k in range(1, 5)).list.drop_nulls().alias("modifiers"),
        quantity(pl.col("units_milli")).alias("units"), money(pl.col("charge_cents")).alias("charged"),
        money(pl.col("paid_cents")).alias("paid"), "adjustments", "rarc", "submitted_code",
        pl.col("service_date").cast(pl.String).alias("date"), money(pl.col("allowed_cents")).alias("allowed"), "line", "matched",
    )  # fmt: skip
    return _listed(lines, "remit_claim_id", record, "lines")


def _adjusted(remits: Remits, own: pl.Expr, key: str) -> pl.DataFrame:
    record = pl.struct("group", "carc", money(pl.col("amount_cents")).alias("amount"))
    return _listed(remits.adjustments.filter(own), key, record, "adjustments")


def _remarked(remits: Remits, own: pl.Expr, key: str) -> pl.DataFrame:
    return _listed(remits.remarks.filter(own & pl.col("code").is_not_null()), key, pl.col("code"), "rarc")


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
