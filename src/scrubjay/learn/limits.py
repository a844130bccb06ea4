"""What CMS's tables say of a denied line: the pair that bundles it, the unit limit it is above."""

from __future__ import annotations

import polars as pl

from scrubjay.ptp import base36, pairs_in_force
from scrubjay.refdata import References

PAIR_REASONS = ("97", "236", "231")
UNIT_REASONS = ("151", "222")
"""Reasons that payers use alike: for a pair of codes, for units above a limit."""

_PLACE_REMARKS = ("M97", "N428")
"""Remarks that say it was the place and no other service that kept the payment back."""

_VISITS = "EM_ANY"


def partners(denials: pl.DataFrame, services: pl.DataFrame, refs: References) -> pl.DataFrame:
    """Return per ``denial_id`` the service of the day that the PTP table pairs the denied code with.

    ``services`` has ``remit_claim_id``, ``service_date``, ``code``.  Columns: ``partner``, ``is_visit``, ``indicator``
    (0: never together, 1: a modifier may part them; null where no pair is in force but a visit stands beside it),
    ``denied_column`` (2 where the denied code is the one that the table does not pay).
    """
    schema = {
        "denial_id": pl.UInt32, "partner": pl.String, "is_visit": pl.Boolean, "indicator": pl.UInt8, "denied_column": pl.UInt8,
    }  # fmt: skip
    placed = pl.col("rarc").list.set_intersection(list(_PLACE_REMARKS)).list.len() > 0
    bundled = denials.filter(pl.col("carc").is_in(PAIR_REASONS) & pl.col("code").is_not_null() & ~placed)
    pairs = (
        bundled.select("denial_id", "remit_claim_id", "service_date", "code")
        .join(services.unique(), on=["remit_claim_id", "service_date"], suffix="_other")
        .filter(pl.col("code") != pl.col("code_other"))
    )
    if not len(pairs) or not refs.has("ptp"):
        return pl.DataFrame(schema=schema)
    codes = pl.concat([pairs["code"], pairs["code_other"]]).unique()
    visits = refs.groups_of(codes).filter(pl.col("group") == _VISITS)["code"].unique()
    table = refs.ptp_arrays()
    one, two = base36(pairs["code_other"].to_list()), base36(pairs["code"].to_list())
    day = pairs["service_date"].cast(pl.Int32).cast(pl.Int64).fill_null(0).to_numpy()
    second, _, mi_second = pairs_in_force(table, one, two, day)
    first, _, mi_first = pairs_in_force(table, two, one, day)
    judged = pairs.with_columns(
        pl.Series("second", second & (day > 0)),
        pl.Series("first", first & (day > 0)),
        pl.Series("mi_second", mi_second),
        pl.Series("mi_first", mi_first),
        pl.col("code_other").is_in(visits.to_list()).alias("is_visit"),
    ).with_columns(
        pl.when("second").then("mi_second").when("first").then("mi_first").alias("indicator"),
        pl.when("second").then(pl.lit(2)).when("first").then(pl.lit(1)).cast(pl.UInt8).alias("denied_column"),
        (2 * pl.col("second").cast(pl.Int8) + pl.col("first").cast(pl.Int8)).alias("strength"),
    )
    return (
        judged.filter((pl.col("strength") > 0) | pl.col("is_visit"))
        .sort("denial_id", "strength", "is_visit", "code_other", descending=[False, True, True, False])
        .unique("denial_id", keep="first", maintain_order=True)
        .select("denial_id", pl.col("code_other").alias("partner"), "is_visit", "indicator", "denied_column")
        .cast(schema)  # type: ignore[arg-type]
    )


def unit_limits(denials: pl.DataFrame, refs: References) -> pl.DataFrame:
    """Return per ``denial_id`` the MUE of its code on its day: ``mue``, ``mai``, ``mue_edition``.

    Without an edition for the day the nearest earlier one counts, else the earliest.
    """
    schema = {"denial_id": pl.UInt32, "mue": pl.Int32, "mai": pl.UInt8, "mue_edition": pl.String}
    above = denials.filter(pl.col("carc").is_in(UNIT_REASONS) & pl.col("code").is_not_null())
    if not len(above) or not refs.has("mue"):
        return pl.DataFrame(schema=schema)
    held = refs.frame("mue").select(
        pl.col("hcpcs").alias("code"),
        pl.col("value").alias("mue"),
        "mai",
        pl.col("edition").alias("mue_edition"),
        "valid_from",
    )
    rows = above.select("denial_id", "code", "service_date").join(held, on="code")
    begun = (pl.col("valid_from") <= pl.col("service_date")).fill_null(value=False)
    return (
        rows.with_columns(
            begun.alias("begun"),
            pl.when(begun)
            .then(pl.col("valid_from").cast(pl.Int32))
            .otherwise(-pl.col("valid_from").cast(pl.Int32))
            .alias("near"),
        )
        .sort("denial_id", "begun", "near")
        .unique("denial_id", keep="last", maintain_order=True)
        .select(list(schema))
        .cast(schema)  # type: ignore[arg-type]
    )


def in_groups(codes: pl.Series, refs: References) -> dict[str, frozenset[str]]:
    """Return the groups each code belongs to on some day."""
    found = refs.groups_of(codes).group_by("code").agg(pl.col("group").unique())
    return {code: frozenset(groups) for code, groups in found.iter_rows()}
