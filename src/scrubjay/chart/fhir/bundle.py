"""The resources of a FHIR R4 chart: validated, found by reference.

``fhir.resources`` holds R5 at its top; R4 charts are read with its R4B models, which read R4 for every resource used
here. A resource that does not validate is named by type, id and element, never by its content.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeAlias

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from scrubjay.errors import InputError

READ = frozenset(
    "Patient Encounter Practitioner PractitionerRole Condition MedicationRequest MedicationAdministration MedicationStatement"
    " Medication Immunization Procedure Observation Coverage Organization Location DocumentReference Consent".split()
)  # fmt: skip
"""Resources that are read; others of a chart are left alone."""

Resource: TypeAlias = dict[str, Any]


class Chart:
    """The resources of one chart by type and by reference."""

    def __init__(self, resources: list[Resource], aliases: dict[str, Resource]) -> None:
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        self._by_reference = dict(aliases)
        for resource in resources:
            self._by_type[resource["resourceType"]].append(resource)
            if "id" in resource:
                self._by_reference[name(resource)] = resource

    def all(self, kind: str) -> list[Resource]:
        """Return the resources of a type, in the order of the file."""
        return self._by_type.get(kind, [])

    def follow(self, reference: Resource | None, owner: Resource | None = None) -> Resource | None:
        """Return what a reference points at, in the chart or contained in its owner; None when it is not there."""
        target = (reference or {}).get("reference")
        if not target:
            return None
        if target.startswith("#"):
            contained = (owner or {}).get("contained", [])
            return next((one for one in contained if one.get("id") == target[1:]), None)
        found = self._by_reference.get(target)
        if found is None and "/" in target:
            found = self._by_reference.get("/".join(target.split("/_history/")[0].split("/")[-2:]))
        return found


def name(resource: Resource) -> str:
    """Return a resource's own reference: ``Immunization/example``."""
    return f"{resource['resourceType']}/{resource.get('id', '?')}"


def read_chart(text: str, file: str) -> Chart:
    """Return the resources of a Bundle, a single resource or NDJSON.

    Raises InputError when it is no FHIR, or a resource of interest is not valid R4.
    """
    resources: list[Resource] = []
    aliases: dict[str, Resource] = {}
    for place, url, resource in _resources(text, file):
        kind = resource.get("resourceType")
        if kind not in READ:
            continue
        _validate(resource, f"{place}{kind}/{resource.get('id', '?')}", file)
        resources.append(resource)
        if url:
            aliases[url] = resource
    if not resources:
        raise InputError(
            file, "has no FHIR resource of a chart (MedicationAdministration, Immunization, Encounter ...)"
        )
    return Chart(resources, aliases)


def _resources(text: str, file: str) -> Iterator[tuple[str, str | None, Resource]]:
    """Yield where a resource stands, its full URL, and the resource."""
    try:
        documents = [json.loads(text)]
    except json.JSONDecodeError as first:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            documents = [json.loads(line) for line in lines]
        except json.JSONDecodeError:
            raise InputError(
                file, f"line {first.lineno}: is not JSON; give a FHIR Bundle, resource or NDJSON"
            ) from None
    for document in documents:
        if not isinstance(document, dict):
            raise InputError(file, "is not a FHIR resource; give a Bundle, a resource or NDJSON")
        if document.get("resourceType") == "Bundle":
            entries = document.get("entry", [])
            if not isinstance(entries, list):
                raise InputError(file, "Bundle.entry is no list")
            for number, entry in enumerate(entries, start=1):
                if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                    yield f"entry {number}: ", entry.get("fullUrl"), entry["resource"]
        else:
            yield "", None, document


def _validate(resource: Resource, place: str, file: str) -> None:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as failure:
        first = failure.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "resource"
        raise InputError(file, f"{place}: {where}: is not valid FHIR R4 ({first['type']}); correct it") from None
