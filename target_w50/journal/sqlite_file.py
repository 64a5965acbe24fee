"""A journal in a file: SQLite, for the runs of one machine."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from target_w50.errors import SettingsError
from target_w50.journal.database import Clock, Database, Row
from target_w50.journal.file_systems import network_file_system
from target_w50.journal.tables import TYPES

LOCKED_S = 4.0
"""How long a statement waits for another process that writes; a signal ends the program within five."""
MOST_TRIES = 5
MAPPED_BYTES = 64 * 1024 * 1024
"""So much of the file is read where it lies: looking up contacts takes half the time. It counts as memory."""
_FOR_THE_OWNER = 0o600


_LEFT = (
    "Bytes of what was removed may be in the journal's files still ({}): say it again when no run goes on."
)


class SqliteFile(Database):
    """SQLite in WAL mode; every transaction is on the disk when it has ended.

    Args:
        path: the file; made, for its owner alone, if it is not there.
        now: the machine's time of day, in seconds since 1970: all who use the file are on it.

    Raises:
        SettingsError: it can't be a journal: no file, not writable, on a network file system, no database.
    """

    types = TYPES["sqlite"]
    wipes_itself = True

    def __init__(self, path: Path, now: Clock) -> None:
        super().__init__()
        self.place = str(path)
        self._now = now
        _make_file(path)
        far = network_file_system(path)
        if far is not None:
            raise SettingsError(
                f"The journal {path} would be on a network file system ({far}), where SQLite's locks can't "
                "be relied on. Name a path on a local disk, or a PostgreSQL database, in `journal`."
            )
        try:
            self._connection = sqlite3.connect(
                path, timeout=LOCKED_S, isolation_level=None, check_same_thread=False
            )
            mode = self._write_ahead()
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        except sqlite3.Error as error:
            raise unusable(path, self._words(error)) from error
        self._path, self._file = path, _which(path)
        if mode != "wal":
            raise unusable(path, "its file system does not let SQLite keep a write-ahead log")

    def _write_ahead(self) -> str:
        """Have it keep a write-ahead log; returns the mode that it is in then."""
        for _ in range(MOST_TRIES):
            try:
                return self._mode()
            except sqlite3.OperationalError:
                # Another process does the same at this moment, and SQLite does not wait for it here. It does
                # for this lock.
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute("ROLLBACK")
        return self._mode()

    def _mode(self) -> str:
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        return str(mode)

    def now(self) -> float:
        """The machine's time of day."""
        return self._now()

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name", name=name))

    def wipe(self, *, busy: bool = False) -> str:
        """Write the file anew without what was removed, and empty its write-ahead log."""
        if busy:
            return _LEFT.format("runs are under way")
        with self._lock:
            try:
                self._connection.execute("VACUUM")
                ((reads, _, _),) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError as error:
                return _LEFT.format(self._words(error))
        return _LEFT.format("another process reads it") if reads else ""

    def close(self) -> None:
        """Close the file; a statement of another thread ends first: SQLite would crash with it."""
        with self._lock:
            self._connection.close()

    def _begin(self) -> None:
        self._need_file()
        self._connection.execute("BEGIN IMMEDIATE")

    def _begin_reading(self) -> None:
        self._need_file()
        self._connection.execute("BEGIN")

    def _need_file(self) -> None:
        # SQLite would go on in a file that nobody finds again.
        if _which(self._path) != self._file:
            raise sqlite3.OperationalError("the file was removed or replaced meanwhile")

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _execute(self, statement: str, values: dict[str, Any]) -> tuple[list[Row], int]:
        cursor = self._connection.execute(statement, values)
        return cursor.fetchall(), cursor.rowcount

    def _among(self, statement: str, numbers: Sequence[int]) -> tuple[list[Row], int]:
        among = f"IN ({','.join('?' * len(numbers))})"
        cursor = self._connection.execute(statement.format(among=among), numbers)
        return cursor.fetchall(), cursor.rowcount

    def _of_pairs(self, columns: Sequence[str], source: str, pairs: list[int]) -> Iterable[tuple[int, ...]]:
        marks = ",".join(["(?,?)"] * (len(pairs) // 2))
        rows = f"(SELECT column1 AS x, column2 AS v FROM (VALUES {marks}))"  # noqa: S608  # marks alone
        # As one row: for each one Python waits until no other of its threads has anything to do.
        numbers = " || ',' || ".join(f"ifnull({name}, 0)" for name in columns)
        statement = f"SELECT group_concat({numbers}) FROM {source.format(pairs=rows)}"  # noqa: S608  # as above
        ((text,),) = self._connection.execute(statement, pairs).fetchall()
        found = map(int, text.split(",") if text else ())
        return zip(*[found] * len(columns), strict=True)

    def _insert(self, table: str, columns: Mapping[str, Sequence[int]], on_conflict: str) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {on_conflict}",  # noqa: S608
            zip(*columns.values(), strict=True),
        )

    def _errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error,)

    def _words(self, error: Exception) -> str:
        return str(error)


def unusable(path: Path, reason: str) -> SettingsError:
    """What is said of a path where no journal can be."""
    return SettingsError(
        f"`journal`: {path} can't be the journal: {reason}. Nothing was sent. Mend it, name another place in "
        "`journal`, or set it to `none`, which remembers nothing across runs.",
        code="journal_unusable",
    )


def _which(path: Path) -> tuple[int, int] | None:
    """Which file is at the path now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_file(path: Path) -> None:
    """For its owner alone from the first moment; SQLite gives its own files beside it the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FOR_THE_OWNER))
    except OSError as error:
        raise unusable(path, (error.strerror or "it can't be opened").lower()) from error
