"""Injections for imaging, nuclear studies and stimulation tests."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import beside
from scrubjay.edits.words import elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References


@edit(
    "PRC08",
    name="contrast-injection-billed",
    category="denial",
    grain="line",
    scope="INFUSION",
    needs=["service_date"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02", "DRG01", "NTE01"],
    source=["NCCI Policy Manual 2026 IX.D.1, IX.D.5-6 and IX.E.1"],
)
def contrast_injection_billed(t: Facts, refs: References) -> pl.LazyFrame:
    """The injection of a contrast agent, a tracer or a dye is billed beside its study.

    ## What it does
    Finds 96360 to 96379 on the day of a study of 70010-79999 by the same provider where the only substance of the day
    is a contrast agent, a tracer or a dye. With another drug on the day the line may belong to that one, and the
    general pair edit asks for its 59 or XU.

    ## Why it matters
    Bringing the agent into the patient is part of the study unless CPT names an injection code for it. The
    administration is denied as CO-97 or CO-236, and 59 on it misuses the modifier.

    ## Fails
    claim dx=R10.9
    line 74160
    line Q9967 units=100
    line 96374

    ## Passes
    claim dx=R10.9
    line 74160
    line Q9967 units=100

    claim dx=R10.9,E53.8
    line 74160 dx=1
    line Q9967 units=100 dx=1
    line 96372 mods=59 dx=2
    line J3420 dx=2

    ## Fix
    Drop the administration.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    agent_alone = t.visit_has("IMAGING") & t.visit_has("CONTRAST") & ~t.visit_has("DRUG") & ~t.visit_has("VAXP")
    given = t.lines.filter(t.in_group("INFUSION") & agent_alone)
    studies = t.lines.filter((t.in_group("IMAGING") | t.in_group("CONTRAST")) & agent_alone & t.visit_has("INFUSION"))
    found = beside(given, studies)
    study = beside(given, studies.filter(t.in_group("IMAGING"))).select("line_id_2", study="code_1").unique("line_id_2")
    return merge_pairs(found.join(study, on="line_id_2"), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} beside study {}{} with a contrast agent, tracer or dye alone: giving it is part of the study.",
            "code_2",
            "study",
            elsewhere(),
        ),
        found=pl.format("{} with {} and no other drug", "code_2", "study"),
        expected=pl.format("no {}", "code_2"),
    )


@edit(
    "PRC09",
    name="stimulation-test-agent-payable",
    category="hygiene",
    grain="line",
    scope="EVOCATIVE_ADMIN",
    needs=["service_date", "pos"],
    refs=["pos"],
    group="CO",
    element="SV101-2",
    box="24D",
    fix="advice",
    source="NCCI Policy Manual 2026 X.D",
)
def stimulation_test_agent_payable(t: Facts, refs: References) -> pl.LazyFrame:
    """The agent of a stimulation or suppression test was given in the office: it may be billed beside the test.

    ## What it does
    Names 96365 to 96379 beside a test of 80400-80439 by the same provider outside a facility, and says whether the day
    has the agent's own code.

    ## Why it matters
    The test codes pay the laboratory alone. Giving the agent, and the agent itself, are payable beside them in the
    office; a visit needs work of its own and 25. In a facility only the facility reports the administration.

    ## Fails
    claim dx=E27.40
    line 80400
    line 96372
    line J0834 mods=JZ

    ## Passes
    claim dx=E27.40
    line 80400

    ## Fix
    Nothing to correct. Bill the agent under its J code.
    """
    given = t.lines.filter(
        t.in_group("EVOCATIVE_ADMIN") & t.visit_has("EVOCATIVE_TEST") & ~pl.col("pos_facility").fill_null(value=True)
    ).with_columns(agent=t.visit_has("DRUG"))
    tests = t.lines.filter(t.in_group("EVOCATIVE_TEST") & t.visit_has("EVOCATIVE_ADMIN"))
    agents = given.select(pl.col("line_id").alias("line_id_2"), "agent")
    said = pl.when("agent").then(pl.lit("")).otherwise(pl.lit("; the agent's own code is not on the day"))
    return merge_pairs(beside(given, tests).join(agents, on="line_id_2"), on=2).select(
        "claim_id",
        "line_id",
        "related",
        message=pl.format(
            "{} beside test {}{}: giving the agent is payable beside the test in the office{}.",
            "code_2",
            "code_1",
            elsewhere(),
            said,
        ),
        found=pl.format("{} with {}", "code_2", "code_1"),
        expected=pl.lit("the administration and the agent's J code"),
    )
