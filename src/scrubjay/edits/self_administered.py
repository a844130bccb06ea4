"""Drugs that patients usually give themselves: the excluded ones, the two-route codes, the oral ones."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from scrubjay.edit import edit
from scrubjay.facts import Facts
from scrubjay.refdata import References

_SAD = "Self-administered drug exclusion lists A53033, A52527 and Noridian, 2021-04-05"
_SUPPLY_ELSEWHERE = r"(?i)\bDME\b"
"""The equipment contractor, which does take these drugs, says so in its name."""


_NO_FURTHER = "none"
"""The value of ``sad_also`` of a payer with one list."""


@lru_cache(maxsize=32)
def _codes_of(refs: References, name: str | None) -> pl.Series:
    """Return the codes of a list, or of all, as one list."""
    table = refs.frame("sad")
    return (
        (table if name is None else table.filter(pl.col("list") == name)).get_column("hcpcs").unique().sort().implode()
    )


def _on_list(t: Facts, refs: References, name: str) -> pl.LazyFrame:
    """Return the drug lines that a list holds on the day, with ``rule`` and ``firm`` (the source is not memory).

    A payer that keeps a further list (``sad_also``) has the drugs of both.
    """
    further = pl.col("sw_sad_also").cast(pl.String)
    on_it = pl.col("code").is_in(_codes_of(refs, name))
    on_a_list = on_it | ((further != _NO_FURTHER) & pl.col("code").is_in(_codes_of(refs, None)))
    table = refs.lazy("sad").select("list", code="hcpcs", rule="rule", since="valid_from", firm=pl.col("source") != "M")
    rows = (
        t.lines.filter(t.in_group("DRUG") & on_a_list & ~pl.col("is_void") & ~t.has_mod("STATUTE"))
        .join(table, on="code")
        .filter((pl.col("list") == name) | (pl.col("list") == further))
        .sort("line_id", pl.col("list") != name)
        .unique("line_id", keep="first", maintain_order=True)
    )
    return rows.filter(pl.col("since").is_null() | (pl.col("since") <= pl.col("service_date")))


def _excluded(t: Facts) -> pl.Expr:
    """The route of the line is one that the list excludes."""
    rule = pl.col("rule")
    return (rule == "never") | ((rule == "sc") & ~t.has_mod("IV_ROUTE")) | ((rule == "dual") & t.has_mod("SC_ROUTE"))


def _with_injection(t: Facts, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``related``: the injections of the claim that give nothing but the excluded drugs."""
    other = t.lines.filter(t.in_group("DRUG")).join(rows.select("line_id"), on="line_id", how="anti")
    own = t.lines.filter(t.in_group("ADM")).join(rows.select("claim_id"), on="claim_id", how="semi")
    lost = (
        own.join(other, on=["claim_id", "service_date"], how="anti")
        .group_by("claim_id", "service_date")
        .agg(pl.col("line_id").sort().alias("related"))
    )
    return rows.join(lost, on=["claim_id", "service_date"], how="left")


@edit(
    "DRG17",
    name="self-administered-drug",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["sad"],
    group="CO",
    carc="96",
    rarc=["N426", "N425"],
    element="SV101-2",
    box="24D",
    fix="advice",
    revision=2,
    supersedes=["DRG19"],
    source=[_SAD, "Benefit Policy Manual ch. 15 s50.2"],
)
def self_administered_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug that patients usually give themselves is billed to Medicare.

    ## What it does
    Finds drugs on the exclusion list: insulin always, drugs for injection under the skin unless JA says that it went
    into a vein, drugs of two routes only with JB. A policy may add a further list of the table (``sad_also``). GY says
    that the exclusion is known and clears the line.

    ## Why it matters
    Part B does not cover what more than half of its patients inject themselves, also when a nurse injects it. The
    injection is denied with it.

    ## Fails
    line J1815 units=2
    line 96372

    ## Passes
    line J3420
    line 96372

    ## Fix
    Bill the patient's drug plan, or tell the patient in advance; GY and a notice of non-coverage are decisions of a
    person.

    ## Payers
    Deny for Medicare, a warning for Medicare Advantage. Drugs that are on the list from memory only are a warning.
    Other plans have lists of their own (DRG19).
    """
    return _with_injection(t, _on_list(t, refs, "medicare").filter(_excluded(t))).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        level_cap=pl.when(~pl.col("firm")).then(pl.lit("warn")),
        message=pl.concat_str(
            pl.format("{} is on the list of drugs that patients usually give themselves", "code"),
            pl.when(pl.col("related").is_not_null())
            .then(pl.lit("; the injection is denied with it."))
            .otherwise(pl.lit(".")),
        ),
        found=pl.col("code"),
        expected=pl.lit("no claim to Part B, or GY where a denial is wanted"),
    )


@edit(
    "DRG18",
    name="route-modifier-missing",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["sad"],
    group="CO",
    carc="4",
    rarc=["N822"],
    element="SV101-3",
    box="24D",
    fix="review",
    source=[_SAD, "BCBS North Carolina drug policy, 2024-11"],
)
def route_modifier_missing(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug of two routes does not say how it was given.

    ## What it does
    Finds codes that stand for a form for the vein and one for the skin, of which the list excludes only the second,
    without JA and without JB.

    ## Why it matters
    JA (vein) is covered, JB (skin) is excluded; without either the line is denied.

    ## Fails
    line J0129 units=75
    line 96365

    ## Passes
    line J0129 units=75 mods=JA
    line 96365

    ## Fix
    Take JA or JB from the administration record.

    ## Payers
    Medicare from 2021-04-05, BCBS North Carolina from 2024-11; off elsewhere. Codes known from memory are a warning.
    """
    rows = _on_list(t, refs, "medicare").filter((pl.col("rule") == "dual") & ~t.has_mod("ROUTE"))
    vein, skin = t.visit_has("INIT"), t.visit_has("ADM")
    return rows.select(
        "claim_id",
        "line_id",
        denied="line_id",
        level_cap=pl.when(~pl.col("firm")).then(pl.lit("warn")),
        message=pl.concat_str(
            pl.format("{} goes into a vein (JA) or under the skin (JB) and the line says neither", "code"),
            pl.when(vein & ~skin)
            .then(pl.lit("; the day has an infusion or a push and no injection."))
            .when(skin & ~vein)
            .then(pl.lit("; the day has an injection and no infusion."))
            .otherwise(pl.lit(".")),
        ),
        found=pl.format("{} without JA and JB", "code"),
        expected=pl.lit("JA or JB, as the record shows"),
    )


