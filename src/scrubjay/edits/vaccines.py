"""Vaccines: which administration code and which diagnosis go with them."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.partners import (
    PRACTICE,
    code_of,
    dated,
    on_dated_claims,
    patch,
    surplus,
    with_partners,
    with_practice,
)
from scrubjay.edits.words import applies_ncci
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"
_XI_B_13 = "NCCI Policy Manual 2026 XI.B.13"
_AAP_RSV = "AAP News on coding of RSV antibodies, 2023"

_OWN_CODES = (("FLU_VAX", "FLU_ADMIN"), ("PNEUMO_VAX", "PNEUMO_ADMIN"), ("HEPB_VAX", "HEPB_ADMIN"))
"""Vaccine groups and the groups of the administration codes that payers with G codes have for them."""


def _g_codes() -> pl.Expr:
    return pl.col("sw_vaccine_admin") == "g-codes"


def _without_own_code(t: Facts, refs: References) -> pl.LazyFrame:
    """Return one row per practice's visit and G code that a vaccine of the visit calls for and that is not there."""
    parts = [
        with_practice(t.lines.filter(t.in_group(product) & _g_codes() & dated() & ~t.visit_has(admin)))
        .group_by(PRACTICE)
        .agg(pl.col("code").unique().sort().str.join(", ").alias("product"))
        .join(code_of(refs, admin), how="cross")
        for product, admin in _OWN_CODES
    ]
    return pl.concat(parts)


@edit(
    "VAX01",
    name="vaccine-with-injection-code",
    category="denial",
    grain="line",
    scope="ADM",
    beside=["VAXP"],
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N657", "N56"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["DRG01", "NTE01"],
    source=[_XI_B_13, "X12 CARC 16 and 97"],
)
def vaccine_with_injection_code(t: Facts, refs: References) -> pl.LazyFrame:
    """A vaccine is billed with the injection code for drugs.

    ## What it does
    Finds a 96372 of a day that holds a vaccine product of the same practice, no vaccine administration code and no
    other drug that the 96372 could belong to.

    ## Why it matters
    96372 is for substances other than vaccines. The payer denies it as the wrong code for the product.

    ## Fails
    claim dx=Z23
    line 90715
    line 96372

    ## Passes
    claim dx=Z23,E53.8
    line 90686
    line G0008
    line 96372 dx=2
    line J3420 dx=2

    ## Fix
    Replace 96372 by the vaccine administration code of the payer. Counselling by the physician, route and number of
    vaccines decide between the codes, so a coder chooses.

    ## Payers
    Payers with G codes want G0008, G0009 or G0010 for flu, pneumococcal and hepatitis B vaccine; COVID-19 vaccine
    has its own code everywhere.
    """
    rows = on_dated_claims(
        t, t.lines.filter(t.in_group("ADM") & t.visit_has("VAXP") & ~t.visit_has("VAXA") & ~t.visit_has("DRUG"))
    )
    own = (
        _without_own_code(t, refs)
        .group_by(PRACTICE)
        .agg(pl.col("right_code").unique().sort().str.join(", ").alias("own_codes"), pl.len().alias("own_count"))
    )
    found = (
        with_partners(rows, t.lines.filter(t.in_group("VAXP")))
        .join(own, on=PRACTICE, how="left")
        .join(code_of(refs, "VAXA_PLAIN"), how="cross")
    )
    exact = (pl.col("own_count") == 1) & (pl.col("partner_lines") == 1) & (pl.col("units") == 1)
    change = pl.concat_list(patch("segment", "SV101-2", pl.col("code"), pl.col("own_codes")))
    return found.select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} beside vaccine {} and no other drug: a vaccine goes with a vaccine administration code.",
            "code",
            "partners",
        ),
        found=pl.format("{} with {}", "code", "partners"),
        expected=pl.coalesce("own_codes", pl.format("a vaccine administration code such as {}", "right_code")),
        patches=pl.when(exact).then(change),
    )


