"""The checklist against a chart: each item present, missing, contradictory or not applicable.

What is asked, of which drug and why is data (tables/checklist.csv, monitoring.csv, needs.csv); here is only how a
condition is decided and what counts as a contradiction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from scrubjay.chart.audit import rules
from scrubjay.chart.audit.rules import Found
from scrubjay.chart.model import Administration, Encounter, Value
from scrubjay.chart.tables import rows

State = Literal["present", "missing", "contradictory", "not_applicable"]
STATES: tuple[State, ...] = ("present", "missing", "contradictory", "not_applicable")
ITEMS = tuple(
    "order diagnosis assessment consent drug dose route site laterality date time giver credential supervision lot expiry"
    " ndc units waste monitoring signature separate-evaluation".split()
)
"""The items, by their fixed names, in the order of the report."""


@dataclass(frozen=True)
class Row:
    """One item of one administration, or of the whole visit where ``administration`` is None."""

    item: str
    administration: int | None
    state: State
    evidence: tuple[Value, ...]
    found: str
    why: str
    source: str
    denial: str
    hint: str


@dataclass(frozen=True)
class Audit:
    """What was found in one chart."""

    source: str
    encounter: Encounter
    rows: list[Row] = field(default_factory=list)

    @property
    def judged(self) -> bool:
        """Whether there was an administration to judge."""
        return any(one.given for one in self.encounter.administrations)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nothing contradicts itself."""
        return self.judged and not any(row.state in ("missing", "contradictory") for row in self.rows)

    def counts(self) -> dict[str, int]:
        """Return the number of rows in each state."""
        counted = Counter(row.state for row in self.rows)
        return {state: counted[state] for state in STATES}


@cache
def _checklist() -> dict[str, dict[str, str]]:
    return {row["item"]: row for row in rows("checklist")}


def judge(encounter: Encounter, source: str) -> Audit:
    """Return the rows of a chart: each item of each given administration, then the items of the visit."""
    found: list[Row] = []
    if any(one.given for one in encounter.administrations):
        for number, one in enumerate(encounter.administrations):
            if one.given:
                found += _administration(encounter, one, number)
        for item in ITEMS:
            if _checklist()[item]["scope"] == "visit":
                found.append(_row(item, None, rules.VISIT[item](encounter)))
    return Audit(source, encounter, found)


def _administration(encounter: Encounter, one: Administration, number: int) -> Iterator[Row]:
    for item in ITEMS:
        entry = _checklist()[item]
        if entry["scope"] != "administration":
            continue
        apart = rules.WHEN[entry["when"]](encounter, one)
        if apart is not None:
            yield _row(item, number, Found("not_applicable", apart))
            continue
        yield _row(item, number, rules.ITEM.get(item, rules.stated)(encounter, one, entry["present_from"].split("|")))


def _row(item: str, number: int | None, found: Found) -> Row:
    entry = _checklist()[item]
    monitored = f"{entry['why']} {found.requirement}".strip() if found.requirement else entry["why"]
    source = found.source or entry["source"]
    return Row(item, number, found.state, found.evidence, found.said, monitored, source, entry["denial"], entry["hint"])
