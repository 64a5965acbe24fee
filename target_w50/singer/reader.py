"""Reads Singer messages for the target, and lets it look round while the tap is silent."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from singer_sdk.singerlib.encoding.base import GenericSingerReader

from target_w50.errors import InputError
from target_w50.singer.lines import (
    DEFAULT_MAX_LINE_BYTES,
    DEFAULT_TICK_S,
    Block,
    Lines,
    LineSource,
    LineTooLongError,
    TextLines,
    same_file_limit,
)
from target_w50.singer.messages import BrokenLineError, message_type, parse_json, parse_line
from target_w50.singer.windows import Windows


@dataclass(frozen=True)
class Meanwhile:
    """What goes on while the input is read.

    Attributes:
        wake_fd: see `LineSource`; None to read without looking round.
        look_round: called while nothing is read.
        monotonic: what the time between two of these calls is measured by, in seconds.
        tick_s: the longest time between two of them, in seconds.
        max_line_bytes: how long a line may be.
        appended_path: a file that is appended to; if it is the input too, only what it held at the start is
            read.
    """

    wake_fd: int | None = None
    look_round: Callable[[], None] | None = None
    monotonic: Callable[[], float] = time.monotonic
    tick_s: float = DEFAULT_TICK_S
    max_line_bytes: int = DEFAULT_MAX_LINE_BYTES
    appended_path: str | None = None


class InputReader(GenericSingerReader[str]):
    """The SDK's place for a reader of messages; its own shows the line in its errors.

    Held by tests/target/test_sdk_overrides.py.

    Args:
        begin: called once before anything is read; says what goes on meanwhile.

    Attributes:
        line: the line at hand, as the tap wrote it.
        line_number: its number, from 1.
        windows: lines of records that go the short way.
    """

    def __init__(self, begin: Callable[[], Meanwhile] = Meanwhile) -> None:
        super().__init__()
        self._begin = begin
        self.line = b""
        self.line_number = 0
        self.windows = Windows(self._read_one)
        self._callbacks: dict[str, Callable[[dict[str, Any]], None]] = {}
        self._stats: Counter[str] = Counter()

    @property
    def default_input(self) -> IO[str]:
        """Standard input, whatever it is now.

        Raises:
            InputError: it was closed from the start.
        """
        if sys.stdin is None:
            raise InputError(
                "Standard input is closed, so there is nothing to read. Have a tap's output come in, or name "
                "a file with --input.",
                code="input_unreadable",
            )
        return sys.stdin

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """One message; the SDK's own shows the line where it is not JSON."""
        message: dict[str, Any] = parse_json(line.encode(), "the line")
        return message

    def process_lines(
        self,
        file_input: IO[str] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Hand every message to the callback of its type.

        Raises:
            InputError: a line is no Singer message, or longer than `max_line_bytes` (`line_too_long`); names
                the line, without its contents.
        """
        meanwhile = self._begin()
        self._callbacks, self._stats = callbacks, Counter()
        source = _source(file_input if file_input is not None else self.default_input, meanwhile)
        windows, read_one = self.windows, self._read_one
        for first, lines in _blocks(source, meanwhile.max_line_bytes):
            at, end = 0, len(lines)
            while at < end:
                if taken := windows.take(lines, at, first):
                    at += taken
                else:
                    read_one(lines[at], first + at)
                    at += 1
        self._stats["RECORD"] += windows.records
        self._stats["STATE"] += windows.states
        return self._stats

    def _read_one(self, line: bytes, number: int) -> None:
        """Read a line by itself."""
        message = parse_line(line, number)
        if message is None:
            return
        kind = message_type(message, number)
        self.line, self.line_number = line, number
        self._callbacks[kind](message)
        self._stats[kind.value] += 1


def _blocks(source: Lines, max_line_bytes: int) -> Iterator[Block]:
    try:
        yield from source.blocks()
    except LineTooLongError as error:
        raise BrokenLineError(
            f"Line {error.line_number} of the input has more than {max_line_bytes} bytes; check what the tap "
            "wrote there, or allow more with `max_line_bytes`.",
            code="line_too_long",
        ) from None


def _source(file: Iterable[str], meanwhile: Meanwhile) -> Lines:
    fileno = getattr(file, "fileno", None)
    try:
        fd = None if fileno is None else fileno()
    except OSError:
        fd = None
    if fd is None:
        return TextLines(file, meanwhile.max_line_bytes)
    path = meanwhile.appended_path
    limit = same_file_limit(fd, path) if path else None
    return LineSource(
        fd,
        wake_fd=meanwhile.wake_fd,
        on_idle=meanwhile.look_round,
        tick_s=meanwhile.tick_s,
        limit_bytes=limit,
        # Of an input that is made while it is read: whether it is whole.
        at_end=getattr(file, "check_end", None),
        max_line_bytes=meanwhile.max_line_bytes,
        monotonic=meanwhile.monotonic,
    )
