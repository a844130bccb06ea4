"""National Drug Codes in one form: eleven digits."""

from __future__ import annotations

import numpy as np
import polars as pl

from scrubjay.facts.gather import distinct

# Ten digits with hyphens say which part lacks its zero; the last form has all eleven (S:MNNDC).
_HYPHENATED = (
    (r"^(\d{4})-(\d{4})-(\d{2})$", "0${1}${2}${3}"),
    (r"^(\d{5})-(\d{3})-(\d{2})$", "${1}0${2}${3}"),
    (r"^(\d{5})-(\d{4})-(\d)$", "${1}${2}0${3}"),
    (r"^(\d{5})-(\d{4})-(\d{2})$", "${1}${2}${3}"),
)


def eleven_digits(ndc: pl.Expr) -> pl.Expr:
    """Return an NDC as eleven digits, null where its form does not say where a missing zero belongs."""
    text = ndc.str.strip_chars()
    for pattern, form in _HYPHENATED:
        text = text.str.replace(pattern, form)
    return pl.when(text.str.contains(r"^\d{11}$")).then(text)


def ndc_column(ndc: pl.Series) -> pl.Series:
    """Return the NDCs of service lines as eleven digits; each distinct one is looked at once."""
    if ndc.null_count() == len(ndc):
        return pl.Series("ndc11", [None], dtype=pl.String).new_from_index(0, len(ndc))
    values, index = distinct(ndc)
    made = pl.DataFrame({"ndc": pl.Series(values, dtype=pl.String)}).select(ndc11=eleven_digits(pl.col("ndc")))
    return made["ndc11"].gather(pl.Series(index.astype(np.uint32)))
