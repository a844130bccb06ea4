"""The threads that judge a large input: order, what is laid out first, and pieces of like size."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from scrubjay.batch import _even
from scrubjay.crew import THREADS, Crew, Wait


def jobs_of(count: int, log: list[str]) -> Iterator[Callable[[Wait], int]]:
    def job(number: int) -> Callable[[Wait], int]:
        def run(wait: Wait) -> int:
            wait()
            # The first of two takes longer, and yet comes out first.
            time.sleep(0.01 if number % 2 == 0 else 0)
            log.append(f"judged {number}")
            return number

        return run

    return (job(number) for number in range(count))


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_come_in_the_order_of_the_pieces_and_behind_what_is_laid_out(count: int) -> None:
    log: list[str] = []
    with Crew() as crew:
        assert list(crew.map(jobs_of(count, log), lambda: log.append("laid out"))) == list(range(count))
    assert log[:1] == ["laid out"]
    assert len(log) == count + 1


def test_what_is_laid_out_for_one_input_serves_the_next() -> None:
    log: list[str] = []
    with Crew() as crew:
        for _ in range(2):
            list(crew.map(jobs_of(3, log), lambda: log.append("laid out")))
    assert log.count("laid out") == 1


def test_a_fault_ends_the_crew_and_leaves_no_thread_waiting() -> None:
    def fails() -> None:
        raise ValueError("no references")

    with pytest.raises(ValueError, match="no references"), Crew() as crew:
        list(crew.map(jobs_of(4, []), fails))
    assert not [t for t in threading.enumerate() if t.name.startswith("scrubjay")]


@pytest.mark.parametrize("size", [1, 11, 100, 101, 1000, 12345])
def test_every_thread_gets_as_many_pieces_and_none_is_longer_than_allowed(size: int) -> None:
    piece = _even(size, 100)
    assert 0 < piece <= 100
    pieces = -(-size // piece)
    assert pieces % THREADS == 0 or size < THREADS
