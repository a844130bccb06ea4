"""The same service more than once: units, repeated lines, duplicate claims."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.ncci import over_limit, units_over_day_limit
from scrubjay.edits.products import may_be_injected, noted_claims
from scrubjay.facts import Facts
from scrubjay.refdata import References

_ONE = 1000
"""One unit, in thousandths."""

_ORIGINAL = "1"
"""CLM05-3 of a first claim."""

_MUE = "CMS NCCI Medically Unlikely Edits, practitioner services: 96372 has 4, adjudication indicator 3"
_REPEATS = [
    "NCCI Policy Manual 2026 I.V and XI.V.2",
    "AAPC on divided doses",
    "Cahaba questions and answers on 59 and 76",
]
_DUPLICATE = ["X12 CARC 18 (group OA)", "X12 RARC N522"]


@edit(
    "MUL01",
    name="more-injections-than-drugs",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date", "units_milli"],
    refs=["drugs", "two_syringe"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="advice",
    revision=2,
    confidence="partly",
    source=[
        "BCBS Alabama injectable drugs manual: one fee for each separate injection",
        "Yeztugo dosing: two injections",
    ],
)
def more_injections_than_drugs(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection has more units than the day has injected drugs.

    ## What it does
    Adds the units of 96372 of the day and counts the drug codes that go into muscle or under the skin. A drug whose
    dose takes two syringes counts twice, so does a dose of several units where the policy counts the parts of a divided
    dose (``MUL03.services``), each unclassified drug line once, a vaccine never. A note on the claim or its lines,
    which may tell of a split dose or a drug the patient brought, ends the matter.

    ## Why it matters
    One unit is one injection of one substance. Units that copy the millilitres or the drug's units are cut or denied
    as too many.

    ## Fails
    line 96372 units=2
    line J3420

    ## Passes
    line 96372 units=2
    line J3420
    line J1885 mods=JZ

    line 96372 units=2
    line J0561 units=24 mods=JZ

    ## Fix
    Count the injections in the administration record and bill that many units; say in a note why one drug took two.
    """
    many = t.lines.filter(t.in_group("ADM") & ~pl.col("is_void") & (pl.col("day_units_milli") > _ONE))
    days = many.select("visit_id").unique()
    # These have an administration code of their own.
    rsv = t.in_group("RSV_AB") & t.visit_has("RSV_ADMIN")
    prep = t.in_group("PREP_DRUG") & t.visit_has("PREP_ADMIN")
    drugs = t.lines.filter(t.in_group("DRUG") & t.visit_has("ADM") & ~pl.col("is_void") & ~rsv & ~prep)
    parts = pl.col("sw_MUL03.services").cast(pl.String).cast(pl.Int64, strict=False).fill_null(1)
    product = pl.when(t.in_group("NOC_DRUG")).then(pl.col("line_id").cast(pl.String)).otherwise(pl.col("code"))
    given = (
        may_be_injected(drugs.join(days, on="visit_id", how="semi"), refs)
        .with_columns(product=product)
        .with_columns(parts=pl.when(pl.col("units_milli") > _ONE).then(parts).otherwise(1))
        .sort("parts", descending=True)
        .unique(["visit_id", "product"], keep="first", maintain_order=True)
        .join(refs.lazy("two_syringe").select(pl.col("hcpcs").alias("code"), "injections"), on="code", how="left")
        .group_by("visit_id")
        .agg(
            pl.max_horizontal("injections", "parts").sum().alias("injections"),
            pl.col("code").unique().sort().str.join(", ").alias("drugs"),
        )
    )
    explained = pl.col("line_note").is_not_null() | pl.col("description").is_not_null() | pl.col("noted")
    units = pl.col("day_units_milli") // _ONE
    return (
        many.join(given, on="visit_id")
        .filter(pl.col("day_units_milli") > pl.col("injections") * _ONE)
        .join(noted_claims(t).with_columns(noted=pl.lit(value=True)), on="claim_id", how="left")
        .with_columns(explained=explained.fill_null(value=False))
        .sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id", "code", "drugs", "injections").first(),
            units.first().alias("count"),
            pl.col("line_id").slice(1).alias("related"),
            pl.col("explained").any(),
        )
        .filter(~pl.col("explained"))
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format(
                "{} has {} units on the day; its drugs ({}) account for {}, and no note says why there were more.",
                "code", "count", "drugs", "injections",
            ),
            found=pl.format("{} units, drugs: {}", "count", "drugs"),
            expected=pl.format("units: {}; or the further drug, or a note", "injections"),
        )
    )  # fmt: skip


