"""Envelope: interchange, functional groups, transactions, their control numbers and counts."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.envelope.kinds import by_kind, filled, hits, of
from scrubjay.facts import Facts
from scrubjay.refdata import References

_INTERCHANGE = "ASC X12.5 (00501) interchange control structures"
_APPLICATION = "ASC X12.6 (005010) application control structure"
_GUIDE = "ASC X12N 005010X222A1 implementation guide, appendix C (control segments)"


@edit(
    "ENV01",
    name="file-not-as-written",
    category="hygiene",
    grain="file",
    start="defects",
    fix="advice",
    source=[_INTERCHANGE + ": an ISA has 106 characters, an interchange runs from ISA to IEA"],
)
def file_not_as_written(t: Facts, refs: References) -> pl.LazyFrame:
    """The file holds bytes that belong to no interchange, or was folded on its way.

    ## What it does
    Finds text before the first ISA or behind the last IEA, line ends inside segments, and an ISA that is not 106
    characters long.

    ## Why it matters
    It still can be read, and was checked. A strict front end counts characters and answers with a TA1.

    ## Fails
    line 99213
    add "END OF FILE" after=IEA

    ## Passes
    line 99213

    ## Fix
    Send the file as the billing system wrote it: no mail text around it, no editor that folds lines, binary transfer.
    """
    message = by_kind(
        {
            "text-outside": "The file holds {found}; between and around interchanges nothing may stand.",
            "wrapped": "Segments are broken by line ends, as in a file that was folded at a fixed width.",
            "isa-length": "The ISA has {found} and should have 106: every element of it has a fixed width.",
        }
    )
    return hits(of(t, "ENV01"), message, expected="ISA to IEA, as the billing system wrote it")


@edit(
    "ENV03",
    name="envelope-segment-missing",
    category="rejection",
    grain="file",
    start="defects",
    fix="advice",
    source=[_INTERCHANGE + ": ISA and IEA", _APPLICATION + ": GS and GE", "X12 TA1 note code 022, 999 AK905 code 3"],
)
def envelope_segment_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """An interchange or a functional group is not opened or not closed.

    ## What it does
    Finds ISA without IEA, GS without GE and the reverse, and transactions outside a functional group.

    ## Why it matters
    The receiver refuses the interchange or the group with everything in it.

    ## Fails
    line 99213
    drop GE

    line 99213
    drop GS # also ENV07

    ## Passes
    line 99213

    ## Fix
    Write the file again from the billing system; a segment put in by hand needs its counts and control numbers too.
    """
    pairs = {
        "interchange-header-missing": ("IEA stands without the ISA that opens its interchange", "ISA before IEA"),
        "interchange-trailer-missing": (
            "An interchange begins before the IEA of the one before it",
            "IEA before the next ISA",
        ),
        "group-header-missing": ("A functional group has no GS", "GS before ST and GE"),
        "group-trailer-missing": ("A functional group has no GE", "GE at the end of the group"),
    }
    rows = of(t, "ENV03").with_columns(expected=by_kind({kind: wanted for kind, (_, wanted) in pairs.items()}))
    return hits(
        rows, by_kind({kind: what + " ({found}): the receiver refuses all of it." for kind, (what, _) in pairs.items()})
    )


@edit(
    "ENV04",
    name="transaction-header-missing",
    category="rejection",
    grain="transaction",
    start="defects",
    element="ST01",
    fix="advice",
    source=[_APPLICATION + ": ST and SE", "X12 999 IK502"],
)
def transaction_header_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """A transaction ends that never began.

    ## What it does
    Finds SE without the ST before it. What stands between is no transaction and its claims are not checked.

    ## Why it matters
    The receiver refuses the group, and the claims are never read.

    ## Fails
    claim id=A1
    line 99213
    transaction control=0002
    claim id=A2
    line 99214
    drop ST,2 # also ENV07

    ## Passes
    line 99213

    ## Fix
    Write the transaction again from the billing system.
    """
    message = filled("SE ends a transaction that no ST began: its claims are not read, neither here nor by the payer.")
    return hits(of(t, "ENV04"), message, expected="ST before SE")


@edit(
    "ENV05",
    name="envelope-control-number",
    category="rejection",
    grain="file",
    start="defects",
    fix="review",
    source=[
        _INTERCHANGE + ": IEA02 repeats ISA13",
        _APPLICATION + ": GE02 repeats GS06",
        "X12 TA1 note code 001, 999 AK905 code 4",
    ],
)
def envelope_control_number(t: Facts, refs: References) -> pl.LazyFrame:
    """The control number of a group or interchange differs between its first and last segment.

    ## What it does
    Compares IEA02 with ISA13 and GE02 with GS06.

    ## Why it matters
    Differing numbers mean that pieces of two files were put together; the receiver refuses the whole.

    ## Fails
    line 99213
    raw IEA02=000000009

    line 99213
    raw GE02=7

    ## Passes
    line 99213

    ## Fix
    Make the numbers equal if the file is whole; otherwise write it again.
    """
    message = filled(
        "{element} is {found}, but the segment that opened it says {expected}: the two ends do not belong together."
    )
    return hits(of(t, "ENV05"), message, found="empty", repair=True)


@edit(
    "ENV06",
    name="transaction-control-number",
    category="rejection",
    grain="transaction",
    start="defects",
    element="SE02",
    fix="review",
    source=[_APPLICATION + ": SE02 repeats ST02", "X12 999 IK502 code 3"],
)
def transaction_control_number(t: Facts, refs: References) -> pl.LazyFrame:
    """The control number of a transaction differs between ST and SE.

    ## What it does
    Compares SE02 with ST02.

    ## Why it matters
    The transaction is refused with all its claims (999, IK502 code 3).

    ## Fails
    line 99213
    raw SE02=0009

    ## Passes
    line 99213

    ## Fix
    Make SE02 equal to ST02 if the transaction is whole; otherwise write it again.
    """
    message = filled("SE02 is {found} and ST02 is {expected}: the transaction does not end as it began.")
    return hits(of(t, "ENV06"), message, found="empty", repair=True)


@edit(
    "ENV07",
    name="envelope-count",
    category="rejection",
    grain="file",
    start="defects",
    fix="review",
    source=[
        _INTERCHANGE + ": IEA01 counts groups",
        _APPLICATION + ": GE01 counts transactions",
        "X12 TA1 note code 021, 999 AK905 code 5",
    ],
)
def envelope_count(t: Facts, refs: References) -> pl.LazyFrame:
    """A group or interchange does not hold as many transactions or groups as it says.

    ## What it does
    Counts the transactions of each group (GE01) and the groups of each interchange (IEA01).

    ## Why it matters
    The count is there to show that something was lost; the receiver refuses the whole.

    ## Fails
    line 99213
    raw GE01=3

    line 99213
    raw IEA01=2

    ## Passes
    line 99213

    ## Fix
    Find out whether something was lost. If the file is whole, write the true count.
    """
    message = filled(
        "{element} says {found} and {expected} are there: something was lost, or the count was not renewed."
    )
    return hits(of(t, "ENV07"), message, found="empty", repair=True)


@edit(
    "ENV08",
    name="segment-count",
    category="rejection",
    grain="transaction",
    start="defects",
    element="SE01",
    fix="review",
    source=[_APPLICATION + ": SE01 counts the segments from ST to SE", "X12 999 IK502 code 4"],
)
def segment_count(t: Facts, refs: References) -> pl.LazyFrame:
    """A transaction does not hold as many segments as it says.

    ## What it does
    Counts the segments from ST to SE, both included, and compares the number with SE01.

    ## Why it matters
    The transaction is refused with all its claims (999, IK502 code 4).

    ## Fails
    line 99213
    raw SE01=99

    ## Passes
    line 99213

    ## Fix
    Find out whether a segment was lost or put in by hand. If the transaction is whole, write the true count.
    """
    message = filled("SE01 says {found} segments and the transaction has {expected}.")
    return hits(of(t, "ENV08"), message, found="empty", repair=True)


@edit(
    "ENV09",
    name="version-contradiction",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": ISA12, GS08", "ASC X12N 005010X222A1, ST03", "X12 999 AK905 code 2"],
)
def version_contradiction(t: Facts, refs: References) -> pl.LazyFrame:
    """Interchange, group and transaction name different versions.

    ## What it does
    Compares ISA12 with GS08, and GS08 with ST03.

    ## Why it matters
    The receiver picks its rules by the version; where two are named it refuses the group.

    ## Fails
    line 99213
    raw ST03=005010X222

    line 99213
    raw ISA12=00401

    ## Passes
    line 99213

    ## Fix
    Name one version: 00501 in ISA12, and the guide of the claims in GS08 and ST03.
    """
    message = filled(
        "{element} is {found} where the file otherwise says {expected}: the receiver cannot tell which rules hold."
    )
    return hits(of(t, "ENV09"), message)
