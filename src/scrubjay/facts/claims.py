"""Facts about a claim: whose policy judges it, and who the patient is."""

from __future__ import annotations

import polars as pl

from scrubjay.policy import PolicySet

VOID = "8"
REPLACEMENT = "7"


def with_policy(claims: pl.DataFrame, policy: PolicySet, forced: str | None) -> pl.DataFrame:
    """Add ``policy``: the layer that judges each claim, by payer id, payer name or filing indicator."""
    if forced is not None:
        return claims.with_columns(pl.lit(forced).alias("policy"))
    keys = ["payer_id", "payer_name", "filing_code"]
    distinct = claims.select(keys).unique(maintain_order=True)
    names = [policy.select(*row) for row in distinct.iter_rows()]
    return claims.join(
        distinct.with_columns(pl.Series("policy", names, dtype=pl.String)),
        on=keys,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def with_patient(claims: pl.DataFrame) -> pl.DataFrame:
    """Add ``patient_key``: equal for equal member number, birth date and name; unique where none of them is known."""

    def plain(name: str) -> pl.Expr:
        return pl.col(name).str.to_uppercase().str.strip_chars().fill_null("")

    known = pl.col("member_id").is_not_null() | (
        pl.col("patient_last").is_not_null() & pl.col("patient_dob").is_not_null()
    )
    identity = pl.struct(plain("member_id"), "patient_dob", plain("patient_last"), plain("patient_first")).hash()
    alone = pl.struct(pl.lit("unknown patient").alias("why"), "claim_id").hash()
    return claims.with_columns(
        pl.when(known).then(identity).otherwise(alone).alias("patient_key"),
        # A replaced or voided claim stands for itself: what it replaces may be in the same batch.
        pl.col("frequency").is_in([REPLACEMENT, VOID]).fill_null(value=False).alias("stands_alone"),
        (pl.col("frequency") == VOID).fill_null(value=False).alias("is_void"),
        pl.struct(pl.coalesce("payer_id", "payer_name", "policy").alias("payer")).hash().alias("payer_key"),
    )
