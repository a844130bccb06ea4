"""What a plan asks for before it looks at the service: the claim in time, the authorization."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_CALENDAR_YEAR = 365
"""A limit of 365 days is a calendar year: the same date of the next year, 28 February for 29 February."""

_SOON = 15
"""Percent of the time that are left when the warning begins."""

_PRIMARY = "P"
"""SBR01 of a claim to the first payer."""


@edit(
    "TFL01",
    name="filing-limit",
    category="denial",
    grain="claim",
    start="lines",
    group="CO",
    carc="29",
    element="DTP03",
    box="24A",
    fix="advice",
    revision=2,
    confidence="partly",
    source=[
        "Medicare timely filing: First Coast, IOM 100-04 ch. 1, 70",
        "trade pages on the limits of other payers; the contract wins",
    ],
)
def filing_limit(t: Facts, refs: References) -> pl.LazyFrame:
    """A claim reaches the payer after its filing limit, or shortly before it.

    ## What it does
    Compares each line's first day of service with the day the payer gets the claim (``--received``, else the day of
    judgement) and the limit of the policy (``TFL01.days``). Past it is a hit; within its last 15 percent a warning, or
    advice where the limit stands in a contract that was not read (all but the calendar year of Medicare). A corrected
    claim is not hurried: its limit is another one.
    Where a limit runs from another payer's answer (a claim to a second payer) a late line is not judged. Payers without
    a known limit are not judged.

    ## Why it matters
    A late claim is denied (CO-29) without appeal, and the patient may not be billed for it.

    ## Fails
    run received=2027-03-03
    line 99213

    ## Passes
    run received=2026-12-20
    line 99213

    ## Fix
    Send the claim at once. For a late one look for proof of an earlier, timely submission or a reason the payer accepts.

    ## Payers
    Deny for Medicare: a calendar year from the line's first day, 29 February counting as 28 February. A warning for
    others (UnitedHealthcare, Anthem and Cigna 90 days, Aetna 120): contracts differ. No limit is set for the rest.
    """
    received = pl.lit(t.run.received)
    day = pl.col("service_date")
    days = pl.col("sw_TFL01.days").cast(pl.String).cast(pl.Int64, strict=False)
    # The days gone by leave out most lines; the calendar is asked for the others alone.
    spent = received.cast(pl.Int32) - day.cast(pl.Int32)
    near = t.lines.filter(~pl.col("is_void") & (days > 0) & (spent * 100 > days * (100 - _SOON)))
    limit = (
        pl.when(pl.col("days") == _CALENDAR_YEAR).then(day.dt.offset_by("1y")).otherwise(day + pl.duration(days="days"))
    )
    left, whole = (pl.col("limit") - received).dt.total_days(), (pl.col("limit") - day).dt.total_days()
    soon = left * 100 < whole * _SOON
    lines = (
        near.with_columns(days=days)
        .with_columns(limit=limit)
        .with_columns(late=left < 0)
        .filter((day < received) & (pl.col("late") | (soon & ~pl.col("stands_alone"))))
    )
    sizes = t.claims.select("claim_id", "payer_resp")
    totals = t.lines.select("claim_id").join(lines.select("claim_id").unique(), on="claim_id", how="semi")
    per_claim = (
        lines.sort("limit", "line_id")
        .group_by("claim_id", "late", maintain_order=True)
        .agg(
            pl.col("limit", "service_date", "dtp_segment").first(),
            pl.col("line_id").alias("lines"),
            pl.col("stands_alone").first(),
            pl.len().alias("count"),
            yearly=(pl.col("days") == _CALENDAR_YEAR).first(),
        )
        .join(totals.group_by("claim_id").len("all"), on="claim_id")
        .join(sizes, on="claim_id")
        # One finding for a claim all of whose lines are late; else one a line, so that only their charges are at risk.
        .with_columns(
            line_id=pl.when(pl.col("count") == pl.col("all"))
            .then(pl.lit([None], dtype=pl.List(pl.UInt32)))
            .otherwise("lines")
        )
        .explode("line_id")
    )
    second = (pl.col("payer_resp") != _PRIMARY).fill_null(value=False)
    return per_claim.filter(pl.col("late") | ~second).select(
        "claim_id",
        "line_id",
        segment="dtp_segment",
        outcome=pl.when(second).then(pl.lit("unknown")).otherwise(pl.lit("hit")),
        # A corrected claim may have a longer time than the first one; a limit by contract may be another.
        level_cap=pl.when(~pl.col("late") & ~pl.col("yearly"))
        .then(pl.lit("info"))
        .when(~pl.col("late") | pl.col("stands_alone"))
        .then(pl.lit("warn")),
        message=pl.when("late")
        .then(
            pl.format(
                "The payer gets the claim on {}; services of {} had to be there by {}.",
                received,
                "service_date",
                "limit",
            )
        )
        .otherwise(
            pl.format("Services of {} must reach the payer by {}: {} days are left.", "service_date", "limit", left)
        ),
        found=pl.format("received {}", received),
        expected=pl.format("received by {}", "limit"),
    )


@edit(
    "PA01",
    name="authorization-missing",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["prior_auth"],
    group="CO",
    carc="197",
    rarc=["N54", "M62"],
    element="REF02",
    box="23",
    fix="advice",
    source=["BCBS Alabama PH-0139 (J2315)", "X12 CARC 197, 198"],
)
def authorization_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug on the payer's list has no prior authorization number.

    ## What it does
    Looks the drug up in the table of drugs for which the payer asks for authorization, and finds lines without a number
    on the line or the claim (REF*G1). An emergency (SV109) is left out. Whether a number is still good, and for how many
    units, is not visible on a claim.

    ## Why it matters
    Without the number the drug is denied (CO-197), mostly without a later remedy.

    ## Fails
    payer bcbs-alabama
    patient dob=1980-05-05
    claim dx=F11.20
    line 96372
    line J2315 units=380 ndc=65757030001

    ## Passes
    payer bcbs-alabama
    patient dob=1980-05-05
    claim dx=F11.20 ref_g1=A123456
    line 96372
    line J2315 units=380 ndc=65757030001

    ## Fix
    Enter the number of the authorization; without one ask the payer before the claim is sent.

    ## Payers
    Off for Medicare. Elsewhere a warning for the drugs the table lists (one of Blue Cross Blue Shield of Alabama); add
    those of your plans to the table prior_auth.
    """
    day = pl.col("service_date")
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    lasts = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    asked = refs.lazy("prior_auth").select("policy", "valid_from", "valid_to", code="hcpcs")
    without = t.claims.filter(pl.col("prior_auth").is_null()).select("claim_id")
    return (
        t.lines.filter(
            t.in_group("DRUG")
            & pl.col("code").is_in(refs.keys("prior_auth", "hcpcs").implode())
            & pl.col("policy").is_in(refs.keys("prior_auth", "policy").implode())
            & pl.col("line_auth").is_null()
            & ~(pl.col("emergency") == "Y").fill_null(value=False)
        )
        .join(asked, on=["policy", "code"])
        .filter(begun & lasts)
        .join(without, on="claim_id", how="semi")
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.format(
                "{} needs this payer's prior authorization, and neither line nor claim has a number.", "code"
            ),
            found=pl.format("{} without REF*G1", "code"),
            expected=pl.lit("the authorization number in REF*G1"),
        )
    )
