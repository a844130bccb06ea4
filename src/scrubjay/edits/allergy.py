"""Allergy shots and skin tests: services that contain their own injection."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import names_substance, with_texts
from scrubjay.edits.partners import no_drug, on_dated_claims, with_partners
from scrubjay.edits.words import applies_ncci, pair_hits
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


@edit(
    "ALG01",
    name="allergy-shot-as-injection",
    category="denial",
    grain="line",
    start=["pairs", "lines"],
    scope="ADM",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC02", "DRG01", "NTE01"],
    source=_PTP,
)
def allergy_shot_as_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """An allergy shot is billed as an injection of a drug.

    ## What it does
    Finds a 96372 beside an allergy shot or allergy extract code of the same provider and day without 59 or an X
    modifier, and a 96372 for an allergy diagnosis (J30, T78) with no drug, no allergy code and no text that names what
    was injected.

    ## Why it matters
    95115 and 95117 are the injection of allergen extract; NCCI holds 96372 as their column 2. A drug given for a
    reaction is separate and payable with the modifier.

    ## Fails
    claim dx=J30.1
    line 95115
    line 96372
    line J1200

    payer commercial
    claim dx=J30.1
    line 96372

    ## Passes
    claim dx=J30.1
    line 95117

    claim dx=J30.1,T78.2XXA
    line 95115 dx=1
    line 96372 dx=2 mods=59
    line J0165 dx=2 units=3 mods=JZ ndc=00409492810

    ## Fix
    Bill allergen extract as 95115 (one shot) or 95117 (more) without 96372. Where another drug was given, 59 or XU on
    96372 needs a record of it.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning.
    """
    pairs = t.pairs.filter(
        applies_ncci()
        & pl.col("known")
        & (pl.col("mi") == 1)
        & t.pair_in(1, "ALLERGY")
        & t.pair_in(2, "ADM")
        & ~pl.col("bypassed")
    )
    beside = (
        pairs.sort("line_id_1")
        .group_by("line_id_2")
        .agg(
            pl.col("claim_id_2", "code_2").first(),
            pl.col("line_id_1"),
            pl.col("code_1").unique(maintain_order=True).str.join(", "),
        )
        .select(
            pl.col("claim_id_2").alias("claim_id"),
            pl.col("line_id_2").alias("line_id"),
            pl.col("line_id_1").alias("related"),
            pl.col("line_id_2").alias("denied"),
            message=pl.format(
                "{} beside {}: an allergy shot is no second injection, and no modifier tells of another drug.",
                "code_2",
                "code_1",
            ),
            found=pl.format("{} with {}, no modifier", "code_2", "code_1"),
            expected=pl.format("{} alone, or a modifier for another drug", "code_1"),
        )
    )
    rows = t.lines.filter(
        t.in_group("ADM")
        & t.points_to("DX_ALLERGY")
        & no_drug(t)
        & ~t.visit_has("ALLERGY")
        & ~t.visit_has("VAXP")
        & ~t.visit_has("PPD")
    )
    alone = (
        with_texts(t, on_dated_claims(t, rows))
        .filter(~names_substance())
        .select(
            "claim_id",
            "line_id",
            pl.lit(None, dtype=pl.List(pl.UInt32)).alias("related"),
            pl.col("line_id").alias("denied"),
            message=pl.format(
                "{} for allergy diagnosis {} without any drug: an allergy shot has a code of its own.", "code", "dx1"
            ),
            found=pl.format("{} with {} and no drug", "code", "dx1"),
            expected=pl.lit("the code of the allergy shot, or the drug that was given"),
        )
    )
    return pl.concat([beside, alone])


@edit(
    "ALG02",
    name="two-allergy-shot-codes",
    category="denial",
    grain="line",
    scope="ALLERGY_SHOT",
    start="pairs",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01"],
    source=_PTP,
)
def two_allergy_shot_codes(t: Facts, refs: References) -> pl.LazyFrame:
    """Both allergy shot codes stand on one day.

    ## What it does
    Finds 95115 and 95117 of the same provider on one day.

    ## Why it matters
    95115 is one shot, 95117 two or more: one day is one or the other. NCCI pays 95117 and denies 95115 whatever
    modifier it carries.

    ## Fails
    claim dx=J30.1
    line 95115
    line 95117 mods=59

    ## Passes
    claim dx=J30.1
    line 95117

    ## Fix
    Keep 95117 for two or more shots and drop 95115.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning.
    """
    pairs = t.pairs.filter(
        applies_ncci() & pl.col("known") & t.pair_in(1, "ALLERGY_SHOT") & t.pair_in(2, "ALLERGY_SHOT")
    )
    return pair_hits(pairs, "{0} already counts every shot of the day, so {1} beside it is denied", "indicator 0")


@edit(
    "PPD01",
    name="skin-test-with-injection",
    category="denial",
    grain="line",
    scope="ADM",
    beside=["PPD"],
    needs=["service_date"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC02", "DRG01", "NTE01"],
    source=_PTP,
)
def skin_test_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A tuberculin skin test is billed with an injection on top.

    ## What it does
    Finds a 96372, whatever its modifiers, on the day of an 86580 of the same practice with no drug, no vaccine without
    its administration and no text that names another substance.

    ## Why it matters
    86580 contains the injection and the tuberculin. NCCI denies the 96372, and a modifier would claim a drug that
    nobody gave.

    ## Fails
    claim dx=Z11.1
    line 86580
    line 96372

    ## Passes
    claim dx=Z11.1,E53.8
    line 86580 dx=1
    line 96372 dx=2 mods=59
    line J3420 dx=2

    ## Fix
    Drop 96372.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning.
    """
    vaccine_waits = t.visit_has("VAXP") & ~t.visit_has("VAXA")
    rows = t.lines.filter(t.in_group("ADM") & t.visit_has("PPD") & no_drug(t) & ~vaccine_waits)
    return (
        with_texts(t, with_partners(on_dated_claims(t, rows), t.lines.filter(t.in_group("PPD"))))
        .filter(~names_substance())
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} beside skin test {} and no drug: the test contains its injection.", "code", "partners"
            ),
            found=pl.format("{} with {} and no drug", "code", "partners"),
            expected=pl.format("{} alone", "partners"),
        )
    )
