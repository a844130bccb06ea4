"""Interchanges, groups and transactions of a file, in chunks cut at claim boundaries.

What is particular to a transaction set (where it may be cut, what must be carried along, what is refused) is said by
its :class:`Dialect`.

A chunk can stand alone: it begins with the envelope and hierarchy segments that were open where the chunk before it
was cut.  Those carried segments keep their own numbers, and what is wrong with them is reported once, where they
were first read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from scrubjay.errors import InputError
from scrubjay.io.defects import Defects
from scrubjay.io.dialect import PROFESSIONAL, Dialect
from scrubjay.io.dialect import what_is_it as what_is_it
from scrubjay.io.isa import ISA_LENGTH, NEWLINES, Delimiters, IsaHeader, find_isa, read_isa
from scrubjay.io.source import ByteSource
from scrubjay.io.spans import Bools, Ints, pack
from scrubjay.io.x12 import Segments

CHUNK_BYTES = 4 << 20
"""Bytes read at once: what is made of them still lies in the processor's caches, and few calls are made for it."""

_LONGEST_CLAIM_BYTES = 64 << 20
_LONGEST_PREFACE_BYTES = 1 << 20

_ENVELOPE = ("SE", "ST", "GS", "GE", "ISA", "IEA")


@dataclass
class Chunk:
    """A piece of one interchange syntax: its segments, which are wanted, what is broken, how far we are."""

    segments: Segments
    wanted: Bools
    defects: Defects
    errors: list[InputError] = field(default_factory=list)
    consumed: int = 0


@dataclass
class _Open:
    """What must be known of the envelope that is open where a chunk ends, beyond its carried segments."""

    groups: int = 0
    transactions: int = 0


def iter_chunks(
    source: ByteSource, file: str, size: int = CHUNK_BYTES, dialect: Dialect | None = None
) -> Iterator[Chunk]:
    """Yield the file's chunks in order; without a dialect the file is one of professional claims.

    Errors of the whole input (no envelope at all) raise :class:`InputError`; errors of a part travel in the chunk.
    """
    reader = _Reader(source, file, size, dialect or PROFESSIONAL)
    yield from reader.chunks()


