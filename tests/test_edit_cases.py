"""The corner cases in tests/cases/*.md, one page an edit: prose for people, fenced cases for this test.

A fence ```` ```case ```` holds one case and says in comments what must come of it::

    # expect EM01 level=deny line=1 denied=1 related=2 carc=97      every named attribute must be so
    # expect unknown JW01 line=2                                    the edit could not judge that line
    # expect none                                                   the edit of this page says nothing

An edit of the page that is not expected must not hit; other edits may.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import scrubjay
from scrubjay.cases import to_837
from scrubjay.edit import catalogue
from test_examples import conformance, split

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("guide_in_process")]

PAGES = sorted((Path(__file__).parent / "cases").glob("*.md"))
FENCE = re.compile(r"^```case\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXPECT = re.compile(r"#\s*expect\s+(none|(unknown\s+)?([A-Z]{2,4}\d{2,3})((?:\s+\w+=\S+)*))")


def blocks() -> list[object]:
    out = []
    for page in PAGES:
        for number, match in enumerate(FENCE.finditer(page.read_text(encoding="utf-8")), start=1):
            out.append(pytest.param(page.stem, match.group(1), id=f"{page.stem}-{number}"))
    return out


def shown(row: dict[str, Any], name: str) -> str:
    value = {
        "related": row["related_lines"],
        "denied": row["denied_line"],
        "fix": (row["fix"] or {}).get("safety"),
    }.get(name, row.get(name))
    if isinstance(value, list):
        return ",".join(str(v) for v in value)
    return str(value)


@pytest.mark.parametrize(("edit", "text"), blocks())
def test_case(edit: str, text: str, tmp_path: Path) -> None:
    expectations = [
        (bool(m[2]), m[3], dict(p.split("=") for p in m[4].split())) if m[3] else None for m in EXPECT.finditer(text)
    ]
    assert expectations, "the case says nothing about what to expect"
    case, earlier = split(text)
    if earlier is not None:
        (tmp_path / "earlier.837").write_bytes(to_837(earlier))
    history = tmp_path if earlier is not None else None
    report = scrubjay.check(
        to_837(case),
        as_of=case.as_of,
        received=case.received,
        preview=True,
        history=history,
        conformance=conformance(edit),
    )
    crashed = report.coverage.filter(pl.col("state") == "crashed")
    assert crashed.is_empty(), crashed
    rows = report.findings.to_dicts()
    wanted = [e for e in expectations if e is not None]
    for unknown, code, attributes in wanted:
        outcome = "unknown" if unknown else "hit"
        matching = [
            r for r in rows
            if r["edit"] == code and r["outcome"] == outcome and all(shown(r, k) == v for k, v in attributes.items())
        ]  # fmt: skip
        of_code = [
            (r["edit"], r["outcome"], r["level"], r["line"], r["denied_line"], r["related_lines"], r["message"])
            for r in rows
        ]
        assert matching, f"no {outcome} of {code} with {attributes}; found {of_code}"
    if edit not in {code for _, code, _ in wanted}:
        stray = [(r["outcome"], r["line"], r["message"]) for r in rows if r["edit"] == edit]
        assert not stray, stray


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_edit_has_a_hit_and_a_near_miss_of_its_own_page(code: str) -> None:
    text = (Path(__file__).parent / "cases" / f"{code}.md").read_text(encoding="utf-8")
    expected = [m for fence in FENCE.findall(text) for m in EXPECT.finditer(fence)]
    assert [m for m in expected if m[3] == code and not m[2]], "no case hits"
    assert [m for m in expected if m[1] == "none"], "no case comes near and passes"
