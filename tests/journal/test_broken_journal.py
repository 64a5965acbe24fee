"""A journal that can't be used: the run ends before anything more is sent, and says why."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import LeaseLostError
from target_w50.journal import crash_points, sqlite_file
from target_w50.journal.crash_points import CrashPoint
from target_w50.journal.keys import key_beside
from target_w50.journal.sqlite_file import SqliteFile
from target_w50.sandbox import Sandbox
from tests.journal.support import journaled, mails, opened, place
from tests.support import PATIENCE_S, calls_of, load_here, record, schema, state

MESSAGES = [schema(), *[record(number) for number in range(4)], state(4)]


def make_newer(folder: Path) -> None:
    with opened(folder) as journal:
        journal.database.change("UPDATE w50_journal SET version = 99")


def make_rubbish(folder: Path) -> None:
    place(folder).parent.mkdir()
    place(folder).write_bytes(b"rubbish, " * 1000)


def make_a_folder(folder: Path) -> None:
    place(folder).mkdir(parents=True)


def empty_the_key(folder: Path) -> None:
    with opened(folder):
        place(folder).with_name("journal.db.key").write_text("")


def begin_it(folder: Path) -> None:
    with opened(folder):
        pass


@pytest.mark.parametrize(
    ("break_it", "more", "told"),
    [
        (make_newer, {}, ("journal_newer", "made by a newer target-w50")),
        (make_rubbish, {}, ("journal_unusable", "file is not a database")),
        (make_a_folder, {}, ("journal_unusable", "is a directory")),
        (empty_the_key, {}, ("journal_unusable", "which is empty")),
        (
            begin_it,
            {"journal_key": "another key"},
            ("journal_key_differs", "begun with another `journal_key`"),
        ),
    ],
)
def test_a_journal_that_can_not_be_used_ends_the_run_before_anything_is_sent(
    sandbox: Sandbox,
    tmp_path: Path,
    break_it: Callable[[Path], None],
    more: dict[str, Any],
    told: tuple[str, str],
) -> None:
    code, words = told
    break_it(tmp_path)
    finished = load_here(tmp_path, journaled(sandbox, tmp_path, **more), MESSAGES)
    assert (finished.status, finished.error_code) == (2, code)
    assert words in finished.last_line
    assert "Nothing was sent." in finished.last_line
    assert calls_of(sandbox) == []


Undo = Callable[[], None]


def fill_the_disk(_: Path, patched: pytest.MonkeyPatch) -> Undo:
    """No commit succeeds."""

    def commit(_: SqliteFile) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    patched.setattr(SqliteFile, "_commit", commit)
    return patched.undo


def lock_it(path: Path, _: pytest.MonkeyPatch) -> Undo:
    """Another program writes, and does not end."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def remove_it(path: Path, _: pytest.MonkeyPatch) -> Undo:
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        each.unlink()
    return lambda: None


def replace_it(path: Path, _: pytest.MonkeyPatch) -> Undo:
    new = path.with_name("new")
    new.write_bytes(path.read_bytes())
    new.replace(path)
    return lambda: None


@pytest.mark.parametrize("point", [CrashPoint.CREATED, CrashPoint.STATUS_READ])
@pytest.mark.parametrize(
    "how",
    [
        (fill_the_disk, "database or disk is full"),
        (lock_it, "database is locked"),
        (remove_it, "the file was removed or replaced meanwhile"),
        (replace_it, "the file was removed or replaced meanwhile"),
    ],
)
def test_a_journal_that_breaks_in_the_middle_ends_the_run_before_anything_more_is_sent(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: tuple[Callable[[Path, pytest.MonkeyPatch], Undo], str],
    point: CrashPoint,
) -> None:
    break_it, words = how
    sent_before: list[list[str]] = []
    undo: list[Undo] = []

    def look(reached: CrashPoint) -> None:
        if reached is point and not undo:
            sent_before.append(calls_of(sandbox))
            undo.append(break_it(place(tmp_path), monkeypatch))

    config = journaled(sandbox, tmp_path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(crash_points, "hook", look)
        patched.setattr(sqlite_file, "LOCKED_S", 0.1)
        broken = load_here(tmp_path / "one", config, MESSAGES)
    assert (broken.status, broken.error_code, broken.states) == (1, "journal_failed", [])
    assert words in broken.last_line
    assert "Nothing more is sent" in broken.last_line
    assert [calls_of(sandbox)] == sent_before
    undo[0]()
    with opened(tmp_path) as journal:
        # That the process is gone is not seen within the same one.
        journal.database.change("UPDATE w50_lists SET expires = 0")
    finished = load_here(tmp_path / "two", config, MESSAGES)
    assert (finished.status, finished.bookmarks) == (0, [4]), finished.stderr
    assert sorted(mails(sandbox).values()) == [1] * 4


def test_a_commit_that_fails_is_rolled_back_and_the_next_transaction_begins_anew(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as journal:
        with pytest.MonkeyPatch.context() as patched:
            undo = fill_the_disk(tmp_path, patched)
            with pytest.raises(Exception, match="disk is full"):
                journal.leases.take(42)
            undo()
        assert not journal.leases.held(42)
        journal.leases.take(42)
        assert journal.leases.epoch(42) == 1


def test_two_processes_that_begin_a_journal_at_once_have_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, others = tmp_path / "journal.db", []
    make = secrets.token_hex

    def meanwhile(count: int) -> str:
        """Another process comes by between the moment the key is made and the moment it is written."""
        monkeypatch.setattr(secrets, "token_hex", make)
        others.append(key_beside(path))
        return make(count)

    monkeypatch.setattr(secrets, "token_hex", meanwhile)
    assert [key_beside(path)] == others
    assert [each.name for each in tmp_path.iterdir()] == ["journal.db.key"]


def test_a_worker_that_goes_on_after_the_lists_were_given_back_learns_it(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.leases.take(42)
        journal.creating(1, 42, "contacts", [])
        journal.leases.release()
        with pytest.raises(LeaseLostError):
            journal.filling(1, 1001)
        with pytest.raises(LeaseLostError):
            journal.leases.check(42)


def test_a_journal_is_not_closed_under_a_thread_that_uses_it(tmp_path: Path) -> None:
    within, closing = threading.Event(), threading.Event()
    found: list[object] = []

    def use() -> None:
        with journal.database.transaction():
            within.set()
            closing.wait(PATIENCE_S)
            found.extend(journal.database.rows("SELECT count(*) FROM w50_jobs"))

    with opened(tmp_path) as journal:
        user = threading.Thread(target=use)
        user.start()
        assert within.wait(PATIENCE_S)
        closer = threading.Thread(target=journal.close)
        closer.start()
        closing.set()
        user.join(PATIENCE_S)
        closer.join(PATIENCE_S)
    assert found == [(0,)]
