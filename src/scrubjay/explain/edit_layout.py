"""The page of an edit in sections: its documentation, then what it declares."""

from __future__ import annotations

import re
from typing import Any

from scrubjay.explain.blocks import Section, Table

#: The sections of an edit's documentation in reading order; those of ``_CASES`` hold case notation and not prose.
_ORDER = ("What it does", "Why it matters", "Fails", "Passes", "Fix", "Payers")
_CASES = ("Fails", "Passes")


def edit_sections(page: dict[str, Any]) -> tuple[str, list[Section]]:
    """Return title and sections of an edit's page."""
    sections = [Section("", [page["summary"]])]
    for title in sorted(page["doc"], key=_ORDER.index):
        body = page["doc"][title]
        sections.append(Section(title, code=body) if title in _CASES else prose(title, body))
    sections += [
        Section(f"The sources disagree: {row['asks']}", bullets=[_position(p) for p in row["positions"]])
        for row in page.get("disputes") or []
    ]
    sections.append(Section("Declared", table=Table(("what", "value"), _declared(page))))
    sections.append(Section("Sources", bullets=list(page["sources"] or [])))
    return f"{page['code']} {page['name']}", sections


def _position(row: dict[str, Any]) -> str:
    return f"{row['says']} ({row['source']}): {row['settings']}"


def prose(title: str, body: str) -> Section:
    """Return Markdown of paragraphs and one kind of list as a section; wrapped source lines are joined."""
    paragraphs: list[str] = []
    bullets: list[str] = []
    for block in re.split(r"\n\s*\n", body.strip()):
        for line in block.splitlines():
            text = line.strip()
            if re.match(r"[-*] ", text):
                bullets.append(text[2:])
            elif bullets and line[:1].isspace():
                bullets[-1] += f" {text}"
            elif paragraphs and line is not block.splitlines()[0]:
                paragraphs[-1] += f" {text}"
            else:
                paragraphs.append(text)
    return Section(title, paragraphs, bullets=bullets)


def _declared(page: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the declaration as pairs of words, leaving out what is not there."""
    denial = "-".join(part for part in (page["group"], page["carc"]) if part)
    remarks = ", ".join(page["rarc"] or [])
    rows = [
        ("level", page["level"]),
        ("category", page["category"]),
        ("looks at", f"{page['grain']}{'' if page['scope'] in (None, '*') else ' of group ' + page['scope']}"),
        ("needs", ", ".join(page["needs"] or [])),
        ("references", ", ".join(page["references"] or [])),
        ("denial", ", ".join(part for part in (denial, remarks) if part)),
        ("place", ", ".join(part for part in (page["element"], f"box {page['box']}" if page["box"] else "") if part)),
        ("fix", page["fix_safety"]),
        ("replaces", ", ".join(f"{row['code']} {row['name'] or ''}".strip() for row in page["supersedes"])),
        ("confidence", page["confidence"]),
        ("status", f"{page['status']}, since {page['since']}, revision {page['revision']}"),
    ]
    return [(name, str(value)) for name, value in rows if value]
