"""One record becomes one contact: values, EncContactId and what tells the contact from others; pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from target_w50.contacts.check_values import Judge, judge_of
from target_w50.contacts.checks import FailedCheck, FieldCheck
from target_w50.contacts.mapping import StreamMapping
from target_w50.contacts.match_values import ENC_CONTACT_ID, folded, is_blank
from target_w50.contacts.refusal import Reason, Refusal
from target_w50.settings.model import MatchValues, NullValues, OnFailedCheck, Send
from target_w50.singer.messages import parse_json
from target_w50.singer.nested_json import NestedValueError, compact_json
from target_w50.w50 import Contact, WireFormat

_Checks = tuple[tuple[FieldCheck, Judge], ...]

_SENT_AS_THEY_ARE = frozenset((type(None), bool, int, str))


class ReadyContact(NamedTuple):
    """A contact, as it is sent, and what tells it from others.

    Attributes:
        identity: None where nothing tells it from another.
        failed: the checks that values of it failed, which are sent all the same, or left out.
        matched: its match values, where contacts may have EncContactId as well: W50 may take two records for
            one contact that have the one in common but not the other.
    """

    contact: Contact
    identity: Hashable | None
    fragment: bytes
    matched: Hashable | None = None
    failed: tuple[FailedCheck, ...] = ()


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
        self._omit_nulls = entry.null_values is NullValues.OMIT
        self._folds = entry.match_values is MatchValues.FOLDED
        self._deleted_values = dict(entry.deleted_values)
        self._sorts = entry.send is Send.CHANGED  # as the mapping has its properties
        self._wire = wire
        self._encode = wire.encode_contact
        self._identity = self._identity_of()
        self._checks = tuple((each, judge_of(each)) for each in mapping.checks)
        self._match_checks = tuple(each for each in self._checks if each[0].field_name in self._match_fields)
        self._on_failed = entry.on_failed_check

    def make(self, record: Mapping[str, Any]) -> ReadyContact | Refusal:
        """The record's contact, or why there is none."""
        return self._make(record, self._checks)

    def _make(self, record: Mapping[str, Any], checks: _Checks) -> ReadyContact | Refusal:
        values: dict[str, Any] = {}
        for name, field_name in self._pairs:
            if name in record:
                value = record[name]
                if type(value) not in _SENT_AS_THEY_ARE:
                    value = self._sendable(name, value)
                    if type(value) is Refusal:
                        return value
                values[field_name] = value
        if self._omit_nulls:
            values = {field_name: value for field_name, value in values.items() if value is not None}
        return self._ready(record, values, checks)

    def make_deleted(self, record: Mapping[str, Any]) -> ReadyContact | Refusal:
        """The contact that marks a deletion: the match fields and `deleted_values` alone."""
        made = self._make(record, self._match_checks)
        if isinstance(made, Refusal):
            return made
        values = {name: made.contact.values[name] for name in self._match_fields}
        values.update(self._deleted_values)
        if self._sorts:
            values = {name: values[name] for name in sorted(values)}
        contact = Contact(made.contact.enc_contact_id, values)
        return made._replace(contact=contact, fragment=self._encode(contact))

    def _sendable(self, name: str, value: Any) -> Any:
        """The value as it is sent, or a Refusal; what text the wire can hold shows when it is written."""
        kind = type(value)
        if kind is Decimal or kind is float:
            finite = value.is_finite() if kind is Decimal else math.isfinite(value)
            return value if finite else Refusal(Reason.CONVERSION_FAILED, "is not a finite number", name)
        if isinstance(value, (dt.datetime, dt.date, dt.time)):
            return value.isoformat()
        if isinstance(value, (dict, list, tuple)):
            return self._nested_text(name, value)
        return Refusal(
            Reason.CONVERSION_FAILED, f"holds a value of type {kind.__name__}, which can't be sent", name
        )

    def _nested_text(self, name: str, value: Any) -> Any:
        try:
            return compact_json(value)
        except NestedValueError as error:
            return Refusal(Reason.CONVERSION_FAILED, str(error), name)

    def _ready(
        self, record: Mapping[str, Any], values: dict[str, Any], checks: _Checks
    ) -> ReadyContact | Refusal:
        enc = self._enc_id(record)
        if isinstance(enc, Refusal):
            return enc
        for field_name in self._match_fields:
            value = values.get(field_name)
            if value is None or (type(value) is str and is_blank(value)):
                return self._missing_match_value(field_name)
        if enc is None and self._enc_contact_id is not None and not self._match_fields:
            return Refusal(
                Reason.MISSING_MATCH_VALUE,
                f"property {self._enc_contact_id!r} is missing, null or blank, but holds EncContactId",
                self._enc_contact_id,
            )
        failed = self._failed(values, checks) if checks else ()
        if isinstance(failed, Refusal):
            return failed
        contact = Contact(enc, values)
        try:
            fragment = self._encode(contact)
        except (ValueError, OverflowError) as error:
            return self._unsendable(values, error)
        if self._enc_contact_id is None or not self._match_fields:
            identity = self._identity(record, values) if enc is None else (ENC_CONTACT_ID, enc)
            return ReadyContact(contact, identity, fragment, failed=failed)
        matched = self._identity(record, values)
        identity = matched if enc is None else (ENC_CONTACT_ID, enc)
        return ReadyContact(contact, identity, fragment, matched, failed)

    def _failed(self, values: dict[str, Any], checks: _Checks) -> tuple[FailedCheck, ...] | Refusal:
        """The checks that values fail; these are taken out where they are not to be sent."""
        failed: list[FailedCheck] = []
        for check, judge in checks:
            value = values.get(check.field_name)
            message = None if value is None else judge(value)
            if message is not None:
                failed.append(FailedCheck(check, message))
        if not failed or self._on_failed is OnFailedCheck.WARN:
            return tuple(failed)
        for each in failed:
            if self._on_failed is OnFailedCheck.QUARANTINE or each.check.field_name in self._match_fields:
                return Refusal(Reason.INVALID_VALUE, each.message, each.check.property, failed=tuple(failed))
        for each in failed:
            del values[each.check.field_name]
        return tuple(failed)

    def _missing_match_value(self, field_name: str) -> Refusal:
        name = self._property_of.get(field_name)
        # Named here: it is often called as the field is, which the text has anyway.
        subject = "a value" if name is None else f"property {name!r}"
        return Refusal(
            Reason.MISSING_MATCH_VALUE,
            f"{subject} is missing, null or blank, but goes to the match field {field_name!r}",
            name,
        )

    def _identity_of(self) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Hashable | None]:
        """What tells contacts without EncContactId apart, by record and values: decided once."""
        match_fields = self._match_fields
        if not match_fields:
            return lambda record, _: self._key_identity(record)
        if self._folds:
            return lambda _, values: folded(together([values[name] for name in match_fields]))
        if len(match_fields) > 1:
            return lambda _, values: together([values[name] for name in match_fields])
        (only,) = match_fields
        return lambda _, values: told_apart(values[only])

    def _unsendable(self, values: Mapping[str, Any], error: Exception) -> Refusal:
        """Which value the wire format can't hold; the error's own text may show it."""
        for field_name, value in values.items():
            problem = self._wire.text_problem(value) if isinstance(value, str) else None
            if problem is not None:
                name = self._property_of.get(field_name)
                return Refusal(Reason.CONVERSION_FAILED, problem, name)
            try:
                self._wire.encode_contact(Contact(None, {field_name: value}))
            except (ValueError, OverflowError):
                name = self._property_of.get(field_name)
                return Refusal(Reason.CONVERSION_FAILED, f"can't be sent as {self._wire.media_type}", name)
        return Refusal(Reason.CONVERSION_FAILED, f"the contact can't be sent ({type(error).__name__})", None)

    def _enc_id(self, record: Mapping[str, Any]) -> str | Refusal | None:
        if self._enc_contact_id is None:
            return None
        value = record.get(self._enc_contact_id)
        if value is None or (isinstance(value, str) and is_blank(value)):
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            return Refusal(Reason.CONVERSION_FAILED, "can't be an EncContactId", self._enc_contact_id)
        problem = self._wire.text_problem(str(value))
        if problem:
            return Refusal(Reason.CONVERSION_FAILED, problem, self._enc_contact_id)
        return str(value)

    def _key_identity(self, record: Mapping[str, Any]) -> Hashable | None:
        keys = [record.get(name) for name in self._key_properties]
        if not keys or any(key is None for key in keys):
            return None
        return together(keys)


def together(values: list[Any]) -> Hashable:
    """Several values as one; a single one as it is."""
    parts = [told_apart(value) for value in values]
    return parts[0] if len(parts) == 1 else tuple(parts)


def read_fragment(fragment: bytes) -> Contact:
    """The contact of a fragment, numbers with their digits."""
    if fragment.startswith(b"<"):
        from target_w50.w50.wire.xml_requests import read_contact  # noqa: PLC0415  # most runs never see XML

        return read_contact(fragment)
    wire = parse_json(fragment, "a kept contact")
    return Contact(wire.get("EncContactId"), wire["Values"])


def told_apart(value: Any) -> Hashable:
    """The value for comparing: Python holds True and 1 for equal, W50 need not."""
    kind = type(value)
    if kind is bool:
        return ("boolean", value)
    if kind is dict or kind is list:
        return ("nested", repr(value))
    result: Hashable = value
    return result
