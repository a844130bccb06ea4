"""A study of remittances for a person at a terminal: money, what was denied and why, and what to do by when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.learn.decide import ACTIONS
from scrubjay.learn.document import acknowledgements, dollars, payments, unmatched
from scrubjay.learn.findings import findings
from scrubjay.learn.study import Study
from scrubjay.render.style import Style, clean, money, plural

SHOWN, COPIES = 50, 5
"""Denials, findings or unmatched payments listed at most; csv, parquet and json have all."""

HEADINGS = {
    "payer": "payer",
    "code": "code",
    "denial": "reason and remarks",
    "edit": "edit",
    "provider": "provider NPI",
    "month": "paid in",
}


def lines(study: Study, style: Style, by: str = "denial") -> Iterator[str]:
    """Yield the report; ``by`` is the grouping of its table."""
    yield from _payments(study, style)
    if len(study.read.remits.claims):
        yield ""
        yield from table_lines(study.by(by), by, style)
    if len(study.denials):
        yield ""
        yield from _denials(study, style)
    for part in (_findings, _unmatched, _acknowledged):
        block = list(part(study, style))
        if block:
            yield ""
            yield from block
    yield ""
    yield from _summary(study, style)


def _payments(study: Study, style: Style) -> Iterator[str]:
    rows = payments(study)
    for row in rows[:SHOWN]:
        balance = "" if row["balanced"] else "  " + style.paint("does not balance", "red")
        yield (
            style.paint(clean(row["payer"] or row["payer_id"] or "unknown payer"), "bold")
            + f"  {row['date'] or 'no date'}  {row['method'] or '?'} {clean(row['trace'] or 'no trace')}"
            + f"  {_dollars(row['amount'])}  {plural(row['claims'], 'claim')}{balance}"
        )
        for item in row["provider_adjustments"]:
            reference = f" {clean(item['reference'])}" if item["reference"] else ""
            yield f"  provider adjustment {clean(item['reason'] or '?')}{reference}  {_dollars(item['amount'])}"
    if len(rows) > SHOWN:
        yield f"... and {plural(len(rows) - SHOWN, 'payment')} more"


def _dollars(amount: str | None) -> str:
    return money(amount) if amount is not None else "unreadable amount"


def table_lines(rows: list[dict[str, Any]], by: str, style: Style) -> Iterator[str]:
    """Yield counts and dollars as an aligned table."""
    shares = by in ("payer", "code", "provider", "month")
    head = [HEADINGS[by], "denied", "dollars denied", "warned"]
    head += ["services", "rate", "95 % interval"] if shares else []
    body = []
    for row in rows[:SHOWN]:
        cells = [
            clean(str(row["key"])),
            f"{row['denied']:,}",
            _dollars(dollars(row["denied_cents"])),
            f"{row['warned']:,}",
        ]
        if shares:
            rate = "-" if row["rate"] is None else f"{row['rate']:.1%}"
            cells += [f"{row['services']:,}", rate, f"{row['low']:.1%} to {row['high']:.1%}"]
        body.append(cells)
    widths = [max(len(r[k]) for r in [head, *body]) for k in range(len(head))]
    for index, cells in enumerate([head, *body]):
        padded = [c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
        text = "  ".join(padded).rstrip()
        yield style.paint(text, "bold") if index == 0 else text
    if len(rows) > SHOWN:
        yield f"... and {len(rows) - SHOWN:,} more"


def _denials(study: Study, style: Style) -> Iterator[str]:
    yield style.paint(f"{plural(len(study.denials), 'denial')}, the most dollars first", "bold")
    ordered = study.denials.sort("amount_cents", "denial_id", descending=[True, False]).head(SHOWN)
    for row in ordered.iter_rows(named=True):
        line = f" line {row['line']}" if row["line"] is not None else ""
        mods = "".join(f"-{m}" for m in row["modifiers"] or [])
        what = f"  {clean(row['code'])}{clean(mods)}" if row["code"] else "  whole claim"
        yield (
            f"{style.paint('claim', 'dim')} {clean(row['claim'] or '?')}{line}{what}  {clean(row['payer'])}"
            f"  {row['service_date'] or 'no date'}  {_dollars(dollars(row['amount_cents']))}"
        )
        yield from style.block(clean(row["reading"]), 4)
        yield from style.block(_predicted(row), 4)
        yield from style.block(
            f"{ACTIONS[row['action']]}: {row['why']}" if row["why"] != ACTIONS[row["action"]] else row["why"], 4
        )
        if row["deadline"] is not None:
            left = (row["deadline"] - study.as_of).days
            when = f"{plural(left, 'day')} left" if left >= 0 else f"{plural(-left, 'day')} past"
            yield from style.block(f"by {row['deadline']} ({when}): {row['deadline_why']}", 4)
        elif row["action"] not in ("write-off", "wait", "original"):
            yield "    no deadline is known for this payer; the contract has one"
        if not row["appealable"]:
            yield "    not appealable"
        elif row["appeal_by"] is not None and row["deadline_step"] != "appeal":
            yield f"    an appeal must be in by {row['appeal_by']}"
    if len(study.denials) > SHOWN:
        yield f"... and {len(study.denials) - SHOWN:,} more; --format csv or json has all"


def _predicted(row: dict[str, Any]) -> str:
    """Say which edit predicts the denial and whether the scrubber had warned."""
    if row["edit"] is None:
        return (
            "no edit predicts this"
            if row["warned"] is None
            else "the scrubber had not warned, and no edit predicts this"
        )
    edit = catalogue.by_code(row["edit"])
    name = f"{row['edit']} {edit['name'].replace('-', ' ')}" if edit else row["edit"]
    if row["basis"] == "found":
        return f"{name}: the scrubber {'had warned' if row['warned'] else 'had remarked on it'}"
    if row["basis"] == "found-other":
        return f"{name}: found on the line, though for another reason than the payer's"
    said = "" if row["warned"] is None else "; the scrubber had not warned"
    several = len(row["edits"] or []) > 1
    return f"{name}{' or another' if several else ''} expects such a denial{said}"


def _findings(study: Study, style: Style) -> Iterator[str]:
    rows = findings(study, phi=False)
    if rows:
        yield style.paint(f"{plural(len(rows), 'finding')} in the files themselves", "bold")
    for row in rows[:SHOWN]:
        place = f"{clean(row['file'])}: segment {row['segment']}" + (f" {row['element']}" if row["element"] else "")
        detail = f" (found {row['found']}, expected {row['expected']})" if row["found"] and row["expected"] else ""
        detail = detail or (f" (expected {row['expected']})" if row["expected"] else "")
        yield f"{style.level(row['level'])} {place}: {row['message']}{detail}"
    if len(rows) > SHOWN:
        yield f"... and {len(rows) - SHOWN:,} more; --format json has all"


def _unmatched(study: Study, style: Style) -> Iterator[str]:
    rows = unmatched(study)
    if rows:
        yield style.paint(f"{len(rows):,} without a partner", "bold")
    words = {
        "payment-without-claim": "a payment, but no such claim",
        "line-without-claim-line": "a line payment, but the claim has no such line",
        "claim-without-payment": "a claim, but no payment yet",
    }
    for row in rows[:SHOWN]:
        near = row["nearest"]
        hint = (
            f"; nearest: claim {clean(near['claim'] or '?')} (same {', '.join(near['agrees']) or 'number but for a few characters'})"
            if near
            else ""
        )
        yield f"claim {clean(row['claim'] or '?')}  {row['date'] or 'no date'}  {_dollars(row['charged'])}: {words[row['kind']]}{hint}"
    if len(rows) > SHOWN:
        yield f"... and {len(rows) - SHOWN:,} more; --format json has all"


def _acknowledged(study: Study, style: Style) -> Iterator[str]:
    rows = acknowledgements(study)
    if not rows:
        return
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["kind"], row["state"])
        counts[key] = counts.get(key, 0) + 1
    told = ", ".join(f"{kind} {state} {count:,}" for (kind, state), count in sorted(counts.items()))
    yield style.paint(f"acknowledgements: {told}", "bold")
    bad = [row for row in rows if row["state"] in ("rejected", "partly-accepted", "accepted-with-errors", "error")]
    for row in bad[:SHOWN]:
        parts = [row["kind"], row["level"], row["state"], f"code {row['code']}"]
        parts += [f"status {row['status']}"] if row["status"] else []
        parts += [f"transaction {clean(row['transaction'])}"] if row["transaction"] else []
        parts += [f"claim {clean(row['claim'])}"] if row["claim"] else []
        parts += (
            [f"at {row['at_segment_id']} (segment {row['at_segment']} of the transaction)"]
            if row["at_segment_id"]
            else []
        )
        parts += [f"element {row['at_element']}"] if row["at_element"] else []
        yield f"{clean(row['file'])}: segment {row['segment']}: " + ", ".join(parts)


def _summary(study: Study, style: Style) -> Iterator[str]:
    totals = study.totals()
    remits = study.read.remits
    counted = study.denials.select("remit_claim_id", "remit_line_id").unique().height
    yield style.paint(
        f"{plural(len(remits.payments), 'payment')}, {plural(len(remits.claims), 'claim')}, {plural(len(remits.lines), 'line')}: "
        f"charged {_dollars(dollars(totals['charged']))}, paid {_dollars(dollars(totals['paid']))}, "
        f"denied {_dollars(dollars(totals['denied']))} on {plural(counted, 'service')}",
        "bold",
    )
    taken_back = study.state.filter(pl.col("state") != "current")
    if len(taken_back):
        names = ", ".join(
            f"{count:,} {state}" for state, count in taken_back.group_by("state").len().sort("state").iter_rows()
        )
        yield f"claim payments that do not stand: {names}"
    if study.matching is not None:
        found = study.matching.matches["remit_claim_id"].n_unique()
        yield f"matched with a claim: {found:,} of {plural(len(remits.claims), 'claim payment')}"
    copies = [entry for entry in study.read.files if "copy_of" in entry]
    for entry in copies[:COPIES]:
        yield f"{clean(entry['file'])} has the same bytes as {clean(entry['copy_of'])} and was not counted again"
    if len(copies) > COPIES:
        yield f"... and {len(copies) - COPIES:,} more copies"
