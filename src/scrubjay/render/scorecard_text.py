"""The scorecard for a person at a terminal: shares with their counts and intervals, dollars, what to change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.learn.document import dollars
from scrubjay.learn.propose import LEAST, Proposal
from scrubjay.learn.scorecard import Scorecard
from scrubjay.learn.scored import Scored
from scrubjay.learn.shadow import OFF
from scrubjay.learn.truth import LEAST as LEAST_TRUE
from scrubjay.learn.truth import Compared
from scrubjay.learn.wilson import wilson
from scrubjay.render.style import Style, clean, money, plural

SHOWN = 40
"""Rows of a table at most; json has all."""

_CONFUSED = 12
_REASONS = 15


def lines(scored: Scored, style: Style) -> Iterator[str]:
    """Yield the scorecard."""
    card = scored.card
    yield style.paint("scorecard: the edits against the first answers of the payers", "bold")
    yield from _totals(card)
    for part in (_edits(card, style), _levels(card, style), _missed(card, style), _confusion(card, style)):
        block = list(part)
        if block:
            yield ""
            yield from block
    yield ""
    yield from _proposals(scored.proposals, style)
    if scored.truth is not None:
        yield ""
        yield from _truth(scored.truth, style)


def share(count: int, total: int) -> str:
    """Return ``64/72  80-94 %``: count, total and the 95 % Wilson interval; never a percentage alone."""
    if not total:
        return "0/0"
    low, high = wilson(count, total)
    return f"{count:,}/{total:,} {100 * low:.0f}-{100 * high:.0f} %"


def _totals(card: Scorecard) -> Iterator[str]:
    t = card.totals
    span = f", services of {card.dates[0]} to {card.dates[1]}" if card.dates[0] else ""
    back = f" ({t['claims_rejected']:,} rejected at the front end)" if t["claims_rejected"] else ""
    yield (
        f"{plural(t['claims_answered'], 'claim')} answered{back}, {t['claims_unanswered']:,} without an answer; "
        f"{plural(t['lines'], 'line')}{span}"
    )
    yield (
        f"denied lines {t['denied']:,} ({_money(t['denied_cents'])}); a warning named the reason of "
        f"{share(t['named'], t['denied'])} ({_money(t['named_cents'])}); missed {t['missed']:,} "
        f"({_money(t['missed_cents'])}); {t['overturned']:,} paid later"
    )


def _money(cents: int) -> str:
    return money(dollars(cents) or "0.00")


def _table(head: list[str], body: list[list[str]], left: int, style: Style) -> Iterator[str]:
    widths = [max(len(row[k]) for row in [head, *body]) for k in range(len(head))]
    for index, row in enumerate([head, *body]):
        cells = [c.ljust(w) if k < left else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))]
        text = "  ".join(cells).rstrip()
        yield style.paint(text, "bold") if index == 0 else text


def _edits(card: Scorecard, style: Style) -> Iterator[str]:
    """Yield edit by payer, most dollars first; edits that are off only where their own reason is seen."""
    wanted = (pl.col("level") != OFF) | ((pl.col("alone") >= 5) & (pl.col("own_low") >= 0.05))
    stake = pl.col("prevented_cents") + pl.col("missed_cents")
    rows = card.edits.filter(wanted & (pl.col("answered") > 0)).sort(
        stake, "policy", "edit", descending=[True, False, False]
    )
    body = [
        [
            clean(row["policy"]), row["edit"], row["level"], f"{row['hits']:,}", share(row["denied"], row["answered"]),
            share(row["own"], row["answered"]), share(row["own"], row["due"]),
            _money(row["prevented_cents"]), _money(row["missed_cents"]),
        ]
        for row in rows.head(SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    head = ["policy", "edit", "level", "hits", "denied", "as expected", "recall", "prevented", "missed"]
    if body:
        yield from _table(head, body, 3, style)
        if len(rows) > SHOWN:
            yield f"... and {len(rows) - SHOWN:,} more; --format json has all"
        yield "denied: of the answered hits; as expected: denied for the edit's own reason; recall: own of own and missed"


def _levels(card: Scorecard, style: Style) -> Iterator[str]:
    body = [
        [row["level"], f"{row['answered']:,}", share(row["denied"], row["answered"])]
        for row in card.levels.filter(pl.col("policy").is_null()).iter_rows(named=True)
    ]
    if body:
        yield from _table(["strongest finding on the line", "lines", "denied"], body, 1, style)


def _missed(card: Scorecard, style: Style) -> Iterator[str]:
    rows = card.reasons.filter(pl.col("denials") > pl.col("named")).head(_REASONS)
    body = [
        [
            clean(row["policy"]), _reason(row), share(row["named"], row["denials"]), _money(row["missed_cents"]),
            " ".join(row["edits"][:4]) or "none",
        ]
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    if body:
        yield from _table(
            ["policy", "denied for", "named by a warning", "missed", "edits that expect it"], body, 2, style
        )


def _reason(row: dict[str, Any]) -> str:
    group = f"{row['group'] or '?'}-" if "group" in row else ""
    return clean(" ".join([f"{group}{row['carc'] or '?'}", *row["rarc"]]))


def _confusion(card: Scorecard, style: Style) -> Iterator[str]:
    """Yield hits that were denied for another reason than their own, where that happened often."""
    rows = card.confusion.join(card.edits.select("policy", "edit", "level"), on=["policy", "edit"])
    rows = rows.filter((pl.col("level") != OFF) & (pl.col("n") > 1)).sort(
        "n", "policy", "edit", descending=[True, False, False]
    )
    body = [
        [clean(row["policy"]), row["edit"], _reason(row), f"{row['n']:,}", " ".join(row["neighbours"][:4]) or "none"]
        for row in rows.head(_CONFUSED).iter_rows(named=True)
    ]
    if body:
        yield from _table(["policy", "hit", "denied for", "times", "edits on it that expect that"], body, 3, style)


def _proposals(found: list[Proposal], style: Style) -> Iterator[str]:
    if not found:
        yield f"no policy change is proposed: no level is contradicted by {LEAST} or more answered findings"
        return
    yield style.paint(f"{plural(len(found), 'policy change')} to consider (--propose FILE writes them)", "bold")
    for p in found:
        name = (catalogue.by_code(p.edit) or {}).get("name", "")
        yield (
            f"{clean(p.policy)}  {p.edit} {name}: {p.now} -> {p.level}; denied {share(p.denied, p.answered)}, "
            f"as expected {share(p.own, p.answered)}, {_money(p.cents)}"
        )


def _truth(compared: Compared, style: Style) -> Iterator[str]:
    yield style.paint("against the truth of the invented payers", "bold")
    for name, words in (("precision", "answered hits"), ("recall", "true denials")):
        part = compared.totals[name]
        if not part["rows"]:
            yield f"{name}: no edit has {LEAST_TRUE} {words}"
            continue
        yield (
            f"{name}: mean error {100 * part['mean_error']:.1f} points, largest {100 * part['largest_error']:.1f}, over "
            f"{plural(part['rows'], 'edit')} of a payer with {LEAST_TRUE} or more {words}; the truth lies in "
            f"{part['intervals_that_hold']} of {part['rows']} intervals"
        )
    body = [
        [
            clean(row["policy"]), row["edit"], share(row["own"], row["answered"]), f"{row['true_hits']:,}/{row['answered']:,}",
            _points(row["precision_error"]), share(row["own"], row["due"]), f"{row['caught']:,}/{row['true_due']:,}",
            _points(row["recall_error"]),
        ]
        for row in compared.rows.filter(pl.col("answered") >= LEAST_TRUE).head(SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    head = ["policy", "edit", "precision", "true", "error", "recall", "true", "error"]
    if body:
        yield from _table(head, body, 2, style)


def _points(error: float | None) -> str:
    return "-" if error is None else f"{100 * error:+.1f}"
