"""One import job on our side: what it is to hold, how far it has come, what it came to."""

from __future__ import annotations

from enum import Enum

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import Batch, BatchStore
from target_w50.import_jobs.counts import Effort, StreamCounts
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import ImportJob

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
