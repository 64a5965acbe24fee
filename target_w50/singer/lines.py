"""Reads the input as blocks of lines, and lets the caller look round while the tap is silent."""

from __future__ import annotations

import codecs
import os
import select
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from target_w50.errors import InputError

DEFAULT_CHUNK_BYTES = 128 * 1024  # larger ones leave the cache, and are slower
DEFAULT_TICK_S = 1.0
DEFAULT_MAX_LINE_BYTES = 32_000_000
"""As the setting `max_line_bytes`."""

Block = tuple[int, list[bytes]]
"""The number of the first line (from 1), and lines without their line ends."""


class Lines(Protocol):
    """What reads lines, in blocks for a hot loop."""

    def blocks(self) -> Iterator[Block]:
        """Yield all lines, many at a time."""


class LineTooLongError(Exception):
    """A line is longer than may be; those before it have been given.

    Attributes:
        line_number: its number, from 1.
    """

    def __init__(self, line_number: int) -> None:
        super().__init__(f"line {line_number} is too long")
        self.line_number = line_number


def split_lines(chunks: Iterable[bytes], max_line_bytes: int = DEFAULT_MAX_LINE_BYTES) -> Iterator[Block]:
    r"""Split chunks of bytes into blocks of lines, in time linear in their length.

    A last line without a line end counts; `\r\n` and a UTF-8 byte order mark at the start are left out.

    Raises:
        LineTooLongError: a line has more bytes; no more than a chunk beyond them is kept.
    """
    first = 1
    unended: list[bytes] = []  # pieces of the line that no chunk has ended yet
    unended_bytes = 0
    for chunk in chunks:
        lines = chunk.split(b"\n")
        if unended_bytes + len(lines[0]) > max_line_bytes:
            raise LineTooLongError(first)
        if len(lines) == 1:
            unended.append(chunk)
            unended_bytes += len(chunk)
            continue
        lines[0] = b"".join((*unended, lines[0]))
        last = lines.pop()
        unended, unended_bytes = [last] if last else [], len(last)
        if len(chunk) > max_line_bytes and len(max(lines, key=len)) > max_line_bytes:
            whole = next(at for at, line in enumerate(lines) if len(line) > max_line_bytes)
            yield first, lines[:whole]
            raise LineTooLongError(first + whole)
        if b"\r" in chunk or lines[0].endswith(b"\r"):  # one byte is looked for many times as fast as two
            lines = [line.removesuffix(b"\r") for line in lines]
        if first == 1:
            lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
        yield first, lines
        first += len(lines)
        if unended_bytes > max_line_bytes:
            raise LineTooLongError(first)
    if unended:
        line = b"".join(unended).removesuffix(b"\r")
        yield first, [line.removeprefix(codecs.BOM_UTF8) if first == 1 else line]


