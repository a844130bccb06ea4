"""Immune globulins and RSV antibodies: no vaccines, and which administration code goes with them."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.partners import code_of, dated, patch, surplus, with_partners
from scrubjay.facts import Facts
from scrubjay.refdata import References

_AAP_RSV = "AAP News on coding of RSV antibodies, 2023"


@edit(
    "VAX05",
    name="immune-globulin-as-vaccine",
    category="denial",
    grain="line",
    scope="VAXA_PLAIN",
    beside=["IG"],
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    source="AAP coding news on the CPT 2010 changes for immune globulins",
)
def immune_globulin_as_vaccine(t: Facts, refs: References) -> pl.LazyFrame:
    """An immune globulin is billed with a vaccine administration code.

    ## What it does
    Finds 90471 to 90474 on a day with an immune globulin (90281 to 90399 without the RSV antibodies), no vaccine and
    no injection or infusion code. Where the policy says that the payer gives them under the vaccine codes
    (``globulin_admin``) nothing is found.

    ## Why it matters
    An immune globulin is no vaccine. Into muscle or under the skin it goes with 96372, into a vein with the infusion
    codes.

    ## Fails
    payer commercial
    claim dx=Z20.5
    line 90371
    line 90471

    ## Passes
    payer commercial
    claim dx=Z20.5
    line 90371 ndc=13533063605
    line 96372

    ## Fix
    Replace the vaccine administration code by 96372; by the infusion or push code where the product went into a vein.
    """
    rows = t.lines.filter(
        t.in_group("VAXA_PLAIN")
        & t.visit_has("IG")
        & ~t.visit_has("VAXP")
        & ~t.visit_has("INFUSION")
        & (pl.col("sw_globulin_admin") != "vaccine")
        & dated()
    )
    return (
        with_partners(rows, t.lines.filter(t.in_group("IG")))
        .join(code_of(refs, "ADM"), how="cross")
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} with immune globulin {}: it is no vaccine and goes with {} or an infusion code.",
                "code",
                "partners",
                "right_code",
            ),
            found=pl.format("{} with {} and no vaccine", "code", "partners"),
            expected=pl.format("{} for an injection, an infusion code for a vein", "right_code"),
        )
    )


@edit(
    "VAX06",
    name="rsv-antibody-administration",
    category="denial",
    grain="line",
    scope="RSV_AB",
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    confidence="partly",
    source=[_AAP_RSV, "CDC map of CPT to CVX codes, 2025-12 (90382)"],
)
def rsv_antibody_administration(t: Facts, refs: References) -> pl.LazyFrame:
    """A seasonal RSV antibody is billed with 96372 or with a vaccine administration code.

    ## What it does
    Finds, on a day with nirsevimab or clesrovimab and without 96380 or 96381, a 96372 that no other drug explains or a
    vaccine administration unit that no vaccine explains. Where the policy keeps 96372 for them (``rsv_admin``) it finds
    96380 and 96381 instead.

    ## Why it matters
    Since 2023-10-06 these antibodies have their own administration codes; before, 96372 was right.

    ## Fails
    payer commercial
    patient dob=2026-01-10
    claim dx=Z29.11
    line 90380
    line 96372

    ## Passes
    payer commercial
    patient dob=2026-01-10
    claim dx=Z29.11
    line 90380 ndc=49281057500
    line 96380

    ## Fix
    Use 96380 where the physician or another qualified professional counselled the family, else 96381; the record says
    which.

    ## Payers
    A warning for Medicaid, where states and the vaccine programme for children vary.
    """
    kept = pl.col("sw_rsv_admin") == "injection"
    vaccine = t.in_group("VAXA_COUNSEL") | t.in_group("VAXA_PLAIN")
    wrong = (~t.visit_has("RSV_ADMIN") & (vaccine | (t.in_group("ADM") & ~kept))) | (t.in_group("RSV_ADMIN") & kept)
    given = t.lines.filter(t.visit_has("RSV_AB") & dated() & wrong)
    other_drugs = t.lines.filter(t.in_group("DRUG") & ~t.in_group("RSV_AB"))
    injections = given.filter(t.in_group("ADM"))
    injections = injections.join(other_drugs.select("visit_id"), on="visit_id", how="anti")
    counselled = given.filter(t.in_group("VAXA_COUNSEL") & ~t.visit_has("VAXP"))
    plain = surplus(
        given.filter(t.in_group("VAXA_PLAIN")), t.lines.filter(t.in_group("VAXP") & ~t.in_group("COVID_VAX"))
    )
    names = ["claim_id", "line_id", "code", "visit_id", "billing_tin", "billing_npi", "sw_rsv_admin"]
    refused = given.filter(t.in_group("RSV_ADMIN"))
    rows = pl.concat([frame.select(names) for frame in (injections, counselled, plain, refused)])
    codes = (
        refs.lazy("groups")
        .filter(pl.col("group") == "RSV_ADMIN")
        .select(first=pl.col("low").min(), last=pl.col("high").max())
    )
    return (
        with_partners(rows, t.lines.filter(t.in_group("RSV_AB")))
        .join(codes, how="cross")
        .join(code_of(refs, "ADM"), how="cross")
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.when(kept)
            .then(pl.format("{} with RSV antibody {}: this payer keeps {} for it.", "code", "partners", "right_code"))
            .otherwise(
                pl.format(
                    "{} with RSV antibody {}: its administration is {} with counselling, else {}.",
                    "code",
                    "partners",
                    "first",
                    "last",
                )
            ),
            found=pl.format("{} with {}", "code", "partners"),
            expected=pl.when(kept).then("right_code").otherwise(pl.format("{} or {}", "first", "last")),
        )
    )


@edit(
    "VAX07",
    name="palivizumab-administration",
    category="denial",
    grain="line",
    scope="RSV_ADMIN",
    beside=["PALIV"],
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=_AAP_RSV,
)
def palivizumab_administration(t: Facts, refs: References) -> pl.LazyFrame:
    """Palivizumab is billed with the administration code of the seasonal RSV antibodies.

    ## What it does
    Finds 96380 or 96381 on a day with palivizumab and without nirsevimab or clesrovimab.

    ## Why it matters
    96380 and 96381 are for the antibodies given once a season. The monthly palivizumab stays with 96372.

    ## Fails
    payer commercial
    patient dob=2025-11-10
    claim dx=Z29.11
    line 90378 units=2
    line 96380

    ## Passes
    payer commercial
    patient dob=2025-11-10
    claim dx=Z29.11
    line 90378 units=2 ndc=66658023001
    line 96372

    ## Fix
    Replace the code by 96372.
    """
    rows = t.lines.filter(t.in_group("RSV_ADMIN") & t.visit_has("PALIV") & ~t.visit_has("RSV_AB") & dated())
    change = pl.concat_list(patch("segment", "SV101-2", pl.col("code"), pl.col("right_code")))
    return (
        with_partners(rows, t.lines.filter(t.in_group("PALIV")))
        .join(code_of(refs, "ADM"), how="cross")
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format("{} with palivizumab ({}): its injection is {}.", "code", "partners", "right_code"),
            found=pl.format("{} with {}", "code", "partners"),
            expected="right_code",
            patches=change,
        )
    )


@edit(
    "VAX08",
    name="immune-globulin-not-payable",
    category="denial",
    grain="line",
    scope="MUE0_IG",
    needs=["payer_mue_edition"],
    refs=["mue", "crosswalks"],
    group="CO",
    carc="96",
    rarc=["N362", "N56"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["DRG08", "NCC04"],
    source=[
        "CMS NCCI Medically Unlikely Edits, practitioner services: value 0",
        "CMS HCPCS Level II file, January 2026",
    ],
)
def immune_globulin_not_payable(t: Facts, refs: References) -> pl.LazyFrame:
    """An immune globulin stands under the CPT code that the payer never pays.

    ## What it does
    Finds CPT immune globulin codes whose unit limit in the payer's own table is zero and names the HCPCS code of the
    same product where one is known.

    ## Why it matters
    A limit of zero means that not one unit is payable. The product is payable under its J code.

    ## Fails
    claim dx=O36.0110
    line 90384
    line 96372

    ## Passes
    claim dx=O36.0110
    line J2790 mods=JZ ndc=00562780501
    line 96372

    ## Fix
    Bill the J code of the product with its own units; where two J codes are named the label decides.

    ## Payers
    Deny for Medicare. The zero is Medicare's: Medicaid has limits of its own, and no other payer is judged by it.
    """
    rows = t.lines.filter(t.in_group("MUE0_IG") & (pl.col("payer_mue_value") == 0))
    twins = (
        rows.select("line_id", "units", "service_date", from_code="code")
        .join(refs.lazy("crosswalks").drop("source"), on="from_code")
        .filter(pl.col("valid_from") <= pl.col("service_date"))
        .sort("to_code")
        .group_by("line_id", maintain_order=True)
        .agg(
            pl.col("to_code").str.join(" or ").alias("twins"),
            pl.len().alias("count"),
            (pl.col("units") * pl.col("units_to") / pl.col("units_from")).first().alias("twin_units"),
        )
    )
    whole = (pl.col("count") == 1) & (pl.col("twin_units") == pl.col("twin_units").round())
    code = patch("segment", "SV101-2", pl.col("code"), pl.col("twins"))
    units = patch("segment", "SV104", pl.col("units"), pl.col("twin_units").cast(pl.Int64, strict=False))
    same = pl.col("twin_units") == pl.col("units")
    return rows.join(twins, on="line_id", how="left").select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} is never payable here (its unit limit is 0): the product is billed as {}.",
            "code",
            pl.coalesce("twins", pl.lit("the HCPCS code on its label")),
        ),
        found=pl.format("{}, unit limit 0", "code"),
        expected=pl.coalesce("twins", pl.lit("the HCPCS code of the product")),
        patches=pl.when(whole & same).then(pl.concat_list(code)).when(whole).then(pl.concat_list(code, units)),
    )
