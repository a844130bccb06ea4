"""HTML by construction: whatever is not :class:`Markup` already is escaped, whoever wrote it."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable

from scrubjay._version import __version__
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


def page_head(title: str, style: str, script: str = "") -> Markup:
    """Return the head of a page that loads nothing: its policy (CSP) allows its own style and script alone, by their hashes."""
    scripts = f"script-src 'sha256-{_digest(script)}'; " if script else ""
    policy = f"default-src 'none'; style-src 'sha256-{_digest(style)}'; {scripts}base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content=f"Scrubjay {__version__}"),
        tag("title", title),
        tag("style", Markup(style)),
    )


def _digest(part: str) -> str:
    return base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()


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
