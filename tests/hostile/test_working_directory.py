"""A working directory that holds modules of its own: none of the programs takes one for its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from target_w50.cli.demo.child_programs import own_program

NAMES = (
    "click",
    "requests",
    "json",
    "runpy",
    "encodings",
    "target_w50",
    "singer_sdk",
    "werkzeug",
    "sitecustomize",
)
"""Of a library, of Python itself, of what starts a program, of this package."""
W50 = Path(sys.executable).with_name("w50")


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with a module of each name, which leaves a mark if it is ever imported."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in NAMES:
        mark = tmp_path / f"{name}.imported"
        (folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\nraise ImportError('the wrong one')\n")
    return folder


def run(trap: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=trap, capture_output=True, text=True, check=False)


def imported(trap: Path) -> list[str]:
    return sorted(path.stem for path in trap.parent.glob("*.imported"))


def test_the_demo_runs_nothing_of_the_working_directory(trap: Path) -> None:
    """Whoever tries `w50 demo` may stand in any folder, such as one that was just unpacked."""
    ran = run(trap, W50, "demo")
    assert (imported(trap), ran.returncode) == ([], 0), ran.stdout + ran.stderr


@pytest.mark.parametrize("module", ["target_w50", "target_w50.cli"])
def test_a_child_takes_its_modules_from_where_it_is_installed(trap: Path, module: str) -> None:
    ran = run(trap, *own_program(module), "--help")
    assert (imported(trap), ran.returncode, ran.stderr) == ([], 0, "")
    assert "--help" in ran.stdout


def test_the_programs_run_nothing_of_the_working_directory(trap: Path) -> None:
    for program in (W50, W50.with_name("target-w50")):
        assert run(trap, program, "--version").returncode == 0
    assert imported(trap) == []


def test_a_child_still_finds_what_pythonpath_names(trap: Path, tmp_path: Path) -> None:
    """A package may be installed there; only the working directory is no place for modules."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a_module_of_pythonpath.py").write_text("import sys; print(sys.argv[1:], __name__)")
    ran = subprocess.run(
        [*own_program("a_module_of_pythonpath"), "--a", "b"],
        cwd=trap,
        env={**os.environ, "PYTHONPATH": str(elsewhere)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "['--a', 'b'] __main__\n"
