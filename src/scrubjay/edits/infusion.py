"""What is inside an infusion, a push or an injection: supplies, local anesthetic, access, fluid; and what is not one."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.narratives import into_muscle, into_vein, of_hydration, with_texts
from scrubjay.edits.partners import with_partners
from scrubjay.edits.products import may_be_injected
from scrubjay.edits.shapes import beside
from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"

_ONE = 1000
"""One unit, in thousandths."""


@edit(
    "HIE03",
    name="intravenous-drug-as-injection",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    refs=["drugs"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    source=["FDA NDC directory, April 2019 (routes)", "NCCI Policy Manual 2026 IX.D.6: 96372 is SC or IM"],
)
def intravenous_drug_as_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug that went into a vein is billed with the code for muscle or skin.

    ## What it does
    Finds a 96372 whose only drug of the day is made for a vein alone (azithromycin J0456, zoledronic acid J3489), or
    whose drug line carries JA or a text that says vein and not muscle or skin. With an infusion or push on the day the
    drug belongs to that one.

    ## Why it matters
    96372 is into muscle or under the skin. The payer denies it as the wrong code (CO-16, N657); an infusion or a push
    pays more.

    ## Fails
    claim dx=M81.0
    line 96372
    line J3489 units=5 mods=JZ

    claim dx=J18.9
    line 96372 note="CEFTRIAXONE 1 G IV PUSH"
    line J0696 units=4

    ## Passes
    claim dx=M81.0
    line 96365
    line J3489 units=5 mods=JZ

    claim dx=J18.9,E53.8
    line 96372 dx=2
    line J0696 units=4 dx=1 note="CEFTRIAXONE 1 G IM"
    line J3420 dx=2

    ## Fix
    Where the record shows the vein, bill the push or the infusion by its minutes; otherwise correct the drug or the
    text. Only the record knows the route.
    """
    reason = t.visit_has("IV_ONLY_DRUG") | t.visit_has_mod("IV_ROUTE") | pl.col("visit_worded")
    adm = t.lines.filter(t.in_group("ADM") & reason & t.visit_has("DRUG") & ~t.visit_has("IV_GIVEN"))
    drugs = with_texts(t, t.lines.filter(t.in_group("DRUG") & t.visit_has("ADM") & ~t.visit_has("IV_GIVEN")))
    text = pl.col("line_text")
    vein = into_vein(text) & ~into_muscle(text)
    drugs = drugs.with_columns(vein=t.in_group("IV_ONLY_DRUG") | t.has_mod("IV_ROUTE") | vein)
    other = may_be_injected(drugs.filter(~pl.col("vein")), refs).select("visit_id")
    told = with_texts(t, adm).filter(vein).select("line_id", told=pl.lit(value=True))
    by_drug = with_partners(adm.join(other, on="visit_id", how="anti"), drugs.filter("vein"))
    by_text = with_partners(adm.join(told, on="line_id", how="semi"), drugs)
    return (
        pl.concat([by_drug, by_text], how="diagonal")
        .unique("line_id", keep="first", maintain_order=True)
        .select(
            "claim_id",
            "line_id",
            "related",
            denied="line_id",
            message=pl.format(
                "{} with {}, which went into a vein by its labels, its modifier or a text: {} is SC or IM.",
                "code",
                "partners",
                "code",
            ),
            found=pl.format("{} with {}", "code", "partners"),
            expected=pl.lit("a push or infusion code where the record shows the vein"),
        )
    )


@edit(
    "HIE05",
    name="facility-push-on-professional-claim",
    category="denial",
    grain="line",
    scope="FACILITY_PUSH",
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC04", "NCC05"],
    source=["CMS PFS relative value files: status X", "CMS NCCI add-on code edits, 2026 Q2: facility only"],
)
def facility_push_on_professional_claim(t: Facts, refs: References) -> pl.LazyFrame:
    """96376 is billed on a professional claim.

    ## What it does
    Finds 96376 on any line: the reader takes in professional claims only.

    ## Why it matters
    A further push of the same drug within the hours of the first is a facility's code. No payer pays a clinician for
    it (CO-97, CO-170).

    ## Fails
    claim dx=R11.2
    line 96374
    line J2405 units=8
    line 96376

    ## Passes
    claim dx=R11.2
    line 96374
    line J2405 units=8

    ## Fix
    Drop the line; the drug's units hold both pushes.
    """
    return t.lines.filter(t.in_group("FACILITY_PUSH")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format("{} is a facility's code and is never paid on a professional claim.", "code"),
        found="code",
        expected=pl.lit("no line; the units of the drug hold both pushes"),
    )


