"""FHIR's codes and quantities as the values of the encounter document."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from scrubjay import refdata
from scrubjay.chart.note import amounts, fields, places
from scrubjay.chart.note.vocabulary import vocabulary
from scrubjay.chart.tables import rows

NDC = "http://hl7.org/fhir/sid/ndc"
CVX = "http://hl7.org/fhir/sid/cvx"
CPT = ("http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12")
HCPCS = re.compile(r"hcpcs", re.IGNORECASE)
ICD10 = re.compile(r"icd-10|2\.16\.840\.1\.113883\.6\.90", re.IGNORECASE)
LOINC = "http://loinc.org"


@cache
def _codes(kind: str) -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["value"], row["laterality"]) for row in rows("fhir_codes") if row["kind"] == kind}


def status(code: str | None) -> str | None:
    """Return the status of an administration; None for a record entered in error."""
    return _codes("status").get(code or "unknown", (None, ""))[0]


def codings(concept: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the codings of a concept."""
    return list((concept or {}).get("coding", []))


def words(concept: dict[str, Any] | None) -> str | None:
    """Return what a concept is called: its text, else the first display."""
    if not concept:
        return None
    return concept.get("text") or next((one["display"] for one in codings(concept) if one.get("display")), None)


def code(concept: dict[str, Any] | None, *systems: str | re.Pattern[str]) -> str | None:
    """Return the first code of a concept in one of the systems."""
    for one in codings(concept):
        system = one.get("system", "")
        if one.get("code") and any(
            system == want if isinstance(want, str) else want.search(system) for want in systems
        ):
            return str(one["code"])
    return None


def route(concept: dict[str, Any] | None, method: dict[str, Any] | None = None) -> str | None:
    """Return a route of the contract, else the words as written."""
    if not concept:
        return None
    known = next(
        (_codes("route")[one["code"]][0] for one in codings(concept) if one.get("code") in _codes("route")), None
    )
    shown = words(concept) or next((one.get("code") for one in codings(concept)), None)
    if known is None and shown:
        known = next((hit.value for hit in places.routes(shown)), None) or shown
    if known == "IV" and re.search(r"push|bolus", words(method) or "", re.IGNORECASE):
        return "IV-push"
    return known


def site(concept: dict[str, Any] | None) -> tuple[str | None, str | None]:
    """Return site and laterality."""
    for one in codings(concept):
        if one.get("code") in _codes("site"):
            value, side = _codes("site")[one["code"]]
            return value, side or None
    shown = words(concept)
    if not shown:
        return None, None
    hit = next(places.sites(shown), None)
    if hit is None:
        return shown, None
    side_hit = next((extra.value for extra in hit.extra if extra.field == "laterality"), None)
    if side_hit is None and (match := re.search(r"\b(left|right|bilateral)\b", shown, re.IGNORECASE)):
        side_hit = match[1].lower()
    return hit.value, side_hit


def quantity(value: dict[str, Any] | None) -> tuple[str | None, str | None]:
    """Return a quantity as a decimal string and its unit."""
    if not value or value.get("value") is None:
        return None, None
    written = value.get("code") or value.get("unit") or ""
    unit = _codes("unit").get(written, (None, ""))[0] or _codes("unit").get(value.get("unit", ""), (None, ""))[0]
    if unit is None and re.fullmatch(
        rf"(?:{'|'.join(amounts.UNITS.values())})", value.get("unit") or written, re.IGNORECASE
    ):
        unit = amounts.unit(value.get("unit") or written)
    return str(value["value"]), unit or value.get("unit") or written or None


@cache
def _vaccines() -> dict[str, str]:
    references = refdata.load()
    if not references.has("vaccines"):
        return {}
    table = references.frame("vaccines").select("cvx", "short").drop_nulls()
    return {str(cvx).zfill(2): short for cvx, short in table.iter_rows()}


def drug(concept: dict[str, Any] | None) -> str | None:
    """Return the generic name of a drug or vaccine, else its words in lower case."""
    shown = words(concept)
    named = [shown, *(one.get("display") for one in codings(concept))]
    for text in filter(None, named):
        found = vocabulary().find(text, [(0, len(text))])
        if found:
            return max(found, key=lambda mention: mention.end - mention.start).name.generic
    cvx = code(concept, CVX)
    if shown is None and cvx is not None:
        shown = _vaccines().get(cvx.zfill(2))
    return shown.lower() if shown else None


def ndc(concept: dict[str, Any] | None) -> str | None:
    """Return the NDC of a concept, eleven digits where its form allows it."""
    written = code(concept, NDC)
    return (fields.ndc11(written) or written) if written else None


def moment(text: str | None) -> tuple[str | None, str | None]:
    """Return date and HH:MM of a FHIR dateTime, at the place where it was written."""
    if not text:
        return None, None
    match = re.match(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}))?", text)
    return (match[1], match[2]) if match else (None, None)