class LineSource:
    """Lines of a file descriptor.

    Between reads it waits for the descriptor and for `wake_fd`, and calls `on_idle` when woken (bytes written
    to `wake_fd` are read away) and whenever `tick_s` seconds have passed since the last call, be the tap
    silent or busy. What `on_idle` raises leaves the iteration at once.

    Args:
        fd: what to read; it is not closed.
        wake_fd: becomes readable when something other than the input needs the caller.
        on_idle: called as above.
        tick_s: longest time between two calls of `on_idle`, while waiting, in seconds.
        limit_bytes: read no more than this, see `same_file_limit`.
        at_end: called where the input ends; what it raises leaves the iteration too.
        max_line_bytes: how long a line may be.
        chunk_bytes: size of one read.
        monotonic: clock, in seconds.
    """

    def __init__(
        self,
        fd: int,
        *,
        wake_fd: int | None = None,
        on_idle: Callable[[], None] | None = None,
        tick_s: float = DEFAULT_TICK_S,
        limit_bytes: int | None = None,
        at_end: Callable[[], None] | None = None,
        max_line_bytes: int = DEFAULT_MAX_LINE_BYTES,
        chunk_bytes: int = DEFAULT_CHUNK_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fd = fd
        self._wake_fd = wake_fd
        self._on_idle = on_idle
        self._tick_s = tick_s
        self._left_bytes = limit_bytes
        self._at_end = at_end
        self._max_line_bytes = max_line_bytes
        self._chunk_bytes = chunk_bytes
        self._monotonic = monotonic

    def blocks(self) -> Iterator[Block]:
        """Yield all lines, many at a time, as soon as they have come.

        Raises:
            InputError: the descriptor can't be read (`input_unreadable`).
            LineTooLongError: a line is longer than `max_line_bytes`.
        """
        return split_lines(self._chunks(), self._max_line_bytes)

    def _chunks(self) -> Iterator[bytes]:
        try:
            waits = not stat.S_ISREG(os.fstat(self._fd).st_mode)
        except OSError as error:
            raise _unreadable(error) from error
        poll = select.poll()
        if waits:
            poll.register(self._fd, select.POLLIN | select.POLLPRI)
        if self._wake_fd is not None:
            poll.register(self._wake_fd, select.POLLIN)
        next_tick = self._monotonic() + self._tick_s
        while True:
            timeout_s = max(0.0, next_tick - self._monotonic()) if waits else 0.0
            ready = {fd for fd, _ in poll.poll(timeout_s * 1000)}
            woken = self._wake_fd in ready
            if woken or self._monotonic() >= next_tick:
                self._look_round(woken=woken)
                next_tick = self._monotonic() + self._tick_s
            if waits and self._fd not in ready:
                continue
            try:
                chunk = self._read()
            except BlockingIOError:
                continue
            if not chunk:
                if self._at_end is not None:
                    self._at_end()
                return
            yield chunk

    def _look_round(self, *, woken: bool) -> None:
        if woken and self._wake_fd is not None:
            os.read(self._wake_fd, 65536)
        if self._on_idle is not None:
            self._on_idle()

    def _read(self) -> bytes:
        size = self._chunk_bytes if self._left_bytes is None else min(self._chunk_bytes, self._left_bytes)
        if not size:
            return b""
        try:
            chunk = os.read(self._fd, size)
        except BlockingIOError:  # a descriptor that someone else made non-blocking, and raced us to the bytes
            raise
        except OSError as error:
            raise _unreadable(error) from error
        if self._left_bytes is not None:
            self._left_bytes -= len(chunk)
        return chunk


class TextLines:
    """Lines of any iterable of `str` or `bytes` lines, such as an open file or a `StringIO`."""

    def __init__(
        self, file: Iterable[str] | Iterable[bytes], max_line_bytes: int = DEFAULT_MAX_LINE_BYTES
    ) -> None:
        self._file = file
        self._max_line_bytes = max_line_bytes

    def blocks(self) -> Iterator[Block]:
        """Yield all lines, each alone, so that no line waits for a later one.

        Raises:
            InputError: the file decodes as it reads, and its bytes are no text (`input_not_utf8`).
            LineTooLongError: a line has more bytes than may be.
        """
        number = 0
        lines: Iterator[str | bytes] = iter(self._file)
        while True:
            try:
                line = next(lines)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                raise InputError(
                    f"The input can't be decoded near line {number + 1}: it should be UTF-8.",
                    code="input_not_utf8",
                ) from error
            number += 1
            content = line if isinstance(line, bytes) else _encoded(line)
            content = content.removesuffix(b"\n").removesuffix(b"\r")
            if len(content) > self._max_line_bytes:
                raise LineTooLongError(number)
            yield number, [content.removeprefix(codecs.BOM_UTF8) if number == 1 else content]


def open_input(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open the file that messages are read from.

    Raises:
        InputError: it can't be opened (`input_unreadable`).
    """
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InputError(
            f"The input file {path} can't be read: {error.strerror}.", code="input_unreadable"
        ) from None


def same_file_limit(fd: int, path: str | os.PathLike[str]) -> int | None:
    """Say how many bytes may be read of `fd` if it is the file at `path`, else None.

    A file that is both read and appended to (the quarantine file, loaded again) would otherwise be read for
    ever; what it holds now is the input.
    """
    try:
        of_fd, of_path = os.fstat(fd), os.stat(path)  # noqa: PTH116 - os.path.samestat takes its result
    except OSError:
        return None
    if not stat.S_ISREG(of_fd.st_mode) or not os.path.samestat(of_fd, of_path):
        return None
    return max(0, of_fd.st_size - os.lseek(fd, 0, os.SEEK_CUR))


def _encoded(line: str) -> bytes:
    """Encode a line; a byte that its file could not decode and kept as a surrogate comes back as it was."""
    try:
        return line.encode()
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogateescape" if _is_escaped(line) else "surrogatepass")


def _is_escaped(line: str) -> bool:
    return all("\udc80" <= char <= "\udcff" for char in line if "\ud800" <= char <= "\udfff")


def _unreadable(error: OSError) -> InputError:
    return InputError(f"The input can't be read: {error.strerror or error}.", code="input_unreadable")
