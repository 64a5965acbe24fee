"""One way of a stream's records: through its stream map to a sink."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from singer_sdk.mapper import StreamMap

from target_w50.contacts.maker import ReadyContact
from target_w50.contacts.refusal import Reason, Refusal
from target_w50.singer.flattening import ColumnTwiceError, UnwritableColumnError
from target_w50.singer.stream_maps import changes_nothing, computes, map_record
from target_w50.target.sinks import W50Sink


@dataclass(frozen=True)
class Route:
    """One way of a stream's records.

    Attributes:
        stream_map: the SDK's.
        sink: where they go; None where they are removed or ignored.
        adds_metadata: whether the SDK's `_sdc_*` columns are added.
    """

    stream_map: StreamMap
    sink: W50Sink | None
    adds_metadata: bool = False

    @cached_property
    def changes_nothing(self) -> bool:
        """Whether records pass the stream map as they are."""
        return changes_nothing(self.stream_map)

    def transform(self, record: dict[str, Any]) -> dict[str, Any] | Refusal | None:
        """The record after stream maps and flattening; None if it is filtered out."""
        try:
            return map_record(self.stream_map, record)
        except ColumnTwiceError as error:
            return Refusal(Reason.CONVERSION_FAILED, str(error), None)
        except UnwritableColumnError as error:
            return Refusal(Reason.CONVERSION_FAILED, str(error), error.column)
        except Exception as error:  # noqa: BLE001  # expressions are the user's: anything may come, with values in it
            message = f"a stream map failed on it ({type(error).__name__})"
            return Refusal(Reason.CONVERSION_FAILED, message, None, of_stream_map=True)

    def load(self, record: dict[str, Any], message: dict[str, Any], raw: bytes, place: int) -> None:
        """Send a record this way.

        Args:
            record: as the tap sent it; it is left as it is.
            message: what it came in.
            raw: the RECORD message as the tap sent it.
            place: where it was read.

        Raises:
            InvalidRecordError: it can't be loaded, and is not to be set aside.
            LimitError: too many are invalid.
        """
        if self.sink is not None:
            self.take(self.judge(record, message), raw, place)

    def judge(self, record: dict[str, Any], message: dict[str, Any]) -> ReadyContact | Refusal | None:
        """The contact of a record that goes this way to a sink, or why there is none; None if it is skipped.

        Args:
            record: as the tap sent it; it is left as it is.
            message: what it came in.
        """
        sink = self._own_sink
        # The raw record tells whether it was deleted: stream maps may have removed the column.
        deleted = record.get("_sdc_deleted_at") is not None
        judged: Any = record if self._leaves_alone else self.transform(record)
        if type(judged) is dict:
            if self.adds_metadata:
                # The SDK's columns, in the SDK's way. Held by tests/target/test_sdk_overrides.py.
                sink._add_sdc_metadata_to_record(judged, message, {})  # noqa: SLF001
            judged, mapped = sink.judge(judged, deleted=deleted), judged
            found = judged if type(judged) is Refusal else None
            if (
                found is not None
                and found.property is not None
                and computes(self.stream_map, found.property, record, mapped)
            ):
                judged = found._replace(of_stream_map=True)
        found_of_it: ReadyContact | Refusal | None = judged
        return found_of_it

    def take(self, found: ReadyContact | Refusal | None, raw: bytes, place: int) -> None:
        """Have what was found of a record go on.

        Args:
            found: its contact, why there is none, or None if it is skipped.
            raw: the RECORD message as the tap sent it.
            place: where it was read.

        Raises:
            InvalidRecordError: it can't be loaded, and is not to be set aside.
            LimitError: too many are invalid.
        """
        sink = self._own_sink
        if type(found) is ReadyContact:
            sink.take(found, raw, place)
        elif type(found) is Refusal:
            sink.refuse(found, raw, place)
        else:
            sink.counts.records_skipped += 1

    @property
    def _own_sink(self) -> W50Sink:
        if self.sink is None:
            raise AssertionError
        return self.sink

    @cached_property
    def _leaves_alone(self) -> bool:
        return self.changes_nothing and not self.adds_metadata
