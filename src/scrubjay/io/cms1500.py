"""CMS-1500 rows (CSV or JSON) to claims as objects.

A row is a service line; rows with the same account number (box 26) are one claim, and what is of the claim stands on its
first row.  A row that holds a whole form has its lines in numbered columns (``cpt 1`` to ``cpt 6``), or in JSON under
``lines``.  What cannot be read is a flaw of the claim: its value is missing, and the edits say so.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from scrubjay.errors import InputError
from scrubjay.io.assemble import Flaw, Sourced
from scrubjay.io.cms1500_fields import COVERAGES, RELATIONSHIPS, column, key
from scrubjay.io.records import Address, Claim, Dependent, Line, Note, OtherPayer, Payer, Person, Provider, Subscriber

_LETTERS = "ABCDEFGHIJKL"
_FORMS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%Y%m%d", "%m %d %Y", "%m %d %y", "%m-%d-%Y", "%m%d%Y", "%m%d%y")
_SHADED_NDC = re.compile(r"N4\s*([0-9-]{10,13})(?:\s+(F2|GR|ME|ML|UN)\s*([0-9.]+))?", re.IGNORECASE)

Cells = dict[str, str]


@dataclass
class Row:
    """One row: its number in the input (the heading is row 1), its cells by field, cells of numbered lines."""

    number: int
    cells: Cells
    lines: dict[int, Cells] = field(default_factory=dict)


def looks_like_rows(head: bytes) -> bool:
    """Say whether the first line of an input names columns of a CMS-1500."""
    first = head.decode("utf-8-sig", "replace").splitlines()[:1]
    if not first:
        return False
    names = next(csv.reader(first, delimiter=_delimiter(first[0])), [])
    known = {found[0] for name in names if (found := column(name)) is not None}
    # A code alone heads many a list; a service line also has a day, units or a charge.
    return "24d_code" in known and not known.isdisjoint({"24a_from", "24f_charge", "24g_units"})


def csv_rows(data: bytes, file: str, errors: list[InputError]) -> list[Row]:
    """Return the rows of a CSV; raises :class:`~scrubjay.errors.InputError` where it is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text.partition("\n")[0]))
    rows: list[Row] = []
    heading: list[tuple[str, int] | None] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1:
                heading = [column(name) for name in cells]
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(heading):
                message = f"row {number}: {len(cells)} cells under {len(heading)} columns; the row was left out"
                errors.append(InputError(file, message))
                continue
            rows.append(_row(number, zip(heading, cells, strict=False)))
    except csv.Error as error:
        errors.append(InputError(file, f"row {reader.line_num}: not CSV ({error}); the rows after it were left out"))
    return rows


def json_rows(documents: Sequence[Mapping[str, Any]], file: str, errors: list[InputError]) -> list[Row]:
    """Return the rows of JSON objects; ``claims`` and ``lines`` inside them are unfolded."""
    rows: list[Row] = []
    unfolded: list[Mapping[str, Any]] = []
    for document in documents:
        inner = document.get("claims", document.get("rows"))
        if isinstance(inner, list):
            outer = {name: value for name, value in document.items() if name not in ("claims", "rows", "schema")}
            unfolded += [{**outer, **item} for item in inner if isinstance(item, Mapping)]
        else:
            unfolded.append(document)
    for number, item in enumerate(unfolded, start=1):
        lines = item.get("lines")
        flat = [(column(name), _plain(value)) for name, value in item.items() if name != "lines"]
        row = _row(number, flat)
        if isinstance(lines, list):
            for at, line in enumerate(lines, start=1):
                if isinstance(line, Mapping):
                    cells = {f[0]: _plain(value) for name, value in line.items() if (f := column(name)) is not None}
                    row.lines[at] = cells
        if not row.cells and not row.lines:
            errors.append(InputError(file, f"row {number} has no column of a CMS-1500; see the list of columns"))
            continue
        rows.append(row)
    return rows


