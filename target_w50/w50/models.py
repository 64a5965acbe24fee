"""What the W50 API takes and gives, as frozen dataclasses; the only place that knows the members' names.

Every `from_wire` takes what a wire format decoded (dicts and lists), tolerates members that it does not know,
and raises `MemberError`, which never holds a value, where it is something else, or what it is known by is not
there. Any other member that is missing or of the wrong type is read as 0 or nothing, and named in `misfits`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, NamedTuple

Value = bool | int | float | Decimal | str | None
"""What one field of a contact may hold."""

MAX_TEXT_CHARS: Final = 200
"""Of the texts that go into the state and the metrics, no more than this is kept."""

_BIGGEST: Final = 2**63 - 1
_MAX_DATE_CHARS: Final = 64
_DATE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))?"
)
_KIND_NAMES: Final = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    dict: "an object",
}


class Frame(NamedTuple):
    """What stands around contacts' parts in a request: before them, between two and after them."""

    before: bytes
    between: bytes
    after: bytes


class WireError(ValueError):
    """An answer can't be read; the message holds nothing of it."""


class MemberError(ValueError):
    """An answer lacks a member, or has it with the wrong type; the message names it, without its value."""


def parse_date(text: str) -> datetime | None:
    """Read a date as W50 writes it: ISO 8601 with up to seven fractional digits, of which six are kept.

    A date without an offset is taken as UTC. Year 0001 is what .NET sends for a date that was never set (W50
    API documentation), and is None, as is an empty text.

    Raises:
        ValueError: the text is not such a date.
    """
    stripped = text.strip()
    if not stripped or stripped.startswith("0001-"):
        return None
    found = _DATE.fullmatch(stripped)
    if found is None:
        raise ValueError("not a date in ISO 8601 form")
    *parts, fraction, _, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = (int(part) for part in parts)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, microsecond, zone)


