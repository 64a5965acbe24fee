"""Generated schemas and records: what is valid arrives, what is not is set aside, and it adds up."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from target_w50.sandbox import Sandbox
from tests.effort import tries
from tests.endtoend import program
from tests.support import settings

FIELDS = ("Email", "A", "B", "C")
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(-1e6, 1e6).map(lambda each: round(each, 4))
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
LIMITS = st.integers(-100, 100)


def types() -> st.SearchStrategy[Any]:
    return st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=4, unique=True)


@st.composite
def property_schemas(draw: st.DrawFn) -> dict[str, Any]:
    """What taps write for a property, and some of what they might."""
    schema: dict[str, Any] = {}
    if draw(st.booleans()) or draw(st.booleans()):
        schema["type"] = draw(types())
    rules: dict[str, st.SearchStrategy[Any]] = {
        "maxLength": st.integers(0, 6),
        "minLength": st.integers(0, 3),
        "minimum": LIMITS | st.just(-(2**63)),
        "maximum": LIMITS | st.just(2**63 - 1),
        "format": st.sampled_from(["date-time", "date", "singer.decimal", "email"]),
        "items": st.just({}) | st.builds(lambda kind: {"type": kind}, types()),
        "properties": st.just({}) | st.builds(lambda kind: {"a": {"type": kind}}, types()),
        "additionalProperties": st.booleans() | st.builds(lambda kind: {"type": kind}, types()),
        "enum": st.lists(st.none() | st.booleans() | st.integers(-2, 2) | TEXT, min_size=1, max_size=4),
        "anyOf": st.lists(st.builds(lambda kind: {"type": kind}, types()), min_size=1, max_size=3),
        "description": TEXT,
    }
    for name in draw(st.lists(st.sampled_from(sorted(rules)), max_size=2, unique=True)):
        schema[name] = draw(rules[name])
    return schema


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, Any], list[str], list[dict[str, Any]]]:
    """A schema, its key properties and records, most of which have all properties."""
    names = ["a", "b", "c"]
    schema: dict[str, Any] = {
        "type": draw(st.sampled_from(["object", ["null", "object"]])),
        "properties": {
            "email": {"type": ["string", "null"]},
            **{name: draw(property_schemas()) for name in names},
        },
    }
    if draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(names), unique=True))
    if draw(st.booleans()):
        schema["additionalProperties"] = draw(st.booleans())
    if draw(st.booleans()):
        schema["$schema"] = draw(
            st.sampled_from(
                ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"]
            )
        )
    keys = draw(st.sampled_from([[], ["email"], ["a"], ["email", "b"]]))
    records = draw(
        st.lists(
            st.fixed_dictionaries(
                {"email": st.integers(1, 4).map(lambda number: f"n{number}@example.com") | st.none()},
                optional=dict.fromkeys([*names, "unknown"], VALUES),
            ),
            min_size=1,
            max_size=8,
        )
    )
    return schema, keys, records


def expected(
    schema: dict[str, Any], keys: list[str], records: list[dict[str, Any]]
) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """For each record why it is set aside, or None, and the contact that it makes."""
    judge = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema)
    for record in records:
        values = {name.title(): nested(value) for name, value in record.items() if name != "unknown"}
        if not judge.is_valid(record):
            yield "schema_invalid", values
        elif any(key not in record for key in keys):
            yield "missing_key_property", values
        elif record["email"] is None:
            yield "missing_match_value", values
        else:
            yield None, values


def nested(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return value


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lists=[program.contact_list(*FIELDS)], token="a-token") as each:
        yield each


@examples(
    max_examples=tries(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stream=streams(), rows=st.sampled_from([1, 3, 1000]), shuffled=st.booleans())
def test_what_is_valid_arrives_what_is_not_is_set_aside_and_the_counts_add_up(
    sandbox: Sandbox,
    stream: tuple[dict[str, Any], list[str], list[dict[str, Any]]],
    rows: int,
    shuffled: bool,
) -> None:
    schema, keys, records = stream
    order = ["record", "stream", "type"] if shuffled else ["type", "stream", "record"]
    members = {"type": "RECORD", "stream": "contacts"}
    messages = [
        {"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": keys},
        *({name: {**members, "record": record}[name] for name in order} for record in records),
        {"type": "STATE", "value": {"at": 1}},
    ]
    sandbox.reset()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        aside = folder / "aside.singer"
        config = settings(
            sandbox, on_invalid_record="quarantine", quarantine_path=str(aside), batch_size_rows=rows
        )
        ended = program.run(folder, config, messages)
        assert ended.status == 0, ended.stderr
        found = program.quarantined(aside)
    fates = [*expected(schema, keys, records)]
    # The same record waits there once.
    aside_once = {
        json.dumps(record): (why, record) for record, (why, _) in zip(records, fates, strict=True) if why
    }
    assert [(each["quarantine"]["reason"], each["record"]) for each in found] == [*aside_once.values()]
    contacts: dict[str, dict[str, Any]] = {}
    for why, values in fates:
        if why is None:
            contacts.setdefault(values["Email"], {}).update(values)
    arrived = program.contacts(sandbox)
    assert json.loads(json.dumps(arrived, default=float)) == [*contacts.values()]
    assert program.adds_up(ended)
    assert program.of_stream(ended)["records_read"] == len(records)
    assert ended.states[-1]["at"] == 1
