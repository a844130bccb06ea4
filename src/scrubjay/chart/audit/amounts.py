"""Dose, volume, strength and container: what must agree, and what kind of package it was."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cache

from scrubjay import refdata
from scrubjay.chart.model import Administration
from scrubjay.chart.note.amounts import NUMBER, UNITS, unit

MASS = {"mcg": Decimal(1), "mg": Decimal(1000), "g": Decimal(1_000_000)}
COUNT = {"units": Decimal(1), "million units": Decimal(1_000_000)}
STRENGTH = re.compile(
    rf"(?P<number>{NUMBER})\s*(?P<unit>{'|'.join(UNITS.values())})\s*(?:/|per)\s*(?P<per>{NUMBER})?\s*(?:ml|cc)",
    re.IGNORECASE,
)
TOLERANCE = Decimal("0.02")
"""How far dose and volume times strength may differ, as a share: volumes are rounded to what a syringe shows."""


def mass(amount: str | None, named: str | None) -> tuple[Decimal, str] | None:
    """Return an amount in micrograms or units, with which of both; None where it is neither."""
    if amount is None or named is None:
        return None
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return None
    if named in MASS:
        return number * MASS[named], "mcg"
    return (number * COUNT[named], "units") if named in COUNT else None


def strength(text: str) -> tuple[Decimal, str] | None:
    """Return a strength as an amount in one millilitre; ``1%`` is 10 mg."""
    percent = re.fullmatch(r"(\d*\.?\d+)\s*%", text.strip())
    if percent:
        return Decimal(percent[1]) * 10 * MASS["mg"], "mcg"
    match = STRENGTH.search(text)
    if match is None:
        return None
    found = mass(match["number"].replace(",", ""), unit(match["unit"]))
    per = Decimal(match["per"]) if match["per"] else Decimal(1)
    return (found[0] / per, found[1]) if found and per else None


def disagree(one: Administration) -> str | None:
    """Say how dose, volume and strength contradict each other; None where they do not, or one is not stated."""
    if one.dose is None or one.volume_ml is None or one.strength is None:
        return None
    dose, held = mass(one.dose.value, one.get("unit")), strength(one.strength.value)
    volume = one.volume_ml.decimal
    if dose is None or held is None or dose[1] != held[1] or volume is None:
        return None
    reckoned = held[0] * volume
    if abs(reckoned - dose[0]) <= TOLERANCE * max(dose[0], reckoned):
        return None
    return f"{one.volume_ml.value} mL of {one.strength.value} is not {one.dose.value} {one.get('unit')}"


@cache
def _kinds() -> dict[str, str]:
    references = refdata.load()
    if not references.has("containers"):
        return {}
    return dict(references.frame("containers").select("ndc11", "dose_kind").iter_rows())


def _kind(one: Administration) -> str:
    return _kinds().get(one.get("ndc") or "", "unknown") or "unknown"


def single_dose(one: Administration) -> bool:
    """Whether the package of the NDC is a single-dose container."""
    return "single" in _kind(one)


def multi_dose(one: Administration) -> bool:
    """Whether the package of the NDC is a multi-dose container."""
    return "multi" in _kind(one)


def no_waste_asked(one: Administration) -> bool:
    """Whether nobody asks for JW or JZ of this drug: vaccines."""
    return (one.get("drug") or "").endswith("vaccine")
