"""One statement in the making: a drug's mention, or an injection without one, with the details that belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from scrubjay.chart.note.hit import Hit, any_of, listed
from scrubjay.chart.note.sections import Section
from scrubjay.chart.note.vocabulary import Mention

OWN = (
    "dose unit volume_ml strength route site laterality time date giver credential lot expiry ndc waste"
    " waste_unit frequency start stop container diagnosis orderer order patient_supplied reaction observation"
).split()
"""Details that belong to one administration."""
SHARED = ("route", "site", "laterality", "time", "date", "giver", "credential")
"""What drugs joined by ``and`` share when it is written once."""
FOLLOWING = frozenset(OWN) - {"frequency", "date"}
"""What a later sentence may still say of the injection before it."""
PARENTERAL = frozenset(
    (
        "IM SC IV IV-push IA intra-articular intrabursal intralesional intradermal intravitreal subconjunctival epidural"
        " intrathecal implant"
    ).split()
)
INJECTION = re.compile(
    r"\b(?:inject\w*|shots?|vaccin\w*|immuni[sz]\w*|infiltrat\w*|infus\w*|booster|depot|epidural|retrobulbar|nerve\s+block|injectable)\b",
    re.IGNORECASE,
)
REACH = 70
"""How far a dose may stand from its drug, in characters."""


@dataclass(eq=False)
class Draft:
    """One statement: the mention, its clause and sentence, and the details found for it."""

    mention: Mention | None
    start: int
    end: int
    clause: tuple[int, int]
    sentence: int
    section: Section
    structured: bool
    meanings: frozenset[str] = frozenset()
    verb: Hit | None = None
    drug: Hit | None = None
    hits: dict[str, Hit] = field(default_factory=dict)
    same_syringe: Draft | None = None
    conflicts: dict[str, Hit] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether what is said of it is that it was not given here."""
        return self.verb is None and bool(
            self.meanings & {"declined", "planned", "historical", "conditional", "elsewhere", "other"}
        )

    def take(self, hit: Hit, *, replace: bool = False) -> bool:
        """Keep a detail unless its field is taken; what stands with it comes along."""
        if (
            hit.field == "diagnosis"
            and hit.field in self.hits
            and hit.value[1:2].isdigit()
            and not self.hits[hit.field].value[1:2].isdigit()
        ):
            replace = True  # a code says more than words
        if hit.field in self.hits and not replace:
            return False
        self.hits[hit.field] = hit
        for extra in hit.extra:
            self.hits.setdefault(extra.field, extra)
        return True


@cache
def _verbs() -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z]){any_of(listed('verbs', 'phrases', kind='given'))}(?![A-Za-z])", re.IGNORECASE)


MODAL = re.compile(
    r"(?:\b(?:be|being|if|not|never|n't|no|to|is|are|when|incase|until|unless|last|previously|prior|before|order|orders)\s+(?:\w+\s+)?)$",
    re.IGNORECASE,
)
NOT_DONE = re.compile(
    r"\b(?:could|should|would|may|might|can|must)\s+(?:not\s+)?(?:have\s+)?(?:been|be)\s+$|\bbefore\s+(?:\w+\s+){1,3}$",
    re.IGNORECASE,
)
IS_DONE = re.compile(r"\b(?:is|are)\s+(?:then\s+|also\s+|next\s+|now\s+|subsequently\s+)?$", re.IGNORECASE)


def given_verb(text: str, low: int, high: int) -> Hit | None:
    """Return the first verb of a clause that says it was done; ``will be given`` says that it was not."""
    for match in _verbs().finditer(text, low, high):
        before = text[max(low, match.start() - 22) : match.start()]
        if NOT_DONE.search(before) or (MODAL.search(before) and not IS_DONE.search(before)):
            continue
        if (
            text[match.end() : match.end() + 12]
            .lstrip()
            .lower()
            .startswith(("by the pharmacy", "instructions", "the option", "information", "education"))
        ):
            continue
        return Hit("verb", match.group().lower(), *match.span())
    return None
