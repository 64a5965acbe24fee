"""What is PostgreSQL's alone: its URL, its server that goes away, and neighbours in the database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from target_w50.errors import JournalError, SettingsError
from target_w50.journal import crash_points, postgres
from target_w50.journal.crash_points import CrashPoint
from target_w50.journal.postgres import Postgres
from target_w50.journal.tables import VERSION, bring_up_to_date
from target_w50.sandbox import Sandbox
from target_w50.settings.model import settings_from
from tests.journal.support import MESSAGES, journaled, mails
from tests.postgres_server import PostgresServer
from tests.support import calls_of, jobs_of, load_here, settings, stored

KEY = b"8 bytes."
SECRET = "pass-9f2-word"


@pytest.fixture
def url(server: PostgresServer) -> str:
    """Of a new database."""
    return server.database()


@pytest.fixture
def open_database(url: str) -> Iterator[Callable[[], Postgres]]:
    """Opens the test's database, with the tables."""
    opened: list[Postgres] = []

    def begin() -> Postgres:
        opened.append(Postgres(url))
        bring_up_to_date(opened[-1], KEY)
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def version(database: Postgres) -> int:
    ((found,),) = database.rows("SELECT version FROM w50_journal")
    return int(found)


def end_connection(url: str, database: Postgres) -> None:
    """As a server's restart does, or a firewall between."""
    pid = database._connection.info.backend_pid
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


# Its URL.


@pytest.mark.parametrize(
    "place",
    [
        f"postgresql://somebody:{SECRET}@127.0.0.1:1/journal?connect_timeout=2",
        f"postgresql://127.0.0.1:1/journal?user=somebody&password={SECRET}",
        f"postgres://somebody:{SECRET}@127.0.0.1:1/journal",
    ],
)
def test_a_server_that_is_not_there_ends_the_run_before_anything_is_sent(
    sandbox: Sandbox, tmp_path: Path, place: str
) -> None:
    finished = load_here(tmp_path, settings(sandbox, journal=place, journal_key="k"), MESSAGES)
    assert (finished.status, finished.error_code) == (1, "journal_failed")
    assert "The journal 127.0.0.1/journal could not be read or written (" in finished.last_line
    assert "refused" in finished.last_line
    assert SECRET not in finished.stderr
    assert calls_of(sandbox) == []


@pytest.mark.parametrize(
    "place",
    [
        f"postgresql://somebody:{SECRET}@{SECRET}@host/journal",
        f"postgresql://somebody:x/{SECRET}@host/journal",
        f"postgresql://somebody:#%zz{SECRET}@host/journal",
        f"postgresql://host/journal?{SECRET}=x",
        f"postgresql://[{SECRET}/journal",
    ],
)
def test_a_url_that_can_not_be_read_is_not_shown(
    sandbox: Sandbox, tmp_path: Path, programs: Path, place: str
) -> None:
    """Above all where a character of the password was left as it is, and a piece of it seems a host."""
    del programs
    finished = load_here(tmp_path, settings(sandbox, journal=place, journal_key="k"), MESSAGES)
    assert (finished.status, finished.error_code) == (2, "journal_unusable")
    assert "is not a URL of a PostgreSQL database" in finished.last_line
    assert SECRET not in finished.stderr


def test_what_the_server_says_is_shown_without_the_password(server: PostgresServer) -> None:
    with pytest.raises(JournalError, match=r'role "\.\.\." does not exist'):
        Postgres(server.url("postgres").replace("w50@", f"{SECRET}:{SECRET}@"))


