"""Drug lines: is there one, is there an administration, is the code in force."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import names_substance, with_texts
from scrubjay.edits.partners import on_dated_claims, patch, plural
from scrubjay.facts import Facts
from scrubjay.refdata import References

_HCPCS = "CMS HCPCS Level II file, January 2026"


@edit(
    "DRG01",
    name="injection-without-drug",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="16",
    rarc=["N349", "M123"],
    element="SV101-2",
    box="24D",
    fix="advice",
    source=["NGS on drugs supplied by the patient: drug and administration on one claim", "X12 RARC N349 and M123"],
)
def injection_without_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection has no drug.

    ## What it does
    Finds a 96372 on a day without a drug line. Payers that want drug and injection on one claim are also told when the
    drug is on another claim of the day. A vaccine, a skin test or an allergy shot on the day, or a drug on another day
    of the claim, is reported as that instead.

    ## Why it matters
    96372 pays for giving a drug. Without the drug the payer cannot tell what was given and returns the line.

    ## Fails
    line 96372

    ## Passes
    line 96372
    line J3420

    line 96372
    line J3420 charge=0.01 desc="CYANOCOBALAMIN 1000MCG IM SUPPLIED BY PATIENT"

    payer uhc
    line 96372 desc="MEDROXYPROGESTERONE 150 MG IM, PHARMACY SUPPLIED"

    ## Fix
    Add the drug line, or remove the injection if nothing was given.

    ## Payers
    Medicare wants the drug on the same claim, one that the patient brought at $0.01 with its name and dose. Elsewhere
    any claim of the day will do, the level is a warning, and a text that names the substance is enough; where there is
    no text at all NTE01 speaks instead.
    """
    together = pl.col("sw_drug_same_claim") == "required"
    rows = t.lines.filter(t.in_group("ADM") & (~t.visit_has("DRUG") | (together & ~t.claim_has("DRUG"))))
    cent = pl.col("sw_patient_supplied") == "cent"
    drugs = t.lines.filter(t.in_group("DRUG")).join(rows.select("visit_id"), on="visit_id", how="semi")
    away = (
        drugs.sort("line_id")
        .group_by("visit_id")
        .agg(pl.col("code").first().alias("drug"), pl.col("claim").first().alias("drug_claim"))
    )
    lonely = pl.format("{} without a drug: the payer cannot tell what was injected.", "code")
    apart = pl.format(
        "{} and its drug {} are on different claims ({}); this payer wants both on one.", "code", "drug", "drug_claim"
    )
    line_at_a_cent = "Add the drug line to this claim; one that cost the practice nothing at $0.01, with name, dose and route in SV101-7."
    return (
        with_texts(t, on_dated_claims(t, rows))
        .filter(cent | together | ~names_substance())
        .join(away, on="visit_id", how="left")
        .select(
            "claim_id",
            "line_id",
            denied="line_id",
            message=pl.when(pl.col("drug").is_null()).then(lonely).otherwise(apart),
            found=pl.when(pl.col("drug").is_null())
            .then(pl.lit("no drug line"))
            .otherwise(pl.format("{} on claim {}", "drug", "drug_claim")),
            expected=pl.when(together)
            .then(pl.lit("the drug on this claim"))
            .otherwise(pl.lit("a drug line, or the drug named in a note")),
            fix_text=pl.when(cent).then(pl.lit(line_at_a_cent)),
        )
    )


