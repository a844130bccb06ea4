"""The reference tables as the coding of one encounter asks them: by code, by name, by NDC, on a day."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import polars as pl

from scrubjay.chart import tables
from scrubjay.chart.tables import phrases
from scrubjay.refdata import ACTIVE, BEGINNING, References, pair_key

_DOSAGE = re.compile(r"\s*([\d,.]+)\s*([A-Za-z%]+)")
_UNITS = {
    "mg": "mg",
    "mcg": "mcg",
    "ug": "mcg",
    "g": "g",
    "gm": "g",
    "ml": "mL",
    "units": "units",
    "unit": "units",
    "iu": "IU",
    "usp": "units",
}


@dataclass(frozen=True)
class Unit:
    """What one unit of a code is: an amount and its unit, ``dose`` or ``claim line`` where it is that."""

    amount: Decimal
    unit: str
    source: str


@dataclass(frozen=True)
class Listing:
    """An NDC in the crosswalk of a day: its code, what a container holds in units of it, and in milliliters or pieces."""

    code: str
    units: Decimal
    size: Decimal
    liquid: bool | None


class Tables:
    """Look-ups over one set of references."""

    def __init__(self, refs: References) -> None:
        self.refs = refs
        self.drugs: dict[str, dict[str, Any]] = {row["hcpcs"]: row for row in refs.frame("drugs").iter_rows(named=True)}
        self.names = {
            normal(name): tuple(phrases(row["codes"]))
            for row in tables.rows("products")
            for name in phrases(row["names"])
        }
        self.labels: dict[str, str] = dict(refs.frame("labels").select("code", "words").iter_rows())
        self._groups = refs.frame("groups").select("group", "low", "high", "valid_from", "valid_to").rows()

    def in_force(self, code: str, day: dt.date) -> bool:
        """Say whether a code is in force on a day; CPT codes without known dates are."""
        for table in ("hcpcs", "cpt"):
            rows = self.refs.frame(table).filter(pl.col("code") == code).select("valid_from", "valid_to").rows()
            if rows:
                return any(_holds(start, end, day) for start, end in rows)
        return False

    def groups(self, code: str, day: dt.date) -> set[str]:
        """Return the groups a code is in on a day."""
        return {
            group
            for group, low, high, start, end in self._groups
            if low <= code <= high and _shape(code) == _shape(low) and _holds(start, end, day)
        }

    def in_group(self, code: str, group: str, day: dt.date) -> bool:
        """Say whether a code is in a group on a day."""
        return group in self.groups(code, day)

    def unit(self, code: str) -> Unit | None:
        """Return what one unit of a code is; None where no table says it."""
        row = self.drugs.get(code)
        if row is not None:
            return Unit(row["unit_amount"].normalize(), row["unit"], "HCPCS descriptor")
        own = next((one for one in tables.rows("units") if one["code"] == code), None)
        if own is not None:
            return Unit(Decimal(own["amount"]), own["unit"], own["source"])
        found = self.refs.frame("ndc_hcpcs").filter(pl.col("hcpcs") == code)["dosage"].drop_nulls().unique().to_list()
        parsed = {
            (Decimal(m[1].replace(",", "")), unit)
            for text in found
            if (m := _DOSAGE.match(text)) and (unit := _UNITS.get(m[2].lower()))
        }
        return Unit(*next(iter(parsed)), "CMS crosswalk") if len(parsed) == 1 else None

    def named(self, *names: str | None) -> tuple[str, ...]:
        """Return the codes of the first name that the table of products knows.

        A name that only begins one of the table (``methylprednisolone``) may be any of those: all their codes.
        """
        for name in names:
            codes = self.names.get(normal(name or ""))
            if codes:
                return codes
        for name in names:
            begun = [codes for known, codes in self.names.items() if name and known.startswith(f"{normal(name)} ")]
            if begun:
                return tuple(dict.fromkeys(code for codes in begun for code in codes))
        return ()

    def short(self, word: str, day: dt.date) -> list[str]:
        """Return the drug codes in force whose short name holds a word."""
        if len(word) < 5:
            return []
        frame = self.refs.frame("hcpcs").filter(
            pl.col("code").str.contains(r"^[JQ]\d{4}$")
            & pl.col("short").str.to_lowercase().str.contains(word.lower(), literal=True)
        )
        codes = frame.filter(~pl.col("short").str.to_lowercase().str.contains("oral"))["code"].unique().sort().to_list()
        return [code for code in codes if self.in_force(code, day) and not self.in_group(code, "ORAL_DRUG", day)]

    def ndc(self, ndc11: str, day: dt.date) -> Listing | None:
        """Return the crosswalk row of an NDC on a day; after the newest edition that one stands."""
        frame = self.refs.frame("ndc_hcpcs").filter(pl.col("ndc11") == ndc11)
        newest: dt.date = self.refs.frame("ndc_hcpcs").select(pl.col("valid_to").max()).item()
        rows = [
            row
            for row in frame.iter_rows(named=True)
            if row["valid_from"] <= day and (row["valid_to"] >= day or (row["valid_to"] == newest and day > newest))
        ]
        if not rows or not rows[0]["bill_units"]:
            return None
        row = next((r for r in rows if self.in_force(r["hcpcs"], day)), rows[0])
        content = (
            self.refs.frame("containers").filter(pl.col("ndc11") == ndc11).select("content_unit", "content").rows()
        )
        liquid = None
        if content and content[0][0] is not None:
            liquid = str(content[0][0]).lower() == "ml" and content[0][1] == row["pkg_size"]
        elif row["pkg_size"] is not None and row["pkg_size"] > 1:
            liquid = True
        elif content:
            liquid = False
        return Listing(row["hcpcs"], row["bill_units"], row["pkg_size"], liquid)

    def vaccine(self, ndc11: str | None, cvx: str | None) -> tuple[str, ...]:
        """Return the CPT products of a vaccine's NDC or CVX code."""
        frame = self.refs.frame("vaccines").filter(pl.col("status") == "Active")
        if ndc11:
            codes = self.refs.frame("vaccine_ndc").filter(pl.col("ndc11") == ndc11)["cvx"].unique()
            found = frame.filter(pl.col("cvx").is_in(codes.implode()))["cpt"].unique().sort().to_list()
            if found:
                return tuple(found)
        return tuple(frame.filter(pl.col("cvx") == cvx)["cpt"].unique().sort().to_list()) if cvx else ()

    def single_dose(self, code: str, ndc11: str | None, container: str | None) -> bool | None:
        """Say whether the product's container is for a single dose; None where nobody says so."""
        words = (container or "").lower()
        if re.search(r"multi", words):
            return False
        if re.search(r"single|prefilled|syringe|ampu|kit|pen|\bbag\b", words):
            return True
        row = self.drugs.get(code)
        if row is not None and row["jw_jz"] in ("yes", "no"):
            return bool(row["jw_jz"] == "yes")
        if ndc11:
            kinds = self.refs.frame("containers").filter(pl.col("ndc11") == ndc11)["dose_kind"].to_list()
            if kinds:
                return {"single": True, "single_by_form": True, "multi": False}.get(kinds[0])
        return None

    def dual_route(self, code: str) -> bool:
        """Say whether a self-administered drug list covers a code by one of its routes only."""
        frame = self.refs.frame("sad").filter((pl.col("hcpcs") == code) & (pl.col("rule") == "dual"))
        return frame.height > 0

    def two_syringes(self, code: str) -> int:
        """Return how many injections one dose of a product is."""
        rows = self.refs.frame("two_syringe").filter(pl.col("hcpcs") == code)["injections"].to_list()
        return int(rows[0]) if rows else 1

    def opens(self, modifier: str) -> bool:
        """Say whether a modifier opens pairs of NCCI."""
        return (
            self.refs.frame("mod_groups").filter((pl.col("group") == "NCCI") & (pl.col("modifier") == modifier)).height
            > 0
        )

    def bilateral(self, code: str, day: dt.date) -> str | None:
        """Return the fee schedule's indicator for both sides in force on a day, else the nearest one; None where none is."""
        found = self._bilateral.get(code, [])
        before = [indicator for start, indicator in found if start is None or start <= day]
        return (before[-1] if before else found[0][1]) if found else None

    @cached_property
    def _bilateral(self) -> dict[str, list[tuple[dt.date | None, str]]]:
        """The indicators of both sides by code, each with its first day, in their order."""
        found: dict[str, list[tuple[dt.date | None, str]]] = defaultdict(list)
        known = pl.col("mod").is_null() & pl.col("bilat").is_not_null()
        rows = self.refs.frame("pfs").filter(known).sort("valid_from").select("hcpcs", "valid_from", "bilat").rows()
        for code, start, indicator in rows:
            found[code].append((start, indicator))
        return found

    def of_age(self, code: str, months: int) -> bool:
        """Say whether an age in months is within the limits of a code."""
        frame = self.refs.frame("age_limits").filter(
            (pl.col("low") <= code) & (pl.col("high") >= code) & pl.col("policy").is_null()
        )
        return all(
            (low is None or months >= low) and (high is None or months <= high)
            for low, high in frame.select("min_months", "max_months").rows()
        )

    def biologic(self, code: str) -> bool:
        """Say whether the HCPCS file's name of a code is an antibody's or a receptor's."""
        names = self.refs.frame("hcpcs").filter(pl.col("code") == code)["short"].drop_nulls().to_list()
        return any(re.search(r"(?:mab|cept)(?:-[a-z]{4})?\b", name, re.IGNORECASE) for name in names)

    def on_body(self, ndc11: str | None, words: str) -> bool:
        """Say whether the product is put on the body and injects later."""
        known = bool(ndc11) and self.refs.frame("on_body").filter(pl.col("ndc11") == ndc11).height > 0
        return known or bool(re.search(r"on[- ]?body|onpro", words, re.IGNORECASE))

    def dx_in(self, codes: list[str], group: str) -> bool:
        """Say whether one of some diagnoses is in a group."""
        prefixes = self.refs.frame("dx_groups").filter(pl.col("group") == group)["prefix"].to_list()
        return any(code.replace(".", "").startswith(tuple(prefixes)) for code in codes) if prefixes else False

    def pair(self, first: str, second: str, day: dt.date) -> tuple[str, str, int] | None:
        """Return column 1, column 2 and indicator of the NCCI pair of two codes in force on a day, if there is one."""
        pairs = self.refs.ptp_arrays()
        when = (day - dt.date(1970, 1, 1)).days
        for one, two in ((first, second), (second, first)):
            key = _pair_key(one, two)
            if key is None:
                continue
            low, high = pairs.key.searchsorted(key, "left"), pairs.key.searchsorted(key, "right")
            for at in range(int(low), int(high)):
                begins, ends = int(pairs.valid_from[at]), int(pairs.deleted[at])
                if (begins == BEGINNING or begins <= when) and (ends == ACTIVE or ends >= when):
                    return one, two, int(pairs.mi[at])
        return None


@lru_cache(maxsize=4)
def tables_of(refs: References) -> Tables:
    """Return the look-ups of a set of references, laid out once."""
    return Tables(refs)


@lru_cache(maxsize=4096)
def _pair_key(one: str, two: str) -> int | None:
    frame = pl.DataFrame({"a": [one], "b": [two]})
    key = frame.select(pair_key(pl.col("a"), pl.col("b"))).item()
    return int(key) if key is not None else None


def normal(name: str) -> str:
    """Return a drug's name in lower case with single blanks."""
    return " ".join(name.lower().replace("®", "").split())


def _shape(code: str) -> str:
    return "".join("9" if c.isdigit() else "A" for c in code)


def _holds(start: dt.date | None, end: dt.date | None, day: dt.date) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)
