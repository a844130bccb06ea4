"""Modifiers and results that single drugs need: 340B, erythropoietin, contraceptive medroxyprogesterone."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.charges import limit
from scrubjay.edits.narratives import with_texts
from scrubjay.edits.products import at_no_cost
from scrubjay.edits.shapes import of_group, spread_modifiers, taken_off
from scrubjay.facts import Facts
from scrubjay.refdata import References

_BLOOD = r"(?i)\b(HGB|HB|HEMOGLOBIN|HCT|HEMATOCRIT)\b\D{0,12}\d"


@edit(
    "DRG20",
    name="ended-340b-modifier",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["modifiers"],
    group="CO",
    carc="182",
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["MOD07", "COD02"],
    source="CMS HCPCS Level II file, January 2026 (modifiers and their dates)",
)
def ended_340b_modifier(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug carries JG, which ended.

    ## What it does
    Finds JG on drugs after its last day and proposes TB in its place; where TB stands on the line too, JG goes.

    ## Why it matters
    JG ended on 2024-12-31. TB is what says now that a drug was bought under 340B; the line with JG is refused.

    ## Fails
    claim dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ,JG

    ## Passes
    claim dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ,TB

    ## Fix
    Replace JG by TB, where the drug was bought under 340B and the payer asks for it.

    ## Payers
    Deny for Medicare from 2025-01-01, elsewhere a warning; silent where the policy says that the payer still takes JG
    (``modifier_340b``).
    """
    ended = refs.lazy("modifiers").select("modifier", last="valid_to")
    own = t.lines.filter(
        t.in_group("DRUG") & t.has_mod("340B_ENDED") & (pl.col("sw_modifier_340b") != "kept") & ~pl.col("is_void")
    )
    worn = of_group(spread_modifiers(own), refs, "340B_ENDED")
    late = worn.join(ended, on="modifier", maintain_order="left").with_columns(
        bad=pl.col("bad") & (pl.col("service_date") > pl.col("last")).fill_null(value=False)
    )
    now = refs.lazy("mod_groups").filter(pl.col("group") == "340B_NOW").select(now=pl.col("modifier").min())
    swapped = (
        late.filter("bad")
        .join(now, how="cross")
        .with_columns(element=pl.format("SV101-{}", pl.col("slot") + 2))
        .group_by("line_id", maintain_order=True)
        .agg(
            pl.col("modifier", "last", "now", "element").first(),
            pl.struct("segment", "element", old="modifier", new="now").alias("swap"),
        )
    )
    gone = taken_off(late.drop("last")).select("line_id", off="patches")
    return (
        own.join(swapped, on="line_id")
        .join(gone, on="line_id", how="left")
        .with_columns(both=t.has_mod("340B_NOW"))
        .select(
            "claim_id",
            "line_id",
            "element",
            denied="line_id",
            message=pl.format("{} ended on {}; a drug bought under 340B carries {} now.", "modifier", "last", "now"),
            found=pl.format("{} with {}", "code", "modifier"),
            expected=pl.when("both").then(pl.format("{} alone", "now")).otherwise(pl.col("now")),
            patches=pl.when("both").then(pl.col("off")).otherwise(pl.col("swap")),
        )
    )


@edit(
    "DRG21",
    name="erythropoietin-reporting",
    category="denial",
    grain="line",
    scope="ESA",
    group="CO",
    carc="16",
    rarc=["MA130"],
    element="SV101-3",
    box="24D",
    fix="advice",
    revision=2,
    source="Palmetto GBA on EA, EB and EC: modifier, MEA segment and remark codes",
)
def erythropoietin_reporting(t: Facts, refs: References) -> pl.LazyFrame:
    """An erythropoietin line lacks its reason or the blood value.

    ## What it does
    Looks on drugs of this kind for patients without kidney failure for exactly one of EA, EB and EC, and for the last
    hemoglobin (MEA*TR*R1) or hematocrit (MEA*TR*R2). Lines of waste and lines at no cost are left out. A value that a
    note gives is no MEA, but lowers the finding to a warning. The remark codes to expect are the policy's
    (``DRG21.no_reason``, ``DRG21.two_reasons``, ``DRG21.no_value``).

    ## Why it matters
    Medicare covers these drugs by reason and blood value; without them the line comes back.

    ## Fails
    claim dx=D63.0
    line 96372
    line J0881 units=200 mods=JZ mea=R1:9.6

    claim dx=D63.0
    line 96372
    line J0881 units=200 mods=JZ,EA

    ## Passes
    claim dx=D63.0
    line 96372
    line J0881 units=200 mods=JZ,EA mea=R1:9.6

    ## Fix
    Take the reason and the last value before the injection from the chart: EA (anemia from chemotherapy), EB (from
    radiotherapy) or EC (neither), and the MEA segment (item 19 on paper).

    ## Payers
    Medicare only. The codes for dialysis patients have rules of their own.
    """
    rows = t.lines.filter(
        t.in_group("ESA") & ~t.has_mod("JW") & ~pl.col("is_void") & ~at_no_cost().fill_null(value=False)
    )
    worn = (
        of_group(spread_modifiers(rows), refs, "ESA")
        .filter("bad")
        .group_by("line_id")
        .agg(reasons=pl.col("modifier").n_unique())
    )
    rows = rows.join(worn, on="line_id", how="left").with_columns(pl.col("reasons").fill_null(0))
    reason = rows.filter(pl.col("reasons") != 1).select(
        "claim_id",
        "line_id",
        denied="line_id",
        element=pl.lit("SV101-3"),
        rarc=pl.when(pl.col("reasons") > 1).then(_remarks("two_reasons")).otherwise(_remarks("no_reason")),
        level_cap=pl.lit(None, dtype=pl.String),
        message=pl.when(pl.col("reasons") > 1)
        .then(pl.format("{} has {} of EA, EB and EC, and a drug is given for one reason.", "code", "reasons"))
        .otherwise(pl.format("{} has none of EA, EB and EC: the payer cannot tell why it was given.", "code")),
        found=pl.format("{} reasons", "reasons"),
        expected=pl.lit("one of EA, EB and EC"),
    )
    no_value = pl.col("mea_code").is_null() | pl.col("mea_value_milli").is_null() | (pl.col("mea_value_milli") <= 0)
    noted = pl.concat_str("line_text", "claim_text", separator=" ").str.contains(_BLOOD)
    value = with_texts(t, rows.filter(no_value)).select(
        "claim_id",
        "line_id",
        denied="line_id",
        element=pl.lit("MEA03"),
        rarc=_remarks("no_value"),
        level_cap=pl.when(noted).then(pl.lit("warn")),
        message=pl.format("{} has no hemoglobin (R1) and no hematocrit (R2) that can be read.", "code"),
        found=pl.when(noted).then(pl.lit("a value in a note")).otherwise(pl.lit("no value")),
        expected=pl.lit("MEA*TR*R1 or R2 with the last value"),
    )
    return pl.concat([reason, value])


