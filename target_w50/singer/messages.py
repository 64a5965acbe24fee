"""A line becomes a Singer message, or is named where it can't; the SCHEMA line that records belong to."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar

import msgspec

from target_w50.errors import InputError

Message = dict[str, Any]
_Kind = TypeVar("_Kind", str, int, bool, dict[str, Any], list[Any])

_KIND_NAMES: dict[type, str] = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    dict: "an object",
    list: "an array",
}


class MessageType(str, Enum):
    """The message types of Singer and of its two extensions."""

    SCHEMA = "SCHEMA"
    RECORD = "RECORD"
    STATE = "STATE"
    ACTIVATE_VERSION = "ACTIVATE_VERSION"
    BATCH = "BATCH"


DEEPEST_STATE = 200
"""Levels of a state; writing it takes the stack of whoever writes it."""


class BrokenLineError(InputError):
    """A line is no Singer message: the tap died, or something else wrote there; those before it are whole."""


class SchemaLine:
    """A SCHEMA message as the tap sent it; records belong to one."""

    __slots__ = ("line",)

    def __init__(self, line: bytes) -> None:
        self.line = line


_MESSAGE_TYPES = {kind.value: kind for kind in MessageType}


def _parse_number(digits: str) -> Decimal | float:
    """Read a JSON number with all its digits.

    An exponent of twenty digits is beyond what a Decimal holds: such a number is infinite (a float, as the
    constant `Infinity` is), or zero, as it is to every other reader of JSON.
    """
    try:
        return Decimal(digits)
    except InvalidOperation:
        value = float(digits)
        return value or Decimal(value)


def _parse_integer(digits: str) -> int | Decimal:
    try:
        return int(digits)
    except ValueError:  # longer than Python turns into an int (the time taken is quadratic)
        return Decimal(digits)


# Decimal itself as the hook is a tenth faster; what it raises sends the line the general way.
_decode_fast = msgspec.json.Decoder(float_hook=Decimal).decode
_NOT_FAST = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidOperation)
_decode_generally = json.JSONDecoder(parse_float=_parse_number, parse_int=_parse_integer).decode


def parse_json(line: bytes, where: str) -> Any:
    """Read a JSON value; fractions become Decimal, integers int (Decimal beyond 4,300 digits).

    NaN and Infinity, which Python's own writers of JSON produce, and lone surrogates are read.

    Args:
        line: one JSON value, in UTF-8.
        where: what an error calls the line, such as `line 12 of the input`.

    Raises:
        InputError: `input_not_utf8`, `input_not_json` or `input_too_deep`; never with the line's contents.
    """
    try:
        return _decode_fast(line)
    except _NOT_FAST:
        return _parse_generally(line, where)


def _parse_generally(line: bytes, where: str) -> Any:
    try:
        return _decode_generally(line.decode())
    except UnicodeDecodeError:
        fault, code = "is not UTF-8", "input_not_utf8"
    except RecursionError:
        fault, code = "is nested too deeply", "input_too_deep"
    except ValueError:
        fault, code = "is not JSON", "input_not_json"
    # Raised out here: json's error holds the whole line, and would come along as this one's context.
    raise BrokenLineError(f"{_sentence(where)} {fault}; check what the tap wrote there.", code=code)


def parse_line(line: bytes, line_number: int) -> Message | None:
    """Read one line of the input.

    Args:
        line: the line, with or without its line end.
        line_number: its number, from 1.

    Returns:
        The message, whose `type` is a string (maybe of an unknown type); None for a blank line.

    Raises:
        InputError: as `parse_json`, and `input_not_singer` where it is no object with a `type`.
    """
    try:
        message = _decode_fast(line)
    except _NOT_FAST:
        if not line.strip():
            return None
        message = _parse_generally(line, f"line {line_number} of the input")
    if type(message) is dict and type(message.get("type")) is str:
        return message
    raise BrokenLineError(
        f"Line {line_number} of the input is not a Singer message: that is an object with a string `type`.",
        code="input_not_singer",
    )


def stream_of(line: bytes) -> str:
    """The stream of a message that was read before and kept."""
    name: str = parse_json(line, "a kept message")["stream"]
    return name


def message_type(message: Message, line_number: int) -> MessageType:
    """Name the type of a message.

    Raises:
        InputError: no one knows the type (`unknown_message_type`).
    """
    name = message["type"]
    kind = _MESSAGE_TYPES.get(name)
    if kind is not None:
        return kind
    # A type that is not a plain word may be anything, a contact value too.
    named = f" {name!r}" if re.fullmatch(r"[A-Za-z][A-Za-z_]{0,31}", name) else ""
    known = ", ".join(MessageType)
    raise BrokenLineError(
        f"Line {line_number} of the input has an unknown message type{named}; known are {known}.",
        code="unknown_message_type",
    )


def require(message: Message, line_number: int, member: str, kind: type[_Kind]) -> _Kind:
    """Give a member of a message that must be there and be of one kind.

    Args:
        message: the message, with its `type`.
        line_number: its line in the input, from 1.
        member: the member's name.
        kind: `str`, `int`, `bool`, `dict` or `list`.

    Raises:
        InputError: it is missing, or of another kind (`input_not_singer`).
    """
    if member not in message:
        raise _not_as_required(message, line_number, f"has no `{member}`")
    value = message[member]
    if type(value) is not kind:
        raise _not_as_required(message, line_number, f"has a `{member}` that is not {_KIND_NAMES[kind]}")
    return value


def optional(message: Message, line_number: int, member: str, kind: type[_Kind]) -> _Kind | None:
    """Give a member of a message that may be missing or null, and is else of one kind.

    Raises:
        InputError: it is of another kind (`input_not_singer`).
    """
    return None if message.get(member) is None else require(message, line_number, member, kind)


def key_properties(message: Message, line_number: int) -> list[str]:
    """Give the key properties of a SCHEMA message; none of them is the empty list.

    Raises:
        InputError: they are not a list of names (`input_not_singer`).
    """
    names = optional(message, line_number, "key_properties", list) or []
    if not all(type(name) is str for name in names):
        raise _not_as_required(message, line_number, "has `key_properties` that are not an array of strings")
    return names


def state_value(message: Message, line_number: int) -> dict[str, Any] | None:
    """Give the value of a STATE message, which can be written again; None where it is empty.

    Raises:
        InputError: it is missing, no object, or nested too deeply (`input_not_singer`).
    """
    if "value" not in message:
        raise _not_as_required(message, line_number, "has no `value`")
    value = message["value"]
    if not value:
        return None
    if not isinstance(value, dict):
        raise _not_as_required(message, line_number, "has a `value` that is not an object")
    if _is_deep(value):
        fault = f"has a `value` that is nested more than {DEEPEST_STATE} levels deep"
        raise _not_as_required(message, line_number, fault)
    return value


def _is_deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST_STATE):
        inner: list[Any] = []
        for each in level:
            inner += each.values() if type(each) is dict else each
        level = [each for each in inner if type(each) is dict or type(each) is list]
        if not level:
            return False
    return True


def _not_as_required(message: Message, line_number: int, fault: str) -> BrokenLineError:
    kind = message["type"]
    return BrokenLineError(
        f"Line {line_number} of the input ({kind}) {fault}. Check the tap.", code="input_not_singer"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
