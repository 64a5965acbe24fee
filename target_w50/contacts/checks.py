"""Which fields of a stream are checked, and for what: decided once for each schema, as its mapping is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from target_w50.contacts.names import listing, nearest, normalized
from target_w50.errors import MappingError
from target_w50.settings.checks import AUTO, OFF, CheckKind, kind_and_region
from target_w50.w50 import ContactSchemaField


@dataclass(frozen=True)
class FieldCheck:
    """What the values of one FieldName are checked for.

    Attributes:
        property: what goes to the field.
        region: for phone numbers without a country code; None: these can't be judged.
        allowed: for `CHOICE`, the field's values in lower case.
    """

    field_name: str
    property: str
    kind: CheckKind
    region: str | None = None
    allowed: frozenset[str] = field(default=frozenset(), repr=False)

    def in_words(self) -> str:
        """The check as the settings have it, such as `phone:GB`."""
        return self.kind.value if self.region is None else f"{self.kind.value}:{self.region}"


class FailedCheck(NamedTuple):
    """A value failed; `message` says what is wrong without it."""

    check: FieldCheck
    message: str


class _Clue(Enum):
    """What the type that W50 gives a field says of its values."""

    TEXT = "text"
    OTHER = "other"


_TYPES = {
    **dict.fromkeys(("email", "emailaddress", "mail"), CheckKind.EMAIL),
    **dict.fromkeys(
        ("sms", "smsnumber", "phone", "phonenumber", "mobile", "mobilephone", "mobilenumber", "cellphone"),
        CheckKind.PHONE,
    ),
    **dict.fromkeys(("telephone", "telephonenumber", "tel", "msisdn"), CheckKind.PHONE),
    **dict.fromkeys(("date", "datetime", "datetime2", "datetimeoffset", "smalldatetime"), CheckKind.DATE),
    **dict.fromkeys(("birthdate", "birthday", "dateofbirth", "timestamp"), CheckKind.DATE),
    **dict.fromkeys(("", "string", "text", "varchar", "nvarchar", "char", "nchar", "memo"), _Clue.TEXT),
    **dict.fromkeys(("longtext", "shorttext", "singleline", "singlelinetext", "textbox"), _Clue.TEXT),
}
"""The values of `MapType` are not documented: by their names, without case and punctuation."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EMAIL_NAMES = (("email",), ("e", "mail"), ("email", "address"), ("e", "mail", "address"))
_PHONE_WORDS = ("phone", "telephone", "mobile", "cell", "cellphone", "sms", "tel", "msisdn")
_ABOUT = frozenset(
    re.findall(
        r"\w+",
        "accept accepts agree agreed allow allows asked blocked bounced can consent consented count disable "
        "do dont enable enabled has have in is last no not ok opt optin optout out permission permit prefer "
        "preferred prefers receive receives send sends sent stop subscribe subscribed unsubscribe "
        "unsubscribed use uses valid verified via want wants",
    )
)
"""A name with one of these words says something about an address or a number: `SendEmail`, `HasMobile`."""


def decide_checks(
    stream: str,
    checks: str | Mapping[str, str],
    mapped: Mapping[str, str],
    schema: Mapping[str, Any],
    fields: Iterable[ContactSchemaField] | None,
) -> tuple[FieldCheck, ...]:
    """What is checked of a stream.

    Args:
        stream: its name.
        checks: the setting `contact_checks` of its entry.
        mapped: FieldName to property.
        schema: its JSON Schema.
        fields: the contact list's, where they were asked for.

    Raises:
        MappingError: a FieldName of the setting has no property, or no values to choose from.
    """
    known = {each.name: each for each in fields or ()}
    if checks == OFF:
        return ()
    if isinstance(checks, str):
        if checks != AUTO:
            raise AssertionError(checks)
        properties = schema.get("properties", {})
        found = (_by_itself(name, each, known.get(name), properties) for name, each in mapped.items())
        return tuple(each for each in found if each is not None)
    return tuple(_as_said(stream, name, text, mapped, known) for name, text in checks.items())


def _as_said(
    stream: str, name: str, text: str, mapped: Mapping[str, str], known: Mapping[str, ContactSchemaField]
) -> FieldCheck:
    if name not in mapped:
        raise MappingError(
            f"Stream {stream!r}: `contact_checks` names FieldName {name!r}, which no property goes to"
            f"{nearest(name, mapped)}; mapped are {listing(mapped)}. Correct `contact_checks` of its entry "
            "in `streams`, or map a property to the field.",
            code="check_unmapped",
        )
    kind, region = kind_and_region(text)
    allowed = _allowed(known.get(name)) if kind is CheckKind.CHOICE else frozenset()
    if kind is CheckKind.CHOICE and not allowed:
        raise MappingError(
            f"Stream {stream!r}: `contact_checks` has FieldName {name!r} for a choice, but W50 lists no "
            "values of it. Take it out of `contact_checks`.",
            code="check_without_values",
        )
    return FieldCheck(name, mapped[name], kind, region, allowed)


def _by_itself(
    name: str, property_name: str, known: ContactSchemaField | None, properties: Mapping[str, Any]
) -> FieldCheck | None:
    """The check of a field by what W50 says of it, by its name, or because it holds text."""
    allowed = _allowed(known)
    if allowed:
        return FieldCheck(name, property_name, CheckKind.CHOICE, allowed=allowed)
    kinds = _types_of(properties.get(property_name))
    said = _TYPES.get(normalized(known.map_type or ""), _Clue.OTHER) if known is not None else _Clue.TEXT
    if isinstance(said, CheckKind):
        return FieldCheck(name, property_name, said)
    if said is _Clue.TEXT and not kinds.isdisjoint(("string", "integer")):
        kind = _kind_by_name(name)
        if kind is CheckKind.PHONE or (kind is not None and "string" in kinds):
            return FieldCheck(name, property_name, kind)
    return FieldCheck(name, property_name, CheckKind.TEXT) if "string" in kinds else None


def _kind_by_name(name: str) -> CheckKind | None:
    words = tuple(word.lower() for word in _WORDS.findall(name))
    if not _ABOUT.isdisjoint(words):
        return None
    if any(words[-len(each) :] == each for each in _EMAIL_NAMES):
        return CheckKind.EMAIL
    if words and words[-1] in ("number", "nr"):
        words = words[:-1]
    return CheckKind.PHONE if words and words[-1] in _PHONE_WORDS else None


def _allowed(known: ContactSchemaField | None) -> frozenset[str]:
    """The values of a choice field: those in use, where W50 says of any that it is."""
    if known is None:
        return frozenset()
    used = [each for each in known.values if each.in_use] or known.values
    return frozenset(each.value.strip().lower() for each in used)


def _types_of(schema: Any) -> frozenset[str]:
    """The types that a property may have; all where its schema does not say."""
    kinds = schema.get("type") if isinstance(schema, Mapping) else None
    if isinstance(kinds, str):
        return frozenset((kinds,))
    if isinstance(kinds, list):
        return frozenset(map(str, kinds))
    return frozenset(("string", "integer", "number"))
