"""One stream's contacts into batches, and batches into its open job: the reader's hot path."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from target_w50.contacts.maker import read_fragment
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import folded
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.journal.history import Fingerprint, StreamHistory
from target_w50.loading.events_limit import event_keys
from target_w50.loading.open_batches import CONTACT_BYTES, ROW_BYTES, OpenBatches
from target_w50.loading.open_jobs import OpenJobs
from target_w50.loading.takes_batches import TakesBatches
from target_w50.settings.model import MatchValues, Settings
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import Contact, WireFormat

MOST_RAW_BYTES = 256 * 1024
"""What is kept of the messages that one contact was merged from before its batch is handed over."""


class CutsInput(Protocol):
    """What a stream's load asks of the intake that it belongs to."""

    loader: TakesBatches
    settings: Settings
    wire: WireFormat
    open_batches: OpenBatches

    def cut(self) -> None:
        """Close every open job at this place of the input."""

    def look_round(self) -> None:
        """To be called while nothing is read."""


class StreamLoad:
    """One stream's open batch and open job, for one set of FieldNames.

    The open batch is kept in columns, not in objects: this is the hot path.

    Args:
        intake: cuts the input.
        open_jobs: of the stream; this load's is among them from its first contact until the input is cut.
        fired: the contacts of its list that are in jobs with custom events, by hash; None: this load's jobs
            fire none. A contact that is in it goes into a job of its own kind, without events.
        history: what earlier runs brought of the stream; None where the journal keeps nothing of it.
    """

    def __init__(  # noqa: PLR0917 - made in two places
        self,
        intake: CutsInput,
        open_jobs: OpenJobs,
        counts: StreamCounts,
        mapping: StreamMapping,
        fired: set[int] | None,
        history: StreamHistory | None = None,
    ) -> None:
        self._fired = fired
        self._history = history
        self._without_events: StreamLoad | None = None
        self._intake = intake
        self._open_jobs = open_jobs
        self._open_batches = intake.open_batches
        self._counts = counts
        self._mapping = mapping
        settings = intake.settings
        self._keeps_raws = settings.quarantines
        self._batch_rows = settings.batch_size_rows
        self._batch_bytes = settings.batch_size_bytes
        self._job_contacts = settings.max_contacts_per_job
        self._looks_alike = bool(mapping.match_fields) and mapping.entry.match_values is MatchValues.EXACT
        self._job: LoadJob | None = None
        self._in_job = 0
        self._folded: set[int] = set()
        self._begin_batch()

    def _begin_batch(self) -> None:
        self._open_batches.handed_over(self)
        self._rows: dict[Hashable, int] = {}
        self._fragments: list[bytes] = []
        self._places: list[int] = []
        self._raws: list[bytes] = []
        self._contacts: dict[int, Contact] = {}
        self._matched: dict[int, Hashable] = {}
        self._size_bytes = 0
        self._merged_raw_bytes = 0

    def belongs_to(self, source_stream: str, schema_line: SchemaLine) -> None:
        """Have the source stream's refused records set aside under this SCHEMA from here on."""
        if self._open_jobs.has_other_schema(source_stream, schema_line):
            self._intake.cut()
        self._open_jobs.begin_schema(source_stream, schema_line)

    def has_at_hand(self, identity: Hashable) -> bool:
        """Whether the contact is in the open batch."""
        return identity in self._rows

    def add(  # noqa: PLR0917 - the hot path
        self,
        identity: Hashable | None,
        fragment: bytes,
        place: int,
        raw: bytes,
        contact: Contact | None,
        matched: Hashable | None = None,
    ) -> None:
        """Take the next contact of the stream.

        A contact is at most once in the stream's open jobs: within the open batch the later record is merged
        over the earlier one; one that is elsewhere in them has all open jobs closed first.

        Args:
            identity: what tells the contact from others, or None.
            fragment: the contact as it is sent.
            place: where its record was read.
            raw: what the tap sent, if that is kept.
            contact: the contact; None if the fragment is JSON, from which it can be read again.
            matched: its match values, where EncContactId may tell it from others as well.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        if self._fired is not None and identity not in self._rows and self._has_fired(identity, matched):
            self._quiet().add(identity, fragment, place, raw, contact, matched)
            return
        if self._needs_cut(identity, matched):
            self._intake.cut()
        if identity is None:
            identity = object()
        elif identity in self._rows:
            self._merge(identity, fragment, place, raw, contact, matched)
            return
        if self._size_bytes + len(fragment) + 1 > self._batch_bytes and self._rows:
            self.flush()
        if self._job is None:
            self._open()
        self._book(identity, matched)
        self._append(identity, fragment, place, raw, contact)
        if matched is not None and self._history is not None:
            self._matched[len(self._rows) - 1] = matched
        if self._in_job >= self._job_contacts:
            self._intake.cut()
        elif len(self._rows) >= self._batch_rows:
            self.flush()
        self._open_batches.make_room()

    def _append(
        self, identity: Hashable, fragment: bytes, place: int, raw: bytes, contact: Contact | None
    ) -> None:
        rows = self._rows
        size = len(fragment) + 1
        held = size + ROW_BYTES
        if contact is not None:
            self._contacts[len(rows)] = contact
            held += size + CONTACT_BYTES
        rows[identity] = len(rows)
        self._fragments.append(fragment)
        self._places.append(place)
        if self._keeps_raws:
            self._raws.append(raw)
            held += len(raw)
        self._open_batches.grow(self, held)
        self._size_bytes += size
        self._in_job += 1

    def _quiet(self) -> StreamLoad:
        """Where contacts go whose events have fired, in this run or in one before that did not end well."""
        if self._without_events is None:
            self._without_events = StreamLoad(
                self._intake, self._open_jobs, self._counts, self._mapping, None, self._history
            )
        return self._without_events

    def _has_fired(self, identity: Hashable | None, matched: Hashable | None) -> bool:
        if identity is None:
            return False
        if self._fired and not self._fired.isdisjoint(event_keys(self._mapping, identity, matched)):
            return True
        return self._history is not None and self._history.has_fired(identity, matched)

    def _book(self, identity: Hashable, matched: Hashable | None) -> None:
        """The contact is in the open job."""
        if matched is not None:
            self._open_jobs.own(identity, matched)
        if self._fired is not None and type(identity) is not object:
            self._fired.update(event_keys(self._mapping, identity, matched))

    def _needs_cut(self, identity: Hashable | None, matched: Hashable | None) -> bool:
        """Whether the contact is, or may be, in an open job where it can't be merged with."""
        open_jobs = self._open_jobs
        if identity is None:
            return open_jobs.others(self)  # Nothing tells whether it is in one of them.
        if matched is not None and open_jobs.another_owns(identity, matched):
            return True
        return identity not in self._rows and open_jobs.hold(identity, self)

    def add_plainly(
        self, identities: list[Hashable], fragments: list[bytes], first_place: int, raws: list[bytes]
    ) -> bool:
        """Take several contacts at once, if there is nothing to decide about any of them.

        Args:
            identities: what tells them from others.
            fragments: the contacts as they are sent, in JSON.
            first_place: where the first was read; the others follow, line by line.
            raws: what the tap sent for them, and maybe more.

        Returns:
            False, with none taken, if one must be merged or cut off from others, or a limit is near.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        open_jobs, count = self._open_jobs, len(fragments)
        size = sum(map(len, fragments)) + count
        held = size + count * ROW_BYTES
        if self._keeps_raws:
            raws = raws[:count]
            held += sum(map(len, raws))
        if not self._open_batches.has_room(held):
            # Before they are taken, so that a cut meanwhile is before them.
            self._open_batches.make_room(held)
        rows = self._rows
        if (
            self._job is None
            or self._fired is not None
            or self._history is not None
            or len(rows) + count >= self._batch_rows
            or self._in_job + count >= self._job_contacts
            or self._size_bytes + size > self._batch_bytes
            or open_jobs.others(self)
            or not (open_jobs.seen.isdisjoint(map(hash, identities)) and rows.keys().isdisjoint(identities))
        ):
            return False
        before = len(rows)
        rows.update(zip(identities, range(before, before + count), strict=True))
        if len(rows) < before + count:
            # One of them came twice: they are merged one by one.
            for identity in identities:
                rows.pop(identity, None)
            return False
        self._fragments += fragments
        self._places += range(first_place, first_place + count)
        if self._keeps_raws:
            self._raws += raws
        self._open_batches.grow(self, held)
        self._size_bytes += size
        self._in_job += count
        return True

    def _open(self) -> None:
        open_jobs = self._open_jobs
        self._job = self._intake.loader.open_job(
            self._counts, self._mapping, open_jobs.schemas, suppressed_events=self._fired is None
        )
        self._in_job = 0
        open_jobs.loads.append(self)

    def _merge(  # noqa: PLR0917 - as `add`
        self,
        identity: Hashable,
        fragment: bytes,
        place: int,
        raw: bytes,
        contact: Contact | None,
        matched: Hashable | None,
    ) -> None:
        self._book(identity, matched)
        row = self._rows[identity]
        before, raw_before = self._fragments[row], self._raws[row] if self._keeps_raws else b""
        earlier = self._contacts.get(row) or read_fragment(before)
        later = contact or read_fragment(fragment)
        merged = Contact(later.enc_contact_id or earlier.enc_contact_id, {**earlier.values, **later.values})
        written = self._intake.wire.encode_contact(merged)
        self._size_bytes += len(written) - len(before)
        raws = raw_before + b"\n" + raw if self._keeps_raws else b""
        kept = self._contacts
        kept_twice = 0 if row in kept else CONTACT_BYTES + len(written)
        self._fragments[row], self._places[row], kept[row] = written, place, merged
        if self._keeps_raws:
            self._raws[row] = raws
        self._open_batches.grow(self, len(written) - len(before) + len(raws) - len(raw_before) + kept_twice)
        self._counts.records_merged += 1
        self._merged_raw_bytes += len(raws) - len(raw_before)
        if len(raws) > MOST_RAW_BYTES or self._merged_raw_bytes > self._batch_bytes:
            self.flush()  # A contact that comes back again and again must not fill the memory.
        self._open_batches.make_room()

    def flush(self) -> None:
        """Hand the open batch over."""
        job = self._job
        fingerprints = None if self._history is None else self._new_to_w50(self._history)
        if not self._rows or job is None:
            return
        raws = self._raws if self._keeps_raws else None
        batch = job.store.put(self._fragments, self._places, raws, self._intake.wire.separator, fingerprints)
        self._open_jobs.seen.update(map(hash, self._rows))
        if self._looks_alike:
            self._folded.update(map(hash, map(folded, self._rows)))
        self._open_batches.into_job(len(self._rows))
        self._begin_batch()
        self._intake.loader.add_batch(job, batch, self._intake.look_round)
        if self._open_batches.jobs_are_full:
            self._intake.cut()

    def _new_to_w50(self, history: StreamHistory) -> list[Fingerprint]:
        """Take out what W50 has just so from an earlier run; what the journal keeps of the others."""
        kept: list[int] = []
        fingerprints: list[Fingerprint] = []
        for identity, row in self._rows.items():
            contact = self._contacts.get(row) or read_fragment(self._fragments[row])
            fingerprint = history.fingerprint(identity, self._matched.get(row), contact)
            if self._fired is None and history.holds(fingerprint):
                continue
            kept.append(row)
            fingerprints.append(fingerprint)
        if len(kept) < len(self._rows):
            self._keep_only(kept)
        return fingerprints

    def _keep_only(self, kept: list[int]) -> None:
        """The open batch without its other contacts: they are in W50."""
        gone = len(self._rows) - len(kept)
        self._counts.contacts_already_delivered += gone
        self._in_job -= gone
        identities = [*self._rows]
        self._rows = {identities[row]: new for new, row in enumerate(kept)}
        self._fragments = [self._fragments[row] for row in kept]
        self._places = [self._places[row] for row in kept]
        self._raws = [self._raws[row] for row in kept] if self._keeps_raws else []
        self._contacts, self._matched = {}, {}
        if not kept:
            self._begin_batch()

    def close(self) -> None:
        """Hand over what there is and close the job, because the input is cut."""
        job = self._job
        if job is None:
            return
        self.flush()
        self._intake.loader.close_job(job)
        self._job = None
        if self._looks_alike:
            # A contact is once in a job: what folding makes fewer of them are pairs.
            self._counts.match_values_alike += self._in_job - len(self._folded)
            self._folded = set()
