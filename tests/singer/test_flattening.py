"""Records are flattened just as the SDK flattens them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.helpers._flattening import FlatteningOptions, flatten_record, flatten_schema

from target_w50.singer.flattening import MOST_NAMES, Flattener

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


@given(SCHEMAS, OPTIONS, st.lists(RECORDS, max_size=4))
def test_columns_are_those_of_the_sdk_in_their_order(
    schema: dict[str, Any], options: FlatteningOptions, records: list[dict[str, Any]]
) -> None:
    limits: dict[str, Any] = {
        "max_level": options.max_level,
        "separator": options.separator,
        "max_key_length": options.max_key_length,
    }
    flattened_schema = flatten_schema(schema, **limits)
    flattener = Flattener(flattened_schema, options)
    for record in records:
        expected = flatten_record(record, flattened_schema, **limits)
        assert list(flattener.flatten(record).items()) == list(expected.items())


def test_an_object_that_is_used_as_a_map_takes_bounded_memory() -> None:
    flattener = Flattener({"properties": {"id": {}}}, FlatteningOptions(enabled=True, max_level=3))
    record = {"of": {f"key {number}": {"at": number} for number in range(MOST_NAMES)}}
    assert len(flattener.flatten(record)) == MOST_NAMES
    assert _names_of(flattener._top) == MOST_NAMES


def _names_of(place: Any) -> int:
    return len(place._names) + sum(_names_of(each) for each in place._objects.values() if each is not None)
