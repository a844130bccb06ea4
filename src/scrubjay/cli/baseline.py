"""``scrubjay baseline``, and what every command does with suppressions and a baseline."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import destination, refuse
from scrubjay.cli.values import STDIN, comma_list, day, once

if TYPE_CHECKING:
    from scrubjay.batch import Progress
    from scrubjay.policy import PolicySet
    from scrubjay.report import Report
    from scrubjay.suppress.baseline import Baseline
    from scrubjay.suppress.entries import Suppressions

app = typer.Typer(help="Write down what is found today, so that later runs show what is new.", rich_markup_mode=None)


class Source(io.BytesIO):
    """Bytes that were read once and can be read again, under the name people know them by."""

    def __init__(self, data: bytes, name: str = "<stdin>") -> None:
        super().__init__(data)
        self.name = name


def sources_of(inputs: Iterable[str]) -> list[str | Source]:
    """Return inputs for the checker; standard input is read now, since it is looked at again."""
    return [Source(sys.stdin.buffer.read()) if name == STDIN else name for name in inputs]


def passing(inputs: Iterable[str]) -> list[str | BinaryIO]:
    """Return inputs that nobody but the checker looks at: standard input need not fit into memory."""
    return [sys.stdin.buffer if name == STDIN else name for name in inputs]


def suppressions_for(inputs: Iterable[str]) -> Suppressions | None:
    """Return the suppressions that the inputs fall under; inputs under different ones are a usage error."""
    from scrubjay.suppress.entries import find

    places = {Path.cwd() if name == STDIN else _folder(Path(name)) for name in inputs}
    found = {held.file: held for place in sorted(places) if (held := find(place)) is not None}
    if len(found) > 1:
        names = " and ".join(sorted(found))
        raise typer.BadParameter(f"the inputs fall under {names}; check them one by one", param_hint="FILE")
    return next(iter(found.values()), None)


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


@dataclass(frozen=True)
class Decided:
    """What is known and need not be shown again: suppressions and a baseline, read before any claim is."""

    suppressions: Suppressions | None
    baseline: Baseline | None

    def __bool__(self) -> bool:
        """Say whether there is anything to hide."""
        return self.suppressions is not None or self.baseline is not None

    def applied(self, report: Report, sources: Sequence[str | BinaryIO], policy_set: PolicySet, policy: str) -> Report:
        """Return the report without what they hide, and say how much that was."""
        if not self:
            return report
        from scrubjay.suppress.hide import hide

        given = {source.name: source.getvalue() for source in sources if isinstance(source, Source)}
        forced = None if policy == "auto" else policy
        done = hide(report, policy_set, self.suppressions, self.baseline, forced=forced, given=given)
        if self.suppressions is not None:
            guard.words(f"{self.suppressions.file}: {_findings(done.suppressed.total())} suppressed")
        if self.baseline is not None:
            gone = f"; {done.gone:,} of its own are gone" if done.gone else ""
            guard.words(f"{self.baseline.file}: {_findings(done.known)} hidden{gone}")
        return done.report


def decided_for(inputs: Iterable[str], baseline: str | None) -> Decided:
    """Return the suppressions that the inputs fall under and the baseline, where there are any."""
    from scrubjay.suppress.baseline import read

    return Decided(suppressions_for(inputs), read(Path(baseline)) if baseline is not None else None)


def _findings(count: int) -> str:
    return f"{count:,} finding" if count == 1 else f"{count:,} findings"


def judge_for(source: Source, policy: str, as_of: date, progress: Progress | None = None) -> Callable[[bytes], Report]:
    """Return what checks the bytes of one input again and again, suppressed findings left out."""
    from scrubjay.checker import check
    from scrubjay.cli.practice import policies_for
    from scrubjay.suppress.hide import hide

    place = [STDIN if source.name == "<stdin>" else source.name]
    policy_set, suppressions = policies_for(place), suppressions_for(place)

    def judge(data: bytes) -> Report:
        named = Source(data, source.name)
        report = check(named, policy=policy, as_of=as_of, policy_set=policy_set, progress=progress)
        forced = None if policy == "auto" else policy
        return hide(report, policy_set, suppressions, forced=forced, given={source.name: data}, audit=False).report

    return judge


@app.callback()
def baseline() -> None:
    """Write down what is found today, so that later runs show what is new."""


@app.command("write")
def write(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The baseline to write (JSON).", show_default=False)],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT", help="837P files, folders of them, or - for standard input.", show_default=False
        ),
    ],
    select: Annotated[
        list[str] | None, typer.Option(metavar="X", help="Run only these edits; same words as for check.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="X", help="Leave these edits out.")] = None,
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Payer policy to judge by; auto picks one for each claim.")
    ] = "auto",
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day on which we judge, YYYY-MM-DD (default: today).")
    ] = None,
    received: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day the payer gets the claims (default: --as-of).")
    ] = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no progress bar.")] = False,
) -> int:
    """Write a baseline of what is found in INPUT now; check --baseline FILE then shows only what is new."""
    judged, arrived = day(as_of, "--as-of"), day(received, "--received")
    named = once(inputs)
    refuse(file, named)
    _refuse_other(Path(file))

    from scrubjay.checker import check
    from scrubjay.cli.practice import policies_for
    from scrubjay.cli.progress import reporting
    from scrubjay.suppress import baseline as baselines
    from scrubjay.suppress.context import gather

    sources, policy_set = sources_of(named), policies_for(named)
    with reporting(not no_progress) as progress:
        report = check(
            sources,
            policy=policy,
            as_of=judged,
            received=arrived,
            select=comma_list(select),
            ignore=comma_list(ignore),
            policy_set=policy_set,
            progress=progress,
        )
    if report.errors:
        for failure in report.errors:
            where = f": segment {failure['segment']}" if failure["segment"] is not None else ""
            guard.error(f"{failure['file']}{where}: {failure['message']}; no baseline was written")
        return guard.BROKE
    given = {source.name: source.getvalue() for source in sources if isinstance(source, Source)}
    context = gather(report, policy_set, None if policy == "auto" else policy, given)
    with destination(file) as out:
        out.write(json.dumps(baselines.document(report, context), indent=1).encode() + b"\n")
    guard.words(f"{file}: {_findings(report.findings.height)} written down")
    return 0


def _refuse_other(path: Path) -> None:
    """Refuse to write over a file that is no baseline: the first word after write is easily taken for the claims."""
    from scrubjay.suppress.baseline import BaselineError, read

    if not path.is_file():
        return
    try:
        read(path)
    except BaselineError:
        raise typer.BadParameter(
            f"{path} exists and is no baseline; name the baseline first, then the claims", param_hint="FILE"
        ) from None