def claims(rows: Iterable[Row]) -> Iterator[Sourced]:
    """Yield the claims that rows make, in the order of their first rows."""
    groups: list[list[Row]] = []
    latest: dict[object, tuple[list[Row], set[str]]] = {}
    for row in rows:
        account = row.cells.get("26_account", "")
        patient = tuple(sorted((k, v) for k, v in row.cells.items() if k[0] in "123" and k[1:2] in "a_"))
        own = account or (patient, row.cells.get("24a_from"))
        number = row.cells.get("24_line", "")
        if own not in latest or number in latest[own][1]:
            # An account number that begins again with a line it has had is another claim.
            latest[own] = ([], set())
            groups.append(latest[own][0])
        latest[own][0].append(row)
        if number:
            latest[own][1].add(number)
    for group in groups:
        yield _Reader(group).read()


def _row(number: int, cells: Iterable[tuple[tuple[str, int] | None, str]]) -> Row:
    row = Row(number, {})
    for place, text in cells:
        text = text.strip()
        if place is None or not text:
            continue
        target = row.cells if not place[1] else row.lines.setdefault(place[1], {})
        target.setdefault(place[0], text)
    return row


def _plain(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, list):
        return ",".join(_plain(item) for item in value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _delimiter(heading: str) -> str:
    return max(",;\t|", key=heading.count)


class _Reader:
    """Reads one claim from its rows."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.flaws: list[Flaw] = []
        self.cells: Cells = {}
        for row in rows:
            for name, value in row.cells.items():
                self.cells.setdefault(name, value)

    def read(self) -> Sourced:
        """Return the claim, its flaws and the row of each line."""
        c = self.cells
        sources = [
            (row, cells)
            for row in self.rows
            for cells in ([{**row.cells, **line} for _, line in sorted(row.lines.items())] or [row.cells])
            if any(name.startswith("24") for name in cells)
        ]
        places = [cells.get("24b_place", "").strip().zfill(2) if cells.get("24b_place") else "" for _, cells in sources]
        pos = places[0] if places else ""
        diagnoses = self._diagnoses()
        lines = tuple(self._line(cells, k, places[k], pos) for k, (_, cells) in enumerate(sources))
        renderings = {line.rendering for line in lines}
        rendering = lines[0].rendering if lines and len(renderings) == 1 else None
        if rendering is not None:
            lines = tuple(_without_rendering(line) for line in lines)
        patient = Person(
            *self._name("2_patient_last", "2_patient_first"),
            self._day("3_birth_date", "DMG02", hidden=True),
            c.get("3_sex", "").upper()[:1],
            c.get("2_patient_middle", ""),
            self._address("5"),
        )
        relation = RELATIONSHIPS.get(key(c.get("6_relationship", "self")), "G8")
        insured = patient
        if relation != "18":
            last, first = self._name("4_insured_last", "4_insured_first")
            born = self._day("11a_birth_date", "DMG02", hidden=True)
            insured = Person(last, first, born, c.get("11a_sex", "").upper()[:1], address=self._address("7"))
        coverage = c.get("1_coverage", "")
        kind = {"DN": "referring", "DQ": "supervising"}.get(c.get("17_qualifier", "DN").upper(), "")
        named = None
        if c.get("17_name") or c.get("17b_npi"):
            last, first = self._name("17_name", "")
            named = Provider(c.get("17b_npi", ""), last, first)
        if named is not None and not kind:
            lines = tuple(_with_ordering(line, named) for line in lines)
        dates = [
            (c.get(f"{box}_qualifier", default), day)
            for box, default in (("14", "431"), ("15", "439"))
            if (day := self._day(f"{box}_date", "DTP03")) is not None
        ]
        if (day := self._day("18_from", "DTP03")) is not None:
            dates.append(("435", day))
        causes = tuple(
            code
            for code, name in (("EM", "10a_employment"), ("AA", "10b_auto"), ("OA", "10c_other"))
            if _yes(c.get(name, ""))
        )
        assignment = c.get("27_assignment", "").upper()
        others = self._others()
        claim = Claim(
            id=c.get("26_account", ""),
            billing=Provider(
                c.get("33a_npi", ""), c.get("33_name", ""), c.get("33_first", ""), c.get("33b_taxonomy", ""),
                c.get("25_tax_id", ""),
                "SY" if c.get("25_kind", "").upper().startswith("S") else "EI", self._address("33"),
            ),
            subscriber=Subscriber(
                insured, c.get("1a_member", ""), _group(c.get("11_group", "")), c.get("responsibility", "P")
            ),
            payer=Payer(c.get("payer_name", ""), c.get("payer_id", ""), COVERAGES.get(key(coverage), coverage.upper())),
            lines=lines,
            diagnoses=diagnoses,
            dependent=None if relation == "18" else Dependent(patient, relation),
            charge=self._number("28_total", "CLM02"),
            pos=pos,
            frequency=c.get("22_frequency", "1"),
            assignment={"Y": "A", "YES": "A", "N": "C", "NO": "C"}.get(assignment, assignment),
            rendering=rendering,
            referring=named if kind == "referring" else None,
            supervising=named if kind == "supervising" else None,
            facility=self._facility(),
            prior_auth=c.get("23_authorization", ""),
            original_ref=c.get("22_original", ""),
            dates=tuple(dates),
            patient_paid=self._number("29_paid", "AMT02"),
            notes=(Note(c["19_note"]),) if c.get("19_note") else (),
            other_payers=others,
            causes=causes,
            accident_state=c.get("10b_state", ""),
        )  # fmt: skip
        return Sourced(claim, tuple(self.flaws), row=self.rows[0].number, rows=tuple(row.number for row, _ in sources))

    def _name(self, last: str, first: str) -> tuple[str, str]:
        whole, given = self.cells.get(last, ""), self.cells.get(first, "")
        if given or "," not in whole:
            return whole, given
        family, _, rest = whole.partition(",")
        return family.strip(), rest.strip().partition(",")[0].strip()

    def _others(self) -> tuple[OtherPayer, ...]:
        """Return the other plan of boxes 9 to 9d, if any."""
        c = self.cells
        plan, group = c.get("9d_plan", ""), c.get("9a_group", "")
        if not plan and not group and not _yes(c.get("11d_other_plan", "")):
            return ()
        person = Person(*self._name("9_other_last", "9_other_first"))
        responsibility = "P" if c.get("responsibility", "P") != "P" else "S"
        subscriber = Subscriber(person, c.get("9a_member", ""), group, responsibility)
        return (OtherPayer(Payer(plan, c.get("9d_plan_id", ""), ""), subscriber),)

    def _address(self, box: str) -> Address | None:
        parts = [self.cells.get(f"{box}_{name}", "") for name in ("street", "city", "state", "zip")]
        return Address(*parts) if any(parts) else None

    def _facility(self) -> Provider | None:
        name, npi = self.cells.get("32_name", ""), self.cells.get("32a_npi", "")
        return Provider(npi, name, address=self._address("32")) if name or npi else None

    def _diagnoses(self) -> tuple[str, ...]:
        codes = [self.cells.get(f"21{letter.lower()}_diagnosis", "") for letter in _LETTERS]
        if codes[0] and not any(codes[1:]):
            codes = re.split(r"[,;|\s]+", codes[0])
        while codes and not codes[-1]:
            codes.pop()
        return tuple(code.replace(".", "").upper() for code in codes)[:12]

    def _line(self, cells: Cells, at: int, place: str, pos: str) -> Line:
        def text(name: str) -> str:
            return cells.get(name, "")

        first = self._day("24a_from", "DTP03", cells, at)
        last = self._day("24a_to", "DTP03", cells, at)
        modifiers = [text(f"24d_mod{k}").upper() for k in (1, 2, 3, 4)]
        if modifiers[0] and not any(modifiers[1:]):
            modifiers = re.split(r"[,;:|\s-]+", modifiers[0])
        code = text("24d_code").upper()
        head, *glued = re.split(r"[\s:-]+", code)
        ndc, quantity, unit, words = self._drug(cells, at)
        taxonomy, npi = text("24i_taxonomy"), text("24j_npi")
        name = text("24j_name")
        family, _, given = name.partition(",")
        rendering = Provider(npi, family.strip(), given.strip(), taxonomy) if npi or name else None
        notes = [Note(note) for note in (text("24_note"), words) if note]
        number = text("24_line")
        return Line(
            code=head,
            charge=self._number("24f_charge", "SV102", cells, at),
            units=self._number("24g_units", "SV104", cells, at),
            modifiers=tuple(mod for mod in (*glued, *modifiers) if mod)[:4],
            service_date=first,
            service_to=last if last is not None and last != first else None,
            pointers=_pointers(text("24e_pointers")),
            pos=place if place != pos else "",
            description=text("24d_description"),
            basis=text("24g_basis") or "UN",
            emergency=_yes(text("24c_emergency")),
            number=int(number) if number.isdigit() else None,
            control=text("24_control"),
            ndc=ndc,
            ndc_quantity=quantity,
            ndc_unit=unit,
            notes=tuple(notes),
            rendering=rendering,
        )

    def _drug(self, cells: Cells, at: int) -> tuple[str, Decimal | None, str, str]:
        """Return NDC, quantity, unit and the words of the shaded half."""
        shaded = cells.get("24_shaded", "")
        ndc, unit, words = cells.get("24_ndc", ""), cells.get("24_ndc_unit", "").upper(), ""
        quantity = self._number("24_ndc_quantity", "CTP04", cells, at)
        found = _SHADED_NDC.search(shaded)
        if found is not None:
            shaded = shaded.replace(found[0], "")
        if found is not None and not ndc:
            ndc, unit = found[1], (found[2] or unit).upper()
            quantity = quantity if found[3] is None else _decimal(found[3])
        words = re.sub(r"^\s*(ZZ|VP|OZ|CTR)\s*", "", shaded).strip()
        return ndc.removeprefix("N4").strip(), quantity, unit, words

    def _number(self, name: str, element: str, cells: Cells | None = None, line: int | None = None) -> Decimal | None:
        text = (self.cells if cells is None else cells).get(name, "")
        if not text:
            return None
        value = _decimal(text.replace("$", "").replace(",", ""))
        if value is None:
            self.flaws.append(Flaw("bad-amount", element, text, "a number such as 150.00", line))
        return value

    def _day(
        self, name: str, element: str, cells: Cells | None = None, line: int | None = None, *, hidden: bool = False
    ) -> date | None:
        text = (self.cells if cells is None else cells).get(name, "")
        if not text:
            return None
        for form in _FORMS:
            try:
                return datetime.strptime(text.split("T")[0], form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
        self.flaws.append(Flaw("bad-date", element, None if hidden else text, "a date such as 2026-03-02", line))
        return None


def _without_rendering(line: Line) -> Line:
    return replace(line, rendering=None)


def _with_ordering(line: Line, provider: Provider) -> Line:
    return replace(line, ordering=provider)


def _group(text: str) -> str:
    """Return the group number; NONE in box 11 says that there is no plan before Medicare."""
    return "" if text.upper() == "NONE" else text


def _yes(text: str) -> bool:
    return text.strip().upper() in ("Y", "YES", "X", "1", "TRUE")


def _pointers(text: str) -> tuple[str, ...]:
    """Return 1-based positions: box 24E holds letters, older rows numbers."""
    marks = re.findall(r"[A-L]|\d+", text.upper())
    if len(marks) == 1 and len(marks[0]) > 1 and marks[0].isdigit() and int(marks[0]) > len(_LETTERS):
        marks = list(marks[0])
    return tuple(str(_LETTERS.index(m) + 1) if m.isalpha() else m for m in marks)[:4]


def _decimal(text: str) -> Decimal | None:
    text = text.strip()
    if re.fullmatch(r"\d+ \d\d", text):
        text = text.replace(" ", ".")
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
