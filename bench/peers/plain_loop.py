"""Peer: a claim-by-claim Python loop without numpy, Arrow or Polars.  Prints the number of claims and of findings.

It reads what one edit needs (patient, provider, lines with code, modifiers and date) and applies that single edit: an
office visit (99202-99215) without modifier 25 beside 96372 on the same day.  The floor for anyone who writes objects.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

OFFICE_VISITS = {str(code) for code in range(99202, 99216)}


def segments(path: str) -> Iterator[list[str]]:
    """Yield the segments of a file as lists of elements."""
    text = Path(path).read_text(encoding="latin-1")
    element, terminator = text[3], text[105]
    for segment in text.split(terminator):
        stripped = segment.strip()
        if stripped:
            yield stripped.split(element)


def findings(lines: list[dict[str, object]]) -> int:
    """Count the visits of one claim that lack modifier 25 beside an injection of the day."""
    injected = {line["date"] for line in lines if line["code"] == "96372"}
    return sum(
        line["code"] in OFFICE_VISITS and "25" not in line["mods"] and line["date"] in injected for line in lines
    )  # type: ignore[operator]


def main() -> None:
    """Read one file and print two numbers."""
    claims = found = 0
    lines: list[dict[str, object]] = []
    for segment in segments(sys.argv[1]):
        match segment[0]:
            case "CLM":
                found += findings(lines)
                claims += 1
                lines = []
            case "SV1":
                code, *mods = segment[1].split(":")[1:6]
                units = float(segment[4]) if segment[4] else None
                lines.append({"code": code, "mods": mods, "charge": segment[2], "units": units, "date": None})
            case "DTP" if segment[1] == "472" and lines:
                lines[-1]["date"] = segment[3][:8]
    print(claims, found + findings(lines))


if __name__ == "__main__":
    main()
