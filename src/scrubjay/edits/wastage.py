"""Lines of waste: their companion, waste below a unit, dose and waste against the containers, the payer that does not ask."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.content import listed_on_day, one_unit_containers, sizes_on_day
from scrubjay.edits.products import with_container
from scrubjay.edits.told import amount
from scrubjay.facts import Facts
from scrubjay.facts.ndc import MILLION
from scrubjay.refdata import References

_JZ = "CMS, Noridian and CGS on JW and JZ"
_ROUNDING = [
    "Noridian JZ example, 2024-03-20",
    "A53024 on JW and JZ",
    "The Rheumatologist on drug wastage: dose up, waste down",
]
_ONE = 1000
"""Thousandths of one unit."""


def _days_of_waste(t: Facts, lines: pl.LazyFrame | None = None) -> pl.LazyFrame:
    """Return one row per drug, provider and day with a JW line: units given and wasted (thousandths), its NDCs.

    ``lines`` are those that may carry the JW, all of them where it is left out.
    """
    waste = (t.lines if lines is None else lines).filter(
        t.has_mod("JW") & t.in_group("DRUG") & ~pl.col("is_void") & pl.col("service_date").is_not_null()
    )
    jw = t.has_mod("JW")
    members = t.lines.filter(t.in_group("DRUG")).join(
        waste.select("day_code_id").unique(), on="day_code_id", how="semi"
    )
    return (
        members.with_columns(jw=jw)
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id").filter(pl.col("jw")).first(),
            pl.col("code", "service_date", "drug_jw_jz").first(),
            pl.col("line_id").alias("lines"),
            pl.col("units_milli").filter(~pl.col("jw")).sum().alias("given"),
            pl.col("units_milli").filter(pl.col("jw")).sum().alias("wasted"),
            pl.col("units_milli").is_null().any().alias("unread"),
            (~pl.col("jw")).sum().alias("companions"),
            pl.col("ndc11").drop_nulls().n_unique().alias("products"),
            pl.col("ndc11").drop_nulls().first(),
        )
        .with_columns(
            related=pl.col("lines").list.set_difference(pl.concat_list("line_id")),
            ndc=pl.col("ndc11"),
            multi=(pl.col("drug_jw_jz") == "no").fill_null(value=False),
        )
    )


def _with_content(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Add ``vial``, the units in a container (millionths): by the one NDC, else by the one size the code is listed in.

    ``largest`` is the largest listed container of the code.  Days with a multi-dose container go: nothing is wasted.
    """
    by_ndc = (
        listed_on_day(rows.filter(pl.col("products") == 1), refs)
        .filter(pl.col("listed") == pl.col("code"))
        .group_by("day_code_id")
        .agg(pl.col("per_container").first())
    )
    sizes = (
        sizes_on_day(rows.select("day_code_id", "code", "service_date"), refs)
        .group_by("day_code_id")
        .agg(
            pl.col("other_size").max().alias("largest"),
            pl.when(pl.col("other_size").n_unique() == 1).then(pl.col("other_size").first()).alias("only"),
        )
    )
    held = (
        rows.join(by_ndc, on="day_code_id", how="left")
        .join(sizes, on="day_code_id", how="left")
        .with_columns(
            vial=pl.when(pl.col("products") == 1)
            .then(pl.col("per_container"))
            .when(pl.col("products") == 0)
            .then(pl.col("only"))
        )
    )
    return with_container(held, refs).filter((pl.col("dose") != "multi").fill_null(value=True) & ~pl.col("multi"))


@edit(
    "JW03",
    name="waste-without-dose",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    group="CO",
    carc="16",
    element="SV101-3",
    box="24D",
    fix="advice",
    source=[_JZ, "CMS on JW: waste on its own line, 2017"],
)
def waste_without_dose(t: Facts, refs: References) -> pl.LazyFrame:
    """A line of waste has no line of the dose beside it.

    ## What it does
    Finds JW on a drug of which no line without JW stands on the day, by the same provider, over all claims of the run.
    Drugs in multi-dose containers only are JW04.

    ## Why it matters
    Waste is the rest of a container of which a dose was given. Both stand on lines of their own; without the dose the
    waste is not payable, and one line for both is paid wrongly.

    ## Fails
    claim dx=F10.20
    line J2315 units=380 mods=JW
    line 96372

    ## Passes
    claim dx=F10.20
    line J2315 units=350
    line J2315 units=30 mods=JW
    line 96372

    ## Fix
    Bill the dose on a line without JW and the units thrown away on a line with JW.

    ## Payers
    Deny for Medicare from 2017, elsewhere a warning.
    """
    return (
        _days_of_waste(t)
        .filter((pl.col("companions") == 0) & ~pl.col("multi"))
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} has JW and no line of the day without it: waste stands beside the dose given.", "code"
            ),
            found=pl.format("{} with JW alone", "code"),
            expected=pl.lit("a line of the dose and a line of the waste"),
        )
    )


