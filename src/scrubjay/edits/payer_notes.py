"""What one payer announced, or never said, about visits beside injections: notes, not faults."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import beside
from scrubjay.edits.words import elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References


def _separate_visits(t: Facts, group: str) -> pl.LazyFrame:
    """Return the visits of a group with 25, each with the injections beside it."""
    visits = t.lines.filter(t.in_group(group) & t.visit_has("ADM") & t.has_mod("SEPARATE"))
    injections = t.lines.filter(t.in_group("ADM") & t.visit_has(group))
    return merge_pairs(beside(visits, injections), on=2)


def _injection_alone(t: Facts, visits: pl.LazyFrame) -> pl.LazyFrame:
    """Drop the visits with another procedure beside them than the injection and its drug."""
    procedures = t.lines.filter(t.visit_has("ADM") & ~(t.in_group("ADM") | t.in_group("DRUG") | t.in_group("EM_ANY")))
    keys = procedures.select(pl.col("visit_id").alias("visit_id_2"))
    return visits.join(keys, on="visit_id_2", how="anti")


@edit(
    "EM14",
    name="records-for-25-not-due",
    category="hygiene",
    grain="line",
    scope="EM_ESTABLISHED",
    needs=["service_date"],
    group="CO",
    carc="252",
    element="SV101-3",
    box="24D",
    fix="advice",
    revision=2,
    source="AAFP on Cigna's policy for 25, announced 2022 and paused 2023-05",
)
def records_for_25_not_due(t: Facts, refs: References) -> pl.LazyFrame:
    """A payer that asked for records with 25 has no reason to ask for them here.

    ## What it does
    Names visits 99212 to 99215 with 25 beside a 96372 that is the only procedure of the day.

    ## Why it matters
    The payer announced in 2022 that it wants the office notes of these visits when they stand beside a procedure with
    0 or 10 global days, and paused the plan in May 2023. 96372 has no global days: a request (CO-252, CO-226) for this
    visit can be answered with that.

    ## Fails
    payer cigna
    claim dos=2023-03-02
    line 99213 mods=25
    line 96372
    line J3420

    ## Passes
    # The plan has been paused since.
    payer cigna
    line 99213 mods=25
    line 96372
    line J3420

    payer cigna
    claim dos=2023-03-02
    line 96372
    line J3420

    # A joint injection has a global day: the plan may apply.
    payer cigna
    claim dx=M17.11 dos=2023-03-02
    line 99213 mods=25
    line 20610 mods=RT
    line J3301 units=4

    ## Fix
    Nothing to correct. Keep the note of the visit at hand.

    ## Payers
    Cigna from 2022-01-01 to 2023-05-31, when the plan was paused: a request for a later visit has no such reason. EM21
    tells of its later rule.
    """
    return _injection_alone(t, _separate_visits(t, "EM_ESTABLISHED")).select(
        "claim_id",
        "line_id",
        "related",
        message=pl.format(
            "{} with 25 beside {}{}: the payer's record requests aim at procedures with 0 or 10 global days, not this.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with 25, {} the only procedure", "code_2", "code_1"),
        expected=pl.lit("no request for records on account of the injection"),
    )


@edit(
    "EM15",
    name="review-of-25-announced",
    category="hygiene",
    grain="line",
    scope="EM_OFF",
    needs=["service_date"],
    group="CO",
    carc="45",
    element="SV101-3",
    box="24D",
    fix="advice",
    revision=2,
    source="Anthem: cut of visits with 25 withdrawn in 2018; Anthem Indiana Medicaid newsletter 2024-11",
)
def review_of_25_announced(t: Facts, refs: References) -> pl.LazyFrame:
    """A payer that has announced reviews of visits gets one with 25 beside an injection.

    ## What it does
    Names office visits with 25 beside a 96372 that is the only procedure of the day.

    ## Why it matters
    The payer announced in November 2024 that it assesses selected visits. An older plan of the same house, to pay visits
    with 25 at a half and later at three quarters, was withdrawn in 2018; it was for procedures with 0 or 10 global days,
    and 96372 has none.

    ## Fails
    payer medicaid name="ANTHEM INDIANA MEDICAID"
    line 99213 mods=25
    line 96372
    line J3420 ndc=00143962010

    ## Passes
    payer medicaid name="ANTHEM INDIANA MEDICAID"
    line 96372
    line J3420 ndc=00143962010

    # The commercial plan withdrew its cut in 2018.
    payer anthem
    line 99213 mods=25
    line 96372
    line J3420

    ## Fix
    Nothing to correct. Compare the payment of the visit with the contract.

    ## Payers
    Anthem Indiana Medicaid from 2025-01-01.
    """
    return _injection_alone(t, _separate_visits(t, "EM_OFF")).select(
        "claim_id",
        "line_id",
        "related",
        message=pl.format(
            "{} with 25 beside {}{}: the payer announced reviews of such visits; the injection is no reason for a cut.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with 25, {} the only procedure", "code_2", "code_1"),
        expected=pl.lit("the visit paid in full"),
    )


@edit(
    "EM19",
    name="payer-rule-not-public",
    category="hygiene",
    grain="line",
    scope="EM_OFF",
    needs=["service_date"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="advice",
    confidence="memory",
    status="preview",
    revision=2,
    source="no public rule of the payer on visits beside injections could be retrieved",
)
def payer_rule_not_public(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit with 25 stands beside an injection at a payer whose rule is not public.

    ## What it does
    Names office visits with 25 beside a 96372. Without 25 EM01 says what NCCI says.

    ## Why it matters
    The visit is billed as NCCI wants it, but the payer has a code editor of its own and no text of it could be read:
    nobody can promise that both lines are paid.

    ## Fails
    payer aetna
    line 99213 mods=25
    line 96372
    line J3420

    ## Passes
    payer aetna
    line 96372
    line J3420

    payer aetna
    line 99213

    ## Fix
    Nothing to correct. Watch the remittance; a CO-97 with M14 or N19 tells the rule.

    ## Payers
    Aetna, with `--preview`: that a rule is not public is no fault of a claim.
    """
    return _separate_visits(t, "EM_OFF").select(
        "claim_id",
        "line_id",
        "related",
        message=pl.format(
            "{} with 25 beside {}{}: right by NCCI, but this payer has its own code editor and no public rule.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with 25, with {}", "code_2", "code_1"),
        expected=pl.lit("payment of both, not certain"),
    )


