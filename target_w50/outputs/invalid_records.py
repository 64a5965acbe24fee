"""Records that can't be loaded: set aside or fatal, and how many may be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from singer_sdk.exceptions import MissingKeyPropertiesError

from target_w50.contacts.refusal import Reason, Refusal
from target_w50.errors import InputError, LimitError, counted
from target_w50.import_jobs.counts import StreamCounts
from target_w50.import_jobs.places import Places
from target_w50.outputs.ledger import Ledger
from target_w50.outputs.quarantine import QuarantineFile, SetAside
from target_w50.settings.model import DeletedRecords, Settings, StreamEntry

PERCENT_FROM_RECORDS = 100
"""From so many records on `max_invalid_percent` is judged."""


class InvalidRecordError(InputError):
    """A record can't be loaded, and `on_invalid_record` is `fail`."""


class MissingKeyPropertyError(InvalidRecordError, MissingKeyPropertiesError):
    """A record lacks a key property; also the SDK's error, for its standard tests."""


class Refused(NamedTuple):
    """A record that can't be loaded.

    Attributes:
        refusal: what is wrong with it.
        counts: of its stream, after stream maps.
        entry: what the settings say of the stream.
        source_stream: the stream's name as the tap has it.
        place: where it was read.
        raw: the message as the tap sent it; None where nobody kept it.
    """

    refusal: Refusal
    counts: StreamCounts
    entry: StreamEntry
    source_stream: str
    place: int
    raw: bytes | None


class InvalidRecords:
    """Decides what becomes of refused records, and counts them.

    Args:
        quarantine: the file, if the settings have one in use.
        places: the words for where a record was read.
        ledger: has the counts of records and streams.
    """

    def __init__(
        self, settings: Settings, quarantine: QuarantineFile | None, places: Places, ledger: Ledger
    ) -> None:
        self._settings = settings
        self._quarantine = quarantine
        self._places = places
        self._ledger = ledger
        self._has_limits = (settings.max_invalid_records, settings.max_invalid_percent) != (None, None)
        self._invalid = 0
        self._last_place = -1

    def refuse(self, refused: Refused) -> None:
        """Set the record aside, or end the run.

        Raises:
            InvalidRecordError: it is not to be set aside.
            LimitError: too many are invalid.
        """
        if refused.raw is None or not self._can_set_aside(refused.refusal, refused.entry):
            raise self.fatal(refused.refusal, refused.counts.stream, refused.place)
        # One record of a stream that stream maps send two ways is set aside once.
        if refused.place != self._last_place:
            self._append([refused])
        refused.counts.quarantine(refused.refusal.reason)
        self.count(refused.refusal)

    def has_room(self, refusal: Refusal, entry: StreamEntry, others: int) -> bool:
        """Whether such a record can be set aside behind so many others without a look at the limits.

        Args:
            refusal: what is wrong with the record.
            entry: what the settings say of its stream.
            others: how many wait to be set aside.
        """
        return not (self._has_limits and self._may_reach_limit(others + 1)) and self._can_set_aside(
            refusal, entry
        )

    def refuse_all(self, refused: Sequence[Refused]) -> None:
        """Set records aside that there is room for: each another one, in the order of the input.

        Raises:
            LimitError: W50 has refused so many meanwhile that they are too many.
        """
        self._append(refused)
        alike = groupby(refused, lambda each: (each.counts.stream, each.refusal.reason))
        for (_, reason), some in alike:
            first, *others = some
            first.counts.quarantine(reason, 1 + len(others))
            self._invalid += (1 + len(others)) * (reason is not Reason.DELETED_AT_SOURCE)
        self.check_limits(at_end=False)

    def _append(self, refused: Sequence[Refused]) -> None:
        if self._quarantine is None:
            raise AssertionError
        self._last_place = refused[-1].place
        self._quarantine.hold(
            [
                SetAside(
                    each.source_stream,
                    each.raw or b"",
                    each.refusal.reason,
                    _words(each.refusal),
                    each.refusal.property,
                    self._places.position(each.place),
                )
                for each in refused
            ]
        )

    def count(self, refusal: Refusal) -> None:
        """Count a record that is set aside against the limits, unless it is only deleted.

        Raises:
            LimitError: too many are invalid.
        """
        if refusal.reason is not Reason.DELETED_AT_SOURCE:
            self._invalid += 1
            self.check_limits(at_end=False)

    def _can_set_aside(self, refusal: Refusal, entry: StreamEntry) -> bool:
        return self._quarantine is not None and self.sets_aside(refusal, entry)

    def sets_aside(self, refusal: Refusal, entry: StreamEntry) -> bool:
        """Whether the settings have such a record set aside, rather than end the run."""
        if refusal.reason is Reason.DELETED_AT_SOURCE:
            return entry.deleted_records is DeletedRecords.QUARANTINE
        if refusal.reason is Reason.INVALID_VALUE:
            return True
        return self._settings.quarantines

    def fatal(self, refusal: Refusal, stream: str, place: int) -> InvalidRecordError:
        """The error that ends a run over this record."""
        kinds = {Reason.MISSING_KEY_PROPERTY: MissingKeyPropertyError}
        at = "look at its stream map in `stream_maps`" if refusal.of_stream_map else "mend it at its source"
        advice = f"{at}, or set `on_invalid_record` to quarantine"
        if refusal.reason is Reason.DELETED_AT_SOURCE:
            advice = "see `deleted_records`"
        code = refusal.reason.value
        return kinds.get(refusal.reason, InvalidRecordError)(
            f"Stream {stream!r}, {self._places.text(place)}: {_words(refusal)} ({code}); {advice}.", code=code
        )

    def check_limits(self, *, at_end: bool) -> None:
        """See that not too many records are invalid; deleted ones are not counted.

        Raises:
            LimitError: more than `max_invalid_records`, or more than `max_invalid_percent`.
        """
        settings = self._settings
        if not self._has_limits:
            return
        invalid = self._invalid_so_far()
        most, percent = settings.max_invalid_records, settings.max_invalid_percent
        if most is not None and invalid > most:
            raise LimitError(
                f"{invalid} invalid records, more than max_invalid_records ({most}). Their records are in "
                "quarantine: mend them there, or raise the limit.",
                code="invalid_records_limit",
            )
        records = self._ledger.records_read
        if percent is None or not records or (records < PERCENT_FROM_RECORDS and not at_end):
            return
        share = 100 * invalid / records
        if share > percent:
            raise LimitError(
                f"{invalid:,} of {counted(records, 'record')} {'is' if invalid == 1 else 'are'} invalid "
                f"({share:.1f} %), more than max_invalid_percent ({percent:g}). What is invalid is in "
                "quarantine: mend it there, or raise the limit.",
                code="invalid_percent_limit",
            )

    def _invalid_so_far(self) -> int:
        streams = self._ledger.streams.values()
        return self._invalid + sum(each.quarantined.get(Reason.W50_REJECTED, 0) for each in streams)

    def _may_reach_limit(self, more: int) -> bool:
        """Whether a limit may be passed before so many more records have been set aside."""
        settings = self._settings
        most, percent = settings.max_invalid_records, settings.max_invalid_percent
        invalid = self._invalid_so_far() + more
        # By then no fewer records were read than now.
        records = max(self._ledger.records_read, PERCENT_FROM_RECORDS)
        return (most is not None and invalid > most) or (
            percent is not None and 100 * invalid / records > percent
        )


def _words(refusal: Refusal) -> str:
    """What is wrong, with the property in front unless it is named already."""
    if refusal.property is None or repr(refusal.property) in refusal.message:
        return refusal.message
    return f"property {refusal.property!r} {refusal.message}"
