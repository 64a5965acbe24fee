"""STATE lines of which nothing has to be said: many looked at together, so that one may stand for all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Raw

from target_w50.singer.messages import DEEPEST_STATE

_TWO_IN_A_LINE = re.compile(rb"\}[ \t\r]*\{")
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeError, RecursionError)


class _Object(msgspec.Struct, gc=False):
    """Any object."""


class _State(msgspec.Struct, gc=False):
    type: Literal["STATE"]
    value: _Object


class _Value(msgspec.Struct):
    value: dict[str, Raw]


_decoder = msgspec.json.Decoder(_State)
_read_value = msgspec.json.Decoder(_Value).decode


def is_plain(line: bytes) -> bool:
    """Whether it is a STATE of which nothing has to be said, and that another one may stand for."""
    return not _may_be_deep(line) and _are_states(line, 1)


def first_odd(lines: Sequence[bytes]) -> int | None:
    """The first of some lines that is no plain STATE; None where all are.

    Args:
        lines: each begins as a STATE does.
    """
    together = b"\n".join(lines)
    is_long = len(max(lines, key=len)) > 2 * DEEPEST_STATE
    if not (is_long and any(map(_may_be_deep, lines))) and _are_states(together, len(lines)):
        return None
    return next((at for at, line in enumerate(lines) if not is_plain(line)), None)


def says_something(line: bytes) -> bool:
    """Whether a plain STATE is not empty."""
    return bool(_read_value(line).value)


def _may_be_deep(line: bytes) -> bool:
    # A level takes two bytes.
    return len(line) > 2 * DEEPEST_STATE and line.count(b"{") + line.count(b"[") > DEEPEST_STATE


def _are_states(lines: bytes, count: int) -> bool:
    """Whether these lines are so many plain states.

    Where no line holds two objects, so many objects begin with a line each, and end in it.
    """
    try:
        return (
            (lines.isascii() or bool(lines.decode()))
            and len(_decoder.decode_lines(lines)) == count
            and _TWO_IN_A_LINE.search(lines) is None
        )
    except _NOT_PLAIN:
        return False
