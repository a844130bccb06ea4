"""Statements in the making: each drug's mention, or an injection without one, with the details that belong to it."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scrubjay.chart.note import context, following, grid
from scrubjay.chart.note.amounts import NUMBER, UNITS, contents
from scrubjay.chart.note.fields import details
from scrubjay.chart.note.hit import Hit
from scrubjay.chart.note.sections import Section, Sections, blocks
from scrubjay.chart.note.statement import INJECTION, OWN, REACH, SHARED, Draft, given_verb
from scrubjay.chart.note.vocabulary import Mention, vocabulary

FILLER = re.compile(
    r"^(?:[\s(-]|of|the|a|an|plain|some|additional|each|injectable|buffered|preservative-free|generic|dose|solution|for|which|\))*$",
    re.IGNORECASE,
)
JOINED = re.compile(
    r"^(?:[\s,/&+()\"-]|and|with|plus|then|of|a|an|the|mixture|combined|mg|mcg|cc|ml|each|dose|sodium|plain|injectable|\d+(?:\.\d+)?%?)*$",
    re.IGNORECASE,
)
ADJECTIVE = re.compile(r"^\s(?:\w+\s+of\s)?$")
TISSUE = re.compile(
    r"^\W*(?:and\s+\w+\s+)?(?:tissues?|dissection|clos\w+|sutur\w*|fat|layers?|approach|nodul\w*|emphysema|intramuscular|septum|septal|space\s+is|hematoma|bleeding|abscess|flap|plane|region|pocket|mass|access|fluids?\s+at)",
    re.IGNORECASE,
)
WITH_EPINEPHRINE = re.compile(r"\b(?:with|without|w/|w/o|and)\s*(?:[\d:.,]+\s*)?$", re.IGNORECASE)
DILUENT = re.compile(
    r"(?:reconstitut\w*|dilut\w*|diluent|mixed)\s+(?:(?:\w+|w/)\s+){0,3}(?:[\d.]+\s*(?:ml|cc|%)?\s*(?:of\s+)?)*$",
    re.IGNORECASE,
)
TOGETHER = re.compile(
    r"\b(?:same|one|single|a\s+single)\s+syringe\b|\bmixture\s+of\b|\bmixed\s+(?:in|with|together)\b|\bcombined\s+in\b",
    re.IGNORECASE,
)

ANOTHER_DAY = re.compile(
    r"\b(?:next|due|return|rtc|f/u|follow[- ]?up|until|dob|birth|exp\w*|vis|published|edition)\b\W*(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
"""What makes a date another than that of the injection: ``next due 9/4/26``."""
DOSE_THEN_BRACKET = re.compile(rf"\s*{NUMBER}\s?(?:{'|'.join(UNITS.values())})\s*[(\[]\s*", re.IGNORECASE)
"""``Epinephrine 0.3 mg (EpiPen)`` is one name."""
SAME = re.compile(r"\bin(?:to)?\s+the\s+same\s+syringe\b", re.IGNORECASE)


@dataclass
class Parsed:
    """A note cut up: its statements and every detail found in it."""

    text: str
    drafts: list[Draft]
    hits: list[Hit]
    sentences: list[tuple[int, int]]
    sections: Sections
    not_administered: bool = False
    """Whether a heading or a label says it of the whole record."""
    emergency: bool = False
    """Whether it is the note of an emergency department."""


def parse(text: str) -> Parsed:
    """Cut a note into statements; decide which detail belongs to which."""
    table = grid.table_rows(text)
    lines = {row.start: row for row in table}
    bounds = _apart(text, context.sentences(text), table)
    sections = Sections(text)
    paragraphs = blocks(text)
    hits = [hit for hit in details(text) if hit.field != "route" or not TISSUE.match(text[hit.end : hit.end + 30])]
    hits = [
        hit for hit in hits if hit.field != "date" or not ANOTHER_DAY.search(text[max(0, hit.start - 40) : hit.start])
    ]
    hits = _with_cells(text, hits, table)
    zones = [row.cells["drug"] for row in table if "drug" in row.cells]
    zones += [(hit.start - 28, hit.start) for hit in hits if hit.field in ("dose", "route", "volume_ml")]
    zones += [(hit.end, hit.end + 18) for hit in hits if hit.field in ("dose", "route")]
    named_drugs = vocabulary().find(text, zones)
    hits = [
        hit
        for hit in hits
        if hit.field not in ("giver", "diagnosis", "orderer")
        or not any(one.start < hit.end and hit.start < one.end for one in named_drugs)
    ]
    mentions = list(_once(text, named_drugs))
    bounds = context.apart(text, bounds, [(one.start, one.end) for one in mentions])
    nouns = [match.span() for match in INJECTION.finditer(text)]
    named = context.meanings(text, [(one.start, one.end) for one in mentions] + nouns, bounds)
    reached = named[: len(mentions)]
    unnamed = dict(zip(nouns, named[len(mentions) :], strict=True))
    drafts: list[Draft] = []
    for number, (low, high) in enumerate(bounds):
        structured = next((flag for start, end, flag in paragraphs if start <= low < end), False)
        block = next(((start, end) for start, end, _ in paragraphs if start <= low < end), (low, high))
        inside = [(one, meaning) for one, meaning in zip(mentions, reached, strict=True) if low <= one.start < high]
        in_sentence: list[Draft] = []
        if low in lines:
            drafts += _row(text, lines[low], number, inside, hits, sections.at(low))
            continue
        for clause in _clauses(text, low, high):
            own = [
                Draft(one, one.start, one.end, clause, number, sections.at(one.start), structured, meaning,
                      given_verb(text, *clause), Hit("drug", one.name.generic, one.start, one.end))
                for one, meaning in inside
                if clause[0] <= one.start < clause[1]
            ]  # fmt: skip
            here = [hit for hit in hits if clause[0] <= hit.start < clause[1]]
            carriers = [draft for draft in own if _diluent(text, draft, own + in_sentence)]
            own = [draft for draft in own if draft not in carriers]
            here = [
                hit
                for hit in here
                if not any(hit.end <= one.start and _leads(text, hit, one, here) for one in carriers)
            ]
            if own:
                _assign(text, own, here)
                in_sentence += own
            else:
                in_sentence += following.go_on(
                    text, clause, number, here, drafts + in_sentence, block, sections.at(low), structured, unnamed
                )
        _couple(text, low, high, in_sentence, drafts)
        drafts += in_sentence
    for draft in drafts:
        strength = draft.hits.get("strength")
        if strength is not None and not {"dose", "volume_ml"} & set(draft.hits):
            following.fill(draft, contents(text, strength))
    return Parsed(text, drafts, hits, bounds, sections)


def _apart(text: str, bounds: list[tuple[int, int]], lines: Sequence[grid.Row]) -> list[tuple[int, int]]:
    """Make each line of a table a sentence of its own."""
    if not lines:
        return bounds
    ends = [line.end for line in lines]
    parts = [(line.start, line.end) for line in lines]
    for low, high in bounds:
        rest = low
        for line in lines[bisect_right(ends, low) :]:
            if line.start >= high:
                break
            parts.append((rest, line.start))
            rest = line.end
        parts.append((rest, high))
    return sorted((low, high) for low, high in parts if low < high and text[low:high].strip())


COLUMN = {"credential": "giver", "start": "time", "stop": "time", "order": "comments", "orderer": "comments"}


def _with_cells(text: str, hits: list[Hit], lines: Sequence[grid.Row]) -> list[Hit]:
    """Read the cells of tables; what its own column states is not also read from another cell."""
    if not lines:
        return hits
    starts = [line.start for line in lines]
    own = [list(grid.cell_hits(text, line)) for line in lines]
    told = [{one.field for hit in found for one in (hit, *hit.extra)} for found in own]
    kept = []
    for hit in hits:
        number = bisect_right(starts, hit.start) - 1
        if number >= 0 and hit.start < lines[number].end:
            column = COLUMN.get(hit.field, hit.field)
            if hit.field in told[number] or (hit.field in grid.OWN and column in lines[number].cells):
                continue
        kept.append(hit)
    return sorted([*kept, *itertools.chain.from_iterable(own)], key=lambda hit: (hit.start, hit.end))


def _row(
    text: str,
    line: grid.Row,
    number: int,
    inside: list[tuple[Mention, frozenset[str]]],
    hits: list[Hit],
    section: Section,
) -> list[Draft]:
    """Return the statement of a table's line, none for its head."""
    low, high = line.cells.get("drug", (line.start, line.end))
    named = next(((one, said) for one, said in inside if low <= one.start < high), None)
    if not line.cells or named is None:
        return []
    mention, said = named
    span = (line.start, line.end)
    drug = Hit("drug", mention.name.generic, mention.start, mention.end)
    draft = Draft(
        mention, mention.start, mention.end, span, number, section, line.record, said, given_verb(text, *span), drug
    )
    told = grid.status(text, line)
    if told is not None and told[0] == "given":
        draft.meanings, draft.verb = said & {"dropped"}, told[1]
    elif told is not None:
        draft.meanings, draft.verb = said | {told[0]}, None
    following.fill(draft, [hit for hit in hits if line.start <= hit.start < line.end and hit.field in OWN])
    return [draft]


