"""The stop that signals and a closed standard output call for: asked everywhere, set once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from target_w50.errors import StoppedError
from target_w50.runtime.clock import CLOCK, Clock


class Stop:
    """Set once, by whoever learns first that the run must end; every pause of the program ends with it.

    Args:
        clock: what pauses are measured by.

    Attributes:
        wake_fd: becomes readable when there is something to look at (a stop, an error in the background).
    """

    def __init__(self, clock: Clock = CLOCK) -> None:
        self.clock = clock
        self._stopped = clock.condition()
        self._lock = threading.Lock()
        self._error: StoppedError | None = None
        self._listeners: list[Callable[[], None]] = []
        self.wake_fd, self._wake_end = os.pipe()
        os.set_blocking(self.wake_fd, False)
        os.set_blocking(self._wake_end, False)

    def set(self, error: StoppedError) -> None:
        """Stop the run for this reason; only the first one counts."""
        with self._lock:
            if self._error is not None:
                return
            self._error = error
        with self._stopped:
            self._stopped.notify_all()
        self.wake()
        for listener in list(self._listeners):
            listener()

    def on_stop(self, listener: Callable[[], None]) -> None:
        """Have `listener` called from the stopping thread."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Have a reader that waits for input look around."""
        try:
            os.write(self._wake_end, b"!")
        except BlockingIOError:
            return  # The pipe is full: the reader will wake all the same.

    @property
    def error(self) -> StoppedError | None:
        """Why the run stops, or None."""
        return self._error

    def check(self) -> None:
        """Raise the reason if the run must stop."""
        if self._error is not None:
            raise self._error

    def sleep(self, seconds: float) -> None:
        """Pause, but not beyond a stop.

        Raises:
            StoppedError: as soon as the run must stop.
        """
        with self._stopped:
            self._stopped.wait_for(lambda: self._error is not None, seconds)
        self.check()

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self.wake_fd)
        os.close(self._wake_end)
