"""Facts about a service line: its provider and day, its groups, and what the references say of its code that day."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from scrubjay.facts.gather import (
    NO_DAY,
    Groups,
    Ints,
    days,
    distinct,
    distinct_numbers,
    filled,
    first_known,
    known,
    mix,
    rows_at,
    spread_distinct,
    where_known,
)
from scrubjay.facts.identifiers import npi_valid
from scrubjay.facts.lookups import code_book
from scrubjay.facts.modifiers import modifier_days
from scrubjay.facts.ndc import ndc_columns, product_columns
from scrubjay.facts.places import place_columns
from scrubjay.facts.switches import stretches, switch, timeline
from scrubjay.groups import Bits, Masks, code_groups, dated_code_masks, listed_masks, modifier_groups
from scrubjay.io.columns import known_only
from scrubjay.io.spans import nothing
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
        self.claim_ix: Ints = np.searchsorted(claims["claim_id"].to_numpy(), lines["claim_id"].to_numpy())
        self.claim = Groups(self.claim_ix)
        self.day: Ints = days(lines["service_date"])
        self.codes, self.code_ix = distinct(lines["code"])
        segment, *own = rows_at(claims, ["segment", *_FROM_CLAIM], self.claim_ix)
        frame = lines.hstack([*own, segment.alias("claim_segment"), *ndc_columns(lines["ndc"], refs)])
        frame = frame.hstack([*self._providers(lines, claims), *self._of_codes(refs, marks.codes)])
        self.mod_masks, in_force = _modifiers(lines, refs, marks.modifiers, self.day)
        frame = frame.hstack(
            [
                *_mask_columns(marks.modifiers, "mods", self.mod_masks),
                pl.Series("mods_in_force", in_force),
                *product_columns(frame, refs, self.day),
                *self._of_policies(frame, claims, policy, refs, marks.places),
            ]
        )
        self.frame = frame.hstack(self._of_days(frame, claims, marks))

    def _providers(self, lines: pl.DataFrame, claims: pl.DataFrame) -> list[pl.Series]:
        """Return place, rendering provider, specialty and the keys by which two lines share a provider.

        The same rendering NPI (the billing NPI where none is given) is the same provider; so is the same billing provider
        with the same known taxonomy.
        """
        asked = claims.select(_providers_of_claim())
        pos, rendering, taxonomy = rows_at(asked, ["claim_pos", "rendering_npi", "taxonomy"], self.claim_ix)
        npi = lines["line_rendering_npi"]
        taxonomy = where_known(npi, lines["line_rendering_taxonomy"], taxonomy).alias("taxonomy")
        _, self.provider = spread_distinct(npi, asked["provider"], self.claim_ix)
        billers, biller = distinct(asked["biller"])
        if npi.null_count() == len(npi):
            kinds, kind = distinct(asked["taxonomy"])
            kind = kind[self.claim_ix]
        else:
            kinds, kind = distinct(taxonomy)
        nameless = np.array([not name for name in billers], dtype=bool)[biller][self.claim_ix]
        nameless |= np.array([not name for name in kinds], dtype=bool)[kind]
        self.specialty: Ints = np.where(nameless, 0, biller[self.claim_ix] * len(kinds) + kind + 1)
        units = filled(lines["units_milli"], 1)
        return [
            first_known(lines["line_pos"], pos).alias("pos"),
            pos,
            first_known(npi, rendering).alias("rendering_npi"),
            taxonomy,
            known_only(pl.Series("units", units // 1000), units % 1000 == 0),
            pl.Series("provider_key", self.provider.astype(np.uint64)),
            pl.Series("specialty_key", self.specialty.astype(np.uint64)),
            npi_valid(npi).alias("line_rendering_npi_valid"),
        ]

    def _of_codes(self, refs: References, bits: Bits) -> list[pl.Series]:
        """Look every distinct (code, day) up once and give the answers to its lines."""
        every_day, day_ix = distinct_numbers(self.day - NO_DAY)
        key, inverse = distinct_numbers(self.code_ix * len(every_day) + day_ix)
        code_ix, day = key // max(len(every_day), 1), every_day[key % max(len(every_day), 1)] + NO_DAY
        columns = code_book(refs).columns(self.codes, code_ix, day)
        masks = dated_code_masks(bits, code_groups(refs), self.codes, code_ix, day)
        self.code_masks = [mask[inverse] for mask in masks]
        where = pl.Series(inverse.astype(np.uint32))
        return [*(column[where] for column in columns), *_mask_columns(bits, "groups", self.code_masks)]

    def _of_policies(
        self, frame: pl.DataFrame, claims: pl.DataFrame, policy: PolicySet, refs: References, bits: Bits
    ) -> list[pl.Series]:
        """Return what the payer's switches say on the day, and what follows from them and the place."""
        names, policy_ix = distinct(claims["policy"])
        stretch = stretches(policy, names, policy_ix[self.claim_ix], self.day)
        table = timeline(policy).table
        places = spread_distinct(frame["line_pos"], claims["pos"], self.claim_ix)
        return [
            *rows_at(table, table.columns, stretch),
            *_payer_limits(frame, policy, stretch),
            *place_columns(places, stretch, policy, refs, bits),
        ]

    def _of_days(self, frame: pl.DataFrame, claims: pl.DataFrame, marks: Marks) -> list[pl.Series]:
        """Return what else is on the day: same provider (day), any provider (visit), same claim."""
        alone = np.where(claims["stands_alone"].to_numpy(), claims["claim_id"].to_numpy().astype(np.int64) + 1, 0)
        patient = Groups(mix(claims["patient_key"].to_numpy(), claims["payer_key"].to_numpy(), alone))
        every_day, day_ix = distinct_numbers(self.day - NO_DAY)
        # A line without a day is with no other.
        day_ix = np.where(self.day == NO_DAY, len(every_day) + np.arange(len(frame)), day_ix)
        self.visit = Groups(patient.index[self.claim_ix]).divided(day_ix)
        self.provider_day = self.visit.divided(self.provider)
        per_code = self.provider_day.divided(self.code_ix)
        anybody = self.visit.divided(self.code_ix)
        columns: list[pl.Series] = []
        for prefix, grouping in (
            ("day_groups", self.provider_day),
            ("visit_groups", self.visit),
            ("claim_groups", self.claim),
        ):
            columns += _mask_columns(marks.codes, prefix, [grouping.any_bits(mask) for mask in self.code_masks])
        columns += _mask_columns(marks.modifiers, "visit_mods", [self.visit.any_bits(mask) for mask in self.mod_masks])
        return [
            *columns,
            pl.Series("day_id", self.provider_day.index.astype(np.uint32)),
            pl.Series("visit_id", self.visit.index.astype(np.uint32)),
            pl.Series("day_code_id", per_code.index.astype(np.uint32)),
            pl.Series("day_units_milli", per_code.total(filled(frame["units_milli"], 0))),
            pl.Series("day_code_lines", per_code.count().astype(np.uint32)),
            pl.Series("visit_code_lines", anybody.count().astype(np.uint32)),
        ]


