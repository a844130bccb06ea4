"""Modifiers on an injection or a drug: not allowed there, needless, or not in force."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import beside, merged_visits, of_group, spread_modifiers, taken_off
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


@edit(
    "MOD01",
    name="modifier-invalid-on-injection",
    category="denial",
    grain="line",
    scope="ADM",
    beside=["mod:MOD01_INVALID"],
    group="CO",
    carc="4",
    rarc=["N519"],
    element="SV101-3",
    box="24D",
    fix="review",
    source="CMS PFS relative value files 2022-2026: policy indicators of 96372",
)
def modifier_invalid_on_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection carries a modifier that the fee schedule does not allow on it.

    ## What it does
    Finds 96372 with 26, TC, 50, 51, 54, 55, 56, 62, 66, 80, 81, 82 or AS.

    ## Why it matters
    The policy indicators of 96372 exclude them: no professional and technical part, no global period, nothing
    bilateral, no multiple-procedure cut, no assistant, no co-surgeon.

    ## Fails
    line 99213 mods=25
    line 96372 mods=51
    line J3420

    ## Passes
    # 26 on the reading of an image is right.
    line 71046 mods=26
    line 96372
    line J3420

    ## Fix
    Remove the modifier from the injection.

    ## Payers
    Deny for Medicare and Medicare Advantage; elsewhere a warning, the payer's own list was not found.
    """
    own = t.lines.filter(t.in_group("ADM") & t.has_mod("MOD01_INVALID"))
    return own.join(taken_off(of_group(spread_modifiers(own), refs, "MOD01_INVALID")), on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        "patches",
        denied="line_id",
        message=pl.format("Modifier {} is not allowed on {} by its fee schedule indicators.", "bad", "code"),
        found=pl.format("{} with {}", "code", "bad"),
        expected=pl.format("{} without {}", "code", "bad"),
    )


