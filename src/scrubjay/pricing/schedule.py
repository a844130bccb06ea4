"""The fee schedule laid out for look-up, once for a set of references."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import Bools, Ints, days, filled, numbered
from scrubjay.facts.steps import steps_of
from scrubjay.pricing.values import SHARES, Cut, Fees, Places, Schedule, Technical, key_of
from scrubjay.refdata import References

TABLES = ("pfs", "conversion", "gpci", "zip_locality", "asp", "payment_rules", "pos")

_RVU, _GPCI, _FACTOR, _MILLS = 100, 1000, 10_000, 1000
_FULL = 1000

_ASKED = {
    "bilateral": "bilateral",
    "co-surgeon": "co_surgeon",
    "assistant": "assistant",
    "assistant-as": "assistant",
}
"""The indicator that each rule of a share asks."""


@lru_cache(maxsize=4)
def schedule(refs: References) -> Schedule | None:
    """Lay out the tables of a set of references; None where one of them is not held."""
    if not all(refs.has(name) for name in TABLES):
        return None
    rules = refs.frame("payment_rules")
    pfs = _fees(refs.frame("pfs"))
    limits = (
        refs.frame("asp")
        .filter(pl.col("limit").is_not_null())
        .select(code="hcpcs", quarter="valid_from", mills=_whole("limit", _MILLS))
    )
    factors = (
        refs.frame("conversion")
        .filter(~pl.col("qualifying_apm"))
        .select(start="valid_from", cf=_whole("cf", _FACTOR))
        .sort("start")
    )
    codes = _numbers([*pfs["code"].unique(), *limits["code"].unique()])
    split = _numbers(["", *pfs["mod"].unique(), *_listed(rules, "modifier", "split")])
    quarters = limits["quarter"].unique().sort()
    quarter_days = days(quarters)
    mills = np.full((len(codes) + 1, len(quarters) + 1), -1, dtype=np.int64)
    mills[numbered(limits["code"], codes), np.searchsorted(quarter_days, days(limits["quarter"]))] = limits["mills"]
    less = rules.filter(pl.col("rule") == "non-physician")["permille"]
    return Schedule(
        codes=codes,
        split={mod: split[mod] for mod in _listed(rules, "modifier", "split")},
        flags=_flags(rules),
        fees=_fees_laid_out(pfs, rules, codes, split),
        technical=_technical(pfs, codes),
        places=_places(refs),
        factor_days=days(factors["start"]),
        factor_years=_ended(factors["start"].dt.year(), 0),
        cf=_ended(factors["cf"], 0),
        quarter_days=quarter_days,
        quarters=[f"{day.year}Q{(day.month + 2) // 3}" for day in quarters],
        mills=mills,
        cuts=_cuts(rules),
        non_physician=int(less[0]) if len(less) else _FULL,
        reduced=_reduced(refs),
        rules=rules,
    )


def _whole(column: str, scale: int) -> pl.Expr:
    """Turn an exact decimal into whole units of 1/scale."""
    return (pl.col(column) * scale).cast(pl.Int64)


def _ended(column: pl.Series, missing: int) -> Ints:
    """Return a column of numbers or truths with one more element, for what is not held; ``missing`` for null too."""
    return np.append(filled(column, missing), missing).astype(np.int64)


def _numbers(values: Iterable[str]) -> dict[str, int]:
    return {value: k for k, value in enumerate(sorted(set(values)))}


def _listed(rules: pl.DataFrame, rule: str, part: str) -> list[str]:
    """Return the indicators of a rule that mean ``part``."""
    return rules.filter((pl.col("rule") == rule) & (pl.col("part") == part))["indicator"].to_list()


def _flags(rules: pl.DataFrame) -> dict[str, int]:
    flags: dict[str, int] = {}
    for k, part in enumerate([*SHARES, "by-hand"]):
        for mod in _listed(rules, "modifier", part):
            flags[mod] = flags.get(mod, 0) | 1 << k
    return flags


def _competing(rules: pl.DataFrame) -> dict[str, int]:
    """Number the indicators of several procedures from 1."""
    return {value: k + 1 for value, k in _numbers(rules.filter(pl.col("rule") == "multiple")["indicator"]).items()}


def _cuts(rules: pl.DataFrame) -> tuple[Cut, ...]:
    kinds = _competing(rules)
    # Operations and endoscopies compete with one another.
    operations = tuple(kinds[value] for value in ("2", "3") if value in kinds)
    rows = rules.filter(pl.col("rule") == "multiple").unique(["indicator", "part"], keep="first", maintain_order=True)
    return tuple(
        Cut(kinds[value], operations if kinds[value] in operations else (kinds[value],), part, _FULL - permille)
        for value, part, permille in rows.select("indicator", "part", "permille").iter_rows()
    )


def _reduced(refs: References) -> tuple[str, ...]:
    if not refs.has("taxonomy_groups"):
        return ()
    groups = refs.frame("taxonomy_groups").filter(pl.col("group") == "PAID_AS_NON_PHYSICIAN")
    return tuple(sorted(groups["prefix"].to_list()))


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
                multiple="mult_proc",
                bilateral="bilat",
                assistant="asst",
                co_surgeon="co_surg",
                year=pl.col("valid_from").dt.year(),
            )
        )
    key = ["code", "mod", "facility"]
    filled = "status work pe mp na multiple bilateral assistant co_surgeon".split()
    return (
        pl.concat(pieces)
        .sort(*key, "start")
        .with_columns(pl.col(filled).forward_fill().over(key))
        .filter(pl.col("status").is_not_null())
        .with_columns(base=pl.when("whole").then("total").otherwise(pl.col("work") + pl.col("pe") + pl.col("mp")))
        .drop("whole")
    )


def _fees_laid_out(pfs: pl.DataFrame, rules: pl.DataFrame, codes: dict[str, int], split: dict[str, int]) -> Fees:
    key = key_of(numbered(pfs["code"], codes), numbered(pfs["mod"], split), pfs["facility"].to_numpy())
    steps, order = steps_of(key, days(pfs["start"]))
    priced = pl.col("status").is_in(_listed(rules, "status", "priced"))
    parts = pl.all_horizontal(pl.col("work", "pe", "mp").is_not_null())
    told = pfs[pl.Series(order.astype(np.uint32))].with_columns(
        usable=priced & ~pl.col("na") & parts & ((pl.col("total") == pl.col("base")) | (pl.col("base") > 0)),
        bundled=pl.col("status").is_in(_listed(rules, "status", "bundled")),
        closed=priced & pl.col("na") & pl.col("facility"),
        multiple=pl.col("multiple").replace_strict(_competing(rules), default=0, return_dtype=pl.Int64),
        **{rule: _share(rules, rule) for rule in SHARES},
    )
    return Fees(
        steps=steps,
        work=_ended(told["work"], 0),
        pe=_ended(told["pe"], 0),
        mp=_ended(told["mp"], 0),
        total=_ended(told["total"], 0),
        base=_ended(told["base"], 0),
        usable=_truths(told["usable"]),
        bundled=_truths(told["bundled"]),
        closed=_truths(told["closed"]),
        multiple=_ended(told["multiple"], 0),
        year=_ended(told["year"], 0),
        shares=tuple(_ended(told[rule], -1) for rule in SHARES),
    )


def _truths(column: pl.Series) -> Bools:
    return _ended(column, 0).astype(bool)


def _share(rules: pl.DataFrame, rule: str) -> pl.Expr:
    rows = rules.filter(pl.col("rule") == rule)
    by_indicator = dict(zip(rows["indicator"], rows["permille"], strict=True))
    # A bilateral modifier on a code that is not doubled is paid once; the others have no known share.
    default = _FULL if rule == "bilateral" else None
    return pl.col(_ASKED[rule]).replace_strict(by_indicator, default=default, return_dtype=pl.Int64)


def _technical(pfs: pl.DataFrame, codes: dict[str, int]) -> Technical:
    rows = pfs.filter(
        (pl.col("mod") == "TC") & ~pl.col("na") & pl.all_horizontal(pl.col("work", "pe", "mp").is_not_null())
    )
    facility = rows["facility"].to_numpy()
    code = numbered(rows["code"], codes)
    steps, order = steps_of(key_of(code, np.zeros_like(code), facility), days(rows["start"]))
    work, pe, mp = (np.append(rows[name].to_numpy()[order], 0) for name in ("work", "pe", "mp"))
    return Technical(steps, work, pe, mp)


def _places(refs: References) -> Places:
    """Return the cost indices of each locality by year, and the locality of each ZIP code."""
    index = refs.frame("gpci").select(
        locality=_locality("mac"),
        start="valid_from",
        pw=_whole("pw", _GPCI),
        pg=_whole("pe", _GPCI),
        mg=_whole("mp", _GPCI),
        name=pl.format("{} {}", "state", "locality"),
    )
    zips = refs.frame("zip_locality").select("zip5", locality=_locality("carrier"))
    localities = _numbers(index["locality"])
    names = ["national", *index["name"].unique().sort()]
    steps, order = steps_of(numbered(index["locality"], localities), days(index["start"]))
    index = index[pl.Series(order.astype(np.uint32))]
    return Places(
        zips=dict(zip(zips["zip5"].to_list(), numbered(zips["locality"], localities).tolist(), strict=True)),
        steps=steps,
        pw=_ended(index["pw"], _GPCI),
        pg=_ended(index["pg"], _GPCI),
        mg=_ended(index["mg"], _GPCI),
        name=np.append(numbered(index["name"], {name: k for k, name in enumerate(names)}, 0), 0),
        names=names,
    )


def _locality(carrier: str) -> pl.Expr:
    return pl.format("{} {}", carrier, "locality")
