"""Single values of a FHIR resource as JSON gives them; what is not there, or of another kind, is empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from scrubjay.io import fhir_codes as codes
from scrubjay.io.records import Address

Json = dict[str, Any]


def items(resource: Json, name: str) -> list[Json]:
    """Return the objects of a list."""
    value = resource.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def part(resource: Json, name: str) -> Json:
    """Return an object."""
    value = resource.get(name)
    return value if isinstance(value, dict) else {}


def text(resource: Json, name: str) -> str:
    """Return a value as text with single blanks."""
    value = resource.get(name)
    return " ".join(str(value).split()) if value is not None else ""


def codings(concept: Any) -> list[Json]:
    """Return the codings of a CodeableConcept."""
    return items(concept, "coding") if isinstance(concept, dict) else []


def code(concept: Any, system: str = "") -> str:
    """Return the code of a CodeableConcept in a system, or its first code where none is named."""
    return next((text(c, "code") for c in codings(concept) if not system or c.get("system") == system), "")


def of_category(found: list[Json], category: str) -> list[Json]:
    """Return the objects of a category."""
    return [item for item in found if code(item.get("category")) == category]


def extension(resource: Json, name: str) -> Any:
    """Return the value of an extension of ours, or its code."""
    for one in items(resource, "extension"):
        if one.get("url") == f"{codes.EXTENSION}{name}":
            value = next((v for key, v in one.items() if key.startswith("value")), None)
            return value.get("code") if isinstance(value, dict) else value
    return None


def identifier(resource: Json, system: str) -> str:
    """Return the identifier in a system."""
    return next((text(i, "value") for i in items(resource, "identifier") if i.get("system") == system), "")


def address(resource: Json) -> Address | None:
    """Return the first address."""
    found = items(resource, "address")
    if not found:
        return None
    lines = [str(line) for line in found[0].get("line", ())]
    city, state, postal_code = (text(found[0], name) for name in ("city", "state", "postalCode"))
    return Address(lines[0] if lines else "", city, state, postal_code, " ".join(lines[1:]))


def amount(value: Any) -> Decimal | None:
    """Return the number of a Quantity or of a Money."""
    written = value.get("value") if isinstance(value, dict) else None
    try:
        number = Decimal(str(written)) if written is not None else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def day(value: Any) -> date | None:
    """Return a date, or the day of a date with a time."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def pointer(sequence: Any, position: Mapping[Any, int]) -> str:
    """Return the position of the diagnosis with a sequence number; one that leads nowhere stays out of reach."""
    found = position.get(sequence)
    if found is None:
        return str(sequence) if isinstance(sequence, int) and sequence > len(position) else "99"
    return str(found)
