"""Run the selected edits over the facts of a piece of input: screen, plan, collect together, findings and coverage.

For each edit the run says hit, clear, unknown, skipped or crashed; a crashing edit is isolated and named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from scrubjay.edit import Edit
from scrubjay.facts import Facts
from scrubjay.refdata import References
from scrubjay.screen import Bit, Masks, answers, begun, only, screens_of

HIT: dict[str, pl.DataType | type[pl.DataType]] = {
    "claim_id": pl.UInt32,
    "line_id": pl.UInt32,
    "found": pl.String,
    "expected": pl.String,
    "message": pl.String,
    "related": pl.List(pl.UInt32),
    "denied": pl.UInt32,
    "segment": pl.UInt32,
    "element": pl.String,
    "outcome": pl.String,
    "group": pl.String,
    "carc": pl.String,
    "rarc": pl.List(pl.String),
    "level_cap": pl.String,
    "reference": pl.String,
    "fix_text": pl.String,
    "patches": pl.List(pl.Struct({"segment": pl.UInt32, "element": pl.String, "old": pl.String, "new": pl.String})),
    "file": pl.UInt32,
    "transaction": pl.String,
}
"""Columns an edit may return; all but ``claim_id``, ``line_id`` and ``message`` may be left out."""

NO_HISTORY = "no earlier claims were given (--history)"
"""Why an edit was not asked to run: nobody gave it what it compares with, so the run is not incomplete for it."""

REQUIRED = ("claim_id", "line_id", "message")


@dataclass
class Tally:
    """What one edit did: rows it judged, hits, rows it could not judge, and why it did not run at all."""

    state: str = "ran"
    why: str | None = None
    in_scope: int = 0
    unknown: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally, sign: int = 1) -> None:
        """Add the counts of another piece of input (or, with ``sign`` -1, take them away)."""
        if other.state != "ran":
            self.state, self.why = other.state, other.why
        self.in_scope += sign * other.in_scope
        self.unknown += sign * other.unknown
        for why, count in other.reasons.items():
            self.reasons[why] = self.reasons.get(why, 0) + sign * count


@dataclass(frozen=True)
class Judgement:
    """Hits of one piece (columns of :data:`HIT` and ``edit``) and the tally of every edit."""

    hits: pl.DataFrame
    tallies: dict[str, Tally]


def run(facts: Facts, refs: References, edits: Sequence[Edit], active: Callable[[str, str], bool]) -> Judgement:
    """Judge one piece of input.

    ``active(policy, edit)`` says whether a policy uses an edit at all; rows of other policies are not in its scope.
    """
    tallies = {e.code: Tally() for e in edits}
    asked = [e for e in edits if _has_rows(e, facts, refs, active, tallies)]
    masks = _screen(asked, facts, refs, active, tallies)
    planned: list[_Plan] = []
    for e in asked:
        unknown = _unknown(e, facts)
        try:
            hits = _query(e, facts, refs, masks[e.code]) if e.code in masks else None
        except Exception as error:  # noqa: BLE001 - one edit's mistake must not take the others down
            tallies[e.code] = _crash(error)
            continue
        if hits is not None or unknown is not None:
            planned.append((e, hits, unknown))
    pieces = []
    for (e, _, _), (found, open_rows) in zip(planned, _collect(planned, tallies), strict=True):
        if tallies[e.code].state != "ran":
            continue
        try:
            if found is not None and len(found):
                pieces.append(_normal(e, found))
        except Exception as error:  # noqa: BLE001 - as above: hits of a wrong shape are that edit's mistake
            tallies[e.code] = _crash(error)
            continue
        pieces.extend(_unknown_hits(e, open_rows, tallies[e.code], active))
    return Judgement(pl.concat([_NO_HITS, *pieces]) if pieces else _NO_HITS, tallies)


def _has_rows(
    e: Edit, facts: Facts, refs: References, active: Callable[[str, str], bool], tallies: dict[str, Tally]
) -> bool:
    """Count the rows in an edit's scope, and say whether there is any reason to ask it."""
    missing = [name for name in e.refs if not refs.has(name)]
    if missing:
        tallies[e.code] = Tally("skipped", f"reference table not loaded: {', '.join(missing)}")
        return False
    if e.history and not facts.has_history:
        tallies[e.code] = Tally("skipped", NO_HISTORY)
        return False
    scope = facts.scopes.of(e.grain, e.scope)
    tallies[e.code].in_scope = sum(count for policy, count in scope.items() if active(policy, e.code))
    # Without a row to judge there is nothing to find; a batch of visits does not plan the edits of vaccines.
    return e.grain != "line" or tallies[e.code].in_scope > 0


