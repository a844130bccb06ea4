"""The report: what a run found, what it judged and could not judge, in the shape of ``scrubjay.report/1``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from scrubjay.conformance.judge import NOT_ASKED
from scrubjay.edit import Edit
from scrubjay.engine import NO_HISTORY, Tally
from scrubjay.facts.gather import Bools, Ints, distinct, filled, known, rows_at
from scrubjay.model import Tables

FINDING_FIELDS = (
    "file transaction claim line related_lines denied_line edit name category level outcome message found expected "
    "segment element box group carc rarc fix policy reference sources amount_at_risk amount_basis"
).split()

_FIX = pl.Struct(
    {
        "safety": pl.String,
        "text": pl.String,
        "patches": pl.List(pl.Struct({"segment": pl.Int64, "element": pl.String, "old": pl.String, "new": pl.String})),
    }
)

_RANK = {"deny": 0, "warn": 1, "info": 2}


class Later:
    """A frame that is too large to be held as long as nobody asks for the whole of it."""

    def __init__(self, parts: Callable[[], Iterator[pl.DataFrame]]) -> None:
        self.parts = parts


@dataclass(frozen=True)
class Report:
    """The result of a check.

    ``findings`` has the fields of :data:`FINDING_FIELDS` and the private columns ``claim_id``, ``raw``, ``raw_start``
    and ``raw_length``; ``claims`` is the header of every claim with a finding; ``coverage`` one row per edit.
    ``kept`` holds whole claims, patient data and all, where the caller asked for them.

    ``findings`` and ``claims`` of a large run are put together when they are first asked for; :meth:`slices` gives the
    findings without ever holding all of them.
    """

    run: dict[str, Any]
    summary: dict[str, Any]
    findings: pl.DataFrame
    claims: pl.DataFrame
    coverage: pl.DataFrame
    errors: list[dict[str, Any]]
    kept: Tables | None = None

    def __post_init__(self) -> None:
        for name in ("findings", "claims"):
            if isinstance(later := self.__dict__[name], Later):
                self.__dict__[f"_{name}"] = later
                del self.__dict__[name]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Asked only for what is not there, or not yet.
            later = self.__dict__.get(f"_{name}")
            if not isinstance(later, Later):
                raise AttributeError(f"a report has no {name!r}", name=name, obj=self)
            return self.__dict__.setdefault(name, pl.concat(later.parts()))

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def slices(self) -> Iterator[pl.DataFrame]:
        """Yield the findings, some at a time and in their order: one frame at least, bounded in a large run."""
        later = self.__dict__.get("_findings")
        if later is None or "findings" in self.__dict__:
            yield self.findings
        else:
            yield from later.parts()

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report as plain data (schema ``scrubjay.report/1``)."""
        return {
            "schema": "scrubjay.report/1",
            "run": self.run,
            "summary": self.summary,
            "findings": self.findings.select(FINDING_FIELDS).to_dicts(),
            "coverage": self.coverage.to_dicts(),
            "errors": self.errors,
        }

    def exit_code(self, fail_on: str = "deny", allow_incomplete: bool = False) -> int:
        """Return 2 where the input broke, 1 for findings at or above ``fail_on``, 3 where not all could be checked."""
        if self.errors:
            return 2
        if fail_on != "never":
            counted = [name for name, rank in _RANK.items() if rank <= _RANK[fail_on]]
            if any(self.summary["findings"][name] for name in counted):
                return 1
        return 3 if self.incomplete and not allow_incomplete else 0

    @property
    def incomplete(self) -> bool:
        """Something was asked for and could not be checked: a value or reference is missing, or an edit crashed."""
        idle = (pl.col("state") != "ran") & ~pl.col("why").is_in([NO_HISTORY, NOT_ASKED])
        return bool(self.coverage.select((idle | (pl.col("unknown") > 0)).any()).item())


