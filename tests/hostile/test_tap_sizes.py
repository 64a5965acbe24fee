"""What a tap sends may be endless: a line, a file that is none, a few bytes that unpack to gigabytes."""

from __future__ import annotations

import gzip
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import (
    Target,
    entry,
    lines,
    record,
    requests_of,
    run_target,
    schema,
    settings,
    state,
    stored,
)

MEGABYTE = 1_000_000


def batch(path: Path, compression: str = "none") -> dict[str, Any]:
    return {
        "type": "BATCH",
        "stream": "contacts",
        "encoding": {"format": "jsonl", "compression": compression},
        "manifest": [str(path)],
    }


def test_an_endless_line_ends_the_run_and_what_is_whole_before_it_is_loaded(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    config = settings(sandbox, max_line_bytes=MEGABYTE)
    with Target(tmp_path, config) as target:
        target.send(schema(), record(1), state("before"))
        assert target.process.stdin is not None
        with suppress(BrokenPipeError):
            os.write(target.process.stdin.fileno(), b"a" * 5 * MEGABYTE)
            while True:  # for as long as the rest is thrown away
                os.write(target.process.stdin.fileno(), b"a" * 1000)
                time.sleep(0.05)
        ran = target.wait()
    assert (ran.status, ran.error_code, ran.bookmarks) == (2, "line_too_long", ["before"])
    assert "Line 4 of the input" in ran.last_line
    assert "`max_line_bytes`" in ran.last_line


def test_a_line_as_long_as_may_be_is_loaded(tmp_path: Path, sandbox: Sandbox) -> None:
    message = record(1, last_name="b" * MEGABYTE)
    most = len(json.dumps(message))
    messages = lines([schema(properties={"email": {}, "first_name": {}}), message, state("end")])
    assert run_target(tmp_path / "a", settings(sandbox, max_line_bytes=most), messages).status == 0
    ran = run_target(tmp_path / "b", settings(sandbox, max_line_bytes=most - 1), messages)
    assert (ran.status, ran.error_code) == (2, "line_too_long")


def test_a_batch_file_that_unpacks_to_an_endless_line_ends_the_run(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "zeros.gz"
    path.write_bytes(gzip.compress(bytes(50 * MEGABYTE), 1))
    config = settings(sandbox, max_line_bytes=MEGABYTE)
    ran = run_target(tmp_path, config, [schema(), batch(path, "gzip"), state("end")])
    assert (ran.status, ran.error_code, ran.bookmarks) == (2, "line_too_long", [])
    assert "'zeros.gz'" in ran.last_line


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_pipe_is_no_batch_file(tmp_path: Path, sandbox: Sandbox, compression: str) -> None:
    """Nobody may ever write to it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    ran = run_target(tmp_path, settings(sandbox), [schema(), batch(path, compression), state("end")])
    assert (ran.status, ran.error_code, ran.bookmarks) == (2, "batch_unreadable", [])
    assert "'pipe' is no regular file" in ran.last_line


def test_a_device_is_no_batch_file(tmp_path: Path, sandbox: Sandbox) -> None:
    ran = run_target(tmp_path, settings(sandbox), [schema(), batch(Path("/dev/zero"))])
    assert (ran.status, ran.error_code) == (2, "batch_unreadable")


def test_a_new_column_is_not_sent_where_only_listed_properties_are(tmp_path: Path, sandbox: Sandbox) -> None:
    """Data minimisation: a source that gains a column named as a field of the list sends it nowhere."""
    config = settings(sandbox, entry(field_naming="listed", fields={"email": "Email"}))
    messages = [schema(properties={"email": {}, "first_name": {}}), record(1), state("end")]
    ran = run_target(tmp_path, config, messages)
    assert (ran.status, ran.bookmarks) == (0, ["end"])
    assert list(stored(sandbox)) == ["n1@example.com"]
    assert not stored(sandbox)["n1@example.com"].get("FirstName")
    assert not [each for each in requests_of(sandbox) if "First 1" in json.dumps(each)]
    assert "`fields` does not name 'first_name'" in ran.stderr
