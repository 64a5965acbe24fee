"""Schemas that are short to write and endless to judge by: no record takes for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_w50.sandbox import Sandbox
from tests.support import (
    CONTACT_SCHEMA,
    entry,
    lines,
    load_here,
    record,
    run_target,
    schema,
    settings,
    state,
    stored,
)

LEVELS = 60
INTEGER = {"type": "integer"}


def doubled(name: str, rule: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Schemas `<name>0` to `<name>59`, each of which judges twice by the one before."""
    below = [{"$ref": f"#/$defs/{name}{level}"} for level in range(LEVELS - 1)]
    return {f"{name}0": INTEGER} | {f"{name}{n + 1}": rule(each) for n, each in enumerate(below)}


def nested(levels: int, value: Any) -> Any:
    return {"a": nested(levels - 1, value)} if levels else value


TREE = {"$ref": "#/$defs/tree"}
TREES: dict[str, Any] = {
    "tree": {
        "anyOf": [INTEGER, {"type": "array", "items": TREE}, {"type": "array", "items": {"anyOf": [TREE]}}]
    }
}
WAYS: dict[str, tuple[dict[str, Any], Any]] = {
    "any": (doubled("any", lambda each: {"anyOf": [each, each]}), "text"),
    "one": (doubled("one", lambda each: {"oneOf": [each, each]}), "text"),
    "all": (doubled("all", lambda each: {"allOf": [each, each]}), 1),
    "not": (doubled("not", lambda each: {"not": {"anyOf": [each, {"not": each}]}}), 1),
    "within": (
        doubled("within", lambda each: {"patternProperties": {"a": each, "^a": each}}),
        nested(LEVELS - 1, 1),
    ),
    "unknown": (
        doubled("unknown", lambda each: {"$ref": each["$ref"], "$dynamicRef": each["$ref"]})
        | {"unknown0": {"type": "object"}},
        {"b": 1},
    ),
    "tree": (TREES, json.loads("[" * LEVELS + '"text"' + "]" * LEVELS)),
}
"""Schemas of a way to double, and a value for which none of the ways is cut short."""


def property_of(way: str) -> dict[str, Any]:
    last = {"$ref": f"#/$defs/{way}{LEVELS - 1}"}
    return TREE if way == "tree" else {**last, "unevaluatedProperties": True} if way == "unknown" else last


def message() -> dict[str, Any]:
    """A SCHEMA with a property for each way."""
    head = schema(properties={**CONTACT_SCHEMA["properties"], **{way: property_of(way) for way in WAYS}})
    head["schema"]["$defs"] = {name: each for made, _ in WAYS.values() for name, each in made.items()}
    return head


def test_a_record_that_has_too_many_ways_to_be_judged_is_invalid(tmp_path: Path, sandbox: Sandbox) -> None:
    records = [record(number, **{way: WAYS[way][1]}) for number, way in enumerate(WAYS)]
    config = settings(
        sandbox, entry(), on_invalid_record="quarantine", quarantine_path=str(tmp_path / "q.jsonl")
    )
    ran = run_target(tmp_path, config, lines([message(), *records, record("good"), state("end")]))
    assert (ran.status, ran.bookmarks) == (0, ["end"]), ran.stderr
    assert list(stored(sandbox)) == ["ngood@example.com"]
    quarantined = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text().splitlines()]
    told = [each["quarantine"] for each in quarantined if each["type"] == "RECORD"]
    assert [each["reason"] for each in told] == ["schema_invalid"] * len(WAYS)
    assert all("took too long to be judged" in each["message"] for each in told), told


@pytest.mark.parametrize(
    "more",
    [
        {"flattening_enabled": True, "flattening_max_depth": 3},
        {"stream_maps": {"contacts": {"first_name": "email"}}},
        {"validate_records": False},
    ],
)
def test_whatever_else_looks_at_such_a_schema_comes_to_an_end(
    tmp_path: Path, sandbox: Sandbox, more: dict[str, Any]
) -> None:
    ran = load_here(tmp_path, settings(sandbox, **more), lines([message(), record(1), state("end")]))
    assert (ran.status, ran.bookmarks) == (0, ["end"]), ran.stderr


@pytest.mark.parametrize(
    ("definitions", "words"),
    [
        ({"a": {"$ref": "#/$defs/a"}}, "refers to itself in a circle"),
        ({"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "in a circle"),
        ({"a": json.loads('{"not": ' * 900 + "{}" + "}" * 900)}, "is nested too deeply"),
        ({"a": json.loads('{"not": ' * 150 + "{}" + "}" * 150)}, "is nested too deeply"),
    ],
)
def test_a_schema_that_no_record_can_be_judged_by_ends_the_run_with_words(
    tmp_path: Path, sandbox: Sandbox, definitions: dict[str, Any], words: str
) -> None:
    head = schema(properties={**CONTACT_SCHEMA["properties"], "a": {"$ref": "#/$defs/a"}})
    head["schema"]["$defs"] = definitions
    ran = load_here(tmp_path, settings(sandbox), lines([head, record(1), state("end")]))
    assert (ran.status, ran.error_code, ran.bookmarks) == (2, "schema_broken", [])
    assert words in ran.last_line
