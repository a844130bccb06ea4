"""Infusions, pushes and injections of one day: what is initial, what is added, what is inside."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.addons import addon_hits
from scrubjay.edits.bundles import bundled, shut
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"


@edit(
    "HIE01",
    name="two-initial-codes",
    category="denial",
    grain="line",
    scope="INIT",
    start="pairs",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 XI.B.2-3"],
)
def two_initial_codes(t: Facts, refs: References) -> pl.LazyFrame:
    """Two initial infusion, push or hydration codes stand on one day without a modifier.

    ## What it does
    Finds two of the initial codes (96360, 96365, 96374, 96409, 96413, 96416, 96425) that are a pair of the table, on
    one day by one provider, where neither carries a modifier that opens it. 96369, 96420 and 96422 have no pair among
    the initial codes.

    ## Why it matters
    An encounter and a vein have one initial code; chemotherapy comes before other drugs, infusion before push, and
    hydration last. The column 2 code is denied as CO-236.

    ## Fails
    line 96365
    line 96374
    line J0696

    ## Passes
    line 96365
    line 96375
    line J0696

    ## Fix
    Bill the other service under its added code (96361, 96366, 96367, 96368, 96375, 96411, 96415, 96417 as the record
    says). Two initial codes need a second access site that was medically necessary, or a second encounter, and 59 or
    an X modifier on one of them; two lumina of one catheter are one site.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    return bundled(
        t.pairs.filter(t.pair_in(1, "INIT") & t.pair_in(2, "INIT") & shut()),
        "{1} and {0} are both initial codes: an encounter and an access site have one, and no modifier says there were two",
        "an added code instead of {1}, or 59 or an X modifier for a second site or encounter",
    )


@edit(
    "HIE02",
    name="injection-with-infusion",
    category="denial",
    grain="line",
    scope="ADM",
    start="pairs",
    beside=["INIT"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02"],
    source=[_PTP, "CMS CR 11168 (59 and X modifiers on either line from 2019-07-01)"],
)
def injection_with_infusion(t: Facts, refs: References) -> pl.LazyFrame:
    """A 96372 stands beside an initial infusion, push or hydration code without a modifier.

    ## What it does
    Finds 96372 on the day of an initial code (96360, 96365, 96369, 96374, 96409, 96413, 96416, 96420, 96422, 96425)
    by the same provider where no modifier opens the pair. Added codes such as 96361 or 96375 alone make no pair.

    ## Why it matters
    NCCI takes the injection for part of the infusion. 96372, column 2 of the pair, is denied as CO-236.

    ## Fails
    line 96365
    line J0696 units=4
    line 96372
    line J3420

    ## Passes
    line 96365
    line J0696 units=4
    line 96372 mods=59
    line J3420

    ## Fix
    Add 59, XS or XU to 96372 if the record shows another drug, ordered by its own route; otherwise drop 96372.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    return bundled(
        t.pairs.filter(t.pair_in(2, "ADM") & t.pair_in(1, "INIT") & shut()),
        "{1} stands beside {0} without 59 or an X modifier: NCCI takes the injection for part of the infusion, push or hydration",
        "59, XS or XU on {1} where the record shows another drug by its own route, else no {1}",
    )


@edit(
    "HIE04",
    name="added-infusion-alone",
    category="denial",
    grain="line",
    scope="IV_ADDON",
    needs=["service_date"],
    refs=["aoc"],
    group="CO",
    carc="107",
    rarc=["N122"],
    element="SV101-2",
    box="24D",
    fix="advice",
    supersedes=["NCC05"],
    source=["CMS NCCI add-on code edits, 2026 Q2", "NCCI Policy Manual 2026 I.R and I.W"],
)
def added_infusion_alone(t: Facts, refs: References) -> pl.LazyFrame:
    """An added infusion, push or hydration code stands without one of its primary codes.

    ## What it does
    Finds 96361, 96366, 96367, 96368, 96370, 96371 or 96375 where none of the primary codes of the add-on table is on
    the day by the same provider or practice, on any claim of the run. Initial is not enough: 96374 is a primary of
    96375 but not of 96366.

    ## Why it matters
    The code pays only what comes on top of its primary; alone it is denied as CO-107.

    ## Fails
    line 96375
    line J0696

    ## Passes
    line 96374
    line J0696
    line 96375
    line J2405 units=4

    ## Fix
    Find the primary: it may be on another claim, on the day before when the infusion ran over midnight, or missing
    from the charge. If there was none, the first service of the day is itself the initial one.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    return addon_hits(t, refs, t.in_group("IV_ADDON"))


@edit(
    "HIE06",
    name="access-with-injection",
    category="denial",
    grain="line",
    scope="ACCESS",
    start="pairs",
    beside=["ADM"],
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-2",
    box="24D",
    fix="review",
    supersedes=["NCC01", "NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 XI.B.9 and XI.W.15-16"],
)
def access_with_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A port draw, a catheter draw or a port flush stands beside an injection.

    ## What it does
    Finds 36591, 36592 or 96523 on the day of a 96372 by the same provider, whatever the modifiers.

    ## Why it matters
    36591 and 36592 are paid alone or with laboratory tests, 96523 only when nothing else is reported. The pair has
    indicator 0: the access code is denied as CO-236.

    ## Fails
    line 96372
    line J3420
    line 96523 mods=59

    ## Passes
    line 96372
    line J3420
    line 36415

    ## Fix
    Drop the access code.

    ## Payers
    Deny for Medicare, Medicare Advantage and Medicaid; elsewhere a warning until the payer's own text is known.
    """
    return bundled(
        t.pairs.filter(t.pair_in(1, "ADM") & t.pair_in(2, "ACCESS") & shut()),
        "{1} is never paid beside {0}: the draw or flush is inside it, and no modifier opens the pair",
        "no {1}",
    )
