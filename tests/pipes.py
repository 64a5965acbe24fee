"""The pipes of runs in a process of tests: of thousands of runs there are more than a process may have."""

from __future__ import annotations

import os
import weakref

from target_w50.runtime.clock import CLOCK, Clock
from target_w50.runtime.stop import Stop


def give_back() -> None:
    """From now on, the pipe of a run is closed once nobody has the run any more."""
    begin = Stop.__init__

    def begin_and_note(self: Stop, clock: Clock = CLOCK) -> None:
        begin(self, clock)
        self._closed = closed = weakref.finalize(self, _close, self.wake_fd, self._wake_end)  # type: ignore[attr-defined]
        closed.atexit = False

    def close(self: Stop) -> None:
        self._closed()  # type: ignore[attr-defined]

    Stop.__init__ = begin_and_note  # type: ignore[method-assign]
    Stop.close = close  # type: ignore[method-assign]


def _close(*descriptors: int) -> None:
    for each in descriptors:
        os.close(each)
