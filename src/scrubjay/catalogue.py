"""The catalogue of edits as packaged JSON, read with the standard library alone.

``catalogue.json`` is written from the ``@edit`` declarations by ``tools/build_catalogue.py``; listing and explaining edits needs
nothing else, so it starts without Polars.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

_CODE = re.compile(r"[A-Z]{2,4}[0-9]{2,3}")


@cache
def load() -> dict[str, Any]:
    """Return the whole catalogue: ``{"digest": str, "edits": [{...}, ...]}``."""
    text = resources.files("scrubjay").joinpath("catalogue.json").read_text(encoding="utf-8")
    catalogue: dict[str, Any] = json.loads(text)
    return catalogue


def digest() -> str:
    """Return the hash that names this state of the catalogue."""
    return str(load()["digest"])


def edits() -> list[dict[str, Any]]:
    """Return every edit in catalogue order."""
    found: list[dict[str, Any]] = load()["edits"]
    return found


def normal_code(text: str) -> str:
    """Return an edit code as the catalogue spells it: ``em-01`` becomes ``EM01``."""
    return text.strip().upper().replace("-", "")


def by_code(code_or_name: str) -> dict[str, Any] | None:
    """Return the edit of a code (``EM01``, ``EM-01``) or of a name slug, or None."""
    code = normal_code(code_or_name)
    name = code_or_name.strip().lower()
    for edit in edits():
        if edit["code"] == code or edit["name"] == name:
            return edit
    return None


def nearest(text: str, limit: int = 3) -> list[str]:
    """Return codes or names that look like the text, closest first."""
    import difflib

    code = normal_code(text)
    wanted, cutoff = (code, 0.5) if _CODE.fullmatch(code) else (text.strip().lower(), 0.6)
    words = [word for edit in edits() for word in (edit["code"], edit["name"])]
    return difflib.get_close_matches(wanted, words, n=limit, cutoff=cutoff)
