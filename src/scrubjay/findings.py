"""From hits to findings: whose level, which of two edits speaks, which line, how much money, which edition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import polars as pl

from scrubjay.edit import Edit
from scrubjay.engine import HIT
from scrubjay.facts.gather import NO_DAY, day_number, days, distinct, distinct_numbers, filled, find_rows, first_known
from scrubjay.io.columns import known_only
from scrubjay.levels import LEVELS, OFF, Levels
from scrubjay.model import Tables
from scrubjay.raw import no_raw
from scrubjay.refdata import References

_EPOCH = dt.date(1970, 1, 1)

_MONEY_CATEGORIES = ("denial", "rejection", "compliance")
"""Categories whose findings put the charge at risk; an underpayment risks what was not billed."""


def resolve(
    hits: pl.DataFrame,
    tables: Tables,
    claims: pl.DataFrame,
    levels: Levels,
    edits: Mapping[str, Edit],
    refs: References,
    as_of: dt.date,
) -> pl.DataFrame:
    """Return the findings of one piece of input.

    ``claims`` are the claims with their facts; ``levels`` what policies make of edits.  Columns: those of the hit,
    ``policy``, ``level``, ``line`` and ``denied_line`` as LX numbers, ``related_lines``, ``claim`` fields, ``at_risk_cents``
    (the charge), ``amount_basis`` that says so, and ``risk_line`` (the line whose charge that is, null for the claim).
    """
    if hits.is_empty():
        return NO_FINDINGS
    # The hits of each edit are a chunk of their own, and rows of many chunks are slow to find.
    found = _locate(hits.rechunk(), tables, claims)
    found = _supersede(_graded(found, levels, as_of, edits), edits)
    return found.with_columns(*_money(found, edits), _references(found, refs, edits)).select(_SHAPE)


_KEPT = {name: dtype for name, dtype in HIT.items() if name not in ("level_cap", "denied", "related")}

NO_FINDINGS = pl.DataFrame(
    schema={
        **_KEPT, "edit": pl.String, "claim": pl.String, "claim_segment": pl.UInt32, "policy": pl.String,
        "line": pl.Int64, "service_date": pl.Date, "denied_line": pl.Int64, "related_lines": pl.List(pl.Int64), "level": pl.String,
        "at_risk_cents": pl.Int64, "risk_line": pl.UInt32, "amount_basis": pl.String,
    }
)  # fmt: skip

_SHAPE = NO_FINDINGS.columns


def nothing() -> pl.DataFrame:
    """Return the findings of a run that found nothing."""
    return no_raw(NO_FINDINGS)


def _locate(hits: pl.DataFrame, tables: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """Add the claim's fields, the line numbers, the charges, and the segment where the edit did not name one."""
    lines = tables.lines
    claim_at = find_rows(claims["claim_id"], hits["claim_id"])
    line_at = find_rows(lines["line_id"], hits["line_id"])
    denied_at = find_rows(lines["line_id"], hits["denied"])
    # A line number means a line of this claim; a line of another claim is named in the message.
    ours = filled(lines["claim_id"][denied_at].cast(pl.Int64), -1) == filled(hits["claim_id"].cast(pl.Int64), -2)
    segment = claims["segment"][claim_at]
    policy = claims["policy"][claim_at]
    day = first_known(lines["service_date"][line_at], claims["first_date"][claim_at])
    located = [
        pl.Series("row", np.arange(len(hits), dtype=np.uint32)),
        claims["claim"][claim_at],
        segment.alias("claim_segment"),
        first_known(policy, pl.Series(["generic"]).new_from_index(0, len(hits))),
        pl.Series("is_void", filled(claims["is_void"][claim_at], missing=False)),
        lines["line"][line_at],
        day,
        known_only(lines["line"][denied_at], ours).alias("denied_line"),
        _related_lines(hits, lines),
        lines["charge_cents"][line_at].alias("line_charge"),
        lines["charge_cents"][denied_at].alias("denied_charge"),
        claims["charge_cents"][claim_at].alias("claim_charge"),
    ]
    own = {
        "file": first_known(hits["file"], claims["file"][claim_at]),
        "transaction": first_known(hits["transaction"], claims["transaction"][claim_at]),
        "segment": first_known(first_known(hits["segment"], lines["segment"][line_at]), segment),
    }
    return pl.DataFrame([*(own.get(column.name, column) for column in hits), *located])