@edit(
    "JW05",
    name="waste-below-one-unit",
    category="compliance",
    grain="line",
    scope="DRUG",
    needs=["service_date", "units_milli"],
    refs=["ndc_hcpcs", "containers"],
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["JW06"],
    source=_ROUNDING,
)
def waste_below_one_unit(t: Facts, refs: References) -> pl.LazyFrame:
    """Waste is billed though one billing unit covers the whole container.

    ## What it does
    Finds JW on drugs whose container holds no more than one unit of the code, by the NDC or, without one, where all
    listed containers of the code are that small; and JW lines of less than one unit. Where the policy wants neither
    modifier on such a container (``whole_vial``), it finds JZ there as well.

    ## Why it matters
    The dose is rounded up to the unit, and that unit already pays the waste. The JW line is paid twice.

    ## Fails
    line J2550 units=1 ndc=00641092825 qty=1 uom=ML
    line J2550 units=1 mods=JW ndc=00641092825 qty=1 uom=ML
    line 96372

    ## Passes
    line J2550 units=1 mods=JZ ndc=00641092825 qty=1 uom=ML
    line 96372

    ## Fix
    Drop the line with JW and keep one line with the units rounded up. That line then needs JZ, which is a statement
    that a person makes.

    ## Payers
    Deny for Medicare, elsewhere a warning.
    """
    neither = (pl.col("sw_whole_vial") == "neither") & t.has_mod("JZ")
    worn = t.lines.filter(t.in_group("DRUG") & (t.has_mod("JW") | neither) & ~pl.col("is_void"))
    needless = worn.filter(neither).select("claim_id", "line_id", "code", "ndc11", "service_date")
    stated = needless.join(one_unit_containers(needless, refs), on="line_id", how="semi").select(
        "claim_id",
        "line_id",
        related=pl.lit(None, dtype=pl.List(pl.UInt32)),
        denied="line_id",
        message=pl.format("One unit of {} covers its container, and this payer wants no JZ on it.", "code"),
        found=pl.format("{} with JZ", "code"),
        expected=pl.lit("one line, units rounded up, no JW and no JZ"),
    )
    small = pl.coalesce("vial", pl.when(pl.col("products") == 0).then(pl.col("largest"))) <= MILLION
    part = (pl.col("wasted") > 0) & (pl.col("wasted") < _ONE)
    size = pl.coalesce("vial", "largest")
    wasted = (
        _with_content(_days_of_waste(t, worn).filter((pl.col("companions") > 0) & ~pl.col("unread")), refs)
        .filter(small.fill_null(value=False) | part)
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.when(small.fill_null(value=False))
            .then(
                pl.format(
                    "A container of {} holds {} of a unit: the unit of the dose pays all of it and leaves no waste.",
                    "code", amount(size),
                )
            )
            .otherwise(
                pl.format(
                    "{} of a unit of {} is billed as waste: less than one unit is no waste.",
                    amount(pl.col("wasted") * 1000), "code",
                )
            ),
            found=pl.format("{} with JW", "code"),
            expected=pl.lit("one line, units rounded up, no JW"),
        )
    )  # fmt: skip
    return pl.concat([wasted, stated])


