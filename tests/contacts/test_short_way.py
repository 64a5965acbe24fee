"""What goes the short way and how it is sent, and what is left to the general way: value by value."""

from __future__ import annotations

import json
import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from target_w50.contacts import columns
from target_w50.contacts.fast_path import ShortWay, short_way
from target_w50.contacts.mapping import DecidedBy, MappedProperty, StreamMapping
from target_w50.contacts.match_values import ENC_CONTACT_ID
from target_w50.contacts.steps import NoStepsError
from target_w50.settings.model import settings_from
from target_w50.validation.validator import RecordValidator
from target_w50.w50 import ContactsList, wire_format

BEGINNING = b'{"type":"RECORD","stream":"contacts","record"'
ID = {"type": "integer"}
DELETED = "_sdc_deleted_at"
GENERAL = None
"""It goes the general way."""


@dataclass
class Taken:
    """What one stream's short way made of lines; None: the stream has none.

    Attributes:
        sent: the values of each contact, as they are sent.
        identities: what tells them from others.
        matched: their match values beside EncContactId.
    """

    short: ShortWay | None
    sent: list[str] = field(default_factory=list)
    identities: list[Hashable] = field(default_factory=list)
    matched: list[Hashable] = field(default_factory=list)

    def __call__(self, *lines: bytes, bare: bool = False) -> int:
        """How many of the lines were taken."""
        assert self.short is not None
        made = self.short.make(list(lines), bare=bare)
        assert {row for row, each in enumerate(made.fragments) if each is None} <= {*made.doubtful}
        taken = [row for row in range(len(lines)) if row not in made.doubtful]
        for row in taken:
            fragment = (made.fragments[row] or b"").decode()
            assert fragment.startswith("{")
            self.sent.append(fragment.removeprefix('{"Values":').removesuffix("}"))
            self.identities.append(made.identities[row])
            if made.matched is not None:
                self.matched.append(made.matched[row])
        return len(taken)


def mapping(names: Sequence[str], entry: Mapping[str, Any], fields: Mapping[str, str]) -> StreamMapping:
    """Each property under its name in capitals, or as `fields` has it."""
    whole = {"stream": "*", "contact_list": "1", "match_fields": ["ID"], **entry}
    judged = settings_from({"auth_token": "t", "streams": [whole]}).streams[0]
    mapped = [MappedProperty(name, fields.get(name, name.upper()), DecidedBy.EXACT) for name in names]
    field_names = tuple(each.field_name for each in mapped)
    return StreamMapping("contacts", judged, ContactsList(1, "N", 0), tuple(mapped), (), field_names)


OF_SCHEMAS = {"required", "additionalProperties", "type", "definitions"}


def way(
    properties: Mapping[str, Any],
    *,
    mapped: Sequence[str] | None = None,
    keys: Sequence[str] = ("id",),
    entry: Mapping[str, Any] | None = None,
    fields: Mapping[str, str] | None = None,
    **more: Any,
) -> Taken:
    """The short way of a stream with an `id` and these properties; `more` is of schema or settings."""
    schema = {"properties": {"id": ID, **properties}}
    config: dict[str, Any] = {"auth_token": "t"}
    config["streams"] = [{"stream": "*", "contact_list": "1", "match_fields": []}]
    for name, value in more.items():
        (schema if name in {"required", "additionalProperties", "type", "definitions"} else config)[name] = (
            value
        )
    decided = mapping(["id", *properties] if mapped is None else mapped, entry or {}, fields or {})
    settings = settings_from(config)
    rules = RecordValidator(schema, "contacts", enabled=settings.validate_records).rules
    wire = wire_format("application/json")
    try:
        return Taken(short_way("contacts", rules, decided, tuple(keys), settings, wire))
    except NoStepsError:
        return Taken(None)


def line(record: str, more: str = "") -> bytes:
    return BEGINNING + f":{record}{more}}}".encode()


# Values.


def same(*values: str) -> dict[str, str | None]:
    """Values that are sent as the tap wrote them."""
    return {each: each for each in values}


def left(*values: str) -> dict[str, str | None]:
    """Values that are left to the general way."""
    return dict.fromkeys(values, GENERAL)


