"""Score the note reader against annotations: precision, recall and F1 of each field.

An annotation and a statement that was read are a pair when they name the same drug; of several, the one whose name
stands at the same place. A field of a pair is right when its normalised value is the annotated one, wrong when it is
another or was read where none is annotated, missed when it is annotated and was not read. Fields of statements without
a partner count as missed or wrong. ``*`` marks a field that one value cannot hold; it is not scored, nor is a statement
marked optional, nor a diagnosis where none is annotated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from scrubjay.chart.model import Administration

FIELDS = "dose unit volume_ml route site laterality time date giver credential lot expiry ndc waste diagnosis".split()


@dataclass
class Tally:
    """Counts of one field."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        """Share of what was read that is right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        """Share of what is annotated that was read."""
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else None


@dataclass
class Score:
    """Counts by field, and the differences by document."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    read_as_given: int = 0
    """Statements read as given."""
    unsaid: int = 0
    """Of them those of which the annotation says something else, optional ones included: the worst error."""
    unannotated: int = 0
    """Of them those that no annotation speaks of."""
    differences: list[str] = field(default_factory=list)

    def of(self, name: str) -> Tally:
        """Return the counts of a field."""
        return self.tallies.setdefault(name, Tally())


def _same(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return one.casefold() == other.casefold()


def score(documents: Iterable[tuple[str, Sequence[dict[str, Any]], Sequence[Administration]]]) -> Score:
    """Return the counts over documents, each with its id, its annotations and what was read."""
    result = Score()
    for name, annotated, read in documents:
        pairs, lost, extra = _pairs(annotated, read)
        result.read_as_given += sum(found.given for found in read)
        for gold, found in pairs:
            if found.given and "given" not in gold["status"]:
                result.unsaid += 1
                result.differences.append(f"{name}: {gold['drug']}: given, but the note does not say so")
            if gold.get("optional"):
                continue
            result.of("drug").right += 1
            _status(result, name, gold, found)
            for column in FIELDS:
                _field(result, name, column, gold.get(column), found.get(column), gold["drug"])
        for gold in lost:
            if gold.get("optional"):
                continue
            result.of("drug").missed += 1
            result.differences.append(f"{name}: missed {gold['drug']}")
            if "given" in gold["status"]:
                result.of("given").missed += 1
            for column in FIELDS:
                _field(result, name, column, gold.get(column), None, gold["drug"])
        for found in extra:
            result.of("drug").wrong += 1
            result.differences.append(f"{name}: extra {found.get('drug')} ({found.status})")
            if found.given:
                result.of("given").wrong += 1
                result.unannotated += 1
            for column in FIELDS:
                _field(result, name, column, None, found.get(column), str(found.get("drug")))
    return result


def _status(result: Score, name: str, gold: dict[str, Any], found: Administration) -> None:
    allowed = gold["status"]
    result.statuses[allowed[0], found.status if found.status not in allowed else allowed[0]] += 1
    if found.status in allowed:
        result.of("status").right += 1
    else:
        result.of("status").wrong += 1
        result.of("status").missed += 1
        result.differences.append(f"{name}: {gold['drug']} is {'/'.join(allowed)}, read as {found.status}")
    if found.given and "given" in allowed:
        result.of("given").right += 1
    elif found.given:
        result.of("given").wrong += 1
    elif allowed == ["given"]:
        result.of("given").missed += 1


def _field(result: Score, name: str, column: str, gold: str | None, found: str | None, drug: str) -> None:
    if gold == "*" or (column == "diagnosis" and gold is None):
        return
    tally = result.of(column)
    if gold is not None and found is not None and _same(gold, found):
        tally.right += 1
        return
    if found is not None:
        tally.wrong += 1
    if gold is not None:
        tally.missed += 1
    if gold is not None or found is not None:
        result.differences.append(f"{name}: {drug}: {column} is {gold}, read as {found}")


def _pairs(
    annotated: Sequence[dict[str, Any]], read: Sequence[Administration]
) -> tuple[list[tuple[dict[str, Any], Administration]], list[dict[str, Any]], list[Administration]]:
    left = list(read)
    pairs, lost = [], []
    for gold in sorted(annotated, key=lambda one: bool(one.get("optional"))):
        alike = [one for one in left if (one.get("drug") or "") == (gold["drug"] or "")]
        if not alike:
            lost.append(gold)
            continue
        best = max(alike, key=lambda one: (_at(gold, one), one.status in gold["status"], _agree(gold, one)))
        left.remove(best)
        pairs.append((gold, best))
    return pairs, lost, left


def _at(gold: dict[str, Any], found: Administration) -> bool:
    start = found.drug.start if found.drug else None
    return "start" in gold and start is not None and gold["start"] <= start < gold["end"]


def _agree(gold: dict[str, Any], found: Administration) -> int:
    return sum(gold.get(column) == found.get(column) for column in FIELDS)
