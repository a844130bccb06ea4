"""The NDC of a drug line against its code: another code's product, a brand with its own code, too much or too little."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.content import has_ndc, listed_on_day, quantity, with_ndc_units
from scrubjay.edits.doses import by_text
from scrubjay.edits.told import amount
from scrubjay.facts import Facts
from scrubjay.refdata import References

_CROSSWALK = "CMS ASP NDC to HCPCS crosswalks, 2024 Q3 to 2026 Q1"


def _codes_of_ndc(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Keep lines whose NDC is listed on the day: ``right`` (its codes in force), ``words``, ``own`` and ``late``."""
    force = refs.lazy("hcpcs").select(listed="code", begins="valid_from", ends="valid_to")
    day = pl.col("service_date")
    live = (pl.col("begins").is_null() | (pl.col("begins") <= day)) & (
        pl.col("ends").is_null() | (pl.col("ends") >= day)
    )
    own = pl.col("listed") == pl.col("code")
    table = listed_on_day(rows, refs)
    found = (
        table.join(force, on="listed", how="left")
        .filter(pl.col("begins").is_null() & pl.col("ends").is_null() | live)
        .group_by("line_id")
        .agg(
            pl.col("listed").unique().sort().alias("right"),
            own.any().alias("own"),
            pl.col("late").any(),
        )
    )
    return rows.join(found, on="line_id").with_columns(words=pl.col("right").list.join(" or "))


def _billed(t: Facts, more: pl.Expr) -> pl.LazyFrame:
    """Return the drug lines with an NDC that is not plainly their code's own."""
    return t.lines.filter(
        t.in_group("DRUG")
        & has_ndc()
        & ~pl.col("ndc_own")
        & more
        & ~pl.col("is_void")
        & pl.col("service_date").is_not_null()
    )