def test_without_psycopg_it_is_said_how_to_install_it(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    config = settings(sandbox, journal="postgresql://host/journal", journal_key="k")
    finished = load_here(tmp_path, config, MESSAGES)
    assert (finished.status, finished.error_code) == (2, "journal_unusable")
    assert "pip install 'target-w50[postgres]'" in finished.last_line
    assert calls_of(sandbox) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"journal": f"postgresql://a:{SECRET}@host/x"},
            "`journal_key` is required for a journal in a database",
        ),
        (
            {"journal": f"mysql://a:{SECRET}@host/x", "journal_key": "k"},
            "`journal` must be the path of a file",
        ),
        ({"journal": "a\0b"}, "`journal` must be the path of a file"),
    ],
)
def test_a_place_that_can_not_be_a_journal_is_a_fault_of_the_settings(
    sandbox: Sandbox, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as told:
        settings_from({**settings(sandbox), **given})
    assert SECRET not in str(told.value)


# Others in the database, and its settings.


def test_the_tables_live_beside_those_of_others(url: str, open_database: Callable[[], Postgres]) -> None:
    with psycopg.connect(url) as other:
        other.execute("CREATE TABLE alembic_version (version_num text)")
        other.execute("INSERT INTO alembic_version VALUES ('theirs')")
    open_database()
    open_database()
    with psycopg.connect(url) as other:
        tables = other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert other.execute("SELECT * FROM alembic_version").fetchall() == [("theirs",)]
    mine = sorted(name for (name,) in tables if name != "alembic_version")
    assert mine == [
        "w50_contacts",
        "w50_fired",
        "w50_jobs",
        "w50_journal",
        "w50_lists",
        "w50_members",
        "w50_scopes",
    ]


def test_what_the_database_is_set_to_does_not_weaken_a_transaction(
    url: str, open_database: Callable[[], Postgres]
) -> None:
    """One that tells of a commit before it is on the disk would forget what was about to run."""
    with psycopg.connect(url, autocommit=True) as other:
        for setting in (
            "synchronous_commit = off",
            "default_transaction_read_only = on",
            "default_transaction_isolation = serializable",
        ):
            other.execute(f"ALTER DATABASE {other.info.dbname} SET {setting}".encode())
    database = open_database()
    with database.transaction():
        shown = [
            database.rows(f"SHOW {name}")[0][0]
            for name in ("synchronous_commit", "transaction_read_only", "transaction_isolation")
        ]
    assert shown == ["on", "off", "read committed"]


# A connection that is lost.


def test_a_connection_lost_between_two_transactions_is_made_anew(
    url: str, open_database: Callable[[], Postgres]
) -> None:
    database = open_database()
    end_connection(url, database)
    assert version(database) == VERSION


def test_a_connection_lost_within_a_transaction_is_the_end_of_it(
    url: str, open_database: Callable[[], Postgres]
) -> None:
    database = open_database()

    def lose() -> None:
        with database.transaction():
            database.change("UPDATE w50_journal SET version = 7")
            end_connection(url, database)
            database.change("UPDATE w50_journal SET version = 8")

    with pytest.raises(JournalError, match=r"\(terminating connection due to administrator command\)"):
        lose()
    assert version(database) == VERSION


def test_a_connection_lost_before_the_commit_is_no_success(
    url: str, open_database: Callable[[], Postgres]
) -> None:
    database = open_database()

    def lose() -> None:
        with database.transaction():
            database.change("UPDATE w50_journal SET version = 7")
            end_connection(url, database)

    with pytest.raises(JournalError):
        lose()
    assert version(database) == VERSION


def test_a_row_that_another_holds_too_long_is_said_in_words(
    open_database: Callable[[], Postgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "SET LOCAL lock_timeout = 4000;" in postgres._BEGIN
    monkeypatch.setattr(
        postgres, "_BEGIN", postgres._BEGIN.replace("lock_timeout = 4000", "lock_timeout = 20")
    )
    one, two = open_database(), open_database()
    with one.transaction():
        one.change("UPDATE w50_journal SET version = version")
        with pytest.raises(JournalError, match="canceling statement due to lock timeout"):
            two.change("UPDATE w50_journal SET version = version")
    assert two.change("UPDATE w50_journal SET version = version") == 1


def test_who_stops_in_the_middle_does_not_keep_the_others_waiting(
    open_database: Callable[[], Postgres],
) -> None:
    """A machine that is gone, or a process that was stopped: the server ends what it was about."""
    idle = "SET LOCAL idle_in_transaction_session_timeout ="
    assert f"{idle} 10000;" in postgres._BEGIN
    one, two = open_database(), open_database()

    def stop_in_the_middle() -> None:
        with one.transaction():
            one.change("UPDATE w50_journal SET version = 7")
            one.rows(f"{idle} 20")
            assert two.change("UPDATE w50_journal SET version = version") == 1

    with pytest.raises(JournalError, match="idle-in-transaction timeout"):
        stop_in_the_middle()
    assert version(two) == VERSION


# The server is killed in the middle.

UNDER_WAY = {CrashPoint.CREATING: ["create"], CrashPoint.INTENT: ["run"]}
"""What was written down as about to be done, and is done; nothing else follows."""


@pytest.mark.parametrize(
    "point",
    [
        CrashPoint.CREATING,
        CrashPoint.BATCH_SENT,
        CrashPoint.INTENT,
        CrashPoint.RUN_SENT,
        CrashPoint.POLLED,
        CrashPoint.FINISHED,
        CrashPoint.STATE_WRITTEN,
    ],
)
def test_the_server_killed_in_the_middle_ends_the_run_and_the_next_one_is_right(
    start: Callable[..., Sandbox],
    server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: CrashPoint,
) -> None:
    sandbox = start(job_reads=2)
    config = journaled(sandbox, tmp_path, journal=server.database(), journal_key="k")
    sent: list[int] = []

    def kill_at(reached: CrashPoint) -> None:
        if reached is point and not sent:
            sent.append(len(calls_of(sandbox)))
            server.kill()

    monkeypatch.setattr(crash_points, "hook", kill_at)
    try:
        broken = load_here(tmp_path / "one", config, MESSAGES)
    finally:
        server.start()
    # Its process is this one, and lives: the list is the next run's when the first one's time is up.
    with psycopg.connect(config["journal"]) as other:
        other.execute("UPDATE w50_lists SET expires = 0")
    assert (broken.status, broken.error_code) == (1, "journal_failed"), broken.stderr
    assert "could not be read or written" in broken.last_line
    after = [call for call in calls_of(sandbox)[sent[0] :] if call in ("create", "run")]
    assert after == UNDER_WAY.get(point, [])
    finished = load_here(tmp_path / "two", config, MESSAGES)
    assert finished.status == 0, finished.stderr
    assert len(stored(sandbox)) == 8
    assert sorted(mails(sandbox).values()) == [1] * 8
    assert all(job["Runs"] <= 1 for job in jobs_of(sandbox))
