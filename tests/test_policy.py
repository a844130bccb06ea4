"""Policy: who is judged by what, who wins on which day, and that every packaged rule has its evidence."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scrubjay
from cli_runner import claim_file, runner
from conftest import ROOT
from scrubjay import catalogue, policy
from scrubjay.cases import parse, to_837
from scrubjay.errors import PolicyError
from scrubjay.policy_layer import Layer
from scrubjay.policy_schema import read_layer

PAYERS = resources.files("scrubjay") / "payers"
SOURCES = set(tomllib.loads((PAYERS / "sources.toml").read_text(encoding="utf-8")))
DAY = timedelta(days=1)

# The edits this version speaks of: every one must have a considered level of its own.
_NUMBERS: dict[str, tuple[int, ...]] = {
    "EM": (1, 2, 3, 4, 5, 6, 7, 8, 9, 18),
    "POS": (1, 2, 3),
    "PRC": (1, 3, 4, 5),
    "HIE": (1, 2, 4, 6),
    "ONC": (1, 2, 3),
    "VAX": (1, 2, 3, 4, 5, 6, 7, 8),
    "ALG": (1, 2),
    "PPD": (1,),
    "PREP": (1,),
    "DRG": (1, 2, 3, 7, 8, 10, 11, 13),
    "NTE": (1, 2, 3),
    "MUL": (1, 4, 6),
    "DUP": (1, 2, 4),
    "DTE": (1, 2, 3),
    "MOD": (1, 4, 5, 7),
    "SUP": (1,),
    "DX": (1, 3),
    "JW": (1, 2, 4),
    "NDC": (1, 2, 3),
    "NCC": (1, 2, 3, 4, 5),
    "COD": (1, 2),
    "BAL": (1,),
}
CODES = [f"{family}{number:02}" for family, numbers in _NUMBERS.items() for number in numbers]


@pytest.fixture(scope="module")
def packaged() -> policy.PolicySet:
    return policy.load()


def practice(text: str, name: str = "scrubjay.toml") -> Layer:
    return read_layer(name, text, user=True)


def with_practice(*texts: str) -> policy.PolicySet:
    layers = [practice(text, "scrubjay.toml" if i == 0 else f"more{i}.toml") for i, text in enumerate(texts)]
    return policy.merge((*policy.load().layers, *layers))


# Selection


@pytest.mark.parametrize(
    ("payer_id", "name", "filing", "chosen"),
    [
        ("87726", "ANY NAME", "MB", "uhc"),  # the id speaks first
        ("60054", "BLUE CROSS", "BL", "aetna"),
        ("62308", None, None, "cigna"),
        (" 87726 ", "", "ci", "uhc"),
        ("87726", "", "16", "uhc-medicare-advantage"),  # one id, three companies: SBR09 says which
        ("87726", "", "MC", "uhc-community"),
        ("00000", "UnitedHealthcare", "ZZ", "uhc"),  # then the name
        ("", "REGENCE BLUESHIELD", "BL", "regence"),
        ("", "BLUE CROSS AND BLUE SHIELD OF ALABAMA", "BL", "bcbs-alabama"),
        ("", "Blue Cross Blue Shield of Montana", "CI", "bcbs"),
        ("", "AETNA MEDICARE", "16", "medicare-advantage"),
        ("", "UHC DUAL COMPLETE", "16", "uhc-medicare-advantage"),
        ("", "MEDICARE PART B MARYLAND", "CI", "medicare"),
        ("", "MEDICARE ADVANTAGE OF ANYWHERE", "CI", "medicare-advantage"),
        ("", "COMMUNITY HEALTH PLAN OF WASHINGTON", "CI", "medicaid-wa"),
        ("X", "SOME PLAN", "MB", "medicare"),  # then SBR09
        ("X", "SOME PLAN", "MC", "medicaid"),
        ("X", "SOME PLAN", "16", "medicare-advantage"),
        ("X", "SOME PLAN", "BL", "bcbs"),
        *[("X", "SOME PLAN", code, "commercial") for code in ("CI", "12", "13", "14", "15", "HM")],
        *[("X", "SOME PLAN", code, "generic") for code in ("WC", "AM", "VA", "CH", "ZZ", "11", "", None)],
        (None, None, None, "generic"),
    ],
)
def test_id_then_name_then_filing_code(
    packaged: policy.PolicySet, payer_id: str | None, name: str | None, filing: str | None, chosen: str
) -> None:
    assert packaged.select(payer_id, name, filing) == chosen


def test_a_practice_gives_an_id_to_a_policy() -> None:
    own = with_practice('[payer.regence]\nids = ["87726"]\n')
    assert own.select("87726", "", "") == "regence"
    assert policy.load().select("87726", "", "") == "uhc"


def test_the_names_of_the_contract_exist(packaged: policy.PolicySet) -> None:
    wanted = "generic medicare medicare-advantage medicaid commercial bcbs uhc aetna cigna anthem regence bcbs-alabama"
    assert set(wanted.split()) <= set(packaged.names())
    assert packaged.label("medicare") == "Medicare Part B"
    assert packaged.chain("bcbs-alabama") == ("generic", "commercial", "bcbs", "bcbs-alabama")
    with pytest.raises(PolicyError, match=r"no policy is called uch \(did you mean uhc\?\)"):
        packaged.label("uch")


# Levels by payer and date


@pytest.mark.parametrize(
    ("name", "edit", "day", "level"),
    [
        ("medicare", "EM01", "2026-03-02", "deny"),
        ("medicare-advantage", "EM01", "2026-03-02", "deny"),
        ("medicaid", "EM01", "2026-03-02", "deny"),
        *[(n, "EM01", "2026-03-02", "warn") for n in ("generic", "commercial", "uhc", "aetna", "cigna", "anthem")],
        ("uhc", "EM04", "2021-12-31", "off"),
        ("uhc", "EM04", "2022-01-01", "deny"),
        ("aetna", "EM04", "2026-03-02", "off"),
        ("medicare", "POS01", "2026-03-02", "deny"),
        ("regence", "POS01", "2026-03-02", "off"),
        ("regence", "POS02", "2024-10-31", "off"),
        ("regence", "POS02", "2024-11-01", "deny"),
        ("medicare", "POS02", "2026-03-02", "off"),
        ("medicare", "JW01", "2023-06-30", "off"),
        ("medicare", "JW01", "2023-07-01", "warn"),
        ("medicare", "JW01", "2023-09-30", "warn"),
        ("medicare", "JW01", "2023-10-01", "deny"),
        ("commercial", "JW01", "2026-03-02", "off"),
        ("bcbs-nc", "JW01", "2024-10-31", "off"),
        ("bcbs-nc", "JW01", "2024-11-01", "deny"),
        ("medicare", "DRG08", "2026-03-02", "deny"),
        ("medicaid", "DRG08", "2026-03-02", "deny"),
        ("medicaid", "VAX08", "2026-03-02", "off"),
        ("commercial", "DRG08", "2026-03-02", "off"),
        ("uhc", "NDC01", "2016-12-31", "warn"),
        ("uhc", "NDC01", "2017-01-01", "deny"),
        ("bcbs-alabama", "NDC01", "2011-06-26", "warn"),
        ("bcbs-alabama", "NDC01", "2011-06-27", "deny"),
        ("medicare", "PREP01", "2024-09-29", "off"),
        ("medicare", "PREP01", "2024-09-30", "deny"),
        ("generic", "VAX06", "2023-10-05", "off"),
        ("generic", "VAX06", "2023-10-06", "deny"),
        ("generic", "ENV07", "2026-03-02", "deny"),
        ("generic", "BAL01", "2026-03-02", "deny"),
    ],
)
def test_level_before_at_and_after_a_date(
    packaged: policy.PolicySet, name: str, edit: str, day: str, level: str
) -> None:
    assert packaged.level(name, edit, date.fromisoformat(day)) == level


@pytest.mark.parametrize(
    ("name", "switch", "day", "value"),
    [
        ("medicare", "em_denied", "2026-03-02", "visit"),
        ("uhc", "em_denied", "2026-03-02", "injection"),
        ("medicare", "facility_pos", "2026-03-02", "POS_PFS"),
        ("uhc", "facility_pos", "2021-12-31", "none"),
        ("uhc", "facility_pos", "2022-01-01", "POS_UHC"),
        ("medicaid", "mue", "2026-03-02", "medicaid"),
        ("commercial", "mue_zero", "2026-03-02", "false"),
        ("medicare", "jw_jz", "2023-06-30", "accepted"),
        ("medicare", "jw_jz", "2023-07-01", "required"),
        ("medicaid-wa", "patient_supplied", "2026-03-02", "no-cent"),
        ("medicare", "TFL01.days", "2026-03-02", "365"),
    ],
)
def test_switch(packaged: policy.PolicySet, name: str, switch: str, day: str, value: str) -> None:
    assert packaged.switch(name, switch, date.fromisoformat(day)) == value


# Evidence


def test_every_packaged_setting_has_reason_and_known_sources(packaged: policy.PolicySet) -> None:
    for layer in packaged.layers:
        for setting in layer.settings:
            keys = setting.source.split(":")[0].split(", ")
            assert setting.reason, setting
            assert set(keys) <= SOURCES, setting


def test_memory_alone_never_denies(packaged: policy.PolicySet) -> None:
    for layer in packaged.layers:
        for setting in layer.settings:
            if setting.source.startswith("M:"):
                assert setting.value != "deny", setting
    with pytest.raises(PolicyError, match=r"rule 1 \(EM08\): a rule that rests on memory alone"):
        practice('[[rule]]\nedit = "EM08"\nlevel = "deny"\nreason = "habit"\nsource = "M: habit"\n')


def test_every_edit_has_a_generic_level(packaged: policy.PolicySet) -> None:
    assert set(CODES) <= set(packaged.codes())


def test_every_edit_of_the_catalogue_has_a_generic_level(packaged: policy.PolicySet) -> None:
    if not (resources.files("scrubjay") / "catalogue.json").is_file():
        pytest.skip("catalogue.json is not built")
    codes = {edit["code"] for edit in catalogue.load()["edits"]}
    assert {code for code in codes if not code.startswith("ENV")} <= set(packaged.codes())
    assert packaged.rules(codes).height >= len(codes) * len(packaged.names())


@pytest.mark.parametrize("name", ["uhc", "regence", "cigna", "anthem", "aetna", "bcbs-alabama", "bcbs-mississippi"])
def test_a_payer_without_text_of_its_own_does_not_deny_visits(packaged: policy.PolicySet, name: str) -> None:
    for edit in ("EM01", "EM02", "EM03", "EM05", "EM06", "EM07", "EM08", "MUL04", "MUL06", "NCC01", "NCC02", "DRG01"):
        assert packaged.level(name, edit, date(2026, 3, 2)) == "warn", edit


def test_the_guide_holds(packaged: policy.PolicySet) -> None:
    guide = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    for name in packaged.declared:
        assert f"`{name}`" in guide, name
    for name in packaged.names():
        assert f"`{name}`" in guide, name
    blocks = re.findall(r"^ *```toml (\S+)\n(.*?)^ *```", guide, re.DOTALL | re.MULTILINE)
    assert blocks
    policy.merge((*packaged.layers, *(read_layer(name, text, user=True) for name, text in blocks)))


def test_every_switch_says_what_it_means(packaged: policy.PolicySet) -> None:
    for name in packaged.switch_names():
        assert name in packaged.declared or re.fullmatch(r"[A-Z]+\d+\.\w+", name), name


# The flat table


def test_flat_tables_have_no_overlap_and_no_gap(packaged: policy.PolicySet) -> None:
    for frame, key in ((packaged.rules([*CODES, "ENV01"]), "edit"), (packaged.switches(), "name")):
        for _, rows in frame.group_by("policy", key, maintain_order=True):
            starts, ends = rows["valid_from"].to_list(), rows["valid_to"].to_list()
            assert starts[0] is None
            assert ends[-1] is None
            assert [end + DAY for end in ends[:-1]] == starts[1:]
        assert frame.null_count().select(pl.exclude("valid_from", "valid_to")).sum_horizontal().item() == 0


def test_rules_of_chosen_edits_alone(packaged: policy.PolicySet) -> None:
    rules = packaged.rules(["ENV01", "EM04"])
    assert set(rules["edit"]) == {"ENV01", "EM04"}
    assert set(rules["policy"]) == set(packaged.names())
    with pytest.raises(PolicyError, match="generic gives QQ99 no level"):
        packaged.rules(["QQ99"])


def test_digest_follows_the_content(packaged: policy.PolicySet) -> None:
    rule = '[[rule]]\nedit = "EM08"\nlevel = "off"\nreason = "agreed"\nsource = "contract: 4.2"\n'
    assert packaged.digest() == policy.merge(packaged.layers).digest()
    assert with_practice(rule).digest() != packaged.digest()
    assert with_practice('[payer.uhc]\nids = ["12345"]\n').digest() != packaged.digest()


# A practice's own layer


def test_a_practice_wins_and_explain_shows_whom_it_beat() -> None:
    own = with_practice(
        """
        [[rule]]
        edit = "EM04"
        payer = "uhc"
        level = "warn"
        from = 2026-01-01
        reason = "Our contract pays the injection"
        source = "contract: amendment 3"
        """
    )
    day = date(2026, 3, 1)
    assert [(s.value, s.origin) for s in own.explain("uhc", "EM04", day)] == [
        ("warn", "scrubjay.toml"),
        ("deny", "uhc"),
        ("off", "generic"),
    ]
    assert own.level("uhc", "EM04", date(2025, 12, 31)) == "deny"
    assert own.level("aetna", "EM04", day) == "off"


def test_order_inside_a_practice_file() -> None:
    entry = 'reason = "ours"\nsource = "practice: habit"\n'
    own = with_practice(
        f'[[rule]]\nedit = "EM*"\nlevel = "info"\n{entry}'
        f'[[rule]]\nedit = "EM09"\nlevel = "warn"\n{entry}'
        f'[[rule]]\nedit = "EM*"\npayer = "bcbs"\nlevel = "off"\n{entry}'
    )
    day = date(2026, 3, 1)
    assert own.level("medicare", "EM01", day) == "info"  # a prefix of a stronger layer beats a code of a weaker one
    assert own.level("medicare", "EM09", day) == "warn"  # the code beats the prefix
    assert own.level("regence", "EM09", day) == "off"  # the payer, and those that extend it, beat all payers


def test_a_later_file_beats_an_earlier_one() -> None:
    def rule(level: str) -> str:
        return f'[[rule]]\nedit = "EM01"\nlevel = "{level}"\nreason = "ours"\nsource = "practice: habit"\n'

    assert with_practice(rule("info"), rule("off")).level("medicare", "EM01", date(2026, 3, 1)) == "off"


def test_a_plan_extends_a_payer(tmp_path: Path) -> None:
    (tmp_path / "payers").mkdir()
    (tmp_path / "payers" / "acme-choice.toml").write_text(
        """
        [payer]
        name = "Acme Choice"
        ids = ["87726"]
        extends = "uhc"
        [[switch]]
        name = "ncci"
        value = false
        reason = "The plan document says so"
        source = "contract: section 9"
        """
    )
    (tmp_path / "scrubjay.toml").write_text('policies = ["payers"]\n[check]\nfail-on = "warn"\n')
    (tmp_path / "claims").mkdir()
    found = policy.find_practice_file(tmp_path / "claims" / "today.837")
    assert found == tmp_path / "scrubjay.toml"
    own = policy.load([found])
    assert own.select("87726", "", "") == "acme-choice"
    assert own.switch("acme-choice", "ncci", date(2026, 3, 1)) == "false"
    assert own.level("acme-choice", "EM04", date(2026, 3, 1)) == "deny"
    assert own.label("acme-choice") == "Acme Choice"


def test_a_policy_defined_in_the_practice_file() -> None:
    own = with_practice('[payer.own-plan]\nname = "Own plan"\nids = ["OWN1"]\nextends = "cigna"\n')
    assert own.select("own1", "", "") == "own-plan"
    assert own.level("own-plan", "EM21", date(2026, 3, 1)) == "info"


RULE = '[[rule]]\nedit = "EM01"\nlevel = "warn"\nreason = "r"\nsource = "contract: w"\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RULE + "from = 2026-01-01\n" + RULE, "scrubjay.toml: rules 1 (from 2026-01-01) and 2 (always) both set EM01"),
        (RULE.replace('"warn"', '"fatal"'), "scrubjay.toml: rule 1 (EM01): level: Input should be"),
        (RULE.replace('reason = "r"\n', ""), "scrubjay.toml: rule 1 (EM01): reason: missing"),
        (RULE.replace('reason = "r"', 'reason = " "'), "scrubjay.toml: rule 1 (EM01): reason: "),
        (RULE.replace('source = "contract: w"\n', ""), "scrubjay.toml: rule 1 (EM01): source: missing"),
        (RULE.replace("contract: w", "contract"), "scrubjay.toml: rule 1 (EM01): source: "),
        (RULE + "until = 2026-01-01\n", "scrubjay.toml: rule 1 (EM01): until: unknown key"),
        (RULE + 'from = "2026-01-01"\n', "scrubjay.toml: rule 1 (EM01): from: "),
        (RULE + "from = 2026-02-01\nto = 2026-01-01\n", "scrubjay.toml: rule 1 (EM01): from 2026-02-01 is after to"),
        (RULE.replace("EM01", "EM-01"), "scrubjay.toml: rule 1 (EM-01): edit"),
        (RULE.replace("EM01", "EM99"), "scrubjay.toml: rule 1: EM99 is not known (did you mean EM19, EM09?)"),
        (RULE.replace("EM01", "ZZ*"), "scrubjay.toml: rule 1: ZZ* is not known"),
        (RULE + "params = { month = 3 }\n", "scrubjay.toml: switch 1: EM01.month is not known"),
        (RULE + 'payer = "uch"\n', "scrubjay.toml: no policy is called uch (did you mean uhc?)"),
        ("[[rules]]\n", "scrubjay.toml: rules: unknown key"),
        ('[payer.uhc]\nnames = ["("]\n', "scrubjay.toml: payer.uhc.names: '(' is not a pattern"),
        ('[payer.mine]\nids = ["1"]\n', "scrubjay.toml: no policy is called mine; add extends to define it"),
        ('[payer.uhc]\nextends = "bcbs"\n', "scrubjay.toml: a policy called uhc exists"),
        ('[payer.mine]\nextends = "nobody"\n', "mine: extends nobody, which no file defines"),
        ('[payer.a]\nextends = "b"\n[payer.b]\nextends = "a"\n', "a: extends itself by way of b"),
        ('[payer.uhc]\nids = ["1"]\n[payer.aetna]\nids = ["1"]\n', "payer id 1 is listed by both uhc and aetna"),
        (
            '[[switch]]\nname = "ncci"\nvalue = "maybe"\nreason = "r"\nsource = "contract: w"\n',
            "scrubjay.toml: switch 1: ncci is one of true, false, unknown, not maybe",
        ),
        (
            '[[switch]]\nname = "nccy"\nvalue = true\nreason = "r"\nsource = "contract: w"\n',
            "scrubjay.toml: switch 1: nccy is not known (did you mean ncci?)",
        ),
        ("x = \n", "scrubjay.toml: not TOML: "),
    ],
)
def test_a_mistake_is_one_clear_line(text: str, line: str) -> None:
    with pytest.raises(PolicyError) as error:
        with_practice(text)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_a_payer_file_limits_no_rule_to_a_payer() -> None:
    with pytest.raises(PolicyError, match=r"mine.toml: rule 1: payer: only a practice file"):
        practice('[payer]\nname = "Mine"\n' + RULE + 'payer = "uhc"\n', "mine.toml")


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        policy.load([tmp_path / "none.toml"])
    (tmp_path / "scrubjay.toml").write_text('policies = ["away"]\n')
    with pytest.raises(PolicyError, match="policies: away does not exist"):
        policy.load([tmp_path])


def test_importing_policy_reads_neither_polars_nor_pydantic() -> None:
    code = "import sys, scrubjay.policy; print(sorted({'polars', 'pydantic', 'pyarrow', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Who wins on a day: the flat table against the plainest reading of the rules

FIRST = date(2026, 1, 1)
DAYS = 12
EDITS = ("EM01", "EM02", "POS01")
CHAIN = {"generic": "", "commercial": "generic", "uhc": "commercial"}
Entry = tuple[str, str, str, int | None, int | None]  # key, scope, level, first day, last day


@st.composite
def entries(draw: st.DrawFn, scopes: tuple[str, ...]) -> list[Entry]:
    days = st.none() | st.integers(0, DAYS - 1)
    taken: list[Entry] = []
    for _ in range(draw(st.integers(0, 6))):
        key = draw(st.sampled_from((*EDITS, "EM*", "POS*")))
        start, end = draw(days), draw(days)
        if start is not None and end is not None and start > end:
            start, end = end, start
        entry = (key, draw(st.sampled_from(scopes)), draw(st.sampled_from(("deny", "warn", "info", "off"))), start, end)
        if not any(e[:2] == entry[:2] and set(on(e)) & set(on(entry)) for e in taken):
            taken.append(entry)
    return taken


def on(entry: Entry) -> range:
    """Return the days of an entry, with one before and one after the window for open ends."""
    start, end = entry[3], entry[4]
    return range(-1 if start is None else start, DAYS + 1 if end is None else end + 1)


def as_toml(rules: list[Entry], head: str) -> str:
    text = [head]
    for key, scope, level, start, end in rules:
        text.append(f'[[rule]]\nedit = "{key}"\nlevel = "{level}"\nreason = "r"\nsource = "contract: w"')
        text += [f'payer = "{scope}"'] if scope else []
        text += [f"from = {FIRST + start * DAY}"] if start is not None else []
        text += [f"to = {FIRST + end * DAY}"] if end is not None else []
    return "\n".join(text)


def winner(files: dict[str, list[Entry]], name: str, edit: str, day: int) -> str:
    """Let each rule in turn, weakest first, overwrite the level: the last one that speaks wins."""
    chain = {"generic": ["generic"], "commercial": ["generic", "commercial"], "uhc": ["generic", "commercial", "uhc"]}
    level = ""
    for file in [*chain[name], "first.toml", "second.toml"]:
        for scope in ["", *chain[name]]:
            for key in (edit.rstrip("0123456789") + "*", edit):
                for entry in files.get(file, []):
                    if entry[:2] == (key, scope) and day in on(entry):
                        level = entry[2]
    return level


@given(
    entries(("",)),
    entries(("",)),
    entries(("", "generic", "commercial", "uhc")),
    entries(("", "generic", "commercial", "uhc")),
)
def test_flat_table_says_who_wins_on_each_day(
    commercial: list[Entry], uhc: list[Entry], first: list[Entry], second: list[Entry]
) -> None:
    generic: list[Entry] = [(edit, "", "warn", None, None) for edit in EDITS]
    files = {
        "generic": generic,
        "commercial": commercial,
        "uhc": uhc,
        "first.toml": first,
        "second.toml": second,
    }
    layers = [
        read_layer(
            f"{name}.toml", as_toml(files[name], f'[payer]\nname = "x"\nextends = "{parent or name}"'), user=False
        )
        for name, parent in CHAIN.items()
    ]
    layers += [read_layer(name, as_toml(files[name], ""), user=True) for name in ("first.toml", "second.toml")]
    rows = policy.merge(tuple(layers)).rules().rows(named=True)
    for name in CHAIN:
        for edit in EDITS:
            mine = [row for row in rows if row["policy"] == name and row["edit"] == edit]
            for day in range(-1, DAYS + 1):
                at = FIRST + day * DAY
                standing = [
                    row["level"]
                    for row in mine
                    if (row["valid_from"] or date.min) <= at <= (row["valid_to"] or date.max)
                ]
                assert standing == [winner(files, name, edit, day)], (name, edit, at)


OWNED = (
    '[[rule]]\nedit = "EM01"\nlevel = "off"\nreason = "ours"\nsource = "practice: meeting"\n'
    'owner = "J. Doe"\nexpires = 2026-06-30\n'
)


def test_an_entry_holds_up_to_its_last_day_of_judgement() -> None:
    own = with_practice(OWNED)
    service = date(2026, 3, 1)
    assert own.on(date(2026, 6, 30)) is own
    assert own.on(date(2026, 6, 30)).level("medicare", "EM01", service) == "off"
    assert own.on(date(2026, 7, 1)).level("medicare", "EM01", service) == "deny"
    assert [s.owner for s in own.expired(date(2026, 7, 1))] == ["J. Doe"]


def test_a_run_after_the_last_day_judges_without_the_entry() -> None:
    (case,) = parse("line 99213\nline 96372\nline J3420 ndc=00143962010")
    own = with_practice(OWNED)
    for day, found in ((date(2026, 6, 30), False), (date(2026, 7, 1), True)):
        report = scrubjay.check(to_837(case), as_of=day, policy_set=own)
        assert ("EM01" in set(report.findings["edit"])) is found


@pytest.mark.parametrize(
    ("text", "user", "words"),
    [
        (OWNED.replace('owner = "J. Doe"\n', ""), "scrubjay.toml", "expires: say who decides anew"),
        (f'[payer]\nname = "X"\nids = ["X1"]\n{OWNED}', "x.toml", "only an entry of a practice file has them"),
        (OWNED.replace("2026-06-30", '"2026-06-30"'), "scrubjay.toml", "a date has no quotes"),
    ],
)
def test_owner_and_expires_are_a_practices(text: str, user: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        read_layer(user, text, user=True)


def test_the_command_line_says_what_has_lapsed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner(capsys, tmp_path, monkeypatch)
    (tmp_path / "scrubjay.toml").write_text(OWNED)
    path = claim_file(tmp_path / "a.837", "line 99213\nline 96372\nline J3420 ndc=00143962010")
    done = run("check", path, "--as-of", "2026-07-01", "--format", "jsonl", "--select", "EM01")
    assert done.code == 1
    assert "rule 1 (EM01 = off) of J. Doe ended on 2026-06-30; the payer's own policy holds again" in done.err
    assert run("check", path, "--as-of", "2026-06-30", "--select", "EM01").code == 0
    assert "J. Doe" not in run("check", path, "--as-of", "2026-06-30", "--select", "EM01").err