STRING, NUMBER = {"type": "string"}, {"type": "number"}
ANY_KIND = ("null", "boolean", "integer", "number", "string", "object", "array")
ANNOTATIONS = {"description": "D", "title": "V", "default": 3, "examples": [], "$comment": "", "format": "x"}
ESCAPED = {'"\\u0061"': '"a"'}
VALUES: list[tuple[Any, dict[str, str | None]]] = [
    (STRING, same('"a"', '""') | ESCAPED | left("null", "1", "true")),
    ({"type": ["null", "string"]}, same("null", '"é"') | left("1", "[]")),
    ({**STRING, "maxLength": 3}, same('"abc"', '""') | left('"abcd"')),
    ({**STRING, "minLength": 2}, same('"ab"', '"abcdef"') | left('"a"')),
    ({**STRING, "minLength": 1, "maxLength": 2}, same('"a"') | left('""', '"abc"')),
    ({"type": ["null", "string"], "maxLength": 1}, same("null") | left('"ab"')),
    (ID, same("1", "-7") | left("null", '"1"', "1.5", "true")),
    ({"type": ["integer", "null"]}, same("1", "null") | left('"a"')),
    ({**ID, "minimum": 0}, same("0", "99") | left("-1")),
    ({**ID, "maximum": 3}, same("3", "-99") | left("4")),
    ({**ID, "minimum": 1, "maximum": 3}, same("1", "3") | left("0", "4")),
    ({"type": "boolean"}, same("true", "false") | left("null", "1")),
    ({"type": ["boolean", "null"]}, same("true", "null") | left('"true"')),
    (NUMBER, same("1", "-1", "0", "1.50", "0.1", "-0.10", "-0.0", "0.00001", "0.000001", "1." + "0" * 40)),
    (NUMBER, left("null", '"1"', "[1]", "true") | same("9" * 32) | {"1e3": "1E+3", "-0": "0"}),
    ({"type": ["null", "number"]}, same("null", "1.50") | {"1E3": "1E+3"} | left("true")),
    ({"type": ["integer", "number"]}, same("1", "1.50") | left("null")),
    ({"type": ["number", "string"]}, same("1.50", "-1") | ESCAPED | left("null", "true", "{}", "[]")),
    ({"type": ["integer", "string"]}, same("1", '"1"') | left("1.0", "1e3", "false")),
    ({"type": ["integer", "boolean", "null"]}, same("1", "true", "false", "null") | left('"a"', "{}")),
    ({"type": ["null", "object"]}, {"null": "null", '{"x": 1.10}': '"{\\"x\\":1.10}"'}),
    ({"type": ["null", "object"]}, left("[1]", '"a"', "1", '{"x": NaN}')),
    ({"type": "array"}, {"[1, 2.50]": '"[1,2.50]"', **left("{}", "null", "true")}),
    (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["null", "string"]}]},
        same("null", '"a"'),
    ),
    ({"anyOf": [ID, {"type": "null"}]}, same("null", "1", "1.0") | left('"a"', "1.5")),
    ({"enum": ["a", 1, None]}, same('"a"', "1", "null", "1.0") | left('"b"', "2", "true")),
    ({**NUMBER, "multipleOf": 0.01}, same("1.50", "3", "0.01") | left("0.001", "null")),
    ({**NUMBER, "exclusiveMinimum": 0}, same("0.1") | left("0", "-1")),
    ({**STRING, "pattern": "^a"}, same('"ab"') | left('"b"', "1")),
    ({"$ref": "#/properties/id"}, same("1") | left('"a"', "null")),
    ({"type": "array", "items": STRING}, left("[1]") | {"[ ]": '"[]"', '["a", "b"]': '"[\\"a\\",\\"b\\"]"'}),
    (
        {"type": ["null", "object"], "properties": {"a": ID}, "additionalProperties": False},
        same("null") | {'{"a": 1}': '"{\\"a\\":1}"'} | left('{"a": "b"}', '{"b": 1}'),
    ),
    ({"type": "null"}, same("null") | left("1", '""')),
    ({}, same("1.50", '"a"', "null", "true") | {"[1]": '"[1]"', "{}": '"{}"'}),
    (ANNOTATIONS, same("1", "null")),
    (
        {"type": ["object", "array"], "additionalProperties": True, "items": {}, "properties": {}},
        {'{"a": "b"}': '"{\\"a\\":\\"b\\"}"', "[]": '"[]"'},
    ),
]
CASES = [
    pytest.param(schema, value, sent, id=f"{json.dumps(schema)} {value[:40]}")
    for schema, values in VALUES
    for value, sent in values.items()
]


