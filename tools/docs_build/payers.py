"""By payer: whose policy is chosen when, and every level and switch that differs from the policy it extends."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from docs_build.common import ROOT, Facts, page, span, table
from scrubjay.policy_layer import Setting

SOURCES = ROOT / "src/scrubjay/payers/sources.toml"


def pages(facts: Facts) -> dict[str, str]:
    """Return the page."""
    policies = facts.policies
    names = facts.payers()
    blocks = [
        "What a payer does is dated data with a reason and a source; no edit names a payer. How a claim gets its policy, and how a "
        "practice adds its own: [whose policy](policies.md). `scrubjay config --show --payer 87726 --on 2026-03-01 --edit EM04` "
        "shows who wins on a day and whom it beat.",
        "A policy has the values of the one it extends, and those of its own section. Where nothing was found about a payer, a level "
        "is at most `warn`. Sources are keys of the list at the end; `M` is common practice without a text.",
        table(
            ["policy", "payer", "extends", "own rules", "own switches", "chosen by"],
            [_row(facts, name) for name in names],
        ),
        "## Switches",
        table(
            ["switch", "may be", "means"],
            [
                [f"`{name}`", ", ".join(d.allowed) or "a number", d.meaning]
                for name, d in sorted(policies.declared.items())
            ],
        ),
    ]
    for name in names:
        blocks += _section(facts, name)
    return {"payers.md": page("By payer", *blocks, *_sources(facts))}


def _settings(facts: Facts, name: str, kind: str) -> list[Setting]:
    return [
        s
        for layer in facts.policies.layers
        if layer.origin == name
        for s in layer.settings
        if s.kind == kind and not s.scope
    ]


def _row(facts: Facts, name: str) -> list[str]:
    chain = facts.policies.chain(name)
    chosen = []
    for selector in facts.policies.selectors:
        if selector.policy == name:
            chosen += [f"payer id {', '.join(sorted(selector.ids))}"] if selector.ids else []
            chosen += ["payer name"] if selector.names else []
            chosen += [f"SBR09 {', '.join(sorted(selector.filing))}"] if selector.filing else []
            chosen += [f"with SBR09 {', '.join(sorted(selector.when_filing))}"] if selector.when_filing else []
    counts = [str(len(_settings(facts, name, kind))) for kind in ("rule", "switch")]
    link = f"[`{name}`](#{name})"
    return [
        link,
        facts.policies.label(name),
        chain[-2] if len(chain) > 1 else "",
        *counts,
        "; ".join(chosen) or "nothing else fits",
    ]


def _section(facts: Facts, name: str) -> Iterator[str]:
    policies = facts.policies
    yield f"## {name}"
    chain = policies.chain(name)
    if len(chain) == 1:
        yield (
            f"{policies.label(name)}: a level for every edit and a value for every switch, weaker than everything else. The levels "
            "stand on the [pages of the edits](edits/index.md); here are the switches."
        )
    else:
        yield f"{policies.label(name)}, extends {' and so '.join(f'`{parent}`' for parent in reversed(chain[:-1]))}."
    switches = [
        [f"`{s.key}`", s.value, _before(facts, chain, s), span(s.start, s.end), s.reason, s.source]
        for s in _settings(facts, name, "switch")
    ]
    rules = [] if len(chain) == 1 else [
        [_edit(facts, s.key), s.value, _before(facts, chain, s), span(s.start, s.end), s.reason, s.source]
        for s in _settings(facts, name, "rule")
    ]  # fmt: skip
    head = ["value", "otherwise", "dates of service", "why", "source"]
    if switches:
        yield table(["switch", *head], switches)
    if rules:
        yield table(["edit", "level", *head[1:]], rules)
    if not switches and not rules:
        yield "Nothing of its own."


def _before(facts: Facts, chain: tuple[str, ...], setting: Setting) -> str:
    """Return the value a setting replaces: that of the policy extended, on the setting's first day."""
    if len(chain) == 1 or not setting.exact:
        return ""
    intervals = facts.policies.intervals(chain[-2], setting.kind, setting.key)
    start = setting.start
    found = next((i for i in intervals if i.end is None or (start is not None and start <= i.end)), intervals[-1])
    return found.winner.value


def _edit(facts: Facts, key: str) -> str:
    names = facts.names()
    return f"[{key}](edits/{key}.md) {names[key].replace('-', ' ')}" if key in names else f"{key} (not yet built)"


def _sources(facts: Facts) -> Iterator[str]:
    used = " ".join(s.source for layer in facts.policies.layers for s in layer.settings)
    with SOURCES.open("rb") as stream:
        known = tomllib.load(stream)
    yield "## Sources"
    yield table(
        ["key", "text", "where"],
        [
            [
                key,
                entry["title"],
                " ".join(f"[{number}]({url})" for number, url in enumerate(entry.get("urls", []), start=1)),
            ]
            for key, entry in known.items()
            if key in used.replace(":", " ").replace(",", " ").split()
        ],
    )
