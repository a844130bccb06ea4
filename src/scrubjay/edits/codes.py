"""Codes and modifiers that do not exist, or not on the day."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_LEVEL_I = r"^[0-9]{4}[0-9AFMTU]$"
_LEVEL_II = r"^[A-V][0-9]{4}$"
_MODIFIER = r"^[0-9A-Z]{2}$"
_TRIP = r"^[DEGHIJNPRSX]{2}$"
"""Origin and destination of an ambulance trip: two letters that the list of modifiers has one by one, if at all."""


_UNSURE = "not in 2025 fee schedule"
"""What the table says of codes that may have ended without anybody listing the day."""


@lru_cache(maxsize=8)
def _unsure(refs: References) -> pl.Series:
    table = refs.frame("cpt")
    return table["code"].filter(table["evidence"] == _UNSURE)


@edit(
    "COD01",
    name="code-not-in-force",
    category="denial",
    grain="line",
    needs=["service_date", "code"],
    refs=["hcpcs", "cpt"],
    group="CO",
    carc="181",
    rarc=["N56", "M20"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=[
        "CMS HCPCS Level II file, January 2026",
        "CMS RBCS 2024, PFS relative value file 2025, MUE, add-on and PTP tables (Level I codes and their dates)",
        "X12 CARC 181",
    ],
)
def code_not_in_force(t: Facts, refs: References) -> pl.LazyFrame:
    """A procedure code does not exist, or did not on the date of service.

    ## What it does
    Looks up each code on its date of service. Misspelled is what has not the form of a code; ended or not begun is
    what the lists date so; unknown to the lists is a denial only for a day that they cover wholly. Later days are a
    warning while newer lists that are not complete cover them, then unknown. Dates inferred from the PTP table alone
    are a warning.

    ## Why it matters
    The payer denies the line as CO-181, whatever else is right about it. The date of service decides, not the date of
    billing.

    ## Fails
    line 99201 dos=2021-01-04

    line 9921

    ## Passes
    line 99201 dos=2020-12-30

    line 99213

    ## Fix
    Bill the code that was in force on the date of service.
    """
    lines = t.lines.filter(
        (~pl.col("code_in_force") | pl.col("code").is_in(_unsure(refs).implode()))
        & pl.col("service_date").is_not_null()
        & (pl.col("qualifier").is_null() | (pl.col("qualifier") == "HC"))
    )
    suspect = refs.lazy("cpt").filter(pl.col("evidence") == _UNSURE).select("code", pl.col("last_seen").alias("seen"))
    wanted = ["claim_id", "line_id", "code", "service_date", "code_known", "code_from", "code_to"]
    wrong = lines.filter(~pl.col("code_in_force")).select(wanted)
    dropped = (
        lines.filter("code_in_force")
        .select(wanted)
        .join(suspect, on="code")
        .filter(pl.col("service_date") > pl.col("seen"))
    )
    return pl.concat([_told(wrong, refs), _not_seen(dropped)], how="diagonal")


def _told(wrong: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Word the lines whose code is not in force, as surely as the lists know it."""
    evidence = refs.lazy("cpt").select("code", "evidence")
    held = (
        refs.lazy("hcpcs").select(letter=pl.col("code").str.head(1)).unique().with_columns(section=pl.lit(value=True))
    )
    # Codes that ended before the oldest end in the Level II file are in no list: before that day absence says nothing.
    oldest = refs.lazy("hcpcs").select(reach=pl.col("valid_to").min())
    newest = refs.lazy("cpt").select(partial=pl.col("last_seen").max())
    rows = (
        wrong.join(evidence, on="code", how="left")
        .with_columns(letter=pl.col("code").str.head(1))
        .join(held, on="letter", how="left")
    )
    rows = rows.join(oldest, how="cross").join(newest, how="cross")
    day, code, known = pl.col("service_date"), pl.col("code"), pl.col("code_known")
    level_1, level_2 = code.str.contains(_LEVEL_I), code.str.contains(_LEVEL_II)
    formed = level_1 | level_2
    reach, partial = pl.col("reach"), pl.col("partial")
    complete = (
        pl.when(level_1)
        .then(pl.lit(_end(refs, "cpt"), dtype=pl.Date))
        .otherwise(pl.lit(_end(refs, "hcpcs"), dtype=pl.Date))
    )
    absent = formed & ~known
    licensed = level_2 & pl.col("section").is_null()
    quarterly = level_1 & ~code.str.contains(r"^[0-9]{5}$")
    beyond = (
        absent
        & ((day < reach) | licensed | (day > complete))
        & ~(level_1 & ~quarterly & day.is_between(complete, partial))
    )
    inferred = pl.col("evidence").str.starts_with("PTP") | (pl.col("evidence") == "project table: M")
    doubtful = (absent & ((day > complete) | quarterly)) | (
        known & inferred.fill_null(value=False) & ((pl.col("code_to") >= reach) | (day < reach))
    )
    ended = known & (pl.col("code_to") < day)
    return rows.select(
        "claim_id",
        "line_id",
        pl.col("line_id").alias("denied"),
        message=pl.when(~formed)
        .then(
            pl.format(
                "{} is not a procedure code: five digits, four digits and a letter, or a letter and four digits.", code
            )
        )
        .when(beyond)
        .then(pl.format("{} is in no list of codes held, and the lists are not complete for {}.", code, day))
        .when(absent)
        .then(pl.format("{} is in no list of procedure codes; a code that does not exist on {} is denied.", code, day))
        .when(ended)
        .then(pl.format("{} ended on {} and cannot be billed for {}.", code, "code_to", day))
        .otherwise(pl.format("{} begins on {} and cannot be billed for {}.", code, "code_from", day)),
        found=pl.format("{} on {}", code, day),
        expected=pl.when(beyond)
        .then(pl.lit("a list of codes that covers the day"))
        .otherwise(pl.lit("a code in force on the day")),
        outcome=pl.when(beyond).then(pl.lit("unknown")).otherwise(pl.lit("hit")),
        level_cap=pl.when(doubtful & formed).then(pl.lit("warn")),
    )


