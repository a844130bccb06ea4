"""The findings as SARIF 2.1.0, for code scanning and for whoever collects findings of many tools.

A line number is a segment number of the file (ISA = 1).  Unless ``phi`` is set nothing of the claim leaves: a key stands
for its number, and messages are the catalogue's.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib import metadata
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from scrubjay import catalogue
from scrubjay.render.concise import denial_codes
from scrubjay.render.private import claim_keys, edition_of, place_of, summary_of
from scrubjay.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"deny": "error", "warn": "warning", "info": "note"}
PAGES = "docs/edits"

Json = dict[str, Any]


def write_sarif(report: Report, out: IO[bytes], *, phi: bool = False) -> None:
    """Write the report as one SARIF log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, phi)]}
    out.write(json.dumps(log, ensure_ascii=False, indent=1).encode(errors="replace") + b"\n")


def _run(report: Report, phi: bool) -> Json:
    rows = report.findings.to_dicts()
    told = [row["edit"] for row in report.coverage.iter_rows(named=True) if row["state"] != "ran"]
    codes = sorted({*told, *(row["edit"] for row in rows)})
    rules = {code: index for index, code in enumerate(codes)}
    keys = claim_keys(report)
    files = {str(item["file"]): index for index, item in enumerate(report.run["inputs"])}
    driver = {
        "name": "Scrubjay",
        "version": report.run["version"],
        "semanticVersion": report.run["version"],
        "rules": [_rule(code) for code in codes],
    }
    return {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, rules)],
        "artifacts": [
            {"location": {"uri": uri(item["file"])}, "length": item["bytes"], "roles": ["analysisTarget"]}
            for item in report.run["inputs"]
        ],
        "results": [_result(row, rules, files, keys.get(row["claim_id"]), phi) for row in rows],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "asOf": report.run["as_of"],
            "policy": report.run["policy"],
            "catalogue": report.run["catalogue"],
            "lines": "startLine is the number of a segment, ISA = 1",
        },
    }


def _rule(code: str) -> Json:
    edit = catalogue.by_code(code)
    if edit is None:
        return {"id": code}
    doc = edit["doc"]
    parts = [(title, _plain(doc[title])) for title in ("What it does", "Why it matters", "Fix")]
    rule: Json = {
        "id": code,
        "name": "".join(word.capitalize() for word in edit["name"].split("-")),
        "shortDescription": {"text": edit["summary"]},
        "fullDescription": {"text": parts[0][1]},
        "help": {
            "text": "\n\n".join(f"{title}: {text}" for title, text in parts),
            "markdown": "\n\n".join(f"**{title}**\n\n{doc[title]}" for title, _ in parts),
        },
        "defaultConfiguration": {"level": LEVELS.get(edit["level"], "none")},
        "properties": {"tags": [edit["category"]], "page": f"{PAGES}/{code}.md", "sources": edit["sources"]},
    }
    address = documentation()
    if address:
        rule["helpUri"] = f"{address}/{PAGES}/{code}.md"
    return rule


def documentation() -> str | None:
    """Return the address that the package declares for its documentation; ``helpUri`` must be absolute, so none without."""
    try:
        declared = metadata.metadata("scrubjay").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return None
    addresses = dict(re.split(r",\s*", entry, maxsplit=1) for entry in declared)
    found = addresses.get("Documentation")
    return found.rstrip("/") if found else None


def _plain(text: str) -> str:
    return " ".join(text.split())


def _result(row: Json, rules: dict[str, int], files: dict[str, int], key: str | None, phi: bool) -> Json:
    name = row["claim"] if phi else key
    text = row["message"] if phi else summary_of(row)
    if phi and row["found"]:
        text += f" Found: {row['found']}."
    unknown = row["outcome"] == "unknown"
    artifact: Json = {"uri": uri(row["file"])}
    if row["file"] in files:
        artifact["index"] = files[row["file"]]
    physical: Json = {"artifactLocation": artifact}
    if row["segment"]:
        physical["region"] = {"startLine": row["segment"]}
    place = place_of(row, name)
    properties = {
        "category": row["category"],
        "claim": name,
        "line": row["line"],
        "relatedLines": row["related_lines"],
        "deniedLine": row["denied_line"],
        "element": row["element"],
        "box": row["box"],
        "denial": denial_codes(row["group"], row["carc"], row["rarc"]) or None,
        "fix": (row["fix"] or {}).get("safety"),
        "policy": row["policy"],
        "reference": row["reference"] if phi else edition_of(row),
        "amountAtRisk": row["amount_at_risk"] if phi else None,
    }
    known = (key or row["file"], row["edit"], row["line"], row["element"], row["outcome"])
    mark = hashlib.sha256("\x1f".join(map(str, known)).encode(errors="replace")).hexdigest()
    return {
        "ruleId": row["edit"],
        "ruleIndex": rules[row["edit"]],
        "kind": "open" if unknown else "fail",
        "level": "none" if unknown else LEVELS[row["level"]],
        "message": {"text": f"{text} ({place})"},
        "locations": [{"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": place}]}],
        "partialFingerprints": {"scrubjayFinding/v1": mark[:32]},
        "properties": {name: value for name, value in properties.items() if value not in (None, [])},
    }


def _invocation(report: Report, rules: dict[str, int]) -> Json:
    """Return how the run went: inputs that broke, and edits that did not run."""
    failed = [
        {
            "level": "error",
            "message": {"text": error["message"]},
            "locations": [{"physicalLocation": _at(error)}],
        }
        for error in report.errors
    ]
    quiet = []
    crashed = False
    for row in report.coverage.iter_rows(named=True):
        if row["state"] != "ran":
            crashed = crashed or row["state"] == "crashed"
            quiet.append(
                {
                    "level": "error" if row["state"] == "crashed" else "warning",
                    "message": {"text": f"{row['edit']} {row['state']}: {row['why'] or 'no reason given'}"},
                    "associatedRule": {"id": row["edit"], "index": rules[row["edit"]]},
                }
            )
    return {
        "executionSuccessful": not failed and not crashed,
        "toolExecutionNotifications": failed,
        "toolConfigurationNotifications": quiet,
    }


def _at(error: Json) -> Json:
    place: Json = {"artifactLocation": {"uri": uri(error["file"])}}
    if error["segment"]:
        place["region"] = {"startLine": error["segment"]}
    return place


def uri(name: str) -> str:
    """Return a file name as a URI reference: relative names stay relative."""
    path = Path(name)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix(), safe="/~!$&'()*+,;=@", errors="replace")
