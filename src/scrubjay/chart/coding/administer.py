"""Under which code a drug was given: the table of administrations, read from the top."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from scrubjay.chart import tables as vocabulary
from scrubjay.chart.coding.counselling import Counsel
from scrubjay.chart.coding.drugs import Product
from scrubjay.chart.coding.facts import hydrating, procedure_of
from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.model import Administration
from scrubjay.chart.tables import phrases, within


@dataclass(frozen=True)
class Context:
    """What besides the drug decides the code: the day, the payer's switches, the diagnoses, who was counselled."""

    day: dt.date
    tables: Tables
    g_codes: bool
    g0012: bool
    cancer: bool
    counsel: dict[int, Counsel] = field(default_factory=dict)


@dataclass
class Outcome:
    """What the table says of one administration: a code, a family of codes, nothing to bill, or what is missing.

    ``kind`` is ``code``, ``family`` (its rows decide), ``vein``, ``hydration``, ``itself`` (the product's code is the
    service), ``none`` (nothing to bill) or ``open``.
    """

    kind: str = "open"
    code: str | None = None
    further: str | None = None
    why: str = ""
    missing: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


def decide(at: int, given: Administration, product: Product, beside: bool, context: Context) -> Outcome:
    """Return the first row of the table of administrations that fits; ``beside`` another drug was given with it."""
    route = given.get("route")
    flags = _flags(at, given, product, beside, context)
    for row in vocabulary.rows("administration"):
        if row["groups"] and not _in(row["groups"], product):
            continue
        if row["flags"] and not set(phrases(row["flags"])) <= flags:
            continue
        if row["routes"] and route not in phrases(row["routes"]):
            continue
        return _outcome(at, row, given, product, context)
    out = Outcome()
    if route is None:
        out.missing.append(f"the route of {product.name}: without it no administration code can be chosen")
    else:
        out.missing.append(f"an administration code for {product.name} by route {route}; the table has none")
    return out


def _in(groups: str, product: Product) -> bool:
    """Whether a product is of one of some groups: of the references, of a table of the chart (``@name``), or codes."""
    for group in phrases(groups):
        if group.startswith("@"):
            found = within(group[1:], product.code)
        else:
            low, dash, high = group.partition("-")
            found = low <= (product.code or "") <= high if dash else group in product.groups
        if found:
            return True
    return False


def _flags(at: int, given: Administration, product: Product, beside: bool, context: Context) -> set[str]:
    words = " ".join(v.text or v.value for v in given.values().values())
    counsel = context.counsel.get(at)
    procedure = procedure_of(given)
    flags = {
        "beside": beside,
        "not-vaccine": "VAXP" not in product.groups,
        "g-codes": context.g_codes,
        "rsv-codes": context.tables.in_group("96381", "RSV_ADMIN", context.day),
        "g0012": context.g0012 and context.tables.in_group("G0012", "PREP_ADMIN", context.day),
        "on-body": context.tables.on_body(product.ndc, words),
        "cancer": context.cancer,
        "counselled": counsel is not None and counsel.counselled,
        "hydrating": hydrating(given),
    }
    found = {name for name, holds in flags.items() if holds}
    if given.purpose is not None:
        found.add(given.purpose.value.lower())
    if procedure is not None:
        found.add("-".join(procedure.lower().split()))
    return found


def _outcome(at: int, row: dict[str, str], given: Administration, product: Product, context: Context) -> Outcome:
    out = Outcome(why=f"{row['why']} ({row['source']})")
    kind, _, name = row["code"].partition(":")
    if kind in ("none", "vein", "hydration", "itself"):
        out.kind = kind
    elif kind == "ask":
        out.missing.append(f"{row['why']}: {product.name}")
    elif kind == "family":
        out.kind, out.code = "family", name
    else:
        out.kind, out.code, out.further = "code", row["code"], row["further"] or None
        out.rejected += alternatives(out.code or "", given, product, context.counsel.get(at))
        if product.antibody and out.code == "96372" and "ONC_NOT_COMPLEX" not in product.groups:
            why = f"not decided: no table says whether {product.code} is among the complex biologics that take it"
            out.rejected.append(("96401", f"{why}; the payer's list does"))
    return out


def alternatives(
    chosen: str, given: Administration, product: Product, counsel: Counsel | None = None, minutes: int | None = None
) -> list[tuple[str, str]]:
    """Return the codes a reader may have expected, each with the reason against it."""
    biologic = product.antibody and "ONC_NOT_COMPLEX" not in product.groups
    words = {
        "drug": product.name,
        "route": given.get("route") or "no route",
        "minutes": f"{minutes} minutes" if minutes is not None else "a push",
        "counsel": counsel.why if counsel is not None else "no counselling is documented",
    }
    return [
        (row["code"], row["why"].format(**words))
        for row in vocabulary.rows("alternatives")
        if row["chosen"] == chosen
        and (not row["when"] or _in(row["when"], product))
        and not (biologic and row["code"] == "96401")
    ]