@edit(
    "DRG02",
    name="drug-without-injection",
    category="underpayment",
    grain="line",
    scope="DRUG",
    needs=["service_date", "pos"],
    refs=["drugs", "pos_groups"],
    group="CO",
    carc="107",
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    confidence="memory",
    source="Coding practice: a drug given in the office has an administration service",
)
def drug_without_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug for injection stands without any administration.

    ## What it does
    Finds drugs that are given into muscle or under the skin on a day with no administration code of any kind and no
    procedure that contains the injection (surgery, anesthesia, allergy service, imaging, dialysis, stress test,
    sedation), over all claims of the run. Facility places, the pharmacy and the home are left out, and drugs that are
    never injected that way; so is the day of a 99211 where the policy says that it stands for an injection that nobody
    supervised (``nurse_visit_for_injection``).

    ## Why it matters
    Either the injection was forgotten and is not paid, or the drug was handed out and does not belong on this claim.

    ## Fails
    line J3420

    ## Passes
    claim dx=M17.11
    line 20610 mods=RT
    line J3301 units=4 mods=JZ ndc=00003029305

    claim pos=22
    line J1885 units=2 mods=JZ ndc=00409379501

    ## Fix
    Add the administration code only if the administration record shows the injection and who gave it.
    """
    inside = ("DRUG_ADMIN", "SURGERY", "ANESTHESIA", "ALLERGY", "INCLUDES_INJECTION")
    by_nurse = (pl.col("sw_nurse_visit_for_injection") == "unsupervised") & t.visit_has("EM_99211")
    given = by_nurse | pl.any_horizontal(t.visit_has(group) for group in inside)
    facility = pl.col("pos_facility").fill_null(value=False)
    routes = refs.lazy("drugs").select(pl.col("hcpcs").alias("code"), "routes").unique("code", keep="any")
    injected = pl.col("routes").list.contains("IM") | pl.col("routes").list.contains("SC")
    dispensed = refs.lazy("pos_groups").filter(pl.col("group") == "POS_DISPENSED").select("pos")
    return (
        on_dated_claims(t, t.lines.filter(t.in_group("DRUG") & ~given & ~facility))
        .join(routes, on="code")
        .filter(injected)
        .join(dispensed, on="pos", how="anti")
        .sort("line_id")
        .group_by("day_code_id", "claim_id", maintain_order=True)
        .agg(pl.col("line_id", "code").first(), pl.col("line_id").slice(1).alias("related"), pl.col("routes").first())
        .select(
            "claim_id",
            "line_id",
            "related",
            message=pl.format(
                "{} is injected ({}) and nothing on the day administers it or contains its injection.",
                "code",
                pl.col("routes").list.join(", "),
            ),
            found=pl.format("{} alone", "code"),
            expected=pl.lit("the administration that the record shows, or no drug line"),
        )
    )


@edit(
    "DRG03",
    name="drug-code-outside-dates",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["hcpcs", "crosswalks"],
    group="CO",
    carc="181",
    rarc=["N56", "M20"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["COD01"],
    source=[_HCPCS, "NCCI Policy Manual 2026 XII.D.5-6"],
)
def drug_code_outside_dates(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug code is not in force on the day of service.

    ## What it does
    Finds HCPCS drug codes that ended before the day or begin after it and names the code that holds on that day, with
    the units that the same dose has there.

    ## Why it matters
    The day of service decides, not the day of the claim. The line is denied, and the new code often counts a different
    amount as one unit, so that copying the units is wrong too.

    ## Fails
    line 96372
    line J1030 dos=2026-03-02

    ## Passes
    line 96372 dos=2024-03-15
    line J1030 dos=2024-03-15

    ## Fix
    Take the code of the day and count its units from the dose in the record.
    """
    rows = t.lines.filter(
        t.in_group("DRUG") & pl.col("code_known") & ~pl.col("code_in_force") & pl.col("code").str.contains("^[A-Z]")
    )
    table = refs.lazy("crosswalks").select(
        "from_code", "to_code", "units_from", "units_to", pl.col("valid_from").alias("since")
    )
    forward = table.select(
        "since", code="from_code", other="to_code", own="units_from", theirs="units_to", ahead=pl.lit(value=True)
    )
    backward = table.select(
        "since", code="to_code", other="from_code", own="units_to", theirs="units_from", ahead=pl.lit(value=False)
    )
    reached = pl.col("since") <= pl.col("service_date")
    found = (
        rows.select("line_id", "code", "units", "service_date")
        .join(pl.concat([forward, backward]), on="code")
        .filter(pl.col("ahead") == reached)
        .with_columns(amount=pl.col("units") * pl.col("theirs") / pl.col("own"))
        .with_columns(whole=pl.col("amount") == pl.col("amount").ceil())
        # Of several older strengths only those that divide the dose can be the one.
        .filter(pl.col("ahead") | pl.col("whole").fill_null(value=True))
        .with_columns(amount=pl.col("amount").ceil().cast(pl.Int64, strict=False))
        .sort("other")
        .with_columns(words=pl.coalesce(pl.format("{} {} of {}", "amount", plural("amount"), "other"), "other"))
        .group_by("line_id")
        .agg(
            pl.col("words").str.join(" or "),
            pl.len().alias("choices"),
            pl.col("other", "amount").first(),
            pl.col("whole").first(),
        )
    )
    ended = pl.col("code_to").is_not_null() & (pl.col("code_to") < pl.col("service_date"))
    state = pl.when(ended).then(pl.format("ended {}", "code_to")).otherwise(pl.format("begins {}", "code_from"))
    remedy = (
        pl.when(pl.col("amount").is_not_null())
        .then(pl.format("; the dose of its {} {} is {}", "units", plural("units"), "words"))
        .otherwise(pl.coalesce(pl.format("; see {}", "words"), pl.lit("")))
    )
    exact = (pl.col("choices") == 1) & pl.col("whole")
    code = patch("segment", "SV101-2", pl.col("code"), pl.col("other"))
    units = patch("segment", "SV104", pl.col("units"), pl.col("amount"))
    same = pl.col("amount") == pl.col("units")
    return rows.join(found, on="line_id", how="left").select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format("{} {} and the service was on {}{}.", "code", state, "service_date", remedy),
        found=pl.format("{}, {}", "code", state),
        expected=pl.coalesce("words", pl.lit("a code in force on the day")),
        patches=pl.when(exact & same).then(pl.concat_list(code)).when(exact).then(pl.concat_list(code, units)),
    )
