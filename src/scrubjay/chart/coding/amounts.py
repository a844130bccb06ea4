"""From the dose in the chart to units of the code, waste and the quantity of the NDC, with the arithmetic in words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from scrubjay.chart.coding.drugs import Product
from scrubjay.chart.coding.reference import Listing
from scrubjay.chart.model import Administration

_MASS = {"mcg": Decimal("0.001"), "ug": Decimal("0.001"), "mg": Decimal(1), "g": Decimal(1000)}
_COUNT = {
    "units": Decimal(1),
    "unit": Decimal(1),
    "IU": Decimal(1),
    "iu": Decimal(1),
    "million units": Decimal(1000000),
}
_VOLUME = {"mL": Decimal(1), "cc": Decimal(1), "L": Decimal(1000), "liter": Decimal(1000)}
_STRENGTH = re.compile(
    r"([\d,.]+)\s*(mcg|ug|mg|g|units|unit|iu|million units)\s*/\s*([\d.]*)\s*(?:ml|cc)", re.IGNORECASE
)
_SET, _SET_FIRST = "2mg/3mg set", Decimal(2)
"""The unit of a pair of drugs, and how much of the first it holds, mg."""
_PAIR = re.compile(r"(\d[\d,.]*)\s*(?:mg)?\s*/\s*(\d[\d,.]*)\s*mg", re.IGNORECASE)


@dataclass
class Amount:
    """Units to bill, units of waste, what the container decides, in words."""

    units: Decimal | None = None
    exact: Decimal | None = None
    """Units before rounding, where there was something to round."""
    waste_units: Decimal | None = None
    whole: bool = False
    why: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def amount_of(given: Administration, product: Product, injections: int) -> Amount:
    """Return the units of a given product; what cannot be reckoned is missing, never assumed."""
    out = Amount()
    unit = product.unit
    if product.noc:
        out.units = Decimal(1)
        out.why.append("an unclassified drug is one unit, its dose stands in the narrative")
        return out
    if unit is None:
        if "VAXP" in product.groups or product.groups & {"PPD", "ALLERGY_SHOT"}:
            out.units = Decimal(1)
            out.why.append("one dose, one unit")
        else:
            out.missing.append(f"the amount that one unit of {product.code} is; no table says it")
        return out
    if unit.unit in ("dose", "claim line"):
        out.units = Decimal(injections if product.code == "90381" and injections > 1 else 1)
        out.why.append(f"{product.code} is billed by the dose: {_n(out.units)}")
        return out
    dose = _amount(given.get("dose"), given.get("unit"), given, unit.unit)
    if given.dose is None and given.volume_ml is not None:
        # "5 mL" of a drug is its dose where the code counts milliliters, or where the chart says how strong it is.
        dose = _amount(given.get("volume_ml"), "mL", given, unit.unit)
    if dose is None:
        said = f" (the chart says {given.get('dose')} {given.get('unit') or ''})".rstrip() if given.dose else ""
        out.missing.append(f"the dose of {product.name} in {unit.unit}{said}")
        return out
    if dose <= 0:
        out.missing.append(f"a dose of {product.name} above zero")
        return out
    exact = out.exact = dose / unit.amount
    out.units = exact.to_integral_value(ROUND_CEILING)
    rounded = exact != out.units
    shown = exact.quantize(Decimal("0.0001")) if rounded else exact
    words = f"{_n(dose)} {unit.unit} / {_n(unit.amount)} {unit.unit} = {_n(shown)}"
    words += f" = {_n(out.units)}" if rounded else ""
    out.why.append(f"{words} {_unit_word(out.units)}{', rounded up' if rounded else ''}")
    wasted = _amount(given.get("waste"), given.get("waste_unit") or given.get("unit"), given, unit.unit)
    if given.waste is not None and wasted is None:
        out.missing.append(f"the discarded amount of {product.name} in {unit.unit}")
    if wasted is not None:
        total = ((dose + wasted) / unit.amount).to_integral_value(ROUND_FLOOR)
        out.waste_units = max(total - out.units, Decimal(0))
        if wasted:
            out.why.append(
                f"discarded {_n(wasted)} {unit.unit}: ({_n(dose)} + {_n(wasted)}) / {_n(unit.amount)} = {_n(total)} units of the "
                f"container, less {_n(out.units)} given = {_n(out.waste_units)} units of waste"
            )
    return out


def _amount(value: str | None, unit: str | None, given: Administration, wanted: str) -> Decimal | None:
    """Return an amount in the unit of a code; milliliters by the strength the chart states."""
    if value is None:
        return None
    number = Decimal(value)
    if wanted == _SET:
        # Both drugs are in milligrams; a bare number does not say of which it speaks.
        stated = given.dose if given.dose is not None and value == given.dose.value else None
        found = _PAIR.search(stated.text or "") if stated is not None else None
        if found is None:
            return None if number else number
        return Decimal(found[1].replace(",", "")) / _SET_FIRST
    written = (unit or "").strip()
    for family in (_MASS, _COUNT, _VOLUME):
        factors = {key.lower(): factor for key, factor in family.items()}
        if written.lower() in factors and wanted.lower() in factors:
            return number * factors[written.lower()] / factors[wanted.lower()]
    if written.lower() in ("ml", "cc"):
        return _by_strength(number, given.get("strength"), wanted)
    if wanted == "mL" and given.volume_ml is not None and given.dose is not None and value == given.dose.value:
        return given.volume_ml.decimal
    return None


def _by_strength(volume: Decimal, strength: str | None, wanted: str) -> Decimal | None:
    found = _STRENGTH.search(strength or "")
    if found is None:
        return None
    each = Decimal(found[1].replace(",", "")) / (Decimal(found[3]) if found[3] else Decimal(1))
    for family in (_MASS, _COUNT):
        factors = {key.lower(): factor for key, factor in family.items()}
        if found[2].lower() in factors and wanted.lower() in factors:
            return volume * each * factors[found[2].lower()] / factors[wanted.lower()]
    return None


def ndc_quantity(given: Administration, listing: Listing | None, units: Decimal | None) -> tuple[Decimal, str] | None:
    """Return quantity and unit of measure of the NDC: milliliters of a liquid, pieces of a powder or kit."""
    if listing is not None and units is not None and listing.liquid is not None:
        if listing.liquid:
            return (units * listing.size / listing.units).quantize(Decimal("0.001")).normalize(), "ML"
        pieces = (units / listing.units).to_integral_value(ROUND_CEILING)
        return pieces, "UN"
    stated = given.volume_ml
    if stated is None and (given.get("unit") or "").lower() in ("ml", "cc"):
        stated = given.dose
    if stated is not None and (volume := stated.decimal):
        return volume, "ML"
    if re.search(r"kit|vial|powder", given.get("container") or "", re.IGNORECASE) and listing is not None and units:
        return (units / listing.units).to_integral_value(ROUND_CEILING), "UN"
    return None


def _unit_word(count: Decimal) -> str:
    return "unit" if count == 1 else "units"


def _n(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
