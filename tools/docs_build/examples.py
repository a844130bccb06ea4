"""Cases as a reader sees them: the rows of the notation, the claim they make, and what is found on it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import scrubjay
from docs_build.common import CASES, Edit, Facts, fence, table
from scrubjay.cases import Case, parse, to_837
from scrubjay.edits.envelope.kinds import GUIDE
from scrubjay.io.records import Claim
from scrubjay.render.text import effect_words

FENCE = re.compile(r"^```case\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPECT = re.compile(r"#\s*expect\s+(none|(unknown\s+)?([A-Z]{2,4}\d{2,3})((?:\s+\w+=\S+)*))")
_EARLIER = re.compile(r"^earlier\n(.*?)^now\n", re.MULTILINE | re.DOTALL)


def split(text: str) -> list[str]:
    """Return the cases of an example section."""
    return re.split(r"\n\s*\n", text.strip())


def count(edit: Edit) -> tuple[int, int, int]:
    """Return how many cases of an edit fail, pass and are corner cases."""
    path = CASES / f"{edit['code']}.md"
    corner = len(FENCE.findall(path.read_text(encoding="utf-8"))) if path.exists() else 0
    return len(split(edit["doc"]["Fails"])), len(split(edit["doc"]["Passes"])), corner


def fails(facts: Facts, edit: Edit) -> Iterator[str]:
    """Yield the blocks of the section on what fails."""
    for text in split(edit["doc"]["Fails"]):
        case, earlier = _parsed(text)
        yield fence(text)
        yield from _both(facts, case, earlier)
        yield "\n".join(f"* {words}" for words in _findings(facts, edit, case, earlier))


def passes(facts: Facts, edit: Edit) -> Iterator[str]:
    """Yield the blocks of the section on what passes."""
    for text in split(edit["doc"]["Passes"]):
        case, earlier = _parsed(text)
        yield fence(text)
        yield from _both(facts, case, earlier)


def corners(edit: Edit) -> Iterator[str]:
    """Yield the prose and the cases of the page of corner cases; its expectations in words."""
    path = CASES / f"{edit['code']}.md"
    if not path.exists():
        return
    body = path.read_text(encoding="utf-8").split("\n", 1)[1]
    at = 0
    for match in FENCE.finditer(body):
        yield _demoted(body[at : match.start()])
        rows = "\n".join(line for line in match[1].splitlines() if not _EXPECT.match(line.strip()))
        yield fence(rows)
        yield "\n".join(f"* {_expected(found)}" for found in _EXPECT.finditer(match[1]))
        at = match.end()
    yield _demoted(body[at:])


def _parsed(text: str) -> tuple[Case, Case | None]:
    """Return a case and the earlier claims that it is judged by."""
    match = _EARLIER.search(text)
    (case,) = parse(_EARLIER.sub("", text))
    return case, parse(match[1])[0] if match else None


def _both(facts: Facts, case: Case, earlier: Case | None) -> Iterator[str]:
    """Yield the claims of a case, the earlier ones first."""
    if earlier is not None:
        yield "Earlier:"
        yield from _drawn(facts, earlier)
        yield "Now:"
    yield from _drawn(facts, case)


def _demoted(prose: str) -> str:
    return re.sub(r"^#", "##", prose, flags=re.MULTILINE).strip()


def _expected(found: re.Match[str]) -> str:
    """Return an expectation in words."""
    if found[1] == "none":
        return "nothing of this edit"
    known = dict(pair.split("=", 1) for pair in found[4].split())
    where = f"line {known['line']}" if known.get("line", "None") != "None" else "the claim"
    if "claim" in known:
        where += f" of claim {known['claim']}"
    if found[2]:
        return f"**{found[3]}** cannot decide on {where}"
    words = [f"**{found[3]}** {known.get('level', 'hits')} on {where}".replace("  ", " ")]
    if known.get("related"):
        words.append(f"with line {known['related'].replace(',', ', ')}")
    if known.get("denied", "None") != "None":
        words.append(f"line {known['denied']} would be denied")
    code = "-".join(known[key] for key in ("group", "carc") if known.get(key))
    if "carc" in known:
        words.append(f"{code if 'group' in known else 'CARC ' + known['carc']}".strip())
    if known.get("rarc"):
        words.append(known["rarc"].replace(",", ", "))
    if known.get("element"):
        words.append(f"at {known['element']}")
    return "; ".join(words)


def _drawn(facts: Facts, case: Case) -> Iterator[str]:
    """Yield each claim of a case as its header and its lines; nothing where the bytes are damaged on purpose."""
    if case.damage:
        return
    claims = case.claims
    for claim in claims:
        letters = ", ".join(f"{chr(65 + at)} {code}" for at, code in enumerate(claim.diagnoses))
        number = f"Claim {claim.id}: " if len(claims) > 1 else ""
        frequency = "" if claim.frequency == "1" else f", frequency {claim.frequency}"
        yield f"{number}{_payer(facts, claim)}, place {claim.pos}{frequency}, diagnoses {letters or 'none'}."
        yield _lines(claim)


def _payer(facts: Facts, claim: Claim) -> str:
    """Return the payer as the policy calls it that is chosen for the claim."""
    payer = claim.payer
    return facts.policies.label(facts.policies.select(payer.id, payer.name, payer.filing_code))


def _lines(claim: Claim) -> str:
    head = ["24", "A date", "B place", "D code", "modifiers", "E", "F charge", "G units", "drug or text"]
    rows = []
    for at, line in enumerate(claim.lines, start=1):
        date = str(line.service_date or "none") + (f" to {line.service_to}" if line.service_to else "")
        drug = f"N4{line.ndc} {line.ndc_unit}{line.ndc_quantity or ''}" if line.ndc else ""
        text = "; ".join(part for part in (drug, line.description, *(note.text for note in line.notes)) if part)
        rows.append(
            [
                str(line.number or at),
                date,
                line.pos or claim.pos,
                line.code,
                " ".join(line.modifiers),
                " ".join(_letter(pointer) for pointer in line.pointers),
                "" if line.charge is None else f"{line.charge:.2f}",
                "" if line.units is None else f"{line.units.normalize():f}",
                text,
            ]
        )
    used = [column for column in range(len(head)) if column < 8 or any(row[column] for row in rows)]
    kept = [[row[column] for column in used] for row in rows]
    return table([head[column] for column in used], kept, right=(6, 7))


def _letter(pointer: str) -> str:
    return chr(64 + int(pointer)) if pointer.isdigit() and 1 <= int(pointer) <= 12 else pointer


def _findings(facts: Facts, edit: Edit, case: Case, earlier: Case | None) -> Iterator[str]:
    """Yield what this edit says of a case."""
    with tempfile.TemporaryDirectory(prefix="scrubjay-docs-") as folder:
        if earlier is not None:
            (Path(folder) / "earlier.837").write_bytes(to_837(earlier))
        report = scrubjay.check(
            to_837(case),
            as_of=case.as_of,
            received=case.received,
            refs=facts.refs,
            history=folder if earlier is not None else None,
            preview=True,
            select=[edit["code"], *edit["supersedes"]],
            conformance=edit["code"] in GUIDE,
        )
    payers = {row["claim_id"]: row["payer"] for row in report.claims.iter_rows(named=True)}
    for row in report.findings.iter_rows(named=True):
        if row["edit"] == edit["code"]:
            yield _said(row, payers.get(row["claim_id"]) or "the payer")


def _said(row: dict[str, Any], payer: str) -> str:
    where = f"line {row['line']}" if row["line"] is not None else "the claim" if row["claim"] else "the file"
    if row["outcome"] == "unknown":
        return f"not decided on {where}: {_plain(row['message'])}"
    effect = effect_words(row | {"amount_at_risk": None}, payer)
    return f"**{row['level']}** on {where}: {_plain(row['message'])}" + (
        f" {effect[:1].upper()}{effect[1:]}." if effect else ""
    )


def _plain(text: str) -> str:
    """Return a message that Markdown leaves as it is."""
    return re.sub(r"([*_<>\[\]`])", r"\\\1", text)
