"""What a line of the quarantine file says: its stream, when it was set aside, whose it is."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from target_w50.contacts.match_values import folded
from target_w50.contacts.names import normalized
from target_w50.errors import InputError
from target_w50.outputs.moments import moment
from target_w50.singer.messages import Message, MessageType, parse_json

_LONG_CHARS = 6
"""A value of so many characters says something where it is found within a text; a shorter one is anywhere."""


@dataclass(frozen=True)
class Line:
    """A line of the file.

    Attributes:
        text: as it is written, with its line end if it has one.
        message: the Singer message; None where it is none: a crash cut it, or a hand that mended it slipped.
    """

    text: bytes
    message: Message | None

    @property
    def stream(self) -> str:
        """Its stream's name, as the tap has it."""
        return str((self.message or {}).get("stream", ""))

    @property
    def is_schema(self) -> bool:
        """Whether records may belong to it."""
        return self.message is not None and self.message["type"] == MessageType.SCHEMA

    @property
    def record(self) -> dict[str, Any] | None:
        """The record that was set aside, if it is one."""
        if self.message is None or self.message["type"] != MessageType.RECORD:
            return None
        record = self.message.get("record")
        return record if type(record) is dict else None

    @property
    def set_aside_at(self) -> dt.datetime | None:
        """When a run set it aside; None where it does not say so, or not in a way to be understood."""
        about = (self.message or {}).get("quarantine")
        return moment(about.get("at")) if type(about) is dict else None


def read_line(text: bytes) -> Line:
    """Read a line of the file; what is no Singer message stays as it is."""
    try:
        message = parse_json(text, "the line")
    except InputError:
        return Line(text, None)
    is_one = type(message) is dict and type(message.get("type")) is str
    return Line(text, message if is_one else None)


class Verdict(Enum):
    """What becomes of a line that is a record, or that can't be read."""

    GOES = "goes"
    STAYS = "stays"
    UNKNOWN = "unknown"
    """It stays, because it does not say what was asked."""


class Wish(Protocol):
    """Which records are to go."""

    def verdict(self, line: Line) -> Verdict:
        """Whether the line goes: a record, or one that is no Singer message."""
        ...

    def places(self, line: Line) -> Sequence[str]:
        """Names of the properties for which a record that stays should be looked at all the same."""
        ...


@dataclass(frozen=True)
class SetAsideBefore:
    """Records that runs set aside before a moment, which must be aware."""

    moment: dt.datetime

    def verdict(self, line: Line) -> Verdict:
        """What does not say when it was set aside, stays."""
        at = line.set_aside_at
        if at is None:
            return Verdict.UNKNOWN
        return Verdict.GOES if at < self.moment else Verdict.STAYS

    def places(self, line: Line) -> Sequence[str]:
        """None: a date says all."""
        del line
        return ()


class OfContact:
    """Records that hold a contact's value in a property.

    Values are compared without regard to blanks around them, to case, to their Unicode form, and to number
    against text: what is left behind of a person by mistake is worse than a record too many. A value within a
    nested property counts.

    Args:
        name: a property, also one that differs in case and punctuation, as for `field_naming` `normalized`.
        also: other names of it: the properties that the settings map to it.
        value: the contact's value; not blank.
    """

    def __init__(self, name: str, also: Sequence[str], value: str) -> None:
        self._names = frozenset((name, *also))
        self._normalized = normalized(name)
        self._value = value.strip()
        self._folded = folded(self._value)
        self._texts = tuple(str(folded(each)) for each in (self._value, json.dumps(self._value)[1:-1]))

    def verdict(self, line: Line) -> Verdict:
        """What is no Singer message goes if the value stands in it; else it might be anybody's."""
        if line.message is None:
            text = str(folded(line.text.decode(errors="replace")))
            return Verdict.GOES if any(each in text for each in self._texts) else Verdict.UNKNOWN
        for name, value in (line.record or {}).items():
            if self._is_named(name) and any(self._same(each) for each in _scalars(value)):
                return Verdict.GOES
        return Verdict.STAYS

    def places(self, line: Line) -> Sequence[str]:
        """Properties of other names that hold the value, alone or within a longer text."""
        found = (line.record or {}).items()
        return [name for name, value in found if any(map(self._within, _scalars(value)))]

    def _is_named(self, name: str) -> bool:
        return name in self._names or (bool(self._normalized) and normalized(name) == self._normalized)

    def _same(self, value: Any) -> bool:
        return _comparable(value) == self._folded

    def _within(self, value: Any) -> bool:
        if self._same(value):
            return True
        return len(self._value) >= _LONG_CHARS and type(value) is str and self._texts[0] in str(folded(value))


def _comparable(value: Any) -> Hashable:
    return folded(value.strip() if type(value) is str else value)


def _scalars(value: Any) -> Iterator[Any]:
    """The value, or all that are within it, names included; without recursion, a contact may nest deeply."""
    rest = [value]
    while rest:
        each = rest.pop()
        if type(each) is dict:
            rest += (*each, *each.values())
        elif type(each) is list:
            rest += each
        else:
            yield each
