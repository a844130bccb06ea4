"""HIV prevention by injection."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.partners import PRACTICE, code_of, dated, patch, surplus, with_partners
from scrubjay.facts import Facts
from scrubjay.refdata import References


@edit(
    "PREP01",
    name="prevention-injection-code",
    category="denial",
    grain="line",
    scope="ADM",
    beside=["PREP_DRUG"],
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N56", "N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=["CGS and NGS pages on HIV prevention drugs (NCD 210.15)", "CMS HCPCS Level II file, January 2026"],
)
def prevention_injection_code(t: Facts, refs: References) -> pl.LazyFrame:
    """An HIV prevention drug is given under 96372 where the payer wants G0012.

    ## What it does
    Finds a 96372 beside cabotegravir or lenacapavir for prevention (J0739, J0738, J0799) on a day without G0012. Units
    of 96372 that other drugs of the day explain are left alone.

    ## Why it matters
    Since 2024-09-30 Medicare covers prevention drugs as a preventive service without cost to the patient, under an
    administration code of its own. 96372 with them is denied, or the patient is charged.

    ## Fails
    claim dx=Z29.81
    line J0739 units=600 mods=JZ ndc=49702026423
    line 96372

    ## Passes
    claim dx=Z29.81,E53.8
    line J0739 units=600 mods=JZ ndc=49702026423
    line G0012
    line J3420 dx=2
    line 96372 dx=2

    ## Fix
    Replace 96372 by G0012.

    ## Payers
    Medicare and Medicare Advantage for services from 2024-09-30; other payers keep 96372. HIV treatment (J0741) stays
    with 96372 everywhere.
    """
    wants = pl.col("sw_prep_admin") == "g0012"
    rows = t.lines.filter(t.in_group("ADM") & wants & t.visit_has("PREP_DRUG") & ~t.visit_has("PREP_ADMIN") & dated())
    # One injection for each other drug of the day is not the one of the prevention drug.
    others = t.lines.filter(t.in_group("DRUG") & ~t.in_group("PREP_DRUG")).with_columns(units=pl.lit(1, dtype=pl.Int64))
    others = others.unique(["visit_id", "billing_tin", "billing_npi", "code"], keep="first", maintain_order=True)
    extra = surplus(rows, others).drop(PRACTICE[1])
    change = pl.concat_list(patch("segment", "SV101-2", pl.col("code"), pl.col("right_code")))
    return (
        with_partners(extra, t.lines.filter(t.in_group("PREP_DRUG")))
        .join(code_of(refs, "PREP_ADMIN"), how="cross")
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} with prevention drug {}: this payer pays its injection as {}.", "code", "partners", "right_code"
            ),
            found=pl.format("{} with {} and no {}", "code", "partners", "right_code"),
            expected="right_code",
            patches=pl.when(pl.col("units") == 1).then(change),
        )
    )


@edit(
    "PREP02",
    name="prevention-drug-diagnosis",
    category="denial",
    grain="line",
    scope="PREP_ANY",
    group="CO",
    carc="11",
    element="SV107",
    box="24E",
    fix="review",
    confidence="partly",
    source=[
        "ICD-10-CM FY2025 and FY2026 (Z29.81)",
        "Medicare Advantage notice on prevention drugs, 2024-09, and coverage decision 210.15",
        "CMS HCPCS Level II file, January 2026 (descriptors exclude treatment)",
    ],
)
def prevention_drug_diagnosis(t: Facts, refs: References) -> pl.LazyFrame:
    """An HIV prevention drug has no prevention diagnosis, or stands beside HIV.

    ## What it does
    Finds prevention drugs (J0739, J0738, J0799) and G0012 that point to none of Z29.81, Z20.6 and Z72.5, and those on a
    claim that also has HIV disease or infection (B20, Z21). The drug speaks for its administration on the claim.

    ## Why it matters
    Prevention is covered for people without HIV. The diagnosis says which of the two it is; treatment has other codes.

    ## Fails
    claim dx=Z11.4
    line J0739 units=600 mods=JZ
    line G0012

    ## Passes
    claim dx=Z29.81
    line J0739 units=600 mods=JZ
    line G0012

    ## Fix
    Point to the prevention diagnosis that the chart supports. If the patient has HIV, the drug and its code are those
    of treatment.

    ## Payers
    Deny for Medicare and Medicare Advantage from 2024-09-30, before and elsewhere a warning.
    """
    infected = t.diagnoses.filter(t.points_to("DX_HIV")).select("claim_id", hiv=pl.lit(value=True)).unique()
    rows = (
        t.lines.filter(t.in_group("PREP_ANY") & ~pl.col("is_void"))
        .join(infected, on="claim_id", how="left", maintain_order="left")
        .with_columns(pl.col("hiv").fill_null(value=False), drug=t.in_group("PREP_DRUG"), lacks=~t.points_to("DX_PREP"))
    )
    wrong = rows.filter(pl.col("lacks") | pl.col("hiv")).sort(~pl.col("drug"), "line_id")
    return (
        wrong.group_by("claim_id", "service_date", maintain_order=True)
        .agg(
            pl.col("line_id", "code", "hiv", "lacks").first(),
            pl.col("line_id").slice(1).alias("related"),
        )
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.when("hiv")
            .then(pl.format("{} is for prevention and the claim has a diagnosis of HIV.", "code"))
            .otherwise(pl.format("{} points to no diagnosis of prevention.", "code")),
            found=pl.when("hiv").then(pl.lit("B20 or Z21 on the claim")).otherwise(pl.lit("no prevention diagnosis")),
            expected=pl.when("hiv")
            .then(pl.lit("no HIV, or the code of treatment"))
            .otherwise(pl.lit("Z29.81, Z20.6 or Z72.5")),
        )
    )
