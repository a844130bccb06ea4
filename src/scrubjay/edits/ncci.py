"""General NCCI edits: pairs of codes, unit limits, add-on codes."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.addons import addon_hits
from scrubjay.edits.words import applies_ncci, elsewhere, pair_hits
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services; NCCI Policy Manual 2026 chapter I"
_MUE = ["CMS NCCI Medically Unlikely Edits, practitioner services", "NCCI Policy Manual 2026 I.V"]
_AOC = ["CMS NCCI add-on code edits, 2026 Q2", "NCCI Policy Manual 2026 I.R and I.W"]


_PER_LINE = 1
"""Adjudication indicator of a limit that each line is tested against alone; 2 and 3 are limits of the day."""


def _daily() -> pl.Expr:
    """Thousandths of a unit for each day of the line: a span of days shares its units evenly."""
    days = (pl.col("service_to") - pl.col("service_date")).dt.total_days().fill_null(0).clip(0) + 1
    return pl.col("units_milli") // days


def _count(thousandths: str) -> pl.Expr:
    """Write thousandths as a count without needless zeros."""
    part = (pl.col(thousandths) % 1000).cast(pl.String).str.pad_start(3, "0").str.strip_chars_end("0")
    whole = (pl.col(thousandths) // 1000).cast(pl.String)
    return pl.when(part == "").then(whole).otherwise(pl.concat_str(whole, pl.lit("."), part))


def _undated(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """Word the pairs of which the edition does not say whether they were in force on the day."""
    return pairs.select(
        pl.col("claim_id_2").alias("claim_id"),
        pl.col("line_id_2").alias("line_id"),
        pl.concat_list("line_id_1").alias("related"),
        message=pl.format(
            "NCCI lists {} with {}{}, but the edition held gives the pair no first day and cannot say for {}.",
            "code_1", "code_2", elsewhere(), "service_date_2",
        ),
        found=pl.format("{} with {}, same patient, provider and day", "code_2", "code_1"),
        outcome=pl.lit("unknown"),
    )  # fmt: skip


def over_limit() -> pl.Expr:
    """The units of the code for the patient, provider and day, all lines and earlier claims, are above the payer's limit."""
    billed = pl.col("day_units_milli") + pl.col("earlier_units_milli")
    return billed > pl.col("payer_mue_value").cast(pl.Int64) * 1000


@edit(
    "NCC01",
    name="pair-never-together",
    category="denial",
    grain="line",
    start="pairs",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="advice",
    source=_PTP,
)
def pair_never_together(t: Facts, refs: References) -> pl.LazyFrame:
    """Two codes stand on one day that NCCI never pays together.

    ## What it does
    Finds pairs of the procedure-to-procedure table with modifier indicator 0 on lines of the same patient, provider
    and day, over all claims of the run.

    ## Why it matters
    The column 2 code is denied whatever modifier it carries, and the patient may not be billed for it.

    ## Fails
    line 36415
    line 36591

    ## Passes
    line 36415
    line 80053

    ## Fix
    Remove the column 2 code unless it was done by another provider or on another day.

    ## Payers
    Deny for Medicare and Medicare Advantage. A warning elsewhere: the table is Medicare's, Medicaid has its own
    editions, and other payers use it by their own choice.
    """
    pairs = t.pairs.filter(applies_ncci() & (pl.col("listed_mi") == 0))
    hits = pair_hits(
        pairs.filter("known"),
        "NCCI pays {} and not {} on one day by one provider; no modifier changes that",
        "indicator 0",
    )
    hits = hits.with_columns(expected=pl.lit("only one of the two (modifier indicator 0)"))
    return pl.concat([hits, _undated(pairs.filter(~pl.col("known")))], how="diagonal")


@edit(
    "NCC02",
    name="pair-without-modifier",
    category="denial",
    grain="line",
    start="pairs",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    source=_PTP,
)
def pair_without_modifier(t: Facts, refs: References) -> pl.LazyFrame:
    """Two codes stand on one day that NCCI pays together only with a modifier, and none is there.

    ## What it does
    Finds pairs with modifier indicator 1 where neither line carries an NCCI-associated modifier that could open the
    pair: 24, 25 or 57 on a visit, 59, XE, XP, XS, XU, an anatomic or a global-period modifier on a procedure.

    ## Why it matters
    Without the modifier the column 2 code is denied. The modifier says that the service was separate, and only the
    record can say whether it was.

    ## Fails
    line 11900
    line 17000

    ## Passes
    line 11900 mods=59
    line 17000

    ## Fix
    Add the modifier that the record supports (a separate encounter, site or visit), or remove the column 2 code.

    ## Payers
    Deny for Medicare and Medicare Advantage. A warning elsewhere: the table is Medicare's, Medicaid has its own
    editions, and other payers use it by their own choice.
    """
    pairs = t.pairs.filter(applies_ncci() & (pl.col("listed_mi") == 1) & ~pl.col("bypassed"))
    hits = pair_hits(
        pairs.filter("known"),
        "NCCI bundles {1} into {0}; no modifier on either line says they were separate",
        "indicator 1",
    )
    return pl.concat([hits, _undated(pairs.filter(~pl.col("known")))], how="diagonal")


