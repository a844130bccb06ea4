"""The audit for a person at a terminal: what is there, what is missing and why it matters."""

from __future__ import annotations

from collections.abc import Iterator

from scrubjay.chart.audit.judge import Audit, Row
from scrubjay.chart.model import Administration, Value
from scrubjay.render.style import Style, clean, plural

COLOURS = {"present": "green", "missing": "red", "contradictory": "yellow", "not_applicable": "dim"}
SHOWN = "drug dose unit volume_ml route laterality site date time giver credential".split()
NAMES = {"not_applicable": "not asked"}


def lines(audit: Audit, style: Style) -> Iterator[str]:
    """Yield the lines of one chart."""
    yield style.paint(clean(audit.source), "bold")
    if not audit.judged:
        yield "  no administration of this visit was found; nothing could be judged"
    for number, one in enumerate(audit.encounter.administrations):
        yield ""
        yield f"  {style.paint(f'{number + 1}. {one.status}', 'bold')}  {clean(sentence(one))}"
        if one.given:
            yield from _rows([row for row in audit.rows if row.administration == number], style)
    visit = [row for row in audit.rows if row.administration is None]
    if visit:
        yield ""
        yield style.paint("  the visit", "bold")
        yield from _rows(visit, style)
    counts = audit.counts()
    if audit.judged:
        yield ""
        given = sum(one.given for one in audit.encounter.administrations)
        yield (
            f"  {plural(given, 'injection')} of this visit: {counts['present']} present, {counts['missing']} missing, "
            f"{counts['contradictory']} contradictory, {counts['not_applicable']} not asked"
        )


def sentence(one: Administration) -> str:
    """Return an administration in a few words."""
    said = {name: one.get(name) for name in SHOWN}
    said["volume_ml"] = f"({said['volume_ml']} mL)" if said["volume_ml"] else None
    said["time"] = f"at {said['time']}" if said["time"] else None
    said["date"] = f"on {said['date']}" if said["date"] else None
    said["giver"] = f"by {said['giver']}" if said["giver"] else None
    if said["drug"] is None:
        said["drug"] = "an injection of no named drug"
    return " ".join(value for value in said.values() if value)


def evidence(value: Value) -> str:
    """Return a value and where it stands."""
    if value.start is not None and value.end is not None:
        text = " ".join((value.text or "").split())
        return f'"{text}" {value.start}-{value.end}'
    return f"{value.value} ({value.resource})" if value.resource else value.value


def _rows(rows: list[Row], style: Style) -> Iterator[str]:
    for row in rows:
        name = NAMES.get(row.state, row.state)
        shown = "; ".join(evidence(value) for value in row.evidence)
        said = " ".join(part for part in (row.found, shown) if part)
        yield f"     {style.paint(name.ljust(13), COLOURS[row.state])} {row.item:<19} {clean(said)}".rstrip()
        if row.state in ("missing", "contradictory"):
            yield from style.block(
                f"{row.why} {'Add' if row.state == 'missing' else 'Settle'}: {row.hint}. Denial: {row.denial}.",
                39,
                "dim",
            )