@edit(
    "MUL04",
    name="injection-lines-repeated",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="OA",
    carc="18",
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="partly",
    supersedes=["DUP02", "MUL01"],
    source=_REPEATS,
)
def injection_lines_repeated(t: Facts, refs: References) -> pl.LazyFrame:
    """The injection code stands on several lines of a day and nothing says why.

    ## What it does
    Finds two or more lines of 96372 by one provider on one day without 59, an X modifier, 76 or 77.

    ## Why it matters
    The second line reads as a duplicate of the first. The limit of 96372 counts the whole day, so that more lines gain
    nothing over units.

    ## Fails
    line 96372
    line 96372
    line J3420
    line J1885 mods=JZ

    ## Passes
    line 96372 units=2
    line J3420
    line J1885 mods=JZ

    ## Fix
    Report the injections as this payer wants them: units of one line, or the further lines with 59 or 76.

    ## Payers
    Medicare takes one line with units and denies the repeated one. Others differ; where the payer's way is not known
    both are offered, and a modifier needs the record.
    """
    plain = t.lines.filter(
        t.in_group("ADM")
        & (pl.col("day_code_lines") > 1)
        & ~t.has_mod("X59")
        & ~t.has_mod("REPEAT")
        & ~pl.col("is_void")
    )
    merge = pl.format(
        "Bill one line of {} with {} units, after the record shows that many injections.", "code", "units_sum"
    )
    mark = pl.format("Put 59 or 76, as this payer asks, on each further line of {}; the record must show it.", "code")
    way = pl.col("way").cast(pl.String)
    return (
        plain.sort("line_id")
        .group_by("day_code_id", maintain_order=True)
        .agg(
            pl.col("claim_id", "line_id").get(1, null_on_oob=True),
            pl.col("line_id").alias("lines"),
            pl.col("code").first(),
            pl.col("claim_id").n_unique().alias("claims"),
            pl.len().alias("count"),
            (pl.col("units_milli").fill_null(_ONE).sum() // _ONE).alias("units_sum"),
            pl.col("sw_repeat_injections").first().alias("way"),
        )
        .filter(pl.col("count") > 1)
        .select(
            "claim_id",
            "line_id",
            related=pl.col("lines").list.set_difference(pl.concat_list("line_id")),
            denied=pl.col("line_id"),
            message=pl.format(
                "{} stands on {} lines of one day{} by one provider without a modifier: the further ones read as duplicates.",
                "code", "count", pl.when(pl.col("claims") > 1).then(pl.format(" (over {} claims)", "claims")).otherwise(pl.lit("")),
            ),
            found=pl.format("{} lines of {}, none with 59, X or 76", "count", "code"),
            expected=pl.when(way == "units")
            .then(pl.format("one line with {} units", "units_sum"))
            .when(way == "lines-59-76")
            .then(pl.lit("59 or 76 on each further line"))
            .otherwise(pl.format("one line with {} units, or 59 or 76 on each further line", "units_sum")),
            fix_text=pl.when(way == "units")
            .then(merge)
            .when(way == "lines-59-76")
            .then(mark)
            .otherwise(pl.concat_str(merge, pl.lit(" Or, where the payer wants lines: "), mark)),
        )
    )  # fmt: skip


@edit(
    "MUL06",
    name="injections-over-day-limit",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date", "units_milli", "payer_mue_edition"],
    refs=["mue"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="advice",
    supersedes=["NCC03", "NCC04", "DRG07"],
    source=[_MUE, "NCCI Policy Manual 2026 I.V"],
)
def injections_over_day_limit(t: Facts, refs: References) -> pl.LazyFrame:
    """The injections of a day are more than the unit limit.

    ## What it does
    Adds the units of 96372 over all lines of the day by one provider and compares them with the limit of the table the
    payer uses on that day. A line over several days shares its units between them.

    ## Why it matters
    The limit counts the day: when it is passed, every unit of the code that day is denied, not only the excess, and
    more lines or modifiers do not help. An ABN does not move the denial to the patient.

    ## Fails
    line 96372 units=5 note="five drugs"
    line J3420

    ## Passes
    line 96372 units=4 note="four drugs"
    line J3420

    ## Fix
    Check the count against the record. If it is right, send it and be ready to show the record at reopening or appeal.

    ## Payers
    Deny for Medicare; elsewhere a warning, since other payers keep their own limits. Medicaid has its own table, which
    does not say whether lines are added up.
    """
    shots = replace(t, lines=t.lines.filter(t.in_group("ADM") & over_limit() & (pl.col("payer_mue_value") > 0)))
    tables = shots.lines.select("line_id", "sw_mue", "payer_mue_edition")
    return (
        units_over_day_limit(shots, refs)
        .join(tables, on="line_id")
        .with_columns(
            reference=pl.when(pl.col("sw_mue") == "medicaid").then(pl.format("mue_medicaid {}", "payer_mue_edition"))
        )
        .drop("sw_mue", "payer_mue_edition")
    )


_ONE_CLAIM = "one claim for the service, a replacement claim, or 76 or 77 on a real repeat"


def _alike(*more: str) -> list[str]:
    """Return the columns in which two lines of one code and day must agree to be the same service."""
    return ["day_code_id", "modifiers", "units_milli", "service_to", *more]


def _with_modifiers(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``modifiers``: what the line carries, in no particular order."""
    carried = pl.concat_list("mod1", "mod2", "mod3", "mod4").list.drop_nulls().list.sort().list.join(",")
    return rows.with_columns(modifiers=carried)


@edit(
    "DUP01",
    name="service-on-another-claim",
    category="denial",
    grain="line",
    start=["lines", "history"],
    needs=["service_date"],
    group="OA",
    carc="18",
    rarc=["N522"],
    element="SV101-2",
    box="24D",
    fix="advice",
    revision=2,
    supersedes=["MUL04"],
    source=_DUPLICATE,
)
def service_on_another_claim(t: Facts, refs: References) -> pl.LazyFrame:
    """The same service stands on an earlier claim.

    ## What it does
    Finds lines of two claims that agree in patient, payer, day, code, modifiers, units and rendering provider: two claims
    of the run, or one of the run and one of the earlier claims (`--history`). Claims that replace or void another one
    are left out, and lines with 76 or 77.

    ## Why it matters
    The payer takes the second claim for a copy of the first and denies it.

    ## Fails
    claim id=A1
    line 99213
    claim id=A2
    line 99213

    earlier
    claim id=A1
    line 99213
    now
    claim id=A2
    line 99213

    ## Passes
    earlier
    claim id=A1
    line 99213
    now
    claim id=A2 dos=2026-03-09
    line 99213

    claim id=A1
    line 93000
    claim id=A2
    line 93000 mods=76

    claim id=A1
    line 99213
    claim id=A2 freq=7 ref_f8=98765
    line 99213

    ## Fix
    Hold the second claim. If it corrects the first, send it as a replacement (frequency 7 with the payer's number).
    """
    first_bills = (pl.col("frequency") == _ORIGINAL) & ~pl.col("stands_alone")
    rows = t.lines.filter((pl.col("day_code_lines") > 1) & ~t.has_mod("REPEAT") & first_bills)
    first = {
        name: pl.col(name).first().over(_alike()).alias(f"first_{name}")
        for name in ("claim_id", "line_id", "claim", "line")
    }
    within = (
        _with_modifiers(rows)
        .sort("line_id")
        .with_columns(first.values())
        .filter(pl.col("claim_id") != pl.col("first_claim_id"))
        .select(
            "claim_id",
            "line_id",
            related=pl.concat_list("first_line_id"),
            denied=pl.col("line_id"),
            message=pl.format(
                "{} stands with the same modifiers, units and provider on claim {}, line {}, of the same day: a duplicate.",
                "code", "first_claim", "first_line",
            ),
            found=pl.format("{} on two claims: {} and {}", "code", "first_claim", "claim"),
            expected=pl.lit(_ONE_CLAIM),
        )
    )  # fmt: skip
    lines = t.lines.filter(pl.col("service_date").is_not_null() & ~t.has_mod("REPEAT") & first_bills)
    billed = _billed_before(t, lines).join(within.select("line_id"), on="line_id", how="anti")
    return pl.concat([within, billed], how="diagonal")


def _billed_before(t: Facts, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lines whose service stands on an earlier claim that was given as history."""
    same = ["patient_key", "payer_id", "service_date", "code", "modifiers", "units_milli", "rendering_npi"]
    past = t.history.filter(pl.col("service_date").is_not_null())
    earlier = _with_modifiers(past).select(*same, earlier="claim")
    return (
        _with_modifiers(lines.join(past, on=["patient_key", "service_date"], how="semi"))
        .join(earlier.unique(same, keep="first", maintain_order=True), on=same, nulls_equal=True)
        .select(
            "claim_id",
            "line_id",
            denied=pl.col("line_id"),
            message=pl.format(
                "{} was billed with the same modifiers, units and provider on the earlier claim {}: a duplicate.",
                "code",
                "earlier",
            ),
            found=pl.format("{} on this claim and on {}", "code", "earlier"),
            expected=pl.lit(_ONE_CLAIM),
        )
    )


@edit(
    "DUP02",
    name="identical-lines",
    category="denial",
    grain="line",
    needs=["service_date"],
    group="OA",
    carc="18",
    rarc=["N522"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=_DUPLICATE,
)
def identical_lines(t: Facts, refs: References) -> pl.LazyFrame:
    """Two lines of a claim are identical.

    ## What it does
    Finds lines of one claim that agree in code, modifiers, charge, units, place, dates, provider, description and NDC,
    without 59, an X modifier, 76 or 77.

    ## Why it matters
    The second line is denied as a duplicate, even where the service was given twice.

    ## Fails
    line 93000
    line 93000

    ## Passes
    line 93000
    line 93000 mods=76

    line J0696 units=2 ndc=00409733801 mods=JZ
    line J0696 units=2 ndc=00781320885 mods=JZ
    line 96372

    ## Fix
    Remove the second line, or bill the true number as units; a repeat that the record shows carries 76.
    """
    rows = t.lines.filter(
        (pl.col("day_code_lines") > 1) & ~t.has_mod("X59") & ~t.has_mod("REPEAT") & ~t.in_group("ADM")
    )
    same = _alike("claim_id", "charge_cents", "unit_basis", "pos", "rendering_npi", "ndc", "description")
    return (
        _with_modifiers(rows)
        .sort("line_id")
        .with_columns(pl.col(name).first().over(same).alias(f"first_{name}") for name in ("line_id", "line"))
        .filter(pl.col("line_id") != pl.col("first_line_id"))
        .select(
            "claim_id",
            "line_id",
            related=pl.concat_list("first_line_id"),
            denied=pl.col("line_id"),
            message=pl.format(
                "{} is the same in every part as line {}: the payer denies it as a duplicate.", "code", "first_line"
            ),
            found=pl.format("{} twice, alike in every part", "code"),
            expected=pl.lit("one line, or 76 on a repeat that the record shows"),
        )
    )


@edit(
    "DUP04",
    name="replacement-without-original",
    category="rejection",
    grain="claim",
    group="CO",
    carc="16",
    element="CLM05-3",
    box="22",
    fix="advice",
    source="ASC X12N 005010X222A1, 2300 REF*F8: required when CLM05-3 is 7 or 8",
)
def replacement_without_original(t: Facts, refs: References) -> pl.LazyFrame:
    """A claim replaces or voids another one and does not name it.

    ## What it does
    Finds claims of frequency 7 or 8 without the payer's control number of the claim they replace (REF*F8).

    ## Why it matters
    The payer cannot tell what to replace: the claim is rejected, or denied as a duplicate of the first.

    ## Fails
    claim freq=7
    line 99213

    ## Passes
    claim freq=7 ref_f8=2026061234567
    line 99213

    ## Fix
    Take the claim control number from the payer's remittance or acknowledgement and put it into REF*F8 (box 22).
    """
    return t.claims.filter(pl.col("stands_alone") & pl.col("original_ref").is_null()).select(
        "claim_id",
        line_id=pl.lit(None, dtype=pl.UInt32),
        message=pl.format(
            "Frequency {} says that this claim takes the place of an earlier one, but REF*F8 does not name that claim.",
            "frequency",
        ),
        found=pl.format("CLM05-3 {} without REF*F8", "frequency"),
        expected=pl.lit("REF*F8 with the payer's control number of the earlier claim"),
    )
