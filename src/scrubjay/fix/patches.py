"""What an edit proposes to change, which of it is form alone, and what a person accepted.

A patch names a segment by its number, an element (``SV101-3``, ``LIN03``), the value that stands there and the new one.
Without an element and a new value it drops the segment, and with an SV1 or LX the whole service line; ``old`` is then the
beginning of the segment with ``*`` and ``:`` as delimiters (``SV1*HC:99211``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import NamedTuple

import polars as pl
from stdnum import luhn

from scrubjay import catalogue
from scrubjay.errors import ScrubjayError
from scrubjay.report import Report

_ADDRESS = re.compile(r"([A-Z][A-Z0-9]{1,2}?)([0-9]{2})(?:-([0-9]{1,2}))?")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?|-?\.[0-9]+")
_NDC_PARTS = (5, 4, 2)
_NPI_DIGITS = 10
_NPI_PREFIX = "80840"
"""Stands before an NPI when its check digit is computed."""


class Refused(ScrubjayError):
    """A change cannot be made as asked; nothing is written."""


class Address(NamedTuple):
    """An element: the segment's identifier, the element's place and the component's (0: the whole element)."""

    segment: str
    element: int
    component: int

    @classmethod
    def of(cls, text: str) -> Address:
        """Read ``SV101-3``; raises :class:`Refused` for anything else."""
        found = _ADDRESS.fullmatch(text)
        if found is None or not int(found[2]):
            raise Refused(f"{text!r} is no address of an element; it is written like SV101-3 or LIN03")
        return cls(found[1], int(found[2]), int(found[3] or 0))


@dataclass(frozen=True)
class Patch:
    """One change of one element, or (``element`` and ``new`` null) the end of a segment or service line."""

    segment: int
    element: str | None
    old: str | None
    new: str | None

    @property
    def drops(self) -> bool:
        """Whether the patch takes something away as a whole."""
        return self.element is None

    def __str__(self) -> str:
        if self.drops:
            return f"segment {self.segment}: {self.old} is dropped"
        return f"segment {self.segment} {self.element}: {self.old or '(empty)'} -> {self.new or '(empty)'}"


@dataclass(frozen=True)
class Proposal:
    """The patches of one finding; all of them are applied or none."""

    edit: str
    name: str
    safety: str
    level: str
    claim: str | None
    line: int | None
    claim_id: int | None
    text: str
    patches: tuple[Patch, ...]

    @property
    def place(self) -> str:
        """Where it is: ``NDC02 claim 26-00417 line 3``."""
        words = [self.edit]
        words += [f"claim {self.claim}"] if self.claim is not None else []
        words += [f"line {self.line}"] if self.line is not None else []
        return " ".join(words)

    @property
    def acceptance(self) -> str:
        """What ``--accept`` calls it."""
        return f"{self.edit}@{self.claim or ''}" + (f":{self.line}" if self.line is not None else "")

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same proposal in a later round, wherever its segment then stands."""
        return (self.edit, self.claim_id, self.line, tuple((p.element, p.old, p.new) for p in self.patches))


def proposals(report: Report) -> list[Proposal]:
    """Return the proposals of a report's findings, in its order: hits with a fix that has patches."""
    columns = ("edit", "name", "level", "claim", "line", "claim_id", "fix")
    patched = pl.col("fix").struct.field("patches").list.len().fill_null(0) > 0
    rows = report.findings.filter((pl.col("outcome") == "hit") & patched).select(columns).iter_rows(named=True)
    found = []
    for row in rows:
        fix = row.pop("fix")
        patches = tuple(Patch(p["segment"], p["element"], p["old"], p["new"]) for p in fix["patches"])
        found.append(Proposal(safety=fix["safety"], text=fix["text"], patches=patches, **row))
    return found


# ---- form alone


def ndc_digits(old: str, new: str) -> bool:
    """Hyphens show the three parts of an NDC; each is filled up with zeros on its left to 5, 4 and 2 digits."""
    parts = old.split("-")
    if len(parts) != len(_NDC_PARTS) or not all(part.isascii() and part.isdigit() for part in parts):
        return False
    fits = all(len(part) <= width for part, width in zip(parts, _NDC_PARTS, strict=True))
    return fits and new == "".join(part.zfill(width) for part, width in zip(parts, _NDC_PARTS, strict=True))


