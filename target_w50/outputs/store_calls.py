"""Calls to a store, tried again as requests to W50 are: by the same rule, clock and stop."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent import futures
from typing import TypeVar

from target_w50.errors import StoreError, TargetW50Error
from target_w50.outputs.stores import StoreFault, fault_of
from target_w50.runtime.clock import CLOCK, Clock
from target_w50.runtime.stop import Stop
from target_w50.w50.http.retry import TimeUsedUpError, Timing, Tries

T = TypeVar("T")

LOOK_S = 0.1
"""How often one who waits for a store looks whether the run was stopped, in seconds."""
LAST_TRY_S = 1.0
"""How long the one try may take that a stopped run has left, in seconds."""
LATE_TRY_S = 10.0
"""The same where the store has stayed away already."""
SLOWEST_BYTES_PER_S = 50_000
NOT_ACKNOWLEDGED = " No state passes what is not in it."


class CallFailedError(Exception):
    """A call to a store did not do what it was asked for.

    Attributes:
        fault: why.
    """

    def __init__(self, fault: StoreFault) -> None:
        super().__init__(fault.words)
        self.fault = fault


class StoreCalls:
    """Waits for calls to a store, each in a thread of its own: one that hangs keeps nobody from ending.

    Args:
        stop: ends every wait; None where nothing stops but the process itself.
        retry_for_s: how long a call may be tried again.
        timeout_s: how long a try may take, and what its bytes take at 50 kB/s beside it.
    """

    def __init__(self, stop: Stop | None, *, retry_for_s: float, timeout_s: float) -> None:
        self._stop = stop
        self._clock: Clock = CLOCK if stop is None else stop.clock
        self._retry_for_s = retry_for_s
        self.timeout_s = timeout_s

    @property
    def is_stopped(self) -> bool:
        """Whether the run was stopped."""
        return self._stop is not None and self._stop.error is not None

    def call(self, work: Callable[[], T], *, size: int = 0, what: str, may_refuse: bool = False) -> T:
        """Have it done, however often that takes.

        Args:
            work: the call; it may be begun anew while an earlier try hangs.
            size: how many bytes it carries.
            what: the store, in words.
            may_refuse: whether a refusal is final. What was allowed before may be again: keys are renewed.

        Raises:
            StoppedError: the run was stopped.
            CallFailedError: it is refused, and that is final.
            FileExistsError, TargetW50Error: as the call raises it.
            StoreError: there is no time left for another try.
        """
        timing = Timing(self._sleep, self._clock.monotonic, random.random)
        tries = Tries(self._retry_for_s, timing)
        while True:
            try:
                return self.attempt(work, self.timeout_s + size / SLOWEST_BYTES_PER_S)
            except CallFailedError as error:
                if error.fault.is_refusal and may_refuse:
                    raise
                words = error.fault.words
            try:
                pause_s = tries.pause()
            except TimeUsedUpError as over:
                raise StoreError(
                    f"{what} could not be used for {over.after_s:.0f} s: {words}."
                    f"{'' if self._stop is None else NOT_ACKNOWLEDGED} Run again when it is there."
                ) from None
            self._sleep(pause_s)

    def attempt(self, work: Callable[[], T], limit_s: float, *, heeds_stop: bool = True) -> T:
        """Try it once.

        Raises:
            StoppedError: the run was stopped meanwhile.
            CallFailedError: it failed, or took longer than the limit.
            FileExistsError, TargetW50Error: as the call raises it.
        """
        answer: futures.Future[T] = futures.Future()
        threading.Thread(target=_do, args=(work, answer), name="store", daemon=True).start()
        until = self._clock.monotonic() + limit_s
        while not answer.done():
            if heeds_stop and self._stop is not None:
                self._stop.check()
            if self._clock.monotonic() >= until:
                raise CallFailedError(fault_of(TimeoutError()))
            futures.wait([answer], LOOK_S)
        return answer.result()

    def _sleep(self, seconds: float) -> None:
        if self._stop is None:
            self._clock.sleep(seconds)
        else:
            self._stop.sleep(seconds)


def _do(work: Callable[[], T], answer: futures.Future[T]) -> None:
    try:
        found = work()
    except (FileExistsError, TargetW50Error) as error:
        answer.set_exception(error)
    except Exception as error:  # noqa: BLE001  # drivers raise what they like
        failed = CallFailedError(fault_of(error))
        answer.set_exception(failed)
    else:
        answer.set_result(found)
