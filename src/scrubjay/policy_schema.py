"""The form of a policy file: TOML checked with pydantic, one clear line for each mistake.

Imported only when a file is read, so that commands which judge no claim do not pay for pydantic.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from scrubjay.errors import PolicyError
from scrubjay.policy_layer import (
    PRACTICE_FILE,
    Declaration,
    Dispute,
    Kind,
    Layer,
    Position,
    Question,
    Selector,
    Setting,
)

# Sections of scrubjay.toml that belong to commands and suppressions, which read and check them.
OTHER_SECTIONS = frozenset({"check", "fix", "audit", "code", "remit", "form", "convert", "refs", "serve", "suppress"})


def _form(pattern: str, words: str) -> AfterValidator:
    """Return a check of a text's form that speaks in words, not in patterns."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"{text!r} is not {words}")
        return text

    return AfterValidator(check)


_Name = Annotated[str, _form(r"[a-z][a-z0-9-]*", "a policy name (small letters, digits, hyphens)")]
_Code = Annotated[
    str, _form(r"[A-Z]{2,4}(?:[0-9]{2,3}|[0-9]{0,2}\*)", "an edit code such as EM04 or a prefix such as EM*")
]
_SwitchName = Annotated[str, _form(r"[a-z][a-z0-9_]*", "a switch name (small letters, digits, underscores)")]
_Words = Annotated[str, StringConstraints(strip_whitespace=True), _form(r".*\S.*", "text")]
_Source = Annotated[str, _form(r"[A-Za-z0-9]+(?:, [A-Za-z0-9]+)*: \S.*", "of the form 'key: words'")]
_SettingName = Annotated[
    str,
    _form(
        r"[A-Z]{2,4}[0-9]{2,3}(?:\.[a-z][a-z0-9_]*)?|[a-z][a-z0-9_]*", "an edit code, EDIT.parameter or a switch name"
    ),
]
_Scalar = bool | int | str


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Dated(_Model):
    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")
    payer: _Name | list[_Name] | None = None
    reason: _Words
    source: _Source
    owner: _Words | None = None
    expires: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> _Dated:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"from {self.start} is after to {self.end}")
        return self

    def scopes(self) -> list[str]:
        """Return the policies the entry is limited to; an empty name means no limit."""
        if self.payer is None:
            return [""]
        return [self.payer] if isinstance(self.payer, str) else self.payer


