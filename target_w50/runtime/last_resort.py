"""The end by a signal that needs no interpreter: for a program that a long computation holds."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Collection

PATIENCE_S = 4.8
"""How long after the last sign of life a signal ends the program, whatever it is doing, in seconds."""

_ROOM_FOR_A_SIGNAL_SET = 256
"""Bytes; systems take 4 to 128."""


class LastResort:
    """A thread in which signals have their plain effect, the end, once there was no sign of life for long.

    A call into C may hold the interpreter's lock for hours: a regular expression of a stream map, a number of
    a million digits. No line of Python runs then, in no thread, so nobody learns of a signal. What goes on is
    the kernel: signals that all threads block stay pending, its alarm rings, and a thread that waits in
    `sigsuspend` for nothing but the alarm has its own mask back when that rings. In this thread's mask the
    signals are free, so one that is pending by then, or that comes later, has its default effect. The exit
    status is that signal's. No signal pending: nothing happens.

    (As process 1 of a container the program can't end so: the kernel spares it.)

    Args:
        signals: which end the program; they have their default effect, and all threads block them.
    """

    def __init__(self, signals: Collection[signal.Signals]) -> None:
        self._signals = signals
        self._libc = ctypes.CDLL(None)
        self._only_the_alarm = ctypes.create_string_buffer(_ROOM_FOR_A_SIGNAL_SET)
        self._libc.sigfillset(self._only_the_alarm)
        self._libc.sigdelset(self._only_the_alarm, signal.SIGALRM)
        self._thread = threading.Thread(target=self._wait, name="last resort", daemon=True)

    def start(self) -> None:
        """Begin; to be called in the main thread, as the alarm must not have its default effect."""
        signal.signal(signal.SIGALRM, _nothing)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        self.put_off()
        self._thread.start()

    def put_off(self) -> None:
        """Give a sign of life."""
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)

    def end_with(self, number: int) -> None:
        """Have that signal, which somebody has learned of, end the program unless there is a sign of life."""
        # Pending in that thread alone: for all others it may come a second time.
        if self._thread.ident is not None:
            signal.pthread_kill(self._thread.ident, number)

    def _wait(self) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)
        while True:
            self._libc.sigsuspend(self._only_the_alarm)


def _nothing(number: int, frame: object) -> None:
    """Take the alarm: that the thread goes on is all that it is for."""
