"""What the group did for the patient before: visits of a new patient, planned injections, global periods."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.charges import limit
from scrubjay.edits.narratives import with_texts
from scrubjay.edits.shapes import beside
from scrubjay.facts import Facts
from scrubjay.refdata import References


def _who() -> list[pl.Expr]:
    """Return the clinician, the group and the specialty of a line, for present and earlier ones alike."""
    return [
        pl.coalesce("rendering_npi", "billing_npi").alias("clinician"),
        pl.coalesce("billing_tin", "billing_npi").alias("practice"),
        pl.col("taxonomy"),
    ]


def _before(t: Facts, members: pl.Expr) -> pl.LazyFrame:
    """Return earlier services of the history and of the run: patient, day, code, who, first diagnosis, units."""
    facts = [pl.col(name) for name in ("patient_key", "service_date", "code", "dx1", "units_milli")]
    columns = [*facts, *_who()]
    present = t.lines.filter(~pl.col("is_void") & members)
    earlier = t.history.filter(members)
    rows = pl.concat([
        earlier.select(*columns, from_run=pl.lit(value=False)),
        present.select(*columns, from_run=pl.lit(value=True)),
    ])  # fmt: skip
    return rows.filter(pl.col("service_date").is_not_null()).rename(
        {
            "service_date": "day",
            "code": "earlier_code",
            "dx1": "earlier_dx",
            "units_milli": "earlier_units",
            "clinician": "earlier_clinician",
            "practice": "earlier_practice",
            "taxonomy": "earlier_taxonomy",
        }
    )


def _same_clinician() -> pl.Expr:
    return (pl.col("clinician") == pl.col("earlier_clinician")).fill_null(value=False)


def _same_group() -> pl.Expr:
    return (pl.col("practice") == pl.col("earlier_practice")).fill_null(value=False)


def _same_specialty() -> pl.Expr:
    """The two are of one specialty; null where one of them is not known."""
    return pl.col("taxonomy") == pl.col("earlier_taxonomy")


@edit(
    "EM11",
    name="visit-for-planned-injection",
    category="compliance",
    grain="line",
    scope="EM_OFF",
    needs=["service_date"],
    refs=["intervals", "limits"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="partly",
    history=True,
    source=[
        "IOM 100-04 ch. 12 s. 30.5 (reproduction)",
        "NCCI Policy Manual 2026 I.D and I.E.b",
        "intervals as in FRQ01; what counts as planned is memory",
    ],
)
def visit_for_planned_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit with 25 stands beside the next injection of a series.

    ## What it does
    Finds an office visit with 25 beside a 96372 where both point to one and the same diagnosis alone, the patient had
    the same amount of the same drug by 96372 for that diagnosis before, no longer ago than the drug's interval and half
    of it, and no note of the claim or the lines tells of more. The earlier dose may stand in the history or in the run.

    ## Why it matters
    Looking at the patient before a planned injection, and supervising who gives it, is part of the injection. Payers
    ask for the record of such visits and take the payment back. The same diagnosis alone would be no fault.

    ## Fails
    earlier
    claim id=OLD1 dos=2026-02-02
    line 96372
    line J3420
    now
    line 99213 mods=25
    line 96372
    line J3420

    ## Passes
    # Another problem was dealt with.
    earlier
    claim id=OLD1 dos=2026-02-02
    line 96372
    line J3420
    now
    claim dx=E53.8,I10
    line 99213 mods=25 dx=2
    line 96372 dx=1
    line J3420 dx=1

    # The dose was changed.
    earlier
    claim id=OLD1 dos=2026-02-02 dx=F20.9
    line 96372
    line J0401 units=300 mods=JZ
    now
    claim dx=F20.9
    line 99213 mods=25
    line 96372
    line J0401 units=400 mods=JZ

    ## Fix
    Keep the visit only if its note shows a new problem, a change of dose, a reaction or other work beyond the
    injection; otherwise bill the injection alone.
    """
    one_dx = pl.col("pointer1").is_not_null() & pl.col("pointer2").is_null()
    visits = t.lines.filter(t.in_group("EM_OFF") & t.visit_has("ADM") & t.has_mod("SEPARATE") & one_dx)
    given = t.lines.filter(t.in_group("ADM") & t.visit_has("EM_OFF") & one_dx)
    drugs = t.lines.filter(t.in_group("DRUG") & t.visit_has("ADM") & t.visit_has("EM_OFF") & ~t.has_mod("JW"))
    with_dx = visits.select("line_id", "claim_id", "patient_key", "service_date", "visit_id", "dx1", "description")
    quiet = with_texts(t, with_dx).filter((pl.col("line_text") == "") & (pl.col("claim_text") == ""))
    planned = beside(visits, given).select(line_id="line_id_2", injection="line_id_1")
    injections = given.select(injection="line_id", injection_dx="dx1")
    doses = drugs.select("visit_id", "code", "units_milli", drug_line="line_id")
    longest = limit(refs, "planned_interval_percent").select(percent="high")
    intervals = (
        refs.lazy("intervals")
        .filter(pl.col("policy").is_null())
        .select("units_from", "units_to", "days", code="hcpcs")
        .join(longest, how="cross")
    )
    # Masks of a history know the undated groups alone.
    by_injection = _before(t, t.codes.test("groups", "ADM_EVER")).select("patient_key", "day").unique()
    earlier = _before(t, t.codes.test("groups", "DRUG")).join(by_injection, on=["patient_key", "day"], how="semi")
    units = pl.col("units_milli") // 1000
    gap = (pl.col("service_date") - pl.col("day")).dt.total_days()
    return (
        quiet.join(planned, on="line_id")
        .join(injections, on="injection")
        .filter(pl.col("dx1") == pl.col("injection_dx"))
        .join(doses, on="visit_id")
        .join(intervals, on="code")
        .filter(
            (pl.col("units_from").is_null() | (units >= pl.col("units_from")))
            & (pl.col("units_to").is_null() | (units <= pl.col("units_to")))
        )
        .join(earlier, left_on=["patient_key", "code"], right_on=["patient_key", "earlier_code"])
        .filter(
            (gap > 0)
            & (gap * 100 <= pl.col("days") * pl.col("percent"))
            & (pl.col("earlier_dx") == pl.col("dx1"))
            & (pl.col("earlier_units") == pl.col("units_milli"))
        )
        .sort("line_id", "day", "injection", "drug_line")
        .group_by("line_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "code", "day").last(),
            pl.col("injection").unique().sort().alias("related"),
        )
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format(
                "Visit with 25 beside the next {} of a series (last on {}) for the same diagnosis alone, and no note.",
                "code",
                "day",
            ),
            found=pl.format("visit and injection for one diagnosis; {} also on {}", "code", "day"),
            expected=pl.lit("a visit only for work beyond the planned injection"),
        )
    )


