"""Write the generated pages of docs/: ``python tools/build_docs.py``; ``--check`` says whether they are what it would write.

Pages of edits, by denial code, by drug, by payer, where the sources disagree, what is covered, how far to trust a
finding.  They are made from the catalogue, the policies, the packaged tables and the tests; the examples are judged
while they are written.  In the tutorial, which people write, only what the commands print is written anew.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ["SCRUBJAY_REFS"] = ""

from docs_build import accuracy, chart, console, contradictions, coverage, denials, drugs, edits, payers
from docs_build.common import ROOT, Facts, gather

DOCS = ROOT / "docs"


def build(facts: Facts | None = None) -> dict[Path, str]:
    """Return every generated page by its path."""
    facts = facts or gather()
    pages = {DOCS / "edits" / name: text for name, text in edits.pages(facts).items()}
    for module in (denials, drugs, payers, contradictions, coverage, accuracy, chart):
        pages |= {DOCS / name: text for name, text in module.pages(facts).items()}
    return pages | {DOCS / name: text for name, text in console.pages().items()}


def stale(pages: dict[Path, str]) -> list[Path]:
    """Return the pages that are missing, differ, or belong to no edit any more."""
    differ = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return sorted([*differ, *(path for path in (DOCS / "edits").glob("*.md") if path not in pages)])


def main() -> None:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    pages = build()
    if options.check:
        old = [str(path.relative_to(ROOT)) for path in stale(pages)]
        if old:
            sys.exit(f"stale: {', '.join(old[:10])}{' ...' if len(old) > 10 else ''}; run python tools/build_docs.py")
        return
    (DOCS / "edits").mkdir(exist_ok=True)
    for path in stale(pages):
        if path in pages:
            path.write_text(pages[path], encoding="utf-8")
        else:
            path.unlink()
    print(f"{len(pages)} pages")


if __name__ == "__main__":
    main()
