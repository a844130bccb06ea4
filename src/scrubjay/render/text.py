"""The report a person reads: claim by claim, the offending element under a caret, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from scrubjay.render.concise import denial_codes
from scrubjay.render.style import Style, clean, money
from scrubjay.render.summary import summary_lines
from scrubjay.report import Report

#: Column at which the words of a finding start, after ``  line 12  ``.
INDENT = 11
_SLICE = 5_000
_DENIES = {
    ("rejection", "deny"): "would reject",
    ("rejection", "warn"): "may reject",
    ("rejection", "info"): "may reject",
}
_PLAIN = {"deny": "would deny", "warn": "may deny", "info": "may deny"}


def lines(report: Report, style: Style) -> Iterator[str]:
    """Yield the lines of the text report: findings grouped by claim in report order, then the summary."""
    place: tuple[str, int | None] | None = None
    payer = ""
    for row, claim in _hits(report):
        if place != (row["file"], row["claim_id"]):
            if place is not None:
                yield ""
            place = (row["file"], row["claim_id"])
            payer = clean(claim["payer"]) if claim and claim["payer"] else "the payer"
            yield from _header(claim, row, style)
        yield from _finding(row, payer, style)
    if place is not None:
        yield ""
    yield from summary_lines(report, style)


def _hits(report: Report) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Yield the findings that are hits and the headers of their claims as dictionaries, made a few thousand at a time.

    ``rows`` says that the input has rows.
    """
    rows = {item["file"] for item in report.run["inputs"] if item["kind"] == "CMS-1500"}
    for part in report.slices():
        for piece in part.filter(pl.col("outcome") == "hit").iter_slices(_SLICE):
            own = report.claims.join(piece.select("claim_id").unique(), on="claim_id", how="semi")
            headers = {claim["claim_id"]: claim for claim in own.iter_rows(named=True)}
            for row in piece.iter_rows(named=True):
                yield {**row, "rows": row["file"] in rows}, headers.get(row["claim_id"])


def _header(claim: dict[str, Any] | None, row: dict[str, Any], style: Style) -> Iterator[str]:
    """Yield ``clinic.837  claim 26-00417  Medicare Part B  2026-03-02  POS 11  $203.00``, on more lines where it must."""
    if claim is None:
        place = f"transaction {clean(row['transaction'])}" if row["transaction"] else "whole file"
        bold, plain = [clean(row["file"])], [place]
    else:
        bold = [clean(row["file"]), f"claim {clean(claim['claim'] or '(no number)')}"]
        plain = [clean(claim["payer"] or ""), str(claim["service_date"] or "")]
        plain += [
            f"POS {clean(claim['pos'])}" if claim["pos"] else "",
            money(claim["charge"]) if claim["charge"] else "",
        ]
    line, used = "", 0
    for index, word in enumerate([*bold, *plain]):
        if not word:
            continue
        painted = style.paint(word, "bold") if index < len(bold) else word
        if used and style.width is not None and used + 2 + len(word) > style.width:
            yield line
            line, used = "    " + painted, 4 + len(word)
        else:
            line, used = (f"{line}  {painted}", used + 2 + len(word)) if used else (painted, len(word))
    yield line


def _finding(row: dict[str, Any], payer: str, style: Style) -> Iterator[str]:
    """Yield one finding: segment and caret, message, found and expected, the denial, the citation and the remedy."""
    place = f"line {row['line']}" if row["line"] is not None else "claim" if row["claim"] is not None else "file"
    label = f"  {place}".ljust(INDENT - 1) + " "
    tag = f"{row['edit']} {row['level']}"
    message = clean(row["message"])
    shown = f"{row['edit']} {style.level(row['level'])}"
    address = _address(row)
    if row["raw"]:
        raw, start, length = window(clean(row["raw"]), row["raw_start"], row["raw_length"], style.page - INDENT)
        beside = INDENT + len(raw) + 3 + len(address) <= style.page
        yield label + raw + (style.paint(f"   {address}", "dim") if beside else "")
        caret = " " * (INDENT + start) + style.paint("^" * length, "bold", "red") if length else ""
        used = INDENT + start + length
        if caret and used + 2 + len(tag) + 2 + len(message) <= style.page:
            yield f"{caret}  {shown}  {style.paint(message, 'bold')}"
        else:
            if caret:
                yield caret
            yield from _title(" " * INDENT, tag, shown, message, style)
    else:
        beside = False
        yield from _title(label, tag, shown, message, style)
    if address and not beside:
        yield from style.block(address, INDENT, "dim")
    yield from _found(row, style)
    effect = effect_words(row, payer)
    if effect:
        yield from style.block(effect, INDENT, hanging=2)
    cited = "; ".join(clean(text) for text in (row["reference"], *row["sources"]) if text)
    yield from style.block(f"{cited}; policy {clean(row['policy'])}", INDENT, "dim", hanging=2)
    yield from _remedy(row, style)


