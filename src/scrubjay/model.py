"""The tables every input becomes: column, type, meaning, and where it stands in X12 and on the CMS-1500.

Money is integer cents, quantities are integer thousandths, dates are dates.  A null is a value that is not there or
cannot be read; the raw text of what cannot be read is in the defects.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import polars as pl


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, its X12 837P element and its CMS-1500 (02/12) box."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    element: str = ""
    box: str = ""


CLAIMS = (
    Column("claim_id", pl.UInt32, "number of the claim in the run"),
    Column("file", pl.UInt32, "number of the input in the run"),
    Column("transaction", pl.String, "transaction control number", "ST02"),
    Column("claim", pl.String, "patient control number, as written", "CLM01", "26"),
    Column("segment", pl.UInt32, "segment number of the CLM in the file, ISA = 1"),
    Column("charge_cents", pl.Int64, "total charge", "CLM02", "28"),
    Column("pos", pl.String, "place of service of the claim", "CLM05-1", "24B"),
    Column("frequency", pl.String, "claim frequency: 1 original, 7 replacement, 8 void", "CLM05-3", "22"),
    Column("accept_assignment", pl.String, "assignment", "CLM07", "27"),
    Column("payer_resp", pl.String, "payer responsibility: P, S, T ...", "SBR01"),
    Column("filing_code", pl.String, "claim filing indicator", "SBR09", "1"),
    Column("group_number", pl.String, "group or policy number", "SBR03", "11"),
    Column("payer_id", pl.String, "payer identifier", "2010BB NM109"),
    Column("payer_name", pl.String, "payer name", "2010BB NM103"),
    Column("member_id", pl.String, "subscriber's member number", "2010BA NM109", "1a"),
    Column("patient_last", pl.String, "patient's last name", "NM103", "2"),
    Column("patient_first", pl.String, "patient's first name", "NM104", "2"),
    Column("patient_dob", pl.Date, "patient's birth date", "DMG02", "3"),
    Column("patient_sex", pl.String, "patient's sex as reported", "DMG03", "3"),
    Column("patient_state", pl.String, "state of the patient's address", "N402", "5"),
    Column("is_dependent", pl.Boolean, "the patient is not the subscriber (loop 2000C)", "HL03"),
    Column("billing_type", pl.String, "billing entity type: 1 person, 2 organisation", "2010AA NM102"),
    Column("billing_npi", pl.String, "billing provider's NPI", "2010AA NM109", "33a"),
    Column("billing_tin", pl.String, "billing provider's tax number", "2010AA REF02", "25"),
    Column("billing_taxonomy", pl.String, "billing provider's taxonomy", "2000A PRV03", "33b"),
    Column("billing_state", pl.String, "state of the billing address", "2010AA N402", "33"),
    Column("billing_zip", pl.String, "ZIP of the billing address", "2010AA N403", "33"),
    Column("rendering_npi", pl.String, "rendering provider's NPI", "2310B NM109", "24J"),
    Column("rendering_type", pl.String, "rendering entity type: 1 person, 2 organisation", "2310B NM102"),
    Column("rendering_segment", pl.UInt32, "segment number of the rendering provider"),
    Column("rendering_taxonomy", pl.String, "rendering provider's taxonomy", "2310B PRV03", "24I"),
    Column("facility_npi", pl.String, "service facility's NPI", "2310C NM109", "32a"),
    Column("facility_zip", pl.String, "ZIP of the service facility's address", "2310C N403", "32"),
    Column("supervising_npi", pl.String, "supervising provider's NPI", "2310D NM109", "17b"),
    Column("referring_npi", pl.String, "referring provider's NPI", "2310A NM109", "17b"),
    Column("original_ref", pl.String, "payer's control number of the replaced claim", "REF*F8", "22"),
    Column("prior_auth", pl.String, "prior authorisation number", "REF*G1", "23"),
    Column("patient_paid_cents", pl.Int64, "amount the patient paid", "AMT*F5", "29"),
    Column("other_payers", pl.UInt8, "number of other payers (2320)", "SBR", "11d"),
    Column("accident_date", pl.Date, "date of the accident", "DTP*439", "15"),
    Column("hospital_from", pl.Date, "admission date", "DTP*435", "18"),
    Column("onset_date", pl.Date, "onset or last menstrual period", "DTP*431", "14"),
    Column("last_seen_date", pl.Date, "date last seen", "DTP*304", "15"),
)

LINES = (
    Column("line_id", pl.UInt32, "number of the service line in the run"),
    Column("claim_id", pl.UInt32, "claim of the line"),
    Column("line", pl.Int64, "line number", "LX01"),
    Column("segment", pl.UInt32, "segment number of the SV1"),
    Column("qualifier", pl.String, "code list of the procedure: HC", "SV101-1"),
    Column("code", pl.String, "procedure code", "SV101-2", "24D"),
    Column("mod1", pl.String, "first modifier", "SV101-3", "24D"),
    Column("mod2", pl.String, "second modifier", "SV101-4", "24D"),
    Column("mod3", pl.String, "third modifier", "SV101-5", "24D"),
    Column("mod4", pl.String, "fourth modifier", "SV101-6", "24D"),
    Column("description", pl.String, "description of the procedure", "SV101-7", "24 shaded"),
    Column("charge_cents", pl.Int64, "line charge", "SV102", "24F"),
    Column("unit_basis", pl.String, "UN units, MJ minutes", "SV103"),
    Column("units_milli", pl.Int64, "thousandths of a unit", "SV104", "24G"),
    Column("line_pos", pl.String, "place of service of the line", "SV105", "24B"),
    Column("pointer1", pl.UInt8, "first diagnosis pointer; 255 where it is no small number", "SV107-1", "24E"),
    Column("pointer2", pl.UInt8, "second diagnosis pointer", "SV107-2", "24E"),
    Column("pointer3", pl.UInt8, "third diagnosis pointer", "SV107-3", "24E"),
    Column("pointer4", pl.UInt8, "fourth diagnosis pointer", "SV107-4", "24E"),
    Column("emergency", pl.String, "emergency indicator", "SV109", "24C"),
    Column("service_date", pl.Date, "first date of service", "DTP*472", "24A"),
    Column("service_to", pl.Date, "last date of service", "DTP*472", "24A"),
    Column("is_range", pl.Boolean, "the date is written as a range (RD8)", "DTP02"),
    Column("dtp_segment", pl.UInt32, "segment number of the date of service"),
    Column("line_rendering_npi", pl.String, "rendering provider of the line", "2420A NM109", "24J"),
    Column("line_rendering_taxonomy", pl.String, "taxonomy of that provider", "2420A PRV03", "24I"),
    Column("line_rendering_segment", pl.UInt32, "segment number of that provider"),
    Column("line_supervising_npi", pl.String, "supervising provider of the line", "2420D NM109", "17b"),
    Column("line_ordering_npi", pl.String, "ordering provider of the line", "2420E NM109", "17b"),
    Column("line_auth", pl.String, "prior authorisation number of the line", "2400 REF*G1", "23"),
    Column("line_control", pl.String, "line item control number", "REF*6R"),
    Column("ndc_qualifier", pl.String, "N4 for an NDC", "LIN02"),
    Column("ndc", pl.String, "drug code as written", "LIN03", "24A shaded"),
    Column("lin_segment", pl.UInt32, "segment number of the LIN"),
    Column("ndc_qty_milli", pl.Int64, "thousandths of the drug quantity", "CTP04", "24A shaded"),
    Column("ndc_qty_text", pl.String, "drug quantity as written", "CTP04", "24A shaded"),
    Column("ndc_unit", pl.String, "unit of the drug quantity", "CTP05-1", "24A shaded"),
    Column("ctp_segment", pl.UInt32, "segment number of the CTP"),
    Column("ndc_count", pl.UInt8, "number of drug identifications of the line", "LIN"),
    Column("ndc_link", pl.String, "link number of drugs that were given as one", "REF*XZ"),
    Column("mea_code", pl.String, "test of the first result: R1 hemoglobin, R2 hematocrit", "MEA02", "19"),
    Column("mea_value_milli", pl.Int64, "thousandths of that result", "MEA03", "19"),
    Column("line_note", pl.String, "first line note", "2400 NTE02", "24 shaded"),
)

DIAGNOSES = (
    Column("claim_id", pl.UInt32, "claim of the diagnosis"),
    Column("position", pl.UInt8, "1 for the first diagnosis", "HI", "21A"),
    Column("qualifier", pl.String, "ABK, ABF: ICD-10-CM; BK, BF: ICD-9-CM", "HI01-1", "21"),
    Column("code", pl.String, "diagnosis code without the point", "HI01-2", "21A"),
    Column("segment", pl.UInt32, "segment number of the HI"),
    Column("element", pl.UInt8, "element of the HI"),
)

NOTES = (
    Column("claim_id", pl.UInt32, "claim of the note"),
    Column("line_id", pl.UInt32, "line of the note, null for a claim note"),
    Column("qualifier", pl.String, "note reference code", "NTE01"),
    Column("text", pl.String, "the note", "NTE02", "19"),
    Column("segment", pl.UInt32, "segment number of the NTE"),
)

DEFECTS = (
    Column("kind", pl.String, "what is wrong, one word of the reader's vocabulary"),
    Column("segment", pl.UInt32, "segment number in the file"),
    Column("element", pl.String, "X12 element, null for the whole segment"),
    Column("found", pl.String, "what was found"),
    Column("expected", pl.String, "what the guide asks for"),
    Column("file", pl.UInt32, "number of the input in the run"),
    Column("transaction", pl.String, "transaction control number", "ST02"),
    Column("claim_id", pl.UInt32, "claim the segment belongs to"),
    Column("line_id", pl.UInt32, "service line the segment belongs to"),
)


@dataclass(frozen=True)
class Tables:
    """The tables of a piece of input."""

    claims: pl.DataFrame
    lines: pl.DataFrame
    diagnoses: pl.DataFrame
    notes: pl.DataFrame
    defects: pl.DataFrame

    @classmethod
    def empty(cls) -> Tables:
        """Return tables without rows."""
        return _empty()

    def keep(self, claims: pl.DataFrame) -> Tables:
        """Return the tables of some claims only: those whose ``claim_id`` is in ``claims``."""
        return replace(
            self,
            **{
                f.name: getattr(self, f.name).join(claims.select("claim_id"), on="claim_id", how="semi")
                for f in fields(self)
            },
        )

    def without(self, claims: pl.DataFrame) -> Tables:
        """Return the tables without some claims.  Defects that belong to no claim stay."""
        return replace(
            self,
            **{
                f.name: getattr(self, f.name).join(claims.select("claim_id"), on="claim_id", how="anti")
                for f in fields(self)
            },
        )


SHAPES = {"claims": CLAIMS, "lines": LINES, "diagnoses": DIAGNOSES, "notes": NOTES, "defects": DEFECTS}


@lru_cache(maxsize=1)
def _empty() -> Tables:
    return Tables(*(pl.DataFrame(schema={c.name: c.dtype for c in SHAPES[f.name]}) for f in fields(Tables)))


def concat(parts: list[Tables]) -> Tables:
    """Put pieces together; ids are run-wide, so nothing is renumbered."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Tables.empty()
    return Tables(*(pl.concat([getattr(p, f.name) for p in parts], rechunk=True) for f in fields(Tables)))
