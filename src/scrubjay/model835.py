"""The tables of remittances (835) and acknowledgements: column, type, meaning, and where it stands in X12.

Money is integer cents, quantities are integer thousandths, dates are dates, as in :mod:`scrubjay.model`.  Ids count
from 0 over the whole run, so tables of several files and chunks are put together without renumbering.  A null is a
value that is not there or cannot be read; what cannot be read is in the defects.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import polars as pl

from scrubjay.model import Column

PAYMENTS = (
    Column("payment_id", pl.UInt32, "number of the payment (one ST to SE) in the run"),
    Column("file", pl.UInt32, "number of the input in the run"),
    Column("transaction", pl.String, "transaction control number", "ST02"),
    Column("segment", pl.UInt32, "segment number of the BPR in the file, ISA = 1; of the ST where there is no BPR"),
    Column("version", pl.String, "implementation guide", "GS08"),
    Column("handling", pl.String, "I with the money, H notice only, C, D, P, U, X as the guide says", "BPR01"),
    Column("paid_cents", pl.Int64, "amount of the payment", "BPR02"),
    Column("credit_debit", pl.String, "C credit, D debit", "BPR03"),
    Column("method", pl.String, "ACH, CHK, NON ...", "BPR04"),
    Column("payment_date", pl.Date, "day of the payment", "BPR16"),
    Column("trace", pl.String, "check or EFT number", "TRN02"),
    Column("trace_payer", pl.String, "payer's identifier in the trace", "TRN03"),
    Column("production_date", pl.Date, "day the remittance was made", "DTM*405"),
    Column("receiver", pl.String, "receiver identification", "REF*EV"),
    Column("payer_name", pl.String, "payer's name", "1000A N102"),
    Column("payer_id", pl.String, "payer's identifier: N104, else REF*2U", "1000A N104"),
    Column("payee_name", pl.String, "payee's name", "1000B N102"),
    Column("payee_npi", pl.String, "payee's NPI (N103 XX)", "1000B N104"),
    Column("payee_tin", pl.String, "payee's tax number (N103 FI, else REF*TJ)", "1000B N104"),
)

REMIT_CLAIMS = (
    Column("remit_claim_id", pl.UInt32, "number of the claim payment in the run"),
    Column("payment_id", pl.UInt32, "payment of the claim"),
    Column("file", pl.UInt32, "number of the input in the run"),
    Column("transaction", pl.String, "transaction control number", "ST02"),
    Column("claim", pl.String, "patient control number as sent in CLM01", "CLP01"),
    Column("segment", pl.UInt32, "segment number of the CLP"),
    Column("status", pl.String, "1 primary, 2 secondary, 3 tertiary, 4 denied, 19-21 forwarded, 22 reversal", "CLP02"),
    Column("charge_cents", pl.Int64, "total charge", "CLP03"),
    Column("paid_cents", pl.Int64, "claim payment", "CLP04"),
    Column("patient_cents", pl.Int64, "patient's responsibility", "CLP05"),
    Column("filing_code", pl.String, "claim filing indicator", "CLP06"),
    Column("payer_control", pl.String, "payer's control number (ICN, DCN)", "CLP07"),
    Column("pos", pl.String, "place of service or type of facility", "CLP08"),
    Column("frequency", pl.String, "claim frequency", "CLP09"),
    Column("patient_last", pl.String, "patient's last name", "NM1*QC NM103"),
    Column("patient_first", pl.String, "patient's first name", "NM1*QC NM104"),
    Column("member_id", pl.String, "patient's or else the subscriber's member number", "NM1*QC NM109"),
    Column("corrected_member_id", pl.String, "member number as the payer corrects it", "NM1*74 NM109"),
    Column("rendering_npi", pl.String, "rendering provider's NPI", "NM1*82 NM109"),
    Column("crossover_payer", pl.String, "payer the claim was forwarded to", "NM1*TT NM103"),
    Column("priority_payer", pl.String, "payer that should pay first", "NM1*PR NM103"),
    Column("original_ref", pl.String, "payer's control number of the claim this one adjusts", "REF*F8"),
    Column("group_number", pl.String, "group or policy number", "REF*1L"),
    Column("from_date", pl.Date, "first day of the statement", "DTM*232"),
    Column("to_date", pl.Date, "last day of the statement", "DTM*233"),
    Column("received_date", pl.Date, "day the payer received the claim", "DTM*050"),
    Column("covered_cents", pl.Int64, "coverage amount", "AMT*AU"),
    Column("interest_cents", pl.Int64, "interest", "AMT*I"),
)

REMIT_LINES = (
    Column("remit_line_id", pl.UInt32, "number of the service payment in the run"),
    Column("remit_claim_id", pl.UInt32, "claim payment of the line"),
    Column("position", pl.UInt32, "1 for the first SVC of the claim"),
    Column("segment", pl.UInt32, "segment number of the SVC"),
    Column("qualifier", pl.String, "code list of the adjudicated procedure: HC, AD, NU ...", "SVC01-1"),
    Column("code", pl.String, "adjudicated procedure", "SVC01-2"),
    Column("mod1", pl.String, "first modifier", "SVC01-3"),
    Column("mod2", pl.String, "second modifier", "SVC01-4"),
    Column("mod3", pl.String, "third modifier", "SVC01-5"),
    Column("mod4", pl.String, "fourth modifier", "SVC01-6"),
    Column("charge_cents", pl.Int64, "submitted charge", "SVC02"),
    Column("paid_cents", pl.Int64, "line payment", "SVC03"),
    Column("revenue", pl.String, "revenue code", "SVC04"),
    Column("units_milli", pl.Int64, "thousandths of the units paid; 1 where the element is absent", "SVC05"),
    Column("submitted_code", pl.String, "procedure as submitted where the payer changed it", "SVC06-2"),
    Column("submitted_mod1", pl.String, "its first modifier", "SVC06-3"),
    Column("submitted_mod2", pl.String, "its second modifier", "SVC06-4"),
    Column("submitted_mod3", pl.String, "its third modifier", "SVC06-5"),
    Column("submitted_mod4", pl.String, "its fourth modifier", "SVC06-6"),
    Column("submitted_units_milli", pl.Int64, "thousandths of the units submitted, where they differ", "SVC07"),
    Column("service_date", pl.Date, "day of service, or its first", "DTM*472"),
    Column("service_to", pl.Date, "last day of service", "DTM*151"),
    Column("line_control", pl.String, "line item control number as sent in REF*6R", "REF*6R"),
    Column("rendering_npi", pl.String, "rendering provider of the line", "REF*HPI"),
    Column("allowed_cents", pl.Int64, "allowed amount", "AMT*B6"),
)

ADJUSTMENTS = (
    Column("remit_claim_id", pl.UInt32, "claim payment of the adjustment"),
    Column("remit_line_id", pl.UInt32, "service payment of the adjustment, null at claim level"),
    Column("segment", pl.UInt32, "segment number of the CAS"),
    Column("position", pl.UInt8, "which of the six triples of the CAS, from 1"),
    Column("group", pl.String, "CO contractual, PR patient, OA other, PI payer initiated, CR correction", "CAS01"),
    Column("carc", pl.String, "claim adjustment reason code", "CAS02, 05, 08, 11, 14, 17"),
    Column("amount_cents", pl.Int64, "amount taken off the charge; negative gives back", "CAS03, 06, 09, 12, 15, 18"),
    Column("quantity_milli", pl.Int64, "thousandths of the units taken off", "CAS04, 07, 10, 13, 16, 19"),
)

REMARKS = (
    Column("remit_claim_id", pl.UInt32, "claim payment of the remark"),
    Column("remit_line_id", pl.UInt32, "service payment of the remark, null at claim level"),
    Column("segment", pl.UInt32, "segment number"),
    Column("source", pl.String, "LQ, MOA or MIA"),
    Column("qualifier", pl.String, "code list: HE remark, RX payment reject; HE for MOA and MIA", "LQ01"),
    Column("code", pl.String, "remark code (RARC)", "LQ02, MOA03-07, MIA05, 20-23"),
)

AMOUNTS = (
    Column("remit_claim_id", pl.UInt32, "claim payment of the amount"),
    Column("remit_line_id", pl.UInt32, "service payment of the amount, null at claim level"),
    Column("segment", pl.UInt32, "segment number of the AMT"),
    Column("qualifier", pl.String, "what the amount is: AU covered, B6 allowed, I interest ...", "AMT01"),
    Column("amount_cents", pl.Int64, "the amount", "AMT02"),
)

PROVIDER_ADJUSTMENTS = (
    Column("payment_id", pl.UInt32, "payment that was adjusted"),
    Column("segment", pl.UInt32, "segment number of the PLB"),
    Column("position", pl.UInt8, "which of the six pairs of the PLB, from 1"),
    Column("provider_id", pl.String, "provider", "PLB01"),
    Column("fiscal_date", pl.Date, "end of the provider's fiscal year", "PLB02"),
    Column("reason", pl.String, "WO overpayment recovery, FB balance forward, L6 interest, 72 refund ...", "PLB03-1"),
    Column("reference", pl.String, "what the adjustment refers to", "PLB03-2"),
    Column("amount_cents", pl.Int64, "amount taken off the payment; negative adds to it", "PLB04"),
)

REMIT_DEFECTS = (
    Column("kind", pl.String, "what is wrong, one word of the reader's vocabulary"),
    Column("file", pl.UInt32, "number of the input in the run"),
    Column("segment", pl.UInt32, "segment number in the file"),
    Column("element", pl.String, "X12 element, null for the whole segment"),
    Column("found", pl.String, "what was found"),
    Column("expected", pl.String, "what the guide asks for"),
    Column("transaction", pl.String, "transaction control number", "ST02"),
    Column("payment_id", pl.UInt32, "payment the segment belongs to"),
    Column("remit_claim_id", pl.UInt32, "claim payment the segment belongs to"),
    Column("remit_line_id", pl.UInt32, "service payment the segment belongs to"),
)

MATCHES = (
    Column("remit_claim_id", pl.UInt32, "claim payment"),
    Column("remit_line_id", pl.UInt32, "service payment; null where the claim was adjudicated as a whole"),
    Column("claim_id", pl.UInt32, "claim of the 837P"),
    Column("line_id", pl.UInt32, "service line of the 837P; null where the whole claim or no line is matched"),
    Column(
        "claim_how",
        pl.String,
        "how the claim was found: control (CLM01), control-normal (letters and digits of it, and the charge), line-control",
    ),
    Column(
        "line_how",
        pl.String,
        "how the line was found: line-control, line-number, exact, units-differ, modifiers-differ, recoded, code, charge, "
        "split; claim where the payment has no lines; null where no line of the claim fits",
    ),
    Column("state", pl.String, "current, reversed, reversal, superseded (adjudicated anew) or duplicate"),
    Column("round", pl.UInt32, "1 for the first payment of the claim by this payer, 2 for the next, by day of payment"),
    Column("split", pl.UInt32, "current service payments that share the claim line; 1 is not split"),
)
"""One row per service payment (or claim payment without lines) that belongs to a claim of the run."""

ACKNOWLEDGEMENTS = (
    Column("file", pl.UInt32, "number of the input in the run"),
    Column("kind", pl.String, "TA1, 999, 997, 277CA or 277"),
    Column("level", pl.String, "interchange, group, transaction, segment, element, receiver, provider, claim or line"),
    Column("segment", pl.UInt32, "segment number of the statement in the file"),
    Column("interchange", pl.String, "control number of the interchange acknowledged", "TA101"),
    Column("group", pl.String, "control number of the functional group acknowledged", "AK102"),
    Column("transaction", pl.String, "control number of the transaction acknowledged", "AK202"),
    Column("state", pl.String, "accepted, accepted-with-errors, rejected, pending, finalized, error or unknown"),
    Column(
        "code", pl.String, "the status as written: A, E, R, P ... or the error code", "TA104, AK901, IK501, STC01-1"
    ),
    Column("status", pl.String, "claim status code or note code", "STC01-2, TA105, IK502"),
    Column("entity", pl.String, "entity the status speaks of", "STC01-3"),
    Column("at_segment_id", pl.String, "segment of ours that is wrong", "IK301"),
    Column("at_segment", pl.UInt32, "its position from the ST", "IK302"),
    Column("at_element", pl.String, "element or composite of ours that is wrong", "IK401"),
    Column("claim", pl.String, "patient control number of the claim", "TRN02, CTX CLM01"),
    Column("payer_control", pl.String, "payer's claim number", "REF*1K"),
    Column("line_control", pl.String, "line item control number", "REF*FJ"),
    Column("date", pl.Date, "day of the status", "STC02"),
    Column("amount_cents", pl.Int64, "charge the status speaks of", "STC04"),
    Column("paid_cents", pl.Int64, "amount paid", "STC05"),
)
"""One row per statement of an acknowledgement: a TA1, AK9, IK5, IK3, IK4 or one status (composite) of an STC."""


@dataclass(frozen=True)
class Remits:
    """The tables of a piece of remittance input."""

    payments: pl.DataFrame
    claims: pl.DataFrame
    lines: pl.DataFrame
    adjustments: pl.DataFrame
    remarks: pl.DataFrame
    amounts: pl.DataFrame
    provider_adjustments: pl.DataFrame
    defects: pl.DataFrame

    @classmethod
    def empty(cls) -> Remits:
        """Return tables without rows."""
        return cls(*(frame_of(REMIT_SHAPES[f.name]) for f in fields(cls)))


REMIT_SHAPES = {
    "payments": PAYMENTS,
    "claims": REMIT_CLAIMS,
    "lines": REMIT_LINES,
    "adjustments": ADJUSTMENTS,
    "remarks": REMARKS,
    "amounts": AMOUNTS,
    "provider_adjustments": PROVIDER_ADJUSTMENTS,
    "defects": REMIT_DEFECTS,
}


def frame_of(shape: tuple[Column, ...]) -> pl.DataFrame:
    """Return a table of this shape without rows."""
    return pl.DataFrame(schema={c.name: c.dtype for c in shape})


def concat_remits(parts: list[Remits]) -> Remits:
    """Put pieces together; ids are run-wide, so nothing is renumbered."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Remits.empty()
    return Remits(*(pl.concat([getattr(p, f.name) for p in parts]) for f in fields(Remits)))
