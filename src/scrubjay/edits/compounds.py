"""Unclassified and compounded drugs: strengths in the dose text, narratives and waste of what was mixed."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import has_amount, has_name, has_route, with_texts
from scrubjay.edits.told import says_compounded
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PER_ML = r"(?i)MG\s*/\s*ML|MGML"


@edit(
    "DRG15",
    name="strength-in-dose-text",
    category="denial",
    grain="line",
    scope="NOC_DRUG",
    group="CO",
    carc="16",
    rarc=["M123"],
    element="SV101-7",
    box="19",
    fix="advice",
    source="Palmetto GBA on unclassified drugs: dose in units of the drug, not mg/mL",
)
def strength_in_dose_text(t: Facts, refs: References) -> pl.LazyFrame:
    """The narrative of an unclassified drug gives a strength as mg/mL.

    ## What it does
    Finds mg/mL in SV101-7 of unclassified drugs. Compounded drugs, whose strength is told that way, are left out.

    ## Why it matters
    One contractor returns the line: from a strength it cannot tell the dose.

    ## Fails
    line 96372
    line J3490 ndc=99999000101 desc="SAMPLEDRUG 40 MG/ML, DOSE 40 MG IM"

    ## Passes
    line 96372
    line J3490 ndc=99999000101 desc="SAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"

    ## Fix
    Write the strength as the content of the vial, such as 40 MG VIAL, beside the dose.

    ## Payers
    A warning for Medicare, off elsewhere: the rule is Palmetto's.
    """
    text = pl.col("description")
    rows = t.lines.filter(t.in_group("NOC_DRUG") & text.str.contains(_PER_ML) & ~pl.col("is_void"))
    return rows.filter(~says_compounded(text) & ~t.has_mod("COMPOUND")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format("The narrative of {} gives mg/mL, from which one contractor reads no dose.", "code"),
        found=pl.lit("mg/mL in SV101-7"),
        expected=pl.lit("the content of the vial and the dose, each in mg"),
    )


@edit(
    "DRG16",
    name="compounded-drug",
    category="denial",
    grain="line",
    scope="DRUG",
    group="CO",
    carc="16",
    rarc=["M123"],
    element="SV101-7",
    box="19",
    fix="advice",
    confidence="memory",
    supersedes=["JW01", "JW02", "JW03", "JW04", "JW05", "JW06"],
    source="Coding practice: compounded drugs are priced by hand and have no labelled container",
)
def compounded_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """A compounded drug lacks its narrative or carries a waste modifier.

    ## What it does
    Finds the code for compounded drugs (J7999), KD, and unclassified codes whose text says compounded: with JW or JZ,
    and J7999 without a narrative of name, dose and route.

    ## Why it matters
    The payer prices a mixture from its ingredients, which only the narrative names. A mixture has no labelled container
    and so no waste to bill.

    ## Fails
    line 96372
    line J7999 desc="COMPOUNDED"

    ## Passes
    line 96372
    line J7999 desc="COMPOUNDED METHYLCOBALAMIN 1 MG IM"

    ## Fix
    Name the ingredients, the dose and the route in SV101-7, and leave JW and JZ off.

    ## Payers
    A warning everywhere; nothing here was verified.
    """
    named = t.in_group("COMPOUNDED_DRUG") | t.has_mod("COMPOUND")
    worded = t.in_group("NOC_DRUG") & (pl.col("description").is_not_null() | pl.col("line_note").is_not_null())
    rows = with_texts(t, t.lines.filter(t.in_group("DRUG") & (named | worded) & ~pl.col("is_void")))
    text = pl.col("line_text")
    rows = rows.filter(named | says_compounded(text)).with_columns(
        waste=t.has_mod("WASTE"),
        vague=t.in_group("COMPOUNDED_DRUG") & ~(has_name(text) & has_amount(text) & has_route(text)),
    )
    return rows.filter(pl.col("waste") | pl.col("vague")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        element=pl.when("waste").then(pl.lit("SV101-3")).otherwise(pl.lit("SV101-7")),
        message=pl.when("waste")
        .then(
            pl.format(
                "{} is compounded and carries JW or JZ: a mixture has no labelled container and no waste.", "code"
            )
        )
        .otherwise(pl.format("{} is compounded and its text does not give name, dose and route.", "code")),
        found=pl.when("waste").then(pl.lit("JW or JZ")).otherwise(pl.lit("no full narrative")),
        expected=pl.when("waste")
        .then(pl.lit("no JW and no JZ"))
        .otherwise(pl.lit("ingredients, dose and route in SV101-7")),
    )
