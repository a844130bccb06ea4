"""837P segments (005010X222, X222A1, X222A2) to the tables of claims: placed first, then wanted elements become columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.io import structure837
from scrubjay.io.columns import Value, as_dates, first_of, frame_of, ids, masked
from scrubjay.io.defects import Defects
from scrubjay.io.interchange import Chunk
from scrubjay.io.layout837 import Layout, layout
from scrubjay.io.spans import Bools, Ints, pack
from scrubjay.io.x12 import Segments
from scrubjay.model import Tables

_HL_BILLING, _HL_SUBSCRIBER, _HL_PATIENT = pack("20"), pack("22"), pack("23")
_BLOOD_TESTS = ("R1", "R2")
"""MEA02 of hemoglobin and hematocrit."""

_DIAGNOSIS_QUALIFIERS = tuple(pack(q) for q in ("ABK", "ABF", "BK", "BF"))


def read_chunk(chunk: Chunk, file: int, first_claim: int, first_line: int) -> Tables:
    """Return the tables of one chunk.

    ``file`` is the number of the input; ``first_claim`` and ``first_line`` the next free ids of the run.
    """
    place = layout(chunk.segments, chunk.wanted)
    claims = _claims(place, file, first_claim)
    lines, line_of_lx = _lines(place, first_claim, first_line)
    diagnoses = _diagnoses(place, first_claim)
    notes = _notes(place, first_claim, first_line, line_of_lx)
    structure837.inspect(place, chunk.defects)
    defects = _defects(chunk.defects, place, file, first_claim, first_line, line_of_lx)
    return Tables(claims, lines, diagnoses, notes, defects)


def _levels(place: Layout) -> tuple[Ints, Ints, Ints]:
    """Return per HL the ordinals of the billing, subscriber and patient level it stands under."""
    s = place.segments
    kinds = s.qualifier(place.hl_at, 3)
    order = np.arange(len(place.hl_at), dtype=np.int64)
    of_st = place.st[place.hl_at] if len(order) else order

    def latest(kind: np.uint64) -> Ints:
        if not len(order):
            return order
        found = np.maximum.accumulate(np.where(kinds == kind, order, -1))
        same_transaction = of_st[np.maximum(found, 0)] == of_st
        return np.where((found >= 0) & same_transaction, found, -1)

    billing, subscriber, patient = latest(_HL_BILLING), latest(_HL_SUBSCRIBER), latest(_HL_PATIENT)
    subscriber = np.where(subscriber > billing, subscriber, -1)
    patient = np.where(kinds == _HL_PATIENT, patient, -1)
    return billing, subscriber, patient


def _claims(place: Layout, file: int, first_claim: int) -> pl.DataFrame:
    at = place.clm_at
    n = len(at)
    nhl = len(place.hl_at)
    billing, subscriber, patient = _levels(place)
    level = np.searchsorted(place.hl_at, at, side="right") - 1
    level = np.where((level >= 0) & (place.hl[at] > place.st[at]), level, -1)

    def up(parent: Ints) -> Ints:
        if not nhl:
            return np.full(n, -1, dtype=np.int64)
        return np.where(level >= 0, parent[np.maximum(level, 0)], -1)

    def of_level(found: Ints, levels: Ints) -> Ints:
        """Carry the first segment of each hierarchical level to the claims under it."""
        owner = np.searchsorted(place.hl_at, found, side="right") - 1
        per_level = first_of(found, owner, nhl)
        return np.where(levels >= 0, per_level[np.maximum(levels, 0)] if nhl else -1, -1)

    def after_name(
        identifier: str, qualifier: str | tuple[str, ...] | None, name: str, region: Bools, element: int = 1
    ) -> Ints:
        """Pick segments that follow an NM1 of the given entity."""
        found = place.pick(identifier, region, qualifier, element)
        good: Bools = (place.nm1[found] > place.hl[found]) & (place.name[found] == pack(name))
        return found[good]

    b, u, p = up(billing), up(subscriber), up(patient)
    hl = place.in_hl
    nm_billing = of_level(place.pick("NM1", hl, "85"), b)
    nm_subscriber = of_level(place.pick("NM1", hl, "IL"), u)
    nm_payer = of_level(place.pick("NM1", hl, "PR"), u)
    nm_patient = of_level(place.pick("NM1", hl, "QC"), p)
    sbr = of_level(place.pick("SBR", hl), u)
    who = np.where(p >= 0, nm_patient, nm_subscriber)
    dmg_patient = of_level(after_name("DMG", None, "QC", hl), p)
    dmg_subscriber = of_level(after_name("DMG", None, "IL", hl), u)
    dmg = np.where(p >= 0, dmg_patient, dmg_subscriber)
    tin = of_level(after_name("REF", ("EI", "SY"), "85", hl), b)
    address = of_level(after_name("N4", None, "85", hl), b)
    patient_address = np.where(
        p >= 0, of_level(after_name("N4", None, "QC", hl), p), of_level(after_name("N4", None, "IL", hl), u)
    )
    prv = of_level(place.pick("PRV", hl, "BI"), b)

    own = place.in_claim & ~place.in_cob

    def of_claim(found: Ints) -> Ints:
        return first_of(found, place.claim[found], n)

    def ref(qualifier: str) -> Ints:
        found = place.pick("REF", own, qualifier)
        return of_claim(found[place.nm1[found] < place.clm[found]])

    def name(qualifier: str | tuple[str, ...]) -> Ints:
        return of_claim(place.pick("NM1", own, qualifier))

    rendering, facility = name("82"), name("77")
    facility_address = place.pick("N4", own)
    facility_address = of_claim(
        facility_address[place.nm1[facility_address] == facility[place.claim[facility_address]]]
    )
    taxonomy = place.pick("PRV", own, "PE")
    taxonomy = of_claim(taxonomy[place.nm1[taxonomy] == rendering[place.claim[taxonomy]]])
    cob = place.pick("SBR", place.in_cob)
    dates_of = {
        "accident_date": ("439",),
        "hospital_from": ("435",),
        "onset_date": ("431", "484"),
        "last_seen_date": ("304",),
    }
    date_columns = {}
    for column, qualifiers in dates_of.items():
        date_columns[column] = place.date(of_claim(place.pick("DTP", own, qualifiers)), 3)
    names = place.text(who, 3)
    frame = frame_of(
        {
            "claim_id": pl.Series((np.arange(n) + first_claim).astype(np.uint32)),
            "file": pl.Series(np.full(n, file, dtype=np.uint32)),
            "transaction": place.text(place.st[at], 2),
            "claim": place.text(at, 1),
            "segment": place.number(at),
            "charge_cents": place.decimal("CLM", at, 2, 2),
            "pos": place.code(at, 5, 1),
            "frequency": place.text(at, 5, 3),
            "accept_assignment": place.text(at, 7),
            "payer_resp": place.text(sbr, 1),
            "filing_code": place.code(sbr, 9),
            "group_number": place.text(sbr, 3),
            "payer_id": place.code(nm_payer, 9),
            "payer_name": place.text(nm_payer, 3),
            "member_id": place.code(nm_subscriber, 9),
            "patient_last": names,
            "patient_first": place.text(who, 4),
            "patient_dob": place.date(dmg, 2),
            "patient_sex": place.code(dmg, 3),
            "patient_state": place.code(patient_address, 2),
            "is_dependent": pl.Series(p >= 0),
            "billing_type": place.text(nm_billing, 2),
            "billing_npi": place.text(nm_billing, 9),
            "billing_tin": place.text(tin, 2),
            "billing_taxonomy": place.code(prv, 3),
            "billing_state": place.code(address, 2),
            "billing_zip": place.text(address, 3),
            "rendering_npi": place.text(rendering, 9),
            "rendering_type": place.text(rendering, 2),
            "rendering_segment": place.number(rendering),
            "rendering_taxonomy": place.code(taxonomy, 3),
            "facility_npi": place.text(facility, 9),
            "facility_zip": place.text(facility_address, 3),
            "supervising_npi": place.text(name("DQ"), 9),
            "referring_npi": place.text(name(("DN", "P3")), 9),
            "original_ref": place.text(ref("F8"), 2),
            "prior_auth": place.text(ref("G1"), 2),
            "patient_paid_cents": place.decimal("AMT", of_claim(place.pick("AMT", own, "F5")), 2, 2),
            "other_payers": pl.Series(
                np.bincount(place.claim[cob], minlength=n).astype(np.uint8) if n else np.zeros(0, np.uint8)
            ),
            **date_columns,
        }
    )
    return frame


def _lines(place: Layout, first_claim: int, first_line: int) -> tuple[pl.DataFrame, Ints]:
    """Return the service lines and, per LX of the chunk, the ordinal of its line (-1 without an SV1)."""
    s = place.segments
    nlx = len(place.lx_at)

    def of_lx(found: Ints) -> Ints:
        return first_of(found, place.line[found], nlx)

    sv1_all = of_lx(place.pick("SV1", place.in_line))
    has = sv1_all >= 0
    line_of_lx = np.where(has, np.cumsum(has) - 1, -1)
    sv1 = sv1_all[has]
    n = len(sv1)

    def of_line(found: Ints) -> Ints:
        return of_lx(found)[has]

    def named(qualifier: str) -> Ints:
        return of_line(place.pick("NM1", place.in_line, qualifier))

    dtp = of_line(place.pick("DTP", place.in_line, "472"))
    period = place.periods
    of_period = np.searchsorted(period.at, dtp)
    dated = dtp >= 0
    is_range = dated & _taken(period.ranged, of_period)
    # A day that is no range has eight characters; a range has two such days, each looked at for itself.
    shaped = dated & (is_range | (_taken(period.length, of_period) == 8))
    lin = of_line(place.pick("LIN", place.in_line))
    ctp = of_line(place.pick("CTP", place.in_line))
    every_lin = place.pick("LIN", place.in_line)
    lin_count = np.bincount(place.line[every_lin], minlength=nlx)[has] if nlx else np.zeros(0, np.int64)
    mea = of_line(place.pick("MEA", place.in_line, _BLOOD_TESTS, element=2))
    rendering = named("82")
    taxonomy = place.pick("PRV", place.in_line, "PE")
    prv = np.full(nlx, -1, dtype=np.int64)
    if len(taxonomy):
        prv = of_lx(taxonomy[place.name[taxonomy] == pack("82")])
    note = of_line(place.pick("NTE", place.in_line))
    procedure = s.span(sv1, 1)
    pointer = s.span(sv1, 7)
    modifier = [s.component(procedure, k) for k in (3, 4, 5, 6)]
    pointers = {}
    for k in (1, 2, 3, 4):
        start, end = s.component(pointer, k)
        number, ok = s.small((start, end))
        pointers[f"pointer{k}"] = masked(np.where(ok, number, 255), end > start, pl.UInt8)
    lx = place.lx_at[has]
    number, number_ok = s.numbers("LX", 1, 0, lx)
    frame = frame_of(
        {
            "line_id": pl.Series((np.arange(n) + first_line).astype(np.uint32)),
            "claim_id": pl.Series((place.claim[sv1] + first_claim).astype(np.uint32)),
            "line": masked(number, number_ok),
            "segment": place.number(sv1),
            "qualifier": s.text(s.component(procedure, 1)),
            "code": s.code(s.component(procedure, 2)),
            **{f"mod{k}": s.code(span) for k, span in enumerate(modifier, start=1)},
            "description": s.text(s.rest(procedure, 7)),
            "charge_cents": place.decimal("SV1", sv1, 2, 2),
            "unit_basis": place.code(sv1, 3),
            "units_milli": place.decimal("SV1", sv1, 4, 3),
            "line_pos": place.code(sv1, 5),
            **pointers,
            "emergency": place.text(sv1, 9),
            "service_date": as_dates(_taken(period.first, of_period), shaped & _taken(period.first_ok, of_period)),
            "service_to": as_dates(_taken(period.last, of_period), shaped & _taken(period.last_ok, of_period)),
            "is_range": pl.Series(is_range),
            "dtp_segment": place.number(dtp),
            "line_rendering_npi": place.text(rendering, 9),
            "line_rendering_taxonomy": place.code(prv[has], 3),
            "line_rendering_segment": place.number(rendering),
            "line_supervising_npi": place.text(named("DQ"), 9),
            "line_ordering_npi": place.text(named("DK"), 9),
            "line_auth": place.text(of_line(place.pick("REF", place.in_line, "G1")), 2),
            "line_control": place.text(of_line(place.pick("REF", place.in_line, "6R")), 2),
            "ndc_qualifier": place.code(lin, 2),
            "ndc": place.text(lin, 3),
            "lin_segment": place.number(lin),
            "ndc_qty_milli": place.decimal("CTP", ctp, 4, 3),
            "ndc_qty_text": place.text(ctp, 4),
            "ndc_unit": place.text(ctp, 5, 1),
            "ctp_segment": place.number(ctp),
            "ndc_count": pl.Series(np.minimum(lin_count, 255).astype(np.uint8)),
            "ndc_link": place.text(of_line(place.pick("REF", place.in_line, "XZ")), 2),
            "mea_code": place.code(mea, 2),
            "mea_value_milli": place.decimal("MEA", mea, 3, 3),
            "line_note": place.text(note, 2),
        }
    )
    return frame, line_of_lx


def _taken(values: npt.NDArray[Value], at: Ints) -> npt.NDArray[Value]:
    """Return values by index; where there are none at all, zeros."""
    return values.take(at, mode="clip") if len(values) else np.zeros(len(at), dtype=values.dtype)


def _diagnoses(place: Layout, first_claim: int) -> pl.DataFrame:
    s = place.segments
    hi = place.pick("HI", place.in_claim & ~place.in_cob)
    counts = np.minimum(s.count_elements(hi), 12)
    at = np.repeat(hi, counts)
    ends = np.cumsum(counts)
    element = np.arange(len(at)) - np.repeat(ends - counts, counts) + 1
    span = _element_spans(s, at, element)
    qualifier = s.key(s.component(span, 1))
    keep = np.logical_or.reduce([qualifier == q for q in _DIAGNOSIS_QUALIFIERS])
    at, element, span = at[keep], element[keep], (span[0][keep], span[1][keep])
    claim = place.claim[at]
    first = np.searchsorted(claim, claim, side="left")
    return frame_of(
        {
            "claim_id": ids(claim, first_claim),
            "position": pl.Series((np.arange(len(at)) - first + 1).astype(np.uint8)),
            "qualifier": s.text(s.component(span, 1)),
            "code": s.code(s.component(span, 2)),
            "segment": place.number(at),
            "element": pl.Series(element.astype(np.uint8)),
        },
    )


def _element_spans(s: Segments, at: Ints, element: Ints) -> tuple[Ints, Ints]:
    """Return the span of a different element of each segment."""
    if not len(at):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty
    left = s.first[at] + element - 1
    return s.separators[left] + 1, s.separators[left + 1]


def _notes(place: Layout, first_claim: int, first_line: int, line_of_lx: Ints) -> pl.DataFrame:
    at = place.pick("NTE", (place.in_claim & ~place.in_cob) | place.in_line)
    lx = place.line[at]
    line = np.where(lx >= 0, line_of_lx[np.maximum(lx, 0)] if len(line_of_lx) else -1, -1)
    return frame_of(
        {
            "claim_id": ids(place.claim[at], first_claim),
            "line_id": ids(line, first_line),
            "qualifier": place.text(at, 1),
            "text": place.text(at, 2),
            "segment": place.number(at),
        },
    )


def _defects(
    defects: Defects, place: Layout, file: int, first_claim: int, first_line: int, line_of_lx: Ints
) -> pl.DataFrame:
    if not len(defects):
        return Tables.empty().defects
    frame = defects.frame()
    at = frame["at"].to_numpy()
    known = at >= 0
    safe = np.maximum(at, 0)
    size = len(place.segments)
    claim = np.where(known, place.claim[safe], -1) if size else np.full(len(at), -1)
    lx = np.where(known, place.line[safe], -1) if size else np.full(len(at), -1)
    line = np.where(lx >= 0, line_of_lx[np.maximum(lx, 0)], -1) if len(line_of_lx) else np.full(len(at), -1)
    st = np.where(known, place.st[safe], -1) if size else np.full(len(at), -1)
    transaction = place.text(st, 2)
    return frame.drop("at").with_columns(
        pl.lit(file, dtype=pl.UInt32).alias("file"),
        transaction.alias("transaction"),
        ids(claim, first_claim).cast(pl.UInt32).alias("claim_id"),
        ids(line, first_line).cast(pl.UInt32).alias("line_id"),
        pl.col("segment").cast(pl.UInt32),
    )
