"""The implementation guide to the letter, as pyx12 judges it: segments, loops, elements, code values.

One edit for each class of fault.  What the reader finds itself is said by its own edit and not here again.
"""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.envelope.kinds import filled, hits, of
from scrubjay.facts import Facts
from scrubjay.refdata import References

_GUIDE = "ASC X12N 005010X222A1 implementation guide, as mapped by pyx12"


@edit(
    "ENV901",
    name="guide-missing-segment",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": segments and loops of usage R", "X12 999 IK304 code 3"],
)
def guide_missing_segment(t: Facts, refs: References) -> pl.LazyFrame:
    """The guide requires a segment or loop that is not there.

    ## What it does
    Runs with `--conformance`: pyx12 walks the transaction through the guide and names every required segment or loop
    that is passed over. The finding sits on the segment before which it is missing.

    ## Why it matters
    The transaction or claim is refused (999, IK304 code 3).

    ## Fails
    claim pos=22
    line 99202
    drop N3,3

    ## Passes
    claim pos=22
    line 99202

    ## Fix
    Fill the missing data in the billing system and write the claim again.
    """
    return hits(of(t, "ENV901"), filled("Before this segment {expected} is missing; the guide requires it."))


@edit(
    "ENV902",
    name="guide-unexpected-segment",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": order of segments and loops", "X12 999 IK304 codes 1 and 2"],
)
def guide_unexpected_segment(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment stands where the guide has no place for it.

    ## What it does
    Runs with `--conformance`: pyx12 looks for a place of the segment in its loop and in the loops around it, and finds
    none; its qualifier counts as well.

    ## Why it matters
    The transaction is refused (999, IK304 code 1 or 2), or what it says is not read.

    ## Fails
    line 99213
    add "REF*ZZ*123" after=CLM

    ## Passes
    claim ref_g1=PA100
    line 99213

    ## Fix
    Look at its qualifier and at the segment before it; a billing system that writes it there needs its vendor.
    """
    message = filled("The guide has no place for this segment here; expected: {expected}.")
    return hits(of(t, "ENV902"), message, found="out of place")


@edit(
    "ENV903",
    name="guide-repeats-exceeded",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": repeats of segments and loops", "X12 999 IK304 codes 4 and 5"],
)
def guide_repeats_exceeded(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment or loop stands more often than the guide allows.

    ## What it does
    Runs with `--conformance`: pyx12 counts every segment and loop in its parent.

    ## Why it matters
    The transaction is refused (999, IK304 code 4 or 5), and which of the two counts is anybody's guess.

    ## Fails
    claim ref_g1=PA100
    line 99213
    dup REF*G1

    ## Passes
    claim ref_g1=PA100
    line 99213

    ## Fix
    Keep the right one.
    """
    return hits(of(t, "ENV903"), filled("This is too many: the guide allows {expected}."), found="too many")


@edit(
    "ENV904",
    name="guide-missing-element",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": elements and components of usage R", "X12 999 IK403 code 1"],
)
def guide_missing_element(t: Facts, refs: References) -> pl.LazyFrame:
    """The guide requires an element that is empty.

    ## What it does
    Runs with `--conformance`: pyx12 looks at every element and component that the guide marks as required.

    ## Why it matters
    The claim is refused (999, IK403 code 1).

    ## Fails
    line 99213
    raw PER03=

    line 99213
    raw NM103*85=

    ## Passes
    line 99213

    ## Fix
    Fill the missing data in the billing system and write the claim again.
    """
    return hits(of(t, "ENV904"), filled("{element} is empty; the guide requires it: {expected}."), found="empty")


@edit(
    "ENV905",
    name="guide-element-too-short",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": lengths of data elements", "X12 999 IK403 code 4"],
)
def guide_element_too_short(t: Facts, refs: References) -> pl.LazyFrame:
    """An element is shorter than its data element may be.

    ## What it does
    Runs with `--conformance`: pyx12 compares each length with the data element dictionary.

    ## Why it matters
    The claim is refused (999, IK403 code 4); a shorter identifier is also a wrong one.

    ## Fails
    line 99213
    raw N403=98

    ## Passes
    line 99213

    ## Fix
    Write the value whole; a ZIP code has five or nine digits.
    """
    return hits(of(t, "ENV905"), filled("{element} is too short ({found}); the guide asks for {expected}."))


