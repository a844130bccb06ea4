"""Compile the packaged reference tables: ``python tools/build_refs.py --data ../shared/data --domain ../shared/domain``.

Reads the publishers' files and ``tools/tables``, writes ``src/scrubjay/refs``. The same inputs give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from refs_build import codes, cpt, drugs, ncci, own, pfs
from refs_build.common import Sources
from scrubjay import refdata_manifest as manifest
from scrubjay.refimport.store import Table, write_tables

ROOT = Path(__file__).resolve().parent.parent
PARTS: tuple[Callable[[Sources], list[Table]], ...] = (
    ncci.ptp,
    ncci.mue,
    ncci.aoc,
    codes.hcpcs,
    cpt.cpt,
    codes.modifiers,
    codes.places,
    codes.reasons,
    codes.taxonomy,
    codes.icd10,
    pfs.pfs,
    pfs.conversion,
    pfs.gpci,
    pfs.zips,
    drugs.asp,
    drugs.ndc_hcpcs,
    drugs.vaccines,
    drugs.containers,
    drugs.products,
    drugs.drugs,
    own.own,
)


def main() -> None:
    """Build every table and print what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--domain", type=Path, default=ROOT.parent / "shared/domain")
    parser.add_argument("--tables", type=Path, default=ROOT / "tools/tables")
    parser.add_argument("--out", type=Path, default=manifest.PACKAGED)
    options = parser.parse_args()
    sources = Sources(options.data, options.domain, options.tables)
    tables = [table for part in PARTS for table in part(sources)]
    written = write_tables(options.out, tables, plain_names=True)
    manifest.refuse_overlaps(written)
    for edition in written:
        print(f"{edition.name:14} {edition.edition:18} {edition.rows:>9,} {edition.path.stat().st_size:>9,}")
    print(f"{'total':33} {sum(e.path.stat().st_size for e in written):>19,}")


if __name__ == "__main__":
    main()
