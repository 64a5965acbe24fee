"""The short way of a record gives exactly what the general way gives, whatever the tap sends."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from target_w50.errors import TargetW50Error
from target_w50.loading.stream_load import StreamLoad
from target_w50.outputs.append import MessageFile
from target_w50.settings.model import settings_from
from target_w50.target import TargetW50
from target_w50.target.short_ways import StreamWay
from tests.effort import tries
from tests.in_process import Came, TakingLoader, detached_run, load

STREAMS = ("contacts", "others")
NAMES = ("id", "email", "a", "b", "é's")
DELETED = "_sdc_deleted_at"

PROPERTY_SCHEMAS: tuple[Any, ...] = (
    {"type": "string"},
    {"type": ["null", "string"]},
    {"type": ["string", "null"], "maxLength": 3, "format": "date-time"},
    {"type": "string", "minLength": 1},
    {"type": "integer"},
    {"type": ["null", "integer"], "minimum": 0, "maximum": 9223372036854775807},
    {"type": ["integer"], "minimum": -(2**63), "maximum": 3},
    {"type": "boolean"},
    {"type": ["null", "boolean"]},
    {"type": "number"},
    {"type": ["null", "number"]},
    {"type": ["null", "number", "string"]},
    {"type": ["integer", "string"]},
    {"type": ["integer", "boolean", "null"]},
    {"type": "null"},
    {"type": ["null", "object"], "additionalProperties": True},
    {"type": ["null", "array"], "items": {}},
    {"type": ["string", "object", "array"]},
    {},
    {"description": "anything"},
    # Judged alone.
    {"type": ["null", "number"], "multipleOf": 0.01},
    {"enum": ["a", 1, None]},
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["null", "string"]}]},
    {"anyOf": [{"type": "integer"}, {"type": ["null", "string"]}], "x-sql-datatype": "VARCHAR"},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"type": ["null", "string"], "pattern": "^[ab]"},
    {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 2},
    {"type": ["null", "array"], "items": {"type": "string"}, "maxItems": 2},
    {"type": "array", "items": {"$ref": "#/definitions/deep"}},
    {"$ref": "#/definitions/text"},
    {"type": ["null", "object"], "properties": {"x": {"type": ["null", "number"]}, "y": {}}},
    {
        "type": ["null", "object"],
        "properties": {
            "x": {"type": ["null", "string", "number"]},
            "y": {"type": "object", "properties": {"z": {"type": "integer"}, "w": {"type": ["array"]}}},
        },
        "additionalProperties": False,
    },
    {
        "type": ["null", "array"],
        "items": {"type": "object", "properties": {"x": {"type": "integer"}}, "additionalProperties": False},
    },
    {"const": 1},
    {"not": {"type": "string"}},
)
DEFINITIONS = {
    "text": {"type": ["null", "string"], "maxLength": 3},
    "deep": {"type": ["null", "string", "array"], "items": {"$ref": "#/definitions/deep"}},
    "unused": {"type": "object"},
}

PLAIN_VALUES = (
    *("1", "2", '"a"', '"bob"', '"b@c.de"', "null", "true", "1.5"),
    *('{"x": 1.10}', "[1]", '["a"]', "0.05"),
)
VALUES = (
    *PLAIN_VALUES,
    *("0", "-0", "-7", "3.0", "1.10", "-0.0", "0.1", "0.00001", "0.0000001", "1e3", "1E400", "1e-7", "2E0"),
    *("9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616"),
    *("-9223372036854775808", "-9223372036854775809", "123456789012345678901234567890123"),
    *("0.1234567890123456789012345678901", "9" * 40, "1." + "0" * 40, "NaN", "-Infinity", "9" * 4301),
    *('""', '" "', '"\\t\\u00a0"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"é😀"', '"\\u0061"'),
    *('"NULL"', '"+447700900123"', '"07700 900123"', '"b@c.local"', '"b@ü.de"', '"1980-02-29"'),
    *('"abcd"', '"1"', '"true"', '"2024-01-01"', '"\\"\\\\\\/"', "false"),
    *("{}", "[]", '{"x": 1.10, "y": [1, null]}', '["\\ud800"]', "[1e400]", "[123456789012345678901234]"),
    *('{"x": {"x": 1, "x": 2}}', "[NaN]", "[-0.0, 0.0000001]"),
    *(
        '["a", ["b", [null]]]',
        '["a", ["b", [1]]]',
        '["a", "b", "a"]',
        '{"x": "a", "y": {"z": 1, "w": [1, "a"]}}',
        '[{"x": 1}, {}]',
        '[{"x": 1.0, "y": 1}]',
    ),
    *(
        '{"y": null}',
        '{"y": {}, "x": 1}',
        '{"x": 1, "x__y": 2}',
        '{"z": 1}',
        '{"y": {"z": 1.0, "u": {"v": 1}}}',
    ),
)
UNUSUAL = ("unknown", "id", "é", "a")
SPACES = ((",", ":"), (", ", ": "), (" ,\t", " : "))


CHECKS = ("off", {"a": "email"}, {"a": "phone:GB", "id": "text"}, {"a": "date"}, {"a": "phone"})
# Hypothesis likes the ends of a range.
SELDOM = st.integers(0, 99).map(lambda number: 40 <= number < 47)
SOMETIMES = st.integers(0, 99).map(lambda number: 30 <= number < 55)


def fitting(schema: Any) -> list[str]:
    """Plain values that are valid by a property's schema."""
    validator = Draft202012Validator({**schema, "definitions": DEFINITIONS})
    return [value for value in PLAIN_VALUES if validator.is_valid(json.loads(value))]