def case_and_blanks(old: str, new: str) -> bool:
    """Small letters become capitals and blanks around the value go."""
    return bool(new) and new == old.strip().upper()


def npi_digits(old: str, new: str) -> bool:
    """What is no digit goes, and what remains is a valid NPI (45 CFR 162.406)."""
    return len(new) == _NPI_DIGITS and new == re.sub(r"[^0-9]", "", old) and luhn.is_valid(_NPI_PREFIX + new)


FORM: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {"LIN03": ndc_digits, "CTP05-1": case_and_blanks, "NM109": npi_digits}
)
"""The elements a safe patch may touch, and the only change of each: how something is written, never what it says."""


def is_form(patch: Patch) -> bool:
    """Say whether a patch changes how a value is written and nothing else."""
    rule = FORM.get(patch.element or "")
    if rule is None or patch.old is None or patch.new is None or patch.old == patch.new:
        return False
    return rule(patch.old, patch.new)


def says(written: str, old: str | None) -> bool:
    """Say whether an element says what a patch expects: the same characters, code or number."""
    expected = old or ""
    if written == expected or written.strip().upper() == expected.strip().upper():
        return True
    if not (_NUMBER.fullmatch(written.strip()) and _NUMBER.fullmatch(expected.strip())):
        return False
    try:
        return Decimal(written) == Decimal(expected)
    except InvalidOperation:
        return False


# ---- what a person accepted


@dataclass(frozen=True)
class Acceptance:
    """``EDIT@CLAIM`` or ``EDIT@CLAIM:LINE``: one finding that a person looked at."""

    edit: str
    place: str

    @classmethod
    def of(cls, text: str) -> Acceptance:
        """Read what was typed; raises :class:`Refused` where it is not of that form or names no edit."""
        edit, at, place = text.strip().partition("@")
        if not (edit and at and place):
            raise Refused(f"--accept {text!r}: write it as EDIT@CLAIM:LINE, such as EM09@26-00417:2")
        known = catalogue.by_code(edit)
        if known is None:
            near = catalogue.nearest(edit)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise Refused(f"--accept {text!r}: no edit is called {edit!r}{hint}")
        return cls(str(known["code"]), place)

    def __str__(self) -> str:
        return f"{self.edit}@{self.place}"

    def names(self, edit: str, claim: str | None, line: int | None) -> bool:
        """Say whether it means a finding; a claim number may itself hold a colon."""
        if edit != self.edit or claim is None:
            return False
        return self.place in (claim, f"{claim}:{line}" if line is not None else claim)


def matched(acceptances: Iterable[Acceptance], found: Sequence[Proposal]) -> dict[Acceptance, Proposal]:
    """Return the proposal each acceptance means; those that mean none yet are left out.

    Raises :class:`Refused` for advice and where several findings could be meant: one acceptance is one look at one finding.
    """
    out = {}
    for acceptance in acceptances:
        meant = [p for p in found if acceptance.names(p.edit, p.claim, p.line)]
        if len(meant) > 1:
            several = ", ".join(sorted({p.acceptance for p in meant}))
            which = several if "," in several else f"{len(meant)} findings of that name"
            raise Refused(f"--accept {acceptance} could mean {which}; name one line of one claim")
        if meant and meant[0].safety == "advice":
            raise Refused(f"--accept {acceptance}: the fix of {acceptance.edit} is advice, which is never applied")
        if meant:
            out[acceptance] = meant[0]
    return out


def unmet(acceptance: Acceptance, report: Report) -> str:
    """Say why an acceptance named nothing that could be applied."""
    rows = report.findings.select("edit", "claim", "line", "outcome", "fix").iter_rows()
    for edit, claim, line, outcome, fix in rows:
        if acceptance.names(edit, claim, line):
            if outcome != "hit":
                return f"--accept {acceptance}: {edit} is undecided there, a value it needs is missing"
            remedy = f" ({fix['text'].rstrip('.')})" if fix else ""
            return f"--accept {acceptance}: {edit} has no patch there, it is for a person to do{remedy}"
    return f"--accept {acceptance}: there is no such finding"
