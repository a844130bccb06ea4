"""Claims as objects to CMS-1500 rows: one row for each service line, the claim's cells on each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from scrubjay.io.cms1500_fields import NAMES
from scrubjay.io.records import Address, Claim, Line, Provider

LETTERS = "ABCDEFGHIJKL"
OTHER_DATES = {"439", "304", "454", "453", "455", "471", "090", "091", "444"}
"""Qualifiers of box 15."""

Cells = dict[str, str]


def rows(claims: Iterable[Claim]) -> Iterator[dict[str, str]]:
    """Yield one row for each line of each claim, every column there (:data:`~scrubjay.io.cms1500_fields.NAMES`)."""
    for claim in claims:
        whole = _claim_cells(claim)
        for at, line in enumerate(claim.lines, start=1):
            cells = {**whole, **_line_cells(line, at, claim)}
            yield {name: cells.get(name, "") for name in NAMES}


def write_csv(claims: Iterable[Claim], delimiter: str = ",") -> Iterator[str]:
    """Yield the lines of a CSV: the heading, then a row for each service line."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, NAMES, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    for row in rows(claims):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if buffer.getvalue():
        yield buffer.getvalue()


def _claim_cells(claim: Claim) -> Cells:
    patient, insured = claim.patient, claim.subscriber.person
    named, kind = box_17(claim)
    dates = dict(reversed(claim.dates))
    other_dates = [(q, d) for q, d in claim.dates if q in OTHER_DATES]
    onset = next(((q, d) for q, d in claim.dates if q in ("431", "484")), ("", None))
    cells = {
        "26_account": claim.id,
        "payer_name": claim.payer.name,
        "payer_id": claim.payer.id,
        "1_coverage": claim.payer.filing_code,
        "1a_member": claim.subscriber.member_id,
        "2_patient_last": patient.last,
        "2_patient_first": patient.first,
        "2_patient_middle": patient.middle,
        "3_birth_date": _iso(patient.dob),
        "3_sex": patient.sex,
        "6_relationship": claim.dependent.relationship if claim.dependent is not None else "self",
        "11_group": claim.subscriber.group,
        "11d_other_plan": "Y" if claim.other_payers else "N",
        "10a_employment": "Y" if "EM" in claim.causes else "N",
        "10b_auto": "Y" if "AA" in claim.causes else "N",
        "10b_state": claim.accident_state,
        "10c_other": "Y" if "OA" in claim.causes else "N",
        "14_date": _iso(onset[1]),
        "14_qualifier": onset[0],
        "15_date": _iso(other_dates[0][1]) if other_dates else "",
        "15_qualifier": other_dates[0][0] if other_dates else "",
        "17_qualifier": kind if named is not None else "",
        "17_name": full_name(named) if named is not None else "",
        "17b_npi": named.npi if named is not None else "",
        "18_from": _iso(dates.get("435")),
        "19_note": " ".join(note.text for note in claim.notes),
        "22_frequency": claim.frequency,
        "22_original": claim.original_ref,
        "23_authorization": claim.prior_auth,
        "25_tax_id": claim.billing.tin,
        "25_kind": "SSN" if claim.billing.tin_qualifier == "SY" else "EIN",
        "27_assignment": claim.assignment,
        "28_total": format(claim.total(), "f"),
        "29_paid": _text(claim.patient_paid),
        "33_name": claim.billing.name,
        "33_first": claim.billing.first,
        "33a_npi": claim.billing.npi,
        "33b_taxonomy": claim.billing.taxonomy,
        **{f"21{letter.lower()}_diagnosis": code for letter, code in zip(LETTERS, claim.diagnoses, strict=False)},
        **_address_cells("5", patient.address),
        **_address_cells("33", claim.billing.address),
    }
    if claim.dependent is not None:
        cells |= {"4_insured_last": insured.last, "4_insured_first": insured.first, "11a_sex": insured.sex}
        cells |= {"11a_birth_date": _iso(insured.dob), **_address_cells("7", insured.address)}
    if claim.subscriber.responsibility != "P":
        cells["responsibility"] = claim.subscriber.responsibility
    for other in claim.other_payers[:1]:
        person = other.subscriber.person
        cells |= {"9_other_last": person.last, "9_other_first": person.first, "9a_member": other.subscriber.member_id}
        cells |= {"9a_group": other.subscriber.group, "9d_plan": other.payer.name, "9d_plan_id": other.payer.id}
    if claim.facility is not None:
        cells |= {"32_name": claim.facility.name, "32a_npi": claim.facility.npi}
        cells |= _address_cells("32", claim.facility.address)
    return cells


def box_17(claim: Claim) -> tuple[Provider | None, str]:
    """Return the provider of box 17 and its qualifier: the first of referring, ordering, supervising."""
    ordering = next((line.ordering for line in claim.lines if line.ordering is not None), None)
    for provider, kind in ((claim.referring, "DN"), (ordering, "DK"), (claim.supervising, "DQ")):
        if provider is not None:
            return provider, kind
    return None, ""


def _line_cells(line: Line, at: int, claim: Claim) -> Cells:
    rendering = line.rendering or claim.rendering
    shaded = line.ndc and f"N4{line.ndc} {line.ndc_unit}{_text(line.ndc_quantity)}".strip()
    cells = {
        "24_line": str(at if line.number is None else line.number),
        "24a_from": _iso(line.service_date),
        "24a_to": _iso(line.service_to or line.service_date),
        "24_shaded": shaded,
        "24b_place": line.pos or claim.pos,
        "24c_emergency": "Y" if line.emergency else "",
        "24d_code": line.code,
        **{f"24d_mod{k}": mod for k, mod in enumerate(line.modifiers[:4], start=1)},
        "24d_description": line.description,
        "24e_pointers": "".join(LETTERS[int(p) - 1] if p.isdigit() and 1 <= int(p) <= 12 else p for p in line.pointers),
        "24f_charge": _text(line.charge),
        "24g_units": _text(line.units),
        "24g_basis": line.basis if line.basis != "UN" else "",
        "24_note": " ".join(note.text for note in line.notes),
        "24_control": line.control,
        "24_ndc": line.ndc,
        "24_ndc_quantity": _text(line.ndc_quantity),
        "24_ndc_unit": line.ndc_unit,
    }
    if rendering is not None:
        cells |= {"24i_taxonomy": rendering.taxonomy, "24j_npi": rendering.npi, "24j_name": full_name(rendering)}
    return cells


def _address_cells(box: str, address: Address | None) -> Cells:
    if address is None:
        return {}
    street = " ".join(part for part in (address.street, address.street2) if part)
    values = {"street": street, "city": address.city, "state": address.state, "zip": address.zip}
    return {f"{box}_{name}": value for name, value in values.items()}


def full_name(provider: Provider) -> str:
    """Return ``LAST, FIRST`` of a person, the name of an organisation."""
    return f"{provider.name}, {provider.first}" if provider.first else provider.name


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def _text(value: Decimal | None) -> str:
    return format(value, "f") if value is not None else ""
