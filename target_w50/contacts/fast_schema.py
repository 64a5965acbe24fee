"""Which schemas are simple enough for the short way, and the types that parse and validate them at once."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, defstruct

from target_w50.contacts.mapping import StreamMapping
from target_w50.settings.model import MatchValues, NullValues

_TOP_LEVEL = {
    "$schema",
    "$id",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "title",
    "description",
    "key_properties",
}
_ANNOTATIONS = {"format", "title", "description", "default", "examples", "$comment"}
_ALL_KINDS = frozenset({"null", "boolean", "integer", "number", "string", "object", "array"})
_INT64 = range(-(2**63), 2**63)
_DELETED = "_sdc_deleted_at"
_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')


@dataclass(frozen=True)
class FastSchema:
    """What the short way needs to know of a stream and its schema.

    Attributes:
        message_type: parses and validates a RECORD message of the stream.
        value_attributes: where the mapped properties are in a parsed record.
        field_names: what they are sent as.
        raw_positions: which of them are left as the tap wrote them, and of what types they may be.
        identity_positions: which of them tell a contact from others.
        deleted_may_be_null: whether the schema has it, so that null says that the record is not deleted.
        omits_nulls: whether nulls are left out of `Values`.
        folds: whether match values that differ only in how they are written are one.
    """

    message_type: type
    value_attributes: tuple[str, ...]
    field_names: tuple[str, ...]
    raw_positions: tuple[tuple[int, frozenset[str]], ...]
    identity_positions: tuple[int, ...]
    deleted_may_be_null: bool
    omits_nulls: bool
    folds: bool


def fast_schema(
    stream: str, schema: Mapping[str, Any], mapping: StreamMapping, key_properties: tuple[str, ...]
) -> FastSchema | None:
    """The short way of a stream, or None if its schema or mapping is not simple."""
    if not _top_level_is_simple(schema) or mapping.entry.enc_contact_id is not None:
        return None
    properties: dict[str, Any] = schema["properties"]
    names = (stream, *properties, *(each.field_name for each in mapping.properties))
    if not all(map(_can_be_member, names)):
        return None
    mapped = [each.name for each in mapping.properties]
    types = {name: _type_of(each, mapped=name in mapped) for name, each in properties.items()}
    if types.get(_DELETED) is not None:
        types[_DELETED] = Raw  # as it is looked at before all else
    identity = _identity_properties(mapping, key_properties)
    if None in types.values() or not identity or not {*identity, *key_properties} <= properties.keys():
        return None
    if any(types[name] is Raw or name not in mapped for name in identity):
        return None
    attributes = {name: f"p{index}" for index, name in enumerate(properties)}
    attributes[_DELETED] = "deleted"
    record_type = _record_type(schema, types, attributes, {*schema.get("required", ()), *key_properties})
    return FastSchema(
        _message_type(stream, record_type),
        tuple(attributes[name] for name in mapped),
        tuple(each.field_name for each in mapping.properties),
        tuple(
            (position, _kinds(properties[name])) for position, name in enumerate(mapped) if types[name] is Raw
        ),
        tuple(mapped.index(name) for name in identity),
        _DELETED in properties and "null" in _kinds(properties[_DELETED]),
        mapping.entry.null_values is NullValues.OMIT,
        bool(mapping.match_fields) and mapping.entry.match_values is MatchValues.FOLDED,
    )


def _top_level_is_simple(schema: Mapping[str, Any]) -> bool:
    return (
        schema.keys() <= _TOP_LEVEL
        and "object" in schema.get("type", "object")
        and isinstance(schema.get("properties"), dict)
        and isinstance(schema.get("additionalProperties", True), bool)
        and isinstance(schema.get("required", []), list)
        and set(schema.get("required", ())) <= schema["properties"].keys()
        and _DELETED not in schema.get("required", ())
    )


def _can_be_member(name: str) -> bool:
    """Whether msgspec takes the name for a member: none that JSON would have to escape."""
    return not _ESCAPED.search(name)


def _identity_properties(mapping: StreamMapping, key_properties: tuple[str, ...]) -> list[str]:
    property_of = {each.field_name: each.name for each in mapping.properties}
    # The mapping has seen to it that each match field has a property.
    return [property_of[name] for name in mapping.match_fields] or list(key_properties)


def _kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    kinds = schema.get("type")
    if kinds is None:
        return _ALL_KINDS
    return frozenset([kinds] if isinstance(kinds, str) else kinds)


def _type_of(schema: Any, *, mapped: bool) -> Any:
    """The type that parses and validates a property; None if its schema is not simple."""
    if not isinstance(schema, dict):
        return None
    kinds = _kinds(schema)
    rules = schema.keys() - _ANNOTATIONS - {"type"}
    if not kinds or not kinds <= _ALL_KINDS:
        return None
    nullable = None if "null" in kinds else _Never
    bare = kinds - {"null"}
    if bare == {"string"} and rules <= {"maxLength", "minLength"}:
        lengths = {name: schema[name] for name in rules}
        if not all(type(each) is int for each in lengths.values()):
            return None
        meta = Meta(max_length=lengths.get("maxLength"), min_length=lengths.get("minLength"))
        return _either(Annotated[str, meta], nullable)
    if bare == {"integer"} and rules <= {"minimum", "maximum"}:
        if not all(type(schema[name]) is int and schema[name] in _INT64 for name in rules):
            return None
        meta = Meta(ge=schema.get("minimum"), le=schema.get("maximum"))
        return _either(Annotated[int, meta], nullable)
    if bare == {"boolean"} and not rules:
        return _either(bool, nullable)
    if not _nested_is_free(schema, rules):
        return None
    return Raw if mapped else _checked_only(kinds)


def _nested_is_free(schema: Mapping[str, Any], rules: set[str]) -> bool:
    """Whether whatever is nested in the property is valid."""
    if not rules <= {"additionalProperties", "items", "properties"}:
        return False
    return (
        schema.get("additionalProperties", True) in (True, {})
        and schema.get("items", {}) in (True, {})
        and schema.get("properties", {}) == {}
    )


class _Never:
    """Stands for null where null is not allowed."""


def _either(kind: Any, nullable: Any) -> Any:
    return kind if nullable is _Never else _any_of((kind, None))


_PYTHON_TYPES = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": float,
    "string": str,
    "object": dict,
    "array": list,
}


def _checked_only(kinds: frozenset[str]) -> Any:
    """The type of a property that is validated and then ignored."""
    if kinds == _ALL_KINDS:
        return object
    return _any_of(_PYTHON_TYPES[kind] for kind in sorted(kinds))


def _any_of(types: Iterable[Any]) -> Any:
    """The union of types that are known only at run time."""
    return reduce(operator.or_, types)


def _record_type(
    schema: Mapping[str, Any], types: Mapping[str, Any], attributes: Mapping[str, str], required: set[str]
) -> type:
    # `_sdc_deleted_at` is parsed only to see whether it is there.
    fields: list[tuple[str, Any, Any] | tuple[str, Any]] = []
    for name, kind in types.items():
        if name == _DELETED:
            continue
        if name in required:
            fields.append((attributes[name], kind))
        else:
            fields.append((attributes[name], kind, UNSET))
    fields.append((attributes[_DELETED], Raw, UNSET))
    return defstruct(
        "Record",
        fields,
        rename={attribute: name for name, attribute in attributes.items()},
        forbid_unknown_fields=schema.get("additionalProperties") is False,
        kw_only=True,
        gc=False,
    )


def _message_type(stream: str, record_type: type) -> type:
    fields = [("type", Literal["RECORD"]), ("stream", Literal[stream]), ("record", record_type)]
    return defstruct("Message", fields, gc=False)
