"""What goes the short way and how it is sent, and what is left to the general way: value by value."""

from __future__ import annotations

import json
import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from target_w50.contacts import fast_path
from target_w50.contacts.fast_path import make_take
from target_w50.contacts.fast_schema import FastSchema, fast_schema
from target_w50.contacts.mapping import DecidedBy, MappedProperty, StreamMapping
from target_w50.settings.model import settings_from
from target_w50.singer.reader import Take
from target_w50.w50 import ContactsList

BEGINNING = b'{"type":"RECORD","stream":"contacts","record"'
ID = {"type": "integer"}
DELETED = "_sdc_deleted_at"
GENERAL = None
"""It goes the general way."""


@dataclass
class Taken:
    """What one stream's short way made of lines.

    Attributes:
        calls: what was handed over: identities, fragments, first place, lines.
    """

    take: Take | None
    calls: list[tuple[list[Hashable], list[bytes], int, list[bytes]]] = field(default_factory=list)

    def __call__(self, *lines: bytes, start: int = 0, place: int = 7, beginning: bytes = BEGINNING) -> int:
        assert self.take is not None
        return self.take(list(lines), start, place, beginning)

    @property
    def sent(self) -> list[str]:
        """The values of each contact, as they are sent."""
        fragments = [each.decode() for call in self.calls for each in call[1]]
        assert all(each.startswith('{"Values":') and each.endswith("}") for each in fragments)
        return [each[len('{"Values":') : -1] for each in fragments]

    @property
    def identities(self) -> list[Hashable]:
        return [each for call in self.calls for each in call[0]]


def mapping(names: Sequence[str], entry: Mapping[str, Any], fields: Mapping[str, str]) -> StreamMapping:
    """Each property under its name in capitals, or as `fields` has it."""
    whole = {"stream": "*", "contact_list": "1", "match_fields": ["ID"], **entry}
    judged = settings_from({"auth_token": "t", "streams": [whole]}).streams[0]
    mapped = [MappedProperty(name, fields.get(name, name.upper()), DecidedBy.EXACT) for name in names]
    field_names = tuple(each.field_name for each in mapped)
    return StreamMapping("contacts", judged, ContactsList(1, "N", 0), tuple(mapped), (), field_names)


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
        (schema if name in {"required", "additionalProperties", "type"} else config)[name] = value
    decided = mapping(["id", *properties] if mapped is None else mapped, entry or {}, fields or {})
    taken = Taken(None)
    taken.take = make_take(
        "contacts",
        schema,
        decided,
        tuple(keys),
        settings_from(config),
        lambda *each: taken.calls.append(each),
    )
    return taken


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
    (NUMBER, same("1", "-1", "0", "1.50", "0.1", "-0.10", "-0.0", "0.00001", "9" * 31, "1." + "0" * 30)),
    (NUMBER, left("1e3", "-0", "0.000001", "9" * 32, "1." + "0" * 31, "null", '"1"', "[1]", "true")),
    ({"type": ["null", "number"]}, same("null", "1.50") | left("true", "1E3")),
    ({"type": ["integer", "number"]}, same("1", "1.50") | left("null")),
    ({"type": ["number", "string"]}, same("1.50", "-1") | ESCAPED | left("null", "1e3", "true", "{}", "[]")),
    ({"type": ["integer", "string"]}, same("1", '"1"') | left("1.0", "1e3", "false")),
    ({"type": ["integer", "boolean", "null"]}, same("1", "true", "false", "null") | left('"a"', "{}")),
    ({"type": ["null", "object"]}, {"null": "null", '{"x": 1.10}': '"{\\"x\\":1.10}"'}),
    ({"type": ["null", "object"]}, left("[1]", '"a"', "1", '{"x": NaN}')),
    ({"type": "array"}, {"[1, 2.50]": '"[1,2.50]"', **left("{}", "null", "true")}),
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


