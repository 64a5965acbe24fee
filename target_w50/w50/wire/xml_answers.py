"""XML answers, read with a hardened parser into the shapes that the same answers have in JSON."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

# The types and the builder of the tree alone: nothing is parsed with it.
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from target_w50.w50.import_job import IMPORT_JOB_MEMBERS
from target_w50.w50.models import WireError
from target_w50.w50.wire.xml_values import INSTANCE_NAMESPACE

MAX_DEPTH: Final = 32
MIN_BYTES_PER_ELEMENT: Final = 12
"""An answer of W50 has fewer elements than this makes of its bytes: `<Id>1</Id>` alone has ten."""

_FEW_ELEMENTS: Final = 1000
_MAX_NAMESPACE_CHARS: Final = 500
_FED_BYTES: Final = 64 * 1024
_NIL: Final = f"{{{INSTANCE_NAMESPACE}}}nil"
_TYPE: Final = f"{{{INSTANCE_NAMESPACE}}}type"
_TRUE: Final = frozenset({"true", "1"})

# DataContract XML writes no types for members that have one; these are the W50 API documentation's.
_INTEGERS: Final = frozenset(
    {"Id", "Count", "ListId", "Position", "Order"}
    | {each.name for each in IMPORT_JOB_MEMBERS if each.kind.is_integer}
)
_BOOLEANS: Final = frozenset({"InUse"})
_COLLECTIONS: Final = frozenset({"FieldNames", "ContactSchemaFieldValues", "ValidationWarnings"})
_INTEGER_TYPES: Final = frozenset({"int", "long", "short", "byte", "integer", "unsignedInt", "unsignedLong"})


class _BoundedTree:
    """Builds the tree of elements while it is read, and no more of it than an answer may have.

    Args:
        most_elements: how many elements there may be.
    """

    def __init__(self, most_elements: int) -> None:
        self._builder = TreeBuilder()
        self._depth = 0
        self._left = most_elements
        self.data = self._builder.data
        self.close = self._builder.close

    def start_ns(self, _prefix: str, uri: str) -> None:
        """Refuse a namespace that would make each name with it large."""
        if len(uri) > _MAX_NAMESPACE_CHARS:
            raise WireError("it has a namespace that is too long")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element; of its attributes only those that are read are kept."""
        self._depth += 1
        self._left -= 1
        if self._depth > MAX_DEPTH:
            raise WireError("it is nested too deeply")
        if self._left < 0:
            raise WireError("it has more elements than any answer should have")
        self._builder.start(tag, {name: attributes[name] for name in (_NIL, _TYPE) if name in attributes})

    def end(self, tag: str) -> None:
        """End an element."""
        self._depth -= 1
        self._builder.end(tag)


def decode_xml(content: bytes) -> Any:
    """Read an XML answer: an element with members as a dict, a collection as a list, `i:nil` as None.

    A DTD, and so every entity of its own, is refused.

    Raises:
        WireError: it is not XML that may be read; the message holds nothing of it.
    """
    tree = _BoundedTree(_FEW_ELEMENTS + len(content) // MIN_BYTES_PER_ELEMENT)
    try:
        parser = DefusedXMLParser(target=tree, forbid_dtd=True)
        for start in range(0, len(content), _FED_BYTES):
            parser.feed(content[start : start + _FED_BYTES])
        root = parser.close()
    except DefusedXmlException:
        raise WireError("it is XML with a document type, which is not read") from None
    except WireError:
        raise
    except (ParseError, ValueError, LookupError):
        raise WireError("it is not XML, or not all of it") from None
    return _decoded(root)


def _decoded(element: Element) -> Any:
    name = _local(element.tag)
    if element.get(_NIL, "").strip() in _TRUE:
        return None
    if name in _COLLECTIONS or name.startswith("ArrayOf"):
        return [_decoded(child) for child in element]
    if len(element):
        if _local(element[0].tag).startswith("KeyValueOf"):
            return dict(_pair(child) for child in element)
        return {_local(child.tag): _decoded(child) for child in element}
    return _leaf(name, element)


def _pair(element: Element) -> tuple[str, Any]:
    members = {_local(child.tag): child for child in element}
    if "Key" not in members or "Value" not in members:
        raise WireError("it has a pair without key or value")
    return members["Key"].text or "", _decoded(members["Value"])


def _leaf(name: str, element: Element) -> Any:
    """Read a text by its `i:type`, else by its member's name; a misfit stays text: the models refuse it."""
    text = element.text or ""
    kind = element.get(_TYPE, "").rpartition(":")[2]
    try:
        if kind in _INTEGER_TYPES or (not kind and name in _INTEGERS):
            return int(text)
        if kind == "decimal":
            return Decimal(text)
        if kind in {"double", "float"}:
            return float(text)
    except (ValueError, InvalidOperation):
        return text
    if kind == "boolean" or (not kind and name in _BOOLEANS):
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip(), text)
    return {} if name == "Values" and not text.strip() else text


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
