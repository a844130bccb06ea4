"""The scorecard against the truth of invented payers: how far its estimates are from what really happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from scrubjay.errors import InputError
from scrubjay.learn.observe import observe
from scrubjay.learn.scorecard import Scorecard
from scrubjay.learn.shadow import OFF
from scrubjay.learn.study import Study
from scrubjay.learn.wilson import wilson

_RULE_BOUND = ("rule", "wrong-code")
"""Why a line was denied where a rule denied it, whatever code was then given."""

LEAST = 20
"""Findings below which a difference says nothing."""


@dataclass(frozen=True)
class Compared:
    """The scorecard beside the truth.

    ``rows``: policy, edit, ``answered``, estimated and true precision and recall with their counts, whether the truth lies in
    the estimate's interval.  ``totals``: mean and largest error over rows of 20 or more, and how many intervals hold.
    """

    rows: pl.DataFrame
    totals: dict[str, Any]


def compare(study: Study, card: Scorecard, truth: Path | str) -> Compared:
    """Compare a scorecard with a truth file (``scrubjay.truth/1``).

    Precision is the share of answered hits denied for the edit's own offence; the truth counts a line that a rule meaning
    this edit denied.  Recall is the share of such lines that the edit hit.  Raises InputError where the file is no truth.
    """
    denied = pl.DataFrame(
        list(_denied(Path(truth))),
        schema={"claim": pl.String, "line": pl.Int64, "edit": pl.String},
        orient="row",
    )
    assert study.claims is not None
    assert study.matching is not None
    tables = study.claims.tables
    numbers = tables.lines.select("claim_id", "line_id", "line").join(
        tables.claims.select("claim_id", "claim"), on="claim_id"
    )
    seen = observe(tables, study.read.remits, study.matching, study.policy, study.forced)
    real = (
        denied.join(numbers, on=["claim", "line"])
        .join(seen.units.select("claim_id", "line_id", "policy").drop_nulls("line_id"), on=["claim_id", "line_id"])
        .select("claim_id", "line_id", "policy", "edit")
    )
    of_claims = real.select("claim_id", pl.lit(None, dtype=pl.UInt32).alias("line_id"), "policy", "edit").unique()
    every = pl.concat([real, of_claims])
    units = ["claim_id", "line_id"]
    hits = study.claims.targets.join(
        seen.units.select(*units, "policy"), on=units, nulls_equal=True, maintain_order="left"
    )
    right = hits.join(every, on=[*units, "policy", "edit"], nulls_equal=True, how="semi")
    truly = right.group_by("policy", "edit").agg(true_hits=pl.len().cast(pl.Int64))
    caught = (
        real.join(right.select(*units, "edit"), on=[*units, "edit"], how="semi")
        .vstack(
            real.join(
                right.filter(pl.col("line_id").is_null()).select("claim_id", "edit"),
                on=["claim_id", "edit"],
                how="semi",
            )
        )
        .unique()
        .group_by("policy", "edit")
        .agg(caught=pl.len().cast(pl.Int64))
    )
    # A denial whose rule means several edits is caught by any of them; each edit answers for its own hits alone.
    due = real.group_by("policy", "edit").agg(true_due=pl.len().cast(pl.Int64))
    rows = (
        card.edits.select(
            "policy", "edit", "level", "answered", "own", "due", "own_low", "own_high", "recall_low", "recall_high"
        )
        .join(truly, on=["policy", "edit"], how="left")
        .join(due, on=["policy", "edit"], how="left")
        .join(caught, on=["policy", "edit"], how="left")
        .with_columns(pl.col("true_hits", "true_due", "caught").fill_null(0))
        .filter((pl.col("true_hits") > 0) | ((pl.col("own") > 0) & (pl.col("level") != OFF)))
        .with_columns(
            precision=pl.col("own") / pl.col("answered"),
            true_precision=pl.col("true_hits") / pl.col("answered"),
            recall=pl.when(pl.col("due") > 0).then(pl.col("own") / pl.col("due")),
            true_recall=pl.when(pl.col("true_due") > 0).then(pl.col("caught") / pl.col("true_due")),
        )
        .with_columns(
            precision_error=pl.col("precision") - pl.col("true_precision"),
            recall_error=pl.col("recall") - pl.col("true_recall"),
            precision_holds=pl.col("true_precision").is_between("own_low", "own_high"),
            recall_holds=pl.col("true_recall").is_between("recall_low", "recall_high"),
        )
        .sort("answered", "policy", "edit", descending=[True, False, False])
    )
    return Compared(rows, _totals(rows))


def _totals(rows: pl.DataFrame) -> dict[str, Any]:
    totals: dict[str, Any] = {}
    for name, counted in (("precision", "answered"), ("recall", "true_due")):
        enough = rows.filter((pl.col(counted) >= LEAST) & pl.col(f"{name}_error").is_not_null())
        errors = enough[f"{name}_error"].abs()
        holds = int(enough[f"{name}_holds"].sum())
        totals[name] = {
            "rows": len(enough),
            "mean_error": float(errors.mean()) if len(errors) else None,  # type: ignore[arg-type]
            "largest_error": float(errors.max()) if len(errors) else None,  # type: ignore[arg-type]
            "intervals_that_hold": holds,
            "interval": wilson(holds, len(enough)),
        }
    return totals


def _denied(path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield claim, line and edit of every line that a rule denied, once for each edit that means the rule."""
    rules: dict[str, list[str]] | None = None
    try:
        with path.open(encoding="utf-8") as stream:
            for text in stream:
                row = json.loads(text)
                if rules is None:
                    if row.get("schema") != "scrubjay.truth/1":
                        raise InputError(str(path), "is no truth file of scrubjay synth --remit --truth")
                    rules = {name: rule["edits"] for name, rule in row["rules"].items()}
                elif row["answer"] == "denied" and row["why"] in _RULE_BOUND:
                    for edit in rules.get(row["applies"], ()):
                        yield row["claim"], row["line"], edit
    except OSError as error:
        raise InputError(
            str(path), f"cannot be read ({error.strerror}); name the truth file of synth --remit"
        ) from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise InputError(str(path), "is no truth file of scrubjay synth --remit --truth") from None
    if rules is None:
        raise InputError(str(path), "is empty; write it with scrubjay synth --remit --truth")
