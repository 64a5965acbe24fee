"""The SDK's stream maps and flattening: what they make of a stream, and of one record of it."""

from __future__ import annotations

import ast
import copy
import datetime as dt
import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.mapper import (
    CustomStreamMap,
    PluginMapper,
    RemoveRecordTransform,
    SameRecordTransform,
    StreamMap,
)

from target_w50.errors import InputError, SettingsError
from target_w50.singer.flattening import Flattener, why_not_flattened

_NOT_THE_TAPS = frozenset(
    ("_", "record", "config", "self", "fake", "__stream_name__", "__original_stream_name__")
)
"""Names that mean something else in an expression than the tap's property."""
_DATES = frozenset((dt.datetime, dt.date, dt.time))


class StreamMaps:
    """What the settings' stream maps and flattening make of the tap's streams.

    Args:
        config: settings; `stream_maps`, `stream_map_config`, `faker_config` and `flattening_*` count.
        logger: the SDK's for the plugin.

    Attributes:
        mapper: the SDK's, which keeps the maps.

    Raises:
        SettingsError: the stream maps can't be used.
    """

    def __init__(self, config: Mapping[str, Any], logger: logging.Logger) -> None:
        # The SDK takes `__else__` out of the very object that it is given, and stumbles over nulls.
        given = copy.deepcopy({name: value for name, value in config.items() if value is not None})
        try:
            self.mapper = PluginMapper(plugin_config=given, logger=logger)
        except StreamMapConfigError as error:
            raise SettingsError(
                f"`stream_maps` can't be used ({type(error).__name__}): check its options."
            ) from error

    def of(self, stream: str, schema: Mapping[str, Any], keys: list[str]) -> list[StreamMap]:
        """The ways that the records of a stream of the tap go; one that removes them is among them.

        Raises:
            InputError: the schema can't be used.
            SettingsError: a stream map can't be used.
        """
        try:
            # The SDK's flattening writes into the schema.
            self.mapper.register_raw_stream_schema(stream, copy.deepcopy(dict(schema)), keys)
        except (StreamMapConfigError, MapExpressionError) as error:
            # Without the SDK's words: they show the expression, which may hold a salt.
            raise SettingsError(
                f"`stream_maps` can't be used for stream {stream!r} ({type(error).__name__}): check the "
                "expressions and options for it."
            ) from error
        except Exception as error:
            raise InputError(
                f"The schema of stream {stream!r} can't be mapped or flattened ({type(error).__name__}). "
                + (
                    self._why_not(schema, error)
                    or "Check it, and the settings of stream maps and flattening."
                ),
                code="schema_broken",
            ) from error
        stream_maps = self.mapper.stream_maps[stream]
        for each in stream_maps:
            if each.flattening_options is not None and each.flattening_enabled:
                # As the SDK's, but quicker. Held by tests/target/test_sdk_overrides.py.
                flattener = Flattener(each.transformed_schema, each.flattening_options)
                each.flatten_record = flattener.flatten  # type: ignore[method-assign]
        return stream_maps

    def _why_not(self, schema: Mapping[str, Any], error: Exception) -> str:
        if isinstance(error, RecursionError):
            return "It is nested too deeply: have the tap send another (catalog)."
        options = self.mapper.flattening_options
        return why_not_flattened(schema, options, error) if options is not None and options.enabled else ""


def removes(stream_map: StreamMap) -> bool:
    """Whether the map lets no record of its stream through."""
    return isinstance(stream_map, RemoveRecordTransform)


def computes(stream_map: StreamMap, name: str, record: Mapping[str, Any], mapped: Mapping[str, Any]) -> bool:
    """Whether the map, and not the tap, made what stands in a property after it.

    Args:
        stream_map: the map.
        name: the property, or the path to what is in it.
        record: as the tap sent it.
        mapped: the same after the map, flattened if that is asked for.
    """
    if not isinstance(stream_map, CustomStreamMap):
        return False
    if name not in mapped and name not in record:
        name = name.partition(".")[0]
    if name in record:
        return mapped.get(name) is not record[name]
    options = stream_map.flattening_options
    if options is None or not stream_map.flattening_enabled:
        return True
    return not any(name.startswith(f"{each}{options.separator}") for each in record)


def changes_nothing(stream_map: StreamMap) -> bool:
    """Whether records pass the map as they are."""
    return isinstance(stream_map, SameRecordTransform) and not stream_map.flattening_enabled


@dataclass(frozen=True)
class Renames:
    """What a stream map does that only gives properties other names.

    Attributes:
        sources: the tap's property of each property that the map names.
        removed: properties that it removes.
        passes_others: whether all others pass; else key properties alone.
    """

    sources: Mapping[str, str]
    removed: frozenset[str]
    passes_others: bool


def renames(stream_map: StreamMap, schema: Mapping[str, Any]) -> Renames | None:
    """What the map does, if it filters and computes nothing; None if it may."""
    if isinstance(stream_map, SameRecordTransform):
        return Renames({}, frozenset(), passes_others=True)
    if not isinstance(stream_map, CustomStreamMap):
        return None
    # The SDK tells nobody what it made of the settings, but here. Held by tests/target/test_sdk_overrides.py.
    known = inspect.getclosurevars(stream_map._transform_fn).nonlocals  # noqa: SLF001
    parsed, passes_others = known.get("stream_map_parsed"), known.get("include_by_default")
    filters = getattr(stream_map._filter_fn, "__name__", "") != "always_true"  # noqa: SLF001
    if filters or parsed is None or passes_others is None:
        return None
    sources: dict[str, str] = {}
    removed: set[str] = set()
    for name, _, expression in parsed:
        if expression is None:
            removed.add(name)
            continue
        value = getattr(expression, "value", None)
        if not isinstance(value, ast.Name) or value.id in _NOT_THE_TAPS:
            return None
        if value.id not in schema.get("properties", {}):
            return None
        sources[name] = value.id
    return Renames(sources, frozenset(removed), passes_others=passes_others)


def map_record(stream_map: StreamMap, record: dict[str, Any]) -> dict[str, Any] | None:
    """The record after the map and flattening; None if it is filtered out.

    Raises:
        Exception: an expression failed on it; whatever comes may hold values of the record.
    """
    mapped: dict[str, Any] | None = stream_map.transform(record.copy())
    if mapped is None or _DATES.isdisjoint(map(type, mapped.values())):
        return mapped
    # Expressions may give dates, and no schema knows them.
    return {name: value.isoformat() if type(value) in _DATES else value for name, value in mapped.items()}
