"""Free text of a claim: is the substance named, does the text fit, is it in the right place."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import has_amount, has_route, no_text, with_texts
from scrubjay.edits.partners import on_dated_claims
from scrubjay.facts import Facts
from scrubjay.refdata import References

LONGEST = 80
"""Characters that SV101-7 and NTE02 hold in 005010X222A1."""


@edit(
    "NTE01",
    name="substance-not-named",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N349", "M123"],
    element="SV101-7",
    box="19",
    fix="advice",
    confidence="partly",
    supersedes=["DRG01"],
    source="X12 RARC N349 and M123",
)
def substance_not_named(t: Facts, refs: References) -> pl.LazyFrame:
    """Nothing on the claim says what was injected.

    ## What it does
    Finds a 96372 on a day without a drug line, on any claim of the run, where neither the line nor the claim has a
    description or note.

    ## Why it matters
    The payer asks back for the drug or denies the injection. A drug that the patient or a pharmacy supplied has no line
    of its own, so that a text is the only place to name it.

    ## Fails
    payer commercial
    line 96372

    ## Passes
    payer commercial
    line 96372 desc="CYANOCOBALAMIN 1000 MCG IM, PATIENT SUPPLIED"

    payer medicaid
    line 96372 note="MEDROXYPROGESTERONE 150 MG IM FROM PHARMACY"

    ## Fix
    Add the drug line; for a drug that others supplied put its name, dose and route into SV101-7 or the line note.

    ## Payers
    Off for Medicare, where the missing drug line itself is the denial (DRG01).
    """
    rows = t.lines.filter(t.in_group("ADM") & ~t.visit_has("DRUG"))
    return (
        with_texts(t, on_dated_claims(t, rows))
        .filter(no_text())
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.format("{} without a drug line and without a text: nothing says what was injected.", "code"),
            found=pl.lit("no drug line, no description, no note"),
            expected=pl.lit("the drug line, or the name, dose and route of a supplied drug"),
        )
    )


@edit(
    "NTE02",
    name="text-too-long",
    category="rejection",
    grain="line",
    start=["lines", "notes"],
    element="SV101-7",
    box="19",
    fix="review",
    source=["ASC X12 005010X222A1: NTE02 and SV101-7", "WPS tips for NOC drug claims: 80 characters"],
    supersedes=["ENV906"],
)
def text_too_long(t: Facts, refs: References) -> pl.LazyFrame:
    """A description or note is longer than the format allows.

    ## What it does
    Finds descriptions (SV101-7) and notes of lines and claims (NTE02) of more than 80 characters.

    ## Why it matters
    The clearinghouse or the payer's front end rejects the claim, or cuts the text so that the dose is lost.

    ## Fails
    line 96372
    line J3420 desc="CYANOCOBALAMIN 1000 MCG PER ML VIAL, DOSE 1000 MCG GIVEN INTRAMUSCULARLY, LEFT ARM"

    ## Passes
    line 96372
    line J3420 desc="CYANOCOBALAMIN 1000 MCG VIAL, DOSE 1000 MCG GIVEN INTRAMUSCULARLY IN LEFT ARM"

    ## Fix
    Shorten the text to 80 characters; keep name, strength, dose, route and NDC.
    """
    shape = {
        "message": pl.format("{} has {} characters and holds at most {}.", "element", "size", pl.lit(LONGEST)),
        "found": pl.format("{} characters", "size"),
        "expected": pl.format("at most {} characters", pl.lit(LONGEST)),
    }
    described, noted = pl.col("description").str.len_chars(), pl.col("text").str.len_chars()
    where = ["claim_id", "line_id", "segment"]
    rows = [
        t.lines.filter(pl.col("description").is_not_null() & (described > LONGEST)).select(
            *where, size=described, element=pl.lit("SV101-7")
        ),
        t.notes.filter(noted > LONGEST).select(*where, size=noted, element=pl.lit("NTE02")),
    ]
    return pl.concat(rows).with_columns(**shape).drop("size")


@edit(
    "NTE03",
    name="narrative-in-claim-note",
    category="denial",
    grain="line",
    scope="NOC_DRUG",
    group="CO",
    carc="16",
    rarc=["M123"],
    element="SV101-7",
    box="19",
    fix="review",
    source=["Palmetto GBA on unclassified drugs: SV101-7", "WPS tips for NOC drug claims"],
)
def narrative_in_claim_note(t: Facts, refs: References) -> pl.LazyFrame:
    """The narrative of an unclassified drug stands only in the note of the claim.

    ## What it does
    Finds unclassified drug codes without a description (SV101-7) and without a line note on a claim whose note speaks
    of a dose or a route.

    ## Why it matters
    The payer reads the narrative of an unclassified drug on its line. A claim note is not matched to the line, and the
    line is returned as without a narrative.

    ## Fails
    claim note="SAMPLEMAB 40 MG VIAL, DOSE 40 MG SC, 99999000101"
    line 96372
    line J3590 ndc=99999000101

    ## Passes
    claim
    line 96372
    line J3590 ndc=99999000101 desc="SAMPLEMAB 40 MG VIAL, DOSE 40 MG SC, 99999000101"

    ## Fix
    Move the text of the claim note to SV101-7 of the drug line. The text is not proposed as a change: notes may name
    the patient, and reports do not repeat them.

    ## Payers
    Deny for Medicare; elsewhere a warning, since many payers also read the claim note.
    """
    rows = t.lines.filter(t.in_group("NOC_DRUG") & (pl.col("description").fill_null("") == ""))
    texts = with_texts(t, rows)
    speaks = has_amount(pl.col("claim_text")) | has_route(pl.col("claim_text"))
    size = pl.col("claim_text").str.len_chars()
    fits = (
        pl.when(size <= LONGEST)
        .then(pl.format("its {} characters fit", size))
        .otherwise(pl.format("its {} characters do not fit and must be shortened", size))
    )
    return texts.filter((pl.col("line_text") == "") & speaks).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "The narrative of {} stands in the note of the claim and not in SV101-7 of its line; {}.", "code", fits
        ),
        found=pl.lit("SV101-7 empty, a note of the claim"),
        expected=pl.lit("the narrative in SV101-7"),
    )
