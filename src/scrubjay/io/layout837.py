"""Where every segment of an 837P stands: its transaction, hierarchical level, claim and service line.

Those are the most recent ST, HL, CLM and LX before it, so that one pass of vector operations places all segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from scrubjay.io.columns import Columns, ordinal, recent, spread
from scrubjay.io.spans import Bools, Ints, Words, pack
from scrubjay.io.x12 import Segments


class Periods(NamedTuple):
    """Days and ranges of days of all DTP segments ``at``, as days since 1970-01-01; ``length`` in characters.

    Where a DTP names one day, ``last`` is that day.  A time behind the day is not looked at.
    """

    at: Ints
    ranged: Bools
    length: Ints
    first: Ints
    first_ok: Bools
    last: Ints
    last_ok: Bools


@dataclass(frozen=True)
class Layout(Columns):
    """Where every segment of a chunk stands; indices of segments, -1 where there is none.

    ``st``, ``hl``, ``clm``, ``lx``, ``nm1``, ``sbr``: the most recent one at or before the segment.
    ``claim`` and ``line``: ordinal of the claim and service line the segment belongs to.
    ``in_hl``, ``in_claim``, ``in_line``: the innermost of the three it stands in; ``in_cob`` inside a 2320 loop.
    """

    wanted: Bools
    st: Ints
    hl: Ints
    clm: Ints
    lx: Ints
    nm1: Ints
    sbr: Ints
    in_header: Bools
    in_hl: Bools
    in_claim: Bools
    in_line: Bools
    in_cob: Bools
    claim: Ints
    line: Ints
    clm_at: Ints
    lx_at: Ints
    hl_at: Ints

    @cached_property
    def name(self) -> Words:
        """The entity code of the NM1 each segment is or follows, packed; 0 before the first."""
        return spread(
            np.concatenate([[np.uint64(0)], self.segments.keys_of("NM1", 1)]),
            self.segments.where("NM1"),
            len(self.segments),
        )

    @cached_property
    def periods(self) -> Periods:
        """What every DTP says."""
        s = self.segments
        at = s.where("DTP")
        start, end = s.span(at, 3)
        ranged = s.keys_of("DTP", 2) == pack("RD8")
        first, first_ok = s.dates((start, np.minimum(start + 8, end)))
        last, last_ok = first.copy(), first_ok.copy()
        some = np.flatnonzero(ranged)
        if len(some):
            last[some], last_ok[some] = s.dates((np.minimum(start[some] + 9, end[some]), end[some]))
        return Periods(at, ranged, end - start, first, first_ok, last, last_ok)


def layout(segments: Segments, wanted: Bools) -> Layout:
    """Place every segment of a chunk."""
    st, hl, clm, lx, nm1, sbr, ends = (recent(segments, name) for name in ("ST", "HL", "CLM", "LX", "NM1", "SBR", "SE"))
    inside = wanted & (st > ends) & (st >= 0)
    in_header = inside & (hl < st) & (clm < st)
    in_claim_or_line = inside & (clm > st) & (clm > hl)
    in_line = in_claim_or_line & (lx > clm)
    in_claim = in_claim_or_line & ~in_line
    in_hl = inside & (hl > st) & ~in_claim_or_line
    in_cob = in_claim & (sbr > clm)
    clm_at, lx_at, hl_at = (
        at[where[at]]
        for at, where in (
            (segments.where("CLM"), in_claim),
            (segments.where("LX"), in_line),
            (segments.where("HL"), in_hl),
        )
    )

    claim, line = ordinal(clm_at, in_claim_or_line), ordinal(lx_at, in_line)
    return Layout(
        segments, wanted, st, hl, clm, lx, nm1, sbr,
        in_header, in_hl, in_claim, in_line, in_cob, claim, line, clm_at, lx_at, hl_at,
    )  # fmt: skip
