"""Loading in the background: jobs in the order of the input, one worker a contact list, a bounded queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import StoppedError, TargetW50Error
from target_w50.import_jobs.batches import Batch, StoreMemory
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.loading.list_worker import AbandonedError, JobSteps, ListWorker
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.stop import Stop
from target_w50.settings.model import Settings
from target_w50.singer.messages import SchemaLine

log = logging.getLogger("target-w50")

LOOK_S = 0.5
"""How often a reader that waits for room looks round, in seconds."""


class Loader:
    """What the reader hands its batches to.

    Args:
        make_steps: makes the steps of one list's worker, which asks the loader that it is given.
        ledger: the run's books.
        stop: once set, nothing is run any more and every wait ends.
        queue_bytes: what may wait for W50 before the reader has to wait.
    """

    def __init__(
        self,
        make_steps: Callable[[Loader], JobSteps],
        settings: Settings,
        ledger: Ledger,
        stop: Stop,
        *,
        queue_bytes: int,
    ) -> None:
        self._make_steps = make_steps
        self._settings = settings
        self._ledger = ledger
        self._stop = stop
        self._queue_bytes = queue_bytes
        self._workers: dict[int, ListWorker] = {}
        self._clock = stop.clock
        self._changed = stop.clock.condition()
        self._memory = StoreMemory()
        self._error: BaseException | None = None
        self._jobs = 0
        self._aborting = False
        self._no_more = False
        stop.on_stop(self.wake)

    # The reader's side.

    def open_job(
        self,
        counts: StreamCounts,
        mapping: StreamMapping,
        schemas: Mapping[str, SchemaLine],
        *,
        suppressed_events: bool,
    ) -> LoadJob:
        """A new job at the end of its list's queue; it belongs to the current stretch of the input."""
        self._jobs += 1
        job = LoadJob(
            self._jobs,
            counts,
            mapping,
            schemas=schemas,
            suppressed_events=suppressed_events,
            memory=self._memory,
        )
        # Without the lock: the books may be waiting for room for a state, and a stop must not wait for them.
        self._ledger.begin(job)
        with self._changed:
            worker = self._workers.get(job.list_id)
            if worker is None:
                steps = self._make_steps(self)
                worker = ListWorker(self, job.list_id, steps, self._settings, self._clock.monotonic)
                self._workers[job.list_id] = worker
                worker.start()
            worker.queue.append(job)
            return job

    def add_batch(self, job: LoadJob, batch: Batch, look_round: Callable[[], None]) -> None:
        """Hand over a batch of the job, and wait while too much waits for W50.

        Args:
            job: an open job.
            batch: its next contacts, put into its store.
            look_round: called while waiting; what it raises ends the wait.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        with self._changed:
            job.add(batch)
            self._changed.notify_all()
        while self._must_wait(job.list_id):
            look_round()
            with self._changed:
                if self._must_wait(job.list_id):
                    self._changed.wait(min(LOOK_S, self._settings.checkpoint_interval_s))
            self.check()
        self.check()

    def close_job(self, job: LoadJob) -> None:
        """Nothing more comes for the job: it may be run."""
        with self._changed:
            job.close()
            self._changed.notify_all()

    def _must_wait(self, list_id: int) -> bool:
        """Whether what W50 can be sent now is more than the bound.

        Jobs behind one that is still open do not count: they can't go out before that one is closed, and it
        is the reader who closes it.
        """
        worker = self._workers[list_id]
        waiting = 0
        for job in list(worker.queue):
            waiting += job.waiting_bytes
            if not job.closed:
                break
        return waiting > self._queue_bytes and not self._aborting

    def check(self) -> None:
        """Raise what stopped the run, or the first error of the background."""
        self._stop.check()
        if self._error is not None:
            raise self._error

    def pause(self, seconds: float) -> None:
        """Have the reader pause, but not beyond an error of the background.

        Raises:
            TargetW50Error: as `check`, as soon as there is something to raise.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._error is not None or self.stopped, seconds)
        self.check()

    def pause_worker(self, seconds: float, unless: Callable[[], bool]) -> None:
        """Have a worker pause between tries, but not beyond an error: what it tries would come to nothing.

        Args:
            seconds: how long.
            unless: whether what it tries is not wanted any more; `wake` has it asked again.

        Raises:
            StoppedError: as soon as the run must stop.
            AbandonedError: as soon as only running jobs are still looked after, or it is not wanted.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborting or self.stopped or unless(), seconds)
        self._stop.check()
        if self._aborting or unless():
            raise AbandonedError("This call is not tried again.")

    def finish(self) -> None:
        """Wait until every job has ended; all of them have been closed.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        with self._changed:
            self._no_more = True
            self._changed.notify_all()
        self._wait_for_workers()
        self.check()

    def abort(self) -> None:
        """After an error: run nothing more, but wait for the jobs that W50 runs already.

        Raises:
            StoppedError: if a signal comes meanwhile.
        """
        with self._changed:
            self._aborting = True
            self._changed.notify_all()
        self._wait_for_workers()
        self._ledger.settle()
        self._stop.check()

    def _wait_for_workers(self) -> None:
        with self._changed:
            while self._stop.error is None and any(worker.is_needed for worker in self._workers.values()):
                self._changed.wait(LOOK_S)

    # The workers' side.

    @property
    def changed(self) -> threading.Condition:
        """Held to look at queues; notified whenever there may be something to do."""
        return self._changed

    @property
    def stopped(self) -> bool:
        """Whether the run was stopped from outside."""
        return self._stop.error is not None

    @property
    def aborting(self) -> bool:
        """Whether only running jobs are still looked after."""
        return self._aborting

    @property
    def no_more(self) -> bool:
        """Whether the input has ended."""
        return self._no_more

    def failed(self, error: BaseException) -> None:
        """A worker's error: the first one ends the run; from now on nothing is run any more."""
        with self._changed:
            is_first = self._error is None
            if is_first:
                self._error = error
            self._aborting = True
            self._changed.notify_all()
        self._stop.wake()
        if not is_first and isinstance(error, TargetW50Error):
            log.error("After that also: %s", error.message)

    def stop(self, error: StoppedError) -> None:
        """A worker has learned that the run must stop."""
        self._stop.set(error)

    def may_run(self) -> None:
        """Raise what forbids to run a job; asked once more as the last thing before the request.

        Raises:
            StoppedError: the run was stopped.
            AbandonedError: only running jobs are still looked after.
        """
        self._stop.check()
        if self._aborting:
            raise AbandonedError("The run ends; no further job is run.")

    def wake(self) -> None:
        """Have all who wait look whether there is something to do."""
        with self._changed:
            self._changed.notify_all()
