"""How well notes are read: ``python bench/chart_accuracy.py [--notes FOLDER] [--output docs/chart-accuracy.md]``.

Scores the reader on the annotated splits of the public notes (where FOLDER has them; their text is not in this
repository) and on the project's own office notes, and writes a page. ``--differences`` lists each difference: field,
annotated and read value, never a sentence of a note.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from chart.score import FIELDS, Score, Tally, score
from scrubjay.chart.note.read import read

ROOT = Path(__file__).parent.parent
ANNOTATIONS = ROOT / "bench" / "chart" / "annotations.jsonl"
OFFICE = ROOT / "tests" / "fixtures" / "notes"
TEXTS = {
    "mtsamples_injections.jsonl": "transcription",
    "acibench_injections.jsonl": "note",
    "mtsdialog_injections.jsonl": "section_text",
}
FOUND = {"found held out": "annotations_found.jsonl", "found development": "annotations_found_dev.jsonl"}
FOUND_TEXTS = "found_injections.jsonl"
ORDER = ("drug", "given", "status", *FIELDS)


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def public(folder: Path) -> Score | None:
    """Return the score on the test split; None where the notes are not there."""
    return _annotated(folder, TEXTS, ANNOTATIONS)


def found(folder: Path, name: str) -> Score | None:
    """Return the score on one part of the found notes; None where the notes are not there."""
    return _annotated(folder, {FOUND_TEXTS: "text"}, ROOT / "bench" / "chart" / FOUND[name])


def _annotated(folder: Path, sources: dict[str, str], annotations: Path) -> Score | None:
    if not all((folder / name).is_file() for name in sources):
        return None
    texts = {row["id"]: row[column] for name, column in sources.items() for row in lines(folder / name)}
    documents = []
    for row in lines(annotations):
        text = texts[row["id"]]
        if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
            sys.exit(f"{row['id']}: the text is not the one that was annotated")
        documents.append((row["id"], row["administrations"], read(text).administrations))
    return score(documents)


def office(name: str) -> Score:
    """Return the score on one of the project's own sets."""
    return score((row["id"], row["administrations"], read(row["text"]).administrations) for row in lines(OFFICE / name))


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def table(result: Score) -> str:
    """Return precision, recall and F1 of each field that is annotated."""
    rows = ["| field | annotated | precision | recall | F1 |", "| --- | --: | --: | --: | --: |"]
    for name in ORDER:
        tally = result.tallies.get(name, Tally())
        annotated = tally.right + tally.missed
        if annotated:
            values = " | ".join(_share(value) for value in (tally.precision, tally.recall, tally.f1))
            rows.append(f"| {name} | {annotated} | {values} |")
    rows += ["", f"Read as given: {result.read_as_given}. Given, but the note does not say so: {result.unsaid}."]
    if result.unannotated:
        rows[-1] += f" Read as given where nothing is annotated: {result.unannotated}."
    return "\n".join(rows)


def page(parts: dict[str, str]) -> str:
    """Return the page with the tables put in."""
    text = (ROOT / "bench" / "chart" / "accuracy.md").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


def main() -> None:
    """Score, and write or print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=Path, default=ROOT.parent / "shared" / "corpus" / "notes")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--differences", action="store_true")
    options = parser.parse_args()
    results = {
        "public": public(options.notes),
        **{name: found(options.notes, name) for name in FOUND},
        "held out": office("office_held_out.jsonl"),
        "development": office("office.jsonl"),
    }
    missing = [name for name, result in results.items() if result is None]
    if missing:
        print(
            f"{options.notes} does not hold the notes of: {', '.join(missing)}; the page cannot be written without them",
            file=sys.stderr,
        )
        if options.output:
            sys.exit(2)
    text = page({name: table(result) for name, result in results.items() if result is not None})
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        print(text)
    if options.differences:
        for name, result in results.items():
            for difference in result.differences if result else ():
                print(f"{name}: {difference}")


if __name__ == "__main__":
    main()
