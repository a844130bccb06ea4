"""What an injection practice bills: the drugs, the visits and the typical faults that synthetic batches are made of.

Stories are written in the case notation (:mod:`scrubjay.cases`) with one more row, ``drug CODE``: the usual dose of
the table below, with the modifiers and the NDC that the payer's style asks for.  All facts are those of the CMS HCPCS
file (January 2026), the ASP NDC-HCPCS crosswalks 2024 Q3 to 2026 Q1 and the ICD-10-CM files of FY2025 and FY2026;
every code, pair and diagnosis is in force from 2025-01-01 to 2026-06-30.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MEDICARE, ADVANTAGE, NDC, BOTH, PLAIN = "medicare", "advantage", "ndc", "both", "plain"
"""Styles of payers: JW and JZ wanted, and G codes for vaccines; the same in a plan that has no published rule of its own
on places; an NDC on every drug; NDC, JW and JZ; none of it."""

SENIOR = (MEDICARE, ADVANTAGE)
ANY = (MEDICARE, ADVANTAGE, NDC, BOTH, PLAIN)
_NOT_MEDICARE = (NDC, BOTH, PLAIN)


@dataclass(frozen=True, slots=True)
class Drug:
    """The usual dose of a drug: billing units, charge, whether its container is single-dose, NDC, quantity, unit.

    ``by_ndc`` says that the code comes in single-dose and multi-dose containers, so that only an NDC settles JZ.
    """

    units: str
    charge: str
    is_single: bool
    ndc: str
    quantity: str
    unit: str
    by_ndc: bool = False


DRUGS = {
    "J3420": Drug("1", "18", False, "00143962010", "1", "ML", True),
    "J0696": Drug("4", "40", True, "00409733201", "1", "UN", True),
    "J1885": Drug("2", "24", True, "00409379501", "1", "ML"),
    "J1071": Drug("200", "42", False, "00009008601", "1", "ML"),
    "J0897": Drug("60", "2100", True, "55513071001", "1", "ML"),
    "J2315": Drug("380", "1950", True, "65757030001", "1", "UN"),
    "J1756": Drug("200", "160", True, "00517231005", "10", "ML"),
    "J3301": Drug("4", "36", True, "00003029305", "1", "ML", True),
    "J1010": Drug("40", "28", True, "00009307301", "1", "ML", True),
    "J2919": Drug("25", "32", True, "51662126301", "1", "UN", True),
    "J2405": Drug("4", "16", True, "00409475503", "2", "ML", True),
    "J2426": Drug("156", "2350", True, "50458056301", "1", "ML"),
    "J1100": Drug("8", "14", False, "63323016505", "2", "ML", True),
    "J2550": Drug("1", "12", True, "00641092825", "1", "ML"),
    "J1050": Drug("150", "95", True, "00009074630", "1", "ML"),
    "J0561": Drug("24", "410", True, "60793070110", "4", "ML"),
    "J9395": Drug("20", "880", True, "00310072010", "10", "ML"),
    "J9217": Drug("3", "1180", True, "00074334603", "1", "UN"),
    "J2790": Drug("1", "130", True, "13533063102", "1", "UN"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """One kind of visit: its rows, its weight, who comes and the styles of payers it is billed to.

    ``who`` is adult, woman, man or child; ``faults`` are those of :data:`FAULTS` that it can show;
    ``season`` keeps it to the months of influenza vaccination.
    """

    weight: int
    who: str
    rows: str
    faults: tuple[str, ...] = ()
    styles: tuple[str, ...] = ANY
    season: bool = False


_VISIT = ("missing-25", "99211-with-injection", "facility-place", "missing-drug", "invalid-diagnosis", "wrong-total")
_SHOT = ("missing-drug", "facility-place", "duplicate-line", "wrong-total")
_DRUG = ("missing-jz", "missing-ndc")

STORIES = (
    Story(
        9,
        "adult",
        "claim dx=E11.9,E53.8\nline 99213 mods=25\nline 96372 dx=2\ndrug J3420 dx=2",
        (*_VISIT, "dose-as-units"),
    ),
    Story(7, "adult", "claim dx=D51.0\nline 96372\ndrug J3420", (*_SHOT, "dose-as-units")),
    Story(
        6,
        "adult",
        "claim dx=J18.9,R05.1\nline 99214 mods=25 dx=1,2\nline 96372\ndrug J0696",
        (*_VISIT, *_DRUG, "dose-as-units"),
    ),
    Story(
        6,
        "adult",
        "claim dx=M54.50,I10\nline 99213 mods=25 dx=1,2\nline 96372\ndrug J1885",
        (*_VISIT, *_DRUG, "dose-as-units"),
    ),
    Story(
        6,
        "adult",
        "claim dx=J44.1,I10,E11.9\nline 99214 mods=25 dx=1,2,3\nline 96372\ndrug J2919\n"
        "line 36415 dx=3\nline 80053 dx=3 charge=32.00",
        (*_VISIT, *_DRUG, "terminated-code"),
    ),
    Story(
        5,
        "adult",
        "claim dx=L50.9,J30.2\nline 99213 mods=25 dx=1,2\nline 96372\ndrug J1010",
        (*_VISIT, *_DRUG, "terminated-code"),
    ),
    Story(
        4,
        "adult",
        "claim dx=G43.909,R11.2\nline 99214 mods=25 dx=1,2\nline 96372 units=2 dx=1,2\ndrug J1885\ndrug J2550 dx=2",
        (*_VISIT, *_DRUG, "dose-as-units"),
    ),
    Story(6, "man", "claim dx=E29.1\nline 96372\ndrug J1071", _SHOT),
    Story(
        4,
        "man",
        "claim dx=I10,E29.1\nline 99213 mods=25\nline 96372 dx=2\ndrug J1071 dx=2\nline 36415\nline 80053 charge=32.00",
        _VISIT,
    ),
    Story(6, "woman", "claim dx=M81.0 ref_g1=PA700310\nline 96372\ndrug J0897", (*_SHOT, *_DRUG), SENIOR),
    Story(4, "adult", "claim dx=F10.20 ref_g1=PA700315\nline 96372\ndrug J2315", (*_SHOT, *_DRUG), _NOT_MEDICARE),
    Story(
        3,
        "adult",
        "claim dx=F20.9 ref_g1=PA700426\nline 99213 mods=25\nline 96372\ndrug J2426",
        (*_VISIT, *_DRUG),
    ),
    Story(5, "woman", "claim dx=Z30.42\nline 96372\ndrug J1050", (*_SHOT, "missing-ndc"), _NOT_MEDICARE),
    Story(1, "woman", "claim dx=Z29.13\nline 96372\ndrug J2790", (*_SHOT, "missing-ndc"), _NOT_MEDICARE),
    Story(2, "adult", "claim dx=A53.9\nline 99203 mods=25\nline 96372\ndrug J0561", (*_VISIT, *_DRUG), _NOT_MEDICARE),
    Story(
        4,
        "adult",
        "claim dx=L03.115,R11.2\nline 99214 mods=25 dx=1,2\nline 96365 charge=145.00\ndrug J0696\n"
        "line 96375 dx=2\ndrug J2405 dx=2",
        (*_DRUG, "invalid-diagnosis", "wrong-total"),
    ),
    Story(2, "adult", "claim dx=D50.9\nline 96374 charge=85.00\ndrug J1756", ("missing-ndc", "wrong-total")),
    Story(2, "woman", "claim dx=C50.911\nline 96402 units=1 charge=70.00\ndrug J9395", _DRUG),
    Story(2, "man", "claim dx=C61\nline 96402 charge=70.00\ndrug J9217", _DRUG),
    Story(
        5,
        "adult",
        "claim dx=M17.11,I10\nline 99213 mods=25 dx=1,2\nline 20610 mods=RT charge=130.00\ndrug J3301",
        (*_DRUG, "invalid-diagnosis", "wrong-total"),
    ),
    Story(
        9,
        "adult",
        "claim dx=D51.0,I10,E11.9 clia=05D2000001\nline 99214 mods=25 dx=2,3\nline 96372\ndrug J3420\n"
        "line 36415 dx=2 charge=9.00\nline 80053 dx=2,3 charge=32.00\nline 85025 dx=1 charge=22.00",
        (*_VISIT, "dose-as-units"),
    ),
    Story(5, "adult", "claim dx=J30.1\nline 95117", ("wrong-total",)),
    Story(
        7,
        "adult",
        "claim dx=Z23\nline G0008\nline 90662 charge=78.00\nline 90480 charge=45.00\nline 91320 charge=160.00",
        ("wrong-vaccine-administration", "duplicate-line"),
        SENIOR,
        season=True,
    ),
    Story(
        6,
        "adult",
        "claim dx=Z23\nline 90471\nline 90656 charge=28.00\nline 90472 charge=22.00\nline 90715 charge=48.00",
        ("wrong-vaccine-administration", "duplicate-line"),
        _NOT_MEDICARE,
        season=True,
    ),
    Story(
        5,
        "child",
        "claim dx=Z00.129,Z23\nline 99392 mods=25 charge=140.00\nline 90460 units=2 dx=2 charge=60.00\n"
        "line 90461 units=2 dx=2 charge=30.00\nline 90707 dx=2 charge=95.00\nline 90716 dx=2 charge=170.00",
        ("missing-25", "wrong-total"),
        _NOT_MEDICARE,
    ),
    Story(
        20,
        "adult",
        "claim dx=E11.9,I10,E78.5 clia=05D2000001\nline 99214 dx=1,2,3\nline 36415 charge=9.00\n"
        "line 80053 dx=1,2 charge=32.00\nline 83036 mods=QW charge=24.00\nline 85025 dx=1 charge=22.00",
        ("invalid-diagnosis", "duplicate-line", "wrong-total"),
    ),
    Story(5, "adult", "claim dx=I10,E78.5\nline 99213 dx=1,2", ("invalid-diagnosis", "wrong-total")),
    Story(4, "adult", "claim dx=J06.9,R05.1\nline 99203 dx=1,2", ("invalid-diagnosis",)),
)

FOLLOW_UP = "claim dx=I10 clia=05D2000001\nline 85610 mods=QW charge=18.00"
"""The second claim of a patient on one day: a laboratory test entered later."""

_IN_ROWS = (*_VISIT[:-1], "duplicate-line", "terminated-code", "wrong-vaccine-administration")
_TERMINATED = {"J2919": "J2930 units=1 charge=32", "J1010": "J1030 units=1 charge=28"}
_TYPED_DOSES = {"J3420": "1000", "J0696": "1000", "J1885": "30"}


def rows(story: Story, style: str, fault: str = "") -> str | None:
    """Return a story in plain case notation for a style of payer, with a fault if asked.

    None where that fault cannot be shown: this payer does not ask for the thing that would be missing, or does not
    mind the place.
    """
    if fault == "facility-place" and not (style == MEDICARE or (style == BOTH and "mods=25" in story.rows)):
        return None
    text = _spoil(story.rows, fault) if fault in _IN_ROWS else story.rows
    text = re.sub(r"^drug (\w+)(.*)$", lambda m: _drug_row(m[1], m[2], style, fault), text, flags=re.MULTILINE)
    if fault == "wrong-total":
        text = text.replace("claim ", "claim charge=999.00 ", 1)
    return None if fault and text == rows(story, style) else text


def _spoil(text: str, fault: str) -> str:
    """Return the rows of a story with one fault put in."""
    lines = text.splitlines()
    match fault:
        case "missing-25":
            return re.sub(r"^(line 99\d{3}) mods=25", r"\1", text, flags=re.MULTILINE)
        case "99211-with-injection":
            return re.sub(r"^line 99\d{3} mods=25", "line 99211 charge=45.00", text, flags=re.MULTILINE)
        case "facility-place":
            return text.replace("claim ", "claim pos=22 ", 1)
        case "missing-drug":
            return "\n".join(line for line in lines if not line.startswith("drug "))
        case "terminated-code":
            swap = {f"drug {new}": f"line {old}" for new, old in _TERMINATED.items()}
            return "\n".join(swap.get(line[:10], line[:10]) + line[10:] for line in lines)
        case "wrong-vaccine-administration":
            if "line G0008" in text:
                return text.replace("line G0008", "line 90471")
            return "claim dx=Z23\nline 96372\nline 90656 charge=28.00"
        case "invalid-diagnosis":
            return re.sub(r"dx=[A-Z0-9.]+", "dx=M54.5", text, count=1)
        case "duplicate-line":
            return "\n".join([*lines, lines[-1]])
        case _:
            raise ValueError(f"unknown fault {fault}")


def _drug_row(code: str, options: str, style: str, fault: str | None) -> str:
    """Return the line of a drug as a payer of this style wants it."""
    drug = DRUGS[code]
    units = _TYPED_DOSES.get(code, drug.units) if fault == "dose-as-units" else drug.units
    row = f"line {code} units={units} charge={drug.charge}{options}"
    if style in (*SENIOR, BOTH) and drug.is_single and fault != "missing-jz":
        row += " mods=JZ"
    if (style in (NDC, BOTH) and fault != "missing-ndc") or (style in SENIOR and drug.by_ndc):
        row += f" ndc={drug.ndc} qty={drug.quantity} uom={drug.unit}"
    return row
