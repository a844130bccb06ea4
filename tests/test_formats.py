"""The page for people and the formats for other machines: shape, redaction, hostile text."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest

import scrubjay
from cli_runner import Run, claim_file, runner
from conftest import ROOT
from sample_report import finding
from sample_report import report as sample
from scrubjay.cases import parse, to_837
from scrubjay.render import sarif
from scrubjay.render.form import places
from scrubjay.render.html import write_html
from scrubjay.render.junit import write_junit
from scrubjay.render.markup import Markup, tag, text
from scrubjay.render.sarif import write_sarif
from scrubjay.report import Report

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 3, 20)
EMPTY = {"meta", "input", "br", "hr", "link"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror='x'> & \"quoted\" ]]> \x1b[31m\x00\x07"
PRIVATE = ("FEATHER", "1FD0AA1AA10", "19510411")
SECRETS = """
patient name="SECRETNAME, HIDDEN" sex=F dob=1951-04-11 member=MEMBER77
claim id=ACCOUNT99 dx=E53.8 note="told by her sister" group=GROUP55 ref_g1=AUTH66
line 99213
line 96372
line J3420 ndc=00143962010 note="left arm of Mrs Secretname" desc="vitamin for Secretname"
line J3490 units=3 desc="drug for Secretname"
"""
SECRET = (
    "SECRETNAME",
    "HIDDEN",
    "1951",
    "MEMBER77",
    "GROUP55",
    "AUTH66",
    "sister",
    "Mrs Secretname",
    "vitamin for Secretname",
    "drug for Secretname",
)


def checked(rows: str = SECRETS, **options: Any) -> Report:
    (case,) = parse(rows)
    return scrubjay.check(to_837(case), as_of=case.as_of, raw=True, keep=50, **options)


def page(report: Any, **options: bool) -> str:
    out = io.BytesIO()
    write_html(cast(Report, report), out, **options)
    return out.getvalue().decode()


def log(report: Any, **options: bool) -> dict[str, Any]:
    out = io.BytesIO()
    write_sarif(cast(Report, report), out, **options)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def suites(report: Any, **options: Any) -> ElementTree.Element:
    out = io.BytesIO()
    write_junit(cast(Report, report), out, **options)
    return ElementTree.fromstring(out.getvalue().decode())


@pytest.fixture(scope="module")
def clinic() -> Report:
    return scrubjay.check([ROOT / "examples" / "clinic.837"], as_of=AS_OF, raw=True, keep=300)


class Reader(HTMLParser):
    """Reads a page strictly: tags balance, ids are unique, local links lead somewhere, nothing is loaded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.labelled: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in EMPTY:
            self.open.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        known = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value[1:] for name, value in attrs if name == "href" and value and value.startswith("#")]
        if tag in ("input", "select") and "label" not in self.open:
            self.labelled.append(str(known))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


# --- the page


def test_page_is_whole_and_loads_nothing(clinic: Report) -> None:
    html = page(clinic)
    read = Reader(html)
    assert len(read.ids) == len(set(read.ids))
    assert set(read.links) <= set(read.ids)
    assert read.labelled == [], "every field has its label"
    loading = [(tag, name) for tag, name, _ in read.attributes if name in ("src", "srcset", "action", "data", "style")]
    assert loading == []
    assert not [value for _, name, value in read.attributes if name == "href" and not str(value).startswith("#")]
    assert not re.search(r"https?://(?!www\.w3\.org/)|@import|url\(", html)


