"""Claims of any input to another format: 837P, FHIR, CMS-1500 rows, JSON, Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from scrubjay.io import cms1500_write, fhir, fhir_write
from scrubjay.io.json_text import dumps
from scrubjay.io.pieces import Piece
from scrubjay.io.records import Claim, Line, Transaction
from scrubjay.io.write837 import Interchange, to_bytes
from scrubjay.model import SHAPES

TABLES = tuple(SHAPES)

_CLAIMS_PER_TRANSACTION = 5000
_INDENT = 2


def write_fhir(claims: Iterable[Claim], out: IO[bytes], created: datetime) -> list[str]:
    """Write a FHIR R4 Bundle, a claim at a time; returns one line for each claim that would not be valid FHIR."""
    faults = []
    out.write(b'{\n  "resourceType": "Bundle",\n  "type": "collection"')
    first = True
    for at, claim in enumerate(claims, start=1):
        resource = fhir_write.resource(claim, created.date())
        fault = fhir.invalid(resource)
        if fault is not None:
            faults.append(f"claim {claim.id or at}: not written, FHIR has no room for it: {fault}")
            continue
        entry = dumps({"fullUrl": f"urn:scrubjay:claim:{at}", "resource": resource}, _INDENT)
        out.write(b',\n  "entry": [\n' if first else b",\n")
        out.write(entry.encode())
        first = False
    out.write(b"\n}\n" if first else b"\n  ]\n}\n")
    return faults


def write_rows(claims: Iterable[Claim], out: IO[bytes], *, as_json: bool = False) -> list[str]:
    """Write CMS-1500 rows as CSV, or as a JSON list."""
    if as_json:
        mark = b"[\n "
        for row in cms1500_write.rows(claims):
            out.write(mark + json.dumps(row, ensure_ascii=False).encode())
            mark = b",\n "
        out.write(b"[]\n" if mark == b"[\n " else b"\n]\n")
        return []
    for text in cms1500_write.write_csv(claims):
        out.write(text.encode())
    return []


def write_837(
    claims: Iterable[Claim],
    out: IO[bytes],
    created: datetime,
    sender: str = "SUBMITTER01",
    receiver: str = "RECEIVER01",
) -> list[str]:
    """Write an 837P; returns one line for each claim the format cannot hold and for what a written one lacks."""
    faults: list[str] = []
    kept: list[Claim] = []
    for claim in claims:
        try:
            to_bytes(Interchange([Transaction([claim])], created))
        except ValueError as error:
            faults.append(f"{error}; the claim was not written")
            continue
        lack = lacking(claim)
        if lack:
            faults.append(f"claim {claim.id or 'without a number'}: written without {', '.join(lack)}")
        kept.append(claim)
    groups: Sequence[Sequence[Claim]] = [
        kept[at : at + _CLAIMS_PER_TRANSACTION] for at in range(0, len(kept), _CLAIMS_PER_TRANSACTION)
    ]
    sets = [Transaction(group, control=f"{at:04d}") for at, group in enumerate(groups, start=1)]
    if sets:
        out.write(to_bytes(Interchange(sets, created, sender, receiver)))
    return faults


def lacking(claim: Claim) -> list[str]:
    """Name what an 837P must have and this claim has not."""
    billing, insured = claim.billing, claim.subscriber.person
    wanted: list[tuple[str, object]] = [
        ("an account number (CLM01)", claim.id),
        ("the billing provider's name", billing.name),
        ("the billing provider's NPI", billing.npi),
        ("the billing provider's address", billing.address and billing.address.street and billing.address.city),
        ("the billing provider's tax number", billing.tin),
        ("the insured's name", insured.last),
        ("the member number", claim.subscriber.member_id),
        ("the patient's birth date", claim.patient.dob),
        ("the payer's name", claim.payer.name),
        ("the payer's id", claim.payer.id),
        ("the claim filing code (SBR09)", claim.payer.filing_code),
        ("a place of service", claim.pos),
        ("lines", claim.lines),
    ]
    found = [name for name, value in wanted if not value]
    for at, line in enumerate(claim.lines, start=1):
        found += [f"{name} of line {at}" for name in _line_lacks(line)]
    return found


def _line_lacks(line: Line) -> Iterator[str]:
    yield from (name for name, value in (("the code", line.code), ("the date", line.service_date)) if not value)
    yield from (name for name, value in (("the charge", line.charge), ("the units", line.units)) if value is None)
    if not line.pointers:
        yield "a diagnosis pointer"


def write_json(pieces: Iterable[Piece], out: IO[bytes], file: str, kind: str) -> None:
    """Write the tables as nested JSON (``scrubjay.claims/1``), a piece at a time; money and quantities are decimal strings."""
    head = json.dumps({"file": file, "kind": kind}, ensure_ascii=False)
    out.write(f'{{"schema": "scrubjay.claims/1",\n"source": {head},\n"claims": ['.encode())
    first, defects = True, []
    for piece in pieces:
        t = piece.tables
        lines, diagnoses, notes = (_by_claim(frame) for frame in (t.lines, t.diagnoses, t.notes))
        for claim in t.claims.iter_rows(named=True):
            own = claim["claim_id"]
            document = {
                **_shown(claim),
                "diagnoses": [_shown(row) for row in diagnoses.get(own, [])],
                "notes": [_shown(row) for row in notes.get(own, []) if row["line_id"] is None],
                "lines": [
                    {**_shown(row), "notes": [_shown(n) for n in notes.get(own, []) if n["line_id"] == row["line_id"]]}
                    for row in lines.get(own, [])
                ],
            }
            out.write(("\n" if first else ",\n").encode() + json.dumps(document, ensure_ascii=False).encode())
            first = False
        defects += [_shown(row) for row in t.defects.iter_rows(named=True)]
    out.write(f'\n],\n"defects": {json.dumps(defects, ensure_ascii=False)}}}\n'.encode())


def _by_claim(frame: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row["claim_id"], []).append(row)
    return found


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for JSON: cents and thousandths as decimal strings under the name without their unit."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name in ("claim_id", "line_id", "file"):
            continue
        if name.endswith("_cents"):
            shown[name.removesuffix("_cents")] = None if value is None else f"{Decimal(value) / 100:.2f}"
        elif name.endswith("_milli"):
            shown[name.removesuffix("_milli")] = None if value is None else _plain(Decimal(value) / 1000)
        else:
            shown[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return shown


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_parquet(pieces: Iterable[Piece], folder: Path) -> None:
    """Write one Parquet file for each table of :mod:`scrubjay.model` into a folder that exists, a piece at a time."""
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for name in TABLES:
            schema = pl.DataFrame(schema={c.name: c.dtype for c in SHAPES[name]}).to_arrow().schema
            writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd")
        for piece in pieces:
            for name in TABLES:
                table: pa.Table = getattr(piece.tables, name).to_arrow()
                writers[name].write_table(table.cast(writers[name].schema))
    finally:
        for writer in writers.values():
            writer.close()
