"""Several injections of one day: one syringe, a split dose, 59 for a repeat, a cap a day, a colleague's injection."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.products import may_be_injected, noted_claims
from scrubjay.facts import Facts
from scrubjay.refdata import References

_ONE = 1000
"""One unit, in thousandths."""

_ONE_SYRINGE = r"(?i)\b(?:same|one|single|1)[ -]syringe|\bmixed in(?:to)? (?:a |the )?syringe|\bcombined in(?:to)? (?:a |the )?syringe"
"""Words of a note that say that the drugs went into one syringe."""


def _drugs_of_day(t: Facts, refs: References, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the injectable drug codes of the visits of some rows: how many, their names, and whether one is unclassified."""
    drugs = t.lines.filter(t.in_group("DRUG") & t.visit_has("ADM") & ~pl.col("is_void"))
    drugs = drugs.join(rows.select("visit_id"), on="visit_id", how="semi", maintain_order="left")
    return (
        may_be_injected(drugs, refs)
        .group_by("visit_id")
        .agg(
            pl.col("code").n_unique().alias("drugs"),
            pl.col("code").first().alias("drug"),
            t.in_group("NOC_DRUG").any().alias("unclassified"),
            pl.col("units_milli").max().alias("most"),
        )
    )


def _texts(t: Facts) -> pl.LazyFrame:
    """Return the notes and descriptions of each claim, joined."""
    said = pl.concat(
        [
            t.notes.select("claim_id", "text"),
            t.lines.filter(pl.col("description").is_not_null() & (t.in_group("ADM") | t.in_group("DRUG"))).select(
                "claim_id", text="description"
            ),
        ]
    )
    return said.group_by("claim_id").agg(pl.col("text").str.join(" "))


@edit(
    "MUL02",
    name="one-syringe-billed-twice",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["units_milli"],
    group="CO",
    carc="151",
    element="SV104",
    box="24G",
    fix="review",
    source="BCBS Alabama injectable drugs manual: drugs in the same syringe are one administration",
)
def one_syringe_billed_twice(t: Facts, refs: References) -> pl.LazyFrame:
    """Drugs of one syringe are billed as several injections.

    ## What it does
    Finds two or more units of 96372 on a day whose claim says in a note or description that the drugs were mixed in one
    syringe.

    ## Why it matters
    What goes in with one needle is one administration, however many drugs it holds.

    ## Fails
    payer commercial
    line 96372 units=2 note="DRUGS GIVEN IN SAME SYRINGE"
    line J1885
    line J1100 units=4

    ## Passes
    payer commercial
    line 96372 note="DRUGS GIVEN IN SAME SYRINGE"
    line J1885
    line J1100 units=4

    ## Fix
    Bill one unit for each needle the record shows.
    """
    many = t.lines.filter(
        t.in_group("ADM") & pl.col("visit_worded") & (pl.col("day_units_milli") > _ONE) & ~pl.col("is_void")
    )
    return (
        many.join(_texts(t).filter(pl.col("text").str.contains(_ONE_SYRINGE)), on="claim_id")
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code").first(),
            (pl.col("day_units_milli").first() // _ONE).alias("count"),
            pl.col("line_id").slice(1).alias("related"),
        )
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format(
                "{} has {} units on the day, and a note says that one syringe was used.", "code", "count"
            ),
            found=pl.format("{} units, one syringe", "count"),
            expected=pl.lit("one unit a needle"),
        )
    )


