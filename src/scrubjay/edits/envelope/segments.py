"""Segments and loops: which may stand where, which must, how often, and how they are numbered."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.envelope.kinds import filled, hits, of
from scrubjay.facts import Facts
from scrubjay.refdata import References

_GUIDE = "ASC X12N 005010X222A1 implementation guide"
_SYNTAX = "ASC X12.6 (005010) application control structure"

_IDENTIFIER = r"^[A-Z][A-Z0-9]{1,2}$"


@edit(
    "ENV02",
    name="trailing-separator",
    category="hygiene",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_SYNTAX + ": empty elements at the end of a segment are left out with their separators"],
)
def trailing_separator(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment ends with empty elements.

    ## What it does
    Finds segments whose last character is an element separator.

    ## Why it matters
    The segment means the same, and nearly every front end reads it. A strict validator refuses it.

    ## Fails
    line 99213
    add "PRV*BI*PXC*207Q00000X*" after=SBR

    ## Passes
    line 99213

    ## Fix
    Let the billing system leave out empty elements at the end of a segment.
    """
    message = filled("The segment ends with an empty element; the standard leaves the last separators out.")
    return hits(of(t, "ENV02"), message, found="a separator at the end")


@edit(
    "ENV11",
    name="segment-of-another-claim-kind",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", 2400 SV1: the only service segment of a professional claim", "X12 999 IK304 code 6"],
)
def segment_of_another_claim_kind(t: Facts, refs: References) -> pl.LazyFrame:
    """A professional claim holds segments of an institutional or dental one.

    ## What it does
    Finds SV2, SV3, SV4, CL1, TOO, DN1 and DN2.

    ## Why it matters
    A professional claim has no place for them: the transaction is refused, and the service behind them is not read.

    ## Fails
    line 99213
    add "SV2*0300*HC:99213*35*UN*1" after=SV1

    ## Passes
    line 99213

    ## Fix
    Bill the service in the right kind of claim; a professional line has SV1.
    """
    message = filled("{found} belongs to an institutional or dental claim; a professional line has SV1.")
    return hits(of(t, "ENV11"), message)


