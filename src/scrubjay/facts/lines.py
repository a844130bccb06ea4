"""Facts about a service line: its provider and day, its groups, and what the references say of its code that day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from scrubjay.facts.gather import NO_DAY, Groups, Ints, days, distinct, mix, rows_at
from scrubjay.facts.identifiers import npi_valid
from scrubjay.facts.lookups import code_book
from scrubjay.facts.modifiers import modifier_days
from scrubjay.facts.ndc import ndc_columns, product_columns
from scrubjay.facts.places import with_place_facts
from scrubjay.facts.switches import switch_columns
from scrubjay.groups import Bits, Masks, code_groups, dated_code_masks, listed_masks, modifier_groups
from scrubjay.policy import PolicySet
from scrubjay.refdata import References

_FROM_CLAIM = (
    "claim policy patient_key patient_policies stands_alone is_void payer_key frequency payer_id payer_name filing_code "
    "billing_npi billing_tin billing_taxonomy billing_type billing_state file patient_dob patient_sex other_payers original_ref"
).split()


class Marks(NamedTuple):
    """The bit tables of the groups that lines are marked with."""

    codes: Bits
    modifiers: Bits
    places: Bits


class LineFacts:
    """The widened lines and the groupings that pairs and sums need."""

    def __init__(
        self,
        lines: pl.DataFrame,
        claims: pl.DataFrame,
        refs: References,
        policy: PolicySet,
        marks: Marks,
    ) -> None:
        claim_ix = np.searchsorted(claims["claim_id"].to_numpy(), lines["claim_id"].to_numpy())
        owner = pl.Series(claim_ix.astype(np.uint32))
        frame = lines.hstack(rows_at(claims, _FROM_CLAIM, claim_ix))
        frame = frame.hstack([claims["segment"][owner].alias("claim_segment")])
        frame = _with_provider(frame, claims, owner)
        self.day: Ints = days(frame["service_date"])
        self.codes, self.code_ix = distinct(frame["code"])
        self.claim_ix: Ints = claim_ix.astype(np.int64)
        frame, self.code_masks = self._with_codes(frame, refs, marks.codes)
        frame, self.mod_masks = _with_modifiers(frame, refs, marks.modifiers, self.day)
        frame = frame.with_columns(
            *ndc_columns(frame["ndc"], refs), npi_valid(frame["line_rendering_npi"]).alias("line_rendering_npi_valid")
        )
        frame = frame.hstack(product_columns(frame, refs, self.day))
        names, policy_ix = distinct(frame["policy"])
        frame = frame.hstack(switch_columns(policy, names, policy_ix, self.day)).with_columns(_payer_limits())
        frame = with_place_facts(frame, refs, marks.places)
        self.frame = self._with_days(frame, marks)

    def _with_codes(self, frame: pl.DataFrame, refs: References, bits: Bits) -> tuple[pl.DataFrame, list[Masks]]:
        """Look every distinct (code, day) up once and give the answers to its lines."""
        span = np.int64(1 << 22)
        key, inverse = np.unique(self.code_ix * span + (self.day + 1), return_inverse=True)
        code_ix, day = key // span, key % span - 1
        known = code_book(refs).columns(self.codes, code_ix, day)
        masks = dated_code_masks(bits, code_groups(refs), self.codes, code_ix, day)
        where = pl.Series(inverse.astype(np.uint32))
        columns = [column[where] for column in known]
        spread = [mask[inverse] for mask in masks]
        return frame.hstack([*columns, *_mask_columns(bits, "groups", spread)]), spread

    def _with_days(self, frame: pl.DataFrame, marks: Marks) -> pl.DataFrame:
        """Add what else is on the day: same provider (day), any provider (visit), same claim."""
        patient = frame["patient_key"].to_numpy()
        payer = frame["payer_key"].to_numpy()
        alone = frame["stands_alone"].to_numpy() | (self.day == NO_DAY)
        scope = np.where(alone, frame["claim_id"].to_numpy().astype(np.int64) + 1, 0)
        undated = np.where(self.day == NO_DAY, np.arange(len(frame)) + 1, 0)
        visit_key = mix(patient, payer, self.day, scope, undated)
        self.provider = frame["provider_key"].to_numpy()
        self.specialty = frame["specialty_key"].to_numpy()
        self.visit = Groups(visit_key)
        self.provider_day = Groups(mix(visit_key, self.provider))
        per_code = Groups(mix(visit_key, self.provider, self.code_ix))
        anybody = Groups(mix(visit_key, self.code_ix))
        claim = Groups(self.claim_ix.astype(np.uint64))
        columns: list[pl.Series] = []
        for prefix, grouping in (
            ("day_groups", self.provider_day),
            ("visit_groups", self.visit),
            ("claim_groups", claim),
        ):
            columns += _mask_columns(marks.codes, prefix, [grouping.any_bits(mask) for mask in self.code_masks])
        columns += _mask_columns(marks.modifiers, "visit_mods", [self.visit.any_bits(mask) for mask in self.mod_masks])
        units = frame["units_milli"].fill_null(0).to_numpy()
        return frame.hstack(
            [
                *columns,
                pl.Series("day_id", self.provider_day.index.astype(np.uint32)),
                pl.Series("visit_id", self.visit.index.astype(np.uint32)),
                pl.Series("day_code_id", per_code.index.astype(np.uint32)),
                pl.Series("day_units_milli", per_code.total(units)),
                pl.Series("day_code_lines", per_code.count().astype(np.uint32)),
                pl.Series("visit_code_lines", anybody.count().astype(np.uint32)),
            ]
        )


def _payer_limits() -> list[pl.Expr]:
    """Add the unit limit of the table the payer uses: value, adjudication indicator (null in Medicaid's) and edition.

    A limit of zero is null where the payer does not take it for "not payable"; the edition is "none" where the payer
    uses no table, null where its table does not reach back to the day.
    """
    medicare, medicaid = pl.col("sw_mue") == "medicare", pl.col("sw_mue") == "medicaid"
    value = pl.when(medicare).then(pl.col("mue_value")).when(medicaid).then(pl.col("medicaid_mue_value"))
    return [
        pl.when((value > 0) | (pl.col("sw_mue_zero") == "true")).then(value).alias("payer_mue_value"),
        pl.when(medicare).then(pl.col("mue_mai")).alias("payer_mue_mai"),
        pl.when(medicare)
        .then(pl.col("mue_edition"))
        .when(medicaid)
        .then(pl.col("medicaid_mue_edition"))
        .otherwise(pl.lit("none"))
        .alias("payer_mue_edition"),
    ]


def _mask_columns(bits: Bits, prefix: str, masks: list[Masks]) -> list[pl.Series]:
    return [pl.Series(name, mask) for name, mask in zip(bits.columns(prefix), masks, strict=True)]


def _with_provider(frame: pl.DataFrame, claims: pl.DataFrame, owner: pl.Series) -> pl.DataFrame:
    """Add place, rendering provider, specialty and the keys by which two lines share a provider.

    The same rendering NPI (the billing NPI where none is given) is the same provider; so is the same billing provider
    with the same known taxonomy.
    """
    claim_rendering = claims["rendering_npi"][owner]
    claim_taxonomy = claims["rendering_taxonomy"][owner]
    claim_pos = claims["pos"][owner].alias("claim_pos")
    own = pl.col("line_rendering_npi").is_not_null()
    frame = frame.with_columns(
        pl.coalesce("line_pos", claim_pos).alias("pos"),
        claim_pos,
        pl.coalesce("line_rendering_npi", claim_rendering).alias("rendering_npi"),
        pl.when(own)
        .then(pl.col("line_rendering_taxonomy"))
        .when(claim_rendering.is_not_null())
        .then(claim_taxonomy)
        .otherwise(pl.col("billing_taxonomy"))
        .alias("taxonomy"),
        pl.when(pl.col("units_milli") % 1000 == 0).then(pl.col("units_milli") // 1000).alias("units"),
    )
    biller = pl.coalesce("billing_tin", "billing_npi")
    return frame.with_columns(
        pl.struct(pl.coalesce("rendering_npi", "billing_npi", "billing_tin").alias("provider"))
        .hash()
        .alias("provider_key"),
        pl.when(pl.col("taxonomy").is_not_null() & biller.is_not_null())
        .then(pl.struct(biller.alias("biller"), "taxonomy").hash())
        .otherwise(0)
        .alias("specialty_key"),
    )


def _with_modifiers(frame: pl.DataFrame, refs: References, bits: Bits, day: Ints) -> tuple[pl.DataFrame, list[Masks]]:
    """Add the groups of the modifiers, and ``mods_in_force``: a list has all of them and none has other dates."""
    masks = [np.zeros(len(frame), dtype=np.uint64) for _ in range(bits.words)]
    in_force = np.ones(len(frame), dtype=bool)
    for name in ("mod1", "mod2", "mod3", "mod4"):
        if frame[name].null_count() == len(frame):
            continue
        values, index = distinct(frame[name])
        for word, table in enumerate(listed_masks(bits, modifier_groups(refs), values)):
            masks[word] |= table[index]
        first, last = modifier_days(refs).of(values)
        in_force &= (first[index] <= day) & (day <= last[index])
    return frame.hstack([*_mask_columns(bits, "mods", masks), pl.Series("mods_in_force", in_force)]), masks


def with_words(facts: LineFacts, notes: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with ``visit_worded``: some line or claim of the patient's day says something in words."""
    frame = facts.frame
    said = (frame["description"].is_not_null() | frame["line_note"].is_not_null()).to_numpy()
    if len(notes):
        said |= np.isin(frame["claim_id"].to_numpy(), notes["claim_id"].to_numpy())
    worded = facts.visit.any_bits(Groups(facts.claim_ix.astype(np.uint64)).any_bits(said.astype(np.uint64)))
    return frame.hstack([pl.Series("visit_worded", worded != 0)])