def _once(text: str, mentions: list[Mention]) -> Iterator[Mention]:
    """Yield mentions, a name and its explanation in brackets as one: the more exact name of the two.

    Epinephrine in a local anaesthetic is part of its name.
    """
    kept: list[Mention] = []
    for mention in mentions:
        if kept:
            last = kept[-1]
            if (
                mention.name.generic == "epinephrine"
                and last.name.kind == "anaesthetic"
                and WITH_EPINEPHRINE.search(text[last.end : mention.start])
            ):
                continue
            between = text[last.end : mention.start]
            related = (
                last.name.generic.split()[0] == mention.name.generic.split()[0]
                or last.name.generic in mention.name.generic
            )
            bracket = re.fullmatch(
                r"\s*(?:\(|\[|/|-|,)?\s*(?:brand\s+|generic\s+)?(?:name\s+)?(?:inj(?:ection)?\.?\s*)?\(?\s*", between
            )
            if mention.name == last.name and DOSE_THEN_BRACKET.fullmatch(between):
                continue
            if related and bracket and mention.start - last.end <= 12:
                exact = max(last.name, mention.name, key=lambda name: len(name.generic))
                kept[-1] = Mention(last.start, last.end, exact, last.misspelt)
                continue
        kept.append(mention)
    yield from kept


