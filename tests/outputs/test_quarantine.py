from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.contacts.refusal import Reason
from target_w50.errors import SettingsError
from target_w50.outputs.quarantine import QuarantineFile, SetAside
from target_w50.singer.messages import SchemaLine, parse_line

NOW = dt.datetime(2025, 11, 14, 21, 29, 44, tzinfo=dt.timezone.utc)
SCHEMA = (
    b'{"type": "SCHEMA", "stream": "contacts", "key_properties": ["id"], '
    b'"schema": {"properties": {"n": {"multipleOf": 0.010}}}}'
)
OTHER_SCHEMA = b'{"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": []}'


def record_line(**record: Any) -> bytes:
    return json.dumps({"type": "RECORD", "stream": "contacts", "record": record}).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quarantine.jsonl"


@pytest.fixture
def file(path: Path) -> Iterator[QuarantineFile]:
    quarantine = QuarantineFile(path, "run-1", lambda: NOW)
    quarantine.schema("contacts", SCHEMA)
    yield quarantine
    quarantine.close()


def set_aside(
    file: QuarantineFile, line: bytes, *, stream: str = "contacts", schema: SchemaLine | None = None
) -> None:
    file.add(stream, line, Reason.SCHEMA_INVALID, "'n' should be of type null", "n", 12, schema=schema)


def lines_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    assert content.endswith(b"\n") or not content
    return content.splitlines()


def kinds_of(path: Path) -> list[str]:
    return [json.loads(line)["type"] for line in lines_of(path)]


def test_a_record_follows_its_schema_and_says_why_it_is_there(file: QuarantineFile, path: Path) -> None:
    set_aside(file, record_line(id=1))
    schema, record = lines_of(path)
    assert schema == SCHEMA
    assert json.loads(record) == {
        "type": "RECORD",
        "stream": "contacts",
        "record": {"id": 1},
        "quarantine": {
            "reason": "schema_invalid",
            "message": "'n' should be of type null",
            "property": "n",
            "position": 12,
            "run_id": "run-1",
            "at": "2025-11-14T21:29:44+00:00",
        },
    }


def test_the_file_is_a_singer_stream(file: QuarantineFile, path: Path) -> None:
    for number in range(3):
        set_aside(file, record_line(id=number))
    messages = [parse_line(line, 1) for line in lines_of(path)]
    assert [message["type"] for message in messages if message] == ["SCHEMA", "RECORD", "RECORD", "RECORD"]


def test_nothing_is_written_while_nothing_is_set_aside(file: QuarantineFile, path: Path) -> None:
    file.flush()
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "record",
    [
        b'{"n": 1.10, "big": 1e400, "i": 18446744073709551616.000, "zero": -0, "e": 1E5}',
        b'{"text": "\\ud800 \\u00e9 \xc3\xa9 \\/", "nan": NaN, "inf": -Infinity}',
        b'{"n":   [1 , 2],"a":{ }}',
        b'{"digits": ' + b"9" * 5000 + b"}",
        b'{"quarantine": {"reason": "mine"}}',
        b'{"a": "\\"quarantine\\""}',
    ],
)
def test_a_record_stays_as_the_tap_sent_it(file: QuarantineFile, path: Path, record: bytes) -> None:
    for line in (
        b'{"type": "RECORD", "stream": "contacts", "record": %b, "version": 1.50}\r',
        b'{"record": %b, "type": "RECORD", "stream": "contacts", "quarantine": {"a": [1]}, "version": 1.50 }',
        b'{ "\\u0071uarantine": 1, "record" : %b, "type": "RECORD", "version":1.50, "stream": "contacts"}',
    ):
        set_aside(file, line % record)
        written = lines_of(path)[-1]
        assert record in written
        assert b"1.50" in written
        message = parse_line(written, 1)
        assert message is not None
        assert set(message) == {"type", "stream", "record", "version", "quarantine"}
        assert message["quarantine"]["reason"] == "schema_invalid"
        assert b'"quarantine": {"a"' not in written


