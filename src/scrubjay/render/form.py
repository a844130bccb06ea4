"""One claim as a form: the boxes of a CMS-1500 that the tables hold, in a drawing of our own, with findings marked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from scrubjay.model import CLAIMS, LINES
from scrubjay.render.markup import Content, Markup, tag

Row = Mapping[str, Any]

_FILING = {
    "09": "self-pay", "11": "other non-federal", "12": "PPO", "13": "point of service", "14": "EPO", "15": "indemnity",
    "16": "Medicare Advantage", "17": "dental HMO", "AM": "automobile", "BL": "Blue Cross Blue Shield", "CH": "TRICARE",
    "CI": "commercial", "DS": "disability", "FI": "federal employees", "HM": "HMO", "LM": "liability", "MA": "Medicare Part A",
    "MB": "Medicare Part B", "MC": "Medicaid", "OF": "other federal", "TV": "Title V", "VA": "Veterans Affairs",
    "WC": "workers' compensation", "ZZ": "mutually defined",
}  # fmt: skip
_FREQUENCY = {"1": "original", "7": "replacement", "8": "void"}
_NO_POINTER = 255
_OLD_AGE = 90
"""Ages from here on are shown as this age and more."""

_LEVELS = ("deny", "warn", "info")
_COLUMNS = (
    ("24A", "A dates of service"), ("24B", "B place"), ("24C", "C EMG"), ("24D", "D procedure"), ("24M", "modifiers"),
    ("24E", "E diagnosis"), ("24F", "F charges"), ("24G", "G units"), ("24J", "J rendering NPI"),
)  # fmt: skip


_DRAWN = {column for column, _ in _COLUMNS}
_ELEMENTS = {
    **{
        c.element: c.box for c in (*LINES, *CLAIMS) if c.box and re.fullmatch(r"(SV1|CLM|LIN|CTP)\d\d(-\d)?", c.element)
    },
    "DTP03": "24A",
}
"""The boxes of elements, for findings that name no box."""


@dataclass(frozen=True)
class Claim:
    """What the form shows of a claim: rows of the tables, and its findings in the order of their numbers."""

    key: str
    head: Row
    claim: Row
    lines: Sequence[Row]
    diagnoses: Sequence[Row]
    notes: Sequence[Row]
    findings: Sequence[Row]
    phi: bool = False
    marks: dict[tuple[str, int | None], list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the box of every finding."""
        for number, finding in enumerate(self.findings):
            for place in places(finding, self.diagnoses):
                self.marks.setdefault(place, []).append(number)

    def veil(self, value: object, shown: str | None = None) -> Content:
        """Return a value that identifies the patient, or the word that it is hidden; nothing where there is none."""
        if value is None or value == "":
            return None
        return str(value) if self.phi else tag("i", shown or "hidden", class_="veil")


def places(finding: Row, diagnoses: Sequence[Row]) -> list[tuple[str, int | None]]:
    """Return the boxes a finding is about: box and line number, or box 21 and the number of the diagnosis."""
    line, element = finding["line"], finding["element"] or ""
    box = finding["box"] or _ELEMENTS.get(element, "")
    if box.startswith("24") and line is None and not finding["box"]:
        return []
    if box.startswith("24"):
        shaded = "shaded" in box or element[:3] in ("LIN", "CTP")
        modifier = element in ("SV101-3", "SV101-4", "SV101-5", "SV101-6")
        column = "24S" if shaded else "24M" if modifier else "24J" if box[:3] == "24I" else box[:3]
        return [(column if shaded or column in _DRAWN else "24", line)]
    if box == "19" and line is not None:
        return [("24S", line)]
    if box.startswith("21"):
        at = re.fullmatch(r"HI(\d\d).*", element)
        named = [d for d in diagnoses if at and d["segment"] == finding["segment"] and d["element"] == int(at[1])]
        return [("21", d["position"]) for d in named] or [("21", None)]
    if box:
        return [(box if box == "1a" else box.rstrip("ab"), None)]
    return [] if line is None else [("24", line)]


def form(view: Claim) -> Markup:
    """Return the drawing."""
    return tag("div", _upper(view), _services(view), _lower(view), class_="form")


def links(view: Claim, numbers: Iterable[int]) -> Content:
    """Return the numbers of findings as links to them."""
    found = []
    for number in numbers:
        level = view.findings[number]["level"]
        label = f"finding {number + 1}, {level}"
        found.append(tag("a", number + 1, class_=f"mark {level}", href=f"#{view.key}-f{number + 1}", aria_label=label))
    return found


