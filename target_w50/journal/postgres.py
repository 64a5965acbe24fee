"""A journal in a PostgreSQL database, for the runs of several machines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from target_w50.errors import SettingsError, printable
from target_w50.journal.database import Database, Row
from target_w50.journal.tables import TYPES

if TYPE_CHECKING:
    import psycopg

CONNECT_S = 10
"""How long the server may take to answer at first."""
LOCKED_S = 4.0
"""How long a statement waits for another process that writes; a signal ends the program within five."""
STATEMENT_S = 60.0
"""How long one statement may take."""
IDLE_S = 10.0
"""How long a transaction may stand still before the server ends it: far less than a list stays taken, so that
a machine that is gone, or stopped, does not keep its row locked when others may take the list."""
_LOCK_FOR_STEPS = 0x7735_305F_6A6F_7572
"""The advisory lock's number: `w50_jour`."""
_VALUE = re.compile(r"(?<!:):([a-z_]+)")


class Postgres(Database):
    """A database of a PostgreSQL server; it may hold other things too, as the tables are named `w50_...`.

    Each transaction says for itself how long it waits and when it is safe, so nothing depends on the
    settings of the session: pools such as PgBouncer may be in between. A connection that was lost while no
    transaction was under way is made anew, once: each transaction begins by asking whether the list is
    still ours. One that is lost in the middle of a transaction ends the run, since nobody knows what of it
    took effect.

    Args:
        url: as the settings have it; what it leaves out libpq takes from its environment variables and files.

    Raises:
        SettingsError: it is no such URL, or psycopg is not installed.
        JournalError: the server can't be reached, or does not let us in.
    """

    types = TYPES["postgresql"]

    def __init__(self, url: str) -> None:
        super().__init__()
        self._psycopg = _psycopg()
        self._is_closed = False
        parts = _parts(url, self._psycopg)
        self._password = parts.get("password")
        host = parts.get("host") or parts.get("hostaddr") or "localhost"
        self.place = printable(f"{host}/{parts.get('dbname') or ''}")
        # What the URL says itself comes last.
        self._parameters: dict[str, Any] = {
            "application_name": "target-w50",
            "connect_timeout": CONNECT_S,
            "keepalives_idle": 5,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            **parts,
            "client_encoding": "utf8",
        }
        with self._in_words():
            self._connection = self._connect()

    def now(self) -> float:
        """The server's time of day, which goes on within a transaction."""
        ((now,),) = self.rows("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)")
        return float(now)

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name, where names without a schema are looked for."""
        return self.rows("SELECT to_regclass(:name) IS NOT NULL", name=name) == [(True,)]

    def lock_for_steps(self) -> None:
        """Within a transaction: keep other processes from making or changing tables meanwhile."""
        self.rows("SELECT pg_advisory_xact_lock(:number)", number=_LOCK_FOR_STEPS)

    def wipe(self, *, busy: bool = False) -> str:
        """The server's own affair."""
        del busy
        return (
            "The server frees what was removed by its vacuum; until then, and in its write-ahead log and "
            "backups, the hashes stay."
        )

    def close(self) -> None:
        """Give the connection back; a look-up that is under way in another thread makes no new one."""
        self._is_closed = True
        self._connection.close()

    def _connect(self) -> psycopg.Connection[Row]:
        # Nothing is prepared on the server: behind a pool the next transaction may be another session's.
        connection: psycopg.Connection[Row] = self._psycopg.connect(
            **self._parameters, autocommit=True, prepare_threshold=None
        )
        return connection

    def _begin(self) -> None:
        try:
            self._connection.execute(_BEGIN)
        except self._psycopg.OperationalError:
            if self._is_closed or not self._connection.closed:
                raise
            # It was lost before: none of this transaction was sent on it.
            self._connection = self._connect()
            self._connection.execute(_BEGIN)

    def _commit(self) -> None:
        ended = self._connection.execute("COMMIT").statusmessage
        if ended != "COMMIT":  # so the server says that it rolled back instead
            raise self._psycopg.OperationalError("the transaction did not take effect")

    def _roll_back(self) -> None:
        if not self._connection.closed:
            self._connection.execute("ROLLBACK")

    def _execute(self, statement: str, values: dict[str, Any]) -> tuple[list[Row], int]:
        cursor = self._connection.execute(_translated(statement), values)
        return (cursor.fetchall() if cursor.description else []), cursor.rowcount

    def _among(self, statement: str, numbers: Sequence[int]) -> tuple[list[Row], int]:
        return self._execute(
            statement.format(among="= ANY(CAST(:numbers AS BIGINT[]))"), {"numbers": [*numbers]}
        )

    def _of_pairs(self, columns: Sequence[str], source: str, pairs: list[int]) -> list[Row]:
        rows = "unnest(CAST(:keys AS BIGINT[]), CAST(:others AS BIGINT[])) AS pairs (x, v)"
        numbers = ", ".join(f"coalesce({name}, 0)" for name in columns)
        statement = f"SELECT {numbers} FROM {source.format(pairs=rows)}"  # noqa: S608  # our own words
        return self._execute(statement, {"keys": pairs[::2], "others": pairs[1::2]})[0]

    def _insert(self, table: str, columns: Mapping[str, Sequence[int]], on_conflict: str) -> None:
        arrays = ", ".join(f"CAST(:{name} AS BIGINT[])" for name in columns)
        self._execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608  # our own words
            f"SELECT * FROM unnest({arrays}) {on_conflict}",
            {name: [*numbers] for name, numbers in columns.items()},
        )

    def _errors(self) -> tuple[type[Exception], ...]:
        error: type[Exception] = self._psycopg.Error
        return (error,)

    def _words(self, error: Exception) -> str:
        """The first line of what was said: the others show the statement, or its values."""
        said = error.diag.message_primary if isinstance(error, self._psycopg.Error) else None
        words = said or (str(error).strip().splitlines() or [type(error).__name__])[0]
        if self._password:
            words = words.replace(self._password, "...")
        return printable(words)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


_BEGIN = f"""BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = {_milliseconds(LOCKED_S)};
SET LOCAL statement_timeout = {_milliseconds(STATEMENT_S)};
SET LOCAL idle_in_transaction_session_timeout = {_milliseconds(IDLE_S)};
SET LOCAL synchronous_commit = on"""
"""One request. Whatever the server's settings are, what was committed is on its disk."""


@lru_cache(maxsize=256)
def _translated(statement: str) -> str:
    """The statement with its values named as psycopg names them."""
    return _VALUE.sub(r"%(\1)s", statement.replace("%", "%%"))


def _psycopg() -> ModuleType:
    """The driver, imported only where it is used: it takes a moment, and is not installed everywhere."""
    try:
        import psycopg  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "`journal` names a PostgreSQL database, for which psycopg is missing: pip install "
            "'target-w50[postgres]'. Nothing was sent.",
            code="journal_unusable",
        ) from error
    return psycopg


def _parts(url: str, driver: ModuleType) -> Mapping[str, Any]:
    """What the URL says, by libpq's names."""
    try:
        parts: dict[str, Any] = driver.conninfo.conninfo_to_dict(url)
    except driver.Error:
        parts = {}
    # With a bare "@" in the password the rest of it would be taken for the host's name.
    if not parts or any("@" in str(parts.get(name, "")) for name in ("host", "port", "dbname")):
        # Neither the reason nor the cause: both may show a piece of the password.
        raise SettingsError(
            "`journal` is not a URL of a PostgreSQL database: postgresql://user:password@host:port/database, "
            "with %40 for @ and the like in the password. Nothing was sent.",
            code="journal_unusable",
        )
    return parts
