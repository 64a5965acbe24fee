"""DataContract XML as the W50 API documentation shows it: read strictly, and written in the same shape.

Read strictly, as the real serializer silently drops what it does not expect: members must be in
alphabetical order and in their namespaces, and each `Value` must carry its type. Namespaces that the
documentation does not show (those of `ContactSchemaField` and of `ValidationWarnings`) are taken to be that
of the other answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from target_w50.sandbox.formats import json_format
from target_w50.sandbox.model.refusals import InvalidError

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSD = "http://www.w3.org/2001/XMLSchema"
_ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
_CONTROLLERS = "http://schemas.datacontract.org/2004/07/W50API.Controllers"
_ANSWERS = "http://schemas.datacontract.org/2004/07/W50API.Models.DTO"
_CONTACTS = "http://schemas.datacontract.org/2004/07/W50Common.Model.DTO"

_NIL, _TYPE = f"{{{_XSI}}}nil", f"{{{_XSI}}}type"
_CONTACT_MEMBERS = ("EncContactId", "Id", "ListId", "Values")
_INT_RANGES = {"int": 31, "long": 63, "short": 15, "byte": 7}
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _TypedTreeBuilder(TreeBuilder):
    """Writes the namespace into `i:type` while its prefix is still known."""

    def __init__(self) -> None:
        super().__init__()
        self._namespaces: list[tuple[str, str]] = []

    def start_ns(self, prefix: str, uri: str) -> None:
        self._namespaces.append((prefix or "", uri))

    def end_ns(self, prefix: str) -> None:
        del self._namespaces[
            next(
                i
                for i in range(len(self._namespaces) - 1, -1, -1)
                if self._namespaces[i][0] == (prefix or "")
            )
        ]

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        if _TYPE in attrs:
            prefix, _, name = attrs[_TYPE].strip().rpartition(":")
            attrs = {**attrs, _TYPE: f"{{{self._resolve(prefix)}}}{name}"}
        return super().start(tag, attrs)

    def _resolve(self, prefix: str) -> str:
        return next((uri for known, uri in reversed(self._namespaces) if known == prefix), "")


def _refusal(detail: str) -> InvalidError:
    return InvalidError("The request is invalid.", detail)


def _parse(body: bytes) -> Element:
    parser = DefusedXMLParser(target=_TypedTreeBuilder(), forbid_dtd=True)
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise _refusal("The request body is not valid XML.") from None
    if not isinstance(root, Element):
        raise _refusal("The request body is not valid XML.")
    return root


def _expect(element: Element, namespace: str, name: str) -> None:
    if element.tag != f"{{{namespace}}}{name}":
        raise _refusal(f"Expected the element {name} of the namespace {namespace}, got {element.tag}.")


def _text(element: Element) -> str | None:
    """The text of an element that holds nothing else; None where it is nil."""
    if element.get(_NIL) in ("true", "1"):
        return None
    if len(element):
        raise _refusal(f"The element {element.tag} must hold text.")
    return element.text or ""


def read_field_names(body: bytes) -> list[str]:
    """FieldNames of an `ImportJobCreateRequest`.

    Raises:
        InvalidError: it is no such request.
    """
    root = _parse(body)
    _expect(root, _CONTROLLERS, "ImportJobCreateRequest")
    if len(root) != 1:
        raise _refusal("FieldNames must be a collection of strings.")
    _expect(root[0], _CONTROLLERS, "FieldNames")
    names = []
    for child in root[0]:
        _expect(child, _ARRAYS, "string")
        names.append(_text(child))
    if None in names:
        raise _refusal("FieldNames must be a collection of strings.")
    return [name for name in names if name is not None]


def read_contacts(body: bytes) -> list[tuple[str | None, dict[str, Any]]]:
    """EncContactId and Values of each contact of an `ArrayOfContact`.

    Raises:
        InvalidError: it is no such array.
    """
    root = _parse(body)
    _expect(root, _ANSWERS, "ArrayOfContact")
    return [_read_contact(element) for element in root]


def _read_contact(element: Element) -> tuple[str | None, dict[str, Any]]:
    _expect(element, _ANSWERS, "Contact")
    names = [child.tag.rpartition("}")[2] for child in element]
    for child, name in zip(element, names, strict=True):
        _expect(child, _CONTACTS, name)
    if names != sorted(set(names)) or not set(names) <= set(_CONTACT_MEMBERS) or "Values" not in names:
        raise _refusal("The members of a Contact are EncContactId, Id, ListId and Values, in this order.")
    members = dict(zip(names, element, strict=True))
    enc_contact_id = _text(members["EncContactId"]) if "EncContactId" in members else None
    return enc_contact_id, dict(_read_pair(pair) for pair in members["Values"])


def _read_pair(pair: Element) -> tuple[str, Any]:
    _expect(pair, _ARRAYS, "KeyValueOfstringanyType")
    if len(pair) != 2:  # noqa: PLR2004
        raise _refusal("A KeyValueOfstringanyType holds a Key and a Value.")
    key, value = pair
    _expect(key, _ARRAYS, "Key")
    _expect(value, _ARRAYS, "Value")
    name = _text(key)
    if name is None:
        raise _refusal("A Key must not be nil.")
    return name, _read_value(value)


def _read_value(element: Element) -> Any:
    text = _text(element)
    if text is None:
        return None
    namespace, _, kind = element.get(_TYPE, "").lstrip("{").partition("}")
    if namespace != _XSD:
        raise _refusal(f"The type of a Value must be one of the namespace {_XSD}.")
    if kind in ("string", "dateTime", "date", "time"):
        return text
    if kind == "boolean" and text in ("true", "false", "1", "0"):
        return text in ("true", "1")
    if kind in (*_INT_RANGES, "integer") and re.fullmatch(r"\s*[+-]?\d+\s*", text):
        return _read_integer(text, kind)
    if kind in ("decimal", "double", "float"):
        return _read_number(text.strip())
    raise _refusal(f"A Value can't be read as {kind}.")


def _read_integer(text: str, kind: str) -> int:
    try:
        number = int(text)
    except ValueError:  # more digits than Python reads
        raise _refusal(f"A Value is out of the range of {kind}.") from None
    bits = _INT_RANGES.get(kind)
    if bits is not None and not -(1 << bits) <= number < (1 << bits):
        raise _refusal(f"A Value is out of the range of {kind}.")
    return number


def _read_number(text: str) -> int | Decimal:
    """What JSON would give for a number with these digits."""
    try:
        number = Decimal(text)
        if number.is_finite():
            return int(text) if re.fullmatch(r"-?\d+", text) else number
    except (InvalidOperation, ValueError):
        pass
    raise _refusal("A Value can't be read as a number.")


def encode(kind: str, document: Any) -> bytes:
    """An answer of the documented type `kind`, such as `ImportJob` or `ArrayOfContact`."""
    if kind == "Error":
        root = Element("Error")
        for name, text in document.items():
            SubElement(root, name).text = _holdable(text)
        return _write(root)
    # Namespaces are written as plain attributes: ElementTree's own way would give each a prefix.
    root = Element(kind, {"xmlns:i": _XSI, "xmlns": _ANSWERS})
    if kind.startswith("ArrayOf"):
        for entry in document:
            _fill(SubElement(root, kind.removeprefix("ArrayOf")), entry)
    else:
        _fill(root, document)
    return _write(root)


def _write(root: Element) -> bytes:
    # ElementTree leaves carriage returns as they are, and a reader would take them for line feeds.
    text: str = tostring(root, encoding="unicode")
    return text.replace("\r", "&#13;").encode()


def _fill(parent: Element, document: Mapping[str, Any]) -> None:
    """The members of an object, in alphabetical order; those of Contact's base before its own."""
    is_contact = parent.tag == "Contact"
    for name in sorted(document, key=lambda name: (is_contact and name == "ValidationWarnings", name)):
        member = SubElement(parent, name)
        if is_contact and name in _CONTACT_MEMBERS:
            member.set("xmlns", _CONTACTS)
        value = document[name]
        if name == "Values" and is_contact:
            _fill_values(member, value)
        elif isinstance(value, list):
            _fill_list(member, name, value)
        else:
            _fill_plain(member, value)


