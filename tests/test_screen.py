"""Screens: an edit whose first filter lets nothing through finds nothing, so leaving its query out changes nothing."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from functools import cache

import polars as pl
import pytest

from scrubjay import policy, refdata
from scrubjay.cases import Case, to_837
from scrubjay.edit import Edit, catalogue
from scrubjay.facts import Facts, Run, prepare
from scrubjay.facts.history import SCHEMA, rows_of
from scrubjay.io.claim837 import read_chunk
from scrubjay.io.interchange import iter_chunks
from scrubjay.io.source import ByteSource
from scrubjay.model import Tables, concat
from scrubjay.screen import answers, begun, screens_of
from test_edit_cases import FENCE, PAGES
from test_examples import split

pytestmark = pytest.mark.slow

SCREENED = [code for code, e in catalogue().items() if e.start != ("defects",)]


@cache
def references() -> refdata.References:
    return refdata.load(user=False)


def failing_claims(e: Edit) -> list[Facts]:
    """Return the claims under an edit's Fails and on its page of corner cases, those judged on one day together."""
    pages = [p.read_text(encoding="utf-8") for p in PAGES if p.stem == e.code]
    texts = re.split(r"\n\s*\n", e.doc["Fails"].strip())
    texts += [m.group(1) for text in pages for m in FENCE.finditer(text)]
    tables: dict[Run, list[Tables]] = defaultdict(list)
    history = [pl.DataFrame(schema=SCHEMA)]
    claims = lines = 0
    for number, text in enumerate(texts):
        case, earlier = split(text)
        read = tables_of(case, number, claims, lines)
        claims, lines = claims + len(read.claims), lines + len(read.lines)
        tables[Run(case.as_of, case.received or case.as_of)].append(read)
        if earlier is not None:
            history.append(rows_of(tables_of(earlier, number, 0, 0)))
    past = pl.concat(history)
    return [prepare(concat(read), references(), policy.load(), run, past) for run, read in tables.items()]


def tables_of(case: Case, number: int, first_claim: int, first_line: int) -> Tables:
    """Return the tables of a case with its patients marked, so that they are nobody else's."""
    chunk = next(iter_chunks(ByteSource(io.BytesIO(to_837(case))), "case", 1 << 26))
    read = read_chunk(chunk, number, first_claim, first_line)
    marked = read.claims.with_columns(member_id=pl.col("member_id") + f"X{number}")
    return Tables(**{**vars(read), "claims": marked})


@pytest.mark.parametrize("code", SCREENED)
def test_a_hit_passes_the_first_filter(code: str) -> None:
    e = catalogue()[code]
    seen = 0
    for facts in failing_claims(e):
        screen = screens_of(references(), facts.run).of(e, facts, references())
        if screen is None:
            continue
        nothing = {name: pl.repeat(value=False, n=facts.frames[name].height, eager=True) for name in e.start}
        stopped = e.query(begun(facts, nothing), references())
        whole = e.query(facts, references())
        screened = e.query(begun(facts, answers(facts, {code: screen}).get(code, nothing)), references())
        none, every, some = pl.collect_all([stopped, whole, screened])
        assert none.is_empty(), "a hit without a row that passes the first filter on the start table"
        assert sorted(map(repr, some.rows())) == sorted(map(repr, every.rows()))
        seen += every.height
    assert seen or screen is None
