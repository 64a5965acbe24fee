from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from target_w50.errors import InputError
from target_w50.singer.messages import parse_json
from target_w50.validation.validator import RecordValidator

DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}


def validator(schema: Any) -> RecordValidator:
    return RecordValidator(parse_json(json.dumps(schema).encode(), "here"), "contacts")


BROKEN: list[tuple[Any, str]] = [
    ({"properties": {"age": {"type": "strng"}}}, "$.properties.age.type"),
    ({"properties": []}, "$.properties"),
    ({"properties": {"a b": {"type": 7}}}, "$.properties['a b'].type"),
    ({"properties": {"p": {"multipleOf": 0}}}, "$.properties.p.multipleOf"),
    ({"properties": {"p": {"maxLength": -1}}}, "$.properties.p.maxLength"),
    ({"properties": {"p": {"maxLength": "10"}}}, "$.properties.p.maxLength"),
    ({"properties": {"p": {"$ref": "#/definitions/none"}}}, "$.properties.p.$ref"),
    ({"properties": {"p": {"$ref": 7}}, **DRAFT_4}, "$.properties.p.$ref"),
    ({"properties": {"p": {"$ref": "https://schemas.example/p.json"}}}, "$.properties.p.$ref"),
    (
        {"properties": {"p": {"$ref": "other.json#/p"}}, "$id": "https://schemas.example/"},
        "$.properties.p.$ref",
    ),
    ({"properties": {"p": {"$ref": "#/names"}}, "names": ["a"]}, "$.properties.p.$ref"),
    ({"properties": {"p": {"$ref": "#/odd"}}, "odd": {"type": "strng"}}, "$.properties.p.$ref.type"),
    ({"properties": {"p": {"pattern": "^["}}}, "$.properties.p.pattern"),
    ({"patternProperties": {"^[": {}}, **DRAFT_4}, "$.patternProperties['^[']"),
    ({"properties": {"p": {"pattern": "a{99999999999}"}}}, "$.properties.p.pattern"),
    ({"$ref": "#"}, "$"),
    ({"allOf": [{"$ref": "#"}]}, "$"),
    (
        {"properties": {"p": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"anyOf": [{}, {"$ref": "#/$defs/a"}]}}},
        "$.$defs.a",
    ),
    (
        {"$schema": "http://json-schema.org/draft-03/schema#", "properties": {"p": {"type": "x"}}},
        "$.properties.p.type",
    ),
    ({"properties": {"p": {"required": True}}}, "$.properties.p.required"),
    ({"type": []}, "$.type"),
]


@pytest.mark.parametrize(("schema", "place"), BROKEN)
def test_a_broken_schema_names_the_stream_and_the_place(
    schema: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    with pytest.raises(InputError) as caught:
        validator(schema)
    assert caught.value.code == "schema_broken"
    assert "'contacts'" in caught.value.message
    assert f" {place} " in caught.value.message


def test_a_schema_nested_too_deeply_is_broken_and_no_crash() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"items": schema}
    with pytest.raises(InputError, match="too deeply") as caught:
        RecordValidator(schema, "contacts")
    assert caught.value.code == "schema_broken"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"p": {"required": []}}, **DRAFT_4},
        {"properties": {"p": {"type": ["null", "string", "null"], "enum": ["a", "a"]}}},
        {"properties": {"p": {"maximum": 1e400, "minimum": -1e-400, "multipleOf": 1e-20}}},
        {"properties": {"p": {"$ref": "#/odd/deep"}}, "odd": {"deep": {"type": "string"}}},
        {"$id": "https://a.example/c.json", "properties": {"p": {"$ref": "#/$defs/a"}}, "$defs": {"a": {}}},
        {"$id": "https://a.example/c", "properties": {"p": {"$ref": "d"}}, "$defs": {"a": {"$id": "d"}}},
        {"properties": {"p": {"$dynamicRef": "#p"}}, "$defs": {"a": {"$dynamicAnchor": "p"}}},
        {"properties": {"p": {"format": "nobody-knows", "odd_keyword": [1]}}, "bookmark": True},
        {"type": "object"},
        {},
    ],
)  # fmt: skip
def test_a_schema_that_can_be_used_is_used(schema: Any) -> None:
    assert validator(schema).check({}) is None
