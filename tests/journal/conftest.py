"""Places for journals: a file of the test's own, or a database of a server that the tests start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dev import postgres as machine
from tests.postgres_server import PostgresServer

KINDS = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def programs() -> Path:
    """Of a server; where they are missing tests are skipped, and CI fails by `test_ci_has_it`."""
    found = machine.find()
    if found is None:
        pytest.skip(machine.MISSING)
    return found


@pytest.fixture(scope="session")
def server(programs: Path) -> Iterator[PostgresServer]:
    """One server for all tests of this process, from the first that wants it."""
    with PostgresServer(programs) as running:
        yield running


Place = Callable[[str], dict[str, Any]]
"""The settings of a new journal of that kind: `sqlite` or `postgres`."""


@pytest.fixture
def journal_in(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Finds a place for a journal."""

    def place(kind: str) -> dict[str, Any]:
        if kind == "sqlite":
            return {"journal": str(tmp_path / "journal" / "journal.db")}
        return {"journal": request.getfixturevalue("server").database(), "journal_key": "a key of the tests"}

    return place


@pytest.fixture(params=KINDS)
def journal(request: pytest.FixtureRequest, journal_in: Place) -> dict[str, Any]:
    """A new journal, of each kind in turn."""
    return journal_in(request.param)
