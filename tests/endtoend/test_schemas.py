"""Schemas as taps write them: each is judged by its own draft, and a broken one is named by its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.endtoend import program
from tests.support import Finished, entry, settings

FIELDS = ("Email", "Value")


def load(
    folder: Path, property_schema: Any, *values: Any, schema: dict[str, Any] | None = None
) -> tuple[Finished, list[Any], list[str]]:
    """Load a record for each value of a property; what arrived, and why the others did not."""
    whole = {"type": "object", "properties": {"email": {"type": "string"}, "value": property_schema}}
    messages = [
        {"type": "SCHEMA", "stream": "contacts", "schema": {**whole, **(schema or {})}, "key_properties": []},
        *(
            {
                "type": "RECORD",
                "stream": "contacts",
                "record": {"email": f"n{number}@example.com", "value": value},
            }
            for number, value in enumerate(values)
        ),
    ]
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as sandbox:
        aside = folder / "aside.singer"
        config = settings(
            sandbox,
            entry(),
            on_invalid_record="quarantine",
            quarantine_path=str(aside),
            max_rejected_percent=0,
        )
        ended = program.run(folder, config, messages)
        assert program.ends_in_words(ended), ended.stderr
        assert program.adds_up(ended)
        return ended, [each["Value"] for each in program.contacts(sandbox)], program.reasons(aside)


RECURSIVE = {
    "definitions": {
        "deep": {"type": ["null", "integer", "array"], "items": {"$ref": "#/definitions/deep"}},
    }
}


@pytest.mark.parametrize(
    ("property_schema", "good", "bad"),
    [
        (
            {
                "type": ["null", "number"],
                "exclusiveMaximum": True,
                "maximum": 10,
                "exclusiveMinimum": True,
                "minimum": 0,
            },
            [9.99, 0.01, None],
            [10, 0, "9"],
        ),
        ({"type": "number", "exclusiveMaximum": 10}, [9.99], [10]),
        ({"type": "number", "multipleOf": 0.01}, [0.07, 0.29, 1.1, 1e2], [0.071]),
        ({}, [1, "a", None, True, 1.5], []),
        ({"description": "of any type"}, [1, "a", None], []),
        ({"type": "null"}, [None], [1, ""]),
        ({"type": ["null", "number", "string"]}, [None, 1.5, "a", 2], [True]),
        ({"anyOf": [{"type": ["null", "integer"]}, {"type": "string"}]}, [1, None, "x"], [1.5]),
        ({"type": ["null", "string"], "format": "singer.decimal"}, ["1.50", None, "x"], [1]),
        ({"type": "string", "format": "date-time"}, ["2026-01-01", "2026-01-01 10:00:00", "no date"], [1]),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}, [2**63 - 1, -(2**63)], [2**63]),
        ({"type": "integer", "minimum": -(2**64), "maximum": 2**64}, [2**64, -(2**64)], [2**64 + 1]),
        ({"enum": ["a", "b", None]}, ["a", None], ["c"]),
        ({"type": "string", "pattern": "^a+$"}, ["aa"], ["b"]),
        ({"type": "integer"}, [1, 1.0], [1.5, "1", True]),
        ({"$ref": "#/definitions/positive"}, [1], [-1]),
        ({"type": "boolean"}, [True, False], ["true", 1]),
        ({"type": "string", "maxLength": 3}, ["abc", "äöü", "😀😀😀"], ["abcd"]),
    ],
)
def test_a_record_that_its_schema_takes_arrives_and_another_is_set_aside(
    tmp_path: Path, property_schema: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    definitions = {"definitions": {"positive": {"type": "integer", "minimum": 1}}}
    mixed = [*good, *bad]
    ended, arrived, reasons = load(tmp_path, property_schema, *mixed, schema=definitions)
    assert ended.status == 0, ended.stderr
    assert arrived == [Decimal(str(each)) if isinstance(each, float) else each for each in good]
    assert reasons == ["schema_invalid"] * len(bad)


def test_a_recursive_schema_is_followed(tmp_path: Path) -> None:
    ended, arrived, reasons = load(
        tmp_path, {"$ref": "#/definitions/deep"}, [1, [2, [3, None]]], [1, [2, ["x"]]], schema=RECURSIVE
    )
    assert ended.status == 0, ended.stderr
    assert arrived == ["[1,[2,[3,null]]]"]
    assert reasons == ["schema_invalid"]


@pytest.mark.parametrize(
    ("top", "good"),
    [
        ({"additionalProperties": False}, False),
        ({"additionalProperties": True}, True),
        ({"additionalProperties": {"type": "integer"}}, True),
        ({"additionalProperties": {"type": "string"}}, False),
    ],
)
def test_additional_properties_are_judged_as_the_schema_says(
    tmp_path: Path, top: dict[str, Any], good: bool
) -> None:
    schema = {"properties": {"email": {"type": "string"}}, **top}
    ended, arrived, reasons = load(tmp_path, {}, schema=schema)
    message = {"type": "RECORD", "stream": "contacts", "record": {"email": "a@example.com", "other": 1}}
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as sandbox:
        aside = tmp_path / "other.singer"
        config = settings(sandbox, entry(), on_invalid_record="quarantine", quarantine_path=str(aside))
        schema_message = {"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": []}
        ended = program.run(tmp_path, config, [schema_message, message])
        arrived = program.contacts(sandbox)
    assert ended.status == 0, ended.stderr
    assert len(arrived) == int(good)
    assert program.reasons(aside) == ([] if good else ["schema_invalid"])
    assert reasons == []


@pytest.mark.parametrize(
    "top",
    [
        {"type": ["null", "object"]},
        {"type": None},
        {"required": ["email", "value"]},
        {"$schema": "http://json-schema.org/draft-04/schema#"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema"},
        {"$schema": "https://example.com/a-schema-of-nobody"},
        {"$id": "https://example.com/contacts", "title": "Contacts", "description": "All of them"},
        {"selected": True, "inclusion": "available"},
    ],
)
def test_a_schema_may_say_more_or_less_at_its_top(tmp_path: Path, top: dict[str, Any]) -> None:
    properties = {"email": {"type": "string"}, "value": {"type": "string"}}
    schema = {"type": "object", "properties": properties, **top}
    if schema["type"] is None:
        del schema["type"]
    record = {"type": "RECORD", "stream": "contacts", "record": {"email": "a@example.com", "value": "x"}}
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as sandbox:
        message = {"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": ["email"]}
        ended = program.run(tmp_path, settings(sandbox), [message, record])
        assert ended.status == 0, ended.stderr
        assert program.contacts(sandbox) == [{"Email": "a@example.com", "Value": "x"}]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"email": {"type": "strin"}}}, "email"),
        ({"properties": {"email": {"type": "string"}, "value": {"maxLength": "three"}}}, "value"),
        ({"properties": {"email": {"$ref": "#/definitions/nowhere"}}}, "email"),
        ({"properties": {"email": {"$ref": "https://example.com/elsewhere.json"}}}, "email"),
        ({"properties": {"email": {"pattern": "("}}}, "email"),
        ({"properties": {"email": 3}}, "email"),
        ({"properties": {"email": {"type": "string"}}, "required": "email"}, "required"),
        ({"type": "object"}, "properties"),
        ({"properties": None}, "properties"),
        ({"properties": []}, "properties"),
    ],
)
def test_a_broken_schema_ends_the_run_by_stream_and_place(
    tmp_path: Path, schema: dict[str, Any], place: str
) -> None:
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as sandbox:
        message = {"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": []}
        record = {"type": "RECORD", "stream": "contacts", "record": {"email": "a@example.com"}}
        ended = program.run(tmp_path, settings(sandbox), [message, record])
        assert program.contacts(sandbox) == []
    assert (ended.status, ended.error_code) == (2, "schema_broken"), ended.stderr
    assert program.ends_in_words(ended), ended.stderr
    assert "contacts" in ended.last_line
    assert place in ended.last_line


def test_nothing_is_judged_when_the_settings_say_so(tmp_path: Path) -> None:
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as sandbox:
        schema = {"properties": {"email": {"type": "string"}, "value": {"type": "integer"}}}
        message = {"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": []}
        record = {"type": "RECORD", "stream": "contacts", "record": {"email": "a@example.com", "value": "x"}}
        ended = program.run(tmp_path, settings(sandbox, validate_records=False), [message, record])
        assert ended.status == 0, ended.stderr
        assert program.contacts(sandbox) == [{"Email": "a@example.com", "Value": "x"}]


@pytest.mark.parametrize(
    "odd",
    [{"format": None}, {"required": True}, {"pattern": "\\p{L}"}, {"$id": {}}],
)
def test_a_schema_that_jsonschema_refuses_can_be_loaded_without_validation(
    tmp_path: Path, odd: dict[str, Any]
) -> None:
    messages = [
        {
            "type": "SCHEMA",
            "stream": "contacts",
            "schema": {"properties": {"email": {"type": "string"}, "value": {"type": "string", **odd}}},
            "key_properties": [],
        },
        {"type": "RECORD", "stream": "contacts", "record": {"email": "n1@example.com", "value": "x"}},
    ]
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as sandbox:
        ended = program.run(tmp_path, settings(sandbox), messages)
        assert (ended.status, ended.error_code) == (2, "schema_broken")
        assert "set `validate_records` to false" in ended.last_line
        assert program.run(tmp_path, settings(sandbox, validate_records=False), messages).status == 0
