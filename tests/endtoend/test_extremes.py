"""Extreme numbers, lengths, encodings, names and nesting never end a run as a defect."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from target_w50.sandbox import Sandbox
from tests.effort import tries
from tests.endtoend import program
from tests.support import load_here, settings

DEEP = [800, 950, 2000]
POSITIVE = ["0", "1", "3.0", "1e20", "2147483648", "9223372036854775808", "1e308", "1e400", "9" * 4301]
POSITIVE += ["1e999999999", "1e99999999999999999999", "0.1", "1e-400", "1e-99999999999999999999"]
NUMBERS = [*POSITIVE, "-0.0", "-1", "-9223372036854775809", "-1e99999999999999999999", "NaN", "-Infinity"]
TEXTS = ['"x"', '"é"', '"\\ud800"', '"\\u0000"', '"#/a"', '"#"', '"//["', '"urn:x"', '"\\\\p{L}"', '"("']
TEXTS += ['"a{4294967296}"', '"http://json-schema.org/draft-04/schema#"', '"' + "x" * 70000 + '"']
NESTED = [f"{'[' * depth}{']' * depth}" for depth in DEEP]
NESTED += ['{"a":' * depth + "1" + "}" * depth for depth in DEEP]
NAMES = [
    "id",
    "a",
    "é",
    '"q',
    "\\",
    "",
    "x" * 3000,
    "p0",
    "self",
    "class",
    "$ref",
    "_sdc_deleted_at",
    "\ud800",
]
UNKNOWN = [b'"u":"\xff"', b'"\xff":1', b'"u":"\\ud800"', b'"quarantine":1e99999999999999999999']
UNKNOWN += [b'"u":%b' % value.encode() for value in (*NESTED, "9" * 4301, "1e99999999999999999999")]

SIZES = ["maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties", "minContains"]
BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
IN_PLACE = ["not", "items", "additionalProperties", "contains", "propertyNames", "if", "extends"]
OTHERS = ["$id", "id", "$ref", "$schema", "$anchor", "$dynamicRef", "format", "pattern", "required", "title"]
OTHERS += ["enum", "const", "default", "uniqueItems", "dependencies", "dependentRequired", "disallow", "type"]
TYPES = [f'"{kind}"' for kind in ("string", "integer", "number", "object", "array", "null")]

SETUPS: list[dict[str, Any]] = [
    {},
    {"flattening_enabled": True, "flattening_max_depth": 3},
    {"stream_maps": {"*": {"c": "str(record.get('a'))"}}},
    {"validate_records": False},
    {"media_type": "text/xml"},
]


@st.composite
def values(draw: st.DrawFn) -> str:
    """A value as a tap might write it."""
    value = draw(st.sampled_from(NUMBERS) | st.sampled_from([*TEXTS, *NESTED, "null", "true", "[]", "{}"]))
    return draw(st.sampled_from(["%s", "%s", "[%s]", '{"x":%s}', '{"x":[1,%s]}'])) % value


@st.composite
def rules(draw: st.DrawFn) -> str:
    """A member of a schema, mostly near to what it should be."""
    right = draw(st.integers(0, 9)) > 0
    if not draw(st.integers(0, 3)):
        name = draw(st.sampled_from(OTHERS))
        value = draw(st.sampled_from(['["a"]', '{"a":["a"]}', *TEXTS, *TYPES]) if right else values())
    elif not draw(st.integers(0, 3)):
        name, value = draw(st.sampled_from(IN_PLACE)), draw(property_schemas(inner=True))
    else:
        name = draw(st.sampled_from([*SIZES, *SIZES, *BOUNDS, "multipleOf", "divisibleBy"]))
        value = draw(st.sampled_from(NUMBERS if name in BOUNDS else POSITIVE) if right else values())
    return f'"{name}":{value}'


@st.composite
def property_schemas(draw: st.DrawFn, *, inner: bool = False) -> str:
    kinds = draw(st.lists(st.sampled_from(TYPES), max_size=2, unique=True))
    members = [f'"type":[{",".join(kinds)}]'] if kinds else []
    if not inner:
        members += draw(st.lists(rules(), max_size=2))
    return f"{{{','.join(members)}}}"


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """A SCHEMA, records of it, and a STATE."""
    names = draw(st.lists(st.sampled_from(NAMES[1:]), min_size=1, max_size=3, unique=True))
    properties = [
        '"id":{"type":"integer"}',
        *(f"{json.dumps(name)}:{draw(property_schemas())}" for name in names),
    ]
    schema = [f'"properties":{{{",".join(properties)}}}', *draw(st.lists(rules(), max_size=1))]
    lines = [
        f'{{"type":"SCHEMA","stream":"s","key_properties":["id"],"schema":{{{",".join(schema)}}}}}'.encode()
    ]
    for number in range(draw(st.integers(1, 4))):
        members = [f'"id":{number}']
        for name in names:
            value = draw(st.sampled_from(["1", '"x"', "null"]) | values())
            members.append(f"{json.dumps(name)}:{value}")
        more = draw(st.sampled_from([b"", b"", *(b"," + each for each in UNKNOWN)]))
        record = f'{{"type":"RECORD","stream":"s","record":{{{",".join(members)}}}'.encode()
        lines.append(record + more + b"}")
    lines.append(f'{{"type":"STATE","value":{{"at":{draw(values())}}}}}'.encode())
    return b"\n".join(lines)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    fields = ["id", "a", "b"]
    with Sandbox(lists=[program.contact_list(*fields)], token="a-token") as each:
        yield each


def config(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    entry = {"stream": "*", "contact_list": "42", "match_fields": ["id"], "fields": {"id": "id"}}
    return settings(sandbox, entry, **more)


@examples(max_examples=tries(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(inputs(), st.sampled_from(SETUPS), st.sampled_from(["exact", "normalized"]), st.booleans())
def test_no_extreme_is_unexpected(
    sandbox: Sandbox, content: bytes, setup: dict[str, Any], naming: str, sets_aside: bool
) -> None:
    sandbox.reset()
    with tempfile.TemporaryDirectory() as folder:
        given = config(sandbox, **setup)
        given["streams"][0]["field_naming"] = naming
        if sets_aside:
            given |= {"on_invalid_record": "quarantine", "quarantine_path": f"{folder}/aside"}
        ended = load_here(Path(folder), given, content)
    assert ended.status in {0, 2, 3}, ended.stderr[-3000:]


def stream(schema: bytes, *records: bytes, end: bytes = b"") -> bytes:
    """A stream of property `a` with that schema; each record is its value, and maybe more of the message."""
    begin = b'{"type":"SCHEMA","stream":"s","key_properties":["id"],"schema":{"properties":{"id":{"type":'
    lines = [begin + b'"integer"},"a":' + schema + b"}}}"]
    for number, each in enumerate(records):
        value, _, more = each.partition(b"|")
        lines.append(b'{"type":"RECORD","stream":"s","record":{"id":%d,"a":%b}%b}' % (number, value, more))
    return b"\n".join([*lines, end])


HUGE = b"1e99999999999999999999"
MANY_DIGITS = b"9" * 4301


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (stream(b"{}", b"1", b"[%b]" % HUGE), ["conversion_failed"]),
        (stream(b"{}", b"1", b'{"x":%b}' % MANY_DIGITS), []),
        (stream(b'{"type":"string","maxLength":9223372036854775808}', b'"x"', b'"y"'), []),
        (stream(b'{"type":"string","minLength":9223372036854775808}', b'"x"'), ["schema_invalid"]),
        (stream(b'{"type":"array","maxItems":18446744073709551616}', b"[1]", b"[2]"), []),
        (stream(b'{"type":"string"}', b"[%b]" % NESTED[0].encode()), ["schema_invalid"]),
    ],
    ids=["exponent", "digits", "longest", "shortest", "most items", "depth"],
)
def test_an_extreme_that_is_no_contact_is_set_aside(
    sandbox: Sandbox, tmp_path: Path, content: bytes, reasons: list[str]
) -> None:
    sandbox.reset()
    aside = tmp_path / "aside"
    given = config(sandbox, on_invalid_record="quarantine", quarantine_path=str(aside))
    ended = program.run(tmp_path, given, content)
    assert ended.status == 0, ended.stderr
    assert program.reasons(aside) == reasons
    assert program.adds_up(ended)


def test_a_record_whose_schema_compares_with_too_many_digits_is_set_aside(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.reset()
    aside = tmp_path / "aside"
    given = config(sandbox, on_invalid_record="quarantine", quarantine_path=str(aside))
    ended = program.run(tmp_path, given, stream(b'{"multipleOf":%b}' % MANY_DIGITS, b"7"))
    assert ended.status == 0, ended.stderr
    # Python's own reader of JSON refuses the SCHEMA.
    assert b'"reason": "schema_invalid"' in aside.read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (stream(b"{}", b"1", b'1|,"u":"\xff"'), "Line 3 of the input is not UTF-8"),
        (stream(b'{"$id":{}}', b"1"), "The schema of stream 's' can't be used"),
        (stream(b"{}", end=b'{"type":"STATE","value":{"at":%b}}' % NESTED[0].encode()), "200 levels deep"),
        (
            stream(
                b"{}",
                end=b'{"type":"BATCH","stream":"s","encoding":{"format":"jsonl"},"manifest":["a\\u0000"]}',
            ),
            "has a name that no file can have",
        ),
    ],
    ids=["no UTF-8", "id", "deep state", "name of a file"],
)
def test_an_extreme_that_is_no_record_ends_the_run_in_words(
    sandbox: Sandbox, tmp_path: Path, content: bytes, words: str
) -> None:
    sandbox.reset()
    aside = tmp_path / "aside"
    given = config(sandbox, on_invalid_record="quarantine", quarantine_path=str(aside))
    ended = program.run(tmp_path, given, content)
    assert ended.status == 2, ended.stderr
    assert words in ended.last_line
