"""Claims to remittances: which claim and which service line a payment is for, and how that was found.

A claim is found by its patient control number (CLM01 comes back in CLP01); where several claims carry the same number,
by charge, day and codes.  Inside it a line is found by its control number (REF*6R comes back), then by code,
modifiers, day, units and charge, each claim line once, the strictest agreement first.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from scrubjay.learn.rounds import rounds
from scrubjay.model import Tables
from scrubjay.model835 import MATCHES, Remits

_EXACT = ("code", "mods", "service_date", "units_milli", "charge_cents")

#: How a line is looked for, in order: name, and what must agree besides the claim.
_TIERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("exact", _EXACT),
    ("units-differ", ("code", "mods", "service_date", "charge_cents")),
    ("exact", ("code", "mods", "service_date", "units_milli")),
    ("units-differ", ("code", "mods", "service_date")),
    ("modifiers-differ", ("code", "service_date", "charge_cents")),
    ("modifiers-differ", ("code", "service_date")),
    ("code", ("code", "charge_cents")),
    ("code", ("code",)),
    ("charge", ("service_date", "charge_cents")),
)


@dataclass(frozen=True)
class Matching:
    """What was matched and what was not.

    ``matches`` is as :data:`scrubjay.model835.MATCHES` says; then the claim payments that found no claim, the service
    payments whose claim has no such line, and the claims no payment is for.
    """

    matches: pl.DataFrame
    unmatched_payments: pl.DataFrame
    unmatched_lines: pl.DataFrame
    unpaid_claims: pl.DataFrame


def match(claims: Tables, remits: Remits) -> Matching:
    """Match the payments of a run with its claims."""
    found = _claims(claims, remits)
    lines = _lines(claims, remits, found)
    state = rounds(remits)
    whole = remits.claims.join(remits.lines.select("remit_claim_id").unique(), on="remit_claim_id", how="anti")
    without_lines = (
        found.join(whole.select("remit_claim_id"), on="remit_claim_id", how="semi")
        .with_columns(
            pl.lit(None, pl.UInt32).alias("remit_line_id"),
            pl.lit(None, pl.UInt32).alias("line_id"),
            pl.lit("claim").alias("line_how"),
        )
    )  # fmt: skip
    names = ["remit_claim_id", "remit_line_id", "claim_id", "line_id", "claim_how", "line_how"]
    rows = pl.concat([lines.select(names), without_lines.select(names)]).join(state, on="remit_claim_id", how="left")
    standing = rows.filter((pl.col("state") == "current") & pl.col("line_id").is_not_null())
    shares = standing.group_by("line_id").agg(pl.len().cast(pl.UInt32).alias("split"))
    rows = rows.join(shares, on="line_id", how="left").with_columns(pl.col("split").fill_null(1))
    matches = rows.select(pl.col(c.name).cast(c.dtype) for c in MATCHES).sort("remit_claim_id", "remit_line_id")
    lineless = matches.filter(pl.col("line_how").is_null()).select("remit_line_id")
    return Matching(
        matches,
        remits.claims.join(found, on="remit_claim_id", how="anti", maintain_order="left"),
        remits.lines.join(lineless, on="remit_line_id", how="semi", maintain_order="left"),
        claims.claims.join(found, on="claim_id", how="anti", maintain_order="left"),
    )


def _plain(name: str) -> pl.Expr:
    """Return a control number without what a payer's system may change: case, blanks, punctuation."""
    return pl.col(name).str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")


