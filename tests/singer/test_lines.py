from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.errors import InputError
from target_w50.singer.lines import (
    Lines,
    LineSource,
    LineTooLongError,
    TextLines,
    open_input,
    same_file_limit,
    split_lines,
)


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Woken(Exception):  # noqa: N818 - not an error here
    pass


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        with contextlib.suppress(OSError):  # a test may have closed it
            os.close(fd)


def each_of(source: Lines) -> list[bytes]:
    return [line for _, block in source.blocks() for line in block]


def lines_of(
    content: bytes, tmp_path: Path, *, chunk_bytes: int = 100, limit_bytes: int | None = None
) -> list[bytes]:
    path = tmp_path / "input"
    path.write_bytes(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        return each_of(LineSource(fd, chunk_bytes=chunk_bytes, limit_bytes=limit_bytes))
    finally:
        os.close(fd)


LINES = st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line and not line.endswith(b"\r")))


@given(
    lines=LINES,
    ends=st.sampled_from([b"\n", b"\r\n"]),
    last_end=st.booleans(),
    bom=st.booleans(),
    sizes=st.lists(st.integers(1, 9), min_size=1),
)
def test_lines_do_not_depend_on_where_the_reads_were_cut(
    lines: list[bytes], ends: bytes, last_end: bool, bom: bool, sizes: list[int]
) -> None:
    lines = [line.removeprefix(b"\xef\xbb\xbf") for line in lines]
    content = (b"\xef\xbb\xbf" if bom else b"") + ends.join(lines) + (ends if last_end and lines else b"")
    if not last_end and lines and not lines[-1]:
        lines = lines[:-1]  # nothing after the last line end is no line
    chunks: list[bytes] = []
    rest = content
    while rest:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(rest[:size])
        rest = rest[size:]

    numbered = [(first + i, line) for first, block in split_lines(chunks) for i, line in enumerate(block)]

    if bom and not lines:
        assert numbered in ([], [(1, b"")])
    else:
        assert numbered == list(enumerate(lines, 1))


def test_a_last_line_without_a_line_end_counts(tmp_path: Path) -> None:
    assert lines_of(b"a\nb", tmp_path) == [b"a", b"b"]


def test_an_empty_input_has_no_lines(tmp_path: Path) -> None:
    assert lines_of(b"", tmp_path) == []


def test_blank_lines_are_lines_and_keep_the_numbers_right(tmp_path: Path) -> None:
    assert lines_of(b"a\n\n\nb\n", tmp_path) == [b"a", b"", b"", b"b"]


def test_a_byte_order_mark_and_carriage_returns_are_left_out(tmp_path: Path) -> None:
    assert lines_of(b"\xef\xbb\xbfa\r\nb\r\nc\r", tmp_path, chunk_bytes=3) == [b"a", b"b", b"c"]


def test_a_line_of_five_megabytes_comes_whole(tmp_path: Path) -> None:
    long = b"x" * 5_000_000
    assert lines_of(b"a\n" + long + b"\nb", tmp_path, chunk_bytes=1000) == [b"a", long, b"b"]


def test_a_block_says_the_number_of_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"a\nb\nc\nd")
    fd = os.open(tmp_path / "input", os.O_RDONLY)
    assert list(LineSource(fd, chunk_bytes=5).blocks()) == [(1, [b"a", b"b"]), (3, [b"c"]), (4, [b"d"])]
    os.close(fd)


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    assert lines_of(b"a\nb\nc\n", tmp_path, limit_bytes=4) == [b"a", b"b"]
    assert lines_of(b"a\nb\nc\n", tmp_path, limit_bytes=0) == []


def test_a_file_that_grows_while_it_is_read_is_read_to_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    path.write_bytes(b"a\nb\n")
    fd = os.open(path, os.O_RDONLY)
    limit = same_file_limit(fd, path)
    seen = []
    for _, block in LineSource(fd, limit_bytes=limit, chunk_bytes=2).blocks():
        seen += block
        with path.open("ab") as file:
            file.write(b"again\n")
    assert seen == [b"a", b"b"]
    os.close(fd)


def test_the_limit_is_only_for_one_and_the_same_file(tmp_path: Path, pipe: tuple[int, int]) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    fd = os.open(tmp_path / "a", os.O_RDONLY)
    assert same_file_limit(fd, tmp_path / "a") == 5
    assert same_file_limit(fd, tmp_path / "link") == 5
    os.read(fd, 2)
    assert same_file_limit(fd, tmp_path / "a") == 3
    assert same_file_limit(fd, tmp_path / "b") is None
    assert same_file_limit(fd, tmp_path / "missing") is None
    assert same_file_limit(pipe[0], tmp_path / "a") is None
    os.close(fd)