def _upper(view: Claim) -> Markup:
    c = view.claim
    payer = " ".join(word for word in (c["payer_name"], f"({c['payer_id']})" if c["payer_id"] else "") if word)
    name = ", ".join(part for part in (c["patient_last"], c["patient_first"]) if part)
    filing = c["filing_code"]
    birth: Content = view.veil(c["patient_dob"], f"age {age}" if (age := _age(c, view.head)) else None)
    notes = [n["text"] for n in view.notes if n["line_id"] is None and n["text"]]
    other = [
        f"{label} {day}"
        for label, day in (("accident", c["accident_date"]), ("last seen", c["last_seen_date"]))
        if day is not None
    ]
    providers = [
        f"{label} {npi}"
        for label, npi in (("referring", c["referring_npi"]), ("supervising", c["supervising_npi"]))
        if npi
    ]
    return tag(
        "dl",
        _box(view, "1", "Coverage", _words(filing, _FILING.get(filing or ""))),
        _box(view, "", "Payer", payer, span=5),
        _box(view, "1a", "Insured's number", view.veil(c["member_id"]), span=4),
        _box(view, "2", "Patient", view.veil(name), span=4),
        _box(view, "3", "Birth date, sex", [birth, " ", c["patient_sex"]], span=3),
        _box(view, "11", "Group number", view.veil(c["group_number"]), span=3),
        _box(view, "18", "In hospital from", _day(c["hospital_from"]), span=2),
        _box(view, "14", "Onset", _day(c["onset_date"]), span=2),
        _box(view, "15", "Other date", ", ".join(other), span=3),
        _box(view, "17", "Referring, supervising", ", ".join(providers), span=4),
        _box(view, "19", "Claim note", view.veil(" / ".join(notes), f"hidden, {sum(map(len, notes))} characters"), span=3),
        _diagnoses(view),
        _box(view, "22", "Resubmission", [
            _words(c["frequency"], _FREQUENCY.get(c["frequency"] or "")), " ", view.veil(c["original_ref"], "number hidden"),
        ], span=2),
        _box(view, "23", "Prior authorisation", view.veil(c["prior_auth"], "number hidden"), span=2),
        class_="boxes",
    )  # fmt: skip


def _diagnoses(view: Claim) -> Markup:
    shown = []
    for row in view.diagnoses:
        numbers = view.marks.get(("21", row["position"]), [])
        letter = tag("b", _letter(row["position"]))
        shown.append(
            tag("span", letter, " ", _icd(row["code"]), " ", links(view, numbers), class_=_hit(view, numbers, "dx"))
        )
    return _box(view, "21", "Diagnoses", shown, span=8)


def _services(view: Claim) -> Markup:
    columns = [
        tag("th", name, links(view, view.marks.get((box, None), [])), scope="col", class_=f"c{box}")
        for box, name in _COLUMNS
    ]
    head = tag("tr", tag("th", "24", scope="col", class_="c24"), columns)
    bodies = [_line(view, line) for line in view.lines]
    caption = tag("caption", "Service lines", class_="aside")
    table = tag("table", caption, tag("thead", head), bodies, class_="lines")
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Service lines")


def _line(view: Claim, line: Row) -> Markup:
    number = line["line"]
    touched = [k for k, f in enumerate(view.findings) if f["line"] == number]
    related = any(number in (f["related_lines"] or ()) for f in view.findings)
    dies = min((_LEVELS.index(f["level"]) for f in view.findings if f["denied_line"] == number), default=len(_LEVELS))
    state = ("denied", *["doubtful"] * (len(_LEVELS) - 1), "related" if related and not touched else "")[dies]
    words = {"denied": "would be denied", "doubtful": "may be denied", "related": "part of a finding"}.get(state)
    mods = " ".join(line[m] for m in ("mod1", "mod2", "mod3", "mod4") if line[m])
    pointers = [line[f"pointer{n}"] for n in range(1, 5) if line[f"pointer{n}"] is not None]
    to = line["service_to"]
    dates = [_day(line["service_date"]), f" to {to}" if to is not None and to != line["service_date"] else ""]
    values: tuple[Content, ...] = (
        dates,
        line["line_pos"] or view.claim["pos"],
        line["emergency"],
        line["code"],
        mods,
        " ".join("?" if p == _NO_POINTER else _letter(p) for p in pointers),
        money(line["charge_cents"]),
        [units(line["units_milli"]), " min" if line["unit_basis"] == "MJ" else ""],
        line["line_rendering_npi"] or view.claim["rendering_npi"] or view.claim["billing_npi"],
    )
    cells = []
    for (box, _), value in zip(_COLUMNS, values, strict=True):
        numbers = view.marks.get((box, number), [])
        cells.append(tag("td", value, " ", links(view, numbers), class_=f"c{box} {_hit(view, numbers)}".strip()))
    own = view.marks.get(("24", number), [])
    label = [str(number), " ", links(view, own), tag("span", words, class_="aside") if words else None]
    shaded = _shaded(view, line)
    first = tag("th", label, scope="row", class_="c24", title=words, rowspan=None if shaded is None else 2)
    rows = tag("tr", first, cells) if shaded is None else [tag("tr", first, shaded), tag("tr", cells)]
    return tag("tbody", rows, class_=state or None)


