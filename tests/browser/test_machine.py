"""The browser of this machine: what is taken, what is tried, and when its absence is a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from dev import browser, found_or_installed
from dev.found_or_installed import demanded, seek


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
    assert seek(browser) == int(demanded())


@pytest.mark.parametrize(
    ("user", "tried"), [(0, ["update", "install", "playwright"]), (1000, ["playwright"])]
)
def test_debians_is_for_root_and_playwrights_for_everybody(
    program: Callable[[str, int], Path],
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    tried: list[str],
) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(found_or_installed, "run", lambda command, **_: asked.append(command))
    program("apt-get", 0)
    monkeypatch.setattr("os.geteuid", lambda: user)
    browser.install()
    assert [next(word for word in each if word in tried) for each in asked] == tried