def test_a_record_that_comes_back_has_one_quarantine(file: QuarantineFile, path: Path) -> None:
    set_aside(file, record_line(id=1))
    back = lines_of(path)[-1]
    path.unlink()
    set_aside(file, back)
    assert lines_of(path)[-1].count(b'"quarantine"') == 1


def test_each_schema_is_written_once_as_long_as_it_holds(file: QuarantineFile, path: Path) -> None:
    set_aside(file, record_line(id=1))
    file.schema("contacts", SCHEMA)
    set_aside(file, record_line(id=2))
    file.schema("contacts", OTHER_SCHEMA)
    file.schema("contacts", SCHEMA)
    set_aside(file, record_line(id=3))
    assert kinds_of(path) == ["SCHEMA", "RECORD", "RECORD", "RECORD"]


def test_a_record_always_follows_the_schema_that_it_belongs_to(file: QuarantineFile, path: Path) -> None:
    earlier = file.schema("contacts", SCHEMA)
    set_aside(file, record_line(id=1))
    later = file.schema("contacts", OTHER_SCHEMA)
    set_aside(file, record_line(id=2))
    set_aside(file, record_line(id=3), schema=earlier)
    set_aside(file, record_line(id=4), schema=later)
    schemas = [line for line in lines_of(path) if b"SCHEMA" in line]
    assert schemas == [SCHEMA, OTHER_SCHEMA, SCHEMA, OTHER_SCHEMA]
    assert kinds_of(path) == ["SCHEMA", "RECORD"] * 4


def test_streams_keep_their_schemas_apart(file: QuarantineFile, path: Path) -> None:
    file.schema("orders", OTHER_SCHEMA.replace(b"contacts", b"orders"))
    for number, stream in enumerate(("contacts", "orders", "contacts", "orders")):
        set_aside(file, record_line(id=number), stream=stream)
    assert kinds_of(path) == ["SCHEMA", "RECORD", "SCHEMA", "RECORD", "RECORD", "RECORD"]


def test_a_schema_given_as_a_message_keeps_its_digits(path: Path) -> None:
    file = QuarantineFile(path, "run-1", lambda: NOW)
    message = parse_line(SCHEMA, 1)
    assert message is not None
    file.schema("contacts", message)
    message["schema"]["properties"]["later"] = {}  # what others do to it is not what the tap sent
    set_aside(file, record_line(id=1))
    assert b"0.010" in lines_of(path)[0]
    assert parse_line(lines_of(path)[0], 1) == parse_line(SCHEMA, 1)
    odd = parse_line(b'{"type": "SCHEMA", "n": [0.5, 1180591620717411303424], "text": "\\ud800"}', 1)
    assert odd is not None
    file.schema("contacts", odd)
    set_aside(file, record_line(id=2))
    assert parse_line(lines_of(path)[2], 1) == odd
    file.close()


def test_several_runs_append_to_one_file(path: Path) -> None:
    for number, run in enumerate(("run-1", "run-2")):
        file = QuarantineFile(path, run, lambda: NOW)
        file.schema("contacts", SCHEMA)
        set_aside(file, record_line(id=number))
        file.close()
    assert kinds_of(path) == ["SCHEMA", "RECORD", "SCHEMA", "RECORD"]
    runs = [json.loads(line)["quarantine"]["run_id"] for line in lines_of(path) if b"RECORD" in line]
    assert runs == ["run-1", "run-2"]


def test_runs_at_the_same_time_do_not_take_over_each_others_schema(path: Path) -> None:
    one, other = (QuarantineFile(path, run, lambda: NOW) for run in ("run-1", "run-2"))
    one.schema("contacts", SCHEMA)
    other.schema("contacts", OTHER_SCHEMA)
    for number, file in enumerate((one, other, one, one)):
        set_aside(file, record_line(id=number))
    assert kinds_of(path) == ["SCHEMA", "RECORD", "SCHEMA", "RECORD", "SCHEMA", "RECORD", "RECORD"]
    assert lines_of(path)[4] == SCHEMA
    one.close()
    other.close()