def _not_seen(dropped: pl.LazyFrame) -> pl.LazyFrame:
    """Word the lines whose code left the lists without a date."""
    return dropped.select(
        "claim_id",
        "line_id",
        message=pl.format(
            "{} is last seen in a list on {}; whether it was in force on {} is not known.",
            "code",
            "seen",
            "service_date",
        ),
        expected=pl.lit("a list of codes that covers the day"),
        outcome=pl.lit("unknown"),
    )


def _end(refs: References, table: str) -> dt.date | None:
    """Return the last day of the newest edition."""
    return max((e.valid_to for e in refs.editions(table) if e.valid_to), default=None)


@edit(
    "COD02",
    name="modifier-not-in-force",
    category="denial",
    grain="line",
    refs=["modifiers"],
    group="CO",
    carc="182",
    rarc=["N823"],
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    source=[
        "CMS HCPCS Level II file, January 2026 (modifiers and their dates)",
        "CPT modifier codes of 2024",
        "X12 CARC 182",
    ],
)
def modifier_not_in_force(t: Facts, refs: References) -> pl.LazyFrame:
    """A modifier does not exist, or did not on the date of service.

    ## What it does
    Looks up every modifier on the date of service. HCPCS modifiers have dates; CPT modifiers have none and are only
    looked up. A modifier that no list has is unknown after the last day of the list, and before the oldest end that it
    records. The two letters of an ambulance trip, such as RH, are left alone, and JG on a drug where the policy says
    that the payer still takes it (``modifier_340b``).

    ## Why it matters
    The payer denies the line as CO-182.

    ## Fails
    line 99213 mods=ZX

    ## Passes
    line 99213 mods=25
    line 96372
    line J3420

    ## Fix
    Take the modifier off or replace it by the one that was in force on the date of service.
    """
    known = refs.lazy("modifiers").select("modifier", "valid_from", "valid_to", listed=pl.lit(value=True))
    modified = t.lines.filter(~pl.col("mods_in_force")).with_columns(
        taken=(pl.col("sw_modifier_340b") == "kept") & t.in_group("DRUG")
    )
    old_340b = (
        refs.lazy("mod_groups").filter(pl.col("group") == "340B_ENDED").select("modifier", taken=pl.lit(value=True))
    )
    places = [
        modified.filter(pl.col(name).is_not_null()).select(
            "claim_id", "line_id", "code", "service_date", "taken", modifier=name, element=pl.lit(element)
        )
        for name, element in (("mod1", "SV101-3"), ("mod2", "SV101-4"), ("mod3", "SV101-5"), ("mod4", "SV101-6"))
    ]
    day, modifier = pl.col("service_date"), pl.col("modifier")
    oldest = refs.lazy("modifiers").select(reach=pl.col("valid_to").min())
    rows = pl.concat(places).join(known, on="modifier", how="left")
    absent, early, late = pl.col("listed").is_null(), day < pl.col("valid_from"), day > pl.col("valid_to")
    no_day = day.is_null() & (absent | pl.col("valid_from").is_not_null() | pl.col("valid_to").is_not_null())
    doubtful = rows.filter((absent & ~modifier.str.contains(_TRIP)) | early | late | no_day)
    wrong = doubtful.join(old_340b, on=["modifier", "taken"], how="anti").join(oldest, how="cross")
    uncovered = (day > pl.lit(_end(refs, "modifiers"), dtype=pl.Date)) | (day < pl.col("reach"))
    beyond = absent & modifier.str.contains(_MODIFIER) & uncovered
    return wrong.select(
        "claim_id",
        "line_id",
        "element",
        pl.col("line_id").alias("denied"),
        message=pl.when(no_day)
        .then(pl.format("Modifier {} cannot be judged: the line has no date of service.", modifier))
        .when(beyond)
        .then(pl.format("Modifier {} is in no list held, and the list is not complete for {}.", modifier, day))
        .when(absent)
        .then(pl.format("{} is not a modifier; the line of {} is denied with it.", modifier, "code"))
        .when(late)
        .then(pl.format("Modifier {} ended on {} and cannot be used for {}.", modifier, "valid_to", day))
        .otherwise(pl.format("Modifier {} begins on {} and cannot be used for {}.", modifier, "valid_from", day)),
        found=modifier,
        expected=pl.lit("a modifier in force on the date of service"),
        outcome=pl.when(beyond | no_day).then(pl.lit("unknown")).otherwise(pl.lit("hit")),
        level_cap=pl.when(early & (day < pl.col("reach"))).then(pl.lit("warn")),
    )
