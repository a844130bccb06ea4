"""Units of drug lines: above the limit, never payable, the dose typed as units, one unit of a dose of many."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.ncci import over_limit, units_over_day_limit, units_over_line_limit
from scrubjay.edits.partners import patch, with_same_code
from scrubjay.edits.products import at_no_cost
from scrubjay.facts import Facts
from scrubjay.refdata import References

_MUE = ["CMS NCCI Medically Unlikely Edits, practitioner services", "NCCI Policy Manual 2026 I.V"]
_HCPCS = "CMS HCPCS Level II file, January 2026"


def _medicaid_edition() -> pl.Expr:
    """Name Medicaid's table where the limit is of it; null leaves the reference of the edit."""
    return pl.when(pl.col("sw_mue") == "medicaid").then(pl.format("mue_medicaid {}", "payer_mue_edition"))


@edit(
    "DRG07",
    name="drug-units-over-limit",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date", "units_milli", "payer_mue_edition"],
    refs=["mue"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="advice",
    supersedes=["NCC03", "NCC04"],
    source=_MUE,
)
def drug_units_over_limit(t: Facts, refs: References) -> pl.LazyFrame:
    """The units of a drug are above the unit limit of its code.

    ## What it does
    Tests drug lines against the unit limit of the table the payer uses: each line alone where the adjudication
    indicator (MAI) is 1, all lines of the patient, provider and day together where it is 2 or 3, waste included.

    ## Why it matters
    A line or day above the limit is denied whole, not only by the excess. With MAI 2 nothing can change that; with
    MAI 3 the contractor may pay when records prove the dose.

    ## Fails
    line 96372
    line J1885 units=9 mods=JZ ndc=00409379501 qty=4.5 uom=ML

    ## Passes
    line 96372
    line J1885 units=4 mods=JZ ndc=00409379601 qty=2 uom=ML

    ## Fix
    Count the units again from dose and unit of the code. If they are right, send them and be ready to prove the dose;
    never cut units to fit.

    ## Payers
    Deny for Medicare; elsewhere a warning. Medicaid is tested against its own table. Injections themselves (96372) are
    MUL06.
    """
    drugs = replace(t, lines=t.lines.filter(t.in_group("DRUG") & over_limit() & (pl.col("payer_mue_value") > 0)))
    wanted = ["claim_id", "line_id", "denied", "message", "found", "expected", "level_cap"]
    line = units_over_line_limit(drugs, refs).with_columns(level_cap=pl.lit(None, dtype=pl.String)).select(wanted)
    day = units_over_day_limit(drugs, refs).select(wanted)
    meaning = (
        pl.when(pl.col("payer_mue_mai") == 1)
        .then(pl.lit(" MAI 1: each line is tested alone."))
        .when(pl.col("payer_mue_mai") == 2)
        .then(pl.lit(" MAI 2: the limit is absolute."))
        .when(pl.col("payer_mue_mai") == 3)
        .then(pl.lit(" MAI 3: the contractor may pay more on proof of the dose."))
        .otherwise(pl.lit(""))
    )
    own_table = pl.col("sw_mue_zero") == "true"
    facts = ["line_id", "day_code_id", "payer_mue_mai", "payer_mue_edition", "sw_mue", "sw_mue_zero"]
    found = pl.concat([line, day]).join(drugs.lines.select(facts), on="line_id")
    return with_same_code(t, found).select(
        *wanted[:3],
        related=pl.when(pl.col("payer_mue_mai").fill_null(0) != 1).then(pl.col("related")),
        message=pl.concat_str("message", meaning),
        found="found",
        expected="expected",
        level_cap="level_cap",
        carc=pl.when(own_table).then(pl.lit("151")).otherwise(pl.lit("222")),
        reference=_medicaid_edition(),
    )


@edit(
    "DRG08",
    name="drug-never-payable",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["payer_mue_edition"],
    refs=["mue"],
    group="CO",
    carc="96",
    rarc=["N362"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC04"],
    source=[*_MUE, "NCCI Policy Manual 2026 XII.D.3-4"],
)
def drug_never_payable(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug or supply has a unit limit of zero in the payer's own table.

    ## What it does
    Finds drug and supply codes (Level II, immune globulins, 99070) with the limit 0 where the payer takes that for "not
    payable". Other services with such a limit are NCC04.

    ## Why it matters
    Not one unit is paid: the drug is withdrawn, billed elsewhere (oral drugs, insulin for pumps) or part of another
    service (saline).

    ## Fails
    line 96372
    line J1320

    ## Passes
    payer commercial
    line 96372
    line J1320

    ## Fix
    Bill the product under a payable code if the record names one; otherwise remove the line.

    ## Payers
    Medicare by its table, Medicaid by its own (ondansetron tablets are 0 for Medicare and 24 for Medicaid). A zero
    binds nobody else.
    """
    product = t.in_group("DRUG") | t.in_group("SUPPLY") | pl.col("code").str.contains("^[A-Z]")
    rows = t.lines.filter((pl.col("payer_mue_value") == 0) & product)
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} has a unit limit of 0 in this payer's table: not one unit is ever paid on a practitioner's claim.",
            "code",
        ),
        found=pl.format("{}, unit limit 0", "code"),
        expected=pl.lit("a payable code for the product, or no line"),
        reference=_medicaid_edition(),
    )


@edit(
    "DRG10",
    name="dose-as-units",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["units_milli"],
    refs=["dose_as_units", "drugs"],
    group="CO",
    carc="151",
    rarc=["N362", "M53"],
    element="SV104",
    box="24G",
    fix="review",
    confidence="partly",
    supersedes=["DRG07", "NCC03", "NCC04"],
    source=[_HCPCS + " (amount of one unit)", "Priority Health provider manual: units of the code, not milligrams"],
)
def dose_as_units(t: Facts, refs: References) -> pl.LazyFrame:
    """The units are the milligrams or micrograms of the dose.

    ## What it does
    Finds unit counts that are usual doses of the drug and not usual counts of its code (1000 units of J3420, whose
    unit is 1000 mcg), above the unit limit where one is known, and proposes the dose divided by the amount of one unit.

    ## Why it matters
    The line bills up to a thousand times what was given. It is denied, or paid and taken back.

    ## Fails
    line 96372
    line J3420 units=1000

    ## Passes
    line 96372
    line J3420 units=1

    ## Fix
    Divide the dose in the record by the amount of one unit, rounded up.
    """
    suspects = refs.lazy("dose_as_units").select(code="hcpcs", units=pl.col("value").cast(pl.Int64))
    limit = pl.col("mue_value").is_null() | (pl.col("mue_value") < pl.col("units"))
    amount = pl.col("drug_unit_amount").cast(pl.Float64)
    plain = amount.round(4).cast(pl.String).str.strip_suffix(".0")
    rows = t.lines.filter(t.in_group("DRUG") & (pl.col("units") > 1) & limit & (amount > 1)).join(
        suspects, on=["code", "units"], how="semi"
    )
    rows = with_same_code(t, rows).with_columns(
        right=(pl.col("units") / amount).ceil().cast(pl.Int64, strict=False), per=plain
    )
    return rows.select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} units of {}: one unit is {} {}, so {} looks like the dose and {} is its number of units.",
            "units", "code", "per", "drug_unit", pl.format("{} {}", "units", "drug_unit"), "right",
        ),
        found=pl.col("units").cast(pl.String),
        expected=pl.format("{}, if the dose was {} {}", "right", "units", "drug_unit"),
        patches=pl.concat_list(patch("segment", "SV104", pl.col("units"), pl.col("right"))),
    )  # fmt: skip


@edit(
    "DRG11",
    name="one-unit-of-a-per-milligram-drug",
    category="underpayment",
    grain="line",
    scope="PER_MG_DRUG",
    needs=["units_milli"],
    refs=["drugs"],
    element="SV104",
    box="24G",
    fix="review",
    source=_HCPCS + " (amount of one unit)",
)
def one_unit_of_a_per_milligram_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """One unit is billed of a drug that is counted by the milligram.

    ## What it does
    Finds drugs with a unit of 1 mg and usual doses of many units where all lines of the code that day together hold one
    unit. Lines at no cost are left out: they ask for no payment.

    ## Why it matters
    The payer pays one milligram of a dose of a hundred or more.

    ## Fails
    payer commercial
    claim dx=Z30.42
    line 96372
    line J1050 units=1

    ## Passes
    payer commercial
    claim dx=Z30.42
    line 96372
    line J1050 units=150

    ## Fix
    Bill the milligrams of the dose in the record as units.
    """
    alone = (pl.col("units") == 1) & (pl.col("day_units_milli") == pl.col("units_milli"))
    example = (
        refs.lazy("drugs")
        .select(pl.col("hcpcs").alias("code"), "example_dose", "example_units")
        .unique("code", keep="any")
    )
    return (
        t.lines.filter(t.in_group("PER_MG_DRUG") & alone & ~at_no_cost().fill_null(value=False))
        .join(example, on="code", how="left")
        .select(
            "claim_id",
            "line_id",
            message=pl.concat_str(
                pl.format(
                    "1 unit of {} is {} {}, no usual dose",
                    "code",
                    pl.col("drug_unit_amount").cast(pl.Float64).cast(pl.Int64),
                    "drug_unit",
                ),
                pl.coalesce(pl.format(": {} is {} units", "example_dose", "example_units"), pl.lit("")),
                pl.lit("."),
            ),
            found=pl.lit("1"),
            expected=pl.lit("the milligrams of the dose"),
        )
    )
