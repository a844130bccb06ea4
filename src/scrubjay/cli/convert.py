"""``scrubjay convert``: claims in one format, the same claims in another."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from scrubjay.cli import guard
from scrubjay.cli.claims import opened, shown
from scrubjay.cli.output import destination, refuse
from scrubjay.cli.values import day

if TYPE_CHECKING:
    from scrubjay.errors import InputError
    from scrubjay.io.pieces import Piece


class To(StrEnum):
    """The format to write."""

    json = "json"
    parquet = "parquet"
    fhir = "fhir"
    x837 = "837p"
    cms1500 = "cms1500"


def convert(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="An 837P, FHIR Claims, CMS-1500 rows, or - for standard input."),
    ],
    to: Annotated[To, typer.Option("--to", help="The format to write.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="OUT", help="The file to write, or the folder of --to parquet (default: output)."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day the new file is dated, YYYY-MM-DD (default: today).")
    ] = None,
    sender: Annotated[str, typer.Option(metavar="ID", help="Sender of the interchange of --to 837p.")] = "SUBMITTER01",
    receiver: Annotated[
        str, typer.Option(metavar="ID", help="Receiver of the interchange of --to 837p.")
    ] = "RECEIVER01",
) -> int:
    """Write claims in another format.

    What the other format has no place for is named on standard error.  Exit codes: 0 everything was carried; 2 a part of
    the input could not be read or written; the rest is in the output.
    """
    created = dt.datetime.combine(day(as_of, "--as-of") or dt.date.today(), dt.time(8))  # noqa: DTZ011
    if to is To.parquet:
        return _parquet(file, output)
    refuse(output, [file])
    from scrubjay.errors import InputError as Failure
    from scrubjay.io import export, pieces
    from scrubjay.io.read837 import Left

    errors: list[InputError] = []
    left = Left()
    faults: list[str] = []
    with opened(file) as stream, destination(output) as out:
        kind = pieces.sniff(stream)
        try:
            if to is To.json:
                export.write_json(_pieces(stream, file, errors), out, shown(file), kind)
            else:
                claims = pieces.claims(stream, shown(file), errors, left)
                if to is To.fhir:
                    faults = export.write_fhir(claims, out, created)
                elif to is To.x837:
                    faults = export.write_837(claims, out, created, sender, receiver)
                else:
                    faults = export.write_rows(claims, out, as_json=bool(output and output.endswith(".json")))
        except Failure as failure:
            if output not in (None, "-"):
                # Nothing whole can be written: the file that was there before stays.
                raise
            errors.append(failure)
    for error in errors:
        guard.error(str(error))
    for fault in faults:
        guard.words(f"scrubjay: {fault}")
    if left.counts:
        guard.words(f"scrubjay: read and not carried over: {left.words()}")
    broken = errors or any("not written" in fault for fault in faults)
    return guard.BROKE if broken else 0


def _pieces(stream: BinaryIO, file: str, errors: list[InputError]) -> Iterator[Piece]:
    from scrubjay.io.pieces import pieces

    for piece in pieces(stream, shown(file)):
        errors += piece.errors
        yield piece


def _parquet(file: str, output: str | None) -> int:
    """Write the folder of tables beside its name, then rename it."""
    if output is None or output == "-":
        raise typer.BadParameter("parquet is a folder of tables; add -o FOLDER", param_hint="-o")
    target = Path(output)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise typer.BadParameter(f"{output} exists; name a new folder", param_hint="-o")
    if not target.parent.is_dir():
        raise typer.BadParameter(f"the folder {target.parent} does not exist", param_hint="-o")
    from scrubjay.io import export

    errors: list[InputError] = []
    with opened(file) as stream, tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as beside:
        export.write_parquet(_pieces(stream, file, errors), Path(beside))
        if target.exists():
            target.rmdir()
        os.chmod(beside, 0o777 & ~_umask())
        os.replace(beside, target)
        Path(beside).mkdir()
    for error in errors:
        guard.error(str(error))
    return guard.BROKE if errors else 0


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
