"""Whole inputs of remittances and acknowledgements to tables: files, folders, streams, each counted once."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from scrubjay.errors import InputError
from scrubjay.io.remit835 import First
from scrubjay.io.remittance import read_remittances
from scrubjay.io.source import ByteSource
from scrubjay.model835 import ACKNOWLEDGEMENTS, Remits, concat_remits, frame_of

Source = str | os.PathLike[str] | bytes | BinaryIO
Progress = Callable[[int, int, int], None]


@dataclass
class Read:
    """What was read of the inputs: ``files`` are the names, by the file numbers in the tables."""

    remits: Remits
    acknowledgements: pl.DataFrame
    files: list[dict[str, Any]] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


def read_all(sources: Iterable[Source], progress: Progress | None = None) -> Read:
    """Read remittances and acknowledgements; a folder means its files."""
    parts: list[Remits] = []
    acks = [frame_of(ACKNOWLEDGEMENTS)]
    read = Read(Remits.empty(), acks[0])
    first = First()
    inputs = [item for source in sources for item in expanded(source, read.errors)]
    total = sum(size for _, _, size in inputs)
    before = 0
    seen: dict[int, list[tuple[str, str]]] = {}
    for number, (name, opened, size) in enumerate(inputs):
        copy = _copy_of(name, opened, size, seen)
        if copy is not None:
            read.files.append({"file": name, "bytes": size, "copy_of": copy})
            continue
        counts = {"payments": 0, "claims": 0, "lines": 0, "acknowledgements": 0}
        told = len(read.errors)
        try:
            with opened() as stream:
                for piece in read_remittances(ByteSource(stream), name, number, first):
                    parts.append(piece.remits)
                    acks.append(piece.acknowledgements)
                    read.errors.extend(piece.errors)
                    first = first.after(piece.remits)
                    counts["payments"] += len(piece.remits.payments)
                    counts["claims"] += len(piece.remits.claims)
                    counts["lines"] += len(piece.remits.lines)
                    counts["acknowledgements"] += len(piece.acknowledgements)
                    if progress is not None:
                        progress(before + piece.consumed, total, first.claim)
        except InputError as error:
            read.errors.append(error)
        except OSError as error:
            read.errors.append(InputError(name, f"cannot be read ({error.strerror}); check who may read it"))
        if not any(counts.values()) and len(read.errors) == told:
            read.errors.append(
                InputError(name, "no remittance or acknowledgement in it; name an 835, 999, TA1 or 277CA")
            )
        before += size
        read.files.append({"file": name, "bytes": size, **counts})
    read.remits = concat_remits(parts)
    read.acknowledgements = pl.concat(acks)
    return read


def _copy_of(
    name: str, opened: Callable[[], BinaryIO], size: int, seen: dict[int, list[tuple[str, str]]]
) -> str | None:
    """Return the earlier input with the same bytes: counting it again would pay and deny everything twice."""
    if not size:
        return None
    try:
        with opened() as stream:
            digest = digest_of(stream)
    except OSError:
        return None
    for other, held in seen.setdefault(size, []):
        if held == digest:
            return other
    seen[size].append((name, digest))
    return None


def digest_of(stream: BinaryIO) -> str:
    """Return the SHA-256 of what is left of a stream, read in pieces."""
    found = hashlib.sha256()
    while piece := stream.read(1 << 20):
        found.update(piece)
    return found.hexdigest()


def expanded(source: Source, errors: list[InputError]) -> list[tuple[str, Callable[[], BinaryIO], int]]:
    """Return name, opener and size of each file behind a source."""
    if isinstance(source, bytes):
        return [("<bytes>", lambda: io.BytesIO(source), len(source))]
    if not isinstance(source, (str, os.PathLike)):
        stream = source
        return [(str(getattr(source, "name", "<stdin>")), lambda: stream, 0)]
    path = Path(source)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        if not files:
            errors.append(InputError(str(source), "the folder holds no files; name a file or another folder"))
        return [_file(p) for p in files]
    if not path.exists():
        errors.append(InputError(str(source), "no such file; check the name"))
        return []
    return [_file(path)]


def _file(path: Path) -> tuple[str, Callable[[], BinaryIO], int]:
    return str(path), lambda: path.open("rb"), path.stat().st_size