def test_a_line_is_handed_out_before_the_tap_ends(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    blocks = LineSource(read_end).blocks()
    os.write(write_end, b"a\nb\nhal")
    assert next(blocks) == (1, [b"a", b"b"])
    os.write(write_end, b"f\n")
    assert next(blocks) == (3, [b"half"])
    os.close(write_end)
    assert list(blocks) == []


def test_a_silent_tap_does_not_keep_the_caller_from_a_tick(pipe: tuple[int, int]) -> None:
    clock = FakeClock()
    ticks = []

    def on_idle() -> None:
        ticks.append(clock.now_s)
        if len(ticks) == 3:
            raise Woken

    def monotonic() -> float:
        clock.now_s += 1
        return clock.now_s

    with pytest.raises(Woken):
        each_of(LineSource(pipe[0], on_idle=on_idle, tick_s=0.001, monotonic=monotonic))
    assert len(ticks) == 3


def test_a_busy_tap_does_not_keep_the_caller_from_a_tick(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"a\n" * 10)
    fd = os.open(tmp_path / "input", os.O_RDONLY)
    clock = FakeClock()
    ticks = []
    source = LineSource(
        fd, on_idle=lambda: ticks.append(clock.now_s), tick_s=3, chunk_bytes=2, monotonic=clock
    )
    for _ in source.blocks():
        clock.now_s += 1
    assert ticks == [3, 6, 9]
    os.close(fd)


def test_being_woken_is_noticed_while_the_tap_is_silent(pipe: tuple[int, int]) -> None:
    wake_read, wake_write = os.pipe()

    def on_idle() -> None:
        raise Woken

    waker = threading.Timer(0.02, os.write, (wake_write, b"!"))
    waker.start()
    with pytest.raises(Woken):
        each_of(LineSource(pipe[0], wake_fd=wake_read, on_idle=on_idle, tick_s=3600))
    waker.join()
    os.close(wake_read)
    os.close(wake_write)


def test_what_woke_it_is_read_away_so_that_it_waits_again(pipe: tuple[int, int]) -> None:
    wake_read, wake_write = os.pipe()
    calls = []

    def on_idle() -> None:
        calls.append(1)
        os.close(pipe[1])

    os.write(wake_write, b"!!!")
    assert each_of(LineSource(pipe[0], wake_fd=wake_read, on_idle=on_idle, tick_s=3600)) == []
    assert calls == [1]
    os.close(wake_read)
    os.close(wake_write)


def test_a_non_blocking_input_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[0], False)
    os.write(pipe[1], b"a\n")

    def write() -> None:
        os.write(pipe[1], b"b\n")
        os.close(pipe[1])

    writer = threading.Timer(0.02, write)
    writer.start()
    assert each_of(LineSource(pipe[0])) == [b"a", b"b"]
    writer.join()


def test_an_input_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)  # a directory
    with pytest.raises(InputError) as caught:
        each_of(LineSource(fd))
    assert caught.value.code == "input_unreadable"
    os.close(fd)
    with pytest.raises(InputError):
        each_of(LineSource(fd))  # closed


def test_an_input_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"a\n")
    with open_input(tmp_path / "input") as file:
        assert file.read() == b"a\n"
    with pytest.raises(InputError, match="missing can't be read: No such file") as caught:
        open_input(str(tmp_path / "missing"))
    assert caught.value.code == "input_unreadable"


def test_text_and_bytes_are_read_alike() -> None:
    text = '\ufeff{"a": "é"}\r\n\nlast'
    expected = ['{"a": "é"}'.encode(), b"", b"last"]
    assert each_of(TextLines(io.StringIO(text, newline=""))) == expected
    assert each_of(TextLines(io.BytesIO(text.encode()))) == expected
    assert each_of(TextLines(text.splitlines())) == expected
    assert list(TextLines(io.StringIO("a\nb")).blocks()) == [(1, [b"a"]), (2, [b"b"])]


def test_bytes_that_text_could_not_hold_come_back_as_they_were() -> None:
    assert each_of(TextLines(io.TextIOWrapper(io.BytesIO(b"a\xff"), "utf-8", "surrogateescape"))) == [
        b"a\xff"
    ]
    assert each_of(TextLines(["\ud800"])) == [b"\xed\xa0\x80"]


def test_text_that_is_not_utf8_is_said_with_its_line() -> None:
    file = io.TextIOWrapper(io.BytesIO(b"a\nb\xff"), "utf-8")
    with pytest.raises(InputError, match="line") as caught:
        each_of(TextLines(file))
    assert caught.value.code == "input_not_utf8"


@given(
    st.lists(st.binary(max_size=8).map(lambda each: each.replace(b"\n", b"").replace(b"\r", b""))),
    st.integers(1, 30),
    st.integers(1, 8),
)
def test_lines_are_given_up_to_the_first_that_is_too_long(
    lines: list[bytes], chunk_bytes: int, max_line_bytes: int
) -> None:
    lines = [line.removeprefix(b"\xef\xbb\xbf") for line in lines]
    content = b"".join(line + b"\n" for line in lines)
    chunks = [content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes)]
    too_long = next((at for at, line in enumerate(lines) if len(line) > max_line_bytes), None)
    found: list[bytes] = []
    number = None
    try:
        for _, block in split_lines(chunks, max_line_bytes):
            found += block
    except LineTooLongError as error:
        number = error.line_number
    assert found == lines[:too_long]
    assert number == (None if too_long is None else too_long + 1)


def test_a_text_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(LineTooLongError, match="line 2"):
        list(TextLines(["abc\n", "abcd\n"], 3).blocks())
