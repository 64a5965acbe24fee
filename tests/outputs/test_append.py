from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import itertools
import json
import logging
import os
import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from target_w50.contacts.refusal import Reason
from target_w50.errors import SettingsError
from target_w50.outputs import append as appending
from target_w50.outputs.append import MessageFile
from target_w50.outputs.metrics import MetricsStream, MetricsWriter
from target_w50.outputs.metrics_records import run_record
from target_w50.outputs.quarantine import QuarantineFile

NOW = dt.datetime(2025, 11, 14, 21, 29, 44, tzinfo=dt.timezone.utc)
SCHEMA = b'{"type":"SCHEMA","stream":"s","schema":{"properties":{}},"key_properties":[]}'
OUTCOME = {
    "started_at": NOW.isoformat(),
    "ended_at": NOW.isoformat(),
    "exit_status": 0,
    "error_code": None,
    "error": None,
    "rerun": "safe",
    "rerun_import_job_ids": [],
    "api_host": "w50.test",
}

_numbers = itertools.count()
Append = Callable[[], None]
Open = Callable[[Path], tuple[Append, Callable[[], None]]]


def metrics_of(path: Path) -> tuple[Append, Callable[[], None]]:
    """Appends a metrics record of a run with each call."""
    writer = MetricsWriter(str(path), logging.getLogger("metrics of a test"), lambda: NOW)
    record = run_record("run-1", (), states_written=0, outcome=OUTCOME)
    return lambda: writer.write(MetricsStream.RUNS, record), writer.close


def quarantine_of(path: Path) -> tuple[Append, Callable[[], None]]:
    """Sets another record aside with each call."""
    file = QuarantineFile(path, "run-1", lambda: NOW)
    file.schema("s", SCHEMA)

    def append() -> None:
        record = {"text": "x" * 500, "number": next(_numbers)}
        line = json.dumps({"type": "RECORD", "stream": "s", "record": record}).encode()
        file.add("s", line, Reason.SCHEMA_INVALID, "no", None, 1)

    return append, file.close


OUTPUTS = pytest.mark.parametrize("opened", [metrics_of, quarantine_of])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "output.jsonl"


@contextlib.contextmanager
def room_for(path: Path, size: int) -> Iterator[None]:
    """The file may grow by so many bytes: beyond, it is as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def kinds_of(path: Path) -> list[str]:
    content = path.read_bytes()
    assert content.endswith(b"\n")
    return [json.loads(line)["type"] for line in content.splitlines()]


@OUTPUTS
def test_where_the_disk_is_full_no_half_line_stays(opened: Open, path: Path) -> None:
    append, close = opened(path)
    append()
    before = path.read_bytes()
    with room_for(path, 100), contextlib.suppress(SettingsError):
        append()
    assert path.read_bytes() == before
    close()
    append, close = opened(path)
    append()
    close()
    assert kinds_of(path) == ["SCHEMA", "RECORD", "SCHEMA", "RECORD"]


@OUTPUTS
def test_a_line_that_a_crash_cut_is_ended_before_the_next(opened: Open, path: Path) -> None:
    path.write_bytes(b'{"type": "RECORD", "str')
    append, close = opened(path)
    append()
    close()
    first, *others = path.read_bytes().splitlines()
    assert first == b'{"type": "RECORD", "str'
    assert [json.loads(line)["type"] for line in others] == ["SCHEMA", "RECORD"]


@OUTPUTS
def test_what_another_run_appends_meanwhile_does_not_part_a_record_from_its_schema(
    opened: Open, path: Path
) -> None:
    one, other = opened(path), opened(path)
    for append, _ in (one, other, one, one):
        append()
    assert kinds_of(path) == ["SCHEMA", "RECORD", "SCHEMA", "RECORD", "SCHEMA", "RECORD", "RECORD"]
    one[1]()
    other[1]()


@OUTPUTS
@pytest.mark.parametrize("how", ["replaced", "moved away"])
def test_what_comes_after_another_file_took_its_place_goes_into_that_one(
    opened: Open, path: Path, how: str
) -> None:
    """A purge replaces the file while a run has it open, a rotation moves it away."""
    append, close = opened(path)
    append()
    other = path.with_name("other")
    if how == "replaced":
        other.write_bytes(b"")
        other.replace(path)
    else:
        path.rename(other)
    append()
    append()
    close()
    assert kinds_of(path) == ["SCHEMA", "RECORD", "RECORD"]


def test_a_link_that_took_the_place_of_the_quarantine_file_is_not_followed(path: Path) -> None:
    append, close = quarantine_of(path)
    append()
    goal = path.with_name("goal")
    goal.touch()
    path.unlink()
    path.symlink_to(goal)
    with pytest.raises(SettingsError, match="symbolic link"):
        append()
    close()
    assert goal.read_bytes() == b""


def test_a_full_disk_does_not_end_a_run_for_its_metrics_but_is_said_once(path: Path, caplog: Any) -> None:
    append, close = metrics_of(path)
    append()
    with room_for(path, 100):
        append()
        append()
    close()
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert told == [
        "`metrics_path` can't be written any more (File too large); metrics records are in the log alone"
    ]


def test_what_someone_appends_without_a_lock_is_not_taken_back(path: Path, monkeypatch: Any) -> None:
    file = MessageFile(path)
    write = os.write

    def full_after_a_part(fd: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", write)
        write(fd, data[:5])
        with path.open("ab") as by_someone:
            by_someone.write(b"theirs\n")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full_after_a_part)
    with pytest.raises(OSError, match="No space left"):
        file.append("s", None, b'{"type":"RECORD"}')
    assert path.read_bytes().endswith(b"theirs\n")
    file.close()


def test_a_process_that_stands_still_with_the_file_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "LOCKED_S", 0.05)
    file = MessageFile(path)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="another process has kept it locked"):
            file.append("s", SCHEMA, b'{"type":"RECORD"}')
        assert path.read_bytes() == b""
        threading.Timer(0.1, fcntl.flock, (other, fcntl.LOCK_UN)).start()
        monkeypatch.setattr(appending, "LOCKED_S", 60.0)
        file.append("s", SCHEMA, b'{"type":"RECORD"}')
    file.close()
    assert kinds_of(path) == ["SCHEMA", "RECORD"]


def test_a_file_system_without_locks_is_appended_to_all_the_same(path: Path, monkeypatch: Any) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    file = MessageFile(path)
    file.append("s", SCHEMA, b'{"type":"RECORD"}')
    file.close()
    assert kinds_of(path) == ["SCHEMA", "RECORD"]


def test_a_named_pipe_gets_each_schema_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    file = MessageFile(pipe)
    file.append("s", SCHEMA, b"1")
    file.append("s", SCHEMA, b"2")
    assert os.read(reader, 65536) == SCHEMA + b"\n1\n2\n"
    file.close()
    os.close(reader)
