"""Modifiers in a wrong company: two that say the same, a notice beside an NCCI denial, one that opens no pair."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import of_group, spread_modifiers, taken_off
from scrubjay.edits.words import applies_ncci, elsewhere, merge_pairs
from scrubjay.facts import Facts
from scrubjay.refdata import References

_PTP = "CMS NCCI PTP edits, practitioner services, 2024 Q3 (effective 2024-07-01)"
_SLOTS = ("mod1", "mod2", "mod3", "mod4")

_PER_LINE = 1
"""Adjudication indicator of a unit limit that each line is tested against alone."""


@edit(
    "MOD02",
    name="anatomic-modifier-on-injection",
    category="compliance",
    grain="line",
    scope="ADM",
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    revision=2,
    confidence="partly",
    source="NCCI Policy Manual 2026 I.E: anatomic modifiers are NCCI-associated",
)
def anatomic_modifier_on_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection carries an anatomic modifier.

    ## What it does
    Finds 96372 with LT, RT or a modifier of eyelids, fingers, toes or coronary vessels; advice where the policy holds
    them for mere information (``anatomic_modifiers``).

    ## Why it matters
    For NCCI these modifiers open a pair: on 96372 they let a bundled injection pass unless the site really differs.
    96372 itself has no side.

    ## Fails
    payer commercial
    line 96372 mods=LT
    line J3420

    ## Passes
    payer commercial
    line 20610 mods=RT
    line J3301 units=4 mods=JZ

    ## Fix
    Take it off. Where another procedure was done at another site, the record decides on 59 or XS.
    """
    own = t.lines.filter(t.in_group("ADM") & t.has_mod("ANATOMIC"))
    idle = pl.col("sw_anatomic_modifiers") == "informational"
    return own.join(taken_off(of_group(spread_modifiers(own), refs, "ANATOMIC")), on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        "patches",
        level_cap=pl.when(idle).then(pl.lit("info")),
        message=pl.when(idle)
        .then(pl.format("Anatomic modifier {} on {}: this payer reads it and does nothing with it.", "bad", "code"))
        .otherwise(
            pl.format(
                "Anatomic modifier {} on {}: it has no side, and for NCCI the modifier opens a pair.", "bad", "code"
            )
        ),
        found=pl.format("{} with {}", "code", "bad"),
        expected=pl.format("{} without {}", "code", "bad"),
    )


@edit(
    "MOD03",
    name="modifier-59-and-x",
    category="compliance",
    grain="line",
    group="CO",
    carc="4",
    rarc=["N519"],
    element="SV101-3",
    box="24D",
    fix="review",
    source=["Moda Health policy on 59 and the X modifiers", "NCCI Policy Manual 2026 I.E.e"],
)
def modifier_59_and_x(t: Facts, refs: References) -> pl.LazyFrame:
    """A line carries 59 and an X modifier.

    ## What it does
    Finds lines with 59 beside XE, XP, XS or XU. Visits, where both are wrong, are MOD10's.

    ## Why it matters
    An X modifier is a 59 that says why. Both together are refused by some payers.

    ## Fails
    payer commercial
    line 11900
    line 96372 mods=59,XS
    line J3420

    ## Passes
    payer commercial
    line 11900
    line 96372 mods=XS
    line J3420

    ## Fix
    Keep the X modifier where the record shows its reason, else 59 alone.
    """
    rows = t.lines.filter(t.has_mod("ONLY_59") & t.has_mod("XEPSU") & ~t.in_group("EM_ANY"))
    return rows.select(
        "claim_id",
        "line_id",
        message=pl.format("{} carries 59 and an X modifier, which say the same thing twice.", "code"),
        found=pl.format("{} with {}", "code", _worn()),
        expected=pl.lit("one of the two"),
    )


def _worn() -> pl.Expr:
    """Return the line's modifiers as words."""
    return pl.concat_list(_SLOTS).list.drop_nulls().list.join(", ")


