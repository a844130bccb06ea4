"""Units of drug lines against what was given: the recorded dose, the doses of the day, the one line a payer takes."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.content import has_ndc, quantity, with_ndc_units
from scrubjay.edits.narratives import with_texts
from scrubjay.edits.partners import patch, plural
from scrubjay.edits.products import at_no_cost
from scrubjay.edits.told import amount, with_dose
from scrubjay.facts import Facts
from scrubjay.facts.ndc import MILLION
from scrubjay.refdata import References


def _given(t: Facts) -> pl.Expr:
    """The drug line says what was given: no waste, no line at no cost."""
    return (
        t.in_group("DRUG")
        & ~t.has_mod("JW")
        & ~pl.col("is_void")
        & pl.col("units_milli").is_not_null()
        & ~at_no_cost().fill_null(value=False)
    )


def _worded() -> pl.Expr:
    return pl.col("description").is_not_null() | pl.col("line_note").is_not_null()


def by_text(t: Facts, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return those of the drug ``lines`` whose text says the dose, with ``right``, its units, and ``fits``: they are billed.

    Where a code stands on several lines of a day, the sum of the given ones may be what the text speaks of.
    """
    if not t.occurs("text"):
        # Without a text there is no dose to read, and its patterns need not be made ready.
        none = {"dose": pl.Int64, "per": pl.Int64, "dose_words": pl.String, "right": pl.Int64, "day_given": pl.Int64}
        return lines.filter(pl.lit(value=False)).with_columns(
            *(pl.lit(None, dtype=kind).alias(name) for name, kind in none.items()), fits=pl.lit(value=True)
        )
    told = lines.filter(_worded() & _given(t) & pl.col("drug_unit_amount").is_not_null())
    rows = with_dose(with_texts(t, told)).filter((pl.col("dose") > 0) & (pl.col("per") > 0))
    sums = (
        t.lines.filter(_given(t) & (pl.col("day_code_lines") > 1))
        .join(rows.select("day_code_id"), on="day_code_id", how="semi")
        .group_by("day_code_id")
        .agg(pl.col("units_milli").sum().alias("day_given"))
    )  # fmt: skip
    right = -(-pl.col("dose") // pl.col("per"))
    return (
        rows.join(sums, on="day_code_id", how="left")
        .with_columns(right=right)
        .with_columns(
            fits=(pl.col("units_milli") == pl.col("right") * 1000)
            | (pl.col("day_given") == pl.col("right") * 1000).fill_null(value=False)
        )
    )


@edit(
    "DRG09",
    name="units-do-not-match-dose",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["units_milli"],
    refs=["drugs", "ndc_hcpcs", "containers"],
    group="CO",
    carc="16",
    rarc=["M53"],
    element="SV104",
    box="24G",
    fix="review",
    supersedes=["DRG10", "DRG11", "NDC05"],
    source=["CGS on JW, JZ and rounding, 2023-06", "CMS HCPCS Level II file, January 2026 (amount of one unit)"],
)
def units_do_not_match_dose(t: Facts, refs: References) -> pl.LazyFrame:
    """The units of a drug are not its dose divided by the amount of one unit.

    ## What it does
    Reads the dose in the text of the drug line (the amount behind DOSE or GIVEN, or the only one) and divides it by
    the amount of one unit, rounded up. Where the text gives none, the NDC quantity speaks: units above what it holds,
    and units below it on a line with JZ, which says that all of it was given. Waste lines and lines at no cost are
    left out; texts with strengths, ranges, repetitions or waste alone are not read.

    ## Why it matters
    Too many units are paid and taken back, too few are a loss.

    ## Fails
    payer commercial
    line 96372
    line J1885 units=4 desc="KETOROLAC DOSE 30 MG IM"

    payer commercial
    line 96372
    line J1885 units=3 ndc=00409379501 qty=1 uom=ML

    ## Passes
    payer commercial
    line 96372
    line J1885 units=2 desc="KETOROLAC 60 MG/2 ML VIAL, DOSE 30 MG IM" ndc=00409379601 qty=1 uom=ML

    line 96372
    line J2550 units=1 mods=JZ desc="PROMETHAZINE 25 MG IM"

    ## Fix
    Compare with the record; where the dose is right, bill the units that the message counts.

    ## Payers
    Deny where the units are more than a written dose gives; fewer units, and everything that only the NDC quantity
    says, are a warning.
    """
    lines = t.lines.filter(_given(t) & (_worded() | (has_ndc() & ~pl.col("ndc_fits"))))
    rows = by_text(t, lines)
    over = pl.col("units_milli") > pl.col("right") * 1000
    change = pl.concat_list(patch("segment", "SV104", pl.col("units"), pl.col("right")))
    of_text = rows.filter(~pl.col("fits")).select(
        "claim_id",
        "line_id",
        denied=pl.when(over).then(pl.col("line_id")),
        level_cap=pl.when(~over).then(pl.lit("warn")),
        message=pl.format(
            "The text says {} of {} at {} {} a unit: that is {} {}, and {} {} billed.",
            "dose_words", "code", amount((pl.col("drug_unit_amount") * MILLION).cast(pl.Int64)), "drug_unit",
            "right", plural("right"), _units(), _are(),
        ),
        found=_units(),
        expected=pl.col("right").cast(pl.String),
        # A single line for the dose: then the right number is the one of the line.
        patches=pl.when((pl.col("day_code_lines") == 1) & pl.col("units").is_not_null()).then(change),
    )  # fmt: skip
    silent = lines.join(rows.select("line_id"), on="line_id", how="anti")
    held = with_ndc_units(t, silent, refs).filter(pl.col("day_code_lines") == 1)
    exact = pl.col("units_milli") * pl.col("held_by")
    above = (exact > pl.col("held")) & (pl.col("units_milli") > pl.col("held_units") * 1000)
    below = t.has_mod("JZ") & (pl.col("held_units") > 1) & (pl.col("units_milli") < (pl.col("held_units") - 1) * 1000)
    of_ndc = held.filter(above | below).select(
        "claim_id",
        "line_id",
        denied=pl.when(above).then(pl.col("line_id")),
        level_cap=pl.lit("warn"),
        message=pl.format(
            "{} of NDC {} {} {} {} of {}{}, and {} {} billed: one of the two is wrong.",
            quantity(), "ndc", pl.lit("hold"), "held_units", plural("held_units"), "code",
            pl.when(above).then(pl.lit("")).otherwise(pl.lit(" and JZ says that all was given")), _units(), _are(),
        ),
        found=_units(),
        expected=pl.format("{}, if the NDC quantity is right", "held_units"),
        patches=pl.lit(None, dtype=_PATCHES),
    )  # fmt: skip
    return pl.concat([of_text, of_ndc])


_PATCHES = pl.List(pl.Struct({"segment": pl.UInt32, "element": pl.String, "old": pl.String, "new": pl.String}))


def _units() -> pl.Expr:
    return pl.coalesce(pl.col("units").cast(pl.String), (pl.col("units_milli") / 1000).cast(pl.String))


def _are() -> pl.Expr:
    return pl.when(pl.col("units_milli") == 1000).then(pl.lit("is")).otherwise(pl.lit("are"))


@edit(
    "DRG24",
    name="more-doses-than-administrations",
    category="denial",
    grain="line",
    scope="PER_DOSE_DRUG",
    needs=["service_date", "units_milli"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="review",
    supersedes=["DRG07", "NCC03", "NCC04"],
    source=["NCCI Policy Manual 2026 XII.D.9", "CMS HCPCS Level II file, January 2026 (per dose)"],
)
def more_doses_than_administrations(t: Facts, refs: References) -> pl.LazyFrame:
    """A code whose unit is one dose has more units than there were administrations.

    ## What it does
    Adds the units of a code that is counted by the dose (hyaluronan, depot buprenorphine) over the day and compares
    them with the injections of the day: 96372, injections for cancer drugs, joint injections, two for modifier 50. A
    day without any administration is DRG02.

    ## Why it matters
    The unit is the dose, whatever its volume or milligrams: one joint is one unit, two joints are two.

    ## Fails
    claim dx=M17.11
    line 20610 mods=RT
    line J7321 units=2 mods=JZ

    ## Passes
    claim dx=M17.0
    line 20610 mods=50
    line J7321 units=2 mods=JZ

    ## Fix
    Bill one unit for each dose that the record shows.

    ## Payers
    Deny for Medicare, a warning elsewhere.
    """
    rows = t.lines.filter(t.in_group("PER_DOSE_DRUG") & (pl.col("day_units_milli") > 1000) & ~pl.col("is_void"))
    both = pl.when(t.has_mod("BILATERAL")).then(2).otherwise(1)
    acts = t.lines.filter(t.in_group("ADM") | t.in_group("CHEMO_SCIM") | t.in_group("JOINT"))
    given = (
        acts.join(rows.select("visit_id"), on="visit_id", how="semi")
        .group_by("visit_id")
        .agg(
            given=(pl.col("units_milli").fill_null(1000) * both).sum(),
            words=pl.col("code").unique(maintain_order=True).str.join(", "),
        )
    )
    return (
        rows.join(given, on="visit_id")
        .filter(pl.col("day_units_milli") > pl.col("given"))
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code", "words").first(),
            pl.col("line_id").slice(1).alias("related"),
            pl.col("given").first() // 1000,
            (pl.col("day_units_milli").first() / 1000).cast(pl.Int64).alias("doses"),
        )
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} is counted by the dose: {} units stand beside {} {} ({}).",
                "code", "doses", "given",
                pl.when(pl.col("given") == 1).then(pl.lit("administration")).otherwise(pl.lit("administrations")),
                "words",
            ),
            found=pl.format("{} units", "doses"),
            expected=pl.format("{}", "given"),
        )
    )  # fmt: skip


