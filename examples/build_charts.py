# ruff: noqa: INP001 - a script, no package

"""Builds the worked examples of coding: an encounter, what a person confirms, and the clean claim that comes of it.

``python examples/build_charts.py`` writes charts/*.json, charts/*.837 and charts/README.md, the same bytes every time.
Nobody in them exists.  Codes, doses and NDCs are real: CMS HCPCS January 2026, ASP NDC-HCPCS crosswalk 2026 Q1,
ICD-10-CM FY2026.  Each has a twin that is broken the way such a claim breaks, with the edit that speaks for it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from scrubjay.chart.coding.engine import Coding, code_encounter
from scrubjay.chart.model import Encounter
from scrubjay.io.export import write_837
from scrubjay.io.records import Claim, Line

FOLDER = Path(__file__).parent / "charts"
AS_OF = date(2026, 3, 20)
DAY = "2026-03-02"

MEDICARE = {"payer_name": "MEDICARE PART B", "payer_id": "MEDICAREB", "filing_code": "MB"}
MEDICAID = {"payer_name": "STATE MEDICAID", "payer_id": "MEDICAID1", "filing_code": "MC"}
COMMERCIAL = {"payer_name": "EXAMPLE COMMERCIAL HEALTH", "payer_id": "EXCOM", "filing_code": "CI"}
UHC = {"payer_name": "UNITEDHEALTHCARE", "payer_id": "87726", "filing_code": "CI"}

CHARGES = {
    "96372": "35.00", "99213": "150.00", "99214": "210.00", "20610": "120.00", "90471": "30.00", "G0008": "30.00",
    "G0012": "35.00", "J3420": "18.00", "J0696": "10.00", "J1010": "0.70", "J1071": "0.20", "J2315": "4.20",
    "90460": "32.00", "90461": "15.00", "90707": "95.00", "90716": "160.00", "96374": "70.00", "96361": "30.00",
    "J2405": "1.00", "J7030": "6.00", "J3301": "4.00", "90662": "80.00", "90371": "138.00",
    "J0897": "35.00", "J0739": "7.00", "J1885": "12.00", "J3410": "6.00",
}  # fmt: skip
_PLACE = {"line1": "100 MAIN ST", "city": "SPRINGFIELD", "state": "WA", "zip": "981010000"}

Given = dict[str, Any]
Breaks = Callable[[Claim], Claim]


def given(drug: str, dose: str, unit: str, route: str, **more: Any) -> Given:
    """Return an administration of this visit."""
    return {"status": "given", "drug": drug, "dose": dose, "unit": unit, "route": route, **more}


def lines(claim: Claim, change: Callable[[Line], Line]) -> Claim:
    """Return the claim with each line changed."""
    return replace(claim, lines=tuple(change(line) for line in claim.lines), charge=None)


def recoded(old: str, new: str, units: int | None = None) -> Breaks:
    """Return a break: another code in the place of one, with other units where they are given."""

    def change(line: Line) -> Line:
        if line.code != old:
            return line
        return replace(line, code=new, units=line.units if units is None else Decimal(units))

    return lambda claim: lines(claim, change)


def without_modifier(modifier: str) -> Breaks:
    """Return a break: a modifier is forgotten."""
    return lambda claim: lines(
        claim, lambda line: replace(line, modifiers=tuple(mod for mod in line.modifiers if mod != modifier))
    )


def beside(code: str, other: str) -> Breaks:
    """Return a break: another code is billed beside one."""

    def change(claim: Claim) -> Claim:
        own = next(line for line in claim.lines if line.code == code)
        further = replace(own, code=other, modifiers=(), charge=Decimal("35.00"), control="")
        return replace(claim, lines=(*claim.lines, further), charge=None)

    return change


def without_line(code: str) -> Breaks:
    """Return a break: a line is left out."""
    return lambda claim: replace(claim, lines=tuple(line for line in claim.lines if line.code != code), charge=None)


@dataclass(frozen=True)
class Example:
    """One worked example: the encounter, the modifiers a person confirms, the codes to come, and its broken twin."""

    name: str
    title: str
    payer: dict[str, str]
    patient: tuple[str, str, str, str]
    diagnoses: tuple[str, ...]
    administrations: tuple[Given, ...]
    codes: tuple[str, ...]
    broken: Breaks
    edit: str
    twin: str
    visit: dict[str, Any] | None = None
    accept: tuple[tuple[int, str], ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the encounter document."""
        last, first, born, sex = self.patient
        meeting: dict[str, Any] = {"id": f"C-{self.name.upper()}", "place_of_service": "11", "date": DAY}
        if self.visit is not None:
            meeting["visit"] = self.visit
        return {
            "schema": "scrubjay.encounter/1",
            "patient": {"last_name": last, "first_name": first, "birth_date": born, "sex": sex, "address": _PLACE},
            "coverage": [{**self.payer, "member_id": "1FD0AA1AA10"}],
            "encounter": meeting,
            "providers": [
                {"id": "clinic", "roles": ["billing"], "type": "organization", "name": "EXAMPLE FAMILY CLINIC",
                 "npi": "1234567802", "tin": "912345678", "taxonomy": "207Q00000X", "address": _PLACE},
                {"id": "doctor", "roles": ["rendering"], "last_name": "SAMPLE", "first_name": "ROBIN",
                 "npi": "1456789001", "taxonomy": "207Q00000X", "credential": "MD"},
            ],
            "diagnoses": [{"code": code} for code in self.diagnoses],
            "administrations": list(self.administrations),
            "charges": [{"code": code, "amount": amount} for code, amount in CHARGES.items()],
            **self.more,
        }  # fmt: skip

    def coding(self) -> Coding:
        """Return what is proposed, with what a person confirmed."""
        encounter = Encounter.model_validate(self.document()).located()
        return code_encounter(encounter, as_of=AS_OF, accept=self.accept)


