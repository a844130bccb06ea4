"""The 277CA (005010X214): which claims go on to the payer and which come back, and why.

Claims of a transaction that the 999 rejects are not answered here.  A claim with a rejection comes back with the status
of each of its rejections (A6, A7, A8), those of a line at the line; every other claim is accepted (A2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from scrubjay.acknowledge.about import Acknowledged, Claim, Set, statuses
from scrubjay.acknowledge.write import envelope, money, word

VERSION = "005010X214"
WITHHELD = "WITHHELD"
"""What stands for a patient's name and number where they are not to be shown."""

_UNDATED = "19000101"
_STATUSES_OF_A_SEGMENT = 3


def ack277(answered: Acknowledged, day: dt.date, received: dt.date, *, phi: bool = False) -> Iterator[str]:
    """Yield the answer to one interchange, one transaction for each of its transactions that the 999 accepts.

    ``day`` is the day of the answer, ``received`` the day the claims came.  Patients are named only with ``phi``.
    """
    wanted = [s for g in answered.groups if not g.findings for s in g.sets if not s.refused and s.claims]
    sets = (_set(one, k, answered, day, received, phi=phi) for k, one in enumerate(wanted, 1))
    yield from envelope(answered, "HN", VERSION, day, sets)


def has_claims(answered: Acknowledged) -> bool:
    """Say whether there is a claim to answer."""
    return any(s.claims and not s.refused for g in answered.groups if not g.findings for s in g.sets)


def _set(one: Set, number: int, answered: Acknowledged, day: dt.date, received: dt.date, *, phi: bool) -> list[str]:
    stamp = f"{day:%Y%m%d}"
    good = [c for c in one.claims if not c.findings]
    bad = [c for c in one.claims if c.findings]
    charge, lost = sum(c.charge for c in good), sum(c.charge for c in bad)
    reference = word(one.reference, word(one.control, "1", 50), 50)
    out = [
        f"ST*277*{number:04d}*{VERSION}",
        f"BHT*0085*08*{word(answered.control + one.control, '1', 50)}*{stamp}*0000*TH",
        "HL*1**20*1",
        f"NM1*AY*2*{word(one.receiver[0], word(answered.receiver[1], 'RECEIVER'))}*****46*"
        f"{word(one.receiver[1], word(answered.receiver[1], 'RECEIVER', 80), 80)}",
        f"TRN*1*{word(answered.control + one.control, '1', 50)}",
        f"DTP*050*D8*{received:%Y%m%d}",
        f"DTP*009*D8*{stamp}",
        "HL*2*1*21*1",
        f"NM1*41*2*{word(one.submitter[0], 'SUBMITTER')}*****46*"
        f"{word(one.submitter[1], word(answered.sender[1], 'SENDER', 80), 80)}",
        f"TRN*2*{reference}",
        f"STC*A1:20*{stamp}*{'WQ' if good else 'U'}*{money(charge + lost)}",
    ]
    out += _counts("90", "AA", len(good), len(bad), charge, lost)
    level = 2
    for billing, claims in groupby(one.claims, key=lambda c: c.billing):
        level += 1
        parent = level
        own = list(claims)
        out += [f"HL*{level}*2*19*1", _provider(billing)]
        out += [f"TRN*1*{parent}", f"STC*A1:20**WQ*{money(sum(c.charge for c in own))}"]
        accepted, rejected = [c for c in own if not c.findings], [c for c in own if c.findings]
        out += _counts(
            "QA", "QC", len(accepted), len(rejected), sum(c.charge for c in accepted), sum(c.charge for c in rejected)
        )
        for claim in own:
            level += 1
            out += [f"HL*{level}*{parent}*PT", *_claim(claim, stamp, phi=phi)]
    return out


def _counts(yes: str, no: str, good: int, bad: int, charge: int, lost: int) -> list[str]:
    """Return counts and dollars of what was accepted and of what was rejected; a zero is not written."""
    out = [f"QTY*{yes}*{good}"] if good else []
    out += [f"QTY*{no}*{bad}"] if bad else []
    out += [f"AMT*YU*{money(charge)}"] if good else []
    return out + ([f"AMT*YY*{money(lost)}"] if bad else [])


def _provider(billing: tuple[str, str, str]) -> str:
    kind, name, npi = billing
    return f"NM1*85*{kind if kind in ('1', '2') else '2'}*{word(name, 'PROVIDER')}*****XX*{word(npi, '0000000000', 80)}"


def _claim(claim: Claim, stamp: str, *, phi: bool) -> list[str]:
    last, first, member = (claim.last, claim.first, claim.member) if phi else (WITHHELD, "", WITHHELD)
    out = [
        f"NM1*QC*1*{word(last, WITHHELD)}*{word(first, '', 35)}****MI*{word(member, WITHHELD, 80)}",
        f"TRN*2*{word(claim.id, '0', 50)}",
    ]
    if not claim.findings:
        accepted = statuses()[""]
        out.append(f"STC*{accepted['category']}:{accepted['status']}*{stamp}*WQ*{money(claim.charge)}")
    else:
        codes = list(dict.fromkeys(_status(f) for f in claim.findings))
        for k in range(0, len(codes), _STATUSES_OF_A_SEGMENT):
            first_code, *more = codes[k : k + _STATUSES_OF_A_SEGMENT]
            tail = "*" * 6 + "".join(f"*{code}" for code in more) if more else ""
            out.append(f"STC*{first_code}*{stamp}*U*{money(claim.charge)}{tail}")
    begin, end = claim.days
    if begin is None or end is None:
        out.append(f"DTP*472*D8*{_UNDATED}")
    elif begin == end:
        out.append(f"DTP*472*D8*{begin:%Y%m%d}")
    else:
        out.append(f"DTP*472*RD8*{begin:%Y%m%d}-{end:%Y%m%d}")
    by_line: dict[int, list[dict[str, Any]]] = {}
    for finding in claim.findings:
        if finding["line"] is not None:
            by_line.setdefault(finding["line"], []).append(finding)
    for number, findings in sorted(by_line.items()):
        out += _line(claim, number, findings, stamp)
    return out


def _line(claim: Claim, number: int, findings: list[dict[str, Any]], stamp: str) -> list[str]:
    held = claim.lines.get(number)
    if held is None or not held[0]:
        return []
    code, mods, charge, control, day = held
    out = [f"SVC*{':'.join(['HC', word(code, '0', 48), *mods])}*{money(charge)}"]
    # One status segment a line; a second and third status stand in it.
    first, *more = list(dict.fromkeys(_status(f) for f in findings))[:_STATUSES_OF_A_SEGMENT]
    tail = "*" * 7 + "".join(f"*{status}" for status in more) if more else ""
    out.append(f"STC*{first}*{stamp}*U{tail}")
    if control:
        out.append(f"REF*FJ*{word(control, '0', 50)}")
    if day:
        out.append(f"DTP*472*D8*{day:%Y%m%d}")
    return out


def _status(finding: dict[str, Any]) -> str:
    known = statuses()
    row = known.get(finding["edit"], known["*"])
    return ":".join(part for part in (row["category"], row["status"], row["entity"]) if part)