@edit(
    "MUL03",
    name="dose-split-for-volume",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date", "units_milli"],
    refs=["drugs", "two_syringe"],
    group="CO",
    carc="151",
    element="SV104",
    box="24G",
    fix="review",
    supersedes=["MUL01"],
    source="AAPC on divided doses: CPT Assistant of May 2010 counts each injection, a First Coast bulletin of 2008 one",
)
def dose_split_for_volume(t: Facts, refs: References) -> pl.LazyFrame:
    """One drug is billed with two injections and nothing says why.

    ## What it does
    Finds two units of 96372 on a day with one injectable drug, where no note tells of two sites. Drugs whose dose takes
    two syringes, doses of one billing unit and unclassified drugs are left out, and policies that pay a split dose
    (``MUL03.services`` above 1).

    ## Why it matters
    A dose that is split because it is too large for one muscle is one service to many payers; sources disagree.

    ## Fails
    line 96372 units=2
    line J0696 units=8 mods=JZ

    ## Passes
    line 96372 units=2 note="1 G INTO EACH GLUTEUS, VOLUME OVER 3 ML"
    line J0696 units=8 mods=JZ

    line 96372 units=2
    line J0561 units=24 mods=JZ

    ## Fix
    Bill one unit, or name the two sites and the reason in a note where the payer counts both.
    """
    most = pl.col("sw_MUL03.services").cast(pl.String).cast(pl.Int64, strict=False).fill_null(1)
    two = t.lines.filter(
        t.in_group("ADM")
        & (pl.col("day_units_milli") == 2 * _ONE)
        & (most < 2)
        & ~pl.col("is_void")
        & ~t.visit_has("IG")
        & ~t.visit_has("VAXP")
    )
    single = (
        _drugs_of_day(t, refs, two)
        .filter((pl.col("drugs") == 1) & ~pl.col("unclassified") & (pl.col("most") > _ONE))
        .join(refs.lazy("two_syringe").select(drug="hcpcs"), on="drug", how="anti")
    )
    explained = pl.col("line_note").is_not_null() | pl.col("description").is_not_null() | pl.col("noted")
    return (
        two.join(single, on="visit_id")
        .join(noted_claims(t).with_columns(noted=pl.lit(value=True)), on="claim_id", how="left")
        .with_columns(explained=explained.fill_null(value=False))
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code", "drug").first(),
            pl.col("line_id").slice(1).alias("related"),
            pl.col("explained").any(),
            (t.has_mod("X59") | t.has_mod("REPEAT")).any().alias("marked"),
        )
        .filter(~pl.col("explained") & ~pl.col("marked"))
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format(
                "{} has 2 units on the day for one drug ({}), and no note tells of two sites: a dose split for its volume"
                " is one service by default.",
                "code", "drug",
            ),
            found=pl.format("2 units, one drug ({})", "drug"),
            expected=pl.lit("one unit, or a note with both sites and the reason"),
        )
    )  # fmt: skip


@edit(
    "MUL05",
    name="modifier-59-for-repeat",
    category="compliance",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    refs=["drugs"],
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    source=["Cahaba questions and answers on 59 and 76", "NCCI Policy Manual 2026 I.E.d"],
)
def modifier_59_for_repeat(t: Facts, refs: References) -> pl.LazyFrame:
    """A second injection of the same drug carries 59 only because the code repeats.

    ## What it does
    Finds, among several 96372 lines of one provider and day with one drug, those with 59 where no note or description
    says more. Where the payer's way is 59 on the further lines nothing is found.

    ## Why it matters
    59 means another site or encounter. That a code repeats is what 76 says.

    ## Fails
    payer commercial
    line 96372
    line 96372 mods=59 # also MUL01
    line J0696 units=8

    ## Passes
    payer commercial
    line 96372
    line 96372 mods=59
    line J3420
    line J1885

    ## Fix
    Use 76 for a repeat; keep 59 or XS only where the record shows another site.
    """
    lines = t.lines.filter(
        t.in_group("ADM")
        & (pl.col("day_code_lines") > 1)
        & ~pl.col("is_void")
        & (pl.col("sw_repeat_injections") != "lines-59-76")
    )
    single = _drugs_of_day(t, refs, lines).filter((pl.col("drugs") == 1) & ~pl.col("unclassified"))
    own = (
        lines.filter(t.has_mod("ONLY_59") & pl.col("line_note").is_null() & pl.col("description").is_null())
        .join(single, on="visit_id")
        .join(noted_claims(t), on="claim_id", how="anti")
    )
    first = lines.group_by("day_code_id").agg(pl.col("line_id").min().alias("first_line"))
    return (
        own.join(first, on="day_code_id")
        .filter(~t.day_has("JOINT") & ~t.day_has("SURGERY") & ~t.day_has("INIT"))
        .select(
            "claim_id",
            "line_id",
            related=pl.when(pl.col("first_line") != pl.col("line_id")).then(pl.concat_list("first_line")),
            message=pl.format(
                "59 on a repeated {} of one drug ({}): 59 is another site, 76 is a repeat.", "code", "drug"
            ),
            found=pl.format("{} with 59, one drug", "code"),
            expected=pl.lit("76, or 59 with a note of the other site"),
        )
    )


