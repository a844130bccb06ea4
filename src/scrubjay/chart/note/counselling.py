"""Counselling on vaccines in a note: that it took place or did not, by whom, and about which vaccine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from scrubjay.chart.note.hit import Hit
from scrubjay.chart.note.procedures import ELSEWHEN
from scrubjay.chart.note.statement import Draft
from scrubjay.chart.tables import phrases, rows

ABOUT = re.compile(r"\b(?:vaccin\w*|immuni[sz]\w*|antibod\w+|shots?|nirsevimab|beyfortus)\b", re.IGNORECASE)
ALL = re.compile(r"\b(?:all|each|every|both)\b|\b(?:vaccines|immuni[sz]ations|shots)\b", re.IGNORECASE)
NOT_COUNSELLED = re.compile(
    r"\b(?:no|without)\s+(?:\w+\s+){0,2}counsel\w*|\bcounsel\w*(?:\s+\w+){0,5}?\s+(?:was\s+)?(?:not\s+(?:given|done|provided|performed|needed)|declined|deferred)"
    r"|\b(?:declined|refused|deferred)\s+(?:\w+\s+){0,2}counsel\w*|\bnot\s+counsel\w*",
    re.IGNORECASE,
)
COUNSELLED = re.compile(
    r"\bcounsel+(?:ed|ing)\b|\b(?:discussed|reviewed|explained)\b(?=[^.\n]{0,80}\b(?:risks?|benefits?|components?|side\s+effects)\b)",
    re.IGNORECASE,
)
FIRST_PERSON = re.compile(r"\b(?:I|we)\s+(?:have\s+|personally\s+|also\s+)*$")
PROFESSION = re.compile(r"\b(?:physician|pediatrician|paediatrician)\b", re.IGNORECASE)
_CAP = r"[A-Z][A-Za-z.'-]*"
NAME = re.compile(rf"(?:Dr\.?\s+)?(?P<name>{_CAP}(?:\s+{_CAP}){{0,2}})\s*,?\s*$")
DOCTOR = re.compile(rf"\bDr\.?\s+(?P<name>{_CAP}(?:\s+{_CAP})?)")
REACH = 60


@cache
def _credential() -> tuple[re.Pattern[str], dict[str, str]]:
    known = {word: row["credential"] for row in rows("credentials") for word in phrases(row["written"])}
    words = "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])"), known


def counselling(
    text: str,
    sentences: Sequence[tuple[int, int]],
    drafts: Sequence[Draft],
    given: Sequence[Draft],
    signatures: Sequence[Hit],
) -> dict[int, dict[str, Hit]]:
    """Return, by the place of each draft in ``given``, what the note says of counselling on it.

    A sentence counts that speaks of vaccines; where it names some and does not say all, it counts for those.  A
    denial wins.
    """
    found: dict[int, dict[str, Hit]] = {}
    for number, (low, high) in enumerate(sentences):
        stated = _stated(text, low, high, signatures)
        if stated is None:
            continue
        named = {draft.drug.value for draft in drafts if draft.sentence == number and draft.drug is not None}
        if not named and ABOUT.search(text, low, high) is None:
            continue
        for place, draft in enumerate(given):
            drug = draft.drug.value if draft.drug is not None else None
            if not _takes(draft) or (named and drug not in named and not ALL.search(text, low, high)):
                continue
            held = found.get(place)
            if held is None or stated["counselling"].value == "no":
                found[place] = stated
    return found


def talked(text: str, credential: Hit | None, talk: dict[str, Hit]) -> bool:
    """Say whether a credential is that of who counselled, in words that say nothing of giving."""
    own = talk.get("counsellor_credential")
    if credential is None or own is None or own.start != credential.start:
        return False
    return re.search(r"giv|gave|admin|inject", text[talk["counselling"].end : own.start], re.IGNORECASE) is None


def counselling_in(text: str) -> dict[str, Hit]:
    """Return what a short text of a record says of counselling; empty where it says nothing."""
    return _stated(text, 0, len(text), ()) or {}


def _takes(draft: Draft) -> bool:
    """Whether counselling can matter for a drug: a vaccine or an antibody given as one."""
    kind = draft.mention.name.kind if draft.mention is not None else ""
    return kind == "vaccine" or (draft.drug is not None and draft.drug.value == "nirsevimab")


def _stated(text: str, low: int, high: int, signatures: Sequence[Hit]) -> dict[str, Hit] | None:
    if (match := NOT_COUNSELLED.search(text, low, high)) is not None:
        return {"counselling": Hit("counselling", "no", *match.span())}
    match = COUNSELLED.search(text, low, high)
    if match is None or ELSEWHEN.search(text, low, high):
        return None
    return {"counselling": Hit("counselling", "yes", *match.span()), **_by(text, low, high, match, signatures)}


def _by(text: str, low: int, high: int, match: re.Match[str], signatures: Sequence[Hit]) -> dict[str, Hit]:
    """Return who counselled: named with credential in the sentence, a physician in words, or the one who signed."""
    pattern, known = _credential()
    if FIRST_PERSON.search(text[max(low, match.start() - 24) : match.start()]):
        return _signer(text, signatures)
    before = [(one.start(), one) for one in pattern.finditer(text, max(low, match.start() - REACH), match.start())]
    after = re.compile(r"\bby\b").search(text, match.end(), high)
    where = [one for _, one in before[-1:]]
    if after is not None:
        where = list(pattern.finditer(text, after.end(), min(high, after.end() + REACH)))[:1] or where
    if where:
        one = where[0]
        result = {"counsellor_credential": Hit("counsellor_credential", known[one.group()], *one.span())}
        name = NAME.search(text[max(low, one.start() - REACH) : one.start()])
        if name is not None:
            at = max(low, one.start() - REACH) + name.start("name")
            result["counsellor"] = Hit("counsellor", name["name"], at, at + len(name["name"]))
        return result
    if (word := PROFESSION.search(text, low, high)) is not None:
        return {"counsellor_credential": Hit("counsellor_credential", "physician", *word.span())}
    if (doctor := DOCTOR.search(text, low, high)) is not None:
        signed = _signer(text, signatures)
        own = signed.get("counsellor")
        if own is not None and own.value.split()[-1] == doctor["name"].split()[-1]:
            return signed
        return {"counsellor": Hit("counsellor", doctor["name"], *doctor.span("name"))}
    return {}


def _signer(text: str, signatures: Sequence[Hit]) -> dict[str, Hit]:
    """Return the one person who signed the note; two leave it open."""
    pattern, known = _credential()
    found: list[dict[str, Hit]] = []
    for hit in signatures:
        one = pattern.search(text, hit.start, min(len(text), hit.end + 12))
        if one is None:
            continue
        result = {"counsellor_credential": Hit("counsellor_credential", known[one.group()], *one.span())}
        name = NAME.search(text[hit.start : one.start()])
        if name is not None:
            at = hit.start + name.start("name")
            result["counsellor"] = Hit("counsellor", name["name"], at, at + len(name["name"]))
        found.append(result)
    values = {
        (one["counsellor_credential"].value, one["counsellor"].value if "counsellor" in one else "") for one in found
    }
    return found[0] if len(values) == 1 else {}
