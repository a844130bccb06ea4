"""The worker: an 837P on standard input, what pyx12 holds against it as JSON lines on standard output.

Started as ``python -P -m scrubjay.conformance.worker [--phi]``.  Rows: ``["fault", kind, segment, element, found, expected]``,
``["error", segment, message]``, ``["progress", bytes, claims]`` and at the end ``["done"]``.  Segments are found and counted by
Scrubjay's own reader, so that a number means the same segment in the whole report; pyx12 judges them one by one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import TextIO

from pyx12.map_if import load_map_file, map_if, segment_if
from pyx12.map_walker import walk_tree
from pyx12.params import params
from pyx12.segment import Segment

from scrubjay.conformance import rules
from scrubjay.conformance.rules import Fault
from scrubjay.errors import InputError
from scrubjay.io.interchange import Chunk, iter_chunks
from scrubjay.io.isa import Delimiters
from scrubjay.io.source import ByteSource
from scrubjay.io.spans import pack

_CLAIM_MAP = "837.5010.X222.A1.xml"
_ENVELOPE_MAP = "x12.control.00501.xml"
_GROUP = "/ISA_LOOP/GS_LOOP"
_STEP = 5_000
"""Segments between two words of progress."""

_READ = 1 << 20
_TRAILERS = {"IEA": "/ISA_LOOP/IEA", "GE": f"{_GROUP}/GE", "ISA": "/ISA_LOOP/ISA", "GS": f"{_GROUP}/GS"}

Row = list[object]


class Walk:
    """One transaction on its way through the guide."""

    def __init__(self, guide: map_if) -> None:
        self._walker = walk_tree()
        self._walker.forceWalkCounterToLoopStart("/ISA_LOOP", "/ISA_LOOP/ISA")
        self._walker.forceWalkCounterToLoopStart(_GROUP, f"{_GROUP}/GS")
        self._node = guide.getnodebypath(f"{_GROUP}/GS")
        self._count = 0
        self._stray: set[str | None] = set()

    def step(self, segment: Segment, phi: bool) -> Iterator[Fault]:
        """Yield the faults of the next segment."""
        self._count += 1
        node, _, _, errors = self._walker.walk_errors(self._node, segment, self._count, self._count, None)
        for error in errors:
            missing = getattr(error.map_node, "id", None) if error.err_cde == "3" else None
            # A required segment that stands there unrecognised is not missing, too: one fact, one fault.
            if missing in self._stray:
                self._stray.discard(missing)
            else:
                yield rules.of_place(error)
        if node is None:
            self._stray.add(segment.get_seg_id())
        if isinstance(node, segment_if):
            self._node = node
            yield from rules.of_elements(node, segment, phi)


class Judge:
    """Everything that is judged of one input."""

    def __init__(self, phi: bool) -> None:
        self._phi = phi
        self._guide = _map(_CLAIM_MAP)
        self._envelope = _map(_ENVELOPE_MAP)
        self._walk: Walk | None = None
        self._broken = False
        self._held: list[Row] = []
        self._claims = 0
        self._seen = 0
        self._bytes = 0

    def chunk(self, chunk: Chunk) -> Iterator[Row]:
        """Yield the rows of a piece of input; segments carried over from the piece before were judged there."""
        segments = chunk.segments
        marks = segments.delimiters
        before, claim, transaction = self._bytes, pack("CLM"), pack("ST")
        for at in range(len(segments)):
            if segments.context[at]:
                continue
            number = int(segments.number[at])
            wanted = bool(chunk.wanted[at])
            ident = segments.ident[at]
            self._claims += int(wanted and ident == claim)
            self._seen += 1
            if self._seen % _STEP == 0:
                yield ["progress", min(before + int(segments.end[at]), chunk.consumed), self._claims]
            if wanted and ident == transaction:
                self._walk, self._broken = Walk(self._guide), False
                yield from self._held
                self._held.clear()
            text = segments.raw(at)
            if wanted and not self._broken:
                yield from self._judged(number, text, marks)
            elif text[:3].rstrip(chr(marks.element)) in _TRAILERS:
                yield from self._around(number, text, marks)
        self._bytes = chunk.consumed
        yield ["progress", self._bytes, self._claims]

    def _judged(self, number: int, text: str, marks: Delimiters) -> Iterator[Row]:
        if self._walk is None:
            return
        try:
            for fault in self._walk.step(_segment(text, marks), self._phi):
                yield _row(number, fault)
        except Exception as error:  # noqa: BLE001 - whatever breaks in a foreign library ends this transaction, not the run
            self._broken = True
            yield [
                "error", number,
                f"pyx12 broke off here ({type(error).__name__}); the rest of the transaction is not checked against the guide",
            ]  # fmt: skip

    def _around(self, number: int, text: str, marks: Delimiters) -> Iterator[Row]:
        """Judge a segment of the envelope; what opens one waits until it is known to hold professional claims."""
        segment = _segment(text, marks)
        name = segment.get_seg_id() or ""
        opens = name in ("ISA", "GS")
        if name == "ISA":
            self._held, self._walk = [], None
        node = self._envelope.getnodebypath(_TRAILERS[name])
        if not isinstance(node, segment_if) or (not opens and self._walk is None):
            return
        try:
            faults = list(rules.of_elements(node, segment, self._phi))
        except Exception as error:  # noqa: BLE001 - as above
            yield ["error", number, f"pyx12 cannot judge this {name} ({type(error).__name__})"]
            return
        # The reader took the version in GS08 for a professional claim, also one that this map does not list.
        rows = [_row(number, fault) for fault in faults if fault.element != "GS08"]
        if opens:
            self._held += rows
        else:
            yield from rows


@cache
def _map(name: str) -> map_if:
    """Read a map of pyx12 once; a walk keeps its counts outside of it."""
    return load_map_file(name, params())


def _segment(text: str, marks: Delimiters) -> Segment:
    return Segment(
        text, chr(marks.segment), chr(marks.element), chr(marks.component), chr(marks.repetition or ord("^"))
    )


def _row(number: int, fault: Fault) -> Row:
    return ["fault", fault.kind, number, fault.element, fault.found, fault.expected]


def judge(source: ByteSource, phi: bool) -> Iterator[Row]:
    """Yield what pyx12 holds against the professional claims of an input."""
    judging = Judge(phi)
    try:
        for chunk in iter_chunks(source, "input", _READ):
            yield from judging.chunk(chunk)
    except InputError:
        pass  # The reader says the same to the user when the claims themselves are read.
    yield ["done"]


def main() -> None:
    """Judge standard input; nothing that pyx12 prints or logs leaves the process."""
    out: TextIO = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="ascii")
    with open(os.devnull, "w", encoding="utf-8") as sink:
        os.dup2(sink.fileno(), sys.stdout.fileno())
        os.dup2(sink.fileno(), sys.stderr.fileno())
        logging.disable(logging.CRITICAL)
        out.writelines(json.dumps(row) + "\n" for row in judge(ByteSource(sys.stdin.buffer), "--phi" in sys.argv[1:]))
        out.flush()


if __name__ == "__main__":
    main()
