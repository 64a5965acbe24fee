"""The clock of a run: read and waited for in one place, so that a test can drive a whole run by its own."""

from __future__ import annotations

import datetime as dt
import threading
import time


class Clock:
    """This machine's clock; one of it for all parts of a run.

    What waits for the world outside keeps the machine's own time: sockets, the tap's pipe, and the seconds
    that a signal leaves.
    """

    def monotonic(self) -> float:
        """Seconds that never go back, since no certain moment."""
        return time.monotonic()

    def awake_or_not(self) -> float:
        """The same, going on while the machine sleeps, where the system has such a clock."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def now(self) -> dt.datetime:
        """The time of day, in UTC."""
        return dt.datetime.now(dt.timezone.utc)

    def epoch_s(self) -> float:
        """The time of day in seconds since 1970."""
        return self.now().timestamp()

    def condition(self) -> threading.Condition:
        """A new condition, whose waits end by this clock."""
        return threading.Condition()

    def sleep(self, seconds: float) -> None:
        """Pause, whatever happens meanwhile."""
        time.sleep(seconds)


CLOCK = Clock()
"""The machine's, for where a program begins."""
