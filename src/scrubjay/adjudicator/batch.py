"""Answer a whole 837P file: claims in, a balanced 835 and the truth about it out."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

from scrubjay.adjudicator.judge import Answer, Verdict, judge
from scrubjay.adjudicator.payer_model import PayerModel, load_model
from scrubjay.adjudicator.situations import Claim, Line
from scrubjay.adjudicator.write835 import ClaimPayment, reversal, status_of, transaction
from scrubjay.errors import InputError, ScrubjayError
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.model import Tables

_LATE_DAYS = 35
_OVERTURNED_DAYS = 28
_AFTER_LAST_SERVICE = 7


@dataclass(frozen=True, slots=True)
class Adjudicated:
    """What was answered: counts of claims and lines, cents paid, and what could not be read."""

    claims: int
    lines: int
    denied_lines: int
    payments: int
    rejected: int
    unanswered: int
    paid_cents: int
    errors: tuple[InputError, ...]


def adjudicate(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    seed: int,
    *,
    truth: str | os.PathLike[str] | None = None,
    model: PayerModel | None = None,
    received: date | None = None,
) -> Adjudicated:
    """Answer the claims of an 837P file; the same file, seed and model give the same bytes.

    ``received`` is the day the payers get the claims (default: a week after the last service).  ``truth`` is a file of
    JSON lines: first the rules, then every line on which a rule bears or that was answered against the rules.  Both files
    appear when they are complete.  Raises ScrubjayError where the file holds no claim that can be answered.
    """
    model = model or load_model()
    rng = random.Random(seed)
    errors: list[InputError] = []
    claims = list(_claims(Path(source), errors))
    days = [line.day for claim in claims for line in claim.lines if line.day]
    if not days:
        found = f": {errors[0].message}" if errors else ""
        raise ScrubjayError(f"{source}: no professional claim with a dated line to answer{found}")
    arrived = received or max(days) + timedelta(days=_AFTER_LAST_SERVICE)
    verdicts = [judge(claim, model, rng, arrived) for claim in claims]
    payments = _payments(verdicts, arrived)
    with ExitStack() as stack:
        out = stack.enter_context(_appearing(Path(output)))
        for piece in _interchange(payments, arrived):
            out.write(piece)
        if truth is not None:
            known = stack.enter_context(_appearing(Path(truth)))
            for row in _truth(verdicts, model):
                known.write(json.dumps(row, separators=(", ", ": ")) + "\n")
    answered = [v for v in verdicts if v.silence is None]
    answers = [a for v in answered for a in v.answers]
    return Adjudicated(
        claims=len(verdicts),
        lines=len(answers),
        denied_lines=sum(a.denied for a in answers),
        payments=len(payments),
        rejected=sum(v.silence == "rejected" for v in verdicts),
        unanswered=sum(v.silence == "unanswered" for v in verdicts),
        paid_cents=sum(p.paid for group in payments.values() for p in group),
        errors=tuple(errors),
    )


class _appearing:
    """A text file that is written beside its place and put there when it is whole."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.part = target.with_name(f".{target.name}.{os.getpid()}.part")

    def __enter__(self) -> IO[str]:
        self.stream = self.part.open("w", encoding="ascii", errors="replace", newline="")
        return self.stream

    def __exit__(self, kind: object, *_: object) -> None:
        self.stream.close()
        if kind is None:
            self.part.replace(self.target)
        else:
            self.part.unlink(missing_ok=True)


def _claims(path: Path, errors: list[InputError]) -> Iterator[Claim]:
    first_claim = first_line = 0
    with path.open("rb") as stream:
        for chunk in iter_chunks(ByteSource(stream), str(path)):
            errors.extend(chunk.errors)
            tables = read_chunk(chunk, 0, first_claim, first_line)
            first_claim += len(tables.claims)
            first_line += len(tables.lines)
            yield from _plain(tables)


