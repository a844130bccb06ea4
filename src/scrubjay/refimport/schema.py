"""The columns of every reference table, and how its editions stand to each other."""

from __future__ import annotations

from typing import Any

import polars as pl

Schema = dict[str, Any]

DATE, STR, BOOL, I32, U8 = pl.Date(), pl.String(), pl.Boolean(), pl.Int32(), pl.UInt8()
RVU = pl.Decimal(9, 2)
GPCI = pl.Decimal(6, 3)
FACTOR = pl.Decimal(9, 4)
MONEY = pl.Decimal(12, 3)
AMOUNT = pl.Decimal(16, 6)
FROM_TO: Schema = {"valid_from": DATE, "valid_to": DATE}

SCHEMAS: dict[str, Schema] = {
    "ptp": {"key": pl.Int64(), "mi": U8, "valid_from": DATE, "deleted": DATE, "pre1996": BOOL, "rationale": U8},
    "ptp_rationale": {"rationale": U8, "words": STR},
    "mue": {"hcpcs": STR, "value": I32, "mai": U8, "rationale": STR, "edition": STR, **FROM_TO},
    "mue_medicaid": {"hcpcs": STR, "value": I32, "rationale": STR, "edition": STR, **FROM_TO},
    "aoc": {"addon": STR, "type": U8, "primary": STR, **FROM_TO, "primary_to": DATE, "addon_to": DATE, "note": STR},
    "hcpcs": {"code": STR, **FROM_TO, "coverage": STR, "short": STR, "action": STR},
    "noc": {"hcpcs": STR, **FROM_TO},
    "cpt": {"code": STR, **FROM_TO, "evidence": STR, "first_seen": DATE, "last_seen": DATE, "last_pair": DATE},
    "modifiers": {"modifier": STR, **FROM_TO, "level": STR, "ncci": BOOL, "short": STR},
    "pos": {"pos": STR, "facility": BOOL, "name": STR},
    "carc": {"code": STR, **FROM_TO, "wording": STR},
    "rarc": {"code": STR, **FROM_TO, "wording": STR},
    "taxonomy": {"code": STR, "section": STR},
    "icd10": {"code": STR, **FROM_TO, "header": BOOL},
    "pfs": {
        "hcpcs": STR,
        "mod": STR,
        "status": STR,
        "work": RVU,
        "nonfac_pe": RVU,
        "nonfac_na": BOOL,
        "fac_pe": RVU,
        "fac_na": BOOL,
        "mp": RVU,
        "nonfac_total": RVU,
        "fac_total": RVU,
        "pctc": STR,
        "glob": STR,
        "mult_proc": STR,
        "bilat": STR,
        "asst": STR,
        "co_surg": STR,
        "team": STR,
        "cf": FACTOR,
        **FROM_TO,
    },
    "conversion": {"cf": FACTOR, "qualifying_apm": BOOL, **FROM_TO},
    "gpci": {"mac": STR, "state": STR, "locality": STR, "name": STR, "pw": GPCI, "pe": GPCI, "mp": GPCI, **FROM_TO},
    "zip_locality": {"zip5": STR, "state": STR, "carrier": STR, "locality": STR, "rural": STR, "plus4": BOOL},
    "asp": {"hcpcs": STR, "limit": MONEY, "dosage": STR, **FROM_TO},
    "ndc_hcpcs": {
        "ndc11": STR,
        "hcpcs": STR,
        "drug_name": STR,
        "labeler": STR,
        "dosage": STR,
        "pkg_size": AMOUNT,
        "pkg_qty": AMOUNT,
        "bill_units": AMOUNT,
        "bill_units_pkg": AMOUNT,
        **FROM_TO,
    },
    "vaccines": {"cpt": STR, "cvx": STR, "short": STR, "status": STR},
    "vaccine_ndc": {"ndc11": STR, "cvx": STR, "sale_or_use": STR, "start": DATE, "end": DATE},
    "containers": {
        "ndc11": STR,
        "container": STR,
        "dose_kind": STR,
        "content": AMOUNT,
        "content_unit": STR,
        "containers": AMOUNT,
        "edition": STR,
        "match": STR,
    },
    "ndc_products": {
        "ndc11": STR,
        "generic": STR,
        "dosage_form": STR,
        "route": STR,
        "strength": STR,
        "strength_unit": STR,
    },
    "drugs": {
        "hcpcs": STR,
        "label": STR,
        "unit_amount": AMOUNT,
        "unit": STR,
        "routes": pl.List(STR),
        "container": pl.List(STR),
        "jw_jz": STR,
        "mue": I32,
        **FROM_TO,
        "replaces": pl.List(STR),
        "example_dose": STR,
        "example_units": I32,
        "unit_sourced": BOOL,
        "container_sourced": BOOL,
        "route_sourced": BOOL,
        "mue_sourced": BOOL,
        "jw_sourced": BOOL,
        "note": STR,
    },
    "groups": {"group": STR, "low": STR, "high": STR, **FROM_TO, "source": STR},
    "mod_groups": {"group": STR, "modifier": STR, "source": STR},
    "pos_groups": {"group": STR, "pos": STR, "source": STR},
    "dx_groups": {"group": STR, "prefix": STR, "source": STR},
    "dose_as_units": {"hcpcs": STR, "value": I32, "source": STR},
    "labels": {"code": STR, "words": STR, "source": STR},
    "look_alikes": {"code": STR, "other": STR, "why": STR},
    "two_syringe": {"hcpcs": STR, "injections": I32, "source": STR},
    "payment_rules": {"rule": STR, "indicator": STR, "part": STR, "permille": I32, **FROM_TO, "source": STR},
    "taxonomy_groups": {"group": STR, "prefix": STR, "source": STR},
    "intervals": {
        "hcpcs": STR,
        "units_from": I32,
        "units_to": I32,
        "days": I32,
        "first_gaps": I32,
        "first_days": I32,
        "series": I32,
        "policy": STR,
        **FROM_TO,
        "source": STR,
    },
    "quantity_limits": {"hcpcs": STR, "units": I32, "days": I32, "source": STR},
    "age_limits": {
        "low": STR,
        "high": STR,
        "modifier": STR,
        "min_months": I32,
        "max_months": I32,
        "policy": STR,
        **FROM_TO,
        "words": STR,
        "source": STR,
    },
    "prior_auth": {"policy": STR, "hcpcs": STR, **FROM_TO, "source": STR},
    "sad": {"list": STR, "hcpcs": STR, "rule": STR, "valid_from": DATE, "source": STR},
    "brand_families": {"family": STR, "code": STR, "source": STR},
    "on_body": {"ndc11": STR, "product": STR, "source": STR},
    "limits": {"name": STR, "hcpcs": STR, "low": pl.Int64(), "high": pl.Int64(), "source": STR},
    "crosswalks": {
        "from_code": STR,
        "to_code": STR,
        "units_from": I32,
        "units_to": I32,
        "valid_from": DATE,
        "source": STR,
    },
}
"""Table -> column -> Polars type. Dates are inclusive; a null ``valid_to`` is not known to have ended."""

PERIOD_TABLES = frozenset({"mue", "mue_medicaid", "pfs", "gpci", "asp", "ndc_hcpcs", "icd10"})
"""Tables whose editions each speak for their own dates; the newest edition of any other table replaces the older."""


def kind(table: str) -> str:
    """Return ``period`` or ``history``, the kind of an ordinary edition of a table."""
    return "period" if table in PERIOD_TABLES else "history"


def conform(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame exactly the columns and types of its table.

    Raises polars errors when a value does not fit; a column that is absent becomes null.
    """
    wanted = SCHEMAS[table]
    extra = [column for column in frame.columns if column not in wanted]
    if extra:
        raise ValueError(f"{table}: columns {extra} are not part of the table")
    return frame.select(
        (pl.col(column) if column in frame.columns else pl.lit(None).alias(column)).cast(dtype)
        for column, dtype in wanted.items()
    )
