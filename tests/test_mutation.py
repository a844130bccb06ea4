"""Near misses by machine: one change to a failing example must silence its edit.

Every failing example is changed in one place: a row is left out, an option is left out or takes the value it has in a passing
example, the payer becomes another one, a day moves.  An edit that hits whatever is changed would hit clean claims, too; and read backwards
each silent mutant is a passing claim that one change turns into a hit.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

import scrubjay
from scrubjay.cases import Case, CaseError, parse, to_837
from scrubjay.edit import Edit, catalogue
from scrubjay.edits.envelope.kinds import GUIDE
from test_examples import EARLIER, split
from together import together

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("guide_in_process")]

MOST = 300
AT_ONCE = 6
PAYERS = ("medicare", "commercial", "generic", "medicaid")
DAYS = ("dos=2026-03-02", "dos=2020-01-06", "dos=2026-09-30")


def blocks(edit: Edit, heading: str) -> list[str]:
    return [text for text in re.split(r"\n\s*\n", edit.doc[heading].strip()) if text]


def words(row: str) -> list[str]:
    lexer = shlex.shlex(row, posix=False)
    lexer.whitespace_split, lexer.commenters, lexer.quotes = True, "#", '"'
    return list(lexer)


def mutants(text: str, passing: list[str]) -> Iterator[str]:
    """Yield the texts that differ from a case in one place."""
    rows = [row for row in (" ".join(words(row)) for row in text.splitlines()) if row]
    known: dict[str, set[str]] = defaultdict(set)
    codes = set()
    for row in "\n".join([*passing, text]).splitlines():
        for word in words(row):
            name, equals, _ = word.partition("=")
            if equals:
                known[name].add(word)
        codes |= {row.split()[1]} if row.startswith("line ") else set()
    for at, row in enumerate(rows):
        parts = row.split(" ") if '"' not in row else words(row)
        if row in ("earlier", "now"):
            continue
        yield "\n".join(rows[:at] + rows[at + 1 :])
        changed = [[*parts[:k], *parts[k + 1 :]] for k in range(1, len(parts)) if "=" in parts[k]]
        changed += [
            [*parts[:k], word, *parts[k + 1 :]]
            for k in range(1, len(parts))
            for word in known[parts[k].partition("=")[0]]
            if word != parts[k]
        ]
        if parts[0] == "line":
            changed += [["line", code, *parts[2:]] for code in codes - {parts[1]}]
            changed += [
                [*parts, word]
                for word in (*known["mods"], *known["units"], *known["ndc"], *known["desc"], *known["note"])
            ]
            changed += [[*parts, day] for day in DAYS]
        if parts[0] == "claim":
            changed += [[*parts, word] for name in known for word in known[name]]
        yield from ("\n".join([*rows[:at], " ".join(new), *rows[at + 1 :]]) for new in changed)
    yield from (f"payer {name}\n{text}" for name in PAYERS)
    claims = {
        word
        for name in ("pos", "dx", "freq", "ref_f8", "ref_g1", "note", "clia", "rendering", "taxonomy")
        for word in known[name]
    }
    yield from (f"claim {word}\n{text}" for word in claims)


def read(text: str) -> Case | None:
    try:
        found = parse(text)
        to_837(found[0])
    except (CaseError, IndexError):
        return None
    return found[0] if len(found) == 1 else None


def test_one_change_silences_every_edit(tmp_path: Path) -> None:
    left = {}
    for code, edit in catalogue().items():
        first = blocks(edit, "Fails")[0]
        left[code] = (first, iter(dict.fromkeys(mutants(first, blocks(edit, "Passes")))))
    # Most are silenced by one of the first changes: the others are asked for more of them.
    while left:
        taken = {code: list(islice(more, AT_ONCE)) for code, (_, more) in left.items()}
        spent = [code for code, texts in taken.items() if not texts]
        assert not spent, f"no single change of its first failing example silences {spent}"
        groups: dict[tuple[object, object], list[tuple[str, Case]]] = defaultdict(list)
        silent = set()
        for code, texts in taken.items():
            for text in texts:
                if alone(code, left[code][0]):
                    silent |= {code} if code not in silent and not hits_alone(code, text, tmp_path) else set()
                elif (case := read(text)) is not None:
                    groups[case.as_of, case.received].append((code, case))
        for members in groups.values():
            for at in range(0, len(members), MOST):
                silent |= silenced(members[at : at + MOST])
        for code in silent:
            del left[code]


def alone(code: str, text: str) -> bool:
    """Say whether an example cannot share a file: it has a history, damaged bytes, or needs pyx12."""
    return bool(EARLIER.search(text) or re.search(r"^(raw|drop|dup|add) ", text, re.MULTILINE)) or code in GUIDE


def silenced(batch: list[tuple[str, Case]]) -> set[str]:
    """Return the edits that do not hit one of their own changed examples."""
    day, received = batch[0][1].as_of, batch[0][1].received
    report = scrubjay.check(together([case for _, case in batch], day), as_of=day, received=received, preview=True)
    rows = report.findings.select("edit", "claim", "outcome").rows()
    hit = {(edit, int(claim.partition(":")[0])) for edit, claim, outcome in rows if claim and outcome == "hit"}
    return {code for number, (code, _) in enumerate(batch) if (code, number) not in hit}


def hits_alone(code: str, text: str, folder: Path) -> bool:
    """Say whether an edit hits a case that needs bytes or a history of its own; what cannot be read counts as a hit."""
    try:
        case, earlier = split(text)
        data = to_837(case)
    except (CaseError, ValueError, IndexError):
        return True
    for path in folder.iterdir():
        path.unlink()
    if earlier is not None:
        (folder / "earlier.837").write_bytes(to_837(earlier))
    report = scrubjay.check(
        data, as_of=case.as_of, received=case.received, select=[code], preview=True,
        history=folder if earlier is not None else None, conformance=code in GUIDE,
    )  # fmt: skip
    return code in set(report.findings["edit"])