@edit(
    "NCC03",
    name="units-over-line-limit",
    category="denial",
    grain="line",
    needs=["service_date", "units_milli", "payer_mue_edition"],
    refs=["mue"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="advice",
    source=_MUE,
)
def units_over_line_limit(t: Facts, refs: References) -> pl.LazyFrame:
    """A line has more units than the limit that holds for each line alone.

    ## What it does
    Finds lines whose units are above the Medically Unlikely Edit of a code with adjudication indicator 1. Where a line
    spans several days its units are divided by the days.

    ## Why it matters
    The payer denies all units of the line, not only those above the limit.

    ## Fails
    line A6460 units=2

    ## Passes
    line A6460
    line A6460 mods=76

    ## Fix
    Correct the units if they were miscounted. Units that were given and needed go on further lines with the modifier
    that the record supports; never cut units to fit.

    ## Payers
    Deny for Medicare. A warning elsewhere: the limit is of Medicare's table, and other payers keep their own.
    """
    value = pl.col("payer_mue_value").cast(pl.Int64)
    over = t.lines.filter(
        (pl.col("payer_mue_mai") == _PER_LINE) & (pl.col("units_milli") > value * 1000) & (pl.col("unit_basis") == "UN")
    )
    return over.filter(_daily() > value * 1000).select(
        "claim_id",
        "line_id",
        pl.col("line_id").alias("denied"),
        message=pl.format(
            "{} units of {} are on one line; the limit is {} for a line, and all units of the line are denied.",
            _count("units_milli"),
            "code",
            value,
        ),
        found=_count("units_milli"),
        expected=pl.format("at most {}", value),
    )


@edit(
    "NCC04",
    name="units-over-day-limit",
    category="denial",
    grain="line",
    needs=["service_date", "units_milli", "payer_mue_edition"],
    refs=["mue"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="advice",
    revision=2,
    source=_MUE,
)
def units_over_day_limit(t: Facts, refs: References) -> pl.LazyFrame:
    """The units of a code on one day are above the limit of the day.

    ## What it does
    Adds the units of all lines of a code for one patient, provider and day, over all claims of the run and the earlier
    ones (`--history`), and compares them with the Medically Unlikely Edit of a code with adjudication indicator 2 or 3.
    Where a line spans several days its units are divided by the days. A limit of 0 is used only for payers whose table
    means "not payable" by it.

    ## Why it matters
    When the sum is above the limit every unit of the code that day is denied. Indicator 2 is absolute; for indicator 3
    the contractor may pay on appeal with records. Splitting the units over lines changes nothing.

    ## Fails
    line 20550 units=6

    ## Passes
    line 20550 units=3
    line 20550 units=2 dos=2026-03-09

    ## Fix
    Correct the units if they were miscounted; never cut units to fit. Where they were given and needed, expect the
    denial and appeal with the record (indicator 3 only).

    ## Payers
    Deny for Medicare. A warning elsewhere: other payers keep their own limits. Medicaid is tested against its own
    table, which does not say whether lines are added up: a sum of lines that are each within the limit is only
    information there.
    """
    value = pl.col("payer_mue_value").cast(pl.Int64)
    per_day = pl.col("payer_mue_mai").is_null() | (pl.col("payer_mue_mai") != _PER_LINE)
    counted = (pl.col("unit_basis") == "UN") & pl.col("units_milli").is_not_null()
    some = t.lines.filter(over_limit() & per_day & counted)
    key = ["day_code_id", "claim_id"]
    lines = some.with_columns(
        daily=_daily(),
        total=_daily().sum().over("day_code_id") + pl.col("earlier_units_milli"),
        largest=_daily().max().over("day_code_id"),
        claims=pl.col("claim_id").n_unique().over("day_code_id"),
        related=pl.col("line_id").implode().over(key, mapping_strategy="join"),
    ).filter(pl.col("total") > value * 1000)
    first = lines.sort("line_id").unique(key, keep="first", maintain_order=True)
    lines_only = pl.col("payer_mue_mai").is_null() & (pl.col("largest") <= value * 1000)
    said = pl.concat_str(
        pl.when(pl.col("claims") > 1).then(pl.format(" on {} claims", "claims")).otherwise(pl.lit("")),
        pl.when(pl.col("earlier_units_milli") > 0)
        .then(pl.format(", {} of them on earlier claims", _count("earlier_units_milli")))
        .otherwise(pl.lit("")),
    )
    never = pl.format("{} is not payable to a practitioner: its limit is 0 units.", "code")
    over = pl.format(
        "{} units of {} are billed for the day{}; the limit is {}, and every unit of the day is denied.",
        _count("total"),
        "code",
        said,
        value,
    )
    return first.select(
        "claim_id",
        "line_id",
        related=pl.col("related").list.set_difference(pl.concat_list("line_id")),
        denied=pl.col("line_id"),
        message=pl.when(value == 0).then(never).otherwise(over),
        found=_count("total"),
        expected=pl.when(value == 0).then(pl.lit("no line of this code")).otherwise(pl.format("at most {}", value)),
        level_cap=pl.when(lines_only).then(pl.lit("info")),
    )


@edit(
    "NCC05",
    name="add-on-without-primary",
    category="denial",
    grain="line",
    needs=["service_date"],
    refs=["aoc"],
    group="CO",
    carc="107",
    rarc=["N122"],
    element="SV101-2",
    box="24D",
    fix="advice",
    source=_AOC,
)
def add_on_without_primary(t: Facts, refs: References) -> pl.LazyFrame:
    """An add-on code stands without one of its primary codes.

    ## What it does
    Finds add-on codes with a closed list of primary codes (type 1) of which none is on the day by the same provider or
    practice, on any claim of the run. Codes whose primaries the contractor may choose (types 2 and 3) are never
    hits: they are unknown when nothing else of the day could be the primary, else clear.

    ## Why it matters
    An add-on code pays only what comes on top of its primary; alone it is denied as CO-107.

    ## Fails
    line 11045

    ## Passes
    line 11042
    line 11045

    ## Fix
    Find the primary: it may be on another claim or missing from the charge. If there was none, the add-on cannot be
    billed.

    ## Payers
    Deny for Medicare and Medicare Advantage; a warning elsewhere.
    """
    return addon_hits(t, refs, pl.lit(value=True))
