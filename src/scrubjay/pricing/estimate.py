"""The allowed amount of service lines by Medicare's fee schedule and drug limits.

Fee of a unit: (work x GPCI + practice expense x GPCI + malpractice x GPCI) x conversion factor, rounded half up to the
cent (CMS PFS relative value files, formula of the final rules).  Drug: limit x units, rounded to the cent.  The lesser of
that and the charge is allowed.  All arithmetic is on integers.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from scrubjay.pricing.reductions import MODS, Modifiers, any_mod, modifiers_in, with_reductions
from scrubjay.pricing.schedule import Schedule

ESTIMATE = "estimate"
"""First word of a basis that is not the charge."""

INPUT: dict[str, pl.DataType | type[pl.DataType]] = {
    "line_id": pl.UInt32,
    "claim_id": pl.UInt32,
    "code": pl.String,
    "mod1": pl.String,
    "mod2": pl.String,
    "mod3": pl.String,
    "mod4": pl.String,
    "units_milli": pl.Int64,
    "charge_cents": pl.Int64,
    "service_date": pl.Date,
    "facility": pl.Boolean,
    "zip": pl.String,
    "taxonomy": pl.String,
    "provider": pl.String,
}
"""Columns that :func:`estimate_lines` reads.  Lines of one claim, day and provider share the multiple-procedure rules."""

_CENTS_OF_FEE = 10_000_000
_CENTS_OF_LIMIT = 10_000


def rounded(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Divide integers that are not negative and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def estimate_lines(lines: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Return ``line_id``, ``allowed_cents`` and ``basis``, one row per line of :data:`INPUT`, in their order."""
    return with_basis(priced_lines(lines, s), s).select("line_id", "allowed_cents", "basis", "at").sort("at").drop("at")


