"""Drugs given too soon, too often or too much of: compared with the patient's earlier doses."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_ONE = 1000
"""One unit, in thousandths."""

_WASTE = "JW"
"""Modifier of the part of a drug that was thrown away: no dose."""


def _doses(t: Facts, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Return each patient's doses of the codes by day, earlier and present ones: code, day, units."""
    slots = [pl.col(f"mod{k}") for k in (1, 2, 3, 4)]
    given = ~pl.any_horizontal((slot == _WASTE).fill_null(value=False) for slot in slots)
    columns = ["patient_key", "code", "service_date", "units_milli"]
    present = t.lines.filter(t.in_group("DRUG") & ~pl.col("is_void"))
    return (
        pl.concat([rows.filter(given & pl.col("service_date").is_not_null()).join(codes, on="code", how="semi").select(columns)
                   for rows in (t.history, present)])
        .group_by("patient_key", "code", "service_date")
        .agg(pl.col("units_milli").fill_null(0).sum())
        .rename({"service_date": "day", "units_milli": "given"})
    )  # fmt: skip


def _now(t: Facts, codes: pl.LazyFrame) -> pl.LazyFrame:
    """Return the present lines of the codes, one a patient, code and day."""
    return (
        t.lines.filter(
            t.in_group("DRUG") & ~pl.col("is_void") & ~t.has_mod("JW") & pl.col("service_date").is_not_null()
        )
        .join(codes, on="code", how="semi")
        .sort("line_id")
        .unique(["patient_key", "code", "service_date"], keep="first", maintain_order=True)
        .select("claim_id", "line_id", "patient_key", "code", "policy", "service_date", "units")
    )


def _intervals(refs: References) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return the table of intervals, and its codes."""
    table = refs.lazy("intervals").rename({"hcpcs": "code", "policy": "whose"})
    return table, table.select("code").unique()


@edit(
    "FRQ01",
    name="dose-too-soon",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["intervals"],
    group="CO",
    carc="151",
    rarc=["N640", "M86"],
    element="DTP03",
    box="24A",
    fix="advice",
    confidence="partly",
    history=True,
    source=[
        "BCBS Alabama PH-0139, Alabama Medicaid alert on J1050, eviCore on denosumab",
        "labels of Wyost, Yeztugo, Rykindo, Erzofri; NC Medicaid on Uzedy; BCBS Alabama PH-0234",
        "labels from memory for the other drugs",
    ],
)
def dose_too_soon(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug is given sooner after its last dose than its interval allows.

    ## What it does
    Compares the day of each drug of the interval table with the patient's last earlier dose of the same code, in the
    history and in the run. Loading doses are left out; where the interval depends on the dose, that of the last dose
    counts. A row of one payer goes before the general one.

    ## Why it matters
    The payer denies the dose as too frequent (N640, M86), or asks the money back.

    ## Fails
    earlier
    claim id=OLD1 dos=2025-11-10 dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ
    now
    claim dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ

    ## Passes
    earlier
    claim id=OLD1 dos=2025-09-01 dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ
    now
    claim dx=M81.0
    line 96372
    line J0897 units=60 mods=JZ

    ## Fix
    Check the date of the last dose. Where the early dose was ordered, say why in the record and expect a review.

    ## Payers
    A warning everywhere: most intervals are labels'. Alabama Medicaid counts 70 days for medroxyprogesterone.
    """
    table, codes = _intervals(refs)
    day = pl.col("service_date")
    earlier = (
        _now(t, codes)
        .join(_doses(t, codes), on=["patient_key", "code"])
        .filter(pl.col("day") < day)
        .sort("line_id", "day")
        .group_by("line_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "code", "policy", "service_date").first(),
            pl.col("day", "given").last(),
            pl.len().alias("doses"),
        )
    )
    gap = (day - pl.col("day")).dt.total_days()
    first = pl.col("doses") <= pl.col("first_gaps")
    whole = pl.col("given") // _ONE
    return (
        earlier.join(table, on="code")
        .filter(
            (pl.col("units_from").is_null() | (whole >= pl.col("units_from")))
            & (pl.col("units_to").is_null() | (whole <= pl.col("units_to")))
            & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day))
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
            & (pl.col("whose").is_null() | (pl.col("whose") == pl.col("policy")))
        )
        .sort("line_id", "whose", nulls_last=True)
        .unique("line_id", keep="first", maintain_order=True)
        .with_columns(least=pl.when(first).then("first_days").otherwise("days"))
        .filter(gap < pl.col("least"))
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.format(
                "{} comes {} days after the dose of {}; at least {} are expected between two.",
                "code",
                gap,
                "day",
                "least",
            ),
            found=pl.format("{} days since the last dose", gap),
            expected=pl.format("{} days or more", "least"),
        )
    )