@cache
def _providers_of_claim() -> list[pl.Expr]:
    return [
        pl.col("pos").alias("claim_pos"),
        pl.col("rendering_npi"),
        pl.when(pl.col("rendering_npi").is_not_null())
        .then("rendering_taxonomy")
        .otherwise("billing_taxonomy")
        .alias("taxonomy"),
        pl.coalesce("rendering_npi", "billing_npi", "billing_tin").alias("provider"),
        pl.coalesce("billing_tin", "billing_npi").alias("biller"),
    ]


def _payer_limits(frame: pl.DataFrame, policy: PolicySet, stretch: Ints) -> list[pl.Series]:
    """Return the unit limit of the table the payer uses: value, adjudication indicator (null in Medicaid's) and edition.

    A limit of zero is null where the payer does not take it for "not payable"; the edition is "none" where the payer
    uses no table, null where its table does not reach back to the day.
    """

    def said(name: str, value: str) -> npt.NDArray[np.bool_]:
        return np.array([v == value for v in switch(policy, name)], dtype=bool)[stretch]

    medicare, medicaid = pl.Series(said("sw_mue", "medicare")), pl.Series(said("sw_mue", "medicaid"))
    count = len(frame)
    limits = frame["medicaid_mue_value"].zip_with(medicaid, nothing(count, pl.Int32))
    limits = frame["mue_value"].zip_with(medicare, limits)
    no_table = pl.Series(["none"]).new_from_index(0, count)
    editions = frame["medicaid_mue_edition"].zip_with(medicaid, no_table)
    return [
        known_only(limits, (filled(limits, 1) > 0) | said("sw_mue_zero", "true")).alias("payer_mue_value"),
        frame["mue_mai"].zip_with(medicare, nothing(count, pl.UInt8)).alias("payer_mue_mai"),
        frame["mue_edition"].zip_with(medicare, editions).alias("payer_mue_edition"),
    ]


def _mask_columns(bits: Bits, prefix: str, masks: list[Masks]) -> list[pl.Series]:
    return [pl.Series(name, mask) for name, mask in zip(bits.columns(prefix), masks, strict=True)]


def _modifiers(
    lines: pl.DataFrame, refs: References, bits: Bits, day: Ints
) -> tuple[list[Masks], npt.NDArray[np.bool_]]:
    """Return the groups of the modifiers, and whether a list has all of them and none has other dates."""
    masks = [np.zeros(len(lines), dtype=np.uint64) for _ in range(bits.words)]
    in_force = np.ones(len(lines), dtype=bool)
    for name in ("mod1", "mod2", "mod3", "mod4"):
        if lines[name].null_count() == len(lines):
            continue
        values, index = distinct(lines[name])
        for word, table in enumerate(listed_masks(bits, modifier_groups(refs), values)):
            masks[word] |= table[index]
        first, last = modifier_days(refs).of(values)
        in_force &= (first[index] <= day) & (day <= last[index])
    return masks, in_force


def with_words(facts: LineFacts, notes: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with ``visit_worded``: some line or claim of the patient's day says something in words."""
    frame = facts.frame
    said = known(frame["description"]) | known(frame["line_note"])
    if len(notes):
        said |= np.isin(frame["claim_id"].to_numpy(), notes["claim_id"].to_numpy())
    worded = said.astype(np.uint64)
    if said.any():
        worded = facts.visit.any_bits(facts.claim.any_bits(worded))
    return frame.hstack([pl.Series("visit_worded", worded != 0)])