def _plain(tables: Tables) -> Iterator[Claim]:
    """Turn tables into plain claims."""
    claims: dict[int, Claim] = {}
    for row in tables.claims.iter_rows(named=True):
        claims[row["claim_id"]] = Claim(
            id=row["claim"] or "",
            charge=row["charge_cents"] or 0,
            pos=row["pos"] or "",
            frequency=row["frequency"] or "",
            filing=row["filing_code"] or "",
            payer_id=row["payer_id"] or "",
            payer_name=row["payer_name"] or "",
            member=row["member_id"] or "",
            last=row["patient_last"] or "",
            first=row["patient_first"] or "",
            billing_npi=row["billing_npi"] or "",
            billing_tin=row["billing_tin"] or "",
            rendering_npi=row["rendering_npi"] or "",
            authorized=bool(row["prior_auth"]),
            patient_paid=row["patient_paid_cents"] or 0,
        )
    for owner, codes in tables.diagnoses.group_by("claim_id", maintain_order=True).agg("code").iter_rows():
        claims[owner].diagnoses = tuple(code for code in codes if code)
    for row in tables.lines.iter_rows(named=True):
        claim = claims[row["claim_id"]]
        mods = tuple(row[m] for m in ("mod1", "mod2", "mod3", "mod4") if row[m])
        claim.lines.append(
            Line(
                number=len(claim.lines) + 1,
                control=row["line_control"] or "",
                qualifier=row["qualifier"] or "HC",
                code=row["code"] or "",
                mods=mods,
                charge=row["charge_cents"] or 0,
                units=row["units_milli"] or 1000,
                day=row["service_date"],
                pos=row["line_pos"] or claim.pos,
                ndc=row["ndc"] or "",
                rendering=row["line_rendering_npi"] or claim.rendering_npi,
            )
        )
    yield from claims.values()


_Group = tuple[date, str, str, str]


def _payments(verdicts: list[Verdict], arrived: date) -> dict[_Group, list[ClaimPayment]]:
    """Put the answered claims into payments by day, payer and payee, in that order."""
    groups: dict[_Group, list[ClaimPayment]] = {}
    number = 0
    for verdict in verdicts:
        if verdict.silence is not None:
            continue
        number += 1
        claim = verdict.claim
        day = arrived + timedelta(days=verdict.payer.days + (_LATE_DAYS if verdict.delayed else 0))
        control = f"{arrived:%y%j}{number:08d}"
        first = ClaimPayment(verdict, verdict.answers, status_of(verdict.answers), control, arrived)
        key = (claim.payer_id or claim.payer_name, claim.payer_name, claim.billing_npi)
        groups.setdefault((day, *key), []).append(first)
        if verdict.overturned:
            later = day + timedelta(days=_OVERTURNED_DAYS)
            taken_back = reversal(first, f"{control}R")
            again = ClaimPayment(verdict, verdict.overturned, status_of(verdict.overturned), f"{control}C", arrived)
            groups.setdefault((later, *key), []).extend((taken_back, again))
    return dict(sorted(groups.items(), key=lambda item: item[0]))


def _interchange(payments: dict[_Group, list[ClaimPayment]], arrived: date) -> Iterator[str]:
    day = f"{max((key[0] for key in payments), default=arrived):%Y%m%d}"
    yield (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'EXAMPLEPAYER':15}*ZZ*{'SYNTHETIC':15}*{day[2:]}*0800*^*00501*000000001*0*T*:~\n"
        f"GS*HP*EXAMPLEPAYER*SYNTHETIC*{day}*0800*1*X*005010X221A1~\n"
    )
    for number, (key, group) in enumerate(payments.items(), 1):
        yield "".join(transaction(f"{number:04d}", f"{key[0]:%Y%m%d}{number:06d}", key[0], group))
    yield f"GE*{len(payments)}*1~\nIEA*1*000000001~\n"


def _truth(verdicts: list[Verdict], model: PayerModel) -> Iterator[dict[str, Any]]:
    """Yield the rules, then what is true of the lines that a rule bears on or that were answered against the rules."""
    rules = {
        r.id: {
            "payers": r.payers or [p.name for p in model.payers],
            "situation": r.situation,
            "group": r.group,
            "carc": r.carc,
            "rarc": r.rarc,
            "probability": r.probability,
            "rejects": r.rejects,
            "edits": r.edits,
        }
        for r in model.rules
    }
    yield {"schema": "scrubjay.truth/1", "noise": model.noise.model_dump(), "rules": rules}
    for verdict in verdicts:
        claim, payer = verdict.claim.id, verdict.payer.name
        if verdict.silence is not None:
            yield {"claim": claim, "payer": payer, "answer": verdict.silence, "applies": verdict.applies}
            continue
        overturned = bool(verdict.overturned)
        for answer in verdict.answers:
            if answer.applies is not None or answer.why is not None:
                yield _line_truth(claim, payer, answer, overturned)


def _line_truth(claim: str, payer: str, answer: Answer, overturned: bool) -> dict[str, Any]:
    group, carc = answer.adjustments[0][:2] if answer.denied else (None, None)
    return {
        "claim": claim,
        "payer": payer,
        "line": answer.line.number,
        "line_control": answer.line.control or None,
        "code": answer.line.code,
        "answer": "denied" if answer.denied else "paid",
        "why": answer.why,
        "applies": answer.applies,
        "group": group,
        "carc": carc,
        "overturned": overturned and answer.denied,
    }
