"""X12 bytes to columns of segments: no Python object per segment.

A file is read in bounded chunks.  Each chunk becomes a :class:`Segments`: the byte buffer, the positions of its
separators and, per segment, where it starts, its identifier and its number in the file.  Elements are spans of the
buffer; they become columns only where somebody asks for them.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from scrubjay.errors import InputError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

ISA_LENGTH = 106
"""Characters of an ISA segment with its terminator: every element of it has a fixed width (X12.5)."""

NEWLINES = (10, 13)


PADDING = b"\0" * 16
"""Bytes that stand behind every buffer, so that a word can be loaded at any offset of it."""

TOO_LONG = np.uint64(0xFFFFFFFFFFFFFFFF)
"""Key of a value longer than eight characters: equal to no packed name."""


def pack(identifier: str) -> np.uint64:
    """Pack an identifier or qualifier of up to eight characters into the word that vector code compares."""
    return np.uint64(int.from_bytes(identifier.encode("ascii").ljust(8, b"\0"), "big"))


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


_KEPT = 4


def gather(values: Ints, at: Ints) -> Ints:
    """Return the values at the given places; an index beyond the end stands for the last.

    The same as ``values[at]`` for good indices, in half the time.
    """
    return values.take(at, mode="clip")


class Segments:
    """The segments of one chunk, all of one interchange syntax.

    ``buffer`` uint8 bytes, with :data:`PADDING` behind them; ``start`` where each segment's identifier begins;
    ``first``/``last`` its slice of ``separators`` (``last`` is the terminator); ``ident`` the packed identifier;
    ``number`` the 1-based number of the segment in the file (ISA = 1); ``context`` true for segments repeated from an
    earlier chunk to carry the envelope and hierarchy along.
    """

    def __init__(self, data: bytes, delimiters: Delimiters, first_number: int, context_numbers: Ints) -> None:
        padded = np.frombuffer(data + PADDING, dtype=np.uint8)
        buffer = padded[: len(data)]
        self.buffer = buffer
        self.delimiters = delimiters
        # One overlapping word per byte: an element of up to eight characters is a single load.
        self.words: Words = np.ndarray((len(data) + 8,), dtype="<u8", buffer=padded, strides=(1,))
        self.low = np.flatnonzero(buffer < 32)
        self.is_ascii = not len(buffer) or int(buffer.max()) < 0x80
        separators = np.flatnonzero((buffer == delimiters.element) | (buffer == delimiters.segment))
        terminators = np.flatnonzero(buffer[separators] == delimiters.segment)
        ends = separators[terminators]
        starts = np.empty_like(ends)
        first = np.empty_like(terminators)
        if len(starts):
            starts[0] = first[0] = 0
            starts[1:] = ends[:-1] + 1
            first[1:] = terminators[:-1] + 1
            starts = _skip_blank(buffer, starts, ends)
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
        carried = len(context_numbers)
        self.number: Ints = np.concatenate(
            [context_numbers, first_number + np.arange(len(self.start) - carried, dtype=np.int64)]
        )
        self.context: Bools = np.arange(len(self.start)) < carried
        self._components: Ints | None = None
        self._rows: dict[int, tuple[Ints, Ints, Ints, int]] = {}
        self._base: tuple[Ints, Ints] | None = None
        self._found: dict[str, Ints] = {}
        self._keys: dict[tuple[str, int], Words] = {}
        self._numbers: dict[tuple[str, int, int], tuple[Ints, Bools]] = {}

    def __len__(self) -> int:
        return len(self.start)

    def where(self, identifier: str) -> Ints:
        """Return the indices of the segments with this identifier, in order."""
        found = self._found.get(identifier)
        if found is None:
            found = self._found[identifier] = np.flatnonzero(self.ident == pack(identifier))
        return found

    def truncated(self, count: int) -> Segments:
        """Return the first ``count`` segments; the buffer is shared."""
        other = object.__new__(Segments)
        other.__dict__.update(self.__dict__)
        for name in ("start", "end", "first", "last", "ident", "number", "context"):
            setattr(other, name, getattr(self, name)[:count])
        other._base = None
        other._rows, other._found, other._keys, other._numbers = {}, {}, {}, {}
        other.low = self.low[: int(np.searchsorted(self.low, other.end[-1]))] if count else self.low[:0]
        return other

    def numbers(self, identifier: str, element: int, scale: int, at: Ints) -> tuple[Ints, Bools]:
        """Return a decimal element of the segments ``at``, which have this identifier; parsed once for all of them."""
        every = self.where(identifier)
        kept = self._numbers.get((identifier, element, scale))
        if kept is None:
            kept = self._numbers[identifier, element, scale] = decimals(self, self.span(every, element), scale)
        if len(at) == len(every) and np.array_equal(at, every):
            return kept
        place = np.searchsorted(every, np.maximum(at, 0))
        place = np.minimum(place, max(len(every) - 1, 0))
        if not len(every):
            return np.zeros(len(at), dtype=np.int64), np.zeros(len(at), dtype=bool)
        return gather(kept[0], place), kept[1][place] & (at >= 0)

    def small(self, span: tuple[Ints, Ints]) -> tuple[Ints, Bools]:
        """Parse spans of one or two digits, and say which are that."""
        key = self.key(span)
        tens = ((key >> np.uint64(56)) & np.uint64(0xFF)).astype(np.int64) - 48
        ones = ((key >> np.uint64(48)) & np.uint64(0xFF)).astype(np.int64) - 48
        length = span[1] - span[0]
        first = (tens >= 0) & (tens <= 9)
        ok = ((length == 1) & first) | ((length == 2) & first & (ones >= 0) & (ones <= 9))
        return np.where(length == 1, tens, tens * 10 + ones), ok

    def count_elements(self, at: Ints) -> Ints:
        """Return how many elements each of the segments ``at`` has."""
        return self.last[at] - self.first[at]

    def span(self, at: Ints, element: int) -> tuple[Ints, Ints]:
        """Return start and end offsets of an element (1-based) of the segments ``at``; empty where it is absent.

        An index of -1 in ``at`` stands for "no such segment" and gives an empty span.
        """
        if not len(self.start) or not len(at):
            zero = np.zeros(len(at), dtype=np.int64)
            return zero, zero
        base, count, fewest = self._slices(at)
        left = base + (element - 1)
        if fewest >= element:
            return gather(self.separators, left) + 1, gather(self.separators, left + 1)
        absent = count < element
        left[absent] = 0
        start = gather(self.separators, left) + 1
        end = gather(self.separators, left + 1)
        start[absent] = 0
        end[absent] = 0
        return start, end

    def _slices(self, at: Ints) -> tuple[Ints, Ints, int]:
        """Return where the separators of the segments begin, how many elements follow, and the fewest of any.

        Callers ask for one element after the other of the same segments, so the last few answers are kept.
        """
        kept = self._rows.get(id(at))
        if kept is not None:
            return kept[1:]
        if int(at.min()) < 0:
            index = np.maximum(at, 0)
            base = gather(self.first, index)
            count = gather(self.last, index) - base
            count[at < 0] = 0
        else:
            base = gather(self.first, at)
            count = gather(self.last, at) - base
        fewest = int(count.min())
        if len(self._rows) >= _KEPT:
            self._rows.pop(next(iter(self._rows)))
        # The indices are kept too: while they live, no other array can have their identity.
        self._rows[id(at)] = (at, base, count, fewest)
        return base, count, fewest

    def keys_of(self, identifier: str, element: int) -> Words:
        """Return an element of all segments with this identifier as packed keys."""
        kept = self._keys.get((identifier, element))
        if kept is None:
            kept = self._keys[identifier, element] = self.qualifier(self.where(identifier), element)
        return kept

    def component(self, span: tuple[Ints, Ints], which: int) -> tuple[Ints, Ints]:
        """Return the span of a component (1-based) inside element spans; empty where it is absent."""
        if self._components is None:
            self._components = np.flatnonzero(self.buffer == self.delimiters.component)
        start, end = span
        marks = self._components
        if not len(marks):
            return (start, end) if which == 1 else (start, start)
        if self._base is None or self._base[0] is not start:
            self._base = (start, np.searchsorted(marks, start))
        base = self._base[1]
        top = len(marks) - 1
        if which == 1:
            left = start
        else:
            index = base + (which - 2)
            left = gather(marks, index) + 1
            absent = (index > top) | (left > end)
            left = np.where(absent, end, left)
        index = base + (which - 1)
        right = gather(marks, index)
        return left, np.maximum(np.where((index > top) | (right > end), end, right), left)

    def rest(self, span: tuple[Ints, Ints], which: int) -> tuple[Ints, Ints]:
        """Return the span from a component (1-based) to the end of the element."""
        left, right = self.component(span, which)
        return left, np.where(right > left, span[1], left)

    def key(self, span: tuple[Ints, Ints]) -> Words:
        """Return values of up to eight characters packed as :func:`pack` does; 0 for none, TOO_LONG for longer ones."""
        start, end = span
        length = end - start
        value = self.words[start].byteswap()
        value &= _MASKS[np.minimum(length, 8)]
        value[length > 8] = TOO_LONG
        return value

    def qualifier(self, at: Ints, element: int = 1) -> Words:
        """Return an element as its packed key."""
        return self.key(self.span(at, element))

    def text(self, span: tuple[Ints, Ints]) -> pl.Series:
        """Return spans as a string column; empty spans are null."""
        return strings(self, *span)

    def code(self, span: tuple[Ints, Ints]) -> pl.Series:
        """Return spans as codes: upper case, without blanks around them."""
        text = strings(self, *span)
        if text.null_count() == len(text):
            return text
        start, end = span
        length = end - start
        longest = int(length.max())
        blank = (self.buffer[start] == 32) | (self.buffer[np.maximum(end, 1) - 1] == 32)
        lower = longest > 16
        for offset in range(0, min(longest, 16), 8):
            word = self.words[start + offset] & _LOW[np.clip(length - offset, 0, 8)]
            # Bits 6 and 5 of a byte are both set in a to z (and four marks that no code holds) and in no capital.
            lower = lower or bool((word & ((word & _BIT5) << np.uint64(1)) & _BIT6).any())
        if not lower and not blank.any():
            return text
        return text.str.strip_chars().str.to_uppercase()

    def raw(self, index: int) -> str:
        """Return one segment as written, without its terminator."""
        return bytes(self.buffer[self.start[index] : self.end[index]]).decode("utf-8", "replace")

    def element_text(self, index: int, element: int) -> str:
        """Return one element of one segment, empty where it is absent."""
        start, end = self.span(np.array([index]), element)
        return bytes(self.buffer[start[0] : end[0]]).decode("utf-8", "replace")


def _skip_blank(buffer: Bytes, starts: Ints, ends: Ints) -> Ints:
    """Move each start over line ends, blanks and tabs that writers put between segments."""
    starts = starts.copy()
    active = np.arange(len(starts))
    while len(active):
        byte = buffer[starts[active]]
        blank = ((byte == 10) | (byte == 13) | (byte == 32) | (byte == 9)) & (starts[active] < ends[active])
        active = active[blank]
        starts[active] += 1
    return starts


_NONE = np.zeros(0, dtype=np.int64)
_INLINE = 12
"""A string of up to twelve bytes lies inside its view (Arrow columnar format, string view layout)."""


def strings(segments: Segments, start: Ints, end: Ints) -> pl.Series:
    """Return spans of the buffer as a Polars string column; an empty span is null.  Latin-1 is the last resort."""
    length = end - start
    longest = int(length.max(initial=0))
    if not longest:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(start))
    if not segments.is_ascii:
        return _checked_strings(segments.buffer, start, end)
    views = np.zeros((len(start), 2), dtype=np.uint64)
    views[:, 0] = ((segments.words[start] & _LOW[np.minimum(length, 4)]) << np.uint64(32)) | length.astype(np.uint64)
    if longest > 4:
        views[:, 1] = segments.words[start + 4] & _LOW[np.clip(length - 4, 0, 8)]
    long = np.flatnonzero(length > _INLINE) if longest > _INLINE else _NONE
    copied = np.zeros(0, dtype=np.uint8)
    if len(long):
        # Longer text goes to a buffer of its own, so that a column does not hold the whole chunk in memory.
        copied, offsets = _concatenated(segments.buffer, start[long], length[long])
        views[long, 1] = offsets[:-1].astype(np.uint64) << np.uint64(32)
    valid = np.packbits(length > 0, bitorder="little")
    array = pa.Array.from_buffers(
        pa.string_view(), len(start), [pa.py_buffer(valid), pa.py_buffer(views), pa.py_buffer(copied)]
    )
    return pl.Series(array)


def _concatenated(buffer: Bytes, start: Ints, length: Ints) -> tuple[Bytes, Ints]:
    """Return the spans' bytes one after the other, and where each begins (and the last ends)."""
    offsets = np.zeros(len(start) + 1, dtype=np.int64)
    np.cumsum(length, out=offsets[1:])
    return buffer[np.arange(int(offsets[-1])) + np.repeat(start - offsets[:-1], length)], offsets


