"""What modifiers, the clinician and the other lines of the day take off a fee or add to it.

The shares are the table payment_rules.  Lines compete within one claim, day and rendering provider.  Endoscopies
(indicator 3) are reduced like other operations: the packaged table names no family base.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import polars as pl

from scrubjay.facts.gather import distinct
from scrubjay.pricing.schedule import Schedule

MODS = ("mod1", "mod2", "mod3", "mod4")
_RIVALS = ["claim_id", "service_date", "provider"]
_FULL = 1000


Modifiers = frozenset[str]
"""Modifiers that occur in some lines; expressions are built once for each such set, and ask only for what is in it."""


def any_mod(values: Sequence[str]) -> pl.Expr:
    """Say whether one of the four modifiers is listed."""
    if not values:
        return pl.lit(False)
    return pl.any_horizontal(pl.col(m).is_in(values) for m in MODS).fill_null(value=False)


def modifiers_in(frame: pl.DataFrame) -> Modifiers:
    """Return the modifiers that occur."""
    return frozenset(value for m in MODS for value in distinct(frame[m])[0] if value)


def with_reductions(frame: pl.DataFrame, s: Schedule, present: Modifiers) -> pl.DataFrame:
    """Add ``amount``, the cents of the whole line, and ``is_adjusted``; both follow ``fee``, ``pe_fee``, ``technical``."""
    kinds = tuple(t for t in distinct(frame["taxonomy"])[0] if t and t.startswith(s.reduced))
    frame = frame.with_columns(share=_share(s, present, kinds))
    ranked = frame.filter(_competes(s))
    if ranked.is_empty():
        frame = frame.with_columns(reduction=pl.lit(0, dtype=pl.Int64))
    else:
        cuts = ranked.select("at", reduction=_reduction(s))
        frame = frame.join(cuts, on="at", how="left", maintain_order="left").with_columns(
            pl.col("reduction").fill_null(0)
        )
    return frame.with_columns(_amount())


@cache
def _amount() -> list[pl.Expr]:
    # Thousandths of a cent: fee x thousandths of a unit, less the reduction, times the share.
    gross = (pl.col("fee") * pl.col("units") * _FULL - pl.col("reduction")) * pl.col("share")
    scale = _FULL * _FULL * _FULL
    return [
        ((2 * gross + scale) // (2 * scale)).alias("amount"),
        ((pl.col("reduction") > 0) | (pl.col("share") != _FULL)).alias("is_adjusted"),
    ]


@lru_cache(maxsize=4)
def _competes(s: Schedule) -> pl.Expr:
    return pl.col("multiple").is_in(s.listed_indicators("multiple")) & (pl.col("fee") > 0)


@lru_cache(maxsize=256)
def _share(s: Schedule, present: Modifiers, kinds: tuple[str, ...]) -> pl.Expr:
    """Return the share of the fee in thousandths that modifiers and the kind of clinician leave; null: not known.

    ``kinds`` are the taxonomies of the lines that are paid less.
    """
    share = pl.lit(_FULL, dtype=pl.Int64)
    for rule, column in (
        ("bilateral", "bilateral"),
        ("co-surgeon", "co_surgeon"),
        ("assistant", "assistant"),
        ("assistant-as", "assistant"),
    ):
        asked = present.intersection(s.listed("modifier", rule))
        if not asked:
            continue
        rows = s.rules.filter(pl.col("rule") == rule)
        by_indicator = dict(zip(rows["indicator"], rows["permille"], strict=True))
        # A bilateral modifier on a code that is not doubled is paid once; the others have no known share.
        default = _FULL if rule == "bilateral" else None
        value = pl.col(column).replace_strict(by_indicator, default=default, return_dtype=pl.Int64)
        share = pl.when(any_mod(sorted(asked))).then(share * value // _FULL).otherwise(share)
    rows = s.rules.filter(pl.col("rule") == "non-physician")
    if rows.is_empty() or not kinds:
        return share
    less = int(rows["permille"][0])
    assisting = any_mod(sorted(present.intersection(s.listed("modifier", "assistant-as"))))
    return (
        pl.when(pl.col("taxonomy").is_in(kinds).fill_null(value=False) & ~assisting)
        .then(share * less // _FULL)
        .otherwise(share)
    )


@lru_cache(maxsize=4)
def _reduction(s: Schedule) -> pl.Expr:
    """Return what the rules of several procedures take off a line, in millionths of a cent."""
    # Units of one line are repetitions: only the first of them can be the procedure paid in full.
    rest = (pl.col("units") - _FULL).clip(lower_bound=0)
    own = pl.col("units") - rest
    return pl.sum_horizontal(
        _cut(s, indicator, part, value, own, rest)
        for indicator, part, value in (
            ("2", "all", pl.col("fee")),
            ("3", "all", pl.col("fee")),
            ("4", "professional", pl.col("fee") - pl.col("technical")),
            ("4", "technical", pl.col("technical")),
            ("5", "practice-expense", pl.col("pe_fee")),
            ("6", "technical", pl.col("technical")),
            ("7", "technical", pl.col("technical")),
        )
    )


def _cut(s: Schedule, indicator: str, part: str, value: pl.Expr, own: pl.Expr, rest: pl.Expr) -> pl.Expr:
    """Return what is taken off a line's part, in millionths of a cent; the dearest of its rivals loses nothing."""
    rows = s.rules.filter(
        (pl.col("rule") == "multiple") & (pl.col("indicator") == indicator) & (pl.col("part") == part)
    )
    if rows.is_empty():
        return pl.lit(0, dtype=pl.Int64)
    off = _FULL - int(rows["permille"][0])
    # Operations and endoscopies compete with one another.
    group = ["2", "3"] if indicator in ("2", "3") else [indicator]
    rival = pl.col("multiple").is_in(group) & (value > 0)
    order = pl.when(rival).then(value * 100_000 - pl.col("at").cast(pl.Int64))
    first = order == order.max().over(_RIVALS)
    paid_in_full = pl.when(first).then(own).otherwise(0)
    mine = (pl.col("multiple") == indicator) & rival
    return pl.when(mine).then(value * (own + rest - paid_in_full) * off).otherwise(0).fill_null(0)
