"""One encounter to proposed claim lines, checked by the same edits that check every claim."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from scrubjay.chart.coding.lines import draft_lines
from scrubjay.chart.coding.needles import BOTH, kin, side_modifiers
from scrubjay.chart.coding.proposals import EVALUATION, Draft, Proposal, evidence, propose, take_back
from scrubjay.chart.coding.reference import tables_of
from scrubjay.chart.coding.worksheet import Switches, Worksheet
from scrubjay.chart.model import Address, Encounter, Person, Provider
from scrubjay.checker import check, shared_references
from scrubjay.errors import ScrubjayError
from scrubjay.io import records
from scrubjay.io.assemble import Sourced
from scrubjay.io.assemble import tables_of as claim_tables
from scrubjay.io.export import lacking
from scrubjay.policy import PolicySet, load
from scrubjay.refdata import References
from scrubjay.report import Report

_RELATION = {"self": "18", "spouse": "01", "child": "19", "other": "G8"}
_MOST_DIAGNOSES, _MOST_POINTERS, _MOST_MODIFIERS = 12, 4, 4


@dataclass
class Coding:
    """What is proposed for an encounter: the claim, its drafts, what a person must decide, what is missing."""

    claim: records.Claim | None
    policy: str
    day: dt.date | None
    drafts: list[Draft] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    accepted: list[tuple[int, str]] = field(default_factory=list)
    report: Report | None = None
    encounter: Encounter | None = None


def code_encounter(
    encounter: Encounter,
    *,
    policy: str = "auto",
    policy_set: PolicySet | None = None,
    refs: References | None = None,
    as_of: dt.date | None = None,
    accept: Iterable[tuple[int, str]] = (),
) -> Coding:
    """Propose claim lines for what the chart says was given; nothing it does not say is filled in.

    ``accept`` are (line, modifier) of proposals that a person confirmed.  Raises
    :class:`~scrubjay.errors.ScrubjayError` for a policy or a confirmation that does not exist.
    """
    refs = refs if refs is not None else shared_references()
    policy_set = policy_set if policy_set is not None else load()
    name = _policy(encounter, policy, policy_set)
    day = _day(encounter)
    if day is None:
        return Coding(None, name, None, missing=["the date of service: codes and rules depend on it"])
    tables = tables_of(refs)
    sheet = Worksheet(encounter, day, tables, _switches(policy_set, name, day), _diagnoses(encounter))
    if len(sheet.diagnoses) > _MOST_DIAGNOSES:
        sheet.missing.append(
            f"a choice of {_MOST_DIAGNOSES} of {len(sheet.diagnoses)} diagnoses: a claim holds no more"
        )
        sheet.diagnoses = sheet.diagnoses[:_MOST_DIAGNOSES]
    if not sheet.diagnoses:
        sheet.missing.append("a diagnosis with its ICD-10-CM code")
    draft_lines(sheet)
    sheet.drafts = [*_visit(sheet), *_procedures(sheet), *sheet.drafts]
    _charges(sheet)
    taken = take_back(sheet.drafts, [(draft, mod) for draft, mod, _ in sheet.confirm if mod not in _WASTE], tables, day)
    proposals = _confirmations(sheet, taken) + propose(
        sheet.drafts, encounter, day, tables, preventive_25=sheet.switches.preventive_25
    )
    claim = _claim(sheet, encounter)
    coding = Coding(
        claim, name, day, sheet.drafts, proposals, _unique(sheet.rejected), sheet.missing, encounter=encounter
    )
    _accept(coding, accept)
    if coding.claim is not None and coding.claim.lines:
        # A charge that is missing is named by its code already.
        coding.missing += [word for word in lacking(coding.claim) if not word.startswith("the charge of line")]
        table, _ = claim_tables([Sourced(coding.claim)], 0, 0, 0)
        coding.report = check(
            table,
            policy=policy,
            policy_set=policy_set,
            refs=refs,
            as_of=as_of or dt.date.today(),  # noqa: DTZ011
        )
    coding.missing = list(dict.fromkeys(coding.missing))
    return coding


def _policy(encounter: Encounter, policy: str, policy_set: PolicySet) -> str:
    if policy != "auto":
        if policy not in policy_set.names():
            raise ScrubjayError(f"no policy is called {policy!r}; known: auto, {', '.join(policy_set.names())}")
        return policy
    if not encounter.coverage:
        return "generic"
    first = encounter.coverage[0]
    return policy_set.select(first.payer_id, first.payer_name, first.filing_code)


def _switches(policy_set: PolicySet, name: str, day: dt.date) -> Switches:
    def value(switch: str) -> str:
        return policy_set.switch(name, switch, day)

    return Switches(
        name,
        value("jw_jz"),
        value("ndc"),
        value("patient_supplied"),
        value("vaccine_admin") == "g-codes",
        value("prep_admin") == "g0012",
        policy_set.level(name, "DRG18", day) != "off",
        value("bilateral") == "two-lines",
        value("preventive_25") == "true",
    )


def _day(encounter: Encounter) -> dt.date | None:
    if encounter.encounter.date is not None:
        return encounter.encounter.date
    for given in encounter.given():
        try:
            return dt.date.fromisoformat(given.get("date") or "")
        except ValueError:
            continue
    return None


def _diagnoses(encounter: Encounter) -> list[str]:
    confirmed = [d.code for d in encounter.diagnoses if d.code and d.status == "confirmed"]
    return list(dict.fromkeys(code.upper() for code in confirmed))


def _visit(sheet: Worksheet) -> list[Draft]:
    """Return the line of the visit, where the clinician documented its code; a nurse's visit is inside the injection."""
    visit = sheet.encounter.encounter.visit
    if visit is None:
        return []
    if not visit.code:
        if visit.separate_evaluation is not None:
            sheet.missing.append("the code of the visit: its level is the clinician's to choose")
        return []
    tables, day = sheet.tables, sheet.day
    given = any(tables.in_group(draft.code, "DRUG_ADMIN", day) for draft in sheet.drafts)
    if tables.in_group(visit.code, "EM_99211", day) and given:
        sheet.rejected.append((visit.code, "its work is part of giving the drug; no modifier separates the two"))
        return []
    found = [code for word in visit.diagnoses if (code := _known(word, sheet)) is not None] or sheet.diagnoses[
        :_MOST_POINTERS
    ]
    item = evidence("separate_evaluation", visit.separate_evaluation, EVALUATION)
    return [
        Draft(visit.code, Decimal(1), diagnoses=found[:_MOST_POINTERS], date=day, why=["the visit as the clinician coded it"],
              evidence=[item] if item else [], visit=True)
    ]  # fmt: skip


