"""``scrubjay form``: one claim on paper."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.claims import read, shown
from scrubjay.cli.output import destination, refuse


class Look(StrEnum):
    """What is drawn."""

    data = "data"
    sheet = "sheet"


class Totals(StrEnum):
    """Where the total stands when a claim needs more than one form."""

    each = "each"
    last = "last"


def form(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An 837P, FHIR Claims, CMS-1500 rows, or - for standard input.")
    ],
    claim: Annotated[str, typer.Option("--claim", metavar="ID", help="The claim's account number (CLM01, box 26).")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PDF", help="The PDF to write; only its owner may read it.")
    ],
    style: Annotated[
        Look, typer.Option("--style", help="data for the pre-printed red form; sheet for a labelled page of our own.")
    ] = Look.data,
    totals: Annotated[
        Totals, typer.Option("--totals", help="With more than six lines: a total on each form, or on the last alone.")
    ] = Totals.each,
    shift: Annotated[
        str, typer.Option("--shift", metavar="X,Y", help="Move the data right and down by inches, to fit a printer.")
    ] = "0,0",
    nth: Annotated[
        int, typer.Option("--nth", metavar="N", min=1, help="Which of several claims with this number.")
    ] = 1,
) -> int:
    """Draw a claim as a CMS-1500 (02/12).

    Nothing is cut: what does not fit its box, or cannot be read from the form, is left blank and named on standard
    error.  Exit codes: 0 everything was printed; 1 something was left blank; 2 the input or the tool broke.
    """
    if output == "-":
        raise typer.BadParameter("the form names a patient; name the PDF to write", param_hint="-o")
    refuse(output, [file])
    move = _shift(shift)
    from scrubjay.errors import InputError
    from scrubjay.form import draw, fields

    errors: list[InputError] = []
    found = [item for item in read(file, errors) if item.id == claim]
    for error in errors:
        guard.error(str(error))
    if len(found) < nth:
        count = f"{len(found)} claims are" if found else "no claim is"
        raise InputError(shown(file), f"{count} numbered {claim!r}; the number is CLM01, box 26")
    if len(found) > 1:
        guard.words(f"scrubjay: {len(found)} claims are numbered {claim}; this is number {nth} (--nth)")
    pages = fields.pages(found[nth - 1], totals=totals.value)
    with destination(output, private=True) as out:
        if style is Look.data:
            draw.data_pdf(pages, out, move)
        else:
            draw.sheet_pdf(pages, out)
    faults = fields.faults(pages) if style is Look.data else []
    for fault in faults:
        guard.words(f"{output}: {fault}")
    return guard.BROKE if errors else 1 if faults else 0


def _shift(text: str) -> tuple[float, float]:
    try:
        right, down = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no shift; write inches right and down, such as 0.05,-0.02", param_hint="--shift"
        ) from None
    if abs(right) > 1 or abs(down) > 1:
        raise typer.BadParameter("a shift is at most one inch", param_hint="--shift")
    return right, down
