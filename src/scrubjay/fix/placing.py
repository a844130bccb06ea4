"""From patches to bytes: find the element, look at what stands there, refuse what does not fit, write the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scrubjay.fix.document import Document, Segment, plain
from scrubjay.fix.patches import Address, Patch, Proposal, Refused, is_form, says
from scrubjay.fix.privacy import is_personal

_LINE_ENDS = frozenset({"LX", "CLM", "HL", "SE", "GE", "IEA"})
_LOOP_HEADS = frozenset("ISA GS ST BHT HL SBR PAT CLM NM1 SE GE IEA".split())
"""Segments that others hang on: dropping one alone would leave the rest without a head."""

_PATIENT = frozenset({"IL", "QC"})


@dataclass(frozen=True)
class Placed:
    """A patch whose element was found, saying what the patch expects.

    ``written`` is the value as it stands, ``segments`` the numbers of all segments it changes (several where a service line
    is dropped), ``cause`` the proposal it belongs to, ``follows`` whether it is a total or count that follows from that, and
    ``personal`` whether the value is a patient's and not to be shown.
    """

    patch: Patch
    address: Address | None
    written: str
    segments: range
    cause: Proposal
    follows: bool = False
    personal: bool = False

    def meets(self, other: Placed) -> bool:
        """Say whether both change the same thing in different ways."""
        if not set(self.segments) & set(other.segments):
            return False
        if self.address is None or other.address is None:
            return self.address != other.address or self.segments != other.segments
        if self.address.element != other.address.element:
            return False
        if self.address.component == other.address.component:
            return self.patch.new != other.patch.new
        return 0 in (self.address.component, other.address.component)


def place(document: Document, proposal: Proposal) -> list[Placed]:
    """Find the elements of a proposal's patches.

    Raises :class:`Refused` in one line where one is not there, says something else than the patch expects, cannot hold the
    new value, or is changed by a safe proposal in more than its form.
    """
    return [_place(document, proposal, patch) for patch in proposal.patches]


def _place(document: Document, proposal: Proposal, patch: Patch) -> Placed:
    segment = document.segment(patch.segment)
    if segment is None:
        raise Refused(f"{proposal.place}: the file has no segment {patch.segment}")
    if proposal.safety == "safe" and not is_form(patch):
        raise Refused(f"{proposal.place}: {patch} changes more than the form, so it is not safe")
    if patch.drops:
        return _drop(document, proposal, patch, segment)
    address = Address.of(patch.element or "")
    if address.segment != segment.identifier:
        raise Refused(
            f"{proposal.place}: segment {patch.segment} is {_shown(segment.identifier)}, not {address.segment}"
        )
    if proposal.safety == "safe" and segment.identifier == "NM1" and not _is_provider(segment):
        raise Refused(f"{proposal.place}: segment {patch.segment} names no provider by NPI, so the patch is not safe")
    written = value_of(segment, address)
    exact = proposal.safety == "safe"
    if not (written == (patch.old or "") if exact else says(written, patch.old)):
        raise Refused(
            f"{proposal.place}: segment {patch.segment} {patch.element} is {_shown(written)}, the patch expects "
            f"{_shown(patch.old or '')}"
        )
    _refuse_value(proposal, patch, segment, written)
    personal = is_personal([plain(part) for part in segment.parts], address.element)
    return Placed(patch, address, written, range(patch.segment, patch.segment + 1), proposal, personal=personal)


def _is_provider(segment: Segment) -> bool:
    return segment.element(8) == "XX" and segment.element(1) not in _PATIENT


def _shown(value: str) -> str:
    """Return a value for a message: empty is said, long text is only measured."""
    if not value:
        return "empty"
    return repr(value) if len(value) <= 20 else f"a text of {len(value)} characters"


def _refuse_value(proposal: Proposal, patch: Patch, segment: Segment, written: str) -> None:
    """Refuse a new value that the format cannot hold."""
    new, marks = patch.new or "", segment.delimiters
    delimiters = {marks.element, marks.component, marks.repetition, marks.segment}
    if not (new.isascii() and (new.isprintable() or not new)) or any(ord(char) in delimiters for char in new):
        raise Refused(
            f"{proposal.place}: the new value of {patch.element} holds a character that the file cannot carry"
        )
    if segment.identifier == "ISA" and len(new) != len(written):
        raise Refused(f"{proposal.place}: {patch.element} has a fixed width of {len(written)} characters")


def _drop(document: Document, proposal: Proposal, patch: Patch, segment: Segment) -> Placed:
    if patch.new is not None:
        raise Refused(f"{proposal.place}: a patch without an element drops a segment and has no new value")
    canonical = _canonical(segment)
    old = patch.old or ""
    if not old or not (canonical == old or canonical.startswith((f"{old}*", f"{old}:"))):
        head = "*".join(canonical.split("*")[:2])
        raise Refused(f"{proposal.place}: segment {patch.segment} is {_shown(head)}, the patch expects {_shown(old)}")
    if segment.identifier in ("LX", "SV1"):
        return Placed(patch, None, old, service_line(document, patch.segment), proposal)
    if segment.identifier in _LOOP_HEADS:
        raise Refused(f"{proposal.place}: {segment.identifier} heads a loop and is not dropped alone")
    return Placed(patch, None, old, range(patch.segment, patch.segment + 1), proposal)


def _canonical(segment: Segment) -> str:
    """Return the text with the usual delimiters, whatever those of the file are."""
    marks = segment.delimiters
    return "*".join(plain(part).replace(chr(marks.component), ":") for part in segment.parts)


def service_line(document: Document, number: int) -> range:
    """Return the numbers of the segments of a service line (loop 2400) by one of them."""
    first = number
    while document.identifier(first) != "LX":
        if document.identifier(first) in ("", *_LINE_ENDS):
            raise Refused(f"segment {number} stands in no service line")
        first -= 1
    last = first + 1
    while document.identifier(last) not in ("", *_LINE_ENDS):
        last += 1
    return range(first, last)


def value_of(segment: Segment, address: Address) -> str:
    """Return what stands in an element or component, empty where it is absent."""
    parts = segment.parts
    if address.element >= len(parts):
        return ""
    value = parts[address.element]
    if address.component:
        components = value.split(bytes([segment.delimiters.component]))
        value = components[address.component - 1] if address.component <= len(components) else b""
    return plain(value)


def conflict(placed: Sequence[Placed]) -> tuple[Placed, Placed] | None:
    """Return the first two patches that change one element to different values, or None."""
    by_segment: dict[int, list[Placed]] = {}
    for one in placed:
        for number in one.segments:
            for other in by_segment.setdefault(number, []):
                if one.meets(other):
                    return other, one
            by_segment[number].append(one)
    return None


def write(document: Document, placed: Iterable[Placed]) -> dict[int, bytes | None]:
    """Return the new bytes of every segment that changes; None for a dropped one."""
    values: dict[int, dict[Address, str]] = {}
    dropped: set[int] = set()
    for one in placed:
        if one.address is None:
            dropped.update(one.segments)
        else:
            values.setdefault(one.patch.segment, {})[one.address] = one.patch.new or ""
    out: dict[int, bytes | None] = dict.fromkeys(dropped)
    for number, wanted in values.items():
        segment = document.segment(number)
        if segment is not None and number not in dropped:
            out[number] = segment.replaced(_rewritten(segment, wanted))
    return out


def _rewritten(segment: Segment, wanted: dict[Address, str]) -> bytes:
    """Return the text of a segment with new values; what becomes empty at an end goes, as the format demands."""
    element, component = bytes([segment.delimiters.element]), bytes([segment.delimiters.component])
    parts = segment.parts
    ended = bool(parts[-1])
    for address, new in wanted.items():
        value = new.encode("ascii")
        if value:
            parts += [b""] * (address.element + 1 - len(parts))
        elif address.element >= len(parts):
            continue
        if address.component:
            inner = parts[address.element].split(component)
            inner += [b""] * (address.component - len(inner))
            inner[address.component - 1] = value
            value = component.join(inner) if value else component.join(inner).rstrip(component)
        parts[address.element] = value
    while ended and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return element.join(parts)
