"""The order of services into a vein: one first service, drugs after and beside it, hours, and hydration last."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from scrubjay.chart import tables as vocabulary
from scrubjay.chart.coding.administer import alternatives
from scrubjay.chart.coding.drugs import Product
from scrubjay.chart.coding.services import Service
from scrubjay.chart.model import Administration
from scrubjay.chart.tables import within

FACILITY_PUSH = "96376"
_PUSH_MINUTES = 15
_HOUR, _NEXT_HOUR = 60, 31
_DAY, _LONGEST = 24 * 60, 12 * 60
_ROLES = {
    "initial": "the first service into a vein",
    "sequential": "a further drug after the first",
    "concurrent": "beside another infusion",
    "additional": "a further drug by push",
}


@dataclass
class Given:
    """A drug or fluid that went into a vein, with its minutes where the chart has both clock times."""

    at: int
    given: Administration
    product: Product
    kind: str
    minutes: int | None
    spans: list[tuple[int, int]] = field(default_factory=list)
    also: list[int] = field(default_factory=list)


@dataclass
class Veins:
    """The services found, what is missing, and what was not chosen with the reason."""

    services: list[Service] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


def into_vein(
    drugs: list[tuple[int, Administration, Product]], fluids: list[tuple[int, Administration, Product]]
) -> Veins:
    """Return the services into a vein of one day: ``drugs``, and ``fluids`` that were given to hydrate.

    One first service an encounter: chemotherapy before other drugs, an infusion before a push, hydration last (NCCI
    XI.B).  An infusion is 16 minutes or more; a further hour begins 31 minutes past the last.  Hydration is 31 minutes
    or more, outside the time of another infusion.
    """
    out = Veins()
    known = _kinds(drugs, out)
    known.sort(
        key=lambda one: (
            family(one.product) != "chemotherapy",
            one.kind == "push",
            one.given.get("start") or one.given.get("time") or "",
        )
    )
    concurrent = False
    for place, one in enumerate(known):
        role = "initial" if place == 0 else "sequential" if one.kind == "infusion" else "additional"
        if role == "sequential" and any(_overlap(one, other) for other in known[:place] if other.kind == "infusion"):
            role = "concurrent"
        code = _vein(family(one.product), one.kind, role)
        if role == "concurrent" and (concurrent or not code):
            why = "concurrent infusion is reported once an encounter, and not for chemotherapy"
            out.rejected.append((code or _vein("therapeutic", "infusion", "concurrent"), why))
            continue
        concurrent = concurrent or role == "concurrent"
        said = f"{one.minutes} minutes" if one.minutes is not None else "as a push"
        why = f"{one.product.name}, {said}: {_ROLES[role]} (NCCI XI.B)"
        out.services.append(Service(code, Decimal(1), [one.at, *one.also], [why]))
        if role == "initial":
            out.rejected += alternatives(code, one.given, one.product, minutes=one.minutes)
        _undecided(one, out)
        hours = further_hours(one.minutes or 0)
        if one.kind == "infusion" and hours and role != "concurrent":
            more = f"{one.minutes} minutes: {hours} further hour{'s' if hours > 1 else ''}, each begun by 31 minutes"
            out.services.append(
                Service(_vein(family(one.product), "infusion", "hour"), Decimal(hours), [one.at], [more])
            )
    _hydration(fluids, known, out)
    return out


def _kinds(drugs: list[tuple[int, Administration, Product]], out: Veins) -> list[Given]:
    """Tell pushes from infusions; one drug twice is one push, or one infusion of both times; one bag is one infusion."""
    known: list[Given] = []
    for at, one, product in drugs:
        shared = next((other for other in known if one.same_syringe in (other.at, *other.also)), None)
        if one.same_syringe is not None and shared is not None:
            shared.also.append(at)
            continue
        span = minutes_of(one)
        if span is not None and span > _LONGEST:
            out.missing.append(
                f"start and stop of the infusion of {product.name}: {one.get('start')} to {one.get('stop')} is {span} minutes"
            )
            continue
        if one.get("route") == "IV-push" and span is not None and span > _PUSH_MINUTES:
            out.missing.append(
                f"whether {product.name} was a push or an infusion: the chart says push and {span} minutes"
            )
            continue
        push = one.get("route") == "IV-push" or (span is not None and span <= _PUSH_MINUTES)
        if span is None and one.get("route") == "IV":
            out.missing.append(
                f"start and stop of the infusion of {product.name}: 16 minutes or more is an infusion, less a push"
            )
            continue
        kind = "push" if push else "infusion"
        again = next((other for other in known if other.kind == kind and other.product.code == product.code), None)
        if again is not None and kind == "push":
            again.also.append(at)
            out.rejected.append((FACILITY_PUSH, f"a repeated push of {product.name} is reported by facilities alone"))
            continue
        if again is not None and again.minutes is not None and span is not None:
            again.minutes += span
            again.spans += _spans(one)
            again.also.append(at)
            why = f"{product.name} again: one drug, so that its times are added, and no further drug"
            out.rejected.append((_vein(family(product), "infusion", "sequential"), why))
            continue
        known.append(Given(at, one, product, kind, span, _spans(one)))
    return known


def _hydration(fluids: list[tuple[int, Administration, Product]], known: list[Given], out: Veins) -> None:
    """Add hydration: first only where nothing else went into the vein, else the further code alone."""
    first, further = _vein("hydration", "infusion", "initial"), _vein("hydration", "infusion", "hour")
    total = 0
    of: list[int] = []
    names: list[str] = []
    others = [span for one in known if one.kind == "infusion" for span in one.spans]
    for at, given, product in fluids:
        span = minutes_of(given)
        begin = _clock(given.get("start"))
        if span is None or begin is None or span > _LONGEST:
            out.missing.append(f"start and stop of the hydration with {product.name}: it begins at 31 minutes")
            continue
        free = span - _covered((begin, begin + span), others)
        if free < span:
            why = f"{span - free} of {span} minutes of {product.name} ran beside another infusion: that time is no hydration"
            out.rejected.append((further, why))
        total += free
        of.append(at)
        names.append(product.name)
    if not of:
        return
    if total < _NEXT_HOUR:
        out.rejected.append((further if known else first, f"{total} minutes: hydration begins at 31 minutes"))
        return
    said = f"hydration with {', '.join(dict.fromkeys(names))}, {total} minutes"
    hours = further_hours(total)
    if known:
        why = f"{said}: after another first service into the vein, each hour begun by 31 minutes (NCCI XI.B)"
        note = f"HYDRATION {total} MIN OUTSIDE OTHER INFUSIONS"
        out.services.append(Service(further, Decimal(1 + hours), of, [why], note=note))
        out.rejected.append((first, "another service into the vein is the first of the encounter"))
        return
    out.services.append(Service(first, Decimal(1), of, [f"{said}: the first hour (NCCI XI.B)"]))
    if hours:
        more = f"{total} minutes: {hours} further hour{'s' if hours > 1 else ''}, each begun by 31 minutes"
        out.services.append(Service(further, Decimal(hours), of[:1], [more]))


def family(product: Product) -> str:
    """Return the family of a product's services into a vein: antineoplastics have their own."""
    return "chemotherapy" if within("antineoplastics", product.code) else "therapeutic"