@edit(
    "EM12",
    name="new-patient-seen-before",
    category="denial",
    grain="line",
    scope="EM_NEW",
    needs=["service_date"],
    refs=["limits"],
    group="CO",
    carc="B16",
    element="SV101-2",
    box="24D",
    fix="review",
    history=True,
    source=["Empire Medicare on IOM 100-04 ch. 12 s. 30.6.7", "NCCI Policy Manual 2026 XI.U.1", "X12 CARC B16"],
)
def new_patient_seen_before(t: Facts, refs: References) -> pl.LazyFrame:
    """A new-patient visit is billed for a patient whom the group's specialty saw within three years.

    ## What it does
    Finds 99202 to 99205 where the history or the run has a face-to-face service of the same clinician, or of the same
    group and specialty, within the three years before; or another new-patient visit of theirs on the same day. Where a
    specialty is not known the edit says so. Reading a test, a telephone call or a nurse's injection is no such service.

    ## Why it matters
    Within three years the patient is established. The payer holds the same history and denies the visit as CO-B16.

    ## Fails
    earlier
    claim id=OLD1 dos=2024-06-03
    line 99213
    now
    line 99203 mods=25
    line 96372
    line J3420

    ## Passes
    # Three years ago to the day is long enough.
    earlier
    claim id=OLD1 dos=2023-03-02
    line 99213
    now
    line 99203 mods=25
    line 96372
    line J3420

    # An injection by the nurse is no face-to-face service of the clinician.
    earlier
    claim id=OLD1 dos=2026-01-05
    line 96372
    line J3420
    now
    line 99203 mods=25
    line 96372
    line J3420

    ## Fix
    Bill the established-patient visit whose level the note supports; a coder chooses it.
    """
    visits = t.lines.filter(t.in_group("EM_NEW")).select(
        "claim_id", "line_id", "code", "patient_key", "service_date", *_who()
    )
    years = limit(refs, "new_patient_years").select(since=pl.format("-{}y", "high"))
    seen = _before(t, t.codes.test("groups", "FACE_TO_FACE")).join(years, how="cross")
    same_day = t.lines.filter(t.in_group("EM_NEW") & ~pl.col("is_void")).select(
        "patient_key", "service_date", other="line_id", earlier_code="code",
        earlier_clinician=_who()[0], earlier_practice=_who()[1], earlier_taxonomy="taxonomy",
    )  # fmt: skip
    before = visits.join(seen, on="patient_key").filter(
        (pl.col("day") < pl.col("service_date"))
        & (pl.col("day") > pl.col("service_date").dt.offset_by(pl.col("since")))
    )
    twice = (
        visits.join(same_day, on=["patient_key", "service_date"])
        .filter(pl.col("other") < pl.col("line_id"))
        .with_columns(day="service_date")
        .drop("other")
    )
    known = pl.col("known")
    return (
        pl.concat([before, twice], how="diagonal")
        .with_columns(known=_same_clinician() | (_same_group() & _same_specialty()))
        .filter(_same_clinician() | (_same_group() & _same_specialty().fill_null(value=True)))
        .with_columns(known.fill_null(value=False))
        .sort("line_id", "known", "day")
        .group_by("line_id", maintain_order=True)
        .agg(pl.col("claim_id", "code", "day", "earlier_code", "known", "service_date").last())
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            outcome=pl.when("known").then(pl.lit("hit")).otherwise(pl.lit("unknown")),
            message=pl.when("known")
            .then(
                pl.format("{} is for a new patient; the same specialty billed {} on {}.", "code", "earlier_code", "day")
            )
            .otherwise(
                pl.format(
                    "{} is for a new patient; the group billed {} on {}, but a specialty is not known.",
                    "code",
                    "earlier_code",
                    "day",
                )
            ),
            found=pl.format("{} after {} on {}", "code", "earlier_code", "day"),
            expected=pl.lit("an established-patient visit"),
        )
    )


