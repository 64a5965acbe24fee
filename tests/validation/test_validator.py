from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from target_w50.errors import InputError
from target_w50.singer.messages import parse_json, parse_line
from target_w50.validation.validator import RecordValidator, Violation

TAPS = Path(__file__).parent.parent / "taps"
DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}


def validator(schema: Any) -> RecordValidator:
    """A validator of the schema as it comes from a tap, numbers parsed as they are there."""
    return RecordValidator(parse_json(json.dumps(schema).encode(), "here"), "contacts")


def of_property(schema: Any, **members: Any) -> RecordValidator:
    return validator({**members, "type": "object", "properties": {"p": schema}})


def check(judge: RecordValidator, text: str) -> Violation | None:
    return judge.check({"p": parse_json(text.encode(), "here")})


@pytest.mark.parametrize("path", sorted(TAPS.glob("*.singer")), ids=lambda path: path.stem)
def test_every_record_of_real_taps_is_valid(path: Path) -> None:
    validators: dict[str, RecordValidator] = {}
    records = 0
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        message = parse_line(line, number)
        assert message is not None
        if message["type"] == "SCHEMA":
            validators[message["stream"]] = RecordValidator(message["schema"], message["stream"])
        elif message["type"] == "RECORD":
            records += 1
            assert validators[message["stream"]].check(message["record"]) is None, number
    assert records > 100


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"type": "number", "exclusiveMaximum": True, "maximum": 100}, ["99.99", "-1e400"], ["100", "1e400"]),
        ({"type": "number", "exclusiveMaximum": 100}, ["99.99"], ["100", "100.0"]),
        (
            {"type": ["null", "number"], "multipleOf": 0.01},
            ["0.07", "1e400", "1E+999999999", "null"],
            ["0.075"],
        ),
        (
            {"type": "integer"},
            ["1", "1.0", "1e3", "18446744073709551616", "9" * 5000],
            ["1.5", "1e-3", "true"],
        ),
        ({"type": "number"}, ["1", "1.5", "1e400", "NaN"], ["true", '"1"']),
        (
            {"type": "integer", "minimum": -9223372036854775808},
            ["-9223372036854775808"],
            ["-9223372036854775809"],
        ),
        (
            {"type": "integer", "maximum": 18446744073709551616},
            ["18446744073709551616"],
            ["18446744073709551617"],
        ),
        ({"type": "number", "minimum": 0}, ["0", "0.0", "1e-400", "NaN", "Infinity"], ["-0.1", "-Infinity"]),
        ({"enum": [1.5, 2, "a", None]}, ["1.5", "1.50", "2.0", '"a"', "null"], ["1.51", '"b"', "NaN"]),
        ({"const": 0.1}, ["0.1", "1e-1"], ["0.2"]),
        ({"type": "array", "uniqueItems": True}, ["[1, 1.5, 2.5]", "[1, true]"], ["[1, 1.0]", "[0.10, 0.1]"]),
        ({"type": "string", "format": "date-time"}, ['"2024-01-01"', '"yesterday"'], ["1"]),
        ({"type": "string", "format": "singer.decimal"}, ['"1.0"', '"no"'], ["1.0"]),
        ({}, ["1", "null", '{"a": []}'], []),
        ({"description": "no type"}, ["1", "null"], []),
        ({"type": "null"}, ["null"], ["0"]),
        ({"type": ["null", "number", "string"]}, ["null", "1.5", '"a"'], ["true"]),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, ["null", '"a"'], ["1"]),
        ({"type": "string", "pattern": "^[A-Z]+$"}, ['"AB"'], ['"ab"']),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, ['{"a": 1}'], ['{"a": "1"}']),
        (
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            ['{"a": 1}'],
            ['{"b": 1}'],
        ),
        ({"type": "object", "required": []}, ["{}"], []),
        ({"type": ["string", "null", "null"]}, ["null"], ["1"]),
    ],
)
def test_what_taps_write_in_schemas_means_what_it_says(
    schema: Any, valid: list[str], invalid: list[str]
) -> None:
    judge = of_property(schema)
    assert [text for text in valid if check(judge, text) is not None] == []
    assert [text for text in invalid if check(judge, text) is None] == []


