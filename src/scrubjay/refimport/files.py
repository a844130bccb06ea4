"""Open what a publisher sends: text, xlsx, and zip archives of them, without writing anything to disk.

An archive is read member by member into memory under limits of number, size and compression; names inside it are only
labels. Nothing is unpickled, no formula is computed.
"""

from __future__ import annotations

import importlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from scrubjay.errors import ReferenceDataError

MEMBERS = 500
MEMBER_BYTES = 1 << 30
TOTAL_BYTES = 2 << 30
RATIO = 300
"""Bytes out for one byte in; tables of codes reach 30, a bomb thousands."""
SMALL = 1 << 20
"""Below this a high ratio is harmless."""

READABLE = (".csv", ".txt", ".xlsx")
HEAD_ROWS = 25
FIXED = "\x1f"
"""Separator that no file contains: the line stays one field."""


@dataclass(frozen=True)
class Sheet:
    """One table of text as the publisher wrote it: columns c0, c1 ... of strings, title and header rows included.

    ``label`` names it to a person, ``name`` is the file's own name in lower case, ``head`` its first rows as one line in
    lower case. ``open_ended`` says that the text ends without a line break, ``cut`` that its last line is also shorter than
    the one before.
    """

    label: str
    name: str
    grid: pl.DataFrame
    head: str
    open_ended: bool = False
    cut: bool = False


class OtherFile(ReferenceDataError):
    """A publisher's file of the same layout that is not the one needed: of hospitals, of Medicaid, of other fees."""


Loader = Callable[[], list[Sheet]]


def sheets(path: Path) -> Iterator[list[Loader]]:
    """Yield, for each table in a file, the ways to load it, best first: the same table is often sent as text and xlsx.

    Raises ReferenceDataError for a file that is missing, damaged, too large, or a web page saved in its place.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReferenceDataError(f"{path.name}: cannot be read: {error.strerror or error}") from None
    if not data:
        raise ReferenceDataError(f"{path.name}: the file is empty; download it again")
    if data.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise ReferenceDataError(
            f"{path.name}: a web page, not the file itself; accept the licence on the publisher's page and download again"
        )
    if not data.startswith(b"PK\x03\x04"):
        yield [lambda: [_text(path.name, path.name, data)]]
        return
    archive = _archive(path.name, data)
    if _is_workbook(archive):
        yield [lambda: _workbook(path.name, path.name, data)]
        return
    stems: dict[str, list[zipfile.ZipInfo]] = {}
    for info in _members(path.name, archive):
        stems.setdefault(str(PurePosixPath(info.filename).with_suffix("")).lower(), []).append(info)
    if not stems:
        raise ReferenceDataError(f"{path.name}: holds no text, CSV or xlsx file")
    for infos in stems.values():
        infos.sort(key=lambda info: READABLE.index(PurePosixPath(info.filename).suffix.lower()))
        yield [_member_loader(path.name, archive, info) for info in infos]


def _archive(label: str, data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise ReferenceDataError(f"{label}: the zip archive is damaged or cut off; download it again") from None


def _members(label: str, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MEMBERS or sum(info.file_size for info in infos) > TOTAL_BYTES:
        raise ReferenceDataError(f"{label}: more than a reference file can be ({len(infos)} members); not opened")
    for info in infos:
        parts = PurePosixPath(info.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in info.filename:
            raise ReferenceDataError(f"{label}: member {info.filename!r} points outside the archive; not opened")
        too_dense = info.file_size > SMALL and info.file_size > RATIO * max(info.compress_size, 1)
        if info.file_size > MEMBER_BYTES or too_dense:
            raise ReferenceDataError(f"{label}: member {info.filename} unpacks to {info.file_size:,} bytes; not opened")
        if info.flag_bits & 1:
            raise ReferenceDataError(f"{label}: member {info.filename} is encrypted")
    return [info for info in infos if PurePosixPath(info.filename).suffix.lower() in READABLE]


def _member_loader(label: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Loader:
    name = PurePosixPath(info.filename).name

    def load() -> list[Sheet]:
        try:
            with archive.open(info) as stream:
                # One byte more than stated shows a member that lies about its size.
                data = stream.read(info.file_size + 1)
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, zipfile.zlib.error):  # type: ignore[attr-defined]
            raise ReferenceDataError(f"{label}: member {name} is damaged or cut off; download it again") from None
        if len(data) != info.file_size:
            raise ReferenceDataError(f"{label}: member {name} is not as long as the archive says")
        inner = f"{label}: {name}"
        return _workbook(inner, name, data) if name.lower().endswith(".xlsx") else [_text(inner, name, data)]

    return load


def _is_workbook(archive: zipfile.ZipFile) -> bool:
    return "[Content_Types].xml" in archive.namelist()


def _workbook(label: str, name: str, data: bytes) -> list[Sheet]:
    archive = _archive(label, data)
    _members(label, archive)
    try:
        fastexcel = importlib.import_module("fastexcel")
    except ImportError:
        raise ReferenceDataError(f"{label}: reading xlsx needs the extra: pip install 'scrubjay[refs]'") from None
    found = []
    try:
        book = fastexcel.read_excel(data)
        for number in range(len(book.sheet_names)):
            grid = book.load_sheet(number, header_row=None, dtypes="string").to_polars()
            if grid.height:
                grid.columns = [f"c{column}" for column in range(grid.width)]
                found.append(Sheet(label, name.lower(), grid, _head(grid)))
    except fastexcel.FastExcelError:
        raise ReferenceDataError(f"{label}: the workbook is damaged; download it again") from None
    return found


def _text(label: str, name: str, data: bytes) -> Sheet:
    if b"\x00" in data[:4096]:
        raise ReferenceDataError(f"{label}: not a text file")
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip(b"\x1a\x00")
    first = data[: 1 << 16].decode("utf-8", "replace").splitlines()
    separator = _separator(first)
    width = max((line.count(separator) for line in first), default=0) + 1
    titles = separator.join(f"c{column}" for column in range(width)).encode()
    try:
        # The header is ours: the publishers' first lines are titles, narrower than the table.
        grid = pl.read_csv(
            io.BytesIO(titles + b"\n" + data),
            infer_schema=False,
            separator=separator,
            quote_char='"' if separator == "," else None,
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
        )
    except pl.exceptions.PolarsError:
        raise ReferenceDataError(f"{label}: cannot be read as a table; cut off or not what it seems") from None
    open_ended = not data.endswith((b"\n", b"\r"))
    return Sheet(label, name.lower(), grid, _head(grid), open_ended, open_ended and _is_cut(data, separator))


def _separator(lines: list[str]) -> str:
    if sum("\t" in line for line in lines) >= max(1, len(lines) // 3):
        return "\t"
    fixed = re.compile(r"^\d{5} [A-Z0-9]{3,7} +[01] |^.{5}\d{5}[3478]")
    return FIXED if lines and fixed.match(lines[0]) else ","


def _head(grid: pl.DataFrame) -> str:
    cells = (cell for row in grid.head(HEAD_ROWS).iter_rows() for cell in row if cell)
    return re.sub(r"\s+", " ", " ".join(cells)).lower()


def _is_cut(data: bytes, separator: str) -> bool:
    """Say whether the last line has fewer fields or characters than the line before."""
    lines = data[-(1 << 14) :].splitlines()
    if len(lines) < 2:
        return False
    last, before = lines[-1], lines[-2]
    if separator == FIXED:
        return len(last) < len(before)
    return last.count(separator.encode()) < before.count(separator.encode())
