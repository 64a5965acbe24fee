"""What the files of an import have in common: columns, a number of records, and RECORD lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

Kinds = Mapping[str, frozenset[str]]
"""The columns, each with the JSON types that its values have."""


class Source(Protocol):
    """A file that was read through once already: it is whole, and its figures are known.

    Attributes:
        name: its path, as it was named.
        about: how it was read, in words.
        columns: its columns.
        records: how many it has.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def about(self) -> str: ...  # noqa: D102

    @property
    def columns(self) -> Kinds: ...  # noqa: D102

    @property
    def records(self) -> int: ...  # noqa: D102

    def write(self, stream: str, fd: int) -> int:
        """Write a RECORD line for each record, in the order of the file.

        Args:
            stream: the stream's name.
            fd: the write end of a pipe.

        Returns:
            How many were written.

        Raises:
            InputError: the file can't be read any more, or nobody reads the pipe.
        """
        ...

    def line_of(self, record: int) -> int | None:
        """The line on which a record begins, which is counted from 0; None where the file has no lines."""
        ...


def merged(columns: Iterable[Kinds]) -> dict[str, frozenset[str]]:
    """The columns of several files, with all types that they have in any of them."""
    every: dict[str, frozenset[str]] = {}
    for each in columns:
        for name, kinds in each.items():
            every[name] = every.get(name, frozenset()) | kinds
    return every


def schema_of(columns: Kinds) -> dict[str, Any]:
    """The JSON Schema of records with these columns."""
    properties = {name: {"type": ["null", *sorted(kinds - {"null"})]} for name, kinds in columns.items()}
    return {"type": "object", "properties": properties}


def write_all(fd: int, content: bytes) -> None:
    """Write everything into a pipe, however little it takes at once."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
