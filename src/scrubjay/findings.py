"""From hits to findings: whose level, which of two edits speaks, which line, how much money, which edition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from scrubjay.edit import Edit
from scrubjay.engine import HIT
from scrubjay.model import Tables
from scrubjay.raw import no_raw
from scrubjay.refdata import References

LEVELS = ("info", "warn", "deny")

_MONEY_CATEGORIES = ("denial", "rejection", "compliance")
"""Categories whose findings put the charge at risk; an underpayment risks what was not billed."""


def resolve(
    hits: pl.DataFrame,
    tables: Tables,
    claims: pl.DataFrame,
    rules: pl.DataFrame,
    edits: Mapping[str, Edit],
    refs: References,
    as_of: dt.date,
) -> pl.DataFrame:
    """Return the findings of one piece of input.

    ``claims`` are the claims with their ``policy``; ``rules`` the flat policy table.  Columns: those of the hit,
    ``policy``, ``level``, ``line`` and ``denied_line`` as LX numbers, ``related_lines``, ``claim`` fields, ``at_risk_cents``
    (the charge), ``amount_basis`` that says so, and ``risk_line`` (the line whose charge that is, null for the claim).
    """
    if hits.is_empty():
        return NO_FINDINGS
    judged = rules.filter(pl.col("edit").is_in(hits["edit"].unique().implode()))
    located = _locate(hits, tables, claims)
    hits = _levels(located, judged, as_of, edits).collect(engine="in-memory")
    hits = _supersede(hits, edits)
    hits = _money(hits.lazy(), tables, claims, edits).collect(engine="in-memory")
    return _references(hits, refs, edits)


_KEPT = {name: dtype for name, dtype in HIT.items() if name not in ("level_cap", "denied", "related")}

NO_FINDINGS = pl.DataFrame(
    schema={
        **_KEPT, "edit": pl.String, "claim": pl.String, "claim_segment": pl.UInt32, "policy": pl.String,
        "line": pl.Int64, "service_date": pl.Date, "denied_line": pl.Int64, "related_lines": pl.List(pl.Int64), "level": pl.String,
        "at_risk_cents": pl.Int64, "risk_line": pl.UInt32, "amount_basis": pl.String,
    }
)  # fmt: skip


def nothing() -> pl.DataFrame:
    """Return the findings of a run that found nothing."""
    return no_raw(NO_FINDINGS)


def _locate(hits: pl.DataFrame, tables: Tables, claims: pl.DataFrame) -> pl.LazyFrame:
    """Add the claim's fields, the line numbers and the segment where the edit did not name one."""
    own = claims.lazy().select(
        "claim_id", "file", "transaction", "claim", pl.col("segment").alias("claim_segment"), "policy", "is_void"
    )
    lines = tables.lines.lazy().select(
        "line_id", "line", pl.col("segment").alias("line_segment"), "service_date", "claim_id"
    )
    first = tables.lines.lazy().group_by("claim_id").agg(pl.col("service_date").min().alias("first_date"))
    numbers = lines.select("line_id", "line", pl.col("claim_id").alias("owner"))
    rows = (
        hits.lazy()
        .with_row_index("row")
        .join(own, on="claim_id", how="left", suffix="_claim", maintain_order="left")
        .join(lines.drop("claim_id"), on="line_id", how="left", maintain_order="left")
        .join(first, on="claim_id", how="left", maintain_order="left")
        .join(
            numbers.select(
                pl.col("line_id").alias("denied"),
                pl.col("line").alias("denied_line"),
                pl.col("owner").alias("denied_owner"),
            ),
            on="denied",
            how="left",
            maintain_order="left",
        )
        # A line number means a line of this claim; a line of another claim is named in the message.
        .with_columns(denied_line=pl.when(pl.col("denied_owner") == pl.col("claim_id")).then("denied_line"))
        .drop("denied_owner")
    )
    related = (
        rows.select("row", "claim_id", "related")
        .explode("related", empty_as_null=False, keep_nulls=False)
        .join(numbers, left_on="related", right_on="line_id", how="inner")
        .filter(pl.col("owner") == pl.col("claim_id"))
        .group_by("row")
        .agg(pl.col("line").unique().sort().alias("related_lines"))
    )
    return (
        rows.join(related, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("file", "file_claim").alias("file"),
            pl.coalesce("transaction", "transaction_claim").alias("transaction"),
            pl.coalesce("segment", "line_segment", "claim_segment").alias("segment"),
            pl.coalesce("service_date", "first_date").alias("service_date"),
            pl.col("policy").fill_null("generic"),
            pl.col("is_void").fill_null(value=False),
            pl.col("related_lines").fill_null(pl.lit([], dtype=pl.List(pl.Int64))),
        )
        .drop("file_claim", "transaction_claim", "line_segment", "first_date")
    )


def _levels(hits: pl.LazyFrame, rules: pl.DataFrame, as_of: dt.date, edits: Mapping[str, Edit]) -> pl.LazyFrame:
    """Give each hit the level of its payer on its day; hits of edits the payer does not use go."""
    day = pl.col("service_date").fill_null(as_of)
    begins = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    ends = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    levels = (
        hits.select("row", "policy", "edit", "service_date")
        .join(rules.lazy().select("policy", "edit", "level", "valid_from", "valid_to"), on=["policy", "edit"])
        .filter(begins & ends)
        .select("row", "level")
    )
    rejections = [code for code, e in edits.items() if e.category == "rejection"]
    order = {name: k for k, name in enumerate(LEVELS)}
    return (
        hits.join(levels, on="row", how="inner", maintain_order="left")
        # A void claim asks for nothing to be paid: only its form can be wrong.
        .filter((pl.col("level") != "off") & (~pl.col("is_void") | pl.col("edit").is_in(rejections)))
        .with_columns(
            rank=pl.col("level").replace_strict(order, return_dtype=pl.Int8),
            cap=pl.col("level_cap").replace_strict(order, default=len(LEVELS) - 1, return_dtype=pl.Int8),
        )
        .with_columns(
            rank=pl.when(pl.col("outcome") == "unknown")
            .then(0)
            .otherwise(pl.min_horizontal("rank", "cap"))
            .cast(pl.Int8)
        )
        .drop("level", "cap", "level_cap", "is_void")
    )


