"""The threads that read and judge the pieces of a large input side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

THREADS = 2

Result = TypeVar("Result")
Wait = Callable[[], object]
"""What a job calls where it must wait for what all jobs share."""


class Crew:
    """Two threads that do jobs side by side; results come in the order of the jobs.

    The vector operations of both release the interpreter, so that two threads keep two cores busy.  One job waits
    ready, so that no thread waits for the next piece to be cut; no more pieces are read than there are threads.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._ready = Event()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._ready.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, jobs: Iterator[Callable[[Wait], Result]], first: Callable[[], None]) -> Iterator[Result]:
        """Do the jobs; ``first`` is done once in the life of the crew, and a job that waits waits for it."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="scrubjay")
        waiting: deque[Future[Result]] = deque()
        for job in jobs:
            waiting.append(self._pool.submit(job, self._ready.wait))
            if len(waiting) == THREADS:
                self._prepare(first)
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        self._prepare(first)
        while waiting:
            yield waiting.popleft().result()

    def _prepare(self, first: Callable[[], None]) -> None:
        if not self._ready.is_set():
            first()
            self._ready.set()
