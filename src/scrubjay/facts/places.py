"""Facts about the place of service: its groups, and whether the payer's own list refuses it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import Ints, distinct
from scrubjay.facts.switches import switch
from scrubjay.groups import Bits, listed_masks, place_groups
from scrubjay.policy import PolicySet
from scrubjay.refdata import References


def with_places(rows: pl.DataFrame, refs: References, bits: Bits) -> pl.DataFrame:
    """Add the group masks of the place of service (column ``pos``)."""
    values, index = distinct(rows["pos"])
    masks = listed_masks(bits, place_groups(refs), values)
    return rows.hstack([pl.Series(name, mask[index]) for name, mask in zip(bits.columns("places"), masks, strict=True)])


def place_columns(
    places: tuple[list[str], Ints], stretch: Ints, policy: PolicySet, refs: References, bits: Bits
) -> list[pl.Series]:
    """Return the groups of the place, ``pos_facility`` and ``pos_refused`` of lines.

    ``places`` are the places and the index of each line's; ``stretch`` is the line's row in the policy's switches.
    ``pos_facility``: the fee schedule pays the place at the facility rate; null where the place is unknown.
    ``pos_refused``: the place is in the list that the payer's switch names.
    """
    values, index = places
    masks = listed_masks(bits, place_groups(refs), values)
    rates = _rates(refs)
    rate = pl.Series("pos_facility", [rates.get(v) for v in values], dtype=pl.Boolean)
    lists = switch(policy, "sw_facility_pos")
    refused = np.zeros((len(lists), len(values)), dtype=bool)
    for row, name in enumerate(lists):
        if name is not None and name in bits.names:
            word, bit = bits.place(name)
            refused[row] = (masks[word] & np.uint64(1 << bit)) != 0
    return [
        *(pl.Series(name, mask[index]) for name, mask in zip(bits.columns("places"), masks, strict=True)),
        rate[pl.Series(index.astype(np.uint32))],
        pl.Series("pos_refused", refused[stretch, index]),
    ]


@lru_cache(maxsize=8)
def _rates(refs: References) -> dict[str, bool]:
    """Return whether the fee schedule pays a place at the facility rate."""
    return dict(refs.frame("pos").select("pos", "facility").iter_rows()) if refs.has("pos") else {}
