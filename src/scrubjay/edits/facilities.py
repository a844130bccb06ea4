"""Service facilities, stays and benefits: where the place says that somebody else bills, or that the claim is not whole."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.shapes import at_place, billed_by_person
from scrubjay.facts import Facts
from scrubjay.refdata import References


def of_kind(refs: References, column: str, group: str) -> pl.Expr:
    """The taxonomy in ``column`` begins like one of a group."""
    table = refs.frame("taxonomy_groups")
    listed = [p for p, g in zip(table["prefix"].to_list(), table["group"].to_list(), strict=True) if g == group]
    return pl.any_horizontal(pl.col(column).str.starts_with(prefix) for prefix in listed)


def _line_hits(rows: pl.LazyFrame, message: str, expected: str, **more: pl.Expr) -> pl.LazyFrame:
    """Return one hit a line, on the place of service; ``message`` has {} for code and place."""
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        **at_place(),
        message=pl.format(message, "code", "pos"),
        found=pl.format("{} in place {}", "code", "pos"),
        expected=pl.lit(expected),
        **more,
    )


@edit(
    "POS04",
    name="office-place-at-hospital",
    category="denial",
    grain="claim",
    refs=["taxonomy_groups"],
    group="CO",
    carc="58",
    element="CLM05-1",
    box="24B",
    fix="review",
    confidence="memory",
    source="coding practice: place 11 is not within a hospital; 19 and 22 are its departments",
)
def office_place_at_hospital(t: Facts, refs: References) -> pl.LazyFrame:
    """A claim says office and its service address is a hospital's.

    ## What it does
    Finds claims with place 11 whose services were given at the billing provider's own address (no service facility, or
    the billing provider itself) where a hospital's taxonomy bills. A service facility named by an NPI alone is not
    judged: no registry of NPIs is held.

    ## Why it matters
    In a hospital department the place is 19 or 22 and the fee is the facility rate. Place 11 there is paid too much and
    taken back.

    ## Fails
    payer commercial
    claim billing_taxonomy=282N00000X
    line 99213

    ## Passes
    payer commercial
    claim billing_taxonomy=282N00000X pos=22
    line 99213

    ## Fix
    Find out where the patient was seen; give 19 or 22 for a hospital department, or the office as service facility.
    """
    own = t.claims.filter(
        (pl.col("pos") == "11")
        & (pl.col("facility_npi").is_null() | (pl.col("facility_npi") == pl.col("billing_npi")))
        & of_kind(refs, "billing_taxonomy", "HOSPITAL")
    )
    return own.select(
        "claim_id",
        line_id=pl.lit(None, dtype=pl.UInt32),
        message=pl.lit(
            "Place 11 at the address of a billing provider whose taxonomy is a hospital's: 19 or 22 is expected."
        ),
        found=pl.format("place 11, billing taxonomy {}", "billing_taxonomy"),
        expected=pl.lit("place 19 or 22, or the office as service facility"),
    )


@edit(
    "POS05",
    name="service-facility-missing",
    category="rejection",
    grain="claim",
    refs=["pos_groups", "taxonomy"],
    group="CO",
    carc="16",
    rarc=["MA114"],
    element="CLM05-1",
    box="32",
    fix="advice",
    confidence="memory",
    source="ASC X12 005010X222A1 loop 2310C: required where the service address differs from the billing address",
)
def service_facility_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """A service away from the office names no facility.

    ## What it does
    Finds claims in a hospital, emergency room, surgical center or birthing center (places 19, 21, 22, 23, 24, 26)
    without the NPI of a service facility. A facility that bills for itself (an organisation's taxonomy) is at its own
    address. Home visits (place 12) need none.

    ## Why it matters
    The payer cannot tell where the service was given; the claim is returned as incomplete (MA114).

    ## Fails
    payer commercial
    claim pos=22 facility=none
    line 99213

    ## Passes
    payer commercial
    claim pos=22
    line 99213

    payer commercial
    claim pos=12
    line 99349

    ## Fix
    Add the service facility with name, address and NPI (loop 2310C, box 32).
    """
    organisations = refs.lazy("taxonomy").filter(pl.col("section") == "Non-Individual")
    return (
        t.claims.filter(pl.col("facility_npi").is_null() & t.in_place("POS_NEEDS_FACILITY"))
        .join(organisations.select(billing_taxonomy="code"), on="billing_taxonomy", how="anti")
        .select(
            "claim_id",
            line_id=pl.lit(None, dtype=pl.UInt32),
            message=pl.format(
                "Place {} and no service facility with an NPI (2310C): the payer asks where it was.", "pos"
            ),
            found=pl.format("place {} without a facility's NPI", "pos"),
            expected=pl.lit("the service facility with its NPI"),
        )
    )


@edit(
    "POS06",
    name="injection-in-nursing-facility-stay",
    category="denial",
    grain="line",
    needs=["pos"],
    refs=["pos_groups", "taxonomy"],
    group="CO",
    carc="190",
    rarc=["N538"],
    element="CLM05-1",
    box="24B",
    fix="advice",
    source=["consolidated billing of skilled nursing facilities", "X12 CARC 190, RARC N538"],
)
def injection_in_nursing_facility_stay(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection or a drug is billed for a patient in a covered nursing facility stay.

    ## What it does
    Finds 96372 and drug lines in place 31. Drugs for cancer (J9000 to J9999), which consolidated billing leaves out, and
    a facility's own claim are not judged; place 32 is a stay that Part A does not cover.

    ## Why it matters
    The stay's payment contains the drug and its injection: the nursing facility pays the practice, the payer does not.

    ## Fails
    claim pos=31
    line 96372
    line J3420

    ## Passes
    claim pos=32
    line 96372
    line J3420

    ## Fix
    Bill the nursing facility. Use place 32 only if the record shows that no covered stay ran on that day.

    ## Payers
    Deny for Medicare, off elsewhere.
    """
    covered = (t.in_group("ADM") | t.in_group("DRUG")) & ~t.in_group("SNF_EXCLUDED")
    rows = t.lines.filter(t.in_place("POS_SNF") & covered)
    return _line_hits(
        billed_by_person(rows, refs),
        "{} in place {}: a covered nursing facility stay contains it, and the facility pays.",
        "a bill to the nursing facility, or place 32 where no covered stay ran",
    )


@edit(
    "POS07",
    name="injection-in-health-center",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["pos"],
    refs=["pos_groups"],
    group="CO",
    carc="109",
    element="CLM05-1",
    box="24B",
    fix="advice",
    source=["Noridian rural health clinic billing guide", "rural health clinic billing: injections inside the visit"],
)
def injection_in_health_center(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection in a health center is billed on a professional claim.

    ## What it does
    Finds 96372 in a federally qualified health center (place 50) or a rural health clinic (place 72).

    ## Why it matters
    The injection is inside the encounter rate that the center bills on an institutional claim.

    ## Fails
    claim pos=72
    line 96372
    line J3420

    ## Passes
    payer commercial
    claim pos=72
    line 96372
    line J3420

    ## Fix
    Put the injection on the center's 837I with the visit. A service outside the center's benefit stays here.

    ## Payers
    Deny for Medicare, off elsewhere.
    """
    return _line_hits(
        t.lines.filter(t.in_group("ADM") & t.in_place("POS_RHC")),
        "Injection {} in place {}: it is inside the encounter rate, which the center bills on an 837I.",
        "the injection inside the encounter on an institutional claim",
    )


@edit(
    "POS08",
    name="injection-at-mass-immunization",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["pos"],
    refs=["pos_groups"],
    group="CO",
    carc="58",
    element="CLM05-1",
    box="24B",
    fix="review",
    confidence="memory",
    source="CMS place of service codes: 60 is for flu, pneumococcal and like vaccines",
)
def injection_at_mass_immunization(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection stands in the place of a mass immunization.

    ## What it does
    Finds 96372 in place 60.

    ## Why it matters
    A mass immunization center gives vaccines. An injection of a drug there is a wrong place or a wrong code.

    ## Fails
    payer commercial
    claim pos=60
    line 96372
    line J3420

    ## Passes
    payer commercial
    claim pos=60 dx=Z23
    line 90471
    line 90686

    ## Fix
    Give the place where the drug was injected; where it was a vaccine, its administration code.
    """
    return _line_hits(
        t.lines.filter(t.in_group("ADM") & t.in_place("POS_MASS")),
        "Injection {} in place {}, a mass immunization center, which gives vaccines.",
        "the place of the injection, or the vaccine's administration code",
    )


@edit(
    "POS09",
    name="hospital-place-pays-no-practitioner",
    category="denial",
    grain="line",
    needs=["pos"],
    refs=["pos_groups"],
    group="CO",
    carc="58",
    element="CLM05-1",
    box="24B",
    fix="advice",
    source="Ohio Administrative Code 5160-4-12",
)
def hospital_place_pays_no_practitioner(t: Facts, refs: References) -> pl.LazyFrame:
    """An injection, infusion, vaccine or drug of a practitioner stands in a hospital setting.

    ## What it does
    Finds administration codes, drugs and vaccines in the payer's list of hospital places (19, 21, 22, 23).

    ## Why it matters
    The rule pays the hospital and no practitioner for them there.

    ## Fails
    payer medicaid name="OHIO MEDICAID"
    claim pos=22
    line 96372
    line J3420 ndc=00143962010

    ## Passes
    payer medicaid name="OHIO MEDICAID"
    line 96372
    line J3420 ndc=00143962010

    ## Fix
    Leave the line off: the hospital bills it. Correct the place only if the record shows another one.

    ## Payers
    Deny for Ohio Medicaid, off elsewhere.
    """
    given = t.in_group("DRUG_ADMIN") | t.in_group("DRUG") | t.in_group("VAXP")
    return _line_hits(
        t.lines.filter(pl.col("pos_refused") & given),
        "{} in place {}: this payer pays no practitioner for it in a hospital setting.",
        "no line here: the hospital bills it",
    )
