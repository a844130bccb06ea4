"""Sentences that go on about an injection without naming its drug: ``Given in the left deltoid by ...``."""

from __future__ import annotations

import re
from functools import cache

from scrubjay.chart.note.hit import Hit, any_of, listed
from scrubjay.chart.note.sections import LABELS, Section
from scrubjay.chart.note.statement import FOLLOWING, INJECTION, Draft, given_verb

REFUSED = re.compile(
    r"\W{0,5}(?:(?:but|however|although|though)\s+(?:it\s+|this\s+|then\s+)?(?:was\s+|were\s+)?(?:not\s+(?:given|administered|done|received)|never\s+given|held|withheld|refused|declined|cancelled|canceled|deferred)\b)|\W{0,5}(?:but|however|although|though)?\W{0,5}(?:the\s+)?(?:patient|pt|he|she|they|family|mother|father|parents?)\s+(?:has\s+|then\s+|later\s+)?(?:refused|declined|did\s+not\s+want|refuses|declines)\b(?!\s+(?:to\s+wait|observation|the\s+wait))",
    re.IGNORECASE,
)
VOIDED = re.compile(
    r"\W{0,5}(?:void(?:ed)?\b|(?:entered|charted|documented|recorded)\s+in\s+error|disregard\b|wrong\s+(?:chart|patient)\b)",
    re.IGNORECASE,
)
TELLING = frozenset("lot ndc expiry waste giver credential site time reaction observation container strength".split())
"""Details that only an injection has."""
APART = ("dose", "route", "site", "volume_ml", "diagnosis")
"""What a later sentence says of the injection only when it also says that it was given."""
ELIDED = re.compile(r"\W*(?:(?:and|was|were|then)\s+)*$", re.IGNORECASE)
"""Nothing before the verb of a clause: its subject is the drug before it."""
SHORT = 60
"""Longest fragment, in characters."""
LABELLED = 3
"""How many sentences after its drug a line such as ``Site: left deltoid`` may stand."""
PACKAGE = re.compile(r"\b(?:vial|syringe|ampule|drawn\s+up|mixed)\b", re.IGNORECASE)
GAVE = re.compile(r"giv|gave|inject|admin", re.IGNORECASE)