@edit(
    "HIE07",
    name="supplies-with-administration",
    category="denial",
    grain="line",
    scope="SUPPLY",
    needs=["service_date"],
    group="CO",
    carc="97",
    rarc=["N390"],
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["DRG08", "NCC04"],
    source=[
        "UnitedHealthcare Injection and Infusion Services Policy 2022R0009A",
        "Medicare Benefit Policy Manual ch. 15 s. 60.1A",
        "CMS NCCI Medically Unlikely Edits: A4206-A4216 and 99070 have 0",
        "Ohio Administrative Code 5160-4-12",
    ],
)
def supplies_with_administration(t: Facts, refs: References) -> pl.LazyFrame:
    """Syringes, needles, saline or other supplies are billed beside an injection or infusion.

    ## What it does
    Finds A4206 to A4216 or 99070 on the day of 96360 to 96379 by the same provider.

    ## Why it matters
    The administration pays for what it is done with. The supply is denied as CO-97; in Medicare's table its unit limit
    is 0 besides.

    ## Fails
    line 96372
    line J3420
    line A4216

    payer uhc
    line 96372
    line J3420 ndc=00143962010
    line 99070

    ## Passes
    line 96372
    line J3420

    ## Fix
    Drop the supply line.

    ## Payers
    A warning of its own; where the payer's table has a limit of 0 units for the code (Medicare) it is a denial.
    """
    supplies = t.lines.filter(t.in_group("SUPPLY") & t.visit_has("INFUSION"))
    given = t.lines.filter(t.in_group("INFUSION") & t.visit_has("SUPPLY"))
    return merge_pairs(beside(supplies, given), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "Supply {} beside {}{}: syringes, tubing, saline and small supplies are part of the administration.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with {}", "code_2", "code_1"),
        expected=pl.format("no {}", "code_2"),
    )


@edit(
    "HIE08",
    name="local-anesthetic-billed",
    category="denial",
    grain="line",
    scope="LOCAL_ANESTHETIC",
    needs=["service_date"],
    refs=["drugs"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    source=["IOM 100-04 ch. 12 s. 30.5 (reproduction): local anesthesia", "NCCI Policy Manual 2026 XI.W.5-6"],
)
def local_anesthetic_billed(t: Facts, refs: References) -> pl.LazyFrame:
    """Lidocaine that diluted or numbed an injection is billed as a drug.

    ## What it does
    Finds J2003, J2004 or J2001 on the day of a 96372 with another drug for muscle or skin, and no infusion or push
    that the lidocaine could belong to.

    ## Why it matters
    Lidocaine to dissolve ceftriaxone, or to numb the skin, is part of the injection and denied as CO-97. Lidocaine that
    was itself the treatment is payable.

    ## Fails
    claim dx=J18.9
    line 96372
    line J0696 units=4
    line J2003 units=20 mods=JZ

    ## Passes
    claim dx=J18.9
    line 96372
    line J0696 units=4

    ## Fix
    Drop the lidocaine line unless the record shows that it was the treatment.
    """
    numbing = t.lines.filter(t.in_group("LOCAL_ANESTHETIC") & t.visit_has("ADM") & ~t.visit_has("IV_GIVEN"))
    drugs = t.lines.filter(t.in_group("DRUG") & ~t.in_group("LOCAL_ANESTHETIC") & t.visit_has("LOCAL_ANESTHETIC"))
    return with_partners(numbing, may_be_injected(drugs, refs)).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "Lidocaine {} beside the injection of {}: what dilutes or numbs is part of the injection.",
            "code",
            "partners",
        ),
        found=pl.format("{} with {}", "code", "partners"),
        expected=pl.format("no {}, unless it was the treatment itself", "code"),
    )


