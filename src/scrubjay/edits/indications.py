"""Drugs given for another reason than their labels and payers know: antipsychotics, globulins, denosumab, weight loss."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_BONE_DOSE = 60_000
"""Thousandths of a milligram of denosumab that treat bone loss; the dose for cancer is 120 mg."""


def _said(rows: pl.LazyFrame, message: str, expected: str, **more: pl.Expr) -> pl.LazyFrame:
    """Return the hits of lines whose diagnoses do not fit; ``message`` has {} for the code and its first diagnosis."""
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(message, "code", "dx1"),
        found=pl.format("{} first pointing to {}", "code", "dx1"),
        expected=pl.lit(expected),
        **more,
    )


def _lines_of(t: Facts, group: str, unexplained: pl.Expr) -> pl.LazyFrame:
    """Return the lines of a group whose diagnoses do not explain it; a missing pointer is another edit's matter."""
    return t.lines.filter(t.in_group(group) & pl.col("dx1").is_not_null() & unexplained)


@edit(
    "DX08",
    name="long-acting-antipsychotic-diagnosis",
    category="denial",
    grain="line",
    scope="LAI",
    group="CO",
    carc="11",
    element="SV107-1",
    box="24E",
    fix="review",
    confidence="memory",
    source="labels of long-acting antipsychotics: schizophrenia, some bipolar disorder",
)
def long_acting_antipsychotic_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """A long-acting antipsychotic is given without a psychotic or bipolar diagnosis.

    ## What it does
    Finds the depot antipsychotics (J0401, J0402, J1631, J1943, J1944, J2358, J2426-J2428, J2680, J2794, J2798, J2799,
    J2801) that point to none of F20 to F29 and F31.

    ## Why it matters
    These are their labelled uses. Depression is none, and many payers ask for authorization of anything else.

    ## Fails
    claim dx=F33.1
    line 96372
    line J2426 units=156 mods=JZ

    ## Passes
    claim dx=F25.0
    line 96372
    line J2426 units=156 mods=JZ

    ## Fix
    Point to the diagnosis the drug was ordered for; for another use ask the payer first.
    """
    rows = _lines_of(t, "LAI", ~t.points_to("DX_PSYCHOSIS"))
    return _said(
        rows,
        "{} points to {} and to no psychotic or bipolar disorder, the uses of its label.",
        "F20 to F29 or F31, if the record shows it",
    )


@edit(
    "DX09",
    name="rh-globulin-diagnosis",
    category="denial",
    grain="line",
    scope="RHIG",
    group="CO",
    carc="11",
    element="SV107-1",
    box="24E",
    fix="review",
    source=["billing article on Rh immune globulin", "ICD-10-CM Z29.13, O36.01, O26.89, Z67"],
)
def rh_globulin_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """Rh immune globulin is given without a diagnosis that calls for it.

    ## What it does
    Finds J2788, J2790, J2791 and 90384 to 90386 that point to none of Z29.13, O36.01, O26.89, an Rh-negative blood type
    (Z67) and O03 to O08. Immune thrombocytopenia (D69.3) is left out; another diagnosis of pregnancy is a warning.

    ## Why it matters
    The globulin prevents Rh immunisation; without that reason it is denied as not matching the diagnosis.

    ## Fails
    payer commercial
    patient dob=1996-05-05
    claim dx=E53.8
    line 96372
    line J2790 ndc=00562780501

    ## Passes
    payer commercial
    patient dob=1996-05-05
    claim dx=Z29.13
    line 96372
    line J2790 ndc=00562780501

    ## Fix
    Point to Z29.13 or to the pregnancy diagnosis that names the Rh state, as the record shows it.
    """
    rows = _lines_of(t, "RHIG", ~t.points_to("DX_RHIG"))
    return _said(
        rows,
        "{} points to {} and to no diagnosis of Rh prophylaxis.",
        "Z29.13, O36.01, O26.89, Z67 (Rh negative) or O03 to O08",
        # Ectopic pregnancy and bleeding call for it too and are in no list that was found.
        level_cap=pl.when(t.points_to("DX_PREGNANCY")).then(pl.lit("warn")),
    )