@edit(
    "DRG25",
    name="drug-on-several-lines",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["DUP02", "NDC07"],
    source="BCBS North Carolina drug policy, 2024-11",
)
def drug_on_several_lines(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug stands on several lines where the payer pays one line a day.

    ## What it does
    Finds two or more lines of one drug code by one group on one day, none of them with JW, for payers with such a rule.

    ## Why it matters
    The payer pays one line of a drug, day and group and denies the smaller one.

    ## Fails
    payer bcbs name="BLUE CROSS AND BLUE SHIELD OF NORTH CAROLINA"
    claim dx=M81.0
    line J0897 units=40 mods=JZ
    line J0897 units=20 mods=JZ,76
    line 96372

    ## Passes
    payer bcbs name="BLUE CROSS AND BLUE SHIELD OF NORTH CAROLINA"
    claim dx=F10.20
    line J2315 units=350
    line J2315 units=30 mods=JW
    line 96372

    ## Fix
    Put the units together on one line, after the record shows that all of them were given.

    ## Payers
    BCBS North Carolina from 2024-11 only.
    """
    asks = t.rules.filter((pl.col("edit") == "DRG25") & (pl.col("level") != "off")).select("policy").unique()
    rows = t.lines.filter(
        t.in_group("DRUG")
        & (pl.col("visit_code_lines") > 1)
        & ~pl.col("is_void")
        & pl.col("service_date").is_not_null()
    )
    one = rows.join(asks, on="policy", how="semi").with_columns(
        group_key=pl.coalesce("billing_tin", "billing_npi", pl.lit(""))
    )
    return (
        one.sort(pl.col("charge_cents").fill_null(0), "line_id")
        .group_by("visit_id", "group_key", "code", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id").first(),
            pl.col("line_id").slice(1).alias("related"),
            pl.len().alias("count"),
            t.has_mod("JW").any().alias("wasted"),
            pl.col("units_milli").sum().alias("units_milli"),
        )
        .filter((pl.col("count") > 1) & ~pl.col("wasted"))
        .with_columns(total=amount(pl.col("units_milli") * 1000))
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} stands on {} lines of one day: this payer pays one line of a drug and denies the smaller.",
                "code",
                "count",
            ),
            found=pl.format("{} lines", "count"),
            expected=pl.format("one line with {} units", "total"),
        )
    )
