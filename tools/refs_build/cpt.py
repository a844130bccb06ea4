"""Five-character Level I codes and their dates, put together from every list that names them."""

from __future__ import annotations

import datetime as dt

import polars as pl

from refs_build.common import CPT, LEVEL_1, Sources, date, quarter, read
from scrubjay.refimport.ncci import julian
from scrubjay.refimport.store import Table

OPEN = "9999-12-31"
NOT_IN_SCHEDULE = "not in 2025 fee schedule"
EVERY_PAIR_DELETED = "PTP: every pair deleted"


def cpt(sources: Sources) -> list[Table]:
    """Level I codes with the dates that are published, and with the evidence for each.

    Published ends come from RBCS and from the add-on code file. A code that only PTP names ended, at the latest, with
    its last pair. A code that lists of 2024 call open and none of 2025 and 2026 names stays open.
    """
    seen = _seen(sources)
    frame = (
        seen.join(_rbcs(sources), on="code", how="left")
        .join(_pairs(sources), on="code", how="left")
        .join(_aoc(sources), on="code", how="left")
        .join(_own(sources), on="code", how="left")
        .with_columns(current=pl.col("last_seen") > dt.date(2025, 1, 1))
    )
    only_pairs = pl.col("lists") == ["PTP"]
    # A code that a later list still names has not ended, whatever an older source inferred.
    ended = pl.coalesce("rbcs_to", "aoc_to")
    valid_to = (
        pl.when(pl.col("own_to").is_not_null())
        .then("own_to")
        .when(ended.is_not_null())
        .then(ended)
        .when(only_pairs)
        .then("last_pair")
    )
    evidence = (
        pl.when(pl.col("own_to").is_not_null() | pl.col("own_from").is_not_null())
        .then(pl.lit("project table: ") + pl.col("own_source"))
        .when(pl.col("rbcs_to").is_not_null())
        .then(pl.lit("RBCS: ended"))
        .when(pl.col("aoc_to").is_not_null())
        .then(pl.lit("AOC: code deleted"))
        .when(only_pairs)
        .then(pl.lit(EVERY_PAIR_DELETED))
        .when(~pl.col("current"))
        .then(pl.lit(NOT_IN_SCHEDULE))
        .otherwise(pl.col("lists").list.join(", "))
    )
    frame = frame.select(
        "code",
        valid_from=pl.coalesce("own_from", "rbcs_from"),
        valid_to=valid_to,
        evidence=evidence,
        first_seen="first_seen",
        last_seen="last_seen",
        last_pair=pl.when(pl.col("pairs_active") == 0).then("last_pair"),
    ).sort("code")
    source = (
        "CMS RBCS 2024-06, PFS RVU25D, MUE 2024Q3 and 2026Q2, add-on codes 2026Q2, risk adjustment list 2026, "
        "PTP 2024Q3; compiled by the project"
    )
    note = (
        "Composite. The last complete list of Level I codes is the fee schedule of 2025; valid_from is null where no "
        "source gives it; a null valid_to is not known to have ended."
    )
    first, last = dt.date(1982, 1, 1), dt.date(2025, 12, 31)
    return [Table("cpt", "2026-11", frame, first, last, source, "Scrubjay from CMS files", CPT, note)]


def _seen(sources: Sources) -> pl.DataFrame:
    """Every Level I code with the lists that name it, and the first and last day on which one shows it in force."""
    data = sources.data
    first_quarter, last_quarter = quarter("2024q3"), quarter("2026q2")
    aoc = read(data / "ncci/aoc_2026q2.csv")
    addons = pl.concat([aoc["addon_code"], aoc["primary_code"].alias("addon_code")])
    deleted = _aoc(sources)["code"]
    year_end = dt.date(2025, 12, 31)
    lists: list[tuple[str, pl.Series, dt.date, dt.date]] = [
        ("MUE 2024Q3", read(data / "ncci/mue_practitioner_2024q3.csv")["hcpcs"], *first_quarter),
        ("PFS 2025", read(data / "pfs/pprrvu_2025oct.csv")["hcpcs"], dt.date(2025, 10, 1), year_end),
        ("RA 2026", read(data / "codesets/cms_ra_eligible_cpt_hcpcs_2026.csv")["cpt_hcpcs_code"], year_end, year_end),
        ("MUE 2026Q2", read(data / "ncci/mue_practitioner_2026q2.csv")["hcpcs"], *last_quarter),
        ("AOC 2026Q2", addons.filter(~addons.is_in(deleted.implode())), *last_quarter),
    ]
    frames = [
        pl.DataFrame({"code": codes.unique()}).select("code", list=pl.lit(name), first=pl.lit(first), last=pl.lit(last))
        for name, codes, first, last in lists
    ]
    rbcs = _rbcs(sources).select(
        "code",
        list=pl.lit("RBCS"),
        first="rbcs_from",
        last=pl.coalesce("rbcs_to", pl.max_horizontal("rbcs_from", pl.lit(dt.date(2022, 12, 31)))),
    )
    pairs = _pairs(sources)
    in_force = pl.col("pairs_active") > 0
    ptp = pairs.select(
        "code",
        list=pl.lit("PTP"),
        first=pl.when(in_force).then(pl.lit(first_quarter[0])).otherwise("last_pair"),
        last=pl.when(in_force).then(pl.lit(first_quarter[1])).otherwise("last_pair"),
    )
    everything = pl.concat([rbcs, ptp, *frames]).filter(pl.col("code").str.contains(LEVEL_1))
    return everything.group_by("code", maintain_order=True).agg(
        lists="list", first_seen=pl.col("first").min(), last_seen=pl.col("last").max()
    )


def _rbcs(sources: Sources) -> pl.DataFrame:
    raw = read(sources.data / "hcpcs/rbcs_2024.csv.gz")
    return raw.group_by(code=pl.col("hcpcs_code")).agg(
        rbcs_from=date("hcpcs_date_added").min(),
        rbcs_to=pl.when(pl.col("hcpcs_date_ended") != OPEN).then(date("hcpcs_date_ended")).max(),
    )


def _pairs(sources: Sources) -> pl.DataFrame:
    """The last day on which a pair of the code was in force; pairs deleted on their first day never were."""
    raw = pl.read_parquet(sources.data / "ncci/ncci_ptp_practitioner_2024q3.parquet")
    sides = pl.concat(
        [raw.select("deletion_date", "modifier_indicator", code=pl.col(side)) for side in ("column_1", "column_2")]
    )
    ever = pl.col("modifier_indicator") != 9
    day = pl.when(pl.col("deletion_date") != "").then(pl.col("deletion_date")).str.to_date("%Y-%m-%d")
    return sides.group_by("code").agg(
        pairs_active=(pl.col("deletion_date") == "").sum(),
        last_pair=pl.coalesce(day.filter(ever).max(), day.max()),
    )


def _aoc(sources: Sources) -> pl.DataFrame:
    """Code deletions that the add-on code file states, on either side of an edit."""
    raw = read(sources.data / "ncci/aoc_2026q2.csv")
    sides = pl.concat(
        [
            raw.select(code="addon_code", day=julian("addon_code_deletion")),
            raw.select(code="primary_code", day=julian("primary_code_deletion")),
        ]
    )
    return sides.drop_nulls().group_by("code").agg(aoc_to=pl.col("day").max())


def _own(sources: Sources) -> pl.DataFrame:
    return read(sources.tables / "cpt_dates.csv").select(
        code="code", own_from=date("valid_from"), own_to=date("valid_to"), own_source="source"
    )