@edit(
    "VAX02",
    name="vaccine-diagnosis-on-injection",
    category="denial",
    grain="line",
    scope="ADM",
    beside=["dx:DX_VACCINE"],
    group="CO",
    carc="11",
    rarc=["M76"],
    element="SV107-1",
    box="24E",
    fix="review",
    confidence="partly",
    source=[_AAP_RSV + ": Z23 is not for antibodies", "X12 CARC 11 and 167"],
)
def vaccine_diagnosis_on_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug injection points first to the diagnosis of an immunization.

    ## What it does
    Finds a 96372 whose first diagnosis pointer leads to Z23 on a day without a vaccine.

    ## Why it matters
    Z23 says that a vaccine was given. Nothing on the day is one, so the diagnosis does not support the injection.

    ## Fails
    claim dx=Z23,E53.8
    line 96372 dx=1
    line J3420 dx=2

    ## Passes
    claim dx=E53.8,Z23
    line 96372 dx=1
    line J3420 dx=1

    ## Fix
    Point to the diagnosis for which the drug was ordered; only the record says which one that is.
    """
    rows = t.lines.filter(t.in_group("ADM") & t.points_to("DX_VACCINE") & ~t.visit_has("VAXP"))
    vaccine = t.diagnoses.filter(t.points_to("DX_VACCINE")).select("claim_id", pl.col("position").alias("pointer1"))
    return rows.join(vaccine, on=["claim_id", "pointer1"], how="semi").select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format("{} points first to {}, an immunization, and no vaccine was given that day.", "code", "dx1"),
        found=pl.format("first diagnosis {}", "dx1"),
        expected=pl.lit("the diagnosis for which the drug was given"),
    )


@edit(
    "VAX03",
    name="vaccine-without-g-code",
    category="denial",
    grain="line",
    scope="VAXA_PLAIN",
    beside=["VAXP"],
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N56"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=_XI_B_13,
)
def vaccine_without_g_code(t: Facts, refs: References) -> pl.LazyFrame:
    """A flu, pneumococcal or hepatitis B vaccine is given under a CPT administration code where the payer has a G code.

    ## What it does
    Finds 90471 to 90474 units beyond the number of other vaccines of the day while a flu, pneumococcal or hepatitis B
    vaccine has no G0008, G0009 or G0010. COVID-19 vaccines are not counted: they have a code of their own.

    ## Why it matters
    Medicare pays these three vaccines under a benefit of their own and denies the CPT administration code.

    ## Fails
    claim dx=Z23
    line 90686
    line 90471

    ## Passes
    claim dx=Z23
    line 90686
    line G0008 mods=59
    line 90715
    line 90471

    ## Fix
    Replace the code by the G code of the vaccine; other vaccines of the day keep 90471 and 90472.

    ## Payers
    Deny for Medicare, a warning for Medicare Advantage, off elsewhere.
    """
    missing = pl.any_horizontal(t.visit_has(product) & ~t.visit_has(admin) for product, admin in _OWN_CODES)
    rows = t.lines.filter(t.in_group("VAXA_PLAIN") & _g_codes() & missing & dated())
    own_or_covid = pl.any_horizontal(t.in_group(g) for g in (*(p for p, _ in _OWN_CODES), "COVID_VAX"))
    others = t.lines.filter(t.in_group("VAXP") & ~own_or_covid)
    # The first line beyond the others takes the first missing code, the second the second.
    wanted = _without_own_code(t, refs).sort("right_code").with_columns(turn=pl.int_range(pl.len()).over(PRACTICE))
    products = t.lines.filter(t.in_group("VAXP")).select(
        "visit_id", "claim_id", pl.col("line_id").alias("vaccine"), pl.col("code").alias("product")
    )
    found = surplus(rows, others).join(wanted, on=[*PRACTICE, "turn"], how="inner")
    vaccine_lines = (
        found.select("line_id", "visit_id", pl.col("product").str.split(", "))
        .explode("product", empty_as_null=False, keep_nulls=False)
        .join(products, on=["visit_id", "product"])
        .group_by("line_id")
        .agg(pl.col("vaccine").unique().sort().alias("related"))
    )
    change = pl.concat_list(patch("segment", "SV101-2", pl.col("code"), pl.col("right_code")))
    return found.join(vaccine_lines, on="line_id", how="left").select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} with vaccine {}: this payer pays its administration as {}.", "code", "product", "right_code"
        ),
        found=pl.format("{} with {}", "code", "product"),
        expected="right_code",
        patches=pl.when(pl.col("units") == 1).then(change),
    )


@edit(
    "VAX04",
    name="counselled-vaccine-with-injection",
    category="denial",
    grain="line",
    start="pairs",
    scope="ADM",
    beside=["VAXA_COUNSEL"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-3",
    box="24D",
    fix="review",
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 I.E"],
)
def counselled_vaccine_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug injection stands beside a vaccine given with counselling and no modifier keeps them apart.

    ## What it does
    Finds a 96372 with its drug on the day of 90460 by the same provider without 59 or an X modifier. Beside 90471,
    90472, 90480 or G0008 to G0010 an injection of another drug needs nothing and is not reported.

    ## Why it matters
    NCCI holds the injection as column 2 of 90460; a vaccine and a drug on one day are correct and payable with the
    modifier.

    ## Fails
    payer commercial
    patient dob=2019-05-01
    claim dx=Z23,J02.0
    line 90460 dx=1
    line 90707 dx=1
    line 96372 dx=2
    line J0561 dx=2 units=6 ndc=60793070010

    ## Passes
    claim dx=Z23,E53.8
    line G0008 dx=1
    line 90686 dx=1
    line 96372 dx=2
    line J3420 dx=2

    ## Fix
    Put 59 or XU on 96372 where the record shows a drug given apart from the vaccine.

    ## Payers
    The level is that of the general pair edit: deny for payers that apply NCCI, a warning elsewhere.
    """
    pairs = t.pairs.filter(
        applies_ncci() & pl.col("known") & t.pair_in(1, "VAXA_COUNSEL") & t.pair_in(2, "ADM") & ~pl.col("bypassed")
    )
    with_drug = t.lines.filter(t.in_group("ADM") & t.visit_has("DRUG")).select(pl.col("line_id").alias("line_id_2"))
    return pairs.join(with_drug, on="line_id_2", how="semi").select(
        pl.col("claim_id_2").alias("claim_id"),
        pl.col("line_id_2").alias("line_id"),
        pl.concat_list("line_id_1").alias("related"),
        pl.col("line_id_2").alias("denied"),
        message=pl.format(
            "{} beside {} and no modifier: vaccine and drug may be given on one day, this pair wants 59 or XU.",
            "code_2",
            "code_1",
        ),
        found=pl.format("{} with {}, no modifier", "code_2", "code_1"),
        expected=pl.lit("59 or XU on the injection where the record supports it"),
    )
