"""What can be done about a denial: correct and resend, appeal, write off, and until when.

The choice rests on the reason, the remarks, and what CMS's tables say of the line; the days on the payer's policy.
Nothing here says that a service deserves payment: that is in the chart.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import polars as pl

from scrubjay import catalogue
from scrubjay.errors import PolicyError
from scrubjay.learn.reasons import table
from scrubjay.policy import PolicySet

UNPROCESSABLE = "MA130"
FILING_EDIT = "TFL01"

ACTIONS = {
    "correct": "correct and resend, if the record supports it",
    "new-claim": "send a new claim",
    "appeal": "appeal with the record",
    "records": "send the records asked for",
    "original": "find the claim it repeats; nothing to resend if that was paid",
    "other-payer": "bill the payer that comes first or is responsible",
    "eligibility": "check coverage on the day; then another payer or the patient",
    "patient": "the patient's responsibility; check the reason before billing",
    "write-off": "write off",
    "wait": "wait for the payer's decision",
    "review": "look at the remark and the contract",
}
"""What is usually done, in words."""

_APPEALABLE = ("correct", "appeal", "records", "review", "patient")


def decide(denials: pl.DataFrame, policy: PolicySet) -> pl.DataFrame:
    """Add ``action``, ``appealable``, ``why`` and the deadlines; one decision per distinct case.

    ``deadline`` is the day by which the action must have reached the payer, ``deadline_step`` and ``deadline_why`` what
    and whose it is; null where no rule is known.  ``appeal_by`` is the last day of an appeal where one is allowed.
    """
    keys = ["policy", "group", "carc", "rarc", "action", "indicator", "mai", "mue", "partner", "edit", "basis"]
    distinct = denials.select(keys).unique(maintain_order=True)
    decided = [_decide(row) for row in distinct.iter_rows(named=True)]
    schema = {"chosen": pl.String, "appealable": pl.Boolean, "why": pl.String}
    rows = denials.join(
        pl.concat([distinct, pl.DataFrame(decided, schema=schema, orient="row")], how="horizontal"),
        on=keys, how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    rows = rows.drop("action").rename({"chosen": "action"})
    when = ["policy", "action", "appealable", "service_date", "paid_on"]
    days = rows.select(when).unique(maintain_order=True)
    found = [_deadlines(policy, row) for row in days.iter_rows(named=True)]
    dated = {"deadline": pl.Date, "deadline_step": pl.String, "deadline_why": pl.String, "appeal_by": pl.Date}
    return rows.join(
        pl.concat([days, pl.DataFrame(found, schema=dated, orient="row")], how="horizontal"),
        on=when, how="left", nulls_equal=True, maintain_order="left",
    )  # fmt: skip


def _decide(row: dict[str, Any]) -> tuple[str, bool, str]:
    """Return action, appealable, why."""
    if UNPROCESSABLE in row["rarc"]:
        return "new-claim", False, "MA130: the claim could not be processed; there is no appeal, a new claim is sent"
    if row["indicator"] == 0:
        return (
            "write-off",
            False,
            f"NCCI pair with {row['partner']}, indicator 0: no modifier parts it and an appeal cannot win; "
            "correct the claim only if a code on it is wrong",
        )
    if row["indicator"] == 1:
        return (
            "correct",
            True,
            f"NCCI pair with {row['partner']}, indicator 1: a modifier may part it where the record shows a separate service",
        )
    if row["basis"] == "found" and _correctable(row["edit"]) and row["action"] in ("correct", "appeal", "review"):
        return "correct", True, f"the scrubber found {row['edit']} on the claim; correct it if the record says so"
    if row["mai"] == 2:
        return (
            "write-off",
            False,
            f"unit limit of {row['mue']} a day set by law or anatomy (MAI 2): never exceeded, not appealable; "
            "correct the claim if the units are wrong",
        )
    if row["mai"] == 3:
        return "appeal", True, f"unit limit of {row['mue']} a day (MAI 3): the payer may go above it with records"
    if row["mai"] == 1:
        return "correct", True, f"unit limit of {row['mue']} a line (MAI 1): separate lines where the record shows them"
    if row["carc"] == "29":
        if row["policy"] == "medicare":
            return "write-off", False, "Medicare gives no appeal of the filing limit (one calendar year)"
        return "appeal", True, "only with proof that the claim was sent in time; the patient must not be billed"
    action = "patient" if row["group"] == "PR" and row["action"] != "correct" else row["action"]
    return action, action in _APPEALABLE, ACTIONS[action]


@lru_cache(maxsize=512)
def _correctable(code: str) -> bool:
    """Say whether an edit proposes a correction."""
    edit = catalogue.by_code(code)
    return edit is not None and edit["fix_safety"] in ("safe", "review")


def _deadlines(policy: PolicySet, row: dict[str, Any]) -> tuple[dt.date | None, str | None, str | None, dt.date | None]:
    """Return the deadline of the action, its step and source, and the last day of an appeal."""
    rules = _rules(policy, row["policy"])
    dates = {"payment": row["paid_on"], "service": row["service_date"]}

    def last(step: str) -> tuple[dt.date, str] | None:
        rule = rules.get(step)
        start = dates[rule["from"]] if rule else None
        if rule is None or start is None:
            return None
        return start + dt.timedelta(days=int(rule["days"])), f"{rule['words']} ({rule['source']})"

    appeal = last("appeal") if row["appealable"] else None
    step = {"correct": "correct", "new-claim": "file", "appeal": "appeal", "records": "appeal", "review": "appeal"}.get(
        row["action"]
    )
    chosen = last(step) if step else None
    if chosen is None and step in ("correct", "file", "records", "review"):
        step = "file"
        chosen = last("file") or _filing(policy, row["policy"], row["service_date"])
    day, why = chosen or (None, None)
    return day, step if chosen else None, why, appeal[0] if appeal else None


@lru_cache(maxsize=64)
def _rules(policy: PolicySet, name: str) -> dict[str, dict[str, str]]:
    """Return the deadlines of a policy by step; a line of business or parent speaks where the policy does not."""
    found: dict[str, dict[str, str]] = {}
    for layer in reversed(policy.chain(name)):
        for rule in table("deadlines").filter(pl.col("policy") == layer).iter_rows(named=True):
            found.setdefault(rule["step"], rule)
    return found


def _filing(policy: PolicySet, name: str, service: dt.date | None) -> tuple[dt.date, str] | None:
    """Return the filing limit that the filing edit judges by, counted from the day of service."""
    if service is None:
        return None
    try:
        setting = policy.explain(name, f"{FILING_EDIT}.days", service)[0]
    except PolicyError:
        return None
    days = int(setting.value)
    if days <= 0:
        return None
    return service + dt.timedelta(
        days=days
    ), f"filing limit: {setting.reason[0].lower()}{setting.reason[1:]} ({setting.source})"
