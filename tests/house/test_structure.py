"""The house's own rules: which way imports point, how long a module may be, what is written nowhere."""

from __future__ import annotations

import ast
import functools
import graphlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.trees import nodes, tree

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "target_w50"
LONGEST_MODULE_LINES = 320
MAY_BE_LONGER = {"settings.schema": "plain data, in the order of docs/settings.md"}

ONLY_IMPORT = {
    "errors": set[str](),
    "w50": {"w50", "errors"},
    "sandbox": {"sandbox"},
}
"""Parts that may import only these of the project: the API client knows nothing of Singer, and the emulator
shares nothing with the client, not even a mistake."""

FLOORS = (
    ("errors",),
    ("w50", "singer", "validation", "runtime"),
    ("settings",),
    ("contacts",),
    ("import_jobs",),
    ("journal", "files"),
    ("outputs",),
    ("loading",),
    ("target", "console"),
    ("program", "report"),
    ("cli",),
)
"""The package's folders, lowest first: imports point down, never up, and the folders of one floor know
nothing of each other. `__main__` starts the program; `sandbox` stands apart."""

APART = {"sandbox"}

HAS_ITS_OWN_TIME = {
    "runtime.clock": "the clock of a run, which all its parts are given",
    "runtime.pipes": "the seconds that a tap has to come to its end are the machine's",
    "runtime.signals": "the seconds that a signal leaves are the machine's",
    "w50.client": "the API's face, usable alone: the default of what is given",
    "w50.oauth2": "the same",
    "w50.http.retry": "the same",
    "singer.lines": "the default of what is given; it waits for the tap's pipe",
    "singer.reader": "the same",
}
"""Modules that may ask the machine for the time, or wait by it."""

NOT_IN = {"w50": ("singer_sdk", "singer"), "sandbox": ("singer_sdk", "singer", "requests")}
"""Libraries that a package stays free of."""


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted names below the package, such as `w50.client`, with their files."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(path: Path) -> Iterator[str]:
    """Full names of all that a module imports, at its top or anywhere else."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


MODULES = dict(modules())


def arrows(name: str) -> set[str]:
    """The project's modules that a module imports."""
    found = set()
    for target in imported(MODULES[name]):
        if target == "target_w50" or not target.startswith("target_w50."):
            continue
        inside = target.removeprefix("target_w50.")
        if inside not in MODULES:
            inside = inside.rpartition(".")[0]  # a name in a module
        if inside:
            found.add(inside)
    return found - {name}


def part(name: str) -> str:
    """The first member of a dotted name: the package or module right below `target_w50`."""
    return name.partition(".")[0]


@functools.cache
def all_arrows() -> dict[str, set[str]]:
    """Those of each module; found by the first test that asks, and not by each process that finds tests."""
    return {name: arrows(name) for name in MODULES}


@pytest.mark.parametrize("name", sorted(ONLY_IMPORT))
def test_a_part_that_stands_apart_imports_only_what_it_may(name: str) -> None:
    wrong = {
        module: sorted(target for target in targets if part(target) not in ONLY_IMPORT[name])
        for module, targets in all_arrows().items()
        if part(module) == name
    }
    assert not {module: targets for module, targets in wrong.items() if targets}


FLOOR_OF = {folder: number for number, folders in enumerate(FLOORS) for folder in folders}


def test_every_folder_has_its_floor() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    flat = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert folders | flat == FLOOR_OF.keys() | APART


def test_imports_point_down_the_floors_and_never_up() -> None:
    wrong = {
        f"{module} -> {target}"
        for module, targets in all_arrows().items()
        for target in targets
        if module != "__main__" and part(module) != part(target) and not APART & {part(module), part(target)}
        if FLOOR_OF[part(target)] >= FLOOR_OF[part(module)]
    }
    assert wrong == set()


def test_only_the_commands_name_the_sandbox() -> None:
    wrong = {
        f"{module} -> {target}"
        for module, targets in all_arrows().items()
        for target in targets
        if part(target) in APART and part(module) not in {*APART, "cli"}
    }
    assert wrong == set()


def test_the_tests_lie_in_the_same_folders() -> None:
    folders = {path.name for path in (REPOSITORY / "tests").iterdir() if list(path.glob("**/test_*.py"))}
    assert folders <= FLOOR_OF.keys() | APART | {"endtoend", "chaos", "browser", "hostile", "house"}


def test_no_folders_go_in_a_circle() -> None:
    """Of the folders within a folder too; a folder and the one that it lies in are one."""
    folders: dict[str, set[str]] = {}
    for module, targets in all_arrows().items():
        home = module.rpartition(".")[0]
        for target in targets:
            there = target.rpartition(".")[0]
            if (
                home
                and there
                and not f"{there}.".startswith(f"{home}.")
                and not f"{home}.".startswith(f"{there}.")
            ):
                folders.setdefault(home, set()).add(there)
    graphlib.TopologicalSorter(folders).prepare()


def test_no_imports_go_in_a_circle() -> None:
    graphlib.TopologicalSorter(all_arrows()).prepare()


@pytest.mark.parametrize("name", sorted(NOT_IN))
def test_a_part_stays_free_of_libraries_that_are_not_its_affair(name: str) -> None:
    wrong = {
        f"{module} imports {target}"
        for module, path in MODULES.items()
        if part(module) == name
        for target in imported(path)
        if target.partition(".")[0] in NOT_IN[name]
    }
    assert wrong == set()


def test_a_module_is_one_thing_and_not_too_long() -> None:
    long = {
        name: lines
        for name, path in MODULES.items()
        if name not in MAY_BE_LONGER
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE_LINES
    }
    assert long == {}


def test_a_module_opens_with_a_sentence_on_what_it_owns() -> None:
    without = [name for name, path in MODULES.items() if not ast.get_docstring(tree(path))]
    assert without == []


# Written in pieces, so that this file does not hold what it looks for.
NOWHERE = (
    "pypi" + ".org",
    "python" + "hosted",
    "registry.npm" + "js",
    "deb{}debian{}org".format(".", "."),
    "/work" + "/",
    "../sha" + "red",
)


@pytest.mark.parametrize("text", NOWHERE)
def test_no_tracked_file_names_a_package_index_or_a_place_of_one_machine(text: str) -> None:
    """Everything here works on any machine, with whatever package index it is set up for."""
    found = subprocess.run(
        ["git", "grep", "--fixed-strings", "--line-number", "-I", "-e", text],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (1, ""), found.stdout + found.stderr


ASKING = (
    "time",
    "threading.Condition",
    "threading.Event",
    "threading.Timer",
    "datetime.now",
    "datetime.utcnow",
)


def asks_the_machine(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        last = getattr(node.func, "attr", getattr(node.func, "id", None))
        if all(each.rpartition(".")[2] != last for each in ASKING):
            return False
        called = ast.unparse(node.func)
        return called in ASKING or called.endswith(ASKING[-2:])
    if isinstance(node, ast.Import):
        return any(each.name == "time" for each in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "time"


def test_a_run_has_one_clock() -> None:
    """A module that reads the machine's clock, or waits by it, can't be driven by another."""
    found = {
        name
        for name, path in MODULES.items()
        if name.partition(".")[0] not in APART and any(map(asks_the_machine, nodes(path)))
    }
    assert found == set(HAS_ITS_OWN_TIME)