def _claims(claims: Tables, remits: Remits) -> pl.DataFrame:
    """Return ``remit_claim_id``, ``claim_id``, ``claim_how`` of every claim payment whose claim is known."""
    first_day = claims.lines.group_by("claim_id").agg(pl.col("service_date").min().alias("day"))
    sent = claims.claims.select("claim_id", "claim", "charge_cents", "frequency", "original_ref").join(
        first_day, on="claim_id", how="left"
    )
    paid_day = remits.lines.group_by("remit_claim_id").agg(pl.col("service_date").min().alias("line_day"))
    # A reversal negates the charge it once had.
    paid = (
        remits.claims.select("remit_claim_id", "claim", "charge_cents", "frequency", "from_date", "payer_control")
        .join(paid_day, on="remit_claim_id", how="left")
        .with_columns(pl.coalesce("line_day", "from_date").alias("paid_day"), pl.col("charge_cents").abs())
    )
    by_control = _best(paid.join(sent, on="claim", suffix="_sent"), "control")
    rest = paid.join(by_control, on="remit_claim_id", how="anti")
    loose = rest.with_columns(_plain("claim").alias("plain")).join(
        sent.with_columns(_plain("claim").alias("plain")).filter(pl.col("plain") != ""),
        on=["plain", "charge_cents"],
        suffix="_sent",
    )
    by_normal = _best(loose.with_columns(pl.col("charge_cents").alias("charge_cents_sent")), "control-normal")
    rest = rest.join(by_normal, on="remit_claim_id", how="anti")
    by_line = _by_line_control(claims, remits, rest)
    return pl.concat([by_control, by_normal, by_line])


def _best(candidates: pl.DataFrame, how: str) -> pl.DataFrame:
    """Keep for every claim payment the claim that agrees most; of equals the one sent last."""
    agreement = (
        4 * (pl.col("charge_cents") == pl.col("charge_cents_sent")).fill_null(value=False).cast(pl.Int8)
        + 2 * (pl.col("paid_day") == pl.col("day")).fill_null(value=False).cast(pl.Int8)
        + (pl.col("frequency") == pl.col("frequency_sent")).fill_null(value=False).cast(pl.Int8)
    )
    return (
        candidates.with_columns(agreement.alias("agreement"))
        .sort("remit_claim_id", "agreement", "claim_id")
        .unique("remit_claim_id", keep="last", maintain_order=True)
        .select("remit_claim_id", "claim_id", pl.lit(how).alias("claim_how"))
    )


def _by_line_control(claims: Tables, remits: Remits, rest: pl.DataFrame) -> pl.DataFrame:
    """Find claims by the control numbers of their lines, where those name one claim of the same charge."""
    known = claims.lines.filter(pl.col("line_control").is_not_null()).select("claim_id", "line_control")
    unique = known.filter(pl.col("claim_id").n_unique().over("line_control") == 1).unique()
    lines = remits.lines.join(rest.select("remit_claim_id"), on="remit_claim_id", how="semi")
    named = lines.select("remit_claim_id", "line_control").drop_nulls().join(unique, on="line_control")
    single = named.group_by("remit_claim_id").agg(pl.col("claim_id").n_unique().alias("n"), pl.col("claim_id").first())
    charges = claims.claims.select("claim_id", "charge_cents")
    return (
        single.filter(pl.col("n") == 1)
        .join(rest.select("remit_claim_id", "charge_cents"), on="remit_claim_id")
        .join(charges, on=["claim_id", "charge_cents"], how="semi")
        .select("remit_claim_id", "claim_id", pl.lit("line-control").alias("claim_how"))
    )


def _mods(prefix: str) -> pl.Expr:
    """Return the modifiers as one text, whatever their order."""
    return pl.concat_list(f"{prefix}{k}" for k in range(1, 5)).list.drop_nulls().list.sort().list.join(" ")


