# ruff: noqa: INP001 - a script, no package

"""Builds the example batch: forty claims of one clinic's fortnight in March 2026, the clean beside the ones to be denied.

``python examples/build_clinic.py`` writes clinic.837, damaged.837 and README.md into this folder, the same bytes every
time.  Each story is a few rows of the case notation (scrubjay.cases) and says which edits it should meet; nobody in it
exists.  Codes, doses and NDCs are real: CMS HCPCS January 2026, ASP NDC-HCPCS crosswalk 2026 Q1, ICD-10-CM FY2026.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path

from scrubjay.cases import parse, to_837
from scrubjay.io.records import Claim, Transaction
from scrubjay.io.write837 import Interchange, to_bytes

FOLDER = Path(__file__).parent
AS_OF = date(2026, 3, 20)
CREATED = datetime.combine(AS_OF, time(8))
FIRST_ID = 401

LABELS = {
    "MEDICARE PART B": "Medicare Part B",
    "STATE MEDICAID": "Medicaid",
    "UNITEDHEALTHCARE": "UnitedHealthcare",
    "AETNA": "Aetna",
    "CIGNA": "Cigna",
    "REGENCE BLUESHIELD": "Regence",
    "ANTHEM BLUE CROSS": "Anthem",
    "BLUE CROSS AND BLUE SHIELD OF ALABAMA": "BCBS Alabama",
    "EXAMPLE COMMERCIAL HEALTH": "commercial",
}

B12 = "ndc=00143962010 qty=1 uom=ML charge=18.00"  # 10 mL multi-dose vial, 1 mg/mL: no JW, no JZ
KETOROLAC = "units=2 ndc=00409379501 qty=1 uom=ML charge=24.00"  # 30 mg single-dose vial
CEFTRIAXONE = "units=4 ndc=00409733201 qty=1 uom=UN charge=40.00"  # 1 g single-dose vial
KENALOG = "units=4 ndc=00003029305 qty=1 uom=ML charge=36.00"  # 40 mg single-dose vial
DEPO_MEDROL = "units=40 ndc=00009307301 qty=1 uom=ML charge=28.00"  # 40 mg single-dose vial
PROLIA = "units=60 ndc=55513071001 qty=1 uom=ML charge=2100.00"  # 60 mg prefilled syringe
HBIG = "units=5 ndc=13533063605 qty=5 uom=ML charge=690.00"  # 5 mL vial


@dataclass(frozen=True)
class Story:
    """One row of the table in README.md: what happened, what Scrubjay should say, and the rows of its claims."""

    title: str
    expected: tuple[str, ...]
    rows: str


STORIES = (
    Story(
        "B12 injection, nothing else that day: billed alone",
        (),
        f"""
        patient name="FEATHER, ADA" sex=F dob=1951-04-11 member=1FD0AA1AA10
        claim dx=D51.0 dos=2026-03-02
        line 96372
        line J3420 {B12}""",
    ),
    Story(
        "Visit for back pain, ketorolac 30 mg given: 25 on the visit, JZ on the single-dose vial",
        (),
        f"""
        patient name="NESTER, BOB" sex=M dob=1948-09-30 member=1FD0AA2AA20
        claim dx=M54.50,I10 dos=2026-03-02
        line 99213 mods=25 dx=1,2
        line 96372
        line J1885 mods=JZ {KETOROLAC}""",
    ),
    Story(
        "Pneumonia, ceftriaxone 1 g: UnitedHealthcare has its NDC, and JZ as Medicare would",
        (),
        f"""
        payer uhc
        patient name="ACORN, CARLA" sex=F dob=1979-01-17 member=W100000403
        claim dx=J18.9,R05.1 dos=2026-03-02
        line 99214 mods=25 dx=1,2
        line 96372
        line J0696 mods=JZ {CEFTRIAXONE}""",
    ),
    Story(
        "Testosterone cypionate 200 mg: 200 units of 1 mg",
        (),
        """
        payer aetna
        patient name="BRANCH, DEAN" sex=M dob=1974-06-02 member=W100000404
        claim dx=E29.1 dos=2026-03-02
        line 96372
        line J1071 units=200 charge=42.00""",
    ),
    Story(
        "Contraceptive medroxyprogesterone 150 mg, surveillance diagnosis",
        (),
        """
        payer cigna
        patient name="TWIG, ELLEN" sex=F dob=1996-12-08 member=W100000405
        claim dx=Z30.42 dos=2026-03-02
        line 96372
        line J1050 units=150 charge=95.00""",
    ),
    Story(
        "Vivitrol 380 mg for alcohol dependence, authorised, NDC for Medicaid",
        (),
        """
        payer medicaid
        patient name="LEAFMAN, FRED" sex=M dob=1988-03-25 member=M100000406
        claim dx=F10.20 dos=2026-03-03 ref_g1=PA2600406
        line 96372
        line J2315 units=380 ndc=65757030001 qty=1 uom=UN charge=1950.00""",
    ),
    Story(
        "High-dose influenza vaccine and a B12 injection on one day: two administrations, both right",
        (),
        f"""
        patient name="MAPLE, GRETA" sex=F dob=1944-07-19 member=1FD0AA7AA70
        claim dx=Z23,E53.8 dos=2026-03-03
        line G0008 dx=1
        line 90662 dx=1 charge=78.00
        line 96372 dx=2
        line J3420 dx=2 {B12}""",
    ),
    Story(
        "Hepatitis B immune globulin after exposure: an immune globulin is no vaccine, 96372 is right",
        (),
        f"""
        payer commercial
        patient name="OAKES, HENRY" sex=M dob=1991-10-05 member=W100000408
        claim dx=Z20.5 dos=2026-03-03
        line 96372
        line 90371 {HBIG}""",
    ),
    Story(
        "Knee injection of triamcinolone 40 mg: 20610 holds the injection, no 96372",
        (),
        f"""
        patient name="PINE, IRIS" sex=F dob=1952-02-14 member=1FD0AA9AA90
        claim dx=M17.11 dos=2026-03-03
        line 20610 mods=RT charge=130.00
        line J3301 mods=JZ {KENALOG}""",
    ),
    Story(
        "Injection in a hospital outpatient department, no visit: Regence denies the place itself",
        ("POS02",),
        f"""
        payer regence
        patient name="SPRUCE, JACK" sex=M dob=1969-05-21 member=W100000410
        claim dx=L50.9 dos=2026-03-03 pos=22
        line 96372
        line J1010 {DEPO_MEDROL}""",
    ),
    Story(
        "B12 for Blue Cross and Blue Shield of Alabama, with its NDC",
        (),
        f"""
        payer bcbs-alabama
        patient name="WILLOW, KATE" sex=F dob=1983-08-29 member=W100000411
        claim dx=D51.0 dos=2026-03-04 billing=other state=AL zip=352030000
        line 96372
        line J3420 {B12}""",
    ),
    Story(
        "Prolia 60 mg, whole syringe given: JZ",
        (),
        f"""
        patient name="ALDER, LENA" sex=F dob=1947-11-02 member=1FD1AA2AA20
        claim dx=M81.0 dos=2026-03-04
        line 96372
        line J0897 mods=JZ {PROLIA}""",
    ),
    Story(
        "Measles, mumps and rubella with counselling, a child on a parent's plan",
        (),
        """
        payer commercial
        patient name="BEECH, MIA" sex=F dob=2022-01-28 relation=19 member=W100000413
        claim dx=Z23 dos=2026-03-04
        line 90460
        line 90461 units=2
        line 90707 charge=95.00""",
    ),
    Story(
        "Methylprednisolone 80 mg out of a 125 mg vial: sixteen units given, nine discarded on a JW line",
        (),
        """
        patient name="CEDAR, NOEL" sex=M dob=1943-03-09 member=1FD1AA4AA40
        claim dx=J44.1 dos=2026-03-04
        line 96372
        line J2919 units=16 ndc=51662126301 qty=1 uom=UN charge=20.48
        line J2919 units=9 mods=JW ndc=51662126301 qty=1 uom=UN charge=11.52""",
    ),
    Story(
        "The patient brought the drug: Medicare wants it named on a line of one cent",
        (),
        """
        patient name="ELMS, OLGA" sex=F dob=1955-12-31 member=1FD1AA5AA50
        claim dx=E53.8 dos=2026-03-04
        line 96372
        line J3420 charge=0.01 ndc=00143962010 qty=1 uom=ML desc="PATIENT SUPPLIED CYANOCOBALAMIN 1000 MCG IM" """,
    ),
    Story(
        "Ceftriaxone infusion for cellulitis and, unrelated, the monthly B12: 59 on the injection",
        (),
        f"""
        patient name="FIRTH, PAUL" sex=M dob=1950-06-16 member=1FD1AA6AA60
        claim dx=L03.115,D51.0 dos=2026-03-05
        line 96365 charge=145.00
        line J0696 mods=JZ {CEFTRIAXONE}
        line 96372 mods=59 dx=2
        line J3420 dx=2 {B12}""",
    ),
    Story(
        "Visit and B12 injection, the visit without 25: Medicare denies the visit",
        ("EM01",),
        f"""
        patient name="GROVE, QUINN" sex=F dob=1949-01-23 member=1FD1AA7AA70
        claim dx=E53.8,I10 dos=2026-03-02
        line 99213 dx=1,2
        line 96372
        line J3420 {B12}""",
    ),
    Story(
        "Nurse visit 99211 beside the injection: never paid together",
        ("EM02",),
        f"""
        patient name="HAZEL, RUTH" sex=F dob=1946-04-27 member=1FD1AA8AA80
        claim dx=D51.0 dos=2026-03-05
        line 99211 charge=45.00
        line 96372
        line J3420 {B12}""",
    ),
    Story(
        "Visit and injection in an outpatient department: UnitedHealthcare pays the visit alone",
        ("EM04",),
        f"""
        payer uhc
        patient name="IVES, SIMON" sex=M dob=1981-09-13 member=W100000419
        claim dx=J18.9 dos=2026-03-05 pos=22
        line 99213 mods=25
        line 96372
        line J0696 mods=JZ {CEFTRIAXONE}""",
    ),
    Story(
        "Injection billed by the physician in an outpatient department: Medicare pays the hospital",
        ("POS01",),
        f"""
        patient name="JUNIPER, TESS" sex=F dob=1953-08-08 member=1FD2AA0AA00
        claim dx=M54.50 dos=2026-03-05 pos=22
        line 96372
        line J1885 mods=JZ {KETOROLAC}""",
    ),
    Story(
        "25 put on the injection instead of the visit",
        ("EM09",),
        f"""
        patient name="LARCH, UMA" sex=F dob=1951-05-05 member=1FD2AA1AA10
        claim dx=E53.8,I10 dos=2026-03-06
        line 99213 dx=1,2
        line 96372 mods=25
        line J3420 {B12}""",
    ),
    Story(
        "59 put on the visit, where only 25 would help",
        ("EM01", "MOD10"),
        f"""
        patient name="MYRTLE, VERA" sex=F dob=1950-10-10 member=1FD2AA2AA20
        claim dx=E53.8,I10 dos=2026-03-06
        line 99213 mods=59 dx=1,2
        line 96372
        line J3420 {B12}""",
    ),
    Story(
        "An injection of nothing: the drug line is missing",
        ("DRG01",),
        """
        patient name="NUTTALL, WES" sex=M dob=1945-02-20 member=1FD2AA3AA30
        claim dx=D51.0 dos=2026-03-06
        line 96372""",
    ),
    Story(
        "Ceftriaxone without its administration: money left on the table",
        ("DRG02",),
        f"""
        payer commercial
        patient name="ORCHARD, XENIA" sex=F dob=1990-07-07 member=W100000424
        claim dx=A54.9 dos=2026-03-06
        line J0696 {CEFTRIAXONE}""",
    ),
    Story(
        "J1030 for Depo-Medrol 40 mg: the code ended on 2024-03-31, J1010 took its place",
        ("DRG03",),
        """
        payer aetna
        patient name="POPLAR, YAN" sex=M dob=1977-03-03 member=W100000425
        claim dx=L50.9 dos=2026-03-09
        line 96372
        line J1030 units=1 charge=28.00""",
    ),
    Story(
        "Ceftriaxone 1,000 mg typed as 1,000 units of 250 mg",
        ("DRG10",),
        """
        payer cigna
        patient name="QUINCE, ZOE" sex=F dob=1986-11-11 member=W100000426
        claim dx=J18.9 dos=2026-03-09
        line 96372
        line J0696 units=1000 charge=40.00""",
    ),
    Story(
        "Testosterone 200 mg billed as one unit of 1 mg",
        ("DRG11",),
        """
        payer anthem
        patient name="ROWAN, ART" sex=M dob=1972-04-04 member=W100000427
        claim dx=E29.1 dos=2026-03-09
        line 96372
        line J1071 units=1 charge=42.00""",
    ),
    Story(
        "Influenza vaccine billed with 96372",
        ("VAX01",),
        """
        patient name="SEDGE, BEA" sex=F dob=1942-06-06 member=1FD2AA8AA80
        claim dx=Z23 dos=2026-03-09
        line 96372
        line 90662 charge=78.00""",
    ),
    Story(
        "Influenza vaccine for Medicare billed with 90471 instead of G0008",
        ("VAX03",),
        """
        patient name="THORN, CLAY" sex=M dob=1941-08-18 member=1FD2AA9AA90
        claim dx=Z23 dos=2026-03-09
        line 90471
        line 90662 charge=78.00""",
    ),
    Story(
        "Hepatitis B immune globulin billed with a vaccine administration",
        ("VAX05",),
        f"""
        payer commercial
        patient name="VINE, DORA" sex=F dob=1994-09-09 member=W100000430
        claim dx=Z20.5 dos=2026-03-10
        line 90471
        line 90371 {HBIG}""",
    ),
    Story(
        "Prolia without JZ: a Medicare claim is returned",
        ("JW01",),
        f"""
        patient name="WALNUT, EVE" sex=F dob=1948-12-12 member=1FD3AA1AA10
        claim dx=M81.0 dos=2026-03-10
        line 96372
        line J0897 {PROLIA}""",
    ),
    Story(
        "Medicaid without the NDC of the drug",
        ("NDC01",),
        """
        payer medicaid
        patient name="YEW, FAYE" sex=F dob=1980-05-15 member=M100000432
        claim dx=D51.0 dos=2026-03-10
        line 96372
        line J3420 charge=18.00""",
    ),
    Story(
        "NDC written with its hyphens: the one fix that is safe",
        ("NDC02",),
        """
        payer uhc
        patient name="ZELKOVA, GUS" sex=M dob=1976-02-27 member=W100000433
        claim dx=D51.0 dos=2026-03-10
        line 96372
        line J3420 ndc=00143-9620-10 qty=1 uom=ML charge=18.00""",
    ),
    Story(
        "M54.5, a diagnosis that ended on 2021-09-30",
        ("DX03",),
        """
        payer aetna
        patient name="BIRCH, HUGO" sex=M dob=1985-10-20 member=W100000434
        claim dx=M54.5 dos=2026-03-11
        line 99213 mods=25
        line 96372
        line J1885 units=2 charge=24.00""",
    ),
    Story(
        "Knee injection and 96372 by the same clinician, no modifier: the pair denies the injection",
        ("PRC01",),
        f"""
        patient name="CHERRY, INA" sex=F dob=1949-03-30 member=1FD3AA5AA50
        claim dx=M17.11,D51.0 dos=2026-03-11
        line 20610 mods=RT charge=130.00
        line J3301 mods=JZ {KENALOG}
        line 96372 dx=2
        line J3420 dx=2 {B12}""",
    ),
    Story(
        "The same day with 59 on the B12 injection, another drug in another place: open",
        (),
        f"""
        patient name="DOGWOOD, JAN" sex=F dob=1949-03-31 member=1FD3AA6AA60
        claim dx=M17.11,D51.0 dos=2026-03-11
        line 20610 mods=RT charge=130.00
        line J3301 mods=JZ {KENALOG}
        line 96372 mods=59 dx=2
        line J3420 dx=2 {B12}""",
    ),
    Story(
        "Two injections as two lines of 96372: for Medicare one line with two units",
        ("MUL04",),
        f"""
        patient name="EBONY, KARL" sex=M dob=1947-07-27 member=1FD3AA7AA70
        claim dx=R11.2,G43.909 dos=2026-03-12
        line 96372
        line J2550 mods=JZ ndc=00641092825 qty=1 uom=ML charge=12.00
        line 96372 dx=2
        line J1885 dx=2 mods=JZ {KETOROLAC}""",
    ),
    Story(
        "The total of the claim is not the sum of its lines",
        ("BAL01",),
        """
        payer aetna
        patient name="FIGG, LIV" sex=F dob=1987-01-01 member=W100000438
        claim dx=E11.9 dos=2026-03-12 charge=230.00
        line 99213
        line 83036 charge=24.00""",
    ),
    Story(
        "The visit on one claim without 25, the injection of the same hour on the next",
        ("EM01",),
        f"""
        patient name="GINKGO, MAX" sex=M dob=1952-11-21 member=1FD3AA9AA90
        claim dx=I10 dos=2026-03-13
        line 99213
        claim dx=D51.0 dos=2026-03-13
        line 96372
        line J3420 {B12}""",
    ),
)

DAMAGED = """
patient name="SOUND, ONE" sex=F dob=1950-01-01 member=1FD9AA1AA10
claim id=26-00901 dx=D51.0
line 96372
line J3420 ndc=00143962010 qty=1 uom=ML charge=18.00
transaction
patient name="DAMAGE, TWO" sex=M dob=1950-01-01 member=1FD9AA2AA20
claim id=26-00902 dx=D51.0
line 96372
line J3420 ndc=00143962010 qty=1 uom=ML charge=18.00
transaction
patient name="SOUND, THREE" sex=F dob=1950-01-01 member=1FD9AA3AA30
claim id=26-00903 dx=D51.0
line 96372
line J3420 ndc=00143962010 qty=1 uom=ML charge=18.00
raw SE01,2=99
raw SV104,3=one
raw DTP03*472,4=20260230
"""


def claims_of(story: Story, first: int) -> list[Claim]:
    """Return the claims of a story, numbered from ``first`` and with a control number on every line."""
    (case,) = parse(story.rows)
    out = []
    for at, claim in enumerate(case.claims):
        name = f"26-{first + at:05d}"
        lines = tuple(replace(line, control=f"{name}-{k}") for k, line in enumerate(claim.lines, start=1))
        out.append(replace(claim, id=name, lines=lines))
    return out


def build() -> dict[str, bytes]:
    """Return the files of this folder by name."""
    claims: list[Claim] = []
    rows = []
    for story in STORIES:
        made = claims_of(story, FIRST_ID + len(claims))
        claims += made
        ids = ", ".join(claim.id for claim in made)
        expected = ", ".join(story.expected) or "clean"
        rows.append(f"| {ids} | {LABELS[made[0].payer.name]} | {story.title} | {expected} |")
    half = len(claims) // 2
    parts = [Transaction(claims[:half]), Transaction(claims[half:], control="0002")]
    (damaged,) = parse(DAMAGED)
    readme = README.format(rows="\n".join(rows), as_of=AS_OF.isoformat())
    return {
        "clinic.837": to_bytes(Interchange(parts, CREATED)),
        "damaged.837": to_837(damaged),
        "README.md": readme.encode(),
    }


README = """\
# Examples

`clinic.837` is a fortnight of one clinic: forty claims, the clean beside the ones that a payer would deny, and some that
a nervous scrubber would flag without need. Nobody in it exists; codes, doses and NDCs are real. `damaged.837` holds
three transactions of which the second is damaged: a wrong segment count, units that are no number and a day that does
not exist; the claims of the other two are checked all the same. `clinic.835` is what the payers made of the forty
claims, sixteen denials among them.

```
scrubjay check examples/clinic.837 --as-of {as_of}
scrubjay check examples/damaged.837 --as-of {as_of}
scrubjay remit examples/clinic.835 --claims examples/clinic.837 --as-of 2026-05-15
```

The claims and this page are written by `python examples/build_clinic.py`, the remittance by `python
examples/build_remit.py`.

| claim | payer | what happened | expected |
| --- | --- | --- | --- |
{rows}
"""


def main() -> None:
    """Write the files into this folder."""
    for name, data in build().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
