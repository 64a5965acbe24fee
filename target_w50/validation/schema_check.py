"""Finds what makes a schema unusable before any record is judged by it."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import Any

from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import Schema as AnySchema
from referencing.jsonschema import specification_with

from target_w50.validation.drafts import (
    REFERENCES,
    Place,
    Schema,
    ref_stands_alone,
    subschemas,
    subschemas_in_place,
    walk,
)
from target_w50.validation.exact_numbers import is_integral
from target_w50.validation.patterns import pattern_search

LOCAL_REGISTRY: Registry[AnySchema] = Registry()
"""Knows no other document, and so fetches none; jsonschema adds the meta-schemas that it ships."""

_TYPES = frozenset(("any", "array", "boolean", "integer", "null", "number", "object", "string"))
_MOST_OF_A_REFERENCE = 100
_Resolver = Any  # referencing keeps the name of its class to itself


class SchemaFaultError(Exception):
    """The schema can't be used, because of what is at `place` (keywords, names and indexes)."""

    def __init__(self, place: Place, fault: str) -> None:
        super().__init__(fault)
        self.place = place
        self.fault = fault


def check_schema(schema: Schema, draft: type[Validator]) -> None:
    """Find the first fault of a schema.

    Args:
        schema: the schema, `tidied`.
        draft: the stock validator of its draft.

    Raises:
        SchemaFaultError: it is not as the draft's meta-schema wants it, a reference leads nowhere, outside or
            in a circle, or a pattern is none.
    """
    try:
        _Check(schema, draft).run()
    except RecursionError:
        raise SchemaFaultError((), "is nested too deeply") from None


def spell_place(place: Place) -> str:
    """Write a place as a JSON path, such as `$.properties.age.type`."""
    path = "$"
    for part in place:
        plain = isinstance(part, str) and re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_]*", part)
        path += f".{part}" if plain else f"[{part!r}]"
    return path


class _Check:
    """One schema's check: the meta-schema first, then references and patterns, then circles."""

    def __init__(self, schema: Schema, draft: type[Validator]) -> None:
        self._schema = schema
        self._dialect_id = str(draft.META_SCHEMA["$schema"]).rstrip("#")
        self._dialect = specification_with(self._dialect_id)
        self._meta = draft(draft.META_SCHEMA, registry=LOCAL_REGISTRY)
        self._ref_stands_alone = ref_stands_alone(draft)
        self._places: dict[int, Place] = {}
        self._leads_to: dict[int, list[int]] = {}

    def run(self) -> None:
        try:
            resource = self._dialect.create_resource(self._schema)
            resolver = LOCAL_REGISTRY.resolver_with_root(resource)
            self._enter(self._schema, (), resolver)
        except ValueError as error:
            raise SchemaFaultError((), "has an id that is no URI") from error
        self._check_circles()

    def _enter(self, schema: Schema, place: Place, resolver: _Resolver) -> None:
        for error in self._meta.iter_errors(_with_plain_numbers(schema)):
            raise SchemaFaultError(
                place + tuple(error.absolute_path),
                f"is not as {self._dialect_id} has it (rule '{error.validator}')",
            )
        self._places.update((id(inner), at) for at, inner in walk(schema, place))
        self._visit(schema, place, resolver)

    def _visit(self, schema: Schema, place: Place, resolver: _Resolver) -> None:
        if id(schema) in self._leads_to:
            return
        alone = self._ref_stands_alone and "$ref" in schema
        leads_to = [] if alone else [id(inner) for inner in subschemas_in_place(schema)]
        self._leads_to[id(schema)] = leads_to
        _check_types(schema, place)
        _check_patterns(schema, place)
        for keyword in REFERENCES:
            if keyword in schema:
                target = self._follow(schema[keyword], (*place, keyword), resolver)
                if target is not None and keyword == "$ref":
                    leads_to.append(target)
        for inner_place, inner in subschemas(schema):
            inner_resolver = resolver.in_subresource(self._dialect.create_resource(inner))
            self._visit(inner, place + inner_place, inner_resolver)

    def _follow(self, reference: Any, place: Place, resolver: _Resolver) -> int | None:
        """Resolve a reference; give the identity of the schema it leads to, None for `true` and `false`."""
        if not isinstance(reference, str):
            # The meta-schemas of older drafts don't look at references.
            raise SchemaFaultError(place, "is a reference that is not a string")
        try:
            resolved = resolver.lookup(reference)
        except (Unresolvable, ValueError, TypeError) as error:
            shown = reference[:_MOST_OF_A_REFERENCE]
            raise SchemaFaultError(
                place, f"refers to {shown!r}, which is not in the schema (nothing is fetched)"
            ) from error
        target: Any = resolved.contents
        if isinstance(target, bool):
            return None
        if not isinstance(target, dict):
            raise SchemaFaultError(place, "refers to what is no schema")
        if id(target) not in self._places:
            self._enter(target, place, resolved.resolver)
        return id(target)

    def _check_circles(self) -> None:
        """Refuse schemas that judge a value by themselves again, without going down into it."""
        done: set[int] = set()
        open_ones: set[int] = set()

        def descend(schema: int) -> None:
            if schema in open_ones:
                raise SchemaFaultError(self._places[schema], "refers to itself in a circle")
            if schema in done:
                return
            open_ones.add(schema)
            for target in self._leads_to.get(schema, ()):
                descend(target)
            open_ones.discard(schema)
            done.add(schema)

        for schema in self._leads_to:
            descend(schema)


def _check_types(schema: Schema, place: Place) -> None:
    """Refuse unknown types, which draft 3 allows and jsonschema fails at."""
    types = schema.get("type")
    for each in types if isinstance(types, list) else [types]:
        if isinstance(each, str) and each not in _TYPES:
            raise SchemaFaultError((*place, "type"), "names a type that JSON Schema does not have")


def _check_patterns(schema: Schema, place: Place) -> None:
    patterns: list[tuple[Place, Any]] = [((*place, "pattern"), schema.get("pattern"))]
    by_pattern = schema.get("patternProperties")
    if isinstance(by_pattern, dict):
        patterns += [((*place, "patternProperties", each), each) for each in by_pattern]
    for at, pattern in patterns:
        if isinstance(pattern, str) and not _compiles(pattern):
            raise SchemaFaultError(at, "is a regular expression that can't be used here")


def _compiles(pattern: str) -> bool:
    try:
        pattern_search(pattern)
    except ValueError:
        return False
    return True


def _with_plain_numbers(value: Any) -> Any:
    """Copy a schema with floats for Decimals, which the stock meta-schema validators don't know."""
    if isinstance(value, dict):
        return {key: _with_plain_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(inner) for inner in value]
    if not isinstance(value, Decimal):
        return value
    if is_integral(value) and value.adjusted() < sys.float_info.dig:
        return int(value)
    # What is above zero must stay so.
    return float(value) or (sys.float_info.min if value > 0 else 0.0)
