"""Requests with contacts that are under way at once: each in a thread of its own, their answers in one queue.

A lane sends one batch and says what came of it; it changes nothing. All that follows from an answer is done
by the list's one thread, in the order in which the answers came.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.job import LoadJob
from target_w50.w50 import UploadAnswer

Send = Callable[[LoadJob, Batch], UploadAnswer]


@dataclass(frozen=True)
class Returned:
    """What came of one batch: an answer or an error; `at_s` is when, on the clock of the run."""

    batch: Batch
    came: UploadAnswer | Exception
    at_s: float


class Lanes:
    """At most so many batches of one job under way; a lone lane is the caller's own thread.

    The threads are daemons: requests that hang can't keep the process from ending.

    Args:
        most: how many may be under way at once.
        send: sends one batch and returns the answer; called in the lane's thread.
        wake: has whoever waits for an answer look again.
        monotonic: the clock of the run, in seconds.
    """

    def __init__(
        self, most: int, send: Send, *, wake: Callable[[], None], monotonic: Callable[[], float]
    ) -> None:
        self._most = most
        self._send = send
        self._wake = wake
        self._monotonic = monotonic
        self._returned: deque[Returned] = deque()
        self._under_way = 0
        self._unwanted = False
        self._here = threading.local()

    @property
    def under_way(self) -> int:
        """How many were begun and not yet taken back."""
        return self._under_way

    @property
    def has_room(self) -> bool:
        """Whether another may be begun."""
        return self._under_way < self._most

    @property
    def has_returned(self) -> bool:
        """Whether there is one to take back."""
        return bool(self._returned)

    def begin(self, job: LoadJob, batch: Batch) -> None:
        """Send the batch; in a lone lane what came of it is there at once."""
        self._under_way += 1
        if self._most == 1:
            self._returned.append(self._go(job, batch))
            return
        name = f"contact-list-{job.list_id}-upload"
        threading.Thread(target=self._work, args=(job, batch), name=name, daemon=True).start()

    def _work(self, job: LoadJob, batch: Batch) -> None:
        self._here.is_lane = True
        self._returned.append(self._go(job, batch))
        self._wake()

    def _go(self, job: LoadJob, batch: Batch) -> Returned:
        came: UploadAnswer | Exception
        try:
            came = self._send(job, batch)
        except Exception as error:  # noqa: BLE001  # whatever it is, the list's thread judges it
            came = error
        return Returned(batch, came, self._monotonic())

    def take_back(self) -> Returned:
        """What came of the batch that was answered first."""
        self._under_way -= 1
        if not self._under_way:
            self._unwanted = False
        return self._returned.popleft()

    def drop(self) -> None:
        """No answer of those under way is wanted any more: none of them is tried again."""
        if self._under_way:
            self._unwanted = True
            self._wake()

    def is_dropped(self) -> bool:
        """Whether the calling thread is a lane whose answer is not wanted any more."""
        return self._unwanted and getattr(self._here, "is_lane", False)
