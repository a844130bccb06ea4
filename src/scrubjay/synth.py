"""Synthetic 837P batches of injection practices: any size, the same bytes for a seed, faults planted and counted.

The bodies of the claims are written once by the real writer from the stories of :mod:`scrubjay.stories`; per claim only
ids, dates and names are filled in, so that a million claims take seconds and memory does not grow.
Every person, practice and identifier is invented.  Dates of service run from January 2025 to June 2026: a run that
judges such a batch on one day finds the older claims past their filing limits.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar

from scrubjay.cases import DEFAULT_DATE, RENDERING, npi, parse, to_837
from scrubjay.stories import ADVANTAGE, ANY, BOTH, FOLLOW_UP, MEDICARE, NDC, PLAIN, SENIOR, STORIES, Story, rows

FAULT_SHARE = 0.12
_CLAIMS_PER_TRANSACTION = 1000
_PRACTICES_PER_TRANSACTION = 4
_SECOND_CLAIM_SHARE = 0.03
_SPOUSE_SHARE = 0.2
_FIRST_DAY, _LAST_DAY = date(2025, 1, 2), date(2026, 6, 30)
_SEASON = (9, 10, 11, 12, 1)
_AGES = {"adult": (19, 64), "woman": (18, 48), "man": (25, 64), "child": (2, 4)}
_SENIOR_AGES = (66, 92)
_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"

_WORDS = {
    "last": """TESTWELL SAMPLEBROOK MOCKINGDALE EXAMPLETON DUMMERTON FAUXLEY PLACEHOLDER TRIALBY DEMOSTEAD FICTIVE
        SPECIMEN LOREMSON IPSUMFORD NOTREAL INVENTA PRETENDER STANDIN FABLEWOOD CLAIMSBY SYNTHESON QUILLFEATHER JAYWING
        CORVIDAY ACORNSON BLUEFEATHER SCRUBLAND OAKTEST NESTWORTH PINYONE CACHEWELL""",
    "F": "ALPHA BRAVA DELTA ECHO FOXTY GOLFA JULIET KILA LIMA NOVEMBRA PAPA ROMEA SIERRA TANGA VICTA XRAYA ZULA",
    "M": "ABEL BRAVO CHARLIE DELTO FOX GOLF HOTEL INDIO KILO MIKE OSCAR QUEBEC ROMEO TANGO VICTOR WHISKEY YANKEE",
    "streets": "FEATHER ACORN MAPLE SAMPLE NEST OAK PLACEHOLDER SCRUB",
}
_LAST_NAMES = _WORDS["last"].split()
_FIRST_NAMES = {sex: _WORDS[sex].split() for sex in "FM"}
_STREETS = [f"{word} TEST ST" for word in _WORDS["streets"].split()]
# Real cities with their ZIP codes, so that localities of the fee schedule can be found.
_CITIES = {
    "WA": ("SEATTLE", "98101"),
    "OR": ("PORTLAND", "97204"),
    "AL": ("BIRMINGHAM", "35203"),
    "OH": ("COLUMBUS", "43215"),
    "IN": ("INDIANAPOLIS", "46204"),
    "TX": ("DALLAS", "75201"),
    "FL": ("ORLANDO", "32801"),
    "AZ": ("PHOENIX", "85004"),
}
_BLUES = {
    "WA": ("REGENCE BLUESHIELD", PLAIN),
    "OR": ("REGENCE BLUECROSS BLUESHIELD OF OREGON", PLAIN),
    "AL": ("BLUE CROSS AND BLUE SHIELD OF ALABAMA", NDC),
    "OH": ("ANTHEM BLUE CROSS AND BLUE SHIELD", PLAIN),
    "IN": ("ANTHEM BLUE CROSS AND BLUE SHIELD", PLAIN),
    "TX": ("BLUE CROSS AND BLUE SHIELD OF TEXAS", PLAIN),
    "FL": ("FLORIDA BLUE CROSS BLUE SHIELD", PLAIN),
    "AZ": ("BLUE CROSS BLUE SHIELD OF ARIZONA", PLAIN),
}
_SPECIALTIES = ("207Q00000X", "207R00000X", "208D00000X", "207RR0500X", "207RH0003X", "363LF0000X")

_ID, _CLINICIAN, _DATE = "\x01", "\x02", "\x03"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch holds: ``faults`` counts the planted faults by kind, one at most on a claim."""

    claims: int
    lines: int
    transactions: int
    bytes: int
    faults: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Payer:
    """A payer of a practice: its style, SBR09 and the name and id of NM1*PR."""

    style: str
    filing: str
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class _Practice:
    """A billing provider: its loop 2000A after HL and the segments in it, its clinicians, its payers by weight."""

    header: str
    segments: int
    clinicians: list[str]
    payers: list[_Payer]
    city: str


