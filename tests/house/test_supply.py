"""What the project is built from: floors without known advisories, versions pinned with their hashes."""

from __future__ import annotations

import functools
import re
from itertools import chain
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from packaging.requirements import Requirement
from packaging.version import Version

from dev.sbom import without_addresses

REPOSITORY = Path(__file__).parents[2]
PROJECT = ProjectMetadata(str(REPOSITORY), None).core
FILES = (
    *("constraints.txt", "constraints-lowest.txt", "constraints-meltano.txt", "constraints-tools.txt"),
    *("constraints-fleet.txt", "constraints-postgres.txt"),
)

SAFE_FROM = {
    "click": "8.3.3",  # CVE-2026-7246: commands in the editor's name
    "jinja2": "3.1.6",  # CVE-2025-27516: out of the template sandbox
    "oauthlib": "4.0",  # CVE-2026-118669: grants by another client's id (servers)
    "python-dotenv": "1.2.2",  # CVE-2026-28684: symbolic links followed while `.env` is rewritten
    "requests": "2.33",  # CVE-2024-47081: credentials of netrc to another host; CVE-2026-25645
    "urllib3": "2.8",  # CVE-2026-21441, -44432, -97688, -97689: what an answer may take
    "werkzeug": "3.1.6",  # CVE-2024-49767: memory; CVE-2026-27199: device names
}
"""The lowest versions without an advisory that is known, of the libraries that met one."""


REQUIREMENTS = [
    requirement
    for each in chain(PROJECT.dependencies, *PROJECT.optional_dependencies.values())
    if (requirement := Requirement(each)).name != PROJECT.name
]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def pins(file: str) -> dict[str, list[tuple[Version, int]]]:
    """Version and number of hashes of each package; a package may be there in several versions, by Python."""
    found: dict[str, list[tuple[Version, int]]] = {}
    text = (REPOSITORY / file).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line.partition(" --hash")[0])
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", line
            hashes = len(re.findall(r" --hash=sha256:[0-9a-f]{64}(?= |$)", line))
            found.setdefault(normal(requirement.name), []).append((Version(specifier.version), hashes))
    return found


def floor(requirement: Requirement) -> Version:
    (lowest,) = (Version(each.version) for each in requirement.specifier if each.operator == ">=")
    return lowest


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
def test_a_dependency_has_a_floor_and_that_very_version_is_tested(requirement: Requirement) -> None:
    """`make test-lowest` runs with what constraints-lowest.txt pins."""
    (pinned,) = pins("constraints-lowest.txt")[normal(requirement.name)]
    lowest = floor(requirement)
    assert pinned[0] in requirement.specifier
    assert pinned[0].release[: len(lowest.release)] == lowest.release, "make constraints"


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
def test_a_dependency_is_pinned_within_its_range(requirement: Requirement) -> None:
    """Maybe in two versions: a library may have left Python 3.10 behind."""
    pinned = pins("constraints.txt")[normal(requirement.name)]
    assert [version for version, _ in pinned if version not in requirement.specifier] == []


@pytest.mark.parametrize("name", sorted(SAFE_FROM))
def test_no_floor_admits_a_version_with_a_known_advisory(name: str) -> None:
    floors = [floor(each) for each in REQUIREMENTS if each.name == name]
    assert floors
    assert min(floors) >= Version(SAFE_FROM[name])


@pytest.mark.parametrize("file", FILES)
def test_every_pinned_version_has_hashes(file: str) -> None:
    """Those of all its wheels, so that one file serves every Python, system and processor."""
    found = pins(file)
    assert len(found) > (0 if file == "constraints-postgres.txt" else 10)
    assert {
        name: versions for name, versions in found.items() if not all(count for _, count in versions)
    } == {}


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_pinned_versions_names_no_place(file: str) -> None:
    """It works with whatever index a machine is set up for."""
    text = (REPOSITORY / file).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text


def test_what_is_installed_by_make_is_pinned_with_hashes() -> None:
    """Whatever pip fetches into an environment of the project; two tools stand apart in their own."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if "$(PIP_INSTALL)" in line]
    loose = [line for line in installs if "$(PINNED) -r constraints" not in line and "$(ITSELF)" not in line]
    assert sorted(line.split()[-1] for line in loose) == ["mutmut==3.8.1", "target-jsonl==0.1.4"]
    assert re.search(r"^PINNED := .*--require-hashes", makefile, re.MULTILINE)
    assert re.search(r"^ITSELF := .*--no-deps .*--no-build-isolation", makefile, re.MULTILINE)


def test_a_bill_of_materials_names_no_address() -> None:
    reference = {"type": "distribution", "url": "https://somewhere.example/simple/x"}
    document = {
        "metadata": {"tools": {"components": [{"name": "t", "externalReferences": [reference]}]}},
        "components": [{"name": "x", "version": "1", "externalReferences": [reference]}],
    }
    assert without_addresses(document) == {
        "metadata": {"tools": {"components": [{"name": "t"}]}},
        "components": [{"name": "x", "version": "1"}],
    }
