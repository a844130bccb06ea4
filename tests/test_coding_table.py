"""Every substance and route of the table of administration codes, and the near misses a nervous coder gets wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.chart.coding.document import findings
from scrubjay.chart.coding.engine import Coding
from scrubjay.chart.coding.reference import tables_of as looked_up
from scrubjay.chart.tables import phrases, rows
from scrubjay.checker import shared_references
from test_coding import AS_OF, UHC, coded, drug

pytestmark = pytest.mark.slow

COMMERCIAL = {"payer_name": "EXAMPLE COMMERCIAL HEALTH", "payer_id": "EXCOM", "filing_code": "CI"}
VIAL = {"container": "single-dose vial", "waste": "0"}
CHILD = {"patient": {"last_name": "FEATHER", "first_name": "ADA", "birth_date": "2021-05-05", "sex": "F"}}
INFANT = {"patient": {"last_name": "FEATHER", "first_name": "ADA", "birth_date": "2025-11-05", "sex": "F"}}
BY_MD = {"counselling": "yes", "counsellor": "Robin Sample", "counsellor_credential": "MD"}
KENALOG = {"ndc": "00003029305", "waste": "0"}
CABENUVA = {
    "drug": "Cabenuva", "dose": {"value": "400", "text": "400 mg/600 mg", "start": 0, "end": 13}, "unit": "mg", "route": "IM",
    "container": "single-dose kit", "waste": "0",
}  # fmt: skip
NS = {"drug": "normal saline", "route": "IV"}


def knee(**more: Any) -> dict[str, Any]:
    dose = {"dose": "40", "unit": "mg", "route": "intra-articular", "site": "knee", "laterality": "right", **KENALOG}
    return {"drug": "Kenalog", **dose, **more}


def vaccine(name: str, route: str = "IM", **more: Any) -> dict[str, Any]:
    return {"drug": name, "dose": "0.5", "unit": "mL", "route": route, **more}


def services(coding: Coding) -> list[str]:
    """Return the lines that are no drug: code, modifiers, units."""
    return [
        f"{'-'.join([draft.code, *draft.modifiers])} x{draft.units}"
        for draft in coding.drafts
        if re.match(r"\d{5}$|G00|G0138", draft.code) and not re.match(r"90(?:2|3|6|7)|913", draft.code)
    ]


def denials(coding: Coding) -> list[str]:
    return [row["edit"] for row in findings(coding) if row["outcome"] == "hit" and row["level"] == "deny"]


def reasons(coding: Coding, code: str) -> list[str]:
    return [why for own, why in coding.rejected if own == code]


def question(coding: Coding, word: str) -> str:
    return next((text for text in coding.missing if word in text), "")


TABLE: list[tuple[str, str, list[dict[str, Any]], tuple[str, ...], dict[str, Any], list[str]]] = [
    # row of the table, case, administrations, diagnoses, more, services
    ("SC or IM", "into muscle", [drug("ketorolac", "30", "mg", "IM", **VIAL)], ("M54.50",), {}, ["96372 x1"]),
    ("SC or IM", "under the skin", [drug("heparin", "5000", "units", "SC", **VIAL)], ("I82.401",), {}, ["96372 x1"]),
    ("immune globulin", "IM", [drug("HyperHEP B", "5", "mL", "IM", **VIAL)], ("Z20.5",), {}, ["96372 x1"]),
    ("immune globulin", "IV infusion",
     [{"drug": "immune globulin", "code": "J1569", "dose": "10", "unit": "g", "route": "IV", "start": "09:00", "stop": "11:31", **VIAL}],
     ("D80.1",), {}, ["96365 x1", "96366 x2"]),
    ("palivizumab", "IM", [drug("palivizumab", "100", "mg", "IM", **VIAL)], ("Z29.11",), {"payer": COMMERCIAL, **INFANT}, ["96372 x1"]),
    ("palivizumab", "counselled, too", [drug("palivizumab", "100", "mg", "IM", **VIAL, **BY_MD)], ("Z29.11",),
     {"payer": COMMERCIAL, **INFANT}, ["96372 x1"]),
    ("RSV antibody", "counselled", [drug("nirsevimab", "50", "mg", "IM", **BY_MD)], ("Z29.11",),
     {"payer": COMMERCIAL, **INFANT}, ["96380 x1"]),
    ("RSV antibody", "not counselled", [drug("nirsevimab", "50", "mg", "IM")], ("Z29.11",),
     {"payer": COMMERCIAL, **INFANT}, ["96381 x1"]),
    ("vaccine", "child, counselled",
     [vaccine("MMR", "SC", ndc="00006468101", **BY_MD), vaccine("varivax", "SC", ndc="00006482701", **BY_MD)],
     ("Z23",), {"payer": UHC, **CHILD}, ["90460 x2", "90461 x2"]),
    ("vaccine", "adult", [vaccine("Tdap", **BY_MD)], ("Z23",), {}, ["90471 x1"]),
    ("vaccine", "two", [vaccine("Tdap"), vaccine("Shingrix")], ("Z23",), {}, ["90471 x1", "90472 x1"]),
    ("vaccine", "by nose beside one by needle", [vaccine("Gardasil 9"), {"drug": "FluMist", "code": "90660", "route": "inhaled"}],
     ("Z23",), {"payer": COMMERCIAL, **CHILD}, ["90471 x1", "90474 x1"]),
    ("vaccine", "by mouth alone", [{"drug": "Rotarix", "code": "90681", "route": "oral"}], ("Z23",), {"payer": COMMERCIAL, **INFANT},
     ["90473 x1"]),
    ("COVID", "", [{"drug": "covid-19 vaccine", "cvx": "312", "route": "IM"}], ("Z23",), {}, ["90480 x1"]),
    ("COVID", "child, counselled", [{"drug": "covid-19 vaccine", "cvx": "312", "route": "IM", **BY_MD}], ("Z23",),
     {"payer": COMMERCIAL, **CHILD}, ["90480 x1"]),
    ("Medicare vaccine", "flu", [vaccine("Fluzone High-Dose")], ("Z23",), {}, ["G0008 x1"]),
    ("Medicare vaccine", "pneumococcal", [vaccine("Prevnar 20")], ("Z23",), {}, ["G0009 x1"]),
    ("Medicare vaccine", "hepatitis B", [vaccine("Heplisav-B")], ("Z23",), {}, ["G0010 x1"]),
    ("PrEP", "Medicare", [drug("Apretude", "600", "mg", "IM", **VIAL)], ("Z29.81",), {}, ["G0012 x1"]),
    ("PrEP", "treatment is none", [CABENUVA], ("B20",), {}, ["96372 x2"]),
    ("antineoplastic", "SC", [drug("methotrexate", "15", "mg", "SC", **VIAL)], ("M06.9",), {}, ["96401 x1"]),
    ("antineoplastic", "biologic not complex enough", [drug("Nucala", "100", "mg", "SC", **VIAL)], ("J45.50",), {}, ["96372 x1"]),
    ("hormonal", "cancer", [drug("degarelix", "80", "mg", "SC", **VIAL)], ("C61",), {}, ["96402 x1"]),
    ("hormonal", "implant of goserelin", [drug("goserelin", "3.6", "mg", "implant", **VIAL)], ("C61",), {}, ["96402 x1"]),
    ("hormonal", "no cancer", [drug("triptorelin", "11.25", "mg", "IM", **VIAL)], ("E30.1",), {"payer": COMMERCIAL, **CHILD}, ["96372 x1"]),
    ("IV push", "first and another drug",
     [drug("ondansetron", "4", "mg", "IV-push", **VIAL), drug("ketorolac", "15", "mg", "IV-push", **VIAL)], ("R11.2",), {},
     ["96374 x1", "96375 x1"]),
    ("IV push", "15 minutes", [drug("ondansetron", "4", "mg", "IV", start="09:00", stop="09:15", **VIAL)], ("R11.2",), {}, ["96374 x1"]),
    ("IV push", "one drug twice",
     [drug("ondansetron", "4", "mg", "IV-push", **VIAL), drug("ondansetron", "4", "mg", "IV-push", **VIAL)], ("R11.2",), {},
     ["96374 x1"]),
    ("IV infusion", "16 minutes", [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="09:16", **VIAL)], ("J15.9",), {}, ["96365 x1"]),
    ("IV infusion", "90 minutes", [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="10:30", **VIAL)], ("J15.9",), {}, ["96365 x1"]),
    ("IV infusion", "91 minutes", [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="10:31", **VIAL)], ("J15.9",), {},
     ["96365 x1", "96366 x1"]),
    ("IV infusion", "another drug after it",
     [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="09:30", **VIAL),
      drug("magnesium sulfate", "1", "g", "IV", start="09:35", stop="10:05", **VIAL)], ("J15.9",), {}, ["96365 x1", "96367 x1"]),
    ("IV infusion", "beside it",
     [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="10:00", **VIAL),
      drug("magnesium sulfate", "1", "g", "IV", start="09:10", stop="09:40", **VIAL)], ("J15.9",), {}, ["96365 x1", "96368 x1"]),
    ("IV infusion", "one drug again is no further drug",
     [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="09:50", **VIAL),
      drug("ceftriaxone", "1", "g", "IV", start="12:00", stop="12:50", **VIAL)], ("J15.9",), {}, ["96365 x1", "96366 x1"]),
    ("IV infusion", "over midnight",
     [drug("ceftriaxone", "1", "g", "IV", start="23:50", stop="00:20", **VIAL)], ("J15.9",), {}, ["96365 x1"]),
    ("IV infusion", "chemotherapy, then a drug, then a push",
     [drug("ondansetron", "8", "mg", "IV", start="08:30", stop="08:50", **VIAL),
      drug("azacitidine", "100", "mg", "IV", start="09:00", stop="10:31", **VIAL),
      drug("dexamethasone", "8", "mg", "IV-push", time="08:20", **VIAL)], ("D46.9",), {},
     ["96413 x1", "96415 x1", "96367 x1", "96375 x1"]),
    ("IV infusion", "a biosimilar antineoplastic",
     [{"drug": "Mvasi", "code": "Q5107", "dose": "400", "unit": "mg", "route": "IV", "start": "09:00", "stop": "09:31", **VIAL}],
     ("C18.9",), {}, ["96413 x1"]),
    ("IV infusion", "chemotherapy pushes",
     [drug("methotrexate", "50", "mg", "IV-push", **VIAL), drug("bortezomib", "2.5", "mg", "IV-push", **VIAL)], ("C90.00",), {},
     ["96409 x1", "96411 x1"]),
    ("hydration", "31 minutes", [{**NS, "volume_ml": "500", "start": "09:00", "stop": "09:31", "purpose": "hydration"}], ("E86.0",), {},
     ["96360 x1"]),
    ("hydration", "91 minutes", [{**NS, "volume_ml": "1000", "start": "09:00", "stop": "10:31", "purpose": "hydration"}], ("E86.0",), {},
     ["96360 x1", "96361 x1"]),
    ("hydration", "30 minutes",
     [{**NS, "volume_ml": "500", "start": "09:00", "stop": "09:30", "purpose": "hydration"}], ("E86.0",), {}, []),
    ("hydration", "after a push",
     [drug("ondansetron", "4", "mg", "IV-push", **VIAL),
      {**NS, "volume_ml": "1000", "start": "09:00", "stop": "10:00", "purpose": "hydration"}], ("E86.0",), {}, ["96374 x1", "96361 x1"]),
    ("hydration", "beside an infusion all the time",
     [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="10:00", **VIAL),
      {**NS, "volume_ml": "1000", "start": "09:00", "stop": "10:00", "purpose": "hydration"}], ("J15.9",), {}, ["96365 x1"]),
    ("hydration", "to keep the line open",
     [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="10:00", **VIAL),
      {**NS, "volume_ml": "500", "start": "10:00", "stop": "11:00", "purpose": "keep-open"}], ("J15.9",), {}, ["96365 x1"]),
    ("hydration", "what carries a drug",
     [drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="10:00", **VIAL),
      {**NS, "volume_ml": "250", "start": "09:00", "stop": "10:00", "purpose": "diluent"}], ("J15.9",), {}, ["96365 x1"]),
    ("intra-arterial", "", [drug("heparin", "5000", "units", "IA", **VIAL)], ("I74.3",), {}, ["96373 x1"]),
    ("intra-arterial", "chemotherapy, a push",
     [drug("methotrexate", "50", "mg", "IA", start="09:00", stop="09:10", **VIAL)], ("C22.0",), {},
     ["96420 x1"]),
    ("on-body", "", [drug("Neulasta Onpro on-body", "6", "mg", "SC", ndc="55513019201", waste="0")], ("D70.1",), {}, ["96377 x1"]),
    ("on-body", "a syringe of it",
     [drug("Neulasta", "6", "mg", "SC", container="prefilled syringe", waste="0")], ("D70.1",), {}, ["96372 x1"]),
    ("allergen", "one", [{"drug": "allergen extract", "route": "SC"}], ("J30.1",), {}, ["95115 x1"]),
    ("allergen", "two told as two",
     [{"drug": "allergen extract", "route": "SC"}, {"drug": "allergen extract", "route": "SC"}], ("J30.1",), {},
     ["95117 x1"]),
    ("allergen", "two told as a number", [{"drug": "allergen extract", "route": "SC", "injections": "2"}], ("J30.1",), {}, ["95117 x1"]),
    ("joint", "large", [knee()], ("M17.11",), {}, ["20610-RT x1"]),
    ("joint", "large, ultrasound", [knee(guidance="ultrasound", guidance_report="yes")], ("M17.11",), {}, ["20611-RT x1"]),
    ("joint", "medium", [knee(site="wrist")], ("M19.031",), {}, ["20605-RT x1"]),
    ("joint", "medium, ultrasound", [knee(site="wrist", guidance="ultrasound", guidance_report="yes")], ("M19.031",), {}, ["20606-RT x1"]),
    ("joint", "small", [knee(site="finger")], ("M19.041",), {}, ["20600-RT x1"]),
    ("joint", "small, ultrasound", [knee(site="finger", guidance="ultrasound", guidance_report="yes")], ("M19.041",), {}, ["20604-RT x1"]),
    ("joint", "bursa",
     [drug("Kenalog", "40", "mg", "intrabursal", site="trochanteric bursa", laterality="left", **KENALOG)], ("M70.62",), {},
     ["20610-LT x1"]),
    ("joint", "tendon sheath", [{**knee(site="finger", procedure="tendon sheath"), "route": None}], ("M65.341",), {}, ["20550-RT x1"]),
    ("joint", "tendon at its bone", [{**knee(site="lateral epicondyle"), "route": None}], ("M77.11",), {}, ["20551 x1"]),
    ("joint", "one or two muscles", [{"drug": "lidocaine", "procedure": "trigger point", "muscles": "2"}], ("M79.18",), {}, ["20552 x1"]),
    ("joint", "three muscles", [{"drug": "lidocaine", "procedure": "trigger point", "muscles": "3"}], ("M79.18",), {}, ["20553 x1"]),
    ("joint", "steroid into muscle", [drug("Kenalog", "40", "mg", "IM", site="gluteal", laterality="left", **KENALOG)], ("L50.9",), {},
     ["96372 x1"]),
    ("block", "greater occipital", [{"drug": "bupivacaine", "nerve": "greater occipital", "laterality": "left"}], ("M54.81",), {},
     ["64405-LT x1"]),
    ("block", "another peripheral nerve", [{"drug": "bupivacaine", "nerve": "lateral femoral cutaneous nerve", "laterality": "right"}],
     ("G57.11",), {}, ["64450-RT x1"]),
    ("block", "lumbar epidural",
     [drug("Depo-Medrol", "80", "mg", "epidural", site="lumbar spine", procedure="interlaminar", guidance="fluoroscopy", **VIAL)],
     ("M54.16",), {}, ["62323 x1"]),
    ("block", "two roots",
     [drug("dexamethasone", "10", "mg", "epidural", site="lumbar spine", procedure="transforaminal", guidance="fluoroscopy", levels="2",
           laterality="left", **VIAL)], ("M54.16",), {}, ["64483-LT x1", "64484-LT x1"]),
    ("block", "three facet levels",
     [drug("Depo-Medrol", "40", "mg", None, site="lumbar spine", procedure="facet", guidance="fluoroscopy", levels="3", laterality="right",
           **VIAL)], ("M47.816",), {}, ["64493-RT x1", "64494-RT x1", "64495-RT x1"]),
    ("block", "migraine", [drug("Botox", "155", "units", "IM", site="head and neck", diagnosis="G43.709", container="vial", waste="45")],
     ("G43.709",), {}, ["64615 x1"]),
    ("block", "two limbs",
     [drug("Botox", "50", "units", "IM", site="forearm", laterality="left", muscles="3", container="vial", waste="0"),
      drug("Botox", "150", "units", "IM", site="calf", laterality="left", muscles="6", container="vial", waste="0")], ("G81.14",), {},
     ["64643 x1", "64644 x1"]),
    ("test", "tuberculin", [{"drug": "tuberculin", "route": "intradermal"}], ("Z11.1",), {}, ["86580 x1"]),
    ("test", "prick", [{"drug": "allergen extract", "procedure": "prick test", "tests": "24"}], ("J30.1",), {}, ["95004 x24"]),
    ("test", "intradermal", [{"drug": "allergen extract", "route": "intradermal", "tests": "8"}], ("J30.1",), {}, ["95024 x8"]),
    ("test", "read late",
     [{"drug": "allergen extract", "route": "intradermal", "procedure": "delayed reading", "tests": "3"}], ("L23.9",), {},
     ["95028 x3"]),
    ("eye, lesion, implant", "eye", [drug("Lucentis", "0.5", "mg", "intravitreal", laterality="left", **VIAL)], ("H35.3221",), {},
     ["67028-LT x1"]),
    ("eye, lesion, implant", "seven lesions", [drug("Kenalog", "10", "mg", "intralesional", lesions="7", **KENALOG)], ("L91.0",), {},
     ["11900 x1"]),
    ("eye, lesion, implant", "eight lesions", [drug("Kenalog", "10", "mg", "intralesional", lesions="8", **KENALOG)], ("L91.0",), {},
     ["11901 x1"]),
    ("eye, lesion, implant", "pellet", [drug("Testopel", "450", "mg", "implant", **VIAL)], ("E29.1",), {}, ["11980 x1"]),
    ("eye, lesion, implant", "implant", [{"drug": "Nexplanon", "dose": "1", "unit": "units", "route": "implant"}],
     ("Z30.017",), {"payer": COMMERCIAL}, ["11981 x1"]),
    ("G0138", "", [drug("cipaglucosidase", "100", "mg", "IV", start="09:00", stop="10:00", code="J1203", **VIAL)], ("E74.02",), {},
     ["96365 x1"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "case", "charts", "dx", "more", "codes"), TABLE, ids=[f"{row}: {case}" for row, case, *_ in TABLE]
)
def test_the_code_follows_substance_and_route(
    row: str, case: str, charts: list[dict[str, Any]], dx: tuple[str, ...], more: dict[str, Any], codes: list[str]
) -> None:
    coding = coded(*charts, dx=dx, **more)
    assert sorted(services(coding)) == sorted(codes), (coding.missing, coding.rejected)
    assert not denials(coding), [found for found in findings(coding) if found["level"] == "deny"]
    for draft in coding.drafts:
        assert draft.why


def test_no_row_of_the_catalogue_is_without_a_case(shared: Callable[[str], Path]) -> None:
    text = shared("domain/injection-edits.md").read_text()
    table = text[text.index("### 2.4") :]
    cells = [line.split("|")[2] for line in table[: table.index("\n## ")].splitlines() if line.count("|") == 3]
    reached = {code.split(" ")[0].split("-")[0] for *_, codes in TABLE for code in codes} | {"G0138"}
    assert len(cells) > 15
    for cell in cells[2:]:
        spans = re.findall(r"\b([G\d]\d{4})(?:-(\d{5}))?", cell)
        assert spans, cell
        for low, high in spans:
            assert any(low <= code <= (high or low) for code in reached), f"{low}-{high} of {cell.strip()}"


def test_every_code_of_the_tables_is_in_force() -> None:
    tables = looked_up(shared_references())
    named = {row["code"] for row in rows("procedures")}
    named |= {code for row in rows("procedures") for code in phrases(row["further"])}
    named |= {
        row[kind]
        for row in rows("administration")
        for kind in ("code", "further")
        if re.match(r"[G\d]\d{4}$", row[kind])
    }
    named |= {
        row["code"]
        for name in ("infusion", "alternatives", "components", "fluids")
        for row in rows(name)
        if row["code"]
    }
    assert len(named) > 100
    assert [code for code in sorted(named) if not tables.in_force(code, AS_OF)] == []


CHARTS = st.lists(
    st.fixed_dictionaries(
        {
            "drug": st.sampled_from(
                ["Kenalog", "lidocaine", "Botox", "normal saline", "MMR", "allergen extract", "ondansetron", "Eylea"]
            )
        },
        optional={
            "dose": st.sampled_from(["0", "1", "40", "500"]),
            "unit": st.sampled_from(["mg", "mL", "units", "L"]),
            "route": st.sampled_from(
                [
                    "IM",
                    "IV",
                    "IV-push",
                    "IA",
                    "intra-articular",
                    "epidural",
                    "intralesional",
                    "intravitreal",
                    "implant",
                    "by magic",
                ]
            ),
            "site": st.sampled_from(["knee", "right thumb", "both knees", "lumbar spine", "neck", "L4-5", "nowhere"]),
            "laterality": st.sampled_from(["left", "right", "bilateral", "middle"]),
            "procedure": st.sampled_from(
                ["trigger point", "nerve block", "transforaminal", "facet", "prick test", "something else"]
            ),
            "nerve": st.sampled_from(["greater occipital", "intercostal", "unheard of"]),
            "guidance": st.sampled_from(["ultrasound", "fluoroscopy", "none", "a star"]),
            "muscles": st.sampled_from(["0", "1", "3", "1.5"]),
            "levels": st.sampled_from(["0", "1", "9"]),
            "lesions": st.sampled_from(["0", "7", "8"]),
            "tests": st.sampled_from(["0", "24"]),
            "purpose": st.sampled_from(["hydration", "keep-open", "who knows"]),
            "start": st.sampled_from(["09:00", "23:50"]),
            "stop": st.sampled_from(["09:00", "09:31", "11:30"]),
            "counselling": st.sampled_from(["yes", "no"]),
            "counsellor_credential": st.sampled_from(["MD", "RN"]),
            "same_syringe": st.just(0),
        },
    ),
    max_size=4,
)


@given(CHARTS)
@settings(max_examples=25)
def test_no_chart_breaks_it_and_no_line_lacks_its_reason(charts: list[dict[str, Any]]) -> None:
    coding = coded(*charts, dx=("M54.50",))
    line = {row["modifier"] for row in rows("modifiers") if row["treatment"] == "line"}
    for draft in coding.drafts:
        assert draft.why
        assert draft.units is None or draft.units >= 0
        assert all(modifier in line or re.match(r"[FT]\d$", modifier) for modifier in draft.modifiers)


def test_every_family_of_the_table_is_one_that_the_program_knows() -> None:
    known = {row["family"] for row in rows("procedures")}
    named = {row["code"].partition(":")[2] for row in rows("administration") if row["code"].startswith("family:")}
    assert named <= known
    conditions = {part.partition("=")[0] for row in rows("procedures") for part in row["when"].split(";")}
    derived = {row["fact"] for row in rows("targets")} | {
        "guidance", "reported", "muscles", "lesions", "levels", "injections", "tests", "minutes",
    }  # fmt: skip
    assert conditions <= derived
    for row in rows("targets"):
        assert phrases(row["words"])


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        ({"drug": "bupivacaine", "procedure": "nerve block"}, ["the nerve", "64405 (greater occipital nerve)", "64450"]),
        (drug("Kenalog", "10", "mg", "intralesional", **KENALOG), ["the number of lesions", "11900", "11901"]),
        ({"drug": "lidocaine", "procedure": "trigger point"}, ["the number of muscles", "20552", "20553"]),
        (drug("Depo-Medrol", "80", "mg", "epidural", site="lumbar spine", **VIAL), ["the approach", "62322", "62323", "64483"]),
        (drug("Botox", "100", "units", "IM", site="forearm", **VIAL), ["the number of muscles", "64642", "64644"]),
        ({"drug": "allergen extract", "route": "intradermal"}, ["the number of tests", "95024", "95028"]),
        ({"drug": {"value": "allergen extract", "text": "allergy shots", "start": 0, "end": 13}, "route": "SC"},
         ["the number of injections", "95115", "95117"]),
        (drug("methotrexate", "50", "mg", "IA", **VIAL), ["start and stop", "96420", "96422"]),
        ({**NS, "volume_ml": "1000", "start": "09:00", "stop": "11:00"}, ["to hydrate, to keep the line open"]),
        ({**NS, "volume_ml": "1000", "purpose": "hydration"}, ["start and stop of the hydration"]),
        ({**NS, "volume_ml": "700", "purpose": "hydration"}, ["the bags that made 700 mL"]),
        (knee(laterality=None), ["the side of the procedure", "LT or RT"]),
        (knee(laterality="middle"), ["the side of the procedure", "LT or RT"]),
        (drug("ceftriaxone", "1", "g", "IV", start="09:00", stop="08:50", **VIAL), ["09:00 to 08:50 is 1430 minutes"]),
    ],
)  # fmt: skip
def test_an_open_fact_is_asked_with_its_candidates_and_no_code_is_invented(
    chart: dict[str, Any], words: list[str]
) -> None:
    coding = coded(chart, dx=("M54.50",))
    asked = question(coding, words[0])
    assert all(word in asked for word in words), coding.missing
    if "LT or RT" not in words:
        assert services(coding) == []


def test_ultrasound_without_a_kept_image_is_the_lower_code_and_a_question() -> None:
    silent = coded(knee(guidance="ultrasound"), dx=("M17.11",))
    assert services(silent) == ["20610-RT x1"]
    assert "images were kept and reported" in question(silent, "20611")
    denied = coded(knee(guidance="ultrasound", guidance_report="no"), dx=("M17.11",))
    assert services(denied) == ["20610-RT x1"]
    assert not question(denied, "20611")
    assert reasons(denied, "20611")
    assert reasons(coded(knee(), dx=("M17.11",)), "20611") == ["no ultrasound guidance is documented"]


def test_one_needle_with_two_drugs_is_one_procedure() -> None:
    numbed = drug("lidocaine", "20", "mg", "intra-articular", site="knee", laterality="right")
    steroid = drug("dexamethasone", "4", "mg", "intra-articular", site="knee", laterality="right", **VIAL)
    assert services(coded(knee(), numbed, steroid, dx=("M17.11",))) == ["20610-RT x1"]
    mixed = [
        {"drug": "lidocaine", "procedure": "trigger point", "muscles": "2", "site": "trapezius"},
        drug("Kenalog", "10", "mg", None, procedure="trigger point", muscles="2", site="trapezius", **KENALOG),
    ]
    assert services(coded(*mixed, dx=("M79.18",))) == ["20552 x1"]
    apart = [{**mixed[0]}, {**mixed[0], "site": "rhomboid", "muscles": "1"}]
    assert services(coded(*apart, dx=("M79.18",))) == ["20553 x1"]


def test_hydration_counts_only_outside_another_infusion() -> None:
    coding = coded(
        drug("ceftriaxone", "1", "g", "IV", start="10:00", stop="11:00", **VIAL),
        {**NS, "volume_ml": "1000", "start": "09:00", "stop": "12:10", "purpose": "hydration"},
        dx=("E86.0",),
    )
    assert services(coding) == ["96365 x1", "96361 x2"]
    assert "60 of 190 minutes" in reasons(coding, "96361")[0]
    assert reasons(coding, "96360") == ["another service into the vein is the first of the encounter"]


def test_no_table_decides_which_antibody_is_complex_and_it_says_so() -> None:
    infused = coded(drug("infliximab", "300", "mg", "IV", start="09:00", stop="10:00", **VIAL), dx=("K50.90",))
    assert services(infused) == ["96365 x1"]
    assert reasons(infused, "96413")[0].startswith("not decided")
    injected = coded(drug("Tezspire", "210", "mg", "SC", **VIAL), dx=("J45.50",))
    assert services(injected) == ["96372 x1"]
    assert [why.startswith("not decided") for why in reasons(injected, "96401")] == [True]
    enzyme = coded(
        drug("cipaglucosidase", "100", "mg", "IV", start="09:00", stop="10:00", code="J1203", **VIAL), dx=("E74.02",)
    )
    assert reasons(enzyme, "G0138")[0].startswith("not decided")


def test_two_drugs_in_milligrams_are_sets_and_a_bare_number_is_a_question() -> None:
    both = coded(CABENUVA, dx=("B20",))
    assert [draft.units for draft in both.drafts if draft.code == "J0741"] == [200]
    bare = coded({**CABENUVA, "dose": "600"}, dx=("B20",))
    assert question(bare, "the dose of Cabenuva")


def test_a_drug_given_twice_is_one_line_with_its_doses_added_before_rounding() -> None:
    coding = coded(
        knee(laterality="left", dose="5", ndc=None, container="multi-dose vial"),
        knee(dose="5", ndc=None, container="multi-dose vial"),
        dx=("M17.0",),
    )
    assert [(draft.code, draft.units) for draft in coding.drafts] == [("20610", 1), ("J3301", 1)]
    assert not denials(coding)
