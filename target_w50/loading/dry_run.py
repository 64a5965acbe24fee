"""The dry run: takes what a run would load, and notes what would become of it; nothing is sent.

Everything before it is the real run's own: stream maps, mapping, validation, contacts, batches and jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.refusal import Reason
from target_w50.errors import LimitError, TargetW50Error
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome
from target_w50.import_jobs.places import Places
from target_w50.journal.recovery import SeenToFirst
from target_w50.loading.events_limit import check_events
from target_w50.outputs.invalid_records import InvalidRecords, Refused
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.stop import Stop
from target_w50.settings.model import Settings
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import WireFormat, decode_answer


@dataclass
class RefusedRecords:
    """Records of a stream that can't be loaded, all for one reason.

    Attributes:
        first_at: where the first of them was read, in words.
        quarantined: whether the settings would have them set aside, rather than end the run.
    """

    reason: Reason
    property: str | None
    first_at: str
    quarantined: bool
    count: int = 0


@dataclass
class PlannedStream:
    """What would be sent of a stream; its records are counted in `counts`, as in any run."""

    counts: StreamCounts
    contacts: int = 0
    import_jobs: int = 0
    batches: int = 0
    bytes: int = 0
    contacts_with_events: int = 0
    refused: dict[tuple[Reason, str | None], RefusedRecords] = field(default_factory=dict)
    sample: Mapping[str, Any] | None = None

    @property
    def mapping(self) -> StreamMapping | None:
        """Where it goes; None where it has no SCHEMA that goes anywhere."""
        return self.counts.mapping

    @property
    def records_refused(self) -> int:
        """How many of its records can't be loaded, for whatever reason."""
        return sum(each.count for each in self.refused.values())


class Plan:
    """What a run over this input would do.

    Args:
        settings: as judged.
        ledger: has the streams' counts.
        stop: once set, the planning ends too.
        places: the words for where a record was read.

    Attributes:
        endings: what would end the run before its end, the first of each kind.
        seen_to_first: import jobs of earlier runs that the run would see to before it loads anything.
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, stop: Stop, wire: WireFormat, places: Places
    ) -> None:
        self.settings = settings
        self.places = places
        self._ledger = ledger
        self._stop = stop
        self._wire = wire
        self._streams: dict[str, PlannedStream] = {}
        self._jobs = 0
        self._with_events: Counter[int] = Counter()
        self.endings: dict[str, TargetW50Error] = {}
        self.seen_to_first: list[SeenToFirst] = []

    def stream(self, name: str) -> PlannedStream:
        """What is noted of a stream."""
        if name not in self._streams:
            self._streams[name] = PlannedStream(self._ledger.counts(name))
        return self._streams[name]

    @property
    def streams(self) -> list[PlannedStream]:
        """The streams that go somewhere, in the order of their schemas."""
        return [self.stream(name) for name, counts in self._ledger.streams.items() if counts.mapping]

    def would_end(self, error: TargetW50Error) -> None:
        """Note that this would end the run."""
        self.endings.setdefault(error.code, error)

    # In the place of the loader.

    def open_job(
        self,
        counts: StreamCounts,
        mapping: StreamMapping,
        schemas: Mapping[str, SchemaLine],
        *,
        suppressed_events: bool,
    ) -> LoadJob:
        """A job that is never created."""
        self._jobs += 1
        return LoadJob(
            self._jobs,
            counts,
            mapping,
            schemas=schemas,
            suppressed_events=suppressed_events,
        )

    def add_batch(self, job: LoadJob, batch: Batch, look_round: Callable[[], None]) -> None:
        """Count the batch and forget its bytes.

        Raises:
            StoppedError: the run was stopped.
        """
        del look_round
        planned = self.stream(job.stream)
        if planned.sample is None:
            planned.sample = self._contact(job.store.fragments(batch)[0])
        planned.contacts += batch.count
        planned.batches += 1
        planned.bytes += batch.size_bytes
        job.count_only(batch)
        self.check()

    def _contact(self, fragment: bytes) -> Mapping[str, Any]:
        """A contact as W50 would read it."""
        body = decode_answer(self._wire.frame_contacts([fragment]), self._wire.media_type)
        enc_contact_id, values = body[0].get("EncContactId"), body[0].get("Values") or {}
        return values if enc_contact_id is None else {"EncContactId": enc_contact_id, **values}

    def close_job(self, job: LoadJob) -> None:
        """Count the job, and see whether its contacts may get custom events."""
        job.close()
        job.store.close()
        job.end(Outcome.ABANDONED)  # so that nobody remembers its contacts
        planned = self.stream(job.stream)
        if not job.contacts:
            return  # All were delivered by earlier runs: no job is created.
        planned.import_jobs += 1
        try:
            check_events(job, self._with_events[job.list_id])
        except LimitError as error:
            self.would_end(error)
        if job.custom_events:
            planned.contacts_with_events += job.contacts
            self._with_events[job.list_id] += job.contacts

    def check(self) -> None:
        """Raise what stopped the run."""
        self._stop.check()

    def finish(self) -> None:
        """Nothing is waited for."""

    def abort(self) -> None:
        """Nothing runs."""


class PlannedInvalidRecords(InvalidRecords):
    """Counts refused records; none ends the dry run, and none is written to quarantine."""

    def __init__(self, settings: Settings, places: Places, ledger: Ledger, plan: Plan) -> None:
        super().__init__(settings, None, places, ledger)
        self._plan = plan

    def refuse(self, refused: Refused) -> None:
        """Note what would become of the record; see `InvalidRecords`."""
        refusal, stream = refused.refusal, refused.counts.stream
        quarantined = self.sets_aside(refusal, refused.entry)
        known = self._plan.stream(stream).refused.setdefault(
            (refusal.reason, refusal.property),
            RefusedRecords(refusal.reason, refusal.property, self._places.text(refused.place), quarantined),
        )
        known.count += 1
        if not quarantined:
            self._plan.would_end(self.fatal(refusal, stream, refused.place))
        else:
            self.count(refusal)

    def check_limits(self, *, at_end: bool) -> None:
        """Note a limit that is passed rather than end the dry run."""
        try:
            super().check_limits(at_end=at_end)
        except LimitError as error:
            self._plan.would_end(error)