@st.composite
def schemas(draw: st.DrawFn, *, deletes: bool) -> dict[str, Any]:
    properties = {name: draw(st.sampled_from(PROPERTY_SCHEMAS)) for name in NAMES}
    # Mostly a stream whose contacts can be told apart.
    if not draw(SELDOM):
        for name in ("id", "a"):
            properties[name] = draw(st.sampled_from(PROPERTY_SCHEMAS[:7]))
    if deletes:
        properties[DELETED] = draw(st.sampled_from(({"type": ["null", "string"]}, {"type": "string"}, {})))
    schema: dict[str, Any] = {"properties": properties, "definitions": DEFINITIONS}
    if draw(SELDOM):
        schema |= draw(
            st.sampled_from(({"anyOf": [{"required": ["id"]}]}, {"patternProperties": {"^a": {}}}))
        )
    if draw(st.booleans()):
        schema["type"] = draw(st.sampled_from(("object", ["object"], ["null", "object"])))
    if draw(st.booleans()):
        schema["required"] = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
    if draw(st.integers(0, 2)) == 0:
        schema["additionalProperties"] = draw(st.sampled_from((True, False, False, {})))
    return schema


@st.composite
def records(draw: st.DrawFn, schema: dict[str, Any], spaces: tuple[str, str]) -> str:
    """A record as a line has it: odd values, keys that are missing, unknown, or there twice."""
    comma, colon = spaces
    properties = schema["properties"]
    odd = draw(st.lists(st.sampled_from(NAMES), max_size=2)) if draw(SOMETIMES) else []
    members = []
    for name in NAMES:
        values = VALUES if name in odd else fitting(properties[name])
        if name == "id" or draw(st.integers(0, 5)):
            members.append((name, draw(st.sampled_from(values))))
    if len(odd) > 1:
        members += [
            (name, draw(st.sampled_from(VALUES))) for name in draw(st.lists(st.sampled_from(UNUSUAL)))
        ]
    if draw(SELDOM):
        members.append((DELETED, draw(st.sampled_from(("null", "null", '"2026-01-01"', "1", '""')))))
    if draw(SOMETIMES):
        members = draw(st.permutations(members))
    escapes = draw(SELDOM)
    return "{" + comma.join(f"{quoted(name, escapes)}{colon}{value}" for name, value in members) + "}"


def quoted(name: str, escapes: bool) -> str:
    """The name as JSON has it, with its first letter escaped or as it is."""
    return f'"\\u{ord(name[0]):04x}{name[1:]}"' if escapes else json.dumps(name, ensure_ascii=False)


