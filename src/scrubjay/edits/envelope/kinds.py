"""Which edit speaks for which defect of the readers, and the shape its hits take."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from scrubjay.facts import Facts

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "text-outside": "ENV01",
        "wrapped": "ENV01",
        "isa-length": "ENV01",
        "trailing-separator": "ENV02",
        "interchange-header-missing": "ENV03",
        "interchange-trailer-missing": "ENV03",
        "group-header-missing": "ENV03",
        "group-trailer-missing": "ENV03",
        "transaction-header-missing": "ENV04",
        "interchange-control": "ENV05",
        "group-control": "ENV05",
        "transaction-control": "ENV06",
        "group-count": "ENV07",
        "transaction-count": "ENV07",
        "segment-count": "ENV08",
        "version-contradiction": "ENV09",
        "component-separator": "ENV10",
        "foreign-content": "ENV11",
        "unknown-segment": "ENV12",
        "misplaced-segment": "ENV13",
        "missing-segment": "ENV14",
        "missing-loop": "ENV15",
        "too-many": "ENV16",
        "hierarchy": "ENV17",
        "line-number": "ENV18",
        "bad-qualifier": "ENV19",
        "bad-element": "ENV20",
        "control-character": "ENV20",
        "bad-amount": "ENV21",
        "bad-date": "ENV22",
        "bad-npi": "ENV23",
        "npi-missing": "ENV24",
        "guide-missing": "ENV901",
        "guide-unexpected": "ENV902",
        "guide-repeats": "ENV903",
        "guide-absent": "ENV904",
        "guide-short": "ENV905",
        "guide-long": "ENV906",
        "guide-form": "ENV907",
        "guide-code": "ENV908",
        "guide-list": "ENV908",
        "guide-date": "ENV909",
        "guide-unused": "ENV910",
        "guide-syntax": "ENV911",
    }
)
"""Every kind of defect that :mod:`scrubjay.io` and :mod:`scrubjay.conformance` report, and the one edit it belongs to."""

GUIDE = frozenset(code for kind, code in KINDS.items() if kind.startswith("guide-"))
"""The edits that speak for the implementation guide: they run where pyx12 was asked (``--conformance``)."""

_OUTSIDE_TRANSACTIONS = [kind for kind, code in KINDS.items() if code in ("ENV01", "ENV03", "ENV05", "ENV07")]


def of(t: Facts, code: str) -> pl.LazyFrame:
    """Return the defects an edit speaks for.  A transaction is named only where the defect lies inside one."""
    kinds = [kind for kind, owner in KINDS.items() if owner == code]
    inside = ~pl.col("kind").is_in(_OUTSIDE_TRANSACTIONS)
    return t.defects.filter(pl.col("kind").is_in(kinds)).with_columns(
        transaction=pl.when(inside).then(pl.col("transaction")),
        found=pl.when(pl.col("found") != "").then(pl.col("found")),
    )


def hits(
    rows: pl.LazyFrame, message: pl.Expr, *, found: str = "not there", expected: str | None = None, repair: bool = False
) -> pl.LazyFrame:
    """Return defects as hits; ``found`` and ``expected`` stand in where the reader gave none, in the message too.

    The message may ask ``hidden``: nothing was found, or it is not to be shown.  ``repair`` proposes to put the
    expected value in the place of the one found, where there is one.
    """
    one = pl.struct("segment", "element", old=pl.col("found"), new=pl.col("expected"))
    # A true count of nothing means that a header is missing: writing the nothing down would hide it.
    both = pl.col("found").is_not_null() & (pl.col("expected") != "0").fill_null(value=False)
    return (
        rows.with_columns(hidden=pl.col("found").is_null(), patches=pl.when(both & repair).then(pl.concat_list(one)))
        .with_columns(pl.col("found").fill_null(found), pl.col("expected").fill_null(pl.lit(expected, dtype=pl.String)))
        .select(
            "claim_id",
            "line_id",
            "file",
            "transaction",
            "segment",
            "element",
            "found",
            "expected",
            "patches",
            message=message,
        )
    )


def by_kind(words: Mapping[str, str]) -> pl.Expr:
    """Return the sentence for each kind of defect; ``{found}`` and ``{expected}`` stand for the values of the row."""
    sentence = pl.lit(None, dtype=pl.String)
    for kind, text in words.items():
        sentence = pl.when(pl.col("kind") == kind).then(filled(text)).otherwise(sentence)
    return sentence


def filled(text: str) -> pl.Expr:
    """Return a sentence with ``{found}``, ``{expected}`` and ``{element}`` replaced by the values of the row."""
    marks = sorted((text.index(mark), mark) for mark in ("{found}", "{expected}", "{element}") if mark in text)
    columns = [pl.col(mark.strip("{}")).fill_null("nothing") for _, mark in marks]
    for _, mark in marks:
        text = text.replace(mark, "{}")
    return pl.format(text, *columns) if columns else pl.lit(text)