@pytest.mark.parametrize(("schema", "value", "sent"), CASES)
def test_a_value_is_sent_as_the_general_way_would_or_left_to_it(
    schema: Any, value: str, sent: str | None
) -> None:
    taken = way({"v": schema})
    assert taken(line(f'{{"id":1,"v":{value}}}')) == (sent is not GENERAL)
    assert taken.sent == ([] if sent is GENERAL else [f'{{"ID":1,"V":{sent}}}'])


@pytest.mark.parametrize(("schema", "value", "sent"), CASES)
def test_where_nulls_are_omitted_all_else_is_sent_as_ever(schema: Any, value: str, sent: str | None) -> None:
    taken = way({"v": schema}, entry={"null_values": "omit"})
    assert taken(line(f'{{"id":1,"v":{value}}}')) == (sent is not GENERAL)
    rest = "" if sent == "null" else f',"V":{sent}'
    assert taken.sent == ([] if sent is GENERAL else [f'{{"ID":1{rest}}}'])


IGNORED = [
    ({"type": kind}, good, bad)
    for kind, good, bad in (
        ("null", ["null"], ["1", '""']),
        ("boolean", ["true"], ["null", "1", '"true"']),
        ("integer", ["1"], ["null", "1.5", '"1"']),
        ("number", ["1", "1.5", "1e3"], ["null", '"1"']),
        ("string", ['"a"'], ["null", "1"]),
        ("object", ["{}", '{"a": [1]}'], ["null", "[]"]),
        ("array", ["[]", "[1, {}]"], ["null", "{}", '"a"']),
        (["null", "number"], ["null", "1", "1.5"], ["true"]),
        (["array", "object", "integer"], ["[]", "{}", "1"], ["1.5", '"a"', "null"]),
        (list(ANY_KIND), ["null", "1", "1.5", '"a"', "{}", "[]", "true"], []),
    )
]


@pytest.mark.parametrize(("schema", "good", "bad"), IGNORED, ids=[str(each[0]["type"]) for each in IGNORED])
def test_a_property_that_is_not_sent_is_validated_all_the_same(
    schema: Any, good: list[str], bad: list[str]
) -> None:
    for value in (*good, *bad):
        taken = way({"v": schema}, mapped=["id"])
        assert taken(line(f'{{"id":1,"v":{value}}}')) == (value in good), value
        assert taken.sent == (['{"ID":1}'] if value in good else [])


RULED: list[tuple[Any, str, str]] = [
    (True, "[1]", "NaN"),
    ({**STRING, "maxLength": 3.0}, '"abc"', '"abcd"'),
    ({**STRING, "minimum": 3}, '"a"', "4"),
    ({**STRING, "maxLength": 3, "minLength": 1.0}, '"a"', '""'),
    ({**STRING, "pattern": "a"}, '"a"', '"b"'),
    ({**ID, "minimum": 0.5}, "1", "0"),
    ({**ID, "minimum": -(2**63), "maximum": 2**63 - 1}, str(2**63 - 1), str(2**63)),
    ({**ID, "maximum": 2**63}, str(2**63 - 1), str(2**63 + 1)),
    ({**ID, "multipleOf": 2}, "4", "3"),
    ({"type": "boolean", "const": True}, "true", "false"),
    ({"type": "object", "required": ["a"]}, '{"a": 1}', "{}"),
    ({"type": "object", "additionalProperties": STRING}, '{"a": "b"}', '{"a": 1}'),
    ({"type": "array", "items": False}, "[]", "[1]"),
    ({"not": {"type": "string"}}, "1", '"a"'),
    ({"x-sql-datatype": "VARCHAR", "type": "string", "title": "T"}, '"a"', "1"),
]


@pytest.mark.parametrize("mapped", [["id"], ["id", "v"]], ids=["not_sent", "sent"])
@pytest.mark.parametrize(("schema", "good", "bad"), RULED, ids=[json.dumps(each[0]) for each in RULED])
def test_a_property_with_any_rules_is_judged_alone(
    schema: Any, good: str, bad: str, mapped: list[str]
) -> None:
    taken = way({"v": schema}, mapped=mapped)
    assert taken(*(line(f'{{"id":{at},"v":{each}}}') for at, each in enumerate((good, bad, good)))) == 2
    assert [*map(str, taken.identities)] == ["0", "2"]


def test_definitions_that_a_property_refers_to_are_followed_as_deep_as_they_go() -> None:
    array = {"type": ["null", "string", "array"], "items": {"$ref": "#/definitions/texts"}}
    taken = way(
        {"v": {"type": ["null", "array"], "items": {"$ref": "#/definitions/texts"}}},
        definitions={"texts": array},
    )
    assert taken(line('{"id":1,"v":["a",["b",[null]]]}')) == 1
    assert taken(line('{"id":1,"v":["a",["b",[1]]]}')) == 0


