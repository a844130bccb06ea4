"""An administration or procedure to be billed: its code, units, modifiers, and what gave rise to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class Service:
    """An administration code with its units, the administrations it gives and the reasons."""

    code: str
    units: Decimal
    of: list[int]
    why: list[str] = field(default_factory=list)
    day: dt.date | None = None
    modifiers: list[str] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)
    times: int = 1
    """How often it was done under one unit: twice with 50."""
    note: str | None = None
    """Words for the line that say what no code does."""
