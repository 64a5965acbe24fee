"""JSON lines: each record goes on as it is written, or the line that can't is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from target_w50.files.feed import Feed
from target_w50.files.source import schema_of
from tests.files.support import SECRET, fed, opened, records, refused

CONTENT = (
    b'\xef\xbb\xbf{"Email":"anna@example.org","n":1.10,"deep":{"x":[1,2.50]}}\r\n'
    b"\n"
    b'  {"Email":"b@example.org","n":123456789012345678901234567890,"half":"\\ud83d","more":null}  \n'
    b'{"n":1e400}'
)


@pytest.mark.parametrize("name", ["people.jsonl", "people.ndjson.gz", "people.json"])
def test_records_go_on_to_the_last_digit(tmp_path: Path, name: str) -> None:
    source = opened(tmp_path / name, CONTENT)
    with (
        Feed([source], "people", schema_of(source.columns)) as feed,
        os.fdopen(os.dup(feed.fileno()), "rb") as file,
    ):
        lines = file.read().splitlines()
        feed.check_end()
    assert lines[1:] == [
        b'{"type":"RECORD","stream":"people","record":%s}' % line.strip()
        for line in CONTENT.removeprefix(b"\xef\xbb\xbf").splitlines()
        if line
    ]
    assert [source.line_of(number) for number in range(3)] == [1, 3, 4]


def test_the_schema_has_the_types_that_are_there(tmp_path: Path) -> None:
    content = '{"a":"x","b":1,"c":[],"d":{}}\n{"a":null,"b":1.5,"e":true}\n'
    schema = fed(opened(tmp_path / "people.jsonl", content))[0]["schema"]
    assert {name: each["type"] for name, each in schema["properties"].items()} == {
        "a": ["null", "string"],
        "b": ["null", "integer", "number"],
        "c": ["null", "array"],
        "d": ["null", "object"],
        "e": ["null", "boolean"],
    }


BROKEN = {
    "cut-off": b'{"a":1}\n\n{"a":"SECRET\n',
    "two-on-a-line": b'{"a":1}\n\n{"a":1} {"a":"SECRET"}\n',
    "breaks-out": b'{"a":1}\n\n{"a":1},"stream":"other","x":{"a":"SECRET"}\n',
    "nan": b'{"a":1}\n\n{"a":NaN}\n',
    "not-utf-8": b'{"a":1}\n\n{"a":"SECRET\xfc"}\n',
    "text": b'{"a":1}\n\n"SECRET"\n',
    "array": b'{"a":1}\n\n["SECRET"]\n',
    "python": b"{\"a\":1}\n\n{'a':'SECRET'}\n",
    "deep": b'{"a":1}\n\n{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named_by_line(tmp_path: Path, content: bytes) -> None:
    error = refused(tmp_path / "people.jsonl", content.replace(b"SECRET", SECRET.encode()))
    assert "line 3:" in error.message
    assert error.code == "file_broken"


def test_one_array_is_not_json_lines(tmp_path: Path) -> None:
    people = json.dumps([{"Email": SECRET}], indent=1)
    assert "jq" in refused(tmp_path / "people.json", people).message


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    assert records(opened(tmp_path / "people.jsonl", "\n")) == []