def test_page_allows_only_its_own_style_and_script(clinic: Report) -> None:
    html = page(clinic)
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert found
    policy = found[1].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'; ")
    for name in ("style", "script"):
        (body,) = re.findall(rf"<{name}>(.*?)</{name}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_page_shows_every_claim_with_its_findings_and_marks_the_box(clinic: Report) -> None:
    html = page(clinic)
    assert html.count('<article id="c') == clinic.findings["claim_id"].drop_nulls().n_unique()
    for row in clinic.findings.iter_rows(named=True):
        assert str(text(row["message"])) in html
        assert all(str(text(source)) in html for source in row["sources"])
    article = html.split("Claim 26-00417")[1].split("</article>")[0]
    assert re.search(r'<td class="c24D hit deny">99213 <a class="mark deny" href="#(c\d+-f1)"', article)
    assert "would be denied" in article
    assert "Medicare Part B would deny line 1" in article
    assert "SV1*HC:<mark>99213</mark>*" in article


def test_page_is_the_same_every_time(clinic: Report) -> None:
    assert page(clinic) == page(clinic)


def test_page_hides_the_patient_unless_asked() -> None:
    html = page(checked())
    assert [secret for secret in SECRET if secret in html] == []
    assert "ACCOUNT99" in html
    assert "age 74" in html
    shown = page(checked(phi=True), phi=True)
    assert [secret for secret in SECRET if secret not in shown] == []
    assert "Patient data is shown" in shown


def test_page_says_what_was_not_decided_not_run_and_not_read() -> None:
    unknown = finding(edit="JW01", outcome="unknown", message="the container of J3420 is not known.", line=3)
    html = page(_sample([unknown]))
    assert "<b>JW01</b> the container of J3420 is not known (claim 26-00417 line 3)" in html
    assert "No claim has a finding" in html
    skipped = {"edit": "NCC01", "state": "skipped", "in_scope": None, "hits": 0, "unknown": 0, "why": "no table ptp"}
    broken = {"file": "b.837", "segment": 3, "message": "no interchange envelope"}
    html = page(_sample([], coverage=[skipped], errors=[broken]))
    assert "<b>NCC01</b> skipped: no table ptp" in html
    assert "<b>b.837: </b>no interchange envelope" in html
    assert "No claim has a finding" in html


def test_page_draws_the_claims_with_the_most_at_stake(clinic: Report) -> None:
    few = scrubjay.check([ROOT / "examples" / "clinic.837"], as_of=AS_OF, raw=True, keep=4)
    html = page(few)
    assert html.count("<article") == 4
    total = few.findings["claim_id"].n_unique()
    assert f"{total} claims have findings; the 4 with the most at stake are drawn here" in html
    assert few.kept is not None
    assert clinic.kept is not None
    assert few.kept.claims["claim_id"].is_sorted()
    # The claim with two thousand dollars at risk is among them.
    assert "26-00431" in few.kept.claims["claim"].to_list()
    assert few.findings.drop("raw").equals(clinic.findings.drop("raw"))


def test_a_claim_whose_findings_were_taken_out_is_not_drawn(clinic: Report) -> None:
    rest = replace(clinic, findings=clinic.findings.filter(edit="EM01"))
    html = page(rest)
    assert html.count("<article") == rest.findings["claim_id"].n_unique()


def test_claims_are_kept_only_when_asked() -> None:
    (case,) = parse(SECRETS)
    assert scrubjay.check(to_837(case), as_of=case.as_of).kept is None


def test_a_claim_judged_again_with_another_file_is_kept_once(tmp_path: Path) -> None:
    rows = SECRETS.replace("line 99213\n", "")
    visit = claim_file(tmp_path / "a.837", SECRETS.split("line 96372")[0])
    injection = claim_file(tmp_path / "b.837", rows)
    report = scrubjay.check([visit, injection], as_of=AS_OF, keep=10)
    assert report.kept is not None
    assert report.kept.claims["claim_id"].is_unique().all()
    assert report.kept.lines["line_id"].is_unique().all()
    assert set(report.findings.filter(outcome="hit")["claim_id"]) == set(report.kept.claims["claim_id"])


def _sample(findings: list[dict[str, Any]], **more: Any) -> Any:
    made = sample(findings, **more)
    object.__setattr__(made, "kept", None)
    return made


def test_hostile_text_stays_text() -> None:
    rows = SECRETS.replace("ACCOUNT99", '"<img src=x onerror=alert(1)>"').replace("J3420", "J3420 mods=<b>")
    Reader(page(checked(rows, phi=True), phi=True))
    html = page(checked(rows))
    assert "<img" not in html
    assert "&lt;img src=x" in html
    whole = finding(claim=None, claim_id=None, line=None, message=HOSTILE, found=HOSTILE, file=HOSTILE)
    html = page(_sample([whole], errors=[{"file": HOSTILE, "segment": None, "message": HOSTILE}]))
    Reader(html)
    assert html.count("<script>") == 1
    assert "\x1b" not in html
    assert "\x00" not in html


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"box": "24D", "element": "SV101-2", "line": 2}, [("24D", 2)]),
        ({"box": "24D", "element": "SV101-4", "line": 2}, [("24M", 2)]),
        ({"box": "24A", "element": "LIN03", "line": 1}, [("24S", 1)]),
        ({"box": "24A", "element": "DTP03", "line": 1}, [("24A", 1)]),
        ({"box": "24A shaded", "element": "CTP04", "line": 1}, [("24S", 1)]),
        ({"box": "19", "element": "SV101-7", "line": 3}, [("24S", 3)]),
        ({"box": "19", "element": "NTE02", "line": None}, [("19", None)]),
        ({"box": "33a", "element": "NM109", "line": None}, [("33", None)]),
        ({"box": "1a", "element": "NM109", "line": None}, [("1a", None)]),
        ({"box": "21", "element": "HI02-2", "line": None, "segment": 30}, [("21", 2)]),
        ({"box": "21", "element": None, "line": None}, [("21", None)]),
        ({"box": None, "element": "SV104", "line": 4}, [("24G", 4)]),
        ({"box": None, "element": "DTP03", "line": 4}, [("24A", 4)]),
        ({"box": None, "element": "DTP03", "line": None}, []),
        ({"box": None, "element": "CLM02", "line": None}, [("28", None)]),
        ({"box": None, "element": None, "line": 4}, [("24", 4)]),
        ({"box": None, "element": None, "line": None}, []),
    ],
)
def test_a_finding_knows_its_box(changed: dict[str, Any], wanted: list[tuple[str, int | None]]) -> None:
    diagnoses = [{"segment": 30, "element": n, "position": n} for n in (1, 2, 3)]
    assert places(finding(**changed), diagnoses) == wanted


