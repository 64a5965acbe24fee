"""BATCH messages: read as a stream, judged and counted like records, with the same promises for states."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import (
    Target,
    calls_of,
    entry,
    jobs_of,
    lines,
    record,
    requests_of,
    schema,
    settings,
    state,
    wait_until,
)

SECRET = "hidden@example.com"
GZIP = {"format": "jsonl", "compression": "gzip"}
PLAIN = {"format": "jsonl", "compression": "none"}


@pytest.fixture
def sandbox() -> Any:
    with Sandbox(lists=[program.contact_list("Email", "FirstName")], token="a-token") as each:
        yield each


def rows(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [record(number)["record"] for number in numbers]


def json_lines(records: Iterable[dict[str, Any]]) -> bytes:
    return lines(records)


def batch(*files: Path | str, encoding: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "BATCH",
        "stream": "contacts",
        "encoding": encoding or PLAIN,
        "manifest": [each if isinstance(each, str) else each.as_uri() for each in files],
    }


def plain_file(folder: Path, name: str, records: Iterable[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_bytes(json_lines(records))
    return path


def gzip_file(folder: Path, name: str, records: Iterable[dict[str, Any]]) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(json_lines(records)))
    return path


def test_plain_and_gzipped_files_are_loaded_among_records_in_order(sandbox: Sandbox, tmp_path: Path) -> None:
    zipped = gzip_file(tmp_path, "a b ü.jsonl.gz", rows(range(10)))
    plain = plain_file(tmp_path, "c.jsonl", rows(range(10, 20)))
    messages = [schema(), record(100), batch(zipped, encoding=GZIP), batch(plain), record(101), state(1)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    numbers = [100, *range(20), 101]
    assert program.contacts(sandbox) == [
        {"Email": f"n{number}@example.com", "FirstName": f"First {number}"} for number in numbers
    ]
    assert program.of_stream(ended)["records_read"] == program.of_stream(ended)["contacts_sent"] == 22
    assert len(jobs_of(sandbox)) == 1


def test_files_of_a_manifest_may_be_paths_or_urls(sandbox: Sandbox, tmp_path: Path) -> None:
    one, two = plain_file(tmp_path, "1.jsonl", rows([1])), plain_file(tmp_path, "2.jsonl", rows([2]))
    ended = program.run(tmp_path, settings(sandbox), [schema(), batch(one, str(two))])
    assert ended.status == 0, ended.stderr
    assert len(program.contacts(sandbox)) == 2


def test_records_of_a_file_are_mapped_and_judged(sandbox: Sandbox, tmp_path: Path) -> None:
    records = [*rows([1]), {"email": "n2@example.com", "first_name": 5}, *rows([3])]
    records.append({**record(4)["record"], "_sdc_deleted_at": "2026-01-01T00:00:00Z"})
    file, aside = gzip_file(tmp_path, "x.gz", records), tmp_path / "aside.singer"
    config = settings(
        sandbox,
        entry("people"),
        on_invalid_record="quarantine",
        quarantine_path=str(aside),
        stream_maps={"contacts": {"__alias__": "people", "first_name": "first_name and first_name.upper()"}},
        validate_records=True,
    )
    ended = program.run(tmp_path, config, [schema(), batch(file, encoding=GZIP), state(1)])
    assert (ended.status, ended.bookmarks) == (0, [1]), ended.stderr
    assert [each["FirstName"] for each in program.contacts(sandbox)] == ["FIRST 1", "FIRST 3"]
    (set_aside,) = program.quarantined(aside)
    assert set_aside["stream"] == "contacts"
    assert set_aside["record"] == records[1]
    assert set_aside["quarantine"]["position"] == "x.gz:2"
    assert program.adds_up(ended)
    assert program.of_stream(ended, "people")["records_read"] == 4


def test_what_is_mended_of_a_file_goes_in_as_a_record(sandbox: Sandbox, tmp_path: Path) -> None:
    file = plain_file(tmp_path, "x.jsonl", [{"email": "n2@example.com", "first_name": 5}])
    aside = tmp_path / "aside.singer"
    config = settings(sandbox, on_invalid_record="quarantine", quarantine_path=str(aside))
    assert program.run(tmp_path, config, [schema(), batch(file)]).status == 0
    mended = aside.read_bytes().replace(b'"first_name": 5', b'"first_name": "Five"')
    assert mended != aside.read_bytes()
    assert program.run(tmp_path, config, mended).status == 0
    assert program.contacts(sandbox) == [{"Email": "n2@example.com", "FirstName": "Five"}]


def test_an_invalid_record_of_a_file_ends_the_run_by_file_and_line(sandbox: Sandbox, tmp_path: Path) -> None:
    file = plain_file(tmp_path, "x.jsonl", [*rows([1]), {"email": SECRET, "first_name": 5}])
    ended = program.run(tmp_path, settings(sandbox), [schema(), batch(file), state(1)])
    assert (ended.status, ended.error_code) == (2, "schema_invalid")
    assert "line 2 of batch file x.jsonl" in ended.last_line
    assert SECRET not in ended.stderr
    assert (ended.states, calls_of(sandbox, "run")) == ([], [])


def test_a_file_before_its_schema_is_a_record_without_schema(sandbox: Sandbox, tmp_path: Path) -> None:
    file = plain_file(tmp_path, "x.jsonl", rows([1]))
    ended = program.run(tmp_path, settings(sandbox), [batch(file), schema()])
    assert (ended.status, ended.error_code) == (2, "record_without_schema")


def test_a_contact_that_comes_again_in_a_file_keeps_its_last_value(sandbox: Sandbox, tmp_path: Path) -> None:
    first = [{"email": "n1@example.com", "first_name": f"v{number}"} for number in range(3)]
    one, two = plain_file(tmp_path, "1.jsonl", first), plain_file(tmp_path, "2.jsonl", [*rows([5]), first[1]])
    messages = [schema(), batch(one, two), state(1)]
    ended = program.run(tmp_path, settings(sandbox, batch_size_rows=1), messages)
    assert (ended.status, ended.bookmarks[-1]) == (0, 1), ended.stderr
    assert program.contacts(sandbox)[0]["FirstName"] == "v1"
    assert program.adds_up(ended)


def damaged(folder: Path, kind: str) -> dict[str, Any]:
    path = folder / "x.jsonl.gz"
    whole = gzip.compress(json_lines(rows(range(2000))), mtime=0)
    if kind == "missing":
        return batch(path, encoding=GZIP)
    if kind == "a zero byte in its name":
        return batch(f"{path}\0", encoding=GZIP)
    contents = {
        "truncated": whole[: len(whole) // 2],
        "without its end": whole[:-4],
        "corrupted": whole[:300] + bytes([whole[300] ^ 255]) + whole[301:],
        "not gzip": json_lines(rows([1])),
        "rubbish behind": whole + b"rubbish" * 10,
        "a line that is not json": gzip.compress(json_lines(rows([1])) + f'{{"email": "{SECRET}'.encode()),
        "a record that is a list": gzip.compress(f'["{SECRET}"]\n'.encode()),
        "not utf-8": gzip.compress(json_lines(rows([1])) + b'{"email": "\xff"}'),
    }
    path.write_bytes(contents[kind])
    return batch(path, encoding=GZIP)


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "a zero byte in its name",
        "truncated",
        "without its end",
        "corrupted",
        "not gzip",
        "rubbish behind",
        "a line that is not json",
        "a record that is a list",
        "not utf-8",
    ],
)
def test_a_damaged_file_ends_the_run_by_name_and_no_state_passes_it(
    sandbox: Sandbox, tmp_path: Path, kind: str
) -> None:
    messages = [schema(), record(1), damaged(tmp_path, kind), state(2)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.error_code) == (2, "batch_unreadable"), ended.stderr
    assert "x.jsonl.gz" in ended.last_line
    assert program.ends_in_words(ended), ended.stderr
    assert SECRET not in ended.stderr
    assert ended.states == []
    assert calls_of(sandbox, "run") == []


@pytest.mark.parametrize(
    "encoding",
    [
        {"format": "parquet", "compression": "gzip"},
        {"format": "jsonl", "compression": "zstd"},
        {"format": "csv"},
        {"compression": "gzip"},
    ],
)
def test_another_encoding_is_a_clear_end(sandbox: Sandbox, tmp_path: Path, encoding: dict[str, Any]) -> None:
    file = plain_file(tmp_path, "x.jsonl", rows([1]))
    ended = program.run(tmp_path, settings(sandbox), [schema(), batch(file, encoding=encoding), state(1)])
    assert (ended.status, ended.error_code) == (2, "batch_encoding_unsupported")
    assert "line 2" in ended.last_line.lower()
    assert "jsonl" in ended.last_line


def test_a_remote_file_is_a_clear_end(sandbox: Sandbox, tmp_path: Path) -> None:
    remote = "s3://bucket/a/b.jsonl?X-Signature=secret-signature"
    ended = program.run(tmp_path, settings(sandbox), [schema(), batch(remote), state(1)])
    assert (ended.status, ended.error_code) == (2, "batch_unreadable")
    assert "secret-signature" not in ended.stderr


def test_a_state_after_a_file_waits_for_the_job_that_holds_all_of_it(tmp_path: Path) -> None:
    lists = [program.contact_list("Email", "FirstName")]
    file = plain_file(tmp_path, "x.jsonl", rows(range(30)))
    with Sandbox(lists=lists, token="a-token", job_seconds=3600) as sandbox:
        config = settings(sandbox, max_contacts_per_job=10)
        with Target(tmp_path / "run", config) as target:
            target.send(schema(), state(0), batch(file), state(1))
            target.end_input()
            wait_until(lambda: bool(calls_of(sandbox, "run")), "a run", target)
            wait_until(lambda: len(calls_of(sandbox, "status")) > 3, "status requests", target)
            assert [
                json.loads(line)["bookmarks"]["contacts"]["at"] for line in target.stdout_text.splitlines()
            ] in (
                [],
                [0],
            )
            target.process.terminate()
            ended = target.wait()
    assert ended.status == 143
    assert 1 not in ended.bookmarks


def test_files_larger_than_a_job_are_cut_into_jobs_and_memory_is_not_asked(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    file = gzip_file(tmp_path, "x.gz", rows(range(2500)))
    config = settings(sandbox, max_contacts_per_job=1000, batch_size_rows=300)
    ended = program.run(tmp_path, config, [schema(), state(0), batch(file, encoding=GZIP), state(1)])
    assert (ended.status, ended.bookmarks) == (0, [0, 1]), ended.stderr
    assert [each["contacts_sent"] for each in ended.jobs] == [1000, 1000, 500]
    assert len(requests_of(sandbox, "add")) == 4 + 4 + 2
    assert len(program.contacts(sandbox)) == 2500


@pytest.mark.parametrize("encoding", [GZIP, {"format": "jsonl"}])
def test_an_empty_gzip_file_was_not_written_to_its_end(
    sandbox: Sandbox, tmp_path: Path, encoding: dict[str, Any]
) -> None:
    file = tmp_path / "x.jsonl.gz"
    file.write_bytes(b"")
    ended = program.run(tmp_path, settings(sandbox), [schema(), batch(file, encoding=encoding), state(1)])
    assert (ended.status, ended.error_code, ended.states) == (2, "batch_unreadable", [])
    assert "is empty" in ended.last_line