# Schemas.


def of_schema(schema: Any, stream: str = "contacts") -> str | None:
    """Why a stream with this schema and one property that is sent has no short way."""
    settings = settings_from(
        {"auth_token": "t", "streams": [{"stream": "*", "contact_list": "1", "match_fields": []}]}
    )
    rules = RecordValidator(schema, "contacts").rules
    wire = wire_format("application/json")
    try:
        short_way(stream, rules, mapping(["id"], {}, {}), ("id",), settings, wire)
    except NoStepsError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"id": ID}, "type": "array"},
        {"properties": {"id": ID}, "patternProperties": {}},
        {"properties": {"id": ID}, "additionalProperties": {"type": "string"}},
        {"properties": {"id": ID}, "anyOf": [{"required": ["id"]}, {"required": ["other"]}]},
        {"properties": {"id": ID}, "$schema": "http://json-schema.org/draft-03/schema#"},
        {"properties": {"id": {**ID, "$id": "http://a/b"}}},
    ],
    ids=json.dumps,
)
def test_a_schema_that_says_more_than_what_each_property_is_has_no_short_way(schema: Any) -> None:
    assert of_schema(schema) == "its schema says more than what each property is"


def test_annotations_of_a_schema_change_nothing() -> None:
    annotations = dict.fromkeys(("title", "description", "$comment", "key_properties"), "")
    more: dict[str, Any] = {**annotations, "additionalProperties": True, "definitions": {"unused": ID}}
    for kind in ("object", ["object"], ["null", "object"]):
        assert of_schema({"properties": {"id": ID}, "type": kind, "required": ["id"], **more}) is None


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\x00b", "a\x1fb", "a\ud800b", "\udfff"])
def test_names_that_json_writes_otherwise_have_no_short_way(name: str) -> None:
    """Neither of a property, nor of a FieldName, nor of the stream."""
    assert way({name: STRING}, mapped=["id"]).short is None
    assert way({"v": STRING}, fields={"v": name}).short is None
    assert of_schema({"properties": {"id": ID}}, name) == "a name has characters that JSON escapes"


@pytest.mark.parametrize("name", ["a b", "é's", "a.b", "x\x7f", "type", "deleted", "p0", "f0", "self"])
def test_any_other_name_goes_the_short_way_as_it_is(name: str) -> None:
    taken = way({name: STRING}, fields={name: name})
    assert taken(line(f'{{"id":1,{json.dumps(name)}:"a"}}')) == 1
    assert json.loads(taken.sent[0]) == {"ID": 1, name: "a"}


def test_what_is_required_must_be_there_and_what_is_not_is_left_out() -> None:
    both = {"v": STRING, "w": {"type": ["null", "number"]}, "x": {}}
    taken = way(both, required=["v"])
    assert taken(line('{"id":1,"v":"a"}'), line('{"x":null,"v":"b","id":2}')) == 2
    assert taken.sent == ['{"ID":1,"V":"a"}', '{"ID":2,"V":"b","X":null}']
    assert taken(line('{"id":1}')) == 0
    assert taken(line('{"v":"a"}')) == 0
    assert way(both)(line('{"id":1}')) == 1


def test_a_key_must_be_there_though_the_schema_does_not_say_so() -> None:
    taken = way({"k": {"type": ["null", "string"]}, "v": STRING}, keys=["k"], mapped=["id", "v"])
    assert taken(line('{"id":1,"k":"a"}')) == 1
    assert taken(line('{"id":1}')) == 0


def test_unknown_members_go_the_short_way_only_where_the_schema_has_them() -> None:
    extra = line('{"id":1,"extra":[{}]}')
    assert way({})(extra) == way({}, additionalProperties=True)(extra) == 1
    assert way({}, additionalProperties=False)(extra) == 0
    assert way({}, additionalProperties=False)(line('{"id":1}')) == 1


@pytest.mark.parametrize(
    "other",
    [
        b'{"type":"STATE","stream":"contacts","record":{"id":1}}',
        b'{"type":"RECORD","stream":"others","record":{"id":1}}',
        b'{"type":"RECORD","stream":"contacts","record":{"id":1},"type":"STATE"}',
        b'{"type":"RECORD","stream":"contacts","record":{"id":1},"stream":"others"}',
        b'{"type":"RECORD","stream":"contacts","record":[1]}',
        b'{"type":"RECORD","stream":"contacts","record":{"id":1}',
    ],
)
def test_only_a_whole_record_of_the_stream_goes_its_short_way(other: bytes) -> None:
    assert way({})(other) == 0