def _known(word: str, sheet: Worksheet) -> str | None:
    plain = word.replace(".", "").upper()
    return next((code for code in sheet.diagnoses if code.replace(".", "") == plain), None)


def _procedures(sheet: Worksheet) -> list[Draft]:
    """Return lines of procedures the chart codes itself, unless an administration stands for them already."""
    held = {draft.code for draft in sheet.drafts}
    alike = {own: code for code in sorted(held) if (own := kin(code)) is not None}
    drafts = []
    for number, procedure in enumerate(sheet.encounter.procedures):
        if procedure.status != "done" or not procedure.code or procedure.code in held:
            continue
        own = kin(procedure.code)
        if own is not None and (other := alike.get(own)) is not None:
            sheet.missing.append(
                f"whether {other} or {procedure.code} was done: the chart codes {procedure.code}, its facts say {other}"
            )
            continue
        why = [f"documented as done{f': {procedure.text}' if procedure.text else ''}"]
        draft = Draft(procedure.code, Decimal(1), diagnoses=sheet.diagnoses[:1], date=sheet.day, why=why)
        side = side_modifiers(procedure.code, procedure.laterality, sheet.tables, sheet.day)
        if side is not None:
            place = procedure.id or f"#/procedures/{number}"
            draft.modifiers, draft.times = [side], 2 if side == BOTH else 1
            sheet.confirm.append(
                (draft, side, [{"field": "laterality", "value": procedure.laterality, "resource": place}])
            )
        drafts.append(draft)
    return drafts


def _charges(sheet: Worksheet) -> None:
    amounts = {charge.code: Decimal(charge.amount) for charge in sheet.encounter.charges}
    for draft in sheet.drafts:
        if draft.charge is None and draft.units is not None and draft.code in amounts:
            draft.charge = (amounts[draft.code] * draft.units * draft.times).quantize(Decimal("0.01"))
        if draft.charge is None:
            sheet.missing.append(f"the practice's charge for {draft.code}")


_WASTE = {
    "JW": "a person's word that this much was discarded",
    "JZ": "a person's word that nothing was discarded",
}
_OPENING = "a person's word that the services were separate: the side would open their pair"


def _confirmations(sheet: Worksheet, taken: set[int]) -> list[Proposal]:
    place = {id(draft): at for at, draft in enumerate(sheet.drafts, start=1)}
    found = []
    for draft, modifier, shown in sheet.confirm:
        at = place.get(id(draft))
        if at is None:
            continue
        needs = [_WASTE[modifier]] if modifier in _WASTE else [_OPENING] if at in taken else []
        found.append(Proposal(at, draft.code, modifier, True, list(shown), needs))
    return sorted(found, key=lambda proposal: (proposal.line, proposal.modifier))


