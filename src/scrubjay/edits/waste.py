"""JW and JZ: what was thrown away of a single-dose container, or that nothing was."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.content import one_unit_containers
from scrubjay.edits.products import at_no_cost, with_container
from scrubjay.edits.shapes import of_group, spread_modifiers, taken_off
from scrubjay.facts import Facts
from scrubjay.refdata import References

_JZ = "CMS, Noridian and CGS on JW and JZ: single-dose containers from 2023-07-01, claims returned from 2023-10-01"


@edit(
    "JW01",
    name="neither-jw-nor-jz",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["drugs", "containers", "pos_groups", "ndc_hcpcs"],
    group="CO",
    carc="16",
    rarc=["N822", "MA130"],
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    source=[_JZ, "Noridian JZ example, 2024-03-20", "FDA NDC directory of 2019-04 and later listings (containers)"],
)
def neither_jw_nor_jz(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug from a single-dose container carries neither JW nor JZ.

    ## What it does
    Finds drugs that come in single-dose containers only, without JW or JZ on any line of the code that day. Where the
    container depends on the product it is looked up by the line's NDC: labelled multi-dose is clear, single-dose is a
    hit. Without an NDC, or with one whose container is not listed, the line is undecided and never a hit: the same code
    is sold both ways, so that silence would be a guess. Lines of no more than a cent (drugs the practice did not buy)
    and rural and federal health centers are left out. Where the policy wants neither modifier on a container that one
    billing unit covers (``whole_vial``), such a line is right.

    ## Why it matters
    The payer wants the waste billed with JW, or JZ as the statement that there was none; without it the claim comes
    back as unprocessable.

    ## Fails
    line J1885
    line 96372

    line J0696 units=2 ndc=00409733701
    line 96372

    ## Passes
    line J1885 mods=JZ
    line 96372

    line J0696 units=2 ndc=00409733701 mods=JZ
    line 96372

    line J3301 units=4 ndc=00003029320
    line 96372

    ## Fix
    Compare the dose with the content of the vials opened: JZ where all of it was given, else a further line with JW for
    the rest. JZ is a statement: only the administration record can make it. An undecided line is decided by the NDC of the
    vial, on the line with LIN and CTP; JW or JZ settle it as well.

    ## Payers
    Medicare returns the claim from 2023-10-01 and let it pass with a notice in the quarter before. Medicare Advantage
    and UnitedHealthcare mostly follow; BCBS North Carolina denies. A container known only from a listing of 2019 or
    from its form is a warning everywhere.
    """
    # A drug the drug list does not hold is judged by its NDC alone.
    by_ndc = (pl.col("drug_jw_jz") == "by_ndc").fill_null(value=True)
    only_single = (pl.col("drug_jw_jz") == "yes").fill_null(value=False)
    rows = (
        t.lines.filter(
            t.in_group("DRUG")
            & ((by_ndc & ~pl.col("ndc_multi_dose")) | only_single)
            & ~t.has_mod("WASTE")
            & ~t.in_place("POS_RHC")
            & ~pl.col("is_void")
            & pl.col("service_date").is_not_null()
        )
        .with_columns(by_ndc=by_ndc)
        .filter(~at_no_cost().fill_null(value=False))
        .join(t.lines.filter(t.has_mod("WASTE")).select("day_code_id"), on="day_code_id", how="anti")
    )
    single = ~pl.col("by_ndc") | (pl.col("dose") == "single").fill_null(value=False)
    covered = one_unit_containers(rows.filter(pl.col("sw_whole_vial") == "neither"), refs)
    return (
        with_container(rows.join(covered, on="line_id", how="anti"), refs)
        .filter(single | pl.col("dose").is_null())
        .with_columns(hit=single)
        .sort("line_id")
        .group_by("day_code_id", "hit", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code", "ndc", "by_ndc").first(),
            pl.col("firm").fill_null(value=False).all(),
            pl.col("line_id").slice(1).alias("related"),
        )
        .select(
            "claim_id",
            "line_id",
            "related",
            denied=pl.when("hit").then(pl.col("line_id")),
            outcome=pl.when("hit").then(pl.lit("hit")).otherwise(pl.lit("unknown")),
            level_cap=pl.when(pl.col("by_ndc") & ~pl.col("firm")).then(pl.lit("warn")),
            message=_told(),
            found=pl.format("{} without JW and JZ", "code"),
            expected=pl.when("hit")
            .then(pl.lit("JZ where nothing was thrown away, else a line with JW"))
            .otherwise(pl.lit("the NDC of a product whose container is known")),
        )
    )


def _told() -> pl.Expr:
    """Return the sentence on a drug without JW and JZ: needed by its code, by its NDC, or not to be told."""
    bare = pl.format("Whether {} needs JW or JZ depends on its container, and the line has no NDC to tell it.", "code")
    unlisted = pl.format("Whether {} needs JW or JZ depends on its container, unknown for NDC {}.", "code", "ndc")
    by_ndc = pl.format(
        "{} with NDC {} is from a single-dose container; no line of the day has JW or JZ.", "code", "ndc"
    )
    by_code = pl.format("{} comes in single-dose containers and no line of the day has JW or JZ.", "code")
    return (
        pl.when("hit")
        .then(pl.when("by_ndc").then(by_ndc).otherwise(by_code))
        .otherwise(pl.when(pl.col("ndc").is_null()).then(bare).otherwise(unlisted))
    )