def _screen(
    asked: Sequence[Edit],
    facts: Facts,
    refs: References,
    active: Callable[[str, str], bool],
    tallies: dict[str, Tally],
) -> dict[str, Masks | None]:
    """Return, for the edits that may hit, the rows their first filter lets through (None: it has no such filter)."""
    screens = screens_of(refs, facts.run)
    open_edits: dict[str, Masks | None] = {}
    questions = {}
    of_patients = {name for name, frame in facts.frames.items() if "patient_policies" in frame.columns}
    for e in asked:
        # No pair is made of a line without a date, so an empty start says nothing of rows that cannot be judged.
        if all(facts.frames[name].is_empty() for name in e.start) or not all(map(facts.occurs, e.beside)):
            continue
        try:
            screen = screens.of(e, facts, refs)
        except Exception as error:  # noqa: BLE001 - one edit's mistake must not take the others down
            tallies[e.code] = _crash(error)
            continue
        if screen is None:
            open_edits[e.code] = None
        else:
            # An edit looks at one patient at a time: it finds nothing where no payer of the patient uses it.
            using = [bit for policy, bit in facts.policies.items() if active(policy, e.code)]
            if not using and facts.policies and of_patients.issuperset(screen):
                continue
            if len(using) < len(facts.policies):
                screen = only(screen, facts, Bit("patient_policies", sum(set(using)), wanted=True))
            questions[e.code] = screen
    try:
        return open_edits | answers(facts, questions)
    except _FAILURES:  # the query of the edit that is wrong fails again, and is named there
        return open_edits | dict.fromkeys(questions)


def _query(e: Edit, facts: Facts, refs: References, masks: Masks | None) -> pl.LazyFrame:
    return e.query(facts if masks is None else begun(facts, masks), refs)


_Plan = tuple[Edit, pl.LazyFrame | None, pl.LazyFrame | None]
_Rows = tuple[pl.DataFrame | None, pl.DataFrame | None]
_NO_HITS = pl.DataFrame(schema={**HIT, "edit": pl.String})
_NULLS = {name: pl.Series(name, [None], dtype=dtype) for name, dtype in HIT.items()}


_FAILURES = (Exception, pl.exceptions.PanicException)
"""What one edit's query may end in: a panic of the frames is no Exception, and must not take the others down either."""


def _crash(error: BaseException) -> Tally:
    # The type and place of a mistake are told, never its text: that may quote values of a claim.
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}" if frame else "?"
    return Tally("crashed", f"{type(error).__name__} at {place}")


def _collect(planned: list[_Plan], tallies: dict[str, Tally]) -> list[_Rows]:
    """Collect every query at once; where that fails, one by one, to find the edit that is wrong."""
    queries = [q for _, hits, unknown in planned for q in (hits, unknown) if q is not None]
    try:
        taken = iter(pl.collect_all(queries, engine="in-memory"))
    except _FAILURES:  # the one that is wrong is found below
        return [_collect_one(plan, tallies) for plan in planned]
    return [
        (None if hits is None else next(taken), None if unknown is None else next(taken))
        for _, hits, unknown in planned
    ]


def _collect_one(plan: _Plan, tallies: dict[str, Tally]) -> _Rows:
    e, hits, unknown = plan
    try:
        found = None if hits is None else hits.collect(engine="in-memory")
        return found, None if unknown is None else unknown.collect(engine="in-memory")
    except _FAILURES as error:  # isolate the crashing edit
        tallies[e.code] = _crash(error)
        return None, None


