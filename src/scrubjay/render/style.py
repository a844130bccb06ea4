"""Colour, width and harmless text for a terminal; the same words without either for a pipe."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
LEVEL_COLOURS = {"deny": "red", "warn": "yellow", "info": "cyan", "unknown": "dim"}
#: What a line may hold where no terminal says how wide it is; only placement uses it, nothing is wrapped.
PAGE = 100


def clean(text: str) -> str:
    """Return the text with every character a terminal could obey shown as a middle dot."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "·" for char in text)


def money(amount: str) -> str:
    """Return a decimal string as dollars: ``1234.5`` becomes ``$1,234.50``."""
    from decimal import Decimal

    value = Decimal(amount)
    return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"


def plural(count: int, noun: str) -> str:
    """Return ``1 claim`` or ``2 claims``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@dataclass(frozen=True)
class Style:
    """How to lay out text: ``width`` is None where lines must not be wrapped."""

    colour: bool = False
    width: int | None = None

    @property
    def page(self) -> int:
        """Columns to place things in, known or assumed."""
        return self.width or PAGE

    def paint(self, text: str, *names: str) -> str:
        """Return the text in the named styles, or as it is without colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(CODES[name] for name in names)}m{text}\x1b[0m"

    def level(self, level: str) -> str:
        """Return a level in its colour."""
        return self.paint(level, "bold", LEVEL_COLOURS.get(level, "bold"))

    def block(self, text: str, indent: int, *names: str, hanging: int = 0) -> Iterable[str]:
        """Yield the text indented, wrapped to the width where there is one; further lines hang by ``hanging`` columns."""
        pad = " " * indent
        if self.width is None or len(text) + indent <= self.width:
            yield pad + self.paint(text, *names)
            return
        room = max(self.width - indent, 20)
        wrapped = textwrap.wrap(
            text, room, subsequent_indent=" " * hanging, break_long_words=True, break_on_hyphens=False
        )
        for line in wrapped:
            yield pad + self.paint(line, *names)


def style_for(terminal: bool, width: int, no_colour: bool) -> Style:
    """Return the style of an output: plain and unwrapped unless it is a terminal."""
    return Style(colour=not no_colour, width=max(width, 40)) if terminal else Style()
