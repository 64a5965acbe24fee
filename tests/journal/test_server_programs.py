"""The server's programs on this machine: what is taken, what is tried, and when their lack is a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dev import found_or_installed, postgres
from dev.found_or_installed import demanded, seek
from tests.postgres_server import PostgresServer


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
    assert seek(postgres) == int(demanded())


def test_what_is_fetched_is_pinned_with_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, ...]] = []
    monkeypatch.setattr(found_or_installed, "run", lambda command, **_: tried.append(command))
    postgres.install()
    assert {"--require-hashes", "--no-deps", ":all:"} <= {*tried[0]}
    assert Path(tried[0][-1]).name == "constraints-postgres.txt"


def test_a_server_that_ends_leaves_nothing(programs: Path) -> None:
    with PostgresServer(programs) as server:
        folder = server.folder
        assert server.database() != server.database()
    assert not folder.exists()