@dataclass(frozen=True, slots=True)
class _Body:
    """A claim from CLM to its last line, with _ID, _CLINICIAN and _DATE in the place of what differs."""

    text: str
    segments: int
    lines: int
    who: str
    fault: str
    days: list[str]


def write(
    path: str | os.PathLike[str],
    claims: int,
    seed: int,
    *,
    fault_share: float = FAULT_SHARE,
    truth: str | os.PathLike[str] | None = None,
) -> Written:
    """Write a batch of ``claims`` claims, about 630 bytes each; the same seed gives the same bytes.

    The file appears when it is complete.  ``truth`` is a JSON file of the planted faults, claim id to kind.
    Raises :class:`ValueError` for a count below one or a share outside 0 to 1.
    """
    if claims < 1:
        raise ValueError(f"a batch needs at least one claim, not {claims}")
    if not 0 <= fault_share <= 1:
        raise ValueError(f"the share of faulty claims must lie between 0 and 1, not {fault_share}")
    batch = _Batch(claims, seed, fault_share, keep_truth=truth is not None)
    target = Path(path)
    size = 0
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            for piece in batch.pieces():
                size += out.write(piece.encode("ascii"))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if truth is not None:
        Path(truth).write_text(json.dumps({"seed": seed, "faults": batch.truth}, indent=1) + "\n", encoding="utf-8")
    return Written(claims, batch.lines, batch.transactions, size, dict(sorted(batch.faults.items())))