class _Reader:
    def __init__(self, source: ByteSource, file: str, size: int, dialect: Dialect) -> None:
        self.source = source
        self.dialect = dialect
        self.cuts = (*dialect.boundaries, *_ENVELOPE)
        self.file = file
        self.size = size
        self.header: IsaHeader | None = None
        self.context = b""
        self.context_numbers: Ints = np.zeros(0, dtype=np.int64)
        self.next_number = 1
        self.open = _Open()
        self.seen_isa = False
        self.told_wrapped = False
        self.pending: list[tuple[str, int, str]] = []

    def chunks(self) -> Iterator[Chunk]:
        data = b""
        ended = False
        while True:
            if not ended:
                piece = self.source.read(self.size)
                ended = not piece
                data += piece
            if self.header is None:
                data, found = self._begin_interchange(data, ended)
                if not found:
                    if ended:
                        if data.strip():
                            yield self._trailing(data)
                        return
                    continue
            step = self._take(data, ended)
            if step is None:
                if len(data) > _LONGEST_CLAIM_BYTES:
                    raise InputError(
                        self.file,
                        f"no claim ends within {_LONGEST_CLAIM_BYTES >> 20} MB; this is not a batch of claims",
                        self.next_number,
                    )
                continue
            chunk, data = step
            yield chunk
            if ended and not data.strip():
                return

    def _begin_interchange(self, data: bytes, ended: bool) -> tuple[bytes, bool]:
        at = find_isa(data)
        if at < 0 or (len(data) - at < 400 and not ended):
            if not ended and (at >= 0 or len(data) < _LONGEST_PREFACE_BYTES):
                return data, False
            if not self.seen_isa:
                raise InputError(self.file, what_is_it(data, self.dialect.purpose))
            if at < 0:
                return data, False
        before = data[:at].strip()
        if before:
            self.pending.append(("text-outside", self.next_number, f"{len(before)} bytes before the ISA"))
        data = data[at:]
        header = read_isa(data, 0, self.file)
        self.seen_isa = True
        self.header = header
        self.context = b""
        self.context_numbers = np.zeros(0, dtype=np.int64)
        self.open = _Open()
        compact = len(data[: header.length].replace(b"\r", b"").replace(b"\n", b""))
        ends_with_newline = header.delimiters.segment in (10, 13)
        if compact + ends_with_newline != ISA_LENGTH:
            self.pending.append(("isa-length", self.next_number, f"{compact + ends_with_newline} characters"))
        return data, True

    def _trailing(self, data: bytes) -> Chunk:
        """Report what stands behind the last interchange and is none."""
        segments = Segments(b"", Delimiters(42, 58, 94, 126), self.next_number, self.context_numbers[:0])
        defects = Defects(segments)
        defects.add_number(
            "text-outside", self.next_number - 1, f"{len(data.strip())} bytes behind the last interchange"
        )
        return Chunk(segments, np.zeros(0, dtype=bool), defects, [], self.source.consumed)

    def _take(self, data: bytes, ended: bool) -> tuple[Chunk, bytes] | None:
        """Cut one chunk off the data; None where more must be read first."""
        assert self.header is not None
        delimiters = self.header.delimiters
        whole = self.context + data
        segments = Segments(whole, delimiters, self.next_number, self.context_numbers)
        total = len(segments)
        fresh = int(np.count_nonzero(segments.context))
        cut, closed = self._cut(segments, fresh, total, ended)
        if cut is None:
            return None
        stop = int(segments.start[cut]) if cut < total else int(segments.end[-1]) + 1 if total else 0
        rest = whole[stop:]
        taken = segments.truncated(cut)
        wrapped = is_wrapped(taken)
        if wrapped:
            unfolded = whole[:stop].replace(b"\r", b"").replace(b"\n", b"")
            taken = Segments(unfolded, delimiters, self.next_number, self.context_numbers)
        defects = Defects(taken)
        for kind, number, found in self.pending:
            defects.add_number(kind, number, found)
        self.pending = []
        if wrapped and not self.told_wrapped:
            self.told_wrapped = True
            defects.add_number("wrapped", self.next_number, "line ends inside segments")
        errors: list[InputError] = []
        final = ended and cut == total and not closed
        if final and rest.strip():
            errors.append(
                InputError(
                    self.file,
                    "the file ends inside this segment (no terminator); it was cut short, ask for the whole file again",
                    self.next_number + total - fresh,
                )
            )
            rest = b""
        wanted = self._envelope(taken, defects, errors, final)
        chunk = Chunk(taken, wanted, defects, errors, self.source.consumed)
        self.next_number += cut - fresh
        if closed:
            self.header = None
        else:
            self._carry(taken)
        return chunk, rest

    def _cut(self, segments: Segments, fresh: int, total: int, ended: bool) -> tuple[int | None, bool]:
        """Return the index to cut before and whether the interchange syntax ends there."""
        assert self.header is not None
        trailers = segments.where("IEA")
        for at in trailers[trailers >= fresh]:
            follower = int(at) + 1
            if follower >= total:
                # What follows the trailer is not known yet, or is not in this syntax, or there is nothing.
                tail = segments.buffer[int(segments.end[at]) + 1 :].tobytes().strip()
                return follower, bool(tail) or not ended
            if segments.ident[follower] != pack("ISA") or not self._same_syntax(segments, follower):
                return follower, True
        if ended:
            return total, False
        boundary = max((int(at[-1]) for name in self.cuts if len(at := segments.where(name))), default=-1)
        return (boundary, False) if boundary > fresh else (None, False)

    def _same_syntax(self, segments: Segments, index: int) -> bool:
        assert self.header is not None
        start = int(segments.start[index])
        data = segments.buffer[start : start + 400].tobytes()
        try:
            return read_isa(data, 0, self.file).delimiters == self.header.delimiters
        except InputError:
            return False

    def _carry(self, segments: Segments) -> None:
        """Keep the bytes of the segments that the next chunk needs to stand alone."""
        keep: list[tuple[int, int]] = []
        count = len(segments)

        def last(name: str, after: int) -> int:
            found = segments.where(name)
            found = found[found > after]
            return int(found[-1]) if len(found) else -1

        isa = last("ISA", -1)
        if isa >= 0 and last("IEA", isa) < 0:
            keep.append((isa, isa + 1))
        gs = last("GS", isa)
        if gs >= 0 and last("GE", gs) < 0 and keep:
            keep.append((gs, gs + 1))
            st = last("ST", gs)
            if st >= 0 and last("SE", st) < 0:
                levels = segments.where("HL")
                levels = levels[levels > st]
                stops = np.flatnonzero(segments.mapped({"HL": 1, self.dialect.claim: 1}))
                ends = [int(at[0]) for name in self.dialect.header_ends if len(at := after_of(segments, name, st))]
                keep.append((st, min(ends, default=count)))
                kinds = segments.qualifier(levels, 3)
                after = st
                for level in self.dialect.levels:
                    of_kind = levels[(kinds == pack(level)) & (levels > after)]
                    if not len(of_kind):
                        continue
                    after = int(of_kind[-1])
                    following = stops[stops > after]
                    keep.append((after, int(following[0]) if len(following) else count))
        pieces = [
            segments.buffer[int(segments.start[a]) : int(segments.end[b - 1]) + 1].tobytes() for a, b in keep if b > a
        ]
        self.context = b"".join(pieces)
        self.context_numbers = (
            np.concatenate([segments.number[a:b] for a, b in keep]) if keep else np.zeros(0, dtype=np.int64)
        )

    def _envelope(self, segments: Segments, defects: Defects, errors: list[InputError], final: bool) -> Bools:
        """Check counts and control numbers, refuse foreign transactions, and say which segments are 837P.

        Envelope segments are few, so they are walked one by one.
        """
        wanted = np.zeros(len(segments), dtype=bool)
        names = {int(pack(x)): x for x in ("ISA", "GS", "ST", "SE", "GE", "IEA")}
        at = np.sort(np.concatenate([segments.where(x) for x in names.values()]))
        isa = gs = st = -1
        take = False
        covered = np.zeros(len(segments), dtype=bool)
        for before, raw in zip([-1, *at.tolist()], at, strict=False):
            i = int(raw)
            name = names[int(segments.ident[i])]
            fresh = not segments.context[i]
            if name in ("ISA", "GS", "ST", "IEA", "GE") and st >= 0 and fresh:
                what = segments.element_text(st, 2)
                errors.append(
                    InputError(
                        self.file,
                        f"transaction {what} has no SE before this {name}; {self.dialect.lost}",
                        int(segments.number[i]),
                    )
                )
                wanted[st:i] = take
                covered[st:i] = True
                self._drop_last_claim(segments, wanted, st, i)
                st = -1
            if name in ("ISA", "GS", "IEA") and gs >= 0 and fresh:
                defects.add("group-trailer-missing", i, found=f"{name} before GE")
                gs = -1
            if name == "ISA":
                if isa >= 0 and fresh:
                    defects.add("interchange-trailer-missing", i, found="ISA before IEA")
                isa = i
                if fresh:
                    self.open = _Open()
            elif name == "GS":
                gs = i
                if fresh:
                    self.open.groups += 1
                    self.open.transactions = 0
                    if isa >= 0:
                        self._contradiction(segments, isa, gs, defects)
            elif name == "ST":
                st = i
                if fresh:
                    self.open.transactions += 1
                    if gs < 0:
                        defects.add("group-header-missing", i, found="ST outside a functional group")
                refusal = self.dialect.refuse(segments, gs, st)
                if refusal and fresh:
                    errors.append(InputError(self.file, refusal, int(segments.number[i])))
                take = not refusal
                if take and fresh and gs >= 0:
                    version, stated = segments.element_text(gs, 8), segments.element_text(st, 3)
                    if stated and version and stated != version:
                        defects.add("version-contradiction", i, "ST03", stated, f"GS08 {version}")
            elif name == "SE":
                if st < 0:
                    defects.add("transaction-header-missing", i, found="SE without ST")
                    covered[before + 1 : i] = True
                    continue
                wanted[st : i + 1] = take
                covered[st : i + 1] = True
                if take:
                    count = int(segments.number[i] - segments.number[st]) + 1
                    _compare(segments, defects, "segment-count", i, "SE01", 1, str(count))
                    _compare(segments, defects, "transaction-control", i, "SE02", 2, segments.element_text(st, 2))
                st = -1
            elif name == "GE":
                if gs < 0:
                    defects.add("group-header-missing", i, found="GE without GS")
                    continue
                _compare(segments, defects, "transaction-count", i, "GE01", 1, str(self.open.transactions))
                _compare(segments, defects, "group-control", i, "GE02", 2, segments.element_text(gs, 6))
                gs = -1
            else:
                if isa < 0:
                    defects.add("interchange-header-missing", i, found="IEA without ISA")
                    continue
                _compare(segments, defects, "group-count", i, "IEA01", 1, str(self.open.groups))
                _compare(segments, defects, "interchange-control", i, "IEA02", 2, segments.element_text(isa, 13))
                isa = -1
        if st >= 0:
            wanted[st:] = take
            covered[st:] = True
        for name in ("ISA", "GS", "GE", "IEA", "SE", "TA1", "ISB", "ISE"):
            covered[segments.where(name)] = True
        for raw in np.flatnonzero(~covered & ~segments.context):
            defects.add("misplaced-segment", int(raw), expected="a place inside a transaction")
        if final:
            missing = [n for n, opened in (("SE", st), ("GE", gs), ("IEA", isa)) if opened >= 0]
            if missing:
                number = int(segments.number[-1]) if len(segments) else self.next_number
                claim = f"; {self.dialect.lost}" if st >= 0 and take else ""
                errors.append(
                    InputError(
                        self.file,
                        f"the file ends after this segment without {', '.join(missing)}: it was cut short{claim}",
                        number,
                    )
                )
                if st >= 0:
                    self._drop_last_claim(segments, wanted, st, len(segments))
        return wanted

    def _drop_last_claim(self, segments: Segments, wanted: Bools, st: int, end: int) -> None:
        claims = segments.where(self.dialect.claim)
        claims = claims[(claims > st) & (claims < end)]
        if len(claims):
            wanted[int(claims[-1]) : end] = False

    def _contradiction(self, segments: Segments, isa: int, gs: int, defects: Defects) -> None:
        interchange, version = segments.element_text(isa, 12), segments.element_text(gs, 8)
        if version.startswith("005010") and interchange != "00501":
            defects.add("version-contradiction", isa, "ISA12", interchange, f"00501, as GS08 {version} demands")


def _compare(segments: Segments, defects: Defects, kind: str, at: int, element: str, which: int, expected: str) -> None:
    found = segments.element_text(at, which)
    same = found == expected
    if not same and found.isdigit() and expected.isdigit():
        same = int(found) == int(expected)
    if not same:
        defects.add(kind, at, element, found, expected)


def after_of(segments: Segments, identifier: str, start: int) -> Ints:
    """Return the indices of the segments with this identifier behind ``start``."""
    at = segments.where(identifier)
    return at[at > start]


def is_wrapped(segments: Segments) -> bool:
    """Say whether line ends stand inside segments, as in a file folded at 80 columns."""
    if segments.delimiters.segment in NEWLINES:
        return False
    return bool((segments.buffer[segments.controls] == 10).any())
