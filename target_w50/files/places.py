"""Where records of files were read, in words: the file, and its line or record."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from target_w50.files.source import Source
from target_w50.import_jobs.places import Places

FIRST_RECORD_LINE = 2
"""Of the lines that are made of the files; before it there is the SCHEMA."""


class FilePlaces(Places):
    """The places of records that come from files, one file after the other."""

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__()
        self._sources = sources
        self._first: list[int] = []
        first = FIRST_RECORD_LINE
        for each in sources:
            self._first.append(first)
            first += each.records

    def position(self, place: int) -> int | str:
        """As `people.csv:17`, by its line; or `people.parquet:record 16`, where there are no lines."""
        name, line, record = self._find(place)
        return f"{name}:record {record}" if line is None else f"{name}:{line}"

    def text(self, place: int) -> str:
        """The place in words."""
        name, line, record = self._find(place)
        return f"record {record} of {name}" if line is None else f"line {line} of {name}"

    def _find(self, place: int) -> tuple[str, int | None, int]:
        at = max(0, bisect.bisect_right(self._first, place) - 1)
        source, record = self._sources[at], place - self._first[at]
        return source.name, source.line_of(record), record + 1
