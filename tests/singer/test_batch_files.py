from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import InputError
from target_w50.singer.batch_files import BatchManifest, batch_blocks, batch_record, read_manifest

CONTENT = b'{"id": 1, "score": 1.10}\n\n{"id": 2}\r\n{"id": 3}'
ZIPPED = gzip.compress(CONTENT, mtime=0)
RECORDS = [(1, {"id": 1, "score": Decimal("1.10")}), (3, {"id": 2}), (4, {"id": 3})]


def message(**members: Any) -> dict[str, Any]:
    return {
        "type": "BATCH",
        "stream": "contacts",
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "manifest": ["file:///tmp/a.gz"],
        **members,
    }


def iterate_batch_file(file: str, compression: str | None) -> Iterator[tuple[int, dict[str, Any], bytes]]:
    for first, lines in batch_blocks(file, compression):
        for number, line in enumerate(lines, first):
            record = batch_record(line, number, file)
            if record is not None:
                yield number, record, line


def records_of(file: str, compression: str | None) -> list[tuple[int, dict[str, Any]]]:
    return [(number, record) for number, record, _ in iterate_batch_file(file, compression)]


@pytest.mark.parametrize("name", ["tap--contacts-1.json.gz", "with space é#?100%41.gz"])
@pytest.mark.parametrize(
    "spell", [str, Path.as_uri, "file://{}".format, "file:{}".format, "file://localhost{}".format]
)
def test_a_file_is_found_however_the_tap_spelled_it(
    tmp_path: Path, name: str, spell: Callable[[Path], str]
) -> None:
    """SDK taps percent-encode the URL, or don't, by how their storage root is written."""
    path = tmp_path / name
    path.write_bytes(ZIPPED)
    assert records_of(spell(path), "gzip") == RECORDS


def test_a_percent_encoded_name_stands_for_what_it_encodes(tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(b'{"right": true}')
    (tmp_path / "a%20b").write_bytes(b'{"right": false}')
    assert records_of(f"file://{tmp_path}/a%20b", None) == [(1, {"right": True})]


def test_a_record_comes_with_the_line_that_it_was_read_from(tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl").write_bytes(CONTENT)
    lines = [line for _, _, line in iterate_batch_file(str(tmp_path / "plain.jsonl"), None)]
    assert lines == [b'{"id": 1, "score": 1.10}', b'{"id": 2}', b'{"id": 3}']


def test_a_gzipped_file_is_read_also_where_the_tap_says_nothing_of_it(tmp_path: Path) -> None:
    """SDK taps gzip whatever their encoding says."""
    (tmp_path / "a.json.gz").write_bytes(ZIPPED)
    assert records_of(str(tmp_path / "a.json.gz"), None) == RECORDS


def test_gzip_files_that_were_joined_are_one(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b'{"id": 1}\n') + gzip.compress(b'{"id": 2}\n'))
    assert records_of(str(tmp_path / "a.gz"), "gzip") == [(1, {"id": 1}), (2, {"id": 2})]


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "zipped").write_bytes(gzip.compress(b""))
    assert records_of(str(tmp_path / "plain"), None) == []
    assert records_of(str(tmp_path / "zipped"), "gzip") == []


def test_a_file_is_read_as_a_stream(tmp_path: Path) -> None:
    """A cut at the end of a large file doesn't keep its first records back."""
    body = b"".join(json.dumps({"id": i, "text": f"{i:x}" * 50}).encode() + b"\n" for i in range(50_000))
    (tmp_path / "large.gz").write_bytes(gzip.compress(body, 1)[:-100])
    records = iterate_batch_file(str(tmp_path / "large.gz"), "gzip")
    assert next(records)[1]["id"] == 0
    with pytest.raises(InputError, match="cut off"):
        list(records)


@pytest.mark.parametrize(
    ("content", "compression", "says"),
    [
        (ZIPPED[:-4], "gzip", "cut off"),
        (ZIPPED[:10] + b"\xff" * 9, "gzip", "not well-formed gzip"),
        (ZIPPED + b"secret", "gzip", "not well-formed gzip"),
        (CONTENT, "gzip", "not well-formed gzip"),
        (b'{"id": 1}\n{"secret"\n', None, "Line 2"),
        (b'{"id": 1}\n["secret"]\n', None, "line 2"),
        (b'{"id": "secret\xff"}', None, "not UTF-8"),
        (b"PAR1\x15\x04secret", None, "Line 1"),
    ],
    ids=["cut", "damaged", "trailing garbage", "plain", "json", "array", "utf8", "parquet"],
)
def test_a_file_that_cannot_be_read_is_named_and_never_quoted(
    tmp_path: Path, content: bytes, compression: str | None, says: str
) -> None:
    (tmp_path / "contacts-1.gz").write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        records_of(str(tmp_path / "contacts-1.gz"), compression)
    assert caught.value.code == "batch_unreadable"
    assert "contacts-1.gz" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "file",
    [
        "file:///nowhere/contacts-1.gz",
        "nowhere/contacts-1.gz",
        "s3://bucket/contacts-1.gz",
        "https://files.example/contacts-1.gz?signature=secret",
        "file://elsewhere/contacts-1.gz",
        "/nowhere/\0/contacts-1.gz",
        "file:///nowhere/%00/contacts-1.gz",
        "/nowhere/\ud800/contacts-1.gz",
    ],
)
def test_a_file_that_is_missing_or_not_here_is_named(file: str) -> None:
    with pytest.raises(InputError, match=r"contacts-1\.gz") as caught:
        records_of(file, "gzip")
    assert caught.value.code == "batch_unreadable"
    assert "secret" not in caught.value.message


def test_a_manifest_is_read() -> None:
    manifest = read_manifest(message(), 3)
    assert manifest == BatchManifest("contacts", ("file:///tmp/a.gz",), "gzip")
    for nothing in ({}, {"compression": None}, {"compression": "none"}):
        assert read_manifest(message(encoding={"format": "jsonl", **nothing}), 3).compression is None


@pytest.mark.parametrize(
    "encoding", [{"format": "parquet"}, {"format": "jsonl", "compression": "zstd"}, {"format": ["jsonl"]}, {}]
)
def test_another_encoding_is_refused_with_what_to_do(encoding: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="jsonl") as caught:
        read_manifest(message(encoding=encoding), 3)
    assert caught.value.code == "batch_encoding_unsupported"


@pytest.mark.parametrize("odd", [{"manifest": "a"}, {"manifest": [1]}, {"encoding": None}, {"stream": 1}])
def test_a_batch_message_that_lacks_something_is_named_by_its_line(odd: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Line 3") as caught:
        read_manifest(message(**odd), 3)
    assert caught.value.code == "input_not_singer"
