"""What was given, as a product of the code tables: its code on the day, the unit of that code, its groups."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from scrubjay.chart.coding.reference import Tables, Unit, normal
from scrubjay.chart.model import Administration
from scrubjay.chart.tables import phrases, rows

NOC, NOC_BIOLOGIC = "J3490", "J3590"


@dataclass(frozen=True)
class Product:
    """The product of an administration; without a ``code`` the reason stands in ``missing``."""

    name: str
    code: str | None
    unit: Unit | None = None
    groups: frozenset[str] = frozenset()
    why: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()
    ndc: str | None = None
    noc: bool = False
    routes: tuple[str, ...] = field(default=())
    antibody: bool = False


def ndc11(written: str | None) -> str | None:
    """Return an NDC in its eleven digits where hyphens say which part lacks a zero; else as it is written."""
    if not written:
        return None
    parts = written.split("-")
    lengths = tuple(len(part) for part in parts)
    if lengths in ((4, 4, 2), (5, 3, 2), (5, 4, 1), (5, 4, 2)) and all(part.isdigit() for part in parts):
        return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)
    return written


def product_of(given: Administration, day: dt.date, tables: Tables) -> Product:
    """Find the product: by its NDC, by the code the chart states, by its name."""
    written = given.drug.text if given.drug is not None else None
    name = given.get("drug") or written or given.get("ndc") or "a drug without a name"
    ndc = ndc11(given.get("ndc"))
    if (fluid := _fluid(name, given, day, tables)) is not None:
        return fluid
    rejected: list[tuple[str, str]] = []
    candidates, how = _candidates(given, day, tables, ndc, rejected)
    live = tuple(code for code in candidates if tables.in_force(code, day))
    rejected += [(code, f"not in force on {day}") for code in candidates if code not in live]
    live = _by_dose(live, given)
    if len(live) > 1:
        words = f"which product of {name} was given: {', '.join(live)} (its NDC or brand decides)"
        return Product(name, None, missing=(words,), rejected=tuple(rejected), ndc=ndc)
    if not live:
        return _unlisted(name, given, day, tables, candidates, rejected)
    code = live[0]
    found = tables.drugs.get(code)
    routes = tuple(found["routes"]) if found is not None else ()
    unit, groups = tables.unit(code), frozenset(tables.groups(code, day))
    antibody = tables.biologic(code) and "VAXP" not in groups
    why = (f"{name} is {code} {how}",)
    return Product(name, code, unit, groups, why, (), tuple(rejected), ndc, False, routes, antibody)


FLUID = "FLUID"
"""Group of the fluids of a bag, which have a code for each size."""


def _fluid(name: str, given: Administration, day: dt.date, tables: Tables) -> Product | None:
    """Return a bag of fluid into a vein by its size; None for what is no fluid, or too little to be a bag."""
    if given.get("route") != "IV":
        return None
    sizes = [
        (Decimal(row["ml"]), row["code"])
        for row in rows("fluids")
        if normal(name) in phrases(row["names"])
        or normal(given.drug.text or "" if given.drug else "") in phrases(row["names"])
    ]
    volume = _milliliters(given)
    if not sizes or (volume is not None and volume < min(size for size, _ in sizes)):
        return None
    groups = frozenset({FLUID})
    fitting = [(size, code) for size, code in sizes if volume is not None and volume % size == 0]
    if (given.get("purpose") or "hydration").lower() != "hydration":
        return Product(name, sizes[0][1], None, groups)
    if volume is None or not fitting:
        said = "how many milliliters" if volume is None else f"the bags that made {format(volume.normalize(), 'f')} mL"
        listed = ", ".join(f"{code} is {size} mL" for size, code in sizes)
        return Product(name, None, None, groups, missing=(f"{said} of {name} ran, and for what: {listed}",))
    size, code = max(fitting)
    found = groups | tables.groups(code, day)
    return Product(
        name,
        code,
        Unit(size, "mL", "HCPCS"),
        found,
        (f"{name} is {code}, a bag of {size} mL",),
        ndc=ndc11(given.get("ndc")),
    )


def _milliliters(given: Administration) -> Decimal | None:
    if given.volume_ml is not None:
        return given.volume_ml.decimal
    factor = {"ml": 1, "cc": 1, "l": 1000, "liter": 1000, "litre": 1000, "liters": 1000}.get(
        (given.get("unit") or "").lower()
    )
    dose = given.dose.decimal if given.dose is not None else None
    return dose * factor if dose is not None and factor is not None else None


def _candidates(
    given: Administration, day: dt.date, tables: Tables, ndc: str | None, rejected: list[tuple[str, str]]
) -> tuple[tuple[str, ...], str]:
    """Return the codes that may be the product's, and how they were found."""
    written = given.drug.text if given.drug is not None else None
    named = tables.named(written, given.get("drug"))
    if ndc:
        vaccine = tables.vaccine(ndc, given.cvx)
        if vaccine:
            return vaccine, f"by NDC {ndc} (CDC)"
        listing = tables.ndc(ndc, day)
        if listing is not None:
            rejected += [
                (code, f"NDC {ndc} is {listing.code}")
                for code in named
                if code != listing.code and tables.in_force(code, day)
            ]
            return (listing.code,), f"by NDC {ndc} in the CMS crosswalk"
    if given.cvx and (vaccine := tables.vaccine(None, given.cvx)):
        return vaccine, f"by CVX {given.cvx} (CDC)"
    if named:
        if given.code and given.code in named:
            return (given.code,), "as the chart states"
        return named, "by its name"
    if given.code:
        return (given.code,), "as the chart states"
    return (), ""


def _by_dose(live: tuple[str, ...], given: Administration) -> tuple[str, ...]:
    """Choose between codes that differ by the size of one dose."""
    dose = given.dose.decimal if given.dose is not None else None
    if dose is None:
        return live
    if set(live) == {"Q9991", "Q9992"}:
        return ("Q9991",) if dose <= 100 else ("Q9992",)
    if set(live) == {"90380", "90381"}:
        return ("90380",) if dose <= 50 else ("90381",)
    return live


def _unlisted(
    name: str,
    given: Administration,
    day: dt.date,
    tables: Tables,
    ended: tuple[str, ...],
    rejected: list[tuple[str, str]],
) -> Product:
    """Return a product without a code in force: the unclassified code, unless the code list knows the substance."""
    ndc = ndc11(given.get("ndc"))
    if ended:
        words = f"a code for {name} on {day}: {', '.join(ended)} were not in force"
        return Product(name, None, missing=(words,), rejected=tuple(rejected), ndc=ndc)
    if given.drug is None:
        return Product(name, None, missing=("the drug: the chart names none",), rejected=tuple(rejected), ndc=ndc)
    known = tables.short(normal(name).split(" ")[0], day)
    if len(known) == 1:
        code = known[0]
        why = (f"{name} is {code} by the name in the HCPCS file",)
        return Product(
            name, code, tables.unit(code), frozenset(tables.groups(code, day)), why, (), tuple(rejected), ndc,
            antibody=tables.biologic(code),
        )  # fmt: skip
    if known:
        words = f"which product of {name} was given: {', '.join(known[:6])} (its NDC or brand decides)"
        return Product(name, None, missing=(words,), rejected=tuple(rejected), ndc=ndc)
    code = NOC_BIOLOGIC if normal(name).endswith(("mab", "cept")) else NOC
    why = (f"{name} has no code of its own in the tables: {code}, one unit, with the drug in words",)
    return Product(
        name, code, tables.unit(code), frozenset(tables.groups(code, day)), why, (), tuple(rejected), ndc, True
    )
