"""What a sentence says of a drug in it: declined, planned, historical, conditional, a mere topic, or somebody else's.

NegEx's algorithm (negspacy) decides scope: a term reaches the drugs before or after it within its sentence, up to a
phrase that ends its reach, unless it is part of a pseudo term. Each meaning is one instance with its own terms
(tables/context.csv). The pipeline is a blank one: no model, no network, nothing written.
"""

from __future__ import annotations

import itertools
import os
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from scrubjay.chart.note.hit import any_of, listed
from scrubjay.chart.tables import phrases, rows

if TYPE_CHECKING:
    from spacy.language import Language

MEANINGS = ("dropped", "other", "declined", "conditional", "planned", "historical", "elsewhere", "topic")
ANCHORS = "anchors"
BATCH = 12
"""Anchors that are looked at together."""
LONGEST = 100_000_000
"""Only the tokeniser runs on the text, so spaCy's own limit, which is meant for parsers, is lifted."""

BREAK = re.compile(
    r"\n\s*\n|\.,|:,|(?<=[A-Za-z0-9)%])\.(?:\s+(?=[A-Z0-9(*\"•-])|(?=[A-Z][a-z]))|[!?]\s+|\n|,\s*(?=\d{1,2}[.)]\s)|\s\d{1,2}\.\s+(?=[A-Z])|•"
)
ABBREVIATION = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|No|vs|approx|St|Jr|Sr|Pt|pt|exp|inj|Inj|dept|Dept|i\.e|e\.g|q|p\.o|p\.r|b\.i|t\.i|h\.s|[A-Z])$"
)
NOT_DUE = re.compile(r"\s+(?:\w+\s+){0,2}(?:needed|required|necessary|due|warranted)\b", re.IGNORECASE)
"""``No further vaccination needed`` speaks of none."""


@cache
def _others_gave() -> re.Pattern[str]:
    """Return the pattern of another person giving it, or the patient: ``wife gave him``, ``she gave herself``."""
    others = any_of(listed("verbs", "phrases", kind="kin") + listed("verbs", "phrases", kind="giver-elsewhere"))
    gave = r"(?:gave|gives|administered|administers|injected|injects)"
    return re.compile(
        rf"\b(?:{others}\s+(?:has\s+|then\s+|also\s+)?{gave}\b(?!\s+(?:verbal\s+|informed\s+|written\s+)?(?:consent|permission|history))"
        rf"|{gave}\s+(?:to\s+)?(?:herself|himself|themselves)\b)[^.;\n]*\Z",
        re.IGNORECASE,
    )


HELD = re.compile(
    r"[^.;\n]{0,40}\bheld\s*(?:$|[.;,)\n]|today|due|because|per\b|pending|until|for\s+(?:BP|elevated|fever|now))",
    re.IGNORECASE,
)
UNTICKED = re.compile(r"(?:\[\s?\]|☐|□)[^\n\[☐□☑☒✓]*\Z")
"""A box that nobody ticked before the drug."""
PAPER = re.compile(
    r"\b(?:VIS|information|info|handouts?|literature|education|consent|instructions?|prescription|script|samples?)\s+"
    r"(?:sheet\s+|form\s+|statement\s+)?(?:for|on|about|re|regarding|of)\s+(?:\w+\s+){0,3}\Z",
    re.IGNORECASE,
)
"""What is given is a paper about the drug: ``VIS for influenza vaccine given``."""
NEXT_VISIT = re.compile(
    r"\b(?:rtc|return|back|follow[- ]?up|f/u)\b[^.;\n]{0,30}\bfor\s+(?:\w+\s+){0,3}$", re.IGNORECASE
)
WRAPPED = 55
"""A line this long that ends without a full stop before a small letter goes on in the next one."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences: lines, list items and sentences, also of text whose line breaks became commas."""
    bounds = [0]
    for match in BREAK.finditer(text):
        before = text[bounds[-1] : match.start()]
        if (
            match.group().startswith(".")
            and not match.group().startswith(".,")
            and ABBREVIATION.search(text[: match.start()])
        ):
            continue
        if match.group() == "\n" and _wrapped(text, match.start()):
            continue
        if before.strip():
            bounds.append(match.end() if not match.group().strip().rstrip(".").isdigit() else match.start())
    bounds.append(len(text))
    spans = [(low, high) for low, high in itertools.pairwise(bounds) if text[low:high].strip()]
    return spans or [(0, len(text))]


