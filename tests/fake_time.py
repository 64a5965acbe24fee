"""A clock for a whole run: its time passes only while every thread of the run waits for it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import TypeVar

from target_w50.runtime.clock import Clock

T = TypeVar("T")
LOOK_S = 0.01
"""How often a thread that waits looks whether another has ended."""
START = dt.datetime(2027, 1, 1, tzinfo=dt.timezone.utc)
OF_THE_RUN = ("contact-list-", "look-up", "progress")
"""How the names of a run's threads begin, beside the one that made the clock."""


class FakeClock(Clock):
    """Goes on to the next moment that somebody waits for, as soon as nobody has anything else to do.

    A thread that was notified counts as busy from that moment, so that no time passes before it runs.

    Attributes:
        asleep: who waits, and until when (None: until it is notified).
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self.lock = threading.RLock()
        self.asleep: dict[threading.Thread, tuple[FakeCondition, float | None]] = {}
        self._reader = threading.current_thread()
        self._others = {*threading.enumerate()} - {self._reader}

    def monotonic(self) -> float:
        return self._now_s

    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self._now_s)

    def sleep(self, seconds: float) -> None:
        condition = self.condition()
        with condition:
            condition.wait_for(lambda: False, seconds)

    def condition(self) -> threading.Condition:
        return FakeCondition(self)

    def go_on(self) -> None:
        """Let time pass if all wait; whoever waited for that moment is woken."""
        with self.lock:
            threads = [
                each
                for each in threading.enumerate()
                if each is self._reader or (each.name.startswith(OF_THE_RUN) and each not in self._others)
            ]
            moments = [until for _, until in self.asleep.values() if until is not None]
            if not moments or any(each not in self.asleep for each in threads):
                return
            self._now_s = max(self._now_s, min(moments))
            for thread, (condition, until) in list(self.asleep.items()):
                if until is not None and until <= self._now_s:
                    del self.asleep[thread]
                    condition.ring(thread)


class FakeCondition(threading.Condition):
    """A condition that waits by the fake clock: each waiter on an event of its own."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(threading.Lock())
        self._clock = clock
        self._bells: dict[threading.Thread, threading.Event] = {}

    def ring(self, thread: threading.Thread) -> None:
        self._bells[thread].set()

    def wait(self, timeout: float | None = None) -> bool:
        clock, thread = self._clock, threading.current_thread()
        bell = self._bells[thread] = threading.Event()
        with clock.lock:
            until = None if timeout is None else clock.monotonic() + max(timeout, 0.0)
            clock.asleep[thread] = (self, until)
        self.release()
        try:
            clock.go_on()
            while not bell.wait(LOOK_S):
                clock.go_on()  # A thread that ends tells nobody.
        finally:
            self.acquire()
            del self._bells[thread]
        return until is None or clock.monotonic() < until

    def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        until = None if timeout is None else self._clock.monotonic() + timeout
        while not (met := predicate()):
            left = None if until is None else until - self._clock.monotonic()
            if left is not None and left <= 0:
                break
            self.wait(left)
        return met

    def notify_all(self) -> None:
        with self._clock.lock:
            for thread, bell in self._bells.items():
                if self._clock.asleep.pop(thread, None) is not None:
                    bell.set()