@edit(
    "HIE09",
    name="venous-access-with-infusion",
    category="denial",
    grain="line",
    scope="IV_ACCESS",
    needs=["service_date"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02"],
    source=["NCCI Policy Manual 2026 XI.B.4", _PTP],
)
def venous_access_with_infusion(t: Facts, refs: References) -> pl.LazyFrame:
    """The placing of a needle in a vein is billed beside the infusion or push through it.

    ## What it does
    Finds 36000 or 36410 on the day of 96360-96368, 96374-96379 or 96409-96417 by the same provider where no 59 or X
    modifier tells them apart. 96372 has no such pair.

    ## Why it matters
    Every infusion and push includes its peripheral access. The access, column 2 of the pair, is denied as CO-236.
    Central lines and selective arterial catheters are services of their own.

    ## Fails
    claim dx=L03.115
    line 96365
    line J0696 units=4
    line 36000

    ## Passes
    claim dx=L03.115
    line 96365
    line J0696 units=4

    line 96372
    line J3420
    line 36000

    ## Fix
    Drop the access code.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    access = t.lines.filter(
        applies_ncci() & t.in_group("IV_ACCESS") & t.visit_has("IV_GIVEN") & ~t.has_mod("NCCI_PROC")
    )
    given = t.lines.filter(t.in_group("IV_GIVEN") & t.visit_has("IV_ACCESS") & ~t.has_mod("X59"))
    return merge_pairs(beside(access, given), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} stands beside {}{}: every infusion and push includes its peripheral access.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with {}, same patient, provider and day", "code_2", "code_1"),
        expected=pl.format("no {}", "code_2"),
    )


@edit(
    "HIE10",
    name="hydration-beside-infusion",
    category="denial",
    grain="line",
    scope="HYDRATION",
    needs=["service_date"],
    group="CO",
    carc="97",
    element="SV101-2",
    box="24D",
    fix="review",
    source="NCCI Policy Manual 2026 XI.B.5-6 and XI.B.16",
)
def hydration_beside_infusion(t: Facts, refs: References) -> pl.LazyFrame:
    """Hydration stands beside an infusion or push and nothing says that the fluid was a treatment.

    ## What it does
    Finds 96360 or 96361 on the day of another infusion or push (96365-96368, 96374-96376, 96379, 96409-96425) by the
    same provider without 59 or an X modifier, without a diagnosis of volume loss (E86) and without a text of the line
    or the claim that speaks of hydration. Two initial codes that are a pair of the table are HIE01's.

    ## Why it matters
    Fluid that keeps a line open, carries a drug or runs beside another infusion is part of that one. Only fluid that
    the patient needed, before or after, is hydration; reviewers deny or take back the rest as CO-97.

    ## Fails
    claim dx=L03.115
    line 96365
    line J0696 units=4
    line 96361

    ## Passes
    claim dx=L03.115,E86.0
    line 96365 dx=1
    line J0696 units=4 dx=1
    line 96361 dx=2

    claim dx=L03.115
    line 96365
    line J0696 units=4
    line 96361 mods=59

    ## Fix
    Drop the hydration unless the record shows an order for it, its reason and more than 30 minutes of its own.
    """
    own = t.lines.filter(
        t.in_group("HYDRATION") & t.visit_has("IV_WITH_FLUID") & ~t.has_mod("X59") & ~t.points_to("DX_VOLUME_LOSS")
    )
    either = (t.pair_in(1, "HYDRATION") & t.pair_in(2, "INIT")) | (t.pair_in(2, "HYDRATION") & t.pair_in(1, "INIT"))
    judged = t.pairs.filter(applies_ncci() & pl.col("known") & either)
    in_pair = pl.concat([judged.select(line_id="line_id_1"), judged.select(line_id="line_id_2")])
    bare = with_texts(t, own.join(in_pair, on="line_id", how="anti"))
    silent = bare.filter(~of_hydration(pl.concat_str("line_text", "claim_text", separator=" ")))
    others = t.lines.filter(t.in_group("IV_WITH_FLUID") & t.visit_has("HYDRATION"))
    return merge_pairs(beside(silent, others), on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "Hydration {} beside {}{}: fluid that carries a drug or keeps the line open is no hydration.",
            "code_2",
            "code_1",
            elsewhere(),
        ),
        found=pl.format("{} with {}, no modifier, diagnosis or text of its own", "code_2", "code_1"),
        expected=pl.lit("hydration only where the record shows its own order, reason and time"),
    )


@edit(
    "HIE11",
    name="concurrent-infusion-twice",
    category="denial",
    grain="line",
    scope="CONCURRENT_INFUSION",
    needs=["service_date", "units_milli"],
    group="CO",
    carc="151",
    rarc=["N362"],
    element="SV104",
    box="24G",
    fix="review",
    supersedes=["NCC04"],
    source=["NCCI Policy Manual 2026 XI.N.6", "CMS NCCI Medically Unlikely Edits: 96368 has 1, indicator 2"],
)
def concurrent_infusion_twice(t: Facts, refs: References) -> pl.LazyFrame:
    """The concurrent infusion is billed more than once on a day.

    ## What it does
    Adds the units of 96368 of a patient, provider and day, over all claims of the run, and finds more than one.

    ## Why it matters
    96368 counts once an encounter, whatever the number of drugs that ran together. Its limit is absolute: with more,
    every unit of the day is denied.

    ## Fails
    claim dx=L03.115
    line 96365
    line J0696 units=4
    line 96368 units=2

    ## Passes
    claim dx=L03.115
    line 96365
    line J0696 units=4
    line 96368

    ## Fix
    Bill one unit; drugs that ran one after another are 96367.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    key = ["day_code_id", "claim_id"]
    lines = t.lines.filter(t.in_group("CONCURRENT_INFUSION") & (pl.col("day_units_milli") > _ONE))
    first = (
        lines.sort("line_id")
        .with_columns(others=pl.col("line_id").implode().over(key, mapping_strategy="join"))
        .unique(key, keep="first", maintain_order=True)
    )
    units = pl.col("day_units_milli") // _ONE
    return first.select(
        "claim_id",
        "line_id",
        related=pl.col("others").list.set_difference(pl.concat_list("line_id")),
        denied="line_id",
        message=pl.format("{} units of {} on one day: it counts once, whatever the number of drugs.", units, "code"),
        found=pl.format("{} units", units),
        expected=pl.lit("1 unit"),
    )
