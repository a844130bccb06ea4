# ruff: noqa: INP001 - a script, no package

"""Write examples/clinic.835: what invented payers made of the claims in clinic.837, denials and all.

The amounts are made up; every payment, claim and line balances.  ``written`` is a small writer of 835 files that the
tests and the benchmark use, too.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Line:
    """A service payment; money in cents; ``adjustments`` are (group, reason, cents), ``recoded`` the code as submitted."""

    code: str
    charge: int
    adjustments: list[tuple[str, str, int]] = field(default_factory=list)
    modifiers: tuple[str, ...] = ()
    units: str = "1"
    day: dt.date | None = dt.date(2026, 3, 2)
    control: str = ""
    remarks: tuple[str, ...] = ()
    recoded: str = ""
    sent_units: str = ""
    allowed: int | None = None

    @property
    def paid(self) -> int:
        """Return what the charge leaves."""
        return self.charge - sum(cents for _, _, cents in self.adjustments)


@dataclass
class ClaimPayment:
    """A claim payment; its charge is that of its lines unless given."""

    control: str
    lines: list[Line] = field(default_factory=list)
    status: str = "1"
    adjustments: list[tuple[str, str, int]] = field(default_factory=list)
    charge: int | None = None
    payer_control: str = "ICN1"
    last: str = "FEATHER"
    first: str = "ADA"
    member: str = "M1"
    filing: str = "MB"
    rendering: str = ""
    remarks: tuple[str, ...] = ()
    received: dt.date | None = None

    @property
    def charged(self) -> int:
        """Return the charge."""
        return sum(line.charge for line in self.lines) if self.charge is None else self.charge

    @property
    def every(self) -> list[tuple[str, str, int]]:
        """Return the adjustments of claim and lines."""
        return [*self.adjustments, *(a for line in self.lines for a in line.adjustments)]

    @property
    def paid(self) -> int:
        """Return what the charge leaves."""
        return self.charged - sum(cents for _, _, cents in self.every)


@dataclass
class Payment:
    """One transaction; ``provider`` are PLB entries (reason, reference, cents)."""

    payer: str
    claims: list[ClaimPayment]
    payer_id: str = ""
    day: dt.date = dt.date(2026, 3, 30)
    trace: str = "EFT0001"
    provider: list[tuple[str, str, int]] = field(default_factory=list)
    payee: str = "EXAMPLE FAMILY CLINIC"
    npi: str = "1234567802"

    @property
    def paid(self) -> int:
        """Return the amount of the payment."""
        return sum(claim.paid for claim in self.claims) - sum(cents for _, _, cents in self.provider)


def amount(cents: int) -> str:
    """Return cents as the guide writes an amount: without needless zeros."""
    text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return text.removesuffix(".00")


def _adjusted(adjustments: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    groups: dict[str, list[tuple[str, int]]] = {}
    for group, carc, cents in adjustments:
        groups.setdefault(group, []).append((carc, cents))
    for group, rows in groups.items():
        for k in range(0, len(rows), 6):
            yield f"CAS*{group}*" + "**".join(f"{carc}*{amount(cents)}" for carc, cents in rows[k : k + 6])


def _claim(claim: ClaimPayment) -> Iterator[str]:
    patient = sum(cents for group, _, cents in claim.every if group == "PR")
    yield (
        f"CLP*{claim.control}*{claim.status}*{amount(claim.charged)}*{amount(claim.paid)}*{amount(patient) if patient else ''}"
        f"*{claim.filing}*{claim.payer_control}*11*1"
    )
    yield from _adjusted(claim.adjustments)
    yield f"NM1*QC*1*{claim.last}*{claim.first}****MI*{claim.member}"
    if claim.rendering:
        yield f"NM1*82*1*SAMPLE*ROBIN****XX*{claim.rendering}"
    if claim.remarks:
        yield "MOA***" + "*".join(claim.remarks[:5])
    if claim.received:
        yield f"DTM*050*{claim.received:%Y%m%d}"
    for line in claim.lines:
        mods = "".join(f":{m}" for m in line.modifiers)
        sent = f"*HC:{line.recoded}{mods}" if line.recoded else "*" if line.sent_units else ""
        tail = f"*{line.units}{sent}" + (f"*{line.sent_units}" if line.sent_units else "")
        shown = "" if line.recoded else mods
        yield f"SVC*HC:{line.code}{shown}*{amount(line.charge)}*{amount(line.paid)}*{tail}"
        if line.day:
            yield f"DTM*472*{line.day:%Y%m%d}"
        yield from _adjusted(line.adjustments)
        if line.control:
            yield f"REF*6R*{line.control}"
        if line.allowed is not None:
            yield f"AMT*B6*{amount(line.allowed)}"
        for remark in line.remarks:
            yield f"LQ*HE*{remark}"


def transaction(payment: Payment, control: str) -> Iterator[str]:
    """Yield the segments of one payment, ST to SE."""
    count = 0
    body = [
        f"ST*835*{control}",
        f"BPR*I*{amount(payment.paid)}*C*ACH*CCP*01*999999992*DA*123456*1512345678**01*999988880*DA*98765*{payment.day:%Y%m%d}",
        f"TRN*1*{payment.trace}*1512345678",
        f"DTM*405*{payment.day:%Y%m%d}",
        f"N1*PR*{payment.payer}" + (f"*XV*{payment.payer_id}" if payment.payer_id else ""),
        "N3*1 PAYER WAY", "N4*ANYTOWN*OH*43001", "PER*BL*PROVIDER SERVICES*TE*8005550100",
        f"N1*PE*{payment.payee}*XX*{payment.npi}", "REF*TJ*123456789", "LX*1",
    ]  # fmt: skip
    for segment in body:
        count += 1
        yield segment
    for claim in payment.claims:
        for segment in _claim(claim):
            count += 1
            yield segment
    if payment.provider:
        count += 1
        pairs = "*".join(f"{reason}:{reference}*{amount(cents)}" for reason, reference, cents in payment.provider)
        yield f"PLB*{payment.npi}*{payment.day.year}1231*{pairs}"
    yield f"SE*{count + 1}*{control}"


def written(payments: Iterable[Payment], *, number: int = 1) -> bytes:
    """Return the payments as one interchange."""
    stamp = "260330*0800"
    lines = [
        f"ISA*00*          *00*          *ZZ*EXPAYER        *ZZ*EXCLINIC       *{stamp}*^*00501*{number:09d}*0*T*:",
        f"GS*HP*EXPAYER*EXCLINIC*20260330*0800*{number}*X*005010X221A1",
    ]
    count = 0
    for count, payment in enumerate(payments, 1):
        lines += transaction(payment, f"{count:04d}")
    lines += [f"GE*{count}*{number}", f"IEA*1*{number:09d}"]
    return ("~\n".join(lines) + "~\n").encode()


#: Outcomes that are not "paid less the contract's part": by claim and line, adjustments and remarks.
DENIED: dict[tuple[str, int], tuple[str, str, tuple[str, ...]]] = {
    ("26-00410", 1): ("CO", "58", ("M97",)),
    ("26-00417", 1): ("CO", "97", ("M15", "N19")),
    ("26-00418", 1): ("CO", "97", ("N20",)),
    ("26-00419", 2): ("CO", "97", ("M97",)),
    ("26-00420", 1): ("CO", "5", ("M97", "N428")),
    ("26-00421", 2): ("CO", "4", ("N519",)),
    ("26-00422", 1): ("CO", "236", ()),
    ("26-00423", 1): ("CO", "16", ("N349", "MA130")),
    ("26-00425", 2): ("CO", "181", ("N56", "M20")),
    ("26-00426", 2): ("CO", "151", ("N362",)),
    ("26-00428", 1): ("CO", "16", ("N657",)),
    ("26-00431", 2): ("CO", "16", ("N822", "MA130")),
    ("26-00432", 2): ("CO", "16", ("M119",)),
    ("26-00435", 3): ("CO", "97", ("M15",)),
    ("26-00405", 2): ("PR", "204", ()),
    ("26-00404", 2): ("CO", "50", ("N115",)),
}
CONTRACT = 0.28
"""Share of a charge that the contracts of the example write off."""


def payments_of(path: Path) -> list[Payment]:
    """Return a payment per payer for the claims of an 837P, denied as :data:`DENIED` says."""
    from scrubjay.io.claim837 import read_chunk
    from scrubjay.io.interchange import iter_chunks
    from scrubjay.io.source import ByteSource

    with path.open("rb") as stream:
        (chunk,) = iter_chunks(ByteSource(stream), path.name)
        tables = read_chunk(chunk, 0, 0, 0)
    lines: dict[int, list[dict[str, object]]] = {}
    for row in tables.lines.iter_rows(named=True):
        lines.setdefault(row["claim_id"], []).append(row)
    by_payer: dict[tuple[str, str], list[ClaimPayment]] = {}
    for claim in tables.claims.iter_rows(named=True):
        paid = [_outcome(claim["claim"], row) for row in lines[claim["claim_id"]]]
        status = "4" if all(line.paid == 0 for line in paid) else "1"
        by_payer.setdefault((claim["payer_name"], claim["payer_id"]), []).append(
            ClaimPayment(
                claim["claim"], paid, status, payer_control=f"ICN{claim['claim_id']:07d}", last=claim["patient_last"],
                first=claim["patient_first"], member=claim["member_id"], filing=claim["filing_code"],
                rendering=claim["rendering_npi"] or "", received=dt.date(2026, 3, 21),
            )
        )  # fmt: skip
    days = (dt.date(2026, 4, 2), dt.date(2026, 4, 9), dt.date(2026, 5, 7))
    return [
        Payment(name, claims, payer_id, days[k % 3], f"EFT{k + 1:04d}")
        for k, ((name, payer_id), claims) in enumerate(by_payer.items())
    ]


def _outcome(claim: str, row: dict[str, object]) -> Line:
    charge = int(str(row["charge_cents"]))
    denied = DENIED.get((claim, int(str(row["line"]))))
    units = f"{int(str(row['units_milli'])) / 1000:g}"
    mods = tuple(str(row[f"mod{k}"]) for k in range(1, 5) if row[f"mod{k}"])
    day = row["service_date"]
    assert isinstance(day, dt.date)
    line = Line(str(row["code"]), charge, [], mods, units, day, str(row["line_control"]))
    if denied is None:
        off = round(charge * CONTRACT)
        line.allowed = charge - off
        line.adjustments = [("CO", "45", off), ("PR", "2", round((charge - off) * 0.2))]
    else:
        group, carc, line.remarks = denied
        line.adjustments = [(group, carc, charge)]
    return line


if __name__ == "__main__":
    target = HERE / "clinic.835"
    target.write_bytes(written(payments_of(HERE / "clinic.837")))
    sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