def test_markup_escapes_everything_but_itself() -> None:
    assert tag("p", "<b>", Markup("<i>"), None, 3, ["&", tag("br")]) == "<p>&lt;b&gt;<i>3&amp;<br></p>"
    assert tag("a", "x", href='"><script>', hidden=True, open=False, for_="y") == (
        '<a href="&quot;&gt;&lt;script&gt;" hidden for="y">x</a>'
    )


# --- SARIF

URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


def assert_sarif(document: dict[str, Any]) -> None:
    """Assert what the SARIF 2.1.0 schema asks of the parts that are written here."""
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-schema-2.1.0.json")
    for run in document["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert run["tool"]["driver"]["name"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for rule in rules:
            assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
            assert rule["shortDescription"]["text"]
            assert rule["help"]["text"]
            assert "helpUri" not in rule or re.match(r"https?://", rule["helpUri"]), "the schema wants an absolute URI"
        for invocation in run["invocations"]:
            assert isinstance(invocation["executionSuccessful"], bool)
            for notification in [
                *invocation["toolExecutionNotifications"],
                *invocation["toolConfigurationNotifications"],
            ]:
                assert notification["message"]["text"]
                assert notification["level"] in ("none", "note", "warning", "error")
        for artifact in run["artifacts"]:
            assert URI.fullmatch(artifact["location"]["uri"])
            assert artifact["length"] >= -1
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["kind"] in ("fail", "open")
            assert result["level"] in (("none",) if result["kind"] == "open" else ("note", "warning", "error"))
            assert result["message"]["text"]
            (location,) = result["locations"]
            physical = location["physicalLocation"]
            assert URI.fullmatch(physical["artifactLocation"]["uri"])
            assert physical.get("region", {"startLine": 1})["startLine"] >= 1
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())