B12 = {"ndc": "00143962010", "container": "multi-dose vial"}
COUNSELLED = {"counselling": "yes", "counsellor": "Robin Sample", "counsellor_credential": "MD"}

EXAMPLES = (
    Example(
        "b12", "Vitamin B12 for pernicious anaemia", MEDICARE, ("FEATHER", "ADA", "1951-04-11", "F"), ("D51.0",),
        (given("cyanocobalamin", "1000", "mcg", "IM", site="deltoid", laterality="left", **B12),),
        ("96372", "J3420"), recoded("J3420", "J3420", 1000), "DRG09", "1,000 micrograms typed as 1,000 units",
    ),
    Example(
        "gonorrhea", "Ceftriaxone for gonorrhoea, and a separate visit with partner counselling", MEDICARE,
        ("NESTER", "BOB", "1958-09-30", "M"), ("A54.01", "Z72.51"),
        (given("ceftriaxone", "500", "mg", "IM", site="ventrogluteal", laterality="right", ndc="00143985825", waste="0",
               container="single-dose vial",
               diagnosis="A54.01"),
         given("lidocaine", "21", "mg", "IM", container="diluent vial")),
        ("99213", "96372", "J0696"), without_modifier("25"), "EM01", "the visit without 25",
        visit={"code": "99213", "diagnoses": ["Z72.51", "A54.01"],
               "separate_evaluation": "history of exposure taken, partners counselled, tests for HIV and syphilis ordered"},
        accept=((1, "25"),),
    ),
    Example(
        "bursa", "Depo-Medrol into the subacromial bursa", MEDICARE, ("ACORN", "CARL", "1949-01-17", "M"), ("M75.51",),
        (given("Depo-Medrol", "40", "mg", "intrabursal", site="subacromial bursa", laterality="right", ndc="00009307301",
               waste="0"),),
        ("20610", "J1010"), lambda claim: beside("20610", "96372")(without_modifier("RT")(claim)), "PRC01",
        "96372 beside the procedure that holds the injection",
    ),
    Example(
        "gluteus", "Depo-Medrol into the gluteus", MEDICARE, ("ACORN", "CARLA", "1948-01-17", "F"), ("L50.9",),
        (given("Depo-Medrol", "40", "mg", "IM", site="gluteal", laterality="left", ndc="00009307301", waste="0"),),
        ("96372", "J1010"), recoded("J1010", "J1030", 1), "DRG03", "the code of 40 mg, which ended on 2024-03-31",
    ),
    Example(
        "testosterone", "Testosterone cypionate for hypogonadism", MEDICARE, ("JAYWING", "ABEL", "1955-06-02", "M"),
        ("E29.1",),
        (given("testosterone cypionate", "200", "mg", "IM", site="gluteal", laterality="right", ndc="00009034702",
               container="multi-dose vial"),),
        ("96372", "J1071"), without_line("J1071"), "DRG01", "the injection without its drug",
    ),
    Example(
        "vivitrol", "Vivitrol for alcohol use disorder", COMMERCIAL, ("OAKTEST", "MIKE", "1980-02-03", "M"), ("F10.20",),
        (given("Vivitrol", "380", "mg", "IM", site="gluteal", laterality="left", ndc="65757030001", waste="0",
               container="single-dose kit"),),
        ("96372", "J2315"), lambda claim: replace(claim, diagnoses=("I10",)), "DX07", "a diagnosis that is not for it",
    ),
    Example(
        "flu-b12", "High-dose influenza vaccine and vitamin B12", MEDICARE, ("PINYONE", "ECHO", "1944-12-20", "F"),
        ("Z23", "D51.0"),
        (given("influenza vaccine", "0.5", "mL", "IM", site="deltoid", laterality="right", cvx="135", diagnosis="Z23",
               lot="FX100"),
         given("cyanocobalamin", "1000", "mcg", "IM", site="deltoid", laterality="left", diagnosis="D51.0", **B12)),
        ("G0008", "90662", "96372", "J3420"), recoded("G0008", "90471"), "VAX03", "the CPT code for a payer of G codes",
    ),
    Example(
        "hbig", "Hepatitis B immune globulin after exposure", COMMERCIAL, ("CACHEWELL", "DELTA", "1992-05-05", "F"),
        ("Z20.5",),
        (given("HyperHEP B", "5", "mL", "IM", site="vastus lateralis", laterality="left", ndc="13533063605"),),
        ("96372", "90371"), recoded("96372", "90471"), "VAX05", "the vaccine code for an immune globulin",
    ),
    Example(
        "prolia", "Prolia for osteoporosis", MEDICARE, ("QUILLFEATHER", "ROMEA", "1947-07-07", "F"), ("M81.0",),
        (given("Prolia", "60", "mg", "SC", site="upper arm", laterality="left", ndc="55513071001", waste="0",
               container="prefilled syringe"),),
        ("96372", "J0897"), lambda claim: replace(claim, diagnoses=("M79.10",)), "DX11", "a diagnosis that is not for it",
    ),
    Example(
        "prep", "Cabotegravir to prevent HIV, Medicare", MEDICARE, ("BLUEFEATHER", "OSCAR", "1985-08-08", "M"), ("Z29.81",),
        (given("Apretude", "600", "mg", "IM", site="ventrogluteal", laterality="left", waste="0",
               container="single-dose vial kit"),),
        ("G0012", "J0739"), recoded("G0012", "96372"), "PREP01", "96372 for a payer of G0012",
    ),
    Example(
        "rocephin", "Rocephin 1 g for pneumonia, diluted with lidocaine", UHC, ("SCRUBLAND", "LIMA", "1979-01-17", "F"),
        ("J15.9",),
        (given("Rocephin", "1", "g", "IM", site="ventrogluteal", laterality="left", ndc="00409733201", waste="0"),
         given("lidocaine", "35", "mg", "IM", container="diluent vial")),
        ("96372", "J0696"), lambda claim: lines(claim, lambda line: replace(line, ndc="", ndc_quantity=None, ndc_unit="")),
        "NDC01", "the drug line without its NDC",
    ),
    Example(
        "syringe", "Ketorolac and hydroxyzine in one syringe", MEDICARE, ("NESTWORTH", "KILA", "1950-10-10", "F"), ("G43.909",),
        (given("ketorolac", "30", "mg", "IM", site="gluteal", laterality="left", ndc="00409379501", waste="0"),
         given("hydroxyzine", "25", "mg", "IM", site="gluteal", laterality="left", container="multi-dose vial",
               same_syringe=0)),
        ("96372", "J1885", "J3410"), without_modifier("JZ"), "JW01", "a single-dose vial without JZ",
    ),
    Example(
        "sample", "A free sample", MEDICARE, ("FABLEWOOD", "TANGA", "1953-03-03", "F"), ("D51.0",),
        (given("cyanocobalamin", "1000", "mcg", "IM", site="deltoid", laterality="left", container="free sample vial"),),
        ("96372", "J3420"), lambda claim: lines(
            claim, lambda line: replace(line, charge=Decimal("18.00")) if line.code == "J3420" else line
        ),
        "DRG23", "a price for what cost nothing",
    ),
    Example(
        "knees", "Kenalog into both knees", MEDICARE, ("ACORN", "ROSA", "1950-06-17", "F"), ("M17.0",),
        (given("Kenalog", "40", "mg", "intra-articular", site="knee", laterality="left", ndc="00003029305", waste="0",
               guidance="none"),
         given("Kenalog", "40", "mg", "intra-articular", site="knee", laterality="right", ndc="00003029305", waste="0",
               guidance="none")),
        ("20610", "J3301"), recoded("20610", "20610", 3), "NCC04", "three units where 50 says both knees",
    ),
    Example(
        "toddler", "MMR and varicella vaccine for a child, the mother counselled", MEDICAID,
        ("FEATHERLY", "TESSA", "2024-12-05", "F"), ("Z23",),
        (given("MMR", "0.5", "mL", "SC", site="thigh", laterality="left", ndc="00006468101", lot="MM10", **COUNSELLED),
         given("Varivax", "0.5", "mL", "SC", site="thigh", laterality="right", ndc="00006482701", lot="VV11", **COUNSELLED)),
        ("90460", "90707", "90716", "90461"), recoded("90460", "90471", 1), "VAX11",
        "the code without counselling beside that of further components",
    ),
    Example(
        "hydration", "Ondansetron into a vein, and fluid for dehydration", MEDICARE, ("NESTWELL", "HUGO", "1952-02-20", "M"),
        ("E86.0", "R11.2"),
        (given("normal saline", "1000", "mL", "IV", start="09:10", stop="10:40", purpose="hydration", diagnosis="E86.0"),
         given("ondansetron", "4", "mg", "IV-push", ndc="00409475503", waste="0", volume_ml="2", container="single-dose vial",
               diagnosis="R11.2")),
        ("96374", "J2405", "96361", "J7030"), recoded("96361", "96360"), "HIE01", "two first services into one vein",
    ),
)  # fmt: skip