@edit(
    "PRC06",
    name="injection-in-global-period",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    refs=["pfs"],
    group="CO",
    carc="97",
    rarc=["N525"],
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="partly",
    history=True,
    source=["NCCI Policy Manual 2026 I.C.14 and I.D", "CMS PFS relative value files: global days", "X12 RARC N525"],
)
def injection_in_global_period(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection falls into the global period of a procedure that the same group did before.

    ## What it does
    Finds 96372 on the day of an earlier claim's procedure with 0, 10 or 90 global days, or within its 10 or 90 days
    after, by the same clinician or the same group and specialty, where the diagnosis is of the same category or is a
    complication or aftercare of surgery (T81, T84-T88, Z47, Z48). 24, 58, 78 or 79 on the injection ends the matter.
    Procedures of the same day within the run are the pair edits' (PRC01, PRC03, PRC04).

    ## Why it matters
    The payment of the procedure holds the care after it. Medicare counts complications too, unless they lead back to
    the operating room. The injection is denied as CO-97.

    ## Fails
    earlier
    claim id=OLD1 dos=2026-02-10 pos=21 dx=M17.11
    line 27447 mods=RT
    now
    claim dx=M17.11
    line 96372
    line J1885 units=2 mods=JZ

    ## Passes
    # The B12 has nothing to do with the knee.
    earlier
    claim id=OLD1 dos=2026-02-10 pos=21 dx=M17.11
    line 27447 mods=RT
    now
    line 96372
    line J3420

    # Ninety days are over.
    earlier
    claim id=OLD1 dos=2025-11-10 pos=21 dx=M17.11
    line 27447 mods=RT
    now
    claim dx=M17.11
    line 96372
    line J1885 units=2 mods=JZ

    ## Fix
    Drop the injection if it was care after the procedure. 79 only where the record shows that it was not.
    """
    rows = t.lines.filter(
        t.in_group("ADM") & ~t.has_mod("GLOBAL") & pl.col("service_date").is_not_null() & pl.col("dx1").is_not_null()
    )
    own = rows.select(
        "claim_id", "line_id", "code", "patient_key", "service_date", "dx1", *_who(),
        after_surgery=t.points_to("DX_AFTER_SURGERY"),
    )  # fmt: skip
    table = (
        refs.lazy("pfs")
        .filter(pl.col("mod").is_null() & pl.col("glob").str.contains(r"^\d+$"))
        .select(pl.col("hcpcs").alias("earlier_code"), "valid_from", days=pl.col("glob").cast(pl.Int64))
        .sort("earlier_code", "valid_from")
        .group_by("earlier_code", maintain_order=True)
        .agg(pl.col("days").last(), begins=pl.col("valid_from").min())
    )
    earlier = _before(t, pl.lit(value=True)).join(own.select("patient_key").unique(), on="patient_key", how="semi")
    gap = (pl.col("service_date") - pl.col("day")).dt.total_days()
    related = pl.col("after_surgery") | (
        pl.col("dx1").str.slice(0, 3) == pl.col("earlier_dx").str.slice(0, 3)
    ).fill_null(value=False)
    known = (_same_clinician() | (_same_group() & _same_specialty()).fill_null(value=False)) & (
        pl.col("begins") <= pl.col("day")
    )
    return (
        own.join(earlier.join(table, on="earlier_code"), on="patient_key")
        .filter((gap >= 0) & (gap <= pl.col("days")) & ((gap > 0) | ~pl.col("from_run")) & related)
        .filter(_same_clinician() | (_same_group() & _same_specialty().fill_null(value=True)))
        .with_columns(known=known)
        .sort("line_id", "known", "day")
        .group_by("line_id", maintain_order=True)
        .agg(pl.col("claim_id", "code", "day", "days", "earlier_code", "known").last())
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            outcome=pl.when("known").then(pl.lit("hit")).otherwise(pl.lit("unknown")),
            message=pl.format(
                "{} falls into the {} global days of {} on {} and is for the same complaint{}.",
                "code",
                "days",
                "earlier_code",
                "day",
                pl.when("known")
                .then(pl.lit(""))
                .otherwise(pl.lit("; specialty or the day's fee schedule are not known")),
            ),
            found=pl.format("{} after {} on {}", "code", "earlier_code", "day"),
            expected=pl.lit("no injection, or 79 where it was for something else"),
        )
    )
