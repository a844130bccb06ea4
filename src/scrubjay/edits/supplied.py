"""Drugs that cost the practice nothing: the line of a cent, the payer that refuses it, and the free drug that is charged."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import names_substance, with_texts
from scrubjay.edits.partners import on_dated_claims
from scrubjay.edits.products import at_no_cost
from scrubjay.edits.told import says_free
from scrubjay.facts import Facts
from scrubjay.refdata import References

_MACS = [
    "NGS on drugs supplied by the patient",
    "CGS drug administration reminder, 2021-03",
    "Benefit Policy Manual ch. 15 s60.1A",
]


@edit(
    "DRG04",
    name="supplied-drug-without-cent-line",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N349", "M123"],
    element="SV102",
    box="24F",
    fix="review",
    supersedes=["DRG01"],
    source=_MACS,
)
def supplied_drug_without_cent_line(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug that the practice did not buy is not reported as the payer wants it.

    ## What it does
    Where the payer takes such a drug on a line of $0.01 with a narrative, finds beside an injection: a drug line of
    $0.00, a line of a cent without any text, and an injection whose text says that the patient or a pharmacy supplied
    the drug while no drug line stands on the day.

    ## Why it matters
    The injection stays payable if the payer would cover the drug, but only when the claim says which drug it was. A
    line without a charge is not read at all.

    ## Fails
    line 96372
    line J3420 charge=0.00 desc="CYANOCOBALAMIN 1000 MCG IM SUPPLIED BY PATIENT"

    line 96372 desc="CYANOCOBALAMIN 1000 MCG IM SUPPLIED BY PATIENT"

    line 96372
    line J3420 charge=0.01

    ## Passes
    line 96372
    line J3420 charge=0.01 desc="CYANOCOBALAMIN 1000 MCG IM SUPPLIED BY PATIENT"

    ## Fix
    Report the drug on this claim at $0.01 with its name, dose and route in SV101-7 (box 19), if the record shows that
    the practice did not buy it.

    ## Payers
    Medicare from 2021. Others have no such line: DRG05 where it is refused, DRG06 where it means nothing.
    """
    cent = pl.col("sw_patient_supplied") == "cent"
    given = t.in_group("DRUG") & at_no_cost() & ~t.has_mod("STATE_SUPPLIED")
    bare = t.in_group("ADM") & ~t.visit_has("DRUG") & pl.col("visit_worded")
    lines = t.lines.filter(cent & ~pl.col("is_void") & t.visit_has("ADM") & (given | bare))
    free = with_texts(t, lines.filter(given))
    nothing = pl.col("charge_cents") == 0
    charged = free.filter(nothing | ~names_substance()).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.when(nothing)
        .then(pl.format("{} has a charge of $0.00: this payer reads a drug that cost nothing only at $0.01.", "code"))
        .otherwise(pl.format("{} at $0.01 has no text that names drug, dose and route.", "code")),
        found=pl.when(nothing).then(pl.lit("$0.00")).otherwise(pl.lit("$0.01 without a narrative")),
        expected=pl.lit("$0.01 with name, dose and route in SV101-7"),
        element=pl.when(nothing).then(pl.lit("SV102")).otherwise(pl.lit("SV101-7")),
    )
    alone = on_dated_claims(t, lines.filter(bare))
    told = pl.concat_str("line_text", "claim_text", separator=" ")
    absent = with_texts(t, alone).filter(says_free(told)).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} with a drug that others supplied and no drug line: this payer wants the drug here at $0.01.", "code"
        ),
        found=pl.lit("no drug line"),
        expected=pl.lit("a drug line of $0.01 with name, dose and route in SV101-7"),
        element=pl.lit("SV101-2"),
    )  # fmt: skip
    return pl.concat([charged, absent])


