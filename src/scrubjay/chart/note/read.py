"""A note's text becomes its administrations and what it says of the whole visit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from scrubjay.chart.model import Administration, Numeric, Status, Value
from scrubjay.chart.note.counselling import counselling, talked
from scrubjay.chart.note.drafts import Parsed, parse
from scrubjay.chart.note.fields import ONCE, moments
from scrubjay.chart.note.hit import Hit
from scrubjay.chart.note.hydration import fluids
from scrubjay.chart.note.procedures import procedure_facts
from scrubjay.chart.note.statement import INJECTION, OWN, PARENTERAL, Draft
from scrubjay.chart.tables import phrases, rows

VISIT = ("consent", "assessment", "signature", "supervision", "separate", "order", "orderer")
NUMERIC = frozenset({"dose", "volume_ml", "waste", "muscles", "lesions", "levels", "injections", "tests"})
PROOF = ("lot", "giver", "ndc")
"""What is written only of an injection that was given, as a time is; a site may also stand in an order."""
HERE = re.compile(
    r"\b(?:today|now|in (?:the )?(?:clinic|office)|this (?:morning|afternoon|visit))\b",
    re.IGNORECASE,
)
NOT_ADMINISTERED = re.compile(
    r"^[^\n]*\b(?:medication|vaccine|injection|dose)\s+(?:was\s+)?(?:not\s+(?:administered|given)|held|refused|declined)\s*$"
    r"|^\W*(?:disposition|(?:administration\s+)?status|outcome|result)\s*:\s*(?:held|refused|declined|not\s+(?:given|administered|done)|cancell?ed)\b",
    re.IGNORECASE | re.MULTILINE,
)
"""A heading or a label that says it of the whole record; what is told with a verb speaks for itself."""
EMERGENCY = re.compile(
    r"\b(?:in|at|to|from|by)\s+(?:the\s+|an\s+|our\s+|local\s+)*(?:ED|ER|emergency\s+(?:room|department))\b",
    re.IGNORECASE,
)
EMERGENCY_NOTE = re.compile(
    r"\b(?:ED|ER|emergency\s+(?:room|department))\s+(?:course|note|record|report|physician|provider|attending|nurse|triage|treatment|management|disposition)\b",
    re.IGNORECASE,
)
"""What makes a note one of an emergency department, where ``in the ED`` is here; elsewhere it is another place."""
DATED = re.compile(
    r"(?:date\s+of\s+(?:service|visit|injection|administration)|visit\s+date|encounter\s+date|service\s+date|dos|date(?:\s+given|\s+administered|\s*/\s*time|\s+and\s+time)?|administered\s+on|administration\s+date|(?<!last\s)seen(?:\s+on)?|(?:nurs\w*|office|clinic|injection)\s+(?:visit|note|encounter)|visit|note|encounter)\s*:?\s*$",
    re.IGNORECASE,
)
ORDERED = re.compile(r"\border(?:ed|s)?\b|\bplan\b", re.IGNORECASE)
NEXT = re.compile(
    r"\b(?:next|return|follow[- ]?up|in\s+\d+\s+(?:weeks?|months?|days?)|continue|monthly|every|schedule)\b",
    re.IGNORECASE,
)
NOTHING = re.compile(
    r"\bno\s+(?:injections?|shots?|vaccines?|medications?)\s+(?:was\s+|were\s+)?(?:given|administered|performed)\b",
    re.IGNORECASE,
)


@dataclass
class Reading:
    """What a note says: administrations in the order of the text, and values of the whole visit by their names."""

    administrations: list[Administration]
    visit: dict[str, Value] = field(default_factory=dict)
    date: Value | None = None


def read(text: str, note: int = 0) -> Reading:
    """Read a note; spans count characters of ``text``, ``note`` is its index in the document."""
    # Line ends of other systems become one kind without moving a character.
    parsed = parse(text.replace("\r\n", " \n").replace("\r", "\n"))
    parsed.not_administered = NOT_ADMINISTERED.search(parsed.text) is not None
    parsed.emergency = EMERGENCY_NOTE.search(parsed.text) is not None
    found = [(draft, status) for draft in parsed.drafts if (status := _status(parsed, draft)) is not None]
    merged = _merged(parsed, found)
    _prepared(parsed, merged)
    visit = _visit(parsed)
    day = _day(parsed, text)
    bags = fluids(parsed.text, parsed.sentences, [draft.sentence for draft, _ in merged if draft.drug is not None])
    ran = {number for number, _ in bags}
    # ``1 L normal saline IV infused`` names no drug of the vocabulary: the bag is what the statement is about.
    merged = [(draft, status) for draft, status in merged if draft.drug is not None or draft.sentence not in ran]
    _spread(parsed, merged, visit)
    drafts = [draft for draft, _ in merged]
    further = _further(parsed, [draft for draft, status in merged if status == "given"])
    result = []
    for draft, status in merged:
        values = {name: _value(text, hit) for name, hit in draft.hits.items() if name in OWN or name in EXTRA}
        values |= {name: _value(text, hit) for name, hit in further.get(id(draft), {}).items()}
        if status == "given" and day is not None:
            values.setdefault("date", day)
        same = next((number for number, other in enumerate(drafts) if other is draft.same_syringe), None)
        result.append(
            Administration(
                status=status,
                drug=_value(text, draft.drug) if draft.drug else None,
                verb=_value(text, draft.verb) if draft.verb else None,
                note=note,
                same_syringe=same,
                conflicts={name: _value(text, hit) for name, hit in draft.conflicts.items()},
                **values,  # type: ignore[arg-type]
            )
        )
    for _, bag in bags:
        values = {name: _value(text, hit) for name, hit in bag.items()}
        if day is not None:
            values["date"] = day
        result.append(Administration(status="given", note=note, **values))  # type: ignore[arg-type]
    return Reading(result, {name: _value(text, hit) for name, hit in visit.items()}, day)


def _further(parsed: Parsed, given: list[Draft]) -> dict[int, dict[str, Hit]]:
    """Return what the note says of the procedure of each injection given, and of counselling on it, by the draft."""
    signatures = [hit for hit in parsed.hits if hit.field == "signature"]
    facts = procedure_facts(parsed.text, parsed.sentences, parsed.drafts, given)
    talks = counselling(parsed.text, parsed.sentences, parsed.drafts, given, signatures)
    for draft in given:
        # Who counselled is named with ``by``, too, and gave nothing.
        if any(talked(parsed.text, draft.hits.get("credential"), talk) for talk in talks.values()):
            draft.hits.pop("giver", None)
            draft.hits.pop("credential", None)
    return {id(draft): {**facts.get(at, {}), **talks.get(at, {})} for at, draft in enumerate(given)}


EXTRA = ("consent", "assessment")


def _value(text: str, hit: Hit) -> Value:
    kind = Numeric if hit.field in NUMERIC else Value
    return kind(value=hit.value, text=text[hit.start : hit.end], start=hit.start, end=hit.end)


def _status(parsed: Parsed, draft: Draft) -> Status | None:
    """Return what the note says of a statement; None where it is no statement about an injection."""
    if "dropped" in draft.meanings or draft.section.name == "allergies":
        return None
    if not _is_injection(parsed, draft):
        return None
    meanings = draft.meanings
    done = draft.verb is not None
    if not done and parsed.not_administered:
        return "declined"
    proof = any(name in draft.hits for name in PROOF) or ("time" in draft.hits and "frequency" not in draft.hits)
    strong = proof or "site" in draft.hits
    here = bool(HERE.search(parsed.text, *draft.clause))
    if (at := EMERGENCY.search(parsed.text, parsed.sentences[draft.sentence][0], draft.clause[1])) is not None:
        if parsed.emergency:
            here = here or at.start() >= draft.clause[0]
        elif not meanings & {"declined", "conditional"} and "elsewhere" not in meanings:
            return "elsewhere"
    if "other" in meanings:
        return "elsewhere"
    if (
        not draft.structured
        and not proof
        and parsed.text[slice(*parsed.sentences[draft.sentence])].rstrip().endswith("?")
    ):
        return "hypothetical"
    if "declined" in meanings:
        return "declined"
    if "conditional" in meanings:
        return "hypothetical"
    if "planned" in meanings and not done:
        return "planned"
    if "historical" in meanings and not (here and done):
        return "historical"
    if "elsewhere" in meanings and not (done and (strong or here)):
        return "elsewhere"
    if done:
        narrated = draft.section.status == "historical"
        return "historical" if narrated and not here and not proof else "given"
    if (proof and "topic" not in meanings) or (here and not meanings):
        return "given"
    if "order" in draft.hits and "topic" not in meanings:
        return "planned"
    if draft.structured and strong and ("dose" in draft.hits or "route" in draft.hits):
        return "given"
    if draft.section.status in ("historical", "elsewhere", "planned"):
        return "elsewhere" if "frequency" in draft.hits and draft.section.status != "planned" else draft.section.status  # type: ignore[return-value]
    if "topic" in meanings:
        return "hypothetical"
    if draft.section.status == "given" or (strong and "frequency" not in draft.hits):
        return "given"
    if "frequency" in draft.hits and not ONCE.search(parsed.text, *draft.clause):
        return "elsewhere"
    if "route" in draft.hits and {"dose", "volume_ml"} & set(draft.hits):
        return "planned"
    return "hypothetical"


def _is_injection(parsed: Parsed, draft: Draft) -> bool:
    """Whether the statement is about giving the drug by needle, or gives it here by another way."""
    kind = draft.mention.name.kind if draft.mention else "drug"
    route = draft.hits.get("route")
    word = INJECTION.search(parsed.text, *draft.clause)
    if draft.mention is not None and word is None:
        low, high = parsed.sentences[draft.sentence]
        word = INJECTION.search(parsed.text, max(low, draft.start - REACH), min(high, draft.end + REACH))
    if kind == "class":
        near = INJECTION.search(parsed.text, max(0, draft.start - 25), min(len(parsed.text), draft.end + 30))
        return near is not None and draft.clause[0] - 1 <= near.start() <= draft.clause[1]
    if route is not None and route.value not in PARENTERAL:
        course = "frequency" in draft.hits or COURSE.search(parsed.text, draft.start, draft.clause[1]) is not None
        return draft.verb is not None and "dose" in draft.hits and not course and draft.section.status != "elsewhere"
    if route is not None or draft.structured:
        return True
    if kind == "vaccine":
        return (
            word is not None
            or draft.verb is not None
            or "dose" in draft.hits
            or bool(re.search(r"shot|vacc", parsed.text[draft.start : draft.end], re.IGNORECASE))
            or bool(draft.meanings & {"declined", "planned"})
        )
    if word is not None:
        return True
    return (
        "site" in draft.hits
        or (draft.verb is not None and ("lot" in draft.hits or "ndc" in draft.hits))
        or draft.mention is None
    )


REACH = 60
COURSE = re.compile(r"\bx\s?\d+\s?(?:d|days?|wks?|weeks?)\b", re.IGNORECASE)
"""``PO BID x7 days`` is a prescription that was handed over, not a dose given here."""


COMPARED = ("dose", "site", "laterality", "time", "lot", "route", "ndc", "expiry")


def _recap(first: Draft, draft: Draft) -> bool:
    """Whether a statement only comes back to an injection: no other lot, and not both how much and where or when."""
    if "lot" in first.hits and "lot" in draft.hits and first.hits["lot"].value != draft.hits["lot"].value:
        return False
    return not ("dose" in draft.hits and {"site", "time", "lot"} & set(draft.hits))


def _conflict(first: Draft, second: Draft) -> bool:
    """Whether two statements about a drug speak of different doses, sites, times or lots."""
    for name in ("dose", "site", "laterality", "time", "lot", "route"):
        one, other = first.hits.get(name), second.hits.get(name)
        if one is not None and other is not None and one.value != other.value:
            return True
    return False


def _merged(parsed: Parsed, found: list[tuple[Draft, Status]]) -> list[tuple[Draft, Status]]:
    """Make several statements about one injection one; an order for what was given becomes its order."""
    kept: list[tuple[Draft, Status]] = []
    for draft, status in found:
        same = [one for one in kept if _same_drug(one[0], draft)]
        alike = [one for one in same if one[1] == status]
        given = [one for one in same if one[1] == "given"]
        if alike and (not _conflict(alike[-1][0], draft) or (status == "given" and _recap(alike[-1][0], draft))):
            _absorb(alike[-1][0], draft)
            continue
        bare = not ({"dose", "route", "site"} & set(draft.hits))
        if (
            given
            and status in ("planned", "hypothetical")
            and (bare or "order" in draft.hits or not _future(parsed, draft))
            and not _conflict(given[-1][0], draft)
        ):
            _order(parsed, given[-1][0], draft, status)
            continue
        kept.append((draft, status))
    result = []
    for number, (draft, status) in enumerate(kept):
        later = [
            one
            for one, other in kept[number + 1 :]
            if other == "given" and _same_drug(one, draft) and not _conflict(one, draft)
        ]
        if later and status in ("planned", "hypothetical") and ("order" in draft.hits or not _future(parsed, draft)):
            _order(parsed, later[0], draft, status)
            continue
        result.append((draft, status))
    return result


def _prepared(parsed: Parsed, merged: list[tuple[Draft, Status]]) -> None:
    """Take the volume of what was drawn up, ``X 156 mg (1 mL) syringe shaken``, for the injection of that dose."""
    for draft in parsed.drafts:
        dose, volume = draft.hits.get("dose"), draft.hits.get("volume_ml")
        if dose is None or volume is None or any(draft is one for one, _ in merged):
            continue
        for one, status in merged:
            held = one.hits.get("dose")
            if status == "given" and held is not None and held.value == dose.value and _same_drug(one, draft):
                one.hits.setdefault("volume_ml", volume)


@cache
def _members() -> dict[str, frozenset[str]]:
    return {row["class"]: frozenset(phrases(row["members"])) for row in rows("classes")}


def _same_drug(first: Draft, second: Draft) -> bool:
    """Whether two statements name one drug; a class word such as ``steroid`` stands for its members."""
    if first.drug is None or second.drug is None:
        return False
    one, other = first.drug.value, second.drug.value
    return one == other or other in _members().get(one, ()) or one in _members().get(other, ())


def _future(parsed: Parsed, draft: Draft) -> bool:
    low, high = parsed.sentences[draft.sentence]
    return bool(NEXT.search(parsed.text, low, high)) or "conditional" in draft.meanings


def _absorb(into: Draft, draft: Draft) -> None:
    if into.drug is not None and draft.drug is not None and into.drug.value in _members():
        into.drug = draft.drug
    for name, hit in draft.hits.items():
        held = into.hits.setdefault(name, hit)
        if name in COMPARED and held.value != hit.value:
            into.conflicts.setdefault(name, hit)
    if into.verb is None and draft.verb is not None:
        into.verb, into.drug = draft.verb, draft.drug or into.drug


def _order(parsed: Parsed, given: Draft, draft: Draft, status: Status) -> None:
    """Keep a planned statement about what was given as the order for it."""
    low, high = parsed.sentences[draft.sentence]
    if status == "planned" and (
        ORDERED.search(parsed.text, low, high) or draft.section.name == "plan" or "dose" in draft.hits
    ):
        given.hits.setdefault("order", Hit("order", "yes", draft.start, draft.end))
    alike = "dose" in draft.hits and "dose" in given.hits and draft.hits["dose"].value == given.hits["dose"].value
    for name in ("orderer", "order", "diagnosis", *(("volume_ml", "strength", "container") if alike else ())):
        if name in draft.hits:
            given.hits.setdefault(name, draft.hits[name])


def _visit(parsed: Parsed) -> dict[str, Hit]:
    found: dict[str, Hit] = {}
    for hit in parsed.hits:
        if hit.field in VISIT and (hit.field not in found or hit.value == "no"):
            found[hit.field] = hit
    return found


def _day(parsed: Parsed, text: str) -> Value | None:
    """Return the date of the visit where the note names it as such."""
    told = 0
    for hit in sorted(moments(parsed.text), key=lambda one: one.start):
        # What stands before the last date or time speaks of that one: "DOB 3/2/1961  DOS 3/5/2026".
        before = parsed.text[max(told, hit.start - 40) : hit.start]
        told = hit.end
        if hit.field == "date" and DATED.search(before) and not re.search(r"birth|dob|exp|lot", before, re.IGNORECASE):
            return _value(text, hit)
    return None


SAID_ONCE = ("time", "lot", "expiry", "ndc", "site")
"""What belongs to the injection wherever it stands, when there was only one."""
SITE_LABEL = re.compile(r"\bsite\s*:\s*(?:left|right|lt|rt|l|r)?\.?\s*$", re.IGNORECASE)


def _spread(parsed: Parsed, merged: list[tuple[Draft, Status]], visit: dict[str, Hit]) -> None:
    """Give what the note says once to every injection of the visit that says nothing else."""
    given = [draft for draft, status in merged if status == "given"]
    loose: dict[str, Hit] = {}
    owned = {(hit.field, hit.start) for draft, _ in merged for hit in draft.hits.values()}
    for hit in parsed.hits:
        if (
            hit.field in (*SAID_ONCE, "giver", "credential", "reaction", "observation", "patient_supplied", "diagnosis")
            and (hit.field, hit.start) not in owned
        ):
            if hit.field == "diagnosis" and not _labelled(parsed.text, hit):
                continue
            if hit.field in SAID_ONCE and len(given) != 1:
                continue
            if hit.field == "site" and not SITE_LABEL.search(parsed.text[max(0, hit.start - 40) : hit.start]):
                continue
            loose.setdefault(hit.field, hit)
            for extra in hit.extra:
                loose.setdefault(extra.field, extra)
    for name in ("giver", "credential", "reaction", "observation"):
        holders = [draft for draft in given if name in draft.hits]
        if holders and name not in loose and len({draft.hits[name].value for draft in holders}) == 1:
            loose[name] = holders[0].hits[name]
    for draft in given:
        for name in ("giver", "credential"):
            if name in loose and "giver" not in draft.hits and "credential" not in draft.hits:
                draft.hits.update({key: loose[key] for key in ("giver", "credential") if key in loose})
                break
        if "site" in loose and "site" not in draft.hits and "laterality" in loose:
            draft.hits.setdefault("laterality", loose["laterality"])
        for name in (*SAID_ONCE, "reaction", "observation", "patient_supplied", "diagnosis"):
            if name in loose:
                draft.hits.setdefault(name, loose[name])
        for name in ("consent", "assessment", "order", "orderer"):
            if name in visit:
                draft.hits.setdefault(name, visit[name])


def _labelled(text: str, hit: Hit) -> bool:
    return bool(
        re.search(
            r"(?:dx|diagnos[ie]s|indication|assessment|impression|reason|here|presents|seen|treated)[^\n]{0,40}$",
            text[max(0, hit.start - 60) : hit.start],
            re.IGNORECASE,
        )
    ) or bool(re.fullmatch(r"[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?", hit.value))
