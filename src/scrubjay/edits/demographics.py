"""Age and sex of the patient against what a drug or code is for."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_MONTHS = 12


def _age_in_months() -> pl.Expr:
    """Return the completed months of the patient's life on the day of service."""
    day, born = pl.col("service_date"), pl.col("patient_dob")
    months = (day.dt.year() - born.dt.year()) * _MONTHS + day.dt.month().cast(pl.Int32) - born.dt.month().cast(pl.Int32)
    return months - (day.dt.day() < born.dt.day()).cast(pl.Int32)


@edit(
    "AGE01",
    name="age-outside-limits",
    category="denial",
    grain="line",
    scope="AGE_LIMITED",
    needs=["service_date", "patient_dob"],
    refs=["age_limits"],
    group="CO",
    carc="6",
    element="DMG02",
    box="3",
    fix="advice",
    confidence="partly",
    source=[
        "BCBS Alabama PH-0139 (J2315)",
        "Alabama Medicaid alert on J1050 with FP",
        "AAP News on RSV antibodies, 2023 (90380, 90381)",
        "CPT section text of 90460, from memory",
    ],
)
def age_outside_limits(t: Facts, refs: References) -> pl.LazyFrame:
    """The patient is too young or too old for the drug or code.

    ## What it does
    Compares the age on the day of service with the table of limits: J2315 from 18 years, 90380 and 90381 up to 19
    months, J1050 with FP from 10 to 55 years, 90460 and 90461 up to 18 years.

    ## Why it matters
    A drug outside the ages of its policy is denied (CO-6); often the birth date or the code is wrong.

    ## Fails
    patient dob=2010-05-05
    payer commercial
    claim dx=F11.20
    line 96372
    line J2315 units=380 mods=JZ

    ## Passes
    patient dob=2008-03-02
    payer commercial
    claim dx=F11.20
    line 96372
    line J2315 units=380 mods=JZ

    ## Fix
    Check the birth date (DMG02) and the code. Where both are right ask the payer for approval before.

    ## Payers
    Deny where the limit is the payer's own (Blue Cross Blue Shield of Alabama for J2315, Alabama Medicaid for J1050
    with FP), a warning elsewhere.
    """
    limits = refs.lazy("age_limits")
    day = pl.col("service_date")
    between = (pl.col("code") >= pl.col("low")) & (pl.col("code") <= pl.col("high"))
    worn = pl.concat_list("mod1", "mod2", "mod3", "mod4").list.contains(pl.col("modifier"))
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    lasts = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    young = (pl.col("age") < pl.col("min_months")).fill_null(value=False)
    old = (pl.col("age") > pl.col("max_months")).fill_null(value=False)
    own = (pl.col("whose") == pl.col("policy")).fill_null(value=False)
    rows = t.lines.filter(t.in_group("AGE_LIMITED"))
    limited = rows.select("code").unique().join(limits.rename({"policy": "whose"}).drop("source"), how="cross")
    return (
        rows.join(limited.filter(between).drop("low", "high"), on="code")
        .filter(begun & lasts & (pl.col("modifier").is_null() | worn.fill_null(value=False)))
        .with_columns(age=_age_in_months())
        .filter((young | old) & (pl.col("age") >= 0))
        # A join may leave empty pieces behind, on which pl.format panics (Polars 2.1); sorting joins them.
        .sort("line_id")
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            level_cap=pl.when(~own).then(pl.lit("warn")),
            message=pl.format(
                "{} is for patients {}; this one is {} on the day of service.",
                "code", "words", pl.when(young).then(pl.lit("younger")).otherwise(pl.lit("older")),
            ),
            found=pl.format("{} years and {} months", pl.col("age") // _MONTHS, pl.col("age") % _MONTHS),
            expected=pl.col("words"),
        )
    )  # fmt: skip


@edit(
    "SEX01",
    name="sex-conflict",
    category="denial",
    grain="line",
    scope="DRUG",
    group="CO",
    carc="7",
    element="DMG03",
    box="3",
    fix="advice",
    confidence="partly",
    source=["Alabama Medicaid alert on J1050 with FP", "Noridian L36538 on testosterone in males"],
)
def sex_conflict(t: Facts, refs: References) -> pl.LazyFrame:
    """The drug and the sex on the claim do not go together.

    ## What it does
    Finds J1050 with FP and Rh immune globulin for a patient marked male, and testosterone for one marked female.
    Modifier KX, gender-affirming care (F64) and immune thrombocytopenia (D69.3) are left out.

    ## Why it matters
    The payer's computer denies the conflict (CO-7, CO-10). The marker may be right and the drug too: KX or condition
    code 45 then says so.

    ## Fails
    payer commercial
    patient sex=M dob=1996-05-05
    claim dx=Z29.13
    line 96372
    line J2790 ndc=00562780501

    ## Passes
    payer commercial
    patient sex=M dob=1996-05-05
    claim dx=D69.3
    line 96372
    line J2791 units=15 ndc=44206030010 qty=2

    ## Fix
    Check the drug and the patient on the claim. Where both are right add KX if the payer's text asks for it; never
    change the sex marker for the payment.
    """
    women = ((t.in_group("DEPO_PROVERA") & t.has_mod("FP")) | (t.in_group("RHIG") & ~t.points_to("DX_ITP"))) & (
        pl.col("patient_sex") == "M"
    )
    men = t.in_group("TESTOSTERONE") & (pl.col("patient_sex") == "F")
    return t.lines.filter((women | men) & ~t.has_mod("KX") & ~t.points_to("DX_GENDER")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} on a claim with sex marker {}: payers deny the conflict unless the claim explains it.",
            "code",
            "patient_sex",
        ),
        found=pl.format("{} with DMG03 {}", "code", "patient_sex"),
        expected=pl.lit("the right drug and patient, or KX where the payer's text asks for it"),
    )
