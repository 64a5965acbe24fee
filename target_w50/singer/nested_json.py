"""How a nested value is written as JSON text: in one way, wherever that happens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_encode = _encoder.encode


class NestedValueError(ValueError):
    """The value holds something that JSON can't: NaN, half a surrogate pair, or too deep a nesting."""


def compact_json(value: Any) -> str:
    """The nested value as compact JSON text, with the digits of its numbers.

    Raises:
        NestedValueError: it holds something that JSON can't; without the value.
    """
    try:
        _check_numbers(value)
        return _encode(_plain(value)).decode()
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise NestedValueError("holds something that JSON can't") from None


def parsed_as_texts(values: Sequence[Any]) -> list[str]:
    """The same for values that msgspec has just parsed, in which there is no NaN: all it can do at once.

    Raises:
        ValueError, OverflowError: one is for `compact_json` to write or refuse.
    """
    # JSON has no line end within a value.
    return _encoder.encode_lines(values)[:-1].decode().split("\n")


def _plain(value: Any) -> Any:
    """The value with what msgspec can't write, integers beyond 64 bits, as raw JSON."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if type(value) is int and not -(2**63) <= value < 2**64:
        return msgspec.Raw(str(value).encode())
    return value


def _check_numbers(value: Any) -> None:
    if isinstance(value, dict):
        for each in value.values():
            _check_numbers(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _check_numbers(each)
    elif (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, Decimal) and not value.is_finite()
    ):
        raise ValueError
