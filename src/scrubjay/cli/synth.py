"""``scrubjay synth``: invented claims to try the program on, and invented payers that answer them."""

from __future__ import annotations

from typing import Annotated

import typer

from scrubjay.cli import guard
from scrubjay.cli.output import refuse
from scrubjay.cli.values import day


def synth(
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The 837P or 835 file to write.")],
    claims: Annotated[int, typer.Option(metavar="N", min=1, help="How many claims.")] = 1000,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed gives the same bytes.")] = 1,
    faults: Annotated[
        float, typer.Option(metavar="SHARE", min=0.0, max=1.0, help="Share of claims with a planted fault.")
    ] = 0.12,
    remit: Annotated[
        str | None,
        typer.Option(metavar="CLAIMS", help="Write no claims: answer this 837P with an 835, as invented payers would."),
    ] = None,
    payer_model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="With --remit: what the invented payers deny and pay, TOML (default: packaged)."
        ),
    ] = None,
    received: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="With --remit: the day they get the claims (default: a week after the last)."
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Also write what was planted (JSON), with --remit what was denied and why."),
    ] = None,
) -> None:
    """Write an 837P batch of invented patients, practices and claims, some with planted faults; or the 835 that answers one."""
    if remit is None:
        if payer_model is not None or received is not None:
            raise typer.BadParameter("--payer-model and --received need --remit CLAIMS", param_hint="--remit")
        refuse(output, [])
        from scrubjay import synth as generator

        written = generator.write(output, claims, seed, fault_share=faults, truth=truth)
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in written.faults.items()) or "none"
        guard.words(
            f"{output}: {written.claims:,} claims, {written.lines:,} lines, {written.bytes:,} bytes; faults: {kinds}"
        )
        return
    refuse(output, [remit])
    refuse(truth, [remit, output])
    from pathlib import Path

    from scrubjay.adjudicator import adjudicate, load_model
    from scrubjay.errors import InputError

    if not Path(remit).is_file():
        raise InputError(remit, "no such file; name an 837P")
    model = load_model(payer_model)
    done = adjudicate(remit, output, seed, truth=truth, model=model, received=day(received, "--received"))
    for failure in done.errors:
        guard.error(f"{failure.file}: {failure.message}")
    guard.words(
        f"{output}: {done.claims:,} claims, {done.lines:,} lines answered in {done.payments:,} payments, "
        f"{done.denied_lines:,} lines denied, {done.rejected:,} claims rejected, {done.unanswered:,} unanswered"
    )
