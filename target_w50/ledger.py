"""The books of a run: which jobs ended, which state may pass, and what is told about it."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable
from typing import Any

from target_w50 import __version__
from target_w50.checkpoints import Checkpoints
from target_w50.jobs import (
    Effort,
    LoadJob,
    Outcome,
    Phase,
    StreamCounts,
    rejected,
    snake_case_members,
)
from target_w50.metrics import SCHEMA_VERSION, MetricsStream, MetricsWriter
from target_w50.quarantine import Reason
from target_w50.runtime.stop import Stop
from target_w50.states import JobResults, StateWriter
from target_w50.w50 import ImportJob

log = logging.getLogger("target-w50")


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
            job.phase, job.outcome = Phase.ENDED, outcome
            self._open.pop(job.number, None)
            self._count(job, w50_job)
            self._results.add(job.stream, w50_job)
            self._write_job(job, w50_job, job.effort, outcome, None)
            if self._stop.error is None:
                self._checkpoints.end(job.number)
                self._let_states_pass()

    def ended_without_contacts(self, job: LoadJob, error: str) -> None:
        """Every contact of the job was set aside: W50's job is left as it is, and states may pass."""
        with self._lock:
            self.given_up(job, error)
            job.phase, job.outcome = Phase.ENDED, Outcome.ABANDONED
            self._open.pop(job.number, None)
            if self._stop.error is None:
                self._checkpoints.end(job.number)
                self._let_states_pass()

    def ended_badly(self, job: LoadJob, outcome: Outcome, error: str) -> None:
        """The job failed, is unknown or will not be run; nothing that it holds is acknowledged."""
        with self._lock:
            if job.outcome is not None:
                return
            job.phase, job.outcome = Phase.ENDED, outcome
            if job.w50_job is not None:
                if outcome in (Outcome.FAILED, Outcome.UNKNOWN):
                    # It was run, or may have been: its contacts were sent, whatever became of them.
                    job.counts.import_jobs += 1
                    job.counts.contacts_sent += job.contacts
                self._write_job(job, job.w50_job, job.effort, outcome, error)

    def given_up(self, job: LoadJob, error: str) -> None:
        """W50's job is left as it is, never run; its batches go to another."""
        with self._lock:
            if job.w50_job is not None:
                self._write_job(job, job.w50_job, job.effort, Outcome.ABANDONED, error)

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
        counts.contacts_inserted += w50_job.inserted_contacts
        counts.contacts_updated += w50_job.updated_contacts
        counts.contacts_not_updated += w50_job.not_updated_contacts
        counts.contacts_dropped += w50_job.dropped_contacts
        counts.contacts_rejected += rejected(job.contacts, w50_job)
        counts.invalid_emails += w50_job.invalid_email_count
        counts.invalid_sms += w50_job.invalid_sms_count

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
            self._metrics.write(MetricsStream.STREAMS, self._stream_record(counts))

    def write_run(self, outcome: dict[str, Any]) -> None:
        """Write the metrics record of the run; `outcome` has what only the program knows."""
        totals = {name: sum(getattr(each, name) for each in self.streams.values()) for name in RUN_TOTALS}
        self._metrics.write(
            MetricsStream.RUNS,
            {
                "run_id": self.run_id,
                **outcome,
                **totals,
                "states_written": self._states.written,
                "target_version": __version__,
                "schema_version": SCHEMA_VERSION,
            },
        )

    def _write_job(
        self, job: LoadJob, w50_job: ImportJob, effort: Effort | None, outcome: Outcome, error: str | None
    ) -> None:
        effort = effort or Effort(self.now())
        record = {
            "run_id": self.run_id,
            "import_job_id": w50_job.id,
            "stream": job.stream,
            "contact_list_id": job.list_id,
            "outcome": outcome.value,
            **snake_case_members(w50_job),
            "field_names": list(job.mapping.field_names),
            "contacts_sent": effort.contacts_sent,
            "contacts_rejected": rejected(effort.contacts_sent, w50_job)
            if outcome is Outcome.FINISHED
            else 0,
            "batches": effort.batches,
            "bytes_sent": effort.bytes_sent,
            "http_requests": effort.http_requests,
            "http_retries": effort.http_retries,
            "create_seconds": round(effort.create_seconds, 3),
            "upload_seconds": round(effort.upload_seconds, 3),
            "run_seconds": round(effort.run_seconds, 3),
            "started_at": effort.started_at.isoformat(),
            "ended_at": self.now().isoformat(),
            "error": error,
            "validation_warnings": dict(effort.warnings),
            "target_version": __version__,
            "schema_version": SCHEMA_VERSION,
        }
        self._metrics.write(MetricsStream.IMPORT_JOBS, record)

    def _stream_record(self, counts: StreamCounts) -> dict[str, Any]:
        mapping, ended_at = counts.mapping, self.now()
        seconds = max((ended_at - counts.started_at).total_seconds(), 1e-6)
        return {
            "run_id": self.run_id,
            "stream": counts.stream,
            "contact_list_id": mapping.contact_list.id if mapping else None,
            "contact_list_name": mapping.contact_list.name if mapping else None,
            "records_quarantined": counts.records_quarantined,
            **{f"quarantined_{each.value}": counts.quarantined.get(each.value, 0) for each in Reason},
            **{name: getattr(counts, name) for name in STREAM_FIGURES},
            "ignored_properties": [each.name for each in mapping.ignored] if mapping else [],
            "started_at": counts.started_at.isoformat(),
            "ended_at": ended_at.isoformat(),
            "records_per_second": round(counts.records_read / seconds, 1),
            "target_version": __version__,
            "schema_version": SCHEMA_VERSION,
        }


STREAM_FIGURES = (
    "records_read",
    "records_skipped",
    "records_superseded",
    "contacts_sent",
    "contacts_inserted",
    "contacts_updated",
    "contacts_not_updated",
    "contacts_dropped",
    "contacts_rejected",
    "invalid_emails",
    "invalid_sms",
    "import_jobs",
)
RUN_TOTALS = (
    "records_read",
    "records_quarantined",
    "records_skipped",
    "records_superseded",
    "contacts_sent",
    "contacts_inserted",
    "contacts_updated",
    "contacts_not_updated",
    "contacts_dropped",
    "contacts_rejected",
    "import_jobs",
)
