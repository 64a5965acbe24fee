"""One exchange while it goes on: how far it is, and what it may still take.

No clock of its own and no I/O: connections ask it before each step at the socket.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from http.client import HTTPException
from typing import Final


class BoundError(HTTPException):
    """An exchange left its bounds; `words` say how, for people, and hold nothing of what came."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Underway:
    """An exchange while it goes on: how far it is, and what it may still take.

    Args:
        connect_timeout_s: for connecting: TCP, a proxy's CONNECT and the TLS handshake together.
        read_timeout_s: for each read, and for each piece written.
        whole_s: for all of it.
        wire_bytes: how much may come, packed and with all that HTTP puts around it.
        monotonic: clock in seconds; without one, as without limits, time does not count.

    Attributes:
        connected: whether the request may have been sent. True, the doubtful case, unless a connection says
            otherwise: other adapters, and SOCKS, note nothing.
        now: the clock.
        last_look: called before the first byte of the request leaves; may raise.
        has_leftovers: says whether more was read than belongs to the answer; None as long as there is none.
    """

    def __init__(
        self,
        connect_timeout_s: float = math.inf,
        read_timeout_s: float = 300.0,
        whole_s: float = math.inf,
        wire_bytes: float = math.inf,
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.connected = True
        self.last_look: Callable[[], None] | None = None
        self.has_leftovers: Callable[[], bool] | None = None
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._whole_s = whole_s
        self._bytes_left = wire_bytes
        self.now = monotonic
        self._ends_at = monotonic() + whole_s
        self._connect_ends_at = math.inf
        self._step_is_last = False

    def connecting(self) -> None:
        """Note that a connection is being made."""
        self.connected = False
        self._connect_ends_at = self.now() + self._connect_timeout_s

    def step_s(self) -> float:
        """Return what the next step at the socket may take.

        Raises:
            BoundError: there is no time left.
        """
        ends_at = self._ends_at if self.connected else min(self._ends_at, self._connect_ends_at)
        left_s = ends_at - self.now()
        if left_s <= 0:
            raise self.late()
        self._step_is_last = left_s < self._read_timeout_s
        return min(left_s, self._read_timeout_s)

    def step_timed_out(self) -> None:
        """Say what it means that the step took all its time.

        Raises:
            BoundError: that was the end of the exchange; without it, it was a single read that took too long.
        """
        if self._step_is_last:
            raise self.late() from None

    def late(self) -> BoundError:
        """Return the error of an exchange whose time has passed."""
        if self.connected:
            return BoundError(f"the exchange was not over within {round(self._whole_s, 1):g} s")
        return BoundError(f"no connection within {min(self._connect_timeout_s, self._whole_s):g} s")

    def received(self, count: int) -> None:
        """Count bytes that came.

        Raises:
            BoundError: they are more than may come.
        """
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise BoundError("the answer is larger than any answer should be")


class _Here(threading.local):
    """What this thread's exchange has come to; urllib3 has no place of its own for it."""

    def __init__(self) -> None:
        self.underway = Underway()


here: Final = _Here()
