"""What the invented payers do, read from TOML: one clear line for each mistake in the file."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from scrubjay.adjudicator.situations import SITUATIONS, Codes
from scrubjay.errors import ScrubjayError


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Share = Annotated[float, Field(ge=0, le=1)]


def _dollars(value: Any) -> int:
    """Turn dollars in quotes into cents; a float would not be exact."""
    if not isinstance(value, str):
        raise ValueError('an amount stands in quotes: "15.00"')
    cents = Decimal(value) * 100
    if cents != int(cents) or cents < 0:
        raise ValueError(f"{value!r} is not an amount in dollars and cents")
    return int(cents)


Cents = Annotated[int, BeforeValidator(_dollars)]


class Noise(_Model):
    """How often the payers do what no rule says."""

    random_denial: Share = 0.0
    wrong_code: Share = 0.0
    recode: Share = 0.0
    delay: Share = 0.0
    unanswered: Share = 0.0
    overturned: Share = 0.0
    random_codes: list[tuple[str, str, str]] = Field(default_factory=lambda: [("CO", "16", "N290")], min_length=1)
    recodes: dict[str, str] = Field(default_factory=dict)


class Payer(_Model):
    """A payer: how it is recognised, how it pays.  ``coinsurance`` is a share of the allowed amount."""

    name: str
    filing: list[str] = Field(default_factory=list)
    ids: list[str] = Field(default_factory=list)
    named: list[str] = Field(default_factory=list)
    remit_filing: str = "ZZ"
    id: str
    share: Share
    coinsurance: Share = 0.0
    copay: Cents = 0
    sequestration: Share = 0.0
    days: int = Field(ge=0)
    filing_days: int | None = Field(None, gt=0)

    def answers(self, payer_id: str, payer_name: str, filing: str) -> bool:
        """Say whether a claim is this payer's; one without ids, names and indicators answers every claim."""
        if not (self.filing or self.ids or self.named):
            return True
        name = payer_name.upper()
        return payer_id in self.ids or filing in self.filing or any(part.upper() in name for part in self.named)


class Rule(_Model):
    """What is denied, by whom, with which codes, how often."""

    id: str
    payers: list[str] = Field(default_factory=list)
    situation: str
    group: str = "CO"
    carc: str = "16"
    rarc: list[str] = Field(default_factory=list)
    probability: Share
    rejects: bool = False
    edits: list[str] = Field(default_factory=list)


class _File(_Model):
    noise: Noise = Noise()
    codes: dict[str, list[str]] = Field(default_factory=dict)
    ended: dict[str, date] = Field(default_factory=dict)
    most_units: dict[str, int] = Field(default_factory=dict)
    diagnoses: dict[str, list[str]] = Field(default_factory=dict)
    fees: dict[str, Cents] = Field(default_factory=dict)
    payer: list[Payer] = Field(min_length=1)
    rule: list[Rule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known(self) -> _File:
        names = {p.name for p in self.payer}
        for rule in self.rule:
            if rule.situation not in SITUATIONS:
                raise ValueError(f"rule {rule.id}: no situation is called {rule.situation!r}; {', '.join(SITUATIONS)}")
            unknown = set(rule.payers) - names
            if unknown:
                raise ValueError(f"rule {rule.id}: no payer is called {', '.join(sorted(unknown))}")
        ids = [rule.id for rule in self.rule]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"two rules are called {', '.join(twice)}")
        return self


class PayerModel:
    """The payers, their rules in order, their fees and their noise."""

    def __init__(self, file: _File) -> None:
        self.noise = file.noise
        self.payers = file.payer
        self.rules = file.rule
        self.fees = file.fees
        self.codes = Codes(file.codes, file.ended, file.most_units, file.diagnoses.get("not_valid", []))
        self._of_payer = {p.name: [r for r in file.rule if not r.payers or p.name in r.payers] for p in file.payer}

    def payer_of(self, payer_id: str, payer_name: str, filing: str) -> Payer:
        """Return the payer that answers a claim, the last one where none is meant."""
        for payer in self.payers:
            if payer.answers(payer_id, payer_name, filing):
                return payer
        return self.payers[-1]

    def rules_of(self, payer: Payer) -> list[Rule]:
        """Return the rules a payer goes by, in the order of the file."""
        return self._of_payer[payer.name]


def load_model(path: Path | str | None = None) -> PayerModel:
    """Read a payer model, the packaged one by default.

    Raises ScrubjayError with the file, the place and what is wrong there.
    """
    name = "payers.toml" if path is None else str(path)
    try:
        if path is None:
            text = resources.files("scrubjay.adjudicator").joinpath(name).read_text(encoding="utf-8")
        else:
            text = Path(path).read_text(encoding="utf-8")
        return PayerModel(_File.model_validate(tomllib.loads(text)))
    except OSError as error:
        raise ScrubjayError(f"{name}: cannot be read ({error.strerror}); name a payer model in TOML") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScrubjayError(f"{name}: not TOML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        words = first["msg"].removeprefix("Value error, ")
        raise ScrubjayError(f"{name}: {place + ': ' if place else ''}{words}") from None
