"""What tests want of the machine: what is tried where it is missing, and when that is a failure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from dev import found_or_installed
from dev.found_or_installed import demanded, main

WANTED = ("browser", "postgres", "dotnet", "azurite")


@pytest.fixture(params=WANTED)
def wanted(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def module(wanted: str) -> Any:
    return import_module(f"dev.{wanted}")


@pytest.fixture
def tried(module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """A machine where it is not found and can't be installed; what is tried all the same."""
    commands: list[Sequence[str]] = []

    def fails(command: Sequence[str], timeout_s: float = 0) -> bool:
        del timeout_s
        commands.append(command)
        return False

    found_or_installed._fetch_lists.cache_clear()
    (tmp_path / "apt-get").write_text("")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(module, "find", lambda: None)
    monkeypatch.setattr(found_or_installed, "run", fails)
    monkeypatch.setattr(module, "TRIED", tmp_path / "tried")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv(module.VARIABLE, raising=False)
    return commands


def test_ci_has_it(module: Any) -> None:
    """The tests that need it are skipped without it: this one says so, once, where CI demands them."""
    if demanded() and not module.find():
        pytest.fail(module.MISSING, pytrace=False)


def test_what_can_not_be_had_is_said_in_one_line_and_tried_once(
    wanted: str, module: Any, tried: list[Sequence[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([wanted]) == 0
    before = len(tried)
    assert before
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{module.INSTALLING}\n", f"{module.MISSING} They are skipped.\n")
    assert main([wanted]) == 0
    assert len(tried) == before
    assert capsys.readouterr().out == ""


def test_ci_tries_every_time_and_fails(
    wanted: str, tried: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert main([wanted]) == 1
    before = len(tried)
    assert main([wanted]) == 1
    assert len(tried) > before


def test_what_was_named_is_taken_or_nothing(
    wanted: str, module: Any, tried: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(module.VARIABLE, "nowhere")
    assert main([wanted]) == 0
    assert tried == []
