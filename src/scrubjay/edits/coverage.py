"""Drugs and the diagnoses that support them: what a payer's coverage text or a label asks for."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.products import may_be_injected
from scrubjay.facts import Facts
from scrubjay.refdata import References

_LEAST_CONTRACEPTIVE = 104_000
"""Thousandths of a milligram of medroxyprogesterone in the subcutaneous contraceptive dose."""

_MOST_CONTRACEPTIVE = 150_000
"""The same in the intramuscular one."""


def _said(rows: pl.LazyFrame, message: str, expected: pl.Expr, **more: pl.Expr) -> pl.LazyFrame:
    """Return the hits of lines whose diagnoses do not support the code; ``message`` has {} for code and diagnosis."""
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(message, "code", "dx1"),
        found=pl.format("{} first pointing to {}", "code", "dx1"),
        expected=expected,
        **more,
    )


def _drug_lines(t: Facts, group: str, unexplained: pl.Expr) -> pl.LazyFrame:
    """Return the lines of a drug group whose diagnoses do not explain it; a missing pointer is another edit's matter."""
    return t.lines.filter(t.in_group(group) & pl.col("dx1").is_not_null() & unexplained)


@edit(
    "DX02",
    name="injection-and-drug-diagnoses-differ",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    refs=["drugs"],
    group="CO",
    carc="11",
    element="SV107-1",
    box="24E",
    fix="review",
    confidence="memory",
    source="coding practice: an administration is done for the reason of its drug",
)
def injection_and_drug_diagnoses_differ(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug and its injection point to different diagnoses.

    ## What it does
    Takes the days of a claim with one 96372 line and no other administration, and finds that the injection points to
    the first diagnosis of none of the day's injectable drugs. An injection that points to Z23 is VAX02's.

    ## Why it matters
    The injection is done for the reason of the drug. Where the two tell different reasons the payer may find one of
    them not supported.

    ## Fails
    claim dx=E53.8,M25.511
    line 96372 dx=2
    line J3420 dx=1

    ## Passes
    claim dx=E53.8,M25.511
    line 96372 units=2 dx=2,1
    line J3420 dx=1
    line J1885 dx=2 mods=JZ

    claim dx=E53.8,M25.511
    line 99213 mods=25 dx=2
    line 96372 dx=1
    line J3420 dx=1,2

    ## Fix
    Point the injection to the diagnosis the drug was given for, as the record says.
    """
    keys = ["claim_id", "service_date"]
    plain = t.lines.filter(
        t.in_group("ADM")
        & t.claim_has("DRUG")
        & pl.col("reasons_differ")
        & pl.col("dx1").is_not_null()
        & ~t.points_to("DX_VACCINE")
    )
    alone = plain.filter(pl.len().over(keys) == 1)
    others = t.lines.filter(t.in_group("DRUG_ADMIN") & ~t.in_group("ADM")).select(keys)
    shots = alone.join(others, on=keys, how="anti")
    drugs = may_be_injected(t.lines.filter(t.in_group("DRUG") & t.claim_has("ADM")), refs)
    reasons = drugs.select(*keys, drug="code", drug_line="line_id", drug_dx="dx1").drop_nulls("drug_dx")
    given = shots.join(reasons, on=keys)
    # Nearly all tell the same reason first; the other pointers are looked up for the rest alone.
    alike = given.filter(pl.col("dx1") == pl.col("drug_dx")).select("line_id")
    doubtful = given.join(alike, on="line_id", how="anti")
    own = (
        doubtful.unique("line_id")
        .unpivot(
            [f"pointer{k}" for k in (1, 2, 3, 4)],
            index=["claim_id", "line_id"],
            value_name="position",
            variable_name="slot",
        )
        .drop_nulls("position")
        .join(t.diagnoses.select("claim_id", "position", own_dx="code"), on=["claim_id", "position"])
    )
    agree = doubtful.join(own, left_on=["line_id", "drug_dx"], right_on=["line_id", "own_dx"], how="semi").select(
        "line_id"
    )
    return (
        doubtful.join(agree, on="line_id", how="anti")
        .sort("line_id", "drug_line")
        .group_by("line_id", maintain_order=True)
        .agg(pl.col("claim_id", "code", "dx1", "drug", "drug_dx").first(), pl.col("drug_line").alias("related"))
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format(
                "Injection {} points to {} and its drug {} to {}: they should tell the same reason.",
                "code", "dx1", "drug", "drug_dx",
            ),
            found=pl.format("{} for {}, {} for {}", "code", "dx1", "drug", "drug_dx"),
            expected=pl.format("the injection points to {} too, if the record says so", "drug_dx"),
        )
    )  # fmt: skip


@edit(
    "DX04",
    name="vitamin-b12-diagnosis",
    category="denial",
    grain="line",
    scope="B12_DRUG",
    group="CO",
    carc="50",
    rarc=["N115"],
    element="SV107-1",
    box="24E",
    fix="review",
    source="LCDs L33502 and L29309 (retired) and Highmark I-2-004 on vitamin B12 injections",
)
def vitamin_b12_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """Vitamin B12 is given without a deficiency or malabsorption diagnosis.

    ## What it does
    Finds J3420 and J3425 that point to none of D51, D52, D53, E53.8, G32.0, K90 and K91.1. A day or claim with
    pemetrexed or pralatrexate, and the diagnoses treated with them, are left out.

    ## Why it matters
    Coverage texts list these diagnoses; fatigue alone is not covered. The lists are retired or one contractor's, so
    this is a warning everywhere.

    ## Fails
    claim dx=R53.83
    line 96372
    line J3420

    ## Passes
    claim dx=R53.83,D51.0
    line 96372 dx=2
    line J3420 dx=2,1

    # The vitamin belongs to a pemetrexed regimen.
    claim dx=C34.11
    line 96372
    line J3420

    ## Fix
    Look up in the record why the vitamin was given; point to the deficiency if it was found, else expect no payment.
    """
    antifolate = t.points_to("DX_ANTIFOLATE") | t.visit_has("ANTIFOLATE") | t.claim_has("ANTIFOLATE")
    rows = _drug_lines(t, "B12_DRUG", ~t.points_to("DX_B12") & ~antifolate)
    return _said(
        rows,
        "{} points to {} and to no vitamin B12 deficiency or malabsorption: coverage texts (L33502, Highmark) list those.",
        pl.lit("D51, D52, D53, E53.8, G32.0, K90 or K91.1, if the record shows it"),
    )


@edit(
    "DX05",
    name="testosterone-diagnosis",
    category="denial",
    grain="line",
    scope="TESTOSTERONE",
    group="CO",
    carc="50",
    rarc=["N115"],
    element="SV107-1",
    box="24E",
    fix="review",
    confidence="partly",
    source="Noridian L36538, A57616, A58828 on treatment of males with low testosterone",
)
def testosterone_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """Testosterone is given without hypogonadism.

    ## What it does
    Finds J1071, J1072, J3121 and J3145 that point to none of E23.0, E29.1 and E89.5. Gender-affirming care (F64 with
    modifier KX) is left out; F64 without KX is found.

    ## Why it matters
    The coverage text of a Medicare contractor names these diagnoses, other payers have like texts.

    ## Fails
    patient sex=M dob=1960-05-05
    claim dx=R53.83
    line 96372
    line J1071 units=200 mods=JZ ndc=00409656201

    ## Passes
    patient sex=M dob=1960-05-05
    claim dx=E29.1
    line 96372
    line J1071 units=200 mods=JZ ndc=00409656201

    patient sex=F dob=1999-05-05
    payer commercial
    claim dx=F64.0
    line 96372
    line J1071 units=50 mods=KX ndc=00409656201 qty=0.25

    ## Fix
    Point to the hypogonadism the record shows; for gender-affirming care add KX where the payer's text asks for it.

    ## Payers
    A warning everywhere: the list is one contractor's (L36538).
    """
    covered = t.points_to("DX_HYPOGONADISM") | (t.points_to("DX_GENDER") & t.has_mod("KX"))
    rows = _drug_lines(t, "TESTOSTERONE", ~covered)
    return _said(
        rows,
        "{} points to {} and to no hypogonadism, the covered diagnosis (Noridian L36538).",
        pl.when(t.points_to("DX_GENDER"))
        .then(pl.lit("KX beside the gender diagnosis, where the payer's text asks for it"))
        .otherwise(pl.lit("E29.1, E23.0 or E89.5, if the record shows it")),
    )


@edit(
    "DX06",
    name="contraceptive-injection-diagnosis",
    category="denial",
    grain="line",
    scope="DEPO_PROVERA",
    needs=["units_milli"],
    group="CO",
    carc="11",
    element="SV107-1",
    box="24E",
    fix="review",
    source=["billing article on medroxyprogesterone", "ICD-10-CM Z30.013, Z30.42, Z30.09"],
)
def contraceptive_injection_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """A contraceptive dose of medroxyprogesterone stands without its diagnosis.

    ## What it does
    Finds 104 to 150 units of J1050 that point to none of Z30.013, Z30.42 and Z30.09, to no gynaecological use (N80,
    N92, N93) and to no cancer. Where the payer does not pay for contraception it finds the contraceptive diagnoses.

    ## Why it matters
    The dose is the contraceptive one; without its diagnosis the drug is denied as not matching (CO-11). Medicare does
    not pay for contraception (CO-96).

    ## Fails
    payer commercial
    patient dob=1999-05-05
    claim dx=R53.83
    line 96372
    line J1050 units=150 ndc=00009074630

    ## Passes
    payer commercial
    patient dob=1999-05-05
    claim dx=Z30.42
    line 96372
    line J1050 units=150 ndc=00009074630

    ## Fix
    Point to the start (Z30.013) or the surveillance (Z30.42) of the contraception, or to the disease treated.

    ## Payers
    Deny for commercial payers and Medicaid; a warning for Medicare, which excludes contraception.
    """
    excluded = pl.col("sw_DX06.contraception") == "excluded"
    contraception, disease = t.points_to("DX_CONTRACEPTION"), t.points_to("DX_GYN") | t.points_to("DX_CANCER")
    dose = pl.col("units_milli").is_between(_LEAST_CONTRACEPTIVE, _MOST_CONTRACEPTIVE) & ~t.has_mod("JW")
    rows = _drug_lines(t, "DEPO_PROVERA", dose & ~disease & (excluded | ~contraception))
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        carc=pl.when(excluded & contraception).then(pl.lit("96")).otherwise(pl.lit("11")),
        message=pl.when(excluded & contraception)
        .then(pl.format("{} for {}: this payer does not pay for contraception.", "code", "dx1"))
        .otherwise(
            pl.format(
                "{} with {} units is a contraceptive dose and points to {}, which is neither contraception nor a use"
                " of its label.",
                "code", pl.col("units_milli") // 1000, "dx1",
            )
        ),
        found=pl.format("{} first pointing to {}", "code", "dx1"),
        expected=pl.when(excluded & contraception)
        .then(pl.lit("a covered use, or the patient's own payment"))
        .otherwise(pl.lit("Z30.013, Z30.42, Z30.09 or the disease treated")),
    )  # fmt: skip


@edit(
    "DX07",
    name="naltrexone-diagnosis",
    category="denial",
    grain="line",
    scope="VIVITROL",
    group="CO",
    carc="11",
    element="SV107-1",
    box="24E",
    fix="review",
    source="BCBS Alabama PH-0139 on extended-release naltrexone",
)
def naltrexone_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """Extended-release naltrexone is given without alcohol or opioid dependence.

    ## What it does
    Finds J2315 that points to neither F10.2 nor F11.2.

    ## Why it matters
    These are its only labelled uses; payers deny others as not matching or not necessary.

    ## Fails
    claim dx=F32.9
    line 96372
    line J2315 units=380 mods=JZ

    ## Passes
    claim dx=F11.20
    line 96372
    line J2315 units=380 mods=JZ

    ## Fix
    Point to the dependence the record shows.
    """
    rows = _drug_lines(t, "VIVITROL", ~t.points_to("DX_VIVITROL"))
    return _said(
        rows,
        "{} points to {} and to no alcohol or opioid dependence, its labelled uses.",
        pl.lit("F10.2 or F11.2 with its further characters, if the record shows it"),
    )