@edit(
    "DRG05",
    name="cent-line-refused",
    category="denial",
    grain="line",
    scope="DRUG",
    element="SV102",
    box="24F",
    fix="review",
    supersedes=["NDC01"],
    source="Community Health Plan of Washington: billing for the administration of drugs",
)
def cent_line_refused(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug line of a cent goes to a payer that refuses it.

    ## What it does
    Finds drug lines of $0.01 or less where the payer wants no line for a drug that the practice did not buy.

    ## Why it matters
    The encounter is rejected, and the NDC would claim a rebate for a drug that another claim already reports.

    ## Fails
    payer medicaid name="COMMUNITY HEALTH PLAN OF WASHINGTON"
    line 96372
    line J3420 charge=0.01 ndc=00143961901

    ## Passes
    payer medicaid name="COMMUNITY HEALTH PLAN OF WASHINGTON"
    line 96372 note="CYANOCOBALAMIN 1000 MCG IM FROM PHARMACY"

    ## Fix
    Remove the drug line with its NDC and name the drug in the line note of the injection.

    ## Payers
    Named Medicaid plans only (Community Health Plan of Washington). Medicare wants the opposite (DRG04).
    """
    refused = pl.col("sw_patient_supplied") == "no-cent"
    rows = t.lines.filter(
        t.in_group("DRUG") & refused & at_no_cost() & ~pl.col("is_void") & ~t.has_mod("STATE_SUPPLIED")
    )
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} at {}: this payer wants no line and no NDC for a drug that the practice did not buy.", "code", _charge()
        ),
        found=_charge(),
        expected=pl.lit("no drug line; the drug named in the line note of the injection"),
    )


@edit(
    "DRG06",
    name="cent-line-elsewhere",
    category="hygiene",
    grain="line",
    scope="DRUG",
    group="CO",
    carc="45",
    element="SV102",
    box="24F",
    fix="review",
    confidence="memory",
    source="Coding practice: a line of a cent is a convention of Medicare contractors",
)
def cent_line_elsewhere(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug line of a cent goes to a payer that does not ask for it.

    ## What it does
    Finds drug lines of $0.01 or less where the payer neither asks for them nor refuses them. State supplied products
    (SL) are left out.

    ## Why it matters
    The cent is written off or denied and leaves a balance that somebody has to clear.

    ## Fails
    payer commercial
    line 96372
    line J3420 charge=0.01

    ## Passes
    payer commercial
    line 96372 desc="CYANOCOBALAMIN 1000 MCG IM, PATIENT SUPPLIED"

    ## Fix
    Remove the drug line and name the drug in the text of the injection, or charge the drug that the practice bought.

    ## Payers
    A warning; off for Medicare and Medicare Advantage, which take the line, and for plans that refuse it (DRG05).
    """
    plain = pl.col("sw_patient_supplied") == "note"
    rows = t.lines.filter(t.in_group("DRUG") & plain & at_no_cost() & ~pl.col("is_void") & ~t.has_mod("STATE_SUPPLIED"))
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format("{} at {}: a line that asks for nothing means nothing to this payer.", "code", _charge()),
        found=_charge(),
        expected=pl.lit("no drug line for a drug that cost nothing, or its charge"),
    )


@edit(
    "DRG23",
    name="free-drug-charged",
    category="compliance",
    grain="line",
    beside=["text"],
    scope="DRUG",
    element="SV102",
    box="24F",
    fix="review",
    source=["AAPC on sample drugs", *_MACS[:1]],
)
def free_drug_charged(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug that cost the practice nothing is charged.

    ## What it does
    Finds drug lines with a charge above $0.01 whose text says sample, VFC, or supplied by the patient or a pharmacy.
    A claim note counts where the claim has one drug line.

    ## Why it matters
    Charging for a free drug is a false claim.

    ## Fails
    payer commercial
    line 96372
    line J3420 charge=20.00 desc="CYANOCOBALAMIN 1000 MCG IM, SAMPLE"

    ## Passes
    payer commercial
    line 96372
    line J3420 charge=20.00 desc="CYANOCOBALAMIN 1000 MCG IM, PRESERVATIVE FREE, PHARMACY BULK"

    ## Fix
    Take the charge away: $0.01 where the payer asks for that line, else no drug line and its name in the text of the
    injection. If the practice bought the drug, correct the text.

    ## Payers
    Deny everywhere. What only the claim note says is a warning.
    """
    rows = t.lines.filter(
        t.in_group("DRUG") & pl.col("visit_worded") & (pl.col("charge_cents") > 1) & ~pl.col("is_void")
    )
    noted = t.notes.filter(says_free(pl.col("text"))).select("claim_id")
    described = says_free(pl.col("description")).fill_null(value=False)
    near = rows.filter(described).select("line_id")
    suspects = pl.concat([near, rows.join(noted, on="claim_id", how="semi").select("line_id")]).unique()
    drugs = (
        t.lines.filter(t.in_group("DRUG"))
        .join(noted, on="claim_id", how="semi")
        .group_by("claim_id")
        .agg(drugs=pl.len())
    )
    own = says_free(pl.col("line_text"))
    return (
        with_texts(t, rows.join(suspects, on="line_id", how="semi"))
        .join(drugs, on="claim_id", how="left")
        .filter(own | (says_free(pl.col("claim_text")) & (pl.col("drugs") == 1)))
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            level_cap=pl.when(~own).then(pl.lit("warn")),
            message=pl.format(
                "{} is charged at {} and the text says that the drug cost the practice nothing.", "code", _charge()
            ),
            found=_charge(),
            expected=pl.when(pl.col("sw_patient_supplied") == "cent")
            .then(pl.lit("$0.01"))
            .otherwise(pl.lit("no charge for the drug")),
        )
    )


def _charge() -> pl.Expr:
    """Write the charge of the line in dollars."""
    cents = pl.col("charge_cents")
    return pl.format("${}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2))
