"""What a fix changes, for people: segments before and after, and what waits."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from scrubjay.fix.document import plain
from scrubjay.fix.patches import Proposal
from scrubjay.fix.placing import Placed
from scrubjay.fix.privacy import masked
from scrubjay.fix.repair import Change, Repair
from scrubjay.render.style import Style, clean, plural


def diff(done: Repair, file: str, style: Style, *, phi: bool = False) -> Iterator[str]:
    """Yield the changed segments as a unified diff, patient data masked unless ``phi``.

    Where a segment was changed in two rounds it stands there twice.
    """
    if not done.changes:
        return
    yield style.paint(f"--- {clean(file)}", "bold")
    yield style.paint(f"+++ {clean(file)} (fixed)", "bold")
    last: tuple[Placed, ...] = ()
    for change in done.changes:
        if change.placed != last:
            yield style.paint(f"@@ segment {change.segment}, {_causes(change)} @@", "cyan")
            last = change.placed
        yield style.paint(f"-{_text(change.before, change.separator, phi=phi)}", "red")
        if change.after is not None:
            yield style.paint(f"+{_text(change.after, change.separator, phi=phi)}", "green")


def _causes(change: Change) -> str:
    words = [f"{clean(one.cause.place)} ({_how(one)})" for one in change.placed]
    return ", ".join(dict.fromkeys(words))


def _how(one: Placed) -> str:
    if one.follows:
        return "follows"
    return "safe" if one.cause.safety == "safe" else "accepted"


def _text(written: bytes, separator: int, *, phi: bool) -> str:
    parts = plain(written.translate(None, b"\r\n")).split(chr(separator))
    return clean(chr(separator).join(parts if phi else masked(parts)))


def listing(done: Repair, style: Style) -> Iterator[str]:
    """Yield what was done, what was held back and why, and what waits for a person."""
    for title, rows in (
        ("safe, applied", _applied(done.applied, "safe")),
        ("accepted, applied", _applied(done.applied, "accepted")),
        ("changed with them", _applied(done.applied, "follows")),
        ("held back", [clean(f"{one.proposal.place}: {one.why}") for one in done.held]),
        ("waiting for a person with the chart", [line for p in done.waiting for line in _waiting(p)]),
    ):
        if rows:
            yield style.paint(title, "bold")
            for row in rows:
                yield from style.block(row, 2, hanging=2)


def _applied(applied: Sequence[Placed], how: str) -> list[str]:
    return [_line(one) for one in applied if _how(one) == how]


def _line(one: Placed) -> str:
    patch = one.patch
    if one.personal:
        return clean(f"{one.cause.place}  segment {patch.segment} {patch.element}: patient data")
    return clean(f"{one.cause.place}  {patch}")


def _waiting(proposal: Proposal) -> Iterator[str]:
    changes = "; ".join(str(patch) for patch in proposal.patches)
    yield clean(f"--accept {shlex.quote(proposal.acceptance)}  {changes}")
    yield clean(f"  {proposal.text}")


def summary(done: Repair) -> str:
    """Return ``2 safe patches, 1 accepted; 3 findings held back, 4 wait for a person``."""
    counts = {how: len(_applied(done.applied, how)) for how in ("safe", "accepted", "follows")}
    words = [
        f"{counts['safe']:,} safe {'patch' if counts['safe'] == 1 else 'patches'}, {counts['accepted']:,} accepted"
    ]
    if counts["follows"]:
        words.append(f"{counts['follows']:,} changed with them")
    if done.held:
        words.append(f"{plural(len(done.held), 'finding')} held back")
    if done.waiting:
        words.append(f"{plural(len(done.waiting), 'finding')} waiting for a person")
    return "; ".join(words)
