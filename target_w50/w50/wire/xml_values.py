"""A contact's `Values` as DataContract XML: markup made once for each FieldName, and read back.

Names and prefixes are .NET's own: default namespaces by declaration, `d2p1` for the first of depth 2, `i` for
instance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from msgspec import UNSET

INSTANCE_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema"
ARRAYS_NAMESPACE: Final = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
CONTACT_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/W50Common.Model.DTO"

MAX_DECIMAL_DIGITS: Final = 100
"""xsd:decimal has no exponent: a number that needs more digits than this is refused, not written out."""
BIGGEST_DECIMAL: Final = 79228162514264337593543950335
"""Of .NET's decimal. With a larger one its serializer refuses not the contact alone but the whole request."""
_BIG_DIGITS: Final = len(str(BIGGEST_DECIMAL))

_ILLEGAL: Final = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_INT: Final = range(-(2**31), 2**31)
_LONG: Final = range(-(2**63), 2**63)

# A parser turns a bare carriage return into a line feed, so it has to leave as a reference.
_REFERENCES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\r": "&#xD;",
    "\n": "&#xA;",
    "\t": "&#x9;",
}
_ESCAPES: Final = str.maketrans(_REFERENCES)
_REFERENCE: Final = re.compile("|".join(_REFERENCES.values()))
_CHARACTERS: Final = {reference: character for character, reference in _REFERENCES.items()}
# U+FFFE and U+FFFF, which XML can't hold, begin with this byte; so do some that it can.
_TO_LOOK_AT: Final = b"&<>\xef"
_PLAIN: Final = bytes(byte for byte in range(0x20, 0x100) if byte not in _TO_LOOK_AT)
"""Bytes of UTF-8 that stand for themselves in XML."""

_BETWEEN: Final = "\x00"
_BETWEEN_BYTES: Final = _BETWEEN.encode()
"""Stands between texts that are escaped together: no text of XML holds it."""

_VALUES: Final = f'<Values xmlns:d3p1="{ARRAYS_NAMESPACE}" xmlns="{CONTACT_NAMESPACE}"'.encode()
_PAIR: Final = "d3p1:KeyValueOfstringanyType"
_TYPES: Final = ("string", "int", "long", "decimal", "double", "boolean")
_ROOM: Final = b""
"""Where the text goes."""

Markup = Mapping[str, tuple[bytes, bytes, bytes]]
"""One FieldName's pair for each type of a value, `nil` and `empty`: what is before its text, room for it, and
what is after it."""

_MOST_NAMES: Final = 4096


@lru_cache(_MOST_NAMES)
def markup_of(name: str) -> Markup:
    """Return the markup of a FieldName; ValueError where XML can't hold it."""
    key = escaped(name)
    start = f"<{_PAIR}>{element('d3p1:Key', key)}<d3p1:Value "
    kinds = {kind: f'{start}xmlns:d5p1="{SCHEMA_NAMESPACE}" i:type="d5p1:{kind}"' for kind in _TYPES}
    after = f"</d3p1:Value></{_PAIR}>".encode()
    markup = {kind: (f"{begun}>".encode(), _ROOM, after) for kind, begun in kinds.items()}
    whole = {"nil": f'{start}i:nil="true"', "empty": kinds["string"]}
    markup |= {kind: (f"{begun} /></{_PAIR}>".encode(), _ROOM, b"") for kind, begun in whole.items()}
    return markup


def write_contact(
    markups: Iterable[Markup], values: Iterable[Any], *, omits_nulls: bool = False, before: bytes = b""
) -> bytes:
    """Return a `Contact`; ValueError, without the value, where one can't be written.

    All texts are looked at in one pass: nearly always there is nothing to escape in any of them.

    Args:
        markups: of the FieldNames.
        values: in the same order; what is UNSET is left out.
        omits_nulls: whether nulls are left out, too.
        before: members that come before `Values`.
    """
    pieces = [b"<Contact>%b%b>" % (before, _VALUES)]
    texts: list[str] = []
    for value, markup in zip(values, markups, strict=True):
        if type(value) is str:
            pieces += markup["string" if value else "empty"]
            texts.append(value)
        elif value is None:
            if not omits_nulls:
                pieces += markup["nil"]
                texts.append("")
        elif value is not UNSET:
            kind, text = _typed(value)
            pieces += markup[kind]
            texts.append(text)
    if not texts:
        return b"<Contact>%b%b /></Contact>" % (before, _VALUES)
    pieces[2::3] = _all_escaped(texts)
    pieces.append(b"</Values></Contact>")
    return b"".join(pieces)


