"""What is wrong with a remittance: elements that cannot be read, and money that does not add up.

The guide (005010X221A1, section 1.10.2) balances three times: a service payment is its charge less its adjustments, a
claim payment is its charge less all adjustments of claim and lines, and the payment is the sum of its claim payments
less the provider adjustments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from scrubjay.io.columns import Columns
from scrubjay.io.defects import Defects
from scrubjay.io.remit835 import First, Layout, element_spans
from scrubjay.io.spans import Ints, pack
from scrubjay.model835 import Remits

_GROUPS = ("CO", "CR", "OA", "PI", "PR")
_DATES = ("232", "233", "050", "036", "472", "150", "151", "405")


@dataclass(frozen=True)
class _Payment:
    """A payment whose end has not been read yet, with what its claims and provider adjustments come to so far."""

    payment_id: int
    segment: int
    stated: int | None
    claims: int
    provider: int
    whole: bool


class Balance:
    """Looks at the chunks of one input in order; only the open payment is remembered between them."""

    def __init__(self) -> None:
        self._open: _Payment | None = None

    def inspect(self, place: Layout, part: Remits, defects: Defects, first: First) -> None:
        """Note what is wrong with a chunk among its defects."""
        _forms(place, defects)
        _lines_and_claims(place, part, defects, first)
        self._payments(place, part, defects, first)

    def _payments(self, place: Layout, part: Remits, defects: Defects, first: First) -> None:
        s = place.segments
        fresh = [
            _Payment(row["payment_id"], row["segment"], row["paid_cents"], 0, 0, True)
            for row in part.payments.select("payment_id", "segment", "paid_cents").iter_rows(named=True)
        ]
        payments = [p for p in (self._open,) if p is not None] + fresh
        claims = _sums(part.claims, "payment_id", "paid_cents")
        provider = _sums(part.provider_adjustments, "payment_id", "amount_cents")
        ends = s.where("SE")
        ends = ends[place.in_payment[ends] & ~s.context[ends]]
        closed = dict(zip((np.maximum(place.payment[ends] + first.payment, 0)).tolist(), ends.tolist(), strict=True))
        self._open = None
        for payment in payments:
            paid, unread_paid = claims.get(payment.payment_id, (0, 0))
            taken, unread_taken = provider.get(payment.payment_id, (0, 0))
            total = payment.claims + paid
            less = payment.provider + taken
            whole = payment.whole and not unread_paid and not unread_taken
            at = closed.get(payment.payment_id)
            if at is None:
                self._open = _Payment(payment.payment_id, payment.segment, payment.stated, total, less, whole)
            elif whole and payment.stated is not None and total - less != payment.stated:
                words = f"{dollars(total - less)} (claims {dollars(total)} less provider adjustments {dollars(less)})"
                defects.add_numbered("payment-balance", at, payment.segment, "BPR02", dollars(payment.stated), words)


def dollars(cents: int) -> str:
    """Write cents as dollars with two places."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _sums(frame: pl.DataFrame, key: str, value: str) -> dict[int, tuple[int, int]]:
    """Return the sum of a money column and how many of its values are unread, by key."""
    grouped = frame.group_by(key).agg(pl.col(value).sum(), pl.col(value).null_count().alias("unread"))
    return {row[0]: (row[1], row[2]) for row in grouped.iter_rows()}


