"""How an invented payer answers one claim: which lines are denied, what the others are paid, to the cent."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from scrubjay.adjudicator.payer_model import Payer, PayerModel, Rule
from scrubjay.adjudicator.situations import SITUATIONS, Claim, Line

Adjustment = tuple[str, str, int]
"""Group, claim adjustment reason code, cents."""


@dataclass(slots=True)
class Answer:
    """What one line got; ``code`` differs from the line's where the payer changed it."""

    line: Line
    code: str
    paid: int
    allowed: int
    adjustments: list[Adjustment]
    remarks: tuple[str, ...] = ()
    denied: bool = False
    applies: str | None = None
    why: str | None = None


@dataclass(slots=True)
class Verdict:
    """What a claim got: answers line by line, or no answer at all (``silence`` says why)."""

    claim: Claim
    payer: Payer
    answers: list[Answer] = field(default_factory=list)
    silence: str | None = None
    applies: str | None = None
    delayed: bool = False
    overturned: list[Answer] = field(default_factory=list)


def share_of(cents: int, share: float) -> int:
    """Return a share of an amount, rounded half up to the cent; the share is exact to the ten-thousandth."""
    parts = int(Decimal(str(share)) * 10_000)
    return (cents * parts + 5_000) // 10_000


def judge(claim: Claim, model: PayerModel, rng: random.Random, arrived: date | None = None) -> Verdict:
    """Answer a claim; the draws come from ``rng`` in a fixed order, so equal seeds give equal answers.

    ``arrived`` is the day the payer got it, for the filing limit; without it no claim is late.
    """
    payer = model.payer_of(claim.payer_id, claim.payer_name, claim.filing)
    days = [line.day for line in claim.lines if line.day]
    if arrived and days and payer.filing_days:
        claim.late = (arrived - min(days)).days > payer.filing_days
    verdict = Verdict(claim, payer)
    noise = model.noise
    silent, late = rng.random() < noise.unanswered, rng.random() < noise.delay
    denied: dict[int, tuple[Rule, bool]] = {}
    for rule in model.rules_of(payer):
        for line in SITUATIONS[rule.situation](claim, model.codes):
            enforced = rng.random() < rule.probability
            if rule.rejects:
                if enforced:
                    verdict.silence, verdict.applies = "rejected", rule.id
                    return verdict
            elif line.number not in denied or (enforced and not denied[line.number][1]):
                denied[line.number] = (rule, enforced)
    if not claim.lines or any(not line.code for line in claim.lines):
        verdict.silence = "rejected"
        return verdict
    if silent:
        verdict.silence = "unanswered"
    verdict.delayed = late
    copay = payer.copay
    for line in claim.lines:
        found = denied.get(line.number)
        answer = _answer(line, found[0] if found and found[1] else None, payer, model, rng, copay)
        answer.applies = found[0].id if found else None
        if any(code == "3" for _, code, _ in answer.adjustments):
            copay = 0
        verdict.answers.append(answer)
    if any(a.denied for a in verdict.answers) and rng.random() < noise.overturned:
        copay = payer.copay
        for line, first in zip(claim.lines, verdict.answers, strict=True):
            again = _paid(line, line.code, payer, model, copay)
            again.applies, again.why = first.applies, "overturned"
            if any(code == "3" for _, code, _ in again.adjustments):
                copay = 0
            verdict.overturned.append(again)
    return verdict


def _answer(line: Line, rule: Rule | None, payer: Payer, model: PayerModel, rng: random.Random, copay: int) -> Answer:
    noise = model.noise
    other, chance, recoded = rng.random() < noise.wrong_code, rng.random(), rng.random() < noise.recode
    pick = noise.random_codes[int(rng.random() * len(noise.random_codes))]
    if rule is not None:
        if other:
            return _denied(line, pick[0], pick[1], (pick[2],) if pick[2] else (), "wrong-code")
        return _denied(line, rule.group, rule.carc, tuple(rule.rarc), "rule")
    if chance < noise.random_denial:
        return _denied(line, pick[0], pick[1], (pick[2],) if pick[2] else (), "random")
    lower = noise.recodes.get(line.code) if recoded else None
    answer = _paid(line, lower or line.code, payer, model, copay)
    if lower:
        answer.why = "recoded"
    return answer


def _denied(line: Line, group: str, carc: str, remarks: tuple[str, ...], why: str) -> Answer:
    return Answer(line, line.code, 0, 0, [(group, carc, line.charge)], remarks, denied=True, why=why)


def _paid(line: Line, code: str, payer: Payer, model: PayerModel, copay: int) -> Answer:
    """Pay a line by fee or share of the charge; the patient's part, then the sequestration come off."""
    fee = model.fees.get(code)
    allowed = share_of(line.charge, payer.share) if fee is None else (fee * line.units + 500) // 1000
    allowed = min(allowed, line.charge)
    contractual = ("CO", "45", line.charge - allowed)
    visit = model.codes.has("visit", line.code) or model.codes.has("nurse_visit", line.code)
    patient = ("PR", "3", min(copay, allowed)) if copay and visit else ("PR", "2", share_of(allowed, payer.coinsurance))
    held = ("CO", "253", share_of(allowed - patient[2], payer.sequestration))
    paid = allowed - patient[2] - held[2]
    return Answer(line, code, paid, allowed, [a for a in (contractual, held, patient) if a[2]])
