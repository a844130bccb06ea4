"""The line of a drug: units, NDC, narrative, route, and its waste as the payer wants it."""

from __future__ import annotations

import re
from decimal import Decimal

from scrubjay.chart.coding.amounts import Amount, amount_of, ndc_quantity
from scrubjay.chart.coding.drugs import FLUID, Product
from scrubjay.chart.coding.proposals import Draft, evidence
from scrubjay.chart.coding.worksheet import Worksheet, ask, day_of, diagnoses_of
from scrubjay.chart.model import Administration, Encounter
from scrubjay.edits.told import FREE, NOT_FREE

CENT = Decimal("0.01")
_NARRATIVE = 80
_SHOWN = ("drug", "dose", "unit", "volume_ml", "route", "site", "laterality", "ndc", "waste")


def drug_lines(at: int, given: Administration, product: Product, sheet: Worksheet) -> list[Draft]:
    """Return the line of a drug and, where the chart's arithmetic gives it, the line of its waste."""
    injections = sheet.tables.two_syringes(product.code or "")
    amount = amount_of(given, product, injections)
    sheet.missing += amount.missing
    free = is_free(given, sheet.encounter)
    shown = [item for name in _SHOWN if (item := evidence(name, getattr(given, name)))]
    if free and sheet.switches.patient_supplied != "cent":
        sheet.rejected.append(
            (
                product.code or "",
                f"{product.name} cost the practice nothing: this payer wants no drug line, its name stands in a note",
            )
        )
        return []
    draft = Draft(
        product.code or "", amount.units, [at], diagnoses=diagnoses_of(given, sheet), ndc=product.ndc, lot=given.get("lot"),
        date=day_of(given, sheet.day), why=[*product.why, *amount.why], evidence=shown, exact=amount.exact,
    )  # fmt: skip
    _ndc(draft, given, product, amount, sheet)
    _route_modifier(draft, given, sheet)
    if product.noc or free:
        draft.narrative = narrative(given, product, free, sheet)
    if free:
        draft.charge = CENT
        draft.why.append("the drug cost the practice nothing: a line of $0.01 with words (this payer)")
        return [draft]
    return [draft, *_waste(draft, given, product, amount, sheet)]


def _route_modifier(draft: Draft, given: Administration, sheet: Worksheet) -> None:
    """Put JA or JB on a drug that one payer list covers by one route only, as the chart states the route."""
    if not sheet.switches.route_modifier or not sheet.tables.dual_route(draft.code):
        return
    modifier = {"IV": "JA", "IV-push": "JA", "SC": "JB"}.get(given.get("route") or "")
    if modifier is not None:
        draft.modifiers.append(modifier)
        draft.why.append(f"{modifier}: given {given.get('route')}, and this payer covers the code by route")


def is_free(given: Administration, encounter: Encounter) -> str:
    """Say how the drug came to the practice without cost: supplied by the patient, or a sample; empty where it was bought.

    Words of the chart are read as those of a claim are: the values, and the sentence of the note that names the drug.
    """
    words = " ".join(v.text or v.value for v in (given.container, given.drug, given.verb) if v is not None)
    # Sample with a capital is a name.
    words += " " + re.sub(r"\bSamples?\b", "", _sentence(given, encounter))
    told = re.search(FREE, words) is not None and re.search(NOT_FREE, words) is None
    if told and re.search(r"(?i)\bsamples?\b", words):
        return "FREE SAMPLE"
    supplied = (given.get("patient_supplied") or "").lower() in ("yes", "true")
    return "SUPPLIED BY PATIENT" if told or supplied else ""


def _sentence(given: Administration, encounter: Encounter) -> str:
    """Return the sentence of the note that names the drug, empty without a note."""
    if given.note is None or given.drug is None or given.drug.start is None:
        return ""
    text = encounter.notes[given.note].text
    ends = [match.end() for match in re.finditer(r"(?<![\s(][A-Z])[.;]\s|\n\s*\n", text)]
    begin = max((end for end in ends if end <= given.drug.start), default=0)
    return text[begin : next((end for end in ends if end > given.drug.start), len(text))]


