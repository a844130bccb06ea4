"""Every output format on hand-made reports: shape, bytes, width, and what must never leave."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, cast

import jsonschema
import polars as pl
import pytest

from sample_report import claim, finding, report
from scrubjay.render import concise, machine, statistics, summary, tables, text
from scrubjay.render.style import Style, clean, money
from scrubjay.report import FINDING_FIELDS

SCHEMA = json.loads((Path(__file__).parent / "report.schema.json").read_text())
PLAIN = Style()


def shown(sample: Any, style: Style = PLAIN) -> list[str]:
    return list(text.lines(sample, style))


def json_of(sample: Any, stats: dict[str, Any] | None = None) -> bytes:
    out = io.BytesIO()
    machine.write_json(sample, out, stats)
    return out.getvalue()


def csv_of(sample: Any) -> list[dict[str, str]]:
    out = io.BytesIO()
    tables.write_csv(sample, out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode())))


def test_text_looks_like_the_contract() -> None:
    lines = shown(report([finding()]))
    assert lines[0] == "clinic.837  claim 26-00417  Medicare Part B  2026-03-02  POS 11  $203.00"
    assert lines[1] == "  line 1   SV1*HC:99213*150*UN*1***1:2   segment 31, SV101-2, box 24D"
    assert lines[2] == "                  ^^^^^  EM01 deny  office visit without modifier 25 beside an injection"
    body = "\n".join(lines[3:8])
    assert "found 99213 without 25, with 96372 on line 2, same provider, same day" in body
    assert "Medicare Part B would deny line 1 (CO-97, M15), $90.32 at risk" in body
    assert "NCCI PTP 2024Q3: 96372 / 99213, indicator 1; NCCI Policy Manual 2026 XI.B.8; policy medicare" in body
    assert "review: add 25 only if the note shows a separate evaluation; scrubjay explain EM01" in body


def test_text_groups_by_claim_and_leaves_clean_claims_out() -> None:
    second = {"claim": "26-00418", "claim_id": 1}
    sample = report([finding(), finding(line=2, edit="DRG11"), finding(**second)], [claim(), claim(**second)])
    headers = [line for line in shown(sample) if line.startswith("clinic.837")]
    assert [line.split("  ")[1] for line in headers] == ["claim 26-00417", "claim 26-00418"]


def test_text_of_nothing_found_says_what_ran() -> None:
    lines = shown(report([]))
    assert lines == [
        "2 claims, 4 lines in 1 input: 2 claims clean",
        "0 deny, 0 warn, 0 info; $0.00 at risk; 1 edit ran",
    ]


def test_unknown_is_not_shown_as_a_denial() -> None:
    unknown = finding(edit="JW01", outcome="unknown", message="container of the drug is not known", line=2)
    lines = shown(report([unknown]))
    assert not any("would deny" in line or "^" in line for line in lines)
    assert "  JW01  container of the drug is not known (claim 26-00417 line 2)" in lines


def test_many_unknowns_are_one_line() -> None:
    rows = [finding(edit="JW01", outcome="unknown", message="container is not known", line=n) for n in range(1, 9)]
    (line,) = [line for line in shown(report(rows)) if "JW01" in line]
    assert line.startswith("  JW01  8x container is not known (claim 26-00417 line 1; ")
    assert line.endswith(" line 3, ...)")


def test_unknowns_for_many_reasons_stay_a_short_list() -> None:
    rows = [
        finding(edit="JW01", outcome="unknown", message=f"container of NDC {n:011} is not known") for n in range(50)
    ]
    lines = [line for line in shown(report(rows)) if "JW01" in line]
    assert len(lines) == 4
    assert lines[-1] == "  JW01  47x for other such reasons"


def test_what_did_not_run_is_named_with_its_reason() -> None:
    skipped = {"edit": "NCC01", "state": "skipped", "in_scope": None, "hits": 0, "unknown": 0, "why": "no table ptp"}
    crashed = {
        "edit": "EM01",
        "state": "crashed",
        "in_scope": None,
        "hits": 0,
        "unknown": 0,
        "why": "ColumnNotFoundError",
    }
    also = skipped | {"edit": "NCC02"}
    lines = shown(report([], coverage=[skipped, crashed, also]))
    assert "not checked" in lines
    assert "  NCC01, NCC02: skipped: no table ptp" in lines
    assert "  EM01: crashed: ColumnNotFoundError" in lines


def test_coverage_unknowns_without_findings_are_told_too() -> None:
    row = {
        "edit": "DX03",
        "state": "ran",
        "in_scope": 9,
        "hits": 0,
        "unknown": 9,
        "why": "9 rows: no ICD-10-CM edition before 2024-10-01",
    }
    assert "  DX03  9 rows: no ICD-10-CM edition before 2024-10-01" in shown(report([], coverage=[row]))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    long = "the visit is inside the injection unless the note shows a separate evaluation that stands alone " * 3
    raw = "SV1*HC:J3490:25:59:76:77::NALTREXONE IMPLANT 100 MG TOTAL DOSE SUBCUTANEOUS NDC 12345678901*1250.00*UN*1*11**1:2:3:4"
    sample = report(
        [
            finding(
                message=long,
                found=long,
                raw=raw,
                raw_start=93,
                raw_length=7,
                fix={"safety": "review", "text": long, "patches": []},
            )
        ]
    )
    lines = shown(sample, Style(width=width))
    assert max(len(line) for line in lines) <= width
    segment = next(line for line in lines if "…" in line)
    caret = lines[lines.index(segment) + 1]
    assert segment[caret.index("^") : caret.rindex("^") + 1] == raw[93:100]


def test_a_pipe_is_not_wrapped() -> None:
    long = "word " * 100
    assert any(len(line) > 400 for line in shown(report([finding(found=long.strip())])))


@pytest.mark.parametrize(
    ("start", "length"), [(0, 3), (7, 5), (60, 1), (140, 10), (149, 1), (149, 40), (150, 0), (None, None), (200, 3)]
)
def test_window_keeps_the_element_in_sight(start: int | None, length: int | None) -> None:
    raw = "".join(chr(97 + n % 26) for n in range(150))
    piece, at, size = text.window(raw, start, length, 60)
    assert len(piece) <= 60
    assert at + size <= 60
    if start is not None and start < 150:
        assert piece[at] == raw[start] or piece[at] == "…"


def test_file_level_findings_have_a_header_too() -> None:
    row = finding(
        claim=None,
        claim_id=None,
        line=None,
        denied_line=None,
        edit="ENV03",
        category="rejection",
        carc=None,
        group=None,
        rarc=[],
    )
    lines = shown(report([row]))
    assert lines[0] == "clinic.837  transaction 0001"
    assert lines[1].startswith("  file     ")
    alone = shown(report([row | {"transaction": None}]))
    assert alone[0] == "clinic.837  whole file"


def test_rejections_reject_and_warnings_only_may() -> None:
    rejected = "\n".join(shown(report([finding(category="rejection", denied_line=None)])))
    assert "Medicare Part B would reject the claim (CO-97, M15)" in rejected
    assert "Medicare Part B may deny line 1" in "\n".join(shown(report([finding(level="warn")])))


def test_patches_are_shown_before_and_after() -> None:
    patch = {"segment": 31, "element": "SV104", "old": "", "new": "200"}
    fix = {"safety": "review", "text": "multiply by the dose", "patches": [patch]}
    assert "             segment 31 SV104: (empty) -> 200" in shown(report([finding(fix=fix)]))


def test_no_colour_off_a_terminal_and_colour_on_one() -> None:
    sample = report([finding()])
    assert "\x1b" not in "\n".join(shown(sample))
    coloured = "\n".join(shown(sample, Style(colour=True, width=100)))
    assert "\x1b[1;31mdeny\x1b[0m" in coloured


def test_editions_outside_their_dates_are_told() -> None:
    late = finding(reference="ptp 2024Q3 (to 2024-09-30; the nearest earlier edition for 2026-02-17)")
    early = finding(reference="icd10 FY2025 (begins 2024-10-01, after 2023-01-05)")
    lines = shown(report([late, late | {"line": 2}, early, finding(reference="mue 2026Q2")]))
    at = lines.index("reference editions used outside their dates")
    assert lines[at + 1 :] == ["  icd10 FY2025: 1 finding", "  ptp 2024Q3: 2 findings"]


def test_a_claim_cannot_drive_the_terminal() -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J"
    row = finding(claim=hostile, found=hostile, raw=f"SV1*{hostile}", message=f"seen {hostile}", file=hostile)
    sample = report([row], [claim(claim=hostile, payer=hostile)])
    for lines in (
        shown(sample),
        list(concise.lines(cast(Any, sample), PLAIN)),
        list(summary.undecided_lines(cast(Any, sample), PLAIN)),
    ):
        assert "\x1b" not in "".join(lines)
        assert "\x07" not in "".join(lines)
    assert clean("a\r\nb") == "a··b"


def test_concise_is_one_line_a_finding() -> None:
    unknown = finding(outcome="unknown", edit="JW01", line=None)
    file_level = finding(claim=None, line=None, segment=None, carc=None, group=None, rarc=[])
    assert list(concise.lines(cast(Any, report([finding(), unknown, file_level])), PLAIN)) == [
        "clinic.837:31: claim 26-00417 line 1: EM01 deny office visit without modifier 25 beside an injection [CO-97 M15]",
        "clinic.837:31: claim 26-00417: JW01 unknown office visit without modifier 25 beside an injection",
        "clinic.837: EM01 deny office visit without modifier 25 beside an injection",
    ]


def test_json_keeps_the_schema() -> None:
    bare = finding(
        fix=None, carc=None, group=None, rarc=[], amount_at_risk=None, line=None, claim=None, transaction=None
    )
    error = {"file": "bad.837", "segment": None, "message": "no interchange envelope"}
    sample = report([finding(), bare], errors=[error])
    document = json.loads(json_of(sample))
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert document["findings"][0]["fix"]["safety"] == "review"
    assert document["findings"][1]["fix"] is None
    assert document["errors"] == [error]
    assert [*document["findings"][0]] == list(FINDING_FIELDS)


def test_json_of_no_findings_is_valid() -> None:
    jsonschema.validate(json.loads(json_of(report([]))), SCHEMA)


def test_the_kept_schema_is_the_shared_one() -> None:
    shared = Path("/work/shared/design/report.schema.json")
    if not shared.exists():
        pytest.skip(f"{shared} is not here")
    assert json.loads(shared.read_text()) == SCHEMA


def test_private_columns_never_leave() -> None:
    sample = report([finding(raw="NM1*IL*1*DOE*JANE")])
    out = io.BytesIO()
    machine.write_jsonl(cast(Any, sample), out)
    everything = json_of(sample) + out.getvalue() + json.dumps(csv_of(sample)).encode()
    for private in (b"raw", b"claim_id", b"DOE"):
        assert private not in everything


def test_jsonl_is_the_findings_alone() -> None:
    sample = report([finding(), finding(line=2, message='a "quoted" ünïcode message')])
    out = io.BytesIO()
    machine.write_jsonl(cast(Any, sample), out)
    lines = out.getvalue().decode().splitlines()
    assert [json.loads(line) for line in lines] == json.loads(json_of(sample))["findings"]


def test_csv_is_flat() -> None:
    patch = {"segment": 31, "element": "SV104", "old": "1", "new": "200"}
    fix = {"safety": "safe", "text": "a, b", "patches": [patch, patch]}
    rows = csv_of(
        report([finding(fix=fix, related_lines=[2, 3], rarc=["M15", "N19"]), finding(fix=None, related_lines=[])])
    )
    assert tuple(rows[0]) == tables.COLUMNS
    assert rows[0]["related_lines"] == "2;3"
    assert rows[0]["rarc"] == "M15;N19"
    assert rows[0]["amount_at_risk"] == "90.32"
    assert (rows[0]["fix_safety"], rows[0]["fix_text"]) == ("safe", "a, b")
    assert json.loads(rows[0]["fix_patches"]) == [patch, patch]
    assert rows[1]["fix_safety"] == rows[1]["fix_patches"] == rows[1]["related_lines"] == ""


def test_csv_of_nothing_has_its_header() -> None:
    out = io.BytesIO()
    tables.write_csv(cast(Any, report([])), out)
    assert out.getvalue().decode().strip() == ",".join(tables.COLUMNS)


def test_parquet_comes_back() -> None:
    sample = report([finding(), finding(fix=None)])
    out = io.BytesIO()
    tables.write_parquet(cast(Any, sample), out)
    frame = pl.read_parquet(io.BytesIO(out.getvalue()))
    assert tuple(frame.columns) == tables.COLUMNS
    assert frame["related_lines"].to_list() == [[2], [2]]
    assert frame["amount_at_risk"].to_list() == ["90.32", "90.32"]


def test_same_report_same_bytes() -> None:
    rows = [finding(line=n, edit=edit) for n in range(1, 40) for edit in ("EM01", "DRG11", "NCC02")]
    for write in (machine.write_json, machine.write_jsonl, tables.write_csv, tables.write_parquet):
        first, second = io.BytesIO(), io.BytesIO()
        write(cast(Any, report(rows)), first)
        write(cast(Any, report(rows)), second)
        assert first.getvalue() == second.getvalue()


def test_statistics_by_edit_count_a_line_once() -> None:
    patch = {"segment": 31, "element": "SV104", "old": "1", "new": "200"}
    fixable = finding(
        edit="DRG11",
        line=2,
        denied_line=None,
        amount_at_risk="10.00",
        fix={"safety": "safe", "text": "x", "patches": [patch]},
    )
    twice = finding(amount_at_risk="80.00")
    unknown = finding(edit="JW01", outcome="unknown", amount_at_risk=None)
    stats = statistics.statistics(cast(Any, report([finding(), twice, fixable, unknown])))
    by_key = {row["key"]: row for row in stats["rows"]}
    assert [row["key"] for row in stats["rows"]] == ["EM01", "DRG11", "JW01"]
    assert by_key["EM01"]["findings"] == 2
    assert by_key["EM01"]["claims"] == 1
    assert by_key["EM01"]["amount_at_risk"] == "90.32"
    assert (by_key["EM01"]["fixable"], by_key["DRG11"]["fixable"]) == (0, 1)
    assert (by_key["JW01"]["findings"], by_key["JW01"]["unknown"], by_key["JW01"]["amount_at_risk"]) == (0, 1, None)


def test_statistics_by_payer_and_provider() -> None:
    second = {"claim": "26-00418", "claim_id": 1}
    claims = [claim(), claim(payer="Aetna", rendering_npi="1114567890", **second)]
    file_level = finding(claim=None, claim_id=None)
    sample = cast(Any, report([finding(), finding(**second), file_level], claims))
    payers = statistics.statistics(sample, "payer")["rows"]
    assert [row["key"] for row in payers] == ["(none)", "Aetna", "Medicare Part B"]
    assert {row["key"] for row in statistics.statistics(sample, "provider")["rows"]} == {
        "(none)",
        "1114567890",
        "1234567893",
    }


def test_statistics_fit_the_terminal_and_the_json() -> None:
    sample = report([finding(name="a-name-that-is-long-enough-to-need-an-ellipsis-in-the-table")])
    stats = statistics.statistics(cast(Any, sample))
    lines = list(statistics.table_lines(stats, Style(width=100)))
    assert max(len(line) for line in lines) <= 100
    assert "…" in lines[1]
    document = json.loads(json_of(sample, stats))
    jsonschema.validate(document, SCHEMA)
    assert document["summary"]["statistics"]["rows"][0]["key"] == "EM01"


def test_money() -> None:
    assert (money("1234.5"), money("-3"), money("0")) == ("$1,234.50", "-$3.00", "$0.00")
