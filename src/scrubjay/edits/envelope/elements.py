"""Elements: separators, code values, amounts, dates, identifiers."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.envelope.kinds import by_kind, filled, hits, of
from scrubjay.facts import Facts
from scrubjay.refdata import References

_GUIDE = "ASC X12N 005010X222A1 implementation guide"
_SYNTAX = "ASC X12.6 (005010) application control structure"

_NPI_LENGTH = 10


@edit(
    "ENV10",
    name="component-separator",
    category="rejection",
    grain="claim",
    start="defects",
    element="CLM05",
    fix="advice",
    source=[
        "ASC X12.5 (00501) interchange control structures: ISA16 names the component separator",
        _GUIDE + ", 2300 CLM05",
    ],
)
def component_separator(t: Facts, refs: References) -> pl.LazyFrame:
    """Composite elements are divided by another character than ISA16 names.

    ## What it does
    Finds claims whose CLM05 is longer than a place of service and has no component separator.

    ## Why it matters
    Place, frequency, procedure codes and diagnoses cannot be told apart: the claim is refused.

    ## Fails
    line 99213
    raw CLM05=11>B>1

    ## Passes
    line 99213

    ## Fix
    Use one character in ISA16 and in all composite elements.
    """
    message = filled("CLM05 is {found}: its parts are not divided by the character that ISA16 names.")
    return hits(of(t, "ENV10"), message)


@edit(
    "ENV19",
    name="code-value-not-allowed",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", code lists of HL03, CLM05 to CLM09, SV101-1, SV103 and DTP02", "X12 999 IK403 code 7"],
)
def code_value_not_allowed(t: Facts, refs: References) -> pl.LazyFrame:
    """An element holds a code that the guide does not allow there.

    ## What it does
    Checks the level code (HL03), place, qualifier and frequency (CLM05), assignment and signatures (CLM06 to CLM09), the
    kind of procedure code and unit (SV101-1, SV103) and of date (DTP02).

    ## Why it matters
    The claim is refused (999, IK403 code 7).

    ## Fails
    line 99213
    raw SV103=XX

    line 99213
    raw CLM07=

    ## Passes
    line 99213

    ## Fix
    Choose a value of the list; an empty one is usually a setting that was never made in the billing system.
    """
    message = filled("{element} is {found}; allowed: {expected}.")
    return hits(of(t, "ENV19"), message, found="empty")


@edit(
    "ENV20",
    name="element-not-well-formed",
    category="rejection",
    grain="transaction",
    start="defects",
    fix="advice",
    revision=2,
    source=[
        _GUIDE + ", CLM01, SV101-2, NM103 and NM109 of 2010BB",
        _SYNTAX + ": character sets",
        "X12 999 IK403 codes 1, 5 and 6",
    ],
)
def element_not_well_formed(t: Facts, refs: References) -> pl.LazyFrame:
    """An element is empty, too long or holds characters that may not be sent.

    ## What it does
    Finds a claim number (CLM01) that is empty or longer than 38 characters, a line without a procedure code, a payer
    (2010BB) without a name or an identifier, and control characters such as tabs inside segments.

    ## Why it matters
    The claim is refused (999, IK403 code 1, 5 or 6).

    ## Fails
    line 99213
    raw CLM01=

    ## Passes
    line 99213

    ## Fix
    Fill or shorten the element; take tabs and other control characters out of notes that were pasted.
    """
    message = by_kind(
        {
            "bad-element": "{element} is {found}; expected: {expected}.",
            "control-character": "The segment holds a control character, such as a tab, that may not be sent.",
        }
    )
    empty = (pl.col("kind") == "bad-element") & pl.col("found").is_null()
    rows = of(t, "ENV20").with_columns(found=pl.when(empty).then(pl.lit("empty")).otherwise(pl.col("found")))
    return hits(rows, message, found="a control character (not shown)")


@edit(
    "ENV21",
    name="amount-or-units-not-a-number",
    category="rejection",
    grain="claim",
    start="defects",
    fix="advice",
    source=[_GUIDE + ", CLM02, AMT02, SV102 and SV104", _SYNTAX + ": decimal numbers", "X12 999 IK403 code 6"],
)
def amount_or_units_not_a_number(t: Facts, refs: References) -> pl.LazyFrame:
    """An amount or a number of units cannot be read.

    ## What it does
    Finds charges and payments that are no dollars with at most two decimals, and units that are not above zero or have
    more than three decimals.

    ## Why it matters
    The claim is refused, and what depends on the value was not checked here either.

    ## Fails
    line 99213
    raw SV104=0

    ## Passes
    line 99213 charge=0

    ## Fix
    Enter the number without currency sign, thousands separator or blank.
    """
    return hits(of(t, "ENV21"), filled("{element} is {found}; expected: {expected}."), found="empty")


@edit(
    "ENV22",
    name="date-not-a-date",
    category="rejection",
    grain="claim",
    start="defects",
    element="DTP03",
    fix="advice",
    source=[_GUIDE + ", DTP03 and DMG02", "X12 999 IK403 code 8"],
)
def date_not_a_date(t: Facts, refs: References) -> pl.LazyFrame:
    """A date is no day of the calendar, or a span ends before it begins.

    ## What it does
    Checks the dates of claims and lines and the birth date; a birth date is never shown.

    ## Why it matters
    The claim is refused (999, IK403 code 8), and edits that need the date could not judge it.

    ## Fails
    line 99213
    raw DTP03*472=20260230

    line 99213
    raw DMG02=19501301

    ## Passes
    line 99213 dos=2026-02-28

    ## Fix
    Correct the date: year, month and day in eight digits, two of them with a hyphen for a span.
    """
    message = pl.when("hidden").then(filled("{element} cannot be read; expected: {expected}."))
    return hits(
        of(t, "ENV22"),
        message.otherwise(filled("{element} is {found}; expected: {expected}.")),
        found="another form (not shown)",
    )


@edit(
    "ENV23",
    name="npi-not-valid",
    category="rejection",
    grain="claim",
    start="defects",
    element="NM109",
    fix="advice",
    source=[
        "45 CFR 162.406: ten digits, the last a check digit over 80840 and the others",
        _GUIDE + ", NM109 with NM108 XX",
    ],
)
def npi_not_valid(t: Facts, refs: References) -> pl.LazyFrame:
    """An NPI is not ten digits, or its check digit is wrong.

    ## What it does
    Checks every NM109 marked XX in length and check digit, whoever it names.

    ## Why it matters
    No provider has such a number: the front end refuses the claim.

    ## Fails
    line 99213
    raw NM109*85=1234567890

    ## Passes
    line 99213

    ## Fix
    Look the number up in NPPES and correct it in the provider's record.
    """
    # The number itself is not repeated: a member number marked XX by mistake would be shown.
    length = pl.col("found").fill_null("").str.len_chars()
    shape = (
        pl.when(length == 0)
        .then(pl.lit("no characters"))
        .when(length != _NPI_LENGTH)
        .then(pl.format("{} characters", length))
        .when(pl.col("found").str.contains(r"^\d+$"))
        .then(pl.lit("ten digits whose check digit does not fit"))
        .otherwise(pl.lit("ten characters that are not all digits"))
    )
    rows = of(t, "ENV23").with_columns(found=shape)
    return hits(rows, filled("The NPI in NM109 has {found}: it is the number of no provider."))


@edit(
    "ENV24",
    name="billing-npi-missing",
    category="rejection",
    grain="transaction",
    start="defects",
    element="NM109",
    box="33a",
    fix="advice",
    source=["45 CFR 162.410", _GUIDE + ", 2010AA NM108 and NM109"],
)
def billing_npi_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """The billing provider has no NPI.

    ## What it does
    Finds a billing provider whose NM108 is not XX.

    ## Why it matters
    A provider of health care bills under an NPI; only a provider of other services may bill without one.

    ## Fails
    line 99213
    raw NM108*85=24

    ## Passes
    line 99213

    ## Fix
    Put the NPI of the billing provider into 2010AA NM109 with qualifier XX; its tax number belongs into REF*EI.
    """
    return hits(of(t, "ENV24"), filled("The billing provider has no NPI: NM108 is not XX, so that NM109 holds none."))
