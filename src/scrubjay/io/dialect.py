"""What is particular to the transaction sets that are read: where they may be cut, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scrubjay.io.x12 import Segments

_SETS = {
    "X222": "837P",
    "X223": "an institutional claim (837I)",
    "X224": "a dental claim (837D)",
    "X221": "a remittance (835)",
    "X231": "an implementation acknowledgement (999)",
    "X230": "a functional acknowledgement (997)",
    "X214": "a claim acknowledgement (277CA)",
    "X212": "a claim status request or response (276/277)",
    "X220": "a benefit enrolment (834)",
    "X279": "an eligibility request or response (270/271)",
    "X217": "an authorisation request (278)",
    "X218": "a premium payment (820)",
    "X186": "an application report (824)",
    "X098": "a professional claim of version 4010",
    "X096": "an institutional claim of version 4010",
    "X097": "a dental claim of version 4010",
    "X091": "a remittance of version 4010",
}

_READERS = {
    "837I": "an institutional claim editor reads it",
    "837D": "a dental claim editor reads it",
    "835": "scrubjay remit reads it",
    "999": "scrubjay remit reads it",
    "997": "scrubjay remit reads it",
    "277CA": "scrubjay remit reads it",
    "4010": "convert it to 005010X222A1, the version payers accept since 2012",
}


@dataclass(frozen=True)
class Dialect:
    """What a reader of some transaction sets needs to know to cut a file into pieces that stand alone.

    ``claim`` begins a claim, which is left out where its end is missing; ``boundaries`` are the segments a file may be
    cut before, ``header_ends`` those that end the header of a transaction, ``levels`` the HL03 codes of the hierarchy,
    outermost first.  ``refuse`` says in one line why a transaction is not read, empty where it is.
    ``purpose`` says what is read, ``lost`` what happened to a claim that is cut off.
    """

    claim: str
    boundaries: tuple[str, ...]
    header_ends: tuple[str, ...]
    levels: tuple[str, ...]
    refuse: Callable[[Segments, int, int], str]
    purpose: str
    lost: str


def kind_and_version(segments: Segments, gs: int, st: int) -> tuple[str, str]:
    """Return ST01 of a transaction and its guide: GS08, else ST03."""
    return segments.element_text(st, 1), (segments.element_text(gs, 8) if gs >= 0 else "") or segments.element_text(
        st, 3
    )


def refuse(segments: Segments, gs: int, st: int) -> str:
    """Say in one line why a transaction is not an 837P that can be checked; empty where it is one."""
    kind, version = kind_and_version(segments, gs, st)
    if kind == "837" and ("X222" in version or not version):
        return ""
    what = described(kind, version)
    label = f"{what}, {version}" if version else what
    guide = next((name for name in _SETS if name in version), "")
    if "4010" in what or version.startswith("004010"):
        reader = _READERS["4010"] if kind == "837" and guide == "X098" else "a reader of version 4010 reads it"
    elif kind == "835":
        reader = _READERS["835"]
    else:
        reader = next((r for key, r in _READERS.items() if key in what), "a reader of that transaction set reads it")
    return f"this is {label}; Scrubjay checks professional claims (837P, 005010X222); {reader}"


_READ_HERE = {"835": ("X221",), "999": ("",), "997": ("",), "277": ("X214", "X212")}
"""ST01 of what the remittance reader takes, and its guides; a 997 or 999 names that of the transaction it answers."""


def refuse_remittance(segments: Segments, gs: int, st: int) -> str:
    """Say in one line why a transaction is neither a remittance nor an acknowledgement; empty where it is one."""
    kind, version = kind_and_version(segments, gs, st)
    guides = _READ_HERE.get(kind, ())
    if guides and (not version or any(guide in version for guide in guides)):
        return ""
    what = described(kind, version)
    label = f"{what}, {version}" if version else what
    if version.startswith("004010"):
        advice = "ask the payer for version 005010X221A1"
    elif kind == "837" and "X222" in version:
        advice = "scrubjay check reads it; to match it with remittances name it after --claims"
    else:
        advice = "a reader of that transaction set reads it"
    return f"this is {label}; Scrubjay reads remittances (835, 005010X221A1) and acknowledgements here; {advice}"


PROFESSIONAL = Dialect(
    claim="CLM",
    boundaries=("CLM", "HL"),
    header_ends=("HL",),
    levels=("20", "22", "23"),
    refuse=refuse,
    purpose="Scrubjay checks 837P files",
    lost="its last claim was not checked",
)
"""Professional claims (837P)."""


REMITTANCE = Dialect(
    claim="CLP",
    boundaries=("CLP", "LX", "PLB", "HL", "AK2"),
    header_ends=("LX", "CLP", "PLB", "HL", "AK2"),
    levels=("20", "21", "19", "22", "23", "PT"),
    refuse=refuse_remittance,
    purpose="Scrubjay reads remittances (835) and acknowledgements (999, 997, TA1, 277CA, 277)",
    lost="its last claim was not read",
)
"""Remittances (835) and acknowledgements (999, 997, 277CA, 277; a TA1 needs no transaction)."""


def described(kind: str, version: str) -> str:
    """Say in words what a transaction set is."""
    guide = next((name for name in _SETS if name in version), "")
    return _SETS.get(guide, f"transaction set {kind or '(none)'}")


def what_is_it(data: bytes, purpose: str = PROFESSIONAL.purpose) -> str:
    """Say in one line what an input without an interchange envelope seems to be."""
    head = data[:4096].lstrip()
    advice = f"{purpose} that begin with an ISA segment"
    if not data.strip():
        return f"the input is empty; {advice}"
    if head.startswith((b"GS", b"ST")):
        return f"no ISA interchange header before the {head[:2].decode()} segment; {advice}"
    if head.startswith(b"ISA"):
        return f"the ISA is damaged or cut short; {advice}"
    if head.startswith((b"{", b"[")):
        return f"this looks like JSON, not X12; {advice}"
    if head.startswith(b"PK\x03\x04"):
        return f"this is a zip archive; unpack it first; {advice}"
    if head.startswith(b"\x1f\x8b"):
        return f"this is gzip; unpack it first; {advice}"
    if head.startswith(b"%PDF"):
        return f"this is a PDF; {advice}"
    return f"no interchange envelope (ISA) found; {advice}"
