"""The National Drug Code of a line: there, in its eleven digits, with quantity and unit."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.partners import patch
from scrubjay.edits.products import NDC_QUALIFIER, eleven_digits
from scrubjay.facts import Facts
from scrubjay.refdata import References

_UNITS = ("F2", "GR", "ME", "ML", "UN")
"""CTP05-1: international unit, gram, milligram, milliliter, unit."""


def _is_ndc() -> pl.Expr:
    """The product number of the line is an NDC, or nothing says that it is another kind."""
    return pl.col("ndc").is_not_null() & pl.col("ndc_qualifier").fill_null(NDC_QUALIFIER).eq(NDC_QUALIFIER)


def _change(segment: str, element: str, old: pl.Expr, new: pl.Expr) -> pl.Expr:
    """Return the change of an element, null where there is no new value."""
    return pl.when(new.is_not_null()).then(pl.concat_list(patch(segment, element, old, new)))


@edit(
    "NDC01",
    name="ndc-missing",
    category="denial",
    grain="line",
    scope="DRUG",
    group="CO",
    carc="16",
    rarc=["M119"],
    element="LIN03",
    box="24A",
    fix="advice",
    source=[
        "Deficit Reduction Act of 2005, section 6002 (Medicaid rebates)",
        "UnitedHealthcare NDC requirement, dates of service from 2017-01-01",
        "BCBS Alabama injectable drugs manual",
        "Priority Health provider manual",
        "Mountain Health Co-Op NDC notice 2025-07-02",
        "AAPC on NDC reporting, 2019-03-04",
    ],
)
def ndc_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug line lacks the NDC that this payer wants.

    ## What it does
    Finds drug lines without an NDC (LIN with qualifier N4): every drug for some payers, unclassified drugs for the
    rest.

    ## Why it matters
    The NDC says which product was given: Medicaid collects its rebate by it, others price and check by it. Without it
    the line is denied or the claim comes back.

    ## Fails
    payer medicaid
    line J3420
    line 96372

    ## Passes
    payer medicaid
    line J3420 ndc=00143961901 qty=1 uom=ML
    line 96372

    payer commercial
    line J3420
    line 96372

    ## Fix
    Copy the NDC from the container that was used, eleven digits, with quantity and unit.

    ## Payers
    All drugs: Medicaid, UnitedHealthcare from 2017-01-01, BCBS Alabama from 2011-06-27, Priority Health, Mountain
    Health from 2025-09-08. Others: unclassified drugs, as a warning.
    """
    wanted = (pl.col("sw_ndc") == "all-drugs") | ((pl.col("sw_ndc") == "noc") & t.in_group("NOC_DRUG"))
    rows = t.lines.filter(t.in_group("DRUG") & wanted & ~_is_ndc() & ~pl.col("is_void"))
    other = pl.col("ndc").is_not_null()
    return rows.select(
        "claim_id",
        "line_id",
        segment=pl.col("lin_segment"),
        message=pl.when(other)
        .then(
            pl.format(
                "{} has a product number of another kind (LIN02 {}) where this payer wants the NDC.",
                "code",
                "ndc_qualifier",
            )
        )
        .otherwise(pl.format("{} has no NDC, and this payer wants to know which product was given.", "code")),
        found=pl.when(other)
        .then(pl.format("LIN02 {}", "ndc_qualifier"))
        .otherwise(pl.format("{} without LIN", "code")),
        expected=pl.lit("LIN with N4 and the eleven digits, CTP with quantity and unit"),
    )


@edit(
    "NDC02",
    name="ndc-not-eleven-digits",
    category="denial",
    grain="line",
    group="CO",
    carc="16",
    rarc=["M119"],
    element="LIN03",
    box="24A",
    fix="safe",
    source=[
        "ASC X12N 005010X222A1, 2410 LIN03: NDC in the 5-4-2 form",
        "Minnesota DHS NDC format conversion",
        "BCBSTX on NDC format",
    ],
    supersedes=["ENV906", "ENV907"],
)
def ndc_not_eleven_digits(t: Facts, refs: References) -> pl.LazyFrame:
    """An NDC is not eleven digits without hyphens.

    ## What it does
    Finds NDC of any other form. Where hyphens show which part is one digit short (4-4-2, 5-3-2, 5-4-1) the eleven
    digits follow from them; ten digits without hyphens can be read in three ways and only the package can say which.

    ## Why it matters
    The payer cannot find the product and denies the line.

    ## Fails
    line J3420 ndc=0143-9619-01
    line 96372

    line J3420 ndc=0143961901
    line 96372

    ## Passes
    line J3420 ndc=00143961901
    line 96372

    ## Fix
    Write the NDC as eleven digits: labeler five, product four, package two, each filled up with a zero on its left.
    """
    new = eleven_digits(pl.col("ndc"))
    digits = pl.col("ndc").str.len_chars()
    return (
        t.lines.filter(_is_ndc() & ~pl.col("ndc").str.contains(r"^\d{11}$"))
        .with_columns(new=new)
        .select(
            "claim_id",
            "line_id",
            segment=pl.col("lin_segment"),
            message=pl.when(pl.col("new").is_not_null())
            .then(pl.format("NDC {} is not in eleven digits; its hyphens show that it is {}.", "ndc", "new"))
            .when(pl.col("ndc").str.contains(r"^\d{10}$"))
            .then(
                pl.format("NDC {} has ten digits and no hyphens: the package must say where the zero belongs.", "ndc")
            )
            .otherwise(pl.format("NDC {} is no NDC: {} characters, not eleven digits.", "ndc", digits)),
            found=pl.col("ndc"),
            expected=pl.coalesce("new", pl.lit("eleven digits")),
            patches=_change("lin_segment", "LIN03", pl.col("ndc"), pl.col("new")),
            fix_text=pl.when(pl.col("new").is_null()).then(
                pl.lit("Read the NDC on the package and fill up its short part with a zero on the left.")
            ),
        )
    )