def test_a_line_that_a_crash_cut_does_not_spoil_the_next(path: Path) -> None:
    path.write_bytes(b'{"type": "RECORD", "str')
    file = QuarantineFile(path, "run-1", lambda: NOW)
    file.schema("contacts", SCHEMA)
    set_aside(file, record_line(id=1))
    file.close()
    lines = lines_of(path)
    assert lines[0] == b'{"type": "RECORD", "str'
    assert [json.loads(line)["type"] for line in lines[1:]] == ["SCHEMA", "RECORD"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_its_owner_may_read_the_file(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        QuarantineFile(path, "run-1", lambda: NOW).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0o644)
    QuarantineFile(path, "run-1", lambda: NOW).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def unwritable(path: str | Path) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        QuarantineFile(path, "run-1", lambda: NOW)
    assert caught.value.code == "quarantine_unwritable"
    assert caught.value.faults == (caught.value.message,)
    assert str(path) not in caught.value.message
    return caught.value


def test_a_file_that_cannot_be_appended_to_is_found_at_the_start(tmp_path: Path) -> None:
    assert "URL" in unwritable("https://example.com/quarantine.jsonl").message
    assert "URL" in unwritable("file:///tmp/quarantine.jsonl").message
    assert "No such file" in unwritable(tmp_path / "missing" / "quarantine.jsonl").message
    unwritable(tmp_path)
    unwritable("/dev/null")
    unwritable("quaran\0tine")


def test_a_file_that_becomes_unwritable_ends_in_a_plain_error(file: QuarantineFile, monkeypatch: Any) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SettingsError, match="No space left") as caught:
        set_aside(file, record_line(id=1))
    assert caught.value.code == "quarantine_unwritable"


