"""How fast notes are read and audited: ``python bench/chart_speed.py [--notes FOLDER] [--count 1000]``.

Prints notes a minute of one process, by processor time, for the project's own short notes and, where FOLDER has them,
for the long public ones. One process uses one core; a second one doubles the number.
"""

from __future__ import annotations

import argparse
import time
from itertools import cycle, islice
from pathlib import Path

from chart_accuracy import OFFICE, ROOT, TEXTS, lines
from scrubjay.chart.audit import judge
from scrubjay.chart.source import read_chart


def timed(name: str, texts: list[str], count: int) -> None:
    """Audit ``count`` notes and print the rate; the vocabulary is loaded before the clock starts."""
    judge(read_chart(texts[0].encode(), "warm"), "warm")
    chosen = list(islice(cycle(texts), count))
    wall, processor = time.perf_counter(), time.process_time()
    for text in chosen:
        judge(read_chart(text.encode(), "note"), "note")
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    size = sum(map(len, chosen)) / count
    rate = count / processor * 60
    print(
        f"{name}: {count} notes of {size:,.0f} characters: {rate:,.0f} a minute of processor time ({wall:.1f} s by the wall)"
    )


def main() -> None:
    """Time both kinds of notes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=Path, default=ROOT.parent / "shared" / "corpus" / "notes")
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    own = [row["text"] for name in ("office.jsonl", "office_held_out.jsonl") for row in lines(OFFICE / name)]
    timed("own office notes", own, options.count)
    found = [
        row[column]
        for name, column in TEXTS.items()
        if (options.notes / name).is_file()
        for row in lines(options.notes / name)
    ]
    if found:
        timed("public notes", found, options.count)


if __name__ == "__main__":
    main()
