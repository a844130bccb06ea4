"""The edit: one declaration that feeds the engine, its tests, the explain page and the documentation.

An edit is a function that turns the facts of a batch and the reference tables into a lazy table of hits.  It never
collects, never loops over rows, never asks the clock, and names no payer: levels per payer are policy data.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

    from scrubjay.facts import Facts
    from scrubjay.refdata import References

    Query = Callable[[Facts, References], pl.LazyFrame]

Category = Literal["rejection", "denial", "underpayment", "compliance", "hygiene"]
Grain = Literal["file", "transaction", "claim", "line"]
Safety = Literal["safe", "review", "advice"]
Confidence = Literal["sourced", "partly", "memory"]
Status = Literal["stable", "preview"]
Start = Literal["lines", "claims", "pairs", "diagnoses", "notes", "defects", "history"]

HEADINGS = ("What it does", "Why it matters", "Fails", "Passes", "Fix")
OPTIONAL_HEADINGS = ("Payers",)

_CODE = re.compile(r"[A-Z]{2,4}[0-9]{2,3}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Edit:
    """One check of the catalogue.

    ``scope`` names the rows it judges: ``*`` for all of its grain, else a code group of service lines.  ``needs`` are
    columns of the judged row that must be known: where one is null the outcome is unknown, never clear.
    ``start`` is the table the query begins with (or several, whose hits it puts together).  Its first filter on that
    table decides: a row that the filter stops is no hit, and where no row is left the query is not run.
    ``beside`` names groups (of codes; ``mod:`` and ``dx:`` of modifiers and diagnoses; alternatives joined by ``|``)
    that must all occur in the input for the edit to find anything: where one does not, the query is not run.
    ``refs`` are reference tables without which the edit is skipped; the first is the one a finding cites.
    ``history`` edits compare with earlier claims and are skipped where none were given.
    ``supersedes`` are general edits that say nothing on a fact this edit explains.
    """

    code: str
    name: str
    summary: str
    category: Category
    grain: Grain
    scope: str
    start: tuple[Start, ...]
    beside: tuple[str, ...]
    needs: tuple[str, ...]
    refs: tuple[str, ...]
    group: str | None
    carc: str | None
    rarc: tuple[str, ...]
    element: str | None
    box: str | None
    fix_safety: Safety | None
    confidence: Confidence
    sources: tuple[str, ...]
    supersedes: tuple[str, ...]
    status: Status
    since: str
    revision: int
    family: str
    doc: Mapping[str, str]
    history: bool
    query: Query = field(compare=False)

    def declaration(self) -> dict[str, Any]:
        """Return everything but the function, as plain data for the packaged catalogue."""
        names = (
            "code name summary category grain scope start beside needs refs group carc rarc element box fix_safety confidence sources "
            "supersedes status since revision family history"
        ).split()
        plain = {n: list(v) if isinstance(v := getattr(self, n), tuple) else v for n in names}
        plain["references"] = plain.pop("refs")
        return {**plain, "doc": dict(self.doc)}


class DeclarationError(Exception):
    """An edit that does not say what every edit must say; it does not import."""


_REGISTRY: dict[str, Edit] = {}


def edit(
    code: str,
    *,
    name: str,
    category: Category,
    grain: Grain,
    source: str | Sequence[str],
    scope: str = "*",
    start: Start | Sequence[Start] | None = None,
    beside: Sequence[str] = (),
    needs: Sequence[str] = (),
    refs: Sequence[str] = (),
    group: str | None = None,
    carc: str | None = None,
    rarc: Sequence[str] = (),
    element: str | None = None,
    box: str | None = None,
    fix: Safety | None = None,
    confidence: Confidence = "sourced",
    supersedes: Sequence[str] = (),
    status: Status = "stable",
    since: str = "0.1",
    revision: int = 1,
    history: bool = False,
) -> Callable[[Query], Query]:
    """Declare the decorated function as an edit of the catalogue.

    Raises :class:`DeclarationError` where the code, name, documentation or source is missing or not of its form.
    """
    sources = (source,) if isinstance(source, str) else tuple(source)

    def declare(query: Query) -> Query:
        if not _CODE.fullmatch(code):
            raise DeclarationError(f"{code}: an edit code is two to four letters and two or three digits")
        if not _NAME.fullmatch(name):
            raise DeclarationError(f"{code}: the name {name!r} is not a slug")
        if code in _REGISTRY:
            raise DeclarationError(f"{code} is declared twice")
        if not sources or not all(s.strip() for s in sources):
            raise DeclarationError(f"{code} has no source")
        summary, doc = parse_doc(code, query.__doc__ or "")
        _REGISTRY[code] = Edit(
            code=code,
            name=name,
            summary=summary,
            category=category,
            grain=grain,
            scope=scope,
            start=_starts(start, grain),
            beside=tuple(beside),
            needs=tuple(needs),
            refs=tuple(refs),
            group=group,
            carc=carc,
            rarc=tuple(rarc),
            element=element,
            box=box,
            fix_safety=fix,
            confidence=confidence,
            sources=sources,
            supersedes=tuple(supersedes),
            status=status,
            since=since,
            revision=revision,
            family=query.__module__.rpartition(".")[2],
            doc=MappingProxyType(doc),
            history=history,
            query=query,
        )
        return query

    return declare


def _starts(start: Start | Sequence[Start] | None, grain: Grain) -> tuple[Start, ...]:
    if start is None:
        return ("lines" if grain == "line" else "claims",)
    return (start,) if isinstance(start, str) else tuple(start)


def parse_doc(code: str, text: str) -> tuple[str, dict[str, str]]:
    """Split an edit's docstring into its summary and its sections.

    Raises :class:`DeclarationError` where a heading is missing, unknown, empty or out of order.
    """
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    cut = min(indents, default=0)
    lines = [lines[0].strip(), *(line[cut:] for line in lines[1:])] if lines else []
    parts = re.split(r"^## (.+)$", "\n".join(lines), flags=re.MULTILINE)
    summary = " ".join(parts[0].split())
    doc = {heading.strip(): body.strip("\n") for heading, body in zip(parts[1::2], parts[2::2], strict=True)}
    if not summary:
        raise DeclarationError(f"{code} has no summary line")
    found = [h for h in doc if h not in OPTIONAL_HEADINGS]
    if tuple(found) != HEADINGS:
        raise DeclarationError(f"{code}: its headings are {found}, they must be {list(HEADINGS)}")
    empty = [h for h, body in doc.items() if not body.strip()]
    if empty:
        raise DeclarationError(f"{code}: nothing stands under {', '.join(empty)}")
    return summary, doc


@cache
def catalogue() -> Mapping[str, Edit]:
    """Import every family of edits and return all edits by code, in the order of their codes."""
    package = importlib.import_module("scrubjay.edits")
    for module in pkgutil.walk_packages(package.__path__, "scrubjay.edits."):
        importlib.import_module(module.name)
    return MappingProxyType(dict(sorted(_REGISTRY.items())))