@edit(
    "FRQ02",
    name="series-complete",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["intervals"],
    group="CO",
    carc="119",
    element="SV101-2",
    box="24D",
    fix="advice",
    confidence="memory",
    history=True,
    source="label of romosozumab: twelve monthly doses",
)
def series_complete(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug with a limited series is given after the series.

    ## What it does
    Counts the days on which the patient had the drug before, in the history and in the run, and compares them with the
    doses of the series (romosozumab: 12).

    ## Why it matters
    Doses behind the labelled series are denied as over the benefit's limit.

    ## Fails
    earlier
    claim id=OLD1 dx=M81.0 dos=2025-02-03
    line J3111 units=210 mods=JZ
    line J3111 units=210 mods=JZ dos=2025-03-04
    line J3111 units=210 mods=JZ dos=2025-04-04
    line J3111 units=210 mods=JZ dos=2025-05-05
    line J3111 units=210 mods=JZ dos=2025-06-05
    line J3111 units=210 mods=JZ dos=2025-07-07
    line J3111 units=210 mods=JZ dos=2025-08-07
    line J3111 units=210 mods=JZ dos=2025-09-08
    line J3111 units=210 mods=JZ dos=2025-10-08
    line J3111 units=210 mods=JZ dos=2025-11-10
    line J3111 units=210 mods=JZ dos=2025-12-10
    line J3111 units=210 mods=JZ dos=2026-01-12
    now
    claim dx=M81.0
    line 96372 units=2
    line J3111 units=210 mods=JZ

    ## Passes
    earlier
    claim id=OLD1 dx=M81.0 dos=2026-01-12
    line 96372 units=2
    line J3111 units=210 mods=JZ
    now
    claim dx=M81.0
    line 96372 units=2
    line J3111 units=210 mods=JZ

    ## Fix
    Count the doses in the record; after the last one the label goes on with another drug.
    """
    table, codes = _intervals(refs)
    series = table.filter(pl.col("series").is_not_null()).select("code", "series").unique("code", keep="any")
    codes = series.select("code")
    return (
        _now(t, codes)
        .join(_doses(t, codes), on=["patient_key", "code"])
        .filter(pl.col("day") < pl.col("service_date"))
        .group_by("line_id")
        .agg(pl.col("claim_id", "code").first(), pl.len().alias("doses"))
        .join(series, on="code")
        .filter(pl.col("doses") >= pl.col("series"))
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.format("{} was given on {} earlier days; its series has {} doses.", "code", "doses", "series"),
            found=pl.format("dose {}", pl.col("doses") + 1),
            expected=pl.format("{} doses at most", "series"),
        )
    )


@edit(
    "FRQ03",
    name="quantity-over-period",
    category="denial",
    grain="line",
    scope="VIVITROL",
    needs=["service_date", "units_milli"],
    refs=["quantity_limits"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="advice",
    history=True,
    source="BCBS Alabama PH-0139: 380 units in 28 days",
)
def quantity_over_period(t: Facts, refs: References) -> pl.LazyFrame:
    """More of a drug is given within a period than the payer pays.

    ## What it does
    Adds the patient's units of the drug over the period that ends on the day of service, in the history and in the run:
    380 units of J2315 within 28 days.

    ## Why it matters
    The policy pays that quantity and no more; the excess is denied.

    ## Fails
    earlier
    payer bcbs-alabama
    patient dob=1980-05-05
    claim id=OLD1 dx=F11.20 dos=2026-02-03
    line J2315 units=380 mods=JZ
    now
    payer bcbs-alabama
    patient dob=1980-05-05
    claim dx=F11.20 ref_g1=AUTH1
    line 96372
    line J2315 units=380 mods=JZ ndc=65757030001

    ## Passes
    earlier
    payer bcbs-alabama
    patient dob=1980-05-05
    claim id=OLD1 dx=F11.20 dos=2026-02-02
    line J2315 units=380 mods=JZ
    now
    payer bcbs-alabama
    patient dob=1980-05-05
    claim dx=F11.20 ref_g1=AUTH1
    line 96372
    line J2315 units=380 mods=JZ ndc=65757030001

    ## Fix
    Check the units and the dates; a further dose within the period needs the payer's agreement.

    ## Payers
    Deny for Blue Cross Blue Shield of Alabama, off elsewhere.
    """
    limits = refs.lazy("quantity_limits").select(code="hcpcs", most="units", period="days")
    codes = limits.select("code")
    day = pl.col("service_date")
    return (
        _now(t, codes)
        .join(limits, on="code")
        .join(_doses(t, codes), on=["patient_key", "code"])
        .filter((pl.col("day") <= day) & ((day - pl.col("day")).dt.total_days() < pl.col("period")))
        .group_by("line_id")
        .agg(pl.col("claim_id", "code", "most", "period").first(), (pl.col("given").sum() // _ONE).alias("total"))
        .filter(pl.col("total") > pl.col("most"))
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.format(
                "{} adds up to {} units within {} days; this payer pays {}.", "code", "total", "period", "most"
            ),
            found=pl.format("units: {}", "total"),
            expected=pl.format("{} units within {} days", "most", "period"),
        )
    )
