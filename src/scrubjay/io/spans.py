"""What spans of an input's bytes say: text, codes, numbers and dates, for a whole column of spans at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Span = tuple[Ints, Ints]
"""Where values begin and end in the bytes."""

_LEAD = b"\0" * 8
PADDING = b"\0" * 16
"""Bytes that stand behind every buffer, so that a word can be loaded at any offset of it."""

TOO_LONG = np.uint64(0xFFFFFFFFFFFFFFFF)
"""Key of a value longer than eight characters: equal to no packed name."""

_LOW = np.array([(1 << (8 * k)) - 1 for k in range(9)], dtype=np.uint64)
"""The first k bytes of a word."""


@lru_cache(maxsize=1024)
def pack(name: str) -> np.uint64:
    """Pack an identifier or qualifier of up to eight characters into the word that vector code compares."""
    return np.uint64(int.from_bytes(name.encode("ascii").ljust(8, b"\0"), "little"))


def gather(values: Ints, at: Ints) -> Ints:
    """Return the values at the given places; an index beyond the end stands for the last.

    The same as ``values[at]`` for good indices, in half the time.
    """
    return values.take(at, mode="clip")


class Spans:
    """Bytes, and what spans of them say.

    ``buffer`` uint8 bytes; ``words`` one overlapping little-endian word per byte, so that a value of up to eight characters
    is a single load; ``is_ascii`` whether no byte has its high bit set.  ``_wide`` holds per byte the sixteen from four
    before it: a string view has its length in these four and up to twelve characters behind them.
    """

    def __init__(self, data: bytes) -> None:
        lead = len(_LEAD)
        padded = np.frombuffer(b"".join((_LEAD, data, PADDING)), dtype=np.uint8)
        self.buffer: Bytes = padded[lead : lead + len(data)]
        self.words: Words = np.ndarray((len(data) + 8,), dtype="<u8", buffer=padded, offset=lead, strides=(1,))
        self._wide = np.ndarray((len(data) + 4,), dtype=_WIDE, buffer=padded, offset=lead - 4, strides=(1,))
        self.is_ascii = data.isascii()

    def key(self, span: Span) -> Words:
        """Return values of up to eight characters packed as :func:`pack` does; 0 for none, TOO_LONG for longer ones."""
        start, end = span
        length = end - start
        value = self.words[start]
        if not len(length):
            return value
        value &= _LOW.take(length, mode="clip")
        if int(length.max()) > 8:
            value[length > 8] = TOO_LONG
        return value

    def text(self, span: Span) -> pl.Series:
        """Return spans as a string column; an empty span is null.  Latin-1 is the last resort."""
        start, end = span
        length = end - start
        longest = int(length.max(initial=0))
        if not longest:
            return nothing(len(length))
        if not self.is_ascii:
            return _checked_strings(self.buffer, start, end)
        return self._strings(self._views(start, length), start, length, longest)

    def code(self, span: Span) -> pl.Series:
        """Return spans as codes: upper case, without blanks around them."""
        start, end = span
        length = end - start
        longest = int(length.max(initial=0))
        if not longest:
            return nothing(len(length))
        if self.is_ascii and longest <= _INLINE:
            views = self._views(start, length)
            text = self._strings(views, start, length, longest)
            if not _needs_care(views[:, 0] >> np.uint64(32)) and (longest <= 4 or not _needs_care(views[:, 1])):
                return text
        else:
            text = self.text(span)
        return text.str.strip_chars().str.to_uppercase()

    def find(self, start: Ints, byte: int) -> Ints:
        """Return the first place of a byte in the eight bytes from each start on; start + 8 where it is not among them."""
        place = _first_place(self.words[start], _ONES * np.uint64(byte))
        place += start
        return place

    def small(self, span: Span) -> tuple[Ints, Bools]:
        """Parse spans of one or two digits, and say which are that."""
        key = self.key(span)
        first = (key & _BYTE).astype(np.int64) - 48
        second = ((key >> np.uint64(8)) & _BYTE).astype(np.int64) - 48
        length = span[1] - span[0]
        good = (first >= 0) & (first <= 9)
        single = length == 1
        ok = good & (single | ((length == 2) & (second >= 0) & (second <= 9)))
        return np.where(single, first, first * 10 + second), ok

    def decimals(self, span: Span, scale: int) -> tuple[Ints, Bools]:
        """Parse decimal spans into integers scaled by ``10**scale`` and say which are well formed.

        Well formed: an optional minus, digits, at most one point, at most 15 digits, no further decimals than ``scale``
        other than zeros.  An empty span is not well formed.
        """
        start, end = span
        length = end - start
        value, ok = self._short_decimals(start, length, scale)
        rest = np.flatnonzero(~ok & (length > 0))
        if len(rest):
            value[rest], ok[rest] = self._any_decimals(start[rest], length[rest], scale)
        return value, ok

    def dates(self, span: Span) -> tuple[Ints, Bools]:
        """Parse ``CCYYMMDD`` spans into days since 1970-01-01 and say which are real calendar dates from 1800 on."""
        start, end = span
        digits = self.words[start] ^ _ZEROS
        ok = ((end - start) == 8) & _all_digits(digits)
        pairs = _pairs(digits)
        month = ((pairs >> np.uint64(32)) & _BYTE).astype(np.int64)
        day = ((pairs >> np.uint64(48)) & _BYTE).astype(np.int64)
        year = ((pairs & _BYTE) * np.uint64(100) + ((pairs >> np.uint64(16)) & _BYTE)).astype(np.int64)
        ok &= (month >= 1) & (month <= 12) & (year >= _FIRST_YEAR)
        first, length = _months()
        index = (year - _FIRST_YEAR) * 12 + month - 1
        ok &= (day >= 1) & (day <= length.take(index, mode="clip"))
        return gather(first, index) + (day - 1), ok

    def _views(self, start: Ints, length: Ints) -> Words:
        """Return spans as Arrow string views; those longer than a view holds still lack their offset."""
        views: Words = self._wide[start].view(np.uint64).reshape(-1, 2)
        views &= _OF_VIEW.take(length, mode="clip").view(np.uint64).reshape(-1, 2)
        views[:, 0] |= length.view(np.uint64)
        return views

    def _strings(self, views: Words, start: Ints, length: Ints, longest: int) -> pl.Series:
        copied = _NO_BYTES
        if longest > _INLINE:
            # Longer text goes to a buffer of its own, so that a column does not hold the whole chunk in memory.
            long = np.flatnonzero(length > _INLINE)
            copied, offsets = _concatenated(self.buffer, start[long], length[long])
            views[long, 1] = offsets[:-1].astype(np.uint64) << np.uint64(32)
        valid = np.packbits(length > 0, bitorder="little")
        buffers = [pa.py_buffer(valid), pa.py_buffer(views), pa.py_buffer(copied)]
        return pl.Series(_Handed(pa.Array.from_buffers(pa.string_view(), len(start), buffers)))

    def _short_decimals(self, start: Ints, length: Ints, scale: int) -> tuple[Ints, Bools]:
        """Parse what nearly every amount is: no sign, at most eight characters, at most ``scale`` decimals."""
        word = self.words[start] & _LOW.take(length, mode="clip")
        place = np.minimum(_first_place(word, _POINTS), length)
        before = _LOW.take(place, mode="clip")
        pointed = place < length
        count = length - pointed
        packed = (word & before) | ((word >> np.uint64(8)) & ~before)
        # Digits move to the end of the word, and zeros before them.
        shift = ((8 - count) * 8).astype(np.uint64)
        digits = np.where(count > 0, (packed ^ (_ZEROS & _LOW.take(count, mode="clip"))) << shift, 0)
        places = np.where(pointed, length - 1 - place, 0)
        ok = (length > 0) & (length <= 8) & (count > 0) & (places <= scale) & _all_digits(digits)
        pairs = _pairs(digits)
        fours = ((pairs * np.uint64(100)) + (pairs >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
        value = ((fours * np.uint64(10000)) + (fours >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
        return value.astype(np.int64) * _POWERS.take(scale - places, mode="clip"), ok

    def _any_decimals(self, start: Ints, length: Ints, scale: int) -> tuple[Ints, Bools]:
        """Parse any decimal, character by character."""
        width = int(min(length.max(initial=0), 17))
        value = np.zeros(len(start), dtype=np.int64)
        ok = (length > 0) & (length <= 17)
        negative = np.zeros(len(start), dtype=bool)
        seen_point = np.zeros(len(start), dtype=bool)
        places = np.zeros(len(start), dtype=np.int64)
        digits = np.zeros(len(start), dtype=np.int64)
        for k in range(width):
            live = length > k
            # Spans that have ended load what they began with: it is not looked at.
            byte = (self.words[np.where(live, start + k, start)] & _BYTE).astype(np.uint8)
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


class _Handed:
    """An Arrow array that is handed over as it is: by the C data interface, without a copy and without a look at its type."""

    def __init__(self, array: pa.Array) -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        exported: tuple[object, object] = self._array.__arrow_c_array__(requested_schema)
        return exported


def nothing(count: int, dtype: pl.DataType | type[pl.DataType] = pl.String) -> pl.Series:
    """Return a column of nulls."""
    return _null(dtype).new_from_index(0, count)


@lru_cache(maxsize=16)
def _null(dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    return pl.Series([None], dtype=dtype)


def numbers(values: npt.NDArray[np.generic], ok: Bools, *, dates: bool = False) -> pl.Series:
    """Return numbers (or int32 days since 1970-01-01) as a column that is null where they are not good."""
    kind = pa.date32() if dates else pa.from_numpy_dtype(values.dtype)
    valid = None if ok.all() else pa.py_buffer(np.packbits(ok, bitorder="little"))
    return pl.Series(_Handed(pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(values)])))


_INLINE = 12
"""A string of up to twelve bytes lies inside its view (Arrow columnar format, string view layout)."""
_WIDE = np.dtype("V16")
"""Sixteen bytes that are only moved."""
_OF_VIEW = np.array(
    [(int(_LOW[min(k, 4)]) << 32, int(_LOW[max(k - 4, 0)])) for k in range(_INLINE + 1)], dtype=np.uint64
).view(_WIDE)[:, 0]
"""The characters of a view of each length; its own length is added."""
_NO_BYTES = np.zeros(0, dtype=np.uint8)
_BYTE = np.uint64(0xFF)
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_ZEROS = np.uint64(0x3030303030303030)
_POINTS = np.uint64(0x2E2E2E2E2E2E2E2E)
_BLANKS = np.uint64(0x2020202020202020)
_BIT6 = np.uint64(0x4040404040404040)
_ABOVE_NINE = np.uint64(0x7676767676767676)
_POWERS = 10 ** np.arange(10, dtype=np.int64)
_FIRST_YEAR = 1800


def _needs_care(words: Words) -> bool:
    """Say whether any of eight characters may be a blank, a control or a small letter; zero bytes are none.

    Bits 6 and 5 of a byte are both set in a to z (and four marks that no code holds) and in no capital.
    """
    small = words & ((words & _BLANKS) << np.uint64(1)) & _BIT6
    # A byte up to 0x20 borrows from bit 7 when 0x21 is taken away; zero bytes are lifted out of the way first.
    filled = words | ((((words | ((words & ~_HIGH) + ~_HIGH)) & _HIGH) ^ _HIGH) >> np.uint64(1))
    low = (filled - _ONES * np.uint64(0x21)) & ~filled & _HIGH
    return bool((small | low).any())


def _first_place(words: Words, repeated: np.uint64) -> Ints:
    """Return the place of the first byte that is as in the repeated one, 8 where there is none."""
    same = words ^ repeated
    # The lowest byte that is zero has its high bit set here; bytes above it do not matter.
    same = (same - _ONES) & ~same & _HIGH
    return (np.bitwise_count((same & (~same + np.uint64(1))) - np.uint64(1)) >> 3).astype(np.int64)


def _all_digits(digits: Words) -> Bools:
    """Say which words hold eight digits, given each character less that of zero."""
    good: Bools = (((digits + _ABOVE_NINE) | digits) & _HIGH) == 0
    return good


def _pairs(digits: Words) -> Words:
    """Return eight digits as four numbers of two digits, one in every second byte."""
    return (digits * np.uint64(10) + (digits >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)


@lru_cache(maxsize=1)
def _months() -> tuple[Ints, Ints]:
    """Return the first day of every month up to the year 9999, in days since 1970-01-01, and its length in days."""
    months = np.arange(f"{_FIRST_YEAR}-01", "10000-02", dtype="datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    return first[:-1], np.diff(first)


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
    return pl.Series(_Handed(array))
