"""Contact lists and import jobs, and what may be done with them; safe to use from several threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeAlias

from target_w50.sandbox.model.importing import apply_run
from target_w50.sandbox.model.list_documents import read_lists
from target_w50.sandbox.model.models import Batch, ContactList, Job, Outcome, RejectedContact, Run
from target_w50.sandbox.model.options import Options
from target_w50.sandbox.model.refusals import InvalidError, UnknownError
from target_w50.sandbox.model.transitions import DEFAULT_STATUSES, DONE_PERCENT

_NS_PER_TICK = 100
_TICKS_PER_SECOND = 10_000_000
_FIRST_JOB = 1001
_REJECTED_KEPT = 10_000

Change: TypeAlias = Mapping[str, Any]
"""What has just happened to the store: `op`, and what is needed to do it again."""


@dataclass(frozen=True)
class FiredEvent:
    """A custom event that ran for a contact; for `contacts` of them where contacts are not kept."""

    name: str
    contact_list_id: int
    job_id: int
    contact_id: int | None
    enc_contact_id: str | None
    contacts: int = 1


class Store:
    """All that the sandbox holds of W50's side. Hold `lock` to read several things at one moment.

    Attributes:
        rejected: contacts that a run did not take, the newest ones, with the reason.
        rejected_count: how many there were.
        on_change: is told of each change, under the lock.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lock = threading.RLock()
        self.statuses = {**DEFAULT_STATUSES, **options.statuses}
        self.lists: dict[int, ContactList] = {}
        self.jobs: dict[int, Job] = {}
        self.events: list[FiredEvent] = []
        self.rejected: deque[RejectedContact] = deque(maxlen=_REJECTED_KEPT)
        self.rejected_count = 0
        self.on_change: Callable[[Change], None] | None = None
        self._running: list[tuple[Job, Run]] = []
        self.reset()

    def reset(self) -> None:
        """Forget all that happened since the start."""
        lists = read_lists(self.options.lists)
        with self.lock:
            self.lists, self.jobs, self.events, self._running = lists, {}, [], []
            self.rejected.clear()
            self.rejected_count = 0
            self._tell(op="reset")

    def _tell(self, **change: Any) -> None:
        if self.on_change is not None:
            self.on_change(change)

    def contact_list(self, list_id: int) -> ContactList:
        """The contact list with that id.

        Raises:
            UnknownError: there is none.
        """
        try:
            return self.lists[list_id]
        except KeyError:
            raise UnknownError(f"The contact list {list_id} was not found.") from None

    def job(self, list_id: int, job_id: int) -> Job:
        """The job with that id, of that list.

        Raises:
            UnknownError: there is no such list, or it has no such job.
        """
        self.contact_list(list_id)
        job = self.jobs.get(job_id)
        if job is None or job.contact_list_id != list_id:
            raise UnknownError(f"The import job {job_id} was not found in contact list {list_id}.")
        return job

    def create_job(self, list_id: int, field_names: Sequence[str]) -> Job:
        """A new job that takes these fields.

        Raises:
            UnknownError: there is no such list.
            InvalidError: no FieldNames, one of them twice, or one that the list lacks.
        """
        with self.lock:
            known = self.contact_list(list_id).fields_by_name
            unknown = [name for name in field_names if name not in known]
            if unknown:
                raise InvalidError(
                    "The request is invalid.",
                    f"Contact list {list_id} has no field named {', '.join(map(repr, unknown))}.",
                )
            if not field_names or len(set(field_names)) != len(field_names):
                raise InvalidError(
                    "The request is invalid.", "FieldNames must name at least one field, each once."
                )
            job = Job(_FIRST_JOB + len(self.jobs), list_id, tuple(field_names))
            self.jobs[job.id] = job
            self._tell(op="create", list=list_id, fields=list(field_names))
            return job

    def open_job(self, list_id: int, job_id: int) -> Job:
        """A job that contacts may still be added to.

        Raises:
            UnknownError: there is no such job.
            InvalidError: it was run.
        """
        with self.lock:
            job = self.job(list_id, job_id)
            if job.runs:
                raise InvalidError(
                    "The request is invalid.", f"The import job {job_id} was run: it takes no more contacts."
                )
            return job

    def add_batch(self, list_id: int, job_id: int, batch: Batch) -> Job:
        """Add a batch to a job that was not run yet."""
        with self.lock:
            job = self.open_job(list_id, job_id)
            job.batches.append(batch)
            self._tell(op="add", list=list_id, job=job_id, batch=batch)
            return job

    def run_job(
        self, list_id: int, job_id: int, match: Sequence[str], events: Sequence[str], outcome: Outcome
    ) -> Job:
        """Run a job; a second time, if it was run before: then everything happens again.

        Raises:
            UnknownError: there is no such job.
            InvalidError: `match` names a field that the list lacks.
        """
        with self.lock:
            job = self.job(list_id, job_id)
            unknown = [name for name in match if name not in self.contact_list(list_id).fields_by_name]
            if unknown:
                raise InvalidError(
                    "The request is invalid.",
                    f"Contact list {list_id} has no field named {', '.join(map(repr, unknown))} to match by.",
                )
            run = Run(tuple(match), tuple(events), outcome, self.options.monotonic(), self.date())
            self.begin(job, run)
            self._tell(
                op="run",
                list=list_id,
                job=job_id,
                match=list(match),
                events=list(events),
                outcome=outcome,
                start_date=run.start_date,
                at_ns=self.options.time_ns(),
            )
            self.advance()
            return job

    def begin(self, job: Job, run: Run) -> None:
        """Have a run go on from now."""
        with self.lock:
            job.runs.append(run)
            self._running.append((job, run))

    def read_status(self, list_id: int, job_id: int) -> Job:
        """The job, after a status request was counted."""
        with self.lock:
            job = self.job(list_id, job_id)
            for run in job.runs:
                run.reads += 1
            if job.runs:
                self._tell(op="read", list=list_id, job=job_id)
            self.advance()
            return job

    def advance(self) -> None:
        """Let all runs that are done by now take effect, in the order in which they were started."""
        with self.lock:
            now_s = self.options.monotonic()
            for job, run in list(self._running):
                if run.percent(self.options.pace, now_s) >= DONE_PERCENT:
                    late_s = max(0.0, now_s - run.started_s - self.options.job_seconds)
                    self.finish(job, run, self.date(late_s))

    def finish(self, job: Job, run: Run, finish_date: str) -> None:
        """End a run, and let it take effect."""
        with self.lock:
            run.finish_date = finish_date
            if run.outcome.effect:
                self._take_effect(job, run)
            self._running = [pair for pair in self._running if pair[1] is not run]
            number = next(index for index, each in enumerate(job.runs) if each is run)
            self._tell(op="finish", list=job.contact_list_id, job=job.id, run=number, finish_date=finish_date)

    def _reject(self, rejected: RejectedContact) -> None:
        self.rejected.append(rejected)
        self.rejected_count += 1

    def _take_effect(self, job: Job, run: Run) -> None:
        contact_list = self.contact_list(job.contact_list_id)
        for contact in apply_run(job, run, contact_list, self._reject):
            self.events.extend(
                FiredEvent(name, contact_list.id, job.id, contact.id, contact.enc_contact_id)
                for name in run.custom_events
            )
        unread = sum(batch.count for batch in job.batches if not batch.contacts)
        if unread:
            self.events.extend(
                FiredEvent(name, contact_list.id, job.id, None, None, unread) for name in run.custom_events
            )

    def percent(self, job: Job) -> int:
        """How far the newest run of a job is; 0 before it is run, and all only once it has taken effect."""
        if not job.runs:
            return 0
        run = job.runs[-1]
        percent = run.percent(self.options.pace, self.options.monotonic())
        # Its time may have come since `advance`, which lets it take effect and sets its counters.
        return percent if run.finish_date is not None else min(percent, DONE_PERCENT - 1)

    def date(self, seconds_ago: float = 0.0) -> str:
        """Now, or some seconds ago: ISO 8601 with seven fractional digits and offset."""
        ticks = self.options.time_ns() // _NS_PER_TICK - int(seconds_ago * _TICKS_PER_SECOND)
        seconds, fraction = divmod(ticks, _TICKS_PER_SECOND)
        moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:07d}+00:00"