def present(found: pl.DataFrame, files: list[str], edits: Mapping[str, Edit]) -> pl.DataFrame:
    """Give resolved findings the names, texts and order of the report."""
    codes, code = distinct(found["edit"])
    about, names = _about([edits[c] for c in codes]), pl.Series("file_name", [*files, None], dtype=pl.String)
    own = about[pl.Series(code.astype(np.uint32))]
    # A finding of no file has the name that stands behind the others, none.
    file = pl.Series(np.minimum(filled(found["file"], len(files)), len(files)).astype(np.uint32))
    no_patches = pl.lit([], dtype=_FIX.fields[2].dtype)
    rank = pl.col("level").replace_strict(_RANK, return_dtype=pl.Int8)
    found = found.hstack([*own, names[file]])
    if "place_box" in found.columns:
        found = found.with_columns(pl.coalesce("box", "place_box"))
    return (
        found.lazy()
        .with_columns(rank=rank)
        .sort(
            "file",
            "claim_segment",
            "claim_id",
            "line_id",
            "rank",
            "edit",
            "segment",
            "element",
            "message",
            nulls_last=False,
            maintain_order=True,
        )
        .with_columns(
            pl.col("file_name").alias("file"),
            pl.col("segment").cast(pl.Int64),
            pl.when(pl.col("safety").is_not_null() & (pl.col("outcome") == "hit"))
            .then(
                pl.struct(
                    # A safe repair without a patch is nothing to apply: it is advice.
                    pl.when((pl.col("safety") == "safe") & (pl.col("patches").list.len().fill_null(0) == 0))
                    .then(pl.lit("advice"))
                    .otherwise(pl.col("safety"))
                    .alias("safety"),
                    pl.coalesce("fix_text", "fix_default").alias("text"),
                    pl.coalesce(pl.col("patches").cast(_FIX.fields[2].dtype), no_patches).alias("patches"),
                )
            )
            .alias("fix")
            .cast(_FIX),
            money(pl.col("at_risk_cents")).alias("amount_at_risk"),
            pl.col("rarc").fill_null(pl.lit([], dtype=pl.List(pl.String))),
        )
        .select(
            *FINDING_FIELDS,
            "claim_id",
            "risk_line",
            "at_risk_cents",
            "claim_segment",
            "service_date",
            "raw",
            "raw_start",
            "raw_length",
        )
        .collect(engine="in-memory")
    )


def _about(speaking: Sequence[Edit]) -> pl.DataFrame:
    """Return what the report tells of some edits, a row each."""
    texts: dict[str, list[str | None]] = {
        "name": [e.name for e in speaking],
        "category": [e.category for e in speaking],
        "box": [e.box for e in speaking],
        "safety": [e.fix_safety for e in speaking],
        "fix_default": [_first_line(e.doc["Fix"]) for e in speaking],
    }
    sources = pl.Series("sources", [list(e.sources) for e in speaking], dtype=pl.List(pl.String))
    return pl.DataFrame([*(pl.Series(name, values, dtype=pl.String) for name, values in texts.items()), sources])


def _first_line(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())


