"""Diagnoses as such: what a line points to, and whether the code was valid on the day."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_POINTERS = ("pointer1", "pointer2", "pointer3", "pointer4")

_UNREADABLE = 255
"""A pointer that is no small number (model: pointer1)."""


@edit(
    "DX01",
    name="diagnosis-pointer-leads-nowhere",
    category="rejection",
    grain="line",
    group="CO",
    carc="16",
    rarc=["M76"],
    element="SV107",
    box="24E",
    fix="advice",
    source=["ASC X12N 005010X222A1, 2400 SV107: one to four pointers to codes of HI", "X12 RARC M76"],
)
def diagnosis_pointer_leads_nowhere(t: Facts, refs: References) -> pl.LazyFrame:
    """A service line points to no diagnosis, or to one the claim does not have.

    ## What it does
    Looks at the four pointers of each line: none at all, an empty first one, one that is no number, zero, or one
    behind the last diagnosis of the claim.

    ## Why it matters
    The payer cannot tell why the service was done; the claim is rejected or the line denied.

    ## Fails
    claim dx=E53.8
    line 96372 dx=2
    line J3420 dx=1

    claim dx=E53.8
    line 96372 dx=none
    line J3420

    ## Passes
    claim dx=E53.8,M25.511
    line 96372 dx=2,1
    line J3420 dx=1

    ## Fix
    Point the line to the diagnosis the record gives for it, and put that diagnosis on the claim if it is missing.
    """
    bad = {
        name: ((pl.col(name) == 0) | (pl.col(name) > pl.col("dx_count"))).fill_null(value=False) for name in _POINTERS
    }
    none = pl.all_horizontal(pl.col(name).is_null() for name in _POINTERS)
    hole = pl.col("pointer1").is_null() & ~none
    which = pl.coalesce(pl.when(bad[name]).then(pl.lit(k)) for k, name in enumerate(_POINTERS, start=1))
    first_bad = pl.coalesce(pl.when(bad[name]).then(pl.col(name)) for name in _POINTERS)
    rows = t.lines.filter(none | hole | pl.any_horizontal(bad.values())).with_columns(
        bad_pointer=first_bad, which=which
    )
    pointer = pl.col("bad_pointer")
    said = (
        pl.when(none)
        .then(pl.lit("no pointer"))
        .when(pointer == _UNREADABLE)
        .then(pl.lit("a pointer that is no number from 1 to 12"))
        .when(pointer.is_not_null())
        .then(pl.format("pointer {}", pointer))
        .otherwise(pl.lit("an empty first pointer"))
    )
    held = (
        pl.when(pl.col("dx_count") == 0)
        .then(pl.lit("the claim has no diagnosis"))
        .when(pl.col("dx_count") == 1)
        .then(pl.lit("the claim has 1 diagnosis"))
        .otherwise(pl.format("the claim has {} diagnoses", "dx_count"))
    )
    return rows.select(
        "claim_id",
        "line_id",
        element=pl.when(none).then(pl.lit("SV107")).otherwise(pl.format("SV107-{}", pl.col("which").fill_null(1))),
        message=pl.format("{} has {}, and {}: the payer cannot see why the service was done.", "code", said, held),
        found=said,
        expected=pl.when(pl.col("dx_count") == 0)
        .then(pl.lit("a diagnosis in HI and a pointer to it"))
        .otherwise(pl.format("one to four pointers from 1 to {}", "dx_count")),
    )


@edit(
    "DX03",
    name="diagnosis-not-valid",
    category="denial",
    grain="claim",
    start="diagnoses",
    refs=["icd10"],
    group="CO",
    carc="146",
    rarc=["M76"],
    element="HI01-2",
    box="21",
    fix="advice",
    source=["CDC and CMS ICD-10-CM code files, FY2025 and FY2026", "45 CFR 162.1002", "X12 CARC 146, RARC M76 and M81"],
)
def diagnosis_not_valid(t: Facts, refs: References) -> pl.LazyFrame:
    """A diagnosis is not a valid, billable code on the day of service.

    ## What it does
    Looks each diagnosis up in the ICD-10-CM edition of the first day of service: unknown, ended or not yet begun, a
    category that needs more characters, a code with its point, or one marked as ICD-9-CM. Days before the first
    edition held cannot be judged; after the last one an unknown code may be new, which is a warning.

    ## Why it matters
    The claim is rejected, or every line that points to the code is denied.

    ## Fails
    claim dx=M25.5
    line 99213

    claim dx=E53.8,ZZ9.9
    line 99213 dx=1,2

    ## Passes
    claim dx=E53.8,M25.511
    line 99213 dx=1,2

    ## Fix
    Take the code from the record at its full length, in the list of the day of service.
    """
    # Null means not known to be wrong: a null in either column leaves the row to the other one.
    doubtful = t.diagnoses.filter(
        pl.col("valid").is_null() | ~pl.col("valid") | pl.col("wrong_set").fill_null(value=False)
    )
    wrong = doubtful.filter(pl.col("wrong_set").fill_null(value=False) | ~pl.col("valid").fill_null(value=True))
    categories = refs.lazy("icd10").filter("header").join(wrong.select("code"), on="code", how="semi")
    headers = categories.select("code", header=pl.lit(value=True)).unique("code")
    last = max((e.valid_to for e in refs.editions("icd10") if e.valid_to is not None), default=None)
    late = pl.col("service_date") > pl.lit(last, dtype=pl.Date)
    maybe_new = (late & ~pl.col("listed") & ~pl.col("wrong_set")).fill_null(value=False)
    hits = (
        wrong.join(headers, on="code", how="left")
        .join(_pointing(t, wrong), on=["claim_id", "position"], how="left")
        .with_columns(why=_why(maybe_new))
        .select(
            "claim_id",
            line_id=pl.lit(None, dtype=pl.UInt32),
            related=pl.col("related"),
            segment=pl.col("segment"),
            element=pl.format("HI{}-2", pl.col("element").cast(pl.String).str.zfill(2)),
            rarc=pl.when(pl.col("header")).then(pl.lit(["M81"])).otherwise(pl.lit(["M76"])),
            level_cap=pl.when(maybe_new).then(pl.lit("warn")),
            outcome=pl.lit("hit"),
            message=pl.format("Diagnosis {} ({}) of a service on {} {}.", "position", "code", "service_date", "why"),
            found=pl.format("{} in {}", "code", "qualifier"),
            expected=pl.when("wrong_set")
            .then(pl.lit("an ICD-10-CM code with ABK or ABF"))
            .otherwise(pl.format("a billable code of the list in force on {}", "service_date")),
        )
    )
    return pl.concat([hits, _not_judged(doubtful)], how="diagonal")


def _why(maybe_new: pl.Expr) -> pl.Expr:
    """Return what is wrong with a diagnosis, as the end of a sentence."""
    return (
        pl.when(pl.col("wrong_set"))
        .then(pl.lit("is marked as ICD-9-CM, which had ended by then"))
        .when(pl.col("header"))
        .then(pl.lit("is a category and needs more characters"))
        .when(pl.col("listed"))
        .then(pl.lit("is a code that was not in force on that day"))
        .when(pl.col("code").str.contains(".", literal=True))
        .then(pl.lit("is written with its point, which HI leaves out"))
        .when(maybe_new)
        .then(pl.lit("is in no edition held; the last one ended before that day, so that it may be new"))
        .otherwise(pl.lit("is no ICD-10-CM code"))
    )


def _pointing(t: Facts, wrong: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lines that point to each diagnosis of the claims with a wrong one."""
    return (
        t.lines.select("claim_id", "line_id", *_POINTERS)
        .join(wrong.select("claim_id").unique(), on="claim_id", how="semi")
        .unpivot(_POINTERS, index=["claim_id", "line_id"], value_name="position")
        .drop_nulls("position")
        .group_by("claim_id", "position")
        .agg(pl.col("line_id").unique().sort().alias("related"))
    )


def _not_judged(diagnoses: pl.LazyFrame) -> pl.LazyFrame:
    """Return the claims whose diagnoses no edition can judge, one row a claim."""
    undated = pl.col("service_date").is_null()
    return (
        diagnoses.filter(pl.col("valid").is_null() & ~pl.col("wrong_set").fill_null(value=False))
        .group_by("claim_id")
        .agg(pl.col("segment", "service_date").first(), pl.len().alias("count"))
        .select(
            "claim_id",
            line_id=pl.lit(None, dtype=pl.UInt32),
            segment=pl.col("segment"),
            outcome=pl.lit("unknown"),
            message=pl.when(undated)
            .then(pl.lit("Whether the diagnoses are valid cannot be judged: no date of service can be read."))
            .otherwise(
                pl.format("Whether the diagnoses were valid on {} is not known: no edition is so old.", "service_date")
            ),
            found=pl.format("diagnoses: {}", "count"),
            expected=pl.lit("an ICD-10-CM edition in force on the day of service"),
        )
    )
