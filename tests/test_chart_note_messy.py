"""Notes as offices write them: shorthand, tables, capitals, misspelt names, and each form of an injection that was not given."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from scrubjay.chart.note.read import read

DELTOID = {"site": "deltoid", "laterality": "right"}


def found(text: str) -> list[dict[str, Any]]:
    """Return the statements of a text as their values; every span must show the text it names."""
    result = []
    for one in read(text).administrations:
        values: dict[str, Any] = {"status": one.status}
        for name, value in one.model_dump().items():
            if isinstance(value, dict) and "start" in value:
                assert text[value["start"] : value["end"]] == value["text"], name
                values[name] = value["value"]
        result.append(values)
    return result


def check(text: str, *expected: dict[str, Any]) -> None:
    got = found(text)
    assert len(got) == len(expected), got
    for one, wanted in zip(got, expected, strict=True):
        assert {name: one.get(name) for name in wanted} == wanted, got


def toradol(**more: str) -> dict[str, Any]:
    return {"status": "given", "drug": "ketorolac", "dose": "60", "unit": "mg", "route": "IM", **more}


@pytest.mark.parametrize(
    ("written", "site", "laterality"),
    [
        ("IM R deltoid", "deltoid", "right"),
        ("IM in R delt", "deltoid", "right"),
        ("IM Rt. delt", "deltoid", "right"),
        ("IM (R) deltoid", "deltoid", "right"),
        ("IM R. deltoid", "deltoid", "right"),
        ("IM rt deltoid", "deltoid", "right"),
        ("IM deltoid, right", "deltoid", "right"),
        ("IM deltoid (R)", "deltoid", "right"),
        ("IM deltoid - right", "deltoid", "right"),
        ("IM RD", "deltoid", "right"),
        ("IM LUOQ", "dorsogluteal", "left"),
        ("IM left upper outer gluteal", "dorsogluteal", "left"),
        ("IM to the right upper outer quadrant of the buttock", "dorsogluteal", "right"),
        ("IM L VG", "ventrogluteal", "left"),
        ("IM (L) ventrogluteal", "ventrogluteal", "left"),
        ("IM L glute", "gluteal", "left"),
        ("IM lt gluteus medius", "gluteal", "left"),
        ("IM right hip", "gluteal", "right"),
        ("IM RVL", "vastus lateralis", "right"),
        ("IM L vastus lat", "vastus lateralis", "left"),
        ("IM left anterolateral thigh", "vastus lateralis", "left"),
        ("IM to left mid-anterolateral thigh", "vastus lateralis", "left"),
        ("IM to the deltoid of the left arm", "deltoid", "left"),
        ("IM in the deltoid muscle of the right arm", "deltoid", "right"),
        ("I.M. right arm", "arm", "right"),
        ("intramuscularly into the right deltoid muscle", "deltoid", "right"),
    ],
)
def test_sites_in_shorthand(written: str, site: str, laterality: str) -> None:
    check(f"Toradol 60 mg {written} given.", toradol(site=site, laterality=laterality))


@pytest.mark.parametrize(
    ("written", "drug", "values"),
    [
        ("Rocephin 1 gm IM", "ceftriaxone", {"dose": "1", "unit": "g"}),
        ("Rocephin 1gm IM", "ceftriaxone", {"dose": "1", "unit": "g"}),
        ("Rocephin 1.0 grams IM", "ceftriaxone", {"dose": "1", "unit": "g"}),
        ("Rocephin one gram IM", "ceftriaxone", {"dose": "1", "unit": "g"}),
        ("Rocephin 0,5 g IM", "ceftriaxone", {"dose": "0.5", "unit": "g"}),
        ("B12 1000mcg IM", "cyanocobalamin", {"dose": "1000", "unit": "mcg"}),
        ("B12 1,000 µg IM", "cyanocobalamin", {"dose": "1000", "unit": "mcg"}),
        ("B12 1000 ug IM", "cyanocobalamin", {"dose": "1000", "unit": "mcg"}),
        ("B-12 1 cc IM", "cyanocobalamin", {"volume_ml": "1"}),
        ("Vit B12 1ml IM", "cyanocobalamin", {"volume_ml": "1"}),
        ("Kenalog 40mg/1mL IM", "triamcinolone", {"dose": "40", "unit": "mg", "volume_ml": "1"}),
        ("Kenalog-40 1 mL IM", "triamcinolone", {"volume_ml": "1", "dose": None}),
        ("Depo Medrol 80mg (1 ml) IM", "methylprednisolone acetate", {"dose": "80", "volume_ml": "1"}),
        ("Lovenox 40 mg/0.4 mL SQ", "enoxaparin", {"dose": "40", "volume_ml": "0.4", "route": "SC"}),
        ("Bicillin LA 1.2 mu IM", "penicillin G benzathine", {"dose": "1.2", "unit": "million units"}),
        ("Bicillin L-A 2.4 MU IM", "penicillin G benzathine", {"dose": "2.4", "unit": "million units"}),
        ("Bicillin L-A 1,200,000 units IM", "penicillin G benzathine", {"dose": "1200000", "unit": "units"}),
        ("HCG 10,000 IU IM", "chorionic gonadotropin", {"dose": "10000", "unit": "units"}),
        ("insulin regular 10 U SC", "insulin", {"dose": "10", "unit": "units", "route": "SC"}),
        ("Depo-Testosterone 200 mg/mL 0.5 mL IM", "testosterone cypionate", {"volume_ml": "0.5", "dose": None}),
        ("testosterone cyp 100mg IM", "testosterone cypionate", {"dose": "100", "unit": "mg"}),
        ("Solumedrol 125 mg I.M.", "methylprednisolone sodium succinate", {"dose": "125", "route": "IM"}),
        ("inj. Toradol 60mg IM", "ketorolac", {"dose": "60", "unit": "mg"}),
        ("Invega Sustenna 234mg/1.5mL IM", "paliperidone palmitate", {"dose": "234", "volume_ml": "1.5"}),
    ],
)
def test_amounts_as_written(written: str, drug: str, values: dict[str, Any]) -> None:
    check(f"{written} given in left deltoid.", {"status": "given", "drug": drug, "site": "deltoid", **values})


@pytest.mark.parametrize(
    ("written", "drug"),
    [
        ("Toradal 60 mg IM", "ketorolac"),
        ("ketorlac 60 mg IM", "ketorolac"),
        ("rocephine 1 g IM", "ceftriaxone"),
        ("ceftriaxon 1 g IM", "ceftriaxone"),
        ("Kenolog 40 mg IM", "triamcinolone"),
        ("depomedrol 80 mg IM", "methylprednisolone acetate"),
        ("Decadran 8 mg IM", "dexamethasone"),
        ("dexamethosone 8 mg IM", "dexamethasone"),
        ("phenegran 25 mg IM", "promethazine"),
        ("Depo-Provara 150 mg IM", "medroxyprogesterone"),
        ("medroxyprogestrone 150 mg IM", "medroxyprogesterone"),
        ("cyanocobalmin 1000 mcg IM", "cyanocobalamin"),
        ("testosterone cypionte 200 mg IM", "testosterone cypionate"),
        ("Vivatrol 380 mg IM", "naltrexone"),
        ("haloperidol decanoat 100 mg IM", "haloperidol decanoate"),
        ("Celestone Solospan 6 mg IM", "betamethasone"),
    ],
)
def test_misspelt_names(written: str, drug: str) -> None:
    check(f"Administered {written}, right deltoid.", {"status": "given", "drug": drug, "route": "IM", **DELTOID})


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("at 1430", "14:30"),
        ("@1430", "14:30"),
        ("at 14:30", "14:30"),
        ("at 2:30 PM", "14:30"),
        ("at 2:30pm", "14:30"),
        ("at 2:30 p.m.", "14:30"),
        ("at 2 pm", "14:00"),
        ("@ 1430 hrs", "14:30"),
        ("at 0905", "09:05"),
        ("time: 1430", "14:30"),
        ("Time given 0905", "09:05"),
        ("Time: 9:05am", "09:05"),
        ("on 03/02/2026 1430", "14:30"),
        ("03/02/26 @ 2:30 PM", "14:30"),
        ("at 12:05 AM", "00:05"),
        ("at noon", "12:00"),
    ],
)
def test_times_as_written(written: str, time: str) -> None:
    check(f"Toradol 60 mg IM given R deltoid {written}.", toradol(time=time, **DELTOID))


@pytest.mark.parametrize("written", ["BP 130/80", "room 1430", "MRN 1430", "ext 1430", "weight 145", "in 2026"])
def test_other_numbers_are_no_time(written: str) -> None:
    check(f"Toradol 60 mg IM given R deltoid, {written}.", toradol(time=None))


@pytest.mark.parametrize(
    ("written", "lot", "expiry"),
    [
        ("Lot # AB1234 Exp 03/27", "AB1234", "2027-03"),
        ("Lot#AB1234, exp 3/2027", "AB1234", "2027-03"),
        ("LOT: AB1234 EXP: 03/31/2027", "AB1234", "2027-03-31"),
        ("lot no. AB1234; expires 03/2027", "AB1234", "2027-03"),
        ("Lot number AB1234, expiration date 2027-03-31", "AB1234", "2027-03-31"),
        ("L#AB1234 E:03/27", "AB1234", "2027-03"),
        ("lot AB1234/exp Mar 2027", "AB1234", "2027-03"),
        ("lot AB1234 exp. 31MAR2027", "AB1234", "2027-03-31"),
        ("Batch # AB1234, expiry 03/2027", "AB1234", "2027-03"),
        ("batch no AB-1234 use by 03/2027", "AB-1234", "2027-03"),
        ("lot # ab1234, exp dt 03-2027", "AB1234", "2027-03"),
        ('Lot Number: "AB1234", Exp date: "03/2027"', "AB1234", "2027-03"),
    ],
)
def test_lots_and_expiries_as_written(written: str, lot: str, expiry: str) -> None:
    check(f"Toradol 60 mg IM given R deltoid. {written}.", toradol(lot=lot, expiry=expiry))


CREDENTIALS = {
    "RN": "RN",
    "LPN": "LPN",
    "LVN": "LVN",
    "MA": "MA",
    "CMA": "CMA",
    "RMA": "RMA",
    "PA-C": "PA",
    "NP": "NP",
    "FNP-C": "FNP",
    "DO": "DO",
    "MD": "MD",
    "PharmD": "PharmD",
}


@pytest.mark.parametrize(("written", "credential"), CREDENTIALS.items())
@pytest.mark.parametrize(
    "form",
    [
        "Given by Maria Lopez, {}.",
        "Given by Maria Lopez {}",
        "given by: Maria Lopez ({})",
        "administered by {} Maria Lopez.",
        "Injection given by Maria Lopez, {}.",
        "Administered by: Maria Lopez, {}",
        "By Maria Lopez, {}",
        "per Maria Lopez, {}",
        "Injected by Maria Lopez {}.",
        "Nurse: Maria Lopez, {}",
    ],
)
def test_the_giver_and_the_credential(written: str, credential: str, form: str) -> None:
    text = f"Toradol 60 mg IM given R deltoid. {form.format(written)}"
    if form.startswith("per "):
        check(text.replace(". per", " per"), toradol(giver=None))  # an order, not the giver
        return
    check(text, toradol(giver="Maria Lopez", credential=credential))


@pytest.mark.parametrize(
    ("form", "giver", "credential"),
    [
        ("M. Lopez RN gave Toradol 60 mg IM R deltoid.", "M. Lopez", "RN"),
        ("Toradol 60 mg IM R deltoid given by M Lopez RN", "M Lopez", "RN"),
        ("Toradol 60 mg IM R deltoid. - M. Lopez, RN", None, None),  # who signed need not have given it
        ("Toradol 60 mg IM R deltoid given by Dr. Lopez", "Dr. Lopez", None),
        ("Toradol 60 mg IM R deltoid given by nurse.", None, None),
        ("Toradol 60 mg IM R deltoid given by the MA", None, "MA"),
        ("Toradol 60 mg IM R deltoid, admin by mlopez", None, None),
        ("TORADOL 60 MG IM R DELTOID GIVEN BY MARIA LOPEZ RN", "MARIA LOPEZ", "RN"),
    ],
)
def test_other_ways_to_name_the_giver(form: str, giver: str | None, credential: str | None) -> None:
    check(form, toradol(giver=giver, credential=credential, **DELTOID))


@pytest.mark.parametrize(
    ("written", "waste", "unit"),
    [
        ("40 mg wasted", "40", "mg"),
        ("Wasted 40 mg", "40", "mg"),
        ("waste: 40 mg", "40", "mg"),
        ("40 mg discarded from SDV", "40", "mg"),
        ("remaining 40 mg discarded", "40", "mg"),
        ("the remaining 40 mg was wasted", "40", "mg"),
        ("Discarded amount: 40 mg", "40", "mg"),
        ("Drug wasted = 40mg", "40", "mg"),
        ("amount wasted 0.4 mL", "0.4", "mL"),
        ("unused portion (40 mg) discarded", "40", "mg"),
        ("no waste", "0", None),
        ("No drug wasted", "0", None),
        ("Waste: none", "0", None),
        ("zero wastage", "0", None),
        ("0 mg wasted", "0", None),
        ("JZ - no discarded amount", "0", None),
    ],
)
def test_waste_as_written(written: str, waste: str, unit: str | None) -> None:
    values = {"waste": waste} if unit is None else {"waste": waste, "waste_unit": unit}
    check(f"Toradol 60 mg IM given R deltoid. {written}.", toradol(**values))


@pytest.mark.parametrize(
    "text",
    [
        "TORADOL 60 MG IM GIVEN RIGHT DELTOID AT 1430 BY M. LOPEZ, RN. LOT AB1234 EXP 03/27.",
        "- Toradol 60 mg IM R deltoid given 1430 by M. Lopez, RN\n- Lot AB1234, exp 03/27",
        "• Toradol 60mg IM, R deltoid\n• Time: 1430\n• By: M. Lopez, RN\n• Lot AB1234 exp 03/27",
        "Medication | Dose | Route | Site | Time | By | Lot | Exp\nToradol | 60 mg | IM | R deltoid | 1430 | M. Lopez, RN | AB1234 | 03/27",
        "| Medication | Dose | Route | Site | Lot | Exp | Time | Given by |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n| Toradol | 60 mg | IM | R deltoid | AB1234 | 03/27 | 1430 | M. Lopez, RN |",
        "Time\tDrug\tDose\tRoute\tSite\tGiven By\tLot\tExp\n1430\tToradol\t60 mg\tIM\tR deltoid\tM. Lopez, RN\tAB1234\t03/27",
        "Drug: Toradol  Dose: 60 mg  Route: IM  Site: R deltoid  Time: 1430  Given by: M. Lopez, RN  Lot: AB1234  Exp: 03/27",
        "Medication: Toradol\nDose: 60 mg\nRoute: IM\nSite: R deltoid\nTime: 1430\nGiven by: M. Lopez, RN\nLot #: AB1234\nExp: 03/27",
        "Drug        Dose    Route   Site        Time   By\n"
        "Toradol     60 mg   IM      R deltoid   1430   M. Lopez, RN\nLot AB1234 exp 03/27",
    ],
    ids=["capitals", "dashes", "bullets", "bars", "markdown", "tabs", "labels in a line", "labels", "columns"],
)
def test_one_injection_in_every_layout(text: str) -> None:
    got = found(text)
    giver = got[0].get("giver", "").upper() if got else ""
    check(
        text,
        toradol(site="deltoid", laterality="right", time="14:30", credential="RN", lot="AB1234", expiry="2027-03"),
    )
    assert giver == "M. LOPEZ"


ROWS = """MAR
Drug | Dose | Route | Site | Time | By | Status
Toradol | 60 mg | IM | R deltoid | 1430 | M. Lopez, RN | Given
Rocephin | 1 g | IM | L glute | 1432 | M. Lopez, RN | Given
Phenergan | 25 mg | IM | | | | Refused
Decadron | 8 mg | IM | | | | Held
Vitamin B12 | 1000 mcg | IM | L deltoid | 1440 | J. Kim, LPN | Given
"""


def test_rows_of_an_administration_record() -> None:
    check(
        ROWS,
        toradol(time="14:30", giver="M. Lopez", credential="RN", **DELTOID),
        {
            "status": "given",
            "drug": "ceftriaxone",
            "dose": "1",
            "site": "gluteal",
            "laterality": "left",
            "time": "14:32",
        },
        {"status": "declined", "drug": "promethazine", "dose": "25", "time": None},
        {"status": "declined", "drug": "dexamethasone", "dose": "8", "time": None},
        {
            "status": "given",
            "drug": "cyanocobalamin",
            "unit": "mcg",
            "time": "14:40",
            "giver": "J. Kim",
            "credential": "LPN",
        },
    )


@pytest.mark.parametrize(
    "text",
    [
        "Toradol 60 mg IM R deltoid and Phenergan 25 mg IM L deltoid given.",
        "Gave Toradol 60 mg IM in R deltoid and Phenergan 25 mg IM in L deltoid.",
        "Toradol 60 mg IM (R deltoid), Phenergan 25 mg IM (L deltoid) administered by M. Lopez, RN.",
        "Given: Toradol 60mg IM R deltoid; Phenergan 25mg IM L deltoid",
        "Patient received 60 mg of Toradol IM in the right deltoid followed by 25 mg of Phenergan IM in the left deltoid.",
        "Toradol 60 mg given IM right deltoid, then Phenergan 25 mg given IM left deltoid.",
    ],
)
def test_two_injections_in_one_sentence(text: str) -> None:
    check(
        text,
        toradol(**DELTOID),
        {
            "status": "given",
            "drug": "promethazine",
            "dose": "25",
            "route": "IM",
            "site": "deltoid",
            "laterality": "left",
        },
    )


FORMS = {
    "declined": [
        "Patient declined {}.",
        "Pt refused {}.",
        "{} refused by patient.",
        "{} not given.",
        "{} was held today.",
        "Held {} due to elevated BP.",
        "{} offered, patient declined.",
        "Offered {} but pt declined.",
        "Pt does not want {}.",
        "Did not give {} today.",
        "{} - patient refused",
        "{}: REFUSED",
        "{} deferred.",
        "{} withheld per Dr. Smith.",
        "Unable to give {}; out of stock.",
        "{} not administered due to fever.",
        "Pt left before {} could be given.",
        "{} was ordered but not given.",
        "We did not administer {}.",
        "{} cancelled.",
        "Parents decline {}.",
        "Attempted {} but patient moved, not given.",
    ],
    "planned": [
        "Will give {}.",
        "Plan: {}.",
        "{} ordered.",
        "Order {}.",
        "Ordered {} to be given by nurse.",
        "Return next week for {}.",
        "RTC 1 month for {}.",
        "Patient to receive {} at next visit.",
        "{} to be given tomorrow.",
        "Schedule {}.",
        "Recommend {}.",
        "{} is due next month.",
        "Due for {}.",
        "{} will be administered by nursing.",
        "Please give {}.",
        "Needs {}.",
        "Next dose: {}.",
        "Awaiting prior auth for {}.",
        "{} pending.",
        "Nurse to give {}.",
    ],
    "historical": [
        "Received {} last month.",
        "{} was given last visit.",
        "Had {} in the ER yesterday.",
        "{} given 2 weeks ago with relief.",
        "Last {} was 3 weeks ago.",
        "Previously treated with {}.",
        "s/p {} 3 days ago.",
        "Pt got {} at last visit.",
        "History of {}.",
        "Was seen in the ER and given {}.",
        "Last dose: {}.",
        "{} last given 01/05/2026.",
        "Last injection {} on 1/5/26.",
        "Patient states she got {} yesterday.",
        "Follow-up after {} last week.",
    ],
    "elsewhere": [
        "Takes {} at home.",
        "Self-administers {} weekly.",
        "Home meds: {} monthly.",
        "{} given at urgent care.",
        "{} given by EMS.",
        "{} given by home health nurse.",
        "Husband gives {} at home.",
        "Gets {} at the pharmacy.",
        "{} at outside clinic.",
        "{} administered by paramedics en route.",
        "Prescribed {} to use at home.",
        "{} given by her PCP.",
        "Mother received {}.",
        "Current medications: {} monthly.",
    ],
    "hypothetical": [
        "If no better, {}.",
        "Consider {}.",
        "Discussed {}.",
        "May need {}.",
        "Could try {} if pain persists.",
        "{} if needed.",
        "Would consider {}.",
        "Discussed risks and benefits of {}.",
        "{} is an option.",
    ],
}
NOT_GIVEN = [(status, form) for status, forms in FORMS.items() for form in forms]


@pytest.mark.parametrize(("status", "form"), NOT_GIVEN, ids=[form for _, form in NOT_GIVEN])
@pytest.mark.parametrize(
    "injection", ["Toradol 60 mg IM", "Toradol 60 mg IM R deltoid", "Depo-Provera 150 mg IM injection"]
)
def test_what_was_not_given_here_is_never_given(status: str, form: str, injection: str) -> None:
    """The worst error: an administration that did not happen would be billed."""
    text = form.format(injection)
    assert [one["status"] for one in found(text)] != [], text
    assert "given" not in {one["status"] for one in found(text)}, found(text)


@pytest.mark.parametrize(("status", "form"), NOT_GIVEN, ids=[form for _, form in NOT_GIVEN])
def test_why_it_was_not_given(status: str, form: str) -> None:
    text = form.format("Toradol 60 mg IM")
    alike = {"historical": {"historical", "elsewhere"}, "elsewhere": {"historical", "elsewhere"}}
    alike |= {"hypothetical": {"hypothetical", "planned"}, "planned": {"planned", "hypothetical"}}
    assert {one["status"] for one in found(text)} <= alike.get(status, {status}), found(text)


@pytest.mark.parametrize(
    "form",
    [
        "{} given.",
        "Gave {}.",
        "{} administered.",
        "Patient received {} today.",
        "{} given today as ordered.",
        "Per order, {} given.",
        "{} administered without difficulty.",
        "{} given, pt tolerated well.",
        "Administered {}. Patient to return in 1 month.",
        "Pt consented. {} given. Next injection due in 4 weeks.",
        "{} was administered in the office today.",
        "Here for {}. {} given.",
        "Ordered and gave {}.",
        "Initially declined, then agreed; {} given.",
        "{} injected.",
        "Given {}.",
        "Patient was given {} in clinic.",
        "Today's injection: {} given.",
    ],
)
@pytest.mark.parametrize("injection", ["Toradol 60 mg IM", "Toradol 60 mg IM R deltoid"])
def test_what_was_given_is_given(form: str, injection: str) -> None:
    got = found(form.format(injection, injection))
    assert [one["status"] for one in got] == ["given"], got


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pt refused Toradol 60 mg IM. Rocephin 1 g IM given R glute.", ["declined", "given"]),
        ("Toradol 60 mg IM given. Phenergan 25 mg IM held.", ["given", "declined"]),
        ("Gave Toradol 60 mg IM; will give Rocephin 1 g IM tomorrow.", ["given", "planned"]),
        ("Received Rocephin 1 g IM yesterday, Toradol 60 mg IM given today.", ["historical", "given"]),
        ("Declined flu shot. Tdap 0.5 mL IM given L deltoid.", ["declined", "given"]),
    ],
)
def test_given_and_not_given_side_by_side(text: str, expected: list[str]) -> None:
    assert [one["status"] for one in found(text)] == expected


@pytest.mark.parametrize("written", ["25-50 mg", "25 to 50 mg", "25 - 50mg"])
def test_a_range_is_no_dose_that_was_given(written: str) -> None:
    """Which of the two was given is not said: no dose is better than a wrong one."""
    (one,) = found(f"Phenergan {written} IM given R deltoid.")
    assert one["status"] == "given"
    assert "dose" not in one


def test_every_pair_of_sides_and_sites_in_a_table_is_told_apart() -> None:
    for (first, second), side in itertools.product(
        itertools.permutations(["deltoid", "ventrogluteal", "thigh"], 2), ["L", "R"]
    ):
        text = f"Drug | Dose | Route | Site\nToradol | 60 mg | IM | {side} {first}\nPhenergan | 25 mg | IM | {side} {second}\n"
        one, other = found(text)
        assert (one["site"], other["site"]) == (first, second)


@pytest.mark.parametrize(
    "text",
    [
        "Immunizations: Tdap 05/2019, flu vaccine 10/2025.",
        "Flu vaccine: received at Walgreens 10/2025.",
        "Patient here for Depo-Provera shot. UPT positive, Depo-Provera not given.",
        "Depo-Provera 150 mg IM ordered q 3 months; next due 6/1/2026.",
        "Standing order: B12 1000 mcg IM monthly.",
        "Insulin glargine 20 units SC at bedtime.",
        "Rx: Toradol 60 mg IM x1.",
        "Meds: Humira 40 mg SC every 2 weeks.",
        "Treatment options: Kenalog 40 mg injection, physical therapy, or surgery.",
        "Will hold off on Depo-Medrol injection.",
        "No injection today; Toradol 60 mg IM offered.",
        "Patient asked for a Toradol 60 mg IM shot but was told no.",
        "Prior auth for Prolia 60 mg SC approved.",
        "Toradol 60 mg IM x1 in ED 2 days ago.",
        "EMS gave epinephrine 0.3 mg IM en route.",
        "Mom gave EpiPen 0.15 mg IM in thigh at school.",
        "Wife gave him his testosterone 200 mg IM on Sunday.",
        "She gave herself sumatriptan 6 mg SC in the thigh.",
        "He injected Humira 40 mg SC yesterday.",
        "Dr. Smith's office gave Kenalog 40 mg IM last week.",
        "Pt had received Toradol 30 mg IM in triage at outside hospital.",
        "Toradol 60 mg IM was considered but not given.",
        "Toradol 60 mg IM: not indicated.",
        "Reports hives after Rocephin 1 g IM.",
        "Rocephin 1 g IM x 3 days recommended.",
        "If fever returns, give Rocephin 1 g IM.",
        "Return tomorrow for second Rocephin 1 g IM.",
        "Verbal order received: Toradol 60 mg IM now.",
        "MD ordered Toradol 60 mg IM R deltoid. Nurse to give.",
        "Toradol 60 mg IM ordered; patient left AMA before it was given.",
        "Scheduled: Invega Sustenna 156 mg IM 04/01/2026.",
        "Missed appointment for Invega Sustenna 156 mg IM.",
        "No show for Vivitrol 380 mg IM injection.",
        "Patient due for Prolia 60 mg SC, insurance denied, not given.",
        "Toradol 60 mg IM R deltoid given at 1430 - ENTERED IN ERROR.",
        "Toradol 60 mg IM given R deltoid. VOID - wrong chart.",
        "Drew up Toradol 60 mg IM; patient changed her mind.",
        "Toradol 60 mg IM drawn up but not administered.",
        "Toradol 60 mg IM R deltoid. Patient refused.",
        "[ ] Toradol 60 mg IM R deltoid",
        "\u2610 Toradol 60 mg IM given",
        "Vaccines given today: none. Tdap 0.5 mL IM due next visit.",
        "Mother of patient received Tdap 0.5 mL IM R deltoid last fall.",
        "Patient's sister was given Rocephin 1 g IM.",
        "Toradol 60 mg IM could have been given but BP was high.",
        "Toradol 60 mg IM should be given before transport.",
        "Toradol 60 mg IM can be given every 6 hours.",
        "Toradol 60 mg IM may be given for pain.",
        "Toradol 60 mg IM has not been given.",
        "Toradol 60 mg IM has yet to be given.",
        "Patient wants Toradol 60 mg IM given but has renal disease, so deferred.",
        "Do not give Toradol 60 mg IM.",
        "Avoid Toradol 60 mg IM.",
        "Toradol 60 mg IM contraindicated.",
        "Patient would like Toradol 60 mg IM R deltoid.",
        "Is it OK to give Toradol 60 mg IM?",
        "Toradol 60 mg IM R deltoid?",
        "Pharmacy called: Vivitrol 380 mg IM will be delivered Friday.",
        "Prescription sent for enoxaparin 40 mg SC daily x 10 days.",
        "Patient taught to give enoxaparin 40 mg SC in abdomen; return demonstration done.",
        "Continue Aranesp 60 mcg SC every 2 weeks.",
        "Received Depo-Provera 150 mg IM 12/05/2025 at Planned Parenthood.",
        "PMH: s/p cortisone injection R knee 2023.",
        "Pt states last Toradol 60 mg IM was given at urgent care R deltoid on 1/1/26.",
        "Allergies: Toradol (hives after 60 mg IM given 2019).",
        "VIS for influenza vaccine given.",
        "Information on Shingrix vaccine given to patient.",
        "Gave patient prescription for Imitrex 6 mg SC.",
        "Consent for Prolia 60 mg SC given.",
        "HPI: She was seen by her doctor and received Toradol 60 mg IM R deltoid.",
        "Medication: Toradol\nDose: 60 mg\nRoute: IM\nFrequency: once",
        "Orders:\nMedication: Toradol\nDose: 60 mg\nRoute: IM\nStrength: 30 mg/mL",
        "Heparin 5000 units SC q8h at 0800.",
        "MEDICATION NOT ADMINISTERED\nReason: BP too high\n\nMedication: Toradol\nDose: 60 mg\nRoute: IM\nLot: AB1234\nExp: 03/2027",
        "Disposition: Held\nMedication: Toradol\nDose: 60 mg\nSite: R deltoid\nLot: AB1234",
        "Toradol 60 mg IM was to be given, however pharmacy was out.",
    ],
)
def test_whole_sentences_of_what_was_not_given(text: str) -> None:
    assert "given" not in {one["status"] for one in found(text)}, found(text)


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("[x] Toradol 60 mg IM R deltoid given", ["ketorolac"]),
        ("Pt here for B12. Vit B12 1000 mcg given IM in L deltoid. Pt tolerated well. RTC 1 mo.", ["cyanocobalamin"]),
        (
            "S: migraine x 2 d.\nP: Given Toradol 60 mg IM and Phenergan 25 mg IM in office.",
            ["ketorolac", "promethazine"],
        ),
        ("Pt given 60 mg Toradol IM for migraine. Will return if not improved.", ["ketorolac"]),
        ("Patient was due for Prolia. Prolia 60 mg SC given left upper arm. Next due in 6 months.", ["denosumab"]),
        ("Has not had a flu shot this year. Fluzone 0.5 mL IM given R deltoid today.", ["influenza vaccine"]),
        ("Consent obtained, risks discussed. Kenalog 40 mg injected into R knee.", ["triamcinolone"]),
        ("Denies allergy to PCN. Bicillin LA 1.2 mu IM given R glute.", ["penicillin G benzathine"]),
        ("Declined Toradol last week but today agreed: Toradol 60 mg IM given R deltoid.", ["ketorolac"]),
        ("Depo-Provera 150 mg IM given to L deltoid per order. Pt to return 12 weeks.", ["medroxyprogesterone"]),
        ("Orders: Rocephin 1 g IM. Rocephin 1 g IM given L glute at 1015.", ["ceftriaxone"]),
        ("Patient brought own Vivitrol. Vivitrol 380 mg IM given R glute.", ["naltrexone"]),
        (
            "Solu-Medrol 125 mg IM was given without difficulty, pt held for 20 min.",
            ["methylprednisolone sodium succinate"],
        ),
        (
            "After informed consent the right shoulder was injected with 40 mg of Kenalog and 4 mL lidocaine.",
            ["triamcinolone", "lidocaine"],
        ),
        ("Tdap given (0.5 mL, IM, L deltoid).", ["tdap vaccine"]),
        ("Toradol 30 mg IV and Zofran 4 mg IV given in clinic.", ["ketorolac", "ondansetron"]),
        ("Patient tolerated Xolair 300 mg SC injections well.", ["omalizumab"]),
        ("Injection: Depo-Medrol 80 mg IM R glute. Lot AB123. Given by K. Jones RN.", ["methylprednisolone acetate"]),
    ],
)
def test_whole_sentences_of_what_was_given(text: str, drugs: list[str]) -> None:
    assert [one["drug"] for one in found(text) if one["status"] == "given"] == drugs, found(text)


@pytest.mark.parametrize(
    ("text", "site", "laterality"),
    [
        ("Toradol 60 mg IM given for right shoulder pain.", None, None),
        ("Toradol 60 mg IM given for left knee pain, R deltoid.", "deltoid", "right"),
        ("Pt with L knee OA given Toradol 60 mg IM R glute.", "gluteal", "right"),
        ("Toradol 60 mg IM given. Patient has pain in left thigh.", None, None),
        ("Toradol 60 mg IM given R deltoid for pain in the left hip.", "deltoid", "right"),
        ("Toradol 60 mg IM given, both deltoids.", "deltoid", "bilateral"),
        ("Toradol 60 mg IM given, 30 mg each glute.", "gluteal", "bilateral"),
        ("Toradol 60 mg IM given, divided R and L glute.", "gluteal", "bilateral"),
        ("Toradol 60 mg IM LA given", "arm", "left"),
        ("Toradol 60 mg IM given. RA is stable.", None, None),
    ],
)
def test_where_it_hurts_is_not_where_it_went(text: str, site: str | None, laterality: str | None) -> None:
    check(text, toradol(site=site, laterality=laterality))


def test_a_pill_prescribed_beside_an_injection_is_none() -> None:
    check(
        "Received Rocephin 500 mg IM R deltoid plus doxycycline 100 mg BID x 7 days.",
        {"status": "given", "drug": "ceftriaxone", "dose": "500", "route": "IM", **DELTOID},
    )
    check(
        "Patient received doxycycline 100 mg PO BID x7 days and Rocephin 500 mg IM was given in the R deltoid.",
        {"status": "given", "drug": "ceftriaxone", "dose": "500", "route": "IM", **DELTOID},
    )


def test_two_doses_of_one_vaccine_with_two_lots_are_two() -> None:
    one, other = found("Havrix given, L deltoid, lot AB12. Havrix given, L deltoid, lot CD34.")
    assert (one["lot"], other["lot"]) == ("AB12", "CD34")


def test_labels_of_a_flu_reminder() -> None:
    (one,) = found(
        "Patient was given influenza vaccination today.\nRoute/Site: IM Left Deltoid\n"
        "Lot Number: AB1234  Exp. Date: May 31, 2027\nGiven IM by Dr. Lee"
    )
    assert one["status"] == "given"
    assert (one["route"], one["site"], one["laterality"], one["lot"], one["expiry"]) == (
        "IM",
        "deltoid",
        "left",
        "AB1234",
        "2027-05-31",
    )
    assert one["giver"] == "Dr. Lee"


def test_who_gave_it_behind_the_site() -> None:
    check("Toradol 60 mg given IM R deltoid by Dr. Lopez.", toradol(giver="Dr. Lopez", **DELTOID))


@pytest.mark.parametrize(
    "text",
    [
        "Toradol 60 mg IM given." + " " * 60_000 + "\n" + " " * 60_000,
        "Drug | Dose | Route | Site | Time\n" + "Toradol | 60 mg | IM | R deltoid | 1430\n" * 400,
        "given " * 8_000,
        "| " * 20_000,
        "IM deltoid, right " * 2_000,
    ],
    ids=["blanks", "a long table", "verbs", "bars", "sites"],
)
def test_long_texts_end_soon(text: str) -> None:
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 10
