"""Turn releases of ICD-10-CM into intervals: when a code was billable and when it was only a header."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import polars as pl


def intervals(billable: Mapping[dt.date, set[str]], known: set[str]) -> pl.DataFrame:
    """Return code, valid_from, valid_to, header from the billable codes of each release, keyed by its first day.

    A header is one of the ``known`` codes that stands above a billable one, or above none in any release. A null
    ``valid_to`` means: still so in the last release.
    """
    starts = sorted(billable)
    ends: list[dt.date | None] = [day - dt.timedelta(days=1) for day in starts[1:]]
    ends.append(None)
    above = {
        day: {code[:length] for code in codes for length in range(3, len(code))} for day, codes in billable.items()
    }
    alone = known.difference(*billable.values(), *above.values())
    states: dict[str, list[bool | None]] = {}
    for number, day in enumerate(starts):
        for code in billable[day]:
            states.setdefault(code, [None] * len(starts))[number] = False
        for code in (above[day] & known | alone) - billable[day]:
            states.setdefault(code, [None] * len(starts))[number] = True
    rows: list[tuple[str, dt.date, dt.date | None, bool]] = []
    for code in sorted(states):
        rows.extend(_runs(code, states[code], starts, ends))
    return pl.DataFrame(
        rows,
        schema={"code": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "header": pl.Boolean},
        orient="row",
    )


def _runs(
    code: str, states: list[bool | None], starts: list[dt.date], ends: list[dt.date | None]
) -> Iterable[tuple[str, dt.date, dt.date | None, bool]]:
    begin = 0
    for number in range(1, len(states) + 1):
        if number < len(states) and states[number] == states[begin]:
            continue
        state = states[begin]
        if state is not None:
            yield code, starts[begin], ends[number - 1], state
        begin = number