@edit(
    "JW02",
    name="jw-and-jz-together",
    category="denial",
    grain="line",
    scope="DRUG",
    beside=["mod:WASTE"],
    needs=["service_date"],
    group="CO",
    carc="4",
    rarc=["N519"],
    element="SV101-3",
    box="24D",
    fix="advice",
    source=_JZ,
)
def jw_and_jz_together(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug has JW and JZ on one day.

    ## What it does
    Finds lines with JZ where a line of the same code and day by the same provider, or the line itself, has JW.

    ## Why it matters
    JW says that drug was thrown away and JZ that none was. Both are right only for two separate orders of one day.

    ## Fails
    line J1885 units=1 mods=JZ
    line J1885 units=1 mods=JW
    line 96372

    ## Passes
    claim dx=M81.0
    line J0897 units=60 mods=JZ
    line 96372

    claim dx=F11.20
    line J2315 units=350
    line J2315 units=30 mods=JW
    line 96372

    ## Fix
    Keep the one the administration record supports: JW with the units thrown away, or JZ on the line of the dose.
    """
    both = t.visit_has_mod("JW") & t.visit_has_mod("JZ")
    rows = t.lines.filter(t.has_mod("WASTE") & both & ~pl.col("is_void") & pl.col("service_date").is_not_null())
    wasted = pl.col("line_id").filter(t.has_mod("JW"))
    return (
        rows.sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("code").first(),
            pl.col("claim_id", "line_id").filter(t.has_mod("JZ")).get(0, null_on_oob=True),
            wasted.alias("wasted"),
        )
        .filter(pl.col("line_id").is_not_null() & (pl.col("wasted").list.len() > 0))
        .select(
            "claim_id",
            "line_id",
            related=pl.col("wasted").list.set_difference(pl.concat_list("line_id")),
            message=pl.format(
                "{} has JW and JZ on one day: JW says that drug was thrown away, JZ that none was.", "code"
            ),
            found=pl.format("{} with JW and with JZ", "code"),
            expected=pl.lit("one of the two"),
        )
    )


@edit(
    "JW04",
    name="waste-of-a-multi-dose-container",
    category="compliance",
    grain="line",
    scope="DRUG",
    beside=["mod:WASTE"],
    refs=["drugs", "containers"],
    group="CO",
    carc="4",
    rarc=["N519"],
    element="SV101-3",
    box="24D",
    fix="review",
    source=[_JZ, "BCBS North Carolina drug policy, 2024-11", "BCBS North Dakota drug wastage policy"],
)
def waste_of_a_multi_dose_container(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug from a multi-dose container carries JW or JZ.

    ## What it does
    Finds JW and JZ on drugs that come in multi-dose containers only, unless the line's NDC is of a single-dose one, and
    on products whose NDC is listed as multi-dose.

    ## Why it matters
    The rest of a multi-dose container serves the next patient. Waste of it is not payable and is taken back later.

    ## Fails
    line J1000 mods=JZ
    line 96372

    ## Passes
    line J1000
    line 96372

    line J1885 mods=JZ
    line 96372

    ## Fix
    Take JZ off the line; drop a line of waste with JW whole. Where the vial was a single-dose one, give its NDC.

    ## Payers
    Deny for Medicare from 2017, elsewhere a warning. A container known only by its NDC is a warning everywhere.
    """
    only_multi = (pl.col("drug_jw_jz") == "no").fill_null(value=False)
    only_single = (pl.col("drug_jw_jz") == "yes").fill_null(value=False)
    rows = t.lines.filter(
        t.in_group("DRUG")
        & t.has_mod("WASTE")
        & ~pl.col("is_void")
        & (only_multi | ~only_single & pl.col("ndc_multi_dose"))
    )
    listed = pl.col("dose")
    wasted = t.has_mod("JW")
    wrong = with_container(rows, refs).filter(
        (only_multi & (listed != "single").fill_null(value=True))
        | (~only_multi & (listed == "multi").fill_null(value=False))
    )
    changes = taken_off(of_group(spread_modifiers(wrong), refs, "WASTE"))
    return wrong.join(changes, on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        # A line of waste goes as a whole; JZ comes off the line of the dose.
        patches=pl.when(~wasted).then(pl.col("patches")),
        denied=pl.col("line_id"),
        level_cap=pl.when(~only_multi).then(pl.lit("warn")),
        message=pl.when(only_multi)
        .then(pl.format("{} comes in multi-dose containers: there is no waste to bill and none to deny.", "code"))
        .otherwise(
            pl.format(
                "{} with NDC {} comes in a multi-dose container: there is no waste to bill and none to deny.",
                "code",
                "ndc",
            )
        ),
        found=pl.when(wasted).then(pl.format("{} with JW", "code")).otherwise(pl.format("{} with JZ", "code")),
        expected=pl.when(wasted).then(pl.lit("no line of waste")).otherwise(pl.lit("no JZ")),
    )
