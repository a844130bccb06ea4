"""What every generated page is made from, and the few forms of Markdown they use."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from scrubjay import catalogue, policy, refdata
from scrubjay.explain.index import Index
from scrubjay.policy import PolicySet
from scrubjay.policy_layer import Interval
from scrubjay.refdata import References

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"
ROWS = ROOT / "tools" / "tables" / "catalogue_rows.csv"
GENERATED = "<!-- Written by tools/build_docs.py from the program itself; change that, not this page. -->"
SHOWN_RANGES = 8

Edit = dict[str, Any]

CATEGORIES = {
    "rejection": "the front end refuses the claim or the file",
    "denial": "the payer refuses to pay",
    "underpayment": "less is paid than the service is worth",
    "compliance": "it may be paid, and should not be",
    "hygiene": "nothing is lost yet",
}
CONFIDENCE = {
    "sourced": "every part rests on a text that was read",
    "partly": "partly on a text that was read, partly on common practice",
    "memory": "on common practice; no text was found, so it never denies",
}
SAFETY = {
    "safe": "safe: only how it is written changes",
    "review": "review: a named person with the chart decides",
    "advice": "advice: never applied by a program",
    "none": "none",
}


@dataclass(frozen=True)
class Facts:
    """The catalogue, the policies and the tables as packaged; nothing of the user's."""

    edits: list[Edit]
    policies: PolicySet
    refs: References
    index: Index
    rows: list[dict[str, str]]
    _groups: dict[str, list[str]] = field(default_factory=dict)

    def names(self) -> dict[str, str]:
        """Return the name of every edit by code."""
        return {edit["code"]: edit["name"] for edit in self.edits}

    def payers(self) -> list[str]:
        """Return the policies, lines of business before the payers that extend them."""
        first = ["generic", "medicare", "medicare-advantage", "medicaid", "commercial"]
        return [*first, *(name for name in self.policies.names() if name not in first)]

    def group(self, name: str) -> list[str]:
        """Return the ranges of a code group as ``96360-96379``."""
        if not self._groups:
            for row in self.refs.frame("groups").iter_rows(named=True):
                low, high = row["low"], row["high"]
                self._groups.setdefault(row["group"], []).append(low if low == high else f"{low}-{high}")
        return list(dict.fromkeys(self._groups.get(name, [])))


def gather() -> Facts:
    """Return what the pages are made from."""
    with ROWS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return Facts(catalogue.edits(), policy.load(), refdata.load(user=False), Index.packaged(), rows)


def page(title: str, *blocks: str) -> str:
    """Return a page: title, the note that it is generated, and its blocks."""
    return "\n\n".join([f"# {title}", GENERATED, *(block.strip("\n") for block in blocks if block)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return a Markdown table; columns in ``right`` are numbers."""
    marks = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [list(head), marks, *([cell(text) for text in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(text: str) -> str:
    """Return text that may stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def anchor(number: int, title: str) -> str:
    """Return what a numbered heading (``4. One dose in two``) is linked by."""
    words = re.sub(r"[^\w\s-]", "", title.lower())
    return f"{number}-{'-'.join(words.split())}"


def fence(text: str, kind: str = "") -> str:
    """Return a fenced block."""
    return f"```{kind}\n{text.strip(chr(10))}\n```"


def first_paragraph(text: str) -> str:
    """Return the first paragraph on one line."""
    return " ".join(re.split(r"\n\s*\n", text.strip())[0].split())


def title_of(edit: Edit) -> str:
    """Return ``EM01 office visit without 25``."""
    return f"{edit['code']} {edit['name'].replace('-', ' ')}"


def reason_of(edit: Edit) -> str:
    """Return the adjustment reason a payer would give, ``CO-97``, or nothing."""
    return "-".join(part for part in (edit["group"], edit["carc"]) if part) if edit["carc"] else ""


def place(edit: Edit) -> str:
    """Return ``SV101-2, box 24D`` or nothing."""
    return ", ".join(part for part in (edit["element"], f"box {edit['box']}" if edit["box"] else "") if part)


def scope(facts: Facts, edit: Edit) -> str:
    """Return what an edit looks at in words."""
    things = {"line": "service lines", "claim": "claims", "transaction": "transactions", "file": "files"}[edit["grain"]]
    if edit["scope"] in (None, "*"):
        return things
    ranges = facts.group(edit["scope"])
    named = ", ".join(ranges) if len(ranges) <= SHOWN_RANGES else f"{len(ranges)} codes and ranges of codes"
    return f"{things} of {named} (group `{edit['scope']}`)"


def span(start: object, end: object) -> str:
    """Return an interval in words, empty where it is open on both sides."""
    if start is None and end is None:
        return ""
    return f"from {start}" if end is None else f"to {end}" if start is None else f"{start} to {end}"


def timeline(intervals: Sequence[Interval]) -> str:
    """Return ``off to 2021-12-31, deny from 2022-01-01``; neighbours of one value are one."""
    joined: list[list[Any]] = []
    for interval in intervals:
        if joined and joined[-1][0] == interval.winner.value:
            joined[-1][2] = interval.end
        else:
            joined.append([interval.winner.value, interval.start, interval.end])
    return ", ".join(f"{value} {span(start, end)}".strip() for value, start, end in joined)


def reasons(intervals: Sequence[Interval]) -> tuple[str, str]:
    """Return reasons and sources of the values of a timeline, each once; an ``off`` is explained only where all are off."""
    intervals = [i for i in intervals if i.winner.value != "off"] or intervals
    why = list(dict.fromkeys(i.winner.reason for i in intervals if i.winner.reason))
    said = list(dict.fromkeys(i.winner.source for i in intervals if i.winner.source))
    return "; ".join(why), "; ".join(said)


def mue(facts: Facts, code: str) -> tuple[str, str]:
    """Return the newest unit limits of a code: Medicare's and Medicaid's."""
    found = []
    for name in ("mue", "mue_medicaid"):
        frame = facts.refs.frame(name).filter(pl.col("hcpcs") == code).sort("valid_from")
        found.append(str(frame["value"][-1]) if len(frame) else "")
    return found[0], found[1]
