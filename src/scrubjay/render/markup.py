"""HTML by construction: whatever is not :class:`Markup` already is escaped, whoever wrote it."""

from __future__ import annotations

import html
from collections.abc import Iterable

from scrubjay.render.style import clean

_EMPTY = frozenset({"br", "hr", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | int | None | Iterable["Content"]
"""What may stand between tags: text, HTML, nothing, or several of them."""


def tag(name: str, /, *content: Content, **attributes: str | int | bool | None) -> Markup:
    """Return an element.

    Attributes are written as Python allows them: ``class_``, ``data_payer``, ``for_``; None and False leave one out,
    True writes its name alone.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    opened = f"<{name}{written}>"
    return Markup(opened if name in _EMPTY else f"{opened}{text(content)}</{name}>")


def text(content: Content) -> Markup:
    """Return content as HTML, escaped where it is not HTML yet."""
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, (str, int)):
        return Markup(html.escape(clean(str(content))))
    return Markup("".join(text(part) for part in content))


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'