def _wrapped(text: str, at: int) -> bool:
    """Whether a line goes on in the next one; before a capital only in a paragraph whose lines are all about as long."""
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:at].rstrip()
    if len(line) < WRAPPED or line[-1:] in ".:;":
        return False
    if text[at + 1 : at + 2].islower():
        return True
    if line[-1:] in "!?" or re.match(r"\s*(?:[-*•]|\d+[.)]|[A-Z][\w /]{1,30}:|\n)", text[at + 1 : at + 40]):
        return False
    low, high = text.rfind("\n\n", max(0, line_start - AROUND), line_start), text.find("\n\n", at, at + AROUND)
    lines = text[max(low, line_start - AROUND, 0) : high if high >= 0 else at + AROUND].strip("\n").split("\n")
    full = [len(one) for one in lines[1 if low < 0 < line_start - AROUND else 0 : -1]]
    return min(full, default=0) * 4 >= max(full, default=0) * 3


AROUND = 800
"""How far a paragraph is looked at for the length of its lines."""


@cache
def _terms() -> dict[str, dict[str, list[str]]]:
    stops = listed("context", "phrases", meaning="all")
    found = {
        meaning: {
            "pseudo_negations": [],
            "preceding_negations": [],
            "following_negations": [],
            "termination": list(stops),
        }
        for meaning in MEANINGS
    }
    keys = {
        "before": "preceding_negations",
        "after": "following_negations",
        "pseudo": "pseudo_negations",
        "stop": "termination",
    }
    for row in rows("context"):
        if row["meaning"] != "all" and row["place"] in keys:
            found[row["meaning"]][keys[row["place"]]].extend(phrases(row["phrases"]))
    kin, verbs = listed("verbs", "phrases", kind="kin"), listed("verbs", "phrases", kind="kin-verb")
    found["other"]["preceding_negations"] += [f"{one} {verb}" for one in kin for verb in verbs]
    found["other"]["preceding_negations"] += [f"{one}'s" for one in kin]
    return found


@cache
def stop_pattern() -> re.Pattern[str]:
    """Return the phrases that end a clause."""
    return re.compile(rf"(?<![A-Za-z]){any_of(listed('context', 'phrases', meaning='all'))}(?![A-Za-z])", re.IGNORECASE)


@cache
def _predicate() -> re.Pattern[str]:
    """Return the pattern of words that say of a drug that it was given, or that it was not."""
    words = listed("verbs", "phrases", kind="given")
    for meaning in ("declined", "planned", "historical"):
        words += [*listed("context", "phrases", meaning=meaning, place="before")]
        words += [*listed("context", "phrases", meaning=meaning, place="after")]
    return re.compile(rf"(?<![A-Za-z]){any_of(word for word in words if word[0].isalpha())}(?![A-Za-z])", re.IGNORECASE)


SEPARATOR = re.compile(r";|,")


