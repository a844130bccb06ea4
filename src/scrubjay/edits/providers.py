"""Who stands on the claim: staff as rendering clinician, supervisor, ordering clinician, taxonomies."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.facilities import of_kind
from scrubjay.facts import Facts
from scrubjay.refdata import References


def _supervised(t: Facts) -> pl.LazyFrame:
    """Return the claims that name a supervising clinician other than the rendering one."""
    other = pl.col("supervising_npi") != pl.coalesce("rendering_npi", "billing_npi")
    return t.claims.filter(other.fill_null(value=False)).select("claim_id", "supervising_npi")


@edit(
    "SUP02",
    name="staff-as-rendering-clinician",
    category="denial",
    grain="claim",
    start=["claims", "lines"],
    refs=["taxonomy_groups"],
    group="CO",
    carc="170",
    rarc=["N95"],
    element="PRV03",
    box="24J",
    fix="review",
    source=["incident-to: auxiliary staff versus practitioners", "Medicare Benefit Policy Manual ch. 15, 60.1B"],
)
def staff_as_rendering_clinician(t: Facts, refs: References) -> pl.LazyFrame:
    """A nurse or nursing aide stands as the rendering clinician.

    ## What it does
    Finds rendering taxonomies of registered nurses (163W), practical and vocational nurses (164) and nursing aides
    (374) on the claim or a line.

    ## Why it matters
    Staff give the injection under a clinician who bills it; they cannot render it to Medicare and most other payers.

    ## Fails
    claim taxonomy=163W00000X
    line 96372
    line J3420

    ## Passes
    # A nurse practitioner is no nursing staff.
    claim taxonomy=363LF0000X
    line 96372
    line J3420

    ## Fix
    Name the clinician who was present and under whom the service was given, as the record shows it.

    ## Payers
    Deny for Medicare and Medicare Advantage; elsewhere a warning, some payers enrol nurses.
    """
    claims = t.claims.filter(
        pl.col("rendering_taxonomy").is_not_null() & of_kind(refs, "rendering_taxonomy", "NURSING_STAFF")
    ).select(
        "claim_id",
        line_id=pl.lit(None, dtype=pl.UInt32),
        segment="rendering_segment",
        taxonomy="rendering_taxonomy",
    )
    lines = t.lines.filter(
        pl.col("line_rendering_taxonomy").is_not_null() & of_kind(refs, "line_rendering_taxonomy", "NURSING_STAFF")
    ).select("claim_id", "line_id", segment="line_rendering_segment", taxonomy="line_rendering_taxonomy")
    return pl.concat([claims, lines]).select(
        "claim_id",
        "line_id",
        "segment",
        denied="line_id",
        message=pl.format("Taxonomy {} of the rendering clinician is nursing staff's, who cannot render.", "taxonomy"),
        found=pl.format("rendering taxonomy {}", "taxonomy"),
        expected=pl.lit("the clinician under whom the service was given"),
    )


@edit(
    "SUP05",
    name="supervising-clinician",
    category="denial",
    grain="claim",
    group="CO",
    carc="16",
    rarc=["N296"],
    element="NM109",
    box="17b",
    fix="advice",
    source=[
        "ASC X12 005010X222A1 loops 2310D and 2420D: when the rendering provider is supervised",
        "X12 RARC N296, N297",
    ],
)
def supervising_clinician(t: Facts, refs: References) -> pl.LazyFrame:
    """The supervising clinician is the rendering one, or is missing where the payer asks for one.

    ## What it does
    Finds claims whose supervising clinician (2310D) has the NPI of the rendering one. Where the policy says that the
    payer requires it (``SUP05.required``), it also finds claims with a 96372 that name no supervising clinician.

    ## Why it matters
    The loop says that somebody else supervised; nobody supervises himself. A payer that asks for it returns the claim
    without (N296, N297).

    ## Fails
    payer commercial
    claim rendering=1456789001 supervising=1456789001
    line 96372
    line J3420

    ## Passes
    payer commercial
    claim supervising=other
    line 99213 mods=25
    line 96372
    line J3420

    ## Fix
    Leave the loop out where nobody else supervised; name the supervising clinician where the payer asks for one.
    """
    himself = t.claims.filter(
        pl.col("supervising_npi").is_not_null() & (pl.col("supervising_npi") == pl.col("rendering_npi"))
    ).select(
        "claim_id",
        rarc=pl.lit(["N297"]),
        message=pl.lit("The supervising clinician has the NPI of the rendering one: the loop is for somebody else."),
        found=pl.lit("one NPI in both loops"),
        expected=pl.lit("no supervising loop, or the clinician who supervised"),
    )
    unnamed = t.claims.filter(pl.col("supervising_npi").is_null()).select("claim_id")
    wanted = t.lines.filter(
        t.in_group("ADM") & (pl.col("sw_SUP05.required") == "true") & pl.col("line_supervising_npi").is_null()
    )
    missing = (
        wanted.select("claim_id")
        .unique()
        .join(unnamed, on="claim_id", how="semi")
        .select(
            "claim_id",
            rarc=pl.lit(["N296"]),
            message=pl.lit("This payer asks for the supervising clinician of an injection, and the claim names none."),
            found=pl.lit("no supervising clinician"),
            expected=pl.lit("the supervising clinician with NPI (2310D)"),
        )
    )
    return pl.concat([himself, missing]).with_columns(line_id=pl.lit(None, dtype=pl.UInt32))


@edit(
    "SUP06",
    name="ordering-clinician",
    category="denial",
    grain="line",
    scope="ADM",
    group="CO",
    carc="16",
    rarc=["N264", "N265"],
    element="NM109",
    box="17b",
    fix="advice",
    confidence="partly",
    source=["ASC X12 005010X222A1 loop 2420E", "X12 RARC N264, N265"],
)
def ordering_clinician(t: Facts, refs: References) -> pl.LazyFrame:
    """The ordering clinician of an injection is named as nobody else, or is missing where the payer asks for one.

    ## What it does
    Finds 96372 whose ordering clinician (2420E) is the rendering one. Where the policy says that the payer requires it
    (``SUP06.required``), it also finds 96372 without an ordering clinician.

    ## Why it matters
    The loop is for an order of somebody other than the rendering clinician. Some payers return a drug administration
    without it; Medicare asks for none on drugs given incident to a clinician.

    ## Fails
    payer commercial
    line 96372 ordering=1456789001
    line J3420

    ## Passes
    payer commercial
    line 96372
    line J3420

    ## Fix
    Leave the loop out where the rendering clinician gave the order; name the ordering one where the payer asks for it.
    """
    ordering = pl.col("line_ordering_npi")
    himself = (ordering == pl.col("rendering_npi")).fill_null(value=False)
    missing = (pl.col("sw_SUP06.required") == "true") & ordering.is_null()
    return t.lines.filter(t.in_group("ADM") & (himself | missing)).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.when(himself)
        .then(pl.format("{} names the rendering clinician as the ordering one: the loop is for somebody else.", "code"))
        .otherwise(pl.format("{} names no ordering clinician, whom this payer asks for.", "code")),
        found=pl.when(himself).then(pl.lit("one NPI in both loops")).otherwise(pl.lit("no ordering clinician")),
        expected=pl.when(himself)
        .then(pl.lit("no ordering loop"))
        .otherwise(pl.lit("the ordering clinician with NPI (2420E)")),
    )


@edit(
    "SUP08",
    name="new-patient-under-supervision",
    category="compliance",
    grain="line",
    scope="EM_NEW",
    group="CO",
    carc="B7",
    element="SV101-2",
    box="24D",
    fix="review",
    source=["Medicare Benefit Policy Manual ch. 15, 60.2", "summary of direct supervision from 2026-01-01"],
)
def new_patient_under_supervision(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit of a new patient is billed as supervised.

    ## What it does
    Finds new-patient visits (99202 to 99205) on a claim that names a supervising clinician other than the rendering one.
    A new problem of an established patient is not visible on a claim.

    ## Why it matters
    Incident-to needs a plan that the physician began. A new patient has none: the visit goes under the number of the
    person who saw the patient, at that person's rate, and the difference is taken back.

    ## Fails
    claim supervising=other
    line 99203

    ## Passes
    claim supervising=other
    line 99213

    ## Fix
    Bill the visit under the clinician who gave it; leave the supervising loop out.

    ## Payers
    A warning for Medicare, off elsewhere.
    """
    return (
        t.lines.filter(t.in_group("EM_NEW"))
        .join(_supervised(t), on="claim_id")
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.format(
                "{} of a new patient on a claim with a supervising clinician: it is not incident-to.", "code"
            ),
            found=pl.format("{} under supervision", "code"),
            expected=pl.lit("the visit under the clinician who gave it"),
        )
    )


