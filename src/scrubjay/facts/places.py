"""Facts about the place of service: its groups, and whether the payer's own list refuses it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import distinct
from scrubjay.groups import Bits, listed_masks, place_groups
from scrubjay.refdata import References


def with_places(rows: pl.DataFrame, refs: References, bits: Bits) -> pl.DataFrame:
    """Add the group masks of the place of service (column ``pos``)."""
    values, index = distinct(rows["pos"])
    masks = listed_masks(bits, place_groups(refs), values)
    return rows.hstack([pl.Series(name, mask[index]) for name, mask in zip(bits.columns("places"), masks, strict=True)])


def with_place_facts(lines: pl.DataFrame, refs: References, bits: Bits) -> pl.DataFrame:
    """Add the groups of the place, ``pos_facility`` and ``pos_refused``; the switch columns must be there.

    ``pos_facility``: the fee schedule pays the place at the facility rate; null where the place is unknown.
    ``pos_refused``: the place is in the list that the payer's switch names.
    """
    values, index = distinct(lines["pos"])
    masks = listed_masks(bits, place_groups(refs), values)
    rates = _rates(refs)
    rate = pl.Series("pos_facility", [rates.get(v) for v in values], dtype=pl.Boolean)[
        pl.Series(index.astype(np.uint32))
    ]
    lists, which = distinct(lines["sw_facility_pos"].cast(pl.String))
    refused = np.zeros(len(lines), dtype=bool)
    for row, name in enumerate(lists):
        if name in bits.names:
            word, bit = bits.place(name)
            refused |= (which == row) & ((masks[word][index] & np.uint64(1 << bit)) != 0)
    own = [pl.Series(name, mask[index]) for name, mask in zip(bits.columns("places"), masks, strict=True)]
    return lines.hstack([*own, rate, pl.Series("pos_refused", refused)])


@lru_cache(maxsize=8)
def _rates(refs: References) -> dict[str, bool]:
    """Return whether the fee schedule pays a place at the facility rate."""
    return dict(refs.frame("pos").select("pos", "facility").iter_rows()) if refs.has("pos") else {}
