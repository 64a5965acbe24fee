"""Checks of many values at once say yes only where jsonschema would of each, and do so of what taps send."""

from __future__ import annotations

import json
import re
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_w50.errors import InputError
from target_w50.singer.messages import parse_json
from target_w50.validation.validator import RecordValidator
from target_w50.validation.work import Work
from tests.effort import tries
from tests.validation.test_compiler import DRAFTS, FLAT, SCHEMAS, VALUES, judged

FRACTIONS = re.compile(r'"(\d+\.\d+)"')
SELF = {"type": ["null", "string", "array"], "items": {"$ref": "#/definitions/self"}}
TAGS = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": ["null", "string"], "maxLength": 3}},
    "additionalProperties": False,
}


def passes(schema: Any, values: list[Any], kind: type, **more: Any) -> bool:
    """Whether all these values of one type pass at once; no step of the work may be taken for that."""
    rules = RecordValidator({"properties": {"p": schema}, **more}, "contacts").rules
    assert rules is not None
    rule = rules.properties["p"]
    with mock.patch.object(Work, "step", side_effect=AssertionError):
        return kind in rule.types and (kind not in rule.columns or rule.columns[kind](values))


COLUMNS = st.tuples(st.lists(VALUES, min_size=2, max_size=6), st.integers(1, 5)).map(
    lambda some: some[0] * some[1]
)
DEFINITIONS = st.fixed_dictionaries({"x": SCHEMAS, "y/y": FLAT, "self": st.just(SELF)})


@settings(max_examples=tries(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(SCHEMAS | FLAT, DEFINITIONS, DRAFTS, COLUMNS)
def test_what_passes_at_once_is_valid_one_by_one(
    schema: Any, definitions: Any, draft: str | None, values: list[Any]
) -> None:
    more = {"definitions": definitions, **({"$schema": draft} if draft else {})}
    for kind in {*map(type, values)} - {float}:
        column = [value for value in values if type(value) is kind]
        try:
            passed = passes(schema, column, kind, **more)
        except InputError as error:
            assert error.code == "schema_broken"  # noqa: PT017 - such as a circle
            return
        if passed:
            whole = {"properties": {"p": schema}, **more}
            assert all(judged(whole, {"p": value}) for value in column)


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 3}, ["a", "abc"], ["", "abcd"]),
        ({"type": "string", "minLength": 1}, ["a", "abcd"], [""]),
        ({"type": "string", "pattern": "^a", "maxLength": 3}, ["ab", "a" * 3], ["b", "a" * 4]),
        ({"type": "string", "pattern": "^a"}, ["ab", "a" * 1000], ["b" * 1000]),
        ({"enum": ["a", "b", 1]}, ["a", "b"], ["c"]),
        ({"enum": ["a", "b", 1]}, [1, 1], [2]),
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 5}, [1, 4, 2], [0, 5]),
        ({"type": "number", "multipleOf": 0.01, "maximum": 9}, ["1.50", "0.01", "9.0"], ["0.001", "9.01"]),
        ({"type": "array", "items": {"type": ["null", "string"]}}, [["a", None], [], ["b"]], [["a", 1]]),
        ({"type": "array", "items": TAGS, "maxItems": 2}, [[{"id": 1, "name": "a"}], []], [[{"id": "a"}]]),
        ({"type": "array", "items": {"type": "integer"}}, [[1], ["2.0"]], [["2.5"]]),
        ({"type": "array", "items": {"$ref": "#/definitions/self"}}, [["a"], [None]], [[1]]),
        (TAGS, [{"id": 1, "name": "a"}] * 5 + [{"id": "2.0", "name": None}], [{"id": 1, "more": 1}]),
        (TAGS, [{"id": 1}] * 4 + [{"name": "b"}] * 4, [{"id": 1, "name": "abcd"}]),
        ({**TAGS, "required": ["id"]}, [{"id": 1}], [{"name": "a"}, {}]),
        ({**TAGS, "additionalProperties": {"type": "string"}}, [{"id": 1, "x": "a"}], [{"id": 1, "x": 1}]),
        ({**TAGS, "additionalProperties": True}, [{"id": 1, "x": 1}], [{"id": None, "x": 1}]),
        ({"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}, ["abc"], ["abcd"]),
        (
            {"anyOf": [{"type": "string", "maxLength": 3}, {"enum": ["long one"]}]},
            ["a", "long one"],
            ["long"],
        ),
        ({"allOf": [{"$ref": "#/definitions/y"}], "minLength": 1}, ["a"], ["", "abcd"]),
    ],
)
def test_what_taps_send_passes_at_once_and_what_is_wrong_does_not(
    schema: Any, good: list[Any], bad: list[Any]
) -> None:
    more = {"definitions": {"y": {"type": ["null", "string"], "maxLength": 3}, "self": SELF}}
    for values, is_good in ((good, True), *(([*good, each], False) for each in bad)):
        # Fractions stand as text in the examples.
        column = parse_json(FRACTIONS.sub(r"\1", json.dumps(values)).encode(), "here")
        kinds = {*map(type, column)}
        assert len(kinds) == 1
        assert passes(schema, column, kinds.pop(), **more) is is_good


def test_arrays_in_arrays_without_end_are_left_to_who_counts_the_work() -> None:
    schema = {"type": "array", "items": {"$ref": "#/definitions/self"}}
    assert passes(schema, [["a"]], list, definitions={"self": SELF})
    assert not passes(schema, [[["a"]]], list, definitions={"self": SELF})