def priced_lines(lines: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Return one row per line of :data:`INPUT` by day of service, with ``allowed_cents`` and what :func:`with_basis` says.

    ``allowed_cents`` is null where Medicare's tables give no amount: the code is priced by the contractor, paid by a
    schedule that is not held (laboratory, vaccine administration by G code), or the day is before the tables.
    """
    present = modifiers_in(lines)
    priced = lines.select(*INPUT, *_of_line(s, present)).with_row_index("at").sort("service_date")
    priced = _with_limits(priced, s)
    priced = _with_places(_with_fees(priced, s), s).with_columns(_unit_fee(s, present))
    return _with_allowed(with_reductions(priced, s, present), s)


@lru_cache(maxsize=256)
def _of_line(s: Schedule, present: Modifiers) -> list[pl.Expr]:
    """Return ``zip5``, the modifier that names a part of the service, and the ``units``."""
    split = sorted(present.intersection(s.listed("modifier", "split")))
    part = [pl.when(pl.col(m).is_in(split)).then(m) for m in MODS if split]
    return [
        pl.col("zip").str.slice(0, 5).alias("zip5"),
        pl.coalesce([*part, pl.lit("")]).alias("split"),
        pl.col("units_milli").fill_null(1000).alias("units"),
    ]


def _with_limits(frame: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Add the drug limit of the quarter, of the newest quarter held for a later day."""
    return frame.join_asof(
        s.quarters, left_on="service_date", right_on="quarter", strategy="backward", check_sortedness=False
    ).join(s.limits, on=["code", "quarter"], how="left", maintain_order="left")


def _with_fees(frame: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    codes = frame["code"].unique().drop_nulls()
    fees = s.fees.filter(pl.col("code").is_in(codes.implode()))
    technical = fees.filter((pl.col("mod") == "TC") & ~pl.col("na")).select(
        "code", "facility", "start", t_work="work", t_pe="pe", t_mp="mp"
    )
    frame = frame.join_asof(
        fees,
        left_on="service_date",
        right_on="start",
        by_left=["code", "split", "facility"],
        by_right=["code", "mod", "facility"],
        strategy="backward",
        check_sortedness=False,
    )
    if technical.is_empty():
        nothing = [pl.lit(None, dtype=pl.Int64).alias(n) for n in ("t_work", "t_pe", "t_mp")]
        frame = frame.with_columns(nothing)
    else:
        frame = frame.join_asof(
            technical,
            left_on="service_date",
            right_on="start",
            by=["code", "facility"],
            strategy="backward",
            check_sortedness=False,
            suffix="_technical",
        )
    return frame.join_asof(
        s.factors,
        left_on="service_date",
        right_on="start",
        strategy="backward",
        check_sortedness=False,
        suffix="_factor",
    )


def _with_places(frame: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Add the cost indices of the ZIP code; without them the amount is the national one."""
    zips = frame["zip5"].unique().drop_nulls()
    places = s.places.filter(pl.col("zip5").is_in(zips.implode()))
    if places.is_empty():
        frame = frame.with_columns(
            *(pl.lit(None, dtype=pl.Int64).alias(n) for n in ("pw", "pg", "mg")),
            pl.lit(None, dtype=pl.String).alias("place"),
        )
    else:
        frame = frame.join_asof(
            places,
            left_on="service_date",
            right_on="start",
            by="zip5",
            strategy="backward",
            check_sortedness=False,
            suffix="_place",
        )
    return frame.with_columns(pl.col("pw", "pg", "mg").fill_null(1000))


@lru_cache(maxsize=256)
def _unit_fee(s: Schedule, present: Modifiers) -> list[pl.Expr]:
    """Return ``fee`` (cents of a unit), its practice expense ``pe_fee`` and its technical part ``technical``."""
    by_hand = any_mod(sorted(present.intersection(s.listed("modifier", "by-hand"))))
    usable = pl.col("status").is_in(s.listed("status", "priced")) & ~by_hand & ~pl.col("na")
    cf = pl.col("cf")

    def cents(value: pl.Expr) -> pl.Expr:
        plain = rounded(value * cf, _CENTS_OF_FEE)
        scaled = rounded(value * cf * pl.col("total"), _CENTS_OF_FEE * pl.col("base"))
        return pl.when(pl.col("total") == pl.col("base")).then(plain).when(pl.col("base") > 0).then(scaled)

    local = pl.col("work") * pl.col("pw") + pl.col("pe") * pl.col("pg") + pl.col("mp") * pl.col("mg")
    technical = pl.col("t_work") * pl.col("pw") + pl.col("t_pe") * pl.col("pg") + pl.col("t_mp") * pl.col("mg")
    of_part = (
        pl.when(pl.col("split") == "TC")
        .then(cents(local))
        .when(pl.col("split") == "")
        .then(cents(technical))
        .otherwise(0)
    )
    return [
        pl.when(usable).then(cents(local)).alias("fee"),
        pl.when(usable).then(cents(pl.col("pe") * pl.col("pg"))).alias("pe_fee"),
        pl.when(usable).then(of_part).fill_null(0).alias("technical"),
    ]


def _with_allowed(frame: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Choose among drug limit, fee, nothing at all and no estimate, and take the lesser of it and the charge."""
    lower = (pl.col("charge_cents") >= 0) & (pl.col("charge_cents") < pl.col("full"))
    return frame.with_columns(_full(s)).with_columns(
        is_lower=lower, allowed_cents=pl.when(lower).then("charge_cents").otherwise("full")
    )


@lru_cache(maxsize=4)
def _full(s: Schedule) -> pl.Expr:
    limit = rounded(pl.col("mills") * pl.col("units"), _CENTS_OF_LIMIT)
    drug, bundled, facility = _kinds(s)
    amount = pl.when(pl.col("amount").is_not_null()).then(pl.col("amount"))
    return pl.when(drug).then(limit).when(bundled | facility).then(0).otherwise(amount).alias("full")


@lru_cache(maxsize=4)
def _kinds(s: Schedule) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Say whether a line is paid by a drug limit, bundled, or paid nothing because the place is a facility."""
    facility = pl.col("status").is_in(s.listed("status", "priced")) & pl.col("na") & pl.col("facility")
    return pl.col("mills").is_not_null(), pl.col("status").is_in(s.listed("status", "bundled")), facility


def with_basis(priced: pl.DataFrame, s: Schedule) -> pl.DataFrame:
    """Add ``basis``, what the allowed amount of priced lines rests on in words; null where there is no amount."""
    return priced.with_columns(_basis(s))


@lru_cache(maxsize=4)
def _basis(s: Schedule) -> pl.Expr:
    drug, bundled, facility = _kinds(s)
    fee_words = pl.concat_str(
        pl.lit("estimate: Medicare fee schedule "),
        pl.col("year").cast(pl.String),
        pl.when(pl.col("start_factor").dt.year() != pl.col("year"))
        .then(pl.format(" at the factor of {}", pl.col("start_factor").dt.year()))
        .otherwise(pl.lit("")),
        pl.lit(", "),
        pl.col("place").fill_null("national"),
        pl.when("facility").then(pl.lit(", facility")).otherwise(pl.lit(", non-facility")),
        pl.when("is_adjusted").then(pl.lit(", adjusted for modifiers, clinician or other lines")).otherwise(pl.lit("")),
    )
    words = (
        pl.when(drug)
        .then(
            pl.format(
                "estimate: Medicare drug limit {}Q{}", pl.col("quarter").dt.year(), pl.col("quarter").dt.quarter()
            )
        )
        .when(bundled)
        .then(pl.lit("estimate: Medicare bundles it and pays nothing"))
        .when(facility)
        .then(pl.lit("estimate: Medicare pays no fee for it in a facility"))
        .otherwise(fee_words)
    )
    lowered = pl.when("is_lower").then(pl.concat_str(words, pl.lit("; the charge is lower"))).otherwise(words)
    return pl.when(pl.col("allowed_cents").is_not_null()).then(lowered).alias("basis")
