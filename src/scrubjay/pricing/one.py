"""The price of one line, and who pays which share of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from scrubjay.errors import ReferenceDataError
from scrubjay.pricing.estimate import INPUT, estimate_lines
from scrubjay.pricing.schedule import schedule
from scrubjay.refdata import References

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Price:
    """An allowed amount in dollars and what it rests on; None where the tables give no amount."""

    allowed: Decimal | None
    basis: str | None


@dataclass(frozen=True)
class Shares:
    """How an allowed amount is paid, in dollars: the patient's coinsurance, the sequestration, what Medicare pays."""

    patient: Decimal
    sequestration: Decimal
    medicare: Decimal


def price_of(
    refs: References,
    code: str,
    day: dt.date,
    *,
    zip_code: str | None = None,
    facility: bool = False,
    units: Decimal = Decimal(1),
    modifiers: tuple[str, ...] = (),
    taxonomy: str | None = None,
) -> Price:
    """Return what Medicare allows for one line alone; without ``zip_code`` the national amount.

    Raises ReferenceDataError where the fee schedule tables are not loaded.
    """
    tables = schedule(refs)
    if tables is None:
        raise ReferenceDataError("the fee schedule tables are not loaded; see scrubjay refs list")
    mods = (*modifiers, None, None, None, None)[:4]
    row = {
        "line_id": 0,
        "claim_id": 0,
        "code": code,
        **{f"mod{k}": mod for k, mod in enumerate(mods, 1)},
        "units_milli": int(units * 1000),
        "charge_cents": None,
        "service_date": day,
        "facility": facility,
        "zip": zip_code,
        "taxonomy": taxonomy,
        "provider": None,
    }
    _, cents, basis = estimate_lines(pl.DataFrame([row], schema=INPUT), tables).row(0)
    return Price(None if cents is None else (Decimal(cents) / 100).quantize(_CENT), basis)


def shares(refs: References, allowed: Decimal, day: dt.date) -> Shares:
    """Split an allowed amount of a service with coinsurance: 80/20, and the sequestration off Medicare's part.

    The deductible is taken as met.  Each share is rounded half up to the cent; the three add up to ``allowed``.
    """
    tables = schedule(refs)
    if tables is None:
        raise ReferenceDataError("the fee schedule tables are not loaded; see scrubjay refs list")

    def part(rule: str, amount: Decimal) -> Decimal:
        permille = tables.permille(rule, None, "all", day) or 0
        return (amount * permille / 1000).quantize(_CENT, ROUND_HALF_UP)

    patient = part("coinsurance", allowed)
    sequestration = part("sequestration", allowed - patient)
    return Shares(patient, sequestration, allowed - patient - sequestration)
