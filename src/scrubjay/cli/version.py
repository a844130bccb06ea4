"""What ``--version`` says: everything needed to reproduce a finding."""

from __future__ import annotations


def version_text() -> str:
    """Return program, catalogue hash and reference editions with their hashes, one a line."""
    from scrubjay import catalogue, refdata_manifest
    from scrubjay._version import __version__

    found = catalogue.load()
    held = refdata_manifest.held()
    lines = [f"scrubjay {__version__}", f"catalogue {found['digest']} ({len(found['edits'])} edits)"]
    lines.append(f"references {refdata_manifest.digest(held)}")
    name = max((len(edition.name) for edition in held), default=0)
    long = max((len(edition.edition) for edition in held), default=0)
    lines += [f"  {e.name:<{name}}  {e.edition:<{long}}  {e.sha256[:12]}" for e in held]
    return "\n".join(lines)
