"""Drug names in text: brand, generic, abbreviation or misspelt, each with its generic name and where it stands.

The names come from the packaged drug tables (the NDC to HCPCS crosswalk joined to the NDC products gives brands their
generics) and from the chart's own list of what offices write. A misspelt word counts only beside a dose, a route or an
injection, and only within the distance that still names one drug.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from scrubjay import refdata
from scrubjay.chart.tables import phrases, rows

WORD = re.compile(r"[A-Za-z0-9]+")
GAP = re.compile(r"[\s\-(.)/']{0,2}$")
TRAILING = re.compile(
    r"\b(inj|injection|injectable|vial|solution|kit|sdv|mdv|pf|syringe|powder|autoinjector|novaplus|for|in)\b.*$"
)
UNIT_AFTER = re.compile(r"(?:\.\d+)?\s*(?:mg|mcg|units?|g|ml|cc)\b", re.IGNORECASE)
"""After a number, what makes it a dose and no part of a name: ``Kenalog 40 mg``, not ``Kenalog-40``."""
SHORT = 3
"""Names up to this many letters must be written with a capital: ``Td``, not the end of a word."""
LONGEST = 3
"""Words of the longest generic name taken from the product list; longer ones are mixtures and materials."""
FUZZY_FROM = 6
"""Shortest word taken for a misspelt name."""


@dataclass(frozen=True)
class Name:
    """A drug as the vocabulary knows it."""

    generic: str
    kind: str


@dataclass(frozen=True)
class Mention:
    """A drug's name in a text."""

    start: int
    end: int
    name: Name
    misspelt: bool = False


class Vocabulary:
    """Names by their words; the longest name that fits wins."""

    def __init__(self, names: dict[tuple[str, ...], Name], ordinary: frozenset[str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Name]]] = defaultdict(list)
        for words, name in names.items():
            self._by_first[words[0]].append((words, name))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))
        self._words = sorted({word for words in names for word in words if len(word) >= FUZZY_FROM and word.isalpha()})
        self._known = {word for words in names for word in words} | ordinary

    def find(self, text: str, near: Iterable[tuple[int, int]] = ()) -> list[Mention]:
        """Return the mentions of a text in order; words within the spans of ``near`` may be misspelt names."""
        tokens = [(match.group().lower(), match.start(), match.end()) for match in WORD.finditer(text)]
        zones = sorted(near)
        ends = list(accumulate((high for _, high in zones), max))
        corrected = [word for word, _, _ in tokens]
        for number, (word, start, end) in enumerate(tokens):
            if word in self._known or len(word) < FUZZY_FROM or not word.isalpha():
                continue
            last = bisect_right(zones, (start, 1 << 60)) - 1
            # The zones begin in order; none that begins before the word reaches beyond ``ends``.
            if last >= 0 and end <= ends[last]:
                corrected[number] = self._right(word) or word
        return list(self._match(text, tokens, corrected))

    def _right(self, word: str) -> str | None:
        """Return the name's word that a misspelt word stands for, None where none or two are as near."""
        allowed = 1 if len(word) < FUZZY_FROM + 1 else 2
        found = process.extract(word, self._words, scorer=DamerauLevenshtein.distance, score_cutoff=allowed, limit=2)
        same = [
            (name, distance)
            for name, distance, _ in found
            if name[0] == word[0] and (distance < 2 or name[:2] == word[:2])
        ]
        if not same or (len(same) == 2 and same[0][1] == same[1][1]):
            return None
        return str(same[0][0])

    def _match(self, text: str, tokens: list[tuple[str, int, int]], words: list[str]) -> Iterator[Mention]:
        position = 0
        while position < len(tokens):
            for wanted, name in self._by_first.get(words[position], ()):
                last = position + len(wanted) - 1
                if tuple(words[position : last + 1]) != wanted:
                    continue
                spans = tokens[position : last + 1]
                if (
                    wanted[-1].isdigit()
                    and len(wanted) > 1
                    and UNIT_AFTER.match(text[tokens[last][2] : tokens[last][2] + 12])
                ):
                    continue
                if any(not GAP.match(text[a[2] : b[1]]) for a, b in itertools.pairwise(spans)):
                    continue
                start, end = spans[0][1], spans[-1][2]
                if end - start <= SHORT and text[start:end].islower() and not any(c.isdigit() for c in text[start:end]):
                    continue
                misspelt = any(token[0] != word for token, word in zip(spans, wanted, strict=True))
                yield Mention(start, end, name, misspelt)
                position = last
                break
            position += 1


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of the packaged tables and the chart's own list."""
    ordinary = frozenset(row["word"] for row in rows("noise"))
    names: dict[tuple[str, ...], Name] = {}
    for words, name in _from_tables(ordinary):
        names.setdefault(words, name)
    for row in rows("names"):
        name = Name(row["generic"], row["kind"])
        for written in [row["generic"], *phrases(row["names"])]:
            names[_words(written)] = name
    return Vocabulary(names, ordinary)


def _words(text: str) -> tuple[str, ...]:
    return tuple(match.group().lower() for match in WORD.finditer(text))


def _from_tables(ordinary: frozenset[str]) -> Iterator[tuple[tuple[str, ...], Name]]:
    """Yield the brands and generics of the NDC to HCPCS crosswalk."""
    references = refdata.load()
    if not (references.has("ndc_hcpcs") and references.has("ndc_products")):
        return
    own = {row["generic"] for row in rows("names")}
    products = references.frame("ndc_products").select("ndc11", "generic")
    makers = products.with_columns(pl.col("ndc11").str.head(5).alias("maker"))
    allergens = makers.filter(pl.col("generic").str.contains("POLLEN"))["maker"].unique().to_list()
    for (generic,) in (
        makers.filter(~pl.col("maker").is_in(allergens)).select("generic").unique().sort("generic").iter_rows()
    ):
        if generic and ";" not in generic and len(generic.split()) <= LONGEST:
            plain = _base(generic, own)
            words = _words(plain)
            if words and plain not in ordinary and len("".join(words)) > FUZZY_FROM - 1 and not words[0].isdigit():
                yield words, Name(plain, "drug")
    joined = references.frame("ndc_hcpcs").select("ndc11", "drug_name").join(products, on="ndc11")
    for brand, generic in joined.select("drug_name", "generic").unique().sort("drug_name", "generic").iter_rows():
        if brand is None or generic is None or ";" in generic:
            continue
        plain = _base(generic, own)
        if plain in ordinary:
            continue
        name = Name(plain, "drug")
        for written in (TRAILING.sub("", brand.lower()), generic.lower(), plain):
            words = _words(written)
            if words and len("".join(words)) > SHORT and " ".join(words) not in ordinary and not words[0].isdigit():
                yield words, name


def _base(generic: str, own: set[str]) -> str:
    """Return a generic name without its salt, unless the list knows the salt as another drug."""
    text = generic.lower().split(",")[0].strip()
    salts = {row["salt"] for row in rows("salts")}
    words = text.split()
    while text not in own and len(words) > 1 and words[-1] in salts:
        words.pop()
        text = " ".join(words)
    return text
