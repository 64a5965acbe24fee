"""When a call may be tried again, and after which pause; decides only, sends and sleeps nothing.

Contract: a GET is tried again after any fault; a POST only where it certainly had no effect.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

FIRST_PAUSE_S: Final = 0.5
MAX_PAUSE_S: Final = 60.0

_OK: Final = range(200, 300)
_REFUSALS: Final = range(300, 500)
_DOCUMENTED_REFUSALS: Final = frozenset({400, 401, 403, 404, 417})
"""W50 API documentation, and 400, which any .NET service answers to what it can't read."""


class Effect(enum.Enum):
    """What a call does to W50, and so what may be done after it failed."""

    NONE = "reads only: may be sent again at any time"
    REPEATABLE_IF_UNTOUCHED = "changes something: only where W50 certainly did nothing"
    ONCE = "must not happen twice: as above, and only a documented refusal is one"


class Verdict(enum.Enum):
    """What an answer, or the lack of one, means for a call."""

    ACCEPTED = "2xx"
    UNAUTHORIZED = "401: no effect; worth another try with a new token"
    REFUSED = "no effect, and no use in trying again"
    TRY_AGAIN = "no effect, or none that matters"
    DOUBTFUL = "may have taken effect"


def judge_status(status: int, effect: Effect) -> Verdict:
    """Judge an answer by its HTTP status.

    A POST had certainly no effect only after 429: a 503 may come from a proxy that has passed it on. A call
    of `Effect.ONCE` is doubtful after any answer but a documented refusal: a redirect or a 409 may stand
    behind a job that runs.
    """
    if status in _OK:
        return Verdict.ACCEPTED
    if status == HTTPStatus.UNAUTHORIZED:
        return Verdict.UNAUTHORIZED
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Verdict.TRY_AGAIN
    refusals = _DOCUMENTED_REFUSALS if effect is Effect.ONCE else _REFUSALS
    if status in refusals and status != HTTPStatus.REQUEST_TIMEOUT:
        return Verdict.REFUSED
    return judge_fault(connected=True, effect=effect)


def judge_fault(*, connected: bool, effect: Effect) -> Verdict:
    """Judge a call that got no whole answer; `connected` says whether it may have been sent."""
    return Verdict.TRY_AGAIN if effect is Effect.NONE or not connected else Verdict.DOUBTFUL


@dataclass(frozen=True)
class Timing:
    """Clock, sleep and dice; tests put their own in. `sleep` may raise, to stop a call from outside."""

    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    random: Callable[[], float]
    wall_clock: Callable[[], float] = time.time


class TimeUsedUpError(Exception):
    """There is no time left for another try.

    Attributes:
        after_s: how long it was tried.
        asked_s: the pause that W50 asked for and that does not fit, or None.
    """

    def __init__(self, after_s: float, asked_s: float | None) -> None:
        super().__init__("no time left for another try")
        self.after_s = after_s
        self.asked_s = asked_s


class Tries:
    """Counts the tries of one call and sets the pauses between them.

    Args:
        retry_for_s: how long after the first try another may begin.
        timing: clock, sleep and dice.
    """

    def __init__(self, retry_for_s: float, timing: Timing) -> None:
        self.number = 1
        self._retry_for_s = retry_for_s
        self._timing = timing
        self._started = timing.monotonic()
        self._pauses = 0

    def elapsed_s(self) -> float:
        """Return the seconds since the first try began."""
        return self._timing.monotonic() - self._started

    def pause(self, asked_s: float | None = None) -> float:
        """Return the seconds to sleep before the next try, and count it.

        Pauses double, with jitter, up to 60 s; one that W50 asks for (`Retry-After`) is kept where it is
        longer. The last is shortened, so that the last try comes when the time ends; one that was asked for
        is never shortened.

        Raises:
            TimeUsedUpError: no time is left, or less than W50 asks for.
        """
        elapsed_s = self.elapsed_s()
        left_s = self._retry_for_s - elapsed_s
        if asked_s is not None and asked_s > left_s:
            raise TimeUsedUpError(elapsed_s, asked_s)
        if left_s <= 0:
            raise TimeUsedUpError(elapsed_s, None)
        # min() first: 2.0**n would overflow in a very long wait.
        longest_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._pauses, 10))
        pause_s = min(longest_s * (0.5 + self._timing.random() / 2), left_s)
        self._pauses += 1
        self.number += 1
        return max(pause_s, asked_s or 0.0)

    def at_once(self) -> None:
        """Count another try that needs no pause."""
        self.number += 1


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Read `Retry-After`: seconds, or a date, which is set against the answer's own `Date` where it has one.

    Args:
        headers: of the answer, without regard to case.
        now: seconds since the epoch.

    Returns:
        Seconds, at least 0; None without a readable header.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    until = _epoch_of(text)
    if until is None:
        return None
    sent = _epoch_of(headers.get("Date", ""))
    return max(0.0, until - (now if sent is None else sent))


def _epoch_of(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return date.timestamp()