def _supersede(hits: pl.DataFrame, edits: Mapping[str, Edit]) -> pl.DataFrame:
    """Drop a general finding where a specific one covers all its lines; the specific keeps the higher level."""
    found = hits["edit"].unique()
    general_codes = sorted({g for code in found for g in edits[code].supersedes})
    pairs = pl.DataFrame(
        [(code, g) for code in found for g in edits[code].supersedes],
        schema={"edit": pl.String, "general": pl.String},
        orient="row",
    )
    general = hits.filter(pl.col("edit").is_in(general_codes) & (pl.col("outcome") == "hit"))
    if general.is_empty():
        return hits.with_columns(level=_level_name()).drop("rank", "related")

    formal = [code for code, e in edits.items() if "defects" in e.start]
    of_lines = pl.col("line_id").is_not_null() & ~pl.col("edit").is_in(formal)
    wide = pl.concat([_lines_of(general.filter(of_lines)), _segment_of(general.filter(~of_lines))])
    size = wide.group_by("row").len(name="size")
    hit = hits.filter((pl.col("outcome") == "hit") & pl.col("edit").is_in(pairs["edit"].unique().implode()))
    specific = pl.concat([_lines_of(hit.filter(pl.col("line_id").is_not_null())), _segment_of(hit)]).join(
        pairs, on="edit"
    )
    covered = (
        wide.join(specific, left_on=["edit", "fact", "kind"], right_on=["general", "fact", "kind"], suffix="_specific")
        .group_by("row", "row_specific", "rank")
        .len()
        .join(size, on="row")
        .filter(pl.col("len") == pl.col("size"))
    )
    lift = covered.group_by("row_specific").agg(pl.col("rank").max().alias("lift"))
    return (
        hits.join(covered.select("row").unique(), on="row", how="anti", maintain_order="left")
        .join(lift, left_on="row", right_on="row_specific", how="left", maintain_order="left")
        .with_columns(rank=pl.max_horizontal("rank", "lift"))
        .with_columns(level=_level_name())
        .drop("rank", "lift", "related")
    )


def _lines_of(rows: pl.DataFrame) -> pl.DataFrame:
    """List the service lines a finding is about."""
    related = pl.col("related").fill_null(pl.lit([], dtype=pl.List(pl.UInt32)))
    return (
        rows.select("row", "edit", "rank", fact=pl.concat_list(pl.col("line_id"), related), kind=pl.lit("line"))
        .explode("fact", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("fact").cast(pl.UInt64))
        .unique(["row", "fact"])
    )


def _segment_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Name the segment a finding stands in; defects of form, and findings on no line, are about that."""
    place = pl.col("file").fill_null(0).cast(pl.UInt64) * (1 << 32) + pl.col("segment").fill_null(0)
    return rows.select("row", "edit", "rank", fact=place, kind=pl.lit("segment"))


def _level_name() -> pl.Expr:
    return pl.col("rank").replace_strict(list(range(len(LEVELS))), list(LEVELS), return_dtype=pl.String)


def _money(hits: pl.LazyFrame, tables: Tables, claims: pl.DataFrame, edits: Mapping[str, Edit]) -> pl.LazyFrame:
    """Add the charge at risk: of the line that would be denied, of the finding's line, or of the rejected claim."""
    risky = [code for code, e in edits.items() if e.category in _MONEY_CATEGORIES]
    charges = tables.lines.lazy().select("line_id", pl.col("charge_cents").alias("line_charge"))
    denied = charges.select(pl.col("line_id").alias("denied"), pl.col("line_charge").alias("denied_charge"))
    whole = claims.lazy().select("claim_id", pl.col("charge_cents").alias("claim_charge"))
    counts = (pl.col("outcome") == "hit") & (pl.col("level") != "info") & pl.col("edit").is_in(risky)
    own = pl.when(pl.col("line_id").is_not_null()).then("line_charge").otherwise("claim_charge")
    return (
        hits.join(charges, on="line_id", how="left", maintain_order="left")
        .join(denied, on="denied", how="left", maintain_order="left")
        .join(whole, on="claim_id", how="left", maintain_order="left")
        .with_columns(
            at_risk_cents=pl.when(counts).then(pl.coalesce("denied_charge", own)),
            risk_line=pl.when(counts).then(pl.coalesce("denied", "line_id")),
            amount_basis=pl.when(counts).then(pl.lit("charge")),
        )
        .drop("line_charge", "denied_charge", "claim_charge", "denied", "row")
    )


def _references(hits: pl.DataFrame, refs: References, edits: Mapping[str, Edit]) -> pl.DataFrame:
    """Name the edition each finding rests on, and say so where the edition does not cover the day of service."""
    combos = hits.select("edit", "service_date").unique()
    names = [edition_words(refs, edits[code].refs, day) for code, day in combos.iter_rows()]
    named = combos.with_columns(pl.Series("edition", names, dtype=pl.String))
    return (
        hits.join(named, on=["edit", "service_date"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns(reference=pl.coalesce("reference", "edition"))
        .drop("edition")
    )


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
