"""A contact list's thread: its jobs one after the other, a step at a time, nothing undone while it waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from target_w50.errors import HeldError, JournalError, RefusedError, StoppedError, TargetW50Error, W50Error
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Phase
from target_w50.import_jobs.places import Places
from target_w50.journal.job_journal import JobJournal
from target_w50.loading.bisection import Bisection
from target_w50.loading.events_limit import check_events
from target_w50.loading.polling import Polling
from target_w50.loading.uploading import REFUSED_FOR_CONTACTS, Uploading
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.logs import is_at_hand
from target_w50.settings.model import Settings
from target_w50.w50 import WireFormat

if TYPE_CHECKING:
    from target_w50.w50 import RequestEvent, W50Client

Action = Callable[[], None]


class JobSteps:
    """Takes one job at a time a step further. Used by one thread.

    Args:
        make_client: makes its own client; its requests are counted for the job at hand.
        journal: told of each step.
        may_run: called as the last thing before a job is run; raises what forbids it.
    """

    def __init__(
        self,
        make_client: Callable[[Callable[[RequestEvent], None]], W50Client],
        settings: Settings,
        ledger: Ledger,
        *,
        wire: WireFormat,
        bisection: Bisection,
        places: Places,
        journal: JobJournal,
        may_run: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._at_hand: LoadJob | None = None
        self._places = places
        self._ledger = ledger
        self._quarantines = settings.quarantines
        self._client = make_client(self._count_request)
        self._uploading = Uploading(
            self._client,
            settings,
            ledger,
            wire=wire,
            bisection=bisection,
            places=places,
            journal=journal,
            monotonic=monotonic,
        )
        self._polling = Polling(
            self._client, settings, ledger, journal=journal, may_run=may_run, monotonic=monotonic
        )

    def _take(self, job: LoadJob) -> None:
        self._at_hand = job
        is_at_hand(job.log_fields)

    def _count_request(self, event: RequestEvent) -> None:
        effort = self._at_hand.effort if self._at_hand else None
        if effort is not None:
            effort.count(event)

    def fill(self, job: LoadJob) -> None:
        """Create W50's job, or send it the next batch.

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
        """Say in the error which job it is about, and where the contacts are that W50 refused."""
        about = "" if error.message.startswith(job.name) else f"{job.name}: "
        is_refusal = isinstance(error, RefusedError) and error.status in REFUSED_FOR_CONTACTS
        if is_refusal and error.call == "add_contacts" and (batch := job.at_hand) is not None:
            places = batch.places
            words = self._places.text(places[0])
            if len(places) > 1:
                words = f"{len(places)} contacts, {words} to {self._places.text(places[-1])}"
            advice = "; with on_invalid_record quarantine those at fault are set aside"
            about += f"W50 refused to take {words}{'' if self._quarantines else advice}. "
        error.say(about + error.message)

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
    if job.at_hand is not None:
        return True
    if job.phase is Phase.PROBING and job.closed:
        return True
    return job.phase is Phase.WAITING and job.closed and bool(job.batches)
