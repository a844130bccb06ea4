"""835 segments (005010X221, X221A1) to the tables of remittances.

One pass of vector operations, as for claims: every segment knows the transaction, claim payment and service payment
it stands in, because those are the most recent ST, CLP and SVC before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from scrubjay.io.columns import Columns, first_of, ids, masked, ordinal, recent
from scrubjay.io.defects import Defects
from scrubjay.io.interchange import Chunk
from scrubjay.io.spans import Bools, Ints, pack
from scrubjay.io.x12 import Segments
from scrubjay.model835 import Remits

_TRIPLES = 6
"""CAS holds up to six triples of reason, amount and quantity; PLB up to six pairs of reason and amount."""

_MOA = (3, 4, 5, 6, 7)
_MIA = (5, 20, 21, 22, 23)
"""Elements of MOA and MIA that hold remark codes (005010X221A1, loop 2100)."""


@dataclass(frozen=True)
class Layout:
    """Where every segment of a chunk stands.

    ``payment``, ``claim``, ``line``: ordinals in the chunk, -1 where there is none; a payment whose header was carried
    over from an earlier chunk has ordinal -1, too.  ``in_header``, ``in_claim``, ``in_line``: the loop it stands in.
    """

    segments: Segments
    wanted: Bools
    st: Ints
    n1: Ints
    in_header: Bools
    in_claim: Bools
    in_line: Bools
    in_payment: Bools
    payment: Ints
    claim: Ints
    line: Ints
    st_at: Ints
    clp_at: Ints
    svc_at: Ints


def layout(segments: Segments, wanted: Bools) -> Layout:
    """Place every segment of a chunk; what belongs to no 835 stands nowhere."""
    count = len(segments)
    st, clp, svc, lx, n1, se, plb = (recent(segments, name) for name in ("ST", "CLP", "SVC", "LX", "N1", "SE", "PLB"))
    starts = segments.where("ST")
    ours = np.zeros(count, dtype=bool)
    ours[starts] = segments.keys_of("ST", 1) == pack("835")
    # The SE itself still stands in the transaction it ends.
    ended = np.concatenate([[-1], se[:-1]]) if count else se
    inside = wanted & (st > ended) & (st >= 0) & (ours[np.maximum(st, 0)] if count else wanted)
    in_loop = inside & (clp > st) & (clp > lx) & (clp > plb) & (se < st)
    in_line = in_loop & (svc > clp)
    st_at = starts[inside[starts] & ~segments.context[starts]]
    clp_at = segments.where("CLP")
    clp_at = clp_at[in_loop[clp_at]]
    svc_at = segments.where("SVC")
    svc_at = svc_at[in_line[svc_at]]

    return Layout(
        segments, wanted, st, n1,
        in_header=inside & (clp < st) & (lx < st) & (plb < st),
        in_claim=in_loop & ~in_line,
        in_line=in_line,
        in_payment=inside,
        payment=ordinal(st_at, inside),
        claim=ordinal(clp_at, in_loop),
        line=ordinal(svc_at, in_line),
        st_at=st_at,
        clp_at=clp_at,
        svc_at=svc_at,
    )  # fmt: skip


@dataclass(frozen=True)
class First:
    """The next free ids of a run."""

    payment: int = 0
    claim: int = 0
    line: int = 0

    def after(self, part: Remits) -> First:
        """Return the next free ids once a part is read."""
        return First(self.payment + len(part.payments), self.claim + len(part.claims), self.line + len(part.lines))


def read_chunk(place: Layout, chunk: Chunk, file: int, first: First) -> Remits:
    """Return the tables of one chunk without its defects: those are complete when the balance has been looked at."""
    columns = Columns(place.segments)
    claims = _claims(place, columns, file, first)
    return Remits(
        payments=_payments(place, columns, file, first),
        claims=claims,
        lines=_lines(place, columns, first),
        adjustments=_adjustments(place, columns, first),
        remarks=_remarks(place, columns, first),
        amounts=_amounts(place, columns, first),
        provider_adjustments=_provider_adjustments(place, columns, first),
        defects=Remits.empty().defects,
    )


def _payments(place: Layout, c: Columns, file: int, first: First) -> pl.DataFrame:
    s = place.segments
    at = place.st_at
    n = len(at)

    def header(identifier: str, qualifier: str | None = None) -> Ints:
        found = c.pick(identifier, place.in_header, qualifier)
        owner = place.payment[found]
        return first_of(found[owner >= 0], owner[owner >= 0], n)

    def after(identifier: str, qualifier: str, name: Ints) -> Ints:
        """Pick the first REF of a kind that follows the name of a party."""
        found = c.pick(identifier, place.in_header, qualifier)
        owner = place.payment[found]
        found, owner = found[owner >= 0], owner[owner >= 0]
        good = place.n1[found] == name[owner]
        return first_of(found[good], owner[good], n)

    bpr, trn, payer, payee = header("BPR"), header("TRN"), header("N1", "PR"), header("N1", "PE")
    gs = recent(s, "GS")[at]
    payee_kind = s.qualifier(payee, 3)
    npi = np.where(payee_kind == pack("XX"), payee, -1)
    tin = np.where(payee_kind == pack("FI"), payee, -1)
    return pl.DataFrame(
        {
            "payment_id": pl.Series((np.arange(n) + first.payment).astype(np.uint32)),
            "file": pl.Series(np.full(n, file, dtype=np.uint32)),
            "transaction": c.text(at, 2),
            "segment": c.number(np.where(bpr >= 0, bpr, at)),
            "version": c.text(gs, 8),
            "handling": c.code(bpr, 1),
            "paid_cents": c.decimal("BPR", bpr, 2, 2),
            "credit_debit": c.code(bpr, 3),
            "method": c.code(bpr, 4),
            "payment_date": c.date(bpr, 16),
            "trace": c.text(trn, 2),
            "trace_payer": c.text(trn, 3),
            "production_date": c.date(header("DTM", "405"), 2),
            "receiver": c.text(header("REF", "EV"), 2),
            "payer_name": c.text(payer, 2),
            "payer_id": pl.select(pl.coalesce(c.code(payer, 4), c.code(after("REF", "2U", payer), 2))).to_series(),
            "payee_name": c.text(payee, 2),
            "payee_npi": c.text(npi, 4),
            "payee_tin": pl.select(pl.coalesce(c.text(tin, 4), c.text(after("REF", "TJ", payee), 2))).to_series(),
        }
    )


def payment_ids(place: Layout, at: Ints, first: First) -> pl.Series:
    """Return the payment of segments; one whose header came in an earlier chunk is the last payment of that."""
    return pl.Series(np.maximum(place.payment[at] + first.payment, 0).astype(np.uint32))


def _claims(place: Layout, c: Columns, file: int, first: First) -> pl.DataFrame:
    s = place.segments
    at = place.clp_at
    n = len(at)

    def own(identifier: str, qualifier: str | tuple[str, ...] | None = None) -> Ints:
        found = c.pick(identifier, place.in_claim, qualifier)
        return first_of(found, place.claim[found], n)

    patient, subscriber, corrected, rendering = (own("NM1", q) for q in ("QC", "IL", "74", "82"))
    npi = np.where(s.qualifier(rendering, 8) == pack("XX"), rendering, -1)
    member = np.where(_present(s, patient, 9), patient, subscriber)
    return pl.DataFrame(
        {
            "remit_claim_id": pl.Series((np.arange(n) + first.claim).astype(np.uint32)),
            "payment_id": payment_ids(place, at, first),
            "file": pl.Series(np.full(n, file, dtype=np.uint32)),
            "transaction": c.text(place.st[at], 2),
            "claim": c.text(at, 1),
            "segment": c.number(at),
            "status": c.code(at, 2),
            "charge_cents": c.decimal("CLP", at, 3, 2),
            "paid_cents": c.decimal("CLP", at, 4, 2),
            "patient_cents": c.decimal("CLP", at, 5, 2),
            "filing_code": c.code(at, 6),
            "payer_control": c.text(at, 7),
            "pos": c.code(at, 8),
            "frequency": c.code(at, 9),
            "patient_last": c.text(patient, 3),
            "patient_first": c.text(patient, 4),
            "member_id": c.code(member, 9),
            "corrected_member_id": c.code(corrected, 9),
            "rendering_npi": c.text(npi, 9),
            "crossover_payer": c.text(own("NM1", "TT"), 3),
            "priority_payer": c.text(own("NM1", "PR"), 3),
            "original_ref": c.text(own("REF", "F8"), 2),
            "group_number": c.text(own("REF", "1L"), 2),
            "from_date": c.date(own("DTM", "232"), 2),
            "to_date": c.date(own("DTM", "233"), 2),
            "received_date": c.date(own("DTM", "050"), 2),
            "covered_cents": c.decimal("AMT", own("AMT", "AU"), 2, 2),
            "interest_cents": c.decimal("AMT", own("AMT", "I"), 2, 2),
        }
    )


def _present(s: Segments, at: Ints, element: int) -> Bools:
    start, end = s.span(at, element)
    return end > start


def _lines(place: Layout, c: Columns, first: First) -> pl.DataFrame:
    at = place.svc_at
    n = len(at)
    claim = place.claim[at]

    def own(identifier: str, qualifier: str | tuple[str, ...] | None = None) -> Ints:
        found = c.pick(identifier, place.in_line, qualifier)
        return first_of(found, place.line[found], n)

    day = own("DTM", ("472", "150"))
    units = c.decimal("SVC", at, 5, 3)
    absent = pl.Series(~_present(place.segments, at, 5))
    return pl.DataFrame(
        {
            "remit_line_id": pl.Series((np.arange(n) + first.line).astype(np.uint32)),
            "remit_claim_id": ids(claim, first.claim),
            "position": pl.Series((np.arange(n) - np.searchsorted(claim, claim, side="left") + 1).astype(np.uint32)),
            "segment": c.number(at),
            "qualifier": c.code(at, 1, 1),
            "code": c.code(at, 1, 2),
            **{f"mod{k}": c.code(at, 1, 2 + k) for k in range(1, 5)},
            "charge_cents": c.decimal("SVC", at, 2, 2),
            "paid_cents": c.decimal("SVC", at, 3, 2),
            "revenue": c.text(at, 4),
            "units_milli": pl.select(pl.when(absent).then(pl.lit(1000)).otherwise(units)).to_series().cast(pl.Int64),
            "submitted_code": c.code(at, 6, 2),
            **{f"submitted_mod{k}": c.code(at, 6, 2 + k) for k in range(1, 5)},
            "submitted_units_milli": c.decimal("SVC", at, 7, 3),
            "service_date": c.date(day, 2),
            "service_to": c.date(own("DTM", "151"), 2),
            "line_control": c.text(own("REF", "6R"), 2),
            "rendering_npi": c.text(own("REF", "HPI"), 2),
            "allowed_cents": c.decimal("AMT", own("AMT", "B6"), 2, 2),
        },
        schema_overrides={"remit_claim_id": pl.UInt32},
    )


def _spread(s: Segments, at: Ints, first: int, width: int) -> tuple[Ints, Ints]:
    """Return, for repeated groups of elements, each segment as often as it has groups, and which group it is (from 0)."""
    counts = np.clip((s.count_elements(at) - first + width) // width, 0, _TRIPLES)
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(at, counts), np.arange(total) - np.repeat(ends - counts, counts)


def element_spans(s: Segments, at: Ints, element: Ints) -> tuple[Ints, Ints]:
    """Return the span of a different element of each segment; empty where the segment has no such element."""
    if not len(at):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty
    there = element <= s.last[at] - s.first[at]
    left = np.where(there, s.first[at] + element - 1, 0)
    start, end = s.separators[left] + 1, s.separators[left + 1]
    return np.where(there, start, 0), np.where(there, end, 0)


def _number(s: Segments, span: tuple[Ints, Ints], scale: int) -> pl.Series:
    return masked(*s.decimals(span, scale))


def _adjustments(place: Layout, c: Columns, first: First) -> pl.DataFrame:
    s = place.segments
    at, group = _spread(s, c.pick("CAS", place.in_claim | place.in_line), 2, 3)
    reason, amount, quantity = (element_spans(s, at, 2 + 3 * group + k) for k in range(3))
    filled = (reason[1] > reason[0]) | (amount[1] > amount[0])
    at, group = at[filled], group[filled]
    reason, amount, quantity = ((a[filled], b[filled]) for a, b in (reason, amount, quantity))
    return pl.DataFrame(
        {
            "remit_claim_id": ids(place.claim[at], first.claim),
            "remit_line_id": ids(place.line[at], first.line),
            "segment": c.number(at),
            "position": pl.Series((group + 1).astype(np.uint8)),
            "group": c.code(at, 1),
            "carc": s.code(reason),
            "amount_cents": _number(s, amount, 2),
            "quantity_milli": _number(s, quantity, 3),
        },
        schema_overrides={"remit_claim_id": pl.UInt32, "remit_line_id": pl.UInt32},
    )


def _remarks(place: Layout, c: Columns, first: First) -> pl.DataFrame:
    s = place.segments
    inside = place.in_claim | place.in_line
    parts = []
    for source, elements in (("LQ", (2,)), ("MOA", _MOA), ("MIA", _MIA)):
        found = c.pick(source, inside)
        at = np.repeat(found, len(elements))
        element = np.tile(np.array(elements, dtype=np.int64), len(found))
        span = element_spans(s, at, element)
        filled = span[1] > span[0]
        at, span = at[filled], (span[0][filled], span[1][filled])
        qualifier = c.code(at, 1) if source == "LQ" else pl.Series(["HE"] * len(at), dtype=pl.String)
        parts.append(
            pl.DataFrame(
                {
                    "remit_claim_id": ids(place.claim[at], first.claim),
                    "remit_line_id": ids(place.line[at], first.line),
                    "segment": c.number(at),
                    "source": pl.Series([source] * len(at), dtype=pl.String),
                    "qualifier": qualifier,
                    "code": s.code(span),
                },
                schema_overrides={"remit_claim_id": pl.UInt32, "remit_line_id": pl.UInt32},
            )
        )
    return pl.concat(parts).sort("segment", maintain_order=True)


def _amounts(place: Layout, c: Columns, first: First) -> pl.DataFrame:
    at = c.pick("AMT", place.in_claim | place.in_line)
    return pl.DataFrame(
        {
            "remit_claim_id": ids(place.claim[at], first.claim),
            "remit_line_id": ids(place.line[at], first.line),
            "segment": c.number(at),
            "qualifier": c.code(at, 1),
            "amount_cents": c.decimal("AMT", at, 2, 2),
        },
        schema_overrides={"remit_claim_id": pl.UInt32, "remit_line_id": pl.UInt32},
    )


def _provider_adjustments(place: Layout, c: Columns, first: First) -> pl.DataFrame:
    s = place.segments
    at, pair = _spread(s, c.pick("PLB", place.in_payment), 3, 2)
    reason, amount = (element_spans(s, at, 3 + 2 * pair + k) for k in range(2))
    filled = (reason[1] > reason[0]) | (amount[1] > amount[0])
    at, pair = at[filled], pair[filled]
    reason, amount = ((a[filled], b[filled]) for a, b in (reason, amount))
    return pl.DataFrame(
        {
            "payment_id": payment_ids(place, at, first),
            "segment": c.number(at),
            "position": pl.Series((pair + 1).astype(np.uint8)),
            "provider_id": c.text(at, 1),
            "fiscal_date": c.date(at, 2),
            "reason": s.code(s.component(reason, 1)),
            "reference": s.text(s.component(reason, 2)),
            "amount_cents": _number(s, amount, 2),
        }
    )


def defect_rows(defects: Defects, place: Layout, file: int, first: First) -> pl.DataFrame:
    """Return the defects of a chunk with the payment, claim and line they belong to."""
    frame = defects.frame()
    at = frame["at"].to_numpy()
    known = (at >= 0) & bool(len(place.segments))
    safe = np.maximum(at, 0)

    def of(ordinals: Ints) -> Ints:
        return np.where(known, ordinals[safe], -1) if len(ordinals) else np.full(len(at), -1)

    st = of(place.st)
    inside = of(place.in_payment.astype(np.int64)) > 0
    payment = np.where(inside, of(place.payment) + first.payment, -1)
    return frame.select(
        "kind",
        pl.lit(file, dtype=pl.UInt32).alias("file"),
        pl.col("segment").cast(pl.UInt32),
        "element", "found", "expected",
        (Columns(place.segments).text(st, 2) if len(place.segments) else pl.Series([None] * len(at), dtype=pl.String)).alias("transaction"),
        ids(payment, 0).cast(pl.UInt32).alias("payment_id"),
        ids(of(place.claim), first.claim).cast(pl.UInt32).alias("remit_claim_id"),
        ids(of(place.line), first.line).cast(pl.UInt32).alias("remit_line_id"),
    )  # fmt: skip
