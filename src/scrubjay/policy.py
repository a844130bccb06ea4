"""Payer policy: layers of dated TOML merged into one flat table, each value with its origin.

Layers, weakest first: built-in generic, line of business, payer, plan or contract, practice. Inside one file a rule for
one payer beats a rule for all, and an edit code beats a prefix.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from scrubjay.errors import PolicyError
from scrubjay.policy_layer import PRACTICE_FILE, Declaration, Interval, Kind, Layer, Selector, Setting, timeline
from scrubjay.policy_select import choose, refuse_twins

if TYPE_CHECKING:
    import polars as pl

_SOURCES = "sources.toml"
DISPUTES = "disputes.toml"
"""The file of :mod:`scrubjay.policy_disputes`; it sets nothing."""


@dataclass(frozen=True, eq=False)
class PolicySet:
    """Every policy known to a run; immutable, so that one set serves all threads.

    ``parents`` maps a policy to the one it extends (``generic`` to the empty name).
    """

    layers: tuple[Layer, ...]
    labels: Mapping[str, str]
    parents: Mapping[str, str]
    selectors: tuple[Selector, ...]
    declared: Mapping[str, Declaration]
    _frames: dict[tuple[str, tuple[str, ...] | None], pl.DataFrame] = field(default_factory=dict, repr=False)

    def names(self) -> tuple[str, ...]:
        """Return the policy names in alphabetical order."""
        return tuple(sorted(self.labels))

    def label(self, name: str) -> str:
        """Return the name shown to people, such as ``Medicare Part B``."""
        return self.labels[self._known(name)]

    def chain(self, name: str) -> tuple[str, ...]:
        """Return the policy's layers, generic first and itself last."""
        parent = self.parents[self._known(name)]
        return (*self.chain(parent), name) if parent else (name,)

    def select(self, payer_id: str | None, payer_name: str | None, filing_code: str | None) -> str:
        """Return the policy of a claim: its payer id (2010BB NM109), else payer name, else SBR09, else ``generic``."""
        return choose(self.selectors, self._depth, payer_id or "", payer_name or "", filing_code or "")

    def codes(self) -> tuple[str, ...]:
        """Return the edit codes that some layer names in full."""
        return tuple(sorted({s.key for layer in self.layers for s in layer.settings if s.kind == "rule" and s.exact}))

    def switch_names(self) -> tuple[str, ...]:
        """Return the names of all switches; a parameter of one edit is called ``EDIT.name``."""
        return tuple(sorted({s.key for layer in self.layers for s in layer.settings if s.kind == "switch"}))

    def expired(self, as_of: date) -> list[Setting]:
        """Return the practice's entries that hold no more on the day of judgement."""
        return [s for layer in self.layers for s in layer.settings if s.expired(as_of)]

    def on(self, as_of: date) -> PolicySet:
        """Return the policies as they hold on a day of judgement: without the entries that have expired."""
        if not self.expired(as_of):
            return self
        left = (
            replace(layer, settings=tuple(s for s in layer.settings if not s.expired(as_of))) for layer in self.layers
        )
        return merge(tuple(left))

    def explain(self, name: str, key: str, on: date) -> list[Setting]:
        """Return what speaks of an edit or a switch on a day, winner first, then those it beat.

        Raises PolicyError for an unknown policy, edit or switch.
        """
        kind: Kind = "rule" if key[:1].isupper() and "." not in key else "switch"
        standing = self._standing(name, kind, key)
        if not standing:
            raise PolicyError(f"no policy sets {key}{_near(key, (*self.codes(), *self.switch_names()))}")
        return [s for s in standing if s.covers(on)]

    def level(self, name: str, edit: str, on: date) -> str:
        """Return the level of an edit on a day."""
        return self.explain(name, edit, on)[0].value

    def switch(self, name: str, switch: str, on: date) -> str:
        """Return the value of a switch on a day."""
        return self.explain(name, switch, on)[0].value

    def intervals(self, name: str, kind: Kind, key: str) -> list[Interval]:
        """Return who wins when; the intervals cover all time.

        Raises PolicyError where some day has no value.
        """
        intervals = timeline(self._standing(name, kind, key))
        if not intervals or intervals[0].start is not None or intervals[-1].end is not None or _gap(intervals):
            raise PolicyError(f"generic gives {key} no {'level' if kind == 'rule' else 'value'} on some days")
        return intervals

    def rules(self, edits: Iterable[str] | None = None) -> pl.DataFrame:
        """Return the level of every edit by policy and date.

        Columns: policy, edit, level, valid_from, valid_to (both days inside, null where open), origin, reason, source.
        With ``edits`` exactly those codes (a prefix such as ``ENV*`` may cover them), else every code named in full by
        some layer.
        """
        return self._frame("rule", None if edits is None else tuple(sorted(set(edits))))

    def switches(self) -> pl.DataFrame:
        """Return the value of every switch by policy and date.

        Columns: policy, name, value (text), valid_from, valid_to (both days inside, null where open), origin, reason,
        source.
        """
        return self._frame("switch", None)

    def digest(self) -> str:
        """Return the SHA-256 of the flat table and of how a policy is chosen."""
        sums = hashlib.sha256()
        keys: list[tuple[Kind, str]] = sorted({(s.kind, s.key) for layer in self.layers for s in layer.settings})
        for name in self.names():
            for kind, key in keys:
                for i in timeline(self._standing(name, kind, key)):
                    w = i.winner
                    row = (name, kind, key, w.value, str(i.start), str(i.end), w.origin, w.reason, w.source)
                    sums.update(repr(row).encode())
        for selector in self.selectors:
            names = [p.pattern for p in selector.names]
            lists = (sorted(selector.ids), names, sorted(selector.filing), sorted(selector.when_filing))
            sums.update(repr((selector.policy, selector.user, lists)).encode())
        return sums.hexdigest()

    def _known(self, name: str) -> str:
        if name not in self.labels:
            near = _near(name, self.names())
            raise PolicyError(f"no policy is called {name}{near}; scrubjay config --show lists them")
        return name

    @cached_property
    def _depth(self) -> dict[str, int]:
        return {name: len(self.chain(name)) for name in self.labels}

    @cached_property
    def _index(self) -> dict[tuple[Kind, str], list[tuple[int, Setting]]]:
        """Map each key as written to the settings that use it, with the number of their layer."""
        index: dict[tuple[Kind, str], list[tuple[int, Setting]]] = {}
        for number, layer in enumerate(self.layers):
            for setting in layer.settings:
                index.setdefault((setting.kind, setting.key), []).append((number, setting))
        return index

    @cached_property
    def _prefixes(self) -> tuple[tuple[Kind, str], ...]:
        return tuple((kind, key) for kind, key in self._index if key.endswith("*"))

    def _written(self, kind: Kind, key: str) -> set[tuple[Kind, str]]:
        """Return the ways in which settings may name a key: in full, and by its prefixes."""
        return {(kind, key), *(p for p in self._prefixes if p[0] == kind and key.startswith(p[1][:-1]))}

    def _standing(self, name: str, kind: Kind, key: str) -> list[Setting]:
        """Return the settings that speak of a key under a policy, strongest first."""
        depth = {policy: i for i, policy in enumerate(self.chain(name))}
        found: list[tuple[tuple[int, int, bool, int], Setting]] = []
        for number, s in (pair for k in self._written(kind, key) for pair in self._index.get(k, ())):
            layer = self.layers[number]
            if s.scope not in depth if s.scope else not layer.practice and layer.origin not in depth:
                continue
            place = len(depth) + number if layer.practice else depth[layer.origin]
            found.append(((place, depth.get(s.scope, -1), s.exact, len(s.key)), s))
        return [s for _, s in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def _by_policy(self, kind: Kind, key: str) -> dict[str, list[Interval]]:
        """Return who wins when under every policy; one of which no setting speaks has the intervals of its parent."""
        spoken_of = {
            s.scope or self.layers[number].origin
            for k in self._written(kind, key)
            for number, s in self._index.get(k, ())
        }
        found: dict[str, list[Interval]] = {}
        for name in self.names():
            chain = self.chain(name)
            speaker = next((policy for policy in reversed(chain) if policy in spoken_of), chain[0])
            if speaker not in found:
                found[speaker] = self.intervals(speaker, kind, key)
            found[name] = found[speaker]
        return found

    def _frame(self, kind: Kind, keys: tuple[str, ...] | None) -> pl.DataFrame:
        import polars as pl

        frame = self._frames.get((kind, keys))
        if frame is None:
            wanted = keys if keys is not None else self.codes() if kind == "rule" else self.switch_names()
            names = ("edit", "level") if kind == "rule" else ("name", "value")
            columns = ("policy", *names, "valid_from", "valid_to", "origin", "reason", "source")
            schema = {column: pl.Date if column.startswith("valid_") else pl.String for column in columns}
            won = {key: self._by_policy(kind, key) for key in wanted}
            rows = [
                (name, key, i.winner.value, i.start, i.end, i.winner.origin, i.winner.reason, i.winner.source)
                for name in self.names()
                for key in wanted
                for i in won[key][name]
            ]
            frame = pl.DataFrame(rows, schema=schema, orient="row")
            self._frames[kind, keys] = frame
        return frame


def load(extra: Sequence[Path] = ()) -> PolicySet:
    """Return the packaged policies with a practice's own files on top.

    ``extra`` holds files and folders of ``*.toml``: a payer file adds a policy, a practice file adds rules over all
    policies; a later file beats an earlier one. Raises PolicyError with one line that names the file and the mistake.
    """
    if not extra:
        return _packaged()
    return merge((*_packaged().layers, *_user_layers(extra)))


def find_practice_file(start: Path) -> Path | None:
    """Return the ``scrubjay.toml`` beside the input or in the nearest folder above it."""
    here = start.resolve()
    for folder in (here, *here.parents):
        candidate = folder / PRACTICE_FILE
        if candidate.is_file():
            return candidate
    return None


@cache
def _packaged() -> PolicySet:
    from scrubjay.policy_schema import read_layer

    files = sorted(resources.files("scrubjay").joinpath("payers").iterdir(), key=lambda file: file.name)
    return merge(
        tuple(
            read_layer(file.name, file.read_text(encoding="utf-8"), user=False)
            for file in files
            if file.name.endswith(".toml") and file.name not in (_SOURCES, DISPUTES)
        )
    )


def _user_layers(paths: Sequence[Path]) -> list[Layer]:
    """Read files and folders in order, each file once; a practice file stands above the folders it names."""
    from scrubjay.policy_schema import read_layer

    layers: list[Layer] = []
    seen: set[Path] = set()

    def visit(path: Path) -> None:
        if path.is_dir():
            for file in sorted(path.glob("*.toml")):
                visit(file)
            return
        if path.resolve() in seen:
            return
        seen.add(path.resolve())
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise PolicyError(f"{path}: cannot be read: {reason}") from None
        layer = read_layer(path.name, text, user=True)
        for folder in layer.folders:
            if not (path.parent / folder).exists():
                raise PolicyError(f"{path}: policies: {folder} does not exist")
            visit(path.parent / folder)
        layers.append(layer)

    for path in paths:
        visit(path)
    return layers


def merge(layers: tuple[Layer, ...]) -> PolicySet:
    """Join layers, weakest practice file first, and refuse what does not fit together."""
    labels: dict[str, str] = {}
    parents: dict[str, str] = {}
    for layer in layers:
        for name, (label, parent) in layer.defines.items():
            if name in labels:
                raise PolicyError(f"{layer.origin}: a policy called {name} exists; extend it under another name")
            labels[name], parents[name] = label, parent
    for name in parents:
        _refuse_cycle(name, parents)
    for layer in layers:
        policies = [s.policy for s in layer.selectors] + [s.scope for s in layer.settings if s.scope]
        for policy in policies:
            if policy not in labels:
                near = _near(policy, labels)
                raise PolicyError(f"{layer.origin}: no policy is called {policy}{near}; add extends to define it")
    selectors = tuple(s for layer in layers for s in layer.selectors)
    refuse_twins(selectors)
    generic = next((layer for layer in layers if layer.origin == "generic"), None)
    if generic is None:
        raise PolicyError("generic.toml is missing")
    for layer in layers:
        _refuse_unknown(layer, generic)
    return PolicySet(layers, labels, parents, selectors, generic.declares)


def _refuse_cycle(name: str, parents: Mapping[str, str]) -> None:
    seen = [name]
    while parent := parents[seen[-1]]:
        if parent not in parents:
            raise PolicyError(f"{seen[-1]}: extends {parent}, which no file defines{_near(parent, parents)}")
        if parent in seen:
            raise PolicyError(f"{name}: extends itself by way of {', '.join(seen[1:]) or name}")
        seen.append(parent)


def _refuse_unknown(layer: Layer, generic: Layer) -> None:
    """Refuse an edit or switch that generic does not know: a slip of the pen must not be a rule that never fires."""
    known = {(s.kind, s.key) for s in generic.settings}
    for s in layer.settings:
        if (s.kind, s.key) not in known and not any(k.matches(s.key) or s.matches(k.key) for k in generic.settings):
            near = _near(s.key, [key for kind, key in known if kind == s.kind])
            raise PolicyError(f"{layer.origin}: {s.kind} {s.number}: {s.key} is not known{near}")
        allowed = generic.declares[s.key].allowed if s.key in generic.declares else ()
        if s.kind == "switch" and allowed and s.value not in allowed:
            choice = ", ".join(allowed)
            raise PolicyError(f"{layer.origin}: switch {s.number}: {s.key} is one of {choice}, not {s.value}")


def _gap(intervals: Sequence[Interval]) -> bool:
    return any(a.end is None or b.start is None or (b.start - a.end).days != 1 for a, b in pairwise(intervals))


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 3, 0.6)
    return f" (did you mean {', '.join(close)}?)" if close else ""