def _remarks(name: str) -> pl.Expr:
    """Return the remark codes that the payer sends with such a denial, as the policy lists them."""
    return pl.col(f"sw_DRG21.{name}").cast(pl.String).str.split(",")


@edit(
    "DRG22",
    name="family-planning-modifier",
    category="denial",
    grain="line",
    scope="DEPO_PROVERA",
    refs=["limits"],
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="advice",
    supersedes=["DX06"],
    source="Alabama Medicaid alert on J1050, from 2013-01-01",
)
def family_planning_modifier(t: Facts, refs: References) -> pl.LazyFrame:
    """Medroxyprogesterone does not say whether it is for family planning.

    ## What it does
    Finds medroxyprogesterone without FP and without U1; with FP, units outside 104 to 150 and no contraceptive
    diagnosis. Age, sex and interval of FP are AGE01, SEX01 and FRQ01.

    ## Why it matters
    The state pays family planning (FP) and other uses (U1) from different funds, by different limits.

    ## Fails
    payer medicaid name="ALABAMA MEDICAID AGENCY"
    patient sex=F dob=1996-05-01
    claim dx=Z30.42
    line 96372
    line J1050 units=150 ndc=00009074630

    ## Passes
    payer medicaid name="ALABAMA MEDICAID AGENCY"
    patient sex=F dob=1996-05-01
    claim dx=Z30.42
    line 96372
    line J1050 units=150 mods=FP ndc=00009074630

    ## Fix
    FP for contraception and U1 for another use, as the record shows; the units from the dose.

    ## Payers
    Alabama Medicaid from 2013-01-01.
    """
    rows = t.lines.filter(t.in_group("DEPO_PROVERA") & ~pl.col("is_void")).join(
        limit(refs, "family_planning_units"), how="cross"
    )
    planned = t.has_mod("FAMILY_PLANNING")
    unmarked = ~t.has_mod("ALMCD_DEPO")
    units = pl.col("units_milli")
    amount = planned & ((units < pl.col("low") * 1000) | (units > pl.col("high") * 1000)).fill_null(value=False)
    reason = planned & ~t.points_to("DX_CONTRACEPTION")
    rows = rows.with_columns(unmarked=unmarked, amount=amount, reason=reason)
    return rows.filter(pl.col("unmarked") | pl.col("amount") | pl.col("reason")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        carc=pl.when("unmarked").then(pl.lit("4")).when("amount").then(pl.lit("151")).otherwise(pl.lit("16")),
        element=pl.when("unmarked")
        .then(pl.lit("SV101-3"))
        .when("amount")
        .then(pl.lit("SV104"))
        .otherwise(pl.lit("SV107")),
        message=pl.when("unmarked")
        .then(pl.format("{} has neither FP nor U1: this payer cannot tell family planning from another use.", "code"))
        .when("amount")
        .then(
            pl.format(
                "{} with FP has {} units; a contraceptive dose is {} to {}.", "code", units // 1000, "low", "high"
            )
        )
        .otherwise(pl.format("{} with FP points to no contraceptive diagnosis.", "code")),
        found=pl.when("unmarked")
        .then(pl.lit("no FP and no U1"))
        .when("amount")
        .then(pl.format("{} units", units // 1000))
        .otherwise(pl.lit("FP without a contraceptive diagnosis")),
        expected=pl.when("unmarked")
        .then(pl.lit("FP or U1"))
        .when("amount")
        .then(pl.format("{} to {} units, or U1", "low", "high"))
        .otherwise(pl.lit("a contraceptive diagnosis, or U1")),
    )
