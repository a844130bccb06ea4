"""An 835 (005010X221A1) of answers: one transaction for each payer, payee and day of payment, balanced to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from scrubjay.adjudicator.judge import Answer, Verdict

_FORBIDDEN = str.maketrans(dict.fromkeys("*~:^|\n\r", " "))
_ORIGINATOR = "1999999999"
_REVERSAL, _DENIED, _PRIMARY = "22", "4", "1"


@dataclass(slots=True)
class ClaimPayment:
    """A claim as it stands in a remittance."""

    verdict: Verdict
    answers: list[Answer]
    status: str
    control: str
    received: date

    @property
    def sign(self) -> int:
        """-1 where the payment takes an earlier one back."""
        return -1 if self.status == _REVERSAL else 1

    @property
    def paid(self) -> int:
        """Cents paid for the claim; negative for a reversal."""
        return self.sign * sum(a.paid for a in self.answers)


def status_of(answers: list[Answer]) -> str:
    """Return CLP02 of a first answer: denied where every line is."""
    return _DENIED if all(a.denied for a in answers) else _PRIMARY


def reversal(payment: ClaimPayment, control: str) -> ClaimPayment:
    """Return the payment that takes another one back."""
    return ClaimPayment(payment.verdict, payment.answers, _REVERSAL, control, payment.received)


def money(cents: int) -> str:
    """Write cents as X12 does: no trailing zeros, no point for whole dollars."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    text = f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)
    return sign + (text.rstrip("0") if "." in text else text)


def quantity(milli: int) -> str:
    """Write thousandths without trailing zeros."""
    return f"{milli // 1000}.{milli % 1000:03d}".rstrip("0").rstrip(".")


def word(text: str, default: str = "UNKNOWN", most: int = 60) -> str:
    """Return text that no delimiter of ours cuts, not longer than the element."""
    return text.translate(_FORBIDDEN).strip()[:most] or default


def transaction(control: str, trace: str, day: date, payments: list[ClaimPayment]) -> Iterator[str]:
    """Yield the segments of one payment, ST to SE, each with its terminator."""
    first = payments[0].verdict
    total = sum(p.paid for p in payments)
    method = "CHK" if total else "NON"
    stamp = f"{day:%Y%m%d}"
    count = 0
    head = [
        f"ST*835*{control}",
        f"BPR*{'I' if total else 'H'}*{money(total)}*C*{method}{'*' * 12}{stamp}",
        f"TRN*1*{trace}*{_ORIGINATOR}",
        f"DTM*405*{stamp}",
        f"N1*PR*{word(first.claim.payer_name)}",
        "N3*PO BOX 1000",
        "N4*SPRINGFIELD*WA*981010000",
        f"REF*2U*{word(first.claim.payer_id or first.payer.id, most=50)}",
        "PER*BL*EXAMPLE PAYER SERVICE*TE*5555550199",
        f"N1*PE*EXAMPLE PRACTICE*XX*{word(first.claim.billing_npi, '0000000000')}",
    ]
    if first.claim.billing_tin:
        head.append(f"REF*TJ*{word(first.claim.billing_tin, most=50)}")
    head.append("LX*1")
    for segment in head:
        count += 1
        yield segment + "~\n"
    for payment in payments:
        for segment in _claim(payment):
            count += 1
            yield segment + "~\n"
    yield f"SE*{count + 1}*{control}~\n"


def _claim(payment: ClaimPayment) -> Iterator[str]:
    claim, sign = payment.verdict.claim, payment.sign
    charge = sum(a.line.charge for a in payment.answers)
    patient = sum(cents for a in payment.answers for group, _, cents in a.adjustments if group == "PR")
    yield (
        f"CLP*{word(claim.id, '0', 38)}*{payment.status}*{money(sign * charge)}*{money(payment.paid)}*"
        f"{money(patient) if patient and sign > 0 else ''}*{payment.verdict.payer.remit_filing}*{payment.control}*"
        f"{word(claim.pos, '11', 2)}*{word(claim.frequency, '1', 1)}"
    )
    member = f"*MI*{word(claim.member, most=80)}" if claim.member else ""
    yield f"NM1*QC*1*{word(claim.last)}*{word(claim.first, '', 35)}***{member}".rstrip("*")
    if claim.rendering_npi and claim.rendering_npi != claim.billing_npi:
        yield f"NM1*82*1*CLINICIAN*****XX*{word(claim.rendering_npi)}"
    yield f"DTM*050*{payment.received:%Y%m%d}"
    for answer in payment.answers:
        yield from _line(answer, sign)


def _line(answer: Answer, sign: int) -> Iterator[str]:
    line = answer.line
    billed = ":".join((word(line.qualifier, "HC", 2), word(line.code, most=48), *line.mods))
    coded = ":".join((word(line.qualifier, "HC", 2), word(answer.code, most=48), *line.mods))
    submitted = f"*{billed}" if coded != billed else ""
    units = quantity(sign * line.units) if sign > 0 else f"-{quantity(line.units)}"
    yield f"SVC*{coded}*{money(sign * line.charge)}*{money(sign * answer.paid)}**{units}{submitted}"
    if line.day:
        yield f"DTM*472*{line.day:%Y%m%d}"
    for group in ("CO", "OA", "PI", "PR"):
        triples = [f"{carc}*{money(sign * cents)}" for g, carc, cents in answer.adjustments if g == group and cents]
        if triples:
            yield f"CAS*{group}*" + "**".join(triples)
    if line.control:
        yield f"REF*6R*{word(line.control, most=50)}"
    if not answer.denied and answer.allowed and sign > 0:
        yield f"AMT*B6*{money(answer.allowed)}"
    for remark in answer.remarks:
        yield f"LQ*HE*{remark}"
