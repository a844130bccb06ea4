"""A page as titled sections of paragraphs, lists, tables and code, laid out as plain text or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scrubjay.render.style import Style


@dataclass(frozen=True)
class Table:
    """Rows under headings; columns named in ``right`` hold numbers, the last column takes what width is left."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A title and what stands under it, in this order: paragraphs, table, bullets, code."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    table: Table | None = None
    bullets: list[str] = field(default_factory=list)
    code: str | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to say."""
        return bool(self.paragraphs or (self.table and self.table.rows) or self.bullets or self.code)


def text(title: str, sections: list[Section], style: Style) -> Iterator[str]:
    """Yield the page as plain text; it is wrapped only where the style has a width."""
    yield from style.block(title, 0, "bold")
    for section in sections:
        if not section:
            continue
        yield ""
        if section.title:
            yield style.paint(section.title, "bold", "cyan")
        for paragraph in section.paragraphs:
            yield from style.block(paragraph, 2)
        if section.table and section.table.rows:
            yield from _text_table(section.table, style)
        for bullet in section.bullets:
            yield from style.block(f"- {bullet}", 2, hanging=2)
        if section.code:
            yield from (f"    {line}" if line else "" for line in section.code.splitlines())


def _text_table(table: Table, style: Style) -> Iterator[str]:
    """Yield an aligned table; the cells of the last column wrap under themselves."""
    rows = [row for row in (table.head, *table.rows) if any(row)]
    last = len(table.head) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last)]
    room = None if style.width is None else max(style.width - 2 - sum(widths) - 2 * last, 24)
    for index, row in enumerate(rows):
        lead = [
            c.rjust(w) if i in table.right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=False))
        ]
        pieces = [row[last]] if room is None else textwrap.wrap(row[last], room) or [""]
        names = ("dim",) if index == 0 and row is table.head else ()
        yield style.paint(("  " + "  ".join([*lead, pieces[0]])).rstrip(), *names)
        hang = " " * (2 + sum(widths) + 2 * last)
        yield from (style.paint(hang + piece, *names) for piece in pieces[1:])


def markdown(title: str, sections: list[Section]) -> Iterator[str]:
    """Yield the page as Markdown."""
    yield f"# {title}"
    for section in sections:
        if not section:
            continue
        yield ""
        if section.title:
            yield f"## {section.title}"
            yield ""
        for paragraph in section.paragraphs:
            yield paragraph
            yield ""
        if section.table and section.table.rows:
            yield _cells(section.table.head)
            yield _cells(tuple("---:" if i in section.table.right else "---" for i in range(len(section.table.head))))
            yield from (_cells(row) for row in section.table.rows)
            yield ""
        for bullet in section.bullets:
            yield f"- {bullet}"
        if section.code:
            yield "```"
            yield section.code
            yield "```"


def _cells(row: tuple[str, ...]) -> str:
    """Return one row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
