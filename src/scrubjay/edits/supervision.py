"""Who gave the service: the rendering clinician's number."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_DIGITS = 10
_PREFIX_SUM = 24
"""What the prefix 80840 adds to the check sum of an NPI (45 CFR 162.406)."""


@edit(
    "SUP01",
    name="rendering-npi-invalid",
    category="denial",
    grain="claim",
    group="CO",
    carc="16",
    rarc=["N290"],
    element="NM109",
    box="24J",
    fix="safe",
    supersedes=["ENV23"],
    source=[
        "ASC X12 005010X222A1 loops 2310B and 2420A",
        "45 CFR 162.406 (check digit of an NPI)",
        "X12 CARC 16, 206, 207",
    ],
)
def rendering_npi_invalid(t: Facts, refs: References) -> pl.LazyFrame:
    """The rendering clinician's NPI is missing, invalid or an organisation's.

    ## What it does
    Tests every rendering NPI (2310B, 2420A) for ten digits and its check digit, and finds rendering loops without a
    number. On claims with a 96372 it also finds that no rendering clinician is named although an organisation bills,
    and, as a warning, that the rendering provider is marked as an organisation. Where a person bills and
    nobody is named, the biller rendered: that is what leaving the loop out says.

    ## Why it matters
    Without a valid number of the person who gave the service the claim is rejected or denied (CO-16 N290, CO-206,
    CO-207).

    ## Fails
    claim rendering=1456789002
    line 96372
    line J3420

    claim rendering=none
    line 96372
    line J3420

    ## Passes
    claim rendering=1456789001
    line 96372
    line J3420

    # An ambulance supplier renders as the organisation it is.
    claim rendering=none pos=41 billing_taxonomy=341600000X facility=none
    line A0429

    ## Fix
    Enter the NPI of the person who gave the service, from the NPI registry. Signs between the digits are taken out when
    what remains is a valid NPI.
    """
    found = pl.concat([_invalid(t), _without_number(t), _organisation(t), _nobody(t)], how="diagonal")
    return found.with_columns(pl.col("line_id").cast(pl.UInt32))


def _invalid(t: Facts) -> pl.LazyFrame:
    """Return the numbers that are no NPI; each distinct number is tested once."""
    numbers = pl.concat(
        [
            t.claims.select("claim_id", npi="rendering_npi", segment="rendering_segment"),
            t.lines.filter(pl.col("line_rendering_npi").is_not_null()).select(
                "claim_id", "line_id", npi="line_rendering_npi", segment="line_rendering_segment"
            ),
        ],
        how="diagonal",
    )
    bad = (
        numbers.select("npi")
        .unique()
        .filter(pl.col("npi").is_not_null() & ~_valid(pl.col("npi")))
        .with_columns(digits=pl.col("npi").str.replace_all(r"[^0-9]", ""))
        .with_columns(mended=_valid(pl.col("digits")))
    )
    # Another kind of number may stand there, a social security number for one: only what looks like an NPI is shown.
    shown = pl.when(pl.col("digits").str.len_bytes() == _DIGITS).then("npi")
    length = pl.format("{} characters", pl.col("npi").str.len_chars())
    patch = pl.struct("segment", element=pl.lit("NM109"), old="npi", new="digits")
    return numbers.join(bad, on="npi").select(
        "claim_id",
        "line_id",
        "segment",
        patches=pl.when("mended").then(pl.concat_list(patch)),
        fix_text=pl.when("mended").then(pl.lit("Take the signs that are no digits out of the NPI.")),
        message=pl.format(
            "The rendering NPI ({}) is not valid: it needs ten digits and a right check digit.",
            pl.coalesce(shown, length),
        ),
        found=pl.coalesce(shown, length),
        expected=pl.when("mended").then("digits").otherwise(pl.lit("ten digits with a valid check digit")),
    )


def _valid(npi: pl.Expr) -> pl.Expr:
    """Say whether a text is ten digits whose Luhn sum with the prefix 80840 ends in zero."""
    number = npi.cast(pl.Int64, strict=False)
    total: pl.Expr = pl.lit(_PREFIX_SUM)
    for place in range(_DIGITS):
        digit = number // 10**place % 10
        # Counted from the right, every second digit is doubled and its own digits are summed.
        total = total + (digit if place % 2 == 0 else digit * 2 // 10 + digit * 2 % 10)
    ten: pl.Expr = (npi.str.len_bytes() == _DIGITS) & (number >= 10 ** (_DIGITS - 1))
    return (ten & (total % 10 == 0)).fill_null(value=False)


def _without_number(t: Facts) -> pl.LazyFrame:
    """Return rendering loops that carry no number."""
    claims = t.claims.filter(pl.col("rendering_segment").is_not_null() & pl.col("rendering_npi").is_null())
    lines = t.lines.filter(pl.col("line_rendering_segment").is_not_null() & pl.col("line_rendering_npi").is_null())
    rows = pl.concat(
        [
            claims.select("claim_id", segment="rendering_segment"),
            lines.select("claim_id", "line_id", segment="line_rendering_segment"),
        ],
        how="diagonal",
    )
    return rows.with_columns(
        message=pl.lit("The rendering provider has no NPI: NM108 must be XX and NM109 the number."),
        found=pl.lit("no number"),
        expected=pl.lit("the NPI of the person who gave the service"),
    )


def _organisation(t: Facts) -> pl.LazyFrame:
    """Return rendering organisations; the guide allows them, payers of injections want the person."""
    served = t.lines.filter(t.in_group("ADM") & pl.col("line_rendering_npi").is_null()).select("claim_id")
    rows = t.claims.filter((pl.col("rendering_type") == "2") & pl.col("rendering_npi").is_not_null())
    return rows.join(served, on="claim_id", how="semi").select(
        "claim_id",
        segment="rendering_segment",
        element=pl.lit("NM102"),
        level_cap=pl.lit("warn"),
        message=pl.lit("The rendering provider is marked as an organisation; an injection is given by a person."),
        found=pl.lit("NM102 2"),
        expected=pl.lit("NM102 1 and the person's NPI"),
    )


def _nobody(t: Facts) -> pl.LazyFrame:
    """Return claims of organisations that name no rendering clinician for an injection."""
    named = t.claims.filter(pl.col("rendering_segment").is_not_null()).select("claim_id")
    unnamed = t.in_group("ADM") & pl.col("rendering_npi").is_null() & pl.col("line_rendering_segment").is_null()
    # A person who bills rendered the service himself. In a facility an organisation may bill what it gave.
    organisation = (pl.col("billing_type") != "1").fill_null(value=True) | pl.col("billing_npi").is_null()
    rows = (
        t.lines.filter(unnamed & organisation & ~pl.col("pos_facility").fill_null(value=False))
        .join(named, on="claim_id", how="anti")
        .unique("claim_id", keep="first", maintain_order=True)
    )
    return rows.select(
        "claim_id",
        segment="claim_segment",
        message=pl.lit(
            "No rendering provider is named and the biller is no person: the payer cannot tell who gave the service."
        ),
        found=pl.lit("no loop 2310B or 2420A"),
        expected=pl.lit("loop 2310B with the NPI of the person who gave the service"),
    )