def test_a_write_that_was_cut_short_is_gone_on_with(
    file: QuarantineFile, path: Path, monkeypatch: Any
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    set_aside(file, record_line(id=1))
    assert kinds_of(path) == ["SCHEMA", "RECORD"]


def test_flushing_brings_records_and_a_new_file_to_disk(file: QuarantineFile, monkeypatch: Any) -> None:
    synced: list[str] = []

    def fsync(fd: int) -> None:
        synced.append("directory" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")

    monkeypatch.setattr(os, "fsync", fsync)
    file.flush()
    assert synced == []
    set_aside(file, record_line(id=1))
    file.flush()
    file.flush()
    assert synced == ["file", "directory"]
    set_aside(file, record_line(id=2))
    file.flush()
    assert synced == ["file", "directory", "file"]


def test_threads_do_not_write_into_each_others_lines(file: QuarantineFile, path: Path) -> None:
    def work(number: int) -> None:
        for i in range(50):
            set_aside(file, record_line(id=number * 1000 + i, text="x" * 500))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [json.loads(line) for line in lines_of(path)]
    assert [each["type"] for each in records].count("SCHEMA") == 1
    assert len({each["record"]["id"] for each in records if each["type"] == "RECORD"}) == 200


# Many together.


def of_ids(*ids: int) -> list[SetAside]:
    message = "'n' should be of type null"
    return [
        SetAside("contacts", record_line(id=each), Reason.SCHEMA_INVALID, message, "n", each) for each in ids
    ]


def ids_of(path: Path) -> list[int]:
    return [json.loads(line)["record"]["id"] for line in lines_of(path) if b"RECORD" in line]


def test_records_that_are_held_are_in_the_file_before_a_state_passes_them(
    file: QuarantineFile, path: Path
) -> None:
    file.hold(of_ids(1, 2))
    file.hold(of_ids(3))
    file.hold(of_ids(4, 5))
    file.flush()
    assert ids_of(path) == [1, 2, 3, 4, 5]
    set_aside(file, record_line(id=6))
    one, held = json.loads(lines_of(path)[-1]), json.loads(lines_of(path)[-2])
    assert one["quarantine"] == {**held["quarantine"], "position": 12}
    file.hold(of_ids(7))
    file.close()
    assert ids_of(path) == [1, 2, 3, 4, 5, 6, 7]


def test_what_is_held_goes_into_the_file_once_it_is_much(
    file: QuarantineFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_w50.outputs.quarantine.MOST_HELD_BYTES", 600)
    for number in range(9):
        file.hold(of_ids(number))
    assert ids_of(path) == [*range(len(ids_of(path)))]
    assert 3 < len(ids_of(path)) < 9


def test_what_is_held_comes_before_what_is_set_aside_behind_it_and_under_its_own_schema(
    file: QuarantineFile, path: Path
) -> None:
    file.hold(of_ids(1))
    file.hold(of_ids(2))
    file.schema("contacts", OTHER_SCHEMA)
    file.hold(of_ids(3))
    set_aside(file, record_line(id=4))
    assert ids_of(path) == [1, 2, 3, 4]
    assert kinds_of(path) == ["SCHEMA", "RECORD", "RECORD", "SCHEMA", "RECORD", "RECORD"]


def test_no_state_passes_what_is_held_and_can_not_be_written(
    file: QuarantineFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    file.hold(of_ids(1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        file.hold(of_ids(2))
        for _ in range(2):
            with pytest.raises(SettingsError, match="can't be written any more"):
                file.flush()
    file.flush()
    assert ids_of(path) == [1, 2]


def test_the_same_record_twice_among_those_that_are_appended_together_waits_once(
    file: QuarantineFile, path: Path
) -> None:
    file.hold(of_ids(1))
    back = lines_of(path)[-1]
    comes_back = [each._replace(line=back) for each in of_ids(1)]
    file.hold([*of_ids(1, 2, 2), *comes_back, *of_ids(1, 3)])
    file.flush()
    assert ids_of(path) == [1, 2, 3]


# The same record of the same stream, once while it waits.


def set_aside_in_a_run(path: Path, *lines: bytes, run: str = "run-2") -> None:
    """Another run sets these aside."""
    file = QuarantineFile(path, run, lambda: NOW)
    file.schema("contacts", SCHEMA)
    for line in lines:
        set_aside(file, line)
    file.close()


@pytest.mark.parametrize(
    "record",
    [
        b'{"id": 1, "n": 1.10}',
        b'{"id": NaN}',
        b'{"text": "\\ud800 \\u00e9 \xc3\xa9", "big": 1e400}',
        b'{"record": {"a": [1]}, "quarantine": 1}',
    ],
    ids=["plain", "NaN", "escapes", "names"],
)
def test_a_record_that_every_run_sets_aside_waits_once(path: Path, record: bytes) -> None:
    for night in range(3):
        line = b'{"type": "RECORD", "stream": "contacts", "time_extracted": "%d", "record": %b}'
        set_aside_in_a_run(path, line % (night, record), record_line(id=night), run=f"run-{night}")
    runs = [json.loads(line)["quarantine"]["run_id"] for line in lines_of(path) if b"RECORD" in line]
    assert runs == ["run-0", "run-0", "run-1", "run-2"]


def test_what_a_run_itself_set_aside_waits_however_much_it_was(
    file: QuarantineFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_w50.outputs.waiting_records._FRESH", 3)
    for _ in range(2):
        for number in range(8):
            set_aside(file, record_line(id=number))
            set_aside(file, record_line(id=number // 2))
    ids = [json.loads(line)["record"]["id"] for line in lines_of(path) if b"RECORD" in line]
    assert ids == [*range(8)]


def test_what_another_run_sets_aside_meanwhile_is_seen(file: QuarantineFile, path: Path) -> None:
    set_aside(file, record_line(id=1))
    set_aside_in_a_run(path, record_line(id=1), record_line(id=2))
    set_aside(file, record_line(id=2))
    set_aside(file, record_line(id=3))
    assert [json.loads(line)["record"]["id"] for line in lines_of(path) if b"RECORD" in line] == [1, 2, 3]


def test_the_same_record_of_another_stream_is_another(file: QuarantineFile, path: Path) -> None:
    for stream in (b"contacts", b"orders"):
        set_aside(file, record_line(id=1).replace(b"contacts", stream), stream=stream.decode())
    assert kinds_of(path).count("RECORD") == 2


def test_only_a_whole_line_waits_after_a_crash(path: Path) -> None:
    set_aside_in_a_run(path, record_line(id=1), record_line(id=2))
    whole = path.read_bytes()
    path.write_bytes(whole.removesuffix(b"\n"))
    set_aside_in_a_run(path, record_line(id=2))
    assert path.read_bytes() == whole.removesuffix(b"\n"), "its line lacks the end alone"
    path.write_bytes(whole[:-20])
    set_aside_in_a_run(path, record_line(id=2))
    assert path.read_bytes().startswith(whole[:-20] + b"\n")
    assert json.loads(lines_of(path)[-1])["record"] == {"id": 2}


def in_place(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def by_another_file(path: Path, content: bytes) -> None:
    path.with_name("new").write_bytes(content)
    path.with_name("new").replace(path)


@pytest.mark.parametrize("change", [in_place, by_another_file], ids=["in place", "another file"])
@pytest.mark.parametrize("longer", [False, True], ids=["shorter", "longer"])
def test_what_was_taken_out_while_the_run_goes_on_does_not_wait_any_more(
    file: QuarantineFile, path: Path, change: Any, longer: bool
) -> None:
    set_aside(file, record_line(id=1))
    set_aside(file, record_line(id=2))
    first, _, last = lines_of(path)
    others = [record_line(id=number) for number in range(3, 60 if longer else 3)]
    change(path, b"".join(line + b"\n" for line in (first, last, *others)))
    set_aside(file, record_line(id=1))
    set_aside(file, record_line(id=2))
    ids = [json.loads(line)["record"]["id"] for line in lines_of(path) if b"RECORD" in line]
    assert (ids.count(1), ids.count(2)) == (1, 1)


def test_a_record_out_of_quarantine_that_is_still_wrong_comes_back_unless_it_waits_there(path: Path) -> None:
    set_aside_in_a_run(path, record_line(id=1))
    waiting = lines_of(path)[-1]
    set_aside_in_a_run(path, waiting, run="run-3")
    path.rename(path.with_name("mended"))
    set_aside_in_a_run(path, waiting, run="run-4")
    for each, run in ((path.with_name("mended"), "run-2"), (path, "run-4")):
        (found,) = [json.loads(line) for line in lines_of(each) if b"RECORD" in line]
        assert found["quarantine"]["run_id"] == run


def test_a_record_that_waits_is_on_disk_before_a_state_passes_it(path: Path, monkeypatch: Any) -> None:
    """Another run wrote it, and may not have brought it there."""
    set_aside_in_a_run(path, record_line(id=1))
    synced: list[int] = []
    file = QuarantineFile(path, "run-3", lambda: NOW)
    monkeypatch.setattr(os, "fsync", synced.append)
    set_aside(file, record_line(id=1))
    file.flush()
    assert len(synced) == 1
    file.close()


def test_where_nothing_can_be_remembered_a_record_is_appended_again(
    path: Path, monkeypatch: Any, caplog: Any
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    set_aside_in_a_run(path, record_line(id=1))
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", broken)
        set_aside_in_a_run(path, record_line(id=1), record_line(id=1))
    assert kinds_of(path).count("RECORD") == 3
    assert [each.levelname for each in caplog.records] == ["WARNING"]


def test_a_long_file_is_read_in_blocks(path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("target_w50.outputs.waiting_records._BLOCK_BYTES", 7)
    for _ in range(2):
        set_aside_in_a_run(path, *(record_line(id=number) for number in range(30)))
    assert kinds_of(path).count("RECORD") == 30


def test_while_a_long_file_is_read_what_was_set_aside_can_be_brought_to_disk(
    file: QuarantineFile, path: Path, monkeypatch: Any
) -> None:
    """A stop does not wait for the reading."""
    reads, goes_on = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        reads.set()
        assert goes_on.wait(60)

    set_aside(file, record_line(id=1))
    waiting = "target_w50.outputs.waiting_records.WaitingRecords"
    monkeypatch.setattr(f"{waiting}.is_behind", lambda *_: True)
    monkeypatch.setattr(f"{waiting}.read_on", slow)
    reader = threading.Thread(target=set_aside, args=(file, record_line(id=2)))
    reader.start()
    assert reads.wait(60)
    file.flush()
    goes_on.set()
    reader.join()
    assert kinds_of(path) == ["SCHEMA", "RECORD", "RECORD"]
