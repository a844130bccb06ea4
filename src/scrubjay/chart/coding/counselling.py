"""Counselling on a vaccine: who counselled whom decides between two families of codes, and is never assumed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from scrubjay.chart.coding.drugs import Product
from scrubjay.chart.coding.reference import Tables
from scrubjay.chart.coding.services import Service
from scrubjay.chart.model import Administration, Encounter
from scrubjay.chart.tables import rows

COUNSELLED, COMPONENT = "90460", "90461"


@dataclass(frozen=True)
class Counsel:
    """Whether an administration may take the codes with counselling, why, and what must be asked."""

    counselled: bool
    why: str
    ask: str = ""


def counsels(
    encounter: Encounter, known: list[tuple[int, Administration, Product]], day: dt.date, tables: Tables, g_codes: bool
) -> dict[int, Counsel]:
    """Return what the chart says of counselling, for each vaccine and each seasonal antibody against RSV.

    The vaccines of a day take one family of codes (NCCI XI.B.13): where counselling is not documented for all of them,
    none takes the family with counselling.
    """
    found: dict[int, Counsel] = {}
    one_family: list[int] = []
    for at, given, product in known:
        if "RSV_AB" in product.groups:
            found[at] = _stated(given, product)
        elif "VAXP" in product.groups:
            if product.groups & {"COVID_VAX", *({"FLU_VAX", "PNEUMO_VAX", "HEPB_VAX"} if g_codes else ())}:
                continue
            found[at] = _of_age(_stated(given, product), encounter, day, tables, product)
            one_family.append(at)
    if any(found[at].counselled for at in one_family) and not all(found[at].counselled for at in one_family):
        names = {at: product.name for at, _, product in known}
        without = ", ".join(names[at] for at in one_family if not found[at].counselled)
        why = f"the vaccines of a day take one family of codes (NCCI XI.B.13), and none is documented for {without}"
        for at in one_family:
            if found[at].counselled:
                found[at] = Counsel(False, why)
    return found


def _stated(given: Administration, product: Product) -> Counsel:
    said = (given.get("counselling") or "").lower()
    if not said:
        return Counsel(
            False, f"no counselling by a physician or other qualified professional is documented for {product.name}"
        )
    if said in ("no", "false", "declined"):
        return Counsel(False, f"the chart says that there was no counselling on {product.name}")
    credential = given.get("counsellor_credential")
    qualified = {row["value"] for row in rows("needs") if row["kind"] == "independent"}
    if credential is None:
        who = given.get("counsellor") or "who counselled"
        why = f"counselling on {product.name} is documented, and not that a physician or other qualified professional gave it"
        return Counsel(
            False, why, f"the credential of {who}: counselling on {product.name} counts by a physician, NP or PA"
        )
    if credential not in qualified:
        return Counsel(
            False, f"counselling on {product.name} was by {credential}, and counts only by a physician, NP or PA"
        )
    return Counsel(True, f"counselling on {product.name} by {credential} is documented")


def _of_age(counsel: Counsel, encounter: Encounter, day: dt.date, tables: Tables, product: Product) -> Counsel:
    born = encounter.patient.birth_date
    if not counsel.counselled and (not counsel.ask or born is None):
        return counsel
    if born is None:
        why = "the codes with counselling end at 18 years, and the birth date is not known"
        return Counsel(False, why, f"the birth date: with counselling on {product.name} the code depends on it")
    if not tables.of_age(COUNSELLED, _months(born, day)):
        return Counsel(False, "the codes with counselling end at 18 years")
    return counsel


def _months(born: dt.date, day: dt.date) -> int:
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)


def components(
    services: list[Service], known: list[tuple[int, Administration, Product]]
) -> tuple[list[Service], list[str]]:
    """Add the further components of vaccines given with counselling after their first; what is unknown is missing."""
    by = {at: (given, product) for at, given, product in known}
    table = {row["code"]: row for row in rows("components")}
    result: list[Service] = []
    missing: list[str] = []
    for service in services:
        result.append(service)
        if service.code != COUNSELLED:
            continue
        further, of, why = 0, [], []
        for at in service.of:
            given, product = by[at]
            stated = given.components.decimal if given.components is not None else None
            row = table.get(product.code or "")
            if stated is None and row is None:
                missing.append(
                    f"the number of components of {product.name} ({product.code}): each after the first is {COMPONENT}"
                )
                continue
            count = int(stated if stated is not None else Decimal(row["components"] if row is not None else 1))
            if count > 1:
                further += count - 1
                of.append(at)
                source = "the chart" if stated is not None or row is None else row["source"]
                why.append(f"{product.name} has {count} components ({source}): {count - 1} after the first")
        if further:
            result.append(Service(COMPONENT, Decimal(further), of, why, service.day))
    return result, missing
