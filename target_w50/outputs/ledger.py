"""The books of a run: which jobs ended, which state may pass, and what is told about it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome
from target_w50.outputs.checkpoints import Checkpoints
from target_w50.outputs.metrics import MetricsStream, MetricsWriter
from target_w50.outputs.metrics_records import job_record, run_record, stream_record
from target_w50.outputs.state_lines import JobResults, StateWriter
from target_w50.runtime.stop import Stop
from target_w50.w50 import ImportJob, rejected


class Ledger:
    """Books what ends, in any thread, and lets states pass when everything before them has ended.

    Args:
        run_id: the run's name.
        states: where a state goes that may be written.
        results: the import jobs' results that stand beside it.
        metrics: where metrics records go.
        stop: once set, nothing more is acknowledged.
        before_state: makes durable what a state must not pass, such as the quarantine file.
        now: the time of day, with its zone.
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
        now: Callable[[], dt.datetime],
    ) -> None:
        self.run_id = run_id
        self.now = now
        self._states = states
        self._results = results
        self._metrics = metrics
        self._stop = stop
        self._before_state = before_state
        self._checkpoints: Checkpoints[int] = Checkpoints()
        self._lock = threading.RLock()
        self._open: dict[int, LoadJob] = {}
        self._with_events: dict[int, LoadJob] = {}
        self.streams: dict[str, StreamCounts] = {}

    # What the reader reports.

    def counts(self, stream: str) -> StreamCounts:
        """The stream's counts, begun with its first SCHEMA."""
        if stream not in self.streams:
            self.streams[stream] = StreamCounts(stream, self.now())
        return self.streams[stream]

    def state_read(self, state: Any) -> None:
        """The tap sent a state."""
        with self._lock:
            self._checkpoints.state_read(state)

    def record_read(self) -> None:
        """The tap sent a record."""
        self._checkpoints.record_read()

    def begin(self, job: LoadJob) -> None:
        """The job holds contacts of the current stretch of the input."""
        with self._lock:
            self._checkpoints.begin(job.number)
            self._open[job.number] = job

    def cut(self) -> None:
        """End the current stretch; all open jobs have been closed."""
        with self._lock:
            self._checkpoints.cut()
            self._let_states_pass()

    @property
    def waits(self) -> bool:
        """Whether a cut could let a state pass."""
        return self._checkpoints.waits

    @property
    def state_waits(self) -> bool:
        """Whether a state was read that has not been written."""
        with self._lock:
            return self._checkpoints.state_waits

    def finish(self) -> None:
        """The input has ended and so has every job."""
        with self._lock:
            self._stop.check()
            self._states.finish()

    # What the workers report.

    def events_may_fire(self, job: LoadJob) -> None:
        """The job is about to be run with custom events: until a state covers it, they may be repeated."""
        if not job.custom_events:
            return
        with self._lock:
            self._with_events[job.number] = job
            job.counts.contacts_with_events += job.contacts

    def events_did_not_fire(self, job: LoadJob) -> None:
        """The job was certainly not run."""
        with self._lock:
            if self._with_events.pop(job.number, None) is not None:
                job.counts.contacts_with_events -= job.contacts

    def ended(self, job: LoadJob, w50_job: ImportJob, outcome: Outcome) -> None:
        """W50 finished the job (or created it, where that is all): book it and let states pass."""
        with self._lock:
            job.end(outcome)
            self._open.pop(job.number, None)
            self._count(job, w50_job)
            self._results.add(job.stream, w50_job)
            self._write_job(job, w50_job, outcome, None)
            if self._stop.error is None:
                self._checkpoints.end(job.number)
                self._let_states_pass()

    def ended_without_contacts(self, job: LoadJob, error: str) -> None:
        """Every contact of the job was set aside: W50's job is left as it is, and states may pass."""
        with self._lock:
            self.given_up(job, error)
            job.end(Outcome.ABANDONED)
            self._open.pop(job.number, None)
            if self._stop.error is None:
                self._checkpoints.end(job.number)
                self._let_states_pass()

    def ended_badly(self, job: LoadJob, outcome: Outcome, error: str) -> None:
        """The job failed, is unknown or will not be run; nothing that it holds is acknowledged."""
        with self._lock:
            if job.outcome is not None:
                return
            job.end(outcome)
            if job.w50_job is not None:
                if outcome in (Outcome.FAILED, Outcome.UNKNOWN):
                    # It was run, or may have been: its contacts were sent, whatever became of them.
                    job.counts.import_jobs += 1
                    job.counts.contacts_sent += job.contacts
                self._write_job(job, job.w50_job, outcome, error)

    def given_up(self, job: LoadJob, error: str) -> None:
        """W50's job is left as it is, never run; its batches go to another."""
        with self._lock:
            if job.w50_job is not None:
                self._write_job(job, job.w50_job, Outcome.ABANDONED, error)

    def _let_states_pass(self) -> None:
        if self._stop.error is not None:
            return
        safe = self._checkpoints.leave()
        if safe is None:
            return
        self._before_state()
        self._states.acknowledge(safe.state)
        for number in safe.covered:
            self._with_events.pop(number, None)

    def _count(self, job: LoadJob, w50_job: ImportJob) -> None:
        counts = job.counts
        counts.import_jobs += 1
        counts.contacts_sent += job.contacts
        counts.contacts_rejected += rejected(job.contacts, w50_job)
        counts.add_results(w50_job)

    # What is asked at the end.

    def close_books(self, error: str) -> None:
        """Book every job that is still open: running ones as unknown, the others as abandoned."""
        with self._lock:
            for job in list(self._open.values()):
                self.ended_badly(job, Outcome.UNKNOWN if job.runs else Outcome.ABANDONED, error)
                job.store.close()

    @property
    def open_jobs(self) -> list[LoadJob]:
        """Jobs that have not ended, in the order of the input."""
        with self._lock:
            return list(self._open.values())

    @property
    def running(self) -> list[LoadJob]:
        """Jobs that W50 runs, or may be running."""
        with self._lock:
            return [
                job
                for job in self._open.values()
                if job.w50_job is not None and (job.runs or job.outcome is Outcome.UNKNOWN)
            ]

    @property
    def may_repeat_events(self) -> list[LoadJob]:
        """Jobs whose custom events fired, or may have, and that the next run sends again."""
        with self._lock:
            return list(self._with_events.values())

    def write_streams(self) -> None:
        """Write a metrics record for each stream."""
        for counts in self.streams.values():
            self._metrics.write(MetricsStream.STREAMS, stream_record(self.run_id, counts, self.now()))

    def write_run(self, outcome: dict[str, Any]) -> None:
        """Write the metrics record of the run; `outcome` has what only the program knows."""
        record = run_record(
            self.run_id, self.streams.values(), states_written=self._states.written, outcome=outcome
        )
        self._metrics.write(MetricsStream.RUNS, record)

    def _write_job(self, job: LoadJob, w50_job: ImportJob, outcome: Outcome, error: str | None) -> None:
        record = job_record(self.run_id, job, w50_job, outcome=outcome, error=error, ended_at=self.now())
        self._metrics.write(MetricsStream.IMPORT_JOBS, record)
