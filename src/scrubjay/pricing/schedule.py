"""The fee schedule laid out for look-up: whole numbers, one row per code, modifier, setting and period.

Relative values are hundredths, cost indices thousandths, conversion factors ten-thousandths, drug limits tenths of a
cent, shares thousandths.  Made once for a set of references.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from scrubjay.refdata import References

TABLES = ("pfs", "conversion", "gpci", "zip_locality", "asp", "payment_rules", "pos")

_RVU, _GPCI, _FACTOR, _MILLS = 100, 1000, 10_000, 1000


@dataclass(frozen=True, eq=False)
class Schedule:
    """What Medicare pays, by code and day.

    ``fees``: ``code``, ``mod`` ("" where none), ``facility``, ``start``; ``work``, ``pe``, ``mp`` of that setting and their
    ``total``; ``base`` is that total again, or the sum of the three where only the total of a later year is known and
    they give its distribution; the indicators, ``status``, ``na``, ``year`` of the values.  ``factors``: ``start``,
    ``cf``.  ``places``: ``zip5``, ``start``, ``pw``, ``pg``, ``mg``, ``place``.  ``limits``: ``code``, ``quarter`` (its
    first day), ``mills``; ``quarters``: ``quarter``.  ``rules``: the table payment_rules.
    """

    fees: pl.DataFrame
    factors: pl.DataFrame
    places: pl.DataFrame
    limits: pl.DataFrame
    quarters: pl.DataFrame
    rules: pl.DataFrame
    reduced: tuple[str, ...]

    def listed(self, rule: str, part: str) -> list[str]:
        """Return the indicators of a rule that mean ``part``."""
        return _listed(self, rule, part)

    def listed_indicators(self, rule: str) -> list[str]:
        """Return the indicators that a rule knows."""
        return self.rules.filter(pl.col("rule") == rule)["indicator"].unique().sort().to_list()

    def permille(self, rule: str, indicator: str | None, part: str, day: dt.date) -> int | None:
        """Return the share of a rule on a day in thousandths; None where the rule does not hold then."""
        begun = (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
        same = pl.col("indicator").is_null() if indicator is None else pl.col("indicator") == indicator
        row = self.rules.filter((pl.col("rule") == rule) & same & (pl.col("part") == part) & begun)
        return int(row["permille"][0]) if row.height else None


@lru_cache(maxsize=256)
def _listed(s: Schedule, rule: str, part: str) -> list[str]:
    return s.rules.filter((pl.col("rule") == rule) & (pl.col("part") == part))["indicator"].to_list()


@lru_cache(maxsize=4)
def schedule(refs: References) -> Schedule | None:
    """Lay out the tables of a set of references; None where one of them is not held."""
    if not all(refs.has(name) for name in TABLES):
        return None
    asp = refs.frame("asp").filter(pl.col("limit").is_not_null())
    return Schedule(
        fees=_fees(refs.frame("pfs")),
        factors=refs.frame("conversion")
        .filter(~pl.col("qualifying_apm"))
        .select(start="valid_from", cf=_whole("cf", _FACTOR))
        .sort("start"),
        places=_places(refs),
        limits=asp.select(code="hcpcs", quarter="valid_from", mills=_whole("limit", _MILLS)).unique(
            ["code", "quarter"], keep="last", maintain_order=True
        ),
        quarters=asp.select(quarter="valid_from").unique().sort("quarter"),
        rules=refs.frame("payment_rules"),
        reduced=tuple(
            sorted(
                refs.frame("taxonomy_groups")
                .filter(pl.col("group") == "PAID_AS_NON_PHYSICIAN")
                .get_column("prefix")
                .to_list()
            )
        )
        if refs.has("taxonomy_groups")
        else (),
    )


def _whole(column: str, scale: int) -> pl.Expr:
    """Turn an exact decimal into whole units of 1/scale."""
    return (pl.col(column) * scale).cast(pl.Int64)


def _fees(pfs: pl.DataFrame) -> pl.DataFrame:
    """Return one row per code, modifier, setting and period; a total without its parts borrows the parts before it."""
    pieces = []
    for facility, pe, na, total in (
        (False, "nonfac_pe", "nonfac_na", "nonfac_total"),
        (True, "fac_pe", "fac_na", "fac_total"),
    ):
        pieces.append(
            pfs.filter(pl.col(total).is_not_null()).select(
                code="hcpcs",
                mod=pl.col("mod").fill_null(""),
                facility=pl.lit(facility),
                start="valid_from",
                status="status",
                work=_whole("work", _RVU),
                pe=_whole(pe, _RVU),
                mp=_whole("mp", _RVU),
                total=_whole(total, _RVU),
                whole=pl.col("work").is_not_null(),
                na=na,
                pctc="pctc",
                multiple="mult_proc",
                bilateral="bilat",
                assistant="asst",
                co_surgeon="co_surg",
                year=pl.col("valid_from").dt.year(),
            )
        )
    key = ["code", "mod", "facility"]
    filled = "status work pe mp na pctc multiple bilateral assistant co_surgeon".split()
    return (
        pl.concat(pieces)
        .sort(*key, "start")
        .with_columns(pl.col(filled).forward_fill().over(key))
        .filter(pl.col("status").is_not_null())
        .with_columns(base=pl.when("whole").then("total").otherwise(pl.col("work") + pl.col("pe") + pl.col("mp")))
        .drop("whole")
        .sort("start")
    )


def _places(refs: References) -> pl.DataFrame:
    """Return the cost indices of each ZIP code by year."""
    index = refs.frame("gpci").select(
        "mac",
        "locality",
        start="valid_from",
        pw=_whole("pw", _GPCI),
        pg=_whole("pe", _GPCI),
        mg=_whole("mp", _GPCI),
        place=pl.format("{} {}", "state", "locality"),
    )
    zips = refs.frame("zip_locality").select("zip5", mac="carrier", locality="locality")
    return zips.join(index, on=["mac", "locality"]).drop("mac", "locality").sort("start")
