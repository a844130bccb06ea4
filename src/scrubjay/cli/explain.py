"""``scrubjay explain``: the page of an edit, a procedure or drug code, or a reason code."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from scrubjay.cli import guard


class Form(StrEnum):
    """How a page is written."""

    text = "text"
    md = "md"
    json = "json"


def _completions(incomplete: str) -> list[str]:
    """Return the edit codes and names that begin as typed, for the shell."""
    from scrubjay import catalogue

    words = [word for edit in catalogue.edits() for word in (edit["code"], edit["name"])]
    return [word for word in words if word.lower().startswith(incomplete.lower())]


def explain(
    word: Annotated[
        str,
        typer.Argument(
            metavar="EDIT|CODE|CARC-n|RARC-x",
            help="An edit (EM01 or its name), a CPT or HCPCS code, a CARC (CO-97, 97) or a RARC (M15).",
            autocompletion=_completions,
            show_default=False,
        ),
    ],
    format: Annotated[Form, typer.Option("--format", help="How the page is written.")] = Form.text,
) -> int:
    """Explain an edit, a procedure or drug code, or a reason code of a remittance."""
    from scrubjay.cli.output import style_of
    from scrubjay.explain.index import Index
    from scrubjay.explain.layout import render
    from scrubjay.explain.lookup import Unknown, page

    try:
        found = page(word, Index.packaged())
    except Unknown as unknown:
        guard.error(unknown.args[0])
        return guard.BROKE
    for line in render(found, format.value, style_of(sys.stdout)):
        sys.stdout.write(f"{line}\n")
    return 0
