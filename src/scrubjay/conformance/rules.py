"""What pyx12 says about one segment, in the words of the reader's defects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyx12.error_item import EleError, SegError
from pyx12.map_if import composite_if, segment_if
from pyx12.segment import Segment
from pyx12.syntax import is_syntax_valid

_MISSING = re.compile(r'Mandatory (segment|loop) "(.*)" \((\w+)\) missing')
_TOO_OFTEN = re.compile(r"(?:Segment|Loop) (\w+) exceeded max count\.\s+Found \d+, should have (\d+)")
_LISTED = 12
"""Code values named in a finding; a longer list is only counted."""

_PERSONAL = frozenset({"NM1", "N3", "N4", "DMG", "PAT", "REF", "PER", "NTE", "SBR"})
"""Segments in which even a short value may be a patient's."""

_CONDITIONS = ("2", "10")
"""What pyx12 calls a broken condition between elements; it does not say which one."""

_DECISIVE = frozenset({"guide-code", "guide-list", "guide-date"})

_TYPES = {"AN": "text", "ID": "a code", "R": "a number", "DT": "a date", "TM": "a time"}


@dataclass(frozen=True)
class Fault:
    """One rule of the guide that a segment breaks: the kind of defect, its element, what was found and expected."""

    kind: str
    element: str | None
    found: str | None
    expected: str | None


def of_place(error: SegError) -> Fault:
    """Return a fault of the place of a segment: missing, unexpected, or too often."""
    if error.err_cde == "3" and (match := _MISSING.search(error.err_str)):
        what, name, identifier = match.groups()
        parent = getattr(getattr(error.map_node, "parent", None), "id", None)
        inside = f" in loop {parent}" if what == "segment" and parent else ""
        return Fault(
            "guide-missing",
            None,
            None,
            f"loop {identifier} ({name})" if what == "loop" else f"{identifier} ({name}){inside}",
        )
    if error.err_cde in ("4", "5"):
        match = _TOO_OFTEN.search(error.err_str)
        what = "loop" if error.err_cde == "4" else "segment"
        most = f"{what} {match[1]} at most {match[2]} times" if match else f"fewer of this {what}"
        return Fault("guide-repeats", None, None, most)
    if error.err_cde == "2":
        return Fault("guide-unexpected", None, None, "a segment that the guide uses here")
    at = error.map_node
    loop = getattr(getattr(at, "parent", None), "id", None)
    behind = f"a segment that may follow {at.id} in loop {loop}" if at is not None and loop else "another segment"
    return Fault("guide-unexpected", None, None, behind)


def of_elements(node: segment_if, segment: Segment, phi: bool) -> Iterator[Fault]:
    """Yield the faults of the elements of a segment at its place in the guide."""
    name = segment.get_seg_id() or ""
    crowded = list(_crowded(node, segment))
    for position, most in crowded:
        yield Fault("guide-unused", f"{name}{position:02d}", None, f"at most {most} components")
    # pyx12 breaks off at a composite with too many components: it judges the segment without the surplus.
    judged = _trimmed(segment, dict(crowded)) if crowded else segment
    _, errors = node.is_valid_errors(judged)
    faults = [_of_element(error, name, phi) for error in errors if error.map_node is not None]
    # A value that is none of its list is also too long or of the wrong characters: one fact, one fault.
    decided = {fault.element for fault in faults if fault.kind in _DECISIVE}
    yield from (fault for fault in faults if fault.kind in _DECISIVE or fault.element not in decided)
    yield from (
        _of_whole(error, node, name) for error in errors if error.map_node is None and error.err_cde in ("1", "3", "5")
    )
    if not any(error.map_node is None and error.err_cde in _CONDITIONS for error in errors):
        return
    absent = {fault.element for fault in faults if fault.kind == "guide-absent"}
    for rule in node.syntax:
        told = absent & {f"{name}{int(position):02d}" for position in rule[1:]}
        if not told and not is_syntax_valid(judged, rule)[0]:
            yield Fault("guide-syntax", f"{name}{int(rule[1]):02d}", None, _syntax_words(name, rule))


