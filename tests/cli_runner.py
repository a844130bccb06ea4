"""Run the command line inside the test's process and keep what it left behind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scrubjay.cases import parse, to_837
from scrubjay.cli import app, guard

#: The command as another process would start it.
COMMAND = (sys.executable, "-m", "scrubjay")


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def runner(capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command in a folder, with the packaged tables alone."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SCRUBJAY_REFS", "")

    def run(*arguments: str | Path) -> Ran:
        code = guard.guarded(app, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def claim_file(path: Path, text: str) -> Path:
    """Write a case in the case notation as an 837P."""
    path.write_bytes(b"".join(to_837(case) for case in parse(text)))
    return path
