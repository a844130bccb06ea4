"""Proposed policy changes: what the remittances say of a level, as rules with evidence for a person to merge.

Nothing is proposed from fewer than :data:`LEAST` answered findings.  A level is raised where the lower end of the interval
of denials for the edit's own reason reaches the next level, and lowered where the upper end of the interval of denials for
any reason stays below its own: the cautious end each time.  An edit that is off or only informs is raised where it would
have been the only one to warn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from scrubjay.learn.reasons import table
from scrubjay.learn.scorecard import WARNING, Scorecard
from scrubjay.learn.targets import LEVELS
from scrubjay.learn.wilson import wilson

LEAST = 20
"""Answered findings below which nothing is proposed."""

_MOVED = ("denial", "compliance", "hygiene")
"""Categories that may be raised; only denials are lowered, for the others are no statement about payment."""


@dataclass(frozen=True)
class Proposal:
    """A rule to consider: the policy and edit, the level it has and the level the evidence speaks for."""

    policy: str
    edit: str
    now: str
    level: str
    answered: int
    denied: int
    own: int
    low: float
    high: float
    cents: int
    carc: str
    first: dt.date | None
    last: dt.date | None


def proposals(card: Scorecard) -> list[Proposal]:
    """Return the changes that the scorecard speaks for, most dollars first."""
    least = {row["level"]: float(row["least"]) for row in table("levels").iter_rows(named=True)}
    found = []
    for row in card.edits.filter(pl.col("answered") >= LEAST).iter_rows(named=True):
        level = _level(row, least)
        if level is None or level == row["level"]:
            continue
        raised = LEVELS.index(level) < LEVELS.index(row["level"])
        low, high = (row["own_low"], row["own_high"]) if raised else (row["denied_low"], row["denied_high"])
        found.append(
            Proposal(
                row["policy"], row["edit"], row["level"], level, row["answered"], row["denied"], row["own"], low, high,
                row["prevented_cents"] if raised else row["paid_cents"], row["carc"] or "?",
                row["first_date"], row["last_date"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda p: (-p.cents, p.policy, p.edit))


def _level(row: dict[str, Any], least: dict[str, float]) -> str | None:
    """Return the level that the evidence speaks for; None where it speaks for none."""
    now = row["level"]
    # What another edit warns of already needs no second voice.
    silent = now not in WARNING
    needed = not silent or wilson(row["alone"], row["answered"])[0] >= least["warn"]
    if row["category"] in _MOVED and needed:
        for level in ("deny", "warn"):
            if row["own_low"] >= least[level] and LEVELS.index(level) < LEVELS.index(now):
                return level
    if row["category"] == "denial" and now in least and row["denied_high"] < least[now]:
        return "warn" if now == "deny" and row["denied_high"] >= least["warn"] else "info"
    return None


def toml(found: list[Proposal], files: list[str]) -> Iterator[str]:
    """Yield the lines of a practice's policy file (``scrubjay.toml``) that holds the proposals."""
    yield "# Proposed from remittances: " + ", ".join(sorted(files)[:8]) + (" ..." if len(files) > 8 else "")
    yield "# Read each rule, keep what you agree with, and merge it into the scrubjay.toml beside your claims."
    if not found:
        yield f"# Nothing to propose: no level is contradicted by {LEAST} or more answered findings."
    for p in found:
        raised = LEVELS.index(p.level) < LEVELS.index(p.now)
        count, what = (p.own, f"with reason {p.carc}") if raised else (p.denied, "for any reason")
        reason = (
            f"{count} of {p.answered} findings were denied {what} "
            f"(95 % interval {_percent(p.low)} to {_percent(p.high)}); the level was {p.now}"
        )
        span = f"{p.first} to {p.last}" if p.first else "undated services"
        yield ""
        yield "[[rule]]"
        yield f"payer = {_text(p.policy)}"
        yield f"edit = {_text(p.edit)}"
        yield f"level = {_text(p.level)}"
        yield f"reason = {_text(reason)}"
        yield f"source = {_text(f'REMIT: services of {span}')}"
        dollars = f"{p.cents // 100}.{p.cents % 100:02d}"
        yield (
            f"evidence = {{ answered = {p.answered}, denied = {p.denied}, own = {p.own}, low = {_text(f'{p.low:.4f}')}, "
            f"high = {_text(f'{p.high:.4f}')}, {'denied_dollars' if raised else 'paid_dollars'} = {_text(dollars)}"
            + (f", first = {p.first}, last = {p.last}" if p.first else "")
            + " }"
        )


def _text(value: str) -> str:
    """Return a TOML basic string."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"