def _of_whole(error: EleError, node: segment_if, name: str) -> Fault:
    """Return a fault of a composite or of the number of elements."""
    if error.err_cde == "1":
        return Fault("guide-absent", error.refdes, None, _name_in(error.err_str))
    if error.err_cde == "5":
        return Fault("guide-unused", error.refdes, None, "nothing: the guide does not use it")
    element = error.refdes or ""
    return Fault(
        "guide-unused",
        element if element.startswith(name) else f"{name}{element}",
        None,
        f"at most {node.get_child_count()} elements",
    )


def _of_element(error: EleError, name: str, phi: bool) -> Fault:
    node = error.map_node
    element = _address(error.refdes or name)
    value = error.err_val or ""
    shown = _shown(value, name, node.get_data_type(), phi)
    match error.err_cde:
        case "1":
            return Fault("guide-absent", element, None, str(node.name))
        case "4":
            return Fault("guide-short", element, shown, f"at least {_count(node.min_len)}")
        case "5":
            return Fault("guide-long", element, shown, f"at most {_count(node.max_len)}")
        case "7":
            return _of_code(node, element, shown)
        case "8":
            return Fault("guide-date", element, shown, "a calendar date")
        case "9":
            return Fault("guide-date", element, shown, "a time of day")
        case "10":
            return Fault("guide-unused", element, None, "nothing: the guide does not use it")
        case _:
            return Fault("guide-form", element, shown, _form(error.err_str, node.get_data_type()))


def _of_code(node: Any, element: str, shown: str | None) -> Fault:
    values = [value for value in node.valid_codes if value]
    if node.external_codes:
        return Fault("guide-list", element, shown, f"a code of the list '{node.external_codes}'")
    if not values:
        return Fault("guide-code", element, shown, "a value of the form the guide asks for")
    rest = f" ... ({len(values)} codes)" if len(values) > _LISTED else ""
    return Fault("guide-code", element, shown, ", ".join(values[:_LISTED]) + rest)


def _form(text: str, kind: str | None) -> str:
    """Say what the characters of an element must be."""
    if "trailing spaces" in text:
        return "no blanks at the end"
    if "control character" in text:
        return "no control characters"
    if "composite" in text:
        return "one value without components"
    return "a whole number" if kind and kind.startswith("N") else _TYPES.get(kind or "", "characters of the X12 set")


def _syntax_words(name: str, rule: list[Any]) -> str:
    """Say a relational condition of X12 in words."""
    places = [f"{name}{int(position):02d}" for position in rule[1:]]
    first, rest = places[0], places[1:]
    match rule[0]:
        case "P":
            return f"all of {', '.join(places)}, or none"
        case "R":
            return f"at least one of {', '.join(places)}"
        case "E":
            return f"at most one of {', '.join(places)}"
        case "C":
            return f"{', '.join(rest)} beside {first}"
        case _:
            return f"one of {', '.join(rest)} beside {first}"


def _shown(value: str, segment: str, kind: str | None, phi: bool) -> str | None:
    """Return what may be told of a value: itself, or only its length where it may be a patient's."""
    if not value:
        return None
    plain = len(value) <= 2 or (kind == "ID" and segment not in _PERSONAL)
    if phi or (plain and value.isascii() and value.isalnum()):
        return value
    return _count(len(value))


def _count(number: int) -> str:
    return f"{number} character{'' if number == 1 else 's'}"


def _address(reference: str) -> str:
    """Return ``SV101-2`` for the reference ``SV101-02``."""
    element, dash, component = reference.partition("-")
    return f"{element}-{int(component)}" if dash and component.isdigit() else reference


def _name_in(text: str) -> str | None:
    found = re.search(r'"(.*)"', text)
    return found[1] if found else None


def _crowded(node: segment_if, segment: Segment) -> Iterator[tuple[int, int]]:
    """Yield position and allowed number of the composites that have too many components."""
    for position, child in enumerate(node.children[: len(segment)], start=1):
        if isinstance(child, composite_if) and child.usage != "N":
            most = child.get_child_count()
            if segment.ele_len(f"{position:02d}") > most:
                yield position, most


def _trimmed(segment: Segment, most: dict[int, int]) -> Segment:
    """Return a copy of a segment without the surplus components."""
    term, mark, part = segment.seg_term, segment.ele_term, segment.subele_term
    elements = segment.format(term, mark, part).rstrip(term).split(mark)
    for position, count in most.items():
        elements[position] = part.join(elements[position].split(part)[:count])
    return Segment(mark.join(elements), term, mark, part)