@edit(
    "JW06",
    name="dose-and-waste-are-no-container",
    category="compliance",
    grain="line",
    scope="DRUG",
    needs=["service_date", "units_milli"],
    refs=["ndc_hcpcs", "containers"],
    group="CO",
    carc="151",
    element="SV104",
    box="24G",
    fix="advice",
    source=["CGS on JW, JZ and vial choice, 2023-06", _ROUNDING[2], "BCBS North Carolina drug policy, 2024-11"],
)
def dose_and_waste_are_no_container(t: Facts, refs: References) -> pl.LazyFrame:
    """Dose and waste together are not the content of the smallest suitable containers.

    ## What it does
    Adds the units given and wasted of a drug and day and compares them with the content of the container that the NDC
    names, or of the only size the code is listed in. Also finds waste of a whole container, and a smaller single-dose
    container of the same labeler that would have held the dose. Several NDCs, or none where sizes differ, cannot be
    judged.

    ## Why it matters
    Payers pay waste only up to the smallest containers that are sold; more is taken back, less is a loss.

    ## Fails
    claim dx=F10.20
    line J2315 units=300
    line J2315 units=30 mods=JW
    line 96372

    ## Passes
    claim dx=F10.20
    line J2315 units=350
    line J2315 units=30 mods=JW
    line 96372

    ## Fix
    Count again from the record: dose given, containers opened, their labelled content.
    """
    rows = _with_content(_days_of_waste(t).filter((pl.col("companions") > 0) & ~pl.col("unread")), refs)
    # All amounts are thousandths of a unit from here.
    rows = rows.filter(pl.col("vial").is_null() | (pl.col("vial") > MILLION)).with_columns(
        vial=pl.col("vial") // 1000, total=pl.col("given") + pl.col("wasted")
    )
    count = pl.max_horizontal(1, (pl.col("total") + pl.col("vial") // 2) // pl.col("vial"))
    rows = rows.with_columns(count=count).with_columns(content=count * pl.col("vial"))
    slack = pl.when(pl.col("content") % _ONE == 0).then(0).otherwise(_ONE - 1)
    uneven = (pl.col("total") - pl.col("content")).abs() > slack
    whole = ~uneven & (pl.col("wasted") >= pl.col("vial"))
    # Without a companion of the dose's own labeler nothing says that the smaller container could be had.
    suited = (
        sizes_on_day(rows.filter(pl.col("ndc").is_not_null()), refs)
        .filter(
            (pl.col("other_ndc").str.head(5) == pl.col("ndc").str.head(5))
            & (pl.col("other_size") // 1000 < pl.col("vial"))
            & (pl.col("other_size") // 1000 * pl.col("count") >= pl.col("given"))
        )
        .join(_single(refs), on="other_ndc", how="semi")
        .sort("other_size", "other_ndc")
        .group_by("day_code_id", maintain_order=True)
        .agg(pl.col("other_ndc", "other_size").first())
    )
    judged = rows.join(suited, on="day_code_id", how="left").with_columns(uneven=uneven, whole=whole)
    known = pl.col("vial").is_not_null()
    smaller = pl.col("other_ndc").is_not_null()
    hit = pl.col("uneven") | pl.col("whole") | smaller
    sums = [amount(pl.col(name) * 1000) for name in ("given", "wasted", "total", "vial")]
    return judged.filter(~known | hit).select(
        "claim_id",
        "line_id",
        "related",
        outcome=pl.when(known).then(pl.lit("hit")).otherwise(pl.lit("unknown")),
        message=pl.when(~known)
        .then(pl.format("Dose and waste of {} cannot be compared: nothing tells the content of its container.", "code"))
        .when("uneven")
        .then(pl.format("{}: {} given and {} wasted are {} units, and a container holds {}.", "code", *sums))
        .when("whole")
        .then(pl.format("{}: {} given and {} wasted of {} units: a whole container of {} is waste.", "code", *sums))
        .otherwise(
            pl.format(
                "{}: {} given and {} wasted; NDC {} holds {} units and leaves less.",
                "code", sums[0], sums[1], "other_ndc", amount(pl.col("other_size")),
            )
        ),
        found=pl.format("{} given, {} wasted", sums[0], sums[1]),
        expected=pl.lit("the content of the smallest suitable containers"),
    )  # fmt: skip


def _single(refs: References) -> pl.LazyFrame:
    """Return the NDCs of containers that are single-dose by label or form."""
    kind = pl.col("dose_kind").str.starts_with("single")
    return refs.lazy("containers").filter(kind).select(other_ndc="ndc11")


@edit(
    "JW07",
    name="waste-modifier-not-asked-for",
    category="hygiene",
    grain="line",
    scope="DRUG",
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    confidence="partly",
    source=["BCBS North Dakota drug wastage policy", "BCBS North Carolina drug policy, 2024-11"],
)
def waste_modifier_not_asked_for(t: Facts, refs: References) -> pl.LazyFrame:
    """A waste modifier goes to a payer that does not ask for it.

    ## What it does
    Finds JZ where the payer accepts it and does not require it, and JW or JZ where the payer is set to use neither.

    ## Why it matters
    Nothing is lost by it. It is worth knowing that the payer does not read the statement, and that its own rule on
    waste applies.

    ## Fails
    payer bcbs name="BLUE CROSS BLUE SHIELD OF NORTH DAKOTA"
    line J1885 units=2 mods=JZ
    line 96372

    ## Passes
    payer bcbs name="BLUE CROSS BLUE SHIELD OF NORTH DAKOTA"
    claim dx=F10.20
    line J2315 units=350
    line J2315 units=30 mods=JW
    line 96372

    ## Fix
    Leave the modifier off for this payer if you keep payer-specific claims; otherwise nothing has to be done.

    ## Payers
    A notice for BCBS North Dakota, which pays JW and accepts JZ. Off elsewhere: BCBS North Carolina denies a drug
    without either (JW01) and pays waste up to the smallest container (JW06).
    """
    asked = pl.col("sw_jw_jz")
    idle = ((asked == "accepted") & t.has_mod("JZ")) | ((asked == "none") & t.has_mod("WASTE"))
    return t.lines.filter(t.in_group("DRUG") & idle & ~pl.col("is_void")).select(
        "claim_id",
        "line_id",
        message=pl.format("{} carries {}, which this payer does not ask for.", "code", _worn(t)),
        found=pl.format("{} with {}", "code", _worn(t)),
        expected=pl.lit("no JZ needed"),
    )


def _worn(t: Facts) -> pl.Expr:
    return pl.when(t.has_mod("JZ")).then(pl.lit("JZ")).otherwise(pl.lit("JW"))