# What tells a contact from others.


@pytest.mark.parametrize("blank", ['""', '" "', '"\\u200b"', "null"])
def test_a_contact_that_nothing_tells_from_others_is_left_to_the_general_way(blank: str) -> None:
    text = {"type": ["null", "string"]}
    for keys in (["V"], ["ID", "V"]):
        taken = way({"v": text}, entry={"match_fields": keys})
        assert taken(line(f'{{"id":1,"v":{blank}}}')) == 0
        assert taken(line('{"id":1}')) == 0
        assert taken(line('{"id":1,"v":"a"}')) == 1


def test_a_contact_is_told_by_its_match_fields_in_their_order_or_else_by_its_keys() -> None:
    record = line('{"id":1,"v":"a"}')
    for fields, keys, identity in (
        (["V"], ["id"], "a"),
        (["V", "ID"], ["id"], ("a", 1)),
        (["ID", "V"], ["id"], (1, "a")),
        ([], ["id"], 1),
        ([], ["v", "id"], ("a", 1)),
        ([], [], None),
    ):
        taken = way({"v": STRING}, entry={"match_fields": fields}, keys=keys)
        assert taken(record) == 1
        assert taken.identities == [identity]


@pytest.mark.parametrize(
    ("value", "match", "key"),
    [
        ("true", ("boolean", True), ("boolean", True)),
        ("1.50", Decimal("1.5"), Decimal("1.5")),
        ("[1]", "[1]", ("nested", "[1]")),
        ('"a"', "a", "a"),
    ],
)
def test_a_key_of_any_type_tells_a_contact_as_it_is_and_a_match_value_as_it_is_sent(
    value: str, match: Hashable, key: Hashable
) -> None:
    for entry, identity in (({"match_fields": ["V"]}, match), ({"match_fields": []}, key)):
        taken = way({"v": {}}, entry=entry, keys=["v"])
        assert taken(line(f'{{"id":1,"v":{value}}}')) == 1
        assert taken.identities == [identity]


def test_a_contact_with_a_key_that_is_null_is_told_by_nothing() -> None:
    taken = way({"v": {}}, entry={"match_fields": []}, keys=["id", "v"])
    assert taken(line('{"id":1,"v":null}'), line('{"id":1,"v":2}')) == 2
    assert taken.identities == [None, (1, 2)]


def test_enc_contact_id_tells_a_contact_before_all_else() -> None:
    for fields, matched in ((["ID"], [1, 2, 3]), ([], [])):
        taken = way({"v": {}}, entry={"match_fields": fields, "enc_contact_id": "v"}, mapped=["id"])
        lines = (
            line('{"id":1,"v":"a"}'),
            line('{"id":2,"v":7}'),
            line('{"id":3,"v":""}'),
            line('{"id":4,"v":1.5}'),
        )
        assert taken(*lines) == (3 if fields else 2)
        assert taken.identities[:2] == [(ENC_CONTACT_ID, "a"), (ENC_CONTACT_ID, "7")]
        assert taken.identities[2:] == matched[2:]
        assert taken.matched == matched
        assert taken.sent[0] == '{"EncContactId":"a","Values":{"ID":1}'


@pytest.mark.parametrize(
    ("entry", "identity"),
    [
        ({"match_fields": ["V"], "match_values": "folded"}, "ann"),
        ({"match_fields": ["V"], "match_values": "exact"}, "Ann"),
        ({"match_fields": [], "match_values": "folded"}, "Ann"),
    ],
    ids=["folded", "exact", "keys"],
)
def test_match_values_are_folded_where_the_settings_say_so_and_keys_never(
    entry: dict[str, Any], identity: str
) -> None:
    taken = way({"v": STRING}, entry=entry, keys=["v"])
    assert taken(line('{"id":1,"v":"Ann"}')) == 1
    assert taken.identities == [identity]
    assert taken.sent == ['{"ID":1,"V":"Ann"}']


# Records that were deleted.


