"""One stream's contacts into batches, and batches into its open job: the reader's hot path."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Mapping

from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import folded
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.failed_values import NO_SUSPECTS, suspect
from target_w50.import_jobs.fingerprints import Fingerprints
from target_w50.import_jobs.job import LoadJob
from target_w50.journal.history import StreamHistory
from target_w50.loading.open_batch import OpenBatch
from target_w50.loading.open_batches import CONTACT_BYTES, ROW_BYTES
from target_w50.loading.open_jobs import OpenJobs
from target_w50.loading.sifting import sift
from target_w50.loading.takes_batches import CutsInput, TakesOver
from target_w50.settings.model import MatchValues
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import Contact


class StreamLoad:
    """One stream's open batch and open job, for one set of FieldNames.

    The open batch is kept in columns, not in objects: this is the hot path.

    Args:
        intake: cuts the input.
        open_jobs: of the stream; this load's is among them from its first contact until the input is cut.
        fired: the contacts of its list that are in jobs with custom events, by hash; None: this load's jobs
            fire none. A contact that is in it goes into a job of its own kind, without events.
        history: what earlier runs brought of the stream; None where the journal keeps nothing of it.
        make_quiet: makes the load of contacts that are to fire no events, such as those whose events have
            fired.
    """

    def __init__(  # noqa: PLR0917 - made in two places
        self,
        intake: CutsInput,
        open_jobs: OpenJobs,
        counts: StreamCounts,
        mapping: StreamMapping,
        fired: set[int] | None,
        history: StreamHistory | None,
        make_quiet: Callable[[], TakesOver],
    ) -> None:
        self._fired = fired
        self._history = history
        self._without_events: TakesOver | None = None
        self._make_quiet = make_quiet
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
        self._folded = array("q")
        self._sifts = history is not None or fired is not None
        self._begin_batch()

    def _begin_batch(self) -> None:
        self._open_batches.handed_over(self)
        self._batch = OpenBatch()

    def belongs_to(self, source_stream: str, schema_line: SchemaLine) -> None:
        """Have the source stream's refused records set aside under this SCHEMA from here on."""
        if self._open_jobs.has_other_schema(source_stream, schema_line):
            self._intake.cut()
        self._open_jobs.begin_schema(source_stream, schema_line)

    def has_at_hand(self, identity: Hashable) -> bool:
        """Whether the contact is in the open batch."""
        return identity in self._batch.rows

    def has_none_of(self, identities: Iterable[Hashable]) -> bool:
        """Whether none of the contacts is in the open batch."""
        return self._batch.rows.keys().isdisjoint(identities)

    def add(  # noqa: PLR0917 - the hot path
        self,
        identity: Hashable | None,
        fragment: bytes,
        place: int,
        raw: bytes,
        contact: Contact | None,
        matched: Hashable | None = None,
        suspects: Mapping[str, int] = NO_SUSPECTS,
    ) -> None:
        """Take the next contact of the stream.

        A contact is at most once in the stream's open jobs: within the open batch the later record is merged
        over the earlier one; one that is elsewhere in them has all open jobs closed first.

        Args:
            identity: what tells the contact from others, or None.
            fragment: the contact as it is sent.
            place: where its record was read.
            raw: what the tap sent, if that is kept.
            contact: the contact; None if it can be read again from the fragment.
            matched: its match values, where EncContactId may tell it from others as well.
            suspects: the FieldNames whose values failed a check, and where each value was read.

        Raises:
            TargetW50Error: the first error of the background, or the stop.
        """
        if self._needs_cut(identity, matched):
            self._intake.cut()
        if identity is None:
            identity = object()
        elif identity in self._batch.rows:
            self._merge(identity, fragment, place, raw, contact, matched, suspects)
            return
        if self._batch.size_bytes + len(fragment) + 1 > self._batch_bytes and self._batch.rows:
            self.flush()
        if self._job is None:
            self._open()
        if matched is not None:
            self._open_jobs.own(identity, matched)
        self._append(identity, fragment, place, raw, contact, matched, suspects)
        if self._in_job >= self._job_contacts or len(self._batch.rows) >= self._batch_rows:
            self.flush()  # which may find that they need not be sent
        if self._in_job >= self._job_contacts:
            self._intake.cut()
        self._open_batches.make_room()

    def _append(  # noqa: PLR0917 - as `add`
        self,
        identity: Hashable,
        fragment: bytes,
        place: int,
        raw: bytes,
        contact: Contact | None,
        matched: Hashable | None,
        suspects: Mapping[str, int] = NO_SUSPECTS,
    ) -> None:
        batch = self._batch
        rows, size = batch.rows, len(fragment) + 1
        held = size + ROW_BYTES
        if contact is not None:
            batch.contacts[len(rows)] = contact
            held += size + CONTACT_BYTES
        if matched is not None and self._sifts:
            batch.matched[len(rows)] = matched
        if suspects:
            batch.suspects[len(rows)] = suspects
        rows[identity] = len(rows)
        batch.fragments.append(fragment)
        batch.places.append(place)
        if self._keeps_raws:
            batch.raws.append(raw)
            held += len(raw)
        self._open_batches.grow(self, held)
        batch.size_bytes += size
        self._in_job += 1

    def _needs_cut(self, identity: Hashable | None, matched: Hashable | None) -> bool:
        """Whether the contact is, or may be, in an open job where it can't be merged with."""
        open_jobs = self._open_jobs
        if identity is None:
            return open_jobs.others(self)  # Nothing tells whether it is in one of them.
        if matched is not None and open_jobs.another_owns(identity, matched):
            return True
        return identity not in self._batch.rows and open_jobs.hold(identity, self)

    def add_plainly(
        self, identities: list[Hashable], fragments: list[bytes], first_place: int, raws: list[bytes]
    ) -> bool:
        """Take several contacts at once, if there is nothing to decide about any of them.

        Args:
            identities: what tells them from others.
            fragments: the contacts as they are sent.
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
        batch = self._batch
        rows = batch.rows
        if (
            self._job is None
            or len(rows) + count >= self._batch_rows
            or self._in_job + count >= self._job_contacts
            or batch.size_bytes + size > self._batch_bytes
            or open_jobs.any_elsewhere(identities, self)
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
        batch.fragments += fragments
        batch.places += range(first_place, first_place + count)
        if self._keeps_raws:
            batch.raws += raws
        self._open_batches.grow(self, held)
        batch.size_bytes += size
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
        suspects: Mapping[str, int],
    ) -> None:
        if matched is not None:
            self._open_jobs.own(identity, matched)
            if self._sifts:
                self._batch.matched[self._batch.rows[identity]] = matched
        batch, kept = self._batch, raw if self._keeps_raws else None
        grown = batch.merge(identity, fragment, place, kept, contact, self._intake.wire, suspects)
        self._open_batches.grow(self, grown)
        self._counts.records_merged += 1
        if batch.is_full_of_merged(self._batch_bytes):
            self.flush()  # A contact that comes back again and again must not fill the memory.
        self._open_batches.make_room()

    def flush(self) -> None:
        """Hand the open batch over, less what is not sent or goes without events."""
        job = self._job
        if not self._batch.rows or job is None:
            return
        fingerprints = self._sift() if self._sifts else None
        batch = self._batch
        if not batch.rows:
            self._begin_batch()
            return
        raws, frame = batch.raws if self._keeps_raws else None, self._intake.wire.frame
        put = job.store.put(batch.fragments, batch.places, raws, frame, fingerprints)
        if self._history is not None and fingerprints is not None:
            self._history.takes(job, fingerprints)
        suspect(job.suspects, batch.suspects.values())
        self._open_jobs.seen.update(map(hash, batch.rows))
        if self._looks_alike:
            self._folded.extend(map(hash, map(folded, batch.rows)))
        self._open_batches.into_job(len(batch.rows))
        self._begin_batch()
        self._intake.loader.add_batch(job, put, self._intake.look_round)
        if self._open_batches.jobs_are_full:
            self._intake.cut()

    def _sift(self) -> Fingerprints | None:
        """Take out of the open batch what is not sent here; what the journal keeps of the others.

        What is to go without events goes into the open batch of a load that fires none. Making room there may
        cut the input, and so hand this very batch over: then it is empty, and nothing is left to do.
        """
        while (batch := self._batch).rows:
            sifted = sift(batch, self._mapping, self._history, self._fired)
            if sifted.quiet and self._without_events is None:
                self._without_events = self._make_quiet()
            quiet = self._without_events
            if quiet is not None and sifted.quiet and not quiet.has_room(batch, sifted.quiet):
                quiet.make_room(len(sifted.quiet))
                continue
            sifted.book(self._counts, self._fired)
            if quiet is not None and sifted.quiet:
                quiet.take_over(batch, sifted.quiet)
            if len(sifted.kept) < len(batch.rows):
                self._in_job -= len(batch.rows) - len(sifted.kept)
                batch.keep_only(sifted.kept)
            return sifted.fingerprints
        return None

    def close(self) -> None:
        """Hand over what there is and close the job, because the input is cut."""
        job = self._job
        if job is None:
            return
        self.flush()
        self._close_job(job)

    def _close_job(self, job: LoadJob) -> None:
        self._intake.loader.close_job(job)
        self._job = None
        if self._looks_alike:
            # A contact is once in a job: what folding makes fewer of them are pairs.
            self._counts.match_values_alike += self._in_job - len(set(self._folded))
            self._folded = array("q")
        self._in_job = 0
