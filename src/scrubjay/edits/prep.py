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