def money(cents: pl.Expr) -> pl.Expr:
    """Format integer cents as a decimal string with two places."""
    whole = (cents.abs() // 100).cast(pl.String)
    part = (cents.abs() % 100).cast(pl.String).str.pad_start(2, "0")
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.when(cents.is_not_null()).then(pl.concat_str(sign, whole, pl.lit("."), part))


def amount_at_risk(findings: pl.DataFrame) -> str:
    """Sum the money at risk, each line (or each rejected claim) once, however many findings it has."""
    cents = int(at_risk_once(findings)["at_risk_cents"].sum())
    return f"{cents // 100}.{cents % 100:02d}"


def at_risk_once(findings: pl.DataFrame) -> pl.DataFrame:
    """Return the money of one finding for each line at risk; a rejected claim stands for all its lines.

    Columns: ``claim_id``, ``risk_line``, ``at_risk_cents``, ``amount_basis``.
    """
    rows = np.flatnonzero(known(findings["at_risk_cents"]))
    claim = filled(findings["claim_id"].cast(pl.Int64), -1)[rows]
    line = filled(findings["risk_line"].cast(pl.Int64), -1)[rows]
    whole = line < 0
    alone = ~whole & ~np.isin(claim, claim[whole])
    once = np.concatenate([_firsts(claim, whole), _firsts(line, alone)])
    columns = ("claim_id", "risk_line", "at_risk_cents", "amount_basis")
    return pl.DataFrame(rows_at(findings, columns, rows[once]))


def _firsts(keys: Ints, among: Bools) -> Ints:
    """Return the first row of each key among some rows, in the order of the rows."""
    rows = np.flatnonzero(among)
    return np.sort(rows[np.unique(keys[rows], return_index=True)[1]])


class Counts:
    """What a report says of its findings in numbers, counted slice by slice; no claim may stand in two slices."""

    def __init__(self) -> None:
        self.levels = dict.fromkeys(_RANK, 0)
        self.dirty = 0
        self.edits: Counter[tuple[str, str]] = Counter()
        # A line at risk may be of another claim than the finding, so that money is only summed at the end.
        self._risky: list[pl.DataFrame] = []

    def add(self, findings: pl.DataFrame) -> None:
        """Count a slice."""
        if findings.is_empty():
            return
        for edit, outcome, level, count in findings.group_by("edit", "outcome", "level").len().iter_rows():
            self.edits[edit, outcome] += count
            self.levels[level] += count if outcome == "hit" else 0
        dirty = (pl.col("outcome") == "hit") & (pl.col("level") != "info")
        self.dirty += findings.select(pl.col("claim_id").filter(dirty).drop_nulls().n_unique()).item()
        if findings["at_risk_cents"].null_count() < len(findings):
            self._risky.append(at_risk_once(findings).with_columns(amount_basis=pl.lit(None, dtype=pl.String)))

    @property
    def amount_at_risk(self) -> str:
        """Return the money at risk."""
        return amount_at_risk(pl.concat(self._risky)) if self._risky else "0.00"


def by_risk(findings: pl.DataFrame) -> pl.DataFrame:
    """Order findings by money: the claim with the most at risk first, and in a claim the dearest finding first.

    Where nothing is at risk the order of the report stays; findings of no claim come last.
    """
    whole = pl.col("at_risk_cents").filter(pl.col("risk_line").is_null()).max()
    stakes = (
        findings.filter(pl.col("at_risk_cents").is_not_null() & pl.col("claim_id").is_not_null())
        .unique(["claim_id", "risk_line"], maintain_order=True)
        .group_by("claim_id")
        .agg(stake=pl.coalesce(whole, pl.col("at_risk_cents").sum()))
    )
    return (
        findings.with_row_index("place")
        .join(stakes, on="claim_id", how="left", maintain_order="left")
        .with_columns(first=pl.col("place").min().over("file", "claim_id"))
        .sort(
            pl.col("stake"), "first", "at_risk_cents", "place",
            descending=[True, False, True, False], nulls_last=True,
        )
        .drop("place", "stake", "first")
    )  # fmt: skip


def coverage_table(tallies: Mapping[str, Tally], found: Mapping[tuple[str, str], int]) -> pl.DataFrame:
    """Return one row per edit: state, rows in scope, hits, unknown, and why; ``found`` counts by edit and outcome."""
    made = list(tallies.values())
    reasons = [
        "; ".join(f"{n} rows: {reason}" for reason, n in sorted(t.reasons.items()) if n) if t.reasons else ""
        for t in made
    ]
    return pl.DataFrame(
        [
            pl.Series("edit", list(tallies), dtype=pl.String),
            pl.Series("state", [t.state for t in made], dtype=pl.String),
            pl.Series("in_scope", [t.in_scope if t.state == "ran" else None for t in made], dtype=pl.Int64),
            pl.Series("hits", [found.get((code, "hit"), 0) for code in tallies], dtype=pl.Int64),
            pl.Series(
                "unknown",
                [found.get((code, "unknown"), 0) + sum(t.reasons.values()) for code, t in tallies.items()],
                dtype=pl.Int64,
            ),
            pl.Series(
                "why", [t.why or reason or None for t, reason in zip(made, reasons, strict=True)], dtype=pl.String
            ),
        ]
    )


def run_facts(
    version: str,
    catalogue: str,
    references: list[dict[str, Any]],
    policy: str,
    as_of: dt.date,
    inputs: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the ``run`` part: everything that is needed to get the same findings again."""
    return {
        "version": version,
        "catalogue": catalogue,
        "references": references,
        "policy": policy,
        "as_of": as_of.isoformat(),
        "inputs": inputs,
    }
