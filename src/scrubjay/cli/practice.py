"""The practice's own policy file: ``scrubjay.toml`` beside the input or in a folder above it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

from scrubjay import policy
from scrubjay.cli.values import STDIN
from scrubjay.policy import PolicySet
from scrubjay.policy_layer import Setting


def policies_for(inputs: Iterable[str]) -> PolicySet:
    """Return the packaged policies with the practice file that the inputs fall under, if any.

    Inputs under different practice files are a usage error: one run has one set of policies.
    """
    places = {Path.cwd() if name == STDIN else _folder(Path(name)) for name in inputs}
    found = sorted({file for place in places if (file := policy.find_practice_file(place)) is not None})
    if len(found) > 1:
        names = " and ".join(str(file) for file in found)
        raise typer.BadParameter(f"the inputs fall under {names}; check them one by one", param_hint="FILE")
    return policy.load(found)


def lapsed(entry: Setting) -> str:
    """Say of an expired entry whose it was and what holds now."""
    return (
        f"{entry.origin}: {entry.kind} {entry.number} ({entry.key} = {entry.value}) of {entry.owner} ended on {entry.expires}; "
        "the payer's own policy holds again"
    )


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent
