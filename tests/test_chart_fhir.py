"""FHIR R4 charts: coded administrations with the resource of each value; what is not done was not given."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conftest import ROOT, shared_files
from scrubjay.chart.model import Encounter, schema
from scrubjay.chart.source import read_chart
from scrubjay.errors import InputError

BUNDLE = ROOT / "tests" / "fixtures" / "charts" / "invega.fhir.json"


@pytest.fixture
def bundle() -> dict[str, Any]:
    return json.loads(BUNDLE.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def encounter(document: Any) -> Encounter:
    return read_chart(json.dumps(document).encode(), "chart.json")


def resource(bundle: dict[str, Any], kind: str, number: int = 0) -> dict[str, Any]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind][number]  # type: ignore[no-any-return]


def test_a_bundle_becomes_an_encounter(bundle: dict[str, Any]) -> None:
    found = encounter(bundle)
    assert (found.source, found.encounter.place_of_service, str(found.encounter.date)) == ("fhir", "11", "2026-03-02")
    assert (found.patient.last_name, found.coverage[0].payer_id, found.coverage[0].member_id) == (
        "Testcase",
        "87726",
        "W123456789",
    )
    rendering, billing = found.provider("rendering"), found.provider("billing")
    assert rendering is not None
    assert billing is not None
    assert (rendering.npi, rendering.credential, rendering.taxonomy) == ("1093817465", "MD", "2084P0800X")
    assert (billing.npi, billing.tin, billing.type) == ("1234567893", "123456789", "organization")
    assert [one.code for one in found.diagnoses] == ["F20.9"]
    assert (found.orders[0].drug, found.orders[0].dose, found.orders[0].route) == (
        "paliperidone palmitate",
        "156",
        "IM",
    )
    jsonschema.validate(json.loads(found.model_dump_json()), schema())


def test_each_value_names_its_resource(bundle: dict[str, Any]) -> None:
    given = encounter(bundle).given()[0].model_dump()
    assert given["drug"] == {"value": "paliperidone palmitate", "resource": "MedicationAdministration/ma1"}
    assert given["site"] == {"value": "deltoid", "resource": "MedicationAdministration/ma1"}
    assert given["laterality"]["value"] == "right"
    assert given["time"]["value"] == "09:30"
    assert given["ndc"]["value"] == "50458056301"
    assert (given["lot"]["value"], given["expiry"]["value"]) == ("KLB3X00", "2027-08-31")
    assert given["giver"] == {"value": "Robin Hale", "resource": "Practitioner/rn"}
    assert given["credential"]["value"] == "RN"
    assert given["order"]["resource"] == "MedicationRequest/mr1"
    assert given["diagnosis"] == {"value": "F20.9", "resource": "Condition/c1"}
    assert given["observation"]["text"] == "Observed 30 minutes"


def test_statuses(bundle: dict[str, Any]) -> None:
    found = {one.id: one.status for one in encounter(bundle).administrations}
    assert found == {
        "MedicationAdministration/ma1": "given",
        "Immunization/im1": "declined",
        "Immunization/im2": "historical",
        "MedicationStatement/ms1": "elsewhere",
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [("not-done", "declined"), ("on-hold", "planned"), ("in-progress", "given"), ("entered-in-error", None)],
)
def test_the_status_of_an_administration(bundle: dict[str, Any], status: str, expected: str | None) -> None:
    resource(bundle, "MedicationAdministration")["status"] = status
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] != "DocumentReference"]
    found = [one.status for one in encounter(bundle).administrations if one.id == "MedicationAdministration/ma1"]
    assert found == ([expected] if expected else [])


def test_a_completed_immunization_is_given(bundle: dict[str, Any]) -> None:
    resource(bundle, "Immunization")["status"] = "completed"
    vaccine = next(one for one in encounter(bundle).administrations if one.id == "Immunization/im1")
    assert (vaccine.status, vaccine.get("drug"), vaccine.cvx) == ("given", "influenza vaccine", "150")


def test_the_note_of_a_chart_may_contradict_its_record(bundle: dict[str, Any]) -> None:
    resource(bundle, "MedicationAdministration")["dosage"]["dose"]["value"] = 117
    given = encounter(bundle).given()[0]
    assert given.get("dose") == "117"
    assert given.conflicts["dose"].value == "156"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: resource(b, "MedicationAdministration").pop("status"), "MedicationAdministration/ma1: status"),
        (
            lambda b: resource(b, "MedicationAdministration")["dosage"].update(dose={"value": "Zebulon"}),
            "MedicationAdministration/ma1",
        ),
        (lambda b: b["entry"].append({"resource": {**resource(b, "Patient"), "id": "p2"}}), "2 Patient"),
        (lambda b: resource(b, "Immunization")["patient"].update(reference="Patient/p9"), "2 patients"),
    ],
)
def test_what_is_no_chart_of_one_encounter_is_refused(bundle: dict[str, Any], change: Any, said: str) -> None:
    broken = copy.deepcopy(bundle)
    change(broken)
    with pytest.raises(InputError, match=said) as caught:
        encounter(broken)
    assert "Zebulon" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a\x00b", "binary"),
        (b'{"a": 1}', "neither FHIR nor an encounter document"),
        (b"{broken", "not JSON"),
        (b'{"resourceType": "Claim", "id": "1"}', "no FHIR resource of a chart"),
        (b'{"schema": "scrubjay.encounter/1", "patinet": {}}', "patinet"),
        (b"ISA*00*          *00*", "X12"),
    ],
)
def test_what_is_no_chart_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_chart(data, "chart")


@pytest.mark.parametrize(
    "path", shared_files("corpus/fhir", "hl7r4__MedicationAdministration-*.json"), ids=lambda path: path.stem
)
def test_published_administrations_are_read(path: Path) -> None:
    document = json.loads(path.read_bytes())
    found = read_chart(path.read_bytes(), path.name).administrations
    if document["status"] == "entered-in-error":
        assert found == []
        return
    (one,) = found
    assert one.status in ("given", "declined", "planned", "hypothetical")
    assert one.date is not None


@pytest.mark.parametrize("path", shared_files("corpus/fhir", "hl7r4__Immunization-*.json"), ids=lambda path: path.stem)
def test_published_immunizations_are_read(path: Path) -> None:
    (one,) = read_chart(path.read_bytes(), path.name).administrations
    assert one.status == ("declined" if json.loads(path.read_bytes())["status"] == "not-done" else "given")


def test_immunizations_of_many_patients_are_refused(shared: Any) -> None:
    path = shared("corpus/fhir/smart-bulk__Immunization.000.ndjson")
    with pytest.raises(InputError, match="patients"):
        read_chart(path.read_bytes(), path.name)
