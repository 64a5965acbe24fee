"""DuckDB, held to what an import needs of it: local files, no extensions, no files of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import signal
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from target_w50.errors import SettingsError
from target_w50.runtime.signals import SIGNALS

if TYPE_CHECKING:
    import duckdb

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # One thread reads and writes in the order of the file; the run's own work is beside it.
    "threads": "1",
    "memory_limit": "1GB",
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}

_AS_THEY_ARE = "FORMAT CSV, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '', USE_TMP_FILE false"
"""How lines of JSON are written: as one column that nothing is done to."""


def require_duckdb() -> None:
    """Say what to install where the extra `files` is missing.

    Raises:
        SettingsError: with code `extra_missing`.
    """
    if importlib.util.find_spec("duckdb") is None:
        raise SettingsError(
            "DuckDB, which reads the files, is not installed: pip install 'target-w50[files]'",
            code="extra_missing",
        )


class DuckError(Exception):
    """DuckDB could not do what it was asked; its own words quote the file, so they are left out."""


@contextlib.contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, as long as it is needed.

    Raises:
        SettingsError: DuckDB is not installed (`extra_missing`).
        DuckError: what is done with it fails.
        MemoryError: it needs more than it may have.
    """
    require_duckdb()
    # It begins threads, when it is imported or connected to: those of a run have the signals blocked.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        import duckdb  # noqa: PLC0415  # only whoever imports files has it

        connection = duckdb.connect(":memory:", config=_SETTINGS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        yield connection
    except duckdb.OutOfMemoryException:
        raise MemoryError from None
    except duckdb.Error:
        raise DuckError from None
    finally:
        connection.close()


def literal(text: str) -> str:
    """The text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def select(columns: Iterable[str], table: str) -> str:
    """SQL that takes these from a table; texts in them are literals, names are quoted."""
    return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608  # see above


def record_line(stream: str, values: Mapping[str, str]) -> str:
    """SQL for a RECORD line.

    Args:
        stream: the stream's name.
        values: for each property the SQL of its JSON text, which may be NULL: null.
    """
    parts = []
    before = f'{{"type":"RECORD","stream":{_json(stream)},"record":{{'
    for name, value in values.items():
        parts += [literal(f"{before}{_json(name)}:"), f"coalesce({value}, 'null')"]
        before = ","
    return f"concat({', '.join(parts)}, '}}}}')"


def write_lines(connection: duckdb.DuckDBPyConnection, select: str, fd: int) -> int:
    """Write lines into a pipe, in their order; returns how many.

    Raises:
        duckdb.Error: they can't be read, or nobody reads the pipe; a `DuckError` outside `database`.
    """
    done = connection.execute(f"COPY ({select}) TO '/dev/fd/{fd}' ({_AS_THEY_ARE})").fetchone()
    return int(done[0]) if done else 0


def _json(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
