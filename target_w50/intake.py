"""The reader's side of loading: contacts into batches, batches into jobs, and where the input is cut."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable

from target_w50.batches import ContactParts
from target_w50.contacts import ReadyContact
from target_w50.jobs import LoadJob, StreamCounts
from target_w50.ledger import Ledger
from target_w50.loading import Loader
from target_w50.mapping import StreamMapping
from target_w50.settings import Settings
from target_w50.w50 import Contact, WireFormat

log = logging.getLogger("target-w50")


class Intake:
    """Owns the streams' open jobs, and cuts the input.

    Args:
        loader: takes the batches.
        ledger: learns where the input is cut.
        wire: writes a merged contact anew.
        monotonic: clock, in seconds.
    """

    def __init__(
        self,
        loader: Loader,
        ledger: Ledger,
        settings: Settings,
        wire: WireFormat,
        monotonic: Callable[[], float],
    ) -> None:
        self.loader = loader
        self.ledger = ledger
        self.settings = settings
        self.wire = wire
        self._monotonic = monotonic
        self._last_cut = monotonic()
        self._cutting = False
        self._loads: dict[str, StreamLoad] = {}

    def load_for(self, counts: StreamCounts, mapping: StreamMapping, source_stream: str) -> StreamLoad:
        """Where the stream's contacts go from here on: on with the open job, if its FieldNames stay."""
        load = self._loads.get(counts.stream)
        if load is not None:
            if load.fits(mapping):
                return load
            load.close()
        load = StreamLoad(self, counts, mapping, source_stream)
        self._loads[counts.stream] = load
        return load

    def cut(self) -> None:
        """Close every open job at this place of the input, so that the states before it can pass."""
        if self._cutting:
            return
        self._cutting = True
        try:
            for load in self._loads.values():
                load.close()
            self.ledger.cut()
            self._last_cut = self._monotonic()
        finally:
            self._cutting = False

    def look_round(self) -> None:
        """To be called while nothing is read: errors of the background, and the checkpoint interval.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        self.loader.check()
        if self._monotonic() - self._last_cut < self.settings.checkpoint_interval_s:
            return
        if self.ledger.waits:
            self.cut()
        else:
            self._last_cut = self._monotonic()


class StreamLoad:
    """One stream's open batch and open job, for one set of FieldNames."""

    def __init__(
        self, intake: Intake, counts: StreamCounts, mapping: StreamMapping, source_stream: str
    ) -> None:
        self._intake = intake
        self._counts = counts
        self._mapping = mapping
        self._source_stream = source_stream
        self._job: LoadJob | None = None
        self._contacts: dict[Hashable, tuple[Contact, ContactParts]] = {}
        self._size_bytes = 0
        self._in_job = 0
        self._seen: set[int] = set()

    def fits(self, mapping: StreamMapping) -> bool:
        """Whether contacts so mapped can go into the same job."""
        mine = self._mapping
        return (
            mine.field_names == mapping.field_names
            and mine.contact_list.id == mapping.contact_list.id
            and mine.entry == mapping.entry
        )

    def add(self, ready: ReadyContact, parts: ContactParts) -> None:
        """Take the next contact of the stream.

        A contact is at most once in a job: within the open batch the later record is merged over the
        earlier one; one that is in an earlier batch has all open jobs closed first.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        settings, identity = self._intake.settings, ready.identity
        if identity is None:
            identity = object()
        elif identity in self._contacts:
            self._merge(identity, ready, parts)
            return
        elif hash(identity) in self._seen:
            # By hash alone, to be small: a rare false alarm closes the jobs early, and harms nothing.
            self._intake.cut()
        size = len(parts.fragment) + 1
        if self._contacts and self._size_bytes + size > settings.batch_size_bytes:
            self.flush()
        if self._job is None:
            self._open()
        self._contacts[identity] = (ready.contact, parts)
        self._size_bytes += size
        self._in_job += 1
        if self._in_job >= settings.max_contacts_per_job:
            self._intake.cut()
        elif len(self._contacts) >= settings.batch_size_rows:
            self.flush()

    def _open(self) -> None:
        self._job = self._intake.loader.open_job(self._counts, self._mapping, self._source_stream)
        self._in_job = 0
        self._seen = set()

    def _merge(self, identity: Hashable, ready: ReadyContact, parts: ContactParts) -> None:
        contact, earlier = self._contacts[identity]
        merged = Contact(
            ready.contact.enc_contact_id or contact.enc_contact_id,
            {**contact.values, **ready.contact.values},
        )
        fragment = self._intake.wire.encode_contact(merged)
        self._size_bytes += len(fragment) - len(earlier.fragment)
        self._contacts[identity] = (
            merged,
            ContactParts(fragment, parts.place, (*earlier.raws, *parts.raws)),
        )
        self._counts.records_superseded += 1

    def flush(self) -> None:
        """Hand the open batch over."""
        if not self._contacts or self._job is None:
            return
        contacts, self._contacts, self._size_bytes = self._contacts, {}, 0
        self._seen.update(hash(identity) for identity in contacts)
        self._intake.loader.add_batch(
            self._job, [parts for _, parts in contacts.values()], self._intake.look_round
        )

    def close(self) -> None:
        """Hand over what there is and close the job."""
        job = self._job
        if job is None:
            return
        self.flush()
        self._intake.loader.close_job(job)
        if self._job is job:
            self._job = None
            self._seen = set()
