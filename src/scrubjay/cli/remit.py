"""``scrubjay remit``: remittances in, denials out."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import destination, refuse, style_of
from scrubjay.cli.values import STDIN, comma_list, day, once

if TYPE_CHECKING:
    from scrubjay.learn.scored import Scored
    from scrubjay.learn.study import Study


class Format(StrEnum):
    """How the report is written."""

    text = "text"
    json = "json"
    csv = "csv"
    parquet = "parquet"
    html = "html"
    worksheet = "worksheet"


class By(StrEnum):
    """What the table of the text is grouped by."""

    payer = "payer"
    code = "code"
    denial = "denial"
    edit = "edit"
    provider = "provider"
    month = "month"


def remit(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="835 files and acknowledgements (999, 997, TA1, 277CA, 277), folders of them, or - for standard input.",
            show_default=False,
        ),
    ] = None,
    claims: Annotated[
        list[str] | None,
        typer.Option(
            "--claims",
            metavar="FILE",
            help="837P files or folders to match with; they are checked, too. Repeatable; commas allowed.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How the report is written.")] = Format.text,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUT", help="Write to this file instead of standard output.")
    ] = None,
    by: Annotated[By, typer.Option(help="Group the table of the text by this.")] = By.denial,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Add the files to this store and report on all it holds; the same file twice changes nothing.",
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Payer policy to judge by; auto picks one for each claim.")
    ] = "auto",
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The day deadlines are counted from, YYYY-MM-DD (default: today)."),
    ] = None,
    scorecard: Annotated[
        bool,
        typer.Option(
            "--scorecard",
            help="Score the edits by what the payers did: precision, recall, dollars, levels. Needs claims.",
        ),
    ] = False,
    propose: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the policy changes that the scorecard speaks for to this TOML file, to be merged.",
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Compare the scorecard with the truth file of scrubjay synth --remit; states the error.",
        ),
    ] = None,
    phi: Annotated[bool, typer.Option("--phi", help="Show patients' names and member numbers.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress bar.")] = False,
) -> int:
    """Say who was denied what, why, how much, and what can be done by when.

    Exit codes: 0 read, and the money adds up; 1 a remittance does not balance; 2 an input or the tool broke.
    """
    judged = day(as_of, "--as-of")
    inputs, sent = once(files or []), once(comma_list(claims) or [])
    if sent:
        # A shell hands what follows the first name after --claims over as further FILEs.
        further = [name for name in inputs if _holds_claims(name)]
        inputs, sent = [name for name in inputs if name not in further], once([*sent, *further])
    if not inputs and store is None:
        raise typer.BadParameter("name a remittance, a folder of them, or a --store", param_hint="FILE")
    if STDIN in sent:
        raise typer.BadParameter(
            "claims are read twice and cannot come from standard input; name a file", param_hint="--claims"
        )
    refuse(output, [*inputs, *sent])
    scorecard = scorecard or propose is not None or truth is not None
    if scorecard and not sent and store is None:
        raise typer.BadParameter(
            "a scorecard needs the claims that were sent; add --claims FILE", param_hint="--scorecard"
        )
    if scorecard and format not in (Format.text, Format.json):
        raise typer.BadParameter("a scorecard is written as text or json", param_hint="--scorecard")
    refuse(propose, [*inputs, *sent, *([output] if output else [])])
    if format is Format.parquet and output is None and sys.stdout.isatty():
        raise typer.BadParameter("parquet is not for a terminal; add -o FILE", param_hint="--format")

    from scrubjay.cli.practice import policies_for
    from scrubjay.cli.progress import reporting
    from scrubjay.learn.findings import has_unbalanced
    from scrubjay.learn.study import study

    policy_set = policies_for([*inputs, *sent] or ["."])
    if policy != "auto" and policy not in policy_set.names():
        raise typer.BadParameter(
            f"no policy is called {policy!r}; scrubjay config --show lists them", param_hint="--policy"
        )
    with reporting(not no_progress) as progress:
        result = study(
            [sys.stdin.buffer if name == STDIN else name for name in inputs],
            claims=sent,
            policy=policy,
            policy_set=policy_set,
            as_of=judged,
            store=store,
            shadow=scorecard and store is None,
            progress=progress,
        )
    for failure in result.errors:
        guard.error(str(failure))
    code = guard.BROKE if result.errors else int(has_unbalanced(result))
    scored = _scored(result, truth) if scorecard else None
    if propose is not None and scored is not None:
        _propose(scored, result, propose)
    try:
        with destination(output) as out:
            _write(result, format, out, by=by.value, phi=phi, to_file=output not in (None, STDIN), scored=scored)
    except BrokenPipeError:
        return guard.quiet_pipe(code)
    return code


def _holds_claims(name: str) -> bool:
    """Say whether a file begins as a batch of claims does: ST01 of its first transaction is 837."""
    try:
        with open(name, "rb") as stream:
            head = stream.read(4096)
    except OSError:
        return False
    return re.search(rb"[^0-9A-Za-z]ST([^0-9A-Za-z])837\1", head) is not None


def _scored(result: Study, truth: str | None) -> Scored | None:
    """Score the edits; None, with a word on standard error, where there are no claims to score them by."""
    from scrubjay.learn.propose import proposals
    from scrubjay.learn.scorecard import scorecard
    from scrubjay.learn.scored import Scored
    from scrubjay.learn.truth import compare

    card = scorecard(result)
    if card is None:
        guard.error("no claims were read, so there is nothing to score the edits by; name them with --claims")
        return None
    return Scored(card, proposals(card), compare(result, card, truth) if truth is not None else None)


def _propose(scored: Scored, result: Study, file: str) -> None:
    from pathlib import Path

    from scrubjay.learn.propose import toml

    names = [Path(str(entry["file"])).name for entry in result.read.files]
    with destination(file) as out:
        out.write(("\n".join(toml(scored.proposals, names)) + "\n").encode())
    if file != STDIN:
        guard.words(
            f"{file}: {len(scored.proposals)} policy changes to consider; nothing is in force before you merge them"
        )


def _write(
    result: Study, format: Format, out: IO[bytes], *, by: str, phi: bool, to_file: bool, scored: Scored | None
) -> None:
    if format is Format.json:
        from scrubjay.render.remit_json import write_json

        write_json(result, out, phi=phi, scored=scored)
    elif format is Format.html:
        from scrubjay.render.remit_html import write_html

        write_html(result, out)
    elif format in (Format.csv, Format.parquet):
        from scrubjay.render.remit_tables import write_csv, write_parquet

        (write_csv if format is Format.csv else write_parquet)(result, out)
    elif format is Format.worksheet:
        from scrubjay.render.remit_sheet import sheets

        for line in sheets(result, phi=phi):
            out.write(f"{line}\n".encode())
    else:
        from scrubjay.render.remit_text import lines

        style = style_of(sys.stdout, to_file=to_file)
        if scored is not None:
            from scrubjay.render.scorecard_text import lines as scorecard_lines

            for line in scorecard_lines(scored, style):
                out.write(f"{line}\n".encode())
            return
        for line in lines(result, style, by):
            out.write(f"{line}\n".encode())