@edit(
    "DRG19",
    name="self-administered-drug-of-plan",
    category="denial",
    grain="line",
    scope="DRUG",
    needs=["service_date"],
    refs=["sad"],
    group="CO",
    carc="204",
    rarc=["N130"],
    element="SV101-2",
    box="24D",
    fix="advice",
    confidence="partly",
    source="BCBS Mississippi coding policy on provider-administered drugs",
)
def self_administered_drug_of_plan(t: Facts, refs: References) -> pl.LazyFrame:
    """A drug that patients usually give themselves is billed to a plan.

    ## What it does
    Finds drugs that plans usually keep for the pharmacy benefit, in the form for injection under the skin.

    ## Why it matters
    Some plans deny the drug and its injection together.

    ## Fails
    payer commercial
    line J1438 units=2
    line 96372

    ## Passes
    payer commercial
    line J3420
    line 96372

    ## Fix
    Ask the plan whether it covers the drug from the practice; else order it through the pharmacy benefit.

    ## Payers
    A warning; BCBS Mississippi says that it denies both lines. Medicare has its own lists (DRG17).
    """
    return _with_injection(t, _on_list(t, refs, "plan").filter(_excluded(t))).select(
        "claim_id",
        "line_id",
        "related",
        denied="line_id",
        message=pl.format(
            "{} is a drug that patients usually give themselves; a plan may deny it with its injection.", "code"
        ),
        found=pl.col("code"),
        expected=pl.lit("the plan's word that it covers the drug from the practice"),
    )


@edit(
    "DRG26",
    name="oral-drug",
    category="denial",
    grain="line",
    scope="ORAL_DRUG",
    group="CO",
    carc="109",
    element="SV101-2",
    box="24D",
    fix="advice",
    supersedes=["DRG08", "NCC04", "DRG02"],
    source=["NCCI Policy Manual 2026 XII.D.8", "CMS NCCI Medically Unlikely Edits, practitioner services"],
)
def oral_drug(t: Facts, refs: References) -> pl.LazyFrame:
    """An oral drug goes to the contractor for practitioners.

    ## What it does
    Finds oral anticancer, antiemetic and immunosuppressive drugs whose unit limit on practitioner claims is 0. A payer
    that calls itself the equipment contractor (DME) is left out.

    ## Why it matters
    These drugs are paid by the contractor for medical equipment, with their NDC. Here not one unit is paid.

    ## Fails
    line 99213
    line Q0162 units=4

    ## Passes
    payer commercial
    line 99213
    line Q0162 units=4

    ## Fix
    Send the drug to the equipment contractor (DME MAC) with its NDC, or let the pharmacy bill it.

    ## Payers
    Medicare only. Medicaid and commercial plans take these codes by rules of their own.
    """
    elsewhere = pl.col("payer_name").str.contains(_SUPPLY_ELSEWHERE).fill_null(value=False)
    return t.lines.filter(t.in_group("ORAL_DRUG") & ~elsewhere & ~pl.col("is_void")).select(
        "claim_id",
        "line_id",
        denied="line_id",
        message=pl.format(
            "{} is an oral drug: the equipment contractor pays it, this contractor pays no unit.", "code"
        ),
        found=pl.col("code"),
        expected=pl.lit("a claim to the equipment contractor (DME MAC), with the NDC"),
    )
