"""Injections beside procedures that include them: joints, blocks, surgery, anesthesia."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.bundles import bundled, opened_beside, shut
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"
_GENERAL = ("NCC01", "NCC02")


def _with_doubt(t: Facts, partner: pl.Expr, doubt: pl.Expr) -> pl.LazyFrame:
    """Return the pairs of an injection and its partner that hit, with ``doubt`` where a modifier opens them."""
    pairs = t.pairs.filter(t.pair_in(2, "ADM") & partner).with_columns(doubt=doubt & ~shut())
    return pairs.filter(shut() | pl.col("doubt"))


@edit(
    "PRC01",
    name="injection-with-joint-procedure",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["JOINT"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="97",
    rarc=["M15"],
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=_GENERAL,
    source=[_PTP, "NCCI Policy Manual 2026 I.E", "CMS CR 11168 (59 and X modifiers on either line from 2019-07-01)"],
)
def injection_with_joint_procedure(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside a joint, bursa, tendon, ligament or trigger point procedure.

    ## What it does
    Finds 96372 on the day of 20526-20553, 20560-20561 or 20600-20612 by the same provider where neither line carries
    59, XE, XP, XS or XU. Where only the procedure carries another modifier, such as RT, the pair is open for the
    payer's machine, but nothing says that the injection was apart: that is a warning. So is LT and
    the like on 96372 where the policy holds them for mere information (``anatomic_modifiers``).

    ## Why it matters
    Putting the needle into the joint and the drug through it is one service. The injection, column 2 of the pair, is
    denied as CO-97 or CO-236.

    ## Fails
    line 20610
    line 96372
    line J3301 units=4

    ## Passes
    line 20610 mods=RT
    line J3301 units=4
    line 96372 mods=59
    line J3420

    ## Fix
    Drop 96372 when its drug went into the joint; add 59 or XS to 96372 only if the record shows another drug given
    IM or SC at another site.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    return bundled(
        _with_doubt(t, t.pair_in(1, "JOINT"), opened_beside(t)),
        "{1} stands beside {0} without 59, XE, XP, XS or XU: the joint, tendon or trigger point code includes its own injection",
        "59 or XS on {1} where the record shows another drug at another site, else no {1}",
        "What opens {0} with {1} is no 59 or X on {1}: nothing says that the injection was apart from that procedure",
    )


@edit(
    "PRC03",
    name="injection-with-nerve-block",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["BLOCK|EPIDURAL|CHEMODENERV"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=_GENERAL,
    source=[
        _PTP,
        "NCCI Policy Manual 2026 XI.B.12",
        "CMS CR 11168 (59 and X modifiers on either line from 2019-07-01)",
    ],
)
def injection_with_nerve_block(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside a nerve block, an epidural or a chemodenervation.

    ## What it does
    Finds 96372 on the day of a block of 64400-64530, an epidural of 62320-62327 or a chemodenervation of 64612-64647
    by the same provider, without 59 or an X modifier. Add-on levels such as 64484 or 64491 have no pair of their own.

    ## Why it matters
    The procedure is itself an injection and includes what is given with it. 96372, column 2 of the pair, is denied as
    CO-236.

    ## Fails
    line 64450
    line 96372
    line J3301 units=4

    ## Passes
    line 64450 mods=RT
    line 96372 mods=XU
    line J3420

    ## Fix
    Drop 96372 when it gave the block's own drug or its sedation; add 59 or XU to 96372 only if the record shows an
    unrelated IM or SC drug.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    partner = t.pair_in(1, "BLOCK") | t.pair_in(1, "EPIDURAL") | t.pair_in(1, "CHEMODENERV")
    return bundled(
        _with_doubt(t, partner, opened_beside(t)),
        "{1} stands beside {0} without 59 or an X modifier: the block, epidural or chemodenervation includes the injection",
        "59 or XU on {1} where the record shows an unrelated drug, else no {1}",
        "What opens {0} with {1} is no 59 or X on {1}: nothing says that the injection was unrelated to the procedure",
    )


@edit(
    "PRC04",
    name="injection-at-operation",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["SURGERY"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="97",
    rarc=["N19"],
    element="SV101-2",
    box="24D",
    fix="review",
    revision=2,
    supersedes=_GENERAL,
    source=[_PTP, "NCCI Policy Manual 2026 I.C.1, III.L.7, IV.I.20 and XI.B.12"],
)
def injection_at_operation(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside surgery by the same clinician.

    ## What it does
    Finds 96372 on the day of a procedure of 10004-69990 rendered by the same clinician, without 59 or an X modifier.
    In a facility 59 does not help: the exception is for an office, so the pair with 59 there is a warning.
    Joints, blocks, wounds and contraceptive devices have their own edits; a colleague of the same group and specialty
    is NCC02's.

    ## Why it matters
    Anesthetic, antiemetic, antibiotic and pain relief that the operator gives around the procedure are part of it.
    96372, column 2 of the pair, is denied as CO-97.

    ## Fails
    line 11900
    line 96372
    line J0696

    ## Passes
    line 11900
    line 96372 mods=59
    line J3420

    ## Fix
    Drop 96372, or add 59 or an X modifier to it only if all is true: the drug was unrelated to anesthesia, to care
    during the operation and to pain after it; the place is not a facility; the record shows it.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    own = t.pair_in(1, "JOINT") | t.pair_in(1, "BLOCK") | t.pair_in(1, "EPIDURAL") | t.pair_in(1, "CHEMODENERV")
    own |= t.pair_in(1, "WOUND") | t.pair_in(1, "IUD_GYN")
    one_clinician = pl.col("provider_key_1") == pl.col("provider_key_2")
    in_facility = (pl.col("known") & (pl.col("mi") == 1) & pl.col("pos_facility_2")).fill_null(value=False)
    return bundled(
        _with_doubt(t, t.pair_in(1, "SURGERY") & ~own & one_clinician, opened_beside(t) | in_facility),
        "{1} stands beside {0} by the same clinician without 59 or an X modifier: what the operator gives is part of the operation",
        "59 or an X modifier on {1} for a drug unrelated to anesthesia, operation and pain, outside a facility, else no {1}",
        "A modifier opens the pair of {0} and {1}, but the exception wants 59 or an X modifier on {1} and a place that is no facility",
    )


@edit(
    "PRC05",
    name="injection-with-anesthesia",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["ANESTHESIA"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=_GENERAL,
    source=[_PTP, "NCCI Policy Manual 2026 II.B.6, II.E.5 and I.F"],
)
def injection_with_anesthesia(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside an anesthesia service by the same clinician.

    ## What it does
    Finds 96372 on the day of an anesthesia code of 00100-01999 rendered by the same clinician, whatever its modifiers.

    ## Why it matters
    Giving drugs is what anesthesia is. The pair has indicator 0: 96372 is denied as CO-236 even with 59, although the
    manual (chapter I.F) speaks of 59, XE or XU for services before anesthesia begins or after release.

    ## Fails
    line 00300 mods=AA units=3
    line 96372 mods=59
    line J2405 units=4

    ## Passes
    line 00300 mods=AA units=3

    ## Fix
    Drop 96372.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    one_clinician = pl.col("provider_key_1") == pl.col("provider_key_2")
    return bundled(
        t.pairs.filter(t.pair_in(2, "ADM") & t.pair_in(1, "ANESTHESIA") & one_clinician & shut()),
        "{1} stands beside anesthesia {0} by the same clinician: anesthesia includes every injection, and no modifier opens the pair",
        "no {1}",
    )
