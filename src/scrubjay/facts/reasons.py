"""Whether what is given on a claim and its administration tell one reason."""

from __future__ import annotations

import numpy as np
import polars as pl

from scrubjay.facts.gather import Groups
from scrubjay.groups import Bits

_GIVEN = ("DRUG", "ADM")

_MOST = 63
"""The last diagnosis that has a bit of its own; a claim has twelve."""


def with_reasons(lines: pl.DataFrame, claim: Groups, codes: Bits) -> pl.DataFrame:
    """Return the lines with ``reasons_differ``: the injections and drugs of the claim point first to several diagnoses.

    ``claim`` are the lines grouped by their claim.
    """
    pointer = lines["pointer1"].fill_null(0).to_numpy().astype(np.uint64)
    given = np.zeros(len(lines), dtype=bool)
    for name in _GIVEN:
        if name in codes.names:
            given |= codes.among(lines, "groups", name)
    first = np.where(given & (pointer > 0), np.uint64(1) << np.minimum(pointer, np.uint64(_MOST)), np.uint64(0))
    reasons = claim.any_bits(first)
    # A number without its lowest bit is nothing where it had but one.
    return lines.hstack([pl.Series("reasons_differ", (reasons & (reasons - np.uint64(1))) != 0)])