def apart(text: str, bounds: Sequence[tuple[int, int]], drugs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Part sentences between two drugs where each side says itself what was done: ``gave A; will give B tomorrow``."""
    starts = [start for start, _ in drugs]
    parts: list[tuple[int, int]] = []
    for low, high in bounds:
        inside = drugs[bisect_right(starts, low - 1) : bisect_right(starts, high - 1)]
        for (_, end), (start, _) in itertools.pairwise(inside):
            cut = max((match.start() for match in SEPARATOR.finditer(text, end, start)), default=None)
            following = min((one for one, _ in inside if one > start), default=high)
            if cut is not None and _predicate().search(text, low, cut) and _predicate().search(text, cut, following):
                parts.append((low, cut + 1))
                low = cut + 1
        parts.append((low, high))
    return parts


@cache
def _adjacent() -> re.Pattern[str]:
    words = any_of(listed("context", "phrases", meaning="declined", place="adjacent"))
    return re.compile(rf"\b{words}\s+(?:(?:more|further|additional|other|the|any)\s+)?$", re.IGNORECASE)


@cache
def _name_part() -> re.Pattern[str]:
    """Return the words that, directly after a drug's name, make it no drug: ``testosterone level``."""
    words = any_of(listed("context", "phrases", meaning="dropped", place="adjacent"))
    return re.compile(rf"^[\s-]*{words}\b", re.IGNORECASE)


@cache
def _pipeline() -> Language:
    """Return the blank pipeline; its libraries are told to stay off the network and are never asked to log."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import negspacy.negation  # noqa: F401 - registers the component
    import spacy

    nlp = spacy.blank("en")
    nlp.max_length = LONGEST
    for meaning, terms in _terms().items():
        config: dict[str, Any] = {"neg_termset": terms, "extension_name": meaning, "span_keys": [ANCHORS]}
        nlp.add_pipe("negex", name=meaning, config=config)
    return nlp


def meanings(text: str, anchors: Sequence[tuple[int, int]], bounds: Sequence[tuple[int, int]]) -> list[frozenset[str]]:
    """Return, for each span of ``anchors``, the meanings that reach it; ``bounds`` are the sentences.

    Only sentences with an anchor are looked at, a batch at a time: the library looks at every anchor of its text for
    every sentence.
    """
    found: dict[int, frozenset[str]] = {}
    batch: list[tuple[int, int]] = []
    held: list[int] = []
    lows = [low for low, _ in bounds]
    inside: dict[int, list[int]] = defaultdict(list)
    for number, (start, _) in enumerate(anchors):
        inside[max(bisect_right(lows, start) - 1, 0)].append(number)
    for sentence in sorted(inside):
        batch.append(bounds[sentence])
        held += inside[sentence]
        if len(held) >= BATCH:
            found |= _batch(text, anchors, held, batch)
            batch, held = [], []
    if held:
        found |= _batch(text, anchors, held, batch)
    return [_beside(text, start, end, found[number]) for number, (start, end) in enumerate(anchors)]


def _batch(
    text: str, anchors: Sequence[tuple[int, int]], held: Sequence[int], bounds: Sequence[tuple[int, int]]
) -> dict[int, frozenset[str]]:
    """Return the meanings of the anchors ``held`` in some sentences, by the anchor's number."""
    from spacy.tokens import Doc

    nlp = _pipeline()
    begins: list[int] = []
    moved: list[tuple[int, int, int]] = []
    length = 0
    for low, high in bounds:
        begins.append(length)
        moved.append((low, high, length - low))
        length += high - low + 1
    tokens = nlp.make_doc("".join(text[low:high] + "\n" for low, high in bounds))
    starts = [False] * len(tokens)
    position = 0
    for token in tokens:
        while position < len(begins) and begins[position] <= token.idx:
            starts[token.i] = True
            position += 1
    doc = Doc(
        nlp.vocab,
        words=[token.text for token in tokens],
        spaces=[bool(token.whitespace_) for token in tokens],
        sent_starts=starts,  # type: ignore[arg-type]
    )
    spans = {}
    for number in held:
        start, end = anchors[number]
        shift = next((by for low, high, by in moved if low <= start < high), None)
        span = None if shift is None else doc.char_span(start + shift, end + shift, alignment_mode="expand")
        if span is not None:
            spans[number] = span
    doc.spans[ANCHORS] = list(spans.values())
    for _, component in nlp.pipeline:
        doc = component(doc)
    reached = {number: frozenset(one for one in MEANINGS if getattr(span._, one)) for number, span in spans.items()}
    return {number: reached.get(number, frozenset()) for number in held}


def _beside(text: str, start: int, end: int, reached: frozenset[str]) -> frozenset[str]:
    """Add what only the words directly beside a drug's name say: ``no Toradol``, ``testosterone level``."""
    if _adjacent().search(text[max(0, start - 24) : start]):
        reached |= {"dropped"} if NOT_DUE.match(text[end : end + 40]) else {"declined"}
    if _others_gave().search(text[max(0, start - 70) : start]):
        reached |= {"other"}
    if HELD.match(text, end, end + 70):
        reached |= {"declined"}
    if UNTICKED.search(text, max(0, start - 30), start) or PAPER.search(text[max(0, start - 50) : start]):
        reached |= {"conditional"}
    if NEXT_VISIT.search(text[max(0, start - 60) : start]):
        reached |= {"planned"}
    if _name_part().match(text[end : end + 24]):
        reached |= {"dropped"}
    return reached
