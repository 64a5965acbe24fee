"""The documents say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from target_w50.cli.main import COMMANDS
from target_w50.errors import HeldError, JournalError, LeaseLostError

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "target_w50"


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def parts_of_the_house() -> list[str]:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    packages = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    return sorted(modules | packages)


def test_the_tour_passes_every_module_and_package_and_no_other() -> None:
    tour = text("CONTRIBUTING.md").partition("## A tour of the house")[2].partition("Beside the package")[0]
    rows = [line.split("|")[1] for line in tour.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([^`]+)`", " ".join(rows))) == parts_of_the_house()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_readme_names_every_command(name: str) -> None:
    assert f"w50 {name}" in text("README.md")


@pytest.mark.parametrize("target", ["demo", "test", "demo-fleet", "demo-meltano"])
def test_the_readme_names_the_newcomers_commands_and_make_has_them(target: str) -> None:
    assert f"make {target}" in text("README.md")
    assert re.search(rf"^{target}:.*## ", text("Makefile"), re.MULTILINE)


def test_the_readme_has_each_exit_status_and_error_code_of_the_journal() -> None:
    """Whoever has only the last line of a run finds there what it says."""
    section = text("README.md").partition("## Exit status")[2].partition("\n## ")[0]
    codes = {HeldError.default_code, LeaseLostError.default_code, JournalError.default_code}
    for module in (*PACKAGE.glob("journal/*.py"), PACKAGE / "loading" / "recovery.py"):
        if module.stem in {"looking", "resolving"}:  # what the commands say to a person, who is there
            continue
        codes |= set(re.findall(r'code="(\w+)"', module.read_text(encoding="utf-8")))
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", section, re.MULTILINE))
    assert codes <= rows.keys()
    statuses = re.findall(r"^\| ([\d, ]+) \| ", section, re.MULTILINE)
    assert set(rows.values()) <= set(", ".join(statuses).split(", "))


def test_the_changelog_keeps_its_form() -> None:
    changelog = text("CHANGELOG.md")
    headings = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased" or re.fullmatch(r"\d+\.\d+\.\d+", headings[0])
    kinds = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
