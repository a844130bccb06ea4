"""Reading what was typed: dates, comma lists, input names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import typer

STDIN = "-"


def day(text: str | None, option: str) -> date | None:
    """Return the date of ``YYYY-MM-DD`` or ``YYYYMMDD``, None for None; anything else is a usage error."""
    if text is None:
        return None
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-03-02", param_hint=option)


def comma_list(texts: Iterable[str] | None) -> list[str] | None:
    """Return the words of repeatable comma lists, None for none: ``["EM01,EM02", "denial"]`` gives three."""
    return [word.strip() for text in texts or () for word in text.split(",") if word.strip()] or None


def once(names: Iterable[str]) -> list[str]:
    """Return the inputs in the order given, each once: a file read twice would be its own duplicate claim.

    A file inside a folder that is also given goes with the folder.
    """
    unique: dict[Path | str, str] = {}
    for name in names:
        unique.setdefault(name if name == STDIN else Path(os.path.realpath(name)), name)
    folders = {place for place in unique if isinstance(place, Path) and place.is_dir()}
    return [name for place, name in unique.items() if place == STDIN or folders.isdisjoint(Path(place).parents)]
