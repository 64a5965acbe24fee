"""One stream with one schema: validate, convert, hand over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from singer_sdk.sinks import Sink

from target_w50.contacts.checks import FailedCheck
from target_w50.contacts.maker import ContactMaker, ReadyContact
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.refusal import Reason, Refusal
from target_w50.loading.stream_load import StreamLoad
from target_w50.outputs.invalid_records import Refused
from target_w50.settings.model import DeletedRecords, ImportMode, OnFailedCheck, Settings
from target_w50.singer.messages import SchemaLine
from target_w50.target.run import Run
from target_w50.validation.property_rules import RecordRules
from target_w50.validation.validator import RecordValidator
from target_w50.w50 import JSON_MEDIA_TYPES

log = logging.getLogger("target-w50")


class Host(Protocol):
    """What a sink needs of its target."""

    settings: Settings

    @property
    def run(self) -> Run:
        """The run's parts."""

    @property
    def place(self) -> int:
        """Where the record at hand was read."""

    def map_stream(self, stream: str, schema: Mapping[str, Any]) -> StreamMapping:
        """Decide list and FieldNames of a stream."""

    def tell_once(self, message: str, stream: str) -> None:
        """Warn of something about a stream, but only once a run."""


class W50Sink(Sink):
    """Turns the records of a stream into contacts of its list.

    The SDK's frame stays (stream maps, counters, settings); batching and draining are the intake's, because
    the SDK's drains acknowledge states before an import job has run. What is overridden here is held by
    tests/target/test_sdk_overrides.py.
    """

    def __init__(
        self,
        target: Any,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        host: Host = target
        run, settings = host.run, host.settings
        self._host = host
        self._ledger = run.ledger
        self.refusals = run.refusals
        self.mapping = host.map_stream(stream_name, self.schema)
        self._judge = RecordValidator(self.schema, stream_name, enabled=settings.validate_records)
        self._keys = tuple(self.key_properties)
        self.wire = run.wire
        self._maker = ContactMaker(self.mapping, self._keys, run.wire)
        self._only_creates = run.create_only is not None
        self._policy = self.mapping.entry.deleted_records
        self._keeps_raws = settings.quarantines
        # What is merged is read again from its JSON; other formats have to keep it.
        self._keeps_contacts = run.wire.media_type not in JSON_MEDIA_TYPES
        self._names_failed = settings.import_mode is not ImportMode.DRY_RUN
        self._sends_failed = self.mapping.entry.on_failed_check is OnFailedCheck.WARN
        self._what_becomes = "it is sent all the same" if self._sends_failed else "it is left out"
        self._load: StreamLoad | None = None
        self._source_stream = stream_name
        self.counts = run.ledger.counts(stream_name)
        self.counts.mapping = self.mapping

    def get_validator(self) -> None:
        """No validator of the SDK's: it knows one draft only, and its errors show values."""
        return

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Keep the tap's `_sdc_*` columns: `fields` may map them, and else they are no contact fields.

        The SDK removes them unless `add_record_metadata` is set.
        """

    def take_over(self, source_stream: str, schema_line: SchemaLine | None = None) -> None:
        """Receive records from now on.

        Contacts go on into the stream's open job if its FieldNames stay. With `create_only` the job is
        created now, without contacts.

        Args:
            source_stream: the stream's name as the tap has it.
            schema_line: its SCHEMA as the tap sent it, if records may be set aside.
        """
        self._source_stream = source_stream
        run = self._host.run
        if run.create_only is None:
            self._load = run.intake.load_for(self.counts, self.mapping)
            if schema_line is not None:
                self._load.belongs_to(source_stream, schema_line)
        else:
            run.create_only.create(self.counts, self.mapping)

    def judge(self, record: dict[str, Any], *, deleted: bool) -> ReadyContact | Refusal | None:
        """The record's contact, why there is none, or None if it is to be skipped."""
        if self._only_creates:
            return None
        if deleted and self._policy is not DeletedRecords.MARK:
            return self._deleted()
        problem = self._judge.check(record)
        if problem is not None:
            return Refusal(Reason.SCHEMA_INVALID, problem.message, problem.property)
        for name in self._keys:
            if name not in record:
                return Refusal(Reason.MISSING_KEY_PROPERTY, f"key property {name!r} is missing", name)
        return self._maker.make_deleted(record) if deleted else self._maker.make(record)

    def _deleted(self) -> Refusal | None:
        """What becomes of a record that is deleted at its source, where it is not marked so in W50."""
        if self._policy is not DeletedRecords.SKIP:
            return Refusal(Reason.DELETED_AT_SOURCE, "the record is deleted at its source", None)
        self._host.tell_once(
            f"Stream {self.stream_name!r} has records deleted at their source; W50's import can't "
            "delete: they are skipped (see `deleted_records`)",
            self.stream_name,
        )
        return None

    def refuse(self, refusal: Refusal, raw: bytes | None, place: int) -> None:
        """Set the record that was read there aside, or end the run.

        Raises:
            InvalidRecordError: it is not to be set aside.
            LimitError: too many are invalid.
        """
        self.refusals.refuse(self.refused(refusal, raw, place))

    def refused(self, refusal: Refusal, raw: bytes | None, place: int) -> Refused:
        """A record that was read there and can't be loaded; its values that failed checks are counted."""
        if refusal.failed:
            self._tell_failed(refusal.failed, place, "its record is set aside")
        return Refused(refusal, self.counts, self.mapping.entry, self._source_stream, place, raw)

    def take(self, ready: ReadyContact, raw: bytes | None, place: int) -> None:
        """Hand over the contact of the record that was read there."""
        kept = raw if self._keeps_raws and raw is not None else b""
        contact = ready.contact if self._keeps_contacts else None
        if not ready.failed:
            self.load.add(ready.identity, ready.fragment, place, kept, contact, ready.matched)
            return
        self.tell_failed(ready.failed, place)
        suspects = suspects_of(ready.failed, place) if self._sends_failed else {}
        self.load.add(ready.identity, ready.fragment, place, kept, contact, ready.matched, suspects)

    def tell_failed(self, failed: Iterable[FailedCheck], place: int) -> None:
        """Count values of a contact that failed though it is taken, and name the first of each field."""
        self._tell_failed(failed, place, self._what_becomes)

    def _tell_failed(self, failed: Iterable[FailedCheck], place: int, what_becomes: str) -> None:
        """Count values that failed, and name the first of each field; a plan names them itself."""
        for each in failed:
            is_named = self.counts.check_failed(each, place)
            if is_named and self._names_failed:
                log.warning(
                    "Stream %r, %s: property %r (FieldName %r) %s; %s",
                    self.stream_name,
                    self._host.run.places.text(place),
                    each.check.property,
                    each.check.field_name,
                    each.message,
                    what_becomes,
                    extra={"stream_name": self.stream_name},
                )

    @property
    def load(self) -> StreamLoad:
        """Where contacts go."""
        if self._load is None:
            raise AssertionError
        return self._load

    @property
    def rules(self) -> RecordRules | None:
        """What records are judged by, property by property; None where that is not all."""
        return self._judge.rules

    def read(self, records: int) -> None:
        """So many records of the sink were read."""
        self._ledger.read(records, self.counts)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Validate, convert and hand over one record, as the SDK's own loop would have it.

        Raises:
            InvalidRecordError: the record can't be loaded.
        """
        del context
        judged = self.judge(record, deleted=False)
        if isinstance(judged, Refusal):
            self.refuse(judged, None, self._host.place)
        elif judged is not None:
            self.take(judged, None, self._host.place)

    def clean_up(self) -> None:
        """Tell the SDK's metrics how many records were read; once, for it need not know of each."""
        self.record_counter_metric.increment(self.counts.records_read)
        super().clean_up()

    def process_batch(self, context: dict[str, Any]) -> None:
        """Hand over the contacts that wait, as a drain of the SDK's would."""
        del context
        if self._load is not None:
            self._load.flush()


def suspects_of(failed: Iterable[FailedCheck], place: int) -> dict[str, int]:
    """The FieldNames whose values failed and are sent all the same, and where they were read."""
    return {each.check.field_name: place for each in failed}
