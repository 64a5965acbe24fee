"""Holds the run's contact lists for as long as it lives."""

from __future__ import annotations

import threading
from collections.abc import Callable

from target_w50.journal.leases import Leases
from target_w50.runtime.clock import Clock

RENEW_S = 20.0


class LeaseKeeper:
    """A thread that renews what the run holds, until it is closed.

    Args:
        failed: takes the error that ends it: a list that was lost, or a journal that can't be used.
    """

    def __init__(self, leases: Leases, clock: Clock, failed: Callable[[BaseException], None]) -> None:
        self._leases = leases
        self._failed = failed
        self._changed = clock.condition()
        self._closed = False
        # A daemon: a journal that hangs can't keep the process from ending.
        self._thread = threading.Thread(target=self._keep, name="contact-lists", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def close(self) -> None:
        """No more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _keep(self) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._closed, RENEW_S):
                    return
            try:
                self._leases.renew()
            except Exception as error:  # noqa: BLE001  # whatever it is, it ends the run with its own words
                self._failed(error)
                return
