"""What a user gets from `pip install`: the wheel's contents, and the sample data found in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def unmeasured() -> dict[str, str]:
    """The environment for a process whose coverage counts for nothing: it runs a copy of the package."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built by the build backend alone: nothing is asked of an index."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_module_schema_and_sample(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = REPOSITORY / "target_w50"
    source = {
        path.relative_to(REPOSITORY).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    samples = {f"target_w50/sample_data/contacts.{ending}" for ending in ("singer", "jsonl")}
    assert source | samples <= held
    assert "target_w50/py.typed" in held


def test_the_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    """Tests and the house's scripts stay at home."""
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"target_w50"}


def test_an_installed_wheel_finds_its_sample_data(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from target_w50.cli.demo.sample_data import sample_data_folder; print(sample_data_folder())",
        ],
        cwd=tmp_path,
        env={**unmeasured(), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(tmp_path / "target_w50" / "sample_data")


def test_the_programs_are_the_two_of_the_readme(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (entry_points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    lines = archive.read(entry_points).decode().split()
    assert [line for line in lines if line in ("target-w50", "w50")] == ["target-w50", "w50"]
