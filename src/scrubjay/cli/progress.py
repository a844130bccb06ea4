"""A progress bar on standard error, for runs that a person would otherwise wait for in silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Reporter = Callable[[int, int, int], None]
#: Seconds of silence before the bar appears.
PATIENCE = 1.0


@contextmanager
def reporting(wanted: bool) -> Iterator[Reporter | None]:
    """Yield a callback ``(bytes_done, bytes_total, claims_done)`` that draws a bar, or None where there is no terminal."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar.advance
    finally:
        bar.close()


class _Bar:
    """A Rich bar that is only made once the run has lasted."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def advance(self, bytes_done: int, bytes_total: int, claims_done: int) -> None:
        """Show how far the run is; the first second shows nothing."""
        if self._bar is None:
            if time.monotonic() - self._started < PATIENCE:
                return
            self._open()
        if self._bar is not None and self._task is not None:
            claims = f"{claims_done:,} claims" if claims_done else ""
            self._bar.update(self._task, completed=bytes_done, total=bytes_total or None, claims=claims)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), DownloadColumn(), TextColumn("{task.fields[claims]}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("check", total=None, claims="")
        self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
