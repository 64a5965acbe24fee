"""Where the properties of a stream come from, where stream maps only rename and flattening only unfolds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk.mapper import StreamMap

from target_w50.contacts.steps import AS_THEY_ARE, NoStepsError, Origin
from target_w50.singer.flattening import Flattener
from target_w50.singer.stream_maps import changes_nothing, renames

_NESTED = frozenset(("object", "array"))


def origin_of(stream_map: StreamMap, schema: Mapping[str, Any]) -> Origin:
    """The origin of what a stream map, with flattening, makes of records.

    Args:
        stream_map: the map.
        schema: the stream's, as the tap sent it: the SDK changes the one that it is given.

    Raises:
        NoStepsError: it computes something, or leaves records out.
    """
    if changes_nothing(stream_map):
        return AS_THEY_ARE
    found = renames(stream_map, schema)
    if found is None:
        raise NoStepsError("a stream map computes something, or filters")
    if not stream_map.flattening_enabled:
        if not found.sources and not stream_map.transformed_key_properties:
            raise NoStepsError("a stream map may leave nothing of a record")
        known = schema.get("properties", {})
        passes = found.sources.keys() | found.removed | {*(stream_map.transformed_key_properties or ())}
        return Origin(
            {name: (source,) for name, source in found.sources.items()},
            needed=frozenset(found.sources.values()),
            ignored=found.removed if found.passes_others else found.removed.union(known).difference(passes),
        )
    if found.sources or found.removed or not found.passes_others:
        raise NoStepsError("a stream map changes its records before they are flattened")
    if stream_map.flattening_options is None:
        raise NoStepsError("nobody knows how it is flattened")
    flattener = Flattener(stream_map.transformed_schema, stream_map.flattening_options)
    paths: dict[str, tuple[str, ...]] = {}
    texts: set[str] = set()
    _unfold(flattener, schema, (), paths, texts)
    return Origin(paths, texts=frozenset(texts), is_flattened=True)


def _unfold(
    flattener: Flattener,
    schema: Mapping[str, Any],
    above: tuple[str, ...],
    paths: dict[str, tuple[str, ...]],
    texts: set[str],
) -> None:
    """Find the members of an object that become columns, and which of them as text."""
    for name, each in schema.get("properties", {}).items():
        column, path = flattener.column(above, name), (*above, name)
        if flattener.is_declared(column):
            paths[column] = path
            kinds = each.get("type") if isinstance(each, Mapping) else None
            if not kinds or not _NESTED.isdisjoint([kinds] if isinstance(kinds, str) else kinds):
                texts.add(column)
        elif isinstance(each, Mapping) and flattener.goes_deeper(above, column):
            _unfold(flattener, each, path, paths, texts)
