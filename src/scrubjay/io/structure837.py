"""Form of 837P content: required and misplaced segments and loops, element form, hierarchy.

The rules are those of the 005010X222A1 guide that a clearinghouse front end applies before anyone looks at codes.
Whole-guide conformance (every length, every code list) is left to a validator of the guide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from scrubjay.io.columns import recent
from scrubjay.io.defects import Defects
from scrubjay.io.spans import Bools, Ints, Words, gather, pack
from scrubjay.io.x12 import Segments

if TYPE_CHECKING:
    from scrubjay.io.layout837 import Layout

_KNOWN = (
    "ST BHT NM1 N3 N4 REF PER HL PRV CUR SBR PAT DMG CLM DTP PWK CN1 AMT K3 NTE CR1 CR2 CR3 CRC HI HCP CAS OI MOA "
    "LX SV1 SV5 PS1 QTY MEA LQ FRM LIN CTP SVD SE"
).split()
_OTHER_CLAIM_KINDS = ("SV2", "SV3", "CL1", "TOO", "DN1", "DN2", "SV4")

_CLAIM_ONLY = ("LX", "SV1", "HI", "LIN", "CTP", "SVD")
"""Segments that have no place before a claim begins."""

_ORDER_2300 = {n: k for k, n in enumerate("CLM DTP PWK CN1 AMT REF K3 NTE CR1 CR2 CRC HI HCP".split(), start=1)}
_ORDER_2400 = {
    n: k
    for k, n in enumerate("LX SV1 SV5 PWK CR1 CR3 CRC DTP QTY MEA CN1 REF AMT K3 NTE PS1 HCP LIN CTP".split(), start=1)
}
_ORDER_NAME = {n: k for k, n in enumerate("NM1 N3 N4 DMG PRV REF PER".split(), start=1)}

_FOREIGN = 2
_STANDING = dict.fromkeys(_KNOWN, 1) | dict.fromkeys(_OTHER_CLAIM_KINDS, _FOREIGN)

_MOST_LINES = 50
_MOST_DIAGNOSES = 12


def inspect(place: Layout, defects: Defects) -> None:
    """Add to ``defects`` what is wrong with the form of the 837P transactions of a chunk."""
    if not len(place.segments):
        return
    check = _Check(place, defects)
    check.identifiers()
    check.header()
    check.levels()
    check.order()
    check.claims()
    check.lines()
    check.dates()
    check.providers()


class _Check:
    def __init__(self, place: Layout, defects: Defects) -> None:
        self.place = place
        self.s: Segments = place.segments
        self.defects = defects
        self.inside: Bools = place.in_header | place.in_hl | place.in_claim | place.in_line

    def report(
        self, kind: str, at: Ints, bad: Bools, element: str | None = None, position: int = 0, expected: str | None = None,
        component: int | None = None,
    ) -> None:  # fmt: skip
        """Report the segments ``at[bad]``; the value of the element at ``position`` is what was found."""
        if not bad.any():
            return
        at = at[bad]
        found = None
        if position:
            span = self.s.span(at, position)
            found = self.s.text(span if component is None else self.s.component(span, component))
        self.defects.add_many(kind, at, element, found, expected)

    def missing(self, owner_at: Ints, present: Bools, what: str, kind: str = "missing-segment") -> None:
        """Report owners (HL, CLM, LX ...) that lack a required segment or loop."""
        self.report(kind, owner_at, ~present, expected=what)

    def has(self, owner_at: Ints, owner_of: Ints, found: Ints) -> Bools:
        """Say for each owner whether one of the found segments is its own."""
        marked = np.zeros(len(self.s) + 1, dtype=bool)
        marked[owner_of[found]] = True
        return marked[owner_at]

    def identifiers(self) -> None:
        s, place = self.s, self.place
        standing = s.mapped(_STANDING)
        first = np.flatnonzero((standing == 0) & self.inside)
        foreign = np.flatnonzero((standing == _FOREIGN) & self.inside)
        if len(first):
            start = s.start[first]
            end = np.minimum(s.separators[s.first[first]], start + 12)
            self.defects.add_many("unknown-segment", first, None, _printable(s, start, end), None)
        if len(foreign):
            start = s.start[foreign]
            self.defects.add_many(
                "foreign-content", foreign, None, _printable(s, start, start + 3), "SV1 service lines of an 837P"
            )
        outside = np.flatnonzero(place.wanted & ~self.inside & (s.mapped({"SE": 1, "ST": 1}) == 0))
        self.report(
            "misplaced-segment", outside, np.ones(len(outside), dtype=bool), expected="a place inside ST and SE"
        )
        stray = (s.mapped(dict.fromkeys(_CLAIM_ONLY, 1)) > 0) & (place.in_header | place.in_hl)
        stray[s.where("SV1")] |= place.in_claim[s.where("SV1")]
        self.report(
            "misplaced-segment", np.flatnonzero(stray), stray[stray], expected="a place in a claim or service line"
        )
        last = gather(s.separators, s.last - 1)
        trailing = np.flatnonzero((last == s.end - 1) & (s.last > s.first) & self.inside)
        self.report(
            "trailing-separator", trailing, self.inside[trailing], expected="no empty elements at the end of a segment"
        )
        control = s.controls[(s.buffer[s.controls] != 10) & (s.buffer[s.controls] != 13)]
        for own in (s.delimiters.element, s.delimiters.component, s.delimiters.repetition, s.delimiters.segment):
            control = control[s.buffer[control] != own]
        if len(control):
            owner = np.unique(np.searchsorted(s.start, control, side="right") - 1)
            owner = owner[(owner >= 0) & self.inside[np.maximum(owner, 0)]]
            self.report("control-character", owner, np.ones(len(owner), dtype=bool), expected="printable characters")

    def header(self) -> None:
        place, s = self.place, self.s
        st = s.where("ST")
        st = st[place.wanted[st]]
        for identifier, qualifier, what in (
            ("BHT", None, "BHT (beginning of the transaction)"),
            ("NM1", "41", "NM1*41 (submitter, loop 1000A)"),
            ("NM1", "40", "NM1*40 (receiver, loop 1000B)"),
        ):
            found = place.pick(identifier, place.in_header, qualifier)
            self.missing(st, self.has(st, place.st, found), what)
        submitter = place.pick("NM1", place.in_header, "41")
        per = place.pick("PER", place.in_header)
        self.missing(submitter, self.has(submitter, place.nm1, per), "PER (submitter contact, loop 1000A)")

    def levels(self) -> None:
        place, s = self.place, self.s
        hl = place.hl_at
        kind = s.qualifier(hl, 3)
        region = place.in_hl

        def require(
            level: str, identifier: str, qualifier: str | tuple[str, ...] | None, what: str, loop: bool
        ) -> Ints:
            owners = hl[kind == pack(level)]
            found = place.pick(identifier, region, qualifier)
            self.missing(owners, self.has(owners, place.hl, found), what, "missing-loop" if loop else "missing-segment")
            return found

        billing = require("20", "NM1", "85", "loop 2010AA (billing provider, NM1*85)", True)
        require("22", "SBR", None, "SBR (subscriber information)", False)
        subscriber = require("22", "NM1", "IL", "loop 2010BA (subscriber, NM1*IL)", True)
        payer = require("22", "NM1", "PR", "loop 2010BB (payer, NM1*PR)", True)
        require("23", "PAT", None, "PAT (patient information)", False)
        patient = require("23", "NM1", "QC", "loop 2010CA (patient, NM1*QC)", True)
        for found, what in (
            (billing, "loop 2010AA once"),
            (subscriber, "loop 2010BA once"),
            (payer, "loop 2010BB once"),
            (patient, "loop 2010CA once"),
        ):
            again = np.zeros(len(found), dtype=bool)
            if len(found) > 1:
                again[1:] = place.hl[found[1:]] == place.hl[found[:-1]]
            self.report("too-many", found, again, expected=what)
        for identifier, what in (("N3", "N3 (street) in loop 2010AA"), ("N4", "N4 (city, state, ZIP) in loop 2010AA")):
            found = place.pick(identifier, region)
            self.missing(billing, self.has(billing, place.nm1, found), what)
        tax = place.pick("REF", region, ("EI", "SY"))
        self.missing(billing, self.has(billing, place.nm1, tax), "REF*EI or REF*SY (tax number) in loop 2010AA")
        self.report("bad-qualifier", hl, ~_in(kind, ("20", "22", "23")), "HL03", 3, "20, 22 or 23")
        number, ok = s.numbers("HL", 1, 0, hl)
        parent, _ = s.numbers("HL", 2, 0, hl)
        self.report("hierarchy", hl, ~ok, "HL01", 1, "a number")
        if len(hl) > 1:
            same = place.st[hl[1:]] == place.st[hl[:-1]]
            wrong = same & ok[1:] & ok[:-1] & (number[1:] != number[:-1] + 1) & ~s.context[hl[:-1]]
            self.report("hierarchy", hl[1:], wrong, "HL01", 1, "one more than the HL before it")
        order = np.arange(len(hl))
        for child, above in (("22", "20"), ("23", "22")):
            last = np.maximum.accumulate(np.where(kind == pack(above), order, -1)) if len(hl) else order
            known = (last >= 0) & (place.st[hl[np.maximum(last, 0)]] == place.st[hl]) if len(hl) else last >= 0
            wrong = (kind == pack(child)) & (~known | (parent != number[np.maximum(last, 0)])) if len(hl) else known
            self.report("hierarchy", hl, wrong, "HL02", 2, f"the number of the HL of level {above} above it")

    def order(self) -> None:
        place, s = self.place, self.s
        claim_start = place.nm1 < place.clm
        before_drug = recent(s, "LIN") < place.lx
        before_drug[s.where("LIN")] = True
        regions = (
            (_ORDER_2300, place.in_claim & ~place.in_cob & claim_start, place.clm),
            (_ORDER_2400, place.in_line & (place.nm1 < place.lx) & before_drug, place.lx),
            (_ORDER_NAME, (place.in_hl & (place.nm1 > place.hl)) | place.in_header & (place.nm1 > place.st), place.nm1),
        )
        for table, region, owner in regions:
            at = np.flatnonzero(region)
            if len(at) < 2:
                continue
            rank = s.mapped(table)[at]
            # Ranks fall wherever the next claim, line or name begins: whose segment it is decides.
            falls = np.flatnonzero((rank[1:] < rank[:-1]) & (rank[1:] > 0)) + 1
            wrong = at[falls[owner[at[falls]] == owner[at[falls - 1]]]]
            self.report(
                "misplaced-segment",
                wrong,
                np.ones(len(wrong), dtype=bool),
                expected="the order of the 005010X222A1 guide",
            )

    def claims(self) -> None:
        place, s = self.place, self.s
        clm = place.clm_at
        start, end = s.span(clm, 1)
        self.report("bad-element", clm, (end == start) | (end - start > 38), "CLM01", 1, "1 to 38 characters")
        _, ok = s.numbers("CLM", 2, 2, clm)
        self.report("bad-amount", clm, ~ok, "CLM02", 2, "dollars with at most two decimals")
        place_code = s.component(s.span(clm, 5), 1)
        wrong_mark = (place_code[1] - place_code[0]) > 2
        self.report("component-separator", clm, wrong_mark, "CLM05", 5, "components divided by the character in ISA16")
        usual = ~wrong_mark
        self.report("bad-qualifier", clm, usual & (s.key(place_code) == 0), "CLM05-1", 5, "a place of service", 1)
        qualifier = s.key(s.component(s.span(clm, 5), 2))
        self.report("bad-qualifier", clm, usual & (qualifier != pack("B")), "CLM05-2", 5, "B", 2)
        frequency = s.key(s.component(s.span(clm, 5), 3))
        self.report(
            "bad-qualifier", clm, usual & ~_in(frequency, ("1", "6", "7", "8")), "CLM05-3", 5, "1, 6, 7 or 8", 3
        )
        for position, values in ((6, ("Y", "N")), (7, ("A", "B", "C")), (8, ("N", "W", "Y")), (9, ("I", "Y"))):
            key = s.qualifier(clm, position)
            wrong = ~_in(key, values)
            self.report("bad-qualifier", clm, wrong, f"CLM0{position}", position, " or ".join(values))
        levels = place.hl[clm] > place.st[clm]
        self.report("hierarchy", clm, ~levels, expected="a claim stands under an HL")
        if len(place.hl_at):
            kind = s.qualifier(np.maximum(place.hl[clm], 0), 3)
            self.report(
                "hierarchy", clm, levels & (kind == pack("20")), expected="a claim stands under a subscriber or patient"
            )
        self.missing(clm, self.has(clm, place.clm, place.lx_at), "loop 2400 (a service line)", "missing-loop")
        lines = np.bincount(place.claim[place.lx_at], minlength=len(clm)) if len(clm) else np.zeros(0)
        self.report("too-many", clm, lines > _MOST_LINES, expected=f"at most {_MOST_LINES} service lines")
        hi = place.pick("HI", place.in_claim & ~place.in_cob, None)
        self.report("too-many", hi, s.count_elements(hi) > _MOST_DIAGNOSES, expected=f"at most {_MOST_DIAGNOSES} codes")
        amount = place.pick("AMT", place.in_claim | place.in_line)
        _, ok = s.numbers("AMT", 2, 2, amount)
        self.report("bad-amount", amount, ~ok, "AMT02", 2, "dollars with at most two decimals")

    def lines(self) -> None:
        place, s = self.place, self.s
        lx = place.lx_at
        sv1 = place.pick("SV1", place.in_line)
        service = place.pick("DTP", place.in_line, "472")
        self.missing(lx, self.has(lx, place.lx, sv1), "SV1 (professional service)")
        self.missing(lx, self.has(lx, place.lx, service), "DTP*472 (date of service)")
        for found, what in ((sv1, "one SV1 in a service line"), (service, "one DTP*472 in a service line")):
            again = np.zeros(len(found), dtype=bool)
            if len(found) > 1:
                again[1:] = place.lx[found[1:]] == place.lx[found[:-1]]
            self.report("too-many", found, again, expected=what)
        number, ok = s.numbers("LX", 1, 0, lx)
        first = np.concatenate([[True], place.claim[lx[1:]] != place.claim[lx[:-1]]]) if len(lx) else ok
        follows = np.concatenate([[True], number[1:] == number[:-1] + 1]) if len(lx) else ok
        self.report(
            "line-number",
            lx,
            ~ok | (first & (number != 1)) | (~first & ~follows),
            "LX01",
            1,
            "1, 2, 3 ... in each claim",
        )
        kind = s.key(s.component(s.span(sv1, 1), 1))
        self.report("bad-qualifier", sv1, ~_in(kind, ("HC", "IV", "ER", "WK")), "SV101-1", 1, "HC", 1)
        start, end = s.component(s.span(sv1, 1), 2)
        self.report("bad-element", sv1, start == end, "SV101-2", expected="a procedure code")
        _, ok = s.numbers("SV1", 2, 2, sv1)
        self.report("bad-amount", sv1, ~ok, "SV102", 2, "dollars with at most two decimals")
        basis = s.qualifier(sv1, 3)
        self.report("bad-qualifier", sv1, ~_in(basis, ("UN", "MJ")), "SV103", 3, "UN or MJ")
        units, ok = s.numbers("SV1", 4, 3, sv1)
        self.report("bad-amount", sv1, ~ok | (units <= 0), "SV104", 4, "units above zero, at most three decimals")

    def dates(self) -> None:
        place, s = self.place, self.s
        period = place.periods
        here = self.inside[period.at]
        dtp, ranged = period.at[here], period.ranged[here]
        form = s.keys_of("DTP", 2)[here]
        known = _in(form, ("D8", "RD8", "DT"))
        self.report("bad-qualifier", dtp, ~known, "DTP02", 2, "D8 or RD8")
        shaped = (period.length[here] == np.where(ranged, 17, 8)) | (form == pack("DT"))
        bad = known & ~(period.first_ok[here] & period.last_ok[here] & shaped)
        self.report("bad-date", dtp, bad, "DTP03", 3, "a calendar date CCYYMMDD, or two with a hyphen")
        backwards = ranged & ~bad & (period.last[here] < period.first[here])
        self.report("bad-date", dtp, backwards, "DTP03", 3, "a range that ends after it begins")
        birth = place.pick("DMG", place.in_hl)
        _, ok = s.dates(s.span(birth, 2))
        self.report("bad-date", birth, ~ok, "DMG02", expected="a birth date CCYYMMDD")

    def providers(self) -> None:
        s = self.s
        names = s.where("NM1")
        names = names[self.inside[names]]
        names = names[s.qualifier(names, 8) == pack("XX")]
        start, end = s.span(names, 9)
        valid = npi_valid(s, start, end)
        # A member number wrongly marked as an NPI is not repeated.
        person = _in(s.qualifier(names), ("IL", "QC"))
        form = "ten digits with a valid check digit"
        self.report("bad-npi", names, ~valid & ~person, "NM109", 9, form)
        self.report("bad-npi", names, ~valid & person, "NM109", expected=form)
        payer = self.place.pick("NM1", self.place.in_hl, "PR")
        for element, what in ((3, "the payer's name"), (9, "the payer's identifier")):
            start, end = s.span(payer, element)
            self.report("bad-element", payer, start == end, f"NM1{element:02d}", element, what)
        billing = self.place.pick("NM1", self.place.in_hl, "85")
        none = s.qualifier(billing, 8) != pack("XX")
        self.report("npi-missing", billing, none, "NM109", expected="the billing provider's NPI with qualifier XX")


def _in(key: Words, names: Iterable[str]) -> Bools:
    """Say which keys are one of the names."""
    found: Bools = np.logical_or.reduce([key == pack(name) for name in names])
    return found


def npi_valid(s: Segments, start: Ints, end: Ints) -> Bools:
    """Say which spans are NPIs: ten digits whose Luhn sum with the prefix 80840 ends in zero (45 CFR 162.406)."""
    ok = (end - start) == 10
    limit = max(len(s.buffer) - 1, 0)
    # The prefix 80840 adds 24 to the sum.
    total = np.full(len(start), 24, dtype=np.int64)
    for k in range(10):
        digit = (s.buffer[np.minimum(start + k, limit)] - np.uint8(48)).astype(np.int64)
        ok &= (digit >= 0) & (digit <= 9)
        doubled = digit * 2
        total += np.where(doubled > 9, doubled - 9, doubled) if k % 2 == 0 else digit
    valid: Bools = ok & (total % 10 == 0)
    return valid


def _printable(s: Segments, start: Ints, end: Ints) -> pl.Series:
    return s.text((start, end)).str.replace_all(r"[^ -~]", "?")
