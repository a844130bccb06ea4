"""What stands in each box of the CMS-1500 (02/12), page by page, and what does not fit or may not be printed.

Sources: NUCC form 02/12 and its instructions; Medicare Claims Processing Manual, chapter 26.  Nothing is cut: what is too
long, or holds a character a reader of the red form cannot read, is left blank and reported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from scrubjay.io.cms1500_write import LETTERS, OTHER_DATES, box_17
from scrubjay.io.records import Address, Claim, Line, Person, Provider

LINES_OF_A_PAGE = 6
_SHADED_GAP = "   "
_ON_FILE = "SIGNATURE ON FILE"
_COVERAGE = {
    "MA": "1_medicare", "MB": "1_medicare", "MC": "1_medicaid", "CH": "1_tricare", "VA": "1_champva", "FI": "1_feca",
    "12": "1_group", "13": "1_group", "14": "1_group", "15": "1_group", "BL": "1_group", "CI": "1_group", "HM": "1_group",
}  # fmt: skip
_RELATION = {"01": "6_spouse", "19": "6_child", "18": "6_self"}
_LEGAL = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -,.&'/#()+:*%;@")


@dataclass(frozen=True)
class Position:
    """Where a field is printed: line and column of ten-pitch characters, six lines to the inch, both from 1."""

    line: int
    column: int
    width: int
    right: bool
    words: str


@dataclass(frozen=True)
class Fault:
    """What cannot be printed as it is: the box, what it is, why.  The value is not named."""

    page: int
    box: str
    words: str

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"page {self.page}, box {self.box}: {self.words}"


@dataclass
class Page:
    """One form: its fields by name, the rows of its service lines, and the values before they were fitted."""

    number: int
    fields: dict[str, str] = field(default_factory=dict)
    services: list[dict[str, str]] = field(default_factory=list)


@cache
def positions() -> dict[str, Position]:
    """Return the position of every field; those of box 24 are of its first line."""
    with (Path(__file__).parent / "positions.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row["field"]: Position(
                int(row["line"]), int(row["column"]), int(row["width"]), row["right"] == "right", row["words"]
            )
            for row in csv.DictReader(stream)
        }


def pages(claim: Claim, *, totals: str = "each") -> list[Page]:
    """Return the forms of a claim, six lines each.

    ``totals`` "each": every form has the total of its own lines, since each is processed alone, and the amount paid
    stands on the first; "last": the claim's total and the amount paid stand on the last form alone.
    """
    whole = _whole(claim)
    chunks: Sequence[Sequence[Line]] = [
        claim.lines[at : at + LINES_OF_A_PAGE] for at in range(0, len(claim.lines), LINES_OF_A_PAGE)
    ] or [()]
    found = []
    for number, chunk in enumerate(chunks, start=1):
        page = Page(number, dict(whole), [_service(line, claim) for line in chunk])
        if totals == "each" or len(chunks) == 1:
            own = sum((line.charge for line in chunk if line.charge is not None), Decimal(0))
            page.fields["28"] = _money(claim.total() if len(chunks) == 1 else own)
            paid = claim.patient_paid if number == 1 else None
        else:
            last = number == len(chunks)
            page.fields["28"] = _money(claim.total()) if last else ""
            paid = claim.patient_paid if last else None
        page.fields["29"] = _money(paid) if paid is not None else ""
        found.append(page)
    return found


def placed(page: Page) -> Iterator[tuple[str, int, Position, str]]:
    """Yield field, line of the form, position and text of everything on a page that is not empty."""
    where = positions()
    for name, text in page.fields.items():
        if text:
            yield name, where[name].line, where[name], text
    for row, service in enumerate(page.services):
        for name, text in service.items():
            if text:
                yield name, where[name].line + 2 * row, where[name], text


def faults(found: Iterable[Page]) -> list[Fault]:
    """Return what does not fit its box, or holds a character that is not read from the form."""
    out = []
    for page in found:
        for name, line, position, text in placed(page):
            row = f", line {(line - position.line) // 2 + 1}" if name.startswith("24") else ""
            box = name.split("_")[0]
            if len(text) > position.width:
                words = f"{position.words}{row} has {len(text)} characters, {position.width} fit; it was not printed"
                out.append(Fault(page.number, box, words))
            elif not set(text) <= _LEGAL:
                words = (
                    f"{position.words}{row} holds a character that the form's readers do not know; it was not printed"
                )
                out.append(Fault(page.number, box, words))
    return out


def printable(text: str, position: Position) -> bool:
    """Say whether a text is printed: it fits and can be read."""
    return len(text) <= position.width and set(text) <= _LEGAL


def _whole(claim: Claim) -> dict[str, str]:
    """Return the fields that stand on every form of a claim."""
    patient, insured, payer = claim.patient, claim.subscriber.person, claim.payer
    medicare = payer.filing_code in ("MA", "MB") and claim.subscriber.responsibility == "P"
    relation = claim.dependent.relationship if claim.dependent is not None else "18"
    named, kind = box_17(claim)
    other_dates = [(q, d) for q, d in claim.dates if q in OTHER_DATES]
    onset = next(((q, d) for q, d in claim.dates if q in ("431", "484")), None)
    hospital = dict(claim.dates).get("435")
    fields = {
        "payer_1": payer.name,
        **_carrier(payer.address),
        _COVERAGE.get(payer.filing_code, "1_other"): "X",
        "1a": claim.subscriber.member_id,
        "2": _name(patient),
        **_birth("3", patient.dob),
        **({f"3_{patient.sex.lower()}": "X"} if patient.sex in ("M", "F") else {}),
        "4": "" if medicare else _name(insured),
        **_address("5", patient.address),
        _RELATION.get(relation, "6_other"): "X",
        **({} if medicare else _address("7", insured.address)),
        "10a_yes" if "EM" in claim.causes else "10a_no": "X",
        "10b_yes" if "AA" in claim.causes else "10b_no": "X",
        "10b_state": claim.accident_state,
        "10c_yes" if "OA" in claim.causes else "10c_no": "X",
        "11": claim.subscriber.group or ("NONE" if medicare else ""),
        "12": _ON_FILE if claim.released in ("Y", "I") else "",
        "13": _ON_FILE if claim.benefits_assigned == "Y" and not medicare else "",
        "20_no": "X",
        "21_ind": "9" if claim.icd9 else "0",
        **{
            f"21{letter.lower()}": code.replace(".", "") for letter, code in zip(LETTERS, claim.diagnoses, strict=False)
        },
        "22_code": claim.frequency if claim.frequency in ("7", "8") else "",
        "22_ref": claim.original_ref,
        "23": claim.prior_auth or claim.referral or claim.clia,
        "25": "".join(c for c in claim.billing.tin if c.isalnum()),
        **({"25_ssn" if claim.billing.tin_qualifier == "SY" else "25_ein": "X"} if claim.billing.tin else {}),
        "26": claim.id,
        **({"27_yes": "X"} if claim.assignment == "A" else {"27_no": "X"} if claim.assignment == "C" else {}),
        "31": _ON_FILE if claim.signed == "Y" else "",
        **_block("33", claim.billing),
        "33a": claim.billing.npi,
        "33b": f"ZZ{claim.billing.taxonomy}" if claim.billing.taxonomy else "",
        **_note(claim, medicare=medicare),
    }
    if not medicare:
        fields |= _birth("11a", insured.dob)
        fields |= {f"11a_{insured.sex.lower()}": "X"} if insured.sex in ("M", "F") else {}
        fields |= {"11c": payer.name, "11d_yes" if claim.other_payers else "11d_no": "X"}
    for other in claim.other_payers[:1]:
        person = other.subscriber.person
        fields |= {
            "9": _name(person),
            "9a": other.subscriber.group or other.subscriber.member_id,
            "9d": other.payer.name,
        }
    if onset is not None:
        fields |= {**_short("14", onset[1]), "14_qual": onset[0]}
    if other_dates:
        fields |= {**_short("15", other_dates[0][1]), "15_qual": other_dates[0][0]}
    if hospital is not None:
        fields |= _short("18", hospital)
    if named is not None:
        fields |= {"17_qual": kind, "17": f"{named.first} {named.name}".strip(), "17b": named.npi}
    facility = claim.facility or (claim.billing if medicare and claim.pos != "12" else None)
    if facility is not None:
        fields |= {**_block("32", facility), "32a": facility.npi if claim.facility is not None else ""}
    return {name: _plain(text) for name, text in fields.items() if text}


def _service(line: Line, claim: Claim) -> dict[str, str]:
    rendering = line.rendering or claim.rendering
    first, last = line.service_date, line.service_to or line.service_date
    drug = ""
    if line.ndc:
        quantity = f"{line.ndc_unit}{_number(line.ndc_quantity)}"
        drug = f"N4{line.ndc.replace('-', '')} {quantity}".strip()
    words = [drug, *(f"ZZ{text}" for text in (line.description, *(note.text for note in line.notes)) if text)]
    fields = {
        "24_shaded": _SHADED_GAP.join(word for word in words if word),
        **_short("24a", first),
        **_short("24a_to", last),
        "24b": line.pos or claim.pos,
        "24c": "Y" if line.emergency else "",
        "24d": line.code,
        **{f"24d_{k}": mod for k, mod in enumerate(line.modifiers[:4], start=1)},
        "24e": "".join(LETTERS[int(p) - 1] if p.isdigit() and 1 <= int(p) <= 12 else "?" for p in line.pointers),
        "24f": _money(line.charge) if line.charge is not None else "",
        "24g": _number(line.units),
        "24j": rendering.npi if rendering is not None else "",
    }
    if rendering is not None and rendering.taxonomy:
        fields |= {"24i": "ZZ", "24j_other": rendering.taxonomy}
    return {name: _plain(text) for name, text in fields.items() if text}


def _note(claim: Claim, *, medicare: bool) -> dict[str, str]:
    """Return box 19: on its second line, or on both, the first of them beginning behind the box's title.

    On paper Medicare reads the words for an unclassified drug there.
    """
    words = [note.text for note in claim.notes]
    if medicare:
        words += [line.description for line in claim.lines if line.description]
    text = _plain(" ".join(words))
    whole, first = positions()["19"].width, positions()["19_first"].width
    if len(text) <= whole:
        return {"19": text}
    head = text[: first + 1].rpartition(" ")[0]
    rest = text[len(head) :].strip()
    return {"19_first": head, "19": rest} if head and len(rest) <= whole else {"19": text}


def _plain(text: str) -> str:
    return " ".join(text.upper().split(" ")) if _SHADED_GAP in text else " ".join(text.upper().split())


def _name(person: Person) -> str:
    return ", ".join(part for part in (person.last, person.first, person.middle[:1]) if part)


def _address(box: str, address: Address | None) -> dict[str, str]:
    if address is None:
        return {}
    street = " ".join(part for part in (address.street, address.street2) if part)
    return {
        f"{box}_street": street,
        f"{box}_city": address.city,
        f"{box}_state": address.state,
        f"{box}_zip": _zip(address.zip),
    }


def _carrier(address: Address | None) -> dict[str, str]:
    if address is None:
        return {}
    return {
        "payer_2": address.street,
        "payer_3": address.street2,
        "payer_4": f"{address.city} {address.state} {_zip(address.zip)}".strip(),
    }


def _block(box: str, provider: Provider) -> dict[str, str]:
    name = f"{provider.first} {provider.name}".strip()
    address = provider.address
    if address is None:
        return {f"{box}_1": name}
    street = " ".join(part for part in (address.street, address.street2) if part)
    return {
        f"{box}_1": name,
        f"{box}_2": street,
        f"{box}_3": f"{address.city} {address.state} {_zip(address.zip)}".strip(),
    }


def _zip(text: str) -> str:
    digits = text.replace("-", "")
    return f"{digits[:5]}-{digits[5:]}" if len(digits) == 9 else text


def _birth(box: str, day: date | None) -> dict[str, str]:
    if day is None:
        return {}
    return {f"{box}_mm": f"{day:%m}", f"{box}_dd": f"{day:%d}", f"{box}_yyyy": f"{day:%Y}"}


def _short(box: str, day: date | None) -> dict[str, str]:
    if day is None:
        return {}
    return {f"{box}_mm": f"{day:%m}", f"{box}_dd": f"{day:%d}", f"{box}_yy": f"{day:%y}"}


def _money(value: Decimal) -> str:
    """Return an amount as the form has it: dollars, a blank, cents."""
    return f"{value:.2f}".replace(".", " ")


def _number(value: Decimal | None) -> str:
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
