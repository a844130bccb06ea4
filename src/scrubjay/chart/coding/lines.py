"""From administrations to drafts of lines: the drug, its waste, its administration, each with reason and evidence."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_CEILING, Decimal

from scrubjay.chart.coding.administer import Context, Outcome, decide
from scrubjay.chart.coding.counselling import components, counsels
from scrubjay.chart.coding.drug_lines import drug_lines, is_free, narrative
from scrubjay.chart.coding.drugs import FLUID, Product, product_of
from scrubjay.chart.coding.needles import TWICE, Needle, needle, procedures
from scrubjay.chart.coding.proposals import Draft, evidence
from scrubjay.chart.coding.services import Service
from scrubjay.chart.coding.vein import into_vein
from scrubjay.chart.coding.worksheet import Worksheet, day_of, diagnoses_of
from scrubjay.chart.model import Administration
from scrubjay.chart.tables import within


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
        when = day_of(given, day)
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
            drugs[at] = drug_lines(at, given, product, sheet)
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
    stated = {one.code for one in sheet.encounter.procedures if one.code and one.status == "done"}
    done = procedures(needles, tables, stated, two_lines=sheet.switches.two_lines)
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
    day = day_of(given, sheet.day)
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


_EVIDENCE = (
    "route", "site", "laterality", "start", "stop", "procedure", "nerve", "guidance", "guidance_report", "muscles", "lesions",
    "levels", "injections", "tests", "purpose", "counselling", "counsellor_credential", "components",
)  # fmt: skip
"""What of an administration decides its code, shown beside the line."""


def _service_line(service: Service, known: list[tuple[int, Administration, Product]], sheet: Worksheet) -> Draft:
    by = {at: given for at, given, _ in known}
    shown = [item for at in service.of for name in _EVIDENCE if (item := evidence(name, getattr(by[at], name)))]
    pointers = list(dict.fromkeys(code for at in service.of for code in diagnoses_of(by[at], sheet)))
    draft = Draft(
        service.code, service.units, list(service.of), list(service.modifiers), diagnoses=pointers,
        date=day_of(by[service.of[0]], sheet.day), why=list(service.why), evidence=shown, times=service.times, note=service.note,
    )  # fmt: skip
    sides = [
        item for at in service.of if (item := evidence("laterality", by[at].laterality or by[at].site)) is not None
    ]
    for modifier in service.sides:
        sheet.confirm.append((draft, modifier, sides))
    return draft


def _note_of_free(at: int, draft: Draft, known: list[tuple[int, Administration, Product]], sheet: Worksheet) -> None:
    """Name a drug without a line in a note of its administration."""
    given, product = next((given, product) for k, given, product in known if k == at)
    free = is_free(given, sheet.encounter)
    if free and sheet.switches.patient_supplied != "cent":
        draft.note = narrative(given, product, free, sheet)
