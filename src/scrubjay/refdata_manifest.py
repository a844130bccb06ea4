"""The manifest of a folder of reference tables: which editions it holds, from whom, for which dates.

Standard library only, so that ``--version`` and ``refs list`` need no data frames.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrubjay.errors import ReferenceDataError

PACKAGED = Path(__file__).parent / "refs"
MANIFEST = "manifest.toml"
VARIABLE = "SCRUBJAY_REFS"

KINDS = ("history", "period", "excerpt")
"""How the editions of a table stand to each other.

``history``: every edition tells the whole history, the newest alone is read. ``period``: an edition speaks for its own
dates, several stand side by side and may not overlap. ``excerpt``: a few rows of a period, read only for dates that no
period edition covers.
"""

NOTICE = """\
CPT codes, descriptions and other data only are copyright American Medical Association. All rights reserved.
Applicable FARS/DFARS restrictions apply. Fee schedules, relative value units, conversion factors and related
components are not assigned by the AMA, are not part of CPT, and the AMA is not recommending their use.
These tables hold CPT codes only as keys; no CPT descriptor is included. X12 owns the claim adjustment reason and remark
code lists; only codes and dates are included, with the project's own wording."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of one table, as its manifest states it; dates are inclusive, None is open."""

    name: str
    edition: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    source: str
    licence: str
    sha256: str
    rows: int
    file: str
    kind: str = "period"
    publisher: str = ""
    note: str = ""
    columns: tuple[str, ...] = ()
    folder: Path = field(default=PACKAGED, compare=False)

    @property
    def path(self) -> Path:
        """Where the Parquet file lies."""
        return self.folder / self.file

    @property
    def packaged(self) -> bool:
        """Whether the edition came with the program."""
        return self.folder == PACKAGED

    def overlaps(self, other: Edition) -> bool:
        """Whether some day belongs to both editions."""
        low = max(self.valid_from or dt.date.min, other.valid_from or dt.date.min)
        return low <= min(self.valid_to or dt.date.max, other.valid_to or dt.date.max)


def user_folder() -> Path | None:
    """Return the folder for imported editions; None when ``SCRUBJAY_REFS`` is set to nothing."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).expanduser() if named.strip() else None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "scrubjay" / "refs"


def read(folder: Path) -> list[Edition]:
    """Read the manifest of a folder; a folder without one holds nothing.

    Raises ReferenceDataError when the manifest cannot be read or lacks a field.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ReferenceDataError(f"{path}: cannot be read: {error}") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ReferenceDataError(f"{path}: not valid TOML: {error}; import the tables again") from None
    return [_edition(entry, folder, path) for entry in raw.get("table", [])]


def _edition(entry: dict[str, Any], folder: Path, path: Path) -> Edition:
    try:
        edition = Edition(
            name=entry["name"],
            edition=entry["edition"],
            valid_from=entry.get("valid_from"),
            valid_to=entry.get("valid_to"),
            source=entry["source"],
            licence=entry["licence"],
            sha256=entry["sha256"],
            rows=entry["rows"],
            file=entry["file"],
            kind=entry["kind"],
            publisher=entry.get("publisher", ""),
            note=entry.get("note", ""),
            columns=tuple(entry.get("columns", ())),
            folder=folder,
        )
    except KeyError as error:
        raise ReferenceDataError(f"{path}: a [[table]] lacks {error}; import the tables again") from None
    if edition.kind not in KINDS or Path(edition.file).name != edition.file:
        raise ReferenceDataError(f"{path}: table {edition.name} {edition.edition}: bad kind or file name")
    return edition


def overlay(packaged: Iterable[Edition], user: Iterable[Edition]) -> list[Edition]:
    """Lay a user's editions over the packaged ones: same name and edition replaces, the rest is added.

    Raises ReferenceDataError when two period editions of one table share a day.
    """
    merged = {(edition.name, edition.edition): edition for edition in packaged}
    merged |= {(edition.name, edition.edition): edition for edition in user}
    editions = sorted(merged.values(), key=order)
    refuse_overlaps(editions)
    return editions


def order(edition: Edition) -> tuple[str, dt.date, dt.date, str]:
    """Sort key: table, then dates, then edition."""
    return edition.name, edition.valid_from or dt.date.min, edition.valid_to or dt.date.max, edition.edition


def refuse_overlaps(editions: Sequence[Edition]) -> None:
    """Raise ReferenceDataError when two period editions of one table share a day."""
    last: dict[str, Edition] = {}
    for edition in sorted((e for e in editions if e.kind == "period"), key=order):
        earlier = last.get(edition.name)
        if earlier is not None and earlier.overlaps(edition):
            raise ReferenceDataError(
                f"{edition.name}: editions {earlier.edition} ({span(earlier)}) and {edition.edition} ({span(edition)}) "
                f"overlap; remove one of them from {edition.folder}"
            )
        last[edition.name] = edition


def in_use(editions: Iterable[Edition]) -> list[Edition]:
    """Return the editions that are read: of a history table only the newest, of the others all."""
    newest: dict[str, Edition] = {}
    kept: list[Edition] = []
    for edition in editions:
        if edition.kind != "history":
            kept.append(edition)
        elif edition.name not in newest or _age(newest[edition.name]) <= _age(edition):
            newest[edition.name] = edition
    return sorted([*kept, *newest.values()], key=order)


def _age(edition: Edition) -> tuple[dt.date, bool, str]:
    return edition.valid_to or dt.date.max, not edition.packaged, edition.edition


def span(edition: Edition) -> str:
    """Say the dates of an edition: ``2026-04-01 to 2026-06-30``."""
    return f"{edition.valid_from or 'the beginning'} to {edition.valid_to or 'open'}"


def held(folder: Path | None = None) -> list[Edition]:
    """Return every edition in use, packaged and of the user's folder (default: ``user_folder()``)."""
    folder = user_folder() if folder is None else folder
    return in_use(overlay(read(PACKAGED), read(folder) if folder else []))


def digest(editions: Iterable[Edition]) -> str:
    """Name a set of editions by the SHA-256 of their names, editions and file digests."""
    lines = sorted(f"{e.name} {e.edition} {e.sha256}\n" for e in editions)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write(folder: Path, editions: Iterable[Edition]) -> None:
    """Write the manifest of a folder in one step: a reader sees the old one or the new one, never a part."""
    head = "".join(f"# {line}\n" for line in NOTICE.splitlines())
    body = "".join(_entry(edition) for edition in sorted(editions, key=order))
    beside = folder / f".{MANIFEST}.{os.getpid()}"
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(f"{head}\n{body}")
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(folder / MANIFEST)
    finally:
        beside.unlink(missing_ok=True)


def _entry(edition: Edition) -> str:
    lines = ["[[table]]"]
    for key in ("name", "edition", "kind", "file", "valid_from", "valid_to", "rows", "sha256"):
        value = getattr(edition, key)
        if value is not None:
            lines.append(f"{key} = {_quote(value) if isinstance(value, str) else value}")
    words = {key: getattr(edition, key) for key in ("publisher", "source", "licence", "note")}
    lines += [f"{key} = {_quote(text)}" for key, text in words.items() if text]
    lines.append(f"columns = [{', '.join(_quote(column) for column in edition.columns)}]")
    return "\n".join(lines) + "\n\n"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
