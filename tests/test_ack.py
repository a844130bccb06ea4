"""Acknowledgements: what was accepted, what was rejected, and where in our file the fault is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from conftest import shared_files
from remits import read, wrap
from scrubjay.io.ack import states_table

pytestmark = pytest.mark.slow

ACK999 = """ST*999*0001*005010X231A1
AK1*HC*17456*005010X222A1
AK2*837*0001
IK5*A
AK2*837*0002
IK3*CLM*22**8
CTX*CLM01:A-77
IK4*5:3*1325*7*SECRET
IK5*R*5
AK2*837*0003
IK5*E*5
AK9*P*3*3*2
SE*13*0001"""

ACK277 = """ST*277*0001*005010X214
BHT*0085*08*1*20260330*0800*TH
HL*1**20*1
NM1*PR*2*PAYER*****PI*1
TRN*1*T1
HL*2*1*21*1
NM1*41*2*CLINIC*****46*X
TRN*2*T2
STC*A1:19:PR*20260330*WQ*300
HL*3*2*19*1
NM1*85*2*CLINIC*****XX*1234567802
HL*4*3*PT
NM1*QC*1*DOE*JO****MI*M1
TRN*2*A-1
STC*A2:20*20260330*WQ*100
REF*1K*ICN1
HL*5*3*PT
NM1*QC*1*ROE*AL****MI*M2
TRN*2*A-2
STC*A7:562:85*20260330*U*200******A6:164
SVC*HC:96372*35
STC*A7:454*20260330
REF*FJ*L-2
SE*23*0001"""


def test_a_999_says_where_the_fault_is() -> None:
    _, acks, errors = read(wrap(ACK999, "FA", "005010X231A1"))
    assert not errors
    rows = acks.select("level", "state", "transaction", "code").rows()
    assert rows == [
        ("transaction", "accepted", "0001", "A"),
        ("segment", "rejected", "0002", "8"),
        ("element", "rejected", "0002", "7"),
        ("transaction", "rejected", "0002", "R"),
        ("transaction", "accepted-with-errors", "0003", "E"),
        ("group", "partly-accepted", None, "P"),
    ]
    (segment, element) = acks.filter(pl.col("level").is_in(["segment", "element"])).to_dicts()
    assert (segment["at_segment_id"], segment["at_segment"], segment["claim"]) == ("CLM", 22, "A-77")
    assert element["at_element"] == "5:3"
    assert acks["group"].to_list() == ["17456"] * 6
    # The bad value that a 999 copies may be a patient's.
    assert "SECRET" not in str(acks.to_dicts())


def test_a_277ca_names_the_claims_it_rejects() -> None:
    _, acks, errors = read(wrap(ACK277, "HN", "005010X214"))
    assert not errors
    assert not len(acks.filter(pl.col("state") == "unknown"))
    rows = acks.select("kind", "level", "claim", "state", "code", "status", "payer_control", "line_control").rows()
    assert sorted(rows, key=str) == sorted(
        [
            ("277CA", "receiver", None, "accepted", "A1", "19", None, None),
            ("277CA", "claim", "A-1", "accepted", "A2", "20", "ICN1", None),
            ("277CA", "claim", "A-2", "rejected", "A7", "562", None, None),
            ("277CA", "claim", "A-2", "rejected", "A6", "164", None, None),
            ("277CA", "line", "A-2", "rejected", "A7", "454", None, "L-2"),
        ],
        key=str,
    )
    assert acks.filter(pl.col("claim") == "A-1")["amount_cents"].to_list() == [10000]


@pytest.mark.parametrize(("body", "kind"), [(ACK999, "FA"), (ACK277, "HN")])
def test_acknowledgements_do_not_depend_on_the_size_of_pieces(body: str, kind: str) -> None:
    data = wrap(body, kind, "005010X231A1" if kind == "FA" else "005010X214")
    _, whole, _ = read(data)
    for size in (130, 200, 333):
        _, pieces, _ = read(data, size)
        assert pieces.equals(whole, null_equal=True), size


def test_a_ta1_stands_without_a_group() -> None:
    head = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260330*0800*^*00501*000000001*0*P*:~"
    _, acks, errors = read(f"{head}TA1*000000050*260329*1200*R*018~IEA*0*000000001~".encode())
    assert not errors
    (row,) = acks.to_dicts()
    assert (row["level"], row["interchange"], row["state"], row["status"]) == (
        "interchange",
        "000000050",
        "rejected",
        "018",
    )


@pytest.mark.parametrize(("body", "kind"), [(ACK999, "FA"), (ACK277, "HN")])
def test_every_truncation_of_an_acknowledgement_gives_an_error_and_no_traceback(body: str, kind: str) -> None:
    from scrubjay.errors import InputError

    data = wrap(body, kind, "005010X231A1" if kind == "FA" else "005010X214")
    for cut in range(0, data.rfind(b"~"), 9):
        try:
            _, _, errors = read(data[:cut])
        except InputError:
            continue
        assert errors


def test_every_state_has_its_source() -> None:
    states = {row["state"] for row in states_table()}
    assert states == {
        "accepted",
        "accepted-with-errors",
        "partly-accepted",
        "rejected",
        "pending",
        "finalized",
        "error",
    }
    assert all(row["source"] and row["meaning"] for row in states_table())


# File: (kind, statements, rejected or in error).
CORPUS = {
    "imsweb__x12_277CA_accepted.txt": ("277CA", 2, 0),
    "imsweb__x12_999_accepted.txt": ("999", 2, 0),
    "pyx12__834_ls_le_ls_5010.999.txt": ("999", 2, 0),
    "staedi__invalid997.edi": ("997", 4, 4),
    "staedi__simple997.edi": ("997", 4, 4),
    "staedi__simple999.edi": ("999", 7, 5),
    "staedi__x12_interchange_ack.txt": ("TA1", 1, 0),
    "stupidedi-277__1.era": ("277", 1, 0),
    "stupidedi-277__claim-ncpdp-response.edi": ("277", 1, 0),
    "stupidedi-277__claim-response.edi": ("277", 4, 0),
    "stupidedi-277__info-receiver-response.edi": ("277", 1, 1),
    "stupidedi-277__provider-response.edi": ("277", 2, 1),
    "stupidedi__response-to-functional-group-containing-3-837s.edi": ("999", 7, 5),
    "stupidedi__response-to-functional-group-containing-837s.edi": ("997", 5, 3),
}


@pytest.mark.parametrize("path", shared_files("corpus/ack"), ids=lambda p: p.name)
def test_a_public_sample_is_read_or_refused_by_name(path: Path) -> None:
    _, acks, errors = read(path.read_bytes())
    if path.name not in CORPUS:
        assert "-276__" in path.name or "-824__" in path.name
        assert len(errors) == 1
        assert ("276" if "-276__" in path.name else "824") in str(errors[0])
        return
    kind, statements, bad = CORPUS[path.name]
    assert not errors
    assert set(acks["kind"]) == {kind}
    assert len(acks) == statements
    assert acks["state"].is_in(["rejected", "error"]).sum() == bad
    assert "unknown" not in acks["state"].to_list()
