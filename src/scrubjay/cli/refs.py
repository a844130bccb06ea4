"""``scrubjay refs``: the reference tables in use, whether they are whole, and importing newer ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.progress import reporting
from scrubjay.errors import ReferenceDataError

app = typer.Typer(help="List, verify and import reference tables.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def refs(context: typer.Context) -> None:
    """List, verify and import reference tables; without a verb, list them."""
    if context.invoked_subcommand is None:
        list_editions()


@app.command("list")
def list_editions() -> None:
    """List the tables in use: name, edition, dates, rows, start of the SHA-256, source."""
    from scrubjay import refdata_manifest
    from scrubjay.cli.output import style_of

    style = style_of(sys.stdout)
    rows = [("table", "edition", "from", "to", "rows", "sha256", "origin", "source")]
    for edition in refdata_manifest.held():
        start, end = (day.isoformat() if day else "open" for day in (edition.valid_from, edition.valid_to))
        origin = "packaged" if edition.packaged else "imported"
        source = " ".join((edition.publisher or edition.source).split())
        rows.append(
            (edition.name, edition.edition, start, end, f"{edition.rows:,}", edition.sha256[:12], origin, source)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for index, row in enumerate(rows):
        cells = [c.rjust(w) if i == 4 else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=False))]
        line = "  ".join([*cells, row[-1]])
        if style.width is not None and len(line) > style.width:
            line = line[: style.width - 1] + "…"
        typer.echo(style.paint(line, "bold") if index == 0 else line)


@app.command("verify")
def verify() -> int:
    """Compare every table with the manifest: there, same hash, same rows. Exit code 2 when one is damaged."""
    from scrubjay import refdata

    verdicts = refdata.load().verify()
    faults = [verdict for verdict in verdicts if verdict.fault is not None]
    for verdict in faults:
        guard.error(f"{verdict.edition.path}: {verdict.fault}")
    typer.echo(f"{len(verdicts)} tables, {len(verdicts) - len(faults)} whole, {len(faults)} damaged")
    return guard.BROKE if faults else 0


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="The publishers' own files: text, xlsx, csv or zip.", show_default=False),
    ],
    edition: Annotated[
        str | None, typer.Option(metavar="NAME", help="The edition, such as 2026Q3, of files that do not say theirs.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Import an edition again that is already held.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress bar.")] = False,
) -> None:
    """Import newer tables into your own folder, where they win over the packaged ones; all of the files or none."""
    from scrubjay import refdata_manifest

    folder = refdata_manifest.user_folder()
    if folder is None:
        raise ReferenceDataError(
            f"{refdata_manifest.VARIABLE} is set to nothing; set it to a folder for imported tables"
        )
    from scrubjay import refimport

    with reporting(not no_progress) as bar:
        progress = None if bar is None else lambda done, total: bar(done, total, 0)
        written = refimport.import_files(files, folder, progress, edition=edition, replace=replace)
    for one in written:
        typer.echo(f"{one.name} {one.edition} ({refdata_manifest.span(one)}): {one.rows:,} rows into {folder}")
