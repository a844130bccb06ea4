"""What an NDC holds, in units of the codes it is listed under on the day."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from scrubjay.edits.products import NDC_QUALIFIER, with_container
from scrubjay.facts import Facts
from scrubjay.facts.ndc import MILLION, crosswalk
from scrubjay.refdata import References


def has_ndc() -> pl.Expr:
    """The line names its product by an NDC."""
    return pl.col("ndc").is_not_null() & pl.col("ndc_qualifier").fill_null(NDC_QUALIFIER).eq(NDC_QUALIFIER)


def listed_on_day(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Return one row per line and code its NDC (``ndc11``) is listed under on the day of service.

    Adds ``listed`` (the code), ``per_container`` (units of that code in a container) and ``size`` (its quantity), both
    in millionths, and ``late``: the day is after the newest edition, which then stands for it.
    """
    return _on_day(rows.join(crosswalk(refs).lazy(), on="ndc11"))


def sizes_on_day(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Return one row per line and NDC that is listed under the line's ``code`` on the day of service."""
    sizes = (
        crosswalk(refs)
        .lazy()
        .select("valid_from", "valid_to", "newest", code="listed", other_ndc="ndc11", other_size="per_container")
    )
    return _on_day(rows.join(sizes, on="code"))


def one_unit_containers(rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Return the ``line_id`` of the drug lines whose container holds no more than one unit of the code.

    The container is that of the NDC (``ndc11``); without one, every listed container of the code must be that small.
    """
    named = listed_on_day(rows.filter(pl.col("ndc11").is_not_null()), refs).filter(pl.col("listed") == pl.col("code"))
    bare = rows.filter(pl.col("ndc11").is_null()).select("line_id", "code", "service_date")
    largest = sizes_on_day(bare, refs).group_by("line_id").agg(per_container=pl.col("other_size").max())
    found = pl.concat([named.select("line_id", "per_container"), largest])
    return found.filter(pl.col("per_container") <= MILLION).select("line_id").unique()


@lru_cache(maxsize=8)
def _contents(refs: References) -> pl.DataFrame:
    """Return what a container of every NDC holds, in millionths, and whether that is milliliters."""
    return refs.frame("containers").select(
        "ndc11", content=(pl.col("content") * MILLION).cast(pl.Int64), liquid=pl.col("content_unit") == "ml"
    )


def _on_day(rows: pl.LazyFrame) -> pl.LazyFrame:
    day, late = pl.col("service_date"), pl.col("service_date") > pl.col("newest")
    holds = (pl.col("valid_from") <= day) & (
        (pl.col("valid_to") >= day) | (late & (pl.col("valid_to") == pl.col("newest")))
    )
    return rows.filter(holds).with_columns(late=late).drop("valid_from", "valid_to", "newest")


def with_ndc_units(t: Facts, rows: pl.LazyFrame, refs: References) -> pl.LazyFrame:
    """Keep drug lines whose NDC quantity can be told in units of their code: ``held`` over ``held_by`` thousandths of a unit.

    Quantities in UN count containers, those in ML are a part of a liquid's content.  Milliliters of a powder, units of
    a multi-dose container and other units of measure cannot be told.
    """
    known = rows.filter(
        has_ndc() & (pl.col("ndc_qty_milli") > 0) & pl.col("units_milli").is_not_null() & ~t.has_mod("JW")
    )
    own = listed_on_day(known, refs).filter(pl.col("listed") == pl.col("code")).unique("line_id", keep="any")
    content = _contents(refs).lazy()
    unit = pl.col("ndc_unit")
    same = pl.col("content") == pl.col("size")
    by_volume = (pl.col("liquid") & same).fill_null(pl.col("liquid").is_null() & (pl.col("size") > MILLION))
    by = (
        pl.when((unit == "UN") & (pl.col("dose") != "multi").fill_null(value=True))
        .then(pl.lit(MILLION, dtype=pl.Int64))
        .when((unit == "ML") & by_volume)
        .then(pl.col("size"))
    )
    return (
        with_container(own, refs)
        .join(content, on="ndc11", how="left")
        .with_columns(held=pl.col("ndc_qty_milli") * pl.col("per_container"), held_by=by)
        .filter(pl.col("held_by").is_not_null() & (pl.col("held") > 0))
        .with_columns(held_units=-(-pl.col("held") // (pl.col("held_by") * 1000)))
    )


def quantity() -> pl.Expr:
    """Write the NDC quantity with its unit."""
    return pl.format("{} {}", "ndc_qty_text", "ndc_unit")
