"""Signals and a closed standard output: learned at any moment, and the exit within five seconds."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from collections.abc import Callable
from typing import NoReturn

from target_w50.errors import StoppedError
from target_w50.runtime.last_resort import LastResort
from target_w50.runtime.pipes import is_pipe
from target_w50.runtime.stdout import EXIT_STDOUT_CLOSED, stdout_closed
from target_w50.runtime.stop import Stop

log = logging.getLogger("target-w50")

GRACE_S = 3.5
"""How long the program may take to end by itself after a signal, in seconds."""
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
LAST_WORDS_S = 1.0
"""How long the last words may take then, in seconds."""
LOOK_MS = 100
"""How often the watch looks for signals, in milliseconds."""


class Watch:
    """A thread that learns of signals and of a closed standard output, whatever the others are doing.

    All threads block the signals, so that they stay pending until this one looks: nothing that waits is
    interrupted, and none is lost. While it can't look, as some call into C holds the interpreter, the last
    resort has them end the program.

    Args:
        stop: set with the first signal.
        stdout_fd: where states are written.
        last_words: called when the program has not ended in time, just before it is ended.
    """

    def __init__(self, stop: Stop, stdout_fd: int, last_words: Callable[[StoppedError], None]) -> None:
        self._stop = stop
        self._stdout_fd = stdout_fd
        self._last_words = last_words
        self._signals: set[signal.Signals] = set()
        self._is_signalled = False
        self._done = threading.Event()

    def start(self) -> None:
        """Take the signals over; to be called in the main thread, before there are others.

        Who started us may have it that a signal is for others, as `nohup` does, and shells with `&` in a
        script: one that is ignored stays so.
        """
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                log.debug("%s was ignored when the program began, and stays ignored.", number.name)
            else:
                self._signals.add(number)
        # First blocked, then the default effect, which is the last resort's.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        for number in self._signals:
            signal.signal(number, signal.SIG_DFL)
        self._last_resort = LastResort(self._signals)
        self._last_resort.start()
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def done(self) -> None:
        """All is said; the program ends by itself."""
        self._done.set()

    def _watch(self) -> None:
        poll = select.poll()
        if is_pipe(self._stdout_fd):
            poll.register(self._stdout_fd, 0)
        while True:
            if poll.poll(LOOK_MS):
                poll.unregister(self._stdout_fd)
                self._begin_to_end(stdout_closed())
            pending = self._signals & signal.sigpending()
            if pending:
                self._signalled(signal.sigwait(pending))
            if not self._is_signalled:
                self._last_resort.put_off()

    def _signalled(self, number: int) -> None:
        if not self._is_signalled:
            self._is_signalled = True
            self._last_resort.put_off()
            self._last_resort.end_with(number)
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


def stopped_by(number: int) -> StoppedError:
    """What ends the run after a signal."""
    name = signal.Signals(number).name
    return StoppedError(
        f"Stopped by {name}. No further import job is run and no further state is written; the next run "
        "sends the contacts after the last state again.",
        exit_status=128 + number,
        code="interrupted" if number == signal.SIGINT else "terminated",
    )