def _clauses(text: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    cuts = [
        low,
        *(match.start() for match in context.stop_pattern().finditer(text, low, high) if match.start() > low),
        high,
    ]
    yield from itertools.pairwise(cuts)


def _diluent(text: str, draft: Draft, others: list[Draft]) -> bool:
    """Whether a local anaesthetic only carries another drug: it is no injection of its own."""
    if draft.mention is None or draft.mention.name.kind != "anaesthetic":
        return False
    others = [other for other in others if other.mention and other.mention.name.kind != "anaesthetic"]
    return bool(others) and bool(DILUENT.search(text[draft.clause[0] : draft.start]))


def _assign(text: str, own: list[Draft], hits: list[Hit]) -> None:
    """Give each detail of a clause to one of its drugs, and what is written once to all that are joined."""
    for hit in hits:
        if hit.field not in OWN:
            continue
        before = [draft for draft in own if draft.end <= hit.start]
        after = [draft for draft in own if draft.start >= hit.end]
        if hit.field == "route" and after and ADJECTIVE.match(text[hit.end : after[0].start]):
            after[0].take(hit)
            continue
        if hit.field == "route" and not before and any(_follows(other, after) for other in hits):
            continue  # ``despite nebulizers and Solu-Medrol 125 mg IV``: the drug has a route of its own
        if hit.field in ("dose", "volume_ml", "strength"):
            if after and _leads(text, hit, after[0], hits):
                after[0].take(hit, replace=hit.field == "dose")
                continue
            if before:
                if hit.start - before[-1].end <= REACH or len(own) == 1:
                    before[-1].take(hit)
                continue
        target = before[-1] if before else after[0] if after and _near(text, hit, after[0]) else None
        if target is not None and not (target.take(hit) or hit.field not in SHARED or not after):
            after[0].take(hit)
    for first, second in reversed(list(itertools.pairwise(own))):
        if _joined(text, first, second, hits):
            for name in SHARED:
                if name in second.hits and name not in first.hits:
                    first.hits[name] = second.hits[name]
    for first, second in itertools.pairwise(own):
        if _joined(text, first, second, hits):
            for name in SHARED:
                if name == "route" and {"frequency", "dose"} <= set(second.hits):
                    continue  # ``1 g IM plus doxycycline 100 mg BID``: a prescription of its own
                if name in first.hits and name not in second.hits:
                    second.hits[name] = first.hits[name]


def _follows(hit: Hit, drafts: list[Draft]) -> bool:
    """Whether a route stands behind the first of some drugs and before the next."""
    return (
        hit.field == "route"
        and bool(drafts)
        and drafts[0].end <= hit.start < (drafts[1].start if len(drafts) > 1 else drafts[0].clause[1])
    )


def _near(text: str, hit: Hit, draft: Draft) -> bool:
    """Whether a detail before the first drug of its clause can be that drug's: not another item of a list."""
    between = text[hit.end : draft.start]
    if hit.field in ("dose", "volume_ml", "strength", "frequency"):
        return len(between) < REACH and "," not in between
    return hit.field != "route" or (len(between) < REACH + 30 and between.count(",") < 2)


def _leads(text: str, hit: Hit, draft: Draft, hits: list[Hit]) -> bool:
    """Whether only words such as ``of`` and other details stand between a quantity and the drug after it."""
    end = max([hit.end, *(extra.end for extra in hit.extra)])
    between = text[end : draft.start]
    for other in sorted(hits, key=lambda one: -one.start):
        if (
            end <= other.start
            and other.end <= draft.start
            and other.field in ("route", "strength", "volume_ml", "dose")
        ):
            stop = max([other.end, *(extra.end for extra in other.extra)])
            between = between[: other.start - end] + " " + between[max(stop - end, 0) :]
    return len(between) < 45 and bool(FILLER.match(between))


def _joined(text: str, first: Draft, second: Draft, hits: list[Hit]) -> bool:
    between = text[first.end : second.start]
    for other in sorted(hits, key=lambda one: -one.start):
        stop = max([other.end, *(extra.end for extra in other.extra)])
        if first.end <= other.start and stop <= second.start and other.field in OWN:
            between = between[: other.start - first.end] + " " + between[stop - first.end :]
    return len(between) < REACH and bool(JOINED.match(between))


def _couple(text: str, low: int, high: int, drafts: list[Draft], before: list[Draft]) -> None:
    """Note which drugs of a sentence went into one syringe, or into that of the drug before it."""
    named = [draft for draft in drafts if draft.mention is not None]
    if len(named) == 1 and SAME.search(text, low, high):
        named = [draft for draft in before if draft.mention is not None][-1:] + named
    elif not TOGETHER.search(text, low, high):
        return
    for draft in named[1:]:
        draft.same_syringe = named[0]