def test_a_recursive_schema_is_followed_as_deep_as_the_record_goes() -> None:
    tree = {
        "type": ["null", "object"],
        "properties": {"child": {"$ref": "#/definitions/tree"}, "n": {"type": "integer"}},
    }
    judge = validator(
        {**DRAFT_4, "properties": {"p": {"$ref": "#/definitions/tree"}}, "definitions": {"tree": tree}}
    )
    assert check(judge, '{"child": {"child": {"n": 1, "child": null}}}') is None
    problem = check(judge, '{"child": {"child": {"n": "secret"}}}')
    assert problem is not None
    assert problem.property == "p.child.child.n"


def test_a_record_nested_deeper_than_can_be_judged_is_invalid() -> None:
    judge = validator(
        {"properties": {"p": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}
    )
    problem = check(judge, "[" * 600 + "]" * 600)
    assert problem is not None
    assert problem.rule == "depth"


def test_a_boolean_bound_makes_it_draft_4_whatever_the_schema_says() -> None:
    judge = of_property({"type": "integer", "maximum": 10, "exclusiveMaximum": True}, **DRAFT_7)
    assert check(judge, "9") is None
    assert check(judge, "10") is not None
    assert check(judge, "9.0") is not None  # not an integer in draft 4
    assert check(judge, "-" + "9" * 5000) is None


def test_items_as_a_list_make_it_a_draft_that_has_them() -> None:
    judge = of_property({"type": "array", "items": [{"type": "string"}, {"type": "integer"}]})
    assert check(judge, '["a", 1]') is None
    assert check(judge, '["a", "b"]') is not None


def test_a_boolean_bound_is_found_however_deep_it_is() -> None:
    bounded = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
    for schema in (
        {"anyOf": [{"type": "null"}, bounded]},
        {"$ref": "#/definitions/b"},
    ):
        judge = of_property(schema, definitions={"b": bounded})
        assert check(judge, "0.1") is None
        assert check(judge, "0.0") is not None


def test_a_property_may_be_named_like_a_keyword() -> None:
    names = ("exclusiveMaximum", "enum", "$ref", "id", "$id", "type", "$schema", "properties", "const")
    judge = validator({"type": "object", "properties": {name: {"type": "integer"} for name in names}})
    assert judge.check(dict.fromkeys(names, 1)) is None
    for name in names:
        problem = judge.check({name: "secret"})
        assert problem is not None
        assert problem.property == name


@pytest.mark.parametrize(
    "declared",
    [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-04/schema",
        "https://json-schema.org/draft-04/schema#",
        "https://json-schema.org/draft-04/schema/",
    ],
)
def test_the_draft_is_the_one_that_the_schema_declares(declared: str) -> None:
    assert check(of_property({"type": "integer"}, **{"$schema": declared}), "1.0") is not None


@pytest.mark.parametrize(
    "declared", ["https://schemas.example/contact#", "http://json-schema.org/draft-99/schema", 7]
)
def test_an_unknown_draft_is_judged_by_the_default_one_and_not_fetched(declared: Any) -> None:
    if declared == 7:
        with pytest.raises(InputError):
            of_property({"type": "integer"}, **{"$schema": declared})
        return
    assert check(of_property({"type": "integer"}, **{"$schema": declared}), "1.0") is None


def test_a_schema_declared_within_does_not_lead_to_other_rules() -> None:
    """Jsonschema goes over to its stock validator of a `$schema` it meets, which knows no Decimals."""
    judge = of_property({**DRAFT_7, "type": "number", "multipleOf": 0.01}, **DRAFT_7)
    assert check(judge, "0.07") is None
    nested = validator({**DRAFT_7, "properties": {"p": {"type": "number"}, "again": {"$ref": "#"}}})
    assert nested.check({"again": {"again": {"p": Decimal("0.5")}}}) is None


@pytest.mark.parametrize(
    ("schema", "record", "name", "rule", "message"),
    [
        ({"properties": {"age": {"type": ["integer", "null"]}}}, {"age": "secret"}, "age", "type",
         "'age' should be of type integer or null"),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "a", "type", "'a' should be of type string"),
        ({"required": ["id", "email"]}, {"id": 1}, "email", "required", "'email' is required and missing"),
        ({"properties": {"a": {"maxLength": 3}}}, {"a": "secret"}, "a", "maxLength",
         "'a' should be at most 3 characters long"),
        ({"properties": {"a": {"maximum": 0.5}}}, {"a": 1}, "a", "maximum", "'a' should be at most 0.5"),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": "secret"}, "a", "enum",
         "'a' should be one of the values that the schema lists"),
        ({"properties": {"a": {"items": {"properties": {"b": {"type": "null"}}}}}},
         {"a": [{}, {"b": "secret"}]}, "a.1.b", "type", "'a.1.b' should be of type null"),
        ({"properties": {"a": {"required": ["b"]}}}, {"a": {"secret": 1}}, "a.b", "required",
         "'a.b' is required and missing"),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1, "extra": "secret"}, "extra",
         "additionalProperties", "'extra' is not allowed by the schema"),
        ({"additionalProperties": False}, {"secret@example.com": 1}, None, "additionalProperties",
         "the record has a property that the schema does not allow"),
        ({"properties": {"a": {"additionalProperties": {"type": "null"}}}}, {"a": {"secret": 1}}, "a.*",
         "type", "'a.*' should be of type null"),
        ({"properties": {"a": False}}, {"a": "secret"}, None, "false",
         "the record has what the schema does not allow at all"),
        ({"properties": {"a": {"contains": {"type": "null"}}}}, {"a": ["secret"]}, "a", "contains",
         "'a' is against the schema's rule 'contains'"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": "secret"}, None, "dependentRequired",
         "the record is against the schema's rule 'dependentRequired'"),
        ({"$schema": "http://json-schema.org/draft-03/schema#", "properties": {"a": {"required": True}}}, {},
         "a", "required", "'a' is against the schema's rule 'required'"),
    ],
)  # fmt: skip
def test_a_problem_names_property_and_rule_and_no_value(
    schema: Any, record: dict[str, Any], name: str | None, rule: str, message: str
) -> None:
    assert validator(schema).check(record) == Violation(name, rule, message)


