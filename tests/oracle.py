"""The general edits once more, in plain Python over dictionaries read from the same Parquet tables.

Nothing here uses the facts: who is the same provider, what is in force on a day, what opens a pair and what adds up is
said again, in loops over lines.  A line is a dictionary of its own columns and those of its claim.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections import defaultdict
from functools import cache
from itertools import permutations
from typing import Any

import polars as pl

from scrubjay import policy
from scrubjay.refdata_manifest import MANIFEST, PACKAGED

D = dt.date
ANATOMIC = "E1 E2 E3 E4 FA F1 F2 F3 F4 F5 F6 F7 F8 F9 TA T1 T2 T3 T4 T5 T6 T7 T8 T9 LT RT LC LD RC LM RI".split()
DISTINCT = {"59", "XE", "XP", "XS", "XU"}
ON_VISIT = {"24", "25", "57"}
ON_PROCEDURE = {"58", "78", "79", "91", *ANATOMIC}


# The tables, as dictionaries


@cache
def rows(name: str) -> list[dict[str, Any]]:
    with (PACKAGED / MANIFEST).open("rb") as stream:
        files = [t["file"] for t in tomllib.load(stream)["table"] if t["name"] == name]
    return [row for file in files for row in pl.read_parquet(PACKAGED / file).to_dicts()]


@cache
def last_day(name: str) -> D:
    with (PACKAGED / MANIFEST).open("rb") as stream:
        return max(t["valid_to"] for t in tomllib.load(stream)["table"] if t["name"] == name)


def by(name: str, key: str) -> dict[str, list[dict[str, Any]]]:
    out = defaultdict(list)
    for row in rows(name):
        out[row[key]].append(row)
    return dict(out)


@cache
def limits(table: str) -> list[tuple[D, dict[str, tuple[int, int | None]]]]:
    editions: dict[D, dict[str, tuple[int, int | None]]] = defaultdict(dict)
    for row in rows(table):
        editions[row["valid_from"]][row["hcpcs"]] = (row["value"], row.get("mai"))
    return sorted(editions.items(), reverse=True)


@cache
def addons() -> dict[str, list[dict[str, Any]]]:
    return {
        code: kept
        for code, all_rows in by("aoc", "addon").items()
        if (kept := [r for r in all_rows if r["note"] != "facility only"])
    }


@cache
def dated_codes() -> dict[str, dict[str, Any]]:
    return {row["code"]: row for name in ("cpt", "hcpcs") for row in rows(name)}


@cache
def visits() -> list[tuple[str, str]]:
    return [(r["low"], r["high"]) for r in rows("groups") if r["group"] == "EM_ANY"]


def is_visit(code: str) -> bool:
    return (
        len(code) == 5
        and code[1:].isdigit()
        and any(low <= code <= high and low[0].isdigit() == code[0].isdigit() for low, high in visits())
    )


def pair_key(one: str, two: str) -> int | None:
    if not all(re.fullmatch("[0-9A-Z]{5}", c) for c in (one, two)):
        return None
    return int(one, 36) * 2**26 + int(two, 36)


@cache
def listed_pairs() -> pl.Series:
    """Return the packed keys of all pairs that are not deleted."""
    table = pl.read_parquet(next(PACKAGED.glob("ptp-2*.parquet")), columns=["key", "deleted"])
    return table.filter(pl.col("deleted").is_null())["key"]


def unpack(value: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "".join(digits[value // 36**k % 36] for k in range(4, -1, -1))


def pair_table(codes: set[str]) -> dict[int, list[dict[str, Any]]]:
    keys = [k for pair in permutations(sorted(codes), 2) if (k := pair_key(*pair)) is not None]
    file = next(PACKAGED.glob("ptp-2*.parquet"))
    wanted = (
        pl.scan_parquet(file)
        .filter(pl.col("key").is_in(pl.Series(keys, dtype=pl.Int64).implode()))
        .collect(engine="in-memory")
    )
    out = defaultdict(list)
    for row in wanted.to_dicts():
        out[row["key"]].append(row)
    return dict(out)


# The edits once more


def judged_together(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """The same patient, payer and day; a claim that replaces or voids another stands for itself."""
    if a["service_date"] is None or a["service_date"] != b["service_date"]:
        return False
    if (a["member_id"], a["payer_id"]) != (b["member_id"], b["payer_id"]):
        return False
    return a["claim_id"] == b["claim_id"] or not {a["frequency"], b["frequency"]} & {"7", "8"}


def provider(x: dict[str, Any]) -> str:
    return x["line_rendering_npi"] or x["rendering_npi"] or x["billing_npi"]


def taxonomy(x: dict[str, Any]) -> str | None:
    if x["line_rendering_npi"]:
        return x["line_rendering_taxonomy"]
    return x["rendering_taxonomy"] if x["rendering_npi"] else x["billing_taxonomy"]


def practice(x: dict[str, Any]) -> str:
    return x["billing_tin"] or x["billing_npi"]


def same_provider(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return provider(a) == provider(b) or (
        practice(a) == practice(b) and taxonomy(a) is not None and taxonomy(a) == taxonomy(b)
    )


def pair_state(found: list[dict[str, Any]], day: D) -> tuple[str, int] | None:
    """Say "in force" or "unknown" and the indicator: an active row wins from 2021 on, a deleted one to its last day."""
    live = [r for r in found if r["mi"] != 9]
    active = [r for r in live if r["deleted"] is None]
    if active and (day >= D(2021, 1, 1) or active[0]["pre1996"]):
        return "in force", active[0]["mi"]
    ended = sorted((r["deleted"], r["mi"]) for r in live if r["deleted"] is not None and day <= r["deleted"])
    if ended:
        return "in force", ended[0][1]
    return ("unknown", active[0]["mi"]) if active else None


def opened(one: dict[str, Any], two: dict[str, Any]) -> bool:
    # A side of the body tells procedures apart, not a procedure from a visit.
    apart = set() if is_visit(one["code"]) or is_visit(two["code"]) else ON_PROCEDURE
    for column, line in ((1, one), (2, two)):
        modifiers = {line["mod1"], line["mod2"]} - {None}
        if is_visit(line["code"]):
            if modifiers & ON_VISIT:
                return True
        elif modifiers & apart or (modifiers & DISTINCT and (column == 2 or line["service_date"] >= D(2019, 7, 1))):
            return True
    return False


def pair_findings(lines: list[dict[str, Any]]) -> set[tuple[str, str, int, int]]:
    """Return edit, outcome, denied line and column 1 line."""
    table = pair_table({x["code"] for x in lines})
    out = set()
    for one, two in permutations(lines, 2):
        if one["code"] == two["code"] or not judged_together(one, two) or not same_provider(one, two):
            continue
        state = pair_state(table.get(pair_key(one["code"], two["code"]) or -1, []), one["service_date"])
        if state is None or (state[1] == 1 and opened(one, two)):
            continue
        out.add(
            (
                "NCC01" if state[1] == 0 else "NCC02",
                "hit" if state[0] == "in force" else "unknown",
                two["line_id"],
                one["line_id"],
            )
        )
    return out


def own_limit(line: dict[str, Any]) -> tuple[int | None, int | None]:
    policies = policy.load()
    name, day = policies.select(line["payer_id"], None, line["filing_code"]), line["service_date"]
    table = policies.switch(name, "mue", day)
    if table == "none":
        return None, None
    edition = next(
        (values for begins, values in limits({"medicare": "mue", "medicaid": "mue_medicaid"}[table]) if begins <= day),
        {},
    )
    value, mai = edition.get(line["code"], (None, None))
    if value == 0 and policies.switch(name, "mue_zero", day) != "true":
        return None, None
    return value, mai


def unit_findings(lines: list[dict[str, Any]]) -> tuple[set[int], set[tuple[int, frozenset[int], str | None]]]:
    """Return the lines above a line limit, and claim, lines and cap of the sums above a day limit."""
    single: set[int] = set()
    days: dict[tuple[Any, ...], list[tuple[dict[str, Any], int, int, int | None]]] = defaultdict(list)
    for x in lines:
        if x["service_date"] is None or x["units_milli"] is None or x["unit_basis"] != "UN":
            continue
        value, mai = own_limit(x)
        if value is None:
            continue
        daily = x["units_milli"] // ((x["service_to"] - x["service_date"]).days + 1)
        if mai == 1:
            if daily > value * 1000:
                single.add(x["line_id"])
            continue
        alone = x["claim_id"] if x["frequency"] in ("7", "8") else None
        days[x["member_id"], x["payer_id"], x["service_date"], alone, provider(x), x["code"]].append(
            (x, daily, value, mai)
        )
    sums = set()
    for group in days.values():
        value, mai = group[0][2:]
        if sum(daily for _, daily, _, _ in group) <= value * 1000:
            continue
        cap = "info" if mai is None and max(daily for _, daily, _, _ in group) <= value * 1000 else None
        for claim in {x["claim_id"] for x, *_ in group}:
            sums.add((claim, frozenset(x["line_id"] for x, *_ in group if x["claim_id"] == claim), cap))
    return single, sums


def addon_findings(lines: list[dict[str, Any]]) -> set[tuple[int, str, str | None]]:
    """Return line, outcome and cap of the add-on codes without a primary."""
    begins = min(r["valid_from"] for r in rows("aoc"))
    out = set()
    for x in lines:
        day = x["service_date"]
        if day is None or x["code"] not in addons():
            continue
        if day < begins:
            out.add((x["line_id"], "unknown", None))
            continue
        held = [
            r
            for r in addons()[x["code"]]
            if r["valid_from"] <= day
            and all(r[n] is None or day <= r[n] for n in ("valid_to", "primary_to", "addon_to"))
        ]
        primaries = {r["primary"] for r in held}
        near = [y for y in lines if provider(y) == provider(x) or practice(y) == practice(x)]
        if not held or any(judged_together(x, y) and y["code"] in primaries for y in near):
            continue
        if all(r["type"] == 1 for r in held):
            moved = any(y["claim_id"] == x["claim_id"] and y["code"] in primaries for y in near)
            out.add((x["line_id"], "hit", "warn" if moved else None))
        elif not any(judged_together(x, y) and y["code"] not in addons() for y in near):
            out.add((x["line_id"], "unknown", None))
    return out


def code_findings(lines: list[dict[str, Any]]) -> set[tuple[int, str, str | None]]:
    """Return line, outcome and cap of the codes that are not in force."""
    out = set()
    for x in lines:
        if (
            x["service_date"] is not None
            and x["qualifier"] == "HC"
            and (verdict := code_verdict(x["code"], x["service_date"]))
        ):
            out.add((x["line_id"], *verdict))
    return out


def code_verdict(code: str, day: D) -> tuple[str, str | None] | None:
    reach = min(r["valid_to"] for r in rows("hcpcs") if r["valid_to"])
    row = dated_codes().get(code)
    if row is None:
        if re.fullmatch("[0-9]{5}", code):
            if reach <= day <= last_day("cpt"):
                return "hit", None
            return (
                ("hit", "warn")
                if last_day("cpt") < day <= max(r["last_seen"] for r in rows("cpt") if r["last_seen"])
                else ("unknown", None)
            )
        if re.fullmatch("[0-9]{4}[AFMTU]", code):
            return ("hit", "warn") if reach <= day <= last_day("cpt") else ("unknown", None)
        if re.fullmatch("[A-V][0-9]{4}", code):
            sections = {r["code"][0] for r in rows("hcpcs")}
            return ("hit", None) if code[0] in sections and reach <= day <= last_day("hcpcs") else ("unknown", None)
        return "hit", None
    ended = row["valid_to"] is not None and row["valid_to"] < day
    if ended or (row["valid_from"] is not None and day < row["valid_from"]):
        evidence = row.get("evidence", "")
        inferred = evidence.startswith("PTP") or evidence == "project table: M"
        sure = row["valid_to"] is not None and row["valid_to"] < reach <= day
        return ("hit", "warn") if inferred and not sure else ("hit", None)
    if row.get("evidence") == "not in 2025 fee schedule" and day > row["last_seen"]:
        return "unknown", None
    return None
