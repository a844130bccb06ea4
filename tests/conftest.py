"""What every test may use: the folder ``shared`` beside the repository, where it is present."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
"""The repository."""

SHARED = Path(os.environ.get("SCRUBJAY_SHARED", ROOT.parent / "shared"))
"""Publishers' files and public samples; a clone without them passes on its own."""

# Generated tests choose the same examples on every run, and a slow machine is no failure.
settings.register_profile("scrubjay", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("scrubjay")


def shared_files(folder: str, pattern: str = "*") -> list[Path]:
    """Return the files of a folder of ``shared`` in order, none where it is absent; for ``parametrize``."""
    return sorted(path for path in (SHARED / folder).glob(pattern) if path.is_file())


@pytest.fixture
def guide_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pyx12 asked in this process: the same answers without the second it takes to start one."""

    def verdict(name: str, opener: Callable[[], BinaryIO], *, phi: bool, progress: object = None) -> object:
        from scrubjay.conformance import judge, worker
        from scrubjay.io.source import ByteSource

        with opener() as stream:
            return judge.gathered(name, worker.judge(ByteSource(stream), phi))

    monkeypatch.setattr("scrubjay.conformance.judge.verdict", verdict)


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return a function from a path below ``shared`` to the real path; where that is absent it skips and says so."""

    def find(name: str = "") -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{path} is absent: the publishers' files and public samples are not beside this clone")
        return path

    return find


def program(name: str, otherwise: str) -> None:
    """Skip a test that needs a program which is not installed; where everything must be checked, fail instead."""
    if shutil.which(name) is None:
        reason = f"{name} is not installed: {otherwise}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
