"""Where an NDC stands: on the drug's line, once, and only when the practice supplied the drug."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.content import has_ndc
from scrubjay.edits.products import eleven_digits
from scrubjay.facts import Facts
from scrubjay.refdata import References


@edit(
    "NDC06",
    name="ndc-on-administration",
    category="rejection",
    grain="line",
    scope="DRUG_ADMIN",
    element="LIN03",
    box="24A",
    fix="review",
    confidence="memory",
    source="Coding practice: the NDC belongs to the drug",
)
def ndc_on_administration(t: Facts, refs: References) -> pl.LazyFrame:
    """An administration line carries an NDC.

    ## What it does
    Finds administration codes (injections, infusions, vaccine administration) with an NDC.

    ## Why it matters
    The NDC names a product, and the line bills a service. Some state systems reject it, others price the line wrongly.

    ## Fails
    payer commercial
    line 96372 ndc=00143961901
    line J3420

    ## Passes
    payer commercial
    line 96372
    line J3420 ndc=00143961901

    ## Fix
    Move the NDC with its quantity to the line of the drug.
    """
    return t.lines.filter(t.in_group("DRUG_ADMIN") & has_ndc() & ~pl.col("is_void")).select(
        "claim_id",
        "line_id",
        segment=pl.col("lin_segment"),
        message=pl.format(
            "{} is an administration and carries NDC {}: an NDC belongs to the line of the drug.", "code", "ndc"
        ),
        found=pl.format("{} with NDC {}", "code", "ndc"),
        expected=pl.lit("the NDC on the line of the drug"),
    )


@edit(
    "NDC07",
    name="two-ndcs-of-one-code",
    category="denial",
    grain="line",
    scope="DRUG",
    group="CO",
    carc="18",
    element="LIN03",
    box="24A",
    fix="review",
    confidence="partly",
    supersedes=["DUP02"],
    source="ASC X12N 005010X222A1, loop 2410: one drug identification a line",
)
def two_ndcs_of_one_code(t: Facts, refs: References) -> pl.LazyFrame:
    """Two products of one code are not kept apart.

    ## What it does
    Finds lines with a second drug identification (LIN). Where the payer wants the NDC of every drug, it also finds
    lines of one code, provider and day with different NDCs of which the further ones have no 59, X, 76, 77, KP or KQ
    and no link number (REF*XZ).

    ## Why it matters
    A line holds one NDC: the second is lost. Two lines of one code read as duplicates unless a modifier says that the
    second is another product.

    ## Fails
    payer medicaid
    line 96372
    line J0696 units=2 ndc=00409733801 qty=1 uom=UN
    line J0696 units=4 ndc=00781320885 qty=1 uom=UN

    ## Passes
    payer medicaid
    line 96372
    line J0696 units=2 ndc=00409733801 qty=1 uom=UN
    line J0696 units=4 ndc=00781320885 qty=1 uom=UN mods=76

    ## Fix
    One line for each NDC, the further ones with the modifier that the state asks for (76, KP and KQ), or the parts of
    one mixture linked by REF*XZ.

    ## Payers
    A warning. The second line is judged only where every drug needs its NDC: Medicaid, UnitedHealthcare and others.
    """
    several = (pl.col("day_code_lines") > 1) & (pl.col("sw_ndc") == "all-drugs")
    drugs = t.lines.filter(t.in_group("DRUG") & ((pl.col("ndc_count") > 1) | several) & has_ndc() & ~pl.col("is_void"))
    doubled = drugs.filter(pl.col("ndc_count") > 1).select(
        "claim_id",
        "line_id",
        segment=pl.col("lin_segment"),
        related=pl.lit(None, dtype=pl.List(pl.UInt32)),
        denied=pl.lit(None, dtype=pl.UInt32),
        message=pl.format("{} has {} drug identifications on one line, and a line holds one NDC.", "code", "ndc_count"),
        found=pl.format("{} LIN segments", "ndc_count"),
        expected=pl.lit("one NDC a line"),
    )
    apart = (
        t.has_mod("X59")
        | t.has_mod("REPEAT")
        | t.has_mod("SEVERAL_NDC")
        | t.has_mod("JW")
        | pl.col("ndc_link").is_not_null()
    )
    beside = (
        drugs.filter(several)
        .with_columns(ndc11=pl.coalesce(eleven_digits(pl.col("ndc")), "ndc"), apart=apart)
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code", "ndc", "lin_segment").filter(~pl.col("apart")).get(1, null_on_oob=True),
            pl.col("line_id").filter(~pl.col("apart")).alias("plain"),
            pl.col("ndc11").filter(~pl.col("apart")).n_unique().alias("products"),
        )
        .filter((pl.col("products") > 1) & pl.col("line_id").is_not_null())
        .select(
            "claim_id",
            "line_id",
            segment=pl.col("lin_segment"),
            related=pl.col("plain").list.set_difference(pl.concat_list("line_id")),
            denied=pl.col("line_id"),
            message=pl.format(
                "{} stands on {} lines of one day with different NDCs, and nothing marks the further ones.",
                "code", pl.col("plain").list.len(),
            ),
            found=pl.format("NDC {} without a modifier", "ndc"),
            expected=pl.lit("76, KP and KQ as the state asks, or REF*XZ"),
        )
    )  # fmt: skip
    return pl.concat([doubled, beside])


@edit(
    "NDC08",
    name="ndc-without-drug",
    category="denial",
    grain="line",
    scope="DRUG_ADMIN",
    element="LIN03",
    box="24A",
    fix="review",
    supersedes=["NDC06"],
    source="Community Health Plan of Washington: billing for the administration of drugs",
)
def ndc_without_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """An NDC is sent though the practice did not supply the drug.

    ## What it does
    Finds administration lines with an NDC on a claim without any drug line.

    ## Why it matters
    The pharmacy has billed the drug with this NDC. A second NDC claims its rebate twice, and the encounter is rejected.

    ## Fails
    payer medicaid name="COMMUNITY HEALTH PLAN OF WASHINGTON"
    line 96372 ndc=00143961901 note="CYANOCOBALAMIN 1000 MCG IM FROM PHARMACY"

    ## Passes
    payer medicaid name="COMMUNITY HEALTH PLAN OF WASHINGTON"
    line 96372 note="CYANOCOBALAMIN 1000 MCG IM FROM PHARMACY"

    ## Fix
    Take the NDC off and name the drug in the line note. If the practice did buy the drug, bill it on its own line with
    the NDC.

    ## Payers
    Named Medicaid plans only (Community Health Plan of Washington); elsewhere the NDC is on the wrong line (NDC06).
    """
    rows = t.lines.filter(
        t.in_group("DRUG_ADMIN") & has_ndc() & ~t.claim_has("DRUG") & ~t.claim_has("VAXP") & ~pl.col("is_void")
    )
    return rows.select(
        "claim_id",
        "line_id",
        segment=pl.col("lin_segment"),
        denied="line_id",
        message=pl.format(
            "{} carries NDC {} and the claim has no drug: this payer wants no NDC of a supplied drug.", "code", "ndc"
        ),
        found=pl.format("NDC {} without a drug line", "ndc"),
        expected=pl.lit("no NDC; the drug named in the line note"),
    )