def _checked_strings(buffer: Bytes, start: Ints, end: Ints) -> pl.Series:
    """Return spans as strings where some bytes of the buffer are not ASCII."""
    taken, offsets = _concatenated(buffer, start, end - start)
    try:
        taken.tobytes().decode("utf-8")
    except UnicodeDecodeError:
        values = [buffer[a:b].tobytes().decode("latin-1") if b > a else None for a, b in zip(start, end, strict=True)]
        return pl.Series(values, dtype=pl.String)
    valid = np.packbits(end > start, bitorder="little")
    array = pa.LargeStringArray.from_buffers(
        len(start), pa.py_buffer(offsets), pa.py_buffer(taken), pa.py_buffer(valid)
    )
    return pl.Series(array)


def decimals(segments: Segments, span: tuple[Ints, Ints], scale: int) -> tuple[Ints, Bools]:
    """Parse decimal spans into integers scaled by ``10**scale`` and say which are well formed.

    Well formed: an optional minus, digits, at most one point, at most 15 digits, no further decimals than ``scale``
    other than zeros.  An empty span is not well formed.
    """
    start, end = span
    length = end - start
    width = int(min(length.max(initial=0), 17))
    value = np.zeros(len(start), dtype=np.int64)
    ok = (length > 0) & (length <= 17)
    negative = np.zeros(len(start), dtype=bool)
    seen_point = np.zeros(len(start), dtype=bool)
    places = np.zeros(len(start), dtype=np.int64)
    digits = np.zeros(len(start), dtype=np.int64)
    word = np.zeros(len(start), dtype=np.uint64)
    for k in range(width):
        if k % 8 == 0:
            # Spans that have ended load what follows their start: it is not looked at.
            word = segments.words[np.where(length > k, start + k, start)]
        live = length > k
        byte = ((word >> np.uint64(8 * (k % 8))) & np.uint64(0xFF)).astype(np.uint8)
        digit = byte - np.uint8(48)
        is_digit = live & (digit <= 9)
        is_point = live & (byte == 46)
        good = ~live | is_digit | (is_point & ~seen_point)
        if k == 0:
            negative = live & (byte == 45)
            good |= negative
        ok &= good
        keep = is_digit & (~seen_point | (places < scale))
        value = np.where(keep, value * 10 + digit, value)
        ok &= ~(is_digit & ~keep & (digit != 0))
        places += keep & seen_point
        digits += is_digit
        seen_point |= is_point
    ok &= (digits > 0) & (digits <= 15)
    value *= _POWERS[np.clip(scale - places, 0, scale)]
    return np.where(negative, -value, value), ok


