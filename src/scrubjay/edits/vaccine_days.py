"""The day of a vaccine or of allergy care: its visit, its families of codes, its second season."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.charges import limit
from scrubjay.edits.shapes import beside, merged_visits
from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"

_ONE = 1000
"""One unit, in thousandths."""


@edit(
    "ALG03",
    name="allergy-visit-without-25",
    category="denial",
    grain="line",
    start="pairs",
    scope="EM_ANY",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC02"],
    source=["NCCI Policy Manual 2026 XI.K.3", _PTP],
)
def allergy_visit_without_25(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit stands beside allergy testing or an allergy shot without modifier 25.

    ## What it does
    Finds a visit without 25 on the day of 95004-95199 by the same provider. With 24 or 57 on the visit it is a
    warning.

    ## Why it matters
    NCCI holds the visit as column 2 of the test or the shot, and the talk before it as part of it: the visit is denied
    as CO-236.

    ## Fails
    claim dx=J30.1
    line 99213
    line 95117

    ## Passes
    claim dx=J30.1
    line 99213 mods=25
    line 95117

    ## Fix
    Add 25 only if the note shows an evaluation beyond the shot, the test and the consent to them; otherwise drop the
    visit.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    pairs = t.pairs.filter(
        applies_ncci() & t.pair_in(1, "ALLERGY") & t.pair_in(2, "EM_ANY") & ~t.pair_has_mod(2, "SEPARATE")
    )
    return merged_visits(pairs, on=2).select(
        "claim_id",
        "line_id",
        "related",
        "outcome",
        denied="line_id",
        level_cap=pl.when(t.pair_has_mod(2, "NCCI_EM")).then(pl.lit("warn")),
        message=pl.format(
            "Visit {} without 25 beside {}{}: NCCI bundles the visit into allergy testing and shots{}.",
            "code_2",
            "code_1",
            elsewhere(),
            "doubt",
        ),
        found=pl.format("{} without 25, with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit("25 on the visit where the note supports a separate evaluation, else no visit"),
    )


@edit(
    "VAX09",
    name="second-season-half-dose",
    category="underpayment",
    grain="line",
    scope="NIRSEVIMAB_100",
    needs=["service_date", "patient_dob", "units_milli"],
    refs=["limits"],
    element="SV104",
    box="24G",
    fix="review",
    source="AAP News on coding of RSV antibodies, 2023",
)
def second_season_half_dose(t: Facts, refs: References) -> pl.LazyFrame:
    """A child in the second season is billed half the dose of nirsevimab.

    ## What it does
    Finds one unit of 90381 on a day for a child of 8 to 19 months.

    ## Why it matters
    At that age the antibody is for children at high risk alone, and their dose is 200 mg: two syringes, two units of
    90381 and two injections. One unit leaves the other syringe unpaid.

    ## Fails
    payer commercial
    patient dob=2025-01-10
    claim dx=Z29.11
    line 90381
    line 96381

    ## Passes
    payer commercial
    patient dob=2025-11-10
    claim dx=Z29.11
    line 90381
    line 96381

    ## Fix
    Bill two units if the record shows two syringes. One syringe may have been all there was.
    """
    months = (pl.col("service_date").dt.year() - pl.col("patient_dob").dt.year()).cast(pl.Int64) * 12 + (
        pl.col("service_date").dt.month().cast(pl.Int64) - pl.col("patient_dob").dt.month().cast(pl.Int64)
    )
    age = months - (pl.col("service_date").dt.day() < pl.col("patient_dob").dt.day()).cast(pl.Int64)
    return (
        t.lines.filter(t.in_group("NIRSEVIMAB_100") & (pl.col("day_units_milli") == _ONE))
        .join(limit(refs, "second_season_months"), how="cross")
        .filter((age >= pl.col("low")) & (age <= pl.col("high")))
        .select(
            "claim_id",
            "line_id",
            message=pl.format(
                "One unit of {} for a child of {} to {} months: in the second season the dose is two syringes.",
                "code",
                "low",
                "high",
            ),
            found=pl.lit("1 unit"),
            expected=pl.lit("2 units, if two syringes were given"),
        )
    )


@edit(
    "VAX10",
    name="vaccine-visit-without-25",
    category="denial",
    grain="line",
    scope="EM_CPT",
    needs=["service_date"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC02"],
    source=["NCCI Policy Manual 2026 XI.B.14-15", _PTP],
)
def vaccine_visit_without_25(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit stands beside the administration of a vaccine without modifier 25.

    ## What it does
    Finds a visit without 25 on the day of 90460-90474, 90480, 90481 or G0008-G0010 by the same provider. 99211 is
    EM03's; the wellness visits G0402, G0438 and G0439 have no pair and are not judged.

    ## Why it matters
    A visit beside a vaccine is payable when it is an evaluation of its own, which 25 says. Beside 90460 to 90474 the
    pair table denies it without 25; beside the others the manual says the same.

    ## Fails
    payer commercial
    line 99213 dx=1
    line 90471 dx=1
    line 90715 dx=1

    ## Passes
    payer commercial
    line 99396 mods=25
    line 90471
    line 90715

    line G0439
    line G0008
    line 90662

    ## Fix
    Add 25 only if the note shows an evaluation beyond the vaccine. A visit for the next shot alone has no visit code.

    ## Payers
    A warning of its own; where the payer takes the pair for a denial (Medicare, Medicare Advantage) it is one.
    """
    visits = t.lines.filter(applies_ncci() & t.in_group("EM_CPT") & t.visit_has("VAXA") & ~t.has_mod("SEPARATE"))
    given = t.lines.filter(t.in_group("VAXA") & t.visit_has("EM_CPT"))
    return merge_pairs(beside(visits, given), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "Visit {} without 25 beside vaccine administration {}{}: 25 says that the visit was more than the vaccine.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} without 25, with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit("25 on the visit where the note supports it, else no visit"),
    )


@edit(
    "VAX11",
    name="two-vaccine-administration-families",
    category="denial",
    grain="line",
    scope="VAXA_PLAIN",
    needs=["service_date"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01"],
    source=["NCCI Policy Manual 2026 XI.B.13", _PTP],
)
def two_vaccine_administration_families(t: Facts, refs: References) -> pl.LazyFrame:
    """Vaccine administrations with and without counselling stand on one day.

    ## What it does
    Finds 90471 to 90474 on the day of 90460 or 90461 by the same provider. G0008 to G0010 and 90480 stand apart.

    ## Why it matters
    A date has one of the two families. The pair has indicator 0: no modifier helps, and 90471 to 90474 are denied.

    ## Fails
    payer commercial
    patient dob=2019-05-01
    claim dx=Z23
    line 90460
    line 90707
    line 90471 mods=59
    line 90716

    ## Passes
    payer commercial
    patient dob=2019-05-01
    claim dx=Z23
    line 90460 units=2
    line 90707
    line 90716

    ## Fix
    Bill all vaccines of the day under one family: 90460 and 90461 where the physician counselled, 90471 to 90474
    where nobody did.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    plain = t.lines.filter(applies_ncci() & t.in_group("VAXA_PLAIN") & t.visit_has("VAXA_COUNSEL"))
    counselled = t.lines.filter(t.in_group("VAXA_COUNSEL") & t.visit_has("VAXA_PLAIN"))
    return merge_pairs(beside(plain, counselled), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} beside {}{}: a date has vaccine administrations with counselling or without, never both.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with {}", "code_2", "code_1"),
        expected=pl.lit("one family of codes for the day"),
    )
