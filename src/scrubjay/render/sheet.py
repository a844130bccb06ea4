"""One claim of the HTML page: its form, and beside it every finding with citation and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from scrubjay.model import Tables
from scrubjay.render.form import Claim, form
from scrubjay.render.markup import Content, Markup, tag
from scrubjay.render.style import money
from scrubjay.render.text import effect_words
from scrubjay.report import Report

LEVELS = ("deny", "warn", "info")


def views(report: Report, phi: bool) -> Iterator[Claim]:
    """Yield what is to be drawn, claim by claim in the order of the run."""
    kept = report.kept if report.kept is not None else Tables.empty()
    ids = kept.claims.select("claim_id")
    wanted = report.findings.filter(pl.col("outcome") == "hit").join(
        ids, on="claim_id", how="semi", maintain_order="left"
    )
    findings = _by_claim(wanted)
    lines, diagnoses, notes = (_by_claim(frame) for frame in (kept.lines, kept.diagnoses, kept.notes))
    heads = {row["claim_id"]: row for row in report.claims.join(ids, on="claim_id", how="semi").iter_rows(named=True)}
    for row in kept.claims.iter_rows(named=True):
        key = row["claim_id"]
        if key not in findings:
            continue
        yield Claim(
            key=f"c{key}",
            head=heads[key],
            claim=row,
            lines=lines.get(key, []),
            diagnoses=diagnoses.get(key, []),
            notes=notes.get(key, []),
            findings=findings[key],
            phi=phi,
        )


def _by_claim(frame: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        grouped.setdefault(row["claim_id"], []).append(row)
    return grouped


def sheet(view: Claim) -> Markup:
    """Return the claim as an article: what heads it, its form, its findings."""
    head = view.head
    levels = [f["level"] for f in view.findings]
    badges = [tag("span", f"{levels.count(n)} {n}", class_=f"badge {n}") for n in LEVELS if n in levels]
    facts = [head["payer"], head["service_date"] and head["service_date"].isoformat(), f"place {head['pos'] or '?'}"]
    facts += [money(head["charge"]) if head["charge"] else None, _at_risk(view)]
    title = tag("h3", f"Claim {head['claim'] or '(no number)'}", id=f"{view.key}-title")
    line = tag("p", " · ".join(str(fact) for fact in facts if fact), class_="facts")
    items = [_finding(view, number) for number in range(len(view.findings))]
    return tag(
        "article",
        tag("header", title, tag("p", badges), line),
        tag("div", form(view), tag("ol", items, class_="findings", aria_label="Findings"), class_="sheet"),
        id=view.key,
        class_="claim",
        aria_labelledby=f"{view.key}-title",
        data_payer=head["payer"] or "",
        data_claim=(head["claim"] or "").lower(),
        data_hits=" ".join(sorted({f"{f['edit']}:{f['level']}" for f in view.findings})),
    )


def _at_risk(view: Claim) -> str | None:
    """Return the claim's money at risk, each line once; the whole charge where the whole claim is at risk."""
    cents = {f["risk_line"]: f["at_risk_cents"] for f in view.findings if f["at_risk_cents"] is not None}
    if not cents:
        return None
    total = cents[None] if None in cents else sum(cents.values())
    return f"{money(str(Decimal(total) / 100))} at risk"


def _finding(view: Claim, number: int) -> Markup:
    row = view.findings[number]
    line = f"line {row['line']}" if row["line"] is not None else "claim"
    where = f"{line}, box {row['box']}" if row["box"] else line
    label = tag("span", number + 1, class_=f"mark {row['level']}", aria_hidden="true")
    title = tag(
        "h4", label, " ", tag("span", row["level"], class_=f"badge {row['level']}"), " ", row["edit"], " ",
        tag("span", row["name"].replace("-", " "), class_="name"), " ", tag("span", where, class_="where"),
    )  # fmt: skip
    payer = view.head["payer"] or "the payer"
    own = f"{view.key}-f{number + 1}"
    return tag("li", title, words(row, payer, phi=view.phi), id=own, class_=f"finding {row['level']}", tabindex="-1")


def words(row: Mapping[str, Any], payer: str, *, phi: bool) -> list[Markup]:
    """Return what a finding says: the message, then facts by name."""
    fix = row["fix"]
    remedy: Content = None
    if fix and fix["safety"]:
        patches = [
            tag("span", f"{p['element']}: {p['old'] or '(empty)'} becomes {p['new'] or '(empty)'}", class_="patch")
            for p in fix["patches"] or ()
        ]
        remedy = [tag("b", fix["safety"]), ": ", fix["text"], " ", patches]
    cited = "; ".join(word for word in (row["reference"], *row["sources"]) if word)
    facts: list[tuple[str, Content]] = [
        ("Found", row["found"]),
        ("Expected", row["expected"]),
        ("Effect", effect_words(dict(row), payer)),
        ("Remedy", remedy),
        ("By", f"{cited}; policy {row['policy']}"),
        ("In the file", _segment(row, phi=phi)),
    ]
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts if value]
    return [tag("p", row["message"], class_="message"), tag("dl", pairs)]


def _segment(row: Mapping[str, Any], *, phi: bool) -> Content:
    """Return the segment as written, with the element marked."""
    raw, start, length = row["raw"], row["raw_start"], row["raw_length"]
    if row["segment"] is None:
        return str(row["element"]) if row["element"] else None
    at = ", ".join(word for word in (f"segment {row['segment']}", row["element"]) if word)
    if raw is None:
        return at
    if not phi:
        raw = _veiled(raw)
    if start is None or not length:
        return [at, tag("br"), tag("code", raw)]
    marked = tag("mark", raw[start : start + length])
    return [at, tag("br"), tag("code", raw[:start], marked, raw[start + length :])]


def _veiled(raw: str) -> str:
    """Return a segment with as many dots in the place of its free text: a note, or the description of a service."""
    mark = raw[3:4]
    parts = raw.split(mark) if mark else [raw]
    if parts[0] == "NTE":
        parts[2:3] = ["." * len(text) for text in parts[2:3]]
    elif parts[0] == "SV1" and len(parts) > 1 and len(parts[1]) > 2:
        pieces = parts[1].split(parts[1][2])
        pieces[6:7] = ["." * len(text) for text in pieces[6:7]]
        parts[1] = parts[1][2].join(pieces)
    return mark.join(parts)
