"""Runs one whole process and measures what it took: wall time, processor time, peak memory.

Standard library only: a child inherits the peak memory of the process that starts it, so the starter stays small.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """What one process took: seconds of wall and processor time, peak resident MiB, exit code, what it printed."""

    seconds: float
    cpu: float
    peak_mib: float
    exit_code: int
    printed: str
    complained: str


def run(command: Sequence[str], limit: float) -> Measure:
    """Run a command to its end, or kill it after ``limit`` seconds (the exit code is then negative)."""
    with tempfile.TemporaryDirectory(prefix="scrubjay-bench-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        actions = [(os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600), (os.POSIX_SPAWN_OPEN, 2, err, flags, 0o600)]
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], list(command), os.environ, file_actions=actions)
        alarm = threading.Timer(limit, os.kill, (pid, signal.SIGKILL))
        alarm.start()
        _, status, usage = os.wait4(pid, 0)
        seconds = time.perf_counter() - started
        alarm.cancel()
        # Linux counts ru_maxrss in KiB, macOS in bytes.
        unit = 1024 if sys.platform == "darwin" else 1
        return Measure(
            seconds=seconds,
            cpu=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / unit / 1024,
            exit_code=os.waitstatus_to_exitcode(status),
            printed=out.read_text(errors="replace"),
            complained=err.read_text(errors="replace"),
        )
