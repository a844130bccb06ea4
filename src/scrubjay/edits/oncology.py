"""Injections of cancer drugs: 96401, 96402 and 96372."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.bundles import bundled, shut
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


@edit(
    "ONC01",
    name="complex-code-for-plain-drug",
    category="compliance",
    grain="line",
    scope="CHEMO_SCIM",
    beside=["ONC_NOT_COMPLEX"],
    needs=["service_date"],
    refs=["groups"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    source=[
        "NGS Medicare article A58620 (2021-05-01), drugs that are not complex",
        "Independence Blue Cross list of 2022-04-26",
        "Noridian, IOM 100-04 chapter 12 section 30.5 as of 2025-01-02; retired articles A58527 and A59073",
    ],
)
def complex_code_for_plain_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """96401 or 96402 is billed for a drug on a contractor's list of drugs that are not complex.

    ## What it does
    Finds 96401 or 96402 whose only drugs of the day are on the list (denosumab, filgrastim, omalizumab and the like).
    Beside any other drug the code may be that drug's, and nothing is said.

    ## Why it matters
    The drugs of the list are injected with no more work than other drugs: payers that keep the list pay 96372 and
    take back the difference. Since 2025 Medicare's manual weighs the work, not the name of the drug alone.

    ## Fails
    claim dx=M81.0
    line 96401
    line J0897 units=60 mods=JZ

    ## Passes
    claim dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ

    ## Fix
    Bill 96372, unless the record shows work of the chemotherapy kind or the payer has a rule of its own for the drug.

    ## Payers
    Warn for Medicare from 2021-05-01 and for Independence from 2022-04-26; information elsewhere, and wherever the
    policy weighs the work and not the name (``complex_drugs``).
    """
    by_work = pl.col("sw_complex_drugs") == "work"
    lines = t.lines.filter(t.in_group("CHEMO_SCIM") & t.visit_has("ONC_NOT_COMPLEX"))
    drugs = t.lines.filter(t.in_group("DRUG") & t.visit_has("CHEMO_SCIM") & t.visit_has("ONC_NOT_COMPLEX"))
    listed = t.in_group("ONC_NOT_COMPLEX")
    only = drugs.group_by("visit_id").agg(
        pl.col("code").unique().sort().str.join(", ").alias("drugs"),
        pl.col("line_id").alias("related"),
        listed.all().alias("all_listed"),
    )
    hits = lines.join(only.filter("all_listed"), on="visit_id")
    return hits.select(
        "claim_id",
        "line_id",
        "related",
        level_cap=pl.when(by_work).then(pl.lit("info")),
        message=pl.when(by_work)
        .then(
            pl.format(
                "{} is billed for {}, which some payers list as not complex; this one weighs the work, which the record must show.",
                "code",
                "drugs",
            )
        )
        .otherwise(
            pl.format(
                "{} is billed for {}, which a contractor lists as not complex: 96372 is its injection code, unless the work tells another.",
                "code",
                "drugs",
            )
        ),
        found=pl.format("{} with {}", "code", "drugs"),
        expected=pl.when(by_work)
        .then(pl.lit("a record of work like that of chemotherapy, else 96372"))
        .otherwise(pl.lit("96372, or a record of work like that of chemotherapy")),
    )


@edit(
    "ONC02",
    name="plain-code-for-hormonal-cancer-drug",
    category="underpayment",
    grain="line",
    scope="ADM",
    beside=["ONC_HORMONAL"],
    needs=["service_date"],
    refs=["groups", "dx_groups"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="partly",
    source=[
        "Trade page of 2026-05 naming the drugs of 96401 and 96402",
        "Independence Blue Cross list of 2022-04-26 (J3315 without 96401)",
    ],
)
def plain_code_for_hormonal_cancer_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """96372 is billed for a hormonal cancer drug given for cancer.

    ## What it does
    Finds 96372 beside leuprolide, fulvestrant, degarelix, triptorelin or goserelin where the injection or the drug
    points to breast or prostate cancer, and no 96401 or 96402 is on the day.

    ## Why it matters
    The hormonal antineoplastic has its own code, 96402, which pays about two and a half times as much.

    ## Fails
    claim dx=C61
    line 96372
    line J9217 units=6 mods=JZ

    ## Passes
    claim dx=C61
    line 96402
    line J9217 units=6 mods=JZ

    ## Fix
    Bill 96402 when the drug was given against the cancer. For endometriosis, early puberty or another use 96372 is
    right: then point to that diagnosis.
    """
    cancer = t.points_to("DX_CANCER_HORMONAL")
    adm = t.lines.filter(t.in_group("ADM") & t.day_has("ONC_HORMONAL") & ~t.visit_has("CHEMO_SCIM"))
    drugs = t.lines.filter(t.in_group("ONC_HORMONAL") & t.day_has("ADM"))
    per_day = drugs.group_by("day_id").agg(
        pl.col("code").unique().sort().str.join(", ").alias("drugs"),
        pl.col("line_id").alias("related"),
        cancer.any().alias("drug_for_cancer"),
    )
    hits = adm.join(per_day, on="day_id").filter(cancer | pl.col("drug_for_cancer"))
    return hits.select(
        "claim_id",
        "line_id",
        "related",
        message=pl.format(
            "{} is billed beside {} for breast or prostate cancer: a hormonal cancer drug is given under 96402.",
            "code",
            "drugs",
        ),
        found=pl.format("{} with {}, cancer diagnosis", "code", "drugs"),
        expected=pl.lit("96402 for the cancer drug"),
    )


@edit(
    "ONC03",
    name="injection-with-chemo-injection",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["CHEMO_SCIM"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 I.E", "CMS CR 11168 (59 and X modifiers on either line from 2019-07-01)"],
)
def injection_with_chemo_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside 96401 or 96402 without a modifier.

    ## What it does
    Finds 96372 on the day of 96401 or 96402 by the same provider where neither line carries 59 or an X modifier.

    ## Why it matters
    NCCI takes the two for one injection: 96372, column 2 of the pair, is denied as CO-236.

    ## Fails
    claim dx=C50.911,D51.0
    line 96402
    line J9395 units=20 mods=JZ
    line 96372 dx=2
    line J3420 dx=2

    ## Passes
    claim dx=C50.911,D51.0
    line 96402
    line J9395 units=20 mods=JZ
    line 96372 mods=59 dx=2
    line J3420 dx=2

    ## Fix
    Add 59 or the X modifier that fits to 96372 only if the record shows a second drug by its own injection; otherwise
    drop 96372.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    return bundled(
        t.pairs.filter(t.pair_in(2, "ADM") & t.pair_in(1, "CHEMO_SCIM") & shut()),
        "{1} stands beside {0} without 59 or an X modifier: NCCI takes the plain injection for part of the cancer drug's",
        "59 or an X modifier on {1} where the record shows a second drug, else no {1}",
    )