@st.composite
def record_lines(draw: st.DrawFn, latest: dict[str, dict[str, Any]], spaces: tuple[str, str]) -> str:
    if draw(SELDOM):
        spaces = draw(st.sampled_from(SPACES))
    comma, colon = spaces
    stream = draw(st.sampled_from(("contacts", "contacts", *STREAMS)))
    record = draw(records(latest[stream], spaces))
    members = [("type", '"RECORD"'), ("stream", f'"{stream}"'), ("record", record)]
    if draw(st.booleans()):
        members.append(("time_extracted", '"2026-01-01T00:00:00Z"'))
    if draw(SELDOM):
        again = (*[("version", "1")] * 5, ("record", "{}"), ("type", '"STATE"'), ("stream", '"others"'))
        members.append(draw(st.sampled_from(again)))
    if draw(SELDOM):
        members = draw(st.permutations(members))
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def schema_line(stream: str, schema: Any, keys: list[str]) -> str:
    return json.dumps({"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys})


@st.composite
def runs(draw: st.DrawFn) -> tuple[dict[str, Any], bytes, bytes]:
    """Settings, an input for them, and a batch file that it may name."""
    deletes = draw(SOMETIMES)
    keys = st.sampled_from((["id"], ["id"], ["id", "a"], []))
    spaces = draw(st.sampled_from(SPACES))
    latest = {stream: draw(schemas(deletes=deletes)) for stream in STREAMS}
    lines = [schema_line(stream, latest[stream], draw(keys)) for stream in STREAMS]
    for _ in range(draw(st.integers(1, 4))):
        lines += draw(st.lists(record_lines(latest, spaces), min_size=4, max_size=25))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            stream = draw(st.sampled_from(STREAMS))
            latest[stream] = draw(schemas(deletes=deletes))
            lines.append(schema_line(stream, latest[stream], draw(keys)))
        elif kind == 1:
            lines.append(lines[0])
        elif kind == 2:
            lines.append(json.dumps({"type": "STATE", "value": {"line": len(lines)}}))
        elif kind == 3:
            lines = [*with_states(lines)]
        elif kind == 4:
            lines.append(json.dumps({**BATCH, "stream": "contacts"}))
    bare = draw(st.lists(records(latest["contacts"], spaces), max_size=8))
    bare += draw(st.sampled_from(([], [], [], [""], ["[]"], ['{"id": 1}, "more": {'])))
    content = "\n".join(lines).encode()
    if draw(SELDOM) and draw(st.booleans()):
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.sampled_from((b"\xff", b"\r", b"\x00", b"\xc3"))) + content[at:]
    return draw(configs(deletes=deletes)), content, "\n".join(bare).encode()


BATCH = {"type": "BATCH", "encoding": {"format": "jsonl"}, "manifest": ["file://@folder@/batch.jsonl"]}
STATES = ('{"type": "STATE", "value": %s}', '{"value": %s,"type":"STATE"}')


def with_states(lines: list[str]) -> Iterator[str]:
    """The lines, and behind most a state: some empty, some that only the general way reads."""
    for number, each in enumerate(lines):
        yield each
        if number % 7 != 1:
            value = {2: "{}", 3: '{"a": NaN}', 4: "null"}.get(number % 11, f'{{"line": {number}}}')
            yield STATES[number % 5 == 0] % value


STREAM_MAPS: tuple[dict[str, Any], ...] = (
    {"renamed": "email", "email": "__NULL__"},
    {"renamed": "email"},
    {"b": "__NULL__", "email": None},
    {"a": "b", "b": "a"},
    {"a": "a"},
    {"id": "id", "a": "a", "email": "b", "__else__": "__NULL__"},
    {"email": "id", "__key_properties__": ["email"], "id": "__NULL__"},
    {"renamed": "email", "__filter__": "a != 1"},
    {"renamed": "str(id)"},
    {"renamed": "record"},
    {"renamed": "_sdc_deleted_at"},
    {"_sdc_deleted_at": "__NULL__"},
)


@st.composite
def configs(draw: st.DrawFn, *, deletes: bool) -> dict[str, Any]:
    """Settings; `deletes` says that both streams have `_sdc_deleted_at`, so that it can be mapped."""
    entry: dict[str, Any] = {
        "contact_list": "1",
        "match_fields": draw(st.sampled_from(([], ["id"], ["id"], ["a", "id"]))),
        "null_values": draw(st.sampled_from(("send", "omit"))),
        "match_values": draw(st.sampled_from(("exact", "folded"))),
        "deleted_records": draw(st.sampled_from(("skip", "skip", "quarantine", "quarantine", "fail"))),
    }
    fields: dict[str, str] = {}
    if draw(st.booleans()):
        e_mail = draw(st.sampled_from(("E-mail é", "E-mail é", 'E-mail "é"')))
        fields |= {"b": "__NULL__", "email": e_mail}
    if deletes and draw(st.booleans()):
        fields[DELETED] = "Deleted"
    entry["fields"] = fields
    entry["field_naming"] = draw(st.sampled_from(("exact", "exact", "exact", "normalized")))
    if draw(SELDOM):
        entry["enc_contact_id"] = draw(st.sampled_from(("b", "é's")))
        fields.pop(entry["enc_contact_id"], None)
    if draw(SELDOM):
        entry |= {"deleted_records": "mark", "deleted_values": {"a": True}, "match_fields": ["id"]}
    if draw(st.booleans()):
        entry["contact_checks"] = draw(st.sampled_from(CHECKS))
        entry["on_failed_check"] = draw(st.sampled_from(("warn", "warn", "quarantine", "omit")))
    if draw(SELDOM):
        entry["unmapped_properties"] = "fail"
    more: dict[str, Any] = {}
    if draw(SOMETIMES):
        more |= {
            draw(st.sampled_from(("max_invalid_records", "max_invalid_percent"))): draw(st.integers(0, 30))
        }
    if draw(SOMETIMES):
        more |= {"flattening_enabled": True, "flattening_max_depth": draw(st.integers(1, 2))}
    if draw(SOMETIMES):
        more["stream_maps"] = {"contacts": draw(st.sampled_from(STREAM_MAPS))}
        entry["fields"] = {}
    return {
        **more,
        "validate_records": not draw(SELDOM),
        "media_type": draw(st.sampled_from(("application/json", "application/json", "text/xml"))),
        "api_url": "http://127.0.0.1:1",
        "auth_token": "t",
        "run_id": "a-run",
        "streams": [
            {"stream": "contacts", **entry},
            {"stream": "*", **entry, "null_values": draw(st.sampled_from(("send", "omit")))},
        ],
        "batch_size_rows": draw(st.sampled_from((1, 2, 3, 4, 10_000, 10_000))),
        "batch_size_bytes": draw(st.sampled_from((1000, 20_000_000))),
        "max_contacts_per_job": draw(st.sampled_from((2, 3, 5, 9, 100_000, 100_000, 100_000))),
        "on_invalid_record": draw(st.sampled_from(("quarantine",) * 6 + ("fail",))),
    }


def only_the_general_way(target: TargetW50) -> None:
    assert target.routes is not None  # they name the ways
    target.message_reader.windows.find = lambda _: None


def both_ways(config: dict[str, Any], lines: bytes, batch: bytes = b"") -> tuple[Came, Came]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "batch.jsonl").write_bytes(batch)
        lines = lines.replace(b"@folder@", folder.encode())
        short, general = (
            {**config, "quarantine_path": str(Path(folder) / name)} for name in ("short", "general")
        )
        return load(short, lines), load(general, lines, only_the_general_way)


