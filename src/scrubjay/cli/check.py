"""``scrubjay check``: claims in, findings out."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import destination, refuse, style_of
from scrubjay.cli.values import comma_list, day, once

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from typing import BinaryIO

    from scrubjay.render.style import Style
    from scrubjay.report import Report


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    concise = "concise"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    html = "html"
    sarif = "sarif"
    junit = "junit"
    ack999 = "999"
    ack277ca = "277ca"


#: Formats that answer the sender; they are written from the input again.
ANSWERS = (Format.ack999, Format.ack277ca)


#: Claims drawn on an HTML page; a browser shows them within seconds.
DRAWN = 300


class FailOn(StrEnum):
    """The least level that makes the exit code 1."""

    deny = "deny"
    warn = "warn"
    info = "info"
    never = "never"


class By(StrEnum):
    """What the statistics are grouped by."""

    payer = "payer"
    provider = "provider"
    edit = "edit"


class Order(StrEnum):
    """The order of findings and of the rows of the statistics."""

    place = "place"
    risk = "risk"


def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="837P, FHIR Claims, CMS-1500 rows (CSV or JSON), folders of them, or - for standard input.",
            show_default=False,
        ),
    ],
    format: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.text,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUT", help="Write to this file instead of standard output.")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X", help="Run only these edits: codes, first letters, names, categories or ALL; commas allowed."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="X", help="Leave these edits out; same words as --select.")
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Payer policy to judge by; auto picks one for each claim.")
    ] = "auto",
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which we judge, YYYY-MM-DD (default: today).")
    ] = None,
    received: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day the payer gets the claims (default: --as-of).")
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Earlier claims to compare with: a folder of 837P and history Parquet files."
        ),
    ] = None,
    write_history: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Add the claims of this run to a history file (.parquet), for --history of later runs."
        ),
    ] = None,
    conformance: Annotated[
        bool,
        typer.Option(
            "--conformance", help="Also check every segment against the implementation guide with pyx12 (slow)."
        ),
    ] = False,
    fail_on: Annotated[FailOn, typer.Option(help="Least level that makes the exit code 1.")] = FailOn.deny,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Leave with 0 instead of 3 when something could not be checked.")
    ] = False,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Add counts, dollars at risk and what could be fixed.")
    ] = False,
    by: Annotated[
        By | None, typer.Option(help="Group the statistics by payer, provider or edit.", show_default="edit")
    ] = None,
    sort: Annotated[
        Order, typer.Option(help="Order of findings: by place in the file, or the most money at risk first.")
    ] = Order.place,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Show only what is not in this baseline (scrubjay baseline write)."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Run edits in preview too; they never fail a run.")
    ] = False,
    phi: Annotated[bool, typer.Option("--phi", help="Show patient data instead of masking it.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress bar.")] = False,
) -> int:
    """Check claims before the payer does.

    Exit codes: 0 nothing at or above --fail-on and everything checked; 1 findings at or above it; 2 an input or the tool broke;
    3 no such finding, but something could not be checked.
    """
    judged, arrived = day(as_of, "--as-of"), day(received, "--received")
    inputs = once(files)
    refuse(output, inputs)
    refuse(write_history, inputs, "--write-history")
    if format is Format.parquet and output is None and sys.stdout.isatty():
        raise typer.BadParameter("parquet is not for a terminal; add -o FILE", param_hint="--format")

    from scrubjay.checker import check as run
    from scrubjay.cli.baseline import decided_for, passing, sources_of
    from scrubjay.cli.practice import lapsed, policies_for
    from scrubjay.cli.progress import reporting

    decided, policy_set = decided_for(inputs, baseline), policies_for(inputs)
    sources = sources_of(inputs) if decided or format in ANSWERS else passing(inputs)
    for entry in policy_set.expired(judged or date.today()):  # noqa: DTZ011 - the day where the biller sits
        guard.words(f"scrubjay: {lapsed(entry)}")
    with reporting(not no_progress) as progress:
        report = run(
            sources,
            policy=policy,
            as_of=judged,
            received=arrived,
            select=comma_list(select),
            ignore=comma_list(ignore),
            policy_set=policy_set,
            history=history,
            conformance=conformance,
            write_history=write_history,
            preview=preview,
            raw=format in (Format.text, Format.html, *ANSWERS),
            keep=DRAWN if format is Format.html else 0,
            phi=phi,
            progress=progress,
        )
    report = decided.applied(report, sources, policy_set, policy)
    if sort is Order.risk:
        from scrubjay.report import by_risk

        report = replace(report, findings=by_risk(report.findings))
    for failure in report.errors:
        where = (
            f"{failure['file']}: segment {failure['segment']}" if failure["segment"] is not None else failure["file"]
        )
        guard.error(f"{where}: {failure['message']}")
    code = report.exit_code(fail_on.value, allow_incomplete)
    if format in ANSWERS:
        return _answer(report, sources, format, output, judged, arrived, code, phi=phi)
    grouping = by.value if by is not None else "edit" if statistics else None
    try:
        with destination(output) as out:
            style = style_of(sys.stdout, to_file=output not in (None, "-"))
            write(report, format, out, style, grouping, fail_on=fail_on, phi=phi, sort=sort)
    except BrokenPipeError:
        return guard.quiet_pipe(code)
    return code


def _answer(
    report: Report,
    sources: list[Any],
    format: Format,
    output: str | None,
    judged: date | None,
    arrived: date | None,
    code: int,
    *,
    phi: bool,
) -> int:
    """Write the 999 or the 277CA that a clearinghouse would send back; dates come from --as-of and --received."""
    from datetime import date
    from io import BytesIO

    from scrubjay.acknowledge import about, ack277, ack999
    from scrubjay.acknowledge.ack277 import has_claims

    day = judged or date.fromisoformat(report.run["as_of"])
    given = {source.name: source for source in sources if not isinstance(source, str)}

    def opener(name: str) -> Callable[[], BinaryIO]:
        if name in given:
            return lambda: BytesIO(given[name].getvalue())
        return lambda: open(name, "rb")

    opened = [(entry["file"], opener(entry["file"])) for entry in report.run["inputs"]]
    answered = about(report, opened)
    try:
        with destination(output) as out:
            for one in answered:
                if format is Format.ack277ca and not has_claims(one):
                    guard.words(f"{one.file}: interchange {one.control} has no claim to answer; see --format 999")
                    continue
                pieces = (
                    ack999(one, day, phi=phi) if format is Format.ack999 else ack277(one, day, arrived or day, phi=phi)
                )
                for piece in pieces:
                    out.write(piece.encode("ascii", "replace"))
    except BrokenPipeError:
        return guard.quiet_pipe(code)
    return code


def write(
    report: Report,
    format: Format,
    out: IO[bytes],
    style: Style,
    by: str | None,
    *,
    fail_on: FailOn = FailOn.deny,
    phi: bool = False,
    sort: Order = Order.place,
) -> None:
    """Write the report in a format; ``by`` asks for statistics.

    Formats of one record a line stay clean: their statistics and what could not be checked go to standard error.
    """
    stats: dict[str, Any] | None = None
    if by is not None:
        from scrubjay.render.statistics import statistics

        stats = statistics(report, by, by_money=sort is Order.risk)
    if format is Format.json:
        from scrubjay.render.machine import write_json

        return write_json(report, out, stats)
    if format is Format.text:
        from scrubjay.render.statistics import table_lines
        from scrubjay.render.text import lines

        for line in lines(report, style):
            out.write(f"{line}\n".encode())
        if stats is not None:
            out.write(("\n" + "\n".join(table_lines(stats, style)) + "\n").encode())
        return None
    if format is Format.concise:
        from scrubjay.render.concise import lines as concise_lines

        for line in concise_lines(report, style):
            out.write(f"{line}\n".encode())
    elif format is Format.jsonl:
        from scrubjay.render.machine import write_jsonl

        write_jsonl(report, out)
    elif format is Format.html:
        from scrubjay.render.html import write_html

        write_html(report, out, phi=phi)
    elif format is Format.sarif:
        from scrubjay.render.sarif import write_sarif

        write_sarif(report, out, phi=phi)
    elif format is Format.junit:
        from scrubjay.render.junit import write_junit

        write_junit(report, out, fail_on=fail_on.value, phi=phi)
    else:
        from scrubjay.render.tables import write_csv, write_parquet

        (write_csv if format is Format.csv else write_parquet)(report, out)
    _beside(report, stats, places=phi or format not in (Format.sarif, Format.junit))
    return None


def _beside(report: Report, stats: dict[str, Any] | None, *, places: bool) -> None:
    """Say on standard error what a format of one record a line has no room for; ``places`` may name claims."""
    from scrubjay.render.statistics import table_lines
    from scrubjay.render.summary import found_line, headline, unchecked_lines, undecided_lines

    style = style_of(sys.stderr)
    text = [
        headline(report),
        found_line(report, style),
        *(undecided_lines(report, style) if places else ()),
        *unchecked_lines(report, style),
    ]
    if stats is not None:
        text += ["", *table_lines(stats, style)]
    for line in text:
        guard.words(line)
