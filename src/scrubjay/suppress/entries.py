"""The entries of ``suppressions.toml``, or of ``[[suppress]]`` in ``scrubjay.toml``: what is not to be shown, and why."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scrubjay import catalogue
from scrubjay.errors import ScrubjayError
from scrubjay.policy_layer import PRACTICE_FILE

OWN_FILE = "suppressions.toml"
SELECTORS = ("payer", "policy", "npi", "claim", "code")
_WORDS = ("reason", "owner")
_KEYS = ("edit", *SELECTORS, *_WORDS, "expires")
_HASH = re.compile(r"sha256:[0-9a-f]{16,64}")


class SuppressionError(ScrubjayError):
    """A file of suppressions cannot be read or an entry lacks something."""


@dataclass(frozen=True)
class Entry:
    """One decision: these edits say nothing about these claims until a day, for a reason somebody answers for.

    Every selector that is not empty must fit; one value of it is enough.  ``number`` counts the entries of the file.
    """

    number: int
    edits: tuple[str, ...]
    selectors: dict[str, tuple[str, ...]]
    reason: str
    owner: str
    expires: date

    def expired(self, as_of: date) -> bool:
        """Whether its last day is over."""
        return as_of > self.expires

    def __str__(self) -> str:
        chosen = [
            # A claim's number may be a patient's account: reports that leave the house do not show it.
            f"{name} {' or '.join(values)}" if name != "claim" else f"{len(values)} claim{'s' * (len(values) > 1)}"
            for name, values in self.selectors.items()
        ]
        return f"Entry {self.number} ({', '.join(self.edits)}; {', '.join(chosen)})"


@dataclass(frozen=True)
class Suppressions:
    """The entries of one file."""

    file: str
    entries: tuple[Entry, ...]


def find(start: Path) -> Suppressions | None:
    """Return the suppressions beside an input or in the nearest folder above it that has some.

    They stand in one file: entries in both files of a folder raise :class:`SuppressionError`.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        held = [read(path) for name in (OWN_FILE, PRACTICE_FILE) if (path := folder / name).is_file()]
        told = [one for one in held if one.entries]
        if len(told) > 1:
            raise SuppressionError(
                f"{folder}: suppressions stand in {OWN_FILE} and in {PRACTICE_FILE}; keep them in one of them"
            )
        if told:
            return told[0]
    return None


def read(path: Path) -> Suppressions:
    """Read a file of suppressions; raises :class:`SuppressionError` with one line: file, entry, what is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuppressionError(f"{path}: not TOML: {str(error).splitlines()[0]}") from None
    unknown = sorted(data.keys() - {"suppress"})
    if unknown and path.name == OWN_FILE:
        raise SuppressionError(f"{path}: unknown key {unknown[0]}; the file holds [[suppress]] entries alone")
    rows = data.get("suppress", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SuppressionError(f"{path}: suppress is a list of tables, written [[suppress]]")
    here = Path.cwd()
    name = path.relative_to(here) if path.is_relative_to(here) else path
    return Suppressions(str(name), tuple(_entry(path, number, row) for number, row in enumerate(rows, start=1)))


def _entry(path: Path, number: int, row: dict[str, Any]) -> Entry:
    where = f"{path}: suppress {number} ({row.get('edit', '?')})"
    unknown = sorted(row.keys() - set(_KEYS))
    if unknown:
        raise SuppressionError(f"{where}: {unknown[0]}: unknown key; known are {', '.join(_KEYS)}")
    for key in ("edit", *_WORDS, "expires"):
        if key not in row:
            raise SuppressionError(f"{where}: {key}: missing")
    selectors = {key: _texts(where, key, row[key]) for key in SELECTORS if key in row}
    if not selectors:
        raise SuppressionError(f"{where}: no selector; say which claims with {', '.join(SELECTORS)}")
    for value in selectors.get("claim", ()):
        if value.startswith("sha256:") and not _HASH.fullmatch(value):
            raise SuppressionError(f"{where}: claim: a hash is sha256: and 16 to 64 hexadecimal digits")
    for key in _WORDS:
        if not isinstance(row[key], str) or not row[key].strip():
            raise SuppressionError(f"{where}: {key}: it must be a text that says something")
    expires = row["expires"]
    if type(expires) is not date:
        raise SuppressionError(f"{where}: expires: it must be a date without quotes, such as 2027-03-31")
    edits = tuple(_code(where, word) for word in _texts(where, "edit", row["edit"]))
    return Entry(number, edits, selectors, row["reason"].strip(), row["owner"].strip(), expires)


def _texts(where: str, key: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) and one.strip() for one in values):
        raise SuppressionError(f"{where}: {key}: it must be a text or a list of texts")
    return tuple(str(one).strip() for one in values)


def _code(where: str, word: str) -> str:
    known = catalogue.by_code(word)
    if known is None:
        near = catalogue.nearest(word)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise SuppressionError(f"{where}: edit: no edit is called {word!r}{hint}")
    return str(known["code"])