class _Batch:
    """Makes the text of a batch transaction by transaction and counts what it puts in."""

    def __init__(self, claims: int, seed: int, fault_share: float, *, keep_truth: bool) -> None:
        self.claims = claims
        self.fault_share = fault_share
        self.random = random.Random(seed)
        self.number = 0
        self.patients = 0
        self.lines = 0
        self.transactions = 0
        self.faults: Counter[str] = Counter()
        self.truth: dict[str, str] | None = {} if keep_truth else None
        self.practices = [self._practice(at, state) for at, state in enumerate([*_CITIES] * 3)]
        self.clean = {style: _weighted([(s.weight, _body(s, style)) for s in _told(style)]) for style in ANY}
        self.faulty = {style: self._faulty(style) for style in ANY}
        self.follow_up = _body(Story(1, "adult", FOLLOW_UP), PLAIN)

    def pieces(self) -> Iterator[str]:
        """Yield the interchange: its header, each transaction, its trailer."""
        yield (
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SYNTHETIC':15}*ZZ*{'RECEIVER01':15}*260701*0800*^*00501*000000001*0*T*:~\n"
            "GS*HC*SYNTHETIC*RECEIVER01*20260701*0800*1*X*005010X222A1~\n"
        )
        while self.number < self.claims:
            yield self._transaction()
        yield f"GE*{self.transactions}*1~\nIEA*1*000000001~\n"

    def _transaction(self) -> str:
        """Return one ST to SE set with some practices and their patients."""
        self.transactions += 1
        control = f"{self.transactions:04d}"
        header = (
            f"ST*837*{control}*005010X222A1~\nBHT*0019*00*{control}*20260701*0800*CH~\n"
            "NM1*41*2*SYNTHETIC BILLING*****46*SYNTHETIC~\nPER*IC*BILLING OFFICE*TE*5555550100~\n"
            "NM1*40*2*EXAMPLE CLEARINGHOUSE*****46*RECEIVER01~\n"
        )
        out = [header]
        segments, level = 5, 0
        left = min(_CLAIMS_PER_TRANSACTION, self.claims - self.number)
        for practice in self.random.sample(self.practices, _PRACTICES_PER_TRANSACTION):
            share = min(left, _CLAIMS_PER_TRANSACTION // _PRACTICES_PER_TRANSACTION)
            if not share:
                break
            left -= share
            level += 1
            parent = level
            out.append(f"HL*{level}**20*1~\n{practice.header}")
            segments += practice.segments + 1
            last = self.number + share
            while self.number < last:
                text, added, levels = self._patient(practice, level, parent, last)
                out.append(text)
                segments += added
                level += levels
        out.append(f"SE*{segments + 1}*{control}~\n")
        return "".join(out)

    def _patient(self, practice: _Practice, level: int, parent: int, last: int) -> tuple[str, int, int]:
        """Return one patient with one claim, sometimes two; the segments and the hierarchical levels of that."""
        draw = self.random.random
        payer = _pick(practice.payers, draw())
        body = _pick(self.faulty[payer.style] if draw() < self.fault_share else self.clean[payer.style], draw())
        self.patients += 1
        at = self.patients
        sex = {"woman": "F", "man": "M"}.get(body.who) or ("F" if draw() < 0.58 else "M")
        name = f"{_pick(_LAST_NAMES, draw())}*{_pick(_FIRST_NAMES[sex], draw())}"
        low, high = _SENIOR_AGES if payer.style in SENIOR else _AGES[body.who]
        born = f"{2025 - low - int(draw() * (high - low))}{_pick(_DAYS_OF_YEAR, draw())}"
        address = f"N3*{at % 9000 + 100} {_pick(_STREETS, draw())}~\nN4*{practice.city}~\n"
        member = _mbi(at) if payer.style in SENIOR else f"W{at:09d}"
        payer_row = f"NM1*PR*2*{payer.name}*****PI*{payer.id}~\nN3*PO BOX 1000~\nN4*{practice.city}~\n"
        person = f"{address}DMG*D8*{born}*{sex}~\n"
        insured, patient = f"HL*{level + 1}*{parent}*22*", f"HL*{level + 2}*{level + 1}*23*0~\n"
        is_child = body.who == "child"
        if (is_child and payer.filing != "MC") or (payer.filing == "CI" and draw() < _SPOUSE_SHARE):
            relation = "19" if is_child else "01"
            family = name[: name.index("*")]
            head = (
                f"{insured}1~\nSBR*P********{payer.filing}~\nNM1*IL*1*{family}*INSURED****MI*{member}~\n"
                f"{address}{payer_row}{patient}PAT*{relation}~\nNM1*QC*1*{name}~\n{person}"
            )
            segments, levels = 14, 2
        else:
            head = f"{insured}0~\nSBR*P*18*******{payer.filing}~\nNM1*IL*1*{name}****MI*{member}~\n{person}{payer_row}"
            segments, levels = 9, 1
        clinician = _pick(practice.clinicians, draw())
        day = _pick(body.days, draw())
        text = head + self._claim(body, clinician, day)
        segments += body.segments
        if not body.fault and not is_child and self.number < last and draw() < _SECOND_CLAIM_SHARE:
            text += self._claim(self.follow_up, clinician, day)
            segments += self.follow_up.segments
        return text, segments, levels

    def _claim(self, body: _Body, clinician: str, day: str) -> str:
        self.number += 1
        self.lines += body.lines
        name = f"S{self.number:08d}"
        if body.fault:
            self.faults[body.fault] += 1
            if self.truth is not None:
                self.truth[name] = body.fault
        return body.text.replace(_ID, name).replace(_CLINICIAN, clinician).replace(_DATE, day)

    def _practice(self, at: int, state: str) -> _Practice:
        """Return an invented practice of a state with three to eight clinicians."""
        city, code = _CITIES[state]
        specialty = _SPECIALTIES[at % 3]
        place = f"{city}*{state}*{code}0000"
        header = (
            f"PRV*BI*PXC*{specialty}~\nNM1*85*2*{_LAST_NAMES[at]} MEDICAL GROUP*****XX*{npi(170000000 + at * 131)}~\n"
            f"N3*{100 + at} CLINIC PLAZA~\nN4*{place}~\nREF*EI*{910000000 + at * 7919}~\n"
        )
        clinicians = [
            f"NM1*82*1*{_LAST_NAMES[(at + k * 7) % len(_LAST_NAMES)]}*{_FIRST_NAMES['FM'[k % 2]][k]}****XX*"
            f"{npi(180000000 + at * 1009 + k * 17)}~\nPRV*PE*PXC*{_SPECIALTIES[(at + k) % 6]}~\n"
            for k in range(3 + at % 6)
        ]
        blue, blue_style = _BLUES[state]
        payers = [
            (40, _Payer(MEDICARE, "MB", f"MEDICARE PART B {state}", f"MB{state}")),
            (10, _Payer(ADVANTAGE, "16", "EXAMPLE MEDICARE ADVANTAGE", "EXMA1")),
            (11, _Payer(NDC, "MC", f"{state} STATE MEDICAID", f"MCD{state}")),
            (9, _Payer(BOTH, "CI", "UNITEDHEALTHCARE", "87726")),
            (6, _Payer(PLAIN, "CI", "AETNA", "60054")),
            (5, _Payer(PLAIN, "CI", "CIGNA", "62308")),
            (12, _Payer(blue_style, "BL", blue, f"EXBL{state}")),
            (7, _Payer(PLAIN, "CI", "EXAMPLE COMMERCIAL HEALTH", "EXCOM")),
        ]
        return _Practice(header, header.count("~"), clinicians, _weighted(payers), place)

    def _faulty(self, style: str) -> list[_Body]:
        """Return the bodies with a fault, every kind of fault as likely as every other."""
        kinds: dict[str, list[tuple[int, _Body]]] = {}
        for story in _told(style):
            for fault in story.faults:
                if rows(story, style, fault) is not None:
                    kinds.setdefault(fault, []).append((story.weight, _body(story, style, fault)))
        return [_pick(_weighted(kinds[kind]), slot / 40) for kind in sorted(kinds) for slot in range(40)]


def _told(style: str) -> list[Story]:
    return [story for story in STORIES if style in story.styles]


def _body(story: Story, style: str, fault: str = "") -> _Body:
    """Return a claim as the writer writes it, with marks in place of what differs from claim to claim."""
    numbers = count(1)
    told = re.sub(
        r"^line \w+",
        lambda m: f"{m[0]} control=CASE1L{next(numbers)}",
        rows(story, style, fault) or "",
        flags=re.MULTILINE,
    )
    (case,) = parse(told)
    text = to_837(case).decode("ascii")
    text = text[text.index("CLM*") : text.index("\nSE*") + 1].replace("*CASE1", f"*{_ID}")
    start = text.index(f"NM1*82*1*{RENDERING.name}*")
    end = text.index("\n", text.index("PRV*PE*", start)) + 1
    segments = text.count("~")
    text = f"{text[:start]}{_CLINICIAN}{text[end:]}".replace(DEFAULT_DATE.strftime("%Y%m%d"), _DATE)
    return _Body(text, segments, len(case.claims[0].lines), story.who, fault, _SEASON_DAYS if story.season else _DAYS)


def _weighted(choices: Sequence[tuple[int, _T]]) -> list[_T]:
    """Return each choice as often as it weighs, so that picking is one multiplication."""
    return [choice for weight, choice in choices for _ in range(weight)]


def _pick(choices: Sequence[_T], fraction: float) -> _T:
    return choices[int(fraction * len(choices))]


def _mbi(at: int) -> str:
    """Return an invented identifier of the form of a Medicare Beneficiary Identifier, unique to a number."""
    high, digits = divmod(at, 10_000)
    a, b, c, d = (_MBI_LETTERS[high // 20**k % 20] for k in range(4))
    n = f"{digits:04d}"
    return f"{high // 160_000 % 9 + 1}{a}{n[0]}{n[1]}{b}{n[2]}{n[3]}{c}{d}00"


def _days(months: Sequence[int]) -> list[str]:
    """Return the working days of the months as X12 writes them."""
    span = (_FIRST_DAY + timedelta(days=k) for k in range((_LAST_DAY - _FIRST_DAY).days + 1))
    return [day.strftime("%Y%m%d") for day in span if day.weekday() < 5 and day.month in months]


_DAYS = _days(range(1, 13))
_SEASON_DAYS = _days(_SEASON)
_DAYS_OF_YEAR = [(date(2025, 1, 1) + timedelta(days=k)).strftime("%m%d") for k in range(365)]
