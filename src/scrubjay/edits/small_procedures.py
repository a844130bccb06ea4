"""Small procedures of an office that include their injection, and injections that were such a procedure."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.bundles import bundled, opened_beside, shut
from scrubjay.edits.narratives import into_joint, into_muscle, with_texts
from scrubjay.edits.partners import with_partners
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


def _included(t: Facts, partner: str, what: str, remedy: str) -> pl.LazyFrame:
    """Return the injections inside the procedures of a group; a modifier of the procedure alone leaves a doubt."""
    pairs = t.pairs.filter(t.pair_in(2, "ADM") & t.pair_in(1, partner)).with_columns(doubt=opened_beside(t) & ~shut())
    return bundled(
        pairs.filter(shut() | pl.col("doubt")),
        "{1} stands beside {0} without 59 or an X modifier: " + what + " includes the injection",
        remedy,
        "What opens {0} with {1} is no 59 or X on {1}: nothing says that the injection was apart from it",
    )


@edit(
    "PRC02",
    name="joint-injection-as-96372",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    group="CO",
    carc="11",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    confidence="memory",
    source="coding practice: 96372 is into muscle or under the skin, 20550-20611 into joint, bursa or tendon",
)
def joint_injection_as_96372(t: Facts, refs: References) -> pl.LazyFrame:
    """A steroid that went into a joint, bursa or tendon is billed as 96372.

    ## What it does
    Finds a 96372 with a depot steroid (J3301, J1010, J0702 and those before them) for a joint diagnosis (M16-M19,
    M25.5, M70-M72, M75-M77) on a day without a joint procedure, where a text of the line or the claim says that it went
    into a joint, a bursa or a tendon sheath. A text that names muscle or skin ends the matter, and so does silence: a
    steroid for the whole body is given for these diagnoses too.

    ## Why it matters
    Putting a drug into a joint, a bursa or a tendon sheath has its own codes, which pay more. The payer finds route and
    code at odds.

    ## Fails
    claim dx=M17.11
    line 96372 note="TRIAMCINOLONE 40 MG INTRA-ARTICULAR RIGHT KNEE"
    line J3301 units=4

    ## Passes
    claim dx=M17.11
    line 96372 note="TRIAMCINOLONE 40 MG IM FOR KNEE JOINT PAIN"
    line J3301 units=4

    claim dx=M17.11
    line 96372
    line J3301 units=4

    ## Fix
    Where the record shows the joint, bursa or tendon, bill 20550, 20551 or 20600 to 20611 instead of 96372.
    """
    joint = t.points_to("DX_JOINT")
    rows = t.lines.filter(t.in_group("ADM") & t.visit_has("JOINT_STEROID") & ~t.visit_has("JOINT") & joint)
    steroids = t.lines.filter(t.in_group("JOINT_STEROID") & t.visit_has("ADM"))
    speaking = with_texts(t, steroids).select("visit_id", steroid_text="line_text")
    spoken = speaking.group_by("visit_id").agg(pl.col("steroid_text").str.join(" "))
    told = with_texts(t, with_partners(rows, steroids)).join(spoken, on="visit_id", how="left")
    text = pl.concat_str("line_text", "claim_text", pl.col("steroid_text").fill_null(""), separator=" ")
    return told.filter(into_joint(text) & ~into_muscle(text)).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "A text says that {} went into a joint, bursa or tendon; {} is into muscle or under the skin.",
            "partners",
            "code",
        ),
        found=pl.format("{} with {}, first diagnosis {}", "code", "partners", "dx1"),
        expected=pl.lit("the code of the joint, bursa or tendon injection, if the record shows it"),
    )


@edit(
    "PRC07",
    name="two-intralesional-families",
    category="denial",
    grain="line",
    start="pairs",
    scope="INTRALESIONAL_PLAIN",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02"],
    source=["NCCI Policy Manual 2026 III.G", _PTP],
)
def two_intralesional_families(t: Facts, refs: References) -> pl.LazyFrame:
    """Injections into lesions are billed from both families on one day without a modifier.

    ## What it does
    Finds 11900 or 11901 on the day of 96405 or 96406 by the same provider where no modifier opens the pair.

    ## Why it matters
    11900 and 11901 are for any agent, 96405 and 96406 for chemotherapy; one lesion has one of them. The column 2 code,
    11900 or 11901, is denied as CO-236.

    ## Fails
    claim dx=C44.311
    line 96405
    line J9190 mods=JZ
    line 11900
    line J3301 units=1

    ## Passes
    claim dx=C44.311,L91.0
    line 96405 dx=1
    line J9190 mods=JZ dx=1
    line 11900 mods=XS dx=2
    line J3301 units=1 dx=2

    ## Fix
    Bill one family for a lesion. 59 or XS only where the record shows different lesions and different agents; a local
    anesthetic for another procedure on the lesion is never one of these.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    plain, chemo = "INTRALESIONAL_PLAIN", "INTRALESIONAL_CHEMO"
    either = (t.pair_in(1, plain) & t.pair_in(2, chemo)) | (t.pair_in(1, chemo) & t.pair_in(2, plain))
    return bundled(
        t.pairs.filter(either & shut()),
        "{1} stands beside {0} without 59 or XS: a lesion is injected under one of the two families",
        "one family, or 59 or XS on {1} for another lesion with another agent",
    )


