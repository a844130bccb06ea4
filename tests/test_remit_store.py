"""The store: files are only added, the same one once, whole or not at all, and no patient can be read out of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from conftest import ROOT
from remits import ClaimPayment, Line, Payment, written
from scrubjay.learn.document import document
from scrubjay.learn.store import Store
from scrubjay.learn.study import Study, study

AS_OF = dt.date(2026, 5, 15)
EXAMPLE = ROOT / "examples"


def payment(trace: str, member: str = "SECRETMEMBER", **claim: object) -> bytes:
    line = Line("96372", 3500, [("CO", "97", 3500)], day=dt.date(2026, 3, 2))
    paid = ClaimPayment("A-1", [line], last="SECRETNAME", first="SECRETFIRST", member=member, **claim)  # type: ignore[arg-type]
    return written([Payment("P", [paid], trace=trace)])


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = study([EXAMPLE / "clinic.835"], claims=[EXAMPLE / "clinic.837"], store=store, as_of=AS_OF)
    assert not first.errors
    before = tree(store)
    copy = tmp_path / "copy.835"
    copy.write_bytes((EXAMPLE / "clinic.835").read_bytes())
    again = study([EXAMPLE / "clinic.835", copy], claims=[EXAMPLE / "clinic.837"], store=store, as_of=AS_OF)
    assert tree(store) == before
    assert document(again) == document(first)


def test_the_store_says_what_the_files_say(tmp_path: Path) -> None:
    inputs = {"remittances": [EXAMPLE / "clinic.835"], "claims": [EXAMPLE / "clinic.837"], "as_of": AS_OF}
    plain = document(study(**inputs))  # type: ignore[arg-type]
    kept = document(study(**inputs, store=tmp_path / "store"))  # type: ignore[arg-type]
    for part in ("denials", "totals", "statistics", "unmatched"):
        assert kept[part] == plain[part], part


def test_files_add_up_over_runs_and_reversals_reach_back(tmp_path: Path) -> None:
    store = tmp_path / "store"
    day = dt.date(2026, 3, 2)
    one = written([Payment("P", [ClaimPayment("A", [Line("96372", 3500, [("CO", "97", 3500)], day=day)])])])
    back = ClaimPayment("A", [Line("96372", -3500, [("CO", "97", -3500)], day=day)], status="22")
    anew = ClaimPayment("A", [Line("96372", 3500, day=day)])
    two = written([Payment("P", [back, anew], day=dt.date(2026, 5, 1))])

    def run(*data: bytes) -> Study:
        return study(list(data), store=store, as_of=AS_OF)

    assert run(one).totals()["denied"] == 3500
    assert run(two).totals()["denied"] == 0
    assert run().totals() == run(one, two).totals()
    assert len(run().read.remits.claims) == 3


def test_no_patient_can_be_read_out_of_the_store(tmp_path: Path) -> None:
    store = tmp_path / "store"
    study([payment("E1")], claims=[EXAMPLE / "clinic.837"], store=store, as_of=AS_OF)
    held = b"".join(tree(store).values())
    import polars as pl

    for path in store.rglob("*.parquet"):
        held += pl.read_parquet(path).write_json().encode()
    claims = (EXAMPLE / "clinic.837").read_bytes()
    for word in (b"SECRETMEMBER", b"SECRETNAME", b"SECRETFIRST", b"FEATHER", b"1FD0AA1AA10", b"NESTER"):
        assert word not in held, word
    assert b"FEATHER" in claims


def test_the_same_patient_has_one_digest_in_a_store_and_another_elsewhere(tmp_path: Path) -> None:
    def member(folder: Path, *data: bytes) -> set[str | None]:
        return set(study(list(data), store=folder, as_of=AS_OF).read.remits.claims["member_id"])

    one = member(tmp_path / "a", payment("E1"), payment("E2"))
    assert len(one) == 1
    assert one != member(tmp_path / "b", payment("E1"))
    assert len(member(tmp_path / "c", payment("E1"), payment("E2", "OTHER"))) == 2


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    Store(tmp_path / "store")
    assert (tmp_path / "store" / "key").stat().st_mode & 0o077 == 0


def test_a_cut_file_is_not_added(tmp_path: Path) -> None:
    store = tmp_path / "store"
    data = payment("E1")
    result = study([data[:-30]], store=store, as_of=AS_OF)
    assert "not added to the store" in str(result.errors[0])
    assert not len(result.read.remits.claims)
    whole = study([data], store=store, as_of=AS_OF)
    assert not whole.errors
    assert len(whole.read.remits.claims) == 1


def test_a_damaged_part_is_told_in_one_line(tmp_path: Path) -> None:
    from scrubjay.errors import ScrubjayError

    store = tmp_path / "store"
    study([payment("E1")], store=store, as_of=AS_OF)
    (part,) = store.glob("remittances/*/claims.parquet")
    part.write_bytes(b"nonsense")
    with pytest.raises(ScrubjayError, match="add the file again"):
        study([], store=store, as_of=AS_OF)
