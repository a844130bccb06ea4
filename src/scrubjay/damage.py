"""Damage done on purpose to an interchange after it was written: the raw, drop, dup and add rows of a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scrubjay.errors import ScrubjayError
from scrubjay.io.write837 import Element, Segment

_ADDRESSED = r"(?:\*(?P<qualifier>[^,=]*))?(?:,(?P<nth>\d+))?"
_ELEMENT = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{1,2}?)(?P<element>\d\d)(?:-(?P<component>\d))?" + _ADDRESSED)
_SEGMENT = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{1,2})" + _ADDRESSED)


class CaseError(ScrubjayError):
    """A row of the notation cannot be understood; the text names the row and the word."""

    def __init__(self, row: int, word: str, why: str) -> None:
        super().__init__(f"row {row}: {word!r}: {why}")


@dataclass(frozen=True, slots=True)
class Damage:
    """One ``raw``, ``drop``, ``dup`` or ``add`` row: what it does and the segment and element it does it to."""

    kind: str
    row: int
    segment: str
    qualifier: str | None
    occurrence: int
    element: int = 0
    component: int = 0
    value: str = ""


def read_damage(row: int, kind: str, words: list[str]) -> Damage:
    """Return the damage of one row of the case notation; raises :class:`CaseError`."""
    if kind == "add":
        if len(words) != 2 or not words[1].startswith("after="):
            raise CaseError(row, " ".join(words) or kind, 'expected: add "SEGMENT*..." after=SEGMENT')
        value, address, pattern = words[0], words[1].removeprefix("after="), _SEGMENT
    elif len(words) != 1:
        raise CaseError(row, " ".join(words) or kind, f"expected one address after {kind}")
    elif kind == "raw":
        address, equals, value = words[0].partition("=")
        if not equals:
            raise CaseError(row, words[0], "expected SEGMENTnn=value, such as SE01=99")
        pattern = _ELEMENT
    else:
        address, value, pattern = words[0], "", _SEGMENT
    found = pattern.fullmatch(address)
    if found is None:
        raise CaseError(row, address, "not an address such as SE01, SV101-2,2 or REF*6R")
    parts = found.groupdict()
    return Damage(
        kind,
        row,
        parts["segment"],
        parts["qualifier"],
        int(parts["nth"] or 1),
        int(parts.get("element") or 0),
        int(parts.get("component") or 0),
        value,
    )


def apply_damage(body: list[Segment], damage: Sequence[Damage]) -> None:
    """Change the segments of an interchange in place: first whole segments, then SE01 again, then elements."""
    changes = [d for d in damage if d.kind != "raw"]
    for change in changes:
        at = _find(body, change)
        if change.kind == "drop":
            del body[at]
        else:
            body.insert(at + 1, body[at] if change.kind == "dup" else _segment(change.value))
    if changes:
        _recount(body)
    for change in damage:
        if change.kind == "raw":
            at = _find(body, change)
            body[at] = _put(body[at], change)


def _find(body: list[Segment], damage: Damage) -> int:
    """Return the index of the segment a damage row addresses."""
    left = damage.occurrence
    for at, segment in enumerate(body):
        if segment[0] != damage.segment:
            continue
        if damage.qualifier is not None and (len(segment) < 2 or segment[1] != damage.qualifier):
            continue
        left -= 1
        if left == 0:
            return at
    name = damage.segment + (f"*{damage.qualifier}" if damage.qualifier is not None else "")
    raise CaseError(damage.row, name, f"the case has fewer than {damage.occurrence} of this segment")


def _segment(text: str) -> Segment:
    return tuple(_element(element) for element in text.split("*"))


def _element(text: str) -> Element:
    return tuple(text.split(":")) if ":" in text else text


def _put(segment: Segment, damage: Damage) -> Segment:
    """Return the segment with one element or component replaced; missing ones before it become empty."""
    elements: list[Element] = [*segment, *[""] * (damage.element + 1 - len(segment))]
    if damage.component:
        old = elements[damage.element]
        parts = [*((old,) if isinstance(old, str) else old)]
        parts += [""] * (damage.component - len(parts))
        parts[damage.component - 1] = damage.value
        elements[damage.element] = tuple(parts)
    else:
        elements[damage.element] = _element(damage.value)
    return tuple(elements)


def _recount(body: list[Segment]) -> None:
    """Make every SE01 the count of its segments."""
    start = 0
    for at, segment in enumerate(body):
        if segment[0] == "ST":
            start = at
        elif segment[0] == "SE":
            body[at] = _put(segment, Damage("raw", 0, "SE", None, 1, 1, 0, str(at - start + 1)))
