"""What the text of a drug line says of where the drug came from and how much was given.  No text leaves this module."""

from __future__ import annotations

import polars as pl

from scrubjay.facts.ndc import MILLION

FREE = (
    r"(?i)\b(SAMPLES?|VFC|NO COST|NO CHARGE|FREE OF CHARGE|FREE (DRUG|GOODS|SAMPLES?)|WHITE[ -]?BAG\w*|BROWN[ -]?BAG\w*|"
    r"(PATIENT|PT|PHARMACY)('S)?[ -](SUPPLIED|SUPPLY|OWN|BROUGHT)|(SUPPLIED|BROUGHT( IN)?|PROVIDED) BY (THE )?"
    r"(PATIENT|PT|(SPECIALTY )?PHARMACY)|OWN (SUPPLY|DRUG|MED\w*))\b"
)
"""Words that say so; the coding of charts reads notes by the same ones."""

NOT_FREE = (
    r"(?i)\b(NOT|NO|NON|WITHOUT)[ -]+(A )?(SAMPLES?|VFC|FREE|PATIENT|PT|PHARMACY|SUPPLIED|BROUGHT|OWN|WHITE|BROWN)\b"
)
_COMPOUNDED = r"(?i)\bCOMPOUND(ED|ING)?\b"

_NUMBER = r"(\d{1,7}(?:,\d{3})*(?:\.\d{1,6})?|\.\d{1,6})"
_UNIT = r"(MCG|UG|MG|GRAMS?|GMS?|G|UNITS?|IU|ML|CC)"
_AMOUNT = rf"{_NUMBER}\s*{_UNIT}\b"
_STRENGTH = rf"(?i){_AMOUNT}\s*(/|PER\b)\s*[\d.]*\s*[A-Z]+"
_CONTAINER = (
    rf"(?i){_AMOUNT}\s+(SINGLE[ -]DOSE |MULTI[ -]?DOSE )?(SDV|MDV|PFS|VIALS?|AMP\w*|SYR\w*|PENS?|KITS?|BAGS?|PACKAGE)\b"
)
_MARKED = rf"(?i)\b(?:DOSE|DOSAGE|GIVEN|GAVE|ADMINISTERED|INJECTED|TOTAL)\b[^0-9.]{{0,15}}{_AMOUNT}"
_DOUBT = r"(?i)\b(WAST\w*|DISCARD\w*|DRAWN|EACH|BILAT\w*|TWICE|TIMES|X\s*\d)\b|\d\s*(-|TO)\s*\.?\d"


def says_free(text: pl.Expr) -> pl.Expr:
    """The text says that the drug cost the practice nothing: a sample, or supplied by the patient or a pharmacy."""
    return text.str.contains(FREE) & ~text.str.contains(NOT_FREE)


def says_compounded(text: pl.Expr) -> pl.Expr:
    """The text says that the drug was compounded."""
    return text.str.contains(_COMPOUNDED)


def with_dose(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add what the line text says was given: ``dose`` in millionths of ``dose_unit`` (of the drug's own unit), else null.

    A dose is an amount behind a word such as DOSE or GIVEN, or the only amount of its kind in a text that names no
    waste, no repetition and no range.  Strengths (per mL) and contents of containers are no doses.
    """
    text = pl.col("line_text").str.replace_all(_STRENGTH, " ").str.replace_all(_CONTAINER, " ")
    unit = pl.col("drug_unit").cast(pl.String).str.to_lowercase()
    kinds = {"mass": ("mg", "mcg"), "units": ("units", "iu"), "volume": ("ml",)}
    words = {"mass": "MCG|UG|MG|GRAMS?|GMS?|G", "units": "UNITS?|IU", "volume": "ML|CC"}
    marked, only, many = pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.String), pl.lit(0, dtype=pl.UInt32)
    for kind, names in kinds.items():
        own = rf"(?i){_NUMBER}\s*({words[kind]})\b"
        here = unit.is_in(names)
        amounts = (
            text.str.to_uppercase()
            .str.extract_all(own)
            .list.eval(pl.element().str.replace_all(r"\s", ""))
            .list.unique()
        )
        marked = pl.when(here).then(text.str.extract(_MARKED.replace(_UNIT, f"({words[kind]})"), 0)).otherwise(marked)
        only = pl.when(here).then(amounts.list.first()).otherwise(only)
        many = pl.when(here).then(amounts.list.len()).otherwise(many)
    plain = pl.when((many == 1) & ~text.str.contains(_DOUBT)).then(only)
    said = pl.coalesce(marked, plain).str.to_uppercase()
    number = said.str.extract(rf"{_NUMBER}\s*[A-Z]+$", 1).str.replace_all(",", "")
    number = pl.when(number.str.starts_with(".")).then(pl.format("0{}", number)).otherwise(number)
    word = said.str.extract(r"([A-Z]+)$", 1)
    micrograms = (
        pl.when(word.str.starts_with("G")).then(MILLION).when(word == "MG").then(1000).otherwise(1).cast(pl.Int64)
    )
    of_unit = pl.when(unit == "mg").then(1000).otherwise(1).cast(pl.Int64)
    whole = (number.cast(pl.Decimal(18, 6), strict=False) * MILLION).cast(pl.Int64, strict=False)
    mass = unit.is_in(kinds["mass"])
    return rows.with_columns(
        dose=pl.when(mass).then(whole * micrograms).otherwise(whole),
        per=(pl.col("drug_unit_amount") * MILLION).cast(pl.Int64) * pl.when(mass).then(of_unit).otherwise(1),
        dose_words=pl.concat_str(number, pl.lit(" "), word),
    )


def amount(millionths: pl.Expr) -> pl.Expr:
    """Write an amount of whole millionths without needless zeros."""
    whole = millionths // MILLION
    rest = (millionths % MILLION).cast(pl.String).str.zfill(6).str.strip_chars_end("0")
    return pl.when(rest == "").then(whole.cast(pl.String)).otherwise(pl.format("{}.{}", whole, rest))
