"""Visits that NCCI or a payer puts into the injection's day: prolonged service, care planning, 25 without a reason."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.products import at_no_cost
from scrubjay.edits.shapes import beside, merged_visits
from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


def _visit_in_injection(t: Facts, group: str, what: str, expected: str) -> pl.LazyFrame:
    """Return the hits of one kind of visit in column 2 of an injection that does not carry 25.

    59 on the injection does not replace 25; in a facility it opens the pair, and the place is the fault.
    """
    pairs = t.pairs.filter(
        applies_ncci()
        & t.pair_in(1, "ADM")
        & t.pair_in(2, group)
        & ~t.pair_has_mod(2, "SEPARATE")
        & ~(pl.col("bypassed") & pl.col("pos_facility_2").fill_null(value=False))
    )
    visit_dies = pl.col("sw_em_denied") == "visit"
    return merged_visits(pairs, on=2).select(
        "claim_id",
        "line_id",
        "related",
        "outcome",
        denied=pl.when(visit_dies).then(pl.col("line_id")).otherwise(pl.col("line_id_1")),
        message=pl.format(
            "{} {} without 25 beside injection {}{}: NCCI holds it as column 2 of the injection{}.",
            pl.lit(what),
            "code_2",
            "code_1",
            elsewhere(),
            "doubt",
        ),
        found=pl.format("{} without 25, with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit(expected),
    )


@edit(
    "EM10",
    name="modifier-25-beside-nothing",
    category="hygiene",
    grain="line",
    scope="EM_ANY",
    needs=["service_date"],
    group="CO",
    element="SV101-3",
    box="24D",
    fix="review",
    confidence="partly",
    source="NCCI Policy Manual 2026 I.E.b: 25 tells the visit from another service of the day",
)
def modifier_25_beside_nothing(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit carries 25 and nothing else was billed that day.

    ## What it does
    Finds a visit with 25 on a day without another line of the same provider that charges anything, on any claim of
    the run and, where earlier claims were given, on any of those.

    ## Why it matters
    25 says that the visit stands apart from another service. Without that service it changes nothing in the payment
    and marks the claim for reviewers; more often the other service was forgotten.

    ## Fails
    line 99213 mods=25

    ## Passes
    line 99213

    # The vaccine of the day is what 25 parts the visit from.
    payer commercial
    line 99213 mods=25 dx=1
    line 90471 dx=1
    line 90715 dx=1

    ## Fix
    Look for the service that is missing from the charge. If there was none, remove 25.
    """
    busy = t.day_has("DRUG_ADMIN") | t.day_has("SURGERY")
    rows = t.lines.filter(t.in_group("EM_ANY") & t.has_mod("SEPARATE") & ~busy & pl.col("service_date").is_not_null())
    others = t.lines.filter(t.visit_has("EM_ANY") & ~at_no_cost().fill_null(value=False))
    accompanied = beside(rows, others).select(pl.col("line_id_2").alias("line_id"))
    return (
        rows.join(accompanied, on="line_id", how="anti")
        .join(t.history.select("patient_key", "service_date"), on=["patient_key", "service_date"], how="anti")
        .select(
            "claim_id",
            "line_id",
            message=pl.format("{} carries 25, and no other service of its provider was billed that day.", "code"),
            found=pl.format("{} with 25, alone", "code"),
            expected=pl.lit("the other service, or no 25"),
        )
    )


@edit(
    "EM16",
    name="prolonged-service-with-injection",
    category="denial",
    grain="line",
    start="pairs",
    scope="EM_PROLONGED",
    needs=["service_date", "pos"],
    refs=["ptp", "pos"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["EM01", "NCC02"],
    source=_PTP,
)
def prolonged_service_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """Prolonged service without contact stands on the day of an injection without modifier 25.

    ## What it does
    Finds 99358 or 99359 without 25 on the day of a 96372 by the same provider.

    ## Why it matters
    NCCI holds the prolonged service as column 2 of the injection, with indicator 1: the record has to show that the
    hour had nothing to do with it. Medicare does not pay 99358 at all (status I).

    ## Fails
    payer commercial
    line 99358
    line 96372
    line J3420

    ## Passes
    payer commercial
    line 99358 mods=25
    line 96372
    line J3420

    ## Fix
    Add 25 only if the record shows work on another problem; otherwise drop the prolonged service.

    ## Payers
    A warning of its own; where the payer takes the pair for a denial (Medicare, Medicare Advantage, Medicaid) it is one.
    """
    return _visit_in_injection(
        t, "EM_PROLONGED", "Prolonged service", "25 where the record supports separate work, else no prolonged service"
    )


@edit(
    "EM17",
    name="care-planning-with-injection",
    category="denial",
    grain="line",
    start="pairs",
    scope="EM_CARE_PLAN",
    needs=["service_date", "pos"],
    refs=["ptp", "pos"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["EM01", "NCC02"],
    source=_PTP,
)
def care_planning_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """Advance care planning or a cognitive assessment stands on the day of an injection without modifier 25.

    ## What it does
    Finds 99497 or 99483 without 25 on the day of a 96372 by the same provider. 33, which marks planning as preventive,
    opens no pair.

    ## Why it matters
    NCCI holds both as column 2 of the injection, with indicator 1: without 25 the talk or the assessment is denied.

    ## Fails
    payer commercial
    line 99497
    line 96372
    line J3420

    ## Passes
    payer commercial
    line 99497 mods=25
    line 96372
    line J3420

    ## Fix
    Add 25 if the record shows the planning or the assessment with its time; otherwise drop it.

    ## Payers
    A warning of its own; where the payer takes the pair for a denial (Medicare, Medicare Advantage, Medicaid) it is one.
    """
    return _visit_in_injection(
        t, "EM_CARE_PLAN", "Planning or assessment", "25 where the record shows the service with its time"
    )


@edit(
    "EM20",
    name="injection-inside-visit-by-payer",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="97",
    rarc=["M14", "N19"],
    element="SV101-2",
    box="24D",
    fix="advice",
    # The payer's own clause decides over the pair table.
    supersedes=["EM01", "EM02", "EM05", "EM06", "EM07", "EM08", "EM16", "EM17", "NCC01", "NCC02"],
    source="Priority Health provider manual, injections (undated copy)",
)
def injection_inside_visit_by_payer(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection stands beside a visit at a payer that pays the injection inside the visit.

    ## What it does
    Finds 96372 on the day of any visit by the same provider, whatever the modifiers.

    ## Why it matters
    The plan's manual holds giving a drug as part of any visit of the day: the injection is denied as CO-97, and 25 on
    the visit does not change that.

    ## Fails
    payer commercial id=EXPRIO name="PRIORITY HEALTH"
    line 99213 mods=25
    line 96372
    line J3420 ndc=00143962010

    ## Passes
    # The injection without a visit is paid.
    payer commercial id=EXPRIO name="PRIORITY HEALTH"
    line 96372
    line J3420 ndc=00143962010

    # Another payer has no such clause.
    payer commercial
    line 99213 mods=25
    line 96372
    line J3420

    ## Fix
    Expect the injection to be denied; there is nothing to correct. The drug itself stays billable.

    ## Payers
    Priority Health; a practice can switch it on for others.
    """
    given = t.lines.filter(t.in_group("ADM") & t.visit_has("EM_ANY"))
    visits = t.lines.filter(t.in_group("EM_ANY") & t.visit_has("ADM"))
    return merge_pairs(beside(given, visits), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} beside visit {}{}: this payer pays the injection inside any visit of the day.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit("the visit pays for the injection too"),
    )
