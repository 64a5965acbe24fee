"""The quick way against jsonschema, over a family of schemas and records."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_w50.errors import InputError
from target_w50.singer.messages import parse_json
from target_w50.validation.drafts import draft_of, exact_validator, tidied
from target_w50.validation.schema_check import LOCAL_REGISTRY
from target_w50.validation.validator import RecordValidator
from target_w50.validation.work import WORK
from tests.effort import tries

NAMES = st.sampled_from(["a", "b", "it's", "\ud800", "type"])
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "object", "array"])
_DIGITS = ("0.1", "1.0", "0.07", "1.5", "-0.0", "1E+400", "1E-400", "1E+999999999", "9007199254740992.9")
NUMBERS: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, -1, 2, 3, 255, 2**63, 2**64 + 1, 9007199254740993]
    + [Decimal(digits) for digits in (*_DIGITS, "1.0000000000000000000000000000001", "9" * 5000)]
)
TEXTS = st.sampled_from(["", "a", "ab", "\ud800", "\0", "\U0001f600", "a" * 256, "2024-01-01"])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS | st.sampled_from([0.1, 1.0, math.nan, math.inf]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=5)
SIZES = st.integers(0, 3) | st.just(255)
DRAFTS = st.sampled_from(
    [None, *(f"http://json-schema.org/draft{each}/schema#" for each in ("-04", "-06", "-07", "/2019-09"))]
)


def members(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Rules of any kind, known to the quick way or not; several of them in one schema."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=4),
            "minLength": SIZES,
            "maxLength": SIZES,
            "minimum": NUMBERS,
            "maximum": NUMBERS,
            "multipleOf": NUMBERS.filter(lambda number: number > 0),
            "enum": st.lists(SCALARS, min_size=1, max_size=3),
            "format": st.sampled_from(["date-time", "singer.decimal"]),
            "properties": st.dictionaries(NAMES, inner, max_size=4),
            "required": st.lists(NAMES, max_size=2),
            "additionalProperties": st.booleans() | inner,
            "items": inner | st.lists(inner, min_size=1, max_size=2),
            "minItems": SIZES,
            "maxItems": SIZES,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "$ref": st.sampled_from(["#/definitions/x", "#/definitions/y~1y"]),
            "pattern": st.just("^a"),
            "not": inner,
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "uniqueItems": st.booleans(),
        },
    ).map(lambda schema: dict(list(schema.items())[:4]))


FLAT = st.fixed_dictionaries(
    {}, optional={"type": st.lists(TYPES, min_size=1, max_size=3), "maxLength": SIZES}
)
SCHEMAS = st.recursive(FLAT | members(st.just({})), members, max_leaves=5)
RECORD_SCHEMAS = st.builds(
    lambda properties, others, x, y, draft, below: {
        "properties": properties,
        **others,
        **({"$schema": draft} if draft else {}),
        **({"maxProperties": 4, "properties": {**properties, "n": below}} if below else {}),
        "definitions": {"x": x, "y/y": y, "self": {"properties": {"a": {"$ref": "#/definitions/self"}}}},
    },
    st.dictionaries(NAMES, SCHEMAS | st.just({"$ref": "#/definitions/self"}), min_size=1, max_size=4),
    SCHEMAS.map(lambda schema: {key: schema[key] for key in schema if key not in ("properties", "$ref")}),
    SCHEMAS,
    FLAT,
    DRAFTS,
    st.none() | st.fixed_dictionaries({"maximum": NUMBERS, "exclusiveMaximum": st.booleans()}),
)

MANY = settings(max_examples=tries(120), deadline=None, suppress_health_check=list(HealthCheck))


def judged(schema: dict[str, Any], record: dict[str, Any]) -> bool | None:
    """What jsonschema alone says; None where it can't."""
    judge = exact_validator(draft_of(schema))(tidied(schema), registry=LOCAL_REGISTRY)
    WORK.begin(record)
    try:
        return judge.is_valid(record)
    except (RecursionError, ArithmeticError):
        return None


@MANY
@given(RECORD_SCHEMAS, st.lists(RECORDS, min_size=4, max_size=8))
def test_a_record_is_valid_just_where_jsonschema_says_so(
    schema: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    try:
        validator = RecordValidator(schema, "contacts")
    except InputError as error:
        assert error.code == "schema_broken"  # noqa: PT017 - such as a circle
        return
    for record in records:
        assert (validator.check(record) is None) == (judged(schema, record) is True)


PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, 1.0, 2.5, "", "a", "ab"])
PLAIN_RULES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "maxLength": st.integers(0, 2),
        "minimum": st.integers(-5, 5) | st.just(0.5),
        "exclusiveMaximum": st.integers(-5, 5) | st.just(2.5),
        "multipleOf": st.sampled_from([2, 0.5]),
        "enum": st.lists(PLAIN, min_size=1, max_size=3),
        "const": PLAIN,
    },
)  # fmt: skip