@edit(
    "MOD04",
    name="modifier-59-beside-office-visit",
    category="compliance",
    grain="line",
    scope="ADM",
    beside=["mod:X59"],
    refs=["ptp"],
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    source=[_PTP, "NCCI Policy Manual 2026 I.E.d"],
)
def modifier_59_beside_office_visit(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection carries 59 or an X modifier though only an office visit stands beside it.

    ## What it does
    Finds one 96372 with 59, XE, XP, XS or XU on a day whose other lines by the same provider are office visits and
    drugs. A second injection or any other procedure that day makes it clear.

    ## Why it matters
    59 parts procedures; a visit is parted from an injection by 25 on the visit. Since 2019-07-01 the 59 opens the pair
    in the payer's computer, which is why reviewers look for it. Where the visit lacks 25 too, EM01 is the finding and
    this one is advice; before that day it adds nothing to EM01.

    ## Fails
    line 99213 mods=25
    line 96372 mods=59
    line J3420

    line 99213 # also EM01
    line 96372 mods=XU
    line J3420

    ## Passes
    # The joint injection is what 59 parts the other injection from.
    claim dx=M17.11,E53.8
    line 99213 mods=25 dx=1
    line 20610 mods=RT dx=1
    line 96372 mods=59 dx=2
    line J3420 dx=2

    ## Fix
    Take 59 (or the X modifier) off the injection; 25 goes on the visit where the note supports it.

    ## Payers
    A warning everywhere; some billing pages teach the opposite. Silent where the policy takes 59 for 25
    (``visit_opened_by_59``).
    """
    pairs = t.pairs.filter(
        t.pair_in(1, "ADM")
        & t.pair_has_mod(1, "X59")
        & t.pair_in(2, "EM_OFF")
        & (pl.col("sw_visit_opened_by_59") != "true")
    )
    bare = ~t.pair_has_mod(2, "SEPARATE") & ~pl.col("pos_facility_2").fill_null(value=False)
    # EM01 speaks where the visit lacks 25; this is advice beside it only where 59 opens the pair.
    own = merged_visits(
        pairs.filter(~bare | pl.col("bypassed")).with_columns(bare=bare.any().over("line_id_1")), on=1
    ).select("line_id", "outcome", "related", "code_2", "bare")
    injection = t.lines.filter(t.in_group("ADM") & t.has_mod("X59") & (pl.col("units_milli").fill_null(0) <= 1000))
    procedure = t.lines.filter(t.visit_has("ADM") & ~t.in_group("EM_OFF") & ~t.in_group("DRUG"))
    rows = injection.join(own, on="line_id")
    rows = rows.join(beside(rows, procedure), left_on="line_id", right_on="line_id_2", how="anti")
    return rows.join(taken_off(of_group(spread_modifiers(rows), refs, "X59")), on="line_id").select(
        "claim_id",
        "line_id",
        "related",
        "outcome",
        "element",
        "patches",
        level_cap=pl.when("bare").then(pl.lit("info")),
        denied="line_id",
        message=pl.format(
            "{} on injection {} beside visit {} alone: 25 on the visit parts the two, not {}.",
            "bad",
            "code",
            "code_2",
            "bad",
        ),
        found=pl.format("{} with {}; only office visits and drugs beside it", "code", "bad"),
        expected=pl.format("{} without {}", "code", "bad"),
    )


@edit(
    "MOD05",
    name="modifier-59-without-partner",
    category="compliance",
    grain="line",
    scope="ADM",
    beside=["mod:X59"],
    refs=["ptp"],
    element="SV101-3",
    box="24D",
    fix="review",
    source=[_PTP, "NCCI Policy Manual 2026 I.E"],
)
def modifier_59_without_partner(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection carries 59 and nothing stands beside it that it could be distinct from.

    ## What it does
    Finds 96372 with 59, one unit, the only injection of the day, with no line of the same provider and day that NCCI
    pairs with it.

    ## Why it matters
    59 says "not part of another procedure". Without one it draws reviews and changes no payment.

    ## Fails
    line 96372 mods=59
    line J3420

    ## Passes
    line 96372
    line J3420

    ## Fix
    Take 59 off unless the payer's own text asks for it.
    """
    own = t.lines.filter(
        t.in_group("ADM") & t.has_mod("X59") & ~t.has_mod("XEPSU") & (pl.col("units_milli").fill_null(1000) <= 1000)
    )
    injections = t.lines.filter(t.in_group("ADM")).select("visit_id", other="line_id")
    again = own.join(injections, on="visit_id").filter(pl.col("other") != pl.col("line_id"))
    lonely = (
        own.join(again, on="line_id", how="anti")
        .join(t.pairs, left_on="line_id", right_on="line_id_1", how="anti")
        .join(t.pairs, left_on="line_id", right_on="line_id_2", how="anti")
    )
    return lonely.join(taken_off(of_group(spread_modifiers(lonely), refs, "X59")), on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        "patches",
        outcome=pl.when(pl.col("units_milli").is_null()).then(pl.lit("unknown")).otherwise(pl.lit("hit")),
        message=pl.format("{} on {} with no procedure beside it that NCCI would bundle.", "bad", "code"),
        found=pl.format("{} with {}, one unit, no paired code on the day", "code", "bad"),
        expected=pl.format("{} without {}", "code", "bad"),
    )


@edit(
    "MOD07",
    name="modifier-outside-its-dates",
    category="denial",
    grain="line",
    refs=["modifiers"],
    group="CO",
    carc="182",
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["COD02"],
    source=["CMS HCPCS Level II modifiers, January 2026", "HCPCS October 2026 modifier excerpt"],
)
def modifier_outside_its_dates(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug or its administration carries a modifier that had ended or had not begun on the day.

    ## What it does
    Compares every modifier of drug and administration lines with its dates in the modifier file: JG after 2024-12-31,
    JF after 2015-06-30, GD after 2019-12-31, JZ before 2023-01-01 and whatever else the file dates. JG is left alone
    where the policy says that the payer still takes it (``modifier_340b``).

    ## Why it matters
    A modifier must be in force on the date of service; the line is refused as CO-182.

    ## Fails
    payer commercial
    line 96372
    line J3420 mods=GD

    ## Passes
    run as_of=2020-01-20
    payer commercial
    line 96372 dos=2019-12-31
    line J3420 dos=2019-12-31 mods=GD

    ## Fix
    Replace the modifier by the one in force on the day, or remove it.
    """
    dates = refs.lazy("modifiers").select("modifier", "valid_from", "valid_to")
    own = t.lines.filter(
        (t.in_group("DRUG") | t.in_group("DRUG_ADMIN")) & pl.col("mod1").is_not_null() & ~pl.col("mods_in_force")
    )
    worn = spread_modifiers(own)
    taken = own.filter((pl.col("sw_modifier_340b") == "kept") & t.has_mod("340B_ENDED")).select("line_id")
    day = pl.col("service_date")
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    lasts = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    judged = (
        worn.join(dates, on="modifier").group_by("line_id", "slot").agg(holds=(begun & lasts).any(ignore_nulls=False))
    )
    doubtful = judged.filter(~pl.col("holds").fill_null(value=False))
    kept = of_group(worn.join(taken, on="line_id", how="semi"), refs, "340B_ENDED").filter("bad")
    doubtful = doubtful.join(kept, on=["line_id", "slot"], how="anti")
    every = worn.join(doubtful.select("line_id"), on="line_id", how="semi")
    wrong = taken_off(
        every.join(doubtful.select("line_id", "slot", bad=pl.lit(value=True)), on=["line_id", "slot"], how="left")
        .with_columns(pl.col("bad").fill_null(value=False))
        .sort("line_id", "slot")
    )
    known = day.is_not_null()
    in_force = pl.format("Modifier {} on {} is not in force on {}.", "bad", "code", day.dt.to_string("%Y-%m-%d"))
    return own.join(wrong, on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        # 340B modifiers are replaced by another one, not removed: that remedy is not exact here.
        patches=pl.when(known & ~t.has_mod("340B")).then("patches"),
        denied="line_id",
        outcome=pl.when(known).then(pl.lit("hit")).otherwise(pl.lit("unknown")),
        message=pl.coalesce(
            in_force, pl.format("Modifier {} on {} has dates, and the line has no date of service.", "bad", "code")
        ),
        found=pl.format("{} with {}", "code", "bad"),
        expected=pl.lit("a modifier in force on the date of service"),
    )


@edit(
    "MOD10",
    name="modifier-59-on-visit",
    category="denial",
    grain="line",
    scope="EM_ANY",
    beside=["mod:X59"],
    group="CO",
    carc="4",
    rarc=["N519"],
    element="SV101-3",
    box="24D",
    fix="review",
    source="NCCI Policy Manual 2026 I.E.d: 59 and the X modifiers are not for evaluation and management codes",
)
def modifier_59_on_visit(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit carries 59 or an X modifier.

    ## What it does
    Finds evaluation and management codes with 59, XE, XP, XS or XU.

    ## Why it matters
    These modifiers tell procedures apart. On a visit they are wrong and open no pair; what says that a visit is
    separate from a procedure of the day is 25.

    ## Fails
    line 99213 mods=59

    ## Passes
    line 11900 mods=59
    line 17000

    ## Fix
    Remove the modifier from the visit. Add 25 only if the note shows a separate, significant evaluation.
    """
    own = t.lines.filter(t.in_group("EM_ANY") & t.has_mod("X59"))
    return own.join(taken_off(of_group(spread_modifiers(own), refs, "X59")), on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        "patches",
        denied="line_id",
        message=pl.format(
            "Modifier {} stands on visit {}: it tells procedures apart and opens nothing here.", "bad", "code"
        ),
        found=pl.format("{} with {}", "code", "bad"),
        expected=pl.format("{} without {}; 25 where the note supports it", "code", "bad"),
    )
