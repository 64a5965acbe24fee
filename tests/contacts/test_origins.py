"""Where properties come from, where stream maps only rename and flattening only unfolds."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from target_w50.contacts.origins import origin_of
from target_w50.contacts.steps import AS_THEY_ARE, NoStepsError, Origin
from target_w50.singer.stream_maps import StreamMaps

TEXT = {"type": ["null", "string"]}
PLACE = {
    "type": "object",
    "properties": {"city": TEXT, "geo": {"type": "object", "properties": {"lat": TEXT}}},
}
SCHEMA = {"properties": {"id": {"type": "integer"}, "a": TEXT, "b": TEXT}}
FLAT = {"flattening_enabled": True, "flattening_max_depth": 1}


def origin(schema: dict[str, Any], **config: Any) -> Origin:
    (stream_map,) = StreamMaps(config, logging.getLogger("no")).of("contacts", schema, ["id"])
    return origin_of(stream_map, schema)


def test_without_stream_maps_properties_are_as_they_are() -> None:
    assert origin(SCHEMA) is AS_THEY_ARE


def test_a_map_that_renames_is_seen_for_what_it_is() -> None:
    """The SDK tells it in private places alone: this fails where they have moved."""
    found = origin(SCHEMA, stream_maps={"contacts": {"x": "a", "a": "__NULL__"}})
    assert found == Origin({"x": ("a",)}, needed=frozenset("a"), ignored=frozenset("a"))
    found = origin(SCHEMA, stream_maps={"contacts": {"id": "id", "x": "a", "__else__": "__NULL__"}})
    paths = {"id": ("id",), "x": ("a",)}
    assert found == Origin(paths, needed=frozenset(("id", "a")), ignored=frozenset("ab"))


@pytest.mark.parametrize(
    "stream_map",
    [
        {"x": "a + b"},
        {"x": "a", "__filter__": "a == b"},
        {"x": "self"},
        {"x": "record"},
        {"x": "'a'"},
        {"x": "z"},
    ],
    ids=str,
)
def test_a_map_that_computes_or_filters_sends_its_stream_the_general_way(stream_map: dict[str, str]) -> None:
    with pytest.raises(NoStepsError, match="computes something, or filters"):
        origin(SCHEMA, stream_maps={"contacts": stream_map})


def test_flattened_objects_are_followed_to_their_members() -> None:
    schema = {"properties": {"id": {"type": "integer"}, "place": PLACE, "tags": {"type": "array"}}}
    found = origin(schema, **FLAT)
    paths = {
        "id": ("id",),
        "place__city": ("place", "city"),
        "place__geo": ("place", "geo"),
        "tags": ("tags",),
    }
    assert found == Origin(paths, texts=frozenset(("place__geo", "tags")), is_flattened=True)


def test_a_map_before_flattening_sends_its_stream_the_general_way() -> None:
    with pytest.raises(NoStepsError, match="before they are flattened"):
        origin(SCHEMA, stream_maps={"contacts": {"x": "a"}}, **FLAT)
