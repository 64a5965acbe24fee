"""Parquet: values by the types of the file, numbers with all their digits."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import pytest

from target_w50.files.feed import Feed
from target_w50.files.opening import Reading, open_sources
from target_w50.files.source import Source, schema_of
from tests.files.support import fed, records, refused

VALUES = {
    "text": ("'a\"#' || chr(10) || chr(1)", '"a\\"#\\n\\u0001"', "string"),
    "whole": ("18446744073709551615::UBIGINT", "18446744073709551615", "integer"),
    "money": ("1.10::DECIMAL(9, 2)", "1.10", "number"),
    "digits": ("12345678901234567890.123456789::DECIMAL(38, 9)", "12345678901234567890.123456789", "number"),
    "real": ("0.1::FLOAT", "0.1", "number"),
    "large": ("1e300::DOUBLE", "1e+300", "number"),
    "nan": ("'nan'::DOUBLE", "null", "number"),
    "infinite": ("'-inf'::DOUBLE", '"-inf"', "number"),
    "yes": ("true", "true", "boolean"),
    "nothing": ("NULL::INTEGER", "null", "integer"),
    "day": ("DATE '2026-11-29'", '"2026-11-29"', "string"),
    "moment": ("TIMESTAMP '2026-11-29 08:00:00.5'", '"2026-11-29T08:00:00.5"', "string"),
    "zoned": ("TIMESTAMPTZ '2026-11-29 08:00:00+02'", '"2026-11-29T06:00:00+00:00"', "string"),
    "clock": ("TIME '08:00:00'", '"08:00:00"', "string"),
    "bytes": ("'ab'::BLOB", '"YWI="', "string"),
    "several": ("[1, 2]", "[1,2]", "array"),
    "inner": ("{'x': 1, 'y': DATE '2026-11-29'}", '{"x":1,"y":"2026-11-29"}', "object"),
    "by key": ("MAP {'k': ['v']}", '{"k":["v"]}', "object"),
}


def parquet(path: Path, select: str, *options: str) -> Source:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"COPY ({select}) TO '{path}' ({', '.join(('FORMAT parquet', *options))})")
    connection.close()
    return open_sources([str(path)], Reading())[0]


def test_each_type_has_its_json(tmp_path: Path) -> None:
    columns = ", ".join(f'{sql} AS "{name}"' for name, (sql, _, _) in VALUES.items())
    source = parquet(tmp_path / "people.parquet", f"SELECT {columns}")
    with (
        Feed([source], "people", schema_of(source.columns)) as feed,
        os.fdopen(os.dup(feed.fileno()), "rb") as file,
    ):
        _, line = file.read().splitlines()
        feed.check_end()
    raw = msgspec.json.decode(line, type=dict[str, msgspec.Raw])["record"]
    written = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    assert {name: bytes(each).decode() for name, each in written.items()} == {
        name: text for name, (_, text, _) in VALUES.items()
    }
    kinds = {name: each["type"] for name, each in schema_of(source.columns)["properties"].items()}
    assert kinds == {name: ["null", kind] for name, (_, _, kind) in VALUES.items()}


def test_records_keep_their_order_over_row_groups(tmp_path: Path) -> None:
    select = "SELECT range AS n, repeat('x', 50) AS t FROM range(50000)"
    source = parquet(tmp_path / "people.parquet", select, "ROW_GROUP_SIZE 4096")
    assert [each["n"] for each in records(source)] == list(range(50_000))
    assert source.line_of(5) is None


def test_files_whose_types_differ_are_one_stream(tmp_path: Path) -> None:
    one = parquet(tmp_path / "one.parquet", "SELECT 1 AS a, 'x' AS b")
    other = parquet(tmp_path / "other.parquet", "SELECT 'y' AS b, 1.5::DECIMAL(3, 1) AS a")
    schema, *messages = fed(one, other)
    assert schema["schema"]["properties"]["a"] == {"type": ["null", "integer", "number"]}
    assert [each["record"] for each in messages] == [
        {"a": 1, "b": "x"},
        {"b": "y", "a": float(Decimal("1.5"))},
    ]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"Email\nanna@example.org\n"], ids=["empty", "cut", "csv"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path / "people.parquet", content).code == "file_broken"
