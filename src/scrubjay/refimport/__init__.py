"""Import the publishers' own files into a user's folder of reference tables.

Layouts are recognised by content, names give only the edition. All files of one call are read and judged before anything
is written; then every table is written beside the old ones and the manifest is replaced last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import polars as pl

from scrubjay import refdata_manifest as manifest
from scrubjay.errors import ReferenceDataError
from scrubjay.refdata import References
from scrubjay.refdata_manifest import Edition
from scrubjay.refimport import codes, fees, ncci, ptp
from scrubjay.refimport.files import Loader, OtherFile, Sheet, sheets
from scrubjay.refimport.store import Table, write_tables

__all__ = ["import_files"]

Progress = Callable[[int, int], None]
Parser = Callable[[Sheet, str | None], list[Table]]

SHRUNK = 0.8
"""A new edition with fewer rows than this part of the one before is taken for cut off."""

LAYOUTS: tuple[tuple[Callable[[Sheet], bool], Parser], ...] = (
    (ncci.is_mue, ncci.mue),
    (ncci.is_aoc, ncci.aoc),
    (codes.is_noc, codes.noc),
    (codes.is_order, codes.order),
    (fees.is_pfs, fees.pfs),
    (fees.is_gpci, fees.gpci),
    (fees.is_asp, fees.asp),
    (fees.is_crosswalk, fees.crosswalk),
)
KNOWN = (
    "CMS PTP practitioner parts f1 to f4, MUE, add-on codes, HCPCS, PPRRVU, GPCI, ASP payment limits, ASP NDC-HCPCS crosswalk, "
    "ICD-10-CM order file"
)


def import_files(
    paths: Sequence[Path],
    dest: Path,
    progress: Progress | None = None,
    *,
    edition: str | None = None,
    replace: bool = False,
    packaged: Path = manifest.PACKAGED,
) -> list[Edition]:
    """Import files into ``dest`` and return the editions written.

    ``progress`` is called with bytes read and bytes in all. ``edition`` names the edition of files that do not say theirs.
    ``replace`` lets an edition held under the same name be written again. Raises ReferenceDataError, with nothing changed,
    for a layout that is not known, a file cut off or damaged, an edition that overlaps one held or is older, and missing parts.
    """
    mine = manifest.read(dest)
    held = manifest.overlay(manifest.read(packaged), mine)
    references = References(manifest.in_use(held))
    total = sum(path.stat().st_size for path in paths if path.is_file())
    done = 0
    tables: list[Table] = []
    pairs: list[ptp.Part] = []
    for path in paths:
        found, parts = _read(path, edition, references)
        tables += found
        pairs += parts
        done += path.stat().st_size
        if progress:
            progress(done, total)
    if pairs:
        tables += ptp.whole(pairs, edition)
    tables = _once(tables)
    for table in tables:
        _judge(table, held, replace=replace)
    try:
        return write_tables(dest, tables, mine)
    except OSError as error:
        raise ReferenceDataError(
            f"{dest}: cannot be written: {error.strerror or error}; nothing was imported"
        ) from None


def _read(path: Path, edition: str | None, references: References) -> tuple[list[Table], list[ptp.Part]]:
    """Return the tables of one file, and apart from them its parts of the PTP table."""
    tables: list[Table] = []
    pairs: list[ptp.Part] = []
    others: list[OtherFile] = []
    for loaders in sheets(path):
        try:
            found, parts = _first(loaders, edition, references)
        except OtherFile as error:
            others.append(error)
        else:
            tables += found
            pairs += parts
    # An archive may also hold a file for others, such as the fee schedule's QP version: no fault while ours is there.
    if others and not tables and not pairs:
        raise others[0]
    if not tables and not pairs:
        raise ReferenceDataError(f"{path.name}: not a layout this program knows ({KNOWN})")
    return tables, pairs


def _first(
    loaders: Sequence[Loader], edition: str | None, references: References
) -> tuple[list[Table], list[ptp.Part]]:
    """Return what the first usable form of a table gives: a publisher's text may be odd where its workbook is not."""
    fault: ReferenceDataError | None = None
    for load in loaders:
        tables: list[Table] = []
        pairs: list[ptp.Part] = []
        try:
            for sheet in load():
                if ptp.is_ptp(sheet):
                    pairs.append(ptp.part(sheet))
                elif _is_known(sheet):
                    tables += _parse(sheet, edition, references)
        except OtherFile:
            raise
        except ReferenceDataError as error:
            fault = fault or error
        else:
            if tables or pairs:
                return tables, pairs
    if fault is not None:
        raise fault
    return [], []


def _is_known(sheet: Sheet) -> bool:
    return codes.is_hcpcs(sheet) or any(fits(sheet) for fits, _ in LAYOUTS)


def _parse(sheet: Sheet, edition: str | None, references: References) -> list[Table]:
    if codes.is_hcpcs(sheet):
        return codes.hcpcs(sheet, edition, references)
    return next(parse for fits, parse in LAYOUTS if fits(sheet))(sheet, edition)


def _once(tables: Iterable[Table]) -> list[Table]:
    """Refuse one edition given twice with different content; the same content twice is one."""
    kept: dict[tuple[str, str], Table] = {}
    for table in tables:
        other = kept.setdefault((table.name, table.edition), table)
        if other is not table and not other.frame.equals(table.frame):
            raise ReferenceDataError(f"{table.name} {table.edition}: given twice with different content; give one")
    return list(kept.values())


def _judge(table: Table, held: Sequence[Edition], *, replace: bool) -> None:
    """Raise ReferenceDataError when a new edition does not fit beside those held."""
    new = table.described()
    same = [edition for edition in held if edition.name == new.name]
    others = [edition for edition in same if edition.edition != new.edition and edition.kind != "excerpt"]
    if len(others) < len([edition for edition in same if edition.kind != "excerpt"]) and not replace:
        raise ReferenceDataError(f"{new.name} {new.edition}: already held; say --replace to import it again")
    for other in others:
        if new.kind == "period" and other.overlaps(new):
            raise ReferenceDataError(
                f"{new.name} {new.edition} ({manifest.span(new)}): overlaps edition {other.edition} ({manifest.span(other)})"
            )
        if new.kind == "history" and (other.valid_to or new.valid_to) and _ends(other) > _ends(new):
            raise ReferenceDataError(f"{new.name} {new.edition}: older than edition {other.edition}, which is held")
    before = [edition for edition in same if edition.kind == new.kind]
    if before:
        latest = max(before, key=_ends)
        rows = _rows_at_end(latest)
        if new.rows < SHRUNK * rows:
            raise ReferenceDataError(
                f"{new.name} {new.edition}: {new.rows:,} rows, edition {latest.edition} has {rows:,}; "
                "cut off, or not the whole table"
            )


def _rows_at_end(edition: Edition) -> int:
    """Count the rows in force on an edition's last day: one that spans several quarters also holds ended ones."""
    if edition.kind != "period" or edition.valid_to is None:
        return edition.rows
    last = pl.col("valid_to").is_null() | (pl.col("valid_to") >= edition.valid_to)
    try:
        return int(pl.scan_parquet(edition.path).select(last.sum()).collect(engine="in-memory").item())
    except (OSError, pl.exceptions.PolarsError):
        raise ReferenceDataError(f"{edition.path}: cannot be read; run scrubjay refs verify") from None


def _ends(edition: Edition) -> str:
    return edition.valid_to.isoformat() if edition.valid_to else "9999"