@edit(
    "NDC03",
    name="ndc-quantity-or-unit",
    category="denial",
    grain="line",
    group="CO",
    carc="16",
    rarc=["N815"],
    element="CTP04",
    box="24A",
    fix="safe",
    source=[
        "ASC X12N 005010X222A1, 2410 CTP04 and CTP05-1",
        "X12 RARC N815 and N816",
        "Mountain Health Co-Op NDC notice 2025-07-02",
    ],
    supersedes=["ENV904", "ENV907", "ENV908"],
)
def ndc_quantity_or_unit(t: Facts, refs: References) -> pl.LazyFrame:
    """An NDC lacks its quantity or its unit.

    ## What it does
    Finds lines with an NDC whose quantity is missing, unreadable or not above zero, or whose unit is none of F2
    (international unit), GR, ME, ML and UN.

    ## Why it matters
    Rebate and price are computed from them; without them the line is denied.

    ## Fails
    line J3420 ndc=00143961901 qty=0
    line 96372

    line J3420 ndc=00143961901 uom=ml
    line 96372

    ## Passes
    line J3420 ndc=00143961901 qty=1 uom=ML
    line 96372

    line J3420 ndc=00143961901 qty=0.5 uom=ML
    line 96372

    ## Fix
    Enter the quantity of the product that was used, in milliliters for liquids and in vials (UN) for powders.
    """
    quantity = pl.col("ndc_qty_milli")
    no_quantity = quantity.is_null() | (quantity <= 0)
    unit = pl.col("ndc_unit")
    no_unit = unit.is_null() | ~unit.is_in(_UNITS)
    tidy = unit.str.strip_chars().str.to_uppercase()
    rows = t.lines.filter(_is_ndc() & (no_quantity | no_unit)).with_columns(
        no_quantity=no_quantity, no_unit=no_unit, new=pl.when(no_unit & tidy.is_in(_UNITS)).then(tidy)
    )
    said_quantity = (
        pl.when(pl.col("ndc_qty_text").is_null())
        .then(pl.lit("no quantity"))
        .otherwise(pl.format("quantity {}", "ndc_qty_text"))
    )
    said_unit = pl.when(unit.is_null()).then(pl.lit("no unit")).otherwise(pl.format("unit {}", unit.str.strip_chars()))
    said = (
        pl.when(pl.col("no_quantity") & pl.col("no_unit"))
        .then(pl.format("{} and {}", said_quantity, said_unit))
        .when("no_quantity")
        .then(said_quantity)
        .otherwise(said_unit)
    )
    form_only = ~pl.col("no_quantity") & pl.col("new").is_not_null()
    return rows.select(
        "claim_id",
        "line_id",
        segment=pl.col("ctp_segment"),
        element=pl.when("no_quantity").then(pl.lit("CTP04")).otherwise(pl.lit("CTP05-1")),
        rarc=pl.when(pl.col("no_quantity") & pl.col("no_unit"))
        .then(pl.lit(["N815", "N816"]))
        .when("no_quantity")
        .then(pl.lit(["N815"]))
        .otherwise(pl.lit(["N816"])),
        message=pl.format("NDC {} has {}; the payer wants a quantity above zero in F2, GR, ME, ML or UN.", "ndc", said),
        found=said,
        expected=pl.when(form_only)
        .then(pl.col("new"))
        .otherwise(pl.lit("a quantity above zero, and F2, GR, ME, ML or UN")),
        patches=_change("ctp_segment", "CTP05-1", unit, pl.when(form_only).then(pl.col("new"))),
        fix_text=pl.when(form_only)
        .then(pl.format("Write the unit as {}.", "new"))
        .otherwise(pl.lit("Enter quantity and unit from the container: milliliters for liquids, UN for powders.")),
    )