@edit(
    "DRG12",
    name="brand-has-its-own-code",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["ndc_hcpcs", "brand_families", "hcpcs"],
    group="CO",
    carc="16",
    rarc=["N846", "N56"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NDC04"],
    source=["CMS HCPCS Level II file, January 2026", _CROSSWALK, "X12 RARC N846"],
)
def brand_has_its_own_code(t: Facts, refs: References) -> pl.LazyFrame:
    """The NDC is a product that has a code of its own beside the one billed.

    ## What it does
    Looks up the NDC in the crosswalk of the day. Where it belongs to another code of the same substance (testosterone
    cypionate, paliperidone, naloxone, epinephrine, denosumab, omalizumab), it names that code.

    ## Why it matters
    Products that are not equivalent have codes of their own, with prices of their own.

    ## Fails
    payer commercial
    patient sex=M
    claim dx=E29.1
    line 96372
    line J1071 units=200 ndc=24338005601 qty=1 uom=ML

    ## Passes
    payer commercial
    patient sex=M
    claim dx=E29.1
    line 96372
    line J1072 units=200 ndc=24338005601 qty=1 uom=ML

    ## Fix
    Bill the code of the product, or correct the NDC if another product was given. Count the units from the dose: the
    amounts of one unit may differ.

    ## Payers
    Deny everywhere; a warning for days after the newest crosswalk.
    """
    family = refs.lazy("brand_families")
    rows = _billed(t, pl.col("code").is_in(refs.keys("brand_families", "code").implode())).join(
        family.select("code", "family"), on="code"
    )
    others = family.select(other="code", family="family")
    found = _codes_of_ndc(rows, refs).filter(~pl.col("own"))
    brand = (
        found.select("line_id", "family", "right")
        .explode("right")
        .join(others, left_on=["family", "right"], right_on=["family", "other"], how="semi")
        .select("line_id")
        .unique()
    )
    return found.join(brand, on="line_id", how="semi").select(
        "claim_id",
        "line_id",
        denied="line_id",
        level_cap=pl.when("late").then(pl.lit("warn")),
        message=pl.format("NDC {} is {} by {} and not {}.", "ndc", "family", "words", "code"),
        found=pl.format("{} with NDC {}", "code", "ndc"),
        expected=pl.col("words"),
    )


@edit(
    "DRG14",
    name="unclassified-code-for-classified-drug",
    category="denial",
    grain="line",
    scope="NOC_DRUG",
    needs=["service_date"],
    refs=["ndc_hcpcs", "hcpcs"],
    group="CO",
    carc="16",
    rarc=["N56", "M20"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=["NCCI Policy Manual 2026 I.T", "Ohio Administrative Code 5160-4-12", _CROSSWALK],
)
def unclassified_code_for_classified_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """An unclassified code is billed for a drug that has a code.

    ## What it does
    Looks up the NDC of an unclassified drug in the crosswalk of the day and finds those with a code in force.

    ## Why it matters
    An unclassified code is only for what no code names. The payer denies it, after a review by hand.

    ## Fails
    payer commercial
    line 96372
    line J3490 ndc=00143961901 desc="CYANOCOBALAMIN 1000 MCG IM"

    ## Passes
    payer commercial
    line 96372
    line J3490 ndc=99999000101 desc="SAMPLEDRUG 40 MG IM"

    ## Fix
    Bill the code of the product and count its units from the dose in the record.

    ## Payers
    Deny everywhere; a warning for days after the newest crosswalk.
    """
    rows = t.lines.filter(
        t.in_group("NOC_DRUG") & has_ndc() & ~pl.col("is_void") & pl.col("service_date").is_not_null()
    )
    unclassified = refs.lazy("groups").filter(pl.col("group") == "NOC_DRUG").select(pl.col("low").alias("right"))
    found = _codes_of_ndc(rows, refs).explode("right").join(unclassified, on="right", how="anti")
    return (
        found.sort("line_id", "right")
        .group_by("line_id", maintain_order=True)
        .agg(pl.col("claim_id", "code", "ndc", "late").first(), words=pl.col("right").str.join(" or "))
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            level_cap=pl.when("late").then(pl.lit("warn")),
            message=pl.format("NDC {} has a code in force, {}; {} is for drugs without one.", "ndc", "words", "code"),
            found=pl.format("{} with NDC {}", "code", "ndc"),
            expected=pl.col("words"),
        )
    )


@edit(
    "NDC04",
    name="ndc-of-another-code",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["ndc_hcpcs", "hcpcs", "crosswalks", "noc"],
    group="CO",
    carc="16",
    rarc=["N846"],
    element="LIN03",
    box="24A",
    fix="advice",
    source=["X12 RARC N846, N847 and N848", _CROSSWALK, "UnitedHealthcare NDC requirement"],
)
def ndc_of_another_code(t: Facts, refs: References) -> pl.LazyFrame:
    """The NDC does not belong to the code billed.

    ## What it does
    Looks up the NDC in the crosswalk of the day: listed under other codes only; listed earlier and no longer; or not
    listed while other products of the code are. Unclassified codes, codes without any product in the crosswalk, codes
    that replaced each other and days before the first crosswalk are left alone.

    ## Why it matters
    Code and product must say the same thing; payers that price or collect rebates by the NDC deny the line.

    ## Fails
    payer medicaid
    line 96372
    line J3420 ndc=00409379501 qty=1 uom=ML

    ## Passes
    payer medicaid
    line 96372
    line J3420 ndc=00143961901 qty=1 uom=ML

    ## Fix
    Compare code and NDC with the package that was used and correct the one that is wrong.

    ## Payers
    Deny for Medicaid, UnitedHealthcare and BCBS Alabama, elsewhere a warning. An NDC that the crosswalk does not hold
    is a warning everywhere: it is Medicare's and not complete.
    """
    unclassified = refs.lazy("noc").select(code="hcpcs")
    rows = _billed(t, pl.lit(value=True)).join(unclassified, on="code", how="anti")
    twins = refs.lazy("crosswalks").select(code="from_code", right="to_code")
    twins = pl.concat([twins, twins.select(code="right", right="code")])
    known = _codes_of_ndc(rows, refs)
    foreign = known.filter(~pl.col("own"))
    excused = foreign.select("line_id", "code", "right").explode("right").join(twins, on=["code", "right"], how="semi")
    wrong = foreign.join(excused, on="line_id", how="anti").select(
        "claim_id",
        "line_id",
        segment=pl.col("lin_segment"),
        denied="line_id",
        level_cap=pl.when("late").then(pl.lit("warn")),
        message=pl.format("NDC {} is a product of {} and not of {}.", "ndc", "words", "code"),
        found=pl.format("{} with NDC {}", "code", "ndc"),
        expected=pl.format("{}, or the NDC of a product of {}", "words", "code"),
        rarc=pl.lit(["N846"]),
    )
    return pl.concat([wrong, _not_listed(rows, known, refs)])


def _not_listed(rows: pl.LazyFrame, known: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Word the NDC that the crosswalk of the day lacks, while it holds other products of the code."""
    table = refs.lazy("ndc_hcpcs")
    absent = rows.join(known.select("line_id"), on="line_id", how="anti").filter(pl.col("ndc11").is_not_null())
    newest = table.select(newest=pl.col("valid_to").max())
    of_code = table.select("valid_from", "valid_to", code="hcpcs").join(absent.select("code"), on="code", how="semi")
    spans = of_code.unique().join(newest, how="cross")
    day = pl.col("service_date")
    covered = (pl.col("valid_from") <= day) & (
        (pl.col("valid_to") >= day) | ((pl.col("valid_to") == pl.col("newest")) & (day > pl.col("newest")))
    )
    has_products = absent.select("line_id", "code", "service_date").join(spans, on="code").filter(covered)
    of_ndc = table.join(absent.select("ndc11"), on="ndc11", how="semi")
    last = of_ndc.group_by("ndc11").agg(last=pl.col("valid_to").max())
    before = absent.join(has_products, on="line_id", how="semi").join(last, on="ndc11", how="left")
    obsolete = pl.col("last").is_not_null() & (pl.col("last") < day)
    return before.select(
        "claim_id",
        "line_id",
        segment=pl.col("lin_segment"),
        denied="line_id",
        level_cap=pl.lit("warn"),
        message=pl.when(obsolete)
        .then(pl.format("NDC {} was last listed on {}; on the day other products of {} are.", "ndc", "last", "code"))
        .otherwise(pl.format("NDC {} is not among the listed products of {}.", "ndc", "code")),
        found=pl.format("{} with NDC {}", "code", "ndc"),
        expected=pl.format("the NDC of a product of {}", "code"),
        rarc=pl.when(obsolete).then(pl.lit(["N847"])).otherwise(pl.lit(["N848"])),
    )


@edit(
    "NDC05",
    name="ndc-quantity-and-units-differ",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["units_milli"],
    refs=["ndc_hcpcs", "containers", "drugs", "limits"],
    group="CO",
    carc="16",
    rarc=["N815"],
    element="CTP04",
    box="24A",
    fix="review",
    confidence="memory",
    source=f"Coding practice: dose and NDC quantity are one amount; content by the {_CROSSWALK}",
)
def ndc_quantity_and_units_differ(t: Facts, refs: References) -> pl.LazyFrame:
    """The NDC quantity is another amount than the units billed.

    ## What it does
    Turns the NDC quantity into units of the code (containers for UN, content for ML) and compares: more than five
    percent apart, and not the same after rounding up. Days with a line of waste, multi-dose containers counted in UN,
    powders in ML and other units of measure are left out; what the dose decides is DRG09.

    ## Why it matters
    Rebates and prices are computed from the quantity; a payer that compares denies or asks back.

    ## Fails
    payer commercial
    line 96372
    line J1885 units=2 ndc=00409379501 qty=30 uom=ML

    ## Passes
    payer commercial
    line 96372
    line J1885 units=2 ndc=00409379501 qty=1 uom=ML

    ## Fix
    Enter the quantity that was used: milliliters for liquids, containers (UN) for powders. If the units are wrong,
    correct them from the dose.
    """
    drugs = t.lines.filter(t.in_group("DRUG") & ~pl.col("ndc_fits") & ~pl.col("is_void") & has_ndc())
    wasted = t.lines.filter(t.has_mod("JW")).select("day_code_id").unique()
    held = with_ndc_units(t, drugs.join(wasted, on="day_code_id", how="anti"), refs).join(_percent(refs), how="cross")
    # Compared in products, so that nothing is rounded: units x held_by against held.
    billed = pl.col("units_milli") * pl.col("held_by")
    apart = (billed - pl.col("held")).abs() * 100 > pl.col("percent") * pl.col("held")
    rounded = pl.col("units_milli") == pl.col("held_units") * 1000
    wrong_units = by_text(t, drugs).filter(~pl.col("fits")).select("line_id")
    return held.filter(apart & ~rounded).join(wrong_units, on="line_id", how="anti").select(
        "claim_id",
        "line_id",
        segment=pl.col("ctp_segment"),
        message=pl.format(
            "{} of NDC {} are {} units of {} and {} are billed.",
            quantity(), "ndc", amount(pl.col("held") * 1000 // pl.col("held_by")), "code", amount(pl.col("units_milli") * 1000),
        ),
        found=quantity(),
        expected=pl.format("the quantity of {} units", amount(pl.col("units_milli") * 1000)),
    )  # fmt: skip


def _percent(refs: References) -> pl.LazyFrame:
    return refs.lazy("limits").filter(pl.col("name") == "ndc_percent").select(percent="high")
