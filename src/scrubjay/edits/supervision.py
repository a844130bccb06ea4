"""Who gave the service: the rendering clinician's number."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.facts.identifiers import DIGITS, is_npi
from scrubjay.refdata import References


@edit(
    "SUP01",
    name="rendering-npi-invalid",
    category="denial",
    grain="claim",
    start=["claims", "lines"],
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
    served = t.in_group("ADM") & pl.col("line_rendering_npi").is_null()
    # A person who bills rendered the service himself. In a facility an organisation may bill what it gave.
    biller = (pl.col("billing_type") != "1").fill_null(value=True) | pl.col("billing_npi").is_null()
    nobody = (
        t.in_group("ADM")
        & pl.col("rendering_npi").is_null()
        & pl.col("line_rendering_segment").is_null()
        & biller
        & ~pl.col("pos_facility").fill_null(value=False)
    )
    named = pl.col("rendering_segment").is_not_null()
    organisation = (pl.col("rendering_type") == "2") & pl.col("rendering_npi").is_not_null()
    claims = t.claims.filter(
        ~pl.col("rendering_npi_valid") | (named & pl.col("rendering_npi").is_null()) | organisation
    )
    line_named = pl.col("line_rendering_segment").is_not_null()
    lines = t.lines.filter(
        ~pl.col("line_rendering_npi_valid") | (line_named & pl.col("line_rendering_npi").is_null()) | nobody
    )
    numbers = [
        claims.select("claim_id", npi="rendering_npi", segment="rendering_segment", valid="rendering_npi_valid"),
        lines.select(
            "claim_id",
            "line_id",
            npi="line_rendering_npi",
            segment="line_rendering_segment",
            valid="line_rendering_npi_valid",
        ),
    ]
    told = pl.concat(numbers, how="diagonal")
    injected = t.lines.filter(served).select("claim_id")
    unnamed = lines.filter(nobody).join(t.claims.filter(named).select("claim_id"), on="claim_id", how="anti")
    found = [
        _invalid(told.filter(~pl.col("valid"))),
        _without_number(told.filter(pl.col("npi").is_null() & pl.col("segment").is_not_null())),
        _organisation(claims.filter(organisation).join(injected, on="claim_id", how="semi")),
        _nobody(unnamed),
    ]
    return pl.concat(found, how="diagonal").with_columns(pl.col("line_id").cast(pl.UInt32))


def _invalid(numbers: pl.LazyFrame) -> pl.LazyFrame:
    """Word the numbers that are no NPI."""
    digits = pl.col("npi").str.replace_all(r"[^0-9]", "")
    # Another kind of number may stand there, a social security number for one: only what looks like an NPI is shown.
    shown = pl.when(pl.col("digits").str.len_bytes() == DIGITS).then("npi")
    length = pl.format("{} characters", pl.col("npi").str.len_chars())
    patch = pl.struct("segment", element=pl.lit("NM109"), old="npi", new="digits")
    return (
        numbers.with_columns(digits=digits)
        .with_columns(mended=is_npi(pl.col("digits")))
        .select(
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
    )


def _without_number(loops: pl.LazyFrame) -> pl.LazyFrame:
    """Word the rendering loops that carry no number."""
    return loops.select(
        "claim_id",
        "line_id",
        "segment",
        message=pl.lit("The rendering provider has no NPI: NM108 must be XX and NM109 the number."),
        found=pl.lit("no number"),
        expected=pl.lit("the NPI of the person who gave the service"),
    )


def _organisation(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Word rendering organisations; the guide allows them, payers of injections want the person."""
    return claims.select(
        "claim_id",
        segment="rendering_segment",
        element=pl.lit("NM102"),
        level_cap=pl.lit("warn"),
        message=pl.lit("The rendering provider is marked as an organisation; an injection is given by a person."),
        found=pl.lit("NM102 2"),
        expected=pl.lit("NM102 1 and the person's NPI"),
    )


def _nobody(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Word the claims of organisations that name no rendering clinician for an injection."""
    rows = lines.unique("claim_id", keep="first", maintain_order=True)
    return rows.select(
        "claim_id",
        segment="claim_segment",
        message=pl.lit(
            "No rendering provider is named and the biller is no person: the payer cannot tell who gave the service."
        ),
        found=pl.lit("no loop 2310B or 2420A"),
        expected=pl.lit("loop 2310B with the NPI of the person who gave the service"),
    )
