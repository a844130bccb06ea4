"""``scrubjay fix``: apply what is safe, and what a named person accepted, to the original bytes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import destination, refuse, style_of
from scrubjay.cli.values import STDIN, day
from scrubjay.errors import InputError

if TYPE_CHECKING:
    from scrubjay.fix.repair import Repair


def fix(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An 837P file, or - for standard input.")],
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Show segments before and after; without -o and -i it is what happens anyway."),
    ] = False,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="OUT", help="Write the fixed claims to this file.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", "-i", help="Replace FILE itself and keep the old one as FILE.bak.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="EDIT@CLAIM[:LINE]", help="Apply the review fix of this one finding; more than once."),
    ] = None,
    accepted_by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who looked at the chart and accepts; needed with --accept.")
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Payer policy to judge by; auto picks one for each claim.")
    ] = "auto",
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which we judge, YYYY-MM-DD (default: today).")
    ] = None,
    audit: Annotated[
        str | None,
        typer.Option(metavar="AUDIT", help="Add the applied patches to this file (default: OUT.audit.jsonl)."),
    ] = None,
    phi: Annotated[bool, typer.Option("--phi", help="Show patient data instead of masking it.")] = False,
) -> int:
    """Fix the form of claims, and apply what a person accepted.

    Without -o or -i nothing is written: the changes are shown. Exit codes are those of check for the findings that remain;
    with 2 nothing was written.
    """
    name = _who(accept, accepted_by)
    judged = day(as_of, "--as-of") or date.today()  # noqa: DTZ011 - the day where the biller sits
    target = _target(file, output, in_place=in_place, diff=diff, audit=audit)
    data = sys.stdin.buffer.read() if file == STDIN else _read(file)

    from scrubjay.cli.baseline import Source, judge_for
    from scrubjay.cli.progress import reporting
    from scrubjay.fix.patches import Acceptance
    from scrubjay.fix.repair import Broken, repair
    from scrubjay.io.pieces import HEAD, X12, kind_of

    if (kind := kind_of(data[:HEAD])) != X12:
        raise InputError(file, f"holds {kind} claims; only an 837P is mended, and scrubjay convert --to 837p makes one")
    acceptances = [Acceptance.of(text) for text in accept or ()]
    source = Source(data, "<stdin>" if file == STDIN else file)
    with reporting(wanted=True) as progress:
        try:
            done = repair(data, source.name, judge_for(source, policy, judged, progress), acceptances)
        except Broken as broken:
            for failure in broken.report.errors:
                where = f": segment {failure['segment']}" if failure["segment"] is not None else ""
                guard.error(f"{failure['file']}{where}: {failure['message']}; nothing was written")
            return guard.BROKE
    if target is None or diff:
        _show(done, source.name, diff_only=target is not None, phi=phi)
    if target is not None:
        _keep(done, data, source.name, target, in_place=in_place, audit=audit, accepted_by=name)
    return done.after.exit_code()


def _who(accept: list[str] | None, accepted_by: str | None) -> str | None:
    name = " ".join((accepted_by or "").split())
    if accept and not name:
        raise typer.BadParameter("say who accepts: --accepted-by NAME", param_hint="--accept")
    if accepted_by is not None and not (accept and name):
        raise typer.BadParameter("it goes with --accept and is not empty", param_hint="--accepted-by")
    return name or None


def _target(file: str, output: str | None, *, in_place: bool, diff: bool, audit: str | None) -> str | None:
    """Return where the result goes, None where it is only shown; refuse what cannot be meant."""
    if in_place and output is not None:
        raise typer.BadParameter("either a new file (-o) or in place (-i)", param_hint="-i")
    if Path(file).is_dir():
        raise typer.BadParameter(f"{file} is a folder; name one file", param_hint="FILE")
    if in_place:
        if file == STDIN:
            raise typer.BadParameter("standard input has no place; use -o", param_hint="-i")
        target = os.path.realpath(file)
    elif output == "-":
        if audit is None or diff:
            raise typer.BadParameter("standard output needs --audit FILE and has no room for --diff", param_hint="-o")
        target = "-"
    elif output is not None:
        refuse(output, [file])
        target = output
    else:
        return None
    _refuse_log(Path(audit or f"{target}.audit.jsonl"), {os.path.realpath(file), os.path.realpath(target)})
    return target


def _refuse_log(log: Path, taken: set[str]) -> None:
    """Refuse, before any work, a file that is no record of this program: nothing is added to a file of another kind."""
    from scrubjay.fix.audit import is_log

    if os.path.realpath(log) in taken or not log.parent.is_dir() or not is_log(log):
        raise typer.BadParameter(f"{log} is no place for the record; name another file", param_hint="--audit")


def _read(file: str) -> bytes:
    with open(file, "rb") as stream:
        return stream.read()


def _show(done: Repair, name: str, *, diff_only: bool, phi: bool) -> None:
    from scrubjay.fix import changes

    style = style_of(sys.stdout)
    for line in changes.diff(done, name, style, phi=phi):
        typer.echo(line)
    if diff_only:
        return
    if done.changes:
        typer.echo("")
    for line in changes.listing(done, style):
        typer.echo(line)
    guard.words(f"{name}: {changes.summary(done)}; nothing was written, -o OUT or -i does")


def _keep(
    done: Repair,
    original: bytes,
    name: str,
    target: str,
    *,
    in_place: bool,
    audit: str | None,
    accepted_by: str | None,
) -> None:
    """Write the result, a backup where it takes the place of the input, and the record of what was applied."""
    from scrubjay import catalogue
    from scrubjay._version import __version__
    from scrubjay.checker import shared_references
    from scrubjay.fix import changes
    from scrubjay.fix.audit import Versions, append, records
    from scrubjay.render.style import clean

    said = changes.summary(done)
    if in_place and done.data == original:
        guard.words(f"{name}: {said}; nothing to change")
        return
    versions = Versions(__version__, catalogue.digest(), shared_references().digest())
    lines = records(done, original, Path(name).name, datetime.now(UTC), accepted_by, versions)
    log = Path(audit or f"{target}.audit.jsonl")
    with _rights_of(name):
        backup = _backup(Path(target), original) if in_place else None
        try:
            with destination(target) as stream:
                stream.write(done.data)
                stream.flush()
                if target != "-":
                    os.fsync(stream.fileno())
                # The record is on the disk before the file takes its name: no change without its line.
                append(log, lines)
        except BaseException:
            if backup is not None:
                backup.unlink()
            raise
    where = [] if target == "-" else [f"written to {target}"]
    where += [f"the old file is {backup}"] if backup else []
    where += [f"{len(lines):,} {'line' if len(lines) == 1 else 'lines'} added to {log}"] if lines else []
    guard.words(f"{name}: {'; '.join([said, *where])}")
    for held in done.held:
        guard.words(clean(f"  held back: {held.proposal.place}: {held.why}"))


@contextmanager
def _rights_of(name: str) -> Iterator[None]:
    """Give new files no more rights than the input has: they hold the same patients."""
    usual = strict = os.umask(0)
    with suppress(OSError):
        strict |= 0o777 & ~os.stat(name).st_mode
    os.umask(strict)
    try:
        yield
    finally:
        os.umask(usual)


def _backup(path: Path, original: bytes) -> Path:
    """Write the old bytes beside the file under a name that is free; a file that changed meanwhile is refused."""
    if path.read_bytes() != original:
        raise typer.BadParameter(f"{path} changed while it was read; nothing was written", param_hint="-i")
    number = 0
    while True:
        backup = path.with_name(f"{path.name}.bak{number or ''}")
        try:
            with backup.open("xb") as stream:
                stream.write(original)
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError:
            number += 1
            continue
        return backup
