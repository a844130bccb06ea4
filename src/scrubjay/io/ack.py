"""Acknowledgements to a table of statements: TA1, 999 (005010X231), 997, 277CA (005010X214) and 277 (005010X212).

What a statement speaks of is known from what stands before it: the group of the AK1, the transaction of the AK2, the
segment of the IK3, the hierarchical level, the trace (TRN) and the service (SVC).  The bad value an IK4 copies may
be a patient's, so it is not read.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import polars as pl

from scrubjay.io.columns import Columns, first_of, masked, recent
from scrubjay.io.interchange import Chunk
from scrubjay.io.spans import Bools, Ints, pack
from scrubjay.io.x12 import Segments
from scrubjay.model835 import ACKNOWLEDGEMENTS, frame_of

_COMPOSITES = (1, 10, 11)
"""Elements of an STC that hold a status."""

_LEVELS = {"20": "source", "21": "receiver", "19": "provider", "22": "claim", "23": "claim", "PT": "claim"}


def read_chunk(chunk: Chunk, file: int) -> pl.DataFrame:
    """Return the statements of one chunk, in the order of the file."""
    s = chunk.segments
    # Most files hold remittances alone: nothing of what follows is in them.
    if not any(len(s.where(name)) for name in ("TA1", "AK1", "STC")):
        return frame_of(ACKNOWLEDGEMENTS)
    c = Columns(s)
    fresh = ~s.context
    st, se = recent(s, "ST"), recent(s, "SE")
    ended = np.concatenate([[-1], se[:-1]])
    inside = chunk.wanted & (st > ended) & (st >= 0)
    kind = s.qualifier(np.maximum(st, 0), 1)
    kind[~inside] = 0
    parts = [_interchange(c, fresh)]
    for name in ("999", "997"):
        parts.extend(_functional(c, name, inside & (kind == pack(name)), fresh))
    version = _is_claim_acknowledgement(s, st)
    of_277 = inside & (kind == pack("277"))
    for name, here in (("277CA", of_277 & version), ("277", of_277 & ~version)):
        parts.extend(_statuses(c, name, here, fresh))
    rows = pl.concat([_shaped(part, file) for part in parts])
    return rows.sort("segment", maintain_order=True)


def _shaped(part: dict[str, Any], file: int) -> pl.DataFrame:
    frame = pl.DataFrame(part)
    set_of = pl.col("kind").replace({"997": "999", "277CA": "277"})
    frame = frame.with_columns(
        pl.lit(file, dtype=pl.UInt32).alias("file"),
        *(
            pl.lit(None, dtype=column.dtype).alias(column.name)
            for column in ACKNOWLEDGEMENTS
            if column.name not in part and column.name not in ("file", "state")
        ),
    )
    states = pl.DataFrame(
        [(row["set"], row["code"], row["state"]) for row in states_table()],
        schema=["_set", "code", "_state"],
        orient="row",
    )
    known = frame.with_columns(_set=set_of).join(states, on=["_set", "code"], how="left", maintain_order="left")
    stated = pl.when(pl.col("level").is_in(["segment", "element"])).then(pl.lit("rejected"))
    return known.with_columns(state=stated.otherwise(pl.col("_state").fill_null("unknown"))).select(
        pl.col(column.name).cast(column.dtype) for column in ACKNOWLEDGEMENTS
    )


@lru_cache(maxsize=1)
def states_table() -> tuple[dict[str, str], ...]:
    """Return what each status code means: set, code, state, meaning, source."""
    text = resources.files("scrubjay.io").joinpath("ack_states.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _words(value: str, count: int) -> pl.Series:
    return pl.Series([value] * count, dtype=pl.String)


def _interchange(c: Columns, fresh: Bools) -> dict[str, Any]:
    at = c.segments.where("TA1")
    at = at[fresh[at]]
    return {
        "kind": _words("TA1", len(at)),
        "level": _words("interchange", len(at)),
        "segment": c.number(at),
        "interchange": c.text(at, 1),
        "code": c.code(at, 4),
        "status": c.code(at, 5),
    }


def _functional(c: Columns, kind: str, here: Bools, fresh: Bools) -> list[dict[str, Any]]:
    """Return the statements of a 999 or 997: of the group, its transactions, their segments and elements."""
    s = c.segments
    names = ("IK5", "IK3", "IK4") if kind == "999" else ("AK5", "AK3", "AK4")
    ak1, ak2, bad = recent(s, "AK1"), recent(s, "AK2"), recent(s, names[1])

    def of(identifier: str) -> Ints:
        at = s.where(identifier)
        return at[here[at] & fresh[at]]

    # The claim a segment of ours belongs to is told by a CTX behind the IK3.
    ctx = c.pick("CTX", here)
    ctx = ctx[s.key(s.component(s.span(ctx, 1), 1)) == pack("CLM01")]
    claim_of = first_of(ctx, np.maximum(bad[ctx], 0), len(s))

    def common(at: Ints, level: str) -> dict[str, Any]:
        return {
            "kind": _words(kind, len(at)),
            "level": _words(level, len(at)),
            "segment": c.number(at),
            "group": c.text(ak1[at], 2),
        }

    group, transaction, segment, element = of("AK9"), of(names[0]), of(names[1]), of(names[2])

    def at_segment(at: Ints) -> dict[str, Any]:
        return {
            "transaction": c.text(ak2[at], 2),
            "at_segment_id": c.code(bad[at], 1),
            "at_segment": masked(*s.numbers(names[1], 2, 0, bad[at])).clip(0, 2**32 - 1).cast(pl.UInt32),
            "claim": c.text(claim_of[np.maximum(bad[at], 0)], 1, 2),
        }

    return [
        {**common(group, "group"), "code": c.code(group, 1)},
        {
            **common(transaction, "transaction"),
            "transaction": c.text(ak2[transaction], 2),
            "code": c.code(transaction, 1),
            "status": c.code(transaction, 2),
        },
        {**common(segment, "segment"), **at_segment(segment), "code": c.code(segment, 4)},
        {
            **common(element, "element"),
            **at_segment(element),
            "at_element": c.text(element, 1),
            "code": c.code(element, 3),
        },
    ]


def _is_claim_acknowledgement(s: Segments, st: Ints) -> Bools:
    """Say for every segment whether its transaction is a 277CA: by GS08, else ST03, else BHT06 TH."""
    gs = recent(s, "GS")
    text = Columns(s)
    at = s.where("ST")
    stated = pl.select(pl.coalesce(text.text(gs[at], 8), text.text(at, 3))).to_series()
    follows = first_of(s.where("BHT"), np.maximum(st[s.where("BHT")], 0), len(s))[at]
    th = s.qualifier(follows, 6) == pack("TH")
    named = stated.str.contains("X214").fill_null(False).to_numpy()
    is_ca = np.zeros(len(s), dtype=bool)
    is_ca[at] = named | (stated.is_null().to_numpy() & th)
    return np.where(st >= 0, is_ca[np.maximum(st, 0)], False)


def _statuses(c: Columns, kind: str, here: Bools, fresh: Bools) -> list[dict[str, Any]]:
    """Return one statement per status of an STC."""
    s = c.segments
    hl, trn, svc = recent(s, "HL"), recent(s, "TRN"), recent(s, "SVC")
    scope = np.where(trn > hl, trn, -1)
    in_line = (svc > scope) & (svc > hl)
    stc = c.pick("STC", here)
    stc = stc[fresh[stc]]
    rows = []

    def reference(qualifier: str, owner: Ints, wanted: Bools) -> Ints:
        """Return for the scope of every segment the first REF of a kind in it."""
        found = c.pick("REF", here & wanted, qualifier)
        found = found[owner[found] >= 0]
        per_owner = first_of(found, owner[found], len(s))
        return np.where(owner >= 0, per_owner[np.maximum(owner, 0)], -1)

    payer_control = reference("1K", scope, ~in_line)
    account = reference("EJ", scope, ~in_line)
    line_control = reference("FJ", np.where(in_line, svc, -1), in_line)
    levels = {int(pack(code)): level for code, level in _LEVELS.items()}
    for element in _COMPOSITES:
        start, end = s.span(stc, element)
        at = stc[end > start]
        level = [levels.get(int(k), "unknown") for k in s.qualifier(hl[at], 3).tolist()]
        claim_level = pl.Series(level, dtype=pl.String)
        line = pl.Series(in_line[at])
        trace = np.where(scope[at] >= 0, scope[at], -1)
        number = pl.select(pl.coalesce(c.text(account[at], 2), c.text(trace, 2))).to_series()
        is_claim = claim_level == "claim"
        rows.append(
            {
                "kind": _words(kind, len(at)),
                "level": pl.select(pl.when(line).then(pl.lit("line")).otherwise(claim_level)).to_series(),
                "segment": c.number(at),
                "code": c.code(at, element, 1),
                "status": c.code(at, element, 2),
                "entity": c.code(at, element, 3),
                "claim": pl.select(pl.when(is_claim).then(number)).to_series(),
                "payer_control": c.text(payer_control[at], 2),
                "line_control": c.text(line_control[at], 2),
                "date": c.date(at, 2),
                "amount_cents": c.decimal("STC", at, 4, 2),
                "paid_cents": c.decimal("STC", at, 5, 2),
            }
        )
    return rows
