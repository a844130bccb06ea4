"""The 999 (005010X231A1): is the form of each transaction right, and where not.

A transaction with a defect of its own is rejected (R).  One whose only defects lie in single claims is accepted with
errors (E): those claims are rejected by the 277CA.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from scrubjay.acknowledge.about import Acknowledged, Group, Set, syntax
from scrubjay.acknowledge.write import envelope, word

VERSION = "005010X231A1"
_ELEMENT = re.compile(r"^[A-Z0-9]{2,3}?([0-9]{2})(?:-([0-9]+))?$")
_IDENTIFIER = re.compile(r"^[A-Z][A-Z0-9]{1,2}(?![a-z])")
_FOREIGN, _FOREIGN_VERSION = "5", "I6"
_PROFESSIONAL = ("HC", "005010X222")


def ack999(answered: Acknowledged, day: dt.date, *, phi: bool = False) -> Iterator[str]:
    """Yield the answer to one interchange, one transaction for each functional group; ``phi`` shows what was found."""
    broken = bool(answered.findings)
    sets = (_group(group, k, broken=broken, phi=phi) for k, group in enumerate(answered.groups, 1))
    yield from envelope(answered, "FA", VERSION, day, sets)


def _group(group: Group, number: int, *, broken: bool, phi: bool) -> list[str]:
    segments = [
        f"ST*999*{number:04d}*{VERSION}",
        f"AK1*{word(group.kind, 'HC', 2)}*{word(group.control, '1', 9)}*{word(group.version, '005010X222A1', 12)}",
    ]
    states = []
    for one in group.sets:
        rows, state = _set(one, group, phi=phi)
        segments += rows
        states.append(state)
    accepted = sum(state in "AE" for state in states)
    codes = sorted({code for f in group.findings if (code := syntax().get(f["edit"], {}).get("group"))})[:5]
    if broken or group.findings:
        whole, accepted = "R", 0
    elif accepted == len(states):
        whole = "E" if "E" in states else "A"
    else:
        whole = "P" if accepted else "R"
    told = group.told if group.told is not None else len(states)
    tail = "".join(f"*{code}" for code in codes)
    segments.append(f"AK9*{whole}*{told}*{len(states)}*{accepted}{tail}")
    return segments


def _set(one: Set, group: Group, *, phi: bool) -> tuple[list[str], str]:
    """Return the segments about one transaction, and A, E or R."""
    rows = [f"AK2*837*{word(one.control, '0001', 9)}*{word(one.version, '005010X222A1', 35)}"]
    kind, version = _PROFESSIONAL
    if group.kind != kind or not one.version.startswith(version):
        return [*rows, f"IK5*R*{_FOREIGN_VERSION}"], "R"
    codes: list[str] = []
    last: tuple[Any, ...] | None = None
    for finding in sorted(one.findings, key=lambda f: (f["segment"] or 0, f["element"] or "", f["edit"])):
        told = syntax().get(finding["edit"], {})
        codes.append(told.get("set") or _FOREIGN)
        if not told.get("segment"):
            continue
        position = max(1, (finding["segment"] or one.segment) - one.segment + 1)
        place = (_identifier(finding), position, told["segment"])
        if place != last:
            rows.append(f"IK3*{place[0]}*{position}**{place[2]}")
            if finding["claim"]:
                rows.append(f"CTX*CLM01:{word(finding['claim'], '0', 35)}")
            last = place
        where = _ELEMENT.match(finding["element"] or "")
        if told.get("element") and where:
            at = str(int(where[1])) + (f":{where[2]}" if where[2] else "")
            bad = f"*{word(finding['found'] or '', '', 99)}" if phi and finding["found"] else ""
            rows.append(f"IK4*{at}**{told['element']}{bad}".rstrip("*"))
    if not one.findings:
        return [*rows, "IK5*A"], "A"
    state = "R" if one.refused else "E"
    tail = "".join(f"*{code}" for code in sorted(set(codes))[:5])
    return [*rows, f"IK5*{state}{tail}"], state


def _identifier(finding: dict[str, Any]) -> str:
    """Return the identifier of the segment that is wrong; of a missing one, that of what is missing."""
    for text in (finding["element"], finding["raw"], finding["expected"]):
        if text and _IDENTIFIER.match(text):
            return _segment(text)
    return "ST"


def _segment(text: str) -> str:
    """Return the identifier at the beginning of ``SV104``, ``N301`` or ``CLM*26-1``."""
    element = re.match(r"^([A-Z0-9]{2,3}?)[0-9]{2}(?:-[0-9]+)?$", text)
    if element:
        return element[1]
    found = _IDENTIFIER.match(text)
    return found[0] if found else "ST"
