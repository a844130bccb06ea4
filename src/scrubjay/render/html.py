"""The report as one HTML page that needs nothing else: summary, filters, and each claim drawn as a form.

The page loads nothing: its policy (CSP) allows only its own style and script, named by their hashes.  Patient data is
hidden unless the caller asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import IO, Any

import polars as pl

from scrubjay import catalogue
from scrubjay.refdata_manifest import NOTICE
from scrubjay.render.form import Claim
from scrubjay.render.markup import Content, Markup, page_head, tag
from scrubjay.render.sheet import LEVELS, sheet, views, words
from scrubjay.render.statistics import statistics
from scrubjay.render.style import money, plural
from scrubjay.render.summary import counted, undecided
from scrubjay.report import Report

#: Inputs named in the title; items of a list that is open from the start.
_NAMED, _OPEN = 3, 6
#: Characters of a number that fill its tile.
_LONG = 9
_TITLE = "Scrubjay report"


def write_html(report: Report, out: IO[bytes], *, phi: bool = False) -> None:
    """Write the page.  ``report.kept`` holds the claims to draw; without it the findings stand without their forms."""
    style, script = _asset("page.css"), _asset("page.js")
    head = page_head(f"{_TITLE}: {_inputs(report)}", style, script)
    out.write(f'<!doctype html>\n<html lang="en">{head}<body>\n'.encode())
    for part in _body(report, phi):
        out.write(f"{part}\n".encode())
    out.write(f"{tag('script', Markup(script))}</body></html>\n".encode())


def _asset(name: str) -> str:
    return resources.files("scrubjay.render").joinpath(name).read_text(encoding="utf-8")


def _body(report: Report, phi: bool) -> Iterator[Markup]:
    drawn = list(views(report, phi))
    hits = report.findings.filter(pl.col("outcome") == "hit")
    yield tag("a", "To the claims", href="#claims", class_="skip")
    yield Markup("<main>")
    yield tag("header", tag("p", "Scrubjay", class_="brand"), tag("h1", "What a payer would deny"), _about(report, phi))
    yield _summary(report, hits)
    yield _unchecked(report)
    yield _claims_head(drawn, hits)
    for view in drawn:
        yield sheet(view)
    yield tag("p", "No claim matches these filters.", id="none", hidden=True)
    yield _files(hits, phi)
    yield _edits(hits)
    yield _run(report)
    yield Markup("</main>")


def _inputs(report: Report) -> str:
    names = [str(i["file"]) for i in report.run["inputs"]]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _about(report: Report, phi: bool) -> Markup:
    run = report.run
    auto = run["policy"] == "auto"
    judged = "each claim by its own payer's policy" if auto else f"all claims by policy {run['policy']}"
    private = "Patient data is shown: keep this page as you keep the claims." if phi else "Patient data is hidden."
    return tag("p", tag("b", _inputs(report)), f", judged as of {run['as_of']}, {judged}. {private}", class_="about")


def _summary(report: Report, hits: pl.DataFrame) -> Markup:
    summary = report.summary
    found, clean = summary["findings"], summary["clean_claims"]
    undecided = len(report.findings) - len(hits)
    tiles: list[tuple[str, str, str]] = [
        ("claims", f"{summary['claims']:,}", f"{plural(summary['lines'], 'service line')}"),
        ("clean", f"{clean:,}", "claims without a denial or warning"),
        ("deny", f"{found['deny']:,}", "findings a payer will very likely deny or reject"),
        ("warn", f"{found['warn']:,}", "findings that depend on payer or record"),
        ("info", f"{found['info']:,}", "findings worth knowing"),
        ("at risk", money(summary["amount_at_risk"] or "0"), "charges or estimates, each line once"),
    ]
    if undecided:
        tiles.append(("undecided", f"{undecided:,}", "a needed value is missing"))
    shown = [
        tag(
            "div",
            tag("dt", name),
            tag("dd", tag("span", value, class_="long" if len(value) > _LONG else None), tag("small", note)),
            class_=f"tile {name.replace(' ', '-')}",
        )
        for name, value, note in tiles
    ]
    tables = [_statistics(report, by) for by in ("edit", "payer")] if len(hits) else []
    return tag(
        "section",
        tag("h2", "Summary", class_="aside"),
        tag("dl", shown, class_="tiles"),
        _bar(report),
        tag("div", tables, class_="tables"),
    )


def _bar(report: Report) -> Markup | None:
    """Return the claims as one bar: clean, to be warned of, to be denied."""
    total = report.summary["claims"]
    if not total:
        return None
    ranks = {level: len(LEVELS) - k for k, level in enumerate(LEVELS)}
    worst = (
        report.findings.filter((pl.col("outcome") == "hit") & pl.col("claim_id").is_not_null())
        .group_by("claim_id")
        .agg(pl.col("level").replace_strict(ranks, return_dtype=pl.Int8).max().alias("rank"))["rank"]
        .to_list()
    )
    parts = [
        ("clean", report.summary["clean_claims"]),
        ("warn", worst.count(ranks["warn"])),
        ("deny", worst.count(ranks["deny"])),
    ]
    start, rects = 0.0, []
    for name, count in parts:
        width = 100 * count / total
        rects.append(tag("rect", x=f"{start:.3f}", y=0, width=f"{width:.3f}", height=4, class_=f"part {name}"))
        start += width
    clean, warned, denied = (count for _, count in parts)
    label = f"Of {plural(total, 'claim')}: {clean:,} clean, {warned:,} with warnings alone, {denied:,} to be denied."
    shape = {"viewBox": "0 0 100 4", "preserveAspectRatio": "none", "role": "img", "class_": "bar"}
    drawing = tag("svg", rects, **shape, aria_label=label)
    return tag("figure", drawing, tag("figcaption", label))


def _statistics(report: Report, by: str) -> Markup:
    rows = []
    for row in statistics(report, by)["rows"]:
        if not row["findings"]:
            continue
        name: Content = row["key"]
        if by == "edit":
            about = f"Show the claims with {row['key']}"
            button = tag("button", row["key"], type="button", data_edit=row["key"], title=about)
            name = [button, " ", _name(row)]
        numbers = [f"{row[key]:,}" if row[key] else "" for key in (*LEVELS, "claims")]
        amount = money(row["amount_at_risk"]) if row["amount_at_risk"] is not None else ""
        cells = [tag("td", text, class_="number") for text in (*numbers, amount)]
        rows.append(tag("tr", tag("th", name, scope="row"), cells))
    heads = ["Edit" if by == "edit" else "Payer", *LEVELS, "claims", "at risk"]
    head = tag("tr", [tag("th", text, scope="col", class_="number" if n else None) for n, text in enumerate(heads)])
    return tag("table", tag("caption", f"By {by}"), tag("thead", head), tag("tbody", rows), class_="counts")


def _unchecked(report: Report) -> Markup:
    """Return what was not decided, not run or not read; nothing where all was checked."""
    items = [tag("li", tag("b", f"{e['file']}: "), e["message"]) for e in report.errors]
    items += [tag("li", tag("b", edit), f" {words}") for edit, words in sorted([*undecided(report), *counted(report)])]
    groups: dict[tuple[str, str], list[str]] = {}
    for row in report.coverage.iter_rows(named=True):
        if row["state"] != "ran":
            groups.setdefault((row["state"], row["why"] or ""), []).append(row["edit"])
    items += [tag("li", tag("b", ", ".join(codes)), f" {state}: {why}") for (state, why), codes in groups.items()]
    if not items:
        return tag("p", "Every edit that was asked for ran, and no value it needs was missing.", class_="complete")
    title = tag("summary", tag("h2", f"What could not be checked ({len(items)})"))
    return tag("details", title, tag("ul", items), open=len(items) <= _OPEN, class_="unchecked")


def _claims_head(drawn: list[Claim], hits: pl.DataFrame) -> Markup:
    total = hits["claim_id"].drop_nulls().n_unique()
    told = None
    if total > len(drawn):
        told = tag(
            "p",
            f"{plural(total, 'claim')} have findings; the {len(drawn):,} with the most at stake are drawn here. "
            "The formats csv, parquet and json list them all.",
            class_="limit",
        )
    payers = sorted({view.head["payer"] or "" for view in drawn})
    edits = sorted({f["edit"] for view in drawn for f in view.findings})
    filters = tag(
        "form",
        _choice("payer", "Payer", payers),
        _choice("edit", "Edit", edits),
        tag(
            "fieldset",
            tag("legend", "Level"),
            [tag("label", tag("input", type="checkbox", name="level", value=level, checked=True), " ", level) for level in LEVELS],
        ),
        tag("label", tag("span", "Claim"), tag("input", type="search", name="claim", size=14)),
        tag("button", "Reset", type="reset"),
        tag("output", plural(len(drawn), "claim"), id="shown", aria_live="polite"),
        id="filters",
        class_="filters",
        hidden=True,
        aria_label="Filter the claims",
    )  # fmt: skip
    title = tag("h2", "Claims with findings" if drawn else "No claim has a finding")
    return tag("section", title, told, filters if drawn else None, id="claims", tabindex="-1")


def _choice(name: str, label: str, values: list[str]) -> Markup:
    options = [tag("option", "all", value=""), *(tag("option", value, value=value) for value in values)]
    return tag("label", tag("span", label), tag("select", options, name=name))


def _files(hits: pl.DataFrame, phi: bool) -> Markup:
    """Return the findings about whole files and transactions."""
    rows = hits.filter(pl.col("claim_id").is_null()).to_dicts()
    if not rows:
        return Markup()
    items = [
        tag(
            "li",
            tag("h3", tag("span", row["level"], class_=f"badge {row['level']}"), " ", row["edit"], " ", _name(row)),
            tag("p", row["file"], f", transaction {row['transaction']}" if row["transaction"] else None),
            words(row, "the payer", phi=phi),
            class_=f"finding {row['level']}",
        )
        for row in rows
    ]
    return tag("section", tag("h2", "Findings about whole files"), tag("ol", items, class_="findings"))


def _name(row: Mapping[str, Any]) -> str:
    return str(row["name"] or "").replace("-", " ")


def _edits(hits: pl.DataFrame) -> Markup:
    """Return why each edit that was found matters."""
    items = []
    for code in sorted(hits["edit"].unique().to_list()):
        edit = catalogue.by_code(code)
        if edit is None:
            continue
        about = [tag("p", _prose(block)) for block in re.split(r"\n\s*\n", edit["doc"]["Why it matters"])]
        items.append(tag("div", tag("dt", tag("b", code), " ", edit["summary"]), tag("dd", about)))
    if not items:
        return Markup()
    title = tag("summary", tag("h2", "Why these findings matter"))
    return tag("details", title, tag("dl", items, class_="why"))


def _prose(block: str) -> str:
    return " ".join(block.split()).replace("`", "")


def _run(report: Report) -> Markup:
    rows = [
        tag("tr", tag("th", r["name"], scope="row"), [tag("td", r[key] or "") for key in ("edition", "from", "to")])
        for r in report.run["references"]
    ]
    heads = tag("tr", [tag("th", text, scope="col") for text in ("table", "edition", "from", "to")])
    table = tag("table", tag("thead", heads), tag("tbody", rows), class_="counts")
    title = tag("summary", tag("h2", "Reference editions"))
    made = f"Scrubjay {report.run['version']}, catalogue {report.run['catalogue'][:12]}, {len(report.coverage)} edits."
    notice = tag("p", NOTICE.replace("\n", " "))
    return tag("footer", tag("details", title, tag("div", table, class_="scroll")), tag("p", made), notice)
