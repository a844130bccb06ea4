"""The repository's own promises: hashed lists of packages without addresses, links that lead somewhere, notices that stay."""

from __future__ import annotations

import re
import tomllib

import pytest

from conftest import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==\S+ \\$", re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_pins_hashes_and_names_no_host(lock):
    text = lock.read_text()
    starts = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert starts, "an empty lock installs nothing"
    assert all(PINNED.match(line) for line in starts)
    blocks = PINNED.split(text)[2::2]
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        "run.txt": project["dependencies"],
        "dev.txt": [
            *project["dependencies"],
            *(name for extra in project["optional-dependencies"].values() for name in extra),
        ],
    }
    for lock, requirements in wanted.items():
        locked = {match["name"] for match in PINNED.finditer((ROOT / "requirements" / lock).read_text())}
        names = {re.sub(r"[._]", "-", re.split(r"[<>=]", requirement)[0]) for requirement in requirements}
        assert names <= locked, lock


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_notices_travel_with_the_package():
    notice = " ".join((ROOT / "NOTICE").read_text().split())
    assert "CPT codes, descriptions and other data only are copyright American Medical Association" in notice
    assert "Applicable FARS/DFARS restrictions apply" in notice
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(project["license-files"]) == {"LICENSE", "NOTICE"}