class _Rule(_Dated):
    edit: _Code | list[_Code]
    level: Literal["deny", "warn", "info", "off"]
    # What was counted for the rule; nothing is decided by it.
    evidence: dict[_SwitchName, str | int | date] = Field(default_factory=dict)
    params: dict[_SwitchName, _Scalar | list[_Scalar]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _evidence(self) -> _Rule:
        if self.level == "deny" and self.source.split(":")[0] == "M":
            raise ValueError("a rule that rests on memory alone (source M) may warn, not deny")
        if self.params and not (isinstance(self.edit, str) and self.edit[-1] != "*"):
            raise ValueError("params need one edit code")
        return self


class _Switch(_Dated):
    name: _SwitchName
    value: _Scalar | list[_Scalar]


class _Choice(_Model):
    ids: list[_Words] = Field(default_factory=list)
    names: list[_Words] = Field(default_factory=list)
    filing: list[_Words] = Field(default_factory=list)
    when_filing: list[_Words] = Field(default_factory=list)

    @field_validator("names")
    @classmethod
    def _patterns(cls, names: list[str]) -> list[str]:
        for name in names:
            try:
                re.compile(name)
            except re.error as error:
                raise ValueError(f"{name!r} is not a pattern: {error}") from None
        return names

    def selector(self, policy: str, user: bool) -> Selector:
        """Return the claims the policy is chosen for."""
        return Selector(
            policy=policy,
            ids=frozenset(i.upper() for i in self.ids),
            names=tuple(re.compile(n) for n in self.names),
            filing=frozenset(f.upper() for f in self.filing),
            when_filing=frozenset(f.upper() for f in self.when_filing),
            user=user,
        )


class _Payer(_Choice):
    name: _Words
    extends: _Name = "generic"


class _OwnPayer(_Choice):
    name: _Words | None = None
    extends: _Name | None = None


class _Declared(_Model):
    allowed: list[_Words]
    meaning: _Words


class _Entries(_Model):
    rule: list[_Rule] = Field(default_factory=list)
    switch: list[_Switch] = Field(default_factory=list)


class _PayerFile(_Entries):
    payer: _Payer
    switches: dict[_SwitchName, _Declared] = Field(default_factory=dict)


class _PracticeFile(_Entries):
    payer: dict[_Name, _OwnPayer] = Field(default_factory=dict)
    policies: list[_Words] = Field(default_factory=list)


class _Position(_Model):
    says: _Words
    source: _Source
    set: dict[_SettingName, _Scalar | list[_Scalar]] = Field(min_length=1)
    finds: list[_Words]


class _Question(_Model):
    asks: _Words
    policy: _Name = "generic"
    on: date | None = None
    claim: str
    position: list[_Position] = Field(min_length=2)

    @model_validator(mode="after")
    def _apart(self) -> _Question:
        keys = [sorted(p.set) for p in self.position]
        if any(k != keys[0] for k in keys):
            raise ValueError("every position must set the same edits, parameters and switches")
        for a, b in combinations(self.position, 2):
            if a.set == b.set:
                raise ValueError("two positions set the same values: nothing tells them apart")
            if a.finds == b.finds:
                raise ValueError("two positions find the same on the claim: it does not show the difference")
            if a.source == b.source:
                raise ValueError("two positions rest on the same source")
        return self


class _Dispute(_Model):
    number: int
    title: _Words
    state: Literal["open", "settled"]
    outcome: _Words
    question: list[_Question] = Field(min_length=1)


class _Disputes(_Model):
    dispute: list[_Dispute]


def read_disputes(name: str, text: str) -> tuple[Dispute, ...]:
    """Read where the sources contradict each other; ``name`` is the file's name.

    Raises PolicyError with one line: file, place, what is wrong.
    """
    try:
        data = tomllib.loads(text)
        file = _Disputes.model_validate(data)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not TOML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        raise PolicyError(f"{name}: {_first(error, data)}") from None
    return tuple(
        Dispute(
            d.number,
            d.title,
            d.state,
            d.outcome,
            tuple(
                Question(
                    q.asks,
                    q.policy,
                    q.on,
                    q.claim.strip(),
                    tuple(
                        Position(p.says, p.source, {k: as_text(v) for k, v in p.set.items()}, tuple(p.finds))
                        for p in q.position
                    ),
                )
                for q in d.question
            ),
        )
        for d in file.dispute
    )


def as_text(value: _Scalar | list[_Scalar]) -> str:
    """Return a TOML value as the text that joins use: ``true``, ``12``, ``a,b``."""
    if isinstance(value, list):
        return ",".join(as_text(v) for v in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_layer(name: str, text: str, *, user: bool) -> Layer:
    """Read one policy file; ``name`` is its file name, ``user`` says that it does not come with the package.

    A file whose ``[payer]`` table has a ``name`` is the policy called like the file; any other is a practice file.
    Raises PolicyError with one line: file, place, what is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not TOML: {str(error).splitlines()[0]}") from None
    stem = Path(name).stem
    payer = data.get("payer")
    practice = name == PRACTICE_FILE or not isinstance(payer, dict) or all(isinstance(v, dict) for v in payer.values())
    try:
        if practice:
            own = _PracticeFile.model_validate({k: v for k, v in data.items() if k not in OTHER_SECTIONS})
            settings = _settings(own, name, scoped=True)
            defines = {k: (p.name or k, p.extends) for k, p in own.payer.items() if p.extends}
            selectors = tuple(p.selector(k, user) for k, p in own.payer.items())
            layer = Layer(name, True, defines, selectors, settings, folders=tuple(own.policies))
        else:
            file = _PayerFile.model_validate(data)
            declares = {k: Declaration(tuple(d.allowed), d.meaning) for k, d in file.switches.items()}
            extends = "" if stem == "generic" else file.payer.extends
            layer = Layer(
                origin=stem,
                practice=False,
                defines={stem: (file.payer.name, extends)},
                selectors=(file.payer.selector(stem, user),),
                settings=_settings(file, stem, scoped=False),
                declares=declares,
            )
    except ValidationError as error:
        raise PolicyError(f"{name}: {_first(error, data)}") from None
    except PolicyError as error:
        raise PolicyError(f"{name}: {error}") from None
    _refuse_overlaps(name, layer.settings)
    return layer


def _settings(entries: _Entries, origin: str, *, scoped: bool) -> tuple[Setting, ...]:
    found: list[Setting] = []

    def add(kind: Kind, keys: Iterable[tuple[str, str]], entry: _Dated, number: int) -> None:
        if entry.payer is not None and not scoped:
            raise PolicyError(f"{kind} {number}: payer: only a practice file limits an entry to a payer")
        if (entry.owner or entry.expires) and not scoped:
            raise PolicyError(f"{kind} {number}: owner and expires: only an entry of a practice file has them")
        if entry.expires and not entry.owner:
            raise PolicyError(f"{kind} {number}: expires: say who decides anew (owner)")
        found.extend(
            Setting(
                kind,
                key,
                value,
                entry.start,
                entry.end,
                origin,
                entry.reason,
                entry.source,
                scope,
                number,
                entry.owner or "",
                entry.expires,
            )
            for key, value in keys
            for scope in entry.scopes()
        )

    for number, rule in enumerate(entries.rule, 1):
        codes = [rule.edit] if isinstance(rule.edit, str) else rule.edit
        add("rule", [(code, rule.level) for code in codes], rule, number)
        add("switch", [(f"{rule.edit}.{k}", as_text(v)) for k, v in rule.params.items()], rule, number)
    for number, switch in enumerate(entries.switch, 1):
        add("switch", [(switch.name, as_text(switch.value))], switch, number)
    return tuple(found)


def _refuse_overlaps(name: str, settings: Iterable[Setting]) -> None:
    seen: dict[tuple[Kind, str, str], list[Setting]] = {}
    for setting in settings:
        earlier = seen.setdefault((setting.kind, setting.key, setting.scope), [])
        for other in earlier:
            if setting.overlaps(other):
                raise PolicyError(
                    f"{name}: {setting.kind}s {other.number} ({other.span()}) and {setting.number} ({setting.span()})"
                    f" both set {setting.key}; end one the day before the other begins"
                )
        earlier.append(setting)


def _first(error: ValidationError, data: dict[str, Any]) -> str:
    """Return the first mistake as ``rule 3 (EM04): level: ...``."""
    first = error.errors(include_url=False)[0]
    path = list(first["loc"])
    words: list[str] = []
    if len(path) >= 2 and path[0] in ("rule", "switch") and isinstance(path[1], int):
        kind, index = str(path[0]), path[1]
        entry = data[kind][index]
        label = entry.get("edit", entry.get("name", "?")) if isinstance(entry, dict) else "?"
        words.append(f"{kind} {index + 1} ({label})")
        path = path[2:]
    field = ".".join(str(p) for p in path if not str(p).startswith(("constrained-", "list[", "function-")))
    if field:
        words.append(field)
    match first["type"]:
        case "extra_forbidden":
            words.append("unknown key")
        case "missing":
            words.append("missing")
        case "date_type":
            words.append("a date has no quotes: 2026-03-01")
        case _:
            words.append(first["msg"].removeprefix("Value error, "))
    return ": ".join(words)
