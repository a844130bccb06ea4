"""Claims as objects to the tables of the model: the way of every input that is not an 837P.

An input that is no X12 has no segments.  Its claims and lines get numbers of their own instead, which hold the place of
segment numbers inside a run; :class:`Places` turns them back into what the person who wrote the input knows: a row, or
a FHIR path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from scrubjay.io.records import Address, Claim, Line, Provider
from scrubjay.model import CLAIMS, DEFECTS, DIAGNOSES, LINES, NOTES, Column, Tables

_BLOOD_TESTS = ("R1", "R2")
_DATES = {
    "439": "accident_date",
    "435": "hospital_from",
    "431": "onset_date",
    "484": "onset_date",
    "304": "last_seen_date",
}
_NO_POINTER = 255

BOXES = {
    column.element: column.box
    for shape in (CLAIMS, LINES, DIAGNOSES)
    for column in shape
    if column.element and column.box
}
"""X12 elements and the box of the CMS-1500 that holds the same."""


@dataclass(frozen=True)
class Flaw:
    """A value that cannot be read: the kind of defect, its X12 element, what stood there, what was expected.

    ``line`` is the position of the line in its claim (0 first), None for the claim itself.
    """

    kind: str
    element: str
    found: str | None
    expected: str
    line: int | None = None


@dataclass(frozen=True)
class Sourced:
    """A claim and where it stands in its input.

    ``row`` and ``rows`` are the row of the claim and of each line where the input has rows; ``path`` and ``paths`` their
    FHIR paths where it has those.
    """

    claim: Claim
    flaws: tuple[Flaw, ...] = ()
    row: int | None = None
    rows: tuple[int, ...] = ()
    path: str = ""
    paths: tuple[str, ...] = ()


@dataclass
class Places:
    """What the numbers of a piece stand for: ``rows`` by number, and ``paths`` by number and X12 element."""

    rows: dict[int, int] = field(default_factory=dict)
    paths: dict[int, str] = field(default_factory=dict)
    elements: Mapping[str, str] = field(default_factory=dict)

    def join(self, other: Places) -> None:
        """Take over the places of a further piece of the same input."""
        self.rows.update(other.rows)
        self.paths.update(other.paths)

    def apply(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Give findings the row (as ``segment``) or the FHIR path (as ``element``) of their place, and its box.

        Patches go: they are written for segments, and there are none.
        """
        segments, elements, boxes = [], [], []
        for number, element, line in findings.select("segment", "element", "line_id").iter_rows():
            boxes.append("24A" if element == "DTP03" and line is not None else BOXES.get(element or ""))
            segments.append(self.rows.get(number) if number is not None else None)
            path = self.paths.get(number, "") if number is not None else ""
            elements.append(self._path(path, element) if path else element)
        return findings.with_columns(
            pl.Series("segment", segments, dtype=pl.UInt32),
            pl.Series("element", elements, dtype=pl.String),
            pl.Series("place_box", boxes, dtype=pl.String),
            pl.lit(None, dtype=findings.schema["patches"]).alias("patches"),
        )

    def _path(self, path: str, element: str | None) -> str:
        inner = self.elements.get(element or "") or self.elements.get((element or "").split("-")[0], "")
        return f"{path}.{inner}" if inner else path


def tables_of(
    sourced: Iterable[Sourced],
    file: int,
    first_claim: int,
    first_line: int,
    first_number: int = 1,
    elements: Mapping[str, str] | None = None,
) -> tuple[Tables, Places]:
    """Return the tables of some claims and what their numbers stand for; ids and numbers count on from the given ones."""
    build = _Build(file, first_claim, first_line, first_number, Places(elements=elements or {}))
    for item in sourced:
        build.add(item)
    return build.tables(), build.places


