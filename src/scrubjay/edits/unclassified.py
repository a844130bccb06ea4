"""Unclassified drug codes: what the line must say instead of the code."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import has_amount, has_name, has_ndc, has_route, with_texts
from scrubjay.edits.partners import patch
from scrubjay.facts import Facts
from scrubjay.refdata import References


@edit(
    "DRG13",
    name="unclassified-drug-form",
    category="denial",
    grain="line",
    scope="NOC_DRUG",
    needs=["units_milli"],
    group="CO",
    carc="16",
    rarc=["M123", "N350", "MA130"],
    element="SV101-7",
    box="19",
    fix="review",
    source=["Palmetto GBA on unclassified drugs", "WPS tips for NOC drug claims", "ION Solutions on NOC claims"],
)
def unclassified_drug_form(t: Facts, refs: References) -> pl.LazyFrame:
    """An unclassified drug lacks its narrative or has more than one unit.

    ## What it does
    Looks on unclassified drug lines for the units 1 and for a narrative with the drug's name, strength or dose, route
    and NDC, as far as a pattern can read that. An NDC in the drug segment counts; a missing NDC alone is NDC01.

    ## Why it matters
    The code says nothing of the drug, so that the payer prices the line by hand from the narrative and treats it as one
    unit whatever the dose. Without the text or with other units the line is returned.

    ## Fails
    line 96372
    line J3490 units=40 ndc=99999000101 desc="SAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"

    line 96372
    line J3490 ndc=99999000101

    line 96372
    line J3490 ndc=99999000101 desc="SAMPLEDRUG"

    ## Passes
    line 96372
    line J3490 ndc=99999000101 desc="SAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"

    payer commercial
    claim note="SAMPLEDRUG 40 MG IM"
    line 96372
    line J3490 units=40 ndc=99999000101 note="SAMPLEDRUG 40 MG VIAL, DOSE 40 MG IM"

    ## Fix
    Write name, strength, total dose, route and NDC into SV101-7 (80 characters; box 19 on paper) and bill 1 unit.

    ## Payers
    Medicare wants 1 unit and reads SV101-7; a narrative that stands only in the line note is a warning, since some
    contractors read it. Other payers are only warned, their units are not judged, and any note of the line or claim
    counts. A narrative in the claim note alone is NTE03.
    """
    rows = with_texts(t, t.lines.filter(t.in_group("NOC_DRUG") & ~pl.col("is_void")))
    return pl.concat([_units(rows), _narrative(rows)])


def _units(rows: pl.LazyFrame) -> pl.LazyFrame:
    """More or fewer units than 1; the dose must be in words before the units may be 1."""
    said = has_amount(pl.col("line_text"))
    change = pl.concat_list(patch("segment", "SV104", pl.col("units"), pl.lit("1")))
    return rows.filter((pl.col("sw_noc_units") == "one") & (pl.col("units_milli") != 1000)).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} with {} units: an unclassified code is one unit, and the dose is told in words.", "code", _count()
        ),
        found=pl.format("{} units", _count()),
        expected=pl.lit("1"),
        element=pl.lit("SV104"),
        level_cap=pl.lit(None, dtype=pl.String),
        patches=pl.when(said & pl.col("units").is_not_null()).then(change),
    )


def _count() -> pl.Expr:
    """Write the units; parts of a unit keep their decimals."""
    return pl.coalesce(pl.col("units").cast(pl.String), (pl.col("units_milli") / 1000).cast(pl.String))


def _narrative(rows: pl.LazyFrame) -> pl.LazyFrame:
    """No narrative where the payer reads it, or one that lacks a part."""
    on_line = pl.col("sw_noc_narrative") == "line"
    described = pl.col("description").fill_null("").str.strip_chars() != ""
    # Where only SV101-7 is read, a text elsewhere is judged as that text, and its place is said beside.
    text = pl.when(described & on_line).then(pl.col("description")).otherwise(pl.col("line_text"))
    text = pl.when((text == "") & ~on_line).then(pl.col("claim_text")).otherwise(text)
    rows = rows.with_columns(text=text, described=described, on_line=on_line)
    text = pl.col("text")
    lacks = {"the drug's name": has_name(text), "strength or dose": has_amount(text), "route": has_route(text)}
    ndc = pl.col("ndc").is_not_null() | has_ndc(text)
    parts = [pl.when(~there).then(pl.lit(word)) for word, there in lacks.items()]
    rows = rows.with_columns(
        lacking=pl.concat_str(*parts, pl.when(~ndc).then(pl.lit("NDC")), separator=", ", ignore_nulls=True),
        incomplete=~pl.all_horizontal(lacks.values()),
        misplaced=pl.col("on_line") & ~pl.col("described") & (text != ""),
    )
    # A claim note that speaks of the drug is a matter of place (NTE03).
    elsewhere = (text == "") & (has_amount(pl.col("claim_text")) | has_route(pl.col("claim_text")))
    hit = rows.filter((pl.col("incomplete") | pl.col("misplaced")) & ~elsewhere)
    where = pl.when(pl.col("on_line")).then(pl.lit("SV101-7")).otherwise(pl.lit("a description or note"))
    return hit.select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.when(text == "")
        .then(pl.format("{} without a narrative: name, strength, dose, route and NDC belong in {}.", "code", where))
        .when(pl.col("incomplete"))
        .then(pl.format("The narrative of {} seems to lack: {}.", "code", "lacking"))
        .otherwise(
            pl.format(
                "The narrative of {} stands in the note of the line; SV101-7, where it is read, is empty.", "code"
            )
        ),
        found=pl.when(text == "")
        .then(pl.lit("no narrative"))
        .when(pl.col("incomplete"))
        .then(pl.lit("a narrative without these"))
        .otherwise(pl.lit("a note of the line")),
        expected=pl.format("name, strength, total dose, route and NDC in {}", where),
        element=pl.lit("SV101-7"),
        # A pattern may overlook what a person would find: a text with a number in it is no more than doubtful.
        level_cap=pl.when(pl.col("misplaced") | text.str.contains(r"\d")).then(pl.lit("warn")),
        patches=pl.lit(
            None,
            dtype=pl.List(pl.Struct({"segment": pl.UInt32, "element": pl.String, "old": pl.String, "new": pl.String})),
        ),
    )
