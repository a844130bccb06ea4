"""X12 bytes to columns of segments: no Python object per segment.

A file is read in bounded chunks.  Each chunk becomes a :class:`Segments`: the byte buffer, the positions of its
separators and, per segment, where it starts, its identifier and its number in the file.  Elements are spans of the
buffer; they become columns only where somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scrubjay.io.isa import Delimiters
from scrubjay.io.spans import TOO_LONG, Bools, Bytes, Ints, Span, Spans, Words, gather, pack

_NONE = np.zeros(0, dtype=np.int64)
_KEPT = 4
"""Groups of segments (and of elements) whose separators are remembered: callers ask for one part of them after the other."""


class Segments(Spans):
    """The segments of one chunk, all of one interchange syntax.

    ``start`` where each segment's identifier begins, ``end`` its terminator; ``first``/``last`` its slice of ``separators``
    (``last`` is the terminator); ``ident`` the packed identifier and ``kind`` its number (see :func:`kind_of`);
    ``number`` the 1-based number of the segment in the file (ISA = 1); ``context`` true for segments repeated from an
    earlier chunk to carry the envelope and hierarchy along.
    """

    def __init__(self, data: bytes, delimiters: Delimiters, first_number: int, context_numbers: Ints) -> None:
        super().__init__(data)
        buffer = self.buffer
        self.delimiters = delimiters
        separators = np.flatnonzero((buffer == delimiters.element) | (buffer == delimiters.segment))
        terminators = np.flatnonzero(buffer.take(separators, mode="clip") == delimiters.segment)
        ends = separators[terminators]
        starts = np.empty_like(ends)
        first = np.empty_like(terminators)
        if len(starts):
            starts[0] = first[0] = 0
            starts[1:] = ends[:-1] + 1
            first[1:] = terminators[:-1] + 1
            skip_blank(buffer, starts, ends)
        # Blank segments (a terminator after a terminator, a last newline) are no segments.
        real = starts < ends
        if not real.all():
            starts, ends, first, terminators = starts[real], ends[real], first[real], terminators[real]
        self.separators = separators
        self.start: Ints = starts
        self.end: Ints = ends
        self.first: Ints = first
        self.last: Ints = terminators
        self.ident = self.key((starts, separators[first] if len(first) else starts))
        self.ident[self.ident == 0] = TOO_LONG
        self.kind: Bytes = _kinds(self.ident)
        carried = len(context_numbers)
        self.number: Ints = np.concatenate(
            [context_numbers, first_number + np.arange(len(self.start) - carried, dtype=np.int64)]
        )
        self.context: Bools = np.arange(len(self.start)) < carried
        self._by_kind: tuple[Ints, list[int]] | None = None
        self._forget()

    def _forget(self) -> None:
        """Begin without remembered answers."""
        self._rows: dict[int, tuple[Ints, Ints, Ints, int, dict[int, Ints]]] = {}
        self._parts: dict[int, tuple[Ints, Ints, list[Ints]]] = {}
        self._within: dict[tuple[str, int], tuple[Bools, Bools]] = {}
        self._found: dict[str, Ints] = {}
        self._keys: dict[tuple[str, int], Words] = {}
        self._numbers: dict[tuple[str, int, int], tuple[Ints, Bools]] = {}
        self._controls: Ints | None = None

    def __len__(self) -> int:
        return len(self.start)

    @property
    def controls(self) -> Ints:
        """Offsets of control characters, line ends among them, inside segments."""
        if self._controls is None:
            self._controls = self._find_controls()
        return self._controls

    def _find_controls(self) -> Ints:
        if not len(self):
            return _NONE
        first, last = int(self.start[0]), int(self.end[-1])
        low = self.buffer[first:last] < 32
        if int(np.count_nonzero(low)) == self._between():
            return _NONE
        at = np.flatnonzero(low) + first
        owner = np.searchsorted(self.start, at, side="right") - 1
        return at[at < self.end[owner]]

    def _between(self) -> int:
        """Count the control characters between segments: a line end after each is so usual that counting saves a search."""
        before, gap = self.end[:-1], self.start[1:] - self.end[:-1] - 1
        widest = min(int(gap.max(initial=0)), 2)
        return sum(int(np.count_nonzero(self.buffer[before[gap >= k] + k] < 32)) for k in range(1, widest + 1))

    def where(self, identifier: str) -> Ints:
        """Return the indices of the segments with this identifier, in order."""
        found = self._found.get(identifier)
        if found is None:
            kind = kind_of(identifier)
            if self._by_kind is None:
                # One sort finds them all; it is stable, so that each kind stays in order.
                bounds = np.cumsum(np.bincount(self.kind, minlength=256)).tolist()
                self._by_kind = np.argsort(self.kind, kind="stable"), bounds
            order, bounds = self._by_kind
            found = order[bounds[kind - 1] : bounds[kind]]
            found = self._found[identifier] = found[: int(np.searchsorted(found, len(self)))]
        return found

    def within(self, identifier: str, region: Bools) -> Bools:
        """Say which of the segments with this identifier stand in a region of the chunk."""
        kept = self._within.get((identifier, id(region)))
        if kept is None:
            # The region is kept too: while it lives, no other array can have its identity.
            kept = self._within[identifier, id(region)] = (region, region[self.where(identifier)])
        return kept[1]

    def mapped(self, values: Mapping[str, int]) -> Bytes:
        """Return for every segment the small number its identifier stands for, 0 where it stands for none."""
        table = bytearray(256)
        for name, value in values.items():
            table[kind_of(name)] = value
        # A table of bytes is looked up many times faster this way than by an array of indices.
        return np.frombuffer(self.kind.tobytes().translate(bytes(table)), dtype=np.uint8)

    def truncated(self, count: int) -> Segments:
        """Return the first ``count`` segments; the buffer is shared, and the order of all segments by kind."""
        other = object.__new__(Segments)
        other.__dict__.update(self.__dict__)
        for name in ("start", "end", "first", "last", "ident", "kind", "number", "context"):
            setattr(other, name, getattr(self, name)[:count])
        other._forget()
        return other

    def numbers(self, identifier: str, element: int, scale: int, at: Ints) -> tuple[Ints, Bools]:
        """Return a decimal element of the segments ``at``, which have this identifier; parsed once for all of them."""
        every = self.where(identifier)
        kept = self._numbers.get((identifier, element, scale))
        if kept is None:
            kept = self._numbers[identifier, element, scale] = self.decimals(self.span(every, element), scale)
        if len(at) == len(every) and np.array_equal(at, every):
            return kept
        if not len(every):
            return np.zeros(len(at), dtype=np.int64), np.zeros(len(at), dtype=bool)
        place = np.minimum(np.searchsorted(every, np.maximum(at, 0)), len(every) - 1)
        return gather(kept[0], place), kept[1][place] & (at >= 0)

    def count_elements(self, at: Ints) -> Ints:
        """Return how many elements each of the segments ``at`` has."""
        return self.last[at] - self.first[at]

    def span(self, at: Ints, element: int) -> Span:
        """Return start and end offsets of an element (1-based) of the segments ``at``; empty where it is absent.

        An index of -1 in ``at`` stands for "no such segment" and gives an empty span.
        """
        if not len(self.start) or not len(at):
            zero = np.zeros(len(at), dtype=np.int64)
            return zero, zero
        _, base, count, fewest, marks = self._slices(at)
        start = self._mark(base, marks, element - 1) + 1
        end = self._mark(base, marks, element)
        if fewest >= element:
            return start, end
        absent = count < element
        return np.where(absent, 0, start), np.where(absent, 0, end)

    def _mark(self, base: Ints, marks: dict[int, Ints], which: int) -> Ints:
        """Return the separator behind an element; one element ends where the next begins."""
        mark = marks.get(which)
        if mark is None:
            mark = marks[which] = gather(self.separators, base + which)
        return mark

    def _slices(self, at: Ints) -> tuple[Ints, Ints, Ints, int, dict[int, Ints]]:
        """Return where the separators of the segments begin, how many elements follow, the fewest of any, and the marks."""
        kept = self._rows.get(id(at))
        if kept is not None:
            return kept
        base = gather(self.first, at)
        count = gather(self.last, at) - base
        if int(at.min()) < 0:
            count[at < 0] = 0
        if len(self._rows) >= _KEPT:
            self._rows.pop(next(iter(self._rows)))
        # The indices are kept too: while they live, no other array can have their identity.
        kept = self._rows[id(at)] = (at, base, count, int(count.min()), {})
        return kept

    def keys_of(self, identifier: str, element: int) -> Words:
        """Return an element of all segments with this identifier as packed keys."""
        kept = self._keys.get((identifier, element))
        if kept is None:
            kept = self._keys[identifier, element] = self.qualifier(self.where(identifier), element)
        return kept

    def component(self, span: Span, which: int) -> Span:
        """Return the span of a component (1-based) inside element spans; empty where it is absent."""
        start, end = span
        right = self._component_end(span, which)
        # A component begins behind the end of the one before it; the last one ends where the element does.
        return (start if which == 1 else np.minimum(self._component_end(span, which - 1) + 1, end)), right

    def _component_end(self, span: Span, which: int) -> Ints:
        """Return where components end; asked one after the other of the same spans, so the answers are kept meanwhile."""
        start, end = span
        kept = self._parts.get(id(start))
        if kept is None or kept[0] is not start or kept[1] is not end:
            if len(self._parts) >= _KEPT:
                self._parts.pop(next(iter(self._parts)))
            kept = self._parts[id(start)] = (start, end, [self._next_component(start, end)])
        ends = kept[2]
        while len(ends) < which:
            # Most elements end after a component or two: only in the others there is a next one.
            more = np.flatnonzero(ends[-1] < end)
            following = end
            if len(more):
                following = end.copy()
                following[more] = self._next_component(ends[-1][more] + 1, end[more])
            ends.append(following)
        return ends[which - 1]

    def _next_component(self, start: Ints, end: Ints) -> Ints:
        """Return the first component separator from each start on, the end where there is none before it."""
        found = self.find(start, self.delimiters.component)
        far = np.flatnonzero((found - start == 8) & (found < end))
        np.minimum(found, end, out=found)
        if len(far):
            # Components of more than eight characters are rare: these are searched among all separators.
            marks = np.flatnonzero(self.buffer == self.delimiters.component)
            marks = np.append(marks, len(self.buffer))
            found[far] = np.minimum(marks[np.searchsorted(marks, start[far])], end[far])
        return found

    def rest(self, span: Span, which: int) -> Span:
        """Return the span from a component (1-based) to the end of the element."""
        left, right = self.component(span, which)
        return left, np.where(right > left, span[1], left)

    def qualifier(self, at: Ints, element: int = 1) -> Words:
        """Return an element as its packed key."""
        return self.key(self.span(at, element))

    def raw(self, index: int) -> str:
        """Return one segment as written, without its terminator."""
        return bytes(self.buffer[self.start[index] : self.end[index]]).decode("utf-8", "replace")

    def element_text(self, index: int, element: int) -> str:
        """Return one element of one segment, empty where it is absent."""
        if self.last[index] - self.first[index] < element:
            return ""
        at = self.first[index] + element
        return bytes(self.buffer[self.separators[at - 1] + 1 : self.separators[at]]).decode("utf-8", "replace")


def skip_blank(buffer: Bytes, starts: Ints, ends: Ints) -> None:
    """Move each start over line ends, blanks and tabs that writers put between segments."""
    active = np.flatnonzero(_blank(buffer.take(starts, mode="clip")) & (starts < ends))
    while len(active):
        moved = starts[active] + 1
        starts[active] = moved
        active = active[_blank(buffer.take(moved, mode="clip")) & (moved < ends[active])]


def _blank(byte: Bytes) -> Bools:
    blank: Bools = (byte == 10) | (byte == 13) | (byte == 32) | (byte == 9)
    return blank


_NAMES = (
    "ISA ISB ISE GS ST SE GE IEA TA1 BHT NM1 N1 N2 N3 N4 REF PER HL PRV CUR SBR PAT DMG CLM DTP PWK CN1 AMT K3 NTE CR1 CR2 CR3 CRC "
    "HI HCP CAS OI MIA MOA LX SV1 SV2 SV3 SV4 SV5 PS1 QTY MEA LQ FRM LIN CTP SVD CL1 TOO DN1 DN2 BPR TRN DTM RDM TS3 TS2 "
    "CLP SVC PLB STC AK1 AK2 AK3 AK4 AK5 AK9 IK3 IK4 IK5 CTX"
).split()
"""Identifiers that somebody asks for; all others are of kind 0."""

_KINDS = {name: number for number, name in enumerate(_NAMES, start=1)}


def kind_of(identifier: str) -> int:
    """Return the number of an identifier; raises KeyError for one that no reader knows."""
    return _KINDS[identifier]


def _slot(ident: Words) -> Words:
    """Return the place of an identifier in a table: six bits of each of its three characters, which tell A-Z and 0-9 apart."""
    six = np.uint64(63)
    slot: Words = ident & six
    slot |= (ident >> np.uint64(2)) & (six << np.uint64(6))
    slot |= (ident >> np.uint64(4)) & (six << np.uint64(12))
    return slot


_IDENTS = np.array([0, *(pack(name) for name in _NAMES)], dtype=np.uint64)
_KIND_AT = np.zeros(1 << 18, dtype=np.uint8)
_KIND_AT[_slot(_IDENTS)[1:]] = np.arange(1, len(_IDENTS), dtype=np.uint8)


def _kinds(ident: Words) -> Bytes:
    """Return the kind of each packed identifier."""
    kind = _KIND_AT[_slot(ident).view(np.int64)]
    kind[_IDENTS[kind] != ident] = 0
    return kind