@edit(
    "DX10",
    name="rsv-antibody-diagnosis",
    category="denial",
    grain="line",
    scope="RSV_ADMIN",
    group="CO",
    carc="11",
    element="SV107-1",
    box="24E",
    fix="review",
    source=["AAP News on coding of RSV antibodies, 2023", "ICD-10-CM Z29.11"],
)
def rsv_antibody_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """The administration of an RSV antibody does not point to Z29.11.

    ## What it does
    Finds 96380 and 96381 that do not point to Z29.11, with Z23 or anything else in its place.

    ## Why it matters
    An antibody is prophylaxis, not a vaccine: Z29.11 is its diagnosis and Z23 is excluded.

    ## Fails
    payer commercial
    patient dob=2026-01-10
    claim dx=Z23
    line 90380 ndc=49281057500
    line 96380

    ## Passes
    payer commercial
    patient dob=2026-01-10
    claim dx=Z29.11
    line 90380 ndc=49281057500
    line 96380

    ## Fix
    Point the administration and the product to Z29.11.
    """
    rows = _lines_of(t, "RSV_ADMIN", ~t.points_to("DX_RSV"))
    return _said(rows, "{} points to {}; an RSV antibody is prophylaxis and goes with Z29.11.", "Z29.11")


@edit(
    "DX11",
    name="denosumab-60-mg-diagnosis",
    category="denial",
    grain="line",
    scope="DENOSUMAB",
    needs=["units_milli"],
    group="CO",
    carc="11",
    rarc=["N115"],
    element="SV107-1",
    box="24E",
    fix="review",
    source="eviCore denosumab policy: indications of the 60 mg dose",
)
def denosumab_60_mg_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """Denosumab 60 mg is given without a diagnosis of bone loss.

    ## What it does
    Finds 60 units of J0897, Q5136 and Q5157 to Q5159 that point to neither osteoporosis (M80, M81), low bone mass
    (M85.8), long-term steroids or hormone treatment (Z79.52, Z79.811, Z79.818) nor breast or prostate cancer. The
    120 mg dose has other uses and is not judged.

    ## Why it matters
    60 mg is the dose of bone loss; payers deny it for anything else.

    ## Fails
    claim dx=E53.8
    line 96372
    line J0897 units=60 mods=JZ

    ## Passes
    claim dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ

    # 120 mg for bone metastases.
    claim dx=C79.51
    line 96372
    line J0897 units=120 mods=JZ

    ## Fix
    Point to the bone disease the drug was ordered for; check the units where the 120 mg product was given.
    """
    unexplained = ~t.has_mod("JW") & ~t.points_to("DX_OSTEOPOROSIS") & ~t.points_to("DX_BONE_LOSS")
    rows = _lines_of(t, "DENOSUMAB", (pl.col("units_milli") == _BONE_DOSE) & unexplained)
    return _said(
        rows,
        "{} with 60 units points to {} and to no bone loss, the use of the 60 mg dose.",
        "M80, M81 or the treatment that costs bone, if the record shows it",
    )


@edit(
    "DX14",
    name="weight-loss-injection",
    category="denial",
    grain="line",
    group="CO",
    carc="96",
    rarc=["N130"],
    element="SV107-1",
    box="24E",
    fix="advice",
    confidence="memory",
    supersedes=["DX04"],
    source="coverage habit: drugs for weight loss are excluded by Medicare and most plans",
)
def weight_loss_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """An unclassified drug or vitamin B12 is given for obesity.

    ## What it does
    Finds unclassified drugs, and vitamin B12 without a deficiency, that point to E66 or a body mass index (Z68).

    ## Why it matters
    Shots for weight loss are not covered by Medicare and most plans; the charge is the patient's or the practice's.

    ## Fails
    payer commercial
    claim dx=E66.9
    line 96372
    line J3490 desc="LIPOTROPIC INJECTION 1 ML IM" ndc=51552108801

    ## Passes
    claim dx=E66.9,E53.8
    line 96372 dx=2
    line J3420 dx=2,1

    ## Fix
    Do not bill the plan unless its text covers the drug; tell the patient before.
    """
    vitamin = t.in_group("B12_DRUG") & ~t.points_to("DX_B12")
    rows = t.lines.filter((t.in_group("NOC_DRUG") | vitamin) & t.points_to("DX_OBESITY") & pl.col("dx1").is_not_null())
    return _said(
        rows,
        "{} points to {} and to obesity: shots for weight loss are covered by few plans.",
        "the disease treated, or no claim",
    )
