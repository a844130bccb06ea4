"""Charts as inline SVG: drawn from counts, styled by the page, readable without script or network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scrubjay.learn.document import dollars
from scrubjay.render.markup import Markup, tag
from scrubjay.render.style import money

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 52, 16, 46


def rates_over_time(rows: Sequence[dict[str, Any]]) -> Markup:
    """Return the share of services denied per month with its 95 % interval."""
    top = _nice(max((row["high"] for row in rows), default=0.1))
    plot = WIDTH - _LEFT - _RIGHT
    step = plot / max(len(rows), 1)
    parts: list[Markup] = list(_grid(top, lambda share: f"{share:.0%}"))
    points = []
    every = -(-len(rows) // 12)
    for k, row in enumerate(rows):
        x = _LEFT + step * (k + 0.5)
        low, middle, high = (_y(row[name], top) for name in ("low", "rate", "high"))
        points.append(f"{x:.1f},{middle:.1f}")
        parts.append(_line(x, high, x, low, "range"))
        parts += [_line(x - 5, y, x + 5, y, "range") for y in (high, low)]
        about = _about(row)
        parts.append(tag("circle", tag("title", about), cx=f"{x:.1f}", cy=f"{middle:.1f}", r="4.5", class_="point"))
        if k % every == 0:
            parts.append(_text(x, HEIGHT - _BOTTOM + 18, str(row["key"]), "middle"))
    parts.append(tag("polyline", points=" ".join(points), class_="trend"))
    return _svg(parts, "Share of services denied, by month of payment, with 95 % Wilson intervals")


def pareto(rows: Sequence[dict[str, Any]], most: int = 12) -> Markup:
    """Return dollars denied by reason, most first, and what the first of them come to together."""
    total = sum(row["denied_cents"] for row in rows)
    shown = list(rows[:most])
    rest = sum(row["denied_cents"] for row in rows[most:])
    if rest:
        shown.append({"key": f"{len(rows) - most} others", "denied_cents": rest, "denied": None})
    top = max((row["denied_cents"] for row in shown), default=1) or 1
    step = (WIDTH - _LEFT - _RIGHT) / max(len(shown), 1)
    scale = _nice(top / 100) * 100
    parts: list[Markup] = list(_grid(scale, lambda cents: _short(cents / 100)))
    running = 0
    points = []
    for k, row in enumerate(shown):
        x = _LEFT + step * k
        y = _y(row["denied_cents"], scale)
        running += row["denied_cents"]
        share = running / total if total else 0
        about = f"{row['key']}: {money(dollars(row['denied_cents']) or '0')}, together {share:.0%}"
        parts.append(
            tag("rect", tag("title", about), x=f"{x + step * 0.14:.1f}", y=f"{y:.1f}", width=f"{step * 0.72:.1f}",
                height=f"{max(HEIGHT - _BOTTOM - y, 0.5):.1f}", class_="bar-of")
        )  # fmt: skip
        points.append(f"{x + step / 2:.1f},{_y(share, 1.0):.1f}")
        first, _, remarks = str(row["key"]).partition(" ")
        label = str(row["key"]) if row.get("denied") is None else first
        parts.append(_text(x + step / 2, HEIGHT - _BOTTOM + 16, label, "middle"))
        if remarks and row.get("denied") is not None:
            parts.append(_text(x + step / 2, HEIGHT - _BOTTOM + 30, _cut(remarks, int(step / 6.5)), "middle", "small"))
    parts += [_text(WIDTH - _RIGHT + 6, _y(share, 1.0) + 4, f"{share:.0%}", "start") for share in (0.5, 1.0)]
    parts.append(tag("polyline", points=" ".join(points), class_="together"))
    return _svg(parts, "Dollars denied by reason and remarks, most first; the line is what they come to together")


def by_payer(rows: Sequence[dict[str, Any]], most: int = 12) -> Markup:
    """Return the share of services denied by payer with its 95 % interval, and the dollars."""
    shown = list(rows[:most])
    row_height, left, right = 30, 250, 120
    height = row_height * len(shown) + 34
    plot = WIDTH - left - right
    top = _nice(max((row["high"] for row in shown), default=0.1))
    parts: list[Markup] = []
    for k in range(5):
        x = left + plot * k / 4
        parts += [_line(x, 4, x, height - 26, "grid"), _text(x, height - 8, f"{top * k / 4:.0%}", "middle")]
    for k, row in enumerate(shown):
        y = 6 + row_height * k
        at = [left + plot * min(row[name] / top, 1) for name in ("low", "rate", "high")]
        about = _about(row)
        parts += [
            _text(left - 8, y + 17, _cut(str(row["key"]), 30), "end"),
            tag("rect", tag("title", about), x=left, y=y + 5, width=f"{max(at[1] - left, 0.5):.1f}", height=18, class_="bar-of"),
            _line(at[0], y + 14, at[2], y + 14, "range"),
            _line(at[0], y + 9, at[0], y + 19, "range"),
            _line(at[2], y + 9, at[2], y + 19, "range"),
            _text(WIDTH - 4, y + 17, money(dollars(row["denied_cents"]) or "0"), "end"),
        ]  # fmt: skip
    return _svg(parts, "Share of services denied by payer, with 95 % Wilson intervals, and dollars denied", height)


def _about(row: dict[str, Any]) -> str:
    interval = f"{row['low']:.1%} to {row['high']:.1%}"
    return f"{row['key']}: {row['denied']:,} of {row['services']:,} services denied, {row['rate']:.1%} ({interval})"


def _svg(parts: Sequence[Markup], title: str, height: int = HEIGHT) -> Markup:
    return tag(
        "svg",
        tag("title", title),
        *parts,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=title,
        class_="chart",
    )


def _grid(top: float, label: Any) -> Iterator[Markup]:
    for k in range(5):
        value = top * k / 4
        y = _y(value, top)
        yield _line(_LEFT, y, WIDTH - _RIGHT, y, "grid")
        yield _text(_LEFT - 8, y + 4, label(value), "end")


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * (value / top if top else 0)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=kind)


def _text(x: float, y: float, words: str, anchor: str, kind: str = "label") -> Markup:
    return tag("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=kind)


def _cut(words: str, room: int) -> str:
    room = max(room, 3)
    return words if len(words) <= room else words[: room - 1] + "…"


def _nice(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 8 times a power of ten at or above a value; at least one thousandth."""
    power = 0.001
    while True:
        for factor in (1, 2, 4, 5, 8):
            if value <= power * factor:
                return power * factor
        power *= 10


def _short(amount: float) -> str:
    """Return dollars for an axis: $950, $1.5k, $2M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if amount >= size:
            return f"${amount / size:.1f}".removesuffix(".0") + letter
    return f"${amount:.0f}" if amount >= 1 or not amount else f"${amount:.2f}"