@dataclass
class _Build:
    file: int
    claim_id: int
    line_id: int
    number: int
    places: Places
    claims: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    diagnoses: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    defects: list[dict[str, Any]] = field(default_factory=list)

    def add(self, item: Sourced) -> None:
        """Add one claim with its lines."""
        claim = item.claim
        at = self._place(item.row, item.path)
        ids: list[tuple[int, int]] = []
        self.claims.append(self._claim(claim, at))
        for k, code in enumerate(claim.diagnoses, start=1):
            qualifier = ("" if claim.icd9 else "A") + ("BK" if k == 1 else "BF")
            self.diagnoses.append(
                {"claim_id": self.claim_id, "position": k, "qualifier": qualifier, "code": _code(code.replace(".", "")),
                 "segment": at, "element": k}
            )  # fmt: skip
        for note in claim.notes:
            self._note(None, note.kind, note.text, at)
        for k, line in enumerate(claim.lines, start=1):
            row = item.rows[k - 1] if item.rows else None
            here = self._place(row, item.paths[k - 1] if item.paths else "")
            ids.append((self.line_id, here))
            self.lines.append(self._line(line, k, here))
            for note in line.notes:
                self._note(self.line_id, note.kind, note.text, here)
            self.line_id += 1
        for flaw in item.flaws:
            line_id, segment = ids[flaw.line] if flaw.line is not None else (None, at)
            self.defects.append(
                {"kind": flaw.kind, "segment": segment, "element": flaw.element, "found": flaw.found,
                 "expected": flaw.expected, "file": self.file, "transaction": None, "claim_id": self.claim_id,
                 "line_id": line_id}
            )  # fmt: skip
        self.claim_id += 1

    def tables(self) -> Tables:
        """Return what was added."""
        return Tables(
            _frame(self.claims, CLAIMS),
            _frame(self.lines, LINES),
            _frame(self.diagnoses, DIAGNOSES),
            _frame(self.notes, NOTES),
            _frame(self.defects, DEFECTS),
        )

    def _place(self, row: int | None, path: str) -> int:
        number = self.number
        self.number += 1
        if row is not None:
            self.places.rows[number] = row
        if path:
            self.places.paths[number] = path
        return number

    def _note(self, line_id: int | None, kind: str, text: str, at: int) -> None:
        self.notes.append(
            {"claim_id": self.claim_id, "line_id": line_id, "qualifier": kind or None, "text": text, "segment": at}
        )

    def _claim(self, claim: Claim, at: int) -> dict[str, Any]:
        person = claim.dependent.person if claim.dependent is not None else claim.subscriber.person
        billing, rendering = claim.billing, claim.rendering
        return {
            "claim_id": self.claim_id,
            "file": self.file,
            "claim": claim.id or None,
            "segment": at,
            "charge_cents": _cents(claim.total()),
            "pos": _code(claim.pos),
            "frequency": claim.frequency or None,
            "accept_assignment": claim.assignment or None,
            "payer_resp": claim.subscriber.responsibility or None,
            "filing_code": _code(claim.payer.filing_code),
            "group_number": claim.subscriber.group or None,
            "payer_id": _code(claim.payer.id),
            "payer_name": claim.payer.name or None,
            "member_id": _code(claim.subscriber.member_id),
            "patient_last": person.last or None,
            "patient_first": person.first or None,
            "patient_dob": person.dob,
            "patient_sex": _code(person.sex),
            "patient_state": _code(person.address.state) if person.address else None,
            "is_dependent": claim.dependent is not None,
            "billing_type": _kind(billing),
            "billing_npi": billing.npi or None,
            "billing_tin": billing.tin or None,
            "billing_taxonomy": _code(billing.taxonomy),
            "billing_state": _code(billing.address.state) if billing.address else None,
            "billing_zip": _zip(billing.address),
            "rendering_npi": (rendering.npi or None) if rendering else None,
            "rendering_type": _kind(rendering) if rendering else None,
            "rendering_segment": at if rendering else None,
            "rendering_taxonomy": _code(rendering.taxonomy) if rendering else None,
            "facility_npi": (claim.facility.npi or None) if claim.facility else None,
            "facility_zip": _zip(claim.facility.address) if claim.facility else None,
            "supervising_npi": (claim.supervising.npi or None) if claim.supervising else None,
            "referring_npi": (claim.referring.npi or None) if claim.referring else None,
            "original_ref": claim.original_ref or None,
            "prior_auth": claim.prior_auth or None,
            "patient_paid_cents": _cents(claim.patient_paid),
            "other_payers": len(claim.other_payers),
            **{_DATES[kind]: day for kind, day in reversed(claim.dates) if kind in _DATES},
        }

    def _line(self, line: Line, at: int, here: int) -> dict[str, Any]:
        rendering = line.rendering
        tests = [(code, value) for code, value in line.measurements if code in _BLOOD_TESTS]
        drug = bool(line.ndc)
        quantity = line.ndc_quantity if drug else None
        return {
            "line_id": self.line_id,
            "claim_id": self.claim_id,
            "line": at if line.number is None else line.number,
            "segment": here,
            "qualifier": line.qualifier or None,
            "code": _code(line.code),
            **{f"mod{k}": _code(mod) for k, mod in enumerate(line.modifiers[:4], start=1)},
            "description": line.description or None,
            "charge_cents": _cents(line.charge),
            "unit_basis": _code(line.basis),
            "units_milli": _milli(line.units),
            "line_pos": _code(line.pos),
            **{f"pointer{k}": _pointer(text) for k, text in enumerate(line.pointers[:4], start=1)},
            "emergency": "Y" if line.emergency else None,
            "service_date": line.service_date,
            "service_to": line.service_to or line.service_date,
            "is_range": line.service_to is not None,
            "dtp_segment": here if line.service_date else None,
            "line_rendering_npi": (rendering.npi or None) if rendering else None,
            "line_rendering_taxonomy": _code(rendering.taxonomy) if rendering else None,
            "line_rendering_segment": here if rendering else None,
            "line_supervising_npi": (line.supervising.npi or None) if line.supervising else None,
            "line_ordering_npi": (line.ordering.npi or None) if line.ordering else None,
            "line_auth": line.prior_auth or None,
            "line_control": line.control or None,
            "ndc_qualifier": "N4" if drug else None,
            "ndc": line.ndc or None,
            "lin_segment": here if drug else None,
            "ndc_qty_milli": _milli(quantity),
            "ndc_qty_text": format(quantity, "f") if quantity is not None else None,
            "ndc_unit": (line.ndc_unit or None) if drug else None,
            "ctp_segment": here if drug and (quantity is not None or line.ndc_unit) else None,
            "ndc_count": int(drug),
            "ndc_link": line.prescription or None,
            "mea_code": tests[0][0] if tests else None,
            "mea_value_milli": _milli(tests[0][1]) if tests else None,
            "line_note": line.notes[0].text if line.notes else None,
        }


def _frame(rows: Sequence[Mapping[str, Any]], shape: Sequence[Column]) -> pl.DataFrame:
    columns: Iterator[pl.Series] = (pl.Series(c.name, [row.get(c.name) for row in rows], dtype=c.dtype) for c in shape)
    return pl.DataFrame(list(columns))


def _kind(provider: Provider) -> str | None:
    """Return the entity type: 1 person, 2 organisation."""
    return ("1" if provider.first else "2") if provider.name or provider.npi else None


def _zip(address: Address | None) -> str | None:
    return (address.zip.replace("-", "") or None) if address else None


def _code(text: str) -> str | None:
    """Return a code as the 837P reader gives it: no blanks around it, upper case."""
    return text.strip().upper() or None


def _cents(value: Decimal | None) -> int | None:
    return None if value is None else int((value * 100).to_integral_value())


def _milli(value: Decimal | None) -> int | None:
    return None if value is None else int((value * 1000).to_integral_value())


def _pointer(text: str) -> int | None:
    if not text:
        return None
    return int(text) if text.isdigit() and int(text) < _NO_POINTER else _NO_POINTER
