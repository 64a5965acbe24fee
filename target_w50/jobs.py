"""One import job on our side: what it is to hold, how far it has come, what it came to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from target_w50.batches import Batch, BatchStore
from target_w50.mapping import StreamMapping
from target_w50.quarantine import SchemaLine
from target_w50.w50 import ImportJob, RequestEvent

ALL_PERCENT = 100
OWN_BYTES = 10_000
"""About what a job costs beside its contacts, so that many small ones do not fill the memory."""
BATCH_BYTES = 1_000
"""The same for a batch."""


class Phase(Enum):
    """How far a job has come. It goes down this list and never up, but for FILLING anew in a rebuild."""

    FILLING = "filling"
    DOUBTFUL = "doubtful"
    RUNNING = "running"
    ENDED = "ended"


class Outcome(str, Enum):
    """What became of an import job of W50."""

    FINISHED = "finished"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ABANDONED = "abandoned"
    CREATED = "created"


@dataclass
class StreamCounts:
    """What a stream came to in this run; the reader counts records, the workers contacts."""

    stream: str
    started_at: dt.datetime
    mapping: StreamMapping | None = None
    records_read: int = 0
    records_skipped: int = 0
    records_merged: int = 0
    merged_set_aside: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    contacts_sent: int = 0
    contacts_inserted: int = 0
    contacts_updated: int = 0
    contacts_not_updated: int = 0
    contacts_dropped: int = 0
    contacts_rejected: int = 0
    invalid_emails: int = 0
    invalid_sms: int = 0
    import_jobs: int = 0
    contacts_with_events: int = 0

    @property
    def records_superseded(self) -> int:
        """How many records were merged into a later one of the same contact that was not set aside."""
        return self.records_merged - self.merged_set_aside

    @property
    def records_quarantined(self) -> int:
        """How many records were set aside, for whatever reason."""
        return sum(self.quarantined.values())

    def quarantine(self, reason: str, count: int = 1) -> None:
        """Count records that were set aside."""
        self.quarantined[reason] = self.quarantined.get(reason, 0) + count


@dataclass
class Effort:
    """What an import job of W50 took so far."""

    started_at: dt.datetime
    batches: int = 0
    contacts_sent: int = 0
    bytes_sent: int = 0
    http_requests: int = 0
    http_retries: int = 0
    create_seconds: float = 0.0
    upload_seconds: float = 0.0
    run_seconds: float = 0.0
    warnings: dict[str, int] = field(default_factory=dict)

    def count(self, event: RequestEvent) -> None:
        """One try of a request took place."""
        self.http_requests += 1
        self.http_retries += event.attempt > 1
        self.bytes_sent += event.bytes_sent


class LoadJob:
    """Contacts of one stream and schema on their way into one list, in order.

    The reader appends batches and closes it; from then on only its list's worker touches it. It owns its
    batches until it has ended: if W50's job is given up, all of them are sent to a new one.

    Attributes:
        schema_line: the SCHEMA that its records came under, if they may be set aside.
        w50_job: the job at W50 as last seen; None until it is created, and after it was given up.
        added, set_aside: contacts that the reader put in, and that the worker took out as refused.
        sent: how many of the batches W50 acknowledged for that job.
        probing: whether that job is given up already and only used to find refused contacts.
    """

    def __init__(self, number: int, counts: StreamCounts, mapping: StreamMapping, source_stream: str) -> None:
        self.number = number
        self.counts = counts
        self.mapping = mapping
        self.source_stream = source_stream
        self.schema_line: SchemaLine | None = None
        self.run_answered = False
        self.store = BatchStore()
        self.batches: list[Batch] = []
        self.added = 0
        self.set_aside = 0
        self.closed = False
        self.phase = Phase.FILLING
        self.outcome: Outcome | None = None
        self.w50_job: ImportJob | None = None
        self.before_run: ImportJob | None = None
        self.sent = 0
        self.rebuilds = 0
        self.probing = False
        self.suppressed_events = False
        self.effort: Effort | None = None
        self.run_at = 0.0
        self.doubtful_at = 0.0
        self.next_poll_at = 0.0

    @property
    def stream(self) -> str:
        """The stream that the contacts are from."""
        return self.counts.stream

    @property
    def list_id(self) -> int:
        """The contact list that they go to."""
        return self.mapping.contact_list.id

    @property
    def w50_id(self) -> int:
        """Its id at W50, where it has been created."""
        if self.w50_job is None:
            raise AssertionError
        return self.w50_job.id

    @property
    def contacts(self) -> int:
        """How many contacts it holds."""
        # Counted apart, because two threads that change one number can lose a change.
        return self.added - self.set_aside

    @property
    def custom_events(self) -> tuple[str, ...]:
        """The events that running the job fires."""
        return () if self.suppressed_events else self.mapping.entry.custom_events

    @property
    def runs(self) -> bool:
        """Whether W50 runs it, or may be running it."""
        return self.phase in (Phase.RUNNING, Phase.DOUBTFUL)

    @property
    def waiting_bytes(self) -> int:
        """What waits for W50: bytes that it has not acknowledged yet, and what it costs to keep them."""
        unsent = self.batches[self.sent :]
        return OWN_BYTES + sum(batch.size_bytes + BATCH_BYTES for batch in unsent)

    @property
    def name(self) -> str:
        """The job in words, for logs and errors."""
        job = "import job not created yet" if self.w50_job is None else f"import job {self.w50_job.id}"
        return f"{job} of contact list {self.list_id} (stream {self.stream!r})"

    def log_fields(self, run_id: str) -> dict[str, object]:
        """What structured log lines about it carry."""
        return {
            "stream_name": self.stream,
            "contact_list_id": self.list_id,
            "import_job_id": self.w50_job.id if self.w50_job else None,
            "run_id": run_id,
        }

    def begin_anew(self) -> None:
        """Forget W50's job: every batch goes to a new one."""
        self.w50_job = None
        self.effort = None
        self.sent = 0
        self.probing = False


def has_failed(seen: ImportJob, failure_statuses: Iterable[str]) -> bool:
    """Whether W50 says that the job failed: its whole status, trimmed and without regard to case."""
    status = (seen.current_status or "").strip().casefold()
    return any(status == each.strip().casefold() for each in failure_statuses)


def has_ended(seen: ImportJob, failure_statuses: Iterable[str]) -> bool:
    """Whether W50 says that the job has ended, well or badly."""
    return (
        seen.finish_date is not None
        or seen.progress_percent >= ALL_PERCENT
        or has_failed(seen, failure_statuses)
    )


def rejected(sent: int, job: ImportJob) -> int:
    """Contacts of an import job that W50 neither inserted, updated nor left as they were."""
    return max(0, sent - job.inserted_contacts - job.updated_contacts - job.not_updated_contacts)


def snake_case_members(job: ImportJob) -> dict[str, Any]:
    """The 13 members of ImportJob in snake_case, dates with their zone and at most six digits."""
    return {
        "id": job.id,
        "invalid_email_count": job.invalid_email_count,
        "invalid_sms_count": job.invalid_sms_count,
        "progress_percent": job.progress_percent,
        "current_status": job.current_status,
        "start_date": job.start_date.isoformat() if job.start_date else None,
        "finish_date": job.finish_date.isoformat() if job.finish_date else None,
        "inserted_contacts": job.inserted_contacts,
        "updated_contacts": job.updated_contacts,
        "dropped_contacts": job.dropped_contacts,
        "not_updated_contacts": job.not_updated_contacts,
        "total_contacts": job.total_contacts,
    }
