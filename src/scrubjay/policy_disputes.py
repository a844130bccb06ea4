"""Where the sources contradict each other: both positions, the settings that decide, and how a practice changes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources

from scrubjay.errors import PolicyError
from scrubjay.policy import DISPUTES, PolicySet
from scrubjay.policy_layer import Dispute, Position, Question

USUAL_DAY = date(2026, 3, 2)
"""The day of service of a case that names none."""


@cache
def packaged() -> tuple[Dispute, ...]:
    """Return the contradictions in the order of their numbers."""
    from scrubjay.policy_schema import read_disputes

    file = resources.files("scrubjay").joinpath("payers", DISPUTES)
    return tuple(sorted(read_disputes(DISPUTES, file.read_text(encoding="utf-8")), key=lambda d: d.number))


def speaking_of(key: str) -> Iterator[tuple[Dispute, Question]]:
    """Yield the questions that a setting decides, and for an edit also those whose answers change what it finds."""
    for dispute in packaged():
        for question in dispute.questions:
            settings = question.positions[0].settings
            edits = {line.split()[0] for position in question.positions for line in position.finds}
            if key in settings or key in edits or any(name.startswith(f"{key}.") for name in settings):
                yield dispute, question


def standing(policies: PolicySet, question: Question, name: str, on: date) -> Position | None:
    """Return the position a policy takes on a day; None where it takes none of them.

    Of a level only this counts: whether the edit is off.
    """
    for position in question.positions:
        if all(_same(key, value, _value(policies, name, key, on)) for key, value in position.settings.items()):
            return position
    return None


def practice_entries(policies: PolicySet, question: Question, position: Position) -> str:
    """Return the lines of ``scrubjay.toml`` that make a position hold, for the question's payer or for all."""
    day = question.on or USUAL_DAY
    settings = dict(position.settings)
    rules: dict[str, dict[str, str]] = {}
    for key, value in list(settings.items()):
        edit, _, parameter = key.partition(".")
        if key[:1].isupper():
            if parameter:
                rules.setdefault(edit, {})[parameter] = value
            else:
                rules.setdefault(edit, {})
            del settings[key]
    blocks = []
    for edit, parameters in rules.items():
        level = position.settings.get(edit) or policies.level(question.policy, edit, day)
        lines = ["[[rule]]", f'edit = "{edit}"', f'level = "{level}"']
        if parameters:
            inside = ", ".join(f"{name} = {_toml(value)}" for name, value in parameters.items())
            lines.append(f"params = {{ {inside} }}")
        blocks.append([*lines, *_evidence(question)])
    for name, value in settings.items():
        blocks.append(["[[switch]]", f'name = "{name}"', f"value = {_toml(value)}", *_evidence(question)])
    return "\n\n".join("\n".join(lines) for lines in blocks)


def refuse_unknown(policies: PolicySet, disputes: Iterable[Dispute] | None = None) -> None:
    """Raise PolicyError where a position names a policy, an edit or a value that no policy file could set."""
    known = {*policies.codes(), *policies.switch_names()}
    for dispute in packaged() if disputes is None else disputes:
        for question in dispute.questions:
            policies.label(question.policy)
            for key, value in ((k, v) for p in question.positions for k, v in p.settings.items()):
                if key not in known:
                    raise PolicyError(f"{DISPUTES}: {dispute.number}: {key} is not known")
                allowed = policies.declared[key].allowed if key in policies.declared else ()
                if allowed and value not in allowed:
                    raise PolicyError(
                        f"{DISPUTES}: {dispute.number}: {key} is one of {', '.join(allowed)}, not {value}"
                    )


def settings_in_words(settings: Mapping[str, str]) -> str:
    """Return ``EM03 = warn, ndc = noc``."""
    return ", ".join(f"{key} = {value}" for key, value in settings.items())


def _value(policies: PolicySet, name: str, key: str, on: date) -> str:
    return policies.explain(name, key, on)[0].value


def _same(key: str, wanted: str, has: str) -> bool:
    if key[:1].isupper() and "." not in key:
        return (wanted == "off") == (has == "off")
    return wanted == has


def _toml(value: str) -> str:
    if value.isdigit() or value in ("true", "false"):
        return value
    if "," in value:
        return f"[{', '.join(_toml(part) for part in value.split(','))}]"
    return f'"{value}"'


def _evidence(question: Question) -> list[str]:
    scope = [] if question.policy == "generic" else [f'payer = "{question.policy}"']
    return [*scope, 'reason = "what the payer said, in your words"', 'source = "contract: title, date, section"']
