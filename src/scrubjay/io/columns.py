"""Columns made of NumPy arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl


def masked(column: pl.Series, known: npt.NDArray[np.bool_]) -> pl.Series:
    """Return the column with null where it is not known."""
    if known.all():
        return column
    nothing = pl.Series(column.name, [None], dtype=column.dtype).new_from_index(0, len(column))
    return column.zip_with(pl.Series(known), nothing)
