"""What a word means to ``explain``: an edit, a procedure or drug code, a reason code, or nothing known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from scrubjay import catalogue, refdata_manifest
from scrubjay.explain.index import Index, digest
from scrubjay.explain.pages import code_page, edit_page, reason_page, tables_behind
from scrubjay.refdata_manifest import Edition

_GROUPED = re.compile(r"(CARC|RARC|CO|PR|OA|PI|CR)[- ]?([A-Z]{0,2}[0-9]{1,4})")
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Unknown(LookupError):
    """Nothing is called that; the message says what may have been meant."""

    def __init__(self, word: str, near: list[str]) -> None:
        hint = f"; did you mean {', '.join(near)}?" if near else "; scrubjay edits lists the edits"
        super().__init__(f"nothing is known as {word!r}{hint}")


def page(word: str, index: Index) -> dict[str, Any]:
    """Return the page of an edit code or name, CPT or HCPCS code, CARC (``CO-97``, ``97``) or RARC (``M15``).

    Raises Unknown, with suggestions, for anything else.
    """
    edit = catalogue.by_code(word)
    if edit is not None:
        return edit_page(edit, {other["code"]: other["name"] for other in catalogue.edits()})
    held = refdata_manifest.held()
    code = word.strip().upper()
    facts = _facts(code, index, held)
    if facts is not None:
        references = _references(held, tables_behind(facts))
        return code_page(code, facts, index.notes, catalogue.edits(), index.labels, references)
    kinds: tuple[str, ...] = ("rarc", "carc")
    grouped = _GROUPED.fullmatch(code)
    if grouped:
        kinds = ("rarc",) if grouped[1] == "RARC" else ("carc",)
        code = grouped[2]
    for kind in kinds:
        reasons = index.reasons(kind)
        if code in reasons:
            return reason_page(kind, code, reasons[code], index.notes, catalogue.edits(), _references(held, {kind}))
    raise Unknown(word, nearest(word, index))


def _facts(code: str, index: Index, held: Iterable[Edition]) -> dict[str, Any] | None:
    """Return the facts of a code: from the index, or from the tables themselves where a user imported others.

    The index names the editions it was built from; only when others are in use are the tables read, with Polars.
    """
    if digest(held) != index.meta["digest"]:
        from scrubjay import refdata
        from scrubjay.explain.facts import code_facts

        fresh = dict(code_facts(refdata.load(), index.notes["class"], [code])).get(code)
        if fresh is not None:
            return fresh
    return index.facts(code)


def _references(held: Iterable[Edition], tables: set[str]) -> list[dict[str, Any]]:
    """Return name, edition and dates of the editions of some tables."""
    return [
        {
            "name": edition.name,
            "edition": edition.edition,
            "from": edition.valid_from.isoformat() if edition.valid_from else None,
            "to": edition.valid_to.isoformat() if edition.valid_to else None,
        }
        for edition in held
        if edition.name in tables
    ]


def nearest(word: str, index: Index, limit: int = 5) -> list[str]:
    """Return known codes one slip of the finger away, then edits, then codes whose label holds the word."""
    slips = _slips(word.strip().upper()) & set(index.codes)
    notable = sorted(slips, key=lambda near: (near not in index.notes["code"], near not in index.labels, near))
    held = [code for code, label in index.labels.items() if len(word) > 3 and word.strip().lower() in label.lower()]
    return list(dict.fromkeys([*notable[:3], *catalogue.nearest(word), *held]))[:limit]


def _slips(code: str) -> set[str]:
    """Return the five-character words that differ by one wrong or two swapped neighbouring characters."""
    if len(code) != 5:
        return set()
    wrong = {code[:i] + char + code[i + 1 :] for i in range(5) for char in _ALPHABET}
    swapped = {code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(4)}
    return (wrong | swapped) - {code}