class Members:
    """Typed access to the members of one decoded object.

    Args:
        kind: its name in the W50 API documentation.
        wire: what was decoded.
        misfits: takes the names of members that are missing or of the wrong type.
    """

    def __init__(self, kind: str, wire: Any, misfits: list[str] | None = None) -> None:
        if not isinstance(wire, Mapping):
            raise MemberError(f"{_kind_of(wire)} came instead of {kind}")
        self._kind = kind
        self._wire = wire
        self._misfits = [] if misfits is None else misfits

    def integer(self, name: str) -> int:
        """Return an integer that must be there."""
        value = self._wire.get(name)
        if value is None and name not in self._wire:
            raise MemberError(f"{self._kind} has no {name}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise MemberError(f"{self._kind}.{name} is {_kind_of(value)}, not an integer")
        if abs(value) > _BIGGEST:
            raise MemberError(f"{self._kind}.{name} is an integer beyond 64 bits")
        return value

    def count(self, name: str) -> int:
        """Return an integer; 0 for a misfit, null included."""
        value = self._wire.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _BIGGEST:
            self._misfits.append(f"{self._kind}.{name}")
            return 0
        return value

    def text(self, name: str) -> str | None:
        """Return a string; None for null and for a misfit."""
        value = self._nullable(name, str)
        return value if isinstance(value, str) else None

    def short_text(self, name: str) -> str | None:
        """Return the beginning of a string; None for null and for a misfit."""
        text = self.text(name)
        return text if text is None else text[:MAX_TEXT_CHARS]

    def flag(self, name: str) -> bool:
        """Return a boolean; False for null and for a misfit."""
        return bool(self._nullable(name, bool))

    def date_text(self, name: str) -> str | None:
        """Return a date as W50 wrote it; None for null and for a misfit, one that can't be read included."""
        text = self.text(name)
        try:
            if len(text or "") > _MAX_DATE_CHARS:
                raise ValueError("too long for a date")  # noqa: TRY301  # as one that can't be read
            parse_date(text or "")
        except ValueError:
            self._misfits.append(f"{self._kind}.{name}")
            return None
        return text

    def items(self, name: str) -> list[Any]:
        """Return a collection; an empty one for null and for a misfit."""
        value = self._nullable(name, list)
        return value if isinstance(value, list) else []

    def _nullable(self, name: str, kind: type) -> Any:
        value = self._wire.get(name)
        if value is None and name in self._wire:
            return None
        if not isinstance(value, kind):
            self._misfits.append(f"{self._kind}.{name}")
            return None
        return value


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    return _KIND_NAMES.get(type(value), "a collection")


@dataclass(frozen=True)
class ContactsList:
    """A contact list; `count` is how many contacts it has."""

    id: int
    name: str
    count: int

    @classmethod
    def from_wire(cls, wire: Any, misfits: list[str] | None = None) -> ContactsList:
        """Read a decoded ContactsList; `misfits` takes the names of members that could not be read.

        Raises:
            MemberError: it is not one.
        """
        members = Members("ContactsList", wire, misfits)
        return cls(members.integer("Id"), members.text("Name") or "", members.count("Count"))


@dataclass(frozen=True)
class FieldValue:
    """One allowed value of a choice field."""

    id: int
    value: str
    order: int
    in_use: bool

    @classmethod
    def from_wire(cls, wire: Any, misfits: list[str] | None = None) -> FieldValue:
        """Read a decoded member of ContactSchemaFieldValues; `misfits` as above.

        Raises:
            MemberError: it is not one.
        """
        members = Members("ContactSchemaFieldValue", wire, misfits)
        return cls(
            members.integer("Id"),
            members.text("Value") or "",
            members.count("Order"),
            members.flag("InUse"),
        )


@dataclass(frozen=True)
class ContactSchemaField:
    """A field of a contact list; `map_type` is its type, whose values W50 does not list."""

    id: int
    name: str
    default_value: str | None
    map_type: str | None
    position: int
    values: tuple[FieldValue, ...]

    @classmethod
    def from_wire(cls, wire: Any, misfits: list[str] | None = None) -> ContactSchemaField:
        """Read a decoded ContactSchemaField; `misfits` as above.

        Raises:
            MemberError: it is not one, or lacks the name that contacts know it by.
        """
        members = Members("ContactSchemaField", wire, misfits)
        name = members.text("Name")
        if not name:
            raise MemberError("ContactSchemaField has no Name")
        return cls(
            id=members.integer("Id"),
            name=name,
            default_value=members.text("DefaultValue"),
            map_type=members.text("MapType"),
            position=members.count("Position"),
            values=tuple(
                FieldValue.from_wire(item, misfits) for item in members.items("ContactSchemaFieldValues")
            ),
        )


@dataclass(frozen=True)
class Contact:
    """A contact to insert or update; `enc_contact_id` is W50's encrypted id of an existing one."""

    enc_contact_id: str | None
    values: Mapping[str, Value]


@dataclass(frozen=True)
class UploadAnswer:
    """What W50 said of a batch: pairs of a contact's index in the answer and its ValidationWarnings.

    The answer's content is not documented; without an array of contacts there are no warnings. A warning may
    quote values of the contact: it belongs into no log.
    """

    warnings: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @classmethod
    def from_wire(cls, wire: Any) -> UploadAnswer:
        """Read whatever was decoded; nothing in it is required."""
        contacts = wire if isinstance(wire, list) else []
        found = ((index, _warnings_of(contact)) for index, contact in enumerate(contacts))
        return cls(tuple((index, warnings) for index, warnings in found if warnings))


def _warnings_of(contact: Any) -> tuple[str, ...]:
    warnings = contact.get("ValidationWarnings") if isinstance(contact, Mapping) else None
    if not isinstance(warnings, list):
        return ()
    return tuple(_warning_of(warning) for warning in warnings if warning not in (None, ""))


def _warning_of(warning: Any) -> str:
    # Not str(): of something that is nested deeply that is a RecursionError.
    return warning if isinstance(warning, str) else type(warning).__name__