@edit(
    "ENV12",
    name="unknown-segment",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", list of segments", "X12 999 IK304 code 1"],
)
def unknown_segment(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment is none that a professional claim knows.

    ## What it does
    Finds segments whose identifier is not in the guide. Often a note holds the character that ends segments.

    ## Why it matters
    The transaction is refused (999, IK304 code 1), and what follows may be misread.

    ## Fails
    line 99213
    add "ZZZ*1" after=SV1

    ## Passes
    line 99213

    ## Fix
    Look at the segment before it: take the segment terminator out of its text, or remove what was put in.
    """
    # What is no identifier is text that lost its way, and may be a note about the patient.
    plain = pl.col("found").str.contains(_IDENTIFIER)
    rows = of(t, "ENV12").with_columns(found=pl.when(plain).then(pl.col("found")))
    message = pl.when("hidden").then(
        pl.lit("Text stands where a segment should begin; the one before it may hold the segment terminator.")
    )
    return hits(
        rows,
        message.otherwise(filled("{found} is no segment of a professional claim.")),
        found="text that is no segment identifier (not shown)",
        expected="a segment of 005010X222A1",
    )


@edit(
    "ENV13",
    name="misplaced-segment",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", order of segments and loops", "X12 999 IK304 codes 2 and 7"],
)
def misplaced_segment(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment stands where the guide does not allow it.

    ## What it does
    Finds segments of a claim, a service line or a name loop that come after one they must precede, and segments of a
    transaction that belong to no loop.

    ## Why it matters
    A reader goes through the loops in order: what comes late belongs to another loop or to none, and is refused.

    ## Fails
    line 99213
    add "NTE*ADD*LATE NOTE" after=HI

    ## Passes
    claim note="in its place"
    line 99213

    ## Fix
    Put the segment where the guide has it; a billing system that writes it late needs its vendor.
    """
    message = filled(
        "The segment does not stand where the guide has it ({expected}); a receiver refuses it or reads it as another's."
    )
    return hits(of(t, "ENV13"), message, found="out of place")


@edit(
    "ENV14",
    name="missing-segment",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", segments marked required", "X12 999 IK304 code 3"],
)
def missing_segment(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment that the guide requires is missing.

    ## What it does
    Looks for BHT, submitter, receiver and contact, SBR and PAT, the address and tax number of the billing provider, SV1
    and the date of service of each line. The finding sits on the segment that lacks it.

    ## Why it matters
    The transaction or claim is refused (999, IK304 code 3).

    ## Fails
    line 99213
    drop DTP*472

    line 99213
    drop REF*EI

    ## Passes
    line 99213

    ## Fix
    Fill the missing data in the billing system and write the claim again.
    """
    return hits(
        of(t, "ENV14"), filled("The segment {expected} is missing in the loop that begins here; the guide requires it.")
    )


@edit(
    "ENV15",
    name="missing-loop",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", loops 2010AA, 2010BA, 2010BB, 2010CA and 2400", "X12 999 IK304 code 3"],
)
def missing_loop(t: Facts, refs: References) -> pl.LazyFrame:
    """A loop that the guide requires is missing.

    ## What it does
    Looks for the billing provider, the subscriber, the payer, the patient where he is not the subscriber, and a service
    line in every claim.

    ## Why it matters
    Without it nobody can say who bills, for whom, to whom or what: the claim is refused.

    ## Fails
    line 99213
    drop NM1*PR

    ## Passes
    line 99213

    ## Fix
    Fill the missing data in the billing system and write the claim again.
    """
    return hits(of(t, "ENV15"), filled("Here {expected} is missing, which every claim needs."))


@edit(
    "ENV16",
    name="too-many",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", repeats of segments and loops: 50 lines, 12 diagnoses", "X12 999 IK304 codes 4 and 5"],
)
def too_many(t: Facts, refs: References) -> pl.LazyFrame:
    """A segment or loop stands more often than the guide allows.

    ## What it does
    Finds a second SV1 or date of service in a line, more than 50 lines or more than 12 codes in an HI, and a second
    billing provider, subscriber, payer or patient in one level.

    ## Why it matters
    The claim is refused (999, IK304 code 4 or 5), and which of the two counts is anybody's guess.

    ## Fails
    line 99213
    dup DTP*472

    line 99213
    add "NM1*PR*2*OTHER PLAN*****PI*OTHER" after=NM1*PR

    ## Passes
    line 99213
    line 93000

    ## Fix
    Keep the right one; divide a claim of more than 50 lines into two.
    """
    return hits(of(t, "ENV16"), filled("This is too many: the guide allows {expected}."), found="too many")


@edit(
    "ENV17",
    name="broken-hierarchy",
    category="rejection",
    grain="transaction",
    start="defects",
    element="HL02",
    fix="advice",
    source=[_GUIDE + ", HL: numbers one by one, each under its parent", "X12 277CA and 999 on HL"],
)
def broken_hierarchy(t: Facts, refs: References) -> pl.LazyFrame:
    """The levels of billing provider, subscriber and patient do not fit together.

    ## What it does
    Checks that HL01 counts up by one, that HL02 names the level above, and that claims stand under a subscriber or a
    patient.

    ## Why it matters
    The level says whose claim it is. Where it is broken the transaction is refused, or the claim goes to another
    patient.

    ## Fails
    line 99213
    raw HL02,2=7

    ## Passes
    line 99213

    ## Fix
    Write the transaction again from the billing system; numbers mended by hand must all be mended.
    """
    at = pl.when(pl.col("element").is_null()).then(pl.lit("This claim stands in the wrong level")).otherwise(
        filled("{element} is {found}")
    )  # fmt: skip
    message = pl.concat_str(at, filled("; expected: {expected}. The level says whose claim it is."))
    return hits(of(t, "ENV17"), message, found="another level")


@edit(
    "ENV18",
    name="line-numbers-not-in-order",
    category="rejection",
    grain="claim",
    start="defects",
    element="LX01",
    fix="advice",
    source=[_GUIDE + ", 2400 LX01: begins with 1 in each claim and counts up by 1"],
)
def line_numbers_not_in_order(t: Facts, refs: References) -> pl.LazyFrame:
    """The service lines of a claim are not numbered 1, 2, 3.

    ## What it does
    Compares each LX01 with the one before it in the claim.

    ## Why it matters
    The remittance and the acknowledgements name lines by this number; a strict front end refuses a gap.

    ## Fails
    line 99213
    line 93000 n=5

    ## Passes
    line 99213
    line 93000

    ## Fix
    Number the lines of each claim from 1 without gaps.
    """
    return hits(
        of(t, "ENV18"),
        filled("The line is numbered {found}; the lines of a claim are numbered 1, 2, 3 without a gap."),
        found="nothing",
    )
