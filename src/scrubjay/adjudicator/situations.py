"""What an invented payer looks for on a claim: plain functions from a claim to the lines they are about.

They are written without the edits and their tables on purpose: a scorecard is worth something only where the two can
disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date


@dataclass(slots=True)
class Line:
    """A service line as billed; ``units`` in thousandths, money in cents."""

    number: int
    control: str
    qualifier: str
    code: str
    mods: tuple[str, ...]
    charge: int
    units: int
    day: date | None
    pos: str
    ndc: str
    rendering: str


@dataclass(slots=True)
class Claim:
    """A claim as billed."""

    id: str
    charge: int
    pos: str
    frequency: str
    filing: str
    payer_id: str
    payer_name: str
    member: str
    last: str
    first: str
    billing_npi: str
    billing_tin: str
    rendering_npi: str
    authorized: bool
    patient_paid: int
    late: bool = False
    diagnoses: tuple[str, ...] = ()
    lines: list[Line] = field(default_factory=list)


class Codes:
    """The code sets of a payer model, ranges spelled out when they are asked for."""

    def __init__(
        self, sets: dict[str, list[str]], ended: dict[str, date], most_units: dict[str, int], bad_diagnoses: list[str]
    ) -> None:
        self._sets = {name: [tuple(part.partition("-")[::2]) for part in parts] for name, parts in sets.items()}
        self._known: dict[tuple[str, str], bool] = {}
        self.ended = ended
        self.most_units = most_units
        self.bad_diagnoses = frozenset(bad_diagnoses)

    def has(self, name: str, code: str) -> bool:
        """Say whether a code is in a set; a range holds codes of its length between its ends."""
        key = (name, code)
        if key not in self._known:
            self._known[key] = any(
                low <= code <= (high or low) and len(code) == len(low) for low, high in self._sets.get(name, ())
            )
        return self._known[key]


Situation = Callable[[Claim, Codes], list[Line]]


def _of(claim: Claim, codes: Codes, name: str) -> list[Line]:
    return [line for line in claim.lines if codes.has(name, line.code)]


def _beside_injection(claim: Claim, codes: Codes, name: str) -> list[Line]:
    """Return lines of a set on a day with an injection, outside facilities, without modifier 25."""
    days = {line.day for line in _of(claim, codes, "injection")}
    return [
        line
        for line in _of(claim, codes, name)
        if line.day in days and "25" not in line.mods and not codes.has("facility", line.pos)
    ]


def _visit_without_25(claim: Claim, codes: Codes) -> list[Line]:
    return _beside_injection(claim, codes, "visit")


def _nurse_visit(claim: Claim, codes: Codes) -> list[Line]:
    return _beside_injection(claim, codes, "nurse_visit")


def _injection_beside_visit(claim: Claim, codes: Codes) -> list[Line]:
    days = {line.day for line in _visit_without_25(claim, codes)}
    return [line for line in _of(claim, codes, "injection") if line.day in days]


def _filed_late(claim: Claim, codes: Codes) -> list[Line]:
    return list(claim.lines) if claim.late else []


def _injection_in_facility(claim: Claim, codes: Codes) -> list[Line]:
    return [line for line in _of(claim, codes, "injection") if codes.has("facility", line.pos)]


def _injection_without_drug(claim: Claim, codes: Codes) -> list[Line]:
    if _of(claim, codes, "drug") or _of(claim, codes, "vaccine"):
        return []
    return _of(claim, codes, "injection")


def _drug_without_ndc(claim: Claim, codes: Codes) -> list[Line]:
    return [line for line in _of(claim, codes, "drug") if not line.ndc]


def _single_dose_without_jz(claim: Claim, codes: Codes) -> list[Line]:
    return [line for line in _of(claim, codes, "single_dose") if not {"JW", "JZ"} & set(line.mods)]


def _units_above_the_most(claim: Claim, codes: Codes) -> list[Line]:
    most = codes.most_units
    return [line for line in claim.lines if line.units > 1000 * most.get(line.code, 10**9)]


def _line_repeated(claim: Claim, codes: Codes) -> list[Line]:
    seen: set[tuple[object, ...]] = set()
    again = []
    for line in claim.lines:
        key = (line.code, line.mods, line.day, line.units, line.charge, line.rendering)
        if key in seen and not {"59", "76", "77"} & set(line.mods):
            again.append(line)
        seen.add(key)
    return again


def _code_ended(claim: Claim, codes: Codes) -> list[Line]:
    ended = codes.ended
    return [line for line in claim.lines if line.day and line.code in ended and line.day > ended[line.code]]


def _vaccine_with_injection(claim: Claim, codes: Codes) -> list[Line]:
    if not _of(claim, codes, "vaccine") or _of(claim, codes, "vaccine_administration"):
        return []
    return _of(claim, codes, "injection")


def _flu_shot_without_g_code(claim: Claim, codes: Codes) -> list[Line]:
    if not _of(claim, codes, "vaccine"):
        return []
    return [
        line
        for line in _of(claim, codes, "vaccine_administration")
        if line.code.startswith("9047") and not any(other.code.startswith("G000") for other in claim.lines)
    ]


def _diagnosis_not_valid(claim: Claim, codes: Codes) -> list[Line]:
    return list(claim.lines) if codes.bad_diagnoses.intersection(claim.diagnoses) else []


def _authorized_drug(claim: Claim, codes: Codes) -> list[Line]:
    return _of(claim, codes, "needs_authorization") if claim.authorized else []


def _unauthorized_drug(claim: Claim, codes: Codes) -> list[Line]:
    return [] if claim.authorized else _of(claim, codes, "needs_authorization")


def _out_of_balance(claim: Claim, codes: Codes) -> list[Line]:
    return [] if claim.charge == sum(line.charge for line in claim.lines) else list(claim.lines)


SITUATIONS: dict[str, Situation] = {
    "visit-without-25": _visit_without_25,
    "injection-beside-visit-without-25": _injection_beside_visit,
    "filed-late": _filed_late,
    "nurse-visit-with-injection": _nurse_visit,
    "injection-in-facility": _injection_in_facility,
    "injection-without-drug": _injection_without_drug,
    "drug-without-ndc": _drug_without_ndc,
    "single-dose-without-jz": _single_dose_without_jz,
    "units-above-the-most": _units_above_the_most,
    "line-repeated": _line_repeated,
    "code-ended": _code_ended,
    "vaccine-with-injection": _vaccine_with_injection,
    "flu-shot-without-g-code": _flu_shot_without_g_code,
    "diagnosis-not-valid": _diagnosis_not_valid,
    "authorized-drug": _authorized_drug,
    "drug-without-authorization": _unauthorized_drug,
    "charges-out-of-balance": _out_of_balance,
}
"""Name in a payer model -> the lines it is about."""