def _all_escaped(texts: list[str]) -> list[bytes]:
    try:
        written = _BETWEEN.join(texts).encode()
        if len(written.translate(None, _PLAIN)) == len(texts) - 1:
            return written.split(_BETWEEN_BYTES)
    except UnicodeEncodeError:
        pass  # Half a surrogate pair: `escaped` says so.
    return [escaped(text).encode() for text in texts]


def escaped(text: str) -> str:
    """Return the text as XML holds it; ValueError, without it, where XML can't."""
    found = _ILLEGAL.search(text)
    if found is not None:
        raise ValueError(f"XML 1.0 can't hold {_code_point(found)}")
    return text.translate(_ESCAPES)


def text_problem(text: str) -> str | None:
    """Return why XML 1.0 can't hold this text, or None."""
    found = _ILLEGAL.search(text)
    return None if found is None else f"holds {_code_point(found)}, which XML 1.0 can't hold"


def _code_point(found: re.Match[str]) -> str:
    return f"U+{ord(found[0]):04X}"


def element(name: str, text: str, attributes: str = "") -> str:
    """Return an element with a text that is escaped already."""
    return f"<{name}{attributes}>{text}</{name}>" if text else f"<{name}{attributes} />"


def _typed(value: Any) -> tuple[str, str]:
    """Return a value's name in XML Schema, or `nil` or `empty`, and its text."""
    kind = type(value)
    if kind is bool:
        return "boolean", "true" if value else "false"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return "string" if value else "empty", value
    if isinstance(value, Decimal):
        return "decimal", _plain_digits(value)
    if not isfinite(value):
        raise ValueError("a contact's number can't be NaN or infinite")
    return "double", repr(value)


def _integer(value: int) -> tuple[str, str]:
    if value in _INT:
        return "int", str(value)
    if value in _LONG:
        return "long", str(value)
    return "decimal", _plain_digits(Decimal(value))


def _plain_digits(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("a contact's number can't be NaN or infinite")
    text = str(value)
    if len(text) < _BIG_DIGITS and "E" not in text:
        return text
    _, digits, exponent = value.as_tuple()
    if max(len(digits), -int(exponent), len(digits) + int(exponent)) > MAX_DECIMAL_DIGITS:
        raise ValueError(f"a number of more than {MAX_DECIMAL_DIGITS} digits can't be sent in XML")
    if not -BIGGEST_DECIMAL <= value <= BIGGEST_DECIMAL:
        raise ValueError(f"a number beyond {BIGGEST_DECIMAL} can't be sent in XML")
    return format(value, "f")


_WRITTEN_PAIR: Final = re.compile(
    rf"<{_PAIR}><d3p1:Key(?: />|>([^<]*)</d3p1:Key>)"
    r'<d3p1:Value (?:i:nil|xmlns:d5p1="[^"]*" i:type)="(?:d5p1:)?(\w+)"(?: />|>([^<]*)</d3p1:Value>)'
)


def read_values(written: str) -> dict[str, Any]:
    """Return the values of what `write_contact` wrote, numbers with their digits."""
    return {
        unescaped(found[1] or ""): _value(found[2], found[3] or "")
        for found in _WRITTEN_PAIR.finditer(written)
    }


def _value(kind: str, text: str) -> Any:
    if kind == "string":
        return unescaped(text)
    if kind == "true":  # i:nil
        return None
    if kind == "boolean":
        return text == "true"
    if kind == "double":
        return float(text)
    if kind == "decimal" and ("." in text or int(text) in _LONG):
        return Decimal(text)
    return int(text)


def unescaped(text: str) -> str:
    """Return the text that was escaped."""
    return _REFERENCE.sub(lambda found: _CHARACTERS[found[0]], text) if "&" in text else text
