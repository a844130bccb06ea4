"""Where the injection was given: facility visits, places a payer refuses, telehealth, line against claim."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import (
    at_place,
    beside,
    billed_by_person,
    injection_dies,
    of_group,
    spread_modifiers,
    taken_off,
)
from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


@edit(
    "EM04",
    name="visit-and-injection-in-facility",
    category="denial",
    grain="line",
    scope="INJ_INF",
    beside=["EM_ANY"],
    needs=["service_date", "pos"],
    refs=["pos_groups"],
    group="CO",
    carc="97",
    rarc=["M97", "N428"],
    element="SV101-2",
    box="24D",
    fix="advice",
    # The payer's own clause decides over the pair table and over a rule about the place alone.
    supersedes=["POS01", "POS02", "EM01", "EM02", "EM05", "EM06", "EM07", "EM16", "EM17", "NCC01", "NCC02"],
    source=[
        "UnitedHealthcare Injection and Infusion Services Policy 2022R0009A, 2023R0009A",
        "trade article quoting the clause of nine places of service",
    ],
)
def visit_and_injection_in_facility(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection stands beside a visit in a facility whose payer then pays the visit alone.

    ## What it does
    Finds 96372-96379 on the day of any visit by the same provider where both stand in the payer's list of facility
    places. Modifiers make no difference.

    ## Why it matters
    The payer's own clause: in these places only the visit is paid, whatever modifier the injection carries.

    ## Fails
    payer uhc
    claim pos=22
    line 99213 mods=25
    line 96372
    line J3420 ndc=00143962010

    ## Passes
    payer uhc
    line 99213 mods=25
    line 96372
    line J3420 ndc=00143962010

    # Urgent care is not in the list.
    payer uhc
    claim pos=20
    line 99213 mods=25
    line 96372
    line J3420 ndc=00143962010

    ## Fix
    Drop the injection; the facility bills it. Correct the place only if the record shows another one.

    ## Payers
    Deny for UnitedHealthcare commercial from 2022-01-01 (19, 21-24, 26, 51, 52, 61), off elsewhere.
    """
    given = t.lines.filter(pl.col("pos_refused") & t.in_group("INJ_INF") & t.visit_has("EM_ANY"))
    visits = t.lines.filter(pl.col("pos_refused") & t.in_group("EM_ANY") & t.visit_has("INJ_INF"))
    return merge_pairs(beside(given, visits), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "Injection {} beside visit {} in place {}{}: this payer pays the visit alone there, whatever the modifier.",
            "code_2",
            "code_1",
            "pos_2",
            elsewhere(),
        ),
        found=pl.format("{} with {} in place {}", "code_2", "code_1", "pos_2"),
        expected=pl.lit("the visit without the injection"),
    )