@pytest.mark.parametrize(
    ("schema", "null_is_fine"),
    [({"type": ["null", "string"]}, True), ({}, True), (STRING, False), (None, True)],
    ids=["nullable", "anything", "string", "unknown"],
)
@pytest.mark.parametrize("mapped", [["id"], ["id", DELETED]], ids=["not_sent", "sent"])
def test_a_record_goes_the_short_way_only_if_it_is_certainly_not_deleted(
    schema: Any, mapped: list[str], null_is_fine: bool
) -> None:
    properties = {} if schema is None else {DELETED: schema}
    if schema is None:
        mapped = ["id"]
    for value in ('"2026-01-01"', '""', "1", "false"):
        assert way(properties, mapped=mapped)(line(f'{{"id":1,"{DELETED}":{value}}}')) == 0
    assert way(properties, mapped=mapped)(line('{"id":1}')) == 1
    taken = way(properties, mapped=mapped)
    assert taken(line(f'{{"id":1,"{DELETED}":null}}')) == null_is_fine
    rest = f',"{DELETED.upper()}":null' if len(mapped) > 1 else ""
    assert taken.sent == ([f'{{"ID":1{rest}}}'] if null_is_fine else [])


def test_a_null_that_says_a_record_is_not_deleted_is_omitted_where_nulls_are() -> None:
    taken = way({DELETED: {"type": ["null", "string"]}}, entry={"null_values": "omit"})
    assert taken(line(f'{{"id":1,"{DELETED}":null}}')) == 1
    assert taken.sent == ['{"ID":1}']


def test_a_closed_schema_that_does_not_know_of_deletion_allows_no_null_either() -> None:
    assert way({}, additionalProperties=False)(line(f'{{"id":1,"{DELETED}":null}}')) == 0


def test_properties_behind_the_one_that_tells_of_deletion_are_sent_as_those_before_it() -> None:
    taken = way({"v": STRING, DELETED: {"type": ["null", "string"]}, "w": STRING}, mapped=["id", "v", "w"])
    assert taken(line(f'{{"id":1,"v":"a","{DELETED}":null,"w":"b"}}')) == 1
    assert taken.sent == ['{"ID":1,"V":"a","W":"b"}']


# Blocks of lines.


def test_lines_that_go_another_way_are_left_out_wherever_they_stand() -> None:
    good = [line(f'{{"id":{number}}}') for number in range(5)]
    bad = line('{"id":"a"}')
    not_utf_8 = line('{"id":9}', ',"more":"?"').replace(b"?", b"\xc3")
    for other in (bad, b'{"type":"STATE"}', not_utf_8):
        taken = way({})
        assert taken(other, *good[:3], other, other, *good[3:], other) == 5
        assert taken.identities == [*range(5)]
        assert taken.sent == [f'{{"ID":{number}}}' for number in range(5)]


def test_records_without_a_message_are_taken_too() -> None:
    taken = way({})
    assert taken(b'{"id": 1}', b'{"id": 2} ', b'{"id":3},"more":{}', bare=True) == 2
    assert taken.sent == ['{"ID":1}', '{"ID":2}']


def test_where_no_line_is_taken_nothing_comes_of_it() -> None:
    taken = way({})
    assert taken(b'{"type":"STATE"}') == 0
    assert taken() == 0
    assert taken.sent == []


def test_text_beyond_ascii_is_taken_as_it_is() -> None:
    taken = way({"v": STRING})
    assert taken(line('{"id":1,"v":"é😀"}', ',"unknown":"é"')) == 1
    assert taken.sent == ['{"ID":1,"V":"é😀"}']


# Where there is no short way.


def test_where_no_contacts_are_loaded_there_is_no_short_way() -> None:
    assert way({}, import_mode="create_only").short is None
    assert way({}).short is not None


def test_without_validation_all_but_keys_and_match_values_is_taken_as_it_is() -> None:
    taken = way({"v": STRING}, validate_records=False, required=["v"], additionalProperties=False)
    assert taken(line('{"id":1,"v":[1]}'), line('{"id":"a","more":1}'), line('{"v":"a"}')) == 2
    assert taken.sent == ['{"ID":1,"V":"[1]"}', '{"ID":"a"}']


def test_an_error_that_no_line_is_known_to_raise_sends_it_the_general_way_and_is_said_at_debug(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> bool:
        raise KeyError

    taken = way({"v": STRING}, entry={"match_fields": ["V"]})
    with caplog.at_level(logging.DEBUG, "target-w50"):
        assert taken(line('{"id":1,"v":1}')) == 0
        assert caplog.messages == []
        monkeypatch.setattr(columns, "is_blank", fail)
        assert taken(line('{"id":1,"v":" "}')) == 0
    assert caplog.messages == ["Records are taken the general way (KeyError)"]
