"""Dates of service: possible, of one day, and the same for a drug and its injection."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.products import may_be_injected
from scrubjay.facts import Facts
from scrubjay.refdata import References


@edit(
    "DTE01",
    name="impossible-service-date",
    category="denial",
    grain="line",
    needs=["service_date"],
    group="CO",
    carc="110",
    rarc=["M52"],
    element="DTP03",
    box="24A",
    fix="advice",
    source=["X12 CARC 110 and 14", "X12 RARC M52"],
)
def impossible_service_date(t: Facts, refs: References) -> pl.LazyFrame:
    """A service lies after the day the claim is received, or before the patient was born.

    ## What it does
    Compares the first and last day of each line with the day the payer gets the claim (the day of judgement where
    nothing else is said) and with the birth date.

    ## Why it matters
    A service that has not happened yet, or that came before the patient, is denied (CARC 110, CARC 14).

    ## Fails
    run received=2026-03-16
    line 99213 dos=2026-03-17

    patient dob=2026-03-10
    line 99213 dos=2026-03-02

    ## Passes
    run received=2026-03-16
    line 99213 dos=2026-03-16

    patient dob=2026-03-02
    line 99213 dos=2026-03-02

    ## Fix
    Correct the date from the record; where it is right, send the claim after the service, or correct the birth date.
    """
    received = pl.lit(t.run.received)
    last = pl.max_horizontal("service_date", "service_to")
    future = last > received
    unborn = (pl.col("service_date") < pl.col("patient_dob")).fill_null(value=False)
    return t.lines.filter(future | unborn).select(
        "claim_id",
        "line_id",
        segment=pl.col("dtp_segment"),
        carc=pl.when(future).then(pl.lit(None, dtype=pl.String)).otherwise(pl.lit("14")),
        message=pl.when(future)
        .then(pl.format("{} was done on {}, after {}, the day the payer gets the claim.", "code", last, received))
        .otherwise(
            pl.format(
                "{} was done on {}, before the birth date the claim gives the patient (DMG02).", "code", "service_date"
            )
        ),
        found=pl.when(future).then(last.cast(pl.String)).otherwise(pl.col("service_date").cast(pl.String)),
        expected=pl.when(future)
        .then(pl.format("a day up to {}", received))
        .otherwise(pl.lit("a day after the patient's birth")),
    )


@edit(
    "DTE02",
    name="injection-over-several-days",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["M59"],
    element="DTP03",
    box="24A",
    fix="review",
    confidence="partly",
    source=["NCCI Policy Manual 2026 I.V: date spans", "X12 RARC M59"],
)
def injection_over_several_days(t: Facts, refs: References) -> pl.LazyFrame:
    """The date of an injection is a span of days.

    ## What it does
    Finds lines of 96372 whose last day is not their first.

    ## Why it matters
    An injection happens on one day; a span makes the units of each day unknown, and the line is returned. Some
    contractors take spans for repeated services and divide the units by the days.

    ## Fails
    line 96372 dos=2026-03-02 to=2026-03-04 units=3 note="three days"
    line J3420

    ## Passes
    line 96372 dos=2026-03-02 to=2026-03-02
    line J3420

    ## Fix
    Write one line a day, each with the injections of that day, from the administration record.
    """
    rows = t.lines.filter(t.in_group("ADM") & pl.col("is_range") & (pl.col("service_to") > pl.col("service_date")))
    return rows.select(
        "claim_id",
        "line_id",
        segment=pl.col("dtp_segment"),
        message=pl.format(
            "{} runs from {} to {}; an injection happens on one day.", "code", "service_date", "service_to"
        ),
        found=pl.format("{} to {}", "service_date", "service_to"),
        expected=pl.lit("one day a line"),
    )


@edit(
    "DTE03",
    name="drug-and-injection-on-different-days",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    refs=["drugs"],
    group="CO",
    carc="16",
    rarc=["M52", "N349"],
    element="DTP03",
    box="24A",
    fix="advice",
    supersedes=["DRG01", "DRG02", "NTE01"],
    source=["NGS on drugs supplied by the patient: same claim, same date of service", "X12 RARC M52 and N349"],
)
def drug_and_injection_on_different_days(t: Facts, refs: References) -> pl.LazyFrame:
    """A claim has an injection without a drug on its day, and a drug without an injection on another day.

    ## What it does
    Finds 96372 on a day without any drug or vaccine, on a claim that has an IM or SC drug on another day on which
    nothing was administered and no procedure was done. Dates that are spans match where they meet.

    ## Why it matters
    The payer pairs drug and administration by date. Neither of the two lines is payable as it stands.

    ## Fails
    line 96372 dos=2026-03-02
    line J3420 dos=2026-03-03

    ## Passes
    line 96372 dos=2026-03-02
    line J3420 dos=2026-03-02
    line 96372 dos=2026-03-09
    line J3420 dos=2026-03-09

    ## Fix
    Take the date from the administration record and put it on both lines.
    """
    lonely = ~t.visit_has("DRUG") & ~t.visit_has("VAXP") & ~pl.col("is_void")
    shots = t.lines.filter(t.in_group("ADM") & t.claim_has("DRUG") & lonely)
    unused = ~t.visit_has("DRUG_ADMIN") & ~t.visit_has("SURGERY") & ~pl.col("is_void")
    drugs = t.lines.filter(t.in_group("DRUG") & t.claim_has("ADM") & unused & pl.col("service_date").is_not_null())
    candidates = (
        may_be_injected(drugs, refs)
        .sort("line_id")
        .select("claim_id", drug_line="line_id", drug="code", drug_date="service_date", drug_to="service_to")
    )
    starts, ends = pl.col("service_date"), pl.max_horizontal("service_date", "service_to")
    meets = (starts <= pl.max_horizontal("drug_date", "drug_to")) & (pl.col("drug_date") <= ends)
    return (
        shots.filter(starts.is_not_null())
        .sort("line_id")
        .join(candidates, on="claim_id", maintain_order="left_right")
        .group_by("line_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "code", "service_date", "dtp_segment", "drug", "drug_date").first(),
            pl.col("drug_line").alias("related"),
            meets.any().alias("meets"),
        )
        .filter(~pl.col("meets"))
        .select(
            "claim_id",
            "line_id",
            "related",
            segment=pl.col("dtp_segment"),
            denied=pl.col("line_id"),
            message=pl.format(
                "{} stands on {} without a drug, and {} on {} without an injection: drug and administration share one date.",
                "code", "service_date", "drug", "drug_date",
            ),
            found=pl.format("{} on {}, {} on {}", "code", "service_date", "drug", "drug_date"),
            expected=pl.lit("the day of the injection on both lines"),
        )
    )  # fmt: skip
