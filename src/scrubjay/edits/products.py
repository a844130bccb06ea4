"""What a drug line gives away about its product: whether it can be an injection, its NDC, the container it came in."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from scrubjay.facts import Facts
from scrubjay.facts.ndc import container_kinds
from scrubjay.facts.ndc import eleven_digits as eleven_digits
from scrubjay.refdata import References

NDC_QUALIFIER = "N4"
"""LIN02 of a National Drug Code."""

_INTO_MUSCLE_OR_SKIN = ("IM", "SC", "any")

_OLD_LISTING = "2019"
_LABELLED_SINGLE = "single_dose_vial"


def may_be_injected(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Keep the lines whose drug goes into muscle or under the skin, or whose route is not known."""
    return rows.filter(~pl.col("code").is_in(_given_otherwise(refs)).fill_null(value=False))


@lru_cache(maxsize=8)
def _given_otherwise(refs: References) -> pl.Series:
    """Return the codes of drugs none of whose routes goes into muscle or under the skin, as one list."""
    fits = pl.any_horizontal(pl.col("routes").list.contains(route) for route in _INTO_MUSCLE_OR_SKIN)
    return refs.frame("drugs").filter(~fits).get_column("hcpcs").implode()


@lru_cache(maxsize=8)
def _kinds(refs: References) -> pl.DataFrame:
    """Return what the container table says of every NDC; the wording is read once, not for every batch."""
    firm = (
        (pl.col("container") == _LABELLED_SINGLE)
        & (pl.col("match") == "exact")
        & ~pl.col("edition").str.contains(_OLD_LISTING, literal=True)
    )
    return container_kinds(refs).hstack(refs.frame("containers").select(firm=firm))


def with_container(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Add ``dose``, the kind of the container of the line's NDC, and ``firm``, whether a listing says so plainly.

    ``dose`` is ``single``, ``multi`` or null where there is no NDC or the listing leaves it open.  ``firm`` is false
    where the kind comes from a listing of 2019, from the container's form or from another package of the product.
    """
    return rows.join(_kinds(refs).lazy(), on="ndc11", how="left")


def at_no_cost() -> pl.Expr:
    """The line charges nothing, or the cent that stands for a drug the practice did not buy."""
    return pl.col("charge_cents") <= 1


def noted_claims(t: Facts) -> pl.LazyFrame:
    """Return the claims with a note of the claim or of a line."""
    return t.notes.select("claim_id").unique()
