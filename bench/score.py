"""Time reading and scoring: invented claims, the 835 that answers them, the scorecard.

    python bench/score.py --claims 300000

Writes the files once into .bench/.  The check of the claims is timed apart: it is the work of ``scrubjay check``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import time
from pathlib import Path

from scrubjay import policy, synth
from scrubjay.adjudicator import adjudicate
from scrubjay.checker import shared_references
from scrubjay.learn.claims import read_claims
from scrubjay.learn.match import match
from scrubjay.learn.observe import observe
from scrubjay.learn.propose import proposals
from scrubjay.learn.reading import read_all
from scrubjay.learn.scorecard import score

FOLDER = Path(__file__).resolve().parent.parent / ".bench"


class Clock:
    """Prints wall and processor seconds of each step."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        self.sums = [0.0, 0.0]

    def lap(self, step: str, *, counted: bool = True) -> None:
        """Print a step's seconds; ``counted`` ones go into the sum."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        if counted:
            self.sums = [self.sums[0] + wall, self.sums[1] + cpu]
        print(f"{step:28} {wall:7.1f} s wall {cpu:7.1f} s processor", flush=True)
        self.wall, self.cpu = time.perf_counter(), time.process_time()


def main() -> None:
    """Write the files where they are missing, then time each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=300_000)
    count = parser.parse_args().claims
    FOLDER.mkdir(exist_ok=True)
    sent, came = FOLDER / f"score-{count}.837", FOLDER / f"score-{count}.835"
    if not sent.exists():
        synth.write(sent, count, 4)
    if not came.exists():
        adjudicate(sent, came, 3)
    policies, refs = policy.load(), shared_references()
    clock = Clock()
    held, _ = read_claims([sent], policy="auto", policy_set=policies, refs=refs, as_of=dt.date(2026, 7, 1))
    clock.lap("claims read and checked", counted=False)
    read = read_all([came])
    clock.lap(f"835, {len(read.remits.lines):,} lines")
    matching = match(held.tables, read.remits)
    clock.lap("match")
    seen = observe(held.tables, read.remits, matching, policies, None)
    clock.lap("first answers")
    card = score(seen, held.targets, held.tables.lines.select("line_id", "code"))
    found = proposals(card)
    clock.lap(f"score, {len(card.edits):,} rows, {len(found)} proposals")
    print(f"{'read and scored':28} {clock.sums[0]:7.1f} s wall {clock.sums[1]:7.1f} s processor")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
