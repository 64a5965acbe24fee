"""Flattening of records just as the SDK does it, with the names of the columns decided once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key
from singer_sdk.singerlib.json import serialize_json

MOST_NAMES = 10_000
"""Names that are remembered for a stream: an object that is used as a map may have any number."""


class Flattener:
    """Flattens the records of one stream and schema.

    The SDK makes every column's name anew for every record, which takes longer than all the rest of loading
    it. A property test holds that the records are the same.

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
        """The record's columns: objects become columns of their own, down to the deepest level asked for."""
        columns: dict[str, Any] = {}
        self._top.flatten(record, columns)
        return columns

    def column(self, path: tuple[str, ...], name: str) -> str:
        """The name of the column for a property of the object at that path."""
        options = self._options
        return flatten_key(name, [*path], options.separator, max_key_length=options.max_key_length)

    def may_remember(self) -> bool:
        """Whether one more name may be remembered."""
        self._names_left -= 1
        return self._names_left >= 0

    def goes_deeper(self, path: tuple[str, ...], column: str) -> bool:
        """Whether an object there becomes columns, rather than JSON in its own."""
        return column not in self._columns and len(path) < self._options.max_level


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
            kind = type(value)
            if kind is dict:
                inner = self._object(name, column)
                if inner is None:
                    columns[column] = serialize_json(value)
                else:
                    inner.flatten(value, columns)
            else:
                columns[column] = serialize_json(value) if kind is list else value

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
