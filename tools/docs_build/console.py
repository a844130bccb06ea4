"""The outputs in a hand-written page: each ``console`` block is run and its output written below its commands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs_build.common import ROOT

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CUT = re.compile(r"(.*?)(?:\s*\|\s*head -(\d+))?")
_SCRUBJAY = (sys.executable, "-m", "scrubjay")


class Failed(Exception):
    """A command of the page that is not one of those the pages use."""


def pages() -> dict[str, str]:
    """Return the hand-written pages with their outputs."""
    return {"tutorial.md": refreshed((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))}


def refreshed(text: str) -> str:
    """Return a page with the output below each command as it is now; all commands share one folder."""
    with tempfile.TemporaryDirectory(prefix="scrubjay-docs-") as name:
        shell = _Shell(Path(name))
        return _BLOCK.sub(lambda match: f"```console\n{shell.block(match[1])}```", text)


class _Shell:
    """Runs what the pages show: scrubjay, python and cp, whose output head may cut."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._code = 0
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))

    def block(self, body: str) -> str:
        """Return the commands of a block, each with its output."""
        commands = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
        return "".join(f"$ {command}\n{self._run(command)}" for command in commands)

    def _run(self, command: str) -> str:
        if command == "echo $?":
            return f"{self._code}\n"
        match = _CUT.fullmatch(command)
        words = shlex.split(match[1]) if match else []
        programs = {"scrubjay": _SCRUBJAY, "python": (sys.executable,), "cp": ("cp",)}
        if match is None or not words or words[0] not in programs:
            raise Failed(command)
        environment = os.environ | {"SCRUBJAY_REFS": "", "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
        done = subprocess.run(
            [*programs[words[0]], *words[1:]],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self._code = done.returncode
        lines = done.stdout.splitlines()[: int(match[2]) if match[2] else None]
        return "".join(f"{line.rstrip()}\n" for line in [*lines, *done.stderr.splitlines()])