def _ndc(draft: Draft, given: Administration, product: Product, amount: Amount, sheet: Worksheet) -> None:
    wanted = sheet.switches.ndc == "all-drugs" or (sheet.switches.ndc == "noc" and product.noc)
    if not product.ndc:
        if wanted:
            ask(sheet, f"the NDC of {product.name}: this payer wants it on the line")
        return
    listing = sheet.tables.ndc(product.ndc, sheet.day)
    listing = listing if listing is not None and listing.code == product.code else None
    found = ndc_quantity(given, listing, amount.units)
    if found is None:
        ask(sheet, f"the quantity of NDC {product.ndc} in milliliters or pieces")
        return
    draft.ndc_quantity, draft.ndc_unit = found


def narrative(given: Administration, product: Product, free: str, sheet: Worksheet) -> str | None:
    """Return drug, strength, dose and route in words (SV101-7); words that do not fit are a question, never cut."""
    dose = f"{given.get('dose')} {given.get('unit')}" if given.dose is not None and given.unit is not None else ""
    strength = (given.get("strength") or "").replace("/", " PER ")
    parts = [product.name, strength, dose, given.get("route") or "", free]
    text = re.sub(r"[^A-Z0-9 .,()-]", " ", " ".join(part for part in parts if part).upper())
    text = " ".join(text.split())
    if not dose or given.route is None:
        ask(sheet, f"dose and route of {product.name} for its narrative")
    if len(text) > _NARRATIVE:
        ask(sheet, f"a shorter narrative for {product.name}: {len(text)} characters, {_NARRATIVE} fit")
        return None
    return text


def _waste(draft: Draft, given: Administration, product: Product, amount: Amount, sheet: Worksheet) -> list[Draft]:
    """Put JZ on the line or add a line with JW, where the payer wants it and the chart says what was discarded."""
    wants = sheet.switches.jw_jz
    if wants == "none" or amount.units is None or product.noc or "VAXP" in product.groups or not product.code:
        return []
    if "DRUG" not in product.groups and not sheet.tables.drugs.get(product.code):
        return []
    row = sheet.tables.drugs.get(product.code)
    if row is not None and row["jw_jz"] == "n/a":
        return []
    single = sheet.tables.single_dose(
        product.code, product.ndc, given.get("container") or ("bag" if FLUID in product.groups else None)
    )
    if single is False:
        draft.why.append("from a multi-dose container: neither JW nor JZ")
        return []
    if single is None:
        ask(sheet, f"whether {product.name} came from a single-dose container: JW or JZ depends on it")
        return []
    shown = [
        item
        for name in ("waste", "dose", "volume_ml", "container", "ndc")
        if (item := evidence(name, getattr(given, name)))
    ]
    if amount.waste_units:
        waste = Draft(
            draft.code, amount.waste_units, list(draft.of), ["JW"], list(draft.diagnoses), ndc=draft.ndc, date=draft.date,
            why=["the discarded part of a single-dose container stands on its own line with JW"], evidence=shown,
        )  # fmt: skip
        if draft.ndc_quantity is not None and draft.units:
            waste.ndc_unit = draft.ndc_unit
            waste.ndc_quantity = (draft.ndc_quantity * waste.units / draft.units).quantize(Decimal("0.001")).normalize()
        sheet.confirm.append((waste, "JW", list(shown)))
        return [waste]
    listing = sheet.tables.ndc(product.ndc, sheet.day) if product.ndc else None
    whole = listing is not None and listing.code == product.code and amount.units % listing.units == 0
    whole = whole or FLUID in product.groups
    if given.waste is None and not whole:
        ask(sheet, f"how much of {product.name} was discarded, or that nothing was: JW or JZ depends on it")
        return []
    if wants in ("required", "expected"):
        draft.modifiers.append("JZ")
        draft.why.append("nothing discarded: JZ" if given.waste is not None else "the dose is the whole container: JZ")
        sheet.confirm.append((draft, "JZ", list(shown)))
    return []