@edit(
    "IUD01",
    name="injection-with-contraceptive-device",
    category="denial",
    grain="line",
    start="pairs",
    scope="ADM",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 I.E"],
)
def injection_with_contraceptive_device(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside the work on a contraceptive device.

    ## What it does
    Finds 96372 on the day of 11976, 11981-11983, 57170 or 58301 by the same provider without 59 or an X modifier.
    58300, the insertion of an intrauterine device, has no pair.

    ## Why it matters
    What is injected for the insertion, the removal or the fit is part of it: 96372, column 2 of the pair, is denied.

    ## Fails
    payer commercial
    claim dx=Z30.46,M54.50
    line 11982 dx=1
    line 96372 dx=2
    line J1885 units=2 dx=2

    ## Passes
    payer commercial
    claim dx=Z30.432,M54.50
    line 58301 dx=1
    line 96372 mods=59 dx=2
    line J1885 units=2 dx=2

    ## Fix
    Add 59 or XU to 96372 only if the record shows a drug given for a reason of its own; otherwise drop it.

    ## Payers
    A warning of its own; where the payer takes the pair for a denial (Medicare, Medicare Advantage) it is one.
    """
    return _included(
        t, "IUD_GYN", "the work on the device", "59 or XU on {1} where the record shows another reason, else no {1}"
    )


@edit(
    "WND01",
    name="injection-with-wound-care",
    category="denial",
    grain="line",
    start="pairs",
    scope="ADM",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 I.E"],
)
def injection_with_wound_care(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside a debridement or negative pressure wound therapy.

    ## What it does
    Finds 96372 on the day of 97597-97608 or 11042-11044 by the same provider without 59 or an X modifier. The further
    areas 11045 to 11047 have no pair.

    ## Why it matters
    Numbing and what else is given for the wound is part of the wound care: 96372, column 2 of the pair, is denied.

    ## Fails
    payer commercial
    claim dx=L97.519
    line 97597
    line 96372
    line J1885 units=2

    ## Passes
    payer commercial
    claim dx=S81.811A
    line 97597
    line 96372 mods=XU
    line J1670 units=1

    ## Fix
    Add 59 or XU to 96372 only if the record shows a drug for a reason of its own, such as tetanus immune globulin;
    otherwise drop it.

    ## Payers
    A warning of its own; where the payer takes the pair for a denial (Medicare, Medicare Advantage) it is one.
    """
    return _included(t, "WOUND", "the wound care", "59 or XU on {1} where the record shows another reason, else no {1}")
