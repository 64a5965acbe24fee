"""The server's programs on this machine: what is taken, what is tried, and when their lack is a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dev import postgres
from dev.browser import demanded
from tests.postgres_server import PostgresServer


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A machine where nothing is found and nothing can be installed; what is tried all the same."""
    tried: list[tuple[str, ...]] = []

    def fails(command: tuple[str, ...], timeout_s: float) -> bool:
        del timeout_s
        tried.append(command)
        return False

    monkeypatch.setattr(postgres, "find", lambda: None)
    monkeypatch.setattr(postgres, "_run", fails)
    monkeypatch.setattr(postgres, "TRIED", tmp_path / "tried")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv(postgres.VARIABLE, raising=False)
    return tried


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder with programs that end with this status."""

    def make(version: int, status: int = 0, names: tuple[str, ...] = postgres.PROGRAMS) -> Path:
        folder = tmp_path / str(version) / "bin"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(f"#!/bin/sh\nexit {status}\n")
            (folder / name).chmod(0o755)
        return folder

    return make


def test_ci_has_a_server() -> None:
    """The other tests are skipped without one: this one says so, once, where CI demands them."""
    if demanded() and not postgres.find():
        pytest.fail(postgres.MISSING, pytrace=False)


def test_the_newest_server_that_starts_is_taken(
    put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(postgres.VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "PLACES", (f"{tmp_path}/*/bin",))
    put(9)
    right = put(15)
    put(17, status=127)
    put(18, names=("initdb",))
    assert postgres.find() == right


def test_programs_that_were_named_are_the_only_ones(
    put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PLACES", (f"{tmp_path}/*/bin",))
    put(18)
    named = put(15)
    monkeypatch.setenv(postgres.VARIABLE, str(named))
    assert postgres.find() == named
    monkeypatch.setenv(postgres.VARIABLE, str(tmp_path / "nowhere"))
    assert postgres.find() is None
    assert postgres.main() == int(demanded())


def test_a_server_that_can_not_be_had_is_said_in_one_line_and_tried_once(
    bare: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert postgres.main() == 0
    assert len(bare) == 1
    assert capsys.readouterr().err == f"{postgres.MISSING} They are skipped.\n"
    assert postgres.main() == 0
    assert len(bare) == 1
    assert capsys.readouterr().out == ""


def test_ci_tries_every_time_and_fails(bare: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert (postgres.main(), postgres.main()) == (1, 1)
    assert len(bare) == 2


def test_what_is_fetched_is_pinned_with_hashes(bare: list[tuple[str, ...]]) -> None:
    postgres.install()
    assert {"--require-hashes", "--no-deps", ":all:"} <= {*bare[0]}
    assert Path(bare[0][-1]).name == "constraints-postgres.txt"


def test_a_server_that_ends_leaves_nothing(programs: Path) -> None:
    with PostgresServer(programs) as server:
        folder = server.folder
        assert server.database() != server.database()
    assert not folder.exists()
