"""The browser of this machine: what is taken, what is tried, and when its absence is a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dev import browser


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """A machine where nothing is found and nothing can be installed; what is tried all the same."""
    tried: list[Sequence[str]] = []

    def fails(command: Sequence[str], timeout_s: float = 0) -> bool:
        del timeout_s
        tried.append(command)
        return False

    monkeypatch.setattr(browser, "find", lambda: None)
    monkeypatch.setattr(browser, "_run", fails)
    monkeypatch.setattr(browser, "TRIED", tmp_path / "tried")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tried


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Path]:
    """Puts a program that ends with this status where programs are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, status: int) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\nexit {status}\n")
        path.chmod(0o755)
        return path

    return put


def test_ci_has_a_browser() -> None:
    """The other tests are skipped without one: this one says so, once, where CI demands them."""
    if browser.demanded() and not browser.find():
        pytest.fail(browser.MISSING, pytrace=False)


def test_a_browser_that_does_not_start_is_none(program: Callable[[str, int], Path]) -> None:
    """Such as one that lacks libraries, or a note that it is to be had elsewhere."""
    program("chromium", 127)
    chrome = program("google-chrome", 0)
    assert browser.find() == str(chrome)


def test_a_browser_that_was_named_is_the_only_one(
    program: Callable[[str, int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program("chromium", 0)
    named = program("brave", 0)
    monkeypatch.setenv(browser.VARIABLE, "brave")
    assert browser.find() == str(named)
    monkeypatch.setenv(browser.VARIABLE, str(named.with_name("nowhere")))
    assert browser.find() is None
    assert browser.main() == int(browser.demanded())


def test_a_browser_that_can_not_be_had_is_said_in_one_line_and_tried_once(
    bare: list[Sequence[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert browser.main() == 0
    assert len(bare) == 1
    assert capsys.readouterr().err == f"{browser.MISSING} They are skipped.\n"
    assert browser.main() == 0
    assert len(bare) == 1
    assert capsys.readouterr().out == ""


def test_ci_tries_every_time_and_fails(bare: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert (browser.main(), browser.main()) == (1, 1)
    assert len(bare) == 2


@pytest.mark.parametrize(
    ("user", "tried"), [(0, ["update", "install", "playwright"]), (1000, ["playwright"])]
)
def test_debians_is_for_root_and_playwrights_for_everybody(
    bare: list[Sequence[str]],
    program: Callable[[str, int], Path],
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    tried: list[str],
) -> None:
    program("apt-get", 0)
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert browser.main() == 0
    assert [next(word for word in each if word in tried) for each in bare] == tried
