"""The encounter document: its shape is the contract's, and what cannot be meant is refused."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import ValidationError

from conftest import ROOT
from scrubjay.chart.model import CONTRACT_FIELDS, Administration, Encounter, Value, schema

FIELDS = (
    "status drug dose unit volume_ml route site laterality time date giver credential lot expiry ndc waste diagnosis"
).split()


def test_an_administration_has_the_fields_of_the_contract_in_their_order() -> None:
    assert list(CONTRACT_FIELDS) == FIELDS
    written = Administration(
        status="given", drug=Value(value="ketorolac", text="Toradol", start=4, end=11)
    ).model_dump()
    assert list(written)[: len(FIELDS)] == FIELDS
    assert written["drug"] == {"value": "ketorolac", "text": "Toradol", "start": 4, "end": 11}
    assert written["dose"] is None


def test_a_bare_value_is_read_and_gets_its_place_in_the_document() -> None:
    document = Encounter.model_validate({"administrations": [{"status": "given", "drug": "ketorolac", "dose": 60}]})
    first = document.located().administrations[0].model_dump()
    assert first["dose"] == {"value": "60", "resource": "#/administrations/0/dose"}
    jsonschema.validate(json.loads(document.model_dump_json()), schema())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"administrations": [{"status": "given", "dose": "a lot"}]}, "number"),
        ({"administrations": [{"status": "maybe"}]}, "given"),
        ({"administrations": [{"status": "given", "giver_id": "x"}]}, "giver_id"),
        ({"providers": [{"id": "1", "npi": "12345"}]}, "ten digits"),
        ({"patinet": {}}, "patinet"),
        ({"encounter": {"start": "25:00"}}, "HH:MM"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Encounter.model_validate(wrong)


def test_the_published_schema_is_the_model() -> None:
    assert json.loads((ROOT / "docs" / "encounter.schema.json").read_text()) == schema()
