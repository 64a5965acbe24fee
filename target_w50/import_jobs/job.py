"""One import job on our side: what it is to hold, how far it has come, what it came to. It owns its life."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from target_w50.contacts.mapping import StreamMapping
from target_w50.import_jobs.batches import Batch, BatchStore, StoreMemory
from target_w50.import_jobs.counts import Effort, StreamCounts
from target_w50.import_jobs.failed_values import Suspects
from target_w50.import_jobs.outbox import Outbox
from target_w50.import_jobs.phases import ENDS_FROM, MAY_RUN, NOT_RUN, JobLifeError, Outcome, Phase
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import ImportJob


class LoadJob:
    """Contacts of one stream and schema on their way into one list, in order.

    The reader adds batches and closes it; its list's worker does all else; and whoever closes the books may
    end it at any time. So each change is one step under the job's own lock, and raises JobLifeError, with
    nothing changed, where the phase does not allow it. It owns its batches until it has ended: if W50's job
    is given up, all of them are sent to a new one.

    Args:
        number: its place in the input.
        counts: of its stream.
        mapping: where its contacts go.
        schemas: the SCHEMA of each source stream that its records came under, if they may be set aside.
        suppressed_events: whether running it fires no custom events, whatever the stream's entry says.
        memory: what its store shares with those of the other jobs.
    """

    def __init__(
        self,
        number: int,
        counts: StreamCounts,
        mapping: StreamMapping,
        *,
        schemas: Mapping[str, SchemaLine] = MappingProxyType({}),
        suppressed_events: bool = False,
        memory: StoreMemory | None = None,
    ) -> None:
        self.number: Final = number
        self.counts: Final = counts
        self.mapping: Final = mapping
        self.stream: Final = counts.stream
        self.list_id: Final = mapping.contact_list.id
        self.schemas: Final = schemas
        self.suppressed_events: Final = suppressed_events
        self.suspects: Final[Suspects] = {}  # the reader's until it is closed
        self._lock = threading.Lock()
        self._store = BatchStore(memory)
        self._outbox = Outbox()
        self._contacts = 0
        self._closed = False
        self._phase = Phase.WAITING
        self._outcome: Outcome | None = None
        self._w50_job: ImportJob | None = None
        self._before_run: ImportJob | None = None
        self._rebuilds = 0
        self._effort: Effort | None = None
        self._run_at = self._doubtful_at = self._next_poll_at = 0.0

    # What it is to hold.

    def add(self, batch: Batch) -> None:
        """Take the next contacts, put into its store; the reader's."""
        with self._step("takes a batch", *NOT_RUN):
            self._need(not self._closed, "takes a batch after it was closed")
            self._outbox.add(batch)
            self._contacts += batch.count

    def count_only(self, batch: Batch) -> None:
        """Count the next contacts and forget their bytes: in a dry run, which sends nothing."""
        with self._step("counts a batch", Phase.WAITING):
            self._need(not self._closed, "counts a batch after it was closed")
            self._contacts += batch.count
            self._store.close()
            self._store = BatchStore()

    def close(self) -> None:
        """Nothing more is added, once and for all: it may be run when W50 has all its batches."""
        with self._step("is closed", *NOT_RUN):
            self._need(not self._closed, "is closed twice")
            self._closed = True

    # Filling W50's job.

    def creating(self, effort: Effort) -> None:
        """W50 is about to be asked for a job; what this takes is counted in `effort`."""
        with self._step("is created", Phase.WAITING):
            self._phase, self._effort = Phase.CREATING, effort

    def not_created(self) -> None:
        """W50 certainly created no job."""
        with self._step("is not created", Phase.CREATING):
            self._phase = Phase.WAITING

    def created(self, w50_job: ImportJob) -> None:
        """W50 created this job: it can be filled."""
        with self._step("has been created", Phase.CREATING):
            self._phase, self._w50_job = Phase.FILLING, w50_job

    def batch_leaves(self) -> Batch:
        """The batch at hand is under way to W50; several may be at once, as their order means nothing."""
        with self._step("sends a batch", Phase.FILLING, Phase.PROBING):
            self._need(self._outbox.at_hand is not None, "sends a batch that it lacks")
            return self._outbox.leaves()

    def batch_sent(self, batch: Batch) -> None:
        """W50 acknowledged a batch that was under way."""
        with self._step("has a batch acknowledged", Phase.FILLING, Phase.PROBING):
            self._need(self._outbox.is_under_way(batch), "has a batch acknowledged that is not under way")
            self._outbox.acknowledged(batch)

    def replace(self, batch: Batch, kept: Sequence[Batch], *, accepted: bool) -> None:
        """Put other batches of its store in the place of one under way that W50 refused.

        Contacts that they lack are set aside. `accepted`: W50's job has taken them already.
        """
        with self._step("has a batch replaced", Phase.FILLING, Phase.PROBING):
            self._need(self._outbox.is_under_way(batch), "has a batch replaced that is not under way")
            lacking = batch.count - sum(each.count for each in kept)
            self._need(lacking >= 0, "has a batch replaced by more contacts")
            self._contacts -= lacking
            self._outbox.replace(batch, kept, accepted=accepted)

    def probe(self) -> None:
        """W50's job is given up: from now on it only serves to find the contacts that W50 refuses."""
        with self._step("is probed", Phase.FILLING):
            self._phase = Phase.PROBING

    def begin_anew(self, *, after_doubt: bool) -> None:
        """Forget W50's job, which is never run: every batch goes to a new one.

        Args:
            after_doubt: whether an answer was lost; counted in `rebuilds`.
        """
        with self._step("is begun anew", Phase.CREATING, Phase.FILLING, Phase.PROBING):
            self._phase, self._w50_job, self._effort = Phase.WAITING, None, None
            self._outbox.begin_anew()
            self._rebuilds += after_doubt

    # Running it.

    def stood_before_run(self, seen: ImportJob) -> None:
        """So W50's job stands before it is run: what differs later says that it runs."""
        with self._step("is looked at before the run", Phase.FILLING):
            self._before_run = seen

    def may_run(self, at_s: float) -> None:
        """`run` may be sent from now on, and so counts as sent.

        Args:
            at_s: on the clock of the run.
        """
        with self._step("may be run", Phase.FILLING):
            self._need(self._closed, "may be run before it is closed")
            self._need(self._outbox.all_sent, "may be run before all batches are sent")
            self._need(self._before_run is not None, "may be run before its status was read")
            self._phase, self._run_at, self._next_poll_at = Phase.INTENT, at_s, at_s

    def not_run(self) -> None:
        """W50 certainly does not run it."""
        with self._step("is not run", Phase.INTENT):
            self._phase = Phase.FILLING

    def doubtful(self, at_s: float) -> None:
        """No clear answer came to `run`."""
        with self._step("is doubtful", Phase.INTENT):
            self._phase, self._doubtful_at = Phase.DOUBTFUL, at_s

    def running_seen(self, seen: ImportJob) -> None:
        """W50 took `run`, or says so of its job: so it stands."""
        with self._step("is seen running", *MAY_RUN):
            self._phase, self._w50_job = Phase.RUNNING, seen

    def poll_next(self, at_s: float) -> None:
        """When it is to be looked at again."""
        with self._step("is to be polled", Phase.DOUBTFUL, Phase.RUNNING):
            self._next_poll_at = at_s

    def end(self, outcome: Outcome) -> None:
        """It is over, whoever learns of it; see `ENDS_FROM`."""
        with self._step(f"ends as {outcome.value}", *ENDS_FROM[outcome]):
            self._phase, self._outcome = Phase.ENDED, outcome

    @contextmanager
    def _step(self, words: str, *phases: Phase) -> Iterator[None]:
        with self._lock:
            self._need(self._phase in phases, words)
            yield

    def _need(self, condition: bool, words: str) -> None:  # reads as assert does
        if not condition:
            raise JobLifeError(f"{self.name} {words} in phase {self._phase.value}")

    # How it stands.

    @property
    def phase(self) -> Phase:
        """How far it has come."""
        return self._phase

    @property
    def outcome(self) -> Outcome | None:
        """What became of it; None until it has ended."""
        return self._outcome

    @property
    def closed(self) -> bool:
        """Whether nothing more is added."""
        return self._closed

    @property
    def runs(self) -> bool:
        """Whether W50 runs it, or may be running it."""
        return self._phase in MAY_RUN

    @property
    def w50_job(self) -> ImportJob | None:
        """The job at W50 as last seen; None until it is created, and after it was given up."""
        return self._w50_job

    @property
    def w50_id(self) -> int:
        """Its id at W50, where it has been created."""
        if self._w50_job is None:
            raise JobLifeError(f"{self.name} has no id")
        return self._w50_job.id

    @property
    def before_run(self) -> ImportJob | None:
        """The job at W50 as it stood before it was run."""
        return self._before_run

    @property
    def store(self) -> BatchStore:
        """The bytes of its batches."""
        return self._store

    @property
    def at_hand(self) -> Batch | None:
        """The batch that is sent next; None if there is none (yet)."""
        return self._outbox.at_hand

    @property
    def under_way(self) -> int:
        """How many batches are at W50 without an answer."""
        return self._outbox.under_way

    @property
    def batches(self) -> Sequence[Batch]:
        """Its batches, in order."""
        return self._outbox.batches

    @property
    def sent(self) -> int:
        """How many of the batches W50 acknowledged for its job."""
        return self._outbox.sent

    @property
    def rebuilds(self) -> int:
        """How often it was begun anew because an answer was lost."""
        return self._rebuilds

    @property
    def effort(self) -> Effort | None:
        """What W50's job took so far; None while there is none."""
        return self._effort

    @property
    def run_at(self) -> float:
        """Since when it may run, on the clock of the run, in seconds."""
        return self._run_at

    @property
    def doubtful_at(self) -> float:
        """Since when it is doubtful, on the same clock."""
        return self._doubtful_at

    @property
    def next_poll_at(self) -> float:
        """When it is looked at again, on the same clock."""
        return self._next_poll_at

    @property
    def contacts(self) -> int:
        """How many contacts it holds."""
        return self._contacts

    @property
    def custom_events(self) -> tuple[str, ...]:
        """The events that running the job fires."""
        return () if self.suppressed_events else self.mapping.entry.custom_events

    @property
    def waiting_bytes(self) -> int:
        """What waits for W50: bytes that it has not acknowledged yet, and what it costs to keep them."""
        return self._outbox.waiting_bytes

    @property
    def name(self) -> str:
        """The job in words, for logs and errors."""
        job = f"import job {self._w50_job.id}" if self._w50_job else "an import job without an id as yet"
        return f"{job} of contact list {self.list_id} (stream {self.stream!r})"

    def log_fields(self, run_id: str) -> dict[str, object]:
        """What structured log lines about it carry."""
        return {
            "stream_name": self.stream,
            "contact_list_id": self.list_id,
            "import_job_id": self._w50_job.id if self._w50_job else None,
            "run_id": run_id,
        }
