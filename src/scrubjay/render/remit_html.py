"""A study of remittances as one HTML page that needs nothing else: charts, tables, and what to do by when.

The page loads nothing and runs nothing: its policy (CSP) allows only its own style, named by its hash.  It holds no
name and no member number of a patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import IO, Any

import polars as pl

from scrubjay import catalogue
from scrubjay.learn.decide import ACTIONS
from scrubjay.learn.document import dollars, payments, unmatched
from scrubjay.learn.findings import findings
from scrubjay.learn.study import Study
from scrubjay.refdata_manifest import NOTICE
from scrubjay.render.charts import by_payer, pareto, rates_over_time
from scrubjay.render.markup import Content, Markup, page_head, tag
from scrubjay.render.style import money, plural

_ROWS, _COUNTED = 200, 25
"""Rows of a table at most; the machine formats have all."""


def write_html(study: Study, out: IO[bytes]) -> None:
    """Write the page."""
    style = "".join(
        resources.files("scrubjay.render").joinpath(name).read_text(encoding="utf-8")
        for name in ("page.css", "remit.css")
    )
    head = page_head("Scrubjay: what payers denied", style)
    out.write(f'<!doctype html>\n<html lang="en">{head}<body><main>\n'.encode())
    for part in _body(study):
        out.write(f"{part}\n".encode())
    out.write(b"</main></body></html>\n")


def _body(study: Study) -> Iterator[Markup]:
    remits = study.read.remits
    about = (
        f"{plural(len(remits.payments), 'payment')} with {plural(len(remits.claims), 'claim')}"
        f" and {plural(len(remits.lines), 'service line')}, read as of {study.as_of}. Patients' names are not shown."
    )
    yield tag(
        "header", tag("p", "Scrubjay", class_="brand"), tag("h1", "What payers denied"), tag("p", about, class_="about")
    )
    yield _tiles(study)
    if study.errors:
        yield tag(
            "p",
            f"{plural(len(study.errors), 'input')} or part of one could not be read; the run told which.",
            class_="trouble",
        )
    off = study.unbalanced
    if len(off):
        yield tag(
            "p",
            f"{plural(len(off), 'amount')} of the remittances does not add up; see the last table.",
            class_="trouble",
        )
    months = [row for row in study.by("month") if row["key"] != "(no date)"]
    reasons, payers = study.by("denial"), study.by("payer")
    interval = "with 95 % Wilson intervals"
    drawn = [
        _figure(title, note, chart(rows))
        for title, note, chart, rows in (
            ("Denial rate by month of payment", f"share of services denied, {interval}", rates_over_time, months),
            ("Dollars denied by reason", "most first; the line is what they come to together", pareto, reasons),
            ("Denial rate by payer", f"{interval}; dollars denied at the right", by_payer, payers),
        )
        if rows
    ]
    yield tag("h2", "At a glance")
    yield tag("section", *drawn, class_="charts")
    yield tag("h2", "Counts")
    yield tag(
        "section",
        _counts("By reason and remarks", "reason", reasons, ("denied", "dollars", "meaning")),
        _counts("By payer", "payer", payers, ("denied", "dollars", "services", "rate")),
        _counts("By code", "code", study.by("code"), ("denied", "dollars", "services", "rate")),
        _counts("By edit that predicts it", "edit", study.by("edit"), ("denied", "dollars", "warned", "name")),
        _counts("By provider", "NPI", study.by("provider"), ("denied", "dollars", "services", "rate")),
        class_="tables",
    )
    if len(study.denials):
        yield tag("h2", "Denials")
        yield _denials(study)
    yield from _rest(study)
    yield tag("footer", tag("p", NOTICE, class_="about"))


def _figure(title: str, note: str, chart: Markup) -> Markup:
    return tag("figure", tag("figcaption", title, tag("small", note)), chart)


def _money(cents: int | None) -> str:
    return money(dollars(cents) or "0")


def _tiles(study: Study) -> Markup:
    totals = study.totals()
    warned = study.denials.filter(pl.col("warned"))
    known = study.denials.filter(pl.col("warned").is_not_null())
    open_ = study.denials.filter(pl.col("appealable") | (pl.col("action") == "new-claim"))
    tiles = [
        ("claims", "charged", _money(totals["charged"]), "as the remittances state it"),
        ("clean", "paid", _money(totals["paid"]), "on claims, before provider adjustments"),
        ("deny", "denied", _money(totals["denied"]), plural(len(study.denials), "denial")),
        (
            "at-risk",
            "may be recovered",
            _money(int(open_["amount_cents"].sum())),
            f"{plural(len(open_), 'denial')} to correct or appeal",
        ),
    ]
    if len(known):
        note = f"the scrubber had warned of {len(warned):,} of {len(known):,}"
        tiles.append(("warn", "foreseen", f"{len(warned) / len(known):.0%}", note))

    def tile(kind: str, label: str, value: str, note: str) -> Markup:
        number = tag("dd", tag("span", value, class_="long"), tag("small", note))
        return tag("div", tag("dt", label), number, class_=f"tile {kind}")

    return tag("dl", *(tile(*row) for row in tiles), class_="tiles")


_COLUMNS = {
    "denied": "denied",
    "dollars": "dollars denied",
    "services": "services",
    "rate": "rate (95 % interval)",
    "warned": "warned",
    "meaning": "meaning",
    "name": "what it is",
}
_WORDY = ("meaning", "name")


def _counts(title: str, head: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Markup:
    def cell(row: dict[str, Any], column: str) -> Markup:
        match column:
            case "dollars":
                return tag("td", _money(row["denied_cents"]), class_="number")
            case "rate":
                share = "-" if row["rate"] is None else f"{row['rate']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
                return tag("td", share, class_="number")
            case "meaning":
                return tag("td", row["meaning"])
            case "name":
                edit = catalogue.by_code(row["key"])
                return tag("td", edit["summary"] if edit else "")
            case _:
                return tag("td", f"{row[column]:,}", class_="number")

    heads = [tag("th", _COLUMNS[c], scope="col", class_=None if c in _WORDY else "number") for c in columns]
    body = [
        tag("tr", tag("th", str(row["key"]), scope="row"), *(cell(row, c) for c in columns)) for row in rows[:_COUNTED]
    ]
    return tag(
        "table",
        tag("caption", title),
        tag("thead", tag("tr", tag("th", head, scope="col"), *heads)),
        tag("tbody", *body),
        class_="counts",
    )


def _denials(study: Study) -> Markup:
    rows = study.denials.sort("amount_cents", "denial_id", descending=[True, False])
    head = ("claim", "line", "code", "payer", "service", "dollars", "what happened", "predicted by", "what to do", "by")

    def cells(row: dict[str, Any]) -> tuple[Content, ...]:
        warned = {True: "warned", False: "not warned", None: "claim not given"}[row["warned"]]
        do: list[Content] = [ACTIONS[row["action"]]]
        if row["why"] != ACTIONS[row["action"]]:
            do += [tag("br"), tag("small", row["why"])]
        if not row["appealable"]:
            do += [tag("br"), tag("small", "not appealable", class_="no-appeal")]
        days = None if row["deadline"] is None else (row["deadline"] - study.as_of).days
        left = "" if days is None else f"{days:,} days" if days >= 0 else "past"
        mods = " ".join([row["code"] or "whole claim", *(row["modifiers"] or [])])
        return (
            row["claim"], "" if row["line"] is None else str(row["line"]), mods, row["payer"], str(row["service_date"] or ""),
            _money(row["amount_cents"]), row["reading"], [row["edit"] or "no edit", tag("br"), tag("small", warned)], do,
            "" if days is None else [str(row["deadline"]), tag("br"), tag("small", left)],
        )  # fmt: skip

    note = f"{plural(len(rows), 'denial')}, the most dollars first" + (
        f"; the first {_ROWS} are shown" if len(rows) > _ROWS else ""
    )
    body = [
        tag(
            "tr",
            *(
                tag("td", content, class_={1: "number", 5: "number", 0: "short", 4: "short", 9: "short"}.get(k))
                for k, content in enumerate(cells(row))
            ),
        )
        for row in rows.head(_ROWS).iter_rows(named=True)
    ]
    heads = tag("tr", *(tag("th", name, scope="col") for name in head))
    table = tag("table", tag("caption", note), tag("thead", heads), tag("tbody", *body), class_="counts")
    return tag("div", table, class_="wide")


def _rest(study: Study) -> Iterator[Markup]:
    found = findings(study, phi=False)
    loose = unmatched(study)
    pays = payments(study)
    paid = [
        (p["payer"], p["date"], p["trace"], _stated(p["amount"]), str(p["claims"]), "yes" if p["balanced"] else "no")
        for p in pays
    ]
    alone = [
        (u["claim"], u["date"], _stated(u["charged"]), u["kind"].replace("-", " "), (u["nearest"] or {}).get("claim"))
        for u in loose
    ]
    wrong = [(f["file"], str(f["segment"]), f["level"], f["message"], f["found"], f["expected"]) for f in found]
    listed: tuple[tuple[str, tuple[str, ...], list[tuple[str | None, ...]]], ...] = (
        ("Payments", ("payer", "date", "trace", "amount", "claims", "balances"), [*paid]),
        ("Without a partner", ("claim", "date", "charged", "what", "nearest claim"), [*alone]),
        ("What is wrong with the files", ("file", "segment", "level", "what", "found", "expected"), [*wrong]),
    )
    for title, head, rows in listed:
        if not rows:
            continue
        more = f"; the first {_ROWS} of {len(rows):,}" if len(rows) > _ROWS else ""
        yield tag("h2", title)
        yield tag(
            "div",
            tag(
                "table",
                tag("caption", f"{title}{more}", class_="aside" if not more else None),
                tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head))),
                tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows[:_ROWS])),
                class_="counts",
            ),
            class_="wide",
        )


def _stated(amount: str | None) -> str:
    return money(amount) if amount is not None else "unreadable"
