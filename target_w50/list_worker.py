"""One contact list's thread: its jobs one after the other, and nothing left undone while it waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from target_w50.errors import StoppedError, TargetW50Error
from target_w50.job_steps import JobSteps
from target_w50.jobs import LoadJob
from target_w50.settings.model import Settings

log = logging.getLogger("target-w50")

Action = Callable[[], None]


class AbandonedError(TargetW50Error):
    """A call of a job that is not run is not tried again, because the run ends. Nobody is told of it."""


class Foreman(Protocol):
    """What a worker asks of the loader, and tells it."""

    @property
    def changed(self) -> threading.Condition:
        """Held to look at queues; notified whenever there may be something to do."""

    @property
    def stopped(self) -> bool:
        """Whether the run was stopped from outside."""

    @property
    def aborting(self) -> bool:
        """Whether only running jobs are still looked after."""

    @property
    def no_more(self) -> bool:
        """Whether the input has ended."""

    def stop(self, error: StoppedError) -> None:
        """Stop the run."""

    def failed(self, error: BaseException) -> None:
        """Take an error that ends the run."""


class ListWorker:
    """Takes the jobs of one list in order; only the first of them is ever run.

    While the first runs, the next is filled if the settings let jobs overlap. The thread is a daemon: a
    request that hangs can't keep the process from ending.
    """

    def __init__(self, loader: Foreman, list_id: int, steps: JobSteps, settings: Settings) -> None:
        self.queue: deque[LoadJob] = deque()
        self._loader = loader
        self._steps = steps
        self._overlap = settings.overlap_jobs
        self._thread = threading.Thread(target=self._work, name=f"contact-list-{list_id}", daemon=True)
        self._ended = False

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    @property
    def is_needed(self) -> bool:
        """Whether the run must wait for it: for all its jobs, or after an error for those that run."""
        if self._loader.aborting:
            return not self._ended and any(job.runs for job in self.queue)
        return not self._ended

    def _work(self) -> None:
        try:
            while (action := self._next_action()) is not None:
                try:
                    action()
                    self._drop_ended()
                except AbandonedError:
                    continue
                except StoppedError as error:
                    # It may be news to the others: this thread may have found standard output closed.
                    self._loader.stop(error)
                    return
                except Exception as error:  # noqa: BLE001  # whatever it is, it ends the run with its own words
                    self._drop_ended()
                    self._loader.failed(error)
                    if not isinstance(error, TargetW50Error):
                        return  # A defect: it would come again and again. What runs is told as unknown.
        finally:
            with self._loader.changed:
                self._ended = True
                self._loader.changed.notify_all()
            self._steps.close()

    def _drop_ended(self) -> None:
        with self._loader.changed:
            while self.queue and self.queue[0].outcome is not None:
                self.queue.popleft().store.close()
            self._loader.changed.notify_all()

    def _next_action(self) -> Action | None:
        """Wait for something to do; None when there is nothing more."""
        loader = self._loader
        with loader.changed:
            while True:
                if loader.stopped:
                    return None
                action, wait_s = self._choose()
                if action is not None:
                    return action
                if wait_s is None and (loader.aborting or (loader.no_more and not self.queue)):
                    return None
                loader.changed.wait(wait_s)

    def _choose(self) -> tuple[Action | None, float | None]:
        """What to do now, or how long to wait for it (None: until something changes)."""
        if not self.queue:
            return None, None
        head = self.queue[0]
        if head.runs:
            wait_s = head.next_poll_at - time.monotonic()
            if wait_s <= 0:
                return lambda: self._steps.poll(head), None
            if self._overlap and len(self.queue) > 1 and not self._loader.aborting:
                following = self.queue[1]
                if _can_fill(following):
                    return lambda: self._steps.fill(following), None
            return None, wait_s
        if self._loader.aborting:
            return None, None
        if _can_fill(head):
            return lambda: self._steps.fill(head), None
        if head.closed:
            return lambda: self._steps.run(head), None
        return None, None


def _can_fill(job: LoadJob) -> bool:
    """Whether there is something to create or send: a job is created when its first contacts are there."""
    if job.sent < len(job.batches):
        return True
    if job.probing and job.closed:
        return True
    return job.w50_job is None and job.closed and bool(job.batches)
