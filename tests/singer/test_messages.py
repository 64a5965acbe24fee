from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.errors import InputError, TargetW50Error
from target_w50.singer.messages import (
    MessageType,
    key_properties,
    message_type,
    optional,
    parse_json,
    parse_line,
    require,
)

SECRET = "someone@example.com"


def value_of(text: str) -> Any:
    message = parse_line(b'{"type": "STATE", "value": ' + text.encode() + b"}", 1)
    assert message is not None
    return message["value"]


def error_of(line: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_line(line, 12)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", Decimal("1.10")),
        ("0.1e-7", Decimal("0.1e-7")),
        ("1e400", Decimal("1e400")),
        ("-0.0", Decimal("-0.0")),
        ("123456789012345678901234567890.123456789", Decimal("123456789012345678901234567890.123456789")),
        ("18446744073709551616", 2**64),
        ("-9223372036854775809", -(2**63) - 1),
        (str(10**4000), 10**4000),
        ("9" * 5000, Decimal("9" * 5000)),
        ("-" + "9" * 5000, Decimal("-" + "9" * 5000)),
        ('"a\\u0000b"', "a\0b"),
        ('"\\ud800"', "\ud800"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("1e-99999999999999999999", Decimal(0)),
    ],
)
def test_numbers_keep_their_digits_and_text_every_character(text: str, value: Any) -> None:
    parsed = value_of(text)
    assert (type(parsed), str(parsed) if len(text) < 4000 else parsed) == (
        type(value),
        str(value) if len(text) < 4000 else value,
    )


def test_nan_and_infinity_are_read_as_floats() -> None:
    assert math.isnan(value_of("NaN"))
    assert value_of("[Infinity, -Infinity]") == [math.inf, -math.inf]
    assert value_of("[1e99999999999999999999, -1e99999999999999999999]") == [math.inf, -math.inf]


def test_a_line_that_one_parser_refuses_reads_as_the_other_reads_it() -> None:
    """The general way must not give other types than the fast one."""
    fast = value_of('[1, 1.50, 18446744073709551616, "a", null, true, {}]')
    general = value_of('[1, 1.50, 18446744073709551616, "a", null, true, {}, NaN]')[:-1]
    assert [(type(v), str(v)) for v in fast] == [(type(v), str(v)) for v in general]


@pytest.mark.parametrize("line", [b"", b"  ", b"\t\r", b"\r"])
def test_a_blank_line_is_no_message(line: bytes) -> None:
    assert parse_line(line, 1) is None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"type": "RECORD", "email": "someone@example.com"', "input_not_json"),
        (b"someone@example.com", "input_not_json"),
        (b'{"type": "STATE"} someone@example.com', "input_not_json"),
        (b'{"type": "STATE", "a": "someone@example.com\x01"}', "input_not_json"),
        (b'{"type": "STATE", "a": "someone@example.com\xff"}', "input_not_utf8"),
        (b'{"type": "STATE", "a": "someone@example.com\xed\xa0\x80"}', "input_not_utf8"),
        (b'{"type": "STATE", "a": "\\ud800 someone@example.com\xff"}', "input_not_utf8"),
        (b"\xff\xfe{\x00}\x00", "input_not_utf8"),
        (b'{"type": "STATE", "a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "input_too_deep"),
        (b'["someone@example.com"]', "input_not_singer"),
        (b'"someone@example.com"', "input_not_singer"),
        (b"1", "input_not_singer"),
        (b"{}", "input_not_singer"),
        (b'{"type": null}', "input_not_singer"),
        (b'{"type": ["someone@example.com"]}', "input_not_singer"),
    ],
)
def test_a_line_that_is_no_message_is_named_by_its_number_and_never_quoted(line: bytes, code: str) -> None:
    error = error_of(line)
    assert error.code == code
    assert "12" in error.message
    assert SECRET not in error.message
    assert "someone" not in str(error.__cause__)


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | st.from_regex(rb'\{"type":.{0,40}\}?')
)
def test_any_bytes_give_a_message_or_nothing_or_an_error_for_the_operator(line: bytes) -> None:
    try:
        message = parse_line(line, 1)
    except TargetW50Error as error:
        assert error.exit_status == 2  # noqa: PT017 - either outcome is right
    else:
        assert message is None or isinstance(message["type"], str)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_every_json_value_is_read_as_json_reads_it(value: Any) -> None:
    text = json.dumps(value)
    expected = json.loads(text, parse_float=Decimal)
    assert parse_json(text.encode(), "here") == expected


@pytest.mark.parametrize("kind", ["SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION", "BATCH"])
def test_the_known_message_types_are_known(kind: str) -> None:
    assert message_type({"type": kind}, 1) is MessageType(kind)


def test_an_unknown_type_is_named_only_if_it_is_a_plain_word() -> None:
    with pytest.raises(InputError, match=r"Line 3 .*'LOG'") as caught:
        message_type({"type": "LOG"}, 3)
    assert caught.value.code == "unknown_message_type"
    for odd in (SECRET, "A" * 100, "", "0470 12 34 56"):
        with pytest.raises(InputError) as caught:
            message_type({"type": odd}, 3)
        assert not odd or odd not in caught.value.message


@pytest.mark.parametrize(
    ("message", "member", "kind", "says"),
    [
        ({}, "stream", str, "has no `stream`"),
        ({"stream": None}, "stream", str, "not a string"),
        ({"record": [SECRET]}, "record", dict, "not an object"),
        ({"version": True}, "version", int, "not an integer"),
        ({"manifest": {}}, "manifest", list, "not an array"),
    ],
)
def test_a_missing_or_odd_member_is_named_with_line_and_type(
    message: dict[str, Any], member: str, kind: Any, says: str
) -> None:
    with pytest.raises(InputError, match=says) as caught:
        require({"type": "RECORD", **message}, 7, member, kind)
    assert "Line 7" in caught.value.message
    assert "RECORD" in caught.value.message
    assert SECRET not in caught.value.message
    assert caught.value.code == "input_not_singer"


def test_a_member_that_is_as_it_should_be_is_given_back() -> None:
    message = {"type": "RECORD", "stream": "contacts", "version": 3, "time_extracted": None}
    assert require(message, 1, "stream", str) == "contacts"
    assert optional(message, 1, "version", int) == 3
    assert optional(message, 1, "time_extracted", str) is None
    assert optional(message, 1, "elsewhere", str) is None
    with pytest.raises(InputError):
        optional(message, 1, "version", str)


def test_key_properties_are_a_list_of_names_or_nothing() -> None:
    assert key_properties({"type": "SCHEMA"}, 1) == []
    assert key_properties({"type": "SCHEMA", "key_properties": None}, 1) == []
    assert key_properties({"type": "SCHEMA", "key_properties": ["id"]}, 1) == ["id"]
    for odd in ("id", [1], {"id": 1}):
        with pytest.raises(InputError):
            key_properties({"type": "SCHEMA", "key_properties": odd}, 1)