@edit(
    "SUP09",
    name="taxonomy-missing",
    category="denial",
    grain="claim",
    group="CO",
    carc="16",
    element="PRV03",
    box="33b",
    fix="advice",
    source="X12 RARC N255 (billing) and N288 (rendering taxonomy)",
)
def taxonomy_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """A billing or rendering taxonomy is missing for a payer that asks for it.

    ## What it does
    Finds claims without the billing provider's taxonomy (2000A PRV), and claims that name a rendering clinician without
    one (2310B PRV).

    ## Why it matters
    The payer finds the enrolment by NPI and taxonomy; without it the claim is denied (N255, N288).

    ## Fails
    payer medicaid
    claim billing_taxonomy=none
    line 99213

    ## Passes
    payer medicaid
    line 99213

    ## Fix
    Enter the taxonomy the provider is enrolled with at this payer.

    ## Payers
    Deny for Medicaid, off elsewhere.
    """
    billing = pl.col("billing_taxonomy").is_null()
    rendering = pl.col("rendering_npi").is_not_null() & pl.col("rendering_taxonomy").is_null()
    return t.claims.filter(billing | rendering).select(
        "claim_id",
        line_id=pl.lit(None, dtype=pl.UInt32),
        segment=pl.when(~billing).then("rendering_segment"),
        rarc=pl.concat_list(
            pl.when(billing).then(pl.lit("N255")), pl.when(rendering).then(pl.lit("N288"))
        ).list.drop_nulls(),
        message=pl.format(
            "The {} taxonomy is missing: this payer finds the enrolment by it.",
            pl.when(billing & rendering)
            .then(pl.lit("billing and the rendering"))
            .when(billing)
            .then(pl.lit("billing"))
            .otherwise(pl.lit("rendering")),
        ),
        found=pl.lit("no PRV with a taxonomy"),
        expected=pl.lit("the taxonomy of the enrolment"),
    )


