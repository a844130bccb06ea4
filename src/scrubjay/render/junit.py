"""The findings as JUnit XML, for build servers: one suite an input, one test case a finding, one suite for what ran.

Unless ``phi`` is set nothing of the claim leaves: a key stands for its number, and messages are the catalogue's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from scrubjay.render.concise import denial_codes
from scrubjay.render.private import claim_keys, edition_of, place_of, summary_of
from scrubjay.render.style import clean, plural
from scrubjay.report import Report

_RANK = {"deny": 0, "warn": 1, "info": 2}


class _Suite:
    """The test cases of a suite as XML, counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[str] = []
        self.counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}

    def add(self, group: str, name: str, result: str = "", *attributes: tuple[str, str], body: str = "") -> None:
        """Add a case; ``result`` is ``failure``, ``error``, ``skipped``, ``system-out`` or empty for a pass."""
        self.counts["tests"] += 1
        counted = {"failure": "failures", "error": "errors", "skipped": "skipped"}.get(result)
        if counted:
            self.counts[counted] += 1
        inner = ""
        if result:
            written = "".join(f" {key}={_quoted(value)}" for key, value in attributes)
            inner = f"\n      <{result}{written}>{escape(_safe(body))}</{result}>\n    "
        self.cases.append(f"    <testcase classname={_quoted(group)} name={_quoted(name)}>{inner}</testcase>\n")

    def xml(self) -> Iterator[str]:
        counts = "".join(f' {key}="{value}"' for key, value in self.counts.items())
        yield f"  <testsuite name={_quoted(self.name)}{counts}>\n"
        yield from self.cases
        yield "  </testsuite>\n"


def write_junit(report: Report, out: IO[bytes], *, fail_on: str = "deny", phi: bool = False) -> None:
    """Write the report; findings at or above ``fail_on`` are failures, the others pass with their text as output."""
    suites = {str(item["file"]): _Suite(str(item["file"])) for item in report.run["inputs"]}
    keys = claim_keys(report)
    for row in report.findings.iter_rows(named=True):
        _finding(suites.setdefault(row["file"], _Suite(row["file"])), row, keys.get(row["claim_id"]), fail_on, phi)
    for error in report.errors:
        suite = suites.setdefault(error["file"], _Suite(error["file"]))
        place = "input" if error["segment"] is None else f"segment {error['segment']}"
        suite.add("scrubjay.input", place, "error", ("type", "input"), ("message", error["message"]))
    for item in report.run["inputs"]:
        suite = suites[str(item["file"])]
        if not suite.cases:
            suite.add("scrubjay.claims", f"{plural(item['claims'], 'claim')} without a finding")
    every = [*suites.values(), _coverage(report)]
    totals = "".join(f' {key}="{sum(suite.counts[key] for suite in every)}"' for key in every[0].counts)
    out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="scrubjay"{totals}>\n'.encode())
    for suite in every:
        out.writelines(piece.encode() for piece in suite.xml())
    out.write(b"</testsuites>\n")


def _finding(suite: _Suite, row: dict[str, Any], key: str | None, fail_on: str, phi: bool) -> None:
    place = place_of(row, row["claim"] if phi else key)
    at = f"segment {row['segment']}" if row["segment"] is not None else ""
    name = ", ".join(part for part in (f"{row['edit']} {place}", at) if part)
    text = row["message"] if phi else summary_of(row)
    group = f"scrubjay.{row['category']}.{row['edit']}"
    if row["outcome"] == "unknown":
        suite.add(group, name, "skipped", ("message", text))
        return
    details = [f"denial: {denial}" if (denial := denial_codes(row["group"], row["carc"], row["rarc"])) else ""]
    details += [f"element: {row['element']}" if row["element"] else "", f"policy: {row['policy']}"]
    reference = row["reference"] if phi else edition_of(row)
    details += [f"reference: {reference}" if reference else ""]
    if phi:
        details += [f"{key}: {row[key]}" for key in ("found", "expected") if row[key]]
    body = "\n".join(part for part in (f"{row['level']}: {text}", *details) if part)
    fails = fail_on != "never" and _RANK[row["level"]] <= _RANK[fail_on]
    if fails:
        suite.add(group, name, "failure", ("type", row["level"]), ("message", text), body=body)
    else:
        suite.add(group, name, "system-out", body=body)


def _coverage(report: Report) -> _Suite:
    suite = _Suite("edits")
    for row in report.coverage.iter_rows(named=True):
        if row["state"] == "ran":
            suite.add("scrubjay.edits", row["edit"])
        else:
            result = "error" if row["state"] == "crashed" else "skipped"
            suite.add("scrubjay.edits", row["edit"], result, ("message", f"{row['state']}: {row['why'] or ''}"))
    return suite


def _safe(text: str) -> str:
    """Return text without characters that XML forbids; line ends stay."""
    return "\n".join(clean(line) for line in text.split("\n"))


def _quoted(text: str) -> str:
    return quoteattr(clean(text))
