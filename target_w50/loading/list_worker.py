"""A contact list's thread: its jobs one after the other, a step at a time, nothing undone while it waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from target_w50.errors import HeldError, JournalError, StoppedError, TargetW50Error, W50Error
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.places import Places
from target_w50.journal.job_journal import JobJournal
from target_w50.loading.bisection import Bisection
from target_w50.loading.events_limit import check_events
from target_w50.loading.lanes import Lanes
from target_w50.loading.polling import Polling
from target_w50.loading.uploading import Uploading
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.logs import is_at_hand
from target_w50.settings.model import Settings
from target_w50.w50 import UploadAnswer, WireFormat

if TYPE_CHECKING:
    from target_w50.w50 import RequestEvent, W50Client

Action = Callable[[], None]
MakeClient = Callable[[Callable[["RequestEvent"], None], Callable[[], bool]], "W50Client"]
"""Makes a client of what counts its requests, and of what says that a pause between two tries is to end."""


class JobSteps:
    """Takes one job at a time a step further. Used by one thread.

    Args:
        make_client: makes its own client; its requests are counted for the job at hand.
        journal: told of each step.
        may_run: called as the last thing before a job is run; raises what forbids it.
        wake: has the thread look again, when an upload was answered.
    """

    def __init__(
        self,
        make_client: MakeClient,
        settings: Settings,
        ledger: Ledger,
        *,
        wire: WireFormat,
        bisection: Bisection,
        places: Places,
        journal: JobJournal,
        may_run: Callable[[], None],
        wake: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._here = threading.local()  # which job this thread is about: its own, or one of the lanes
        self._counting = threading.Lock()
        self._ledger = ledger
        lanes = Lanes(settings.parallel_uploads, self._send, wake=wake, monotonic=monotonic)
        self._client = make_client(self._count_request, lanes.is_dropped)
        self._uploading = Uploading(
            self._client,
            settings,
            ledger,
            wire=wire,
            bisection=bisection,
            places=places,
            journal=journal,
            lanes=lanes,
            monotonic=monotonic,
        )
        self._polling = Polling(
            self._client, settings, ledger, journal=journal, may_run=may_run, monotonic=monotonic
        )

    def _take(self, job: LoadJob) -> None:
        self._here.job = job
        is_at_hand(job.log_fields)

    def _count_request(self, event: RequestEvent) -> None:
        job: LoadJob | None = getattr(self._here, "job", None)
        effort = job.effort if job else None
        if effort is not None:
            with self._counting:
                effort.count(event)

    def _send(self, job: LoadJob, batch: Batch) -> UploadAnswer:
        """Send one batch; a lane's."""
        self._take(job)
        body = job.store.body(batch)
        return self._client.add_contacts(job.list_id, job.w50_id, body, contacts=batch.count)

    def can_fill(self, job: LoadJob) -> bool:
        """Whether `fill` would have something to do."""
        return self._uploading.can_step(job)

    def fill(self, job: LoadJob) -> None:
        """Create W50's job, or send it the next batch, or see to what came of one.

        Raises:
            W50Error: refused, or out of reach for too long.
            LimitError: more contacts than may get custom events.
        """
        self._take(job)
        check_events(job, self._ledger.contacts_with_events[job.list_id])
        try:
            self._uploading.step(job)
        except W50Error as error:
            self._name(job, error)
            raise

    def run(self, job: LoadJob) -> None:
        """Run the job, every batch of which was acknowledged: once, whatever comes of it.

        Raises:
            LimitError: more contacts than may get custom events, and it was not run; or as `poll`.
            W50Error: W50 refused to run it, or could not be reached before; it was not run.
            JobError: as `poll`.
        """
        self._take(job)
        check_events(job, self._ledger.contacts_with_events[job.list_id])
        try:
            self._polling.run(job)
        except W50Error as error:
            self._name(job, error)
            raise

    def _name(self, job: LoadJob, error: W50Error) -> None:
        """Say in the error which job it is about."""
        if not error.message.startswith(job.name):
            error.say(f"{job.name}: {error.message}")

    def poll(self, job: LoadJob) -> None:
        """Ask once how the job stands; a status request that fails does not fail the job.

        Raises:
            JobFailedError: W50 says that it failed.
            JobUnknownError: it did not end in time, or it is not known whether it runs.
            LimitError: it ended, and too many of its contacts were rejected.
        """
        self._take(job)
        self._polling.poll(job)

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()


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

    def __init__(
        self,
        loader: Foreman,
        list_id: int,
        steps: JobSteps,
        settings: Settings,
        monotonic: Callable[[], float],
    ) -> None:
        self.queue: deque[LoadJob] = deque()
        self._loader = loader
        self._steps = steps
        self._overlap = settings.overlap_jobs
        self._monotonic = monotonic
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
                    if not isinstance(error, TargetW50Error) or isinstance(error, (JournalError, HeldError)):
                        return  # It would come again and again. What runs is told as unknown.
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
            wait_s = head.next_poll_at - self._monotonic()
            if wait_s <= 0:
                return lambda: self._steps.poll(head), None
            if self._overlap and len(self.queue) > 1 and not self._loader.aborting:
                following = self.queue[1]
                if self._steps.can_fill(following):
                    return lambda: self._steps.fill(following), None
            return None, wait_s
        if self._loader.aborting:
            return None, None
        if self._steps.can_fill(head):
            return lambda: self._steps.fill(head), None
        if head.closed and not head.under_way:
            return lambda: self._steps.run(head), None
        return None, None