def further_hours(minutes: int) -> int:
    """Return the further hours of an infusion: each begins 31 minutes past the last."""
    return (minutes - _HOUR - _NEXT_HOUR) // _HOUR + 1 if minutes >= _HOUR + _NEXT_HOUR else 0


def minutes_of(given: Administration) -> int | None:
    """Return the minutes between start and stop, over midnight where it must; None without both clock times."""
    begin, end = _clock(given.get("start")), _clock(given.get("stop"))
    return None if begin is None or end is None else (end - begin) % _DAY


def _undecided(one: Given, out: Veins) -> None:
    """Say that no table decides whether an antibody is complex enough for the codes of chemotherapy."""
    if family(one.product) == "chemotherapy" or not one.product.antibody:
        return
    code = _vein("chemotherapy", one.kind, "initial")
    why = (
        f"not decided: no table says whether {one.product.code} is among the complex biologics that take it; "
        "the payer's list does"
    )
    out.rejected.append((code, why))


def _vein(family_: str, kind: str, role: str) -> str:
    for row in vocabulary.rows("infusion"):
        if (row["family"], row["kind"], row["role"]) == (family_, kind, role):
            return row["code"]
    return ""


def _covered(span: tuple[int, int], others: list[tuple[int, int]]) -> int:
    """Return how many minutes of a span lie within others."""
    inside = [(max(span[0], low), min(span[1], high)) for low, high in others]
    covered, reached = 0, span[0]
    for low, high in sorted(pair for pair in inside if pair[0] < pair[1]):
        covered += max(0, high - max(low, reached))
        reached = max(reached, high)
    return covered


def _overlap(one: Given, other: Given) -> bool:
    return any(a[0] < b[1] and b[0] < a[1] for a in one.spans for b in other.spans)


def _spans(given: Administration) -> list[tuple[int, int]]:
    """Return start and stop in minutes of the day, a stop after midnight beyond it; empty without both."""
    begin, long = _clock(given.get("start")), minutes_of(given)
    return [] if begin is None or long is None else [(begin, begin + long)]


def _clock(text: str | None) -> int | None:
    if not text or ":" not in text:
        return None
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes[:2]) if hours.isdigit() and minutes[:2].isdigit() else None
