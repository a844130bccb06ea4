"""Facts about a claim: whose policy judges it, and who the patient is."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import polars as pl

from scrubjay.facts.gather import Groups, Ints, distinct, distinct_numbers, filled, known
from scrubjay.facts.identifiers import npi_valid
from scrubjay.groups import WORD
from scrubjay.io.columns import as_dates
from scrubjay.policy import PolicySet

VOID = "8"
REPLACEMENT = "7"

_FAR = 1 << 30
"""Later than any day."""


def with_policy(claims: pl.DataFrame, policy: PolicySet, forced: str | None) -> pl.DataFrame:
    """Add ``policy``: the layer that judges each claim, by payer id, payer name or filing indicator."""
    if forced is not None:
        return claims.hstack([pl.Series("policy", [forced], dtype=pl.String).new_from_index(0, len(claims))])
    names, key = [], np.zeros(len(claims), dtype=np.int64)
    for column in ("payer_id", "payer_name", "filing_code"):
        values, index = distinct(claims[column])
        names.append(values)
        key = key * len(values) + index
    payers, payer = distinct_numbers(key)
    ids, rest = np.divmod(payers, max(len(names[1]) * len(names[2]), 1))
    labels, filings = np.divmod(rest, max(len(names[2]), 1))
    each = zip(ids.tolist(), labels.tolist(), filings.tolist(), strict=True)
    chosen = [_chosen(policy, names[0][a], names[1][b], names[2][c]) for a, b, c in each]
    return claims.hstack([pl.Series("policy", chosen, dtype=pl.String)[pl.Series(payer.astype(np.uint32))]])


@lru_cache(maxsize=1 << 12)
def _chosen(policy: PolicySet, payer_id: str, payer_name: str, filing_code: str) -> str:
    """Return the policy of a payer; the pieces of a run, and the claims of a day, name the same ones again."""
    return policy.select(payer_id, payer_name, filing_code)


def with_patient_policies(claims: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Add ``patient_policies``: the bits of all policies that judge a claim of the patient; and return these bits.

    Of more policies than a word has bits, some share one.
    """
    names, policy_ix = distinct(claims["policy"])
    bits = {name: 1 << (k % WORD) for k, name in enumerate(names)}
    own = np.array(list(bits.values()), dtype=np.uint64)[policy_ix]
    of_patient = Groups(claims["patient_key"].to_numpy()).any_bits(own) if len(names) > 1 else own
    return claims.hstack([pl.Series("patient_policies", of_patient)]), bits


def with_rendering(claims: pl.DataFrame) -> pl.DataFrame:
    """Add ``rendering_npi_valid``: the claim's rendering NPI can be one; null where it has none."""
    return claims.hstack([npi_valid(claims["rendering_npi"]).alias("rendering_npi_valid")])


def with_patient(claims: pl.DataFrame) -> pl.DataFrame:
    """Add ``patient_key``: equal for equal member number, birth date and name; unique where none of them is known."""
    return claims.with_columns(_patient())


@cache
def _patient() -> list[pl.Expr]:
    def plain(name: str) -> pl.Expr:
        return pl.col(name).str.to_uppercase().str.strip_chars().fill_null("")

    named = pl.col("member_id").is_not_null() | (
        pl.col("patient_last").is_not_null() & pl.col("patient_dob").is_not_null()
    )
    identity = pl.struct(plain("member_id"), "patient_dob", plain("patient_last"), plain("patient_first")).hash()
    alone = pl.struct(pl.lit("unknown patient").alias("why"), "claim_id").hash()
    return [
        pl.when(named).then(identity).otherwise(alone).alias("patient_key"),
        # A replaced or voided claim stands for itself: what it replaces may be in the same batch.
        pl.col("frequency").is_in([REPLACEMENT, VOID]).fill_null(value=False).alias("stands_alone"),
        (pl.col("frequency") == VOID).fill_null(value=False).alias("is_void"),
        pl.struct(pl.coalesce("payer_id", "payer_name", "policy").alias("payer")).hash().alias("payer_key"),
    ]


def with_line_sums(claims: pl.DataFrame, lines: pl.DataFrame, claim_ix: Ints) -> pl.DataFrame:
    """Add what the lines come to.

    ``line_count``, ``lines_cents`` (the sum of the line charges), ``unread_charges`` (lines without one), and
    ``first_date``, the first day of service, null where none is known.
    """
    charge = lines["charge_cents"]
    cents = np.zeros(len(claims), dtype=np.int64)
    np.add.at(cents, claim_ix, filled(charge, 0))
    unread = np.bincount(claim_ix[~known(charge)], minlength=len(claims))
    first = np.full(len(claims), _FAR, dtype=np.int64)
    np.minimum.at(first, claim_ix, filled(lines["service_date"].cast(pl.Int32), _FAR))
    return claims.hstack(
        [
            pl.Series("line_count", np.bincount(claim_ix, minlength=len(claims)).astype(np.uint32)),
            pl.Series("lines_cents", cents),
            pl.Series("unread_charges", unread.astype(np.uint32)),
            as_dates(first, first != _FAR).alias("first_date"),
        ]
    )