Run = tuple[dict[str, Any], bytes, bytes]


@given(runs())
@settings(max_examples=tries(100), deadline=None, suppress_health_check=list(HealthCheck))
def test_both_ways_give_the_same_contacts_refusals_and_books(
    run: tuple[dict[str, Any], bytes, bytes],
) -> None:
    short, general = both_ways(*run)
    assert short == general


@pytest.mark.parametrize("null_values", ["omit", "send"])
def test_a_null_that_says_a_record_is_not_deleted_is_sent_or_omitted_as_any_other(null_values: str) -> None:
    config = {
        "api_url": "http://127.0.0.1:1",
        "auth_token": "t",
        "run_id": "a-run",
        "on_invalid_record": "quarantine",
        "streams": [
            {
                "stream": "*",
                "contact_list": "1",
                "field_naming": "exact",
                "match_fields": ["id"],
                "fields": {DELETED: "Deleted"},
                "null_values": null_values,
            },
        ],
    }
    schema = {"properties": {"id": {"type": "integer"}, DELETED: {"type": ["null", "string"]}}}
    lines = [schema_line("contacts", schema, ["id"])]
    for number in range(3):
        record = f'{{"id": {number}, "{DELETED}": null}}'
        lines.append(f'{{"type": "RECORD", "stream": "contacts", "record": {record}}}')
    short, general = both_ways(config, "\n".join(lines).encode())
    assert short == general
    sent = b'{"Values":{"id":2}}' if null_values == "omit" else b'{"Values":{"id":2,"Deleted":null}}'
    assert short.jobs[0][0][2][0] == sent


