"""What a note or a FHIR chart says of a procedure, of fluid and of counselling, and what it does not say."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

pytest.importorskip("negspacy", reason="the chart extra is not installed: notes are not read")

from scrubjay.chart.model import Encounter
from scrubjay.chart.note.read import read
from scrubjay.chart.source import read_chart

FACTS = (
    "procedure nerve guidance guidance_report muscles lesions levels injections tests purpose counselling counsellor"
    " counsellor_credential"
).split()


def facts(text: str, at: int = 0) -> dict[str, str]:
    """Return the further facts of one administration of a note; every span is what stands there."""
    found = read(text).administrations
    for one in found:
        for value in one.values().values():
            assert value.start is None or text[value.start : value.end] == value.text
    values = found[at].values()
    return {name: values[name].value for name in FACTS if name in values}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Under ultrasound guidance the right knee joint was injected with Kenalog 40 mg. Images were saved to PACS.",
         {"procedure": "knee joint", "guidance": "ultrasound", "guidance_report": "yes"}),
        ("Right subacromial bursa injected with Depo-Medrol 40 mg under US guidance; no images were saved.",
         {"procedure": "subacromial bursa", "guidance": "ultrasound", "guidance_report": "no"}),
        ("Kenalog 40 mg intra-articular given in the left knee, landmark technique.", {"guidance": "none"}),
        ("Kenalog 40 mg intra-articular given in the left knee without ultrasound guidance.", {"guidance": "none"}),
        ("Last year an ultrasound guided injection helped. Kenalog 40 mg intra-articular given in the left knee.", {}),
        ("Knee ultrasound showed an effusion. Kenalog 40 mg intra-articular given in the left knee.", {}),
        ("Trigger point injections: 1% lidocaine 3 mL injected into the right trapezius, rhomboid and levator scapulae muscles.",
         {"procedure": "trigger point", "muscles": "3"}),
        ("Trigger points in 2 muscles injected with 1% lidocaine 3 mL.", {"procedure": "trigger points", "muscles": "2"}),
        ("Bilateral greater occipital nerve block performed with bupivacaine 0.25% 3 mL.",
         {"procedure": "nerve block", "nerve": "greater occipital"}),
        ("Right lateral epicondyle injected with Depo-Medrol 40 mg.", {"procedure": "lateral epicondyle"}),
        ("L4-5 and L5-S1 left transforaminal epidural injection with dexamethasone 10 mg under fluoroscopy.",
         {"procedure": "transforaminal", "levels": "2", "guidance": "fluoroscopy"}),
        ("Kenalog 10 mg injected intralesionally into 9 keloids of the chest.", {"lesions": "9"}),
        ("Kenalog 10 mg injected intralesionally into the keloid.", {"lesions": "1"}),
        ("Kenalog 10 mg injected intralesionally, keloids of the chest.", {}),
        ("Gave 2 allergy injections SC, left and right arm.", {"injections": "2"}),
        ("Allergy shot given SC in left arm.", {}),
        ("Ketorolac 60 mg IM given in left deltoid after carpal tunnel release, ligament intact.", {}),
        ("Ketorolac 60 mg IM given in left deltoid. Plan: trigger point injections next visit, greater occipital nerve block.", {}),
        ("Ketorolac 60 mg IM given in left deltoid. Axillary nerve intact.", {}),
        ("The carpal tunnel was performed first with an incision. Marcaine was injected into the wound edges.", {}),
    ],
)  # fmt: skip
def test_what_a_note_says_of_a_procedure(text: str, expected: dict[str, str]) -> None:
    assert facts(text) == expected


def test_a_side_before_a_nerve_is_the_side() -> None:
    (one,) = read("Left greater occipital nerve block performed with bupivacaine 0.25% 3 mL.").administrations
    assert one.get("laterality") == "left"


def test_facts_stay_with_their_own_injection() -> None:
    text = (
        "Kenalog 40 mg intra-articular given in the left knee under ultrasound guidance, images saved.\n"
        "Kenalog 40 mg intra-articular given in the right knee, landmark technique.\n"
    )
    assert facts(text, 0) == {"guidance": "ultrasound", "guidance_report": "yes"}
    assert facts(text, 1) == {"guidance": "none"}


SHOT = "MMR 0.5 mL SC given in left thigh by P. Nestor, RN. "
SIGNED = "\nElectronically signed by Robin Sample, MD"
BY = {"counselling": "yes", "counsellor": "Robin Sample", "counsellor_credential": "MD"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{SHOT}I counseled the mother on the risks and benefits of each vaccine component.{SIGNED}", BY),
        (f"{SHOT}Vaccine counseling by Robin Sample, MD.", BY),
        (f"{SHOT}Dr. Sample counselled the parents about vaccine side effects.{SIGNED}", BY),
        (f"{SHOT}The physician counseled the parents on the vaccines.", {"counselling": "yes", "counsellor_credential": "physician"}),
        (f"{SHOT}I discussed the risks of the vaccine components with the father.{SIGNED}", BY),
        (f"{SHOT}Vaccine counseling by nurse P. Nestor, RN.",
         {"counselling": "yes", "counsellor": "P. Nestor", "counsellor_credential": "RN"}),
        (f"{SHOT}Parents counseled on vaccines.", {"counselling": "yes"}),
        (f"{SHOT}No counseling on the vaccine was provided.", {"counselling": "no"}),
        (f"{SHOT}Mother declined vaccine counseling.", {"counselling": "no"}),
        (f"{SHOT}I counseled the mother on vaccines. Counseling on the vaccine was not given today.{SIGNED}", {"counselling": "no"}),
        (f"{SHOT}VIS given.{SIGNED}", {}),
        (f"{SHOT}I counseled the mother on car seats.{SIGNED}", {}),
        (f"{SHOT}Will be counseled on vaccines next visit.{SIGNED}", {}),
        ("Ceftriaxone 500 mg IM given in left gluteus. Vaccine counseling by Robin Sample, MD.", {}),
        ("Nirsevimab 50 mg IM given in left thigh. I counseled the mother on the antibody."
         "\nElectronically signed by Robin Sample, MD", BY),
    ],
)  # fmt: skip
def test_counselling_in_a_note(text: str, expected: dict[str, str]) -> None:
    assert facts(text) == expected


def test_who_counselled_is_not_who_gave() -> None:
    (one,) = read("MMR 0.5 mL SC given in left thigh. Vaccine counseling by Robin Sample, MD.").administrations
    assert (one.get("giver"), one.get("credential")) == (None, None)
    (both,) = read("MMR 0.5 mL SC. Vaccine counseling and given in left thigh by Robin Sample, MD.").administrations
    assert both.get("credential") == "MD"


def test_a_named_vaccine_is_the_one_that_was_spoken_of() -> None:
    text = (
        "Counseled parent on MMR components by Robin Sample, MD. MMR 0.5 mL SC given in left thigh. "
        "Varivax 0.5 mL SC given in right thigh."
    )
    told = {one.get("drug"): one.get("counselling") for one in read(text).administrations if one.given}
    assert told == {"mmr vaccine": "yes", "varicella vaccine": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 L normal saline IV infused for hydration from 09:00 to 10:35.",
         {"volume_ml": "1000", "start": "09:00", "stop": "10:35", "purpose": "hydration"}),
        ("Dehydrated. Normal saline 1,000 mL IV given, start 09:00, stop 10:35.",
         {"volume_ml": "1000", "start": "09:00", "stop": "10:35", "purpose": None}),
        ("500 mL of lactated ringer's IV to keep the vein open 09:00 to 11:00.",
         {"volume_ml": "500", "start": "09:00", "stop": "11:00", "purpose": "keep-open"}),
    ],
)  # fmt: skip
def test_a_bag_of_fluid(text: str, expected: dict[str, str | None]) -> None:
    (bag,) = read(text).administrations
    assert {name: bag.get(name) for name in expected} == expected
    assert (bag.status, bag.get("route")) == ("given", "IV")


@pytest.mark.parametrize(
    "text",
    [
        "Ceftriaxone 1 g in 250 mL normal saline IV infused, start 09:00, stop 09:40.",
        "Flushed with 10 mL normal saline.",
        "Ceftriaxone 1 g IM reconstituted with 2 mL normal saline, given in left gluteus.",
        "Will need 1 L normal saline IV for hydration tomorrow.",
        "Patient refused 1 L normal saline IV for hydration.",
        "ER gave 1 L of normal saline last week.",
    ],
)
def test_what_is_no_bag_of_this_visit(text: str) -> None:
    assert "normal saline" not in [one.get("drug") for one in read(text).administrations]


def resources(*more: dict[str, Any]) -> str:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "2021-05-05", "gender": "female"}
    met = {
        "resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/p"},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "period": {"start": "2026-03-02T09:00:00-08:00", "end": "2026-03-02T09:40:00-08:00"},
    }  # fmt: skip
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (patient, met, *more)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def of_bundle(*more: dict[str, Any]) -> Encounter:
    return read_chart(resources(*more).encode(), "chart.json")


MMR = {
    "resourceType": "Immunization", "id": "i", "status": "completed", "patient": {"reference": "Patient/p"},
    "occurrenceDateTime": "2026-03-02", "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "03"}]},
    "encounter": {"reference": "Encounter/e"},
}  # fmt: skip
DOCTOR = {
    "resourceType": "Practitioner", "id": "d", "name": [{"family": "Sample", "given": ["Robin"]}],
    "qualification": [{"code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0360", "code": "MD"}]}}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "expected"), [("completed", ("yes", "MD")), ("not-done", ("no", None)), ("preparation", (None, None))]
)
def test_counselling_in_fhir_is_a_procedure_with_its_performer(
    status: str, expected: tuple[str | None, str | None]
) -> None:
    talk = {
        "resourceType": "Procedure", "id": "t", "status": status, "subject": {"reference": "Patient/p"},
        "code": {"text": "Vaccine counseling"}, "performer": [{"actor": {"reference": "Practitioner/d"}}],
    }  # fmt: skip
    (one,) = of_bundle(MMR, DOCTOR, talk).administrations
    assert (one.get("counselling"), one.get("counsellor_credential")) == expected
    assert one.counselling is None or one.counselling.resource == "Procedure/t"


def test_words_of_a_fhir_administration_are_read_for_its_procedure() -> None:
    given = {
        "resourceType": "MedicationAdministration", "id": "m", "status": "completed", "subject": {"reference": "Patient/p"},
        "context": {"reference": "Encounter/e"}, "effectiveDateTime": "2026-03-02T09:10:00-08:00",
        "medicationCodeableConcept": {"text": "Kenalog"},
        "dosage": {"text": "Under ultrasound guidance, images saved", "route": {"text": "intra-articular"},
                   "site": {"text": "right knee"}, "dose": {"value": 40, "unit": "mg"}},
    }  # fmt: skip
    (one,) = of_bundle(given).administrations
    assert (one.get("guidance"), one.get("guidance_report"), one.get("laterality")) == ("ultrasound", "yes", "right")


def test_a_note_beside_a_fhir_record_fills_what_it_leaves_open() -> None:
    told = "I counseled the mother on the vaccine components."
    text = f"MMR vaccine 0.5 mL SC given in left thigh. {told} Electronically signed by Robin Sample, MD"
    note = {
        "resourceType": "DocumentReference", "id": "n", "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}],
    }  # fmt: skip
    named = {**MMR, "vaccineCode": {"text": "MMR"}}
    (one,) = [one for one in of_bundle(named, note).administrations if one.given]
    assert one.get("counsellor_credential") == "MD"
