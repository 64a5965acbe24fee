"""Flattening of records just as the SDK does it, but with the names of the columns decided once.

What is nested deeper becomes the text that it would be without flattening.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key, flatten_schema

from target_w50.singer.nested_json import NestedValueError, compact_json

MOST_NAMES = 10_000
"""Names that are remembered for a stream: an object that is used as a map may have any number."""
_TWICE = re.compile(r"Duplicate column name produced in schema: (.*)", re.DOTALL)
"""What the SDK says of two properties that become one column."""


class ColumnTwiceError(Exception):
    """Two properties of a record become one column of the schema: nobody knows which value is meant.

    Attributes:
        column: its name.
    """

    def __init__(self, column: str) -> None:
        super().__init__(f"two properties of the record become the column {column!r} when it is flattened")
        self.column = column


class UnwritableColumnError(Exception):
    """What is nested in a column can't be written as JSON.

    Attributes:
        column: its name.
    """

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column


class Flattener:
    """Flattens the records of one stream and schema.

    The SDK makes every column's name anew for every record, which takes longer than all the rest of loading
    it. A property test holds that the records are the same; tests/target/test_sdk_overrides.py, that the SDK
    still asks for them where this takes its place.

    Args:
        schema: the stream's schema, flattened.
        options: the SDK's.
    """

    def __init__(self, schema: Mapping[str, Any], options: FlatteningOptions) -> None:
        self._columns = frozenset(schema.get("properties", {}))
        self._options = options
        self._names_left = MOST_NAMES
        self._top = _Object(self, ())

    def flatten(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record's columns: objects become columns of their own, down to the deepest level asked for.

        Raises:
            ColumnTwiceError: two values are for one column of the schema, which knows but one of them (the
                SDK would let the later win).
        """
        columns: dict[str, Any] = {}
        self._top.flatten(record, columns)
        return columns

    def column(self, path: tuple[str, ...], name: str) -> str:
        """The name of the column for a property of the object at that path."""
        options = self._options
        return flatten_key(name, [*path], options.separator, max_key_length=options.max_key_length)

    def is_declared(self, column: str) -> bool:
        """Whether the schema has the column."""
        return column in self._columns

    def may_remember(self) -> bool:
        """Whether one more name may be remembered."""
        self._names_left -= 1
        return self._names_left >= 0

    def goes_deeper(self, path: tuple[str, ...], column: str) -> bool:
        """Whether an object there becomes columns, rather than JSON in its own."""
        return not self.is_declared(column) and len(path) < self._options.max_level


class _Object:
    """What is known of an object at one place of the records."""

    def __init__(self, flattener: Flattener, path: tuple[str, ...]) -> None:
        self._flattener = flattener
        self._path = path
        self._names: dict[str, str] = {}
        self._objects: dict[str, _Object | None] = {}

    def flatten(self, record: Mapping[str, Any], columns: dict[str, Any]) -> None:
        names = self._names
        for name, value in record.items():
            column = names.get(name) or self._name(name)
            if column in columns and self._flattener.is_declared(column):
                raise ColumnTwiceError(column)
            kind = type(value)
            if kind is dict:
                inner = self._object(name, column)
                if inner is None:
                    columns[column] = _text(column, value)
                else:
                    inner.flatten(value, columns)
            else:
                columns[column] = _text(column, value) if kind is list else value

    def _name(self, name: str) -> str:
        column = self._flattener.column(self._path, name)
        if self._flattener.may_remember():
            self._names[name] = column
        return column

    def _object(self, name: str, column: str) -> _Object | None:
        """The object in that property; None where it stays one column."""
        if name in self._objects:
            return self._objects[name]
        path = self._path
        inner = None
        if self._flattener.goes_deeper(path, column):
            inner = _Object(self._flattener, (*path, name))
        if name in self._names:
            self._objects[name] = inner
        return inner


def _text(column: str, value: Any) -> str:
    try:
        return compact_json(value)
    except NestedValueError as error:
        raise UnwritableColumnError(column, str(error)) from None


def why_not_flattened(schema: Mapping[str, Any], options: FlatteningOptions, error: Exception) -> str:
    """What it is in a schema that the SDK could not flatten, and what to do; empty where it is not known.

    Args:
        schema: as the tap sent it.
        options: the SDK's.
        error: what the SDK raised.
    """
    twice = _TWICE.match(str(error)) if isinstance(error, ValueError) else None
    if twice:
        return _one_column(twice[1], schema, options)
    path = _stumbling_block(schema, options)
    return f"It stumbles over {_in_words(path)}: give it a `type` in the tap's schema." if path else ""


def _stumbling_block(schema: Any, options: FlatteningOptions) -> tuple[str, ...]:
    """The path of the first property that can't be flattened alone; empty where there is none."""
    for name, each in _properties(schema).items():
        alone = {"properties": {name: copy.deepcopy(each)}}
        try:
            flatten_schema(alone, options.max_level, options.separator, max_key_length=options.max_key_length)
        except Exception:  # noqa: BLE001  # whatever it is, it is this property's
            return (name, *_stumbling_block(each, options))
    return ()


def _properties(schema: Any) -> Mapping[str, Any]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _in_words(path: tuple[str, ...]) -> str:
    return " > ".join(map(repr, path))


def _one_column(column: str, schema: Mapping[str, Any], options: FlatteningOptions) -> str:
    makers = [_in_words(path) for path, name in _columns(schema, options) if name == column]
    if len(makers) == 1:
        makers.append(f"{column!r} of `stream_maps`")
    return (
        f"Column {column!r} would be made of more than one property: {' and '.join(makers)}. Set another "
        "`flattening_separator`, `flattening_max_depth` or `flattening_max_key_length`, or have the tap "
        "leave one of them out."
    )


def _columns(
    schema: Any, options: FlatteningOptions, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Paths of the properties that become columns, with the columns' names."""
    for name, each in _properties(schema).items():
        kinds = each.get("type") if isinstance(each, Mapping) else None
        is_object = isinstance(kinds, (str, list)) and "object" in kinds and "properties" in each
        if is_object and len(path) < options.max_level:
            yield from _columns(each, options, (*path, name))
        else:
            length = options.max_key_length
            yield (*path, name), flatten_key(name, [*path], options.separator, max_key_length=length)