def test_nothing_is_judged_when_validation_is_off() -> None:
    assert RecordValidator({"type": "strng"}, "contacts", enabled=False).check({"a": 1}) is None


def test_a_long_array_of_objects_is_searched_for_twins_in_one_go() -> None:
    """Each compared with each would be five million comparisons."""
    judge = of_property({"type": "array", "uniqueItems": True})
    different: list[dict[str, Any]] = [{"n": number, "in": [number, {"a": None}]} for number in range(3_000)]
    assert judge.check({"p": different}) is None
    twin = judge.check({"p": [*different, {"in": [Decimal("7.0"), {"a": None}], "n": 7}]})
    assert twin is not None
    assert twin.rule == "uniqueItems"


def test_numbers_that_cannot_be_compared_are_no_crash() -> None:
    judge = of_property({"type": "array", "uniqueItems": True})
    assert judge.check({"p": [math.nan, Decimal("0.1"), Decimal("0.2")]}) in (
        None,
        Violation(None, "number", "the record has a number that can't be compared with others"),
    )


PLAIN = {
    "type": "object",
    "properties": {
        "a": {"maxLength": 2, "type": ["null", "string"]},
        "b": {"type": "integer", "minimum": 0, "maximum": 9},
        "c": {"type": ["string", "integer"], "minimum": 3, "minLength": 2},
        "d": {"type": "object", "properties": {"x": {"type": "string"}}},
        "": {"type": "string"},
    },
}


@pytest.mark.parametrize("more", [{"required": ["a"]}, {"additionalProperties": False}, {}], ids=str)
def test_the_first_fault_is_named_as_jsonschema_would_however_plain_it_is(
    more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    values: tuple[Any, ...] = (
        None,
        "abc",
        "",
        1,
        -1,
        10,
        True,
        Decimal("1.0"),
        Decimal("1.5"),
        {"x": 1},
        [],
        float("nan"),
    )
    records = [{one: value, other: "a"} for one in "abcd" for other in ("d", "b", "z") for value in values]
    records += [{"": 1}, {"b": "x", "a": 5}, {"z": 1, "b": -1}]
    orders = [{**more, **PLAIN}, {**PLAIN, **more}]
    judges = [RecordValidator(each, "contacts") for each in orders]
    plain = [[judge.check(each) for each in records] for judge in judges]
    monkeypatch.setattr("target_w50.validation.validator.plain_fault", lambda *_: None)
    assert plain == [[judge.check(each) for each in records] for judge in judges]