def _lines(claims: Tables, remits: Remits, found: pl.DataFrame) -> pl.DataFrame:
    """Return every service payment of a known claim with the claim line it is for, if any."""
    recoded = pl.col("submitted_code").is_not_null()
    left = (
        remits.lines.join(found, on="remit_claim_id")
        .with_columns(
            (recoded & (pl.col("submitted_code") != pl.col("code"))).fill_null(value=False).alias("recoded"),
            recoded.alias("submitted"),
            pl.coalesce("submitted_code", "code").alias("code"),
            pl.coalesce("submitted_units_milli", "units_milli").abs().alias("units_milli"),
            pl.col("charge_cents").abs(),
        )
        .select(
            "remit_claim_id", "remit_line_id", "claim_id", "claim_how", "recoded", "submitted", "code", "units_milli", "charge_cents",
            "service_date", "line_control", *(f"mod{k}" for k in range(1, 5)), *(f"submitted_mod{k}" for k in range(1, 5)),
        )
    )  # fmt: skip
    right = (
        claims.lines.select(
            "claim_id", "line_id", "code", "units_milli", "charge_cents", "service_date", "line_control", "line",
            *(f"mod{k}" for k in range(1, 5)),
        )
        .join(found.select("claim_id", "remit_claim_id"), on="claim_id")
        .drop("claim_id")
    )  # fmt: skip
    # A control number names one line; several payments under it are a line that was split.
    controls = right.filter(pl.col("line_control").is_not_null()).unique(
        ["remit_claim_id", "line_control"], keep="none"
    )
    by_control = left.join(
        controls.select("remit_claim_id", "line_control", "line_id"), on=["remit_claim_id", "line_control"]
    )
    done = [_named(by_control, "line-control")]
    left = left.join(by_control, on="remit_line_id", how="anti")
    right = right.join(by_control, on=["remit_claim_id", "line_id"], how="anti")
    # Where no control number was sent, payers return the line's number.
    numbers = right.filter(pl.col("line_control").is_null()).select(
        "remit_claim_id", "line_id", "code", pl.col("line").cast(pl.String).alias("number")
    )
    by_number = left.with_columns(pl.col("line_control").str.strip_chars_start("0").alias("number")).join(
        numbers, on=["remit_claim_id", "code", "number"]
    )
    done.append(_named(by_number, "line-number"))
    left = left.join(by_number, on="remit_line_id", how="anti")
    right = right.join(by_number, on=["remit_claim_id", "line_id"], how="anti")
    if left.is_empty():
        return pl.concat(done)
    # What no number names is little: only there are modifiers put together and rows ranked.
    left = left.with_columns(pl.when("submitted").then(_mods("submitted_mod")).otherwise(_mods("mod")).alias("mods"))
    right = right.with_columns(_mods("mod").alias("mods"))
    for name, keys in _TIERS:
        pairs = _paired(left, right, keys)
        done.append(_named(pairs, name))
        left = left.join(pairs, on="remit_line_id", how="anti")
        right = right.join(pairs, on=["remit_claim_id", "line_id"], how="anti")
    every = claims.lines.join(found.select("claim_id", "remit_claim_id"), on="claim_id").select(
        "remit_claim_id", "line_id", "code", "service_date"
    )
    once = every.unique(["remit_claim_id", "code", "service_date"], keep="first", maintain_order=True)
    split = left.join(once, on=["remit_claim_id", "code", "service_date"])
    done.append(_named(split, "split"))
    left = left.join(split, on="remit_line_id", how="anti").with_columns(pl.lit(None, pl.UInt32).alias("line_id"))
    done.append(_named(left, None))
    return pl.concat(done)


def _paired(left: pl.DataFrame, right: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Pair lines that agree in the keys one to one: the first with the first, the second with the second."""
    own = ["remit_claim_id", *keys]

    def ranked(frame: pl.DataFrame, order: str) -> pl.DataFrame:
        return frame.drop_nulls(list(keys)).sort(order).with_columns(pl.int_range(pl.len()).over(own).alias("rank"))

    return ranked(left, "remit_line_id").join(
        ranked(right, "line_id").select(*own, "rank", "line_id"), on=[*own, "rank"]
    )


def _named(rows: pl.DataFrame, how: str | None) -> pl.DataFrame:
    name = pl.lit(how, pl.String)
    if how not in ("line-control", None):
        name = pl.when("recoded").then(pl.lit("recoded")).otherwise(name)
    return rows.select("remit_claim_id", "remit_line_id", "claim_id", "line_id", "claim_how", name.alias("line_how"))