@edit(
    "MOD06",
    name="modifier-order",
    category="hygiene",
    grain="line",
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    confidence="memory",
    source="payer habit: modifiers that decide payment are read first",
)
def modifier_order(t: Facts, refs: References) -> pl.LazyFrame:
    """A modifier that decides payment stands behind one that only informs.

    ## What it does
    Finds lines where 25, 59, JW or JZ follows a modifier that is in no list of payment modifiers.

    ## Why it matters
    Some payers read the first modifiers only. No rule of a payer was found, so this is information.

    ## Fails
    payer commercial
    line 99213 mods=Q5,25
    line 96372
    line J3420

    ## Passes
    payer commercial
    line 99213 mods=25,Q5
    line 96372
    line J3420

    ## Fix
    Put the payment modifier first where the payer's text asks for it.
    """
    own = t.lines.filter(t.has_mod("LEADING") & pl.col("mod2").is_not_null())
    pays = of_group(spread_modifiers(own), refs, "PRICING").rename({"bad": "pays"})
    leads = of_group(spread_modifiers(own), refs, "LEADING").select("line_id", "slot", leads="bad")
    plain = pays.filter(~pl.col("pays")).group_by("line_id").agg(pl.col("slot").min().alias("first_plain"))
    late = (
        leads.filter("leads")
        .join(plain, on="line_id")
        .filter(pl.col("slot") > pl.col("first_plain"))
        .select("line_id", "first_plain")
        .unique("line_id")
    )
    order = (
        pays.join(late, on="line_id", how="semi")
        .sort("line_id", ~pl.col("pays"), "slot", descending=[False, False, False])
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("line_id"))
    )
    wanted = order.select("line_id", new="modifier", slot="rank")
    patch = pl.struct("segment", element=pl.format("SV101-{}", pl.col("slot") + 2), old="modifier", new="new")
    moved = (
        order.join(wanted, on=["line_id", "slot"])
        .filter(pl.col("new") != pl.col("modifier"))
        .sort("line_id", "slot")
        .group_by("line_id", maintain_order=True)
        .agg(patches=patch)
    )
    return (
        own.join(late, on="line_id")
        .join(moved, on="line_id")
        .select(
            "claim_id",
            "line_id",
            "patches",
            element=pl.format("SV101-{}", pl.col("first_plain") + 2),
            message=pl.format(
                "{} has its modifiers as {}: payment modifiers stand first with some payers.", "code", _worn()
            ),
            found=_worn(),
            expected=pl.lit("the payment modifier first"),
        )
    )


@edit(
    "MOD08",
    name="notice-modifiers-contradict",
    category="denial",
    grain="line",
    group="CO",
    carc="50",
    rarc=["N563"],
    element="SV101-3",
    box="24D",
    fix="review",
    source="meaning of GA, GY and GZ in the HCPCS modifier list",
)
def notice_modifiers_contradict(t: Facts, refs: References) -> pl.LazyFrame:
    """A line carries notice modifiers that contradict each other.

    ## What it does
    Finds GZ (denial expected, no notice given) beside GA (notice on file) or GY (never a benefit). Whether a notice
    really is on file is not visible on a claim.

    ## Why it matters
    The modifiers decide who pays after the denial: the patient with GA and GY, the practice with GZ.

    ## Fails
    line 96372 mods=GY,GZ
    line J3420

    ## Passes
    line 96372 mods=GA
    line J3420

    ## Fix
    Keep the one that is true: GA with a signed notice, GZ without, GY for what Medicare never covers.

    ## Payers
    A warning for Medicare, off elsewhere.
    """
    return t.lines.filter(t.has_mod("GZ") & t.has_mod("ABN_STATED")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} carries {}: GZ says that there is no notice, the other that the patient pays.", "code", _worn()
        ),
        found=pl.format("{} with {}", "code", _worn()),
        expected=pl.lit("one of GA, GY and GZ"),
    )


@edit(
    "MOD09",
    name="modifier-57-without-surgery",
    category="denial",
    grain="line",
    scope="EM_ANY",
    needs=["service_date"],
    group="CO",
    carc="4",
    element="SV101-3",
    box="24D",
    fix="review",
    source="NCCI Policy Manual 2026 I.D: 57 is the decision for a procedure of 90 global days",
)
def modifier_57_without_surgery(t: Facts, refs: References) -> pl.LazyFrame:
    """A visit beside an injection carries 57, and no surgery is near.

    ## What it does
    Finds visits with 57 on a day with a 96372 and no surgery (10004 to 69990) of the patient on that day or the next.

    ## Why it matters
    57 is the decision for major surgery. The injection has no global days: 57 does not keep the visit apart from it.

    ## Fails
    payer commercial
    line 99213 mods=25,57
    line 96372
    line J3420

    ## Passes
    payer commercial
    claim pos=11
    line 99214 mods=25,57
    line 96372
    line J3420
    line 27447 dos=2026-03-03

    ## Fix
    Take 57 off; 25 says that the visit is separate, if the note supports it.
    """
    rows = t.lines.filter(t.in_group("EM_ANY") & t.has_mod("MOD_57") & t.visit_has("ADM") & ~t.visit_has("SURGERY"))
    surgery = t.lines.filter(t.in_group("SURGERY")).select(
        "patient_key", service_date=pl.col("service_date").dt.offset_by("-1d")
    )
    lonely = rows.join(surgery, on=["patient_key", "service_date"], how="anti")
    return lonely.join(taken_off(of_group(spread_modifiers(lonely), refs, "MOD_57")), on="line_id").select(
        "claim_id",
        "line_id",
        "element",
        denied="line_id",
        message=pl.format("57 on visit {} with an injection and no surgery on that day or the next.", "code"),
        found=pl.format("{} with 57, only an injection beside it", "code"),
        expected=pl.lit("25 where the note supports a separate visit, else no modifier"),
    )


