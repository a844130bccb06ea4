"""``scrubjay config``: which policy speaks for a payer, each value, and where it came from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrubjay.cli.values import day

if TYPE_CHECKING:
    from scrubjay.policy import PolicySet
    from scrubjay.policy_layer import Setting
    from scrubjay.render.style import Style


def config(
    show: Annotated[bool, typer.Option("--show", help="Show the configuration in force; without it the same.")] = False,
    payer: Annotated[
        str | None, typer.Option(metavar="ID|NAME", help="A policy name, a payer id (2010BB NM109) or a payer's name.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Date of service, YYYY-MM-DD (default: today).")
    ] = None,
    edit: Annotated[
        str | None, typer.Option(metavar="CODE", help="An edit code or a switch: the winning value and those it beat.")
    ] = None,
) -> None:
    """Show the policies, or each value of one payer's policy and where it came from."""
    from scrubjay import policy
    from scrubjay.cli.output import style_of
    from scrubjay.cli.practice import lapsed

    when = day(on, "--on") or date.today()  # noqa: DTZ011 - the day of the person who asks
    style = style_of(sys.stdout)
    practice = policy.find_practice_file(Path.cwd())
    policies = policy.load([practice] if practice else [])
    lapses = policies.expired(today := date.today())  # noqa: DTZ011 - an entry expires by the day of judgement
    policies = policies.on(today)
    typer.echo(f"practice file: {practice or 'none (scrubjay.toml here or above would be read)'}")
    for entry in lapses:
        typer.echo(f"expired: {lapsed(entry)}")
    if payer is None and edit is None:
        lines = _policies(policies, style)
    else:
        name, why = _chosen(policies, payer)
        typer.echo(f"policy: {style.paint(name, 'bold')}, {policies.label(name)} ({why})")
        typer.echo(f"layers, weakest first: {' < '.join(policies.chain(name))}")
        typer.echo(f"date of service: {when}")
        lines = _values(policies, name, when, style) if edit is None else _one(policies, name, edit, when, style)
    for line in lines:
        typer.echo(line)


def _chosen(policies: PolicySet, payer: str | None) -> tuple[str, str]:
    """Return the policy of what was typed, and why it is that one."""
    if payer is None:
        return "generic", "no payer named"
    if payer.lower() in policies.names():
        return payer.lower(), "by its name"
    for name, why in (
        (policies.select(payer, None, None), "by payer id"),
        (policies.select(None, payer, None), "by payer name"),
    ):
        if name != "generic":
            return name, why
    return "generic", f"no policy lists {payer!r}"


def _policies(policies: PolicySet, style: Style) -> Iterator[str]:
    """Yield every policy with its label and what it extends."""
    width = max(len(name) for name in policies.names())
    for name in policies.names():
        chain = policies.chain(name)
        extends = f"extends {chain[-2]}" if len(chain) > 1 else "the base of all"
        yield f"{style.paint(name.ljust(width), 'bold')}  {policies.label(name)} ({extends})"


def _values(policies: PolicySet, name: str, when: date, style: Style) -> Iterator[str]:
    """Yield every level and switch of a policy on a day, with its origin."""
    from scrubjay import catalogue

    codes = [edit["code"] for edit in catalogue.edits()]
    for title, keys in (("levels", codes), ("switches", policies.switch_names())):
        rows = [(key, policies.explain(name, key, when)[0]) for key in keys]
        yield ""
        yield style.paint(title, "bold")
        key_width = max(len(key) for key, _ in rows)
        value_width = max(len(setting.value) for _, setting in rows)
        for key, setting in rows:
            value = style.level(setting.value) + " " * (value_width - len(setting.value))
            yield f"  {key:<{key_width}}  {value}  {setting.origin} ({setting.span()})"


def _one(policies: PolicySet, name: str, key: str, when: date, style: Style) -> Iterator[str]:
    """Yield the winning value of an edit or switch and those it beat."""
    from scrubjay import catalogue

    known = catalogue.by_code(key)
    key = known["code"] if known else key
    settings = policies.explain(name, key, when)
    for index, setting in enumerate(settings):
        yield ""
        yield from _setting(setting, "in force" if index == 0 else "beaten", style)
    declared = policies.declared.get(key)
    if declared is not None:
        yield ""
        yield f"{key}: {declared.meaning}" + (f"; one of {', '.join(declared.allowed)}" if declared.allowed else "")
    yield from _disputed(policies, name, key, when, style)


def _disputed(policies: PolicySet, name: str, key: str, when: date, style: Style) -> Iterator[str]:
    """Yield what the sources say against each other about an edit or switch, and which side the policy is on."""
    from scrubjay import policy_disputes

    for dispute, question in policy_disputes.speaking_of(key):
        held = policy_disputes.standing(policies, question, name, when)
        yield ""
        yield style.paint(f"the sources disagree ({dispute.number}, {dispute.title}): {question.asks}", "bold")
        for position in question.positions:
            mark = "*" if position is held else "-"
            yield from style.block(f"{mark} {position.says} ({position.source})", 2, hanging=2)
            state = "  in force" if position is held else ""
            yield f"    {policy_disputes.settings_in_words(position.settings)}{state}"


def _setting(setting: Setting, state: str, style: Style) -> Iterator[str]:
    """Yield one setting: value, where it was written, dates, reason and source."""
    scope = f", for {setting.scope}" if setting.scope else ""
    yield f"{style.paint(f'{setting.key} = {setting.value}', 'bold')}  {state}"
    yield f"  from    {setting.origin}{scope}, {setting.kind} {setting.number}, {setting.span()}"
    if setting.owner:
        until = f", until {setting.expires}" if setting.expires else ""
        yield f"  owner   {setting.owner}{until}"
    yield from style.block(f"reason  {setting.reason}", 2, hanging=8)
    yield from style.block(f"source  {setting.source}", 2, hanging=8)
