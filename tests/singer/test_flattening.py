"""Records are flattened just as the SDK flattens them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key, flatten_record, flatten_schema

from target_w50.singer.flattening import (
    MOST_NAMES,
    ColumnTwiceError,
    Flattener,
    UnwritableColumnError,
    why_not_flattened,
)
from target_w50.singer.nested_json import compact_json

NAMES = ("id", "a", "b__a", "a__b", "type", "properties", "aVeryLongName" * 8, "é")
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=5)
OBJECT_SCHEMAS = st.recursive(
    st.sampled_from(({"type": ["null", "string"]}, {"type": "object"}, {})),
    lambda inner: st.fixed_dictionaries(
        {
            "type": st.sampled_from(("object", ["null", "object"])),
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=3),
        }
    ),
    max_leaves=6,
)
SCHEMAS = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.dictionaries(st.sampled_from(NAMES), OBJECT_SCHEMAS, min_size=1),
    }
)
OPTIONS = st.builds(
    FlatteningOptions,
    enabled=st.just(True),
    max_level=st.integers(1, 3),
    separator=st.sampled_from(("__", "_", ".")),
    max_key_length=st.sampled_from((20, 255)),
)


def as_read(columns: dict[str, Any]) -> list[tuple[str, Any]]:
    """The columns in their order, with what is nested in them read again: the SDK writes it with escapes."""
    return [(name, _read(value)) for name, value in columns.items()]


def _read(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
    except ValueError:
        return value


@pytest.mark.parametrize("value", [["é"], [None, 1], [Decimal("1.10")], [2**70], {"b": [Decimal("1E-7")]}])
def test_what_stays_nested_is_written_as_without_flattening(value: Any) -> None:
    options = FlatteningOptions(enabled=True, max_level=0)
    assert Flattener({"properties": {}}, options).flatten({"a": value}) == {"a": compact_json(value)}


def test_what_json_cant_hold_is_refused_by_its_column() -> None:
    options = FlatteningOptions(enabled=True, max_level=1)
    with pytest.raises(UnwritableColumnError) as caught:
        Flattener({"properties": {}}, options).flatten({"a": {"b": [float("nan")]}})
    assert caught.value.column == "a__b"


def limits_of(options: FlatteningOptions) -> dict[str, Any]:
    return {
        "max_level": options.max_level,
        "separator": options.separator,
        "max_key_length": options.max_key_length,
    }


def columns_of(record: dict[str, Any], declared: set[str], options: FlatteningOptions) -> list[str]:
    """The names of the columns that the SDK makes of a record, each as often as it is made."""
    names = []

    def walk(node: dict[str, Any], path: list[str]) -> None:
        for name, value in node.items():
            column = flatten_key(name, path, options.separator, max_key_length=options.max_key_length)
            if isinstance(value, dict) and column not in declared and len(path) < options.max_level:
                walk(value, [*path, name])
            else:
                names.append(column)

    walk(record, [])
    return names


@given(SCHEMAS, OPTIONS, st.lists(RECORDS, max_size=4))
def test_columns_are_those_of_the_sdk_in_their_order(
    schema: dict[str, Any], options: FlatteningOptions, records: list[dict[str, Any]]
) -> None:
    try:
        flattened_schema = flatten_schema(schema, **limits_of(options))
    except ValueError:
        assume(False)  # the next test's affair
    flattener = Flattener(flattened_schema, options)
    for record in records:
        made = columns_of(record, set(flattened_schema["properties"]), options)
        if any(made.count(column) > 1 for column in flattened_schema["properties"]):
            with pytest.raises(ColumnTwiceError):
                flattener.flatten(record)
        else:
            expected = flatten_record(record, flattened_schema, **limits_of(options))
            assert as_read(flattener.flatten(record)) == as_read(expected)


@given(SCHEMAS, OPTIONS)
def test_where_the_sdk_refuses_columns_that_collide_they_are_named_with_their_properties(
    schema: dict[str, Any], options: FlatteningOptions
) -> None:
    try:
        flatten_schema(schema, **limits_of(options))
    except ValueError as error:
        column = str(error).removeprefix("Duplicate column name produced in schema: ")
        words = why_not_flattened(schema, options, error)
        assert words.startswith(f"Column {column!r} would be made of more than one property: ")
        assert "stream_maps" not in words


@pytest.mark.parametrize("broken", [True, {"enum": ["a"]}, {"anyOf": [{"$ref": "#"}]}, {"type": 3}])
def test_a_property_that_the_sdk_stumbles_over_is_named_with_where_it_lies(broken: Any) -> None:
    options = FlatteningOptions(enabled=True, max_level=2)
    fine = {"type": "string"}
    nested = {"type": "object", "properties": {"fine": fine, "broken": broken}}
    schema = {"properties": {"email": fine, "address": nested}}
    with pytest.raises((TypeError, KeyError)) as raised:
        flatten_schema(schema, **limits_of(options))
    assert "over 'address' > 'broken':" in why_not_flattened(schema, options, raised.value)


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": []}])
def test_a_schema_without_a_property_to_blame_is_met_with_silence(schema: dict[str, Any]) -> None:
    options = FlatteningOptions(enabled=True, max_level=2)
    assert why_not_flattened(schema, options, TypeError("x")) == ""


def test_an_object_that_is_used_as_a_map_takes_bounded_memory() -> None:
    flattener = Flattener({"properties": {"id": {}}}, FlatteningOptions(enabled=True, max_level=3))
    record = {"of": {f"key {number}": {"at": number} for number in range(MOST_NAMES)}}
    assert len(flattener.flatten(record)) == MOST_NAMES
    assert _names_of(flattener._top) == MOST_NAMES


def _names_of(place: Any) -> int:
    return len(place._names) + sum(_names_of(each) for each in place._objects.values() if each is not None)