@edit(
    "MOD11",
    name="notice-on-ncci-denial",
    category="compliance",
    grain="line",
    needs=["service_date"],
    refs=["ptp", "mue"],
    group="CO",
    carc="236",
    element="SV101-3",
    box="24D",
    fix="advice",
    source="NCCI Policy Manual 2026, introduction and I.V: a notice does not move the denial to the patient",
)
def notice_on_ncci_denial(t: Facts, refs: References) -> pl.LazyFrame:
    """A line that NCCI denies carries a notice modifier.

    ## What it does
    Finds GA or GX on a column 2 line of a pair that is not opened, and on a line of one day whose units are above the
    unit limit.

    ## Why it matters
    NCCI denials are coding denials: the patient may not be billed for them, notice or not.

    ## Fails
    line 99211 # also EM02
    line 96372
    line J3420
    raw SV101-3=GA

    ## Passes
    line 99213 mods=25
    line 96372 mods=GA
    line J3420

    ## Fix
    Correct the pair or the units, appeal with the record, or write the charge off; do not bill the patient.

    ## Payers
    Deny for Medicare, off elsewhere.
    """
    noticed = t.lines.filter(t.has_mod("ABN_NCCI"))
    pairs = (
        t.pairs.filter(applies_ncci() & pl.col("known") & ~pl.col("bypassed") & t.pair_has_mod(2, "ABN_NCCI"))
        .select(claim_id="claim_id_2", line_id="line_id_2", carc=pl.lit("236"))
        .unique("line_id")
    )
    by_line = (pl.col("payer_mue_mai") == _PER_LINE).fill_null(value=False)
    total = pl.when(by_line).then("units_milli").otherwise("day_units_milli")
    one_day = pl.col("service_to").is_null() | (pl.col("service_to") == pl.col("service_date"))
    units = noticed.filter(one_day & (total > pl.col("payer_mue_value").cast(pl.Int64) * 1000)).select(
        "claim_id", "line_id", carc=pl.lit("151")
    )
    return (
        pl.concat([pairs, units])
        .unique("line_id", keep="first", maintain_order=True)
        .join(noticed.select("line_id", "code"), on="line_id")
        .select(
            "claim_id",
            "line_id",
            "carc",
            denied="line_id",
            message=pl.format(
                "{} with a notice modifier is denied by NCCI, and a notice cannot move that to the patient.", "code"
            ),
            found=pl.format("{} with GA or GX on an NCCI denial", "code"),
            expected=pl.lit("a corrected pair or units, an appeal, or a write-off"),
        )
    )


@edit(
    "MOD12",
    name="modifier-that-opens-no-pair",
    category="denial",
    grain="line",
    start="pairs",
    needs=["service_date"],
    refs=["ptp"],
    group="CO",
    carc="236",
    element="SV101-3",
    box="24D",
    fix="review",
    supersedes=["NCC02"],
    source=[_PTP, "NCCI Policy Manual 2026 I.E, I.V: 22, 76 and 77 are not NCCI-associated"],
)
def modifier_that_opens_no_pair(t: Facts, refs: References) -> pl.LazyFrame:
    """A pair stands with a modifier that does not open it.

    ## What it does
    Finds pairs of procedures that a modifier may open where the denied line carries only 22, 76 or 77, or the other
    line 76 or 77. Pairs with a visit ask for 25 and are the visit edits' own.

    ## Why it matters
    These modifiers are not NCCI-associated: the line is denied as if it had none.

    ## Fails
    line 11102
    line 17110 mods=76

    ## Passes
    line 11102
    line 17110 mods=59

    ## Fix
    Bill one of the two. 59 or an X modifier needs a record of another site or encounter.
    """
    stuck = t.pairs.filter(
        applies_ncci()
        & pl.col("known")
        & (pl.col("mi") == 1)
        & ~pl.col("bypassed")
        & (t.pair_has_mod(2, "NOT_BYPASS") | t.pair_has_mod(1, "REPEAT"))
        & ~t.pair_in(1, "EM_ANY")
        & ~t.pair_in(2, "EM_ANY")
    )
    return merge_pairs(stuck, on=2).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format("{} beside {}{}: 22, 76 and 77 do not open an NCCI pair.", "code_2", "code_1", elsewhere()),
        found=pl.format("{} with {}, only 22, 76 or 77 on them", "code_2", "code_1"),
        expected=pl.lit("one of them, or 59 or an X modifier that the record supports"),
    )
