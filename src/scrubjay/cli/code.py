"""``scrubjay code``: a chart in, proposed claim lines out, with reasons."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import destination, refuse, style_of
from scrubjay.cli.values import comma_list, day

if TYPE_CHECKING:
    from scrubjay.chart.coding.engine import Coding


class Format(StrEnum):
    """How the coding is shown."""

    text = "text"
    json = "json"


class Claims(StrEnum):
    """The format of the claim that is written."""

    x837 = "837p"
    fhir = "fhir"
    cms1500 = "cms1500"


def code(
    encounter: Annotated[
        str,
        typer.Argument(
            metavar="ENCOUNTER", help="An encounter document, a FHIR bundle or a note; - for standard input."
        ),
    ],
    format: Annotated[Format, typer.Option("--format", help="How the coding is shown.")] = Format.text,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="OUT", help="Write to this file: the coding, or with --to the claim."),
    ] = None,
    to: Annotated[Claims | None, typer.Option("--to", help="Write the proposed claim in this format to -o.")] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="FILE",
            help="An encounter document with patient, coverage, providers, diagnoses and charges beside a note.",
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="MOD@LINE", help="Confirm a proposed modifier, such as 25@1; commas allowed."),
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Payer policy to code for; auto picks the one of the first coverage.")
    ] = "auto",
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which we judge, YYYY-MM-DD (default: today).")
    ] = None,
    phi: Annotated[bool, typer.Option("--phi", help="Show sentences and names of the chart in JSON, too.")] = False,
) -> int:
    """Propose claim lines for what a chart says was given.

    Nothing the chart does not say is filled in: it is listed as missing.  Modifiers that need a person (25, 59 ...) are
    proposed and never put on a line unless --accept names them.  Exit codes: 0 lines were proposed and nothing is
    missing; 1 an edit would deny the claim; 2 the input or the tool broke; 3 something is missing.
    """
    judged = day(as_of, "--as-of") or dt.date.today()  # noqa: DTZ011
    refuse(output, [encounter])
    if to is not None and output is None:
        raise typer.BadParameter("the claim names a patient; name the file to write it to with -o", param_hint="--to")
    confirmed = [_confirmation(word) for word in comma_list(accept) or ()]

    from scrubjay.chart.coding.document import document, lines
    from scrubjay.chart.coding.engine import code_encounter
    from scrubjay.cli.encounters import read_encounter
    from scrubjay.cli.practice import policies_for

    coding = code_encounter(
        read_encounter(encounter, beside),
        policy=policy,
        policy_set=policies_for([encounter]),
        as_of=judged,
        accept=confirmed,
    )
    with destination(None if to is not None else output) as out:
        if format is Format.json:
            out.write(json.dumps(document(coding, phi=phi), ensure_ascii=False, indent=1).encode() + b"\n")
        else:
            style = style_of(sys.stdout, to_file=output is not None and to is None)
            for line in lines(coding, style):
                out.write(f"{line}\n".encode())
    if to is not None and output is not None:
        _write_claim(coding, to, output, judged)
    denied = coding.report is not None and coding.report.exit_code("deny", allow_incomplete=True) == 1
    return 1 if denied else 3 if coding.missing or not coding.drafts else 0


def _confirmation(word: str) -> tuple[int, str]:
    modifier, at, line = word.partition("@")
    if not at or not line.isdigit():
        raise typer.BadParameter(
            f"{word!r} is no confirmation; write the modifier, @ and the line: 25@1", param_hint="--accept"
        )
    return int(line), modifier.upper()


def _write_claim(coding: Coding, to: Claims, output: str, created: dt.date) -> None:
    from scrubjay.io import export

    if coding.claim is None or not coding.claim.lines:
        guard.words(f"{output}: not written, no line could be proposed")
        return
    moment = dt.datetime.combine(created, dt.time(8))
    buffer = io.BytesIO()
    if to is Claims.x837:
        faults = export.write_837([coding.claim], buffer, moment)
    elif to is Claims.fhir:
        faults = export.write_fhir([coding.claim], buffer, moment)
    else:
        faults = export.write_rows([coding.claim], buffer, as_json=output.endswith(".json"))
    for fault in faults:
        guard.words(f"scrubjay: {fault}")
    if buffer.tell():
        with destination(output) as out:
            out.write(buffer.getvalue())
