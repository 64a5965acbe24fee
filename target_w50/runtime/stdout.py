"""Standard output: kept for state lines alone, and written to without hanging beyond a stop."""

from __future__ import annotations

import fcntl
import io
import os
import select
import stat
import sys

from target_w50.errors import StoppedError, TargetW50Error
from target_w50.runtime.stop import Stop

EXIT_STDOUT_CLOSED = 141
LOOK_S = 0.2
"""How often a writer that waits for room looks whether the run was stopped, in seconds."""
LOOKS_AFTER_STOP = 5
"""So often a line that was begun before the stop finds no room before it is left as it is."""


def keep_clean() -> int:
    """Have whatever prints to standard output print to standard error; returns the real one's descriptor.

    To be called before anything is imported that might print: what Python holds back unwritten by then goes
    to standard error, too.

    Raises:
        StoppedError: standard output was closed from the start.
    """
    if sys.stderr is None:
        # Closed: whatever is opened next would get its number, and the log's lines with it.
        _open_nowhere(2)
    if sys.stdout is None:
        _open_nowhere(1)
        raise stdout_closed()
    real = os.dup(1)
    os.set_inheritable(real, False)
    os.dup2(2, 1)
    sys.stdout.flush()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Nobody flushes it at the end any more, and a library may have kept it.
        sys.stdout.reconfigure(line_buffering=True)
    sys.stdout = sys.stderr
    return real


def _open_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
    name = "stdout" if number == 1 else "stderr"
    setattr(sys, name, os.fdopen(number, "w", closefd=False))


class LineWriter:
    """Writes whole lines to a file descriptor, which may be a pipe that nobody empties.

    It writes no more at once than a pipe takes as a whole, and only when there is room, so that it never
    hangs where the stop can't reach it. (To make the descriptor non-blocking would change it for the other
    processes that have it, too.)

    A line is whole or not there: where a disk is full within a line, the file is cut back to what it held
    before; a line that was begun is finished after a stop too, if there is room for it soon. Where neither is
    possible, or an earlier process left half a line in the file, that line is ended before the next begins.

    Args:
        file: the descriptor.
        stop: once set, no line is begun any more.
    """

    def __init__(self, file: int, stop: Stop) -> None:
        self._file = file
        self._stop = stop
        self._room = select.poll()
        self._room.register(file, select.POLLOUT)
        self._is_regular = stat.S_ISREG(os.fstat(file).st_mode)
        self._torn = self._is_regular and _ends_within_a_line(file)

    def __call__(self, line: bytes) -> None:
        """Write one line.

        Args:
            line: without its line end.

        Raises:
            StoppedError: the run was stopped before the line was begun, or nobody made room for its end; or
                standard output was closed.
            TargetW50Error: it can't be written (`state_unwritable`).
        """
        began_at = self._end() if self._is_regular else 0
        rest = memoryview((b"\n" if self._torn else b"") + line + b"\n")
        begun, looks = False, 0
        while rest:
            if not begun or looks > LOOKS_AFTER_STOP:
                self._stop.check()
            looks += self._stop.error is not None
            if not self._room.poll(LOOK_S * 1000):
                continue
            try:
                written = os.write(self._file, rest[: select.PIPE_BUF])
            except BlockingIOError:
                continue  # Somebody else filled it in between.
            except BrokenPipeError:
                raise stdout_closed() from None
            except OSError as error:
                if begun and self._is_regular:
                    self._take_back(began_at)
                raise _unwritable(error) from None
            rest = rest[written:]
            begun = self._torn = True
            looks = 0
        self._torn = False

    def _end(self) -> int:
        """Where in the file the next line is written."""
        appends = fcntl.fcntl(self._file, fcntl.F_GETFL) & os.O_APPEND
        return os.fstat(self._file).st_size if appends else os.lseek(self._file, 0, os.SEEK_CUR)

    def _take_back(self, began_at: int) -> None:
        """Cut the file back to what it held before the line, unless somebody else has written behind it."""
        try:
            if os.fstat(self._file).st_size == self._end():
                os.ftruncate(self._file, began_at)
                os.lseek(self._file, began_at, os.SEEK_SET)
                self._torn = _ends_within_a_line(self._file)
        except OSError:
            return  # It stays torn: the next line begins with a line end.


def _ends_within_a_line(file: int) -> bool:
    """Whether what the file holds so far ends without a line end; False where it can't be read."""
    try:
        size = os.fstat(file).st_size
        if not size:
            return False
        # The descriptor itself is open for writing alone.
        with open(f"/dev/fd/{file}", "rb") as reader:  # noqa: PTH123 - a descriptor, not a path
            return os.pread(reader.fileno(), 1, size - 1) != b"\n"
    except OSError:
        return False


def _unwritable(error: OSError) -> TargetW50Error:
    return TargetW50Error(
        f"A state can't be written to standard output: {error.strerror}. No further import job is run; the "
        "next run sends the contacts after the last state again. Make room where standard output goes.",
        code="state_unwritable",
    )


def stdout_closed() -> StoppedError:
    """What ends the run when nobody reads the states any more."""
    return StoppedError(
        "Standard output was closed, so no state can be handed on. No further import job is run; run again "
        "when the program that reads the states is there.",
        exit_status=EXIT_STDOUT_CLOSED,
        code="stdout_closed",
    )