def _related_lines(hits: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """Return the numbers of the related lines that are of the finding's own claim."""
    every = hits.select("claim_id", "related", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    said = every.filter(pl.col("related").list.len() > 0).explode("related", empty_as_null=False, keep_nulls=False)
    nothing = pl.Series("related_lines", [[]], dtype=pl.List(pl.Int64))
    if said.is_empty():
        return nothing.new_from_index(0, len(hits))
    at = find_rows(lines["line_id"], said["related"])
    numbers = (
        said.with_columns(line=lines["line"][at], owner=lines["claim_id"][at])
        .filter(pl.col("owner") == pl.col("claim_id"))
        .group_by("row")
        .agg(pl.col("line").unique().sort())
    )
    # The last one stands for a finding that names none.
    place = np.full(len(hits), len(numbers), dtype=np.uint32)
    place[numbers["row"].to_numpy()] = np.arange(len(numbers))
    listed = pl.concat([numbers["line"], nothing])
    return listed[pl.Series(place)].alias("related_lines")


def _graded(hits: pl.DataFrame, levels: Levels, as_of: dt.date, edits: Mapping[str, Edit]) -> pl.DataFrame:
    """Give each hit the ``rank`` of its payer's level on its day; hits of edits the payer does not use go."""
    policies, policy = distinct(hits["policy"])
    codes, code = distinct(hits["edit"])
    day = days(hits["service_date"])
    level = levels.ranks(policies, policy, codes, code, np.where(day == NO_DAY, day_number(as_of), day))
    # A void claim asks for nothing to be paid: only its form can be wrong.
    formal = np.array([edits[c].category == "rejection" for c in codes], dtype=bool)[code]
    counts = (level != OFF) & (~hits["is_void"].to_numpy() | formal)
    caps, cap = distinct(hits["level_cap"])
    capped = np.array([LEVELS.index(name) if name in LEVELS else len(LEVELS) for name in caps], dtype=np.int64)[cap]
    outcomes, outcome = distinct(hits["outcome"])
    unknown = np.array([name == "unknown" for name in outcomes], dtype=bool)[outcome]
    rank = pl.Series("rank", np.where(unknown, 0, np.minimum(level, capped)).astype(np.int8))
    left = pl.Series(np.flatnonzero(counts).astype(np.uint32))
    return hits[left].hstack([rank[left]])


def _supersede(hits: pl.DataFrame, edits: Mapping[str, Edit]) -> pl.DataFrame:
    """Drop a general finding where a specific one covers all its lines; the specific keeps the higher level."""
    found = hits["edit"].unique().to_list()
    pairs = [(code, general) for code in found for general in edits[code].supersedes if general in found]
    if not pairs:
        return hits
    formal = [code for code in found if "defects" in edits[code].start]
    generals, specifics = {general for _, general in pairs}, {code for code, _ in pairs}
    hit = (
        hits.lazy()
        .filter((pl.col("outcome") == "hit") & pl.col("edit").is_in(sorted(generals | specifics)))
        .select(
            "row", "edit", "rank", "line_id", "related", "file", "segment",
            general=pl.col("edit").is_in(sorted(generals)),
            specific=pl.col("edit").is_in(sorted(specifics)),
            of_lines=pl.col("line_id").is_not_null() & ~pl.col("edit").is_in(formal),
        )
        .collect(engine="in-memory")
    )  # fmt: skip
    if not hit["general"].any() or not hit["specific"].any():
        return hits
    specific = hit.filter("specific")
    lined = hit.filter(pl.col("general") & pl.col("of_lines"))
    alone = hit.filter(pl.col("general") & ~pl.col("of_lines"))
    wide = pl.concat([_lines_of(lined), _segment_of(alone)])
    narrow = pl.concat([_lines_of(specific.filter(pl.col("line_id").is_not_null())), _segment_of(specific)])
    of_pair = pl.LazyFrame(pairs, schema={"edit": pl.String, "general": pl.String}, orient="row")
    covered = (
        wide.lazy()
        .join(
            narrow.lazy().join(of_pair, on="edit"),
            left_on=["edit", "fact"],
            right_on=["general", "fact"],
            suffix="_specific",
        )
        .group_by("row", "row_specific", "rank")
        .len()
        .join(wide.lazy().group_by("row").len(name="size"), on="row")
        .filter(pl.col("len") == pl.col("size"))
        .collect(engine="in-memory")
    )
    if covered.is_empty():
        return hits
    rows = hits["row"].to_numpy()
    rank = np.full(rows.max() + 1, -1, dtype=np.int8)
    rank[rows] = hits["rank"].to_numpy()
    np.maximum.at(rank, covered["row_specific"].to_numpy(), covered["rank"].to_numpy())
    left = np.flatnonzero(~np.isin(rows, covered["row"].to_numpy()))
    where = pl.Series(left.astype(np.uint32))
    return hits[where].with_columns(pl.Series("rank", rank[rows[left]]))


def _lines_of(rows: pl.DataFrame) -> pl.DataFrame:
    """List the service lines a finding is about, as even numbers."""
    line = (pl.col("fact").cast(pl.Int64) * 2).alias("fact")
    own = rows.select("row", "edit", "rank", fact="line_id")
    others = rows.filter(pl.col("related").list.len() > 0).select("row", "edit", "rank", fact="related")
    if others.is_empty():
        return own.with_columns(line)
    others = others.explode("fact", empty_as_null=False, keep_nulls=False)
    return pl.concat([own, others]).unique(["row", "fact"]).with_columns(line)


def _segment_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Name the segment a finding stands in, as an odd number; defects of form, and findings on no line, are about that."""
    place = pl.col("file").fill_null(0).cast(pl.Int64) * (1 << 32) + pl.col("segment").fill_null(0)
    return rows.select("row", "edit", "rank", fact=place * 2 + 1)


def _money(hits: pl.DataFrame, edits: Mapping[str, Edit]) -> list[pl.Expr]:
    """Return the level, and the charge at risk: of the line that would be denied, of the finding's line, or of the claim."""
    risky = [code for code in hits["edit"].unique() if edits[code].category in _MONEY_CATEGORIES]
    counts = (pl.col("outcome") == "hit") & (pl.col("rank") > LEVELS.index("info")) & pl.col("edit").is_in(risky)
    own = pl.when(pl.col("line_id").is_not_null()).then("line_charge").otherwise("claim_charge")
    charge = pl.coalesce("denied_charge", own)
    return [
        pl.col("rank").replace_strict(list(range(len(LEVELS))), list(LEVELS), return_dtype=pl.String).alias("level"),
        pl.when(counts).then(charge).alias("at_risk_cents"),
        pl.when(counts).then(pl.coalesce("denied", "line_id")).alias("risk_line"),
        pl.when(counts & charge.is_not_null()).then(pl.lit("charge")).alias("amount_basis"),
    ]


def _references(hits: pl.DataFrame, refs: References, edits: Mapping[str, Edit]) -> pl.Expr:
    """Name the edition each finding rests on, and say so where the edition does not cover the day of service."""
    codes, code = distinct(hits["edit"])
    every_day, day = distinct_numbers(days(hits["service_date"]) - NO_DAY)
    numbers, place = distinct_numbers(code * len(every_day) + day)
    of_code, of_day = np.divmod(numbers, len(every_day))
    dates = [None if n == 0 else _EPOCH + dt.timedelta(n + NO_DAY) for n in every_day.tolist()]
    words = [
        edition_words(refs, edits[codes[c]].refs, dates[d])
        for c, d in zip(of_code.tolist(), of_day.tolist(), strict=True)
    ]
    named = pl.Series(words, dtype=pl.String)[pl.Series(place.astype(np.uint32))]
    return pl.coalesce("reference", named).alias("reference")


@lru_cache(maxsize=1 << 14)
def edition_words(refs: References, tables: tuple[str, ...], day: dt.date | None) -> str | None:
    """Return ``name edition (from to)`` of the first table with dated editions; null where the edit cites none."""
    for table in tables:
        editions = sorted(refs.editions(table), key=lambda e: e.valid_from or dt.date.min)
        dated = [e for e in editions if e.valid_from is not None]
        if not dated:
            continue
        if day is None:
            e = dated[-1]
            return f"{e.name} {e.edition}"
        at = sum(e.valid_from is not None and e.valid_from <= day for e in dated) - 1
        if at < 0:
            return f"{dated[0].name} {dated[0].edition} (begins {dated[0].valid_from}, after {day})"
        e = dated[at]
        if e.valid_to is not None and day > e.valid_to:
            return f"{e.name} {e.edition} (to {e.valid_to}; the nearest earlier edition for {day})"
        return f"{e.name} {e.edition}"
    return None
