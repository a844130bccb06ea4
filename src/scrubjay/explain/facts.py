"""What the reference tables say of a code, gathered for the explain pages; serves the packaged index and fresh look-ups alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from scrubjay.refdata import References

Facts = dict[str, Any]
#: NDCs and add-on partners listed on a page; the count beside them is always the whole.
SHOWN = 20
#: Code ranges named in one row of the pair table; beyond that only the count is told.
RANGES = 16
_CENT = Decimal("0.01")
#: A pair of codes is stored as base36(column 1) * 2**26 + base36(column 2).
_SECOND = 1 << 26


def code_facts(
    refs: References, classes: Sequence[dict[str, Any]], codes: Iterable[str] | None = None
) -> Iterator[tuple[str, Facts]]:
    """Yield code and facts for the given codes, or for every code the tables know.

    ``classes`` are the kinds of partner codes of the pair summary, first match wins.
    """
    import polars as pl

    wanted = None if codes is None else pl.Series(list(codes), dtype=pl.String)
    found: dict[str, Facts] = {}
    for gather in _GATHERERS:
        for code, key, value in gather(refs, wanted):
            found.setdefault(code, {})[key] = value
    classify = _classifier(classes)
    for code, value in _pairs(refs, classes, wanted):
        if code in found:
            found[code] |= {"pairs": value, "class": classify(code)}
    yield from (
        (code, facts)
        for code, facts in sorted(found.items())
        if facts.get("valid") or facts.get("mue") or facts.get("drug")
    )


def reason_facts(refs: References, kind: str) -> dict[str, Facts]:
    """Return the reason codes of a kind (``carc``, ``rarc``) with their dates and our wording."""
    rows = refs.frame(kind).sort("code").iter_rows(named=True)
    return {
        row["code"]: {"valid": [[_day(row["valid_from"]), _day(row["valid_to"])]], "wording": row["wording"]}
        for row in rows
    }


_Rows = Iterator[tuple[str, str, Any]]


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value is not None else None


def _rows(refs: References, name: str, column: str, wanted: pl.Series | None, *order: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table for the wanted codes, ordered; none where the table is not held."""
    import polars as pl

    if not refs.has(name):
        return
    frame = refs.frame(name)
    if wanted is not None:
        frame = frame.filter(pl.col(column).is_in(wanted.to_list()))
    yield from frame.sort(column, *order, nulls_last=True).iter_rows(named=True)