def _totals(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    return frame.group_by(key).agg(
        pl.col("amount_cents").sum().alias("taken"), pl.col("amount_cents").null_count().alias("unread")
    )


def _lines_and_claims(place: Layout, part: Remits, defects: Defects, first: First) -> None:
    of_lines = part.adjustments.filter(pl.col("remit_line_id").is_not_null())
    _compare("line-balance", "SVC03", part.lines, of_lines, "remit_line_id", place.svc_at, first.line, defects)
    _compare(
        "claim-balance", "CLP04", part.claims, part.adjustments, "remit_claim_id", place.clp_at, first.claim, defects
    )


def _compare(
    kind: str, element: str, rows: pl.DataFrame, taken: pl.DataFrame, key: str, at: Ints, first: int, defects: Defects
) -> None:
    wrong = (
        rows.select(key, "charge_cents", "paid_cents")
        .join(_totals(taken, key), on=key, how="left")
        .with_columns(pl.col("taken", "unread").fill_null(0))
        .filter(
            (pl.col("unread") == 0) & (pl.col("charge_cents") - pl.col("paid_cents") != pl.col("taken"))
        )
        .sort(key)
    )  # fmt: skip
    for row in wrong.iter_rows(named=True):
        expected = (
            f"{dollars(row['charge_cents'] - row['taken'])} "
            f"(charge {dollars(row['charge_cents'])} less adjustments {dollars(row['taken'])})"
        )
        defects.add(kind, int(at[row[key] - first]), element, dollars(row["paid_cents"]), expected)


def _forms(place: Layout, defects: Defects) -> None:
    """Note required segments that are missing and elements that cannot be read."""
    s = place.segments
    c = Columns(s)
    for name, qualifier in (("BPR", None), ("TRN", None), ("N1", "PR"), ("N1", "PE")):
        found = c.pick(name, place.in_header, qualifier)
        lacking = np.setdiff1d(np.arange(len(place.st_at)), place.payment[found])
        # A header that a damaged file breaks off has told its error already.
        for at in place.st_at[lacking].tolist():
            defects.add("missing-segment", at, None, None, f"{name}*{qualifier}" if qualifier else name)
    inside = place.in_claim | place.in_line
    patients = place.claim[c.pick("NM1", place.in_claim, "QC")]
    lacking = place.clp_at[np.setdiff1d(np.arange(len(place.clp_at)), patients)]
    defects.add_many("missing-segment", lacking, None, None, "NM1*QC")
    _required("CLP", (1, 2), place.clp_at, c, defects)
    _required("SVC", (1,), place.svc_at, c, defects)
    _amounts("BPR", (2,), c.pick("BPR", place.in_header), c, defects, needed=True)
    _amounts("CLP", (3, 4), place.clp_at, c, defects, needed=True)
    _amounts("CLP", (5,), place.clp_at, c, defects, needed=False)
    _amounts("SVC", (2, 3), place.svc_at, c, defects, needed=True)
    _amounts("AMT", (2,), c.pick("AMT", inside), c, defects, needed=True)
    cas = c.pick("CAS", inside)
    known = np.isin(s.qualifier(cas, 1), np.array([pack(g) for g in _GROUPS]))
    defects.add_many("bad-code", cas[~known], "CAS01", c.text(cas[~known], 1), " ".join(_GROUPS))
    for k in range(6):
        reason, amount = (element_spans(s, cas, np.full(len(cas), 2 + 3 * k + j)) for j in range(2))
        has_reason, has_amount = reason[1] > reason[0], amount[1] > amount[0]
        lone = cas[has_amount & ~has_reason]
        defects.add_many("missing-element", lone, f"CAS{2 + 3 * k:02d}", None, "a reason code for the amount")
        _amounts("CAS", (3 + 3 * k,), cas[has_reason], c, defects, needed=True)
    dated = c.pick("DTM", inside | place.in_header, _DATES)
    value = c.date(dated, 2)
    wrong = dated[value.is_null().to_numpy()]
    defects.add_many("bad-date", wrong, "DTM02", c.text(wrong, 2), "CCYYMMDD")
    for name in ("SVC", "CAS", "LQ", "MOA", "MIA"):
        at = s.where(name)
        stray = at[place.in_payment[at] & ~inside[at]]
        defects.add_many("misplaced-segment", stray, None, None, "a place inside a claim (CLP)")


def _required(name: str, elements: tuple[int, ...], at: Ints, c: Columns, defects: Defects) -> None:
    for element in elements:
        start, end = c.segments.span(at, element)
        lacking = at[end <= start]
        defects.add_many("missing-element", lacking, f"{name}{element:02d}", None, "a value")


def _amounts(name: str, elements: tuple[int, ...], at: Ints, c: Columns, defects: Defects, *, needed: bool) -> None:
    for element in elements:
        start, end = c.segments.span(at, element)
        ok = c.decimal(name, at, element, 2).is_not_null().to_numpy()
        wrong = at[~ok & ((end > start) | needed)]
        defects.add_many("bad-amount", wrong, f"{name}{element:02d}", c.text(wrong, element), "an amount in dollars")
