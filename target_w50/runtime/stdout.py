"""Standard output: kept for state lines alone, and written to without hanging beyond a stop."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Callable

from target_w50.errors import StoppedError, TargetW50Error
from target_w50.runtime.stop import Stop

EXIT_STDOUT_CLOSED = 141
LOOK_S = 0.2
"""How often a writer that waits for room looks whether the run was stopped, in seconds."""


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


def line_writer(file: int, stop: Stop) -> Callable[[bytes], None]:
    """A writer of whole lines to a file descriptor, which may be a pipe that nobody empties.

    It writes no more at once than a pipe takes as a whole, and only when there is room, so that it never
    hangs where the stop can't reach it. (To make the descriptor non-blocking would change it for the other
    processes that have it, too.)

    Args:
        file: the descriptor.
        stop: once set, nothing more is written.
    """
    room = select.poll()
    room.register(file, select.POLLOUT)

    def write(line: bytes) -> None:
        view = memoryview(line + b"\n")
        while view:
            stop.check()
            if not room.poll(LOOK_S * 1000):
                continue
            try:
                view = view[os.write(file, view[: select.PIPE_BUF]) :]
            except BlockingIOError:
                continue  # Somebody else filled it in between.
            except BrokenPipeError:
                raise stdout_closed() from None
            except OSError as error:
                raise TargetW50Error(
                    f"A state can't be written to standard output: {error.strerror}. No further import "
                    "job is run; the next run sends the contacts after the last state again. Make room where "
                    "standard output goes.",
                    code="state_unwritable",
                ) from None

    return write


def stdout_closed() -> StoppedError:
    """What ends the run when nobody reads the states any more."""
    return StoppedError(
        "Standard output was closed, so no state can be handed on. No further import job is run; run again "
        "when the program that reads the states is there.",
        exit_status=EXIT_STDOUT_CLOSED,
        code="stdout_closed",
    )
