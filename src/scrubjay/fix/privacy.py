"""What of a segment tells who the patient is."""

from __future__ import annotations

from scrubjay.raw import _masked

_FREE_TEXT = {"NTE": 2, "K3": 1}
"""Elements in which people write sentences, sometimes about the patient by name."""


def masked(parts: list[str]) -> list[str]:
    """Return identifier and elements with names, addresses, birth dates, member numbers and notes replaced by dots."""
    at = _FREE_TEXT.get(parts[0])
    return ["." * len(part) if k == at else part for k, part in enumerate(_masked(parts))]


def is_personal(parts: list[str], element: int) -> bool:
    """Say whether an element of a segment is one of those."""
    full = parts + ["x"] * (element + 1 - len(parts))
    full[element] = "x"
    return masked(full)[element] != "x"