@MANY
@given(
    st.dictionaries(NAMES, PLAIN_RULES, min_size=1, max_size=4),
    st.dictionaries(NAMES, PLAIN, max_size=5),
    st.booleans(),
    st.sampled_from(["draft-06", "draft-07"]),
)
def test_decimals_are_judged_as_stock_jsonschema_judges_floats(
    properties: dict[str, Any], record: dict[str, Any], closed: bool, draft: str
) -> None:
    """Halves are exact as floats, so there is nothing that the mends for Decimals may change."""
    schema = {
        "$schema": f"http://json-schema.org/{draft}/schema#",
        "properties": properties,
        "additionalProperties": not closed,
    }
    parsed = parse_json(json.dumps(schema).encode(), "here")
    ours = RecordValidator(parsed, "contacts").check(parse_json(json.dumps(record).encode(), "here"))
    assert (ours is None) == jsonschema.validators.validator_for(schema)(schema).is_valid(record)


FLAT_SCHEMA = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer"},
        "email": {"type": ["null", "string"], "maxLength": 20},
        "score": {"type": ["null", "number"], "multipleOf": 0.01, "maximum": 100, "exclusiveMaximum": True},
        "plan": {"type": ["null", "string"], "enum": ["free", "pro", None]},
        "active": {"type": ["null", "boolean"]},
        "created_at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "address": {"type": ["null", "object"], "properties": {"city": {"type": "string"}}},
        "tags": {"type": ["null", "array"], "items": {"$ref": "#/definitions/tag"}},
    },
    "definitions": {"tag": {"type": "string", "maxLength": 5}},
}


@pytest.mark.parametrize(
    "record",
    [
        '{"id": 1}',
        '{"id": 1, "email": "a@example.com", "score": 99.99, "plan": "pro", "active": true}',
        '{"id": 1, "email": null, "score": null, "plan": null, "active": null, "tags": null}',
        '{"id": 1, "created_at": "2024-01-01", "address": {"city": "Oslo"}, "tags": ["a", "b"]}',
        '{"id": 18446744073709551616, "score": 7, "created_at": null, "address": {}, "tags": []}',
    ],
)
def test_ordinary_records_need_no_jsonschema(record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    validator = RecordValidator(parse_json(json.dumps(FLAT_SCHEMA).encode(), "here"), "contacts")
    monkeypatch.setattr(validator, "_judged", lambda _: pytest.fail("jsonschema was asked"))
    assert validator.check(parse_json(record.encode(), "here")) is None


def test_an_integral_decimal_is_an_integer_the_quick_way_too(monkeypatch: pytest.MonkeyPatch) -> None:
    validator = RecordValidator({"properties": {"id": {"type": "integer"}}}, "contacts")
    assert validator.check({"id": Decimal("1.5")}) is not None
    monkeypatch.setattr(validator, "_judged", lambda _: pytest.fail("jsonschema was asked"))
    assert validator.check({"id": Decimal("1.0")}) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"p": {"pattern": "^a", "type": "string"}}},
        {"properties": {"p": {"if": {"type": "integer"}, "then": {"minimum": 2}}}},
        {"$id": "https://a.example/c", "properties": {"p": {"$ref": "i"}},
         "$defs": {"i": {"$id": "i", "type": "string"}}},
        {"$defs": {"i": {"$anchor": "inner", "type": "string"}}, "properties": {"p": {"$ref": "#inner"}}},
        {"$schema": "http://json-schema.org/draft-03/schema#", "properties": {"p": {"type": "string"}}},
        {"propertyNames": {"maxLength": 1}, "properties": {"p": {"type": "string"}}},
        {"definitions": {"y": True}, "properties": {"p": {"$ref": "#/definitions/y", "type": "string"}}},
        {"unevaluatedProperties": False, "properties": {"p": {"type": "string"}}},
    ],
)  # fmt: skip
def test_what_the_quick_way_does_not_know_is_judged_all_the_same(schema: dict[str, Any]) -> None:
    validator = RecordValidator(schema, "contacts")
    assert validator.check({"p": "a"}) is None
    assert validator.check({"p": 1}) is not None


def test_floats_of_stream_maps_are_taken_as_they_are_written() -> None:
    """0.1 as a float is a little more than 0.1."""
    schema = '{"properties": {"p": {"maximum": 0.1}, "q": {"enum": [0.1]}, "r": {"exclusiveMinimum": 0.1}}}'
    validator = RecordValidator(parse_json(schema.encode(), "here"), "contacts")
    assert validator.check({"p": 0.1, "q": 0.1}) is None
    assert validator.check({"r": 0.1}) is not None
