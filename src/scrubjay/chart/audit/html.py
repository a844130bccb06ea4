"""The audit as one page that needs nothing else: the note with its values marked, and the checklist beside it.

The page is for the person who holds the chart, so it shows the note; it loads nothing (its policy allows only its own
style).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from scrubjay.chart.audit.judge import Audit, Row
from scrubjay.chart.audit.text import NAMES, evidence, sentence
from scrubjay.chart.model import Value
from scrubjay.render.markup import Content, Markup, page_head, tag, text

GROUPS = {
    "drug": "drug", "strength": "drug", "container": "drug", "dose": "amount", "unit": "amount", "volume_ml": "amount", "waste": "amount",
    "waste_unit": "amount", "route": "place", "site": "place", "laterality": "place", "time": "when", "date": "when", "start": "when",
    "stop": "when", "frequency": "when", "giver": "who", "credential": "who", "orderer": "who", "order": "who", "lot": "product",
    "expiry": "product", "ndc": "product", "patient_supplied": "product",
}  # fmt: skip
"""Colour of a marked value by its field; the others are statements about the visit."""
LEGEND = {
    "drug": "drug", "amount": "dose, volume, waste", "place": "route and site", "when": "date and time", "who": "people and order",
    "product": "lot, expiry, NDC", "visit": "consent, assessment, observation, diagnosis, signature",
}  # fmt: skip


def page(audits: list[Audit]) -> str:
    """Return the page."""
    style = "".join(resources.files("scrubjay").joinpath(*path).read_text("utf-8") for path in _STYLES)
    head = page_head("Scrubjay: documentation of injections", style)
    body = tag(
        "main",
        tag("header", tag("p", "Scrubjay", class_="brand"), tag("h1", "Is the injection documented?")),
        [_chart(audit, number) for number, audit in enumerate(audits)],
    )
    return f'<!doctype html>\n<html lang="en">{head}<body>\n{body}\n</body></html>\n'


_STYLES = (("render", "page.css"), ("chart", "audit", "page.css"))


def _chart(audit: Audit, number: int) -> Markup:
    counts = audit.counts()
    tiles = [
        tag("div", tag("dt", NAMES.get(state, state)), tag("dd", str(count)), class_=f"tile {state}")
        for state, count in counts.items()
    ]
    return tag(
        "section",
        tag("h2", audit.source),
        tag("dl", tiles, class_="tiles")
        if audit.judged
        else tag("p", "No administration of this visit was found.", class_="limit"),
        tag(
            "div",
            tag("div", list(_notes(audit, number)), class_="notes") if audit.encounter.notes else None,
            tag("div", list(_checklists(audit, number)), class_="checklists"),
            class_="chart" if audit.encounter.notes else "chart alone",
        ),
    )


def _notes(audit: Audit, number: int) -> Iterator[Markup]:
    legend = [tag("li", tag("mark", words, class_=f"f-{group}")) for group, words in LEGEND.items()]
    for index, note in enumerate(audit.encounter.notes):
        yield tag("h3", note.title or ("The note" if len(audit.encounter.notes) == 1 else f"Note {index + 1}"))
        if index == 0:
            yield tag("ul", legend, class_="legend")
        yield tag("pre", _marked(audit, index, note.text, number), class_="note")


def _spans(audit: Audit, index: int) -> list[tuple[int, int, str, str]]:
    """Return start, end, group and title of every marked value of a note, without overlaps, longest first."""
    found: list[tuple[int, int, str, str]] = []

    def add(value: Value | None, name: str, owner: str) -> None:
        if value is not None and value.start is not None and value.end is not None and value.end > value.start:
            found.append(
                (value.start, value.end, GROUPS.get(name, "visit"), f"{owner}{name.replace('_', ' ')}: {value.value}")
            )

    for number, one in enumerate(audit.encounter.administrations):
        if one.note != index:
            continue
        for name, value in one.values().items():
            if name != "verb":
                add(value, name, f"{number + 1} {one.status}, ")
        for name, value in one.conflicts.items():
            add(value, name, f"{number + 1} contradicts: ")
    if index == 0:
        meeting = audit.encounter.encounter
        for name in ("signature", "consent", "assessment"):
            add(getattr(meeting, name), name, "")
        if meeting.supervision is not None:
            add(meeting.supervision.statement, "supervision", "")
        if meeting.visit is not None:
            add(meeting.visit.separate_evaluation, "separate evaluation", "")
    kept: list[tuple[int, int, str, str]] = []
    for span in sorted(found, key=lambda one: (one[1] - one[0], one[0])):
        if not any(span[0] < other[1] and other[0] < span[1] for other in kept):
            kept.append(span)
    return sorted(kept)


def _marked(audit: Audit, index: int, note: str, number: int) -> list[Content]:
    """Return the note's text with its values in ``mark`` elements; line breaks stay."""
    parts: list[Content] = []
    position = 0
    for start, end, group, title in _spans(audit, index):
        parts += [_plain(note[position:start]), tag("mark", _plain(note[start:end]), class_=f"f-{group}", title=title)]
        position = end
    return [*parts, _plain(note[position:])]


def _plain(words: str) -> Markup:
    return Markup("\n".join(text(line) for line in words.split("\n")))


def _checklists(audit: Audit, number: int) -> Iterator[Markup]:
    for index, one in enumerate(audit.encounter.administrations):
        yield tag("h3", f"{index + 1}. ", tag("span", one.status, class_=f"status {one.status}"), f" {sentence(one)}")
        if one.given:
            yield _table([row for row in audit.rows if row.administration == index])
    visit = [row for row in audit.rows if row.administration is None]
    if visit:
        yield tag("h3", "The visit")
        yield _table(visit)


def _table(rows: list[Row]) -> Markup:
    head = tag(
        "thead",
        tag(
            "tr",
            tag("th", "item", scope="col"),
            tag("th", "state", scope="col"),
            tag("th", "what the chart says", scope="col"),
        ),
    )
    return tag("table", head, tag("tbody", [_line(row) for row in rows]), class_="items")


def _line(row: Row) -> Markup:
    said: list[Content] = [tag("div", row.found)] if row.found else []
    said += [tag("div", evidence(value), class_="evidence") for value in row.evidence]
    if row.state in ("missing", "contradictory"):
        asked = [
            tag("b", "Add: " if row.state == "missing" else "Settle: "),
            row.hint,
            ". ",
            tag("b", "Denial: "),
            row.denial,
            ". ",
        ]
        said.append(tag("div", row.why, " ", asked, tag("small", row.source), class_="why"))
    return tag(
        "tr",
        tag("th", row.item, scope="row"),
        tag("td", tag("span", NAMES.get(row.state, row.state), class_=f"state {row.state}")),
        tag("td", said),
    )
