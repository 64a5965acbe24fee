"""A line that is no message ends the run; what is whole before the last state is loaded first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import LIST, calls_of, entry, lines, record, schema, settings, state


@pytest.fixture
def sandbox() -> Any:
    with Sandbox(lists=[LIST], token="a-token") as each:
        yield each


BROKEN_LINES = (
    lines([record(4)])[:-9],
    b"Traceback (most recent call last):\n",
    b"[1]\n",
    b'{"type":"NEWS"}\n',
    b'{"type":"RECORD","stream":"contacts"}\n',
    b"\xff\n",
)


@pytest.mark.parametrize("broken", BROKEN_LINES)
def test_what_is_whole_before_a_broken_line_is_loaded_up_to_the_last_state(
    sandbox: Sandbox, tmp_path: Path, broken: bytes
) -> None:
    whole = lines([schema(), record(1), state(1), record(2), state(2), record(3)])
    ended = program.run(tmp_path, settings(sandbox, entry(custom_events=["welcome"])), whole + broken)
    assert (ended.status, ended.bookmarks) == (2, [2]), ended.stderr
    assert "Line 7 of the input" in ended.last_line
    assert "the last state before it is written" in ended.last_line
    # The third contact is in the same job, and no state passes it: the next run sends it again.
    assert ended.rerun == "may_repeat_events"
    assert len(program.contacts(sandbox)) == 3


def test_a_broken_line_without_a_state_before_it_runs_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = program.run(tmp_path, settings(sandbox), lines([schema(), record(1)]) + b"{")
    assert (ended.status, ended.states, calls_of(sandbox, "run")) == (2, [], [])


def test_a_job_that_fails_after_a_broken_line_acknowledges_nothing(tmp_path: Path) -> None:
    with Sandbox(
        lists=[LIST], token="a-token", faults=[{"call": "run", "job": {"CurrentStatus": "Failed"}}]
    ) as sandbox:
        whole = lines([schema(), record(1), state(1)])
        ended = program.run(tmp_path, settings(sandbox), whole + b"{")
        assert (ended.status, ended.error_code, ended.states) == (2, "input_not_json", [])
        assert "After that also: " in ended.stderr
        assert "is written" not in ended.last_line


def test_an_invalid_record_after_a_state_still_runs_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    messages = [schema(), record(1), state(1), record(2, first_name=5)]
    ended = program.run(tmp_path, settings(sandbox), messages)
    assert (ended.status, ended.states, calls_of(sandbox, "run")) == (2, [], [])
