"""Streams through their stream maps into sinks, decided with each SCHEMA."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from typing import Any

from singer_sdk.mapper import StreamMap

from target_w50.contacts.contact_lists import ListDirectory
from target_w50.contacts.fast_path import short_way
from target_w50.contacts.field_owners import FieldOwners
from target_w50.contacts.mapping import StreamMapping, map_stream
from target_w50.contacts.names import nearest
from target_w50.contacts.origins import origin_of
from target_w50.contacts.steps import NoStepsError
from target_w50.errors import InputError, MappingError
from target_w50.settings.model import FieldNaming, ImportMode, Settings, UnlistedStreams, entry_for
from target_w50.singer.stream_maps import StreamMaps, removes
from target_w50.target.route import Route
from target_w50.target.short_ways import StreamWay
from target_w50.target.sinks import W50Sink
from target_w50.w50 import WireFormat

log = logging.getLogger("target-w50")

SinkFactory = Callable[[str, dict[str, Any], Any], W50Sink]


class Routes:
    """Keeps the routes of the streams that sent a SCHEMA.

    Args:
        stream_maps: what becomes of the streams before they get here.
        new_sink: makes a sink for a stream and schema, and registers it with the SDK.
    """

    def __init__(self, settings: Settings, stream_maps: StreamMaps, new_sink: SinkFactory) -> None:
        self._settings = settings
        self._stream_maps = stream_maps
        self._new_sink = new_sink
        self._routes: dict[str, list[Route]] = {}
        self._registered: dict[str, tuple[Any, Any]] = {}
        self._short: dict[str, StreamWay | str] = {}
        self._field_owners = FieldOwners()
        self._told: set[str] = set()

    def of(self, stream: str) -> list[Route] | None:
        """The routes of a stream of the tap; None before its SCHEMA."""
        return self._routes.get(stream)

    def register(self, stream: str, schema: dict[str, Any], keys: list[str]) -> list[Route]:
        """The stream's routes from here on; the same SCHEMA again changes nothing.

        Raises:
            InputError: the schema can't be used.
            MappingError: it has no counterpart in W50.
            SettingsError: a stream map can't be used.
        """
        if self._registered.get(stream) != (schema, keys):
            # Whether a schema without properties matters depends on where the stream goes.
            given = schema if isinstance(schema.get("properties"), dict) else {**schema, "properties": {}}
            stream_maps = self._stream_maps.of(stream, given, keys)
            adds = self._settings.add_record_metadata
            self._routes[stream] = [Route(each, self._sink_for(each), adds) for each in stream_maps]
            self._registered[stream] = (schema, keys)
            self._short[stream] = self._short_way(stream, given, self._routes[stream])
        return self._routes[stream]

    def short_way(self, stream: str) -> StreamWay | None:
        """What takes the stream's records the short way, if they can go it."""
        found = self._short.get(stream)
        return found if isinstance(found, StreamWay) else None

    def why_general(self, stream: str) -> str | None:
        """Why none of the stream's records goes the short way; None where they can."""
        found = self._short.get(stream)
        return found if isinstance(found, str) else None

    def _short_way(self, stream: str, schema: Mapping[str, Any], routes: list[Route]) -> StreamWay | str:
        sink = routes[0].sink if len(routes) == 1 else None
        if sink is None:
            return "it goes several ways, or none"
        if self._settings.add_record_metadata:
            return "metadata columns are added"
        keys = tuple(sink.key_properties)
        try:
            origin = origin_of(routes[0].stream_map, schema)
            short = short_way(stream, sink.rules, sink.mapping, keys, self._settings, sink.wire, origin)
        except NoStepsError as error:
            return str(error)
        return StreamWay(stream, short, routes[0], sink)

    def _sink_for(self, stream_map: StreamMap) -> W50Sink | None:
        stream = stream_map.stream_alias
        if removes(stream_map):
            return None
        if entry_for(self._settings.streams, stream) is None:
            self._unlisted(stream)
            return None
        if not stream_map.transformed_schema.get("properties"):
            raise InputError(
                f"The schema of stream {stream!r} has no `properties`, so there is nothing to load. Have the "
                "tap discover the stream with the properties of its records, compute some with "
                "`stream_maps`, or deselect the stream.",
                code="schema_broken",
            )
        return self._new_sink(
            stream, copy.deepcopy(stream_map.transformed_schema), stream_map.transformed_key_properties
        )

    def _unlisted(self, stream: str) -> None:
        if self._settings.unlisted_streams is UnlistedStreams.FAIL:
            listed = [entry.stream for entry in self._settings.streams]
            raise MappingError(
                f"No entry of `streams` fits stream {stream!r}{nearest(stream, listed)}; there are entries "
                f"for {', '.join(map(repr, listed))}. Add one, deselect the stream in the tap, or set "
                "`unlisted_streams` to ignore.",
                code="stream_unlisted",
            )
        self.tell_once(f"No entry of `streams` fits stream {stream!r}; it is ignored", stream)

    def map_stream(
        self, stream: str, schema: Mapping[str, Any], directory: ListDirectory, wire: WireFormat
    ) -> StreamMapping:
        """Decide list and FieldNames of a stream, and say what is ignored.

        Raises:
            MappingError: naming the stream and the nearest that exists.
        """
        entry = entry_for(self._settings.streams, stream)
        if entry is None:
            raise AssertionError
        loads = self._settings.import_mode is not ImportMode.CREATE_ONLY
        mapping = map_stream(stream, schema, entry, directory, loads=loads)
        mixed = self._field_owners.claim(mapping) if loads else None
        if mixed is not None:
            self.tell_once(mixed, stream)
        for name in mapping.field_names:
            problem = wire.text_problem(name)
            if problem is not None:
                raise MappingError(
                    f"Stream {stream!r}: FieldName {name!a} {problem}, so it can't be sent as "
                    f"{wire.media_type}.",
                    code="field_unsendable",
                )
        ignored = [
            f"{each.name!r}" + (f" (nearest field: {each.nearest!r})" if each.nearest else "")
            for each in mapping.ignored
            if each.is_unmapped
        ]
        if ignored:
            lacks = "`fields` does not name" if entry.field_naming is FieldNaming.LISTED else "no field for"
            self.tell_once(f"Stream {stream!r}: {lacks} {', '.join(ignored)}; ignored", stream)
        if loads and entry.match_fields == () and entry.enc_contact_id is None:
            self.tell_once(
                f"Stream {stream!r}: match_fields is [], so W50 decides which contact is updated; records "
                "sent again may make duplicates",
                stream,
            )
        return mapping

    def tell_once(self, message: str, stream: str) -> None:
        """Warn of something about a stream, but only once a run."""
        if message not in self._told:
            self._told.add(message)
            log.warning(message, extra={"stream_name": stream})