def _unknown(e: Edit, facts: Facts) -> pl.LazyFrame | None:
    """Return the rows in the edit's scope of which a needed value is missing.

    A row is asked about only where its own claim holds what must stand beside it: what else is in the batch does not matter.
    """
    holed = facts.holed["lines" if e.grain == "line" else "claims"]
    needs = [n for n in e.needs if n in holed]
    if not needs:
        return None
    frame, identity = (facts.lines, "line_id") if e.grain == "line" else (facts.claims, "claim_id")
    rows = frame.filter(pl.any_horizontal(pl.col(n).is_null() for n in needs) & ~pl.col("is_void"))
    if e.scope != "*":
        rows = rows.filter(facts.in_group(e.scope))
    if e.grain == "line":
        for group in e.beside:
            names = group.split("|")
            if all(name in facts.codes.names for name in names):
                rows = rows.filter(pl.any_horizontal(facts.claim_has(name) for name in names))
    why = pl.coalesce(pl.when(pl.col(n).is_null()).then(pl.lit(n)) for n in needs).alias("why")
    line = pl.col("line_id") if identity == "line_id" else pl.lit(None, dtype=pl.UInt32).alias("line_id")
    return rows.select("claim_id", line, "policy", why)


def _unknown_hits(
    e: Edit, rows: pl.DataFrame | None, tally: Tally, active: Callable[[str, str], bool]
) -> list[pl.DataFrame]:
    """Turn rows that cannot be judged into findings; those for want of an edition are only counted."""
    if rows is None or rows.is_empty():
        return []
    rows = rows.filter(pl.col("policy").is_in([p for p in rows["policy"].unique() if active(p, e.code)]))
    editions = rows.filter(pl.col("why").str.ends_with("_edition"))
    for why, count in editions.group_by("why").len().sort("why").iter_rows():
        tally.unknown += count
        table = why.removesuffix("_edition")
        reason = f"no edition of {table} reaches back to the date of service"
        tally.reasons[reason] = tally.reasons.get(reason, 0) + count
    rest = rows.filter(~pl.col("why").str.ends_with("_edition"))
    if rest.is_empty():
        return []
    tally.unknown += rest.height
    words = pl.col("why").str.replace_all("_", " ")
    frame = rest.select(
        "claim_id",
        "line_id",
        message=pl.format(
            "{} cannot be judged: {} is missing or cannot be read.", pl.lit(e.name.replace("-", " ")), words
        ),
        found=pl.lit(None, dtype=pl.String),
        expected=words,
        outcome=pl.lit("unknown"),
    )
    return [_normal(e, frame)]


def _normal(e: Edit, hits: pl.DataFrame) -> pl.DataFrame:
    """Give the hits of an edit all columns of :data:`HIT`, filled from the declaration where the edit is silent."""
    lacking = [name for name in REQUIRED if name not in hits.columns]
    if lacking:
        raise ValueError(f"{e.code} returns no {', '.join(lacking)}")
    said = {"outcome": "hit", "element": e.element, "group": e.group, "carc": e.carc, "rarc": list(e.rarc)}
    columns = []
    # Few rows and many columns: columns put side by side cost less than a query over them.
    for name, dtype in HIT.items():
        value = said.get(name)
        default = _NULLS[name] if value is None else pl.Series(name, [value], dtype=dtype)
        if name not in hits.columns:
            columns.append(default.new_from_index(0, hits.height))
            continue
        own = hits.get_column(name)
        if own.dtype != dtype:
            own = own.cast(dtype)
        if name in said and own.null_count():
            own = own.zip_with(own.is_not_null(), default.new_from_index(0, hits.height))
        columns.append(own)
    code = pl.Series("edit", [e.code], dtype=pl.String)
    return pl.DataFrame([*columns, code.new_from_index(0, hits.height)])
