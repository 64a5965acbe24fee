"""Standard output carries state lines and nothing else, whoever prints."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from target_w50.errors import StoppedError
from target_w50.runtime.stdout import LineWriter
from target_w50.runtime.stop import Stop
from target_w50.sandbox import Sandbox
from tests.support import PATIENCE_S, record, run_target, schema, settings, state

PRINTS_EVERYWHERE = """
import atexit, os, subprocess, sys

print("printed before the program begins")
sys.stdout.write("held back, without a line end ")
atexit.register(print, "printed at the end")

import requests

send = requests.adapters.HTTPAdapter.send

def talkative(*args, **kwargs):
    print("printed by a library, in whatever thread")
    sys.__stdout__.write("written past sys.stdout\\n")
    os.write(1, b"written to the descriptor\\n")
    subprocess.run(["echo", "written by a child"])
    return send(*args, **kwargs)

requests.adapters.HTTPAdapter.send = talkative
"""


def test_nothing_but_states_comes_out_even_when_a_library_prints(sandbox: Sandbox, tmp_path: Path) -> None:
    """Python imports `sitecustomize` before all else: it stands for a library that talks."""
    (tmp_path / "sitecustomize.py").write_text(PRINTS_EVERYWHERE)
    messages = [schema(), record(1), state(1), record(2), state(2)]
    config = settings(sandbox, max_contacts_per_job=1)
    # Unbuffered, what is printed before the program begins is gone before it can do anything about it.
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": ""}
    finished = run_target(tmp_path, config, messages, environment=environment)
    assert (finished.status, finished.bookmarks) == (0, [1, 2])
    for words in (
        "printed before the program begins",
        "held back",
        "printed by a library",
        "written past",
        "written to the descriptor",
        "written by a child",
        "printed at the end",
    ):
        assert words in finished.stderr


def test_a_program_that_is_refused_its_settings_prints_nothing_on_standard_output(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    finished = run_target(tmp_path, settings(sandbox, nonsense=1), [schema()])
    assert (finished.status, finished.stdout) == (2, "")


def test_a_state_line_larger_than_a_pipe_comes_out_whole(sandbox: Sandbox, tmp_path: Path) -> None:
    large = "x" * 300_000
    finished = run_target(tmp_path, settings(sandbox), [schema(), record(1), state(large)])
    assert (finished.status, finished.bookmarks) == (0, [large])


# A line is whole or not there.

WRITES_TWO_LINES = """
import os, resource, signal, sys
from target_w50.errors import TargetW50Error
from target_w50.runtime.stdout import LineWriter
from target_w50.runtime.stop import Stop

write = LineWriter(1, Stop())
write(b'"first"')
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
try:
    write(b'"' + b"x" * 20000 + b'"')
except TargetW50Error as error:
    sys.stderr.write(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
write(b'"last"')
"""


@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_where_the_disk_is_full_within_a_line_the_next_line_stands_alone(tmp_path: Path, mode: str) -> None:
    """The limit of a file's size stands for a full disk: the first pieces of the line still fit."""
    path = tmp_path / "states"
    with path.open(mode) as file:
        done = subprocess.run(
            [sys.executable, "-c", WRITES_TWO_LINES], stdout=file, stderr=subprocess.PIPE, check=True
        )
    assert done.stderr == b"state_unwritable"
    assert path.read_bytes() == b'"first"\n"last"\n'


def test_half_a_line_that_another_process_left_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "states"
    path.write_bytes(b'{"whole": 1}\n{"ha')
    with path.open("ab") as file:
        LineWriter(file.fileno(), Stop())(b"{}")
    assert path.read_bytes() == b'{"whole": 1}\n{"ha\n{}\n'


def test_a_line_that_was_begun_is_finished_after_a_stop_if_there_is_room_for_it() -> None:
    reader, writer = os.pipe()
    stop, line = Stop(), b'"' + b"x" * 300_000 + b'"'
    writing = threading.Thread(target=LineWriter(writer, stop), args=(line,))
    with os.fdopen(reader, "rb") as pipe:
        writing.start()
        first = pipe.read(4096)
        stop.set(StoppedError("stopped", exit_status=143, code="terminated"))
        rest = pipe.read(len(line) + 1 - len(first))
        writing.join(PATIENCE_S)
    os.close(writer)
    assert first + rest == line + b"\n"


def test_a_line_is_not_begun_after_a_stop() -> None:
    reader, writer = os.pipe()
    stop = Stop()
    stop.set(StoppedError("stopped", exit_status=143, code="terminated"))
    with pytest.raises(StoppedError):
        LineWriter(writer, stop)(b"{}")
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b""


def test_a_line_that_nobody_takes_does_not_keep_a_stopped_run() -> None:
    reader, writer = os.pipe()
    stop, raised = Stop(), []

    def write() -> None:
        try:
            LineWriter(writer, stop)(b"x" * 300_000)
        except StoppedError as error:
            raised.append(error)

    writing = threading.Thread(target=write)
    writing.start()
    with os.fdopen(reader, "rb") as pipe:
        pipe.read(1)
        stop.set(StoppedError("stopped", exit_status=143, code="terminated"))
        writing.join(PATIENCE_S)
    os.close(writer)
    assert [error.exit_status for error in raised] == [143]