def _shaded(view: Claim, line: Row) -> Markup | None:
    """Return the upper half of a line: NDC with unit and quantity, description and note; None where it is empty."""
    parts: list[Content] = []
    if line["ndc"]:
        quantity = line["ndc_qty_text"] or units(line["ndc_qty_milli"]) or ""
        parts.append(f"{line['ndc_qualifier'] or ''}{line['ndc']} {line['ndc_unit'] or ''}{quantity}".strip())
    written = [text for text in (line["description"], line["line_note"]) if text]
    parts += [view.veil(text, f"text hidden, {len(text)} characters") for text in written]
    numbers = view.marks.get(("24S", line["line"]), [])
    if not parts and not numbers:
        return None
    spaced: list[Content] = [part for text in parts for part in (text, "  ")]
    return tag("td", spaced, links(view, numbers), colspan=len(_COLUMNS), class_=_hit(view, numbers, "shaded"))


def _lower(view: Claim) -> Markup:
    c = view.claim
    tin = c["billing_tin"]
    lines = [n for n in (line["line_rendering_npi"] for line in view.lines) if n]
    signs = c["rendering_npi"] or (lines[0] if lines else None) or c["billing_npi"]
    place = " ".join(word for word in (c["billing_state"], c["billing_zip"]) if word)
    return tag(
        "dl",
        _box(view, "25", "Tax number", tin if tin is None or view.phi else f"ends in {tin[-4:]}"),
        _box(view, "26", "Patient's account", c["claim"], span=3),
        _box(view, "27", "Assignment", c["accept_assignment"], span=2),
        _box(view, "28", "Total charge", money(c["charge_cents"]), span=2),
        _box(view, "29", "Paid", money(c["patient_paid_cents"]), span=2),
        _box(view, "31", "Physician", signs, span=4),
        _box(view, "32", "Service facility", c["facility_npi"] or "same as 33", span=4),
        _box(view, "33", "Billing provider", [c["billing_npi"], " ", c["billing_taxonomy"], " ", place], span=4),
        class_="boxes",
    )


def _box(view: Claim, box: str, label: str, value: Content, span: int = 3) -> Markup:
    numbers = view.marks.get((box, None), []) if box else []
    title = [tag("b", box), " ", label] if box else label
    return tag(
        "div",
        tag("dt", title),
        tag("dd", value, " ", links(view, numbers)),
        class_=f"w{span} {_hit(view, numbers)}".strip(),
    )


def _hit(view: Claim, numbers: Sequence[int], more: str = "") -> str:
    if not numbers:
        return more
    worst = min(_LEVELS.index(view.findings[number]["level"]) for number in numbers)
    return f"{more} hit {_LEVELS[worst]}".strip()


def money(cents: int | None) -> str | None:
    """Return cents as dollars with two places."""
    return None if cents is None else f"{Decimal(cents) / 100:,.2f}"


def units(milli: int | None) -> str | None:
    """Return thousandths as a plain number."""
    return None if milli is None else f"{(Decimal(milli) / 1000).normalize():f}"


def _age(claim: Row, head: Row) -> str | None:
    born, day = claim["patient_dob"], head["service_date"]
    if not isinstance(born, dt.date) or not isinstance(day, dt.date) or born > day:
        return None
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    years = months // 12
    return f"{months} months" if years < 2 else f"{_OLD_AGE} or more" if years >= _OLD_AGE else str(years)


def _letter(position: int) -> str:
    return chr(ord("A") + position - 1) if 1 <= position <= 26 else str(position)


def _icd(code: str | None) -> str | None:
    return f"{code[:3]}.{code[3:]}" if code and len(code) > 3 else code


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value is not None else None


def _words(code: str | None, meaning: str | None) -> str | None:
    return " ".join(word for word in (code, meaning) if word) or None
