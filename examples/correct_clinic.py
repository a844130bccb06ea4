# ruff: noqa: INP001 - a script, no package

"""What the clinic changed in clinic.837 after the check: ``python examples/correct_clinic.py clinic.837 -o corrected.837``.

It stands for the practice's billing system, where a person corrects a claim and sends the batch to a file again.  Every
row below is such a decision; line numbers, totals, levels (HL) and segment counts follow from them.
"""

from __future__ import annotations

import argparse
from decimal import Decimal
from pathlib import Path

DECISIONS = """
26-00410 hold                                  the hospital bills the injection
26-00417 mods 1 25                             the note shows that the blood pressure was evaluated
26-00418 drop 1                                the nurse only gave the injection
26-00419 drop 3                                the hospital bills the drug
26-00419 drop 2                                and the injection; the visit stays
26-00420 hold                                  the hospital bills injection and drug
26-00421 mods 1 25                             the visit was separate
26-00421 mods 2 -                              25 does not belong on the injection
26-00422 mods 1 25                             the visit was separate; 59 never goes on a visit
26-00423 add J3420 1 18 - 00143962010,1,ML     the record names the drug, the line was forgotten
26-00424 add 96372 1 35 - -                    the administration record shows who injected
26-00425 code 2 J1010                          the code since 2024-04-01
26-00425 units 2 40                            of 1 mg
26-00426 units 2 4                             1,000 mg by 250 mg
26-00427 units 2 200                           200 mg by 1 mg
26-00428 code 1 G0008                          a vaccine
26-00429 code 1 G0008                          Medicare's code for giving it
26-00430 code 1 96372                          an immune globulin is no vaccine
26-00431 mods 2 JZ                             the whole syringe was given
26-00432 ndc 2 00143962010,1,ML                from the vial in the record
26-00433 ndc 2 00143962010,1,ML                the same eleven digits without hyphens
26-00434 dx 1 M5450                            low back pain, unspecified, says the note
26-00435 mods 3 59                             B12 in the arm, unrelated to the knee
26-00437 units 1 2                             two injections are two units of one line
26-00437 drop 3                                of the same code
26-00438 total                                 both lines are right, the total was mistyped
26-00439 mods 1 25                             the visit of that morning was separate
"""

Segment = list[str]


def correct(text: str, decisions: str = DECISIONS) -> str:
    """Return the batch with the decisions carried out; one segment a line, as clinic.837 is written."""
    segments = [line.removesuffix("~").split("*") for line in text.splitlines()]
    for row in decisions.strip().splitlines():
        claim, action, *words = row.split()
        start = next(n for n, s in enumerate(segments) if s[0] == "CLM" and s[1] == claim)
        end = next(n for n in range(start + 1, len(segments)) if segments[n][0] in ("CLM", "HL", "SE"))
        if action == "hold":
            while segments[start][0] != "HL":
                start -= 1
            segments[start:end] = []
        else:
            segments[start:end] = _changed(segments[start:end], action, words)
    _renumber(segments)
    return "".join("*".join(segment) + "~\n" for segment in segments)


def _changed(claim: list[Segment], action: str, words: list[str]) -> list[Segment]:
    """Return the segments of a claim after one decision."""
    starts = [n for n, s in enumerate(claim) if s[0] == "LX"]
    head, lines = claim[: starts[0]], [claim[a:b] for a, b in zip(starts, [*starts[1:], len(claim)], strict=True)]
    if action == "dx":
        codes = next(s for s in head if s[0] == "HI")
        codes[int(words[0])] = f"{codes[int(words[0])].split(':')[0]}:{words[1]}"
    elif action == "add":
        lines.append(_line(lines[-1], *words[:5]))
    elif action == "drop":
        del lines[int(words[0]) - 1]
    elif action != "total":
        line = lines[int(words[0]) - 1]
        service = next(s for s in line if s[0] == "SV1")
        code = service[1].split(":")
        if action == "mods":
            code[2:] = [] if words[1] == "-" else [words[1]]
        elif action == "code":
            code[1] = words[1]
        elif action == "units":
            service[4] = words[1]
        elif action == "ndc":
            line[:] = [s for s in line if s[0] not in ("LIN", "CTP")] + _drug(words[1])
        service[1] = ":".join(code)
    total = sum((Decimal(s[2]) for line in lines for s in line if s[0] == "SV1"), Decimal(0))
    head[0][2] = f"{total.normalize():f}"
    for number, line in enumerate(lines, start=1):
        line[0][1] = str(number)
    return [*head, *(segment for line in lines for segment in line)]


def _line(like: list[Segment], code: str, units: str, charge: str, mods: str, drug: str) -> list[Segment]:
    """Return a service line on the day of another one."""
    date = next(s for s in like if s[0] == "DTP")
    procedure = ":".join(["HC", code, *([] if mods == "-" else [mods])])
    return [["LX", "0"], ["SV1", procedure, charge, "UN", units, "", "", "1"], [*date], *_drug(drug)]


def _drug(text: str) -> list[Segment]:
    if text == "-":
        return []
    ndc, quantity, unit = text.split(",")
    return [["LIN", "", "N4", ndc], ["CTP", "", "", "", quantity, unit]]


def _renumber(segments: list[Segment]) -> None:
    """Give levels their numbers and transactions their count."""
    start, levels = 0, {"": ""}
    for number, segment in enumerate(segments):
        if segment[0] == "ST":
            start, levels = number, {"": ""}
        elif segment[0] == "HL":
            levels[segment[1]] = str(len(levels))
            segment[1], segment[2] = levels[segment[1]], levels[segment[2]]
        elif segment[0] == "SE":
            segment[1] = str(number - start + 1)


def main() -> None:
    """Correct a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("batch", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.write_text(correct(options.batch.read_text()))


if __name__ == "__main__":
    main()