def go_on(
    text: str,
    clause: tuple[int, int],
    number: int,
    hits: list[Hit],
    earlier: list[Draft],
    block: tuple[int, int],
    section: Section,
    structured: bool,
    nouns: dict[tuple[int, int], frozenset[str]],
) -> list[Draft]:
    """Add a clause without a drug's name to the injection it goes on about, or make it a statement of its own."""
    verb = given_verb(text, *clause)
    own = [hit for hit in hits if hit.field in FOLLOWING]
    if any(_of_another(text, clause[0], hit.start) for hit in own if hit.field == "dose"):
        return []
    if VOIDED.match(text, *clause):
        for draft in earlier[-1:]:
            draft.meanings |= {"declined"}
        return []
    if REFUSED.match(text, *clause):
        for draft in earlier:
            if draft.sentence == number or (draft.sentence == number - 1 and draft.verb is None):
                draft.meanings |= {"declined"}
        return []
    injected = INJECTION.search(text, *clause)
    said_of_it = nouns.get(injected.span(), frozenset()) if injected else frozenset()
    if said_of_it - {"topic"} and not structured:
        return []
    current = [draft for draft in earlier if block[0] <= draft.start < block[1] and "dropped" not in draft.meanings]
    fields = {hit.field for hit in own}
    said = verb is not None and (
        bool(fields & {"dose", "route"})
        or ("site" in fields and (injected is not None or GAVE.search(verb.value) is not None))
    )
    if current:
        last = current[-1]
        if (
            verb is not None
            and last.verb is None
            and number - last.sentence <= 1
            and _elsewhere().search(text, *clause)
        ):
            last.meanings |= {"other"}
            fill(last, own)
            return []
        near = number - last.sentence <= 8
        if (
            verb is not None
            and last.sentence == number
            and not last.closed
            and ELIDED.match(text, clause[0], verb.start)
        ):
            last.verb = last.verb or verb  # ``Toradol 60 mg IM, given today``
        if said and near and last.closed:
            draft = Draft(None, clause[0], clause[1], clause, number, section, structured, frozenset(), verb, last.drug)
            fill(draft, own)
            return [draft]
        again = {"dose", "route"} <= fields and not last.closed and "route" in last.hits
        if (
            again
            and last.sentence == number
            and all(hit.value != last.hits["route"].value for hit in own if hit.field == "route")
        ):
            # ``30 mg IV given, then 30 mg IM``: the same drug a second time, another way.
            draft = Draft(
                None, clause[0], clause[1], clause, number, section, structured, frozenset(), last.verb, last.drug
            )
            fill(draft, own)
            return [draft]
        structured = structured or (number - last.sentence <= LABELLED and LABELS.match(text, *clause) is not None)
        structured = structured or _fragment(clause, number, own, last, verb)
        if near and not last.closed and (said or structured or fields & TELLING):
            if verb is not None and last.verb is None and said:
                last.verb = verb
            fill(
                last,
                [
                    hit
                    for hit in own
                    if hit.field not in APART
                    or said
                    or structured
                    or (hit.field == "volume_ml" and PACKAGE.search(text, *clause))
                ],
            )
        return []
    if said and injected and fields & {"site", "route"} and _last_drug(earlier) is None:
        draft = Draft(None, clause[0], clause[1], clause, number, section, structured, frozenset(), verb)
        fill(draft, own)
        return [draft]
    if (
        said
        and "site" in fields
        and earlier
        and (last_drug := _last_drug(earlier)) is not None
        and number - last_drug.sentence <= 8
    ):
        if last_drug.closed:
            draft = Draft(
                None, clause[0], clause[1], clause, number, section, structured, frozenset(), verb, last_drug.drug
            )
            fill(draft, own)
            return [draft]
        fill(last_drug, own)
        last_drug.verb = last_drug.verb or verb
    return []


@cache
def _elsewhere() -> re.Pattern[str]:
    """Return the phrases that say that another person or place gave it."""
    return re.compile(rf"\b{any_of(listed('context', 'phrases', meaning='other', place='after'))}\b", re.IGNORECASE)


UNKNOWN = re.compile(r"(?:^|[\s(+/-])(?P<word>[A-Za-z][a-z]{4,}|[A-Z]{5,})\s+$")
AMOUNT = frozenset(
    "given dosed dose doses total about approximately another additional second first third only with amount repeat"
    " strength volume medication administered received injected gave vaccinated infused pushed initial loading single"
    " final remaining every after before least maximum minimum".split()
)
"""Words before a quantity that name no drug."""


def _of_another(text: str, low: int, at: int) -> bool:
    """Whether a dose follows a word that may be a drug no table knows: ``Tab. Tramadol 50 mg given``."""
    match = UNKNOWN.search(text[max(low, at - 40) : at])
    return match is not None and match["word"].lower() not in AMOUNT


def _fragment(clause: tuple[int, int], number: int, own: list[Hit], last: Draft, verb: Hit | None) -> bool:
    """Whether a few words without a verb only add how and where the injection before them was given."""
    fields = {hit.field for hit in own}
    return (
        verb is None
        and last.verb is not None
        and number - last.sentence == 1
        and clause[1] - clause[0] <= SHORT
        and bool(fields & {"route", "site"})
        and not fields & {"route", "site", "dose"} & set(last.hits)
        and not ("dose" in fields and last.mention is not None and last.mention.name.kind == "vaccine")
    )


def _last_drug(earlier: list[Draft]) -> Draft | None:
    return next((draft for draft in reversed(earlier) if draft.drug and "dropped" not in draft.meanings), None)


def fill(draft: Draft, hits: list[Hit]) -> None:
    """Give details to a statement; what it already has stays."""
    for hit in hits:
        draft.take(hit)
