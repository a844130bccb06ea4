"""What the free text of a claim says of a drug, as far as a pattern can read it.  No text ever leaves this module."""

from __future__ import annotations

import polars as pl

from scrubjay.facts import Facts

_AMOUNT = r"(?i)\d[\d,.]*\s*(MCG|UG|MG|GMS?|GRAMS?|G|ML|CC|IU|UNITS?|MEQ|MU)\b"
_ROUTE = (
    r"(?i)\b(IM|SC|SQ|SUBQ|SUB-?CUT\w*|SUBCUT\w*|INTRAMUSC\w*|IV|IVP|INTRAVEN\w*|ID|INTRADERM\w*|IA|INTRA-?ARTIC\w*|"
    r"INTRATHEC\w*|INTRAVITR\w*|INTRALES\w*|EPIDURAL|PO|ORAL|TOPICAL|INHAL\w*|NEB)\b"
)
_NDC = r"(?:^|\D)(?:\d{11}|\d{4,5}-\d{3,4}-\d{1,2})(?:\D|$)"
_FILLER = (
    r"(?i)\b(NDC|N4|DOSE|DOSAGE|TOTAL|ROUTE|STRENGTH|NAME|DRUG|INJ\w*|VIALS?|AMP\w*|SYRINGE|UNCLASSIFIED|NOC|PER|EACH|"
    r"GIVEN|SEE|NOTES?)\b"
)
_SUPPLIED = r"(?i)\b(PHARMACY|FREE|SAMPLES?|NO COST|NO CHARGE|WHITE BAG\w*|BROWN BAG\w*|OWN (DRUG|MED\w*|SUPPLY)|SUPPLIED|BROUGHT|VFC)\b"
_JOINT = r"(?i)\b(IA|INTRA-?ARTIC\w*|INTRA-?BURSAL|BURSA|PERI-?TENDIN\w*|TENDON|JOINT)\b"
_MUSCLE_OR_SKIN = r"(?i)\b(IM|SC|SQ|SUBQ|SUB-?CUT\w*|INTRA-?MUSC\w*)\b"
_VEIN = r"(?i)\b(IV|IVP|IVPB|INTRA-?VEN\w*)\b"
_HYDRATION = r"(?i)\b(HYDRAT\w*|DEHYDRAT\w*|REHYDRAT\w*)\b"


def with_texts(t: Facts, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``line_text`` (SV101-7 and all notes of the line) and ``claim_text`` (all notes of the claim), "" for none."""
    line_notes = _joined(t.notes.filter(pl.col("line_id").is_not_null()), rows, "line_id", "line_notes")
    claim_notes = _joined(t.notes.filter(pl.col("line_id").is_null()), rows, "claim_id", "claim_text")
    return (
        rows.join(line_notes, on="line_id", how="left")
        .join(claim_notes, on="claim_id", how="left")
        .with_columns(
            pl.concat_str("description", "line_notes", separator=" ", ignore_nulls=True)
            .str.strip_chars()
            .alias("line_text"),
            pl.col("claim_text").fill_null("").str.strip_chars(),
            pl.col("line_notes").fill_null("").str.strip_chars(),
        )
    )


def _joined(notes: pl.LazyFrame, rows: pl.LazyFrame, key: str, name: str) -> pl.LazyFrame:
    return (
        notes.join(rows.select(key), on=key, how="semi")
        .sort("segment")
        .group_by(key)
        .agg(pl.col("text").str.join(" ").alias(name))
    )


def no_text() -> pl.Expr:
    """Neither the line nor the claim has any text."""
    return (pl.col("line_text") == "") & (pl.col("claim_text") == "")


def names_substance() -> pl.Expr:
    """The line has a text, or the claim note speaks of a dose or of a drug that somebody else supplied."""
    claim = pl.col("claim_text")
    return (pl.col("line_text") != "") | has_amount(claim) | claim.str.contains(_SUPPLIED)


def has_amount(text: pl.Expr) -> pl.Expr:
    """A number with a unit of dose or volume."""
    return text.str.contains(_AMOUNT)


def has_route(text: pl.Expr) -> pl.Expr:
    """A route of administration, in letters or in full."""
    return text.str.contains(_ROUTE)


def has_ndc(text: pl.Expr) -> pl.Expr:
    """Eleven digits, or an NDC with hyphens."""
    return text.str.contains(_NDC)


def has_name(text: pl.Expr) -> pl.Expr:
    """A word of three letters or more that is neither unit, route nor filler: the name of the drug."""
    rest = text.str.replace_all(_AMOUNT, " ").str.replace_all(_ROUTE, " ").str.replace_all(_FILLER, " ")
    return rest.str.contains(r"(?i)[A-Z]{3,}")


def into_joint(text: pl.Expr) -> pl.Expr:
    """A joint, a bursa or a tendon sheath as the place of an injection."""
    return text.str.contains(_JOINT)


def into_muscle(text: pl.Expr) -> pl.Expr:
    """Muscle or skin as the place of an injection."""
    return text.str.contains(_MUSCLE_OR_SKIN)


def into_vein(text: pl.Expr) -> pl.Expr:
    """A vein as the place where a drug was given."""
    return text.str.contains(_VEIN)


def of_hydration(text: pl.Expr) -> pl.Expr:
    """Fluid that the patient needed for its own sake."""
    return text.str.contains(_HYDRATION)