@pytest.mark.parametrize("validates", [True, False])
def test_a_contact_with_a_number_of_any_length_may_come_again(validates: bool) -> None:
    """Python reads no integer of more than 4,300 digits."""
    config = {
        "api_url": "http://127.0.0.1:1",
        "auth_token": "t",
        "run_id": "a-run",
        "on_invalid_record": "quarantine",
        "validate_records": validates,
        "streams": [{"stream": "*", "contact_list": "1", "field_naming": "exact", "match_fields": ["id"]}],
    }
    properties = {"id": {"type": "integer"}, "a": {"type": "integer"}, "b": {"type": "string"}}
    digits = "9" * 4301
    lines = [
        schema_line("contacts", {"properties": properties}, ["id"]),
        f'{{"type":"RECORD","stream":"contacts","record":{{"id":1,"a":{digits}}}}}',
        '{"type":"RECORD","stream":"contacts","record":{"id":1,"b":"c"}}',
    ]
    short, general = both_ways(config, "\n".join(lines).encode())
    assert short == general
    assert short.error is None
    assert [[each[0] for each in batch] for batch in short.jobs[0]] == [
        [b'{"Values":{"id":1,"a":%b,"b":"c"}}' % digits.encode()]
    ]


QUARANTINES: dict[str, Any] = {
    "api_url": "http://127.0.0.1:1",
    "auth_token": "t",
    "run_id": "a-run",
    "on_invalid_record": "quarantine",
    "streams": [{"stream": "*", "contact_list": "1", "field_naming": "exact", "match_fields": ["id"]}],
}
ONE_ID = {"properties": {"id": {"type": "integer"}}}


def id_line(number: int, *, bad: bool = False, stream: str = "contacts") -> str:
    record = f'{{"id":"{number}"}}' if bad else f'{{"id":{number}}}'
    return f'{{"type":"RECORD","stream":"{stream}","record":{record}}}'


def test_records_that_are_set_aside_part_nothing_and_go_into_the_file_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[int] = []
    appended: list[int] = []
    add_plainly, append_all = StreamLoad.add_plainly, MessageFile.append_all

    def noted(self: StreamLoad, identities: Any, *others: Any) -> None:
        taken.append(len(identities))
        add_plainly(self, identities, *others)

    def counted(self: MessageFile, records: Any) -> int:
        appended.append(len(records))
        return append_all(self, records)

    monkeypatch.setattr(StreamLoad, "add_plainly", noted)
    monkeypatch.setattr(MessageFile, "append_all", counted)
    came = []
    for every in (20, 10_000):
        lines = [schema_line(stream, ONE_ID, ["id"]) for stream in STREAMS]
        lines += [
            id_line(number, bad=number % every == 7, stream=STREAMS[number % 2]) for number in range(1000)
        ]
        config = {**QUARANTINES, "quarantine_path": str(tmp_path / f"{every}.singer")}
        came.append((load(config, "\n".join(lines).encode()), len(taken), sum(taken)))
        taken.clear()
    (with_bad, handed_over, contacts), (_, of_good, _) = came
    assert sum(each["records_read"] for each in with_bad.counts.values()) == 1000
    assert handed_over <= of_good
    assert contacts > 850
    assert appended == [50, 1]


@pytest.mark.parametrize(
    "limit", [{"max_invalid_records": 7}, {"max_invalid_percent": 6}, {"max_invalid_percent": 1}], ids=str
)
def test_a_limit_ends_both_ways_at_the_same_record(limit: dict[str, Any]) -> None:
    lines = [schema_line("contacts", ONE_ID, ["id"])]
    lines += [id_line(number, bad=number % 20 == 7 or number > 700) for number in range(1000)]
    short, general = both_ways({**QUARANTINES, **limit}, "\n".join(lines).encode())
    assert short == general
    assert "invalid" in (short.error or "")


