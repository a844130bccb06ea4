"""On-body injectors: a kit that is put on the patient and injects later."""

from __future__ import annotations

import polars as pl

from scrubjay.edit import edit
from scrubjay.edits.partners import code_of, patch, with_partners
from scrubjay.facts import Facts
from scrubjay.refdata import References

_NAMED = r"(?i)\b(ON-?BODY|ON BODY|OBI|ONPRO)\b"


@edit(
    "ONC04",
    name="on-body-injector-as-injection",
    category="denial",
    grain="line",
    scope="ADM",
    needs=["service_date"],
    refs=["on_body"],
    group="CO",
    carc="16",
    rarc=["N657"],
    element="SV101-2",
    box="24D",
    fix="review",
    source="CMS article A54682 on the pegfilgrastim on-body injector",
)
def on_body_injector_as_injection(t: Facts, refs: References) -> pl.LazyFrame:
    """A pegfilgrastim on-body injector is billed with the injection code.

    ## What it does
    Finds a 96372 whose only drug of the day is J2506 or Q5111 with the NDC of an on-body kit, or with a description
    that names one, on a day without 96377. A line without either is not judged: the same codes hold the syringe.

    ## Why it matters
    Putting the injector on the patient is 96377; 96372 is for the prefilled syringe.

    ## Fails
    claim dx=D70.1
    line 96372
    line J2506 units=12 mods=JZ ndc=55513019201 qty=0.6

    ## Passes
    claim dx=D70.1
    line 96372
    line J2506 units=12 mods=JZ ndc=55513019001 qty=0.6

    claim dx=D70.1
    line 96377
    line J2506 units=12 mods=JZ ndc=55513019201 qty=0.6

    ## Fix
    Replace 96372 by 96377 where the record shows the on-body injector.
    """
    kits = refs.lazy("on_body").select("ndc11", kit=pl.lit(value=True))
    named = pl.col("description").str.contains(_NAMED) | pl.col("line_note").str.contains(_NAMED)
    drugs = (
        t.lines.filter(t.in_group("ON_BODY_DRUG") & t.visit_has("ADM"))
        .join(kits, on="ndc11", how="left", maintain_order="left")
        .filter(pl.col("kit").fill_null(value=False) | named.fill_null(value=False))
    )
    others = t.lines.filter(t.in_group("DRUG") & t.visit_has("ON_BODY_DRUG") & t.visit_has("ADM"))
    others = others.join(drugs.select("line_id"), on="line_id", how="anti")
    rows = t.lines.filter(t.in_group("ADM") & t.visit_has("ON_BODY_DRUG") & ~t.visit_has("ON_BODY_ADMIN"))
    found = with_partners(rows.join(others, on="visit_id", how="anti"), drugs).join(
        code_of(refs, "ON_BODY_ADMIN"), how="cross"
    )
    change = pl.concat_list(patch("segment", "SV101-2", pl.col("code"), pl.col("right_code")))
    return found.select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} with the on-body kit of {}: putting the injector on the patient is {}.",
            "code",
            "partners",
            "right_code",
        ),
        found=pl.format("{} with an on-body kit", "code"),
        expected="right_code",
        patches=pl.when(pl.col("units") == 1).then(change),
    )