def _gathered(rows: Iterable[dict[str, Any]], column: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield code and its rows; the rows come ordered by code."""
    from itertools import groupby

    for code, group in groupby(rows, key=lambda row: row[column]):
        yield code, list(group)


def _dates(refs: References, wanted: pl.Series | None) -> _Rows:
    for name in ("cpt", "hcpcs"):
        for code, rows in _gathered(_rows(refs, name, "code", wanted, "valid_from"), "code"):
            yield code, "valid", [[_day(row["valid_from"]), _day(row["valid_to"])] for row in rows]
            if name == "cpt":
                yield code, "evidence", rows[-1]["evidence"]
            else:
                yield code, "short", rows[-1]["short"]
                yield code, "coverage", rows[-1]["coverage"]
    for code, _ in _gathered(_rows(refs, "noc", "hcpcs", wanted), "hcpcs"):
        yield code, "noc", True


def _labels(refs: References, wanted: pl.Series | None) -> _Rows:
    for row in _rows(refs, "labels", "code", wanted):
        yield row["code"], "label", row["words"]


def _drugs(refs: References, wanted: pl.Series | None) -> _Rows:
    for row in _rows(refs, "drugs", "hcpcs", wanted):
        names = (
            "unit",
            "routes",
            "container",
            "jw_jz",
            "replaces",
            "example_dose",
            "example_units",
            "unit_sourced",
            "container_sourced",
            "route_sourced",
        )
        amount = f"{row['unit_amount'].normalize():f}"
        yield row["hcpcs"], "drug", {"unit_amount": amount} | {name: _plain(row.get(name)) for name in names}
        yield row["hcpcs"], "label", row["label"]
        yield row["hcpcs"], "valid", [[_day(row["valid_from"]), _day(row["valid_to"])]]


def _plain(value: Any) -> Any:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _mue(refs: References, wanted: pl.Series | None) -> _Rows:
    found: dict[str, list[list[Any]]] = {}
    for name, payer in (("mue", "Medicare"), ("mue_medicaid", "Medicaid")):
        for row in _rows(refs, name, "hcpcs", wanted, "valid_from"):
            entry = [
                row["edition"],
                _day(row["valid_from"]),
                _day(row["valid_to"]),
                row["value"],
                row.get("mai"),
                payer,
            ]
            found.setdefault(row["hcpcs"], []).append(entry)
    yield from ((code, "mue", rows) for code, rows in found.items())


def _fees(refs: References, wanted: pl.Series | None) -> _Rows:
    apm = [row for row in _rows(refs, "conversion", "cf", None) if row["qualifying_apm"]]
    for code, rows in _gathered(_rows(refs, "pfs", "hcpcs", wanted, "valid_from", "mod"), "hcpcs"):
        whole = [row for row in rows if not row["mod"]]
        amounts = _joined([amount for row in whole for amount in _amounts(row, apm)])
        if amounts:
            yield (
                code,
                "amounts",
                [[_day(start), _day(end), setting, amount] for start, end, setting, amount in amounts],
            )
        stated = [row for row in whole if row["status"]]
        if stated:
            names = ("status", "pctc", "glob", "mult_proc", "bilat", "asst", "co_surg", "team", "nonfac_na", "fac_na")
            yield code, "pfs", {name: stated[-1][name] for name in names} | {"from": _day(stated[-1]["valid_from"])}


_Amount = tuple[dt.date, dt.date | None, str, str]


def _amounts(row: dict[str, Any], apm: list[dict[str, Any]]) -> Iterator[_Amount]:
    """Yield from, to, setting and amount: total RVUs by conversion factor, to the cent, in each setting that is paid."""
    for total, unpaid, setting in (
        (row["nonfac_total"], row["nonfac_na"], "non-facility"),
        (row["fac_total"], row["fac_na"], "facility"),
    ):
        if not total or unpaid or not row["cf"]:
            continue
        yield row["valid_from"], row["valid_to"], setting, _dollars(total * row["cf"])
        for other in apm:
            start = max(row["valid_from"], other["valid_from"])
            end = min(row["valid_to"] or dt.date.max, other["valid_to"] or dt.date.max)
            if start <= end:
                yield start, end, f"{setting}, qualifying APM", _dollars(total * other["cf"])


def _dollars(amount: Decimal) -> str:
    return str(amount.quantize(_CENT, ROUND_HALF_UP))


def _joined(amounts: Iterable[_Amount]) -> list[_Amount]:
    """Return the amounts ordered by date, with neighbouring periods of one setting and amount made one."""
    joined: list[_Amount] = []
    for start, end, setting, amount in sorted(amounts, key=lambda entry: (entry[2], entry[0])):
        if joined and joined[-1][2:] == (setting, amount):
            first, last = joined[-1][:2]
            if last is None or start <= last + dt.timedelta(days=1):
                joined[-1] = (first, None if last is None or end is None else max(last, end), setting, amount)
                continue
        joined.append((start, end, setting, amount))
    return sorted(joined, key=lambda entry: (entry[0], entry[2] != "non-facility", entry[2]))


def _asp(refs: References, wanted: pl.Series | None) -> _Rows:
    for code, rows in _gathered(_rows(refs, "asp", "hcpcs", wanted, "valid_from"), "hcpcs"):
        yield (
            code,
            "asp",
            [
                [
                    _quarter(row["valid_from"]),
                    _day(row["valid_from"]),
                    _day(row["valid_to"]),
                    f"{row['limit']:f}",
                    row["dosage"],
                ]
                for row in rows
                if row["limit"] is not None
            ],
        )


def _quarter(start: dt.date) -> str:
    return f"{start.year}Q{(start.month + 2) // 3}"


def _ndc(refs: References, wanted: pl.Series | None) -> _Rows:
    for code, rows in _gathered(_rows(refs, "ndc_hcpcs", "hcpcs", wanted, "ndc11", "valid_from"), "hcpcs"):
        newest = {row["ndc11"]: row for row in rows}
        order = sorted(newest.values(), key=lambda row: (-(row["valid_to"] or dt.date.max).toordinal(), row["ndc11"]))
        listed = [
            [
                row["ndc11"],
                row["drug_name"],
                row["labeler"],
                _plain(row["bill_units_pkg"]),
                _day(row["valid_from"]),
                _day(row["valid_to"]),
            ]
            for row in order[:SHOWN]
        ]
        yield code, "ndc", {"count": len(newest), "rows": listed}


def _add_ons(refs: References, wanted: pl.Series | None) -> _Rows:
    """Yield what an add-on code needs beside it, and which add-ons a code may carry; only what is still in force."""
    import polars as pl

    if not refs.has("aoc"):
        return
    ended = pl.any_horizontal(pl.col("valid_to", "primary_to", "addon_to").is_not_null())
    table = refs.frame("aoc").filter(~ended & pl.col("note").ne_missing("facility only"))
    found: dict[str, Facts] = {}
    for column, other, key in (("addon", "primary", "primaries"), ("primary", "addon", "add_ons")):
        part = table if wanted is None else table.filter(pl.col(column).is_in(wanted.to_list()))
        part = part.filter(pl.col(column) != "CCCCC")
        for code, rows in _gathered(part.sort(column, other).iter_rows(named=True), column):
            partners = sorted({row[other] for row in rows})
            entry = found.setdefault(code, {})
            entry[key] = [partner for partner in partners if partner != "CCCCC"][:SHOWN]
            entry[f"{key}_count"] = len(partners)
            if key == "primaries":
                entry["type"] = rows[0]["type"]
    yield from ((code, "aoc", entry) for code, entry in found.items())


def _look_alikes(refs: References, wanted: pl.Series | None) -> _Rows:
    for code, rows in _gathered(_rows(refs, "look_alikes", "code", wanted), "code"):
        yield code, "look_alikes", [[row["other"], row["why"]] for row in rows]


def _successors(refs: References, wanted: pl.Series | None) -> _Rows:
    """Yield which code took over, from when, and how many of its units one (or more) of the old units is."""
    for code, rows in _gathered(_rows(refs, "crosswalks", "from_code", wanted, "to_code"), "from_code"):
        yield (
            code,
            "replaced_by",
            [
                [row["to_code"], _plain(row["units_from"]), _plain(row["units_to"]), _day(row["valid_from"])]
                for row in rows
            ],
        )


def _vaccines(refs: References, wanted: pl.Series | None) -> _Rows:
    for code, rows in _gathered(_rows(refs, "vaccines", "cpt", wanted, "cvx"), "cpt"):
        yield code, "vaccine", [[row["cvx"], row["short"], row["status"]] for row in rows]


def _injections(refs: References, wanted: pl.Series | None) -> _Rows:
    for row in _rows(refs, "two_syringe", "hcpcs", wanted):
        yield row["hcpcs"], "injections", int(row["injections"])


def _groups(refs: References, wanted: pl.Series | None) -> _Rows:
    """Yield the code groups of each wanted code; without wanted codes, of every code the code files hold."""
    import polars as pl

    if not refs.has("groups"):
        return
    known = wanted
    if known is None:
        known = pl.concat([refs.frame(name)["code"] for name in ("cpt", "hcpcs") if refs.has(name)])
    rows = refs.groups_of(known).iter_rows(named=True)
    for code, held in _gathered(rows, "code"):
        yield code, "groups", sorted({row["group"] for row in held})


_GATHERERS = (
    _dates,
    _labels,
    _drugs,
    _mue,
    _fees,
    _asp,
    _ndc,
    _add_ons,
    _look_alikes,
    _successors,
    _vaccines,
    _injections,
    _groups,
)


def _pairs(
    refs: References, classes: Sequence[dict[str, Any]], wanted: pl.Series | None
) -> Iterator[tuple[str, list[list[Any]]]]:
    """Yield each code's active pairs as rows ``[class, side, indicator, count, codes]``; side 1 when the code is column 1."""
    import polars as pl

    if not refs.has("ptp"):
        return
    active = refs.frame("ptp").filter(pl.col("deleted").is_null() & pl.col("mi").is_in([0, 1]))
    sides = active.select((pl.col("key") // _SECOND).alias("first"), (pl.col("key") % _SECOND).alias("second"), "mi")
    numbers = pl.concat([sides["first"], sides["second"]]).unique().sort()
    names = pl.DataFrame({"number": numbers, "code": [_code(number) for number in numbers.to_list()]})
    names = names.with_columns(pl.col("code").map_elements(_classifier(classes), return_dtype=pl.Int64).alias("class"))
    keep = names if wanted is None else names.filter(pl.col("code").is_in(wanted.to_list()))
    pieces = []
    for mine, other, side in (("first", "second", 1), ("second", "first", 2)):
        part = sides.join(keep.select(pl.col("number").alias(mine), "code"), on=mine)
        part = part.join(
            names.select(pl.col("number").alias(other), pl.col("code").alias("partner"), "class"), on=other
        )
        pieces.append(part.select("code", "class", pl.lit(side).alias("side"), "mi", "partner"))
    grouped = (
        pl.concat(pieces)
        .group_by("code", "class", "side", "mi")
        .agg(pl.len().alias("count"), pl.col("partner").unique().sort())
    )
    named = _named_codes(refs)
    for code, rows in _gathered(grouped.sort("code", "class", "side", "mi").iter_rows(named=True), "code"):
        yield (
            code,
            [
                [row["class"], row["side"], row["mi"], row["count"], _ranges(row["partner"]) if code in named else None]
                for row in rows
            ],
        )


def _named_codes(refs: References) -> set[str]:
    """Return the codes whose partners are listed by code and not only counted: the ones we have words for."""
    return set(refs.frame("labels")["code"].to_list()) if refs.has("labels") else set()


def _code(number: int) -> str:
    """Return the five characters of a base-36 integer."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return "".join(digits[number // 36**place % 36] for place in range(4, -1, -1))


def _classifier(classes: Sequence[dict[str, Any]]) -> Any:
    """Return the function code -> number of the first class one of whose ranges holds it."""
    ranges = [[tuple(span.split("-")) for span in kind["codes"]] for kind in classes]

    def classify(code: str) -> int:
        for number, spans in enumerate(ranges):
            if any(low <= code <= high and low[-1].isdigit() == code[-1].isdigit() for low, high in spans):
                return number
        return len(ranges) - 1

    return classify


def _ranges(codes: list[str]) -> str | None:
    """Return codes as ranges of consecutive numbers (``99202-99205, 99211``), or None for more ranges than a page can hold."""
    spans: list[list[str]] = []
    for code in codes:
        if spans and code.isdigit() and spans[-1][1].isdigit() and int(code) == int(spans[-1][1]) + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    if len(spans) > RANGES:
        return None
    return ", ".join(low if low == high else f"{low}-{high}" for low, high in spans)