@edit(
    "MUL07",
    name="injections-over-state-cap",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date", "units_milli"],
    group="CO",
    carc="119",
    element="SV104",
    box="24G",
    fix="advice",
    source="Texas CSHCN manual on the code before 96372: one a day unless the drugs must not be mixed",
)
def injections_over_state_cap(t: Facts, refs: References) -> pl.LazyFrame:
    """The injections of a day are more than a state pays.

    ## What it does
    Compares the units of 96372 of one provider and day with the cap of the policy (``MUL07.per_day``).

    ## Why it matters
    Single states pay one injection a day unless the drugs must not be mixed. The text found is old.

    ## Fails
    payer medicaid
    line 96372 units=2
    line J3420 ndc=00143962010
    line J1885 ndc=00409379501 qty=0.5

    ## Passes
    payer medicaid
    line 96372
    line J3420 ndc=00143962010

    ## Fix
    Look the cap up in the state's manual; say in a note why the drugs could not be mixed.

    ## Payers
    Information for Medicaid, off elsewhere.
    """
    cap = pl.col("sw_MUL07.per_day").cast(pl.String).cast(pl.Int64, strict=False)
    return (
        t.lines.filter(t.in_group("ADM") & ~pl.col("is_void") & (pl.col("day_units_milli") > _ONE))
        .with_columns(cap=cap)
        .filter(pl.col("day_units_milli") > pl.col("cap") * _ONE)
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code", "cap").first(),
            (pl.col("day_units_milli").first() // _ONE).alias("count"),
            pl.col("line_id").slice(1).alias("related"),
        )
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format("{} has {} units on the day; some states pay {} a day.", "code", "count", "cap"),
            found=pl.format("units: {}", "count"),
            expected=pl.format("units: {}, or a note why the drugs could not be mixed", "cap"),
        )
    )


@edit(
    "DUP03",
    name="injection-by-two-clinicians",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="18",
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="memory",
    source="coding practice: 77 or XP on the service of a second clinician of the group",
)
def injection_by_two_clinicians(t: Facts, refs: References) -> pl.LazyFrame:
    """Two clinicians of one group bill an injection of the same patient and day.

    ## What it does
    Finds 96372 of one patient, payer and day under one tax number and two rendering clinicians, where the second line
    has none of 76, 77 and XP.

    ## Why it matters
    The payer takes the second for a copy of the first (CO-18) or says that another clinician was paid (CO-B20).

    ## Fails
    payer commercial
    line 96372
    line 96372 rendering=other
    line J3420
    line J1885

    ## Passes
    payer commercial
    line 96372
    line 96372 rendering=other mods=77
    line J3420
    line J1885

    ## Fix
    Make sure that both injections were given; then 77 or XP on the second, which the record must support.
    """
    lines = t.lines.filter(
        t.in_group("ADM")
        & ~pl.col("is_void")
        & ~pl.col("stands_alone")
        & (pl.col("visit_code_lines") > pl.col("day_code_lines"))
        & pl.col("billing_tin").is_not_null()
        & pl.col("rendering_npi").is_not_null()
    )
    keys = ["visit_id", "billing_tin"]
    first = (
        lines.sort("line_id")
        .unique(keys, keep="first", maintain_order=True)
        .select(
            *keys,
            first_line="line_id",
            first_npi="rendering_npi",
            first_claim="claim",
            first_number="line",
            first_id="claim_id",
        )
    )
    return (
        lines.filter(~t.has_mod("OTHER_CLINICIAN"))
        .join(first, on=keys)
        .filter(pl.col("rendering_npi") != pl.col("first_npi"))
        .select(
            "claim_id",
            "line_id",
            related=pl.concat_list("first_line"),
            denied=pl.col("line_id"),
            message=pl.format(
                "{} of the same day by another clinician of the group stands on line {}{}: it reads as a duplicate.",
                "code",
                "first_number",
                pl.when(pl.col("first_id") != pl.col("claim_id"))
                .then(pl.format(" of claim {}", "first_claim"))
                .otherwise(pl.lit("")),
            ),
            found=pl.format("{} under two rendering clinicians", "code"),
            expected=pl.lit("77 or XP on the second, if the record shows two injections"),
        )
    )
