"""The record of every applied patch: one JSON line each, added and never changed, without patient names."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrubjay.fix.placing import Placed
from scrubjay.fix.repair import Repair

SCHEMA = "scrubjay.applied/1"
_HIDDEN = "(patient data)"


@dataclass(frozen=True)
class Versions:
    """What decided: the program, the catalogue of edits and the reference tables, the last two by their hash."""

    program: str
    catalogue: str
    references: str


def records(
    done: Repair, original: bytes, file: str, when: datetime, accepted_by: str | None, versions: Versions
) -> list[dict[str, Any]]:
    """Return a record for every applied patch, in the order in which they were applied."""
    about = {"schema": SCHEMA, "time": when.astimezone(UTC).isoformat(timespec="seconds"), "file": file}
    hashes = {"sha256_before": _sha256(original), "sha256_after": _sha256(done.data)}
    held = {"program": versions.program, "catalogue": versions.catalogue, "references": versions.references}
    return [{**about, **_record(one, accepted_by), **hashes, **held} for one in done.applied]


def _record(one: Placed, accepted_by: str | None) -> dict[str, Any]:
    cause, patch = one.cause, one.patch
    safe = cause.safety == "safe"
    return {
        "who": "safe" if safe else accepted_by,
        "safety": "follows" if one.follows else cause.safety,
        "edit": cause.edit,
        "claim": cause.claim,
        "line": cause.line,
        "segment": patch.segment,
        "element": patch.element,
        "old": _HIDDEN if one.personal else one.written,
        "new": _HIDDEN if one.personal else patch.new,
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_log(path: Path) -> bool:
    """Say whether records may be added to a path: nothing stands there yet, or records do."""
    if not path.exists():
        return True
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        first = stream.readline(1 << 16)
    return not first or f'"{SCHEMA}"'.encode() in first


def append(path: Path, lines: list[dict[str, Any]]) -> None:
    """Add records to the file and see them on the disk; what stands there is not touched."""
    if not lines:
        return
    data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
