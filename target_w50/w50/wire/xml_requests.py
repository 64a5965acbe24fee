"""The two XML media types: .NET DataContract XML as the W50 API documentation shows it, written for requests.

Names and prefixes are .NET's own: default namespaces by declaration, `d2p1` for the first of depth 2, `i` for
instance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import ClassVar, Final

# Writes only: what comes from outside is read in xml_answers, with defusedxml.
from xml.etree.ElementTree import Element, SubElement, tostring

from target_w50.w50.models import Contact

INSTANCE_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema"
ARRAYS_NAMESPACE: Final = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
REQUEST_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/W50API.Controllers"
ARRAY_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/W50API.Models.DTO"
CONTACT_NAMESPACE: Final = "http://schemas.datacontract.org/2004/07/W50Common.Model.DTO"

MAX_DECIMAL_DIGITS: Final = 100
"""xsd:decimal has no exponent: a number that needs more digits than this is refused, not written out."""

_ILLEGAL: Final = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_INT: Final = range(-(2**31), 2**31)
_LONG: Final = range(-(2**63), 2**63)

# A parser turns a bare carriage return into a line feed, so it has to leave as a reference, and ElementTree
# writes none. These characters are illegal in XML, so no text has them: they stand for the references.
_MARKS: Final = str.maketrans({"\r": "\x01", "\n": "\x02", "\t": "\x03"})
_REFERENCES: Final = ((b"\x01", b"&#xD;"), (b"\x02", b"&#xA;"), (b"\x03", b"&#x9;"))


@dataclass(frozen=True)
class XmlWire:
    """DataContract XML under one of its two names, in UTF-8."""

    media_type: str = "application/xml"
    separator: ClassVar[bytes] = b""

    def encode_create(self, field_names: Sequence[str]) -> bytes:
        """Return an `ImportJobCreateRequest`; ValueError where a name can't be written."""
        root = Element("ImportJobCreateRequest", {"xmlns:i": INSTANCE_NAMESPACE, "xmlns": REQUEST_NAMESPACE})
        names = SubElement(root, "FieldNames", {"xmlns:d2p1": ARRAYS_NAMESPACE})
        for name in field_names:
            SubElement(names, "d2p1:string").text = _text(name)
        return _written(root)

    def encode_contact(self, contact: Contact) -> bytes:
        """Return a `Contact` for a frame; ValueError, without the value, where one can't be written.

        Members that the client has nothing for (`Id`, `ListId`, often `EncContactId`) are left out.
        """
        root = Element("Contact")
        if contact.enc_contact_id is not None:
            member = SubElement(root, "EncContactId", {"xmlns": CONTACT_NAMESPACE})
            member.text = _text(contact.enc_contact_id)
        values = SubElement(root, "Values", {"xmlns:d3p1": ARRAYS_NAMESPACE, "xmlns": CONTACT_NAMESPACE})
        for name, value in contact.values.items():
            pair = SubElement(values, "d3p1:KeyValueOfstringanyType")
            SubElement(pair, "d3p1:Key").text = _text(name)
            if value is None:
                SubElement(pair, "d3p1:Value", {"i:nil": "true"})
                continue
            kind, text = _typed(value)
            attributes = {"xmlns:d5p1": SCHEMA_NAMESPACE, "i:type": f"d5p1:{kind}"}
            SubElement(pair, "d3p1:Value", attributes).text = text
        return _written(root)

    def frame_contacts(self, fragments: Sequence[bytes]) -> bytes:
        """Return an `ArrayOfContact`."""
        return self.frame(self.separator.join(fragments))

    def frame(self, joined: bytes) -> bytes:
        """Return an `ArrayOfContact` from its contacts' parts, joined by the separator."""
        root = Element("ArrayOfContact", {"xmlns:i": INSTANCE_NAMESPACE, "xmlns": ARRAY_NAMESPACE})
        start, end = tostring(root, short_empty_elements=False).split(b"></")
        return b"%b>%b</%b" % (start, joined, end)

    def text_problem(self, text: str) -> str | None:
        """Return why XML 1.0 can't hold this text, or None."""
        found = _ILLEGAL.search(text)
        return None if found is None else f"holds U+{ord(found[0]):04X}, which XML 1.0 can't hold"


def _typed(value: bool | float | Decimal | str) -> tuple[str, str]:
    """Return a value's name in XML Schema and its text."""
    if isinstance(value, str):
        return "string", _text(value)
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, Decimal):
        return "decimal", _plain_digits(value)
    if not isfinite(value):
        raise ValueError("a contact's number can't be NaN or infinite")
    return "double", repr(value)


def _integer(value: int) -> tuple[str, str]:
    if value in _LONG:
        return "int" if value in _INT else "long", str(value)
    return "decimal", _plain_digits(Decimal(value))


def _plain_digits(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("a contact's number can't be NaN or infinite")
    _, digits, exponent = value.as_tuple()
    if max(len(digits), -int(exponent), len(digits) + int(exponent)) > MAX_DECIMAL_DIGITS:
        raise ValueError(f"a number of more than {MAX_DECIMAL_DIGITS} digits can't be sent in XML")
    return format(value, "f")


def _text(text: str) -> str:
    found = _ILLEGAL.search(text)
    if found is not None:
        raise ValueError(f"XML 1.0 can't hold U+{ord(found[0]):04X}")
    return text.translate(_MARKS)


def _written(root: Element) -> bytes:
    written = tostring(root, encoding="unicode").encode()
    for mark, reference in _REFERENCES:
        written = written.replace(mark, reference)
    return written
