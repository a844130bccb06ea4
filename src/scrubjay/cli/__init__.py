"""The command line: one file per verb, one guard around them all."""

from __future__ import annotations

import io
import sys

import typer

from scrubjay.cli.audit import audit
from scrubjay.cli.baseline import app as baseline
from scrubjay.cli.check import check
from scrubjay.cli.code import code
from scrubjay.cli.config import config
from scrubjay.cli.convert import convert
from scrubjay.cli.edits import edits
from scrubjay.cli.explain import explain
from scrubjay.cli.fix import fix
from scrubjay.cli.form import form
from scrubjay.cli.guard import guarded, stop_whole
from scrubjay.cli.refs import app as refs
from scrubjay.cli.remit import remit
from scrubjay.cli.synth import synth
from scrubjay.cli.version import version_text

# Plain help: the boxed kind costs a tenth of a second at each start.
app = typer.Typer(
    name="scrubjay",
    help="Scrubjay finds what a payer will deny on a US professional claim (837P), before the payer does.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("check")(check)
app.command("fix")(fix)
app.command("audit")(audit)
app.command("explain")(explain)
app.command("edits")(edits)
app.add_typer(refs, name="refs")
app.add_typer(baseline, name="baseline")
app.command("remit")(remit)
app.command("config")(config)
app.command("code")(code)
app.command("convert")(convert)
app.command("form")(form)
app.command("synth")(synth)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_text())
        raise typer.Exit


@app.callback()
def scrubjay(
    version: bool = typer.Option(
        False,
        "--version",
        callback=_version,
        is_eager=True,
        help="Show the program's version, the catalogue's hash and the reference editions, and exit.",
    ),
) -> None:
    """Check professional claims, and explain what is found."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    stop_whole()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that an old terminal cannot show becomes a question mark instead of an error.
            stream.reconfigure(errors="replace")
    sys.exit(guarded(app, sys.argv[1:]))
