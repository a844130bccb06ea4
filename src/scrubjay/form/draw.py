"""Draws the CMS-1500: data alone for the pre-printed red form, or a readable sheet of our own with its boxes named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from scrubjay.errors import ScrubjayError
from scrubjay.form.fields import Page, placed, printable

NEEDS = "a PDF is drawn with ReportLab, which is not installed; pip install 'scrubjay[form]'"

_PITCH, _LINE = 7.2, 12.0
"""Points of a character of ten-pitch Courier, and of a line at six to the inch."""
_LEFT, _RISE = 25.2, 2.0
"""Where column 1 begins, and how far a text stands above the foot of its line, in points."""


def data_pdf(pages: Sequence[Page], out: IO[bytes], shift: tuple[float, float] = (0.0, 0.0)) -> None:
    """Write the data of the pages, placed for the pre-printed form; ``shift`` moves it right and down, in inches."""
    canvas = _canvas(out)
    height = canvas._pagesize[1]
    for page in pages:
        canvas.setFont("Courier", _LINE)
        for _, line, position, text in placed(page):
            if printable(text, position):
                column = position.column + (position.width - len(text) if position.right else 0)
                x = _LEFT + (column - 1) * _PITCH + shift[0] * 72
                y = height - line * _LINE - _RISE - shift[1] * 72
                canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()


def _canvas(out: IO[bytes]) -> Any:
    try:
        from reportlab.lib.pagesizes import letter
        from reportlab.pdfgen.canvas import Canvas
    except ImportError:
        raise ScrubjayError(NEEDS) from None
    canvas = Canvas(out, pagesize=letter, invariant=1, pageCompression=1)
    canvas.setTitle("CMS-1500")
    canvas.setCreator("Scrubjay")
    return canvas


_ROWS: tuple[tuple[tuple[str, str, float], ...], ...] = (
    (("1", "1  Coverage", 3.0), ("1a", "1a  Insured's number", 2.0), ("payer", "Payer", 3.0)),
    (("2", "2  Patient", 3.0), ("3", "3  Birth date, sex", 2.0), ("4", "4  Insured", 3.0)),
    (("5", "5  Patient's address", 3.0), ("6", "6  Relationship", 2.0), ("7", "7  Insured's address", 3.0)),
    (
        ("9", "9  Other insured, plan", 3.0),
        ("10", "10  Condition related to", 2.0),
        ("11", "11  Group; birth date, sex; plan", 3.0),
    ),
    (
        ("12", "12, 13  Signatures", 3.0),
        ("14", "14  Onset", 1.0),
        ("15", "15  Other date", 1.0),
        ("18", "18  Hospitalised from", 3.0),
    ),
    (
        ("17", "17  Referring, ordering, supervising", 3.0),
        ("22", "22  Resubmission", 2.0),
        ("23", "23  Prior authorisation", 3.0),
    ),
    (("19", "19  Additional claim information", 8.0),),
    (("21", "21  Diagnoses", 8.0),),
)
_FOOT: tuple[tuple[tuple[str, str, float], ...], ...] = (
    (
        ("25", "25  Tax number", 2.0),
        ("26", "26  Account number", 2.0),
        ("27", "27  Assignment", 1.2),
        ("28", "28  Total charge", 1.4),
        ("29", "29  Paid", 1.4),
    ),
    (("31", "31  Signature", 2.0), ("32", "32  Service facility", 3.0), ("33", "33  Billing provider", 3.0)),
)
_COLUMNS = (
    ("24A  Date", 82.0), ("24B", 26.0), ("24C", 24.0), ("24D  Procedure, modifiers", 124.0), ("24E", 34.0), ("24F  Charge", 62.0),
    ("24G  Units", 50.0), ("24J  Rendering", 138.0),
)  # fmt: skip


def sheet_pdf(pages: Sequence[Page], out: IO[bytes]) -> None:
    """Write the pages as labelled sheets; every value stands there whole, wrapped where it is long."""
    canvas = _canvas(out)
    width, height = canvas._pagesize
    for page in pages:
        sheet = _Sheet(canvas, width - 72, height - 40)
        sheet.heading(page, len(pages))
        values = _boxes(page)
        for row in _ROWS:
            sheet.row([(label, values.get(key, ""), share) for key, label, share in row])
        sheet.services(page)
        for row in _FOOT:
            sheet.row([(label, values.get(key, ""), share) for key, label, share in row])
        canvas.showPage()
    canvas.save()


class _Sheet:
    def __init__(self, canvas: Any, width: float, top: float) -> None:
        self.canvas = canvas
        self.width = width
        self.left = 36.0
        self.y = top

    def heading(self, page: Page, count: int) -> None:
        """Draw the head: what it is and which page."""
        c = self.canvas
        c.setFont("Helvetica-Bold", 13)
        c.drawString(self.left, self.y - 12, "Professional claim")
        c.setFont("Helvetica", 8)
        c.setFillGray(0.35)
        c.drawRightString(
            self.left + self.width, self.y - 12, f"boxes as on the CMS-1500 (02/12)   page {page.number} of {count}"
        )
        c.setFillGray(0)
        self.y -= 20

    def row(self, cells: Sequence[tuple[str, str, float]]) -> None:
        """Draw one row of labelled boxes, as high as its longest text."""
        total = sum(share for _, _, share in cells)
        widths = [self.width * share / total for _, _, share in cells]
        texts = [_wrapped(text, room - 8, "Courier", 9) for (_, text, _), room in zip(cells, widths, strict=True)]
        high = 14 + 10.5 * max(1, *(len(lines) for lines in texts)) + 3
        x = self.left
        for (label, _, _), lines, room in zip(cells, texts, widths, strict=True):
            self._box(x, room, high, label, lines)
            x += room
        self.y -= high

    def _box(self, x: float, room: float, high: float, label: str, lines: Sequence[str]) -> None:
        c = self.canvas
        c.setLineWidth(0.5)
        c.setStrokeGray(0.6)
        c.rect(x, self.y - high, room, high)
        c.setFont("Helvetica", 6.5)
        c.setFillGray(0.35)
        c.drawString(x + 4, self.y - 9, label)
        c.setFillGray(0)
        c.setFont("Courier", 9)
        for at, text in enumerate(lines):
            c.drawString(x + 4, self.y - 20 - 10.5 * at, text)

    def services(self, page: Page) -> None:
        """Draw box 24: a grey row of supplemental information over each line that has any."""
        c = self.canvas
        c.setFillGray(0.88)
        c.rect(self.left, self.y - 14, self.width, 14, fill=1)
        c.setFillGray(0.2)
        c.setFont("Helvetica", 6.5)
        x = self.left
        for label, room in _COLUMNS:
            c.drawString(x + 3, self.y - 10, label)
            x += room
        self.y -= 14
        for service in page.services:
            shaded, other = service.get("24_shaded", "").replace("   ", "  |  "), _other(service)
            beside = self.left + sum(room for _, room in _COLUMNS[:-1]) + 3
            lines = _wrapped(shaded, beside - self.left - 8, "Courier", 8.5) if shaded or other else []
            if lines:
                high = 4 + 10 * len(lines)
                c.setFillGray(0.95)
                c.rect(self.left, self.y - high, self.width, high, fill=1)
                c.setFillGray(0)
                c.setFont("Courier", 8.5)
                for at, text in enumerate(lines):
                    c.drawString(self.left + 4, self.y - 9.5 - 10 * at, text)
                c.drawString(beside, self.y - 9.5, other)
                self.y -= high
            c.rect(self.left, self.y - 16, self.width, 16)
            x = self.left
            c.setFillGray(0)
            c.setFont("Courier", 9)
            for (label, room), text in zip(_COLUMNS, _cells(service), strict=True):
                if label.endswith(("Charge", "Units")):
                    c.drawRightString(x + room - 6, self.y - 11.5, text)
                else:
                    c.drawString(x + 3, self.y - 11.5, text)
                x += room
            self.y -= 16
        self.y -= 4


def _other(service: dict[str, str]) -> str:
    return f"{service['24i']} {service['24j_other']}" if service.get("24j_other") else ""


def _cells(service: dict[str, str]) -> list[str]:
    def get(name: str) -> str:
        return service.get(name, "")

    first, last = (
        f"{get(f'{box}_mm')}/{get(f'{box}_dd')}/{get(f'{box}_yy')}" if get(f"{box}_mm") else ""
        for box in ("24a", "24a_to")
    )
    dates = first if first == last else f"{first}-{last}"
    procedure = " ".join([get("24d"), *(get(f"24d_{k}") for k in (1, 2, 3, 4))]).strip()
    charge = get("24f").replace(" ", ".")
    return [dates, get("24b"), get("24c"), procedure, get("24e"), charge, get("24g"), get("24j")]


_CHOICES = {
    "1": {"1_medicare": "Medicare", "1_medicaid": "Medicaid", "1_tricare": "TRICARE", "1_champva": "CHAMPVA",
          "1_group": "group health plan", "1_feca": "FECA", "1_other": "other"},
    "6": {"6_self": "self", "6_spouse": "spouse", "6_child": "child", "6_other": "other"},
    "27": {"27_yes": "yes", "27_no": "no"},
}  # fmt: skip


def _boxes(page: Page) -> dict[str, str]:
    """Return the text of each box of the sheet."""
    f = page.fields

    def day(box: str) -> str:
        year = f.get(f"{box}_yyyy") or f.get(f"{box}_yy", "")
        return f"{f[f'{box}_mm']}/{f[f'{box}_dd']}/{year}" if f"{box}_mm" in f else ""

    def said(box: str) -> str:
        return next((words for name, words in _CHOICES[box].items() if name in f), "")

    def sex(box: str) -> str:
        return "M" if f"{box}_m" in f else "F" if f"{box}_f" in f else ""

    def joined(*names: str, mark: str = "  ") -> str:
        return mark.join(f[name] for name in names if f.get(name))

    causes = [
        words
        for name, words in (("10a_yes", "employment"), ("10b_yes", "auto accident"), ("10c_yes", "other accident"))
        if name in f
    ]
    letters = [f"{letter.upper()} {f[f'21{letter}']}" for letter in "abcdefghijkl" if f.get(f"21{letter}")]
    signatures = [f"{box} {f[box]}" for box in ("12", "13") if f.get(box)]
    return {
        **{name: text for name, text in f.items() if name in ("1a", "2", "4", "23", "26", "31")},
        "1": said("1"),
        "payer": joined("payer_1", "payer_2", "payer_3", "payer_4", mark="\n"),
        "3": f"{day('3')}  {sex('3')}".strip(),
        "5": joined("5_street", mark="") + "\n" + joined("5_city", "5_state", "5_zip"),
        "6": said("6"),
        "7": (joined("7_street", mark="") + "\n" + joined("7_city", "7_state", "7_zip")).strip(),
        "9": joined("9", "9a", "9d", mark="\n"),
        "10": ", ".join(causes) or "none",
        "11": "\n".join(
            part for part in (f.get("11", ""), f"{day('11a')}  {sex('11a')}".strip(), f.get("11c", "")) if part
        ),
        "12": "\n".join(signatures),
        "14": f"{day('14')}  {f.get('14_qual', '')}".strip(),
        "15": f"{day('15')}  {f.get('15_qual', '')}".strip(),
        "17": joined("17_qual", "17", "17b"),
        "18": day("18"),
        "19": joined("19_first", "19", mark=" "),
        "21": ", ".join(letters) + ("  (ICD-9-CM)" if f.get("21_ind") == "9" else "  (ICD-10-CM)"),
        "22": joined("22_code", "22_ref"),
        "25": joined("25", mark="") + ("  SSN" if "25_ssn" in f else "  EIN" if "25_ein" in f else ""),
        "27": said("27"),
        "28": f.get("28", "").replace(" ", "."),
        "29": f.get("29", "").replace(" ", "."),
        "32": joined("32_1", "32_2", "32_3", "32a", mark="\n"),
        "33": joined("33_1", "33_2", "33_3", mark="\n")
        + ("\n" + joined("33a", "33b") if f.get("33a") or f.get("33b") else ""),
    }


def _wrapped(text: str, room: float, font: str, size: float) -> list[str]:
    from reportlab.lib.utils import simpleSplit

    lines: list[str] = []
    for part in text.split("\n"):
        for line in simpleSplit(part, font, size, room) or [""]:
            while len(line) * size * 0.6 > room:
                fits = max(1, int(room / (size * 0.6)))
                lines.append(line[:fits])
                line = line[fits:]
            lines.append(line)
    return lines
