"""Measures the peak memory of checking large files, in the formats that are written slice by slice, and writes a page of it.

    python bench/memory.py --output docs/bench-memory.md 100k 1m
    python bench/memory.py --file large.837

Each run is a process of its own; its peak is the largest resident set the system counted (``ru_maxrss``).  Output goes to
a real file, so that it is not the null device that makes it cheap.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from measure import run
from run import BIN, HERE, generate, size

FORMATS = ("jsonl", "csv", "parquet")
LIMIT = 3_600.0
PAGE = """# Memory of large runs

Written by `python bench/memory.py` on {machine}. Each line is a process of its own: `scrubjay check FILE --format FORMAT -o
OUT`, from the start of the interpreter to the written file. Peak memory is the largest resident set that the system counted
for it (`ru_maxrss`, what `/usr/bin/time -v` shows). Processor seconds are of both cores; on a busy machine they are the better
figure. What a run keeps of each piece, and which formats need all findings at once, is in
[formats](formats.md#large-inputs). No test asserts these figures; tests assert that the writers never ask for the whole.

{table}
"""


def rows(files: Iterable[Path], formats: Iterable[str]) -> Iterable[str]:
    """Check every file in every format and yield the lines of the table."""
    yield "| file | claims | findings | format | output | wall s | processor s | peak MiB |"
    yield "| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |"
    for path in files:
        for format in formats:
            with tempfile.TemporaryDirectory(prefix="scrubjay-bench-", dir=path.parent) as folder:
                out = Path(folder, "out")
                asked = (
                    "check",
                    "--no-progress",
                    "--as-of",
                    "2026-11-01",
                    str(path),
                    "--format",
                    format,
                    "-o",
                    str(out),
                )
                took = run((str(BIN / "scrubjay"), *asked), LIMIT)
                if took.exit_code not in (0, 1, 3):
                    sys.exit(f"{path.name} as {format}: exit code {took.exit_code}: {took.complained.strip()[-500:]}")
                said = took.complained.splitlines()
                claims = next(line for line in said if " claim" in line).split()[0]
                counts = next(line for line in said if " deny" in line).partition(";")[0].split(", ")
                found = sum(int(count.split()[0].replace(",", "")) for count in counts)
                sizes = f"{path.stat().st_size / 1e6:,.0f} MB | {claims} | {found:,}"
                figures = f"{took.seconds:.0f} | {took.cpu:.0f} | {took.peak_mib:,.0f}"
                row = f"| {sizes} | {format} | {out.stat().st_size / 1e6:,.0f} MB | {figures} |"
            print(row, file=sys.stderr, flush=True)
            yield row


def main() -> None:
    """Read the options, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", help="claims of generated files: 100k, 1m")
    parser.add_argument("--file", type=Path, action="append", default=[], help="measure this file")
    parser.add_argument("--format", action="append", choices=FORMATS, help="only this format")
    parser.add_argument("--seed", type=int, default=96372)
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".bench", help="where generated files are kept")
    parser.add_argument("--output", type=Path, help="write the page to this file")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    files = [generate(size(text), options.seed, options.folder) for text in options.sizes] + options.file
    table = "\n".join(rows(files, options.format or FORMATS))
    text = PAGE.format(machine=f"{os.cpu_count()} processors, Python {platform.python_version()}", table=table)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