_BIT5 = np.uint64(0x2020202020202020)
_BIT6 = np.uint64(0x4040404040404040)
_POWERS = 10 ** np.arange(10, dtype=np.int64)
_MASKS = np.array([(0xFFFFFFFFFFFFFFFF << (64 - 8 * k)) & 0xFFFFFFFFFFFFFFFF for k in range(9)], dtype=np.uint64)
_LOW = np.array([(1 << (8 * k)) - 1 for k in range(9)], dtype=np.uint64)
_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.int64)
_DAYS_IN = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)


def dates(segments: Segments, span: tuple[Ints, Ints]) -> tuple[Ints, Bools]:
    """Parse ``CCYYMMDD`` spans into days since 1970-01-01 and say which are real calendar dates from 1800 on."""
    start, end = span
    ok = (end - start) == 8
    word = segments.words[start]
    digit = [((word >> np.uint64(8 * k)) & np.uint64(0xFF)).astype(np.int64) - 48 for k in range(8)]
    for value in digit:
        ok &= (value >= 0) & (value <= 9)
    year = digit[0] * 1000 + digit[1] * 100 + digit[2] * 10 + digit[3]
    month = digit[4] * 10 + digit[5]
    day = digit[6] * 10 + digit[7]
    ok &= (month >= 1) & (month <= 12) & (year >= 1800)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    index = np.clip(month - 1, 0, 11)
    ok &= (day >= 1) & (day <= _DAYS_IN[index] + (leap & (month == 2)))
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 - 719162
    days = days + _DAYS_BEFORE[index] + (leap & (month > 2)) + day - 1
    return days, ok


class ByteSource:
    """Bytes of an input in UTF-8, whatever it was written in: a UTF-8 mark is dropped, UTF-16 is decoded."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        head = stream.read(4)
        self._decoder: codecs.IncrementalDecoder | None = None
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        elif len(head) == 4 and head[1] == 0 and head[3] == 0:
            self._decoder = codecs.getincrementaldecoder("utf-16-le")("replace")
        elif len(head) == 4 and head[0] == 0 and head[2] == 0:
            self._decoder = codecs.getincrementaldecoder("utf-16-be")("replace")
        elif head.startswith(codecs.BOM_UTF8):
            head = head[3:]
        self.consumed = len(head)
        self._head = self._decode(head, final=False)

    def _decode(self, data: bytes, *, final: bool) -> bytes:
        return data if self._decoder is None else self._decoder.decode(data, final).encode("utf-8")

    def read(self, size: int) -> bytes:
        """Return up to about ``size`` further bytes, empty at the end."""
        data = self._stream.read(size)
        self.consumed += len(data)
        out = self._head + self._decode(data, final=not data)
        self._head = b""
        if not out and data:
            return self.read(size)
        return out