NOTES = {
    "b12": """Injection visit 03/02/2026. Dx: pernicious anemia (D51.0). Cyanocobalamin 1,000 mcg IM given in the
left deltoid by
P. Nestor, RN at 09:10. Lot AB123, exp 05/2027. Multi-dose vial, NDC 0143-9620-10. Tolerated well.
""",
    "gonorrhea": """Date of service: 03/02/2026
Subjective: 67 yo M with urethral discharge x 3 days, exposure to a partner with gonorrhea.
Assessment: 1. Gonococcal urethritis (A54.01). 2. High risk sexual behavior (Z72.51): separate evaluation with history of
exposure, partner notification counseling, HIV and syphilis tests ordered. 99213
Plan: Ceftriaxone 500 mg IM today for A54.01. NKDA. Verbal consent obtained. Ordered by Robin Sample, MD.
Injection: Ceftriaxone 500 mg (single-dose vial, NDC 0143-9858-25) reconstituted with 1% lidocaine, given IM in the
right ventrogluteal by P. Nestor, RN at 10:15. Lot CX22 exp 06/2027. No waste. Tolerated well, observed 20 minutes.
Electronically signed by Robin Sample, MD
""",
    "bursa": """Date of service: 03/02/2026
Right shoulder pain, subacromial bursitis (M75.51), not better with exercises. Risks and benefits discussed, verbal
consent obtained.
Procedure: Under sterile technique the right subacromial bursa was injected with Depo-Medrol 40 mg (1 mL of 40
mg/mL, single-dose vial, NDC 0009-3073-01, lot DM77, exp 04/2027). No waste. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "gluteus": """Date of service: 03/02/2026
Acute urticaria (L50.9), no improvement with antihistamines.
Depo-Medrol 40 mg IM given in the left gluteus by P. Nestor, RN at 14:05. Single-dose vial, NDC 0009-3073-01, lot
DM77, exp 04/2027. No waste. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "rocephin": """Date of service: 03/02/2026
Community acquired pneumonia (J15.9). Rocephin 1 g IM reconstituted with 2.1 mL of 1% lidocaine, left ventrogluteal,
by P. Nestor, RN at 15:40. Single-dose vial, NDC 0409-7332-01, lot RC12, exp 01/2028. No waste.
""",
    "sample": """Date of service: 03/02/2026
Pernicious anemia (D51.0). Cyanocobalamin 1000 mcg IM given in left deltoid by P. Nestor, RN at 9:30, from a free
sample vial. Lot SB1.
""",
    "testosterone": """Date of service: 03/02/2026
Hypogonadism (E29.1), two low morning levels on file.
Testosterone cypionate 200 mg IM given in the right gluteus by P. Nestor, RN at 09:45. Multi-dose vial, NDC
0009-0347-02, lot TC20, exp 03/2028. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "vivitrol": """Date of service: 03/02/2026
Alcohol dependence (F10.20), abstinent, opioid screen negative.
Vivitrol 380 mg IM given in the left gluteus by P. Nestor, RN at 16:05. Single-dose kit, NDC 65757-300-01, lot VV38,
exp 07/2027. No waste. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "flu-b12": """Date of service: 03/02/2026
Influenza vaccination (Z23). Fluzone High-Dose 0.5 mL IM given in the right deltoid by P. Nestor, RN at 09:00. Lot FX100,
exp 06/2026.
Pernicious anemia (D51.0). Cyanocobalamin 1000 mcg IM given in the left deltoid by P. Nestor, RN at 09:05. Multi-dose
vial, NDC 0143-9620-10, lot CB1, exp 05/2027. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "hbig": """Date of service: 03/02/2026
Needlestick at work from a patient with hepatitis B, contact with viral hepatitis (Z20.5). Risks and benefits discussed,
verbal consent obtained.
HyperHEP B 5 mL IM given in the left vastus lateralis by P. Nestor, RN at 11:20. NDC 13533-636-05, lot HB5, exp 08/2027.
Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "prolia": """Date of service: 03/02/2026
Postmenopausal osteoporosis (M81.0). Calcium normal on 02/20/2026.
Prolia 60 mg SC given in the left upper arm by P. Nestor, RN at 10:40. Prefilled syringe, NDC 55513-710-01, lot PR60,
exp 09/2027. No waste. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "prep": """Date of service: 03/02/2026
Pre-exposure prophylaxis of HIV (Z29.81), HIV test negative today.
Apretude 600 mg IM given in the left ventrogluteal by P. Nestor, RN at 13:10. Single-dose vial kit, lot AP9, exp
02/2028. No waste. Tolerated well.
Electronically signed by Robin Sample, MD
""",
    "knees": """Date of service: 03/02/2026
Osteoarthritis of both knees (M17.0). Risks and benefits discussed, verbal consent obtained.
Kenalog 40 mg intra-articular given in the left knee, landmark technique, single-dose vial, NDC 0003-0293-05, no waste,
lot KN40, exp 03/2027.
Kenalog 40 mg intra-articular given in the right knee, landmark technique, single-dose vial, NDC 0003-0293-05, no waste,
lot KN40, exp 03/2027.
Electronically signed by Robin Sample, MD
""",
    "toddler": """Date of service: 03/02/2026
Immunizations due (Z23). I counseled the mother on the risks and benefits of each component of the vaccines.
MMR 0.5 mL SC given in the left thigh by P. Nestor, RN at 09:20. NDC 0006-4681-01, lot MM10, exp 05/2027.
Varivax 0.5 mL SC given in the right thigh by P. Nestor, RN at 09:21. NDC 0006-4827-01, lot VV11, exp 05/2027.
Electronically signed by Robin Sample, MD
""",
    "hydration": """Date of service: 03/02/2026
Nausea with vomiting (R11.2), dehydration (E86.0).
Ondansetron 4 mg IV push given for R11.2 by P. Nestor, RN at 09:05. 2 mL single-dose vial, NDC 0409-4755-03, lot OD4,
exp 03/2027. No waste.
1,000 mL of normal saline IV for hydration (E86.0), start 09:10, stop 10:40.
Electronically signed by Robin Sample, MD
""",
    "syringe": """Date of service: 03/02/2026
Migraine (G43.909).
Ketorolac 30 mg IM, single-dose vial, NDC 0409-3795-01, no waste, given in the left gluteus by P. Nestor, RN at 14:30.
Hydroxyzine 25 mg IM from a multi-dose vial given in the same syringe, left gluteus, by P. Nestor, RN at 14:30.
Tolerated well.
Electronically signed by Robin Sample, MD
""",
}
"""The same visits as notes, as a clinic may write them: `scrubjay code NAME.txt --with NAME.json`."""


def as_837(claim: Claim) -> bytes:
    """Return one claim as an 837P dated the day of judgement."""
    buffer = io.BytesIO()
    faults = write_837([claim], buffer, datetime.combine(AS_OF, time(8)))
    if faults:
        raise SystemExit(f"{claim.id}: {'; '.join(faults)}")
    return buffer.getvalue()


def main() -> None:
    """Write the folder."""
    FOLDER.mkdir(exist_ok=True)
    rows = []
    for example in EXAMPLES:
        coding = example.coding()
        assert coding.claim is not None
        (FOLDER / f"{example.name}.json").write_text(json.dumps(example.document(), indent=1) + "\n")
        (FOLDER / f"{example.name}.837").write_bytes(as_837(coding.claim))
        (FOLDER / f"{example.name}.txt").write_text(NOTES[example.name])
        shown = ", ".join("-".join([line.code, *line.modifiers]) for line in coding.claim.lines)
        confirmed = ", ".join(f"{modifier}@{line}" for line, modifier in example.accept) or "nothing"
        rows.append(
            f"| [{example.name}]({example.name}.json) | {example.title} | {example.payer['payer_name'].title()} | {shown} "
            f"| {confirmed} | {example.twin}: {example.edit} |"
        )
    table = "\n".join(rows)
    (FOLDER / "README.md").write_text(
        f"""# From the chart to the claim

{len(EXAMPLES)} encounters and the claims that come of them, by `scrubjay code charts/NAME.json --as-of {AS_OF}`. The last
column says how such a claim breaks, and which edit speaks then. NAME.txt is the note of the same visit: `scrubjay code
charts/NAME.txt --with charts/NAME.json` gives the same lines. Written by `python examples/build_charts.py`.

| example | what happened | payer | lines | a person confirms | broken twin |
| --- | --- | --- | --- | --- | --- |
{table}
"""
    )


if __name__ == "__main__":
    main()
