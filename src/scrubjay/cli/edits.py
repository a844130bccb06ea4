"""``scrubjay edits``: every edit there is."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

#: The fields of an edit in ``edits --json``, in the contract's order; ``doc`` stays with ``explain``.
LISTED = (
    "code",
    "name",
    "summary",
    "category",
    "grain",
    "level",
    "status",
    "since",
    "needs",
    "references",
    "sources",
    "fix_safety",
)


def edits(
    as_json: bool = typer.Option(False, "--json", help="Write the list as JSON (scrubjay.edits/1)."),
) -> None:
    """List every edit: code, level, category, name."""
    from scrubjay import catalogue

    found = catalogue.edits()
    if as_json:
        rows = [json.dumps(_listed(edit), ensure_ascii=False) for edit in found]
        sys.stdout.write('{"schema": "scrubjay.edits/1", "edits": [\n' + ",\n".join(rows) + "\n]}\n")
        return
    from scrubjay.cli.output import style_of

    style = style_of(sys.stdout)
    code = max((len(edit["code"]) for edit in found), default=0)
    name = max((len(edit["name"]) for edit in found), default=0)
    for edit in found:
        level = style.level(edit["level"]) + " " * (4 - len(edit["level"]))
        status = "" if edit["status"] == "stable" else f"  ({edit['status']})"
        typer.echo(
            f"{style.paint(edit['code'].ljust(code), 'bold')}  {level}  {edit['category']:<12}  {edit['name']:<{name}}".rstrip()
            + status
        )


def _listed(edit: dict[str, Any]) -> dict[str, Any]:
    """Return the contract's fields first and whatever else the catalogue says of the edit, without its documentation."""
    rest = {key: value for key, value in edit.items() if key not in LISTED and key != "doc"}
    return {key: edit[key] for key in LISTED} | rest
