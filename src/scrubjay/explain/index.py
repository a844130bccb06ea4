"""The packaged facts behind the explain pages, read with the standard library alone.

``pages.zip`` is written by ``tools/build_explain.py`` from the reference tables: one JSON member for every two first characters
of a code (``codes/96.json``), one for each list of reason codes, one for the notes, one for the list of codes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from functools import cached_property
from importlib import resources
from typing import IO, Any

from scrubjay import refdata_manifest
from scrubjay.refdata_manifest import Edition

NAME = "pages.zip"
#: The reference tables the facts come from; importing any other leaves the index as good as it was.
TABLES = frozenset(
    "aoc asp carc conversion cpt crosswalks drugs groups hcpcs labels look_alikes mue mue_medicaid ndc_hcpcs noc pfs ptp rarc "
    "two_syringe vaccines".split()
)
#: The moment every member is stamped with, so that equal facts give an equal archive.
_STAMP = (2000, 1, 1, 0, 0, 0)


def digest(editions: Iterable[Edition]) -> str:
    """Name the editions that the facts come from, whatever others are held."""
    return refdata_manifest.digest(edition for edition in editions if edition.name in TABLES)


class Index:
    """Facts by code; members are read when they are asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @classmethod
    def packaged(cls) -> Index:
        """Open the index that ships with the program."""
        data = resources.files("scrubjay.explain").joinpath(NAME).read_bytes()
        return cls(zipfile.ZipFile(io.BytesIO(data)))

    def _member(self, name: str) -> Any:
        return json.loads(self._archive.read(name))

    @cached_property
    def meta(self) -> dict[str, Any]:
        """``{"digest": of the editions it was built from}``."""
        found: dict[str, Any] = self._member("meta.json")
        return found

    @cached_property
    def codes(self) -> list[str]:
        """Every procedure and drug code known, sorted."""
        return str(self._member("codes.json")).split()

    @cached_property
    def labels(self) -> dict[str, str]:
        """Our few words for a code, where there are any."""
        found: dict[str, str] = self._member("labels.json")
        return found

    @cached_property
    def notes(self) -> dict[str, Any]:
        """The hand-written part: ``code``, ``drug``, ``mai``, ``class``, ``carc``, ``rarc``."""
        found: dict[str, Any] = self._member("notes.json")
        return found

    def facts(self, code: str) -> dict[str, Any] | None:
        """Return what the reference tables say of a code, or None for a code they do not know."""
        try:
            group: dict[str, dict[str, Any]] = self._member(f"codes/{code[:2]}.json")
        except KeyError:
            return None
        return group.get(code)

    def reasons(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the reason codes of a kind (``carc``, ``rarc``) with their dates and wording."""
        found: dict[str, dict[str, Any]] = self._member(f"{kind}.json")
        return found


def write(
    out: IO[bytes],
    meta: dict[str, Any],
    notes: dict[str, Any],
    facts: Iterable[tuple[str, dict[str, Any]]],
    reasons: dict[str, dict[str, dict[str, Any]]],
) -> None:
    """Write an index; ``facts`` are pairs of code and facts in any order."""
    groups: dict[str, dict[str, Any]] = {}
    for code, known in sorted(facts):
        groups.setdefault(code[:2], {})[code] = known
    labels = {code: known["label"] for group in groups.values() for code, known in group.items() if known.get("label")}
    members: dict[str, Any] = {"meta": meta, "notes": notes, "labels": labels, **reasons}
    members["codes"] = " ".join(code for group in groups.values() for code in group)
    members |= {f"codes/{prefix}": group for prefix, group in groups.items()}
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(f"{name}.json", _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            content = json.dumps(members[name], ensure_ascii=False, separators=(",", ":"))
            archive.writestr(entry, content, compresslevel=9)
