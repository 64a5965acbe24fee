"""After a failure the input is read on for a while, so that the tap can end well."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from target_w50.runtime import pipes
from target_w50.runtime.pipes import throw_away

MANY = b"x" * 1_000_000
"""More than a pipe holds."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)


def write(fd: int) -> None:
    with os.fdopen(fd, "wb") as file:
        file.write(MANY)


def test_a_tap_that_goes_on_to_write_comes_to_its_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    tap = threading.Thread(target=write, args=(writing,))
    tap.start()
    throw_away(reading, lambda: False)
    tap.join(20)
    assert not tap.is_alive()
    assert os.read(reading, 1) == b""


def test_a_stop_ends_it_at_once_though_the_tap_goes_on(pipe: tuple[int, int]) -> None:
    """Would hang for as long as the tap says nothing otherwise."""
    asked = []
    throw_away(pipe[0], lambda: bool(asked.append(1)) or len(asked) > 2)  # type: ignore[func-returns-value]
    assert len(asked) == 3
    os.close(pipe[1])


def test_a_tap_that_does_not_end_is_left_after_a_while(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "MOST_S", 0.2)
    throw_away(pipe[0], lambda: False)
    os.close(pipe[1])


def test_a_file_is_not_read_and_neither_is_what_is_closed(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(MANY)
    fd = os.open(tmp_path / "input", os.O_RDONLY)
    throw_away(fd, lambda: False)
    assert os.lseek(fd, 0, os.SEEK_CUR) == 0
    os.close(fd)
    throw_away(fd, lambda: False)
