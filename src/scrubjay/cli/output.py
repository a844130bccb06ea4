"""Where data goes: standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, TextIO, cast

import typer

from scrubjay.render.style import Style, style_for


@contextmanager
def destination(name: str | None, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Yield a binary stream: standard output for None or ``-``, else the file, written beside its name and then renamed.

    A ``private`` file is readable by its owner alone.
    """
    if name is None or name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    if path.exists() and not path.is_file():
        # A pipe or a device cannot be replaced by renaming.
        with path.open("wb") as direct:
            yield direct
        return
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield cast(BinaryIO, stream)
        os.chmod(temporary, 0o600 if private else _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _mode(path: Path) -> int:
    """Return the permissions the file has, or those a new file would get."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def refuse(name: str | None, inputs: list[str], option: str = "-o") -> None:
    """Refuse, before any work, an output that cannot be written or that would replace an input."""
    if name is None or name == "-":
        return
    path = Path(name)
    if path.is_dir():
        raise typer.BadParameter(f"{name} is a folder; name a file in it", param_hint=option)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"the folder {path.parent} does not exist", param_hint=option)
    if path.is_file() and any(item != "-" and os.path.realpath(item) == os.path.realpath(name) for item in inputs):
        raise typer.BadParameter(f"{name} is an input of this run", param_hint=option)


def style_of(stream: TextIO, to_file: bool = False) -> Style:
    """Return the style for a stream: colour and width only on a terminal, colour only where NO_COLOR is not set."""
    terminal = not to_file and stream.isatty() and os.environ.get("TERM") != "dumb"
    return style_for(terminal, shutil.get_terminal_size().columns, bool(os.environ.get("NO_COLOR")))
