"""Visits (evaluation and management) on the day of an injection."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import beside, injection_dies, merged_visits, of_group, spread_modifiers, taken_off
from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


@edit(
    "EM01",
    name="office-visit-without-25",
    category="denial",
    grain="line",
    scope="EM_OFF",
    start="pairs",
    beside=["ADM"],
    needs=["service_date", "pos"],
    refs=["ptp", "pos"],
    group="CO",
    carc="97",
    rarc=["M15", "N19", "N20"],
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 XI.B.8 and I.E.b", "X12 CARC 97 and 236"],
)
def office_visit_without_25(t: Facts, refs: References) -> pl.LazyFrame:
    """An office visit stands beside an injection without modifier 25.

    ## What it does
    Finds a non-facility office visit on the day of a 96372 by the same provider whose visit line does not carry 25.
    A 59 or X modifier on the injection does not replace it, unless the policy says that the payer takes it
    (``visit_opened_by_59``); with 24 or 57 on the visit it is a warning.

    ## Why it matters
    NCCI holds the visit as column 2 of the injection: Medicare denies the visit, other payers the injection, as
    CO-97 or CO-236. With 25 both are paid where the record shows a separate, significant evaluation.

    ## Fails
    line 99213
    line 96372
    line J3420

    payer aetna
    line 99203
    line 96372
    line J3420

    ## Passes
    line 99213 mods=25
    line 96372
    line J3420

    # The same diagnosis on both lines and a new patient are no fault.
    line 99203 mods=25 dx=1
    line 96372 dx=1
    line J3420 dx=1

    ## Fix
    Add 25 to the visit only if the note shows an evaluation beyond the decision to inject; otherwise drop the visit.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    pairs = t.pairs.filter(
        applies_ncci()
        & t.pair_in(1, "ADM")
        & t.pair_in(2, "EM_OFF")
        & ~t.pair_has_mod(2, "SEPARATE")
        & ~((pl.col("sw_visit_opened_by_59") == "true") & t.pair_has_mod(1, "X59"))
        & pl.col("pos_2").is_not_null()
        & ~pl.col("pos_facility_2").fill_null(value=False)
    )
    visit_dies = pl.col("sw_em_denied") == "visit"
    return merged_visits(pairs, on=2).select(
        "claim_id",
        "line_id",
        "related",
        "outcome",
        # 24 and 57 open the pair in the payer's computer; they say something else than 25.
        level_cap=pl.when(t.pair_has_mod(2, "NCCI_EM")).then(pl.lit("warn")),
        denied=pl.when(visit_dies).then(pl.col("line_id")).otherwise(pl.col("line_id_1")),
        message=pl.format(
            "Office visit {} without 25 beside injection {}{}: NCCI bundles the visit into the injection{}.",
            "code_2",
            "code_1",
            elsewhere(),
            "doubt",
        ),
        found=pl.format("{} without 25, with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit("25 on the visit where the note supports a separate evaluation, else no visit"),
    )


@edit(
    "EM02",
    name="nurse-visit-with-injection",
    category="denial",
    grain="line",
    scope="EM_99211",
    start="pairs",
    beside=["ADM"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="97",
    rarc=["N20"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01"],
    source=[_PTP, "CMS transmittal on visits with drug administration, 2005-10-28", "NCCI Policy Manual 2026 XI.B.8"],
)
def nurse_visit_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A 99211 stands beside an injection.

    ## What it does
    Finds 99211 on the day of a 96372 by the same provider, whatever its modifiers.

    ## Why it matters
    The work of 99211 is part of what 96372 pays; the pair has indicator 0, so 99211 is always the one denied.

    ## Fails
    line 99211 mods=25
    line 96372
    line J3420

    ## Passes
    line 96372
    line J3420

    # An injection may stand beside a visit of a higher level.
    line 99212 mods=25
    line 96372
    line J3420

    ## Fix
    Drop the 99211 line.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning, the payer's own wording was not found.
    """
    # The transmittal of 2005 is older than 96372 itself: a pair whose first day the table does not tell hits as well.
    pairs = t.pairs.filter(applies_ncci() & t.pair_in(1, "ADM") & t.pair_in(2, "EM_99211"))
    return merge_pairs(pairs, on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} is never paid beside {}{}: its work is part of the injection.", "code_2", "code_1", elsewhere()
        ),
        found=pl.format("{} with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.format("no {}; no modifier opens this pair", "code_2"),
    )


@edit(
    "EM03",
    name="nurse-visit-with-other-administration",
    category="denial",
    grain="line",
    scope="EM_99211",
    needs=["service_date"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["NCC01", "NCC02"],
    source=["NCCI Policy Manual 2026 XI.B.8, XI.B.15, XI.N.3", _PTP],
)
def nurse_visit_with_other_administration(t: Facts, refs: References) -> pl.LazyFrame:
    """A 99211 stands beside an infusion, a chemotherapy injection or a vaccine administration.

    ## What it does
    Finds 99211 on the day of 96360-96379 (96372 is EM02), 96380, 96381, 96401-96425 or a vaccine administration by the
    same provider, whatever its modifiers. Where the policy follows the pair table (``nurse_visit_with_vaccine``), 25
    opens it beside a vaccine.

    ## Why it matters
    The manual holds 99211 inside every drug and vaccine administration. The pair table lets a modifier through for
    vaccines, the manual does not: 25 does not help.

    ## Fails
    line 99211 mods=25
    line 90471 dx=1
    line 90715 dx=1

    line 99211
    line 96374
    line J1885 mods=JZ

    ## Passes
    line 90471
    line 90715

    line 99211

    ## Fix
    Drop the 99211 line.

    ## Payers
    Deny for Medicare and Medicare Advantage; elsewhere a warning, the payer's own wording was not found.
    """
    given = t.in_group("INFUSION") | t.in_group("CHEMO_EM") | t.in_group("RSV_ADMIN") | t.in_group("VAXA")
    day = t.visit_has("INFUSION") | t.visit_has("CHEMO_EM") | t.visit_has("RSV_ADMIN") | t.visit_has("VAXA")
    drug = t.visit_has("INFUSION") | t.visit_has("CHEMO_EM") | t.visit_has("RSV_ADMIN")
    opened = (pl.col("sw_nurse_visit_with_vaccine") == "with-25") & t.has_mod("SEPARATE") & ~drug
    nurse = t.lines.filter(applies_ncci() & t.in_group("EM_99211") & day & ~opened)
    other = t.lines.filter(t.visit_has("EM_99211") & given & ~t.in_group("ADM"))
    return merge_pairs(beside(nurse, other), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} is not paid beside {}{}: its work is part of every drug and vaccine administration.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.format("no {}, with or without a modifier", "code_2"),
    )


@edit(
    "EM07",
    name="home-visit-without-25",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["EM_HOME"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 XI.B.8"],
)
def home_visit_without_25(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection stands beside a home visit without modifier 25.

    ## What it does
    Finds 96372 on the day of 99341-99350 by the same provider where the visit does not carry 25. Where 59 or an X
    modifier on the injection opens the pair it is a warning: the manual asks for 25 on the visit.

    ## Why it matters
    Here the visit is column 1, so the injection is the line denied; the 25 that opens the pair stands on the visit
    nevertheless.

    ## Fails
    claim pos=12
    line 99349
    line 96372
    line J3420

    ## Passes
    claim pos=12
    line 99349 mods=25
    line 96372
    line J3420

    ## Fix
    Add 25 to the home visit only if the note shows an evaluation beyond the decision to inject; otherwise bill one.

    ## Payers
    Deny for Medicare and Medicare Advantage; elsewhere a warning, the payer's own wording was not found.
    """
    pairs = t.pairs.filter(
        applies_ncci() & t.pair_in(1, "EM_HOME") & t.pair_in(2, "ADM") & ~t.pair_has_mod(1, "SEPARATE")
    )
    return injection_dies(
        pairs,
        "NCCI bundles the injection into a home visit that has no 25",
        "25 on the home visit where the note supports a separate evaluation",
    )


@edit(
    "EM08",
    name="preventive-visit-without-25",
    category="denial",
    grain="line",
    scope="PREV",
    beside=["ADM"],
    needs=["service_date"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="partly",
    source=["CMS NCCI PTP edits, practitioner services, 2024 Q3: no row for these visits", "commercial payers' habit"],
)
def preventive_visit_without_25(t: Facts, refs: References) -> pl.LazyFrame:
    """A preventive visit stands beside an injection without modifier 25.

    ## What it does
    Finds 99381-99397, G0402, G0438 or G0439 without 25 on the day of a 96372 by the same provider.

    ## Why it matters
    NCCI has no pair for these codes, but many commercial payers bundle the injection unless the visit carries 25.

    ## Fails
    payer commercial
    line 99396
    line 96372
    line J3420

    ## Passes
    payer commercial
    line 99396 mods=25
    line 96372
    line J3420

    # Medicare has no pair and wants no modifier here.
    line G0439
    line 96372
    line J3420

    ## Fix
    Add 25 to the preventive visit if the injection was for a problem of its own and the note shows it.

    ## Payers
    Off for Medicare and Medicare Advantage, a warning elsewhere.
    """
    visit = t.lines.filter(
        t.in_group("PREV") & t.visit_has("ADM") & ~t.has_mod("SEPARATE") & (pl.col("sw_preventive_25") == "true")
    )
    injection = t.lines.filter(t.in_group("ADM") & t.visit_has("PREV"))
    visit_dies = pl.col("sw_em_denied") == "visit"
    return merge_pairs(beside(visit, injection), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied=pl.when(visit_dies).then(pl.col("line_id")).otherwise(pl.col("line_id_1")),
        message=pl.format(
            "Preventive visit {} without 25 beside injection {}{}: many payers bundle the two without it.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} without 25, with {} by the same provider on the same day", "code_2", "code_1"),
        expected=pl.lit("25 on the preventive visit where the note supports it"),
    )


@edit(
    "EM09",
    name="modifier-25-not-on-visit",
    category="denial",
    grain="line",
    beside=["mod:SEPARATE"],
    group="CO",
    carc="4",
    rarc=["N519", "N823"],
    element="SV101-3",
    box="24D",
    fix="review",
    supersedes=["EM01", "EM07", "EM08", "EM16", "EM17", "NCC02"],
    source=["NCCI Policy Manual 2026 I.E.b", "X12 CARC 4"],
)
def modifier_25_not_on_visit(t: Facts, refs: References) -> pl.LazyFrame:
    """Modifier 25 stands on an injection or a drug.

    ## What it does
    Finds 25 on 96372 or on a drug line. Where a visit of the same provider and day lacks its 25, that visit is named
    too, and EM01, EM07 or EM08 say nothing more: it is one mistake.

    ## Why it matters
    25 says that a visit was separate; on any other line it is invalid (CO-4) and leaves the visit without it.

    ## Fails
    line 99213 mods=25
    line 96372 mods=25
    line J3420

    line 99213
    line 96372 mods=25
    line J3420

    ## Passes
    line 99213 mods=25
    line 96372
    line J3420

    ## Fix
    Remove 25 from this line. Add it to the visit only if the note shows an evaluation beyond the decision to inject.
    """
    visit = t.in_group("EM_OFF") | t.in_group("EM_HOME") | t.in_group("PREV")
    own = t.lines.filter(t.has_mod("SEPARATE") & (t.in_group("ADM") | t.in_group("DRUG")))
    bare = t.lines.filter(visit & ~t.has_mod("SEPARATE"))
    visits = _gathered(beside(own, bare), "visits")
    injections = t.lines.filter(
        t.in_group("ADM") & (t.visit_has("EM_OFF") | t.visit_has("EM_HOME") | t.visit_has("PREV"))
    )
    others = _gathered(beside(own, injections), "injections").select("line_id", "injections")
    none = pl.lit([], dtype=pl.List(pl.UInt32))
    return (
        own.join(taken_off(of_group(spread_modifiers(own), refs, "SEPARATE")).drop("bad"), on="line_id")
        .join(visits, on="line_id", how="left")
        .join(others, on="line_id", how="left")
        .select(
            "claim_id",
            "line_id",
            "element",
            "patches",
            # The other injections of the day are part of the mistake only where a visit lacks its 25.
            related=pl.when(pl.col("visits").is_not_null())
            .then(pl.concat_list("visits", pl.col("injections").fill_null(none)))
            .otherwise(none),
            denied="line_id",
            message=pl.when(pl.col("visits").is_null())
            .then(pl.format("25 stands on {}, which is no visit: 25 belongs on the visit line only.", "code"))
            .otherwise(
                pl.format("25 stands on {} and not on visit {}{}: 25 belongs on the visit.", "code", "code_1", "away")
            ),
            found=pl.format("{} with 25", "code"),
            expected=pl.when(pl.col("visits").is_null())
            .then(pl.format("{} without 25", "code"))
            .otherwise(pl.format("{} without 25; 25 on {} where the note supports it", "code", "code_1")),
        )
    )


def _gathered(pairs: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Return one row per own line with its partners as a list, the code of the first and where that one stands."""
    return (
        pairs.with_columns(away=elsewhere())
        .sort("line_id_2", "line_id_1")
        .group_by(line_id="line_id_2")
        .agg(pl.col("line_id_1").alias(name), pl.col("code_1", "away").first())
    )