@pytest.mark.parametrize("mapped", [["id"], ["id", "v"]], ids=["not_sent", "sent"])
@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"type": []},
        {"type": "text"},
        {"type": ["string", "text"]},
        {**STRING, "pattern": "a"},
        {**STRING, "maxLength": 3.0},
        {**STRING, "minimum": 3},
        {**STRING, "maxLength": 3, "minLength": 1.0},
        {**ID, "minimum": 0.5},
        {**ID, "maximum": 3.0},
        {**ID, "minimum": -(2**63) - 1},
        {**ID, "maximum": 2**63},
        {**ID, "minimum": 0, "maximum": 2**63},
        {**ID, "multipleOf": 2},
        {**ID, "maxLength": 2},
        {"type": "boolean", "const": True},
        {"enum": [1]},
        {**NUMBER, "minimum": 0},
        {"type": "object", "required": ["a"]},
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "additionalProperties": STRING},
        {"type": "array", "items": STRING},
        {"type": "array", "items": False},
    ],
    ids=json.dumps,
)
def test_a_property_with_other_rules_sends_its_stream_the_general_way(schema: Any, mapped: list[str]) -> None:
    assert way({"v": schema}, mapped=mapped).take is None


@pytest.mark.parametrize(
    "schema",
    [
        {**ID, "minimum": -(2**63), "maximum": 2**63 - 1},
        {"type": "object", "properties": {}, "additionalProperties": {}},
        {"type": "array", "items": True},
    ],
    ids=json.dumps,
)
def test_rules_that_can_be_compiled_go_the_short_way(schema: Any) -> None:
    value = {"integer": str(2**63 - 1), "object": "{}", "array": "[]"}[schema["type"]]
    assert way({"v": schema})(line(f'{{"id":1,"v":{value}}}')) == 1


# Schemas.


def plan(schema: Any, names: Sequence[str] = ("id",), **entry: Any) -> FastSchema | None:
    return fast_schema("contacts", schema, mapping(names, entry, {}), ("id",))


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": []},
        {"properties": {"id": ID}, "type": "array"},
        {"properties": {"id": ID}, "type": ["array", "null"]},
        {"properties": {"id": ID}, "patternProperties": {}},
        {"properties": {"id": ID}, "additionalProperties": {"type": "string"}},
        {"properties": {"id": ID}, "required": "id"},
        {"properties": {"id": ID}, "required": ["id", "other"]},
        {"properties": {"id": ID, DELETED: STRING}, "required": [DELETED]},
        {"properties": {"other": ID}},
        {"properties": {"id": NUMBER}},
        {"properties": {"id": {"type": ["integer", "string"]}}},
    ],
    ids=json.dumps,
)
def test_a_schema_that_is_not_simple_has_no_short_way(schema: Any) -> None:
    assert plan(schema) is None


def test_annotations_of_a_schema_change_nothing() -> None:
    annotations = dict.fromkeys(("title", "description", "$schema", "$id", "key_properties"), "")
    more: dict[str, Any] = {**annotations, "additionalProperties": True}
    for kind in ("object", ["object"], ["null", "object"]):
        assert plan({"properties": {"id": ID}, "type": kind, "required": ["id"], **more}) is not None


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\x00b", "a\x1fb", "a\ud800b", "\udfff"])
def test_names_that_json_writes_otherwise_have_no_short_way(name: str) -> None:
    """Neither of a property, nor of a FieldName, nor of the stream."""
    assert way({name: STRING}, mapped=["id"]).take is None
    assert way({"v": STRING}, fields={"v": name}).take is None
    assert fast_schema(name, {"properties": {"id": ID}}, mapping(["id"], {}, {}), ("id",)) is None


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
    assert way({})(other, beginning=b"{") == 0


# What tells a contact from others.


@pytest.mark.parametrize("blank", ['""', '" "', '"\\u200b"', "null"])
def test_a_contact_that_nothing_tells_from_others_is_left_to_the_general_way(blank: str) -> None:
    text = {"type": ["null", "string"]}
    for keys in (["V"], ["ID", "V"]):
        taken = way({"v": text}, entry={"match_fields": keys})
        assert taken(line(f'{{"id":1,"v":{blank}}}')) == 0
        assert taken(line('{"id":1}')) == 0
        assert taken(line('{"id":1,"v":"a"}')) == 1
    assert way({"v": {"type": "boolean"}}, entry={"match_fields": ["V"]})(line('{"id":1,"v":true}')) == 0


