"""What the verbs that read whole claims share: opening an input by name and reading its claims."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from scrubjay.cli.values import STDIN

if TYPE_CHECKING:
    from scrubjay.errors import InputError
    from scrubjay.io.read837 import Left
    from scrubjay.io.records import Claim


def opened(name: str) -> BinaryIO:
    """Return an input that can be read again from its start; standard input for ``-``."""
    if name == STDIN:
        return io.BytesIO(sys.stdin.buffer.read())
    path = Path(name)
    if path.is_dir():
        raise typer.BadParameter(f"{name} is a folder; name one file", param_hint="FILE")
    if not path.exists():
        raise typer.BadParameter(f"{name}: no such file; check the name", param_hint="FILE")
    return path.open("rb")


def shown(name: str) -> str:
    """Return an input's name as messages have it."""
    return "<stdin>" if name == STDIN else name


def read(name: str, errors: list[InputError], left: Left | None = None) -> list[Claim]:
    """Return the claims of an input; what cannot be read is added to ``errors``."""
    from scrubjay.errors import InputError as Failure
    from scrubjay.io.pieces import claims

    found: list[Claim] = []
    with opened(name) as stream:
        try:
            found.extend(claims(stream, shown(name), errors, left))
        except Failure as failure:
            errors.append(failure)
    return found
