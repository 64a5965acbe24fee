"""A Parquet file: values by the types that it has."""

from __future__ import annotations

from target_w50.files.duck import DuckError, database, literal, record_line, select, write_lines
from target_w50.files.faults import broken, changed
from target_w50.files.source import Kinds
from target_w50.files.text import for_duckdb

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_INTEGERS |= {f"U{each}" for each in _INTEGERS}


class ParquetSource:
    """A Parquet file that was read through once.

    Args:
        name: its path.

    Raises:
        InputError: it is broken (`file_broken`).
        SettingsError: DuckDB is not installed.
    """

    about = "Parquet"

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            with database() as connection:
                described = connection.execute(f"DESCRIBE {select(['*'], self._table)}").fetchall()
                types = {str(column): str(kind) for column, kind, *_ in described}
                # Every value is read, so that what is broken is known before anything is sent.
                asked = ["count(*)", *(f"count({_identifier(each)})" for each in types)]
                row = connection.execute(select(asked, self._table)).fetchone()
        except DuckError:
            raise broken(f"{name} can't be read as Parquet: it is broken, cut off, or no Parquet.") from None
        self.records = int(row[0]) if row else 0
        self._values = {column: _json(_identifier(column), kind) for column, kind in types.items()}
        self.columns: Kinds = {column: frozenset({_kind(each), "null"}) for column, each in types.items()}

    @property
    def _table(self) -> str:
        return f"read_parquet({literal(for_duckdb(self.name))}, hive_partitioning = false)"

    def write(self, stream: str, fd: int) -> int:
        """See `Source`."""
        try:
            with database() as connection:
                return write_lines(connection, select([record_line(stream, self._values)], self._table), fd)
        except DuckError:
            raise changed(self.name) from None

    @staticmethod
    def line_of(record: int) -> None:
        """See `Source`: it has no lines."""
        del record


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _kind(sql_type: str) -> str:
    """The JSON type of a column of this type."""
    if sql_type in _INTEGERS:
        return "integer"
    if sql_type in {"FLOAT", "DOUBLE"} or (sql_type.startswith("DECIMAL") and not sql_type.endswith("]")):
        return "number"
    if sql_type == "BOOLEAN":
        return "boolean"
    if sql_type.endswith("]"):
        return "array"
    return "object" if sql_type.startswith(("STRUCT", "MAP")) else "string"


def _json(value: str, sql_type: str) -> str:
    """SQL for the value's JSON text, with all digits of a number; what is no number (NaN) is null."""
    kind, text = _kind(sql_type), f"{value}::VARCHAR"
    if sql_type in {"FLOAT", "DOUBLE"}:
        # The target refuses what is infinite: as text, where its schema has a number.
        infinite = f"WHEN isinf({value}) THEN to_json({text})::VARCHAR"
        return f"CASE WHEN isnan({value}) THEN NULL {infinite} ELSE {text} END"
    if kind in {"integer", "number", "boolean"}:
        return text
    if kind in {"array", "object"}:
        return f"to_json({value})::VARCHAR"
    if sql_type == "BLOB":
        text = f"base64({value})"
    elif sql_type == "TIMESTAMP WITH TIME ZONE":
        text = f"replace({text}, ' ', 'T') || ':00'"
    elif sql_type.startswith("TIMESTAMP"):
        text = f"replace({text}, ' ', 'T')"
    return f"to_json({text})::VARCHAR"
