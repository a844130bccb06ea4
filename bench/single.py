"""One claim through the library in a warm process: what a program that calls Scrubjay for each claim waits.

Prints the median, the fastest and the 95th percentile in milliseconds, as JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from pathlib import Path

import scrubjay
from scrubjay import synth


def main() -> None:
    """Generate one claim and check it again and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=96372)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scrubjay-bench-") as folder:
        path = Path(folder, "one.837")
        synth.write(path, 1, options.seed)
        day = dt.date(2026, 3, 16)
        started = time.perf_counter()
        scrubjay.check([str(path)], as_of=day)
        first = time.perf_counter() - started
        taken = []
        for _ in range(options.rounds):
            started = time.perf_counter()
            scrubjay.check([str(path)], as_of=day)
            taken.append(time.perf_counter() - started)
    taken.sort()
    found = {
        "first_ms": first * 1e3,
        "median_ms": statistics.median(taken) * 1e3,
        "fastest_ms": taken[0] * 1e3,
        "p95_ms": taken[int(len(taken) * 0.95)] * 1e3,
        "rounds": options.rounds,
    }
    print(json.dumps({key: round(value, 1) for key, value in found.items()}))


if __name__ == "__main__":
    main()