def _accept(coding: Coding, accept: Iterable[tuple[int, str]]) -> None:
    """Put confirmed modifiers on their lines; a confirmation of what was not proposed is refused."""
    known = {(proposal.line, proposal.modifier) for proposal in coding.proposals}
    wanted = list(accept)
    for line, modifier in wanted:
        if (line, modifier) not in known:
            shown = ", ".join(f"{mod}@{at}" for at, mod in sorted(known)) or "none"
            raise ScrubjayError(f"{modifier}@{line} was not proposed; proposed are: {shown}")
    coding.accepted = wanted
    if coding.claim is None:
        return
    lines = list(coding.claim.lines)
    for line, modifier in wanted:
        own = lines[line - 1]
        if modifier not in own.modifiers:
            lines[line - 1] = replace(own, modifiers=(modifier, *own.modifiers)[:_MOST_MODIFIERS])
    coding.claim = replace(coding.claim, lines=tuple(lines))


def _unique(rejected: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(rejected))


def _claim(sheet: Worksheet, encounter: Encounter) -> records.Claim:
    """Return the claim of the drafts; what the chart does not say stays empty."""
    meeting = encounter.encounter
    coverage = encounter.coverage[0] if encounter.coverage else None
    patient = _person(encounter.patient)
    insured = _person(coverage.subscriber) if coverage is not None and coverage.subscriber is not None else patient
    relation = coverage.relationship if coverage is not None else "self"
    rendering = encounter.provider_by_id(meeting.visit.rendering if meeting.visit is not None else None)
    rendering = rendering or encounter.provider("rendering")
    if not meeting.place_of_service:
        sheet.missing.append("the place of service")
    if rendering is None:
        sheet.missing.append("the rendering provider")
    supervising = encounter.provider_by_id(meeting.supervision.provider if meeting.supervision is not None else None)
    supervising = supervising or encounter.provider("supervising")
    dates = [
        (kind, day) for kind, day in (("431", meeting.onset_date), ("439", meeting.accident_date)) if day is not None
    ]
    subscriber = records.Subscriber(
        insured,
        (coverage.member_id or "") if coverage else "",
        (coverage.group_number or "") if coverage else "",
        coverage.responsibility if coverage else "P",
    )
    payer = records.Payer(
        (coverage.payer_name or "") if coverage else "",
        (coverage.payer_id or "") if coverage else "",
        (coverage.filing_code or "") if coverage else "",
        _address(coverage.payer_address) if coverage else None,
    )
    lines = tuple(_line(draft, at, sheet, meeting.id or "") for at, draft in enumerate(sheet.drafts, start=1))
    return records.Claim(
        id=meeting.id or encounter.patient.id or "",
        billing=_provider(encounter.provider("billing")) or records.Provider("", ""),
        subscriber=subscriber,
        payer=payer,
        lines=lines,
        diagnoses=tuple(code.replace(".", "") for code in sheet.diagnoses),
        dependent=None if relation == "self" else records.Dependent(patient, _RELATION[relation]),
        pos=meeting.place_of_service or "",
        rendering=_provider(rendering),
        referring=_provider(encounter.provider("referring")),
        supervising=_provider(supervising) if supervising is not rendering else None,
        facility=_provider(encounter.provider("facility")),
        prior_auth=(coverage.prior_authorization or "") if coverage else "",
        dates=tuple(dates),
    )


def _line(draft: Draft, at: int, sheet: Worksheet, claim: str) -> records.Line:
    position = {code: str(k) for k, code in enumerate(sheet.diagnoses, start=1)}
    pointers = tuple(position[code] for code in draft.diagnoses if code in position)[:_MOST_POINTERS]
    vaccine = sheet.tables.in_group(draft.code, "VAXP", sheet.day)
    return records.Line(
        code=draft.code,
        charge=draft.charge,
        units=draft.units,
        modifiers=tuple(draft.modifiers[:_MOST_MODIFIERS]),
        service_date=draft.date or sheet.day,
        pointers=pointers,
        description=draft.narrative or "",
        control=f"{claim}-{at}" if claim else "",
        ndc=draft.ndc or "",
        ndc_quantity=draft.ndc_quantity,
        ndc_unit=draft.ndc_unit or "",
        lot=(draft.lot or "") if vaccine else "",
        notes=(records.Note(draft.note),) if draft.note else (),
    )


def _person(person: Person) -> records.Person:
    return records.Person(
        person.last_name or "", person.first_name or "", person.birth_date, person.sex or "", person.middle_name or "",
        _address(person.address),
    )  # fmt: skip


def _address(address: Address | None) -> records.Address | None:
    if address is None:
        return None
    return records.Address(
        address.line1 or "", address.city or "", address.state or "", address.zip or "", address.line2 or ""
    )


def _provider(provider: Provider | None) -> records.Provider | None:
    if provider is None:
        return None
    person = provider.type == "person" and bool(provider.last_name)
    name = provider.last_name if person else provider.name or provider.last_name
    return records.Provider(
        provider.npi or "", name or "", (provider.first_name or "") if person else "", provider.taxonomy or "",
        provider.tin or "", "EI", _address(provider.address),
    )  # fmt: skip