@edit(
    "EM21",
    name="level-may-be-lowered",
    category="hygiene",
    grain="line",
    scope="EM_LEVELED",
    needs=["service_date"],
    group="CO",
    carc="150",
    element="SV101-2",
    box="24D",
    fix="advice",
    source="trade page on Cigna's policy for visit levels, effective 2025-10-01",
)
def level_may_be_lowered(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit of a high level goes to a payer that may pay it one level lower.

    ## What it does
    Names 99204, 99205, 99214, 99215, 99244 and 99245.

    ## Why it matters
    The payer may pay the visit one level lower (CO-150, CO-45) when the codes of the claim do not support the level.
    Records restore it.

    ## Fails
    payer cigna
    line 99214

    ## Passes
    payer cigna
    line 99213

    # The policy begins on 2025-10-01.
    payer cigna
    claim dos=2025-09-30
    line 99214

    ## Fix
    Let the diagnoses say all that the visit dealt with, and send the record when the payment is lower. The level itself
    changes only by what the note supports.

    ## Payers
    Cigna from 2025-10-01.
    """
    return t.lines.filter(t.in_group("EM_LEVELED")).select(
        "claim_id",
        "line_id",
        message=pl.format(
            "{}: this payer may pay the visit one level lower when the claim does not support it; records restore it.",
            "code",
        ),
        found="code",
        expected=pl.lit("diagnoses and a note that carry the level"),
    )
