"""How far to trust a finding: how edits are tested, what they rest on, and how old the tables are; all counts generated."""

from __future__ import annotations

from collections import Counter
from datetime import date

from docs_build.common import CONFIDENCE, ROOT, Facts, page, table
from docs_build.examples import FENCE, count
from scrubjay import policy_disputes
from scrubjay.cases import parse
from scrubjay.refdata_manifest import Edition

CLEAN = ROOT / "tests" / "clean"


def pages(facts: Facts) -> dict[str, str]:
    """Return the page."""
    tested = {edit["code"]: count(edit) for edit in facts.edits}
    fails, passes, corner = (sum(numbers[k] for numbers in tested.values()) for k in range(3))
    bare = [code for code, numbers in tested.items() if not numbers[2]]
    confidence = Counter(edit["confidence"] for edit in facts.edits)
    levels = Counter(edit["level"] for edit in facts.edits)
    held = [edition for name in facts.refs.names() for edition in facts.refs.editions(name)]
    day = _packaged(held)
    blocks = [
        "A finding is a prediction. This page says what stands behind it. Its numbers are written by the same program that writes "
        "the pages of the edits, so that they cannot be better than the truth.",
        "## How edits are tested",
        f"* **Examples.** Every edit shows cases that fail and cases that pass, on its page and in its code: {fails} and {passes} "
        "in all. A failing case must hit exactly its edit and no other; a passing case must be clear of every edit.\n"
        f"* **Corner cases.** {corner} more cases, with dates before and after, other payers, near misses, values that are missing. "
        f"{_bare(bare)}\n"
        "* **Near misses by machine.** The first failing example of every edit is changed in one place until the edit is silent: none "
        "hits whatever stands there.\n"
        "* **Unknown is not clear.** Where a value, an edition or a table that an edit needs is missing, the run says so and leaves "
        "with another exit code.\n"
        f"* **Contradictions.** {_questions()} questions on which the [sources disagree](contradictions.md): a claim each, judged under "
        "every position, finds what the position says and nothing else.\n"
        "* **A second opinion.** For whole families a plain program judges generated claims in the simplest way, row by row; both "
        "must agree.\n"
        "* **Nothing depends on how a file is cut.** The same claims in other pieces, in another order, or beside others give the "
        "same findings.\n"
        f"* **Clean claims.** {_clean()} claims that are right, though a nervous scrubber would flag them, each with its reason, over all "
        "payers, places and years: none is denied, and every warning among them is listed by hand.\n"
        "* **Forty claims of a clinic** ([examples](../examples/README.md)) are judged as their table says, the clean ones "
        "included.",
        "What is not tested: whether payers did deny such claims. That takes remittances of a practice. Until then a `deny` "
        "means that a text of the payer, or a rule that binds it, says so, and `warn` that it depends.",
        "## What edits rest on",
        table(
            ["evidence", "edits", "meaning"],
            [[name, str(confidence[name]), text] for name, text in CONFIDENCE.items()],
            right=(1,),
        ),
        table(
            ["level for an unknown payer", "edits"],
            [[name, str(levels[name])] for name in ("deny", "warn", "info")],
            right=(1,),
        ),
        "Each page of an edit lists its sources; [by payer](payers.md) lists the source of every level. What a claim cannot decide "
        "is told in [what is covered](coverage.md).",
        "## How old the tables are",
        f"Measured at {day:%Y-%m}, when the newest table was packaged. A claim is judged by the edition of its date of service; "
        "where none covers that day, the nearest earlier one is used, and the finding says so. `scrubjay refs import` brings newer "
        "ones.",
        table(
            ["table", "edition", "from", "to", "ended", "rows", "publisher"],
            [_row(edition, day) for edition in held],
            right=(5,),
        ),
        "## Known weak places",
        "* The packaged NCCI pair table has no first days of its pairs ([why](decisions/ptp-without-effective-dates.md)); import a "
        "current one before you rely on pairs outside its quarter.\n"
        "* Unit limits are published by quarter, and only the quarters above are packaged.\n"
        "* Containers of many drugs come from listings of other years; there JW01 warns and does not deny.\n"
        "* Contracts and plan texts of commercial payers are mostly not public: their levels are `warn` unless a text was found.",
    ]
    return {"accuracy.md": page("How far to trust a finding", *blocks)}


def _bare(codes: list[str]) -> str:
    if not codes:
        return "Every edit has some."
    return f"Without any yet: {', '.join(codes)}."


def _clean() -> int:
    """Return how many claims the suite of clean ones holds."""
    fences = (text for path in sorted(CLEAN.glob("*.md")) for text in FENCE.findall(path.read_text(encoding="utf-8")))
    return sum(len(case.claims) for text in fences for case in parse(text))


def _questions() -> int:
    """Return how many questions the sources answer in more than one way."""
    return sum(len(dispute.questions) for dispute in policy_disputes.packaged())


def _packaged(held: list[Edition]) -> date:
    """Return the first day of the newest month that names an edition."""
    months = [edition.edition for edition in held if len(edition.edition) == 7 and edition.edition[4] == "-"]
    year, month = max(months).split("-")
    return date(int(year), int(month), 1)


def _row(edition: Edition, day: date) -> list[str]:
    end = edition.valid_to
    months = 0 if end is None else (day.year - end.year) * 12 + day.month - end.month
    ended = "" if end is None or end >= day else f"{months} month{'s' if months != 1 else ''} before"
    days = [str(value) if value else "" for value in (edition.valid_from, end)]
    return [f"`{edition.name}`", edition.edition, *days, ended, f"{edition.rows:,}", edition.publisher]