def test_sarif_has_the_shape_of_the_standard(clinic: Report) -> None:
    document = log(clinic)
    assert_sarif(document)
    (run,) = document["runs"]
    assert len(run["results"]) == len(clinic.findings)
    by_level = {"error": 0, "warning": 0, "note": 0, "none": 0}
    for result in run["results"]:
        by_level[result["level"]] += 1
    found = clinic.summary["findings"]
    assert by_level == {"error": found["deny"], "warning": found["warn"], "note": found["info"], "none": 0}
    em01 = next(result for result in run["results"] if result["ruleId"] == "EM01")
    row = clinic.findings.filter(edit="EM01").row(0, named=True)
    assert em01["locations"][0]["physicalLocation"]["region"]["startLine"] == row["segment"]
    prints = [result["partialFingerprints"]["scrubjayFinding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_of_a_run_that_could_not_check_everything() -> None:
    unknown = finding(edit="JW01", outcome="unknown", segment=None)
    skipped = {"edit": "NCC01", "state": "skipped", "in_scope": None, "hits": 0, "unknown": 0, "why": "no table ptp"}
    crashed = skipped | {"edit": "EM02", "state": "crashed", "why": "ValueError at x.py:3"}
    error = {"file": "b.837", "segment": 7, "message": "not X12"}
    document = log(sample([unknown], coverage=[skipped, crashed], errors=[error]))
    assert_sarif(document)
    (run,) = document["runs"]
    assert run["results"][0]["kind"] == "open"
    assert "region" not in run["results"][0]["locations"][0]["physicalLocation"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [n["message"]["text"] for n in invocation["toolExecutionNotifications"]] == ["not X12"]
    told = [n["message"]["text"] for n in invocation["toolConfigurationNotifications"]]
    assert told == ["NCC01 skipped: no table ptp", "EM02 crashed: ValueError at x.py:3"]


def test_sarif_names_its_pages_where_the_package_has_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "documentation", lambda: "https://example.org/scrubjay")
    (rule,) = log(sample([finding()]))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://example.org/scrubjay/docs/edits/EM01.md"
    monkeypatch.setattr(sarif, "documentation", lambda: None)
    (rule,) = log(sample([finding()]))["runs"][0]["tool"]["driver"]["rules"]
    assert "helpUri" not in rule
    assert (ROOT / rule["properties"]["page"]).exists()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("examples/clinic.837", "examples/clinic.837"),
        ("a b#1%.837", "a%20b%231%25.837"),
        ("<stdin>", "%3Cstdin%3E"),
        ("c:odd.837", "c%3Aodd.837"),
        ("/tmp/a b.837", "file:///tmp/a%20b.837"),
    ],
)
def test_file_names_become_uris(name: str, wanted: str) -> None:
    assert sarif.uri(name) == wanted


# --- JUnit


def test_junit_counts_what_it_holds(clinic: Report) -> None:
    root = suites(clinic)
    found = clinic.summary["findings"]
    assert root.tag == "testsuites"
    assert int(root.get("failures", "")) == found["deny"]
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for counter, name in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(counter, "")) == len(suite.findall(f"testcase/{name}"))
    assert int(root.get("tests", "")) == len(root.findall("*/testcase"))


@pytest.mark.parametrize(("fail_on", "levels"), [("warn", ("deny", "warn")), ("never", ())])
def test_junit_fails_where_the_run_fails(clinic: Report, fail_on: str, levels: tuple[str, ...]) -> None:
    root = suites(clinic, fail_on=fail_on)
    assert int(root.get("failures", "")) == sum(clinic.summary["findings"][level] for level in levels)


