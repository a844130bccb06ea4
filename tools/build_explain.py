"""Compile the index behind ``scrubjay explain``: ``python tools/build_explain.py``.

Reads the packaged reference tables and ``tools/explain/notes.toml``, writes ``src/scrubjay/explain/pages.zip``. Run it after
``tools/build_refs.py``; ``--check`` says whether the index holds what it would write now.
"""

from __future__ import annotations

import argparse
import io
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from scrubjay import refdata
from scrubjay.explain import facts, index

ROOT = Path(__file__).resolve().parent.parent
NOTES = ROOT / "tools/explain/notes.toml"
TARGET = ROOT / "src/scrubjay/explain" / index.NAME


def notes() -> dict[str, Any]:
    """Return the hand-written notes."""
    with NOTES.open("rb") as stream:
        return tomllib.load(stream)


def build() -> bytes:
    """Return the index made from the packaged tables and the notes."""
    refs, written = refdata.load(user=False), notes()
    held = [edition for name in refs.names() for edition in refs.editions(name)]
    out = io.BytesIO()
    known = facts.code_facts(refs, written["class"])
    index.write(
        out, {"digest": index.digest(held)}, written, known, {k: facts.reason_facts(refs, k) for k in ("carc", "rarc")}
    )
    return out.getvalue()


def contents(data: bytes) -> dict[str, bytes]:
    """Return the members of an index; compressed bytes may differ between zlib versions, these may not."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main() -> None:
    """Write the index, or compare it with what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    data = build()
    if options.check:
        if contents(data) != contents(TARGET.read_bytes()):
            sys.exit(f"{TARGET} is stale; run python tools/build_explain.py")
        return
    TARGET.write_bytes(data)
    print(f"{TARGET.relative_to(ROOT)}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