def test_what_failed_its_check_is_told_of_the_right_record_behind_one_that_is_set_aside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = {**QUARANTINES["streams"][0], "contact_checks": {"email": "email"}}
    schema = {"properties": {"id": {"type": "integer"}, "email": {"type": "string"}}}
    lines = [schema_line("contacts", schema, ["id"])]
    for number in range(200):
        key = f'"{number}"' if number % 20 == 7 else str(number)
        email = "no" if number % 13 == 9 else "ann@example.com"
        record = f'{{"id":{key},"email":"{email}"}}'
        lines.append(f'{{"type":"RECORD","stream":"contacts","record":{record}}}')
    short, general = both_ways({**QUARANTINES, "streams": [entry]}, "\n".join(lines).encode())
    assert short == general
    said = [each for each in caplog.messages if "FieldName 'email'" in each]
    assert len(said) > 10
    assert said[: len(said) // 2] == said[len(said) // 2 :]


@pytest.mark.parametrize("size", [2, 3, 100])
def test_states_among_records_that_are_set_aside_cover_what_is_before_them(size: int) -> None:
    lines = [schema_line("contacts", ONE_ID, ["id"])]
    for number in range(40):
        lines.append(id_line(number, bad=number % 4 > 1))
        lines.append(json.dumps({"type": "STATE", "value": {} if number % 5 == 0 else {"line": number}}))
    config = {**QUARANTINES, "max_contacts_per_job": size}
    short, general = both_ways(config, "\n".join(lines).encode())
    assert short == general


def test_of_mixed_streams_none_is_taken_before_it_is_clear_that_all_can_be() -> None:
    """Two records of the second stream may be one contact to W50, as their match values are the same."""
    entry = {**QUARANTINES["streams"][0], "enc_contact_id": "enc"}
    schema = {"properties": {"id": {"type": "integer"}, "enc": {"type": "string"}}}
    lines = [schema_line(stream, schema, ["id"]) for stream in STREAMS]
    for number in range(8):
        record = f'{{"id":{number // 4 if number % 2 else number},"enc":"e{number}"}}'
        lines.append(f'{{"type":"RECORD","stream":"{STREAMS[number % 2]}","record":{record}}}')
    short, general = both_ways({**QUARANTINES, "streams": [entry]}, "\n".join(lines).encode())
    assert short == general
    assert [counts["records_merged"] for counts in short.counts.values()] == [0, 0]


def test_a_line_that_is_not_utf_8_ends_both_ways_alike() -> None:
    config = {
        "api_url": "http://127.0.0.1:1",
        "auth_token": "t",
        "run_id": "a-run",
        "on_invalid_record": "quarantine",
        "streams": [{"stream": "*", "contact_list": "1", "field_naming": "exact", "match_fields": ["id"]}],
    }
    lines = [schema_line("contacts", {"properties": {"id": {"type": "integer"}}}, ["id"]).encode()]
    for number, more in enumerate((b"a", b"\xc3\xa9", b"\xc3")):
        record = b'{"type":"RECORD","stream":"contacts","record":{"id":%d},"unknown":"%b"}' % (number, more)
        lines.append(record)
    short, general = both_ways(config, b"\n".join(lines))
    assert short == general
    assert (short.error or "").startswith("input_not_utf8: Line 4 ")


def noting(general: list[Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[TargetW50], None]:
    """Has it noted which records go the general way."""

    def watch(target: TargetW50) -> None:
        load_record, judge = target._load_record, StreamWay.judge

        def noted(*arguments: Any) -> None:
            general.append(arguments)
            load_record(*arguments)

        def judged(*arguments: Any) -> Any:
            general.append(arguments)
            return judge(*arguments)

        target._load_record = noted  # type: ignore[method-assign,assignment]
        monkeypatch.setattr(StreamWay, "judge", judged)

    return watch


def test_plain_records_go_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {
        "api_url": "http://127.0.0.1:1",
        "auth_token": "t",
        "streams": [
            {"stream": "*", "contact_list": "1", "field_naming": "exact", "match_fields": ["id"]},
        ],
    }
    schema = {"properties": {"id": {"type": "integer"}, "a": {"type": ["null", "number"]}}}
    lines = [schema_line(stream, schema, ["id"]) for stream in STREAMS]
    for number in range(20):
        record = f'{{"id": {number}, "a": {number}.50}}'
        lines.append(f'{{"type": "RECORD", "stream": "{STREAMS[number % 2]}", "record": {record}}}')
    general: list[Any] = []
    came = load(config, "\n".join(lines).encode(), noting(general, monkeypatch))
    assert came.error is None
    assert not general
    assert [each["records_read"] for each in came.counts.values()] == [10, 10]
    assert came.jobs[0][0][-1][0] == b'{"Values":{"id":18,"a":18.50}}'


@pytest.mark.parametrize("on_failed_check", ["warn", "omit", "quarantine"])
def test_a_failed_check_is_told_alike_both_ways_and_takes_the_short_one_where_the_value_is_sent(
    on_failed_check: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = {
        "api_url": "http://127.0.0.1:1",
        "auth_token": "t",
        "run_id": "a-run",
        "on_invalid_record": "quarantine",
        "max_rejected_percent": 100,
        "batch_size_rows": 12,
        "streams": [
            {
                "stream": "*",
                "contact_list": "1",
                "field_naming": "exact",
                "match_fields": ["id"],
                "contact_checks": {"email": "email", "a": "text", "b": "date"},
                "on_failed_check": on_failed_check,
            },
        ],
    }
    text = {"type": ["null", "string"]}
    schema = {"properties": {"id": {"type": "integer"}, "email": text, "a": text, "b": {}}}
    lines = [schema_line(stream, schema, ["id"]) for stream in STREAMS]
    odd = {3: '"no"', 7: '" a@b.de"', 8: "null", 11: '""', 20: '"b@c.local"', 33: '"no"'}
    for number in range(40):
        values = [odd.get(number, '"ann@example.com"'), '"NULL"' if number % 11 == 0 else '"x"']
        values.append("[1]" if number == 30 else '"1980-02-30"' if number == 33 else "null")
        key = 3 if number == 10 else number  # merged, and what had failed is no longer sent
        members = zip(("id", "email", "a", "b"), (str(key), *values), strict=True)
        record = "{" + ", ".join(f'"{name}": {value}' for name, value in members) + "}"
        stream = STREAMS[number % 9 == 0]
        lines.append(f'{{"type": "RECORD", "stream": "{stream}", "record": {record}}}')
    general: list[Any] = []
    content = "\n".join(lines).encode()
    both = []
    for name, prepare in (("short", noting(general, monkeypatch)), ("general", only_the_general_way)):
        came = load({**config, "quarantine_path": str(tmp_path / name)}, content, prepare)
        both.append((came, [each for each in caplog.messages if "FieldName" in each]))
        caplog.clear()
    (short, said), (other, said_there) = both
    assert short == other
    assert sorted(said) == sorted(said_there)
    assert len(said) == 10
    assert (len(general) == 0) == (on_failed_check == "warn")
    sent = [each["email"] for each in short.suspects if "email" in each]
    assert sent == ([(3, [10, 23, 36])] if on_failed_check == "warn" else [])


@pytest.mark.parametrize("prepare", [lambda _: None, only_the_general_way], ids=["short", "general"])
def test_the_record_that_meets_the_end_of_the_run_is_counted_whichever_way_it_goes(
    prepare: Callable[[TargetW50], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [schema_line("contacts", {"properties": {"id": {"type": "integer"}}}, ["id"])]
    lines += [f'{{"type":"RECORD","stream":"contacts","record":{{"id":{number}}}}}' for number in range(30)]
    file = tmp_path / "input.singer"
    file.write_text("\n".join(lines))

    def fail(*_: object) -> None:
        raise TargetW50Error("The background has failed.")

    monkeypatch.setattr(TakingLoader, "add_batch", fail)
    entry = {"stream": "*", "contact_list": "1", "field_naming": "exact", "match_fields": ["id"]}
    config = {"api_url": "http://127.0.0.1:1", "auth_token": "t", "streams": [entry], "batch_size_rows": 20}
    run = detached_run(settings_from(config))
    target = TargetW50(config=config, run=run)
    prepare(target)
    with pytest.raises(TargetW50Error, match="background"), file.open("rb") as messages:
        target.listen(cast("Any", messages))
    for job in cast("TakingLoader", run.loader).jobs:
        job.store.close()
    run.wind_up(None)
    assert run.ledger.streams["contacts"].records_read == run.ledger.records_read == 20
