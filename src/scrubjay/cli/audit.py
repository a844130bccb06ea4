"""``scrubjay audit``: the documentation of an injection, item by item."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import destination, refuse, style_of
from scrubjay.cli.values import STDIN, once

if TYPE_CHECKING:
    from scrubjay.chart.audit import Audit

CLEAN, INCOMPLETE, UNJUDGED = 0, 1, 3


class Format(StrEnum):
    """How an audit is written."""

    text = "text"
    json = "json"
    html = "html"


def audit(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Notes (text), FHIR R4 charts (JSON), encounter documents (JSON), folders of them, or - for standard input.",
            show_default=False,
        ),
    ],
    form: Annotated[Format, typer.Option("--format", help="How the audit is written.")] = Format.text,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUT", help="Write to this file instead of standard output.")
    ] = None,
    phi: Annotated[bool, typer.Option("--phi", help="Show sentences and names of the chart in JSON, too.")] = False,
) -> int:
    """Audit the documentation of injections: what a payer's reviewer looks for, item by item.

    Exit code 0: complete; 1: something is missing or contradicts itself; 2: a file could not be read; 3: no
    administration of the visit was found, so nothing could be judged.
    """
    names = list(_files(once(files)))
    refuse(output, names)
    audits, broke = _read(names)
    if audits:
        _write(audits, form, output, phi=phi)
    if broke:
        return guard.BROKE
    if any(one.judged and not one.complete for one in audits):
        return INCOMPLETE
    return CLEAN if all(one.judged for one in audits) else UNJUDGED


def _files(names: list[str]) -> list[str]:
    """Return the files of the inputs; a folder stands for its files, in the order of their names."""
    found = []
    for name in names:
        if name != STDIN and Path(name).is_dir():
            inside = sorted(
                str(path) for path in Path(name).iterdir() if path.is_file() and not path.name.startswith(".")
            )
            if not inside:
                raise typer.BadParameter(f"{name} has no files", param_hint="FILE")
            found += inside
        else:
            found.append(name)
    return found


def _read(names: list[str]) -> tuple[list[Audit], bool]:
    """Return the audits of what can be read, and whether something could not; each failure is one line."""
    from scrubjay.chart.audit import judge
    from scrubjay.chart.source import read_chart
    from scrubjay.errors import InputError

    audits = []
    broke = False
    for name in names:
        try:
            if name == STDIN:
                data, shown = sys.stdin.buffer.read(), "<stdin>"
            else:
                data, shown = Path(name).read_bytes(), name
            audits.append(judge(read_chart(data, shown), shown))
        except InputError as failure:
            guard.error(str(failure))
            broke = True
        except OSError as failure:
            guard.error(f"{name}: {failure.strerror or type(failure).__name__}")
            broke = True
    return audits, broke


def _write(audits: list[Audit], form: Format, output: str | None, *, phi: bool) -> None:
    if form is Format.json:
        from scrubjay.chart.audit.document import written

        text = written(audits, phi=phi)
    elif form is Format.html:
        from scrubjay.chart.audit.html import page

        text = page(audits)
    else:
        from scrubjay.chart.audit.text import lines

        style = style_of(sys.stdout, to_file=output not in (None, STDIN))
        text = "\n\n".join("\n".join(lines(one, style)) for one in audits) + "\n"
    with destination(output) as stream:
        stream.write(text.encode("utf-8", errors="replace"))