@edit(
    "SUP10",
    name="supervised-injection-away",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["pos"],
    refs=["pos_groups"],
    group="CO",
    carc="B7",
    element="CLM05-1",
    box="24B",
    fix="advice",
    source=["Medicare Benefit Policy Manual ch. 15, 60.1B", "virtual direct supervision, permanent from 2026-01-01"],
)
def supervised_injection_away(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection away from the office is billed as supervised.

    ## What it does
    Finds 96372 in places 12, 13, 14, 31, 32 and 33 on a claim that names a supervising clinician, with no visit by the
    rendering clinician on that day. Whether the clinician was on the spot is not visible, so it is a warning at most.

    ## Why it matters
    What staff give alone at a home or in an institution is not incident-to. From 2026 a clinician on real-time audio
    and video can count as present; on the telephone never.

    ## Fails
    claim pos=12 supervising=other
    line 96372
    line J3420

    ## Passes
    claim pos=12 supervising=other
    line 99349 mods=25
    line 96372
    line J3420

    ## Fix
    Look up who was present. Without the clinician in the room or on live video the injection is not billed.

    ## Payers
    For Medicare, off elsewhere.
    """
    away = t.lines.filter(t.in_group("ADM") & t.in_place("POS_AWAY") & ~t.day_has("EM_ANY"))
    return away.join(_supervised(t), on="claim_id").select(
        "claim_id",
        "line_id",
        denied="line_id",
        level_cap=pl.lit("warn"),
        message=pl.format(
            "{} in place {} under a supervising clinician and no visit: staff alone there are not incident-to.",
            "code",
            "pos",
        ),
        found=pl.format("{} in place {}, supervised, no visit", "code", "pos"),
        expected=pl.lit("a clinician in the room or, from 2026, on live video"),
    )