@edit(
    "EM05",
    name="subsequent-visit-with-injection",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["EM_SUBSEQ"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    rarc=["M97"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01"],
    source=[_PTP, "NCCI Policy Manual 2026 XI.B.7"],
)
def subsequent_visit_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection stands beside a subsequent hospital, nursing facility or newborn visit.

    ## What it does
    Finds 96372 on the day of 99231-99233, 99307-99310, 99460-99463 or 99465 by the same provider.

    ## Why it matters
    These visits are column 1 over 96372 with indicator 0: the injection is denied whatever modifier is added.

    ## Fails
    payer medicare-advantage
    claim pos=32
    line 99308
    line 96372
    line J3420

    claim pos=21
    line 99232 mods=25
    line 96372 mods=59 # also POS01
    line J3420

    ## Passes
    payer medicare-advantage
    claim pos=32
    line 99308

    ## Fix
    Drop the 96372 line; the facility reports what its own staff gives.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning, the payer's own wording was not found.
    """
    pairs = t.pairs.filter(applies_ncci() & t.pair_in(1, "EM_SUBSEQ") & t.pair_in(2, "ADM"))
    return injection_dies(
        pairs.with_columns(bypassed=pl.lit(value=False)),
        "NCCI pays the visit alone and no modifier changes that",
        "the visit without the injection",
    )


@edit(
    "EM06",
    name="facility-visit-with-injection",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["EM_ED_INITIAL"],
    needs=["service_date", "pos"],
    refs=["ptp", "pos"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 XI.B.7-8"],
)
def facility_visit_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection stands beside an emergency, first hospital or nursing, discharge or critical care visit.

    ## What it does
    Finds 96372 on the day of 99221-99223, 99234-99236, 99238-99239, 99281-99285, 99291, 99304-99306 or 99315-99316 by
    the same provider. Clear only where the injection was given outside a facility and the visit carries 25; where
    another modifier opens the pair it is a warning.

    ## Why it matters
    The visit is column 1, the injection is denied. The facility reports the drugs its staff gives, the clinician does
    not; 59 opens the pair in the payer's computer, and the place is still refused (POS01 for Medicare).

    ## Fails
    payer medicare-advantage
    claim pos=23
    line 99284
    line 96372
    line J3420

    ## Passes
    # Office injection in the morning, admitted by the same physician at night.
    line 96372
    line J3420
    line 99222 mods=25 pos=11

    ## Fix
    Drop the injection. Where it was a separate encounter outside the facility, a named person adds 25 to the visit.

    ## Payers
    Deny for Medicare and Medicare Advantage; elsewhere a warning, the payer's own wording was not found.
    """
    outside = ~pl.col("pos_facility_2").fill_null(value=False)
    pairs = t.pairs.filter(
        applies_ncci()
        & t.pair_in(1, "EM_ED_INITIAL")
        & t.pair_in(2, "ADM")
        & pl.col("pos_2").is_not_null()
        & ~(t.pair_has_mod(1, "SEPARATE") & outside)
    )
    return injection_dies(
        pairs,
        "NCCI pays the visit; the facility reports the drugs its staff gives",
        "the visit alone, or 25 on it where the injection was a separate encounter outside the facility",
    )


@edit(
    "EM18",
    name="injection-by-telehealth",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["pos"],
    refs=["pos_groups"],
    group="CO",
    carc="5",
    rarc=["M77"],
    element="SV105",
    box="24B",
    fix="review",
    confidence="memory",
    source="the nature of the service; X12 CARC 4, 5 and 58",
)
def injection_by_telehealth(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection is billed as telehealth.

    ## What it does
    Finds 96372 in place 02 or 10, or with a telehealth modifier (93, 95, GT, GQ, FQ). The place is that of the line:
    a telehealth visit may stand on the same claim in its own place.

    ## Why it matters
    Nobody can inject over a screen: payers deny the place (CO-5, CO-58) or the modifier (CO-4).

    ## Fails
    line 99213 mods=25,95
    line 96372 mods=95
    line J3420

    payer commercial
    claim pos=10
    line 96372
    line J3420

    ## Passes
    # Seen by video in the morning, injected in the office by the nurse.
    payer commercial
    claim pos=11
    line 99213 mods=25,95 pos=10
    line 96372 pos=11
    line J3420 pos=11

    ## Fix
    Remove the telehealth modifier from the injection; give the place where the patient was injected, from the record.
    """
    remote = t.in_place("POS_TELEHEALTH")
    rows = t.lines.filter(t.in_group("ADM") & (remote | t.has_mod("TELEHEALTH"))).with_columns(remote=remote)
    removed = taken_off(of_group(spread_modifiers(rows), refs, "TELEHEALTH")).rename({"element": "slot"})
    where = at_place()
    remote, worn = pl.col("remote"), pl.col("bad").is_not_null()
    place, modifier = pl.format("place {}", "pos"), pl.format("modifier {}", "bad")
    seen = (
        pl.when(remote & worn)
        .then(pl.format("{} and {}", place, modifier))
        .when(remote)
        .then(place)
        .otherwise(modifier)
    )
    return rows.join(removed, on="line_id", how="left").select(
        "claim_id",
        "line_id",
        "patches",
        denied="line_id",
        segment=pl.when(remote).then(where["segment"]).otherwise("segment"),
        element=pl.when(remote).then(where["element"]).otherwise("slot"),
        carc=pl.when(remote).then(pl.lit("5")).otherwise(pl.lit("4")),
        rarc=pl.when(remote).then(pl.lit(["M77"])).otherwise(pl.lit([], dtype=pl.List(pl.String))),
        message=pl.format("Injection {} with {}: an injection cannot be given by telehealth.", "code", seen),
        found=seen,
        expected=pl.lit("the place where the patient was injected, no telehealth modifier"),
    )


@edit(
    "POS01",
    name="injection-in-facility-place",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date", "pos"],
    refs=["pos", "taxonomy", "pos_groups"],
    group="CO",
    carc="5",
    rarc=["M97", "N428"],
    element="SV105",
    box="24B",
    fix="review",
    source=[
        "CMS PFS relative value files 2022-2026: PC/TC indicator 5, no facility practice expense",
        "NCCI Policy Manual 2026 XI.B.7, XI.N.2",
    ],
)
def injection_in_facility_place(t: Facts, refs: References) -> pl.LazyFrame:
    """A professional injection stands in a place that is paid at the facility rate.

    ## What it does
    Finds 96372 whose place (the line's, else the claim's) is a facility of the fee schedule. Place 31 is left to
    consolidated billing (POS06); a facility's own claim, billed under an organisation's taxonomy with no clinician
    named, is not judged.

    ## Why it matters
    96372 is incident to a clinician's service (indicator 5) and has no facility amount: in a facility the professional
    claim is paid nothing, with or without a visit.

    ## Fails
    claim pos=22
    line 96372
    line J3420

    ## Passes
    # Urgent care and a nursing facility without a covered stay are paid at the office rate.
    claim pos=20
    line 96372
    line J3420

    ## Fix
    Correct the place only if the record shows another one; otherwise drop the injection, the facility bills it.

    ## Payers
    Deny for Medicare; off elsewhere (EM04, POS02 and POS09 are other payers' own rules).
    """
    given = t.lines.filter(t.in_group("ADM") & pl.col("pos_refused") & ~t.in_place("POS_SNF"))
    return _refused(given, refs, "Injection {} in place {}: a professional injection has no facility amount.")


@edit(
    "POS02",
    name="administration-in-refused-place",
    category="denial",
    grain="line",
    scope="REG_ADMIN",
    needs=["service_date", "pos"],
    refs=["pos", "taxonomy", "pos_groups"],
    group="CO",
    carc="58",
    rarc=["M97"],
    element="SV105",
    box="24B",
    fix="advice",
    source="Regence Reimbursement Policy 109, effective 2024-11-01",
)
def administration_in_refused_place(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection or chemotherapy administration stands in a place where its payer pays no professional one.

    ## What it does
    Finds 96372, 96401-96402, 96409-96425 and 96521-96523 in the payer's list of places, with or without a visit. A
    facility's own claim, billed under an organisation's taxonomy with no clinician named, is not judged.

    ## Why it matters
    The payer holds the service to be the facility's own; the charge is written off, not the patient's.

    ## Fails
    payer regence
    claim pos=32
    line 96372
    line J3420

    payer regence
    claim pos=22
    line 96401 dx=1
    line J9260 dx=1

    ## Passes
    payer regence
    line 96372
    line J3420

    ## Fix
    Leave the line off: the facility bills it. Correct the place only if the record shows another one.

    ## Payers
    Deny for Regence from 2024-11-01 (fifteen places), off elsewhere.
    """
    given = t.lines.filter(t.in_group("REG_ADMIN") & pl.col("pos_refused"))
    return _refused(given, refs, "Service {} in place {}: this payer pays no professional administration there.")


def _refused(given: pl.LazyFrame, refs: References, message: str) -> pl.LazyFrame:
    """Return the hits of lines whose place alone refuses them."""
    return billed_by_person(given, refs).select(
        "claim_id",
        "line_id",
        denied="line_id",
        **at_place(),
        message=pl.format(message, "code", "pos"),
        found=pl.format("place {}", "pos"),
        expected=pl.lit("a place outside a facility, as the record shows it, or no line"),
    )


@edit(
    "POS03",
    name="line-place-differs-from-claim",
    category="denial",
    grain="line",
    refs=["pos"],
    group="CO",
    carc="16",
    rarc=["M77"],
    element="SV105",
    box="24B",
    fix="review",
    source="ASC X12 005010X222A1: SV105 overrides CLM05-1",
)
def line_place_differs_from_claim(t: Facts, refs: References) -> pl.LazyFrame:
    """A line's place and its claim's place differ, and one of them is a facility.

    ## What it does
    Finds lines whose SV105 differs from CLM05-1 where one of the two is paid at the facility rate and the other is not.
    Lines of a claim with the same place are one finding.

    ## Why it matters
    SV105 overrides the claim: which of the two is meant decides whether, and at which rate, the line is paid.

    ## Fails
    payer commercial
    claim pos=11
    line 96372 pos=22
    line J3420 pos=22

    ## Passes
    # Office and home are both outside a facility.
    claim pos=11
    line 99213 mods=25
    line 96372 pos=12
    line J3420 pos=12

    ## Fix
    Look up where the service was given and correct the wrong one; on a day in two places both may be right.
    """
    claim_places = refs.lazy("pos").select(claim_pos="pos", claim_facility="facility")
    differ = (
        t.lines.filter(pl.col("line_pos").is_not_null() & (pl.col("line_pos") != pl.col("claim_pos")))
        .join(claim_places, on="claim_pos", how="inner")
        .filter(pl.col("pos_facility") != pl.col("claim_facility"))
    )
    return (
        differ.sort("line_id")
        .group_by("claim_id", "line_pos", maintain_order=True)
        .agg(pl.col("line_id", "claim_pos", "code").first(), pl.col("line_id").alias("lines"), pl.len().alias("count"))
        .select(
            "claim_id",
            "line_id",
            related=pl.col("lines").list.slice(1),
            message=pl.format(
                "Line place {} differs from claim place {}: one is a facility, and the line's place decides the payment.",
                "line_pos",
                "claim_pos",
            ),
            found=pl.format("place {} on {} lines, {} on the claim", "line_pos", "count", "claim_pos"),
            expected=pl.lit("the place the record shows, on the line and on the claim"),
        )
    )
