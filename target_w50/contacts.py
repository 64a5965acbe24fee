"""One record becomes one contact: values, EncContactId and what tells the contact from others; pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from target_w50.mapping import StreamMapping
from target_w50.w50 import Contact, WireFormat

_read = msgspec.json.Decoder(float_hook=Decimal)
_nested = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True)
class Refusal:
    """Why a record can't become a contact; without any value of it."""

    reason: str
    message: str
    property: str | None


@dataclass(frozen=True)
class ReadyContact:
    """A contact, as it is sent, and its identity: None where nothing tells it from another."""

    contact: Contact
    identity: Hashable | None
    fragment: bytes


class ContactMaker:
    """Turns the records of one stream and schema into contacts, as its mapping decided.

    Args:
        mapping: what was decided for the stream.
        key_properties: the stream's keys, after stream maps.
        wire: the format that contacts are sent in.
    """

    def __init__(
        self,
        mapping: StreamMapping,
        key_properties: tuple[str, ...],
        wire: WireFormat,
    ) -> None:
        entry = mapping.entry
        self._pairs = tuple((each.name, each.field_name) for each in mapping.properties)
        self._property_of = {field: name for name, field in self._pairs}
        self._match_fields = mapping.match_fields
        self._key_properties = key_properties
        self._enc_contact_id = entry.enc_contact_id
        self._omit_nulls = entry.null_values == "omit"
        self._deleted_values = dict(entry.deleted_values)
        self._wire = wire
        self._text_problem = wire.text_problem

    def make(self, record: Mapping[str, Any]) -> ReadyContact | Refusal:
        """The record's contact, or why there is none."""
        values: dict[str, Any] = {}
        for name, field_name in self._pairs:
            if name not in record:
                continue
            value = self._sendable(name, record[name])
            if isinstance(value, Refusal):
                return value
            if value is None and self._omit_nulls:
                continue
            values[field_name] = value
        return self._ready(record, values)

    def make_deleted(self, record: Mapping[str, Any]) -> ReadyContact | Refusal:
        """The contact that marks a deletion: the match fields and `deleted_values` alone."""
        made = self.make(record)
        if isinstance(made, Refusal):
            return made
        values = {name: made.contact.values[name] for name in self._match_fields}
        values.update(self._deleted_values)
        contact = Contact(made.contact.enc_contact_id, values)
        return ReadyContact(contact, made.identity, self._wire.encode_contact(contact))

    def _sendable(self, name: str, value: Any) -> Any:
        """The value as it is sent, or a Refusal."""
        kind = type(value)
        if value is None or kind is bool or kind is int:
            return value
        if kind is str:
            problem = self._text_problem(value)
            return Refusal("conversion_failed", f"its text {problem}", name) if problem else value
        if kind is Decimal or kind is float:
            finite = value.is_finite() if kind is Decimal else math.isfinite(value)
            return value if finite else Refusal("conversion_failed", "is not a finite number", name)
        if isinstance(value, (dt.datetime, dt.date, dt.time)):
            return value.isoformat()
        if isinstance(value, (dict, list, tuple)):
            return self._nested_text(name, value)
        return Refusal("conversion_failed", f"a value of type {kind.__name__} can't be sent", name)

    def _nested_text(self, name: str, value: Any) -> Any:
        try:
            text = compact_json(value)
        except (ValueError, TypeError, OverflowError, RecursionError):
            return Refusal("conversion_failed", "holds something that JSON can't", name)
        problem = self._text_problem(text)
        return Refusal("conversion_failed", f"its text {problem}", name) if problem else text

    def _ready(self, record: Mapping[str, Any], values: dict[str, Any]) -> ReadyContact | Refusal:
        enc = self._enc_id(record)
        if isinstance(enc, Refusal):
            return enc
        missing = self._missing_match_value(values, enc)
        if missing is not None:
            return missing
        contact = Contact(enc, values)
        try:
            fragment = self._wire.encode_contact(contact)
        except (ValueError, OverflowError) as error:
            return self._unsendable(values, error)
        return ReadyContact(contact, self._identity(record, contact), fragment)

    def _missing_match_value(self, values: Mapping[str, Any], enc: str | None) -> Refusal | None:
        for field_name in self._match_fields:
            value = values.get(field_name)
            if value is None or (type(value) is str and not value.strip()):
                return Refusal(
                    "missing_match_value",
                    f"is missing, null or blank, but goes to the match field {field_name!r}",
                    self._property_of.get(field_name),
                )
        if enc is None and self._enc_contact_id is not None and not self._match_fields:
            return Refusal(
                "missing_match_value",
                "is missing, null or blank, but holds EncContactId",
                self._enc_contact_id,
            )
        return None

    def _identity(self, record: Mapping[str, Any], contact: Contact) -> Hashable | None:
        if contact.enc_contact_id is not None:
            return ("EncContactId", contact.enc_contact_id)
        if self._match_fields:
            return _together([contact.values[name] for name in self._match_fields])
        return self._key_identity(record)

    def _unsendable(self, values: Mapping[str, Any], error: Exception) -> Refusal:
        """Which value the wire format can't hold; the error's own text may show it."""
        for field_name, value in values.items():
            try:
                self._wire.encode_contact(Contact(None, {field_name: value}))
            except (ValueError, OverflowError):
                name = self._property_of.get(field_name)
                return Refusal("conversion_failed", f"can't be sent as {self._wire.media_type}", name)
        return Refusal("conversion_failed", f"can't be sent ({type(error).__name__})", None)

    def _enc_id(self, record: Mapping[str, Any]) -> str | Refusal | None:
        if self._enc_contact_id is None:
            return None
        value = record.get(self._enc_contact_id)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            return Refusal("conversion_failed", "can't be an EncContactId", self._enc_contact_id)
        problem = self._text_problem(str(value))
        if problem:
            return Refusal("conversion_failed", f"its text {problem}", self._enc_contact_id)
        return str(value)

    def _key_identity(self, record: Mapping[str, Any]) -> Hashable | None:
        keys = [record.get(name) for name in self._key_properties]
        if not keys or any(key is None for key in keys):
            return None
        return _together(keys)


def _together(values: list[Any]) -> Hashable:
    """Several values as one; a single one as it is."""
    parts = [_told_apart(value) for value in values]
    return parts[0] if len(parts) == 1 else tuple(parts)


def read_fragment(fragment: bytes) -> Contact:
    """The contact of a JSON fragment, numbers with their digits."""
    wire = _read.decode(fragment)
    return Contact(wire.get("EncContactId"), wire["Values"])


def _told_apart(value: Any) -> Hashable:
    """The value for comparing: Python holds True and 1 for equal, W50 need not."""
    if value is True or value is False:
        return ("boolean", value)
    if isinstance(value, (dict, list)):
        return ("nested", repr(value))
    result: Hashable = value
    return result


def compact_json(value: Any) -> str:
    """The nested value as compact JSON text, with the digits of its numbers."""
    _check_numbers(value)
    return _nested.encode(_plain(value)).decode()


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
