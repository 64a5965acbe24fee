"""One stream's contacts into batches, and batches into its open job: the reader's hot path."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from target_w50.import_jobs.failed_values import NO_SUSPECTS
from target_w50.loading.open_batches import CONTACT_BYTES, ROW_BYTES
from target_w50.loading.stream_batches import StreamBatches
from target_w50.singer.messages import SchemaLine
from target_w50.w50 import Contact


class StreamLoad(StreamBatches):
    """One stream's open batch and open job, for one set of FieldNames: contacts come in here.

    The open batch is kept in columns, not in objects: this is the hot path.
    """

    def belongs_to(self, source_stream: str, schema_line: SchemaLine) -> None:
        """Have the source stream's refused records set aside under this SCHEMA from here on."""
        if self._open_jobs.has_other_schema(source_stream, schema_line):
            self._intake.cut()
        self._open_jobs.begin_schema(source_stream, schema_line)

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
        if self._waiting.have(identity):
            self._judge()  # whether it is in the job is known then
        if self._needs_cut(identity, matched):
            self._intake.cut()
        if identity is None:
            identity = object()
        elif identity in self._batch.rows:
            self._merge(identity, fragment, place, raw, contact, matched, suspects)
            return
        if self._batch.size_bytes + len(fragment) + 1 > self._batch_bytes and self._batch.rows:
            self._pass_on()
        if self._job is None:
            self._open()
        if matched is not None:
            self._open_jobs.own(identity, matched)
        self._append(identity, fragment, place, raw, contact, matched, suspects)
        if self._in_job >= self._job_contacts or len(self._batch.rows) >= self._batch_rows:
            self._pass_on()  # which may find that they need not be sent
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

    def fits(self, held: int) -> bool:
        """Whether all open batches together can hold so many bytes more."""
        return self._open_batches.has_room(held)

    def plain_bytes(
        self,
        identities: Sequence[Hashable | None],
        fragments: Sequence[bytes],
        raws: Sequence[bytes],
        matched: Sequence[Hashable] | None,
    ) -> int | None:
        """What the open batch would grow by, in bytes; None if there is something to decide about a contact.

        One must be merged or cut off from others, or a limit is near.

        Args:
            identities: what tells them from others; None where nothing does.
            fragments: the contacts as they are sent.
            raws: what the tap sent for them.
            matched: their match values, where EncContactId may tell them from others as well.
        """
        batch, count = self._batch, len(fragments)
        size = sum(map(len, fragments)) + count
        if (
            self._job is None
            or len(batch.rows) + count >= self._batch_rows
            or self._in_job + count >= self._job_contacts
            or batch.size_bytes + size > self._batch_bytes
            or not self._open_jobs.are_new(identities, self)
            or (matched is not None and not self._open_jobs.may_own(identities, matched))
        ):
            return None
        return size + count * ROW_BYTES + (sum(map(len, raws)) if self._keeps_raws else 0)

    def add_plainly(  # noqa: PLR0917 - the hot path
        self,
        identities: Sequence[Hashable | None],
        fragments: Sequence[bytes],
        places: Sequence[int],
        raws: Sequence[bytes],
        matched: Sequence[Hashable] | None,
        suspects: Mapping[int, Mapping[str, int]],
        held: int,
    ) -> None:
        """Take several contacts at once, about none of which there is something to decide.

        Args:
            identities: what tells them from others; None where nothing does.
            fragments: the contacts as they are sent.
            places: where they were read.
            raws: what the tap sent for them.
            matched: their match values, where EncContactId may tell them from others as well.
            suspects: by index, of those that have any: as `add` has them.
            held: as `plain_bytes` gave it, which holds until another contact comes or the input is cut.
        """
        if not self._keeps_raws:
            raws = ()
        if suspects:
            self._batch.suspect(suspects)
        if matched is not None:
            self._open_jobs.own_all(identities, matched)
        self._batch.extend(identities, fragments, places, raws, matched if self._sifts else None)
        self._open_batches.grow(self, held)
        self._in_job += len(fragments)

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