def _title(label: str, tag: str, shown: str, message: str, style: Style) -> Iterator[str]:
    """Yield the edit, its level and the message, wrapped under themselves."""
    room = INDENT + len(tag) + 2
    body = list(style.block(message, room, "bold"))
    yield f"{label}{shown}  {body[0].lstrip()}"
    yield from body[1:]


def _address(row: dict[str, Any]) -> str:
    """Return where the element stands: ``segment 31, SV101-3, box 24D``, a row, or a FHIR path; nothing where unknown."""
    if row["segment"] is None and row["element"] is None:
        return ""
    box = f"box {row['box']}" if row["box"] else None
    segment = f"{'row' if row.get('rows') else 'segment'} {row['segment']}" if row["segment"] is not None else None
    return ", ".join(word for word in (segment, row["element"], box) if word)


def _found(row: dict[str, Any], style: Style) -> Iterator[str]:
    """Yield what was found and what was expected, on one line where both are short."""
    found, expected = row["found"], row["expected"]
    texts = [f"found {clean(found)}"] if found else []
    texts += [f"expected {clean(expected)}"] if expected else []
    joined = ", ".join(texts)
    for text in [joined] if joined and INDENT + len(joined) <= style.page else texts:
        yield from style.block(text, INDENT, hanging=2)


def effect_words(row: dict[str, Any], payer: str) -> str:
    """Return what the payer is expected to do and the dollars at risk, or nothing when neither is known."""
    codes = denial_codes(row["group"], row["carc"], row["rarc"])
    verb = _DENIES.get((row["category"], row["level"]), _PLAIN[row["level"]])
    text = ""
    if codes or row["denied_line"] is not None:
        target = "the claim" if row["denied_line"] is None else f"line {row['denied_line']}"
        text = f"{payer} {verb} {target}" + (f" ({codes.replace(' ', ', ')})" if codes else "")
    elif row["category"] == "underpayment":
        text = "paid less than the service is worth"
    if row["amount_at_risk"] is not None:
        at_risk = f"{money(row['amount_at_risk'])} at risk"
        if row.get("amount_basis"):
            at_risk += f" ({row['amount_basis']})"
        text = f"{text}, {at_risk}" if text else at_risk
    return text


def _remedy(row: dict[str, Any], style: Style) -> Iterator[str]:
    """Yield the proposed fix with its safety, its patches, and where to read more."""
    fix = row["fix"]
    # Findings on a list of suppressions are about that list, and no edit explains them.
    more = "" if row["edit"].startswith("SUPP") else f"scrubjay explain {row['edit']}"
    if not fix or not fix["safety"]:
        if more:
            yield from style.block(more, INDENT, "dim")
        return
    text = clean(fix["text"]).rstrip(".")
    yield from style.block(f"{fix['safety']}: {text}" + (f"; {more}" if more else ""), INDENT, "green", hanging=2)
    for patch in fix["patches"] or ():
        old, new = (clean(patch[side] or "") for side in ("old", "new"))
        if patch["element"] is None:
            change = f"segment {patch['segment']}: drop {old}"
        else:
            change = f"segment {patch['segment']} {patch['element']}: {old or '(empty)'} -> {new or '(empty)'}"
        yield from style.block(change, INDENT + 2, "dim")


def window(raw: str, start: int | None, length: int | None, room: int) -> tuple[str, int, int]:
    """Return the segment cut to the room around its element, and where the caret then starts and how long it is.

    A caret length of 0 means that the place inside the segment is not known.
    """
    if start is None or length is None or start > len(raw):
        return (raw if len(raw) <= room else raw[: room - 1] + "…"), 0, 0
    length = max(length, 1)
    if len(raw) <= room:
        return raw, start, length
    left = max(0, min(start - room // 3, len(raw) - room))
    right = left + room
    piece = raw[left:right]
    if left:
        piece = "…" + piece[1:]
    if right < len(raw):
        piece = piece[:-1] + "…"
    return piece, start - left, min(length, room - (start - left))