def test_junit_tells_unknown_skipped_crashed_and_broken_apart() -> None:
    unknown = finding(edit="JW01", outcome="unknown")
    skipped = {"edit": "NCC01", "state": "skipped", "in_scope": None, "hits": 0, "unknown": 0, "why": "no table ptp"}
    crashed = skipped | {"edit": "EM02", "state": "crashed", "why": "ValueError at x.py:3"}
    root = suites(
        sample([unknown], coverage=[skipped, crashed], errors=[{"file": "b.837", "segment": 7, "message": "bad"}])
    )
    assert [case.get("name") for case in root.findall("*/testcase[error]")] == ["segment 7", "EM02"]
    assert len(root.findall("*/testcase[skipped]")) == 2
    clean = suites(sample([]))
    assert [case.get("name") for case in clean[0]] == ["2 claims without a finding"]


# --- both


def test_machine_formats_tell_nothing_of_the_claim() -> None:
    report = checked()
    for written in (json.dumps(log(report)), ElementTree.tostring(suites(report), encoding="unicode")):
        assert [secret for secret in (*SECRET, "ACCOUNT99", "2026-03-02") if secret in written] == []
    shown = json.dumps(log(report, phi=True)) + ElementTree.tostring(suites(report, phi=True), encoding="unicode")
    assert shown.count("ACCOUNT99") >= 2
    assert "99213" in shown


def test_the_key_of_a_claim_is_its_own_and_stays() -> None:
    first, again = checked(), checked()
    other = checked(SECRETS.replace("ACCOUNT99", "ACCOUNT98"))
    keys = [log(report)["runs"][0]["results"][0]["properties"]["claim"] for report in (first, again, other)]
    assert keys[0] == keys[1] != keys[2]
    assert re.fullmatch(r"[0-9a-f]{12}", keys[0])


@pytest.mark.parametrize("phi", [False, True])
def test_machine_formats_survive_hostile_text(phi: bool) -> None:
    rows = [
        finding(message=HOSTILE, found=HOSTILE, expected=HOSTILE, claim=HOSTILE, file=HOSTILE, policy=HOSTILE),
        finding(message="\ud800 lone surrogate", file="bad\udcff.837", reference=HOSTILE),
    ]
    made = sample([], errors=[{"file": HOSTILE, "segment": None, "message": HOSTILE}])
    object.__setattr__(made, "findings", _Rows(rows))
    assert_sarif(log(made, phi=phi))
    root = suites(made, phi=phi)
    assert len(root.findall("*/testcase[failure]")) == 2


class _Rows:
    """Findings with text that a frame would refuse."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def to_dicts(self) -> list[dict[str, Any]]:
        return self._rows

    def iter_rows(self, *, named: bool) -> list[dict[str, Any]]:
        assert named
        return self._rows


# --- the command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(capsys, tmp_path, monkeypatch)


@pytest.mark.parametrize("format", ["html", "sarif", "junit"])
def test_the_command_writes_each_format(run: Run, tmp_path: Path, format: str) -> None:
    file = claim_file(tmp_path / "in.837", SECRETS)
    ran = run("check", file, "--as-of", "2026-03-20", "--format", format, "-o", tmp_path / "out")
    written = (tmp_path / "out").read_text()
    assert ran.code == 1
    assert ran.out == ""
    assert "1 claim, 4 lines in 1 input" in ran.err
    assert [secret for secret in SECRET if secret in written + ran.err] == []
    if format != "html":
        assert "ACCOUNT99" not in written + ran.err
    with_patient = run("check", file, "--as-of", "2026-03-20", "--format", format, "--phi")
    assert "ACCOUNT99" in with_patient.out
    if format == "html":
        assert "SECRETNAME" in with_patient.out


def test_ci_output_names_no_claim_that_was_not_decided(run: Run, tmp_path: Path) -> None:
    file = claim_file(tmp_path / "in.837", SECRETS.replace("line 99213", "line 99213 dos=none"))
    ran = run("check", file, "--as-of", "2026-03-20", "--format", "sarif")
    assert "ACCOUNT99" not in ran.out + ran.err
    assert '"kind": "open"' in ran.out
