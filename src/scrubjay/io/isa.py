"""The interchange header: where it is, which four characters it names, and how long it is."""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay.errors import InputError

ISA_LENGTH = 106
"""Characters of an ISA segment with its terminator: every element of it has a fixed width (X12.5)."""

NEWLINES = (10, 13)


@dataclass(frozen=True)
class Delimiters:
    """The four characters an interchange names in its ISA, as byte values."""

    element: int
    component: int
    repetition: int
    segment: int


@dataclass(frozen=True)
class IsaHeader:
    """An ISA as found: its delimiters, its sixteen elements, where it starts and its length with the terminator."""

    delimiters: Delimiters
    elements: tuple[str, ...]
    offset: int
    length: int


def read_isa(data: bytes, offset: int, file: str) -> IsaHeader:
    """Read the ISA at ``offset`` by its separators, so that one of the wrong length is still understood.

    Raises :class:`InputError` where the sixteen elements cannot be told apart.
    """
    element = data[offset + 3]
    ends: list[int] = []
    at = offset + 2
    for _ in range(16):
        at = data.find(bytes([element]), at + 1, offset + 400)
        if at < 0:
            raise InputError(file, f"the ISA has {len(ends)} of 16 elements; the interchange header is damaged", 1)
        ends.append(at)
    component_at = ends[15] + 1
    while component_at < len(data) and data[component_at] in NEWLINES:
        component_at += 1
    segment_at = component_at + 1
    if segment_at >= len(data):
        raise InputError(file, "the file ends inside the ISA; ask for the whole file again", 1)
    # A line wrapped inside the ISA puts a newline before the real terminator; a newline that is followed by GS ends it.
    if data[segment_at] in NEWLINES:
        after = data[segment_at : segment_at + 80].lstrip()
        if not after.startswith((b"GS", b"TA1", b"IEA", b"ISB")) and after:
            segment_at = data.index(after[:1], segment_at)
    elements = [data[a + 1 : b].decode("latin-1") for a, b in zip(ends, [*ends[1:], component_at + 1], strict=False)]
    repetition = elements[10].strip("\r\n")[:1]
    return IsaHeader(
        Delimiters(element, data[component_at], ord(repetition) if repetition else 0, data[segment_at]),
        tuple(e.strip("\r\n") for e in elements),
        offset,
        segment_at + 1 - offset,
    )


def find_isa(data: bytes, start: int = 0) -> int:
    """Return the offset of the next ISA that looks like a header, or -1: ``ISA``, a separator, and ``dd`` after it."""
    at = start
    while True:
        at = data.find(b"ISA", at)
        if at < 0:
            return -1
        head = data[at : at + 7].translate(None, b"\r\n")
        before = data[at - 1 : at]
        if len(head) >= 6 and not before.isalnum() and not head[3:4].isalnum() and head[3:4] not in (b" ", b"\0"):
            body = data[at + 3 : at + 400]
            if body.count(head[3:4]) >= 10:
                return at
        at += 3
