"""``scrubjay synth``: invented claims to try the program on."""

from __future__ import annotations

from typing import Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import refuse


def synth(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The 837P file to write.")],
    claims: Annotated[int, typer.Option(metavar="N", min=1, help="How many claims.")] = 1000,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed gives the same bytes.")] = 1,
    faults: Annotated[
        float, typer.Option(metavar="SHARE", min=0.0, max=1.0, help="Share of claims with a planted fault.")
    ] = 0.12,
) -> None:
    """Write an 837P batch of invented patients, practices and claims, some with planted faults."""
    refuse(output, [])
    from scrubjay import synth as generator

    written = generator.write(output, claims, seed, fault_share=faults)
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in written.faults.items()) or "none"
    guard.words(
        f"{output}: {written.claims:,} claims, {written.lines:,} lines, {written.bytes:,} bytes; faults: {kinds}"
    )