def test_a_contact_is_told_by_its_match_fields_in_their_order_or_else_by_its_keys() -> None:
    record = line('{"id":1,"v":"a"}')
    for fields, keys, identity in (
        (["V"], ["id"], "a"),
        (["V", "ID"], ["id"], ("a", 1)),
        (["ID", "V"], ["id"], (1, "a")),
        ([], ["id"], 1),
        ([], ["v", "id"], ("a", 1)),
    ):
        taken = way({"v": STRING}, entry={"match_fields": fields}, keys=keys)
        assert taken(record) == 1
        assert taken.identities == [identity]


def test_where_nothing_that_is_sent_tells_contacts_apart_there_is_no_short_way() -> None:
    assert way({"v": STRING}, entry={"match_fields": []}, keys=[]).take is None
    assert way({"v": STRING}, entry={"match_fields": []}, keys=["v"], mapped=["id"]).take is None
    assert way({"v": STRING}, entry={"match_fields": ["Other"]}).take is None
    assert way({}, keys=["other"]).take is None
    assert way({"v": STRING}, entry={"enc_contact_id": "v"}).take is None


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
    [({"type": ["null", "string"]}, True), ({}, True), (STRING, False), (None, False)],
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


def test_rules_for_when_a_record_was_deleted_send_its_stream_the_general_way() -> None:
    assert way({DELETED: {**STRING, "pattern": "a"}}, mapped=["id"]).take is None


def test_properties_behind_the_one_that_tells_of_deletion_are_sent_as_those_before_it() -> None:
    taken = way({"v": STRING, DELETED: {"type": ["null", "string"]}, "w": STRING}, mapped=["id", "v", "w"])
    assert taken(line(f'{{"id":1,"v":"a","{DELETED}":null,"w":"b"}}')) == 1
    assert taken.sent == ['{"ID":1,"V":"a","W":"b"}']


# Blocks of lines.


def test_lines_are_taken_from_the_first_on_to_the_first_that_goes_another_way() -> None:
    good = [line(f'{{"id":{number}}}') for number in range(5)]
    bad = line('{"id":"a"}')
    not_utf_8 = line('{"id":9}', ',"more":"?"').replace(b"?", b"\xc3")
    for stop in (bad, b'{"type":"STATE"}', not_utf_8):
        taken = way({})
        assert taken(bad, *good[:3], stop, *good[3:], start=1, place=21) == 3
        assert taken.calls == [([0, 1, 2], [b'{"Values":{"ID":%d}}' % n for n in range(3)], 21, good[:3])]


def test_where_no_line_is_taken_nothing_is_handed_over() -> None:
    taken = way({})
    assert taken(b'{"type":"STATE"}', line('{"id":1}')) == 0
    assert taken() == 0
    assert taken.calls == []


def test_text_beyond_ascii_is_taken_as_it_is() -> None:
    taken = way({"v": STRING})
    assert taken(line('{"id":1,"v":"é😀"}', ',"unknown":"é"')) == 1
    assert taken.sent == ['{"ID":1,"V":"é😀"}']


# Where there is no short way.


@pytest.mark.parametrize(
    "more",
    [
        {"import_mode": "create_only"},
        {"add_record_metadata": True},
        {"validate_records": False},
    ],
    ids=str,
)
def test_settings_that_the_short_way_does_not_know_send_all_the_general_way(more: dict[str, Any]) -> None:
    assert way({}, **more).take is None
    assert way({}).take is not None


def test_what_can_not_be_compiled_goes_the_general_way_and_is_said_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is only not simple says nothing."""
    with caplog.at_level(logging.DEBUG, "target-w50"):
        assert way({"v": {"enum": [1]}}).take is None
        assert way({"v": {**STRING, "maxLength": 2**70}}).take is None
    assert caplog.messages == ["Stream 'contacts': no short way can be compiled (ValueError)"]


def test_an_error_that_no_line_is_known_to_raise_sends_it_the_general_way_and_is_said_at_debug(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> bool:
        raise KeyError

    taken = way({"v": STRING}, entry={"match_fields": ["V"]})
    with caplog.at_level(logging.DEBUG, "target-w50"):
        assert taken(line('{"id":1,"v":1}')) == 0
        assert caplog.messages == []
        monkeypatch.setattr(fast_path, "is_blank", fail)
        assert taken(line('{"id":1,"v":"a"}')) == 0
    assert caplog.messages == ["A record is taken the general way (KeyError)"]