@edit(
    "ENV906",
    name="guide-element-too-long",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": lengths of data elements", "X12 999 IK403 code 5"],
)
def guide_element_too_long(t: Facts, refs: References) -> pl.LazyFrame:
    """An element is longer than its data element may be.

    ## What it does
    Runs with `--conformance`: pyx12 compares each length with the data element dictionary. A note beyond 80 characters
    is NTE02's finding.

    ## Why it matters
    The claim is refused (999, IK403 code 5), or the surplus is cut off.

    ## Fails
    line 99213
    raw N401=TAUMATAWHAKATANGIHANGAKOAUAUOTAMATEA

    ## Passes
    line 99213

    ## Fix
    Shorten the value in the billing system.
    """
    return hits(of(t, "ENV906"), filled("{element} is too long ({found}); the guide asks for {expected}."))


@edit(
    "ENV907",
    name="guide-element-characters",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": data types and character sets", "X12 999 IK403 code 6"],
)
def guide_element_characters(t: Facts, refs: References) -> pl.LazyFrame:
    """An element holds characters that its type does not allow.

    ## What it does
    Runs with `--conformance`: pyx12 compares each value with its type (number, code, text) and the extended character
    set of X12, and finds blanks at the end.

    ## Why it matters
    The claim is refused (999, IK403 code 6).

    ## Fails
    line 99213
    raw "N301=100 MAIN ST "

    ## Passes
    line 99213

    ## Fix
    Take the characters out in the billing system; accents and typographic quotes often come from a copied text.
    """
    message = filled("{element} ({found}) is not of its type; the guide asks for {expected}.")
    return hits(of(t, "ENV907"), message)


@edit(
    "ENV908",
    name="guide-code-value",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": code lists of elements, and the external lists of pyx12", "X12 999 IK403 code 7"],
)
def guide_code_value(t: Facts, refs: References) -> pl.LazyFrame:
    """An element holds a code that is not in the guide's list.

    ## What it does
    Runs with `--conformance`: pyx12 looks every code up in the list of its element. Lists that others keep, such as
    places of service, are as old as pyx12: a finding on them is a warning at most.

    ## Why it matters
    The claim is refused (999, IK403 code 7).

    ## Fails
    line 99213
    raw SBR02=99

    claim pos=11
    line 99213
    raw ISA05=QQ

    ## Passes
    line 99213

    ## Fix
    Choose a value of the list in the billing system.
    """
    rows = of(t, "ENV908")
    message = filled("{element} ({found}) is not a code that the guide allows here: {expected}.")
    cap = pl.when(pl.col("expected").str.starts_with("a code of the list")).then(pl.lit("warn"))
    return hits(rows, message).with_columns(level_cap=cap)


@edit(
    "ENV909",
    name="guide-date-or-time",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": dates and times", "X12 999 IK403 codes 8 and 9"],
)
def guide_date_or_time(t: Facts, refs: References) -> pl.LazyFrame:
    """A date or time is none.

    ## What it does
    Runs with `--conformance`: pyx12 reads every date and time by its qualifier. Dates of service and birth are ENV22's
    finding.

    ## Why it matters
    The claim is refused (999, IK403 code 8 or 9).

    ## Fails
    line 99213
    raw BHT04=20261340

    ## Passes
    line 99213

    ## Fix
    Correct the date in the billing system.
    """
    return hits(of(t, "ENV909"), filled("{element} ({found}) is not {expected}."))


@edit(
    "ENV910",
    name="guide-element-not-used",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": elements of usage N, number of elements and components", "X12 999 IK403 codes 3 and 10"],
)
def guide_element_not_used(t: Facts, refs: References) -> pl.LazyFrame:
    """An element is filled that the guide does not use, or a segment has too many.

    ## What it does
    Runs with `--conformance`: pyx12 finds elements marked as not used, and elements and components beyond the last one.

    ## Why it matters
    The claim is refused (999, IK403 code 3 or 10), or a separator inside a value has shifted what follows.

    ## Fails
    line 99213
    raw SBR08=A

    line 99213
    raw LX02=A

    ## Passes
    line 99213

    ## Fix
    Take the value out; where a value holds a separator character, change that character.
    """
    message = filled("{element} is filled; the guide asks for {expected}.")
    return hits(of(t, "ENV910"), message, found="filled")


@edit(
    "ENV911",
    name="guide-relational-condition",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ": relational conditions (P, R, E, C, L) of segments", "X12 999 IK403 codes 2 and 10"],
)
def guide_relational_condition(t: Facts, refs: References) -> pl.LazyFrame:
    """Elements that belong together do not stand together.

    ## What it does
    Runs with `--conformance`: pyx12 checks the conditions of each segment, such as a qualifier and its value that need
    one another.

    ## Why it matters
    The claim is refused (999, IK403 code 2 or 10): a value without its qualifier says nothing.

    ## Fails
    line 99213
    raw PER05=TE

    ## Passes
    line 99213

    ## Fix
    Fill both, or neither.
    """
    message = filled("The segment breaks a condition of the guide: {expected}.")
    return hits(of(t, "ENV911"), message, found="not together")
