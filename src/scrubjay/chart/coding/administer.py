"""Under which code a drug was given: the table of administrations, joints, and the order of services into a vein."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from scrubjay.chart import tables as vocabulary
from scrubjay.chart.coding.drugs import Product
from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.model import Administration
from scrubjay.chart.tables import phrases

FACILITY_PUSH = "96376"
_PUSH_MINUTES = 15
_HOUR, _NEXT_HOUR = 60, 31


@dataclass(frozen=True)
class Context:
    """What besides the drug decides the code: the day, the payer's switches, the diagnoses."""

    day: dt.date
    tables: Tables
    g_codes: bool
    g0012: bool
    cancer: bool


@dataclass
class Service:
    """An administration code with its units, the administrations it gives and the reasons."""

    code: str
    units: Decimal
    of: list[int]
    why: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What the table says of one administration: a code, nothing to bill, or what is missing."""

    code: str | None = None
    further: str | None = None
    why: str = ""
    missing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    vein: bool = False
    joint: bool = False
    billable: bool = True


def decide(given: Administration, product: Product, beside: bool, context: Context) -> Outcome:
    """Return the first row of the table of administrations that fits; ``beside`` another drug was given with it."""
    route = given.get("route")
    flags = _flags(given, product, beside, context)
    for row in vocabulary.rows("administration"):
        if row["groups"] and not _in(row["groups"], product):
            continue
        if row["flags"] and not set(phrases(row["flags"])) <= flags:
            continue
        if row["routes"] and route not in phrases(row["routes"]):
            continue
        if not row["routes"] and not row["groups"] and not row["flags"]:
            continue
        return _outcome(row, given, product, context)
    out = Outcome()
    if route is None:
        out.missing.append(f"the route of {product.name}: without it no administration code can be chosen")
    else:
        out.missing.append(f"an administration code for {product.name} by route {route}; the table has none")
    return out


def _in(groups: str, product: Product) -> bool:
    low, dash, high = groups.partition("-")
    if dash and product.code is not None:
        return low <= product.code <= high
    return bool(set(phrases(groups)) & product.groups)


def _flags(given: Administration, product: Product, beside: bool, context: Context) -> set[str]:
    words = " ".join(v.text or v.value for v in given.values().values())
    flags = {
        "beside": beside,
        "not-vaccine": "VAXP" not in product.groups,
        "g-codes": context.g_codes,
        "rsv-codes": context.tables.in_group("96381", "RSV_ADMIN", context.day),
        "g0012": context.g0012 and context.tables.in_group("G0012", "PREP_ADMIN", context.day),
        "chemodenervation": any("chemodenervation" in route for route in product.routes),
        "on-body": context.tables.on_body(product.ndc, words),
        "cancer": context.cancer,
    }
    return {name for name, holds in flags.items() if holds}


def _outcome(row: dict[str, str], given: Administration, product: Product, context: Context) -> Outcome:
    out = Outcome(why=f"{row['why']} ({row['source']})")
    code = row["code"]
    if code == "none":
        out.billable = row["groups"] in ("PPD", "ALLERGY_SHOT", "") and not row["routes"]
    elif code == "procedure":
        out.missing.append(f"the procedure for {product.name}: {row['why']}")
    elif code == "vein":
        out.vein = True
    elif code == "joint":
        out.joint = True
        found = joint(given)
        if found is None:
            out.missing.append(
                f"the joint or bursa that {product.name} went into: it decides between 20600, 20605 and 20610"
            )
        else:
            out.code = found
            out.why = f"{given.get('site') or (given.site.text if given.site else '')}: {row['why']} ({row['source']})"
    else:
        out.code, out.further = code, row["further"] or None
    if out.code is not None:
        out.rejected += alternatives("joint" if out.joint else out.code, given, product)
    return out


def alternatives(
    chosen: str, given: Administration, product: Product, minutes: int | None = None
) -> list[tuple[str, str]]:
    """Return the codes a reader may have expected, each with the reason against it."""
    found = []
    kinds = {
        "hormonal": "ONC_HORMONAL" in product.groups,
        "steroid": "JOINT_STEROID" in product.groups,
        "palivizumab": "PALIV" in product.groups,
    }
    for row in vocabulary.rows("alternatives"):
        if row["chosen"] == chosen and (not row["when"] or kinds.get(row["when"], False)):
            words = {"drug": product.name, "route": given.get("route") or "no route", "minutes": f"{minutes} minutes"}
            found.append((row["code"], row["why"].format(**words)))
    return found


def joint(given: Administration, *, guided: bool = False) -> str | None:
    """Return the code of the joint or bursa by its name; None where the chart names none of the table."""
    words = " ".join(
        (value.text or "") + " " + value.value for value in (given.site, given.route) if value is not None
    ).lower()
    for row in vocabulary.rows("joints"):
        if any(word in words for word in phrases(row["words"])):
            return row["guided" if guided else "code"]
    return None


def into_vein(
    given: list[tuple[int, Administration, Product]],
) -> tuple[list[Service], list[str], list[tuple[str, str]]]:
    """Return the services of drugs into a vein: one first service, the others after it, hours, and what is missing.

    One first service an encounter: chemotherapy before other drugs, an infusion before a push (NCCI XI.B).  An infusion
    is 16 minutes or more; a further hour begins 31 minutes past the last.
    """
    missing: list[str] = []
    rejected: list[tuple[str, str]] = []
    known: list[tuple[int, Administration, Product, str, int | None]] = []
    for at, one, product in given:
        minutes = _minutes(one)
        push = one.get("route") == "IV-push" or (minutes is not None and minutes <= _PUSH_MINUTES)
        if minutes is None and one.get("route") == "IV":
            missing.append(
                f"start and stop of the infusion of {product.name}: 16 minutes or more is an infusion, less a push"
            )
            continue
        known.append((at, one, product, "push" if push else "infusion", minutes))
    known.sort(
        key=lambda item: (
            _family(item[2]) != "chemotherapy",
            item[3] == "push",
            item[1].get("start") or item[1].get("time") or "",
        )
    )
    services: list[Service] = []
    pushed: set[str | None] = set()
    concurrent = False
    for place, (at, one, product, kind, minutes) in enumerate(known):
        family = _family(product)
        role = "initial" if place == 0 else "sequential" if kind == "infusion" else "additional"
        if role == "sequential" and any(_overlap(one, other[1]) for other in known[:place] if other[3] == "infusion"):
            role = "concurrent"
        if kind == "push" and product.code in pushed:
            rejected.append((FACILITY_PUSH, f"a repeated push of {product.name} is reported by facilities alone"))
            continue
        pushed.add(product.code if kind == "push" else None)
        code = _vein(family, kind, role)
        if role == "concurrent" and (concurrent or not code):
            rejected.append(
                (code or "96368", "concurrent infusion is reported once an encounter, and not for chemotherapy")
            )
            continue
        concurrent = concurrent or role == "concurrent"
        said = f"{minutes} minutes" if minutes is not None else "as a push"
        words = {"initial": "the first service into a vein", "sequential": "a further drug after the first",
                 "concurrent": "beside another infusion", "additional": "a further drug by push"}[role]  # fmt: skip
        services.append(Service(code, Decimal(1), [at], [f"{product.name}, {said}: {words} (NCCI XI.B)"]))
        rejected += alternatives(code, one, product, minutes) if role == "initial" else []
        hours = ((minutes or 0) - _HOUR - _NEXT_HOUR) // _HOUR + 1 if (minutes or 0) >= _HOUR + _NEXT_HOUR else 0
        if kind == "infusion" and hours and role != "concurrent":
            more = f"{minutes} minutes: {hours} further hour{'s' if hours > 1 else ''}, each begun by 31 minutes"
            services.append(Service(_vein(family, kind, "hour"), Decimal(hours), [at], [more]))
    return services, missing, rejected


def _family(product: Product) -> str:
    return "chemotherapy" if product.code is not None and "J9000" <= product.code <= "J9999" else "therapeutic"


def _vein(family: str, kind: str, role: str) -> str:
    for row in vocabulary.rows("infusion"):
        if (row["family"], row["kind"], row["role"]) == (family, kind, role):
            return row["code"]
    return ""


def _minutes(given: Administration) -> int | None:
    begin, end = _clock(given.get("start")), _clock(given.get("stop"))
    if begin is None or end is None:
        return None
    return (end - begin) % (24 * 60)


def _overlap(one: Administration, other: Administration) -> bool:
    spans = [(_clock(a.get("start")), _clock(a.get("stop"))) for a in (one, other)]
    (a, b), (c, d) = spans
    return a is not None and b is not None and c is not None and d is not None and a < d and c < b


def _clock(text: str | None) -> int | None:
    if not text or ":" not in text:
        return None
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes[:2])