def _fill_list(member: Element, name: str, items: list[Any]) -> None:
    if name == "ContactSchemaFieldValues":
        for item in items:
            _fill(SubElement(member, "ContactSchemaFieldValue"), item)
        return
    member.set("xmlns:d3p1", _ARRAYS)
    for item in items:
        _fill_plain(SubElement(member, "d3p1:string"), item)


def _fill_plain(element: Element, value: Any) -> None:
    if value is None:
        element.set("i:nil", "true")
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = _holdable(str(value))


def _fill_values(member: Element, values: Mapping[str, Any]) -> None:
    member.set("xmlns:d3p1", _ARRAYS)
    for key, value in values.items():
        pair = SubElement(member, "d3p1:KeyValueOfstringanyType")
        SubElement(pair, "d3p1:Key").text = _holdable(key)
        element = SubElement(pair, "d3p1:Value")
        if value is not None:
            element.set("xmlns:d6p1", _XSD)
            element.set("i:type", f"d6p1:{_type_of(value)}")
        _fill_plain(element, json_format.encode(value).decode() if isinstance(value, (list, dict)) else value)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        fits = [
            kind for kind in ("int", "long") if -(1 << _INT_RANGES[kind]) <= value < (1 << _INT_RANGES[kind])
        ]
        return fits[0] if fits else "integer"
    if isinstance(value, Decimal):
        return "double" if "E" in str(value) else "decimal"
    return "string"


def _holdable(text: str) -> str:
    """The text with what XML 1.0 can't hold replaced."""
    return _NOT_XML.sub("\ufffd", text)
