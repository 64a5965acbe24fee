"""The documents say what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from target_w50.cli.main import COMMANDS
from target_w50.contacts.refusal import Reason
from target_w50.errors import StoppedError, TargetW50Error
from target_w50.report.advice_by_code import ADVICE
from target_w50.sandbox.fault_rules import parse_spec, read_rule
from tests.house.trees import nodes

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


def error_codes() -> set[str]:
    """Every code that the package gives an error, read from its text."""
    codes = {reason.value for reason in Reason}
    for path in PACKAGE.rglob("*.py"):
        for node in nodes(path):
            codes |= {word for each in said_to_be_codes(node) for word in words_of(each)}
    return codes


def said_to_be_codes(node: ast.AST) -> list[ast.expr]:
    """What stands where a code is named: an argument, a class's own, a table's values, a variable."""
    if isinstance(node, ast.Call):
        named = [each.value for each in node.keywords if each.arg == "code"]
        return named + (node.args[1:] if getattr(node.func, "id", "") == "Distrust" else [])
    if isinstance(node, (ast.AnnAssign, ast.Assign)) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [ast.unparse(each) for each in targets]
        if names in (["default_code"], ["_CODES"]):
            return [*node.value.values] if isinstance(node.value, ast.Dict) else [node.value]
        if names == ["(fault, code)"] and isinstance(node.value, ast.Tuple):
            return node.value.elts[1:]
    return []


def words_of(node: ast.expr) -> set[str]:
    return {
        each.value
        for each in ([node.body, node.orelse] if isinstance(node, ast.IfExp) else [node])
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def documented_codes() -> dict[str, str]:
    """Each code of docs/errors.md with the exit status of its row, or of its heading."""
    codes: dict[str, str] = {}
    status = ""
    for line in text("docs/errors.md").splitlines():
        if line.startswith("## "):
            status = ", ".join(re.findall(r"exit status (\d+)", line))
        cells = [cell.strip() for cell in line.split("|")]
        for code in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", line):
            own = cells[2] if re.fullmatch(r"[\d, ]+", cells[2]) else status
            codes |= dict.fromkeys(re.findall(r"`(\w+)`", code), own)
    codes.pop("error_code")
    return codes


def test_docs_errors_has_every_error_code_and_no_other() -> None:
    """Whoever has only the last line of a run finds there what it says."""
    assert sorted(documented_codes()) == sorted(error_codes())


def test_the_report_has_advice_for_every_error_code_and_a_defect_is_no_other() -> None:
    assert sorted(ADVICE) == sorted(documented_codes())
    nothing = {code for code, advice in ADVICE.items() if not advice}
    assert nothing == {"interrupted", "terminated", "stopped"}
    assert {code for code, advice in ADVICE.items() if "DEBUG" in advice} == {"metrics_invalid", "unexpected"}


def every_class(base: type[TargetW50Error]) -> list[type[TargetW50Error]]:
    return [base, *(each for child in base.__subclasses__() for each in every_class(child))]


@pytest.mark.parametrize(
    "error",
    # A StoppedError has that of its signal.
    [
        each
        for each in every_class(TargetW50Error)
        if each.__module__ == "target_w50.errors" and each is not StoppedError
    ],
    ids=lambda error: error.__name__,
)
def test_docs_errors_has_the_exit_status_of_each_kind_of_error(error: type[TargetW50Error]) -> None:
    assert str(error.exit_status) in documented_codes()[error.default_code].split(", ")


@pytest.mark.parametrize("page", ["docs/sandbox.md"])
def test_the_faults_that_a_page_shows_are_faults(page: str) -> None:
    shown = re.findall(r"--fault '(.+?)'`", text(page))
    assert len(shown) > 10
    for spec in shown:
        read_rule(parse_spec(spec))


def test_the_changelog_keeps_its_form() -> None:
    changelog = text("CHANGELOG.md")
    headings = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert headings[0] == "Unreleased" or re.fullmatch(r"\d+\.\d+\.\d+", headings[0])
    kinds = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
