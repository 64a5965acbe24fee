"""The books of a run: which jobs ended, which state may pass, and what is told about it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome
from target_w50.outputs.checkpoints import Checkpoints
from target_w50.outputs.metrics import MetricsStream, MetricsWriter
from target_w50.outputs.metrics_records import job_record, run_record, stream_record
from target_w50.outputs.state_lines import JobResults, StateWriter
from target_w50.runtime.stop import Stop
from target_w50.w50 import ImportJob

LOOK_S = 0.5
"""How often one who waits for a state to be written looks whether the run was stopped, in seconds."""


@dataclass(frozen=True)
class Repeat:
    """An import job that ran, or may have, and whose contacts the next run sends again: it matters.

    Attributes:
        job_id: its id at W50.
        events: the custom events that may fire again.
        makes_duplicates: whether W50 may hold the contacts for new ones, as nothing says how they match.
    """

    job_id: int
    events: tuple[str, ...]
    makes_duplicates: bool


class Ledger:
    """Books what ends, in any thread, and lets states pass when everything before them has ended.

    The books are open for moments only: no lock is held while a state, a metrics record or the quarantine
    file is written, so that nobody who only books waits for whoever reads the states. One thread at a time
    writes states; what comes meanwhile, it writes too.

    Args:
        run_id: the run's name.
        states: where a state goes that may be written.
        results: the import jobs' results that stand beside it.
        metrics: where metrics records go.
        stop: once set, nothing more is acknowledged.
        before_state: makes durable what a state must not pass, such as the quarantine file.
        after_state: told which jobs a state has passed, when it was written.
        now: the time of day, with its zone.

    Attributes:
        unresolved: import jobs that a person must look at before the next run.
        records_read: how many records of the input were read, for whatever stream.
    """

    def __init__(
        self,
        run_id: str,
        *,
        states: StateWriter,
        results: JobResults,
        metrics: MetricsWriter,
        stop: Stop,
        before_state: Callable[[], None],
        after_state: Callable[[Sequence[int]], None],
        now: Callable[[], dt.datetime],
    ) -> None:
        self.run_id = run_id
        self.now = now
        self._states = states
        self._results = results
        self._metrics = metrics
        self._stop = stop
        self._before_state = before_state
        self._after_state = after_state
        self._checkpoints: Checkpoints[int] = Checkpoints()
        self._books = stop.clock.condition()
        self._passing = False
        self._open: dict[int, LoadJob] = {}
        self._repeats: dict[int, Repeat] = {}
        self.contacts_with_events: Counter[int] = Counter()  # by contact list
        self._known_ids: set[tuple[int, int]] = set()
        self.unresolved: list[int] = []
        self.streams: dict[str, StreamCounts] = {}
        self.records_read = 0

    # What the reader reports.

    def counts(self, stream: str) -> StreamCounts:
        """The stream's counts, begun with its first SCHEMA."""
        if stream not in self.streams:
            self.streams[stream] = StreamCounts(stream, self.now())
        return self.streams[stream]

    def state_read(self, state: Any) -> None:
        """The tap sent a state."""
        with self._books:
            self._checkpoints.state_read(state)

    def read(self, records: int, *streams: StreamCounts) -> None:
        """The tap sent records: the one place that counts them, however they go on.

        To be called before they are handed on, which may cut the input: they were read before the cut.

        Args:
            records: how many, one behind the other.
            streams: whose they are after the stream maps.
        """
        self.records_read += records
        self._checkpoints.record_read()
        for counts in streams:
            counts.records_read += records

    def begin(self, job: LoadJob) -> None:
        """The job holds contacts of the current stretch of the input."""
        with self._books:
            self._checkpoints.begin(job.number)
            self._open[job.number] = job

    def cut(self) -> None:
        """End the current stretch; all open jobs have been closed."""
        with self._books:
            self._checkpoints.cut()
        self._let_states_pass()

    @property
    def waits(self) -> bool:
        """Whether a cut could let a state pass."""
        return self._checkpoints.waits

    @property
    def state_waits(self) -> bool:
        """Whether a state was read that has not been written."""
        with self._books:
            return self._checkpoints.state_waits

    @property
    def comes_again(self) -> bool:
        """Whether the next run repeats records by the tap's own states."""
        return self._checkpoints.comes_again

    def finish(self) -> None:
        """The input has ended and so has every job."""
        self._stop.check()
        with self._books:
            line = self._states.last_line()
        self._states.write(line)

    # What the workers report.

    def is_new(self, list_id: int, w50_id: int) -> bool:
        """Whether W50 has given this id to no other job of the list in this run; it is known from now on."""
        with self._books:
            known = (list_id, w50_id) in self._known_ids
            self._known_ids.add((list_id, w50_id))
        return not known

    def may_take_effect(self, job: LoadJob) -> None:
        """The job is about to be run: until a state covers it, the next run sends its contacts again."""
        events, entry = job.custom_events, job.mapping.entry
        makes_duplicates = not job.mapping.match_fields and entry.enc_contact_id is None
        with self._books:
            if events or makes_duplicates:
                self._repeats[job.number] = Repeat(job.w50_id, events, makes_duplicates)
            if events:
                self.contacts_with_events[job.list_id] += job.contacts

    def took_no_effect(self, job: LoadJob) -> None:
        """The job was certainly not run."""
        with self._books:
            self._repeats.pop(job.number, None)
            if job.custom_events:
                self.contacts_with_events[job.list_id] -= job.contacts

    def ended(self, job: LoadJob, w50_job: ImportJob, outcome: Outcome, *, acknowledges: bool = True) -> None:
        """W50 finished the job (or created it, where that is all): book it and let states pass.

        Args:
            job: as it stands on our side.
            w50_job: how W50 describes it.
            outcome: `FINISHED` or `CREATED`.
            acknowledges: whether states may pass its contacts.
        """
        with self._books:
            job.end(outcome)
            del self._open[job.number]
            self._count(job, w50_job)
            self._results.add(job.stream, w50_job)
        self._write_job(job, w50_job, outcome, None)
        if acknowledges:
            self._acknowledge(job)

    def ended_without_contacts(self, job: LoadJob, error: str) -> None:
        """Every contact of the job was set aside: W50's job is left as it is, and states may pass."""
        self.given_up(job, error)
        with self._books:
            job.end(Outcome.ABANDONED)
            del self._open[job.number]
        self._acknowledge(job)

    def ended_badly(self, job: LoadJob, outcome: Outcome, error: str, *, needs_person: bool = False) -> None:
        """The job failed, is unknown or will not be run; nothing that it holds is acknowledged.

        Args:
            job: as it stands on our side.
            outcome: what became of it.
            error: that in words.
            needs_person: whether the next run can't find out what became of it, and must not go on so.
        """
        with self._books:
            if job.outcome is not None:
                return
            job.end(outcome)
            if needs_person:
                self.unresolved.append(job.w50_id)
            if outcome in (Outcome.FAILED, Outcome.UNKNOWN):
                # It was run, or may have been: its contacts were sent, whatever became of them.
                job.counts.import_jobs += 1
                job.counts.contacts_sent += job.contacts
        if job.w50_job is not None:
            self._write_job(job, job.w50_job, outcome, error)

    def given_up(self, job: LoadJob, error: str) -> None:
        """W50's job is left as it is, never run; its batches go to another."""
        if job.w50_job is not None:
            self._write_job(job, job.w50_job, Outcome.ABANDONED, error)

    def _acknowledge(self, job: LoadJob) -> None:
        if self._stop.error is None:
            with self._books:
                self._checkpoints.end(job.number)
            self._let_states_pass()

    def _let_states_pass(self) -> None:
        while True:
            with self._books:
                if self._passing or self._stop.error is not None:
                    return  # Whoever is at it takes what has come since, too.
                safe = self._checkpoints.leave()
                if safe is None:
                    return
                self._passing = True
            try:
                self._before_state()
                with self._books:
                    line = self._states.line_for(safe.state)
                self._states.write(line)
                self._after_state(safe.covered)
                with self._books:
                    for number in safe.covered:
                        self._repeats.pop(number, None)
            finally:
                with self._books:
                    self._passing = False
                    self._books.notify_all()

    def _count(self, job: LoadJob, w50_job: ImportJob) -> None:
        counts = job.counts
        counts.import_jobs += 1
        counts.contacts_sent += job.contacts
        counts.add_results(w50_job, job.contacts, job.suspects)

    # What is asked at the end.

    def settle(self) -> None:
        """Wait for the state that is being written, unless the run is stopped."""
        with self._books:
            while self._passing and self._stop.error is None:
                self._books.wait(LOOK_S)

    def close_books(self, error: str) -> None:
        """Book every job that is still open: running ones as unknown, the others as abandoned."""
        self.settle()
        for job in self.open_jobs:
            self.ended_badly(job, Outcome.UNKNOWN if job.runs else Outcome.ABANDONED, error)
            job.store.close()

    @property
    def open_jobs(self) -> list[LoadJob]:
        """Jobs that have not ended, in the order of the input."""
        with self._books:
            return list(self._open.values())

    @property
    def running(self) -> list[LoadJob]:
        """Jobs that W50 runs, or may be running."""
        with self._books:
            return [
                job
                for job in self._open.values()
                if job.w50_job is not None and (job.runs or job.outcome is Outcome.UNKNOWN)
            ]

    @property
    def repeats(self) -> list[Repeat]:
        """Import jobs that the next run repeats to some effect."""
        with self._books:
            return list(self._repeats.values())

    def write_streams(self) -> None:
        """Write a metrics record for each stream."""
        for counts in self.streams.values():
            self._metrics.write(MetricsStream.STREAMS, stream_record(self.run_id, counts, self.now()))

    def write_run(self, outcome: dict[str, Any]) -> None:
        """Write the metrics record of the run; `outcome` has what only the program knows."""
        streams, written = self.streams.values(), self._states.written
        record = run_record(self.run_id, streams, states_written=written, outcome=outcome)
        self._metrics.write(MetricsStream.RUNS, record)

    def _write_job(self, job: LoadJob, w50_job: ImportJob, outcome: Outcome, error: str | None) -> None:
        record = job_record(self.run_id, job, w50_job, outcome=outcome, error=error, ended_at=self.now())
        self._metrics.write(MetricsStream.IMPORT_JOBS, record)
