"""From administrations to drafts of lines: the drug, its waste, its administration, each with reason and evidence."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from scrubjay.chart.coding.administer import Context, Outcome, decide
from scrubjay.chart.coding.amounts import Amount, amount_of, ndc_quantity
from scrubjay.chart.coding.counselling import components, counsels
from scrubjay.chart.coding.drugs import FLUID, Product, product_of
from scrubjay.chart.coding.needles import TWICE, Needle, needle, procedures
from scrubjay.chart.coding.proposals import Draft, Proposal, evidence
from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.coding.services import Service
from scrubjay.chart.coding.vein import into_vein
from scrubjay.chart.model import Administration, Encounter
from scrubjay.chart.tables import within
from scrubjay.edits.told import FREE, NOT_FREE

CENT = Decimal("0.01")
_NARRATIVE = 80
_SHOWN = ("drug", "dose", "unit", "volume_ml", "route", "site", "laterality", "ndc", "waste")


@dataclass(frozen=True)
class Switches:
    """What this payer wants, by the policy in force on the day."""

    policy: str
    jw_jz: str
    ndc: str
    patient_supplied: str
    g_codes: bool
    g0012: bool
    route_modifier: bool
    two_lines: bool


@dataclass
class Worksheet:
    """What is gathered while an encounter is coded."""

    encounter: Encounter
    day: dt.date
    tables: Tables
    switches: Switches
    diagnoses: list[str]
    drafts: list[Draft] = field(default_factory=list)
    confirm: list[tuple[Draft, str, list[dict[str, object]]]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)


def draft_lines(sheet: Worksheet) -> None:
    """Add the drafts of every administration that was given; those that were not are rejected with their status."""
    tables, day = sheet.tables, sheet.day
    known = _known(sheet)
    counsel = counsels(sheet.encounter, known, day, tables, sheet.switches.g_codes)
    context = Context(
        day, tables, sheet.switches.g_codes, sheet.switches.g0012, tables.dx_in(sheet.diagnoses, "DX_CANCER"), counsel
    )
    sheet.missing += [one.ask for one in counsel.values() if one.ask]
    veins: dict[dt.date, list[tuple[int, Administration, Product]]] = {}
    fluids: dict[dt.date, list[tuple[int, Administration, Product]]] = {}
    needles: list[Needle] = []
    services: dict[tuple[str, dt.date], Service] = {}
    drugs: dict[int, list[Draft]] = {}
    for at, given, product in known:
        beside = any(other != at for other, _, _ in known)
        outcome = decide(at, given, product, beside, context)
        sheet.missing += outcome.missing
        sheet.rejected += outcome.rejected
        when = _day(given, day)
        needled = outcome.kind == "family" or (
            outcome.kind == "code" and tables.bilateral(outcome.code or "", day) in TWICE
        )
        if outcome.kind == "none":
            sheet.rejected.append((product.code or product.name, f"{product.name}: {outcome.why}"))
            continue
        if needled and _anaesthetic(product):
            sheet.rejected.append((product.code or "", f"{product.name} is inside the procedure it numbs (M)"))
        elif not (needled and "ALLERGY_SHOT" in product.groups) and not (
            outcome.kind == "open" and FLUID in product.groups
        ):
            drugs[at] = _drug_lines(at, given, product, sheet)
        if outcome.kind == "vein":
            veins.setdefault(when, []).append((at, given, product))
        elif outcome.kind == "hydration":
            fluids.setdefault(when, []).append((at, given, product))
        elif needled:
            needles.append(needle(at, given, product, outcome, when))
        elif outcome.kind == "code":
            _administer(at, given, product, outcome, services, sheet)
    ordered: list[Service] = []
    for when in sorted({*veins, *fluids}):
        found = into_vein(veins.get(when, []), fluids.get(when, []))
        for service in found.services:
            service.day = when
        ordered += found.services
        sheet.missing += found.missing
        sheet.rejected += found.rejected
    done = procedures(needles, tables, two_lines=sheet.switches.two_lines)
    sheet.missing += done.missing
    sheet.rejected += done.rejected
    further, missing = components([*services.values()], known)
    sheet.missing += missing
    _place([*ordered, *done.services, *further], drugs, known, sheet)
    _one_line_each(sheet)


def _one_line_each(sheet: Worksheet) -> None:
    """Make one line of a drug given twice: the doses are added, then rounded, so that no line is a duplicate."""
    kept: dict[tuple[object, ...], Draft] = {}
    result: list[Draft] = []
    joined: dict[int, Draft] = {}
    for draft in sheet.drafts:
        key = (draft.code, tuple(draft.modifiers), draft.ndc, draft.ndc_unit, draft.date, draft.lot)
        first = kept.get(key)
        single = draft.exact is None or draft.narrative or draft.note or draft.charge is not None
        if first is None or single:
            if not single:
                kept[key] = draft
            result.append(draft)
            continue
        first.exact += draft.exact
        first.units = first.exact.to_integral_value(ROUND_CEILING)
        first.of += draft.of
        first.diagnoses += [code for code in draft.diagnoses if code not in first.diagnoses]
        first.evidence += draft.evidence
        first.why += [*draft.why[1:], f"one line for the day: {first.units} units"]
        if first.ndc_quantity is not None and draft.ndc_quantity is not None:
            first.ndc_quantity += draft.ndc_quantity
        joined[id(draft)] = first
    sheet.drafts = result
    confirmed: list[tuple[Draft, str, list[dict[str, object]]]] = []
    for draft, modifier, shown in sheet.confirm:
        target = joined.get(id(draft), draft)
        held = next((one for one in confirmed if one[0] is target and one[1] == modifier), None)
        if held is None:
            confirmed.append((target, modifier, list(shown)))
        else:
            held[2].extend(shown)
    sheet.confirm = confirmed


def _known(sheet: Worksheet) -> list[tuple[int, Administration, Product]]:
    """Return the administrations that were given, with a product; the others are rejected with their status."""
    known: list[tuple[int, Administration, Product]] = []
    for at, given in enumerate(sheet.encounter.administrations):
        product = product_of(given, sheet.day, sheet.tables)
        if not given.given:
            name = product.code or product.name
            sheet.rejected.append((name, f"{product.name}: {given.status}, not given at this visit"))
            continue
        sheet.missing += product.missing
        sheet.missing += [f"which {name} of {product.name} holds: record and note disagree" for name in given.conflicts]
        sheet.rejected += product.rejected
        if product.code is not None:
            known.append((at, given, product))
    return known


def _anaesthetic(product: Product) -> bool:
    return "LOCAL_ANESTHETIC" in product.groups or within("anaesthetics", product.code)


def _place(
    ordered: list[Service],
    drugs: dict[int, list[Draft]],
    known: list[tuple[int, Administration, Product]],
    sheet: Worksheet,
) -> None:
    """Add the lines of the services, each with its drugs after it, then drugs without a service."""
    placed: set[int] = set()
    for service in ordered:
        draft = _service_line(service, known, sheet)
        sheet.drafts.append(draft)
        for at in service.of:
            if at not in placed:
                sheet.drafts += drugs.get(at, [])
                placed.add(at)
            _note_of_free(at, draft, known, sheet)
    for at, _, _ in known:
        if at not in placed:
            sheet.drafts += drugs.get(at, [])


def _administer(
    at: int,
    given: Administration,
    product: Product,
    outcome: Outcome,
    services: dict[tuple[str, dt.date], Service],
    sheet: Worksheet,
) -> None:
    """Count an administration under its code: the first of a family, then the further ones; a shared syringe once."""
    code = outcome.code or ""
    day = _day(given, sheet.day)
    shared = given.same_syringe
    first = services.get((code, day))
    if shared is not None and any(shared in service.of for service in services.values()):
        service = next(service for service in services.values() if shared in service.of)
        service.of.append(at)
        service.why.append(f"{product.name} was in the same syringe: one injection")
        return
    injections = sheet.tables.two_syringes(product.code or "")
    if first is None and outcome.further not in (None, code):
        # A vaccine by mouth after one by needle is a further one, too: a day has one first code of a family.
        others = sheet.tables.groups(code, day) & {"VAXA_PLAIN"}
        held = any(when == day and others & sheet.tables.groups(one, day) for one, when in services)
        first = Service(code, Decimal(0), []) if held and others else None
    if first is not None and outcome.further not in (None, code):
        code = outcome.further or code
        first = services.get((code, day))
    if first is not None and outcome.further is None:
        first.of.append(at)
        first.why.append(f"{product.name}: {code} is reported once")
        return
    why = f"{product.name} {_said(given)}: {outcome.why}"
    if injections > 1:
        why += f"; one dose of {product.code} is {injections} injections"
    if first is None:
        services[code, day] = Service(code, Decimal(injections), [at], [why], day)
    else:
        first.units += injections
        first.of.append(at)
        first.why.append(why)


def _said(given: Administration) -> str:
    words = [given.get("route"), given.get("laterality"), given.get("site")]
    return " ".join(word for word in words if word)


def _day(given: Administration, day: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(given.get("date") or "")
    except ValueError:
        return day


_EVIDENCE = (
    "route", "site", "laterality", "start", "stop", "procedure", "nerve", "guidance", "guidance_report", "muscles", "lesions",
    "levels", "injections", "tests", "purpose", "counselling", "counsellor", "counsellor_credential", "components",
)  # fmt: skip
"""What of an administration decides its code, shown beside the line."""


def _service_line(service: Service, known: list[tuple[int, Administration, Product]], sheet: Worksheet) -> Draft:
    by = {at: given for at, given, _ in known}
    shown = [item for at in service.of for name in _EVIDENCE if (item := evidence(name, getattr(by[at], name)))]
    pointers = list(dict.fromkeys(code for at in service.of for code in diagnoses_of(by[at], sheet)))
    draft = Draft(
        service.code, service.units, list(service.of), list(service.modifiers), diagnoses=pointers,
        date=_day(by[service.of[0]], sheet.day), why=list(service.why), evidence=shown, times=service.times,
    )  # fmt: skip
    sides = [
        item for at in service.of if (item := evidence("laterality", by[at].laterality or by[at].site)) is not None
    ]
    for modifier in service.sides:
        sheet.confirm.append((draft, modifier, sides))
    return draft


def diagnoses_of(given: Administration, sheet: Worksheet) -> list[str]:
    """Return the encounter's diagnoses that the chart gives as the reason for an administration.

    Its own diagnosis, else those of its order, else the only diagnosis there is; several without a link are a question.
    """
    own = given.get("diagnosis")
    order = next((o for o in sheet.encounter.orders if o.id is not None and o.id == given.order_id), None)
    for stated in ([own] if own else [], order.diagnoses if order is not None else []):
        found = [code for word in stated if (code := _matching(word, sheet)) is not None]
        if found:
            return found
    if own and not re.fullmatch(r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", own):
        question = f"the ICD-10-CM code of {own!r}, the reason for {given.get('drug') or 'the injection'}"
        if len(sheet.diagnoses) != 1:
            _ask(sheet, question)
            return []
    if len(sheet.diagnoses) == 1:
        return list(sheet.diagnoses)
    _ask(sheet, f"which diagnosis {given.get('drug') or 'the injection'} was given for")
    return []


def _ask(sheet: Worksheet, question: str) -> None:
    if question not in sheet.missing:
        sheet.missing.append(question)


def _matching(word: str, sheet: Worksheet) -> str | None:
    plain = word.replace(".", "").upper()
    for code in sheet.diagnoses:
        if code.replace(".", "").upper() == plain:
            return code
    for diagnosis in sheet.encounter.diagnoses:
        if diagnosis.code and diagnosis.text and diagnosis.text.lower() == word.lower():
            return diagnosis.code if diagnosis.code in sheet.diagnoses else None
    return None


def _drug_lines(at: int, given: Administration, product: Product, sheet: Worksheet) -> list[Draft]:
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
        date=_day(given, sheet.day), why=[*product.why, *amount.why], evidence=shown, exact=amount.exact,
    )  # fmt: skip
    _ndc(draft, given, product, amount, sheet)
    _route_modifier(draft, given, sheet)
    if product.noc or free:
        draft.narrative = _narrative(given, product, free, sheet)
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
            _ask(sheet, f"the NDC of {product.name}: this payer wants it on the line")
        return
    listing = sheet.tables.ndc(product.ndc, sheet.day)
    listing = listing if listing is not None and listing.code == product.code else None
    found = ndc_quantity(given, listing, amount.units)
    if found is None:
        _ask(sheet, f"the quantity of NDC {product.ndc} in milliliters or pieces")
        return
    draft.ndc_quantity, draft.ndc_unit = found


def _narrative(given: Administration, product: Product, free: str, sheet: Worksheet) -> str | None:
    """Return drug, strength, dose and route in words (SV101-7); words that do not fit are a question, never cut."""
    dose = f"{given.get('dose')} {given.get('unit')}" if given.dose is not None and given.unit is not None else ""
    strength = (given.get("strength") or "").replace("/", " PER ")
    parts = [product.name, strength, dose, given.get("route") or "", free]
    text = re.sub(r"[^A-Z0-9 .,()-]", " ", " ".join(part for part in parts if part).upper())
    text = " ".join(text.split())
    if not dose or given.route is None:
        _ask(sheet, f"dose and route of {product.name} for its narrative")
    if len(text) > _NARRATIVE:
        _ask(sheet, f"a shorter narrative for {product.name}: {len(text)} characters, {_NARRATIVE} fit")
        return None
    return text


def _note_of_free(at: int, draft: Draft, known: list[tuple[int, Administration, Product]], sheet: Worksheet) -> None:
    """Name a drug without a line in a note of its administration."""
    given, product = next((given, product) for k, given, product in known if k == at)
    free = is_free(given, sheet.encounter)
    if free and sheet.switches.patient_supplied != "cent":
        draft.note = _narrative(given, product, free, sheet)


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
        _ask(sheet, f"whether {product.name} came from a single-dose container: JW or JZ depends on it")
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
        _ask(sheet, f"how much of {product.name} was discarded, or that nothing was: JW or JZ depends on it")
        return []
    if wants in ("required", "expected"):
        draft.modifiers.append("JZ")
        draft.why.append("nothing discarded: JZ" if given.waste is not None else "the dose is the whole container: JZ")
        sheet.confirm.append((draft, "JZ", list(shown)))
    return []
