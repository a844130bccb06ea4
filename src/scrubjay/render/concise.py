"""One line a finding, for grep and for editors that jump to ``file:segment``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from scrubjay.render.style import Style, clean
from scrubjay.report import Report

_COLUMNS = ("file", "segment", "claim", "line", "edit", "level", "outcome", "message", "group", "carc", "rarc")


def lines(report: Report, style: Style) -> Iterator[str]:
    """Yield ``file:segment: claim C line L: EDIT level message [CO-97 M15]`` for each finding, in report order."""
    for row in chain.from_iterable(part.select(_COLUMNS).iter_rows() for part in report.slices()):
        file, segment, claim, line, edit, level, outcome, message, group, carc, rarc = row
        where = f"{clean(file)}:{segment}" if segment is not None else clean(file)
        place = f" claim {clean(claim)}" if claim is not None else ""
        place += f" line {line}" if line is not None else ""
        said = level if outcome == "hit" else "unknown"
        text = clean(message)
        codes = denial_codes(group, carc, rarc)
        tail = f" [{codes}]" if codes and outcome == "hit" else ""
        colon = ":" if place else ""
        yield f"{style.paint(where, 'bold')}:{place}{colon} {edit} {style.level(said)} {text}{style.paint(tail, 'dim')}"


def denial_codes(group: str | None, carc: str | None, rarc: list[str] | None) -> str:
    """Return the denial to expect as one word group: ``CO-97 M15``."""
    reason = f"{group}-{carc}" if group and carc else carc or ""
    return " ".join([word for word in (reason, *(rarc or ())) if word])
