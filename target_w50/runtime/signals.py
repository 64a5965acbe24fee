"""Signals and a closed standard output: learned at any moment, and the exit within five seconds."""

from __future__ import annotations

import logging
import os
import select
import signal
import stat
import threading
from collections.abc import Callable
from typing import NoReturn

from target_w50.errors import StoppedError
from target_w50.runtime.stdout import EXIT_STDOUT_CLOSED, stdout_closed
from target_w50.runtime.stop import Stop

log = logging.getLogger("target-w50")

GRACE_S = 3.5
"""How long the program may take to end by itself after a signal, in seconds."""
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
LAST_WORDS_S = 1.0
"""How long the last words may take then, in seconds."""


class Watch:
    """A thread that learns of signals and of a closed standard output, whatever the others are doing.

    Python runs signal handlers in the main thread, which may be waiting for W50 or for the reader of the
    states; so the handlers do nothing, and this thread reads the numbers of the signals from a pipe.

    Args:
        stop: set with the first signal.
        stdout_fd: where states are written.
        last_words: called when the program has not ended in time, just before it is ended.
    """

    def __init__(self, stop: Stop, stdout_fd: int, last_words: Callable[[StoppedError], None]) -> None:
        self._stop = stop
        self._stdout_fd = stdout_fd
        self._last_words = last_words
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        self._done = threading.Event()

    def start(self) -> None:
        """Take the signals over; to be called in the main thread.

        Who started us may have it that a signal is for others, as `nohup` does, and shells with `&` in a
        script: one that is ignored stays so.
        """
        # First where signals go, then who takes them: one that comes in between is not lost.
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                log.debug("%s was ignored when the program began, and stays ignored.", number.name)
            else:
                signal.signal(number, _leave_to_the_watch)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def done(self) -> None:
        """All is said; the program ends by itself."""
        self._done.set()

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._read_end, select.POLLIN)
        if _is_pipe(self._stdout_fd):
            poll.register(self._stdout_fd, 0)
        while True:
            for fd, _ in poll.poll():
                if fd == self._stdout_fd:
                    poll.unregister(fd)
                    self._begin_to_end(stdout_closed())
                else:
                    self._signalled(os.read(self._read_end, 1)[0])

    def _signalled(self, number: int) -> None:
        if number not in SIGNALS:
            return
        stopped = self._stop.error
        if stopped is not None and stopped.exit_status != EXIT_STDOUT_CLOSED:
            self._end_now(stopped)
        self._begin_to_end(stopped_by(number))

    def _begin_to_end(self, error: StoppedError) -> None:
        # First of all what ends the program in any case: those who are told of the stop may wait for somebody
        # who hangs.
        threading.Thread(target=self._end_in_time, args=(error,), name="grace", daemon=True).start()
        self._stop.set(error)

    def _end_in_time(self, error: StoppedError) -> None:
        if self._done.wait(GRACE_S):
            return
        self._end_now(self._stop.error or error)

    def _end_now(self, error: StoppedError) -> NoReturn:
        words = threading.Thread(target=self._last_words, args=(error,), name="last words", daemon=True)
        words.start()
        words.join(LAST_WORDS_S)
        os._exit(error.exit_status)


def _leave_to_the_watch(number: int, frame: object) -> None:
    """Nothing: see `Watch`."""


def stopped_by(number: int) -> StoppedError:
    """What ends the run after a signal."""
    name = signal.Signals(number).name
    return StoppedError(
        f"Stopped by {name}. No further import job is run and no further state is written; the next run "
        "sends the contacts after the last state again.",
        exit_status=128 + number,
        code="interrupted" if number == signal.SIGINT else "terminated",
    )


def _is_pipe(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
